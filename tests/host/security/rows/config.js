// Configurations that hold secrets, or patterns that are to make a measurement say something else.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { Project, told } from "../../support/project.js";
import { act } from "../../support/runner.js";

/** @import { TestContext } from "node:test" */
/** @import { Attack } from "../attacks.js" */

const METRICS = { lines: { type: "numeric", command: "@collect loc src" } };
const FILES = { "src/a.js": "let a = 1;\nlet b = 2;\n", "src/b.js": "let c = 3;\n" };

/** What stands for a secret of each kind in the page's table, and one. @type {[string, string][]} */
const SECRETS = [
  ["an AWS access key id", "AKIAIOSFODNN7EXAMPLE"],
  ["an AWS secret access key", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"],
  ["a GitHub token", "ghs_0123456789abcdef0123456789abcdef0123"],
  ["a fine-grained GitHub token", "github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz"],
  ["a GitLab token", "glpat-abcdefgh1234ijklmnop"],
  ["an npm token", "npm_abcdefghijklmnopqrstuvwxyz0123456789"],
  ["a Slack token", "xoxb-123456789012-abcdefghijkl"],
  ["a Stripe key", "sk_live_4eC39HqLyjWDarjtT1zdp7dc"],
  ["a Google key", "AIzaSyA1234567890abcdefghijklmnopqrstuv"],
  [
    "a JSON Web Token",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
  ],
  [
    "a private key",
    "-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEA1234567890abcdef\n-----END PRIVATE KEY-----",
  ],
  ["a connection string with a password", "postgres://metrics:hunter2hunter2@db.example/metrics"],
];

/** A configuration with a text in every place that texts have, keys too. @param {string} secret */
const everywhere = (secret) => ({
  $schema: secret,
  metrics: {
    a: { type: "numeric", command: `curl -H 'x: ${secret}' http://localhost:1` },
    b: { type: "numeric", command: `@collect ${secret.split("\n")[0]} "${secret}"` },
    c: { ...METRICS.lines, name: secret, description: secret, unit: secret, direction: secret },
    d: { $ref: secret },
    [secret]: METRICS.lines,
  },
  storage: { type: secret, path: secret, s3: { bucket: secret }, artifact: { name: secret } },
  qualityGate: {
    mode: secret,
    baseline: { referenceBranch: secret },
    thresholds: [{ metric: secret, mode: secret, severity: secret, onMissing: secret, target: 1 }],
  },
  report: {
    theme: secret,
    mode: secret,
    sections: [
      {
        name: secret,
        description: secret,
        charts: [{ metrics: [secret], title: secret }, { metrics: secret }],
      },
    ],
  },
  sources: ["src", secret],
  [secret]: secret,
  other: { deep: [secret] },
});
/** How many places that are. */
const PLACES = 29;

/**
 * @param {TestContext} t
 * @param {string} secret
 */
async function refusedEverywhere(t, secret) {
  const project = new Project(t, FILES).config(everywhere(secret));
  // The middle of it is as telling as the whole.
  const body = /** @type {string} */ (secret.split("\n").at(secret.includes("\n") ? 1 : 0)).replace(
    "postgres://",
    "",
  );
  const pieces = [body, body.toLowerCase(), body.slice(0, 14), body.slice(-12)];
  for (const command of [["verify"], ["verify", "--json"], ["track"]]) {
    const outcome = await project.run(command);
    assert.equal(outcome.code, 2, told(outcome));
    for (const piece of pieces) assert.ok(!told(outcome).includes(piece), told(outcome));
    assert.match(outcome.stderr, /error\[CONFIG_INVALID\]/);
    const places = outcome.stderr.match(/: a secret must not stand in this file: /g)?.length;
    assert.equal(places, PLACES, told(outcome));
  }
  assert.equal(project.exists("unentropy.db"), false);
}

/** @param {Project} project @param {string[]} args @param {number} code @param {RegExp} message */
async function ends(project, args, code, message) {
  const outcome = await project.run(args);
  assert.equal(outcome.code, code, told(outcome));
  assert.match(told(outcome), message);
  return outcome;
}

/** @type {Attack[]} */
export const attacks = [
  ...SECRETS.map(([kind, secret]) => ({
    who: "a configuration",
    what: `holds ${kind}, in any text or key`,
    outcome: "it is refused, and no output repeats any part of it",
    code: "`CONFIG_INVALID`",
    /** @param {TestContext} t */
    run: (t) => refusedEverywhere(t, secret),
  })),
  {
    who: "a configuration",
    what: "holds a secret, in the action",
    outcome: "neither log, annotation, summary nor output repeats it",
    code: "`CONFIG_INVALID`",
    async run(t) {
      const project = new Project(t, FILES);
      for (const [, secret] of SECRETS.slice(0, 3)) {
        project.config({ metrics: { [secret]: METRICS.lines }, qualityGate: { mode: secret } });
        const acted = await act(project, { "storage-type": "sqlite-local" });
        assert.equal(acted.code, 2, told(acted));
        assert.equal(acted.outputs["error-code"], "CONFIG_INVALID");
        const all = `${told(acted)}${acted.summary}${JSON.stringify(acted.outputs)}`;
        assert.ok(!all.includes(secret.slice(4)) && !all.includes(secret.toLowerCase()), all);
      }
    },
  },
  {
    who: "a configuration",
    what: "hides a secret behind JSON's escapes",
    outcome: "it is recognized as what it means",
    code: "`CONFIG_INVALID`",
    async run(t) {
      const escaped = [..."AKIAIOSFODNN7EXAMPLE"].map((c) => `\\u00${c.charCodeAt(0).toString(16)}`).join("");
      const project = new Project(t, {
        "unentropy.json": `{"metrics": {"a": {"$ref": "loc", "name": "${escaped}"}}}`,
      });
      const outcome = await ends(project, ["verify"], 2, /a secret must not stand/);
      assert.ok(!told(outcome).includes("IOSFODNN7") && !told(outcome).includes("u0049"), told(outcome));
    },
  },
  {
    who: "a configuration",
    what: "excludes every file, so that a limit is kept by measuring nothing",
    outcome: "the metric fails and its threshold with it, never 0",
    code: "`GATE_FAILED`",
    async run(t) {
      for (const [sources, command] of /** @type {[string[], string][]} */ ([
        [["**", "!**"], "@collect loc"],
        [["src", "!*"], "@collect loc"],
        [["src"], "@collect loc src --exclude '**'"],
        [["src"], "@collect loc src --exclude '**' --language JavaScript"],
        [["src"], "@collect size src --exclude '*'"],
      ])) {
        const project = new Project(t, FILES).config({
          metrics: { lines: { type: "numeric", command }, other: { type: "numeric", command: "echo 1" } },
          sources,
          qualityGate: { mode: "hard", thresholds: [{ metric: "lines", mode: "max", target: 1 }] },
        });
        const outcome = await ends(project, ["gate", "--json"], 5, /GATE_FAILED/);
        assert.match(told(outcome), /COLLECTOR_NOTHING|has nothing to measure/);
      }
    },
  },
  {
    who: "a configuration",
    what: "has `sources` that lead out of the workspace",
    outcome: "only a number comes of it; no content is shown, and nothing out there is written",
    code: "none",
    async run(t) {
      const project = new Project(t, FILES);
      const outside = path.join(project.directory, "..", `${path.basename(project.directory)}-outside`);
      fs.mkdirSync(outside);
      t.after(() => fs.rmSync(outside, { recursive: true, force: true }));
      fs.writeFileSync(path.join(outside, "private.js"), "let secretContent = 1;\n");
      const pattern = `../${path.basename(outside)}/**`;
      project.config({
        metrics: { lines: { type: "numeric", command: "@collect loc" } },
        sources: [pattern],
      });
      const outcome = await ends(project, ["track"], 0, /✓ lines {2}1/);
      assert.ok(!told(outcome).includes("secretContent"));
      assert.ok(!project.read("unentropy.db").includes("secretContent"));
      assert.deepEqual(fs.readdirSync(outside), ["private.js"]);
    },
  },
  {
    who: "a configuration",
    what: "names a file of secrets outside the workspace as a coverage report",
    outcome: "the metric fails, and no more than the file's first 12 bytes are shown",
    code: "`COLLECTOR_FORMAT`",
    async run(t) {
      const project = new Project(t, FILES);
      const outside = `${project.directory}-secrets`;
      fs.writeFileSync(outside, "AWS_SECRET_ACCESS_KEY=rootsecret\nroot:x:0:0:rootsecret:/root:/bin/sh\n");
      t.after(() => fs.rmSync(outside, { force: true }));
      for (const format of [
        "coverage",
        "coverage-lcov",
        "coverage-cobertura",
        "coverage-clover",
        "coverage-jacoco",
        "coverage-gocover",
        "coverage-opencover",
        "coverage-istanbul",
        "coverage-llvm",
      ]) {
        const name = `../${path.basename(outside)}`;
        const outcome = await ends(project, ["collect", format, name], 4, /error\[COLLECTOR_FORMAT\]/);
        assert.ok(!told(outcome).includes("rootsecret"), told(outcome));
      }
    },
  },
  {
    who: "a configuration",
    what: "keeps the history and the report inside `sources`",
    outcome: "they are not measured: the same commit gives the same numbers again",
    code: "none",
    async run(t) {
      const project = new Project(t, FILES).config({
        metrics: {
          lines: { type: "numeric", command: "@collect loc" },
          bytes: { type: "numeric", command: "@collect size src" },
        },
        sources: ["src"],
        storage: { type: "sqlite-local", path: "src/history.db" },
      });
      const seen = [];
      for (let n = 0; n < 3; n++) {
        const outcome = await project.run(["track", "--json", "-o", "src/report"]);
        assert.equal(outcome.code, 0, told(outcome));
        seen.push(
          JSON.parse(outcome.stdout).metrics.map((/** @type {{value: number}} */ { value }) => value),
        );
      }
      assert.deepEqual(seen, [seen[0], seen[0], seen[0]]);
      assert.deepEqual(seen[0], [3, Buffer.byteLength(FILES["src/a.js"] + FILES["src/b.js"])]);
    },
  },
  {
    who: "a configuration",
    what: "asks for what can never work: an unknown collector, option or language",
    outcome: "`verify` refuses it, and so does every command before anything runs",
    code: "`CONFIG_INVALID`",
    async run(t) {
      const project = new Project(t, FILES);
      for (const metric of [
        { type: "numeric", command: "@collect lok src" },
        { type: "numeric", command: "@collect loc src --langauge rust" },
        { type: "numeric", command: "@collect loc -l Rustt" },
        { type: "numeric", command: "@collect size" },
      ]) {
        project.config({ metrics: { a: metric, b: { type: "numeric", command: "touch ran; echo 1" } } });
        for (const args of [["verify"], ["track"]]) await ends(project, args, 2, /error\[CONFIG_INVALID\]/);
        assert.equal(project.exists("ran"), false);
      }
    },
  },
  {
    who: "a configuration",
    what: "names a storage that does not exist, where the one used instead cannot be reached",
    outcome: "the warning is in log, annotation and summary beside the error",
    code: "`CONFIG_WARNING`",
    async run(t) {
      const project = new Project(t, FILES).config({ metrics: METRICS, storage: { type: "sqlite-floppy" } });
      const acted = await act(project);
      assert.notEqual(acted.code, 0);
      const words =
        /storage\.type: expected one of `sqlite-artifact`, `sqlite-s3` or `sqlite-local`, found `sqlite-floppy`/;
      assert.match(acted.stdout, new RegExp(`^warning: .*${words.source}`, "m"), told(acted));
      assert.match(acted.stdout, new RegExp(`^::warning title=CONFIG_WARNING::.*${words.source}`, "m"));
      assert.match(acted.summary, /sqlite-floppy/);
    },
  },
  {
    who: "a configuration",
    what: "names `postgres`, which is not supported yet",
    outcome: "it is refused and says so, and no other storage is used in its place",
    code: "`CONFIG_INVALID`",
    async run(t) {
      const project = new Project(t, FILES).config({ metrics: METRICS, storage: { type: "postgres" } });
      for (const args of [["verify"], ["track"]])
        await ends(
          project,
          args,
          2,
          /storage\.type: `postgres` is not supported yet[\s\S]*error\[CONFIG_INVALID\]/,
        );
      const acted = await act(project);
      assert.equal(acted.outputs["error-code"], "CONFIG_INVALID");
    },
  },
];
