// How the report page behaves in Chromium, rendered by the shipped engine from recorded histories.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { after, test } from "node:test";
import { formatValue, openHistory } from "../../js/engine/engine.js";
import { sampleBuilds, sampleConfig } from "../../tools/sample-history.js";
import { build, REPORTS, report, sample } from "./histories.js";
import { close, open, skip } from "./page.js";

after(close);

/** @typedef {import("playwright-core").Page} Page */

/** The texts of all cards, a line each. @param {Page} page */
const cards = (page) =>
  page.$$eval(".card", (all) =>
    all.map((card) =>
      [...card.querySelectorAll("[data-part]:not(svg), .latest")]
        .map((part) => part.textContent?.trim())
        .join(" | "),
    ),
  );

/** Brings every panel near the window, so that all charts are drawn. @param {Page} page */
async function drawAll(page) {
  for (const panel of await page.$$(".panel")) await panel.scrollIntoViewIfNeeded();
  await page.waitForFunction(
    () => document.querySelectorAll(".panel .foot").length === document.querySelectorAll(".panel.on").length,
  );
}

test("the page draws its charts, asks for nothing and reports nothing", { skip }, async () => {
  const { page, trouble, done } = await open(sample());
  await drawAll(page);
  const inked = await page.$$eval(".panel canvas", (all) =>
    all.map((one) => {
      const canvas = /** @type {HTMLCanvasElement} */ (one);
      const data = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
      let count = 0;
      for (let at = 3; at < data.length; at += 4) if (data[at] > 0) count += 1;
      return count;
    }),
  );
  assert.equal(inked.length, 7);
  assert.ok(
    inked.every((count) => count > 500),
    String(inked),
  );
  assert.deepEqual(trouble, []);
  await done();
});

for (const name of ["hostile text", "long words", "right-to-left text"]) {
  test(`${name} runs nowhere, is shown as written and breaks no layout`, { skip }, async () => {
    const html = REPORTS[name]();
    for (const width of [1280, 360]) {
      const { page, trouble, done } = await open(html, { viewport: { width, height: 900 } });
      await drawAll(page);
      const plot = page.locator(".plot .u-over").first();
      await plot.scrollIntoViewIfNeeded();
      const box = await plot.boundingBox();
      assert.ok(box);
      await page.mouse.click(box.x + box.width / 2, box.y + 40);
      await page.waitForSelector(".tip.held");
      const tip = await page.locator(".tip.held").boundingBox();
      assert.ok(tip && tip.x >= 0 && tip.x + tip.width <= width, `tip ${JSON.stringify(tip)} at ${width}`);
      await page.locator("details.data summary").first().click();
      const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok((await overflow()) <= 0, `${width}`);
      await page.selectOption("#branch", "1");
      await page.click("[data-days='30']");
      assert.ok((await overflow()) <= 0, `${width}`);
      assert.equal(await page.evaluate(() => Reflect.get(window, "hit")), undefined);
      assert.equal(await page.locator("body script:not([type]), img, a[href^='javascript']").count(), 0);
      assert.equal(await page.locator("html > *").count(), 2);
      assert.deepEqual(trouble, []);
      await done();
    }
  });
}

