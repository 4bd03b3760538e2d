// The action with its history in S3, as a runner starts it: the first run and those that follow on each Node that runs
// actions, what it says when the store fails, and where what could not be stored stays.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { nodeOf } from "../../../tools/node-versions.js";
import { startFaultProxy } from "../../servers/fault-proxy.js";
import { startMoto, startS3sFs } from "../../servers/s3.js";
import { stopAll } from "../s3/place.js";
import { told } from "../support/project.js";
import { Step } from "./place.js";

/** @type {import("../../servers/s3.js").S3Server} */
let moto;
/** @type {import("../../servers/s3.js").S3Server} */
let s3s;
/** @type {Awaited<ReturnType<typeof startFaultProxy>>} */
let proxy;
before(async () => {
  moto = await startMoto();
  s3s = await startS3sFs();
  proxy = await startFaultProxy(moto);
});
after(() => stopAll([proxy, moto, s3s]));

/** A step behind the proxy. @param {import("node:test").TestContext} t @param {object} [metrics] */
function behindProxy(t, metrics) {
  proxy.become({});
  proxy.script([]);
  t.after(() => proxy.script([]));
  return new Step(t, proxy, { direct: moto, metrics });
}

/** The Nodes that are here or can be fetched. @param {import("node:test").TestContext} t */
function nodes(t) {
  return [20, 22, 24].flatMap((major) => {
    try {
      return [nodeOf(major)];
    } catch (error) {
      t.diagnostic(`NOT TESTED: Node ${major}: ${/** @type {Error} */ (error).message.split("\n")[0]}`);
      return [];
    }
  });
}

/**
 * Runs the action so many times and checks everything that it tells of each run.
 * @param {Step} step
 * @param {number} runs
 * @param {string[]} programs
 */
async function track(step, runs, programs) {
  for (let run = 1; run <= runs; run++) {
    step.project.write("value", String(run));
    const outcome = await step.run(
      {},
      { GITHUB_RUN_ID: String(1000 + run), GITHUB_RUN_NUMBER: String(run) },
      { node: programs[run % programs.length] },
    );
    const where = `run ${run}:\n${told(outcome)}`;
    assert.equal(outcome.code, 0, where);
    const { duration, "report-path": report, ...outputs } = outcome.outputs;
    assert.match(duration, /^\d+$/);
    assert.ok(step.project.exists(report), where);
    const stored = await step.place.content();
    const empty = Object.fromEntries(
      Object.keys(outputs)
        .filter((name) => /^(quality-gate|baseline)-/.test(name))
        .map((name) => [name, ""]),
    );
    assert.deepEqual(outputs, {
      ...empty,
      success: "true",
      "storage-type": "sqlite-s3",
      "database-location": `s3://bucket/${step.place.key}`,
      "database-path": "",
      "database-size": String(stored?.length),
      history: run === 1 ? "new" : "existing",
      "metrics-collected": "1",
      "metrics-failed": "1",
      "total-builds": String(run),
      "source-run-id": "",
      "error-code": "",
      "error-message": "",
    });
    for (const phase of ["download", "collect", "upload", "report"]) {
      assert.match(outcome.stdout, new RegExp(`^${phase} completed in `, "m"));
    }
    const change = run === 1 ? "first value" : "🟢 +1";
    assert.ok(outcome.summary.includes(`| Value | ${run} | ${change} | `), outcome.summary);
    const trend = /\| Value \|.*\| ([▁-█]*) \|$/mu.exec(outcome.summary)?.[1] ?? "";
    assert.equal(trend.length, run === 1 ? 0 : Math.min(run, 20), outcome.summary);
    assert.ok(outcome.summary.includes("- **broken**: the command ended with exit code 1"), outcome.summary);
    assert.match(outcome.summary, new RegExp(`^History: s3:.*\\(${run} builds?, `, "m"));
    assert.match(outcome.stdout, /^::warning title=metric broken failed::/m);
  }
  assert.equal((await step.place.runs()).length, runs);
  // Where a server's writes are found not to be atomic, builds are announced as objects of their own.
  const others = (await step.place.leftovers()).filter((name) => !name.startsWith(".pending/"));
  assert.deepEqual(others, [""]);
}

const METRICS = {
  value: {
    name: "Value",
    type: "numeric",
    unit: "integer",
    direction: "higher-is-better",
    command: "cat value",
  },
  broken: { type: "numeric", command: "exit 1" },
};

