/**
 * The S3 operations a history needs, over one bucket: signed, tried again where that can heal, each failure with a
 * stable code. It knows nothing of histories; what is absent, what is a conflict and what is a failure are three
 * different answers.
 */

import { setTimeout as sleepFor } from "node:timers/promises";
import { Failure } from "../failure.js";
import { Address, isSameProvider } from "./address.js";
import { bare, header, isConflict, parsed, problemIn, timeOf } from "./answers.js";
import { failure, failureOfAnswer, failureOfExchange } from "./errors.js";
import { multipartPut } from "./multipart.js";
import { clientProblems } from "./parameters.js";
import { LONGEST_RETRY_AFTER, retryAfter, waitBefore } from "./retry.js";
import { EMPTY_SHA256, hexToBase64, Signer, sha256 } from "./signing.js";
import { ExchangeError, Transport } from "./transport.js";

/** @import { Problem } from "./answers.js" */
/** @import { Circumstances } from "./errors.js" */
/** @import { Credentials } from "./signing.js" */
/** @import { Answer } from "./transport.js" */

const MIB = 1024 * 1024;

/** The most bytes of an answer that is not an object: a page of a listing, an error. */
const LISTING_LIMIT = 8 * MIB;
const ERROR_LIMIT = MIB;

/** The most bytes of an object, unless the caller says otherwise. */
const OBJECT_LIMIT = 1024 * MIB;

/** Two clocks further apart than this make signatures invalid somewhere; S3 itself allows 15 minutes. */
const SKEW_NOTICED = 4 * 60_000;

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
 * @property {number} [stallTimeoutMs] without any progress; 30,000
 * @property {number} [multipartThreshold] larger objects are sent in parts; 16 MiB
 * @property {number} [partSize] 8 MiB; raised where an object would need more than 10,000 parts
 *
 * @typedef {object} Surroundings
 * @property {() => number} [now] milliseconds since 1970
 * @property {(ms: number) => Promise<unknown>} [sleep]
 * @property {() => number} [random] at least 0, below 1
 * @property {(message: string) => void} [log] retries and corrections, without secrets
 * @property {AbortSignal} [signal] ends requests and waits with the failure `ABORTED`
 *
 * Times are milliseconds since 1970. `etag` is opaque and as the server gave it.
 *
 * @typedef {object} ObjectFacts
 * @property {string} etag
 * @property {Record<string, string>} metadata names in lower case
 * @property {number | null} lastModified
 * @property {number | null} serverTime the server's clock when it answered
 * @property {string | null} versionId
 *
 * @typedef {ObjectFacts & {size: number, checksumSha256: string | null}} HeadFacts
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
 * @property {(sent: number, total: number) => void} [onProgress] falls back when an attempt starts anew
 * @property {boolean} [multipart] false: never in parts, whatever the size
 *
 * @typedef {object} GetOptions
 * @property {(received: number, total: number | null) => void} [onProgress]
 * @property {number} [limit] bytes; larger objects are the failure `S3_TOO_LARGE`; 1 GiB
 * @property {string} [sha256Metadata] the metadata entry with the SHA-256 of the bytes in hex: where an object has
 *   it, the bytes are compared with it and fetched again when they differ
 */

/**
 * What one request is.
 *
 * @typedef {object} Operation
 * @property {string} doing such as "could not read"
 * @property {string} method
 * @property {string | null} key
 * @property {Record<string, string>} [query]
 * @property {() => Record<string, string>} [headers] asked anew for each attempt
 * @property {Uint8Array} [body]
 * @property {string} [payloadSha256] of the body, hex
 * @property {number} [limit]
 * @property {number} [patience]
 * @property {boolean} [reads]
 * @property {boolean} [conditional]
 * @property {(status: number, problem: Problem | null) => boolean} [expects] answers that are no failure; 2xx
 * @property {(answer: Answer) => Failure | null} [check] what is wrong with an expected answer
 * @property {(bytes: number, total: number | null) => void} [onSent]
 * @property {(bytes: number, total: number | null) => void} [onReceived]
 * @property {AbortSignal | null} [signal]
 *
 * @typedef {Answer & {problem: Problem | null, serverTime: number | null, attempts: number}} Reply
 */

