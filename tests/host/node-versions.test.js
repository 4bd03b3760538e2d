// dist/ runs unchanged on every Node it promises: a whole run on each, on one history, with the same values. CI
// runs the complete suite on each of them; here other versions than the present one are fetched once, from npm.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { nodeOf } from "../../tools/node-versions.js";
import { Project } from "./support/project.js";

test("a run gives the same on Node 20, 22 and 24", { timeout: 900_000 }, async (t) => {
  const project = new Project(t, {
    "src/a.js": "let a = 1;\n// note\nlet b = 2;\n",
    "cov.info": "SF:src/a.js\nDA:1,1\nDA:3,0\nend_of_record\n",
  });
  project.config({
    metrics: {
      loc: { $ref: "loc", command: "@collect loc src" },
      size: { $ref: "size", command: "@collect size src --gzip" },
      coverage: { $ref: "coverage", command: "@collect coverage cov.info" },
      word: { type: "label", command: "echo stable" },
      broken: { type: "numeric", command: "echo 5%" },
    },
  });
  let builds = 0;
  let first;
  for (const major of [20, 22, 24]) {
    let node;
    try {
      node = nodeOf(major);
    } catch (error) {
      t.diagnostic(
        `NOT TESTED: Node ${major} cannot be fetched: ${/** @type {Error} */ (error).message.split("\n")[0]}`,
      );
      continue;
    }
    assert.match(execFileSync(node, ["--version"], { encoding: "utf8" }), new RegExp(`^v${major}\\.`));
    const outcome = await project.run(["track", "--json", "--run-id", `node-${major}`], { node });
    assert.equal(outcome.code, 0, `Node ${major}: ${outcome.stderr}`);
    assert.doesNotMatch(outcome.stderr, /warning/i, `Node ${major}`);
    const { metrics, totalBuilds } = JSON.parse(outcome.stdout);
    assert.equal(totalBuilds, ++builds);
    const values = metrics.map((/** @type {any} */ m) => [m.id, m.status, m.value, m.error?.message]);
    first ??= values;
    assert.deepEqual(values, first, `Node ${major}`);
    const usage = await project.run(["trak"], { node });
    assert.deepEqual([usage.code, /`track`/.test(usage.stderr)], [2, true], `Node ${major}`);
  }
  assert.ok(builds >= 1);
});
