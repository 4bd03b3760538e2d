// The sources of coverage reports found in a repository: names of containers, other systems and packages, mappings, what
// `sources` leaves out. And how the repository's files are listed: from git's index, or by walking.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { SourceTree } from "../../js/collect/source-tree.js";
import { trackedFiles } from "../../js/collect/tracked-files.js";
import { Project } from "./support/project.js";

/** @param {string} source @param {...number} hits of its lines */
const lcov = (source, ...hits) =>
  `SF:${source}\n${hits.map((hit, n) => `DA:${n + 1},${hit}\n`).join("")}end_of_record\n`;

/** @param {Project} project @param {...string} words */
async function collected(project, ...words) {
  const { stdout, stderr, code } = await project.run(["collect", "coverage", ...words]);
  return code === 0 ? Number(stdout) : stderr;
}

test("two packages that call a file the same have two files, with git and without", async (t) => {
  const files = {
    "a/coverage/lcov.info": lcov("src/i.js", 1, 1),
    "b/coverage/lcov.info": lcov("src/i.js", 0, 0),
    "a/src/i.js": "1;\n",
    "b/src/i.js": "1;\n",
  };
  for (const git of [true, false]) {
    const project = new Project(t, files, { git });
    assert.equal(await collected(project, "*/coverage/lcov.info"), 50);
    assert.equal(await collected(project, "b/coverage/lcov.info", "a/coverage/lcov.info"), 50);
  }
  const reports = Object.fromEntries(Object.entries(files).filter(([name]) => name.endsWith(".info")));
  assert.equal(await collected(new Project(t, reports), "*/coverage/lcov.info"), 50);
});

test("names of other systems lead to the repository's files, which `sources` then keeps", async (t) => {
  const names = [
    "/app/src/a.js",
    "C:\\a\\repo\\repo\\src\\a.js",
    "/home/ci/cases/paths/SRC/a.js",
    "webpack:///./src/a.js",
    "file:///home/ci/cases/paths/src/a.js",
  ];
  const reports = Object.fromEntries(names.map((name, n) => [`${n}.info`, lcov(name, 1, 0)]));
  const project = new Project(t, {
    ...reports,
    "own.info": lcov("src/a.js", 0, 1),
    "src/a.js": "1;\n2;\n",
    "unentropy.json": JSON.stringify({
      sources: ["src"],
      metrics: { x: { type: "numeric", command: "@collect coverage own.info" } },
    }),
  });
  for (const report of Object.keys(reports)) {
    assert.equal(await collected(project, report), 50, report);
    assert.equal(await collected(project, report, "own.info"), 100, report);
  }
});

test("a mapping settles what stays open, and what `sources` leaves out is said", async (t) => {
  const project = new Project(t, {
    "lcov.info": lcov("/app/i.js", 1, 0) + lcov("/app/j.js", 1),
    "a/i.js": "1;\n",
    "b/i.js": "1;\n",
    "unentropy.json": JSON.stringify({
      sources: ["b"],
      metrics: { x: { type: "numeric", command: "@collect coverage lcov.info --path-map /app=b" } },
    }),
  });
  const refused = await collected(project, "lcov.info");
  assert.match(
    String(refused),
    /error\[COLLECTOR_NOTHING\]: `sources` leaves out all 2 source files of `lcov\.info`/,
  );
  assert.match(String(refused), /--path-map FROM=TO/);
  assert.equal(await collected(project, "lcov.info", "--path-map", "/app=b"), (2 / 3) * 100);
  assert.equal(
    await collected(project, "lcov.info", "--path-map=/other=a", "--path-map=/app=b"),
    (2 / 3) * 100,
  );
  assert.match(String(await collected(project, "lcov.info", "--path-map", "/app")), /expected `FROM=TO`/);
});

test("a configuration below the repository's root finds the files of other packages", async (t) => {
  const project = new Project(t, {
    "packages/a/coverage/lcov.info": lcov("/builds/x/packages/b/src/i.js", 1, 0) + lcov("src/i.js", 1, 1),
    "packages/a/src/i.js": "1;\n",
    "packages/b/src/i.js": "1;\n",
    "packages/b/coverage/lcov.info": lcov("src/i.js", 0, 1),
  });
  const { stdout } = await project.run(
    ["collect", "coverage", "coverage/lcov.info", "../b/coverage/lcov.info"],
    { cwd: project.path("packages/a") },
  );
  assert.equal(Number(stdout), 100);
});

