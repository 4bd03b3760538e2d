// How the report page behaves in Chromium: in a time zone and a locale far from UTC and English,
// so that neither can show through.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { close, open, render, skip } from "./page.js";

after(close);

/** The texts of all cards, a line each. @param {import("playwright-core").Page} page */
const cards = (page) =>
  page.$$eval(".card", (all) =>
    all.map((card) => [...card.querySelectorAll("[data-part]:not(svg), .latest")].map((part) => part.textContent?.trim()).join(" | ")),
  );

test("the page draws its charts, asks for nothing and reports nothing", { skip }, async () => {
  const { page, trouble } = await open(render("sections", "300"));
  await page.waitForSelector(".panel.on canvas");
  for (const panel of await page.$$(".panel")) await panel.scrollIntoViewIfNeeded();
  await page.waitForFunction(() => document.querySelectorAll(".panel.on canvas").length === 6);
  const inked = await page.$$eval(".panel canvas", (all) =>
    all.map((canvas) => {
      const { width, height } = /** @type {HTMLCanvasElement} */ (canvas);
      const data = /** @type {HTMLCanvasElement} */ (canvas).getContext("2d")?.getImageData(0, 0, width, height).data ?? [];
      let count = 0;
      for (let at = 3; at < data.length; at += 4) if (data[at] > 0) count += 1;
      return count;
    }),
  );
  assert.ok(inked.every((count) => count > 500), String(inked));
  assert.deepEqual(trouble, []);
});

test("hostile text runs nowhere and is shown as written", { skip }, async () => {
  const { page, trouble } = await open(render("hostile"));
  await page.waitForSelector(".panel.on canvas");
  const box = await page.locator(".plot .u-over").first().boundingBox();
  assert.ok(box);
  await page.mouse.click(box.x + box.width / 2, box.y + 40);
  await page.waitForSelector(".tip.held");
  await page.locator("details.data summary").first().click();
  await page.selectOption("#branch", "1");
  await page.click("[data-days='30']");
  assert.equal(await page.evaluate(() => Reflect.get(window, "hit")), undefined);
  assert.equal(await page.locator("body script:not([type])").count(), 0);
  assert.equal(await page.locator("img").count(), 0);
  assert.ok((await page.textContent("h1"))?.startsWith("</script></title>"));
  assert.equal(await page.locator("a[href^='javascript']").count(), 0);
  assert.deepEqual(trouble, []);
});

test("the policy stops what an injection would try", { skip }, async (t) => {
  /** @type {(string|undefined)[]} */
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    response.end();
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", () => done(undefined)));
  t.after(() => server.close());
  const address = server.address();
  assert.ok(address && typeof address === "object");
  const host = `http://127.0.0.1:${address.port}`;
  const injected =
    `<script>window.hit = 'inline'</script><img src='${host}/x.png' onerror="window.hit = 'handler'">` +
    "<button id=trap onclick=\"window.hit = 'click'\">x</button><b id=styled style='position:fixed'>x</b>" +
    `<link rel=stylesheet href='${host}/x.css'><script src='${host}/x.js'></script>`;
  const { page, trouble } = await open(render("walk", "20", "2").replace("</main>", `${injected}</main>`));
  await page.locator("#trap").click();
  assert.equal(await page.evaluate(() => Reflect.get(window, "hit")), undefined);
  assert.equal(await page.$eval("#styled", (one) => getComputedStyle(one).position), "static");
  const kept = await page.evaluate(async (host) => {
    const tries = [
      () => fetch(host),
      async () => {
        document.body.insertAdjacentHTML("beforeend", "<i>x</i>");
      },
      async () => {
        document.createElement("script").text = "window.hit = 'script'";
      },
    ];
    const outcomes = [];
    for (const attempt of tries) {
      outcomes.push(
        await attempt().then(
          () => "went through",
          () => "stopped",
        ),
      );
    }
    return outcomes;
  }, host);
  assert.deepEqual(kept, ["stopped", "stopped", "stopped"]);
  assert.deepEqual(asked, []);
  assert.ok(trouble.some((line) => line.includes("Content Security Policy")));
});

test("the page's own figures are the engine's", { skip }, async () => {
  const { page } = await open(render("walk", "400", "10"));
  const written = await cards(page);
  await page.selectOption("#branch", "1");
  const other = await cards(page);
  await page.selectOption("#branch", "0");
  assert.notDeepEqual(other, written);
  assert.deepEqual(await cards(page), written);
  assert.match((await page.textContent("#facts")) ?? "", /^300 builds on main · 2025-09-25 to 2026-11-18$/);
});

