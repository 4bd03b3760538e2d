/**
 * Stores that limit how quickly one key may be written, such as one write a second: what a refusal for haste is, and
 * how long is waited before the key is written again. Knows no keys and sends nothing by itself.
 */

import { Failure } from "../../failure.js";

/** Milliseconds after which a key may be written again. The strictest limit known is one write a second. */
export const BETWEEN_WRITES_MS = 1_100;
/** How often a write is tried again that is refused for haste, besides what the client tries by itself. */
const ROUNDS = 5;

/**
 * Whether a request was refused for haste. Its other tries may have failed in other ways, and one of them have arrived.
 *
 * @param {unknown} thrown
 */
export function isHaste(thrown) {
  return Failure.from(thrown).code === "S3_THROTTLED";
}

/**
 * Makes a write as often as it is refused for haste, with pauses in which the key rests.
 *
 * @template T
 * @param {(round: number) => Promise<T>} write with the round, from 0
 * @param {{sleep: (ms: number) => Promise<unknown>, random: () => number}} surroundings
 * @returns {Promise<T>}
 */
export async function patiently(write, { sleep, random }) {
  for (let round = 0; ; round++) {
    try {
      return await write(round);
    } catch (thrown) {
      if (round === ROUNDS || !isHaste(thrown)) throw thrown;
    }
    // Those that were refused together do not come back together.
    await sleep(BETWEEN_WRITES_MS * (1 + random() * (round + 1)));
  }
}
