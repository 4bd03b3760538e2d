// The gate's verdicts as data (tests/fixtures/gate), played through the engine that is shipped.

import fs from "node:fs";
import path from "node:path";
import { openChange, openHistory } from "../../../js/engine/engine.js";
import { ROOT } from "./project.js";

const FOLDER = path.join(ROOT, "tests/fixtures/gate");

/** All vectors with the name of their file. @returns {{file: string, vectors: any[]}[]} */
export function vectorFiles() {
  const names = fs.readdirSync(FOLDER).filter((name) => name.endsWith(".json"));
  return names.map((file) => ({
    file,
    vectors: JSON.parse(fs.readFileSync(path.join(FOLDER, file), "utf8")),
  }));
}

/** Every metric is a number that some command prints, unless the vector says otherwise. @param {any} config */
function configText(config) {
  if (typeof config === "string") return config;
  const metrics = Object.entries(config.metrics).map(([id, metric]) => [
    id,
    { type: "numeric", command: "true", ...metric },
  ]);
  return JSON.stringify({ ...config, metrics: Object.fromEntries(metrics) });
}

/** @param {string} id @param {any} measured a value, or why there is none */
function measurement(id, measured) {
  if (typeof measured !== "object") return { id, status: /** @type {const} */ ("ok"), value: measured };
  const error = measured.failed === null ? null : { message: measured.failed };
  return { id, status: /** @type {const} */ ("failed"), value: null, error };
}

/** The builds of a vector; a series is a build a minute. @param {any} vector */
function builds({ builds = [], series = {} }) {
  /** @type {any[]} */
  const all = [...builds];
  for (const [id, values] of Object.entries(series)) {
    for (const [minute, value] of /** @type {number[]} */ (values).entries()) {
      const time = `2026-01-20T00:${String(minute).padStart(2, "0")}:00Z`;
      all.push({ commit: `s${minute}`, time, values: { [id]: value } });
    }
  }
  return all;
}

/** What the engine makes of a vector. @param {any} vector @returns {import("../../../js/engine/types.js").GateOutcome} */
export function judged(vector) {
  const history = openHistory(null);
  try {
    for (const [number, { commit, time, branch = "main", event = "push", values }] of builds(
      vector,
    ).entries()) {
      history.record(
        {
          commitSha: commit,
          branch,
          runId: String(number),
          runNumber: number,
          eventName: event,
          timestamp: time,
        },
        Object.entries(values).map(([id, value]) => ({
          metric: { id, type: "numeric", unit: null, description: null },
          value: /** @type {number} */ (value),
        })),
      );
    }
    const measurements = Object.entries(vector.measured).map(([id, value]) => measurement(id, value));
    const { mode, baseConfigProblem, ...known } = vector.facts ?? {};
    const facts = { now: "2026-01-31T00:00:00Z", defaultReferenceBranch: "main", ...known };
    const baseConfigText = vector.base === undefined ? null : configText(vector.base);
    const change = openChange(configText(vector.config), { baseConfigText, baseConfigProblem, mode });
    try {
      return history.gate(change, measurements, facts);
    } finally {
      change.free();
    }
  } finally {
    history.free();
  }
}

/**
 * What a part of an outcome should be, cut down to what the vector speaks of: lists in full, objects by the keys
 * that are named.
 * @param {any} actual
 * @param {any} expected
 * @returns {any}
 */
export function spokenOf(actual, expected) {
  if (Array.isArray(expected) && Array.isArray(actual)) {
    return actual.map((item, index) => (index < expected.length ? spokenOf(item, expected[index]) : item));
  }
  if (expected !== null && typeof expected === "object" && actual !== null && typeof actual === "object") {
    return Object.fromEntries(
      Object.keys(expected).map((key) => [key, spokenOf(actual[key], expected[key])]),
    );
  }
  return actual;
}
