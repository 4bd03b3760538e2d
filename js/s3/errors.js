/**
 * What servers and networks say is wrong, in words for people: each problem has a stable code, names bucket, key
 * and host, and says the remedy. Nothing that a server repeats of the credentials gets through.
 */

import { Failure } from "../failure.js";
import { plural } from "../shown.js";

/** @import { Spelling } from "../spelling.js" */
/** @import { Problem } from "./answers.js" */
/** @import { ProxyError } from "../http/proxies.js" */
/** @import { ExchangeError } from "../http/transport.js" */

/**
 * @typedef {object} Circumstances
 * @property {string} doing such as "could not read"
 * @property {string} bucket
 * @property {string | null} key
 * @property {string} host with its port
 * @property {string} region
 * @property {readonly string[]} secrets texts that must not appear
 * @property {boolean} [reads] whether an object is read, so that a denial may hide its absence
 * @property {boolean} [conditional] whether the request has a precondition
 * @property {number} [skewMs] how far the server's clock is ahead
 * @property {boolean} [writes] whether an object is written, so that a denial may ask for encryption
 * @property {string} [sse] the encryption that is asked for; empty when none is
 * @property {Spelling} spelling how the caller calls options
 * @property {string | null} [withoutBucket] the endpoint without the bucket's name, where it seems to hold it
 */

/**
 * @typedef {object} Trouble
 * @property {string} code
 * @property {string} cause
 * @property {string} hint
 * @property {boolean} [retryable]
 */

/** @param {Circumstances} at */
const checkCredentials = ({ spelling }) =>
  `Check ${spelling.orVariable("s3-access-key-id")} and ${spelling.orVariable("s3-secret-access-key")}: whole, without spaces around them, and of an active key for this provider.`;

