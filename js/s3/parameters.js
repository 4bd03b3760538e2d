/**
 * The parameters of an S3 store, checked as a whole before anything is sent: every problem is found at once and
 * names the input and the environment variable that can fix it. Values of credentials are never quoted.
 */

import { Failure } from "../failure.js";
import { isIpAddress, isKnownHost, isLoopback } from "./address.js";
import { redacted } from "./errors.js";

/** @import { S3Parameters } from "./client.js" */

/**
 * What a user gave; an empty text is a parameter that is not set.
 *
 * @typedef {object} GivenParameters
 * @property {string} [endpoint]
 * @property {string} [bucket]
 * @property {string} [key]
 * @property {string} [region]
 * @property {string} [accessKeyId]
 * @property {string} [secretAccessKey]
 * @property {string} [sessionToken]
 * @property {string} [addressing]
 * @property {string | boolean} [allowHttp]
 * @property {string} [sse]
 * @property {string} [sseKmsKeyId]
 * @property {string | number} [timeout] seconds
 * @property {string | number} [retryAttempts]
 *
 * @typedef {object} ParameterProblem
 * @property {string} parameter the input's name, such as `s3-bucket`
 * @property {string} message
 * @property {string} hint
 * @property {boolean} [missing] whether that is all that is wrong with it
 */

/** The input and, where there is one, the environment variable of each parameter. */
const NAMES = Object.freeze({
  endpoint: { input: "s3-endpoint", variables: ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"] },
  bucket: { input: "s3-bucket", variables: [] },
  key: { input: "database-key", variables: [] },
  region: { input: "s3-region", variables: ["AWS_REGION", "AWS_DEFAULT_REGION"] },
  accessKeyId: { input: "s3-access-key-id", variables: ["AWS_ACCESS_KEY_ID"] },
  secretAccessKey: { input: "s3-secret-access-key", variables: ["AWS_SECRET_ACCESS_KEY"] },
  sessionToken: { input: "s3-session-token", variables: ["AWS_SESSION_TOKEN"] },
  addressing: { input: "s3-addressing", variables: [] },
  allowHttp: { input: "s3-allow-http", variables: [] },
  sse: { input: "s3-sse", variables: [] },
  sseKmsKeyId: { input: "s3-sse-kms-key-id", variables: [] },
  timeout: { input: "s3-timeout", variables: [] },
  retryAttempts: { input: "retry-attempts", variables: [] },
});

/** The ids of AWS's temporary keys, which are of no use without their token. */
const TEMPORARY_KEY = /^ASIA[A-Z0-9]{12,}$/;

/** Seconds; a request that makes no progress for longer helps no one. */
const LONGEST_TIMEOUT = 3600;

const INSECURE_HINT = "Use `https://`, or set `s3-allow-http: true` in a network that you trust.";

/**
 * A store's parameters from what was given and, behind that, AWS's standard environment variables. A key id, its
 * secret and its session token are never put together from two key pairs; see `credentialsFrom`.
 *
 * @param {GivenParameters} given
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {{parameters: S3Parameters, key: string}}
 * @throws {Failure} of type `validation` with every problem in `diagnostics` (`ParameterProblem`):
 *   `S3_ENDPOINT_INSECURE` where that is the only one, else `S3_PARAMETERS_INVALID`
 */
export function s3Parameters(given, env = {}) {
  const text = (/** @type {keyof GivenParameters} */ name) => String(given[name] ?? "").trim();
  const fromEnv = (/** @type {keyof typeof NAMES} */ name) =>
    NAMES[name].variables.map((variable) => env[variable]?.trim()).find(Boolean) ?? "";
  const either = (/** @type {keyof typeof NAMES} */ name) => text(name) || fromEnv(name);

  const endpoint = either("endpoint");
  const written =
    /^[a-z][a-z0-9+.-]*:\/\//i.test(endpoint) || endpoint === "" ? endpoint : `https://${endpoint}`;
  const allowHttp = text("allowHttp").toLowerCase();
  const attempts = text("retryAttempts");
  const timeout = text("timeout");
  const values = {
    endpoint: written,
    bucket: text("bucket"),
    key: text("key"),
    region: either("region"),
    ...credentialsFrom(text, fromEnv),
    addressing: text("addressing") || "auto",
    allowHttp,
    sse: text("sse"),
    sseKmsKeyId: text("sseKmsKeyId"),
    retryAttempts: attempts === "" ? 3 : /^\d+$/.test(attempts) ? Number(attempts) : Number.NaN,
  };
  const problems = [...problemsOf(values), ...keyProblems(values.key)];
  if (!["", "true", "false"].includes(allowHttp)) {
    problems.push(problem("allowHttp", `is \`${allowHttp}\`, expected \`true\` or \`false\``));
  }
  const seconds = /^\d{1,9}$/.test(timeout) ? Number(timeout) : 0;
  if (timeout !== "" && (seconds < 1 || seconds > LONGEST_TIMEOUT)) {
    problems.push(
      problem(
        "timeout",
        `is \`${timeout}\`, expected a whole number of seconds from 1 to ${LONGEST_TIMEOUT}`,
      ),
    );
  }
  if (problems.length > 0) throw summed(problems, values);
  const { accessKeyId, secretAccessKey, sessionToken, sse } = values;
  return {
    key: values.key,
    parameters: {
      ...(values.endpoint ? { endpoint: values.endpoint } : {}),
      ...(values.region ? { region: values.region } : {}),
      bucket: values.bucket,
      credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) },
      addressing: /** @type {S3Parameters["addressing"]} */ (values.addressing),
      allowHttp: allowHttp === "true",
      ...(sse ? { sse: /** @type {S3Parameters["sse"]} */ (sse) } : {}),
      ...(values.sseKmsKeyId ? { sseKmsKeyId: values.sseKmsKeyId } : {}),
      ...(timeout === "" ? {} : { stallTimeoutMs: seconds * 1000 }),
      retryAttempts: values.retryAttempts,
    },
  };
}

