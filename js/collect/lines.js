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
        const codes = counter.detect(`${chunk.join("\0")}\0`);
        for (let n = 0; n < chunk.length; n++) {
          const code = codes[n];
          if (code === UNKNOWN || (only !== undefined && code < QUESTIONS && code !== only)) continue;
          const reason = reader.count(chunk[n], code, only);
          if (reason) skipped.push({ path: chunk[n], reason });
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

/** Reads files into the counter's buffer, which grows with the largest of them. */
class Reader {
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
   * Counts a file; answers why not, or nothing.
   * @param {string} path
   * @param {number} code what its path says about its language
   * @param {number | undefined} only
   */
  count(path, code, only) {
    let length;
    let language = code;
    let fd;
    try {
      fd = fs.openSync(native(path), READING);
      if (this.view.buffer !== this.memory.buffer) this.view = this.mapped();
      if (code >= QUESTIONS) {
        // Most files without an extension are no scripts, and some are huge: their start decides.
        length = fs.readSync(fd, this.view, 0, 4096, 0);
        language = this.counter.detectContent(code, length);
        if (language === UNKNOWN || (only !== undefined && language !== only)) return "";
        if (this.view.buffer !== this.memory.buffer) this.view = this.mapped();
      }
      length = fs.readSync(fd, this.view, 0, this.capacity, 0);
      while (length === this.capacity) {
        const size = fs.fstatSync(fd).size;
        if (size > LARGEST_BYTES) return "large";
        this.grow(Math.max(size + 1, 2 * this.capacity));
        length += fs.readSync(fd, this.view, length, this.capacity - length, length);
      }
    } catch (error) {
      // A bug of the counter's is no property of the file.
      if (error instanceof WebAssembly.RuntimeError) throw error;
      return /** @type {NodeJS.ErrnoException} */ (error).code ?? "unreadable";
    } finally {
      if (fd !== undefined) fs.closeSync(fd);
    }
    return REASONS[this.counter.add(language, length)];
  }
}
