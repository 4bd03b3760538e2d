// `npm run check`: formatting, lints, types, generated files, and that dist/ is what the sources
// build, byte for byte.

import { packages, run, rust, say } from "./setup.js";

packages();
rust();
for (const [what, program, ...args] of [
  ["Rust formatting", "cargo", "fmt", "--check"],
  ["Rust formatting of fuzz/", "cargo", "fmt", "--check", "--manifest-path", "fuzz/Cargo.toml"],
  ["Rust lints", "cargo", "clippy", "--locked", "--all-targets", "--quiet", "--", "-D", "warnings"],
  // In the engine's target folder, which has what both need; without libFuzzer, which takes a C++ compiler.
  [
    "Rust lints of fuzz/",
    "cargo",
    "clippy",
    "--locked",
    "--quiet",
    "--manifest-path",
    "fuzz/Cargo.toml",
    "--no-default-features",
    "--target-dir",
    "target",
    "--",
    "-D",
    "warnings",
  ],
  [
    "JavaScript formatting and lints",
    process.execPath,
    "node_modules/@biomejs/biome/bin/biome",
    "ci",
    "--error-on-warnings",
  ],
  ["JavaScript types", process.execPath, "node_modules/typescript/bin/tsc", "-p", "jsconfig.json"],
  ["which rooms import which", process.execPath, "tools/arrows.js"],
  ["what the table of options generates", process.execPath, "tools/options.js", "--check"],
  ["the report's generated assets", process.execPath, "tools/build-report.js", "--check"],
  ["dist/ against its sources", process.execPath, "tools/build.js", "--check"],
]) {
  say(`checking ${what}`);
  run(program, args);
}
