// The npm package's interface: histories behind the storage lifecycle, the configuration, the main
// job. Everything else of js/ may change without notice.

import { resolve } from "node:path";
import { runFacts } from "./ci/build.js";
import { checkConfig, formatValue, version } from "./engine/engine.js";
import { Failure } from "./failure.js";
import { loadConfig } from "./run/config.js";
import { track as runTrack } from "./run/track.js";
import { AS_PROPERTIES } from "./spelling.js";
import * as factory from "./storage/factory.js";
import * as histories from "./storage/storage.js";

/** @import { StorageProviderConfig } from "./storage/contract.js" */
/** @import { Surroundings } from "./storage/factory.js" */

export { checkConfig, Failure, formatValue, version };

/** Messages of this package call options what its types call them. @param {StorageProviderConfig} config */
const named = (config) => ({ spelling: AS_PROPERTIES, ...config });

/**
 * A provider for the configuration, not yet initialized: nothing is read or created by this call.
 *
 * @param {StorageProviderConfig} config
 * @param {Surroundings} [surroundings]
 * @throws {Failure} of type `validation` where the configuration is wrong
 */
export async function createStorageProvider(config, surroundings) {
  return factory.createStorageProvider(named(config), surroundings);
}

/** A history from its configuration to its last byte stored. */
export class Storage extends histories.Storage {
  /**
   * @param {StorageProviderConfig} config
   * @param {Surroundings} [surroundings]
   */
  constructor(config, surroundings) {
    super(named(config), surroundings);
  }
}

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
  const at = named(storage.path === undefined ? storage : { ...storage, path: resolve(cwd, storage.path) });
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
