/**
 * One request to a bucket until it is answered: addressed, signed, and corrected once where the server says what is
 * wrong with every request. Trying it again is the loop's business (`http/requests.js`), what the answers mean the
 * caller's.
 */

import { Requests } from "../http/requests.js";
import { LONGEST_RETRY_AFTER } from "../http/retry.js";
import { AS_INPUTS } from "../spelling.js";
import { parseUrl } from "../url.js";
import { Address, isSameProvider } from "./address.js";
import { header, problemIn, timeOf } from "./answers.js";
import { ServerClock } from "./clock.js";
import { decodedBody } from "./encoding.js";
import { failure, failureOfAnswer, failureOfExchange, notTheService, wrongScheme } from "./errors.js";
import { speaksOtherScheme } from "./scheme.js";
import { EMPTY_SHA256, Signer, sha256 } from "./signing.js";

/** @import { Problem } from "./answers.js" */
/** @import { S3Parameters, Surroundings } from "./client.js" */
/** @import { Circumstances } from "./errors.js" */
/** @import { Failure } from "../failure.js" */
/** @import { Judgement, Sending } from "../http/requests.js" */
/** @import { Answer, ExchangeError, Hold } from "../http/transport.js" */

/** The most bytes of an answer, unless the operation says otherwise, and of every error. */
const ERROR_LIMIT = 1024 * 1024;

/** Two clocks further apart than this make signatures invalid somewhere; S3 itself allows 15 minutes. */
const SKEW_NOTICED = 4 * 60_000;

/**
 * What one request is.
 *
 * @typedef {object} Operation
 * @property {string} doing such as "could not read"
 * @property {string} method
 * @property {string | null} key
 * @property {Record<string, string>} [query]
 * @property {() => Record<string, string>} [headers] asked again for each attempt
 * @property {Uint8Array} [body]
 * @property {string} [payloadSha256] of the body, hex; computed once unless given
 * @property {number} [limit]
 * @property {number} [patience] so many times the stall timeout
 * @property {number} [weight] bytes that the server has to deal with before it answers; those of the body unless given
 * @property {number} [attempts] tries at most; those of the client unless given
 * @property {() => void} [onDoubt] an attempt failed that the server may have carried out nevertheless
 * @property {boolean} [reads]
 * @property {boolean} [conditional]
 * @property {(status: number, problem: Problem | null) => boolean} [expects] answers that are no failure; 2xx
 * @property {boolean} [asStored] an answer's content encoding may be the object's own, and is left to `check`
 * @property {(answer: Answer) => Failure | null | Promise<Failure | null>} [check] what is wrong with an expected answer
 * @property {Hold} [hold]
 * @property {(bytes: number, total: number | null) => void} [onSent]
 * @property {(bytes: number, total: number | null) => void} [onReceived]
 * @property {AbortSignal | null} [signal]
 *
 * @typedef {Answer & {problem: Problem | null, serverTime: number | null}} Reply
 *
 * @typedef {object} Corrections what was corrected of a request, each of them once
 * @property {boolean} region
 * @property {boolean} clock
 * @property {boolean} checksums
 * @property {number} redirects
 */

/** The way to one bucket. What it learns of the server holds for every later request. */
export class Connection {
  #address;
  #signer;
  #requests;
  #now;
  #signal;
  #sse;
  #spelling;
  /** Whether the server has answered in its own words, or was asked for its scheme: then that is no question any more. */
  #understood = false;
  #clock = new ServerClock();
  /** What the server's clock is ahead of this one's, once that mattered. */
  #skewMs = 0;
  /** Whether checksum headers are sent: until the server refuses them. */
  #checksums = true;
  /** @type {(message: string) => void} */
  log;

