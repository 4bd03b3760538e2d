// What cards say and draw: changes of every size, states that are older than the range, lines with gaps, long numbers.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { valueRange, widened } from "../../page/axis.js";
import { build, report } from "./histories.js";
import { close, open, skip } from "./page.js";

after(close);

/** @param {Record<string, string|null>} units label metrics are those of the unit `label` */
const config = (units) =>
  JSON.stringify({
    metrics: Object.fromEntries(
      Object.entries(units).map(([id, unit]) => [
        id,
        unit === "label"
          ? { type: "label", command: "true" }
          : { type: "numeric", command: "true", ...(unit && { unit }) },
      ]),
    ),
  });

/** A part of a card in words. @param {import("playwright-core").Page} page @param {string} id @param {string} name */
const part = async (page, id, name) =>
  ((await page.textContent(`.card[data-id='${id}'] [data-part='${name}']`)) ?? "").trim();

test("a change is told also where the values before and after read the same", { skip }, async () => {
  /** @type {Record<string, {unit: string|null, values: number[], text: string}>} */
  const cases = {
    ratio: { unit: "decimal", values: [0.029, 0.03], text: "▲ +0.001 (+3.4%)" },
    size: { unit: "bytes", values: [1_048_576, 1_048_579], text: "▲ +3 B worse" },
    cover: { unit: "percent", values: [83.31, 83.34], text: "▲ +0.03 pp better" },
    count: { unit: "integer", values: [5.2, 5.3], text: "▲ +0.1 (+1.9%)" },
    back: { unit: "decimal", values: [5, 5.001, 5], text: "as at the start" },
    still: { unit: "decimal", values: [5, 5, 5], text: "no change" },
    sum: { unit: null, values: [0.3, 0.1 + 0.2], text: "no change" },
  };
  const builds = [0, 1, 2].map((at) =>
    build(
      at,
      Object.fromEntries(
        Object.entries(cases).map(([id, { values }]) => [id, values[Math.min(at, values.length - 1)]]),
      ),
    ),
  );
  const units = Object.fromEntries(Object.entries(cases).map(([id, { unit }]) => [id, unit]));
  const { page, trouble, done } = await open(report(builds, config(units)));
  const all = () => Promise.all(Object.keys(cases).map((id) => part(page, id, "trend")));
  const written = await all();
  assert.deepEqual(
    written.map((text) => text.replace(/ +/g, " ")),
    Object.values(cases).map(({ text }) => text),
  );
  await page.click("[data-days='7']");
  assert.deepEqual(await all(), written, "the page's own words are the engine's");
  await page.locator("[data-chart='0'] .plot").focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  assert.match((await page.textContent("[data-chart='0'] .tip")) ?? "", /▲ \+0\.001/);
  assert.deepEqual(trouble, []);
  await done();
});

test("a state is as old as it is, whatever range is shown", { skip }, async () => {
  const day = (/** @type {number} */ index) => index * 24;
  const builds = [
    build(0, { state: "old", other: 1 }),
    build(day(4), { state: "new", other: 1 }),
    ...Array.from({ length: 60 }, (_, index) =>
      build(day(5 + index), { state: index % 9 === 8 ? "new" : null, other: 1 + (index % 2) }),
    ),
    // Another branch's state is another's.
    build(day(2), { state: "new" }, { branch: "dev", runId: "7" }),
  ];
  const { page, trouble, done } = await open(report(builds, config({ state: "label", other: null })));
  assert.equal(await part(page, "state", "trend"), "since 2026-01-05");
  await page.click("[data-days='30']");
  assert.equal(await part(page, "state", "trend"), "since 2026-01-05");
  const bar = page.locator(".card[data-id='state'] rect").first();
  assert.equal(await bar.getAttribute("x"), "0.0", "it is drawn from the range's beginning");
  await page.locator("[data-chart='1'] .plot").focus();
  await page.keyboard.press("Home");
  assert.match(
    (await page.textContent("[data-chart='1'] .tip")) ?? "",
    /[▲▼] [+-]1/,
    "a change has its build before",
  );
  assert.deepEqual(trouble, []);
  await done();
});

test("the lines of cards have their gaps, and the bridge over them is dotted", { skip }, async () => {
  const builds = Array.from({ length: 60 }, (_, index) =>
    build(index * 24, { all: 1 + (index % 2), some: index > 20 && index < 40 ? null : 5 + (index % 4) }),
  );
  const { page, done } = await open(report(builds, config({ all: null, some: null })));
  const paths = (/** @type {string} */ id) =>
    page.$$eval(`.card[data-id='${id}'] .spark path`, (all) =>
      all.map((one) => `${one.getAttribute("class")} ${one.getAttribute("d")?.split("M").length}`),
    );
  const stated = { all: ["l1 2"], some: ["l1 gap 2", "l1 3"] };
  for (const days of ["0", "90"]) {
    await page.click(`[data-days='${days}']`);
    for (const [id, expected] of Object.entries(stated))
      assert.deepEqual(await paths(id), expected, `${id} ${days}`);
  }
  await page.click("[data-days='30']");
  assert.deepEqual(await paths("some"), ["l1 2"], "a range that begins within the gap");
  await done();
});

test("a number of 16 digits stands whole on the card of a phone", { skip }, async () => {
  const builds = [9_007_199_254_740_991, 1, 9_007_199_254_740_990].map((value, index) =>
    build(index, { long: value, short: 5 + index, exact: Math.PI / 3 + index }),
  );
  const html = report(builds, config({ short: null, long: "integer", exact: null }));
  for (const width of [360, 414, 768, 1280]) {
    const { page, done } = await open(html, { viewport: { width, height: 800 } });
    for (const choose of [false, true]) {
      if (choose) await page.click("[data-days='7']");
      assert.equal(await part(page, "long", "latest"), "9,007,199,254,740,990");
      const broken = await page.$$eval(".card", (cards) =>
        cards.flatMap((card) =>
          [...card.querySelectorAll(".latest, dd, .trend")].flatMap((one) => {
            const range = document.createRange();
            range.selectNodeContents(one);
            const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size;
            const cut = one.scrollWidth > one.clientWidth || one.scrollHeight > one.clientHeight + 1;
            const inside = card.getBoundingClientRect().right >= one.getBoundingClientRect().right;
            const whole = one.matches(".trend") || lines === 1;
            return whole && !cut && inside
              ? []
              : [`${one.textContent}: ${lines} lines, ${cut ? "cut" : "whole"}`];
          }),
        ),
      );
      assert.deepEqual(broken, [], `${width} px`);
    }
    await done();
  }
});

test("noise below any meaning fills neither a chart nor a card", () => {
  /** @type {[number, number, import("../../page/format.js").Unit][]} */
  const cases = [
    [1_048_576, 1_048_600, "bytes"],
    [100, 100.2, "duration"],
    [1_234_567_000, 1_234_567_900, null],
    [1_234_567_000, 1_234_567_900, "integer"],
    [2.5, 2.501, "decimal"],
    [83.31, 83.34, "percent"],
  ];
  for (const [low, high, unit] of cases) {
    const least = unit === "percent" ? 0.5 : 0.01 * high;
    for (const range of [valueRange, widened]) {
      const [bottom, top] = range(low, high, unit);
      assert.ok(top - bottom >= least * 0.999, `${low} ${high} ${unit}: ${bottom} to ${top}`);
      assert.ok(bottom < low && top > high);
    }
    // What is more than that fills its drawing as before.
    assert.deepEqual(widened(low, low * 1.5, unit).map(Math.round), [low, low * 1.5].map(Math.round));
  }
});
