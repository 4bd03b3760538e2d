// `unentropy collect`: one collector by hand; its bare number on standard output.

import fs from "node:fs";
import path from "node:path";
import { Measurements } from "../collect/measure.js";
import { planCollectWords, readMeasured } from "../engine/engine.js";
import { DEFAULT_FILE, loadConfig } from "../run/config.js";
import { historyOf, showWarnings } from "./shared.js";

/**
 * Runs `unentropy collect`.
 *
 * @param {import("./types.js").Invocation} invocation
 * @returns {Promise<undefined>}
 */
export async function collect({ values, positionals, terminal, cwd, print }) {
  const plan = planCollectWords(positionals);
  // Paths on a command line are relative to where it is typed; `sources` are the configuration's.
  const wanted = values.config !== undefined || fs.existsSync(path.resolve(cwd, DEFAULT_FILE));
  const loaded = wanted ? loadConfig(values.config, cwd) : undefined;
  const sourcesApply = loaded !== undefined && path.relative(loaded.directory, cwd) === "";
  if (loaded) showWarnings(terminal, loaded);
  const measurements = new Measurements({
    directory: cwd,
    sources: sourcesApply ? loaded.config.sources : [],
    own: { histories: [historyOf(loaded)] },
    warn: ({ message, hint }) => terminal.warn(message, hint),
  });
  try {
    const value = await measurements.measure(plan);
    print(
      values.json
        ? `${JSON.stringify({ collector: plan.collector, value: numeric(value) })}\n`
        : `${value}\n`,
    );
  } finally {
    measurements.free();
  }
  return undefined;
}

/**
 * A number where a text is one, as a numeric metric reads it.
 * @param {number | string} value
 */
function numeric(value) {
  if (typeof value === "number") return value;
  const [reading] = readMeasured([{ type: "numeric", output: value }]);
  return reading.status === "ok" ? reading.value : value;
}
