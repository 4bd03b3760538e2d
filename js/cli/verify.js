// `unentropy verify`: says everything that is wrong with a configuration, or that nothing is.

import path from "node:path";
import { Failure } from "../failure.js";
import { DEFAULT_FILE, loadConfig } from "../run/config.js";
import { plural } from "../shown.js";
import { showWarnings } from "./shared.js";

/**
 * Runs `unentropy verify`.
 *
 * @param {import("./types.js").Invocation} invocation
 * @returns {Promise<Failure | undefined>}
 */
export async function verify({ values, positionals, terminal, cwd, print }) {
  if (positionals[0] !== undefined && values.config !== undefined) {
    throw new Failure("the configuration is named twice, as an argument and with `--config`", {
      type: "validation",
      code: "USAGE_INVALID",
      hint: "Name it once.",
    });
  }
  const file = positionals[0] ?? values.config;
  const absolute = path.resolve(cwd, file ?? DEFAULT_FILE);
  try {
    const loaded = loadConfig(file, cwd);
    const { metrics } = loaded.config;
    const groups = loaded.config.groups.map(({ id, forEach }) => ({
      group: id,
      // What a command gives is known once it has run.
      metrics: forEach.length > 0 ? metrics.filter(({ group }) => group === id).length : null,
    }));
    const count = metrics.filter(({ group }) => group === null).length;
    if (values.json) {
      print(
        `${JSON.stringify({ valid: true, file: absolute, metrics: count, groups, errors: [], warnings: loaded.warnings })}\n`,
      );
    } else {
      showWarnings(terminal, loaded);
      const lines = groups.map(({ group, metrics }) =>
        metrics === null
          ? `  ${group}: what its command gives\n`
          : `  ${group}: ${plural(metrics, "metric")}\n`,
      );
      const also = groups.length > 0 ? `, ${plural(groups.length, "group")}` : "";
      print(`${loaded.name}: ok, ${plural(count, "metric")}${also}\n${lines.join("")}`);
    }
    return undefined;
  } catch (error) {
    const failure = Failure.from(error);
    if (values.json) {
      print(
        `${JSON.stringify({ valid: false, file: absolute, errors: failure.diagnostics ?? [], warnings: failure.warnings, error: failure })}\n`,
      );
    }
    return failure;
  }
}
