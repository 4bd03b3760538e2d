// `unentropy merge`: folds the builds of one history into another. Doing it twice changes nothing more.

import fs from "node:fs";
import path from "node:path";
import { formatValue } from "../engine/engine.js";
import { Failure } from "../failure.js";
import { DEFAULT_FILE, loadConfig } from "../run/config.js";
import { plural } from "../shown.js";
import { AS_FLAGS } from "../spelling.js";
import { futureWarnings } from "../storage/future.js";
import { LocalStore } from "../storage/local/local.js";
import { storageConfig } from "../storage/location.js";
import { Storage } from "../storage/storage.js";
import { agreedTime, showWarnings } from "./shared.js";

/**
 * Runs `unentropy merge`.
 *
 * @param {import("./types.js").Invocation} invocation
 * @returns {Promise<undefined>}
 */
export async function merge({ values, positionals, terminal, signal, cwd, env, now, print }) {
  const [first, second] = positionals;
  if (first === undefined) {
    throw usage("`merge` needs a history to take builds from", "Write `unentropy merge INTO FROM`.");
  }
  if (second !== undefined && (values.storage !== undefined || values.db !== undefined)) {
    throw usage(
      "`merge` got two destinations: the first of two files, and a flag",
      "Name one file beside `--storage` or `--db`, or two files without them.",
    );
  }
  const wanted = values.config !== undefined || fs.existsSync(path.resolve(cwd, DEFAULT_FILE));
  const loaded = second === undefined && wanted ? loadConfig(values.config, cwd) : undefined;
  if (loaded) showWarnings(terminal, loaded);
  const from = path.resolve(cwd, second ?? first);
  const config = storageConfig(second === undefined ? values : { ...values, db: first }, loaded, cwd, {
    line: (text) => terminal.line(text),
    warn: (message, hint) => terminal.warn(message, hint),
    spelling: second === undefined ? AS_FLAGS : AS_FLAGS.named({ db: "INTO" }),
    other: from,
  });
  const source = new LocalStore(from, {
    pathOption: `\`FROM\` is \`${second ?? first}\``,
    readonly: true,
    sleep: async () => {},
    random: Math.random,
  });
  const image = (await source.read())?.bytes;
  if (!image) {
    throw new Failure(`there is no history in \`${from}\``, {
      type: "storage",
      code: "HISTORY_MISSING",
      hint: "Name the file that builds are to be taken from last.",
    });
  }
  const storage = new Storage(config, { env, signal });
  try {
    await storage.ready();
    const repository = storage.getRepository();
    // Whether anything was written is the storage's business.
    const { changed, ...merged } = repository.merge(image, { adopt: values["adopt-history"] });
    await storage.persist();
    const time = agreedTime(terminal, now, storage);
    const total = repository.countBuilds();
    for (const warning of [...storage.warnings, ...futureWarnings(repository, time)])
      terminal.warn(warning.message, warning.hint);
    if (values.json) {
      const { location: databaseLocation } = storage;
      print(`${JSON.stringify({ success: true, databaseLocation, ...merged, totalBuilds: total })}\n`);
    } else {
      terminal.line(
        `added ${plural(merged.addedBuilds, "build")} and ${plural(merged.addedValues, "value")} to ${storage.location} (${plural(total, "build")})`,
      );
      if (merged.conflicts > 0) {
        terminal.line(
          `${plural(merged.conflicts, "value")} differed; the later ones were kept (${formatValue(merged.replacedValues, "integer")} of them taken)`,
        );
      }
    }
  } finally {
    storage.cleanup();
  }
  return undefined;
}

/** @param {string} message @param {string} hint */
function usage(message, hint) {
  return new Failure(message, { type: "validation", code: "USAGE_INVALID", hint });
}
