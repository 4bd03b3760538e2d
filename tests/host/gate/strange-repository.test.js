// Repositories that are a stranger's work: whatever their configuration names is not run, and however a change moves its
// configuration out of the way, it is judged by the base branch's.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { Project, told } from "../support/project.js";
import { arm, marker } from "../support/traps.js";

const posix = process.platform === "win32" ? { skip: "POSIX shells and links" } : {};

/** @param {number} target */
const config = (target) => ({
  metrics: { a: { type: "numeric", command: "echo 50" } },
  qualityGate: { mode: "hard", thresholds: [{ metric: "a", mode: "min", target }] },
});

/** @param {import("node:test").TestContext} t @param {string} [file] of the configuration, which demands 80 on `main` */
function changed(t, file = "unentropy.json") {
  const project = new Project(t, { [file]: JSON.stringify(config(80)), "other/kept": "" });
  project.git("checkout", "-q", "-b", "topic");
  return project;
}

/** @param {Project} project @param {string} message */
function commit(project, message) {
  project.git("add", "-A");
  project.git("-c", "user.name=t", "-c", "user.email=t@example.invalid", "commit", "-q", "-m", message);
}

/** @param {Project} project @param {string[]} more */
const gate = (project, ...more) => project.run(["gate", "--reference-branch", "main", "--json", ...more]);

/** A commit with a signature on top of the branch, so that showing it would ask for a check. @param {Project} project */
function sign(project) {
  const plain = execFileSync("git", ["cat-file", "commit", "HEAD"], {
    cwd: project.directory,
    encoding: "utf8",
  });
  const [header, ...body] = plain.split("\n\n");
  const armor = "-----BEGIN PGP SIGNATURE-----\n \n iHUEABYKAB0WIQ\n -----END PGP SIGNATURE-----";
  const id = execFileSync("git", ["hash-object", "-t", "commit", "-w", "--stdin"], {
    cwd: project.directory,
    input: `${header}\ngpgsig ${armor}\n\n${body.join("\n\n")}`,
    encoding: "utf8",
  }).trim();
  project.git("reset", "-q", "--hard", id);
}

test("nothing that a repository's configuration names is run by any command", posix, async (t) => {
  const project = changed(t);
  project.write("unentropy.json", JSON.stringify(config(10)));
  project.write(".gitattributes", "* filter=text diff=text merge=text\n");
  commit(project, "loosen");
  sign(project);
  const { program, ran } = marker(t);
  arm(project.path(".git"), program);
  for (const command of [
    ["track"],
    ["report"],
    ["badge", "a"],
    ["gate", "--reference-branch", "main"],
    ["test"],
    ["sources"],
  ]) {
    const outcome = await project.run(command);
    assert.equal(ran(), "", `${command.join(" ")}: ${told(outcome)}`);
  }
  const outcome = await gate(project);
  assert.equal(outcome.code, 5, told(outcome));
  // The marks would have been left: git itself does run one of them here.
  try {
    execFileSync("git", ["show", "HEAD"], { cwd: project.directory, stdio: "ignore" });
  } catch {
    // The program that it runs fails.
  }
  assert.notEqual(ran(), "");
});

test("a bare repository among the change's files is not used", posix, async (t) => {
  const project = changed(t, "ci/unentropy.json");
  const { program, ran } = marker(t);
  for (const name of ["objects/info/kept", "refs/heads/kept"]) project.write(`ci/${name}`, "");
  project.write("ci/HEAD", "ref: refs/heads/main\n");
  project.write("ci/config", "[core]\n\trepositoryformatversion = 0\n\tbare = true\n");
  arm(project.path("ci"), program);
  project.write("ci/unentropy.json", JSON.stringify(config(10)));
  commit(project, "hide");
  const outcome = await gate(project, "-c", "ci/unentropy.json");
  assert.equal(outcome.code, 5, told(outcome));
  assert.equal(ran(), "");
  assert.equal(JSON.parse(outcome.stdout).qualityGate.judgedBy, "base");
});

