// Where the command line and the action keep the history: flags or inputs, then the configuration, then a default.

import fs from "node:fs";
import path from "node:path";
import { closest } from "../engine/engine.js";
import { Failure } from "../failure.js";
import { DEFAULT_DATABASE, DEFAULT_KEY, ROWS } from "../options.js";
import { AS_FLAGS, optionOf, withoutCredentials } from "../spelling.js";
import { checkName } from "./artifact/names.js";
import { backupOf } from "./local/copies.js";

/** @import { Option, OptionName } from "../options.js" */
/** @import { Spelling } from "../spelling.js" */
/** @import { Config } from "../engine/types.js" */
/** @import { StorageProviderConfig } from "./contract.js" */

/**
 * @typedef {object} Saying
 * @property {(text: string) => void} line
 * @property {(message: string, hint: string) => void} warn
 * @property {Spelling} [spelling] how the user wrote an option, for messages; as a flag unless given
 * @property {string} [other] the absolute path of a file that is not meant, such as one that builds are taken from
 */

/** Where only the kind of storage is asked for. @type {Saying} */
export const SILENT = { line: () => {}, warn: () => {} };

/**
 * Where the history is and how it is reached: what flags or inputs say, else the configuration, else a default.
 *
 * @param {Record<string, any>} values what flags or inputs say, by the options' names
 * @param {import("../engine/engine.js").LoadedConfig | undefined} loaded
 * @param {string} cwd
 * @param {Saying} saying reports which file was chosen where no option names it
 * @returns {StorageProviderConfig}
 */
export function storageConfig(values, loaded, cwd, saying) {
  const { spelling = AS_FLAGS } = saying;
  const config = loaded?.config;
  const type =
    values.storage ??
    (values.db === undefined && config?.storage.typeGiven ? config.storage.type : undefined) ??
    "sqlite-local";
  checkChoice("storage", type, spelling);
  if (type === "sqlite-s3") return { type, ...s3Config(values, config?.storage, spelling) };
  if (type === "sqlite-artifact") {
    const artifact = artifactConfig(values, config?.storage, spelling);
    if (artifact.artifactTransfer !== "manual") return { type, ...artifact };
    return { type, ...artifact, ...historyFile(values, loaded, cwd, saying) };
  }
  if (type !== "sqlite-local") return { type, spelling };
  return {
    type,
    ...given("sqlite-local", values, undefined, spelling),
    ...historyFile(values, loaded, cwd, saying),
  };
}

/**
 * What is said of one type's options: by flags or inputs, then by the configuration.
 *
 * @param {StorageProviderConfig["type"]} type
 * @param {Record<string, any>} values by the options' names
 * @param {Config["storage"] | undefined} storage the configuration's
 * @param {Spelling} spelling
 * @returns {Omit<StorageProviderConfig, "type">}
 * @throws {Failure} `USAGE_INVALID`
 */
function given(type, values, storage, spelling) {
  for (const name of /** @type {const} */ (["on-corrupt", "on-missing"])) {
    if (values[name] !== undefined) checkChoice(name, values[name], spelling);
  }
  /** @type {string[]} */
  const configured = [];
  const properties = ROWS.flatMap(({ name, providers = [], property, key }) => {
    if (!property || property.required || !(property.providers ?? providers).includes(type)) return [];
    const set = key && values[name] === undefined ? settingAt(storage, key.path) : undefined;
    if (set != null) configured.push(name);
    return [[property.name, values[name] ?? set ?? undefined]];
  });
  return { ...Object.fromEntries(properties), spelling: spelling.configuredBy(configured) };
}

/** A setting of `storage`. @param {Config["storage"] | undefined} storage @param {string} path with `storage.` before it */
function settingAt(storage, path) {
  return path
    .split(".")
    .slice(1)
    .reduce((/** @type {any} */ part, name) => part?.[name], storage);
}

/**
 * @param {OptionName} name
 * @param {string} value
 * @param {Spelling} spelling
 * @throws {Failure} `USAGE_INVALID`
 */
function checkChoice(name, value, spelling) {
  const { choices = [] } = optionOf(name);
  if (choices.includes(value)) return;
  const close = closest(value, [...choices]);
  const listed = choices.map((choice) => `\`${choice}\``).join(", ");
  throw new Failure(
    `\`${spelling.name(name)}\` is \`${withoutCredentials(value)}\`, expected one of ${listed}`,
    { type: "validation", code: "USAGE_INVALID", hint: close ? `Did you mean \`${close}\`?` : "" },
  );
}

/**
 * Where flags say that the history is, before it is known which configuration says the rest.
 *
 * @param {Record<string, any>} values flags
 * @param {string} cwd
 * @param {Saying} saying as for {@link storageConfig}
 * @returns {import("./types.js").StoragePlan}
 * @throws {Failure} what is wrong with the flags by themselves
 */
export function storagePlan(values, cwd, saying) {
  storageConfig(values, undefined, cwd, SILENT);
  return {
    given: values.storage !== undefined || values.db !== undefined,
    from: (loaded, silent = false) => storageConfig(values, loaded, cwd, silent ? SILENT : saying),
  };
}

/**
 * The file of a history on this machine. A path that is given names it, then the key. Where neither is given it is
 * `unentropy.db`, unless there is none and there is the file that the TypeScript tool keeps: that one is continued.
 *
 * @param {Record<string, any>} values
 * @param {import("../engine/engine.js").LoadedConfig | undefined} loaded
 * @param {string} cwd
 * @param {Saying} saying
 * @returns {Pick<StorageProviderConfig, "path" | "pathOption">}
 */