/**
 * Credentials from inputs, and from the variables where they are of the same key pair: where the inputs name no key pair,
 * or one member of the pair that the variables hold. A token alone as an input belongs to the variables' pair; a
 * token in the variables without a key id beside it belongs to a temporary key that is an input.
 *
 * @param {(name: "accessKeyId" | "secretAccessKey" | "sessionToken") => string} text
 * @param {(name: "accessKeyId" | "secretAccessKey" | "sessionToken") => string} fromEnv
 * @returns {{accessKeyId: string, secretAccessKey: string, sessionToken: string}} empty where there is none
 */
function credentialsFrom(text, fromEnv) {
  const [id, secret, token] = [text("accessKeyId"), text("secretAccessKey"), text("sessionToken")];
  const [envId, envSecret, envToken] = [
    fromEnv("accessKeyId"),
    fromEnv("secretAccessKey"),
    fromEnv("sessionToken"),
  ];
  const own = id !== "" || secret !== "";
  const same = own && (id !== "" ? id === envId : secret === envSecret);
  if (!own || same) {
    return {
      accessKeyId: id || envId,
      secretAccessKey: secret || envSecret,
      sessionToken: token || envToken,
    };
  }
  const nameless = envId === "" && TEMPORARY_KEY.test(id) ? envToken : "";
  return { accessKeyId: id, secretAccessKey: secret, sessionToken: token || nameless };
}

/**
 * The same checks for a client made by a program.
 *
 * @param {S3Parameters} parameters
 * @returns {Failure | null}
 */
export function clientProblems(parameters) {
  const {
    endpoint = "",
    bucket,
    region = "",
    credentials,
    addressing = "auto",
    allowHttp = false,
  } = parameters;
  const values = {
    endpoint,
    bucket: bucket ?? "",
    region,
    accessKeyId: credentials?.accessKeyId ?? "",
    secretAccessKey: credentials?.secretAccessKey ?? "",
    sessionToken: credentials?.sessionToken ?? "",
    addressing,
    allowHttp: String(allowHttp),
    sse: parameters.sse ?? "",
    sseKmsKeyId: parameters.sseKmsKeyId ?? "",
    retryAttempts: parameters.retryAttempts ?? 3,
  };
  const problems = problemsOf(values);
  return problems.length > 0 ? summed(problems, values) : null;
}

/**
 * @param {{endpoint: string, bucket: string, region: string, accessKeyId: string, secretAccessKey: string,
 *   sessionToken: string, addressing: string, allowHttp: string, sse: string, sseKmsKeyId: string,
 *   retryAttempts: number}} values
 * @returns {ParameterProblem[]}
 */