/** One bucket of one server. */
export class S3Client {
  #address;
  #signer;
  #transport = new Transport();
  #settings;
  #now;
  #sleep;
  #random;
  #log;
  #signal;
  /** What the server's clock is ahead of this one's, once that mattered. */
  #skewMs = 0;
  /** Whether checksum headers are sent: until the server refuses them. */
  #checksums = true;
  /** How the server wants ETags in `If-Match`. */
  #etagForm = /** @type {"quoted" | "bare"} */ ("quoted");
  /** Whether a precondition in that form was ever met. */
  #etagFormProven = false;

  /**
   * @param {S3Parameters} parameters
   * @param {Surroundings} [surroundings]
   * @throws {Failure} of type `validation`: `S3_PARAMETERS_INVALID`, `S3_ENDPOINT_INSECURE`
   */
  constructor(parameters, { now = Date.now, sleep = sleepFor, random = Math.random, log, signal } = {}) {
    const problem = clientProblems(parameters);
    if (problem) throw problem;
    this.#address = new Address(parameters);
    this.#signer = new Signer(parameters.credentials);
    const {
      sse,
      sseKmsKeyId,
      retryAttempts = 3,
      stallTimeoutMs = 30_000,
      multipartThreshold = 16 * MIB,
      partSize = 8 * MIB,
    } = parameters;
    this.#settings = { sse, sseKmsKeyId, retryAttempts, stallTimeoutMs, multipartThreshold, partSize };
    this.#now = now;
    this.#sleep = sleep;
    this.#random = random;
    this.#log = log ?? (() => {});
    this.#signal = signal ?? null;
  }

  /** The host of the endpoint, with its port. */
  get host() {
    return this.#address.host;
  }

  get bucket() {
    return this.#address.bucket;
  }

  /** The region signed for; after a request it is the one the server named. */
  get region() {
    return this.#address.region;
  }

