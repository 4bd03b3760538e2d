// Reads the page's data, which src/report/pack.rs and src/report/data.rs write. Columns are
// unpacked when first asked for, since most charts of a long page are never scrolled to.

/** @typedef {import("./format.js").Unit} Unit */
/**
 * @typedef {object} Metric
 * @property {string} id
 * @property {string} name
 * @property {Unit} unit
 * @property {"higher-is-better"|"lower-is-better"|"none"} direction
 * @property {"numeric"|"label"|"missing"} kind
 * @property {string[]} labels the words that a label metric's values index
 * @property {() => (number|null)[]} values one per build
 * @property {boolean} vast whether values may be greater than a packed column can hold
 * @property {Turn[]} turns branch after branch, each by build
 */
/**
 * A likely shift of level, as src/report/shift.rs finds them.
 * @typedef {object} Turn
 * @property {number} build the first on the new level
 * @property {number} before the level before it
 * @property {number} after the level from it on
 */
/**
 * @typedef {object} Builds
 * @property {number} count
 * @property {number[]} time milliseconds since 1970, ascending within a branch
 * @property {(build: number) => string} commit
 * @property {(build: number) => string} run
 * @property {() => (number|null)[]} number
 */
/**
 * @typedef {object} Report
 * @property {[string, number][]} branches names and numbers of builds; the builds are sorted by branch
 * @property {Builds} builds
 * @property {Metric[]} metrics
 * @property {{metrics: number[], title: string}[]} charts
 * @property {{metric: number, value: number, label: string}[]} thresholds
 * @property {string|null} repository
 */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const DIGITS = new Uint8Array(128);
for (let index = 0; index < 64; index += 1) DIGITS[ALPHABET.charCodeAt(index)] = index;

/** Columns are first read before any of this is compiled: bytes cost less than characters then. */
const ENCODER = new TextEncoder();

/**
 * The entries of a packed sequence (its spelling is in src/report/pack.rs), each divided by
 * `divisor` or multiplied with `factor`. Codes reach 2^53, beyond what bit operators hold, hence the
 * arithmetic where there are several digits.
 * @param {string} text
 * @param {number} divisor
 * @param {number} factor
 * @returns {(number|null)[]}
 */
export function unpack(text, divisor = 1, factor = 1) {
  const out = [];
  const digits = ENCODER.encode(text);
  let last = 0;
  let at = 0;
  while (at < digits.length) {
    let digit = DIGITS[digits[at]];
    at += 1;
    if (digit === 0) {
      out.push(null);
      continue;
    }
    let code = digit & 31;
    for (let weight = 32; digit >= 32; weight *= 32) {
      digit = DIGITS[digits[at]];
      at += 1;
      code += (digit & 31) * weight;
    }
    // Zigzag, moved by one: odd codes are for what is not negative.
    last += code % 2 === 1 ? (code - 1) / 2 : -code / 2;
    out.push((last * factor) / divisor);
  }
  return out;
}

/** @template T @param {() => T} make @returns {() => T} */
function once(make) {
  /** @type {{value: T}|undefined} */
  let made;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/**
 * Commits are stored back to back; exceptions take no room, so those before a build shift it.
 * @param {string} packed
 * @param {[number, string][]} other the exceptions by build
 * @returns {(build: number) => string}
 */
function commits(packed, other) {
  const places = other.map((entry) => entry[0]);
  return (build) => {
    let low = 0;
    let high = places.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (places[middle] < build) low = middle + 1;
      else high = middle;
    }
    if (places[low] === build) return other[low][1];
    const text = packed.slice((build - low) * 27, (build - low + 1) * 27);
    let bits = 0;
    let held = 0;
    let hex = "";
    for (let at = 0; at < text.length; at += 1) {
      held = ((held << 6) | DIGITS[text.charCodeAt(at)]) & 0xfff;
      bits += 6;
      while (bits >= 4 && hex.length < 40) {
        bits -= 4;
        hex += ((held >> bits) & 15).toString(16);
      }
    }
    return hex;
  };
}

/**
 * @param {string} text a line of JSON, and a line for each column that it names by number
 * @returns {Report}
 */
export function readReport(text) {
  const [json, ...columns] = text.split("\n");
  const raw = JSON.parse(json);
  const runs = once(() => unpack(columns[raw.builds.run.s]));
  const otherRuns = new Map(raw.builds.run.other);
  return {
    branches: raw.branches,
    builds: {
      count: raw.builds.count,
      time: /** @type {number[]} */ (unpack(columns[raw.builds.time], 1, raw.builds.tick)),
      commit: commits(columns[raw.builds.commit.s], raw.builds.commit.other),
      run: (build) => otherRuns.get(build) ?? String(runs()[build]),
      number: once(() => unpack(columns[raw.builds.number])),
    },
    metrics: raw.metrics.map((/** @type {any} */ metric) => {
      const kind = metric.numeric ? "numeric" : metric.label ? "label" : "missing";
      return {
        id: metric.id,
        name: metric.name,
        unit: metric.unit,
        direction: metric.direction,
        kind,
        labels: metric.label?.labels ?? [],
        vast: metric.numeric !== undefined && metric.numeric.d === undefined,
        turns: (metric.turns ?? []).map((/** @type {[number, string, string]} */ [build, before, after]) => ({
          build,
          before: Number(before),
          after: Number(after),
        })),
        values: once(() => {
          if (kind === "missing") return [];
          if (kind === "label") return unpack(columns[metric.label.values]);
          const { s, d } = metric.numeric;
          return d === undefined
            ? columns[s].split(",").map((number) => (number === "" ? null : Number(number)))
            : unpack(columns[s], 10 ** d);
        }),
      };
    }),
    charts: raw.charts,
    thresholds: raw.thresholds.map((/** @type {any} */ line) => ({ ...line, value: Number(line.value) })),
    repository: raw.repository,
  };
}

/**
 * Where a build's commit can be looked up, or null.
 * @param {Report} report @param {string} commit
 */
export function commitAddress(report, commit) {
  return report.repository && /^[0-9a-fA-F]{7,64}$/.test(commit)
    ? `${report.repository}/commit/${commit}`
    : null;
}

/**
 * Where a build's run can be looked up, or null.
 * @param {Report} report @param {string} run
 */
export function runAddress(report, run) {
  return report.repository && /^[0-9]{1,20}$/.test(run) ? `${report.repository}/actions/runs/${run}` : null;
}

/** A commit as it is shown: seven digits of a hash, anything else whole. @param {string} commit */
export function shortCommit(commit) {
  return /^[0-9a-fA-F]{7,64}$/.test(commit) ? commit.slice(0, 7) : commit;
}
