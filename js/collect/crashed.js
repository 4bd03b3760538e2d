// What is said where the parsers' module came to its end over a metric's files.

import { Failure } from "../failure.js";

/**
 * Of type collection: it costs the metric and no more, because the module holds nothing but the files of metrics.
 * @param {string} doing as in "could not …"
 * @param {unknown} cause
 * @param {string} hint
 */
export function crashed(doing, cause, hint) {
  const { message } = Failure.from(cause);
  return new Failure(`could not ${doing}: the engine ran out of memory or stopped at a bug: ${message}`, {
    ...{ type: "collection", code: "COLLECTOR_CRASHED", hint, cause },
  });
}
