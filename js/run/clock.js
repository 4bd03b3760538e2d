// Which clock a build's time is of. A machine whose clock is wrong would record a build of the wrong day, so
// where the history's server sent its time, and the two are far apart, the server's counts.

import { formatValue } from "../engine/engine.js";
import { Failure } from "../failure.js";

/** Milliseconds that two clocks may be apart: servers tell whole seconds, and an answer takes its time. */
export const CLOCK_LIMIT_MS = 5 * 60_000;

const DAY_MS = 24 * 60 * 60_000;

/**
 * The time of a build: by this machine, or by the history's server where the two are too far apart.
 *
 * @param {Date} now by this machine
 * @param {{clockOffsetMs: () => number | null, location: string | null}} storage a history that was read
 * @param {number} [limitMs] how far the clocks may be apart
 * @returns {{now: Date, warning: Failure | null}} the time to go by; the same where the clocks agree, or no server sent one
 *   its time
 */
export function correctedTime(now, storage, limitMs = CLOCK_LIMIT_MS) {
  const offset = storage.clockOffsetMs();
  if (offset === null || !(Math.abs(offset) > limitMs)) return { now, warning: null };
  const corrected = new Date(now.getTime() + offset);
  const days = Math.round(Math.abs(offset) / DAY_MS);
  const apart = days >= 2 ? `${days} days` : formatValue(Math.abs(offset) / 1000, "duration");
  const where = offset > 0 ? "behind" : "ahead of";
  const warning = new Failure(
    `the clock of this machine is ${apart} ${where} that of \`${storage.location}\`: it says ` +
      `\`${now.toISOString()}\`, the other \`${corrected.toISOString()}\`, which is used`,
    {
      type: "storage",
      code: "CLOCK_CORRECTED",
      hint: "Set the clock of this machine, for example by NTP.",
    },
  );
  return { now: corrected, warning };
}