test("the policy stops what an injection would try", { skip }, async (t) => {
  /** @type {(string|undefined)[]} */
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    response.end();
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", () => listening(undefined)));
  t.after(() => server.close());
  const address = server.address();
  assert.ok(address && typeof address === "object");
  const host = `http://127.0.0.1:${address.port}`;
  const injected =
    `<script>window.hit = 'inline'</script><img src='${host}/x.png' onerror="window.hit = 'handler'">` +
    "<button id=trap onclick=\"window.hit = 'click'\">x</button><b id=styled style='position:fixed'>x</b>" +
    `<a id=link href="javascript:window.hit='link'">x</a><iframe src='${host}/frame'></iframe>` +
    `<link rel=stylesheet href='${host}/x.css'><script src='${host}/x.js'></script>`;
  const { page, trouble, done } = await open(
    sample({ builds: 20, metrics: 2 }).replace("</main>", `${injected}</main>`),
    { offline: false },
  );
  await page.locator("#trap").click();
  await page.locator("#link").click();
  assert.equal(await page.evaluate(() => Reflect.get(window, "hit")), undefined);
  assert.equal(await page.$eval("#styled", (one) => getComputedStyle(one).position), "static");
  const kept = await page.evaluate(async (host) => {
    const tries = [
      () => fetch(host),
      async () => navigator.sendBeacon(host) || Promise.reject(new Error("refused")),
      async () => new WebSocket(host.replace("http", "ws")),
      async () => document.body.insertAdjacentHTML("beforeend", "<i>x</i>"),
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
  assert.equal(kept[0], "stopped");
  assert.deepEqual(kept.slice(3), ["stopped", "stopped"]);
  assert.deepEqual(asked, []);
  assert.ok(trouble.some((line) => line.includes("Content Security Policy")));
  await done();
});

test("the cards of a branch and a range are what the history's own queries give", { skip }, async () => {
  const { page, done } = await open(sample());
  const history = openHistory(null);
  for (const { context, metrics } of sampleBuilds()) history.record(context, metrics);
  const units = { coverage: "percent", bundle: "bytes", "test-time": "duration", startup: "duration" };
  const ranges = [
    { branch: "main", days: 0 },
    { branch: "develop", days: 0 },
    { branch: "main", days: 90 },
    { branch: "develop", from: "2026-01-10", to: "2026-04-09" },
  ];
  for (const { branch, days, from, to } of ranges) {
    const label = (
      await page.$$eval("#branch option", (all) => all.map((one) => one.textContent ?? ""))
    ).find((text) => text.startsWith(`${branch} (`));
    assert.ok(label);
    await page.selectOption("#branch", { label });
    if (days !== undefined) await page.click(`[data-days='${days}']`);
    if (from && to) {
      await page.fill("#from", from);
      await page.fill("#to", to);
    }
    const all = history.builds({ branch, excludePullRequests: true });
    const last = Date.parse(all[all.length - 1].timestamp);
    const since = from
      ? `${from}T00:00:00Z`
      : days
        ? new Date(last - days * 86_400_000).toISOString()
        : undefined;
    const until = to ? `${to}T23:59:59.999Z` : undefined;
    const filter = { branch, excludePullRequests: true, ...(since && { since }), ...(until && { until }) };
    const builds = history.builds(filter);
    assert.ok(builds.length > 5 && (days === 0) === (builds.length === all.length));
    assert.ok((await page.textContent("#facts"))?.startsWith(`${builds.length} builds on ${branch} · `));
    for (const [metric, unit] of Object.entries(units)) {
      const values = history.timeSeries(metric, filter).map((/** @type {any} */ point) => point.value);
      assert.ok(values.length > 1);
      const part = (/** @type {string} */ name) =>
        page.textContent(`.card[data-id='${metric}'] [data-part='${name}']`);
      const shown = (/** @type {number} */ value) => formatValue(value, unit);
      assert.equal(await part("latest"), shown(values[values.length - 1]), `${metric} ${branch}`);
      assert.equal(await part("min"), shown(Math.min(...values)));
      assert.equal(await part("max"), shown(Math.max(...values)));
      const trend = (await part("trend")) ?? "";
      const [first, latest] = [values[0], values[values.length - 1]];
      if (first === latest) assert.match(trend.trim(), /^(no change|as at the start)$/);
      else {
        assert.ok(trend.includes(latest > first ? "▲ +" : "▼ -"), trend);
        const difference = shown(Math.abs(latest - first)).replace("%", " pp");
        if (/[1-9]/.test(difference)) assert.ok(trend.includes(difference), `${trend} ${first} ${latest}`);
        assert.ok(trend.includes(latest > first === (metric === "coverage") ? "better" : "worse"), trend);
      }
    }
  }
  history.free();
  await done();
});

test("the page's own figures are the engine's", { skip }, async () => {
  const { page, done } = await open(sample({ sections: false }));
  const written = await cards(page);
  await page.selectOption("#branch", "1");
  const other = await cards(page);
  await page.selectOption("#branch", "0");
  assert.notDeepEqual(other, written);
  assert.deepEqual(await cards(page), written);
  await done();
});

test("builds of pull requests and of other branches are in no line, table or list", { skip }, async () => {
  const builds = Array.from({ length: 30 }, (_, index) =>
    build(
      index,
      { size: index % 3 === 0 ? 10 + index : index % 3 === 1 ? 5000 + index : 900_000 + index },
      index % 3 === 0
        ? {}
        : index % 3 === 1
          ? { branch: "other" }
          : { branch: "main", eventName: "pull_request" },
    ),
  );
  const { page, done } = await open(report(builds, null));
  assert.deepEqual(await page.$$eval("#branch option", (all) => all.map((one) => one.textContent)), [
    "main (10 builds)",
    "other (10 builds)",
  ]);
  await page.locator("summary").first().click();
  await page.waitForSelector("tbody tr");
  const cells = async () => (await page.locator("tbody tr td:nth-child(4)").allTextContents()).map(Number);
  assert.deepEqual(await cells(), [37, 34, 31, 28, 25, 22, 19, 16, 13, 10]);
  await page.selectOption("#branch", "1");
  assert.ok((await page.locator("tbody tr td:nth-child(4)").first().textContent())?.startsWith("5,0"));
  assert.equal((await page.content()).includes("900,0"), false);
  await done();
});

test("a range without builds says so", { skip }, async () => {
  const { page, trouble, done } = await open(sample());
  assert.equal(await page.getAttribute("[data-days='0']", "aria-pressed"), "true");
  await page.click("[data-days='30']");
  assert.equal(await page.getAttribute("[data-days='30']", "aria-pressed"), "true");
  assert.equal(await page.getAttribute("[data-days='0']", "aria-pressed"), "false");
  await page.fill("#from", "2025-01-01");
  await page.fill("#to", "2025-01-31");
  assert.match((await page.textContent("#facts"))?.trim() ?? "", /^0 builds on main · none in this range$/);
  assert.match((await page.textContent(".live .nothing")) ?? "", /no data in this range/);
  assert.deepEqual(trouble, []);
  await done();
});

test("keys step through the builds and the tip tells their values in UTC", { skip }, async () => {
  const { page, trouble, done } = await open(sample({ builds: 40, metrics: 1 }));
  await page.locator("summary").first().click();
  await page.waitForSelector("tbody tr");
  await page.locator(".plot").first().focus();
  await page.keyboard.press("End");
  const tip = page.locator(".tip").first();
  const row = await page.locator("tbody tr").first().locator("td").allTextContents();
  const text = (await tip.textContent()) ?? "";
  assert.ok(
    text.includes(`${row[0]} UTC`) && text.includes(row[1]) && text.includes(row[3]),
    `${text} / ${row}`,
  );
  await page.keyboard.press("ArrowLeft");
  const before = await page.locator("tbody tr").nth(1).locator("td").allTextContents();
  assert.ok((await tip.textContent())?.includes(`${before[0]} UTC`));
  await page.keyboard.press("Enter");
  assert.match(
    (await page.evaluate(() => document.activeElement?.getAttribute("href"))) ?? "",
    /\/commit\/[0-9a-f]{40}$/,
  );
  await page.keyboard.press("Escape");
  assert.equal(await tip.isHidden(), true);
  assert.deepEqual(trouble, []);
  await done();
});

test("charts share the crosshair and the zoom, and one alone shows the tip", { skip }, async () => {
  const { page, done } = await open(sample());
  await page.setViewportSize({ width: 1280, height: 2400 });
  await drawAll(page);
  const first = await page.locator(".u-over").first().boundingBox();
  assert.ok(first);
  await page.mouse.move(first.x + first.width * 0.5, first.y + 50);
  await page.waitForSelector(".tip:visible");
  assert.equal(await page.locator(".tip:visible").count(), 1);
  const crosshairs = await page.$$eval(".u-over", (all) =>
    all.map((over) => {
      const line = over.querySelector(".u-cursor-x");
      return line ? new DOMMatrix(getComputedStyle(line).transform).e / over.clientWidth : -1;
    }),
  );
  assert.equal(crosshairs.length, 7);
  assert.ok(
    crosshairs.every((place) => Math.abs(place - 0.5) < 0.02),
    String(crosshairs),
  );
  const edges = await page.$$eval("[data-chart='3'] .u-over", (all) =>
    all.map((over) => {
      const { left, right } = over.getBoundingClientRect();
      return [Math.round(left), Math.round(right)];
    }),
  );
  assert.equal(edges.length, 2);
  assert.deepEqual(edges[0], edges[1], "a timeline stands under its line chart");

  await page.mouse.down();
  await page.mouse.move(first.x + first.width * 0.8, first.y + 50, { steps: 4 });
  await page.mouse.up();
  const resets = page.locator(".reset:visible");
  await resets.first().waitFor();
  assert.equal(await resets.count(), 7);
  await resets.nth(2).hover();
  await resets.nth(2).click();
  await page.waitForFunction(() => !document.querySelector(".reset:not([hidden])"));
  await done();
});

test("a chart's data and picture can be saved", { skip }, async () => {
  const label = '=HYPERLINK("x"), "quoted"';
  const builds = [
    build(0, { size: 0.1, state: "ok" }),
    build(1, { size: 2 }),
    build(2, { size: null, state: label }),
  ];
  const config = {
    metrics: { size: { type: "numeric", command: "true" }, state: { type: "label", command: "true" } },
    report: { sections: [{ name: "All", charts: [{ metrics: ["size", "state"], title: "Size & state" }] }] },
  };
  const { page, trouble, done } = await open(report(builds, JSON.stringify(config)), {
    acceptDownloads: true,
  });
  const saved = async (/** @type {string} */ name) => {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.click(`.save button:text('${name}')`),
    ]);
    return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
  };
  const csv = await saved("CSV");
  assert.equal(csv.name, "size-state.csv");
  const commit = (/** @type {number} */ index) => String(index + 1).padStart(40, "0");
  assert.equal(
    csv.bytes.toString(),
    "time,commit,run,branch,size,state\r\n" +
      `2026-01-01T00:00:00.000Z,${commit(0)},9000000,main,0.1,ok\r\n` +
      `2026-01-01T01:00:00.000Z,${commit(1)},9000001,main,2,\r\n` +
      `2026-01-01T02:00:00.000Z,${commit(2)},9000002,main,,"'=HYPERLINK(""x""), ""quoted"""\r\n`,
  );
  const png = await saved("PNG");
  assert.equal(png.name, "size-state.png");
  assert.equal(png.bytes.subarray(1, 4).toString(), "PNG");
  assert.ok(png.bytes.length > 3000, String(png.bytes.length));
  assert.deepEqual(trouble, []);
  await done();
});

test("the mode button changes the colours and is remembered", { skip }, async () => {
  const { page, done } = await open(sample({ builds: 20, metrics: 1 }), { colorScheme: "dark" });
  const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const dark = await background();
  await page.click("#mode");
  const light = await background();
  assert.notEqual(light, dark);
  assert.equal(await page.textContent("#mode"), "Light");
  await page.reload();
  assert.equal(await background(), light);
  await done();
});

test("without scripts everything is readable and no dead control shows", { skip }, async () => {
  const { page, trouble, done } = await open(sample({ sections: false }), { javaScriptEnabled: false });
  assert.equal(await page.locator(".drawing >> visible=true").count(), 8);
  assert.equal(await page.locator(".states >> visible=true").count(), 2);
  assert.equal(await page.locator(".scripted >> visible=true").count(), 0);
  await page.locator("summary").first().click();
  assert.equal(await page.locator("tbody").first().locator("tr").count(), 20);
  assert.ok(await page.locator("tbody").first().isVisible());
  assert.deepEqual(trouble, []);
  await done();
});

test("a page whose data are slow to come shows everything else meanwhile", { skip }, async (t) => {
  const html = sample({ builds: 60 });
  const cut = html.indexOf('<script type="text/plain"') + 200;
  /** @type {() => void} */
  let finish = () => {};
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
    response.write(html.slice(0, cut));
    finish = () => response.end(html.slice(cut));
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", () => listening(undefined)));
  t.after(() => server.close());
  const address = server.address();
  assert.ok(address && typeof address === "object");
  const { page, done } = await open("", { offline: false });
  await page.context().unrouteAll();
  await page.goto(`http://127.0.0.1:${address.port}/`, { waitUntil: "commit" });
  await page.locator(".card .latest").first().waitFor({ state: "visible" });
  assert.equal(await page.locator(".spark path").first().isVisible(), true);
  assert.equal(await page.locator(".panel.on").count(), 0);
  finish();
  await page.waitForSelector(".panel.on canvas");
  await done();
});

test("the fields of the range are fields for dates, after the first chart", { skip }, async () => {
  const { page, done } = await open(sample());
  await page.waitForSelector("#from[type='date']");
  assert.equal(await page.getAttribute("#to", "type"), "date");
  assert.match(await page.inputValue("#from"), /^\d{4}-\d\d-\d\d$/);
  await done();
});

test("nothing overflows at any width, and nothing is not a number", { skip }, async () => {
  for (const [name, make] of Object.entries(REPORTS)) {
    const { page, trouble, done } = await open(make(), { viewport: { width: 1440, height: 900 } });
    await drawAll(page);
    for (const width of [1440, 768, 360]) {
      await page.setViewportSize({ width, height: 900 });
      await page.waitForFunction(
        (width) => document.documentElement.scrollWidth <= width && innerWidth === width,
        width,
      );
    }
    assert.doesNotMatch((await page.textContent("main")) ?? "", /NaN|undefined|Infinity/, name);
    assert.deepEqual(trouble, [], name);
    await done();
  }
});

test("paper gets every chart in light colours", { skip }, async () => {
  const { page, trouble, done } = await open(sample(), { colorScheme: "dark" });
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await page.pdf();
  assert.equal(await page.locator(".panel.on").count(), 6);
  assert.equal(
    await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor),
    "rgb(255, 255, 255)",
  );
  assert.deepEqual(trouble, []);
  await done();
});

