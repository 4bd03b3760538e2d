/**
 * What can be done to a history, as data: so that it can be done again on another history, kept in an object of its
 * own, and asked whether a history holds it already. Does not decide what recording or merging means.
 */

/** @import { EngineHistory } from "./provider.js" */
/** @import { BuildContext, RecordedMetric } from "../types.js" */

/**
 * @typedef {{kind: "record", context: BuildContext, metrics: RecordedMetric[]}} RecordChange one build
 * @typedef {{kind: "merge", image: Uint8Array}} MergeChange the builds of another history, an SQLite file
 * @typedef {RecordChange | MergeChange} Change
 */

/**
 * Makes a change. Making it again on the same history changes nothing.
 *
 * @param {EngineHistory} history
 * @param {Change} change
 * @returns {{result: any, changed: boolean}} what the engine said, and whether the history did not hold this already
 */
export function applyChange(history, change) {
  if (change.kind === "record") {
    const result = history.record(change.context, change.metrics);
    return { result, changed: result.created || result.added > 0 || result.replaced > 0 };
  }
  const result = history.merge(change.image);
  const { addedBuilds, addedValues, replacedValues, addedMetrics } = result;
  return { result, changed: addedBuilds + addedValues + replacedValues + addedMetrics > 0 };
}
