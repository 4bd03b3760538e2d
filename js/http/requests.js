/**
 * The one loop of tries, for every service that is asked over HTTP: a request goes out until it is answered, as often as
 * another try is worth it. Pauses, `Retry-After`, the time that may be spent on waiting, the tries that a whole run
 * shares, time limits, and whether a request without an answer may have taken effect are decided here and nowhere else.
 * What an answer means, and in which words a failure is reported, is its callers' business.
 */

import { setTimeout as sleepFor } from "node:timers/promises";
import { RECOVERED, retryAfter, waitBefore } from "./retry.js";
import { ANSWER_MS_PER_MIB, ExchangeError, Transport } from "./transport.js";

/** @import { Failure } from "../failure.js" */
/** @import { Answer, Outgoing } from "./transport.js" */

const MIB = 1024 * 1024;

/** Milliseconds without any progress after which a transfer has ended, unless given. */
export const STALL_TIMEOUT_MS = 30_000;

/**
 * What a failed try may have done at the server.
 *
 * - `none`: the request did not get there, or the answer says that it was refused
 * - `cut`: the connection ended before all of the body had left; a server that keeps to the announced length did nothing
 * - `possible`: all of it had left, and no answer says what came of it
 *
 * @typedef {"none" | "cut" | "possible"} Effect
 */

/**
 * What an answer means to who asked.
 *
 * - `value`: it is what was asked for
 * - `again`: what was wrong with the request is corrected; it goes out at once, and that is no further try
 * - `failure`: with `waitMs` where the answer says how long to wait and not by `Retry-After`, `final` where another try
 *   cannot help though the failure may pass, `lasting` where it says more about when to try again than what later tries
 *   may meet
 *
 * @template T
 * @typedef {{value: T} | {again: true} | {failure: Failure, waitMs?: number | null, final?: boolean, lasting?: boolean}} Judgement
 */

/**
 * A request as it goes out, with what the server has to do for it.
 *
 * @typedef {Omit<Outgoing, "stallTimeoutMs" | "answerTimeoutMs" | "signal"> & {patience?: number, weight?: number}} Sending
 *   `patience`: so many times the usual time limit; `weight`: bytes that the server has to deal with before it answers,
 *   those of the body unless given
 */

/**
 * @template T
 * @typedef {object} Request
 * @property {() => Sending | Promise<Sending>} outgoing asked for each try
 * @property {(answer: Answer) => Judgement<T> | Promise<Judgement<T>>} judge an `ExchangeError` thrown by it counts as no
 *   answer
 * @property {(error: ExchangeError) => Failure | Promise<Failure>} explain why there is no answer, in the caller's words
 * @property {boolean} [repeatable] whether taking effect twice does no harm; true unless given. What is not is sent again
 *   only where it surely had no effect
 * @property {number} [attempts] tries at most, and none of those that the run shares; those of the client unless given
 * @property {() => void} [onDoubt] a try failed that may have taken effect nevertheless
 * @property {AbortSignal | null} [signal] instead of the client's
 */

/**
 * @typedef {object} RequestsOptions
 * @property {number} [attempts] tries of each request, the first included; 3 unless given
 * @property {number} [reserve] further tries that all requests together may take; 0 unless given
 * @property {number} [budgetMs] waiting for one request altogether; no limit unless given
 * @property {number} [longestRetryAfterMs] a server that wants to be left alone for longer is not waited for; no limit
 *   unless given
 * @property {number} [stallTimeoutMs] without any progress; 30,000 unless given
 * @property {number} [answerMsPerMib] how much longer an answer may take for each MiB that was sent; 5,000 unless given
 * @property {Readonly<Record<string, string | undefined>>} [env] with the proxies; that of the process unless given
 * @property {() => number} [now] milliseconds since 1970
 * @property {(ms: number) => Promise<unknown>} [sleep]
 * @property {() => number} [random] at least 0, below 1
 * @property {AbortSignal | null} [signal] ends requests and waits
 * @property {(message: string) => void} [log] called for each wait
 */

