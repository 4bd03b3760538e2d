/**
 * The parameters of an S3 store, checked as a whole before anything is sent: every problem is found at once and
 * names the option and the environment variable that fix it. Values of credentials are never quoted.
 */

import { Failure } from "../failure.js";
import { ROWS } from "../options.js";
import { AS_INPUTS, optionOf, withoutCredentials } from "../spelling.js";
import { parseUrl } from "../url.js";
import { isIpAddress, isKnownHost, isLoopback } from "./address.js";
import { redacted } from "./errors.js";

/** @import { OptionName, Row } from "../options.js" */
/** @import { Spelling } from "../spelling.js" */
/** @import { S3Parameters } from "./client.js" */

/** @typedef {Extract<Row, {property: {name: `s3${string}` | "retryAttempts"}}>["property"]["name"]} Property */
/**
 * A parameter's name: that of the property without `s3`, such as `sseKmsKeyId`.
 * @typedef {Property extends infer P ? P extends `s3${infer Rest}` ? Uncapitalize<Rest> : P : never} Parameter
 */

/**
 * What a user gave; an empty text is a parameter that is not set.
 *
 * @typedef {{[P in Extract<Parameter, string>]?: string | number | boolean}} GivenParameters
 *
 * @typedef {object} ParameterProblem
 * @property {string} parameter the input's name, such as `s3-bucket`, for every caller: programs branch on it
 * @property {string} message
 * @property {string} hint
 * @property {boolean} [missing] whether that is all that is wrong with it
 */

/** The option of each parameter. */
const NAMES = /** @type {Record<Parameter, OptionName>} */ (
  Object.fromEntries(
    ROWS.flatMap(({ name, providers, property }) =>
      property && providers?.includes("sqlite-s3") ? [[parameterOf(property.name), name]] : [],
    ),
  )
);

/** @param {string} property */
function parameterOf(property) {
  const rest = /^s3([A-Z])(.*)$/.exec(property);
  return rest ? rest[1].toLowerCase() + rest[2] : property;
}

/**
 * What a storage's configuration says of an S3 store.
 *
 * @param {Readonly<Record<string, any>>} config by the properties' names
 * @returns {GivenParameters}
 */
export function givenParameters(config) {
  const given = ROWS.flatMap(({ property }) => {
    const parameter = property ? parameterOf(property.name) : "";
    return property && Object.hasOwn(NAMES, parameter) ? [[parameter, config[property.name]]] : [];
  });
  return Object.fromEntries(given);
}

/** The ids of AWS's temporary keys, which are of no use without their token. */
const TEMPORARY_KEY = /^ASIA[A-Z0-9]{12,}$/;

/** A text that names options. @typedef {string | ((spelling: Spelling) => string)} Words */

/**
 * What is wrong with a parameter, for any caller.
 *
 * @typedef {object} Found
 * @property {Parameter} parameter
 * @property {Words} says what follows the name
 * @property {Words} [hint] instead of "Fix it"
 */

/** @param {Words} words @param {Spelling} spelling */
const spelled = (words, spelling) => (typeof words === "string" ? words : words(spelling));

const IS_MISSING = "is missing";

/** What to do about an endpoint without encryption. @type {Words} */
const INSECURE_HINT = (spelling) =>
  `Use \`https://\`, or set \`${spelling.set("s3-allow-http", "true")}\` in a network that you trust.`;

/**
 * A store's parameters from what was given and, behind that, AWS's standard environment variables. A key id, its
 * secret and its session token are never put together from two key pairs; see `credentialsFrom`.
 *
 * @param {GivenParameters} given
 * @param {Readonly<Record<string, string | undefined>>} env
 * @param {Spelling} [spelling] how the caller calls options; as inputs unless given
 * @returns {{parameters: S3Parameters, key: string}}
 * @throws {Failure} of type `validation` with every problem in `diagnostics` (`ParameterProblem`):
 *   `S3_ENDPOINT_INSECURE` where that is the only one, else `S3_PARAMETERS_INVALID`
 */
