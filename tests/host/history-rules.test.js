// Rules that keep a history honest, through the shipped command line and package: one repository, builds from the
// future.

import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { Storage } from "../../dist/index.js";
import { repositoryIdentity, repositoryUrl, runFacts } from "../../js/ci/build.js";
import { Project } from "./support/project.js";

const DAY = 24 * 60 * 60 * 1000;

/** A project whose one command leaves a mark when it is run. @param {import("node:test").TestContext} t */
function marked(t) {
  const project = new Project(t);
  project.config({ metrics: { a: { type: "numeric", command: "echo ran >> ran.txt; echo 1" } } });
  return project;
}

/** @param {Project} project */
const runs = (project) =>
  fs.existsSync(project.path("ran.txt"))
    ? fs.readFileSync(project.path("ran.txt"), "utf8").split("\n").length - 1
    : 0;

/**
 * @param {Project} project
 * @param {NodeJS.ProcessEnv} [env]
 * @param {string[]} [flags]
 */
async function track(project, env = {}, flags = []) {
  const outcome = await project.run(["track", "--json", ...flags], { env });
  return { ...outcome, document: JSON.parse(outcome.stdout) };
}

/** GitHub's variables for a repository. @param {string} repository @param {string} id */
const github = (repository, id) => ({
  GITHUB_SERVER_URL: "https://github.com",
  GITHUB_REPOSITORY: repository,
  GITHUB_REPOSITORY_ID: id,
});

/**
 * Records builds of the present branch by the package.
 * @param {string} path
 * @param {[commit: string, time: number, value: number][]} builds
 * @param {object} [circumstances]
 */
async function record(path, builds, circumstances) {
  const storage = new Storage({ type: "sqlite-local", path });
  await storage.ready();
  for (const [commitSha, time, value] of builds) {
    storage.getRepository().recordBuild(
      {
        commitSha,
        branch: "main",
        runId: commitSha,
        runNumber: 1,
        timestamp: new Date(time).toISOString(),
      },
      [{ metric: { id: "a", type: "numeric" }, value }],
      circumstances,
    );
  }
  await storage.close();
}

test("a run of another repository is refused before its commands run, unless it adopts the history", async (t) => {
  const project = marked(t);
  const first = await track(project, github("Owner/Name", "1"));
  assert.equal(first.code, 0, first.stderr);
  const before = project.read("unentropy.db");

  const other = await track(project, github("owner/other", "2"));
  assert.equal(other.code, 3);
  assert.equal(other.document.error.code, "HISTORY_OTHER_REPOSITORY");
  assert.match(other.document.error.message, /`github\.com\/Owner\/Name`.*`github\.com\/owner\/other`/);
  assert.match(other.document.error.hint, /--adopt-history/);
  assert.equal(runs(project), 1);
  assert.deepEqual(project.read("unentropy.db"), before);

  const renamed = await track(project, github("owner/renamed", "1"));
  assert.equal(renamed.code, 0, renamed.stderr);
  assert.deepEqual(renamed.document.warnings ?? [], []);
  assert.equal((await track(project, github("owner/renamed", "3"))).code, 3);

  const adopted = await track(project, github("owner/other", "2"), ["--adopt-history"]);
  assert.equal(adopted.code, 0, adopted.stderr);
  assert.equal(adopted.document.totalBuilds, 3);
  assert.equal((await track(project, github("owner/renamed", "1"))).code, 3);
  assert.equal((await track(project, github("owner/other", "2"))).code, 0);
});

test("outside of CI the remote tells the repository, in either spelling of its address", async (t) => {
  const project = marked(t);
  project.git("remote", "add", "origin", "git@GitHub.com:Owner/Name.git");
  assert.equal((await track(project)).code, 0);
  project.git("remote", "set-url", "origin", "https://user:secret@github.com/owner/name");
  assert.equal((await track(project)).code, 0);
  project.git("remote", "set-url", "origin", "ssh://git@github.com/owner/other.git");
  const other = await track(project);
  assert.equal(other.document.error.code, "HISTORY_OTHER_REPOSITORY");
  // One that is known to no one takes part.
  project.git("remote", "remove", "origin");
  assert.equal((await track(project)).code, 0);
});

