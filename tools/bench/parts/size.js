// What users download and what a local run reads.

import fs from "node:fs";
import path from "node:path";
import zlib from "node:zlib";
import { root } from "../../setup.js";
import { alone, megabytes, size } from "../timing.js";

/**
 * A file of dist/ and those it imports at once; what is loaded on demand is not among them.
 * @param {string} dist
 * @param {string} name
 * @param {Set<string>} [found]
 */
function withImports(dist, name, found = new Set()) {
  if (found.has(name)) return found;
  found.add(name);
  const text = fs.readFileSync(path.join(dist, name), "utf8");
  for (const [, imported] of text.matchAll(/(?:from|import)"\.\/([\w-]+\.js)"/g))
    withImports(dist, imported, found);
  return found;
}

export function measure() {
  const dist = path.join(root, "dist");
  const bytes = (/** @type {string} */ name) => fs.statSync(path.join(dist, name)).size;
  const sum = (/** @type {string[]} */ names) => names.map(bytes).reduce((a, b) => a + b, 0);
  // The command line and the command are loaded on demand.
  const scripts = [
    ...["cli.js", "cli-main.js", "cli-track.js"].reduce(
      (found, name) => withImports(dist, name, found),
      /** @type {Set<string>} */ (new Set()),
    ),
  ];
  const compressed = zlib.brotliCompressSync(fs.readFileSync(path.join(dist, "engine.wasm")));
  return {
    method: "Bytes on disk; 1 MB is a million bytes.",
    rows: [
      size("the engine, engine.wasm", bytes("engine.wasm"), 1.2),
      alone("the same, brotli", megabytes(compressed.length)),
      alone("the parsers, parsers.wasm", megabytes(bytes("parsers.wasm"))),
      size("all of dist/", sum(fs.readdirSync(dist)), 4),
      size(
        "what a local run loads (the scripts of `track`, engine.wasm, the report's files)",
        sum([...scripts, "engine.wasm", "page.css", "page.js"]),
        1.6,
      ),
    ],
  };
}
