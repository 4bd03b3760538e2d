// Histories that are damaged, foreign, newer, locked or in the way: nothing is recorded, nothing is overwritten, no
// command has run, and the message names the file and the remedy. And what comes before or beside the history: a
// full disk, a report that cannot be written, several runs at once.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { Project, ROOT, told } from "./support/project.js";

const posix = process.platform === "win32" ? { skip: "POSIX files" } : {};
const GOOD = fs.readFileSync(path.join(ROOT, "tests/fixtures/history/schema-2.0.0.db"));

/** The good history with some bytes replaced. @param {number} at @param {number[]} bytes */
function patched(at, ...bytes) {
  const copy = Buffer.from(GOOD);
  copy.set(bytes, at);
  return copy;
}

/** @param {import("node:test").TestContext} t @param {Record<string, string | Uint8Array>} [files] */
function projectWith(t, files = {}) {
  const project = new Project(t, files);
  return project.config({ metrics: { a: { type: "numeric", command: "touch ran; echo 1" } } });
}

/**
 * Recording and reporting are refused with 3, and the folder is as it was.
 * @param {Project} project
 * @param {string} code
 * @param {RegExp} message with the remedy
 * @param {{user?: number, commands?: string[]}} [options]
 */
async function refused(project, code, message, { user, commands = ["track", "report"] } = {}) {
  const names = project.names();
  const before = fs.statSync(project.path("m.db")).isFile() ? project.read("m.db") : null;
  for (const command of commands) {
    const outcome = await project.run([command, "--db", "m.db", "--json"], { user });
    assert.equal(outcome.code, 3, `${command}: ${told(outcome)}`);
    const { success, error } = JSON.parse(outcome.stdout);
    assert.deepEqual([success, error.type, error.code], [false, "storage", code], outcome.stdout);
    assert.match(outcome.stderr, message, command);
    assert.match(error.message, /\bm\.db\b/, "it names the file");
    assert.ok(error.hint.length > 10, "it names the remedy");
    if (before) assert.ok(project.read("m.db").equals(before), "the file is as it was");
    assert.deepEqual(project.names(), names, "and nothing is beside it");
  }
}

/** @type {[string, string | Buffer, string, RegExp][]} */
const DAMAGED = [
  ["an empty file", "", "HISTORY_NOT_SQLITE", /empty file[\s\S]*Nothing was overwritten/],
  ["words", "no database ".repeat(900), "HISTORY_NOT_SQLITE", /not a database[\s\S]*remove what is there/],
  ["zeros", Buffer.alloc(8192), "HISTORY_NOT_SQLITE", /file that begins with zeros/],
  [
    "half of it",
    GOOD.subarray(0, GOOD.length >> 1),
    "HISTORY_CORRUPT",
    /cut short: found \d+ bytes, expected \d+/,
  ],
  ["half a header", GOOD.subarray(0, 50), "HISTORY_CORRUPT", /cut short[\s\S]*Put an earlier copy/],
  ["a newer format", patched(60, 0, 0, 0, 99), "HISTORY_NEWER", /format 99.*up to \d[\s\S]*a later one/],
  ["a wrong page size", patched(16, 7, 7), "HISTORY_CORRUPT", /page size/],
  ["a ruined first table", patched(100, ...Array(60).fill(0xff)), "HISTORY_CORRUPT", /damage|malformed/],
];

for (const [name, content, code, message] of DAMAGED) {
  test(`${name} in the history's place is refused and kept`, async (t) => {
    await refused(projectWith(t, { "m.db": content }), code, message);
  });
}

