import{createRequire as __unentropyRequire}from"node:module";const require=__unentropyRequire(import.meta.url);
import{GitHub,PUBLIC_API,nextPage}from"./shared-15.js";import"./shared-18.js";import"./shared-25.js";import"./shared-11.js";import"./shared-27.js";export{GitHub,PUBLIC_API,nextPage};
