// Large reports on a thread with an engine of its own: the same numbers, one wish at a time, ended by a signal.

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { Reports } from "../../js/collect/reports.js";

/** @param {import("node:test").TestContext} t @param {{memory?: () => number}} [options] */
function place(t, options = {}) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-thread-"));
  const write = (/** @type {string} */ name, /** @type {string} */ text) =>
    fs.writeFileSync(path.join(directory, name), text);
  write("a.info", "TN:\nSF:a.js\nFN:1,f\nFNDA:1,f\nDA:1,1\nDA:2,0\nend_of_record\n");
  write("b.info", "TN:\nSF:b.js\nDA:1,1\nDA:2,1\nend_of_record\n");
  write("bad.info", "TN:\nSF:b.js\nDA:x\n");
  const where = { directory, sources: ["*.js"] };
  const [here, apart] = [new Reports(where), new Reports(where, { apartFrom: 0, ...options })];
  t.after(() => {
    here.free();
    apart.free();
    fs.rmSync(directory, { recursive: true, force: true });
  });
  return { here, apart };
}

/** @param {string[]} names @param {"line" | "function"} of */
const wish = (names, of = "line") => ({
  names,
  measure: /** @type {const} */ ({ kind: "coverage", of, format: null, fallback: null }),
  missing: [],
});

test("a thread gives the numbers that this one gives, also to several at once", async (t) => {
  const { here, apart } = place(t);
  const wishes = [
    wish(["a.info"]),
    wish(["a.info"], "function"),
    wish(["b.info"]),
    wish(["a.info", "b.info"]),
  ];
  const expected = [];
  for (const each of wishes) expected.push(await here.measure(each));
  assert.deepEqual(
    expected.map(({ value }) => value),
    [50, 100, 100, 75],
  );
  assert.deepEqual(await Promise.all(wishes.map((each) => apart.measure(each))), expected);
});

test("what is wrong with a file is said in the same words", async (t) => {
  const { here, apart } = place(t);
  for (const each of [wish(["bad.info"]), wish(["b.info"], "function")]) {
    const [own, other] = await Promise.all(
      [here, apart].map((reports) => reports.measure(each).catch((failure) => ({ ...failure.toJSON() }))),
    );
    assert.deepEqual(other, own);
  }
});

test("a signal ends it with its reason, and the next wish is answered", async (t) => {
  const { apart } = place(t);
  const abort = new AbortController();
  const reason = new Error("enough");
  const measuring = apart.measure(wish(["a.info"]), abort.signal);
  abort.abort(reason);
  await assert.rejects(measuring, (thrown) => thrown === reason);
  await assert.rejects(apart.measure(wish(["a.info"]), abort.signal), (thrown) => thrown === reason);
  assert.equal((await apart.measure(wish(["a.info"]))).value, 50);
});

test("more than the memory takes is refused before it is read", async (t) => {
  const { apart } = place(t, { memory: () => 100 });
  await assert.rejects(apart.measure(wish(["a.info", "b.info"])), (/** @type {any} */ failure) => {
    assert.equal(failure.code, "FILE_TOO_LARGE");
    assert.match(failure.message, /`a\.info`: the reports together take up to 1 MB of memory, 1 MB are free/);
    return true;
  });
});
