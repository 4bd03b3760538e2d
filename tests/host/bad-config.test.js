// Configurations that cannot be read or understood: each is named with its cause, its place and a remedy, the
// run ends with 2, and nothing is created.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { test } from "node:test";
import { Project, told } from "./support/project.js";

const posix = process.platform === "win32" ? { skip: "POSIX files" } : {};
const METRIC = { type: "numeric", command: "touch ran; echo 1" };

/**
 * Every command that reads a configuration refuses it in the same words and leaves the folder as it was.
 * @param {Project} project
 * @param {RegExp} message
 * @param {{code?: string, user?: number, args?: string[]}} [expected]
 */
async function refused(project, message, { code = "CONFIG_INVALID", user, args = [] } = {}) {
  const before = project.names();
  for (const command of ["verify", "track", "test", "sources"]) {
    const outcome = await project.run([command, ...args], { user });
    assert.equal(outcome.code, 2, `${command}: ${told(outcome)}`);
    assert.equal(outcome.stdout, "", command);
    assert.match(outcome.stderr, message, command);
    assert.match(outcome.stderr, new RegExp(`^error\\[${code}\\]: .*\\bconfiguration\\b`, "m"), command);
    assert.doesNotMatch(outcome.stderr, /^ {4}at /m, "no stack trace");
  }
  assert.deepEqual(project.names(), before);
}

/** @type {[string, string | Buffer, RegExp][]} */
const TEXTS = [
  ["an empty file", "", /unentropy\.json:1:1: expected a JSON object, found an empty file\n +Write/],
  [
    "words",
    "metrics: all",
    /unentropy\.json:1:1: expected a value, found a word without quotes\n +A value is/,
  ],
  ["null bytes", "\0\0\0", /unentropy\.json:1:1: expected a value, found `\\u\{0\}`/],
  ["a cut-off file", '{"metrics": {"a": {"type": "num', /unentropy\.json:1:\d+: /],
  ["a comment", '{\n  // note\n  "metrics": {}\n}', /unentropy\.json:2:3: .*comment/],
  [
    "a trailing comma",
    '{"metrics": {"a": {"type": "label", "command": "x"},}}',
    /unentropy\.json:1:\d+: .*comma/,
  ],
  ["UTF-16 without a mark", Buffer.from('{"metrics": {}}', "utf16le"), /unentropy\.json:1:2: .*`\\u\{0\}`/],
  [
    "100,000 open brackets",
    "[".repeat(100_000),
    /unentropy\.json:1:65: nested deeper than 64 levels\n +A conf/,
  ],
  ["100,000 open objects", '{"a":'.repeat(100_000), /unentropy\.json:1:\d+: nested deeper than 64 levels/],
  [
    "deep nesting that is closed",
    `{"metrics":${"[".repeat(9000)}${"]".repeat(9000)}}`,
    /deeper than 64 levels/,
  ],
  [
    "2 MB",
    JSON.stringify({ metrics: { a: { ...METRIC, description: "x".repeat(2e6) } } }),
    /at most 1,048,576 bytes/,
  ],
];

for (const [name, content, message] of TEXTS) {
  test(`${name} is refused with its place`, async (t) => {
    await refused(new Project(t, { "unentropy.json": content }, { git: false }), message);
  });
}

test("UTF-16 with a mark, as PowerShell writes it, is read", async (t) => {
  const text = `\ufeff${JSON.stringify({ metrics: { a: METRIC } })}`;
  const project = new Project(t, { "unentropy.json": Buffer.from(text, "utf16le") }, { git: false });
  const outcome = await project.run(["verify"]);
  assert.deepEqual([outcome.code, outcome.stdout], [0, "unentropy.json: ok, 1 metric\n"], outcome.stderr);
});

test("a missing configuration is named as it was given", async (t) => {
  const project = new Project(t, {}, { git: false });
  await refused(project, /the configuration `unentropy\.json` does not exist\n +Create it/, {
    code: "CONFIG_MISSING",
  });
  await refused(project, /the configuration `ci\/none\.json` does not exist/, {
    code: "CONFIG_MISSING",
    args: ["-c", "ci/none.json"],
  });
});