/** @type {Readonly<Record<string, (at: Circumstances, problem: Problem) => Trouble>>} */
const KINDS = Object.freeze({
  unknownKey: (at) => ({
    code: "S3_AUTH_FAILED",
    cause: "the server does not know the access key id",
    hint: checkCredentials(at),
  }),
  wrongSecret: (at) => ({
    code: "S3_AUTH_FAILED",
    cause: "the signature does not match, so the secret access key is not the one that belongs to the key id",
    hint: `${checkCredentials(at)} A proxy that changes requests has the same effect.`,
  }),
  badToken: ({ spelling }) => ({
    code: "S3_AUTH_FAILED",
    cause: "the server does not accept the session token",
    hint:
      `Give the session token that was issued with this key pair in ${spelling.orVariable("s3-session-token")}, ` +
      "and none with a permanent key pair.",
  }),
  expired: () => ({
    code: "S3_AUTH_EXPIRED",
    cause: "the credentials have expired",
    hint:
      "Ask for new temporary credentials, later in the job or with a longer lifetime, so that they outlast " +
      "the run.",
  }),
  auth: (at) => ({
    code: "S3_AUTH_FAILED",
    cause: "the server does not accept the credentials",
    hint: checkCredentials(at),
  }),
  denied: ({ reads, key, bucket, writes, sse, spelling }) =>
    reads
      ? {
          code: "S3_ACCESS_DENIED",
          cause:
            "access denied: either the credentials may not read it, or it does not exist and they may not list the bucket",
          hint:
            `Grant \`s3:GetObject\` on \`${key}\`, and \`s3:ListBucket\` on \`${bucket}\` so that the server can ` +
            "say that an object is missing.",
        }
      : {
          code: "S3_ACCESS_DENIED",
          cause: writes
            ? `access denied: the credentials do not have the right to do this, or the bucket's policy demands ${sse ? "another" : "an"} encryption`
            : "access denied: the credentials do not have the right to do this",
          hint:
            `Grant \`s3:GetObject\`, \`s3:PutObject\` and \`s3:DeleteObject\` on the objects of \`${bucket}\`, ` +
            `and \`s3:ListBucket\` on the bucket itself.${writes ? demanded(sse ?? "", spelling) : ""}`,
        },
  noBucket: ({ bucket, region, spelling }) => ({
    code: "S3_BUCKET_MISSING",
    cause: `the bucket \`${bucket}\` does not exist there (region \`${region}\`)`,
    hint: `Create the bucket, or fix \`${spelling.name("s3-bucket")}\`, \`${spelling.name("s3-endpoint")}\` or \`${spelling.name("s3-region")}\`: buckets are never created here.`,
  }),
  noObject: () => ({
    code: "S3_OBJECT_MISSING",
    cause: "the object does not exist",
    hint: "Check the key.",
  }),
  region: ({ region, spelling }, problem) => ({
    code: "S3_REGION_WRONG",
    cause: problem.region
      ? `the request is for region \`${region}\`, the bucket is in \`${problem.region}\``
      : `the bucket is not in region \`${region}\`, and the server does not say where it is`,
    hint: `Set \`${spelling.name("s3-region")}\`, and \`${spelling.name("s3-endpoint")}\` where it names a region, to those of the bucket.`,
  }),
  skew: ({ skewMs }) => ({
    code: "S3_CLOCK_SKEWED",
    cause: `this machine's clock and the server's are ${duration(skewMs ?? 0)} apart`,
    hint: "Set the clock of this machine, for example by NTP.",
  }),
  throttled: () => ({
    code: "S3_THROTTLED",
    cause: "the server asks for fewer requests",
    hint: "Try again later; when it stays so, raise the provider's limits or run fewer jobs at once.",
    retryable: true,
  }),
  slow: () => ({
    code: "S3_TIMEOUT",
    cause: "the server waited too long for the request's bytes",
    hint: "Try again; check the connection when it stays so.",
    retryable: true,
  }),
  corrupted: () => ({
    code: "S3_CHECKSUM_MISMATCH",
    cause: "the bytes arrived damaged",
    hint: "Try again; when it stays so, something between here and the server changes the bytes.",
    retryable: true,
  }),
  busy: () => ({
    code: "S3_SERVER_ERROR",
    cause: "another operation on the same object is in progress",
    hint: "Try again.",
    retryable: true,
  }),
  server: () => ({
    code: "S3_SERVER_ERROR",
    cause: "the server failed",
    hint: "Try again later; the provider's status page may say more.",
    retryable: true,
  }),
  unavailable: () => ({
    code: "S3_SERVER_ERROR",
    cause: "the server is not available or asks for fewer requests",
    hint: "Try again later; when it stays so, run fewer jobs at once, and look at the provider's status page.",
    retryable: true,
  }),
  full: () => ({
    code: "S3_QUOTA_EXCEEDED",
    cause: "the store is full or its quota is used up",
    hint: "Free some space in the bucket or raise the quota.",
  }),
  tooLarge: () => ({
    code: "S3_TOO_LARGE",
    cause: "the server does not take an object of this size",
    hint: "Prune the history, or raise the provider's limit.",
  }),
  unsupported: ({ conditional }) =>
    conditional
      ? {
          code: "S3_PRECONDITION_UNSUPPORTED",
          cause: "the server does not support `If-Match` and `If-None-Match` on writes",
          hint: "Nothing was written.",
        }
      : {
          code: "S3_UNSUPPORTED",
          cause: "the server does not support this operation",
          hint: "Use a store that does, or leave the option unset that asks for it.",
        },
  encryption: ({ spelling }) => ({
    code: "S3_ENCRYPTION_REFUSED",
    cause: "the server refuses the encryption that was asked for",
    hint: `Check \`${spelling.name("s3-sse")}\` and \`${spelling.name("s3-sse-kms-key-id")}\`, and the rights of the credentials on the key.`,
  }),
  archived: () => ({
    code: "S3_OBJECT_ARCHIVED",
    cause: "the object is archived and cannot be read at once",
    hint: "Restore the object, and keep the history out of the bucket's rules for archiving.",
  }),
  parameters: ({ spelling }) => ({
    code: "S3_PARAMETERS_INVALID",
    cause: "the server rejects a name",
    hint: `Check \`${spelling.name("s3-bucket")}\`, \`${spelling.name("s3-key")}\` and \`${spelling.name("s3-addressing")}\`.`,
  }),
});

