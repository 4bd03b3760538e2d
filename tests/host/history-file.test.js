// Which file of this machine the history is, where a path, a key or nothing names it, on the command line and in the
// action; and that trouble with it names the option.

import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { Project, told } from "./support/project.js";
import { act } from "./support/runner.js";

const METRICS = { a: { type: "numeric", command: "echo 1" } };
const LOCAL = { "storage-type": "sqlite-local" };
const MANUAL = { "storage-type": "sqlite-artifact", "artifact-transfer": "manual" };

/** A history of so many builds. @param {Project} project @param {string} file @param {number} builds */
async function begin(project, file, builds) {
  for (let n = 1; n <= builds; n++) {
    const { code, stderr } = await project.run(["track", "--db", file, "--run-id", `${file}-${n}`]);
    assert.equal(code, 0, stderr);
  }
}

/** @param {import("node:test").TestContext} t @param {object} [storage] */
function setup(t, storage = {}) {
  const project = new Project(t);
  project.config({ metrics: METRICS, storage });
  return project;
}

const CONTINUED =
  /^the history is `unentropy-metrics\.db`: there is no `unentropy\.db`, and no option names a file$/gm;
const BESIDE = "the history is `unentropy.db`; `unentropy-metrics.db` beside it is not used";

test("the TypeScript tool's history is continued where nothing names another, and that is said once", async (t) => {
  const project = setup(t);
  await begin(project, "unentropy-metrics.db", 2);
  const { stderr, document } = await project.track();
  assert.equal(document.totalBuilds, 3);
  assert.equal(stderr.match(CONTINUED)?.length, 1, stderr);
  const outcomes = [
    ["report", "--json"],
    ["gate", "--json"],
    ["badge", "a", "--json"],
    ["doctor", "--json"],
  ].map((args) => project.run(args));
  for (const outcome of await Promise.all(outcomes)) {
    assert.equal(outcome.stderr.match(CONTINUED)?.length, 1, outcome.stderr);
    JSON.parse(outcome.stdout);
  }
  for (const [n, inputs] of [LOCAL, MANUAL].entries()) {
    const step = await act(project, inputs, { GITHUB_RUN_ID: String(100 + n) });
    assert.deepEqual([step.code, step.outputs["total-builds"]], [0, String(4 + n)], told(step));
    assert.equal(step.stdout.match(CONTINUED)?.length, 1, step.stdout);
  }
  assert.equal(project.exists("unentropy.db"), false);
});

test("with both files ours is used, and a warning names the other", async (t) => {
  const project = setup(t);
  await begin(project, "unentropy-metrics.db", 2);
  await begin(project, "unentropy.db", 1);
  const before = project.read("unentropy-metrics.db");
  const { stderr, document } = await project.track();
  assert.equal(document.totalBuilds, 2);
  assert.ok(stderr.includes(`warning: ${BESIDE}`), stderr);
  assert.match(stderr, /Name the file by `--db`/);
  const step = await act(project, LOCAL, { GITHUB_RUN_ID: "100" });
  assert.equal(step.outputs["total-builds"], "3", told(step));
  assert.ok(step.stdout.includes(`::warning title=HISTORY_BESIDE::${BESIDE}`), step.stdout);
  assert.match(step.stdout, /Name the file by `database-path`/);
  assert.match(step.summary, /HISTORY\\_BESIDE/);
  assert.ok(project.read("unentropy-metrics.db").equals(before));
});

test("`database-key` names the file where no path does", async (t) => {
  const project = setup(t);
  await begin(project, "data/typescript.db", 2);
  const cli = await project.track("--database-key", "data/typescript.db");
  assert.equal(cli.document.totalBuilds, 3, cli.stderr);
  for (const [n, inputs] of [LOCAL, MANUAL].entries()) {
    const given = { ...inputs, "database-key": "data/typescript.db" };
    const step = await act(project, given, { GITHUB_RUN_ID: String(100 + n) });
    assert.equal(step.outputs["total-builds"], String(4 + n), told(step));
    assert.doesNotMatch(step.stdout, /::warning/);
  }
  assert.deepEqual(project.names(), ["data", "unentropy-report", "unentropy.json"]);
});

test("a path comes before the key, an option before the configuration, and both before what is there", async (t) => {
  const project = setup(t, { type: "sqlite-local", path: "configured.db" });
  project.write("unentropy-metrics.db", "not looked at");
  for (const [args, file] of /** @type {[string[], string][]} */ ([
    [["--db", "given.db", "--database-key", "key.db"], "given.db"],
    [["--database-key", "key.db"], "configured.db"],
    [[], "configured.db"],
  ])) {
    const { stderr, document } = await project.track(...args);
    assert.equal(document.databasePath, project.path(file), stderr);
    assert.doesNotMatch(stderr, /unentropy-metrics/);
  }
  const step = await act(project, { ...LOCAL, "database-path": "given.db", "database-key": "key.db" });
  assert.equal(step.outputs["database-path"], project.path("given.db"), told(step));
  const manual = await act(project, MANUAL);
  assert.equal(manual.outputs["database-path"], project.path("configured.db"), told(manual));
});

