// Coverage files that are missing, damaged, hostile or of another format cost their metric and name the place.
// Reports of the same sources merge by line, whatever their formats, and each file is read once a run.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { test } from "node:test";
import { Project, told } from "./support/project.js";

const posix = process.platform === "win32" ? { skip: "POSIX files" } : {};

/** @param {string} file @param {Record<number, number>} lines hits by line */
const lcov = (file, lines) =>
  `TN:\nSF:${file}\n${Object.entries(lines)
    .map(([line, hits]) => `DA:${line},${hits}\n`)
    .join("")}end_of_record\n`;

/** @param {string} file @param {Record<number, number>} lines */
const cobertura = (file, lines) =>
  `<?xml version="1.0"?><coverage line-rate="0"><packages><package name="p"><classes><class name="c" filename="${file}"><lines>${Object.entries(
    lines,
  )
    .map(([line, hits]) => `<line number="${line}" hits="${hits}"/>`)
    .join("")}</lines></class></classes></package></packages></coverage>`;

/** @param {string} file @param {Record<number, number>} lines */
const clover = (file, lines) =>
  `<?xml version="1.0"?><coverage generated="1"><project timestamp="1"><file name="${file}" path="${file}">${Object.entries(
    lines,
  )
    .map(([line, hits]) => `<line num="${line}" type="stmt" count="${hits}"/>`)
    .join("")}</file></project></coverage>`;

const ENTITIES =
  '<!DOCTYPE coverage [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>';
const DEEP = 100_000;

