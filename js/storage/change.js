/**
 * What can be done to a history, as data: so that it can be done again on another history, kept in an object of its
 * own, and asked whether a history holds it already. Does not decide what recording or merging means.
 */

/** @import { EngineHistory } from "./contract.js" */
/** @import { BuildContext, Circumstances, RecordedMetric } from "../engine/types.js" */

/**
 * One build.
 *
 * @typedef {object} RecordChange
 * @property {"record"} kind
 * @property {BuildContext} context its `attempt` is always known once the build was recorded
 * @property {RecordedMetric[]} metrics
 * @property {Circumstances} [circumstances] who recorded it and when; only the session that does has them
 * @property {number} [measuredAt] when its values count as measured, in milliseconds since 1970; known once the build
 *   was recorded
 */

/**
 * The builds of another history.
 *
 * @typedef {object} MergeChange
 * @property {"merge"} kind
 * @property {Uint8Array} image an SQLite file
 * @property {boolean} [ofOneRepository] whether a history of another repository is refused
 */

/** @typedef {RecordChange | MergeChange} Change */

/**
 * Makes a change for the session that it belongs to: what it records counts. Making it again on the same
 * history changes nothing.
 *
 * @param {EngineHistory} history
 * @param {Change} change
 * @returns {{result: any, changed: boolean, made: Change}} what the engine said, whether anything is different now, and
 *   the change with everything that others need to come to the same by {@link foldChange}
 */
export function applyChange(history, change) {
  if (change.kind === "record") return record(history, change);
  const result = history.merge(change.image, change.ofOneRepository);
  // It was decided once; what the storage holds by then must not lose the builds.
  return { result, changed: result.changed, made: { kind: "merge", image: change.image } };
}

/**
 * @param {EngineHistory} history
 * @param {RecordChange} change
 */
function record(history, change) {
  const result = history.record(change.context, change.metrics, change.circumstances);
  const { attempt, measuredAt, changed } = result;
  return { result, changed, made: { ...change, context: { ...change.context, attempt }, measuredAt } };
}

/**
 * Takes in a change that was made elsewhere. In whatever order and however often several are taken in, histories come
 * to hold the same.
 *
 * @param {EngineHistory} history
 * @param {Change} change
 * @returns {boolean} whether the history did not hold it already
 */
export function foldChange(history, change) {
  if (change.kind === "merge") return history.merge(change.image).changed;
  return history.fold(change.context, change.metrics, change.measuredAt).changed;
}

/**
 * Makes the changes of a session again, in their order, on the history that is stored now.
 *
 * @param {EngineHistory} history
 * @param {readonly Change[]} changes as they were made before
 * @param {(change: RecordChange, result: any) => void} [reported] hears what the engine says of each build
 * @returns {{changed: boolean, changes: Change[]}} whether the history did not hold all of them already; the changes as
 *   they are now, the same objects where nothing that others recorded meanwhile had to be replaced
 */
export function reapplyChanges(history, changes, reported = () => {}) {
  const left = finalMetrics(changes);
  let changed = false;
  const now = changes.map((change, n) => {
    if (change.kind === "merge") {
      changed = foldChange(history, change) || changed;
      return change;
    }
    const metrics = left[n];
    if (metrics.length < change.metrics.length) {
      // This session itself has recorded over some of it.
      changed = foldChange(history, change) || changed;
      if (metrics.length === 0) return change;
    }
    const again = record(history, { ...change, metrics });
    changed = again.changed || changed;
    reported(change, again.result);
    return isLater(again.made, change) ? { ...again.made, metrics: change.metrics } : change;
  });
  return { changed, changes: now };
}

/**
 * Whether values count as later than when they were recorded before.
 *
 * @param {RecordChange} now
 * @param {RecordChange} before
 */
function isLater(now, before) {
  const [attempt, was] = [now.context.attempt ?? 1, before.context.attempt ?? 1];
  return attempt > was || (attempt === was && (now.measuredAt ?? 0) > (before.measuredAt ?? 0));
}

/**
 * The metrics of each build that no later change of the same session records again.
 *
 * @param {readonly Change[]} changes
 * @returns {RecordedMetric[][]}
 */
function finalMetrics(changes) {
  /** @type {Map<string, Set<string>>} */
  const recorded = new Map();
  /** @type {RecordedMetric[][]} */
  const left = [];
  for (let n = changes.length - 1; n >= 0; n--) {
    const change = changes[n];
    left[n] = [];
    if (change.kind === "merge") continue;
    const key = JSON.stringify([change.context.commitSha, change.context.runId]);
    const known = recorded.get(key) ?? new Set();
    left[n] = change.metrics.filter(({ metric }) => !known.has(metric.id));
    for (const { metric } of left[n]) known.add(metric.id);
    recorded.set(key, known);
  }
  return left;
}
