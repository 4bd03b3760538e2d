// Compiles the crate to the wasm modules of dist/, one for each of its features, each with a profile of its own. Same
// sources and compilers, same bytes: paths of this machine are kept out.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TARGET = "wasm32-unknown-unknown";

/** What every module is made of. */
const COMMON = ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "tools/wasm.js"];

/**
 * The modules: a name is a feature of the crate, a profile in Cargo.toml and the files in dist/ and js/engine/wasm/.
 * @typedef {"engine" | "parsers"} ModuleName
 * @type {Record<ModuleName, {sources: string[], not: string[], optimize: string[]}>} `sources` below the repository,
 *   without those in `not`
 */
export const MODULES = {
  engine: {
    sources: [...COMMON, "src", "templates"],
    not: ["src/wasm/parsers.rs"],
    optimize: ["-Oz", "--converge"],
  },
  parsers: {
    sources: [...COMMON, "src"],
    not: ["api", "config", "gate", "history", "report", "summary", "wasm/engine"].flatMap((room) => [
      `src/${room}`,
      `src/${room}.rs`,
    ]),
    optimize: ["-O3"],
  },
};

/** @type {readonly ModuleName[]} */
export const MODULE_NAMES = ["engine", "parsers"];

/** The stack lies below the data: nothing of ours is in the first kilobyte. */
const OPTIMIZE = ["--low-memory-unused"];

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

/** @param {string} directory @param {string} relative @returns {string[]} */
function filesBelow(directory, relative) {
  const absolute = path.join(directory, relative);
  if (!fs.statSync(absolute).isDirectory()) return [relative];
  return fs
    .readdirSync(absolute)
    .sort()
    .flatMap((name) => filesBelow(directory, `${relative}/${name}`));
}

/**
 * The files that a module is compiled from.
 * @param {string} directory of the sources
 * @param {ModuleName} name
 * @returns {string[]} below the directory
 */
function sourcesOf(directory, name) {
  const { sources, not } = MODULES[name];
  const left = (/** @type {string} */ file) => !not.some((out) => file === out || file.startsWith(`${out}/`));
  return sources.flatMap((source) => filesBelow(directory, source)).filter(left);
}

/**
 * SHA-256 over names and contents of a module's sources, so that staleness shows without a compiler.
 * @param {string} directory of the sources
 * @param {ModuleName} name
 */
export function sourceDigest(directory, name) {
  const hash = createHash("sha256");
  for (const file of sourcesOf(directory, name)) {
    const content = fs.readFileSync(path.join(directory, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

/**
 * The environment to build in; what is missing is installed (`tools/toolchain.sh`).
 * @param {string} directory of the sources
 * @returns {Record<string, string | undefined>}
 */
export function toolchainEnvironment(directory) {
  const lines = execFileSync("bash", [path.join(directory, "tools/toolchain.sh")], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  const printed = execFileSync("bash", ["-c", `${lines}\nenv -0`], { encoding: "utf8" });
  const environment = Object.fromEntries(
    printed
      .split("\0")
      .filter(Boolean)
      .map((line) => {
        const at = line.indexOf("=");
        return [line.slice(0, at), line.slice(at + 1)];
      }),
  );
  environment.PATH = `${path.join(ROOT, "node_modules/.bin")}${path.delimiter}${environment.PATH}`;
  return environment;
}

/** The versions that decide the bytes. @param {Record<string, string | undefined>} environment */
export function toolchainVersions(environment) {
  const version = (/** @type {string} */ program) =>
    execFileSync(program, ["--version"], { encoding: "utf8", env: environment }).split("\n")[0].trim();
  return { rustc: version("rustc"), clang: version("clang"), wasmOpt: version("wasm-opt") };
}

/**
 * Compiles one module.
 * @param {string} directory of the sources
 * @param {ModuleName} name
 * @param {Record<string, string | undefined>} environment see {@link toolchainEnvironment}
 * @returns {{wasm: string, glue: string, types: string}} absolute paths below `<directory>/target`
 */
export function buildWasm(directory, name, environment) {
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
  const target = path.join(directory, "target");
  const run = (/** @type {string} */ program, /** @type {string[]} */ arguments_) =>
    execFileSync(program, arguments_, {
      cwd: directory,
      stdio: ["ignore", "inherit", "inherit"],
      env: {
        ...environment,
        CARGO_TARGET_DIR: target,
        CARGO_ENCODED_RUSTFLAGS: flags.join("\x1f"),
        CFLAGS_wasm32_unknown_unknown: cflags.join(" "),
        CARGO_TERM_COLOR: "never",
      },
    });
  const what = ["--lib", "--locked", "--target", TARGET];
  run("cargo", ["build", ...what, "--profile", name, "--no-default-features", "--features", name]);
  const built = path.join(target, TARGET, name, "unentropy");
  knowsSources(directory, name, fs.readFileSync(`${built}.d`, "utf8"));
  const out = path.join(target, "pkg", name);
  run("wasm-bindgen", [`${built}.wasm`, "--target", "web", "--out-dir", out, "--out-name", name]);
  const wasm = path.join(out, `${name}.wasm`);
  const optimize = [...MODULES[name].optimize, ...OPTIMIZE];
  run("wasm-opt", [path.join(out, `${name}_bg.wasm`), "-o", wasm, ...optimize]);
  return { wasm, glue: path.join(out, `${name}.js`), types: path.join(out, `${name}.d.ts`) };
}

/**
 * What the compiler read must be among the sources whose digest is recorded.
 * @param {string} directory
 * @param {ModuleName} name
 * @param {string} dependencies what cargo wrote about them: the product, a colon, the files
 */
function knowsSources(directory, name, dependencies) {
  const read = dependencies
    .slice(dependencies.indexOf(": ") + 2)
    .trim()
    .split(/(?<!\\) /)
    .map((file) => path.relative(directory, file.replaceAll("\\ ", " ")));
  const known = new Set(sourcesOf(directory, name));
  const unknown = read.filter((file) => !file.startsWith("target") && !known.has(file));
  if (unknown.length > 0)
    throw new Error(`${name}.wasm is made of files that are not among its sources: ${unknown.join(", ")}`);
}
