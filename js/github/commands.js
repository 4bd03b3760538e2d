// What a runner understands: outputs in the file that GITHUB_OUTPUT names, annotations and log
// groups as workflow commands on standard output.

import { randomUUID } from "node:crypto";
import fs from "node:fs";
import os from "node:os";

/**
 * Sets the step's outputs; a value is never mistaken for the delimiter between outputs.
 * @param {NodeJS.ProcessEnv} env
 * @param {Record<string, string | number | boolean | null | undefined>} outputs
 */
export function setOutputs(env, outputs) {
  if (!env.GITHUB_OUTPUT) return;
  const lines = Object.entries(outputs).flatMap(([name, value]) => {
    const end = `end-${randomUUID()}`;
    return [`${name}<<${end}`, String(value ?? ""), end];
  });
  fs.appendFileSync(env.GITHUB_OUTPUT, `${lines.join(os.EOL)}${os.EOL}`);
}

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
