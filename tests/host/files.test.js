/**
 * Facts about walking, matching and reading, established on real directories. What git ignores is asked of git.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { expand, matcher, nothingMatched, unmatchedOf } from "../../js/files/globs.js";
import { readBytes, readText } from "../../js/files/read.js";
import { walk } from "../../js/files/walk.js";

const WINDOWS = process.platform === "win32";
const ROOT = !WINDOWS && process.getuid?.() === 0;
const posix = WINDOWS ? { skip: "needs symbolic links and modes" } : {};
const top = realpathSync(mkdtempSync(join(tmpdir(), "unentropy-files-")));
after(() => rmSync(top, { recursive: true, force: true }));

let trees = 0;

/**
 * A directory with these files. Names that end in a slash are empty directories; content is `text` or, for a
 * value that starts with `->`, a symbolic link.
 *
 * @param {Record<string, string> | string[]} files
 * @returns {string}
 */
function tree(files) {
  const root = join(top, `tree${++trees}`);
  mkdirSync(root);
  const entries = Array.isArray(files) ? files.map((name) => [name, "x\n"]) : Object.entries(files);
  for (const [name, text] of /** @type {[string, string][]} */ (entries)) {
    const path = join(root, name);
    if (name.endsWith("/")) {
      mkdirSync(path, { recursive: true });
      continue;
    }
    mkdirSync(dirname(path), { recursive: true });
    if (text.startsWith("->")) symlinkSync(text.slice(2), path);
    else writeFileSync(path, text);
  }
  return root;
}

/**
 * Runs `body` as a user whom the modes of files bind: root is above them.
 *
 * @param {() => void} body
 */
const asOrdinaryUser = (body) => {
  if (!ROOT) return body();
  chmodSync(top, 0o755);
  process.seteuid?.(65534);
  try {
    body();
  } finally {
    process.seteuid?.(0);
  }
};

/** @param {string} code */
const failsWith = (code) => /** @param {unknown} thrown */ (thrown) => {
  assert.ok(thrown instanceof Error && "code" in thrown, String(thrown));
  assert.equal(thrown.code, code, thrown.message);
  return true;
};

describe("walking", () => {
  test("every file is listed, sorted, and .git is never entered", () => {
    const root = tree(["b/c.txt", "b.txt", ".hidden/x", ".git/config", "sub/.git", "a/", "sub/y"]);
    assert.deepEqual(walk(root).files, [".hidden/x", "b.txt", "b/c.txt", "sub/.git", "sub/y"]);
  });

  test("links to directories are not followed and each real file stands once", posix, () => {
    const root = tree({
      "real.txt": "x",
      "alias.txt": "->real.txt",
      "dir/f": "x",
      linked: "->dir",
      loop: "->.",
      dangling: "->nowhere",
      circle: "->circle",
      "outside.txt": `->${join(top, "outside")}`,
      "outside2.txt": `->${join(top, "outside")}`,
    });
    writeFileSync(join(top, "outside"), "x");
    const walked = walk(root);
    assert.deepEqual(walked.files, ["dir/f", "outside.txt", "real.txt"]);
    assert.deepEqual([...walked.links], [["outside.txt", join(top, "outside")]]);
  });

  test("a missing root is an error and not an empty tree", () => {
    assert.throws(() => walk(join(top, "absent")), failsWith("COLLECTOR_MISSING"));
  });

  test("a file is no tree", () => {
    assert.throws(() => walk(join(tree(["f"]), "f")), failsWith("FILE_NOT_DIRECTORY"));
  });

  test("a directory that may not be read is an error and not empty", posix, () => {
    const root = tree(["closed/f"]);
    chmodSync(join(root, "closed"), 0);
    asOrdinaryUser(() => assert.throws(() => walk(root), failsWith("FILE_DENIED")));
    chmodSync(join(root, "closed"), 0o755);
  });
});