/** Requests to the servers of one client. */
export class Requests {
  #transport;
  #attempts;
  /** How many tries beyond those of each request are left for all of them. */
  #reserve;
  #mostReserve;
  /** Requests that were answered as they should be. */
  #answered = 0;
  #budgetMs;
  #longestRetryAfterMs;
  #stallTimeoutMs;
  #answerMsPerMib;
  #now;
  #sleep;
  #random;
  #signal;
  #log;

  /** @param {RequestsOptions} [options] */
  constructor({
    attempts = 3,
    reserve = 0,
    budgetMs = Number.POSITIVE_INFINITY,
    longestRetryAfterMs = Number.POSITIVE_INFINITY,
    stallTimeoutMs = STALL_TIMEOUT_MS,
    answerMsPerMib = ANSWER_MS_PER_MIB,
    env,
    now = Date.now,
    sleep = sleepFor,
    random = Math.random,
    signal = null,
    log = () => {},
  } = {}) {
    this.#transport = new Transport(env);
    this.#attempts = attempts;
    this.#reserve = reserve;
    this.#mostReserve = reserve;
    this.#budgetMs = budgetMs;
    this.#longestRetryAfterMs = longestRetryAfterMs;
    this.#stallTimeoutMs = stallTimeoutMs;
    this.#answerMsPerMib = answerMsPerMib;
    this.#now = now;
    this.#sleep = sleep;
    this.#random = random;
    this.#signal = signal;
    this.#log = log;
  }

  /** Milliseconds without any progress after which a transfer has ended. */
  get stallTimeoutMs() {
    return this.#stallTimeoutMs;
  }

