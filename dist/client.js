import{createRequire as __unentropyRequire}from"node:module";const require=__unentropyRequire(import.meta.url);
import{GitHub,PUBLIC_API,nextPage}from"./shared-24.js";import"./shared-27.js";import"./shared-16.js";import"./shared-28.js";import"./shared-26.js";import"./shared-34.js";export{GitHub,PUBLIC_API,nextPage};
