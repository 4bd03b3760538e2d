/**
 * A local history that is deleted or damaged, by runs of the shipped command line: no new history starts where there
 * was one, a copy is never replaced by a shorter one, and each remedy does what its message says.
 */

import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { Project, told } from "../support/project.js";

/** @param {import("node:test").TestContext} t */
function projectWith(t) {
  return new Project(t).config({ metrics: { a: { type: "numeric", command: "echo 1" } } });
}

/** @param {Project} project @param {number} n @param {string[]} more */
const track = (project, n, ...more) =>
  project.run(["track", "--db", "m.db", "--run-id", `run-${n}`, "--json", ...more]);

/** @param {Project} project @param {number} count @param {number} [first] */
async function runs(project, count, first = 1) {
  for (let n = first; n < first + count; n++) {
    const outcome = await track(project, n);
    assert.equal(outcome.code, 0, told(outcome));
  }
}

/** @param {Project} project @param {string} [name] */
async function builds(project, name = "m.db") {
  const outcome = await project.run(["report", "--db", name, "--json"]);
  return JSON.parse(outcome.stdout).totalBuilds;
}

test("a first run says that a new history starts, and where; a second one does not", async (t) => {
  const project = projectWith(t);
  const first = await project.run(["track", "--db", "m.db"]);
  assert.match(told(first), /a new history starts at .*m\.db, where none was found/);
  const second = await project.run(["track", "--db", "m.db"]);
  assert.doesNotMatch(told(second), /new history/);
  assert.equal(JSON.parse((await track(project, 3)).stdout).history, "existing");
  const elsewhere = await project.run(["track", "--db", "n.db", "--json"]);
  assert.equal(JSON.parse(elsewhere.stdout).history, "new");
});

