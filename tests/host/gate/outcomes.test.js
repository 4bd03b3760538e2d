// What becomes of a change in every kind of trouble, through the shipped command line: the table of
// docs/pull-requests.md as data. Each row says the exit code, the verdict and what is told; none is a silent pass.

import assert from "node:assert/strict";
import fs from "node:fs";
import net from "node:net";
import { test } from "node:test";
import { runs, until } from "../support/processes.js";
import { Change, gated, NO_DROP } from "../support/pull-request.js";

const S3 = { AWS_ACCESS_KEY_ID: "key-of-a-test", AWS_SECRET_ACCESS_KEY: "secret-of-a-test" };
const BUCKET = ["--storage", "sqlite-s3", "--s3-bucket", "builds", "--s3-region", "eu-west-1"];

/** A port that nobody listens on. */
async function closedPort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * @typedef {object} Case
 * @property {object} [config] on `main`
 * @property {boolean} [record] whether `main` is recorded; it is unless false
 * @property {Record<string, string>} change files of the change
 * @property {Parameters<Change["pullRequest"]>[0]} [pull]
 * @property {NodeJS.ProcessEnv} [env]
 * @property {(port: number) => string[]} [args]
 * @property {{code: number, status?: string, error?: string, warnings?: string[], judgedBy?: string, message?: RegExp}} expected
 */

const config = (/** @type {Parameters<typeof gated>} */ ...args) => ({
  "unentropy.json": JSON.stringify(gated(...args)),
});
const MIN = { mode: "min", target: 50 };

