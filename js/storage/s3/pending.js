/**
 * The journal of a history on a server that does not make writes depend on what it holds: each run's builds as a
 * small object of their own below `<key>.pending/`, until they are in the history. Knows how such objects
 * are written, read and removed; the session applies them.
 */

import { Failure } from "../../failure.js";
import { HISTORY_LIMIT } from "../../http/limits.js";
import { marked, readMarks } from "../marks.js";
import { CONTENT_TYPE, damageOf, SHA256, sha256 } from "./integrity.js";

/** @import { Change, RecordChange } from "../change.js" */
/** @import { ChangeJournal, JournalEntry, JournalListing } from "../contract.js" */
/** @import { Marks } from "../marks.js" */
/** @import { S3Client } from "../../s3/client.js" */

/**
 * A pending object is kept for so long after it was stored, by the server's clock, even where the history holds it:
 * until then a writer whose listing did not have it may still replace the history by one without it. Such a writer
 * starts to write less than {@link FRESH_MS} after its listing; the rest is time for its bytes to arrive.
 */
const KEEP_MS = 6 * 60 * 60 * 1000;
/** A history that rests on an older listing is not written. */
const FRESH_MS = 15 * 60 * 1000;
/** The server's time has whole seconds; so much is allowed for rounding. */
const ROUNDING_MS = 2_000;
/** Bytes of the largest object of builds that is read. */
const BUILDS_LIMIT = 16 * 1024 * 1024;
/** How many objects are fetched or removed side by side. */
const SIDE_BY_SIDE = 8;
/** Bytes of the longest key with a mark. S3 takes 1,024; servers that keep files may take no more than 160. */
const LONGEST_KEY = 150;
/** The end of a name that says what the object holds: what is unique in it, then the mark. Other names say nothing. */
const MARKED = /-([0-9a-z]{12,})\.m1\.([\w.-]+)\.json$/;
const FORMAT = "unentropy-pending";
const VERSION = 1;

/**
 * @typedef {object} PendingOptions
 * @property {() => number} now milliseconds
 * @property {() => number} random
 * @property {(failure: Failure) => void} warn
 * @property {Record<string, string>} [metadata] for every object
 * @property {number} [keepMs]
 * @property {number} [freshMs]
 */

/**
 * @typedef {object} Listed
 * @property {number} readingFrom the server's time when it started to list; the history was read later. NaN where the
 *   server does not say, and then nothing is ever old enough
 * @property {Map<string, number>} stored the server's time of each object by its key, or NaN
 */

/** The journal of a history in a bucket: one object for each run that waits. @implements {ChangeJournal} */
export class PendingObjects {
  #client;
  #prefix;
  #options;
  /** @type {Set<Change>} */
  #announced = new Set();
  /** What was fetched already; a pending object never changes under its key. @type {Map<string, Change[] | Failure>} */
  #known = new Map();
  /** @type {WeakMap<JournalListing, Listed>} */
  #listings = new WeakMap();

  /**
   * @param {S3Client} client
   * @param {string} key the history's
   * @param {PendingOptions} options
   */
  constructor(client, key, options) {
    this.#client = client;
    this.#prefix = pendingPrefix(key);
    this.#options = { keepMs: KEEP_MS, freshMs: FRESH_MS, ...options };
  }

