// Reads coverage files into the parsers' module and measures them: here for the usual ones, on a thread with a module of its
// own for large ones, which a signal or a time limit ends. Trouble of either costs nothing but the metric.

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { openMeasurement, parsersStopped } from "../engine/parsers.js";
import { Failure } from "../failure.js";
import { matcher } from "../files/globs.js";
import { native } from "../files/names.js";
import { openRegular } from "../files/read.js";
import { shownName } from "../shown.js";
import { crashed } from "./crashed.js";

/** @import { CollectPlan } from "../engine/types.js" */

/** The largest file that is read: of some more the measurements do not fit the 4 GiB that an engine can have. */
const LARGEST = 512 * 1024 * 1024;
/** Together larger files are read on a thread; smaller ones take less time than starting one and hearing a signal late. */
const APART_FROM = 16 * 1024 * 1024;
/** Bytes of memory that a byte of a file takes at most: the file, its measurements, and those while they grow. */
const MEMORY_PER_BYTE = 4;

/**
 * What a metric asks of coverage files.
 *
 * @typedef {object} Wish
 * @property {string[]} names relative to the directory where that is possible
 * @property {Extract<CollectPlan["measure"], {kind: "coverage"}>} measure
 * @property {string[]} missing patterns of `sources` that no file of the directory matches
 *
 * @typedef {object} Answer
 * @property {number} value
 * @property {string[]} missing those patterns that no source of the reports matches either
 */

/** Coverage files that are read into one engine, each once. */
export class CoverageFiles {
  #directory;
  #sources;
  #engine;
  /** What the engine calls a file. @type {Map<string, string>} */
  #keys = new Map();
  /** @type {Set<string>} */
  #taken = new Set();

  /** @param {{directory: string, sources: readonly string[]}} where */
  constructor({ directory, sources }) {
    this.#directory = directory;
    this.#sources = sources;
    this.#engine = openMeasurement(directory);
  }

