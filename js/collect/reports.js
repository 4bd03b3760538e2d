// Reads reports into the parsers' module and measures them: here for the usual ones, on a thread with a module of its
// own for large ones, which a signal or a time limit ends. Trouble of either costs nothing but the metric. Which reader a file has,
// and what its answers mean, follows from what is measured; nothing here depends on it but the source files of coverage.

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { engineFailure } from "../engine/door.js";
import { openMeasurement, parsersStopped } from "../engine/parsers.js";
import { Failure } from "../failure.js";
import { matcher } from "../files/globs.js";
import { gunzip, isGzip, unpackedSize } from "../files/gunzip.js";
import { openRegular } from "../files/read.js";
import { shownName } from "../shown.js";
import { crashed } from "./crashed.js";
import { SourceTree } from "./source-tree.js";

/** @import { CollectPlan, EngineError, OpenReport, ReportAnswer, ReportFile, ReportQuestion, TestNames } from "../engine/types.js" */

/** The largest file that is read: of some more the measurements do not fit the 4 GiB that an engine can have. */
const LARGEST = 512 * 1024 * 1024;
/** Together larger files are read on a thread; smaller ones take less time than starting one and hearing a signal late. */
const APART_FROM = 16 * 1024 * 1024;
/** Bytes that wait in the engine for other files, at least; files of more in one wish are parsed at once. */
const ROOM = 1 << 20;
/** Bytes of memory that a byte of a file takes at most: the file, its measurements, and those while they grow. */
const MEMORY_PER_BYTE = 4;

/**
 * What a metric asks of reports.
 *
 * @typedef {Exclude<CollectPlan["measure"], {kind: "lines" | "bytes"}>} ReportMeasure
 *
 * @typedef {object} Wish
 * @property {string[]} names relative to the directory where that is possible
 * @property {ReportMeasure} measure
 * @property {string[]} missing patterns of `sources` that no file of the directory matches
 *
 * @typedef {object} Taken a wish whose files were read
 * @property {Wish} wish
 * @property {string[]} names what the engine calls the files
 *
 * @typedef {object} Answer
 * @property {number | string} value
 * @property {EngineError[]} warnings what makes it doubtful
 * @property {TestNames | null} tests test cases that a run's page names
 * @property {string[]} missing those patterns that no source of the reports matches either
 */

/**
 * Reports that are read into one engine, each once a reader. They are read one behind the other, and parsed together as soon
 * as something is asked or the room is full.
 */
export class ReportFiles {
  #directory;
  #sources;
  #engine;
  /** Looked for when a report's sources have to be found. @type {SourceTree | undefined} */
  #tree;
  /** What the engine calls a file. @type {Map<string, string>} */
  #keys = new Map();
  /** @type {Set<string>} */
  #taken = new Set();
  /** Readers, formats and names of the files that were read. @type {Set<string>} */
  #read = new Set();
  /** Reports that were parsed, whose sources have no places yet. @type {OpenReport[]} */
  #open = [];
  /** Those whose bytes wait to be parsed, in their order in the engine's room. @type {ReportFile[]} */
  #waiting = [];
  /** Bytes of them. */
  #used = 0;
  #capacity = 0;

  /** @param {{directory: string, sources: readonly string[]}} where */
  constructor({ directory, sources }) {
    this.#directory = directory;
    this.#sources = sources;
    this.#engine = openMeasurement(directory);
  }

  /** @param {Wish} wish @returns {Answer} */
  measure(wish) {
    const [answer] = this.answers([this.take(wish)]);
    if (answer instanceof Failure) throw answer;
    return answer;
  }

