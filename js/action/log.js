// The action's log while a run goes on: a group for each phase with its start and end, progress of long transfers, a
// line for each metric. It only prints; what it heard is kept for a run that never comes back.

import { showMetric } from "../run/lines.js";
import { describePhase, describeTransfer } from "../run/phases.js";
import { groupEnd, groupStart } from "./commands.js";

/** @import { MetricOutcome } from "../collect/types.js" */
/** @import { Phase, TrackListener } from "../run/types.js" */

/** Milliseconds between two lines of one transfer. */
const PROGRESS_MS = 5_000;

/** Writes the log of a run as it goes on, and keeps what it heard for a run that never returns. */
export class RunLog {
  /** What was heard of so far. @type {{phases: Phase[], metrics: MetricOutcome[]}} */
  heard = { phases: [], metrics: [] };
  /** The phase that runs. @type {Phase | undefined} */
  phase;
  /** Which file keeps what is not stored. @type {() => string | null} */
  keptFile = () => null;
  #terminal;
  #command;

  /**
   * @param {import("../console/terminal.js").Terminal} terminal
   * @param {(line: string) => void} command for lines that the runner takes for commands
   */
  constructor(terminal, command) {
    this.#terminal = terminal;
    this.#command = command;
  }

  /**
   * @param {{id: string}[]} metrics
   * @returns {Required<Pick<TrackListener, "phaseStart" | "phaseEnd" | "transferred" | "keeping" | "metricEnd">>}
   */
  listener(metrics) {
    const width = Math.max(0, ...metrics.map(({ id }) => id.length));
    let reported = 0;
    return {
      phaseStart: (phase) => {
        this.phase = phase;
        this.heard.phases.push(phase);
        reported = performance.now();
        this.#command(groupStart(phase.name));
        this.#terminal.line(`started ${clock(phase.startedAt)}`);
      },
      phaseEnd: (phase) => {
        this.phase = undefined;
        this.#terminal.line(`${describePhase(phase)}, ended ${clock(phase.endedAt)}`);
        this.#command(groupEnd);
      },
      transferred: (transfer) => {
        if (performance.now() - reported < PROGRESS_MS) return;
        reported = performance.now();
        this.#terminal.line(describeTransfer(transfer));
      },
      keeping: (file) => {
        this.keptFile = file;
      },
      metricEnd: (outcome, text) => {
        this.heard.metrics.push(outcome);
        showMetric(this.#terminal, outcome, width, text);
      },
    };
  }

  /** Closes the group of a phase that will not end any more. */
  close() {
    if (this.phase) this.#command(groupEnd);
    this.phase = undefined;
  }
}

/** A moment as a log needs it: the day is in every line of the runner's own. @param {string | undefined} time */
const clock = (time) => `${(time ?? "").slice(11, 23)} UTC`;