test("all files are listed only where a name leads nowhere", (t) => {
  const project = new Project(t, { "src/a.js": "1;\n", "a/src/a.js": "1;\n", "b/x.js": "1;\n" });
  project.git("add", "-A");
  const tree = new SourceTree(project.path("."));
  const report = { directories: ["a/coverage", "a", ""], names: ["src/a.js"], elsewhere: false };
  const root = project.path(".").replaceAll(path.sep, "/");
  assert.deepEqual(tree.around([report]), { root, home: "", files: ["a/src/a.js", "src/a.js"] });
  const all = ["a/src/a.js", "b/x.js", "src/a.js"];
  assert.deepEqual(tree.around([{ ...report, names: ["src/a.js", "gone.js"] }]).files.sort(), all);
  assert.deepEqual(tree.around([{ ...report, elsewhere: true }]).files.sort(), all);
});

test("git's index is read in all its versions, and left alone where it is none", (t) => {
  const project = new Project(t, { "src/a.js": "1;\n", "src/ab.js": "1;\n", "ä.js": "1;\n", "z.js": "1;\n" });
  const root = project.path(".");
  project.git("add", "-A");
  const names = ["src/a.js", "src/ab.js", "z.js", "ä.js"];
  for (const version of ["2", "3", "4"]) {
    project.git("update-index", "--index-version", version);
    assert.deepEqual(trackedFiles(root), names, version);
  }
  project.write("new.js", "1;\n");
  project.git("add", "-N", "new.js");
  assert.deepEqual(trackedFiles(root), ["new.js", ...names]);
  project.git("worktree", "add", "-q", "--no-checkout", "tree", "HEAD");
  project.git("-C", "tree", "read-tree", "HEAD");
  assert.deepEqual(trackedFiles(project.path("tree")), trackedAt(project.path("tree")));
  project.git("update-index", "--split-index");
  assert.equal(trackedFiles(root), undefined);
  fs.writeFileSync(project.path(".git/index"), "DIRC");
  assert.equal(trackedFiles(root), undefined);
  fs.rmSync(project.path(".git/index"));
  assert.equal(trackedFiles(root), undefined);
});

test("a repository with longer digests is listed too", (t) => {
  const project = new Project(t, { "a.js": "1;\n", "src/b.js": "1;\n" }, { git: false });
  project.git("init", "-q", "--object-format=sha256");
  project.git("add", "-A");
  assert.deepEqual(trackedFiles(project.path(".")), ["a.js", "src/b.js"]);
});

/** @param {string} directory */
const trackedAt = (directory) =>
  execFileSync("git", ["-C", directory, "ls-files", "-z"], { encoding: "utf8" }).split("\0").filter(Boolean);

test("names that are no text cost no other, in a tree and in reports", {
  skip: process.platform !== "linux",
}, async (t) => {
  const project = new Project(t, { "src/b.js": "1;\n" }, { git: false });
  const odd = Buffer.concat([Buffer.from(project.path("src/caf")), Buffer.of(0xe9), Buffer.from(".js")]);
  fs.writeFileSync(odd, "1;\n");
  const xml = (/** @type {string} */ name) =>
    `<class filename="/app/src/${name}"><lines><line number="1" hits="1"/></lines></class>`;
  fs.writeFileSync(
    project.path("r.xml"),
    Buffer.from(
      `<coverage line-rate="1"><packages><package><classes>${xml("b.js")}${xml("caf\xe9.js")}</classes></package></packages></coverage>`,
      "latin1",
    ),
  );
  for (const git of [false, true]) {
    if (git) project.git("init", "-q");
    if (git) project.git("add", "-A");
    assert.equal(await collected(project, "r.xml"), 100);
    const { stdout } = await project.run(["collect", "loc", "--language", "JavaScript"]);
    assert.equal(Number(stdout), 2);
  }
});
