// A thread that counts lines beside the main one: takes its share of the files and sends back what
// it counted. Sequence only.

import { parentPort, workerData } from "node:worker_threads";
import { openLineCounter } from "../engine/parsers.js";
import { countShare } from "./lines.js";

parentPort?.postMessage(await countShare(openLineCounter(workerData.module), workerData.share));