function historyFile(values, loaded, cwd, saying) {
  const { spelling = AS_FLAGS, other } = saying;
  const { db, "database-key": key } = values;
  if (db !== undefined)
    return { path: path.resolve(cwd, db), pathOption: `\`${spelling.name("db")}\` is \`${db}\`` };
  const configured = loaded?.config.storage.path;
  if (loaded && configured != null) {
    const pathOption = `\`storage.path\` of \`${loaded.name}\` is \`${configured}\``;
    return { path: path.resolve(loaded.directory, configured), pathOption };
  }
  const usable = (/** @type {string} */ name) =>
    path.resolve(cwd, name) !== other && fs.existsSync(path.resolve(cwd, name));
  const [own, theirs] = [DEFAULT_DATABASE, DEFAULT_KEY];
  const remedy = `Name the file by \`${spelling.name("db")}\`. \`unentropy merge INTO FROM\` adds the builds of one to another.`;
  if (key !== undefined) {
    const beside = usable(key) ? undefined : [own, theirs].find((name) => name !== key && usable(name));
    if (beside !== undefined) {
      saying.warn(
        `there is no history in \`${key}\`, which \`${spelling.name("database-key")}\` names, but one in \`${beside}\``,
        remedy,
      );
    }
    return { path: path.resolve(cwd, key), pathOption: `\`${spelling.name("database-key")}\` is \`${key}\`` };
  }
  // Where ours is gone that is to be found out, and not passed over.
  const gone = !usable(own) && fs.existsSync(backupOf(path.resolve(cwd, own)));
  if (gone || !usable(theirs)) return { path: path.resolve(cwd, own) };
  if (usable(own)) {
    saying.warn(`the history is \`${own}\`; \`${theirs}\` beside it is not used`, remedy);
    return { path: path.resolve(cwd, own) };
  }
  saying.line(`the history is \`${theirs}\`: there is no \`${own}\`, and no option names a file`);
  return { path: path.resolve(cwd, theirs) };
}

/**
 * What flags or the action's inputs say of an S3 store, then the configuration. No flag is for credentials, which
 * come from the environment there: a command line can be read by everyone on the machine.
 *
 * @param {Record<string, any>} values
 * @param {Config["storage"] | undefined} storage
 * @param {Spelling} spelling
 */
function s3Config(values, storage, spelling) {
  const { "s3-key": own, "database-key": key } = values;
  if (own !== undefined && key !== undefined) {
    throw new Failure("the history's key is named twice, by `--s3-key` and by `--database-key`", {
      type: "validation",
      code: "USAGE_INVALID",
      hint: "Name it once.",
    });
  }
  const said = given("sqlite-s3", { ...values, "s3-key": own ?? key }, storage, spelling);
  return { ...said, s3Key: said.s3Key ?? DEFAULT_KEY };
}

/**
 * What flags, or the action's inputs, say of a history in artifacts, then the configuration. The token comes from the
 * environment unless the action passes its own: a command line can be read by everyone on the machine.
 *
 * @param {Record<string, any>} values
 * @param {Config["storage"] | undefined} storage
 * @param {Spelling} spelling
 */
function artifactConfig(values, storage, spelling) {
  const said = given("sqlite-artifact", values, storage, spelling);
  if (said.artifactTransfer !== "manual") {
    const { artifactName: name, artifactEntry: entry, spelling: names } = said;
    if (name !== undefined) checkName(`\`${(names ?? spelling).name("artifact-name")}\``, name, "artifact");
    if (entry !== undefined) checkName(`\`${spelling.name("database-key")}\``, entry, "file");
  }
  return said;
}

/**
 * Where a history is, as people write it in one word: a path, `s3://BUCKET/KEY` or `artifact://NAME`. The rest of what a
 * location needs comes from flags, inputs and the environment.
 *
 * @param {string} text
 * @param {Record<string, any>} values what flags or inputs say, by the options' names
 * @param {import("../engine/engine.js").LoadedConfig | undefined} loaded
 * @param {string} cwd
 * @param {{option: string, spelling?: Spelling}} named what the caller calls the text, and how the user wrote options,
 *   for messages; as flags unless given
 * @returns {StorageProviderConfig}
 * @throws {Failure} `USAGE_INVALID`, `STORAGE_CONFIG_INVALID`
 */
export function placeConfig(text, values, loaded, cwd, { option, spelling = AS_FLAGS }) {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(text)?.[1].toLowerCase();
  const is = `\`${option}\` is \`${withoutCredentials(text)}\``;
  if (scheme === undefined) {
    const said = given("sqlite-local", values, undefined, spelling);
    return { type: "sqlite-local", ...said, path: path.resolve(cwd, text), pathOption: is };
  }
  const storage = loaded?.config.storage;
  // The fragment is the id that locations end in; the newest one is used.
  const rest = text.slice(scheme.length + 3).replace(/#\d+$/, "");
  const named = spelling.named({ "s3-bucket": option, "s3-key": option, "artifact-name": option });
  if (scheme === "artifact" && rest !== "") {
    checkName(`the artifact of \`${withoutCredentials(text)}\``, rest, "artifact");
    return {
      type: "sqlite-artifact",
      ...artifactConfig({ ...values, "artifact-name": rest }, storage, named),
    };
  }
  const [, bucket, key] = /^([^/:@]+)\/(.+)$/.exec(rest) ?? [];
  if (scheme === "s3" && bucket) {
    const at = { ...values, "s3-bucket": bucket, "s3-key": key, "database-key": undefined };
    return { type: "sqlite-s3", ...s3Config(at, storage, named) };
  }
  throw new Failure(`${is}, expected a path, \`s3://BUCKET/KEY\` or \`artifact://NAME\``, {
    type: "validation",
    code: "USAGE_INVALID",
    hint: "A path may not begin with a scheme.",
  });
}
