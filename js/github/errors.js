/**
 * What GitHub and the way to it say is wrong, in words for people: each problem has a stable code, says what was
 * wanted, and the remedy, such as the line that is missing below `permissions:`. Nothing secret gets through. Does not
 * decide what is tried again.
 */

import { Failure } from "../failure.js";

/** @import { FailureType } from "../failure.js" */
/** @import { ProxyError } from "../http/proxies.js" */
/** @import { ExchangeError } from "../http/transport.js" */

/**
 * @typedef {object} Circumstances
 * @property {string} doing such as "could not list the artifacts of `o/r`"
 * @property {string} host with its port
 * @property {string} named the variable that has its address
 * @property {FailureType} type
 * @property {boolean} [signed] whether the address itself is the right, and no token was sent
 * @property {string} [permission] what the token needs, such as `actions: read`
 * @property {(text: string) => string} redacted
 */

/** A failure of a request that was answered, with the answer's status; 0 where there was no answer. */
export class GitHubFailure extends Failure {
  /**
   * @param {string} message
   * @param {import("../failure.js").FailureParts} parts
   * @param {number} status
   */
  constructor(message, parts, status) {
    super(message, parts);
    /** @type {number} */
    this.status = status;
  }
}

/** @param {Circumstances} at */
const grant = ({ permission }) =>
  permission
    ? `Give the job's token the right, with \`${permission}\` below \`permissions:\` in the workflow.`
    : "Give the job's token the right, below `permissions:` in the workflow.";

/**
 * @typedef {object} Trouble
 * @property {string} code
 * @property {string} cause
 * @property {string} hint
 * @property {boolean} [retryable]
 */

/** @type {Readonly<Record<number, (at: Circumstances) => Trouble>>} */
const STATUSES = Object.freeze({
  401: () => ({
    code: "GITHUB_AUTH_FAILED",
    cause: "the token is not valid, or not any more",
    hint:
      "In a workflow pass the expression `github.token`; elsewhere set `GITHUB_TOKEN` to an active token of this " +
      "server.",
  }),
  403: (at) => ({
    code: "GITHUB_FORBIDDEN",
    cause: at.permission
      ? `the token lacks \`${at.permission}\``
      : "the token does not have the right to do this",
    hint: `${grant(at)} Runs of pull requests from forks have a token that can only read.`,
  }),
  404: (at) => ({
    code: "GITHUB_NOT_FOUND",
    cause: "it does not exist, or the token may not see it",
    hint: `Check the names. For a private repository: ${grant(at)}`,
  }),
  409: () => ({
    code: "GITHUB_CONFLICT",
    cause: "it conflicts with what is there",
    hint: "Try again when the other run has finished.",
    retryable: true,
  }),
  410: () => ({
    code: "GITHUB_GONE",
    cause: "it was deleted",
    hint: "It cannot be restored.",
  }),
  413: () => ({
    code: "GITHUB_REJECTED",
    cause: "the request is too large",
    hint: "Send less.",
  }),
  422: () => ({
    code: "GITHUB_REJECTED",
    cause: "the server does not accept the values sent",
    hint: "The message names the field, where the server does.",
  }),
});

const REFUSED = {
  code: "GITHUB_FORBIDDEN",
  cause: "the store of the bytes does not accept the address that GitHub signed",
  hint: "Try again; when it stays so, check the clock of this machine and proxies that change addresses.",
};
/** The same from the store of the bytes, which knows no tokens. @type {Readonly<Record<number, Trouble>>} */
const SIGNED = Object.freeze({
  401: REFUSED,
  403: REFUSED,
  404: { code: "GITHUB_NOT_FOUND", cause: "the bytes are not there", hint: "Try again." },
});

/**
 * The failure that an answer's status means.
 *
 * @param {number} status
 * @param {Circumstances} at
 * @param {string} said the server's own words
 * @returns {GitHubFailure}
 */
