// The npm package as other programs use it: dist/index.js alone. The declared types are held to the code by
// public-types.js; here the code is held to what it promises. And histories of the TypeScript Unentropy: this
// program adds to them, and the other one's statements work on them afterwards.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import * as unentropy from "../../dist/index.js";
import { Project, ROOT } from "./support/project.js";

const { createStorageProvider, Failure, Storage, track } = unentropy;

const context = (/** @type {string} */ run, /** @type {string} */ timestamp) => ({
  commitSha: run.padEnd(40, "0"),
  branch: "main",
  runId: run,
  runNumber: 1,
  eventName: "push",
  timestamp,
});
const coverage = (/** @type {number} */ value) => ({
  metric: { id: "coverage", type: /** @type {const} */ ("numeric"), unit: /** @type {const} */ ("percent") },
  value,
});

test("the package exports what its types declare, and nothing else", () => {
  const types = fs.readFileSync(path.join(ROOT, "dist/index.d.ts"), "utf8");
  const declared = [...types.matchAll(/^export (?:declare )?(?:class|function) (\w+)/gm)].map(
    ([, name]) => name,
  );
  assert.deepEqual(Object.keys(unentropy).sort(), declared.sort());
});

test("a history lives from ready to close, and is there the next time", async (t) => {
  const project = new Project(t, {}, { git: false });
  const config = { type: /** @type {const} */ ("sqlite-local"), path: project.path("deep/er/unentropy.db") };
  const storage = new Storage(config);
  assert.throws(() => storage.getRepository(), { name: "Failure", code: "STORAGE_NOT_READY" });
  await storage.ready();
  await storage.ready();
  const repository = storage.getRepository();
  const first = repository.recordBuild(context("a", "2026-01-01T00:00:00Z"), [coverage(80)]);
  const word = { metric: { id: "state", type: /** @type {const} */ ("label") }, value: "green" };
  const second = repository.recordBuild(context("b", "2026-01-02T00:00:00Z"), [coverage(81), word]);
  assert.notEqual(first, second);
  assert.deepEqual(
    repository.queries.getMetricValuesByBuildId(second).map(({ metric, value }) => [metric.id, value]),
    [
      ["coverage", 81],
      ["state", "green"],
    ],
  );
  assert.equal(project.exists("deep"), false, "nothing is stored before it is asked for");
  await storage.close();
  await storage.close();
  assert.throws(() => storage.getRepository(), { code: "STORAGE_NOT_READY" });

  const provider = await createStorageProvider({ ...config, readonly: true });
  assert.equal(provider.isInitialized, false);
  const again = await provider.initialize();
  assert.equal(provider.isInitialized, true);
  assert.deepEqual(
    again.getMetricTimeSeries("coverage", { branch: "main" }).map(({ build, value }) => [build.runId, value]),
    [
      ["a", 80],
      ["b", 81],
    ],
  );
  const baseline = again.getBaselineMetricValue("coverage", {
    branch: "main",
    maxAgeDays: 30,
    now: "2026-01-10T00:00:00Z",
    before: "2026-01-01T12:00:00Z",
  });
  assert.equal(baseline?.value, 80);
  assert.throws(() => again.recordBuild(context("c", "2026-01-03T00:00:00Z"), [coverage(1)]), {
    name: "Failure",
    code: "STORAGE_READ_ONLY",
  });
  provider.cleanup();
  provider.cleanup();
  assert.equal(provider.isInitialized, false);
});

test("every error is a Failure with a code", async (t) => {
  const project = new Project(t, { bad: "no history", "wrong.json": '{"metrics": {}}' });
  const local = (/** @type {string} */ name) => ({
    type: /** @type {const} */ ("sqlite-local"),
    path: project.path(name),
  });
  const recording = async (/** @type {any} */ facts, /** @type {any} */ metrics) => {
    const storage = new Storage(local("new.db"));
    await storage.ready();
    try {
      storage.getRepository().recordBuild(facts, metrics);
    } finally {
      storage.cleanup();
    }
  };
  const good = context("a", "2026-01-01T00:00:00Z");
  /** @type {[string, string, () => Promise<unknown>][]} */
  const cases = [
    ["HISTORY_NOT_SQLITE", "storage", () => new Storage(local("bad")).ready()],
    ["FILE_IS_DIRECTORY", "storage", () => new Storage(local(".")).ready()],
    ["STORAGE_UNSUPPORTED", "validation", () => new Storage({ type: "postgres" }).ready()],
    ["S3_PARAMETERS_INVALID", "validation", () => new Storage({ type: "sqlite-s3" }).ready()],
    ["STORAGE_CONFIG_INVALID", "validation", () => createStorageProvider({ type: "sqlite-local" })],
    [
      "STORAGE_CONFIG_INVALID",
      "validation",
      () => createStorageProvider({ type: /** @type {any} */ ("floppy") }),
    ],
    ["BUILD_INVALID", "validation", () => recording({ ...good, runId: "" }, [coverage(1)])],
    ["BUILD_INVALID", "validation", () => recording({ ...good, timestamp: "today" }, [coverage(1)])],
    ["BUILD_INVALID", "validation", () => recording(good, [])],
    ["BUILD_INVALID", "validation", () => recording(good, [coverage(Number.NaN)])],
    ["USAGE_INVALID", "validation", () => recording({ commitSha: 5 }, [coverage(1)])],
    ["USAGE_INVALID", "validation", () => recording(good, [{ metric: { id: "a", type: "sum" }, value: 1 }])],
    ["CONFIG_MISSING", "validation", () => track({ cwd: project.directory })],
    ["CONFIG_INVALID", "validation", () => track({ cwd: project.directory, config: "wrong.json" })],
  ];
  for (const [code, type, act] of cases) {
    await assert.rejects(act, (thrown) => {
      assert.ok(thrown instanceof Failure, `${code}: ${thrown}`);
      assert.deepEqual([thrown.code, thrown.type], [code, type], thrown.message);
      return true;
    });
  }
  assert.equal(project.exists("new.db"), false);
});

