/**
 * One HTTP exchange: exactly these bytes out, one bounded answer in. It follows no redirect, decodes nothing,
 * tries nothing twice and knows no service; a transfer ends when nothing has moved for a while, never because it
 * takes long. Who has sent everything waits longer: a relay may have taken it all at once and pass it on slowly.
 */

import http from "node:http";
import https from "node:https";
import { pieceCollector, roomFor } from "./memory.js";

/** @import { Proxies, Route } from "./proxies.js" */

/** Bytes handed to the socket at once; progress and stalls are noticed at this grain. */
const CHUNK = 128 * 1024;

const MIB = 1024 * 1024;

/**
 * Milliseconds that the wait for an answer is longer for each MiB sent, unless the caller says otherwise: what a relay
 * on a line of 1.7 Mbit/s needs for it.
 */
export const ANSWER_MS_PER_MIB = 5000;

/**
 * Why there is no answer.
 *
 * - `network`: name lookup, connection or TLS; `code` is the system's own
 * - `stalled`: nothing moved for the stall timeout
 * - `truncated`: the connection ended inside the answer
 * - `garbled`: what came is not HTTP
 * - `proxy`: a proxy did not let the request through; a `ProxyError` (`proxies.js`)
 * - `too-large`: the answer is larger than its limit
 * - `aborted`: the caller's signal
 *
 * @typedef {"network" | "stalled" | "truncated" | "garbled" | "proxy" | "too-large" | "aborted"} ExchangeTrouble
 */

/** An exchange without an answer. Its message quotes neither headers nor bodies. */
export class ExchangeError extends Error {
  /**
   * @param {ExchangeTrouble} trouble
   * @param {string} message
   * @param {{code?: string, cause?: unknown, size?: number}} [more]
   */
  constructor(trouble, message, { code = "", cause, size } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "ExchangeError";
    /** @type {ExchangeTrouble} */
    this.trouble = trouble;
    /** @type {string} the system's code, such as `ECONNREFUSED`; empty when there is none */
    this.code = code;
    /** Whether the whole request had left, so that the server may have done what it asks for. */
    this.sent = false;
    /** @type {number | null} the bytes that an answer announces which is too large, where it does */
    this.size = size ?? null;
  }
}

/**
 * The last byte of a body waits, so that several requests can end at the same moment.
 *
 * @typedef {object} Hold
 * @property {() => void} reached all bytes but the last have left
 * @property {Promise<unknown>} released when the last one may go
 *
 * @typedef {object} Outgoing
 * @property {string} method
 * @property {URL} url
 * @property {Record<string, string>} headers sent as they are; `content-length` and `host` are added
 * @property {Uint8Array | null} [body]
 * @property {(status: number) => number} limit the most bytes of an answer with this status
 * @property {number} stallTimeoutMs
 * @property {number} [answerTimeoutMs] how long the answer may take to begin once the whole body has left; the stall
 *   timeout and `ANSWER_MS_PER_MIB` for each MiB of it unless given
 * @property {Hold} [hold]
 * @property {(bytes: number) => void} [onSent] bytes of the body that left so far
 * @property {() => void} [onAnswer] the answer's header has come
 * @property {(bytes: number, total: number | null, status: number) => void} [onReceived]
 * @property {AbortSignal | null} [signal]
 */

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {http.IncomingHttpHeaders} headers
 * @property {Buffer} body
 */

/** Variables that name a proxy. Without any of them none of that is loaded. */
const PROXY_VARIABLES = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];

/** Connections to the servers of one client, kept open between exchanges; idle ones keep no process alive. */
export class Transport {
  #plain = new http.Agent({ keepAlive: true });
  #secure = new https.Agent({ keepAlive: true });
  #env;
  /** @type {Proxies | null} */
  #proxies = null;

  /** @param {Readonly<Record<string, string | undefined>>} [env] with the proxies; that of the process unless given */
  constructor(env = process.env) {
    this.#env = env;
  }

  /** Closes every connection. The transport can be used again. */
  close() {
    this.#plain.destroy();
    this.#secure.destroy();
    this.#proxies?.close();
  }

