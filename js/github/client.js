/**
 * GitHub's REST interface: one request until it is answered, all pages of a list, and downloads that lead to another
 * host. It says which answers are a failure and which of them mean to wait; waiting and trying again is the loop's
 * business (`http/requests.js`), what is asked, and what an answer means for the product, that of its callers.
 */

import { Failure } from "../failure.js";
import { Requests } from "../http/requests.js";
import { LONGEST_RETRY_AFTER, retryAfter } from "../http/retry.js";
import { parseUrl } from "../url.js";
import { failure, failureOfExchange, failureOfRateLimit, failureOfStatus } from "./errors.js";

/** @import { FailureType } from "../failure.js" */
/** @import { Judgement, Sending } from "../http/requests.js" */
/** @import { Answer } from "../http/transport.js" */
/** @import { Circumstances, GitHubFailure } from "./errors.js" */

/** Where GitHub answers unless a server of one's own is named. */
export const PUBLIC_API = "https://api.github.com";
/** The version of the interface that is spoken. */
const API_VERSION = "2022-11-28";
/** The most bytes of an answer in JSON, and of every error. */
const ANSWER_LIMIT = 16 * 1024 * 1024;
/** Items of a page; GitHub gives no more. */
const PER_PAGE = 100;
/** A list with more pages than this is not read to its end: it would use up the limit of requests. */
const MOST_PAGES = 300;
/** Where a server says that it is asked too often and not for how long: what GitHub's documentation advises. */
const UNTOLD_WAIT = 60_000;
const MOST_REDIRECTS = 5;

/**
 * @typedef {object} GitHubOptions
 * @property {string} [apiUrl] the value of `GITHUB_API_URL`; that of github.com unless given
 * @property {string} [named] the variable that has the address, for messages; `GITHUB_API_URL` unless given
 * @property {string} [token] none: only what everyone may read
 * @property {string} [userAgent]
 * @property {Readonly<Record<string, string | undefined>>} [env] with the proxies; that of the process unless given
 * @property {AbortSignal} [signal] ends requests and waits
 * @property {(ms: number) => Promise<unknown>} [sleep]
 * @property {() => number} [random] at least 0, below 1
 * @property {() => number} [now] milliseconds since 1970
 * @property {number} [attempts] tries of a request that may yet succeed, the first included; 4 unless given
 * @property {number} [patienceMs] waits for one request altogether; a server that asks for more is not waited for
 * @property {number} [stallTimeoutMs] a transfer that does not move for so long has ended
 * @property {FailureType} [type] of failures; `storage` unless given
 * @property {(message: string) => void} [log] called for each wait
 * @property {(secret: string) => void} [onSecret] called for each secret that a server issues, before it is used
 */

/**
 * @typedef {object} GitHubRequest
 * @property {string} [method] `GET` unless given
 * @property {string} path begins with `/`, below the address of the interface; its parts are encoded already
 * @property {Record<string, string | number | boolean | undefined>} [query]
 * @property {unknown} [body] sent as JSON
 * @property {string} [accept]
 * @property {string} [doing] such as "could not list the artifacts of `o/r`"
 * @property {string} [permission] what the token needs for it, such as `actions: read`
 * @property {boolean} [raw] the answer's bytes and not its JSON; so are those of an `accept` for a raw medium
 * @property {number} [limit] the most bytes of the answer
 * @property {boolean} [repeatable] whether doing it twice does no harm; everything but POST unless given. What is not
 *   is tried again only where the server surely did nothing
 * @property {FailureType} [type]
 * @property {AbortSignal} [signal]
 */

/**
 * @typedef {object} GitHubAnswer
 * @property {number} status from 200 to 299
 * @property {import("node:http").IncomingHttpHeaders} headers
 * @property {any} data parsed JSON, null for none; a Buffer for raw requests
 */

/** GitHub's REST interface for one token. */
export class GitHub {
  #base;
  #named;
  #token;
  #userAgent;
  #signal;
  #now;
  #attempts;
  #type;
  #onSecret;
  #requests;
  /** @type {number | null} */
  #clockOffsetMs = null;
  /** @type {Set<string>} */
  #secrets = new Set();

