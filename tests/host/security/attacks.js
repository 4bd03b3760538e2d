// The table of attacks in docs/security.md: what a row is, where the rows are, and how the table is written from them.
// Each row carries out its attack through the shipped command line or action, so what the page says was tried.

import fs from "node:fs";
import path from "node:path";
import { ROOT } from "../support/project.js";

/** @import { TestContext } from "node:test" */

/**
 * @typedef {object} Attack
 * @property {string} who attacks: `a pull request`, `a metric's command`, `a report file`, ...
 * @property {string} what they do, one short clause
 * @property {string} outcome what happens, one short clause
 * @property {string} code the stable code in backticks, `exit N`, or `none`
 * @property {(t: TestContext) => Promise<void>} run carries the attack out and asserts the outcome and the code
 * @property {string | false} [skip] why it cannot be tried on this machine
 */

export const PAGE = path.join(ROOT, "docs/security.md");

const ROWS = new URL("./rows/", import.meta.url);
const HEAD = "| who | what they do | what happens | code |\n|---|---|---|---|\n";
const START = "<!-- attacks -->\n";
const END = "<!-- end of attacks -->\n";

/**
 * Every attack, in the order of its file's name.
 * @returns {Promise<Attack[]>}
 */
export async function attacks() {
  const files = fs.readdirSync(ROWS).sort();
  const modules = await Promise.all(files.map((file) => import(new URL(file, ROWS).href)));
  return modules.flatMap((module) => module.attacks);
}

/**
 * A page with its table renewed.
 * @param {string} page
 * @param {readonly Attack[]} rows
 */
export function withTable(page, rows) {
  const [before, rest] = page.split(START);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${PAGE} has no place for the table`);
  const lines = rows.map(({ who, what, outcome, code }) => `| ${[who, what, outcome, code].join(" | ")} |\n`);
  return `${before}${START}${HEAD}${lines.join("")}${END}${after}`;
}