/** What to do where a policy demands encryption. @param {string} sse what is asked for by now @param {Spelling} spelling */
function demanded(sse, spelling) {
  const option = `\`${spelling.name("s3-sse")}\``;
  if (sse === "") {
    return ` Where the bucket's policy demands encryption, set ${option} to what it names, \`AES256\` or \`aws:kms\`.`;
  }
  const other = sse === "AES256" ? "aws:kms" : "AES256";
  const key =
    sse === "aws:kms" ? `, or \`${spelling.name("s3-sse-kms-key-id")}\` to the key that it names` : "";
  return ` Where the bucket's policy demands another encryption than \`${sse}\`, set ${option} to \`${other}\`${key}.`;
}

/** The servers' codes, by what they mean. @type {Readonly<Record<string, string>>} */
const CODES = Object.freeze({
  InvalidAccessKeyId: "unknownKey",
  InvalidClientTokenId: "unknownKey",
  SignatureDoesNotMatch: "wrongSecret",
  InvalidToken: "badToken",
  InvalidSecurity: "auth",
  NotSignedUp: "auth",
  Unauthorized: "auth",
  CredentialsNotSupported: "auth",
  UnrecognizedClientException: "unknownKey",
  XAdminUserNotFound: "unknownKey",
  ExpiredToken: "expired",
  ExpiredTokenException: "expired",
  TokenRefreshRequired: "expired",
  AccessDenied: "denied",
  AllAccessDisabled: "denied",
  AccountProblem: "denied",
  AuthorizationHeaderMalformed: "region",
  PermanentRedirect: "region",
  IllegalLocationConstraintException: "region",
  IncorrectEndpoint: "region",
  NoSuchBucket: "noBucket",
  NoSuchKey: "noObject",
  NoSuchVersion: "noObject",
  RequestTimeTooSkewed: "skew",
  SlowDown: "throttled",
  SlowDownRead: "throttled",
  SlowDownWrite: "throttled",
  Throttling: "throttled",
  ThrottlingException: "throttled",
  TooManyRequests: "throttled",
  RequestLimitExceeded: "throttled",
  BandwidthLimitExceeded: "throttled",
  RequestTimeout: "slow",
  RequestTimeoutException: "slow",
  BadDigest: "corrupted",
  InvalidDigest: "corrupted",
  IncompleteBody: "corrupted",
  XAmzContentSHA256Mismatch: "corrupted",
  XAmzContentChecksumMismatch: "corrupted",
  ContentSHA256Mismatch: "corrupted",
  OperationAborted: "busy",
  InternalError: "server",
  ServiceUnavailable: "server",
  QuotaExceeded: "full",
  StorageFull: "full",
  XMinioStorageFull: "full",
  XMinioAdminBucketQuotaExceeded: "full",
  StorageQuotaExceeded: "full",
  EntityTooLarge: "tooLarge",
  MaxMessageLengthExceeded: "tooLarge",
  NotImplemented: "unsupported",
  MethodNotAllowed: "unsupported",
  InvalidEncryptionAlgorithmError: "encryption",
  ServerSideEncryptionConfigurationNotFoundError: "encryption",
  InvalidObjectState: "archived",
  InvalidBucketName: "parameters",
  KeyTooLongError: "parameters",
});

/** Words of servers that say `AccessDenied` whatever is wrong. @type {readonly [RegExp, string][]} */
const DENIALS = Object.freeze([
  [/\binvalid signature\b/i, "wrongSecret"],
  [/\bno such (?:access )?key\b/i, "unknownKey"],
  // AWS, of the right to use the key that an object is encrypted with.
  [/\bkms:\w/i, "encryption"],
]);

/** @type {Readonly<Record<number, string>>} */
const STATUSES = Object.freeze({
  301: "region",
  401: "auth",
  403: "denied",
  408: "slow",
  413: "tooLarge",
  429: "throttled",
  501: "unsupported",
  503: "unavailable",
  507: "full",
});

/**
 * @param {number} status
 * @param {Problem | null} problem
 * @returns {string} a name in `KINDS`, or empty
 */
