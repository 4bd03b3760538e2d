/**
 * The spelling of one glob: wildcards, classes, alternatives. Turns it into what it matches; which files a list of globs
 * names is decided elsewhere. No pattern, however written, takes more than time that grows with the path.
 *
 * Two dialects: `shell` has `{a,b}`, `{1..9}` and `@(a|b)` with its kin; `git` is that of `.gitignore`, where an unclosed
 * class or a backslash at the end matches nothing.
 */

import { Automaton } from "./automaton.js";

/** @import { Part } from "./automaton.js" */

/**
 * @typedef {object} GlobOptions
 * @property {boolean} [dots] wildcards match a leading dot
 * @property {"shell" | "git"} [dialect] `shell` unless given
 * @property {boolean} [fold] upper and lower case are the same
 */

/** Numbers that `{1..9}` expands to at most; a longer range is text. */
const LONGEST_RANGE = 10_000;
/** How deep alternatives are taken for such; deeper ones are text. */
const DEEPEST = 100;

/**
 * A test of whole paths.
 *
 * @param {string} glob
 * @param {GlobOptions} [options]
 * @returns {(path: string) => boolean}
 */
export function globMatcher(glob, options = {}) {
  const automaton = globAutomaton(glob, options);
  if (automaton === null) return () => false;
  return options.fold ? (path) => automaton.matches(path.toLowerCase()) : (path) => automaton.matches(path);
}

/**
 * Compiles a glob.
 *
 * @param {string} glob
 * @param {GlobOptions} [options]
 * @returns {Automaton | null} null where nothing matches
 */
export function globAutomaton(glob, { dots = false, dialect = "shell", fold = false } = {}) {
  const parser = new Parser(fold ? glob.toLowerCase() : glob, dialect);
  const part = parser.sequence(0);
  return parser.broken ? null : new Automaton(part, { dots });
}

const ANY = /** @type {Part} */ ({ kind: "any" });
const STAR = /** @type {Part} */ ({ kind: "repeat", part: ANY, wild: true });
const SLASH = /** @type {Part} */ ({ kind: "text", code: 47 });
/** `**` and a slash: any number of segments. */
const SEGMENTS = /** @type {Part} */ ({
  kind: "repeat",
  part: { kind: "sequence", parts: [{ kind: "repeat", part: ANY, once: true }, SLASH] },
});
/** The same where the first segment may have started before it. */
const GIT_SEGMENTS = /** @type {Part} */ ({
  kind: "repeat",
  part: { kind: "sequence", parts: [{ kind: "repeat", part: ANY }, SLASH] },
});
const REST = /** @type {Part} */ ({ kind: "repeat", part: { kind: "rest" } });

class Parser {
  #glob;
  #at = 0;
  #isShell;
  /** The closing character of the group that is read, the innermost last. @type {string[]} */
  #groups = [];
  /** Where each group ends. @type {Map<number, number> | undefined} */
  #ends;
  broken = false;

  /** @param {string} glob @param {"shell" | "git"} dialect */
  constructor(glob, dialect) {
    this.#glob = Array.from(glob);
    this.#isShell = dialect === "shell";
  }

