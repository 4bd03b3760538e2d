// What a step is to do: its inputs, the configuration and the event, checked together before anything is asked of a
// network, so that one run tells everything that is wrong.

import path from "node:path";
import { placeConfig } from "../cli/places.js";
import { storageConfig } from "../cli/storage.js";
import { loadConfig } from "../config.js";
import { Failure } from "../failure.js";
import { createStorageProvider } from "../storage/factory.js";
import { readInputs } from "./inputs.js";

/** @import { LoadedConfig, StorageProviderConfig } from "../types.js" */
/** @import { Inputs } from "./inputs.js" */

/**
 * @typedef {object} Settings
 * @property {Inputs} inputs
 * @property {LoadedConfig} loaded
 * @property {"track" | "gate"} mode
 * @property {StorageProviderConfig} storage
 * @property {StorageProviderConfig} [seed] whose history a new one begins with
 * @property {string} storageType as users name it
 * @property {string} reportDirectory absolute
 * @property {Failure[]} warnings
 */

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string} cwd the workspace
 * @param {{warn: (text: string) => void, line: (text: string) => void}} terminal
 * @returns {Promise<Settings>}
 * @throws {Failure} of type `validation`: one that tells all problems
 */
export async function settle(env, cwd, terminal) {
  const { inputs, problems, unknown } = readInputs(env);
  for (const text of unknown) terminal.warn(text);
  const failures = problems.length > 0 ? [invalid(problems)] : [];
  const attempt = collector(failures);
  const mode = await attempt(() => modeOf(inputs, env));
  const loaded = await attempt(() => loadConfig(inputs["config-file"], cwd, "config-file"));
  // What is wrong with the storage depends on inputs and configuration: where they are wrong already, it would be
  // told of values that nobody gave.
  const places =
    loaded && problems.length === 0
      ? await attempt(() => placesOf(inputs, loaded, cwd, terminal))
      : undefined;
  if (places && mode === "track") {
    for (const place of [places.storage, places.seed]) {
      // A provider is made and thrown away: that reads nothing, and checks all there is to check.
      if (place) await attempt(() => createStorageProvider(place, { env }));
    }
  }
  if (failures.length > 0 || !mode || !loaded || !places) throw together(failures);
  return {
    inputs,
    loaded,
    mode,
    ...places,
    reportDirectory: path.resolve(cwd, inputs["report-dir"]),
  };
}

/**
 * A pull request's workflow runs on what its author wrote, and `pull_request_target` runs with the repository's own
 * secrets: where both meet, somebody has to have decided that the code may see them.
 * @param {Inputs} inputs
 * @param {NodeJS.ProcessEnv} env
 * @returns {"track" | "gate"}
 */
function modeOf({ mode, "measurements-file": measurements }, env) {
  if (mode === "track" || mode === "gate") return mode;
  if (measurements !== undefined) return "gate";
  if (env.GITHUB_EVENT_NAME === "pull_request_target") {
    throw new Failure(
      "`mode` is `auto` and the event is `pull_request_target`, which runs with the repository's secrets",
      {
        type: "validation",
        code: "EVENT_UNSAFE",
        hint: "Run on `pull_request`, which is safe for forks. Only where the step cannot run a stranger's code (what is checked out, and what the metrics' commands run, is yours), name the `mode`.",
      },
    );
  }
  return env.GITHUB_EVENT_NAME === "pull_request" ? "gate" : "track";
}

/** Inputs that have another name than their flag. @type {Record<string, string>} */
const INPUTS = { storage: "storage-type", db: "database-path" };

/** How a message names an input. @param {string} name */
const asInput = (name) => INPUTS[name] ?? name;

/**
 * @param {Inputs} inputs
 * @param {LoadedConfig} loaded
 * @param {string} cwd
 * @param {{line: (text: string) => void}} terminal
 */
function placesOf(inputs, loaded, cwd, terminal) {
  const storageType = inputs["storage-type"] ?? loaded.config.storage.type;
  /** @type {Failure[]} */
  const warnings = [];
  const storage = storageConfig(
    { ...inputs, storage: storageType, db: inputs["database-path"] },
    loaded,
    cwd,
    {
      line: (text) => terminal.line(text),
      warn: (message, hint) =>
        warnings.push(new Failure(message, { type: "storage", code: "HISTORY_BESIDE", hint })),
      spelled: asInput,
    },
  );
  const from = inputs["seed-from"];
  // `database-key` names this history, not that one.
  const others = { ...inputs, "database-key": undefined };
  const seed = from && placeConfig(from, others, loaded, cwd, { option: "seed-from", spelled: asInput });
  return { storageType, storage, warnings, ...(seed && { seed }) };
}

/** @param {string[]} problems */
function invalid(problems) {
  return new Failure(problems.join("; "), {
    type: "validation",
    code: "INPUTS_INVALID",
    hint: "Correct the inputs of the step in the workflow file.",
  });
}

/**
 * Runs checks and keeps what they throw.
 * @param {Failure[]} failures
 * @returns {<T>(check: () => T | Promise<T>) => Promise<T | undefined>}
 */
function collector(failures) {
  return async (check) => {
    try {
      return await check();
    } catch (thrown) {
      failures.push(Failure.from(thrown));
      return undefined;
    }
  };
}

/** One failure that tells all of several; its code is the first one's. @param {Failure[]} failures */
function together(failures) {
  const [first] = failures;
  if (failures.length === 1) return first;
  return new Failure(failures.map(({ message }) => message).join("; "), {
    type: first.type,
    code: first.code,
    hint: [...new Set(failures.map(({ hint }) => hint).filter(Boolean))].join(" "),
    diagnostics: failures.flatMap(({ diagnostics = [] }) => diagnostics),
  });
}
