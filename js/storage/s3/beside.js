/**
 * Small objects beside a history, by which a server or a right is tried: their keys, and what a failure with one means
 * for the history. People know their history's location and not the keys of such objects.
 */

import { Failure } from "../../failure.js";

/**
 * What people know a history by.
 *
 * @typedef {object} HistoryName
 * @property {string} key
 * @property {string} location `s3://<bucket>/<key>`
 */

/**
 * The key of a new object of this kind. All of them start with the history's key, as the recommended rights do.
 *
 * @param {string} key the history's
 * @param {{now: () => number, random: () => number}} surroundings
 */
export function keyBeside(key, { now, random }) {
  return `${key}.probe-${now().toString(36)}${Math.floor(random() * 2 ** 48).toString(36)}`;
}

/**
 * A failure with such an object as one of the history that it was tried for.
 *
 * @param {unknown} thrown
 * @param {readonly string[]} keys of the objects
 * @param {string} bucket
 * @param {HistoryName} history
 * @returns {Failure}
 */
export function besideHistory(thrown, keys, bucket, { key, location }) {
  const failure = Failure.from(thrown);
  if (failure.type === "internal") return failure;
  const { type, code, retryable, diagnostics } = failure;
  let { message, hint } = failure;
  // A key that another one starts with comes after it.
  for (const name of [...keys].sort((one, other) => other.length - one.length)) {
    message = message.replaceAll(
      `\`${name}\` in bucket \`${bucket}\``,
      `a small object beside \`${location}\``,
    );
    message = message.replaceAll(`\`${name}\``, `a small object beside \`${location}\``);
    hint = hint.replaceAll(`\`${name}\``, `\`${key}*\``);
  }
  if (code === "S3_ACCESS_DENIED" && !hint.includes(`\`${key}*\``)) {
    hint = `Grant \`s3:GetObject\`, \`s3:PutObject\` and \`s3:DeleteObject\` on \`${key}*\` in the bucket \`${bucket}\`: the history and what is kept beside it.`;
  }
  return new Failure(message, { type, code, hint, retryable, diagnostics, cause: thrown });
}

/**
 * The warning about objects that could not be removed again.
 *
 * @param {readonly string[]} keys
 * @param {unknown} thrown why
 * @param {string} bucket
 * @param {HistoryName} history
 * @returns {Failure}
 */
export function leftBehind(keys, thrown, bucket, history) {
  const { message, code } = besideHistory(thrown, keys, bucket, history);
  const names = keys.map((key) => `\`${key}\``).join(" and ");
  const [objects, them] = keys.length === 1 ? ["the small object", "it"] : ["the small objects", "them"];
  return new Failure(
    `${objects} ${names}, which showed how the server keeps \`${history.location}\`, could not be removed: ${message}`,
    {
      type: "storage",
      code: "S3_PROBE_LEFT",
      hint:
        code === "S3_ACCESS_DENIED"
          ? `Grant \`s3:DeleteObject\` on \`${history.key}*\`, and delete ${them}: nothing of the history is in ${them}.`
          : `Delete ${them}: nothing of the history is in ${them}.`,
    },
  );
}