export function s3Parameters(given, env = {}, spelling = AS_INPUTS) {
  const text = (/** @type {Parameter} */ name) => String(given[name] ?? "").trim();
  const fromEnv = (/** @type {Parameter} */ name) =>
    (optionOf(NAMES[name]).variables ?? []).map((variable) => env[variable]?.trim()).find(Boolean) ?? "";
  const orEnv = (/** @type {Parameter} */ name) => text(name) || fromEnv(name);

  const endpoint = orEnv("endpoint");
  const written =
    /^[a-z][a-z0-9+.-]*:\/\//i.test(endpoint) || endpoint === "" ? endpoint : `https://${endpoint}`;
  const values = {
    ...texts(text),
    endpoint: written,
    region: orEnv("region"),
    ...credentialsFrom(text, fromEnv),
    allowHttp: text("allowHttp").toLowerCase(),
  };
  const problems = [...problemsOf(values), ...keyProblems(values.key)];
  if (problems.length > 0) throw summed(problems, values, spelling);
  const { accessKeyId, secretAccessKey, sessionToken, sse, timeout, retryAttempts } = values;
  return {
    key: values.key,
    parameters: {
      ...(values.endpoint ? { endpoint: values.endpoint } : {}),
      ...(values.region ? { region: values.region } : {}),
      bucket: values.bucket,
      credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) },
      addressing: /** @type {S3Parameters["addressing"]} */ (values.addressing || "auto"),
      allowHttp: values.allowHttp === "true",
      ...(sse ? { sse: /** @type {S3Parameters["sse"]} */ (sse) } : {}),
      ...(values.sseKmsKeyId ? { sseKmsKeyId: values.sseKmsKeyId } : {}),
      ...(timeout === "" ? {} : { stallTimeoutMs: Number(timeout) * 1000 }),
      retryAttempts: retryAttempts === "" ? 3 : Number(retryAttempts),
    },
  };
}

/**
 * Every parameter's text, empty where it is not set.
 * @param {(name: Parameter) => string} text
 * @returns {Record<Parameter, string>}
 */
