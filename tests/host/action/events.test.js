// Every event that can start a run, in each mode: what is done, what is stored and under which branch, and how the step
// ends. docs/action.md has the same table. The metric fails its threshold, so that what is gated is red.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { Project, ROOT, told } from "../support/project.js";
import { act } from "../support/runner.js";
import { storedBuilds } from "../support/stored.js";

const OWN = 4_200_001;
const FORK = 4_200_777;
const MAIN = "refs/heads/main";
const QUEUE = "gh-readonly-queue/main/pr-7-0123456789abcdef";
const PULL = "refs/pull/7/merge";
/** No commit of the project. */
const OTHER = "d".repeat(40);

/** What a mode does, as the table of the document says it, and how the step ends. */
const DOES = /** @type {const} */ ({
  track: { word: "records a build", code: 0 },
  gate: { word: "judges the change", code: 5 },
  nothing: { word: "nothing, and says so", code: 0 },
  unsafe: { word: "refuses: `EVENT_UNSAFE`", code: 2 },
  untrusted: { word: "refuses: `GATE_UNTRUSTED`", code: 2 },
});

/**
 * @typedef {object} Row
 * @property {string} row of the table in the document
 * @property {string} name
 * @property {string} [event] the name unless given
 * @property {string} ref
 * @property {NodeJS.ProcessEnv} [env]
 * @property {(commits: {main: string, topic: string}) => object} [payload]
 * @property {keyof typeof DOES} auto
 * @property {string} branch what `mode: track` records under
 * @property {string} [as] the event that it is recorded with, where that is another one
 * @property {"gate" | "untrusted"} [gate] what `mode: gate` does; judges unless given
 * @property {"topic" | "main"} [checkout] what is checked out; `main` unless given
 * @property {boolean} [brief] whether only `auto` is of interest
 */

/** @param {{fork?: boolean}} [from] */
const pull =
  ({ fork = false } = {}) =>
  (/** @type {{main: string, topic: string}} */ { main, topic }) => ({
    pull_request: {
      number: 7,
      head: { sha: topic, ref: "topic", repo: { id: fork ? FORK : OWN } },
      base: { sha: main, ref: "main", repo: { id: OWN } },
    },
  });

/** @param {string} event @param {string} branch @param {{fork?: boolean, sha?: "main" | "topic"}} [of] */
const ended =
  (event, branch, { fork = false, sha } = {}) =>
  (/** @type {{main: string, topic: string}} */ commits) => ({
    workflow_run: {
      event,
      head_branch: branch,
      head_sha: sha ? commits[sha] : OTHER,
      head_repository: { id: fork ? FORK : OWN, owner: { login: "someone" } },
    },
  });

/** @param {string} name @param {string} [ref] @returns {Row} */
const aside = (name, ref = MAIN) => ({
  row: "`delete`, `create`, `issue_comment`, `pull_request_review` and every other event",
  name,
  ref,
  auto: "nothing",
  branch: "main",
});

