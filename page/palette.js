// The theme's colours as the canvas needs them, and the switch between light, dark and what the
// system says. The colours themselves are declared by the style sheet.

const MODES = ["auto", "light", "dark"];
const KEY = "unentropy-mode";

/** @type {Record<string, string>} */
let colours = {};

/** Reads the colours again, after a change of mode or medium. */
export function refreshColours() {
  const style = getComputedStyle(document.documentElement);
  colours = {};
  for (const name of [
    "bg",
    "surface-card",
    "border",
    "border-soft",
    "text",
    "text-dim",
    "text-muted",
    "accent",
    "warn",
  ]) {
    colours[name] = style.getPropertyValue(`--${name}`).trim();
  }
  for (let index = 1; index <= SERIES; index += 1)
    colours[`s${index}`] = style.getPropertyValue(`--s${index}`).trim();
}

/** The number of line colours. */
export const SERIES = 8;

/** A theme variable's value, named without its dashes. @param {string} name */
export function colour(name) {
  return colours[name] ?? "";
}

/** The colour of the line or state at `index`, from 0. @param {number} index */
export function seriesColour(index) {
  return colour(`s${(index % SERIES) + 1}`);
}

/** Puts the reader's earlier choice of mode in force, as early as the script runs. */
export function restoreMode() {
  try {
    const mode = localStorage.getItem(KEY);
    if (mode !== null && MODES.includes(mode)) document.documentElement.dataset.mode = mode;
  } catch {
    // Storage may be closed to pages opened from a file; the configured mode stays.
  }
}

/**
 * Makes the button step through the modes.
 * @param {HTMLElement} button
 * @param {() => void} changed called after each change of colours, whatever caused it
 */
export function bindMode(button, changed) {
  const root = document.documentElement;
  const name = () => {
    const mode = root.dataset.mode ?? "auto";
    button.textContent = mode[0].toUpperCase() + mode.slice(1);
    button.setAttribute("aria-label", `Colours: ${mode}`);
  };
  name();
  button.addEventListener("click", () => {
    const mode = MODES[(MODES.indexOf(root.dataset.mode ?? "auto") + 1) % MODES.length];
    root.dataset.mode = mode;
    try {
      localStorage.setItem(KEY, mode);
    } catch {
      // Not remembered, then.
    }
    name();
    changed();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}
