// The page's controls: ranges, dates, branch. The choice is in the address behind `#`, so
// that a link opens the same view; an address that makes no sense is the first view.

import { formatDay } from "./format.js";
import { dateEdge, latestDays } from "./view.js";

/**
 * @typedef {object} Choice
 * @property {string} branch its name; what is no branch is the first
 * @property {number} days the preset's, 0 for all, -1 for the dates
 * @property {string} from a date field's text
 * @property {string} to
 */

const DATE = /^\d{4,6}-\d\d-\d\d$/;

/**
 * What an address chooses, or null where it speaks of something else.
 * @param {string} hash with or without its `#`
 * @param {number[]} presets the days that can be chosen
 * @returns {Choice|null}
 */
export function choiceOf(hash, presets) {
  const text = hash.replace(/^#/, "");
  if (text !== "" && !text.includes("=")) return null;
  const given = new URLSearchParams(text);
  const date = (/** @type {string} */ name) => {
    const value = given.get(name) ?? "";
    return DATE.test(value) && !Number.isNaN(Date.parse(value)) ? value : "";
  };
  const [from, to] = [date("from"), date("to")];
  const days = Number(given.get("days") ?? 0);
  const known = presets.includes(days) ? days : 0;
  return { branch: given.get("branch") ?? "", days: from || to ? -1 : known, from, to };
}

/**
 * The address of a choice, without its `#`.
 * @param {Choice} choice
 * @param {string} first the branch that needs no name
 */
export function addressOf({ branch, days, from, to }, first) {
  const given = new URLSearchParams();
  if (days > 0) given.set("days", String(days));
  if (days < 0 && from) given.set("from", from);
  if (days < 0 && to) given.set("to", to);
  if (branch !== first) given.set("branch", branch);
  return given.toString();
}

/**
 * @param {import("./data.js").Report} report
 * @param {(branch: number, from: number, to: number) => import("./view.js").View} choose
 */
export function bindControls(report, choose) {
  const byId = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (document.getElementById(id));
  const [branch, from, to] = [byId("branch"), byId("from"), byId("to")];
  const ranges = [...document.querySelectorAll(".ranges button")].map((b) => /** @type {HTMLElement} */ (b));
  const presets = ranges.map((button) => Number(button.dataset.days));
  const names = report.branches.map(([name]) => name);
  let days = 0;

  const apply = () => {
    for (const button of ranges)
      button.setAttribute("aria-pressed", String(Number(button.dataset.days) === days));
    const place = Number(branch.value);
    if (days < 0) {
      choose(place, dateEdge(from.value, false, -Infinity), dateEdge(to.value, true, Infinity));
      return;
    }
    const { builds } = choose(place, ...latestDays(report, place, days));
    if (builds.length === 0) return;
    from.value = formatDay(report.builds.time[builds[0]]);
    to.value = formatDay(report.builds.time[builds[builds.length - 1]]);
  };
  const chosen = () => {
    apply();
    const choice = { branch: names[Number(branch.value)], days, from: from.value, to: to.value };
    const address = addressOf(choice, names[0]);
    try {
      history.replaceState(null, "", address ? `#${address}` : location.pathname + location.search);
    } catch {
      // A page shown inside another may have no address of its own; the view still changes.
    }
  };
  for (const button of ranges) {
    button.addEventListener("click", () => {
      days = Number(button.dataset.days);
      chosen();
    });
  }
  const dated = () => {
    days = -1;
    chosen();
  };
  branch.addEventListener("change", chosen);
  from.addEventListener("change", dated);
  to.addEventListener("change", dated);

  const restore = () => {
    const choice = choiceOf(location.hash, presets);
    if (choice === null) return;
    branch.value = String(Math.max(0, names.indexOf(choice.branch)));
    days = choice.days;
    if (days < 0) [from.value, to.value] = [choice.from, choice.to];
    apply();
  };
  addEventListener("hashchange", restore);
  // A browser may restore what was chosen before a reload; the address alone counts.
  restore();
  if (choiceOf(location.hash, presets) === null) apply();
}

/** Makes the texts of the dates fields for dates, which are dear to make: the first chart does not wait for them. */
export function makeDates() {
  for (const field of document.querySelectorAll(".dates input")) field.setAttribute("type", "date");
}

/** Links within the page go where they lead and leave the address to the view. */
export function bindLinks() {
  document.addEventListener("click", (event) => {
    const anchor = /** @type {Element} */ (event.target).closest?.("a[href^='#']");
    const target = anchor && document.getElementById(anchor.getAttribute("href")?.slice(1) ?? "");
    if (!target || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    target.scrollIntoView();
    target.focus({ preventScroll: true });
  });
}