/** @type {Row[]} */
const ROWS = [
  ...["push", "schedule", "workflow_dispatch", "repository_dispatch"].map((name) => ({
    row: "`push`, `schedule`, `workflow_dispatch`, `repository_dispatch` for a branch",
    name,
    ref: MAIN,
    auto: /** @type {const} */ ("track"),
    branch: "main",
    brief: name === "repository_dispatch",
  })),
  ...["push", "workflow_dispatch"].map((event) => ({
    row: "`push`, `schedule`, `workflow_dispatch`, `repository_dispatch` for a branch",
    name: `${event} for another branch`,
    event,
    ref: "refs/heads/topic",
    auto: /** @type {const} */ ("track"),
    branch: "topic",
    brief: event === "workflow_dispatch",
  })),
  ...[
    ["push of a tag", "push", "v1"],
    ["push of a tag that is called like a branch", "push", "main"],
    ["workflow_dispatch for a tag", "workflow_dispatch", "v1"],
    ["release", "release", "v1"],
  ].map(([name, event, tag]) => ({
    row: "`push` of a tag, `release`, and every other event for a tag",
    name,
    event,
    ref: `refs/tags/${tag}`,
    env: { GITHUB_REF_TYPE: "tag" },
    auto: /** @type {const} */ ("nothing"),
    branch: `refs/tags/${tag}`,
  })),
  {
    row: "`push` that deletes a branch, or to a branch of the merge queue",
    name: "push that deletes a branch",
    event: "push",
    ref: MAIN,
    payload: () => ({ deleted: true }),
    auto: "nothing",
    branch: "main",
  },
  {
    row: "`push` that deletes a branch, or to a branch of the merge queue",
    name: "push to a branch of the merge queue",
    event: "push",
    ref: `refs/heads/${QUEUE}`,
    auto: "nothing",
    branch: QUEUE,
  },
  {
    row: "`pull_request`",
    name: "pull_request",
    ref: PULL,
    payload: pull(),
    auto: "gate",
    branch: "topic",
  },
  {
    row: "`pull_request`",
    name: "pull_request of a fork",
    event: "pull_request",
    ref: PULL,
    payload: pull({ fork: true }),
    auto: "gate",
    branch: "topic",
  },
  {
    row: "`pull_request`",
    name: "pull_request of Dependabot",
    event: "pull_request",
    ref: PULL,
    env: { GITHUB_ACTOR: "dependabot[bot]" },
    payload: pull(),
    auto: "gate",
    branch: "topic",
  },
  {
    row: "`merge_group`",
    name: "merge_group",
    ref: `refs/heads/${QUEUE}`,
    payload: ({ main, topic }) => ({ merge_group: { base_ref: MAIN, base_sha: main, head_sha: topic } }),
    auto: "gate",
    branch: QUEUE,
  },
  {
    row: "`pull_request_target`",
    name: "pull_request_target",
    ref: MAIN,
    payload: pull(),
    auto: "unsafe",
    branch: "topic",
  },
  {
    row: "`pull_request_target`",
    name: "pull_request_target of a fork",
    event: "pull_request_target",
    ref: MAIN,
    payload: pull({ fork: true }),
    auto: "unsafe",
    branch: "topic",
    gate: "untrusted",
  },
  {
    row: "`workflow_run` after a run for the same branch",
    name: "workflow_run after a push",
    event: "workflow_run",
    ref: MAIN,
    payload: ended("push", "main"),
    auto: "track",
    branch: "main",
  },
  {
    row: "`workflow_run` after a run for another branch, or of an event that is not recorded",
    name: "workflow_run after a push to another branch",
    event: "workflow_run",
    ref: MAIN,
    payload: ended("push", "topic"),
    auto: "nothing",
    branch: "main",
  },
  {
    row: "`workflow_run` after a run for another branch, or of an event that is not recorded",
    name: "workflow_run that has checked out the commit of a push to another branch",
    event: "workflow_run",
    ref: MAIN,
    payload: ended("push", "topic", { sha: "topic" }),
    checkout: "topic",
    auto: "nothing",
    branch: "topic",
    as: "push",
  },
  {
    row: "`workflow_run` after a run for another branch, or of an event that is not recorded",
    name: "workflow_run after an issue_comment",
    event: "workflow_run",
    ref: MAIN,
    payload: ended("issue_comment", "main"),
    auto: "nothing",
    branch: "main",
    brief: true,
  },
  {
    row: "`workflow_run` after a pull request's run, or one that may be",
    name: "workflow_run after a pull_request",
    event: "workflow_run",
    ref: MAIN,
    payload: ended("pull_request", "topic"),
    auto: "untrusted",
    branch: "main",
    gate: "untrusted",
  },
  {
    row: "`workflow_run` after a pull request's run, or one that may be",
    name: "workflow_run that has checked out a fork's branch called like ours",
    event: "workflow_run",
    ref: MAIN,
    payload: ended("pull_request", "main", { fork: true, sha: "topic" }),
    checkout: "topic",
    auto: "untrusted",
    branch: "main",
    as: "pull_request",
    gate: "untrusted",
  },
  {
    row: "`workflow_run` after a pull request's run, or one that may be",
    name: "workflow_run after a workflow_run",
    event: "workflow_run",
    ref: MAIN,
    payload: ended("workflow_run", "main"),
    auto: "untrusted",
    branch: "main",
    gate: "untrusted",
  },
  {
    row: "`workflow_run` after a pull request's run, or one that may be",
    name: "workflow_run without a payload",
    event: "workflow_run",
    ref: MAIN,
    auto: "untrusted",
    branch: "main",
    gate: "untrusted",
  },
  ...["delete", "create", "issue_comment"].map((name) => aside(name)),
  { ...aside("pull_request_review", PULL), payload: pull(), branch: "topic" },
  ...[
    "pull_request_review_comment",
    "issues",
    "label",
    "fork",
    "watch",
    "deployment",
    "check_run",
    "status",
  ].map((name) => ({ ...aside(name), brief: true })),
  ...["page_build", "discussion", "an_event_of_tomorrow"].map((name) => ({ ...aside(name), brief: true })),
];

/** @type {Project} */
let project;
/** @type {{main: string, topic: string}} */
let commits;
/** @type {(() => void)[]} */
const endings = [];
before(async () => {
  project = new Project(
    /** @type {any} */ ({ after: (/** @type {() => void} */ end) => endings.push(end) }),
    {
      ".gitignore": "ran\nm.db*\nout\n",
      "unentropy.json": JSON.stringify({
        metrics: { m: { type: "numeric", command: "touch ran; echo 80" } },
        storage: { type: "sqlite-local", path: "m.db" },
        qualityGate: { mode: "hard", thresholds: [{ metric: "m", mode: "min", target: 90 }] },
      }),
    },
  );
  const main = project.git("rev-parse", "HEAD");
  project.git("checkout", "-q", "-b", "topic");
  project.git(
    "-c",
    "user.name=t",
    "-c",
    "user.email=t@example.invalid",
    "commit",
    "-qm",
    "b",
    "--allow-empty",
  );
  commits = { main, topic: project.git("rev-parse", "HEAD") };
});
after(() => {
  for (const end of endings) end();
});