export function failureOfStatus(status, at, said) {
  const trouble =
    (at.signed && SIGNED[status]) ||
    (STATUSES[status]?.(at) ??
      (status >= 500
        ? {
            code: "GITHUB_SERVER_ERROR",
            cause: "the server failed",
            hint: "Try again later; https://www.githubstatus.com may say more.",
            retryable: true,
          }
        : {
            code: "GITHUB_UNEXPECTED",
            cause: "the server's answer is not understood",
            hint: `Check that \`${at.named}\` is the address of GitHub's service.`,
          }));
  return failure(trouble, at, status, `(${status}${said ? ` ${said}` : ""})`);
}

/**
 * The failure of a request that GitHub refuses because there were too many.
 *
 * @param {number} status
 * @param {Circumstances} at
 * @param {{waitMs: number | null, until: number | null, secondary: boolean}} limit `until`: milliseconds since 1970
 */
export function failureOfRateLimit(status, at, { waitMs, until, secondary }) {
  const wait = waitMs === null ? "" : `; the server asks to wait for ${Math.ceil(waitMs / 1000)} s`;
  const renewed = until === null ? "" : `, which is renewed at ${new Date(until).toISOString()}`;
  return failure(
    {
      code: "GITHUB_RATE_LIMITED",
      cause: secondary
        ? `too many requests at once${wait}`
        : `the token's limit of requests is used up${renewed}${wait}`,
      hint: "Try again later, and let fewer jobs use the same token.",
      retryable: true,
    },
    at,
    status,
    `(${status})`,
  );
}

/**
 * The failure of a request that was not answered.
 *
 * @param {ExchangeError} error
 * @param {Circumstances} at
 */
export function failureOfExchange(error, at) {
  const { trouble, message, code } = error;
  const { host } = at;
  if (trouble === "aborted") {
    return new GitHubFailure(`${at.doing}: stopped`, { type: "internal", code: "ABORTED" }, 0);
  }
  /** @type {Record<Exclude<import("../http/transport.js").ExchangeTrouble, "aborted">, Trouble>} */
  const kinds = {
    stalled: {
      code: "GITHUB_TIMEOUT",
      cause: `the transfer stalled: ${message}`,
      hint: "Try again; check the connection when it stays so.",
      retryable: true,
    },
    truncated: {
      code: "GITHUB_UNREACHABLE",
      cause: message,
      hint: "Try again; check the connection and proxies when it stays so.",
      retryable: true,
    },
    garbled: {
      code: "GITHUB_UNEXPECTED",
      cause: message,
      hint: `Check the scheme and the port of \`${at.named}\`.`,
    },
    proxy: {
      code: "GITHUB_UNREACHABLE",
      cause: message,
      hint: error.trouble === "proxy" ? /** @type {ProxyError} */ (error).hint : "",
      retryable: error.trouble === "proxy" && /** @type {ProxyError} */ (error).retryable,
    },
    "too-large": {
      code: "GITHUB_TOO_LARGE",
      cause: message,
      hint: "Nothing was kept of it.",
    },
    network: {
      code: "GITHUB_UNREACHABLE",
      cause: causeOf(code, message),
      hint: `Check that this machine may connect to \`${host}\`, then try again.`,
      retryable: !/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH|EPROTO)/.test(
        code,
      ),
    },
  };
  return failure(kinds[trouble], at, 0, code && trouble !== "proxy" ? `(${code})` : "", error);
}

/** @param {string} code @param {string} message */
function causeOf(code, message) {
  switch (code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "the name of the host cannot be resolved";
    case "ECONNREFUSED":
      return "nothing listens there: connection refused";
    case "ECONNRESET":
    case "EPIPE":
      return "the connection was reset";
    default:
      return message || code;
  }
}

/**
 * A failure with the operation and the host in its message.
 *
 * @param {Trouble} trouble
 * @param {Circumstances} at
 * @param {number} status
 * @param {string} [detail] behind the cause
 * @param {unknown} [cause]
 * @returns {GitHubFailure} with the operation and the host, without secrets
 */
export function failure(trouble, at, status, detail = "", cause) {
  const message = `${at.doing} at \`${at.host}\`: ${trouble.cause}${detail ? ` ${detail}` : ""}`;
  const { code, hint, retryable = false } = trouble;
  return new GitHubFailure(
    at.redacted(message),
    { type: at.type, code, hint: at.redacted(hint), retryable, cause },
    status,
  );
}
