// Code lines of JavaScript and TypeScript files by the tokens of @babel/parser: one path a line on standard input, a path
// and a number a line on standard output. The white space between elements of JSX is none of code. Files that it does not
// read without an error are left out. Run with NODE_PATH where @babel/parser is installed.

import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(path.join(process.env.NODE_PATH ?? ".", "x.js"));
const parser = "@babel/parser";
const { parse } = require(parser);

for (const file of fs.readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const lines = codeLines(file);
  if (lines !== undefined) process.stdout.write(`${file}\t${lines}\n`);
}

/** @param {string} file */
function codeLines(file) {
  const text = fs.readFileSync(file, "utf8").replace(/^\ufeff/, "");
  const typed = /\.[mc]?tsx?$/.test(file);
  const jsx = !/\.[mc]?ts$/.test(file);
  for (const sourceType of ["module", "script"]) {
    for (const flavor of typed ? ["typescript"] : [undefined, "flow"]) {
      let parsed;
      try {
        parsed = parse(text, {
          sourceType,
          tokens: true,
          allowReturnOutsideFunction: true,
          allowSuperOutsideMethod: true,
          allowUndeclaredExports: true,
          allowAwaitOutsideFunction: true,
          allowNewTargetOutsideFunction: true,
          plugins: [...(jsx ? ["jsx"] : []), ...(flavor ? [flavor] : []), "decorators-legacy"],
        });
      } catch {
        continue;
      }
      return count(text, parsed.tokens);
    }
  }
  return undefined;
}

/** @param {string} text @param {any[]} tokens */
function count(text, tokens) {
  /** @type {number[]} */
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  /** @param {number} at */
  const lineOf = (at) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= at) low = middle;
      else high = middle;
    }
    return low;
  };
  const code = new Set();
  for (const token of tokens) {
    const label = typeof token.type === "string" ? token.type : token.type.label;
    if (/^Comment/.test(label) || token.start === token.end) continue;
    const last = lineOf(token.end - 1);
    for (let line = lineOf(token.start); line <= last; line++) {
      const part = text.slice(
        Math.max(starts[line], token.start),
        Math.min(starts[line + 1] ?? text.length, token.end),
      );
      if (label !== "jsxText" || /\S/.test(part)) code.add(line);
    }
  }
  return code.size;
}
