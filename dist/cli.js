#!/usr/bin/env node
import{createRequire as __unentropyRequire}from"node:module";const require=__unentropyRequire(import.meta.url);
import{start}from"./shared-35.js";import{init_headers}from"./shared-34.js";init_headers();await start(async()=>(await import("./main-part.js")).main(process.argv.slice(2)),(code,message,hint)=>process.stderr.write(`error[${code}]: ${message}
  ${hint}
`));
