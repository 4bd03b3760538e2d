// A made-up project and its history, the same at every run: what the screenshots and the browser
// tests show. It holds what real histories hold: two branches, builds of pull requests, working
// hours, slow drifts, a level shift, an outage, a metric that only the nightly build measures.

const DAY = 86_400_000;

/** The newest build: 2026-11-18 16:20 UTC. */
const NEWEST = Date.UTC(2026, 10, 18, 16, 20);
const SPAN = 425 * DAY;

/**
 * A linear congruential sequence (Knuth's MMIX constants) from 0 to 1.
 * @param {bigint} seed
 */
function sequence(seed) {
  let state = seed;
  return () => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffff_ffff_ffff_ffffn;
    return Number(state >> 11n) / 2 ** 53;
  };
}

/**
 * @typedef {object} Kind
 * @property {string} name
 * @property {"numeric" | "label"} [type]
 * @property {import("../js/engine/types.js").Unit} [unit]
 * @property {string} [description]
 * @property {(at: Moment) => number | string | null} value null where a build does not measure it
 */
/**
 * @typedef {object} Moment
 * @property {number} part of the whole span, 0 to 1
 * @property {number} index of the build
 * @property {boolean} main whether it is the main branch
 * @property {(size: number) => number} noise about zero, wandering
 */

const round = (/** @type {number} */ value, /** @type {number} */ places) => Number(value.toFixed(places));
/** From 0 to 1 around `at`. @param {number} part @param {number} at @param {number} width */
const rise = (part, at, width) => 1 / (1 + Math.exp(-(part - at) / width));

/** @type {Record<string, Kind>} */
const KINDS = {
  coverage: {
    name: "Line coverage",
    unit: "percent",
    description: "Lines that at least one test runs",
    value: ({ part, main, noise }) =>
      round(74.6 + 9.4 * part + 3 * rise(part, 0.7, 0.02) + noise(0.35) - (main ? 0 : 1.4), 2),
  },
  bundle: {
    name: "Bundle",
    unit: "bytes",
    description: "JavaScript that a first visit downloads",
    value: ({ part, noise }) =>
      Math.round(1_312_000 + 410_000 * part - 365_000 * rise(part, 0.62, 0.001) + noise(3_500)),
  },
  "test-time": {
    name: "Test suite",
    unit: "duration",
    description: "Wall time on one runner",
    value: ({ part, noise }) =>
      part > 0.31 && part < 0.36 ? null : round(141 + 96 * part - 58 * rise(part, 0.78, 0.004) + noise(6), 1),
  },
  "typescript-lines": {
    name: "TypeScript",
    unit: "integer",
    description: "Code lines without comments and blanks",
    value: ({ part, noise }) =>
      Math.round(31_200 + 17_900 * part + 2_600 * rise(part, 0.4, 0.02) + noise(45)),
  },
  node: {
    name: "Node",
    type: "label",
    description: "The release that the tests ran on",
    value: ({ part, index }) =>
      part < 0.34
        ? "20.18 LTS"
        : part < 0.4
          ? ["20.18 LTS", "22.11 LTS"][index % 2]
          : part < 0.81
            ? "22.11 LTS"
            : "24.2",
  },
  "branch-coverage": {
    name: "Branch coverage",
    unit: "percent",
    description: "Branches that at least one test takes",
    value: ({ part, main, noise }) =>
      round(61.8 + 12.1 * part + 2.2 * rise(part, 0.7, 0.02) + noise(0.5) - (main ? 0 : 1.1), 2),
  },
  "bundle-gzip": {
    name: "Bundle, gzipped",
    unit: "bytes",
    description: "The same as the network carries it",
    value: ({ part, noise }) =>
      Math.round(401_000 + 118_000 * part - 104_000 * rise(part, 0.62, 0.001) + noise(1_100)),
  },
  "build-time": {
    name: "Production build",
    unit: "duration",
    description: "Wall time on one runner",
    value: ({ part, noise }) => round(52 + 31 * part - 22 * rise(part, 0.81, 0.001) + noise(2.2), 1),
  },
  startup: {
    name: "Cold start",
    unit: "duration",
    description: "Until the first interaction, measured nightly",
    value: ({ part, index, noise }) =>
      index % 5 === 2 ? round(0.812 - 0.22 * part + 0.18 * rise(part, 0.5, 0.01) + noise(0.012), 4) : null,
  },
  "license-audit": {
    name: "Licence audit",
    type: "label",
    description: "Verdict on the dependencies' licences",
    value: ({ part }) =>
      (part > 0.18 && part < 0.22) || (part > 0.66 && part < 0.69) ? "review needed" : "clean",
  },
};

