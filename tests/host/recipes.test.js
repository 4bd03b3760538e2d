// The recipes of CONTRIBUTING.md against the tree. What exists already shows what another one would take: the files that name
// each of the formats or commands are those that a further one is added to.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { COMMANDS } from "../../js/cli/options.js";
import { ROWS } from "../../js/options.js";
import { ROOT } from "./support/project.js";

const read = (/** @type {string} */ file) => fs.readFileSync(path.join(ROOT, file), "utf8");

/**
 * @typedef {object} Recipe
 * @property {string} title in CONTRIBUTING.md
 * @property {string[]} names of those that exist
 * @property {string[]} examples files of the recipe that name some of them only
 * @property {Record<string, string>} passedOver files that name all of them and need no other one, with the reason
 */

/** @type {Recipe[]} */
const RECIPES = [
  {
    title: "A coverage format",
    names: [...read("src/collect/coverage.rs").matchAll(/^ {4}\w+ = "(\w+)", \w+, \[/gm)].map(
      ([, name]) => name,
    ),
    examples: [],
    passedOver: {
      "src/collect.rs":
        "the collectors `coverage-NAME` are the first tool's; `coverage --format NAME` does the same",
      "tests/fixtures/config/words.txt": "a message that lists those collectors",
      "tests/host/security/rows/config.js": "those collectors",
      "tests/host/bad-coverage.test.js": "what goes wrong in any format, by examples",
      "tests/engine/coverage_cases.rs": "what real tools write now and then, by examples",
      "fuzz/dictionaries/collect.dict": "those collectors",
      "fuzz/dictionaries/xml.dict": "words of formats that have one dictionary together",
      "tools/bench/parts/coverage.js": "measured against parsers that npm has for these",
      "tools/bench/samples.js": "reports for those measurements",
      "tools/bench/results.md": "the results of those measurements",
      "docs/figures.md": "generated from the tools' own files",
      "tests/fixtures/tools/gcovr-xml/totals.json":
        "the totals of a tool whose reports have names of formats",
    },
  },
  {
    title: "An option of S3",
    names: ROWS.filter((row) => String(row.providers) === "sqlite-s3" && row.flag && row.input).map(
      ({ name }) => name,
    ),
    // By the names of the properties and of the client's parameters.
    examples: [
      ...["js/public.d.ts", "js/s3/parameters.js", "js/s3/client.js", "tests/host/s3/parameters.test.js"],
      "CHANGELOG.md",
    ],
    passedOver: { "js/s3/errors.js": "remedies, each of which names the options that an answer is about" },
  },
  {
    title: "An input of the action",
    names: ROWS.flatMap(({ input }) => input?.name ?? []),
    examples: ["CHANGELOG.md"],
    passedOver: {},
  },
  {
    title: "A flag of a command",
    names: ROWS.flatMap(({ flag, providers }) => (flag && !providers ? [flag.name] : [])),
    examples: ["CHANGELOG.md"],
    passedOver: {},
  },
  { title: "A command", names: Object.keys(COMMANDS), examples: ["tests/host/cli.test.js"], passedOver: {} },
];

/** The number that the heading states, and the files of the table below it. @param {string} title */
function recipe(title) {
  const [, count, table] =
    new RegExp(`^### ${title}: (\\d+) files\n+((?:\\|.*\n)+)`, "m").exec(read("CONTRIBUTING.md")) ?? [];
  assert.ok(table, `CONTRIBUTING.md has no recipe \`${title}\``);
  return { count: Number(count), files: [...table.matchAll(/^\| `([^`]+)`/gm)].map(([, file]) => file) };
}

/** @param {string} file @param {string} name */
const names = (file, name) => new RegExp(`\\b${name}\\b`, "i").test(read(file));

const tracked = execFileSync("git", ["ls-files", "-z"], { cwd: ROOT, encoding: "utf8" })
  .split("\0")
  .filter((file) => /\.(?:md|js|ts|rs|toml|json|ya?ml|txt|dict)$/.test(file))
  .filter((file) => !/^(?:dist\/|package-lock|CONTRIBUTING\.md|tests\/host\/recipes)/.test(file))
  .filter((file) => fs.existsSync(path.join(ROOT, file)));

for (const { title, names: existing, examples, passedOver } of RECIPES) {
  test(`the recipe \`${title}\` names every file that there is to change, and no other`, () => {
    const { count, files } = recipe(title);
    assert.equal(files.length, count, "the number in the heading");
    assert.ok(existing.length > 1);
    const own = files.filter((file) => file.includes("NAME"));
    const shared = files.filter((file) => !own.includes(file));
    for (const name of existing) {
      for (const file of own.map((file) => file.replace("NAME", name))) {
        assert.ok(fs.existsSync(path.join(ROOT, file)), `${name} has no ${file}`);
      }
    }
    for (const file of shared) assert.ok(fs.existsSync(path.join(ROOT, file)), file);
    const all = tracked.filter((file) => existing.every((name) => names(file, name)));
    assert.deepEqual(
      shared.filter((file) => !file.endsWith("/") && !examples.includes(file) && !all.includes(file)),
      [],
      "files of the recipe that name only some of them",
    );
    const folders = shared.filter((file) => file.endsWith("/"));
    const covered = (/** @type {string} */ file) =>
      shared.includes(file) || folders.some((folder) => file.startsWith(folder));
    assert.deepEqual(
      all.filter((file) => !covered(file) && !(file in passedOver)),
      [],
      "files that name all of them, and that the recipe leaves out",
    );
    assert.deepEqual(
      // Not of all: another one is not added to them.
      Object.keys(passedOver).filter((file) => existing.filter((name) => names(file, name)).length < 2),
      [],
      "files that are passed over without need",
    );
  });
}
