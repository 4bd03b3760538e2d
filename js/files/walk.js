/**
 * Lists the files below a directory, quickly and in a fixed order. Never enters `.git`, does not follow links
 * to directories, opens no file except `.gitignore`. What the files are wanted for is decided elsewhere.
 */

import { statSync } from "node:fs";
import { resolve } from "node:path";
import { errnoOf, Failure } from "../failure.js";
import { IgnoreRules } from "./ignored.js";
import { entriesOf, native, realNative } from "./names.js";
import { slashed, startOf } from "./paths.js";

/**
 * @typedef {object} Walked
 * @property {string} root the directory without links, absolute, with forward slashes
 * @property {string[]} files relative to the root, with forward slashes, sorted by code unit; each real file
 *   of the tree once
 * @property {Map<string, string>} links those of `files` that are symbolic links, with the real path of each
 */

/**
 * Lists every file below `root`.
 *
 * A link to a file counts as that file, unless the file is listed under its own name already. Links that lead
 * nowhere, sockets, pipes and devices are not files. Several hard links to one file are several files.
 *
 * @param {string} root a directory
 * @param {object} [options]
 * @param {boolean} [options.ignoreFiles] leave out what git ignores. A root that is itself ignored was named on
 *   purpose: then only the rules inside it hold.
 * @param {(folder: string) => boolean} [options.enter] asked before entering a directory, given as relative path
 * @param {(file: string) => void} [options.seen] hears of each file, but for links, as soon as it is found; given as
 *   relative path
 * @param {(warning: Failure) => void} [options.warn] hears of lists of rules that do not count
 * @returns {Walked}
 * @throws {Failure} `COLLECTOR_MISSING` when there is no such directory, the errno's code when a directory
 *   cannot be read
 */
export function walk(root, { ignoreFiles = false, enter, seen, warn } = {}) {
  const folder = resolve(root);
  let real;
  try {
    real = slashed(realNative(folder));
  } catch (thrown) {
    throw unreadable(thrown, root, true);
  }

  /** @type {string[]} */
  const files = [];
  /** @type {Map<string, string>} */
  const links = new Map();
  /** @type {string[]} */
  const linked = [];
  const start = startOf(real);

  /** @type {(path: string, rules: IgnoreRules | null) => void} */
  const visit = (path, rules) => {
    let entries;
    try {
      entries = entriesOf(start + path);
    } catch (thrown) {
      // A directory that went away while its parent was listed has no files; the root has to be there.
      if (path !== "" && errnoOf(thrown) === "ENOENT") return;
      throw unreadable(thrown, start + path, path === "");
    }
    let here = rules;
    if (here && entries.some((entry) => entry.name === ".gitignore" && !entry.isDirectory())) {
      here = here.and(`${start}${path}.gitignore`, path, warn);
    }
    for (const entry of entries) {
      const name = path + entry.name;
      if (entry.isFile()) {
        if (here?.ignores(name)) continue;
        files.push(name);
        seen?.(name);
      } else if (entry.isDirectory()) {
        if (entry.name === ".git" || here?.ignores(`${name}/`) || enter?.(name) === false) continue;
        visit(`${name}/`, here);
      } else if (entry.isSymbolicLink() && !here?.ignores(name)) {
        linked.push(name);
      }
    }
  };

  /** @type {IgnoreRules | null} */
  let rules = null;
  if (ignoreFiles) {
    const around = IgnoreRules.around(real, warn);
    rules = around.rootIgnored ? IgnoreRules.none() : around.rules;
  }
  visit("", rules);

  if (linked.length > 0) {
    const known = new Set(files.map((file) => start + file));
    for (const link of linked.sort()) {
      const target = realFile(start + link);
      if (target === null || known.has(target)) continue;
      known.add(target);
      links.set(link, target);
      files.push(link);
    }
  }
  return { root: real, files: files.sort(), links };
}

/**
 * The real path of the regular file that `path` leads to.
 *
 * @param {string} path
 * @returns {string | null} null when it leads to anything else, or nowhere
 */
export function realFile(path) {
  try {
    return statSync(native(path)).isFile() ? slashed(realNative(path)) : null;
  } catch (thrown) {
    if (["ENOENT", "ENOTDIR", "ELOOP"].includes(errnoOf(thrown) ?? "")) return null;
    throw unreadable(thrown, path, false);
  }
}

/**
 * @param {unknown} thrown
 * @param {string} path
 * @param {boolean} isRoot
 */
function unreadable(thrown, path, isRoot) {
  return Failure.fromSystem(thrown, {
    type: "collection",
    code: isRoot && errnoOf(thrown) === "ENOENT" ? "COLLECTOR_MISSING" : undefined,
    doing: "could not list",
    path,
  });
}
