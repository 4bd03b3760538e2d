// `unentropy badge`: pictures and data of one metric, as the shipped command line makes them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { XMLValidator } from "fast-xml-parser";
import { Storage } from "../../dist/index.js";
import { Project } from "./support/project.js";

const CONFIG = {
  metrics: {
    coverage: { type: "numeric", unit: "percent", name: 'Lines <b>&"covered"</b>', command: "echo 1" },
    size: { type: "numeric", unit: "bytes", command: "echo 1" },
    runtime: { type: "label", command: "echo x" },
    later: { type: "numeric", command: "echo 1" },
  },
  qualityGate: { thresholds: [{ metric: "coverage", mode: "min", target: 80 }] },
};

/** @param {import("node:test").TestContext} t */
async function recorded(t) {
  const project = new Project(t).config(CONFIG);
  const storage = new Storage({ type: "sqlite-local", path: project.path("unentropy.db") });
  await storage.ready();
  const repository = storage.getRepository();
  for (const [index, [branch, coverage, size]] of /** @type {[string, number, number][]} */ ([
    ["main", 79, 4096],
    ["main", 83.41, 2048],
    ["next", 12, 9999],
    ["next", 13, 9999],
    ["next", 14, 9999],
  ]).entries()) {
    repository.recordBuild(
      {
        commitSha: String(index).repeat(40),
        branch,
        runId: String(index),
        runNumber: index,
        eventName: "push",
        timestamp: `2026-01-0${index + 1}T00:00:00Z`,
      },
      [
        { metric: { id: "coverage", type: "numeric", unit: "percent" }, value: coverage },
        { metric: { id: "size", type: "numeric", unit: "bytes" }, value: size },
        { metric: { id: "runtime", type: "label" }, value: "</title><script>hit()</script>" },
      ],
    );
  }
  await storage.persist();
  await storage.close();
  return project;
}

test("the endpoint's data has the latest value of the repository's branch", async (t) => {
  const project = await recorded(t);
  /** @type {[string[], object][]} */
  const cases = [
    [["coverage"], { label: 'Lines <b>&"covered"</b>', message: "83.4%", color: "1a6b3c" }],
    [
      ["coverage", "--branch", "next"],
      { label: 'Lines <b>&"covered"</b>', message: "14.0%", color: "b3261e" },
    ],
    [["size", "--label", "bundle"], { label: "bundle", message: "2 KB", color: "1a6b3c" }],
    [["runtime"], { label: "runtime", message: "</title><script>hit()</script>", color: "2459c9" }],
    [["later"], { label: "later", message: "no data", color: "59636e" }],
    [["size", "--branch", "gone"], { label: "size", message: "no data", color: "59636e" }],
  ];
  for (const [args, expected] of cases) {
    const { code, stdout, stderr } = await project.run(["badge", ...args, "--format", "json"]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), { schemaVersion: 1, ...expected }, args.join(" "));
  }
});

test("pictures are XML that says what they show, and hold no markup of others", async (t) => {
  const project = await recorded(t);
  for (const metric of ["coverage", "size", "runtime", "later"]) {
    for (const kind of [[], ["--trend"]]) {
      const { code, stdout } = await project.run(["badge", metric, ...kind]);
      assert.equal(code, 0);
      assert.equal(XMLValidator.validate(stdout), true, stdout);
      assert.match(stdout, /^<svg [^>]*role="img" aria-label="[^"]+: [^"]+"><title>[^<]+<\/title>/);
      assert.doesNotMatch(stdout, /<(script|b)>/);
      assert.equal(
        (await project.run(["badge", metric, ...kind], { env: { TZ: "Asia/Tokyo", LANG: "de_DE.UTF-8" } }))
          .stdout,
        stdout,
      );
    }
  }
});

test("a badge is written where it is asked for, and what is asked for in vain is said", async (t) => {
  const project = await recorded(t);
  const written = await project.run(["badge", "size", "-o", "out/size.svg", "--json"]);
  assert.deepEqual(JSON.parse(written.stdout), { success: true, metric: "size", path: "out/size.svg" });
  assert.equal(project.read("out/size.svg").toString(), (await project.run(["badge", "size"])).stdout);
  /** @type {[string[], number, RegExp][]} */
  const cases = [
    [["badge"], 2, /`badge` needs a metric/],
    [["badge", "siez"], 2, /there is no metric `siez`\n {2}Did you mean `size`\?/],
    [["badge", "size", "--format", "png"], 2, /`--format` is `png`, expected `svg` or `json`/],
    [["badge", "size", "--trend", "--format", "json"], 2, /`--trend` is an image/],
    [["badge", "size", "--db", "none.db"], 3, /HISTORY_MISSING/],
    [["badge", "size", "-o", "unentropy.json/x.svg"], 1, /could not write the badge/],
  ];
  for (const [args, code, message] of cases) {
    const outcome = await project.run(args);
    assert.match(outcome.stderr, message);
    assert.equal(outcome.code, code, args.join(" "));
  }
});
