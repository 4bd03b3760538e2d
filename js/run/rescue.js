/**
 * Where a history goes that could not be stored: a file of this machine, and an artifact of the run where there is
 * one. The failure says where.
 */

import fs from "node:fs";
import path from "node:path";
import { errnoOf, Failure } from "../failure.js";
import { RESCUE_FILE } from "./folder.js";

/** @import { RunFolder } from "./folder.js" */
/** @import { Storage } from "../storage/storage.js" */

const KEEP = "Keep the file and add it with `unentropy merge` later.";
const DOWNLOAD = "Download the artifact and add it with `unentropy merge` later.";

/**
 * @typedef {object} Rescuing
 * @property {string} cwd where the file is put unless that cannot be written
 * @property {RunFolder} folder where it is left then
 * @property {NodeJS.ProcessEnv} env
 * @property {AbortSignal} [signal]
 * @property {(secret: string) => void} [onSecret]
 */

/**
 * Keeps a history that could not be stored, as a file and where possible as an artifact.
 *
 * @param {Storage} storage
 * @param {Failure} failure why storing failed
 * @param {Rescuing} surroundings
 * @returns {Promise<{failure: Failure, file: string | null}>} the same failure, which says where the history is kept
 */
export async function rescue(storage, failure, { cwd, folder, ...surroundings }) {
  // The builds of a local history can be collected again where it lies.
  if (storage.path !== null) return { failure, file: null };
  /** @param {string} what @param {string} [remedy] */
  const reported = (what, remedy) => saying(failure, what, remedy);
  /** @type {Uint8Array} */
  let bytes;
  try {
    bytes = storage.snapshot();
  } catch (thrown) {
    // After a bug the engine gives nothing any more; what it gave before is kept as it is.
    const file = folder.unstoredPath;
    if (file !== null) return { failure: keptIn(failure, file), file };
    if (failure.code === "ENGINE_PANIC") return { failure, file };
    const { message } = Failure.from(thrown);
    return { failure: reported(`a copy of the history could not be made either: ${message}`), file };
  }
  const { file, reasons } = keep(bytes, cwd, folder);
  const artifact = await keepInArtifact(bytes, surroundings);
  const kept = [file && `\`${file}\``, artifact && `the artifact \`${artifact}\` of this run`].filter(
    Boolean,
  );
  if (kept.length === 0) {
    return { failure: reported(`a copy of the history could not be kept here either: ${reasons}`), file };
  }
  const what = `the history with this build is kept in ${kept.join(" and in ")}`;
  return { failure: reported(what, file === null ? DOWNLOAD : KEEP), file };
}

/**
 * Adds to a failure where the history with the new build is.
 *
 * @param {Failure} failure
 * @param {string} file
 * @returns {Failure} the same one, which says where the history is kept
 */
export const keptIn = (failure, file) =>
  saying(failure, `the history with this build is in \`${file}\``, KEEP);

/** @param {Failure} failure @param {string} what @param {string} [remedy] */
function saying({ message, hint, type, code, retryable, cause }, what, remedy = "") {
  const also = { type, code, retryable, cause, hint: `${hint} ${remedy}`.trim() };
  return new Failure(`${message}; ${what}`, also);
}

/**
 * @param {Uint8Array} bytes
 * @param {string} cwd
 * @param {RunFolder} folder
 * @returns {{file: string | null, reasons: string}}
 */
function keep(bytes, cwd, folder) {
  let reasons = "";
  for (const write of [() => writeNew(cwd, bytes), () => folder.keep(bytes)]) {
    try {
      const file = write();
      if (path.dirname(file) === path.resolve(cwd)) folder.stored({ kept: file });
      return { file, reasons };
    } catch (thrown) {
      reasons += `${reasons && "; "}${Failure.from(thrown).message}`;
    }
  }
  return { file: null, reasons };
}

/**
 * @param {string} directory
 * @param {Uint8Array} bytes
 * @returns {string} the file's path, absolute; nothing that was there before is overwritten
 */
function writeNew(directory, bytes) {
  const { name, ext } = path.parse(RESCUE_FILE);
  for (let n = 1; ; n++) {
    const file = path.resolve(directory, n === 1 ? RESCUE_FILE : `${name}-${n}${ext}`);
    try {
      const handle = fs.openSync(file, "wx");
      try {
        fs.writeFileSync(handle, bytes, { flush: true });
      } catch (thrown) {
        // Half a history is of no use, and would take the room of a whole one.
        fs.rmSync(file, { force: true });
        throw thrown;
      } finally {
        fs.closeSync(handle);
      }
      return file;
    } catch (error) {
      if (errnoOf(error) === "EEXIST" && n < 1000) continue;
      throw Failure.fromSystem(error, { type: "storage", doing: "could not write", path: file });
    }
  }
}

/**
 * @param {Uint8Array} bytes
 * @param {Pick<Rescuing, "env" | "signal" | "onSecret">} surroundings
 * @returns {Promise<string | null>} the artifact's name; null where none could be uploaded
 */
async function keepInArtifact(bytes, { env, signal, onSecret }) {
  // A runner that cancels waits for nothing. A limit of the run's own is no reason to lose the build.
  const isTimeUp = signal?.reason instanceof Failure && signal.reason.code === "RUN_TIMEOUT";
  if (!env.ACTIONS_RUNTIME_TOKEN || (signal?.aborted && !isTimeUp)) return null;
  try {
    const { uploadRescue } = await import("../storage/artifact/rescue.js");
    return (await uploadRescue(bytes, { env, onSecret })).name;
  } catch {
    // That there is no artifact changes nothing about why the run fails.
    return null;
  }
}