/** @type {[string, string, string | Buffer, RegExp][]} */
const FILES = [
  ["an empty file", "coverage", "", /the file is empty\n +Check that the step/],
  ["white space", "coverage", " \n\n", /cannot read `c`: .*\n +\S/],
  [
    "a binary",
    "coverage",
    Buffer.from("\x7fELF\0\0\u0001\u0002".repeat(2000), "latin1"),
    /not a coverage report: it starts with `.ELF.*\n +Give a/,
  ],
  ["JSON", "coverage", "{}", /not a coverage report: it starts with `\{\}`/],
  [
    "HTML",
    "coverage",
    "<html><body/></html>",
    /expected the root element `coverage`, `report` or `CoverageSession`, found `html`/,
  ],
  [
    "a cut-off lcov",
    "coverage",
    "TN:\nSF:a.js\nDA:1,1\nDA:2",
    /line 4 \(byte \d+\): expected `DA:line,hits`, found `DA:2`\n +Check/,
  ],
  [
    "an lcov without its end",
    "coverage",
    "TN:\nSF:a.js\nDA:1,1\n",
    /`end_of_record` of `a\.js`: it is cut off\n +Check/,
  ],
  [
    "a cut-off Cobertura",
    "coverage",
    cobertura("a.js", { 1: 1 }).slice(0, -60),
    /line 1 \(byte \d+\): .*\n +\S/,
  ],
  ["a cut-off Clover", "coverage", clover("a.js", { 1: 1 }).slice(0, -30), /line 1 \(byte \d+\): .*\n +\S/],
  [
    "a negative line",
    "coverage",
    "TN:\nSF:a.js\nDA:-2,1\nend_of_record\n",
    /line 3 .*found `DA:-2,1`\n +Check/,
  ],
  [
    "lcov named Cobertura",
    "coverage-cobertura",
    lcov("a.js", { 1: 1 }),
    /expected cobertura, found lcov\n +Name the format `lcov`/,
  ],
  [
    "Cobertura named lcov",
    "coverage-lcov",
    cobertura("a.js", { 1: 1 }),
    /expected lcov, found cobertura\n +Name/,
  ],
  [
    "Clover named Cobertura",
    "coverage-cobertura",
    clover("a.js", { 1: 1 }),
    /expected cobertura, found clover\n +Name/,
  ],
  [
    "an entity bomb",
    "coverage",
    cobertura("&c;", { 1: 1 }).replace("?>", `?>${ENTITIES}`),
    /malformed entity in `&c;`\n +Entities/,
  ],
  [
    "deep nesting",
    "coverage",
    `<coverage><packages>${"<package>".repeat(DEEP)}`,
    /cannot read `c`: .*\n +\S/,
  ],
  [
    "deep nesting of strangers",
    "coverage",
    `<coverage>${"<a>".repeat(DEEP)}`,
    /below the root element `coverage`, found `a`/,
  ],
];

test("a bad file costs its metric and names the place and the remedy", async (t) => {
  const project = new Project(t, { good: lcov("a.js", { 1: 1, 2: 0 }) });
  for (const [index, [, , content]] of FILES.entries()) project.write(`${index}/c`, content);
  for (const [index, [name, collector, , message]] of FILES.entries()) {
    const outcome = await project.run(["collect", collector, "c"], {
      cwd: project.path(`${index}`),
    });
    assert.deepEqual([outcome.code, outcome.stdout], [4, ""], `${name}: ${told(outcome)}`);
    assert.match(outcome.stderr, /^error\[COLLECTOR_FORMAT\]: cannot read `c`: /m, name);
    assert.match(outcome.stderr, message, name);
    assert.ok(outcome.stderr.length < 1500, `${name}: a message and not the file`);
  }
  // In one run with a good one: all fail but that.
  const metric = (/** @type {string} */ command) => ({ type: "numeric", command });
  project.config({
    metrics: {
      ...Object.fromEntries(
        FILES.map(([, collector], index) => [`m${index}`, metric(`@collect ${collector} ${index}/c`)]),
      ),
      good: metric("@collect coverage good"),
    },
  });
  const { code, document } = await project.track();
  assert.deepEqual([code, document.metricsCollected, document.metricsFailed], [0, 1, FILES.length]);
  assert.equal(document.metrics.at(-1).value, 50);
});

test("missing, directories, pipes and unreadable files are errors and never waited for", posix, async (t) => {
  const project = new Project(t, { "folder/.keep": "", shut: lcov("a.js", { 1: 1 }) });
  execFileSync("mkfifo", [project.path("pipe")]);
  const user = project.giveAway();
  fs.chmodSync(project.path("shut"), 0);
  for (const [words, code, message] of /** @type {[string[], string, RegExp][]} */ ([
    [["coverage", "none.info"], "COLLECTOR_MISSING", /`none\.info`: it does not exist\n/],
    [["coverage", "cov/*.info"], "COLLECTOR_MISSING", /no file matches `cov\/\*\.info`\n/],
    [["coverage", "folder"], "COLLECTOR_FORMAT", /the file is empty/],
    [["coverage", "pipe"], "FILE_NOT_REGULAR", /`pipe`: it is not a regular file\n/],
    [["loc", "pipe"], "FILE_NOT_REGULAR", /`pipe`: it is not a regular file\n/],
    [["size", "pipe"], "FILE_NOT_REGULAR", /`pipe`: it is not a regular file\n/],
    [["size", "pipe", "--gzip"], "FILE_NOT_REGULAR", /`pipe`: it is not a regular file\n/],
    [["coverage", "shut"], "FILE_DENIED", /`shut`: permission denied\n/],
    [["size", "shut", "--brotli"], "FILE_DENIED", /`shut`: permission denied\n/],
  ])) {
    const outcome = await project.run(["collect", ...words], { user });
    assert.deepEqual([outcome.code, outcome.stdout], [4, ""], `${words.join(" ")}: ${told(outcome)}`);
    assert.match(outcome.stderr, new RegExp(`^error\\[${code}\\]`, "m"), words.join(" "));
    assert.match(outcome.stderr, message, words.join(" "));
  }
});

test("reports of the same lines merge to their union, in any order and of any format", async (t) => {
  // Each covers what another does not: 1, 2 and 3 are hit somewhere, 4 nowhere, and 5 is known to one alone.
  const project = new Project(t, {
    "a.info": lcov("src/x.js", { 1: 1, 2: 0, 3: 0, 4: 0 }),
    "b.xml": cobertura("src/x.js", { 1: 0, 2: 3, 3: 0, 4: 0 }),
    "c.xml": clover("src/x.js", { 2: 0, 3: 2, 4: 0, 5: 0 }),
    "src/x.js": "",
  });
  const orders = [
    ["a.info", "b.xml", "c.xml"],
    ["c.xml", "a.info", "b.xml"],
    ["*.xml", "*.info"],
    ["a.info", "a.info", "*.*"],
  ];
  for (const files of orders) {
    const { code, stdout, stderr } = await project.run(["collect", "coverage", ...files]);
    assert.deepEqual([code, stdout], [0, "60\n"], `${files}: ${stderr}`);
  }
  const two = await project.run(["collect", "coverage", "a.info", "b.xml"]);
  assert.equal(two.stdout, "50\n");
});

test("a file that several metrics use is read once a run", async (t) => {
  const project = new Project(t, {
    c: lcov("a.js", { 1: 1, 2: 0 }),
    changed: lcov("a.js", { 1: 0, 2: 0, 3: 0 }),
  });
  const metric = (/** @type {string} */ command) => ({ type: "numeric", command });
  project.config({
    metrics: {
      first: metric("@collect coverage c"),
      between: metric("cp changed c && echo 1"),
      second: metric("@collect coverage c --type line"),
      other: metric("@collect coverage c changed"),
    },
  });
  const { document } = await project.track();
  const value = (/** @type {number} */ index) => document.metrics[index].value;
  assert.deepEqual([value(0), value(2)], [50, 50]);
  assert.ok(Math.abs(value(3) - 100 / 3) < 1e-9, "of three lines one is hit in what was read first");
  const again = await project.run(["collect", "coverage", "c"]);
  assert.equal(again.stdout, "0\n", "the next run reads it anew");
});

test("100,000 classes are read", async (t) => {
  const classes = Array.from(
    { length: 100_000 },
    (_, i) =>
      `<class name="c${i}" filename="f${i}.js"><lines><line number="1" hits="${i % 2}"/></lines></class>`,
  );
  const text = `<?xml version="1.0"?><coverage><packages><package name="p"><classes>${classes.join("")}</classes></package></packages></coverage>`;
  const project = new Project(t, { "c.xml": text });
  const { code, stdout, stderr } = await project.run(["collect", "coverage", "c.xml"]);
  assert.deepEqual([code, stdout], [0, "50\n"], stderr);
});
