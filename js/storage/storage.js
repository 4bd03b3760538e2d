/**
 * A history from its configuration to its last byte stored: the one object that callers hold. Only passes on; the
 * provider does the work.
 */

import { Failure } from "../failure.js";
import { createStorageProvider } from "./factory.js";

/** @import { StorageProvider, StorageProviderConfig } from "./contract.js" */
/** @import { MetricsRepository } from "./repository.js" */

/**
 * A history: loaded by `ready()`, stored by `persist()` or `close()`.
 *
 * @example
 * const storage = new Storage({ type: "sqlite-local", path: "unentropy.db" });
 * await storage.ready();
 * storage.getRepository().recordBuild(context, metrics);
 * await storage.close();
 */
export class Storage {
  #config;
  #surroundings;
  /** @type {Promise<StorageProvider> | null} */
  #creating = null;
  /** @type {StorageProvider | null} */
  #provider = null;
  /** @type {MetricsRepository | null} */
  #repository = null;

  /**
   * @param {StorageProviderConfig} config
   * @param {import("./factory.js").Surroundings} [surroundings]
   */
  constructor(config, surroundings) {
    this.#config = config;
    this.#surroundings = surroundings;
  }

  /**
   * Loads the history. Calling it again does nothing; after a failure it tries again.
   *
   * @throws {Failure} of type `validation` for the configuration, `storage` for everything else
   */
  async ready() {
    this.#creating ??= createStorageProvider(this.#config, this.#surroundings);
    try {
      this.#provider = await this.#creating;
    } catch (thrown) {
      this.#creating = null;
      throw thrown;
    }
    this.#repository = await this.#provider.initialize();
  }

  /**
   * @returns {MetricsRepository}
   * @throws {Failure} `STORAGE_NOT_READY` before `ready()` and after `close()`
   */
  getRepository() {
    if (this.#repository) return this.#repository;
    throw notReady();
  }

  /** Stores what was recorded; the history stays open. */
  async persist() {
    if (!this.#provider) throw notReady();
    await this.#provider.persist();
  }

  /**
   * Stores what was recorded and lets go. When storing fails the history stays open, so that the caller can try
   * again, or rescue `snapshot()` before `cleanup()`. Without a loaded history there is nothing to do.
   */
  async close() {
    if (this.#provider?.isInitialized) await this.#provider.persist();
    this.cleanup();
  }

  /** Lets go without storing. May be called at any time and again. */
  cleanup() {
    this.#provider?.cleanup();
    this.#repository = null;
  }

  /** The history as it is here, as an SQLite file. */
  snapshot() {
    if (!this.#provider) throw notReady();
    return this.#provider.snapshot();
  }

  /** Where the history is, for people; null before `ready()`. */
  get location() {
    return this.#provider?.location ?? null;
  }

  /** The file of the history where it is a local one. */
  get path() {
    return this.#provider?.path ?? null;
  }

  /** Bytes of the history as it was last loaded or stored; null when there is none. */
  get size() {
    return this.#provider?.size ?? null;
  }

  /** The CI run that stored the history which was loaded, where the storage knows. */
  get sourceRun() {
    return this.#provider?.sourceRun ?? null;
  }

  /** Milliseconds that the clock of the history's location is ahead of this machine's; null where it is not known. */
  clockOffsetMs() {
    return this.#provider?.clockOffsetMs?.() ?? null;
  }

  /** What went wrong without making a result wrong. */
  get warnings() {
    return this.#provider?.warnings ?? [];
  }

  /** Whether there was a history when this one was loaded; null before. */
  get existed() {
    return this.#provider?.existed ?? null;
  }
}

function notReady() {
  return new Failure("the history is not loaded", {
    type: "internal",
    code: "STORAGE_NOT_READY",
    hint: "Await `ready()` first, and call nothing after `close()`.",
  });
}
