// What the page looks like, pixel by pixel, in six states: against the pictures beside this file.
//
// The pictures are stable because everything that draws is pinned: the font (DejaVu Sans, by a
// fontconfig file of the test's own), no hinting and no subpixel smoothing, one device pixel to a CSS
// pixel, no GPU, no motion, UTC. Another major version of Chromium or another edition of the font draws
// other pixels, so the pictures are compared only where both are those that made them, and a machine
// where they are not says so. They are renewed by
//
//   UNENTROPY_WRITE_SNAPSHOTS=1 npm test -- tests/page/pictures.test.js

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { fontFile } from "../../tools/fonts.js";
import { sampleBuilds, sampleConfig } from "../../tools/sample-history.js";
import { writeSnapshots } from "../host/support/snapshots.js";
import { REPORTS, report } from "./histories.js";
import { executablePath, PATIENCE_MS, skip } from "./page.js";

const FOLDER = fileURLToPath(new URL("pictures/", import.meta.url));
const MADE_WITH = path.join(FOLDER, "made-with.json");
const FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";

/** Pixels that may differ, and by how much a channel may: rounding, never a letter or a line. */
const TOLERANCE = { pixels: 12, channel: 6 };

/** @param {string} theme */
const themed = (theme, builds = 120) =>
  report(sampleBuilds({ builds }), sampleConfig({ metrics: 4, report: { theme } }));

/**
 * @typedef {object} Picture
 * @property {() => string} html
 * @property {"light"|"dark"} scheme
 * @property {number} width
 * @property {number} height
 * @property {number} [from] how far the page is scrolled
 * @property {boolean} [print]
 * @property {boolean} [pointed] whether the pointer is over the first chart
 */
/** @type {Record<string, Picture>} */
const PICTURES = {
  sample: {
    html: REPORTS["the sample"],
    scheme: "light",
    width: 1000,
    height: 620,
    from: 700,
    pointed: true,
  },
  flux: { html: () => themed("flux"), scheme: "dark", width: 900, height: 560 },
  halftone: { html: () => themed("halftone"), scheme: "light", width: 360, height: 640, from: 300 },
  specimen: { html: () => themed("specimen", 1), scheme: "dark", width: 700, height: 480 },
  empty: { html: REPORTS["no build"], scheme: "light", width: 700, height: 420 },
  print: { html: REPORTS["the sample"], scheme: "dark", width: 760, height: 620, from: 900, print: true },
};

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-pictures-"));
/** @type {import("playwright-core").Browser|undefined} */
let browser;
after(async () => {
  await browser?.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

async function launch() {
  browser ??= await chromium.launch({
    executablePath,
    env: { ...process.env, FONTCONFIG_FILE: fontFile(folder, "DejaVu Sans") },
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--font-render-hinting=none",
      "--disable-lcd-text",
      "--disable-quic",
    ],
  });
  return browser;
}

/** What decides the pixels on this machine. */
async function here() {
  const font = fs.existsSync(FONT)
    ? createHash("sha256").update(fs.readFileSync(FONT)).digest("hex")
    : "none";
  return { chromium: (await launch()).version().split(".")[0], font };
}

/** @param {Picture} picture @returns {Promise<Buffer>} */
async function photograph({ html, scheme, width, height, from = 0, print = false, pointed = false }) {
  const file = path.join(folder, "page.html");
  fs.writeFileSync(file, html());
  const context = await (await launch()).newContext({
    viewport: { width, height },
    colorScheme: scheme,
    reducedMotion: "reduce",
    deviceScaleFactor: 1,
    timezoneId: "UTC",
    locale: "en-GB",
    offline: true,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  await page.goto(pathToFileURL(file).href);
  for (const panel of await page.$$(".panel")) await panel.scrollIntoViewIfNeeded();
  await page.waitForFunction(
    () => document.querySelectorAll(".panel .foot").length === document.querySelectorAll(".panel.on").length,
  );
  if (print) await page.emulateMedia({ media: "print" });
  await page.evaluate((from) => scrollTo(0, from), from);
  if (pointed) {
    const over = await page.locator(".u-over").first().boundingBox();
    assert.ok(over);
    await page.mouse.move(over.x + over.width * 0.36, over.y + 60);
    await page.locator(".tip").first().waitFor({ state: "visible" });
  }
  await page.waitForTimeout(100);
  const taken = await page.screenshot({ animations: "disabled" });
  await context.close();
  return taken;
}

/** The number of pixels that differ, or a word about sizes. @param {Buffer} one @param {Buffer} two */
async function difference(one, two) {
  const page = await (await launch()).newPage();
  const found = await page.evaluate(
    async ([first, second, channel]) => {
      const pixels = async (/** @type {string} */ base64) => {
        const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
        const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
        const canvas = new OffscreenCanvas(image.width, image.height);
        const ctx = canvas.getContext("2d");
        ctx?.drawImage(image, 0, 0);
        return ctx?.getImageData(0, 0, image.width, image.height);
      };
      const [a, b] = [await pixels(String(first)), await pixels(String(second))];
      if (!a || !b || a.width !== b.width || a.height !== b.height) return "the sizes differ";
      let count = 0;
      for (let at = 0; at < a.data.length; at += 4) {
        const off = [0, 1, 2].some((c) => Math.abs(a.data[at + c] - b.data[at + c]) > Number(channel));
        if (off) count += 1;
      }
      return count;
    },
    [one.toString("base64"), two.toString("base64"), TOLERANCE.channel],
  );
  await page.close();
  return found;
}

test("the page looks as it did, in six states", { skip }, async (t) => {
  const machine = await here();
  if (writeSnapshots) {
    fs.mkdirSync(FOLDER, { recursive: true });
    fs.writeFileSync(MADE_WITH, `${JSON.stringify(machine, null, 2)}\n`);
  }
  const known = JSON.parse(fs.readFileSync(MADE_WITH, "utf8"));
  const same = known.chromium === machine.chromium && known.font === machine.font;
  for (const [name, picture] of Object.entries(PICTURES)) {
    const file = path.join(FOLDER, `${name}.png`);
    const taken = await photograph(picture);
    if (writeSnapshots) fs.writeFileSync(file, taken);
    // Whatever draws them, the same page gives the same pixels twice.
    const again = await difference(taken, await photograph(picture));
    assert.ok(typeof again === "number" && again <= TOLERANCE.pixels, `${name}: ${again} at once`);
    if (!same) continue;
    const differing = await difference(taken, fs.readFileSync(file));
    if (typeof differing === "number" && differing <= TOLERANCE.pixels) continue;
    const shown = path.join(os.tmpdir(), `unentropy-${name}.png`);
    fs.writeFileSync(shown, taken);
    assert.fail(`${name}: ${differing} pixels differ from ${file}; what was drawn is in ${shown}`);
  }
  if (!same) {
    t.diagnostic(
      `the pictures are of ${JSON.stringify(known)}, this is ${JSON.stringify(machine)}: not compared with them`,
    );
  }
});