  /**
   * The way through a proxy, where the environment asks for one.
   *
   * @param {URL} url
   * @returns {Promise<Route | null>} null: straight to the server
   * @throws {ExchangeError} where what the environment names is no proxy
   */
  async route(url) {
    if (!PROXY_VARIABLES.some((name) => this.#env[name]?.trim())) return null;
    const { Proxies } = await import("./proxies.js");
    this.#proxies ??= new Proxies(this.#env);
    return this.#proxies.route(url);
  }

  /**
   * @param {Outgoing} outgoing
   * @returns {Promise<Answer>}
   * @throws {ExchangeError}
   */
  async exchange(outgoing) {
    return this.#exchange(outgoing, await this.route(outgoing.url));
  }

  /**
   * @param {Outgoing} outgoing
   * @param {Route | null} route
   * @returns {Promise<Answer>}
   */
  #exchange(
    {
      method,
      url,
      headers,
      body = null,
      limit,
      stallTimeoutMs,
      answerTimeoutMs = stallTimeoutMs + Math.ceil((ANSWER_MS_PER_MIB * (body?.byteLength ?? 0)) / MIB),
      hold,
      onSent,
      onAnswer,
      onReceived,
      signal = null,
    },
    route,
  ) {
    return new Promise((resolve, reject) => {
      const abandoned = new AbortController();
      let settled = false;
      let answering = false;
      let sent = 0;
      const size = body?.byteLength ?? 0;
      /** @type {NodeJS.Timeout | undefined} */
      let timer;
      /** @param {ExchangeError | null} error @param {Answer} [answer] */
      const finish = (error, answer) => {
        if (settled) return;
        settled = true;
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        if (error || !request.writableFinished) request.destroy();
        // A connection that a proxy is still to make belongs to no request yet.
        if (error && route) abandoned.abort();
        if (error) {
          error.sent = sent === size && error.trouble !== "aborted" && error.trouble !== "proxy";
          reject(error);
        } else resolve(/** @type {Answer} */ (answer));
      };
      const moved = () => {
        clearTimeout(timer);
        const waits = !answering && size > 0 && sent === size;
        const limitMs = waits ? answerTimeoutMs : stallTimeoutMs;
        timer = setTimeout(() => {
          const during = answering
            ? "while the answer was coming"
            : waits
              ? `after all ${size} bytes were sent`
              : `before an answer came${route ? ` through the proxy \`${route.via}\`` : ""}`;
          finish(new ExchangeError("stalled", `nothing moved for ${seconds(limitMs)} ${during}`));
        }, limitMs);
      };
      moved();
      const onAbort = () => finish(new ExchangeError("aborted", "stopped", { cause: signal?.reason }));

      const secure = route?.secure ?? url.protocol === "https:";
      const request = (secure ? https : http).request(url, {
        method,
        headers: {
          ...headers,
          ...(body ? { "content-length": String(body.byteLength) } : {}),
          ...route?.headers,
        },
        agent: route?.agent ?? (secure ? this.#secure : this.#plain),
        ...route?.options,
        ...(route
          ? { opening: { abandoned: abandoned.signal, moved: () => void (settled || moved()) } }
          : {}),
      });
      request.on("error", (error) => {
        // An answer that came before the whole body was sent counts; the connection breaks behind it.
        if (!answering) finish(translated(error, route));
      });
      request.on("response", (response) => {
        const refusal = route?.refusal(response.statusCode ?? 0);
        if (refusal) {
          finish(refusal);
          return;
        }
        answering = true;
        moved();
        onAnswer?.();
        receive(response, {
          most: limit(response.statusCode ?? 0),
          bodyless: method === "HEAD",
          onBytes: (bytes, total) => {
            if (!settled) moved();
            onReceived?.(bytes, total, response.statusCode ?? 0);
          },
        }).then(
          (received) =>
            finish(null, { status: response.statusCode ?? 0, headers: response.headers, body: received }),
          (error) => finish(error),
        );
      });
      // A server that says it is still at it.
      request.on("information", () => {
        if (!settled) moved();
      });
      request.on("socket", (socket) => {
        if (!socket.connecting) return;
        for (const event of ["connect", "secureConnect"]) {
          socket.once(event, () => {
            if (!settled) moved();
          });
        }
      });
      signal?.addEventListener("abort", onAbort, { once: true });
      if (signal?.aborted) {
        onAbort();
        return;
      }

      const send = () => {
        if (settled || answering) return;
        if (!body || sent >= body.byteLength) {
          request.end();
          return;
        }
        const held = hold && sent < body.byteLength - 1 ? body.byteLength - 1 : body.byteLength;
        const chunk = body.subarray(sent, Math.min(sent + CHUNK, held));
        request.write(chunk, (error) => {
          if (error || settled) return;
          sent += chunk.byteLength;
          if (!answering) moved();
          onSent?.(sent);
          if (hold && sent === body.byteLength - 1) {
            hold.reached();
            hold.released.then(send, send);
            return;
          }
          // A server may answer before it has read everything and close the connection. Its answer is lost when
          // the next write fails first, so what has come is read before: a whole turn of the event loop.
          setImmediate(() => setImmediate(send));
        });
      };
      send();
    });
  }
}

/**
 * The body of an answer, whole.
 *
 * @param {http.IncomingMessage} response
 * @param {{most: number, bodyless: boolean, onBytes: (bytes: number, total: number | null) => void}} options
 * @returns {Promise<Buffer>}
 */
function receive(response, { most, bodyless, onBytes }) {
  return new Promise((resolve, reject) => {
    const announced = response.headers["content-length"];
    const total = announced !== undefined && /^\d+$/.test(announced) ? Number(announced) : null;
    if (!bodyless && total !== null && total > most) {
      response.on("error", () => {});
      const message = `the answer has ${total} bytes, at most ${most} are accepted`;
      reject(new ExchangeError("too-large", message, { size: total }));
      return;
    }
    // One buffer of the announced size: a history is then held once, not as pieces and as a whole.
    const whole = !bodyless && total !== null ? roomFor(total) : null;
    const collectPieces = pieceCollector(whole?.length ?? 0);
    /** @type {Buffer[]} */
    const pieces = [];
    let received = 0;
    response.on("data", (/** @type {Buffer} */ chunk) => {
      if (received + chunk.length > most) {
        reject(new ExchangeError("too-large", `the answer has more than the ${most} bytes accepted`));
        return;
      }
      if (whole) chunk.copy(whole, received);
      else pieces.push(chunk);
      collectPieces(chunk.length);
      received += chunk.length;
      onBytes(received, total);
    });
    response.on("error", (error) => reject(cutShort(received, total, error)));
    response.on("close", () => reject(cutShort(received, total)));
    response.on("end", () => {
      const framed = bodyless || total !== null || response.headers["transfer-encoding"] !== undefined;
      const empty = response.statusCode === 204 || response.statusCode === 304;
      if (!response.complete || (whole && received !== total)) reject(cutShort(received, total));
      // Without a length the end of the connection is the end of the body, or its loss: there is no telling which.
      else if (!framed && !empty) reject(cutShort(received, null));
      else resolve(whole ?? Buffer.concat(pieces, received));
    });
  });
}

/** @param {number} ms */
function seconds(ms) {
  return ms < 1000 ? `${ms} ms` : `${Math.round(ms / 1000)} s`;
}

/** @param {number} received @param {number | null} total @param {Error} [cause] */
function cutShort(received, total, cause) {
  const announced = total === null ? "an unknown number of bytes" : `${total} bytes`;
  return new ExchangeError("truncated", `the connection ended after ${received} of ${announced}`, { cause });
}

/** @param {Error & {code?: string}} error @param {Route | null} route */
function translated(error, route) {
  if (error instanceof ExchangeError) return error;
  const broken = route?.broken(error);
  if (broken) return broken;
  const code = error.code ?? "";
  if (code.startsWith("HPE_")) {
    return new ExchangeError("garbled", `the answer is not HTTP (${code})`, { code });
  }
  return new ExchangeError("network", error.message, { code, cause: error });
}
