/**
 * A store of objects in virtual time, for schedules that no real server can be made to produce: every request and
 * every answer travels for a time that the seed decides, processes die at any moment, and what they had sent may
 * still arrive. It speaks the S3 client's interface and ignores preconditions.
 */

import { createHash } from "node:crypto";

/** A small seeded generator (mulberry32). @param {number} seed @returns {() => number} at least 0, below 1 */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Virtual time: what is due first happens first. */
export class World {
  /** Milliseconds. */
  now = 0;
  /** @type {{due: number, order: number, run: () => void}[]} */
  #due = [];
  #order = 0;

  /** @param {number} seed */
  constructor(seed) {
    this.random = seeded(seed);
  }

  /** @param {number} delay milliseconds @param {() => void} run */
  after(delay, run) {
    this.#due.push({ due: this.now + delay, order: this.#order++, run });
  }

  /** @param {number} delay @returns {Promise<void>} */
  sleep(delay) {
    return new Promise((resolve) => this.after(delay, resolve));
  }

  /** Lets everything happen until nothing is left to happen. */
  async settle() {
    for (;;) {
      // Whatever follows from the last event without waiting has to have been asked for before the next one.
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#due.length === 0) return;
      let first = 0;
      for (let at = 1; at < this.#due.length; at++) {
        const [one, best] = [this.#due[at], this.#due[first]];
        if (one.due < best.due || (one.due === best.due && one.order < best.order)) first = at;
      }
      const [{ due, run }] = this.#due.splice(first, 1);
      this.now = due;
      run();
    }
  }
}

/**
 * @typedef {{bytes: Uint8Array, etag: string, metadata: Record<string, string>, storedAt: number}} Stored
 */

/** The server's side. */
export class SimulatedBucket {
  /** @type {Map<string, Stored>} */
  objects = new Map();
  #world;

  /** @param {World} world */
  constructor(world) {
    this.#world = world;
  }

  /** The server tells whole seconds. */
  get time() {
    return Math.floor(this.#world.now / 1000) * 1000;
  }

  /** @param {string} key @param {Uint8Array} bytes @param {Record<string, string>} metadata */
  store(key, bytes, metadata) {
    const etag = `"${createHash("md5").update(bytes).digest("hex")}"`;
    this.objects.set(key, { bytes, etag, metadata, storedAt: this.time });
    return etag;
  }
}

/** One process' client. After `die` it hears nothing any more. */
export class SimulatedClient {
  host = "simulated";
  bucket = "b";
  #world;
  #bucket;
  #travel;
  #alive = true;

  /**
   * @param {World} world
   * @param {SimulatedBucket} bucket
   * @param {(request: string) => number} travel milliseconds of one way
   */
  constructor(world, bucket, travel) {
    this.#world = world;
    this.#bucket = bucket;
    this.#travel = travel;
  }

  close() {}

  die() {
    this.#alive = false;
  }

  /**
   * @template T
   * @param {string} request
   * @param {() => T} effect
   * @returns {Promise<T>} never settled for the dead
   */
  #send(request, effect) {
    return new Promise((resolve) => {
      if (!this.#alive) return;
      this.#world.after(this.#travel(request), () => {
        const answer = effect();
        this.#world.after(this.#travel(request), () => {
          if (this.#alive) resolve(answer);
        });
      });
    });
  }

  /** @param {string} key */
  get(key) {
    return this.#send("get", () => {
      const stored = this.#bucket.objects.get(key);
      return stored ? { ...this.#facts(stored), bytes: stored.bytes.slice() } : null;
    });
  }

  /** @param {string} key */
  head(key) {
    return this.#send("head", () => {
      const stored = this.#bucket.objects.get(key);
      return stored ? this.#facts(stored) : null;
    });
  }

  /** @param {string} key @param {Uint8Array} bytes @param {{metadata?: Record<string, string>}} [options] */
  put(key, bytes, { metadata = {} } = {}) {
    const sent = bytes.slice();
    return this.#send("put", () => ({
      status: /** @type {const} */ ("stored"),
      etag: this.#bucket.store(key, sent, metadata),
      versionId: null,
      serverTime: this.#bucket.time,
    }));
  }

  /** @param {string} from @param {string} to */
  copy(from, to) {
    return this.#send("copy", () => {
      const stored = this.#bucket.objects.get(from);
      if (stored) this.#bucket.store(to, stored.bytes, stored.metadata);
    });
  }

  /** @param {string} prefix */
  list(prefix) {
    return this.#send("list", () => {
      const found = [...this.#bucket.objects]
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, stored]) => ({
          key,
          size: stored.bytes.length,
          etag: stored.etag,
          lastModified: stored.storedAt,
        }));
      return { objects: found, serverTime: this.#bucket.time };
    });
  }

  /** The bucket keeps no older versions. @param {string} key */
  listVersions(key) {
    return this.#send("list", () => {
      const stored = this.#bucket.objects.get(key);
      const { etag, storedAt: lastModified } = stored ?? {};
      return stored
        ? [{ key, versionId: "null", isLatest: true, deleteMarker: false, etag, lastModified }]
        : [];
    });
  }

  /** @param {string} key */
  delete(key) {
    return this.#send("delete", () => void this.#bucket.objects.delete(key));
  }

  /** @param {Stored} stored */
  #facts({ bytes, etag, metadata, storedAt }) {
    return { etag, metadata, size: bytes.length, lastModified: storedAt, serverTime: this.#bucket.time };
  }
}
