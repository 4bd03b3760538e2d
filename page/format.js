// Numbers with their units and moments in time, as the engine writes them (src/text/number.rs):
// both are tested against tests/fixtures/units.json. Pure functions, no locale and no time zone; axis labels, which
// only the page has, follow the same rules with as many decimals as their step needs.

/** @typedef {"percent"|"integer"|"bytes"|"duration"|"decimal"|null} Unit */

const BYTES = ["B", "KB", "MB", "GB", "TB"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** From here on a double has no room for the decimals that a unit shows. */
const NO_FRACTIONS = 1e13;
/** From here on plain digits stop being readable. */
const EXPONENT = 1e21;

/** @param {string} digits a non-negative decimal number without exponent */
function thousands(digits) {
  const [whole, rest] = digits.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return rest === undefined ? grouped : `${grouped}.${rest}`;
}

/**
 * The shortest digits that denote `size`; an exponent is written without its `+`.
 * @param {number} size not negative
 */
function shortest(size) {
  const text = String(size);
  return text.includes("e") ? text.replace("+", "") : thousands(text);
}

/**
 * Exactly `places` decimals, rounded half up on the scaled double as the engine does; `toFixed`
 * rounds the exact binary value instead and would differ at ties.
 * @param {number} size not negative
 * @param {number} places
 */
function fixed(size, places) {
  if (size >= EXPONENT) return shortest(size);
  if (size >= NO_FRACTIONS) return thousands(size.toFixed(0)) + (places > 0 ? `.${"0".repeat(places)}` : "");
  const digits = String(Math.round(size * 10 ** places)).padStart(places + 1, "0");
  const point = digits.length - places;
  return thousands(places > 0 ? `${digits.slice(0, point)}.${digits.slice(point)}` : digits);
}

/** A decimal text without the zeros (and the point) that say nothing. @param {string} text */
function trimmed(text) {
  return text.includes(".") && !text.includes("e") ? text.replace(/\.?0+$/, "") : text;
}

/** @param {number} size not negative */
function bytes(size) {
  if (Math.round(size) < 1024) return `${fixed(size, 0)} B`;
  let power = 1;
  let scaled = size / 1024;
  while (power < BYTES.length - 1 && Math.round(scaled * 10) >= 10240) {
    scaled /= 1024;
    power += 1;
  }
  return `${trimmed(fixed(scaled, 1))} ${BYTES[power]}`;
}

/** The power of 1024 that bytes of this size are counted in on an axis. @param {number} size */
export function bytePower(size) {
  let power = 0;
  while (power < BYTES.length - 1 && size >= 1024 ** (power + 1)) power += 1;
  return power;
}

/** Units of less than a second, and how many of them it has; the greatest last. @type {[string, number][]} */
const PARTS = [
  ["ns", 1e9],
  ["µs", 1e6],
  ["ms", 1e3],
];

/** @param {number} seconds not negative */
function duration(seconds) {
  if (Math.round(seconds * 1000) < 1000) return partOfASecond(seconds);
  // Three significant digits below a minute.
  const text = fixed(seconds, seconds * 100 < 999.5 ? 2 : 1);
  if (seconds < 60 && !text.startsWith("60")) return `${trimmed(text)}s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${whole % 60}s`;
  const minutes = Math.round(seconds / 60);
  return `${fixed(Math.floor(minutes / 60), 0)}h ${fixed(minutes % 60, 0)}m`;
}

/** In the greatest unit of which there is at least one. @param {number} seconds not negative */
function partOfASecond(seconds) {
  for (const [name, count] of PARTS) {
    const size = seconds * count;
    const finer = [100, 10, 1].findIndex((least) => size >= least);
    const text = trimmed(fixed(size, name === "ms" && size >= 10 ? 0 : finer < 0 ? 3 : finer));
    if (text === "0") return "0ms";
    if (!text.includes(",")) return text + name;
  }
  return "1s";
}

/** @param {number} size not negative @param {Unit} unit */
function sized(size, unit) {
  switch (unit) {
    case "percent":
      return fixed(size, 1);
    case "integer":
      return fixed(size, 0);
    case "bytes":
      return bytes(size);
    case "duration":
      return duration(size);
    case "decimal":
      return fixed(size, 2);
    default:
      return shortest(size);
  }
}

/**
 * @param {number} value
 * @param {Unit} unit
 * @param {string} plus what is put before a positive one
 * @param {string} share what is put behind percent
 */
function signed(value, unit, plus, share) {
  if (!Number.isFinite(value)) return "n/a";
  const text = sized(Math.abs(value), unit);
  const suffix = unit === "percent" ? share : "";
  return (text === sized(0, unit) ? text : (value < 0 ? "-" : plus) + text) + suffix;
}

/**
 * A value in its unit: `83.4%`, `12,345`, `1.5 KB`, `1m 0s`, `3.14`. What rounds to zero has no sign.
 * @param {number} value
 * @param {Unit} unit
 */
export function formatValue(value, unit) {
  return signed(value, unit, "", "%");
}

/**
 * A value where there is room for few digits, as on cards: a number without a unit has at most five significant digits
 * beside those before its point, and from a million on counts `M`, `G` or `T`.
 * @param {number} value
 * @param {Unit} unit
 */
export function formatShort(value, unit) {
  if (unit !== null || !Number.isFinite(value)) return formatValue(value, unit);
  const exact = Math.abs(value);
  const size = fiveDigits(exact);
  let text = shortest(size);
  if (exact >= 1e5 && exact < 999_999.5) text = shortest(Math.round(exact));
  else if (size >= 1e15) text = size.toExponential().replace("+", "");
  else if (size >= 1e6) {
    const [letter, scale] = size < 1e9 ? ["M", 1e6] : size < 1e12 ? ["G", 1e9] : ["T", 1e12];
    text = shortest(fiveDigits(size / Number(scale))) + letter;
  }
  return value < 0 && text !== "0" ? `-${text}` : text;
}

/** @param {number} size */
const fiveDigits = (size) => Number(size.toPrecision(5));

/**
 * A difference in its unit, with its sign; one of percentages is in percentage points. Without a unit it is first rounded to twelve significant
 * digits: the difference of two short decimals rarely is one.
 * @param {number} delta
 * @param {Unit} unit
 */
export function formatDelta(delta, unit) {
  return signed(unit === null ? Number(delta.toPrecision(12)) : delta, unit, "+", " pp");
}

/** A difference in percent of what it started from, with its sign. @param {number} percent */
export function formatRelative(percent) {
  return signed(percent, "percent", "+", "%");
}

/** The most decimals that a change is written with; one that is smaller is written with all its digits. */
const MOST = { percent: 7, integer: 6, bytes: 6, duration: 9, decimal: 8 };

/**
 * A difference that its unit's own form shows as zero, with as many decimals as it takes to show that there is one, as
 * the engine's `format_change`.
 * @param {number} delta
 * @param {Unit} unit
 */
export function formatSmallDelta(delta, unit) {
  const [size, sign] = [Math.abs(delta), delta < 0 ? "-" : "+"];
  const word = unit === "percent" ? " pp" : unit === "bytes" ? " B" : "";
  const time = unit === "duration";
  for (let count = 0; count <= MOST[unit ?? "decimal"]; count += 1) {
    const text = fixed(time ? size * 1e9 : size, count);
    if (/[1-9]/.test(text)) return `${sign}${text}${time ? "ns" : word}`;
  }
  return `${sign}${shortest(size)}${time ? "s" : word}`;
}

/**
 * The decimals that show multiples of `step` as different numbers, 0 to 12.
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
 * @param {number} [most] the greatest size on the axis, whose multiple of bytes all its labels have
 */
export function formatTick(value, unit, step, most = Math.abs(value)) {
  const size = Math.abs(value);
  const sign = value < 0 ? "-" : "";
  if (size === 0 && unit === "bytes") return `0 ${BYTES[bytePower(most)]}`;
  if (size === 0)
    return formatValue(0, unit)
      .replace(/^0\.0+/, "0")
      .replace("0ms", "0s");
  const short = (/** @type {number} */ number) =>
    sign +
    number
      .toPrecision(4)
      .replace(/\.?0*(e|$)/, "$1")
      .replace("e+", "e");
  if (most >= 1e27 && unit === "bytes") return `${short(size / 1024 ** 4)} TB`;
  if ((size >= 1e15 || step < 1e-12) && unit !== "bytes")
    return short(size) + (unit === "percent" ? "%" : "");
  switch (unit) {
    case "percent":
      return `${sign}${fixed(size, places(step))}%`;
    case "bytes": {
      const power = bytePower(most);
      const scale = 1024 ** power;
      // Binary fractions are long in decimal: three digits are kept, more only where steps would look the same.
      const enough = Math.max(3, Math.ceil(1 - Math.log10(step / scale)));
      return `${sign}${fixed(size / scale, Math.min(places(step / scale), enough))} ${BYTES[power]}`;
    }
    case "duration": {
      if (size < 1) {
        const [name, count] = PARTS.find(([, count]) => most * count < 1000) ?? PARTS[2];
        return `${sign}${fixed(size * count, places(step * count))}${name}`;
      }
      const seconds = (/** @type {number} */ left) => `${fixed(left, places(step))}s`;
      if (size < 60) return sign + seconds(size);
      const whole = Math.floor(size / 60 + 1e-9);
      const rest = Math.max(0, size - whole * 60);
      if (size < 3600) return `${sign}${whole}m ${seconds(rest)}`;
      const hours = `${sign}${fixed(Math.floor(whole / 60), 0)}h ${whole % 60}m`;
      return step < 60 ? `${hours} ${seconds(rest)}` : hours;
    }
    default: {
      const [letter, scale] = most < 1e9 ? ["M", 1e6] : most < 1e12 ? ["G", 1e9] : ["T", 1e12];
      const decimals = places(step / Number(scale));
      if (unit !== null || most < 1e6 || decimals > 4) return sign + fixed(size, places(step));
      return sign + fixed(size / Number(scale), decimals) + letter;
    }
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
