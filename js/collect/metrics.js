// Collects all metrics of a configuration: commands as child processes, `@collect` lines in the
// engine. A failing metric never stops the others; its failure is part of the outcome.

import { stripVTControlCharacters } from "node:util";
import { throwIfCancelled } from "../cancel.js";
import { parseOutput, planCollect } from "../engine/engine.js";
import { Failure } from "../failure.js";
import { commandEnvironment, run, runAll } from "./command.js";
import { Measurements } from "./measure.js";
import { knownSecrets } from "./secrets.js";

/** How much of what a command wrote on standard error is told: its last lines, and of those the end. */
const SAID_LINES = 3;
const SAID_CHARACTERS = 600;

/**
 * Collects every metric.
 * @param {{
 *   loaded: import("../engine/engine.js").LoadedConfig,
 *   facts: import("./types.js").CommandFacts,
 *   env: NodeJS.ProcessEnv,
 *   storageType?: string,
 *   historyPath?: string,
 *   secrets?: import("./secrets.js").Secrets,
 *   own?: import("../files/own.js").Written,
 *   concurrency?: number,
 *   refused?: ReadonlyMap<string, Failure>,
 *   signal?: AbortSignal,
 *   onWarning?: (warning: Failure) => void,
 *   onStart?: (metric: import("../engine/types.js").MetricConfig) => void,
 *   onEnd?: (outcome: import("./types.js").MetricOutcome) => void,
 * }} input `storageType` is where the history is kept, whose credentials commands do not see;
 *   `historyPath` a copy of it that they may read; `own` is what the run writes and does not measure; `secrets`
 *   never become a value and are removed from errors, those of the environment unless given; `concurrency` is how many commands
 *   run side by side, more than one only where they share no build state; `refused` says of metrics why they cannot have a
 *   value, so that they are not measured
 * @returns {Promise<import("./types.js").MetricOutcome[]>} in the configuration's order
 */
export async function collectMetrics({
  loaded,
  facts,
  env,
  storageType,
  historyPath,
  secrets = knownSecrets(env),
  own,
  concurrency = 1,
  refused = new Map(),
  signal,
  onWarning,
  onStart,
  onEnd,
}) {
  const { config, directory } = loaded;
  const measurements = new Measurements({ directory, sources: config.sources, own, warn: onWarning });
  const tasks = config.metrics.map((metric) => async () => {
    throwIfCancelled(signal);
    onStart?.(metric);
    const refusal = refused.get(metric.id);
    const outcome = refusal
      ? failed(metric, refusal, 0)
      : await collectOne(metric, {
          ...{ measurements, directory, facts, env, storageType, historyPath, secrets, signal },
        });
    onEnd?.(outcome);
    return outcome;
  });
  try {
    return await runAll(tasks, concurrency);
  } finally {
    measurements.free();
  }
}

/**
 * Whether any metric is measured by a command, and not all of them by collectors.
 * @param {import("../engine/engine.js").LoadedConfig["config"]} config
 */
export const runsCommands = ({ metrics }) =>
  metrics.some(({ command }) => {
    try {
      return planCollect(command) === undefined;
    } catch {
      // A collector with arguments that it does not take, which is told when it is its turn.
      return false;
    }
  });

/**
 * @param {import("../engine/types.js").MetricConfig} metric
 * @param {{measurements: Measurements, directory: string, facts: import("./types.js").CommandFacts, env: NodeJS.ProcessEnv, storageType?: string, historyPath?: string, secrets: import("./secrets.js").Secrets, signal?: AbortSignal}} context
 * @returns {Promise<import("./types.js").MetricOutcome>}
 */
async function collectOne(metric, { measurements, ...context }) {
  const started = performance.now();
  try {
    const plan = planCollect(metric.command);
    const value = plan
      ? await measured(plan, metric, { measurements, ...context })
      : await runCommand(metric, context);
    if (typeof value !== (metric.type === "label" ? "string" : "number")) throw wrongType(metric, value);
    context.secrets.refuse(String(value));
    return { ...described(metric), status: "ok", value, durationMs: Math.round(performance.now() - started) };
  } catch (error) {
    const failure = Failure.from(error);
    // What stopped the run is no failure of this metric.
    if (failure.type === "internal" || error === context.signal?.reason) throw failure;
    return failed(metric, context.secrets.scrub(failure), performance.now() - started);
  }
}

/** @param {import("../engine/types.js").MetricConfig} metric */
const described = ({ id, name, type, unit }) => ({ id, name, type, unit: unit ?? null });

/**
 * @param {import("../engine/types.js").MetricConfig} metric
 * @param {Failure} error
 * @param {number} durationMs
 * @returns {import("./types.js").MetricOutcome}
 */
const failed = (metric, error, durationMs) => ({
  ...described(metric),
  status: "failed",
  value: null,
  durationMs: Math.round(durationMs),
  error,
});

/**
 * An outcome from elsewhere, which fails where the metric cannot have a value.
 * @param {import("./types.js").MetricOutcome} outcome
 * @param {ReadonlyMap<string, Failure>} refused
 * @returns {import("./types.js").MetricOutcome}
 */
