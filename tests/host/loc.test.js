// Counting lines from real files through the real engine: buffers that grow, files that cannot be
// read, and threads that share the work. How lines are told apart is tested in Rust.

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { countLines } from "../../js/collect/lines.js";
import { openLineCounter, parsersModule } from "../../js/engine/parsers.js";

/** @type {string} */
let directory;
before(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), "loc-"));
});
after(() => fs.rmSync(directory, { recursive: true, force: true }));

/**
 * Writes files and counts them: totals over all languages, and what was skipped by file name.
 * @param {Record<string, string | Uint8Array | null>} contents null: not written
 * @param {{ only?: number, threads?: number }} [options]
 */
async function counted(contents, options = {}) {
  const files = Object.entries(contents).map(([name, content]) => {
    const file = path.join(directory, name);
    fs.rmSync(file, { force: true });
    if (content !== null) fs.writeFileSync(file, content);
    return file;
  });
  const result = await countLines(files, { open: openLineCounter, module: parsersModule, ...options });
  const totals = [0, 0, 0, 0];
  for (let at = 0; at < result.numbers.length; at += 5) {
    for (let n = 0; n < 4; n++) totals[n] += result.numbers[at + 1 + n];
  }
  const [number, code, comments, blanks] = totals;
  const skipped = Object.fromEntries(result.skipped.map((file) => [path.basename(file.path), file.reason]));
  return { files: number, code, comments, blanks, skipped };
}

/** @param {string} name */
function languageOf(name) {
  const { counter, free } = openLineCounter();
  const [language] = counter.detect(`${name}\0`);
  free();
  return language;
}

test("files are counted by their names, others are passed over", async () => {
  const contents = {
    "a.rs": "fn a() {}\n\n// c\n",
    "b.py": "x = 1",
    "c.unheard-of": "x\n",
    "ü.c": "int x;\n",
  };
  assert.deepEqual(await counted(contents), { files: 3, code: 3, comments: 1, blanks: 1, skipped: {} });
});

test("no files are no lines", async () => {
  assert.deepEqual(await counted({}), { files: 0, code: 0, comments: 0, blanks: 0, skipped: {} });
});

test("a script without extension is known by its first line", async () => {
  const contents = { tool: "#!/bin/sh\necho\n", LICENSE: "text\n", empty: "" };
  assert.deepEqual(await counted(contents), { files: 1, code: 1, comments: 1, blanks: 0, skipped: {} });
});

test("one language alone is counted where one is asked for", async () => {
  const contents = { "a.rs": "a\n", "b.py": "b\n", tool: "#!/usr/bin/python3\nb\n", other: "#!/bin/sh\n" };
  const only = languageOf("x.py");
  assert.deepEqual(await counted(contents, { only }), {
    files: 2,
    code: 2,
    comments: 1,
    blanks: 0,
    skipped: {},
  });
});

test("files larger than the buffer are read whole", async () => {
  const line = "let x = 1;\n";
  const exact = "// ".padEnd((1 << 20) - 1, "x");
  const contents = {
    "large.rs": line.repeat(300_000),
    "small.rs": line,
    "exact.rs": `${exact}\n`,
    "utf16.rs": Buffer.from(`\ufeff${line.repeat(200_000)}`, "utf16le"),
    "after.rs": line,
  };
  const expected = { files: 5, code: 500_002, comments: 1, blanks: 0, skipped: {} };
  assert.deepEqual(await counted(contents), expected);
});

test("what cannot be counted is named with the reason", async () => {
  const contents = {
    "gone.rs": null,
    "binary.ts": Buffer.from([71, 0, 1, 2]),
    "broken.ipynb": "{}",
    "a.rs": "a\n",
  };
  const skipped = { "binary.ts": "binary", "broken.ipynb": "notebook", "gone.rs": "ENOENT" };
  assert.deepEqual(await counted(contents), { files: 1, code: 1, comments: 0, blanks: 0, skipped });
});

test("threads share the files and lose none", async () => {
  /** @type {Record<string, string | null>} */
  const contents = { "gone.rs": null };
  for (let n = 0; n < 5_000; n++) contents[`f${n}.js`] = `let x = ${n};\n`.repeat(n % 7);
  const alone = await counted(contents, { threads: 1 });
  assert.deepEqual(alone.skipped, { "gone.rs": "ENOENT" });
  assert.equal(alone.files, 5_000);
  assert.deepEqual(await counted(contents, { threads: 3 }), alone);
});
