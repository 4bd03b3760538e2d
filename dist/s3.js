import{createRequire as __unentropyRequire}from"node:module";const require=__unentropyRequire(import.meta.url);
import{S3Store,openClient}from"./shared-30.js";import"./shared-34.js";import"./shared-36.js";import"./shared-23.js";import"./shared-29.js";import"./shared-13.js";import"./shared-31.js";export{S3Store,openClient};
