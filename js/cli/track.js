// `unentropy track`: the whole cycle, reported line by line, or as one JSON document.

import path from "node:path";
import { runFacts } from "../ci/build.js";
import { notRecorded, readEvent, withheldSecrets } from "../ci/event.js";
import { loadConfig } from "../run/config.js";
import { showMetric, showRecorded } from "../run/lines.js";
import { describePhase, describeTransfer } from "../run/phases.js";
import { DEFAULT_REPORT_DIRECTORY } from "../run/report.js";
import { track as runTrack } from "../run/track.js";
import { lacksCredentials } from "../storage/factory.js";
import { placeConfig, storageConfig } from "../storage/location.js";
import { wholeNumber } from "./options.js";
import { givenContext, reportOption, showWarnings } from "./shared.js";

/** @import { Failure } from "../failure.js" */

/**
 * Runs `unentropy track`.
 *
 * @param {import("./types.js").Invocation} invocation
 * @returns {Promise<import("../failure.js").Failure | undefined>}
 */
export async function track({ values, terminal, signal, cwd, env, now, print }) {
  const given = givenContext(values);
  const concurrency = wholeNumber(values.concurrency, "concurrency", 1);
  const loaded = loadConfig(values.config, cwd);
  showWarnings(terminal, loaded);
  const storage = storageConfig(values, loaded, cwd, terminal);
  const seed =
    values["seed-from"] === undefined
      ? undefined
      : placeConfig(values["seed-from"], values, loaded, cwd, { option: "--seed-from" });
  const facts = await runFacts({ cwd, now, env, given });
  const width = Math.max(0, ...loaded.config.metrics.map(({ id }) => id.length));
  const result = await runTrack({
    loaded,
    facts,
    storage,
    seed,
    adopt: values["adopt-history"],
    cwd,
    reportOption: reportOption(values),
    reportDirectory: path.resolve(cwd, values["report-dir"] ?? DEFAULT_REPORT_DIRECTORY),
    env,
    now,
    concurrency,
    signal,
    listener: {
      phaseStart: ({ name }) => terminal.progress(`${name} …`),
      phaseEnd: (phase) => terminal.detail(describePhase(phase)),
      transferred: (transfer) => terminal.progress(describeTransfer(transfer)),
      metricStart: ({ id }) => terminal.progress(`collecting ${id} …`),
      metricEnd: (outcome, text) => showMetric(terminal, outcome, width, text),
    },
  });
  if (result.error) result.error = orWithheld(result.error, env);
  for (const warning of result.warnings) terminal.warn(warning.message, warning.hint);
  if (values.json) {
    const { warnings, sourceRun, ...document } = result;
    print(`${JSON.stringify(document)}\n`);
  } else {
    showRecorded(terminal, result, facts);
  }
  return result.error;
}

/**
 * A failure for want of credentials that GitHub keeps from this run, as that; any other as it is.
 * @param {Failure} failure
 * @param {NodeJS.ProcessEnv} env
 */
function orWithheld(failure, env) {
  const withheld = lacksCredentials(failure) ? withheldSecrets(readEvent(env)) : null;
  return withheld ? notRecorded(withheld, failure) : failure;
}