test("the main job can be called, and cancelled by the caller's signal", async (t) => {
  const project = new Project(t);
  project.config({
    metrics: { a: { type: "numeric", command: "echo 3" }, b: { type: "label", command: "exit 1" } },
  });
  const options = {
    cwd: project.directory,
    env: { PATH: process.env.PATH },
    context: { branch: "x", runId: "1" },
  };
  const result = await track(options);
  assert.deepEqual([result.success, result.totalBuilds, result.metricsFailed], [true, 1, 1]);
  assert.ok(result.metrics[1].error instanceof Failure);
  assert.equal(result.reportPath, path.join("unentropy-report", "index.html"));

  const before = project.read("unentropy.db");
  project.config({ metrics: { a: { type: "numeric", command: "sleep 60" } } });
  const cancelled = await track({ ...options, signal: AbortSignal.timeout(300) });
  assert.deepEqual([cancelled.success, cancelled.error?.code], [false, "ABORTED"]);
  assert.ok(project.read("unentropy.db").equals(before));
});

/** The statements with which the TypeScript tool writes one build. */
const OLD_WRITES = `PRAGMA foreign_keys = ON;
INSERT INTO build_contexts (commit_sha, branch, run_id, run_number, event_name, timestamp)
  VALUES ('old', 'main', 'old-run', 9, 'push', '2026-03-01T00:00:00.000Z');
INSERT INTO metric_definitions (id, type, unit, description) VALUES ('coverage', 'numeric', NULL, 'new words')
  ON CONFLICT(id) DO UPDATE SET unit = COALESCE(excluded.unit, unit), description = COALESCE(excluded.description, description);
INSERT INTO metric_values (metric_id, build_id, value_numeric, value_label)
  SELECT 'coverage', id, 12.5, NULL FROM build_contexts WHERE run_id = 'old-run'
  ON CONFLICT(metric_id, build_id) DO UPDATE SET value_numeric = excluded.value_numeric, value_label = excluded.value_label;
SELECT count(*) FROM build_contexts;
PRAGMA integrity_check;`;

for (const name of ["schema-2.0.0.db", "wal-2.0.0.db"]) {
  test(`300 builds of the TypeScript tool are 301 after a run and 302 after one of its own: ${name}`, async (t) => {
    const file = fs.readFileSync(path.join(ROOT, "tests/fixtures/history", name));
    const project = new Project(t, { "old.db": file });
    project.config({ metrics: { coverage: { type: "numeric", unit: "percent", command: "echo 61.5" } } });
    const first = await project.track("--db", "old.db");
    assert.deepEqual([first.code, first.document.totalBuilds], [0, 301], first.stderr);
    assert.deepEqual([...project.read("old.db").subarray(18, 20)], [1, 1], "a rollback-journal file");
    let said;
    try {
      said = execFileSync("sqlite3", [project.path("old.db"), OLD_WRITES], { encoding: "utf8" });
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== "ENOENT") throw error;
      t.skip("NOT TESTED: the old tool's writes need the sqlite3 program");
      return;
    }
    assert.equal(said, "302\nok\n");
    const second = await project.track("--db", "old.db", "--run-id", "later");
    assert.equal(second.document.totalBuilds, 303);
    // What SQLite leaves in WAL mode, cleanly closed, is read as well.
    execFileSync("sqlite3", [
      project.path("old.db"),
      "PRAGMA journal_mode = WAL; DELETE FROM metric_values WHERE build_id = 1",
    ]);
    assert.deepEqual([...project.read("old.db").subarray(18, 20)], [2, 2]);
    const third = await project.track("--db", "old.db", "--run-id", "last");
    assert.equal(third.document.totalBuilds, 304);
  });
}
