/**
 * The S3 operations a history needs, over one bucket. It knows nothing of histories; what is absent, what is a
 * conflict and what is a failure are three different answers.
 */

import { Failure } from "../failure.js";
import { HISTORY_LIMIT } from "../http/limits.js";
import { Address } from "./address.js";
import { bare, etagOf, header, isConflict, parsed } from "./answers.js";
import { Connection } from "./connection.js";
import { decodedBody, encodingsOf } from "./encoding.js";
import { failure } from "./errors.js";
import { noted, objectFacts, sizeOf, wholeChecksum } from "./facts.js";
import * as listings from "./listings.js";
import { arrived, multipartPut } from "./multipart.js";
import { clientProblems } from "./parameters.js";
import { hexToBase64, sha256 } from "./signing.js";

/** @import { Problem } from "./answers.js" */
/** @import { Operation, Reply } from "./connection.js" */
/** @import { Credentials } from "./signing.js" */
/** @import { Answer, Hold } from "../http/transport.js" */

const MIB = 1024 * 1024;

/** The most bytes of an answer that is asked for only to learn why another one had no body. */
const PROBE_LIMIT = 8 * MIB;

/** Servers that put objects together may answer late without being lost: so many times the stall timeout. */
const PATIENCE = 4;

/**
 * @typedef {object} S3Parameters
 * @property {string} [endpoint] AWS in the region unless given
 * @property {string} [region] derived from the endpoint, else `us-east-1`, unless given
 * @property {string} bucket
 * @property {Credentials} credentials
 * @property {"auto" | "path" | "virtual"} [addressing] `auto`: virtual hosts for AWS, path elsewhere
 * @property {boolean} [allowHttp] plain http to hosts that are not this machine
 * @property {"AES256" | "aws:kms"} [sse] server-side encryption of what is written
 * @property {string} [sseKmsKeyId]
 * @property {number} [retryAttempts] tries in all, the first included; 3
 * @property {number} [spareAttempts] further tries that all requests of this client together may take; 0
 * @property {number} [stallTimeoutMs] without any progress; 30,000
 * @property {number} [answerMsPerMib] how much longer an answer may take for each MiB that was sent; 5,000
 * @property {string} [proofMetadata] the metadata entry with the SHA-256 of an object's bytes in hex, which tells of an
 *   object that comes encoded whether it is stored so; bytes that are put with it are not hashed again
 * @property {number} [multipartThreshold] larger objects are sent in parts; 16 MiB
 * @property {number} [partSize] 8 MiB; raised where an object would need more than 10,000 parts
 *
 * @typedef {object} Surroundings
 * @property {Readonly<Record<string, string | undefined>>} [env] with the proxies; that of the process unless given
 * @property {() => number} [now] milliseconds since 1970
 * @property {(ms: number) => Promise<unknown>} [sleep]
 * @property {() => number} [random] at least 0, below 1
 * @property {(message: string) => void} [log] retries and corrections, without secrets
 * @property {AbortSignal} [signal] ends requests and waits with the failure `ABORTED`
 * @property {import("../spelling.js").Spelling} [spelling] how the caller calls options, for messages; as inputs unless given
 *
 * Times are milliseconds since 1970. `etag` is opaque and as the server gave it; empty where a proxy drops it.
 *
 * @typedef {object} ObjectFacts
 * @property {string} etag
 * @property {Record<string, string>} metadata names in lower case
 * @property {number | null} lastModified
 * @property {number | null} serverTime the server's clock when it answered
 * @property {string | null} versionId
 *
 * @typedef {ObjectFacts & {size: number | null, checksumSha256: string | null}} HeadFacts `size` is null where a proxy keeps
 *   it back
 * @typedef {ObjectFacts & {bytes: Uint8Array, checksumSha256: string | null}} StoredObject `checksumSha256` is
 *   base64, null where the server keeps none of the whole object; it was compared with the bytes
 * @typedef {{status: "stored", etag: string, versionId: string | null, serverTime: number | null}
 *   | {status: "conflict"}} PutOutcome
 *
 * @typedef {object} PutOptions
 * @property {string | null} [ifMatch] write only over the object with this ETag
 * @property {boolean} [ifNoneMatch] write only where there is no object
 * @property {Record<string, string>} [metadata] names of lower-case letters, digits and `-`; values of printable ASCII
 * @property {string} [contentType]
 * @property {Hold} [hold] for writers that are to meet: of the object's bytes, in parts of the completion
 * @property {(sent: number, total: number) => void} [onProgress] falls back when an attempt starts again
 * @property {boolean} [multipart] whether in parts, whatever the size; by the size unless given
 * @property {boolean} [trusting] in parts, leave it to the server alone whether `ifMatch` is met; otherwise the object is
 *   looked at once more before it is replaced, because some servers keep conditions of plain writes only
 *
 * @typedef {object} GetOptions
 * @property {(received: number, total: number | null) => void} [onProgress]
 * @property {number} [limit] bytes; larger objects are the failure `S3_TOO_LARGE`, at the answer's header where it
 *   announces the size; `HISTORY_LIMIT`
 * @property {boolean} [versioned] an object that comes without an ETag is the failure `S3_ETAG_MISSING`
 * @property {string} [sha256Metadata] the metadata entry with the SHA-256 of the bytes in hex: where an object has
 *   it, the bytes are compared with it and fetched again when they differ
 */