function problemsOf(values) {
  const { region, addressing, sse, sseKmsKeyId, retryAttempts } = values;
  const problems = [
    ...endpointProblems(values.endpoint, values.bucket, values.allowHttp === "true"),
    ...bucketProblems(values.bucket, values.endpoint),
  ];
  if (region !== "" && !/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/.test(region)) {
    problems.push(problem("region", `is \`${region}\`, expected a name such as \`eu-central-1\``));
  }
  for (const name of /** @type {const} */ (["accessKeyId", "secretAccessKey"])) {
    if (values[name] === "") problems.push(problem(name, "is missing"));
  }
  for (const name of /** @type {const} */ (["accessKeyId", "secretAccessKey", "sessionToken"])) {
    if (!/^[\x21-\x7e]*$/.test(values[name])) {
      problems.push(problem(name, "holds a space, a line break or a character that is not ASCII"));
    }
  }
  if (TEMPORARY_KEY.test(values.accessKeyId) && values.sessionToken === "") {
    problems.push({
      parameter: NAMES.sessionToken.input,
      message: `\`${NAMES.sessionToken.input}\` is missing: the access key id is of a temporary key (\`ASIA…\`), which is valid only with its session token`,
      hint: "Set the input `s3-session-token`, or the variable `AWS_SESSION_TOKEN` with the same `AWS_ACCESS_KEY_ID` beside it.",
    });
  }
  // A signature's scope is written `id/date/region`.
  if (values.accessKeyId.includes("/") || values.accessKeyId.includes(",")) {
    problems.push(problem("accessKeyId", "holds a `/` or a `,`, which key ids do not: is it the secret?"));
  }
  if (!["auto", "path", "virtual"].includes(addressing)) {
    problems.push(problem("addressing", `is \`${addressing}\`, expected \`auto\`, \`path\` or \`virtual\``));
  }
  if (addressing === "virtual") problems.push(...virtualProblems(values.bucket, values.endpoint));
  if (!["", "AES256", "aws:kms"].includes(sse)) {
    problems.push(problem("sse", `is \`${sse}\`, expected \`AES256\` or \`aws:kms\``));
  }
  if (sseKmsKeyId !== "" && sse !== "aws:kms") {
    problems.push(problem("sseKmsKeyId", `is set while \`s3-sse\` is \`${sse}\`, expected \`aws:kms\``));
  } else if (!/^[\x21-\x7e]*$/.test(sseKmsKeyId)) {
    problems.push(problem("sseKmsKeyId", "holds a character that a key's id or ARN cannot have"));
  }
  if (!Number.isInteger(retryAttempts) || retryAttempts < 1 || retryAttempts > 20) {
    problems.push(problem("retryAttempts", "is not a whole number from 1 to 20"));
  }
  return problems;
}

/**
 * @param {string} endpoint
 * @param {string} bucket
 * @param {boolean} allowHttp
 * @returns {ParameterProblem[]}
 */
function endpointProblems(endpoint, bucket, allowHttp) {
  if (endpoint === "") return [];
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  if (!url || !["http:", "https:"].includes(url.protocol) || url.hostname === "") {
    return [problem("endpoint", "is not a URL such as `https://s3.eu-central-1.amazonaws.com`")];
  }
  if (url.username !== "" || url.password !== "") {
    return [problem("endpoint", "holds a user name or a password; credentials have inputs of their own")];
  }
  if (url.search !== "" || url.hash !== "") {
    return [problem("endpoint", "holds a `?` or a `#`, expected scheme, host and at most a path")];
  }
  /** @type {ParameterProblem[]} */
  const problems = [];
  if (url.protocol === "http:" && !allowHttp && !isLoopback(url.hostname)) {
    problems.push({
      parameter: NAMES.endpoint.input,
      message: `\`${NAMES.endpoint.input}\` is \`${url.origin}\`, expected https: everybody on the way could read the history`,
      hint: INSECURE_HINT,
    });
  }
  const known = isKnownHost(url.hostname);
  if (bucket !== "" && known && url.hostname.startsWith(`${bucket}.`)) {
    const host = url.host.slice(bucket.length + 1);
    problems.push(problem("endpoint", `holds the bucket's name, expected \`${url.protocol}//${host}\``));
  } else if (bucket !== "" && known && url.pathname.split("/")[1] === bucket) {
    problems.push(problem("endpoint", `holds the bucket's name, expected \`${url.origin}\``));
  }
  return problems;
}

/**
 * Whether the bucket's name can be part of the host.
 *
 * @param {string} bucket
 * @param {string} endpoint
 * @returns {ParameterProblem[]}
 */
