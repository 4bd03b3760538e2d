// Where the command line keeps the history: flags, then the configuration, then a local file.

import path from "node:path";
import { closest } from "../engine.js";
import { Failure } from "../failure.js";

/** The history's file where nothing else is said. */
export const DEFAULT_DATABASE = "unentropy.db";

const TYPES = ["sqlite-local", "sqlite-artifact", "sqlite-s3", "postgres"];

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
  if (!TYPES.includes(type)) {
    const close = closest(type, TYPES);
    throw new Failure(
      `\`--storage\` is \`${type}\`, expected one of ${TYPES.map((name) => `\`${name}\``).join(", ")}`,
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