test("values farther apart than a number can say are drawn to scale", { skip }, async () => {
  const { page, done } = await open(REPORTS["extreme values"]());
  await drawAll(page);
  const rows = await page.$eval("[data-chart='0'] canvas", (one) => {
    const canvas = /** @type {HTMLCanvasElement} */ (one);
    const { width, height } = canvas;
    const data = canvas.getContext("2d")?.getImageData(0, 0, width, height).data ?? [];
    const blue = (/** @type {number} */ row) => {
      for (let x = 0; x < width; x += 1) {
        const at = (row * width + x) * 4;
        if (data[at + 3] > 200 && data[at + 2] > 150 && data[at] < 90) return true;
      }
      return false;
    };
    const inked = Array.from({ length: height }, (_, row) => row).filter(blue);
    return [inked[0] / height, inked[inked.length - 1] / height];
  });
  assert.ok(rows[0] < 0.2 && rows[1] > 0.6, String(rows));
  await done();
});

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The sample in every theme, and in own colours that are hard to read as they are given. */
const THEMED = Object.fromEntries(
  [
    "lattice",
    "flux",
    "halftone",
    "specimen",
    {
      light: { "--accent": "#ffe066", "--text-muted": "#cccccc" },
      dark: { "--bg": "#3a3a3a", "--up": "#224422" },
    },
  ].map((theme) => [
    `theme ${JSON.stringify(theme)}`,
    () => report(sampleBuilds({ builds: 60 }), sampleConfig({ report: { theme } })),
  ]),
);

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  test(`a check of accessibility finds nothing in ${colorScheme} colours`, { skip }, async () => {
    for (const [name, html] of Object.entries({ ...REPORTS, ...THEMED })) {
      const { page, done } = await open(html(), { colorScheme });
      await drawAll(page);
      const summary = page.locator("summary").first();
      if (await summary.count()) {
        await summary.click();
        await page.locator(".plot").first().focus();
        await page.keyboard.press("End");
        await page.keyboard.press("Enter");
      }
      await page.evaluate(axe);
      const found = await page.evaluate(async () => {
        const { violations } = await Reflect.get(window, "axe").run(document);
        return violations.map(
          (/** @type {any} */ one) =>
            `${one.impact} ${one.id}: ${one.nodes.map((/** @type {any} */ n) => n.target)}`,
        );
      });
      assert.deepEqual(found, [], name);
      await done();
    }
  });
}

test("ten thousand builds of ten metrics open and follow the reader", { skip }, async () => {
  const { page, trouble, done } = await open(sample({ builds: 10_000, sections: false }));
  await page.waitForSelector(".panel.on canvas");
  await page.click("[data-days='90']");
  assert.match(
    (await page.textContent("#facts")) ?? "",
    /^[\d,]+ builds on main · 2026-08-\d\d to 2026-11-18$/,
  );
  assert.deepEqual(trouble, []);
  await done();
});
