import{createRequire as __unentropyRequire}from"node:module";const require=__unentropyRequire(import.meta.url);
import{countShare,openLineCounter}from"./shared-3.js";import"./shared-4.js";import{parentPort,workerData}from"node:worker_threads";parentPort?.postMessage(countShare(openLineCounter(workerData.module),workerData.share));