function kindOf(status, problem) {
  const code = problem?.code ?? "";
  if (code === "AccessDenied") {
    // Garage has one code for all of it, so that only its words distinguish a wrong secret from a missing right.
    for (const [words, kind] of DENIALS) if (words.test(problem?.message ?? "")) return kind;
  }
  if (Object.hasOwn(CODES, code)) return CODES[code];
  if (code.startsWith("KMS.")) return "encryption";
  return STATUSES[status] ?? (status >= 500 ? "server" : "");
}

/**
 * An answer that is none of those expected.
 *
 * @param {number} status
 * @param {Problem | null} problem
 * @param {Circumstances} at
 * @returns {Failure} of type `storage`
 */
export function failureOfAnswer(status, problem, at) {
  const kind = kindOf(status, problem);
  const said = problem ?? { code: "", message: "", region: "" };
  /** @type {Trouble} */
  const trouble = KINDS[kind]?.(at, said) ?? {
    code: "S3_UNEXPECTED",
    cause:
      status === 404
        ? "the server answers 404 without saying that bucket or object is missing"
        : "the server's answer is not understood",
    hint: notTheService(at),
  };
  const words = [said.code, said.message].filter(Boolean).join(": ");
  const doubled = at.withoutBucket && !trouble.retryable;
  return failure(
    doubled ? { ...trouble, hint: `${trouble.hint} ${twice(at.withoutBucket ?? "", at)}` } : trouble,
    at,
    `(${status}${words ? ` ${words}` : ""})`,
  );
}

/** What to do where something else answers. @param {Circumstances} at */
export const notTheService = ({ spelling }) =>
  `Check that \`${spelling.name("s3-endpoint")}\` is the address of an S3 service and not of a web page or a proxy.`;

/** @param {string} withoutBucket @param {Circumstances} at */
function twice(withoutBucket, { spelling }) {
  return `\`${spelling.name("s3-endpoint")}\` holds the bucket's name, which is added to it: unless the server is reached under such an address, set it to \`${withoutBucket}\`.`;
}

/**
 * The server understands the other scheme than the endpoint's.
 *
 * @param {URL} url
 * @param {Circumstances} at
 * @param {unknown} [thrown]
 */
export function wrongScheme({ protocol, host }, at, thrown) {
  const plain = protocol === "http:";
  return failure(
    {
      code: "S3_UNREACHABLE",
      cause: plain
        ? "the server expects TLS on this port, and the endpoint is `http://`"
        : "the server speaks plain HTTP on this port, and the endpoint is `https://`",
      hint: plain
        ? `Set \`${at.spelling.name("s3-endpoint")}\` to \`https://${host}\`.`
        : `Set \`${at.spelling.name("s3-endpoint")}\` to the port that expects TLS; or, in a network that you trust, to \`http://${host}\` with \`${at.spelling.set("s3-allow-http", "true")}\`.`,
    },
    at,
    "",
    thrown,
  );
}

/**
 * No answer at all.
 *
 * @param {ExchangeError} error
 * @param {Circumstances} at
 * @returns {Failure} of type `storage`; of type `internal` where the caller stopped it
 */
export function failureOfExchange(error, at) {
  const { trouble, message, code } = error;
  /** @param {string} ours @param {string} cause @param {string} hint @param {boolean} [retryable] */
  const made = (ours, cause, hint, retryable = true) =>
    failure({ code: ours, cause, hint, retryable }, at, "", error);
  switch (trouble) {
    case "aborted":
      return new Failure(`${place(at)}: stopped`, { type: "internal", code: "ABORTED" });
    case "stalled":
      return made(
        "S3_TIMEOUT",
        `the transfer stalled: ${message}`,
        error.sent
          ? `Try again; if the server or a proxy on the way needs longer, raise \`${at.spelling.name("s3-timeout")}\`.`
          : "Try again; check the connection when it stays so.",
      );
    case "truncated":
      return made("S3_TRUNCATED", message, "Try again; check the connection and proxies when it stays so.");
    case "garbled":
      return made(
        "S3_UNEXPECTED",
        message,
        `Check that \`${at.spelling.name("s3-endpoint")}\` has the right scheme and port, and that no proxy on the way changes answers.`,
      );
    case "proxy": {
      const { hint, retryable } = /** @type {ProxyError} */ (error);
      return made("S3_UNREACHABLE", message, hint, retryable);
    }
    case "too-large":
      return made(
        "S3_TOO_LARGE",
        message,
        "Check the key; prune the history when it has grown so large.",
        false,
      );
    default:
      return unreachable(code, message, at, error);
  }
}

