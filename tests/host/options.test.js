// One table of options: what repeats it is what it says, a file that is not is refused with the command that renews it, and
// messages call an option what their reader calls it.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { createStorageProvider } from "../../dist/index.js";
import { COMMANDS } from "../../js/cli/options.js";
import { ROWS } from "../../js/options.js";
import { s3Parameters } from "../../js/s3/parameters.js";
import { AS_FLAGS, AS_INPUTS, AS_PROPERTIES, withoutCredentials } from "../../js/spelling.js";
import { Project, ROOT, told } from "./support/project.js";
import { act } from "./support/runner.js";

/** What the check reads, copied to where it can be spoiled. @param {import("node:test").TestContext} t */
function copy(t) {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-options-"));
  t.after(() => fs.rmSync(root, { recursive: true }));
  for (const name of [
    ...["js/options.js", "js/action/outputs.js", "js/public.d.ts", "tools/options.js"],
    ...["action.yml", "docs/action.md", "docs/options.md", "unentropy.schema.json", "package.json"],
  ]) {
    fs.cpSync(path.join(ROOT, name), path.join(root, name), { recursive: true });
  }
  return root;
}

/** @param {string} root @param {...string} words */
function generate(root, ...words) {
  const { status, stderr } = spawnSync(process.execPath, ["tools/options.js", ...words], {
    cwd: root,
    encoding: "utf8",
  });
  return { status, stderr };
}

test("every generated file is what the tables say, and so is the schema", () => {
  assert.deepEqual(generate(ROOT, "--check"), { status: 0, stderr: "" });
});

/** [what somebody did, the file, what stood there, what stands there now, what the check says] */
const SPOILED = /** @type {[string, string, string | RegExp, string, RegExp][]} */ ([
  ["an input is missing", "action.yml", /^ {2}s3-region:\n.*\n.*\n/m, "", /^action\.yml is not what .*`npm run generate`$/m],
  ["a default was changed by hand", "action.yml", 'default: "300"', 'default: "301"', /^action\.yml /m],
  ["a type is stale", "js/public.d.ts", "s3Timeout?: number", "s3Timeout?: string", /^js\/public\.d\.ts is not/m],
  ["a property is missing", "js/public.d.ts", "  s3Sse?: ", "  s3Sze?: ", /^js\/public\.d\.ts is not/m],
  ["a help is stale", "js/options.js", "the bucket's region", "the bucket's home", /^action\.yml .*\n.*js\/public\.d\.ts .*\n.*docs\/action\.md .*\n.*docs\/options\.md is not/m],
  ["a row of a document is missing", "docs/options.md", /^.*`--s3-sse`.*\n/m, "", /^docs\/options\.md is not/m],
  ["an output has no row", "docs/action.md", /^\| `total-builds`.*\n/m, "", /^docs\/action\.md is not/m],
  ["a key has another description", "js/options.js", "The bucket's name.", "The bucket.", /^storage\.s3\.bucket: the description is "The bucket\." in js\/options\.js and "The bucket's name\." in unentropy\.schema\.json$/m],
  ["a key has another default", "unentropy.schema.json", '"default": "sqlite-artifact"', '"default": "sqlite-s3"', /^storage\.type: the default is /m],
  ["a key has another type", "js/options.js", /name: "s3-bucket",\n\s+kind: "text"/, 'name: "s3-bucket", kind: "flag"', /^storage\.s3\.bucket: the type is "boolean" .* and "string"/m],
  ["a key has other values", "js/options.js", /, "postgres"\],\s+later/, "], later", /^storage\.type: the list of values/m],
  ["a key has no row", "js/options.js", /^\s*key: \{ path: "storage\.s3\.key".*\n/m, "", /^storage\.s3\.key of unentropy\.schema\.json has no row/m],
  ["a row has no key", "js/options.js", 'path: "storage.s3.region"', 'path: "storage.s3.regio"', /^storage\.s3\.regio of js\/options\.js is no key/m],
  ["a marker is gone", "docs/action.md", /^<!-- end of inputs -->\n/m, "", /docs\/action\.md has no /],
]); // biome-ignore format: a table

