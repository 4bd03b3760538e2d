/**
 * The lifecycle of a history that is kept as one SQLite file, whatever blob store holds it: load, record, store if
 * unchanged, else load again and record again. Decides nothing about builds and moves no bytes itself.
 */

import { setTimeout as sleepFor } from "node:timers/promises";
import { Failure } from "../failure.js";
import { collectPieces, release } from "../http/memory.js";
import { plural } from "../shown.js";
import { applyChange, foldChange, reapplyChanges } from "./change.js";
import { createRefused, REFUSALS } from "./copies.js";
import { Holdings } from "./marks.js";
import { MetricsRepository } from "./repository.js";

/** @import { BlobStore, ChangeJournal, Engine, EngineHistory, HistoryCopies, JournalEntry, JournalListing, StorageProvider } from "./contract.js" */
/** @import { Change, RecordChange } from "./change.js" */

/** Codes of a history that cannot be read and belongs to no other program. */
const DAMAGE = new Set(["HISTORY_CORRUPT", "HISTORY_NOT_SQLITE"]);

/** How often a lost race is run again. Somebody wins each one, so this many others stored meanwhile. */
const TRIES = 40;
/** How often a build is announced again because another run recorded over it meanwhile; then the other one is later. */
const ANNOUNCED_AGAIN = 3;
/** The first pause is below this many milliseconds; each further one may be twice as long. */
const PAUSE_MS = 25;
/** The pause after a store has refused to create a history where it has none, in milliseconds. */
const REFUSAL_PAUSE_MS = 500;
/** No pause is longer, in milliseconds. */
const LONGEST_PAUSE_MS = 5_000;

/**
 * What a session needs from outside.
 *
 * @typedef {object} SessionOptions
 * @property {Engine} engine
 * @property {boolean} [readonly]
 * @property {(message: string) => void} [log] called with what is loaded and stored
 * @property {(ms: number) => Promise<unknown>} [sleep]
 * @property {() => number} [random] at least 0, below 1
 * @property {number} [tries]
 * @property {HistoryCopies} [copies] given the bytes on their way
 */

/**
 * @typedef {object} Loaded
 * @property {EngineHistory} history
 * @property {Uint8Array | null} bytes where they were to be kept
 * @property {number | null} size of the bytes; null where a history starts
 * @property {string | null} version of what a write would replace
 * @property {number} builds how many there were, before anything was changed
 * @property {boolean} [isRemedied] whether it replaces a damaged one
 */

/**
 * The provider of every storage: a blob store, and the loop that reads, records and writes.
 *
 * @implements {StorageProvider}
 */
export class SqliteStorageProvider {
  #store;
  #engine;
  #readonly;
  #log;
  #sleep;
  #random;
  #tries;
  #copies;

  /** @type {EngineHistory | null} */
  #history = null;
  /** @type {MetricsRepository | null} */
  #repository = null;
  /** @type {Promise<MetricsRepository> | null} */
  #opening = null;
  /** @type {Promise<void>} */
  #storing = Promise.resolve();
  /** @type {string | null} */
  #version = null;
  /** What was done to the history since it was last stored, in order. */
  /** @type {Change[]} */
  #changes = [];
  /** How many builds the history had that was loaded last: it is never replaced by one with fewer. */
  #loadedBuilds = 0;
  /** @type {Map<string, Failure>} */
  #warnings = new Map();
  /** What this session could not record because a later attempt has, by build. @type {Map<string, Failure>} */
  #outdated = new Map();
  /** @type {boolean | null} */
  #existed = null;
  /** @type {number | null} */
  #size = null;

  /**
   * @param {BlobStore} store
   * @param {SessionOptions} options
   */
  constructor(
    store,
    { engine, readonly = false, log, sleep = sleepFor, random = Math.random, tries = TRIES, copies },
  ) {
    this.#store = store;
    this.#engine = engine;
    this.#readonly = readonly;
    this.#log = log ?? (() => {});
    this.#sleep = sleep;
    this.#random = random;
    this.#tries = tries;
    this.#copies = copies;
  }

  get isInitialized() {
    return this.#history !== null;
  }

  get location() {
    return this.#store.location;
  }

  get path() {
    return this.#store.path;
  }

  get existed() {
    return this.#existed;
  }

