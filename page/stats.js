// What a card says of a numeric metric in the view: the engine's src/report/stats.rs for the
// builds that the reader chose. A test compares the two.

import { formatDelta, formatRelative, formatSmallDelta } from "./format.js";

/**
 * @param {import("./data.js").Metric} metric
 * @param {number[]} builds
 */
export function summarise(metric, builds) {
  const values = metric.values();
  let first = null;
  let latest = 0;
  let count = 0;
  let min = Infinity;
  let max = -Infinity;
  for (const build of builds) {
    const value = values[build];
    if (value === null || value === undefined) continue;
    first ??= value;
    latest = value;
    count += 1;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  if (first === null) return null;
  const trend = change(first, latest, metric);
  if (count === 1) trend.text = "first value";
  else if (trend.verdict === "flat" && !same(min, max)) trend.text = "as at the start";
  return { latest, min, max, count, trend };
}

/**
 * A metric's likely shifts of level among the builds, oldest first.
 * @param {import("./data.js").Metric} metric
 * @param {import("./view.js").View} view
 */
export function turnsIn(metric, view) {
  const { first, count } = view;
  return metric.turns.filter(({ build }) => build >= first && build < first + count);
}

/**
 * Whether two values are one but for the last digits of a sum or of what long histories are rounded by.
 * @param {number} one
 * @param {number} other
 */
function same(one, other) {
  return one === other || Math.abs(one - other) <= 1e-8 * Math.max(Math.abs(one), Math.abs(other));
}

/**
 * The change from one value to another. A difference that the unit's form shows as zero is written with the digits that
 * show it.
 * @param {number} first
 * @param {number} latest
 * @param {import("./data.js").Metric} metric
 */
export function change(first, latest, { unit, direction }) {
  if (same(first, latest)) return { verdict: "flat", arrow: "", text: "no change", meaning: "" };
  const rising = latest > first;
  const delta = latest - first;
  let text = Number.isFinite(delta) ? formatDelta(delta, unit) : "beyond measure";
  if (Number.isFinite(delta) && !/^[+-]/.test(text)) text = formatSmallDelta(delta, unit);
  const relative = (delta / Math.abs(first)) * 100;
  if (unit !== "percent" && first !== 0 && Math.abs(relative) >= 0.05 && Math.abs(relative) < 9999.95) {
    text = `${text} (${formatRelative(relative)})`;
  }
  const better = direction === "none" ? null : rising === (direction === "higher-is-better");
  return {
    verdict: better === null ? "neutral" : better ? "good" : "bad",
    arrow: rising ? "▲" : "▼",
    text,
    meaning: better === null ? "" : better ? "better" : "worse",
  };
}
