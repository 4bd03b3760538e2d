/**
 * The host's eyes: reading files whole, and the door to walking and matching. Translates what the operating
 * system says; does not know what the files mean.
 */

import { readFileSync, statSync } from "node:fs";
import { Failure } from "./failure.js";

/** @import { FailureType } from "./types.js" */

export { expand, matcher, nothingMatched, unmatchedOf } from "./files/globs.js";
export { OwnFiles } from "./files/own.js";
export { walk } from "./files/walk.js";

/** Bytes of the largest file that is read unless the caller says otherwise: 512 MiB. */
const LIMIT = 512 * 1024 * 1024;

/**
 * @typedef {object} ReadOptions
 * @property {number} [limit] bytes of the largest file that is read
 * @property {FailureType} [type] what part of the run a failure belongs to; `collection` unless given
 * @property {string} [missing] the code for a file that does not exist; `FILE_MISSING` unless given
 */

/**
 * The bytes of a regular file.
 *
 * @param {string} path
 * @param {ReadOptions} [options]
 * @returns {Buffer}
 * @throws {Failure} the errno's code; `FILE_NOT_REGULAR` for pipes and devices, which may never end;
 *   `FILE_TOO_LARGE` above the limit
 */
export function readBytes(path, { limit = LIMIT, type = "collection", missing } = {}) {
  try {
    // Opening a pipe would wait for a writer, so the kind is looked at first.
    const stats = statSync(path);
    if (stats.isFile()) {
      if (stats.size > limit) {
        throw new Failure(
          `could not read \`${path}\`: it is ${stats.size} bytes long, the limit is ${limit} bytes`,
          { type, code: "FILE_TOO_LARGE", hint: "Name a smaller file." },
        );
      }
      return readFileSync(path);
    }
    if (!stats.isDirectory()) {
      throw new Failure(`could not read \`${path}\`: it is not a regular file`, {
        type,
        code: "FILE_NOT_REGULAR",
        hint: "Write the content to a file first and name that.",
      });
    }
    throw Object.assign(new Error("directory"), { code: "EISDIR" });
  } catch (thrown) {
    const code = missing && thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT";
    throw Failure.fromSystem(thrown, {
      type,
      code: code ? missing : undefined,
      doing: "could not read",
      path,
    });
  }
}

/**
 * The text of a regular file: UTF-8, or UTF-16 where a byte order mark says so (a redirection in PowerShell
 * writes that). Bytes that are no text become U+FFFD.
 *
 * @param {string} path
 * @param {ReadOptions} [options]
 * @returns {string} without byte order mark
 * @throws {Failure} as {@link readBytes}
 */
export function readText(path, options) {
  const bytes = readBytes(path, options);
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  return new TextDecoder("utf-8").decode(bytes);
}
