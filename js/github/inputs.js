// The action's inputs as the runner passes them, checked once; all problems are reported together.
// An empty input is an unset one.

import { closest } from "../engine.js";
import { Failure } from "../failure.js";
import { STORAGE_TYPES } from "../storage/factory.js";

/** Every input of action.yml. */
export const INPUTS = /** @type {const} */ ([
  "config-file",
  "storage-type",
  "database-path",
  "report-dir",
  "report-name",
  "verbose",
]);

/** @typedef {Partial<Record<Exclude<(typeof INPUTS)[number], "verbose">, string>> & {verbose: boolean}} Inputs */

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {Inputs}
 * @throws {Failure} INPUTS_INVALID
 */
export function readInputs(env) {
  const given = Object.fromEntries(
    INPUTS.map((name) => [name, env[`INPUT_${name.toUpperCase()}`]?.trim()]).filter(([, value]) => value),
  );
  const problems = [];
  if (given.verbose !== undefined && !/^(true|false)$/i.test(given.verbose)) {
    problems.push(`\`verbose\` is \`${given.verbose}\`, expected \`true\` or \`false\``);
  }
  if (given["report-name"] !== undefined && /[\\/]|^\.\.?$/.test(given["report-name"])) {
    problems.push(`\`report-name\` is \`${given["report-name"]}\`, expected a file name without a directory`);
  }
  const type = given["storage-type"];
  if (type !== undefined && !STORAGE_TYPES.includes(type)) {
    const close = closest(type, [...STORAGE_TYPES]);
    const choices = STORAGE_TYPES.map((name) => `\`${name}\``).join(", ");
    const meant = close ? `, perhaps \`${close}\`` : "";
    problems.push(`\`storage-type\` is \`${type}\`, expected one of ${choices}${meant}`);
  }
  if (problems.length > 0) {
    throw new Failure(problems.join("; "), {
      type: "validation",
      code: "INPUTS_INVALID",
      hint: "Correct the inputs of the step in the workflow file.",
    });
  }
  return { ...given, verbose: given.verbose?.toLowerCase() === "true" };
}
