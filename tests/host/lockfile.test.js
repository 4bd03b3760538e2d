// The lockfile is whole: `npm ci` accepts it, it names what every package asks for, on every system, and it says where
// nothing comes from, so that any registry will do.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { ROOT } from "./support/project.js";

/** @type {{packages: Record<string, any>}} */
const { packages } = JSON.parse(fs.readFileSync(path.join(ROOT, "package-lock.json"), "utf8"));

/** The entry that a package in `where` finds under a name. @param {string} where @param {string} name */
function found(where, name) {
  for (let at = where; ; at = at.slice(0, Math.max(0, at.lastIndexOf("/node_modules/")))) {
    const entry = packages[at === "" ? `node_modules/${name}` : `${at}/node_modules/${name}`];
    if (entry !== undefined || at === "") return entry;
  }
}

test("npm ci accepts it, without asking a registry", (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-lock-"));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  for (const name of ["package.json", "package-lock.json"])
    fs.copyFileSync(path.join(ROOT, name), path.join(folder, name));
  const options = ["--dry-run", "--offline", "--ignore-scripts", "--no-audit", "--no-fund"];
  const { status, stdout, stderr } = spawnSync("npm", ["ci", ...options, "--cache", path.join(folder, "c")], {
    cwd: folder,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  assert.equal(status, 0, `${stdout}${stderr}`);
});

test("it has an entry for everything that a package in it asks for, also on other systems", () => {
  const missing = Object.entries(packages).flatMap(([where, { dependencies, optionalDependencies }]) =>
    Object.entries({ ...dependencies, ...optionalDependencies })
      .filter(([name, version]) => {
        const entry = found(where, name);
        return entry === undefined || (/^\d/.test(version) && entry.version !== version);
      })
      .map(([name, version]) => `${where}: ${name} ${version}`),
  );
  assert.deepEqual(missing, []);
});

test("every entry has a checksum and no address", () => {
  for (const [name, { integrity, resolved }] of Object.entries(packages)) {
    if (name === "") continue;
    assert.match(integrity ?? "", /^sha512-/, name);
    assert.equal(resolved, undefined, name);
  }
});
