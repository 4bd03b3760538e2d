// The action judges a pull request as a runner starts it: the exit code, outputs, summary, annotations and the comment
// say the same, nothing is stored, and neither GitHub's trouble nor missing rights make it red. How verdicts are
// reached is tested in tests/host/gate.

import assert from "node:assert/strict";
import { test } from "node:test";
import { gitHubServer } from "../support/github-server.js";
import { withLimit } from "../support/limits.js";
import { told } from "../support/project.js";
import { Change, gated, NO_DROP } from "../support/pull-request.js";
import { act } from "../support/runner.js";

const PULL = 7;

const server = gitHubServer();

/**
 * A pull request whose value is so much, and the action on it.
 * @param {import("node:test").TestContext} t
 * @param {string} value
 * @param {{config?: object, inputs?: Record<string, string>, env?: NodeJS.ProcessEnv,
 *   pull?: Parameters<Change["pullRequest"]>[0]}} [options]
 */
async function judge(t, value, { config = gated([NO_DROP]), inputs = {}, env = {}, pull = {} } = {}) {
  const change = await Change.start(t, { config });
  const head = change.commit({ value });
  server.addPull({ number: PULL, head: { ref: "topic", sha: head, repositoryId: server.repositoryId } });
  const stored = change.read("unentropy.db");
  const outcome = await act(
    change,
    {
      "storage-type": "sqlite-local",
      "database-path": "unentropy.db",
      "github-token": server.token(),
      ...inputs,
    },
    { ...change.pullRequest(pull), GITHUB_API_URL: server.apiUrl, ...env },
  );
  assert.deepEqual(change.read("unentropy.db"), stored, "nothing is stored");
  return { change, ...outcome };
}

/** @type {Record<string, {value: string, options?: Parameters<typeof judge>[2], code: number, status: string, error?: string}>} */
const CASES = {
  "a kept value passes": { value: "100", code: 0, status: "pass" },
  "a failed blocker of a hard gate fails the step": {
    value: "80",
    code: 5,
    status: "fail",
    error: "GATE_FAILED",
  },
  "the input makes it soft": {
    value: "80",
    options: { inputs: { "quality-gate-mode": "soft" } },
    code: 0,
    status: "fail",
  },
  "without secrets and with a read-only token it does not fail for that": {
    value: "80",
    options: {
      pull: { fork: true },
      inputs: { "storage-type": "sqlite-s3", "s3-bucket": "bucket", "database-path": "", "github-token": "" },
    },
    code: 0,
    status: "unknown",
  },
  "a history that cannot be read is told where that is to be a warning": {
    value: "80",
    options: { inputs: { "database-path": "unentropy.json", "on-storage-error": "warn" } },
    code: 0,
    status: "unknown",
  },
  "a history that cannot be read fails the step": {
    value: "80",
    options: { inputs: { "database-path": "unentropy.json" } },
    code: 3,
    status: "unknown",
    error: "HISTORY_NOT_SQLITE",
  },
};
for (const [name, { value, options, code, status, error = "" }] of Object.entries(CASES)) {
  test(name, async (t) => {
    const outcome = await judge(t, value, options);
    const { outputs, summary, stdout } = outcome;
    assert.equal(outcome.code, code, told(outcome));
    assert.equal(outputs["quality-gate-status"], status, told(outcome));
    assert.equal(outputs["error-code"], error);
    assert.equal(outputs.success, String(code === 0));
    assert.equal(outputs["metrics-collected"], "1");
    assert.equal(outputs["quality-gate-failing-metrics"], status === "fail" ? "m" : "");
    assert.match(summary, /quality gate/i, summary);
    for (const phase of ["download", "collect", "evaluate", "publish"]) {
      assert.match(summary, new RegExp(`\\| ${phase} \\| `), summary);
      assert.match(stdout, new RegExp(`^::group::${phase}$`, "m"));
    }
    const results = JSON.parse(outcome.change.read("unentropy-gate.json").toString());
    assert.equal(outputs["quality-gate-results-path"], outcome.change.path("unentropy-gate.json"));
    assert.ok(results.durationMs > 0, `${results.durationMs} ms`);
    assert.deepEqual(JSON.parse(outputs["quality-gate-results-json"]).qualityGate, results.qualityGate);
    assert.doesNotMatch(outputs["quality-gate-results-json"], /\n/);
  });
}

test("outputs, annotation and comment tell one verdict", async (t) => {
  const { outputs, stdout } = await judge(t, "80");
  assert.equal(outputs["quality-gate-mode"], "hard");
  assert.equal(outputs["baseline-reference-branch"], "main");
  assert.equal(outputs["baseline-builds-considered"], "1");
  assert.equal(server.comments.length, 1);
  assert.match(server.comments[0].body, /-20/);
  assert.equal(
    outputs["quality-gate-comment-url"],
    `https://github.com/octo/widgets/pull/7#issuecomment-${server.comments[0].id}`,
  );
  assert.match(stdout, /^::error title=[^:]*m[^:]*::.*drop/m);
  assert.match(stdout, /^✗ gate failed \(hard\): 0 passed, 1 failed, 0 unknown$/m);
});