/** @type {Record<string, Case>} */
const CASES = {
  "a change that keeps its thresholds passes": {
    change: { value: "99" },
    expected: { code: 0, status: "pass", judgedBy: "base" },
  },
  "a failed blocker of a hard gate": {
    change: { value: "80" },
    expected: { code: 5, status: "fail", error: "GATE_FAILED", message: /drop of 20/ },
  },
  "a failed blocker of a soft gate is told and not red": {
    config: gated([NO_DROP], { mode: "soft" }),
    change: { value: "80" },
    expected: { code: 0, status: "fail" },
  },
  "--mode hardens a soft gate": {
    config: gated([NO_DROP], { mode: "soft" }),
    change: { value: "80" },
    args: () => ["--mode", "hard"],
    expected: { code: 5, status: "fail", error: "GATE_FAILED" },
  },
  "a failed warning of a hard gate": {
    config: gated([{ ...NO_DROP, severity: "warning" }]),
    change: { value: "80" },
    expected: { code: 0, status: "pass", message: /drop of 20/ },
  },
  "a gate that is off measures nothing": {
    config: gated([NO_DROP], { mode: "off" }),
    change: { value: "80" },
    expected: { code: 0, status: "unknown" },
  },
  "a gated metric whose command fails, among others": {
    config: {
      ...gated([NO_DROP]),
      metrics: { ...gated([]).metrics, n: { type: "numeric", command: "echo 1" } },
    },
    change: { value: "not a number" },
    expected: { code: 5, status: "fail", error: "GATE_FAILED", message: /collection failed/ },
  },
  "the same with `onMissing: warn`": {
    config: {
      ...gated([{ ...NO_DROP, onMissing: "warn" }]),
      metrics: { ...gated([]).metrics, n: { type: "numeric", command: "echo 1" } },
    },
    change: { value: "not a number" },
    expected: { code: 0, status: "unknown", message: /collection failed/ },
  },
  "every metric fails": {
    config: gated([NO_DROP], { mode: "soft" }),
    change: { value: "not a number" },
    expected: { code: 4, status: "fail", error: "ALL_METRICS_FAILED" },
  },
  "no baseline": {
    record: false,
    change: { value: "1" },
    expected: { code: 0, status: "unknown", message: /no build/ },
  },
  "no baseline, and a fixed bound that is broken": {
    record: false,
    config: gated([NO_DROP, MIN]),
    change: { value: "1" },
    expected: { code: 5, status: "fail", error: "GATE_FAILED" },
  },
  "a store that cannot be reached": {
    change: { value: "80" },
    env: S3,
    args: (port) => [...BUCKET, "--s3-endpoint", `http://127.0.0.1:${port}`],
    expected: { code: 3, status: "unknown", error: "S3_UNREACHABLE", message: /history could not be read/ },
  },
  "a store that cannot be reached, and a fixed bound that is kept": {
    config: gated([NO_DROP, MIN]),
    change: { value: "80" },
    env: S3,
    args: (port) => [...BUCKET, "--s3-endpoint", `http://127.0.0.1:${port}`],
    expected: { code: 3, status: "pass", error: "S3_UNREACHABLE" },
  },
  "a store without credentials, in the repository's own pull request": {
    change: { value: "80" },
    args: () => BUCKET,
    expected: { code: 2, error: "S3_PARAMETERS_INVALID" },
  },
  "a fork's pull request, which has no secrets": {
    config: gated([NO_DROP]),
    change: { value: "80" },
    pull: { fork: true },
    args: () => BUCKET,
    expected: { code: 0, status: "unknown", warnings: ["HISTORY_WITHHELD"], message: /withholds secrets/ },
  },
  "a fork's pull request that breaks a fixed bound": {
    config: gated([NO_DROP, MIN]),
    change: { value: "40" },
    pull: { fork: true },
    args: () => BUCKET,
    expected: { code: 5, status: "fail", error: "GATE_FAILED", warnings: ["HISTORY_WITHHELD"] },
  },
  "Dependabot's pull request, which has no secrets either": {
    change: { value: "80" },
    pull: { actor: "dependabot[bot]" },
    args: () => BUCKET,
    expected: { code: 0, status: "unknown", warnings: ["HISTORY_WITHHELD"] },
  },
  "a pull request inside a fork, which has none of the secrets of the repository it comes from": {
    change: { value: "80" },
    pull: {
      payload: {
        repository: { id: 4_200_001, full_name: "fork/widgets", default_branch: "main", fork: true },
      },
    },
    args: () => BUCKET,
    expected: { code: 0, status: "unknown", warnings: ["HISTORY_WITHHELD"], message: /repository is a fork/ },
  },
  "a pull request inside a fork that has secrets of its own, which are wrong": {
    change: { value: "80" },
    pull: {
      payload: {
        repository: { id: 4_200_001, full_name: "fork/widgets", default_branch: "main", fork: true },
      },
    },
    env: S3,
    args: (port) => [...BUCKET, "--s3-endpoint", `http://127.0.0.1:${port}`],
    expected: { code: 3, status: "unknown", error: "S3_UNREACHABLE" },
  },
  "a fork's pull request whose store cannot be reached although it has credentials": {
    change: { value: "80" },
    pull: { fork: true },
    env: S3,
    args: (port) => [...BUCKET, "--s3-endpoint", `http://127.0.0.1:${port}`],
    expected: { code: 3, status: "unknown", error: "S3_UNREACHABLE" },
  },
  "a damaged history": {
    change: { value: "99", "broken.out": "this is no database, whatever its name says" },
    args: () => ["--db", "broken.out"],
    expected: { code: 3, status: "unknown", error: "HISTORY_NOT_SQLITE" },
  },
  "a change that loosens its threshold is judged by the base branch's": {
    change: { value: "80", ...config([{ ...NO_DROP, maxDropPercent: 90 }]) },
    expected: { code: 5, status: "fail", error: "GATE_FAILED", judgedBy: "base" },
  },
  "a change that removes its threshold is judged by the base branch's": {
    change: { value: "80", ...config([]) },
    expected: { code: 5, status: "fail", error: "GATE_FAILED", judgedBy: "base" },
  },
  "a change that switches the gate off is judged by the base branch's": {
    change: { value: "80", ...config([NO_DROP], { mode: "off" }) },
    expected: { code: 5, status: "fail", error: "GATE_FAILED", judgedBy: "base" },
  },
  "a change that tightens its threshold is judged by that at once": {
    change: { value: "98", ...config([{ ...NO_DROP, maxDropPercent: 1 }]) },
    expected: { code: 5, status: "fail", error: "GATE_FAILED", judgedBy: "base" },
  },
  "a mode that is none": {
    change: { value: "80" },
    args: () => ["--mode", "strict"],
    expected: { code: 2, error: "USAGE_INVALID" },
  },
  "a fork's code in a run that has secrets": {
    change: { value: "80" },
    pull: { fork: true, event: "pull_request_target" },
    expected: { code: 2, error: "GATE_UNTRUSTED" },
  },
  "a run after a pull request's run, without its measurements": {
    change: { value: "80" },
    pull: { event: "workflow_run", payload: { workflow_run: { event: "pull_request" } } },
    expected: { code: 2, error: "GATE_UNTRUSTED" },
  },
  "a run after a run after a run, which may have begun with a pull request": {
    change: { value: "80" },
    pull: {
      event: "workflow_run",
      payload: {
        workflow_run: {
          event: "workflow_run",
          head_sha: "c".repeat(40),
          head_branch: "main",
          head_repository: { id: 4_200_001 },
        },
      },
    },
    expected: { code: 2, error: "GATE_UNTRUSTED" },
  },
};

for (const [
  name,
  { config, record, change, pull = {}, env = {}, args = () => [], expected },
] of Object.entries(CASES)) {
  test(`${name}: exit ${expected.code}${expected.status ? `, ${expected.status}` : ""}`, async (t) => {
    const project = await Change.start(t, { config, record });
    project.commit(change);
    const outcome = await project.gate(args(await closedPort()), {
      env: { ...project.pullRequest(pull), ...env },
    });
    assert.equal(outcome.code, expected.code, outcome.stderr);
    assert.equal(outcome.verdict?.status, expected.status, outcome.stderr);
    assert.equal(outcome.error, expected.error);
    assert.deepEqual(outcome.warnings, expected.warnings ?? []);
    if (expected.judgedBy) assert.equal(outcome.verdict?.judgedBy, expected.judgedBy);
    if (expected.message) {
      const { metrics = [], baselineInfo } = outcome.verdict ?? {};
      const said = [
        ...metrics.flatMap(({ thresholds }) => thresholds.map(({ message }) => message)),
        baselineInfo?.problem,
      ];
      assert.ok(
        said.some((text) => expected.message?.test(text ?? "")),
        JSON.stringify(said),
      );
    }
  });
}

