/**
 * What the headers of an answer say of an object.
 */

import { etagOf, header, timeOf } from "./answers.js";
import { encodingsOf } from "./encoding.js";

/** @import { ObjectFacts } from "./client.js" */
/** @import { Reply } from "./connection.js" */
/** @import { Answer } from "../http/transport.js" */

/** What the headers of an answer say of its object. @param {Reply} reply @returns {ObjectFacts} */
export function objectFacts(reply) {
  const prefix = "x-amz-meta-";
  const metadata = Object.fromEntries(
    Object.keys(reply.headers)
      .filter((name) => name.startsWith(prefix))
      .map((name) => [name.slice(prefix.length), header(reply, name)]),
  );
  return {
    etag: etagOf(reply),
    metadata,
    lastModified: timeOf(header(reply, "last-modified")),
    serverTime: reply.serverTime,
    versionId: header(reply, "x-amz-version-id") || null,
  };
}

/** Bytes of the object that a HEAD is about; null where a hop that encodes answers leaves that out. @param {Answer} answer */
export function sizeOf(answer) {
  const length = header(answer, "content-length");
  return /^\d+$/.test(length) && encodingsOf(answer).length === 0 ? Number(length) : null;
}

/**
 * A digest that the object's metadata holds.
 *
 * @param {Answer} answer @param {string} name @returns {string[]} the SHA-256 of that metadata entry, where it is there
 */
export function noted(answer, name) {
  const value = header(answer, `x-amz-meta-${name}`);
  return value === "" ? [] : [value.toLowerCase()];
}

/** The checksum of the whole object; that of a list of parts says nothing about the bytes. @param {Answer} answer */
export function wholeChecksum(answer) {
  const checksum = header(answer, "x-amz-checksum-sha256");
  const type = header(answer, "x-amz-checksum-type");
  // Where a server leaves the type out, a checksum of parts shows by its dash, or only by the ETag's.
  const inParts = checksum.includes("-") || /-\d+"?$/.test(etagOf(answer));
  const composite = type === "COMPOSITE" || (type !== "FULL_OBJECT" && inParts);
  return checksum && !composite ? checksum : null;
}
