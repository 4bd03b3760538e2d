// A thread that measures large coverage files with an engine of its own. Sequence only.

import { parentPort, workerData } from "node:worker_threads";
import { Failure } from "../failure.js";
import { CoverageFiles } from "./coverage.js";

/** @type {CoverageFiles | undefined} */
let files;
parentPort?.on("message", (wish) => {
  try {
    files ??= new CoverageFiles(workerData);
    parentPort?.postMessage(files.measure(wish));
  } catch (thrown) {
    parentPort?.postMessage({ failure: Failure.from(thrown).toJSON() });
  }
});
