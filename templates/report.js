// The report page's script: reads the data, binds the controls, and keeps cards, charts and tables
// in step with what the reader chose. Sequence only; the work is done by the modules beside it.

import { showCards, showFacts } from "./cards.js";
import { bindControls, bindLinks } from "./controls.js";
import { readReport } from "./data.js";
import { bindMode, refreshColours, restoreMode } from "./palette.js";
import { makePanel } from "./panel.js";
import { forgetZoom } from "./plot.js";
import { viewOf } from "./view.js";

/** @param {string} id */
const byId = (id) => document.getElementById(id);

restoreMode();
document.documentElement.classList.add("scripting");
document.addEventListener("DOMContentLoaded", start);

function start() {
  const report = readReport(byId("data")?.textContent ?? "");
  refreshColours();
  bindLinks();
  if (report.builds.count === 0) {
    bindMode(/** @type {HTMLElement} */ (byId("mode")), refreshColours);
    return;
  }
  let view = viewOf(report, 0, -Infinity, Infinity);
  const panels = [...document.querySelectorAll(".panel")].map((panel) =>
    makePanel(panel, report, () => view),
  );
  const repaint = () => {
    refreshColours();
    for (const panel of panels) panel.repaint();
  };
  bindMode(/** @type {HTMLElement} */ (byId("mode")), repaint);
  bindPrint(panels, repaint);
  let first = true;
  bindControls(report, (branch, from, to) => {
    // The markup shows the first branch's whole range already.
    const marked = first && branch === 0 && from === -Infinity && to === Infinity;
    if (!marked) {
      view = viewOf(report, branch, from, to);
      forgetZoom();
      showFacts(report, view);
      showCards(report, view);
    }
    first = false;
    for (const panel of panels) panel.show(marked);
    return view;
  });
  // What the reader sees at once need not wait for the first frame.
  const top = document.querySelector(".panel")?.getBoundingClientRect().top ?? Infinity;
  if (top < innerHeight) panels[0].draw();
}

/**
 * Paper gets every chart, in light colours.
 * @param {{draw: () => void}[]} panels
 * @param {() => void} repaint
 */
function bindPrint(panels, repaint) {
  addEventListener("beforeprint", () => {
    for (const panel of panels) panel.draw();
  });
  matchMedia("print").addEventListener("change", repaint);
}
