// What a run prints, on a terminal as in the action's log: its metrics, what it recorded and where, its verdict.

import { milliseconds } from "../console/terminal.js";
import { formatValue } from "../engine/engine.js";
import { plural } from "../shown.js";

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
  const builds = plural(result.totalBuilds ?? 0, "build");
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

/**
 * The verdict, in the engine's words.
 * @param {Terminal} terminal
 * @param {GateResult} result
 */
export function showVerdict(terminal, result) {
  for (const line of result.verdictLines) {
    terminal.line(
      line.map(({ text, style }) => (style === null ? text : terminal.paint(style, text))).join(""),
    );
  }
  if (result.resultsPath) terminal.line(`results: ${result.resultsPath}`);
}
