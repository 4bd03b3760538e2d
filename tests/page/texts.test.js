// Text of others on the page: what cannot be seen is written out, what runs from right to left keeps its neighbours in
// their places, what is endless is cut.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { build, REPORTS, report } from "./histories.js";
import { close, open, skip } from "./page.js";

after(close);

/** @typedef {import("playwright-core").Page} Page */

/** Opens what a reader can open: a tip that is held, tables, every chart. @param {Page} page */
async function openAll(page) {
  for (const panel of await page.$$(".panel")) await panel.scrollIntoViewIfNeeded();
  await page.waitForFunction(
    () => document.querySelectorAll(".panel .foot").length === document.querySelectorAll(".panel.on").length,
  );
  for (const summary of await page.$$("details.data summary")) await summary.click();
  await page.locator(".plot").first().focus();
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
}

/**
 * Texts with letters that run from right to left which share a line with others and are not isolated from them.
 * @param {Page} page
 */
const mingled = (page) =>
  page.evaluate(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const text = node.textContent ?? "";
      let around = node.parentElement;
      if (!around || !/[\u0590-\u06ff]/.test(text) || around.closest("script, noscript, option")) continue;
      while (around && getComputedStyle(around).display === "inline") {
        if (getComputedStyle(around).unicodeBidi.includes("isolate")) break;
        around = around.parentElement;
      }
      if (!around || getComputedStyle(around).unicodeBidi.includes("isolate")) continue;
      if (around.textContent?.trim() !== text.trim())
        found.push(`${around.className || around.tagName}: ${text}`);
    }
    return found;
  });

test("names that run from right to left leave what stands beside them in its place", { skip }, async () => {
  for (const javaScriptEnabled of [true, false]) {
    const { page, done } = await open(REPORTS["right-to-left text"](), { javaScriptEnabled });
    if (javaScriptEnabled) {
      await openAll(page);
      assert.deepEqual(await mingled(page), []);
      await page.selectOption("#branch", "1");
      await openAll(page);
      const options = await page.$$eval("#branch option", (all) => all.map((one) => one.textContent ?? ""));
      assert.ok(
        options.every((text) => /^\u2068.*\u2069 \(\d+ builds\)$/s.test(text)),
        options.join("\n"),
      );
    }
    assert.deepEqual(await mingled(page), [], `scripts: ${javaScriptEnabled}`);
    await done();
  }
});

/** Characters that hide or reorder, but for the isolates that the page itself writes around names in plain text. */
const HIDDEN = /(?![\n\t\u2068\u2069])[\p{Cc}\p{Cf}\u2028\u2029]/u;

test("what cannot be seen is written out, in every text and every attribute", { skip }, async () => {
  const names = ["lurk\u200bing", "\u202egnp.exe", "soft\u00adhyphen\ufeff"];
  const builds = Array.from({ length: 12 }, (_, index) =>
    build(
      index,
      { size: index, state: `${names[index % 3]}\u2066` },
      { branch: "ma\u200din", commitSha: `import\u200f${index}`, runId: `run\u202e${index}` },
    ),
  );
  const config = {
    metrics: {
      size: { type: "numeric", command: "true", name: names[0], description: `about ${names[1]}` },
      state: { type: "label", command: "true", name: names[1], description: names[2] },
    },
    report: {
      sections: [
        { name: names[0], description: names[1], charts: [{ metrics: ["size", "state"], title: names[2] }] },
      ],
    },
  };
  const reports = {
    own: report(builds, JSON.stringify(config), { title: names[1], defaultBranch: "ma\u200din" }),
    hostile: REPORTS["hostile text"](),
  };
  for (const [name, html] of Object.entries(reports)) {
    const { page, trouble, done } = await open(html);
    await openAll(page);
    const texts = await page.evaluate(() => {
      const all = [document.title];
      for (const one of document.querySelectorAll("*")) {
        if (one.matches("script, style, meta")) continue;
        for (const { value } of one.attributes) all.push(value);
        for (const node of one.childNodes) if (node.nodeType === 3) all.push(node.textContent ?? "");
      }
      return all;
    });
    assert.deepEqual(
      texts.filter((text) => HIDDEN.test(text)),
      [],
      name,
    );
    assert.deepEqual(trouble, []);
    if (name === "own") {
      assert.equal(await page.textContent("#branch-name"), "ma\\u{200d}in");
      assert.equal(await page.textContent(".card[data-id='size'] h3"), "lurk\\u{200b}ing");
      assert.equal(
        await page.textContent(".card[data-id='state'] .latest"),
        "soft\\u{ad}hyphen\\u{feff}\\u{2066}",
      );
      const tip = (await page.textContent(".tip.held")) ?? "";
      assert.ok(tip.includes("import\\u{200f}11") && tip.includes("\\u{202e}gnp.exe"), tip);
    }
    await done();
  }
});

test("a branch of a thousand characters is cut, and says how long it is", { skip }, async () => {
  const branch = "x".repeat(1000);
  const builds = Array.from({ length: 8 }, (_, index) => build(index, { size: index }, { branch }));
  const html = report(builds, null, { defaultBranch: branch });
  assert.equal(html.includes("x".repeat(201)), false);
  const { page, trouble, done } = await open(html, { viewport: { width: 360, height: 800 } });
  await openAll(page);
  const shown = `${"x".repeat(200)}… (1,000 characters)`;
  assert.equal(await page.textContent("#branch-name"), shown);
  await page.click("[data-days='7']");
  assert.equal(await page.textContent("#branch-name"), shown);
  await page.reload();
  assert.equal(await page.getAttribute("[data-days='7']", "aria-pressed"), "true");
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0);
  assert.deepEqual(trouble, []);
  await done();
});
