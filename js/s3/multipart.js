/**
 * A large object in parts: started, sent part by part, completed under the caller's precondition. Whatever ends it
 * before it is complete, the upload is aborted, so that no parts stay behind and cost money.
 */

import { createHash } from "node:crypto";
import { bare, etagOf, header, isConflict, parsed } from "./answers.js";
import { hexToBase64, sha256 } from "./signing.js";

/** @import { HeadFacts, PutOutcome } from "./client.js" */
/** @import { Connection, Reply } from "./connection.js" */
/** @import { Hold } from "../http/transport.js" */

/** S3 takes no more parts than this of one object. */
const MOST_PARTS = 10_000;

/** Completing may take a server minutes. */
const PATIENCE = 4;

/** How often it is asked at most whether a write arrived that got no answer. */
const LOOKS = 2;

/**
 * @typedef {object} Upload
 * @property {string} key
 * @property {Uint8Array} bytes
 * @property {() => string} sha256 of the bytes, hex
 * @property {number} partSize
 * @property {Record<string, string>} described headers of the object
 * @property {Record<string, string>} metadata
 * @property {Record<string, string>} condition headers of the precondition
 * @property {boolean} [trusting] whether the server alone decides if the condition is met
 * @property {Hold} [hold] of the completion
 * @property {(key: string, options: {attempts?: number}) => Promise<HeadFacts | null>} head how an object is looked up
 * @property {(sent: number, total: number) => void} [onProgress]
 */

/**
 * Writes an object in parts. An upload that is not completed is aborted.
 *
 * @param {Connection} connection
 * @param {Upload} upload
 * @returns {Promise<PutOutcome>}
 */
export async function multipartPut(connection, upload) {
  const { key, described } = upload;
  const operation = { doing: "could not write", key };
  const begun = await connection.request({
    ...operation,
    method: "POST",
    query: { uploads: "" },
    headers: () => ({ ...described, ...connection.checksummed({ "x-amz-checksum-algorithm": "SHA256" }) }),
  });
  const uploadId = parsed(begun.body, "InitiateMultipartUploadResult")?.UploadId;
  if (typeof uploadId !== "string" || uploadId === "") throw connection.unexpected(begun, operation);
  let complete = false;
  try {
    // A server that takes note of the algorithm wants the checksum of each part; others may refuse it.
    const checksums = header(begun, "x-amz-checksum-algorithm") === "SHA256";
    const parts = await sendParts(connection, upload, uploadId, checksums);
    const outcome = await finish(connection, upload, uploadId, parts);
    complete = outcome.status === "stored";
    return outcome;
  } finally {
    if (!complete) await abort(connection, key, uploadId);
  }
}

/**
 * @param {Connection} connection
 * @param {Upload} upload
 * @param {string} uploadId
 * @param {boolean} checksums
 * @returns {Promise<{etag: string, checksum: string}[]>}
 */
async function sendParts(connection, { key, bytes, partSize, onProgress }, uploadId, checksums) {
  const operation = { doing: "could not write", key };
  const total = bytes.byteLength;
  const size = Math.max(partSize, Math.ceil(total / MOST_PARTS));
  /** @type {{etag: string, checksum: string}[]} */
  const parts = [];
  for (let from = 0; from < total; from += size) {
    const body = bytes.subarray(from, from + size);
    const hex = sha256(body);
    const checksum = checksums ? hexToBase64(hex) : "";
    const number = parts.length + 1;
    let doubtful = false;
    const request = connection.request({
      ...operation,
      method: "PUT",
      query: { partNumber: String(number), uploadId },
      headers: () =>
        /** @type {Record<string, string>} */ (checksum ? { "x-amz-checksum-sha256": checksum } : {}),
      body,
      payloadSha256: hex,
      onSent: (sent) => onProgress?.(from + sent, total),
      onDoubt: () => {
        doubtful = true;
      },
    });
    let etag;
    try {
      const reply = await request;
      etag = etagOf(reply);
      if (!etag) throw connection.withoutEtag(operation);
    } catch (error) {
      etag = doubtful ? await arrivedPart(connection, { key, uploadId, number, body, hex }) : "";
      if (!etag) throw error;
    }
    parts.push({ etag, checksum });
  }
  return parts;
}

/**
 * The ETag of a part, where the server has it as it was sent: a look after a part that got no answer.
 *
 * @param {Connection} connection
 * @param {{key: string, uploadId: string, number: number, body: Uint8Array, hex: string}} part `hex`: its SHA-256
 * @returns {Promise<string>} empty where it has not, or does not prove that it has
 */
async function arrivedPart(connection, { key, uploadId, number, body, hex }) {
  try {
    const listed = await connection.request({
      doing: "could not look up the parts of",
      method: "GET",
      key,
      query: { uploadId, "part-number-marker": String(number - 1), "max-parts": "1" },
      attempts: LOOKS,
    });
    // The second is what moto calls it.
    const list = parsed(listed.body, "ListPartsResult") ?? parsed(listed.body, "ListPartsResponse");
    const parts = list?.Part ?? [];
    const found = parts.find((/** @type {any} */ { PartNumber }) => PartNumber === String(number));
    if (!found || Number(found.Size) !== body.byteLength || typeof found.ETag !== "string") return "";
    const proved =
      found.ChecksumSHA256 === hexToBase64(hex) ||
      bare(found.ETag) === createHash("md5").update(body).digest("hex");
    return proved ? found.ETag : "";
  } catch {
    // Nothing can be found out; what went wrong first is what is reported.
    return "";
  }
}

