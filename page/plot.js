// What line charts and timelines have in common: the time axis, the crosshair with its tip, zoom
// by dragging, keys, and following the panel's width. What is drawn is decided by lines.js and
// timeline.js, which hand in uPlot's scales, axes and series.

import uPlot from "uplot";
import { timeLabels, timeTicks } from "./axis.js";
import { commitAddress, runAddress, shortCommit } from "./data.js";
import { apart, changed, dot, element, link, stroke } from "./element.js";
import { formatMinute } from "./format.js";
import { colour } from "./palette.js";
import { change } from "./stats.js";
import { valueText } from "./table.js";
import { along, knownBefore } from "./view.js";

/**
 * The charts' font as a canvas of so many pixels to one of the page draws it; the page's own family, see report.css.
 * @param {number} ratio
 */
export const fontAt = (ratio) => `${12 * ratio}px system-ui, sans-serif`;

/** As uPlot takes it, which multiplies by itself. */
export const FONT = fontAt(1);

const KEYS =
  "Arrow keys step through the builds, Enter holds one; plus and minus zoom, zero shows the whole range.";

const HALF_DAY = 43_200_000;

/** A narrower place is scrolled over, in pixels. */
const LEAST_WIDTH = 200;

/** Half a time label's width. */
const EDGE = 20;

/** uPlot hides an axis whose step is not in its list; the steps are axis.js's to choose. */
export const ANY_STEP = () => [Number.MAX_VALUE];

/**
 * All charts on the page: they share the crosshair and the zoomed stretch of time.
 * @type {Set<{plot: any, follow: () => void, unlead: () => void}>}
 */
const charts = new Set();

/** The stretch that the reader zoomed to. @type {{min: number, max: number}|null} */
let zoom = null;

/** The chart that the pointer or the focus was last in; the others follow it. @type {any} */
let leader = null;

/**
 * @typedef {object} Made
 * @property {any} plot
 * @property {(series: number, shown: boolean) => void} toggle
 * @property {(width: number|null) => void} fit gives the chart a width; null for that of its place
 * @property {() => void} remove
 */

/**
 * The builds of the view that the charts show: all, or those of the stretch that the reader zoomed to.
 * @param {import("./data.js").Report} report
 * @param {import("./view.js").View} view
 */
export function buildsShown(report, view) {
  const { time } = report.builds;
  if (zoom === null) return view.builds;
  const { min, max } = zoom;
  return view.builds.filter((build) => time[build] >= min && time[build] <= max);
}

/** Ends the zoom, for a view with other builds. */
export function forgetZoom() {
  zoom = null;
}

/**
 * @typedef {object} Shape
 * @property {string} label what a screen reader calls the chart
 * @property {number} height
 * @property {Told[]} told what the tip says
 * @property {boolean} [bare] whether the time axis shows no labels
 * @property {any} options uPlot's own
 * @property {(number|null|undefined)[][]} columns one per metric, aligned with the view's builds
 */

/**
 * A metric's row in the tip.
 * @typedef {object} Told
 * @property {import("./data.js").Metric} metric
 * @property {number} series the line's number among the chart's lines; of a label metric nothing
 * @property {() => boolean} shown
 */

/**
 * @param {HTMLElement} place
 * @param {number} width of the place
 * @param {import("./data.js").Report} report
 * @param {import("./view.js").View} view
 * @param {Shape} shape
 * @returns {Made}
 */
