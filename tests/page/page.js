// Opens pages in a real Chromium and writes down whatever they should not do: errors, dialogs,
// requests.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

export const executablePath = process.env.UNENTROPY_CHROMIUM ?? "/usr/bin/chromium";

/** How long is waited for what a page is to do: only a broken page takes so long, a busy machine does not. */
export const PATIENCE_MS = 180_000;

/** Why the browser tests cannot run here, or false. Absence must be allowed by name, never assumed. */
export const skip =
  !existsSync(executablePath) && process.env.UNENTROPY_ALLOW_NO_BROWSER === "1"
    ? `NO BROWSER at ${executablePath}: the report's page is NOT tested (UNENTROPY_ALLOW_NO_BROWSER=1)`
    : false;
if (skip) console.error(skip);

let folder = "";
let pages = 0;
/** @type {import("playwright-core").Browser|undefined} */
let browser;

/**
 * @typedef {object} Opened
 * @property {import("playwright-core").Page} page
 * @property {string[]} trouble console errors, exceptions and requests beyond the file itself
 * @property {() => Promise<void>} done closes the page
 */

/**
 * Opens a document in a time zone and a locale far from UTC and English, so that neither can show
 * through. The network is off, and every request but the one for the file is refused and noted.
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
  pages += 1;
  const path = join(folder, `${pages}.html`);
  writeFileSync(path, html);
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    timezoneId: "Pacific/Auckland",
    locale: "de-DE",
    offline: true,
    ...options,
  });
  context.setDefaultTimeout(PATIENCE_MS);
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
  await context.route("**", (route) => {
    const url = route.request().url();
    if (url.split("#")[0] === address) return route.continue();
    trouble.push(`request ${url}`);
    return route.abort();
  });
  await page.goto(address);
  if (options.javaScriptEnabled ?? true) await page.waitForFunction(finished);
  return { page, trouble, done: () => context.close() };
}

/** Whether a report's script has nothing left to do until the reader does something. Runs in the page. */
const finished = () => {
  const field = document.getElementById("from");
  return field === null || field.getAttribute("type") === "date";
};

/** Closes the browser; a later page starts another. */
export async function close() {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
  browser = undefined;
  folder = "";
}
