// What users download and what a local run reads.

import fs from "node:fs";
import path from "node:path";
import zlib from "node:zlib";
import { root } from "../../scripts/setup.js";
import { alone, megabytes, size } from "../timing.js";

/** What `unentropy track` with a local history reads. */
const LOADED = ["cli.js", "unentropy.wasm"];

export function measure() {
  const dist = path.join(root, "dist");
  const bytes = (/** @type {string} */ name) => fs.statSync(path.join(dist, name)).size;
  const sum = (/** @type {string[]} */ names) => names.map(bytes).reduce((a, b) => a + b, 0);
  const compressed = zlib.brotliCompressSync(fs.readFileSync(path.join(dist, "unentropy.wasm")));
  return {
    method: "Bytes on disk; 1 MB is a million bytes.",
    rows: [
      size("the engine, unentropy.wasm", bytes("unentropy.wasm"), 1.2),
      alone("the same, brotli", megabytes(compressed.length)),
      size("all of dist/", sum(fs.readdirSync(dist)), 4),
      size(`what a local run loads (${LOADED.join(", ")})`, sum(LOADED), 1.6),
    ],
  };
}