/** @type {[string, (project: Project) => void][]} */
const HIDDEN = [
  [
    "a link",
    (project) => {
      fs.rmSync(project.path("ci"), { recursive: true });
      project.write("other/unentropy.json", JSON.stringify(config(10)));
      fs.symlinkSync("other", project.path("ci"));
      commit(project, "hide");
    },
  ],
  [
    "another repository",
    (project) => {
      project.write("ci/unentropy.json", JSON.stringify(config(10)));
      execFileSync("git", ["init", "-q", project.path("ci")]);
    },
  ],
];

for (const [what, hide] of HIDDEN) {
  test(
    `a folder that the change has turned into ${what} does not hide the base branch's thresholds`,
    posix,
    async (t) => {
      const project = changed(t, "ci/unentropy.json");
      hide(project);
      const outcome = await gate(project, "-c", "ci/unentropy.json");
      assert.equal(outcome.code, 5, told(outcome));
      const { qualityGate } = JSON.parse(outcome.stdout);
      assert.equal(qualityGate.judgedBy, "base");
      assert.equal(qualityGate.metrics[0].status, "fail");
    },
  );

  test(
    `a configuration behind ${what} that the base branch does not have there is reported`,
    posix,
    async (t) => {
      const project = changed(t);
      project.write("ci/unentropy.json", JSON.stringify(config(10)));
      hide(project);
      const outcome = await gate(project, "-c", "ci/unentropy.json");
      const { warnings, error } = JSON.parse(outcome.stdout);
      assert.deepEqual([outcome.code, error.code], [5, "BASE_CONFIG_UNKNOWN"]);
      const found = warnings.find((/** @type {{code: string}} */ { code }) => code === "BASE_CONFIG_UNKNOWN");
      assert.match(
        found?.message ?? "",
        /`ci\/unentropy\.json` of the base branch `main`.*`ci` is (a link|another repository)/,
      );
    },
  );
}

/**
 * What the base branch has in place of the configuration, and the link that is named.
 * @type {[string, Record<string, string>, string][]}
 */
const LEADING_OUT = [
  ["an absolute path", { "ci/unentropy.json": "/etc/unentropy.json" }, "ci/unentropy.json"],
  ["a place beside the repository", { "ci/unentropy.json": "../../unentropy.json" }, "ci/unentropy.json"],
  ["a folder beside the repository", { ci: "../shared" }, "ci"],
  ["the folder around the repository", { ci: ".." }, "ci"],
  ["itself", { "ci/unentropy.json": "unentropy.json" }, "ci/unentropy.json"],
  ["a file that is not there yet", { "ci/unentropy.json": "../made/later.json" }, "ci/unentropy.json"],
  ["a folder", { "ci/unentropy.json": "../other/" }, "ci/unentropy.json"],
];
for (const [where, links, named] of LEADING_OUT) {
  test(`a configuration of the base branch that is a link to ${where} is not known`, posix, async (t) => {
    const project = new Project(t, { "other/kept": "" });
    for (const [name, target] of Object.entries(links)) {
      fs.mkdirSync(path.dirname(project.path(name)), { recursive: true });
      fs.symlinkSync(target, project.path(name));
    }
    commit(project, "links");
    project.git("checkout", "-q", "-b", "topic");
    for (const name of Object.keys(links)) fs.rmSync(project.path(name));
    project.write("ci/unentropy.json", JSON.stringify(config(10)));
    commit(project, "replace");
    const outcome = await gate(project, "-c", "ci/unentropy.json");
    const { warnings, error } = JSON.parse(outcome.stdout);
    assert.deepEqual([outcome.code, error?.code], [5, "BASE_CONFIG_UNKNOWN"], told(outcome));
    const found = warnings.find((/** @type {{code: string}} */ { code }) => code === "BASE_CONFIG_UNKNOWN");
    assert.match(found.message, new RegExp(`: \`${named}\` is a link there that leads to no file`));
  });
}