function virtualProblems(bucket, endpoint) {
  if (bucket === "" || !URL.canParse(endpoint)) return [];
  const { hostname } = new URL(endpoint);
  if (isIpAddress(hostname)) {
    return [
      problem(
        "addressing",
        `is \`virtual\`, and \`${hostname}\` of the endpoint is an IP address, before which no bucket's name can stand; expected \`path\` or \`auto\``,
      ),
    ];
  }
  const host = `${bucket}.${hostname}`;
  if (URL.canParse(`https://${host}`) && new URL(`https://${host}`).hostname === host) return [];
  return [
    problem(
      "addressing",
      `is \`virtual\`, and the bucket's name \`${bucket}\` cannot be part of a host name; expected \`path\` or \`auto\``,
    ),
  ];
}

/**
 * The rules are AWS's for general purpose buckets; other servers may also have capitals and underscores.
 *
 * @param {string} bucket
 * @param {string} endpoint
 * @returns {ParameterProblem[]}
 */
function bucketProblems(bucket, endpoint) {
  if (bucket === "") return [problem("bucket", "is missing")];
  if (bucket.startsWith("s3://") || bucket.includes("/")) {
    return [
      problem(
        "bucket",
        `is \`${bucket}\`, expected the bucket's name alone; the path belongs to \`database-key\``,
      ),
    ];
  }
  const aws = endpoint === "" || /amazonaws\.com/.test(endpoint);
  const characters = aws ? /^[a-z0-9.-]+$/ : /^[A-Za-z0-9._-]+$/;
  const allowed = aws ? "lower-case letters, digits, `.` and `-`" : "letters, digits, `.`, `-` and `_`";
  const wrong = !characters.test(bucket)
    ? `expected ${allowed} only`
    : bucket.length < 3 || bucket.length > 63
      ? `it has ${bucket.length} characters, expected 3 to 63`
      : !/^[A-Za-z0-9].*[A-Za-z0-9]$/.test(bucket)
        ? "expected a letter or digit at both ends"
        : bucket.includes("..")
          ? "two dots follow each other"
          : /^\d+(\.\d+){3}$/.test(bucket)
            ? "it looks like an IP address"
            : "";
  return wrong === "" ? [] : [problem("bucket", `is \`${bucket}\`: ${wrong}`)];
}

/** @param {string} key @returns {ParameterProblem[]} */
function keyProblems(key) {
  const bytes = Buffer.byteLength(key);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const control = /[\u0000-\u001f\u007f]/.test(key);
  const wrong =
    key === ""
      ? "is missing"
      : bytes > 1024 - 64
        ? `has ${bytes} bytes, expected at most ${1024 - 64}, so that copies beside it have room for their names`
        : control || !isWellFormed(key)
          ? "holds a control character or half of a character"
          : key.startsWith("/") || key.endsWith("/")
            ? `is \`${key}\`, expected no \`/\` at either end`
            : key.split("/").some((part) => part === "." || part === ".." || part === "")
              ? `is \`${key}\`, expected no part that is empty, \`.\` or \`..\``
              : "";
  return wrong === "" ? [] : [problem("key", wrong)];
}

/** @param {string} text whether each surrogate has its other half */
function isWellFormed(text) {
  return !/[\ud800-\udfff]/u.test(text);
}

/**
 * @param {keyof typeof NAMES} parameter
 * @param {string} message what follows the name
 * @returns {ParameterProblem}
 */
function problem(parameter, message) {
  const { input, variables } = NAMES[parameter];
  const missing = message === "is missing";
  const also = variables.length > 0 ? `, or the variable \`${variables[0]}\`` : "";
  return {
    parameter: input,
    message: `\`${input}\` ${message}`,
    hint: `${missing ? "Set" : "Fix"} the input \`${input}\`${also}.`,
    ...(missing && { missing }),
  };
}

/**
 * @param {ParameterProblem[]} found
 * @param {{secretAccessKey: string, sessionToken: string}} credentials a secret that was put into another parameter too
 */
function summed(found, { secretAccessKey, sessionToken }) {
  const secrets = [secretAccessKey, sessionToken].filter(isWellFormed).filter(Boolean);
  const problems = found.map((each) => ({ ...each, message: redacted(each.message, secrets) }));
  const insecure = problems.length === 1 && problems[0].hint === INSECURE_HINT;
  const hints = [...new Set(problems.map(({ hint }) => hint))];
  return new Failure(problems.map(({ message }) => message).join("; "), {
    type: "validation",
    code: insecure ? "S3_ENDPOINT_INSECURE" : "S3_PARAMETERS_INVALID",
    hint: hints.join(" "),
    diagnostics: problems,
  });
}
