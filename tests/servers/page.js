// The part of `docs/s3-servers.md` that is made from what was observed: `observed.json`, one entry for each server of
// the table. Without files or servers of its own, so that a test can compare.

import { FACTS } from "./observe.js";

/**
 * @typedef {object} Observed
 * @property {string} version
 * @property {boolean} [unavailable] the server could not be had; then there is nothing else
 * @property {{passed: number, failed: string[], skipped: number}} [suite] `failed` are the names of tests
 * @property {Record<string, string>} [facts]
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
  const { passed, failed, skipped } = seen.suite;
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
