/**
 * Answers that come under a content encoding although none was asked for: proxies and CDNs compress, whatever was asked.
 * What they hold is bounded, because a few bytes may unpack to very many.
 */

import { ExchangeError } from "../http/transport.js";
import { header } from "./answers.js";

/** @import { Answer } from "../http/transport.js" */

/** Names that change nothing; the second is left behind by uploads in chunks. */
const NONE = new Set(["", "identity", "aws-chunked"]);

/**
 * The content encodings of an answer, but for those that change nothing.
 *
 * @param {Pick<Answer, "headers">} answer
 * @returns {string[]} in the order in which they were applied
 */
export function encodingsOf(answer) {
  return header(answer, "content-encoding")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => !NONE.has(name));
}

/**
 * The body of an answer without its encodings.
 *
 * @param {Answer} answer
 * @param {number} limit the most bytes
 * @returns {Promise<Buffer>}
 * @throws {ExchangeError} `too-large`; `garbled` where it is not what it says, or said to be encoded in an unknown way
 */
export async function decodedBody(answer, limit) {
  let body = answer.body;
  for (const name of encodingsOf(answer).reverse()) {
    // A body that a HEAD, or an answer without one, only speaks of.
    if (body.length === 0) break;
    body = await decoded(body, name, limit);
  }
  return body;
}

/**
 * @param {Buffer} body
 * @param {string} name
 * @param {number} limit
 * @returns {Promise<Buffer>}
 */
async function decoded(body, name, limit) {
  // Hardly any run meets an encoding.
  const zlib = await import("node:zlib");
  const options = { maxOutputLength: Math.max(1, limit) };
  try {
    if (name === "gzip" || name === "x-gzip") return zlib.gunzipSync(body, options);
    if (name === "br") return zlib.brotliDecompressSync(body, options);
    // What is called deflate is with zlib's header by the standard and without it by some.
    if (name === "deflate" && (body[0] & 0x0f) === 8) return zlib.inflateSync(body, options);
    if (name === "deflate") return zlib.inflateRawSync(body, options);
  } catch (error) {
    const { code } = /** @type {Error & {code?: string}} */ (error);
    if (code === "ERR_BUFFER_TOO_LARGE") {
      throw new ExchangeError("too-large", `the answer holds more than the ${limit} bytes accepted`);
    }
    throw new ExchangeError("garbled", `the answer says that its encoding is \`${name}\`, and it is not`, {
      cause: error,
    });
  }
  throw new ExchangeError("garbled", `the answer is encoded as \`${name.slice(0, 40)}\`, which is not known`);
}
