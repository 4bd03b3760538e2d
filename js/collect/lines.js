// Counts lines of code: reads files straight into the engine's memory, on several threads where
// there are many. Which files there are and what is left out was decided before; what a line is,
// the engine decides.

import fs from "node:fs";
import os from "node:os";
import { Worker } from "node:worker_threads";
import { pauses } from "../cancel.js";
import { native } from "../files/names.js";

/** Starting a thread costs as much as counting about so many files. */
const FILES_PER_THREAD = 2_000;
/** Files that a thread takes from the list at once. */
const CHUNK = 64;
/** The usual file fits; a larger one makes the buffer grow. */
const BUFFER_BYTES = 1 << 20;
/** A file of more bytes is no source code, and would not fit the engine's memory. */
const LARGEST_BYTES = 1 << 29;
/** A file that became a pipe since it was listed is not waited for. */
const READING = fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0);
/** From this number on a detection is a question about the content; the last one is "unknown". */
const QUESTIONS = 0xff00;
const UNKNOWN = 0xffff;

/** Bytes that show what a file without a telling name is. */
const HEAD_BYTES = 4096;

const REASONS = ["", "binary", "notebook"];

/** @import { LineCounter, Opened } from "../engine/parsers.js" */

/**
 * A part of the work that several threads share.
 * @typedef {object} Share
 * @property {string} paths absolute paths, each ended by a NUL
 * @property {Int32Array} cursor the number of the next chunk nobody has taken yet; shared memory
 * @property {number | undefined} only count this language alone
 */

/**
 * @typedef {object} Counted
 * @property {Float64Array} numbers five a language
 * @property {Skipped[]} skipped
 */

/**
 * A file that has a language but no lines, and why: `binary`, `notebook`, `large`, or an errno such as `EACCES`.
 * @typedef {{ path: string, reason: string }} Skipped
 */

/**
 * Counts the lines of files by language. Files without a known language are passed over.
 * @param {string[]} files absolute paths
 * @param {object} options
 * @param {() => Opened} options.open a counter of this thread's engine
 * @param {() => WebAssembly.Module} options.module the engine compiled, for other threads
 * @param {AbortSignal} [options.signal] ends it with its reason
 * @param {number} [options.only] count this language alone
 * @param {number} [options.threads] at most so many threads, this one included
 * @returns {Promise<Counted>}
 */
export async function countLines(files, { open, module, only, signal, threads = os.availableParallelism() }) {
  const share = {
    paths: files.map((file) => `${file}\0`).join(""),
    cursor: new Int32Array(new SharedArrayBuffer(4)),
    only,
  };
  const others = Math.min(threads, Math.ceil(files.length / FILES_PER_THREAD)) - 1;
  const compiled = others > 0 ? module() : undefined;
  const helpers = Promise.all(
    Array.from({ length: Math.max(others, 0) }, () => startHelper(compiled, share)),
  );
  // Should this thread's share fail, its error is the one to report.
  helpers.catch(() => {});
  const own = await countShare(open(), share, pauses(signal));
  const parts = [own, ...(await helpers)];
  return {
    numbers: Float64Array.from(parts.flatMap((part) => [...part.numbers])),
    skipped: parts.flatMap((part) => part.skipped).sort((a, b) => (a.path < b.path ? -1 : 1)),
  };
}

/**
 * Counts on another thread.
 * @param {WebAssembly.Module | undefined} module
 * @param {Share} share
 * @returns {Promise<Counted>}
 */
function startHelper(module, share) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./lines-worker.js", import.meta.url), {
      workerData: { module, share },
    });
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`a counting thread ended early with exit code ${code}`)));
  });
}

/**
 * Takes chunks of the list until none is left, and counts their files.
 * @param {Opened} opened the counter is freed at the end
 * @param {Share} share
 * @param {() => Promise<void> | undefined} [pause] awaited between chunks; where it rejects, the other threads stop too
 * @returns {Promise<Counted>}
 */
export async function countShare({ counter, memory, guarded, free }, { paths, cursor, only }, pause) {
  const files = paths.split("\0");
  files.pop();
  const reader = guarded(() => new Reader(counter, memory));
  /** @type {Skipped[]} */
  const skipped = [];
  try {
    for (;;) {
      await pause?.();
      const start = Atomics.add(cursor, 0, 1) * CHUNK;
      if (start >= files.length) break;
      const chunk = files.slice(start, start + CHUNK);
      guarded(() => {
        for (const { at, reason } of reader.count(chunk, counter.detect(`${chunk.join("\0")}\0`), only)) {
          skipped.push({ path: chunk[at], reason });
        }
      });
    }
    return { numbers: guarded(() => counter.take()), skipped };
  } catch (thrown) {
    Atomics.store(cursor, 0, Math.ceil(files.length / CHUNK));
    throw thrown;
  } finally {
    free();
  }
}

