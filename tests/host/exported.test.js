// Every exported item of js/ has a sentence that says what it is.

import assert from "node:assert/strict";
import test from "node:test";
import { missingSentences, withoutSentence } from "../../tools/exported.js";
import { ROOT } from "./support/project.js";

test("exported items of js/ have a sentence", () => {
  assert.deepEqual(missingSentences(ROOT, "js"), []);
});

test("types, tags and another item's comment are no sentence", () => {
  const names = (/** @type {string} */ text) => withoutSentence(text).map(({ name }) => name);
  assert.deepEqual(names("/** Counts things. @param {number} n */\nexport function a(n) {}\n"), []);
  assert.deepEqual(
    names("/**\n * Counts things.\n *\n * @param {number} n\n */\nexport const a = (n) => n;\n"),
    [],
  );
  assert.deepEqual(names("/** @param {number} n */\nexport async function a(n) {}\n"), ["a"]);
  assert.deepEqual(names("/**\n * @param {number} n how many there are\n */\nexport class A {}\n"), ["A"]);
  assert.deepEqual(names("/** Counts things. */\nexport const a = 1;\nexport const b = 2;\n"), ["b"]);
  assert.deepEqual(names("/** Counts things. */\n\nexport const a = 1;\n"), ["a"]);
});
