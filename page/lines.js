// Line charts of numeric metrics: one line each, one value axis for each unit, threshold lines
// across. Interaction is plot.js's.

import { valueRange, valueTicks } from "./axis.js";
import { formatTick } from "./format.js";
import { withRhythm } from "./gaps.js";
import { colour, seriesColour } from "./palette.js";
import { ANY_STEP, FONT, fontAt, makePlot } from "./plot.js";
import { turnsIn } from "./stats.js";

const HEIGHT = 236;

/** Over a timeline, which has the time axis for both. */
const SHORT = 160;

/** What distinguishes lines beside their colours; the style sheet has the same for still lines and keys. */
const DASHES = [[], [9, 3], [3, 3], [12, 3, 3, 3], [6, 2], [2, 2], [14, 4], [9, 3, 3, 3, 3, 3]];

/** Below this width the third unit and those after it have no axis. */
const NARROW = 520;

/**
 * @param {HTMLElement} place
 * @param {number} width of the place
 * @param {import("./data.js").Report} report
 * @param {import("./view.js").View} view
 * @param {number[]} chosen indexes of numeric metrics
 * @param {(number|null)[][]} shown their values of the view's builds
 * @param {string} title
 * @param {import("./plot.js").Told[]} told
 * @param {boolean} bare whether the time axis is left to a timeline below
 */
export function makeLines(place, width, report, view, chosen, shown, title, told, bare) {
  const metrics = chosen.map((index) => report.metrics[index]);
  const units = [...new Set(metrics.map((metric) => metric.unit))];
  const scaleOf = (/** @type {import("./data.js").Metric} */ metric) => `y${units.indexOf(metric.unit)}`;
  const thresholds = report.thresholds.filter((threshold) => chosen.includes(threshold.metric));
  const shrinks = units.map((unit) =>
    shrinkOf(shown.filter((_, index) => metrics[index].unit === unit && metrics[index].vast)),
  );
  const shrinkFor = (/** @type {import("./data.js").Metric} */ metric) => shrinks[units.indexOf(metric.unit)];
  const columns = shown.map((values, index) => {
    const shrink = shrinkFor(metrics[index]);
    return withRhythm(
      shrink === 1 ? values : values.map((value) => (value === null ? null : value * shrink)),
    );
  });

  const turns = metrics.map((metric) =>
    turnsIn(metric, view).map(({ build, before, after }) => ({
      time: report.builds.time[build],
      rising: after > before,
      middle: (before / 2 + after / 2) * shrinkFor(metric),
    })),
  );

  /** @type {Record<string, any>} */
  const scales = {};
  const axes = units.map((unit, index) => {
    const own = metrics.filter((metric) => metric.unit === unit);
    const lines = thresholds
      .filter((threshold) => report.metrics[threshold.metric].unit === unit)
      .map((threshold) => threshold.value * shrinks[index]);
    scales[`y${index}`] = {
      range: (/** @type {any} */ _, /** @type {number|null} */ min, /** @type {number|null} */ max) =>
        min === null || max === null ? [0, 1] : rangeWith(min, max, lines, unit),
    };
    const only = own.length === 1 && units.length > 1 ? metrics.indexOf(own[0]) : -1;
    return valueAxis(unit, index, only, shrinks[index]);
  });

  const options = {
    scales,
    axes: width < NARROW ? axes.slice(0, 2) : axes,
    series: metrics.map((metric, index) => ({
      label: metric.name,
      scale: scaleOf(metric),
      stroke: () => seriesColour(index),
      width: 1.75,
      dash: DASHES[index % DASHES.length],
      show: told.find((one) => one.series === index)?.shown() ?? true,
      points: { size: 5, fill: () => seriesColour(index), width: 0 },
    })),
    cursor: {
      points: { stroke: (/** @type {any} */ _, /** @type {number} */ series) => seriesColour(series - 1) },
    },
    hooks: {
      drawAxes: [
        (/** @type {any} */ u) => {
          for (const { metric, value, label } of thresholds) {
            const own = report.metrics[metric];
            drawThreshold(u, value * shrinkFor(own), label, scaleOf(own));
          }
        },
      ],
      drawSeries: [
        (/** @type {any} */ u, /** @type {number} */ series) => {
          if (!u.series[series].show) return;
          bridgeGaps(u, series);
          markTurns(u, series, turns[series - 1]);
        },
      ],
    },
  };
  const label = `${title}, ${view.count} builds`;
  const height = bare ? SHORT : HEIGHT;
  return makePlot(place, width, report, view, { label, height, told, options, columns, bare });
}

/**
 * What the values are multiplied with to be drawn: less than one where their spread is more than a
 * number can say.
 * @param {(number|null)[][]} columns
 */
