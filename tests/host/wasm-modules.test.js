// The wasm modules as they are shipped: small enough, without what they do not need, every export called by its door, and
// each loaded only where it is used. Then the end of the parsers' module, brought about by a real lack of memory.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import * as engineGlue from "../../js/engine/wasm/engine.js";
import * as parsersGlue from "../../js/engine/wasm/parsers.js";
import { ROOT } from "./support/project.js";

const inTree = (/** @type {string} */ name) => path.join(ROOT, name);
const wasm = (/** @type {string} */ name) => fs.readFileSync(inTree(`dist/${name}.wasm`));

/** What the glue has for loading and for garbage, which no door asks for. */
const OF_GLUE = new Set(["default", "initSync", "start", "constructor", "free"]);

/**
 * The names of everything that a module exports: functions, classes, their methods.
 * @param {Record<string, any>} glue
 */
const exported = (glue) =>
  Object.entries(glue)
    .flatMap(([name, value]) => [
      name,
      ...Object.getOwnPropertyNames(value.prototype ?? {}),
      ...Object.getOwnPropertyNames(value).filter((key) => typeof value[key] === "function"),
    ])
    .filter((name) => !OF_GLUE.has(name) && !name.startsWith("__"));

test("the engine is at most 1.42 MB, and the parsers have no SQLite", () => {
  const [engine, parsers] = [wasm("engine"), wasm("parsers")];
  assert.ok(engine.length <= 1_420_000, `${engine.length} bytes`);
  assert.ok(engine.includes("SQLite format 3") && !parsers.includes("SQLite format 3"));
  assert.ok(parsers.length < 1_400_000, `${parsers.length} bytes`);
});

test("each module loads with nothing but its glue, and every export of it is asked for", () => {
  for (const [name, glue, files] of /** @type {const} */ ([
    ["engine", engineGlue, ["js/engine/engine.js"]],
    ["parsers", parsersGlue, ["js/engine/parsers.js", "js/collect/lines.js"]],
  ])) {
    const { memory } = glue.initSync({ module: wasm(name) });
    assert.ok(memory.buffer.byteLength > 0);
    const names = exported(glue);
    assert.ok(names.length > 8, names.join());
    const callers = files.map((file) => fs.readFileSync(inTree(file), "utf8")).join("\n");
    const unused = names.filter((each) => !new RegExp(`\\.${each}\\(|\\bwasm\\.${each}\\b`).test(callers));
    assert.deepEqual(unused, [], `exports of ${name}.wasm that no one asks for`);
  }
});

test("both modules compute: a history saved and reported, a coverage report, lines of code", async () => {
  const [engine, parsers] = await Promise.all([
    import("../../js/engine/engine.js"),
    import("../../js/engine/parsers.js"),
  ]);
  const config = JSON.stringify({ metrics: { size: { type: "numeric", command: "echo 1" } } });
  assert.ok(engine.checkConfig(config, "unentropy.json").config);
  const history = engine.openHistory(null);
  try {
    const again = engine.openHistory(history.save());
    assert.equal(again.buildCount(), 0);
    again.free();
    const facts = {
      title: "t",
      repositoryUrl: null,
      generatedAt: "2026-02-01T00:00:00Z",
      version: "0",
      defaultBranch: "main",
    };
    assert.match(history.report(config, facts), /<\/html>\s*$/);
  } finally {
    history.free();
  }
  const session = parsers.openMeasurement("/work");
  const report = Buffer.from("SF:a.js\nDA:1,1\nDA:2,0\nend_of_record\n");
  session.reserve(report.length);
  session.room(0, report.length).set(report);
  const files = [{ name: "a", reader: /** @type {const} */ ("coverage"), length: report.length }];
  const names = ["a"];
  const measure = /** @type {const} */ ({ kind: "coverage", of: "line", format: null, fallback: null });
  assert.deepEqual(
    session.answer(report.length, files, [
      { names, measure, sources: true },
      { names, measure },
    ]),
    [
      { status: "sources", sources: ["a.js"] },
      { status: "value", value: 50, warnings: [], tests: null },
    ],
  );
  session.free();
  const { counter, memory, free } = parsers.openLineCounter();
  const code = Buffer.from("let x = 1;\n\n// y\n");
  new Uint8Array(memory.buffer, counter.reserve(code.length) >>> 0, code.length).set(code);
  const languages = counter.detect("a.js\0");
  assert.deepEqual([...counter.addAll(languages, Uint32Array.of(code.length))], [0]);
  assert.deepEqual([...parsers.codeLines(counter.take())], [["JavaScript", 1]]);
  free();
});

