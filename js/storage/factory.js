/**
 * Makes the provider that a configuration asks for, and says what is missing when it cannot.
 */

import { setTimeout as sleepFor } from "node:timers/promises";
import * as theEngine from "../engine/engine.js";
import { Failure } from "../failure.js";
import { AS_INPUTS, optionOf } from "../spelling.js";
import { LocalStore } from "./local/local.js";
import { SqliteStorageProvider } from "./read-record-write.js";

/** @import { BlobStore, Engine, StorageProvider, StorageProviderConfig } from "./contract.js" */

/**
 * @typedef {object} Surroundings
 * @property {Engine} [engine]
 * @property {(ms: number) => Promise<unknown>} [sleep]
 * @property {() => number} [random] at least 0, below 1
 * @property {() => number} [now] milliseconds since 1970
 * @property {(message: string) => void} [log] instead of stderr, for `verbose`
 * @property {NodeJS.ProcessEnv} [env] for credentials that the configuration does not give
 * @property {AbortSignal} [signal] ends transfers
 * @property {(transfer: import("./types.js").Transfer) => void} [transferred] hears how far the history's transfers are
 * @property {import("./contract.js").HistoryCopies} [copies] where the history's bytes are also kept
 * @property {(secret: string) => void} [onSecret] called with secrets that servers issue, before they are used
 */

/** Where histories can be kept, as configurations, flags and inputs name it. @type {readonly string[]} */
const STORAGE_TYPES = optionOf("storage").choices ?? [];

/**
 * A provider for the configuration, not yet initialized: nothing is read or created by this call.
 *
 * @param {StorageProviderConfig} config
 * @param {Surroundings} [surroundings]
 * @returns {Promise<StorageProvider>}
 * @throws {Failure} `STORAGE_CONFIG_INVALID` (or the S3 client's) when a key is missing or wrong, `STORAGE_UNSUPPORTED` for a type that
 *   this version cannot keep a history in
 */
export async function createStorageProvider(config, surroundings = {}) {
  const { engine = theEngine, sleep = sleepFor, random = Math.random } = surroundings;
  const { type, readonly = false, verbose = false } = config;
  if (!STORAGE_TYPES.includes(type)) {
    throw invalid(`the storage type is \`${String(type)}\`, expected one of ${listed(STORAGE_TYPES)}`);
  }
  for (const [key, value] of Object.entries({ readonly, verbose })) {
    if (typeof value !== "boolean")
      throw invalid(`\`${key}\` is \`${String(value)}\`, expected true or false`);
  }
  const log = verbose ? (surroundings.log ?? toStderr) : undefined;
  const store = await openStore(config, { ...surroundings, engine, sleep, random, log });
  return new SqliteStorageProvider(store, {
    engine,
    readonly,
    log,
    sleep,
    random,
    copies: surroundings.copies,
  });
}

/**
 * @param {StorageProviderConfig} config
 * @param {Surroundings & {engine: Engine, sleep: (ms: number) => Promise<unknown>, random: () => number}} surroundings
 * @returns {Promise<BlobStore>}
 */
async function openStore(config, surroundings) {
  const { sleep, random, now = Date.now, env = process.env, signal, log, transferred } = surroundings;
  const { type, path, pathOption, readonly = false, artifactTransfer = "auto" } = config;
  const { onCorrupt = "fail", onMissing = "fail", spelling = AS_INPUTS } = config;
  for (const [name, value] of /** @type {const} */ ([
    ["on-corrupt", onCorrupt],
    ["on-missing", onMissing],
    ["artifact-transfer", artifactTransfer],
  ])) {
    const { choices = [] } = optionOf(name);
    if (!choices.includes(value))
      throw invalid(`\`${spelling.name(name)}\` is \`${String(value)}\`, expected one of ${listed(choices)}`);
  }
  if (type === "sqlite-local" || (type === "sqlite-artifact" && artifactTransfer === "manual")) {
    if (typeof path !== "string" || path.trim() === "") {
      throw invalid(`\`${type}\` has no \`path\`, expected the file of the history`);
    }
    return new LocalStore(path, { pathOption, readonly, onCorrupt, onMissing, spelling, now, sleep, random });
  }
  if (type === "sqlite-s3") {
    // A history in a file does not wait for the client to be loaded.
    const { S3Store, openClient } = await import("./s3/s3.js");
    const { client, key } = openClient(config, env, { now, sleep, random, log, signal });
    return new S3Store({
      client,
      key,
      readonly,
      onCorrupt,
      onMissing,
      spelling,
      now,
      random,
      sleep,
      transferred,
    });
  }
  if (type === "sqlite-artifact") {
    const { openArtifactStore } = await import("./artifact/open.js");
    return openArtifactStore(config, { ...surroundings, now, env });
  }
  throw new Failure(`this version keeps no histories in \`${type}\` storage`, {
    type: "validation",
    code: "STORAGE_UNSUPPORTED",
    hint: "Set the storage type to `sqlite-artifact` or `sqlite-s3`, or to `sqlite-local` with a `path` and let the workflow keep that file.",
  });
}

/**
 * Whether nothing is wrong with a store's parameters but that some are missing, the credentials among them: workflows
 * keep the bucket's name and address in secrets too.
 * @param {Failure} failure
 */
export function lacksCredentials({ code, diagnostics = [] }) {
  return (
    code === "S3_PARAMETERS_INVALID" &&
    diagnostics.every(({ missing }) => missing) &&
    ["s3-access-key-id", "s3-secret-access-key"].every((name) =>
      diagnostics.some(({ parameter }) => parameter === name),
    )
  );
}

/** @param {string} message */
function invalid(message) {
  return new Failure(message, {
    type: "validation",
    code: "STORAGE_CONFIG_INVALID",
    hint: "Fix the storage configuration.",
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
