/**
 * How large a history may be, wherever it is kept, and what is said of one that is larger.
 */

import { Failure } from "../failure.js";

/** @import { ExchangeError } from "./transport.js" */

/** The most bytes of a history: the engine opens and saves none that is larger (`Limits` in `src/history.rs`). */
export const HISTORY_LIMIT = 256 * 1024 * 1024;

/**
 * The failure of a history above the limit.
 *
 * @param {string} doing such as "could not read `unentropy.db`"
 * @param {bigint | number | null} size bytes; null where it is not known
 * @param {unknown} [cause]
 * @returns {Failure}
 */
export function tooLarge(doing, size, cause) {
  const found = size === null ? "it is longer than that" : `it is ${size} bytes long`;
  return new Failure(`${doing}: ${found}, the limit is ${HISTORY_LIMIT} bytes`, {
    type: "storage",
    code: "HISTORY_TOO_LARGE",
    hint: "Check that this is the history. If it is, keep it, and start a new one under another name.",
    cause,
  });
}

/**
 * What a transfer that was refused for its size is for a history: the failure with the code of this limit.
 *
 * @param {unknown} thrown
 * @param {string} doing
 * @returns {unknown} what was thrown, where it is about something else
 */
export function asTooLarge(thrown, doing) {
  // Recognized by what it has: a history in a file does not wait for Node's HTTP to be loaded.
  const cause = /** @type {Partial<ExchangeError> | undefined} */ (
    thrown instanceof Failure ? thrown.cause : undefined
  );
  return cause?.trouble === "too-large" ? tooLarge(doing, cause.size ?? null, thrown) : thrown;
}
