/**
 * A build that cannot be stored is not lost, whatever else is wrong with the machine: the file that keeps it, what is
 * shown of it, and what a run that is killed while it stores leaves behind.
 */

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { Storage } from "../../../js/storage/storage.js";
import { startFaultProxy } from "../../servers/fault-proxy.js";
import { startMoto } from "../../servers/s3.js";
import { Step } from "../action/place.js";
import { until } from "../support/processes.js";
import { told } from "../support/project.js";
import { stopAll } from "./place.js";

/** @type {import("../../servers/s3.js").S3Server} */
let moto;
/** @type {Awaited<ReturnType<typeof startFaultProxy>>} */
let proxy;
before(async () => {
  moto = await startMoto();
  proxy = await startFaultProxy(moto);
});
after(() => stopAll([proxy, moto]));

const BROKEN = { kind: /** @type {const} */ ("answer"), status: 500, code: "InternalError" };

/** No test waits for a server that stays broken. */
const ONCE = ["--retry-attempts", "1"];

/**
 * A place whose history has a build, behind a proxy.
 * @param {import("node:test").TestContext} t
 * @param {Parameters<typeof proxy.become>[0]} [character]
 */
async function setup(t, character = {}) {
  proxy.become(character);
  t.after(() => proxy.become({}));
  proxy.script([]);
  t.after(() => proxy.script([]));
  const step = new Step(t, proxy, { direct: moto });
  const { project, place, secrets } = step;
  const flags = ["--storage", "sqlite-s3", "--s3-endpoint", proxy.endpoint, "--s3-bucket", "bucket"];
  flags.push("--s3-region", "us-east-1", "--s3-key", place.key);
  const [id, secret] = secrets;
  const temporary = project.path(".git/temporary");
  fs.mkdirSync(temporary);
  const env = { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, RUNNER_TEMP: temporary };
  /** @param {string[]} args @param {import("../support/project.js").RunOptions} [options] */
  const run = (args, options = {}) =>
    project.run([...args, ...flags], { ...options, env: { ...env, ...options.env } });
  const first = await run(["track", "--run-id", "r1"]);
  assert.equal(first.code, 0, told(first));
  assert.deepEqual(fs.readdirSync(temporary), [], "nothing is left of what is stored");
  return { step, project, place, flags, env, run, temporary };
}

/** The rescue files below a temporary folder. @param {string} temporary */
const rescued = (temporary) =>
  fs
    .readdirSync(temporary, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".db"))
    .map((name) => path.join(temporary, name));

test("in a workspace that cannot be written the build is kept in a temporary folder", {
  skip: process.platform === "win32",
}, async (t) => {
  const { project, place, run, temporary } = await setup(t);
  const user = project.giveAway();
  for (const RUNNER_TEMP of [temporary, project.path("missing")]) {
    proxy.script([{ fault: BROKEN, method: "PUT" }]);
    fs.chmodSync(project.directory, 0o555);
    const env = { RUNNER_TEMP, TMPDIR: temporary };
    const id = path.basename(RUNNER_TEMP);
    const failed = await run(["track", "--json", "--run-id", id, ...ONCE], { env, user });
    fs.chmodSync(project.directory, 0o755);
    assert.equal(failed.code, 3, told(failed));
    const { databasePath, error } = JSON.parse(failed.stdout);
    assert.deepEqual(rescued(temporary), [databasePath]);
    assert.ok(error.message.endsWith(`; the history with this build is kept in \`${databasePath}\``));
    assert.equal(error.message.includes("permission denied"), false);
    proxy.script([]);
    const merged = await run(["merge", databasePath]);
    assert.equal(merged.code, 0, told(merged));
    assert.ok((await place.runs()).includes(id));
    fs.rmSync(path.dirname(databasePath), { recursive: true });
  }
});

