// What a list of patterns means is the same in `sources`, in arguments and behind `--exclude`, for every collector; and
// a pattern without a match is reported by every command that measures.

import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { Project, told } from "./support/project.js";
import { act } from "./support/runner.js";

const FILES = {
  "src/a.js": "let a = 1;\n",
  "crates/one/src/b.js": "let b = 1;\nlet c = 2;\n",
  "crates/two/src/deep/d.js": "let d = 1;\nlet e = 2;\nlet f = 3;\n",
  "crates/two/gen/g.js": "let g = 1;\n".repeat(10),
};
const LCOV = Object.entries(FILES)
  .map(([name], n) => `SF:${name}\nDA:1,${n % 2}\nend_of_record\n`)
  .join("");

/** @param {import("node:test").TestContext} t @param {string[]} [sources] */
const projectOf = (t, sources) =>
  new Project(t, { ...FILES, "lcov.info": LCOV }).config({
    metrics: {
      lines: { $ref: "loc", command: "@collect loc" },
      coverage: { $ref: "coverage", command: "@collect coverage lcov.info" },
    },
    ...(sources && { sources }),
  });

/** @param {Project} project @param {string[]} args */
async function number(project, args) {
  const outcome = await project.run(["collect", ...args]);
  assert.equal(outcome.code, 0, told(outcome));
  return Number(outcome.stdout);
}

test("a pattern that matches directories means the same for every collector, as argument, source and exclude", async (t) => {
  const bare = projectOf(t);
  assert.equal(await number(bare, ["loc", "crates/*/src"]), 5);
  assert.equal(await number(bare, ["loc", "src", "crates/one/src", "crates/two/src"]), 6);
  assert.equal(await number(bare, ["loc", "**/src"]), 6);
  assert.equal(await number(bare, ["loc", "src", "crates", "--exclude", "**/gen"]), 6);
  assert.equal(await number(bare, ["loc", "src", "crates", "--exclude", "crates/*"]), 1);
  assert.equal(await number(bare, ["loc", "src", "crates", "!crates/*"]), 1);
  const bytes = FILES["crates/one/src/b.js"].length + FILES["crates/two/src/deep/d.js"].length;
  assert.equal(await number(bare, ["size", "crates/*/src"]), bytes);
  assert.equal(await number(bare, ["size", "crates", "--exclude", "**/gen"]), bytes);

  // One in two of the four sources is covered, by the order above: one/src and two/gen.
  for (const [sources, lines, coverage] of /** @type {[string[], number, number][]} */ ([
    [["src", "crates/*/src"], 6, (1 / 3) * 100],
    [["crates/*", "!**/gen"], 5, 50],
    [["src", "crates", "!crates/*"], 1, 0],
  ])) {
    const project = projectOf(t, sources);
    assert.equal(await number(project, ["loc"]), lines, sources.join(" "));
    assert.equal(await number(project, ["coverage", "lcov.info"]), coverage, sources.join(" "));
  }
});

test("alternatives that match directories, and directories below others, mean what is below them too", async (t) => {
  const project = new Project(t, {
    "packages/a/dist/x.js": "1\n",
    "packages/b/dist/deep/y.js": "1\n22\n",
    "packages/c/dist/z.js": "1\n22\n333\n",
    "packages/c/src/gen/z.js": "1\n22\n333\n4\n",
  }).config({ metrics: { x: { type: "numeric", command: "echo 1" } } });
  for (const [args, lines] of /** @type {[string[], number][]} */ ([
    [["packages/{a,b}"], 3],
    [["packages/@(a|b)"], 3],
    [["packages/[ab]"], 3],
    [["packages/*/dist"], 6],
    [["packages", "!packages/{a,c}"], 2],
    [["packages", "--exclude", "packages/*/dist"], 4],
    [["packages", "--exclude", "**/gen", "packages/[ab]"], 3],
  ])) {
    assert.equal(await number(project, ["loc", ...args]), lines, args.join(" "));
  }
  assert.equal(await number(project, ["size", "packages/{a,b}"]), 7);
});

test("an explicit path is taken whatever `sources` say, and without one both collectors take them", async (t) => {
  const project = projectOf(t, ["src", "crates/*/src"]);
  const length = (/** @type {keyof typeof FILES} */ name) => FILES[name].length;
  assert.equal(await number(project, ["loc", "crates/two/gen"]), 10);
  assert.equal(await number(project, ["size", "crates/two/gen"]), length("crates/two/gen/g.js"));
  assert.equal(await number(project, ["loc"]), 6);
  assert.equal(
    await number(project, ["size"]),
    length("src/a.js") + length("crates/one/src/b.js") + length("crates/two/src/deep/d.js"),
  );
  const outcome = await projectOf(t).run(["collect", "size"]);
  assert.equal(outcome.code, 2, told(outcome));
  assert.match(outcome.stderr, /error\[COLLECTOR_USAGE\].*`size` needs at least one file/);
});

