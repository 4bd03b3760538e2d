// The action with its history in artifacts, as a runner starts it: the first run and those that follow on each Node that
// runs actions, overlapping jobs, what becomes of a build that cannot be stored, and the way to S3.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { nodeOf } from "../../../tools/node-versions.js";
import { startGitHub } from "../../servers/github.js";
import { startS3sFs } from "../../servers/s3.js";
import { stopAll } from "../s3/place.js";
import { ArtifactPlace } from "../storage/artifact-place.js";
import { withLimit } from "../support/limits.js";
import { until } from "../support/processes.js";
import { Project, told } from "../support/project.js";
import { act, startAction } from "../support/runner.js";
import { Step } from "./place.js";

/** @type {Awaited<ReturnType<typeof startGitHub>>} */
let github;
/** @type {ArtifactPlace} */
let place;
/** @type {import("../../servers/s3.js").S3Server} */
let s3s;
before(async () => {
  github = await startGitHub();
  place = new ArtifactPlace(github);
  s3s = await startS3sFs();
});
after(() => stopAll([github, s3s]));

const METRICS = {
  value: {
    name: "Value",
    type: "numeric",
    unit: "integer",
    direction: "higher-is-better",
    command: "cat value",
  },
};

/** A project and its repository's artifacts, of which there are none yet. @param {import("node:test").TestContext} t */
function setup(t) {
  github.artifacts.length = 0;
  github.script([]);
  t.after(() => github.script([]));
  const project = new Project(t, { "unentropy.json": JSON.stringify({ metrics: METRICS }), value: "1" });
  /**
   * @param {Record<string, string>} [inputs]
   * @param {Parameters<typeof act>[3] & {run?: any, env?: NodeJS.ProcessEnv}} [options]
   */
  const step = async (inputs = {}, { run = github.addRun(), env = {}, ...options } = {}) => {
    const token = github.token({ actions: "read" });
    const outcome = await act(
      project,
      { "github-token": token, ...inputs },
      { ...github.jobEnvironment(run), ...env },
      options,
    );
    const log = told(outcome).replace(/^::add-mask::.*$/gm, "");
    assert.equal(log.includes(token), false, "the token shows");
    return { ...outcome, run };
  };
  return { project, step };
}

test("a first run begins a history, twenty others continue it, on every Node", {
  timeout: 600_000,
}, async (t) => {
  const { project, step } = setup(t);
  const programs = [20, 22, 24].flatMap((major) => {
    try {
      return [nodeOf(major)];
    } catch {
      t.diagnostic(`NOT TESTED: Node ${major} cannot be fetched`);
      return [];
    }
  });
  let before = "";
  for (let n = 1; n <= 21; n++) {
    project.write("value", String(n));
    const { code, outputs, summary, run, ...outcome } = await step(
      {},
      { node: programs[n % programs.length] },
    );
    assert.equal(code, 0, outcome.stdout + outcome.stderr);
    const artifact = github.artifacts.at(-1);
    assert.equal(outputs["database-location"], `artifact://unentropy-metrics#${artifact?.id}`);
    assert.deepEqual(
      [outputs.success, outputs["storage-type"], outputs["total-builds"], outputs["source-run-id"]],
      ["true", "sqlite-artifact", String(n), before],
    );
    assert.equal(outputs["database-path"], "");
    assert.match(outputs["database-size"], /^\d+$/);
    assert.ok(summary.includes(`| Value | ${n} | ${n === 1 ? "first value" : "🟢 +1"} | `), summary);
    before = String(run.id);
  }
  assert.equal((await place.runs()).length, 21);
});

test("two jobs of one run, and overlapping runs, lose no build", async (t) => {
  const { step } = setup(t);
  const run = github.addRun();
  const outcomes = await Promise.all([step({}, { run }), step({}, { run }), step(), step()]);
  for (const outcome of outcomes) assert.equal(outcome.code, 0, told(outcome));
  const last = await step();
  assert.equal(last.outputs["total-builds"], "4", told(last));
});

test("a later job of a run names the artifact that it has stored", async (t) => {
  const { step } = setup(t);
  const run = github.addRun();
  for (const name of ["unentropy-metrics", "unentropy-metrics.2"]) {
    const { outputs } = await step({}, { run });
    assert.equal(outputs["database-location"], `artifact://${name}#${github.artifacts.at(-1)?.id}`);
  }
});

test("names that artifacts cannot have are refused as the workflow has them", async (t) => {
  const { step } = setup(t);
  /** @type {[Record<string, string>, string, string][]} */
  const wrong = [
    [
      { "database-key": "metrics/unentropy.db" },
      "`database-key` is `metrics/unentropy.db`",
      "Use `unentropy.db`.",
    ],
    [{ "artifact-name": "team/metrics" }, "`artifact-name` is `team/metrics`", "Use `team-metrics`."],
  ];
  for (const [inputs, message, hint] of wrong) {
    const outcome = await step(inputs);
    const { code, outputs } = outcome;
    assert.equal(code, 2, told(outcome));
    assert.ok(outputs["error-message"].startsWith(message), outputs["error-message"]);
    assert.ok(told(outcome).includes(hint), told(outcome));
  }
  assert.equal(github.artifacts.length, 0);
});

