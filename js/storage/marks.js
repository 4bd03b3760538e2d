/**
 * What the name of a journal's entry says of its builds, so that an entry need not be fetched whose builds the history
 * holds already: which builds they are, with a digest of each value, or of all of them where there is no room for each. A
 * build of the same run with other or further values is not held.
 */

import { createHash } from "node:crypto";

/** @import { RecordChange } from "./change.js" */
/** @import { EngineHistory } from "./contract.js" */

/**
 * A build as a mark describes it.
 *
 * @typedef {object} BuildMark
 * @property {string} commit the first digits of the commit
 * @property {string} build a digest of commit and run
 * @property {string[]} values digests of the metrics with their values
 * @property {string} whole instead of them, a digest of all values that the build has; else empty
 */

/** @typedef {{salt: string, builds: BuildMark[]}} Marks `salt`: what the digests of values were made with */

/** Digits of the commit, by which builds are looked up. */
const COMMIT = 8;
/** Characters of the digests, of six bits each: enough that no two that have to differ are the same by chance. */
const BUILD = 12;
const VALUE = 6;
const WHOLE = 11;

/** @param {string[]} parts @param {number} characters */
function digest(parts, characters) {
  return createHash("sha256").update(parts.join("\0")).digest("base64url").slice(0, characters);
}

/** @param {string} commit @param {string} run */
const digestOfBuild = (commit, run) => digest([commit, run], BUILD);

/**
 * @param {string} salt
 * @param {readonly {metric: {id: string}, value: unknown}[]} values
 * @returns {string[]} in no order that says anything
 */
function digestsOfValues(salt, values) {
  return values.map(({ metric, value }) =>
    // A negative zero is stored as zero.
    digest([salt, metric.id, typeof value, String(value === 0 ? 0 : value)], VALUE),
  );
}

/** @param {string} salt @param {readonly string[]} values digests */
const digestOfAll = (salt, values) => digest([salt, ...[...values].sort()], WHOLE);

/**
 * The mark of an entry that holds these builds.
 *
 * @param {readonly RecordChange[]} builds
 * @param {string} salt of this entry: equal values have other digests in another one
 * @param {number} room characters
 * @returns {string} of letters, digits, `.`, `-` and `_`; empty where there is no mark
 */
export function marked(builds, salt, room) {
  if (!builds.every(({ context }) => /^[0-9a-f]{40,64}$/.test(context.commitSha))) return "";
  const parts = builds.map(({ context: { commitSha, runId }, metrics }) => ({
    head: commitSha.slice(0, COMMIT) + digestOfBuild(commitSha, runId),
    values: digestsOfValues(salt, metrics),
  }));
  const texts = [
    parts.map(({ head, values }) => head + values.join("")).join("."),
    parts.map(({ head, values }) => head + digestOfAll(salt, values)).join("."),
  ];
  return texts.find((text) => text.length <= room) ?? "";
}

/**
 * Reads the mark of an entry.
 *
 * @param {string} text as {@link marked} gave it
 * @param {string} salt
 * @returns {Marks | null} null for what is none
 */
export function readMarks(text, salt) {
  /** @type {BuildMark[]} */
  const builds = [];
  for (const part of text.split(".")) {
    const [, commit, build, digits] = /^([0-9a-f]{8})([\w-]{12})([\w-]*)$/.exec(part) ?? [];
    if (commit === undefined) return null;
    const whole = digits.length === WHOLE ? digits : "";
    if (!whole && digits.length % VALUE !== 0) return null;
    builds.push({ commit, build, values: whole ? [] : (digits.match(/.{6}/g) ?? []), whole });
  }
  return { salt, builds };
}

/** The builds of a history as it is now, for being looked up by marks. */
export class Holdings {
  #history;
  /** @type {Map<string, {id: number, commitSha: string, runId: string}[]> | null} */
  #byCommit = null;

  /** @param {EngineHistory} history */
  constructor(history) {
    this.#history = history;
  }

  /** @param {Marks | null} marks @returns {boolean} whether the history has every build with every value */
  hold(marks) {
    return marks?.builds.every((mark) => this.#has(mark, marks.salt)) ?? false;
  }

  /** @param {BuildMark} mark @param {string} salt */
  #has({ commit, build, values, whole }, salt) {
    if (!this.#byCommit) {
      this.#byCommit = new Map();
      for (const each of this.#history.builds()) {
        const digits = each.commitSha.slice(0, COMMIT);
        const others = this.#byCommit.get(digits);
        if (others) others.push(each);
        else this.#byCommit.set(digits, [each]);
      }
    }
    const found = this.#byCommit
      .get(commit)
      ?.find(({ commitSha, runId }) => digestOfBuild(commitSha, runId) === build);
    if (!found) return false;
    const held = digestsOfValues(salt, this.#history.valuesByBuildId(found.id));
    return whole ? digestOfAll(salt, held) === whole : values.every((value) => held.includes(value));
  }
}
