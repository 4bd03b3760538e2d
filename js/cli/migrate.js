// `unentropy migrate`: moves a history from one kind of storage to another. What is there already stays and is added to,
// so that doing it twice changes nothing more; the source is only read.

import fs from "node:fs";
import path from "node:path";
import { Failure } from "../failure.js";
import { DEFAULT_FILE, loadConfig } from "../run/config.js";
import { plural } from "../shown.js";
import { futureWarnings } from "../storage/future.js";
import { placeConfig } from "../storage/location.js";
import { Storage } from "../storage/storage.js";
import { agreedTime, showWarnings } from "./shared.js";

/**
 * Runs `unentropy migrate`.
 *
 * @param {import("./types.js").Invocation} invocation
 * @returns {Promise<undefined>}
 */
export async function migrate({ values, positionals, terminal, signal, cwd, env, now, print }) {
  const [first, second] = positionals;
  if (first === undefined || second === undefined) {
    throw new Failure("`migrate` needs the history to move and where to move it", {
      type: "validation",
      code: "USAGE_INVALID",
      hint: "Write `unentropy migrate FROM TO`; each a path, `s3://BUCKET/KEY` or `artifact://NAME`.",
    });
  }
  const wanted = values.config !== undefined || fs.existsSync(path.resolve(cwd, DEFAULT_FILE));
  const loaded = wanted ? loadConfig(values.config, cwd) : undefined;
  if (loaded) showWarnings(terminal, loaded);
  const [source, target] = [first, second].map((text, n) =>
    placeConfig(text, values, loaded, cwd, { option: n === 0 ? "FROM" : "TO" }),
  );
  if (target.type === "sqlite-artifact" && !env.ACTIONS_RUNTIME_TOKEN) {
    throw new Failure(
      "a history cannot be taken into an artifact from here: only actions can upload artifacts",
      {
        type: "storage",
        code: "ARTIFACT_UPLOAD_UNAVAILABLE",
        hint: "Let the action do it: its input `seed-from` starts a history with the builds of another one.",
      },
    );
  }
  const surroundings = { env, signal };
  const from = new Storage({ ...source, readonly: true }, surroundings);
  const into = new Storage(target, surroundings);
  try {
    await from.ready();
    if (!from.existed) {
      throw new Failure(`there is no history at \`${from.location}\``, {
        type: "storage",
        code: "HISTORY_MISSING",
        hint: "Check the location.",
      });
    }
    await into.ready();
    const began = into.existed === false;
    const repository = into.getRepository();
    // Whether anything was written is the storage's business.
    const { changed, ...merged } = repository.merge(from.snapshot(), { adopt: values["adopt-history"] });
    await into.persist();
    const time = agreedTime(terminal, now, into, from);
    const totalBuilds = repository.countBuilds();
    for (const { message, hint } of [...from.warnings, ...into.warnings, ...futureWarnings(repository, time)])
      terminal.warn(message, hint);
    if (values.json) {
      const document = {
        from: from.location,
        databaseLocation: into.location,
        began,
        ...merged,
        totalBuilds,
      };
      print(`${JSON.stringify({ success: true, ...document })}\n`);
    } else {
      const how = began ? "began" : "added to";
      terminal.line(
        `${how} ${into.location}: ${plural(merged.addedBuilds, "build")} taken from ${from.location} (${plural(totalBuilds, "build")} now)`,
      );
    }
  } finally {
    from.cleanup();
    into.cleanup();
  }
  return undefined;
}