  /** @param {Wish} wish @returns {Answer} */
  measure({ names, measure, missing }) {
    const format = measure.format ?? undefined;
    const keys = names.map((name) => {
      const key = this.#keyOf(name);
      if (!this.#engine.hasCoverage(key, format)) this.#read(name, key, format);
      return key;
    });
    if (this.#sources.length === 0)
      return { value: this.#engine.coverage(keys, measure, undefined), missing };
    const cwd = this.#directory;
    const measured = this.#engine.coverageSources(keys, format);
    const keep = measured.filter(matcher(this.#sources, { cwd }));
    return {
      value: this.#engine.coverage(keys, measure, keep),
      missing: missing.filter((pattern) => !measured.some(matcher([pattern], { cwd }))),
    };
  }

  free() {
    this.#engine.free();
  }

  /**
   * Its name as it is shown, and a number where two names are shown alike.
   * @param {string} name
   */
  #keyOf(name) {
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    let key = shownName(name);
    for (let n = 2; this.#taken.has(key); n++) key = `${shownName(name)} (${n})`;
    this.#taken.add(key);
    this.#keys.set(name, key);
    return key;
  }

  /** @param {string} name @param {string} key @param {string | undefined} format */
  #read(name, key, format) {
    const { file, size } = openRegular(path.resolve(this.#directory, name), { shown: key, limit: LARGEST });
    try {
      const room = this.#engine.reserve(size);
      let read = 0;
      while (read < size) {
        const count = fs.readSync(file, room, read, size - read, read);
        if (count === 0) break;
        read += count;
      }
      this.#engine.addCoverage(key, format, read);
    } catch (thrown) {
      throw Failure.fromSystem(thrown, { type: "collection", doing: "could not read", path: name });
    } finally {
      fs.closeSync(file);
    }
  }
}

/** The same for files of any size. Free it in `finally`. */
export class Coverage {
  #where;
  #options;
  /** @type {CoverageFiles | undefined} */
  #here;
  /** @type {Worker | undefined} */
  #thread;
  /** What the thread does before the next wish: it answers one at a time. @type {Promise<unknown>} */
  #turn = Promise.resolve();

  /**
   * @param {{directory: string, sources: readonly string[]}} where
   * @param {{apartFrom?: number, memory?: () => number}} [options] `apartFrom`: bytes from which on files are read on a
   *   thread; `memory`: bytes that are free
   */
  constructor(where, { apartFrom = APART_FROM, memory = freeMemory } = {}) {
    this.#where = where;
    this.#options = { apartFrom, memory };
  }

  /**
   * @param {Wish} wish
   * @param {AbortSignal} [signal] ends what runs on a thread
   * @returns {Promise<Answer>}
   * @throws {Failure} of type collection; the signal's reason
   */
  async measure(wish, signal) {
    const sizes = wish.names.map((name) => sizeOf(path.resolve(this.#where.directory, name)));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    // A thread has a module of its own, which a bug in this one's did not stop.
    if (total < this.#options.apartFrom && !parsersStopped()) {
      try {
        this.#here ??= new CoverageFiles(this.#where);
        return this.#here.measure(wish);
      } catch (thrown) {
        throw parsersStopped() ? coverageCrashed(wish, thrown) : thrown;
      }
    }
    const free = this.#options.memory();
    const largest = sizes.indexOf(Math.max(...sizes));
    // One that is too large in any case is refused as such, before a byte of it is read.
    if (sizes[largest] <= LARGEST && total * MEMORY_PER_BYTE > free) {
      const what = wish.names.length === 1 ? "it takes" : "the reports together take";
      throw new Failure(
        `could not read \`${shownName(wish.names[largest])}\`: ${what} up to ${megabytes(total * MEMORY_PER_BYTE)} of memory, ${megabytes(free)} are free`,
        {
          type: "collection",
          code: "FILE_TOO_LARGE",
          hint: "Split the report, leave generated sources out of it, or give the job more memory.",
        },
      );
    }
    const answer = this.#turn.then(() => this.#apart(wish, signal));
    this.#turn = answer.catch(() => {});
    return answer;
  }

  free() {
    this.#here?.free();
    this.#stop();
  }

  /** @param {Wish} wish @param {AbortSignal | undefined} signal @returns {Promise<Answer>} */
  #apart(wish, signal) {
    const thread =
      this.#thread ??
      new Worker(new URL("./coverage-worker.js", import.meta.url), { workerData: this.#where });
    // What happens to it while it does nothing is no one's trouble.
    if (thread !== this.#thread) thread.on("error", () => {});
    this.#thread = thread;
    return new Promise((resolve, reject) => {
      const done = () => {
        signal?.removeEventListener("abort", aborted);
        thread.off("message", answered).off("error", failed).off("exit", ended);
        thread.unref();
      };
      /** @type {(cause: unknown) => void} */
      const failed = (cause) => {
        done();
        this.#stop();
        reject(coverageCrashed(wish, cause));
      };
      /** @type {(code: number) => void} */
      const ended = (code) => failed(new Error(`the thread ended with exit code ${code}`));
      const aborted = () => {
        done();
        this.#stop();
        reject(signal?.reason);
      };
      /** @type {(answer: Answer & {failure?: Failure}) => void} */
      const answered = ({ failure, ...answer }) => {
        if (failure?.type === "internal") return failed(failure);
        done();
        if (failure) reject(new Failure(failure.message, failure));
        else resolve(answer);
      };
      if (signal?.aborted) return aborted();
      signal?.addEventListener("abort", aborted, { once: true });
      thread.on("message", answered).on("error", failed).on("exit", ended);
      thread.ref();
      thread.postMessage(wish);
    });
  }

  #stop() {
    const thread = this.#thread;
    this.#thread = undefined;
    // Nothing waits for it: what it does is of no use any more.
    thread?.terminate().catch(() => {});
  }
}

/** @param {string} file @returns {number} 0 where that is told by reading it */
function sizeOf(file) {
  try {
    return fs.statSync(native(file)).size;
  } catch {
    return 0;
  }
}

/** Bytes that this process may still take. Node 20 does not know what a container leaves it. */
function freeMemory() {
  const { availableMemory } = /** @type {{availableMemory?: () => number}} */ (
    /** @type {unknown} */ (process)
  );
  return availableMemory ? availableMemory.call(process) : os.freemem();
}

/** @param {number} bytes */
const megabytes = (bytes) => `${Math.ceil(bytes / 1024 / 1024)} MB`;

/** @param {Wish} wish @param {unknown} cause */
function coverageCrashed({ names }, cause) {
  const list = names.length === 1 ? `\`${shownName(names[0])}\`` : `${names.length} reports`;
  const hint =
    "Split the report, or leave generated sources out of it; if it is small, report this with the file.";
  return crashed(`read ${list}`, cause, hint);
}
