// Which history a change is compared with, where nothing is wrong: what the base branch has committed, what flags name, and
// what holds for the first pull request. The attacks on it are rows of tests/host/security/rows/gate.js.

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { gitHubServer } from "../support/github-server.js";
import { told } from "../support/project.js";
import { Change, gated, NO_DROP } from "../support/pull-request.js";
import { act } from "../support/runner.js";

const posix = process.platform === "win32" ? { skip: "links" } : {};

const server = gitHubServer();

const access = () => ({ GITHUB_API_URL: server.apiUrl, GITHUB_TOKEN: server.token() });
const STORED = { ...gated([NO_DROP]), storage: { type: "sqlite-local", path: "h.db" } };
const file = (/** @type {object} */ config) => ({ "unentropy.json": JSON.stringify(config) });

/**
 * A `main` that keeps its history in a file that it commits, and a branch that has left it.
 * @param {import("node:test").TestContext} t
 */
async function committed(t) {
  const change = await Change.start(t, { config: STORED, record: false });
  change.git("checkout", "-q", "main");
  await record(change);
  change.git("checkout", "-q", "-B", "topic");
  return change;
}

/** A build of `main`, whose history is committed. @param {Change} change */
async function record(change) {
  const outcome = await change.run(["track", "--branch", "main", "--event", "push"]);
  assert.equal(outcome.code, 0, told(outcome));
  return change.commit({});
}

/** Compared with the build of 100. @param {Awaited<ReturnType<Change["gate"]>>} judged */
function compared(judged) {
  assert.deepEqual([judged.code, judged.error, judged.warnings], [5, "GATE_FAILED", []], told(judged));
  assert.equal(judged.verdict?.metrics[0].baseline, 100);
}

test("a history that the base branch has committed is used where the change leaves it alone", async (t) => {
  const change = await committed(t);
  change.commit({ value: "80" });
  compared(await change.gate([], { env: change.pullRequest() }));
});

test("and so is the older one of the commit that the change left", async (t) => {
  const change = await committed(t);
  change.commit({ value: "80" });
  change.git("checkout", "-q", "main");
  change.commit({ value: "100.5" });
  await record(change);
  change.git("checkout", "-q", "topic");
  compared(await change.gate([], { env: change.pullRequest() }));
});

test("a link that the base branch has too leads to the history", posix, async (t) => {
  const change = await committed(t);
  change.git("checkout", "-q", "main");
  fs.renameSync(change.path("h.db"), change.path("real.db"));
  fs.symlinkSync("real.db", change.path("h.db"));
  change.commit({});
  change.git("checkout", "-q", "-B", "topic");
  change.commit({ value: "80" });
  compared(await change.gate([], { env: change.pullRequest() }));
  // The link is as it was, and what it leads to is not.
  const other = await change.run(["track", "--db", "real.db", "--branch", "main", "--event", "push"]);
  assert.equal(other.code, 0, told(other));
  change.commit({});
  const judged = await change.gate([], { env: change.pullRequest() });
  assert.deepEqual([judged.code, judged.error], [5, "HISTORY_OF_CHANGE"], told(judged));
  assert.match(told(judged), /it is at `h\.db`, and this change adds or alters `real\.db`/);
});

test("a file that git does not track is used, whatever the change puts beside it", async (t) => {
  const change = await Change.start(t);
  change.commit({ value: "80", "UNENTROPY.DB.txt": "", "unentropy.db.md": "" });
  compared(await change.gate([], { env: change.pullRequest() }));
});

/**
 * A change that GitHub knows, with what its base branch has.
 * @param {import("node:test").TestContext} t
 */
async function known(t) {
  const change = await committed(t);
  const head = change.commit({ value: "80" });
  const base = change.git("rev-parse", "main");
  server.repositoryFolder = change.directory;
  server.files.set(`${base}:unentropy.json`, JSON.stringify(STORED));
  server.mergeBases.set(`main...${head}`, base);
  return change;
}

test("a clone of one commit asks GitHub what the base branch has", async (t) => {
  const change = await known(t);
  const cwd = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "unentropy-clone-"));
  t.after(() => fs.rmSync(cwd, { recursive: true, force: true, maxRetries: 5 }));
  change.git("clone", "-q", "--depth=1", "--branch=topic", `file://${change.directory}`, cwd);
  const env = { ...change.pullRequest(), ...access() };
  compared(await change.gate([], { cwd, env }));
  server.repositoryFolder = null;
  const silent = await change.gate([], { cwd, env });
  assert.deepEqual([silent.code, silent.error], [5, "HISTORY_OF_CHANGE"], told(silent));
  assert.match(told(silent), /is not known: neither git nor GitHub says/);
});

