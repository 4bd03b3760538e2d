// What a card says of a numeric metric in the view: the engine's src/report/stats.rs for the
// builds that the reader chose. A test compares the two.

import { formatDelta, formatValue } from "./format.js";

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
  return { latest, min, max, trend: trend(first, latest, count, metric) };
}

/**
 * @param {number} first
 * @param {number} latest
 * @param {number} count
 * @param {import("./data.js").Metric} metric
 */
function trend(first, latest, count, { unit, direction }) {
  const flat = (/** @type {string} */ text) => ({ verdict: "flat", arrow: "", text, meaning: "" });
  if (count === 1) return flat("first value");
  if (formatValue(first, unit) === formatValue(latest, unit)) return flat("no change");
  const rising = latest > first;
  const delta = latest - first;
  let text = Number.isFinite(delta) ? formatDelta(delta, unit) : "beyond measure";
  const relative = (delta / Math.abs(first)) * 100;
  if (unit !== "percent" && first !== 0 && Math.abs(relative) < 9999.95) {
    text = `${text} (${formatDelta(relative, "percent")})`;
  }
  const better = direction === "none" ? null : rising === (direction === "higher-is-better");
  return {
    verdict: better === null ? "neutral" : better ? "good" : "bad",
    arrow: rising ? "▲" : "▼",
    text,
    meaning: better === null ? "" : better ? "better" : "worse",
  };
}
