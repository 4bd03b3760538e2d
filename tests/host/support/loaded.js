// Which files of dist/ a program loads, threads included. Node reports it itself, beside the coverage that nobody reads.

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT } from "./project.js";

const DIST = path.join(ROOT, "dist");

/**
 * @template T
 * @param {(env: NodeJS.ProcessEnv) => Promise<T>} run runs the program, with these variables besides
 * @returns {Promise<{result: T, loaded: string[]}>} `loaded`: names in dist/, sorted
 */
export async function loadedBy(run) {
  const notes = fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-loaded-"));
  try {
    const result = await run({ NODE_V8_COVERAGE: notes });
    const urls = fs
      .readdirSync(notes)
      .flatMap((name) => JSON.parse(fs.readFileSync(path.join(notes, name), "utf8")).result)
      .map((/** @type {{url: string}} */ { url }) => url)
      .filter((/** @type {string} */ url) => url.startsWith("file:"));
    const files = [...new Set(urls.map((url) => fileURLToPath(url)))];
    const loaded = files.filter((file) => path.dirname(file) === DIST).map((file) => path.basename(file));
    return { result, loaded: loaded.sort() };
  } finally {
    fs.rmSync(notes, { recursive: true, force: true });
  }
}