  /**
   * @param {GitHubOptions} [options]
   * @throws {Failure} `GITHUB_CONFIG_INVALID` for an address or a token that cannot be one
   */
  constructor({
    apiUrl = PUBLIC_API,
    named = "GITHUB_API_URL",
    token,
    userAgent = "unentropy",
    env,
    signal,
    sleep,
    random,
    now = Date.now,
    attempts = 4,
    patienceMs = LONGEST_RETRY_AFTER,
    stallTimeoutMs,
    type = "storage",
    log,
    onSecret = () => {},
  } = {}) {
    this.#base = baseOf(apiUrl || PUBLIC_API, named);
    this.#named = named;
    const trimmed = token?.trim() ?? "";
    if (!/^[\x21-\x7e]*$/.test(trimmed)) {
      throw invalid(
        "the GitHub token has characters that no token has",
        "Pass the token alone, without quotes, spaces or line breaks.",
      );
    }
    this.#token = trimmed;
    if (trimmed) this.#secrets.add(trimmed);
    this.#userAgent = userAgent;
    this.#signal = signal ?? null;
    this.#now = now;
    this.#attempts = attempts;
    this.#type = type;
    this.#onSecret = onSecret;
    this.#requests = new Requests({
      attempts,
      budgetMs: patienceMs,
      stallTimeoutMs,
      env,
      now,
      sleep,
      random,
      log,
    });
  }

  /** The host of the interface, with its port. */
  get host() {
    return this.#base.host;
  }

  /** Milliseconds that the server's clock is ahead of this machine's, by its last answer; null before the first one. */
  get clockOffsetMs() {
    return this.#clockOffsetMs;
  }

  /** Closes idle connections; the client can still be used. */
  close() {
    this.#requests.close();
  }

  /**
   * Sends a request until it is answered. Redirects within the server are followed.
   *
   * @param {GitHubRequest} request
   * @returns {Promise<GitHubAnswer>}
   * @throws {GitHubFailure} for every status but 2xx, which `status` has, and with 0 for none
   */
  async request(request) {
    const method = (request.method ?? "GET").toUpperCase();
    const raw = request.raw ?? /[.+]raw\b/.test(request.accept ?? "");
    const answer = await this.#send(method, this.#url(request), request);
    return { status: answer.status, headers: answer.headers, data: this.#dataOf(answer, raw, request) };
  }

  /**
   * The items of a list over all its pages, each asked for when it is needed.
   *
   * @param {Omit<GitHubRequest, "method" | "body" | "raw"> & {pick?: (data: any) => any[]}} request `pick` finds
   *   the items in an answer that is not a list itself
   * @returns {AsyncGenerator<any, void, void>}
   * @throws {GitHubFailure}
   */
  async *pages({ pick = (data) => data, ...request }) {
    let url = this.#url({ ...request, query: { per_page: PER_PAGE, ...request.query } });
    for (let page = 1; ; page++) {
      const answer = await this.#send("GET", url, request);
      const items = pick(this.#dataOf(answer, false, request));
      if (!Array.isArray(items)) throw this.#strange(answer, request, "it has no list where one is expected");
      yield* items;
      const next = nextPage(answer.headers.link);
      if (next === null) return;
      if (page >= MOST_PAGES) {
        throw this.#strange(answer, request, `the list has more than ${MOST_PAGES} pages`);
      }
      const following = parseUrl(next, url);
      if (following?.origin !== this.#base.origin || following.href === url.href) {
        throw this.#strange(answer, request, "its next page is at an address that cannot be");
      }
      url = following;
    }
  }

  /**
   * The bytes behind a path which sends on to a signed address, such as an artifact's content. The token is not sent
   * there, and the address appears in no message.
   *
   * @param {GitHubRequest & {limit: number}} request
   * @returns {Promise<Buffer>}
   * @throws {GitHubFailure}
   */
  async download(request) {
    for (let attempt = 1; ; attempt++) {
      const here = await this.#send("GET", this.#url(request), request, { foreign: true });
      if (here.status < 300) return here.body;
      const there = this.#signedAddress(here, request);
      try {
        const answer = await this.#send("GET", there, { ...request, permission: undefined }, { bare: true });
        return answer.body;
      } catch (thrown) {
        const { status } = /** @type {GitHubFailure} */ (thrown);
        // Signed addresses are good for a minute; the server issues another.
        if (attempt >= this.#attempts || (status !== 401 && status !== 403)) throw thrown;
      }
    }
  }

  /**
   * One exchange with an address that is a secret itself, without the token, tried again as any other.
   *
   * @param {{method: string, url: string, headers?: Record<string, string>, body?: Uint8Array, limit?: number,
   *   doing: string, type?: FailureType, repeatable?: boolean}} request
   * @returns {Promise<Answer>}
   */
  async signed({ method, url, headers, body, ...request }) {
    if (!parseUrl(url)) throw this.#noAddress(request);
    const there = this.#keepSecret(new URL(url), request);
    return this.#send(method, there, { ...request, path: "" }, { bare: true, headers, bytes: body });
  }

  /**
   * @param {string} method
   * @param {URL} url
   * @param {GitHubRequest} request
   * @param {{foreign?: boolean, bare?: boolean, headers?: Record<string, string>, bytes?: Uint8Array}} [how]
   *   `foreign`: a redirect to another host is an answer; `bare`: without the token
   * @returns {Promise<Answer>} with 2xx, or 3xx to another host
   */
  #send(method, url, request, how = {}) {
    let there = url;
    let redirects = 0;
    return this.#requests.send({
      outgoing: () => this.#outgoing(method, there, request, how),
      judge: (answer) => {
        const judged = this.#judge(answer, method, there, request, how);
        if (!(judged instanceof URL)) return judged;
        redirects += 1;
        if (redirects > MOST_REDIRECTS) throw this.#strange(answer, request, "its redirects do not end");
        there = judged;
        return { again: true };
      },
      explain: (error) => failureOfExchange(error, this.#at(request, there)),
      repeatable: request.repeatable ?? method !== "POST",
      signal: request.signal ?? this.#signal,
    });
  }

  /**
   * @param {Answer} answer
   * @param {string} method
   * @param {URL} url that was asked
   * @param {GitHubRequest} request
   * @param {{foreign?: boolean, bare?: boolean}} how
   * @returns {Judgement<Answer> | URL} a URL: the answer sends it there
   */
  #judge(answer, method, url, request, { foreign = false, bare = false }) {
    if (!bare) this.#compareClocks(answer);
    if (answer.status >= 200 && answer.status < 300) return { value: answer };
    if (isRedirect(answer.status, method)) {
      return this.#redirected(answer, url, request, foreign) ?? { value: answer };
    }
    const at = this.#at(request, url);
    const limit = this.#limitIn(answer);
    if (limit) return { failure: failureOfRateLimit(answer.status, at, limit), waitMs: limit.waitMs };
    const circumstances = { ...at, signed: bare, ...permissionIn(answer, at) };
    // A conflict lasts as long as the other run.
    return {
      failure: failureOfStatus(answer.status, circumstances, wordsOf(answer)),
      final: answer.status === 409,
    };
  }

  /**
   * @param {string} method
   * @param {URL} url
   * @param {GitHubRequest} request
   * @param {{bare?: boolean, headers?: Record<string, string>, bytes?: Uint8Array}} how
   * @returns {Sending}
   */
  #outgoing(method, url, request, { bare = false, headers = {}, bytes }) {
    const { body, accept = "application/vnd.github+json", limit = ANSWER_LIMIT } = request;
    const json = body === undefined ? null : Buffer.from(JSON.stringify(body));
    // Only the interface itself ever sees the token.
    const authorized = !bare && url.origin === this.#base.origin && this.#token;
    return {
      method,
      url,
      headers: {
        "user-agent": this.#userAgent,
        "accept-encoding": "identity",
        ...(bare ? {} : { accept, "x-github-api-version": API_VERSION }),
        ...(authorized ? { authorization: `Bearer ${this.#token}` } : {}),
        ...(json ? { "content-type": "application/json" } : {}),
        ...headers,
      },
      body: bytes ?? json ?? (method === "GET" || method === "DELETE" ? null : new Uint8Array()),
      limit: (status) => (status >= 200 && status < 300 ? limit : ANSWER_LIMIT),
    };
  }

  /**
   * @param {Answer} answer
   * @param {URL} url
   * @param {GitHubRequest} request
   * @param {boolean} foreign
   * @returns {URL | null} null: it leads elsewhere, which is what was wanted
   */
  #redirected(answer, url, request, foreign) {
    const location = answer.headers.location ?? "";
    const there = parseUrl(location, url);
    if (there !== null && there.origin === this.#base.origin && url.origin === this.#base.origin)
      return there;
    if (foreign && url.origin === this.#base.origin) return null;
    throw this.#strange(answer, request, "it sends on to another server, where the token is not sent");
  }

  /** @param {Answer} answer @param {GitHubRequest} request */
  #signedAddress(answer, request) {
    const location = answer.headers.location ?? "";
    if (!parseUrl(location)) throw this.#noAddress(request);
    return this.#keepSecret(new URL(location), request);
  }

  /**
   * @param {URL} url
   * @param {Pick<GitHubRequest, "doing" | "type">} request
   * @returns {URL} the same
   */
  #keepSecret(url, request) {
    // A server on this machine may speak http; nothing secret goes over a network unencrypted.
    if (!isSafe(url)) throw this.#noAddress(request);
    const named = [...url.searchParams].filter(([name]) => /sig|token|cred|key/i.test(name));
    for (const value of [url.search.slice(1), ...named.map(([, each]) => each)]) {
      if (value.length < 16) continue;
      for (const form of [value, encodeURIComponent(value)]) {
        if (this.#secrets.has(form)) continue;
        this.#secrets.add(form);
        this.#onSecret(form);
      }
    }
    return url;
  }

  /** @param {Pick<GitHubRequest, "doing" | "type">} request */
  #noAddress(request) {
    return failure(
      {
        code: "GITHUB_UNEXPECTED",
        cause: "the server names no address for the transfer that can be used",
        hint: "Try again later.",
      },
      this.#at({ path: "", ...request }, this.#base),
      0,
    );
  }

  /**
   * @param {Answer} answer
   * @returns {{waitMs: number | null, until: number | null, secondary: boolean} | null} null: no rate limit
   */
  #limitIn({ status, headers, body }) {
    if (status !== 403 && status !== 429) return null;
    const time = this.#serverTime({ headers });
    const asked = retryAfter(one(headers["retry-after"]), time);
    if (one(headers["x-ratelimit-remaining"]) === "0") {
      const reset = Number(one(headers["x-ratelimit-reset"]));
      const until = Number.isSafeInteger(reset) && reset > 0 ? reset * 1000 : null;
      const waitMs = asked ?? (until === null ? UNTOLD_WAIT : Math.max(0, until - time));
      return { waitMs, until, secondary: false };
    }
    const secondary =
      status === 429 || asked !== null || /rate limit|abuse/i.test(body.toString("utf8", 0, 2000));
    return secondary ? { waitMs: asked ?? UNTOLD_WAIT, until: null, secondary: true } : null;
  }

  /** @param {Pick<Answer, "headers">} answer @returns {number} */
  #serverTime({ headers }) {
    const time = Date.parse(headers.date ?? "");
    return Number.isNaN(time) ? this.#now() : time;
  }

  /** @param {Answer} answer */
  #compareClocks({ headers }) {
    const time = Date.parse(headers.date ?? "");
    // What a cache gives again was dated when the cache took it.
    const age = Number(one(headers.age) ?? 0) * 1000;
    if (!Number.isNaN(time + age)) this.#clockOffsetMs = time + age - this.#now();
  }

  /**
   * @param {Answer} answer
   * @param {boolean} raw
   * @param {Pick<GitHubRequest, "path" | "doing" | "type">} request
   */
  #dataOf(answer, raw, request) {
    if (raw) return answer.body;
    if (answer.body.length === 0) return null;
    try {
      return JSON.parse(answer.body.toString("utf8"));
    } catch {
      throw this.#strange(answer, request, "it is not JSON");
    }
  }

  /**
   * @param {Pick<Answer, "status" | "body">} answer
   * @param {Pick<GitHubRequest, "path" | "doing" | "type">} request
   * @param {string} why
   */
  #strange({ status, body }, request, why) {
    return failure(
      {
        code: "GITHUB_UNEXPECTED",
        cause: `the server's answer is not understood: ${why}`,
        hint: `Check that \`${this.#named}\` is the address of GitHub's service and not of a web page or a proxy.`,
      },
      this.#at(request, this.#base),
      status,
      `(${status}, ${body.length} bytes)`,
    );
  }

  /**
   * @param {Pick<GitHubRequest, "path" | "doing" | "type" | "permission">} request
   * @param {URL} url
   * @returns {Circumstances}
   */
  #at({ doing, path, type = this.#type, permission }, url) {
    return {
      doing: doing ?? `could not ask for \`${path}\``,
      host: url.host,
      named: this.#named,
      type,
      permission,
      redacted: (text) => this.redacted(text),
    };
  }

  /** The text without the token and without anything of an address that was signed. @param {string} text */
  redacted(text) {
    let clean = text;
    for (const secret of this.#secrets) clean = clean.replaceAll(secret, "***");
    return clean
      .replace(/\b(?:gh[a-z]_|github_pat_)[A-Za-z0-9_]{16,}/g, "***")
      .replace(/([?&](?:sig|signature|token|X-Amz-[A-Za-z-]+)=)[^&\s`"']+/gi, "$1***");
  }

  /** @param {Pick<GitHubRequest, "path" | "query">} request */
  #url({ path, query = {} }) {
    const url = new URL(this.#base);
    url.pathname = url.pathname.replace(/\/+$/, "") + path;
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return url;
  }
}

/** @param {string} apiUrl @param {string} named */
function baseOf(apiUrl, named) {
  const url = parseUrl(apiUrl);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
    throw invalid(
      `\`${named}\` is not an http address without user, query and fragment`,
      named === "GITHUB_API_URL"
        ? `Set it to one such as \`${PUBLIC_API}\`, or leave it unset.`
        : "The runner sets it; do not set it in the workflow.",
    );
  }
  if (!isSafe(url)) {
    throw invalid(
      `\`${named}\` is \`${url.origin}\`, which is not encrypted, and the token would be sent there`,
      "Set it to an address that begins with `https://`.",
    );
  }
  return url;
}

/** @param {URL} url */
function isSafe({ protocol, hostname }) {
  if (protocol === "https:") return true;
  return protocol === "http:" && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}

/** @param {string} message @param {string} hint */
function invalid(message, hint) {
  return new Failure(message, { type: "validation", code: "GITHUB_CONFIG_INVALID", hint });
}

/** @param {number} status @param {string} method */
function isRedirect(status, method) {
  return status === 307 || status === 308 || (method === "GET" && (status === 301 || status === 302));
}

/**
 * The address of the next page (RFC 8288).
 *
 * @param {string | string[] | undefined} header
 * @returns {string | null}
 */
export function nextPage(header) {
  for (const [, address, parameters] of (one(header) ?? "").matchAll(/<([^>]*)>([^,<]*)/g)) {
    if (/;\s*rel\s*=\s*"?(?:[^"]*\s)?next(?=["\s;]|$)/i.test(parameters)) return address;
  }
  return null;
}

/**
 * What the server says the token would need. One of several alternatives, each of them a list; the names have
 * underscores there and hyphens in workflows.
 *
 * @param {Answer} answer
 * @param {Circumstances} at
 * @returns {{permission?: string}}
 */
function permissionIn({ status, headers }, at) {
  const named = one(headers["x-accepted-github-permissions"])?.split(";")[0] ?? "";
  if (status !== 403 || at.permission || !/^[a-z_]+=[a-z]+(\s*,\s*[a-z_]+=[a-z]+)*$/.test(named.trim()))
    return {};
  return {
    permission: named
      .trim()
      .split(/\s*,\s*/)
      .map((pair) => pair.replace("=", ": ").replaceAll("_", "-"))
      .join(", "),
  };
}

/**
 * The server's own words, one line of them.
 *
 * @param {Answer} answer
 * @returns {string}
 */
function wordsOf({ body }) {
  try {
    const { message, msg, errors } = JSON.parse(body.toString("utf8"));
    const details = Array.isArray(errors)
      ? errors.map((each) =>
          typeof each === "string"
            ? each
            : [each?.field, each?.code, each?.message].filter(Boolean).join(" "),
        )
      : [];
    const words = [message ?? msg, ...details].filter((word) => typeof word === "string" && word !== "");
    // Control characters would be a terminal's or the runner's to obey.
    return words
      .join("; ")
      .replace(/[\p{Cc}\p{Cf}]+/gu, " ")
      .slice(0, 300);
  } catch {
    return "";
  }
}

/** @param {string | string[] | undefined} header */
function one(header) {
  return Array.isArray(header) ? header[0] : header;
}
