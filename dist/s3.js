import{createRequire as __unentropyRequire}from"node:module";const require=__unentropyRequire(import.meta.url);
import{S3Store,openClient}from"./shared-31.js";import"./shared-35.js";import"./shared-23.js";import"./shared-25.js";import"./shared-24.js";import"./shared-14.js";import"./shared-32.js";export{S3Store,openClient};
