// Metric commands that fail, hang, flood, crash and lie: each costs its own metric and nothing else. What they are
// given and what is told of them holds no secret. Signals end a run orderly.

import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { collectMetrics } from "../../js/collect/metrics.js";
import { withLimit } from "./support/limits.js";
import { runs, until } from "./support/processes.js";
import { Project, told } from "./support/project.js";

const posix = process.platform === "win32" ? { skip: "POSIX commands" } : {};

/**
 * What a command's metric comes to: a value, or the code, the message and the remedy of its failure.
 * @type {[string, string, {type?: "label", timeout?: number}, unknown | [string, RegExp, RegExp]][]}
 */
const COMMANDS = [
  ["a number", "echo 5", {}, 5],
  ["white space around", "printf '\\n\\n  7.5 \\n'", {}, 7.5],
  ["the first line counts", "echo 1; echo 2", {}, 1],
  ["nothing", "true", {}, ["OUTPUT_INVALID", /printed nothing/, /alone on a line/]],
  ["two numbers", "echo 1 2", {}, ["OUTPUT_INVALID", /`1 2`, expected one finite number/, /one number/]],
  ["a percent sign", "echo 85%", {}, ["OUTPUT_INVALID", /`85%`/, /without the percent sign/]],
  ["thousands", "echo 12,345", {}, ["OUTPUT_INVALID", /`12,345`/, /without thousands separators/]],
  ["infinity", "echo Infinity", {}, ["OUTPUT_INVALID", /`Infinity`/, /number alone/]],
  ["too large", "echo 1e400", {}, ["OUTPUT_INVALID", /`1e400`/, /number alone/]],
  ["hexadecimal", "echo 0x10", {}, ["OUTPUT_INVALID", /`0x10`/, /number alone/]],
  ["no number", "echo NaN", {}, ["OUTPUT_INVALID", /`NaN`/, /number alone/]],
  ["a null byte", "printf '5\\0'", {}, ["OUTPUT_INVALID", /`5\\u\{0\}`/, /number alone/]],
  [
    "binary",
    "head -c 5000 /dev/urandom; echo x",
    {},
    ["OUTPUT_INVALID", /^the output is `[^\n]{0,600}`, exp/, /./],
  ],
  ["colours", "printf '\\033[31m5\\033[0m'", {}, ["OUTPUT_INVALID", /`\\u\{1b\}\[31m5/, /number alone/]],
  ["exit 1", "exit 1", {}, ["COMMAND_FAILED", /ended with exit code 1$/, /by hand/]],
  ["a number, then exit 1", "echo 5; exit 1", {}, ["COMMAND_FAILED", /exit code 1$/, /by hand/]],
  ["a signal", "kill -9 $$", {}, ["COMMAND_FAILED", /was ended by SIGKILL$/, /by hand/]],
  ["not found", "no-such-program", {}, ["COMMAND_FAILED", /exit code 127: .*no-such-program/, /by hand/]],
  ["too slow", "echo 5; sleep 30", { timeout: 200 }, ["COMMAND_TIMEOUT", /longer than 200 ms/, /`timeout`/]],
  ["a child that holds the pipe", "sleep 30 & echo 6", {}, 6],
  ["a flood of one line", "head -c 100000000 /dev/zero", {}, ["OUTPUT_INVALID", /^[^\n]{0,700}$/, /./]],
  ["a number before a flood", "echo 8; yes | head -c 100000000", {}, 8],
  [
    "much on standard error",
    "head -c 3000000 /dev/zero | tr '\\0' e >&2; exit 2",
    {},
    ["COMMAND_FAILED", /^.{34}: …e{600}$/, /./],
  ],
  [
    "the last lines of standard error, plain",
    "printf '1\\n2\\n\\033[2J\\033[31mred\\033[0m\\rback\\n\\007last\\n' >&2; exit 2",
    {},
    ["COMMAND_FAILED", /exit code 2: red\nback\n\ufffdlast$/, /by hand/],
  ],
  ["a label", "echo ' stable '", { type: "label" }, "stable"],
  [
    "a label of 300",
    "printf 'x%.0s' $(seq 300)",
    { type: "label" },
    ["OUTPUT_INVALID", /300 characters.*at most 256/, /./],
  ],
  [
    "a coloured label",
    "printf '\\033[32mok\\033[0m'",
    { type: "label" },
    ["OUTPUT_INVALID", /control characters: `\\u\{1b\}/, /colours/],
  ],
  ["@collect without files", "@collect size none", {}, ["COLLECTOR_MISSING", /`none`/, /./]],
];

