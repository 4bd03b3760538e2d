// The main job as four phases: download the history, collect the metrics, upload the history,
// write the report. Sequence and bookkeeping only; each phase's work lives in a file of its own.

import path from "node:path";
import { endedBy, throwIfCancelled } from "../cancel.js";
import { defaultBranchOf } from "../ci/build.js";
import { collectMetrics, definitionOf, runsCommands } from "../collect/metrics.js";
import { knownSecrets } from "../collect/secrets.js";
import { Failure } from "../failure.js";
import { futureWarnings } from "../storage/future.js";
import { seedHistory } from "../storage/seed.js";
import { Storage } from "../storage/storage.js";
import { correctedTime } from "./clock.js";
import { RunFolder } from "./folder.js";
import { Phases } from "./phases.js";
import { reportFacts, shownPath, writeReport } from "./report.js";
import { rescue } from "./rescue.js";

/** In their order: the report is of a history that is stored, unless trouble with storing is to be tolerated. */
export const TRACK_PHASES = Object.freeze(["download", "collect", "upload", "report"]);

/**
 * Runs the whole cycle. Trouble that ends it is in the result's `error`, not thrown, so that what was
 * done before is still reported.
 * @param {{
 *   loaded: import("../engine/engine.js").LoadedConfig,
 *   facts: import("../ci/build.js").RunFacts,
 *   storage: import("../storage/contract.js").StorageProviderConfig,
 *   seed?: import("../storage/contract.js").StorageProviderConfig,
 *   adopt?: boolean,
 *   cwd: string,
 *   reportDirectory: string,
 *   reportName?: string,
 *   reportOption?: string,
 *   env: NodeJS.ProcessEnv,
 *   now: Date,
 *   concurrency?: number,
 *   onStorageError?: "fail" | "warn",
 *   clockLimitMs?: number,
 *   pauseMs?: number,
 *   signal?: AbortSignal,
 *   log?: (message: string) => void,
 *   onSecret?: (secret: string) => void,
 *   listener?: import("./types.js").TrackListener,
 * }} input `cwd` is the directory that shown paths are relative to; an empty history begins with that of `seed`;
 *   with `adopt` the history of another repository becomes this one's; `reportOption` is how the caller gave the report's
 *   directory, for messages; `onStorageError: "warn"` writes the report also of a build that could not be stored;
 *   `clockLimitMs` is how far this machine's clock may be from the server's; `pauseMs` how late a metric's line may come; `log` takes what the storage tells in detail,
 *   `onSecret` what servers issue and no log may show
 * @returns {Promise<import("./types.js").TrackResult>}
 */
