/**
 * What `on-corrupt` and `on-missing` mean, for every storage that keeps copies of its history: when a run stops, when a
 * copy replaces the history, when a new history starts, and what is reported about it. Reads and writes
 * nothing itself.
 */

import { Failure } from "../failure.js";
import { plural } from "../shown.js";
import { AS_INPUTS } from "../spelling.js";

/** @import { Spelling } from "../spelling.js" */
/** @import { Absence, BuildCounter, Remedied, StoredBlob, WriteOutcome } from "./contract.js" */

/** @typedef {import("../options.js").ChoiceOf<"on-corrupt">} OnCorrupt */
/** @typedef {import("../options.js").ChoiceOf<"on-missing">} OnMissing */

/**
 * @typedef {object} GoodCopy
 * @property {Uint8Array} bytes
 * @property {number} builds
 * @property {string} source for people
 */

/**
 * What shows that there was a history.
 *
 * @typedef {object} Signs
 * @property {string[]} found for people; empty where nothing does
 * @property {boolean} restorable whether any of them may be a copy of the whole history
 */

/**
 * A storage and the copies in it.
 *
 * @typedef {object} Copies
 * @property {string} location the history's, for people
 * @property {string} sources where good copies are looked for, for people
 * @property {() => Promise<Signs>} signs
 * @property {() => Promise<boolean>} exists whether there is a history now
 * @property {(builds: BuildCounter) => Promise<{copy: GoodCopy | null, looked: string[]}>} goodCopy the newest one that
 *   can be opened, and what was looked at, for people
 * @property {(damaged: StoredBlob) => Promise<string | null>} keep keeps a damaged history under a name of its own; null
 *   when it has changed meanwhile
 * @property {() => Promise<string | null>} setAside gives the backup of a history that is gone another name; null where
 *   there is none
 * @property {(bytes: Uint8Array, ifVersion: string | null, builds: number) => Promise<WriteOutcome>} write stores a copy
 *   as the history
 */

/** Of a copy's name. @param {number} now milliseconds */
export const stamp = (now) => new Date(now).toISOString().replace(/[-:]|\.\d+/g, "");

/** How often a store may say that there is nothing and refuse to create something, before that is reported. */
export const REFUSALS = 3;

/** Applies `on-corrupt` and `on-missing` to one history, with the copies that its store keeps. */
export class Remedy {
  #copies;
  #options;
  #spelling;
  /** How often a copy could not be put where there is nothing. */
  #refusals = 0;
  /** How often there was no history to read and one to look up. */
  #contradictions = 0;
  /** The version of a damaged history: it must not become the backup. @type {string | null} */
  damaged = null;

  /**
   * @param {Copies} copies
   * @param {object} options
   * @param {boolean} options.readonly
   * @param {OnCorrupt} options.onCorrupt
   * @param {OnMissing} options.onMissing
   * @param {Spelling} [options.spelling] how the caller calls options; as inputs unless given
   * @param {(failure: Failure) => void} options.warn
   */
  constructor(copies, { spelling = AS_INPUTS, ...options }) {
    this.#copies = copies;
    this.#options = options;
    this.#spelling = spelling;
  }