test("each command costs its own metric and nothing else", posix, async (t) => {
  const project = new Project(t);
  const id = (/** @type {number} */ index) => `m${index}`;
  project.config({
    metrics: Object.fromEntries(
      COMMANDS.map(([, command, extra], index) => [id(index), { type: "numeric", command, ...extra }]),
    ),
  });
  const outcome = await project.track("--concurrency", "2");
  assert.equal(outcome.code, 0, outcome.stderr);
  for (const [index, [name, , , expected]] of COMMANDS.entries()) {
    const { status, value, error } = outcome.document.metrics[index];
    if (!Array.isArray(expected)) {
      assert.deepEqual([status, value], ["ok", expected], `${name}: ${error?.message}`);
      continue;
    }
    const [code, message, hint] = expected;
    assert.deepEqual([status, value, error?.code], ["failed", null, code], name);
    assert.match(error.message, message, name);
    assert.match(error.hint, hint, name);
    assert.ok(outcome.stderr.includes(`✗ ${id(index).padEnd(3)}  ${error.message.split("\n")[0]}`), name);
  }
  const good = COMMANDS.filter(([, , , expected]) => !Array.isArray(expected)).length;
  assert.deepEqual(
    [outcome.document.metricsCollected, outcome.document.metricsFailed, outcome.document.totalBuilds],
    [good, COMMANDS.length - good, 1],
  );
  assert.doesNotMatch(outcome.stderr, new RegExp(String.fromCharCode(27)), "no control sequence passes");
});

test("a time-out ends the grandchildren too, polite or not", posix, async (t) => {
  const project = new Project(t);
  const command = "sleep 300 & echo $! >>pids; (trap '' TERM; echo $$ >>pids; sleep 300; sleep 300) & wait";
  const begun = () =>
    project.exists("pids") ? project.read("pids").toString().trim().split("\n").map(Number) : [];
  const { outcome } = await withLimit(
    300,
    (timeout) => {
      fs.rmSync(project.path("pids"), { force: true });
      project.config({ metrics: { m: { type: "numeric", command, timeout } } });
      return project.track();
    },
    () => begun().length === 2,
  );
  const { code, document } = outcome;
  assert.deepEqual([code, document.metrics[0].error.code], [4, "COMMAND_TIMEOUT"]);
  const pids = begun();
  assert.equal(pids.length, 2);
  await until(() => !pids.some(runs), `${pids} still run`);
});

test("a command whose directory is gone is told as such", posix, async (t) => {
  const project = new Project(t, { "sub/unentropy.json": "" });
  const metrics = {
    first: { type: "numeric", command: "mv ../sub ../away; echo 1" },
    second: { type: "numeric", command: "echo 2" },
  };
  project.write("sub/unentropy.json", JSON.stringify({ metrics }));
  const { document } = await project.track("-c", "sub/unentropy.json");
  assert.equal(document.metrics[0].value, 1);
  assert.equal(document.metrics[1].error.code, "COMMAND_NOT_STARTED");
  assert.match(document.metrics[1].error.message, /working directory `.*sub` is not a directory/);
});

const SECRETS = {
  GITHUB_TOKEN: "ghs_token0token0token0",
  GH_TOKEN: "gho_token1token1token1",
  AWS_ACCESS_KEY_ID: "AKIASECRETSECRET0001",
  AWS_SECRET_ACCESS_KEY: "aws+secret/secret=2222",
  AWS_SESSION_TOKEN: "session3session3session3",
  AWS_WEB_IDENTITY_TOKEN_FILE: "/var/run/secret4/token",
  ACTIONS_RUNTIME_TOKEN: "runtime5runtime5runtime5",
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: "oidc6oidc6oidc6oidc6",
  "INPUT_S3-SECRET-ACCESS-KEY": "input7input7input7",
  "INPUT_GITHUB-TOKEN": "input8input8input8",
  UNENTROPY_TOKEN: "own9own9own9own9",
};
test("a label metric stores what a collector counts, and what a command prints, as text", async (t) => {
  const project = new Project(t, { "src/a.js": "let a = 1;\n" });
  /** @param {string} id @param {"numeric" | "label"} type @param {string} command */
  const metric = (id, type, command) =>
    /** @type {import("../../js/engine/types.js").MetricConfig} */ ({
      ...{ id, name: id, type, command, description: null, unit: null, timeout: 60_000, direction: "none" },
    });
  const metrics = [metric("a", "label", "@collect loc src"), metric("b", "label", "echo 42")];
  const config = /** @type {import("../../js/engine/types.js").Config} */ ({
    metrics,
    sources: /** @type {string[]} */ ([]),
  });
  const loaded = /** @type {import("../../js/engine/engine.js").LoadedConfig} */ ({
    config,
    directory: project.directory,
  });
  const facts = /** @type {import("../../js/ci/build.js").RunFacts} */ ({
    commitSha: "0".repeat(40),
    branch: "main",
  });
  const [a, b] = await collectMetrics({ loaded, facts, env: process.env });
  assert.deepEqual([a.status, a.value], ["ok", "1"]);
  assert.deepEqual([b.status, b.value], ["ok", "42"], "what a command prints for a label is text");
});