  /**
   * Reads those files of a wish that were not read yet.
   * @param {Wish} wish
   * @param {number} [unpacked] bytes that a compressed file may have at most once it is unpacked
   * @returns {Taken}
   * @throws {Failure} of type collection
   */
  take(wish, unpacked = LARGEST) {
    const { kind: reader } = wish.measure;
    const { format, maps = [] } = reader === "coverage" ? wish.measure : { format: null };
    const names = wish.names.map((name) => {
      const key = this.#keyOf(name);
      const value = reader === "json" ? { pointer: wish.measure.pointer, count: wish.measure.count } : {};
      const known = JSON.stringify([reader, format, value, key, maps]);
      if (!this.#read.has(known)) this.#bring(name, { name: key, reader, format, maps, ...value }, unpacked);
      this.#read.add(known);
      return key;
    });
    return { wish, names };
  }

  /**
   * What was wished, in the same order; a failure where there is no answer.
   * @param {readonly Taken[]} taken
   * @returns {(Answer | Failure)[]}
   */
  answers(taken) {
    const cwd = this.#directory;
    const isSource = matcher(this.#sources, { cwd });
    const found = this.#sourceFiles(taken);
    const answers = this.#ask(
      taken.map((one) => ({ ...questionOf(one), keep: found.get(one)?.filter(isSource) })),
    );
    return taken.map((one, n) => {
      const missing = one.wish.missing.filter(
        (pattern) => !found.get(one)?.some(matcher([pattern], { cwd })),
      );
      return withMissing(answers[n], missing);
    });
  }

  /**
   * The source files that reports speak of, for the wishes that `sources` narrows.
   * @param {readonly Taken[]} taken
   */
  #sourceFiles(taken) {
    const narrowed = taken.filter(({ wish }) => wish.measure.kind === "coverage" && this.#sources.length > 0);
    /** @type {Map<Taken, string[]>} */
    const found = new Map();
    if (narrowed.length === 0) return found;
    const answers = this.#ask(narrowed.map((one) => ({ ...questionOf(one), sources: true })));
    for (const [n, one] of narrowed.entries()) {
      const answer = answers[n];
      found.set(one, answer.status === "sources" ? answer.sources : []);
    }
    return found;
  }

  free() {
    this.#engine.free();
  }

  /**
   * Parses what waits and answers questions.
   * @param {ReportQuestion[]} questions
   */
  #ask(questions) {
    this.#parse();
    if (this.#open.length > 0) {
      this.#tree ??= new SourceTree(this.#directory);
      this.#engine.place(this.#tree.around(this.#open));
      this.#open = [];
    }
    return this.#engine.answer(0, [], questions);
  }

  /** Parses what waits. */
  #parse() {
    if (this.#waiting.length === 0) return;
    const [used, waiting] = [this.#used, this.#waiting];
    this.#used = 0;
    this.#waiting = [];
    this.#open.push(...this.#engine.open(used, waiting));
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

  /**
   * A part of the engine's room behind what waits in it, which is parsed first where there is too little.
   * @param {number} size bytes
   */
  #roomFor(size) {
    if (this.#used + size > this.#capacity) {
      this.#parse();
      if (size > this.#capacity) {
        this.#capacity = Math.max(size, ROOM);
        this.#engine.reserve(this.#capacity);
      }
    }
    return this.#engine.room(this.#used, size);
  }

  /**
   * Reads a file into the room, unpacked.
   * @param {string} name
   * @param {Omit<ReportFile, "length">} described
   * @param {number} unpacked
   */
  #bring(name, described, unpacked) {
    const { file, size } = openRegular(path.resolve(this.#directory, name), {
      shown: described.name,
      limit: LARGEST,
    });
    try {
      const room = this.#roomFor(size);
      let read = 0;
      while (read < size) {
        const count = fs.readSync(file, room, read, size - read, read);
        if (count === 0) break;
        read += count;
      }
      if (isGzip(room.subarray(0, read))) {
        const bytes = gunzip(room.slice(0, read), { limit: unpacked, shown: described.name });
        this.#roomFor(bytes.length).set(bytes);
        read = bytes.length;
      }
      this.#waiting.push({ ...described, length: read });
      this.#used += read;
    } catch (thrown) {
      throw Failure.fromSystem(thrown, { type: "collection", doing: "could not read", path: name });
    } finally {
      fs.closeSync(file);
    }
  }
}

/** @param {Taken} taken @returns {ReportQuestion} */
const questionOf = ({ names, wish: { measure } }) => ({ names, measure });

/**
 * @param {ReportAnswer} answer
 * @param {string[]} missing
 * @returns {Answer | Failure}
 */