function shrinkOf(columns) {
  let [low, high] = [Infinity, -Infinity];
  for (const values of columns) {
    for (const value of values) {
      if (value === null) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return high - low === Infinity || Math.max(high, -low) > 1e306 ? 2 ** -20 : 1;
}

/**
 * The data's range, wide enough for thresholds that are not so far off that the data would be
 * pressed flat.
 * @param {number} min
 * @param {number} max
 * @param {number[]} lines the thresholds' values
 * @param {import("./format.js").Unit} unit
 * @returns {[number, number]}
 */
function rangeWith(min, max, lines, unit) {
  const [bottom, top] = valueRange(min, max, unit);
  const reach = top - bottom;
  let [low, high] = [min, max];
  for (const value of lines) {
    if (value >= bottom - reach && value <= top + reach) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return low === min && high === max ? [bottom, top] : valueRange(low, high, unit);
}

/**
 * @param {import("./format.js").Unit} unit
 * @param {number} index of the scale
 * @param {number} series the only line on this axis, or -1
 * @param {number} shrink what the values were multiplied with
 */
function valueAxis(unit, index, series, shrink) {
  const right = index % 2 === 1;
  return {
    scale: `y${index}`,
    side: right ? 1 : 3,
    stroke: () => (series >= 0 ? seriesColour(series) : colour("text-muted")),
    font: FONT,
    gap: 6,
    grid: { show: index === 0, stroke: () => colour("border-soft"), width: 1 },
    ticks: { show: false },
    incrs: ANY_STEP,
    splits: (
      /** @type {any} */ u,
      /** @type {number} */ _axis,
      /** @type {number} */ min,
      /** @type {number} */ max,
    ) => valueTicks(min, max, Math.max(2, Math.floor(u.height / 40)), unit),
    values: (/** @type {any} */ _, /** @type {number[]} */ splits) => {
      const step = splits.length > 1 ? splits[1] - splits[0] : Math.abs(splits[0]) || 1;
      const most = splits.reduce((size, value) => Math.max(size, Math.abs(value / shrink)), 0);
      return splits.map((value) => {
        const real = value / shrink;
        return Number.isFinite(real)
          ? formatTick(real, unit, Number((step / shrink).toPrecision(6)), most)
          : "";
      });
    },
    size: (
      /** @type {any} */ u,
      /** @type {string[]|null} */ values,
      /** @type {number} */ axis,
      /** @type {number} */ cycle,
    ) => {
      // The second pass keeps the first one's width, or the two could chase each other.
      if (cycle > 1) return u.axes[axis]._size;
      u.ctx.font = u.axes[axis].font[0];
      const widest = (values ?? []).reduce(
        (width, text) => Math.max(width, u.ctx.measureText(text).width),
        0,
      );
      return Math.ceil(widest / devicePixelRatio) + 14;
    },
  };
}

/**
 * Joins the ends of a gap by a faint dashed line: nothing was measured there, but the metric's
 * course is still one.
 * @param {any} u
 * @param {number} series
 */
function bridgeGaps(u, series) {
  const { ctx, bbox } = u;
  const [times, values] = [u.data[0], u.data[series]];
  if (!values.includes(null)) return;
  const { scale } = u.series[series];
  const { min, max } = u.scales.x;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.beginPath();
  let last = -1;
  let gap = false;
  for (let index = 0; index < values.length; index += 1) {
    if (values[index] === null) gap = true;
    if (values[index] === null || values[index] === undefined) continue;
    if (last >= 0 && gap && times[index] >= min && times[last] <= max) {
      const [from, to] = [u.valToPos(times[last], "x", true), u.valToPos(times[index], "x", true)];
      if (to - from >= 1) {
        ctx.moveTo(from, u.valToPos(values[last], scale, true));
        ctx.lineTo(to, u.valToPos(values[index], scale, true));
      }
    }
    last = index;
    gap = false;
  }
  ctx.strokeStyle = seriesColour(series - 1);
  ctx.globalAlpha = 0.55;
  ctx.lineWidth = devicePixelRatio * 1.5;
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.stroke();
  ctx.restore();
}

/**
 * A mark where a line's level is likely to have shifted: a stem through the plot, and on it an arrow that points the
 * way it went.
 * @param {any} u
 * @param {number} series
 * @param {{time: number, rising: boolean, middle: number}[]} turns
 */
function markTurns(u, series, turns) {
  const { ctx, bbox } = u;
  const { min, max } = u.scales.x;
  const { scale } = u.series[series];
  const ratio = devicePixelRatio;
  ctx.save();
  for (const { time, rising, middle } of turns) {
    if (time < min || time > max) continue;
    const x = Math.round(u.valToPos(time, "x", true));
    const reach = 6 * ratio;
    const y = Math.max(
      bbox.top + reach,
      Math.min(bbox.top + bbox.height - reach, u.valToPos(middle, scale, true)),
    );
    ctx.strokeStyle = seriesColour(series - 1);
    ctx.lineWidth = ratio;
    ctx.globalAlpha = 0.5;
    ctx.setLineDash([ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(x + 0.5, bbox.top);
    ctx.lineTo(x + 0.5, bbox.top + bbox.height);
    ctx.stroke();
    ctx.globalAlpha = 1;
    ctx.setLineDash([]);
    ctx.lineWidth = 1.5 * ratio;
    ctx.fillStyle = colour("surface-card");
    const tip = rising ? -reach : reach;
    ctx.beginPath();
    ctx.moveTo(x, y + tip);
    ctx.lineTo(x + reach, y - tip * 0.7);
    ctx.lineTo(x - reach, y - tip * 0.7);
    ctx.closePath();
    ctx.fill();
    ctx.stroke();
  }
  ctx.restore();
}

/**
 * @param {any} u
 * @param {number} value
 * @param {string} label
 * @param {string} scale
 */
function drawThreshold(u, value, label, scale) {
  const { min, max } = u.scales[scale];
  if (!(value >= min && value <= max)) return;
  const { ctx, bbox } = u;
  const y = Math.round(u.valToPos(value, scale, true)) + 0.5;
  ctx.save();
  ctx.strokeStyle = colour("warn");
  ctx.fillStyle = colour("warn");
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.font = fontAt(devicePixelRatio);
  ctx.textAlign = "right";
  const above = y - bbox.top > 18 * devicePixelRatio;
  ctx.textBaseline = above ? "bottom" : "top";
  ctx.fillText(label, bbox.left + bbox.width - 4 * devicePixelRatio, y + (above ? -3 : 3) * devicePixelRatio);
  ctx.restore();
}
