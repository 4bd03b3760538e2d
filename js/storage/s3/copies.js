/**
 * What is kept beside a history in a bucket: its backup, damaged ones that were set aside, older versions. Makes and
 * finds them; what they are used for is decided elsewhere.
 */

import { createHash } from "node:crypto";
import { setTimeout as sleepFor } from "node:timers/promises";
import { Failure } from "../../failure.js";
import { plural } from "../../shown.js";
import { backupKept, stamp } from "../copies.js";
import { patiently } from "./haste.js";
import { BUILDS, damageOf } from "./integrity.js";
import { pendingPrefix } from "./pending.js";

/** @import { BlobFacts, BuildCounter, StoredBlob } from "../contract.js" */
/** @import { GoodCopy, Signs } from "../copies.js" */
/** @import { S3Client } from "../../s3/client.js" */

/** The metadata key of the number of builds that the backup holds. */
export const BACKUP = "unentropy-backup";
/** How many versions of the bucket are looked at for a good copy. */
const VERSIONS = 50;
/**
 * Waiting builds that are younger than this are no sign of an earlier history: a first run announces its build before
 * it stores the history, and several first runs may overlap.
 */
const WAITING_MS = 60 * 60 * 1000;
/** How far the time of a note may be from that of the object which has it: an upload may take so long. */
const NOTE_MS = 60 * 60 * 1000;
/** Codes of a copy whose original is no longer what was read. */
const MOVED = new Set(["S3_SOURCE_CHANGED", "S3_OBJECT_MISSING"]);
/** Codes of a store that did not hear the question, or is not the right one to ask. */
const UNANSWERED = new Set(["S3_AUTH_FAILED", "S3_AUTH_EXPIRED", "S3_BUCKET_MISSING", "ABORTED"]);

/**
 * @typedef {object} CopiesOptions
 * @property {S3Client} client
 * @property {string} key the history's
 * @property {string} location the history's, for people
 * @property {() => number} now milliseconds
 * @property {(failure: Failure) => void} warn
 * @property {(ms: number) => Promise<unknown>} [sleep]
 * @property {() => number} [random]
 */

/** The copies beside a history in a bucket. */
export class S3Copies {
  #options;
  #backup;
  /** How many builds the backup holds, where the history's metadata says so. @type {number | null} */
  #noted = null;

  /** Whether builds wait beside the history, as far as the last look at its neighbors showed. @type {boolean | null} */
  waiting = null;

  /** @param {CopiesOptions} options */
  constructor(options) {
    this.#options = options;
    this.#backup = `${options.key}.bak`;
  }

