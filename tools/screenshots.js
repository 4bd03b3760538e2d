// Makes the pictures in docs/images/: a made-up history is recorded and rendered by what dist/
// ships, opened in Chromium, and photographed in light, in dark, on a telephone's width
// and as it is printed.

import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { Storage } from "../dist/index.js";
import { fontFile } from "./fonts.js";
import { sampleBuilds, sampleConfig } from "./sample-history.js";
import { chromium as installed, root } from "./setup.js";

const TITLE = "aurora/web-client";

/** What the pictures are set in: Debian's package `fonts-liberation`. */
const FONT = "Liberation Sans";
const FONT_FOLDER = "/usr/share/fonts/truetype/liberation";
if (!fs.existsSync(FONT_FOLDER))
  throw new Error(`the pictures are set in ${FONT}, which is not in ${FONT_FOLDER}`);

/** @type {Record<string, {viewport: {width: number, height: number}, colorScheme: "light" | "dark"}>} */
const PICTURES = {
  "report-light": { viewport: { width: 1440, height: 1200 }, colorScheme: "light" },
  "report-dark": { viewport: { width: 1440, height: 1200 }, colorScheme: "dark" },
  "report-mobile": { viewport: { width: 360, height: 1200 }, colorScheme: "light" },
  "report-print": { viewport: { width: 800, height: 1130 }, colorScheme: "light" },
};

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-screenshots-"));
const target = path.join(root, "docs/images");
try {
  const page = pathToFileURL(await report()).href;
  fs.mkdirSync(target, { recursive: true });
  const fonts = fontFile(folder, FONT);
  const browser = await chromium.launch({
    executablePath: process.env.UNENTROPY_CHROMIUM ?? installed(),
    env: { ...process.env, FONTCONFIG_FILE: fonts },
    args: ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"],
  });
  for (const [name, options] of Object.entries(PICTURES)) {
    const file = path.join(target, `${name}.png`);
    await photograph(browser, page, options, file);
    console.log(`${path.relative(root, file)} ${(fs.statSync(file).size / 1024).toFixed(0)} KB`);
  }
  await browser.close();
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}

/** Records the history, renders it with the command line, and names the page. */
async function report() {
  const database = path.join(folder, "unentropy.db");
  const storage = new Storage({ type: "sqlite-local", path: database });
  await storage.ready();
  for (const { context, metrics } of sampleBuilds()) storage.getRepository().recordBuild(context, metrics);
  await storage.close();
  fs.writeFileSync(path.join(folder, "unentropy.json"), sampleConfig());
  execFileSync(process.execPath, [path.join(root, "dist/cli.js"), "report", "--db", database], {
    cwd: folder,
    env: { ...process.env, GITHUB_SERVER_URL: "https://github.com", GITHUB_REPOSITORY: TITLE },
    stdio: ["ignore", "ignore", "pipe"],
  });
  return path.join(folder, "unentropy-report/index.html");
}

/**
 * @param {import("playwright-core").Browser} browser
 * @param {string} page
 * @param {import("playwright-core").BrowserContextOptions} options
 * @param {string} file
 */
async function photograph(browser, page, options, file) {
  const context = await browser.newContext({ ...options, timezoneId: "UTC", locale: "en-GB" });
  const tab = await context.newPage();
  await tab.goto(page);
  await tab.waitForSelector(".panel.on canvas");
  // A pointer over the first chart shows what pointing at a build tells.
  const plot = await tab.locator(".u-over").first().boundingBox();
  if (plot && options.viewport && options.viewport.width > 1000) {
    await tab.mouse.move(plot.x + plot.width * 0.36, plot.y + 60);
    await tab.locator(".tip").first().waitFor({ state: "visible" });
  }
  if (file.endsWith("report-print.png")) await tab.emulateMedia({ media: "print" });
  await tab.evaluate(() => document.fonts.ready);
  await tab.screenshot({ path: file });
  await context.close();
}
