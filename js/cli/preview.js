// `unentropy preview`: shows what the report of the configuration looks like, with sample data that
// says so, or with a history; in a browser where the machine has one.

import path from "node:path";
import { repositoryOf } from "../ci/build.js";
import { preview as renderSample } from "../engine/engine.js";
import { loadConfig } from "../run/config.js";
import { openInBrowser } from "../run/open.js";
import { reportFacts, shownPath, writeReport } from "../run/report.js";
import { report } from "./report.js";
import { givenTime, showWarnings } from "./shared.js";

/** Where the page is written unless said otherwise: never over a report of real figures. */
const DIRECTORY = "unentropy-preview";

/**
 * Runs `unentropy preview`.
 *
 * @param {import("./types.js").Invocation} invocation
 * @returns {Promise<undefined>}
 */
export async function preview(invocation) {
  const { values, terminal, cwd, env, now, print } = invocation;
  const directory = values["report-dir"] ?? DIRECTORY;
  const file = path.resolve(cwd, directory, "index.html");
  const sample = values.db === undefined;
  if (sample) {
    const loaded = loadConfig(values.config, cwd, undefined, { measures: false });
    showWarnings(terminal, loaded);
    const facts = reportFacts({
      directory: loaded.directory,
      listings: loaded.listings,
      now: values.now === undefined ? now : givenTime(values.now),
      repositoryUrl: await repositoryOf(cwd, env),
    });
    await writeReport({
      history: { report: (text, given) => renderSample(/** @type {string} */ (text), given) },
      configText: loaded.text,
      // Made-up commits lead nowhere.
      facts: { ...facts, repositoryUrl: null },
      directory: path.resolve(cwd, directory),
    });
    if (!values.json) terminal.line(`preview with sample data: ${shownPath(file, cwd)}`);
  } else {
    await report({ ...invocation, values: { ...values, "report-dir": directory, json: false } });
  }
  const opened = !values["no-open"] && (await openInBrowser(file, env));
  if (values.json) {
    print(`${JSON.stringify({ success: true, reportPath: shownPath(file, cwd), sample, opened })}\n`);
  } else if (!opened && !values["no-open"]) {
    terminal.line("no program to open it with was found; open this file in a browser:");
    terminal.line(file);
  }
  return undefined;
}
