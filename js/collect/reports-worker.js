// A thread that measures large reports with an engine of its own. Sequence only.

import { parentPort, workerData } from "node:worker_threads";
import { Failure } from "../failure.js";
import { ReportFiles } from "./reports.js";

/** @type {ReportFiles | undefined} */
let files;
parentPort?.on("message", (wish) => {
  try {
    files ??= new ReportFiles(workerData);
    parentPort?.postMessage(files.measure(wish));
  } catch (thrown) {
    parentPort?.postMessage({ failure: Failure.from(thrown).toJSON() });
  }
});
