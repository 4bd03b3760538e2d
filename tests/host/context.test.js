// The facts of a run from the variables of a CI system: which branch a build is of, and which run.

import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { runFacts } from "../../js/ci/build.js";
import { track } from "../../js/index.js";
import { Project, told } from "./support/project.js";

const SHA = "a".repeat(40);
const NOW = new Date("2026-11-28T12:00:00Z");

/** @type {[string, NodeJS.ProcessEnv, string][]} */
const BRANCHES = [
  ["both names", { GITHUB_REF: "refs/heads/main", GITHUB_REF_NAME: "main" }, "main"],
  ["the full name alone", { GITHUB_REF: "refs/heads/feature/x" }, "feature/x"],
  ["the short name alone", { GITHUB_REF_NAME: "topic" }, "topic"],
  ["a tag", { GITHUB_REF: "refs/tags/v1", GITHUB_REF_NAME: "v1", GITHUB_REF_TYPE: "tag" }, "refs/tags/v1"],
  ["a tag by its full name alone", { GITHUB_REF: "refs/tags/main" }, "refs/tags/main"],
  ["a tag by its type", { GITHUB_REF_NAME: "main", GITHUB_REF_TYPE: "tag" }, "refs/tags/main"],
  [
    "a pull request's merge without its event",
    { GITHUB_REF: "refs/pull/12/merge", GITHUB_REF_NAME: "12/merge", GITHUB_EVENT_NAME: "pull_request" },
    "refs/pull/12/merge",
  ],
  [
    "a pull request's head by its variable",
    { GITHUB_REF: "refs/pull/12/merge", GITHUB_EVENT_NAME: "pull_request", GITHUB_HEAD_REF: "topic" },
    "topic",
  ],
  ["neither, so git says", {}, "main"],
];

for (const [name, env, branch] of BRANCHES) {
  test(`the branch: ${name}`, async (t) => {
    const { directory } = new Project(t);
    const facts = await runFacts({ cwd: directory, now: NOW, env: { GITHUB_SHA: SHA, ...env } });
    assert.equal(facts.branch, branch);
  });
}

test("a tag's build never stands among those of a branch of its name", async (t) => {
  const project = new Project(t);
  project.config({ metrics: { a: { type: "label", command: 'echo "$UNENTROPY_BRANCH"' } } });
  assert.equal((await project.run(["track"])).code, 0);
  const outcome = await project.run(["track"], {
    env: { GITHUB_ACTIONS: "true", GITHUB_SHA: SHA, GITHUB_REF: "refs/tags/main", GITHUB_REF_NAME: "main" },
  });
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.match(outcome.stderr, /^recorded a+ of refs\/tags\/main in /m);
  const report = project.read("unentropy-report/index.html").toString();
  assert.match(report, /"branches":\[\["main",1\],\["refs\/tags\/main",1\]\]/, "the branch is shown first");
});

const SHOWN = { metrics: { a: { type: "label", command: "printenv UNENTROPY_BRANCH || echo unset" } } };

/** @param {import("node:test").TestContext} t a project without a branch checked out */
function detached(t) {
  const project = new Project(t);
  project.config(SHOWN);
  project.git("checkout", "-q", "--detach");
  return project;
}

test("a build without a branch is not recorded, and never as one of `HEAD`", async (t) => {
  const project = detached(t);
  for (const env of [{}, { GITHUB_SHA: SHA }, { GITHUB_REF_NAME: "HEAD" }, { GITHUB_REF: "HEAD" }]) {
    const outcome = await project.run(["track"], { env });
    assert.equal(outcome.code, 2, told(outcome));
    assert.match(
      outcome.stderr,
      /error\[CONTEXT_MISSING\]: the branch is not known: .*no branch checked out/,
    );
    assert.match(outcome.stderr, /--branch/);
  }
  const given = await project.run(["track", "--branch", "HEAD"]);
  assert.equal(given.code, 2, told(given));
  assert.match(given.stderr, /error\[CONTEXT_INVALID\]: the branch is `HEAD`, expected its name/);
  await assert.rejects(
    track({ cwd: project.directory, env: { PATH: process.env.PATH } }),
    (/** @type {any} */ { code, hint }) => code === "CONTEXT_MISSING" && /context\.branch/.test(hint),
  );
  assert.deepEqual(project.names(), ["unentropy.json"]);
  for (const [args, env] of /** @type {[string[], NodeJS.ProcessEnv][]} */ ([
    [["--branch", "main"], {}],
    [[], { GITHUB_REF: "refs/heads/main" }],
    [[], { GITHUB_REF_NAME: "main" }],
  ])) {
    const outcome = await project.run(["track", ...args], { env });
    assert.equal(outcome.code, 0, told(outcome));
    assert.match(outcome.stderr, /^recorded \w{12} of main in /m);
  }
});

test("what records nothing needs no branch, and its commands are told none", async (t) => {
  const project = detached(t);
  for (const command of ["test", "gate"]) {
    const outcome = await project.run([command]);
    assert.equal(outcome.code, 0, told(outcome));
    assert.match(told(outcome), /\bunset\b/);
  }
});