test("a first run begins a history, twenty others continue it, on every Node", {
  timeout: 600_000,
}, async (t) => {
  const step = new Step(t, s3s, { metrics: METRICS });
  await track(step, 21, nodes(t));
});

test("the same on another server", { timeout: 600_000 }, async (t) => {
  await track(new Step(t, moto, { metrics: METRICS }), 3, [process.execPath]);
});

test("the configuration names the place, inputs come before it, credentials may come from the environment", async (t) => {
  const step = behindProxy(t);
  const s3 = { endpoint: proxy.endpoint, bucket: "elsewhere", region: "us-east-1", key: step.place.key };
  step.project.config({ metrics: METRICS, storage: { type: "sqlite-s3", s3 } });
  step.project.write("value", "1");
  const [id, secret] = step.secrets;
  const unset = Object.fromEntries(Object.keys(step.inputs).map((name) => [name, ""]));
  const env = { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret };
  const configured = await step.run(unset, env);
  assert.equal(configured.outputs["error-code"], "S3_BUCKET_MISSING", told(configured));
  const given = await step.run({ ...unset, "s3-bucket": "bucket" }, env);
  assert.equal(given.code, 0, told(given));
  assert.equal((await step.place.runs()).length, 1);
});

const DENIED = { kind: /** @type {const} */ ("answer"), status: 403, code: "AccessDenied" };

test("a history that could not be stored fails the step, and stays in a file", async (t) => {
  const step = behindProxy(t);
  assert.equal((await step.run()).code, 0);
  proxy.script([{ fault: DENIED, method: "PUT" }]);
  const outcome = await step.run({}, { GITHUB_RUN_ID: "78" });
  assert.equal(outcome.code, 3, told(outcome));
  const { outputs } = outcome;
  assert.deepEqual(
    [outputs.success, outputs["error-code"], outputs["metrics-collected"], outputs["total-builds"]],
    ["false", "S3_ACCESS_DENIED", "1", ""],
  );
  assert.equal(outputs["database-path"], step.project.path("unentropy-rescue.db"));
  assert.ok(step.project.exists("unentropy-rescue.db"));
  assert.match(outcome.summary, /^❌ \*\*The history could not be stored\*\*: /);
  assert.match(outcome.summary, /\| Answer \| 42 \|/);
  assert.match(outcome.stdout, /^::error title=S3_ACCESS_DENIED::/m);
  assert.deepEqual(await step.place.runs(), ["77"]);
});

test("`on-storage-error: warn` leaves the step green and says it first", async (t) => {
  const step = behindProxy(t);
  for (const method of ["PUT", "GET"]) {
    proxy.script([{ fault: { ...DENIED, status: 500, code: "InternalError" }, method }]);
    const outcome = await step.run({ "on-storage-error": "warn", "retry-attempts": "1" });
    assert.equal(outcome.code, 0, told(outcome));
    assert.deepEqual([outcome.outputs.success, outcome.outputs["error-code"]], ["false", "S3_SERVER_ERROR"]);
    assert.match(outcome.summary.split("\n")[0], /^⚠️ \*\*The history could not be stored\*\*: /);
    assert.match(outcome.stdout, /^::warning title=S3_SERVER_ERROR::the history could not be stored: /m);
    assert.doesNotMatch(outcome.stdout, /^::error/m);
  }
  proxy.script([]);
  assert.equal(await step.place.content(), null);
});

test("`on-storage-error: warn` excuses nothing else", async (t) => {
  const step = behindProxy(t);
  const wrong = await step.run({ "on-storage-error": "warn", "s3-secret-access-key": "" });
  assert.deepEqual([wrong.code, wrong.outputs["error-code"]], [2, "S3_PARAMETERS_INVALID"]);
  step.project.config({ metrics: { broken: METRICS.broken } });
  const failed = await step.run({ "on-storage-error": "warn" });
  assert.deepEqual([failed.code, failed.outputs["error-code"]], [4, "ALL_METRICS_FAILED"]);
});

test("a history that cannot be read is never begun anew", async (t) => {
  const step = behindProxy(t);
  assert.equal((await step.run()).code, 0);
  const stored = await step.place.content();
  const url = new RegExp(`${step.place.key.split("/")[1]}(?:\\?|$)`);
  proxy.script([{ fault: DENIED, method: "GET", url }]);
  const outcome = await step.run({}, { GITHUB_RUN_ID: "78" });
  assert.equal(outcome.code, 3, told(outcome));
  proxy.script([]);
  assert.deepEqual(await step.place.content(), stored);
});

