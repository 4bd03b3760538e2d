// What metrics gave, on its way to the engine: several at once, so that the number of calls depends on how long a run takes
// and not on how many metrics it has. A metric that ends a while after the last one is read at once.

import { readMeasured } from "../engine/engine.js";

/** @import { Measured, MetricConfig, Reading } from "../engine/types.js" */
/** @import { Collected } from "./measure.js" */

/** Milliseconds between two calls into the engine. */
const PAUSE_MS = 100;

/**
 * What a command or a collector gave; `collected` may come with a later call into the parsers.
 * @typedef {{output: string} | {collected: Promise<Collected>} | {failure: unknown}} Given
 *
 * What was read of it, and what a collector says beside its value.
 * @typedef {(reading: Reading | {status: "thrown", thrown: unknown}, collected?: Collected) => void} Done must not throw
 */

/** The metrics of one run that have ended and were not read yet. */
export class Readings {
  #settle;
  #pauseMs;
  #now;
  /** @type {{metric: MetricConfig, given: Given, done: Done}[]} */
  #waiting = [];
  /** @type {NodeJS.Timeout | undefined} */
  #timer;
  #last = Number.NEGATIVE_INFINITY;

  /**
   * @param {() => void} settle has every number that was promised computed
   * @param {{pauseMs?: number, now?: () => number}} [options] `pauseMs`: milliseconds between two calls into the engine;
   *   with `Infinity` there is one for the first metric and one for all the others
   */
  constructor(settle, { pauseMs = PAUSE_MS, now = () => performance.now() } = {}) {
    this.#settle = settle;
    this.#pauseMs = pauseMs;
    this.#now = now;
  }

  /**
   * Takes what a metric gave; `done` is called once it was read.
   * @param {MetricConfig} metric
   * @param {Given} given
   * @param {Done} done
   * @returns {Promise<void> | undefined} where it is read at once, until it was
   */
  add(metric, given, done) {
    // Whoever waits for it may come later.
    if ("collected" in given) given.collected.catch(() => {});
    this.#waiting.push({ metric, given, done });
    const left = this.#pauseMs - (this.#now() - this.#last);
    if (!(left > 0)) return this.flush();
    if (this.#timer === undefined && Number.isFinite(left)) {
      this.#timer = setTimeout(() => void this.flush(), left).unref();
    }
    return undefined;
  }

  /** Reads everything that waits. @returns {Promise<void>} */
  async flush() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#waiting;
    if (batch.length === 0) return;
    this.#waiting = [];
    this.#last = this.#now();
    try {
      this.#settle();
      const results = await Promise.all(batch.map(({ metric, given }) => measured(metric, given)));
      const readings = readMeasured(
        results.flatMap((result) => ("thrown" in result ? [] : [result.measured])),
      );
      let next = 0;
      for (const [n, { done }] of batch.entries()) {
        const result = results[n];
        if ("thrown" in result) done({ status: "thrown", thrown: result.thrown });
        else done(readings[next++], result.collected);
      }
    } catch (thrown) {
      // Of the engine: every metric that waited for it hears it.
      for (const { done } of batch) done({ status: "thrown", thrown });
    }
  }
}

/**
 * @param {MetricConfig} metric
 * @param {Given} given
 * @returns {Promise<{measured: Measured, collected?: Collected} | {thrown: unknown}>}
 */
async function measured({ type, unit }, given) {
  if ("failure" in given) return { thrown: given.failure };
  if ("output" in given) return { measured: { type, unit, output: given.output } };
  try {
    const collected = await given.collected;
    const { value } = collected;
    const read = typeof value === "number" ? { number: value } : { output: value };
    return { measured: { type, unit, ...read }, collected };
  } catch (thrown) {
    return { thrown };
  }
}
