/**
 * Signature Version 4 for one request, by the library, with the payload's SHA-256 inside. What is signed and when
 * is said by the caller; credentials are kept here and nowhere else.
 */

import { createHash } from "node:crypto";
import { AwsV4Signer } from "aws4fetch";

/**
 * @typedef {object} Credentials
 * @property {string} accessKeyId
 * @property {string} secretAccessKey
 * @property {string} [sessionToken]
 */

/** SHA-256 of nothing, in hex. */
export const EMPTY_SHA256 = createHash("sha256").digest("hex");

/** The SHA-256 of some bytes in hex. @param {Uint8Array} bytes @returns {string} 64 hex digits */
export function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The same bytes in Base64, as checksum headers have them. @param {string} hex @returns {string} */
export function hexToBase64(hex) {
  return Buffer.from(hex, "hex").toString("base64");
}

/**
 * Whether a header is signed. What S3 demands to be signed is, and it names the object and describes it; every other
 * header may be replaced, added or dropped by a front end on the way, which would make the signature wrong.
 *
 * @param {string} name in lower case
 */
function isSigned(name) {
  return name === "content-type" || name === "content-md5" || name.startsWith("x-amz-");
}

/** Signs the requests of one set of credentials. */
export class Signer {
  #credentials;
  /** Derived keys: they hold for a day and a region. @type {Map<string, ArrayBuffer>} */
  #keys = new Map();

  /** @param {Credentials} credentials printable ASCII; see `checkParameters` */
  constructor({ accessKeyId, secretAccessKey, sessionToken }) {
    this.#credentials = { accessKeyId, secretAccessKey, sessionToken: sessionToken || undefined };
  }

  /** Every text that must appear nowhere. @returns {string[]} */
  secrets() {
    const { accessKeyId, secretAccessKey, sessionToken = "" } = this.#credentials;
    return [secretAccessKey, sessionToken, accessKeyId].filter((text) => text.length > 0);
  }

  /**
   * The headers to send: those given, and the signature's. `host` is always signed.
   *
   * @param {object} request
   * @param {string} request.method
   * @param {URL} request.url its path encoded once
   * @param {Record<string, string>} request.headers names in lower case
   * @param {string} request.payloadSha256 hex
   * @param {string} request.region
   * @param {number} request.time milliseconds since 1970
   * @param {(name: string) => boolean} [request.signs] which of the headers are signed: `content-type`, `content-md5` and
   *   `x-amz-*` unless given
   * @returns {Promise<Record<string, string>>}
   */
  async sign({ method, url, headers, payloadSha256, region, time, signs = isSigned }) {
    const entries = Object.entries(headers);
    const signer = new AwsV4Signer({
      ...this.#credentials,
      method,
      url: url.href,
      headers: {
        ...Object.fromEntries(entries.filter(([name]) => signs(name))),
        "x-amz-content-sha256": payloadSha256,
      },
      service: "s3",
      region,
      datetime: new Date(time).toISOString().replace(/[:-]|\.\d{3}/g, ""),
      cache: this.#keys,
      // The library would leave the content type out, which S3 wants signed.
      allHeaders: true,
    });
    const signed = await signer.sign();
    return {
      ...Object.fromEntries(entries.filter(([name]) => !signs(name))),
      ...Object.fromEntries(signed.headers),
    };
  }
}
