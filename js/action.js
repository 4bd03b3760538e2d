// The action's entry: inputs in, a tracked build, outputs and exit code out. Sequence only.

import path from "node:path";
import { showMetric, showWarnings } from "./cli/shared.js";
import { storageConfig } from "./cli/storage.js";
import { loadConfig, placedProblems } from "./config.js";
import { runFacts } from "./context.js";
import { exitCode, Failure } from "./failure.js";
import { annotate, groupEnd, groupStart, harmless, setOutputs } from "./github/commands.js";
import { readInputs } from "./github/inputs.js";
import { interruption } from "./interrupt.js";
import { milliseconds, Terminal } from "./terminal.js";
import { track } from "./track.js";

async function main() {
  const { env } = process;
  const now = new Date();
  const terminal = new Terminal({ stream: process.stdout, disarm: harmless });
  const signal = interruption();
  /** @type {Failure | undefined} */
  let failure;
  /** @type {import("./types.js").TrackResult | undefined} */
  let result;
  try {
    const inputs = readInputs(env);
    terminal.verbose = inputs.verbose;
    const cwd = env.GITHUB_WORKSPACE ?? process.cwd();
    const loaded = loadConfig(inputs["config-file"], cwd);
    showWarnings(terminal, loaded);
    const flags = {
      storage: inputs["storage-type"] ?? loaded.config.storage.type,
      db: inputs["database-path"],
    };
    const facts = await runFacts({ cwd, now, env });
    const width = Math.max(...loaded.config.metrics.map(({ id }) => id.length));
    result = await track({
      loaded,
      facts,
      storage: storageConfig(flags, loaded, cwd),
      cwd,
      reportDirectory: path.resolve(cwd, inputs["report-dir"] ?? "unentropy-report"),
      reportName: inputs["report-name"],
      env,
      now,
      signal,
      listener: {
        phaseStart: ({ name }) => command(groupStart(name)),
        phaseEnd: ({ status, durationMs, bytes }) => {
          terminal.line(
            `${status} in ${milliseconds(durationMs)}${bytes === undefined ? "" : `, ${bytes} bytes`}`,
          );
          command(groupEnd);
        },
        metricEnd: (outcome) => showMetric(terminal, outcome, width),
      },
    });
    failure = result.error;
    for (const { id, status, error } of result.metrics) {
      if (status === "failed" && error)
        command(
          annotate("warning", `${error.message}\n${error.hint}`.trim(), { title: `metric ${id} failed` }),
        );
    }
    for (const warning of result.warnings)
      command(annotate("warning", `${warning.message}\n${warning.hint}`.trim(), { title: warning.code }));
  } catch (error) {
    failure = Failure.from(error);
  }
  try {
    setOutputs(env, {
      success: result?.success ?? false,
      "storage-type": result?.storageType,
      "database-location": result?.databaseLocation,
      "database-path": result?.databasePath,
      "database-size": result?.databaseSize,
      "metrics-collected": result?.metricsCollected ?? 0,
      "metrics-failed": result?.metricsFailed ?? 0,
      "total-builds": result?.totalBuilds,
      "report-path": result?.reportPath,
      duration: Math.round(performance.now()),
      "error-code": failure?.code,
      "error-message": failure?.message,
    });
  } catch (error) {
    failure ??= Failure.from(error);
  }
  if (failure) {
    const details = placedProblems(failure);
    command(
      annotate("error", [failure.message, ...details, failure.hint].filter(Boolean).join("\n"), {
        title: failure.code,
      }),
    );
  }
  process.exitCode = exitCode(failure);
}

/** A line for the runner, which people's text must not look like. @param {string} line */
const command = (line) => process.stdout.write(`${line}\n`);

await main();