  get size() {
    return this.#size;
  }

  get sourceRun() {
    return this.#store.sourceRun?.() ?? null;
  }

  clockOffsetMs() {
    return this.#store.clockOffsetMs?.() ?? null;
  }

  /** @returns {Promise<MetricsRepository>} */
  initialize() {
    this.#opening ??= this.#open().catch((thrown) => {
      this.#opening = null;
      throw thrown;
    });
    return this.#opening;
  }

  async #open() {
    const loaded = await this.#loadFolded();
    this.#adopt(loaded);
    this.#existed = loaded.size !== null;
    this.#log(
      loaded.size !== null
        ? `loaded ${loaded.size} bytes from ${this.location}`
        : `no history at ${this.location} yet`,
    );
    this.#repository = new MetricsRepository({
      history: () => this.#current(),
      change: (change) => this.#change(change),
    });
    return this.#repository;
  }

  /** What is stored now, with what is pending. @returns {Promise<Loaded>} */
  async #loadFolded() {
    for (let attempt = 1; ; attempt++) {
      const loaded = await this.#load({ first: true });
      try {
        const journal = await this.#store.journal?.("read");
        if (!journal) return loaded;
        const folded = await this.#fold(loaded.history, journal, await journal.list());
        // Who only reads loses nothing by what has gone.
        if (folded !== null || attempt >= this.#tries) {
          if (folded !== false && this.#history === null) this.#copies?.loaded(loaded.history.save());
          return loaded;
        }
      } catch (thrown) {
        loaded.history.free();
        throw thrown;
      }
      loaded.history.free();
    }
  }

  /**
   * What is stored now, opened. The caller owns the history.
   *
   * @param {{keep?: boolean, first?: boolean}} [options] `keep`: the bytes are wanted, not only their number; `first`:
   *   where there is no history a new one may have to start, so the store is asked whether there ever was one
   * @returns {Promise<Loaded>}
   */
  async #load({ keep = false, first = false } = {}) {
    for (let attempt = 0; ; attempt++) {
      const blob = await this.#store.read();
      if (blob === null && first && this.#store.absent) {
        const absence = await this.#store.absent((bytes) => this.#countBuilds(bytes));
        if (absence.status === "remedied") return this.#opened(absence, { keep });
        if (absence.status === "again") {
          await this.#pause(attempt);
          continue;
        }
      }
      try {
        if (blob?.damage) throw blob.damage;
        const stored = { bytes: blob?.bytes ?? null, version: blob?.version ?? null };
        return this.#opened(stored, { proved: blob?.proved, keep });
      } catch (thrown) {
        const failure = Failure.from(thrown);
        if (!blob || !DAMAGE.has(failure.code) || !this.#store.remedy) throw failure;
        const remedied = await this.#store.remedy(blob, failure, (bytes) => this.#countBuilds(bytes));
        if (remedied) return { ...this.#opened(remedied), isRemedied: true };
        if (attempt + 1 >= this.#tries) throw this.#contended();
      }
    }
  }

  /**
   * @param {{bytes: Uint8Array | null, version: string | null}} stored
   * @param {{proved?: boolean, keep?: boolean}} [options]
   * @returns {Loaded}
   */
  #opened({ bytes, version }, { proved = false, keep = false } = {}) {
    const size = bytes?.length ?? null;
    if (size !== null) collectPieces(size);
    // Only the history that the run starts with; what is read after a lost race is of no use to anyone.
    if (bytes && this.#history === null) this.#copies?.loaded(bytes);
    // The engine has its own copy.
    const taken = keep ? undefined : () => release(bytes);
    const history = this.#openHistory(bytes, { proved, taken });
    return { history, bytes: keep ? bytes : null, size, version, builds: history.buildCount() };
  }

  /** @param {Uint8Array | null} bytes @param {{proved: boolean, taken?: () => void}} options */
  #openHistory(bytes, options) {
    try {
      return this.#engine.openHistory(bytes, options);
    } catch (thrown) {
      // The engine knows bytes and no locations.
      const { message, type, code, hint, retryable } = Failure.from(thrown);
      throw new Failure(`could not open \`${this.location}\`: ${message}`, {
        type,
        code,
        hint,
        retryable,
        cause: thrown,
      });
    }
  }

  /**
   * @param {Uint8Array} bytes
   * @returns {number | null}
   */
  #countBuilds(bytes) {
    try {
      const history = this.#engine.openHistory(bytes);
      try {
        return history.buildCount();
      } finally {
        history.free();
      }
    } catch (thrown) {
      const failure = Failure.from(thrown);
      if (DAMAGE.has(failure.code)) return null;
      throw failure;
    }
  }

  /**
   * Makes a loaded history the present one.
   *
   * @param {Loaded} loaded
   */
  #adopt({ history, size, version, builds }) {
    this.#history?.free();
    this.#history = history;
    this.#version = version;
    this.#size = size;
    this.#loadedBuilds = builds;
  }

  /** Stores what was recorded. Calls run one after the other. */
  persist() {
    const turn = this.#storing.then(() => this.#storeChanges()).finally(() => collectPieces(this.#size ?? 0));
    this.#storing = turn.catch(() => {});
    return turn;
  }

  async #storeChanges() {
    this.#current();
    if (this.#changes.length === 0) return;
    await this.#storeIfUnchanged();
  }

  async #storeIfUnchanged() {
    let refusals = 0;
    for (let attempt = 0; ; attempt++) {
      // What was read after a lost race may have shown that the storage cannot be trusted.
      const journal = await this.#store.journal?.("write");
      if (journal) return this.#storeThrough(journal);
      const included = this.#changes.length;
      const { bytes, outcome } = await this.#write();
      if (outcome.status === "stored") {
        this.#stored(bytes.length, outcome.version, included);
        return;
      }
      await this.#pause(attempt);
      const creating = this.#version === null;
      const loaded = await this.#load({ keep: true });
      refusals = creating && loaded.version === null && !outcome.busy ? refusals + 1 : 0;
      // Another run may be storing its first build just now.
      if (refusals > 0) await this.#sleep(refusals * REFUSAL_PAUSE_MS);
      if (refusals >= REFUSALS) {
        loaded.history.free();
        throw createRefused(this.location);
      }
      if (loaded.bytes && Buffer.compare(loaded.bytes, bytes) === 0) {
        // The write had arrived and only its answer was lost.
        loaded.history.free();
        this.#stored(bytes.length, /** @type {string} */ (loaded.version), included);
        return;
      }
      this.#log(`the history at ${this.location} was changed by another run; recording again`);
      const applied = this.#changes.length;
      if (!this.#rebase(loaded, false) && loaded.size !== null) {
        // It arrived, and another run has stored on top of it since.
        this.#stored(loaded.size, /** @type {string} */ (loaded.version), applied);
        return;
      }
    }
  }

  /**
   * Stores where a late writer may replace what it never saw. The order of the steps is what keeps every build; see
   * the journal's contract.
   *
   * @param {ChangeJournal} journal
   */
  async #storeThrough(journal) {
    const included = this.#changes.length;
    for (let attempt = 0, again = 0; ; attempt++) {
      await journal.announce(this.#changes.slice(0, included));
      const listing = await journal.list();
      const loaded = await this.#load();
      /** @type {JournalEntry[]} */
      const held = [];
      const announced = this.#changes.slice(0, included);
      const changed = await this.#rebaseThrough(loaded, journal, listing, held);
      if (changed === null) {
        this.#log(`what was pending at ${this.location} has gone meanwhile; starting over`);
        if (attempt + 1 >= this.#tries) throw this.#contended();
        continue;
      }
      if (announced.some((change, n) => change !== this.#changes[n]) && again++ < ANNOUNCED_AGAIN) {
        // As it was announced, others would hold it to be older than what it was recorded over.
        continue;
      }
      if (!changed && loaded.size !== null) {
        this.#stored(loaded.size, /** @type {string} */ (loaded.version), included);
      } else if (listing.stale()) {
        this.#log(`reading the history at ${this.location} took too long; starting over`);
        if (attempt + 1 >= this.#tries) throw this.#contended();
        continue;
      } else {
        const { bytes, outcome } = await this.#write();
        if (outcome.status === "conflict") {
          await this.#pause(attempt);
          continue;
        }
        this.#stored(bytes.length, outcome.version, included);
      }
      await journal.discardHeld(listing, held);
      return;
    }
  }

  async #write() {
    const history = this.#current();
    const builds = history.buildCount();
    const facts = {
      builds,
      replaces: this.#loadedBuilds,
      count: (/** @type {Uint8Array} */ image) => this.#countBuilds(image),
    };
    if (builds < this.#loadedBuilds) {
      throw new Failure(
        `did not store the history at \`${this.location}\`: it has ${builds} builds, the one it would replace has ${this.#loadedBuilds}`,
        {
          type: "internal",
          code: "HISTORY_SHRUNK",
          hint: "Nothing was overwritten. This is a bug; please report it.",
        },
      );
    }
    const bytes = history.save();
    if (this.path === null) this.#copies?.storing(bytes);
    return { bytes, outcome: await this.#store.write(bytes, this.#version, facts) };
  }

  /** Waits after a lost race. @param {number} attempt from 0 */
  async #pause(attempt) {
    if (attempt + 1 >= this.#tries) throw this.#contended();
    await this.#sleep(this.#random() * Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** attempt));
  }

  /**
   * Replaces the history that was loaded with the one that is stored now, with everything that the journal lists and
   * every change of this session made again.
   *
   * @param {Loaded} loaded
   * @param {ChangeJournal} journal
   * @param {JournalListing} listing
   * @param {JournalEntry[]} held takes the entries that the stored history holds already
   * @returns {Promise<boolean | null>} whether the result differs from what is stored; null where what was listed has gone
   */
  async #rebaseThrough(loaded, journal, listing, held) {
    const gone = loaded.version === null;
    const history = gone ? this.#current() : loaded.history;
    /** @type {boolean | null} */
    let folded = null;
    try {
      folded = await this.#fold(history, journal, listing, gone ? [] : held);
    } finally {
      if (folded === null) loaded.history.free();
    }
    return folded === null ? null : this.#rebase(loaded, folded);
  }

  /**
   * Replaces the history that was loaded with the one that is stored now, with every change of this session made
   * again. Where the history has gone no new one starts: what was loaded is kept whole.
   *
   * @param {Loaded} loaded
   * @param {boolean} folded whether it was changed since it was loaded
   * @returns {boolean} whether the result differs from what is stored
   */
  #rebase(loaded, folded) {
    if (loaded.version === null) {
      loaded.history.free();
      if (this.#version !== null) this.#warn(deletedMeanwhile(this.location));
      this.#version = null;
      return true;
    }
    try {
      // It was damaged since it was loaded: what was loaded is better than any copy.
      if (loaded.isRemedied) loaded.history.merge(this.#current().save());
      const again = reapplyChanges(loaded.history, this.#changes, (change, result) =>
        this.#noteOutdated(change, result),
      );
      this.#changes = again.changes;
      const changed = again.changed || folded || Boolean(loaded.isRemedied);
      this.#adopt(loaded);
      return changed || loaded.size === null;
    } catch (thrown) {
      loaded.history.free();
      throw thrown;
    }
  }

  /**
   * Applies what the journal lists and the history does not hold. One bad entry stops no other.
   *
   * @param {EngineHistory} history
   * @param {ChangeJournal} journal
   * @param {JournalListing} listing
   * @param {JournalEntry[]} [held] takes the entries that change nothing
   * @returns {Promise<boolean | null>} whether any changed something; null where one has gone
   */
  async #fold(history, journal, listing, held = []) {
    /** @type {Set<JournalEntry>} */
    const changing = new Set();
    /** @type {Set<JournalEntry>} */
    const skipped = new Set();
    for (let known = 0; ; ) {
      const holdings = new Holdings(history);
      if (!(await journal.fetch(listing, (marks) => holdings.hold(marks)))) return null;
      const fetched = listing.entries.filter(({ changes }) => changes !== null);
      if (fetched.length === known) break;
      known = fetched.length;
      // All of them in their order: what one brings may replace what another one was held by.
      for (const entry of fetched) {
        const outcome = this.#foldEntry(history, entry);
        if (outcome === true) changing.add(entry);
        if (outcome === null) skipped.add(entry);
      }
    }
    for (const failure of listing.broken) this.#warn(failure);
    held.push(...listing.entries.filter((entry) => !changing.has(entry) && !skipped.has(entry)));
    return changing.size > 0;
  }

  /**
   * @param {EngineHistory} history
   * @param {JournalEntry} entry fetched
   * @returns {boolean | null} whether it changed something; null where it could not be applied
   */
  #foldEntry(history, entry) {
    try {
      // Each one has to be applied, so no short cut.
      return (entry.changes ?? []).map((change) => foldChange(history, change)).includes(true);
    } catch (thrown) {
      const cause = Failure.from(thrown);
      if (cause.type === "internal") throw cause;
      this.#warn(
        new Failure(`skipped \`${entry.name}\`, which waits to be added to the history: ${cause.message}`, {
          type: "storage",
          code: "PENDING_SKIPPED",
          hint: "It is kept. Look at it, and delete it if it is not yours.",
          cause,
        }),
      );
      return null;
    }
  }

  /** @param {Failure} failure */
  #warn(failure) {
    this.#warnings.set(failure.message, failure);
  }

  /** @returns {readonly Failure[]} */
  get warnings() {
    return [...this.#warnings.values(), ...this.#outdated.values(), ...(this.#store.warnings?.() ?? [])];
  }

  /**
   * @param {number} size bytes
   * @param {string} version
   * @param {number} included how many changes they hold
   */
  #stored(size, version, included) {
    this.#version = version;
    this.#size = size;
    this.#loadedBuilds = this.#current().buildCount();
    this.#changes.splice(0, included);
    this.#log(`stored ${size} bytes at ${this.location}`);
  }

  snapshot() {
    return this.#current().save();
  }

  cleanup() {
    this.#history?.free();
    this.#history = null;
    this.#repository = null;
    this.#opening = null;
    this.#changes = [];
    this.#store.close?.();
  }

  #current() {
    if (this.#history) return this.#history;
    throw new Failure("the history is not loaded", {
      type: "internal",
      code: "STORAGE_NOT_READY",
      hint: "Call `initialize()` (or `ready()`) first, and nothing after `cleanup()` (or `close()`).",
    });
  }

  /**
   * Changes the history and remembers how, for the case that it has to be done again on another one.
   *
   * @param {Change} change
   * @returns {any} the engine's answer
   */
  #change(change) {
    const history = this.#current();
    if (this.#readonly) {
      throw new Failure(`could not change \`${this.location}\`: the history was opened read-only`, {
        type: "storage",
        code: "STORAGE_READ_ONLY",
        hint: "Open it without `readonly` to record builds.",
      });
    }
    const { result, made } = applyChange(history, change);
    this.#changes.push(made);
    if (made.kind === "record") this.#noteOutdated(made, result);
    return result;
  }

  /**
   * Values that a later attempt of the run has recorded already do not give way to those of an earlier one, which is
   * reported.
   *
   * @param {RecordChange} change
   * @param {ReturnType<EngineHistory["record"]>} result
   */
  #noteOutdated({ context: { commitSha, runId } }, { outdated, attempt, outdatedBy }) {
    const build = JSON.stringify([commitSha, runId]);
    this.#outdated.delete(build);
    if (outdated === 0) return;
    const values = plural(outdated, "value was", "values were");
    this.#outdated.set(
      build,
      new Failure(
        `${values} not recorded: this is attempt ${attempt} of the run \`${runId}\`, and the history has those of attempt ${outdatedBy}`,
        {
          type: "storage",
          code: "ATTEMPT_OUTDATED",
          hint: "Nothing needs to be done; run it again where these values are the right ones.",
        },
      ),
    );
  }

  #contended() {
    return new Failure(
      `could not store the history at \`${this.location}\`: others changed it ${this.#tries} times meanwhile`,
      {
        type: "storage",
        code: "STORAGE_CONTENDED",
        hint: "Run it again; if this happens often, let fewer jobs record at the same time.",
        retryable: true,
      },
    );
  }
}

/** @param {string} location */
function deletedMeanwhile(location) {
  return new Failure(
    `\`${location}\` was deleted during this run; it was stored again with the builds that it had when it was loaded`,
    {
      type: "storage",
      code: "HISTORY_REPAIRED",
      hint: "Builds of other runs that were stored in between may be missing. `unentropy merge` adds those of a copy.",
    },
  );
}