test("a deleted history ends the next run, with nothing changed and the remedies named", async (t) => {
  const project = projectWith(t);
  await runs(project, 4);
  assert.equal(await builds(project, "m.db.bak"), 3);
  const copy = project.read("m.db.bak");
  fs.rmSync(project.path("m.db"));
  for (const command of [
    ["track", "--db", "m.db", "--json"],
    ["report", "--db", "m.db", "--json"],
  ]) {
    const outcome = await project.run(command);
    assert.equal(outcome.code, 3, told(outcome));
    const { error } = JSON.parse(outcome.stdout);
    assert.equal(error.code, "HISTORY_GONE");
    assert.match(error.message, /m\.db` is gone: `m\.db\.bak` beside it shows that there was a history/);
    assert.match(error.hint, /`--on-missing`.*`restore`.*`begin`/);
    assert.equal(fs.existsSync(project.path("m.db")), false);
    assert.deepEqual(project.read("m.db.bak"), copy);
  }
});

test("`--on-missing restore` goes on from the copy", async (t) => {
  const project = projectWith(t);
  await runs(project, 4);
  fs.rmSync(project.path("m.db"));
  const shown = await project.run(["report", "--db", "m.db", "--json", "--on-missing", "restore"]);
  assert.equal(JSON.parse(shown.stdout).totalBuilds, 3, "a reader shows the copy");
  assert.equal(fs.existsSync(project.path("m.db")), false, "and stores nothing");
  const outcome = await track(project, 5, "--on-missing", "restore");
  assert.equal(outcome.code, 0, told(outcome));
  assert.match(outcome.stderr, /restored from .*m\.db\.bak` with 3 builds/);
  const { history, totalBuilds } = JSON.parse(outcome.stdout);
  assert.deepEqual([history, totalBuilds], ["existing", 4]);
  assert.equal(await builds(project, "m.db.bak"), 3);
});

test("`--on-missing begin` starts a new history and keeps the copies under other names", async (t) => {
  const project = projectWith(t);
  await runs(project, 4);
  const copy = project.read("m.db.bak");
  fs.rmSync(project.path("m.db"));
  const outcome = await track(project, 5, "--on-missing", "begin");
  assert.equal(outcome.code, 0, told(outcome));
  const { history, totalBuilds } = JSON.parse(outcome.stdout);
  assert.deepEqual([history, totalBuilds], ["new", 1]);
  const kept = project.names().filter((name) => /^m\.db\.gone-\d{8}T\d{6}Z$/.test(name));
  assert.equal(kept.length, 1);
  assert.deepEqual(project.read(kept[0]), copy);
  assert.match(outcome.stderr, new RegExp(`a new history starts, the backup is kept as .*${kept[0]}`));
  await runs(project, 2, 6);
  assert.equal(await builds(project), 3);
  assert.deepEqual(project.read(kept[0]), copy);
});

test("a backup is never replaced by a history with fewer builds", async (t) => {
  const project = projectWith(t);
  await runs(project, 4);
  const copy = project.read("m.db.bak");
  // Another program starts again without looking.
  const other = projectWith(t);
  await runs(other, 1);
  fs.copyFileSync(other.path("m.db"), project.path("m.db"));
  const outcome = await track(project, 8);
  assert.equal(outcome.code, 0, told(outcome));
  assert.match(outcome.stderr, /m\.db\.bak` was kept: it holds 3 builds, and .* held only 1/);
  assert.deepEqual(project.read("m.db.bak"), copy);
  await runs(project, 2, 9);
  assert.equal(await builds(project, "m.db.bak"), 3, "as many are enough");
  await runs(project, 1, 11);
  assert.equal(await builds(project, "m.db.bak"), 4);
});

for (const [name, spoil] of /** @type {const} */ ([
  ["cut short", (/** @type {Buffer} */ good) => good.subarray(0, good.length >> 1)],
  ["words", () => Buffer.from("no database")],
  ["empty", () => Buffer.alloc(0)],
])) {
  test(`a damaged history (${name}) is restored from the copy where that is asked for`, async (t) => {
    const project = projectWith(t);
    await runs(project, 4);
    const copy = project.read("m.db.bak");
    const damaged = spoil(project.read("m.db"));
    project.write("m.db", damaged);
    const refused = await track(project, 5);
    assert.equal(refused.code, 3);
    assert.match(JSON.parse(refused.stdout).error.hint, /`--on-corrupt`.*`restore`.*`recreate`/);
    assert.deepEqual(project.read("m.db"), damaged);
    assert.deepEqual(project.read("m.db.bak"), copy);
    const outcome = await track(project, 5, "--on-corrupt", "restore");
    assert.equal(outcome.code, 0, told(outcome));
    assert.equal(JSON.parse(outcome.stdout).totalBuilds, 4);
    const kept = project.names().filter((each) => /^m\.db\.corrupt-/.test(each));
    assert.equal(kept.length, 1);
    assert.deepEqual(project.read(kept[0]), damaged);
  });

  test(`a damaged history (${name}) is started again where that is asked for`, async (t) => {
    const project = projectWith(t);
    await runs(project, 3);
    const copy = project.read("m.db.bak");
    const damaged = spoil(project.read("m.db"));
    project.write("m.db", damaged);
    const outcome = await track(project, 5, "--on-corrupt", "recreate");
    assert.equal(outcome.code, 0, told(outcome));
    assert.equal(JSON.parse(outcome.stdout).totalBuilds, 1);
    assert.deepEqual(project.read("m.db.bak"), copy, "the damaged one does not become the backup");
  });
}

test("where no copy can be opened nothing is restored, and what was looked at is named", async (t) => {
  const project = projectWith(t);
  await runs(project, 2);
  fs.rmSync(project.path("m.db"));
  project.write("m.db.bak", "spoiled");
  const outcome = await track(project, 3, "--on-missing", "restore");
  assert.equal(outcome.code, 3);
  const { error } = JSON.parse(outcome.stdout);
  assert.equal(error.code, "HISTORY_NOT_RESTORED");
  assert.match(error.message, /m\.db\.bak`: damaged/);
  assert.equal(fs.existsSync(project.path("m.db")), false);
});

test("runs that start a history at the same moment are not stopped by each other's backups", async (t) => {
  const project = projectWith(t);
  const outcomes = await Promise.all([1, 2, 3, 4, 5].map((n) => track(project, n)));
  for (const outcome of outcomes) assert.equal(outcome.code, 0, told(outcome));
  assert.equal(await builds(project), 5);
});

test("a wrong choice is named with those that there are", async (t) => {
  const project = projectWith(t);
  const outcome = await track(project, 1, "--on-missing", "beginn");
  assert.equal(outcome.code, 2, told(outcome));
  assert.match(
    told(outcome),
    /`--on-missing` is `beginn`, expected one of `fail`, `restore`, `begin`[\s\S]*Did you mean `begin`/,
  );
});
