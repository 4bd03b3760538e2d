// The report page's script: reads the data, binds the controls, and keeps cards, charts and tables
// in step with what the reader chose. Sequence only; the work is done by the modules beside it.

import { showCards, showFacts } from "./cards.js";
import { readReport } from "./data.js";
import { dot, element } from "./element.js";
import { formatDay, formatValue } from "./format.js";
import { makeLines } from "./lines.js";
import { bindMode, refreshColours, restoreMode } from "./palette.js";
import { forgetZoom } from "./plot.js";
import { csvOf, download, fileName, pictureOf } from "./save.js";
import { showTable } from "./table.js";
import { makeTimeline } from "./timeline.js";
import { dateEdge, latestDays, viewOf } from "./view.js";

/** @param {string} id */
const byId = (id) => document.getElementById(id);

restoreMode();
document.documentElement.classList.add("scripting");
document.addEventListener("DOMContentLoaded", start);

function start() {
  const report = readReport(byId("data")?.textContent ?? "");
  refreshColours();
  if (report.builds.count === 0) {
    bindMode(/** @type {HTMLElement} */ (byId("mode")), refreshColours);
    return;
  }
  let view = viewOf(report, 0, -Infinity, Infinity);
  const panels = [...document.querySelectorAll(".panel")].map((panel) =>
    makePanel(panel, report, () => view),
  );
  const repaint = () => {
    refreshColours();
    for (const panel of panels) panel.repaint();
  };
  bindMode(/** @type {HTMLElement} */ (byId("mode")), repaint);
  bindPrint(panels, repaint);
  bindControls(report, (branch, from, to) => {
    view = viewOf(report, branch, from, to);
    forgetZoom();
    showFacts(report, view);
    showCards(report, view);
    for (const panel of panels) panel.show();
    return view;
  });
  for (const panel of panels) panel.show();
}

/**
 * A panel draws its charts when it first comes near the window, and again whenever the view
 * changes after that.
 * @param {Element} panel
 * @param {import("./data.js").Report} report
 * @param {() => import("./view.js").View} current
 */
function makePanel(panel, report, current) {
  const place = /** @type {HTMLElement|null} */ (panel.querySelector(".live"));
  const { metrics, title } = report.charts[Number(/** @type {HTMLElement} */ (panel).dataset.chart)];
  const numeric = metrics.filter((index) => report.metrics[index].kind === "numeric");
  const labels = metrics.filter((index) => report.metrics[index].kind === "label");
  /** @type {{plot: any, remove: () => void}[]} */
  let made = [];
  let drawn = false;
  let near = false;

  const draw = () => {
    if (place === null || drawn) return;
    drawn = true;
    for (const chart of made) chart.remove();
    place.replaceChildren();
    made = [];
    panel.classList.add("on");
    const view = current();
    const has = (/** @type {number} */ index) => {
      const values = report.metrics[index].values();
      return view.builds.some((build) => (values[build] ?? null) !== null);
    };
    if (!metrics.some(has)) {
      place.append(element("p", "nothing", "no data in this range"));
      return;
    }
    if (numeric.some(has)) made.push(makeLines(place, report, view, numeric, title, labels.some(has)));
    if (labels.some(has)) {
      made.push(makeTimeline(place, report, view, labels, title, made[0]?.plot ?? null));
      const named = metrics.length > 1;
      place.append(...labels.filter(has).map((index) => stateKeys(report.metrics[index], view, named)));
    }
  };
  const save = (/** @type {string} */ name, /** @type {() => void} */ act) => {
    const button = element("button", "", name);
    button.setAttribute("type", "button");
    button.setAttribute("aria-label", `Save ${title} as ${name}`);
    button.addEventListener("click", act);
    return button;
  };
  panel.querySelector(".foot")?.prepend(
    element(
      "p",
      "save",
      save("CSV", () => {
        const text = csvOf(
          report,
          current(),
          metrics.map((index) => report.metrics[index]),
        );
        download(`${fileName(title)}.csv`, new Blob([text], { type: "text/csv" }));
      }),
      save("PNG", () => {
        draw();
        if (made.length === 0) return;
        const names = numeric.map((index) => report.metrics[index].name);
        const picture = pictureOf(
          title,
          names,
          made.map(({ plot }) => plot.ctx.canvas),
        );
        picture.toBlob((blob) => download(`${fileName(title)}.png`, blob));
      }),
    ),
  );
  const show = () => {
    drawn = false;
    showKeys(
      panel,
      numeric.map((index) => report.metrics[index]),
      current(),
    );
    showTable(
      panel,
      report,
      metrics.map((index) => report.metrics[index]),
      current(),
    );
    if (near) draw();
  };
  new IntersectionObserver(
    (entries) => {
      near = entries[entries.length - 1].isIntersecting;
      if (near) draw();
    },
    { rootMargin: "400px" },
  ).observe(panel);
  return {
    show,
    draw,
    repaint: () => {
      for (const { plot } of made) plot.redraw(false, true);
    },
  };
}

