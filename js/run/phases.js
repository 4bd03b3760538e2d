// The phases of a run, their states and times, and the one wording of how a phase ended. What is done in a phase
// belongs to the caller.

import { milliseconds } from "../console/terminal.js";
import { formatValue } from "../engine/engine.js";

/** @import { Phase, PhaseListener } from "./types.js" */

/** Phases in their order; each is `pending` until it is run. */
export class Phases {
  /** @type {Phase[]} */
  list;
  #listener;
  #clock;

  /**
   * @param {readonly string[]} names
   * @param {PhaseListener} listener
   * @param {Date} [now] the present; later times are reckoned from it
   */
  constructor(names, listener, now = new Date()) {
    this.list = names.map((name) => ({ name, status: "pending", durationMs: 0 }));
    this.#listener = listener;
    const origin = performance.now();
    this.#clock = () => new Date(now.getTime() + performance.now() - origin).toISOString();
  }

  /**
   * Runs a phase to its end and notes what became of it.
   * @param {string} name
   * @param {() => Promise<{bytes?: number | null} | void>} work
   */
  async run(name, work) {
    const phase = /** @type {Phase} */ (this.list.find((candidate) => candidate.name === name));
    const started = performance.now();
    phase.status = "running";
    phase.startedAt = this.#clock();
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
      phase.endedAt = this.#clock();
      this.#listener.phaseEnd?.(phase);
    }
  }
}

/**
 * A phase that has ended, in one line.
 * @param {Phase} phase
 */
export function describePhase({ name, status, durationMs, bytes }) {
  const moved = bytes === undefined ? "" : `, ${formatValue(bytes, "bytes")}`;
  return `${name} ${status} in ${milliseconds(durationMs)}${moved}`;
}

/**
 * How far a transfer is, in one line.
 * @param {import("../storage/types.js").Transfer} transfer
 */
export function describeTransfer({ bytes, total }) {
  const moved = formatValue(bytes, "bytes");
  if (!total) return moved;
  return `${moved} of ${formatValue(total, "bytes")} (${Math.floor((100 * bytes) / total)}%)`;
}
