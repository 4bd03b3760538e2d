import{createRequire as __unentropyRequire}from"node:module";const require=__unentropyRequire(import.meta.url);
import{start}from"./shared-32.js";import{init_headers}from"./shared-31.js";init_headers();await start(()=>import("./action-part.js"),(code,message,hint)=>process.stdout.write(`::error title=${code}::${message}%0A${hint}
`));
