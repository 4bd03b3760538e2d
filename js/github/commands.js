// What a runner understands: outputs in the file that GITHUB_OUTPUT names, annotations and log
// groups as workflow commands on standard output.

import { randomUUID } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import { Failure } from "../failure.js";

/** Every output of action.yml. */
export const OUTPUTS = /** @type {const} */ ([
  "success",
  "storage-type",
  "database-location",
  "database-path",
  "database-size",
  "metrics-collected",
  "metrics-failed",
  "total-builds",
  "report-path",
  "duration",
  "error-code",
  "error-message",
]);

/**
 * Sets the step's outputs; a value is never mistaken for the delimiter between outputs.
 * @param {NodeJS.ProcessEnv} env
 * @param {Record<(typeof OUTPUTS)[number], string | number | boolean | null | undefined>} outputs
 * @throws {Failure} OUTPUTS_UNWRITABLE
 */
export function setOutputs(env, outputs) {
  if (!env.GITHUB_OUTPUT) return;
  const lines = OUTPUTS.flatMap((name) => {
    const end = `end-${randomUUID()}`;
    return [`${name}<<${end}`, String(outputs[name] ?? ""), end];
  });
  try {
    fs.appendFileSync(env.GITHUB_OUTPUT, `${lines.join(os.EOL)}${os.EOL}`);
  } catch (thrown) {
    throw Failure.fromSystem(thrown, {
      type: "internal",
      code: "OUTPUTS_UNWRITABLE",
      doing: "could not write the step's outputs to",
      path: env.GITHUB_OUTPUT,
    });
  }
}

/**
 * Text that others wrote, so that the runner takes no line of it for a workflow command: it looks for `::` after
 * leading white space, and for the older `##[` anywhere.
 * @param {string} text
 */
export function harmless(text) {
  return text.replace(/^(\s*:)(?=:)/gm, `$1${WORD_JOINER}`).replaceAll("##[", `##${WORD_JOINER}[`);
}

/** Has no width and breaks no line. */
const WORD_JOINER = "\u2060";

/**
 * An annotation on the run.
 * @param {"error" | "warning" | "notice"} level
 * @param {string} message
 * @param {{title?: string}} [properties]
 */
export function annotate(level, message, { title } = {}) {
  const escapedTitle =
    title === undefined ? "" : ` title=${escapeData(title).replaceAll(":", "%3A").replaceAll(",", "%2C")}`;
  return `::${level}${escapedTitle}::${escapeData(message)}`;
}

/** @param {string} name */
export const groupStart = (name) => `::group::${escapeData(name)}`;
export const groupEnd = "::endgroup::";

/** @param {string} text */
function escapeData(text) {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}
