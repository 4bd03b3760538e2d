// What a run prints, on a terminal as in the action's log: its metrics, what it recorded and where, its verdict.

import { milliseconds } from "../console/terminal.js";
import { formatValue } from "../engine/engine.js";

/** @import { GateVerdict, MetricVerdict } from "../engine/types.js" */
/** @import { GateResult } from "./types.js" */
/** @import { Terminal } from "../console/terminal.js" */

/**
 * One metric's line.
 * @param {Terminal} terminal
 * @param {import("../collect/types.js").MetricOutcome} outcome
 * @param {number} width of the longest id
 * @param {string} [text] the value as people read it, where that is known
 */
export function showMetric(terminal, outcome, width, text) {
  const { id, status, value, unit, durationMs, error } = outcome;
  if (status === "ok") {
    const shown = text ?? (typeof value === "number" ? formatValue(value, unit) : String(value));
    terminal.line(
      `${terminal.paint("good", "✓")} ${id.padEnd(width)}  ${shown}  ${terminal.paint("dim", milliseconds(durationMs))}`,
    );
  } else {
    terminal.line(`${terminal.paint("bad", "✗")} ${id.padEnd(width)}  ${error?.message}`);
    if (error?.hint) terminal.line(`  ${" ".repeat(width)}  ${terminal.paint("dim", error.hint)}`);
  }
}

/** Says that this run starts the history. @param {string | null} location */
export const newHistory = (location) => `a new history starts at ${location}, where none was found`;

/**
 * What a run recorded and where; nothing where it recorded nothing.
 * @param {Terminal} terminal
 * @param {import("./types.js").TrackResult} result
 * @param {import("../ci/build.js").RunFacts} facts
 */
export function showRecorded(terminal, result, { commitSha, branch }) {
  if (!result.success) return;
  const builds = `${formatValue(result.totalBuilds ?? 0, "integer")} ${result.totalBuilds === 1 ? "build" : "builds"}`;
  const where = `${result.databaseLocation} (${builds}, ${formatValue(result.databaseSize ?? 0, "bytes")})`;
  const failed =
    result.metricsFailed > 0 ? `, ${terminal.paint("bad", `${result.metricsFailed} failed`)}` : "";
  // Where one is gone, the warning says what starts in its place.
  const isGone = result.warnings.some(({ code }) => code === "HISTORY_REPAIRED");
  if (result.history === "new" && !isGone) terminal.line(newHistory(result.databaseLocation));
  terminal.line(`recorded ${commitSha.slice(0, 12)} of ${branch} in ${where}`);
  terminal.line(
    `${result.metricsCollected} of ${result.metrics.length} metrics collected${failed} in ${milliseconds(result.durationMs)}`,
  );
  if (result.reportPath) terminal.line(`report: ${result.reportPath}`);
}

/** What each status looks like. */
const MARKS = /** @type {const} */ ({
  pass: { mark: "✓", style: "good", word: "passed" },
  fail: { mark: "✗", style: "bad", word: "failed" },
  unknown: { mark: "?", style: "warn", word: "unknown" },
});

/**
 * The verdict: one line for each metric, why below those that did not pass, and what it comes to.
 * @param {Terminal} terminal
 * @param {GateResult} result
 * @param {GateVerdict} verdict
 */
export function showVerdict(terminal, result, verdict) {
  const { status, mode, metrics, baselineInfo, configurationProblem, configurationChanges } = verdict;
  if (mode === "off") {
    terminal.line("the quality gate is off: nothing was measured or judged");
    return;
  }
  terminal.line();
  const gated = metrics.filter(({ thresholds }) => thresholds.length > 0);
  table(terminal, [...gated, ...metrics.filter(({ thresholds }) => thresholds.length === 0)]);
  terminal.line();
  const said = result.warnings.some(({ message }) => message === configurationProblem);
  if (configurationProblem && !said) terminal.warn(configurationProblem);
  for (const { metric, what, before, after, judged } of configurationChanges) {
    const of = metric === undefined ? "" : ` of ${metric}`;
    terminal.line(`changed ${what}${of}: ${before ?? "none"} → ${after ?? "none"}; ${judged}`);
  }
  if (gated.length === 0 && configurationProblem === undefined) {
    terminal.line("no metric has a threshold: add one to `qualityGate.thresholds` to judge changes");
  } else {
    const { mark, style, word } = MARKS[status];
    const count = (/** @type {GateVerdict["status"]} */ of) =>
      gated.filter(({ status }) => status === of).length;
    const counts = `${count("pass")} passed, ${count("fail")} failed, ${count("unknown")} unknown`;
    terminal.line(`${terminal.paint(style, `${mark} gate ${word}`)} (${mode}): ${counts}`);
  }
  terminal.line(terminal.paint("dim", comparedWith(baselineInfo)));
  if (result.resultsPath) terminal.line(`results: ${result.resultsPath}`);
}

/**
 * @param {Terminal} terminal
 * @param {MetricVerdict[]} metrics
 */
function table(terminal, metrics) {
  const heading = ["metric", "value", "baseline", "change", "demanded"];
  const rows = metrics.map((metric) => [
    metric.metric,
    metric.text.value || "—",
    metric.text.baseline || "—",
    metric.text.delta || "—",
    metric.thresholds.map(({ text }) => text).join("; ") || "—",
  ]);
  const widths = heading.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => [...row[column]].length)),
  );
  const aligned = (/** @type {string[]} */ row) =>
    row.map((cell, column) => (column === row.length - 1 ? cell : padded(cell, widths[column]))).join("  ");
  terminal.line(`  ${terminal.paint("dim", aligned(heading))}`);
  for (const [n, { status, thresholds }] of metrics.entries()) {
    const { mark, style } = MARKS[status];
    const shown = thresholds.length === 0 ? " " : terminal.paint(style, mark);
    terminal.line(`${shown} ${aligned(rows[n])}`);
    for (const judged of thresholds) {
      if (judged.status === "pass") continue;
      const { style: loud } = MARKS[judged.status];
      const weight = judged.status === "fail" && !judged.isBlocking ? " (no blocker)" : "";
      terminal.line(`    ${terminal.paint(loud, judged.message)}${weight}`);
    }
  }
}

/** @param {string} text @param {number} width in characters */
const padded = (text, width) => text + " ".repeat(Math.max(0, width - [...text].length));

/** @param {GateVerdict["baselineInfo"]} info */
function comparedWith({ referenceBranch, buildsConsidered, commitSha, choice, uncommitted, problem }) {
  if (problem) return `no baseline: ${problem}`;
  const builds = buildsConsidered === 1 ? "1 build" : `${buildsConsidered} builds`;
  const left = choice === "merge-base" ? "where it left the branch" : (choice ?? "");
  const how = uncommitted ? "without the uncommitted changes" : left;
  return `compared with ${referenceBranch} at ${commitSha?.slice(0, 12)} (${how}; of ${builds})`;
}
