// The phases of a run and their states: which one runs, how long each took, how many bytes it moved. What a phase
// does is its caller's business.

/** @import { Phase, TrackListener } from "./types.js" */

/** Phases that run one after the other. */
export class Phases {
  /** @type {Phase[]} in the order in which they run */
  list;
  #listener;

  /**
   * @param {readonly string[]} names
   * @param {TrackListener} listener
   */
  constructor(names, listener) {
    this.list = names.map((name) => ({ name, status: "pending", durationMs: 0 }));
    this.#listener = listener;
  }

  /**
   * Runs one phase. What the work throws is thrown on, once the phase counts as failed.
   * @param {string} name
   * @param {() => Promise<{bytes?: number | null} | void>} work
   */
  async run(name, work) {
    const phase = /** @type {Phase} */ (this.list.find((candidate) => candidate.name === name));
    const started = performance.now();
    phase.status = "running";
    this.#listener.phaseStart?.(phase);
    try {
      const done = await work();
      if (done?.bytes != null) phase.bytes = done.bytes;
      phase.status = "completed";
    } catch (error) {
      phase.status = "failed";
      throw error;
    } finally {
      phase.durationMs = Math.round(performance.now() - started);
      this.#listener.phaseEnd?.(phase);
    }
  }
}