test("a language that is gone has 0 lines where the path is there, and a path that is not is an error", async (t) => {
  const project = projectOf(t);
  project.write("docs/a.md", "# T\n\ntext\nmore\n");
  project.write("styles/a.scss", "a { b: c }\n");
  project.write("styles/a.css", "a { b: c }\n");
  fs.mkdirSync(project.path("empty"));
  for (const [args, lines] of /** @type {[string[], number][]} */ ([
    [["src", "--language", "Rust"], 0],
    [["src", "empty", "--language", "JavaScript"], 1],
    [["empty", "--language", "Rust"], 0],
    [["docs", "--language", "Markdown"], 3],
    [["docs"], 3],
    [["styles", "--language", "CSS"], 2],
    [["styles", "--language", "Sass"], 1],
  ])) {
    assert.equal(await number(project, ["loc", ...args]), lines, args.join(" "));
  }
  for (const args of [["missing"], ["src/*.rs"], ["src", "missing/*"]]) {
    const outcome = await project.run(["collect", "loc", ...args, "--language", "Rust"]);
    assert.equal(outcome.code, 4, told(outcome));
    assert.match(outcome.stderr, /error\[COLLECTOR_MISSING\]/, args.join(" "));
  }
});

test("a name that is no UTF-8 is counted like any other", {
  skip: process.platform !== "linux",
}, async (t) => {
  const project = projectOf(t);
  const name = Buffer.concat([
    Buffer.from(project.path("src/")),
    Buffer.from([0xff, 0xe9]),
    Buffer.from(".js"),
  ]);
  const before = await number(project, ["loc", "."]);
  fs.writeFileSync(name, "let z = 1;\nlet y = 2;\n");
  assert.equal(await number(project, ["loc", "."]), before + 2);
  assert.equal(await number(project, ["loc", "src", "--language", "js"]), 3);
});

test("the README's example of sources names what it seems to", async (t) => {
  const project = projectOf(t, ["src", "crates/*/src", "!**/generated/**"]);
  project.write("crates/two/src/generated/x.js", "let x = 1;\n");
  const { stdout, stderr } = await project.run(["sources"]);
  assert.deepEqual(stdout.split("\n").slice(0, -1), [
    "crates/one/src/b.js",
    "crates/two/src/deep/d.js",
    "src/a.js",
  ]);
  assert.equal(stderr, "");
});

const MISSED = /^warning: `crate\/\*\/src` of `sources` matches no file\n {2}Patterns start at/m;

test("a pattern of sources without a match is a warning in every command that measures, once", async (t) => {
  const project = projectOf(t, ["src", "crate/*/src", "no/such.js", "!**/generated/**"]);
  for (const args of [
    ["track"],
    ["test"],
    ["gate"],
    ["sources"],
    ["collect", "loc"],
    ["collect", "loc", "src"],
    ["collect", "coverage", "lcov.info"],
  ]) {
    const outcome = await project.run(args);
    assert.equal(outcome.code, 0, `${args}: ${told(outcome)}`);
    assert.match(outcome.stderr, MISSED, args.join(" "));
    assert.match(outcome.stderr, /`no\/such\.js` of `sources` matches no file/, args.join(" "));
    assert.equal(outcome.stderr.match(/of `sources` matches no file/g)?.length, 2, args.join(" "));
  }
  const { stderr } = await project.run(["sources"]);
  assert.match(stderr, /`!\*\*\/generated\/\*\*` of `sources` leaves no file out/);
  const size = await project.run(["collect", "size", "src"]);
  assert.doesNotMatch(size.stderr, /warning/, "sources are of no interest to it");
});

test("the action reports it as an annotation and in the summary", async (t) => {
  const project = projectOf(t, ["src", "crate/*/src"]);
  const acted = await act(project, { "storage-type": "sqlite-local" });
  assert.equal(acted.code, 0, told(acted));
  assert.match(
    acted.stdout,
    /^::warning title=SOURCES_UNMATCHED::`crate\/\*\/src` of `sources` matches no file/m,
  );
  assert.match(acted.summary, /crate\/\\?\*\/src/);
});

test("a pattern that matches only what a coverage report speaks of has a match", async (t) => {
  const project = projectOf(t, ["src", "built/**"]);
  project.write("lcov.info", `${LCOV}SF:built/x.js\nDA:1,1\nend_of_record\n`);
  assert.doesNotMatch((await project.run(["collect", "coverage", "lcov.info"])).stderr, /warning/);
  assert.match((await project.run(["collect", "loc"])).stderr, /`built\/\*\*` of `sources` matches no file/);
});

test("sources without any match measure nothing, never 0", async (t) => {
  const project = projectOf(t, ["crate/*/src"]);
  for (const args of [["collect", "loc"], ["sources"]]) {
    const outcome = await project.run(args);
    assert.equal(outcome.code, 4, told(outcome));
    assert.match(outcome.stderr, MISSED);
    assert.match(outcome.stderr, /error\[COLLECTOR_NOTHING\]/);
  }
});
