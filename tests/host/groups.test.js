// Groups of the configuration through the shipped program: a monorepo of three packages, tracked, judged and shown by one entry.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { directories } from "../../js/files/globs.js";
import { Project, told } from "./support/project.js";

/** @typedef {import("node:test").TestContext} TestContext */
/** @import { MetricOutcome } from "../../js/collect/types.js" */
/** @import { GateVerdict } from "../../js/engine/types.js" */

/** A trace file of a source of ten lines, so many of them covered. @param {string} name @param {number} covered */
const lcov = (name, covered) =>
  `SF:packages/${name}/index.js\n${Array.from({ length: 10 }, (_, n) => `DA:${n + 1},${n < covered ? 1 : 0}\n`).join("")}end_of_record\n`;

const CONFIG = {
  metrics: { size: { type: "numeric", unit: "bytes", command: "@collect size packages" } },
  groups: {
    coverage: {
      $ref: "coverage",
      forEach: "packages/*",
      command: "@collect coverage {dir}/lcov.info",
      name: "{basename} coverage",
    },
  },
  qualityGate: { mode: "hard", thresholds: [{ metric: "coverage/*", mode: "no-regression", tolerance: 1 }] },
};

/** @param {TestContext} t @param {object} [config] */
function monorepo(t, config = CONFIG) {
  const project = new Project(t, {
    ".gitignore": "lcov.info\nunentropy.db*\nunentropy-report\nnode_modules\n",
    "packages/core/index.js": "1;\n",
    "packages/web/index.js": "1;\n",
    "packages/ui-kit/index.js": "1;\n",
    "packages/README.md": "no directory\n",
    "packages/node_modules/x/index.js": "1;\n",
    "unentropy.json": JSON.stringify(config, null, 2),
  });
  for (const [name, covered] of Object.entries({ core: 9, web: 8, "ui-kit": 7 })) {
    project.write(`packages/${name}/lcov.info`, lcov(name, covered));
  }
  return project;
}

/** @param {Project} project */
const commit = (project) =>
  project.git(
    ...[
      "-c",
      "user.name=t",
      "-c",
      "user.email=t@example.invalid",
      "commit",
      "-q",
      "-a",
      "--allow-empty",
      "-m",
      "next",
    ],
  );

describe("a monorepo of three packages by one group", () => {
  test("is tracked, judged and shown", async (t) => {
    const project = monorepo(t);
    const verified = await project.run(["verify"]);
    assert.equal(verified.stdout, "unentropy.json: ok, 1 metric, 1 group\n  coverage: 3 metrics\n");

    const tracked = await project.track("--db", "unentropy.db");
    assert.equal(tracked.code, 0, told(tracked));
    /** @type {MetricOutcome[]} */
    const outcomes = tracked.document.metrics;
    const values = Object.fromEntries(outcomes.map(({ id, value }) => [id, value]));
    assert.deepEqual(Object.keys(values), ["size", "coverage-core", "coverage-ui-kit", "coverage-web"]);
    assert.deepEqual([values["coverage-core"], values["coverage-web"]], [90, 80]);
    const page = project.read("unentropy-report/index.html").toString();
    assert.match(page, /<h2 id="section-1">coverage<\/h2>/);
    assert.equal(page.match(/<tr class="member"/g)?.length, 3);
    assert.match(page, /core coverage/);

    // A report of the history alone has the same metrics, also of packages that are not here.
    fs.rmSync(project.path("packages"), { recursive: true });
    const reported = await project.run(["report", "--db", "unentropy.db", "--report-dir", "again"]);
    assert.equal(reported.code, 0, told(reported));
    assert.equal(
      project
        .read("again/index.html")
        .toString()
        .match(/<tr class="member"/g)?.length,
      3,
    );
    project.git("checkout", "-q", "packages");

    project.git("checkout", "-q", "-b", "change");
    for (const [name, covered] of Object.entries({ core: 5, web: 9, "ui-kit": 7 })) {
      project.write(`packages/${name}/lcov.info`, lcov(name, covered));
    }
    commit(project);
    const judge = () => project.run(["gate", "--db", "unentropy.db", "--reference-branch", "main", "--json"]);
    const judged = await judge();
    /** @type {{qualityGate: GateVerdict}} */
    const { qualityGate } = JSON.parse(judged.stdout);
    assert.equal(judged.code, 5, told(judged));
    assert.deepEqual(
      qualityGate.metrics.map(({ metric, status }) => [metric, status]),
      [
        ["size", "unknown"],
        ["coverage-core", "fail"],
        ["coverage-ui-kit", "pass"],
        ["coverage-web", "pass"],
      ],
    );
    assert.match(told(judged), /the quality gate failed: `coverage-core`/);

    // Neither leaving the package out nor removing the group gets around the base branch's rule.
    for (const exclude of ["packages/core", "*"]) {
      const groups = { coverage: { ...CONFIG.groups.coverage, exclude } };
      const thresholds = [{ metric: "size", mode: "max", target: 1e9 }];
      project.config({ ...CONFIG, groups, qualityGate: { thresholds } });
      commit(project);
      const outcome = await judge();
      assert.equal(outcome.code, 5, told(outcome));
    }
    project.config({ metrics: CONFIG.metrics });
    commit(project);
    const without = await judge();
    assert.equal(without.code, 5, told(without));
    assert.match(told(without), /the quality gate failed: `coverage-core`/);

    // A package that is gone is told, and fails nothing.
    project.config(CONFIG);
    project.write("packages/core/lcov.info", lcov("core", 9));
    project.git("rm", "-q", "-r", "packages/web");
    fs.rmSync(project.path("packages/web"), { recursive: true, force: true });
    commit(project);
    const gone = await judge();
    assert.equal(gone.code, 0, told(gone));
    /** @type {GateVerdict} */
    const verdict = JSON.parse(gone.stdout).qualityGate;
    assert.deepEqual(
      verdict.metrics.slice(1).map(({ metric, status }) => [metric, status]),
      [
        ["coverage-core", "pass"],
        ["coverage-ui-kit", "pass"],
        ["coverage-web", "unknown"],
      ],
    );
    assert.equal(verdict.configurationChanges[0].what, "values");
  });

  test("one package without a report costs its own metric", async (t) => {
    const project = monorepo(t);
    fs.rmSync(project.path("packages/web/lcov.info"));
    const { document, code } = await project.track("--db", "unentropy.db");
    assert.equal(code, 0);
    assert.deepEqual([document.metricsCollected, document.metricsFailed], [3, 1]);
  });
});

