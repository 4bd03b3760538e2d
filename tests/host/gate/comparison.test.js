// What a change is compared with, in real repositories and against a server that speaks GitHub's interface: the
// reference branch, where the change left it, and the base branch's configuration. Through the shipped command line.

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { gitHubServer } from "../support/github-server.js";
import { Change, gated, NO_DROP } from "../support/pull-request.js";

const server = gitHubServer();

/** What a job with a token has. */
const access = (token = server.token()) => ({ GITHUB_API_URL: server.apiUrl, GITHUB_TOKEN: token });
const config = (/** @type {Parameters<typeof gated>} */ ...args) => JSON.stringify(gated(...args));

/**
 * The clone that `actions/checkout` makes of a change by default: one commit deep.
 * @param {import("node:test").TestContext} t
 * @param {Change} change
 * @param {string[]} [args]
 */
function shallow(t, change, args = ["--depth=1", "--branch=topic"]) {
  const directory = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "unentropy-clone-"));
  t.after(() => fs.rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  change.git("clone", "-q", ...args, `file://${change.directory}`, directory);
  return directory;
}

/** @param {Change} change */
const databaseOf = (change) => ["--db", change.path("unentropy.db")];

test("the build of the commit that the change left is the baseline, not the branch's newest", async (t) => {
  const change = await Change.start(t);
  change.git("checkout", "-q", "main");
  change.commit({ value: "50" });
  await change.record("main");
  change.git("checkout", "-q", "topic");
  change.commit({ value: "99" });
  const { code, verdict, warnings } = await change.gate([], { env: change.pullRequest() });
  assert.deepEqual([code, warnings], [0, []]);
  assert.deepEqual(
    [verdict?.baselineInfo.choice, verdict?.baselineInfo.commitSha, verdict?.metrics[0].baseline],
    ["merge-base", change.base, 100],
  );
});

test("where that commit has no build, the nearest one before it has", async (t) => {
  const change = await Change.start(t);
  change.git("checkout", "-q", "main");
  const left = change.commit({ value: "90" });
  change.git("checkout", "-q", "-B", "topic");
  change.commit({ value: "99" });
  const { verdict } = await change.gate([], { env: change.pullRequest() });
  assert.notEqual(left, change.base);
  assert.deepEqual(
    [verdict?.baselineInfo.choice, verdict?.baselineInfo.commitSha],
    ["ancestor", change.base],
  );
});

/**
 * A change whose base branch has moved on, checked out as GitHub merges it.
 * @param {import("node:test").TestContext} t
 */
async function merged(t) {
  const change = await Change.start(t);
  change.git("checkout", "-q", "main");
  const tip = change.commit({ value: "50", other: "1" });
  await change.record("main");
  change.git("checkout", "-q", "topic");
  const head = change.commit({ "of-the-change": "" });
  change.git("checkout", "-q", "--detach", "main");
  const identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"];
  change.git(...identity, "merge", "-q", "--no-ff", "-m", "merge", "topic");
  change.git("update-ref", "refs/heads/pull", "HEAD");
  return { change, tip, head, env: change.pullRequest({ head, base: tip }) };
}

test("GitHub's merge of a change is compared with what it was merged into", async (t) => {
  const { change, tip, env } = await merged(t);
  const { code, verdict, warnings } = await change.gate([], { env });
  assert.deepEqual(
    [code, warnings, verdict?.baselineInfo.choice, verdict?.baselineInfo.commitSha],
    [0, [], "merge-base", tip],
  );
  assert.equal(
    verdict?.metrics[0].absoluteDelta,
    0,
    "what happened on the base branch is not the change's doing",
  );
});

test("the same in the clone that checkout makes by default, with and without a token", async (t) => {
  const { change, tip, env } = await merged(t);
  const cwd = shallow(t, change, ["--depth=1", "--branch=pull"]);
  const without = await change.gate(databaseOf(change), { cwd, env });
  assert.deepEqual(without.warnings, ["BASE_CONFIG_UNKNOWN"]);
  server.files.set(`${tip}:unentropy.json`, config([NO_DROP]));
  const withToken = await change.gate(databaseOf(change), { cwd, env: { ...env, ...access() } });
  assert.deepEqual(withToken.warnings, []);
  for (const { verdict } of [without, withToken]) {
    assert.deepEqual([verdict?.baselineInfo.choice, verdict?.baselineInfo.commitSha], ["merge-base", tip]);
  }
});

