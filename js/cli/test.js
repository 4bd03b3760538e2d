// `unentropy test`: collects every metric and shows the values; nothing is stored.

import { runFacts } from "../ci/build.js";
import { collectMetrics } from "../collect/metrics.js";
import { Failure } from "../failure.js";
import { loadConfig } from "../run/config.js";
import { showMetric } from "../run/lines.js";
import { SILENT, storageConfig } from "../storage/location.js";
import { wholeNumber } from "./options.js";
import { givenContext, showWarnings } from "./shared.js";

/**
 * Runs `unentropy test`.
 *
 * @param {import("./types.js").Invocation} invocation
 * @returns {Promise<Failure | undefined>}
 */
export async function test({ values, terminal, signal, cwd, env, now, print }) {
  const given = givenContext(values);
  const concurrency = wholeNumber(values.concurrency, "concurrency", 1);
  const loaded = loadConfig(values.config, cwd);
  showWarnings(terminal, loaded);
  // Nothing is recorded, so a folder without a commit is no obstacle.
  const facts = await runFacts({
    cwd,
    now,
    env,
    given: { ...given, commit: given.commit ?? (env.GITHUB_SHA || "0".repeat(40)) },
    recorded: false,
  });
  const width = Math.max(0, ...loaded.config.metrics.map(({ id }) => id.length));
  const storage = storageConfig(values, loaded, cwd, SILENT);
  const metrics = await collectMetrics({
    loaded,
    facts,
    env,
    storageType: storage.type,
    own: { histories: [storage.path] },
    onWarning: ({ message, hint }) => terminal.warn(message, hint),
    concurrency,
    signal,
    onStart: ({ id }) => terminal.progress(`collecting ${id} …`),
    onEnd: (outcome, text) => showMetric(terminal, outcome, width, text),
  });
  const failed = metrics.filter(({ status }) => status === "failed").length;
  if (values.json) {
    print(
      `${JSON.stringify({ success: failed === 0, metrics, metricsCollected: metrics.length - failed, metricsFailed: failed })}\n`,
    );
  }
  if (failed === 0) return undefined;
  return new Failure(`${failed} of ${metrics.length} metrics failed`, {
    type: "collection",
    code: "METRICS_FAILED",
    hint: "Each says above what went wrong. Nothing was recorded.",
  });
}
