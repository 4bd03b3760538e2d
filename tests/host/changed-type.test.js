// A metric that was a number and is a label now, or the reverse, fails alone: the others are recorded and judged. Real
// files and processes, through the shipped command line.

import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { Project, told } from "./support/project.js";

const IDENTITY = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"];
const TYPES = /** @type {const} */ (["numeric", "label"]);

/** @param {string} type of the metric `word` @param {object[]} [thresholds] */
const config = (type, thresholds = []) => ({
  metrics: {
    n: { type: "numeric", command: "cat value" },
    word: { type, command: "touch ran; echo 7" },
  },
  qualityGate: {
    mode: "hard",
    thresholds: [{ metric: "n", mode: "no-regression", tolerance: 0 }, ...thresholds],
  },
});

for (const [at, before] of TYPES.entries()) {
  const now = TYPES[1 - at];
  const message = `its type is ${now}, but the history holds ${before} values of \`word\``;
  const hint = `Give the metric another id, or set its \`type\` to \`${before}\` again.`;

  /** A repository whose metric was recorded as one type and is another now. @param {import("node:test").TestContext} t */
  const changed = async (t) => {
    const project = new Project(t, { value: "5", ".gitignore": "unentropy*\nran\n" });
    project.config(config(before));
    const first = await project.track();
    assert.equal(first.code, 0, told(first));
    project.git("add", "-A", "-f", "unentropy.json");
    project.git(...IDENTITY, "commit", "-q", "-m", "second");
    return project;
  };

  test(`track records the others where a ${before} metric is a ${now} one now`, async (t) => {
    const project = await changed(t);
    project.config(config(now));
    fs.rmSync(project.path("ran"));
    const { document, ...outcome } = await project.track();
    assert.equal(outcome.code, 0, told(outcome));
    const [n, word] = document.metrics;
    assert.deepEqual([n.status, word.status, word.value], ["ok", "failed", null]);
    assert.deepEqual(
      [word.error.code, word.error.message, word.error.hint],
      ["METRIC_TYPE_CHANGED", message, hint],
    );
    assert.deepEqual([document.metricsCollected, document.metricsFailed, document.totalBuilds], [1, 1, 2]);
    assert.equal(project.exists("ran"), false, "its command is not run for nothing");
    const shown = await project.run(["track"]);
    assert.match(shown.stderr, new RegExp(`✗ word .*${message}`));
  });

  test(`gate judges the others where a ${before} metric is a ${now} one now`, async (t) => {
    const project = await changed(t);
    project.config(config(now)).write("value", "4");
    const outcome = await project.run(["gate", "--reference-branch", "main", "--json"]);
    const { qualityGate, collection, error } = JSON.parse(outcome.stdout);
    assert.deepEqual([outcome.code, error.code, collection.failed], [5, "GATE_FAILED", 1], told(outcome));
    const [n, word] = qualityGate.metrics;
    assert.deepEqual([n.metric, n.status, n.baseline], ["n", "fail", 5]);
    assert.deepEqual([word.metric, word.status], ["word", "unknown"]);
    assert.match(word.problem, new RegExp(message));
  });
}

test("a threshold on a metric that is a number now fails as one whose value is missing", async (t) => {
  const project = new Project(t, { value: "5" });
  project.config(config("label"));
  await project.track();
  project.config(config("numeric", [{ metric: "word", mode: "min", target: 1 }]));
  const outcome = await project.run(["gate", "--reference-branch", "main", "--json"]);
  const { qualityGate } = JSON.parse(outcome.stdout);
  /** @type {{metric: string, status: string}[]} */
  const metrics = qualityGate.metrics;
  assert.deepEqual(
    metrics.map(({ metric, status }) => [metric, status]),
    [
      ["n", "pass"],
      ["word", "fail"],
    ],
  );
});
