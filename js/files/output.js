/**
 * The one way in which the tool writes files that people name: reports, previews, badges, results, the step's outputs and
 * summary. A file is replaced in one step, at the end of the links that lead to it. Pipes, character devices and open
 * descriptors, such as `/dev/stdout`, are written to. Everything else is refused.
 */

import { accessSync, closeSync, constants, fstatSync, openSync, writeSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { throwIfCancelled } from "../cancel.js";
import { errnoOf, Failure } from "../failure.js";
import { makeDirectories } from "./directories.js";
import { writeAtomically } from "./replace.js";
import { targetOf } from "./target.js";

/** @import { FailureType } from "../failure.js" */
/** @import { Stats } from "node:fs" */

/** Milliseconds for which a pipe may be without a program that reads from it. */
const READER_PATIENCE_MS = 5_000;
/** Milliseconds for a reader that takes nothing, where no one can end the waiting. */
export const STALL_PATIENCE_MS = 5_000;
/** Milliseconds between two looks at a pipe. */
const LOOK_MS = 10;

/**
 * @typedef {object} Output
 * @property {string} path
 * @property {Uint8Array} bytes
 * @property {FailureType} type what part of the run a failure belongs to
 * @property {string} doing for messages: "could not write the report"
 * @property {string} [code] of a failure, instead of the one that belongs to its cause
 * @property {string} [option] how the caller gave the path, for messages
 * @property {AbortSignal} [signal] ends the waiting for a pipe's reader
 * @property {number} [readerPatienceMs] for a pipe that no program reads from
 * @property {number} [stallPatienceMs] for a reader that takes nothing; as long as it lives unless given
 */

/**
 * Puts `bytes` where the path leads, with the folders above it. A file has the new content or the old one.
 *
 * @param {Output} output
 * @throws {Failure} `OUTPUT_KIND`, `PIPE_UNREAD`, `PIPE_STALLED`, `ABORTED`, or the errno's
 */
export function writeOutput(output) {
  return written(output, (target) => {
    makeDirectories(dirname(target.path));
    // Renaming asks only for rights to the folder: a read-only file would be replaced.
    if (target.stats) accessSync(target.path, constants.W_OK);
    writeAtomically(target.path, output.bytes);
  });
}

/**
 * Adds `bytes` at the end of what the path leads to.
 *
 * @param {Output} output
 * @throws {Failure} as {@link writeOutput}
 */
export function appendOutput(output) {
  return written(output, async (target) => {
    // Without the flag, a pipe that was put there meanwhile would wait for a reader.
    const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NONBLOCK ?? 0);
    const file = openSync(target.path, flags, 0o666);
    try {
      if (!fstatSync(file).isFile()) throw kindFailure(fstatSync(file), output);
      await pour(file, output);
    } finally {
      closeSync(file);
    }
  });
}

/**
 * @param {Output} output
 * @param {(target: import("./target.js").Target) => void | Promise<void>} toFile for a regular file, or none
 */
async function written(output, toFile) {
  const { path, type, doing, code, option } = output;
  try {
    const target = targetOf(resolve(path));
    if (target.descriptor !== null) {
      if (target.stats && !isStream(target.stats) && !target.stats.isFile() && !target.stats.isSocket()) {
        throw kindFailure(target.stats, output);
      }
      await pour(target.descriptor, output);
    } else if (target.stats && isStream(target.stats)) {
      await toStream(target.path, output);
    } else if (target.system || (target.stats && !target.stats.isFile())) {
      throw kindFailure(target.stats, output);
    } else {
      await toFile(target);
    }
  } catch (thrown) {
    throw Failure.fromSystem(thrown, { type, code, doing, path, option });
  }
}

/** What bytes can be sent to without replacing it. @param {Stats} stats */
const isStream = (stats) => stats.isFIFO() || stats.isCharacterDevice();

/**
 * @param {string} path of a pipe or a character device
 * @param {Output} output
 */
async function toStream(path, output) {
  const { signal, readerPatienceMs = READER_PATIENCE_MS } = output;
  const flags = constants.O_WRONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);
  for (const started = performance.now(); ; ) {
    throwIfCancelled(signal);
    let file;
    try {
      file = openSync(path, flags);
    } catch (thrown) {
      if (errnoOf(thrown) !== "ENXIO") throw thrown;
      if (performance.now() - started >= readerPatienceMs) throw unread(output);
      await pause(LOOK_MS);
      continue;
    }
    try {
      // Something else may have taken its name meanwhile.
      const stats = fstatSync(file);
      if (!isStream(stats)) throw kindFailure(stats, output);
      return await pour(file, output);
    } finally {
      closeSync(file);
    }
  }
}

/**
 * @param {number} file a descriptor, which may be full
 * @param {Output} output
 */
async function pour(file, output) {
  const { bytes, signal, stallPatienceMs = Number.POSITIVE_INFINITY } = output;
  let at = 0;
  let moved = performance.now();
  while (at < bytes.length) {
    throwIfCancelled(signal);
    try {
      at += writeSync(file, bytes, at, bytes.length - at);
      moved = performance.now();
    } catch (thrown) {
      if (errnoOf(thrown) !== "EAGAIN") throw thrown;
      if (performance.now() - moved >= stallPatienceMs) throw stalled(output);
      await pause(LOOK_MS);
    }
  }
}

/**
 * @param {Stats | null} stats null where nothing is there and the system allows nothing
 * @param {Output} output
 */
function kindFailure(stats, output) {
  const [kind] = KINDS.find(([, is]) => stats !== null && is(stats)) ?? ["in a folder of the system's own"];
  return trouble(output, {
    code: "OUTPUT_KIND",
    cause: `it is ${kind}`,
    remedy: "Name a file, a pipe or a character device.",
  });
}

/** What is not written to. @type {[string, (stats: Stats) => boolean][]} */
const KINDS = [
  ["a directory", (stats) => stats.isDirectory()],
  ["a block device", (stats) => stats.isBlockDevice()],
  ["a socket", (stats) => stats.isSocket()],
];

/** @param {Output} output */
const unread = (output) =>
  trouble(output, {
    code: "PIPE_UNREAD",
    cause: "it is a pipe that no program reads from",
    remedy: "Start the program that reads from it first.",
  });

/** @param {Output} output */
const stalled = (output) =>
  trouble(output, {
    code: "PIPE_STALLED",
    cause: "it is a pipe whose reader takes nothing",
    remedy: "Check the program that reads from it.",
  });

/**
 * @param {Output} output
 * @param {{code: string, cause: string, remedy: string}} what
 */
function trouble({ doing, path, option, type, code: given }, { code, cause, remedy }) {
  return new Failure(`${doing} \`${path}\`: ${cause}`, {
    type,
    code: given ?? code,
    hint: [remedy, option && `${option}.`].filter(Boolean).join(" "),
  });
}
