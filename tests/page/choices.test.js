// What a reader can choose with a real pointer and a real keyboard: ranges in the address, lines by
// their keys, zoom, and the marks of likely shifts.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { addressOf, choiceOf } from "../../page/controls.js";
import { build, REPORTS, report, sample } from "./histories.js";
import { close, open, skip } from "./page.js";

after(close);

/** @typedef {import("playwright-core").Page} Page */

test("an address says what is chosen, and nonsense is the first view", () => {
  const presets = [0, 90, 30, 7];
  /** @type {[string, import("../../page/controls.js").Choice|null][]} */
  const cases = [
    ["", { branch: "", days: 0, from: "", to: "" }],
    ["#days=30", { branch: "", days: 30, from: "", to: "" }],
    ["#days=31&branch=a%26b%3D%3Cc%3E", { branch: "a&b=<c>", days: 0, from: "", to: "" }],
    ["#from=2026-01-10&to=2026-04-09", { branch: "", days: -1, from: "2026-01-10", to: "2026-04-09" }],
    ["#from=2026-01-10", { branch: "", days: -1, from: "2026-01-10", to: "" }],
    ["#from=yesterday&to=2026-13-99", { branch: "", days: 0, from: "", to: "" }],
    ["#days=NaN", { branch: "", days: 0, from: "", to: "" }],
    ["#chart-3", null],
  ];
  for (const [hash, choice] of cases) assert.deepEqual(choiceOf(hash, presets), choice, hash);
  for (const [, choice] of cases.slice(0, 5)) {
    assert.ok(choice);
    assert.deepEqual(choiceOf(addressOf(choice, ""), presets), choice);
  }
});

test("a view is kept in the address, found again there, and left alone by links within the page", {
  skip,
}, async () => {
  const { page, trouble, done } = await open(sample());
  const hash = () => page.evaluate(() => location.hash);
  const facts = async () => ((await page.textContent("#facts")) ?? "").trim();
  await page.click("[data-days='90']");
  assert.equal(await hash(), "#days=90");
  await page.selectOption("#branch", "1");
  assert.equal(await hash(), "#days=90&branch=develop");
  const chosen = await facts();
  await page.reload();
  assert.equal(await facts(), chosen);
  assert.equal(await page.getAttribute("[data-days='90']", "aria-pressed"), "true");
  await page.click(".card h3 a");
  assert.equal(await hash(), "#days=90&branch=develop");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "chart-0");
  await page.fill("#from", "2026-01-10");
  await page.fill("#to", "2026-04-09");
  assert.equal(await hash(), "#from=2026-01-10&to=2026-04-09&branch=develop");
  await page.evaluate(() => {
    location.hash = "#days=7";
  });
  await page.waitForFunction(() => document.querySelector("#branch-name")?.textContent === "main");
  assert.equal(await page.getAttribute("[data-days='7']", "aria-pressed"), "true");
  await page.evaluate(() => {
    location.hash = "#from=<script>&branch=nowhere&days=1e9";
  });
  await page.waitForFunction(() =>
    /^273 builds on main/.test(document.querySelector("#facts")?.textContent ?? ""),
  );
  await page.click("[data-days='30']");
  await page.click("[data-days='0']");
  assert.equal(await hash(), "");
  assert.deepEqual(trouble, []);
  await done();
});

/** The pixels of a chart's canvas that have about this colour. @param {Page} page @param {string} chart @param {number[]} rgb */
const inked = (page, chart, rgb) =>
  page.$eval(
    `${chart} canvas`,
    (one, [red, green, blue]) => {
      const canvas = /** @type {HTMLCanvasElement} */ (one);
      const data = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
      let count = 0;
      for (let at = 0; at < data.length; at += 4) {
        const off = Math.abs(data[at] - red) + Math.abs(data[at + 1] - green) + Math.abs(data[at + 2] - blue);
        if (data[at + 3] > 200 && off < 24) count += 1;
      }
      return count;
    },
    rgb,
  );

test("a key of the legend takes its line away and brings it back", { skip }, async () => {
  const { page, done } = await open(sample());
  await page.waitForSelector("[data-chart='0'].on canvas");
  const orange = [0xb4, 0x54, 0x0a];
  const before = await inked(page, "[data-chart='0']", orange);
  assert.ok(before > 100, String(before));
  const key = page.locator("[data-chart='0'] .key").nth(1);
  assert.equal(await key.getAttribute("aria-pressed"), "true");
  await key.click();
  assert.equal(await key.getAttribute("aria-pressed"), "false");
  assert.equal(await inked(page, "[data-chart='0']", orange), 0);
  const plot = await page.locator("[data-chart='0'] .u-over").boundingBox();
  assert.ok(plot);
  await page.mouse.move(plot.x + plot.width / 2, plot.y + 30);
  const tip = page.locator("[data-chart='0'] .tip");
  assert.equal(await tip.locator("li").count(), 1);
  await page.click("[data-days='90']");
  assert.equal(await inked(page, "[data-chart='0']", orange), 0, "it stays away when the range changes");
  await page.click("[data-days='0']");
  await key.focus();
  await page.keyboard.press("Enter");
  assert.equal(await key.getAttribute("aria-pressed"), "true");
  await page.waitForTimeout(50);
  assert.equal(await inked(page, "[data-chart='0']", orange), before);
  await done();
});

