// Reads what gzip compressed, whatever the file is called: recognized by its first bytes, refused where it unpacks to more than a
// limit. Does not know what the content means.

import fs from "node:fs";
import zlib from "node:zlib";
import { Failure } from "../failure.js";
import { native } from "./names.js";
import { tooLarge } from "./read.js";

/** A member's shortest form: a header, nothing, and the checksum and length at the end. */
const SHORTEST = 18;
/** Deflate makes a byte of at most so many. */
const MOST_PER_BYTE = 1032;

/** Whether bytes are what gzip makes. @param {Uint8Array} bytes the beginning of a file */
export const isGzip = (bytes) => bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;

/**
 * How many bytes a file has once it is unpacked, by what it says itself; its size where gzip did not compress it.
 * A file of several members says it of the last one only.
 * @param {string} path
 * @returns {number} 0 where only reading it shows that
 */
export function unpackedSize(path) {
  let file;
  try {
    const { size } = fs.statSync(native(path));
    if (size < SHORTEST) return size;
    file = fs.openSync(native(path), fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0));
    const part = Buffer.alloc(4);
    fs.readSync(file, part, 0, 2, 0);
    if (!isGzip(part)) return size;
    fs.readSync(file, part, 0, 4, size - 4);
    return Math.max(size, Math.min(part.readUInt32LE(0), size * MOST_PER_BYTE));
  } catch {
    return 0;
  } finally {
    if (file !== undefined) fs.closeSync(file);
  }
}

/**
 * What gzip compressed, in one member or in several.
 * @param {Uint8Array} bytes
 * @param {{limit: number, shown: string}} options `limit`: bytes that it may have then; `shown`: the file's name in messages
 * @returns {Uint8Array}
 * @throws {Failure} of type collection: `FILE_TOO_LARGE` above the limit, which no more than the limit is unpacked to find;
 *   `COLLECTOR_FORMAT` for what is cut off or damaged
 */
export function gunzip(bytes, { limit, shown }) {
  try {
    return zlib.gunzipSync(bytes, { maxOutputLength: Math.max(1, limit) });
  } catch (thrown) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (thrown);
    if (code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(shown, "unpacked", limit, "collection");
    const cut = code === "Z_BUF_ERROR";
    throw new Failure(
      `cannot read \`${shown}\`: its gzip data is ${cut ? "cut off" : "damaged"}: ${message}`,
      {
        type: "collection",
        code: "COLLECTOR_FORMAT",
        hint: "Check that the step that compresses the report ended well, and that nothing else writes this file.",
      },
    );
  }
}
