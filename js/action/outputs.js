// The action's outputs: one table of what every run sets, whatever became of it, and how they are written.

import { randomUUID } from "node:crypto";
import os from "node:os";

/** @import { CommandFiles } from "./command-files.js" */

/** Every output of action.yml, in its order. */
export const OUTPUTS = /** @type {const} */ ([
  {
    name: "success",
    help: "Whether the build was recorded, or the event has none; for the gate, whether the change was judged and may pass (`true` or `false`)",
  },
  { name: "storage-type", help: "Where the history is kept" },
  {
    name: "database-location",
    help: "The history's place: `s3://bucket/key`, `artifact://name#id` or a path; empty where it was not reached",
  },
  {
    name: "database-path",
    help: "The history's file: that of `sqlite-local`, or the one that keeps what could not be stored; else empty",
  },
  { name: "database-size", help: "The history's size in bytes, as it was stored; empty where it was not" },
  {
    name: "history",
    help: "`new` where this run started the history, `existing` where there was one; empty where neither is so",
  },
  { name: "metrics-collected", help: "How many metrics have a value" },
  { name: "metrics-failed", help: "How many metrics failed" },
  {
    name: "total-builds",
    help: "How many builds the history holds, as it was stored; empty where it was not",
  },
  {
    name: "report-path",
    help: "The report's file, relative to the workspace where it lies inside; empty where there is none",
  },
  { name: "duration", help: "Milliseconds that the run took" },
  { name: "source-run-id", help: "The run whose artifact the history came from; else empty" },
  { name: "error-code", help: "The stable code of what ended the run, empty where nothing did" },
  { name: "error-message", help: "What ended the run, empty where nothing did" },
  {
    name: "quality-gate-status",
    help: "`pass`, `fail` or `unknown` (nothing could be judged, no metric has a threshold, or the mode is `off`); empty where the run ended before it was known",
  },
  { name: "quality-gate-mode", help: "The mode that the gate ran in; empty where it did not" },
  {
    name: "quality-gate-failing-metrics",
    help: "The metrics that fail the gate, separated by commas: a threshold of theirs that is a blocker failed",
  },
  {
    name: "quality-gate-warning-metrics",
    help: "The metrics of which only thresholds with `severity` `warning` failed, separated by commas",
  },
  { name: "quality-gate-comment-url", help: "The address of the comment, empty where there is none" },
  { name: "quality-gate-results-path", help: "The absolute path of the file of the results" },
  { name: "quality-gate-results-json", help: "The results as one line of JSON" },
  { name: "baseline-reference-branch", help: "The branch that the pull request was compared with" },
  { name: "baseline-builds-considered", help: "How many builds of that branch count" },
]);

/** @typedef {(typeof OUTPUTS)[number]["name"]} OutputName */

/**
 * Sets every output of the step; what has no value is set to nothing. A value is never mistaken for the delimiter
 * between outputs.
 * @param {CommandFiles} files
 * @param {Partial<Record<OutputName, string | number | boolean | null>>} outputs
 * @throws {import("../failure.js").Failure} OUTPUTS_UNWRITABLE
 */
export async function setOutputs(files, outputs) {
  const lines = OUTPUTS.flatMap(({ name }) => {
    const end = `end-${randomUUID()}`;
    return [`${name}<<${end}`, String(outputs[name] ?? ""), end];
  });
  await files.append("GITHUB_OUTPUT", `${lines.join(os.EOL)}${os.EOL}`);
}