test("nothing is stored: the history, its folder and the working tree stay as they are", async (t) => {
  const project = await Change.start(t);
  project.commit({ value: "80" });
  const [before, names] = [project.read("unentropy.db"), project.names()];
  fs.chmodSync(project.path("unentropy.db"), 0o444);
  await project.gate([], { env: project.pullRequest() });
  assert.deepEqual(project.read("unentropy.db"), before);
  assert.deepEqual(project.names(), names);
});

test("the results file is what --json prints, but for its own phase", async (t) => {
  const project = await Change.start(t);
  project.commit({ value: "80" });
  const { document } = await project.gate(["--output-file", "deep/er/gate.out"], {
    env: project.pullRequest(),
  });
  const { phases, durationMs, ...written } = JSON.parse(project.read("deep/er/gate.out").toString());
  const { phases: all, durationMs: whole, ...printed } = document;
  assert.deepEqual(written, printed);
  assert.deepEqual(Object.keys(document), [
    "timestamp",
    "durationMs",
    "collection",
    "prCommentUrl",
    "qualityGate",
    "measurements",
    "phases",
    "warnings",
    "error",
  ]);
  assert.deepEqual(document.collection, { successful: 1, failed: 0, total: 1 });
  assert.deepEqual(document.measurements, [{ metric: "m", status: "ok", value: 80 }]);
  const states = all.map((/** @type {{name: string, status: string}} */ { name, status }) => [name, status]);
  assert.deepEqual(
    states,
    ["download", "collect", "evaluate", "publish"].map((name) => [name, "completed"]),
  );
});

test("a gate that is off says so in the results file, and runs no command", async (t) => {
  const project = await Change.start(t, {
    config: gated([NO_DROP], { mode: "off" }, { command: "touch ran.out; echo 1" }),
  });
  fs.rmSync(project.path("ran.out"));
  const { code, verdict } = await project.gate(["--output-file", "gate.out"], { env: project.pullRequest() });
  assert.deepEqual([code, verdict?.mode, project.exists("ran.out")], [0, "off", false]);
  assert.equal(JSON.parse(project.read("gate.out").toString()).qualityGate.mode, "off");
});

test("a run that is stopped judges nothing, and its commands are ended", async (t) => {
  const project = await Change.start(t);
  project.commit({
    value: "80",
    "unentropy.json": JSON.stringify(gated([NO_DROP], {}, { command: "echo $$ > pid.out; sleep 60" })),
  });
  const { child, ended } = project.start(["gate", "--json", "--output-file", "gate.out"], {
    env: project.pullRequest(),
  });
  await until(() => project.exists("pid.out") && project.read("pid.out").length > 0, "the command runs");
  child.kill("SIGTERM");
  const { code, stdout } = await ended;
  const document = JSON.parse(stdout);
  assert.deepEqual([code, document.error.code, document.qualityGate], [1, "ABORTED", null]);
  assert.ok(!project.exists("gate.out"));
  await until(() => !runs(Number(project.read("pid.out"))), "the command is ended");
});

test("--measurements judges what a results file says, and runs no command", async (t) => {
  const project = await Change.start(t);
  project.commit({ value: "80" });
  const env = project.pullRequest();
  await project.gate(["--output-file", "gate.out"], { env });
  fs.rmSync(project.path("value"));
  const again = await project.gate(["--measurements", "gate.out"], { env });
  assert.deepEqual([again.code, again.verdict?.metrics[0].pullRequestValue], [5, 80]);
  const missing = await project.gate(["--measurements", "absent.out"], { env });
  assert.deepEqual([missing.code, missing.error, missing.verdict], [2, "CLAIMS_INVALID", undefined]);
});

test("a results file that cannot be written is an error, whatever the verdict", async (t) => {
  const project = await Change.start(t);
  project.commit({ value: "100", file: "" });
  const { code, stdout } = await project.gate(["--output-file", "file/gate.out"], {
    env: project.pullRequest(),
  });
  assert.deepEqual([code, JSON.parse(stdout).error.code], [1, "RESULTS_UNWRITABLE"]);
});

test("people see each metric with what was found and demanded, and what it comes to", async (t) => {
  const project = await Change.start(t);
  project.commit({ value: "80" });
  const { code, stdout, stderr } = await project.run(["gate", "--output-file", "gate.out"], {
    env: project.pullRequest(),
  });
  assert.deepEqual([code, stdout], [5, ""]);
  for (const shown of [
    /^✗ m {7}80 {5}100 {7}-20 \(-20\.0%\) {2}a drop of at most 5%$/m,
    /^✗ gate failed \(hard\): 0 passed, 1 failed, 0 unknown$/m,
    new RegExp(
      `^compared with main at ${project.base.slice(0, 12)} \\(where it left the branch; of 1 build\\)$`,
      "m",
    ),
    /^results: gate\.out$/m,
    /^error\[GATE_FAILED\]: the quality gate failed: `m`$/m,
  ]) {
    assert.match(stderr, shown);
  }
});