/** @param {Row} row @param {string} mode @param {Record<string, string>} [inputs] */
async function run({ name, event = name, ref, env = {}, payload, checkout = "main" }, mode, inputs = {}) {
  project.git("checkout", "-q", checkout);
  for (const file of ["ran", "m.db", "m.db.bak"]) fs.rmSync(project.path(file), { force: true });
  const file = project.path(".git/event.json");
  const repository = { id: OWN, full_name: "owner/name", default_branch: "main" };
  fs.writeFileSync(file, JSON.stringify({ repository, ...payload?.(commits) }));
  const outcome = await act(
    project,
    { mode, "report-dir": "out/report", "output-file": "out/gate.json", ...inputs },
    {
      GITHUB_EVENT_NAME: event,
      GITHUB_EVENT_PATH: file,
      GITHUB_REF: ref,
      GITHUB_REF_NAME: ref.replace(/^refs\/(heads|tags|pull)\//, ""),
      GITHUB_SHA: ref.includes("topic") || ref.includes("queue") ? commits.topic : commits.main,
      ...env,
    },
  );
  return { ...outcome, builds: await storedBuilds(project, "m.db") };
}

describe("events:", () => {
  for (const row of ROWS) {
    const { name, event = name, branch, as = event, gate = "gate", brief = false } = row;
    const modes = /** @type {[string, keyof typeof DOES][]} */ ([
      ["auto", row.auto],
      ["track", "track"],
      ["gate", gate],
    ]);
    for (const [mode, does] of modes.slice(0, brief ? 1 : 3)) {
      test(`${name} with \`${mode}\`: ${does}`, async () => {
        const outcome = await run(row, mode);
        const { code, outputs } = outcome;
        assert.equal(code, DOES[does].code, told(outcome));
        assert.deepEqual(outcome.builds, does === "track" ? [`${branch} ${as}`] : []);
        assert.equal(project.exists("ran"), does === "track" || does === "gate", "whether commands are run");
        assert.equal(outputs["quality-gate-status"], does === "gate" ? "fail" : "");
        const error = /`([A-Z_]+)`/.exec(DOES[does].word)?.[1] ?? (does === "gate" ? "GATE_FAILED" : "");
        assert.equal(outputs["error-code"], error);
        assert.equal(outputs.success, String(code === 0));
        const said = outcome.stdout.match(/^::notice title=Unentropy::nothing is recorded: .+$/gm) ?? [];
        assert.equal(said.length, does === "nothing" ? 1 : 0, told(outcome));
        if (does === "nothing") assert.equal(outcome.stdout.trim().split("\n").length, 1, "one line");
      });
    }
  }
});

test("docs/action.md has this table", () => {
  const document = fs.readFileSync(path.join(ROOT, "docs/action.md"), "utf8");
  const section = document.split(/^## /m).find((text) => text.startsWith("Events\n")) ?? "";
  const documented = [...section.matchAll(/^\| (.+?) \| (.+?) \| (.+?) \|$/gm)]
    .map(([, event, auto]) => `${event}: ${auto}`)
    .slice(1);
  const tried = new Set(ROWS.map(({ row, auto }) => `${row}: ${DOES[auto].word}`));
  assert.deepEqual(documented, [...tried]);
});

test("a step with nothing to do needs no checkout, and still says what is wrong with its inputs", async (t) => {
  const empty = new Project(t);
  const env = { GITHUB_EVENT_NAME: "delete", GITHUB_REF: MAIN };
  const outcome = await act(empty, {}, env);
  assert.deepEqual([outcome.code, outcome.outputs.success], [0, "true"], told(outcome));
  assert.equal(outcome.summary, "");
  const wrong = await act(empty, { timeout: "soon" }, env);
  assert.deepEqual([wrong.code, wrong.outputs["error-code"]], [2, "INPUTS_INVALID"]);
});

test("in `workflow_run` after a pull request its measurements are judged, and no command is run", async (t) => {
  const claims = new Project(t, {
    "claims.json": JSON.stringify({ measurements: [{ metric: "m", status: "ok", value: 95 }] }),
  });
  const row = ROWS.find(({ name }) => name === "workflow_run after a pull_request");
  for (const mode of ["auto", "gate"]) {
    const outcome = await run(/** @type {Row} */ (row), mode, {
      "measurements-file": claims.path("claims.json"),
    });
    assert.equal(outcome.code, 0, told(outcome));
    assert.deepEqual([outcome.outputs["quality-gate-status"], outcome.builds], ["pass", []]);
    assert.equal(project.exists("ran"), false);
  }
});
