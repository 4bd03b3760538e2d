// What lies on disk: patterns, rules of .gitignore, archives, and what artifacts hold beside the history.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { expand, matcher } from "../../../../js/files/globs.js";
import { IgnoreRules } from "../../../../js/files/ignored.js";
import { packHistory, unpackHistory } from "../../../../js/storage/artifact/archive.js";
import { decodeLineage, encodeLineage, LINEAGE_ENTRY } from "../../../../js/storage/artifact/lineage.js";
import { pack, unpack } from "../../../../js/storage/artifact/zip.js";
import { readMarks } from "../../../../js/storage/marks.js";
import { altered, damaged } from "../random.js";
import { attempt, attempted } from "../rules.js";

const PATTERNS = [
  "src/**",
  "!src/gen/**",
  "*.{js,ts}",
  "a/[b-d]?/**/x",
  "@(a|b)/*",
  "app/(auth)/[id]/page.tsx",
  "**/*.test.js",
  "docs/",
  ".",
  "a\\*b",
  "!(x)/y",
];
const PATHS = [
  "src/a.js",
  "src/gen/b.ts",
  ".hidden/x",
  "a/c1/d/e/x",
  "app/(auth)/[id]/page.tsx",
  "docs/a.md",
  "a*b",
  "A/B",
  "x".repeat(200),
  "a/".repeat(60) + "x",
];
const RULES = [
  "*.log",
  "!keep.log",
  "/build/",
  "a/**/b",
  "**/x",
  "\\#a",
  "\\!b",
  "c[0-9]",
  "d\\ ",
  "e/*",
  "# c",
  "foo/",
  "*.[oa]",
];
const GLOB_WORDS = [
  "*",
  "**",
  "?",
  "[",
  "]",
  "[!a]",
  "[[:alpha:]]",
  "{",
  "}",
  "{a,b}",
  "{1..9}",
  "(",
  ")",
  "|",
  "@(",
  "+(",
  "!(",
  "*(",
  "\\",
  "/",
  "!",
  "..",
  "./",
  "a",
  "[a-z]",
  "\n",
];

/** A place of this thread's own, with a few files to be found. */
const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-fuzz-")));
process.on("exit", () => fs.rmSync(folder, { recursive: true, force: true }));
for (const name of ["src/a.js", "src/gen/b.ts", ".hidden/x", "docs/a.md", "app/(auth)/[id]/page.tsx"]) {
  fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  fs.writeFileSync(path.join(folder, name), "x\n");
}
fs.mkdirSync(path.join(folder, ".git"));

const sha256 = (/** @type {Uint8Array} */ bytes) => createHash("sha256").update(bytes).digest("hex");
const CONTENT = Buffer.from("SQLite format 3\0 and so on ".repeat(20));
const LINEAGE = {
  scope: "o/r name",
  branches: ["main"],
  floor: 3,
  ids: [5, 9],
  sha256: sha256(CONTENT),
  builds: 2,
};
const ARCHIVES = await Promise.all([
  pack({ "a.db": CONTENT }, 0),
  pack({ "a.db": CONTENT, [LINEAGE_ENTRY]: encodeLineage(LINEAGE) }, 1e12),
  pack({ "b/c.txt": Buffer.from("x"), "a.db": Buffer.alloc(4096), empty: Buffer.alloc(0) }, 0),
  packHistory(
    CONTENT,
    "a.db",
    /** @type {any} */ ({ lineage: (/** @type {any} */ facts) => ({ ...LINEAGE, ...facts, builds: 2 }) }),
    { heldUpTo: 3, builds: 2, time: 0 },
  ).then(({ archive }) => archive),
]);
/** Signatures and flags of archives. */
const ZIP_WORDS = [
  "PK\x03\x04",
  "PK\x01\x02",
  "PK\x05\x06",
  "PK\x06\x06",
  "PK\x06\x07",
  "\xff\xff\xff\xff",
  "a.db",
  "../a.db",
  "/a.db",
  "C:\\a.db",
  "\x00\x00\x00\x00",
  "\x01\x00",
  "\x63\x00",
];

/** @param {import("../random.js").Random} random @param {readonly string[]} sound */
const patterns = (random, sound) =>
  Array.from({ length: 1 + random.below(4) }, () =>
    // A list of patterns is at most so long as a configuration lets it be.
    damaged(random, Buffer.from(random.one(sound)), { words: GLOB_WORDS })
      .toString()
      .slice(0, 1024),
  );

