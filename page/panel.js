// A panel: a chart or two with their heading, legend, list of shifts, table and what can be saved of
// them. It draws when it first comes near the window, and again whenever the view changes after that.

import { commitAddress, shortCommit } from "./data.js";
import { apart, changed, dot, element, link } from "./element.js";
import { formatDay, formatValue } from "./format.js";
import { makeLines } from "./lines.js";
import { buildsShown } from "./plot.js";
import { csvOf, download, fileName, pictureOf } from "./save.js";
import { change, turnsIn } from "./stats.js";
import { showTable } from "./table.js";
import { makeTimeline } from "./timeline.js";
import { along } from "./view.js";

/**
 * @param {Element} panel
 * @param {import("./data.js").Report} report
 * @param {() => import("./view.js").View} current
 */
export function makePanel(panel, report, current) {
  const place = /** @type {HTMLElement|null} */ (panel.querySelector(".live"));
  const { metrics, title } = report.charts[Number(/** @type {HTMLElement} */ (panel).dataset.chart)];
  const numeric = metrics.filter((index) => report.metrics[index].kind === "numeric");
  const labels = metrics.filter((index) => report.metrics[index].kind === "label");
  /** @type {Set<number>} */
  const hidden = new Set();
  const told = metrics
    .filter((index) => report.metrics[index].kind !== "missing")
    .map((index) => {
      const series = numeric.indexOf(index);
      return { metric: report.metrics[index], series, shown: () => !hidden.has(series) };
    });
  /** @type {import("./plot.js").Made[]} */
  let made = [];
  let drawn = false;
  let near = false;

  const draw = () => {
    if (place === null || drawn) return;
    drawn = true;
    // Asked before anything changes: afterwards the answer would take another layout of the page.
    const width = place.clientWidth;
    for (const chart of made) chart.remove();
    place.replaceChildren();
    made = [];
    panel.classList.add("on");
    const view = current();
    /** The columns cut to the view, once for all that ask. */
    const cut = new Map(metrics.map((index) => [index, along(report.metrics[index].values(), view)]));
    const column = (/** @type {number} */ index) => cut.get(index) ?? [];
    const has = (/** @type {number} */ index) => column(index).some((value) => value !== null);
    if (!metrics.some(has)) {
      place.append(element("p", "nothing", "no data in this range"));
      return;
    }
    if (numeric.some(has))
      made.push(
        makeLines(place, width, report, view, numeric, numeric.map(column), title, told, labels.some(has)),
      );
    if (labels.some(has)) {
      const above = made[0]?.plot ?? null;
      made.push(makeTimeline(place, width, report, view, labels, labels.map(column), title, told, above));
      const named = metrics.length > 1;
      place.append(...labels.filter(has).map((index) => stateKeys(report.metrics[index], view, named)));
    }
  };
  bindKeys(panel, (series, shown) => {
    if (shown) hidden.delete(series);
    else hidden.add(series);
    if (numeric.length > 0 && made.length > 0 && drawn) made[0].toggle(series, shown);
  });
  addSaves(panel, title, {
    CSV() {
      const view = current();
      const shown = metrics.filter((index) => !hidden.has(numeric.indexOf(index)));
      const text = csvOf(
        report,
        view,
        buildsShown(report, view),
        shown.map((index) => report.metrics[index]),
      );
      download(`${fileName(title)}.csv`, new Blob([text], { type: "text/csv" }));
    },
    PNG() {
      draw();
      if (made.length === 0) return;
      const names = numeric.map((index, series) => (hidden.has(series) ? "" : report.metrics[index].name));
      const picture = pictureOf(
        title,
        names,
        made.map(({ plot }) => plot.ctx.canvas),
      );
      picture.toBlob((blob) => download(`${fileName(title)}.png`, blob));
    },
  });
  const show = (/** @type {boolean} */ marked) => {
    drawn = false;
    const view = current();
    const own = metrics.map((index) => report.metrics[index]);
    if (!marked) {
      showKeys(
        panel,
        numeric.map((index) => report.metrics[index]),
        view,
      );
      showTurns(panel, report, own, view);
    }
    showTable(panel, report, title, own, view);
    if (near) draw();
  };
  new IntersectionObserver(
    (entries) => {
      near = entries[entries.length - 1].isIntersecting;
      if (near) inTurn(draw);
    },
    { rootMargin: "400px" },
  ).observe(panel);
  return {
    show,
    draw,
    fit: (/** @type {number|null} */ width) => {
      for (const chart of made) chart.fit(width);
    },
    repaint: () => {
      for (const { plot } of made) plot.redraw(false, true);
    },
  };
}

