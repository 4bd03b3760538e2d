// The part of `docs/s3-servers.md` that is made from what was observed: `observed.json`, one entry for each server of
// the table. Without files or servers of its own, so that a test can compare.

import { FRONTS } from "./fronts.js";
import { FACTS } from "./observe.js";

/**
 * @typedef {{passed: number, failed: string[], skipped: number}} Suite `failed` are the names of tests
 *
 * @typedef {object} DeletionRow one kind of bucket, in short words for people
 * @property {string} bucket
 * @property {string} next how the run after the deletion ended
 * @property {string} message what it said
 * @property {string} copies what became of the copies until somebody chose a remedy
 * @property {string} restore
 * @property {string} begin
 *
 * @typedef {object} Observed
 * @property {string} version
 * @property {boolean} [unavailable] the server could not be had; then there is nothing else
 * @property {Suite} [suite]
 * @property {Record<string, string>} [facts]
 * @property {Record<string, Suite>} [fronts] by the front's name
 * @property {{suite: Suite, rows: DeletionRow[]}} [deletion]
 */

const [BEGIN, END] = [
  "<!-- begin: observed by npm run test:providers -->",
  "<!-- end: observed by npm run test:providers -->",
];

/**
 * @param {string} page
 * @param {string} tables
 * @returns {string} the page with these tables between the markers
 */
export function withTables(page, tables) {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`the page lacks \`${BEGIN}\` and \`${END}\``);
  return `${page.slice(0, from)}${BEGIN}\n\n${tables}\n${page.slice(to)}`;
}

/**
 * @param {readonly {name: string, version: string, from: string}[]} servers
 * @param {Record<string, Observed>} observed
 * @returns {string} Markdown
 */
export function tables(servers, observed) {
  const rows = servers.map((server) => ({ ...server, seen: observed[server.name] }));
  const ran = rows.filter(({ seen }) => seen?.facts);
  return [
    table(
      ["server", "version", "from", "conformance"],
      rows.map(({ name, version, from, seen }) => [name, `\`${version}\``, from, conformanceOf(seen)]),
    ),
    "### Behind fronts",
    FRONTS.map(({ name, what }) => `- *${name}*: ${what}.`).join("\n"),
    table(
      ["server", ...FRONTS.map(({ name }) => name)],
      ran.map(({ name, seen }) => [name, ...FRONTS.map((front) => frontOf(seen?.fronts?.[front.name]))]),
    ),
    "### A deleted history",
    table(
      ["server", "bucket", "the next run", "and its error", "the copies", "`restore`", "`begin`"],
      ran.flatMap(({ name, seen }) =>
        seen?.deletion
          ? seen.deletion.rows.map(({ bucket, next, message, copies, restore, begin }) => [
              ...[name, bucket, next, message, copies, restore, begin],
            ])
          : [[name, "not run yet", "", "", "", "", ""]],
      ),
    ),
    ...Object.entries(FACTS).flatMap(([title, facts]) => [
      `### ${title}`,
      table(
        ["server", ...Object.values(facts)],
        ran.map(({ name, seen }) => [
          name,
          ...Object.keys(facts).map((fact) => seen?.facts?.[fact] ?? "not asked"),
        ]),
      ),
    ]),
  ]
    .join("\n\n")
    .concat("\n");
}

/** @param {Observed | undefined} seen */
function conformanceOf(seen) {
  if (!seen) return "not run yet";
  if (seen.unavailable || !seen.suite) return "**not run**: it could not be installed where this was made";
  return verdictOf(seen.suite);
}

/** @param {Suite | undefined} suite */
const frontOf = (suite) => (suite ? verdictOf(suite) : "not run yet");

/** @param {Suite} suite */
function verdictOf({ passed, failed, skipped }) {
  const rest = skipped > 0 ? `, ${skipped} not applicable` : "";
  if (failed.length === 0) return `all ${passed} tests pass${rest}`;
  return `${failed.length} of ${passed + failed.length} tests fail${rest}: ${failed.join("; ")}`;
}

/** @param {string[]} head @param {string[][]} rows */
function table(head, rows) {
  const line = (/** @type {string[]} */ cells) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
