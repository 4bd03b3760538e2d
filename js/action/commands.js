// What a runner understands on standard output: annotations, log groups and masks, as workflow commands.

import { shown } from "../shown.js";

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
    title === undefined
      ? ""
      : ` title=${escapeData(shown(title)).replaceAll(":", "%3A").replaceAll(",", "%2C")}`;
  // The runner writes the message into the log, line by line.
  return `::${level}${escapedTitle}::${escapeData(harmless(shown(message)))}`;
}

/**
 * Keeps a text out of every log that follows.
 * @param {string} secret one line
 */
export const mask = (secret) => `::add-mask::${escapeData(secret)}`;

/** The workflow command that opens a group of the log. @param {string} name */
export const groupStart = (name) => `::group::${escapeData(shown(name))}`;
/** The workflow command that closes the group. */
export const groupEnd = "::endgroup::";

/** @param {string} text */
function escapeData(text) {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}
