// The data that the measurements run on: histories, coverage reports, a tree of sources. Made once, below
// target/bench, from a seed, so that every run measures the same bytes.

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { openHistory } from "../../js/engine/engine.js";
import { root } from "../setup.js";

export const directory = path.join(root, "target/bench");

/**
 * A file made at its first use.
 * @param {string} name
 * @param {(file: string) => unknown} make writes the file whose path it is given
 */
async function made(name, make) {
  const file = path.join(directory, name);
  if (fs.existsSync(file)) return file;
  fs.mkdirSync(directory, { recursive: true });
  const unfinished = `${file}.tmp`;
  fs.rmSync(unfinished, { recursive: true, force: true });
  console.error(`making ${path.relative(root, file)}`);
  await make(unfinished);
  fs.renameSync(unfinished, file);
  return file;
}

/** Numbers from 0 to 1, the same in every run (mulberry32). @param {number} seed */
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The metrics of the made histories. */
export const METRICS = [
  ["coverage", "percent"],
  ["function-coverage", "percent"],
  ["loc", "integer"],
  ["bundle-size", "bytes"],
  ["image-size", "bytes"],
  ["build-time", "duration"],
  ["test-time", "duration"],
  ["dependencies-count", "integer"],
  ["complexity", "decimal"],
  ["todo-count", "integer"],
].map(([id, unit]) => ({ id, type: "numeric", unit, description: `The ${id} of the project` }));

/** @param {() => number} next @param {number} digits */
const hex = (next, digits) =>
  Array.from({ length: digits }, () => Math.floor(next() * 16).toString(16)).join("");

/**
 * The facts of a build of the made histories.
 * @param {number} number
 * @param {() => number} next
 */
export const buildFacts = (number, next) => ({
  commitSha: hex(next, 40),
  branch: next() < 0.8 ? "main" : `feature/${Math.floor(next() * 40)}`,
  runId: String(7_000_000_000 + number * 131),
  runNumber: number,
  eventName: next() < 0.9 ? "push" : "schedule",
  timestamp: new Date(1_600_000_000_000 + number * 3_000_000 + Math.floor(next() * 1000)).toISOString(),
});

/**
 * A history of so many builds of {@link METRICS}. Making it needs `node:sqlite`.
 * @param {number} builds
 */
export function history(builds) {
  return made(`history-${builds}.db`, async (file) => {
    const { DatabaseSync } = await import("node:sqlite");
    const empty = openHistory(null);
    fs.writeFileSync(file, empty.save());
    empty.free();
    const next = random(builds);
    const database = new DatabaseSync(file);
    database.exec("PRAGMA synchronous = OFF; BEGIN");
    const define = database.prepare("INSERT INTO metric_definitions VALUES (?, ?, ?, ?)");
    for (const { id, type, unit, description } of METRICS) define.run(id, type, unit, description);
    const build = database.prepare("INSERT INTO build_contexts VALUES (?, ?, ?, ?, ?, ?, ?)");
    const value = database.prepare(
      "INSERT INTO metric_values (metric_id, build_id, value_numeric) VALUES (?, ?, ?)",
    );
    const values = METRICS.map((_, metric) => 50 * 7 ** (metric % 5));
    for (let number = 1; number <= builds; number++) {
      const facts = buildFacts(number, next);
      build.run(number, facts.commitSha, facts.branch, facts.runId, number, facts.eventName, facts.timestamp);
      for (const [metric, { id, unit }] of METRICS.entries()) {
        values[metric] *= 1 + (next() - 0.498) / 50;
        const whole = unit === "integer" || unit === "bytes";
        value.run(id, number, whole ? Math.round(values[metric]) : Number(values[metric].toFixed(3)));
      }
    }
    database.exec("COMMIT");
    database.close();
  });
}

/**
 * A coverage report of about so many bytes, with the mixture of records that tools write.
 * @param {"lcov" | "cobertura" | "clover" | "jacoco"} format
 * @param {number} bytes
 */
export function coverageReport(format, bytes) {
  const { head, source, tail } = WRITERS[format];
  return made(`coverage-${bytes / 1e6}MB.${format === "lcov" ? "info" : `${format}.xml`}`, (file) => {
    const next = random(bytes);
    const parts = [head];
    let length = head.length;
    for (let number = 0; length < bytes; number++) {
      const text = source(number, next);
      parts.push(text);
      length += text.length;
    }
    fs.writeFileSync(file, parts.join("") + tail);
  });
}

/** How often a line ran: a third never, most seldom, some very often. @param {() => number} next */
const hits = (next) => (next() < 0.3 ? 0 : Math.floor(1 / (next() + 1e-6) ** 1.5));

/**
 * The lines of a source that hold code, with what is on them.
 * @param {() => number} next
 */
