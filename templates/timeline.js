// State timelines of label metrics: a row each, coloured by state, a state lasting until the next
// build that has one. Interaction is plot.js's.

import { seriesColour, colour } from "./palette.js";
import { FONT, makePlot } from "./plot.js";

const ROW = 34;
const BAR = 22;
const AXIS = 40;

/**
 * @param {HTMLElement} place
 * @param {import("./data.js").Report} report
 * @param {import("./view.js").View} view
 * @param {number[]} chosen indexes of label metrics
 * @param {string} title
 */
export function makeTimeline(place, report, view, chosen, title) {
  const metrics = chosen.map((index) => report.metrics[index]);
  const columns = metrics.map((metric) => {
    const values = metric.values();
    return view.builds.map((build) => values[build] ?? null);
  });
  const rows = metrics.length;
  const options = {
    padding: [6, 14, 0, 6],
    scales: { y: { range: () => [0, rows] } },
    axes: [
      {
        scale: "y",
        show: rows > 1,
        side: 3,
        font: FONT,
        gap: 6,
        size: 90,
        stroke: () => colour("text-muted"),
        grid: { show: false },
        ticks: { show: false },
        splits: () => metrics.map((_, index) => rows - index - 0.5),
        values: () => metrics.map((metric) => (metric.name.length > 14 ? `${metric.name.slice(0, 13)}…` : metric.name)),
      },
    ],
    series: metrics.map((metric) => ({ label: metric.name, scale: "y", paths: () => null, points: { show: false } })),
    cursor: { points: { show: false } },
    hooks: {
      draw: [
        (/** @type {any} */ u) => {
          metrics.forEach((metric, index) => drawRow(u, metric, columns[index], rows - index - 0.5));
        },
      ],
    },
  };
  const colourOf = (/** @type {number} */ index, /** @type {number} */ build) => metrics[index].values()[build] ?? 0;
  const label = `${title}, states of ${view.builds.length} builds`;
  return makePlot(place, report, view, { label, height: rows * ROW + AXIS + 8, metrics, colourOf, options, columns });
}

/**
 * @param {any} u
 * @param {import("./data.js").Metric} metric
 * @param {(number|null)[]} values
 * @param {number} level
 */
function drawRow(u, metric, values, level) {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio;
  const times = u.data[0];
  const height = BAR * ratio;
  const top = u.valToPos(level, "y", true) - height / 2;
  const right = bbox.left + bbox.width;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.font = FONT.replace(/\d+px/, `${11 * ratio}px`);
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
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
  let state = -1;
  let start = 0;
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
