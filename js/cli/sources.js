// `unentropy sources`: the files that the configuration's `sources` select, one a line.

import { sourceUnmatched } from "../collect/measure.js";
import { Failure } from "../failure.js";
import { expand } from "../files/globs.js";
import { OwnFiles } from "../files/own.js";
import { loadConfig } from "../run/config.js";
import { shownName } from "../shown.js";
import { historyOf, showWarnings } from "./shared.js";

/**
 * Runs `unentropy sources`.
 *
 * @param {import("./types.js").Invocation} invocation
 * @returns {Promise<undefined>}
 */
export async function sources({ values, terminal, cwd, print }) {
  const loaded = loadConfig(values.config, cwd);
  showWarnings(terminal, loaded);
  const patterns = loaded.config.sources.length > 0 ? loaded.config.sources : ["."];
  const own = new OwnFiles({ histories: [historyOf(loaded)] });
  const {
    files: names,
    unmatched,
    idle,
  } = expand(patterns, {
    cwd: loaded.directory,
    ignoreFiles: true,
    lenient: true,
    leaveOut: (real) => own.has(real),
    warn: ({ message, hint }) => terminal.warn(message, hint),
  });
  for (const { message, hint } of unmatched.map(sourceUnmatched)) terminal.warn(message, hint);
  for (const pattern of idle) terminal.warn(`\`${pattern}\` of \`sources\` leaves no file out`);
  if (names.length === 0) {
    throw new Failure("`sources` matches no file", {
      type: "collection",
      code: "COLLECTOR_NOTHING",
      hint: `Patterns are relative to \`${loaded.directory}\`; files that .gitignore names do not count.`,
    });
  }
  print(
    values.json
      ? `${JSON.stringify({ sources: patterns, files: names })}\n`
      : `${names.map(shownName).join("\n")}\n`,
  );
  return undefined;
}