test("histories of two repositories are merged only where that is asked for", async (t) => {
  const project = marked(t);
  const now = Date.now();
  await record(project.path("one.db"), [["c1", now, 1]], { repository: { name: "github.com/o/one" } });
  await record(project.path("two.db"), [["c2", now, 2]], { repository: { name: "github.com/o/two" } });
  await record(project.path("none.db"), [["c3", now, 3]]);
  const before = project.read("one.db");
  for (const words of [
    ["merge", "one.db", "two.db"],
    ["migrate", "two.db", "one.db"],
  ]) {
    const refused = await project.run([...words, "--json"]);
    assert.equal(refused.code, 3, refused.stderr);
    assert.match(refused.stdout, /"HISTORY_OTHER_REPOSITORY"/);
    assert.match(refused.stdout, /github\.com\/o\/one.*github\.com\/o\/two/);
    assert.deepEqual(project.read("one.db"), before);
  }
  assert.equal((await project.run(["merge", "one.db", "none.db"])).code, 0);
  const merged = await project.run(["merge", "one.db", "two.db", "--adopt-history", "--json"]);
  assert.equal(merged.code, 0, merged.stderr);
  const { totalBuilds, addedBuilds, changed } = JSON.parse(merged.stdout);
  assert.deepEqual(
    { totalBuilds, addedBuilds, changed },
    { totalBuilds: 3, addedBuilds: 1, changed: undefined },
  );
  // The history that was added to stays that of its repository.
  await record(project.path("one.db"), [["c4", now, 4]], { repository: { name: "github.com/o/one" } });
  await assert.rejects(
    record(project.path("one.db"), [["c5", now, 5]], { repository: { name: "github.com/o/two" } }),
    { code: "HISTORY_OTHER_REPOSITORY" },
  );
});

test("a build from the future is refused, and one that a history holds counts for nothing and is named", async (t) => {
  const project = marked(t);
  const now = Date.now();
  await assert.rejects(record(project.path("unentropy.db"), [["c0", now + 2 * DAY, 1]]), {
    code: "BUILD_FROM_THE_FUTURE",
    type: "validation",
  });
  const builds = [
    ["c1", now - DAY, 10],
    ["c2", now + DAY / 2, 20],
    ["c3", now + 400 * DAY, 30],
  ];
  await record(project.path("unentropy.db"), /** @type {any} */ (builds), {
    now: new Date(now + 500 * DAY).toISOString(),
  });
  const badge = await project.run(["badge", "a", "--format", "json"]);
  assert.equal(JSON.parse(badge.stdout).message, "20");
  const report = await project.run(["report"]);
  assert.equal(report.code, 0, report.stderr);
  const html = project.read("unentropy-report/index.html").toString();
  assert.match(html, /id="builds">2 builds</);
  const gate = await project.run(["gate", "--reference-branch", "main", "--json"]);
  assert.equal(JSON.parse(gate.stdout).qualityGate.baselineInfo.buildsConsidered, 2);
  assert.equal(JSON.parse(gate.stdout).warnings[0].code, "BUILD_FROM_THE_FUTURE");
  const tracked = await project.run(["track"]);
  const merge = await project.run(["merge", "other.db", "unentropy.db"]);
  for (const { stderr } of [badge, report, tracked, merge]) {
    assert.match(stderr, /1 build is dated more than a day after now: `c3` of run `c3` \(`.*Z`\)/);
  }
});

test("the facts of a run name its attempt and its repository", async (t) => {
  const project = new Project(t);
  const at = { cwd: project.directory, now: new Date() };
  const env = {
    ...process.env,
    ...github("o/r", "5"),
    GITHUB_SHA: "c".repeat(40),
    GITHUB_RUN_ID: "9",
    GITHUB_RUN_ATTEMPT: "3",
  };
  const facts = await runFacts({ ...at, env });
  assert.deepEqual([facts.attempt, facts.repository], [3, { name: "github.com/o/r", githubId: "5" }]);
  // The attempts are those of GitHub's run.
  assert.equal((await runFacts({ ...at, env, given: { runId: "mine" } })).attempt, undefined);
  assert.equal((await runFacts({ ...at, env: { ...env, GITHUB_RUN_ATTEMPT: "0" } })).attempt, undefined);
  /** @type {[string, string | undefined][]} */
  const cases = [
    ["https://github.com/o/r.git", "github.com/o/r"],
    ["https://token@github.com:443/o/r/", "github.com/o/r"],
    ["git@github.com:o/r.git", "github.com/o/r"],
    ["ssh://git@ssh.github.com:443/o/r.git", "github.com/o/r"],
    ["git@gitlab.example:a/b/r.git", "gitlab.example/a/b/r"],
    ["git@ssh.dev.azure.com:v3/o/p/r", "dev.azure.com/o/p/_git/r"],
    ["https://o@dev.azure.com/o/p/_git/r", "dev.azure.com/o/p/_git/r"],
    ["/srv/git/r.git", undefined],
    ["../r", undefined],
    ["file:///srv/git/r", undefined],
  ];
  for (const [remote, name] of cases) {
    const identity = repositoryIdentity(repositoryUrl({}, remote), { GITHUB_REPOSITORY_ID: "5" });
    assert.deepEqual(identity, name && { name }, remote);
  }
});
