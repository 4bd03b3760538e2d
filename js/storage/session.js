/**
 * The lifecycle of a history that is kept as one SQLite file, whatever blob store holds it: load, record, store if
 * unchanged, else load again and record again. Decides nothing about builds and moves no bytes itself.
 */

import { setTimeout as sleepFor } from "node:timers/promises";
import { Failure } from "../failure.js";
import { MetricsRepository } from "./repository.js";

/** @import { BlobStore, Engine, EngineHistory, StorageProvider } from "./provider.js" */

/** How often a lost race is run again. Somebody wins each one, so this many others stored meanwhile. */
const TRIES = 40;
/** The first pause is below this many milliseconds; each further one may be twice as long. */
const PAUSE_MS = 25;
/** No pause is longer, in milliseconds. */
const LONGEST_PAUSE_MS = 5_000;

/**
 * What a session needs from outside.
 *
 * @typedef {object} SessionOptions
 * @property {Engine} engine
 * @property {boolean} [readonly]
 * @property {(message: string) => void} [log] told what is loaded and stored
 * @property {(ms: number) => Promise<unknown>} [sleep]
 * @property {() => number} [random] at least 0, below 1
 * @property {number} [tries]
 */

/** @implements {StorageProvider} */
export class SqliteStorageProvider {
  #store;
  #engine;
  #readonly;
  #log;
  #sleep;
  #random;
  #tries;

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
  /** What was done to the history since it was last stored, in order. Each step may be taken again. */
  /** @type {((history: EngineHistory) => unknown)[]} */
  #changes = [];
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
    { engine, readonly = false, log, sleep = sleepFor, random = Math.random, tries = TRIES },
  ) {
    this.#store = store;
    this.#engine = engine;
    this.#readonly = readonly;
    this.#log = log ?? (() => {});
    this.#sleep = sleep;
    this.#random = random;
    this.#tries = tries;
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

  /** @returns {Promise<MetricsRepository>} */
  initialize() {
    this.#opening ??= this.#open().catch((thrown) => {
      this.#opening = null;
      throw thrown;
    });
    return this.#opening;
  }

  async #open() {
    const blob = await this.#store.read();
    this.#history = this.#opened(blob);
    this.#version = blob?.version ?? null;
    this.#existed = blob !== null;
    this.#size = blob?.bytes.length ?? null;
    this.#log(
      blob ? `loaded ${blob.bytes.length} bytes from ${this.location}` : `no history at ${this.location} yet`,
    );
    this.#repository = new MetricsRepository({
      history: () => this.#current(),
      change: (step) => this.#change(step),
    });
    return this.#repository;
  }

  /** @param {import("./provider.js").StoredBlob | null} blob */
  #opened(blob) {
    try {
      return this.#engine.openHistory(blob?.bytes ?? null);
    } catch (thrown) {
      // The engine knows bytes and no places.
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

  /** Stores what was recorded. Calls run one after the other. */
  persist() {
    const turn = this.#storing.then(() => this.#storeChanges());
    this.#storing = turn.catch(() => {});
    return turn;
  }

  async #storeChanges() {
    let history = this.#current();
    if (this.#changes.length === 0) return;

    for (let attempt = 0; ; attempt++) {
      const bytes = history.save();
      const included = this.#changes.length;
      const outcome = await this.#store.write(bytes, this.#version);
      if (outcome.status === "stored") {
        this.#stored(bytes, outcome.version, included);
        return;
      }
      if (attempt + 1 >= this.#tries) throw this.#contended();

      const longest = Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** attempt);
      await this.#sleep(this.#random() * longest);
      const blob = await this.#store.read();
      if (blob && Buffer.compare(blob.bytes, bytes) === 0) {
        // The write had arrived and only its answer was lost.
        this.#stored(bytes, blob.version, included);
        return;
      }
      this.#log(`the history at ${this.location} was changed by somebody else; recording again`);
      history = this.#rebase(blob);
    }
  }

  /**
   * Puts the history that is stored now in the place of the one that was loaded, with every change made again. A
   * history that has gone is not begun anew: what was loaded is kept whole.
   *
   * @param {import("./provider.js").StoredBlob | null} blob
   * @returns {EngineHistory}
   */
  #rebase(blob) {
    const loaded = this.#current();
    this.#version = blob?.version ?? null;
    if (!blob) return loaded;
    const fresh = this.#opened(blob);
    try {
      for (const step of this.#changes) step(fresh);
    } catch (thrown) {
      fresh.free();
      throw thrown;
    }
    this.#history = fresh;
    loaded.free();
    return fresh;
  }

  /**
   * @param {Uint8Array} bytes
   * @param {string} version
   * @param {number} included how many changes the bytes hold
   */
  #stored(bytes, version, included) {
    this.#version = version;
    this.#size = bytes.length;
    this.#changes.splice(0, included);
    this.#log(`stored ${bytes.length} bytes at ${this.location}`);
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
   * @template T
   * @param {(history: EngineHistory) => T} step
   * @returns {T}
   */
  #change(step) {
    const history = this.#current();
    if (this.#readonly) {
      throw new Failure(`could not change \`${this.location}\`: the history was opened read-only`, {
        type: "storage",
        code: "STORAGE_READ_ONLY",
        hint: "Open it without `readonly` to record builds.",
      });
    }
    const result = step(history);
    this.#changes.push(step);
    return result;
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