  /** @template T @param {() => Promise<T>} write @returns {Promise<T>} */
  #patiently(write) {
    const { sleep = sleepFor, random = Math.random } = this.#options;
    return patiently(write, { sleep, random });
  }

  /** Where good copies are looked for, for people. */
  get sources() {
    return `an older version, else \`${this.#backup}\``;
  }

  /**
   * The metadata that says how many builds the backup holds, for the history that is stored next.
   *
   * @returns {Record<string, string>}
   */
  metadata() {
    if (this.#noted === null) return {};
    return { [BACKUP]: `${this.#noted} ${this.#mark()} ${Math.round(this.#options.client.present / 1000)}` };
  }

  /**
   * Learns from the history's metadata how many builds the backup holds. Metadata goes along when a person copies an
   * object here, from another location or an older version from this one; what it notes is then about another time.
   *
   * @param {{metadata: Record<string, string>, lastModified: number | null} | null} object null where there is none
   */
  learn(object) {
    const [builds = "", mark, seconds] = (object?.metadata[BACKUP] ?? "").split(" ");
    const apart = Math.abs((object?.lastModified ?? Number.NaN) - Number(seconds) * 1000);
    const isOwn = /^\d+$/.test(builds) && mark === this.#mark() && apart < NOTE_MS;
    this.#noted = isOwn ? Number(builds) : null;
  }

  #mark() {
    const { client, key } = this.#options;
    return createHash("sha256").update(`${client.host} ${client.bucket} ${key}`).digest("hex").slice(0, 16);
  }

  /**
   * Keeps the history that is about to be replaced. Storing without a backup is better than not recording, and a
   * backup that holds more builds than the history is worth more than the history: it stays.
   *
   * @param {string} version
   * @param {BlobFacts} [facts]
   * @returns {Promise<boolean>} false when the history is no longer that one
   */
  async keepBackup(version, facts) {
    const { client, key, location, warn } = this.#options;
    try {
      const held = facts ? await this.#backupBuilds(facts) : 0;
      if (facts && held > facts.replaces) {
        this.#noted = held;
        warn(backupKept(this.#backup, held, location, facts.replaces));
        return true;
      }
      await this.#patiently(() => client.copy(key, this.#backup, { ifMatch: version }));
      this.#noted = facts?.replaces ?? null;
    } catch (thrown) {
      const failure = Failure.from(thrown);
      if (MOVED.has(failure.code)) return false;
      if (failure.code === "ABORTED") throw failure;
      warn(
        new Failure(`no backup of \`${location}\` was made: ${failure.message}`, {
          type: "storage",
          code: "S3_BACKUP_FAILED",
          hint:
            failure.code === "S3_ACCESS_DENIED"
              ? "Grant `s3:PutObject` on the history's key with `.bak` behind it."
              : failure.hint,
        }),
      );
    }
    return true;
  }

  /**
   * How many builds the backup holds; 0 where there is none. Asked of the store only where the history's metadata does
   * not say so, or says that the backup holds more than the history.
   *
   * @param {BlobFacts} facts
   */
  async #backupBuilds({ replaces, count }) {
    if (this.#noted !== null && this.#noted <= replaces) return this.#noted;
    const { client } = this.#options;
    // Without the right to list, stores refuse to say that there is none.
    const head = await asked(() => client.head(this.#backup));
    if (!head) return 0;
    const noted = head.metadata[BUILDS] ?? "";
    if (/^\d+$/.test(noted)) return Number(noted);
    // It was put there by hand or by another program.
    const object = await client.get(this.#backup);
    return (object && count(object.bytes)) ?? 0;
  }

  /** Whether the history is there. A store that would not say so when it was read will not say so now. */
  async exists() {
    try {
      return (await this.#options.client.head(this.#options.key)) !== null;
    } catch (thrown) {
      if (Failure.from(thrown).code === "S3_ACCESS_DENIED") return false;
      throw thrown;
    }
  }

  /**
   * Copies beside the history, older versions, a delete marker. What the key may not ask, or the store does not know,
   * shows nothing; a failing store is a failure.
   *
   * @returns {Promise<Signs>}
   */
  async signs() {
    const { client, key } = this.#options;
    /** @type {string[]} */
    const found = [];
    const listed = await asked(() => client.list(`${key}.`));
    for (const { key: name, lastModified } of listed?.objects ?? []) {
      if (/^\.(bak$|corrupt-|gone-)/.test(name.slice(key.length)))
        found.push(`\`${name}\`${of(lastModified)}`);
    }
    if (listed) {
      // The first history notes this, so that the run after it need not ask.
      if (!listed.objects.some(({ key: name }) => name === this.#backup)) this.#noted = 0;
    } else {
      const head = await asked(() => client.head(this.#backup));
      if (head) found.push(`\`${this.#backup}\`${of(head.lastModified)}`);
    }
    const versions = (await asked(() => client.listVersions(key))) ?? [];
    const [newest] = versions;
    if (newest?.deleteMarker) found.push(`a delete marker${of(newest.lastModified)}`);
    const older = versions.find(({ deleteMarker }) => !deleteMarker);
    if (older) found.push(`an older version${of(older.lastModified)}`);
    const restorable = found.length > 0;
    const prefix = pendingPrefix(key);
    const pending = listed?.objects.filter(({ key: name }) => name.startsWith(prefix) && name !== prefix);
    this.waiting = pending ? pending.length > 0 : null;
    const waits = pending?.some(
      ({ lastModified }) =>
        lastModified !== null && (listed?.serverTime ?? Number.NaN) - lastModified > WAITING_MS,
    );
    if (waits) found.push(`what waits to be added, below \`${prefix}\``);
    return { found, restorable };
  }

  /**
   * The version that a delete marker hides. Some stores compare a write with it, and refuse to create an object over the
   * marker.
   *
   * @returns {Promise<string | null>} its ETag; null where no marker hides one, or nothing may be known
   */
  async hidden() {
    const versions = (await asked(() => this.#options.client.listVersions(this.#options.key))) ?? [];
    if (!versions[0]?.deleteMarker) return null;
    return versions.find(({ deleteMarker }) => !deleteMarker)?.etag ?? null;
  }

  /**
   * Gives the backup of a history that is gone another name, so that the new history's first backup does not meet it.
   *
   * @returns {Promise<string | null>} the key; null where there is no backup
   */
  async setAside() {
    const { client, key, now } = this.#options;
    const kept = `${key}.gone-${stamp(now())}`;
    try {
      await this.#patiently(() => client.copy(this.#backup, kept));
    } catch (thrown) {
      if (Failure.from(thrown).code === "S3_OBJECT_MISSING") return null;
      throw thrown;
    }
    try {
      await this.#patiently(() => client.delete(this.#backup));
      this.#noted = 0;
    } catch (thrown) {
      // It stays under both names, and is not replaced by a history with fewer builds.
      if (Failure.from(thrown).code !== "S3_ACCESS_DENIED") throw thrown;
    }
    return kept;
  }

  /**
   * Keeps a damaged history under a name of its own.
   *
   * @param {StoredBlob} damaged
   * @returns {Promise<string | null>} the key; null when the history is no longer that one
   */
  async keep({ version }) {
    const { client, key, now } = this.#options;
    const kept = `${key}.corrupt-${stamp(now())}`;
    try {
      await this.#patiently(() => client.copy(key, kept, { ifMatch: version }));
      return kept;
    } catch (thrown) {
      const failure = Failure.from(thrown);
      if (MOVED.has(failure.code)) return null;
      throw failure;
    }
  }

  /**
   * The newest copy of a history that can be opened: an older version where the bucket keeps them, else the backup.
   * Where one cannot be asked, the next one is.
   *
   * @param {BuildCounter} builds
   * @returns {Promise<{copy: GoodCopy | null, looked: string[]}>}
   */
  async goodCopy(builds) {
    const { client, key } = this.#options;
    /** @type {string[]} */
    const looked = [];
    /**
     * @param {string} source
     * @param {() => Promise<{bytes: Uint8Array, metadata: Record<string, string>} | null>} get
     * @returns {Promise<GoodCopy | null>}
     */
    const tried = async (source, get) => {
      try {
        const object = await get();
        if (!object) {
          looked.push(`${source}: there is none`);
          return null;
        }
        const count = damageOf(source, object) ? null : builds(object.bytes);
        looked.push(`${source}: ${count === null ? "damaged" : plural(count, "build")}`);
        return count === null ? null : { bytes: object.bytes, builds: count, source };
      } catch (thrown) {
        looked.push(`${source}: ${unusable(thrown).message}`);
        return null;
      }
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
      looked.push(`the bucket's older versions: ${unusable(thrown).message}`);
    }
    const aside =
      (await asked(() => client.list(`${key}.gone-`)))?.objects.map(({ key: name }) => name) ?? [];
    for (const name of [this.#backup, ...aside.sort().reverse()]) {
      const copy = await tried(`\`${name}\``, () => client.get(name));
      if (copy) return { copy, looked };
    }
    return { copy: null, looked };
  }
}

/** @param {number | null} time */
const of = (time) => (time === null ? "" : ` of ${new Date(time).toISOString().slice(0, 16)}Z`);

/**
 * A question that a store may not understand, or not answer to this key.
 *
 * @template T
 * @param {() => Promise<T>} ask
 * @returns {Promise<T | null>} null where there is no answer
 * @throws {Failure} where there may be one later
 */
async function asked(ask) {
  try {
    return await ask();
  } catch (thrown) {
    unusable(thrown);
    return null;
  }
}

/**
 * A failure that is an answer: what was asked for cannot be had. A failing store, or a run that is asked to stop, has
 * given none.
 *
 * @param {unknown} thrown
 * @returns {Failure}
 * @throws {Failure} where there may be an answer later
 */
function unusable(thrown) {
  const failure = Failure.from(thrown);
  if (failure.retryable || failure.type !== "storage" || UNANSWERED.has(failure.code)) throw failure;
  return failure;
}