/** One bucket of one server. */
export class S3Client {
  #connection;
  #settings;
  /** How the server wants ETags in `If-Match`. */
  #etagForm = /** @type {"quoted" | "bare"} */ ("quoted");
  /** Whether a precondition in that form was ever met. */
  #etagFormProven = false;

  /**
   * @param {S3Parameters} parameters
   * @param {Surroundings} [surroundings]
   * @throws {Failure} of type `validation`: `S3_PARAMETERS_INVALID`, `S3_ENDPOINT_INSECURE`
   */
  constructor(parameters, surroundings = {}) {
    const problem = clientProblems(parameters, surroundings.spelling);
    if (problem) throw problem;
    this.#connection = new Connection(parameters, surroundings);
    const { sse, sseKmsKeyId, multipartThreshold = 16 * MIB, partSize = 8 * MIB } = parameters;
    const { proofMetadata } = parameters;
    this.#settings = { sse, sseKmsKeyId, multipartThreshold, partSize, proofMetadata };
  }

  /** The host of the endpoint, with its port. */
  get host() {
    return this.#connection.host;
  }

  get bucket() {
    return this.#connection.bucket;
  }

  /** The endpoint without the bucket's name, where it seems to hold it although it is put into the path; else null. */
  get withoutBucket() {
    return this.#connection.withoutBucket;
  }

  /** The region signed for; after a request it is the one the server named. */
  get region() {
    return this.#connection.region;
  }

  /**
   * How many milliseconds the store's clock is ahead of this machine's, negative where it is behind: from the `Date` of
   * its answers, about half a second exact. Null before any answer said so.
   *
   * @returns {number | null}
   */
  get clockOffsetMs() {
    return this.#connection.clockOffsetMs;
  }

  /** The present by the store's clock, as far as it was heard, in milliseconds since 1970. */
  get present() {
    return this.#connection.present;
  }

  /** Closes idle connections; the client can still be used. */
  close() {
    this.#connection.close();
  }

  /** @param {number} size bytes @returns {boolean} whether `put` sends so many in parts by default */
  sendsInParts(size) {
    return size > this.#settings.multipartThreshold;
  }

  /**
   * @param {string} key
   * @param {GetOptions} [options]
   * @returns {Promise<StoredObject | null>} null only when the server says `NoSuchKey`
   * @throws {Failure}
   */
  get(key, options = {}) {
    return this.#read(key, {}, options);
  }

  /**
   * An earlier version of an object.
   *
   * @param {string} key
   * @param {string} versionId
   * @param {GetOptions} [options]
   * @returns {Promise<StoredObject | null>} null only when the server says that there is no such version
   */
  getVersion(key, versionId, options = {}) {
    return this.#read(key, { versionId }, options);
  }

