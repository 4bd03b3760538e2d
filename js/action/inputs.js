// The action's inputs: those of the table of options, and the reading of what was given. Each problem is found and none is
// thrown, so that all of them are reported together. An empty input is an unset one.

import { closest } from "../engine/engine.js";
import { ROWS } from "../options.js";
import { withoutCredentials } from "../spelling.js";

/** @import { InputFace, Option, Row } from "../options.js" */

/**
 * Every input of action.yml, in its order. The input's `default` holds where neither it nor, for what it can say too, the
 * configuration says anything. @type {readonly (Option & {input: InputFace})[]}
 */
export const INPUTS = ROWS.flatMap((row) => (row.input ? [{ ...row, input: row.input }] : []));

/** @typedef {Extract<Row, {input: {name: string}}>} InputRow */
/** @typedef {InputRow["input"]["name"]} InputName */
/**
 * @template {InputRow} R
 * @typedef {R["kind"] extends "flag" ? boolean : R["kind"] extends "whole" ? number
 *   : R extends {choices: readonly (infer C)[]} ? C : string} Kind
 */
/** @typedef {{[R in InputRow as R["input"]["name"]]: Kind<R> | (R["input"] extends {default: string | number | boolean} ? never : undefined)}} Inputs */

/** @param {NodeJS.ProcessEnv} env @param {string} name */
const given = (env, name) => env[`INPUT_${name.toUpperCase()}`]?.trim() ?? "";

/**
 * What was given, checked.
 * @param {NodeJS.ProcessEnv} env
 * @returns {{inputs: Inputs, problems: string[], unknown: string[]}} where there are problems, what they are about has
 *   its default; `unknown` lists inputs that do not exist
 */
export function readInputs(env) {
  /** @type {string[]} */
  const problems = [];
  const values = INPUTS.map((row) => {
    const { name, default: fallback } = row.input;
    const text = given(env, name);
    const read = text === "" ? { value: fallback } : check(row, text);
    if (read.problem !== undefined) problems.push(`\`${name}\` ${read.problem}`);
    return [name, read.problem === undefined ? read.value : fallback];
  });
  const names = INPUTS.map(({ input }) => input.name);
  const unknown = Object.keys(env)
    .filter((key) => key.startsWith("INPUT_"))
    .map((key) => key.slice("INPUT_".length).toLowerCase())
    .filter((name) => !names.includes(name))
    .map((name) => `there is no input \`${name}\`${meant(name, names)}`);
  return { inputs: /** @type {Inputs} */ (Object.fromEntries(values)), problems, unknown };
}

/**
 * @param {Option} row
 * @param {string} text not empty
 * @returns {{value?: string | number | boolean, problem?: string}}
 */
function check({ kind, choices = [], least = 0, most = 0, secret }, text) {
  const is = secret ? "is" : `is \`${withoutCredentials(text)}\`,`;
  if (kind === "choice" && !choices.includes(text)) {
    const listed = choices.map((choice) => `\`${choice}\``).join(", ");
    return { problem: `${is} expected one of ${listed}${meant(text, choices)}` };
  }
  if (kind === "flag") {
    const value = { true: true, false: false }[text.toLowerCase()];
    return value === undefined ? { problem: `${is} expected \`true\` or \`false\`` } : { value };
  }
  if (kind === "whole") {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    return value >= least && value <= most
      ? { value }
      : { problem: `${is} expected a whole number from ${least} to ${most}` };
  }
  if (kind === "file" && /[\\/]|^\.\.?$/.test(text)) {
    return { problem: `${is} expected a file name without a directory` };
  }
  return { value: text };
}

/** @param {string} word @param {readonly string[]} choices */
function meant(word, choices) {
  const close = closest(word, [...choices]);
  return close ? `, perhaps \`${close}\`` : "";
}
