// What the tool writes is never measured: a second run on the same commit gives the numbers of the first, wherever its
// files are and whichever run left them there.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { OwnFiles } from "../../js/files/own.js";
import { RESCUE_FILE } from "../../js/run/folder.js";
import { Project, told } from "./support/project.js";
import { act } from "./support/runner.js";

const CONFIG = {
  metrics: {
    lines: { type: "numeric", command: "@collect loc ." },
    bytes: { type: "numeric", command: "@collect size . --exclude .git" },
    packed: { type: "numeric", command: "@collect size . --gzip --exclude .git" },
    count: { type: "numeric", command: "echo 1" },
  },
  qualityGate: { thresholds: [{ metric: "lines", mode: "max", target: 1e6 }] },
};

/** @param {import("node:test").TestContext} t @param {object} [config] */
const projectOf = (t, config = CONFIG) =>
  new Project(t, { "src/a.js": "let a = 1;\nlet b = 2;\n", "docs/a.html": "<p>\none\n</p>\n" }).config(
    config,
  );

/** The values that a command prints as JSON. @param {Project} project @param {string[]} [args] */
async function values(project, args = ["test"]) {
  const outcome = await project.run([...args, "--json"]);
  assert.ok([0, 5].includes(/** @type {number} */ (outcome.code)), told(outcome));
  const { metrics, measurements } = JSON.parse(outcome.stdout);
  return (metrics ?? measurements).map(
    (/** @type {{id?: string, metric?: string, value: number}} */ { id, metric, value }) => [
      id ?? metric,
      value,
    ],
  );
}

test("every command gives one number for one commit, however often and wherever it wrote before", async (t) => {
  const project = projectOf(t);
  const first = await values(project);
  for (const args of [
    ["track"],
    ["track"],
    ["track", "--db", "x.db", "-o", "out"],
    ["track", "--db", "data/y", "-o", "site/metrics"],
    ["gate", "--output-file", "results/gate.json"],
    ["gate", "--db", "x.db", "--output-file", "verdict.json"],
    ["track", "--db", "x.db", "-o", "src"],
  ]) {
    assert.deepEqual(await values(project, args), first, `by ${args.join(" ")} itself`);
    assert.deepEqual(await values(project), first, `after ${args.join(" ")}`);
  }
  for (const args of [
    ["preview", "--no-open"],
    ["preview", "--no-open", "-o", "shown"],
    ["badge", "count", "-o", "badge.svg"],
    ["badge", "count", "--trend", "-o", "docs/trend.svg"],
    ["badge", "count", "--format", "json", "-o", "docs/badge.json"],
    ["report", "-o", "."],
  ]) {
    const outcome = await project.run(args);
    assert.equal(outcome.code, 0, told(outcome));
    assert.deepEqual(await values(project), first, args.join(" "));
  }
  assert.ok(
    ["x.db.bak", "unentropy.db.bak", "verdict.json", "badge.svg"].every((name) => project.exists(name)),
  );
  const { stdout } = await project.run(["sources"]);
  assert.deepEqual(stdout.trim().split("\n"), ["docs/a.html", "src/a.js", "unentropy.json"]);
});

test("copies of a damaged or deleted history and what was rescued do not count", async (t) => {
  const project = projectOf(t);
  const first = await values(project);
  for (const db of ["unentropy.db", "x.db"]) {
    await values(project, ["track", "--db", db]);
    await values(project, ["track", "--db", db]);
    fs.writeFileSync(project.path(db), "damaged");
    const restored = await project.run(["track", "--db", db, "--on-corrupt", "restore"]);
    assert.equal(restored.code, 0, told(restored));
    fs.rmSync(project.path(db));
    const begun = await project.run(["track", "--db", db, "--on-missing", "begin"]);
    assert.equal(begun.code, 0, told(begun));
  }
  const names = project.names();
  for (const kind of [
    /^unentropy\.db\.corrupt-/,
    /^x\.db\.corrupt-/,
    /^unentropy\.db\.gone-/,
    /^x\.db\.gone-/,
  ])
    assert.ok(
      names.some((name) => kind.test(name)),
      `${kind} in ${names}`,
    );
  fs.copyFileSync(project.path("x.db"), project.path(RESCUE_FILE));
  fs.copyFileSync(project.path("x.db"), project.path("unentropy-rescue-2.db"));
  fs.copyFileSync(project.path("x.db"), project.path("docs/kept elsewhere.sqlite"));
  fs.writeFileSync(project.path("x.db.lock"), "{}");
  fs.writeFileSync(project.path("x.db.123-abc.tmp"), "half a history");
  assert.deepEqual(await values(project), first);
});

