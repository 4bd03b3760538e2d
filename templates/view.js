// What the reader chose to see: one branch and a stretch of time. Branches are never mixed, so a
// view always has exactly one.

const DAY = 86_400_000;

/**
 * @typedef {object} View
 * @property {number} branch
 * @property {number} from milliseconds since 1970
 * @property {number} to
 * @property {number[]} builds the builds in the view, oldest first
 */

/**
 * @param {import("./data.js").Report} report
 * @param {number} branch
 * @param {number} from
 * @param {number} to
 * @returns {View}
 */
export function viewOf(report, branch, from, to) {
  const { time, branch: branches, count } = report.builds;
  if (report.branches.length === 1 && from === -Infinity && to === Infinity)
    return { branch, from, to, builds: [...time.keys()] };
  const builds = [];
  const whole = from === -Infinity && to === Infinity;
  for (let build = 0; build < count; build += 1) {
    if (branches[build] === branch && (whole || (time[build] >= from && time[build] <= to)))
      builds.push(build);
  }
  return { branch, from, to, builds };
}

/**
 * A column's entries of the view's builds: the column itself, not to be written to, where those are all.
 * @template T
 * @param {T[]} column one entry per build
 * @param {View} view
 * @returns {T[]}
 */
export function along(column, { builds }) {
  return builds.length === column.length ? column : builds.map((build) => column[build]);
}

/**
 * The stretch of `days` that ends with the branch's latest build; 0 is everything.
 * @param {import("./data.js").Report} report
 * @param {number} branch
 * @param {number} days
 * @returns {[number, number]}
 */
export function latestDays(report, branch, days) {
  if (days === 0) return [-Infinity, Infinity];
  const all = viewOf(report, branch, -Infinity, Infinity).builds;
  if (all.length === 0) return [-Infinity, Infinity];
  const last = report.builds.time[all[all.length - 1]];
  return [last - days * DAY, last];
}

/**
 * The time that a date field's text begins or ends with, or `fallback` for an empty field.
 * @param {string} text
 * @param {boolean} end
 * @param {number} fallback
 */
export function dateEdge(text, end, fallback) {
  const time = /^\d{4,6}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(time)) return fallback;
  return end ? time + DAY - 1 : time;
}