  /**
   * @param {string} key
   * @param {Record<string, string>} query
   * @param {GetOptions} options
   */
  async #read(key, query, { onProgress, limit = HISTORY_LIMIT, sha256Metadata, versioned }) {
    const operation = /** @type {const} */ ({ doing: "could not read", method: "GET", key, query });
    const reply = await this.#connection.request({
      ...operation,
      headers: () => this.#connection.checksummed({ "x-amz-checksum-mode": "ENABLED" }),
      limit,
      reads: true,
      expects: (status, problem) => status === 200 || saysAbsent(status, problem),
      asStored: true,
      check: (answer) => this.#damage(answer, operation, { limit, sha256Metadata }),
      onReceived: onProgress,
    });
    if (reply.status !== 200) return null;
    if (versioned && bare(etagOf(reply)) === "") throw this.#connection.withoutEtag(operation);
    return { ...objectFacts(reply), bytes: reply.body, checksumSha256: wholeChecksum(reply) };
  }

  /**
   * Whether an object's bytes are not those that its checksums speak of. Where it came encoded, its checksums say whether
   * it is stored so or a hop encoded it; then the answer gets the decoded bytes.
   *
   * @param {Answer} answer
   * @param {Pick<Operation, "doing" | "key">} operation
   * @param {{limit: number, sha256Metadata?: string}} options
   */
  async #damage(answer, operation, { limit, sha256Metadata }) {
    if (answer.status !== 200) return null;
    const encodings = encodingsOf(answer);
    const { proofMetadata } = this.#settings;
    const theirs = wholeChecksum(answer);
    const expected = new Set([
      ...(theirs ? [Buffer.from(theirs, "base64").toString("hex")] : []),
      ...(sha256Metadata ? noted(answer, sha256Metadata) : []),
      ...(encodings.length > 0 && proofMetadata ? noted(answer, proofMetadata) : []),
    ]);
    if (expected.size === 0 && encodings.length > 0) {
      return failure(
        {
          code: "S3_UNEXPECTED",
          cause: `the object comes encoded as \`${encodings.join(", ").slice(0, 80)}\`, though it was asked for as it is, and no checksum shows whether it is stored so`,
          hint: "Store the object without a content encoding, and keep proxies from compressing it.",
        },
        this.#connection.at(operation),
      );
    }
    const proves = (/** @type {Uint8Array} */ bytes) => expected.size === 1 && expected.has(sha256(bytes));
    if (expected.size === 0 || proves(answer.body)) return null;
    if (encodings.length > 0) {
      const body = await decodedBody(answer, limit);
      if (proves(body)) {
        answer.body = body;
        return null;
      }
    }
    return failure(
      {
        code: "S3_CHECKSUM_MISMATCH",
        cause: "the bytes that came do not have the checksum that the object was stored with",
        hint: "Try again; when it stays so, the stored object is damaged.",
        retryable: true,
      },
      this.#connection.at(operation),
    );
  }

  /**
   * @param {string} key
   * @param {{attempts?: number}} [options] `attempts`: tries of each request at most
   * @returns {Promise<HeadFacts | null>} null only for a confirmed absence: a HEAD has no body that could say so,
   *   so a 404 is confirmed by a GET
   */
  async head(key, { attempts } = {}) {
    for (let round = 1; ; round++) {
      const reply = await this.#connection.request({
        doing: "could not look up",
        method: "HEAD",
        key,
        attempts,
        headers: () => this.#connection.checksummed({ "x-amz-checksum-mode": "ENABLED" }),
        reads: true,
        expects: (status) => status === 200 || [400, 403, 404].includes(status),
      });
      if (reply.status === 200) {
        return { ...objectFacts(reply), size: sizeOf(reply), checksumSha256: wholeChecksum(reply) };
      }
      const answer = await this.#connection.request({
        doing: "could not look up",
        method: "GET",
        key,
        attempts,
        headers: () => ({ range: "bytes=0-0" }),
        limit: PROBE_LIMIT,
        reads: true,
        asStored: true,
        // 416: there is an object and it is empty.
        expects: (status, problem) => [200, 206, 416].includes(status) || saysAbsent(status, problem),
      });
      if (saysAbsent(answer.status, answer.problem)) return null;
      // The object came between the two questions, or the server answers one of them wrongly.
      if (round === 2) throw this.#connection.unexpected(reply, { doing: "could not look up", key });
    }
  }

  /**
   * Stores an object. A precondition that is not met is an answer: 412, 409, and 404 for `ifMatch` on an object
   * that is gone. When an answer is lost and the request sent again, the second one may find the first one's own
   * object: that too is `conflict`, and only the caller can find out, by looking. Where no attempt got an answer, or only
   * errors of the server, the object is looked at once: with this content and this metadata it counts as stored.
   *
   * @param {string} key
   * @param {Uint8Array} bytes
   * @param {PutOptions} [options]
   * @returns {Promise<PutOutcome>}
   * @throws {Failure} `S3_PRECONDITION_UNSUPPORTED` where the server refuses preconditions; nothing is written then.
   *   `S3_ETAG_MISSING` where `ifMatch` is empty; also after a write, where no answer has the new object's ETag
   */
  async put(key, bytes, options = {}) {
    const { contentType = "application/octet-stream", metadata = {}, hold, onProgress, trusting } = options;
    const { multipart = this.sendsInParts(bytes.byteLength) } = options;
    const { partSize } = this.#settings;
    const described = { "content-type": contentType, ...metadataHeaders(metadata), ...this.#encryption() };
    const hex = once(() => metadata[this.#settings.proofMetadata ?? ""] ?? sha256(bytes));
    if (multipart) {
      return this.#conditionally(key, options, (condition) =>
        multipartPut(this.#connection, {
          head: (name, how) => this.head(name, how),
          key,
          bytes,
          sha256: hex,
          partSize,
          described,
          metadata,
          condition,
          trusting,
          hold,
          onProgress,
        }),
      );
    }
    return this.#conditionally(key, options, async (condition) => {
      let doubtful = false;
      const request = this.#connection.request({
        doing: "could not write",
        method: "PUT",
        key,
        headers: () => ({
          ...described,
          ...condition,
          ...this.#connection.checksummed({ "x-amz-checksum-sha256": hexToBase64(hex()) }),
        }),
        body: bytes,
        payloadSha256: hex(),
        conditional: Object.keys(condition).length > 0,
        hold,
        expects: (status, problem) => status === 200 || isConflict(status, problem, condition),
        onSent: (sent) => onProgress?.(sent, bytes.byteLength),
        onDoubt: () => {
          doubtful = true;
        },
      });
      const head = (/** @type {string} */ name, /** @type {{attempts?: number}} */ how) =>
        this.head(name, how);
      /** @type {Reply} */
      let reply;
      try {
        reply = await request;
      } catch (error) {
        const stored = doubtful && !hold ? await arrived({ key, bytes, sha256: hex, metadata, head }) : null;
        if (!stored) throw error;
        const { etag, versionId, serverTime } = stored;
        return { status: "stored", etag, versionId, serverTime };
      }
      return reply.status === 200 ? this.#storedOutcome(key, reply) : { status: "conflict" };
    });
  }

  /**
   * Writes under the caller's precondition. A server may want ETags without their quotes and answer 412 to the
   * others; then the object still has the ETag that was named, and the other form decides.
   *
   * @param {string} key
   * @param {PutOptions} options
   * @param {(condition: Record<string, string>) => Promise<PutOutcome>} write
   * @returns {Promise<PutOutcome>}
   */
  async #conditionally(key, { ifMatch = null, ifNoneMatch = false }, write) {
    if (ifNoneMatch) return write({ "if-none-match": "*" });
    if (ifMatch === null) return write({});
    // An empty one would be no precondition, or one without a known meaning.
    if (bare(ifMatch) === "") throw this.#connection.withoutEtag({ doing: "could not write", key });
    const form = this.#etagForm;
    const outcome = await write({ "if-match": form === "quoted" ? quoted(ifMatch) : bare(ifMatch) });
    if (outcome.status === "stored" || this.#etagFormProven) {
      this.#etagFormProven = true;
      return outcome;
    }
    const current = await this.head(key);
    if (current === null || bare(current.etag) !== bare(ifMatch)) return outcome;
    const other = form === "quoted" ? "bare" : "quoted";
    this.#connection.log(`\`${this.host}\` refuses the ETag in \`If-Match\` ${form}; trying it ${other}`);
    const second = await write({ "if-match": other === "quoted" ? quoted(ifMatch) : bare(ifMatch) });
    if (second.status === "stored") {
      this.#etagForm = other;
      this.#etagFormProven = true;
    }
    return second;
  }

  /**
   * Copies an object inside the bucket, on the server.
   *
   * @param {string} fromKey
   * @param {string} toKey
   * @param {{metadata?: Record<string, string>, contentType?: string, versionId?: string, ifMatch?: string}} [options]
   *   with metadata the copy has these instead of the original's; `ifMatch` copies only what has this ETag
   * @returns {Promise<{etag: string}>}
   * @throws {Failure} `S3_OBJECT_MISSING`, `S3_SOURCE_CHANGED`, `S3_ETAG_MISSING`
   */
  async copy(fromKey, toKey, { metadata, contentType, versionId, ifMatch } = {}) {
    const source = new Address({ endpoint: "https://x", bucket: this.bucket, addressing: "path" })
      .url(fromKey, versionId ? { versionId } : {})
      .href.slice("https://x".length);
    const operation = { doing: "could not copy", key: fromKey };
    if (ifMatch !== undefined && bare(ifMatch) === "") throw this.#connection.withoutEtag(operation);
    const reply = await this.#connection.request({
      doing: operation.doing,
      method: "PUT",
      key: toKey,
      headers: () => ({
        "x-amz-copy-source": source,
        ...(ifMatch ? { "x-amz-copy-source-if-match": quoted(ifMatch) } : {}),
        ...(metadata
          ? {
              "x-amz-metadata-directive": "REPLACE",
              "content-type": contentType ?? "application/octet-stream",
              ...metadataHeaders(metadata),
            }
          : {}),
        ...this.#encryption(),
      }),
      patience: PATIENCE,
      expects: (status) => status === 200 || (status === 412 && ifMatch !== undefined),
      check: (answer) => this.#connection.lateError(answer, operation),
    });
    if (reply.status === 412) {
      throw failure(
        {
          code: "S3_SOURCE_CHANGED",
          cause: "it was changed meanwhile",
          hint: "Read it again.",
          retryable: true,
        },
        this.#connection.at(operation),
      );
    }
    const result = parsed(reply.body, "CopyObjectResult");
    if (typeof result?.ETag !== "string") throw this.#connection.unexpected(reply, operation);
    return { etag: result.ETag };
  }

  /**
   * All objects whose keys start with `prefix`, in the server's order.
   *
   * @param {string} prefix
   * @returns {ReturnType<typeof listings.list>} with `serverTime`, that of the first page
   */
  list(prefix) {
    return listings.list(this.#connection, prefix);
  }

  /**
   * The versions of one object, newest first.
   *
   * @param {string} key
   * @returns {ReturnType<typeof listings.listVersions>} one with the id `null` in a bucket without versioning
   */
  listVersions(key) {
    return listings.listVersions(this.#connection, key);
  }

  /**
   * Multipart uploads that were started and neither completed nor aborted.
   *
   * @param {string} prefix
   * @returns {ReturnType<typeof listings.listUploads>}
   */
  listUploads(prefix) {
    return listings.listUploads(this.#connection, prefix);
  }

  /**
   * Deletes an object; one that does not exist is deleted already.
   *
   * @param {string} key
   */
  async delete(key) {
    await this.#connection.request({
      doing: "could not delete",
      method: "DELETE",
      key,
      expects: (status, problem) => status === 200 || status === 204 || saysAbsent(status, problem),
    });
  }

  /**
   * Whether the bucket is there and the credentials may see it.
   *
   * @returns {Promise<{region: string, serverTime: number | null}>}
   */
  async headBucket() {
    const doing = "could not look up";
    const reply = await this.#connection.request({
      doing,
      method: "HEAD",
      key: null,
      expects: (status) => status === 200 || [400, 403, 404].includes(status),
    });
    if (reply.status === 200) return { region: this.region, serverTime: reply.serverTime };
    // A HEAD cannot say why; a listing of one key can.
    const answer = await this.#connection.request({
      doing,
      method: "GET",
      key: null,
      query: { "list-type": "2", "max-keys": "1" },
      limit: PROBE_LIMIT,
    });
    if (!parsed(answer.body, "ListBucketResult"))
      throw this.#connection.unexpected(answer, { doing, key: null });
    return { region: this.region, serverTime: answer.serverTime };
  }

  #encryption() {
    const { sse, sseKmsKeyId } = this.#settings;
    return {
      ...(sse ? { "x-amz-server-side-encryption": sse } : {}),
      ...(sse === "aws:kms" && sseKmsKeyId
        ? { "x-amz-server-side-encryption-aws-kms-key-id": sseKmsKeyId }
        : {}),
    };
  }

  /**
   * @param {string} key
   * @param {Reply} reply
   * @returns {Promise<PutOutcome>}
   */
  async #storedOutcome(key, reply) {
    const { serverTime } = reply;
    const versionId = header(reply, "x-amz-version-id") || null;
    const etag = etagOf(reply) || (await this.head(key))?.etag;
    if (!etag) throw this.#connection.withoutEtag({ doing: "could not write", key });
    return { status: "stored", etag, versionId, serverTime };
  }
}

/** @param {number} status @param {Problem | null} problem */
function saysAbsent(status, problem) {
  return status === 404 && (problem?.code === "NoSuchKey" || problem?.code === "NoSuchVersion");
}

/** @param {Record<string, string>} metadata */
function metadataHeaders(metadata) {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => {
      if (!/^[a-z0-9-]+$/.test(name) || !/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)) {
        throw new Failure(`the metadata \`${name}\` cannot be sent as a header`, {
          type: "validation",
          code: "S3_PARAMETERS_INVALID",
          hint: "Use lower-case names and values of printable ASCII.",
        });
      }
      return [`x-amz-meta-${name}`, value];
    }),
  );
}

/** The same text each time, computed when it is first asked for. @param {() => string} compute */
function once(compute) {
  /** @type {string | undefined} */
  let text;
  return () => {
    text ??= compute();
    return text;
  };
}

/** @param {string} etag */
function quoted(etag) {
  return /^(W\/)?".*"$/.test(etag) ? etag : `"${etag}"`;
}
