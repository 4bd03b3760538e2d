// The annotations of a run: one for each failed metric and each warning, as many as the runner shows, and the error
// that ended it. Only words; writing them belongs to the entry.

import { placedProblems } from "../config.js";
import { annotate } from "./commands.js";

/** @import { Failure } from "../failure.js" */
/** @import { MetricOutcome } from "../types.js" */

/** The runner shows ten of each level for a step. */
const SHOWN = 10;

/**
 * @param {object} run
 * @param {readonly MetricOutcome[]} run.metrics
 * @param {readonly Failure[]} run.warnings
 * @param {Failure} [run.failure]
 * @param {boolean} run.tolerated whether the failure is to be none of the step
 * @returns {string[]} lines for the runner
 */
export function annotations({ metrics, warnings, failure, tolerated }) {
  const found = [
    ...warnings.map((warning) => ({ title: warning.code, text: told(warning) })),
    ...metrics.flatMap(({ id, error }) =>
      error ? [{ title: `metric ${id} failed`, text: told(error) }] : [],
    ),
  ];
  if (failure && tolerated) {
    found.unshift({ title: failure.code, text: `the history could not be stored: ${told(failure)}` });
  }
  const rest = found.length > SHOWN ? found.splice(SHOWN - 1) : [];
  if (rest.length > 0) {
    found.push({ title: `and ${rest.length} more`, text: rest.map(({ title }) => title).join(", ") });
  }
  return [
    ...found.map(({ title, text }) => annotate("warning", text, { title })),
    ...(failure && !tolerated ? [annotate("error", told(failure), { title: failure.code })] : []),
  ];
}

/** @param {Failure} failure */
function told(failure) {
  return [failure.message, ...placedProblems(failure), failure.hint].filter(Boolean).join("\n");
}
