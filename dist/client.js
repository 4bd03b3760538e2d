import{createRequire as __unentropyRequire}from"node:module";const require=__unentropyRequire(import.meta.url);
import{GitHub,PUBLIC_API,nextPage}from"./shared-24.js";import"./shared-27.js";import"./shared-26.js";import"./shared-17.js";import"./shared-33.js";export{GitHub,PUBLIC_API,nextPage};
