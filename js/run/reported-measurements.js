// Measurements of another run in its results file: brings the text to the engine, which says what of it counts, and writes
// those of this run.

import path from "node:path";
import { definitionOf } from "../collect/metrics.js";
import { reportedMeasurements } from "../engine/engine.js";
import { Failure } from "../failure.js";
import { readText } from "../files/read.js";

/** @import { MetricOutcome } from "../collect/types.js" */
/** @import { MetricConfig } from "../engine/types.js" */

/** The largest file that is read, in bytes: results of 1,000 metrics stay below it. */
const LIMIT = 8 * 1024 * 1024;

/**
 * What a results file reports.
 * @param {string} file as the user gave it, relative to `cwd`
 * @param {string} cwd
 * @param {readonly MetricConfig[]} metrics those that the trusted configuration has
 * @returns {{outcomes: MetricOutcome[], unknown: Failure | null}} one outcome for each metric that is reported or has
 *   failed; `unknown` warns of measurements of other metrics
 * @throws {Failure} CLAIMS_INVALID
 */
export function readReported(file, cwd, metrics) {
  const { measurements, unknown } = reportedMeasurements(read(file, cwd), file, metrics.map(definitionOf));
  const outcomes = measurements.map(({ id, status, value, error }) => {
    const { name, type, unit } = /** @type {MetricConfig} */ (metrics.find((known) => known.id === id));
    const outcome = { id, name, type, unit: unit ?? null, durationMs: 0, status, value };
    return error === null
      ? outcome
      : { ...outcome, error: new Failure(error.message, { type: "collection", ...error }) };
  });
  return {
    outcomes,
    unknown: unknown && new Failure(unknown.message, { type: "gate", ...unknown }),
  };
}

/** @param {string} file @param {string} cwd @returns {string} */
function read(file, cwd) {
  try {
    return readText(path.resolve(cwd, file), { limit: LIMIT, type: "validation" });
  } catch (thrown) {
    throw new Failure(`the measurements in \`${file}\` cannot be used: ${Failure.from(thrown).message}`, {
      type: "validation",
      code: "CLAIMS_INVALID",
      hint: "Pass the results file that the gate wrote in the run of the pull request, as it was.",
      cause: thrown,
    });
  }
}

/**
 * The measurements as the results file has them, for {@link readReported} of another run.
 * @param {readonly MetricOutcome[]} outcomes
 */
export function reportedFrom(outcomes) {
  return outcomes.map(({ id, status, value }) =>
    status === "ok" ? { metric: id, status, value } : { metric: id, status },
  );
}
