// What the doors to the wasm modules have in common: a module is loaded at its first use, its errors become Failures, and
// after a Rust panic it is not called again.

import fs from "node:fs";
import { fileURLToPath } from "node:url";
import v8 from "node:v8";
import { Failure } from "../failure.js";

/** Where the engine's files lie: beside the bundle, or in the tree when running from the sources. */
const FILES =
  typeof UNENTROPY_BUNDLED === "undefined"
    ? {
        engine: "../../dist/engine.wasm",
        parsers: "../../dist/parsers.wasm",
        style: "../../page/generated/report.css",
        script: "../../page/generated/report.js",
      }
    : {
        engine: "./engine.wasm",
        parsers: "./parsers.wasm",
        style: "./page.css",
        script: "./page.js",
      };

/**
 * The bytes of one of the engine's files.
 * @param {keyof typeof FILES} name
 * @throws {Failure} ENGINE_MISSING
 */
export function readOwn(name) {
  const url = new URL(FILES[name], import.meta.url);
  try {
    return fs.readFileSync(url);
  } catch (cause) {
    throw new Failure(`the program's own file \`${fileURLToPath(url)}\` cannot be read`, {
      type: "internal",
      code: "ENGINE_MISSING",
      hint: "Install the package again; its `dist` folder must stay together.",
      cause,
    });
  }
}

/**
 * What the engine says of a part of what it was asked, as a failure.
 * @param {import("./types.js").EngineError} error
 * @param {import("../failure.js").FailureType} type
 */
export const engineFailure = ({ code, message, hint }, type) => new Failure(message, { type, code, hint });

/**
 * How long V8 lets a function of a module run as it was first compiled before it optimizes it, in about the bytes of code
 * that it ran. Optimizing SQLite's largest functions takes longer than most runs, on threads that the metrics' commands
 * need: with this patience a short `track` takes half the processor time, and a history of 50,000 builds no more time. The
 * parsers' functions are hot at once; V8's own value stays.
 * @type {Record<"engine" | "parsers", number | null>}
 */
const PATIENCE = { engine: 200_000_000, parsers: null };
/** The value in these versions of Node. Another one might not know the flag, which V8 would report on standard error. */
const USUAL_PATIENCE = /** @type {Record<string, number>} */ ({
  20: 1_800_000,
  22: 13_000_000,
  24: 13_000_000,
})[process.versions.node.split(".")[0]];

/**
 * Loads a module with a patience of its own. The flag is the process's, so it is set back at once; a module keeps what was
 * set when it was compiled.
 * @template T
 * @param {number | null} patience
 * @param {() => T} load
 * @returns {T}
 */
function withPatience(patience, load) {
  if (patience === null || USUAL_PATIENCE === undefined) return load();
  v8.setFlagsFromString(`--wasm-tiering-budget=${patience}`);
  try {
    return load();
  } finally {
    v8.setFlagsFromString(`--wasm-tiering-budget=${USUAL_PATIENCE}`);
  }
}

/**
 * One wasm module in this thread.
 *
 * @typedef {object} Door
 * @property {<T>(call: () => T, module?: WebAssembly.Module) => T} guarded runs a call into the module and translates what it
 *   throws; `module`: compiled by another thread
 * @property {() => WebAssembly.Memory} memory of the module, once a call was made
 * @property {() => boolean} poisoned whether it stopped at a bug and can give nothing any more
 */

/**
 * Makes the door to one module, which is loaded at the first call.
 *
 * @param {"engine" | "parsers"} name
 * @param {(how: {module: WebAssembly.Module | BufferSource}) => {memory: WebAssembly.Memory}} init the glue's `initSync`
 * @returns {Door}
 */
export function door(name, init) {
  /** @type {WebAssembly.Memory | undefined} */
  let memory;
  let poisoned = false;

  /** @param {WebAssembly.Module} [module] */
  function load(module) {
    if (poisoned) {
      throw new Failure(
        "the engine stopped at a bug earlier in this process; nothing can be computed after it",
        {
          type: "internal",
          code: "ENGINE_POISONED",
          hint: "Report the first message with the configuration that led to it.",
        },
      );
    }
    memory ??= withPatience(
      PATIENCE[name],
      () => init({ module: module ?? /** @type {BufferSource} */ (readOwn(name)) }).memory,
    );
  }

  return {
    guarded(call, module) {
      load(module);
      try {
        return call();
      } catch (error) {
        if (error instanceof WebAssembly.RuntimeError) {
          poisoned = true;
          throw new Failure(`the engine stopped at a bug: ${error.message}`, {
            type: "internal",
            code: "ENGINE_PANIC",
            hint: "Nothing was written after it. Report this with the configuration that led to it.",
            cause: error,
          });
        }
        throw Failure.from(error);
      }
    },
    memory: () => /** @type {WebAssembly.Memory} */ (memory),
    poisoned: () => poisoned,
  };
}
