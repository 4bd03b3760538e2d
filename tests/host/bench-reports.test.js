// Benchmark reports as metrics: a directory of criterion's, names and stats, and what is said where one of them is wrong.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import zlib from "node:zlib";
import { Project, ROOT } from "./support/project.js";

const TOOLS = path.join(ROOT, "tests/fixtures/tools");

/** @param {string} name */
const fixture = (name) => fs.readFileSync(path.join(TOOLS, name), "utf8");

/** A tree as criterion leaves it after two runs. @param {number} benchmarks */
function tree(benchmarks) {
  /** @type {Record<string, string>} */
  const files = { "target/criterion/report/index.html": "<html>" };
  for (let n = 0; n < benchmarks; n++) {
    /** @param {number} mean */
    const estimates = (mean) => {
      const of = (/** @type {number} */ estimate) => ({ point_estimate: estimate });
      return JSON.stringify({ mean: of(mean), median: of(mean), slope: null, std_dev: of(1) });
    };
    const at = `target/criterion/parse/case_${n}`;
    files[`${at}/new/estimates.json`] = estimates(100 + n);
    files[`${at}/base/estimates.json`] = estimates(1);
    files[`${at}/change/estimates.json`] = "{}";
    files[`${at}/new/tukey.json`] = "[1,2,3,4]";
    files[`${at}/new/benchmark.json`] = JSON.stringify({ full_id: `parse/case ${n}`, directory_name: at });
    files[`${at}/new/raw.csv`] = "a,b\n";
  }
  return files;
}

test("collect prints one figure of a benchmark", async (t) => {
  const project = new Project(t, {
    "bench.json": fixture("hyperfine/hyperfine.json"),
    "go.txt": fixture("go-bench/count.txt"),
    "one.json": '[{"name":"a","unit":"ms","value":12.5}]',
    ...tree(60),
  });
  fs.writeFileSync(
    path.join(project.directory, "one.gz"),
    zlib.gzipSync('[{"name":"a","unit":"s","value":3}]'),
  );
  const { results } = JSON.parse(fixture("hyperfine/hyperfine.json"));
  for (const [args, expected] of /** @type {[string[], string][]} */ ([
    [["bench.json", "--name", "sort"], `${results[0].mean}\n`],
    [["bench.json", "--name=count", "--stat", "max"], `${results[1].max}\n`],
    [["one.json"], "0.0125\n"],
    [["one.gz"], "3\n"],
    [["target/criterion", "--name", "parse/case 7"], "1.07e-7\n"],
    [["target/criterion", "go.txt", "-n", "case 59", "-s", "median"], "1.59e-7\n"],
    [["target/criterion/**/new/estimates.json", "-n", "parse/case_7"], "1.07e-7\n"],
  ])) {
    const outcome = await project.run(["collect", "bench", ...args]);
    assert.deepEqual([outcome.code, outcome.stdout], [0, expected], `${args.join(" ")}: ${outcome.stderr}`);
  }
  for (const [args, message] of /** @type {[string[], RegExp][]} */ ([
    [["bench.json"], /there are 2 benchmarks, expected `--name`[\s\S]*`sort` and `count`/],
    [["bench.json", "-n", "srt"], /no benchmark is called `srt`[\s\S]*Did you mean `sort`\?/],
    [["target/criterion", "-n", "parse/*"], /`parse\/\*` matches 60 benchmarks, expected one/],
    [["bench.json", "-n", "sort", "-s", "p99"], /`sort` of hyperfine has no `p99`[\s\S]*`mean`, `median`/],
    [["go.txt", "missing.json"], /missing\.json/],
    [["target/criterion/parse/case_1/new/raw.csv"], /not a benchmark report that is known/],
    [[], /`bench` needs at least one file/],
  ])) {
    const outcome = await project.run(["collect", "bench", ...args]);
    assert.notEqual(outcome.code, 0, args.join(" "));
    assert.equal(outcome.stdout, "", args.join(" "));
    assert.match(outcome.stderr, message, args.join(" "));
  }
});

test("the metrics of one tree are measured in a run", async (t) => {
  const metrics = Object.fromEntries(
    Array.from({ length: 50 }, (_, n) => [
      `case-${n}`,
      {
        type: "numeric",
        unit: "duration",
        command: `@collect bench target/criterion --name 'parse/case ${n}'`,
      },
    ]),
  );
  const project = new Project(t, { "unentropy.json": JSON.stringify({ metrics }), ...tree(60) });
  const outcome = await project.run(["test", "--json"]);
  assert.equal(outcome.code, 0, outcome.stderr);
  /** @type {{metrics: {value: number}[]}} */
  const { metrics: measured } = JSON.parse(outcome.stdout);
  assert.deepEqual(
    measured.map(({ value }) => value),
    Array.from({ length: 50 }, (_, n) => Number(`${100 + n}e-9`)),
  );
});