test("a merge into a commit without a build: the nearest before it", async (t) => {
  const change = await Change.start(t);
  const head = change.commit({ "of-the-change": "" });
  change.git("checkout", "-q", "main");
  const tip = change.commit({ value: "98" });
  change.git(
    "-c",
    "user.name=t",
    "-c",
    "user.email=t@example.invalid",
    "merge",
    "-q",
    "--no-ff",
    "-m",
    "m",
    "topic",
  );
  change.git("update-ref", "refs/heads/pull", "HEAD");
  change.git("reset", "-q", "--hard", tip);
  change.git("checkout", "-q", "--detach", "pull");
  const env = change.pullRequest({ head, base: tip });
  const whole = await change.gate([], { env });
  assert.equal(whole.verdict?.baselineInfo.choice, "ancestor");
  const cwd = shallow(t, change, ["--depth=1", "--branch=pull"]);
  const cut = await change.gate(databaseOf(change), { cwd, env });
  assert.equal(cut.verdict?.baselineInfo.choice, "earlier");
  server.files.set(`${tip}:unentropy.json`, config([NO_DROP]));
  server.histories.set(tip, [tip, change.base]);
  const asked = await change.gate(databaseOf(change), { cwd, env: { ...env, ...access() } });
  assert.deepEqual([asked.warnings, asked.verdict?.baselineInfo.choice], [[], "ancestor"]);
});

test("a configuration behind a symbolic link is read through it, also on the base branch", async (t) => {
  const change = await Change.start(t);
  change.git("checkout", "-q", "main");
  fs.rmSync(change.path("unentropy.json"));
  fs.mkdirSync(change.path("ci"));
  fs.symlinkSync("ci/u.json", change.path("unentropy.json"));
  change.commit({ "ci/u.json": config([NO_DROP]) });
  change.git("checkout", "-q", "-B", "topic");
  change.commit({ value: "80", "ci/u.json": config([]) });
  const { code, verdict, warnings } = await change.gate([], { env: change.pullRequest() });
  assert.deepEqual([code, verdict?.judgedBy, warnings], [5, "base", []]);
});

test("the reference branch: flag, base branch's configuration, the change's own, target, default branch", async (t) => {
  const change = await Change.start(t, {
    config: gated([NO_DROP], { baseline: { referenceBranch: "trunk" } }),
  });
  const named = (/** @type {string} */ referenceBranch) => ({
    "unentropy.json": config([NO_DROP], { baseline: { referenceBranch } }),
  });
  change.commit(named("own"));
  const branchOf = async (/** @type {string[]} */ args, /** @type {NodeJS.ProcessEnv} */ env) =>
    (await change.gate(args, { env })).verdict?.baselineInfo.referenceBranch;
  const env = change.pullRequest();
  assert.equal(await branchOf(["--reference-branch", "flagged"], env), "flagged");
  assert.equal(await branchOf([], env), "trunk", "not what the change says of itself");
  change.git("checkout", "-q", "main");
  change.git("rm", "-q", "unentropy.json");
  change.commit({}, "without a configuration");
  change.git("checkout", "-q", "topic");
  assert.equal(await branchOf([], change.pullRequest()), "own", "there is none on the base branch");
  change.commit({ "unentropy.json": config([NO_DROP]) });
  assert.equal(await branchOf([], change.pullRequest({ baseRef: "release" })), "release");
  const push = { ...change.pullRequest({ event: "push" }), GITHUB_BASE_REF: "" };
  assert.equal(await branchOf([], push), "main", "of the payload");
  const clone = shallow(t, change, []);
  const local = await change.gate(databaseOf(change), { cwd: clone });
  assert.equal(local.verdict?.baselineInfo.referenceBranch, "topic", "what the clone began with");
  const nowhere = await change.gate();
  assert.equal(nowhere.verdict?.baselineInfo.referenceBranch, null);
  assert.match(nowhere.verdict?.baselineInfo.problem ?? "", /no reference branch is known/);
});