test("without git GitHub says what the change brings", async (t) => {
  const change = await known(t);
  const plain = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "unentropy-plain-"));
  t.after(() => fs.rmSync(plain, { recursive: true, force: true }));
  for (const name of ["unentropy.json", "value", "h.db"]) {
    fs.copyFileSync(change.path(name), path.join(plain, name));
  }
  const env = { ...change.pullRequest(), ...access(), GITHUB_WORKSPACE: plain };
  compared(await change.gate([], { cwd: plain, env }));
  await record(change);
  fs.copyFileSync(change.path("h.db"), path.join(plain, "h.db"));
  const judged = await change.gate([], { cwd: plain, env: { ...env, ...change.pullRequest() } });
  assert.deepEqual([judged.code, judged.error], [5, "HISTORY_OF_CHANGE"], told(judged));
});

/** A change that brings the first configuration. @param {import("node:test").TestContext} t @param {object} config */
async function first(t, config) {
  const change = await Change.start(t);
  change.git("checkout", "-q", "main");
  change.git("rm", "-q", "unentropy.json");
  change.commit({}, "without a configuration");
  change.git("checkout", "-q", "-B", "topic");
  change.commit({ value: "80", ...file(config) });
  return change;
}

test("the first configuration that names no storage is compared with the usual one", async (t) => {
  const change = await first(t, gated([NO_DROP]));
  compared(await change.gate([], { env: change.pullRequest() }));
});

test("what flags name whole is used whatever the first configuration says", async (t) => {
  const change = await first(t, { ...gated([NO_DROP]), storage: { type: "sqlite-local", path: "none.db" } });
  const env = change.pullRequest();
  compared(await change.gate(["--db", "unentropy.db"], { env }));
  const open = await change.gate([], { env });
  assert.deepEqual([open.code, open.verdict?.status, open.warnings], [0, "unknown", ["CONFIG_UNMERGED"]]);
  const parts = ["--storage", "sqlite-s3", "--s3-region", "eu-west-1"];
  const s3 = await change.gate(parts, {
    env: { ...env, AWS_ACCESS_KEY_ID: "k", AWS_SECRET_ACCESS_KEY: "s" },
  });
  assert.deepEqual([s3.code, s3.verdict?.status, s3.warnings], [0, "unknown", ["CONFIG_UNMERGED"]], told(s3));
});

test("where the base branch's configuration is broken nothing is read that flags do not name", async (t) => {
  const change = await Change.start(t);
  change.git("checkout", "-q", "main");
  change.commit({ "unentropy.json": "{ broken" });
  change.git("checkout", "-q", "-B", "topic");
  change.commit({ value: "80", ...file(gated([NO_DROP])) });
  const env = change.pullRequest();
  const open = await change.gate([], { env });
  assert.deepEqual([open.code, open.error, open.verdict?.status], [5, "BASE_CONFIG_UNKNOWN", "unknown"]);
  assert.match(
    open.verdict?.baselineInfo.problem ?? "",
    /where it is kept is not known: `main:unentropy\.json` has a problem in line 1/,
  );
  const named = await change.gate(["--db", "unentropy.db"], { env });
  assert.equal(named.verdict?.metrics[0].baseline, 100, told(named));
});

test("where no branch is known the change's own storage is read, and that is said", async (t) => {
  const change = await Change.start(t, { config: STORED, record: false });
  await record(change);
  const { code, warnings, document } = await change.gate();
  assert.deepEqual([code, warnings], [0, ["BASE_BRANCH_UNKNOWN"]]);
  assert.equal(document.phases[0].bytes > 0, true);
});

test("a comment is not switched off by a change whose base branch cannot be read", async (t) => {
  const change = await Change.start(t);
  change.git("checkout", "-q", "main");
  change.commit({ "unentropy.json": "{ broken" });
  change.git("checkout", "-q", "-B", "topic");
  const own = gated([NO_DROP], { enablePullRequestComment: false, mode: "soft" });
  const head = change.commit({ value: "80", ...file(own) });
  server.addPull({ number: 7, head: { ref: "topic", sha: head, repositoryId: server.repositoryId } });
  const outcome = await act(
    change,
    { "storage-type": "sqlite-local", "github-token": server.token() },
    { ...change.pullRequest(), GITHUB_API_URL: server.apiUrl },
  );
  assert.equal(outcome.code, 0, told(outcome));
  assert.equal(server.comments.length, 1, told(outcome));
});

test("the output tells the storage that was read, and none where none was", async (t) => {
  const change = await Change.start(t, { config: STORED, record: false });
  change.commit({ value: "80", ...file({ ...STORED, storage: { type: "sqlite-s3" } }) });
  const { outputs } = await act(change, { "github-token": "" }, change.pullRequest());
  assert.equal(outputs["storage-type"], "sqlite-local");
});

test("a second checkout of the change in the work tree is the change's too", async (t) => {
  const change = await committed(t);
  change.commit({ value: "80" });
  await record(change);
  const env = change.pullRequest();
  change.git("clone", "-q", change.directory, change.path("second"));
  change.git("checkout", "-q", "main");
  const judged = await change.gate(["--db", "second/h.db"], { env });
  assert.deepEqual([judged.code, judged.error], [5, "HISTORY_OF_CHANGE"], told(judged));
});
