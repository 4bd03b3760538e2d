// Pull requests of forks: the trusted run takes numbers from a file that anybody may have written, finds the pull
// request by itself, judges by the base branch, and comments. Nothing else of the file gets anywhere.

import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { runFacts } from "../../../js/ci/build.js";
import { Failure } from "../../../js/failure.js";
import { GitHub } from "../../../js/github/client.js";
import { loadConfig } from "../../../js/run/config.js";
import { gate } from "../../../js/run/gate.js";
import { readReported } from "../../../js/run/reported-measurements.js";
import { gitHubServer } from "../support/github-server.js";
import { Project } from "../support/project.js";
import { Change, gated, NO_DROP } from "../support/pull-request.js";

const server = gitHubServer();

const METRICS = /** @type {import("../../../js/engine/types.js").MetricConfig[]} */ ([
  { id: "m", name: "m", type: "numeric", unit: null },
  { id: "l", name: "l", type: "label", unit: null },
]);
const ok = (/** @type {unknown} */ value, metric = "m") => ({ metric, status: "ok", value });

/** @type {[string, unknown, RegExp][]} */
const REFUSED = [
  ["no JSON", "{ measurements: [] }", /not JSON/],
  ["no list", { measurements: {} }, /no list/],
  ["null", null, /no list/],
  ["too many", { measurements: Array.from({ length: 1001 }, (_, n) => ok(1, `m${n}`)) }, /at most 1000/],
  ["too large", { measurements: [], more: "x".repeat(2 ** 23) }, /limit/],
  ["not an object", { measurements: [1] }, /no object/],
  ["a list", { measurements: [[]] }, /no object/],
  ["a name that none can have", { measurements: [ok(1, "../M")] }, /names no metric/],
  ["twice the same", { measurements: [ok(1), ok(2)] }, /repeats/],
  ["a member too many", { measurements: [{ ...ok(1), unit: "%" }] }, /members/],
  ["a status that is none", { measurements: [{ metric: "m", status: "great", value: 1 }] }, /status/],
  [
    "failed with a value",
    { measurements: [{ metric: "m", status: "failed", value: 1 }] },
    /needs a `value` if and only if/,
  ],
  [
    "fine without a value",
    { measurements: [{ metric: "m", status: "ok" }] },
    /needs a `value` if and only if/,
  ],
  ["a text for a number", { measurements: [ok("80")] }, /finite number/],
  ["a number beyond all", '{"measurements":[{"metric":"m","status":"ok","value":1e999}]}', /finite number/],
  ["a number for a label", { measurements: [ok(1, "l")] }, /label/],
  ["a label that is too long", { measurements: [ok("x".repeat(257), "l")] }, /can have/],
  ["a label that turns the text around", { measurements: [ok("a\u202eb", "l")] }, /cannot be seen/],
  ["a label of two lines", { measurements: [ok("a\nb", "l")] }, /cannot be seen/],
];
for (const [name, content, cause] of REFUSED) {
  test(`claims are refused as a whole: ${name}`, (t) => {
    const project = new Project(
      t,
      { "c.json": typeof content === "string" ? content : JSON.stringify(content) },
      {
        git: false,
      },
    );
    assert.throws(
      () => readReported("c.json", project.directory, METRICS),
      (thrown) => {
        assert.ok(thrown instanceof Failure);
        assert.deepEqual([thrown.code, thrown.type], ["CLAIMS_INVALID", "validation"]);
        assert.match(thrown.message, cause);
        return true;
      },
    );
  });
}

test("claims of known metrics are read, others are counted", (t) => {
  const claims = [ok(1e3), ok("green", "l"), ok("<script>", "foreign")];
  const project = new Project(t, { "c.json": JSON.stringify({ measurements: claims }) }, { git: false });
  const { outcomes, unknown } = readReported("c.json", project.directory, METRICS);
  assert.deepEqual(
    [outcomes.map(({ id, value }) => [id, value]), unknown?.code, unknown?.message],
    [
      [
        ["m", 1000],
        ["l", "green"],
      ],
      "CLAIMS_UNKNOWN",
      "1 measurement is of metrics that the base branch does not have",
    ],
  );
});

