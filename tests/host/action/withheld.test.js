// Runs that have no credentials because GitHub gives them none, and runs whose credentials someone has forgotten: the
// first record nothing and say why, the second fail.

import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { Project, told } from "../support/project.js";
import { act } from "../support/runner.js";

const BOT = { GITHUB_ACTOR: "dependabot[bot]" };
const S3 = { "storage-type": "sqlite-s3", "s3-bucket": "metrics" };
const FORK = { repository: { id: 1, full_name: "someone/widgets", default_branch: "main", fork: true } };

/** @typedef {{env?: NodeJS.ProcessEnv, inputs?: Record<string, string>, payload?: object, code?: string}} Case */

/** @type {Record<string, Case & {why: RegExp}>} */
const WITHHELD = {
  "a push of Dependabot": { env: BOT, why: /from runs that Dependabot started/ },
  "a push of Dependabot, with the bucket's name in a secret too": {
    env: BOT,
    inputs: { "s3-bucket": "", "s3-endpoint": "" },
    why: /from runs that Dependabot started/,
  },
  "a schedule of a fork": {
    env: { GITHUB_EVENT_NAME: "schedule" },
    payload: FORK,
    why: /this repository is a fork/,
  },
  "a push to a fork": { payload: FORK, why: /this repository is a fork/ },
  "a build that a fork's pull request is to record": {
    env: { GITHUB_EVENT_NAME: "pull_request" },
    inputs: { mode: "track" },
    why: /from pull requests of forks/,
  },
};

/** @type {Record<string, Case & {code: string}>} */
const FORGOTTEN = {
  "anyone else's push": { code: "S3_PARAMETERS_INVALID" },
  "a schedule that Dependabot was the last to change": {
    env: { ...BOT, GITHUB_EVENT_NAME: "schedule" },
    code: "S3_PARAMETERS_INVALID",
  },
  "a push of Dependabot with one of the two credentials": {
    env: BOT,
    inputs: { "s3-access-key-id": "AKIAIOSFODNN7EXAMPLE" },
    code: "S3_PARAMETERS_INVALID",
  },
  "a push of Dependabot with a bucket's name that is none": {
    env: BOT,
    inputs: { "s3-bucket": "Not A Bucket" },
    code: "S3_PARAMETERS_INVALID",
  },
  "a push of Dependabot with another input that is wrong": {
    env: BOT,
    inputs: { timeout: "soon" },
    code: "INPUTS_INVALID",
  },
};

/** @param {import("node:test").TestContext} t @param {Case} of */
async function run(t, { env = {}, inputs = {}, payload = {} }) {
  const project = new Project(t);
  project.config({ metrics: { a: { type: "numeric", command: "touch ran; echo 1" } } });
  const file = project.path(".git/event.json");
  fs.writeFileSync(file, JSON.stringify(payload));
  const outcome = await act(
    project,
    { ...S3, ...inputs },
    { GITHUB_REF: "refs/heads/main", GITHUB_EVENT_PATH: file, ...env },
  );
  assert.equal(project.exists("ran"), false, "no command is run for nothing");
  return outcome;
}

for (const [name, { why, ...of }] of Object.entries(WITHHELD)) {
  test(`without credentials ${name} records nothing, and says why`, async (t) => {
    const outcome = await run(t, of);
    const { code, outputs, stdout, summary } = outcome;
    assert.equal(code, 0, told(outcome));
    assert.deepEqual([outputs.success, outputs["error-code"]], ["false", "HISTORY_WITHHELD"]);
    assert.match(outputs["error-message"], /^no build was recorded: /);
    assert.match(outputs["error-message"], why);
    assert.equal(outputs["storage-type"], "sqlite-s3");
    assert.equal(stdout.match(/^::warning title=HISTORY_WITHHELD::no build was recorded: /gm)?.length, 1);
    assert.doesNotMatch(stdout, /^::error|is missing/m);
    assert.match(summary, /no build was recorded: /);
  });
}

for (const [name, { code, ...of }] of Object.entries(FORGOTTEN)) {
  test(`without credentials ${name} fails`, async (t) => {
    const outcome = await run(t, of);
    assert.deepEqual([outcome.code, outcome.outputs["error-code"]], [2, code], told(outcome));
  });
}

test("the command line, which was told to record, fails and gives the same reason", async (t) => {
  const project = new Project(t);
  project.config({ metrics: { a: { type: "numeric", command: "touch ran; echo 1" } } });
  const args = ["track", "--storage", "sqlite-s3", "--s3-bucket", "metrics"];
  const outcome = await project.run(args, { env: { GITHUB_EVENT_NAME: "push", ...BOT } });
  assert.equal(outcome.code, 3, told(outcome));
  assert.match(outcome.stderr, /error\[HISTORY_WITHHELD\]: no build was recorded: .*Dependabot/);
  const own = await project.run(args, { env: { GITHUB_EVENT_NAME: "push" } });
  assert.match(own.stderr, /error\[S3_PARAMETERS_INVALID\]/);
  assert.equal(project.exists("ran"), false);
});
