// Requests that stall, in time that nobody waits for: the limit passes by a mocked clock when a request has got as far as
// it gets, so that nothing depends on how quick the machine is.

import { mock } from "node:test";

/** The real one, whatever is mocked later. */
const { setTimeout: later } = globalThis;

/** Lets the machine get on for a moment of real time. @returns {Promise<void>} */
export const moment = () => new Promise((resolve) => later(resolve, 2));

/**
 * Lets the limit of each stalled request pass until the outcome is there. The clock of `setTimeout` is mocked by the caller.
 *
 * @template T
 * @param {Promise<T>} outcome
 * @param {() => number} stalls how many requests have stalled so far; the mocked time passes once for each
 * @param {number} limitMs at least the client's limit
 * @returns {Promise<T>}
 */
export async function outwait(outcome, stalls, limitMs) {
  let ended = false;
  const end = () => {
    ended = true;
  };
  outcome.then(end, end);
  for (let passed = 0; !ended; ) {
    if (stalls() > passed) {
      passed += 1;
      mock.timers.tick(limitMs);
    }
    await moment();
  }
  return outcome;
}
