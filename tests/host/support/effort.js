// How much of what can be repeated without end a run of the tests repeats. One variable decides it for all of them:
// UNENTROPY_TEST_EFFORT=quick (`npm test`), full (every night) or stress (the models in `npm run test:stress`).

const LEVELS = /** @type {const} */ (["quick", "full", "stress"]);

/** @typedef {typeof LEVELS[number]} Effort */

/** @returns {Effort} */
function chosen() {
  const { UNENTROPY_TEST_EFFORT: text = "quick" } = process.env;
  const level = LEVELS.find((each) => each === text);
  if (!level) throw new Error(`UNENTROPY_TEST_EFFORT is \`${text}\`, expected one of ${LEVELS.join(", ")}`);
  return level;
}

/** What this run was started with. */
export const EFFORT = chosen();

/**
 * The value for this run's effort.
 *
 * @template T
 * @param {{quick: T, full: T, stress?: T}} values `stress`: as `full` unless given
 * @returns {T}
 */
export function effort({ quick, full, stress = full }) {
  return { quick, full, stress }[EFFORT];
}
