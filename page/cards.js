// Keeps the cards and the header's line in step with the view: the same parts that the engine
// wrote for the first view, computed for the one the reader chose.

import { widened } from "./axis.js";
import { changed, drawing, element } from "./element.js";
import { formatCount, formatDay, formatShort } from "./format.js";
import { withRhythm } from "./gaps.js";
import { change, summarise, turnsIn } from "./stats.js";
import { along, knownBefore } from "./view.js";

const WIDTH = 160;
const HEIGHT = 36;
const MARGIN = 3;

/** Characters from which a value is written smaller. */
const LONG = 12;

/**
 * @param {import("./data.js").Report} report
 * @param {import("./view.js").View} view
 */
export function showCards(report, view) {
  for (const card of document.querySelectorAll(".card, .member")) {
    const metric = report.metrics[Number(/** @type {HTMLElement} */ (card).dataset.metric)];
    if (metric.kind === "numeric") showNumeric(card, metric, report, view);
    if (metric.kind === "label") showLabel(card, metric, report, view);
  }
}

/**
 * The header's line: how many builds of which branch, from when to when.
 * @param {import("./data.js").Report} report
 * @param {import("./view.js").View} view
 */
export function showFacts(report, view) {
  const { builds } = view;
  const day = (/** @type {number} */ build) => formatDay(report.builds.time[build]);
  const first = builds.length > 0 ? day(builds[0]) : "";
  const last = builds.length > 0 ? day(builds[builds.length - 1]) : "";
  put(document, "#builds", formatCount(builds.length, "build"));
  put(document, "#branch-name", report.branches[view.branch][0]);
  put(
    document,
    "#period",
    builds.length === 0 ? "none in this range" : first === last ? first : `${first} to ${last}`,
  );
}

/** @param {ParentNode} place @param {string} selector @param {string} text */
function put(place, selector, text) {
  const found = place.querySelector(selector);
  if (found) found.textContent = text;
}

/**
 * @param {Element} card
 * @param {import("./data.js").Metric} metric
 * @param {import("./data.js").Report} report
 * @param {import("./view.js").View} view
 */
function showNumeric(card, metric, report, view) {
  const latest = card.querySelector(".latest");
  if (!latest) return;
  const summary = summarise(metric, view.builds);
  const spark = card.querySelector(".spark");
  card.classList.toggle("absent", summary === null);
  if (summary === null) {
    latest.classList.remove("long");
    latest.textContent = "no data here";
    card.querySelector("[data-part=turn]")?.remove();
    spark?.replaceChildren();
    return;
  }
  ensureParts(card, metric.kind);
  const text = formatShort(summary.latest, metric.unit);
  latest.classList.toggle("long", text.length > LONG);
  put(card, "[data-part=latest]", text);
  put(card, "[data-part=min]", formatShort(summary.min, metric.unit));
  put(card, "[data-part=max]", formatShort(summary.max, metric.unit));
  const trend = changed("p", "trend", summary.trend);
  trend.dataset.part = "trend";
  card.querySelector("[data-part=trend]")?.replaceWith(trend);
  card.querySelector("[data-part=turn]")?.remove();
  const turn = turnsIn(metric, view).pop();
  if (turn !== undefined) {
    const day = formatDay(report.builds.time[turn.build]);
    const { arrow, text } = change(turn.before, turn.after, metric);
    const mark = element("span", "", arrow);
    mark.setAttribute("aria-hidden", "true");
    const shift = element(
      "p",
      "turn",
      "shift ",
      mark,
      ` ${/ \((.*)\)$/.exec(text)?.[1] ?? text} on `,
      element("span", "day", day),
    );
    shift.dataset.part = "turn";
    trend.after(shift);
  }
  const [low, high] = widened(summary.min, summary.max, metric.unit);
  const known = along(metric.values(), view);
  const values = withRhythm(known);
  const draw = (/** @type {(number|null|undefined)[]} */ course) =>
    linePath(course, along(report.builds.time, view), low, high);
  const line = draw(values);
  const paths = [drawing("path", { class: summary.count === 1 ? "l1 dot" : "l1", d: line })];
  if (line.lastIndexOf("M") > 0) {
    const bridge = known.map((value) => value ?? undefined);
    paths.unshift(drawing("path", { class: "l1 gap", d: draw(bridge) }));
  }
  spark?.replaceChildren(...paths);
}

/**
 * A card whose branch had no data when the page was made has no parts to fill yet.
 * @param {Element} card @param {import("./data.js").Metric["kind"]} kind
 */
