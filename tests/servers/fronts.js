// What may stand between the runs and a server: each front is a real process's worth of habits before a real server,
// with the server's credentials and an endpoint of its own. Signatures stay valid, since the host that the client
// signed for is passed on.

import { startBufferingRelay } from "./buffering-relay.js";
import { startRewritingProxy } from "./rewriting-proxy.js";
import { ModelClock, startThrottled } from "./throttle-models.js";

/** @import { S3Server } from "./s3.js" */

/** How much quicker the throttling store's second passes than that of the runs. */
const HURRY = 5;
/** What the relay passes on in a second. */
const RELAYED = 16 * 1024 * 1024;
/** Milliseconds for which it holds a body of any size. */
const HELD_MS = 150;

/** The machine's clock, so many times as quick, for stores whose clients sleep by the machine's. */
export class HurriedClock extends ModelClock {
  #begun = Date.now();
  #times;

  /** @param {number} [times] */
  constructor(times = HURRY) {
    super();
    this.#times = times;
    const start = this.#begun;
    this.now = () => start + (Date.now() - this.#begun) * this.#times;
  }
}

/**
 * @typedef {"rewriting" | "throttled" | "relay"} FrontName
 *
 * @typedef {object} Front
 * @property {FrontName} name as in the command line and the page
 * @property {string} what for people
 * @property {(server: S3Server) => Promise<S3Server>} start the server behind it; `stop` ends the front alone
 */

/** @type {readonly Front[]} */
export const FRONTS = Object.freeze([
  {
    name: "rewriting",
    what: "a front end that replaces, adds and drops the headers that belong to a hop, `Accept-Encoding` and `User-Agent` among them",
    start: async (server) => behind(server, await startRewritingProxy(server)),
  },
  {
    name: "throttled",
    what: `one write to a key at a time, and the next no sooner than a second later (by a clock ${HURRY} times as fast), else 429`,
    start: async (server) => behind(server, await startThrottled(server, "strict", new HurriedClock())),
  },
  {
    name: "relay",
    what: `a relay that takes a whole body at once and passes it on later: ${HELD_MS} ms, and ${RELAYED >> 20} MiB a second`,
    start: async (server) => {
      const delayMs = (/** @type {number} */ size) => HELD_MS + (1000 * size) / RELAYED;
      return behind(server, await startBufferingRelay(server, { holding: "slow", delayMs }));
    },
  },
]);

/**
 * The server behind the front of that name, or itself where none is named. Its `stop` ends the front alone.
 *
 * @param {S3Server} server
 * @param {FrontName} [name]
 * @returns {Promise<S3Server>}
 */
export async function frontOf(server, name) {
  const front = FRONTS.find((each) => each.name === name);
  return front ? front.start(server) : behind(server, { endpoint: server.endpoint, stop: async () => {} });
}

/**
 * @param {S3Server} server
 * @param {{endpoint: string, stop: () => Promise<unknown>}} front
 * @returns {S3Server}
 */
function behind(server, front) {
  // Where the server is a proxy itself, it has these as accessors.
  const { name, credentials, region } = server;
  return { name, credentials, region, endpoint: front.endpoint, stop: async () => void (await front.stop()) };
}
