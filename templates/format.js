// Numbers with their units and moments in time, as the engine writes them (src/text.rs): tests
// hold both to the same examples. Pure functions, no locale and no time zone; axis labels, which
// only the page has, follow the same rules with as many decimals as their step needs.

/** @typedef {"percent"|"integer"|"bytes"|"duration"|"decimal"|null} Unit */

const BYTES = ["B", "KB", "MB", "GB", "TB"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** @param {string} digits a non-negative decimal number without exponent */
function thousands(digits) {
  const [whole, rest] = digits.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return rest === undefined ? grouped : `${grouped}.${rest}`;
}

/**
 * The shortest digits that denote `size`, without an exponent.
 * @param {number} size not negative
 */
function digits(size) {
  const [mantissa, exponent] = String(size).split("e");
  if (exponent === undefined) return mantissa;
  const [whole, rest = ""] = mantissa.split(".");
  const point = whole.length + Number(exponent);
  const all = whole + rest;
  if (point <= 0) return `0.${"0".repeat(-point)}${all}`;
  if (point >= all.length) return all + "0".repeat(point - all.length);
  return `${all.slice(0, point)}.${all.slice(point)}`;
}

/** @param {number} size not negative @param {number} places */
function fixed(size, places) {
  return size < 1e21 ? size.toFixed(places) : digits(size) + (places > 0 ? `.${"0".repeat(places)}` : "");
}

/** @param {number} size not negative */
function bytes(size) {
  let step = 0;
  while (step < BYTES.length - 1 && Number(fixed(size, 1)) >= 1024) {
    size /= 1024;
    step += 1;
  }
  return `${thousands(fixed(size, 1).replace(/\.0$/, ""))} ${BYTES[step]}`;
}

/** @param {number} seconds not negative */
function duration(seconds) {
  const milliseconds = Math.round(seconds * 1000);
  if (milliseconds < 1000) return `${milliseconds}ms`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${whole % 60}s`;
  const minutes = Math.round(seconds / 60);
  return `${thousands(digits(Math.floor(minutes / 60)))}h ${minutes % 60}m`;
}

/** @param {number} size not negative @param {Unit} unit */
function sized(size, unit) {
  switch (unit) {
    case "percent":
      return `${fixed(size, 1)}%`;
    case "integer":
      return thousands(fixed(Math.round(size), 0));
    case "bytes":
      return bytes(size);
    case "duration":
      return duration(size);
    case "decimal":
      return thousands(fixed(size, 2));
    default:
      return thousands(digits(size));
  }
}

/**
 * A value in its unit: `83.4%`, `12,345`, `1.5 KB`, `1m 0s`, `3.14`.
 * @param {number} value finite
 * @param {Unit} unit
 */
export function formatValue(value, unit) {
  const text = sized(Math.abs(value), unit);
  return value < 0 && /[1-9]/.test(text) ? `-${text}` : text;
}

/**
 * A difference in its unit, with its sign.
 * @param {number} delta finite
 * @param {Unit} unit
 */
export function formatDelta(delta, unit) {
  return `${delta < 0 ? "-" : "+"}${sized(Math.abs(delta), unit)}`;
}

/**
 * The decimals that tell multiples of `step` apart, 0 to 12.
 * @param {number} step greater than 0
 */
function places(step) {
  for (let count = 0; count < 12; count += 1) {
    const scaled = step * 10 ** count;
    if (Math.abs(scaled - Math.round(scaled)) < 1e-6 * scaled) return count;
  }
  return 12;
}

/**
 * An axis label: the unit's form with the decimals that `step` needs, so that no two labels of an
 * axis read alike.
 * @param {number} value finite
 * @param {Unit} unit
 * @param {number} step the distance between labels, greater than 0
 */
export function formatTick(value, unit, step) {
  const size = Math.abs(value);
  const sign = value < 0 ? "-" : "";
  if (size === 0) return sized(0, unit).replace(/^0\.0+/, "0").replace("0ms", "0s");
  if ((size >= 1e15 || step < 1e-12) && unit !== "bytes") return `${sign}${size.toPrecision(4).replace(/\.?0*(e|$)/, "$1")}`;
  switch (unit) {
    case "percent":
      return `${sign}${fixed(size, places(step))}%`;
    case "bytes": {
      let power = 0;
      while (power < BYTES.length - 1 && size >= 1024 ** (power + 1)) power += 1;
      const scale = 1024 ** power;
      // Binary fractions are long in decimal: three digits are kept, more only to tell steps apart.
      const enough = Math.max(3, Math.ceil(1 - Math.log10(step / scale)));
      return `${sign}${thousands(fixed(size / scale, Math.min(places(step / scale), enough)))} ${BYTES[power]}`;
    }
    case "duration": {
      if (size < 1) return `${sign}${fixed(size * 1000, places(step * 1000))}ms`;
      const seconds = (/** @type {number} */ left) => `${fixed(left, places(step))}s`;
      if (size < 60) return sign + seconds(size);
      const whole = Math.floor(size / 60 + 1e-9);
      const rest = Math.max(0, size - whole * 60);
      if (size < 3600) return `${sign}${whole}m ${seconds(rest)}`;
      const hours = `${sign}${thousands(digits(Math.floor(whole / 60)))}h ${whole % 60}m`;
      return step < 60 ? `${hours} ${seconds(rest)}` : hours;
    }
    default:
      return sign + thousands(fixed(size, places(step)));
  }
}

/** @param {number} number @param {number} [width] */
function padded(number, width = 2) {
  return String(number).padStart(width, "0");
}

/** `2026-11-05`, UTC. @param {number} time milliseconds since 1970 */
export function formatDay(time) {
  const at = new Date(time);
  return `${padded(at.getUTCFullYear(), 4)}-${padded(at.getUTCMonth() + 1)}-${padded(at.getUTCDate())}`;
}

/** `2026-11-05 14:03`, UTC. @param {number} time milliseconds since 1970 */
export function formatMinute(time) {
  return `${formatDay(time)} ${formatClock(time)}`;
}

/** `14:03`, UTC. @param {number} time milliseconds since 1970 */
export function formatClock(time) {
  const at = new Date(time);
  return `${padded(at.getUTCHours())}:${padded(at.getUTCMinutes())}`;
}

/** `Nov`, UTC. @param {number} time milliseconds since 1970 */
export function formatMonth(time) {
  return MONTHS[new Date(time).getUTCMonth()];
}

/** `1 build`, `1,234 builds`. @param {number} number @param {string} noun */
export function formatCount(number, noun) {
  return `${sized(number, "integer")} ${noun}${number === 1 ? "" : "s"}`;
}