/**
 * @param {string} code
 * @param {string} message
 * @param {Circumstances} at
 * @param {ExchangeError} error
 */
function unreachable(code, message, at, error) {
  const tls = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH|EPROTO)/.test(code);
  const endpoint = `\`${at.spelling.name("s3-endpoint")}\``;
  const inPath = `\`${at.spelling.set("s3-addressing", "path")}\``;
  /** @type {[string, string, boolean]} */
  let words = [message || code, `Check the network and ${endpoint}, then try again.`, true];
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    words = [
      "the name of the host cannot be resolved",
      `Check ${endpoint}; with a store of your own, ${inPath} keeps the bucket out of the host.`,
      true,
    ];
  } else if (code === "ECONNREFUSED") {
    words = ["nothing listens there: connection refused", `Check the host and port of ${endpoint}.`, true];
  } else if (code === "ECONNRESET" || code === "EPIPE") {
    words = ["the connection was reset", "Try again; check proxies and firewalls when it stays so.", true];
  } else if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    words = [
      "the server's certificate is for other names",
      `Check the host of ${endpoint}; ${inPath} keeps the bucket out of the host.`,
      false,
    ];
  } else if (tls) {
    words = [
      `no secure connection: ${message}`,
      "Check that the endpoint speaks https; for a certificate of your own authority set `NODE_EXTRA_CA_CERTS`.",
      false,
    ];
  }
  const [cause, hint, retryable] = words;
  return failure({ code: "S3_UNREACHABLE", cause, hint, retryable }, at, code && `(${code})`, error);
}

/**
 * A failure with the object and the host, without secrets.
 *
 * @param {Trouble} trouble
 * @param {Circumstances} at
 * @param {string} [detail] behind the cause
 * @param {unknown} [thrown]
 * @returns {Failure}
 */
export function failure({ code, cause, hint, retryable = false }, at, detail = "", thrown) {
  const message = `${place(at)}: ${cause}${detail ? ` ${detail}` : ""}`;
  return new Failure(redacted(message, at.secrets), {
    type: code === "S3_PARAMETERS_INVALID" ? "validation" : "storage",
    code,
    hint: redacted(hint, at.secrets),
    retryable,
    cause: thrown,
  });
}

/** @param {Circumstances} at */
function place({ doing, bucket, key, host }) {
  const what = key === null ? `bucket \`${bucket}\`` : `\`${key}\` in bucket \`${bucket}\``;
  return `${doing} ${what} at \`${host}\``;
}

/**
 * The text with every secret, and everything that looks like a signature or a key id, replaced.
 *
 * @param {string} text
 * @param {readonly string[]} secrets
 * @returns {string}
 */
export function redacted(text, secrets) {
  let clean = text;
  for (const secret of secrets) {
    for (const form of new Set([secret, encodeURIComponent(secret)])) {
      // A name as short as a word would take words out of the message.
      if (form.length >= 4) clean = clean.replaceAll(form, "***");
    }
  }
  return clean
    .replace(/\b(Credential|Signature|AWSAccessKeyId|X-Amz-Security-Token)=[^\s,&]+/gi, "$1=***")
    .replace(/\b[0-9a-f]{64}\b/gi, "***");
}

/** @param {number} ms */
function duration(ms) {
  const minutes = Math.round(Math.abs(ms) / 60_000);
  if (minutes < 1) return "less than a minute";
  if (minutes < 120) return plural(minutes, "minute");
  return `${Math.round(minutes / 60)} hours`;
}
