/**
 * The credentials that a run knows, and every form in which they could come out: found in what commands print, and removed
 * from words that others wrote. Knows nothing of what a credential opens.
 */

import { stripVTControlCharacters } from "node:util";
import { Failure } from "../failure.js";
import { ROWS } from "../options.js";
import { parseUrl } from "../url.js";

/** @import { StorageProviderConfig } from "../storage/contract.js" */
/** @import { MetricOutcome } from "./types.js" */

/** What stands in the place of a credential, as in GitHub's logs. */
const MASK = "***";

/**
 * Characters from which a credential is looked for anywhere and in every form. GitHub's runner masks every one, and with
 * those of a few characters parts of other words; here a metric would fail that prints nothing secret.
 */
const LONG = 8;
/** Characters from which one is looked for as it is, as a word of its own. */
const SHORT = 4;

/** The options that are credentials. */
const SECRET = ROWS.filter(({ secret }) => secret);

/** Variables that hold a credential of the history's store, of GitHub or of the runner. */
const VARIABLES = new Set([
  ...SECRET.flatMap(({ variables = [] }) => variables),
  "AWS_SECURITY_TOKEN",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN",
  "GH_TOKEN",
  "GITHUB_ENTERPRISE_TOKEN",
  "GH_ENTERPRISE_TOKEN",
  "ACTIONS_RUNTIME_TOKEN",
  "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
]);

/** Inputs of the action that hold one: those of the table, and what they were once called or may be mistaken for. */
const INPUTS = /^INPUT_.*(TOKEN|SECRET|PASSWORD|ACCESS[-_]KEY([-_]ID)?|CONNECTION[-_]STRING)$/i;

const SECRET_INPUTS = new Set(
  SECRET.flatMap(({ input }) => (input ? [`INPUT_${input.name.toUpperCase()}`] : [])),
);

/** Variables that hold an address, whose password is one. */
const ADDRESSES = /^(HTTPS?|ALL)_PROXY$/i;

/** What a caller of the npm package may give instead. */
const PROPERTIES = /** @type {(keyof StorageProviderConfig)[]} */ ([
  ...SECRET.flatMap(({ property }) => (property ? [property.name] : [])),
  "connectionString",
]);

/** Names of the halves of credentials that are no secret by themselves: `test`, as likely as not. */
const IDENTIFIERS = /access[-_]?key[-_]?id/i;

/** The credentials of a run, and the search for them in text. */
export class Secrets {
  /** Their names, by their lines and the whole of those that have several. @type {Map<string, string>} */
  #values = new Map();
  /** The names by the forms that are looked for anywhere. @type {Map<string, string>} */
  #forms = new Map();
  /** The names of those that are looked for as words. @type {Map<string, string>} */
  #words = new Map();

