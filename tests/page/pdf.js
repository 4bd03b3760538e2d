// Reads where a PDF that Chromium printed has lines: enough of the format for what its drawing library writes.

import { inflateSync } from "node:zlib";

/** @typedef {[number, number, number, number, number, number]} Matrix */

/** The matrix that does `first` and then `second`. @param {Matrix} first @param {Matrix} second @returns {Matrix} */
const both = ([a, b, c, d, e, f], [g, h, i, j, k, l]) => [
  a * g + b * i,
  a * h + b * j,
  c * g + d * i,
  c * h + d * j,
  e * g + f * i + k,
  e * h + f * j + l,
];

/**
 * How far to the right the lines of a document reach, and how wide its paper is, in points. Every stream begins with the
 * whole matrix to its page, so that each can be read by itself.
 * @param {Buffer} pdf
 */
export function reachOf(pdf) {
  const text = pdf.toString("latin1");
  const width = Number(/\/MediaBox \[0 0 ([\d.]+)/.exec(text)?.[1]);
  let right = 0;
  for (const { index, 0: start } of text.matchAll(/\/FlateDecode[^>]*>>\s*stream\r?\n/g)) {
    const from = index + start.length;
    const content = inflateSync(pdf.subarray(from, text.indexOf("endstream", from))).toString("latin1");
    if (!/^[-\d. ]+ cm$/m.test(content)) continue;
    /** @type {Matrix} */
    let now = [1, 0, 0, 1, 0, 0];
    /** @type {Matrix[]} */
    const held = [];
    for (const line of content.split("\n")) {
      const words = line.trim().split(/\s+/);
      const what = words.pop();
      const numbers = words.map(Number);
      if (what === "q") held.push(now);
      if (what === "Q") now = held.pop() ?? now;
      if (what === "cm") now = both(/** @type {Matrix} */ (numbers), now);
      if (what === "m" || what === "l")
        right = Math.max(right, numbers[0] * now[0] + numbers[1] * now[2] + now[4]);
    }
  }
  return { right, width };
}
