// Takes a chart's data and picture out of the page: CSV of the builds in view, PNG of what is drawn.

import { element } from "./element.js";
import { colour, seriesColour } from "./palette.js";

/**
 * @param {import("./data.js").Report} report
 * @param {import("./view.js").View} view
 * @param {number[]} shown the builds of the view that the charts show
 * @param {import("./data.js").Metric[]} metrics
 */
export function csvOf(report, view, shown, metrics) {
  const { builds } = report;
  const columns = metrics.filter((metric) => metric.kind !== "missing");
  const lines = [["time", "commit", "run", "branch", ...columns.map((metric) => text(metric.id))]];
  for (const build of shown) {
    const values = columns.map((metric) => metric.values()[build] ?? null);
    if (values.every((value) => value === null)) continue;
    lines.push([
      new Date(builds.time[build]).toISOString(),
      text(builds.commit(build)),
      text(builds.run(build)),
      text(report.branches[view.branch][0]),
      ...values.map((value, index) =>
        value === null
          ? ""
          : columns[index].kind === "label"
            ? text(columns[index].labels[value])
            : String(value),
      ),
    ]);
  }
  return lines.map((line) => `${line.map(quoted).join(",")}\r\n`).join("");
}

/**
 * The beginning of a formula, after blanks that a spreadsheet passes over: `=`, `+`, `-`, `@`, in the full-width, small
 * and superscript forms that are read as these too, and the minus sign.
 */
const FORMULA =
  "(?=[\\s\\ufeff]*[-=+@\\uff1d\\uff0b\\uff0d\\uff20\\ufe66\\ufe62\\ufe63\\ufe6b\\u207a\\u207b\\u207c\\u2212])";
const LEADING = new RegExp(`^(?:${FORMULA}|(?=[\\t\\r\\n]))`);

/** After what ends a cell in some countries' files, whose programs know no quotes within a cell. */
const INNER = new RegExp(`(\\r\\n|[;\\t\\r\\n])${FORMULA}`, "g");

/** Text that a spreadsheet would take for a formula gets an apostrophe. @param {string} cell */
const text = (cell) => cell.replace(INNER, "$1'").replace(LEADING, "'");

/** As RFC 4180 writes a field. @param {string} cell */
const quoted = (cell) => (/[",;\t\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

const MARGIN = 16;
const LINE = 22;

/**
 * The charts below each other, under their title and the lines' names.
 * @param {string} title
 * @param {string[]} names of the lines, in their order; a hidden one's is empty
 * @param {HTMLCanvasElement[]} charts
 */
export function pictureOf(title, names, charts) {
  const ratio = devicePixelRatio;
  const head = (MARGIN + LINE * (names.length > 1 ? 2 : 1)) * ratio;
  const picture = document.createElement("canvas");
  picture.width = Math.max(...charts.map((chart) => chart.width));
  picture.height = head + charts.reduce((height, chart) => height + chart.height, 0) + MARGIN * ratio;
  const ctx = /** @type {CanvasRenderingContext2D} */ (picture.getContext("2d"));
  const font = getComputedStyle(document.body).fontFamily;
  ctx.fillStyle = colour("surface-card");
  ctx.fillRect(0, 0, picture.width, picture.height);
  ctx.fillStyle = colour("text");
  ctx.font = `600 ${15 * ratio}px ${font}`;
  ctx.fillText(title, MARGIN * ratio, (MARGIN + 8) * ratio);
  ctx.font = `${12 * ratio}px ${font}`;
  let x = MARGIN * ratio;
  for (const [index, name] of names.length > 1 ? names.entries() : []) {
    if (name === "") continue;
    ctx.fillStyle = seriesColour(index);
    ctx.fillText("\u25cf", x, (MARGIN + 8 + LINE) * ratio);
    ctx.fillStyle = colour("text-dim");
    ctx.fillText(name, x + 14 * ratio, (MARGIN + 8 + LINE) * ratio);
    x += ctx.measureText(name).width + 34 * ratio;
  }
  let y = head;
  for (const chart of charts) {
    ctx.drawImage(chart, 0, y);
    y += chart.height;
  }
  return picture;
}

/** @param {string} name @param {Blob|null} blob */
export function download(name, blob) {
  if (blob === null) return;
  const anchor = /** @type {HTMLAnchorElement} */ (element("a", ""));
  anchor.href = URL.createObjectURL(blob);
  anchor.download = name;
  anchor.click();
  // The browser reads the blob after the click has returned.
  setTimeout(() => URL.revokeObjectURL(anchor.href), 10_000);
}

/** A title as a file's name. @param {string} title */
export const fileName = (title) =>
  title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(0, 60) || "chart";
