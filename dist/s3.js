import{createRequire as __unentropyRequire}from"node:module";const require=__unentropyRequire(import.meta.url);
import{S3Store,openClient}from"./shared-24.js";import"./shared-27.js";import"./shared-28.js";import"./shared-17.js";import"./shared-23.js";import"./shared-11.js";import"./shared-25.js";export{S3Store,openClient};
