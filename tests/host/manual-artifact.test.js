// The shown workflow that moves the history's artifact by itself: its script, as a runner starts it, takes the newest
// history of the repository's own main branch, and ends instead of letting a new one start where there was one.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { after, afterEach, before, test } from "node:test";
import { parse } from "yaml";
import { pack } from "../../js/storage/artifact/zip.js";
import { startGitHub } from "../servers/github.js";
import { gojq } from "../servers/install.js";
import { Project, ROOT } from "./support/project.js";

/** @import { Fault } from "../servers/faults.js" */
/** @import { Run } from "../servers/github.js" */

const NAME = "unentropy-metrics";
const ENTRY = "unentropy-metrics.db";
const WORKFLOW = parse(fs.readFileSync(path.join(ROOT, "docs/workflows/manual-artifact.yml"), "utf8"));
const { run: SCRIPT } = WORKFLOW.jobs.track.steps.find(
  (/** @type {any} */ { name }) => name === "Bring the history",
);

/** @type {Awaited<ReturnType<typeof startGitHub>>} */
let github;
before(async () => {
  github = await startGitHub();
});
after(() => github.stop());
afterEach(() => {
  github.artifacts.length = 0;
  github.script([]);
});

/** An artifact with a text for a history. @param {string} text @param {{run?: Run, expired?: boolean, zip?: Uint8Array}} [more] */
async function upload(text, { run = github.addRun(), expired = false, zip } = {}) {
  return github.addArtifact({
    name: NAME,
    run,
    expired,
    zip: zip ?? (await pack({ [ENTRY]: Buffer.from(text) }, 0)),
  });
}

/**
 * Runs the step.
 *
 * @param {import("node:test").TestContext} t
 * @param {Record<string, "read" | "write">} [rights]
 * @returns {Promise<{code: number | null, shown: string, history: string | null}>}
 */
async function bring(t, rights = { actions: "read", contents: "read" }) {
  const project = new Project(t, { "script.sh": SCRIPT }, { git: false });
  fs.mkdirSync(project.path("bin"));
  fs.mkdirSync(project.path("temp"));
  fs.symlinkSync(path.join(ROOT, "tests/servers/gh.js"), project.path("bin/gh"));
  const env = {
    PATH: [project.path("bin"), path.dirname(process.execPath), process.env.PATH].join(path.delimiter),
    GH_TOKEN: github.token(rights),
    GITHUB_API_URL: github.apiUrl,
    GITHUB_REPOSITORY: github.repository,
    RUNNER_TEMP: project.path("temp"),
    GOJQ: gojq(),
  };
  // As a runner on Linux starts a step that names no shell.
  const child = spawn("bash", ["-e", project.path("script.sh")], { cwd: project.directory, env });
  let shown = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (shown += data));
  const code = await new Promise((resolve) => child.on("close", resolve));
  assert.equal(shown.includes(env.GH_TOKEN), false, "the token shows");
  return { code, shown, history: project.exists(ENTRY) ? project.read(ENTRY).toString() : null };
}

test("a first run finds nothing and goes on", async (t) => {
  const { code, shown, history } = await bring(t);
  assert.deepEqual([code, history], [0, null], shown);
});

test("the newest history of main is taken, whatever others have uploaded since", async (t) => {
  await upload("old");
  const { id } = await upload("newest");
  await upload("a fork's", { run: github.addRun({ fork: true }) });
  await upload("another branch's", { run: github.addRun({ branch: "topic" }) });
  for (const event of ["pull_request", "pull_request_target"]) {
    await upload("a pull request's", { run: github.addRun({ event }) });
    await upload("", { run: github.addRun({ event }), expired: true });
  }
  const { code, shown, history } = await bring(t);
  assert.deepEqual([code, history], [0, "newest"], shown);
  assert.match(shown, new RegExp(`artifact ${id} of run`));
});

test("it is found behind more uploads of forks than a page has", async (t) => {
  await upload("newest");
  for (let n = 0; n < 120; n++) await upload("a fork's", { run: github.addRun({ fork: true }) });
  const { code, shown, history } = await bring(t);
  assert.deepEqual([code, history], [0, "newest"], shown);
});

for (const left of [false, true]) {
  test(`one that has expired ends the step${left ? ", also where an older one is left" : ""}`, async (t) => {
    if (left) await upload("old");
    const { id } = await upload("", { expired: true });
    const { code, shown, history } = await bring(t);
    assert.deepEqual([code, history], [1, null], shown);
    assert.match(
      shown,
      new RegExp(`^::error::The newest history, artifact ${id} of run \\d+, has expired\\.`, "m"),
    );
  });
}

/** @type {[string, RegExp, Fault][]} */
const TROUBLE = [
  ["the list", /\/artifacts\?/, { kind: "answer", status: 500 }],
  ["the run", /\/runs\/\d+$/, { kind: "answer", status: 404 }],
  ["the archive's address", /\/zip$/, { kind: "answer", status: 410 }],
  ["the archive", /sp=r&/, { kind: "answer", status: 403 }],
];
for (const [what, url, fault] of TROUBLE) {
  test(`${what} that GitHub does not give ends the step`, async (t) => {
    await upload("newest");
    github.script([{ url, fault }]);
    const { code, shown, history } = await bring(t);
    assert.equal(history, null, shown);
    assert.notEqual(code, 0, shown);
  });
}

test("a missing right, another file and what is no archive end the step", async (t) => {
  await upload("newest");
  const denied = await bring(t, { contents: "read" });
  await upload("", { zip: await pack({ "other.db": Buffer.from("x") }, 0) });
  const foreign = await bring(t);
  await upload("", { zip: Buffer.from("this is no archive") });
  const damaged = await bring(t);
  for (const { code, history, shown } of [denied, foreign, damaged]) {
    assert.equal(history, null, shown);
    assert.notEqual(code, 0, shown);
  }
});