test("keys zoom around the crosshair and out again, and a double click ends a zoom", { skip }, async () => {
  const { page, trouble, done } = await open(sample());
  const plot = page.locator("[data-chart='1'] .plot");
  await plot.focus();
  await page.keyboard.press("End");
  const reset = page.locator("[data-chart='1'] .reset");
  assert.equal(await reset.isVisible(), false);
  await page.keyboard.press("+");
  await page.keyboard.press("+");
  await reset.waitFor();
  const tip = page.locator("[data-chart='1'] .tip");
  assert.ok((await tip.textContent())?.startsWith("2026-11-18"), "the crosshair's build stays");
  await page.keyboard.press("-");
  assert.equal(await reset.isVisible(), true);
  await page.keyboard.press("0");
  assert.equal(await reset.isVisible(), false);
  await page.keyboard.press("+");
  await reset.waitFor();
  const stops = [];
  for (let step = 0; step < 3; step += 1) {
    await page.keyboard.press("Tab");
    stops.push(
      await page.evaluate(() => document.activeElement?.className || document.activeElement?.tagName),
    );
  }
  assert.deepEqual(stops, ["A", "A", "reset"], "the links to commit and run, then the button");
  const over = await page.locator("[data-chart='1'] .u-over").boundingBox();
  assert.ok(over);
  await page.mouse.dblclick(over.x + over.width / 2, over.y + 40);
  await page.waitForFunction(() => !document.querySelector(".reset:not([hidden])"));
  assert.deepEqual(trouble, []);
  await done();
});

test("a tip tells every metric of its panel, lines and states alike", { skip }, async () => {
  const { page, done } = await open(sample());
  const plots = page.locator("[data-chart='3'] .plot");
  await page.locator("[data-chart='3']").scrollIntoViewIfNeeded();
  for (const index of [0, 1]) {
    await plots.nth(index).focus();
    await page.keyboard.press("End");
    const names = await plots.nth(index).locator(".tip li > span:first-of-type").allTextContents();
    assert.deepEqual(names, ["Cold start", "Node"]);
  }
  await done();
});

test("a shift of level is marked on its line, told by its build, listed, and gone with its range", {
  skip,
}, async () => {
  const builds = Array.from({ length: 80 }, (_, index) =>
    build(index * 24, {
      size: index < 50 ? 1000 + (index % 3) : 1400 + (index % 3),
      steady: 5 + (index % 4),
    }),
  );
  const config = {
    metrics: {
      size: { type: "numeric", unit: "bytes", command: "true" },
      steady: { type: "numeric", command: "true" },
    },
  };
  const { page, trouble, done } = await open(report(builds, JSON.stringify(config)));
  const list = page.locator("[data-chart='0'] .shifts");
  const text = "2026-02-20 1,001 B → 1.4 KB ▲ +400 B (+40.0%) worse";
  assert.ok((await list.textContent())?.includes(text), (await list.textContent()) ?? "");
  assert.equal(await page.locator("[data-chart='1'] .shifts").isVisible(), false);
  assert.match((await page.textContent(".card[data-id='size']")) ?? "", /shift ▲ \+40\.0% on 2026-02-20/);
  await page.locator("[data-chart='0'] .plot").focus();
  await page.keyboard.press("Home");
  for (let step = 0; step < 50; step += 1) await page.keyboard.press("ArrowRight");
  assert.match(
    (await page.textContent("[data-chart='0'] .tip")) ?? "",
    /^2026-02-20 00:00 UTC.*likely shift ▲ \+400 B \(\+40\.0%\) worse/,
  );
  await page.click("[data-days='7']");
  assert.equal(await list.isVisible(), false);
  assert.doesNotMatch((await page.textContent(".card[data-id='size']")) ?? "", /shift/);
  assert.deepEqual(trouble, []);
  await done();
});