/** @type {Record<string, import("../targets.js").Target>} */
export const fileTargets = {
  globs: {
    what: "lists of patterns, over paths and over files",
    generate: (random) =>
      Buffer.from(
        JSON.stringify({
          patterns: patterns(random, PATTERNS),
          exclude: random.rarely(2) ? patterns(random, PATTERNS) : [],
          paths: [...PATHS, ...patterns(random, PATHS)],
        }),
      ),
    run(input) {
      const { patterns, exclude, paths } = JSON.parse(input.toString());
      const codes = ["COLLECTOR_MISSING", "FILE_NOT_REGULAR", "FILE_NAME_TOO_LONG", "FILE_NOT_DIRECTORY"];
      const isSource = attempt(codes, () => matcher(patterns, { cwd: folder }));
      // No file is called nothing.
      for (const each of isSource ? paths.filter((/** @type {string} */ one) => one !== "") : []) {
        const isOne = isSource?.(each);
        assert.equal(typeof isOne, "boolean");
        // On Windows a path from the root has another spelling for what no file's name can hold.
        if (process.platform === "win32") continue;
        assert.equal(isSource?.(path.resolve(folder, each)), isOne, "a path and the same from the root");
      }
      // Only the folder is walked: the machine's other files are not the same everywhere.
      // A backslash keeps a dot and a slash what they are.
      const plain = patterns.map((/** @type {string} */ each) => each.replaceAll("\\", ""));
      if (plain.some((/** @type {string} */ each) => /^!?\/|(?:^|\/|!)\.\.(?:\/|$)/.test(each))) return;
      const found = attempt(codes, () => expand(patterns, { cwd: folder, exclude, ignoreFiles: true }));
      if (!found) return;
      assert.equal(new Set(found.files).size, found.files.length);
      // An alternative can lead out of it too, to files that others remove meanwhile.
      for (const file of found.files.filter((each) => !each.startsWith("../")))
        assert.ok(fs.existsSync(path.resolve(folder, file)), file);
    },
  },

  ignore: {
    what: "files of rules for git",
    generate: (random) =>
      damaged(
        random,
        Buffer.from(Array.from({ length: 1 + random.below(6) }, () => random.one(RULES)).join("\n")),
        {
          words: [...GLOB_WORDS, "#", " ", "\r"],
        },
      ).subarray(0, 8192),
    run(input) {
      const file = path.join(folder, "rules");
      fs.writeFileSync(file, input);
      for (const below of ["", "src/", "a b/[c]/"]) {
        const rules = IgnoreRules.none().and(file, below);
        for (const each of ["a.log", "build/", "src/a.js", "src/gen/", "a b/[c]/x", "d ", ".hidden/x"]) {
          assert.equal(typeof rules.ignores(each), "boolean");
          assert.equal(rules.ignores(each), rules.ignores(each));
        }
      }
    },
  },

  zip: {
    what: "archives",
    generate: (random) => damaged(random, random.one(ARCHIVES), { words: ZIP_WORDS, others: ARCHIVES }),
    async run(input) {
      /** @type {Record<string, number>} */
      const limits = { "a.db": 8192, [LINEAGE_ENTRY]: 4096 };
      try {
        const { entries, names } = await unpack(input, limits);
        for (const [name, bytes] of entries) {
          assert.ok(names.includes(name));
          assert.ok(bytes.length <= limits[name], `${bytes.length} bytes`);
        }
        const again = await unpack(await pack(Object.fromEntries(entries), 0), limits);
        for (const [name, bytes] of entries) assert.deepEqual(again.entries.get(name), bytes);
      } catch (thrown) {
        const { problem, message } = /** @type {Error & {problem?: string}} */ (thrown);
        assert.ok(["damaged", "unsafe", "too-large", "encrypted"].includes(problem ?? ""), `${thrown}`);
        assert.notEqual(message, "");
      }
    },
  },

  archive: {
    what: "artifacts with a history and its lineage",
    generate: (random) => damaged(random, random.one(ARCHIVES), { words: ZIP_WORDS, others: ARCHIVES }),
    async run(input) {
      const place = { entry: "a.db", doing: "could not read artifact 10", id: 10 };
      const read = await attempted(["ARTIFACT_DAMAGED", "ARTIFACT_FOREIGN", "HISTORY_TOO_LARGE"], () =>
        unpackHistory(input, place),
      );
      if (read?.lineage) {
        assert.equal(read.lineage.sha256, sha256(read.bytes), "a history that is not the lineage's");
        assert.ok(
          [...read.lineage.ids, read.lineage.floor].every((id) => id < 10),
          "it holds what is not older",
        );
      }
    },
  },

  lineage: {
    what: "lineages of artifacts, and marks of pending builds",
    generate: (random) => {
      const text = JSON.stringify(altered(random, JSON.parse(encodeLineage(LINEAGE).toString())));
      return random.rarely(2) ? damaged(random, Buffer.from(text)) : Buffer.from(text);
    },
    run(input) {
      readMarks(input.toString("latin1"), "salt");
      let lineage;
      try {
        lineage = decodeLineage(input, 10);
      } catch (thrown) {
        assert.ok(
          thrown instanceof Error && thrown.message !== "" && !(thrown instanceof TypeError),
          `${thrown}`,
        );
        return;
      }
      if (!lineage) return;
      assert.ok(Math.max(lineage.floor, ...lineage.ids) < 10);
      // JSON prints -0 as 0, which is the same number.
      const plain = JSON.parse(JSON.stringify(lineage));
      assert.deepEqual(decodeLineage(encodeLineage(lineage), 10), plain, "printed and read again");
    },
  },
};
