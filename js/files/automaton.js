/**
 * Matches texts in time that grows with their length and never explodes: a pattern becomes an automaton whose sets of
 * states are worked out once each and remembered. Knows states, not the spelling of patterns.
 */

import { Failure } from "../failure.js";

/**
 * What a pattern consists of. `one` is a character that a test accepts and never a slash; `any` is any but a slash;
 * `rest` is any, slashes included; `once` is for repeating at least once. Like every wildcard they leave the dot at a segment's start to a literal unless dots
 * are no exception.
 *
 * @typedef {{kind: "text", code: number}
 *   | {kind: "one", accepts: (code: number) => boolean}
 *   | {kind: "any"}
 *   | {kind: "rest"}
 *   | {kind: "sequence", parts: Part[]}
 *   | {kind: "choice", of: Part[]}
 *   | {kind: "repeat", part: Part, wild?: boolean, once?: boolean}
 *   | {kind: "not", part: Part}} Part
 */

/** States in all sets that are remembered, some megabytes; beyond them the memory starts over. */
const REMEMBERED = 50_000;
/** What a set costs beside its states, counted in states. */
const OWN_WEIGHT = 20;
/** Sets of states of an excluded alternative: these cannot be forgotten while a text is read. */
const MOST_EXCLUDED = 1_000;
/** Links from a set to others by characters that are not common. */
const MOST_LINKS = 500;
/** Characters of the longest text that is looked at. No file system has longer paths. */
const LONGEST = 32_768;
const SLASH = 47;
const DOT = 46;

/**
 * @typedef {{kind: "text", code: number, next: number}
 *   | {kind: "one", accepts: (code: number) => boolean, next: number}
 *   | {kind: "rest", next: number}
 *   | {kind: "fork", next: number[], wild: boolean}
 *   | {kind: "not", inner: Automaton, next: number}
 *   | {kind: "end"}} State
 */

/**
 * A set of states that can be reached. An item is a state's number, doubled, plus one where a wildcard that took nothing
 * comes before it; for an excluded alternative it is followed by the number of the set that the alternative is in.
 *
 * @typedef {object} StateSet
 * @property {number} id
 * @property {[item: number, inner: number][]} items
 * @property {boolean} starts whether a segment of the path begins here
 * @property {boolean} accepts
 * @property {(StateSet | undefined)[]} ascii the set after each of the common characters
 * @property {Map<number, StateSet>} others
 */

/** One pattern, ready to be matched: its sets of states are worked out once each, when a text first reaches them. */
export class Automaton {
  #dots;
  /** @type {State[]} */
  #states = [];
  #entry;
  /** @type {Map<string, StateSet>} */
  #known = new Map();
  /** @type {StateSet[]} by their ids */
  #sets = [];
  #keeps;
  #weight = 0;
  /** The sets before the first character: amid a segment, and at its start. @type {(StateSet | undefined)[]} */
  #first = [];
  /** How many sets of states were worked out: what matching has cost beyond one look-up for each character. */
  worked = 0;

  /**
   * @param {Part} part
   * @param {{dots: boolean, keeps?: boolean}} options `dots`: wildcards take the dot at a segment's start; `keeps`: sets
   *   are never forgotten, because others hold their numbers
   */
  constructor(part, { dots, keeps = false }) {
    this.#dots = dots;
    this.#keeps = keeps;
    const end = this.#add({ kind: "end" });
    this.#entry = this.#build(part, end);
  }

  /**
   * Whether the whole text matches.
   *
   * @param {string} text
   * @returns {boolean}
   */
  matches(text) {
    return this.#read(text, false) === "whole";
  }

  /**
   * Whether a path matches, or a directory that it is in does. One walk along the path, however deep it lies.
   *
   * @param {string} path
   * @returns {"whole" | "below" | null} `below`: a directory matches that it is in
   */
  within(path) {
    return this.#read(path, true);
  }

