/**
 * A history as an object in an S3-compatible store: reads it whole, replaces it only where it is still the one that
 * was read, keeps a backup and proves what it stored. Sends requests through the client and knows nothing of builds.
 *
 * Beside the object `<key>` are `<key>.bak`, the one that was replaced last; `<key>.corrupt-<time>`, damaged ones;
 * `<key>.gone-<time>`, the backups of ones that were deleted;
 * `<key>.pending/`, builds on their way where the server does not honour preconditions; and for moments
 * `<key>.probe-…`.
 */

import { setTimeout as sleepFor } from "node:timers/promises";
import { Failure } from "../../failure.js";
import { asTooLarge } from "../../http/limits.js";
import { RESERVE } from "../../http/retry.js";
import { S3Client } from "../../s3/client.js";
import { givenParameters, s3Parameters } from "../../s3/parameters.js";
import { AS_INPUTS } from "../../spelling.js";
import { Remedy } from "../copies.js";
import { keyBeside } from "./beside.js";
import { S3Copies } from "./copies.js";
import { patiently } from "./haste.js";
import { BUILDS, CONTENT_TYPE, damageOf, SHA256, sha256 } from "./integrity.js";
import { PendingObjects, pendingPrefix } from "./pending.js";
import { probeCompletions, probePreconditions } from "./preconditions.js";
import { COMPLETIONS, decodeVerdict, encodeVerdict, PRECONDITIONS, prevailing } from "./verdict.js";

/** @import { Absence, BlobFacts, BlobStore, BuildCounter, ChangeJournal, Remedied, StorageProviderConfig, StoredBlob, WriteOutcome } from "../contract.js" */
/** @import { Surroundings } from "../../s3/client.js" */
/** @import { Spelling } from "../../spelling.js" */
/** @import { OnCorrupt, OnMissing } from "../copies.js" */
/** @import { Noted, Verdict } from "./verdict.js" */

/** How often more an object is read that another run may be replacing just now. */
const TORN_READS = 5;

/**
 * The client that a configuration asks for, completed from the environment.
 *
 * @param {Omit<StorageProviderConfig, "type">} config
 * @param {NodeJS.ProcessEnv} env
 * @param {Surroundings} surroundings
 * @returns {{client: S3Client, key: string}}
 * @throws {Failure} of type `validation`: `S3_PARAMETERS_INVALID`, `S3_ENDPOINT_INSECURE`
 */
export function openClient(config, env, surroundings) {
  const { spelling = AS_INPUTS } = config;
  const { parameters, key } = s3Parameters(givenParameters(config), env, spelling);
  // A number that was given is the number of tries.
  const spareAttempts = String(config.retryAttempts ?? "").trim() === "" ? RESERVE : 0;
  const client = new S3Client(
    { ...parameters, spareAttempts, proofMetadata: SHA256 },
    { ...surroundings, env, spelling },
  );
  return { client, key };
}

/**
 * @typedef {object} S3StoreOptions
 * @property {S3Client} client
 * @property {string} key
 * @property {boolean} [readonly]
 * @property {OnCorrupt} [onCorrupt]
 * @property {OnMissing} [onMissing]
 * @property {Spelling} [spelling] how the caller calls options, for messages; as inputs unless given
 * @property {() => number} now milliseconds
 * @property {() => number} random
 * @property {(ms: number) => Promise<unknown>} [sleep]
 * @property {(transfer: import("../types.js").Transfer) => void} [transferred]
 * @property {number} [keepMs] for tests: how long pending objects stay
 * @property {number} [freshMs] for tests: how old a listing may be that a write rests on
 */

/** The blob store of a history in a bucket. @implements {BlobStore} */
export class S3Store {
  #client;
  #key;
  #readonly;
  #now;
  #random;
  #sleep;
  #origin;
  #pending;
  #copies;
  #remedy;
  #location;
  #transferred;
  #spelling;

  /** What the server does with preconditions. @type {Noted | undefined} */
  #noted;
  /** What it does with those on completions of uploads. @type {Noted | undefined} */
  #completions;
  /** Whether this run has asked the server anything: the next one asks the rest. */
  #asked = false;
  /** Whether builds may be pending although the server obeys by now. */
  #leftovers = false;
  /** Whether the server would not say if there is a history. */
  #uncertain = false;
  /** @type {Map<string, Failure>} */
  #warnings = new Map();