  /**
   * @param {S3Parameters} parameters checked
   * @param {Surroundings} surroundings
   */
  constructor(
    parameters,
    { env, now = Date.now, sleep, random, log = () => {}, signal, spelling = AS_INPUTS },
  ) {
    this.#address = new Address(parameters);
    this.#signer = new Signer(parameters.credentials);
    this.#sse = parameters.sse ?? "";
    this.#spelling = spelling;
    this.#now = now;
    this.#signal = signal ?? null;
    this.log = log;
    this.#requests = new Requests({
      attempts: parameters.retryAttempts,
      reserve: parameters.spareAttempts,
      longestRetryAfterMs: LONGEST_RETRY_AFTER,
      stallTimeoutMs: parameters.stallTimeoutMs,
      answerMsPerMib: parameters.answerMsPerMib,
      env,
      now,
      sleep,
      random,
      log,
    });
  }

  /** The host of the endpoint, with its port. */
  get host() {
    return this.#address.host;
  }

  get bucket() {
    return this.#address.bucket;
  }

  /** The endpoint without the bucket's name, where it seems to hold it; see `Address`. */
  get withoutBucket() {
    return this.#address.withoutBucket;
  }

  /** The region signed for; after a request it is the one the server named. */
  get region() {
    return this.#address.region;
  }

  /** How many milliseconds the server's clock is ahead of this machine's; null when it was never heard. */
  get clockOffsetMs() {
    return this.#clock.offsetMs;
  }

  /** The present by the server's clock, as far as it was heard. */
  get present() {
    return this.#now() + (this.#clock.offsetMs ?? 0);
  }

  /** Closes idle connections. */
  close() {
    this.#requests.close();
  }

  /**
   * Sends a request until an answer is one of those expected, as often as may help.
   *
   * @param {Operation} operation
   * @returns {Promise<Reply>}
   * @throws {Failure}
   */
  async request(operation) {
    const { body, hold, onDoubt, signal = this.#signal } = operation;
    const payloadSha256 = operation.payloadSha256 ?? (body ? sha256(body) : EMPTY_SHA256);
    const corrected = { region: false, clock: false, checksums: false, redirects: 0 };
    /** Where a redirect sent it. @type {URL | null} */
    let elsewhere = null;
    /** When this try began to be sent and its answer began to come. */
    let times = { sent: 0, received: 0 };
    return this.#requests.send({
      outgoing: async () => {
        const sending = await this.#outgoing(operation, elsewhere, payloadSha256);
        const sent = this.#now();
        times = { sent, received: sent };
        const onAnswer = () => {
          times.received = this.#now();
        };
        return { ...sending, onAnswer };
      },
      judge: async (raw) => {
        const answer = await this.#understand(raw, operation, times);
        const judged = await this.#judge(answer, operation, corrected);
        if (judged instanceof URL) elsewhere = judged;
        return judged instanceof URL ? { again: true } : judged;
      },
      explain: async (error) =>
        (isUnintelligible(error) && (await this.#misaddressed(operation, error))) ||
        failureOfExchange(error, this.at(operation)),
      // A request that was held back to meet others meets none when it is sent again.
      attempts: hold ? 1 : operation.attempts,
      onDoubt,
      signal,
    });
  }

  /**
   * The request as it goes out now.
   *
   * @param {Operation} operation
   * @param {URL | null} elsewhere where a redirect sent it
   * @param {string} payloadSha256 hex
   * @returns {Promise<Sending>}
   */
  async #outgoing(operation, elsewhere, payloadSha256) {
    const { method, key, query, headers, body = null, limit = ERROR_LIMIT, patience, weight } = operation;
    const url = elsewhere ?? this.#address.url(key, query);
    const payload = body ?? (method === "PUT" || method === "POST" ? new Uint8Array() : null);
    return {
      method,
      url,
      headers: await this.#signer.sign({
        method,
        url,
        headers: headers?.() ?? {},
        payloadSha256,
        region: this.#address.region,
        time: this.#now() + this.#skewMs,
      }),
      body: payload,
      patience,
      weight,
      limit: (status) => (isGood(status) ? limit : ERROR_LIMIT),
      hold: operation.hold,
      onSent: (bytes) => operation.onSent?.(bytes, payload?.byteLength ?? null),
      onReceived: (bytes, total, status) => {
        if (isGood(status)) operation.onReceived?.(bytes, total);
      },
    };
  }

  /**
   * Takes note of the server's clock, and takes off what a hop has encoded.
   *
   * @param {Answer} answer
   * @param {Operation} operation
   * @param {{sent: number, received: number}} times
   * @returns {Promise<Answer>}
   * @throws {ExchangeError}
   */
  async #understand(answer, { asStored = false, limit = ERROR_LIMIT }, { sent, received }) {
    const date = timeOf(answer.headers.date);
    // What a cache kept was dated when it was made.
    if (date !== null && answer.headers.age === undefined) this.#clock.heard(date, sent, received);
    const good = isGood(answer.status);
    if (good && asStored) return answer;
    return { ...answer, body: await decodedBody(answer, good ? limit : ERROR_LIMIT) };
  }

  /**
   * @param {Answer} answer
   * @param {Operation} operation
   * @param {Corrections} corrected
   * @returns {Promise<Judgement<Reply> | URL>} a URL: send it there
   */
  async #judge(answer, operation, corrected) {
    const { expects = isGood, check } = operation;
    const problem = answer.status === 200 ? null : problemIn(answer.body);
    this.#understood ||= answer.status < 300 || problem !== null;
    const serverTime = timeOf(answer.headers.date);
    if (expects(answer.status, problem)) {
      const failure = (await check?.(answer)) ?? null;
      return failure ? { failure, lasting: isHaste(failure) } : { value: { ...answer, problem, serverTime } };
    }
    const correctedAnswer = this.#correct(answer, problem, serverTime, operation, corrected);
    if (correctedAnswer) return correctedAnswer === true ? { again: true } : correctedAnswer;
    const failure =
      (problem === null && [400, 426].includes(answer.status) && (await this.#misaddressed(operation))) ||
      this.#failed(answer, problem, serverTime, operation);
    return { failure, lasting: isHaste(failure) };
  }

  /**
   * Corrects what the server says is wrong with every request: region, clock, host, checksum headers; each once.
   *
   * @param {Answer} answer
   * @param {Problem | null} problem
   * @param {number | null} serverTime
   * @param {Operation} operation
   * @param {Corrections} corrected
   * @returns {boolean | URL} false: nothing to correct; a URL: send it there
   */
  #correct(answer, problem, serverTime, operation, corrected) {
    const region = header(answer, "x-amz-bucket-region") || problem?.region || "";
    const regional = [301, 307, 308, 400, 403].includes(answer.status) && /^[a-z0-9-]{2,40}$/.test(region);
    if (regional && region !== this.region && !corrected.region) {
      corrected.region = true;
      this.log(`the bucket \`${this.bucket}\` is in region \`${region}\`, not \`${this.region}\``);
      this.#address = this.#address.inRegion(region);
      return true;
    }
    const location = header(answer, "location");
    if ([301, 302, 307, 308].includes(answer.status) && location && corrected.redirects < 2) {
      corrected.redirects += 1;
      const here = this.#address.url(operation.key, operation.query);
      const there = parseUrl(location, here);
      if (there && isSameProvider(here, there)) {
        this.log(`\`${this.host}\` sends this request on to \`${there.host}\``);
        return there;
      }
      throw failure(
        {
          code: "S3_REDIRECTED",
          cause: `the server sends the request on to \`${there?.host ?? "an address that is none"}\`, where the credentials are not sent`,
          hint: `Set \`${this.#spelling.name("s3-endpoint")}\` to that host if it is the provider's.`,
        },
        this.at(operation),
      );
    }
    const skew = serverTime === null ? 0 : serverTime - this.#now();
    const late = problem?.code === "RequestTimeTooSkewed" || Math.abs(skew - this.#skewMs) > SKEW_NOTICED;
    if (answer.status === 403 && late && serverTime !== null && !corrected.clock && skew !== this.#skewMs) {
      corrected.clock = true;
      this.#skewMs = skew;
      this.log(`the server's clock is ${Math.round(skew / 1000)} s ahead; signing with its time`);
      return true;
    }
    const refused =
      answer.status === 501 || (answer.status === 400 && CHECKSUM_REFUSALS.has(problem?.code ?? ""));
    const sends = Object.keys(operation.headers?.() ?? {}).some((name) => name.startsWith("x-amz-checksum-"));
    if (refused && sends && !corrected.checksums) {
      corrected.checksums = true;
      this.#checksums = false;
      this.log(`\`${this.host}\` may not know checksum headers (${answer.status}); going on without`);
      return true;
    }
    return false;
  }

  /**
   * Whether a server that was never understood expects the other scheme; asked once.
   *
   * @param {Operation} operation
   * @param {ExchangeError} [error]
   * @returns {Promise<Failure | null>}
   */
  async #misaddressed(operation, error) {
    if (this.#understood) return null;
    this.#understood = true;
    const url = this.#address.url(operation.key);
    // Nothing but the proxy can be asked then.
    if (await this.#requests.isProxied(url)) return null;
    const other = await speaksOtherScheme(url, Math.min(this.#requests.stallTimeoutMs, SCHEME_TIMEOUT));
    return other ? wrongScheme(url, this.at(operation), error) : null;
  }

  /**
   * @param {Answer} answer
   * @param {Problem | null} problem
   * @param {number | null} serverTime
   * @param {Operation} operation
   */
  #failed(answer, problem, serverTime, operation) {
    const region = header(answer, "x-amz-bucket-region") || problem?.region || "";
    const said = region ? { code: problem?.code ?? "", message: problem?.message ?? "", region } : problem;
    const skewMs = serverTime === null ? 0 : serverTime - this.#now();
    return failureOfAnswer(answer.status, said, { ...this.at(operation), skewMs });
  }

  /**
   * An answer whose status is good and whose content is not.
   *
   * @param {Answer} answer
   * @param {Pick<Operation, "doing" | "key">} operation
   */
  unexpected(answer, operation) {
    return failure(
      {
        code: "S3_UNEXPECTED",
        cause: `the server's answer is not understood (${answer.status}, ${answer.body.length} bytes)`,
        hint: notTheService(this.at(operation)),
      },
      this.at(operation),
    );
  }

  /**
   * An answer without an ETag, by which alone a later write can tell that nothing came between.
   *
   * @param {Pick<Operation, "doing" | "key">} operation
   */
  withoutEtag(operation) {
    return failure(
      {
        code: "S3_ETAG_MISSING",
        cause:
          "the answers have no `ETag`, without which a write cannot be kept from replacing what another run stored meanwhile",
        hint: `Have the proxy between here and the store pass \`ETag\` on, or set \`${this.#spelling.name("s3-endpoint")}\` to the store itself.`,
      },
      this.at(operation),
    );
  }

  /**
   * Operations that take long answer 200 first and may fail behind it.
   *
   * @param {Answer} answer
   * @param {Pick<Operation, "doing" | "key">} operation
   */
  lateError(answer, operation) {
    const problem = answer.status === 200 ? problemIn(answer.body) : null;
    return problem && failureOfAnswer(500, problem, this.at(operation));
  }

  /**
   * @param {Partial<Operation> & Pick<Operation, "doing" | "key">} operation
   * @returns {Circumstances}
   */
  at({ doing, key, reads, conditional, method }) {
    const { bucket, host, region } = this;
    const { withoutBucket } = this.#address;
    const writes = method === "PUT" || method === "POST";
    const secrets = this.#signer.secrets();
    return {
      doing,
      key,
      reads,
      conditional,
      writes,
      sse: this.#sse,
      spelling: this.#spelling,
      withoutBucket,
      bucket,
      host,
      region,
      secrets,
    };
  }

  /** @param {Record<string, string>} headers @returns {Record<string, string>} nothing where they are refused */
  checksummed(headers) {
    return this.#checksums ? headers : {};
  }
}

/** @param {number} status */
function isGood(status) {
  return status >= 200 && status < 300;
}

/** A refusal for haste says more about when to try again than what else goes wrong meanwhile. @param {Failure} failure */
function isHaste({ code }) {
  return code === "S3_THROTTLED";
}

/** What may become of a request that a server does not understand at all. @param {ExchangeError} error */
function isUnintelligible({ trouble, code }) {
  return (
    trouble === "garbled" ||
    trouble === "stalled" ||
    (trouble === "network" && /^(ECONNRESET|EPIPE|EPROTO|ERR_SSL_.*)$/.test(code))
  );
}

/** Milliseconds that finding out the scheme may take. */
const SCHEME_TIMEOUT = 5000;

/** Codes by which servers refuse headers that they do not know. */
const CHECKSUM_REFUSALS = new Set(["NotImplemented", "InvalidArgument", "InvalidRequest", "InvalidHeader"]);
