// `unentropy sources`: the files that the configuration's `sources` stand for, one a line.

import { loadConfig } from "../config.js";
import { Failure } from "../failure.js";
import { expand } from "../files.js";
import { showWarnings } from "./shared.js";

/**
 * @param {import("../types.js").Invocation} invocation
 * @returns {Promise<undefined>}
 */
export async function sources({ values, terminal, cwd, print }) {
  const loaded = loadConfig(values.config, cwd);
  showWarnings(terminal, loaded);
  const patterns = loaded.config.sources.length > 0 ? loaded.config.sources : ["."];
  const { files: names, unmatched } = expand(patterns, { cwd: loaded.directory, ignoreFiles: true });
  for (const pattern of unmatched) terminal.warn(`\`${pattern}\` matches no file`);
  if (names.length === 0) {
    throw new Failure("`sources` matches no file", {
      type: "collection",
      code: "COLLECTOR_NOTHING",
      hint: `Patterns are relative to \`${loaded.directory}\`; files that .gitignore names do not count.`,
    });
  }
  print(values.json ? `${JSON.stringify({ sources: patterns, files: names })}\n` : `${names.join("\n")}\n`);
  return undefined;
}