  /** @param {S3StoreOptions} options */
  constructor({ client, key, readonly = false, now, random, transferred, ...rest }) {
    const { onCorrupt = "fail", onMissing = "fail", spelling = AS_INPUTS, sleep = sleepFor, ...times } = rest;
    this.#spelling = spelling;
    this.#client = client;
    this.#key = key;
    this.#readonly = readonly;
    this.#now = now;
    this.#random = random;
    this.#sleep = sleep;
    this.#transferred = transferred;
    this.#location = `s3://${client.bucket}/${key}`;
    this.#origin = `${client.host} ${client.bucket}`;
    /** @param {Failure} failure */
    const warn = (failure) => this.#warn(failure);
    this.#pending = new PendingObjects(client, key, { now, random, warn, ...times });
    const copies = new S3Copies({ client, key, location: this.#location, now, warn, sleep, random });
    this.#copies = copies;
    this.#remedy = new Remedy(
      {
        location: this.#location,
        sources: copies.sources,
        signs: () => copies.signs(),
        exists: () => copies.exists(),
        goodCopy: (builds) => copies.goodCopy(builds),
        keep: (damaged) => copies.keep(damaged),
        setAside: () => copies.setAside(),
        write: (bytes, ifVersion, builds) =>
          this.write(bytes, ifVersion, { builds, replaces: 0, count: () => null }),
      },
      { readonly, onCorrupt, onMissing, spelling, warn },
    );
  }

  get location() {
    return this.#location;
  }

  /** An object has no path. */
  get path() {
    return null;
  }

  close() {
    this.#client.close();
  }

  /** As far as the requests made so far show; see {@link BlobStore}. */
  clockOffsetMs() {
    return this.#client.clockOffsetMs;
  }

  /** What went wrong without making a result wrong. */
  warnings() {
    return [...this.#warnings.values()];
  }

  /** @param {Failure} failure */
  #warn(failure) {
    this.#warnings.set(failure.message, failure);
  }

  /**
   * @returns {Promise<StoredBlob | null>} null when the server states that there is no such key, or will not say but
   *   is known to refuse a creation where there is one
   * @throws {Failure} with the client's codes
   */
  async read() {
    let object;
    let damage;
    try {
      object = await this.#whole();
      damage = object ? damageOf(this.#location, object) : undefined;
      if (damage) {
        // What was spoiled on its way comes whole the second time.
        object = await this.#get();
        damage = object ? damageOf(this.#location, object) : undefined;
      }
    } catch (thrown) {
      return this.#unreadable(Failure.from(thrown));
    }
    this.#uncertain = false;
    if (!object) {
      this.#copies.learn(null);
      this.#doubtEndpoint();
      return null;
    }
    const { metadata } = object;
    this.#noted = prevailing(this.#noted, decodeVerdict(metadata[PRECONDITIONS], this.#origin, this.#now()));
    this.#completions = prevailing(
      this.#completions,
      decodeVerdict(metadata[COMPLETIONS], this.#origin, this.#now()),
    );
    if (damage) return { bytes: object.bytes, version: object.etag, damage };
    this.#copies.learn(object);
    return { bytes: object.bytes, version: object.etag, proved: Boolean(object.metadata[SHA256]) };
  }

  /** Where there is no history, the address may be why. */
  #doubtEndpoint() {
    const { withoutBucket, bucket } = this.#client;
    if (withoutBucket === null) return;
    const endpoint = `\`${this.#spelling.name("s3-endpoint")}\``;
    this.#warn(
      new Failure(
        `there is no \`${this.#location}\`, and ${endpoint} holds the bucket's name \`${bucket}\`, which is added to it`,
        {
          type: "storage",
          code: "S3_BUCKET_TWICE",
          hint: `Set ${endpoint} to \`${withoutBucket}\`, unless the server is reached under such an address.`,
        },
      ),
    );
  }

  /** @type {Verdict | undefined} */
  get #verdict() {
    return this.#noted?.verdict;
  }

