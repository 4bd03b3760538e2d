// Makes elements. User text enters the page here, as text and never as markup.

/**
 * @param {string} name
 * @param {string} className
 * @param {...(Node|string)} children strings become text
 */
export function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/**
 * A user's text within a line: its direction and its neighbours' do not meet.
 * @param {string} text
 * @param {string} [className]
 */
export function apart(text, className = "") {
  return element("bdi", className, text);
}

/**
 * A link, or plain text where there is no address.
 * @param {string} text
 * @param {string|null} address
 */
export function link(text, address) {
  if (address === null) return apart(text);
  const made = /** @type {HTMLAnchorElement} */ (element("a", "", text));
  made.href = address;
  made.rel = "noopener noreferrer";
  return made;
}

/**
 * @param {string} name
 * @param {Record<string, string|number>} attributes
 */
export function drawing(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

/**
 * A change as it is written: an arrow, figures, and what the colour says in a word.
 * @param {string} name of the element
 * @param {string} className
 * @param {{verdict: string, arrow: string, text: string, meaning: string}} change
 */
export function changed(name, className, { verdict, arrow, text, meaning }) {
  const mark = element("span", "", arrow);
  mark.setAttribute("aria-hidden", "true");
  return element(name, `${className} ${verdict}`.trim(), mark, ` ${text} ${meaning}`.trimEnd());
}

/** The key of a line: a piece of it in its colour and dashes. @param {number} index from 0 */
export function stroke(index) {
  return element("i", `k${(index % 8) + 1}`);
}

/** The key of a legend: a dot in a series' colour. @param {number} index from 0 */
export function dot(index) {
  return element("i", `f${(index % 8) + 1}`);
}
