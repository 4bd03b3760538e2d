/**
 * The tables of the campaigns, as Markdown, between their marks in a document.
 */

import fs from "node:fs";

/**
 * @param {string[]} head
 * @param {(string | number)[][]} rows numbers stand to the right
 * @returns {string}
 */
export function table(head, rows) {
  const right = head.map(
    (_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === "number"),
  );
  const line = (/** @type {(string | number)[]} */ cells) =>
    `| ${cells.map((cell) => (typeof cell === "number" ? cell.toLocaleString("en") : cell)).join(" | ")} |`;
  return [line(head), `|${right.map((is) => (is ? "---:" : "---")).join("|")}|`, ...rows.map(line)].join(
    "\n",
  );
}

/**
 * Puts a text between the marks of that name, which stand on lines of their own.
 *
 * @param {string} file
 * @param {string} name
 * @param {string} text
 */
export function replaceBetweenMarks(file, name, text) {
  const whole = fs.readFileSync(file, "utf8");
  const [from, to] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`];
  const [start, end] = [whole.indexOf(from), whole.indexOf(to)];
  if (start === -1 || end < start) throw new Error(`${file} has no marks \`${name}\``);
  fs.writeFileSync(file, `${whole.slice(0, start + from.length)}${text}\n${whole.slice(end)}`);
}