  /**
   * Everything up to the end of the group.
   *
   * @param {number} depth
   * @returns {Part}
   */
  sequence(depth) {
    /** @type {Part[]} */
    const parts = [];
    const closing = this.#groups.at(-1);
    while (this.#at < this.#glob.length) {
      const character = this.#glob[this.#at];
      if (closing !== undefined && (character === closing || character === (closing === ")" ? "|" : ",")))
        break;
      parts.push(this.#part(character, depth));
    }
    return { kind: "sequence", parts };
  }

  /** @param {string} character @param {number} depth @returns {Part} */
  #part(character, depth) {
    const opens = this.#isShell && this.#glob[this.#at + 1] === "(";
    if (opens && "@?*+!".includes(character)) {
      const part = this.#group(this.#at + 1, ")", depth);
      if (part) return quantified(character, part);
    }
    if (character === "*") return this.#stars();
    if (character === "?") return this.#took(1, ANY);
    if (character === "[") {
      const found = classAt(this.#glob, this.#at);
      if (found) return this.#took(found.length, { kind: "one", accepts: found.accepts });
      if (!this.#isShell) this.broken = true;
    }
    if (this.#isShell && character === "(") {
      const part = this.#group(this.#at, ")", depth);
      if (part) return part;
    }
    if (this.#isShell && character === "{") {
      const part = this.#range() ?? (this.#hasComma() ? this.#group(this.#at, "}", depth) : null);
      if (part) return part;
    }
    if (character === "\\") {
      const next = this.#glob[this.#at + 1];
      if (next !== undefined) return this.#took(2, text(next));
      if (!this.#isShell) this.broken = true;
    }
    return this.#took(1, text(character));
  }

  /**
   * `*`, or `**` that is a segment of its own.
   *
   * @returns {Part}
   */
  #stars() {
    const from = this.#at;
    do this.#at++;
    while (this.#glob[this.#at] === "*" && !(this.#isShell && this.#glob[this.#at + 1] === "("));
    if (this.#at - from < 2) return STAR;
    const before = this.#glob[from - 1];
    const after = this.#glob[this.#at];
    const begins =
      before === undefined || before === "/" || (this.#groups.length > 0 && "{,(|".includes(before));
    // Git compares what comes before the first wildcard by itself, and takes what follows for a pattern of its own.
    const isFirst =
      !this.#isShell && !this.#glob.slice(0, from).some((character) => "*?[\\".includes(character));
    if (!begins && !isFirst) return STAR;
    if (after === "/") return this.#took(1, this.#isShell ? SEGMENTS : GIT_SEGMENTS);
    const ends = after === undefined || (this.#groups.length > 0 && "},)|".includes(after));
    return ends ? REST : STAR;
  }

  /**
   * Alternatives in parentheses or braces.
   *
   * @param {number} from where the group opens
   * @param {")" | "}"} closing
   * @param {number} depth
   * @returns {Part | null} null where it is none
   */
  #group(from, closing, depth) {
    this.#ends ??= groupEnds(this.#glob);
    if (depth >= DEEPEST || !this.#ends.has(from)) return null;
    this.#at = from + 1;
    this.#groups.push(closing);
    /** @type {Part[]} */
    const of = [];
    for (;;) {
      of.push(this.sequence(depth + 1));
      if (this.#glob[this.#at++] === closing || this.#at > this.#glob.length) break;
    }
    this.#groups.pop();
    return { kind: "choice", of };
  }

  /** Whether the brace that opens here holds alternatives. */
  #hasComma() {
    this.#ends ??= groupEnds(this.#glob);
    const end = this.#ends.get(this.#at) ?? this.#at;
    for (let at = this.#at + 1; at < end; at++) {
      if (this.#glob[at] === "\\") at++;
      else if (this.#glob[at] === ",") return true;
      else if (this.#ends.has(at)) at = /** @type {number} */ (this.#ends.get(at));
    }
    return false;
  }

  /** `{1..9}` or `{a..f}`. @returns {Part | null} */
  #range() {
    const ahead = this.#glob.slice(this.#at, this.#at + 30).join("");
    const numbers = /^\{(-?\d{1,9})\.\.(-?\d{1,9})\}/.exec(ahead);
    if (numbers) {
      const [low, high] = [Number(numbers[1]), Number(numbers[2])].sort((a, b) => a - b);
      if (high - low >= LONGEST_RANGE) return null;
      const padded = [numbers[1], numbers[2]].filter((n) => /^-?0\d/.test(n));
      const width = Math.max(0, ...padded.map((n) => n.length));
      const spelled = (/** @type {number} */ n) =>
        n < 0 ? `-${String(-n).padStart(width - 1, "0")}` : String(n).padStart(width, "0");
      const of = Array.from({ length: high - low + 1 }, (_, n) => word(spelled(low + n)));
      return this.#took(numbers[0].length, { kind: "choice", of });
    }
    const letters = /^\{([a-zA-Z])\.\.([a-zA-Z])\}/.exec(ahead);
    if (!letters) return null;
    const [low, high] = [letters[1].charCodeAt(0), letters[2].charCodeAt(0)].sort((a, b) => a - b);
    return this.#took(letters[0].length, { kind: "one", accepts: (code) => code >= low && code <= high });
  }

  /** @param {number} characters @param {Part} part */
  #took(characters, part) {
    this.#at += characters;
    return part;
  }
}

/** @param {string} character @returns {Part} */
const text = (character) => ({ kind: "text", code: /** @type {number} */ (character.codePointAt(0)) });

/** @param {string} letters @returns {Part} */
const word = (letters) => ({ kind: "sequence", parts: Array.from(letters, text) });

/** @param {string} sign @param {Part} part @returns {Part} */
function quantified(sign, part) {
  switch (sign) {
    case "?":
      return { kind: "choice", of: [part, word("")] };
    case "*":
      return { kind: "repeat", part };
    case "+":
      return { kind: "repeat", part, once: true };
    case "!":
      return { kind: "not", part };
    default:
      return part;
  }
}

/**
 * Where the groups of a glob end, by where they open. One that is not closed is none.
 *
 * @param {string[]} glob
 * @returns {Map<number, number>}
 */
function groupEnds(glob) {
  const ends = new Map();
  /** @type {{closing: string, from: number}[]} */
  const open = [];
  for (let at = 0; at < glob.length; at++) {
    const character = glob[at];
    if (character === "\\") at++;
    else if (character === "[") at += (classAt(glob, at)?.length ?? 1) - 1;
    else if (character === "(" || character === "{") {
      open.push({ closing: character === "(" ? ")" : "}", from: at });
    } else if (character === ")" || character === "}") {
      const last = open.findLastIndex(({ closing }) => closing === character);
      if (last !== -1) ends.set(open.splice(last)[0].from, at);
    }
  }
  return ends;
}

/** @type {Readonly<Record<string, RegExp>>} */
const NAMED = Object.freeze({
  alnum: /[a-z0-9]/i,
  alpha: /[a-z]/i,
  blank: /[ \t]/,
  cntrl: /[^ -~\u0080-\u{10ffff}]/u,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[\t-\r ]/,
  upper: /[A-Z]/,
  xdigit: /[0-9a-f]/i,
});

/**
 * A class such as `[a-z]`, `[!0-9]` or `[[:alpha:]_]`.
 *
 * @param {string[]} glob
 * @param {number} from where it opens
 * @returns {{length: number, accepts: (code: number) => boolean} | null} null where it does not close, or names no class
 */
function classAt(glob, from) {
  let at = from + 1;
  const negative = glob[at] === "!" || glob[at] === "^";
  if (negative) at++;
  /** @type {[number, number][]} */
  const ranges = [];
  /** @type {RegExp[]} */
  const named = [];
  for (const first = at; ; ) {
    let character = glob[at];
    if (character === undefined) return null;
    if (character === "]" && at > first) break;
    if (character === "[" && glob[at + 1] === ":") {
      const end = glob.indexOf(":", at + 2);
      if (end !== -1 && glob[end + 1] === "]") {
        const name = NAMED[glob.slice(at + 2, end).join("")];
        if (name === undefined) return null;
        named.push(name);
        at = end + 2;
        continue;
      }
    }
    if (character === "\\") character = glob[++at];
    if (character === undefined) return null;
    const low = /** @type {number} */ (character.codePointAt(0));
    let high = low;
    if (glob[at + 1] === "-" && glob[at + 2] !== undefined && glob[at + 2] !== "]") {
      at += glob[at + 2] === "\\" ? 3 : 2;
      if (glob[at] === undefined) return null;
      high = /** @type {number} */ (glob[at].codePointAt(0));
    }
    ranges.push([low, high]);
    at++;
  }
  const isIn = (/** @type {number} */ code) =>
    ranges.some(([low, high]) => code >= low && code <= high) ||
    (named.length > 0 && named.some((name) => name.test(String.fromCodePoint(code))));
  return { length: at - from + 1, accepts: (code) => isIn(code) !== negative };
}