function lines(next) {
  const count = 40 + Math.floor(1000 * next() ** 3);
  const found = [];
  let number = 1;
  for (let n = 0; n < count; n++) {
    number += next() < 0.7 ? 1 : 1 + Math.floor(next() * 12);
    const kind = next();
    found.push({ number, hits: hits(next), starts: kind < 0.06, branches: kind > 0.85 });
  }
  return found;
}

/** @param {number} number */
const place = (number) => `src/module${number % 97}/part${number % 13}/Source${number}`;

/**
 * Clover's summary of methods and statements.
 * @param {number} methods
 * @param {number} coveredMethods
 * @param {number} statements
 * @param {number} coveredStatements
 */
function counters(methods, coveredMethods, statements, coveredStatements) {
  return `methods="${methods}" coveredmethods="${coveredMethods}" conditionals="0" coveredconditionals="0" \
statements="${statements}" coveredstatements="${coveredStatements}" elements="${methods + statements}" \
coveredelements="${coveredMethods + coveredStatements}"`;
}

/**
 * Counters of JaCoCo, each as missed and covered; one that counts nothing is left out.
 * @param {Record<string, [number, number]>} counts
 */
const jacocoCounters = (counts) =>
  Object.entries(counts)
    .filter(([, [missed, covered]]) => missed + covered > 0)
    .map(([type, [missed, covered]]) => `<counter type="${type}" missed="${missed}" covered="${covered}"/>`)
    .join("");

/**
 * What JaCoCo counts in lines of code.
 * @param {{hits: number, branches: boolean, instructions: number}[]} lines
 * @param {[number, number]} methods missed and covered
 */
function jacocoCounts(lines, methods) {
  const sum = (/** @type {(line: any) => number} */ of) => lines.reduce((total, line) => total + of(line), 0);
  const ran = (/** @type {{hits: number}} */ { hits }) => hits > 0;
  return {
    INSTRUCTION: pair(
      (line) => (ran(line) ? 0 : line.instructions),
      (line) => (ran(line) ? line.instructions : 0),
    ),
    BRANCH: pair(
      (line) => (line.branches ? (ran(line) ? 1 : 2) : 0),
      (line) => (line.branches && ran(line) ? 1 : 0),
    ),
    LINE: pair(
      (line) => (ran(line) ? 0 : 1),
      (line) => (ran(line) ? 1 : 0),
    ),
    COMPLEXITY: methods,
    METHOD: methods,
  };
  /** @param {(line: any) => number} missed @param {(line: any) => number} covered @returns {[number, number]} */
  function pair(missed, covered) {
    return [sum(missed), sum(covered)];
  }
}