  /** @param {readonly Change[]} changes */
  async announce(changes) {
    const fresh = changes.filter((change) => !this.#announced.has(change));
    /** @type {RecordChange[]} */
    const builds = [];
    for (const change of fresh) {
      if (change.kind === "record") builds.push(change);
      else await this.#put(`merge-${this.#unique()}.db`, change.image, [change], CONTENT_TYPE);
    }
    if (builds.length > 0) {
      const run = builds[0].context.runId.replace(/[^\w.-]+/g, "_").slice(0, 64);
      const bytes = Buffer.from(`${JSON.stringify(encoded(builds))}\n`);
      const unique = this.#unique();
      const [before, after] = [`${run.slice(0, 24)}-${unique}.m1.`, ".json"];
      const mark = marked(builds, unique, LONGEST_KEY - Buffer.byteLength(this.#prefix + before + after));
      const name = mark === "" ? `${run}-${unique}.json` : before + mark + after;
      await this.#put(name, bytes, builds, "application/json");
    }
    for (const change of fresh) this.#announced.add(change);
  }

  /**
   * @param {string} name
   * @param {Uint8Array} bytes
   * @param {Change[]} changes
   * @param {string} contentType
   */
  async #put(name, bytes, changes, contentType) {
    const key = `${this.#prefix}${name}`;
    const metadata = { [SHA256]: sha256(bytes), ...this.#options.metadata };
    await this.#client.put(key, bytes, { contentType, metadata });
    this.#known.set(key, changes);
  }

  /** Tells attempts of one run apart, and the jobs of a matrix. */
  #unique() {
    const random = Math.floor(this.#options.random() * 2 ** 48);
    return `${this.#options.now().toString(36)}${random.toString(36).padStart(10, "0")}`;
  }

  /** What is pending, without contents. @returns {Promise<JournalListing>} */
  async list() {
    const askedMs = this.#options.now();
    const { objects, serverTime } = await this.#client.list(this.#prefix);
    const times = objects.map(
      ({ key, lastModified }) => /** @type {const} */ ([key, lastModified ?? Number.NaN]),
    );
    times.sort(
      ([oneKey, one], [otherKey, other]) => (one || 0) - (other || 0) || (oneKey < otherKey ? -1 : 1),
    );
    const keys = times.map(([key]) => key).filter((key) => key !== this.#prefix);
    const listing = {
      entries: keys.map((name) => ({ name, marks: marksIn(name), changes: null })),
      broken: [],
      stale: () => {
        const age = this.#options.now() - askedMs;
        // A clock that was set back says nothing.
        return age > this.#options.freshMs || age < 0;
      },
    };
    this.#listings.set(listing, { readingFrom: serverTime ?? Number.NaN, stored: new Map(times) });
    return listing;
  }

  /**
   * @param {JournalListing} listing
   * @param {(marks: Marks | null) => boolean} held
   */
  async fetch(listing, held) {
    let whole = true;
    const missing = listing.entries.filter(
      (entry) => entry.changes === null && (this.#known.has(entry.name) || !held(entry.marks)),
    );
    // What is said of one build is applied in its order, or not at all.
    const lacking = new Set(missing);
    const concerned = new Set(missing.flatMap(({ marks }) => buildsOf(marks)));
    const wanted = listing.entries.filter(
      (entry) =>
        entry.changes === null &&
        (lacking.has(entry) || buildsOf(entry.marks).some((build) => concerned.has(build))),
    );
    await sideBySide(wanted, async (entry) => {
      const found = this.#known.get(entry.name) ?? (await this.#fetch(entry.name));
      if (found === null) {
        whole = false;
        return;
      }
      this.#known.set(entry.name, found);
      if (found instanceof Failure) listing.broken.push(found);
      else entry.changes = found;
    });
    const broken = new Set(wanted.filter(({ name }) => this.#known.get(name) instanceof Failure));
    listing.entries = listing.entries.filter((entry) => !broken.has(entry));
    return whole;
  }

  /**
   * @param {string} key
   * @returns {Promise<Change[] | Failure | null>}
   */
  async #fetch(key) {
    const image = key.endsWith(".db");
    const object = await this.#client
      .get(key, { limit: image ? HISTORY_LIMIT : BUILDS_LIMIT })
      .catch((thrown) => {
        const failure = Failure.from(thrown);
        // Only what is wrong with this one object: a failing server must not look like an empty journal.
        if (failure.code === "S3_TOO_LARGE") return skipped(key, failure.message);
        throw failure;
      });
    if (!object || object instanceof Failure) return object;
    const damage = damageOf(key, object);
    if (damage) return skipped(key, damage.message);
    if (image) return [{ kind: "merge", image: object.bytes }];
    try {
      return decoded(object.bytes);
    } catch (thrown) {
      return skipped(key, thrown instanceof Error ? thrown.message : String(thrown));
    }
  }

  /**
   * @param {JournalListing} listing
   * @param {readonly JournalEntry[]} held
   */
  async discardHeld(listing, held) {
    const listed = this.#listings.get(listing);
    if (!listed) return;
    const done = held.filter(({ name }) => {
      const stored = listed.stored.get(name);
      return stored !== undefined && listed.readingFrom - stored > this.#options.keepMs + ROUNDING_MS;
    });
    await sideBySide(done, async ({ name }) => {
      try {
        await this.#client.delete(name);
        this.#known.delete(name);
      } catch (thrown) {
        const { message, code } = Failure.from(thrown);
        this.#options.warn(
          new Failure(`could not remove what the history holds by now: ${message}`, {
            type: "storage",
            code: "PENDING_KEPT",
            hint:
              code === "S3_ACCESS_DENIED"
                ? `Grant \`s3:DeleteObject\` below \`${this.#prefix}\`; no build is lost meanwhile.`
                : "No build is lost; a later run removes it.",
          }),
        );
      }
    });
  }
}

/** Where the pending objects of a history are. @param {string} key */
export const pendingPrefix = (key) => `${key}.pending/`;

/** @param {string} key @returns {Marks | null} */
function marksIn(key) {
  const [, salt, text] = MARKED.exec(key) ?? [];
  return text === undefined ? null : readMarks(text, salt);
}

/** @param {Marks | null} marks */
const buildsOf = (marks) => marks?.builds.map(({ build }) => build) ?? [];

/** @param {RecordChange[]} builds */
function encoded(builds) {
  return {
    format: FORMAT,
    version: VERSION,
    builds: builds.map(({ context, metrics, measuredAt }) => ({
      // Only what a history keeps: a run's facts hold more.
      context: {
        commitSha: context.commitSha,
        branch: context.branch,
        runId: context.runId,
        runNumber: context.runNumber,
        eventName: context.eventName ?? null,
        timestamp: context.timestamp,
        attempt: context.attempt,
      },
      metrics,
      measuredAt,
    })),
  };
}

/**
 * The builds of a pending object. Their facts and values are checked by the engine when they are applied.
 *
 * @param {Uint8Array} bytes
 * @returns {Change[]}
 */
export function decoded(bytes) {
  let value;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new Error("it is not JSON in UTF-8");
  }
  if (value === null || typeof value !== "object" || value.format !== FORMAT) {
    throw new Error(`it does not say that its format is \`${FORMAT}\``);
  }
  if (value.version !== VERSION) {
    const found = typeof value.version === "number" ? String(value.version) : "none";
    throw new Error(`found version ${found}, expected ${VERSION}`);
  }
  const { builds } = value;
  if (!Array.isArray(builds) || builds.length === 0) throw new Error("it holds no builds");
  return builds.map((build) => {
    if (build === null || typeof build !== "object" || !Array.isArray(build.metrics)) {
      throw new Error("a build of it has no list of metrics");
    }
    const { context, metrics, measuredAt } = build;
    // Older programs do not store it.
    if (measuredAt !== undefined && !Number.isSafeInteger(measuredAt)) {
      throw new Error("the time that a build of it was measured at is no whole number");
    }
    return { kind: "record", context, metrics, measuredAt };
  });
}

/**
 * @param {string} key
 * @param {string} cause
 */
function skipped(key, cause) {
  return new Failure(`skipped \`${key}\`, which waits to be added to the history: ${cause}`, {
    type: "storage",
    code: "PENDING_SKIPPED",
    hint: "It is kept. If it is yours, use the version of unentropy that wrote it; else delete it.",
  });
}

/**
 * @template T
 * @param {readonly T[]} items
 * @param {(item: T) => Promise<void>} work
 */
async function sideBySide(items, work) {
  const left = items.values();
  const worker = async () => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(SIDE_BY_SIDE, items.length) }, worker));
}
