/**
 * Which paths git ignores: `.gitignore` at every level and `.git/info/exclude`. Says nothing about files that
 * are tracked although a rule names them, and reads no user-wide excludes, so that the answer is the same on
 * every machine.
 */

import { readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import ignore from "ignore";
import { errnoOf, Failure } from "../failure.js";
import { slashed } from "./paths.js";

/**
 * The rules that hold in one directory. A directory with a `.gitignore` of its own gets a new set that starts
 * with its parent's: one ordered list in which the last match wins is what git's precedence comes to.
 */
export class IgnoreRules {
  #matcher;
  /** The place of paths given to {@link ignores} below the directory that the rules are written from. */
  #prefix;

  /**
   * @param {import("ignore").Ignore | null} matcher
   * @param {string} prefix empty or ending in a slash
   */
  constructor(matcher, prefix) {
    this.#matcher = matcher;
    this.#prefix = prefix;
  }

  /**
   * The rules that come from outside `root`: those of the repository around it, if there is one.
   *
   * @param {string} root an absolute directory
   * @returns {{rules: IgnoreRules, rootIgnored: boolean}}
   */
  static around(root) {
    const top = repositoryAround(root);
    if (top === null) return { rules: IgnoreRules.none(), rootIgnored: false };

    const below = slashed(relative(top, root));
    const steps = below === "" ? [] : below.split("/");
    const matcher = newMatcher();
    let any = addFile(matcher, join(commonGitFolder(top), "info", "exclude"), "");
    let folder = "";
    for (const step of steps) {
      any = addFile(matcher, join(top, folder, ".gitignore"), folder) || any;
      folder += `${step}/`;
    }
    const rules = new IgnoreRules(any ? matcher : null, folder);
    return { rules, rootIgnored: any && folder !== "" && matcher.ignores(folder) };
  }

  /** No rules yet. */
  static none() {
    return new IgnoreRules(null, "");
  }

  /**
   * These rules and those of the `.gitignore` in `folder`.
   *
   * @param {string} file the `.gitignore`
   * @param {string} folder the directory it stands in, below the root of the walk; empty or ending in a slash
   * @returns {IgnoreRules}
   */
  and(file, folder) {
    const matcher = newMatcher();
    if (this.#matcher) matcher.add(this.#matcher);
    return addFile(matcher, file, this.#prefix + folder) ? new IgnoreRules(matcher, this.#prefix) : this;
  }

  /**
   * @param {string} path below the root of the walk; a directory ends in a slash
   * @returns {boolean}
   */
  ignores(path) {
    return this.#matcher?.ignores(this.#prefix + path) ?? false;
  }
}

function newMatcher() {
  // As git's own default: names differ by case only where the file system says so.
  return ignore({ ignorecase: process.platform === "win32" || process.platform === "darwin" });
}

/**
 * Adds the rules of one file, if it is there.
 *
 * @param {import("ignore").Ignore} matcher
 * @param {string} file
 * @param {string} folder where the rules hold, from where the matcher's paths start
 * @returns {boolean} whether there was any rule
 */
function addFile(matcher, file, folder) {
  let text;
  try {
    text = readFileSync(file, "utf8");
  } catch (thrown) {
    // A directory of that name is no list of rules, for git neither.
    if (["ENOENT", "ENOTDIR", "EISDIR"].includes(errnoOf(thrown) ?? "")) return false;
    throw Failure.fromSystem(thrown, { type: "collection", doing: "could not read", path: file });
  }
  const rules = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((line) => ruleFrom(line, folder));
  matcher.add(rules);
  return rules.length > 0;
}

/**
 * A rule written in `folder`, rewritten to mean the same from the top.
 *
 * @param {string} line
 * @param {string} folder empty or ending in a slash
 * @returns {string}
 */
function ruleFrom(line, folder) {
  if (folder === "") return line;
  const negative = line.startsWith("!");
  const body = negative ? line.slice(1) : line;
  // Only a slash before the end ties a rule to its directory; without one it holds at any depth below.
  const slash = body.trimEnd().indexOf("/");
  const tied = slash !== -1 && slash < body.trimEnd().length - 1;
  const place = folder.replace(/[\\*?[\]!# ]/g, "\\$&");
  return `${negative ? "!" : ""}/${place}${tied ? body.replace(/^\//, "") : `**/${body}`}`;
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
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
