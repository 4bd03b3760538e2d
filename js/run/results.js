// The gate's results as a file for machines.

import { writeOutput } from "../files/output.js";
import { reportedFrom } from "./reported-measurements.js";

/** @import { GateResult } from "./types.js" */

/**
 * The results file, and what `--json` prints.
 * @param {GateResult} result
 */
export function gateDocument({ timestamp, durationMs, collection, prCommentUrl, qualityGate, ...result }) {
  const { phases, warnings, error } = result;
  const measurements = reportedFrom(result.metrics);
  return {
    timestamp,
    durationMs,
    collection,
    prCommentUrl,
    qualityGate,
    measurements,
    phases,
    warnings,
    ...(error && { error }),
  };
}

/**
 * Writes the results as JSON.
 *
 * @param {string} file absolute
 * @param {object} document
 * @param {{option?: string, signal?: AbortSignal}} [options] `option` is how the caller gave the file, for messages
 * @returns {Promise<number>} bytes
 * @throws {import("../failure.js").Failure} RESULTS_UNWRITABLE
 */
export async function writeResults(file, document, { option, signal } = {}) {
  const bytes = Buffer.from(`${JSON.stringify(document, null, 2)}\n`);
  await writeOutput({
    path: file,
    bytes,
    type: "internal",
    code: "RESULTS_UNWRITABLE",
    doing: "could not write the gate's results to",
    option,
    signal,
  });
  return bytes.length;
}