function ensureParts(card, kind) {
  if (card.querySelector("[data-part=trend]")) return;
  const part = (/** @type {string} */ tag, /** @type {string} */ className, /** @type {string} */ name) => {
    const made = element(tag, className);
    made.dataset.part = name;
    return made;
  };
  const pair = (/** @type {string} */ name) =>
    element("div", "", element("dt", "", name), part("dd", "", name));
  const spark = drawing("svg", {
    class: "spark",
    "data-part": "spark",
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: "none",
    "aria-hidden": "true",
  });
  const latest = card.querySelector(".latest");
  latest?.classList.remove("none");
  latest?.setAttribute("data-part", "latest");
  const seen = element("div", "", element("dt", "", "seen"), part("dd", "", "states"));
  const figures = kind === "label" ? [seen] : [pair("min"), pair("max")];
  latest?.classList.toggle("word", kind === "label");
  card.append(
    part("p", kind === "label" ? "trend flat" : "trend", "trend"),
    spark,
    element("dl", "", ...figures),
  );
}

/**
 * @param {Element} card
 * @param {import("./data.js").Metric} metric
 * @param {import("./data.js").Report} report
 * @param {import("./view.js").View} view
 */
function showLabel(card, metric, report, view) {
  const values = metric.values();
  const known = view.builds.filter((build) => values[build] !== null && values[build] !== undefined);
  const latest = card.querySelector(".latest");
  if (!latest) return;
  card.classList.toggle("absent", known.length === 0);
  if (known.length === 0) {
    latest.textContent = "no data here";
    card.querySelector(".spark")?.replaceChildren();
    return;
  }
  ensureParts(card, metric.kind);
  const state = /** @type {number} */ (values[known[known.length - 1]]);
  // The state may be older than what is shown.
  const before = (/** @type {number} */ build) => knownBefore(report, view, values, build);
  let since = known[known.length - 1];
  for (let build = before(since); build >= 0 && values[build] === state; build = before(build)) since = build;
  latest.textContent = metric.labels[state];
  latest.setAttribute("title", metric.labels[state]);
  put(card, "[data-part=trend]", `since ${formatDay(report.builds.time[since])}`);
  put(card, "[data-part=states]", formatCount(new Set(known.map((build) => values[build])).size, "state"));
  const { time } = report.builds;
  const from = time[view.builds[0]];
  const to = time[view.builds[view.builds.length - 1]];
  const place = (/** @type {number} */ build) =>
    to > from ? ((time[build] - from) / (to - from)) * WIDTH : 0;
  /** @type {[number, number][]} */
  const starts = [];
  const carried = before(view.first);
  if (carried >= 0) starts.push([0, /** @type {number} */ (values[carried])]);
  for (const build of known) {
    const x = place(build);
    const last = starts[starts.length - 1];
    if (last && (last[1] === values[build] || x - last[0] < 1)) continue;
    starts.push([x, /** @type {number} */ (values[build])]);
  }
  const bars = starts.map(([x, label], index) => {
    const width = Math.max(1, (starts[index + 1]?.[0] ?? WIDTH) - x);
    return drawing("rect", {
      class: `f${(label % 8) + 1}`,
      x: x.toFixed(1),
      y: 13,
      width: width.toFixed(1),
      height: 10,
    });
  });
  card.querySelector(".spark")?.replaceChildren(...bars);
}

/**
 * The path of a card's line, thinned to the least and greatest of each column.
 * @param {(number|null|undefined)[]} values one per build of the view: null interrupts the line, undefined does not
 * @param {number[]} time likewise
 * @param {number} min
 * @param {number} max
 */
function linePath(values, time, min, max) {
  const from = time[0];
  const to = time[time.length - 1];
  const columns = WIDTH / 2;
  const thin = values.length > columns * 3;
  let path = "";
  /** Points of the stretch that is drawn. */
  let length = 0;
  let column = -1;
  /** @type {[number, number][]} */
  let held = [];
  const flush = () => {
    if (held.length > 2) {
      const least = held.reduce((a, b) => (b[1] > a[1] ? b : a));
      const most = held.reduce((a, b) => (b[1] < a[1] ? b : a));
      held = least[0] <= most[0] ? [least, most] : [most, least];
    }
    for (const [x, y] of held) {
      path += `${length === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
      length += 1;
    }
    held = [];
  };
  const close = () => {
    flush();
    if (length === 1) path += "h0";
    length = 0;
  };
  let open = true;
  for (const [index, value] of values.entries()) {
    if (value === null) open = false;
    if (value === null || value === undefined) continue;
    const x = to > from ? ((time[index] - from) / (to - from)) * WIDTH : WIDTH / 2;
    // What a column cannot show is no gap.
    if (!open && (!thin || Math.floor(x / 2) > column + 1)) close();
    else if (!thin || Math.floor(x / 2) !== column) flush();
    open = true;
    column = Math.floor(x / 2);
    const part = max > min ? (value / 2 - min / 2) / (max / 2 - min / 2) : 0.5;
    held.push([x, MARGIN + (1 - part) * (HEIGHT - 2 * MARGIN)]);
  }
  close();
  return path;
}
