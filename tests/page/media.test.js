// What the page is on paper and in colours that the system forces on it.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { sample } from "./histories.js";
import { close, open, skip } from "./page.js";
import { reachOf } from "./pdf.js";

after(close);

test("paper shows the whole of every chart, from whatever window", { skip }, async () => {
  const html = sample({ builds: 120, metrics: 3, sections: false });
  for (const window of [2560, 1280, 360]) {
    const { page, trouble, done } = await open(html, { viewport: { width: window, height: 1000 } });
    const widths = () =>
      page.$$eval(".plot canvas", (all) => all.map((one) => Math.round(one.getBoundingClientRect().width)));
    await page.waitForSelector(".panel.on canvas");
    const [before] = await widths();
    for (const landscape of [false, true]) {
      const { right, width } = reachOf(await page.pdf({ format: "A4", landscape }));
      assert.ok(Math.abs(width - (landscape ? 842 : 595)) < 2, `${width}`);
      assert.ok(right > width * 0.85 && right < width + 1, `from ${window}: lines to ${right} of ${width}`);
    }
    await page.waitForFunction(
      (before) =>
        Math.round(document.querySelector(".plot canvas")?.getBoundingClientRect().width ?? 0) === before,
      before,
    );
    assert.deepEqual(trouble, []);
    await done();
  }
});

/**
 * The colours of an element's picture, the most frequent first, as `r,g,b`.
 * @param {import("playwright-core").Locator} element
 * @param {import("playwright-core").Page} reader a page that may decode pictures
 */
async function coloursOf(element, reader) {
  const taken = (await element.screenshot()).toString("base64");
  return reader.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(image.width, image.height);
    const ctx = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
    ctx.drawImage(image, 0, 0);
    const { data } = ctx.getImageData(0, 0, image.width, image.height);
    /** @type {Map<string, number>} */
    const seen = new Map();
    for (let at = 0; at < data.length; at += 4) {
      const colour = `${data[at]},${data[at + 1]},${data[at + 2]}`;
      seen.set(colour, (seen.get(colour) ?? 0) + 1);
    }
    return [...seen].sort((a, b) => b[1] - a[1]).map(([colour]) => colour);
  }, taken);
}

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  test(`colours that a ${colorScheme} system forces leave legends, lines and the range to be told apart`, {
    skip,
  }, async () => {
    const { page, trouble, done } = await open(sample(), { colorScheme, forcedColors: "active" });
    const reader = await page.context().newPage();
    // The mode that the reader chose earlier must not put dark lines on the system's black.
    await page.evaluate(
      (mode) => {
        document.documentElement.dataset.mode = mode;
      },
      colorScheme === "dark" ? "light" : "dark",
    );
    const lines = colorScheme === "dark" ? ["122,167,255", "242,166,94"] : ["36,89,201", "180,84,10"];
    await page.waitForSelector("[data-chart='0'].on canvas");
    const keys = page.locator("[data-chart='0'] .keys i");
    for (const [index, colour] of lines.entries())
      assert.ok((await coloursOf(keys.nth(index), reader)).slice(0, 3).includes(colour), `key ${index}`);
    const states = page.locator(".panel .live .keys i");
    await states.first().scrollIntoViewIfNeeded();
    const dots = new Set();
    for (let index = 0; index < 2; index += 1) dots.add((await coloursOf(states.nth(index), reader))[0]);
    assert.equal(dots.size, 2, [...dots].join(" "));
    assert.equal(dots.has(colorScheme === "dark" ? "0,0,0" : "255,255,255"), false);
    const pressed = await coloursOf(page.locator("[data-days='0']"), reader);
    const other = await coloursOf(page.locator("[data-days='90']"), reader);
    assert.notEqual(pressed[0], other[0], "the range that is chosen");
    assert.deepEqual(trouble, []);
    await done();
  });
}
