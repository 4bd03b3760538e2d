// Builds everything in `dist/`: the engine as wasm, the bundled JavaScript, the configuration's
// JSON Schema. Same sources, same bytes: paths of this machine are kept out of the wasm, and names
// are stable. With `--check` it builds a copy of the sources in another folder and compares.
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
import * as esbuild from "esbuild";
import { NOTICES, notices } from "./notices.js";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const say = (/** @type {string} */ text) => console.error(`build: ${text}`);

/** What the wasm is made of; its digest stands in dist/build.json, so that staleness shows without a compiler. */
const WASM_SOURCES = [
  "Cargo.toml",
  "Cargo.lock",
  "rust-toolchain.toml",
  "src",
  "templates",
  "tools/build.js",
];

/**
 * Parts of SQLite that the engine never calls. Off, they save a third of the wasm and of its
 * first-use time. The first list undoes what sqlite-wasm-rs switches on; the second are SQLite's own
 * switches, of those that leave the grammar as it is.
 */
const SQLITE_TRIM = [
  ...[
    "API_ARMOR",
    "BYTECODE_VTAB",
    "COLUMN_METADATA",
    "DBPAGE_VTAB",
    "DBSTAT_VTAB",
    "FTS5",
    "MATH_FUNCTIONS",
    "OFFSET_SQL_FUNC",
    "PREUPDATE_HOOK",
    "RTREE",
    "SESSION",
    "STMTVTAB",
    "UNKNOWN_SQL_FUNCTION",
    "UNLOCK_NOTIFY",
  ].map((name) => `-USQLITE_ENABLE_${name}`),
  ...[
    "AUTHORIZATION",
    "AUTOMATIC_INDEX",
    "BETWEEN_OPTIMIZATION",
    "COMPILEOPTION_DIAGS",
    "COMPLETE",
    "DECLTYPE",
    "EXPLAIN",
    "GET_TABLE",
    "INCRBLOB",
    "JSON",
    "LIKE_OPTIMIZATION",
    "LOCALTIME",
    "OR_OPTIMIZATION",
    "PROGRESS_CALLBACK",
    "TCL_VARIABLE",
    "TRACE",
    "UTF16",
    "WAL",
    "XFER_OPT",
  ].map((name) => `-DSQLITE_OMIT_${name}`),
  "-DSQLITE_DEFAULT_MEMSTATUS=0",
  "-DSQLITE_MAX_MMAP_SIZE=0",
  "-DSQLITE_UNTESTABLE",
];

/** JavaScript entry points and the file each becomes in dist/. */
const ENTRIES = {
  action: "js/action/start.js",
  cli: "js/cli/start.js",
  index: "js/index.js",
  "lines-worker": "js/collect/lines-worker.js",
  "coverage-worker": "js/collect/coverage-worker.js",
};

/** @param {string} directory @param {string} relative @returns {string[]} */
function filesBelow(directory, relative) {
  const absolute = path.join(directory, relative);
  if (!fs.statSync(absolute).isDirectory()) return [relative];
  return fs
    .readdirSync(absolute)
    .sort()
    .flatMap((name) => filesBelow(directory, `${relative}/${name}`));
}