test(
  "a directory, a named pipe and a giant in its place are refused and not waited for",
  posix,
  async (t) => {
    const project = new Project(t, {}, { git: false });
    const file = project.path("unentropy.json");
    const expected = { code: "CONFIG_UNREADABLE" };
    fs.mkdirSync(file);
    await refused(
      project,
      /unentropy\.json`: it is a directory, a file is expected\n +Name a file/,
      expected,
    );
    fs.rmdirSync(file);
    execFileSync("mkfifo", [file]);
    await refused(project, /unentropy\.json`: it is not a regular file\n +Write the content/, expected);
    fs.rmSync(file);
    fs.writeFileSync(file, "{");
    fs.truncateSync(file, 2 ** 40);
    await refused(project, /it is 1099511627776 bytes long, the limit is 4194304 bytes/, expected);
  },
);

test("a file that may not be read is refused with the right that is missing", posix, async (t) => {
  const project = new Project(t, { "unentropy.json": "{}" }, { git: false });
  const user = project.giveAway();
  fs.chmodSync(project.path("unentropy.json"), 0);
  await refused(project, /unentropy\.json`: permission denied\n +Give the user/, {
    code: "CONFIG_UNREADABLE",
    user,
  });
});

test("twenty mistakes are twenty lines, each with its place", async (t) => {
  const lines = Array.from(
    { length: 20 },
    (_, i) => `    "m${i}": { "type": "sum", "command": "echo ${i}" }`,
  );
  const project = new Project(
    t,
    { "unentropy.json": `{\n  "metrics": {\n${lines.join(",\n")}\n  }\n}` },
    { git: false },
  );
  const { code, stderr } = await project.run(["verify"]);
  assert.equal(code, 2);
  for (let i = 0; i < 20; i++) {
    assert.match(stderr, new RegExp(`^unentropy\\.json:${i + 3}:\\d+: metrics\\.m${i}\\.type: .*sum`, "m"));
  }
  assert.match(stderr, /`unentropy\.json` has 20 problems/);
});

test("a key that stands twice is named at its second place", async (t) => {
  const metric = '{"type":"numeric","command":"echo 1"}';
  const project = new Project(
    t,
    { "unentropy.json": `{"metrics":{\n"a":${metric},\n"a":${metric}}}` },
    { git: false },
  );
  await refused(
    project,
    /unentropy\.json:3:1: metrics\.a: key `a` stands twice in the same object\n +Remove/,
  );
});

test("a secret in the file is refused and repeated nowhere", async (t) => {
  const secrets = [
    "wJalrXUtnFEMIK7MDENGbPxRfiCY",
    "hunter2hunter2",
    "ghp_0123456789abcdefghijABCDEFGHIJ0123",
  ];
  const [key, password, token] = secrets;
  /** @type {[string, object][]} */
  const cases = [
    ["an access key", { storage: { type: "sqlite-s3", s3: { secretAccessKey: key } } }],
    ["a misspelt key", { storage: { type: "sqlite-s3", s3: { secretAcessKey: key } } }],
    [
      "a password in an address",
      { storage: { type: "postgres", connectionString: `postgres://u:${password}@h/d` } },
    ],
    [
      "credentials in an endpoint",
      { storage: { type: "sqlite-s3", s3: { endpoint: `https://k:${password}@s3.local` } } },
    ],
    ["a token at the root", { githubToken: token }],
    ["a token as the type", { storage: { type: token } }],
  ];
  const project = new Project(t);
  for (const [name, extra] of cases) {
    project.config({ metrics: { a: METRIC }, ...extra });
    for (const args of [
      ["verify"],
      ["verify", "--json"],
      ["track", "--json", "--verbose"],
      ["test", "--verbose"],
    ]) {
      const outcome = await project.run(args);
      assert.equal(outcome.code, 2, `${name}: ${told(outcome)}`);
      for (const secret of secrets)
        assert.ok(!told(outcome).includes(secret), `${name}, ${args}: ${secret} is told`);
      if (!args.includes("--json")) assert.match(outcome.stderr, /secret|input|environment/i, name);
    }
  }
  assert.equal(project.exists("ran"), false);
});

