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

/**
 * What ended a run. Where that was a signal, its reason says more than the transfer or command that it stopped.
 * @param {unknown} thrown
 * @param {AbortSignal | undefined} signal
 * @returns {Failure}
 */
export function endedBy(thrown, signal) {
  const failure = Failure.from(thrown);
  if (failure.code !== "ABORTED" || !(signal?.reason instanceof Failure)) return failure;
  const { message, type, code, hint, retryable } = signal.reason;
  if (failure.message.startsWith(message)) return failure;
  // What was stopped may quote why; once is enough.
  const stopped = failure.message.replaceAll(message, "stopped");
  return new Failure(`${message}; ${stopped}`, { type, code, hint, retryable, cause: thrown });
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

/**
 * A signal that follows another one and is also aborted when time is up.
 * @param {AbortSignal} signal
 * @param {number} seconds
 * @param {() => Failure} overdue the reason, asked for when time is up
 * @returns {AbortSignal}
 */
export function withDeadline(signal, seconds, overdue) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(overdue()), seconds * 1000);
  timer.unref();
  const follow = () => {
    clearTimeout(timer);
    abort.abort(signal.reason);
  };
  if (signal.aborted) follow();
  else signal.addEventListener("abort", follow, { once: true });
  return abort.signal;
}

/** Milliseconds of work without a look at signals. */
const WORK_MS = 50;

/**
 * Lets long work be interrupted: awaited again and again, it lets signals in now and then.
 * @param {AbortSignal} [signal]
 * @returns {() => Promise<void> | undefined} rejects with the signal's reason where it is aborted
 */
export function pauses(signal) {
  let last = performance.now();
  return () => {
    if (performance.now() - last < WORK_MS) return undefined;
    return new Promise((resolve, reject) => {
      setImmediate(() => {
        last = performance.now();
        if (signal?.aborted) reject(signal.reason);
        else resolve();
      });
    });
  };
}

/**
 * Fails when something that was asked to stop has not stopped after a while.
 * @param {AbortSignal} signal
 * @param {number} patienceMs
 * @returns {Promise<never>} rejects with the signal's reason; never resolves
 */
export function outOfPatience(signal, patienceMs) {
  return new Promise((_, reject) => {
    const wait = () => setTimeout(() => reject(signal.reason), patienceMs).unref();
    if (signal.aborted) wait();
    else signal.addEventListener("abort", wait, { once: true });
  });
}
