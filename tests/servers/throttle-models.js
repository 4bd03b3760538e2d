// Stores that limit how quickly one key may be written, as limits of the fault proxy before a real server: what they
// refuse is refused for haste and for nothing else. Their clock is the one that the clients under test sleep by, so
// that nothing here depends on how fast a machine is, and no test waits.

import { startFaultProxy } from "./fault-proxy.js";

/** @import { Limits } from "./fault-proxy.js" */

/** Milliseconds for which a key that was written is left alone. */
const SECOND = 1_000;

/** A clock that only sleeping moves. Who sleeps at the same time sleeps through the same time. */
export class ModelClock {
  #now;

  /** @param {number} [start] milliseconds since 1970 */
  constructor(start = Date.now()) {
    this.#now = start;
  }

  now = () => this.#now;

  /** @param {number} ms */
  sleep = async (ms) => {
    const due = this.#now + ms;
    // Whoever else is about to sleep begins before this one wakes.
    await new Promise((resolve) => setImmediate(resolve));
    this.#now = Math.max(this.#now, due);
  };

  /** @param {number} ms */
  pass(ms) {
    this.#now += ms;
  }
}

const TOO_MANY = Object.freeze({ status: 429, code: "TooManyRequests", message: "reduce your request rate" });
const SLOW_DOWN = Object.freeze({
  status: 503,
  code: "SlowDown",
  message: "please reduce your request rate",
});

/**
 * - `strict`: one write a second to one key, as Cloudflare R2 documents it; what was refused does not count
 * - `burst`: five at once, and one more each second
 * - `underway`: no write of a key while another one of it is under way
 * - `slow-down`: as `strict`, in Amazon's words
 *
 * @type {Readonly<Record<"strict" | "burst" | "underway" | "slow-down", (now: () => number) => Limits>>}
 */
export const THROTTLES = Object.freeze({
  strict: (now) => new Bucket(now, 1, TOO_MANY),
  burst: (now) => new Bucket(now, 5, TOO_MANY),
  underway: () => new Underway(),
  "slow-down": (now) => new Bucket(now, 1, SLOW_DOWN),
});

/** @typedef {keyof typeof THROTTLES} Throttle */

/**
 * A proxy before a server that is limited in this way.
 *
 * @param {import("./s3.js").S3Server} target
 * @param {Throttle} model
 * @param {ModelClock} clock
 * @param {Omit<import("./fault-proxy.js").Character, "limits">} [character] what else it is like
 */
export function startThrottled(target, model, clock, character = {}) {
  return startFaultProxy(target, { character: { ...character, limits: THROTTLES[model](clock.now) } });
}

/**
 * The key that a request writes: by a whole object, a copy, a completed upload or a deletion. Beginning an upload,
 * its parts and its end without an object write none.
 *
 * @param {{method: string, url: string}} request
 * @returns {string | null}
 */
function written({ method, url }) {
  const [path, query = ""] = url.split("?");
  const parameters = new URLSearchParams(query);
  const inParts = parameters.has("uploadId") || parameters.has("uploads");
  if (method === "POST") return parameters.has("uploadId") ? path : null;
  return (method === "PUT" || method === "DELETE") && !inParts ? path : null;
}

/** @implements {Limits} */
class Bucket {
  #now;
  #size;
  #refusal;
  /** @type {Map<string, {left: number, at: number}>} */
  #keys = new Map();

  /** @param {() => number} now @param {number} size how many at once @param {import("./fault-proxy.js").Refusal} refusal */
  constructor(now, size, refusal) {
    this.#now = now;
    this.#size = size;
    this.#refusal = refusal;
  }

  /** @param {{method: string, url: string}} request */
  begin(request) {
    const key = written(request);
    if (key === null) return null;
    const now = this.#now();
    const { left, at } = this.#keys.get(key) ?? { left: this.#size, at: now };
    const whole = Math.floor((now - at) / SECOND);
    const filled = Math.min(this.#size, left + whole);
    if (filled < 1) return this.#refusal;
    // A full bucket begins to fill with the write that takes from it.
    this.#keys.set(key, { left: filled - 1, at: filled === this.#size ? now : at + whole * SECOND });
    return null;
  }

  end() {}
}

/** @implements {Limits} */
class Underway {
  /** @type {Set<string>} */
  #keys = new Set();

  /** @param {{method: string, url: string}} request */
  begin(request) {
    const key = written(request);
    if (key === null) return null;
    if (this.#keys.has(key)) return TOO_MANY;
    this.#keys.add(key);
    return null;
  }

  /** @param {{method: string, url: string}} request */
  end(request) {
    const key = written(request);
    if (key !== null) this.#keys.delete(key);
  }
}