/** SHA-256 over names and contents of the wasm's sources. @param {string} directory */
export function sourceDigest(directory) {
  const hash = createHash("sha256");
  for (const file of WASM_SOURCES.flatMap((source) => filesBelow(directory, source))) {
    const content = fs.readFileSync(path.join(directory, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

/** @param {string} directory @returns {Record<string, string | undefined>} */
function toolchainEnvironment(directory) {
  const lines = execFileSync("bash", [path.join(directory, "tools/toolchain.sh")], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  const printed = execFileSync("bash", ["-c", `${lines}\nenv -0`], { encoding: "utf8" });
  return Object.fromEntries(
    printed
      .split("\0")
      .filter(Boolean)
      .map((line) => {
        const at = line.indexOf("=");
        return [line.slice(0, at), line.slice(at + 1)];
      }),
  );
}

/** The versions that decide the wasm's bytes. @param {Record<string, string | undefined>} environment */
function toolchainVersions(environment) {
  const version = (/** @type {string} */ program) =>
    execFileSync(program, ["--version"], { encoding: "utf8", env: environment }).split("\n")[0].trim();
  return { rustc: version("rustc"), clang: version("clang"), wasmOpt: version("wasm-opt") };
}

/**
 * Compiles the engine below `directory`; its files appear in `<directory>/target/pkg`.
 * @param {string} directory
 * @param {Record<string, string | undefined>} environment
 */
function buildWasm(directory, environment) {
  const cargoHome = environment.CARGO_HOME ?? path.join(os.homedir(), ".cargo");
  const remap = [
    [cargoHome, "/cargo"],
    [directory, "/src"],
  ];
  // Every Node since 16 has SIMD; memchr's scanning of lines is made for it.
  const flags = [
    "-Ctarget-feature=+simd128",
    ...remap.map(([from, to]) => `--remap-path-prefix=${from}=${to}`),
  ];
  const cflags = [...SQLITE_TRIM, ...remap.map(([from, to]) => `-ffile-prefix-map=${from}=${to}`)];
  const arguments_ = [
    "build",
    directory,
    "--target",
    "web",
    "--no-pack",
    "--release",
    "--mode",
    "no-install",
  ];
  const result = spawnSync("wasm-pack", [...arguments_, "--out-dir", "target/pkg", "--", "--locked"], {
    cwd: directory,
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...environment,
      CARGO_TARGET_DIR: path.join(directory, "target"),
      CARGO_ENCODED_RUSTFLAGS: flags.join("\x1f"),
      CFLAGS_wasm32_unknown_unknown: cflags.join(" "),
      CARGO_TERM_COLOR: "never",
    },
  });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error("wasm-pack failed; its messages stand above");
}

/**
 * Bundles the JavaScript below `directory` into `out`. What several entries share, and what is only loaded when it is
 * used, becomes a file of its own: a run loads what it needs, and nothing stands in dist/ twice.
 * @param {string} directory
 * @param {string} out
 * @returns {Promise<string[]>} the files that are in it, below `directory`
 */
async function bundle(directory, out) {
  const { outputFiles, metafile } = await esbuild.build({
    absWorkingDir: directory,
    entryPoints: Object.fromEntries(
      Object.entries(ENTRIES).filter(([, file]) => fs.existsSync(path.join(directory, file))),
    ),
    outdir: out,
    bundle: true,
    splitting: true,
    chunkNames: "[name]-[hash]",
    platform: "node",
    target: "node20",
    format: "esm",
    minifySyntax: true,
    minifyWhitespace: true,
    charset: "utf8",
    legalComments: "none",
    define: { UNENTROPY_BUNDLED: "true" },
    inject: [path.join(directory, "js/s3/headers.js")],
    // Bundled CommonJS packages call `require` for Node's own modules; ESM has none.
    banner: {
      js: 'import{createRequire as __unentropyRequire}from"node:module";const require=__unentropyRequire(import.meta.url);',
    },
    logLevel: "warning",
    // The names of modules stand in the bundle: they must not follow a link out of the tree.
    preserveSymlinks: true,
    metafile: true,
    write: false,
  });
  const names = stableNames(metafile);
  for (const name of fs.readdirSync(out)) {
    if (name.endsWith(".js") && name !== "report.js") fs.rmSync(path.join(out, name));
  }
  for (const { path: file, text } of outputFiles) {
    let renamed = text;
    for (const [from, to] of names) renamed = renamed.replaceAll(from, to);
    fs.writeFileSync(path.join(out, names.get(path.basename(file)) ?? path.basename(file)), renamed);
  }
  return Object.keys(metafile.inputs);
}

/**
 * A name without a digest for every file that has one: that of the module it was split off for, else `shared-N.js`.
 * @param {esbuild.Metafile} metafile
 * @returns {Map<string, string>} from the bundler's names
 */
function stableNames(metafile) {
  /** @type {Map<string, string>} */
  const names = new Map();
  const taken = new Set([...Object.keys(ENTRIES).map((name) => `${name}.js`), "report.js"]);
  const hashed = Object.entries(metafile.outputs)
    .map(([file, { inputs }]) => ({ file: path.basename(file), first: Object.keys(inputs).sort()[0] ?? "" }))
    .filter(({ file }) => !taken.has(file))
    .sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : a.file < b.file ? -1 : 1));
  let shared = 0;
  for (const { file } of hashed) {
    const own = file.replace(/-[A-Z0-9]{8}\.js$/, "");
    let name = own === "chunk" ? `shared-${++shared}.js` : `${own}.js`;
    if (taken.has(name)) name = `${own}-part.js`;
    if (taken.has(name)) throw new Error(`two files of dist/ would be named ${name}`);
    taken.add(name);
    names.set(file, name);
  }
  return names;
}

/**
 * Writes the whole of dist/ for the sources below `directory`.
 * @param {string} directory
 * @param {string} out
 * @param {{wasm: boolean}} what
 */
async function build(directory, out, what) {
  fs.mkdirSync(out, { recursive: true });
  let environment = /** @type {Record<string, string | undefined>} */ (process.env);
  if (what.wasm) {
    environment = toolchainEnvironment(directory);
    environment.PATH = `${path.join(root, "node_modules/.bin")}${path.delimiter}${environment.PATH}`;
    const versions = toolchainVersions(environment);
    say(`${versions.rustc}; ${versions.clang}; ${versions.wasmOpt}`);
    buildWasm(directory, environment);
    const pkg = path.join(directory, "target/pkg");
    fs.copyFileSync(path.join(pkg, "unentropy_bg.wasm"), path.join(out, "unentropy.wasm"));
    fs.mkdirSync(path.join(directory, "js/engine/wasm"), { recursive: true });
    for (const name of ["unentropy.js", "unentropy.d.ts"]) {
      fs.copyFileSync(path.join(pkg, name), path.join(directory, "js/engine/wasm", name));
    }
    const record = { sources: sourceDigest(directory), ...versions };
    fs.writeFileSync(path.join(out, "build.json"), `${JSON.stringify(record, null, 2)}\n`);
  }
  const bundled = await bundle(directory, out);
  // Of the crates too, so that without a cargo those of the committed wasm are kept.
  if (what.wasm || spawnSync("cargo", ["--version"], { stdio: "ignore" }).status === 0) {
    fs.writeFileSync(path.join(out, NOTICES), await notices(directory, bundled, environment));
  }
  fs.chmodSync(path.join(out, "cli.js"), 0o755);
  for (const name of ["report.css", "report.js"]) {
    fs.copyFileSync(path.join(directory, "page/generated", name), path.join(out, name));
  }
  fs.copyFileSync(path.join(directory, "unentropy.schema.json"), path.join(out, "unentropy.schema.json"));
  fs.copyFileSync(path.join(directory, "js/public.d.ts"), path.join(out, "index.d.ts"));
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
    await build(copy, out, { wasm: true });
    const built = JSON.parse(fs.readFileSync(path.join(out, "build.json"), "utf8"));
    let found = differences(out, committed);
    for (const name of ["unentropy.js", "unentropy.d.ts"]) {
      const [a, b] = [path.join(copy, "js/engine/wasm", name), path.join(root, "js/engine/wasm", name)];
      if (!fs.readFileSync(a).equals(fs.readFileSync(b)))
        found.push(`js/engine/wasm/${name} differs from what the sources build`);
    }
    const tools = ["rustc", "clang", "wasmOpt"].filter((tool) => built[tool] !== recorded[tool]);
    if (tools.length > 0) {
      for (const tool of tools) say(`${tool} here: ${built[tool]}; of dist/: ${recorded[tool]}`);
      say("another toolchain makes other bytes: comparing the sources' digest instead of the wasm");
      found = found.filter((line) => !/^(unentropy\.wasm|build\.json) differs/.test(line));
      if (built.sources !== recorded.sources) found.push("unentropy.wasm was built from other sources");
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
    await build(root, path.join(root, "dist"), { wasm: !process.argv.includes("--js") });
    for (const name of fs.readdirSync(path.join(root, "dist")).sort()) {
      say(`dist/${name} ${(fs.statSync(path.join(root, "dist", name)).size / 1024).toFixed(1)} KB`);
    }
  }
}