test("on a developer's machine the branch's own commits are compared with where it left the remote's", async (t) => {
  const change = await Change.start(t);
  change.git("checkout", "-q", "main");
  const clone = shallow(t, change, []);
  const inClone = (/** @type {string[]} */ ...args) => change.git("-C", clone, ...args);
  inClone("checkout", "-q", "-b", "work");
  fs.writeFileSync(path.join(clone, "value"), "10");
  inClone("-c", "user.name=t", "-c", "user.email=t@example.invalid", "commit", "-qam", "work");
  const { code, verdict } = await change.gate(databaseOf(change), { cwd: clone });
  assert.deepEqual([code, verdict?.baselineInfo.choice, verdict?.judgedBy], [5, "merge-base", "base"]);
});

test("a shallow clone without a token: both gaps are reported, the branch's newest build is compared with, and a hard gate blocks", async (t) => {
  const change = await Change.start(t);
  change.commit({ value: "99" });
  const clone = shallow(t, change);
  const { code, verdict, warnings } = await change.gate(databaseOf(change), {
    cwd: clone,
    env: change.pullRequest(),
  });
  assert.deepEqual(
    [code, warnings, verdict?.baselineInfo.choice, verdict?.judgedBy],
    [5, ["BASE_CONFIG_UNKNOWN", "MERGE_BASE_UNKNOWN"], "newest", "own"],
  );
});

test("a shallow clone with a token: GitHub says where the change left the branch, and what the base branch demands", async (t) => {
  const change = await Change.start(t);
  change.git("checkout", "-q", "main");
  change.commit({ value: "50" });
  await change.record("main");
  change.git("checkout", "-q", "topic");
  const head = change.commit({ value: "80", "unentropy.json": config([]) });
  const env = change.pullRequest();
  const base = change.git("rev-parse", "main");
  server.mergeBases.set(`main...${head}`, change.base);
  server.histories.set(change.base, [change.base]);
  server.files.set(`${base}:unentropy.json`, config([NO_DROP]));
  const { code, verdict, warnings } = await change.gate(databaseOf(change), {
    cwd: shallow(t, change),
    env: { ...env, ...access() },
  });
  assert.deepEqual([code, warnings, verdict?.judgedBy], [5, [], "base"]);
  assert.deepEqual([verdict?.baselineInfo.choice, verdict?.metrics[0].baseline], ["merge-base", 100]);
});

test("GitHub's commit before an unrecorded merge base counts too, and its time", async (t) => {
  const change = await Change.start(t);
  const head = change.commit({ value: "99" });
  const left = "abc1".padEnd(40, "0");
  server.mergeBases.set(`main...${head}`, left);
  const env = { ...change.pullRequest(), ...access() };
  const cwd = shallow(t, change);
  server.histories.set(left, [left, change.base]);
  const first = await change.gate(databaseOf(change), { cwd, env });
  assert.equal(first.verdict?.baselineInfo.choice, "ancestor");
  server.histories.clear();
  server.times.set(left, "2099-01-01T00:00:00Z");
  const second = await change.gate(databaseOf(change), { cwd, env });
  assert.equal(second.verdict?.baselineInfo.choice, "earlier");
  server.times.set(left, "2001-01-01T00:00:00Z");
  const third = await change.gate(databaseOf(change), { cwd, env });
  assert.deepEqual([third.verdict?.status, third.verdict?.baselineInfo.choice], ["unknown", undefined]);
});

