/**
 * A history in a file of this machine: reads it whole, replaces it in one step under a lock, and refuses a file
 * that is not the whole history. Knows nothing of builds.
 *
 * Other programs may open the same file with SQLite. What they are in the middle of shows in the files that SQLite
 * keeps beside a database, and those are looked at before and after every reading. A writer that has only just taken
 * SQLite's own lock and written nothing yet cannot be seen, because Node cannot ask for such locks: do not let two
 * programs write one file at the same moment.
 */

import { createHash } from "node:crypto";
import { accessSync, closeSync, constants, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { errnoOf, Failure } from "../../failure.js";
import { makeDirectories } from "../../files/directories.js";
import { removeLeftovers, writeAtomically } from "../../files/replace.js";
import { targetOf } from "../../files/target.js";
import { HISTORY_LIMIT, tooLarge } from "../../http/limits.js";
import { Remedy } from "../copies.js";
import { backupOf, keepBackup, keepDamaged, localCopy, localSigns, setBackupAside } from "./copies.js";
import { withLock } from "./lock.js";

/** @import { Absence, BlobFacts, BlobStore, BuildCounter, Remedied, StoredBlob, WriteOutcome } from "../contract.js" */
/** @import { OnCorrupt, OnMissing } from "../copies.js" */

/** How often a file is read again that changed while it was read. */
const READINGS = 5;
/** Bytes of a write-ahead log that holds a header and no page. */
const EMPTY_WAL = 32;

/**
 * The file at a path. A version is the SHA-256 of the content, about 1 ms for a megabyte: sizes, times and inode
 * numbers can all be the same for different content.
 *
 * @implements {BlobStore}
 */
export class LocalStore {
  #path;
  #option;
  #readonly;
  #waiting;
  #remedy;
  /** @type {Map<string, Failure>} */
  #warnings = new Map();

  /**
   * @param {string} path
   * @param {object} options
   * @param {string} [options.pathOption] how the path was given, for messages
   * @param {boolean} [options.readonly]
   * @param {OnCorrupt} [options.onCorrupt]
   * @param {OnMissing} [options.onMissing]
   * @param {import("../../spelling.js").Spelling} [options.spelling] how the caller calls options; as inputs unless given
   * @param {() => number} [options.now] milliseconds
   * @param {(ms: number) => Promise<unknown>} options.sleep
   * @param {() => number} options.random
   * @param {number} [options.patienceMs] how long to wait for the lock; 30 s unless given
   */
  constructor(
    path,
    {
      pathOption,
      readonly = false,
      onCorrupt = "fail",
      onMissing = "fail",
      spelling,
      now = Date.now,
      ...waiting
    },
  ) {
    this.#path = resolve(path);
    this.#option = pathOption;
    this.#readonly = readonly;
    this.#waiting = waiting;
    const target = () => fileAt(this.#path);
    this.#remedy = new Remedy(
      {
        location: this.#path,
        sources: `\`${backupOf(this.#path)}\``,
        signs: async () => localSigns(target()),
        exists: async () => readWhole(target()) !== null,
        goodCopy: async (builds) => localCopy(target(), builds),
        keep: async (damaged) =>
          readWhole(target())?.version === damaged.version ? keepDamaged(target(), now()) : null,
        setAside: async () => setBackupAside(target(), now()),
        write: (bytes, ifVersion) => this.write(bytes, ifVersion),
      },
      { readonly, onCorrupt, onMissing, spelling, warn: (failure) => this.#warn(failure) },
    );
  }

  /** @param {Failure} failure */
  #warn(failure) {
    this.#warnings.set(failure.message, failure);
  }

  /** What went wrong without making a result wrong. */
  warnings() {
    return [...this.#warnings.values()];
  }

  get location() {
    return this.#path;
  }

  get path() {
    return this.#path;
  }

  /**
   * @returns {Promise<StoredBlob | null>} null when there is no such file; a directory that does not exist holds none
   * @throws {Failure} `HISTORY_HOT_JOURNAL`, `HISTORY_BUSY`, `HISTORY_TOO_LARGE`, `STORAGE_NOT_A_FILE`, or the errno's
   */
  async read() {
    try {
      return readWhole(fileAt(this.#path));
    } catch (thrown) {
      throw this.#named(thrown);
    }
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

  /**
   * @param {Uint8Array} bytes
   * @param {string | null} ifVersion
   * @param {BlobFacts} [facts]
   * @returns {Promise<WriteOutcome>}
   * @throws {Failure} `STORAGE_READ_ONLY`, `STORAGE_LOCKED`, those of {@link read}, or the errno's
   */
  async write(bytes, ifVersion, facts) {
    if (this.#readonly) {
      throw new Failure(`could not write \`${this.#path}\`: the history was opened read-only`, {
        type: "storage",
        code: "STORAGE_READ_ONLY",
        hint: "Open it without `readonly` to record builds.",
      });
    }
    try {
      return await this.#replace(fileAt(this.#path), bytes, ifVersion, facts);
    } catch (thrown) {
      throw this.#named(thrown);
    }
  }

  /**
   * What went wrong, with the option that a person can correct: paths in messages are absolute.
   *
   * @param {unknown} thrown
   */
  #named(thrown) {
    const { message, hint, ...parts } = Failure.from(thrown);
    if (this.#option === undefined) return thrown;
    const { type, code, retryable } = parts;
    return new Failure(message, {
      ...{ type, code, retryable, cause: thrown },
      hint: `${hint} ${this.#option}.`.trim(),
    });
  }

  /**
   * @param {string} target
   * @param {Uint8Array} bytes
   * @param {string | null} ifVersion
   * @param {BlobFacts} [facts]
   * @returns {Promise<WriteOutcome>}
   */
  async #replace(target, bytes, ifVersion, facts) {
    try {
      makeDirectories(dirname(target));
    } catch (thrown) {
      throw Failure.fromSystem(thrown, {
        type: "storage",
        doing: "could not create the directory",
        path: dirname(target),
      });
    }
    const keep = () => {
      if (ifVersion !== null && ifVersion !== this.#remedy.damaged) {
        keepBackup(target, facts, (failure) => this.#warn(failure));
      }
    };
    return withLock(target, (held) => replaceIf(target, bytes, ifVersion, { held, keep }), this.#waiting);
  }
}

/**
 * @param {string} target
 * @param {Uint8Array} bytes
 * @param {string | null} ifVersion
 * @param {{held: () => boolean, keep: () => void}} moments `held`: whether the lock still is; `keep` makes the backup
 * @returns {WriteOutcome}
 */
function replaceIf(target, bytes, ifVersion, { held, keep }) {
  if ((readWhole(target)?.version ?? null) !== ifVersion) return { status: "conflict" };
  try {
    // Renaming over a file asks only for rights to its directory: a read-only history would be replaced.
    if (ifVersion !== null) accessSync(target, constants.W_OK);
    // Temporary files are written only under the lock, so those that are there now are left over.
    removeLeftovers(target);
    const confirm = () => {
      if (!held()) return false;
      keep();
      // Making the backup takes its time, too.
      return held();
    };
    const replaced = writeAtomically(target, bytes, { confirm });
    return replaced ? { status: "stored", version: versionOf(bytes) } : { status: "conflict" };
  } catch (thrown) {
    throw Failure.fromSystem(thrown, { type: "storage", doing: "could not write", path: target });
  }
}

/**
 * @param {string} target
 * @returns {StoredBlob | null}
 */
function readWhole(target) {
  for (let reading = 1; ; reading++) {
    refuseSideFiles(target);
    let file;
    try {
      // Without the flag, opening a named pipe would wait for a writer.
      file = openSync(target, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    } catch (thrown) {
      if (errnoOf(thrown) === "ENOENT") return null;
      throw unreadable(thrown, target);
    }
    try {
      const before = fstatSync(file, { bigint: true });
      if (before.isDirectory()) throw Object.assign(new Error("directory"), { code: "EISDIR" });
      if (!before.isFile()) throw notAFile(target);
      if (before.size > BigInt(HISTORY_LIMIT)) throw tooLarge(`could not read \`${target}\``, before.size);
      const bytes = readFileSync(file);
      const after = fstatSync(file, { bigint: true });
      if (
        before.size === after.size &&
        before.mtimeNs === after.mtimeNs &&
        BigInt(bytes.length) === after.size
      ) {
        // A program that started to write meanwhile shows in its journal.
        refuseSideFiles(target);
        return { bytes, version: versionOf(bytes) };
      }
    } catch (thrown) {
      throw unreadable(thrown, target);
    } finally {
      closeSync(file);
    }
    if (reading >= READINGS) {
      throw new Failure(`could not read \`${target}\`: another program keeps writing it`, {
        type: "storage",
        code: "HISTORY_BUSY",
        hint: "Try again when the other program has finished.",
        retryable: true,
      });
    }
  }
}

/** @param {Uint8Array} bytes */
function versionOf(bytes) {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/**
 * Fails when part of the history is not in the database file: builds in a write-ahead log, or the old pages of an
 * interrupted transaction in a rollback journal. Reading the file alone would lose builds, replacing it would let the
 * next SQLite mix the pages of two histories.
 *
 * @param {string} target
 */
function refuseSideFiles(target) {
  const wal = beginningOf(`${target}-wal`);
  if (wal && wal.size > EMPTY_WAL) {
    throw hot(
      target,
      `${target}-wal`,
      "committed builds may be",
      `Close the program that has it open, or run \`sqlite3 '${target}' 'PRAGMA wal_checkpoint(TRUNCATE)'\`.`,
    );
  }
  const journal = beginningOf(`${target}-journal`);
  // A journal that is over keeps its size and loses its first byte, depending on SQLite's journal mode.
  if (journal && journal.first !== 0) {
    throw hot(
      target,
      `${target}-journal`,
      "an unfinished transaction is",
      `Wait for the program that writes it, or run \`sqlite3 '${target}' 'PRAGMA quick_check'\`, which undoes a transaction that was interrupted.`,
    );
  }
}

/**
 * @param {string} file
 * @returns {{size: number, first: number} | null} null when it does not exist or is empty
 */
function beginningOf(file) {
  let handle;
  try {
    handle = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (thrown) {
    // A target whose parent is a file is reported by the reading that follows.
    if (["ENOENT", "ENOTDIR"].includes(errnoOf(thrown) ?? "")) return null;
    throw unreadable(thrown, file);
  }
  try {
    const { size } = fstatSync(handle);
    const first = Buffer.alloc(1);
    return size > 0 && readSync(handle, first, 0, 1, 0) === 1 ? { size, first: first[0] ?? 0 } : null;
  } catch (thrown) {
    throw unreadable(thrown, file);
  } finally {
    closeSync(handle);
  }
}

/**
 * The file that a path leads to, whether it exists or not: replacing a symbolic link would part it from its target.
 *
 * @param {string} path absolute
 * @returns {string}
 */
function fileAt(path) {
  try {
    return targetOf(path).path;
  } catch (thrown) {
    throw unreadable(thrown, path);
  }
}

/**
 * @param {unknown} thrown
 * @param {string} path
 */
function unreadable(thrown, path) {
  return Failure.fromSystem(thrown, { type: "storage", doing: "could not read", path });
}

/**
 * @param {string} target
 * @param {string} side
 * @param {string} what
 * @param {string} hint
 */
function hot(target, side, what, hint) {
  return new Failure(`\`${target}\` is not the whole history: ${what} in \`${side}\``, {
    type: "storage",
    code: "HISTORY_HOT_JOURNAL",
    hint,
  });
}

/** @param {string} target */
function notAFile(target) {
  return new Failure(`could not read \`${target}\`: it is not a regular file`, {
    type: "storage",
    code: "STORAGE_NOT_A_FILE",
    hint: "Name a file for the history.",
  });
}
