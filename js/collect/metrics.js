// Collects all metrics of a configuration: commands as child processes, `@collect` lines in the
// engine. A failing metric never stops the others; its failure is part of the outcome.

import { stripVTControlCharacters } from "node:util";
import { throwIfCancelled } from "../cancel.js";
import { engineFailure } from "../engine/door.js";
import { planOf } from "../engine/engine.js";
import { Failure } from "../failure.js";
import { commandEnvironment, run, runAll } from "./command.js";
import { Measurements } from "./measure.js";
import { Readings } from "./readings.js";
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
 *   pauseMs?: number,
 *   signal?: AbortSignal,
 *   onWarning?: (warning: Failure) => void,
 *   onStart?: (metric: import("../engine/types.js").MetricConfig) => void,
 *   onEnd?: (outcome: import("./types.js").MetricOutcome, text?: string) => void,
 * }} input `storageType` is where the history is kept, whose credentials commands do not see;
 *   `historyPath` a copy of it that they may read; `own` is what the run writes and does not measure; `secrets`
 *   never become a value and are removed from errors, those of the environment unless given; `concurrency` is how many commands
 *   run side by side, more than one only where they share no build state; `refused` says of metrics why they cannot have a
 *   value, so that they are not measured; `onStart` may be called again for a metric that goes on after the line of another one; `onEnd`
 *   hears the value also as people read it, at most `pauseMs` after its metric has ended
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
  pauseMs,
  signal,
  onWarning,
  onStart,
  onEnd,
}) {
  const { config, directory } = loaded;
  const measurements = new Measurements({ directory, sources: config.sources, own, warn: onWarning });
  const readings = new Readings(() => measurements.settle(), { pauseMs });
  /** @type {import("./types.js").MetricOutcome[]} */
  const outcomes = new Array(config.metrics.length);
  /** Those that go on. @type {Set<import("../engine/types.js").MetricConfig>} */
  const running = new Set();
  /** What ends the run. @type {{thrown: unknown} | undefined} */
  let broken;
  const context = { measurements, directory, facts, env, storageType, historyPath, secrets, signal };
  const tasks = config.metrics.map((metric, n) => async () => {
    throwIfCancelled(signal);
    if (broken) throw broken.thrown;
    onStart?.(metric);
    running.add(metric);
    const started = performance.now();
    const refusedAs = refused.get(metric.id);
    const given = refusedAs ? { failure: refusedAs } : await gave(metric, context);
    const durationMs = refusedAs ? 0 : performance.now() - started;
    running.delete(metric);
    await readings.add(metric, given, (reading, collected) => {
      try {
        for (const warning of collected?.warnings ?? [])
          onWarning?.(secrets.scrub(warningOf(metric, warning)));
        const { text, ...outcome } = outcomeOf(metric, reading, { durationMs, secrets, signal });
        const tests = outcome.status === "ok" ? namesOf(collected?.tests, secrets) : undefined;
        if (tests) outcome.tests = tests;
        outcomes[n] = outcome;
        onEnd?.(outcome, text);
        const other = [...running].at(-1);
        if (other) onStart?.(other);
      } catch (thrown) {
        broken ??= { thrown };
      }
    });
    if (broken) throw /** @type {{thrown: unknown}} */ (broken).thrown;
  });
  try {
    try {
      await runAll(tasks, concurrency);
    } finally {
      await readings.flush();
    }
    if (broken) throw /** @type {{thrown: unknown}} */ (broken).thrown;
    return outcomes;
  } finally {
    measurements.free();
  }
}

/**
 * Whether any metric is measured by a command, and not all of them by collectors.
 * @param {import("../engine/engine.js").LoadedConfig["config"]} config
 */
export const runsCommands = ({ metrics }) =>
  metrics.some((metric) => {
    try {
      return planOf(metric) === undefined;
    } catch {
      // A collector with arguments that it does not take, which is told when it is its turn.
      return false;
    }
  });

/**
 * Runs a metric's command or collector.
 * @param {import("../engine/types.js").MetricConfig} metric
 * @param {{measurements: Measurements, directory: string, facts: import("./types.js").CommandFacts, env: NodeJS.ProcessEnv, storageType?: string, historyPath?: string, secrets: import("./secrets.js").Secrets, signal?: AbortSignal}} context
 * @returns {Promise<import("./readings.js").Given>}
 */
async function gave(metric, { measurements, ...context }) {
  try {
    const plan = planOf(metric);
    return plan
      ? await measured(plan, metric, { measurements, ...context })
      : { output: await runCommand(metric, context) };
  } catch (failure) {
    return { failure };
  }
}

/**
 * @param {import("../engine/types.js").MetricConfig} metric
 * @param {import("../engine/types.js").Reading | {status: "thrown", thrown: unknown}} reading
 * @param {{durationMs: number, secrets: import("./secrets.js").Secrets, signal?: AbortSignal}} context
 * @returns {import("./types.js").MetricOutcome & {text?: string}} `text`: the value as people read it
 * @throws what ends the run
 */
function outcomeOf(metric, reading, { durationMs, secrets, signal }) {
  try {
    if (reading.status === "thrown") throw reading.thrown;
    if (reading.status === "failed") throw engineFailure(reading.error, "collection");
    const { value, text } = reading;
    secrets.refuse(String(value));
    return { ...described(metric), status: "ok", value, durationMs: Math.round(durationMs), text };
  } catch (error) {
    const failure = Failure.from(error);
    // What stopped the run is no failure of this metric.
    if (failure.type === "internal" || error === signal?.reason) throw failure;
    return failed(metric, secrets.scrub(failure), durationMs);
  }
}

/**
 * Names of test cases without credentials.
 * @param {import("../engine/types.js").TestNames | undefined} tests
 * @param {import("./secrets.js").Secrets} secrets
 */
const namesOf = (tests, secrets) =>
  tests && {
    ...tests,
    failures: tests.failures.map((name) => secrets.redact(name)),
    slowest: tests.slowest.map(({ name, seconds }) => ({ name: secrets.redact(name), seconds })),
  };

/** What makes a value doubtful, said of its metric. @param {import("../engine/types.js").MetricConfig} metric @param {Failure} warning */
const warningOf = ({ id }, { type, code, message, hint }) =>
  new Failure(`\`${id}\`: ${message}`, { type, code, hint });

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
 * @param {import("../engine/types.js").CollectPlan} plan
 * @param {import("../engine/types.js").MetricConfig} metric
 * @param {{measurements: Measurements, signal?: AbortSignal}} context
 * @returns {Promise<{collected: Promise<import("./measure.js").Collected>}>}
 */
async function measured(plan, { timeout }, { measurements, signal }) {
  const abort = new AbortController();
  const follow = () => abort.abort(signal?.reason);
  const timer = setTimeout(() => abort.abort(collectorTimeout(timeout)), timeout).unref();
  signal?.addEventListener("abort", follow, { once: true });
  try {
    return await measurements.begin(plan, abort.signal);
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
  return result.stdout;
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
