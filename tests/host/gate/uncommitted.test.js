// A person judges the working tree: with changes that are not committed it is compared with the build of the commit
// below them, where that commit is on the reference branch. Real git, real processes; finding out about the changes runs
// nothing that the repository's configuration names.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { PLAIN_ENV, Project, told } from "../support/project.js";

const posix = process.platform === "win32" ? { skip: "POSIX shells" } : {};

const CONFIG = {
  metrics: { n: { type: "numeric", command: "cat value", direction: "higher-is-better" } },
  qualityGate: { mode: "hard", thresholds: [{ metric: "n", mode: "no-regression", tolerance: 0 }] },
};
const IDENTITY = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"];

/** @param {Project} project @param {string} message */
function commit(project, message) {
  project.git("add", "-A");
  project.git(...IDENTITY, "commit", "-q", "--allow-empty", "-m", message);
  return project.git("rev-parse", "HEAD");
}

/**
 * `main` with two recorded builds: 3, then 100 at the checked-out commit.
 * @param {import("node:test").TestContext} t
 * @param {Record<string, string>} [files]
 */
async function recorded(t, files = {}) {
  const project = new Project(t, {
    "unentropy.json": JSON.stringify(CONFIG),
    ".gitignore": "ignored\n",
    value: "3\n",
    kept: "a\n",
    ...files,
  });
  const before = project.git("rev-parse", "HEAD");
  await project.track();
  project.write("value", "100\n");
  const head = commit(project, "second");
  const outcome = await project.track();
  assert.equal(outcome.code, 0, told(outcome));
  return { project, before, head };
}

/** @param {Project} project @param {NodeJS.ProcessEnv} [env] @param {string[]} [more] */
async function gate(project, env, more = []) {
  const outcome = await project.run(["gate", "--reference-branch", "main", "--json", ...more], { env });
  const { qualityGate } = JSON.parse(outcome.stdout);
  return { code: outcome.code, metric: qualityGate.metrics[0], info: qualityGate.baselineInfo };
}

/** What is done to the working tree, and whether that is a change that is not committed. @type {[string, (project: Project) => void, boolean][]} */
const STATES = [
  ["nothing", () => {}, false],
  ["a changed file", (project) => project.write("kept", "b\n"), true],
  [
    "a changed file that is staged",
    (project) => {
      project.write("kept", "b\n");
      project.git("add", "kept");
    },
    true,
  ],
  ["a deleted file", (project) => fs.rmSync(project.path("kept")), true],
  ["a new file", (project) => project.write("src/new", ""), true],
  ["a new file whose name begins as the history's", (project) => project.write("src/unentropy.db", ""), true],
  ["an ignored file", (project) => project.write("ignored", ""), false],
  ["a file that was written again as it was", (project) => project.write("kept", "a\n"), false],
  [
    "what the program itself has written",
    (project) => {
      for (const own of ["unentropy.db.bak", "unentropy-report/index.html", "out/gate.json"])
        project.write(own, "");
    },
    false,
  ],
];
for (const [what, change, isChange] of STATES) {
  test(`${what} ${isChange ? "is" : "is not"} compared with the checked-out commit's own build`, async (t) => {
    const { project, before, head } = await recorded(t);
    change(project);
    const { info, metric } = await gate(project, {}, ["--output-file", "out/gate.json"]);
    const expected = isChange ? [head, 100, true] : [before, 3, undefined];
    assert.deepEqual([info.commitSha, metric.baseline, info.uncommitted], expected);
  });
}

test("a value that falls before it is committed fails", async (t) => {
  const { project, head } = await recorded(t);
  project.write("value", "50\n");
  const outcome = await project.run(["gate", "--reference-branch", "main"]);
  assert.equal(outcome.code, 5, told(outcome));
  assert.match(outcome.stderr, /50 is 50 below the baseline of 100: none is allowed/);
  const compared = `^compared with main at ${head.slice(0, 12)} \\(without the uncommitted changes; of 2 builds\\)$`;
  assert.match(outcome.stderr, new RegExp(compared, "m"));
});

test("a change on a branch of its own is compared with where it left, committed or not", async (t) => {
  const { project, head } = await recorded(t);
  project.git("checkout", "-q", "-b", "topic");
  project.write("value", "50\n");
  // Not with the history, which no change may bring.
  project.git(...IDENTITY, "commit", "-q", "-m", "third", "value");
  project.write("value", "40\n");
  const { info, metric } = await gate(project);
  assert.deepEqual([info.commitSha, info.choice, metric.baseline], [head, "merge-base", 100]);
});

test("in a CI system files that a build leaves are no change", async (t) => {
  const { project, before } = await recorded(t);
  project.write("built", "");
  for (const env of [{ CI: "true" }, { GITHUB_ACTIONS: "true", GITHUB_EVENT_NAME: "push" }]) {
    const { info } = await gate(project, env);
    assert.equal(info.commitSha, before, JSON.stringify(env));
  }
});

test(
  "looking for changes runs no filter, monitor or hook, in the repository or a submodule",
  posix,
  async (t) => {
    const { project, head } = await recorded(t, { ".gitattributes": "* filter=a=b.c\nkept filter=plain\n" });
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-mark-"));
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    const [mark, program] = ["ran", "program"].map((name) => path.join(folder, name));
    fs.writeFileSync(program, `#!/bin/sh\necho "$0 $*" >> '${mark}'\nexit 1\n`, { mode: 0o755 });
    const local = ["-c", "protocol.file.allow=always"];
    project.git(...local, "submodule", "--quiet", "add", project.directory, "sub");
    for (const place of [".", "sub"]) {
      const set = (/** @type {string} */ key, value = program) =>
        execFileSync("git", ["config", key, value], { cwd: project.path(place), env: PLAIN_ENV });
      for (const name of ["plain", "a=b.c", "Unused"]) {
        for (const key of ["clean", "smudge", "process"]) set(`filter.${name}.${key}`);
      }
      const hooks = fs.mkdtempSync(path.join(folder, "hooks-"));
      for (const hook of ["post-index-change", "fsmonitor-watchman"])
        fs.copyFileSync(program, path.join(hooks, hook));
      set("core.hooksPath", hooks);
      set("core.fsmonitor");
    }
    fs.rmSync(mark, { force: true });
    project.write("kept", "b\n");
    fs.writeFileSync(project.path("sub/kept"), "b\n");
    const index = fs.readFileSync(project.path(".git/index"));
    const { info } = await gate(project);
    assert.deepEqual([info.commitSha, info.uncommitted], [head, true]);
    assert.equal(fs.existsSync(mark) ? fs.readFileSync(mark, "utf8") : "", "");
    assert.deepEqual(fs.readFileSync(project.path(".git/index")), index, "git's index is as it was");
    // The marks would have been left: git itself does run them here.
    try {
      execFileSync("git", ["status"], { cwd: project.directory, env: PLAIN_ENV, stdio: "ignore" });
    } catch {
      // The program that it runs fails.
    }
    assert.notEqual(fs.readFileSync(mark, "utf8"), "");
  },
);
