// Where the command line and the action keep the history: flags or inputs, then the configuration, then a default.

import fs from "node:fs";
import path from "node:path";
import { closest } from "../engine/engine.js";
import { Failure } from "../failure.js";
import { checkName } from "./artifact/names.js";
import { CHOICES, STORAGE_TYPES } from "./factory.js";
import { backupOf } from "./local/copies.js";

/** The history's file where nothing else is said. */
export const DEFAULT_DATABASE = "unentropy.db";
/** The history's key in a bucket where nothing else is said, and the TypeScript tool's file on this machine. */
export const DEFAULT_KEY = "unentropy-metrics.db";

/** How a message names what was given as a flag. @param {string} name */
const asFlag = (name) => `--${name}`;

/**
 * @typedef {object} Saying
 * @property {(text: string) => void} line
 * @property {(message: string, hint: string) => void} warn
 * @property {(name: string) => string} [spelled] how the user wrote a name, for messages; as a flag unless given
 * @property {string} [other] the absolute path of a file that is not meant, such as one that builds are taken from
 */

/** Where only the kind of storage is asked for. @type {Saying} */
export const SILENT = { line: () => {}, warn: () => {} };

/**
 * @param {Record<string, any>} values flags
 * @param {import("../types.js").LoadedConfig | undefined} loaded
 * @param {string} cwd
 * @param {Saying} saying told which file was chosen where no option names it
 * @returns {import("../types.js").StorageProviderConfig}
 */
export function storageConfig(values, loaded, cwd, saying) {
  const { spelled = asFlag } = saying;
  const config = loaded?.config;
  const type =
    values.storage ??
    (values.db === undefined && config?.storage.typeGiven ? config.storage.type : undefined) ??
    "sqlite-local";
  if (!STORAGE_TYPES.includes(type)) {
    const close = closest(type, [...STORAGE_TYPES]);
    throw new Failure(
      `\`${spelled("storage")}\` is \`${type}\`, expected one of ${STORAGE_TYPES.map((name) => `\`${name}\``).join(", ")}`,
      {
        type: "validation",
        code: "USAGE_INVALID",
        hint: close ? `Did you mean \`${close}\`?` : "",
      },
    );
  }
  if (type === "sqlite-s3") return { type, ...s3Config(values, config?.storage.s3) };
  if (type === "sqlite-artifact") {
    const artifact = artifactConfig(values, config?.storage.artifact, spelled);
    if (artifact.artifactTransfer !== "manual") return { type, ...artifact };
    return { type, ...artifact, ...historyFile(values, loaded, cwd, saying) };
  }
  if (type !== "sqlite-local") return { type };
  return { type, ...historyFile(values, loaded, cwd, saying), ...repairs(values) };
}

/**
 * Where flags say that the history is, for whoever does not know yet which configuration says the rest.
 *
 * @param {Record<string, any>} values flags
 * @param {string} cwd
 * @param {Saying} saying as for {@link storageConfig}
 * @returns {import("../types.js").StoragePlan}
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
 * @param {import("../types.js").LoadedConfig | undefined} loaded
 * @param {string} cwd
 * @param {Saying} saying
 * @returns {Pick<import("../types.js").StorageProviderConfig, "path" | "pathOption">}
 */
function historyFile(values, loaded, cwd, saying) {
  const { spelled = asFlag, other } = saying;
  const { db, "database-key": key } = values;
  if (db !== undefined)
    return { path: path.resolve(cwd, db), pathOption: `\`${spelled("db")}\` is \`${db}\`` };
  const configured = loaded?.config.storage.path;
  if (loaded && configured != null) {
    const pathOption = `\`storage.path\` of \`${loaded.name}\` is \`${configured}\``;
    return { path: path.resolve(loaded.directory, configured), pathOption };
  }
  const usable = (/** @type {string} */ name) =>
    path.resolve(cwd, name) !== other && fs.existsSync(path.resolve(cwd, name));
  const [own, theirs] = [DEFAULT_DATABASE, DEFAULT_KEY];
  const remedy = `Name the file by \`${spelled("db")}\`. \`unentropy merge INTO FROM\` adds the builds of one to another.`;
  if (key !== undefined) {
    const beside = usable(key) ? undefined : [own, theirs].find((name) => name !== key && usable(name));
    if (beside !== undefined) {
      saying.warn(
        `there is no history in \`${key}\`, which \`${spelled("database-key")}\` names, but one in \`${beside}\``,
        remedy,
      );
    }
    return { path: path.resolve(cwd, key), pathOption: `\`${spelled("database-key")}\` is \`${key}\`` };
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
 * come from the environment there: a command line can be read by everybody on the machine.
 *
 * @param {Record<string, any>} values
 * @param {import("../types.js").Config["storage"]["s3"]} [defaults]
 */
export function s3Config(values, defaults) {
  if (values["s3-key"] !== undefined && values["database-key"] !== undefined) {
    throw new Failure("the history's key is named twice, by `--s3-key` and by `--database-key`", {
      type: "validation",
      code: "USAGE_INVALID",
      hint: "Name it once.",
    });
  }
  return {
    s3Endpoint: values["s3-endpoint"] ?? defaults?.endpoint ?? undefined,
    s3Bucket: values["s3-bucket"] ?? defaults?.bucket ?? undefined,
    s3Region: values["s3-region"] ?? defaults?.region ?? undefined,
    s3Key: values["s3-key"] ?? values["database-key"] ?? defaults?.key ?? DEFAULT_KEY,
    s3Addressing: values["s3-addressing"],
    s3AllowHttp: values["s3-allow-http"],
    s3AccessKeyId: values["s3-access-key-id"],
    s3SecretAccessKey: values["s3-secret-access-key"],
    s3SessionToken: values["s3-session-token"],
    s3Sse: values["s3-sse"],
    s3SseKmsKeyId: values["s3-sse-kms-key-id"],
    s3Timeout: values["s3-timeout"],
    retryAttempts: values["retry-attempts"],
    ...repairs(values),
  };
}

/**
 * What to do about a history that is damaged or gone.
 *
 * @param {Record<string, any>} values flags, or inputs that are checked already
 * @returns {Pick<import("../types.js").StorageProviderConfig, "onCorrupt" | "onMissing">}
 * @throws {Failure} `USAGE_INVALID`
 */
function repairs(values) {
  for (const [name, choices] of Object.entries({
    "on-corrupt": CHOICES.onCorrupt,
    "on-missing": CHOICES.onMissing,
  })) {
    const value = values[name];
    if (value === undefined || choices.includes(value)) continue;
    const close = closest(value, [...choices]);
    throw new Failure(
      `\`--${name}\` is \`${value}\`, expected one of ${choices.map((choice) => `\`${choice}\``).join(", ")}`,
      { type: "validation", code: "USAGE_INVALID", hint: close ? `Did you mean \`${close}\`?` : "" },
    );
  }
  return { onCorrupt: values["on-corrupt"], onMissing: values["on-missing"] };
}

