// The documents of the house against the tree: the map and the floors of ARCHITECTURE.md, and the paths that documents and
// the repository's settings name.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { ENGINE, SHIM } from "../../tools/arrows.js";
import { ROOT } from "./support/project.js";

const read = (/** @type {string} */ file) => fs.readFileSync(path.join(ROOT, file), "utf8");
const exists = (/** @type {string} */ file) => fs.existsSync(path.join(ROOT, file));
const architecture = read("ARCHITECTURE.md");

/** @param {string} title @returns {string[]} the lines of the section's indented blocks */
function blockLines(title) {
  const section = architecture.split(`\n## ${title}\n`)[1]?.split("\n## ")[0] ?? "";
  return section.split("\n").flatMap((line) => (line.startsWith("    ") ? [line.slice(4)] : []));
}

/**
 * Every path of the map. A line is indented by its depth, names one or more files or folders, then, two spaces further on, says
 * what they are for; a line indented further than any name goes on with what the one before it says.
 * @returns {string[]}
 */
function mapped() {
  /** @type {string[]} the folders that the line is in, by depth */
  const folders = [];
  return blockLines("Rooms").flatMap((line) => {
    const [, indent, names] = /^( *)(\S+(?: \S+)*)/.exec(line) ?? [];
    const depth = (indent ?? "").length / 2;
    if (names === undefined || depth > 6) return [];
    assert.ok(Number.isInteger(depth) && depth <= folders.length, `the indentation of: ${line}`);
    folders.length = depth;
    const paths = names.split(" ").map((name) => path.posix.join(...folders, name));
    if (names.endsWith("/")) folders.push(names);
    return paths;
  });
}

test("every room and file that the map names exists, and every room is named", () => {
  const paths = mapped();
  assert.ok(paths.length > 100, `read ${paths.length} paths`);
  assert.deepEqual(
    paths.filter((file) => !exists(file)),
    [],
  );
  const named = new Set(paths.map((file) => file.replace(/\/$/, "")));
  for (const folder of ["js", "src", "tests"]) {
    // A module of the engine is a file beside a folder of the same name: either stands for both.
    const rooms = fs.readdirSync(path.join(ROOT, folder)).map((name) => `${folder}/${name}`);
    const missing = rooms.filter((room) => {
      const other = room.endsWith(".rs") ? room.slice(0, -".rs".length) : `${room}.rs`;
      return !named.has(room) && !(folder === "src" && named.has(other));
    });
    assert.deepEqual(missing, [], `rooms of ${folder}/ that ARCHITECTURE.md does not name`);
  }
});

test("the drawing has the floors of tools/arrows.js", () => {
  const [, ...drawings] = blockLines("Floors").join("\n").split("┌");
  assert.equal(drawings.length, 2);
  for (const [n, { folder, floors }] of [SHIM, ENGINE].entries()) {
    const drawn = [...drawings[n].matchAll(/^│ (.+?) +│/gm)].map(([, rooms]) => rooms.split(/ +/));
    const built = floors
      .map((rooms) =>
        rooms.filter((room) =>
          ["", ".js", ".d.ts", ".rs"].some((ending) => exists(`${folder}/${room}${ending}`)),
        ),
      )
      .filter((rooms) => rooms.length > 0);
    assert.deepEqual(drawn, built, `the floors of ${folder}/`);
  }
});

test("every path of this repository that a document or a setting names exists", () => {
  const tracked = execFileSync("git", ["ls-files", "*.md", ".github"], { cwd: ROOT, encoding: "utf8" });
  /** @type {string[]} */
  const missing = [];
  let count = 0;
  for (const document of tracked.split("\n").filter((file) => /\.(?:md|ya?ml)$|CODEOWNERS$/.test(file))) {
    // What was true when it was written, and what is about another folder.
    if (document === "CHANGELOG.md" || document.startsWith("fuzz/")) continue;
    const named =
      /(?<![\w./-])\/?((?:js|src|page|templates|tests|tools|fuzz|docs)\/[\w./-]*\w\/?)(?![\w*<])/g;
    for (const [, file] of read(document).matchAll(named)) {
      count += 1;
      // A recipe's new file, and what git ignores.
      if (/\bNAME\b|^fuzz\/artifacts/.test(file)) continue;
      if (!exists(file)) missing.push(`${document}: ${file}`);
    }
  }
  assert.ok(count > 50, `read ${count} paths`);
  assert.deepEqual(missing, []);
});
