// What an option is called by the reader of a message: a flag on the command line, an input in a workflow, a property in a
// program, a key where the configuration gave it.

import { ROWS } from "./options.js";

/** @import { Option, OptionName } from "./options.js" */

/** @typedef {"flag" | "input" | "property"} Caller */

const BY_NAME = new Map(ROWS.map((row) => [row.name, row]));

/** The row of an option. @param {OptionName} name @returns {Option} */
export const optionOf = (name) => /** @type {Option} */ (BY_NAME.get(name));

/** How one caller's options are called. */
export class Spelling {
  #caller;
  #configured;
  #own;

  /**
   * @param {Caller} caller
   * @param {object} [circumstances]
   * @param {Iterable<string>} [circumstances.configured] names of options whose value the configuration gave
   * @param {Readonly<Record<string, string>>} [circumstances.own] names that stand for an option in this call, such as
   *   `INTO` for `db`
   */
  constructor(caller, { configured = [], own = {} } = {}) {
    this.#caller = caller;
    this.#configured = new Set(configured);
    this.#own = own;
  }

  /**
   * The same caller, where the configuration gave these options.
   * @param {Iterable<string>} configured
   */
  configuredBy(configured) {
    return new Spelling(this.#caller, { configured, own: this.#own });
  }

  /**
   * The same caller, in a call where other names stand for options.
   * @param {Readonly<Record<string, string>>} own
   */
  named(own) {
    return new Spelling(this.#caller, { configured: this.#configured, own: { ...this.#own, ...own } });
  }

  /**
   * What an option is called: `--s3-region`, `s3-region`, `s3Region` or `storage.s3.region`; its first environment
   * variable where the caller has no name for it.
   *
   * @param {OptionName} name
   * @returns {string}
   */
  name(name) {
    return this.#face(name).name;
  }

  /**
   * The same with the kind of thing that it is, such as "the flag `--s3-region`".
   * @param {OptionName} name
   */
  described(name) {
    const face = this.#face(name);
    return `the ${face.noun} \`${face.name}\``;
  }

  /**
   * The same with the environment variable behind it, such as "`s3-access-key-id` (or `AWS_ACCESS_KEY_ID`)".
   * @param {OptionName} name
   */
  orVariable(name) {
    const { name: called } = this.#face(name);
    const variable = optionOf(name).variables?.[0];
    return variable === undefined || variable === called
      ? `\`${called}\``
      : `\`${called}\` (or \`${variable}\`)`;
  }

  /**
   * An option with a value, as the caller writes it: `--s3-addressing path`, `s3-addressing: path`.
   *
   * @param {OptionName} name
   * @param {string} value
   */
  set(name, value) {
    const { name: called, noun } = this.#face(name);
    const { kind } = optionOf(name);
    if (noun === "flag") return kind === "flag" ? called : `${called} ${value}`;
    if (noun !== "property") return `${called}: ${value}`;
    return `${called}: ${kind === "flag" || kind === "whole" ? value : JSON.stringify(value)}`;
  }

  /** @param {string} name @returns {{name: string, noun: string}} */
  #face(name) {
    if (Object.hasOwn(this.#own, name)) return { name: this.#own[name], noun: "argument" };
    const row = BY_NAME.get(name);
    if (row?.key && this.#configured.has(name)) return { name: row.key.path, noun: "key" };
    const face = row?.[this.#caller];
    if (face) return { name: this.#caller === "flag" ? `--${face.name}` : face.name, noun: this.#caller };
    if (row?.calledLike) return this.#face(row.calledLike);
    const variable = row?.variables?.[0];
    return variable === undefined ? { name, noun: "option" } : { name: variable, noun: "variable" };
  }
}

/** A program's own: the npm package, and parts that are used by themselves. */
export const AS_PROPERTIES = new Spelling("property");
/** The action's. */
export const AS_INPUTS = new Spelling("input");
/** The command line's. */
export const AS_FLAGS = new Spelling("flag");

/** Parts of a text that no scheme, separator or space divides. */
const PART = /[A-Za-z0-9+=]{16,}/g;

/**
 * What somebody wrote, for a message that repeats it: without what may be a credential, because people paste addresses
 * with a password, and keys into the wrong field.
 *
 * @param {string} text
 * @returns {string}
 */
export function withoutCredentials(text) {
  const [, scheme = "", rest] = /^([a-z][a-z0-9+.-]*:\/\/)?(.*)$/is.exec(text) ?? ["", "", text];
  // A key or token is long and mixes letters with digits; what is beside it may be the other half of a pair.
  if (rest.match(PART)?.some((part) => /\d/.test(part) && /[A-Za-z]/.test(part))) return `${scheme}***`;
  const address = scheme ? rest.replace(/\?.*$/s, "?***") : rest;
  return scheme + address.replace(scheme ? /^.*@/s : /^[^\s/\\]*:.*@/s, "***@");
}
