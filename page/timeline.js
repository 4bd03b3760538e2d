// State timelines of label metrics: a named row each, coloured by state, a state lasting until the
// next build that has one. Interaction is plot.js's.

import { colour, seriesColour } from "./palette.js";
import { fontAt, makePlot } from "./plot.js";
import { knownBefore } from "./view.js";

const NAME = 18;
const BAR = 22;
const ROW = NAME + BAR + 6;
const AXIS = 40;

/**
 * @param {HTMLElement} place
 * @param {number} width of the place
 * @param {import("./data.js").Report} report
 * @param {import("./view.js").View} view
 * @param {number[]} chosen indexes of label metrics
 * @param {(number|null)[][]} columns their values of the view's builds
 * @param {string} title
 * @param {import("./plot.js").Told[]} told
 * @param {any} above the line chart above the rows, whose edges they share, or null
 */
export function makeTimeline(place, width, report, view, chosen, columns, title, told, above) {
  const metrics = chosen.map((index) => report.metrics[index]);
  const rows = metrics.length;
  // A state that started before what is shown lasts until its first value.
  const carried = metrics.map((metric) => {
    const before = knownBefore(report, view, metric.values(), view.first);
    return before < 0 ? -1 : /** @type {number} */ (metric.values()[before]);
  });
  const named = rows > 1 || above !== null;
  const row = named ? ROW : ROW - NAME;
  const left = () => (above ? above.bbox.left / devicePixelRatio : 6);
  const right = () => (above ? above.width - (above.bbox.left + above.bbox.width) / devicePixelRatio : 18);
  const options = {
    padding: [4, right, 0, left],
    scales: { y: { range: () => [0, rows] } },
    axes: [{ scale: "y", show: false }],
    series: metrics.map((metric) => ({
      label: metric.name,
      scale: "y",
      paths: () => null,
      points: { show: false },
    })),
    cursor: { points: { show: false } },
    hooks: {
      draw: [
        (/** @type {any} */ u) => {
          metrics.forEach((metric, index) => {
            const top = u.bbox.top + index * row * devicePixelRatio;
            drawRow(u, metric, columns[index], carried[index], top, named);
          });
        },
      ],
    },
  };
  const label = `${title}, states of ${view.count} builds`;
  const height = rows * row + AXIS + 4;
  const made = makePlot(place, width, report, view, { label, height, told, options, columns });
  if (above) {
    let edges = "";
    const follow = () => {
      const now = `${left()} ${right()}`;
      if (now !== edges) made.plot.redraw(false, true);
      edges = now;
    };
    above.hooks.draw = [...(above.hooks.draw ?? []), follow];
    follow();
  }
  return made;
}

/**
 * @param {any} u
 * @param {import("./data.js").Metric} metric
 * @param {(number|null)[]} values
 * @param {number} carried the state that the first of them is met with, or -1
 * @param {number} rowTop in canvas pixels
 * @param {boolean} named whether the metric's name is shown above its bars
 */
function drawRow(u, metric, values, carried, rowTop, named) {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio;
  const times = u.data[0];
  const height = BAR * ratio;
  const top = rowTop + (named ? NAME * ratio : 0);
  const right = bbox.left + bbox.width;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.font = fontAt(ratio);
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  if (named) {
    ctx.fillStyle = colour("text-muted");
    ctx.fillText(metric.name, bbox.left, rowTop + (NAME / 2) * ratio);
  }
  const bar = (/** @type {number} */ from, /** @type {number} */ to, /** @type {number} */ state) => {
    const left = Math.max(from, bbox.left);
    const width = Math.max(Math.min(to, right) - left, ratio);
    if (to < bbox.left || from > right) return;
    ctx.fillStyle = seriesColour(state);
    ctx.fillRect(left, top, width - (width > 4 * ratio ? ratio : 0), height);
    const text = metric.labels[state];
    if (width > 24 * ratio && ctx.measureText(text).width < width - 12 * ratio) {
      ctx.fillStyle = colour("surface-card");
      ctx.fillText(text, left + 6 * ratio, top + height / 2);
    }
  };
  let state = carried;
  let start = times.length > 1 ? u.valToPos(times[0], "x", true) : bbox.left;
  values.forEach((value, index) => {
    if (value === null || value === state) return;
    const x = times.length > 1 ? u.valToPos(times[index], "x", true) : bbox.left;
    // A state that would be thinner than a pixel gives way to the next.
    if (state >= 0 && x - start < ratio) return;
    if (state >= 0) bar(start, x, state);
    state = value;
    start = x;
  });
  if (state >= 0) bar(start, right, state);
  ctx.restore();
}