/** The names of all metrics, in the order in which fewer are taken. */
export const METRICS = Object.keys(KINDS);

/**
 * The project's `unentropy.json`.
 * @param {{metrics?: number, sections?: boolean, report?: Record<string, unknown>}} [options]
 */
export function sampleConfig({ metrics = METRICS.length, sections = true, report = {} } = {}) {
  const chosen = METRICS.slice(0, metrics);
  const definition = (/** @type {Kind} */ { name, type = "numeric", unit, description }) => ({
    name,
    type,
    ...(unit ? { unit } : {}),
    description,
    command: "true",
  });
  return JSON.stringify({
    metrics: Object.fromEntries(chosen.map((id) => [id, definition(KINDS[id])])),
    ...(chosen.includes("bundle-gzip") && sections
      ? {
          qualityGate: {
            thresholds: [
              { metric: "coverage", mode: "min", target: 80 },
              { metric: "test-time", mode: "max", target: 240 },
            ],
          },
        }
      : {}),
    report: { ...(sections && metrics >= METRICS.length ? { sections: SECTIONS } : {}), ...report },
  });
}

const SECTIONS = [
  {
    name: "Quality",
    description: "What the tests reach, and how much there is to reach.",
    charts: [
      { metrics: ["coverage", "branch-coverage"], title: "Coverage" },
      { metrics: ["typescript-lines"], title: "Code" },
    ],
  },
  {
    name: "Weight",
    description: "What visitors wait for.",
    charts: [
      { metrics: ["bundle", "bundle-gzip"], title: "Download" },
      { metrics: ["startup", "node"], title: "Cold start and runtime" },
    ],
  },
  {
    name: "Pace",
    description: "What contributors wait for.",
    charts: [
      { metrics: ["test-time", "build-time"], title: "Time in CI" },
      { metrics: ["node", "license-audit"], title: "Environment" },
    ],
  },
];

/**
 * The builds, oldest first, as a history records them. One in four is on `develop`, and every
 * twelfth is a pull request's.
 * @param {{builds?: number, metrics?: number}} [options]
 */
export function* sampleBuilds({ builds = 400, metrics = METRICS.length } = {}) {
  const random = sequence(7n);
  const chosen = METRICS.slice(0, metrics);
  const walks = chosen.map(() => 0);
  for (let index = 0; index < builds; index += 1) {
    const part = builds > 1 ? index / (builds - 1) : 1;
    const pull = index % 12 === 5;
    const main = builds === 1 || index === builds - 1 || random() > 0.25;
    const values = chosen.map((id, place) => {
      walks[place] = walks[place] * 0.9 + (random() - 0.5);
      const walk = walks[place];
      const value = KINDS[id].value({ part, index, main, noise: (size) => walk * size });
      return random() < 0.02 && index < builds - 1 ? null : value;
    });
    const type = (/** @type {string} */ id) => KINDS[id].type ?? "numeric";
    yield {
      context: {
        commitSha: Array.from({ length: 5 }, () => hex(random())).join(""),
        branch: pull ? `feature-${index}` : main ? "main" : "develop",
        runId: String(9_400_000_000 + index * 41_003 + Math.floor(random() * 30_000)),
        runNumber: index + 1,
        eventName: pull ? "pull_request" : index % 5 === 2 ? "schedule" : "push",
        timestamp: new Date(timeOf(part, index, builds, random)).toISOString(),
      },
      metrics: chosen.flatMap((id, place) => {
        const value = values[place];
        return value === null
          ? []
          : [{ metric: { id, type: type(id), unit: KINDS[id].unit ?? null }, value }];
      }),
    };
  }
}

/** Eight hexadecimal digits. @param {number} number 0 to 1 */
const hex = (number) =>
  Math.floor(number * 2 ** 32)
    .toString(16)
    .padStart(8, "0");

/** Within working hours where there is room to choose. @param {number} part @param {number} index @param {number} builds @param {() => number} random */
function timeOf(part, index, builds, random) {
  const even = NEWEST - SPAN * (1 - part);
  if (builds > 1000 || index === builds - 1) return Math.round(even / 1000) * 1000;
  const day = Math.floor(even / DAY);
  const within = even - day * DAY;
  return day * DAY + Math.round((7 + (within / DAY) * 11 + random() * 0.2) * 3600) * 1000;
}
