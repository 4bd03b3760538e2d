// Whether a change itself brings a file that the gate is about to trust, by what git has of its path in the change and on
// the base branch. A history in the work tree proves nothing where the change can put another one there: by
// committing it, or by turning a folder on the way into a link or another repository.

import fs from "node:fs";
import path from "node:path";
import { Failure } from "../failure.js";
import { below, realPath } from "../files/paths.js";
import { commitOf, repositoryAround, treeEntries } from "./git.js";

/** @import { TreeEntry } from "./git.js" */

/** As many links are followed on the way to a file; more than any system does. */
const MOST_LINKS = 64;
const FOLDER = "040000";

/**
 * @typedef {object} Commits
 * @property {string} root the repository's folder
 * @property {string} head the commit whose files are here
 * @property {string[]} trusted ids of commits of the base branch, or its name; what is as it is in one of them is not the
 *   change's doing
 * @property {{treeEntries: (tree: string) => Promise<TreeEntry[] | null>} | null} remote asked for what the clone does not
 *   have
 *
 * @typedef {{path: string, known: boolean}} Brought `path` is what the change brings, with `/`, relative to the repository:
 *   the file, or the link or repository on the way to it. Where neither git nor GitHub says so, it is not `known`
 */

/**
 * What the change itself brings of a file: the file, or a link or repository on the way to it.
 *
 * @param {string} file absolute
 * @param {Commits} commits
 * @returns {Promise<Brought | null>} null where it is not the change's, or there is no such file
 */
export async function broughtByChange(file, { root, head, trusted, remote }) {
  if (!fs.existsSync(file)) return null;
  const trees = new Trees(root, remote);
  const roots = [...new Set([root, realPath(root)])];
  let at = path.resolve(file);
  for (let links = 0; links <= MOST_LINKS; links++) {
    const led = await step(at);
    if (led === null || typeof led !== "string") return led;
    at = led;
  }
  return { path: shown(at), known: false };

  /**
   * Goes down a path to its end, or to the first link.
   * @param {string} place absolute
   * @returns {Promise<Brought | string | null>} a text is where the link leads to
   */
  async function step(place) {
    const { root: top } = path.parse(place);
    const parts = place.slice(top.length).split(path.sep);
    for (let depth = 1; depth <= parts.length; depth++) {
      const prefix = path.join(top, ...parts.slice(0, depth));
      const inside = roots.map((folder) => below(folder, prefix)).find((found) => found !== null);
      if (inside !== undefined && inside !== null) {
        const brought = await isBrought(inside);
        if (brought) return brought;
      }
      const stats = fs.lstatSync(prefix, { throwIfNoEntry: false });
      if (stats === undefined) return null;
      if (stats.isSymbolicLink()) {
        const target = path.resolve(path.dirname(prefix), fs.readlinkSync(prefix));
        return path.join(target, ...parts.slice(depth));
      }
    }
    return null;
  }

  /** @param {string} inside @returns {Promise<Brought | null>} */
  async function isBrought(inside) {
    const own = await trees.entry(head, inside);
    if (own === null) return { path: inside, known: false };
    if (own === "none" || own.mode === FOLDER) return null;
    let known = trusted.length > 0;
    for (const commit of trusted) {
      const theirs = await trees.entry(commit, inside);
      if (theirs === null) known = false;
      else if (theirs !== "none" && kind(theirs) === kind(own) && theirs.object === own.object) return null;
    }
    return { path: inside, known };
  }

  /** @param {string} place */
  function shown(place) {
    return below(root, place) ?? place;
  }
}

/**
 * The repository that a file is in: the one that is judged, or a second checkout of the change in its work tree.
 *
 * @param {string} file absolute
 * @param {string} root of the repository that is judged
 * @param {(string | null | undefined)[]} heads the commits that the change may be checked out as
 * @returns {Promise<{root: string, head?: string}>} without a commit where git does not say which is checked out
 */
export async function checkoutAround(file, root, heads) {
  const nearest = repositoryAround(path.dirname(file));
  if (nearest !== null && nearest !== root) {
    const head = await commitOf(nearest, "HEAD");
    if (head !== null && heads.includes(head)) return { root: nearest, head };
  }
  const head = await commitOf(root, "HEAD");
  return head === null ? { root } : { root, head };
}

/**
 * Why a history is not used that the change brings.
 * @param {string} file of the history, as it is shown
 * @param {Brought} brought
 * @returns {{problem: string, failure: Failure}}
 */
export function historyOfChange(file, { path: own, known }) {
  const problem = known
    ? own === file
      ? `this change adds or alters the file \`${file}\``
      : `it is at \`${file}\`, and this change adds or alters \`${own}\``
    : `whether this change brings \`${file}\` is not known: neither git nor GitHub says what it has at \`${own}\``;
  const failure = new Failure(`the history was not used: ${problem}`, {
    type: "gate",
    code: "HISTORY_OF_CHANGE",
    hint:
      "Keep the history where no pull request can put a file: in a store, in an artifact, or in a file that git " +
      "ignores. One that is committed must be as it is on the base branch.",
  });
  return { problem, failure };
}

/** Whether an entry is a file, a link or another repository; the rights of a file do not matter. @param {TreeEntry} entry */
const kind = ({ mode }) => mode.slice(0, 2);

/** The folders of commits, each asked for once. */
class Trees {
  #root;
  #remote;
  /** @type {Map<string, Promise<TreeEntry[] | null>>} */
  #known = new Map();

  /**
   * @param {string} root
   * @param {Commits["remote"]} remote
   */
  constructor(root, remote) {
    this.#root = root;
    this.#remote = remote;
  }

  /**
   * What a commit has at a path, or at the first part of it that is no folder.
   * @param {string} commit
   * @param {string} inside with `/`
   * @returns {Promise<TreeEntry | "none" | null>} null where neither git nor GitHub says
   */
  async entry(commit, inside) {
    const parts = inside.split("/");
    let tree = commit;
    for (let depth = 0; ; depth++) {
      const entries = await this.#entries(tree);
      if (entries === null) return null;
      const folder = path.join(this.#root, ...parts.slice(0, depth));
      const found = named(entries, parts[depth], folder);
      if (found === undefined) return "none";
      if (found.mode !== FOLDER || depth === parts.length - 1) return found;
      tree = found.object;
    }
  }

  /** @param {string} tree */
  #entries(tree) {
    const known = this.#known.get(tree);
    if (known) return known;
    const asking = this.#ask(tree);
    this.#known.set(tree, asking);
    return asking;
  }

  /** @param {string} tree @returns {Promise<TreeEntry[] | null>} */
  async #ask(tree) {
    // A branch's name is GitHub's to read: here it could be anything.
    const here = /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(tree) ? await treeEntries(this.#root, tree) : null;
    return here ?? (await this.#remote?.treeEntries(tree)) ?? null;
  }
}

/**
 * The entry that a name opens. File systems may take names for the same that git does not: by case, or by how letters are
 * composed.
 *
 * @param {TreeEntry[]} entries
 * @param {string} name
 * @param {string} folder where they lie
 */
function named(entries, name, folder) {
  const exact = entries.find((entry) => entry.name === name);
  if (exact) return exact;
  const opened = identity(path.join(folder, name));
  if (opened === null) return undefined;
  return entries.find((entry) => identity(path.join(folder, entry.name)) === opened);
}

/** @param {string} file */
function identity(file) {
  const stats = fs.lstatSync(file, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? null : `${stats.dev}:${stats.ino}`;
}
