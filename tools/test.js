// `npm test`: sets the machine up, then tests the engine natively and everything else against the
// committed dist/. `npm test -- engine|shim|browser` runs one part.

import fs from "node:fs";
import path from "node:path";
import { browser, packages, root, run, rust, say } from "./setup.js";

const parts = process.argv.slice(2);
const wanted = (/** @type {string} */ part) => parts.length === 0 || parts.includes(part);

/** @param {string} directory @returns {string[]} */
function testFiles(directory) {
  const absolute = path.join(root, directory);
  if (!fs.existsSync(absolute)) return [];
  return fs
    .readdirSync(absolute, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.js"))
    .map((name) => path.join(directory, name))
    .sort();
}

packages();
rust();
if (wanted("engine")) {
  say("the engine's tests, natively");
  // The same inputs for the same sources: a verdict can be had again. Other ones are tried every night.
  run("cargo", ["test", "--locked", "--quiet"], { PROPTEST_RNG_SEED: "1", ...process.env });
}
if (wanted("shim")) {
  run(process.execPath, ["tests/servers/install.js"]);
  say(`the shim's and the command line's tests, against dist/, on Node ${process.version}`);
  run(process.execPath, ["--test", "--test-reporter=spec", ...testFiles("tests/host")]);
}
if (wanted("browser")) {
  browser();
  say("the report's tests, in Chromium");
  run(process.execPath, [
    "--test",
    "--test-reporter=spec",
    "--test-concurrency=1",
    ...testFiles("tests/page"),
  ]);
}
