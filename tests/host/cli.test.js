// The command line as its users run it: the shipped dist/cli.js in real repositories.

import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { Project } from "./support/project.js";

const one = (/** @type {string} */ command, extra = {}) => ({
  metrics: { m: { type: "numeric", command, ...extra } },
});

test("a first run records a build and writes a report, a second makes two builds", async (t) => {
  const project = new Project(t, { "src/a.js": "let a = 1;\n// note\n\nlet b = 2;\n" });
  project.config({
    metrics: {
      loc: { $ref: "loc", command: "@collect loc src" },
      word: { type: "label", command: "echo stable" },
    },
  });
  const first = await project.track("--storage", "sqlite-local", "--db", "m.db", "-o", "rep");
  assert.equal(first.code, 0, first.stderr);
  assert.equal(first.document.success, true);
  assert.equal(first.document.totalBuilds, 1);
  assert.deepEqual(
    first.document.metrics.map((/** @type {any} */ m) => [m.id, m.status, m.value, m.unit]),
    [
      ["loc", "ok", 2, "integer"],
      ["word", "ok", "stable", null],
    ],
  );
  assert.deepEqual(
    first.document.phases.map((/** @type {any} */ p) => [p.name, p.status]),
    [
      ["download", "completed"],
      ["collect", "completed"],
      ["upload", "completed"],
      ["report", "completed"],
    ],
  );
  assert.equal(first.document.databaseSize, fs.statSync(project.path("m.db")).size);
  assert.equal(project.read("m.db").subarray(0, 15).toString(), "SQLite format 3");
  assert.match(project.read("rep/index.html").toString(), /^<!doctype html>/i);

  const second = await project.track("--storage", "sqlite-local", "--db", "m.db", "-o", "rep");
  assert.equal(second.document.totalBuilds, 2);
});

test("the same commit and run again replaces the values it brings and keeps the rest", async (t) => {
  const project = new Project(t);
  project.config({
    metrics: { a: { type: "numeric", command: "echo 1" }, b: { type: "numeric", command: "echo 2" } },
  });
  await project.track("--run-id", "7");
  project.config(one("echo 3"));
  const again = await project.track("--run-id", "7");
  assert.equal(again.document.totalBuilds, 1);
});

test("flags come before GitHub's variables, those before git", async (t) => {
  const project = new Project(t);
  project.config({
    metrics: {
      facts: {
        type: "label",
        command: 'echo "$UNENTROPY_COMMIT_SHA $UNENTROPY_BRANCH $UNENTROPY_RUN_ID $UNENTROPY_METRIC_KEY"',
      },
    },
  });
  const label = async (/** @type {string[]} */ args, /** @type {NodeJS.ProcessEnv} */ env) => {
    const outcome = await project.run(["test", "--json", ...args], { env });
    return JSON.parse(outcome.stdout).metrics[0].value.split(" ");
  };
  const head = project.git("rev-parse", "HEAD");
  const [commit, branch, runId, key] = await label(["--commit", head], {});
  assert.deepEqual([commit, branch, key], [head, "main", "facts"]);
  assert.match(runId, /^local-\d{8}T\d{6}\.\d{3}Z$/);
  const github = {
    GITHUB_ACTIONS: "true",
    GITHUB_SHA: "a".repeat(40),
    GITHUB_REF_NAME: "topic",
    GITHUB_RUN_ID: "99",
  };
  assert.deepEqual(await label([], github), ["a".repeat(40), "topic", "99", "facts"]);
  assert.deepEqual(await label(["--commit", "b".repeat(40), "--branch", "x", "--run-id", "1"], github), [
    "b".repeat(40),
    "x",
    "1",
    "facts",
  ]);
});

test("one failing metric does not stop the others, and is told", async (t) => {
  const project = new Project(t);
  project.config({
    metrics: {
      good: { type: "numeric", command: "echo 5" },
      bad: { type: "numeric", command: "echo oops >&2; exit 3" },
    },
  });
  const outcome = await project.track();
  assert.equal(outcome.code, 0);
  assert.equal(outcome.document.metricsCollected, 1);
  assert.equal(outcome.document.metricsFailed, 1);
  const bad = outcome.document.metrics[1];
  assert.deepEqual([bad.status, bad.value, bad.error.code], ["failed", null, "COMMAND_FAILED"]);
  assert.match(bad.error.message, /exit code 3: oops/);
  assert.match(outcome.stderr, /✗ bad/);
});