test("the configuration below a folder with spaces, in a work tree reached through a link", async (t) => {
  const change = await Change.start(t);
  change.git("checkout", "-q", "main");
  change.commit({ "pack ages/ü*/unentropy.json": config([NO_DROP]), "pack ages/ü*/value": "100" });
  change.git("checkout", "-q", "-B", "topic");
  change.commit({ "pack ages/ü*/unentropy.json": config([]) });
  const link = `${change.directory}-link`;
  fs.symlinkSync(change.directory, link);
  t.after(() => fs.rmSync(link));
  const { verdict, warnings } = await change.gate(["-c", path.join(link, "pack ages/ü*/unentropy.json")], {
    env: change.pullRequest(),
  });
  assert.deepEqual([warnings, verdict?.judgedBy, verdict?.metrics.length], [[], "base", 1]);
});

/** @type {[string, (change: Change, base: string) => NodeJS.ProcessEnv, string[], string][]} */
const CONFIGURATIONS = [
  [
    "absent on the base branch, which the token can see",
    (_, base) => {
      server.histories.set(base, [base]);
      return access();
    },
    [],
    "own",
  ],
  ["absent, and the token cannot see the commit either", () => access(), ["BASE_CONFIG_UNKNOWN"], "own"],
  [
    "not for this token to read",
    () => access(server.token({})),
    ["BASE_CONFIG_UNKNOWN", "MERGE_BASE_UNKNOWN"],
    "own",
  ],
  [
    "behind a server that does not accept the request",
    () => {
      server.script([{ url: /contents/, fault: { kind: "answer", status: 422 } }]);
      return access();
    },
    ["BASE_CONFIG_UNKNOWN"],
    "own",
  ],
  [
    "behind an answer that is nonsense",
    () => {
      server.script([{ url: /contents/, fault: { kind: "answer", status: 200, body: "<html>" } }]);
      return access();
    },
    ["BASE_CONFIG_UNKNOWN"],
    "own",
  ],
  [
    "a folder there",
    () => {
      server.script([{ url: /contents/, fault: { kind: "answer", status: 200, body: [] } }]);
      return access();
    },
    [],
    "own",
  ],
];
for (const [name, prepare, expected, judgedBy] of CONFIGURATIONS) {
  test(`a base configuration ${name}: ${expected.length ? expected : "no warning"}`, async (t) => {
    const change = await Change.start(t);
    const head = change.commit({ value: "80" });
    server.mergeBases.set(`main...${head}`, change.base);
    const env = { ...change.pullRequest(), ...prepare(change, change.git("rev-parse", "main")) };
    const { code, warnings, verdict } = await change.gate(databaseOf(change), {
      cwd: shallow(t, change),
      env,
    });
    assert.deepEqual([code, warnings, verdict?.judgedBy], [5, expected, judgedBy]);
  });
}

/**
 * What GitHub has at the base, where `ci/conf/unentropy.json` is asked for and is not found, or is no file; and what is said.
 * @type {[string, Record<string, "symlink" | "submodule" | "file">, RegExp | null][]}
 */
const NOT_FOUND = [
  ["in a folder without it", { "ci/conf/other": "file" }, null],
  ["in a folder without the folder", { "ci/other": "file" }, null],
  ["in a repository without the folders", {}, null],
  ["a link", { "ci/conf/unentropy.json": "symlink" }, /`ci\/conf\/unentropy\.json` is a link there/],
  [
    "another repository",
    { "ci/conf/unentropy.json": "submodule" },
    /`ci\/conf\/unentropy\.json` is another repository there/,
  ],
  ["behind a link", { "ci/conf": "symlink" }, /: `ci\/conf` is a link there/],
  ["behind another repository", { "ci/conf": "submodule" }, /: `ci\/conf` is another repository there/],
  ["behind a link further up", { ci: "symlink" }, /: `ci` is a link there/],
  ["behind another repository further up", { ci: "submodule" }, /: `ci` is another repository there/],
  ["behind a file", { ci: "file" }, /: `ci` is a file there/],
];
for (const [where, entries, said] of NOT_FOUND) {
  test(`a hard gate whose base configuration is ${where} on GitHub: ${said ? "not known" : "the change brings the first"}`, async (t) => {
    const change = await Change.start(t, { config: gated([NO_DROP]) });
    change.commit({ "ci/conf/unentropy.json": config([{ mode: "min", target: 1 }]), "ci/conf/value": "80" });
    const env = { ...change.pullRequest(), ...access() };
    const base = change.git("rev-parse", "main");
    server.histories.set(base, [base]);
    for (const [name, type] of Object.entries(entries)) {
      if (type === "file") server.files.set(`${base}:${name}`, "");
      else server.entries.set(`${base}:${name}`, type);
    }
    const { code, document, warnings } = await change.gate(
      [...databaseOf(change), "-c", "ci/conf/unentropy.json"],
      { cwd: shallow(t, change), env },
    );
    const found = document.warnings.find(
      (/** @type {{code: string}} */ one) => one.code === "BASE_CONFIG_UNKNOWN",
    );
    assert.deepEqual([code, warnings.includes("BASE_CONFIG_UNKNOWN")], said ? [5, true] : [0, false]);
    if (said) assert.match(found.message, said);
  });
}

