// `unentropy gate`: judges the checked-out change by its thresholds and the history, which it does not change; printed as a
// table, or as one JSON document.

import { runFacts } from "../ci/build.js";
import { GitHub } from "../github/client.js";
import { loadConfig } from "../run/config.js";
import { gate as runGate } from "../run/gate.js";
import { showMetric, showVerdict } from "../run/lines.js";
import { describePhase } from "../run/phases.js";
import { gateDocument } from "../run/results.js";
import { storagePlan } from "../storage/location.js";
import { wholeNumber } from "./options.js";
import { givenContext, showWarnings } from "./shared.js";

/** @import { GateVerdict, MetricVerdict } from "../engine/types.js" */
/** @import { GateResult } from "../run/types.js" */
/** @import { Terminal } from "../console/terminal.js" */

/**
 * Runs `unentropy gate`.
 *
 * @param {import("./types.js").Invocation} invocation
 * @returns {Promise<import("../failure.js").Failure | undefined>}
 */
export async function gate({ values, terminal, signal, cwd, env, now, print }) {
  const given = givenContext(values);
  const concurrency = wholeNumber(values.concurrency, "concurrency", 1);
  const loaded = loadConfig(values.config, cwd);
  showWarnings(terminal, loaded);
  const storage = storagePlan(values, cwd, terminal);
  const facts = await runFacts({ cwd, now, env, given, recorded: false });
  const width = Math.max(0, ...loaded.config.metrics.map(({ id }) => id.length));
  const github = env.GITHUB_TOKEN
    ? new GitHub({ env, apiUrl: env.GITHUB_API_URL, token: env.GITHUB_TOKEN, signal, type: "gate" })
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
        metricEnd: (outcome, text) => showMetric(terminal, outcome, width, text),
      },
    });
    for (const warning of result.warnings) terminal.warn(warning.message, warning.hint);
    if (values.json) print(`${JSON.stringify(gateDocument(result))}\n`);
    else showVerdict(terminal, result);
    return result.error;
  } finally {
    github?.close();
  }
}