/**
 * The trusted run: the default branch is checked out, the fork's head is nowhere here.
 * @param {import("node:test").TestContext} t
 * @param {object} claims what the artifact holds
 * @param {{config?: object, number?: number, open?: boolean, marker?: string, later?: object, moved?: boolean, merged?: boolean}} [options]
 */
async function judge(
  t,
  claims,
  { config = gated([NO_DROP]), number = 7, open = true, marker, later, moved, merged } = {},
) {
  const change = await Change.start(t, { config });
  fs.rmSync(change.path("ran.out"), { force: true });
  change.git("checkout", "-q", "main");
  change.write("claims.out", JSON.stringify(claims));
  const head = "f0".repeat(20);
  if (moved) {
    change.commit({ value: "50" });
    await change.record("main");
  }
  const base = change.git("rev-parse", "main");
  if (later) change.commit({ "unentropy.json": JSON.stringify(later) });
  const env = change.afterForksRun(head, server.forkOwner);
  server.addPull({ number: 3, head: { ref: "topic", sha: head, repositoryId: server.repositoryId } });
  server.addPull({ number: 4, head: { ref: "topic", sha: "0".repeat(40), repositoryId: server.forkId } });
  server.addPull({
    number,
    state: open ? "open" : "closed",
    head: { ref: "topic", sha: head, repositoryId: server.forkId },
    base: { ref: "main", sha: base },
    ...(merged && { merge: { sha: "ab".repeat(20), into: base } }),
  });
  server.mergeBases.set(`main...${head}`, change.base);
  const facts = await runFacts({ cwd: change.directory, now: new Date(), env });
  const github = new GitHub({
    apiUrl: server.apiUrl,
    token: server.token(),
    sleep: async () => {},
    type: "gate",
  });
  t.after(() => github.close());
  const result = await gate({
    loaded: loadConfig(undefined, change.directory),
    facts,
    storage: {
      given: true,
      from: () => ({ type: "sqlite-local", path: change.path("unentropy.db") }),
    },
    cwd: change.directory,
    env: { PATH: process.env.PATH, ...env, GITHUB_BASE_REF: "", GITHUB_HEAD_REF: "" },
    now: new Date(),
    claims: "claims.out",
    github,
    comment: { marker },
  });
  return { change, result, codes: result.warnings.map(({ code }) => code), head };
}

test("a fork's numbers are judged by the base branch and commented on the fork's pull request", async (t) => {
  const { result, codes, head } = await judge(t, { measurements: [ok(80)] });
  assert.deepEqual([result.qualityGate?.status, result.error?.code, codes], ["fail", "GATE_FAILED", []]);
  assert.deepEqual(
    [result.qualityGate?.baselineInfo.choice, result.qualityGate?.metrics[0].pullRequestValue],
    ["merge-base", 80],
  );
  assert.equal(result.commentStatus, "created");
  assert.equal(server.comments.length, 1);
  const [{ issue, body }] = server.comments;
  assert.equal(
    issue,
    7,
    "not the one of another repository's branch of that name, nor one with another head",
  );
  assert.equal(
    result.prCommentUrl,
    `https://github.com/octo/widgets/pull/7#issuecomment-${server.comments[0].id}`,
  );
  assert.match(
    body,
    /^<!-- unentropy:quality-gate -->\n> \[!NOTE\]\n> The values are what the pull request's own run says/,
  );
  assert.match(result.summaryMarkdown ?? "", /^> \[!NOTE\]/);
  assert.ok(body.includes(head.slice(0, 7)), "it names the commit that was judged");
  assert.ok(body.length <= 20_000);
});

