// The only door to engine.wasm: the configuration, the history, the gate, the report and every text. Everything the engine
// decides is asked for here; nothing is decided.

import { Failure } from "../failure.js";
import { door, engineFailure, readOwn } from "./door.js";
import * as wasm from "./wasm/engine.js";

/** @import { MetricConfig, Planned } from "./types.js" */

const { guarded, poisoned } = door("engine", wasm.initSync);

/** @param {import("./types.js").TypeChange[]} changes @returns {Map<string, Failure>} */
const refusals = (changes) =>
  new Map(
    changes.map(({ id, code, message, hint }) => [
      id,
      new Failure(message, { type: "collection", code, hint }),
    ]),
  );

/** The engine's version, which is the package's. */
export const version = () => guarded(() => wasm.version());

/** What the commands of checked metrics are. @type {WeakMap<MetricConfig, Planned>} */
const plans = new WeakMap();

/**
 * Checks a configuration's text, and understands its commands.
 * @param {string} text
 * @param {string} file its name, for messages
 * @returns {import("./types.js").CheckedConfig}
 */
export function checkConfig(text, file) {
  const { plans: found, ...checked } = guarded(() => wasm.checkConfig(text, file));
  for (const [n, metric] of (checked.config?.metrics ?? []).entries()) plans.set(metric, found[n]);
  return checked;
}

/**
 * The metrics of a configuration's groups, for {@link planOf} too.
 * @param {string} text a checked configuration
 * @param {string} file its name, for messages
 * @param {import("./types.js").GroupListing[]} listings what the groups have
 * @returns {Pick<import("./types.js").PlannedGroups, "metrics" | "errors" | "warnings">}
 */
export function expandGroups(text, file, listings) {
  const { plans: found, ...expanded } = guarded(() => wasm.expandGroups(text, file, listings));
  for (const [n, metric] of expanded.metrics.entries()) plans.set(metric, found[n]);
  return expanded;
}

/**
 * A checked configuration with its location.
 *
 * @typedef {object} LoadedConfig
 * @property {import("./types.js").Config} config with the metrics of its groups
 * @property {import("./types.js").GroupListing[]} [listings] what its groups have
 * @property {import("./types.js").Diagnostic[]} warnings
 * @property {string} text
 * @property {string} name as the user named it
 * @property {string} file absolute
 * @property {string} directory absolute; relative paths of the configuration start here
 */

/**
 * What a metric's command collects. That of a metric which {@link checkConfig} gave is known already.
 * @param {Pick<MetricConfig, "command">} metric
 * @returns {import("./types.js").CollectPlan | undefined} undefined for a shell command
 * @throws {Failure} COLLECTOR_USAGE
 */
export function planOf(metric) {
  const known = plans.get(/** @type {MetricConfig} */ (metric));
  const planned = known ?? guarded(() => wasm.planCommand(metric.command));
  if (planned.kind === "refused") throw engineFailure(planned.error, "validation");
  return planned.kind === "collector" ? planned.plan : undefined;
}

/**
 * Understands a collector's name and arguments, already split into words.
 * @param {string[]} words
 * @returns {import("./types.js").CollectPlan}
 */
export const planCollectWords = (words) => guarded(() => wasm.planCollectWords(words));

/**
 * What metrics came to: the values in what their commands printed or their collectors counted, and those as people read them.
 * @param {import("./types.js").Measured[]} measured
 * @returns {import("./types.js").Reading[]} in the same order
 */
export const readMeasured = (measured) => guarded(() => wasm.readMeasured(measured));

/**
 * The value in one command's output.
 * @param {string} output
 * @param {import("./types.js").MetricType} type
 * @returns {import("./types.js").Value}
 * @throws {Failure} OUTPUT_INVALID
 */
export function parseOutput(output, type) {
  const [reading] = readMeasured([{ type, output }]);
  if (reading.status === "failed") throw engineFailure(reading.error, "collection");
  return reading.value;
}

/**
 * A value as people read it.
 * @param {number} value
 * @param {string | null | undefined} unit
 */
export const formatValue = (value, unit) => guarded(() => wasm.formatValue(value, unit ?? undefined));

/**
 * The choice that a misspelt word most likely meant.
 * @param {string} word
 * @param {string[]} choices
 * @returns {string | undefined}
 */
export const closest = (word, choices) => guarded(() => wasm.closest(word, choices));

