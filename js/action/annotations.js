// The annotations of a run: one for each failed threshold, failed metric and warning, as many as the runner shows, and
// the error that ended it. Only words; writing them belongs to the entry.

import { placedProblems } from "../run/config.js";
import { annotate } from "./commands.js";

/** @import { Failure } from "../failure.js" */
/** @import { MetricOutcome } from "../collect/types.js" */

/** The runner shows ten of each level for a step. */
const SHOWN = 10;

/**
 * The annotations of a run as workflow commands, no more of each level than the runner shows.
 *
 * @param {object} run
 * @param {readonly MetricOutcome[]} run.metrics
 * @param {readonly Failure[]} run.warnings
 * @param {Failure} [run.failure]
 * @param {boolean} run.tolerated whether the failure is to be none of the step
 * @param {readonly {level: "error" | "warning", title: string, message: string}[]} [run.marks] of the gate
 * @param {string} [run.notice] what is no problem and should still be seen
 * @returns {string[]} lines for the runner
 */
export function annotations({ metrics, warnings, failure, tolerated, marks = [], notice }) {
  /** @type {{level: "error" | "warning" | "notice", title: string, text: string}[]} */
  const found = marks.map(({ level, title, message }) => ({ level, title, text: message }));
  if (notice) found.push({ level: "notice", title: "Unentropy", text: notice });
  /** @param {"error" | "warning"} level @param {string} title @param {string} text */
  const add = (level, title, text) => found.push({ level, title, text });
  if (failure && tolerated)
    add("warning", failure.code, `the history could not be stored: ${worded(failure)}`);
  if (failure && !tolerated) add("error", failure.code, worded(failure));
  for (const warning of warnings) add("warning", warning.code, worded(warning));
  for (const { id, error } of metrics) if (error) add("warning", `metric ${id} failed`, worded(error));
  return /** @type {const} */ (["notice", "warning", "error"]).flatMap((level) => {
    const own = found.filter((one) => one.level === level);
    const rest = own.length > SHOWN ? own.splice(SHOWN - 1) : [];
    if (rest.length > 0) {
      const text = rest.map(({ title }) => title).join(", ");
      own.push({ level, title: `and ${rest.length} more`, text });
    }
    return own.map(({ title, text }) => annotate(level, text, { title }));
  });
}

/** @param {Failure} failure */
function worded(failure) {
  return [failure.message, ...placedProblems(failure), failure.hint].filter(Boolean).join("\n");
}
