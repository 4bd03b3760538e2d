// The two jobs of the action, each run with what the step was given, and reported in the one shape that the summary, the
// annotations and the outputs are made from.

import path from "node:path";
import { endedBy } from "../cancel.js";
import { showRecorded, showVerdict } from "../run/lines.js";
import { track } from "../run/track.js";
import { earlierValues } from "./summary.js";

/** @import { Failure } from "../failure.js" */
/** @import { RunFacts } from "../ci/build.js" */
/** @import { MetricOutcome } from "../collect/types.js" */
/** @import { Phase, TrackListener } from "../run/types.js" */
/** @import { OutputName } from "./outputs.js" */
/** @import { Settings } from "./settings.js" */

/**
 * @typedef {object} Surroundings
 * @property {NodeJS.ProcessEnv} env
 * @property {string} cwd
 * @property {Date} now
 * @property {RunFacts} facts
 * @property {AbortSignal} signal
 * @property {import("../console/terminal.js").Terminal} terminal
 * @property {TrackListener} listener
 * @property {(secret: string) => void} onSecret hears what servers issue and no log may show
 *
 * @typedef {object} Outcome the result of a job
 * @property {Failure} [failure]
 * @property {boolean} notStored whether the failure kept a build from being stored
 * @property {readonly MetricOutcome[]} metrics
 * @property {readonly Phase[]} phases
 * @property {readonly Failure[]} warnings
 * @property {(number | string)[][]} [earlier] values of the branch's builds before; absent where the history was not read
 * @property {{location: string | null, builds: number | null, bytes: number | null, isNew?: boolean}} [history]
 * @property {string | null} [report]
 * @property {string} [verdict] Markdown
 * @property {readonly {level: "error" | "warning", title: string, message: string}[]} [marks] of thresholds
 * @property {string} [notice] what is no problem and should still be seen
 * @property {Partial<Record<OutputName, string | number | boolean | null>>} outputs those that only this job knows
 */

/**
 * Says why nothing is done.
 * @param {import("./settings.js").NothingToDo} settings
 * @returns {Outcome}
 */
export function noJob({ why, withheld }) {
  return {
    notStored: false,
    metrics: [],
    phases: [],
    warnings: [],
    notice: why,
    outputs: {
      success: withheld === undefined,
      ...(withheld && { "error-code": withheld.code, "error-message": withheld.message }),
    },
  };
}

/**
 * Records a build.
 * @param {Settings} settings
 * @param {Surroundings} surroundings
 * @returns {Promise<Outcome>}
 */
export async function trackJob(settings, { terminal, listener, ...run }) {
  const { inputs, loaded, plan, storage = plan.from(loaded), seed, reportDirectory } = settings;
  /** @type {(number | string)[][] | undefined} */
  let earlier;
  const result = await track({
    ...run,
    loaded,
    storage: { ...storage, verbose: inputs.verbose },
    seed,
    adopt: inputs["adopt-history"],
    reportDirectory,
    reportName: inputs["report-name"],
    reportOption: `\`report-dir\` is \`${inputs["report-dir"]}\``,
    onStorageError: inputs["on-storage-error"],
    log: (message) => terminal.detail(message),
    listener: {
      ...listener,
      known: (repository, facts) => {
        earlier = earlierValues(repository, loaded, facts);
      },
    },
  });
  showRecorded(terminal, result, run.facts);
  const { success, error: failure, metrics, phases, warnings, reportPath } = result;
  return {
    ...{ failure, metrics, phases, warnings, earlier },
    notStored: failure?.type === "storage",
    history: {
      location: result.databaseLocation,
      builds: result.totalBuilds,
      bytes: result.databaseSize,
      isNew:
        result.history === "new" &&
        // Where one is gone, the warning says what starts instead.
        !warnings.some(({ code }) => code === "HISTORY_REPAIRED"),
    },
    report: reportPath,
    outputs: {
      success,
      history: result.history,
      "storage-type": storage.type,
      "database-location": result.databaseLocation,
      "database-path": result.databasePath,
      "database-size": result.databaseSize,
      "total-builds": result.totalBuilds,
      "report-path": reportPath,
      "source-run-id": result.sourceRun,
    },
  };
}

/**
 * Judges a pull request.
 * @param {Settings} settings
 * @param {Surroundings} surroundings
 * @returns {Promise<Outcome>}
 */
export async function gateJob({ inputs, loaded, plan }, { terminal, ...run }) {
  // Recording a build does not wait for the gate to be loaded.
  const { gate } = await import("../run/gate.js");
  const { gateDocument } = await import("../run/results.js");
  const { GitHub } = await import("../github/client.js");
  const { env, signal } = run;
  const token = inputs["github-token"];
  const github = token ? new GitHub({ env, apiUrl: env.GITHUB_API_URL, token, signal, type: "gate" }) : null;
  try {
    const result = await gate({
      ...run,
      loaded,
      storage: plan,
      github,
      referenceBranch: inputs["reference-branch"],
      mode: inputs["quality-gate-mode"],
      outputFile: inputs["output-file"],
      outputOption: `\`output-file\` is \`${inputs["output-file"]}\``,
      claims: inputs["measurements-file"],
      onStorageError: inputs["on-storage-error"],
      comment: {
        enabled: inputs["enable-pr-comment"],
        marker: inputs["pr-comment-marker"],
        maxMetrics: inputs["max-pr-comment-metrics"],
      },
    });
    const { metrics, phases, warnings, qualityGate: judged, annotations: marks } = result;
    const failure = result.error && endedBy(result.error, signal);
    showVerdict(terminal, result);
    return {
      ...{ failure, metrics, phases, warnings, marks },
      notStored: false,
      history: { location: result.databaseLocation, builds: result.totalBuilds, bytes: null },
      verdict: result.summaryMarkdown ?? undefined,
      outputs: {
        success: judged !== null && !failure,
        "storage-type": result.storageType,
        "database-location": result.databaseLocation,
        "total-builds": result.totalBuilds,
        "quality-gate-status": judged?.status ?? null,
        "quality-gate-mode": judged?.mode ?? null,
        "quality-gate-failing-metrics": judged && names(judged.failingMetrics),
        "quality-gate-warning-metrics":
          judged &&
          names(judged.metrics.filter(({ status, isBlocking }) => status === "fail" && !isBlocking)),
        "quality-gate-comment-url": result.prCommentUrl,
        "quality-gate-results-path": result.resultsPath && path.resolve(run.cwd, result.resultsPath),
        "quality-gate-results-json": judged && JSON.stringify(gateDocument(result)),
        "baseline-reference-branch": judged?.baselineInfo.referenceBranch ?? null,
        "baseline-builds-considered": judged?.baselineInfo.buildsConsidered ?? null,
      },
    };
  } finally {
    github?.close();
  }
}

/** @param {readonly {metric: string}[]} metrics */
const names = (metrics) => metrics.map(({ metric }) => metric).join(",");
