// `unentropy report`: writes the report from a history, which it does not change.

import fs from "node:fs";
import path from "node:path";
import { defaultBranchOf, repositoryOf } from "../ci/build.js";
import { Failure } from "../failure.js";
import { DEFAULT_FILE, loadConfig } from "../run/config.js";
import { DEFAULT_REPORT_DIRECTORY, reportFacts, shownPath, writeReport } from "../run/report.js";
import { plural } from "../shown.js";
import { futureWarnings } from "../storage/future.js";
import { storageConfig } from "../storage/location.js";
import { Storage } from "../storage/storage.js";
import { agreedTime, givenTime, reportOption, showWarnings } from "./shared.js";

/**
 * Runs `unentropy report`.
 *
 * @param {import("./types.js").Invocation} invocation
 * @returns {Promise<undefined>}
 */
export async function report({ values, terminal, signal, cwd, env, now, print }) {
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
    const totalBuilds = repository.countBuilds();
    const builds = repository.countReportedBuilds(time);
    const written = await writeReport({
      history: repository,
      configText: loaded?.text ?? null,
      facts: reportFacts({
        directory: loaded?.directory ?? cwd,
        listings: loaded?.listings,
        repositoryUrl: await repositoryOf(cwd, env),
        now: time,
        branch: await defaultBranchOf(cwd, env),
      }),
      option: reportOption(values),
      signal,
      directory: path.resolve(cwd, values["report-dir"] ?? DEFAULT_REPORT_DIRECTORY),
    });
    for (const warning of [...storage.warnings, ...futureWarnings(repository, time)])
      terminal.warn(warning.message, warning.hint);
    const shown = shownPath(written.path, cwd);
    if (values.json)
      print(
        `${JSON.stringify({ success: true, reportPath: shown, builds, totalBuilds, bytes: written.bytes })}\n`,
      );
    else {
      const left = totalBuilds - builds;
      const others = left === 0 ? "" : ` (${left} of pull requests or from the future left out)`;
      terminal.line(`report of ${plural(builds, "build")}${others}: ${shown}`);
    }
  } finally {
    storage.cleanup();
  }
  return undefined;
}
