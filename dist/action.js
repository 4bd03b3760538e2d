import{start}from"./start.js";await start(async()=>(await import("./action-main.js")).main(),(code,message,hint)=>process.stdout.write(`::error title=${code}::${message}%0A${hint}
`));