  /** Each line of each, because a log is written line by line. */
  get lines() {
    return [...this.#values.keys()].filter((value) => !/[\r\n]/.test(value));
  }

  /**
   * @param {string} secret
   * @param {string} [name] what people know it by
   */
  add(secret, name = "a server's") {
    const whole = secret.trim();
    for (const value of new Set([whole, ...whole.split(/[\r\n]+/).map((line) => line.trim())])) {
      if (value === "" || this.#values.has(value)) continue;
      this.#values.set(value, name);
      if (value.length >= LONG) {
        for (const form of formsOf(value)) if (!this.#forms.has(form)) this.#forms.set(form, name);
      } else if (value.length >= SHORT && !IDENTIFIERS.test(name)) this.#words.set(value, name);
    }
  }

  /**
   * @param {string} text
   * @returns {string} without any credential in any form
   */
  redact(text) {
    /** @type {[start: number, end: number][]} */
    const found = [];
    for (const form of [...this.#forms.keys(), ...this.#words.keys()]) {
      for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + 1)) {
        const end = at + form.length;
        if (!this.#words.has(form) || isWord(text, at, end)) found.push([at, end]);
      }
    }
    if (found.length === 0) return text;
    let redacted = "";
    let shown = 0;
    for (const [start, end] of found.sort(([a], [b]) => a - b)) {
      // Forms overlap: an escaped text may be its own plain one.
      if (start >= shown) redacted += `${text.slice(shown, start)}${MASK}`;
      shown = Math.max(shown, end);
    }
    return redacted + text.slice(shown);
  }

  /**
   * Removes credentials from what a failure says of the world. Hints are our own words.
   * @template {Failure} T
   * @param {T} failure
   * @returns {T} the same one
   */
  scrub(failure) {
    failure.message = this.redact(failure.message);
    if (failure.stack) failure.stack = this.redact(failure.stack);
    return failure;
  }

  /**
   * Fails where a metric's value would be a credential or hold one. It is looked at before anything quotes it, because
   * what is quoted may be cut, and half a credential is not found any more.
   *
   * @param {string} text a line that a command printed, or a value
   * @throws {Failure} OUTPUT_CREDENTIAL
   */
  refuse(text) {
    const line = stripVTControlCharacters(text).trim();
    const name = this.#nameIn(line);
    if (name === undefined) return;
    throw new Failure(`the output holds a credential that this run knows (${name}), so it is not recorded`, {
      type: "collection",
      code: "OUTPUT_CREDENTIAL",
      hint: "Let the command print the metric's value alone, and find out where it has the credential from.",
    });
  }

  /** @param {string} line */
  #nameIn(line) {
    if (this.#words.has(line)) return this.#words.get(line);
    // A longer number does not hold a credential for having its digits in it.
    if (/^[-+.\deE]+$/.test(line)) return this.#forms.get(line);
    for (const [form, name] of this.#forms) if (line.includes(form)) return name;
    return undefined;
  }

  /**
   * The outcome of a metric that others measured, failed where its value is a credential.
   * @param {MetricOutcome} outcome
   * @returns {MetricOutcome}
   */
  checked(outcome) {
    try {
      if (outcome.value !== null) this.refuse(String(outcome.value));
      return outcome;
    } catch (thrown) {
      return { ...outcome, status: "failed", value: null, error: Failure.from(thrown) };
    }
  }
}

/**
 * What the environment and the storage's configuration hold.
 *
 * @param {NodeJS.ProcessEnv} env
 * @param {StorageProviderConfig} [storage]
 * @returns {Secrets}
 */
export function knownSecrets(env, storage) {
  const secrets = new Secrets();
  for (const [name, value = ""] of Object.entries(env)) {
    const shown = name.startsWith("INPUT_") ? `\`${name.slice(6).toLowerCase()}\`` : `\`${name}\``;
    if (VARIABLES.has(name) || INPUTS.test(name) || SECRET_INPUTS.has(name)) secrets.add(value, shown);
    else if (ADDRESSES.test(name)) for (const password of passwordsIn(value)) secrets.add(password, shown);
  }
  if (storage) addSecretsOf(storage, secrets);
  return secrets;
}

/**
 * Adds what a storage's configuration holds.
 *
 * @param {StorageProviderConfig} storage
 * @param {Secrets} secrets
 */
export function addSecretsOf(storage, secrets) {
  for (const name of PROPERTIES) {
    const value = storage[name];
    if (typeof value === "string") secrets.add(value, `\`${name}\``);
  }
}

/** The password of an address, as it is written there and as it is meant. @param {string} address */
function passwordsIn(address) {
  const password = parseUrl(address)?.password ?? "";
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}

/** Whether letters or digits neither come before nor after. @param {string} text @param {number} start @param {number} end */
const isWord = (text, start, end) =>
  !/[\p{L}\p{N}]$/u.test(text.slice(0, start)) && !/^[\p{L}\p{N}]/u.test(text.slice(end));

/**
 * How a text comes out where programs escape or encode it.
 *
 * @param {string} text
 * @returns {Set<string>}
 */
function formsOf(text) {
  const uri = encodeURIComponent(text);
  const strict = uri.replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
  const encoded = [uri, strict].flatMap((form) => [form, form.replaceAll("%20", "+")]);
  const lower = encoded.map((form) => form.replace(/%[0-9A-F]{2}/g, (one) => one.toLowerCase()));
  const xml = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return new Set([
    text,
    JSON.stringify(text).slice(1, -1),
    ...encoded,
    ...lower,
    xml,
    xml.replaceAll('"', "&quot;").replaceAll("'", "&#39;"),
    ...base64Of(Buffer.from(text)),
  ]);
}

/**
 * What of a text's Base64 does not depend on what is before and after it, for each of the three places that it can begin
 * at; and the lines that programs break it into.
 *
 * @param {Buffer} bytes
 * @returns {string[]}
 */
function base64Of(bytes) {
  const forms = [0, 1, 2].map((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    return whole.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
  const lines = [64, 76].flatMap((width) => {
    return forms[0].match(new RegExp(`.{${width}}`, "g")) ?? [];
  });
  const all = [...forms, ...lines];
  return [...all, ...all.map((form) => form.replaceAll("+", "-").replaceAll("/", "_"))];
}