test("the action's files do not count either", async (t) => {
  const config = { ...CONFIG, storage: { type: "sqlite-local", path: "data/history.sqlite" } };
  const project = projectOf(t, config);
  const first = await values(project);
  for (const inputs of [
    {},
    { "report-dir": "pages", "report-name": "metrics.htm" },
    { mode: "gate", "output-file": "out/r.json" },
  ]) {
    const acted = await act(project, /** @type {Record<string, string>} */ (inputs));
    assert.equal(acted.code, 0, told(acted));
    assert.deepEqual(await values(project), first, JSON.stringify(inputs));
  }
  assert.ok(project.exists("pages/metrics.htm"));
  assert.ok(project.exists("out/r.json"));
});

test("a report directory that is made keeps git away, and one that exists stays as it is", async (t) => {
  const project = projectOf(t);
  fs.mkdirSync(project.path("there"));
  project.write("ruled/.gitignore", "mine\n");
  for (const directory of ["new/deep", "there", "ruled"]) {
    const outcome = await project.run(["track", "-o", directory]);
    assert.equal(outcome.code, 0, told(outcome));
  }
  assert.match(project.read("new/deep/.gitignore").toString(), /^#.*\n\*\n$/);
  assert.equal(project.exists("new/.gitignore"), false);
  assert.equal(project.exists("there/.gitignore"), false);
  assert.equal(project.read("ruled/.gitignore").toString(), "mine\n");
  const untracked = project.git("status", "--porcelain", "--untracked-files=all");
  assert.doesNotMatch(untracked, /new\//);
  assert.match(untracked, /there\/index\.html/);
  fs.rmSync(project.path("new/deep/.gitignore"));
  await project.run(["track", "-o", "new/deep"]);
  assert.equal(project.exists("new/deep/.gitignore"), false, "who removed it meant it");
});

test("a metric that names nothing else has nothing to measure, and says why", async (t) => {
  const project = projectOf(t);
  await values(project, ["track"]);
  for (const name of ["unentropy.db", "unentropy-report", "*.db"]) {
    const outcome = await project.run(["collect", "size", name]);
    assert.equal(outcome.code, 4, told(outcome));
    assert.match(outcome.stderr, /error\[COLLECTOR_NOTHING\]: .*what Unentropy writes itself does not count/);
  }
});

test("other people's files of the same kinds count", async (t) => {
  const project = projectOf(t);
  await values(project, ["track"]);
  const foreign = {
    "page.html": '<meta name="generator" content="Hugo">\n',
    "results.json": '{\n  "timestamp": "x",\n  "collection": 1\n}\n',
    "badge.json": '{"schemaVersion":1,"label":"a","message":"1","color":"green"}\n',
    "logo.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="38" height="20" role="img"></svg>\n',
    "app.db": `SQLite format 3\0${"x".repeat(4080)}`,
    "notes.bak": "x",
    "yarn.lock": "x",
    "unentropy.db.md": "x",
  };
  const own = new OwnFiles();
  for (const [name, content] of Object.entries(foreign)) {
    project.write(name, content);
    assert.equal(own.has(project.path(name)), false, name);
  }
  assert.equal(own.has(project.path("unentropy.db")), true);
  assert.equal(new OwnFiles({ histories: [project.path("notes")] }).has(project.path("notes.bak")), true);
});

test("a file of this tool is known by a path through links too", {
  skip: process.platform === "win32",
}, (t) => {
  const project = projectOf(t).write("data/x.txt", "x");
  fs.symlinkSync("data", project.path("alias"));
  const own = new OwnFiles({ files: [project.path("alias/x.txt"), project.path("alias/later/y.txt")] });
  assert.equal(own.has(path.join(fs.realpathSync(project.directory), "data/x.txt")), true);
  assert.equal(own.has(path.join(fs.realpathSync(project.directory), "data/later/y.txt")), true);
});