/** Charts that wait to be drawn for the first time. @type {(() => void)[]} */
const waiting = [];

/**
 * One a frame, so that the first is on the screen and answers before the others are started: the observers of a
 * window's worth of panels all report between two frames.
 * @param {() => void} draw
 */
function inTurn(draw) {
  const next = () => {
    const first = waiting.shift();
    if (waiting.length > 0) requestAnimationFrame(next);
    first?.();
  };
  if (waiting.push(draw) === 1) requestAnimationFrame(next);
}

/**
 * Makes the legend's entries switches of their lines.
 * @param {Element} panel
 * @param {(series: number, shown: boolean) => void} toggle
 */
function bindKeys(panel, toggle) {
  panel.querySelectorAll("figcaption .keys li").forEach((item, series) => {
    const button = element("button", "key", ...item.childNodes);
    button.setAttribute("type", "button");
    button.setAttribute("aria-pressed", "true");
    button.addEventListener("click", () => {
      const shown = button.getAttribute("aria-pressed") === "false";
      button.setAttribute("aria-pressed", String(shown));
      toggle(series, shown);
    });
    item.append(button);
  });
}

/**
 * @param {Element} panel
 * @param {string} title
 * @param {Record<string, () => void>} kinds
 */
function addSaves(panel, title, kinds) {
  const buttons = Object.entries(kinds).map(([name, act]) => {
    const button = element("button", "", name);
    button.setAttribute("type", "button");
    button.setAttribute("aria-label", `Save ${title} as ${name}`);
    button.addEventListener("click", act);
    return button;
  });
  panel.querySelector(".foot")?.prepend(element("p", "save", ...buttons));
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

/** Shifts listed below a chart. */
const TURNS = 20;

/**
 * The list of likely shifts, newest first, as the engine wrote it for the first view.
 * @param {Element} panel
 * @param {import("./data.js").Report} report
 * @param {import("./data.js").Metric[]} metrics
 * @param {import("./view.js").View} view
 */
function showTurns(panel, report, metrics, view) {
  const place = /** @type {HTMLElement|null} */ (panel.querySelector(".shifts"));
  const turns = metrics.flatMap((metric) => turnsIn(metric, view).map((turn) => ({ metric, turn })));
  turns.sort((a, b) => b.turn.build - a.turn.build);
  const items = turns.slice(0, TURNS).map(({ metric, turn: { build, before, after } }) => {
    const { unit, name } = metric;
    const commit = report.builds.commit(build);
    const item = element("li", "", element("span", "day", formatDay(report.builds.time[build])), " ");
    if (metrics.length > 1) item.append(apart(name, "of"), " ");
    item.append(
      element("span", "", `${formatValue(before, unit)} → ${formatValue(after, unit)}`),
      " ",
      changed("b", "", change(before, after, metric)),
      " ",
      link(shortCommit(commit), commitAddress(report, commit)),
    );
    return item;
  });
  if (place) place.hidden = items.length === 0;
  place?.querySelector("ul")?.replaceChildren(...items);
}

/** States named below a timeline. */
const STATES = 12;

/**
 * @param {import("./data.js").Metric} metric
 * @param {import("./view.js").View} view
 * @param {boolean} titled whether the metric's name is shown before its states
 */
function stateKeys(metric, view, titled) {
  const values = metric.values();
  const states = new Set(view.builds.map((build) => values[build] ?? null));
  states.delete(null);
  const keys = [...states].slice(0, STATES).map((state) => {
    const label = /** @type {number} */ (state);
    return element("li", "", dot(label), apart(metric.labels[label]));
  });
  if (states.size > STATES) keys.push(element("li", "", `and ${states.size - STATES} more`));
  if (titled) keys.unshift(element("li", "row-name", metric.name));
  return element("ul", "keys", ...keys);
}
