import{createRequire as __unentropyRequire}from"node:module";const require=__unentropyRequire(import.meta.url);
import{S3Store,openClient}from"./shared-29.js";import"./shared-33.js";import"./shared-35.js";import"./shared-22.js";import"./shared-28.js";import"./shared-12.js";import"./shared-30.js";export{S3Store,openClient};
