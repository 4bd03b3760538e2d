// Where the command line keeps the history: flags, then the configuration, then a local file.

import path from "node:path";
import { closest } from "../engine.js";
import { Failure } from "../failure.js";
import { STORAGE_TYPES } from "../storage/factory.js";

/** The history's file where nothing else is said. */
export const DEFAULT_DATABASE = "unentropy.db";

/**
 * @param {Record<string, any>} values flags
 * @param {import("../types.js").LoadedConfig | undefined} loaded
 * @param {string} cwd
 * @returns {import("../types.js").StorageProviderConfig}
 */
export function storageConfig(values, loaded, cwd) {
  const config = loaded?.config;
  const type =
    values.storage ??
    (values.db === undefined && config?.storage.typeGiven ? config.storage.type : undefined) ??
    "sqlite-local";
  if (!STORAGE_TYPES.includes(type)) {
    const close = closest(type, [...STORAGE_TYPES]);
    throw new Failure(
      `\`--storage\` is \`${type}\`, expected one of ${STORAGE_TYPES.map((name) => `\`${name}\``).join(", ")}`,
      {
        type: "validation",
        code: "USAGE_INVALID",
        hint: close ? `Did you mean \`${close}\`?` : "",
      },
    );
  }
  if (type !== "sqlite-local") return { type };
  if (values.db === undefined && loaded && config?.storage.path != null) {
    return { type, path: path.resolve(loaded.directory, config.storage.path) };
  }
  return { type, path: path.resolve(cwd, values.db ?? DEFAULT_DATABASE) };
}
