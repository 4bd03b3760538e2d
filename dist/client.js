import{createRequire as __unentropyRequire}from"node:module";const require=__unentropyRequire(import.meta.url);
import{GitHub,PUBLIC_API,nextPage}from"./shared-20.js";import"./shared-23.js";import"./shared-29.js";import"./shared-13.js";import"./shared-31.js";export{GitHub,PUBLIC_API,nextPage};
