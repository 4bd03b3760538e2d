// A relay that takes a request's whole body at once, at the client's speed, and passes it on slowly: upload gateways,
// tunnels and middleboxes do. To the client everything is sent at once, and then nothing happens for a long time.

import http from "node:http";

/**
 * What becomes of a request that is held:
 *
 * - `slow`: it is passed on at once it is let go, and its answer goes back
 * - `late`: it is passed on at once, and its answer is held
 * - `lost`: it is never passed on
 * - `unanswered`: it is passed on at once, and its answer never goes back
 *
 * @typedef {"slow" | "late" | "lost" | "unanswered"} Holding
 *
 * @typedef {{method: string, url: string, bodySize: number}} Held
 *
 * @typedef {object} Relay
 * @property {Held[]} held what was held so far, in order
 * @property {(options: RelayOptions) => void} become other habits from now on; `held` is emptied
 * @property {() => void} release lets everything go that is held now
 * @property {() => Promise<void>} settled resolves when the server has answered everything that was passed on
 *
 * @typedef {object} RelayOptions
 * @property {Holding} [holding] `late` unless given
 * @property {(request: {method: string, url: string, bodySize: number}) => boolean} [holds] which requests; those with
 *   a body unless given
 * @property {number} [times] so many of them; all unless given
 * @property {(bodySize: number) => number} [delayMs] how long each is held; until `release` unless given
 */

/**
 * @param {import("./s3.js").S3Server} target
 * @param {RelayOptions} [options]
 * @returns {Promise<import("./s3.js").S3Server & Relay>}
 */
export async function startBufferingRelay(target, options = {}) {
  let habits = options;
  let left = habits.times ?? Number.POSITIVE_INFINITY;
  const { hostname, port } = new URL(target.endpoint);
  const agent = new http.Agent({ keepAlive: true });
  /** @type {Held[]} */
  const held = [];
  /** @type {Set<() => void>} */
  const waiting = new Set();
  /** @type {Set<Promise<unknown>>} */
  const under = new Set();

  /** @param {http.IncomingMessage} request @param {Buffer} body */
  const passOn = (request, body) => {
    const { method, url, headers } = request;
    const passed = new Promise((resolve, reject) => {
      const onward = http.request({ hostname, port, method, path: url, headers, setHost: false, agent });
      onward.on("error", reject);
      onward.on("response", async (answer) => {
        try {
          /** @type {Buffer[]} */
          const pieces = [];
          for await (const piece of answer) pieces.push(piece);
          resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: Buffer.concat(pieces) });
        } catch (error) {
          reject(error);
        }
      });
      onward.end(body);
    });
    under.add(passed);
    passed.catch(() => {}).finally(() => under.delete(passed));
    return passed;
  };

  /** @param {number} size @param {((size: number) => number) | undefined} delayMs */
  const hold = (size, delayMs) =>
    new Promise((resolve) => {
      const go = () => {
        waiting.delete(go);
        clearTimeout(timer);
        resolve(undefined);
      };
      const timer = delayMs ? setTimeout(go, delayMs(size)) : undefined;
      timer?.unref();
      waiting.add(go);
    });

  /** @param {http.IncomingMessage} request @param {http.ServerResponse} response */
  const serve = async (request, response) => {
    /** @type {Buffer[]} */
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const body = Buffer.concat(pieces);
    const { method = "", url = "" } = request;
    const one = { method, url, bodySize: body.length };
    const { holding = "late", holds = ({ bodySize }) => bodySize > 0, delayMs } = habits;
    if (left > 0 && holds(one)) {
      left -= 1;
      held.push(one);
      if (holding === "lost") return;
      if (holding === "slow") await hold(body.length, delayMs);
      const answer = passOn(request, body);
      if (holding === "unanswered") return void (await answer);
      if (holding === "late") await hold(body.length, delayMs);
      return send(response, await answer);
    }
    send(response, await passOn(request, body));
  };

  const server = http.createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  const release = () => {
    for (const go of [...waiting]) go();
  };
  return {
    ...target,
    name: `${target.name} behind a relay`,
    endpoint: `http://127.0.0.1:${address.port}`,
    held,
    become: (others) => {
      habits = others;
      left = others.times ?? Number.POSITIVE_INFINITY;
      held.length = 0;
    },
    release,
    settled: async () => {
      while (under.size > 0) await Promise.allSettled([...under]);
    },
    stop: () => {
      release();
      agent.destroy();
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve(undefined)));
    },
  };
}

/** @param {http.ServerResponse} response @param {any} answer */
function send(response, { status, headers, body }) {
  if (response.destroyed) return;
  const { connection, "keep-alive": keepAlive, "transfer-encoding": coding, ...kept } = headers;
  response.writeHead(status, kept);
  response.end(response.req.method === "HEAD" ? undefined : body);
}
