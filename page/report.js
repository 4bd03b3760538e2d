// The report page's script: reads the data, binds the controls, and keeps cards, charts and tables
// in step with what the reader chose. Sequence only; the work is done by the modules beside it.

import { showCards, showFacts } from "./cards.js";
import { bindControls, bindLinks, makeDates } from "./controls.js";
import { readReport } from "./data.js";
import { bindMode, refreshColours, restoreMode } from "./palette.js";
import { makePanel } from "./panel.js";
import { forgetZoom } from "./plot.js";
import { viewOf } from "./view.js";

/** @param {string} id */
const byId = (id) => document.getElementById(id);

/** Longer than this the page does not wait for its data before it shows the rest, in milliseconds. */
const PATIENCE = 250;

/** About the width of a page of A4 or Letter between its margins, in pixels. */
const PAPER = 720;

const root = document.documentElement;
const present = () => root.classList.remove("loading");

restoreMode();
root.classList.add("scripting", "loading", "early");
setTimeout(present, PATIENCE);
document.addEventListener("DOMContentLoaded", start);

function start() {
  present();
  const report = readReport(byId("data")?.textContent ?? "");
  refreshColours();
  /** @type {ReturnType<typeof makePanel>[]} */
  const panels = [];
  const repaint = () => {
    refreshColours();
    for (const panel of panels) panel.repaint();
  };
  bindLinks();
  if (report.builds.count === 0) {
    root.classList.remove("early");
    bindMode(/** @type {HTMLElement} */ (byId("mode")), repaint);
    return;
  }

  let view = viewOf(report, 0, -Infinity, Infinity);
  // The markup shows the first branch's whole range already.
  let marked = true;
  const elements = [...document.querySelectorAll(".panel")];
  const add = (/** @type {Element} */ element) => {
    const panel = makePanel(element, report, () => view);
    panel.show(marked);
    panels.push(panel);
  };
  const choose = (/** @type {number} */ branch, /** @type {number} */ from, /** @type {number} */ to) => {
    if (marked && branch === 0 && from === -Infinity && to === Infinity) return view;
    marked = false;
    view = viewOf(report, branch, from, to);
    forgetZoom();
    showFacts(report, view);
    showCards(report, view);
    for (const panel of panels) panel.show(false);
    return view;
  };
  let finished = false;
  const finish = () => {
    if (finished) return;
    finished = true;
    root.classList.remove("early");
    bindMode(/** @type {HTMLElement} */ (byId("mode")), repaint);
    bindControls(report, choose);
    for (const element of elements.slice(panels.length)) add(element);
    setTimeout(makeDates);
  };
  // Paper gets every chart, in light colours and with texts of the size that paper is read at, whatever the window's
  // width; the style sheet fits the charts into the page.
  addEventListener("beforeprint", () => {
    finish();
    for (const panel of panels) {
      panel.draw();
      panel.fit(PAPER);
    }
  });
  addEventListener("afterprint", () => {
    for (const panel of panels) panel.fit(null);
  });
  matchMedia("print").addEventListener("change", repaint);

  // An address may choose another view. Else the first chart is drawn without waiting for a frame, where it is seen at
  // once, and all else is made when that is on the screen.
  if (location.hash !== "") finish();
  else if (elements.length > 0) {
    add(elements[0]);
    if (elements[0].getBoundingClientRect().top < innerHeight) panels[0].draw();
  }
  requestAnimationFrame(() => requestAnimationFrame(finish));
}
