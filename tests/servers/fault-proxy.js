// A real HTTP proxy between a client and a real S3 server, which does what networks and servers do on bad days,
// by a script. The client signs for the proxy's host; what the proxy leaves unchanged is passed on with that host,
// so that the server still checks the signature, and what it changes it signs anew.

import http from "node:http";
import https from "node:https";
import { AwsClient, AwsV4Signer } from "aws4fetch";

/**
 * One thing that goes wrong.
 *
 * - `reset`: the connection breaks, before the request is passed on or after so many bytes of the answer
 * - `reset-upload`: the connection breaks after so many bytes of the request
 * - `stall`: nothing comes any more, from the start or after so many bytes of the answer
 * - `truncate`: the answer ends after so many bytes of those it announced
 * - `garble`: one byte of the answer's body is another
 * - `garble-upload`: one byte of the request's body is another; its signature stays as it was
 * - `nonsense`: something that is not HTTP
 * - `answer`: this answer, without asking the server
 * - `lose-answer`: the server does what was asked, and nobody learns of it
 * - `slow`: the answer comes at so many bytes a second, the rest as it is
 *
 * @typedef {{kind: "reset", after?: number} | {kind: "reset-upload", after: number}
 *   | {kind: "stall", after?: number} | {kind: "truncate", after: number}
 *   | {kind: "garble", at?: number} | {kind: "garble-upload", at?: number} | {kind: "nonsense"}
 *   | {kind: "answer", status: number, code?: string, message?: string, extra?: string,
 *      headers?: Record<string, string>, body?: string}
 *   | {kind: "lose-answer"} | {kind: "slow", bytesPerSecond: number}} Fault
 *
 * @typedef {object} Rule
 * @property {Fault} fault
 * @property {string} [method] every method unless given
 * @property {RegExp} [url] tried on path and query; every one unless given
 * @property {number} [skip] so many matching requests go through first
 * @property {number} [times] so many of those after it are hit; all unless given
 * @property {number} [probability] of each of them, by the seed; 1 unless given
 *
 * What the server behind the proxy is like, as long as the proxy runs:
 *
 * - `ignoresPreconditions`: `If-Match` and `If-None-Match` have no effect on writes
 * - `ignoresOnCompletion`: they have none on the completion of uploads
 * - `keepsOnCompletion`: an `If-Match` on the completion of an upload is obeyed, one completion after the other
 * - `silentCompletions`: the answer to a completion has an empty ETag
 * - `refusesPreconditions`: they are answered with 501
 * - `seesBelowMarkers`: where an object was deleted they are compared with the version below the delete marker
 * - `bareEtags`: an `If-Match` in quotes is never met
 * - `refusesChecksums`: `x-amz-checksum-*` on writes is answered with this status
 * - `demandsEncryption`: a policy denies writes that do not ask for this encryption
 * - `skewMs`: its clock is so far ahead
 * - `region`: it is in this region; `told` says how a wrong one is answered
 * - `limits`: how quickly one key may be written; see `throttle-models.js`
 *
 * @typedef {object} Character
 * @property {boolean} [ignoresPreconditions]
 * @property {boolean} [ignoresOnCompletion]
 * @property {boolean} [keepsOnCompletion]
 * @property {boolean} [silentCompletions]
 * @property {boolean} [refusesPreconditions]
 * @property {boolean} [seesBelowMarkers]
 * @property {boolean} [bareEtags]
 * @property {400 | 501} [refusesChecksums]
 * @property {"AES256" | "aws:kms"} [demandsEncryption]
 * @property {number} [skewMs]
 * @property {{name: string, told: "301" | "400" | "silent"}} [region]
 * @property {Limits} [limits]
 *
 * Answers of the server itself, before the request is passed on.
 *
 * @typedef {object} Limits
 * @property {(request: {method: string, url: string}) => Refusal | null} begin a request arrives; a refused one is not passed on
 * @property {(request: {method: string, url: string}) => void} end one that was passed on is answered
 *
 * @typedef {object} Seen
 * @property {string} method
 * @property {string} url
 * @property {http.IncomingHttpHeaders} headers
 * @property {number} bodySize
 * @property {string | null} fault its kind
 * @property {number} [status] of the answer, once there is one
 */

/** What is said where a condition is not met. */
const UNMET = Object.freeze({ status: 412, code: "PreconditionFailed" });
/** Two clocks further apart are refused, as S3 does. */
const ALLOWED_SKEW = 15 * 60_000;

/**
 * @param {import("./s3.js").S3Server} target
 * @param {{seed?: number, rules?: Rule[], character?: Character, tls?: {key: string, cert: string}}} [options]
 */
export async function startFaultProxy(target, { seed = 1, rules = [], character = {}, tls } = {}) {
  const proxy = new FaultProxy(target, seed, rules, character, tls);
  await proxy.listen();
  return proxy;
}

