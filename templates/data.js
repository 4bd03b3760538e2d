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
 * `divisor`. Codes reach 2^53, beyond what bit operators hold, hence the arithmetic.
 * @param {string} text
 * @param {number} divisor
 * @returns {(number|null)[]}
 */
export function unpack(text, divisor = 1) {
  const out = [];
  let last = 0;
  let code = 0;
  let weight = 1;
  for (let at = 0; at < text.length; at += 1) {
    const digit = DIGITS[text.charCodeAt(at)];
    if (digit >= 32) {
      code += (digit - 32) * weight;
      weight *= 32;
      continue;
    }
    code += digit * weight;
    if (code === 0) {
      out.push(null);
    } else {
      const zigzag = code - 1;
      last += zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
      out.push(last / divisor);
    }
    code = 0;
    weight = 1;
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
  const tick = raw.builds.tick;
  const runs = once(() => unpack(raw.builds.run.s));
  const otherRuns = new Map(raw.builds.run.other);
  return {
    branches: raw.branches,
    builds: {
      count: raw.builds.count,
      time: unpack(raw.builds.time).map((t) => (t ?? 0) * tick),
      branch: unpack(raw.builds.branch).map((b) => b ?? 0),
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