export function makePlot(place, width, report, view, shape) {
  const times = along(report.builds.time, view);
  const host = element("div", "plot");
  host.tabIndex = 0;
  host.setAttribute("role", "group");
  host.setAttribute("aria-label", `${shape.label}. ${KEYS}`);
  const tip = makeTip(report, view, shape);
  const reset = element("button", "reset", "Reset zoom");
  reset.setAttribute("type", "button");
  reset.hidden = true;
  host.append(tip.box, reset);
  place.append(host);

  const { options } = shape;
  const plot = new uPlot(
    {
      width: Math.max(LEAST_WIDTH, width),
      height: shape.height,
      padding: [12, 18, 0, 6],
      ms: 1,
      legend: { show: false },
      ...options,
      cursor: {
        y: false,
        points: { size: 8, width: 2, fill: () => colour("surface-card"), ...options.cursor?.points },
        drag: { x: true, y: false, dist: 8, setScale: true },
        // The marker is at the crosshair's build or nowhere.
        dataIdx: (/** @type {any} */ _plot, /** @type {number} */ _series, /** @type {number} */ index) =>
          index,
      },
      scales: {
        x: {
          time: false,
          range: (/** @type {any} */ _, /** @type {number} */ min, /** @type {number} */ max) =>
            times[0] === times[times.length - 1] ? [times[0] - HALF_DAY, times[0] + HALF_DAY] : [min, max],
        },
        ...options.scales,
      },
      axes: [timeAxis(shape.bare ?? false), ...options.axes],
      series: [{}, ...options.series],
      hooks: {
        ...options.hooks,
        setCursor: [
          (/** @type {any} */ u) => {
            if (u !== leader) return;
            const index = u.cursor.idx ?? null;
            if (!tip.held()) tip.show(u, index);
            for (const { plot: other } of charts) {
              if (other === u) continue;
              const left = index === null ? -10 : other.valToPos(times[index], "x");
              other.setCursor({ left, top: left < 0 ? -10 : 0 }, false);
            }
          },
        ],
        setScale: [
          (/** @type {any} */ u, /** @type {string} */ key) => {
            if (key !== "x" || times.length < 2) return;
            const { min, max } = u.scales.x;
            reset.hidden = min <= times[0] && max >= times[times.length - 1];
            if (u !== leader) return;
            zoom = reset.hidden ? null : { min, max };
            for (const chart of charts) if (chart.plot !== u) chart.follow();
          },
        ],
      },
    },
    [times, ...shape.columns],
    host,
  );

  const whole = { min: times[0], max: times[times.length - 1] };
  const lead = () => {
    if (leader === plot) return;
    leader = plot;
    for (const other of charts) if (other.plot !== plot) other.unlead();
  };
  host.addEventListener("pointerenter", lead);
  host.addEventListener("focusin", lead);
  const chart = {
    plot,
    follow: () => plot.setScale("x", zoom ?? whole),
    unlead: () => {
      if (!tip.held()) tip.show(plot, null);
    },
  };
  charts.add(chart);
  if (zoom) chart.follow();
  reset.addEventListener("click", () => {
    plot.setScale("x", whole);
    host.focus();
  });
  plot.over.addEventListener("click", () => {
    if (plot.cursor.idx !== null && plot.cursor.idx !== undefined) tip.hold(plot, plot.cursor.idx);
  });
  bindKeys(host, plot, times, tip);

  const fit = (/** @type {number|null} */ wanted) => {
    const now = Math.max(LEAST_WIDTH, wanted ?? host.clientWidth);
    if (now !== plot.width) plot.setSize({ width: now, height: shape.height });
  };
  const watcher = new ResizeObserver(() => fit(null));
  watcher.observe(host);
  return {
    plot,
    fit,
    toggle: (/** @type {number} */ series, /** @type {boolean} */ shown) =>
      plot.setSeries(series + 1, { show: shown }),
    remove: () => {
      watcher.disconnect();
      charts.delete(chart);
      if (leader === plot) leader = null;
      plot.destroy();
      host.remove();
    },
  };
}

/** @param {boolean} bare */
function timeAxis(bare) {
  return {
    scale: "x",
    stroke: () => colour("text-muted"),
    font: FONT,
    size: bare ? 8 : 40,
    gap: 4,
    lineGap: 1.25,
    grid: { show: false },
    ticks: { stroke: () => colour("border"), width: 1, size: 5 },
    border: { show: true, stroke: () => colour("border"), width: 1 },
    incrs: ANY_STEP,
    splits: (
      /** @type {any} */ u,
      /** @type {number} */ _axis,
      /** @type {number} */ min,
      /** @type {number} */ max,
    ) => {
      const left = u.bbox.left / devicePixelRatio;
      const width = u.bbox.width / devicePixelRatio;
      // A label that the picture's edge would cut is left out.
      return timeTicks(min, max, Math.max(2, Math.floor(u.width / 95))).filter((time) => {
        const at = left + ((time - min) / (max - min)) * width;
        return at >= EDGE && at <= u.width - EDGE;
      });
    },
    values: (/** @type {any} */ _, /** @type {number[]} */ splits) =>
      bare ? splits.map(() => "") : timeLabels(splits),
  };
}

/** What keys make of the stretch of time that is shown. @type {Record<string, number>} */
const ZOOMS = { "+": 0.5, "=": 0.5, "-": 2, _: 2, 0: Number.POSITIVE_INFINITY };

/**
 * Shows `factor` times as much time around the crosshair, or around the middle.
 * @param {any} plot
 * @param {number[]} times
 * @param {number} factor
 */
function magnify(plot, times, factor) {
  const whole = { min: times[0], max: times[times.length - 1] };
  const { min, max } = plot.scales.x;
  const reach = (max - min) * factor;
  if (!(reach < whole.max - whole.min)) {
    plot.setScale("x", whole);
    return;
  }
  const at = times[plot.cursor.idx ?? -1] ?? (min + max) / 2;
  // The crosshair's build keeps its position, as far as the ends allow.
  const left = Math.min(max, Math.max(min, at)) - ((at - min) / (max - min)) * reach;
  const from = Math.max(whole.min, Math.min(whole.max - reach, left));
  if (reach >= 1) plot.setScale("x", { min: from, max: from + reach });
}

/**
 * @param {HTMLElement} host
 * @param {any} plot
 * @param {number[]} times
 * @param {ReturnType<typeof makeTip>} tip
 */