test("a branch is not mistaken for a tag of its name", async (t) => {
  const project = new Project(t);
  project.config(SHOWN);
  project.git("tag", "main");
  const outcome = await project.run(["track"]);
  assert.equal(outcome.code, 0, told(outcome));
  assert.match(outcome.stderr, /^recorded \w{12} of main in /m);
  project.git("update-ref", "refs/remotes/origin/main", "HEAD");
  project.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main");
  project.git("tag", "origin/main");
  assert.equal((await project.run(["track", "--branch", "topic"])).code, 0);
  assert.equal((await project.run(["report"])).code, 0);
  const report = project.read("unentropy-report/index.html").toString();
  assert.match(report, /"branches":\[\["main",1\],\["topic",1\]\]/, "the default branch is shown first");
});

test("a commit is a full id, wherever it comes from", async (t) => {
  const project = new Project(t);
  project.config({ metrics: { a: { type: "numeric", command: "touch ran; echo 1" } } });
  const event = project.path(".git/event.json");
  const wrong = ["abc", "HEAD", "main", "a".repeat(39), "a".repeat(41), "a".repeat(63), "a".repeat(65)];
  for (const id of [...wrong, "g".repeat(40), `${SHA}\n`, ` ${SHA}`]) {
    fs.writeFileSync(event, JSON.stringify({ pull_request: { head: { sha: id, ref: "topic" } } }));
    /** @type {[string, Parameters<typeof runFacts>[0]["given"], NodeJS.ProcessEnv][]} */
    const sources = [
      ["the commit", { commit: id }, { GITHUB_SHA: SHA }],
      ["`GITHUB_SHA`", {}, { GITHUB_SHA: id }],
      [
        "the head commit of the event",
        {},
        { GITHUB_SHA: SHA, GITHUB_EVENT_NAME: "pull_request", GITHUB_EVENT_PATH: event },
      ],
    ];
    for (const [name, given, env] of sources) {
      await assert.rejects(
        runFacts({ cwd: project.directory, now: NOW, env, given }),
        (/** @type {any} */ error) => {
          assert.deepEqual([error.code, error.type], ["CONTEXT_INVALID", "validation"]);
          assert.equal(
            error.message,
            `${name} is \`${id}\`, expected a full commit id of 40 or 64 hexadecimal digits`,
          );
          return true;
        },
      );
    }
  }
  for (const [args, env] of /** @type {[string[], NodeJS.ProcessEnv][]} */ ([
    [["track", "--commit", "abc"], {}],
    [["track"], { GITHUB_SHA: "abc" }],
    [["gate", "--commit", "abc"], {}],
    [["test", "--commit", "abc"], {}],
  ])) {
    const outcome = await project.run(args, { env });
    assert.equal(outcome.code, 2, told(outcome));
    assert.match(outcome.stderr, /error\[CONTEXT_INVALID\]: .* is `abc`, expected a full commit id/);
  }
  await assert.rejects(
    track({ cwd: project.directory, context: { commit: "abc" } }),
    (/** @type {any} */ { code }) => code === "CONTEXT_INVALID",
  );
  assert.equal(project.exists("ran"), false);
  for (const id of [SHA, "b".repeat(64), SHA.toUpperCase()]) {
    const facts = await runFacts({ cwd: project.directory, now: NOW, env: {}, given: { commit: id } });
    assert.equal(facts.commitSha, id.toLowerCase());
  }
});

test("a run's number that cannot be read is an error, never 0", async (t) => {
  const project = new Project(t);
  project.config({ metrics: { a: { type: "numeric", command: "touch ran; echo 1" } } });
  for (const number of ["many", "7a", "-1", "1.5", "1e3", "0x10", "9".repeat(20), "NaN"]) {
    for (const command of ["track", "gate", "test"]) {
      const outcome = await project.run([command], {
        env: { GITHUB_SHA: SHA, GITHUB_RUN_NUMBER: number },
      });
      assert.equal(outcome.code, 2, number);
      assert.ok(
        outcome.stderr.includes(
          `error[CONTEXT_INVALID]: \`GITHUB_RUN_NUMBER\` is \`${number}\`, expected a whole number`,
        ),
        outcome.stderr,
      );
    }
    const given = { runNumber: Number(number) };
    if (number !== "1e3" && number !== "0x10") {
      await assert.rejects(
        runFacts({ cwd: project.directory, now: NOW, env: { GITHUB_SHA: SHA }, given }),
        (/** @type {any} */ { code, type }) => code === "CONTEXT_INVALID" && type === "validation",
      );
    }
  }
  assert.equal(project.exists("ran"), false);
  assert.equal(project.exists("unentropy.db"), false);
});

test("a run's number is what the variable says, and 0 where none does", async (t) => {
  const { directory: cwd } = new Project(t);
  for (const [text, number] of /** @type {[string | undefined, number][]} */ ([
    [undefined, 0],
    ["", 0],
    ["0", 0],
    ["77", 77],
  ])) {
    const facts = await runFacts({ cwd, now: NOW, env: { GITHUB_SHA: SHA, GITHUB_RUN_NUMBER: text } });
    assert.equal(facts.runNumber, number);
  }
});
