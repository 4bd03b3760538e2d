/**
 * What the metadata of a stored history says about it and how a stored history is proved to be the one that was
 * sent; where good copies of a damaged one are looked for. Sends nothing but reading requests.
 */

import { createHash } from "node:crypto";
import { Failure } from "../failure.js";

/** @import { BuildCounter, StoredBlob } from "./provider.js" */
/** @import { S3Client } from "../s3/client.js" */

/** The registered media type of SQLite files. */
export const CONTENT_TYPE = "application/vnd.sqlite3";
/** Bytes of the largest object that is loaded; as for local files. */
export const LIMIT = 1024 * 1024 * 1024;
/** The metadata key of the SHA-256 of the content, in hexadecimal. */
export const SHA256 = "unentropy-sha256";
/** The metadata key of the number of builds. */
export const BUILDS = "unentropy-builds";
/** How many versions of the bucket are looked at for a good copy. */
const VERSIONS = 50;

/**
 * @param {Uint8Array} bytes
 * @returns {string} hexadecimal
 */
export const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** @param {number} builds */
export const counted = (builds) => `${builds} ${builds === 1 ? "build" : "builds"}`;

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

/**
 * @typedef {object} GoodCopy
 * @property {Uint8Array} bytes
 * @property {number} builds
 * @property {string} source for people
 */

/**
 * The newest copy of a damaged history that can be opened: an older version where the bucket keeps them, else the
 * backup. Wherever a place cannot be asked, the next one is.
 *
 * @param {S3Client} client
 * @param {string} key
 * @param {string} backup its key
 * @param {BuildCounter} builds
 * @returns {Promise<{copy: GoodCopy | null, looked: string[]}>} with what was looked at, for people
 */
export async function findGoodCopy(client, key, backup, builds) {
  /** @type {string[]} */
  const looked = [];
  /**
   * @param {string} source
   * @param {() => Promise<{bytes: Uint8Array, metadata: Record<string, string>} | null>} get
   * @returns {Promise<GoodCopy | null>}
   */
  const tried = async (source, get) => {
    const object = await get();
    if (!object) {
      looked.push(`${source}: there is none`);
      return null;
    }
    const count = damageOf(source, object) ? null : builds(object.bytes);
    looked.push(`${source}: ${count === null ? "damaged too" : counted(count)}`);
    return count === null ? null : { bytes: object.bytes, builds: count, source };
  };
  try {
    const versions = (await client.listVersions(key)).filter(
      (version) => !version.isLatest && !version.deleteMarker,
    );
    if (versions.length === 0) looked.push("the bucket's older versions: there are none");
    for (const { versionId, lastModified } of versions.slice(0, VERSIONS)) {
      const when = lastModified === null ? "" : ` of ${new Date(lastModified).toISOString()}`;
      const copy = await tried(`version \`${versionId}\`${when}`, () => client.getVersion(key, versionId));
      if (copy) return { copy, looked };
    }
  } catch (thrown) {
    looked.push(`the bucket's older versions: ${Failure.from(thrown).message}`);
  }
  try {
    const copy = await tried(`\`${backup}\``, () => client.get(backup, { limit: LIMIT }));
    return { copy, looked };
  } catch (thrown) {
    looked.push(`\`${backup}\`: ${Failure.from(thrown).message}`);
    return { copy: null, looked };
  }
}
