// `unentropy badge`: a metric's badge, its data for shields.io, or a trend image, from a
// history that it does not change.

import fs from "node:fs";
import path from "node:path";
import { defaultBranchOf } from "../ci/build.js";
import { Failure } from "../failure.js";
import { writeOutput } from "../files/output.js";
import { DEFAULT_FILE, loadConfig } from "../run/config.js";
import { shownPath } from "../run/report.js";
import { futureWarnings } from "../storage/future.js";
import { storageConfig } from "../storage/location.js";
import { Storage } from "../storage/storage.js";
import { agreedTime, givenTime, showWarnings } from "./shared.js";

const FORMATS = ["svg", "json"];

/**
 * Runs `unentropy badge`.
 *
 * @param {import("./types.js").Invocation} invocation
 * @returns {Promise<undefined>}
 */
export async function badge({ values, positionals, terminal, signal, cwd, env, now, print }) {
  const [metric] = positionals;
  if (metric === undefined) throw usage("`badge` needs a metric", "Write `unentropy badge METRIC`.");
  const format = values.format ?? "svg";
  if (!FORMATS.includes(format))
    throw usage(`\`--format\` is \`${format}\`, expected \`svg\` or \`json\``, "Leave it out for an SVG.");
  if (values.trend && format !== "svg")
    throw usage("`--trend` is an image, `--format json` is none", "Leave one of the two out.");
  const wanted = values.config !== undefined || fs.existsSync(path.resolve(cwd, DEFAULT_FILE));
  const loaded = wanted ? loadConfig(values.config, cwd, undefined, { measures: false }) : undefined;
  const given = values.now === undefined ? undefined : givenTime(values.now);
  if (loaded) showWarnings(terminal, loaded);
  const config = storageConfig(values, loaded, cwd, terminal);
  const storage = new Storage({ ...config, readonly: true }, { env, signal });
  try {
    await storage.ready();
    if (!storage.existed) {
      throw new Failure(`there is no history in \`${storage.location}\``, {
        type: "storage",
        code: "HISTORY_MISSING",
        hint: "Record a build with `unentropy track` first, or name another file with --db.",
      });
    }
    const time = given ?? agreedTime(terminal, now, storage);
    const repository = storage.getRepository();
    const text = repository.badge(loaded?.text ?? null, metric, {
      form: values.trend ? "trend" : format,
      label: values.label,
      branch: values.branch,
      defaultBranch: await defaultBranchOf(cwd, env),
      now: time.toISOString(),
    });
    for (const warning of [...storage.warnings, ...futureWarnings(repository, time)])
      terminal.warn(warning.message, warning.hint);
    if (values.output === undefined) {
      print(values.json ? `${JSON.stringify({ success: true, metric, badge: text })}\n` : text);
      return undefined;
    }
    const file = path.resolve(cwd, values.output);
    await writeOutput({
      path: file,
      bytes: Buffer.from(text),
      type: "report",
      doing: "could not write the badge",
      option: `\`--output\` is \`${values.output}\``,
      signal,
    });
    if (values.json) print(`${JSON.stringify({ success: true, metric, path: shownPath(file, cwd) })}\n`);
    else terminal.line(`badge of \`${metric}\`: ${shownPath(file, cwd)}`);
  } finally {
    storage.cleanup();
  }
  return undefined;
}

/** @param {string} message @param {string} hint */
function usage(message, hint) {
  return new Failure(message, { type: "validation", code: "USAGE_INVALID", hint });
}
