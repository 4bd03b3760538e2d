/**
 * What can be done with a loaded history, under the names that callers know: recording, asking, rendering. Each call
 * goes to the engine; nothing is decided or kept here.
 */

/** @import { EngineHistory } from "./contract.js" */
/** @import { Change } from "./change.js" */

/**
 * The builds of a history.
 *
 * Build ids belong to the history as it is loaded. When another run stored in between, `persist` records again on
 * their history, where the same build may have another id.
 */
export class MetricsRepository {
  #history;
  #change;

  /**
   * @param {object} access
   * @param {() => EngineHistory} access.history the history as it is now
   * @param {(change: Change) => any} access.change for everything that has to be stored; gives the engine's answer
   */
  constructor({ history, change }) {
    this.#history = history;
    this.#change = change;
    /** Questions about single rows. */
    this.queries = Object.freeze({
      /**
       * The values of one build.
       *
       * @param {number} id
       */
      getMetricValuesByBuildId: (id) => history().valuesByBuildId(id),
    });
  }

  /**
   * Records a build. The same commit and run again replaces the values of the metrics it brings and keeps the rest;
   * only those of a later attempt of the run stay.
   *
   * @param {Parameters<EngineHistory["record"]>[0]} context
   * @param {Parameters<EngineHistory["record"]>[1]} metrics
   * @param {Parameters<EngineHistory["record"]>[2]} [circumstances] `now` is the present unless given
   * @returns {number} the build's id
   * @throws {import("../failure.js").Failure} `BUILD_INVALID`, `BUILD_FROM_THE_FUTURE`, `HISTORY_OTHER_REPOSITORY`
   */
  recordBuild(context, metrics, circumstances) {
    // The change may be made again later, when the caller has long altered what it passed in.
    const given = structuredClone({ context, metrics, circumstances: atPresent(circumstances) });
    return this.#change({ kind: "record", ...given }).buildId;
  }

  /**
   * Whether a build of these facts and metrics can be recorded; asked before there are values.
   *
   * @param {Parameters<EngineHistory["checkRun"]>[0]} context
   * @param {Parameters<EngineHistory["checkRun"]>[1]} metrics
   * @param {Parameters<EngineHistory["checkRun"]>[2]} [circumstances] `now` is the present unless given
   * @returns {ReturnType<EngineHistory["checkRun"]>} the metrics that cannot be recorded, each with the reason
   * @throws {import("../failure.js").Failure} `BUILD_INVALID`, `BUILD_FROM_THE_FUTURE`, `HISTORY_OTHER_REPOSITORY`
   */
  checkRun(context, metrics, circumstances) {
    return this.#history().checkRun(context, metrics, atPresent(circumstances));
  }

  /** @param {Parameters<EngineHistory["typeChanges"]>[0]} metrics */
  typeChanges(metrics) {
    return this.#history().typeChanges(metrics);
  }

  /**
   * Adds the builds and values of another history.
   *
   * @param {Uint8Array} image an SQLite file
   * @param {{adopt?: boolean}} [options] `adopt`: also where it is another repository's
   * @returns {ReturnType<EngineHistory["merge"]>}
   * @throws {import("../failure.js").Failure} `HISTORY_OTHER_REPOSITORY`
   */
  merge(image, { adopt = false } = {}) {
    return this.#change({ kind: "merge", image: image.slice(), ofOneRepository: !adopt });
  }

  /**
   * The values of a metric, oldest first.
   *
   * @param {string} metric
   * @param {Parameters<EngineHistory["timeSeries"]>[1]} [filter] `branch`, `events`, `since`
   */
  getMetricTimeSeries(metric, filter) {
    return this.#history().timeSeries(metric, filter);
  }

  /**
   * The value that a metric is compared with.
   *
   * @param {string} metric
   * @param {Omit<import("../engine/types.js").BaselineQuery, "now"> & {now?: string}} query `branch`, `maxAgeDays`,
   *   `before`; `now` is the present unless given
   */
  getBaselineMetricValue(metric, query) {
    return this.#history().baseline(metric, { now: new Date().toISOString(), ...query });
  }

  /**
   * The last values of metrics on a branch before a run.
   *
   * @param {string[]} metrics
   * @param {Parameters<EngineHistory["recent"]>[1]} query
   * @returns {ReturnType<EngineHistory["recent"]>}
   */
  getRecentValues(metrics, query) {
    return this.#history().recent(metrics, query);
  }

  /**
   * The builds that are dated more than a day after now. They count as the newest of nothing.
   *
   * @param {Date} now
   * @param {number} most how many of them are named
   * @returns {ReturnType<EngineHistory["futureBuilds"]>}
   */
  getFutureBuilds(now, most) {
    return this.#history().futureBuilds(now.toISOString(), most);
  }

  /** @returns {number} how many builds there are */
  countBuilds() {
    return this.#history().buildCount();
  }

  /** @param {Date} now @returns {number} how many builds a report of now speaks of */
  countReportedBuilds(now) {
    return this.#history().reportedBuilds(now.toISOString());
  }

  /** All builds, oldest first. */
  listBuilds() {
    return this.#history().builds();
  }

  /** All metrics that have a definition, by id. */
  listMetrics() {
    return this.#history().metricDefinitions();
  }

  /**
   * The verdict on a run that is compared with these builds.
   *
   * @param {Parameters<EngineHistory["gate"]>} asked
   * @returns {ReturnType<EngineHistory["gate"]>}
   */
  gate(...asked) {
    return this.#history().gate(...asked);
  }

  /**
   * The report of these builds.
   *
   * @param {Parameters<EngineHistory["report"]>[0]} configText
   * @param {Parameters<EngineHistory["report"]>[1]} facts
   * @returns {string} HTML
   */
  report(configText, facts) {
    return this.#history().report(configText, facts);
  }

  /**
   * A badge, its data, or an image of a metric's course.
   *
   * @param {Parameters<EngineHistory["badge"]>[0]} configText
   * @param {Parameters<EngineHistory["badge"]>[1]} metric
   * @param {Parameters<EngineHistory["badge"]>[2]} wish
   * @returns {string} SVG or JSON
   */
  badge(configText, metric, wish) {
    return this.#history().badge(configText, metric, wish);
  }
}

/** @param {import("../engine/types.js").Circumstances} [circumstances] */
const atPresent = (circumstances) => ({ now: new Date().toISOString(), ...circumstances });
