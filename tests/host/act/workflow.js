// The action under a runner that is not ours: `act` runs the workflow that is shown for S3, from its expressions to its
// exit code. `npm run test:act`; the first time Go compiles the runner, which takes minutes.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { parse, stringify } from "yaml";
import { act } from "../../servers/install.js";
import { startS3sFs } from "../../servers/s3.js";
import { Place, stopAll } from "../s3/place.js";
import { Project, ROOT } from "../support/project.js";

/** @type {Awaited<ReturnType<typeof startS3sFs>>} */
let server;
before(async () => {
  server = await startS3sFs({ buckets: ["my-metrics"] });
});
after(() => stopAll([server]));

/**
 * The workflow as it is shown, with the action of this repository, a bucket on this machine, and a last step that keeps
 * what is to be seen. Of other people's actions only the checkout stays, which the runner does itself; the others would
 * have to be fetched.
 * @param {string} folder where it is kept
 */
function shown(folder) {
  const workflow = parse(fs.readFileSync(path.join(ROOT, "docs/workflows/s3.yml"), "utf8"));
  const { track } = workflow.jobs;
  const step = track.steps.find((/** @type {any} */ { uses }) => uses?.startsWith("unentropy/"));
  step.uses = "./unentropy";
  Object.assign(step.with, { "s3-endpoint": server.endpoint, "s3-region": "us-east-1" });
  const check = {
    shell: "bash",
    env: {
      FOLDER: folder,
      TOLD: `\${{ toJSON(steps.unentropy.outputs) }}`,
      STATE: `\${{ steps.unentropy.outcome }}`,
    },
    run: 'printf "%s" "$TOLD" > "$FOLDER/outputs.json"; printf "%s" "$STATE" > "$FOLDER/outcome"; ls -d unentropy-report/index.html > "$FOLDER/report" || true',
    if: "always()",
  };
  const checkout = track.steps.find((/** @type {any} */ { uses }) => uses?.startsWith("actions/checkout@"));
  track.steps = [checkout, step, check];
  return stringify(workflow);
}

/** A repository with the action in it. @param {import("node:test").TestContext} t @param {object} metrics */
function repository(t, metrics) {
  const project = new Project(t, { "unentropy.json": JSON.stringify({ metrics }) });
  project.write(".github/workflows/metrics.yml", shown(project.path(".git")));
  fs.cpSync(path.join(ROOT, "dist"), project.path("unentropy/dist"), { recursive: true });
  fs.copyFileSync(path.join(ROOT, "action.yml"), project.path("unentropy/action.yml"));
  project.git("add", "-A");
  project.git("-c", "user.name=t", "-c", "user.email=t@example.invalid", "commit", "-q", "-m", "all");
  return project;
}

/** @param {Project} project @param {string} run */
function push(project, run) {
  const { accessKeyId, secretAccessKey } = server.credentials;
  const { status, stdout, stderr } = spawnSync(
    act(),
    [
      ...["push", "-P", "ubuntu-latest=-self-hosted", "--env", `GITHUB_RUN_ID=${run}`],
      ...["-s", `METRICS_ACCESS_KEY_ID=${accessKeyId}`, "-s", `METRICS_SECRET_ACCESS_KEY=${secretAccessKey}`],
    ],
    {
      cwd: project.directory,
      encoding: "utf8",
      timeout: 120_000,
      env: { PATH: process.env.PATH, HOME: project.path(".git"), NO_COLOR: "1" },
    },
  );
  const log = `${stdout}\n${stderr}`;
  assert.equal(log.includes(secretAccessKey), false, "a credential shows");
  assert.ok(project.exists(".git/outputs.json"), log);
  return { status, log, outputs: JSON.parse(project.read(".git/outputs.json").toString()) };
}

test("the workflow for S3 records a build a run", (t) => {
  const project = repository(t, { answer: { type: "numeric", command: "echo 42" } });
  for (const builds of ["1", "2"]) {
    const { status, log, outputs } = push(project, builds);
    assert.equal(status, 0, log);
    assert.equal(outputs.success, "true", log);
    assert.equal(outputs["total-builds"], builds, log);
    assert.equal(outputs["database-location"], "s3://my-metrics/metrics/my-project.db");
    assert.equal(project.read(".git/report").toString().trim(), outputs["report-path"]);
  }
});

test("a run that fails is red, with outputs that say why", (t) => {
  const project = repository(t, { broken: { type: "numeric", command: "exit 1" } });
  const { status, log, outputs } = push(project, "3");
  assert.equal(status, 1, log);
  assert.deepEqual([outputs.success, outputs["error-code"]], ["false", "ALL_METRICS_FAILED"]);
  assert.equal(project.read(".git/outcome").toString(), "failure");
});

test("nothing but the history, its backup and announced builds is in the bucket", async () => {
  const place = new Place(server, { bucket: "my-metrics" });
  const { objects } = await place.client.list("");
  place.remove();
  // This server lets several writers of one moment through, so that builds are announced first.
  const others = objects.map(({ key }) => key).filter((key) => !key.includes(".pending/"));
  assert.deepEqual(others.sort(), ["metrics/my-project.db", "metrics/my-project.db.bak"]);
});
