// Builds everything in `dist/`: the wasm modules (wasm.js), the bundled JavaScript, the configuration's
// JSON Schema. Same sources, same bytes: paths of this machine are kept out of the wasm, and names
// are stable. An interrupted build leaves dist/ as it was. With `--check` it builds a copy of the sources in another folder and compares.
//
//   node tools/build.js            wasm and JavaScript
//   node tools/build.js --js       JavaScript only, around the committed wasm
//   node tools/build.js --check    compares; changes nothing; exit 1 when dist/ is stale

import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "./bundle.js";
import { NOTICES, notices } from "./notices.js";
import { publicTypes } from "./public-types.js";
import { replaceFolder } from "./swap.js";
import { buildWasm, MODULE_NAMES, sourceDigest, toolchainEnvironment, toolchainVersions } from "./wasm.js";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const say = (/** @type {string} */ text) => console.error(`build: ${text}`);

/**
 * Writes the whole of dist/ for the sources below `directory`, into an empty folder.
 * @param {string} directory
 * @param {string} out
 * @param {{wasm: boolean, earlier?: string}} what `earlier`: the folder that what is not built is taken from
 */
async function build(directory, out, what) {
  let environment = /** @type {Record<string, string | undefined>} */ (process.env);
  if (what.wasm) {
    environment = toolchainEnvironment(directory);
    const versions = toolchainVersions(environment);
    say(`${versions.rustc}; ${versions.clang}; ${versions.wasmOpt}`);
    const glue = path.join(directory, "js/engine/wasm");
    fs.mkdirSync(glue, { recursive: true });
    /** @type {Record<string, string>} */
    const sources = {};
    for (const name of MODULE_NAMES) {
      const built = buildWasm(directory, name, environment);
      fs.copyFileSync(built.wasm, path.join(out, `${name}.wasm`));
      fs.copyFileSync(built.glue, path.join(glue, `${name}.js`));
      fs.copyFileSync(built.types, path.join(glue, `${name}.d.ts`));
      sources[name] = sourceDigest(directory, name);
    }
    fs.writeFileSync(path.join(out, "build.json"), `${JSON.stringify({ sources, ...versions }, null, 2)}\n`);
  }
  const bundled = await bundle(directory, out);
  const kept = what.wasm ? [] : ["build.json", ...MODULE_NAMES.map((name) => `${name}.wasm`)];
  // Of the crates too, so that without a cargo those of the committed wasm are kept.
  if (what.wasm || spawnSync("cargo", ["--version"], { stdio: "ignore" }).status === 0) {
    fs.writeFileSync(path.join(out, NOTICES), await notices(directory, bundled, environment));
  } else kept.push(NOTICES);
  for (const name of kept) fs.copyFileSync(path.join(what.earlier ?? out, name), path.join(out, name));
  fs.chmodSync(path.join(out, "cli.js"), 0o755);
  for (const kind of ["css", "js"]) {
    fs.copyFileSync(path.join(directory, `page/generated/report.${kind}`), path.join(out, `page.${kind}`));
  }
  fs.copyFileSync(path.join(directory, "unentropy.schema.json"), path.join(out, "unentropy.schema.json"));
  fs.writeFileSync(path.join(out, "index.d.ts"), publicTypes(directory));
}

/** Differences between two folders, in words. @param {string} expected @param {string} found */
function differences(expected, found) {
  const list = (/** @type {string} */ folder) => (fs.existsSync(folder) ? fs.readdirSync(folder).sort() : []);
  const names = [...new Set([...list(expected), ...list(found)])].sort();
  const sha = (/** @type {string} */ file) =>
    createHash("sha256").update(fs.readFileSync(file)).digest("hex");
  return names.flatMap((name) => {
    const [a, b] = [path.join(expected, name), path.join(found, name)];
    if (!fs.existsSync(a)) return [`${name} is in dist/ but the build does not make it`];
    if (!fs.existsSync(b)) return [`${name} is missing from dist/`];
    return sha(a) === sha(b) ? [] : [`${name} differs from what the sources build`];
  });
}

async function check() {
  const committed = path.join(root, "dist");
  const recorded = JSON.parse(fs.readFileSync(path.join(committed, "build.json"), "utf8"));
  const copy = fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-check-"));
  try {
    const tracked = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" })
      .split("\0")
      .filter(Boolean);
    for (const file of tracked.filter((name) => !name.startsWith("dist/"))) {
      const target = path.join(copy, file);
      fs.mkdirSync(path.dirname(target), { recursive: true });
      if (fs.existsSync(path.join(root, file))) fs.copyFileSync(path.join(root, file), target);
    }
    fs.symlinkSync(path.join(root, "node_modules"), path.join(copy, "node_modules"));
    fs.symlinkSync(path.join(root, ".tools"), path.join(copy, ".tools"));
    const out = path.join(copy, "dist");
    fs.mkdirSync(out);
    await build(copy, out, { wasm: true });
    const built = JSON.parse(fs.readFileSync(path.join(out, "build.json"), "utf8"));
    let found = differences(out, committed);
    for (const name of MODULE_NAMES.flatMap((module) => [`${module}.js`, `${module}.d.ts`])) {
      const [a, b] = [path.join(copy, "js/engine/wasm", name), path.join(root, "js/engine/wasm", name)];
      if (!fs.readFileSync(a).equals(fs.readFileSync(b)))
        found.push(`js/engine/wasm/${name} differs from what the sources build`);
    }
    const tools = ["rustc", "clang", "wasmOpt"].filter((tool) => built[tool] !== recorded[tool]);
    if (tools.length > 0) {
      for (const tool of tools) say(`${tool} here: ${built[tool]}; of dist/: ${recorded[tool]}`);
      say("another toolchain makes other bytes: comparing the sources' digest instead of the wasm");
      found = found.filter((line) => !/^([a-z]+\.wasm|build\.json) differs/.test(line));
      for (const name of MODULE_NAMES) {
        if (built.sources[name] !== recorded.sources?.[name])
          found.push(`${name}.wasm was built from other sources`);
      }
    }
    if (found.length > 0) {
      for (const line of found) say(line);
      say("run `npm run build` and commit dist/");
      process.exitCode = 1;
    } else {
      say(
        `dist/ matches its sources (${fs.readdirSync(committed).length} files, built twice in different folders)`,
      );
    }
  } finally {
    fs.rmSync(copy, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes("--check")) await check();
  else {
    const dist = path.join(root, "dist");
    const wasm = !process.argv.includes("--js");
    await replaceFolder(dist, (next) => build(root, next, { wasm, earlier: dist }));
    for (const name of fs.readdirSync(dist).sort()) {
      say(`dist/${name} ${(fs.statSync(path.join(dist, name)).size / 1024).toFixed(1)} KB`);
    }
  }
}