/**
 * The latest values in the heading's legend.
 * @param {Element} panel
 * @param {import("./data.js").Metric[]} metrics
 * @param {import("./view.js").View} view
 */
function showKeys(panel, metrics, view) {
  for (const key of panel.querySelectorAll("[data-key]")) {
    const metric = metrics[Number(/** @type {HTMLElement} */ (key).dataset.key)];
    const values = metric.values();
    const build = view.builds.findLast((one) => (values[one] ?? null) !== null);
    key.textContent =
      build === undefined ? "no data" : formatValue(/** @type {number} */ (values[build]), metric.unit);
  }
}

/** States named below a timeline. */
const STATES = 12;

/**
 * @param {import("./data.js").Metric} metric
 * @param {import("./view.js").View} view
 * @param {boolean} titled whether the metric's name stands before its states
 */
function stateKeys(metric, view, titled) {
  const values = metric.values();
  const states = new Set(view.builds.map((build) => values[build] ?? null));
  states.delete(null);
  const keys = [...states].slice(0, STATES).map((state) => {
    const label = /** @type {number} */ (state);
    return element("li", "", dot(label), metric.labels[label]);
  });
  if (states.size > STATES) keys.push(element("li", "", `and ${states.size - STATES} more`));
  if (titled) keys.unshift(element("li", "row-name", metric.name));
  return element("ul", "keys", ...keys);
}

/**
 * @param {import("./data.js").Report} report
 * @param {(branch: number, from: number, to: number) => import("./view.js").View} choose
 */
function bindControls(report, choose) {
  const branch = /** @type {HTMLSelectElement} */ (byId("branch"));
  const from = /** @type {HTMLInputElement} */ (byId("from"));
  const to = /** @type {HTMLInputElement} */ (byId("to"));
  const ranges = [...document.querySelectorAll(".ranges button")].map((b) => /** @type {HTMLElement} */ (b));
  let days = 0;

  const press = () => {
    for (const button of ranges)
      button.setAttribute("aria-pressed", String(Number(button.dataset.days) === days));
  };
  const preset = () => {
    const [start, end] = latestDays(report, Number(branch.value), days);
    const { builds } = choose(Number(branch.value), start, end);
    if (builds.length === 0) return;
    from.value = formatDay(report.builds.time[builds[0]]);
    to.value = formatDay(report.builds.time[builds[builds.length - 1]]);
  };
  const custom = () => {
    days = -1;
    press();
    choose(Number(branch.value), dateEdge(from.value, false, -Infinity), dateEdge(to.value, true, Infinity));
  };
  for (const button of ranges) {
    button.addEventListener("click", () => {
      days = Number(button.dataset.days);
      press();
      preset();
    });
  }
  branch.addEventListener("change", () => (days < 0 ? custom() : preset()));
  from.addEventListener("change", custom);
  to.addEventListener("change", custom);
  // A browser may restore what was chosen before a reload; the markup shows the first branch.
  branch.value = "0";
}

/**
 * Paper gets every chart, in light colours.
 * @param {{draw: () => void}[]} panels
 * @param {() => void} repaint
 */
function bindPrint(panels, repaint) {
  addEventListener("beforeprint", () => {
    for (const panel of panels) panel.draw();
  });
  matchMedia("print").addEventListener("change", repaint);
}
