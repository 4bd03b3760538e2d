import{createRequire as __unentropyRequire}from"node:module";const require=__unentropyRequire(import.meta.url);
import{start}from"./shared-35.js";import{init_headers}from"./shared-34.js";init_headers();await start(async()=>(await import("./main.js")).main(),(code,message,hint)=>process.stdout.write(`::error title=${code}::${message}%0A${hint}
`));
