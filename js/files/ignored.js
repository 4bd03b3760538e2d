/**
 * Which paths git ignores: `.gitignore` at every level and `.git/info/exclude`. Says nothing about files that
 * are tracked although a rule names them, and reads no user-wide excludes, so that the answer is the same on
 * every machine.
 */

import { lstatSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { Failure } from "../failure.js";
import { slashed } from "./paths.js";
import { readText } from "./read.js";
import { RuleList } from "./rules.js";

/** Bytes of the longest list of rules that is read, as git's own limit. */
const LONGEST = 100 * 1024 * 1024;
/** Where git keeps a directory or its address: short texts. */
const SHORT = 64 * 1024;

/** As git's own default: names differ by case only where the file system says so. */
const FOLD = process.platform === "win32" || process.platform === "darwin";

/**
 * The rules that hold in one directory: those of its own `.gitignore` override those of the directories around it.
 */
export class IgnoreRules {
  #list;
  /** Where the list's rules hold, from where paths start. */
  #folder;
  /** Where paths given to {@link ignores} start, from there. */
  #prefix;
  /** @type {IgnoreRules | null} */
  #outer;

  /**
   * @param {RuleList | null} list
   * @param {{folder: string, prefix: string, outer: IgnoreRules | null}} place each path empty or ending in a slash
   */
  constructor(list, { folder, prefix, outer }) {
    this.#list = list;
    this.#folder = folder;
    this.#prefix = prefix;
    this.#outer = outer;
  }

  /**
   * The rules that come from outside `root`: those of the repository around it, if there is one.
   *
   * @param {string} root an absolute directory
   * @param {(warning: Failure) => void} [warn] hears of lists that are left out
   * @returns {{rules: IgnoreRules, rootIgnored: boolean}}
   */
  static around(root, warn = () => {}) {
    const top = repositoryAround(root);
    if (top === null) return { rules: IgnoreRules.none(), rootIgnored: false };

    const below = slashed(relative(top, root));
    const steps = below === "" ? [] : below.split("/");
    const excludes = join(commonGitFolder(top), "info", "exclude");
    let rules = IgnoreRules.none().and(excludes, "", warn, { links: true });
    let folder = "";
    let rootIgnored = false;
    for (const step of steps) {
      rules = rules.and(join(top, folder, ".gitignore"), folder, warn);
      folder += `${step}/`;
      rootIgnored ||= rules.ignores(folder);
    }
    return { rules: rules.#from(folder), rootIgnored };
  }

  /** No rules yet. */
  static none() {
    return new IgnoreRules(null, { folder: "", prefix: "", outer: null });
  }

  /**
   * These rules and those of the `.gitignore` in `folder`.
   *
   * @param {string} file the `.gitignore`
   * @param {string} folder its directory, below the root of the walk; empty or ending in a slash
   * @param {(warning: Failure) => void} [warn]
   * @param {{links?: boolean}} [options] `links`: it may be a link
   * @returns {IgnoreRules}
   */
  and(file, folder, warn = () => {}, { links = false } = {}) {
    const list = listIn(file, warn, links);
    if (list === null || list.size === 0) return this;
    return new IgnoreRules(list, { folder: this.#prefix + folder, prefix: this.#prefix, outer: this });
  }

  /** The same rules for paths that start in a directory. @param {string} prefix */
  #from(prefix) {
    return new IgnoreRules(this.#list, { folder: this.#folder, prefix, outer: this.#outer });
  }

  /**
   * Whether a path is ignored, provided that the directories above it are not.
   *
   * @param {string} path below the root of the walk; a directory ends in a slash
   * @returns {boolean}
   */
  ignores(path) {
    const isFolder = path.endsWith("/");
    const whole = this.#prefix + (isFolder ? path.slice(0, -1) : path);
    for (let rules = /** @type {IgnoreRules | null} */ (this); rules !== null; rules = rules.#outer) {
      if (rules.#list === null || !whole.startsWith(rules.#folder)) continue;
      const ignored = rules.#list.decide(whole.slice(rules.#folder.length), isFolder);
      if (ignored !== undefined) return ignored;
    }
    return false;
  }
}

/**
 * The rules of one file, if it is there. What is no regular file is no list of rules, for git neither; a directory of that
 * name is nothing to speak of.
 *
 * @param {string} file
 * @param {(warning: Failure) => void} warn
 * @param {boolean} links
 * @returns {RuleList | null}
 * @throws {Failure} where it is there and may not be read: without its rules a number would be wrong
 */
function listIn(file, warn, links) {
  try {
    if (!links && lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink()) {
      warn(leftOut(file, "it is a link, which git does not follow there"));
      return null;
    }
    return new RuleList(readText(file, { limit: LONGEST }), { fold: FOLD });
  } catch (thrown) {
    const failure = Failure.fromSystem(thrown, { type: "collection", doing: "could not read", path: file });
    if (["FILE_MISSING", "FILE_NOT_DIRECTORY", "FILE_IS_DIRECTORY"].includes(failure.code)) return null;
    if (failure.code !== "FILE_NOT_REGULAR" && failure.code !== "FILE_TOO_LARGE") throw failure;
    warn(leftOut(file, failure.message));
    return null;
  }
}

/** @param {string} file @param {string} why */
function leftOut(file, why) {
  return new Failure(`the rules in \`${file}\` do not count: ${why}`, {
    type: "collection",
    code: "GITIGNORE_SKIPPED",
    hint: "Put a regular file there, or remove it.",
  });
}

/**
 * The nearest directory, from `folder` upwards, that holds `.git`.
 *
 * @param {string} folder absolute
 * @returns {string | null}
 */
function repositoryAround(folder) {
  for (let at = folder; ; at = dirname(at)) {
    if (statSync(join(at, ".git"), { throwIfNoEntry: false })) return at;
    if (dirname(at) === at) return null;
  }
}

/**
 * Where the repository keeps what all its worktrees share. In a worktree or submodule `.git` is a file that
 * names its directory.
 *
 * @param {string} top
 * @returns {string}
 */
function commonGitFolder(top) {
  const git = join(top, ".git");
  const named = /^gitdir: (.+)$/m.exec(textOrNothing(git))?.[1];
  if (!named) return git;
  const own = resolve(top, named.trim());
  const common = textOrNothing(join(own, "commondir")).trim();
  return common ? resolve(own, common) : own;
}

/** @param {string} file */
function textOrNothing(file) {
  try {
    return readText(file, { limit: SHORT });
  } catch {
    return "";
  }
}
