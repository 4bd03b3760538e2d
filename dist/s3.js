import{createRequire as __unentropyRequire}from"node:module";const require=__unentropyRequire(import.meta.url);
import{S3Store,openClient}from"./shared-32.js";import"./shared-36.js";import"./shared-23.js";import"./shared-25.js";import"./shared-14.js";import"./shared-26.js";import"./shared-24.js";import"./shared-33.js";export{S3Store,openClient};