export async function track({
  loaded,
  facts,
  storage: storageConfig,
  seed,
  adopt,
  cwd,
  reportDirectory,
  reportName,
  reportOption,
  env,
  now,
  concurrency,
  onStorageError = "fail",
  clockLimitMs,
  pauseMs,
  signal,
  log,
  onSecret,
  listener = {},
}) {
  const started = performance.now();
  const phases = new Phases(TRACK_PHASES, listener, now);
  /** @type {import("./types.js").TrackResult} */
  const result = {
    success: false,
    storageType: storageConfig.type,
    databaseLocation: null,
    databasePath: null,
    history: null,
    sourceRun: null,
    databaseSize: null,
    metrics: [],
    metricsCollected: 0,
    metricsFailed: 0,
    totalBuilds: null,
    reportPath: null,
    durationMs: 0,
    phases: phases.list,
    warnings: [],
  };
  /** @type {ReadonlyMap<string, Failure>} metrics that cannot be recorded, each with the reason */
  let refused = new Map();
  const secrets = knownSecrets(env, storageConfig);
  const heard = (/** @type {string} */ secret) => {
    secrets.add(secret);
    onSecret?.(secret);
  };
  const surroundings = { env, signal, log, onSecret: heard, transferred: listener.transferred };
  const folder = new RunFolder(env, { readable: runsCommands(loaded.config) });
  const storage = new Storage(storageConfig, { ...surroundings, copies: folder });
  const writesReport = async () => {
    const written = await writeReport({
      history: storage.getRepository(),
      configText: loaded.text,
      facts: reportFacts({
        directory: loaded.directory,
        listings: loaded.listings,
        repositoryUrl: facts.repositoryUrl,
        now,
        // Who looks at the report of a tag's build wants the branch that it is part of.
        branch: facts.branch.startsWith("refs/") ? await defaultBranchOf(cwd, env) : facts.branch,
      }),
      directory: reportDirectory,
      name: reportName,
      option: reportOption,
      signal,
    });
    result.reportPath = shownPath(written.path, cwd);
    return { bytes: written.bytes };
  };
  const report = async () => {
    try {
      await phases.run("report", writesReport);
    } catch (error) {
      // What became of the build is known by now: a missing report must not make the run look lost.
      result.warnings.push(Failure.from(error, { type: "report", code: "REPORT_FAILED" }));
    }
  };
  const circumstances = { now: now.toISOString(), repository: facts.repository, adopt };
  try {
    await phases.run("download", async () => {
      await storage.ready();
      if (storage.existed) result.history = "existing";
      if (seed) result.warnings.push(...(await seedHistory(storage, seed, surroundings)));
      // A new history is one without builds, so that commands need not tell the two apart.
      if (storage.existed === false && folder.wantsHistory) folder.loaded(storage.snapshot());
      const { now: corrected, warning } = correctedTime(now, storage, clockLimitMs);
      if (warning) {
        result.warnings.push(warning);
        facts = { ...facts, timestamp: corrected.toISOString() };
        now = corrected;
        circumstances.now = now.toISOString();
      }
      // Better reported now than after the commands have run for minutes.
      const definitions = loaded.config.metrics.map(definitionOf);
      refused = storage.getRepository().checkRun(facts, definitions, circumstances);
      result.databaseLocation = storage.location;
      result.databasePath = storage.path;
      result.sourceRun = storage.sourceRun;
      listener.known?.(storage.getRepository(), facts);
      return { bytes: storage.size };
    });
    await phases.run("collect", async () => {
      const outcomes = await collectMetrics({
        loaded,
        facts,
        env,
        storageType: storageConfig.type,
        historyPath: folder.historyPath,
        secrets,
        own: {
          histories: [storageConfig.path, seed?.path],
          files: [path.resolve(reportDirectory, reportName ?? "index.html")],
        },
        onWarning: (warning) => result.warnings.push(warning),
        concurrency,
        refused,
        pauseMs,
        signal,
        onStart: listener.metricStart,
        onEnd: listener.metricEnd,
      });
      const collected = outcomes.filter(({ status }) => status === "ok");
      result.metrics = outcomes;
      result.metricsCollected = collected.length;
      result.metricsFailed = outcomes.length - collected.length;
      if (collected.length === 0) {
        throw new Failure("every metric failed, so there is no build to record", {
          type: "collection",
          code: "ALL_METRICS_FAILED",
          hint: "The history is as it was. Fix the metrics' commands; `unentropy test` shows them without recording.",
        });
      }
    });
    const repository = storage.getRepository();
    await phases.run("upload", async () => {
      throwIfCancelled(signal);
      const values = result.metrics.flatMap((outcome) => recorded(outcome, loaded));
      repository.recordBuild(facts, values, circumstances);
      listener.keeping?.(() => folder.keptPath);
      await storage.persist().catch(async (thrown) => {
        const failed = endedBy(thrown, signal);
        const { failure, file } = await rescue(storage, failed, {
          cwd,
          folder,
          env,
          signal,
          onSecret: heard,
        });
        result.databasePath = file ?? result.databasePath;
        result.error = failure;
        throw failure;
      });
      folder.stored();
      result.history ??= "new";
      result.databaseLocation = storage.location;
      result.databaseSize = storage.size;
      result.totalBuilds = repository.countBuilds();
      result.warnings.push(...futureWarnings(repository, now));
      return { bytes: storage.size };
    });
    result.success = true;
    listener.known?.(repository, facts);
    await report();
  } catch (error) {
    result.error ??= endedBy(error, signal);
    // The history with this build is here all the same.
    if (onStorageError === "warn" && isNotStored(result.error, phases) && !signal?.aborted) await report();
  } finally {
    result.warnings.unshift(...storage.warnings, ...folder.warnings);
    for (const failure of result.warnings) secrets.scrub(failure);
    if (result.error) secrets.scrub(result.error);
    folder.close();
    storage.cleanup();
  }
  result.durationMs = Math.round(performance.now() - started);
  return result;
}

/**
 * Whether a build was recorded and only storing it failed.
 * @param {Failure} failure
 * @param {Phases} phases
 */
function isNotStored({ type }, { list }) {
  return type === "storage" && list.some(({ name, status }) => name === "upload" && status === "failed");
}

/**
 * @param {import("../collect/types.js").MetricOutcome} outcome
 * @param {import("../engine/engine.js").LoadedConfig} loaded
 * @returns {import("../engine/types.js").RecordedMetric[]}
 */
function recorded(outcome, loaded) {
  const metric = loaded.config.metrics.find(({ id }) => id === outcome.id);
  if (outcome.status !== "ok" || !metric) return [];
  return [{ metric: definitionOf(metric), value: /** @type {number | string} */ (outcome.value) }];
}
