// What the repository's settings name against its tree: who reviews what, which lockfiles are kept new, and for which
// changes workflows run.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { parse } from "yaml";
import { ROOT } from "./support/project.js";

const read = (/** @type {string} */ file) => fs.readFileSync(path.join(ROOT, file), "utf8");
const tracked = execFileSync("git", ["ls-files", "-z"], { cwd: ROOT, encoding: "utf8" }).split("\0");

/** Whether a file is below a pattern of CODEOWNERS, .editorconfig or a path filter. @param {string} pattern */
const matches = (pattern) => {
  const bare = pattern.replace(/^\//, "").replace(/\/$|\/?\*\*$/, "");
  const exact = (/** @type {string} */ file) => file === bare || file.startsWith(`${bare}/`);
  return /^\*\.?\w*$/.test(bare) ? (/** @type {string} */ file) => file.endsWith(bare.slice(1)) : exact;
};

test("every path that is reviewed, formatted or filtered exists", () => {
  const { on } = parse(read(".github/workflows/fuzz.yml"));
  const patterns = [
    ...read(".github/CODEOWNERS").matchAll(/^([^#\s]\S*) /gm),
    ...read(".editorconfig").matchAll(/^\[(.+)\]$/gm),
    ...on.pull_request.paths.map((/** @type {string} */ filter) => [filter, filter]),
  ].map(([, pattern]) => pattern);
  assert.ok(patterns.length > 15);
  assert.deepEqual(
    patterns.filter((pattern) => !tracked.some(matches(pattern))),
    [],
  );
});

test("every lockfile is kept new", () => {
  const { updates } = parse(read(".github/dependabot.yml"));
  for (const [ecosystem, lockfile] of [
    ["cargo", "Cargo.lock"],
    ["npm", "package-lock.json"],
  ]) {
    const found = tracked.filter((file) => path.posix.basename(file) === lockfile);
    const kept = updates
      .filter((/** @type {any} */ update) => update["package-ecosystem"] === ecosystem)
      .flatMap((/** @type {any} */ update) => update.directories ?? [update.directory]);
    assert.deepEqual(kept.sort(), found.map((file) => path.posix.join("/", path.posix.dirname(file))).sort());
  }
});

test("a change of what a fuzz target of the shim tries runs the fuzz targets", () => {
  const { on } = parse(read(".github/workflows/fuzz.yml"));
  /** @type {((file: string) => boolean)[]} */
  const filters = on.pull_request.paths.map(matches);
  const targets = tracked.filter((file) => /^tests\/host\/fuzz\/targets\/.*\.js$/.test(file));
  const tried = targets.flatMap((file) =>
    [...read(file).matchAll(/ from "((?:\.\.\/)+js\/[^"]+)"/g)].map(([, name]) =>
      path.posix.join(path.posix.dirname(file), name),
    ),
  );
  assert.ok(tried.length > 15);
  // Known to all rooms, and a part of each.
  const missed = tried.filter((file) => file !== "js/failure.js" && !filters.some((filter) => filter(file)));
  assert.deepEqual(missed, []);
});