/**
 * @param {Connection} connection
 * @param {Upload} upload
 * @param {string} uploadId
 * @param {{etag: string, checksum: string}[]} parts
 * @returns {Promise<PutOutcome>}
 */
async function finish(connection, upload, uploadId, parts) {
  const { key, condition, trusting = false, hold, head } = upload;
  const operation = { doing: "could not write", key };
  const conditional = Object.keys(condition).length > 0;
  // Some servers keep preconditions of plain writes and not of completions. This look does not make them atomic,
  // but a change that came during a long upload is not overwritten.
  if (condition["if-match"] !== undefined && !trusting) {
    const current = await head(key, {});
    if (current === null || bare(current.etag) !== bare(condition["if-match"])) return { status: "conflict" };
  }
  /** @type {Reply} */
  let reply;
  try {
    reply = await connection.request({
      ...operation,
      method: "POST",
      query: { uploadId },
      headers: () => ({ "content-type": "application/xml", ...condition }),
      body: new TextEncoder().encode(completion(parts)),
      patience: PATIENCE,
      weight: upload.bytes.byteLength,
      conditional,
      hold,
      expects: (status, problem) => status === 200 || isConflict(status, problem, condition),
      check: (answer) => connection.lateError(answer, operation),
    });
  } catch (error) {
    // An attempt whose answer was lost may have completed it, and a later one then finds no upload any more.
    const stored = await arrived(upload);
    if (!stored) throw error;
    const { etag, versionId, serverTime } = stored;
    return { status: "stored", etag, versionId, serverTime };
  }
  if (reply.status !== 200) return { status: "conflict" };
  const result = parsed(reply.body, "CompleteMultipartUploadResult");
  if (!result) throw connection.unexpected(reply, operation);
  const { serverTime } = reply;
  const versionId = header(reply, "x-amz-version-id") || null;
  if (typeof result.ETag === "string" && result.ETag !== "") {
    return { status: "stored", etag: result.ETag, versionId, serverTime };
  }
  // Ceph completes it and leaves the ETag empty.
  const current = await head(key, {});
  if (current === null) throw connection.unexpected(reply, operation);
  return isUpload(upload, current)
    ? { status: "stored", etag: current.etag, versionId, serverTime }
    : { status: "conflict" };
}

/**
 * The object, where it is the one that was to be written: a look after a write that got no answer.
 *
 * @param {Pick<Upload, "key" | "bytes" | "sha256" | "metadata" | "head">} upload without metadata, no object is recognised
 * @returns {Promise<HeadFacts | null>}
 */
export async function arrived(upload) {
  if (Object.keys(upload.metadata).length === 0) return null;
  try {
    const stored = await upload.head(upload.key, { attempts: LOOKS });
    return stored && isUpload(upload, stored) ? stored : null;
  } catch {
    // Nothing can be found out; what went wrong first is what is reported.
    return null;
  }
}

/**
 * Whether an object is what was to be written, by its size, all of its metadata and, where the server keeps one, the
 * checksum of the whole object.
 *
 * @param {Pick<Upload, "bytes" | "sha256" | "metadata">} upload
 * @param {HeadFacts} stored
 */
function isUpload({ bytes, sha256: hex, metadata }, { size, checksumSha256, ...stored }) {
  return (
    (size === null || size === bytes.byteLength) &&
    (checksumSha256 === null || checksumSha256 === hexToBase64(hex())) &&
    Object.entries(metadata).every(([name, value]) => stored.metadata[name] === value)
  );
}

/**
 * @param {{etag: string, checksum: string}[]} parts
 * @returns {string} the body of `CompleteMultipartUpload`
 */
function completion(parts) {
  const entries = parts.map(
    ({ etag, checksum }, index) =>
      `<Part><PartNumber>${index + 1}</PartNumber><ETag>${escaped(etag)}</ETag>` +
      `${checksum ? `<ChecksumSHA256>${escaped(checksum)}</ChecksumSHA256>` : ""}</Part>`,
  );
  const namespace = "http://s3.amazonaws.com/doc/2006-03-01/";
  return `<CompleteMultipartUpload xmlns="${namespace}">${entries.join("")}</CompleteMultipartUpload>`;
}

/** @param {string} text */
function escaped(text) {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * Ends an upload. It goes on after the caller's signal: that is when it is needed most. A failure is reported and no
 * more, for the one that led here is the one to report.
 *
 * @param {Connection} connection
 * @param {string} key
 * @param {string} uploadId
 */
async function abort(connection, key, uploadId) {
  try {
    await connection.request({
      doing: "could not abort the upload of",
      method: "DELETE",
      key,
      query: { uploadId },
      signal: null,
      expects: (status, problem) => status === 204 || status === 200 || (status === 404 && problem !== null),
    });
  } catch (error) {
    connection.log(`${/** @type {Error} */ (error).message}; a bucket rule can remove unfinished uploads`);
  }
}