function withMissing(answer, missing) {
  if (answer.status === "value") {
    const { value, warnings, tests } = answer;
    return { value, warnings, tests, missing };
  }
  if (answer.status === "bench") {
    return { value: answer.figure.value, warnings: [], tests: null, missing };
  }
  if (answer.status === "failed") return engineFailure(answer.error, "collection");
  throw new TypeError("the engine answered with a list where a value was asked for");
}

/** The same for files of any size. Free it in `finally`. */
export class Reports {
  #where;
  #options;
  /** @type {ReportFiles | undefined} */
  #here;
  /** @type {Worker | undefined} */
  #thread;
  /** What waits for {@link settle}. @type {{taken: Taken, resolve: (answer: Answer | Promise<Answer>) => void, reject: (cause: unknown) => void, signal?: AbortSignal}[]} */
  #waiting = [];
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
   * Reads the files of a wish. What is small is answered together with others by {@link settle}; what is large was answered
   * when this resolves.
   * @param {Wish} wish
   * @param {AbortSignal} [signal] ends what runs on a thread
   * @returns {Promise<{answer: Promise<Answer>}>} `answer` rejects with a Failure of type collection, or the signal's reason
   * @throws {Failure} of type collection; the signal's reason
   */
  async begin(wish, signal) {
    const sizes = wish.names.map((name) => unpackedSize(path.resolve(this.#where.directory, name)));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const { apartFrom } = this.#options;
    // A thread has a module of its own, which a bug in this one's did not stop.
    if (total < apartFrom && !parsersStopped()) {
      /** @type {Taken} */
      let taken;
      try {
        this.#here ??= new ReportFiles(this.#where);
        taken = this.#here.take(wish, apartFrom);
      } catch (thrown) {
        // A compressed file is larger than it says.
        if (thrown instanceof Failure && thrown.code === "FILE_TOO_LARGE") {
          return { answer: Promise.resolve(await this.#large(wish, sizes, signal)) };
        }
        throw parsersStopped() ? reportCrashed(wish, thrown) : thrown;
      }
      /** @type {Promise<Answer>} */
      const answer = new Promise((resolve, reject) => {
        this.#waiting.push({ taken, resolve, reject, signal });
      });
      if (total > ROOM) this.settle();
      return { answer };
    }
    const value = await this.#large(wish, sizes, signal);
    return { answer: Promise.resolve(value) };
  }

  /**
   * What is wished, at once.
   * @param {Wish} wish
   * @param {AbortSignal} [signal] ends what runs on a thread
   * @returns {Promise<Answer>}
   * @throws {Failure} of type collection; the signal's reason
   */
  async measure(wish, signal) {
    const { answer } = await this.begin(wish, signal);
    this.settle();
    return answer;
  }

  /** Answers what {@link begin} promised. */
  settle() {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    try {
      const answers = /** @type {ReportFiles} */ (this.#here).answers(waiting.map(({ taken }) => taken));
      for (const [n, { resolve, reject }] of waiting.entries()) {
        const answer = answers[n];
        if (answer instanceof Failure) reject(answer);
        else resolve(answer);
      }
    } catch (thrown) {
      for (const { taken, resolve, reject, signal } of waiting) {
        // Of several one was at fault: each is asked by itself, with a module of its own.
        if (!parsersStopped()) reject(thrown);
        else if (waiting.length === 1) reject(reportCrashed(taken.wish, thrown));
        else resolve(this.#inTurn(taken.wish, signal));
      }
    }
  }

  /**
   * @param {Wish} wish
   * @param {readonly number[]} sizes
   * @param {AbortSignal | undefined} signal
   */
  async #large(wish, sizes, signal) {
    const total = sizes.reduce((sum, size) => sum + size, 0);
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
    return this.#inTurn(wish, signal);
  }

  /** @param {Wish} wish @param {AbortSignal | undefined} signal @returns {Promise<Answer>} */
  #inTurn(wish, signal) {
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
      new Worker(new URL("./reports-worker.js", import.meta.url), { workerData: this.#where });
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
        reject(reportCrashed(wish, cause));
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
function reportCrashed({ names }, cause) {
  const list = names.length === 1 ? `\`${shownName(names[0])}\`` : `${names.length} reports`;
  const hint =
    "Split the report, or leave generated sources out of it; if it is small, report this with the file.";
  return crashed(`read ${list}`, cause, hint);
}
