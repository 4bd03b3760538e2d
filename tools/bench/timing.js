// Measures alternatives side by side: a round of each, then the next round, so that whatever else the
// machine does strikes all of them alike. Answers medians and ratios; what is measured is its caller's.

import { spawnSync } from "node:child_process";

/**
 * What one alternative needed, in milliseconds, by round.
 * @typedef {number[]} Samples
 */

/**
 * A line of the table.
 * @typedef {object} Row
 * @property {string} what
 * @property {string} ours the figure measured, with its unit
 * @property {string} [against] the alternative's name
 * @property {string} [theirs] the alternative's figure, with its unit
 * @property {string} [ratio]
 * @property {string} [spread] the middle half of the ratios of single rounds
 * @property {string} [aim]
 * @property {boolean} [reached]
 */

/**
 * Runs every alternative once a round, after one round that does not count.
 * @template {string} Name
 * @param {number} rounds
 * @param {Record<Name, () => unknown>} alternatives each may answer the milliseconds it took; else it is timed
 * @returns {Promise<Record<Name, Samples>>}
 */
export async function interleave(rounds, alternatives) {
  const names = /** @type {Name[]} */ (Object.keys(alternatives));
  const samples = /** @type {Record<Name, Samples>} */ ({});
  for (const name of names) samples[name] = [];
  for (let round = -1; round < rounds; round++) {
    for (const name of names) {
      const started = performance.now();
      const own = await alternatives[name]();
      const took = typeof own === "number" ? own : performance.now() - started;
      if (round >= 0) samples[name].push(took);
    }
  }
  return samples;
}

/** The value below which a share of the samples lies. @param {Samples} samples @param {number} share */
export function quantile(samples, share) {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low + (high - low) * (at - Math.floor(at));
}

/** @param {Samples} samples */
export const median = (samples) => quantile(samples, 0.5);

/** @param {number} value */
export const milliseconds = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

/** @param {number} value */
const times = (value) => `${value >= 10 ? value.toFixed(0) : value.toFixed(2)}x`;

/**
 * How long ours took as a multiple of theirs: the median of the rounds' ratios.
 * @param {string} what
 * @param {Samples} ours
 * @param {string} against
 * @param {Samples} theirs
 * @param {number} [atMost] the aim
 * @returns {Row}
 */
export function slower(what, ours, against, theirs, atMost) {
  return compared(what, ours, against, theirs, (own, other) => own / other, {
    aim: atMost === undefined ? undefined : `≤ ${atMost}x its time`,
    reached: (ratio) => ratio <= (atMost ?? Infinity),
  });
}

/**
 * How many times quicker ours was.
 * @param {string} what
 * @param {Samples} ours
 * @param {string} against
 * @param {Samples} theirs
 * @param {number} [atLeast] the aim
 * @returns {Row}
 */
export function quicker(what, ours, against, theirs, atLeast) {
  return compared(what, ours, against, theirs, (own, other) => other / own, {
    suffix: " quicker",
    aim: atLeast === undefined ? undefined : `≥ ${atLeast}x quicker`,
    reached: (ratio) => ratio >= (atLeast ?? 0),
  });
}

/**
 * @param {string} what
 * @param {Samples} ours
 * @param {string} against
 * @param {Samples} theirs
 * @param {(ours: number, theirs: number) => number} ratio
 * @param {{suffix?: string, aim?: string, reached: (ratio: number) => boolean}} aim
 * @returns {Row}
 */
function compared(what, ours, against, theirs, ratio, { suffix = "", aim, reached }) {
  const ratios = ours.map((own, round) => ratio(own, theirs[round]));
  return {
    what,
    ours: milliseconds(median(ours)),
    against,
    theirs: milliseconds(median(theirs)),
    ratio: times(median(ratios)) + suffix,
    spread: `${times(quantile(ratios, 0.25))} to ${times(quantile(ratios, 0.75))}`,
    aim,
    reached: aim === undefined ? undefined : reached(median(ratios)),
  };
}

/**
 * A figure that stands by itself.
 * @param {string} what
 * @param {string} ours
 * @returns {Row}
 */
export const alone = (what, ours) => ({ what, ours });

/**
 * A size against the most it may be.
 * @param {string} what
 * @param {number} bytes
 * @param {number} [most] megabytes of a million bytes
 * @returns {Row}
 */
export function size(what, bytes, most) {
  const row = alone(what, megabytes(bytes));
  return most === undefined ? row : { ...row, aim: `≤ ${most} MB`, reached: bytes <= most * 1e6 };
}

/** @param {number} bytes */
export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;

/**
 * Runs a program to its end; its output is returned.
 * @param {string} program
 * @param {string[]} args
 * @param {import("node:child_process").SpawnSyncOptions} [options]
 */
export function program(program, args, options) {
  const result = spawnSync(program, args, { maxBuffer: 1 << 28, ...options, encoding: "utf8" });
  if (result.error) throw result.error;
  if (result.status !== 0) {
    throw new Error(`${program} ${args.join(" ")} ended with ${result.status}: ${result.stderr}`);
  }
  return result.stdout;
}
