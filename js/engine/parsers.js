// The only door to parsers.wasm: coverage reports and lines of code. Only js/collect/ comes in here; a run that measures
// nothing of the kind never loads the module.

import { door, readOwn } from "./door.js";
import * as wasm from "./wasm/parsers.js";

const { guarded, memory, poisoned } = door("parsers", wasm.initSync);

/**
 * The line counter, as the wasm exports it.
 * @typedef {object} LineCounter
 * @property {(length: number) => number} reserve room for so many bytes; answers their address
 * @property {(paths: string) => Uint16Array} detect a code for each path; each path is ended by a NUL
 * @property {(code: number, length: number) => number} detectContent the language behind a question, by the
 *   bytes at the start of the buffer
 * @property {(language: number, length: number) => number} add counts the bytes in the buffer: 0 done, 1 binary,
 *   2 no notebook
 * @property {() => Float64Array} take five numbers a language: number, files, code, comments, blanks
 */

/**
 * @typedef {object} Opened
 * @property {LineCounter} counter
 * @property {WebAssembly.Memory} memory
 * @property {<T>(call: () => T) => T} guarded runs what calls the counter; after a bug in one call it runs none any more
 * @property {() => void} free gives the counter's memory back
 */

/** Whether the module stopped at a bug in this thread. In another thread it still works. */
export const parsersStopped = poisoned;

/**
 * Opens a measuring session: coverage files read into it are parsed once.
 * @param {string} root the directory that source paths are made relative to
 */
export const openMeasurement = (root) => guarded(() => new Measurement(new wasm.Measurement(root)));

/** A measuring session; see {@link openMeasurement}. */
export class Measurement {
  #inner;

  /** @param {wasm.Measurement} inner */
  constructor(inner) {
    this.#inner = inner;
  }

  /**
   * Room for a file of `length` bytes inside the module. Valid until the next call.
   * @param {number} length
   * @returns {Uint8Array}
   */
  reserve(length) {
    return guarded(() => {
      const at = this.#inner.reserve(length) >>> 0;
      return new Uint8Array(memory().buffer, at, length);
    });
  }

  /**
   * Whether a coverage file was parsed already in this session.
   * @param {string} path
   * @param {string | undefined} format
   * @returns {boolean}
   */
  hasCoverage(path, format) {
    return guarded(() => this.#inner.hasCoverage(path, format));
  }

  /**
   * Parses the reserved bytes as a coverage file.
   * @param {string} path its name in messages and later calls
   * @param {string | undefined} format
   * @param {number} length
   */
  addCoverage(path, format, length) {
    guarded(() => this.#inner.addCoverage(path, format, length));
  }

  /**
   * The source files that parsed coverage files speak of.
   * @param {string[]} paths
   * @param {string | undefined} format
   * @returns {string[]}
   */
  coverageSources(paths, format) {
    return guarded(() => this.#inner.coverageSources(paths, format));
  }

  /**
   * The percentage over parsed files, merged.
   * @param {string[]} paths
   * @param {Extract<import("./types.js").CollectPlan["measure"], {kind: "coverage"}>} measure
   * @param {string[] | undefined} keep source files that count; all where undefined
   * @returns {number}
   */
  coverage(paths, { of, format, fallback }, keep) {
    return guarded(() => this.#inner.coverage(paths, of, format ?? undefined, fallback ?? undefined, keep));
  }

  /** Gives the memory back. */
  free() {
    if (!poisoned()) this.#inner.free();
  }
}

/**
 * A line counter of this thread. Another thread hands over the module that the first one compiled.
 * @param {WebAssembly.Module} [module]
 * @returns {Opened}
 */
export function openLineCounter(module) {
  return guarded(() => {
    const counter = new wasm.LineCounter();
    const free = () => {
      if (!poisoned()) counter.free();
    };
    return { counter, memory: memory(), guarded: (call) => guarded(call), free };
  }, module);
}

/** The compiled module, for another thread's {@link openLineCounter}. @returns {WebAssembly.Module} */
export const parsersModule = () => new WebAssembly.Module(/** @type {BufferSource} */ (readOwn("parsers")));

/**
 * Code lines by language, from what the threads' counters gave.
 * @param {Float64Array} numbers
 * @returns {Map<string, number>}
 */
export const codeLines = (numbers) => new Map(guarded(() => wasm.codeLines(numbers)));