/**
 * Renders the job summary.
 * @param {import("./types.js").JobSummary} facts
 * @returns {string} Markdown
 */
export const renderSummary = (facts) => guarded(() => wasm.renderSummary(facts));

/**
 * Verdicts with what the engine keeps of them; the engine frees its part when a verdict is garbage.
 * @type {WeakMap<object, wasm.Judgement>}
 */
const judgements = new WeakMap();

/** @param {import("./types.js").GateOutcome} outcome */
function judgementOf(outcome) {
  const judgement = judgements.get(outcome);
  if (judgement) return judgement;
  throw new Failure("the text of a verdict was asked for that this process did not reach", {
    type: "internal",
    code: "INTERNAL",
  });
}

/**
 * The comment that shows a verdict, beginning with the marker's line. The same verdict and facts give the same text.
 * @param {import("./types.js").GateOutcome} outcome the very object that {@link History.gate} returned
 * @param {import("./types.js").CommentFacts} facts
 * @returns {string} Markdown
 */
export const gateComment = (outcome, facts) => guarded(() => judgementOf(outcome).comment(facts));

/**
 * The verdict's section of the job summary: the same with every metric and without a marker.
 * @param {import("./types.js").GateOutcome} outcome the very object that {@link History.gate} returned
 * @param {import("./types.js").CommentFacts} facts
 * @returns {string} Markdown
 */
export const gateSummary = (outcome, facts) => guarded(() => judgementOf(outcome).summary(facts));

/**
 * The line that a comment begins with and is found again by.
 * @param {string | null} [marker] its name; only letters, digits, `.`, `_` and `-` of it are kept
 * @returns {string}
 */
export const gateMarker = (marker) => guarded(() => wasm.gateMarker(marker ?? undefined));

/**
 * The verdict as lines of a terminal.
 * @param {import("./types.js").GateOutcome} outcome the very object that judging returned
 * @param {{isProblemShown: boolean}} facts whether a warning already says, in the verdict's words, why the base branch's
 *   configuration was not used
 * @returns {import("./types.js").StyledText[][]} lines in pieces; an empty one separates
 */
export const gateLines = (outcome, { isProblemShown }) =>
  guarded(() => judgementOf(outcome).lines(isProblemShown));

/**
 * What a results file of another run reports; none of its text is repeated but labels.
 * @param {string} text
 * @param {string} file its name, for messages
 * @param {import("./types.js").RecordedMetric["metric"][]} metrics those that are known
 * @returns {import("./types.js").ReportedMeasurements}
 * @throws {Failure} CLAIMS_INVALID
 */
export const reportedMeasurements = (text, file, metrics) =>
  guarded(() => wasm.reportedMeasurements(text, file, metrics));

/** @type {Map<string, boolean>} */
const pullRequestEvents = new Map();

/**
 * Whether an event is a pull request's: builds of it are part of no branch, and its code may be a stranger's.
 * @param {string} event as GitHub names it, such as `pull_request_target`
 */
export function isPullRequestEvent(event) {
  const known = pullRequestEvents.get(event) ?? guarded(() => wasm.isPullRequestEvent(event));
  pullRequestEvents.set(event, known);
  return known;
}

/** @type {WeakMap<Change, wasm.Change>} */
const changes = new WeakMap();

/**
 * Reads what a change is judged by: its own configuration and that of the branch it goes to, each once.
 * @param {string} configText a checked configuration
 * @param {import("./types.js").ChangeFacts} [facts]
 * @returns {Change}
 * @throws {Failure} CONFIG_INVALID, USAGE_INVALID for an unknown mode
 */
export const openChange = (configText, facts = {}) =>
  guarded(() => new Change(new wasm.Change(configText, facts)));

/** A change's configuration with that of the branch it goes to. Free it in `finally`. */
export class Change {
  #inner;
  /** @type {Omit<import("./types.js").ChangeTerms, "base">} */
  terms;
  /**
   * The base branch's configuration, as checking it gave; null where there is no text of it.
   * @type {import("./types.js").CheckedConfig | null}
   */
  base;

  /** @param {wasm.Change} inner */
  constructor(inner) {
    this.#inner = inner;
    const { base, ...terms } = inner.terms();
    this.terms = terms;
    this.base = base;
    changes.set(this, inner);
  }