test("what a group cannot be is an error with file and line, and one without a directory a warning", async (t) => {
  const project = monorepo(t, {
    ...CONFIG,
    groups: { coverage: { ...CONFIG.groups.coverage, forEach: "crates/*" } },
  });
  const unmatched = await project.run(["verify"]);
  assert.equal(unmatched.code, 2);
  assert.match(
    told(unmatched),
    /unentropy\.json:\d+:\d+: qualityGate\.thresholds\[0\]\.metric: `coverage\/\*` matches no metric/,
  );

  const { qualityGate, ...ungated } = CONFIG;
  const empty = { ...ungated, groups: { coverage: { ...CONFIG.groups.coverage, forEach: "crates/*" } } };
  const warned = await project.config(empty).run(["test"]);
  assert.equal(warned.code, 0, told(warned));
  assert.match(
    told(warned),
    /groups\.coverage: the group `coverage` is empty: no directory matches `crates\/\*`/,
  );

  for (let n = 0; n < 501; n++) fs.mkdirSync(project.path(`crates/c${n}`), { recursive: true });
  const many = await project.run(["verify"]);
  assert.equal(many.code, 2);
  assert.match(told(many), /the group `coverage` has 501 metrics, at most 500 are kept/);

  fs.rmSync(project.path("crates"), { recursive: true });
  for (const name of ["a.b", "a-b"]) fs.mkdirSync(project.path(`crates/${name}`), { recursive: true });
  const twice = await project.run(["track"]);
  assert.equal(twice.code, 2);
  assert.match(told(twice), /`crates\/a\.b` of the group `coverage` have the same id `coverage-a-b`/);
});

test("a hostile name of a directory runs nothing and means itself", {
  skip: process.platform === "win32",
}, async (t) => {
  const project = new Project(t, { "p/ok/f.txt": "1234" });
  const names = [
    "$(touch x)",
    "`touch y`",
    "a;touch x",
    "a b",
    "-rf",
    "*",
    "[k]",
    "{ok,x}",
    "'",
    '"',
    "..a",
    "\u202eb",
  ];
  for (const name of names) project.write(`p/${name}/f.txt`, "12");
  const group = { type: "numeric", forEach: "p/*" };
  project.config({
    groups: {
      shell: { ...group, command: "wc -c < {dir}/f.txt" },
      size: { ...group, command: "@collect size {dir}/f.txt" },
    },
  });
  const outcome = await project.run(["test", "--json"]);
  /** @type {{metrics: MetricOutcome[]}} */
  const { metrics } = JSON.parse(outcome.stdout.trim().split("\n").at(-1) ?? "");
  assert.ok(!project.exists("x") && !project.exists("y"));
  const sizes = metrics.filter(({ id }) => id.startsWith("size-"));
  assert.ok(sizes.length >= names.length - 2, told(outcome));
  for (const { id, value, error } of sizes)
    assert.equal(value, id === "size-ok" ? 4 : 2, `${id} ${error?.message}`);
  const refused = metrics.filter(({ error }) => error?.code === "GROUP_DIRECTORY");
  assert.ok(refused.length > 5, told(outcome));
});

test("directories are those that patterns name, and none below", (t) => {
  const project = new Project(t, {
    "a/x/src/deep/f": "",
    "a/y/f": "",
    "a/.hidden/f": "",
    "a/ignored/f": "",
    "b/x/f": "",
    "a/file": "",
    ".gitignore": "ignored\n",
  });
  /** @type {[string[], string[]][]} */
  const cases = [
    [["a/*"], ["a/x", "a/y"]],
    [["a/*/"], ["a/x", "a/y"]],
    [["{a,b}/*"], ["a/x", "a/y", "b/x"]],
    [["a/*", "b/*", "!**/x"], ["a/y"]],
    [["a/*/src"], ["a/x/src"]],
    [["a/x", "a/none", "a/file"], ["a/x"]],
    [["**/src"], ["a/x/src"]],
    [["a/**"], ["a/x", "a/x/src", "a/x/src/deep", "a/y"]],
    [["none/*"], []],
    [["a/ignored"], ["a/ignored"]],
  ];
  for (const [patterns, expected] of cases) {
    assert.deepEqual(directories(patterns, { cwd: project.directory }), expected, patterns.join(" "));
  }
  for (const name of ["*", "[xy]"]) project.write(`b/${name}/f`, "");
  assert.deepEqual(directories(["b/*"], { cwd: project.directory }), ["b/*", "b/[xy]", "b/x"]);
  assert.deepEqual(directories(["b/*", "!b/[xy]"], { cwd: project.directory }), ["b/*"]);
  assert.deepEqual(directories(["../*"], { cwd: path.join(project.directory, "a") }), [".", "../b"]);
});
