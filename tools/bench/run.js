// `npm run bench`: measures this program beside named alternatives and says the ratios, in a table on the
// terminal and in tools/bench/results.md. Nothing here fails for being slow: times are this machine's, ratios tell.
//
//   npm run bench                  every part
//   npm run bench -- history loc   some parts

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { nodeOf } from "../node-versions.js";
import { packages, root, run, rust, say } from "../setup.js";

/** The version whose `node:sqlite` is the alternative. */
const NODE_24 = nodeOf(24);
const TOKEI = "15.0.0";
const RESULTS = path.join(root, "tools/bench/results.md");

/** @type {Record<string, {title: string, node?: string, prepare?: () => void}>} */
const PARTS = {
  size: { title: "Size" },
  start: { title: "Cold start" },
  history: { title: "History", node: NODE_24 },
  report: { title: "Report", node: NODE_24 },
  browser: { title: "The report in Chromium", node: NODE_24 },
  coverage: { title: "Coverage" },
  loc: { title: "Lines of code", prepare: tokei },
  track: { title: "The main job", prepare: smallHistory },
  s3: { title: "Histories in S3", prepare: carriedHistories },
  action: { title: "The action", prepare: smallHistory },
};

/** The history that the main job is measured on; only Node 24 can make it. */
function smallHistory() {
  const make = 'await (await import("./bench/samples.js")).history(10_000)';
  run(NODE_24, ["--input-type=module", "--disable-warning=ExperimentalWarning", "--eval", make]);
}

/** The histories that are carried; only Node 24 can make them. */
function carriedHistories() {
  for (const builds of [10_000, 98_000]) {
    const make = `await (await import("./bench/samples.js")).history(${builds})`;
    run(NODE_24, ["--input-type=module", "--disable-warning=ExperimentalWarning", "--eval", make]);
  }
}

/** The reference line counter, built into .tools/ unless it is there. */
function tokei() {
  const found = spawnSync(path.join(root, ".tools/bin/tokei"), ["--version"], { encoding: "utf8" });
  if (found.stdout?.startsWith(`tokei ${TOKEI} `)) return;
  rust();
  say(`building tokei ${TOKEI} into .tools/`);
  const place = ["--root", ".tools", "--target-dir", ".tools/build"];
  run("cargo", ["install", "--quiet", "--locked", ...place, "--version", TOKEI, "tokei"]);
  fs.rmSync(path.join(root, ".tools/build"), { recursive: true, force: true });
}

/**
 * Measures a part in a process of its own, so that no part warms or fills another's heap.
 * @param {string} name
 * @returns {{method: string, rows: import("./timing.js").Row[]}}
 */
function measure(name) {
  const { node = process.execPath, prepare } = PARTS[name];
  prepare?.();
  say(`measuring ${name}`);
  const script = fileURLToPath(new URL("part.js", import.meta.url));
  const result = spawnSync(node, ["--expose-gc", "--disable-warning=ExperimentalWarning", script, name], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 1 << 26,
  });
  if (result.status !== 0) throw new Error(`the part ${name} ended with ${result.status ?? result.signal}`);
  return JSON.parse(result.stdout.slice(result.stdout.lastIndexOf("\n{") + 1));
}

/**
 * @param {string} name
 * @param {{method: string, rows: import("./timing.js").Row[]}} measured
 */
function section(name, { method, rows }) {
  const mark = (/** @type {import("./timing.js").Row} */ row) =>
    row.aim === undefined ? "" : `${row.aim} ${row.reached ? "✓" : "✗"}`;
  const cells = rows.map((row) =>
    [row.what, row.ours, row.against, row.theirs, row.ratio, row.spread, mark(row)].map((cell) => cell ?? ""),
  );
  const head = ["", "Unentropy", "compared with", "its figure", "ratio", "middle half", "aim"];
  const line = (/** @type {string[]} */ row) => `| ${row.join(" | ")} |`;
  return [
    `## ${PARTS[name].title}`,
    "",
    method,
    "",
    line(head),
    line(head.map((_, column) => (column === 0 || column === 2 ? "---" : "--:"))),
    ...cells.map(line),
    "",
  ].join("\n");
}

const HEAD = `# Measurements

\`npm run bench\` writes this file; \`npm run bench -- <part>\` renews one part of it. Alternatives are measured in
turns (a, b, a, b, …) after a round that does not count; figures are medians, ratios are medians of the rounds'
ratios, and the middle half of those shows how far to trust them.
`;

function main() {
  const asked = process.argv.slice(2);
  const unknown = asked.find((name) => !(name in PARTS));
  if (unknown !== undefined) {
    console.error(`bench: there is no part \`${unknown}\`, expected one of ${Object.keys(PARTS).join(", ")}`);
    process.exitCode = 2;
    return;
  }
  packages();
  const node24 = spawnSync(NODE_24, ["--version"], { encoding: "utf8" }).stdout?.trim();
  const machine = [
    `${os.cpus()[0].model.trim()}, ${os.cpus().length} cores`,
    `${os.type()} ${os.arch()}`,
    `Node ${process.version.slice(1)}${node24 ? `, and ${node24.slice(1)} where \`node:sqlite\` is the alternative` : ""}`,
  ].join("; ");
  // Before the first measurement, so that it is not this program's own load.
  const busy =
    os.loadavg()[0] > os.cpus().length / 2
      ? "\nThe machine was busy with other work: what needs both cores, and what takes milliseconds, is less sure.\n"
      : "";
  if (busy) say(busy.trim());
  const known = fs.existsSync(RESULTS) ? fs.readFileSync(RESULTS, "utf8").split(/^(?=## )/m) : [];
  const sections = Object.keys(PARTS).map((name) => {
    if (asked.length > 0 && !asked.includes(name)) {
      return known.find((text) => text.startsWith(`## ${PARTS[name].title}\n`))?.trimEnd();
    }
    const text = section(name, measure(name));
    console.log(`\n${text}`);
    return text.trimEnd();
  });
  const text = [`${HEAD}\nMachine: ${machine}.\n${busy}`.trimEnd(), ...sections.filter(Boolean)].join("\n\n");
  fs.writeFileSync(RESULTS, `${text}\n`);
  say("the tables stand in tools/bench/results.md");
}

main();
