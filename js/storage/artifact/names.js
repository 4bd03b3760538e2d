/**
 * Names of artifacts and of the history in them: which ones the service takes, and how those of several jobs of a run
 * are distinguished. In a run a name is given once. The first job that records takes `<name>`, later ones `<name>.2`,
 * `<name>.3`, ….
 */

import { Failure } from "../../failure.js";

/** What the service refuses in the name of an artifact and of a file in it. */
const REFUSED = /["<>|*?:\r\n\\/]/g;

/**
 * Refuses a name that the artifact service does not take.
 *
 * @param {string} subject what has the name, for the message, such as "`database-key`"
 * @param {unknown} name
 * @param {"artifact" | "file"} kind of the thing that is named
 * @throws {Failure} `STORAGE_CONFIG_INVALID`, whose hint has a name that would do
 */
export function checkName(subject, name, kind) {
  const text = String(name);
  if (typeof name === "string" && text.trim() !== "" && text.search(REFUSED) === -1 && !/^\.+$/.test(text)) {
    return;
  }
  // A file keeps its own name, an artifact the words of the whole.
  const rest = kind === "file" ? text.split(/[\\/]/).at(-1) : text;
  const suggested = (rest ?? "").replaceAll(REFUSED, "-").replace(/^[-.\s]+|[-.\s]+$/g, "");
  const folders = kind === "file" && /[\\/]/.test(text);
  throw new Failure(
    `${subject} is \`${text}\`, expected a name without any of \`" : < > | * ? \\ /\` and line breaks`,
    {
      type: "validation",
      code: "STORAGE_CONFIG_INVALID",
      hint:
        (folders ? "It names a file in the artifact, which has no folders. " : "") +
        (suggested ? `Use \`${suggested}\`.` : "Choose another name."),
    },
  );
}

/** The number after the highest of those that are taken. @param {number[]} numbers */
export const after = (numbers) => Math.max(0, ...numbers) + 1;

/**
 * The name of a run's n-th artifact of the history.
 *
 * @param {string} name
 * @param {number} number from 1
 */
export const numbered = (name, number) => (number === 1 ? name : `${name}.${number}`);

/**
 * Which of the run's artifacts of this name it is, from 1; null for another name.
 *
 * @param {string} full
 * @param {string} name
 */
export function numberOf(full, name) {
  if (full === name) return 1;
  const digits = full.startsWith(`${name}.`) ? full.slice(name.length + 1) : "";
  return /^[1-9]\d{0,4}$/.test(digits) && digits !== "1" ? Number(digits) : null;
}
