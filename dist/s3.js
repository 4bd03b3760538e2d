import{createRequire as __unentropyRequire}from"node:module";const require=__unentropyRequire(import.meta.url);
import{S3Store,openClient}from"./shared-28.js";import"./shared-31.js";import"./shared-33.js";import"./shared-21.js";import"./shared-27.js";import"./shared-12.js";import"./shared-29.js";export{S3Store,openClient};
