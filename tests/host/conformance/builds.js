/**
 * The builds that storage tests record, and how they are asked for again: the one place that knows their shapes.
 */

/** @import { MetricsRepository } from "../../../js/storage/repository.js" */

/**
 * Records build number `n` of `writer`, whose metric `loc` has the value `n`.
 *
 * @param {MetricsRepository} repository
 * @param {number} n
 * @param {string} [writer]
 * @returns {number} the build's id
 */
export function record(repository, n, writer = "w") {
  return repository.recordBuild(...buildOf(n, writer));
}

/**
 * @param {number} n
 * @param {string} [writer]
 * @returns {Parameters<MetricsRepository["recordBuild"]>}
 */
export function buildOf(n, writer = "w") {
  const hex = Buffer.from(`${writer}/${n}`).toString("hex");
  return [
    {
      commitSha: hex.padEnd(40, "0").slice(0, 40),
      branch: "main",
      runId: `${writer}/${n}`,
      runNumber: n,
      eventName: "push",
      timestamp: new Date(Date.UTC(2026, 0, 1) + n * 60_000).toISOString(),
    },
    [{ metric: { id: "loc", type: "numeric", unit: "integer", description: null }, value: n }],
  ];
}

/**
 * The runs that a history knows, in order of their names.
 *
 * @param {MetricsRepository} repository
 * @returns {string[]}
 */
export function runsIn(repository) {
  return repository
    .listBuilds()
    .map((/** @type {{runId: unknown}} */ build) => String(build.runId))
    .sort();
}

/**
 * The values of the metric, oldest build first.
 *
 * @param {MetricsRepository} repository
 * @returns {unknown[]}
 */
export function valuesIn(repository) {
  return repository
    .getMetricTimeSeries("loc", { branch: "main" })
    .map((/** @type {{value: unknown}} */ point) => point.value);
}
