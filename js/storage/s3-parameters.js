/**
 * From the configuration of a history in an S3 store, completed from the environment, to what the client and the
 * store need. Says everything that is missing at once; sends nothing.
 */

import { Failure } from "../failure.js";

/** @import { StorageProviderConfig } from "./provider.js" */
/** @import { S3Parameters } from "../s3/client.js" */

const REPAIRS = Object.freeze(["fail", "restore", "recreate"]);

/**
 * @param {StorageProviderConfig} config
 * @param {NodeJS.ProcessEnv} env for credentials, region and endpoint that the configuration does not give
 * @returns {{parameters: S3Parameters, key: string, onCorrupt: "fail" | "restore" | "recreate"}}
 * @throws {Failure} `STORAGE_CONFIG_INVALID`; the client checks the values further
 */
export function s3Parameters(config, env) {
  // An empty setting is an unset one, as in a workflow whose secret does not exist.
  /** @param {(string | undefined)[]} choices */
  const first = (...choices) => choices.find((choice) => choice !== undefined && choice !== "");
  // A key pair and its token belong together: they come from one source.
  const given = first(config.s3AccessKeyId, config.s3SecretAccessKey, config.s3SessionToken) !== undefined;
  const accessKeyId = given ? first(config.s3AccessKeyId) : first(env.AWS_ACCESS_KEY_ID);
  const secretAccessKey = given ? first(config.s3SecretAccessKey) : first(env.AWS_SECRET_ACCESS_KEY);
  const sessionToken = given ? first(config.s3SessionToken) : first(env.AWS_SESSION_TOKEN);
  const bucket = first(config.s3Bucket);
  const key = first(config.s3Key);
  const onCorrupt = first(config.onCorrupt) ?? "fail";

  const from = given ? "beside the other credentials" : "nor in the environment";
  const problems = [
    bucket === undefined && "no bucket is named (`s3Bucket`)",
    key === undefined && "no key is named (`s3Key`)",
    key !== undefined && /^\/|\/$|\p{Cc}/u.test(key) && `the key \`${clean(key)}\` is not the name of an object`,
    accessKeyId === undefined && `no access key id is given (\`s3AccessKeyId\`) ${from}`,
    secretAccessKey === undefined && `no secret access key is given (\`s3SecretAccessKey\`) ${from}`,
    !REPAIRS.includes(onCorrupt) &&
      `\`onCorrupt\` is \`${clean(onCorrupt)}\`, expected one of ${REPAIRS.map((name) => `\`${name}\``).join(", ")}`,
  ].filter((problem) => problem !== false);
  if (problems.length > 0 || bucket === undefined || key === undefined || !accessKeyId || !secretAccessKey) {
    throw new Failure(`\`sqlite-s3\` is not set up: ${problems.join("; ")}`, {
      type: "validation",
      code: "STORAGE_CONFIG_INVALID",
      hint: "Give bucket and key by the configuration, inputs or flags, and credentials by the inputs `s3-access-key-id` and `s3-secret-access-key` or the environment variables `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`.",
    });
  }
  return {
    key,
    onCorrupt: /** @type {"fail" | "restore" | "recreate"} */ (onCorrupt),
    parameters: {
      bucket,
      endpoint: first(config.s3Endpoint, env.AWS_ENDPOINT_URL_S3, env.AWS_ENDPOINT_URL),
      region: first(config.s3Region, env.AWS_REGION, env.AWS_DEFAULT_REGION),
      credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) },
      addressing: config.s3Addressing,
      allowHttp: config.s3AllowHttp,
      sse: config.s3Sse,
      sseKmsKeyId: first(config.s3SseKmsKeyId),
      retryAttempts: config.retryAttempts,
    },
  };
}

/** @param {string} text */
function clean(text) {
  return text.replace(/\p{Cc}/gu, "\u{fffd}").slice(0, 120);
}
