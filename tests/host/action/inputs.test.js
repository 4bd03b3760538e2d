// The action's inputs and outputs say the same in every place that lists them, and what is given is read whole, with
// every problem, before anything else happens.

import assert from "node:assert/strict";
import { test } from "node:test";
import { INPUTS, readInputs } from "../../../js/action/inputs.js";
import { OUTPUTS } from "../../../js/action/outputs.js";
import { knownSecrets } from "../../../js/collect/secrets.js";
import { Project, told } from "../support/project.js";
import { act, METADATA } from "../support/runner.js";

test("action.yml declares the inputs and outputs of the tables, and starts what is built", () => {
  assert.deepEqual(
    Object.entries(METADATA.inputs).map(([name, { default: value }]) => [name, value]),
    INPUTS.map(({ input }) => [input.name, input.given ?? String(input.default ?? "")]),
  );
  assert.deepEqual(
    Object.keys(METADATA.outputs),
    OUTPUTS.map(({ name }) => name),
  );
  assert.deepEqual(METADATA.runs, { using: "node20", main: "dist/action.js" });
});

test("what no configuration can say has its default in action.yml, the rest has none", () => {
  // The runner passes the defaults of action.yml as if they were given: they would override every configuration.
  for (const { name, key, input } of INPUTS) {
    assert.equal(key !== undefined && input.default !== undefined, false, name);
  }
});

test("an input is read by its kind, and every problem of every input is told", () => {
  const cases = /** @type {const} */ ([
    ["mode", "gate", "gate"],
    ["mode", " track ", "track"],
    ["mode", "", "auto"],
    ["mode", "gte", "`mode` is `gte`, expected one of `auto`, `track`, `gate`, perhaps `gate`"],
    ["verbose", "TRUE", true],
    ["verbose", "no", "`verbose` is `no`, expected `true` or `false`"],
    ["enable-pr-comment", "", undefined],
    ["enable-pr-comment", "false", false],
    ["timeout", "60", 60],
    ["timeout", "", 300],
    ["timeout", "0", "`timeout` is `0`, expected a whole number from 1 to 86400"],
    ["timeout", "1e3", "`timeout` is `1e3`, expected a whole number from 1 to 86400"],
    ["retry-attempts", "21", "`retry-attempts` is `21`, expected a whole number from 1 to 20"],
    [
      "max-pr-comment-metrics",
      "101",
      "`max-pr-comment-metrics` is `101`, expected a whole number from 1 to 100",
    ],
    ["s3-sse", "aes256", "`s3-sse` is `aes256`, expected one of `AES256`, `aws:kms`, perhaps `AES256`"],
    ["report-name", "a/b.html", "`report-name` is `a/b.html`, expected a file name without a directory"],
    ["report-name", "", "index.html"],
    ["database-key", "", undefined],
  ]);
  for (const [name, text, expected] of cases) {
    const { inputs, problems } = readInputs({ [`INPUT_${name.toUpperCase()}`]: text });
    assert.deepEqual(problems.length > 0 ? problems.join() : inputs[name], expected, `${name}: ${text}`);
  }
  const { problems } = readInputs({ INPUT_MODE: "x", INPUT_TIMEOUT: "y", INPUT_VERBOSE: "z" });
  assert.equal(problems.length, 3);
});

test("an input that there is not is told with the one that was meant", () => {
  assert.deepEqual(readInputs({ "INPUT_S3-BUKET": "b", INPUT_MODE: "" }).unknown, [
    "there is no input `s3-buket`, perhaps `s3-bucket`",
  ]);
});

test("every secret is masked, line by line, before anything else is printed", async (t) => {
  const secrets = knownSecrets({
    "INPUT_S3-SECRET-ACCESS-KEY": " one\r\n two \n\nthree ",
    "INPUT_GITHUB-TOKEN": "ghs_token",
    AWS_SECRET_ACCESS_KEY: "ghs_token",
    AWS_SESSION_TOKEN: "session%0Atoken",
  }).lines;
  assert.deepEqual(secrets, ["one", "two", "three", "ghs_token", "session%0Atoken"]);

  const project = new Project(t);
  const { stdout } = await act(
    project,
    { "s3-secret-access-key": "first-secret\nsecond-secret", verbose: "maybe" },
    { AWS_SESSION_TOKEN: "100%" },
  );
  const lines = stdout.split("\n");
  assert.deepEqual(lines.slice(0, 3), [
    "::add-mask::first-secret",
    "::add-mask::second-secret",
    "::add-mask::100%25",
  ]);
  assert.equal(
    lines.slice(3).some((line) => /add-mask|-secret/.test(line)),
    false,
    stdout,
  );
});

test("problems of inputs, configuration and event are told together, before any command or connection", async (t) => {
  const project = new Project(t);
  project.config({ metrics: { a: { type: "sum", command: "touch ran" } } });
  const outcome = await act(
    project,
    { timeout: "soon", "s3-buket": "b" },
    { GITHUB_EVENT_NAME: "pull_request_target" },
  );
  assert.equal(outcome.code, 2);
  assert.equal(outcome.outputs["error-code"], "INPUTS_INVALID");
  for (const words of [
    "`timeout` is `soon`",
    "`pull_request_target`, which runs with the repository's secrets",
    "the configuration `unentropy.json` has a problem",
    "unentropy.json:1",
    "there is no input `s3-buket`, perhaps `s3-bucket`",
  ]) {
    if (words === "unentropy.json:1")
      assert.match(told(outcome), /unentropy\.json:\d+:\d+: metrics\.a\.type/);
    else assert.ok(told(outcome).includes(words), `${words}:\n${told(outcome)}`);
  }
  assert.match(outcome.summary, /^❌ \*\*The run failed\*\*: /);
  assert.match(outcome.summary, /^- unentropy\.json:\d+:\d+: metrics\.a\.type/m);
  assert.equal(project.exists("ran"), false);
});

test("everything that is wrong with the S3 inputs is told at once, without the values of credentials", async (t) => {
  const project = new Project(t);
  project.config({ metrics: { a: { type: "numeric", command: "touch ran" } } });
  const outcome = await act(project, {
    "storage-type": "sqlite-s3",
    "s3-endpoint": "http://s3.example",
    "s3-bucket": "Not A Bucket",
    "s3-secret-access-key": "space inside it",
  });
  assert.equal(outcome.code, 2, told(outcome));
  assert.equal(outcome.outputs["error-code"], "S3_PARAMETERS_INVALID");
  for (const words of [
    "`s3-endpoint` is",
    "`s3-bucket` is",
    "`s3-access-key-id` is missing",
    "`s3-secret-access-key` holds",
  ]) {
    assert.ok(outcome.outputs["error-message"].includes(words), outcome.outputs["error-message"]);
  }
  assert.equal(
    told(outcome)
      .replace(/^::add-mask::.*$/gm, "")
      .includes("space inside it"),
    false,
  );
  assert.equal(project.exists("ran"), false);
});

test("`auto` never runs a stranger's code with secrets; naming the mode does", async (t) => {
  const project = new Project(t);
  project.config({
    metrics: { a: { type: "numeric", command: "touch ran; echo 1" } },
    storage: { type: "sqlite-local" },
  });
  const env = { GITHUB_EVENT_NAME: "pull_request_target" };
  const refused = await act(project, {}, env);
  assert.deepEqual([refused.code, refused.outputs["error-code"]], [2, "EVENT_UNSAFE"]);
  assert.equal(project.exists("ran"), false);
  const named = await act(project, { mode: "track" }, env);
  assert.equal(named.code, 0, told(named));
});
