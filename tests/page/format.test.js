// The page's pure functions: figures as the engine writes them, axis labels, packed columns.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { timeLabels, timeTicks, valueRange, valueTicks } from "../../page/axis.js";
import { readReport, unpack } from "../../page/data.js";
import {
  formatDelta,
  formatMinute,
  formatRelative,
  formatShort,
  formatSmallDelta,
  formatTick,
  formatValue,
} from "../../page/format.js";
import { withRhythm } from "../../page/gaps.js";
import { dateEdge, viewOf } from "../../page/view.js";

test("figures read as the engine's", () => {
  const vectors = JSON.parse(readFileSync(new URL("../fixtures/units.json", import.meta.url), "utf8"));
  assert.ok(vectors.length >= 80);
  for (const { value, delta, relative, small, short, unit = null, text } of vectors) {
    if (value !== undefined) assert.equal(formatValue(value, unit), text, `${value} ${unit}`);
    else if (short !== undefined) assert.equal(formatShort(short, unit), text, `${short} ${unit}`);
    else if (relative !== undefined) assert.equal(formatRelative(relative), text, `${relative}`);
    else if (delta !== undefined) assert.equal(formatDelta(delta, unit), text, `${delta} ${unit}`);
    else assert.equal(formatSmallDelta(small, unit), text, `${small} ${unit}`);
  }
});

test("figures follow the units' rules", () => {
  /** @type {[number, import("../../page/format.js").Unit, string][]} */
  const cases = [
    [83.25, "percent", "83.3%"],
    [100, "percent", "100.0%"],
    [-0.04, "percent", "0.0%"],
    [1234567.5, "integer", "1,234,568"],
    [1023, "bytes", "1,023 B"],
    [1536, "bytes", "1.5 KB"],
    [1048575, "bytes", "1 MB"],
    [2 ** 50, "bytes", "1,024 TB"],
    [0.85, "duration", "850ms"],
    [0.9996, "duration", "1s"],
    [59.6, "duration", "59.6s"],
    [59.96, "duration", "1m 0s"],
    [3599.6, "duration", "1h 0m"],
    [7325, "duration", "2h 2m"],
    [-90, "duration", "-1m 30s"],
    [2.7149, "decimal", "2.71"],
    [12345.678, null, "12,345.678"],
    [1e21, null, "1e21"],
    [1e-7, null, "1e-7"],
    [-1.5e-7, null, "-1.5e-7"],
    [Number.NaN, null, "n/a"],
  ];
  for (const [value, unit, text] of cases) assert.equal(formatValue(value, unit), text);
  assert.equal(formatDelta(-1536, "bytes"), "-1.5 KB");
  assert.equal(formatDelta(2, "percent"), "+2.0 pp");
  assert.equal(formatRelative(2), "+2.0%");
  assert.equal(formatMinute(-1), "1969-12-31 23:59");
});

test("labels of an axis never read alike", () => {
  /** @type {[number, number, import("../../page/format.js").Unit][]} */
  const cases = [
    [83.01, 83.06, "percent"],
    [0, 100, "percent"],
    [1430000, 1431000, "bytes"],
    [0, 5e12, "bytes"],
    [0, 7, "bytes"],
    [0.2, 0.25, "duration"],
    [59, 61, "duration"],
    [3600, 3700, "duration"],
    [0, 90000, "duration"],
    [3, 5, "integer"],
    [2.71, 2.72, "decimal"],
    [0, 3e-6, "duration"],
    [1e-9, 4e-9, "duration"],
    [1234567, 1234587, null],
    [1e6, 9e6, null],
    [-1e300, 1e300, null],
    [1e-9, 3e-9, null],
    [-3, 4, null],
  ];
  for (const [low, high, unit] of cases) {
    const ticks = valueTicks(low, high, 5, unit);
    const labels = ticks.map((tick) => formatTick(tick, unit, ticks[1] - ticks[0]));
    assert.ok(ticks.length >= 2 && ticks.length <= 12, `${low} ${high} ${unit}: ${labels}`);
    assert.equal(new Set(labels).size, labels.length, `${low} ${high} ${unit}: ${labels}`);
    assert.ok(
      labels.every((label) => !/NaN|undefined/.test(label)),
      String(labels),
    );
  }
});

