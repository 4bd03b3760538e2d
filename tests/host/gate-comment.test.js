// The gate's comment and job summary through the shipped engine, as whole texts: tests/fixtures/gate/comments.
// UNENTROPY_WRITE_SNAPSHOTS=1 writes what the engine says (support/snapshots.js).

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { gateComment, gateMarker, gateSummary } from "../../js/engine/engine.js";
import { judged } from "./support/gate-vectors.js";
import { ROOT } from "./support/project.js";
import { writeSnapshots } from "./support/snapshots.js";

const FOLDER = path.join(ROOT, "tests/fixtures/gate/comments");
/** @type {{name: string, vector: any, facts: import("../../js/engine/types.js").CommentFacts}[]} */
const CASES = JSON.parse(fs.readFileSync(path.join(FOLDER, "cases.json"), "utf8"));

/** @param {string} name @param {string} text */
function isStored(name, text) {
  const file = path.join(FOLDER, name);
  if (writeSnapshots) fs.writeFileSync(file, text);
  assert.equal(text, fs.readFileSync(file, "utf8"), name);
}

for (const { name, vector, facts } of CASES) {
  test(`the comment \`${name}\` reads as it is stored, and so does the summary`, () => {
    const outcome = judged(vector);
    const comment = gateComment(outcome, facts);
    isStored(`${name}.md`, comment);
    isStored(`${name}.summary.md`, gateSummary(outcome, facts));
    assert.ok(comment.startsWith(`${gateMarker(facts.marker)}\n`));
    assert.equal(gateComment(judged(vector), facts), comment);
  });
}

test("a comment is never longer than it may be, and loses whole rows only", () => {
  const { vector, facts } = CASES.find(({ name }) => name === "fifty") ?? assert.fail();
  const outcome = judged(vector);
  const whole = gateComment(outcome, { ...facts, maxCommentMetrics: 100, maxCommentCharacters: 65_536 });
  const lines = new Set(whole.split("\n"));
  const [marker, headline] = whole.split("\n");
  const least = marker.length + headline.length + 2;
  for (let limit = 1; limit < whole.length + 50; limit += 37) {
    const comment = gateComment(outcome, { ...facts, maxCommentMetrics: 100, maxCommentCharacters: limit });
    assert.ok(comment.length <= Math.max(limit, least), `${comment.length} of ${limit}`);
    const cut = comment.split("\n").filter((line) => !lines.has(line) && !line.startsWith("… "));
    assert.deepEqual(cut, [], `limit ${limit}`);
    const rows = comment.split("\n").filter((line) => /^\| (❌|✅|\D* ?Metric \d)/u.test(line)).length;
    const left = [...comment.matchAll(/^… (?:and )?(\d+)/gmu)].reduce(
      (sum, [, count]) => sum + Number(count),
      0,
    );
    if (comment.includes("…")) assert.ok(rows + left > 0);
  }
});
