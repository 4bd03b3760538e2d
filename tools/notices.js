// The notices of everything that is inside dist/: npm packages that are bundled, crates that are compiled into the wasm, and
// the C code and the standard library that come with them. Names and versions are those of the lockfiles, the texts those
// of the packages' own files. What has no file of its own there is in notices/. Same packages, same bytes.

import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

export const NOTICES = "THIRD-PARTY-NOTICES.txt";

const TARGET = "wasm32-unknown-unknown";
const OWN = fileURLToPath(new URL("./notices/", import.meta.url));

/** A text that no package brings along. @param {string} name */
const own = (name) => fs.readFileSync(path.join(OWN, name), "utf8").trim();

/** @typedef {{name: string, version: string, license: string, texts: string[]}} Notice */

/**
 * The whole file.
 * @param {string} directory of the sources
 * @param {Iterable<string>} bundled the paths of what is bundled, below `directory`
 * @param {NodeJS.ProcessEnv} [environment] with the path that cargo is on
 * @returns {Promise<string>}
 */
export async function notices(directory, bundled, environment = process.env) {
  const inputs = [...bundled, ...(await reportInputs(directory))];
  const packages = npmNotices(directory, inputs);
  const crates = compiledCrates(directory, environment);
  return [
    "Unentropy is under the license in LICENSE. Its dist/ holds the following works of others.\n",
    section("npm packages, bundled", packages),
    section("Crates, compiled into engine.wasm and parsers.wasm", crateNotices(crates)),
    section("Other works, compiled into engine.wasm and parsers.wasm", otherNotices(crates)),
  ].join("\n");
}

/**
 * Packages under a heading, those with the same text together.
 * @param {string} heading
 * @param {readonly Notice[]} list
 */
function section(heading, list) {
  /** @type {Map<string, Notice[]>} */
  const groups = new Map();
  for (const notice of list) {
    const text = notice.texts.join("\n\n");
    groups.set(text, [...(groups.get(text) ?? []), notice]);
  }
  const parts = [...groups].map(([text, of]) => {
    const names = of.map(({ name, version, license }) =>
      `${name} ${version}`.trim().concat(` (${license})\n`),
    );
    return `${"-".repeat(80)}\n${names.join("")}\n${text}\n`;
  });
  return `${"=".repeat(80)}\n${heading}\n${"=".repeat(80)}\n\n${parts.join("\n")}`;
}

/** What the report's page is bundled from. @param {string} directory @returns {Promise<string[]>} */
async function reportInputs(directory) {
  const { metafile } = await esbuild.build({
    absWorkingDir: directory,
    entryPoints: ["page/report.js", "page/report.css"],
    bundle: true,
    write: false,
    outdir: "out",
    preserveSymlinks: true,
    metafile: true,
    logLevel: "error",
  });
  return Object.keys(metafile.inputs);
}

/**
 * @param {string} directory
 * @param {readonly string[]} inputs
 * @returns {Notice[]}
 */
function npmNotices(directory, inputs) {
  const folders = inputs.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []);
  return [...new Set(folders)].sort().map((folder) => {
    const at = path.join(directory, folder);
    const { name, version, license, author } = JSON.parse(
      fs.readFileSync(path.join(at, "package.json"), "utf8"),
    );
    if (license !== "MIT" || !author || licenseFiles(at, license).length > 0)
      return notice(name, version, license, at);
    // It says what its license is, and leaves out the text.
    return { name, version, license, texts: [`Copyright (c) ${author.name ?? author}`, own("mit.txt")] };
  });
}

/**
 * @param {readonly Crate[]} crates
 * @returns {Notice[]}
 */
function crateNotices(crates) {
  return crates.map(({ name, version, license, manifest_path, repository }) => {
    const at = path.dirname(manifest_path);
    if (licenseFiles(at, license).length > 0) return notice(name, version, license, at);
    // One repository, one license: of several crates from it some leave out the file.
    const sibling = crates.find((other) => {
      const folder = path.dirname(other.manifest_path);
      return other.repository === repository && licenseFiles(folder, license).length > 0;
    });
    if (!sibling) throw new Error(`the crate ${name} ${version} has no license file`);
    return notice(name, version, license, path.dirname(sibling.manifest_path));
  });
}

/** @typedef {{name: string, version: string, license: string, manifest_path: string, repository: string}} Crate */

