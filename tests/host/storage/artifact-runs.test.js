// Whole runs of the shipped program with histories in artifacts: reading from anywhere, recording with what a runner
// gives an action, moving a history to another kind of place and back, and what is kept when storing fails.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { runFacts } from "../../../js/ci/build.js";
import { loadConfig } from "../../../js/run/config.js";
import { track } from "../../../js/run/track.js";
import { unpack } from "../../../js/storage/artifact/zip.js";
import { Project } from "../support/project.js";
import { ArtifactPlace, historyOf, NAME } from "./artifact-place.js";

const CONFIG = { metrics: { answer: { type: "numeric", command: "echo 42" } } };

/** @type {ArtifactPlace} */
let place;
beforeEach(async () => {
  place = await ArtifactPlace.start();
});
afterEach(() => place.stop());

/** @param {import("node:test").TestContext} t */
function setup(t) {
  const project = new Project(t, { "unentropy.json": JSON.stringify(CONFIG) });
  /** @param {string[]} args @param {NodeJS.ProcessEnv} [env] */
  const run = async (args, env = {}) => {
    const reader = {
      GITHUB_TOKEN: place.token,
      GITHUB_API_URL: place.github.apiUrl,
      GITHUB_REPOSITORY: "octo/widgets",
    };
    const outcome = await project.run(args, { env: { ...reader, ...env } });
    const shown = outcome.stdout + outcome.stderr;
    for (const secret of [place.token, env.ACTIONS_RUNTIME_TOKEN])
      assert.ok(!secret || !shown.includes(secret));
    assert.doesNotMatch(shown, /sig=[^*]/);
    return { ...outcome, shown };
  };
  return { project, run };
}

