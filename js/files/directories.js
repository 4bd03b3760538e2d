// Creates a directory with those above it. Node's own recursive creation never ends where the system answers that a
// directory which is there does not exist, as below /proc.

import fs from "node:fs";
import path from "node:path";
import { errnoOf } from "../failure.js";
import { targetOf } from "./target.js";

/**
 * Creates a directory with those above it.
 *
 * @param {string} directory absolute
 * @returns {boolean} whether it was not there before
 * @throws {NodeJS.ErrnoException} what the system said
 */
export function makeDirectories(directory) {
  /** @type {string[]} */
  const missing = [];
  for (let at = directory; !isDirectory(at); at = path.dirname(at)) {
    missing.push(at);
    if (path.dirname(at) === at) break;
  }
  for (const next of missing.reverse()) {
    try {
      fs.mkdirSync(next);
    } catch (error) {
      // Somebody else may have been quicker.
      if (errnoOf(error) !== "EEXIST") throw error;
      if (isDirectory(next)) continue;
      // A link to a directory that is not there yet stays one.
      const { path: target, stats } = targetOf(next);
      if (stats !== null) throw Object.assign(new Error("a file"), { code: "ENOTDIR", cause: error });
      makeDirectories(target);
    }
  }
  return missing.length > 0;
}

/** @param {string} path */
const isDirectory = (path) => fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