test("nothing runs in the trusted run, and what the file says beside the numbers is not read", async (t) => {
  const config = gated([NO_DROP], {}, { command: "touch ran.out; cat value" });
  const { change, result, codes } = await judge(
    t,
    {
      measurements: [ok(99), ok(1, "injected")],
      number: 1,
      qualityGate: { status: "pass", mode: "off", metrics: [{ metric: "m", message: "INJECTED @everyone" }] },
      repository: "evil/evil",
      collection: { injected: "INJECTED" },
    },
    { config },
  );
  assert.equal(result.qualityGate?.status, "pass");
  assert.deepEqual(codes, ["CLAIMS_UNKNOWN"]);
  assert.deepEqual(
    server.comments.map(({ issue }) => issue),
    [7],
  );
  const told = JSON.stringify([result, server.comments]);
  assert.doesNotMatch(told, /injected/i);
  assert.ok(!change.exists("ran.out"));
});

test("a metric that the fork leaves out, or could not measure, is missing", async (t) => {
  for (const measurements of [[], [{ metric: "m", status: "failed" }]]) {
    server.comments.length = 0;
    server.pulls.length = 0;
    const { result } = await judge(t, { measurements });
    assert.deepEqual([result.qualityGate?.status, result.blocks], ["fail", true]);
    assert.equal(result.error?.code, "ALL_METRICS_FAILED");
    assert.equal(result.commentStatus, "created");
  }
});

test("claims that are not what the gate writes end the run, and nothing is commented", async (t) => {
  const { result } = await judge(t, { measurements: [ok("80")] });
  assert.deepEqual([result.error?.code, result.qualityGate, server.comments], ["CLAIMS_INVALID", null, []]);
});

test("a pull request that was closed meanwhile gets no comment", async (t) => {
  const { result, codes } = await judge(t, { measurements: [ok(99)] }, { open: false });
  assert.deepEqual([codes, result.commentStatus, server.comments], [["PULL_REQUEST_UNKNOWN"], null, []]);
});

test("the thresholds are those of the pull request's base commit, not of the checked-out branch", async (t) => {
  const { result } = await judge(
    t,
    { measurements: [ok(80)] },
    { config: gated([{ ...NO_DROP, maxDropPercent: 50 }]), later: gated([NO_DROP]) },
  );
  assert.deepEqual([result.qualityGate?.status, result.qualityGate?.judgedBy], ["pass", "base"]);
});

test("what GitHub has merged a fork's change into is the baseline, where its run has measured that merge", async (t) => {
  const claims = { measurements: [ok(50)] };
  const { result } = await judge(t, claims, { moved: true, merged: true });
  assert.deepEqual(
    [
      result.qualityGate?.status,
      result.qualityGate?.baselineInfo.choice,
      result.qualityGate?.metrics[0].baseline,
    ],
    ["pass", "merge-base", 50],
  );
  server.pulls.length = 0;
  const conflicting = await judge(t, claims, { moved: true });
  assert.deepEqual(
    [conflicting.result.qualityGate?.status, conflicting.result.qualityGate?.metrics[0].baseline],
    ["fail", 100],
  );
});

test("the results file of the fork's run is what the trusted run takes", async (t) => {
  const fork = await Change.start(t);
  fork.commit({ value: "97" });
  const measured = await fork.gate(["--output-file", "gate.out"], { env: fork.pullRequest({ fork: true }) });
  assert.equal(measured.code, 0);
  const { result } = await judge(t, JSON.parse(fork.read("gate.out").toString()));
  assert.deepEqual(
    [result.qualityGate?.status, result.qualityGate?.metrics[0].pullRequestValue, result.commentStatus],
    ["pass", 97, "created"],
  );
});

test("two gates of one pull request keep a comment each", async (t) => {
  await judge(t, { measurements: [ok(99)] }, { marker: "backend" });
  await judge(t, { measurements: [ok(99)] }, { marker: "frontend" });
  assert.deepEqual(
    server.comments.map(({ body }) => body.split("\n")[0]),
    ["<!-- unentropy:backend -->", "<!-- unentropy:frontend -->"],
  );
});