test("a slow step is one shift from the level before it to the level after it", { skip }, async () => {
  const builds = Array.from({ length: 160 }, (_, index) =>
    build(index * 24, {
      size: Math.round(1_000_000 + 600_000 * Math.min(1, Math.max(0, (index - 60) / 45)) + (index % 3) * 900),
    }),
  );
  const config = { metrics: { size: { type: "numeric", unit: "integer", command: "true" } } };
  const { page, trouble, done } = await open(report(builds, JSON.stringify(config)));
  const items = await page.locator("[data-chart='0'] .shifts li").allTextContents();
  assert.equal(items.length, 1, items.join("\n"));
  assert.match(
    items[0],
    /^2026-03-\d\d 1,00[0-2],\d00 → 1,60[0-2],\d00 ▲ \+(59\d|60[0-2]),\d00 \(\+59\.\d%\)/,
  );
  assert.deepEqual(trouble, []);
  await done();
});

test("each redrawing of a chart cuts each of its columns once", { skip }, async () => {
  const builds = Array.from({ length: 30 }, (_, index) =>
    build(index * 24, { size: index, state: `s${index % 2}` }),
  );
  const config = {
    metrics: { size: { type: "numeric", command: "true" }, state: { type: "label", command: "true" } },
    report: { sections: [{ name: "x", charts: [{ metrics: ["size", "state"] }] }] },
  };
  const { page, done } = await open(report(builds, JSON.stringify(config)));
  await page.waitForSelector("[data-chart='0'].on canvas");
  const cuts = await page.evaluate(() => {
    const { slice } = Array.prototype;
    let count = 0;
    Array.prototype.slice = function (...stretch) {
      if (this.length === 30 && typeof this[0] === "number" && this[0] < 1000) count += 1;
      return slice.apply(this, /** @type {any} */ (stretch));
    };
    // The card's line is not the chart's.
    document.querySelector(".card")?.parentElement?.replaceChildren();
    document.querySelector("[data-days='7']")?.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    Array.prototype.slice = slice;
    return count;
  });
  assert.equal(cuts, 2);
  await done();
});

test("axes of bytes keep to one unit, and no axis mixes units", { skip }, async () => {
  const { page, done } = await open(
    report(
      Array.from({ length: 30 }, (_, index) => build(index, { a: 400_000 + index * 30_000, b: index * 3 })),
      JSON.stringify({
        metrics: {
          a: { type: "numeric", unit: "bytes", command: "true" },
          b: { type: "numeric", unit: "percent", command: "true" },
        },
        report: { sections: [{ name: "x", charts: [{ metrics: ["a", "b"] }] }] },
      }),
    ),
  );
  await page.waitForSelector(".panel.on canvas");
  // The canvas tells nothing, so its text calls are listened to while it is drawn again.
  const labels = await page.evaluate(async () => {
    /** @type {string[]} */
    const said = [];
    const { fillText } = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
      said.push(text);
      return fillText.call(this, text, ...rest);
    };
    document.getElementById("mode")?.click();
    await new Promise((drawn) => requestAnimationFrame(drawn));
    return said;
  });
  const bytes = labels.filter((label) => label.endsWith("B"));
  const percents = labels.filter((label) => label.endsWith("%"));
  assert.ok(bytes.length >= 3 && percents.length >= 3, labels.join(" "));
  assert.deepEqual([...new Set(bytes.map((label) => label.split(" ")[1]))], ["MB"], bytes.join(" "));
  await done();
});

test("colours of the charts follow the button at once", { skip }, async () => {
  const { page, done } = await open(sample(), { colorScheme: "light" });
  await page.waitForSelector("[data-chart='1'].on canvas");
  const [blue, pale] = [
    [0x24, 0x59, 0xc9],
    [0x7a, 0xa7, 0xff],
  ];
  assert.ok((await inked(page, "[data-chart='1']", blue)) > 100);
  await page.click("#mode");
  await page.click("#mode");
  assert.equal(await page.textContent("#mode"), "Dark");
  assert.ok((await inked(page, "[data-chart='1']", pale)) > 100);
  assert.equal(await inked(page, "[data-chart='1']", blue), 0);
  await done();
});

test("one build and no build are told in words, and every control of them works", { skip }, async () => {
  for (const name of ["one build", "no build", "no build of a branch"]) {
    const { page, trouble, done } = await open(REPORTS[name]());
    await page.click("#mode");
    if (name === "one build") {
      assert.match((await page.textContent(".card")) ?? "", /first value/);
      await page.locator(".plot").first().focus();
      for (const key of ["End", "+", "-", "0", "ArrowLeft", "Enter", "Escape"])
        await page.keyboard.press(key);
      await page.click("[data-days='7']");
    } else {
      assert.match((await page.textContent("main")) ?? "", /No builds are recorded yet/);
      assert.equal(await page.locator(".tools").count(), 0);
      await page.focus(".skip");
      await page.keyboard.press("Enter");
      assert.equal(await page.evaluate(() => document.activeElement?.id), "main");
      assert.equal(await page.evaluate(() => location.hash), "");
    }
    assert.deepEqual(trouble, []);
    await done();
  }
});
