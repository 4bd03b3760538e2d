// `npm run fuzz -- [target..] [--seconds N]`: tries the parsers, histories, configurations, verdicts and servers' answers
// with inputs that chance made. Two kinds of targets: those of fuzz/ are libFuzzer's, over the engine and SQLite as native
// code with a sanitizer; those of tests/host/fuzz/ run here, over the shim and the shipped wasm. Ends with 1 where a rule
// was broken; the input is kept then.

import { spawn, spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { tryTarget } from "../tests/host/fuzz/loop.js";
import { TARGETS } from "../tests/host/fuzz/targets.js";
import { packages, root, rust, say } from "./setup.js";

const FUZZ = path.join(root, "fuzz");
const FOUND = path.join(FUZZ, "artifacts");
const BUILT = path.join(root, "target/fuzz");
/** Where rustc brings a sanitizer and libFuzzer builds. */
const HOSTS = /^(?:x86_64|aarch64)-(?:unknown-linux-gnu|apple-darwin)$/;
/** What sancov puts into the code, in the words of LLVM's options and of clang's. */
const COVERAGE = ["inline-8bit-counters", "pc-table", "trace-compares"];
const CLANG_COVERAGE = "inline-8bit-counters,pc-table,trace-cmp";

/**
 * libFuzzer's targets: where their first inputs come from, and how long an input grows.
 * @type {Readonly<Record<string, {seeds: () => Seed[], dictionary?: string, most: number}>>}
 * @typedef {{name: string, bytes: Buffer}} Seed
 */
const NATIVE = Object.freeze({
  "native-lcov": { seeds: () => stored("coverage", /\.info$/), dictionary: "lcov", most: 16_384 },
  "native-cobertura": { seeds: () => stored("coverage", /\.xml$/), dictionary: "xml", most: 16_384 },
  "native-clover": { seeds: () => stored("coverage", /\.xml$/), dictionary: "xml", most: 16_384 },
  "native-jacoco": { seeds: () => stored("tools/jacoco", /\.xml$/), dictionary: "xml", most: 16_384 },
  "native-gocover": { seeds: () => stored("tools/go", /\.out$/), dictionary: "gocover", most: 4096 },
  "native-opencover": {
    seeds: () => stored("coverage", /opencover.*\.xml$/),
    dictionary: "xml",
    most: 16_384,
  },
  "native-bench": { seeds: benchmarks, dictionary: "bench", most: 16_384 },
  "native-istanbul": { seeds: () => tools(/^istanbul.*json$/), dictionary: "json", most: 32_768 },
  "native-simplecov": { seeds: () => tools(/^simplecov.*json$/), dictionary: "json", most: 32_768 },
  "native-coveragepy": { seeds: () => tools(/^coveragepy.*json$/), dictionary: "json", most: 32_768 },
  "native-llvm": { seeds: () => tools(/^llvm.*json$/), dictionary: "json", most: 32_768 },
  "native-gcovr": { seeds: () => tools(/^gcovr.*json$/), dictionary: "json", most: 32_768 },
  "native-xccov": { seeds: () => tools(/^xccov/), dictionary: "json", most: 32_768 },
  "native-detection": { seeds: () => stored("coverage"), dictionary: "xml", most: 16_384 },
  "native-junit": {
    seeds: () =>
      ["pytest", "surefire", "googletest", "trx", "xunit"].flatMap((tool) =>
        stored(`tools/${tool}`, /\.(?:xml|trx)$/),
      ),
    dictionary: "xml",
    most: 16_384,
  },
  "native-loc": { seeds: withLanguages, dictionary: "loc", most: 8192 },
  "native-languages": { seeds: () => stored("loc"), most: 4096 },
  "native-json": {
    seeds: () =>
      lines([
        '/a/0/b\0{"a": [{"b": 1.5e3}, null], "c": "\\u00e9"}',
        '/m~1n\0{"m/n": {}, "x": [[], [true]]}',
        "\0[1, 2, 3]",
      ]),
    most: 4096,
  },
  "native-output": {
    seeds: () => lines(["42", "-3.5e2\n", "85%", "12,345", " ok ", "1e308", "\n\n7\n"]),
    most: 1024,
  },
  "native-collect-line": {
    seeds: () =>
      lines([
        "@collect loc . -l Rust -e 'a b'",
        "@collect size dist --gzip",
        "coverage\0a.xml\0--type\0branch\0--fallback\x000",
      ]),
    dictionary: "collect",
    most: 1024,
  },
  "native-config": {
    seeds: () =>
      ["config/accept", "config/reject", "config/reject-semantic"].flatMap((folder) => stored(folder)),
    dictionary: "config",
    most: 8192,
  },
  "native-history": { seeds: images, most: 65_536 },
  "native-history-edits": { seeds: () => [], most: 512 },
  "native-rows": { seeds: () => [], most: 2048 },
  "native-gate": { seeds: () => [], most: 2048 },
});

const USAGE = `npm run fuzz -- [target..] [--seconds N] [--iterations N] [--seed N] [--from N]

A minute for each target unless said otherwise. Targets, or \`shim\` and \`native\` for all of a kind:
  shim:   ${Object.keys(TARGETS).join(", ")}
  native: ${Object.keys(NATIVE).join(", ")}`;

const { values, positionals } = arguments_();
const wanted = positionals.flatMap((name) =>
  name === "shim" ? Object.keys(TARGETS) : name === "native" ? Object.keys(NATIVE) : [name],
);
const names = wanted.length > 0 ? wanted : [...Object.keys(TARGETS), ...Object.keys(NATIVE)];
const unknown = names.filter((name) => !(name in TARGETS) && !(name in NATIVE));
if (values.help || unknown.length > 0) {
  if (unknown.length > 0) console.error(`there is no target \`${unknown.join("`, `")}\`\n`);
  console.error(USAGE);
  process.exit(unknown.length > 0 ? 2 : 0);
}
const seconds = whole("seconds") ?? 60;
const iterations = whole("iterations");
const seed = whole("seed") ?? randomInt(2 ** 31);

let failures = 0;
packages();
const shim = names.filter((name) => name in TARGETS);
const native = names.filter((name) => name in NATIVE);
if (shim.length > 0) {
  say(
    `${shim.length} targets of the shim and of the shipped wasm, ${iterations ?? `${seconds} s`} each, seed ${seed}`,
  );
}
for (const name of shim) {
  const began = Date.now();
  const tried = await tryTarget(name, {
    seed,
    from: whole("from") ?? 0,
    ...(iterations === undefined ? { seconds } : { iterations }),
    folder: FOUND,
  });
  report(name, `${tried.iterations} runs`, tried.found ? 1 : 0, began);
  if (!tried.found) continue;
  const { iteration, message, file } = tried.found;
  console.error(`  iteration ${iteration} of seed ${seed}: ${message.replaceAll("\n", "\n    ")}`);
  console.error(`  kept as ${path.relative(root, file)}`);
  console.error(`  again: npm run fuzz -- ${name} --seed ${seed} --from ${iteration} --iterations 1`);
}
if (native.length > 0) {
  const host = prepared();
  for (const name of native) await nativeTarget(name, host);
}
say(failures === 0 ? "no rule was broken" : `${failures} failure${failures === 1 ? "" : "s"}`);
process.exit(failures === 0 ? 0 : 1);

/** @param {string} name @param {string} counts @param {number} failed @param {number} began */
function report(name, counts, failed, began) {
  failures += failed;
  const time = ((Date.now() - began) / 1000).toFixed(1);
  console.log(`${name.padEnd(22)} ${counts}, ${failed} failure${failed === 1 ? "" : "s"}, ${time} s`);
}

function arguments_() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        seconds: { type: "string" },
        iterations: { type: "string" },
        seed: { type: "string" },
        from: { type: "string" },
        help: { type: "boolean" },
      },
    });
  } catch (thrown) {
    console.error(`${/** @type {Error} */ (thrown).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

/** @param {"seconds" | "iterations" | "seed" | "from"} option */
function whole(option) {
  const text = values[option];
  if (text === undefined) return undefined;
  if (/^\d{1,10}$/.test(text) && Number(text) < 2 ** 32) return Number(text);
  console.error(`--${option} is \`${text}\`, expected a whole number\n\n${USAGE}`);
  process.exit(2);
}