test("when every metric fails no build is recorded and the run fails with 4", async (t) => {
  const project = new Project(t);
  project.config(one("exit 1"));
  const outcome = await project.track();
  assert.equal(outcome.code, 4);
  assert.equal(outcome.document.error.code, "ALL_METRICS_FAILED");
  assert.equal(project.exists("unentropy.db"), false);
});

test("all mistakes of a configuration are reported in one run, with line and path", async (t) => {
  const project = new Project(t, {
    "unentropy.json": `{
  "metrics": {
    "coverage": { "type": "numric", "command": "echo 1" },
    "Size": { "type": "numeric", "command": "echo 1" },
    "loc": { "$ref": "lok" },
    "slow": { "type": "numeric", "command": "echo 1", "timeout": 0 }
  },
  "qualityGate": { "mode": "hrad" },
  "extra": true
}`,
  });
  const outcome = await project.run(["verify"]);
  assert.equal(outcome.code, 2);
  for (const place of [
    /unentropy\.json:3:27: metrics\.coverage\.type: .*numric.*/,
    /unentropy\.json:4:\d+: metrics\.Size/,
    /unentropy\.json:5:\d+: metrics\.loc\.\$ref: .*lok/,
    /unentropy\.json:6:\d+: metrics\.slow\.timeout/,
    /unentropy\.json:8:\d+: qualityGate\.mode: .*hrad/,
    /unentropy\.json:9:\d+: extra/,
  ]) {
    assert.match(outcome.stderr, place);
  }
  assert.match(outcome.stderr, /6 problems/);
  assert.match(outcome.stderr, /Did you mean `numeric`\?/);
});

test("a usage mistake names what was meant and exits with 2", async (t) => {
  const project = new Project(t);
  for (const [args, message] of /** @type {[string[], RegExp][]} */ ([
    [["trak"], /unknown command `trak`[\s\S]*`track`/],
    [["track", "--strage", "x"], /does not take `--strage`[\s\S]*`--storage`/],
    [["track", "--config"], /`--config` needs a value/],
    [["track", "--json=yes"], /`--json` takes no value/],
    [["track", "--run-number", "many"], /`--run-number` is `many`/],
    [["track", "extra"], /`track` does not take `extra`/],
    [["track", "--concurrency", "0"], /at least 1/],
    [["collect"], /no collector named/],
    [["collect", "loc", "--bogus"], /`loc` does not take `--bogus`/],
    [["collect", "loc", "-l", "Rustt"], /`Rustt`[\s\S]*`?Rust`?/],
    [["verify", "a.json", "-c", "b.json"], /named twice/],
  ])) {
    const outcome = await project.run(args);
    assert.match(outcome.stderr, message, args.join(" "));
    assert.equal(outcome.code, 2, args.join(" "));
    assert.equal(outcome.stdout, "");
  }
});

test("help and version go to standard output", async (t) => {
  const project = new Project(t);
  const help = await project.run(["--help"]);
  assert.equal(help.code, 0);
  for (const command of ["track", "verify", "test", "collect", "report", "sources"]) {
    assert.match(help.stdout, new RegExp(`^  ${command}  `, "m"));
    const own = await project.run([command, "--help"]);
    assert.equal(own.code, 0);
    assert.match(own.stdout, new RegExp(`usage: unentropy ${command}`));
  }
  assert.match((await project.run(["--version"])).stdout, /^unentropy \d+\.\d+\.\d+\n$/);
  assert.equal((await project.run([])).code, 2);
});