/**
 * What flags, or the action's inputs of the same names, say of a history in artifacts, then the configuration. The
 * token comes from the environment unless the action passes its own: a command line can be read by everybody on the
 * machine.
 *
 * @param {Record<string, any>} values
 * @param {import("../types.js").Config["storage"]["artifact"]} [defaults]
 * @param {(name: string) => string} [spelled] as for `storageConfig`
 */
export function artifactConfig(values, defaults, spelled = asFlag) {
  const { "artifact-name": name, "database-key": entry } = values;
  if (values["artifact-transfer"] !== "manual") {
    if (name !== undefined) checkName(`\`${spelled("artifact-name")}\``, name, "artifact");
    else if (defaults?.name != null) checkName("`storage.artifact.name`", defaults.name, "artifact");
    if (entry !== undefined) checkName(`\`${spelled("database-key")}\``, entry, "file");
  }
  return {
    artifactName: name ?? defaults?.name ?? undefined,
    artifactBranchFilter: values["artifact-branch-filter"] ?? defaults?.branchFilter ?? undefined,
    artifactEntry: entry,
    artifactTransfer: values["artifact-transfer"],
    repository: values.repository,
    githubToken: values["github-token"],
    retryAttempts: values["retry-attempts"],
    ...repairs(values),
  };
}

/**
 * Where a history is, as people write it in one word: a path, `s3://BUCKET/KEY` or `artifact://NAME`. The rest of what a
 * location needs comes from flags, inputs and the environment.
 *
 * @param {string} text
 * @param {Record<string, any>} values flags, or inputs of the same names
 * @param {import("../types.js").LoadedConfig | undefined} loaded
 * @param {string} cwd
 * @param {{option: string, spelled?: (name: string) => string}} named what the caller calls the text, and how the user
 *   wrote other names, for messages; as flags unless given
 * @returns {import("../types.js").StorageProviderConfig}
 * @throws {Failure} `USAGE_INVALID`, `STORAGE_CONFIG_INVALID`
 */
export function placeConfig(text, values, loaded, cwd, { option, spelled }) {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(text)?.[1].toLowerCase();
  const given = `\`${option}\` is \`${text}\``;
  if (scheme === undefined) {
    const { "on-corrupt": onCorrupt, "on-missing": onMissing } = values;
    return { type: "sqlite-local", path: path.resolve(cwd, text), pathOption: given, onCorrupt, onMissing };
  }
  // The fragment is the id that locations end in; the newest one is used.
  const rest = text.slice(scheme.length + 3).replace(/#\d+$/, "");
  if (scheme === "artifact" && rest !== "") {
    checkName(`the artifact of \`${text}\``, rest, "artifact");
    const named = { ...values, "artifact-name": rest };
    return { type: "sqlite-artifact", ...artifactConfig(named, loaded?.config.storage.artifact, spelled) };
  }
  const [, bucket, key] = /^([^/]+)\/(.+)$/.exec(rest) ?? [];
  if (scheme === "s3" && bucket) {
    const named = { ...values, "s3-bucket": bucket, "s3-key": key, "database-key": undefined };
    return { type: "sqlite-s3", ...s3Config(named, loaded?.config.storage.s3) };
  }
  throw new Failure(`${given}, expected a path, \`s3://BUCKET/KEY\` or \`artifact://NAME\``, {
    type: "validation",
    code: "USAGE_INVALID",
    hint: "A path may not begin with a scheme.",
  });
}
