// `unentropy gate`: judges the checked-out change by its thresholds and the history, which it does not change; told as a
// table, or as one JSON document.

import { runFacts } from "../ci/build.js";
import { GitHub } from "../github/client.js";
import { loadConfig } from "../run/config.js";
import { gateDocument, gate as runGate } from "../run/gate.js";
import { describePhase } from "../run/phases.js";
import { wholeNumber } from "./options.js";
import { givenContext, showMetric, showWarnings } from "./shared.js";
import { storagePlan } from "./storage.js";

/** @import { GateMetric, GateResult, GateVerdict } from "../types.js" */
/** @import { Terminal } from "../console/terminal.js" */

/**
 * @param {import("../types.js").Invocation} invocation
 * @returns {Promise<import("../failure.js").Failure | undefined>}
 */
export async function gate({ values, terminal, signal, cwd, env, now, print }) {
  const given = givenContext(values);
  const concurrency = wholeNumber(values.concurrency, "concurrency", 1);
  const loaded = loadConfig(values.config, cwd);
  showWarnings(terminal, loaded);
  const storage = storagePlan(values, cwd, terminal);
  const facts = await runFacts({ cwd, now, env, given, recorded: false });
  const width = Math.max(...loaded.config.metrics.map(({ id }) => id.length));
  const github = env.GITHUB_TOKEN
    ? new GitHub({ apiUrl: env.GITHUB_API_URL, token: env.GITHUB_TOKEN, signal, type: "gate" })
    : null;
  try {
    const result = await runGate({
      loaded,
      facts,
      storage,
      cwd,
      env,
      now,
      concurrency,
      signal,
      referenceBranch: values["reference-branch"],
      mode: values.mode,
      outputFile: values["output-file"],
      outputOption: `\`--output-file\` is \`${values["output-file"]}\``,
      claims: values.measurements,
      github,
      listener: {
        phaseStart: ({ name }) => terminal.progress(`${name} …`),
        phaseEnd: (phase) => terminal.detail(describePhase(phase)),
        metricStart: ({ id }) => terminal.progress(`collecting ${id} …`),
        metricEnd: (outcome) => showMetric(terminal, outcome, width),
      },
    });
    for (const warning of result.warnings) terminal.warn(warning.message, warning.hint);
    if (values.json) print(`${JSON.stringify(gateDocument(result))}\n`);
    else if (result.qualityGate) showVerdict(terminal, result, result.qualityGate);
    return result.error;
  } finally {
    github?.close();
  }
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
 * @param {GateMetric[]} metrics
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
