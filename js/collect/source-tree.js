// The repository's files, as far as the sources of reports need them: those that lie where a report's names say are looked up
// one by one, and only names that lead nowhere have all files listed, once. Which file a name means is the engine's to say.

import fs from "node:fs";
import path from "node:path";
import { native } from "../files/names.js";
import { slashed, startOf } from "../files/paths.js";
import { walk } from "../files/walk.js";
import { trackedFiles } from "./tracked-files.js";

/** @import { FileList, OpenReport } from "../engine/types.js" */

/** More names than this are looked up in a list of all files. */
const MOST_LOOKS = 20_000;

/** The files around one configuration. */
export class SourceTree {
  #directory;
  #root;
  #home;
  /** @type {string[] | undefined} */
  #all;

  /** @param {string} directory the configuration's, absolute */
  constructor(directory) {
    const start = slashed(path.resolve(directory));
    this.#directory = start;
    this.#root = repositoryOf(start) ?? start;
    this.#home = start === this.#root ? "" : start.slice(startOf(this.#root).length);
  }

  /**
   * The files that decide where the sources of reports are.
   * @param {readonly OpenReport[]} reports
   * @returns {FileList}
   */
  around(reports) {
    const found = new Set();
    let known = reports.every(({ elsewhere }) => !elsewhere);
    let left = MOST_LOOKS;
    for (const { directories, names } of reports) {
      left -= names.length;
      if (left < 0) {
        known = false;
        break;
      }
      for (const name of names) {
        let anywhere = false;
        for (const directory of directories) {
          const file = path.posix.join(this.#directory, directory, name);
          if (!this.#holdsStart(directory, name) || !isFile(file)) continue;
          anywhere = true;
          if (file.startsWith(startOf(this.#root))) found.add(file.slice(startOf(this.#root).length));
        }
        known &&= anywhere;
      }
    }
    const files = known ? [...found] : [...new Set([...this.#list(), ...found])];
    return { root: this.#root, home: this.#home, files };
  }

  /** Whether directories have an entry of that name. @type {Map<string, boolean>} */
  #starts = new Map();

  /**
   * Whether the first part of a name is in the directory: most directories around a report can be left out by that.
   * @param {string} directory
   * @param {string} name
   */
  #holdsStart(directory, name) {
    const first = path.posix.join(this.#directory, directory, name.split("/", 1)[0]);
    let holds = this.#starts.get(first);
    if (holds === undefined) {
      holds = fs.existsSync(native(first));
      this.#starts.set(first, holds);
    }
    return holds;
  }

  /** All files: those that git tracks; where it tracks none of the configuration's directory, those that it would not ignore. */
  #list() {
    if (this.#all) return this.#all;
    const tracked = trackedFiles(this.#root);
    const home = this.#home === "" ? "" : startOf(this.#home);
    if (tracked?.some((file) => file.startsWith(home))) {
      this.#all = tracked;
    } else {
      this.#all = walk(this.#directory, { ignoreFiles: true }).files.map((file) => home + file);
    }
    return this.#all;
  }
}

/**
 * The root of the repository around a directory.
 * @param {string} directory absolute, with forward slashes
 * @returns {string | undefined}
 */
function repositoryOf(directory) {
  for (let folder = directory; ; folder = path.posix.dirname(folder)) {
    if (fs.existsSync(native(`${startOf(folder)}.git`))) return folder;
    if (path.posix.dirname(folder) === folder) return undefined;
  }
}

/** @param {string} file */
function isFile(file) {
  try {
    return fs.statSync(native(file), { throwIfNoEntry: false })?.isFile() ?? false;
  } catch {
    // A name that no file can have, or one below a file.
    return false;
  }
}