  /**
   * The object. A server whose writes are not atomic shows old bytes with new metadata while another run stores:
   * there a mismatch is looked at a few times more before it counts as damage.
   */
  async #whole() {
    for (let patience = this.#verdict === "racy" ? TORN_READS : 0; ; patience--) {
      try {
        return await this.#get();
      } catch (thrown) {
        if (patience <= 0 || Failure.from(thrown).code !== "S3_CHECKSUM_MISMATCH") throw thrown;
      }
    }
  }

  #get() {
    const onProgress = (/** @type {number} */ bytes, /** @type {number | null} */ total) =>
      this.#transferred?.({ direction: "down", bytes, total });
    return this.#client.get(this.#key, { onProgress, versioned: !this.#readonly }).catch((thrown) => {
      throw asTooLarge(thrown, `could not read \`${this.#location}\``);
    });
  }

  /**
   * A refused reading is not absence: without the right to list, servers answer it for a missing object too. Where
   * creating is certain to fail if there is a history, trying to create one shows it.
   *
   * @param {Failure} failure
   * @returns {Promise<StoredBlob | null>}
   */
  async #unreadable(failure) {
    if (failure.code === "S3_CHECKSUM_MISMATCH") {
      // The client has asked again already: it is the stored object that does not fit its checksum.
      const head = await this.#client.head(this.#key);
      const damage = new Failure(failure.message, {
        type: "storage",
        code: "HISTORY_CORRUPT",
        cause: failure,
      });
      return head && { bytes: new Uint8Array(), version: head.etag, damage };
    }
    if (failure.code !== "S3_ACCESS_DENIED") throw failure;
    if (!this.#readonly && !this.#uncertain) {
      const verdict = await this.#ask().catch(() => undefined);
      if (verdict === "honoured") {
        this.#uncertain = true;
        return null;
      }
    }
    throw failure;
  }

  /** Asks the server what it does with preconditions, once. @returns {Promise<Verdict>} */
  async #ask() {
    this.#noted ??= await this.#found(probePreconditions);
    return this.#noted.verdict;
  }

  /**
   * What a probe finds out about the server.
   *
   * @param {typeof probePreconditions | typeof probeCompletions} probe
   * @returns {Promise<Noted>}
   */
  async #found(probe) {
    this.#asked = true;
    const beside = keyBeside(this.#key, { now: this.#now, random: this.#random });
    const verdict = await probe(this.#client, beside, {
      sleep: this.#sleep,
      warn: (failure) => this.#warn(failure),
      history: { key: this.#key, location: this.#location },
    });
    return { verdict, askedMs: this.#now() };
  }

  /**
   * How so many bytes are sent. Where all depends on preconditions they go in parts only if those count when an upload
   * is completed as well; a history that starts, or whose run has asked the server already, is sent whole.
   *
   * @param {number} size
   * @param {Verdict} verdict
   * @param {string | null} ifVersion
   * @returns {Promise<{multipart?: boolean, trusting?: boolean}>}
   */
  async #inParts(size, verdict, ifVersion) {
    if (verdict !== "honoured" || !this.#client.sendsInParts(size)) return {};
    if (ifVersion === null || (!this.#completions && this.#asked)) return { multipart: false };
    this.#completions ??= await this.#found(probeCompletions);
    const honoured = this.#completions.verdict === "honoured";
    return { multipart: honoured, trusting: honoured };
  }

  /**
   * @param {"read" | "write"} purpose
   * @returns {Promise<ChangeJournal | null>}
   */
  async journal(purpose) {
    if (purpose === "read" || this.#readonly) {
      return this.#verdict && this.#verdict !== "honoured" ? this.#pending : null;
    }
    if (!this.#verdict && (await this.#ask()) === "honoured") {
      // Builds may wait here from a time when another server held the history.
      this.#leftovers = await this.#hasLeftovers();
    }
    return this.#verdict === "honoured" && !this.#leftovers ? null : this.#pending;
  }

  async #hasLeftovers() {
    // A run that looked for signs of an earlier history has seen what waits.
    if (this.#copies.waiting !== null) return this.#copies.waiting;
    try {
      return (await this.#client.list(pendingPrefix(this.#key))).objects.length > 0;
    } catch (thrown) {
      const failure = Failure.from(thrown);
      // Credentials that may not list have never had a journal.
      if (failure.code === "S3_ACCESS_DENIED") return false;
      throw failure;
    }
  }

  /**
   * @param {Uint8Array} bytes
   * @param {string | null} ifVersion
   * @param {BlobFacts} [facts]
   * @returns {Promise<WriteOutcome>}
   * @throws {Failure} `STORAGE_READ_ONLY`, `S3_UPLOAD_DAMAGED`, or the client's codes
   */
  async write(bytes, ifVersion, facts) {
    if (this.#readonly) {
      throw new Failure(`could not write \`${this.#location}\`: the history was opened read-only`, {
        type: "storage",
        code: "STORAGE_READ_ONLY",
        hint: "Open it without `readonly` to record builds.",
      });
    }
    const verdict = await this.#ask();
    const digest = sha256(bytes);
    const blind = verdict === "ignored" || verdict === "refused";
    if (blind && !(await this.#isStill(ifVersion))) return { status: "conflict" };
    const replaces = ifVersion !== null && ifVersion !== this.#remedy.damaged;
    if (replaces && !(await this.#copies.keepBackup(ifVersion, facts))) return { status: "conflict" };

    const parts = await this.#inParts(bytes.length, verdict, ifVersion);
    const options = {
      ...parts,
      contentType: CONTENT_TYPE,
      onProgress: (/** @type {number} */ sent, /** @type {number} */ total) =>
        this.#transferred?.({ direction: "up", bytes: sent, total }),
      metadata: {
        [SHA256]: digest,
        ...(this.#noted ? { [PRECONDITIONS]: encodeVerdict(this.#noted, this.#origin) } : {}),
        ...(this.#completions ? { [COMPLETIONS]: encodeVerdict(this.#completions, this.#origin) } : {}),
        ...this.#copies.metadata(),
        ...(facts ? { [BUILDS]: String(facts.builds) } : {}),
      },
    };
    /** @param {{ifMatch?: string, ifNoneMatch?: boolean}} condition */
    const put = (condition) =>
      this.#client.put(this.#key, bytes, { ...options, ...(verdict === "refused" ? {} : condition) });
    let outcome;
    try {
      outcome = await patiently(async (round) => {
        // The run that made it wait has written meanwhile: one more write would only keep others waiting.
        if (round > 0 && !(await this.#isStill(ifVersion)))
          return /** @type {const} */ ({ status: "conflict" });
        return put(ifVersion === null ? { ifNoneMatch: true } : { ifMatch: ifVersion });
      }, this.#surroundings());
    } catch (thrown) {
      if (verdict !== "undecided" || Failure.from(thrown).code !== "S3_PRECONDITION_UNSUPPORTED")
        throw thrown;
      // No one can rely on what cannot be sent.
      this.#noted = { verdict: "refused", askedMs: this.#now() };
      return this.write(bytes, ifVersion, facts);
    }
    if (outcome.status === "conflict" && ifVersion === null && !(await this.#copies.exists())) {
      const hidden = await this.#copies.hidden();
      if (hidden !== null) outcome = await patiently(() => put({ ifMatch: hidden }), this.#surroundings());
    }
    if (outcome.status === "conflict") return this.#lost(digest);
    return this.#proved(bytes, digest, outcome.etag);
  }

  #surroundings() {
    return { sleep: this.#sleep, random: this.#random };
  }

  /** Whether the history is the one that was read, or still absent. @param {string | null} version */
  async #isStill(version) {
    return ((await this.#client.head(this.#key))?.etag ?? null) === version;
  }

  /**
   * After a refused write: whether the history that is there is the one that was sent, because only the answer to an
   * earlier attempt had been lost.
   *
   * @param {string} digest
   * @returns {Promise<WriteOutcome>}
   */
  async #lost(digest) {
    let head;
    try {
      head = await this.#client.head(this.#key);
    } catch (thrown) {
      const failure = Failure.from(thrown);
      if (!this.#uncertain || failure.code !== "S3_ACCESS_DENIED") throw failure;
      throw new Failure(
        `could not read \`${this.#location}\`: there is a history, and the key may not read it`,
        {
          type: "storage",
          code: "S3_ACCESS_DENIED",
          hint: "Grant `s3:GetObject` on the history's key. Nothing was overwritten.",
          cause: failure,
        },
      );
    }
    return head?.metadata[SHA256] === digest
      ? { status: "stored", version: head.etag }
      : { status: "conflict" };
  }

  /**
   * After an accepted write: what the server holds now. Where that is another run's history already, the caller
   * has to look whether it holds the same builds.
   *
   * @param {Uint8Array} bytes
   * @param {string} digest
   * @param {string} etag
   * @returns {Promise<WriteOutcome>}
   */
  async #proved(bytes, digest, etag) {
    const head = await this.#client.head(this.#key);
    if (!head) return { status: "conflict" };
    const found = head.metadata[SHA256];
    if (head.etag !== etag && found !== digest) return { status: "conflict" };
    const wrongSize = head.size !== null && head.size !== bytes.length;
    if (wrongSize || (found !== undefined && found !== digest)) {
      throw new Failure(
        `\`${this.#location}\` is not what was sent: found ${head.size} bytes and SHA-256 \`${found ?? "unknown"}\`, expected ${bytes.length} and \`${digest}\``,
        {
          type: "storage",
          code: "S3_UPLOAD_DAMAGED",
          hint: `Run it again. If a backup was made, it is \`${this.#location}.bak\`.`,
          retryable: true,
        },
      );
    }
    return { status: "stored", version: head.etag };
  }

  /**
   * @param {StoredBlob} damaged
   * @param {Failure} failure
   * @param {BuildCounter} builds
   * @returns {Promise<Remedied | null>}
   */
  remedy(damaged, failure, builds) {
    return this.#remedy.ofDamage(damaged, failure, builds);
  }

  /**
   * @param {BuildCounter} builds
   * @returns {Promise<Absence>}
   */
  absent(builds) {
    return this.#remedy.ofAbsence(builds);
  }
}