test("a key whose file is not there yet is used, with a warning of the history that is", async (t) => {
  const project = setup(t);
  await begin(project, "unentropy.db", 1);
  const { stderr, document } = await project.track("--database-key", "new.db");
  assert.equal(document.databasePath, project.path("new.db"));
  assert.ok(
    stderr.includes(
      "there is no history in `new.db`, which `--database-key` names, but one in `unentropy.db`",
    ),
    stderr,
  );
  assert.doesNotMatch((await project.track("--database-key", "new.db")).stderr, /warning/);
});

test("our history that is gone is not passed over for the other one", async (t) => {
  const project = setup(t);
  await begin(project, "unentropy.db", 2);
  await begin(project, "unentropy-metrics.db", 1);
  fs.rmSync(project.path("unentropy.db"));
  const { document } = await project.track();
  assert.equal(document.error?.code, "HISTORY_GONE");
});

test("builds are not merged into the file that they are taken from", async (t) => {
  const project = setup(t);
  await begin(project, "unentropy-metrics.db", 2);
  const outcome = await project.run(["merge", "--json", "unentropy-metrics.db"]);
  assert.deepEqual(
    [outcome.code, JSON.parse(outcome.stdout).databaseLocation, JSON.parse(outcome.stdout).addedBuilds],
    [0, project.path("unentropy.db"), 2],
    outcome.stderr,
  );
});

test("a path that cannot be is named as it was given", async (t) => {
  const project = setup(t);
  project.write("file", "x");
  fs.mkdirSync(project.path("folder"));
  for (const [args, words] of /** @type {[string[], string][]} */ ([
    [["track", "--db", "file/m.db"], "`--db` is `file/m.db`."],
    [["track", "--db", "folder"], "`--db` is `folder`."],
    [["track", "--database-key", "file/m.db"], "`--database-key` is `file/m.db`."],
    [["gate", "--db", "file/m.db"], "`--db` is `file/m.db`."],
    [["report", "--db", "folder"], "`--db` is `folder`."],
    [["track", "--seed-from", "file/m.db"], "`--seed-from` is `file/m.db`."],
    [["track", "--seed-from", "ftp://x"], "`--seed-from` is `ftp://x`, expected"],
    [["track", "--report-dir", "file"], "`--report-dir` is `file`."],
    [["track", "--report-dir", "file/below"], "`--report-dir` is `file/below`."],
    [["report", "--report-dir", "file"], "`--report-dir` is `file`."],
    [["gate", "--output-file", "file/out.json"], "`--output-file` is `file/out.json`."],
    [["gate", "--output-file", "folder"], "`--output-file` is `folder`."],
    [["merge", "n.db", "file/m.db"], "`FROM` is `file/m.db`."],
    [["migrate", "file/m.db", "n.db"], "`FROM` is `file/m.db`."],
  ])) {
    const outcome = await project.run(args);
    assert.ok(outcome.stderr.includes(words), `${args.join(" ")}:\n${outcome.stderr}`);
  }
  for (const [inputs, words] of /** @type {[Record<string, string>, string][]} */ ([
    [{ ...LOCAL, "database-path": "file/m.db" }, "`database-path` is `file/m.db`."],
    [{ ...MANUAL, "database-key": "file/m.db" }, "`database-key` is `file/m.db`."],
    [{ ...LOCAL, "report-dir": "file" }, "`report-dir` is `file`."],
    [{ ...LOCAL, "seed-from": "ftp://x" }, "`seed-from` is `ftp://x`, expected"],
    [{ ...LOCAL, "database-path": "n.db", "seed-from": "file/m.db" }, "`seed-from` is `file/m.db`."],
    [{ ...LOCAL, mode: "gate", "output-file": "file/out.json" }, "`output-file` is `file/out.json`."],
    [{ ...LOCAL, "config-file": "folder" }, "`config-file` is `folder`."],
  ])) {
    const { stdout } = await act(project, inputs);
    const line = stdout.split("\n").find((each) => /^::(error|warning)/.test(each) && each.includes(words));
    assert.ok(line, `${words}:\n${stdout}`);
    assert.doesNotMatch(line, /--[a-z]/);
  }
  project.config({ metrics: METRICS, storage: { type: "sqlite-local", path: "file/m.db" } });
  const { stderr } = await project.run(["track"]);
  assert.ok(stderr.includes("`storage.path` of `unentropy.json` is `file/m.db`."), stderr);
});
