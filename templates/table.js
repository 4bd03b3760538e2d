// The data table behind a chart, for the view. Rows are made when the table is opened, newest
// first, a page of them at a time.

import { commitAddress, runAddress, shortCommit } from "./data.js";
import { element, link } from "./element.js";
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
 * @param {import("./data.js").Metric[]} metrics
 * @param {import("./view.js").View} view
 */
export function showTable(panel, report, metrics, view) {
  const details = /** @type {HTMLDetailsElement|null} */ (panel.querySelector("details.data"));
  const body = details?.querySelector("tbody");
  if (!details || !body) return;
  let filled = false;
  const fill = () => {
    if (!details.open || filled) return;
    filled = true;
    const columns = metrics.filter((metric) => metric.kind !== "missing");
    const builds = view.builds.filter((build) =>
      columns.some((metric) => (metric.values()[build] ?? null) !== null),
    );
    builds.reverse();
    body.replaceChildren();
    details.querySelector("button")?.remove();
    const more = element("button", "more", "Show more");
    more.setAttribute("type", "button");
    const add = () => {
      const start = body.childElementCount;
      body.append(...builds.slice(start, start + PAGE).map((build) => row(report, metrics, build)));
      const shown = body.childElementCount;
      const total = formatCount(builds.length, "build");
      const caption = details.querySelector("caption");
      if (caption) caption.textContent = shown < builds.length ? `The latest ${shown} of ${total}` : total;
      if (shown >= builds.length) more.remove();
    };
    more.addEventListener("click", add);
    details.append(more);
    add();
  };
  details.ontoggle = fill;
  fill();
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
    ...metrics.map((metric) => element("td", "value", valueText(metric, build))),
  );
}