class FaultProxy {
  /** @type {Seen[]} */
  seen = [];
  #target;
  #random;
  /** @type {{rule: Rule, met: number}[]} */
  #rules = [];
  #character;
  #server;
  #secure;
  /** @type {Set<import("node:net").Socket>} */
  #sockets = new Set();
  #agent = new http.Agent({ keepAlive: true });
  /** @type {Promise<unknown>} */
  #completing = Promise.resolve();

  /**
   * @param {import("./s3.js").S3Server} target
   * @param {number} seed
   * @param {Rule[]} rules
   * @param {Character} character
   * @param {{key: string, cert: string}} [tls] https with this certificate
   */
  constructor(target, seed, rules, character, tls) {
    this.#target = target;
    this.#random = randomFrom(seed);
    this.#character = character;
    this.script(rules);
    /** @type {http.RequestListener} */
    const listener = (request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    };
    this.#secure = tls !== undefined;
    this.#server = tls ? https.createServer(tls, listener) : http.createServer(listener);
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  get name() {
    return this.#target.name;
  }

  get credentials() {
    return this.#target.credentials;
  }

  get endpoint() {
    const { port } = /** @type {import("node:net").AddressInfo} */ (this.#server.address());
    return `${this.#secure ? "https" : "http"}://127.0.0.1:${port}`;
  }

  /** @returns {Promise<void>} */
  listen() {
    return new Promise((resolve, reject) => {
      this.#server.on("error", reject);
      this.#server.listen(0, "127.0.0.1", () => resolve());
    });
  }

  /** Other rules from now on; what was seen is forgotten. @param {Rule[]} rules */
  script(rules) {
    this.#rules = rules.map((rule) => ({ rule, met: 0 }));
    this.seen = [];
  }

  /** @param {Character} character */
  become(character) {
    this.#character = character;
    this.seen = [];
  }

  /** @returns {Promise<void>} may be called again */
  stop() {
    this.#agent.destroy();
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  /** @param {http.IncomingMessage} request @returns {Fault | null} */
  #faultFor(request) {
    for (const entry of this.#rules) {
      const { method, url, skip = 0, times = Number.POSITIVE_INFINITY, probability = 1, fault } = entry.rule;
      if (method !== undefined && method !== request.method) continue;
      if (url !== undefined && !url.test(request.url ?? "")) continue;
      entry.met += 1;
      if (entry.met > skip && entry.met <= skip + times && this.#random() < probability) return fault;
    }
    return null;
  }

  /** @param {http.IncomingMessage} request @param {http.ServerResponse} response */
  async #serve(request, response) {
    const fault = this.#faultFor(request);
    const { method = "", url = "", headers } = request;
    /** @type {Seen} */
    const seen = { method, url, headers, bodySize: 0, fault: fault?.kind ?? null };
    this.seen.push(seen);
    // As it begins: its body may be on its way for a while.
    const { limits } = this.#character;
    const hasty = limits?.begin({ method, url }) ?? null;
    try {
      await this.#answer(request, response, { fault, seen, hasty });
    } finally {
      seen.status = response.statusCode;
      if (!hasty) limits?.end({ method, url });
    }
  }

  /**
   * @param {http.IncomingMessage} request
   * @param {http.ServerResponse} response
   * @param {{fault: Fault | null, seen: Seen, hasty: Refusal | null}} state
   */
  async #answer(request, response, { fault, seen, hasty }) {
    const { method = "", url = "" } = request;
    const socket = request.socket;
    /** @type {Buffer[]} */
    const chunks = [];
    for await (const chunk of request) {
      chunks.push(chunk);
      seen.bodySize += chunk.length;
      if (fault?.kind === "reset-upload" && seen.bodySize >= fault.after) {
        socket.resetAndDestroy();
        return;
      }
    }
    const body = Buffer.concat(chunks);
    if (fault?.kind === "reset" && fault.after === undefined) return void socket.resetAndDestroy();
    if (fault?.kind === "stall" && fault.after === undefined) return;
    if (fault?.kind === "nonsense") return void socket.end("220 this is another protocol\r\n");
    if (fault?.kind === "answer") return sendError(request, response, fault);
    if (fault?.kind === "garble-upload" && body.length > 0) body[fault.at ?? 0] ^= 0xff;

    const below = await this.#belowMarker(request);
    const refusal = hasty ?? this.#refusal(request) ?? (below === "other" ? UNMET : null);
    if (refusal) return sendError(request, response, refusal);
    const answer = await this.#passedOn(request, body, below === "same");
    if (!answer) return sendError(request, response, UNMET);
    if (fault?.kind === "lose-answer") return void socket.resetAndDestroy();
    const { skewMs = 0, silentCompletions } = this.#character;
    if (silentCompletions && method === "POST" && /[?&]uploadId=/.test(url)) {
      answer.body = Buffer.from(answer.body.toString().replace(/<ETag>[^<]*<\/ETag>/, "<ETag></ETag>"));
    }
    if (skewMs !== 0) answer.headers.date = new Date(Date.now() + skewMs).toUTCString();
    await send(response, answer, fault);
  }

  /**
   * The server's answer; null where this proxy keeps a condition for it, and it is not met.
   *
   * @param {http.IncomingMessage} request
   * @param {Buffer} body
   * @param {boolean} met whether its condition is met already, so that it goes on without
   * @returns {Promise<Awaited<ReturnType<FaultProxy["forward"]>> | null>}
   */
  async #passedOn(request, body, met) {
    const expected = request.headers["if-match"];
    const completes = request.method === "POST" && expected !== undefined;
    if (!this.#character.keepsOnCompletion || !completes) return this.forward(request, body, met);
    const turn = this.#completing.then(async () => {
      const { credentials, endpoint } = this.#target;
      const { url, method, headers } = await new AwsV4Signer({
        ...{ ...credentials, method: "HEAD", service: "s3", region: "us-east-1", allHeaders: true },
        url: endpoint + String(request.url).split("?")[0],
      }).sign();
      const { headers: found } = await fetch(url, { method, headers });
      return found.get("etag") === expected ? this.forward(request, body) : null;
    });
    this.#completing = turn.catch(() => {});
    return turn;
  }

  /** What a server of this character says no to. @param {http.IncomingMessage} request @returns {Refusal | null} */
  #refusal({ headers, method }) {
    const { refusesPreconditions, bareEtags, refusesChecksums, demandsEncryption, skewMs, region } =
      this.#character;
    const date = new Date(Date.now() + (skewMs ?? 0)).toUTCString();
    if (skewMs !== undefined && Math.abs(signedAt(headers) - Date.now() - skewMs) > ALLOWED_SKEW) {
      return { status: 403, code: "RequestTimeTooSkewed", headers: { date } };
    }
    const scope = /Credential=[^/]+\/\d+\/([^/]+)\//.exec(headers.authorization ?? "")?.[1];
    if (region && scope !== region.name) {
      const told = region.told === "silent" ? "" : region.name;
      return region.told === "301"
        ? { status: 301, code: "PermanentRedirect", headers: { "x-amz-bucket-region": told } }
        : {
            status: 400,
            code: "AuthorizationHeaderMalformed",
            extra: told ? `<Region>${told}</Region>` : "",
          };
    }
    const writes = method === "PUT" || method === "POST";
    const conditional = headers["if-match"] !== undefined || headers["if-none-match"] !== undefined;
    if (refusesPreconditions && writes && conditional) return { status: 501, code: "NotImplemented" };
    if (bareEtags && headers["if-match"]?.startsWith('"')) {
      return { status: 412, code: "PreconditionFailed" };
    }
    const encrypted = headers["x-amz-server-side-encryption"] === demandsEncryption;
    if (demandsEncryption && writes && !encrypted) {
      const message =
        "User is not authorized to perform: s3:PutObject with an explicit deny in a resource-based policy";
      return { status: 403, code: "AccessDenied", message };
    }
    const checksum = Object.keys(headers).some((name) => name.startsWith("x-amz-checksum-"));
    if (refusesChecksums && writes && checksum) {
      return {
        status: refusesChecksums,
        code: refusesChecksums === 501 ? "NotImplemented" : "InvalidArgument",
      };
    }
    return null;
  }

  /**
   * Whether a write's condition is met by the version below a delete marker; null where there is no marker or nobody
   * asks.
   *
   * @param {http.IncomingMessage} request
   * @returns {Promise<"same" | "other" | null>}
   */
  async #belowMarker({ headers, method, url = "" }) {
    const condition = headers["if-none-match"] ?? headers["if-match"];
    if (!this.#character.seesBelowMarkers || method !== "PUT" || condition === undefined) return null;
    const [, bucket, key] = /^\/([^/]+)\/([^?]+)/.exec(url) ?? [];
    const client = new AwsClient({ ...this.#target.credentials, service: "s3", region: "us-east-1" });
    const asked = `${this.#target.endpoint}/${bucket}?versions=&prefix=${encodeURIComponent(decodeURIComponent(key))}`;
    const listing = await (await client.fetch(asked)).text();
    const [marker] = /<DeleteMarker>.*?<\/DeleteMarker>/s.exec(listing) ?? [];
    if (!marker?.includes("<IsLatest>true</IsLatest>")) return null;
    const newest = /<ETag>([^<]*)<\/ETag>/.exec(listing)?.[1].replaceAll("&quot;", '"');
    return condition === newest ? "same" : "other";
  }

  /**
   * The headers of the request where they have to be others than the client's.
   *
   * @param {http.IncomingMessage} request
   * @param {boolean} met whether its condition is met already
   * @returns {Promise<Record<string, string> | null>} null: pass them on as they are
   */
  async #changed({ headers, method, url }, met) {
    const { ignoresPreconditions, ignoresOnCompletion, bareEtags, skewMs, region } = this.#character;
    const kept = /** @type {Record<string, string>} */ ({ ...headers });
    for (const name of ["authorization", "connection", "content-length"]) delete kept[name];
    let changed = skewMs !== undefined || region !== undefined;
    if (
      met ||
      (ignoresPreconditions && (method === "PUT" || method === "POST")) ||
      (ignoresOnCompletion && method === "POST")
    ) {
      for (const name of ["if-match", "if-none-match"]) {
        changed ||= name in kept;
        delete kept[name];
      }
    }
    if (bareEtags && kept["if-match"]) {
      kept["if-match"] = `"${kept["if-match"]}"`;
      changed = true;
    }
    if (!changed) return null;
    for (const name of ["x-amz-date", "x-amz-security-token"]) delete kept[name];
    const signer = new AwsV4Signer({
      ...this.#target.credentials,
      method,
      url: `http://${headers.host}${url}`,
      headers: kept,
      service: "s3",
      region: "us-east-1",
      allHeaders: true,
    });
    const { headers: anew } = await signer.sign();
    const length = headers["content-length"];
    return {
      ...Object.fromEntries(anew),
      host: String(headers.host),
      ...(length === undefined ? {} : { "content-length": length }),
    };
  }

  /**
   * @param {http.IncomingMessage} request
   * @param {Buffer} body
   * @returns {Promise<{status: number, headers: http.IncomingHttpHeaders, body: Buffer}>}
   */
  async forward(request, body, met = false) {
    const changed = await this.#changed(request, met);
    const { hostname, port } = new URL(this.#target.endpoint);
    return new Promise((resolve, reject) => {
      const onward = http.request(
        {
          hostname,
          port,
          method: request.method,
          path: request.url,
          headers: changed ?? request.headers,
          setHost: false,
          agent: this.#agent,
        },
        async (answer) => {
          try {
            /** @type {Buffer[]} */
            const chunks = [];
            for await (const chunk of answer) chunks.push(chunk);
            resolve({
              status: answer.statusCode ?? 0,
              headers: { ...answer.headers },
              body: Buffer.concat(chunks),
            });
          } catch (error) {
            reject(error);
          }
        },
      );
      onward.on("error", reject);
      onward.end(body);
    });
  }
}

/** @typedef {{status: number, code?: string, message?: string, extra?: string, headers?: Record<string, string>, body?: string}} Refusal */

/**
 * @param {http.IncomingMessage} request
 * @param {http.ServerResponse} response
 * @param {Refusal} refusal
 */
function sendError(request, response, { status, code, message = "", extra = "", headers = {}, body }) {
  const text =
    body ??
    (code
      ? `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message>${extra}</Error>`
      : "");
  response.writeHead(status, {
    ...(request.method === "HEAD" ? {} : { "content-length": Buffer.byteLength(text) }),
    ...headers,
  });
  response.end(request.method === "HEAD" ? undefined : text);
}

/**
 * @param {http.ServerResponse} response
 * @param {{status: number, headers: http.IncomingHttpHeaders, body: Buffer}} answer
 * @param {Fault | null} fault
 */
async function send(response, { status, headers, body }, fault) {
  for (const name of ["connection", "keep-alive", "transfer-encoding"]) delete headers[name];
  const isHead = response.req.method === "HEAD";
  if (!isHead && status !== 204) headers["content-length"] = String(body.length);
  response.writeHead(status, /** @type {http.OutgoingHttpHeaders} */ (headers));
  if (isHead || body.length === 0) return void response.end();
  if (fault?.kind === "garble") body[Math.min(fault.at ?? 0, body.length - 1)] ^= 0xff;
  if (fault?.kind === "slow") {
    // Ten pieces a second, whatever the speed.
    const piece = Math.max(1, Math.ceil(fault.bytesPerSecond / 10));
    for (let from = 0; from < body.length && !response.destroyed; from += piece) {
      response.write(body.subarray(from, from + piece));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return void response.end();
  }
  const after = fault && "after" in fault ? fault.after : undefined;
  if (fault && after !== undefined) {
    await new Promise((resolve) => response.write(body.subarray(0, after), resolve));
    if (fault.kind === "truncate") response.socket?.end();
    if (fault.kind === "reset") response.socket?.resetAndDestroy();
    return;
  }
  response.end(body);
}

/** When a request says that it was signed. @param {http.IncomingHttpHeaders} headers */
function signedAt(headers) {
  const date = String(headers["x-amz-date"] ?? "");
  return Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
}

/** The same numbers for the same seed (mulberry32). @param {number} seed */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
