// What the reader chose to see: one branch and a stretch of time. Branches are never mixed, so a
// view always has exactly one.

const DAY = 86_400_000;

/**
 * @typedef {object} View
 * @property {number} branch
 * @property {number} from milliseconds since 1970
 * @property {number} to
 * @property {number} first the oldest build in the view
 * @property {number} count of builds, which are consecutive
 * @property {number[]} builds all of them, oldest first; listed when first asked for
 */

/**
 * @param {import("./data.js").Report} report
 * @param {number} branch
 * @param {number} from
 * @param {number} to
 * @returns {View}
 */
export function viewOf(report, branch, from, to) {
  const { time } = report.builds;
  let first = branchStart(report, branch);
  let end = first + report.branches[branch][1];
  while (first < end && time[first] < from) first += 1;
  while (end > first && time[end - 1] > to) end -= 1;
  const count = end - first;
  /** @type {number[]|undefined} */
  let builds;
  return {
    branch,
    from,
    to,
    first,
    count,
    get builds() {
      builds ??= Array.from({ length: count }, (_, index) => first + index);
      return builds;
    },
  };
}

/**
 * The newest build of the view's branch before `build` that has a value, shown or not; -1 where there is none.
 * @param {import("./data.js").Report} report
 * @param {View} view
 * @param {(number|null)[]} values one per build
 * @param {number} build
 */
export function knownBefore(report, view, values, build) {
  const start = branchStart(report, view.branch);
  for (let before = build - 1; before >= start; before -= 1)
    if ((values[before] ?? null) !== null) return before;
  return -1;
}

/**
 * A column's entries of the view's builds.
 * @template T
 * @param {T[]} column one entry per build
 * @param {View} view
 * @returns {T[]}
 */
export function along(column, { first, count }) {
  return column.slice(first, first + count);
}

/**
 * The oldest build of a branch, whatever is shown of it.
 * @param {import("./data.js").Report} report
 * @param {number} branch
 */
export function branchStart(report, branch) {
  let first = 0;
  for (let other = 0; other < branch; other += 1) first += report.branches[other][1];
  return first;
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
 * The time that a date field's text starts or ends with, or `fallback` for an empty field.
 * @param {string} text
 * @param {boolean} end
 * @param {number} fallback
 */
export function dateEdge(text, end, fallback) {
  const time = /^\d{4,6}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(time)) return fallback;
  return end ? time + DAY - 1 : time;
}
