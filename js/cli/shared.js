// What several commands show or read in the same way.

import path from "node:path";
import { Failure } from "../failure.js";
import { correctedTime } from "../run/clock.js";
import { configWarning } from "../run/config.js";
import { wholeNumber } from "./options.js";

/** The facts of the run that flags set. @param {Record<string, any>} values */
export function givenContext(values) {
  return {
    commit: values.commit,
    branch: values.branch,
    runId: values["run-id"],
    runNumber: wholeNumber(values["run-number"], "run-number", 0),
    event: values.event,
  };
}

/** The file of the history that a configuration names. @param {import("../engine/engine.js").LoadedConfig | undefined} loaded */
export function historyOf(loaded) {
  const named = loaded?.config.storage.path;
  return loaded && named != null ? path.resolve(loaded.directory, named) : undefined;
}

/** How the report's directory was given, for messages. @param {Record<string, any>} values */
export const reportOption = ({ "report-dir": directory }) =>
  directory === undefined ? undefined : `\`--report-dir\` is \`${directory}\``;

/**
 * Prints the warnings of a configuration.
 *
 * @param {import("../console/terminal.js").Terminal} terminal
 * @param {import("../engine/engine.js").LoadedConfig} loaded
 */
export function showWarnings(terminal, loaded) {
  for (const { message, hint } of loaded.warnings.map(configWarning)) terminal.warn(message, hint);
}

/**
 * The time that `--now` gives.
 * @param {string} text
 * @returns {Date}
 * @throws {Failure} USAGE_INVALID
 */
export function givenTime(text) {
  const [, date, clock, rest] =
    /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)((?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d))$/.exec(text) ?? [];
  const time = new Date(`${date}T${clock}${rest?.toUpperCase()}`);
  const day = new Date(`${date}T00:00:00Z`);
  // A day that the month does not have would count on into the next one.
  const isDate = !Number.isNaN(day.getTime()) && day.toISOString().slice(0, 10) === date;
  if (isDate && !Number.isNaN(time.getTime())) return time;
  throw new Failure(`\`--now\` is \`${text}\`, expected a time as RFC 3339 writes it`, {
    type: "validation",
    code: "USAGE_INVALID",
    hint: "For example `2026-11-28T12:00:00Z` or `2026-11-28T13:00:00+01:00`.",
  });
}

/**
 * The time to go by: that of the first of these histories whose server has it, with a warning where this machine's
 * clock is far from it; else this machine's.
 * @param {import("../console/terminal.js").Terminal} terminal
 * @param {Date} now by this machine
 * @param {...import("../storage/storage.js").Storage} storages that are read
 * @returns {Date}
 */
export function agreedTime(terminal, now, ...storages) {
  const timed = storages.find((storage) => storage.clockOffsetMs() !== null);
  if (timed === undefined) return now;
  const { now: time, warning } = correctedTime(now, timed);
  if (warning) terminal.warn(warning.message, warning.hint);
  return time;
}
