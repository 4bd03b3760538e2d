// Where the axes start and end and where their labels are. Pure functions over numbers; values
// get steps that suit their unit, times get steps that suit the UTC calendar.

import { bytePower, formatClock, formatMonth } from "./format.js";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * What the ends of a drawing are apart at least, so that noise below any meaning stays small: half a point of a
 * percentage, two of what is counted, 1 % of the size of all but percentages. src/report/shape.rs has the same.
 * @param {number} size the greatest size drawn
 * @param {import("./format.js").Unit} unit
 */
function leastSpan(size, unit) {
  const part = size * 0.01;
  return unit === "percent" ? 0.5 : unit === "integer" ? Math.max(2, part) : part;
}

/**
 * `bottom` and `top`, but not past zero or 100 % where the values from `low` to `high` are not.
 * @param {number} bottom
 * @param {number} top
 * @param {number} low
 * @param {number} high
 * @param {import("./format.js").Unit} unit
 * @returns {[number, number]}
 */
function kept(bottom, top, low, high, unit) {
  const most = unit === "percent" && high <= 100 ? 100 : high <= 0 && low < 0 ? 0 : Infinity;
  return [low >= 0 ? Math.max(0, bottom) : bottom, Math.min(top, most)];
}

/**
 * The ends of a card's line for values from `low` to `high`, which are the values' own unless they are too near.
 * @param {number} low
 * @param {number} high
 * @param {import("./format.js").Unit} unit
 * @returns {[number, number]}
 */
export function widened(low, high, unit) {
  const pad = (leastSpan(Math.max(Math.abs(low), Math.abs(high)), unit) - (high - low)) / 2;
  if (!(pad > 0) || !Number.isFinite(low - pad) || !Number.isFinite(high + pad)) return [low, high];
  return kept(low - pad, high + pad, low, high, unit);
}

/**
 * An axis' ends for values from `low` to `high`: a little more than the data spans, never forced
 * to zero, never past zero or 100 % where the data is not.
 * @param {number} low
 * @param {number} high
 * @param {import("./format.js").Unit} unit
 * @returns {[number, number]}
 */
export function valueRange(low, high, unit) {
  const spread = high - low;
  const size = Math.max(Math.abs(low), Math.abs(high));
  const least = leastSpan(size, unit);
  let pad = spread > size * 1e-9 ? spread * 0.08 : size * 0.05 || 1;
  if (spread + 2 * pad < least) pad = (least - spread) / 2;
  if (!Number.isFinite(spread) || !Number.isFinite(low - pad) || !Number.isFinite(high + pad)) pad = 0;
  return kept(low - pad, high + pad, low, high, unit);
}

const DURATIONS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

/**
 * The smallest step of the unit's family that is at least `rough`.
 * @param {number} rough
 * @param {import("./format.js").Unit} unit
 * @param {number} most the greatest size on the axis
 * @returns {number}
 */
function valueStep(rough, unit, most) {
  if (unit === "bytes") {
    if (rough <= 1) return 1;
    // Round in the unit that the axis is labelled in.
    const scale = 1024 ** bytePower(most);
    return Math.max(1, valueStep(rough / scale, scale === 1 ? "integer" : "decimal", 0) * scale);
  }
  if (unit === "duration" && rough > 0.5) {
    const step = DURATIONS.find((s) => s >= rough);
    if (step !== undefined) return step;
  }
  const power = 10 ** Math.floor(Math.log10(rough) + 1e-9);
  const family = unit === "integer" ? [1, 2, 5, 10] : [1, 2, 2.5, 5, 10];
  const step = (family.find((f) => f * power >= rough * (1 - 1e-9)) ?? 10) * power;
  return unit === "integer" ? Math.max(1, step) : step;
}

/**
 * The labels' places on a value axis, at most about `count`.
 * @param {number} low
 * @param {number} high
 * @param {number} count
 * @param {import("./format.js").Unit} unit
 * @returns {number[]}
 */
export function valueTicks(low, high, count, unit) {
  const spread = high - low;
  if (!Number.isFinite(spread)) return [low, 0, high];
  if (!(spread > 0)) return [low];
  const step = valueStep(spread / Math.max(1, count), unit, Math.max(Math.abs(low), Math.abs(high)));
  const ticks = [];
  // Counted in steps: adding up would gather the rounding of every addition.
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n += 1) {
    ticks.push(Number((n * step).toPrecision(12)));
    if (ticks.length > 100) break;
  }
  return ticks;
}

const STEPS = [
  ...[1, 5, 15, 30].map((n) => n * SECOND),
  ...[1, 5, 15, 30].map((n) => n * MINUTE),
  ...[1, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14].map((n) => n * DAY),
];
const MONTH_STEPS = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 12000, 120000];

/** The Monday that steps of weeks are counted from. */
const MONDAY = Date.UTC(1970, 0, 5);

/**
 * The labels' places on a time axis, at most about `count`, at round moments of the UTC calendar.
 * @param {number} from milliseconds since 1970
 * @param {number} to
 * @param {number} count
 * @returns {number[]}
 */
export function timeTicks(from, to, count) {
  const rough = (to - from) / Math.max(1, count);
  const step = STEPS.find((s) => s >= rough);
  const ticks = [];
  if (step !== undefined) {
    const origin = step >= 7 * DAY ? MONDAY : 0;
    for (let at = Math.ceil((from - origin) / step) * step + origin; at <= to; at += step) ticks.push(at);
    return ticks;
  }
  const months = MONTH_STEPS.find((m) => m * 30.6 * DAY >= rough) ?? 120000;
  const start = new Date(from);
  const month = start.getUTCFullYear() * 12 + start.getUTCMonth();
  for (let at = Math.floor(month / months) * months; ticks.length < 100; at += months) {
    const time = Date.UTC(Math.floor(at / 12), at % 12);
    if (!(time <= to)) break;
    if (time >= from) ticks.push(time);
  }
  return ticks;
}

/**
 * The labels of a time axis. The first one, and each that starts a new day or year, carries on a
 * second line what the short form leaves out.
 * @param {number[]} ticks as `timeTicks` gives them
 * @returns {string[]}
 */
export function timeLabels(ticks) {
  const step = ticks.length > 1 ? ticks[1] - ticks[0] : DAY;
  let shown = "";
  return ticks.map((time) => {
    const at = new Date(time);
    const year = String(at.getUTCFullYear());
    const day = `${formatMonth(time)} ${at.getUTCDate()}`;
    const clock =
      step < MINUTE
        ? `${formatClock(time)}:${String(at.getUTCSeconds()).padStart(2, "0")}`
        : formatClock(time);
    const [label, context] =
      step < DAY ? [clock, `${day}, ${year}`] : step < 28 * DAY ? [day, year] : [formatMonth(time), year];
    if (step > 360 * DAY) return year;
    if (context === shown) return label;
    shown = context;
    return `${label}\n${context}`;
  });
}