describe("what git ignores", () => {
  /** @param {string} root */
  const asGit = (root) =>
    execFileSync("git", ["-c", "core.excludesFile=", "ls-files", "-zo", "--exclude-standard"], {
      cwd: root,
      env: { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" },
      encoding: "utf8",
    })
      .split("\0")
      .filter(Boolean)
      .sort();

  /** @param {Record<string, string> | string[]} files */
  const repository = (files) => {
    const root = tree(files);
    execFileSync("git", ["init", "-q", root]);
    return root;
  };

  test("rules of every level hold as git holds them", () => {
    const root = repository({
      ".gitignore": "*.log\r\n/build\nout\n# note\n\\#kept\n!keep.log\ndocs/*.txt\ntrailing  \n**/deep/x\n",
      "a.log": "",
      "keep.log": "",
      "#kept": "",
      "build/x": "",
      "sub/build/x": "",
      "docs/a.txt": "",
      "sub/docs/a.txt": "",
      trailing: "",
      "p/q/deep/x": "",
      "out/x": "",
      "sub/.gitignore": "!out\n*.md\n!special.log\n/only-here\n",
      "sub/out/x.js": "",
      "sub/out/y.md": "",
      "sub/special.log": "",
      "sub/only-here": "",
      "sub/more/only-here": "",
      "sub/more/.gitignore": "!*.md\n",
      "sub/more/z.md": "",
      "odd [x]/.gitignore": "inner\n!a.log\n",
      "odd [x]/inner": "",
      "odd [x]/a.log": "",
      "odd x/inner": "",
    });
    writeFileSync(join(root, ".git/info/exclude"), "private\n!sub/a.log\n");
    writeFileSync(join(root, "private"), "");
    writeFileSync(join(root, "sub/a.log"), "");
    assert.deepEqual(walk(root, { ignoreFiles: true }).files, asGit(root));
  });

  test("random trees with random rules agree with git", () => {
    let state = 20261120;
    /** @param {number} below */
    const random = (below) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    /** @type {<T>(list: T[]) => T} */
    const pick = (list) => /** @type {any} */ (list[random(list.length)]);
    const names = ["a", "b", "c", "ab", "a.x", "b.y"];
    const parts = ["a", "b", "c", "*", "a*", "*.x", "**", "?", "[ab]"];
    for (let round = 0; round < 25; round++) {
      /** @type {Record<string, string>} */
      const files = {};
      for (let n = 0; n < 40; n++) {
        const depth = 1 + random(4);
        files[
          Array.from({ length: depth }, () => pick(names))
            .map((name, i) => (i < depth - 1 ? `d${name}` : name))
            .join("/")
        ] = "";
      }
      const folders = ["", ...new Set(Object.keys(files).map((f) => dirname(f)))].filter((f) => f !== ".");
      for (let n = 0; n < 4; n++) {
        const rules = Array.from({ length: 1 + random(4) }, () => {
          const path = Array.from({ length: 1 + random(3) }, () =>
            random(2) ? `d${pick(parts)}`.replace("d**", "**") : pick(parts),
          );
          return (random(3) ? "" : "!") + (random(3) ? "" : "/") + path.join("/") + (random(4) ? "" : "/");
        });
        files[join(pick(folders), ".gitignore")] = `${rules.join("\n")}\n`;
      }
      const root = repository(files);
      assert.deepEqual(walk(root, { ignoreFiles: true }).files, asGit(root), JSON.stringify(files));
    }
  });

  test("rules above the root hold as well, up to the repository and no further", () => {
    const root = repository({
      ".gitignore": "*.log\n",
      "sub/a.log": "",
      "sub/b": "",
      "dist/x.log": "",
      "dist/y": "",
    });
    assert.deepEqual(walk(join(root, "sub"), { ignoreFiles: true }).files, ["b"]);
    const inner = join(root, "sub", "inner");
    mkdirSync(inner);
    writeFileSync(join(inner, "c.log"), "");
    execFileSync("git", ["init", "-q", inner]);
    assert.deepEqual(walk(inner, { ignoreFiles: true }).files, ["c.log"]);
  });

  test("a root that is ignored was named on purpose", () => {
    const root = repository({
      ".gitignore": "dist/\n",
      "dist/.gitignore": "*.tmp\n",
      "dist/x": "",
      "dist/y.tmp": "",
    });
    assert.deepEqual(walk(join(root, "dist"), { ignoreFiles: true }).files, [".gitignore", "x"]);
    /** @param {string[]} patterns */
    const named = (...patterns) => expand(patterns, { cwd: root, ignoreFiles: true });
    assert.deepEqual(named("dist").files, ["dist/.gitignore", "dist/x"]);
    assert.deepEqual(named(".", "dist").files, [".gitignore", "dist/.gitignore", "dist/x"]);
    assert.deepEqual(named("dist/y.tmp").files, ["dist/y.tmp"]);
    assert.deepEqual(named("dist/**"), {
      files: [],
      unmatched: ["dist/**"],
      empty: [],
      idle: [],
    });
    assert.deepEqual(expand(["dist/*"], { cwd: root }).files, ["dist/x", "dist/y.tmp"]);
  });

  test("a worktree shares the excludes of its repository", () => {
    const root = repository({ f: "" });
    const git = (/** @type {string[]} */ ...args) =>
      execFileSync("git", ["-c", "user.name=n", "-c", "user.email=e", ...args], { cwd: root, stdio: "pipe" });
    git("add", ".");
    git("commit", "-qm", "one");
    writeFileSync(join(root, ".git/info/exclude"), "private\n");
    const other = join(top, "worktree");
    git("worktree", "add", "-q", other);
    writeFileSync(join(other, "private"), "");
    assert.deepEqual(walk(other, { ignoreFiles: true }).files, [".git", "f"]);
  });

  test("without a repository the rules below the root hold alone", () => {
    const root = tree({
      ".gitignore": "sub\n",
      "inner/.gitignore": "x\n",
      "inner/x": "",
      "inner/y": "",
      "inner/sub": "",
    });
    assert.deepEqual(walk(join(root, "inner"), { ignoreFiles: true }).files, [".gitignore", "sub", "y"]);
  });
});

describe("patterns", () => {
  test("a file that is named outright takes nothing from the patterns that match it too", () => {
    const root = tree(["a.info", "b.xml", "sub/c.xml"]);
    for (const patterns of [
      ["a.info", "*.*"],
      ["*.*", "a.info"],
      ["a.info", "a.info", "*.*"],
    ]) {
      assert.deepEqual(expand(patterns, { cwd: root }).files, ["a.info", "b.xml"], patterns.join(" "));
    }
  });

  const FILES = [
    ".env.js",
    "a.js",
    "a.test.js",
    "app/(auth)/page.js",
    "app/[id]/page.js",
    "b.ts",
    "lib/.cache/c.js",
    "lib/d.js",
    "lib/d.test.js",
    "lib/deep/e.js",
    "node_modules/m/index.js",
    "packages/one/dist/.vite/m.json",
    "packages/one/dist/o.js",
    "packages/one/src/o.js",
    "packages/two/dist/t.js",
    "weird+name@2/f.js",
  ];
  const LIB = ["lib/.cache/c.js", "lib/d.js", "lib/d.test.js", "lib/deep/e.js"];
  const root = tree(FILES);
  /** @type {[string, string[], string[]][]} */
  const cases = [
    [
      "a bare directory is everything below it, dot files too",
      ["lib"],
      ["lib/.cache/c.js", "lib/d.js", "lib/d.test.js", "lib/deep/e.js"],
    ],
    [
      "a slash at its end changes nothing",
      ["lib/"],
      ["lib/.cache/c.js", "lib/d.js", "lib/d.test.js", "lib/deep/e.js"],
    ],
    ["a leading ./ changes nothing", ["./a.js"], ["a.js"]],
    ["the directory itself is everything", ["."], FILES],
    ["a star stays in its segment and away from dot files", ["*.js"], ["a.js", "a.test.js"]],
    ["a dot that is written is matched", [".*.js"], [".env.js"]],
    [
      "two stars span directories, none included",
      ["lib/**/*.js"],
      ["lib/d.js", "lib/d.test.js", "lib/deep/e.js"],
    ],
    ["braces are alternatives", ["{a,b}.{js,ts}"], ["a.js", "b.ts"]],
    [
      "braces may hold slashes",
      ["{lib/deep,app}/**"],
      ["app/(auth)/page.js", "app/[id]/page.js", "lib/deep/e.js"],
    ],
    ["an exclude takes away", ["*.js", "!*.test.js"], ["a.js"]],
    ["the last match wins", ["*.js", "!*.test.js", "a.test.js"], ["a.js", "a.test.js"]],
    ["an exclude reaches dot files", ["lib", "!**/*.js"], []],
    [
      "nothing but excludes starts from everything",
      ["!packages", "!node_modules/**", "!lib", "!*.*", "!app"],
      ["weird+name@2/f.js"],
    ],
    ["a star takes directories too, away from those with a dot", ["lib/*"], LIB.slice(1)],
    [
      "a pattern that matches directories is everything below them, dot files too",
      ["packages/*/dist"],
      ["packages/one/dist/.vite/m.json", "packages/one/dist/o.js", "packages/two/dist/t.js"],
    ],
    ["and at any depth", ["**/{deep,src}"], ["lib/deep/e.js", "packages/one/src/o.js"]],
    [
      "two stars and a star take no dot files at any depth",
      ["packages/**/*"],
      ["packages/one/dist/o.js", "packages/one/src/o.js", "packages/two/dist/t.js"],
    ],
    [
      "a file and a directory of one name are both taken",
      ["lib/d*"],
      ["lib/d.js", "lib/d.test.js", "lib/deep/e.js"],
    ],
    ["an exclude takes directories away", ["packages", "!packages/*/dist"], ["packages/one/src/o.js"]],
    ["everything excluded is nothing", ["**", "!**"], []],
    ["and so it is by a star", ["lib", "!*"], []],
    [
      "what is taken back from an excluded directory counts",
      ["!packages/*", "packages/*/src"],
      ["packages/one/src/o.js"],
    ],
    ["an empty alternative is no directory", ["packages/{two,}/dist"], ["packages/two/dist/t.js"]],
    ["an excluded directory can be taken back in part", ["lib", "!lib", "lib/deep"], ["lib/deep/e.js"]],
    ["a path that exists as written is taken as written", ["app/[id]/page.js"], ["app/[id]/page.js"]],
    ["parentheses without alternatives are a name", ["app/(auth)/*.js"], ["app/(auth)/page.js"]],
    ["parentheses after a wildcard are a name too", ["*/(auth)/*.js"], ["app/(auth)/page.js"]],
    [
      "alternatives in parentheses are alternatives",
      ["packages/@(one|two)/dist/?.js"],
      ["packages/one/dist/o.js", "packages/two/dist/t.js"],
    ],
    ["other signs are part of a name", ["weird+name@2"], ["weird+name@2/f.js"]],
    [
      "a glob with a final slash names directories, dot files below too",
      ["packages/*/dist/"],
      ["packages/one/dist/.vite/m.json", "packages/one/dist/o.js", "packages/two/dist/t.js"],
    ],
    [
      "an absolute pattern is taken",
      [`${root.replaceAll("\\", "/")}/lib/*.js`],
      ["lib/d.js", "lib/d.test.js"],
    ],
    [
      "several patterns give each file once",
      ["lib", "lib/d.js", "lib/*.js", "**/d.js"],
      ["lib/.cache/c.js", "lib/d.js", "lib/d.test.js", "lib/deep/e.js"],
    ],
  ];
  for (const [name, patterns, expected] of cases) {
    test(name, () => {
      assert.deepEqual(expand(patterns, { cwd: root }).files, expected);
      const belongs = matcher(patterns, { cwd: root });
      assert.deepEqual(
        FILES.filter((file) => belongs(file)),
        expected,
        "the matcher means the same",
      );
    });
  }

  if (!WINDOWS) {
    test("a backslash takes the meaning from a wildcard", () => {
      assert.deepEqual(expand(["app/\\[id\\]/*.js"], { cwd: root }).files, ["app/[id]/page.js"]);
    });
    test("links named outright are followed and give real files once", () => {
      const linked = tree({ "real/f": "x", link: "->real", alias: "->real/f" });
      assert.deepEqual(expand(["link"], { cwd: linked }).files, ["link/f"]);
      assert.deepEqual(expand(["real", "link", "alias"], { cwd: linked }).files.length, 1);
    });
  } else {
    test("a backslash separates", () => {
      assert.deepEqual(expand(["lib\\deep\\*.js"], { cwd: root }).files, ["lib/deep/e.js"]);
    });
  }

  test("paths above the directory are told from it", () => {
    const options = { cwd: join(root, "lib", "deep") };
    assert.deepEqual(expand(["../*.js"], options).files, ["../d.js", "../d.test.js"]);
    assert.deepEqual(expand(["../../packages/two"], options).files, ["../../packages/two/dist/t.js"]);
    assert.equal(matcher(["../*.js"], options)("../d.js"), true);
    assert.equal(matcher(["../*.js"], options)(join(root, "lib", "d.js")), true);
    assert.equal(matcher(["../*.js"], options)("./e.js"), false);
  });

  test("a pattern that matches no file is told, an exclude is not", () => {
    const patterns = ["*.js", "*.nope", "no/such/*.x", "packages/*.x", "!*.none", "!a.test.js"];
    const { files, unmatched, idle } = expand(patterns, { cwd: root });
    assert.deepEqual(files, ["a.js"]);
    assert.deepEqual(unmatched, ["*.nope", "no/such/*.x", "packages/*.x"]);
    assert.deepEqual(unmatchedOf(patterns, { cwd: root }), unmatched);
    assert.deepEqual(idle, ["!*.none"]);
    const covered = expand(["lib", "packages"], { cwd: root, exclude: ["packages/*"] });
    assert.deepEqual(covered.unmatched, [], "what is all left out was there");
    const failure = nothingMatched(unmatched);
    assert.equal(failure.code, "COLLECTOR_MISSING");
    assert.equal(failure.message, "no file matches `*.nope`, `no/such/*.x`, `packages/*.x`");
  });

  test("a path with a null character does not exist, and Node's own words are not repeated", () => {
    assert.throws(() => expand(["+\0"], { cwd: root }), {
      code: "COLLECTOR_MISSING",
      message: "could not find `+\0`: no file has a null character in its name",
    });
  });

  test("a pattern whose directory cannot be asked for is an error with a code", () => {
    const long = "a".repeat(300);
    assert.throws(() => expand([`${long}/*`], { cwd: root }), failsWith("FILE_NAME_TOO_LONG"));
    assert.deepEqual(expand(["a\0b/*"], { cwd: root }).unmatched, ["a\0b/*"]);
  });

  test("a path that does not exist is an error", () => {
    assert.throws(
      () => expand(["lib", "absent.js"], { cwd: root }),
      (thrown) => {
        assert.ok(failsWith("COLLECTOR_MISSING")(thrown));
        assert.match(String(thrown), /could not find `absent\.js`: it does not exist/);
        return true;
      },
    );
    assert.throws(() => expand(["a.js/inner"], { cwd: root }), failsWith("FILE_NOT_DIRECTORY"));
    const patterns = ["absent.js", "a.js/inner", "lib"];
    const { unmatched } = expand(patterns, { cwd: root, lenient: true });
    assert.deepEqual(
      unmatched,
      ["absent.js", "a.js/inner"],
      "unless that is to be a pattern without a match",
    );
    assert.deepEqual(unmatchedOf(patterns, { cwd: root }), unmatched);
  });

  test("the first match of each pattern is enough to know that it has one", posix, () => {
    const guarded = tree(["a/x.js", "b/y.ts", "z/never/entered.js"]);
    chmodSync(join(guarded, "z"), 0);
    asOrdinaryUser(() => {
      assert.deepEqual(unmatchedOf(["**/*.js", "*/y.ts"], { cwd: guarded }), []);
      assert.throws(() => unmatchedOf(["**/*.css"], { cwd: guarded }), failsWith("FILE_DENIED"));
      assert.deepEqual(unmatchedOf(["a*/*.css", "a/*.md"], { cwd: guarded }), ["a*/*.css", "a/*.md"]);
    });
    chmodSync(join(guarded, "z"), 0o755);
  });

  test("files that never count are left out, and are a match all the same", () => {
    const leaveOut = (/** @type {string} */ real) => real.endsWith("/d.js");
    assert.deepEqual(expand(["lib/d.js"], { cwd: root, leaveOut }), {
      files: [],
      unmatched: [],
      empty: [],
      idle: [],
    });
    assert.deepEqual(expand(["lib/*.js"], { cwd: root, leaveOut }).files, ["lib/d.test.js"]);
  });

  test("excludes without a slash hold at any depth, others from the directory", () => {
    /** @param {string[]} exclude */
    const left = (...exclude) => expand(["lib", "packages"], { cwd: root, exclude }).files.length;
    assert.equal(left(), 8);
    assert.equal(left("*.js"), 1);
    assert.equal(left("dist"), 5);
    assert.equal(left("dist/"), 5);
    assert.equal(left("**/dist"), 5);
    assert.equal(left("packages/*"), 4);
    assert.equal(left("**/dist/"), 5);
    assert.equal(left("*/deep"), 7);
    assert.equal(left("lib/deep"), 7);
    assert.equal(left("**/*.test.js", ".cache"), 6);
  });

  test("an exclude that names no file is a directory with all that is below it", () => {
    for (const exclude of ["/", "!", "!/", "//"]) {
      const { files, unmatched } = expand(["lib"], { cwd: root, exclude: [exclude] });
      assert.deepEqual({ files, unmatched }, { files: [], unmatched: [] }, exclude);
    }
  });

  test("sources narrow what patterns name", () => {
    const options = { cwd: root, sources: ["lib", "!**/*.test.js"] };
    assert.deepEqual(expand(["**/*.js"], options).files, ["lib/d.js", "lib/deep/e.js"]);
    assert.equal(matcher([], { cwd: root })("anything"), true);
  });

  test("directories that cannot matter are not entered", posix, () => {
    const guarded = tree(["keep/a.js", "node_modules/x/y.js", "keep/sub/z.js"]);
    // Entering it would fail.
    chmodSync(join(guarded, "node_modules"), 0);
    /** @param {string[]} patterns */
    const files = (...patterns) => expand(patterns, { cwd: guarded }).files;
    asOrdinaryUser(() => {
      assert.throws(() => files("**/*.js"), failsWith("FILE_DENIED"));
      assert.deepEqual(files("**/*.js", "!node_modules/**"), ["keep/a.js", "keep/sub/z.js"]);
      assert.deepEqual(files("**/*.js", "!**/node_modules/**"), ["keep/a.js", "keep/sub/z.js"]);
      assert.deepEqual(files("**/*.js", "!*_modules/"), ["keep/a.js", "keep/sub/z.js"]);
      assert.deepEqual(files("*/a.js", "!node_modules"), ["keep/a.js"]);
      assert.deepEqual(files("keep/**/*.js"), ["keep/a.js", "keep/sub/z.js"]);
      assert.deepEqual(files("k*/a.js"), ["keep/a.js"]);
      assert.deepEqual(files("*.js"), []);
      const exclude = ["node_modules"];
      assert.deepEqual(expand(["."], { cwd: guarded, exclude }).files, ["keep/a.js", "keep/sub/z.js"]);
    });
    chmodSync(join(guarded, "node_modules"), 0o755);
  });

  test("24,000 files are listed", () => {
    /** @type {string[]} */
    const names = [];
    for (let d = 0; d < 400; d++) for (let f = 0; f < 60; f++) names.push(`p${d % 20}/d${d}/f${f}.js`);
    const big = tree(names);
    writeFileSync(join(big, ".gitignore"), "node_modules/\n*.log\n/build\ncoverage/\n*.tmp\n!keep.tmp\n");
    assert.equal(expand(["**/*.js"], { cwd: big, ignoreFiles: true }).files.length, 24_000);
  });
});

describe("reading", () => {
  const root = tree({ "plain.txt": "größe", empty: "", "dir/": "" });
  writeFileSync(join(root, "bom.txt"), Buffer.from([0xef, 0xbb, 0xbf, 0x61]));
  writeFileSync(join(root, "utf16le.txt"), Buffer.from([0xff, 0xfe, 0x61, 0, 0xf6, 0]));
  writeFileSync(join(root, "utf16be.txt"), Buffer.from([0xfe, 0xff, 0, 0x61, 0, 0xf6]));
  writeFileSync(join(root, "bytes"), Buffer.from([0, 255, 128]));

  test("text is UTF-8, or UTF-16 where a mark says so", () => {
    for (const [file, text] of [
      ["plain.txt", "größe"],
      ["empty", ""],
      ["bom.txt", "a"],
      ["utf16le.txt", "aö"],
      ["utf16be.txt", "aö"],
    ]) {
      assert.equal(readText(join(root, String(file))), text, file);
    }
    assert.deepEqual([...readBytes(join(root, "bytes"))], [0, 255, 128]);
  });

  /** @type {[string, string, string, import("../../js/files/read.js").ReadOptions?][]} */
  const cases = [
    ["a missing file", "absent", "FILE_MISSING"],
    [
      "a missing file under the caller's code",
      "absent",
      "CONFIG_MISSING",
      { type: "validation", missing: "CONFIG_MISSING" },
    ],
    ["a directory", "dir", "FILE_IS_DIRECTORY"],
    ["a file as directory", "empty/x", "FILE_NOT_DIRECTORY"],
    ["a file above the limit", "bytes", "FILE_TOO_LARGE", { limit: 2 }],
    ["a name that is too long", "n".repeat(300), "FILE_NAME_TOO_LONG"],
  ];
  for (const [name, file, code, options] of cases) {
    test(`${name} is ${code}`, () => {
      assert.throws(
        () => readBytes(join(root, file), options),
        (thrown) => {
          failsWith(code)(thrown);
          assert.ok(thrown instanceof Error && "type" in thrown && "hint" in thrown);
          assert.equal(thrown.type, options?.type ?? "collection");
          assert.match(String(thrown.hint), /^[A-Z].*\.$/);
          assert.match(thrown.message, /^could not read `.*`: .*[^.]$/);
          return true;
        },
      );
    });
  }

  test("a pipe is refused instead of waited for", posix, () => {
    execFileSync("mkfifo", [join(root, "pipe")]);
    assert.throws(() => readBytes(join(root, "pipe")), failsWith("FILE_NOT_REGULAR"));
    symlinkSync("self", join(root, "self"));
    assert.throws(() => readBytes(join(root, "self")), failsWith("FILE_LOOP"));
  });

  test("a sparse giant is refused before it is read", posix, () => {
    writeFileSync(join(root, "giant"), "");
    truncateSync(join(root, "giant"), 8 * 1024 ** 3);
    assert.throws(() => readBytes(join(root, "giant")), failsWith("FILE_TOO_LARGE"));
  });
});