test("where nothing can be written, that is said of every location", {
  skip: process.platform === "win32",
}, async (t) => {
  const { project, run } = await setup(t);
  const user = project.giveAway();
  proxy.script([{ fault: BROKEN, method: "PUT" }]);
  fs.chmodSync(project.directory, 0o555);
  const [runner, system] = [project.path("no-runner"), project.path("no-system")];
  const failed = await run(["track", "--json", ...ONCE], {
    env: { RUNNER_TEMP: runner, TMPDIR: system },
    user,
  });
  fs.chmodSync(project.directory, 0o755);
  assert.equal(failed.code, 3, told(failed));
  const { databasePath, error } = JSON.parse(failed.stdout);
  assert.equal(databasePath, null);
  assert.equal(error.code, "S3_SERVER_ERROR");
  assert.match(error.message, /; a copy of the history could not be kept here either: /);
  for (const where of [project.path("unentropy-rescue.db"), runner, system]) {
    assert.ok(error.message.includes(`\`${where}\`: `), error.message);
  }
});

test("a build that is kept in the workspace is kept there alone", async (t) => {
  const { project, run, temporary } = await setup(t);
  proxy.script([{ fault: BROKEN, method: "PUT" }]);
  const failed = await run(["track", "--json", ...ONCE]);
  assert.equal(JSON.parse(failed.stdout).databasePath, project.path("unentropy-rescue.db"));
  assert.deepEqual(fs.readdirSync(temporary), []);
});

test("what is being stored is a file until it is stored: a run that is killed leaves it", async (t) => {
  const { project, place, flags, env, run, temporary } = await setup(t);
  const url = new RegExp(`${place.key.split("/")[1]}(?:\\?|$)`);
  proxy.script([{ method: "PUT", url, fault: { kind: "stall" } }]);
  const { child, ended } = project.start(["track", "--run-id", "killed", ...flags], { env });
  await until(() => proxy.seen.some(({ fault }) => fault === "stall"), "the upload has begun");
  child.kill("SIGKILL");
  await ended;
  const left = rescued(temporary).filter((file) => path.basename(file) === "unentropy-rescue.db");
  assert.equal(left.length, 1);
  if (process.platform !== "win32") assert.equal(fs.statSync(left[0]).mode & 0o777, 0o600);
  proxy.script([]);
  assert.deepEqual(await place.runs(), ["r1"]);
  const merged = await run(["merge", left[0]]);
  assert.equal(merged.code, 0, told(merged));
  assert.deepEqual((await place.runs()).sort(), ["killed", "r1"]);
});

for (const [title, trap] of [
  ["a link", 'ln -s "$PWD/victim" "$file"'],
  ["a pipe", 'mkfifo "$file"'],
  ["a folder", 'mkdir "$file" && touch "$file/x"'],
]) {
  test(`${title} that a command leaves for the next file is not written through`, {
    skip: process.platform === "win32",
    timeout: 600_000,
  }, async (t) => {
    const { project, place, run, temporary } = await setup(t);
    project.write("victim", "precious");
    const names = ["unentropy-rescue.db", "unentropy-rescue.db.part", "history.db.part"];
    const command = `for name in ${names.join(" ")}; do file="$(dirname "$UNENTROPY_DATABASE_PATH")/$name"; ${trap} || exit 1; done; echo 1`;
    project.config({ metrics: { hostile: { type: "numeric", command } } });
    const outcome = await run(["track", "--run-id", "r2"]);
    assert.equal(outcome.code, 0, told(outcome));
    assert.doesNotMatch(outcome.stderr, /warning/);
    assert.equal(project.read("victim").toString(), "precious");
    assert.deepEqual(await place.runs(), ["r1", "r2"]);
    assert.deepEqual(fs.readdirSync(temporary), []);
  });
}

test("commands read what was loaded from the bucket", async (t) => {
  const { project, place, run, temporary } = await setup(t);
  const command = 'cp "$UNENTROPY_DATABASE_PATH" seen.db; echo 1';
  project.config({ metrics: { look: { type: "numeric", command } } });
  const before = await place.content();
  const outcome = await run(["track", "--run-id", "r2"]);
  assert.equal(outcome.code, 0, told(outcome));
  assert.ok(before && project.read("seen.db").equals(before));
  assert.deepEqual(fs.readdirSync(temporary), []);
});