test("without a repository around the configuration GitHub's answer that there is none decides nothing", async (t) => {
  const change = await Change.start(t);
  change.commit({ value: "99" });
  const env = { ...change.pullRequest(), ...access() };
  const base = change.git("rev-parse", "main");
  server.histories.set(base, [base]);
  server.files.set(`${base}:ci/unentropy.json`, config([NO_DROP]));
  const plain = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "unentropy-plain-"));
  t.after(() => fs.rmSync(plain, { recursive: true, force: true }));
  for (const name of ["unentropy.json", "value"]) fs.copyFileSync(change.path(name), path.join(plain, name));
  const { code, error, document } = await change.gate(databaseOf(change), { cwd: plain, env });
  assert.deepEqual([code, error], [5, "BASE_CONFIG_UNKNOWN"]);
  assert.match(JSON.stringify(document.warnings), /where the repository begins is not known here/);
});

test("a base configuration that is broken is told in the verdict", async (t) => {
  const change = await Change.start(t);
  change.git("checkout", "-q", "main");
  change.commit({ "unentropy.json": "{ broken" });
  change.git("checkout", "-q", "-B", "topic");
  change.commit({ value: "80", "unentropy.json": config([NO_DROP]) });
  const { code, verdict, warnings } = await change.gate([], { env: change.pullRequest() });
  assert.deepEqual([code, warnings, verdict?.judgedBy], [5, [], "own"]);
  assert.match(verdict?.configurationProblem ?? "", /problem/);
});

/** What a job with a token has where the event says nothing of the repository. @param {Change} change */
const withoutPayload = (change) => ({
  ...change.pullRequest({ event: "schedule", payload: { repository: null, pull_request: null } }),
  GITHUB_BASE_REF: "",
  GITHUB_HEAD_REF: "",
  ...access(),
});

/** @type {[string, object][]} */
const NO_ANSWERS = [
  ["a server that is down", { status: 503 }],
  ["a refusal", { status: 404 }],
  ["an answer without a branch", { status: 200, body: {} }],
];
for (const [what, answer] of NO_ANSWERS) {
  test(`a change whose default branch is behind ${what} passes nothing`, async (t) => {
    const change = await Change.start(t, { config: gated([{ mode: "min", target: 80 }]) });
    change.commit({ value: "50", "unentropy.json": config([{ mode: "min", target: 10 }]) });
    const run = async (/** @type {string[]} */ ...args) => {
      server.script([
        {
          url: /\/repos\/octo\/widgets$/,
          fault: /** @type {any} */ ({ kind: "answer", ...answer }),
        },
      ]);
      return change.gate(args, { env: withoutPayload(change) });
    };
    const { code, error, verdict, warnings } = await run();
    assert.deepEqual([code, error, verdict?.status], [5, "BASE_CONFIG_UNKNOWN", "unknown"]);
    assert.ok(warnings.includes("BASE_CONFIG_UNKNOWN"), String(warnings));
    assert.match(verdict?.configurationProblem ?? "", /^which branch it goes to is not known: could not/);
    const asked = await run("--reference-branch", "main");
    assert.deepEqual([asked.code, asked.error, asked.verdict?.judgedBy], [5, "GATE_FAILED", "base"]);
    const named = { baseline: { referenceBranch: "topic" } };
    change.commit({ "unentropy.json": config([{ mode: "min", target: 10 }], named) });
    const own = await run();
    assert.deepEqual([own.code, own.error, own.verdict?.status], [5, "BASE_CONFIG_UNKNOWN", "unknown"]);
  });
}

