// What a step is to do: its inputs, the configuration and the event, checked together before anything is asked of a
// network, so that one run reports everything that is wrong.

import path from "node:path";
import { automatic, notRecorded, readEvent, withheldSecrets } from "../ci/event.js";
import { Failure } from "../failure.js";
import { configWarning, loadConfig } from "../run/config.js";
import { AS_INPUTS } from "../spelling.js";
import { createStorageProvider, lacksCredentials } from "../storage/factory.js";
import { placeConfig, SILENT, storageConfig } from "../storage/location.js";
import { INPUTS, readInputs } from "./inputs.js";

/** @import { LoadedConfig } from "../engine/engine.js" */
/** @import { StorageProviderConfig } from "../storage/contract.js" */
/** @import { StoragePlan } from "../storage/types.js" */
/** @import { InputName, Inputs } from "./inputs.js" */

/**
 * A step that does nothing.
 *
 * @typedef {object} NothingToDo
 * @property {Inputs} inputs
 * @property {"nothing"} mode
 * @property {string} [why] where nothing should be recorded
 * @property {Failure} [withheld] why a build is not recorded that should be
 * @property {LoadedConfig} [loaded]
 * @property {string} [storageType] as users name it, where that is known
 *
 * @typedef {object} Settings
 * @property {Inputs} inputs
 * @property {LoadedConfig} loaded
 * @property {"track" | "gate"} mode
 * @property {StoragePlan} plan where the history is, as far as the inputs say
 * @property {StorageProviderConfig} [storage] where the build is recorded; a change's own configuration does not say
 *   where the history is that it is compared with
 * @property {string} [storageType] as users name it, where that is known
 * @property {StorageProviderConfig} [seed] whose history a new one starts with
 * @property {string} reportDirectory absolute
 */

/**
 * Reads and checks everything that a step is given, and reports all problems at once.
 *
 * @param {NodeJS.ProcessEnv} env
 * @param {string} cwd the workspace
 * @param {{warn: (text: string, hint?: string) => void, line: (text: string) => void}} terminal
 * @param {(warning: Failure) => void} warn hears of what is no problem by itself, also where there are problems
 * @returns {Promise<Settings | NothingToDo>}
 * @throws {Failure} of type `validation`: one that lists all problems
 */
export async function settle(env, cwd, terminal, warn) {
  const { inputs, problems, unknown } = readInputs(env);
  for (const text of unknown) terminal.warn(text);
  const failures = problems.length > 0 ? [invalid(problems)] : [];
  const attempt = collector(failures);
  const event = readEvent(env);
  const decided = await attempt(() => modeOf(inputs, event));
  if (decided?.mode === "nothing" && failures.length === 0) {
    // Such a run may have checked out nothing.
    return { inputs, ...decided, storageType: inputs["storage-type"] };
  }
  const mode = decided?.mode;
  const loaded = await attempt(() => loadConfig(inputs["config-file"], cwd, "config-file"));
  const found = loaded?.warnings ?? failures.flatMap(({ warnings }) => warnings);
  for (const warning of found.map(configWarning)) {
    terminal.warn(warning.message, warning.hint);
    warn(warning);
  }
  // What is wrong with the storage depends on inputs and configuration: where they are wrong already, it would be
  // given problems with values that no one gave.
  const places =
    loaded && mode && problems.length === 0
      ? await attempt(() => placesOf(inputs, mode === "track" ? loaded : undefined, cwd, terminal, warn))
      : undefined;
  /** @type {Failure | null} */
  let withheld = null;
  if (places && mode === "track") {
    for (const place of [places.storage, places.seed]) {
      if (!place) continue;
      try {
        // A provider is made and thrown away: that reads nothing, and checks all there is to check.
        await createStorageProvider(place, { env });
      } catch (thrown) {
        const failure = Failure.from(thrown);
        const reason = withheldSecrets(event);
        if (reason !== null && lacksCredentials(failure)) withheld ??= notRecorded(reason, failure);
        else failures.push(failure);
      }
    }
  }
  if (withheld && loaded && places && failures.length === 0) {
    warn(withheld);
    return { inputs, loaded, mode: "nothing", withheld, storageType: places.storageType };
  }
  if (failures.length > 0 || !mode || mode === "nothing" || !loaded || !places) throw together(failures);
  return {
    inputs,
    loaded,
    mode,
    ...places,
    reportDirectory: path.resolve(cwd, inputs["report-dir"]),
  };
}

/**
 * @param {Inputs} inputs
 * @param {import("../ci/event.js").GitHubEvent} event
 * @returns {ReturnType<typeof automatic>}
 */
function modeOf({ mode, "measurements-file": measurements }, event) {
  if (mode === "track" || mode === "gate") return { mode };
  return automatic(event, { measured: measurements !== undefined });
}

/** What was given, by the options' names. @param {Inputs} inputs @returns {Record<string, any>} */
const byOption = (inputs) =>
  Object.fromEntries(INPUTS.map(({ name, input }) => [name, inputs[/** @type {InputName} */ (input.name)]]));

/**
 * @param {Inputs} inputs
 * @param {LoadedConfig | undefined} loaded the configuration, where it says what the inputs leave open
 * @param {string} cwd
 * @param {{line: (text: string) => void}} terminal
 * @param {(warning: Failure) => void} warn
 */
function placesOf(inputs, loaded, cwd, terminal, warn) {
  const saying = {
    line: (/** @type {string} */ text) => terminal.line(text),
    warn: (/** @type {string} */ message, /** @type {string} */ hint) =>
      warn(new Failure(message, { type: "storage", code: "HISTORY_BESIDE", hint })),
  };
  const given = inputs["storage-type"];
  const values = byOption(inputs);
  /** @type {StoragePlan} */
  const plan = {
    given: given !== undefined,
    from: (said, silent = false) => {
      const storage = given ?? said?.config.storage.type ?? "sqlite-artifact";
      return storageConfig({ ...values, storage }, said, cwd, {
        ...(silent ? SILENT : saying),
        spelling: AS_INPUTS,
      });
    },
  };
  const storage = plan.from(loaded, loaded === undefined);
  const from = inputs["seed-from"];
  // `database-key` names this history, not that one.
  const others = { ...values, "database-key": undefined };
  const seed = from && placeConfig(from, others, loaded, cwd, { option: "seed-from", spelling: AS_INPUTS });
  return { plan, ...(loaded && { storage, storageType: storage.type }), ...(seed && { seed }) };
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

/** One failure that lists all of several; its code is the first one's. @param {Failure[]} failures */
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
