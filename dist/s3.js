import{createRequire as __unentropyRequire}from"node:module";const require=__unentropyRequire(import.meta.url);
import{S3Store,openClient}from"./shared-5.js";import"./shared-4.js";export{S3Store,openClient};
