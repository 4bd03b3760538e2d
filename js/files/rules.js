/**
 * The rules of one `.gitignore`, as git reads them: which of them decides about a path. Rules are found by the text
 * that they start or end with, so that a path is compared with those few that may match and not with all.
 */

import { globMatcher } from "./glob.js";

/**
 * @typedef {object} Rule
 * @property {boolean} negative
 * @property {boolean} folders whether it is about directories only
 * @property {((text: string) => boolean) | null} test null where the glob is a plain name
 */

/** A list of rules of which the last one that matches decides. */
export class RuleList {
  /** @type {Rule[]} */
  #rules = [];
  /** Those that hold at any depth, by the last part of a path. */
  #names = new Index();
  /** Those that are tied to their directory, by the whole path below it. */
  #paths = new Index();
  #fold;
  /** How many rules were compared with a path so far. */
  compared = 0;

  /**
   * @param {string} text of the file
   * @param {{fold?: boolean}} [options] `fold`: upper and lower case are the same
   */
  constructor(text, { fold = false } = {}) {
    this.#fold = fold;
    for (const line of text.replace(/^\uFEFF/, "").split("\n")) this.#add(trimmed(line.replace(/\r$/, "")));
  }

  /** How many rules there are. */
  get size() {
    return this.#rules.length;
  }

  /**
   * @param {string} path below the directory of the rules, without a slash at its end
   * @param {boolean} isFolder
   * @returns {boolean | undefined} whether it is ignored; undefined where no rule is about it
   */
  decide(path, isFolder) {
    const text = this.#fold ? path.toLowerCase() : path;
    const name = text.slice(text.lastIndexOf("/") + 1);
    /** @type {number[]} */
    const candidates = [];
    this.#names.find(name, candidates);
    const tied = candidates.length;
    this.#paths.find(text, candidates);
    if (candidates.length === 0) return undefined;
    const isTied = new Set(candidates.slice(tied));
    // The later rule overrides the earlier one.
    for (const at of candidates.sort((a, b) => b - a)) {
      const rule = /** @type {Rule} */ (this.#rules[at]);
      if (rule.folders && !isFolder) continue;
      this.compared += 1;
      if (rule.test === null || rule.test(isTied.has(at) ? text : name)) return !rule.negative;
    }
    return undefined;
  }

  /** @param {string} line */
  #add(line) {
    if (line === "" || line.startsWith("#")) return;
    const negative = line.startsWith("!");
    let glob = negative ? line.slice(1) : line;
    const folders = glob.endsWith("/");
    if (folders) glob = glob.slice(0, -1);
    const isTied = glob.includes("/");
    if (glob.startsWith("/")) glob = glob.slice(1);
    if (glob === "") return;
    if (this.#fold) glob = glob.toLowerCase();
    const plain = !/[*?[\\]/.test(glob);
    const at = this.#rules.length;
    this.#rules.push({ negative, folders, test: plain ? null : lazily(glob) });
    (isTied ? this.#paths : this.#names).add(glob, plain, at);
  }
}

/** A test that is only made when it is first asked for. @param {string} glob @returns {(text: string) => boolean} */
function lazily(glob) {
  /** @type {((text: string) => boolean) | undefined} */
  let test;
  // Most rules are about other names: a part that has to be there shows that without an automaton.
  const pieces = /[[\\]/.test(glob) ? [] : glob.split(/[*?]+/).map((piece) => piece.replace(/^\/|\/$/g, ""));
  const needed = pieces.reduce((longest, piece) => (piece.length > longest.length ? piece : longest), "");
  return (text) => {
    if (!text.includes(needed)) return false;
    test ??= globMatcher(glob, { dots: true, dialect: "git" });
    return test(text);
  };
}

/** The line without spaces at its end; one after a backslash stays. @param {string} line */
function trimmed(line) {
  let end = line.length;
  while (end > 0 && line[end - 1] === " ") end--;
  if (end === line.length) return line;
  let slashes = 0;
  while (line[end - 1 - slashes] === "\\") slashes++;
  return line.slice(0, end + (slashes % 2));
}

/** Numbers of rules, by the text that what they match equals, starts with or ends with. */
class Index {
  /** @type {Map<string, number[]>} */
  #whole = new Map();
  /** By the length of the text. @type {Map<number, Map<string, number[]>>} */
  #starts = new Map();
  /** @type {Map<number, Map<string, number[]>>} */
  #ends = new Map();
  /** @type {number[]} */
  #others = [];

  /** @param {string} glob @param {boolean} plain @param {number} at */
  add(glob, plain, at) {
    if (plain) return listIn(this.#whole, glob).push(at);
    const start = /^[^*?[\\]+/.exec(glob)?.[0] ?? "";
    if (start !== "") return listIn(byLength(this.#starts, start), start).push(at);
    // Behind `**` a slash may match no directory at all; a class may hold any character.
    const end = glob.includes("[") || glob.includes("\\") ? "" : (/[^*?]*$/.exec(glob)?.[0] ?? "");
    const sure = end.replace(/^\//, "");
    if (sure !== "") return listIn(byLength(this.#ends, sure), sure).push(at);
    return this.#others.push(at);
  }

  /** @param {string} text @param {number[]} candidates is added to */
  find(text, candidates) {
    const whole = this.#whole.get(text);
    if (whole) candidates.push(...whole);
    for (const [length, known] of this.#starts) {
      const list = length <= text.length ? known.get(text.slice(0, length)) : undefined;
      if (list) for (const at of list) candidates.push(at);
    }
    for (const [length, known] of this.#ends) {
      const list = length <= text.length ? known.get(text.slice(text.length - length)) : undefined;
      if (list) for (const at of list) candidates.push(at);
    }
    for (const at of this.#others) candidates.push(at);
  }
}

/** @param {Map<string, number[]>} map @param {string} key */
function listIn(map, key) {
  const known = map.get(key);
  if (known) return known;
  /** @type {number[]} */
  const list = [];
  map.set(key, list);
  return list;
}

/** @param {Map<number, Map<string, number[]>>} map @param {string} text */
function byLength(map, text) {
  const known = map.get(text.length);
  if (known) return known;
  /** @type {Map<string, number[]>} */
  const made = new Map();
  map.set(text.length, made);
  return made;
}