/** Which of dist's wasm modules a command reads. @param {string} cwd @param {string[]} args */
function loadedBy(cwd, args) {
  // What opens a file is asked by name: the command itself says nothing of what it loads.
  const spy = `import fs from "node:fs";import{syncBuiltinESMExports}from"node:module";const read=fs.readFileSync;
fs.readFileSync=(file,...rest)=>{const name=/(\\w+)\\.wasm$/.exec(String(file?.href??file))?.[1];if(name)console.error("loads "+name);return read(file,...rest)};syncBuiltinESMExports();`;
  const { stderr, status } = spawnSync(
    process.execPath,
    ["--import", `data:text/javascript,${encodeURIComponent(spy)}`, inTree("dist/cli.js"), ...args],
    { cwd, encoding: "utf8" },
  );
  assert.equal(status, 0, stderr);
  return [...new Set([...stderr.matchAll(/^loads (\w+)$/gm)].map(([, name]) => name))].sort();
}

test("a command loads the parsers only to measure what they read", (t) => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-modules-"));
  t.after(() => fs.rmSync(directory, { recursive: true, force: true }));
  fs.writeFileSync(path.join(directory, "a.js"), "let x = 1;\n");
  const metrics = {
    one: { type: "numeric", command: "echo 1" },
    size: { type: "numeric", command: "@collect size a.js" },
  };
  fs.writeFileSync(path.join(directory, "unentropy.json"), JSON.stringify({ metrics }));
  assert.deepEqual(loadedBy(directory, ["verify"]), ["engine"]);
  assert.deepEqual(loadedBy(directory, ["test"]), ["engine"]);
  assert.deepEqual(loadedBy(directory, ["collect", "loc", "a.js"]), ["engine", "parsers"]);
});

/**
 * The module with room for so many more pages of memory than it begins with.
 * @param {Uint8Array} bytes @param {number} pages
 */
function limited(bytes, pages) {
  const read = (/** @type {number} */ at) => {
    let [value, shift, byte] = [0, 0, 0];
    do {
      byte = bytes[at++];
      value |= (byte & 127) << shift;
      shift += 7;
    } while (byte & 128);
    return { value, next: at };
  };
  const written = (/** @type {number} */ value) => {
    const out = [];
    for (; value > 127; value >>>= 7) out.push((value & 127) | 128);
    return [...out, value];
  };
  for (let at = 8; at < bytes.length; ) {
    const size = read(at + 1);
    // Section 5: one memory, no limit.
    if (bytes[at] === 5) {
      assert.deepEqual([...bytes.subarray(size.next, size.next + 2)], [1, 0]);
      const least = read(size.next + 2).value;
      const section = [1, 1, ...written(least), ...written(least + pages)];
      return Buffer.concat([
        bytes.subarray(0, at),
        Uint8Array.from([5, ...written(section.length), ...section]),
        bytes.subarray(size.next + size.value),
      ]);
    }
    at = size.next + size.value;
  }
  return assert.fail("the module has no memory");
}

test("a report that the parsers die of costs its metric; the next one is read on a thread", (t) => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-limited-"));
  t.after(() => fs.rmSync(directory, { recursive: true, force: true }));
  const module = path.join(directory, "limited.wasm");
  fs.writeFileSync(module, limited(wasm("parsers"), 32));
  const block = "SF:a.js\nDA:1,1\nDA:2,0\nend_of_record\n";
  fs.writeFileSync(path.join(directory, "small.info"), block);
  fs.writeFileSync(path.join(directory, "large.info"), block.repeat(100_000));
  fs.writeFileSync(path.join(directory, "a.js"), "let x = 1;\n");
  // A process of its own: nothing of the parsers' works in it afterwards.
  const program = `
    import fs from "node:fs";
    import { openLineCounter } from ${JSON.stringify(pathToFileURL(inTree("js/engine/parsers.js")))};
    import { Measurements } from ${JSON.stringify(pathToFileURL(inTree("js/collect/measure.js")))};
    openLineCounter(new WebAssembly.Module(fs.readFileSync(${JSON.stringify(module)}))).free();
    const measurements = new Measurements({ directory: ${JSON.stringify(directory)} });
    const coverage = (name) => ({ collector: "coverage", patterns: [name], exclude: [],
      measure: { kind: "coverage", of: "line", format: null, fallback: null } });
    const lines = { collector: "loc", patterns: ["a.js"], exclude: [], measure: { kind: "lines", languages: [] } };
    const results = [];
    for (const plan of [coverage("small.info"), coverage("large.info"), coverage("small.info"), lines])
      results.push(await measurements.measure(plan).catch(({ type, code, message }) => ({ type, code, message })));
    measurements.free();
    console.log(JSON.stringify(results));`;
  const file = path.join(directory, "program.mjs");
  fs.writeFileSync(file, program);
  const { stdout, stderr, status } = spawnSync(process.execPath, [file], {
    cwd: ROOT,
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  const [before, dead, after, lines] = JSON.parse(stdout);
  assert.deepEqual([before, after], [50, 50]);
  for (const [failure, words] of [
    [dead, /^could not read `large\.info`: the engine ran out of memory or stopped at a bug: /],
    [lines, /^could not count the lines of `a\.js`: the engine ran out of memory or stopped at a bug: /],
  ]) {
    assert.deepEqual([failure.type, failure.code], ["collection", "COLLECTOR_CRASHED"]);
    assert.match(failure.message, words);
  }
});