  /** @param {string} text @param {boolean} folders whether a directory that matches ends it */
  #read(text, folders) {
    if (text.length > LONGEST) return null;
    let set = this.start(true);
    for (let at = 0; at < text.length; at++) {
      let code = text.charCodeAt(at);
      if (code >= 0xd800 && code < 0xdc00) {
        code = /** @type {number} */ (text.codePointAt(at));
        if (code > 0xffff) at++;
      }
      if (folders && code === SLASH && set.accepts && at > 0) return "below";
      set = (code < 128 ? set.ascii[code] : set.others.get(code)) ?? this.after(set, code);
      if (set.items.length === 0) return null;
    }
    return set.accepts ? "whole" : null;
  }

  /**
   * The set before the first character.
   *
   * @param {boolean} starts whether a segment of the path begins here
   */
  start(starts) {
    this.#first[Number(starts)] ??= this.#setOf([[this.#entry * 2, -1]], starts);
    return /** @type {StateSet} */ (this.#first[Number(starts)]);
  }

  /** @param {number} id @returns {StateSet} */
  set(id) {
    return /** @type {StateSet} */ (this.#sets[id]);
  }

  /**
   * The set after one more character.
   *
   * @param {StateSet} set
   * @param {number} code a code point
   * @returns {StateSet}
   */
  after(set, code) {
    const known = code < 128 ? set.ascii[code] : set.others.get(code);
    if (known) return known;
    const hidden = set.starts && code === DOT && !this.#dots;
    /** @type {[number, number][]} */
    const items = [];
    for (const [item, inner] of set.items) {
      const state = /** @type {State} */ (this.#states[item >> 1]);
      if (state.kind === "text") {
        if (state.code === code && !(hidden && item & 1)) items.push([state.next * 2, -1]);
      } else if (state.kind === "one") {
        if (!hidden && code !== SLASH && state.accepts(code)) items.push([state.next * 2, -1]);
      } else if (state.kind === "rest") {
        if (!hidden) items.push([state.next * 2, -1]);
      } else if (state.kind === "not" && !hidden && code !== SLASH) {
        items.push([item & ~1, state.inner.after(state.inner.set(inner), code).id]);
      }
    }
    const next = this.#setOf(items, code === SLASH);
    if (code < 128) set.ascii[code] = next;
    else if (set.others.size < MOST_LINKS) set.others.set(code, next);
    return next;
  }

  /**
   * The set that holds these items and all that they lead to without a character.
   *
   * @param {[number, number][]} items an excluded alternative without a set is one that is entered now
   * @param {boolean} starts
   * @returns {StateSet}
   */
  #setOf(items, starts) {
    /** @type {Map<number, [number, number]>} */
    const found = new Map();
    let accepts = false;
    const waiting = [...items];
    while (waiting.length > 0) {
      const reached = /** @type {[number, number]} */ (waiting.pop());
      let [item, inner] = reached;
      // That nothing was taken only counts where a segment starts.
      if (!starts) item &= ~1;
      const state = /** @type {State} */ (this.#states[item >> 1]);
      if (state.kind === "not" && inner === -1) inner = state.inner.start(starts).id;
      // One number for both: texts would take most of the time. Sets of an alternative are fewer than MOST_EXCLUDED.
      const key = item * 2 * MOST_EXCLUDED + inner + 1;
      if (found.has(key)) continue;
      found.set(key, item === reached[0] && inner === reached[1] ? reached : [item, inner]);
      const passed = item & 1;
      if (state.kind === "end") accepts = true;
      else if (state.kind === "fork") {
        for (const next of state.next) waiting.push([next * 2 + (passed || state.wild ? 1 : 0), -1]);
      } else if (state.kind === "not" && !state.inner.set(inner).accepts) {
        waiting.push([state.next * 2 + 1, -1]);
      }
    }
    const key = `${starts ? "/" : ""}${Float64Array.from(found.keys()).sort().join(" ")}`;
    const known = this.#known.get(key);
    if (known) return known;
    this.worked += 1;
    if (this.#keeps && this.#sets.length >= MOST_EXCLUDED) throw tooManifold();
    this.#weight += found.size + OWN_WEIGHT;
    if (this.#weight > REMEMBERED && !this.#keeps) {
      this.#weight = 0;
      this.#known.clear();
      this.#sets = [];
      this.#first = [];
    }
    const others = new Map();
    const set = {
      id: this.#sets.length,
      items: [...found.values()],
      starts,
      accepts,
      ascii: new Array(128),
      others,
    };
    this.#sets.push(set);
    this.#known.set(key, set);
    return set;
  }

  /**
   * Adds the states of a part.
   *
   * @param {Part} part
   * @param {number} next the state that follows it
   * @returns {number} the state that it starts with
   */
  #build(part, next) {
    switch (part.kind) {
      case "text":
        return this.#add({ kind: "text", code: part.code, next });
      case "one":
        return this.#add({ kind: "one", accepts: part.accepts, next });
      case "any":
        return this.#add({ kind: "one", accepts: () => true, next });
      case "rest":
        return this.#add({ kind: "rest", next });
      case "sequence":
        return part.parts.reduceRight((following, each) => this.#build(each, following), next);
      case "choice":
        return this.#add({ kind: "fork", next: part.of.map((each) => this.#build(each, next)), wild: false });
      case "repeat": {
        /** @type {{kind: "fork", next: number[], wild: boolean}} */
        const fork = { kind: "fork", next: [], wild: part.wild ?? false };
        const state = this.#add(fork);
        const again = this.#build(part.part, state);
        fork.next = [again, next];
        return part.once ? again : state;
      }
      case "not": {
        const inner = new Automaton(part.part, { dots: true, keeps: true });
        return this.#add({ kind: "not", inner, next });
      }
    }
  }

  /** @param {State} state */
  #add(state) {
    return this.#states.push(state) - 1;
  }
}

function tooManifold() {
  return new Failure("a pattern excludes more than can be kept track of", {
    type: "collection",
    code: "PATTERN_TOO_COMPLEX",
    hint: "Write it without alternatives inside `!(…)`, or as several patterns with `!` in front.",
  });
}