/**
 * The crates that the engine needs when it runs, and those that their code is made with: macros.
 * @param {string} directory
 * @param {NodeJS.ProcessEnv} environment
 * @returns {Crate[]}
 */
function compiledCrates(directory, environment) {
  const arguments_ = ["metadata", "--format-version", "1", "--locked", "--filter-platform", TARGET];
  const { packages, resolve } = JSON.parse(
    execFileSync("cargo", arguments_, {
      cwd: directory,
      encoding: "utf8",
      env: environment,
      maxBuffer: 1 << 28,
      stdio: ["ignore", "pipe", "inherit"],
    }),
  );
  /** @type {Map<string, any>} */
  const nodes = new Map(resolve.nodes.map((/** @type {any} */ node) => [node.id, node]));
  const reached = new Set([resolve.root]);
  for (const id of reached) {
    for (const { pkg, dep_kinds: kinds } of nodes.get(id).deps) {
      // Neither what only tests need nor what only compiles.
      if (kinds.some((/** @type {any} */ { kind }) => kind === null)) reached.add(pkg);
    }
  }
  return packages
    .filter((/** @type {any} */ { id }) => reached.has(id) && id !== resolve.root)
    .sort((/** @type {any} */ a, /** @type {any} */ b) =>
      `${a.name} ${a.version}` < `${b.name} ${b.version}` ? -1 : 1,
    );
}

/**
 * SQLite, what stands in for a C library, and Rust's standard library.
 * @param {readonly Crate[]} crates
 * @returns {Notice[]}
 */
function otherNotices(crates) {
  const sqlite = crates.find(({ name }) => name === "sqlite-wasm-rs");
  if (!sqlite) throw new Error("the crate sqlite-wasm-rs, which has SQLite, is not a dependency");
  const at = path.dirname(sqlite.manifest_path);
  const source = fs.readFileSync(path.join(at, "sqlite3/sqlite3.c"), "utf8");
  const version = /#define SQLITE_VERSION\s+"([\d.]+)"/.exec(source)?.[1];
  if (!version) throw new Error("SQLite's source does not say its version");
  const given = (/** @type {string} */ file) => comment(fs.readFileSync(path.join(at, file), "utf8"), file);
  return [
    { name: "SQLite", version, license: "public domain", texts: [comment(source, "sqlite3.c")] },
    { name: "printf", version: "", license: "MIT", texts: [given("shim/printf/printf.c")] },
    { name: "musl", version: "", license: "MIT", texts: [own("musl.txt"), own("mit.txt")] },
    { name: "qsort of musl", version: "", license: "MIT", texts: [given("shim/musl/stdlib/qsort.c")] },
    {
      name: "Rust's standard library",
      version: "",
      license: "MIT OR Apache-2.0",
      texts: [own("rust-std.txt"), own("mit.txt")],
    },
  ];
}

/** The comment of a C file that says what its license is. @param {string} source @param {string} file */
function comment(source, file) {
  for (const [, text] of source.matchAll(/\/\*([\s\S]*?)\*\//g)) {
    const words = text.replace(/^[ \t]*\*+[ \t]?|\*+$/gm, "");
    if (/copyright/i.test(words)) {
      const end = words.search(/^\s*(?:Internal interface|\*{20})/m);
      return (end < 0 ? words : words.slice(0, end)).replace(/[ \t]+$/gm, "").trim();
    }
  }
  throw new Error(`${file} does not say what its license is`);
}

/**
 * @param {string} name
 * @param {string} version
 * @param {string} license
 * @param {string} folder
 * @returns {Notice}
 */
function notice(name, version, license, folder) {
  const files = licenseFiles(folder, license);
  if (!license || files.length === 0) throw new Error(`${name} ${version} has no license or no file of it`);
  const texts = files.map((file) => fs.readFileSync(path.join(folder, file), "utf8"));
  return { name, version, license, texts: texts.map((text) => text.replaceAll("\r\n", "\n").trim()) };
}

/**
 * The files of the terms that we take: where there is a choice, those of the MIT license.
 * @param {string} folder
 * @param {string} license
 */
function licenseFiles(folder, license) {
  const files = fs.readdirSync(folder).filter((name) => /^(licen[cs]e|copying|unlicense|notice)/i.test(name));
  const others = /apache|^unlicense|^copying/i;
  const plain = /\bMIT\b/.test(license) ? files.filter((name) => !others.test(name)) : files;
  return (plain.length > 0 ? plain : files).sort();
}
