// The shim's and the shipped engine's fuzz targets (tests/host/fuzz), each for a fixed number of inputs of a fixed seed, and
// that the loop sees what it is there to see. `npm run fuzz` goes on for as long as it is told.

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import { tryTarget } from "./fuzz/loop.js";
import { altered, damaged, MOST_BYTES, Random } from "./fuzz/random.js";
import { TARGETS } from "./fuzz/targets.js";
import { effort } from "./support/effort.js";

const SEED = 20261128;
/** Inputs of a target: some seconds for all of them. Those of a socket take longer each. */
const ITERATIONS = effort({ quick: 60, full: 200 });
const SLOW = new Map([
  ["s3-client", effort({ quick: 20, full: 40 })],
  ["gate", effort({ quick: 40, full: 100 })],
]);

/** @param {import("node:test").TestContext} t */
function folderOf(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-fuzz-"));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe("inputs that chance made break no rule", () => {
  for (const [name, { what }] of Object.entries(TARGETS)) {
    test(`${name}: ${what}`, async (t) => {
      const iterations = SLOW.get(name) ?? ITERATIONS;
      const tried = await tryTarget(name, { seed: SEED, iterations, folder: folderOf(t) });
      const { found } = tried;
      const again = `npm run fuzz -- ${name} --seed ${SEED} --from ${found?.iteration} --iterations 1`;
      assert.equal(found, null, `${again}\n${found?.message}`);
      assert.equal(tried.iterations, iterations);
    });
  }
});

describe("the loop", () => {
  const targets = new URL("./fuzz/broken-targets.js", import.meta.url).href;

  test("keeps the input that broke a rule, and plays it again alone", async (t) => {
    const folder = folderOf(t);
    const first = await tryTarget("throws", { seed: 1, iterations: 1000, folder, targets });
    assert.ok(first.found);
    assert.match(first.found.message, /a seven/);
    assert.equal(fs.readFileSync(first.found.file)[0], 7);
    assert.equal(first.iterations, first.found.iteration);
    const from = first.found.iteration;
    const again = await tryTarget("throws", { seed: 1, from, iterations: 1, folder, targets });
    assert.deepEqual(again.found, first.found);
    const other = await tryTarget("throws", { seed: 1, from: from + 1, iterations: 0, folder, targets });
    assert.deepEqual([other.iterations, other.found], [0, null]);
  });

  test("ends a target that does not, and says where it was", async (t) => {
    const options = { seed: 1, iterations: 100, folder: folderOf(t), targets, hangMs: 4000 };
    const tried = await tryTarget("hangs", options);
    assert.ok(tried.found);
    assert.deepEqual([...fs.readFileSync(tried.found.file)], [3]);
    assert.equal(tried.iterations, tried.found.iteration);
    assert.match(tried.found.message, /no end after 4 s/);
  });

  test("hears of a target that takes the thread down, by a rejection or by its memory", async (t) => {
    const folder = folderOf(t);
    const rejects = await tryTarget("rejects", { seed: 1, iterations: 1, folder, targets });
    assert.match(rejects.found?.message ?? "", /left behind/);
    const hoards = await tryTarget("hoards", { seed: 1, iterations: 1, folder, targets, memoryMb: 48 });
    assert.match(hoards.found?.message ?? "", /memory/);
  });
});

test("one seed gives one input, whatever ran before, and inputs stay small", () => {
  const sound = Buffer.from("a line\nand 12 more\n".repeat(50));
  const made = (/** @type {number} */ n) => damaged(new Random(5, "x", n), sound, { words: ["word"] });
  for (let n = 0; n < 200; n += 1) {
    assert.deepEqual(made(n), made(n));
    assert.ok(made(n).length <= MOST_BYTES);
  }
  const others = new Set(Array.from({ length: 200 }, (_, n) => made(n).toString("latin1")));
  assert.ok(others.size > 150, `${others.size} different inputs of 200`);
  const document = { a: [1, "b", { c: null }], d: "e" };
  for (let n = 0; n < 200; n += 1) {
    assert.deepEqual(altered(new Random(5, "y", n), document), altered(new Random(5, "y", n), document));
  }
  assert.deepEqual(document, { a: [1, "b", { c: null }], d: "e" });
});
