// Opens reports of made-up histories in a real Chromium. Rendering is the engine's own, through the
// example `render_sample`; nothing here knows what a report looks like.

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../..", import.meta.url));
const executablePath = process.env.UNENTROPY_CHROMIUM ?? "/usr/bin/chromium";

/** Why the browser tests cannot run here, or false. Absence must be allowed by name, never assumed. */
export const skip =
  !existsSync(executablePath) && process.env.UNENTROPY_ALLOW_NO_BROWSER === "1"
    ? `NO BROWSER at ${executablePath}: the report's page is NOT tested (UNENTROPY_ALLOW_NO_BROWSER=1)`
    : false;
if (skip) console.error(skip);

let folder = "";
let built = false;
/** @type {import("playwright-core").Browser|undefined} */
let browser;

/** @param {...string} words the example's arguments */
export function render(...words) {
  if (!built) execFileSync("cargo", ["build", "-q", "--example", "render_sample"], { cwd: root, stdio: "inherit" });
  built = true;
  const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
  const program = join(target, "debug", "examples", process.platform === "win32" ? "render_sample.exe" : "render_sample");
  return execFileSync(program, words, { encoding: "utf8", maxBuffer: 1 << 26 });
}

/**
 * @typedef {object} Opened
 * @property {import("playwright-core").Page} page
 * @property {string[]} trouble console errors, exceptions and requests beyond the file itself
 */

/**
 * @param {string} html
 * @param {import("playwright-core").BrowserContextOptions} [options]
 * @returns {Promise<Opened>}
 */
export async function open(html, options = {}) {
  browser ??= await chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  folder ||= mkdtempSync(join(tmpdir(), "unentropy-report-"));
  const path = join(folder, `${Math.random().toString(36).slice(2)}.html`);
  writeFileSync(path, html);
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, timezoneId: "Pacific/Auckland", locale: "de-DE", ...options });
  const page = await context.newPage();
  /** @type {string[]} */
  const trouble = [];
  const address = pathToFileURL(path).href;
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") trouble.push(message.text());
  });
  page.on("pageerror", (error) => trouble.push(String(error)));
  page.on("dialog", (dialog) => {
    trouble.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    const url = request.url();
    if (url.split("#")[0] !== address && !url.startsWith("data:")) trouble.push(`request ${url}`);
  });
  await page.goto(address);
  return { page, trouble };
}

export async function close() {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
}
