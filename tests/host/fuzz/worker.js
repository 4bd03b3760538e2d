// The thread in which a target is tried, so that one that never ends can be ended. It says in shared memory which
// iteration it is at.

import { parentPort, workerData } from "node:worker_threads";
import { Random } from "./random.js";
import { TARGETS } from "./targets.js";

/** @type {{name: string, seed: number, from: number, iterations: number, shared: SharedArrayBuffer, targets?: string}} */
const { name, seed, from, iterations, shared, targets } = workerData;
const state = new Int32Array(shared);
/** @type {import("./targets.js").Target} */
const target = (targets ? (await import(targets)).TARGETS : TARGETS)[name];

let done = 0;
for (let iteration = from; done < iterations && Atomics.load(state, 1) === 0; iteration += 1) {
  Atomics.store(state, 0, iteration);
  try {
    await target.run(Buffer.from(target.generate(new Random(seed, name, iteration))));
  } catch (thrown) {
    const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? `\n${thrown.cause.stack}` : "";
    parentPort?.postMessage({ iteration, message: stack + cause });
    break;
  }
  done += 1;
  // Timers of the program and of a test run between iterations.
  if (done % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
}
Atomics.store(state, 2, done);
// Whatever a target keeps open, its thread ends.
process.exit();
