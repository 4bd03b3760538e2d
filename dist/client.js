import{createRequire as __unentropyRequire}from"node:module";const require=__unentropyRequire(import.meta.url);
import{GitHub,PUBLIC_API,nextPage}from"./shared-15.js";import"./shared-17.js";import"./shared-23.js";import"./shared-11.js";import"./shared-25.js";export{GitHub,PUBLIC_API,nextPage};
