/**
 * Makes the provider that a configuration asks for, and says what is missing when it cannot.
 */

import { setTimeout as sleepFor } from "node:timers/promises";
import * as theEngine from "../engine.js";
import { Failure } from "../failure.js";
import { LocalStore } from "./local.js";
import { SqliteStorageProvider } from "./session.js";

/** @import { Engine, StorageProvider, StorageProviderConfig } from "./provider.js" */

/**
 * @typedef {object} Surroundings
 * @property {Engine} [engine]
 * @property {(ms: number) => Promise<unknown>} [sleep]
 * @property {() => number} [random] at least 0, below 1
 * @property {(message: string) => void} [log] instead of stderr, for `verbose`
 */

/** Where histories can be kept, as configurations, flags and inputs name it. */
export const STORAGE_TYPES = Object.freeze(["sqlite-local", "sqlite-artifact", "sqlite-s3", "postgres"]);

/**
 * A provider for the configuration, not yet initialized: nothing is read or created by this call.
 *
 * @param {StorageProviderConfig} config
 * @param {Surroundings} [surroundings]
 * @returns {Promise<StorageProvider>}
 * @throws {Failure} `STORAGE_CONFIG_INVALID` when a key is missing or wrong, `STORAGE_UNSUPPORTED` for a type that
 *   this version cannot keep a history in
 */
export async function createStorageProvider(config, surroundings = {}) {
  const { engine = theEngine, sleep = sleepFor, random = Math.random } = surroundings;
  const { type, path, readonly = false, verbose = false } = config;
  if (!STORAGE_TYPES.includes(type)) {
    throw invalid(`the storage type is \`${String(type)}\`, expected one of ${listed(STORAGE_TYPES)}`);
  }
  for (const [key, value] of Object.entries({ readonly, verbose })) {
    if (typeof value !== "boolean")
      throw invalid(`\`${key}\` is \`${String(value)}\`, expected true or false`);
  }
  if (type !== "sqlite-local") {
    throw new Failure(`this version keeps histories in local files only, the storage type is \`${type}\``, {
      type: "validation",
      code: "STORAGE_UNSUPPORTED",
      hint: "Set the storage type to `sqlite-local` with a `path`, and let the workflow keep that file.",
    });
  }
  if (typeof path !== "string" || path.trim() === "") {
    throw invalid("`sqlite-local` has no `path`, expected the file of the history");
  }
  const log = verbose ? (surroundings.log ?? toStderr) : undefined;
  const store = new LocalStore(path, { readonly, sleep, random });
  return new SqliteStorageProvider(store, { engine, readonly, log, sleep, random });
}

/** @param {string} message */
function invalid(message) {
  return new Failure(message, {
    type: "validation",
    code: "STORAGE_CONFIG_INVALID",
    hint: "Mend the storage configuration.",
  });
}

/** @param {readonly string[]} choices */
function listed(choices) {
  return choices.map((choice) => `\`${choice}\``).join(", ");
}

/** @param {string} message */
function toStderr(message) {
  process.stderr.write(`storage: ${message}\n`);
}