for (const [what, file, was, is, says] of SPOILED) {
  test(`refused: ${what}`, (t) => {
    const root = copy(t);
    const text = fs.readFileSync(path.join(root, file), "utf8");
    const spoiled = text.replace(was, () => is);
    assert.ok(spoiled !== text, "something to spoil");
    fs.writeFileSync(path.join(root, file), spoiled);
    const { status, stderr } = generate(root, "--check");
    assert.equal(status, 1);
    assert.match(stderr, says);
  });
}

test("what is stale is renewed by the command that the check names", (t) => {
  const root = copy(t);
  for (const file of ["action.yml", "js/public.d.ts", "docs/action.md", "docs/options.md"]) {
    const text = fs.readFileSync(path.join(root, file), "utf8");
    fs.writeFileSync(path.join(root, file), text.replace(/(: generated from .*\n).*\n/, "$1"));
  }
  assert.equal(generate(root, "--check").status, 1);
  assert.equal(generate(root).status, 0);
  assert.deepEqual(generate(root, "--check"), { status: 0, stderr: "" });
});

test("names are one option's alone, secrets are no flags, and every flag's commands exist", () => {
  for (const face of /** @type {const} */ (["flag", "input", "property"])) {
    const names = ROWS.flatMap((row) => row[face]?.name ?? []);
    assert.deepEqual(names.toSorted(), [...new Set(names)].sort(), face);
  }
  const names = ROWS.map(({ name }) => name);
  assert.deepEqual(names, [...new Set(names)]);
  for (const { name, secret, flag, kind, choices, least, most } of ROWS) {
    assert.equal(secret && flag, undefined, name);
    assert.deepEqual(
      [flag?.commands ?? []].flat().filter((command) => !(command in COMMANDS) && command !== "every"),
      [],
      name,
    );
    assert.equal(kind === "choice", choices !== undefined, name);
    assert.equal(kind === "whole", least !== undefined && most !== undefined, name);
    if (flag) assert.equal(kind === "flag", flag.value === undefined, name);
  }
});

test("an option is called what its caller calls it", () => {
  const configured = AS_FLAGS.configuredBy(["s3-region"]);
  const cases = /** @type {[string, string][]} */ ([
    [AS_FLAGS.name("s3-region"), "--s3-region"],
    [AS_INPUTS.name("s3-region"), "s3-region"],
    [AS_PROPERTIES.name("s3-region"), "s3Region"],
    [configured.name("s3-region"), "storage.s3.region"],
    [configured.name("s3-bucket"), "--s3-bucket"],
    [AS_INPUTS.name("storage"), "storage-type"],
    [AS_INPUTS.name("s3-key"), "database-key"],
    [AS_FLAGS.name("s3-secret-access-key"), "AWS_SECRET_ACCESS_KEY"],
    [AS_FLAGS.orVariable("s3-secret-access-key"), "`AWS_SECRET_ACCESS_KEY`"],
    [AS_INPUTS.orVariable("s3-secret-access-key"), "`s3-secret-access-key` (or `AWS_SECRET_ACCESS_KEY`)"],
    [AS_FLAGS.set("s3-addressing", "path"), "--s3-addressing path"],
    [AS_FLAGS.set("s3-allow-http", "true"), "--s3-allow-http"],
    [AS_INPUTS.set("s3-allow-http", "true"), "s3-allow-http: true"],
    [AS_PROPERTIES.set("s3-addressing", "path"), 's3Addressing: "path"'],
    [AS_FLAGS.named({ db: "INTO" }).described("db"), "the argument `INTO`"],
    [AS_FLAGS.described("s3-bucket"), "the flag `--s3-bucket`"],
  ]);
  for (const [is, expected] of cases) assert.equal(is, expected);
});