test("a flipped bit is refused and kept, or costs no build", async (t) => {
  let state = 20261120;
  const random = (/** @type {number} */ below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  let refusals = 0;
  for (let i = 0; i < 8; i++) {
    // The first two pages hold what everything else hangs on.
    const at = random(i % 2 ? 8192 : GOOD.length);
    const flipped = patched(at, /** @type {number} */ (GOOD[at]) ^ (1 << random(8)));
    const project = projectWith(t, { "m.db": flipped });
    const { code, document } = await project.track("--db", "m.db");
    if (code === 0) assert.equal(document.totalBuilds, 301, `byte ${at}`);
    else {
      refusals++;
      assert.deepEqual([code, document.error.type], [3, "storage"], `byte ${at}`);
      assert.ok(project.read("m.db").equals(flipped), `byte ${at}`);
      assert.equal(project.exists("ran"), false);
    }
  }
  assert.ok(refusals > 0, "some flips hit what counts");
});

test("somebody else's database is refused and kept", async (t) => {
  const project = projectWith(t);
  try {
    execFileSync("sqlite3", [project.path("m.db"), "CREATE TABLE users(id); INSERT INTO users VALUES (1)"]);
  } catch (error) {
    t.skip(`NOT TESTED: needs the sqlite3 program: ${error}`);
    return;
  }
  await refused(project, "HISTORY_FOREIGN", /not a history: it has 1 other tables[\s\S]*choose another name/);
});

test("builds in a write-ahead log and a hot journal stop the run", async (t) => {
  const project = projectWith(t, { "m.db": GOOD, "m.db-wal": "x".repeat(100) });
  await refused(
    project,
    "HISTORY_HOT_JOURNAL",
    /not the whole history: committed builds[\s\S]*wal_checkpoint/,
  );
  fs.rmSync(project.path("m.db-wal"));
  project.write("m.db-journal", "x".repeat(100));
  await refused(project, "HISTORY_HOT_JOURNAL", /an unfinished transaction[\s\S]*quick_check/);
});

test("a directory and a giant in its place are refused at once", posix, async (t) => {
  const project = projectWith(t);
  fs.mkdirSync(project.path("m.db"));
  await refused(project, "FILE_IS_DIRECTORY", /is a directory, a file is expected\n +Name a file/);
  fs.rmdirSync(project.path("m.db"));
  fs.writeFileSync(project.path("m.db"), GOOD);
  fs.truncateSync(project.path("m.db"), 2 ** 40);
  const outcome = await project.run(["track", "--db", "m.db"]);
  assert.equal(outcome.code, 3);
  assert.match(
    outcome.stderr,
    /^error\[HISTORY_TOO_LARGE\].*1099511627776 bytes long, the limit is 268435456/m,
  );
  assert.equal(fs.statSync(project.path("m.db")).size, 2 ** 40);
});

test("a history that may not be read or written is refused and kept", posix, async (t) => {
  const project = projectWith(t, { "m.db": GOOD });
  const user = project.giveAway();
  fs.chmodSync(project.path("m.db"), 0);
  const unreadable = await project.run(["track", "--db", "m.db"], { user });
  assert.equal(unreadable.code, 3);
  assert.match(
    unreadable.stderr,
    /^error\[FILE_DENIED\]: could not read `.*m\.db`: permission denied\n +Give/m,
  );

  const commands = ["track"];
  const kept = (/** @type {RegExp} */ message) => {
    fs.writeFileSync(project.path("ran"), "");
    if (user !== undefined) fs.chownSync(project.path("ran"), user, user);
    return refused(project, "FILE_DENIED", message, { user, commands });
  };
  fs.chmodSync(project.path("m.db"), 0o444);
  await kept(/could not write `.*m\.db`: permission denied/);
  fs.chmodSync(project.path("m.db"), 0o644);
  fs.writeFileSync(project.path("ran"), "");
  fs.chmodSync(project.directory, 0o555);
  try {
    await refused(project, "FILE_DENIED", /could not create the lock of `.*m\.db`: permission denied/, {
      user,
      commands,
    });
  } finally {
    fs.chmodSync(project.directory, 0o755);
  }
});

test("a link to a history stays a link and its target is replaced", posix, async (t) => {
  const project = projectWith(t, { "data/real.db": GOOD });
  fs.symlinkSync("data/real.db", project.path("m.db"));
  const { document } = await project.track("--db", "m.db");
  assert.equal(document.totalBuilds, 301);
  assert.ok(fs.lstatSync(project.path("m.db")).isSymbolicLink());
  assert.deepEqual(project.names("data"), ["real.db", "real.db.bak"]);
});

test("a full disk leaves the history and nothing else", async (t) => {
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    t.skip("NOT TESTED: a full disk needs root on Linux, to mount a small one");
    return;
  }
  const project = projectWith(t, { "small/.keep": "" });
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", project.path("small")], {
      stdio: "pipe",
    });
  } catch (thrown) {
    t.skip(`NOT TESTED: a small file system cannot be mounted here: ${thrown}`);
    return;
  }
  try {
    project.write("small/m.db", GOOD);
    const { code, document } = await project.track("--db", "small/m.db");
    assert.deepEqual([code, document.success, document.error.code], [3, false, "DISK_FULL"]);
    assert.match(document.error.message, /small\/m\.db`: no space is left/);
    assert.ok(project.read("small/m.db").equals(GOOD));
    assert.deepEqual(project.names("small"), ["m.db"]);
  } finally {
    execFileSync("umount", [project.path("small")]);
  }
});

test("a run that could not be recorded is refused before its commands run", async (t) => {
  const project = projectWith(t, { "m.db": GOOD });
  for (const [args, message] of /** @type {[string[], RegExp][]} */ ([
    [["--branch", "a\nb"], /the branch contains the control character U\+000A/],
    [["--run-id", "x".repeat(200)], /the run id has 200 characters, at most 128/],
    [["--run-id", ""], /`--run-id` is empty/],
    [["--db", ""], /`--db` is empty/],
  ])) {
    const outcome = await project.run(["track", "--db", "m.db", ...args]);
    assert.equal(outcome.code, 2, told(outcome));
    assert.match(outcome.stderr, message);
  }
  project.config({ metrics: { status: { type: "numeric", command: "touch ran; echo 1" } } });
  const outcome = await project.run(["track", "--db", "m.db"]);
  assert.equal(outcome.code, 4);
  assert.match(
    outcome.stderr,
    /✗ status +its type is numeric, but the history holds label values of `status`\n +Give/,
  );
  assert.equal(project.exists("ran"), false);
  assert.ok(project.read("m.db").equals(GOOD));
});

test("a report that cannot be written is a warning: the build is stored", posix, async (t) => {
  const project = projectWith(t, { file: "x", "full/index.html/x": "x", "shut/.keep": "" });
  const user = project.giveAway();
  fs.chmodSync(project.path("shut"), 0o555);
  for (const [index, [directory, message]] of /** @type {[string, RegExp][]} */ ([
    [
      "file",
      /report's directory `.*file`: a part of the path is a file where a directory is expected\n +Check/,
    ],
    ["file/below", /report's directory `.*below`: a part of the path is a file/],
    ["full", /report `.*index\.html`: it is a directory\n +Name/],
    ["shut", /report `.*index\.html`: permission denied\n +Give/],
  ]).entries()) {
    const outcome = await project.run(["track", "--db", "m.db", "-o", directory, "--json"], { user });
    const document = JSON.parse(outcome.stdout);
    assert.deepEqual([outcome.code, document.success, document.reportPath], [0, true, null], directory);
    assert.deepEqual(document.phases.at(-1).status, "failed");
    assert.equal(document.totalBuilds, index + 1);
    assert.match(outcome.stderr, message);
    const alone = await project.run(["report", "--db", "m.db", "-o", directory], { user });
    assert.equal(alone.code, 1, "where the report is all that was asked for, it is a failure");
    assert.match(alone.stderr, message);
  }
});

test("six runs at once on one history are six builds", { timeout: 600_000 }, async (t) => {
  const project = projectWith(t);
  const runs = Array.from({ length: 6 }, (_, i) =>
    project.run(["track", "--db", "m.db", "--run-id", `run-${i}`, "-o", `report-${i}`]),
  );
  for (const outcome of await Promise.all(runs)) assert.equal(outcome.code, 0, outcome.stderr);
  const after = await project.run(["report", "--db", "m.db", "--json"]);
  assert.equal(JSON.parse(after.stdout).totalBuilds, 6);
  assert.deepEqual(
    project.names().filter((name) => name.startsWith("m.db")),
    ["m.db", "m.db.bak"],
  );
});

test("a directory that the system will not create ends the run instead of being tried for ever", {
  skip: process.platform !== "linux" && "it takes /proc",
}, async (t) => {
  const project = projectWith(t);
  const outcome = await project.run(["track", "--db", "/proc/none/m.db"]);
  assert.equal(outcome.code, 3, told(outcome));
  assert.match(outcome.stderr, /error\[FILE_MISSING\]: could not create the directory `\/proc\/none`/);
});