test("`retry-attempts` is how often a request is tried", async (t) => {
  const step = behindProxy(t);
  const fault = { ...DENIED, status: 503, code: "SlowDown" };
  const url = new RegExp(`${step.place.key.split("/")[1]}(?:\\?|$)`);
  for (const [attempts, code] of /** @type {const} */ ([
    ["1", 3],
    ["2", 0],
  ])) {
    proxy.script([{ fault, method: "GET", url, times: 1 }]);
    const outcome = await step.run({ "retry-attempts": attempts });
    assert.equal(outcome.code, code, told(outcome));
  }
});

test("a report that cannot be written is a warning", async (t) => {
  const step = behindProxy(t);
  step.project.write("unentropy-report", "a file");
  const outcome = await step.run();
  assert.equal(outcome.code, 0, told(outcome));
  assert.deepEqual([outcome.outputs.success, outcome.outputs["report-path"]], ["true", ""]);
  assert.match(outcome.stdout, /^::warning title=FILE_\w+::could not .*report/m);
  assert.match(outcome.stdout, /^report failed in /m);
  assert.match(outcome.summary, /### 1 warning/);
  assert.match(outcome.summary, /\| report \| failed \|/);
});

test("a summary that cannot be written is a warning", async (t) => {
  const step = behindProxy(t);
  const outcome = await step.run({}, { GITHUB_STEP_SUMMARY: step.project.directory });
  assert.equal(outcome.code, 0, told(outcome));
  assert.match(outcome.stdout, /^::warning title=SUMMARY_UNWRITABLE::/m);
});

test("`seed-from` begins a history with another place's, once", async (t) => {
  const step = behindProxy(t);
  for (const run of ["1", "2"]) {
    const local = await step.run(
      { "storage-type": "sqlite-local", "database-path": "old.db" },
      { GITHUB_RUN_ID: run },
    );
    assert.equal(local.code, 0, told(local));
  }
  const first = await step.run({ "seed-from": "old.db" }, { GITHUB_RUN_ID: "3" });
  assert.equal(first.code, 0, told(first));
  assert.equal(first.outputs["total-builds"], "3");
  step.project.write("old.db", "no history any more");
  const second = await step.run({ "seed-from": "old.db" }, { GITHUB_RUN_ID: "4" });
  assert.equal(second.code, 0, told(second));
  assert.deepEqual(await step.place.runs(), ["1", "2", "3", "4"]);
});

test("a seed that cannot be read begins no history", async (t) => {
  const step = behindProxy(t);
  step.project.write("old.db", "not a history");
  const outcome = await step.run({ "seed-from": "old.db" });
  assert.deepEqual([outcome.code, outcome.outputs["error-code"]], [3, "HISTORY_NOT_SQLITE"], told(outcome));
  assert.equal(await step.place.content(), null);
  const nowhere = await step.run({ "seed-from": "ftp://old" });
  assert.deepEqual([nowhere.code, nowhere.outputs["error-code"]], [2, "USAGE_INVALID"]);
});

test("the artifact is left to the workflow where it asks for that", async (t) => {
  const step = behindProxy(t);
  const manual = {
    "storage-type": "sqlite-artifact",
    "artifact-transfer": "manual",
    "database-path": "moved.db",
  };
  for (const builds of ["1", "2"]) {
    const outcome = await step.run(manual, { GITHUB_RUN_ID: builds });
    assert.equal(outcome.code, 0, told(outcome));
    assert.equal(outcome.outputs["storage-type"], "sqlite-artifact");
    assert.equal(outcome.outputs["database-path"], step.project.path("moved.db"));
    assert.equal(outcome.outputs["total-builds"], builds);
  }
  assert.ok(fs.statSync(path.join(step.project.directory, "moved.db")).size > 0);
  assert.deepEqual(proxy.seen, []);
});

test("hostile names do nothing in the log, the summary and the outputs", async (t) => {
  const hostile = "a|b <img src=x> @octocat ::error::x";
  const step = behindProxy(t, {
    bad: { name: hostile, type: "label", command: "printf '%s\\n' '<b>|@x</b> ##[error]y'" },
  });
  const outcome = await step.run({}, { GITHUB_REF_NAME: "br|anch<script>@octocat" });
  assert.equal(outcome.code, 0, told(outcome));
  for (const never of ["<img", "<script", "@octocat", "<b>"]) {
    assert.equal(outcome.summary.includes(never), false, outcome.summary);
  }
  assert.doesNotMatch(outcome.stdout, /^::error|##\[error\]/m);
});
