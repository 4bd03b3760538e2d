/**
 * What has to happen before this process ends without anyone closing anything: at an exit amid the work, and at a signal
 * that nothing else listens to.
 */

/** @type {Set<() => void>} */
const cleanups = new Set();

/** @type {ReadonlyArray<NodeJS.Signals>} */
const ENDING_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Runs it at a sudden end, the latest one first.
 *
 * @param {() => void} cleanup synchronous; what it throws is ignored
 */
export function atSuddenEnd(cleanup) {
  if (cleanups.size === 0) {
    process.on("exit", cleanUp);
    for (const name of ENDING_SIGNALS) process.on(name, endWithSignal);
  }
  cleanups.add(cleanup);
}

/**
 * Takes back what `atSuddenEnd` was given.
 *
 * @param {() => void} cleanup that was done in good order, or is not needed any more
 */
export function notAtSuddenEnd(cleanup) {
  if (!cleanups.delete(cleanup) || cleanups.size > 0) return;
  process.off("exit", cleanUp);
  for (const name of ENDING_SIGNALS) process.off(name, endWithSignal);
}

function cleanUp() {
  for (const cleanup of [...cleanups].reverse()) {
    try {
      cleanup();
    } catch {
      // The others still have to happen.
    }
  }
}

/** @param {NodeJS.Signals} name */
function endWithSignal(name) {
  // Somebody else listens too: stopping orderly, through the abort signal, is then theirs.
  if (process.listenerCount(name) > 1) return;
  cleanUp();
  process.off(name, endWithSignal);
  process.kill(process.pid, name);
}