describe("the command line", () => {
  test("it records where the runner gives what that takes, and tells the artifact", async (t) => {
    const { run } = setup(t);
    for (const builds of [1, 2]) {
      const env = place.github.jobEnvironment(place.github.addRun());
      const { code, stdout, shown } = await run(["track", "--storage", "sqlite-artifact", "--json"], env);
      assert.equal(code, 0, shown);
      const { totalBuilds, databaseLocation } = JSON.parse(stdout);
      assert.equal(totalBuilds, builds);
      assert.equal(databaseLocation, `artifact://${NAME}#${place.complete().at(-1)?.id}`);
    }
  });

  test("it shows a history from any machine", async (t) => {
    const { project, run } = setup(t);
    await place.track(1);
    const { code, shown } = await run(["report", "--storage", "sqlite-artifact"]);
    assert.equal(code, 0, shown);
    assert.ok(project.exists("unentropy-report/index.html"));
    const examined = await run(["doctor", "--storage", "sqlite-artifact"]);
    assert.match(examined.shown, /1 build in `artifact:\/\/unentropy-metrics#\d+`/);
  });

  test("without the runner's token it says why before a command runs", async (t) => {
    const { project, run } = setup(t);
    project.config({ metrics: { answer: { type: "numeric", command: "touch ran && echo 42" } } });
    await place.track(1);
    const { code, shown } = await run(["track", "--storage", "sqlite-artifact"]);
    assert.equal(code, 3);
    assert.match(shown, /ARTIFACT_UPLOAD_UNAVAILABLE/);
    assert.match(shown, /let the action record builds/);
    assert.deepEqual([project.exists("ran"), project.exists("unentropy-rescue.db")], [false, false]);
  });

  test("a name that no artifact can have is refused as it was written, with one that it can have", async (t) => {
    const { project, run } = setup(t);
    const track = ["track", "--storage", "sqlite-artifact"];
    const env = place.github.jobEnvironment(place.run);
    place.github.script([]);
    for (const [args, subject, better] of /** @type {[string[], string, string][]} */ ([
      [[...track, "--database-key", "metrics/unentropy.db"], "`--database-key`", "unentropy.db"],
      [[...track, "--artifact-name", "team/metrics"], "`--artifact-name`", "team-metrics"],
      [["doctor", "--storage", "sqlite-artifact", "--artifact-name", "a:b"], "`--artifact-name`", "a-b"],
      [
        ["migrate", "artifact://team/metrics", "x.db"],
        "the artifact of `artifact://team/metrics`",
        "team-metrics",
      ],
    ])) {
      const { code, shown } = await run(args, env);
      assert.equal(code, 2, shown);
      assert.ok(shown.includes(`${subject} is \``), shown);
      assert.ok(shown.includes(`\`${better}\``), shown);
    }
    project.config({ ...CONFIG, storage: { type: "sqlite-artifact", artifact: { name: "team/metrics" } } });
    const { shown } = await run(["track"], env);
    assert.match(shown, /`storage\.artifact\.name` is `team\/metrics`/);
    assert.equal(place.github.seen.length, 0);
  });

  test("without a token, or a repository, it says which variable is missing", async (t) => {
    const { run } = setup(t);
    const args = ["report", "--storage", "sqlite-artifact"];
    assert.match((await run(args, { GITHUB_TOKEN: "" })).shown, /set `GITHUB_TOKEN`/);
    assert.match((await run(args, { GITHUB_REPOSITORY: "" })).shown, /set that variable/);
  });

  test("the configuration's name and branch are used, and flags before them", async (t) => {
    const { project, run } = setup(t);
    const topic = place.github.addRun({ branch: "topic" });
    await place.addHistory({ name: "numbers", builds: [1, 2] });
    await place.addHistory({ name: "numbers", builds: [1, 2, 3], run: topic });
    project.config({
      ...CONFIG,
      storage: { type: "sqlite-artifact", artifact: { name: "numbers", branchFilter: "main" } },
    });
    assert.match((await run(["doctor"])).shown, /2 builds in `artifact:\/\/numbers/);
    assert.match((await run(["doctor", "--artifact-branch-filter", "topic"])).shown, /3 builds/);
    assert.match((await run(["doctor", "--artifact-name", "other"])).shown, /there is none/);
  });
});

describe("migrate", () => {
  test("a history goes from an artifact into a file, and again changes nothing", async (t) => {
    const { run } = setup(t);
    await place.addHistory({ builds: [1, 2, 3] });
    const first = await run(["migrate", `artifact://${NAME}`, "copy.db", "--json"]);
    assert.equal(first.code, 0, first.shown);
    const { began, addedBuilds, totalBuilds } = JSON.parse(first.stdout);
    assert.deepEqual([began, addedBuilds, totalBuilds], [true, 3, 3]);
    const again = await run(["migrate", `artifact://${NAME}#1234`, "copy.db"]);
    assert.match(again.shown, /added to .*copy\.db: 0 builds taken .*\(3 builds now\)/);
    assert.equal(place.complete().length, 1);
  });

  test("into an artifact only an action can go, and where there is nothing nothing is begun", async (t) => {
    const { project, run } = setup(t);
    project.write("old.db", historyOf([1]));
    const outside = await run(["migrate", "old.db", `artifact://${NAME}`]);
    assert.equal(outside.code, 3);
    assert.match(outside.shown, /ARTIFACT_UPLOAD_UNAVAILABLE/);
    assert.match(outside.shown, /`seed-from`/);
    const env = place.github.jobEnvironment(place.run);
    const inside = await run(["migrate", "old.db", `artifact://${NAME}`], env);
    assert.equal(inside.code, 0, inside.shown);
    assert.deepEqual(await place.runs(), ["w/1"]);
    const nothing = await run(["migrate", "artifact://nothing", "new.db"]);
    assert.equal(nothing.code, 3);
    assert.match(nothing.shown, /HISTORY_MISSING/);
    assert.equal(project.exists("new.db"), false);
  });

  test("a place that is none is refused", async (t) => {
    const { run } = setup(t);
    for (const [args, message] of /** @type {[string[], RegExp][]} */ ([
      [["a.db"], /needs the history to move and where to move it/],
      [["ftp://x/y", "a.db"], /`FROM` is `ftp:\/\/x\/y`, expected a path, /],
      [["s3://bucket", "a.db"], /`FROM` is `s3:\/\/bucket`, expected /],
      [["a.db", "artifact://"], /`TO` is `artifact:\/\/`, expected /],
    ])) {
      const { code, shown } = await run(["migrate", ...args]);
      assert.equal(code, 2);
      assert.match(shown, message);
    }
  });
});

describe("seed-from", () => {
  test("an empty history begins with that of an artifact, once", async (t) => {
    const { run } = setup(t);
    await place.addHistory({ builds: [1, 2] });
    const args = ["track", "--db", "new.db", "--seed-from", `artifact://${NAME}`, "--json"];
    const first = await run(args);
    assert.equal(first.code, 0, first.shown);
    assert.equal(JSON.parse(first.stdout).totalBuilds, 3);
    await place.addHistory({ builds: [1, 2, 3, 4, 5] });
    assert.equal(JSON.parse((await run([...args, "--run-id", "again"])).stdout).totalBuilds, 4);
  });

  test("an artifact's history begins with that of a file", async (t) => {
    const { project, run } = setup(t);
    project.write("old.db", historyOf([1, 2]));
    const env = place.github.jobEnvironment(place.run);
    const { code, shown } = await run(
      ["track", "--storage", "sqlite-artifact", "--seed-from", "old.db"],
      env,
    );
    assert.equal(code, 0, shown);
    assert.equal((await place.runs()).length, 3);
  });

  test("a seed that cannot be read ends the run, one that is empty is told", async (t) => {
    const { project, run } = setup(t);
    const args = ["track", "--db", "new.db", "--seed-from", `artifact://${NAME}`];
    place.github.script([{ fault: { kind: "answer", status: 404 } }]);
    assert.equal((await run(args)).code, 3);
    assert.equal(project.exists("new.db"), false);
    place.github.script([]);
    const { code, shown } = await run(args);
    assert.equal(code, 0, shown);
    assert.match(shown, /there is no history at `artifact:\/\/unentropy-metrics` to begin with/);
  });
});

/** A run of the whole job in this process. @param {Project} project @param {object} more @param {NodeJS.ProcessEnv} env */
async function job(project, more, env) {
  const loaded = loadConfig(undefined, project.directory);
  const now = new Date();
  return track({
    loaded,
    facts: await runFacts({ cwd: project.directory, now, env }),
    storage: place.config,
    cwd: project.directory,
    reportDirectory: path.join(project.directory, "report"),
    env: { ...process.env, ...env },
    now,
    ...more,
  });
}

describe("what cannot be stored", () => {
  /** A run whose bucket takes nothing. @param {Project} project @param {object} [more] @param {NodeJS.ProcessEnv} [env] */
  const unstorable = (project, more = {}, env = {}) => {
    place.github.script([
      {
        url: /unentropy\.db/,
        method: "GET",
        fault: { kind: "answer", status: 404, body: "<Error><Code>NoSuchKey</Code></Error>" },
      },
      {
        url: /bucket/,
        fault: { kind: "answer", status: 403, body: "<Error><Code>AccessDenied</Code></Error>" },
      },
    ]);
    const storage = {
      type: "sqlite-s3",
      s3Endpoint: place.github.blobUrl,
      s3Bucket: "bucket",
      s3Key: "nowhere/unentropy.db",
      s3AccessKeyId: "AKIDEXAMPLE",
      s3SecretAccessKey: "secretsecretsecret",
      s3Region: "us-east-1",
    };
    return job(project, { storage, ...more }, { ...place.github.jobEnvironment(place.run), ...env });
  };

  test("is kept in the artifact `unentropy-rescue` of the run too", async (t) => {
    const { project } = setup(t);
    const result = await unstorable(project);
    assert.equal(result.success, false);
    assert.equal(result.databasePath, path.join(project.directory, "unentropy-rescue.db"));
    assert.match(
      result.error?.message ?? "",
      /is kept in `.*unentropy-rescue\.db` and in the artifact `unentropy-rescue`/,
    );
    const [rescue] = place.complete();
    assert.equal(rescue.name, "unentropy-rescue");
    const { entries } = await unpack(/** @type {Buffer} */ (rescue.zip), { "unentropy-rescue.db": 1e8 });
    const kept = fs.readFileSync(result.databasePath ?? "");
    assert.equal(Buffer.compare(entries.get("unentropy-rescue.db") ?? Buffer.alloc(0), kept), 0);
  });

  test("and in the artifact alone where no file can be written", async (t) => {
    const { project } = setup(t);
    const missing = path.join(project.directory, "missing");
    const { TMPDIR } = process.env;
    process.env.TMPDIR = missing;
    t.after(() => {
      if (TMPDIR === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = TMPDIR;
    });
    const result = await unstorable(project, { cwd: missing }, { RUNNER_TEMP: missing });
    assert.equal(result.databasePath, null);
    assert.match(
      result.error?.message ?? "",
      /; the history with this build is kept in the artifact `unentropy-rescue(-\d)?` of this run$/,
    );
    assert.match(
      result.error?.hint ?? "",
      /Download the artifact and add it with `unentropy merge` later\.$/,
    );
  });

  test("and where no artifact can be uploaded the file alone is told, and the first cause", async (t) => {
    const { project } = setup(t);
    const before = process.cwd();
    process.chdir(project.directory);
    t.after(() => process.chdir(before));
    place.github.script([{ url: /twirp/, fault: { kind: "answer", status: 401 } }]);
    const result = await job(project, {}, place.github.jobEnvironment(place.run));
    assert.equal(result.error?.code, "GITHUB_AUTH_FAILED");
    assert.match(result.error?.message ?? "", /is kept in `.*unentropy-rescue\.db`$/);
  });
});

test("where the workflow moves the artifact the history is the file, and GitHub is not asked", async (t) => {
  const { project } = setup(t);
  const file = path.join(project.directory, "unentropy-metrics.db");
  fs.writeFileSync(file, historyOf([1]));
  place.github.script([]);
  const storage = { type: "sqlite-artifact", artifactTransfer: "manual", path: file };
  const result = await job(project, { storage }, place.github.jobEnvironment(place.run));
  assert.equal(result.success, true, result.error?.message);
  assert.deepEqual(
    [result.storageType, result.databasePath, result.totalBuilds],
    ["sqlite-artifact", file, 2],
  );
  assert.equal(place.github.seen.length, 0);
});