test(
  "a folder of the base branch that is a link to one without the configuration has none",
  posix,
  async (t) => {
    const project = new Project(t, { "..other/kept": "" });
    fs.symlinkSync("..other", project.path("ci"));
    commit(project, "link");
    project.git("checkout", "-q", "-b", "topic");
    fs.rmSync(project.path("ci"));
    project.write("ci/unentropy.json", JSON.stringify(config(10)));
    commit(project, "first");
    const outcome = await gate(project, "-c", "ci/unentropy.json");
    assert.equal(outcome.code, 0, told(outcome));
    assert.doesNotMatch(told(outcome), /BASE_CONFIG_UNKNOWN/);
  },
);

test("a branch that is asked for is judged by its configuration without an event and without a remote", async (t) => {
  const project = changed(t);
  project.write("unentropy.json", JSON.stringify(config(10)));
  commit(project, "loosen");
  const outcome = await gate(project);
  assert.equal(outcome.code, 5, told(outcome));
  assert.equal(JSON.parse(outcome.stdout).qualityGate.judgedBy, "base");
  const elsewhere = await project.run(["gate", "--reference-branch", "nowhere", "--json"]);
  assert.match(elsewhere.stdout, /BASE_CONFIG_UNKNOWN/);
});

for (const mode of ["off", "soft", "hard"]) {
  test(`a change that says ${mode} does not pass where the base branch cannot be read`, async (t) => {
    const project = changed(t);
    const own = { ...config(10), qualityGate: { ...config(10).qualityGate, mode } };
    project.write("unentropy.json", JSON.stringify(own));
    commit(project, "loosen");
    const run = async (/** @type {string[]} */ ...more) => {
      const outcome = await project.run(["gate", "--reference-branch", "nowhere", "--json", ...more]);
      const { qualityGate, warnings, error } = JSON.parse(outcome.stdout);
      const codes = warnings.map((/** @type {{code: string}} */ { code }) => code);
      assert.ok(codes.includes("BASE_CONFIG_UNKNOWN"), told(outcome));
      return [outcome.code, error?.code, qualityGate.status, qualityGate.mode, qualityGate.metrics.length];
    };
    const fails = [5, "BASE_CONFIG_UNKNOWN", "unknown", "hard", 1];
    assert.deepEqual(await run(), mode === "hard" ? fails : [0, undefined, "unknown", "soft", 1]);
    assert.deepEqual(await run("--mode", "hard"), fails);
    assert.deepEqual(await run("--mode", "off"), [0, undefined, "unknown", "off", 0]);
  });
}

test("files of another user, as in a container, are read", posix, async (t) => {
  if (process.getuid?.() !== 0) return t.skip("NOT TESTED: giving files away needs root");
  const project = changed(t);
  project.write("unentropy.json", JSON.stringify(config(10)));
  commit(project, "loosen");
  execFileSync("chown", ["-R", "65534:65534", project.directory]);
  const outcome = await gate(project);
  assert.equal(outcome.code, 5, told(outcome));
  assert.equal(JSON.parse(outcome.stdout).qualityGate.judgedBy, "base");
});

test("why git does not answer is said: it is missing, or there is no repository", posix, async (t) => {
  const project = changed(t);
  const without = fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-path-"));
  t.after(() => fs.rmSync(without, { recursive: true, force: true }));
  fs.symlinkSync("/bin/sh", path.join(without, "sh"));
  const env = { PATH: without };
  const missing = await project.run(
    ["gate", "--reference-branch", "main", "--commit", "c".repeat(40), "--branch", "x"],
    {
      env,
    },
  );
  assert.match(told(missing), /git is not installed/);
  const bare = new Project(t, { "unentropy.json": JSON.stringify(config(10)) }, { git: false });
  const none = await bare.run([
    "gate",
    "--reference-branch",
    "main",
    "--commit",
    "c".repeat(40),
    "--branch",
    "x",
  ]);
  assert.match(told(none), /is not in a git repository/);
});
