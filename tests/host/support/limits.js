// Limits in time of what is tested, where the limit itself is what a test is about: long enough on every machine.

/**
 * Runs something that a limit ends, with four times the limit again and again until a run had got to where its limit was
 * to strike. Only a slow or busy machine needs more than one.
 *
 * @template T
 * @param {number} first limit, in whatever unit `run` takes
 * @param {(limit: number) => Promise<T>} run
 * @param {(outcome: T) => boolean} there whether that run had got so far
 * @returns {Promise<{outcome: T, limit: number}>} the last one's; after four it is the test's to say what is missing
 */
export async function withLimit(first, run, there) {
  for (let limit = first; ; limit *= 4) {
    const outcome = await run(limit);
    if (there(outcome) || limit >= 64 * first) return { outcome, limit };
  }
}
