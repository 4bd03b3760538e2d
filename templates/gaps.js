// Which missing values interrupt a line. Many builds do not measure every metric, so a gap is what
// is wide beside the metric's own rhythm; src/report/shape.rs draws its still lines by the same rule.

/**
 * The values with `undefined` for what is missing in the metric's usual rhythm and `null` for what
 * is missing in a gap: more than three times the median distance between two values. uPlot draws through
 * the former and interrupts the line at the latter.
 * @param {(number|null)[]} values
 * @returns {(number|null|undefined)[]}
 */
export function withRhythm(values) {
  /** @type {number[]} */
  const present = [];
  values.forEach((value, index) => {
    if (value !== null) present.push(index);
  });
  const distances = present.slice(1).map((at, index) => at - present[index]);
  const usual = distances.toSorted((a, b) => a - b)[(distances.length - 1) >> 1] ?? 1;
  /** @type {(number|null|undefined)[]} */
  const out = values.slice();
  distances.forEach((distance, index) => {
    if (distance > 1 && distance <= 3 * usual) out.fill(undefined, present[index] + 1, present[index + 1]);
  });
  return out;
}