function texts(text) {
  const names = /** @type {Parameter[]} */ (Object.keys(NAMES));
  return /** @type {Record<Parameter, string>} */ (
    Object.fromEntries(names.map((name) => [name, text(name)]))
  );
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
 * @param {Spelling} [spelling] as inputs unless given
 * @returns {Failure | null}
 */
export function clientProblems(parameters, spelling = AS_INPUTS) {
  const { credentials, stallTimeoutMs: _, ...others } = parameters;
  const given = /** @type {GivenParameters} */ ({ ...others, ...credentials });
  const values = texts((name) => String(given[name] ?? ""));
  const problems = problemsOf(values);
  return problems.length > 0 ? summed(problems, values, spelling) : null;
}

/**
 * @param {Record<Parameter, string>} values
 * @returns {Found[]}
 */
function problemsOf(values) {
  const { region, addressing, sse, sseKmsKeyId } = values;
  /** @type {Found[]} */
  const problems = [
    ...endpointProblems(values.endpoint, values.bucket, values.allowHttp === "true"),
    ...bucketProblems(values.bucket, values.endpoint),
  ];
  if (region !== "" && !/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/.test(region)) {
    problems.push({
      parameter: "region",
      says: `is \`${withoutCredentials(region)}\`, expected a name such as \`eu-central-1\``,
    });
  }
  for (const parameter of /** @type {const} */ (["accessKeyId", "secretAccessKey"])) {
    if (values[parameter] === "") problems.push({ parameter, says: IS_MISSING });
  }
  for (const parameter of /** @type {const} */ (["accessKeyId", "secretAccessKey", "sessionToken"])) {
    if (!/^[\x21-\x7e]*$/.test(values[parameter])) {
      problems.push({ parameter, says: "holds a space, a line break or a character that is not ASCII" });
    }
  }
  if (TEMPORARY_KEY.test(values.accessKeyId) && values.sessionToken === "") {
    problems.push({
      parameter: "sessionToken",
      says: "is missing: the access key id is of a temporary key (`ASIA…`), which is valid only with its session token",
      hint: (spelling) =>
        `Set ${alternatives("s3-session-token", spelling)} with the same \`AWS_ACCESS_KEY_ID\` beside it.`,
    });
  }
  // A signature's scope is written `id/date/region`.
  if (values.accessKeyId.includes("/") || values.accessKeyId.includes(",")) {
    const says = "holds a `/` or a `,`, which key ids do not: is it the secret?";
    problems.push({ parameter: "accessKeyId", says });
  }
  problems.push(...kindProblems(values));
  if (addressing === "virtual") problems.push(...virtualProblems(values.bucket, values.endpoint));
  if (sseKmsKeyId !== "" && sse !== "aws:kms") {
    problems.push({
      parameter: "sseKmsKeyId",
      says: (spelling) => `is set while \`${spelling.name("s3-sse")}\` is \`${sse}\`, expected \`aws:kms\``,
    });
  } else if (!/^[\x21-\x7e]*$/.test(sseKmsKeyId)) {
    problems.push({
      parameter: "sseKmsKeyId",
      says: "holds a character that a key's id or ARN cannot have",
    });
  }
  return problems;
}

/**
 * What does not fit the kind that the table of options says.
 *
 * @param {Record<Parameter, string>} values
 * @returns {Found[]}
 */
function kindProblems(values) {
  return /** @type {Parameter[]} */ (Object.keys(NAMES)).flatMap((parameter) => {
    const { kind, choices = [], least = 0, most = 0, unit } = optionOf(NAMES[parameter]);
    const value = values[parameter];
    const is = `is \`${withoutCredentials(value)}\`, expected`;
    if (value === "") return [];
    if (kind === "choice" && !choices.includes(value))
      return [{ parameter, says: `${is} ${either(choices)}` }];
    if (kind === "flag" && !["true", "false"].includes(value)) {
      return [{ parameter, says: `${is} ${either(["true", "false"])}` }];
    }
    const fits = /^\d{1,9}$/.test(value) && Number(value) >= least && Number(value) <= most;
    if (kind !== "whole" || fits) return [];
    return [{ parameter, says: `${is} a whole number ${unit ? `of ${unit} ` : ""}from ${least} to ${most}` }];
  });
}

/** @param {readonly string[]} choices */
function either(choices) {
  const quoted = choices.map((choice) => `\`${choice}\``);
  return [quoted.slice(0, -1).join(", "), ...quoted.slice(-1)].join(" or ");
}

/**
 * @param {string} endpoint
 * @param {string} bucket
 * @param {boolean} allowHttp
 * @returns {Found[]}
 */
function endpointProblems(endpoint, bucket, allowHttp) {
  if (endpoint === "") return [];
  const url = parseUrl(endpoint);
  if (!url || !["http:", "https:"].includes(url.protocol) || url.hostname === "") {
    return [problem("endpoint", "is not a URL such as `https://s3.eu-central-1.amazonaws.com`")];
  }
  if (url.username !== "" || url.password !== "") {
    return [problem("endpoint", "holds a user name or a password; credentials have options of their own")];
  }
  if (url.search !== "" || url.hash !== "") {
    return [problem("endpoint", "holds a `?` or a `#`, expected scheme, host and at most a path")];
  }
  /** @type {Found[]} */
  const problems = [];
  if (url.protocol === "http:" && !allowHttp && !isLoopback(url.hostname)) {
    problems.push({
      parameter: "endpoint",
      says: `is \`${url.origin}\`, expected https: with http, anyone between here and the server can read the history`,
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
 * @returns {Found[]}
 */
function virtualProblems(bucket, endpoint) {
  const hostname = parseUrl(endpoint)?.hostname;
  if (bucket === "" || hostname === undefined) return [];
  if (isIpAddress(hostname)) {
    return [
      problem(
        "addressing",
        `is \`virtual\`, and \`${hostname}\` of the endpoint is an IP address, before which no bucket's name can stand; expected \`path\` or \`auto\``,
      ),
    ];
  }
  const host = `${bucket}.${hostname}`;
  if (parseUrl(`https://${host}`)?.hostname === host) return [];
  return [
    problem(
      "addressing",
      `is \`virtual\`, and the bucket's name \`${withoutCredentials(bucket)}\` cannot be part of a host name; expected \`path\` or \`auto\``,
    ),
  ];
}

/**
 * The rules are AWS's for general purpose buckets; other servers may also have capitals and underscores.
 *
 * @param {string} bucket
 * @param {string} endpoint
 * @returns {Found[]}
 */
function bucketProblems(bucket, endpoint) {
  if (bucket === "") return [problem("bucket", "is missing")];
  if (bucket.startsWith("s3://") || bucket.includes("/")) {
    return [
      problem(
        "bucket",
        (spelling) =>
          `is \`${withoutCredentials(bucket)}\`, expected the bucket's name alone; the path belongs to \`${spelling.name("s3-key")}\``,
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
  return wrong === "" ? [] : [problem("bucket", `is \`${withoutCredentials(bucket)}\`: ${wrong}`)];
}

/** @param {string} key @returns {Found[]} */
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
            ? `is \`${withoutCredentials(key)}\`, expected no \`/\` at either end`
            : key.split("/").some((part) => part === "." || part === ".." || part === "")
              ? `is \`${withoutCredentials(key)}\`, expected no part that is empty, \`.\` or \`..\``
              : "";
  return wrong === "" ? [] : [problem("key", wrong)];
}

/** @param {string} text whether each surrogate has its other half */
function isWellFormed(text) {
  return !/[\ud800-\udfff]/u.test(text);
}

/**
 * @param {Parameter} parameter
 * @param {Words} says what follows the name
 * @returns {Found}
 */
const problem = (parameter, says) => ({ parameter, says });

/** An option and the variable behind it, for a remedy. @param {OptionName} name @param {Spelling} spelling */
function alternatives(name, spelling) {
  const variable = optionOf(name).variables?.[0];
  const also = variable !== undefined && variable !== spelling.name(name);
  return `${spelling.described(name)}${also ? `, or the variable \`${variable}\`` : ""}`;
}

/**
 * @param {Found} found
 * @param {Spelling} spelling
 * @returns {ParameterProblem}
 */
function worded({ parameter, says, hint }, spelling) {
  const name = NAMES[parameter];
  const missing = says === IS_MISSING;
  return {
    parameter: AS_INPUTS.name(name),
    message: `\`${spelling.name(name)}\` ${spelled(says, spelling)}`,
    hint: hint ? spelled(hint, spelling) : `${missing ? "Set" : "Fix"} ${alternatives(name, spelling)}.`,
    ...(missing && { missing }),
  };
}

/**
 * @param {Found[]} found
 * @param {{secretAccessKey: string, sessionToken: string}} credentials a secret that was put into another parameter too
 * @param {Spelling} spelling
 */
function summed(found, { secretAccessKey, sessionToken }, spelling) {
  const secrets = [secretAccessKey, sessionToken].filter(isWellFormed).filter(Boolean);
  const insecure = found.length === 1 && found[0].hint === INSECURE_HINT;
  const problems = found
    .map((each) => worded(each, spelling))
    .map((each) => ({ ...each, message: redacted(each.message, secrets) }));
  const hints = [...new Set(problems.map(({ hint }) => hint))];
  return new Failure(problems.map(({ message }) => message).join("; "), {
    type: "validation",
    code: insecure ? "S3_ENDPOINT_INSECURE" : "S3_PARAMETERS_INVALID",
    hint: hints.join(" "),
    diagnostics: problems,
  });
}
