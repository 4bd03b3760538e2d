import{createRequire as __unentropyRequire}from"node:module";const require=__unentropyRequire(import.meta.url);
import{GitHub,PUBLIC_API,nextPage}from"./shared-16.js";import"./shared-19.js";import"./shared-26.js";import"./shared-12.js";import"./shared-28.js";export{GitHub,PUBLIC_API,nextPage};