  /** Closes idle connections; the client can still be used. */
  close() {
    this.#transport.close();
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
  async #read(key, query, { onProgress, limit = OBJECT_LIMIT, sha256Metadata }) {
    const operation = /** @type {const} */ ({ doing: "could not read", method: "GET", key, query });
    const reply = await this.#request({
      ...operation,
      headers: () => this.#checksummed({ "x-amz-checksum-mode": "ENABLED" }),
      limit,
      reads: true,
      expects: (status, problem) => status === 200 || saysAbsent(status, problem),
      check: (answer) => this.#damage(answer, operation, sha256Metadata),
      onReceived: onProgress,
    });
    if (reply.status !== 200) return null;
    return { ...objectFacts(reply), bytes: reply.body, checksumSha256: wholeChecksum(reply) };
  }

  /**
   * Whether an object's bytes are not those that its checksums speak of.
   *
   * @param {Answer} answer
   * @param {Pick<Operation, "doing" | "key">} operation
   * @param {string} [sha256Metadata]
   */
  #damage(answer, operation, sha256Metadata) {
    if (answer.status !== 200) return null;
    const encoding = answer.headers["content-encoding"];
    if (encoding && !["identity", "aws-chunked"].includes(encoding)) {
      return failure(
        {
          code: "S3_UNEXPECTED",
          cause: `the object comes encoded as \`${encoding}\`, though it was asked for as it is`,
          hint: "Store the object without a content encoding, and keep proxies from compressing it.",
        },
        this.#at(operation),
      );
    }
    const noted = sha256Metadata ? answer.headers[`x-amz-meta-${sha256Metadata}`] : undefined;
    const theirs = wholeChecksum(answer);
    const expected = new Set([
      ...(theirs ? [Buffer.from(theirs, "base64").toString("hex")] : []),
      ...(typeof noted === "string" ? [noted.toLowerCase()] : []),
    ]);
    if (expected.size === 0) return null;
    const found = sha256(answer.body);
    if (expected.size === 1 && expected.has(found)) return null;
    return failure(
      {
        code: "S3_CHECKSUM_MISMATCH",
        cause: "the bytes that came do not have the checksum that the object was stored with",
        hint: "Try again; when it stays so, the stored object is damaged.",
        retryable: true,
      },
      this.#at(operation),
    );
  }

  /**
   * @param {string} key
   * @returns {Promise<HeadFacts | null>} null only for a confirmed absence: a HEAD has no body that could say so,
   *   so a 404 is confirmed by a GET
   */
  async head(key) {
    for (let round = 1; ; round++) {
      const reply = await this.#request({
        doing: "could not look up",
        method: "HEAD",
        key,
        headers: () => this.#checksummed({ "x-amz-checksum-mode": "ENABLED" }),
        reads: true,
        expects: (status) => status === 200 || [400, 403, 404].includes(status),
      });
      if (reply.status === 200) {
        const size = Number(reply.headers["content-length"] ?? Number.NaN);
        return { ...objectFacts(reply), size, checksumSha256: wholeChecksum(reply) };
      }
      const told = await this.#request({
        doing: "could not look up",
        method: "GET",
        key,
        headers: () => ({ range: "bytes=0-0" }),
        limit: LISTING_LIMIT,
        reads: true,
        // 416: there is an object and it is empty.
        expects: (status, problem) => [200, 206, 416].includes(status) || saysAbsent(status, problem),
      });
      if (saysAbsent(told.status, told.problem)) return null;
      // The object came between the two questions, or the server answers one of them wrongly.
      if (round === 2) throw this.#unexpected(reply, { doing: "could not look up", key });
    }
  }

  /**
   * Stores an object. A precondition that is not met is an answer: 412, 409, and 404 for `ifMatch` on an object
   * that is gone. When an answer is lost and the request sent again, the second one may find the first one's own
   * object: that too is `conflict`, and only the caller can tell, by looking. (In parts, an object with this size and
   * this metadata counts as stored when the completion's answer was lost.)
   *
   * @param {string} key
   * @param {Uint8Array} bytes
   * @param {PutOptions} [options]
   * @returns {Promise<PutOutcome>}
   * @throws {Failure} `S3_PRECONDITION_UNSUPPORTED` where the server refuses preconditions; nothing is written then
   */
  async put(key, bytes, options = {}) {
    const { contentType = "application/octet-stream", metadata = {}, onProgress, multipart = true } = options;
    const { multipartThreshold, partSize } = this.#settings;
    const described = { "content-type": contentType, ...metadataHeaders(metadata), ...this.#encryption() };
    if (multipart && bytes.byteLength > multipartThreshold) {
      return this.#conditionally(key, options, (condition) =>
        multipartPut(this.#multipartDoor(), {
          key,
          bytes,
          partSize,
          described,
          metadata,
          condition,
          onProgress,
        }),
      );
    }
    const hex = sha256(bytes);
    return this.#conditionally(key, options, async (condition) => {
      const reply = await this.#request({
        doing: "could not write",
        method: "PUT",
        key,
        headers: () => ({
          ...described,
          ...condition,
          ...this.#checksummed({ "x-amz-checksum-sha256": hexToBase64(hex) }),
        }),
        body: bytes,
        payloadSha256: hex,
        conditional: Object.keys(condition).length > 0,
        expects: (status, problem) => status === 200 || isConflict(status, problem, condition),
        onSent: (sent) => onProgress?.(sent, bytes.byteLength),
      });
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
    const form = this.#etagForm;
    const outcome = await write({ "if-match": form === "quoted" ? quoted(ifMatch) : bare(ifMatch) });
    if (outcome.status === "stored" || this.#etagFormProven) {
      this.#etagFormProven = true;
      return outcome;
    }
    const current = await this.head(key);
    if (current === null || bare(current.etag) !== bare(ifMatch)) return outcome;
    const other = form === "quoted" ? "bare" : "quoted";
    this.#log(`\`${this.host}\` refuses the ETag in \`If-Match\` ${form}; trying it ${other}`);
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
   * @throws {Failure} `S3_OBJECT_MISSING`, `S3_SOURCE_CHANGED`
   */
  async copy(fromKey, toKey, { metadata, contentType, versionId, ifMatch } = {}) {
    const source = new Address({ endpoint: "https://x", bucket: this.bucket, addressing: "path" })
      .url(fromKey, versionId ? { versionId } : {})
      .href.slice("https://x".length);
    const operation = { doing: "could not copy", key: fromKey };
    const reply = await this.#request({
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
      check: (answer) => this.#lateError(answer, operation),
    });
    if (reply.status === 412) {
      throw failure(
        {
          code: "S3_SOURCE_CHANGED",
          cause: "it was changed meanwhile",
          hint: "Read it again.",
          retryable: true,
        },
        this.#at(operation),
      );
    }
    const result = parsed(reply.body, "CopyObjectResult");
    if (typeof result?.ETag !== "string") throw this.#unexpected(reply, operation);
    return { etag: result.ETag };
  }

  /**
   * All objects whose keys begin with `prefix`, in the server's order.
   *
   * @param {string} prefix
   * @returns {Promise<{objects: {key: string, size: number, etag: string, lastModified: number | null}[],
   *   serverTime: number | null}>} `serverTime` is that of the first page
   */
  async list(prefix) {
    /** @type {{key: string, size: number, etag: string, lastModified: number | null}[]} */
    const objects = [];
    const serverTime = await this.#pages(
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
   * @param {string} key
   * @returns {Promise<{versionId: string, lastModified: number | null, size: number, isLatest: boolean,
   *   deleteMarker: boolean, etag: string}[]>} one version with the id `null` in a bucket without versioning
   */
  async listVersions(key) {
    /** @type {Awaited<ReturnType<S3Client["listVersions"]>>} */
    const versions = [];
    await this.#pages(
      "ListVersionsResult",
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

  /**
   * Multipart uploads that were begun and neither completed nor aborted.
   *
   * @param {string} prefix
   * @returns {Promise<{key: string, uploadId: string, initiated: number | null}[]>}
   */
  async listUploads(prefix) {
    /** @type {{key: string, uploadId: string, initiated: number | null}[]} */
    const uploads = [];
    await this.#pages(
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
   * @param {string} root
   * @param {Record<string, string>} query
   * @param {Record<string, string>} markers query parameter of the next page: element of this one
   * @param {(page: Record<string, any>) => boolean} take false: no further page is wanted
   */
  async #pages(root, query, markers, take) {
    const operation = { doing: "could not list", key: null };
    /** @type {number | null} */
    let serverTime = null;
    /** @type {Record<string, string>} */
    let next = {};
    for (let first = true; ; first = false) {
      const reply = await this.#request({
        ...operation,
        method: "GET",
        query: { ...query, ...next },
        limit: LISTING_LIMIT,
      });
      const page = parsed(reply.body, root);
      if (!page) throw this.#unexpected(reply, operation);
      if (first) serverTime = reply.serverTime;
      if (!take(page) || page.IsTruncated !== "true") return serverTime;
      const following = Object.fromEntries(
        Object.entries(markers)
          .filter(([, element]) => typeof page[element] === "string" && page[element] !== "")
          .map(([name, element]) => [name, page[element]]),
      );
      // A listing that cannot go on is not a short listing.
      if (Object.keys(following).length === 0 || same(following, next)) {
        throw this.#unexpected(reply, operation);
      }
      next = following;
    }
  }

  /**
   * Deletes an object; one that does not exist is deleted already.
   *
   * @param {string} key
   */
  async delete(key) {
    await this.#request({
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
    const reply = await this.#request({
      doing,
      method: "HEAD",
      key: null,
      expects: (status) => status === 200 || [400, 403, 404].includes(status),
    });
    if (reply.status === 200) return { region: this.region, serverTime: reply.serverTime };
    // A HEAD cannot say why; a listing of one key can.
    const told = await this.#request({
      doing,
      method: "GET",
      key: null,
      query: { "list-type": "2", "max-keys": "1" },
      limit: LISTING_LIMIT,
    });
    if (!parsed(told.body, "ListBucketResult")) throw this.#unexpected(told, { doing, key: null });
    return { region: this.region, serverTime: told.serverTime };
  }

  // ------------------------------------------------------------------------------------------ one request

  /**
   * Sends a request until an answer is one of those expected, as often as may help.
   *
   * @param {Operation} operation
   * @returns {Promise<Reply>}
   * @throws {Failure}
   */
  async #request(operation) {
    const { expects = (status) => status >= 200 && status < 300, signal = this.#signal } = operation;
    const corrected = { region: false, clock: false, checksums: false, redirects: 0 };
    /** @type {URL | null} */
    let elsewhere = null;
    for (let attempt = 1; ; ) {
      /** @type {Failure} */
      let trouble;
      /** @type {number | null} */
      let wanted = null;
      try {
        const answer = await this.#exchange(operation, elsewhere, signal);
        const problem = answer.status === 200 ? null : problemIn(answer.body);
        const serverTime = timeOf(answer.headers.date);
        if (expects(answer.status, problem)) {
          const wrong = operation.check?.(answer) ?? null;
          if (!wrong) return { ...answer, problem, serverTime, attempts: attempt };
          trouble = wrong;
        } else {
          const mended = this.#mend(answer, problem, serverTime, operation, corrected);
          if (mended) {
            elsewhere = mended === true ? elsewhere : mended;
            continue;
          }
          trouble = this.#failed(answer, problem, serverTime, operation);
          wanted = retryAfter(header(answer, "retry-after"), serverTime ?? this.#now());
        }
      } catch (error) {
        if (!(error instanceof ExchangeError)) throw error;
        trouble = failureOfExchange(error, this.#at(operation));
      }
      const tries = attempt === 1 ? "" : ` (${attempt} attempts)`;
      const tooLong = wanted !== null && wanted > LONGEST_RETRY_AFTER;
      if (!trouble.retryable || attempt >= this.#settings.retryAttempts || tooLong) {
        const asked = tooLong ? `; the server asks to wait for ${Math.ceil((wanted ?? 0) / 1000)} s` : "";
        throw told(trouble, `${asked}${tries}`);
      }
      const wait = waitBefore({ attempt, retryAfterMs: wanted, random: this.#random });
      this.#log(`${trouble.message}; attempt ${attempt + 1} in ${wait} ms`);
      await this.#pause(wait, signal, operation);
      attempt += 1;
    }
  }

  /**
   * @param {Operation} operation
   * @param {URL | null} elsewhere where a redirect sent it
   * @param {AbortSignal | null} signal
   */
  async #exchange(operation, elsewhere, signal) {
    const { method, key, query, headers, body = null, limit = ERROR_LIMIT, patience = 1 } = operation;
    const url = elsewhere ?? this.#address.url(key, query);
    const payload = body ?? (method === "PUT" || method === "POST" ? new Uint8Array() : null);
    const signed = await this.#signer.sign({
      method,
      url,
      headers: { "accept-encoding": "identity", ...headers?.() },
      payloadSha256: operation.payloadSha256 ?? (body ? sha256(body) : EMPTY_SHA256),
      region: this.#address.region,
      time: this.#now() + this.#skewMs,
    });
    return this.#transport.exchange({
      method,
      url,
      headers: signed,
      body: payload,
      limit: (status) => (status >= 200 && status < 300 ? limit : ERROR_LIMIT),
      stallTimeoutMs: this.#settings.stallTimeoutMs * patience,
      onSent: (bytes) => operation.onSent?.(bytes, payload?.byteLength ?? null),
      onReceived: (bytes, total, status) => {
        if (status >= 200 && status < 300) operation.onReceived?.(bytes, total);
      },
      signal,
    });
  }

  /**
   * Corrects what the server says is wrong with every request: region, clock, host, checksum headers; each once.
   *
   * @param {Answer} answer
   * @param {Problem | null} problem
   * @param {number | null} serverTime
   * @param {Operation} operation
   * @param {{region: boolean, clock: boolean, checksums: boolean, redirects: number}} corrected
   * @returns {boolean | URL} false: nothing to correct; a URL: send it there
   */
  #mend(answer, problem, serverTime, operation, corrected) {
    const region = header(answer, "x-amz-bucket-region") || problem?.region || "";
    const regional = [301, 307, 308, 400, 403].includes(answer.status) && /^[a-z0-9-]{2,40}$/.test(region);
    if (regional && region !== this.region && !corrected.region) {
      corrected.region = true;
      this.#log(`the bucket \`${this.bucket}\` is in region \`${region}\`, not \`${this.region}\``);
      this.#address = this.#address.inRegion(region);
      return true;
    }
    const location = header(answer, "location");
    if ([301, 302, 307, 308].includes(answer.status) && location && corrected.redirects < 2) {
      corrected.redirects += 1;
      const here = this.#address.url(operation.key, operation.query);
      const there = URL.canParse(location, here) ? new URL(location, here) : null;
      if (there && isSameProvider(here, there)) {
        this.#log(`\`${this.host}\` sends this request on to \`${there.host}\``);
        return there;
      }
      throw failure(
        {
          code: "S3_REDIRECTED",
          cause: `the server sends the request on to \`${there?.host ?? "an address that is none"}\`, where the credentials are not sent`,
          hint: "Set `s3-endpoint` to that host if it is the provider's.",
        },
        this.#at(operation),
      );
    }
    const skew = serverTime === null ? 0 : serverTime - this.#now();
    const late = problem?.code === "RequestTimeTooSkewed" || Math.abs(skew - this.#skewMs) > SKEW_NOTICED;
    if (answer.status === 403 && late && serverTime !== null && !corrected.clock && skew !== this.#skewMs) {
      corrected.clock = true;
      this.#skewMs = skew;
      this.#log(`the server's clock is ${Math.round(skew / 1000)} s ahead; signing with its time`);
      return true;
    }
    const refused =
      answer.status === 501 || (answer.status === 400 && CHECKSUM_REFUSALS.has(problem?.code ?? ""));
    const sends = Object.keys(operation.headers?.() ?? {}).some((name) => name.startsWith("x-amz-checksum-"));
    if (refused && sends && !corrected.checksums) {
      corrected.checksums = true;
      this.#checksums = false;
      this.#log(`\`${this.host}\` may not know checksum headers (${answer.status}); going on without`);
      return true;
    }
    return false;
  }

  /**
   * @param {number} ms
   * @param {AbortSignal | null} signal
   * @param {Operation} operation
   */
  async #pause(ms, signal, operation) {
    /** @type {() => void} */
    let stop = () => {};
    const aborted = new Promise((_, reject) => {
      stop = () => reject(failureOfExchange(new ExchangeError("aborted", "stopped"), this.#at(operation)));
    });
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop, { once: true });
    try {
      await Promise.race([this.#sleep(ms), aborted]);
    } finally {
      signal?.removeEventListener("abort", stop);
      // Nobody may be left to hear it.
      aborted.catch(() => {});
    }
  }

  /**
   * @param {Answer} answer
   * @param {Problem | null} problem
   * @param {number | null} serverTime
   * @param {Operation} operation
   */
  #failed(answer, problem, serverTime, operation) {
    const region = header(answer, "x-amz-bucket-region") || problem?.region || "";
    const said = region ? { code: problem?.code ?? "", message: problem?.message ?? "", region } : problem;
    const skewMs = serverTime === null ? 0 : serverTime - this.#now();
    return failureOfAnswer(answer.status, said, { ...this.#at(operation), skewMs });
  }

  /**
   * An answer whose status is good and whose content is not.
   *
   * @param {Answer} answer
   * @param {Pick<Operation, "doing" | "key">} operation
   */
  #unexpected(answer, operation) {
    return failure(
      {
        code: "S3_UNEXPECTED",
        cause: `the server's answer is not understood (${answer.status}, ${answer.body.length} bytes)`,
        hint: "Check that `s3-endpoint` is the address of an S3 service and not of a web page or a proxy.",
      },
      this.#at(operation),
    );
  }

  /**
   * Operations that take long answer 200 first and may fail behind it.
   *
   * @param {Answer} answer
   * @param {Pick<Operation, "doing" | "key">} operation
   */
  #lateError(answer, operation) {
    const problem = answer.status === 200 ? problemIn(answer.body) : null;
    return problem && failureOfAnswer(500, problem, this.#at(operation));
  }

  /**
   * @param {Partial<Operation> & Pick<Operation, "doing" | "key">} operation
   * @returns {Circumstances}
   */
  #at({ doing, key, reads, conditional }) {
    const { bucket, host, region } = this;
    return { doing, key, reads, conditional, bucket, host, region, secrets: this.#signer.secrets() };
  }

  /** @param {Record<string, string>} headers @returns {Record<string, string>} nothing where they are refused */
  #checksummed(headers) {
    return this.#checksums ? headers : {};
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
    const etag = header(reply, "etag") || (await this.head(key))?.etag;
    if (!etag) throw this.#unexpected(reply, { doing: "could not write", key });
    return { status: "stored", etag, versionId, serverTime };
  }

  /** What multipart uploads need of this client. */
  #multipartDoor() {
    return {
      request: (/** @type {Operation} */ operation) => this.#request(operation),
      head: (/** @type {string} */ key) => this.head(key),
      lateError: (/** @type {Answer} */ answer, /** @type {Pick<Operation, "doing" | "key">} */ operation) =>
        this.#lateError(answer, operation),
      unexpected: (/** @type {Answer} */ answer, /** @type {Pick<Operation, "doing" | "key">} */ operation) =>
        this.#unexpected(answer, operation),
      checksummed: (/** @type {Record<string, string>} */ headers) => this.#checksummed(headers),
      log: this.#log,
    };
  }
}