test("warnings are shown beside errors by every command", async (t) => {
  const project = new Project(t);
  project.config({ metrics: { a: { ...METRIC, unit: "furlongs" } }, storage: { type: "floppy" } });
  const warning =
    /^warning: unentropy\.json:\d+:\d+: storage\.type: expected one of .*, found `floppy`\n {2}Until it is corrected, `sqlite-artifact` is used\.$/m;
  await refused(project, warning);
  for (const args of [
    ["gate"],
    ["report"],
    ["preview", "--no-open"],
    ["badge", "a"],
    ["collect", "loc"],
    ["track", "--json"],
  ]) {
    const outcome = await project.run(args);
    assert.equal(outcome.code, 2, args.join(" "));
    assert.match(outcome.stderr, warning, args.join(" "));
    assert.match(outcome.stderr, /metrics\.a\.unit: expected one of/, args.join(" "));
  }
  const { stdout } = await project.run(["track", "--json"]);
  assert.equal(JSON.parse(stdout).error.warnings.length, 1);
});

test("what can never work is an error of the configuration, with the closest choice", async (t) => {
  const project = new Project(t);
  for (const [metric, storage, message] of /** @type {[object, string, RegExp][]} */ ([
    [
      { command: "@collect lok src" },
      "sqlite-local",
      /metrics\.a\.command: unknown collector `lok`\n +Did you mean `loc`\?/,
    ],
    [
      { command: "@collect loc src --langauge rust" },
      "sqlite-local",
      /metrics\.a\.command: `loc` does not take `--langauge`\n +Did you mean `--language`\?/,
    ],
    [
      { command: "@collect coverage x --format lcvo" },
      "sqlite-local",
      /metrics\.a\.command: .*`lcvo`\n +Did you mean `lcov`\?/,
    ],
    [{ command: "echo 1" }, "postgres", /storage\.type: `postgres` is not supported yet: expected one of/],
  ])) {
    project.config({ metrics: { a: { type: "numeric", ...metric }, b: METRIC }, storage: { type: storage } });
    await refused(project, message);
  }
});

test("verify --json is one document in every case", async (t) => {
  const project = new Project(t, {}, { git: false });
  const file = project.path("unentropy.json");
  const ask = async () => {
    const { code, stdout } = await project.run(["verify", "--json"]);
    return { code, document: JSON.parse(stdout) };
  };

  const missing = await ask();
  assert.equal(missing.code, 2);
  assert.deepEqual(
    [missing.document.valid, missing.document.file, missing.document.errors],
    [false, file, []],
  );
  assert.deepEqual(Object.keys(missing.document.error).sort(), [
    "code",
    "hint",
    "message",
    "retryable",
    "type",
  ]);
  assert.equal(missing.document.error.code, "CONFIG_MISSING");

  project.config({ metrics: { a: { ...METRIC, type: "numric" } } });
  const wrong = await ask();
  assert.equal(wrong.code, 2);
  assert.equal(wrong.document.errors.length, 1);
  const [problem] = wrong.document.errors;
  assert.deepEqual(Object.keys(problem).sort(), ["column", "file", "hint", "line", "message", "path"]);
  assert.deepEqual([problem.file, problem.path], ["unentropy.json", "metrics.a.type"]);
  assert.match(problem.hint, /`numeric`/);
  assert.deepEqual(wrong.document.error.diagnostics, wrong.document.errors);

  project.config({ metrics: { a: { ...METRIC, type: "numric" } }, storage: { type: "floppy" } });
  const both = await ask();
  assert.deepEqual([both.code, both.document.errors.length, both.document.warnings.length], [2, 1, 1]);
  assert.match(both.document.warnings[0].message, /floppy/);
  assert.deepEqual(both.document.error.warnings, both.document.warnings);

  project.config({ metrics: { a: METRIC }, storage: { type: "floppy" } });
  const odd = await ask();
  assert.equal(odd.code, 0);
  assert.deepEqual(
    { ...odd.document, warnings: odd.document.warnings.length },
    { valid: true, file, metrics: 1, groups: [], errors: [], warnings: 1 },
  );
  assert.match(odd.document.warnings[0].message, /floppy/);
});
