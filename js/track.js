// The main job as four phases: download the history, collect the metrics, upload the history,
// write the report. Sequence and bookkeeping only; each phase's work lives in a file of its own.

import fs from "node:fs";
import path from "node:path";
import { collectMetrics } from "./collect.js";
import { errnoOf, Failure } from "./failure.js";
import { endedBy, throwIfCancelled } from "./interrupt.js";
import { Phases } from "./phases.js";
import { reportFacts, shownPath, writeReport } from "./report.js";
import { Storage } from "./storage/storage.js";

/** In their order: nothing is shown of a history before it is stored. */
export const TRACK_PHASES = Object.freeze(["download", "collect", "upload", "report"]);

/**
 * Runs the whole cycle. Trouble that ends it is in the result's `error`, not thrown, so that what was
 * done before is still told.
 * @param {{
 *   loaded: import("./types.js").LoadedConfig,
 *   facts: import("./types.js").RunFacts,
 *   storage: import("./types.js").StorageProviderConfig,
 *   seed?: import("./types.js").StorageProviderConfig,
 *   cwd: string,
 *   reportDirectory: string,
 *   reportName?: string,
 *   env: NodeJS.ProcessEnv,
 *   now: Date,
 *   concurrency?: number,
 *   signal?: AbortSignal,
 *   log?: (message: string) => void,
 *   listener?: import("./types.js").TrackListener,
 * }} input `cwd` is where the paths that people are told of start; `seed` is another place, whose history becomes
 *   the beginning of one that does not exist yet; `log` takes what the storage tells in detail
 * @returns {Promise<import("./types.js").TrackResult>}
 */
export async function track({
  loaded,
  facts,
  storage: storageConfig,
  seed,
  cwd,
  reportDirectory,
  reportName,
  env,
  now,
  concurrency,
  signal,
  log,
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
  const surroundings = { env, signal, log, transferred: listener.transferred };
  const storage = new Storage(storageConfig, surroundings);
  try {
    await phases.run("download", async () => {
      await storage.ready();
      if (seed && storage.existed === false) await plant(seed, surroundings, storage, log);
      // Better told now than after the commands have run for minutes.
      storage.getRepository().checkRun(facts, loaded.config.metrics.map(definitionOf));
      result.databaseLocation = storage.location;
      result.databasePath = storage.path;
      return { bytes: storage.size };
    });
    await phases.run("collect", async () => {
      const outcomes = await collectMetrics({
        loaded,
        facts,
        env,
        storageType: storageConfig.type,
        concurrency,
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
          hint: "The history is as it was. Mend the metrics' commands; `unentropy test` shows them without recording.",
        });
      }
    });
    const repository = storage.getRepository();
    await phases.run("upload", async () => {
      throwIfCancelled(signal);
      const values = result.metrics.flatMap((outcome) => recorded(outcome, loaded));
      repository.recordBuild(facts, values);
      await storage.persist().catch((thrown) => {
        throw rescued(storage, result, endedBy(thrown, signal));
      });
      result.databaseSize = storage.size;
      result.totalBuilds = repository.countBuilds();
      return { bytes: storage.size };
    });
    result.success = true;
    listener.stored?.(repository);
    try {
      await phases.run("report", async () => {
        const written = writeReport({
          history: repository,
          configText: loaded.text,
          facts: reportFacts({
            directory: loaded.directory,
            repositoryUrl: facts.repositoryUrl,
            now,
            branch: facts.branch,
          }),
          directory: reportDirectory,
          name: reportName,
        });
        result.reportPath = shownPath(written.path, cwd);
        return { bytes: written.bytes };
      });
    } catch (error) {
      // The history is stored: a missing report must not make the run look lost.
      result.warnings.push(Failure.from(error, { type: "report", code: "REPORT_FAILED" }));
    }
  } catch (error) {
    result.error = endedBy(error, signal);
  } finally {
    result.warnings.unshift(...storage.warnings);
    storage.cleanup();
  }
  result.durationMs = Math.round(performance.now() - started);
  return result;
}

/**
 * Begins a history with what another place holds. Trouble there ends the run: without the seed's builds the new
 * history would begin empty, and nobody would ask for them again.
 * @param {import("./types.js").StorageProviderConfig} seed
 * @param {import("./storage/factory.js").Surroundings} surroundings
 * @param {Storage} storage
 * @param {((message: string) => void) | undefined} log
 */
async function plant(seed, surroundings, storage, log) {
  const source = new Storage({ ...seed, readonly: true }, surroundings);
  try {
    await source.ready();
    if (!source.existed) {
      log?.(`there is no history to begin with at ${source.location} either`);
      return;
    }
    const { addedBuilds } = storage.getRepository().merge(source.snapshot());
    log?.(`the history begins with ${addedBuilds} builds of ${source.location}`);
  } finally {
    source.cleanup();
  }
}

/**
 * @param {import("./types.js").MetricOutcome} outcome
 * @param {import("./types.js").LoadedConfig} loaded
 * @returns {import("./types.js").RecordedMetric[]}
 */
function recorded(outcome, loaded) {
  const metric = loaded.config.metrics.find(({ id }) => id === outcome.id);
  if (outcome.status !== "ok" || !metric) return [];
  return [{ metric: definitionOf(metric), value: /** @type {number | string} */ (outcome.value) }];
}

/**
 * What a history keeps of a metric's configuration.
 * @param {import("./types.js").MetricConfig} metric
 * @returns {import("./types.js").RecordedMetric["metric"]}
 */
function definitionOf({ id, type, unit, description }) {
  return { id, type, unit, description };
}

/**
 * Keeps what could not be stored elsewhere in a file of this machine.
 * @param {Storage} storage
 * @param {import("./types.js").TrackResult} result learns the file's path
 * @param {unknown} thrown why storing failed
 * @returns {Failure} the same failure, which tells the file
 */
function rescued(storage, result, thrown) {
  const failure = Failure.from(thrown);
  // A local history's builds can be collected again where it lies; after a bug nothing is written.
  if (storage.path !== null || failure.code === "ENGINE_PANIC") return failure;
  const { type, code, retryable, cause } = failure;
  try {
    const file = writeRescue(storage.snapshot());
    result.databasePath = file;
    return new Failure(`${failure.message}; the history with this build is kept in \`${file}\``, {
      type,
      code,
      retryable,
      cause,
      hint: `${failure.hint} Keep the file and add it with \`unentropy merge\` later.`.trim(),
    });
  } catch (unwritten) {
    const { message } = Failure.from(unwritten);
    return new Failure(
      `${failure.message}; a copy of the history could not be kept here either: ${message}`,
      {
        type,
        code,
        retryable,
        cause,
        hint: failure.hint,
      },
    );
  }
}

/**
 * @param {Uint8Array} bytes
 * @returns {string} the file's path, absolute; nothing that was there before is overwritten
 */
function writeRescue(bytes) {
  for (let n = 1; ; n++) {
    const file = path.resolve(n === 1 ? "unentropy-rescue.db" : `unentropy-rescue-${n}.db`);
    try {
      fs.writeFileSync(file, bytes, { flag: "wx", flush: true });
      return file;
    } catch (error) {
      if (errnoOf(error) === "EEXIST" && n < 1000) continue;
      throw Failure.fromSystem(error, { type: "storage", doing: "could not write", path: file });
    }
  }
}
