/**
 * Archives in memory: some entries of one, by name and with a limit on their size, and a new one. The format is the
 * business of yauzl and yazl; nothing is ever written to a path that an archive names. Bundled into a file of its own,
 * which only runs that exchange artifacts load; so its errors are plain ones, distinguished by `problem`.
 */

import zlib from "node:zlib";
import { fromBufferPromise } from "yauzl";
import { ZipFile } from "yazl";

/**
 * What is wrong with an archive.
 *
 * - `damaged`: it is none, is cut off, or its parts contradict each other
 * - `unsafe`: an entry's name leads out of the archive, or two entries have one name
 * - `too-large`: an entry is larger than its limit, or says so little that it would be
 * - `encrypted`: an entry that is wanted is encrypted or packed in a way that is not read
 *
 * @typedef {"damaged" | "unsafe" | "too-large" | "encrypted"} ZipProblem
 */

/** No one needs more entries than this, and looking at each takes time. */
const MOST_ENTRIES = 1000;

/**
 * The entries that are wanted, unpacked, and the names of all.
 *
 * @param {Uint8Array} archive
 * @param {Record<string, number>} wanted the most bytes of each entry that is wanted, by its name
 * @returns {Promise<{entries: Map<string, Buffer>, names: string[]}>} without those that are not there
 * @throws {Error & {problem: ZipProblem, entry?: {name: string, size: number}}} `entry`: one of those wanted that is too
 *   large
 */
export async function unpack(archive, wanted) {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  /** @type {Map<string, Buffer>} */
  const entries = new Map();
  /** @type {string[]} */
  const names = [];
  try {
    const zip = await fromBufferPromise(bytes, { strictFileNames: true, validateEntrySizes: true });
    if (zip.entryCount > MOST_ENTRIES) {
      throw problem("too-large", `it has ${zip.entryCount} entries, at most ${MOST_ENTRIES} are looked at`);
    }
    for await (const entry of zip.eachEntry()) {
      const name = entry.fileName;
      names.push(name);
      if (!Object.hasOwn(wanted, name)) continue;
      if (entries.has(name)) throw problem("unsafe", `it has two entries named \`${name}\``);
      if (entry.uncompressedSize > wanted[name]) {
        const size = entry.uncompressedSize;
        const message = `\`${name}\` has ${size} bytes, at most ${wanted[name]} are accepted`;
        throw Object.assign(problem("too-large", message), { entry: { name, size } });
      }
      if (!entry.canDecodeFileData())
        throw problem("encrypted", `\`${name}\` is encrypted or packed unusually`);
      entries.set(name, await content(await zip.openReadStreamPromise(entry), entry));
    }
  } catch (thrown) {
    const error = /** @type {Error & {problem?: ZipProblem}} */ (thrown);
    if (error.problem) throw error;
    const unsafe = /^(invalid relative path|absolute path|invalid characters in fileName)/.test(
      error.message,
    );
    throw problem(unsafe ? "unsafe" : "damaged", error.message, error);
  }
  return { entries, names };
}

/**
 * The bytes of a stream that the library holds to the size which the entry announces.
 *
 * @param {import("node:stream").Readable} stream
 * @param {import("yauzl").Entry} entry
 */
async function content(stream, { fileName, uncompressedSize, crc32: expected }) {
  const whole = Buffer.allocUnsafeSlow(uncompressedSize);
  let at = 0;
  for await (const chunk of stream) {
    chunk.copy(whole, at);
    at += chunk.length;
  }
  if (at !== uncompressedSize)
    throw problem("damaged", `\`${fileName}\` has ${at} of ${uncompressedSize} bytes`);
  // Node has it since 20.15.
  if (typeof zlib.crc32 === "function" && zlib.crc32(whole) !== expected) {
    throw problem("damaged", `the checksum of \`${fileName}\` is another`);
  }
  return whole;
}

/**
 * An archive of these entries. The same entries and time give the same bytes.
 *
 * @param {Record<string, Uint8Array>} entries by name
 * @param {number} time milliseconds since 1970, of every entry
 * @returns {Promise<Buffer>}
 */
export async function pack(entries, time) {
  const zip = new ZipFile();
  for (const [name, bytes] of Object.entries(entries)) {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    zip.addBuffer(buffer, name, { mtime: new Date(time), mode: 0o100644 });
  }
  zip.end();
  /** @type {Buffer[]} */
  const pieces = [];
  for await (const piece of zip.outputStream) pieces.push(piece);
  return Buffer.concat(pieces);
}

/**
 * @param {ZipProblem} kind
 * @param {string} message
 * @param {unknown} [cause]
 */
function problem(kind, message, cause) {
  return Object.assign(new Error(message, { cause }), { problem: kind });
}
