import{createRequire as __unentropyRequire}from"node:module";const require=__unentropyRequire(import.meta.url);
import{GitHub,PUBLIC_API,nextPage}from"./shared-19.js";import"./shared-22.js";import"./shared-28.js";import"./shared-12.js";import"./shared-30.js";export{GitHub,PUBLIC_API,nextPage};
