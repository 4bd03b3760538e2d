// The npm package's interface: histories behind the storage lifecycle, the configuration, the main
// job. Everything else of js/ may change without notice.

import { resolve } from "node:path";
import { runFacts } from "./ci/build.js";
import { checkConfig, formatValue, version } from "./engine/engine.js";
import { Failure } from "./failure.js";
import { loadConfig } from "./run/config.js";
import { track as runTrack } from "./run/track.js";
import { createStorageProvider } from "./storage/factory.js";
import { Storage } from "./storage/storage.js";

export { checkConfig, createStorageProvider, Failure, formatValue, Storage, version };

/**
 * Does what `unentropy track` does: collects the metrics of a configuration, records a build, writes the report.
 * @param {import("./public.js").TrackOptions} [options]
 * @returns {Promise<import("./public.js").TrackResult>}
 * @throws {Failure} of type validation for the configuration and the facts; what happens afterwards is in the
 *   result's `error`
 */
export async function track({
  config,
  cwd = process.cwd(),
  storage = { type: "sqlite-local", path: "unentropy.db" },
  adoptHistory,
  reportDirectory = "unentropy-report",
  context = {},
  env = process.env,
  now = new Date(),
  concurrency,
  signal,
} = {}) {
  const loaded = loadConfig(config, cwd);
  const facts = await runFacts({ cwd, now, env, given: context });
  const at = storage.path === undefined ? storage : { ...storage, path: resolve(cwd, storage.path) };
  return runTrack({
    loaded,
    facts,
    storage: at,
    adopt: adoptHistory,
    cwd,
    reportDirectory: resolve(cwd, reportDirectory),
    env,
    now,
    concurrency,
    signal,
  });
}
