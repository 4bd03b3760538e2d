// Chance that can be played again: everything that one iteration of a target draws follows from the seed, the target's
// name and the iteration's number, so that any of them can be repeated alone. And what it does to sound inputs.

import { createHash } from "node:crypto";

/** No input grows beyond this many bytes: what takes too long is then the program's doing. */
export const MOST_BYTES = 128 * 1024;

/** Numbers at which something changes, as texts: mutations put them in the place of others. */
const NUMBERS = [
  "0", "-0", "1", "-1", "7", "99.95", "100", "101", "255", "256", "65535", "65536", "2147483647", "2147483648",
  "4294967295", "4294967296", "9007199254740991", "9007199254740993", "18446744073709551616", "1e3", "1e308", "1e309",
  "-1e309", "5e-324", "0.1", "00012", "NaN", "Infinity", "0x10", "1_000", "١",
]; // biome-ignore format: a table

/** Texts that are something else somewhere: in XML, HTML, Markdown, JSON, a path, a terminal, a workflow's log. */
const TEXTS = [
  "", " ", "\0", "\n", "\r\n", "\t", "<", ">", "&", "'", '"', "`", "\\", "/", "//", "..", "../", "*", "**", "?", "[", "]",
  "{", "}", "{a,b}", "!", "#", "|", "::error::x", "\u001b[31m", "\u202e", "\ufeff", "\u{1f600}", "\ud800", "__proto__",
  "constructor", "&lt;", "&#0;", "&#x110000;", "<!--", "-->", "<![CDATA[", "]]>", "<!DOCTYPE a>", "<?xml?>", "</", "/>",
  "<script>", "</script>", "null", "true", "{}", "[]", "é", "C:\\", "file:///etc/passwd", "\u2028",
]; // biome-ignore format: a table

/** A source of chance. */
export class Random {
  /** @type {Uint32Array} the state of xoshiro128** */
  #state;

  /**
   * @param {number} seed
   * @param {string} target
   * @param {number} iteration
   */
  constructor(seed, target, iteration) {
    const digest = createHash("sha256").update(`${seed}\0${target}\0${iteration}`).digest();
    this.#state = Uint32Array.from([0, 4, 8, 12], (at) => digest.readUInt32LE(at) || 1);
  }

  /** 32 bits. */
  bits() {
    const s = this.#state;
    const product = Math.imul(s[1], 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result;
  }

  /** @param {number} count at least 1 @returns {number} a whole number from 0, below `count` */
  below(count) {
    return this.bits() % count;
  }

  /** True once in `times`. @param {number} times */
  rarely(times) {
    return this.below(times) === 0;
  }

  /** @template T @param {readonly T[]} list @returns {T} */
  one(list) {
    return list[this.below(list.length)];
  }

  /** Small more often than large, up to `most`. @param {number} most */
  size(most) {
    return Math.min(most, this.below(2 ** (1 + this.below(Math.ceil(Math.log2(most + 2))))));
  }

  /** @param {number} length */
  bytes(length) {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }

  /** A number as people and programs write them. @returns {string} */
  digits() {
    return this.rarely(2) ? this.one(NUMBERS) : String(this.below(2 ** this.below(33)));
  }

  /** @param {readonly string[]} [words] those of the input's own language @returns {string} */
  text(words = []) {
    switch (this.below(4)) {
      case 0:
        return this.one(TEXTS);
      case 1:
        return this.digits();
      case 2:
        return this.bytes(this.size(12)).toString("latin1");
      default:
        return words.length > 0 ? this.one(words) : this.one(TEXTS);
    }
  }
}

/**
 * A sound input with some damage: of single bits, of words, numbers and lines, of the order, of the length.
 *
 * @param {Random} random
 * @param {Uint8Array} sound
 * @param {{words?: readonly string[], others?: readonly Uint8Array[]}} [language] `words` mean something in it; `others`
 *   are more sound inputs
 * @returns {Buffer}
 */
export function damaged(random, sound, { words = [], others = [] } = {}) {
  /** @type {Buffer} */
  let bytes = Buffer.from(sound);
  for (let edits = 1 + random.size(6); edits > 0; edits -= 1) {
    bytes = edited(random, bytes, words, others).subarray(0, MOST_BYTES);
  }
  return bytes;
}

/**
 * @param {Random} random
 * @param {Buffer} bytes
 * @param {readonly string[]} words
 * @param {readonly Uint8Array[]} others
 * @returns {Buffer}
 */
function edited(random, bytes, words, others) {
  const at = random.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + random.size(64));
  const put = (/** @type {Uint8Array | string} */ between, from = at, to = at) =>
    Buffer.concat([bytes.subarray(0, from), Buffer.from(between), bytes.subarray(to)]);
  switch (random.below(12)) {
    case 0: {
      if (at === bytes.length) return bytes;
      const copy = Buffer.from(bytes);
      copy[at] ^= 1 << random.below(8);
      return copy;
    }
    case 1:
      return put(random.bytes(1), at, Math.min(bytes.length, at + 1));
    case 2:
      return put(random.text(words));
    case 3:
      return put(random.text(words), at, end);
    case 4:
      return put("", at, end);
    case 5:
      return put(bytes.subarray(at, end), end, end);
    case 6:
      return numbered(random, bytes);
    case 7:
      return lines(random, bytes);
    case 8: {
      // The same piece over and over: what takes a square of the length takes long here.
      const piece = bytes.subarray(at, Math.min(bytes.length, at + 1 + random.size(32)));
      const times = random.rarely(8) ? Math.floor(MOST_BYTES / (piece.length + 1)) : random.size(200);
      return put(Buffer.concat(Array.from({ length: times }, () => piece)));
    }
    case 9: {
      const other = Buffer.from(others.length > 0 ? random.one(others) : bytes);
      const from = random.below(other.length + 1);
      return put(other.subarray(from, from + random.size(400)));
    }
    case 10:
      return bytes.subarray(0, at);
    default: {
      const length = Math.min(end - at, 4);
      if (length < 1) return bytes;
      const copy = Buffer.from(bytes);
      copy.writeUIntLE(random.bits() % 256 ** length, at, length);
      return copy;
    }
  }
}

