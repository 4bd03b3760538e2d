// Finds and reads the configuration file; what it means is the engine's to say.

import path from "node:path";
import { withGroups } from "../collect/groups.js";
import { checkConfig } from "../engine/engine.js";
import { Failure } from "../failure.js";
import { readText } from "../files/read.js";
import { plural } from "../shown.js";

/** The name that is looked for where none is given. */
export const DEFAULT_FILE = "unentropy.json";

/** No configuration is longer; the engine says so with a position where it matters. */
const SIZE_LIMIT = 4 * 1024 * 1024;

/**
 * Reads and checks a configuration, and finds what its groups have.
 * @param {string | undefined} file as the user gave it, relative to `cwd`
 * @param {string} cwd
 * @param {string} [option] what the caller calls it
 * @param {{measures?: boolean}} [how] with `measures: false` problems with what groups have are no more than warnings
 * @returns {import("../engine/engine.js").LoadedConfig}
 * @throws {Failure} CONFIG_MISSING, CONFIG_UNREADABLE; CONFIG_INVALID with all problems in `diagnostics` and what is
 *   only worth a warning in `warnings`
 */
export function loadConfig(file, cwd, option = "--config", { measures = true } = {}) {
  const shown = file ?? DEFAULT_FILE;
  const absolute = path.resolve(cwd, shown);
  let text;
  try {
    text = readText(absolute, { limit: SIZE_LIMIT });
  } catch (cause) {
    const failure = Failure.from(cause);
    if (failure.code === "FILE_MISSING") {
      throw new Failure(`the configuration \`${shown}\` does not exist`, {
        type: "validation",
        code: "CONFIG_MISSING",
        hint: `Create it, name another with \`${option}\`, or see the README's quick start for a first one.`,
        cause,
      });
    }
    throw new Failure(`the configuration \`${shown}\` cannot be read: ${failure.message}`, {
      type: "validation",
      code: "CONFIG_UNREADABLE",
      hint: `${failure.hint} \`${option}\` is \`${shown}\`.`.trim(),
      cause,
    });
  }
  const checked = checkConfig(text, shown);
  if (!checked.config) throw configInvalid(shown, checked);
  const { loaded, errors } = withGroups({
    config: checked.config,
    warnings: checked.warnings,
    text,
    name: shown,
    file: absolute,
    directory: path.dirname(absolute),
  });
  if (errors.length === 0) return loaded;
  if (measures) throw configInvalid(shown, { errors, warnings: loaded.warnings });
  return { ...loaded, warnings: [...loaded.warnings, ...errors] };
}

/**
 * @param {string} shown
 * @param {Pick<import("../engine/types.js").CheckedConfig, "errors" | "warnings">} checked
 */
function configInvalid(shown, { errors, warnings }) {
  const count = errors.length;
  return new Failure(
    `the configuration \`${shown}\` has ${count === 1 ? "a problem" : plural(count, "problem")}`,
    { type: "validation", code: "CONFIG_INVALID", diagnostics: errors, warnings },
  );
}

/**
 * A problem as one line, with its remedy on a second where there is one.
 * @param {import("../engine/types.js").Diagnostic} diagnostic
 */
export function describeDiagnostic({ file, line, column, path: where, message, hint }) {
  return `${file}:${line}:${column}: ${where ? `${where}: ` : ""}${message}${hint ? `\n    ${hint}` : ""}`;
}

/**
 * A warning of a configuration, as a run reports warnings.
 * @param {import("../engine/types.js").Diagnostic} diagnostic
 */
export function configWarning({ hint, ...diagnostic }) {
  return new Failure(describeDiagnostic({ ...diagnostic, hint: "" }), {
    type: "validation",
    code: "CONFIG_WARNING",
    hint,
  });
}

/**
 * The single problems of a failure that have a place in a file, one line each. Others stand in its message already.
 * @param {import("../failure.js").Failure} failure
 * @returns {string[]}
 */
export function placedProblems(failure) {
  return (failure.diagnostics ?? []).filter(({ file }) => file !== undefined).map(describeDiagnostic);
}
