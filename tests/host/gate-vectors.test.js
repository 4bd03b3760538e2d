// The quality gate's verdicts through the shipped wasm: the same vectors that tests/engine/gate.rs plays natively.

import assert from "node:assert/strict";
import test from "node:test";
import { judged, spokenOf, vectorFiles } from "./support/gate-vectors.js";

for (const { file, vectors } of vectorFiles()) {
  test(`the verdicts of ${file} hold in the shipped engine`, () => {
    for (const vector of vectors) {
      const outcome = judged(vector);
      assert.deepEqual(spokenOf(outcome, vector.expect), vector.expect, vector.name);
      const round = JSON.parse(JSON.stringify(outcome));
      assert.deepEqual(round, outcome, `${vector.name}: the outcome is plain JSON`);
    }
  });
}
