// Collects all metrics of a configuration: commands as child processes, `@collect` lines in the
// engine. A failing metric never stops the others; its failure is part of the outcome.

import { parseOutput, planCollect } from "./engine.js";
import { commandEnvironment, run } from "./exec.js";
import { Failure } from "./failure.js";
import { Measurements } from "./measure.js";

/**
 * Collects every metric.
 * @param {{
 *   loaded: import("./types.js").LoadedConfig,
 *   facts: import("./types.js").RunFacts,
 *   env: NodeJS.ProcessEnv,
 *   concurrency?: number,
 *   signal?: AbortSignal,
 *   onStart?: (metric: import("./types.js").MetricConfig) => void,
 *   onEnd?: (outcome: import("./types.js").MetricOutcome) => void,
 * }} input `concurrency` is how many shell commands run side by side; more than one only where
 *   they share no build state
 * @returns {Promise<import("./types.js").MetricOutcome[]>} in the configuration's order
 */
export async function collectMetrics({ loaded, facts, env, concurrency = 1, signal, onStart, onEnd }) {
  const { config, directory } = loaded;
  const measurements = new Measurements({ directory, sources: config.sources ?? [] });
  /** @type {import("./types.js").MetricOutcome[]} */
  const outcomes = new Array(config.metrics.length);
  let next = 0;
  const worker = async () => {
    while (next < config.metrics.length) {
      signal?.throwIfAborted();
      const index = next++;
      const metric = config.metrics[index];
      onStart?.(metric);
      outcomes[index] = await collectOne(metric, { measurements, directory, facts, env, signal });
      onEnd?.(outcomes[index]);
    }
  };
  try {
    await Promise.all(
      Array.from({ length: Math.max(1, Math.min(concurrency, config.metrics.length)) }, worker),
    );
  } finally {
    measurements.free();
  }
  return outcomes;
}

/**
 * @param {import("./types.js").MetricConfig} metric
 * @param {{measurements: Measurements, directory: string, facts: import("./types.js").RunFacts, env: NodeJS.ProcessEnv, signal?: AbortSignal}} context
 * @returns {Promise<import("./types.js").MetricOutcome>}
 */
async function collectOne(metric, { measurements, directory, facts, env, signal }) {
  const started = performance.now();
  const outcome = { id: metric.id, name: metric.name, type: metric.type, unit: metric.unit ?? null };
  try {
    const plan = planCollect(metric.command);
    const value = plan
      ? await measurements.measure(plan)
      : await runCommand(metric, { directory, facts, env, signal });
    return { ...outcome, status: "ok", value, durationMs: Math.round(performance.now() - started) };
  } catch (error) {
    const failure = Failure.from(error);
    if (failure.type === "internal" || signal?.aborted) throw failure;
    return {
      ...outcome,
      status: "failed",
      value: null,
      durationMs: Math.round(performance.now() - started),
      error: failure,
    };
  }
}

/**
 * @param {import("./types.js").MetricConfig} metric
 * @param {{directory: string, facts: import("./types.js").RunFacts, env: NodeJS.ProcessEnv, signal?: AbortSignal}} context
 */
async function runCommand(metric, { directory, facts, env, signal }) {
  const result = await run(metric.command, {
    cwd: directory,
    env: commandEnvironment(env, { ...facts, metricKey: metric.id, metricType: metric.type }),
    timeoutMs: metric.timeout,
    signal,
  });
  if (result.status === "ok") return parseOutput(result.stdout, metric.type);
  throw commandFailure(metric, result);
}

/**
 * @param {import("./types.js").MetricConfig} metric
 * @param {import("./types.js").CommandResult} result
 */
function commandFailure(metric, result) {
  const said = result.stderr.trim().split("\n").slice(-3).join("\n").trim();
  const tail = said ? `: ${said}` : "";
  if (result.status === "timeout") {
    return new Failure(`the command ran longer than ${metric.timeout} ms and was stopped${tail}`, {
      type: "collection",
      code: "COMMAND_TIMEOUT",
      hint: "Make it quicker, or raise the metric's `timeout` (at most 300000).",
    });
  }
  if (result.status === "aborted") {
    return new Failure("the run was cancelled while the command ran", {
      type: "collection",
      code: "ABORTED",
    });
  }
  const how = result.signal ? `was ended by ${result.signal}` : `ended with exit code ${result.exitCode}`;
  return new Failure(`the command ${how}${tail}`, {
    type: "collection",
    code: "COMMAND_FAILED",
    hint: "Run it by hand in the configuration's directory to see what it says.",
  });
}