/**
 * Builds libFuzzer's targets. They need what stable Rust has but does not promise: with RUSTC_BOOTSTRAP the pinned
 * compiler does it, so that no other one is installed, and what is tried is compiled as the rest is.
 * @returns {string} the host's triple
 */
function prepared() {
  rust();
  const version = spawnSync("rustc", ["--version", "--verbose"], { cwd: root, encoding: "utf8" });
  const host = /^host: (.+)$/m.exec(version.stdout ?? "")?.[1] ?? "unknown";
  if (!HOSTS.test(host)) {
    stopped(
      `libFuzzer's targets do not build on ${host}: run them on Linux or macOS, or name \`shim\` for the others`,
    );
  }
  for (const compiler of ["c++", "cc"]) {
    if (spawnSync(compiler, ["--version"], { stdio: "ignore" }).status === 0) continue;
    stopped(
      `there is no \`${compiler}\`: libFuzzer is C++ and SQLite is C, install a compiler for both (such as \`apt-get install clang g++\`)`,
    );
  }
  const clang = spawnSync("clang", ["--version"], { stdio: "ignore" }).status === 0;
  say(
    `building libFuzzer's targets with the address sanitizer, SQLite ${clang ? "and its branches included" : "included, though without clang its branches guide nothing"}`,
  );
  const triple = host.replaceAll("-", "_");
  const flags = [
    "--cfg",
    "fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    ...COVERAGE.map((kind) => `-Cllvm-args=-sanitizer-coverage-${kind}`),
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
    "-Zsanitizer=address",
  ];
  const bins = native.flatMap((name) => ["--bin", name.replace("native-", "")]);
  const built = spawnSync(
    "cargo",
    ["build", "--release", "--locked", "--target", host, "--manifest-path", "fuzz/Cargo.toml", ...bins],
    {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
      env: {
        ...process.env,
        RUSTC_BOOTSTRAP: "1",
        RUSTFLAGS: flags.join(" "),
        CARGO_TARGET_DIR: BUILT,
        ...(clang && { [`CC_${triple}`]: "clang" }),
        [`CFLAGS_${triple}`]: `-fsanitize=address ${clang ? `-fsanitize-coverage=${CLANG_COVERAGE} ` : ""}-fno-omit-frame-pointer -g1`,
      },
    },
  );
  if (built.status !== 0) stopped("libFuzzer's targets did not build; what the compiler said is above");
  return host;
}