test("commands read also the builds that are pending where a server ignores preconditions", async (t) => {
  const { project, place, flags, env, run } = await setup(t, { ignoresPreconditions: true });
  const before = await place.content();
  const url = new RegExp(`${place.key.split("/")[1]}(?:\\?|$)`);
  proxy.script([{ method: "PUT", url, fault: { kind: "stall" } }]);
  const { child, ended } = project.start(["track", "--run-id", "pending", ...flags], { env });
  await until(() => proxy.seen.some(({ fault }) => fault === "stall"), "the upload has begun");
  child.kill("SIGKILL");
  await ended;
  proxy.script([]);
  assert.deepEqual(await place.content(), before, "it is not in the history yet");
  const command = 'cp "$UNENTROPY_DATABASE_PATH" seen.db; echo 1';
  project.config({ metrics: { look: { type: "numeric", command } } });
  const outcome = await run(["track", "--json", "--run-id", "r3"]);
  assert.equal(outcome.code, 0, told(outcome));
  assert.equal(JSON.parse(outcome.stdout).totalBuilds, 3, "the pending one was added");
  const seen = new Storage({ type: "sqlite-local", path: project.path("seen.db"), readonly: true });
  t.after(() => seen.cleanup());
  await seen.ready();
  assert.equal(seen.getRepository().countBuilds(), 2);
});

test("a lost race leaves nothing behind", async (t) => {
  const { place, run, temporary } = await setup(t);
  proxy.script([{ fault: { kind: "lose-answer" }, method: "PUT", times: 1 }]);
  const outcome = await run(["track", "--run-id", "r2"]);
  assert.equal(outcome.code, 0, told(outcome));
  assert.deepEqual(await place.runs(), ["r1", "r2"]);
  assert.deepEqual(fs.readdirSync(temporary), []);
});

test("with `on-storage-error: warn` the report has the build, and the summary compares it with those known", async (t) => {
  const { step, project, place } = await setup(t);
  proxy.script([{ fault: BROKEN, method: "PUT" }]);
  const outcome = await step.run({ "on-storage-error": "warn", "retry-attempts": "1" });
  assert.equal(outcome.code, 0, told(outcome));
  const { outputs, summary } = outcome;
  assert.deepEqual([outputs.success, outputs["error-code"]], ["false", "S3_SERVER_ERROR"]);
  assert.equal(outputs["report-path"], path.join("unentropy-report", "index.html"));
  assert.ok(project.read("unentropy-report/index.html").includes("c0ffee"));
  assert.match(outcome.stdout, /^report completed in /m);
  assert.match(summary, /^\| Answer \| 42 \| 0 \| /m);
  assert.doesNotMatch(summary, /first value/);
  assert.match(
    summary,
    /^This build was not stored; it is compared with the builds that the history holds\.$/m,
  );
  assert.ok(summary.includes(project.path("unentropy-rescue.db")), summary);
  assert.match(summary, /^Report: unentropy-report\/index\.html/m);
  assert.deepEqual(await place.runs(), ["r1"]);
});

test("without it the build is compared all the same, and no report is written", async (t) => {
  const { step, project } = await setup(t);
  fs.rmSync(project.path("unentropy-report"), { recursive: true });
  proxy.script([{ fault: BROKEN, method: "PUT" }]);
  const outcome = await step.run({ "retry-attempts": "1" });
  assert.equal(outcome.code, 3, told(outcome));
  assert.doesNotMatch(outcome.summary, /first value/);
  assert.equal(project.exists("unentropy-report"), false);
});

test("a first build that is not stored is called the first", async (t) => {
  proxy.script([{ fault: BROKEN, method: "PUT" }]);
  t.after(() => proxy.script([]));
  const step = new Step(t, proxy, { direct: moto });
  const outcome = await step.run({ "on-storage-error": "warn", "retry-attempts": "1" });
  assert.match(outcome.summary, /\| Answer \| 42 \| first value \|/);
  assert.equal(outcome.outputs.history, "", "no history was started");
  const again = await step.run({ "on-storage-error": "warn", "retry-attempts": "1" });
  assert.equal(again.outputs.history, "");
  proxy.script([]);
  assert.equal((await step.run()).outputs.history, "new");
  assert.equal((await step.run()).outputs.history, "existing");
});
