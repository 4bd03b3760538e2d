// The action's entry: settings in, a tracked build or a judged pull request, then the job summary, annotations, outputs
// and the exit code, whatever happened. Sequence only.

import { interruption, outOfPatience, withDeadline } from "../cancel.js";
import { runFacts } from "../ci/build.js";
import { knownSecrets } from "../collect/secrets.js";
import { Terminal } from "../console/terminal.js";
import { exitCode, Failure } from "../failure.js";
import { newHistory } from "../run/lines.js";
import { keptIn } from "../run/rescue.js";
import { annotations } from "./annotations.js";
import { CommandFiles } from "./command-files.js";
import { harmless, mask } from "./commands.js";
import { gateJob, noJob, trackJob } from "./jobs.js";
import { RunLog } from "./log.js";
import { setOutputs } from "./outputs.js";
import { settle } from "./settings.js";
import { writeSummary } from "./summary.js";

/** @import { RunFacts } from "../ci/build.js" */
/** @import { FailureType } from "../failure.js" */
/** @import { Outcome } from "./jobs.js" */
/** @import { NothingToDo, Settings } from "./settings.js" */

/** A runner that cancels waits 7.5 seconds; commands have 2 of them to end politely. */
const PATIENCE_MS = 3_500;
/** A deadline of the run's own leaves time to keep what could not be stored as an artifact. */
const OVERDUE_PATIENCE_MS = 30_000;

/** What part of a run each phase is, for the exit code when time is up. @type {Record<string, FailureType>} */
const PARTS = {
  download: "storage",
  collect: "collection",
  upload: "storage",
  report: "report",
  evaluate: "gate",
  publish: "gate",
};

/** A line for the runner, which people's text must not look like. @param {string} line */
const command = (line) => process.stdout.write(`${line}\n`);

/** @param {string} secret */
const onSecret = (secret) => command(mask(secret));

/** Runs the step, and leaves everything that its caller reads. */
export async function main() {
  const { env } = process;
  const files = new CommandFiles(env);
  for (const secret of knownSecrets(env).lines) onSecret(secret);
  const now = new Date();
  const terminal = new Terminal({ stream: process.stdout, disarm: harmless });
  const log = new RunLog(terminal, command);
  const cancelled = interruption();
  /** @type {Settings | NothingToDo | undefined} */
  let settings;
  /** @type {RunFacts | undefined} */
  let facts;
  /** @type {Outcome | undefined} */
  let outcome;
  /** @type {Failure | undefined} */
  let failure;
  /** What was worth a warning before the job started, however it ends. @type {Failure[]} */
  const warned = [];
  try {
    const cwd = env.GITHUB_WORKSPACE ?? process.cwd();
    settings = await settle(env, cwd, terminal, (warning) => warned.push(warning));
    const { timeout, verbose } = settings.inputs;
    terminal.verbose = verbose;
    if (settings.mode === "nothing") {
      outcome = noJob(settings);
    } else {
      facts = await runFacts({ cwd, now, env, recorded: settings.mode === "track" });
      const signal = withDeadline(cancelled, timeout, () => overdue(timeout, log.phase?.name));
      const listener = log.listener(settings.loaded.config.metrics);
      const job = settings.mode === "gate" ? gateJob : trackJob;
      const ended = job(settings, { env, cwd, now, facts, signal, terminal, listener, onSecret });
      const cancellation = outOfPatience(cancelled, PATIENCE_MS);
      outcome = await Promise.race([ended, cancellation, outOfPatience(signal, OVERDUE_PATIENCE_MS)]);
      failure = outcome.failure;
    }
  } catch (error) {
    failure = Failure.from(error);
    const file = log.keptFile();
    if (file !== null) failure = keptIn(failure, file);
  }
  log.close();
  failure = await tell({ files, settings, facts, outcome: outcome ?? lost(log), warned, failure });
  // What did not stop when it was asked to would keep this process alive; its commands end with it.
  if (cancelled.aborted || failure?.code === "RUN_TIMEOUT") process.stdout.write("", () => process.exit());
}

/**
 * Writes everything that a step leaves behind.
 * @param {{files: CommandFiles, settings?: Settings | NothingToDo, facts?: RunFacts, outcome: Outcome, warned: Failure[], failure?: Failure}} ended
 * @returns {Promise<Failure | undefined>} what the step ends with
 */
async function tell({ files, settings, facts, outcome, warned, failure }) {
  const { metrics, marks } = outcome;
  const notStored = outcome.notStored || (settings?.mode === "track" && failure?.type === "storage");
  const tolerated = notStored && settings?.inputs["on-storage-error"] === "warn";
  const warnings = [...files.restore(), ...warned, ...outcome.warnings];
  try {
    // Where nothing is to be done there is nothing to show.
    if (outcome.notice === undefined)
      await writeSummary(files, {
        ...outcome,
        warnings,
        facts,
        loaded: settings?.loaded,
        failure,
        notStored,
        tolerated,
      });
  } catch (error) {
    // Whether it can be read on a page does not change what was recorded.
    warnings.push(Failure.from(error));
  }
  const notice = outcome.history?.isNew ? newHistory(outcome.history.location) : outcome.notice;
  for (const line of annotations({ metrics, warnings, failure, tolerated, marks, notice })) command(line);
  const collected = metrics.filter(({ status }) => status === "ok").length;
  try {
    await setOutputs(files, {
      success: false,
      "storage-type": settings?.storageType,
      "metrics-collected": collected,
      "metrics-failed": metrics.length - collected,
      duration: Math.round(performance.now()),
      ...outcome.outputs,
      ...(failure && { "error-code": failure.code, "error-message": failure.message }),
    });
  } catch (error) {
    const unset = Failure.from(error);
    for (const line of annotations({ metrics: [], warnings: [], failure: unset, tolerated: false }))
      command(line);
    failure ??= unset;
  }
  process.exitCode = tolerated ? 0 : exitCode(failure);
  return failure;
}

/** What is known of a job that never came back. @param {RunLog} log @returns {Outcome} */
const lost = ({ heard, keptFile }) => ({
  ...heard,
  notStored: false,
  warnings: [],
  outputs: { "database-path": keptFile() },
});

/** @param {number} seconds @param {string | undefined} phase that runs when time is up */
function overdue(seconds, phase) {
  const during = phase ? `, in the phase \`${phase}\`` : "";
  return new Failure(`the run took longer than the ${seconds} s of \`timeout\`${during}`, {
    type: PARTS[phase ?? ""] ?? "internal",
    code: "RUN_TIMEOUT",
    hint: "Raise `timeout`, or make what took so long quicker: the log shows how long each phase and each metric took.",
    retryable: true,
  });
}