/** Codes by which servers refuse headers that they do not know. */
const CHECKSUM_REFUSALS = new Set(["NotImplemented", "InvalidArgument", "InvalidRequest", "InvalidHeader"]);

/** @param {number} status @param {Problem | null} problem */
function saysAbsent(status, problem) {
  return status === 404 && (problem?.code === "NoSuchKey" || problem?.code === "NoSuchVersion");
}

/** @param {Reply} reply @returns {ObjectFacts} */
function objectFacts(reply) {
  const prefix = "x-amz-meta-";
  const metadata = Object.fromEntries(
    Object.keys(reply.headers)
      .filter((name) => name.startsWith(prefix))
      .map((name) => [name.slice(prefix.length), header(reply, name)]),
  );
  return {
    etag: header(reply, "etag"),
    metadata,
    lastModified: timeOf(header(reply, "last-modified")),
    serverTime: reply.serverTime,
    versionId: header(reply, "x-amz-version-id") || null,
  };
}

/** The checksum of the whole object; that of a list of parts says nothing about the bytes. @param {Answer} answer */
function wholeChecksum(answer) {
  const checksum = header(answer, "x-amz-checksum-sha256");
  const type = header(answer, "x-amz-checksum-type");
  // Servers that leave the type out tell a checksum of parts by its dash, or only by the ETag's.
  const inParts = checksum.includes("-") || /-\d+"?$/.test(header(answer, "etag"));
  const composite = type === "COMPOSITE" || (type !== "FULL_OBJECT" && inParts);
  return checksum && !composite ? checksum : null;
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

/** @param {string} etag */
function quoted(etag) {
  return /^(W\/)?".*"$/.test(etag) ? etag : `"${etag}"`;
}

/** @param {Record<string, string>} a @param {Record<string, string>} b */
function same(a, b) {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** @param {Failure} trouble @param {string} addition */
function told(trouble, addition) {
  if (addition === "") return trouble;
  const { type, code, hint, retryable, cause } = trouble;
  return new Failure(trouble.message + addition, { type, code, hint, retryable, cause });
}
