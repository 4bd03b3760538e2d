// One `.gitignore`: the same answers as git's on odd rules, and no more comparisons than rules that may match.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { RuleList } from "../../js/files/rules.js";
import { walk } from "../../js/files/walk.js";

const posix = process.platform === "win32" ? { skip: "POSIX names" } : {};

/** @param {import("node:test").TestContext} t */
function repository(t) {
  const root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-rules-")));
  t.after(() => fs.rmSync(root, { recursive: true, force: true }));
  execFileSync("git", ["init", "-q", root]);
  return root;
}

test("odd rules mean what they mean to git, in random trees", posix, (t) => {
  let seed = 7;
  const below = (/** @type {number} */ n) => {
    seed = (seed * 48271) % 2147483647;
    return seed % n;
  };
  const pick = (/** @type {string[]} */ list) => list[below(list.length)];
  const name = () => pick(["a", "b", "c", "ab", "a.o", "b.o", ".x", "a b", "c[1]", "ab.tmp"]);
  const wild = [
    "*",
    "a*",
    "*.o",
    "?",
    "[ab]",
    "[!a]",
    "**",
    "*b*",
    "\\a",
    "a\\ b",
    "a**",
    "**b",
    "***",
    "x\\",
    "[a",
  ];
  const part = () => pick([name(), name(), "[[:alpha:]]", "ab.t?p", ...wild]);
  const parts = (/** @type {number} */ most, /** @type {() => string} */ of) =>
    Array.from({ length: 1 + below(most) }, of).join("/");
  const rule = () =>
    pick(["", "", "!"]) + pick(["", "", "/"]) + parts(3, part) + pick(["", "", "/", "  ", "\r"]);
  for (let round = 0; round < 25; round++) {
    const root = repository(t);
    for (let n = 0; n < 25; n++) {
      try {
        const file = path.join(root, parts(4, name));
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, "");
      } catch {
        // A file is in the way of a directory.
      }
    }
    for (const folder of ["", "a", "b", "a/b"]) {
      const place = path.join(root, folder);
      if (!fs.existsSync(place) || !fs.statSync(place).isDirectory()) continue;
      const rules = Array.from({ length: 1 + below(4) }, rule);
      fs.writeFileSync(path.join(root, folder, ".gitignore"), `${rules.join("\n")}\n`);
    }
    const git = execFileSync("git", ["-c", "core.excludesFile=", "ls-files", "-zo", "--exclude-standard"], {
      cwd: root,
      encoding: "utf8",
    });
    assert.deepEqual(walk(root, { ignoreFiles: true }).files, git.split("\0").filter(Boolean).sort(), root);
  }
});

/** @type {[what: string, rule: (n: number) => string][]} */
const MANY = [
  ["names", (n) => `name${n}`],
  ["endings", (n) => `*.x${n}`],
  ["paths", (n) => `/some/dir${n}/file`],
  ["beginnings", (n) => `gen${n}*.tmp`],
  ["depths", (n) => `**/foo${n}/bar`],
];

for (const [what, rule] of MANY) {
  test(`of 100,000 rules about ${what} a path is compared with those that may match`, () => {
    const list = new RuleList(Array.from({ length: 100_000 }, (_, n) => rule(n)).join("\n"));
    assert.equal(list.size, 100_000);
    for (let n = 0; n < 1_000; n++) assert.equal(list.decide(`src/part${n}/file${n}.js`, false), undefined);
    assert.equal(list.compared, 0);
    assert.equal(
      list.decide(
        rule(4321)
          .replace(/^\*\*\//, "x/")
          .replace(/^\//, "")
          .replace("*", ""),
        false,
      ),
      true,
    );
    assert.ok(list.compared <= 5, `${list.compared} compared`);
  });
}

test("a link or a pipe called .gitignore is no list of rules, which a warning says", posix, (t) => {
  const root = repository(t);
  fs.mkdirSync(path.join(root, "a/b"), { recursive: true });
  for (const file of ["a/x.js", "a/b/y.js", "rules"]) fs.writeFileSync(path.join(root, file), "*.js\n");
  fs.symlinkSync("rules", path.join(root, ".gitignore"));
  execFileSync("mkfifo", [path.join(root, "a/.gitignore")]);
  for (const start of ["", "a/b"]) {
    /** @type {any[]} */
    const warnings = [];
    const { files } = walk(path.join(root, start), {
      ignoreFiles: true,
      warn: (warning) => warnings.push(warning),
    });
    assert.deepEqual(
      files.filter((file) => file.endsWith(".js")),
      start === "" ? ["a/b/y.js", "a/x.js"] : ["y.js"],
    );
    assert.deepEqual(
      warnings.map(({ code, message }) => [code, /`([^`]+)`/.exec(message)?.[1]]),
      [path.join(root, ".gitignore"), path.join(root, "a/.gitignore")].map((file) => [
        "GITIGNORE_SKIPPED",
        file,
      ]),
    );
  }
});