export function refusedOutcome(outcome, refused) {
  const error = refused.get(outcome.id);
  return error ? { ...outcome, status: "failed", value: null, error } : outcome;
}

/**
 * What a history keeps of a metric's configuration.
 * @param {import("../engine/types.js").MetricConfig} metric
 * @returns {import("../engine/types.js").RecordedMetric["metric"]}
 */
export const definitionOf = ({ id, type, unit, description }) => ({ id, type, unit, description });

/**
 * A history would refuse the whole build for it.
 * @param {import("../engine/types.js").MetricConfig} metric
 * @param {number | string} value
 */
function wrongType({ type }, value) {
  const [expected, found] = type === "label" ? ["text", "the number"] : ["a number", "the text"];
  return new Failure(
    `the metric is a ${type === "label" ? "label" : "number"}, expected ${expected}, found ${found} \`${value}\``,
    {
      type: "collection",
      code: "OUTPUT_INVALID",
      hint: "Change the metric's `type`, or let a shell command print what it should be.",
    },
  );
}

/**
 * @param {import("../engine/types.js").CollectPlan} plan
 * @param {import("../engine/types.js").MetricConfig} metric
 * @param {{measurements: Measurements, signal?: AbortSignal}} context
 */
async function measured(plan, { timeout }, { measurements, signal }) {
  const abort = new AbortController();
  const follow = () => abort.abort(signal?.reason);
  const timer = setTimeout(() => abort.abort(collectorTimeout(timeout)), timeout).unref();
  signal?.addEventListener("abort", follow, { once: true });
  try {
    return await measurements.measure(plan, abort.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", follow);
  }
}

/** @param {number} timeout in milliseconds */
const collectorTimeout = (timeout) =>
  new Failure(`the collector ran longer than ${timeout} ms and was stopped`, {
    type: "collection",
    code: "COLLECTOR_TIMEOUT",
    hint: "Measure less, or raise the metric's `timeout` (at most 300000).",
  });

/**
 * @param {import("../engine/types.js").MetricConfig} metric
 * @param {{directory: string, facts: import("./types.js").CommandFacts, env: NodeJS.ProcessEnv, storageType?: string, historyPath?: string, secrets: import("./secrets.js").Secrets, signal?: AbortSignal}} context
 */
async function runCommand(metric, { directory, facts, env, storageType, historyPath, secrets, signal }) {
  const result = await run(metric.command, {
    cwd: directory,
    env: commandEnvironment(
      env,
      {
        ...facts,
        branch: facts.branch || undefined,
        historyPath,
        metricKey: metric.id,
        metricType: metric.type,
      },
      { storageType },
    ),
    timeoutMs: metric.timeout,
    signal,
  });
  if (result.status === "aborted") throwIfCancelled(signal);
  if (result.problem) throw result.problem;
  if (result.status !== "ok") throw commandFailure(metric, result, secrets);
  secrets.refuse(firstLine(result.stdout));
  return parseOutput(result.stdout, metric.type);
}

/**
 * @param {import("../engine/types.js").MetricConfig} metric
 * @param {import("./types.js").CommandResult} result
 * @param {import("./secrets.js").Secrets} secrets
 */
function commandFailure(metric, result, secrets) {
  // Before it is cut, because part of a credential is not found any more.
  const said = lastWords(secrets.redact(stripVTControlCharacters(result.stderr)));
  const tail = said ? `: ${said}` : "";
  if (result.status === "timeout") {
    return new Failure(`the command ran longer than ${metric.timeout} ms and was stopped${tail}`, {
      type: "collection",
      code: "COMMAND_TIMEOUT",
      hint: "Make it quicker, or raise the metric's `timeout` (at most 300000).",
    });
  }
  const how = result.signal ? `was ended by ${result.signal}` : `ended with exit code ${result.exitCode}`;
  return new Failure(`the command ${how}${tail}`, {
    type: "collection",
    code: "COMMAND_FAILED",
    hint: "Run it by hand in the configuration's directory to see what it says.",
  });
}

/**
 * The end of what a command said, fit to stand in a message: no control characters, not long.
 * @param {string} stderr without colours
 */
function lastWords(stderr) {
  const lines = stderr
    .split(/\r\n|\r|\n/)
    .map((line) => line.replace(/\p{Cc}/gu, (character) => (character === "\t" ? " " : "\ufffd")).trimEnd())
    .filter((line) => line.trim() !== "");
  const said = [...lines.slice(-SAID_LINES).join("\n").trim()];
  return said.length > SAID_CHARACTERS ? `…${said.slice(-SAID_CHARACTERS).join("")}` : said.join("");
}

/**
 * The first line that holds more than white space, without its line end; empty when there is none.
 *
 * @param {string} text
 * @returns {string}
 */
function firstLine(text) {
  return /^.*\S.*$/mu.exec(text.replaceAll("\r\n", "\n"))?.[0] ?? "";
}