test("the command line names flags, a workflow inputs, and the configuration's own mistakes its keys", async (t) => {
  const project = new Project(t);
  const metrics = { a: { type: "numeric", command: "echo 1" } };
  project.config({ metrics });
  const given = await project.run(["track", "--storage", "sqlite-s3", "--s3-bucket", "Not A Bucket"]);
  assert.equal(given.code, 2, given.stderr);
  assert.match(given.stderr, /`--s3-bucket` is `Not A Bucket`: .*`AWS_ACCESS_KEY_ID` is missing/s);
  assert.match(given.stderr, /Fix the flag `--s3-bucket`\. Set the variable `AWS_ACCESS_KEY_ID`\./);
  assert.doesNotMatch(given.stderr, /[` ]s3-/);

  const step = await act(project, { "storage-type": "sqlite-s3", "s3-bucket": "Not A Bucket" });
  assert.match(told(step), /`s3-bucket` is `Not A Bucket`: .*`s3-access-key-id` is missing/s);
  assert.match(told(step), /Fix the input `s3-bucket`\./);

  project.config({ metrics, storage: { type: "sqlite-s3", s3: { bucket: "Not A Bucket" } } });
  const configured = await project.run(["track"]);
  assert.match(
    configured.stderr,
    /`storage\.s3\.bucket` is `Not A Bucket`: .*Fix the key `storage\.s3\.bucket`\./s,
  );
});

test("the npm package names properties", async () => {
  const given = { type: /** @type {const} */ ("sqlite-s3"), s3Bucket: "Not A Bucket", s3AccessKeyId: "a b" };
  await assert.rejects(createStorageProvider(given), ({ message, hint }) => {
    assert.match(message, /`s3Bucket` is `Not A Bucket`: .*`s3AccessKeyId` holds a space/);
    assert.match(hint, /Fix the property `s3Bucket`\. /);
    return true;
  });
});

test("a credential in the wrong option of S3 is not repeated", () => {
  const secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
  const sound = { endpoint: "https://s3.example", bucket: "bucket", key: "h.db", region: "eu-west-1" };
  const keys = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "s".repeat(40) };
  for (const name of ["bucket", "key", "region", "addressing", "sse", "timeout", "retryAttempts"]) {
    const value = name === "key" ? `/${secret}` : secret;
    assert.throws(
      () => s3Parameters({ ...sound, ...keys, [name]: value }, {}),
      (/** @type {Error} */ thrown) => !JSON.stringify([thrown.message, thrown]).includes(secret),
      name,
    );
  }
});

test("a message does not repeat what may be a credential", () => {
  const cases = /** @type {[string, string][]} */ ([
    ["postgres://user:hunter2@db.example/metrics", "postgres://***@db.example/metrics"],
    ["https://token@host/history.db?signature=abc", "https://***@host/history.db?***"],
    ["user:p@ss/word@host", "***@host"],
    ["AKIAIOSFODNN7EXAMPLE", "***"],
    ["s3://AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG@bucket/key", "s3://***"],
    ["ghp_16C7e42F292c6912E7710c838347Ae178B4a", "***"],
    ["sqlite-s3-old", "sqlite-s3-old"],
    ["ftp://host/history.db", "ftp://host/history.db"],
    ["./data/unentropy-metrics-2026.db", "./data/unentropy-metrics-2026.db"],
    ["C:\\work\\unentropy.db", "C:\\work\\unentropy.db"],
  ]);
  for (const [text, expected] of cases) assert.equal(withoutCredentials(text), expected);
});

test("`--storage`, `--seed-from` and their inputs say what is expected without repeating a credential", async (t) => {
  const project = new Project(t);
  project.config({ metrics: { a: { type: "numeric", command: "echo 1" } } });
  const secret = "hunter2-the-password";
  for (const address of [`postgres://user:${secret}@db/metrics`, `s3://id:${secret}@bucket/key`]) {
    for (const flag of ["--storage", "--seed-from"]) {
      const { code, stderr } = await project.run(["track", flag, address]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, new RegExp(`\`${flag}\` is \`\\w+://\\*\\*\\*@.*expected`));
      assert.ok(!stderr.includes(secret), stderr);
    }
    for (const name of ["storage-type", "seed-from"]) {
      const step = await act(project, { "storage-type": "sqlite-local", [name]: address });
      assert.equal(step.code, 2, told(step));
      assert.match(told(step), new RegExp(`\`${name}\` is \`\\w+://\\*\\*\\*@.*expected`));
      assert.ok(!told(step).includes(secret), told(step));
    }
  }
});