  /**
   * Judges without a history, as {@link History.gate} does with one: then there are no baselines.
   * @param {import("./types.js").GateMeasurement[]} measurements
   * @param {import("./types.js").GateFacts} facts
   * @returns {import("./types.js").GateOutcome}
   */
  judge(measurements, facts) {
    return guarded(() => judged(this.#inner.judge(measurements, facts)));
  }

  /** Gives the memory back. */
  free() {
    if (!poisoned()) this.#inner.free();
  }
}

/** @param {wasm.Judgement} judgement @returns {import("./types.js").GateOutcome} */
function judged(judgement) {
  const outcome = judgement.outcome();
  judgements.set(outcome, judgement);
  return outcome;
}

/**
 * Renders the report of a configuration with made-up data, which the page says of itself.
 * @param {string} configText a checked configuration
 * @param {import("./types.js").ReportFacts} facts
 * @returns {string} HTML
 */
export function preview(configText, facts) {
  const [style, script] = [readOwn("style").toString(), readOwn("script").toString()];
  return guarded(() => wasm.preview(configText, facts, style, script));
}

/**
 * Opens a history.
 * @param {Uint8Array | null} image null only where the history is known to be absent
 * @param {{proved?: boolean, taken?: () => void}} [options] `proved`: a digest that was stored with the bytes fits them;
 *   `taken`: called when they have been copied, before they are checked
 * @returns {History}
 */
export const openHistory = (image, { proved = false, taken } = {}) =>
  guarded(() => new History(wasm.History.open(image ?? undefined, proved, taken)));

/** A history in the engine's memory. Free it in `finally`. */
export class History {
  #inner;
  /** @type {import("./types.js").Build[] | undefined} every build, oldest first, as long as none is added */
  #all;

  /** @param {wasm.History} inner */
  constructor(inner) {
    this.#inner = inner;
  }

  /**
   * Records one build in one transaction; the same (commit, run) again replaces the values it
   * brings and keeps the rest.
   * @param {import("./types.js").BuildContext} context
   * @param {import("./types.js").RecordedMetric[]} metrics
   * @param {import("./types.js").Circumstances} [circumstances]
   * @returns {import("./types.js").RecordedBuild}
   * @throws {Failure} BUILD_INVALID, BUILD_FROM_THE_FUTURE, HISTORY_OTHER_REPOSITORY
   */
  record(context, metrics, { adopt = false, ...circumstances } = {}) {
    this.#all = undefined;
    return guarded(() => this.#inner.record(context, metrics, { ...circumstances, adopt }));
  }

  /**
   * Adds a build that was recorded into another history, as merging that history would.
   * @param {import("./types.js").BuildContext} context
   * @param {import("./types.js").RecordedMetric[]} metrics
   * @param {number} [measuredAt] as recording it gave; the build's time unless given
   * @returns {import("./types.js").RecordedBuild}
   * @throws {Failure} BUILD_INVALID
   */
  fold(context, metrics, measuredAt) {
    this.#all = undefined;
    return guarded(() => this.#inner.fold(context, metrics, measuredAt));
  }

  /**
   * Whether a build of these facts and metrics can be recorded, as far as that is known before there are values.
   * @param {import("./types.js").BuildContext} context
   * @param {import("./types.js").RecordedMetric["metric"][]} metrics
   * @param {import("./types.js").Circumstances} [circumstances]
   * @throws {Failure} BUILD_INVALID, BUILD_FROM_THE_FUTURE, HISTORY_OTHER_REPOSITORY
   */
  checkRun(context, metrics, { adopt = false, ...circumstances } = {}) {
    return refusals(guarded(() => this.#inner.checkRun(context, metrics, { ...circumstances, adopt })));
  }

  /**
   * The metrics that the history holds with another type, each with why it cannot have a value.
   * @param {import("./types.js").RecordedMetric["metric"][]} metrics
   * @returns {Map<string, Failure>}
   */
  typeChanges(metrics) {
    return refusals(guarded(() => this.#inner.typeChanges(metrics)));
  }

  /**
   * Adds the builds and values of another history.
   * @param {Uint8Array} image
   * @param {boolean} [ofOneRepository] whether a history of another repository is refused
   * @returns {{addedBuilds: number, addedValues: number, conflicts: number, replacedValues: number, addedMetrics: number,
   *   changed: boolean}}
   * @throws {Failure} BUILD_INVALID, HISTORY_OTHER_REPOSITORY
   */
  merge(image, ofOneRepository = false) {
    this.#all = undefined;
    return guarded(() => this.#inner.merge(image, ofOneRepository));
  }

  /**
   * The builds that are dated more than a day after a time.
   * @param {string} now RFC 3339
   * @param {number} most how many of them are named
   * @returns {{count: number, builds: import("./types.js").Build[]}}
   */
  futureBuilds(now, most) {
    return guarded(() => this.#inner.futureBuilds(now, most));
  }

  /**
   * The values of a metric with their builds, oldest first. The builds cross once for all metrics; each point has
   * an object of its own.
   * @param {string} metric
   * @param {import("./types.js").BuildFilter} [filter]
   * @returns {{build: import("./types.js").Build, value: import("./types.js").Value}[]}
   */
  timeSeries(metric, filter = {}) {
    /** @type {import("./types.js").Series} */
    const { places, values } = guarded(() => this.#inner.series(metric, filter));
    if (places.length === 0) return [];
    this.#all ??= this.builds();
    const builds = this.#all;
    return places.map((place, n) => ({ build: { ...builds[place] }, value: values[n] }));
  }

  /** @param {string} metric @param {import("./types.js").BaselineQuery} query */
  baseline(metric, query) {
    return guarded(() => this.#inner.baseline(metric, query));
  }

  /**
   * The last values of metrics on a branch before a run, oldest first, aligned with the metrics.
   * @param {string[]} metrics
   * @param {import("./types.js").RecentQuery} query
   * @returns {(number | string)[][]}
   */
  recent(metrics, query) {
    return guarded(() => this.#inner.recent(metrics, query));
  }

  /** @param {number} id */
  valuesByBuildId(id) {
    return guarded(() => this.#inner.valuesByBuildId(id));
  }

  /** How many builds there are. @returns {number} */
  buildCount() {
    return guarded(() => this.#inner.buildCount());
  }

  /**
   * How many builds, of all branches, a report speaks of that is rendered at a time: none of pull requests and none from
   * the future.
   * @param {string} now RFC 3339
   * @returns {number}
   */
  reportedBuilds(now) {
    return guarded(() => this.#inner.reportedBuilds(now));
  }

  /**
   * The builds that pass the filter, oldest first; with a limit, the newest so many of them.
   * @param {import("./types.js").BuildFilter} [filter]
   * @param {number} [limit]
   * @returns {import("./types.js").Build[]}
   */
  builds(filter = {}, limit) {
    return guarded(() => this.#inner.builds(filter, limit));
  }

  /** All metric definitions, by id. */
  metricDefinitions() {
    return guarded(() => this.#inner.metricDefinitions());
  }

  /**
   * Renders the report.
   * @param {string | null} configText a checked configuration, or null to show every metric of the history
   * @param {import("./types.js").ReportFacts} facts
   * @returns {string} HTML
   */
  report(configText, facts) {
    const [style, script] = [readOwn("style").toString(), readOwn("script").toString()];
    return guarded(() => this.#inner.report(configText ?? undefined, facts, style, script));
  }

  /**
   * Judges a change by the thresholds that bind it and the builds of the reference branch.
   * @param {Change} change
   * @param {import("./types.js").GateMeasurement[]} measurements a metric that is not in the list was not measured
   * @param {import("./types.js").GateFacts} facts
   * @returns {import("./types.js").GateOutcome}
   * @throws {Failure} BUILD_INVALID for a time that is none
   */
  gate(change, measurements, facts) {
    const inner = /** @type {wasm.Change} */ (changes.get(change));
    return guarded(() => judged(this.#inner.gate(inner, measurements, facts)));
  }

  /**
   * Renders a badge, its data, or an image of a metric's course.
   * @param {string | null} configText
   * @param {string} metric
   * @param {{form: "svg" | "json" | "trend", label?: string, branch?: string, defaultBranch?: string, now?: string}} wish
   * @returns {string}
   */
  badge(configText, metric, wish) {
    return guarded(() => this.#inner.badge(configText ?? undefined, metric, wish));
  }

  /** The history as an SQLite file. @returns {Uint8Array} */
  save() {
    return guarded(() => this.#inner.save());
  }

  /** Gives the memory back; the handle is useless afterwards. */
  free() {
    if (!poisoned()) this.#inner.free();
  }
}