/** @type {Record<string, {head: string, source: (number: number, next: () => number) => string, tail: string}>} */
const WRITERS = {
  lcov: {
    head: "",
    tail: "",
    source(number, next) {
      const all = lines(next);
      const functions = all.filter(({ starts }) => starts);
      const branches = all.filter((line) => line.branches);
      const text = [`TN:\nSF:/work/${place(number)}.ts`];
      for (const { number: at } of functions) text.push(`FN:${at},(anonymous_${at})`);
      for (const { number: at, hits } of functions) text.push(`FNDA:${hits},(anonymous_${at})`);
      text.push(`FNF:${functions.length}\nFNH:${functions.filter(({ hits }) => hits > 0).length}`);
      for (const { number: at, hits } of all) text.push(`DA:${at},${hits}`);
      text.push(`LF:${all.length}\nLH:${all.filter(({ hits }) => hits > 0).length}`);
      for (const [block, { number: at, hits }] of branches.entries()) {
        text.push(`BRDA:${at},${block},0,${hits === 0 ? "-" : hits}\nBRDA:${at},${block},1,${hits >> 3}`);
      }
      text.push(`BRF:${2 * branches.length}\nBRH:${branches.length}\nend_of_record\n`);
      return text.join("\n");
    },
  },
  cobertura: {
    head: `<?xml version="1.0" ?>
<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
<coverage version="7.4" timestamp="1700000000000" line-rate="0.7" branch-rate="0.5" complexity="0">
\t<sources>
\t\t<source>/work</source>
\t</sources>
\t<packages>
\t\t<package name="." line-rate="0.7" branch-rate="0.5" complexity="0">
\t\t\t<classes>
`,
    tail: "\t\t\t</classes>\n\t\t</package>\n\t</packages>\n</coverage>\n",
    source(number, next) {
      const name = place(number);
      const text = [
        `\t\t\t\t<class name="Source${number}.py" filename="${name}.py" complexity="0" line-rate="0.7" branch-rate="0.5">`,
        "\t\t\t\t\t<methods/>",
        "\t\t\t\t\t<lines>",
      ];
      for (const { number: at, hits, branches } of lines(next)) {
        const condition = branches
          ? ` branch="true" condition-coverage="${hits ? "50% (1/2)" : "0% (0/2)"}" missing-branches="${at + 2}"`
          : "";
        text.push(`\t\t\t\t\t\t<line number="${at}" hits="${hits}"${condition}/>`);
      }
      text.push("\t\t\t\t\t</lines>\n\t\t\t\t</class>\n");
      return text.join("\n");
    },
  },
  clover: {
    head: `<?xml version="1.0" encoding="UTF-8"?>
<coverage generated="1700000000">
  <project timestamp="1700000000" name="bench">
    <package name="App">
`,
    tail: `    </package>
    <metrics files="1" loc="1" ncloc="1" classes="1" ${counters(1, 1, 0, 0)}/>
  </project>
</coverage>
`,
    source(number, next) {
      const all = lines(next);
      const [methods, statements] = [all.filter(({ starts }) => starts), all.filter(({ starts }) => !starts)];
      const covered = (/** @type {{hits: number}[]} */ list) => list.filter(({ hits }) => hits > 0).length;
      const own = counters(methods.length, covered(methods), statements.length, covered(statements));
      const text = [
        `      <file name="/work/${place(number)}.php">`,
        `        <class name="App\\Source${number}" namespace="global">`,
        `          <metrics complexity="${methods.length}" ${own}/>`,
        "        </class>",
      ];
      for (const { number: at, hits, starts } of all) {
        const method = starts ? ` name="get${at}" visibility="public" complexity="1" crap="1"` : "";
        text.push(
          `        <line num="${at}" type="${starts ? "method" : "stmt"}"${method} count="${hits}"/>`,
        );
      }
      text.push(`        <metrics loc="900" ncloc="700" classes="1" ${own}/>\n      </file>\n`);
      return text.join("\n");
    },
  },
  // JaCoCo writes no line breaks.
  jacoco: {
    head: `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><!DOCTYPE report PUBLIC "-//JACOCO//DTD Report 1.1//EN" \
"report.dtd"><report name="bench"><sessioninfo id="bench-1" start="1700000000000" dump="1700000001000"/>`,
    tail: "</report>",
    source(number, next) {
      const name = `com/example/module${number % 97}/part${number}`;
      const all = lines(next).map((line) => ({ ...line, instructions: 1 + Math.floor(12 * next()) }));
      const starts = [0, ...all.flatMap(({ starts }, n) => (starts && n > 0 ? [n] : []))];
      const methods = starts.map((start, n) => all.slice(start, starts[n + 1]));
      const text = [
        `<package name="${name}"><class name="${name}/Source${number}" sourcefilename="Source${number}.java">`,
      ];
      for (const [n, body] of methods.entries()) {
        const covered = body.some(({ hits }) => hits > 0) ? 1 : 0;
        text.push(
          `<method name="handle${n}" desc="(Ljava/lang/String;I)Ljava/util/List;" line="${body[0].number}">`,
          jacocoCounters(jacocoCounts(body, [1 - covered, covered])),
          "</method>",
        );
      }
      const ran = methods.filter((body) => body.some(({ hits }) => hits > 0)).length;
      const counts = {
        ...jacocoCounts(all, [methods.length - ran, ran]),
        CLASS: /** @type {[number, number]} */ ([0, 1]),
      };
      text.push(`${jacocoCounters(counts)}</class><sourcefile name="Source${number}.java">`);
      for (const { number: at, hits, branches, instructions } of all) {
        const ways = branches ? (hits > 0 ? [1, 1] : [2, 0]) : [0, 0];
        const [missed, covered] = hits > 0 ? [0, instructions] : [instructions, 0];
        text.push(`<line nr="${at}" mi="${missed}" ci="${covered}" mb="${ways[0]}" cb="${ways[1]}"/>`);
      }
      text.push(`${jacocoCounters(counts)}</sourcefile>${jacocoCounters(counts)}</package>`);
      return text.join("");
    },
  },
};

/**
 * A tree of sources of other people: cargo's registry, copied as often as it takes to so many files.
 * @param {number} files
 * @returns {Promise<{tree: string, files: number, name: string}>}
 */
export async function sourceTree(files) {
  const registry = path.join(process.env.CARGO_HOME ?? path.join(os.homedir(), ".cargo"), "registry/src");
  if (!fs.existsSync(registry)) {
    throw new Error(`expected sources in ${registry}, found none: run \`cargo fetch\` first`);
  }
  const found = filesBelow(registry);
  const copies = Math.ceil(files / found);
  if (copies === 1) return { tree: registry, files: found, name: "cargo's registry/src" };
  const tree = await made(`tree-${copies}`, (directory) => {
    for (let n = 0; n < copies; n++)
      fs.cpSync(registry, path.join(directory, `copy${n}`), { recursive: true });
  });
  return { tree, files: found * copies, name: `${copies} copies of cargo's registry/src` };
}

/** @param {string} directory */
function filesBelow(directory) {
  return fs.readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    .length;
}
