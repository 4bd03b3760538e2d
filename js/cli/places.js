// Where a history is, as people write it in one word: a path, `s3://BUCKET/KEY` or `artifact://NAME`. The rest of what
// a place needs comes from flags, inputs and the environment.

import path from "node:path";
import { Failure } from "../failure.js";
import { checkName } from "../storage/artifact/names.js";
import { artifactConfig, s3Config } from "./storage.js";

/**
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