test("collect prints the bare number", async (t) => {
  const project = new Project(t, { "src/a.rs": "fn main() {}\n\n// x\n", "dist/x.bin": "12345" });
  for (const [args, expected] of /** @type {[string[], string][]} */ ([
    [["loc", "src"], "1\n"],
    [["loc", "src", "--language", "RUST"], "1\n"],
    [["size", "dist"], "5\n"],
    [["size", "dist/*.bin"], "5\n"],
    // None is left.
    [["loc", "src", "-l", "Python"], "0\n"],
  ])) {
    const outcome = await project.run(["collect", ...args]);
    assert.deepEqual([outcome.code, outcome.stdout], [0, expected], `${args.join(" ")}: ${outcome.stderr}`);
  }
  const json = await project.run(["collect", "size", "dist", "--json"]);
  assert.deepEqual(JSON.parse(json.stdout), { collector: "size", value: 5 });
});

test("missing files, empty globs and unknown names are errors, never 0", async (t) => {
  const project = new Project(t, { "src/a.rs": "fn main() {}\n", "empty/.keep": "" });
  for (const [args, message] of /** @type {[string[], RegExp][]} */ ([
    [["size", "nope"], /`nope`/],
    [["size", "dist/**/*.js"], /dist\/\*\*\/\*\.js/],
    [["coverage", "lcov.info"], /lcov\.info/],
    [["coverage", "src/a.rs"], /not a coverage report/],
    [["coverage-lcov", "src/a.rs"], /src\/a\.rs/],
    [["coverage", "src"], /src/],
  ])) {
    const outcome = await project.run(["collect", ...args]);
    assert.equal(outcome.code, 4, args.join(" "));
    assert.equal(outcome.stdout, "");
    assert.match(outcome.stderr, message);
  }
});

test("sources lists what the patterns stand for; the last match wins", async (t) => {
  const project = new Project(t, {
    "src/a.js": "1\n",
    "src/b.test.js": "1\n",
    "src/gen/c.js": "1\n",
    "lib/d.js": "1\n",
  });
  project.config({ ...one("echo 1"), sources: ["src", "!**/*.test.js", "!src/gen/**", "lib/*.js"] });
  const outcome = await project.run(["sources"]);
  assert.deepEqual([outcome.code, outcome.stdout], [0, "lib/d.js\nsrc/a.js\n"]);
});

test("report needs a history and does not change it", async (t) => {
  const project = new Project(t);
  project.config(one("echo 1"));
  const missing = await project.run(["report", "--db", "none.db"]);
  assert.equal(missing.code, 3);
  assert.equal(project.exists("none.db"), false);
  await project.track("--db", "m.db");
  const before = project.read("m.db");
  const outcome = await project.run(["report", "--db", "m.db", "-o", "out"]);
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.ok(project.read("m.db").equals(before));
  assert.match(project.read("out/index.html").toString(), /<html/);
});

test("missing S3 parameters are all named before anything runs", async (t) => {
  const project = new Project(t);
  project.config(one("touch ran; echo 1"));
  const outcome = await project.run(["track", "--storage", "sqlite-s3"]);
  assert.equal(outcome.code, 2);
  for (const name of ["s3-bucket", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) {
    assert.ok(outcome.stderr.includes(name), name);
  }
  assert.doesNotMatch(outcome.stderr, /undefined|null/);
  assert.equal(project.exists("ran"), false);
});

test("a storage kind that this version does not have is refused before anything runs", async (t) => {
  const project = new Project(t);
  project.config({ ...one("touch ran; echo 1"), storage: { type: "postgres" } });
  const configured = await project.track();
  assert.deepEqual([configured.code, configured.document.error.code], [2, "CONFIG_INVALID"]);
  project.config(one("touch ran; echo 1"));
  const asked = await project.track("--storage", "postgres");
  assert.deepEqual([asked.code, asked.document.error.code], [2, "STORAGE_UNSUPPORTED"]);
  assert.equal(project.exists("ran"), false);
});

const ESCAPE = new RegExp(String.fromCharCode(27));
const RED = new RegExp(`${String.fromCharCode(27)}\\[31m`);

test("NO_COLOR and a pipe mean plain text", async (t) => {
  const project = new Project(t);
  project.config(one("exit 1"));
  assert.doesNotMatch((await project.run(["track"])).stderr, ESCAPE);
  assert.match((await project.run(["track"], { env: { FORCE_COLOR: "1" } })).stderr, RED);
  assert.doesNotMatch(
    (await project.run(["track"], { env: { FORCE_COLOR: "1", NO_COLOR: "1" } })).stderr,
    ESCAPE,
  );
});