/** Another number in the place of one of those written in it. @param {Random} random @param {Buffer} bytes */
function numbered(random, bytes) {
  const text = bytes.toString("latin1");
  const found = [...text.matchAll(/\d+/g)];
  if (found.length === 0) return bytes;
  const { 0: digits, index } = random.one(found);
  return Buffer.from(text.slice(0, index) + random.digits() + text.slice(index + digits.length), "latin1");
}

/** One line is lost, repeated, or changes places with another. @param {Random} random @param {Buffer} bytes */
function lines(random, bytes) {
  const all = bytes.toString("latin1").split("\n");
  const [a, b] = [random.below(all.length), random.below(all.length)];
  const kind = random.below(3);
  if (kind === 0) all.splice(a, 1);
  else if (kind === 1) all.splice(b, 0, all[a]);
  else [all[a], all[b]] = [all[b], all[a]];
  return Buffer.from(all.join("\n"), "latin1");
}

/**
 * A sound document with some of its values, members and items others, gone or twice.
 *
 * @param {Random} random
 * @param {unknown} sound of JSON's kinds
 * @param {readonly string[]} [words]
 * @returns {any}
 */
export function altered(random, sound, words = []) {
  let value = structuredClone(sound);
  for (let edits = 1 + random.size(4); edits > 0; edits -= 1) {
    /** @type {{holder: any, key: string | number}[]} */
    const places = [];
    collect({ whole: value }, places);
    const { holder, key } = random.one(places);
    if (key === "whole" && !random.rarely(20)) continue;
    const other = random.one(places);
    switch (random.below(6)) {
      case 0:
        if (Array.isArray(holder)) holder.splice(Number(key), 1);
        else if (key !== "whole") delete holder[key];
        break;
      case 1:
        if (Array.isArray(holder)) holder.splice(Number(key), 0, structuredClone(holder[Number(key)]));
        else holder[random.text(words)] = structuredClone(holder[key]);
        break;
      case 2:
        holder[key] = structuredClone(other.holder[other.key]);
        break;
      default:
        holder[key] = anyValue(random, holder[key], words);
    }
    if (key === "whole") value = holder.whole;
  }
  return value;
}

/** @param {any} holder @param {{holder: any, key: string | number}[]} places */
function collect(holder, places) {
  for (const key of Object.keys(holder)) {
    places.push({ holder, key: Array.isArray(holder) ? Number(key) : key });
    if (typeof holder[key] === "object" && holder[key] !== null) collect(holder[key], places);
  }
}

/** @param {Random} random @param {unknown} was @param {readonly string[]} words */
function anyValue(random, was, words) {
  if (typeof was === "number" && !random.rarely(4))
    return Number(random.digits()) * (random.rarely(4) ? -1 : 1);
  if (typeof was === "string" && !random.rarely(4)) {
    const kept = was.slice(0, random.below(was.length + 1));
    return random.rarely(2) ? random.text(words) : kept + random.text(words) + (random.rarely(2) ? was : "");
  }
  return random.one([
    null,
    true,
    false,
    0,
    -1,
    1e308,
    "",
    [],
    {},
    random.text(words),
    Number(random.digits()),
  ]);
}