/** The history's own where it is kept in Postgres, the project's elsewhere. */
const POSTGRES = { PGPASSWORD: "postgres10postgres10", DATABASE_URL: "postgres://u:eleven11@db/x" };

test("a command sees no credential, and no failure tells one", posix, async (t) => {
  const project = new Project(t);
  const env = { ...SECRETS, ...POSTGRES };
  const fail = "env >&2; exit 3";
  const metrics = {
    seen: { type: "numeric", command: "env >seen.txt; echo 1" },
    loud: { type: "numeric", command: fail },
    label: { type: "label", command: "env | tr '\\n' ' ' | head -c 5000" },
    slow: { type: "numeric", command: `${fail.replace("exit 3", "sleep 30")}`, timeout: 200 },
  };
  const secret = (/** @type {string} */ text, /** @type {object} */ values) =>
    Object.entries(values)
      .filter(([, value]) => text.includes(value))
      .map(([name]) => name);

  const runsWith = async (/** @type {string[]} */ args, /** @type {object} */ config) => {
    fs.rmSync(project.path("seen.txt"), { force: true });
    project.config(config);
    return project.run(args, { env });
  };
  for (const args of [
    ["track", "--json", "--verbose"],
    ["track", "--verbose"],
    ["test", "--json"],
  ]) {
    const outcome = await runsWith(args, { metrics });
    assert.deepEqual(secret(told(outcome), SECRETS), [], args.join(" "));
    assert.deepEqual(secret(project.read("seen.txt").toString(), SECRETS), [], args.join(" "));
    assert.match(project.read("seen.txt").toString(), /^PATH=/m);
    assert.match(project.read("seen.txt").toString(), /^PGPASSWORD=/m, "the project's own stays");
  }
  for (const name of ["unentropy.db", "unentropy-report/index.html"]) {
    assert.deepEqual(secret(project.read(name).toString("latin1"), SECRETS), [], name);
  }

  // Every way to fail before a command, with the credentials at hand.
  for (const args of [
    ["track", "--storage", "sqlite-s3"],
    ["track", "--storage", "postgres", "--json"],
    ["gate", "--storage", "postgres", "--json"],
    ["track", "--db", "unentropy.json/x.db", "--verbose"],
    ["track", "-c", "none.json"],
    ["report", "--db", "none.db", "--json"],
    ["nonsense"],
  ]) {
    const outcome = await project.run(args, { env });
    assert.notEqual(outcome.code, 0, args.join(" "));
    assert.deepEqual(secret(told(outcome), env), [], args.join(" "));
  }
});

for (const name of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
  test(`${name} during a command ends it and its children, and leaves the history`, posix, async (t) => {
    const project = new Project(t);
    project.config({ metrics: { a: { type: "numeric", command: "echo 1" } } });
    await project.track();
    const before = project.read("unentropy.db");
    const slow = "sleep 300 & echo $! $$ >pids.new; mv pids.new pids; wait";
    project.config({
      metrics: {
        a: { type: "numeric", command: "echo 1" },
        b: { type: "numeric", command: slow },
        c: { type: "numeric", command: "touch ran; echo 1" },
      },
    });
    const { child, ended } = project.start(["track", "--json"]);
    await until(() => project.exists("pids"), "the command has not begun");
    const sent = Date.now();
    child.kill(name);
    const { code, signal, stdout, stderr } = await ended;
    assert.ok(Date.now() - sent < 5000, "it ends soon");
    assert.deepEqual([code, signal], [1, null]);
    const { success, error } = JSON.parse(stdout);
    assert.deepEqual([success, error.code, error.message], [false, "ABORTED", `stopped by ${name}`]);
    assert.match(stderr, /^error\[ABORTED\]/m);
    const pids = project.read("pids").toString().trim().split(" ").map(Number);
    await until(() => !pids.some(runs), `${pids} still run`);
    assert.equal(project.exists("ran"), false);
    assert.ok(project.read("unentropy.db").equals(before));
    assert.deepEqual(project.names(), ["pids", "unentropy-report", "unentropy.db", "unentropy.json"]);
  });
}

test("a second signal does not wait for a command that ignores the first", posix, async (t) => {
  const project = new Project(t);
  const deaf = "trap '' TERM INT; echo $$ >pids.new; mv pids.new pids; while :; do sleep 1; done";
  project.config({ metrics: { m: { type: "numeric", command: deaf } } });
  const { child, ended } = project.start(["track"]);
  await until(() => project.exists("pids"), "the command has not begun");
  child.kill("SIGINT");
  child.kill("SIGTERM");
  const { code } = await ended;
  assert.equal(code, 1);
  const pid = Number(project.read("pids"));
  await until(() => !runs(pid), `${pid} still runs`);
});
