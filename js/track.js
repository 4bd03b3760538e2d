// The main job as four phases: download the history, collect the metrics, upload the history,
// write the report. Sequence and bookkeeping only; each phase's work lives in a file of its own.

import fs from "node:fs";
import path from "node:path";
import { collectMetrics } from "./collect.js";
import { errnoOf, Failure } from "./failure.js";
import { endedBy, throwIfCancelled } from "./interrupt.js";
import { Phases } from "./phases.js";
import { reportFacts, shownPath, writeReport } from "./report.js";
import { seedHistory } from "./storage/seed.js";
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
 *   onSecret?: (secret: string) => void,
 *   listener?: import("./types.js").TrackListener,
 * }} input `cwd` is where the paths that people are told of start; an empty history begins with that of `seed`; `log`
 *   takes what the storage tells in detail, `onSecret` what servers issue and no log may show
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
  const surroundings = { env, signal, log, onSecret, transferred: listener.transferred };
  const storage = new Storage(storageConfig, surroundings);
  try {
    await phases.run("download", async () => {
      await storage.ready();
      result.history = storage.existed ? "existing" : "new";
      if (seed) result.warnings.push(...(await seedHistory(storage, seed, surroundings)));
      // Better told now than after the commands have run for minutes.
      storage.getRepository().checkRun(facts, loaded.config.metrics.map(definitionOf));
      result.databaseLocation = storage.location;
      result.databasePath = storage.path;
      result.sourceRun = storage.sourceRun;
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
      await storage.persist().catch(async (thrown) => {
        throw await rescued(storage, result, endedBy(thrown, signal), surroundings);
      });
      result.databaseLocation = storage.location;
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
 * Keeps what could not be stored elsewhere in a file of this machine, and in an artifact of the run where there is one.
 * @param {Storage} storage
 * @param {import("./types.js").TrackResult} result learns the file's path
 * @param {unknown} thrown why storing failed
 * @param {Rescuing} surroundings
 * @returns {Promise<Failure>} the same failure, which tells the file and the artifact
 */
async function rescued(storage, result, thrown, surroundings) {
  const failure = Failure.from(thrown);
  // A local history's builds can be collected again where it lies; after a bug nothing is written.
  if (storage.path !== null || failure.code === "ENGINE_PANIC") return failure;
  const { type, code, retryable, cause } = failure;
  try {
    const bytes = storage.snapshot();
    const file = writeRescue(bytes);
    result.databasePath = file;
    const artifact = await rescueArtifact(bytes, surroundings);
    const also = artifact === null ? "" : ` and in the artifact \`${artifact}\` of this run`;
    return new Failure(`${failure.message}; the history with this build is kept in \`${file}\`${also}`, {
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

/** @typedef {{env: NodeJS.ProcessEnv, signal?: AbortSignal, onSecret?: (secret: string) => void}} Rescuing */

/**
 * @param {Uint8Array} bytes
 * @param {Rescuing} surroundings
 * @returns {Promise<string | null>} the artifact's name; null where none could be uploaded
 */
async function rescueArtifact(bytes, { env, signal, onSecret }) {
  // A run that was told to stop has no time for it.
  if (!env.ACTIONS_RUNTIME_TOKEN || signal?.aborted) return null;
  try {
    const { uploadRescue } = await import("./github/rescue.js");
    return (await uploadRescue(bytes, { env, onSecret })).name;
  } catch {
    // The file is there; that no artifact is changes nothing about why the run fails.
    return null;
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
