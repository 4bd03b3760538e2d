import{createRequire as __unentropyRequire}from"node:module";const require=__unentropyRequire(import.meta.url);
import{GitHub,PUBLIC_API,nextPage}from"./shared-17.js";import"./shared-20.js";import"./shared-26.js";import"./shared-12.js";import"./shared-28.js";export{GitHub,PUBLIC_API,nextPage};
