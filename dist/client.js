import{createRequire as __unentropyRequire}from"node:module";const require=__unentropyRequire(import.meta.url);
import{GitHub,PUBLIC_API,nextPage}from"./shared-22.js";import"./shared-25.js";import"./shared-14.js";import"./shared-26.js";import"./shared-24.js";import"./shared-33.js";export{GitHub,PUBLIC_API,nextPage};