function bindKeys(host, plot, times, tip) {
  host.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      tip.release();
      tip.show(plot, null);
      return;
    }
    if (event.target !== host || times.length === 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const now = plot.cursor.idx ?? null;
    const last = times.length - 1;
    const big = Math.max(1, Math.round(times.length / 20));
    /** @type {Record<string, number>} */
    const steps = {
      ArrowLeft: now === null ? last : now - 1,
      ArrowRight: now === null ? 0 : now + 1,
      PageUp: (now ?? last) - big,
      PageDown: (now ?? 0) + big,
      Home: 0,
      End: last,
    };
    if (event.key === "Enter" && now !== null) {
      tip.hold(plot, now);
      tip.box.querySelector("a")?.focus();
    } else if (event.key in ZOOMS) {
      magnify(plot, times, ZOOMS[event.key]);
    } else if (event.key in steps) {
      const index = Math.min(last, Math.max(0, steps[event.key]));
      tip.release();
      plot.setCursor({
        left: plot.valToPos(times[index], "x"),
        top: plot.bbox.height / 2 / devicePixelRatio,
      });
      // Builds too close together for the crosshair to separate still have their turn.
      plot.cursor.idx = index;
      tip.show(plot, index);
    } else {
      return;
    }
    event.preventDefault();
  });
  host.addEventListener("focusout", (event) => {
    if (host.contains(/** @type {Node|null} */ (event.relatedTarget))) return;
    tip.release();
    tip.show(plot, null);
  });
}

/**
 * The box that says what is under the crosshair. Held by a click or Enter, it stays and its
 * links can be followed.
 * @param {import("./data.js").Report} report
 * @param {import("./view.js").View} view
 * @param {Shape} shape
 */
function makeTip(report, view, shape) {
  const box = element("div", "tip");
  box.setAttribute("role", "status");
  box.hidden = true;
  let held = false;
  let shown = -1;

  const fill = (/** @type {number} */ index) => {
    const build = view.builds[index];
    const { builds } = report;
    const commit = builds.commit(build);
    const run = builds.run(build);
    const number = builds.number()[build];
    const rows = shape.told
      .filter((told) => told.shown())
      .map(({ metric, series }) => {
        const key = metric.kind === "label" ? dot(metric.values()[build] ?? 0) : stroke(series);
        const parts = [
          key,
          element("span", "", apart(metric.name)),
          element("b", "", apart(valueText(metric, build))),
        ];
        const since = changeSince(report, metric, view, build);
        if (since) parts.push(since);
        const row = element("li", "", ...parts);
        const turn = metric.turns.find((one) => one.build === build);
        if (turn)
          row.append(
            element("p", "", "likely shift ", changed("b", "", change(turn.before, turn.after, metric))),
          );
        return row;
      });
    const where = element("p", "where");
    if (commit) where.append("commit ", link(shortCommit(commit), commitAddress(report, commit)));
    if (run)
      where.append(
        commit ? " · run " : "run ",
        link(number === null ? run : `#${number}`, runAddress(report, run)),
      );
    box.replaceChildren(
      element("p", "when", `${formatMinute(builds.time[build])} UTC`),
      element("ul", "", ...rows),
      where,
    );
  };

  const show = (/** @type {any} */ plot, /** @type {number|null} */ index) => {
    if (index === null) {
      box.hidden = true;
      shown = -1;
      return;
    }
    if (index !== shown) fill(index);
    shown = index;
    box.hidden = false;
    const x = plot.valToPos(plot.data[0][index], "x") + plot.over.offsetLeft;
    const room = plot.width - box.offsetWidth;
    const left = x + 14 <= room ? x + 14 : x - 14 - box.offsetWidth;
    box.style.left = `${Math.max(0, Math.min(room, left))}px`;
  };

  return {
    box,
    show,
    held: () => held,
    hold: (/** @type {any} */ plot, /** @type {number} */ index) => {
      held = !held || index !== shown;
      box.classList.toggle("held", held);
      // What can be scrolled can be focused.
      box.tabIndex = held ? 0 : -1;
      show(plot, index);
    },
    release: () => {
      held = false;
      box.tabIndex = -1;
      box.classList.remove("held");
    },
  };
}

/**
 * The change since the last build of the branch that has a value, whether it is shown or not.
 * @param {import("./data.js").Report} report
 * @param {import("./data.js").Metric} metric
 * @param {import("./view.js").View} view
 * @param {number} build
 */
function changeSince(report, metric, view, build) {
  if (metric.kind !== "numeric") return null;
  const values = metric.values();
  const value = values[build] ?? null;
  if (value === null) return null;
  const before = knownBefore(report, view, values, build);
  if (before < 0) return null;
  const since = change(/** @type {number} */ (values[before]), value, metric);
  return since.verdict === "flat" ? null : changed("span", "", { ...since, text: since.text.split(" (")[0] });
}
