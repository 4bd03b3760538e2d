// Tries one target again and again with inputs that a seed decides, watches that every one of them comes to an end, and
// keeps the input that broke a rule.

import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { Random } from "./random.js";
import { TARGETS } from "./targets.js";

/** Inputs are small, so an iteration that takes this long never ends; a loaded machine needs a second. */
const HANG_MS = 120_000;
/** What the program may hold of such inputs. */
const MOST_MEMORY_MB = 1024;

/**
 * @typedef {object} Found
 * @property {number} iteration
 * @property {string} message
 * @property {string} file where the input is kept
 *
 * @typedef {{name: string, seed: number, iterations: number, found: Found | null}} Tried
 */

/**
 * @param {string} name of the target
 * @param {object} options
 * @param {number} options.seed
 * @param {number} [options.from] the first iteration
 * @param {number} [options.iterations] at most so many
 * @param {number} [options.seconds] and no new one after so long
 * @param {string} options.folder where an input is kept that breaks a rule
 * @param {number} [options.hangMs]
 * @param {number} [options.memoryMb]
 * @param {string} [options.targets] a module with other targets
 * @returns {Promise<Tried>} `iterations` are those that were finished
 */
export async function tryTarget(
  name,
  {
    seed,
    from = 0,
    iterations = Number.MAX_SAFE_INTEGER,
    seconds,
    folder,
    hangMs = HANG_MS,
    memoryMb = MOST_MEMORY_MB,
    targets,
  },
) {
  /** @type {Record<string, import("./targets.js").Target>} */
  const known = targets ? (await import(targets)).TARGETS : TARGETS;
  const shared = new SharedArrayBuffer(12);
  // Which iteration it is at, whether it is to stop, how many are done.
  const state = new Int32Array(shared);
  state[0] = from - 1;
  const worker = new Worker(fileURLToPath(new URL("./worker.js", import.meta.url)), {
    workerData: { name, seed, from, iterations, shared, targets },
    resourceLimits: { maxOldGenerationSizeMb: memoryMb },
  });
  /** @type {{broken?: {iteration: number, message: string}}} */
  const found = {};
  const stop = seconds && setTimeout(() => Atomics.store(state, 1, 1), seconds * 1000);
  let [last, since] = [from - 1, Date.now()];
  const watch = setInterval(
    () => {
      const at = Atomics.load(state, 0);
      if (at !== last) [last, since] = [at, Date.now()];
      if (Date.now() - since < hangMs) return;
      found.broken ??= { iteration: at, message: `no end after ${hangMs / 1000} s` };
      worker.terminate();
    },
    Math.min(1000, hangMs / 4),
  );
  await new Promise((resolve) => {
    worker.on("message", (message) => {
      found.broken ??= message;
      // What the target has left open would keep the thread.
      worker.terminate();
    });
    worker.on("error", (error) => {
      found.broken ??= { iteration: Atomics.load(state, 0), message: error.stack ?? String(error) };
    });
    worker.on("exit", resolve);
  });
  clearTimeout(stop || undefined);
  clearInterval(watch);
  const { broken } = found;
  const tried = broken ? Math.max(0, broken.iteration - from) : Atomics.load(state, 2);
  return { name, seed, iterations: tried, found: broken ? { ...broken, file: keep(broken) } : null };

  /** @param {{iteration: number}} failed */
  function keep({ iteration }) {
    const input = known[name].generate(new Random(seed, name, iteration));
    const digest = createHash("sha256").update(input).digest("hex").slice(0, 12);
    const file = path.join(folder, name, `node-${digest}`);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, input);
    return file;
  }
}