test("an Enterprise Server without the artifact service is told before a command runs", async (t) => {
  const { project, step } = setup(t);
  project.config({ metrics: { value: { ...METRICS.value, command: "touch ran && echo 1" } } });
  const own = { GITHUB_SERVER_URL: "https://git.example.com", ACTIONS_RESULTS_URL: "" };
  const outcome = await step({}, { env: own });
  const { code, outputs } = outcome;
  assert.equal(code, 3, told(outcome));
  assert.equal(outputs["error-code"], "ARTIFACT_UPLOAD_UNAVAILABLE");
  assert.match(outputs["error-message"], /Enterprise Server `git\.example\.com` does not have/);
  assert.doesNotMatch(told(outcome), /let the action record builds/);
  assert.equal(project.exists("ran"), false);
});

test("a build that cannot be stored is kept as an artifact of the run", async (t) => {
  const { project, step } = setup(t);
  // The history's own artifact is refused, the rescue's is not.
  github.script([{ url: /FinalizeArtifact/, times: 1, fault: { kind: "answer", status: 400 } }]);
  const outcome = await step();
  assert.equal(outcome.code, 3, told(outcome));
  assert.ok(project.exists("unentropy-rescue.db"));
  assert.match(outcome.summary, /^❌ \*\*The history could not be stored\*\*: /);
  const names = place.complete().map(({ name }) => name);
  assert.deepEqual(names, ["unentropy-rescue"], told(outcome));
  assert.match(outcome.outputs["error-message"], /`unentropy-rescue` of this run/);
});

const FINALIZE = { url: /FinalizeArtifact/, fault: { kind: /** @type {const} */ ("stall") } };

test("a build that `timeout` kept from being stored is kept as an artifact of the run", async (t) => {
  const { outcome: tried } = await withLimit(
    4,
    async (seconds) => {
      const { project, step } = setup(t);
      github.script([{ ...FINALIZE, times: 1 }]);
      return { project, outcome: await step({ timeout: String(seconds), "on-storage-error": "warn" }) };
    },
    ({ outcome }) => outcome.outputs["error-message"].includes("phase `upload`"),
  );
  const { project, outcome } = tried;
  assert.equal(outcome.code, 0, told(outcome));
  assert.equal(outcome.outputs["error-code"], "RUN_TIMEOUT");
  assert.match(outcome.outputs["error-message"], /in the phase `upload`/);
  assert.match(outcome.outputs["error-message"], /the artifact `unentropy-rescue` of this run/);
  assert.ok(project.exists("unentropy-rescue.db"));
  assert.deepEqual(
    place.complete().map(({ name }) => name),
    ["unentropy-rescue"],
    told(outcome),
  );
});

test("a run that is cancelled while it keeps such a build says which file has it", async (t) => {
  const { project } = setup(t);
  github.script([FINALIZE]);
  const inputs = { "github-token": github.token({ actions: "read" }), timeout: "5" };
  const { child, ended } = startAction(project, inputs, github.jobEnvironment(github.addRun()));
  t.after(() => child.kill("SIGKILL"));
  await until(() => github.seen.filter(({ fault }) => fault === "stall").length === 2, "both uploads stall");
  child.kill("SIGTERM");
  const outcome = await ended;
  assert.equal(outcome.code, 1, told(outcome));
  const file = project.path("unentropy-rescue.db");
  assert.equal(outcome.outputs["database-path"], file);
  assert.equal(outcome.outputs["error-code"], "ABORTED");
  assert.ok(outcome.outputs["error-message"].endsWith(`; the history with this build is in \`${file}\``));
  assert.ok(project.exists("unentropy-rescue.db"));
});

test("without the right to read artifacts nothing is begun anew", async (t) => {
  const { step } = setup(t);
  assert.equal((await step()).code, 0);
  const outcome = await step({ "github-token": github.token({ contents: "read" }) });
  assert.equal(outcome.code, 3, told(outcome));
  assert.match(outcome.stdout, /actions: read/);
  assert.equal(place.complete().length, 1);
});

test("a history in S3 begins with that of the artifacts", async (t) => {
  const { step } = setup(t);
  for (let n = 0; n < 2; n++) assert.equal((await step()).code, 0);
  const s3 = new Step(t, s3s);
  const outcome = await s3.run(
    {
      "github-token": github.token({ actions: "read" }),
      "seed-from": "artifact://unentropy-metrics",
      "database-key": s3.inputs["database-key"],
    },
    github.jobEnvironment(github.addRun()),
  );
  assert.equal(outcome.code, 0, told(outcome));
  assert.equal(outcome.outputs["total-builds"], "3");
  assert.equal((await s3.place.runs()).length, 3);
});