test("no comment is written where the input says so", async (t) => {
  const { code, outputs } = await judge(t, "100", { inputs: { "enable-pr-comment": "false" } });
  assert.deepEqual([code, outputs["quality-gate-comment-url"], server.comments], [0, "", []]);
});

test("trouble with GitHub is a warning", async (t) => {
  server.script([{ method: "POST", fault: { kind: "answer", status: 403 } }]);
  const { code, outputs, stdout } = await judge(t, "100");
  assert.equal(code, 0, stdout);
  assert.equal(outputs["quality-gate-status"], "pass");
  assert.equal(outputs["quality-gate-comment-url"], "");
  assert.match(stdout, /^::warning title=COMMENT_\w+::/m);
});

test("a gate that is off measures nothing and is green, and its outputs and document agree", async (t) => {
  const { code, outputs, stdout } = await judge(t, "80", { inputs: { "quality-gate-mode": "off" } });
  assert.deepEqual([code, outputs.success, outputs["quality-gate-mode"]], [0, "true", "off"], stdout);
  const { status, mode, metrics, failingMetrics } = JSON.parse(
    outputs["quality-gate-results-json"],
  ).qualityGate;
  assert.deepEqual([status, mode, metrics, failingMetrics], ["unknown", "off", [], []]);
  assert.equal(outputs["quality-gate-status"], status);
  assert.equal(outputs["quality-gate-failing-metrics"], "");
});

test("metrics that fail the gate and metrics that warn have an output each", async (t) => {
  const demand = { mode: "min", target: 90 };
  const config = {
    metrics: {
      m: { type: "numeric", command: "cat value" },
      both: { type: "numeric", command: "cat value" },
      warned: { type: "numeric", command: "cat value" },
      kept: { type: "numeric", command: "echo 95" },
      free: { type: "numeric", command: "cat value" },
    },
    qualityGate: {
      thresholds: [
        { metric: "m", ...demand },
        { metric: "both", ...demand, severity: "warning" },
        { metric: "both", ...demand },
        { metric: "warned", ...demand, severity: "warning" },
        { metric: "kept", ...demand },
      ],
    },
  };
  const { outputs } = await judge(t, "80", { config });
  assert.equal(outputs["quality-gate-failing-metrics"], "m,both");
  assert.equal(outputs["quality-gate-warning-metrics"], "warned");
  const { qualityGate } = JSON.parse(outputs["quality-gate-results-json"]);
  /** @type {{metric: string, status: string, threshold?: object}[]} */
  const metrics = qualityGate.metrics;
  assert.deepEqual(
    metrics.map(({ metric, status, threshold }) => [metric, status, threshold !== undefined]),
    [
      ["m", "fail", true],
      ["both", "fail", true],
      ["warned", "fail", true],
      ["kept", "pass", true],
      ["free", "unknown", false],
    ],
  );
  assert.equal("otherMetrics" in qualityGate, false);
  assert.deepEqual(
    qualityGate.failingMetrics.map((/** @type {{metric: string}} */ { metric }) => metric),
    ["m", "both"],
  );
  const counts = { totalMetrics: 5, evaluatedMetrics: 4, passed: 1, failed: 3, unknown: 1 };
  assert.deepEqual(qualityGate.summary, counts);
});

test("without any threshold a pull request gets a report", async (t) => {
  const { code, outputs, summary, stdout } = await judge(t, "102.5", { config: gated([]) });
  assert.deepEqual([code, outputs.success, outputs["quality-gate-status"]], [0, "true", "unknown"], stdout);
  for (const text of [server.comments[0].body, summary]) {
    assert.match(text, /^## m 102\.5 \(\\\+2\.5\)$/m);
    assert.match(text, /^\| m \| 102\.5 \| 100 \| /m);
    assert.match(text, /To judge changes, add one to the configuration: `"qualityGate": .*"metric": "m"/);
    assert.doesNotMatch(text, /nothing could be judged/);
  }
  assert.match(stdout, /^no metric has a threshold: add one to `qualityGate\.thresholds`/m);
});

test("a mode that is none is told before anything runs", async (t) => {
  const { code, outputs } = await judge(t, "80", { inputs: { "quality-gate-mode": "strict" } });
  assert.deepEqual([code, outputs["error-code"]], [2, "INPUTS_INVALID"]);
});

test("a pull request's own code never runs beside secrets, even where the mode is named", async (t) => {
  const { code, outputs } = await judge(t, "80", {
    inputs: { mode: "gate" },
    pull: { fork: true, event: "pull_request_target" },
  });
  assert.deepEqual([code, outputs["error-code"]], [2, "GATE_UNTRUSTED"]);
});

test("time that is up ends a gate too", async (t) => {
  const config = gated([NO_DROP], {}, { command: "cat value; sleep 600" });
  const change = await Change.start(t, { config, record: false });
  change.commit({ value: "80" });
  const inputs = { "storage-type": "sqlite-local", "github-token": "" };
  const { outcome } = await withLimit(
    3,
    (seconds) => act(change, { ...inputs, timeout: String(seconds) }, change.pullRequest()),
    ({ outputs }) => outputs["error-message"].includes("phase `collect`"),
  );
  assert.deepEqual([outcome.code, outcome.outputs["error-code"]], [4, "RUN_TIMEOUT"], told(outcome));
});