/** @param {string} message @returns {never} */
function stopped(message) {
  console.error(message);
  process.exit(1);
}

/** @param {string} name @param {string} host */
async function nativeTarget(name, host) {
  const { seeds, dictionary, most } = NATIVE[name];
  const target = name.replace("native-", "");
  const corpus = path.join(FUZZ, "corpus", target);
  const given = path.join(BUILT, "seeds", target);
  for (const folder of [corpus, given, path.join(FOUND, target)]) fs.mkdirSync(folder, { recursive: true });
  for (const { name: file, bytes } of seeds()) fs.writeFileSync(path.join(given, file), bytes);
  const before = new Set(fs.readdirSync(path.join(FOUND, target)));
  const began = Date.now();
  const said = await ran(path.join(BUILT, host, "release", target), [
    corpus,
    given,
    `-max_len=${most}`,
    `-seed=${seed}`,
    `-artifact_prefix=${path.join(FOUND, target)}${path.sep}`,
    ...(dictionary ? [`-dict=${path.join(FUZZ, "dictionaries", `${dictionary}.dict`)}`] : []),
    ...(iterations === undefined ? [`-max_total_time=${seconds}`] : [`-runs=${iterations}`]),
    "-timeout=120",
    "-rss_limit_mb=2048",
    "-print_final_stats=1",
    "-verbosity=1",
  ]);
  const stat = (/** @type {string} */ of) =>
    new RegExp(`^stat::${of}:\\s+(\\d+)`, "m").exec(said.text)?.[1] ?? "0";
  const cover = /.*\bcov: (\d+) ft: (\d+)/s.exec(said.text);
  const counts = `${stat("number_of_executed_units")} runs, ${stat("new_units_added")} new inputs, ${cover?.[1] ?? 0} edges`;
  report(name, counts, said.code === 0 ? 0 : 1, began);
  if (said.code === 0) return;
  console.error(reported(said.text));
  for (const file of fs.readdirSync(path.join(FOUND, target)).filter((each) => !before.has(each))) {
    console.error(`  kept as fuzz/artifacts/${target}/${file} (seed ${seed})`);
    console.error(`  again: target/fuzz/${host}/release/${target} fuzz/artifacts/${target}/${file}`);
  }
}

