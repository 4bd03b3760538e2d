// Which missing values interrupt a line. Where most builds measure a metric, each that did not is a gap; where few do,
// a gap is what is wide beside the metric's own rhythm. src/report/shape.rs draws its still lines by the same rule.

/**
 * The values with `undefined` for what is missing in the metric's usual rhythm and `null` for what
 * is missing in a gap: anything where the median distance between two values is one build, else more than three
 * times that distance. uPlot draws through the former and interrupts the line at the latter.
 * @param {(number|null)[]} values
 * @returns {(number|null|undefined)[]}
 */
export function withRhythm(values) {
  if (!values.includes(null)) return values;
  const usual = usualDistance(values);
  const reach = usual === 1 ? 1 : 3 * usual;
  /** @type {(number|null|undefined)[]} */
  const out = values.slice();
  let last = -1;
  for (let index = 0; index < values.length; index += 1) {
    if (values[index] === null) continue;
    if (last >= 0 && index - last > 1 && index - last <= reach) out.fill(undefined, last + 1, index);
    last = index;
  }
  return out;
}

/**
 * The lower median of the distances between neighbouring values, 1 where there are none. Distances are small whole
 * numbers, so they are counted instead of sorted, which long histories would wait for.
 * @param {(number|null)[]} values
 */
function usualDistance(values) {
  const counts = new Uint32Array(values.length + 1);
  let distances = 0;
  let last = -1;
  for (let index = 0; index < values.length; index += 1) {
    if (values[index] === null) continue;
    if (last >= 0) {
      counts[index - last] += 1;
      distances += 1;
    }
    last = index;
  }
  const place = (distances - 1) >> 1;
  let passed = 0;
  for (let distance = 1; distance < counts.length; distance += 1) {
    passed += counts[distance];
    if (passed > place) return distance;
  }
  return 1;
}
