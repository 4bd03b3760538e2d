/**
 * Names of files as they are: on POSIX systems bytes, which need not be text. Inside, a byte that is no part of UTF-8 is
 * a lone low surrogate (0xff is U+DCFF), which no text has; so two names are never the same by mistake, and the bytes
 * come back out for the operating system.
 */

import { readdirSync, realpathSync } from "node:fs";

/** Half of a pair that has no other half, as {@link decoded} makes them. */
const EACH_RAW = /(?<![\ud800-\udbff])[\udc80-\udcff]/g;

/**
 * A name from its bytes.
 *
 * @param {Buffer} bytes
 * @returns {string}
 */
export function decoded(bytes) {
  const text = bytes.toString("utf8");
  if (Buffer.from(text, "utf8").equals(bytes)) return text;
  let name = "";
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceAt(bytes, at);
    name += length === 0 ? String.fromCharCode(0xdc00 + bytes[at]) : bytes.toString("utf8", at, at + length);
    at += Math.max(length, 1);
  }
  return name;
}

/**
 * The path as the operating system takes it.
 *
 * @param {string} path
 * @returns {string | Buffer}
 */
export function native(path) {
  if (path.search(EACH_RAW) === -1) return path;
  /** @type {Buffer[]} */
  const parts = [];
  let from = 0;
  for (const { 0: raw, index } of path.matchAll(EACH_RAW)) {
    parts.push(Buffer.from(path.slice(from, index)), Buffer.of(raw.charCodeAt(0) - 0xdc00));
    from = index + 1;
  }
  return Buffer.concat([...parts, Buffer.from(path.slice(from))]);
}

/**
 * The path without links.
 *
 * @param {string} path
 * @returns {string}
 */
export function realNative(path) {
  const given = native(path);
  const real = typeof given === "string" ? realpathSync(given) : "\ufffd";
  // Node makes U+FFFD of every byte that is no text; the system's own function hands out bytes.
  return real.includes("\ufffd") ? decoded(realpathSync.native(given, "buffer")) : real;
}

/**
 * @typedef {object} Entry
 * @property {string} name
 * @property {() => boolean} isFile
 * @property {() => boolean} isDirectory
 * @property {() => boolean} isSymbolicLink
 */

/**
 * What a directory holds.
 *
 * @param {string} folder
 * @returns {Entry[]}
 */
export function entriesOf(folder) {
  const given = native(folder);
  const entries = readdirSync(given, { withFileTypes: true });
  if (!entries.some(({ name }) => name.includes("\ufffd"))) return entries;
  return readdirSync(given, { withFileTypes: true, encoding: "buffer" }).map((entry) => ({
    name: decoded(/** @type {Buffer} */ (/** @type {unknown} */ (entry.name))),
    isFile: () => entry.isFile(),
    isDirectory: () => entry.isDirectory(),
    isSymbolicLink: () => entry.isSymbolicLink(),
  }));
}

/** How many bytes of valid UTF-8 a character takes here; 0 where there is none. @param {Buffer} bytes @param {number} at */
function sequenceAt(bytes, at) {
  for (let length = 1; length <= 4; length++) {
    const part = bytes.subarray(at, at + length);
    const text = part.toString("utf8");
    if (!text.includes("\ufffd") || Buffer.from(text).equals(part)) return length;
  }
  return 0;
}
