// The report in Chromium: until its first chart is drawn and answers the pointer, against an empty page of
// the same size; and what one movement of the pointer costs. The page does not know that it is measured.

import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { openHistory, version } from "../../../js/engine/engine.js";
import { chromium as installed } from "../../setup.js";
import { directory, history } from "../samples.js";
import { alone, interleave, median, milliseconds, quantile, size, slower } from "../timing.js";

const ROUNDS = 21;

/** Movements of the pointer that are timed, over ten charts that all follow it. */
const MOVES = 150;

/** The most that a movement may take, in milliseconds. */
const MOVE_AIM = 8;

export async function measure() {
  const browser = await chromium.launch({
    executablePath: process.env.UNENTROPY_CHROMIUM ?? installed(),
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
    ],
  });
  const rows = [];
  try {
    for (const [builds, most] of [
      [10_000, 1.5],
      [50_000, 6],
    ]) {
      const html = await page(builds);
      const ours = write(`report-${builds}.html`, html);
      const theirs = write(`empty-${builds}.html`, emptyOf(html.length));
      const samples = await interleave(ROUNDS, {
        ours: () => opened(browser, ours, true),
        theirs: () => opened(browser, theirs, false),
      });
      const name = `${builds.toLocaleString("en")} builds`;
      rows.push(size(`${name}: HTML`, Buffer.byteLength(html), most));
      rows.push(
        slower(`${name}: first chart drawn`, samples.ours, "an empty page of that size", samples.theirs, 2),
      );
      const { moves, zooms } = await pointed(browser, ours);
      rows.push({
        ...alone(`${name}: a movement of the pointer, ten charts`, milliseconds(median(moves))),
        spread: `${milliseconds(quantile(moves, 0.25))} to ${milliseconds(quantile(moves, 0.75))}`,
        aim: `≤ ${MOVE_AIM} ms`,
        reached: median(moves) <= MOVE_AIM,
      });
      rows.push(alone(`${name}: a step of zoom, ten charts`, milliseconds(median(zooms))));
    }
  } finally {
    await browser.close();
  }
  return {
    method: `Reports of ten metrics in ten charts, opened from a file in Chromium ${browser.version()} without a GPU. First \
chart: from the start of navigation to the frame after the first chart's pixels. The empty page is a document of as \
many bytes in a data element. A movement is a pointer event with the layout and style that it leads to, all ten charts \
near the window. ${ROUNDS} rounds, ${MOVES} movements.`,
    rows,
  };
}

/** @param {number} builds */
async function page(builds) {
  const opened = openHistory(fs.readFileSync(await history(builds)));
  try {
    return opened.report(null, {
      title: "bench",
      repositoryUrl: "https://github.com/owner/repo",
      generatedAt: "2025-01-01T00:00:00.000Z",
      version: version(),
      defaultBranch: "main",
    });
  } finally {
    opened.free();
  }
}

/** @param {number} length */
const emptyOf = (length) => {
  const head =
    '<!doctype html><meta charset="utf-8"><title>x</title><p id="mark">x</p><script type="application/json">';
  return `${head}${"A".repeat(Math.max(0, length - head.length - 9))}</script>`;
};

/** @param {string} name @param {string} html */
function write(name, html) {
  const file = path.join(directory, name);
  fs.writeFileSync(file, html);
  return pathToFileURL(file).href;
}

/**
 * Milliseconds from the start of navigation to the frame in which the page is there.
 * @param {import("playwright-core").Browser} browser
 * @param {string} address
 * @param {boolean} charted whether a chart must have been drawn
 */
async function opened(browser, address, charted) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const tab = await context.newPage();
  await tab.addInitScript((charted) => {
    const look = () => {
      const there = charted
        ? document.querySelector(".panel.on canvas, .panel canvas")
        : document.readyState === "complete";
      if (!there) requestAnimationFrame(look);
      else requestAnimationFrame(() => Reflect.set(window, "benchDone", performance.now()));
    };
    requestAnimationFrame(look);
  }, charted);
  await tab.goto(address, { waitUntil: "commit" });
  const took = await tab
    .waitForFunction(() => Reflect.get(window, "benchDone"))
    .then((value) => value.jsonValue());
  await context.close();
  return Number(took);
}

/**
 * What movements and zooms cost in a page whose ten charts are all drawn.
 * @param {import("playwright-core").Browser} browser
 * @param {string} address
 */
async function pointed(browser, address) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 3600 } });
  const tab = await context.newPage();
  await tab.goto(address);
  await tab.waitForFunction(() => document.querySelectorAll(".panel.on").length === 10);
  const found = await tab.evaluate(async (count) => {
    const over = /** @type {HTMLElement} */ (document.querySelector(".u-over"));
    const { left, top, width } = over.getBoundingClientRect();
    const frame = () => new Promise((drawn) => requestAnimationFrame(drawn));
    over.dispatchEvent(new PointerEvent("pointerenter", { bubbles: true }));
    over.closest(".plot")?.dispatchEvent(new PointerEvent("pointerenter"));
    over.dispatchEvent(new MouseEvent("mouseenter", { clientX: left + 10, clientY: top + 40 }));
    const moves = [];
    for (let n = 0; n < count; n += 1) {
      await frame();
      const clientX = left + ((n * 37) % Math.floor(width - 4)) + 2;
      const started = performance.now();
      over.dispatchEvent(
        new MouseEvent("mousemove", { bubbles: true, clientX, clientY: top + 60, movementX: 3 }),
      );
      document.body.getBoundingClientRect();
      moves.push(performance.now() - started);
    }
    const shown = document.querySelectorAll(".tip:not([hidden])").length;
    if (shown !== 1) throw new Error(`${shown} tips are shown`);
    const host = /** @type {HTMLElement} */ (document.querySelector(".plot"));
    host.focus();
    const zooms = [];
    for (let n = 0; n < 12; n += 1) {
      await frame();
      const started = performance.now();
      host.dispatchEvent(new KeyboardEvent("keydown", { key: n % 4 < 2 ? "+" : "-", bubbles: true }));
      await Promise.resolve();
      await Promise.resolve();
      document.body.getBoundingClientRect();
      zooms.push(performance.now() - started);
    }
    return { moves, zooms };
  }, MOVES);
  await context.close();
  return found;
}
