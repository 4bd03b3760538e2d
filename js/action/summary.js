// The job summary: brings together what the engine needs to render it, and hands the text to the runner. What it says
// and how it is escaped is the engine's business.

import { isPullRequestEvent, renderSummary } from "../engine/engine.js";
import { placedProblems } from "../run/config.js";

/** @import { Failure } from "../failure.js" */
/** @import { CommandFiles } from "./command-files.js" */
/** @import { RunFacts } from "../ci/build.js" */
/** @import { MetricOutcome } from "../collect/types.js" */
/** @import { LoadedConfig } from "../engine/engine.js" */
/** @import { Phase } from "../run/types.js" */
/** @import { MetricsRepository } from "../storage/repository.js" */

/** Builds of the branch in a trend, this one included. */
const TREND = 20;

/**
 * The values of each metric in the branch's builds before this run, aligned with the metrics.
 * @param {MetricsRepository} repository
 * @param {LoadedConfig} loaded
 * @param {RunFacts} facts
 * @param {string} [branch] the run's own unless given
 */
export function earlierValues(repository, loaded, facts, branch = facts.branch) {
  return repository.getRecentValues(
    loaded.config.metrics.map(({ id }) => id),
    {
      branch,
      until: facts.timestamp,
      commitSha: facts.commitSha,
      runId: facts.runId,
      pullRequests: branch === facts.branch && isPullRequestEvent(facts.eventName ?? ""),
      count: TREND - 1,
    },
  );
}

/**
 * @typedef {object} SummaryParts
 * @property {RunFacts} [facts]
 * @property {LoadedConfig} [loaded]
 * @property {readonly MetricOutcome[]} metrics
 * @property {readonly Phase[]} phases
 * @property {readonly Failure[]} warnings
 * @property {Failure} [failure]
 * @property {boolean} tolerated
 * @property {boolean} notStored
 * @property {(number | string)[][]} [earlier] aligned with the configuration's metrics; absent where the history was not
 *   read, so that no one knows them
 * @property {{location: string | null, builds: number | null, bytes: number | null, isNew?: boolean}} [history]
 * @property {string | null} [report]
 * @property {string} [verdict] Markdown
 */

/**
 * Appends the summary to the step's own file.
 * @param {CommandFiles} files
 * @param {SummaryParts} parts
 * @throws {Failure} SUMMARY_UNWRITABLE; the engine's
 */
export async function writeSummary(files, parts) {
  await files.append("GITHUB_STEP_SUMMARY", renderSummary(summaryOf(parts)));
}

/** @param {SummaryParts} parts */
function summaryOf({ facts, loaded, metrics, history, earlier, ...parts }) {
  const configured = loaded?.config.metrics ?? [];
  return {
    branch: facts?.branch || undefined,
    commitSha: facts?.commitSha,
    problem: parts.failure && trouble(parts.failure),
    tolerated: parts.tolerated,
    notStored: parts.notStored,
    // The verdict has a table of its own.
    metrics: (parts.verdict === undefined ? metrics : []).map(({ id, name, value, unit, error }) => {
      const at = configured.findIndex((metric) => metric.id === id);
      return {
        name,
        group: configured[at]?.group,
        value,
        unit,
        direction: configured[at]?.direction,
        error: error && trouble(error),
        earlier: earlier && (earlier[at] ?? []),
      };
    }),
    tests: metrics.flatMap(({ tests }) => tests ?? []),
    warnings: parts.warnings.map(trouble),
    phases: [...parts.phases],
    history: history?.location ? { ...history, location: history.location } : undefined,
    report: parts.report ?? undefined,
    verdict: parts.verdict,
  };
}

/** @param {Failure} failure */
function trouble(failure) {
  const { code, message, hint } = failure;
  return { code, message, hint, details: placedProblems(failure) };
}
