/**
 * Text of others made fit to be looked at, wherever the host prints it: nothing in it moves the cursor, turns the text
 * around or is there without being seen. The engine does the same for what it renders (`text::shown`).
 * And counts with their nouns.
 */

/**
 * Control characters but for tabs and line ends; what hides or reorders its neighbors; halves of characters, as bytes of
 * names that are no text come.
 */
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\ud800-\udfff]/gu;

/** Joiners where they join: within emoji, and between letters of scripts whose letters they shape. */
const JOINING =
  /(?<=\p{Extended_Pictographic}|\p{Emoji_Modifier}|\p{Variation_Selector})\u200d(?=\p{Extended_Pictographic})|(?<=[\p{Lo}\p{M}])[\u200c\u200d](?=\p{Lo})/uy;

/**
 * A text with everything written out that would not be seen, or that would move what is beside it.
 *
 * @param {string} text of one line or several
 * @returns {string} control, direction and invisible characters as `\u{..}`, bytes that are no text as `\xff`
 */
export const shown = (text) =>
  text.replace(HIDDEN, (character, at) => {
    JOINING.lastIndex = at;
    return JOINING.test(text) ? character : escaped(character);
  });

/**
 * The same for a text that belongs on one line, such as a file's name.
 *
 * @param {string} name
 */
export const shownName = (name) =>
  shown(name).replace(/[\t\n]/g, (character) => (character === "\n" ? "\\n" : "\\t"));

/** @param {string} character */
function escaped(character) {
  const code = /** @type {number} */ (character.codePointAt(0));
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`;
  return `\\u{${code.toString(16)}}`;
}

/**
 * A count with its noun, or with its noun and verb, as the engine writes its own (`text::plural`): `1 build`,
 * `1,234 builds`, `2 builds are`.
 *
 * @param {number} count whole
 * @param {string} one
 * @param {string} [many] `one` with an `s` unless given
 */
export const plural = (count, one, many = `${one}s`) =>
  // Not by toLocaleString, whose first call loads 25 ms of rules for all languages.
  `${String(count).replace(/\B(?=(?:\d{3})+$)/g, ",")} ${count === 1 ? one : many}`;
