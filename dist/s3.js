import{createRequire as __unentropyRequire}from"node:module";const require=__unentropyRequire(import.meta.url);
import{S3Store,openClient}from"./shared-33.js";import"./shared-37.js";import"./shared-25.js";import"./shared-27.js";import"./shared-16.js";import"./shared-28.js";import"./shared-26.js";import"./shared-34.js";export{S3Store,openClient};
