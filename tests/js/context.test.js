// The facts of a run from the variables of a CI system: which branch a build is of, and which run.

import assert from "node:assert/strict";
import { test } from "node:test";
import { runFacts } from "../../js/context.js";
import { Project } from "./support/project.js";

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
