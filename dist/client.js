import{createRequire as __unentropyRequire}from"node:module";const require=__unentropyRequire(import.meta.url);
import{GitHub,PUBLIC_API,nextPage}from"./shared-18.js";import"./shared-21.js";import"./shared-27.js";import"./shared-12.js";import"./shared-29.js";export{GitHub,PUBLIC_API,nextPage};
