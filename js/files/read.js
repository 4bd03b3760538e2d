/**
 * Reads files whole, and nothing that could keep a reader waiting: kind and size are looked at before the first byte.
 * Translates what the operating system says; does not know what the files mean.
 */

import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { errnoOf, Failure } from "../failure.js";
import { native } from "./names.js";

/** @import { FailureType } from "../failure.js" */

/** Bytes of the largest file that is read unless the caller says otherwise: 512 MiB. */
const LIMIT = 512 * 1024 * 1024;
/** Bytes that are asked for where a file does not say how long it is, as those below `/proc`. */
const PART = 64 * 1024;
/** Opening a pipe without this waits for a writer, reading some devices for a visitor. Windows has none of them. */
const READING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * @typedef {object} ReadOptions
 * @property {number} [limit] bytes of the largest file that is read
 * @property {FailureType} [type] what part of the run a failure belongs to; `collection` unless given
 * @property {string} [shown] the path in messages; the path itself unless given
 * @property {string} [missing] the code for a file that does not exist; `FILE_MISSING` unless given
 */

/**
 * Opens a regular file for reading, whatever links lead to it.
 *
 * @param {string} path
 * @param {ReadOptions} [options]
 * @returns {{file: number, size: number}} the descriptor, which the caller closes, and the size in bytes
 * @throws {Failure} the errno's code; `FILE_NOT_REGULAR` for pipes, sockets and devices, which may never end;
 *   `FILE_TOO_LARGE` above the limit
 */
export function openRegular(path, { limit = LIMIT, shown = path, type = "collection", missing } = {}) {
  let file;
  try {
    file = openSync(native(path), READING);
    const stats = fstatSync(file);
    if (stats.isDirectory()) throw Object.assign(new Error("directory"), { code: "EISDIR" });
    if (!stats.isFile()) throw notRegular(shown, type);
    if (stats.size > limit) throw tooLarge(shown, `${stats.size} bytes`, limit, type);
    return { file, size: stats.size };
  } catch (thrown) {
    if (file !== undefined) closeSync(file);
    // A socket cannot be opened at all.
    if (errnoOf(thrown) === "ENXIO") throw notRegular(shown, type);
    const code = missing && errnoOf(thrown) === "ENOENT" ? missing : undefined;
    throw Failure.fromSystem(thrown, { type, code, doing: "could not read", path: shown });
  }
}

/**
 * The bytes of a regular file.
 *
 * @param {string} path
 * @param {ReadOptions} [options]
 * @returns {Buffer}
 * @throws {Failure} as {@link openRegular}
 */
export function readBytes(path, { limit = LIMIT, shown = path, type = "collection", missing } = {}) {
  const { file, size } = openRegular(path, { limit, shown, type, missing });
  /** @type {Buffer[]} */
  const parts = [];
  let length = 0;
  try {
    for (;;) {
      // One byte more than there should be finds the end of a file in two readings.
      const part = Buffer.allocUnsafe(parts.length === 0 ? size + 1 : PART);
      const count = readSync(file, part, 0, part.length, null);
      if (count === 0) break;
      length += count;
      if (length > limit) throw tooLarge(shown, "longer", limit, type);
      parts.push(part.subarray(0, count));
    }
  } catch (thrown) {
    // A file in name only that waits for something to happen, as the kernel's logs do.
    if (errnoOf(thrown) === "EAGAIN") throw notRegular(shown, type);
    throw Failure.fromSystem(thrown, { type, doing: "could not read", path: shown });
  } finally {
    closeSync(file);
  }
  return parts.length === 1 ? parts[0] : Buffer.concat(parts, length);
}

/**
 * The text of a regular file: UTF-8, or UTF-16 where a byte order mark says so (a redirection in PowerShell
 * writes that). Bytes that are no text become U+FFFD.
 *
 * @param {string} path
 * @param {ReadOptions} [options]
 * @returns {string} without byte order mark
 * @throws {Failure} as {@link openRegular}
 */
export function readText(path, options) {
  const bytes = readBytes(path, options);
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  return new TextDecoder("utf-8").decode(bytes);
}

/** @param {string} path @param {FailureType} type */
function notRegular(path, type) {
  return new Failure(`could not read \`${path}\`: it is not a regular file`, {
    type,
    code: "FILE_NOT_REGULAR",
    hint: "Write the content to a file first and name that.",
  });
}

/**
 * The refusal of a file that is too large.
 * @param {string} path
 * @param {string} found its length in words, `longer` or `unpacked` where that is not known
 * @param {number} limit bytes
 * @param {FailureType} type
 */
export function tooLarge(path, found, limit, type) {
  const length =
    found === "longer"
      ? "longer than the limit of"
      : found === "unpacked"
        ? "unpacked longer than the limit of"
        : `${found} long, the limit is`;
  return new Failure(`could not read \`${path}\`: it is ${length} ${limit} bytes`, {
    type,
    code: "FILE_TOO_LARGE",
    hint: "Name a smaller file.",
  });
}
