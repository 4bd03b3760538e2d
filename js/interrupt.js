// What Ctrl-C and a runner's cancellation do: the first asks for an orderly end, the second does not ask.

import { Failure } from "./failure.js";

/**
 * A signal that is aborted with a failure of code ABORTED by the first SIGINT or SIGTERM of this process.
 * After that another one ends the process at once; commands that still run are killed with it.
 *
 * Only for work that looks at the signal: from the first call on, this process does not end by itself any more.
 * @returns {AbortSignal}
 */
export function interruption() {
  const abort = new AbortController();
  for (const name of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
    process.on(name, () => {
      if (abort.signal.aborted) process.exit(1);
      abort.abort(cancelled(`stopped by ${name}`));
    });
  }
  return abort.signal;
}

/**
 * Ends the run where it was cancelled, by {@link interruption} or by a caller's own signal.
 * @param {AbortSignal | undefined} signal
 * @throws {Failure} ABORTED
 */
export function throwIfCancelled(signal) {
  if (!signal?.aborted) return;
  const { reason } = signal;
  throw reason instanceof Failure ? reason : cancelled("the run was cancelled", reason);
}

/** @param {string} message @param {unknown} [cause] */
function cancelled(message, cause) {
  return new Failure(message, {
    type: "internal",
    code: "ABORTED",
    hint: "The history is as it was. Run it again.",
    retryable: true,
    cause,
  });
}
