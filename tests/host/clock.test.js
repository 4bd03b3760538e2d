// Builds have the time of the history's server where this machine's clock is wrong. The action as a runner starts it,
// against a GitHub whose clock is another.

import assert from "node:assert/strict";
import fs from "node:fs";
import { after, before, test } from "node:test";
import { correctedTime } from "../../js/run/clock.js";
import { startFaultProxy } from "../servers/fault-proxy.js";
import { startGitHub } from "../servers/github.js";
import { startMoto } from "../servers/s3.js";
import { Step } from "./action/place.js";
import { stopAll } from "./s3/place.js";
import { ArtifactPlace } from "./storage/artifact-place.js";
import { Project, told } from "./support/project.js";
import { act } from "./support/runner.js";

const MINUTE = 60_000;
const YEAR = 365 * 24 * 60 * MINUTE;

/** The bucket of a step, as the command line is told of it. @param {Step} step */
function bucketOf(step) {
  const of = (/** @type {string} */ name) => step.inputs[name];
  return {
    flags: [
      ...["--storage", "sqlite-s3", "--s3-endpoint", of("s3-endpoint"), "--s3-bucket", of("s3-bucket")],
      ...["--s3-region", of("s3-region"), "--s3-key", of("database-key")],
    ],
    env: {
      AWS_ACCESS_KEY_ID: of("s3-access-key-id"),
      AWS_SECRET_ACCESS_KEY: of("s3-secret-access-key"),
    },
  };
}

/** @type {Awaited<ReturnType<typeof startGitHub>>} */
let github;
before(async () => {
  github = await startGitHub();
});
after(() => github.stop());

test("the server's time counts where the clocks are further apart than the limit", () => {
  const now = new Date("2026-11-28T12:00:00.500Z");
  /** @type {[number | null, number | undefined, string, RegExp | null][]} */
  const cases = [
    [null, undefined, "2026-11-28T12:00:00.500Z", null],
    [0, undefined, "2026-11-28T12:00:00.500Z", null],
    [5 * MINUTE, undefined, "2026-11-28T12:00:00.500Z", null],
    [-5 * MINUTE, undefined, "2026-11-28T12:00:00.500Z", null],
    [5 * MINUTE + 1, undefined, "2026-11-28T12:05:00.501Z", /is 5m 0s behind that of `s3:\/\/b\/k`/],
    [-2 * 60 * MINUTE, undefined, "2026-11-28T10:00:00.500Z", /is 2h 0m ahead of that of/],
    [YEAR, undefined, "2027-11-28T12:00:00.500Z", /`2026-11-28T12:00:00.500Z`.*`2027-11-28T12:00:00.500Z`/],
    [2000, 1000, "2026-11-28T12:00:02.500Z", /is 2s behind/],
  ];
  for (const [offset, limit, expected, message] of cases) {
    const storage = { clockOffsetMs: () => offset, location: "s3://b/k" };
    const { now: corrected, warning } = correctedTime(now, storage, limit);
    assert.equal(corrected.toISOString(), expected, String(offset));
    if (message) assert.match(warning?.message ?? "", message);
    assert.equal(warning?.code, message ? "CLOCK_CORRECTED" : undefined);
  }
});

test("a bucket's server tells the time too", async (t) => {
  const moto = await startMoto();
  const proxy = await startFaultProxy(moto);
  t.after(() => stopAll([proxy, moto]));
  for (const minutes of [-10, 0, 10, 60]) {
    proxy.become({ skewMs: minutes * MINUTE });
    const step = new Step(t, proxy, { direct: moto });
    const began = Date.now();
    const outcome = await step.run();
    assert.equal(outcome.code, 0, told(outcome));
    const storage = await step.place.open({ readonly: true });
    const [build] = storage.getRepository().listBuilds();
    storage.cleanup();
    const recorded = Date.parse(build.timestamp) - minutes * MINUTE;
    assert.ok(recorded > began - 5000 && recorded < Date.now() + 5000, build.timestamp);
    assert.equal(/^::warning title=CLOCK_CORRECTED::/m.test(outcome.stdout), minutes !== 0);
  }
});

test("a build is recorded at the server's time, with a warning, and the gate judges by it", async (t) => {
  const place = new ArtifactPlace(github);
  const project = new Project(t);
  project.config({ metrics: { a: { type: "numeric", command: "echo 1" } } });
  const token = github.token({ actions: "read" });
  t.after(() => {
    github.aheadMs = 0;
  });
  for (const ahead of [-YEAR, 0, YEAR]) {
    github.aheadMs = ahead;
    const began = Date.now();
    const outcome = await act(
      project,
      { "github-token": token },
      { ...github.jobEnvironment(github.addRun()), GITHUB_SHA: String(Math.sign(ahead) + 2).repeat(40) },
    );
    assert.equal(outcome.code, 0, told(outcome));
    const storage = await place.open({ config: { readonly: true } });
    const builds = storage.getRepository().listBuilds();
    const build = builds.find(({ commitSha }) => commitSha.startsWith(String(Math.sign(ahead) + 2)));
    storage.cleanup();
    const recorded = Date.parse(build?.timestamp ?? "") - ahead;
    assert.ok(recorded > began - 5000 && recorded < Date.now() + 5000, `${build?.timestamp}`);
    const warned =
      /^::warning title=CLOCK_CORRECTED::the clock of this machine is 365 days (ahead of|behind)/m;
    assert.equal(
      warned.exec(outcome.stdout)?.[1],
      { [-YEAR]: "ahead of", 0: undefined, [YEAR]: "behind" }[ahead],
    );
    assert.equal(outcome.summary.includes("CLOCK\\_CORRECTED"), ahead !== 0);
    assert.equal(outcome.summary.match(/first value/g)?.length ?? 0, builds.length === 1 ? 1 : 0);
  }
  const judged = await act(
    project,
    { "github-token": token, mode: "gate", "reference-branch": "main" },
    { ...github.jobEnvironment(github.addRun()), GITHUB_SHA: "9".repeat(40) },
  );
  assert.match(judged.stdout, /^::warning title=CLOCK_CORRECTED::/m);
});

test("commands that read a bucket go by its server's time, and say so", async (t) => {
  const moto = await startMoto();
  const proxy = await startFaultProxy(moto);
  t.after(() => stopAll([proxy, moto]));
  // A build of today, seen by a machine whose clock is right and by one that is a year behind, as it seems from here.
  for (const ahead of [0, YEAR, -YEAR]) {
    proxy.become({ skewMs: ahead });
    const step = new Step(t, proxy, { direct: moto });
    const recorded = await step.run();
    assert.equal(recorded.code, 0, told(recorded));
    const { flags, env } = bucketOf(step);
    const { project } = step;
    project.git("checkout", "-q", "-b", `topic-${Math.sign(ahead) + 1}`);
    fs.rmSync(project.path("kept.db"), { force: true });
    for (const command of [
      ["report"],
      ["badge", "answer"],
      ["gate", "--reference-branch", "main"],
      ["migrate", `s3://bucket/${step.place.key}`, "kept.db"],
      ["merge", "kept.db"],
    ]) {
      const location = command[0] === "migrate" ? flags.slice(2, 4).concat(flags.slice(6, 8)) : flags;
      const outcome = await project.run([...command, ...location], { env });
      assert.equal(outcome.code, 0, `${command[0]}: ${told(outcome)}`);
      const text = told(outcome);
      assert.equal(/the clock of this machine is 365 days/.test(text), ahead !== 0, `${command[0]}: ${text}`);
      assert.doesNotMatch(text, /dated more than a day after now/, command[0]);
    }
  }
});
