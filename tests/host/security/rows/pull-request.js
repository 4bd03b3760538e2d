// Pull requests of strangers: the comment's neighbours, and results files that a fork's run may have made up.

import assert from "node:assert/strict";
import { startGitHub } from "../../../servers/github.js";
import { told } from "../../support/project.js";
import { Change, gated, NO_DROP } from "../../support/pull-request.js";
import { act } from "../../support/runner.js";

/** @import { TestContext } from "node:test" */
/** @import { Attack } from "../attacks.js" */

const PULL = 7;
const HEAD = "f0".repeat(20);

/** @param {TestContext} t */
async function gitHub(t) {
  const github = await startGitHub();
  t.after(() => github.stop());
  return github;
}

/**
 * The second of the two workflows: the base branch is checked out, and judges what a fork's run has reported.
 * @param {TestContext} t
 * @param {string | object} reported the results file
 * @param {{command?: string}} [options] of the base branch's metric
 */
async function judged(t, reported, { command = "touch ran.out; cat value" } = {}) {
  const github = await gitHub(t);
  const change = await Change.start(t, { config: gated([NO_DROP], {}, { command }) });
  change.git("checkout", "-q", "main");
  change.write("reported.out", typeof reported === "string" ? reported : JSON.stringify(reported));
  change.git("clean", "-qxf", "ran.out");
  github.addPull({
    number: PULL,
    head: { ref: "topic", sha: HEAD, repositoryId: github.forkId },
    base: { ref: "main", sha: change.base },
  });
  github.mergeBases.set(`main...${HEAD}`, change.base);
  const env = change.afterForksRun(HEAD, github.forkOwner);
  const outcome = await act(
    change,
    {
      mode: "gate",
      "measurements-file": "reported.out",
      "storage-type": "sqlite-local",
      "database-path": "unentropy.db",
      "github-token": github.token(),
    },
    { ...env, GITHUB_BASE_REF: "", GITHUB_HEAD_REF: "", GITHUB_API_URL: github.apiUrl },
  );
  assert.ok(!change.exists("ran.out"), "no command was run");
  return { ...outcome, comments: github.comments };
}

const value = (/** @type {unknown} */ number, metric = "m") => ({ metric, status: "ok", value: number });

/**
 * A results file that is refused as a whole.
 * @param {string} what
 * @param {string | object} reported
 * @returns {Attack}
 */
const refused = (what, reported) => ({
  who: "a fork's results file",
  what,
  outcome: "refused as a whole; no comment",
  code: "`CLAIMS_INVALID`",
  async run(t) {
    const { outputs, comments, ...outcome } = await judged(t, reported);
    assert.deepEqual([outputs["error-code"], comments], ["CLAIMS_INVALID", []], told(outcome));
    assert.notEqual(outcome.code, 0);
  },
});

/** @type {Attack[]} */
export const attacks = [
  {
    who: "a pull request's author",
    what: "writes a comment that begins with the gate's marker",
    outcome: "it is left alone; the gate writes its own",
    code: "none",
    async run(t) {
      const github = await gitHub(t);
      const change = await Change.start(t, { config: gated([NO_DROP]) });
      const head = change.commit({ value: "100" });
      github.addPull({ number: PULL, head: { ref: "topic", sha: head, repositoryId: github.repositoryId } });
      const forged = "<!-- unentropy:quality-gate -->\n### all is well";
      github.addComment(PULL, forged, "mallory");
      const outcome = await act(
        change,
        {
          "storage-type": "sqlite-local",
          "database-path": "unentropy.db",
          "github-token": github.token(),
        },
        { ...change.pullRequest(), GITHUB_API_URL: github.apiUrl },
      );
      assert.equal(outcome.code, 0, told(outcome));
      assert.deepEqual([github.comments.length, github.comments[0].body], [2, forged]);
    },
  },
  {
    who: "a fork's results file",
    what: "says that its gate passed, and gives numbers that do not",
    outcome: "the numbers are judged by the base branch's thresholds; the rest is not read",
    code: "`GATE_FAILED`",
    async run(t) {
      const qualityGate = { status: "pass", mode: "off", message: "INJECTED" };
      const { outputs, comments, ...outcome } = await judged(t, { measurements: [value(1)], qualityGate });
      assert.deepEqual([outcome.code, outputs["error-code"]], [5, "GATE_FAILED"], told(outcome));
      assert.equal(comments.length, 1);
      assert.doesNotMatch(JSON.stringify([told(outcome), outputs, comments]), /INJECTED/);
    },
  },
  {
    who: "a fork's results file",
    what: "brings a metric that the base branch does not have",
    outcome: "that one is left out",
    code: "`CLAIMS_UNKNOWN`",
    async run(t) {
      const outcome = await judged(t, { measurements: [value(100), value(1, "brought-along")] });
      assert.equal(outcome.code, 0, told(outcome));
      assert.match(told(outcome), /1 measurement is of metrics that the base branch does not have/);
      assert.doesNotMatch(JSON.stringify(outcome.comments), /brought-along/);
    },
  },
  {
    who: "a fork's results file",
    what: "leaves out the metric that would fail",
    outcome: "what is missing fails",
    code: "`ALL_METRICS_FAILED`",
    async run(t) {
      const { outputs, ...outcome } = await judged(t, { measurements: [] });
      assert.deepEqual(
        [outputs["quality-gate-status"], outputs["error-code"]],
        ["fail", "ALL_METRICS_FAILED"],
        told(outcome),
      );
      assert.notEqual(outcome.code, 0);
    },
  },
  refused(
    "holds a number that no number can be",
    '{"measurements":[{"metric":"m","status":"ok","value":1e999}]}',
  ),
  refused("names a metric twice", { measurements: [value(100), value(1)] }),
  refused("has 1,001 measurements", {
    measurements: Array.from({ length: 1001 }, (_, n) => value(1, `m${n}`)),
  }),
  refused("is nine megabytes long", { measurements: [], more: "x".repeat(9 * 2 ** 20) }),
  {
    who: "a pull request of a fork",
    what: "is built in `pull_request_target`, beside the secrets",
    outcome: "no command of it runs",
    code: "`GATE_UNTRUSTED`",
    async run(t) {
      const change = await Change.start(t, {
        config: gated([NO_DROP], {}, { command: "touch ran.out; cat value" }),
      });
      change.git("clean", "-qxf", "ran.out");
      const outcome = await act(
        change,
        { mode: "gate", "storage-type": "sqlite-local", "database-path": "unentropy.db" },
        change.pullRequest({ event: "pull_request_target", fork: true }),
      );
      assert.equal(outcome.outputs["error-code"], "GATE_UNTRUSTED", told(outcome));
      assert.ok(!change.exists("ran.out"));
    },
  },
];
