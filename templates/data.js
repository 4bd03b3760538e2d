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
 * @property {number[]} time milliseconds since 1970, ascending
 * @property {number[]} branch indexes into the branches
 * @property {(build: number) => string} commit
 * @property {(build: number) => string} run
 * @property {() => (number|null)[]} number
 */
/**
 * @typedef {object} Report
 * @property {[string, number][]} branches names and numbers of builds
 * @property {Builds} builds
 * @property {Metric[]} metrics
 * @property {{metrics: number[], title: string}[]} charts
 * @property {{metric: number, value: number, label: string}[]} thresholds
 * @property {string|null} repository
 */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const DIGITS = new Uint8Array(128);
for (let index = 0; index < 64; index += 1) DIGITS[ALPHABET.charCodeAt(index)] = index;

/**
 * The entries of a packed sequence (its spelling stands in src/report/pack.rs), each divided by
 * `divisor` or multiplied with `factor`. Codes reach 2^53, beyond what bit operators hold, hence the arithmetic where there are several
 * digits.
 * @param {string} text
 * @param {number} divisor
 * @param {number} factor
 * @returns {(number|null)[]}
 */
export function unpack(text, divisor = 1, factor = 1) {
  const out = [];
  let last = 0;
  let at = 0;
  while (at < text.length) {
    let digit = DIGITS[text.charCodeAt(at)];
    at += 1;
    if (digit === 0) {
      out.push(null);
      continue;
    }
    let code = digit & 31;
    for (let weight = 32; digit >= 32; weight *= 32) {
      digit = DIGITS[text.charCodeAt(at)];
      at += 1;
      code += (digit & 31) * weight;
    }
    // Zigzag, moved by one: odd codes stand for what is not negative.
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
 * @param {{s: string, other: [number, string][]}} mixed
 * @returns {(build: number) => string}
 */
function commits(mixed) {
  const places = mixed.other.map((entry) => entry[0]);
  return (build) => {
    let low = 0;
    let high = places.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (places[middle] < build) low = middle + 1;
      else high = middle;
    }
    if (places[low] === build) return mixed.other[low][1];
    const text = mixed.s.slice((build - low) * 27, (build - low + 1) * 27);
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
 * @param {string} text the JSON in the page
 * @returns {Report}
 */
export function readReport(text) {
  const raw = JSON.parse(text);
  const runs = once(() => unpack(raw.builds.run.s));
  const otherRuns = new Map(raw.builds.run.other);
  return {
    branches: raw.branches,
    builds: {
      count: raw.builds.count,
      time: /** @type {number[]} */ (unpack(raw.builds.time, 1, raw.builds.tick)),
      branch:
        raw.branches.length > 1
          ? /** @type {number[]} */ (unpack(raw.builds.branch))
          : new Array(raw.builds.count).fill(0),
      commit: commits(raw.builds.commit),
      run: (build) => otherRuns.get(build) ?? String(runs()[build]),
      number: once(() => unpack(raw.builds.number)),
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
        vast: typeof metric.numeric === "string",
        turns: (metric.turns ?? []).map((/** @type {[number, string, string]} */ [build, before, after]) => ({
          build,
          before: Number(before),
          after: Number(after),
        })),
        values: once(() => {
          if (kind === "missing") return [];
          if (kind === "label") return unpack(metric.label.values);
          return typeof metric.numeric === "string"
            ? metric.numeric
                .split(",")
                .map((/** @type {string} */ number) => (number === "" ? null : Number(number)))
            : unpack(metric.numeric.s, 10 ** metric.numeric.d);
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
