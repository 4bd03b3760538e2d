// Histories as they are recorded, and their reports as the shipped engine renders them: what the
// browser tests open. Nothing here knows what a report looks like.

import { openHistory } from "../../js/engine/engine.js";
import { sampleBuilds, sampleConfig } from "../../tools/sample-history.js";

/** @typedef {import("../../js/engine/types.js").ReportFacts} Facts */
/**
 * @typedef {object} Recorded
 * @property {import("../../js/engine/types.js").BuildContext} context
 * @property {import("../../js/engine/types.js").RecordedMetric[]} metrics
 */

/** @type {Facts} */
const FACTS = {
  title: "aurora/web-client",
  repositoryUrl: "https://github.com/aurora/web-client",
  generatedAt: "2026-11-18T16:24:00Z",
  version: "1.0.0",
  defaultBranch: "main",
};

/**
 * Records the builds and renders their report.
 * @param {Iterable<Recorded>} builds
 * @param {string|null} config
 * @param {Partial<Facts> & {sample?: boolean}} [facts]
 */
export function report(builds, config, facts = {}) {
  const history = openHistory(null);
  try {
    for (const { context, metrics } of builds) history.record(context, metrics);
    return history.report(config, { ...FACTS, ...facts });
  } finally {
    history.free();
  }
}

/** @type {Map<string, string>} */
const rendered = new Map();

/**
 * The report of the sample project.
 * @param {{builds?: number, metrics?: number, sections?: boolean}} [options]
 */
export function sample({ builds = 400, metrics = 10, sections = true } = {}) {
  const key = `${builds} ${metrics} ${sections}`;
  const html =
    rendered.get(key) ?? report(sampleBuilds({ builds, metrics }), sampleConfig({ metrics, sections }));
  rendered.set(key, html);
  return html;
}

/**
 * A build on `main` unless said otherwise, an hour after the one before.
 * @param {number} index
 * @param {Record<string, number|string|null>} values by metric
 * @param {Partial<import("../../js/engine/types.js").BuildContext>} [context]
 * @returns {Recorded}
 */
export function build(index, values, context = {}) {
  return {
    context: {
      commitSha: (index + 1).toString(16).padStart(40, "0"),
      branch: "main",
      runId: String(9_000_000 + index),
      runNumber: index + 1,
      eventName: "push",
      timestamp: new Date(Date.UTC(2026, 0, 1, index)).toISOString(),
      ...context,
    },
    metrics: Object.entries(values).flatMap(([id, value]) =>
      value === null
        ? []
        : [{ metric: { id, type: typeof value === "string" ? "label" : "numeric" }, value }],
    ),
  };
}

/** Text that runs, breaks the layout or misleads wherever it is not taken for text alone. @param {string} place */
export const hostileText = (place) =>
  `</script></title></style><script>window.hit='${place}'</script><img src=x onerror="window.hit='${place}'">` +
  `"'\`&amp;<!--]]>\${window.hit='${place}'}{{${place}}}\u2028\u202e\u2067\ud83e\udd21\u0301${place}`;

const LONG = "W".repeat(256);

/**
 * A history and a configuration of nothing but hostile text, as far as each may be long.
 * @param {(place: string) => string} text
 */
function hostileReport(text) {
  const cut = (/** @type {string} */ place) => [...text(place)].slice(0, 256).join("");
  const ids = ["coverage", "size", "state", "other"];
  const builds = Array.from({ length: 40 }, (_, index) =>
    build(
      index,
      {
        coverage: 80 + (index % 7),
        size: index % 3 ? 1e6 + index : null,
        state: cut(`label${index % 5}`),
        other: "ok",
      },
      {
        branch: index % 4 ? text("branch") : text("other branch"),
        commitSha: index % 2 ? text(`commit${index}`).slice(-128) : `javascript:window.hit='commit${index}'`,
        runId: text(`run${index}`).slice(-128),
        eventName: index % 9 === 4 ? text("event").slice(-128) : "push",
      },
    ),
  );
  const metric = (/** @type {string} */ id, /** @type {string} */ type) => ({
    name: cut(`name ${id}`),
    description: cut(`description ${id}`),
    type,
    command: "true",
  });
  const config = {
    metrics: Object.fromEntries(ids.map((id, index) => [id, metric(id, index < 2 ? "numeric" : "label")])),
    report: {
      sections: [
        {
          name: cut("section"),
          description: cut("about"),
          charts: [
            { metrics: ["coverage", "size"], title: cut("chart") },
            { metrics: ["size", "state"] },
            { metrics: ["state", "other"] },
          ],
        },
      ],
    },
  };
  return report(builds, JSON.stringify(config), {
    title: text("title"),
    version: text("version"),
    generatedAt: text("generated"),
    repositoryUrl: "javascript:window.hit='repository'//",
    defaultBranch: text("branch"),
  });
}

/** @type {Record<string, () => string>} */
export const REPORTS = {
  "the sample": () => sample(),
  "the sample without sections": () => sample({ sections: false }),
  "hostile text": () => hostileReport(hostileText),
  "long words": () => hostileReport((place) => LONG.slice(place.length) + place),
  "right-to-left text": () =>
    hostileReport((place) => `\u202e\u05e9\u05dc\u05d5\u05dd ${place} \u0645\u0631\u062d\u0628\u0627\u202c`),
  "extreme values": () =>
    report(
      [Number.MAX_VALUE, -Number.MAX_VALUE, 1e-300, 0, 2 ** 53, -1].map((value, index) =>
        build(index, {
          any: value,
          bytes: Math.abs(value),
          time: Math.abs(value),
          one: index === 3 ? value : null,
        }),
      ),
      JSON.stringify({
        metrics: {
          any: { type: "numeric", command: "true" },
          bytes: { type: "numeric", command: "true", unit: "bytes" },
          time: { type: "numeric", command: "true", unit: "duration" },
          one: { type: "numeric", command: "true", unit: "percent" },
        },
      }),
    ),
  "one build": () => sample({ builds: 1 }),
  "no build": () => report([], sampleConfig()),
  "no build of a branch": () =>
    report([build(0, { coverage: 1 }, { eventName: "pull_request" })], sampleConfig({ metrics: 2 })),
  "sample data": () => report(sampleBuilds({ builds: 30 }), sampleConfig(), { sample: true }),
  "no configuration": () => report(sampleBuilds({ builds: 60 }), null),
};
