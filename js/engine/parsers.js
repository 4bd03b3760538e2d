// The only door to parsers.wasm: reports and lines of code. Only js/collect/ comes in here; a run that measures
// nothing of the kind never loads the module.

import { door, readOwn } from "./door.js";
import * as wasm from "./wasm/parsers.js";

const { guarded, memory, poisoned } = door("parsers", wasm.initSync);

/**
 * The line counter, as the wasm exports it.
 * @typedef {object} LineCounter
 * @property {(length: number) => number} reserve room for so many bytes; answers their address
 * @property {(paths: string) => Uint16Array} detect a code for each path; each path is ended by a NUL
 * @property {(codes: Uint16Array, lengths: Uint32Array) => Uint16Array} detectContents the languages behind questions, by the
 *   starts of files that lie in the buffer one behind the other
 * @property {(languages: Uint16Array, lengths: Uint32Array) => Uint8Array} addAll counts files that lie in the buffer one
 *   behind the other: 0 done, 1 binary, 2 no notebook
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
 * Of files that a pattern or a directory gave, those that `bench` reads: of a tree of criterion's those of the newest run.
 * @param {string[]} paths
 */
export const benchFiles = (paths) => guarded(() => wasm.benchFiles(paths));

/**
 * Opens a measuring session: reports that are read into it are parsed once.
 * @param {string} root the directory that source paths are made relative to
 */
export const openMeasurement = (root) => guarded(() => new Measurement(new wasm.Measurement(root)));

/** A measuring session; see {@link openMeasurement}. */
export class Measurement {
  #inner;
  /** Where the room lies. */
  #at = 0;

  /** @param {wasm.Measurement} inner */
  constructor(inner) {
    this.#inner = inner;
  }

  /**
   * Makes room for `length` bytes inside the module. What waited in a smaller one is gone.
   * @param {number} length
   */
  reserve(length) {
    this.#at = guarded(() => this.#inner.reserve(length) >>> 0);
  }

  /**
   * A part of the room. Valid until the next call of anything but this.
   * @param {number} from
   * @param {number} length
   * @returns {Uint8Array}
   */
  room(from, length) {
    return new Uint8Array(memory().buffer, this.#at + from, length);
  }

  /**
   * Parses the files that lie in the room one behind the other.
   * @param {number} length bytes of all of them
   * @param {import("./types.js").ReportFile[]} files
   * @returns {import("./types.js").OpenReport[]} what must be known to place the sources of those that have some
   */
  open(length, files) {
    return guarded(() => this.#inner.open(length, files));
  }

  /**
   * Finds the sources of reports that were opened since the last call in the repository.
   * @param {import("./types.js").FileList} list at least those of its files that decide it
   */
  place(list) {
    guarded(() => this.#inner.place(list));
  }

  /**
   * Parses the files that lie in the room one behind the other, and answers questions about them and earlier ones.
   * @param {number} length bytes of all of them
   * @param {import("./types.js").ReportFile[]} files
   * @param {import("./types.js").ReportQuestion[]} questions
   */
  answer(length, files, questions) {
    return guarded(() => this.#inner.answer(length, files, questions));
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
