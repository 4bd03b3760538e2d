// What is saved of a chart: the builds and lines that it shows, as cells that no spreadsheet calculates.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { csvOf } from "../../page/save.js";
import { build, report } from "./histories.js";
import { close, open, skip } from "./page.js";

after(close);

/** The lines of a chart's CSV. @param {import("playwright-core").Page} page */
async function saved(page) {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.click(".save button:text('CSV')"),
  ]);
  const lines = readFileSync(await download.path(), "utf8").split("\r\n");
  assert.equal(lines.pop(), "");
  return lines;
}

test("a zoomed chart's data are those of the stretch that it shows, of the lines that it shows", {
  skip,
}, async () => {
  const builds = Array.from({ length: 40 }, (_, index) =>
    build(index * 24, { size: index, other: index * 2 }),
  );
  const config = {
    metrics: { size: { type: "numeric", command: "true" }, other: { type: "numeric", command: "true" } },
    report: { sections: [{ name: "All", charts: [{ metrics: ["size", "other"] }] }] },
  };
  const { page, trouble, done } = await open(report(builds, JSON.stringify(config)));
  assert.equal((await saved(page)).length, 41);
  const over = await page.locator(".u-over").boundingBox();
  assert.ok(over);
  await page.mouse.move(over.x + over.width * 0.25, over.y + 40);
  await page.mouse.down();
  await page.mouse.move(over.x + over.width * 0.5, over.y + 40, { steps: 4 });
  await page.mouse.up();
  await page.locator(".reset").waitFor();
  const zoomed = await saved(page);
  const sizes = zoomed.slice(1).map((line) => Number(line.split(",")[4]));
  assert.deepEqual([sizes[0], sizes.at(-1), sizes.length], [10, 19, 10], sizes.join(" "));
  await page.locator(".key").first().click();
  const lines = await saved(page);
  assert.equal(lines[0], "time,commit,run,branch,other");
  assert.equal(lines.length, 11);
  await page.click(".reset");
  assert.equal((await saved(page)).length, 41);
  assert.deepEqual(trouble, []);
  await done();
});

test("no cell and no heading is a formula to a spreadsheet", () => {
  const texts = [
    ["plain", "plain"],
    ["a-b+c=d@e", "a-b+c=d@e"],
    ["=1+1", "'=1+1"],
    ["+1", "'+1"],
    ["-1", "'-1"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["\uff1d1+1", "'\uff1d1+1"],
    ["\uff0b1", "'\uff0b1"],
    ["\uff0d1", "'\uff0d1"],
    ["\uff20x", "'\uff20x"],
    ["\ufe63\u22121", "'\ufe63\u22121"],
    ["\u22121", "'\u22121"],
    [" \u3000=1", "' \u3000=1"],
    ["\ufeff=1", "'\ufeff=1"],
    // Where a semicolon, a tab or a line ends a cell.
    ["a;=1", '"a;\'=1"'],
    ["a;\uff1d1", '"a;\'\uff1d1"'],
    ["\t=1", "\"'\t'=1\""],
    ["a\n=1", '"a\n\'=1"'],
    ["a\r\n-1", '"a\r\n\'-1"'],
    ['=HYPERLINK("x")', '"\'=HYPERLINK(""x"")"'],
  ];
  for (const [text, cell] of texts) {
    /** @type {any} */
    const metric = { id: text, kind: "label", labels: [text], values: () => [0] };
    const builds = { time: [0], commit: () => text, run: () => text };
    /** @type {any} */
    const page = { builds, branches: [[text, 1]] };
    /** @type {any} */
    const view = { branch: 0 };
    const expected =
      `time,commit,run,branch,${cell}\r\n` + `1970-01-01T00:00:00.000Z,${cell},${cell},${cell},${cell}\r\n`;
    assert.equal(csvOf(page, view, [0], [metric]), expected, JSON.stringify(text));
  }
  // A number is a number.
  /** @type {any} */
  const metric = { id: "-x", kind: "numeric", labels: [], values: () => [-1] };
  /** @type {any} */
  const page = { builds: { time: [0], commit: () => "c", run: () => "1" }, branches: [["main", 1]] };
  /** @type {any} */
  const view = { branch: 0 };
  assert.equal(
    csvOf(page, view, [0], [metric]),
    "time,commit,run,branch,'-x\r\n1970-01-01T00:00:00.000Z,c,1,main,-1\r\n",
  );
});