  /**
   * Whether requests to an address go through a proxy.
   *
   * @param {URL} url
   */
  async isProxied(url) {
    return (await this.#transport.route(url)) !== null;
  }

  /** Closes idle connections; requests can still be sent. */
  close() {
    this.#transport.close();
  }

  /**
   * Sends a request until an answer is what was asked for.
   *
   * @template T
   * @param {Request<T>} request
   * @returns {Promise<T>}
   * @throws {Failure} of the last try, or the last one that is `lasting`; with the number of tries, where there were
   *   several, and how long the server asks to wait, where that is too long
   */
  async send(request) {
    const { repeatable = true, explain, onDoubt, signal = this.#signal } = request;
    const attempts = Math.min(this.#attempts, request.attempts ?? Number.POSITIVE_INFINITY);
    const spares = request.attempts === undefined;
    let waitedMs = 0;
    /** @type {Failure | null} */
    let lasting = null;
    for (let attempt = 1; ; ) {
      const tried = await this.#try(request, signal);
      if ("value" in tried) {
        this.#recover();
        return tried.value;
      }
      if ("again" in tried) continue;
      const { failure, effect, askedMs } = tried;
      if (effect === "possible") onDoubt?.();
      if (tried.lasting) lasting = failure;
      const waitMs = waitBefore({ attempt, retryAfterMs: askedMs, random: this.#random });
      const patient = (askedMs ?? 0) <= this.#longestRetryAfterMs;
      const used = attempt >= attempts;
      const again =
        failure.retryable &&
        !tried.final &&
        (repeatable || effect === "none") &&
        patient &&
        waitedMs + waitMs <= this.#budgetMs &&
        (!used || (spares && tried.brief && this.#reserve > 0));
      if (!again) {
        const asked = patient ? "" : `; the server asks to wait for ${Math.ceil((askedMs ?? 0) / 1000)} s`;
        const reported = failure.retryable && lasting ? lasting : failure;
        reported.message += asked + (attempt === 1 ? "" : ` (${attempt} attempts)`);
        throw reported;
      }
      if (used) this.#reserve -= 1;
      this.#log(`${failure.message}; attempt ${attempt + 1} in ${waitMs} ms`);
      await this.#pause(waitMs, signal, explain);
      waitedMs += waitMs;
      attempt += 1;
    }
  }

  /**
   * @template T
   * @param {Request<T>} request
   * @param {AbortSignal | null} signal
   * @returns {Promise<{value: T} | {again: true} | Failed>}
   */
  async #try({ outgoing, judge, explain }, signal) {
    try {
      const answer = await this.#exchange(await outgoing(), signal);
      const judged = await judge(answer);
      if (!("failure" in judged)) return judged;
      const { waitMs = this.#retryAfter(answer) } = judged;
      return { ...judged, askedMs: waitMs, effect: effectOfAnswer(answer), brief: true };
    } catch (thrown) {
      if (!(thrown instanceof ExchangeError)) throw thrown;
      const failure = await explain(thrown);
      return { failure, askedMs: null, effect: effectWithoutAnswer(thrown), brief: isBrief(thrown) };
    }
  }

  /** @param {Sending} sending @param {AbortSignal | null} signal */
  #exchange({ patience = 1, weight, ...outgoing }, signal) {
    const stallTimeoutMs = this.#stallTimeoutMs * patience;
    const bytes = weight ?? outgoing.body?.byteLength ?? 0;
    const answerTimeoutMs = stallTimeoutMs + Math.ceil((this.#answerMsPerMib * bytes) / MIB);
    return this.#transport.exchange({ ...outgoing, stallTimeoutMs, answerTimeoutMs, signal });
  }

  /** How long an answer asks to wait, by the server's clock where it says what time it is. @param {Answer} answer */
  #retryAfter({ headers }) {
    const date = Date.parse(headers.date ?? "");
    return retryAfter(headers["retry-after"], Number.isNaN(date) ? this.#now() : date);
  }

  /** A run with many requests has more bad luck than one with few: what is answered gives spare tries back. */
  #recover() {
    this.#answered += 1;
    if (this.#answered % RECOVERED === 0 && this.#reserve < this.#mostReserve) this.#reserve += 1;
  }

  /**
   * @param {number} ms
   * @param {AbortSignal | null} signal
   * @param {(error: ExchangeError) => Failure | Promise<Failure>} explain
   */
  async #pause(ms, signal, explain) {
    /** @type {(stopped: Promise<never>) => void} */
    let stop = () => {};
    const aborted = new Promise((resolve) => {
      stop = resolve;
    });
    const onAbort = () => stop(stopped(explain));
    // No one may be left to hear it.
    aborted.catch(() => {});
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      await Promise.race([this.#sleep(ms), aborted]);
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }
}

/**
 * @typedef {object} Failed
 * @property {Failure} failure
 * @property {number | null} askedMs how long the server asks to wait
 * @property {Effect} effect
 * @property {boolean} brief whether it was over soon enough to be worth a try of the reserve
 * @property {boolean} [final]
 * @property {boolean} [lasting]
 */

/** @param {(error: ExchangeError) => Failure | Promise<Failure>} explain @returns {Promise<never>} */
async function stopped(explain) {
  throw await explain(new ExchangeError("aborted", "stopped"));
}

/**
 * What a request may have done that was answered, and not as it should be. A server that fails may have failed behind the
 * deed; one that refuses has not begun.
 *
 * @param {Answer} answer
 * @returns {Effect}
 */
function effectOfAnswer({ status }) {
  return status >= 500 || status === 200 ? "possible" : "none";
}

/** Codes of the system where there never was a connection. */
const NEVER_CONNECTED = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"]);

/** @param {ExchangeError} error @returns {Effect} */
function effectWithoutAnswer({ code, sent, trouble }) {
  if (NEVER_CONNECTED.has(code) || trouble === "proxy") return "none";
  return sent ? "possible" : "cut";
}

/** Codes of addresses where nothing is: a typing error is not made good by asking more often. */
const NOBODY_THERE = new Set(["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH", "ENETUNREACH"]);

/** Whether a try was soon over. A stall was not: each one has cost the time limit already. @param {ExchangeError} error */
function isBrief({ trouble, code }) {
  return trouble !== "stalled" && !NOBODY_THERE.has(code);
}