  /**
   * What to do about a damaged history.
   *
   * @param {StoredBlob} damaged
   * @param {Failure} failure what is wrong with it
   * @param {BuildCounter} builds
   * @returns {Promise<Remedied | null>} null when the history has changed meanwhile
   * @throws {Failure} the same with the choices, or `HISTORY_NOT_RESTORED`
   */
  async ofDamage(damaged, failure, builds) {
    const { onCorrupt, readonly } = this.#options;
    if (onCorrupt === "fail" || (onCorrupt === "recreate" && readonly)) {
      throw new Failure(failure.message, {
        type: "storage",
        code: failure.code,
        hint: `${failure.hint || "Nothing was overwritten."} With \`${this.#spelling.name("on-corrupt")}\` set to \`restore\` the newest good copy takes its place (${this.#copies.sources}), with \`recreate\` a new history starts; the damaged one is kept either way.`,
        cause: failure,
      });
    }
    if (onCorrupt === "recreate") {
      const kept = await this.#copies.keep(damaged);
      if (!kept) return null;
      this.damaged = damaged.version;
      this.#repaired(failure, `a new history starts, the damaged one is kept as \`${kept}\``);
      return { bytes: null, version: damaged.version };
    }
    const copy = await this.#goodCopy(
      failure,
      builds,
      `\`${this.#spelling.name("on-corrupt")}\` set to \`recreate\``,
    );
    const restored = `restored from ${copy.source} with ${plural(copy.builds, "build")}`;
    if (readonly) {
      this.#repaired(failure, `shown ${restored}, nothing was stored`);
      return { bytes: copy.bytes, version: damaged.version };
    }
    const kept = await this.#copies.keep(damaged);
    if (!kept) return null;
    this.damaged = damaged.version;
    const outcome = await this.#copies.write(copy.bytes, damaged.version, copy.builds);
    if (outcome.status === "conflict") return null;
    this.#repaired(failure, `${restored}, the damaged one is kept as \`${kept}\``);
    return { bytes: copy.bytes, version: outcome.version };
  }

  /**
   * What to do where there is no history.
   *
   * @param {BuildCounter} builds
   * @returns {Promise<Absence>}
   * @throws {Failure} `HISTORY_GONE`, `HISTORY_NOT_RESTORED`
   */
  async ofAbsence(builds) {
    const { onMissing, readonly } = this.#options;
    const { found, restorable } = await this.#copies.signs();
    if (found.length === 0) return { status: "never" };
    // Runs that store their first builds at this moment leave a backup too.
    if (await this.#copies.exists()) {
      this.#contradictions += 1;
      if (this.#contradictions >= REFUSALS) throw contradictory(this.#copies.location);
      return { status: "again" };
    }
    const gone = goneFailure(this.#copies.location, found, this.#spelling);
    if (onMissing === "fail" || (onMissing === "begin" && readonly)) throw gone;
    if (onMissing === "begin") {
      const kept = await this.#copies.setAside();
      this.#repaired(gone, `a new history starts${kept ? `, the backup is kept as \`${kept}\`` : ""}`);
      return { status: "remedied", bytes: null, version: null };
    }
    if (!restorable) {
      this.#repaired(gone, "a new history starts with what is left");
      return { status: "remedied", bytes: null, version: null };
    }
    const copy = await this.#goodCopy(
      gone,
      builds,
      `\`${this.#spelling.name("on-missing")}\` set to \`begin\``,
    );
    const restored = `restored from ${copy.source} with ${plural(copy.builds, "build")}`;
    if (readonly) {
      this.#repaired(gone, `shown ${restored}, nothing was stored`);
      return { status: "remedied", bytes: copy.bytes, version: null };
    }
    const outcome = await this.#copies.write(copy.bytes, null, copy.builds);
    if (outcome.status === "stored") {
      this.#repaired(gone, restored);
      return { status: "remedied", bytes: copy.bytes, version: outcome.version };
    }
    if (await this.#copies.exists()) return { status: "again" };
    this.#refusals += 1;
    if (this.#refusals < REFUSALS) return { status: "again" };
    throw createRefused(this.#copies.location);
  }

  /**
   * @param {Failure} failure why a copy is needed
   * @param {BuildCounter} builds
   * @param {string} otherwise the choice that needs no copy
   * @returns {Promise<GoodCopy>}
   */
  async #goodCopy(failure, builds, otherwise) {
    const { copy, looked } = await this.#copies.goodCopy(builds);
    if (copy) return copy;
    throw new Failure(`${failure.message}; no good copy was found (${looked.join("; ")})`, {
      type: "storage",
      code: "HISTORY_NOT_RESTORED",
      hint: `Nothing was overwritten. Put a good copy there by hand, or start a new history with ${otherwise}.`,
      cause: failure,
    });
  }

  /**
   * @param {Failure} failure
   * @param {string} done
   */
  #repaired({ message }, done) {
    this.#options.warn(
      new Failure(`${message}; ${done}`, {
        type: "storage",
        code: "HISTORY_REPAIRED",
        hint: "Find out what damaged or deleted it: another program that uses this location, a rule that deletes old files, or the store itself.",
      }),
    );
  }
}

/**
 * The failure of a run that finds no history and signs that there was one.
 *
 * @param {string} location the history's, for people
 * @param {readonly string[]} found what shows that there was one, for people
 * @param {Spelling} spelling
 */
export function goneFailure(location, found, spelling) {
  return new Failure(
    `\`${location}\` is gone: ${found.join(", ")} ${found.length === 1 ? "shows" : "show"} that there was a history`,
    {
      type: "storage",
      code: "HISTORY_GONE",
      hint: `Nothing was changed. With \`${spelling.name("on-missing")}\` set to \`restore\` the newest good copy takes its place; with \`begin\` a new history starts, and the copies are kept under other names. If the location is wrong, correct it.`,
    },
  );
}

/**
 * A storage whose answers about the history contradict each other.
 *
 * @param {string} location
 */
function contradictory(location) {
  return new Failure(
    `could not read \`${location}\`: the store says that there is no history when it is read, and that there is one when it is looked up, ${REFUSALS} times in a row`,
    {
      type: "storage",
      code: "STORAGE_INCONSISTENT",
      hint: "Nothing was changed. Check the store and what stands between it and here, such as a cache.",
      retryable: true,
    },
  );
}

/**
 * A storage that says that there is no history and does not let one be created.
 *
 * @param {string} location
 */
export function createRefused(location) {
  return new Failure(
    `could not start a history at \`${location}\`: the store says that there is none, and refuses to create one, ${REFUSALS} times in a row`,
    {
      type: "storage",
      code: "STORAGE_CREATE_REFUSED",
      hint: "In a bucket with versioning a delete marker can cause this. Let the key list the bucket's versions (`s3:ListBucketVersions`), so that the marker can be seen; or delete the marker, which brings the last version back; or name another location.",
    },
  );
}

/**
 * The warning that a backup was not replaced.
 *
 * @param {string} backup
 * @param {number} held builds in it
 * @param {string} location
 * @param {number} builds in the history that would have replaced it
 */
export function backupKept(backup, held, location, builds) {
  return new Failure(
    `the backup \`${backup}\` was kept: it holds ${plural(held, "build")}, and \`${location}\` held only ${builds}`,
    {
      type: "storage",
      code: "BACKUP_KEPT",
      hint: "Find out where the other builds went. `unentropy merge` can add those of the backup to the history.",
    },
  );
}
