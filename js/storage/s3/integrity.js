/**
 * What the metadata of a stored history says about it and how a stored history is proved to be the one that was
 * sent. Sends nothing.
 */

import { Failure } from "../../failure.js";
import { sha256 } from "../../s3/signing.js";

export { sha256 };

/** The registered media type of SQLite files. */
export const CONTENT_TYPE = "application/vnd.sqlite3";
/** The metadata key of the SHA-256 of the content, in hexadecimal. */
export const SHA256 = "unentropy-sha256";
/** The metadata key of the number of builds. */
export const BUILDS = "unentropy-builds";

/**
 * Why an object's bytes are not those that were stored, or undefined. An object that came here without a digest,
 * such as one that was uploaded by hand, proves nothing.
 *
 * @param {string} location
 * @param {{bytes: Uint8Array, metadata: Record<string, string>}} object
 * @returns {Failure | undefined}
 */
export function damageOf(location, { bytes, metadata }) {
  const expected = metadata[SHA256];
  if (!expected) return undefined;
  const found = sha256(bytes);
  if (found === expected.toLowerCase()) return undefined;
  return new Failure(
    `\`${location}\` is not what was stored: found SHA-256 \`${found}\`, expected \`${expected}\``,
    { type: "storage", code: "HISTORY_CORRUPT" },
  );
}
