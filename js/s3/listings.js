/**
 * What a bucket holds: objects, versions of one object, unfinished uploads. Every listing has all of its pages or
 * fails; one that cannot go on is not a short one.
 */

import { parsed, timeOf } from "./answers.js";

/** @import { Connection } from "./connection.js" */

/** The most bytes of one page; S3 puts at most 1,000 entries on it. */
const PAGE_LIMIT = 8 * 1024 * 1024;

/**
 * All objects whose keys start with `prefix`, in the server's order.
 *
 * @param {Connection} connection
 * @param {string} prefix
 * @returns {Promise<{objects: {key: string, size: number, etag: string, lastModified: number | null}[],
 *   serverTime: number | null}>} `serverTime` is that of the first page
 */
export async function list(connection, prefix) {
  /** @type {{key: string, size: number, etag: string, lastModified: number | null}[]} */
  const objects = [];
  const serverTime = await pages(
    connection,
    "ListBucketResult",
    { "list-type": "2", prefix },
    { "continuation-token": "NextContinuationToken" },
    (page) => {
      for (const entry of page.Contents ?? []) {
        objects.push({
          key: String(entry.Key),
          size: Number(entry.Size),
          etag: String(entry.ETag ?? ""),
          lastModified: timeOf(entry.LastModified),
        });
      }
      return true;
    },
  );
  return { objects, serverTime };
}

/**
 * The versions of one object, newest first.
 *
 * @param {Connection} connection
 * @param {string} key
 * @returns {Promise<{versionId: string, lastModified: number | null, size: number, isLatest: boolean,
 *   deleteMarker: boolean, etag: string}[]>} one version with the id `null` in a bucket without versioning
 */
export async function listVersions(connection, key) {
  /** @type {Awaited<ReturnType<typeof listVersions>>} */
  const versions = [];
  await pages(
    connection,
    versionsIn,
    { versions: "", prefix: key },
    { "key-marker": "NextKeyMarker", "version-id-marker": "NextVersionIdMarker" },
    (page) => {
      const entries = [
        ...(page.Version ?? []).map((/** @type {any} */ entry) => ({ entry, deleteMarker: false })),
        ...(page.DeleteMarker ?? []).map((/** @type {any} */ entry) => ({ entry, deleteMarker: true })),
      ];
      const own = entries.filter(({ entry }) => String(entry.Key) === key);
      for (const { entry, deleteMarker } of own) {
        versions.push({
          versionId: String(entry.VersionId ?? "null"),
          lastModified: timeOf(entry.LastModified),
          size: deleteMarker ? 0 : Number(entry.Size),
          isLatest: entry.IsLatest === "true",
          deleteMarker,
          etag: deleteMarker ? "" : String(entry.ETag ?? ""),
        });
      }
      // Keys come in order, and the key itself is the first with the prefix that it is.
      return own.length === entries.length;
    },
  );
  return versions.sort(
    (a, b) => Number(b.isLatest) - Number(a.isLatest) || (b.lastModified ?? 0) - (a.lastModified ?? 0),
  );
}

/** Names that servers give to a page of versions; the first is the documented one. */
const VERSIONS = Object.freeze(["ListVersionsResult", "ListBucketVersionsResult", "ListBucketResult"]);

/**
 * A page of versions; one that lists objects is none, whatever its name.
 *
 * @param {Uint8Array} body
 * @returns {Record<string, any> | null}
 */
function versionsIn(body) {
  for (const name of VERSIONS) {
    const page = parsed(body, name);
    if (page && !("Contents" in page)) return page;
  }
  return null;
}

/**
 * Multipart uploads that were started and neither completed nor aborted.
 *
 * @param {Connection} connection
 * @param {string} prefix
 * @returns {Promise<{key: string, uploadId: string, initiated: number | null}[]>}
 */
export async function listUploads(connection, prefix) {
  /** @type {{key: string, uploadId: string, initiated: number | null}[]} */
  const uploads = [];
  await pages(
    connection,
    "ListMultipartUploadsResult",
    { uploads: "", prefix },
    { "key-marker": "NextKeyMarker", "upload-id-marker": "NextUploadIdMarker" },
    (page) => {
      for (const entry of page.Upload ?? []) {
        uploads.push({
          key: String(entry.Key),
          uploadId: String(entry.UploadId),
          initiated: timeOf(entry.Initiated),
        });
      }
      return true;
    },
  );
  return uploads;
}

/**
 * @param {Connection} connection
 * @param {string | ((body: Uint8Array) => Record<string, any> | null)} root the name of the answer's root, or what
 *   finds it
 * @param {Record<string, string>} query
 * @param {Record<string, string>} markers query parameter of the next page: element of this one
 * @param {(page: Record<string, any>) => boolean} take false: no further page is wanted
 */
async function pages(connection, root, query, markers, take) {
  const operation = { doing: "could not list", key: null };
  /** @type {number | null} */
  let serverTime = null;
  /** @type {Record<string, string>} */
  let next = {};
  for (let first = true; ; first = false) {
    const reply = await connection.request({
      ...operation,
      method: "GET",
      query: { ...query, ...next },
      limit: PAGE_LIMIT,
    });
    const page = typeof root === "string" ? parsed(reply.body, root) : root(reply.body);
    if (!page) throw connection.unexpected(reply, operation);
    if (first) serverTime = reply.serverTime;
    if (!take(page) || page.IsTruncated !== "true") return serverTime;
    const following = Object.fromEntries(
      Object.entries(markers)
        .filter(([, element]) => typeof page[element] === "string" && page[element] !== "")
        .map(([name, element]) => [name, page[element]]),
    );
    // A listing that cannot go on is not a short listing.
    if (Object.keys(following).length === 0 || same(following, next)) {
      throw connection.unexpected(reply, operation);
    }
    next = following;
  }
}

/** @param {Record<string, string>} a @param {Record<string, string>} b */
function same(a, b) {
  return JSON.stringify(a) === JSON.stringify(b);
}