/** Reads files into the counter's buffer one behind the other; it grows with the largest of them. */
class Reader {
  /** @type {{at: number, reason: string}[]} */
  #skipped = [];
  /** Files whose bytes lie in the buffer and are not counted yet. @type {{at: number, language: number, length: number}[]} */
  #waiting = [];
  /** Bytes of those. */
  #used = 0;

  /**
   * @param {LineCounter} counter
   * @param {WebAssembly.Memory} memory
   */
  constructor(counter, memory) {
    this.counter = counter;
    this.memory = memory;
    this.capacity = BUFFER_BYTES;
    this.address = counter.reserve(BUFFER_BYTES);
    this.view = this.mapped();
  }

  /** @param {number} bytes */
  grow(bytes) {
    this.capacity = bytes;
    this.address = this.counter.reserve(bytes);
    this.view = this.mapped();
  }

  /** The engine's memory moves when it grows: the view is to be made anew then. */
  mapped() {
    return new Uint8Array(this.memory.buffer, this.address, this.capacity);
  }

  /**
   * Counts files; answers which could not be counted, and why.
   * @param {string[]} paths
   * @param {Uint16Array} codes what the paths say about the languages
   * @param {number | undefined} only
   * @returns {{at: number, reason: string}[]}
   */
  count(paths, codes, only) {
    this.#skipped = [];
    const languages = this.#settled(paths, codes, only);
    for (let at = 0; at < paths.length; at++) {
      const language = languages[at];
      if (language === UNKNOWN || (only !== undefined && language !== only)) continue;
      this.#attempt(paths[at], at, (fd) => {
        const length = this.#read(fd);
        if (length === undefined) this.#skipped.push({ at, reason: "large" });
        else this.#waiting.push({ at, language, length });
      });
    }
    this.#add();
    return this.#skipped;
  }

  /**
   * The languages, where the start of a file decides by that. Most files without an extension are no scripts, and some are
   * huge.
   * @param {string[]} paths
   * @param {Uint16Array} codes
   * @param {number | undefined} only
   */
  #settled(paths, codes, only) {
    const open = [...codes.keys()].filter((at) => codes[at] >= QUESTIONS && codes[at] !== UNKNOWN);
    if (open.length === 0) return codes;
    const languages = codes.map((code) => (code >= QUESTIONS ? UNKNOWN : code));
    this.#mapped(open.length * HEAD_BYTES);
    /** @type {{at: number, length: number}[]} */
    const heads = [];
    let used = 0;
    for (const at of open) {
      this.#attempt(paths[at], at, (fd) => {
        const length = fs.readSync(fd, this.view, used, HEAD_BYTES, 0);
        heads.push({ at, length });
        used += length;
      });
    }
    const found = this.counter.detectContents(
      Uint16Array.from(heads, ({ at }) => codes[at]),
      Uint32Array.from(heads, ({ length }) => length),
    );
    for (const [n, { at }] of heads.entries()) {
      if (only === undefined || found[n] === only) languages[at] = found[n];
    }
    return languages;
  }

  /**
   * Reads a whole file behind those that wait, which are counted first where it does not fit.
   * @param {number} fd
   * @returns {number | undefined} its length; undefined where it is too large
   */
  #read(fd) {
    this.#mapped(0);
    let length = fs.readSync(fd, this.view, this.#used, this.capacity - this.#used, 0);
    while (this.#used + length === this.capacity) {
      if (this.#used > 0) {
        this.#add();
      } else {
        const size = fs.fstatSync(fd).size;
        if (size > LARGEST_BYTES) return undefined;
        this.grow(Math.max(size + 1, 2 * this.capacity));
      }
      this.#mapped(0);
      length = fs.readSync(fd, this.view, 0, this.capacity, 0);
    }
    this.#used += length;
    return length;
  }

  /** Counts the files that wait. */
  #add() {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    this.#used = 0;
    const reasons = this.counter.addAll(
      Uint16Array.from(waiting, ({ language }) => language),
      Uint32Array.from(waiting, ({ length }) => length),
    );
    for (const [n, { at }] of waiting.entries()) {
      if (reasons[n] !== 0) this.#skipped.push({ at, reason: REASONS[reasons[n]] });
    }
  }

  /** Has the view cover so many bytes of the memory, which may have moved. @param {number} bytes */
  #mapped(bytes) {
    if (bytes > this.capacity) this.grow(bytes);
    else if (this.view.buffer !== this.memory.buffer) this.view = this.mapped();
  }

  /**
   * Opens a file for a moment, and notes why where it cannot be read.
   * @param {string} path
   * @param {number} at
   * @param {(fd: number) => void} act
   */
  #attempt(path, at, act) {
    let fd;
    try {
      fd = fs.openSync(native(path), READING);
      act(fd);
    } catch (error) {
      // A bug of the counter's is no property of the file.
      const { name, code } = /** @type {NodeJS.ErrnoException} */ (error);
      if (error instanceof WebAssembly.RuntimeError || name === "EngineError") throw error;
      this.#skipped.push({ at, reason: code ?? "unreadable" });
    } finally {
      if (fd !== undefined) fs.closeSync(fd);
    }
  }
}