test("a range shows its builds alone, a branch its own", { skip }, async () => {
  const { page, trouble } = await open(render("walk", "400", "3"));
  const facts = async () => (await page.textContent("#facts"))?.trim() ?? "";
  await page.click("[data-days='30']");
  assert.match(await facts(), /^\d\d? builds on main · 2026-10-\d\d to 2026-11-18$/);
  assert.equal(await page.getAttribute("[data-days='30']", "aria-pressed"), "true");
  assert.equal(await page.getAttribute("[data-days='0']", "aria-pressed"), "false");
  await page.selectOption("#branch", { index: 1 });
  assert.match(await facts(), /^\d\d? builds? on (develop|release\/2\.x) · /);
  await page.fill("#from", "2026-01-01");
  await page.fill("#to", "2026-01-31");
  assert.match(await facts(), / · 2026-01-\d\d( to 2026-01-\d\d)?$/);
  await page.fill("#to", "2025-01-31");
  assert.match(await facts(), /^0 builds on .* · none in this range$/);
  assert.match((await page.textContent(".live .nothing")) ?? "", /no data in this range/);
  assert.deepEqual(trouble, []);
});

test("keys step through the builds and the tip tells their values in UTC", { skip }, async () => {
  const { page, trouble } = await open(render("walk", "40", "1"));
  const plot = page.locator(".plot").first();
  await plot.focus();
  await page.keyboard.press("End");
  const tip = page.locator(".tip").first();
  const row = await page.locator("tbody tr").first().locator("td").allTextContents();
  const text = (await tip.textContent()) ?? "";
  assert.ok(text.includes(`${row[0]} UTC`) && text.includes(row[1]) && text.includes(row[3]), `${text} / ${row}`);
  await page.keyboard.press("ArrowLeft");
  const before = await page.locator("tbody tr").nth(1).locator("td").allTextContents();
  assert.ok((await tip.textContent())?.includes(`${before[0]} UTC`));
  await page.keyboard.press("Enter");
  assert.match((await page.evaluate(() => document.activeElement?.getAttribute("href"))) ?? "", /\/commit\/[0-9a-f]{40}$/);
  await page.keyboard.press("Escape");
  assert.equal(await tip.isHidden(), true);
  assert.deepEqual(trouble, []);
});

test("dragging zooms and the button resets", { skip }, async () => {
  const { page } = await open(render("walk", "200", "1"));
  const box = await page.locator(".u-over").first().boundingBox();
  assert.ok(box);
  await page.mouse.move(box.x + box.width * 0.3, box.y + 50);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 50, { steps: 4 });
  await page.mouse.up();
  const reset = page.locator(".reset").first();
  await reset.waitFor({ state: "visible" });
  await reset.click();
  await reset.waitFor({ state: "hidden" });
});

test("the mode button changes the colours and is remembered", { skip }, async () => {
  const { page } = await open(render("walk", "20", "1"), { colorScheme: "dark" });
  const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const dark = await background();
  await page.click("#mode");
  const light = await background();
  assert.notEqual(light, dark);
  assert.equal(await page.textContent("#mode"), "Light");
  await page.reload();
  assert.equal(await background(), light);
});

test("without scripts everything is readable and no dead control shows", { skip }, async () => {
  const { page, trouble } = await open(render("walk", "200", "10"), { javaScriptEnabled: false });
  assert.equal(await page.locator(".drawing >> visible=true").count(), 9);
  assert.equal(await page.locator(".states >> visible=true").count(), 1);
  assert.equal(await page.locator(".scripted >> visible=true").count(), 0);
  await page.locator("summary").first().click();
  assert.equal(await page.locator("tbody").first().locator("tr").count(), 20);
  assert.ok(await page.locator("tbody").first().isVisible());
  assert.deepEqual(trouble, []);
});

for (const width of [360, 768, 1440]) {
  test(`nothing overflows at ${width} pixels`, { skip }, async () => {
    for (const name of ["walk", "sections", "hostile", "extreme"]) {
      const { page } = await open(render(name, "120", "10"), { viewport: { width, height: 900 } });
      for (const panel of await page.$$(".panel")) await panel.scrollIntoViewIfNeeded();
      await page.waitForSelector(".panel.on");
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, name);
    }
  });
}

test("paper gets every chart in light colours", { skip }, async () => {
  const { page, trouble } = await open(render("walk", "60", "10"), { colorScheme: "dark" });
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await page.pdf();
  assert.equal(await page.locator(".panel.on").count(), 10);
  assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor), "rgb(255, 255, 255)");
  assert.deepEqual(trouble, []);
});

test("one build, no build and extreme values are drawn without trouble", { skip }, async () => {
  for (const words of [["walk", "1", "10"], ["walk", "0", "3"], ["extreme"], ["preview", "30", "4"]]) {
    const { page, trouble } = await open(render(...words));
    await page.waitForSelector(".card");
    assert.deepEqual(trouble, [], words.join(" "));
    assert.equal((await page.innerText("main")).includes("NaN"), false, words.join(" "));
  }
});

test("fifty thousand builds of ten metrics open and follow the reader", { skip }, async () => {
  const { page, trouble } = await open(render("walk", "50000", "10"));
  await page.waitForSelector(".panel.on canvas");
  await page.click("[data-days='90']");
  assert.match((await page.textContent("#facts")) ?? "", /^[\d,]+ builds on main · 2026-08-\d\d to 2026-11-18$/);
  assert.deepEqual(trouble, []);
});
