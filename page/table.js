// The data table behind a chart, for the view. It is made when it is opened, newest build first, a page
// of rows at a time. The markup has one for readers without scripts only: a page of ten charts would
// wait for thousands of cells that few ever open.

import { commitAddress, runAddress, shortCommit } from "./data.js";
import { apart, element, link } from "./element.js";
import { formatCount, formatMinute, formatValue } from "./format.js";

/** Rows shown at first and added by each press of the button. */
const PAGE = 100;

/**
 * A metric's value in words.
 * @param {import("./data.js").Metric} metric
 * @param {number} build
 */
export function valueText(metric, build) {
  const value = metric.values()[build];
  if (value === null || value === undefined) return "\u2013";
  return metric.kind === "label" ? metric.labels[value] : formatValue(value, metric.unit);
}

/**
 * @param {Element} panel
 * @param {import("./data.js").Report} report
 * @param {string} title the chart's
 * @param {import("./data.js").Metric[]} metrics
 * @param {import("./view.js").View} view
 */
export function showTable(panel, report, title, metrics, view) {
  const details = /** @type {HTMLDetailsElement|null} */ (panel.querySelector("details.data"));
  if (!details) return;
  let filled = false;
  const fill = () => {
    if (!details.open || filled) return;
    filled = true;
    const columns = metrics.filter((metric) => metric.kind !== "missing");
    const builds = view.builds.filter((build) =>
      columns.some((metric) => (metric.values()[build] ?? null) !== null),
    );
    builds.reverse();
    const caption = element("caption", "");
    const body = element("tbody", "");
    const table = element("table", "", caption, head(metrics), body);
    const scroll = element("div", "scroll", table);
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", `Data of ${title}`);
    const more = element("button", "more", "Show more");
    more.setAttribute("type", "button");
    const add = () => {
      const start = body.childElementCount;
      body.append(...builds.slice(start, start + PAGE).map((build) => row(report, metrics, build)));
      const shown = body.childElementCount;
      const total = formatCount(builds.length, "build");
      caption.textContent = shown < builds.length ? `The latest ${shown} of ${total}` : total;
      if (shown >= builds.length) more.remove();
    };
    more.addEventListener("click", add);
    details.replaceChildren(/** @type {Element} */ (details.firstElementChild), scroll, more);
    add();
  };
  details.ontoggle = fill;
  fill();
}

/** @param {import("./data.js").Metric[]} metrics */
function head(metrics) {
  const cell = (/** @type {string} */ name, className = "") => {
    const made = element("th", className, name);
    made.setAttribute("scope", "col");
    return made;
  };
  const values = metrics.map((metric) => cell(metric.name, "value"));
  return element("thead", "", element("tr", "", cell("Time (UTC)"), cell("Commit"), cell("Run"), ...values));
}

/**
 * @param {import("./data.js").Report} report
 * @param {import("./data.js").Metric[]} metrics
 * @param {number} build
 */
function row(report, metrics, build) {
  const { builds } = report;
  const commit = builds.commit(build);
  const run = builds.run(build);
  return element(
    "tr",
    "",
    element("td", "", formatMinute(builds.time[build])),
    element("td", "", link(shortCommit(commit), commitAddress(report, commit))),
    element("td", "", link(`#${builds.number()[build] ?? ""}`, runAddress(report, run))),
    ...metrics.map((metric) => element("td", "value", apart(valueText(metric, build)))),
  );
}
