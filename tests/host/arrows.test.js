// The lint of arrows between rooms: it refuses what climbs and what is not listed, and its lists are true of this tree.

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import test from "node:test";
import { ENGINE, SHIM, wrongArrows } from "../../tools/arrows.js";

/**
 * @param {import("node:test").TestContext} t
 * @param {Record<string, string>} files
 */
function tree(t, files) {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-arrows-"));
  t.after(() => fs.rmSync(root, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    fs.writeFileSync(path.join(root, name), text);
  }
  return root;
}

/** A house of three rooms, of which the first may import the others. @param {Partial<typeof SHIM>} [other] */
const house = (other) => ({
  ...SHIM,
  floors: [["face"], ["run"], ["files"]],
  arrows: { face: ["run"], run: ["files"] },
  ...other,
});

const SOUND = {
  "js/face/main.js": 'import { go } from "../run/go.js";\n',
  "js/run/go.js": 'import { read } from "../files/read.js";\nimport "./beside.js";\n',
  "js/files/read.js": 'import fs from "node:fs";\n',
};

test("arrows that go down as listed are accepted", (t) => {
  assert.deepEqual(wrongArrows(tree(t, SOUND), house()), []);
});

test("an arrow that climbs is refused with its line, however it is written", (t) => {
  for (const text of [
    'import { go } from "../run/go.js";',
    'export { go } from "../run/go.js";',
    'const { go } = await import("../run/go.js");',
    'import "../run/go.js";',
    '/** @import { Go } from "../run/go.js" */',
    '/** @param {import("../run/go.js").Go} go */',
  ]) {
    const root = tree(t, { ...SOUND, "js/files/read.js": `// A comment.\n${text}\n` });
    assert.deepEqual(wrongArrows(root, house()), ["js/files/read.js:2: the arrow files -> run climbs"], text);
  }
});

test("an arrow that skips a list, a room on no floor and an entry without an arrow are refused", (t) => {
  const root = tree(t, {
    ...SOUND,
    "js/face/main.js": 'import "../run/go.js";\nimport "../files/read.js";\n',
    "js/attic/a.js": "",
    "js/run/go.js": "",
  });
  assert.deepEqual(wrongArrows(root, house()), [
    "js/attic/a.js: the room `attic` is on no floor of tools/arrows.js",
    "js/face/main.js:2: the arrow face -> files is not in tools/arrows.js",
    "tools/arrows.js: nothing imports along run -> files",
  ]);
});

test("no list may climb or go in a circle", (t) => {
  const root = tree(t, SOUND);
  assert.deepEqual(wrongArrows(root, house({ arrows: { run: ["face"], face: [] } })).slice(0, 1), [
    "tools/arrows.js allows run -> face, which climbs",
  ]);
  const floors = [["face", "run"], ["files"]];
  const arrows = { face: ["run"], run: ["face", "files"] };
  assert.ok(
    wrongArrows(root, house({ floors, arrows })).includes(
      "tools/arrows.js allows a circle: face -> run -> face",
    ),
  );
});

test("the engine's modules are read as Rust names them", (t) => {
  const engine = {
    ...ENGINE,
    floors: [["gate"], ["history", "text"]],
    arrows: { gate: ["history", "text"] },
  };
  const sound = {
    "src/gate.rs":
      "use crate::history::{Build, query::{self, Filter}};\nuse crate::{history::columns, text};\n// crate::gate\n",
    "src/history.rs": "",
    "src/text.rs": "#[cfg(test)]\nmod tests {\n    use crate::gate;\n}\n",
  };
  assert.deepEqual(wrongArrows(tree(t, sound), engine), []);
  const climbing = { ...sound, "src/history/query.rs": "\nfn a() { crate::gate::judge() }\n" };
  assert.deepEqual(wrongArrows(tree(t, climbing), engine), [
    "src/history/query.rs:2: the arrow history -> gate climbs",
  ]);
});