/**
 * What broke, without the frames of the runtimes around it.
 * @param {string} text
 */
function reported(text) {
  const all = text.split("\n").filter((line) => !/^#\d+\s|^stat::|^\s+at \//.test(line));
  const from = all.findLastIndex(
    (line) => /panicked at|ERROR: |Failed to start/.test(line) && !/deadly signal/.test(line),
  );
  const end = from === -1 ? all.slice(-20) : all.slice(from, from + 30);
  return end.map((line) => `    ${line}`.slice(0, 400)).join("\n");
}

/**
 * @param {string} program
 * @param {string[]} options
 * @returns {Promise<{code: number | null, text: string}>} `text`: the end of what it said
 */
function ran(program, options) {
  return new Promise((resolve) => {
    const child = spawn(program, options, { cwd: root, stdio: ["ignore", "ignore", "pipe"] });
    let text = "";
    child.stderr.setEncoding("utf8").on("data", (piece) => {
      text = (text + piece).slice(-200_000);
    });
    child.on("error", (error) => resolve({ code: 1, text: error.message }));
    child.on("close", (code) => resolve({ code, text }));
  });
}

/** @param {string} folder below tests/fixtures @param {RegExp} [names] @returns {Seed[]} */
function stored(folder, names = /./) {
  const absolute = path.join(root, "tests/fixtures", folder);
  return fs
    .readdirSync(absolute, { withFileTypes: true })
    .filter((entry) => entry.isFile() && names.test(entry.name))
    .map(({ name }) => ({
      name: `${folder.replaceAll("/", "-")}-${name}`,
      bytes: fs.readFileSync(path.join(absolute, name)),
    }));
}

/** The reports of benchmark tools: of the directories whose printed figures are `bench`'s. */
function benchmarks() {
  const tools = path.join(root, "tests/fixtures/tools");
  /** @param {string} tool */
  const isOne = (tool) => {
    const totals = path.join(tools, tool, "totals.json");
    return fs.existsSync(totals) && fs.readFileSync(totals, "utf8").includes('"collector": "bench"');
  };
  return fs
    .readdirSync(tools)
    .filter(isOne)
    .flatMap((tool) => stored(`tools/${tool}`, /^(?!totals\.json$)/));
}

/** Reports of tools, called by their tool's folder. @param {RegExp} names @returns {Seed[]} */
function tools(names) {
  const folders = fs.readdirSync(path.join(root, "tests/fixtures/tools"));
  const all = [...stored("coverage"), ...folders.flatMap((folder) => stored(`tools/${folder}`))];
  return all
    .map(({ name, bytes }) => ({ name: name.replace(/^(tools|coverage)-/, ""), bytes }))
    .filter(({ name }) => names.test(name) && !name.endsWith("totals.json"));
}

/** Each source file as some languages: the target takes the language from the first byte. */
function withLanguages() {
  return stored("loc").flatMap(({ name, bytes }) =>
    [0, 32, 64, 96, 128, 160, 192, 224].map((first) => ({
      name: `${first}-${name}`,
      bytes: Buffer.concat([Buffer.from([first]), bytes]),
    })),
  );
}

/** @param {string[]} texts @returns {Seed[]} */
function lines(texts) {
  return texts.map((text, at) => ({ name: `line-${at}`, bytes: Buffer.from(text) }));
}

/** @returns {Seed[]} */
function images() {
  const folder = path.join(FUZZ, "seeds/history");
  const small = fs.readdirSync(folder).filter((name) => name.endsWith(".db"));
  return [
    ...small.map((name) => ({ name, bytes: fs.readFileSync(path.join(folder, name)) })),
    ...stored("history", /^format-1\.db$/),
  ];
}
