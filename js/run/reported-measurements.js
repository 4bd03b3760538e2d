// Measurements that another run has made and that cannot be trusted: a fork's pull request measured itself and left a
// file. Only numbers, plain labels and the names of known metrics get through; whether they are true, nobody knows.

import path from "node:path";
import { parseOutput } from "../engine/engine.js";
import { Failure } from "../failure.js";
import { readText } from "../files/read.js";

/** @import { MetricOutcome } from "../collect/types.js" */
/** @import { MetricConfig } from "../engine/types.js" */

/** The largest file of claims, in bytes: results of 50 metrics with long configurations stay far below it. */
const LIMIT = 1024 * 1024;
/** As many as a configuration may have. */
const MOST = 50;

/**
 * What a results file claims to have measured: its member `measurements`. Everything else in it is ignored.
 * @param {string} file as the user gave it, relative to `cwd`
 * @param {string} cwd
 * @param {readonly MetricConfig[]} metrics those that the trusted configuration has
 * @returns {{outcomes: MetricOutcome[], unknown: number}} one outcome for each metric that is claimed or has failed;
 *   `unknown` is how many others there are
 * @throws {Failure} CLAIMS_INVALID
 */
export function readClaims(file, cwd, metrics) {
  const claims = parsed(file, cwd);
  const seen = new Set();
  /** @type {MetricOutcome[]} */
  const outcomes = [];
  let unknown = 0;
  for (const [place, claim] of claims.entries()) {
    const where = `\`measurements[${place}]\``;
    if (typeof claim !== "object" || claim === null || Array.isArray(claim))
      throw invalid(file, `${where} is no object`);
    const { metric: id, status, value, ...rest } = claim;
    if (typeof id !== "string" || !/^[a-z0-9-]{1,64}$/.test(id))
      throw invalid(file, `${where} names no metric`);
    if (seen.has(id)) throw invalid(file, `${where} repeats a metric`);
    seen.add(id);
    if (Object.keys(rest).length > 0) throw invalid(file, `${where} has members that are not known`);
    if (status !== "ok" && status !== "failed")
      throw invalid(file, `${where} has no status \`ok\` or \`failed\``);
    if ((status === "failed") !== (value === undefined)) {
      throw invalid(file, `${where} has a value where there is none to have, or none where there is one`);
    }
    const metric = metrics.find((known) => known.id === id);
    if (metric) outcomes.push(status === "ok" ? measured(metric, value, file, where) : failed(metric));
    else unknown += 1;
  }
  return { outcomes, unknown };
}

/**
 * @param {string} file
 * @param {string} cwd
 * @returns {any[]}
 */
function parsed(file, cwd) {
  /** @type {any} */
  let document;
  try {
    document = JSON.parse(readText(path.resolve(cwd, file), { limit: LIMIT, type: "validation" }));
  } catch (thrown) {
    // What the parser says would quote the file.
    const why = thrown instanceof SyntaxError ? "it is not JSON" : Failure.from(thrown).message;
    throw invalid(file, why, thrown);
  }
  const claims = document?.measurements;
  if (!Array.isArray(claims)) throw invalid(file, "it has no list `measurements`");
  if (claims.length > MOST)
    throw invalid(file, `it has ${claims.length} measurements, at most ${MOST} are read`);
  return claims;
}

/**
 * @param {MetricConfig} metric
 * @param {unknown} value
 * @param {string} file
 * @param {string} where
 * @returns {MetricOutcome}
 */
function measured(metric, value, file, where) {
  const expected = metric.type === "numeric" ? "number" : "string";
  if (typeof value !== expected || (typeof value === "number" && !Number.isFinite(value))) {
    throw invalid(
      file,
      `${where} is no ${metric.type === "numeric" ? "finite number" : "label"}, as \`${metric.id}\` is`,
    );
  }
  // Invisible characters can turn what is shown around.
  if (typeof value === "string" && /\p{C}/u.test(value)) {
    throw invalid(file, `${where} has characters that cannot be seen`);
  }
  try {
    return { ...outcomeOf(metric), status: "ok", value: parseOutput(String(value), metric.type) };
  } catch (thrown) {
    throw invalid(file, `${where} is no value that \`${metric.id}\` can have`, thrown);
  }
}

/** @param {MetricConfig} metric @returns {MetricOutcome} */
function failed(metric) {
  return {
    ...outcomeOf(metric),
    status: "failed",
    value: null,
    error: new Failure("the run of the pull request could not measure it", {
      type: "collection",
      code: "CLAIM_FAILED",
      hint: "That run's log says why.",
    }),
  };
}

/** @param {MetricConfig} metric */
const outcomeOf = ({ id, name, type, unit }) => ({ id, name, type, unit: unit ?? null, durationMs: 0 });

/**
 * The measurements as the results file has them, for {@link readClaims} of another run.
 * @param {readonly MetricOutcome[]} outcomes
 */
export function claimsOf(outcomes) {
  return outcomes.map(({ id, status, value }) =>
    status === "ok" ? { metric: id, status, value } : { metric: id, status },
  );
}

/** @param {string} file @param {string} why @param {unknown} [cause] */
function invalid(file, why, cause) {
  return new Failure(`the measurements in \`${file}\` cannot be used: ${why}`, {
    type: "validation",
    code: "CLAIMS_INVALID",
    hint: "Pass the results file that the gate wrote in the run of the pull request, as it was.",
    cause,
  });
}
