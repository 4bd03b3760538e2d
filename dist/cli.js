#!/usr/bin/env node
import{start}from"./start.js";await start(async()=>(await import("./cli-main.js")).main(process.argv.slice(2)),(code,message,hint)=>process.stderr.write(`error[${code}]: ${message}
  ${hint}
`));