test("a branch that only the change names binds by its thresholds, and is compared with", async (t) => {
  const change = await Change.start(t, { config: gated([{ mode: "min", target: 80 }]) });
  const named = { baseline: { referenceBranch: "main" } };
  change.commit({ value: "50", "unentropy.json": config([{ mode: "min", target: 10 }], named) });
  const { code, verdict, warnings } = await change.gate();
  assert.deepEqual([code, verdict?.judgedBy, warnings], [5, "base", []]);
  assert.deepEqual(
    [verdict?.baselineInfo.referenceBranch, verdict?.baselineInfo.commitSha],
    ["main", change.base],
  );
});

test("without any branch to go to a local run works, and says so", async (t) => {
  const change = await Change.start(t, { config: gated([{ mode: "min", target: 80 }]) });
  change.commit({ value: "90" });
  const { code, verdict, warnings, document } = await change.gate();
  assert.deepEqual([code, verdict?.status, warnings], [0, "pass", ["BASE_BRANCH_UNKNOWN"]]);
  assert.match(document.warnings[0].hint, /--reference-branch/);
});

test("branches that have no commit in common", async (t) => {
  const change = await Change.start(t);
  change.git("checkout", "-q", "--orphan", "other");
  change.commit({ value: "99" });
  const { warnings, verdict } = await change.gate([], { env: change.pullRequest({ headRef: "other" }) });
  assert.deepEqual([warnings, verdict?.baselineInfo.choice], [["MERGE_BASE_UNKNOWN"], "newest"]);
});

test("a merge queue's group is compared with the branch it is queued for", async (t) => {
  const change = await Change.start(t);
  change.commit({ value: "80" });
  const env = change.pullRequest({
    event: "merge_group",
    payload: { merge_group: { base_ref: "refs/heads/main", base_sha: change.git("rev-parse", "main") } },
  });
  const { code, verdict } = await change.gate([], { env: { ...env, GITHUB_BASE_REF: "" } });
  assert.deepEqual(
    [code, verdict?.baselineInfo.referenceBranch, verdict?.baselineInfo.choice],
    [5, "main", "merge-base"],
  );
});

test("a merge queue's group is compared with what it was built on, in a clone of one commit too", async (t) => {
  const change = await Change.start(t);
  change.commit({ value: "80" });
  const base = change.git("rev-parse", "main");
  const env = change.pullRequest({
    event: "merge_group",
    payload: { pull_request: undefined, merge_group: { base_ref: "refs/heads/main", base_sha: base } },
  });
  const cwd = shallow(t, change);
  const { verdict } = await change.gate(databaseOf(change), { cwd, env: { ...env, GITHUB_BASE_REF: "" } });
  const { choice, commitSha } = verdict?.baselineInfo ?? {};
  assert.deepEqual([choice, commitSha], ["merge-base", base]);
});

test("without git at all everything comes from GitHub", async (t) => {
  const change = await Change.start(t);
  const head = change.commit({ value: "80" });
  const env = { ...change.pullRequest(), ...access() };
  const plain = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "unentropy-plain-"));
  t.after(() => fs.rmSync(plain, { recursive: true, force: true }));
  for (const name of ["unentropy.json", "value"]) fs.copyFileSync(change.path(name), path.join(plain, name));
  server.mergeBases.set(`main...${head}`, change.base);
  server.files.set(`${change.git("rev-parse", "main")}:unentropy.json`, config([NO_DROP]));
  const { code, warnings, verdict } = await change.gate(databaseOf(change), {
    cwd: plain,
    env: { ...env, GITHUB_WORKSPACE: plain },
  });
  assert.deepEqual([code, warnings, verdict?.baselineInfo.choice], [5, [], "merge-base"]);
});