test("an axis follows the data and stays where values can be", () => {
  const [low, high] = valueRange(80, 90, "percent");
  assert.ok(low > 70 && low < 80 && high > 90 && high < 100);
  assert.deepEqual(valueRange(99, 100, "percent")[1], 100);
  assert.equal(valueRange(0, 10, "integer")[0], 0);
  for (const flat of [0, 5, -5, 1e300, -1e-300]) {
    const [bottom, top] = valueRange(flat, flat, null);
    assert.ok(bottom <= flat && top >= flat && top > bottom, String(flat));
  }
  assert.deepEqual(valueRange(-Number.MAX_VALUE, Number.MAX_VALUE, null), [
    -Number.MAX_VALUE,
    Number.MAX_VALUE,
  ]);
});

test("time labels stand at round moments and name the year where it changes", () => {
  const at = (/** @type {string} */ text) => Date.parse(`${text}Z`);
  /** @type {[string, string, string[]][]} */
  const cases = [
    ["2026-11-05T10:20", "2026-11-05T13:50", ["11:00\nNov 5, 2026", "12:00", "13:00"]],
    ["2026-12-30T12:00", "2027-01-03T12:00", ["Dec 31\n2026", "Jan 1\n2027", "Jan 2", "Jan 3"]],
    ["2026-11-15T00:00", "2027-02-20T00:00", ["Dec\n2026", "Jan\n2027", "Feb"]],
    ["2020-06-01T00:00", "2024-06-01T00:00", ["2021", "2022", "2023", "2024"]],
  ];
  for (const [from, to, labels] of cases)
    assert.deepEqual(timeLabels(timeTicks(at(from), at(to), 4)), labels);
});

test("a build that did not measure is a gap, unless that is the rhythm", () => {
  /** @type {[string, string][]} */
  const cases = [
    ["", ""],
    ["...", "..."],
    ["xxx.xx", "xxx.xx"],
    ["xxx..xx", "xxx..xx"],
    ["x.x..x.x.x", "x-x--x-x-x"],
    ["xxx...xx", "xxx...xx"],
    ["..x..x..x..x..", "..x--x--x--x.."],
    ["x..x..x........x..x", "x--x--x--------x--x"],
    ["x..x..x.........x..x", "x--x--x.........x--x"],
  ];
  for (const [values, drawn] of cases) {
    const out = withRhythm([...values].map((one) => (one === "x" ? 1 : null)));
    assert.equal(out.map((one) => (one === 1 ? "x" : one === null ? "." : "-")).join(""), drawn, values);
  }
});

test("packed sequences are read as they are written", () => {
  assert.deepEqual(unpack(""), []);
  assert.deepEqual(unpack("DCAB"), [1, 0, null, 0]);
  assert.deepEqual(unpack("gB"), [-16]);
  assert.deepEqual(unpack("D", 100), [0.01]);
});

test("commits and runs come back, exceptions included", () => {
  const json = JSON.stringify({
    branches: [
      ["main", 2],
      ["other", 1],
    ],
    builds: {
      count: 3,
      time: 0,
      tick: 1000,
      commit: { s: 1, other: [[1, "import"]] },
      run: { s: 2, other: [[1, "local-1"]] },
      number: 3,
    },
    metrics: [],
    charts: [],
    thresholds: [],
    repository: null,
  });
  const hashes = "AP8A_wD_AP8A_wD_AP8A_wD_AP8".repeat(2);
  const report = readReport([json, "DDD", hashes, "PAD", "DAD"].join("\n"));
  const hash = "00ff".repeat(10);
  assert.deepEqual([0, 1, 2].map(report.builds.commit), [hash, "import", hash]);
  assert.deepEqual([0, 1, 2].map(report.builds.run), ["7", "local-1", "8"]);
  assert.deepEqual(report.builds.time, [1000, 2000, 3000]);
  assert.deepEqual(viewOf(report, 0, -Infinity, Infinity).builds, [0, 1]);
  assert.deepEqual(viewOf(report, 1, -Infinity, Infinity).builds, [2]);
  assert.deepEqual(viewOf(report, 0, 1500, 9000).builds, [1]);
  assert.deepEqual(viewOf(report, 0, 2500, 9000).builds, []);
  assert.deepEqual(report.builds.number(), [1, null, 2]);
});

test("a date field's text is a day in UTC", () => {
  assert.equal(dateEdge("2026-11-05", false, 0), Date.UTC(2026, 10, 5));
  assert.equal(dateEdge("2026-11-05", true, 0), Date.UTC(2026, 10, 6) - 1);
  assert.equal(dateEdge("", true, 7), 7);
  assert.equal(dateEdge("2026-99-99", true, 7), 7);
});
