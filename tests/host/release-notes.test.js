// The notes of a release: what CHANGELOG.md says of its version, and nothing where it says nothing.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { parse } from "yaml";
import { releaseNotes } from "../../tools/release-notes.js";
import { ROOT } from "./support/project.js";

const AT = "https://github.com/o/r";
const CHANGELOG = `# Changelog

About it.

## [Unreleased]

## [1.10.0] - 2026-12-01

### Added

- A page ([docs/page.md](docs/page.md)), after [a model](https://example.com/x).

## 1.1.0 (2026-11-01)

### Fixed

- A number.

[1.10.0]: https://github.com/o/r/compare/v1.1.0...v1.10.0
`;

/** @param {string[]} args */
const run = (...args) =>
  spawnSync(process.execPath, [path.join(ROOT, "tools/release-notes.js"), ...args], { encoding: "utf8" });

test("a version's notes are its section, with links that a release page can follow", () => {
  assert.equal(
    releaseNotes(CHANGELOG, "v1.10.0", AT),
    `### Added\n\n- A page ([docs/page.md](${AT}/blob/v1.10.0/docs/page.md)), after [a model](https://example.com/x).\n`,
  );
  assert.equal(releaseNotes(CHANGELOG, "1.1.0", AT), "### Fixed\n\n- A number.\n");
});

test("a version without notes is refused", () => {
  assert.throws(
    () => releaseNotes(CHANGELOG, "v1.1", AT),
    /no section for `v1\.1`: there are .*1\.10\.0, 1\.1\.0/,
  );
  assert.throws(
    () => releaseNotes(CHANGELOG, "unreleased", AT),
    /`unreleased` of CHANGELOG\.md lists nothing/,
  );
});

test("the program prints the notes of this repository's changelog", () => {
  const changelog = fs.readFileSync(path.join(ROOT, "CHANGELOG.md"), "utf8");
  const [, newest] = /^## \[?([^\]\s]+)/m.exec(changelog) ?? [];
  const { status, stdout, stderr } = run(newest);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^###? \w+\n\n- /);
  assert.ok(!/\]\((?!https?:)/.test(stdout), "a relative link");
  for (const args of [[], ["v0.0.0"]]) {
    const refused = run(...args);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /^release-notes: /);
    assert.equal(refused.stdout, "");
  }
});

test("the release workflow asks for the notes before anything is published, and publishes them", () => {
  const { jobs } = parse(fs.readFileSync(path.join(ROOT, ".github/workflows/release.yml"), "utf8"));
  const commands = (/** @type {string} */ job) =>
    jobs[job].steps.map((/** @type {{run?: string}} */ step) => step.run ?? "").join("\n");
  assert.match(commands("verify"), /^node tools\/release-notes\.js "\$GITHUB_REF_NAME"$/m);
  assert.match(
    commands("github"),
    /node tools\/release-notes\.js "\$GITHUB_REF_NAME" > "\$RUNNER_TEMP\/notes\.md"/,
  );
  assert.match(commands("github"), /gh release create .*--notes-file "\$RUNNER_TEMP\/notes\.md"/);
  for (const job of ["github", "npm"]) assert.equal(jobs[job].needs, "verify");
});
