// The action's entry: settings in, a tracked build or a judged pull request, then annotations, the job summary, the
// outputs and the exit code, whatever happened. Sequence only.

import { showRecorded, showWarnings } from "./cli/shared.js";
import { runFacts } from "./context.js";
import { exitCode, Failure } from "./failure.js";
import { annotations } from "./github/annotations.js";
import { harmless, mask } from "./github/commands.js";
import { secretsIn } from "./github/inputs.js";
import { RunLog } from "./github/log.js";
import { setOutputs } from "./github/outputs.js";
import { settle } from "./github/settings.js";
import { earlierValues, writeSummary } from "./github/summary.js";
import { interruption, outOfPatience, withDeadline } from "./interrupt.js";
import { Terminal } from "./terminal.js";
import { track } from "./track.js";

/** @import { RunFacts, TrackResult } from "./types.js" */
/** @import { Settings } from "./github/settings.js" */

/** A runner that cancels waits 7.5 seconds; commands have 2 of them to end politely. */
const PATIENCE_MS = 3_500;

/** A line for the runner, which people's text must not look like. @param {string} line */
const command = (line) => process.stdout.write(`${line}\n`);

async function main() {
  const { env } = process;
  for (const secret of secretsIn(env)) command(mask(secret));
  const now = new Date();
  const terminal = new Terminal({ stream: process.stdout, disarm: harmless });
  const log = new RunLog(terminal, command);
  const cancelled = interruption();
  /** @type {Settings | undefined} */
  let settings;
  /** @type {RunFacts | undefined} */
  let facts;
  /** @type {TrackResult | undefined} */
  let result;
  /** @type {(number | string)[][] | undefined} */
  let earlier;
  /** @type {Failure | undefined} */
  let failure;
  try {
    const cwd = env.GITHUB_WORKSPACE ?? process.cwd();
    settings = await settle(env, cwd, (text) => terminal.warn(text));
    const { inputs, loaded, storage, seed, reportDirectory, mode } = settings;
    terminal.verbose = inputs.verbose;
    showWarnings(terminal, loaded);
    if (mode === "gate") throw noGate();
    const known = await runFacts({ cwd, now, env });
    facts = known;
    const signal = withDeadline(cancelled, inputs.timeout, () => overdue(inputs.timeout, log.phase?.name));
    const tracked = track({
      loaded,
      facts: known,
      storage: { ...storage, verbose: inputs.verbose },
      seed,
      cwd,
      reportDirectory,
      reportName: inputs["report-name"],
      env,
      now,
      signal,
      log: (message) => terminal.detail(message),
      listener: {
        ...log.listener(loaded.config.metrics),
        stored: (repository) => {
          earlier = earlierValues(repository, loaded, known);
        },
      },
    });
    result = await Promise.race([tracked, outOfPatience(signal, PATIENCE_MS)]);
    failure = result.error;
    showRecorded(terminal, result, facts);
  } catch (error) {
    failure = Failure.from(error);
  }
  log.close();

  const notStored = failure?.type === "storage";
  const tolerated = notStored && settings?.inputs["on-storage-error"] === "warn";
  const metrics = result?.metrics ?? log.heard.metrics;
  const warnings = [...(result?.warnings ?? [])];
  try {
    writeSummary(env, {
      ...{ facts, loaded: settings?.loaded, metrics, warnings, failure, tolerated, notStored, earlier },
      phases: result?.phases ?? log.heard.phases,
      history: result && {
        location: result.databaseLocation,
        builds: result.totalBuilds,
        bytes: result.databaseSize,
      },
      report: result?.reportPath,
    });
  } catch (error) {
    // Whether it can be read on a page does not change what was recorded.
    warnings.push(Failure.from(error));
  }
  for (const line of annotations({ metrics, warnings, failure, tolerated })) command(line);
  const collected = metrics.filter(({ status }) => status === "ok").length;
  try {
    setOutputs(env, {
      success: result?.success ?? false,
      "storage-type": settings?.storageType,
      "database-location": result?.databaseLocation,
      "database-path": result?.databasePath,
      "database-size": result?.databaseSize,
      "metrics-collected": collected,
      "metrics-failed": metrics.length - collected,
      "total-builds": result?.totalBuilds,
      "report-path": result?.reportPath,
      duration: Math.round(performance.now()),
      "error-code": failure?.code,
      "error-message": failure?.message,
    });
  } catch (error) {
    const unset = Failure.from(error);
    for (const line of annotations({ metrics: [], warnings: [], failure: unset, tolerated: false }))
      command(line);
    failure ??= unset;
  }
  process.exitCode = tolerated ? 0 : exitCode(failure);
  // What did not stop when it was told to would keep this process alive; its commands end with it.
  if (cancelled.aborted || failure?.code === "RUN_TIMEOUT") process.stdout.write("", () => process.exit());
}

/**
 * Time is up. What part of the run it belongs to follows from the phase, and with that the exit code.
 * @param {number} seconds
 * @param {string | undefined} phase
 */
function overdue(seconds, phase) {
  const types = /** @type {Record<string, import("./types.js").FailureType>} */ ({
    download: "storage",
    collect: "collection",
    upload: "storage",
    report: "report",
  });
  const during = phase ? `, in the phase \`${phase}\`` : "";
  return new Failure(`the run took longer than the ${seconds} s of \`timeout\`${during}`, {
    type: types[phase ?? ""] ?? "internal",
    code: "RUN_TIMEOUT",
    hint: "Raise `timeout`, or make what took so long quicker: the log tells how long each phase and each metric took.",
    retryable: true,
  });
}

function noGate() {
  return new Failure("this version of the action does not judge pull requests yet", {
    type: "validation",
    code: "MODE_UNSUPPORTED",
    hint: "Run the step on pushes, or set `mode` to `track`.",
  });
}

await main();
