// What people see while a command runs: lines on standard error, live progress only on a terminal,
// colour only where it is wanted. Standard output belongs to results.

import { shown, shownName } from "../shown.js";

/** ANSI codes by meaning. */
const STYLES = { good: "32", bad: "31", warn: "33", dim: "2", bold: "1" };

/** What {@link Terminal.paint} writes. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is how colours begin
const PAINT = /(\x1b\[(?:32|31|33|2|1|0)m)/;

/** Writes progress and messages. */
export class Terminal {
  #stream;
  #live;
  #colour;
  #disarm;
  #transient = false;
  /** Whether details are wanted. */
  verbose;

  /**
   * @param {{
   *   stream?: NodeJS.WriteStream,
   *   env?: NodeJS.ProcessEnv,
   *   verbose?: boolean,
   *   disarm?: (text: string) => string,
   * }} [options] `disarm` is for streams on which some lines are commands
   */
  constructor({ stream = process.stderr, env = process.env, verbose = false, disarm = (text) => text } = {}) {
    this.#stream = stream;
    this.#disarm = disarm;
    const terminal = Boolean(stream.isTTY) && env.TERM !== "dumb";
    this.#live = terminal && !env.CI;
    this.#colour = !env.NO_COLOR && (terminal || Boolean(env.FORCE_COLOR && env.FORCE_COLOR !== "0"));
    this.verbose = verbose;
  }

  /** @param {keyof typeof STYLES} style @param {string} text */
  paint(style, text) {
    return this.#colour ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text;
  }

  /** A line that stays. @param {string} text */
  line(text = "") {
    this.#clear();
    this.#stream.write(`${this.#disarm(this.#visible(text))}\n`);
  }

  /** A line only with --verbose. @param {string} text */
  detail(text) {
    if (this.verbose) this.line(this.paint("dim", text));
  }

  /** A line that the next one replaces; nothing where no person watches. @param {string} text */
  progress(text) {
    if (!this.#live) return;
    this.#clear();
    text = shownName(text);
    const width = (this.#stream.columns ?? 80) - 1;
    this.#stream.write(this.paint("dim", text.length > width ? `${text.slice(0, width - 1)}…` : text));
    this.#transient = true;
  }

  /** @param {string} message @param {string} [hint] */
  warn(message, hint) {
    this.line(`${this.paint("warn", "warning:")} ${message}`);
    if (hint) this.line(`  ${this.paint("dim", hint)}`);
  }

  /** @param {import("../failure.js").Failure} failure */
  failure(failure) {
    this.line(`${this.paint("bad", `error[${failure.code}]:`)} ${failure.message}`);
    if (failure.hint) this.line(`  ${failure.hint}`);
  }

  /** The text with nothing hidden in it, but for colours. @param {string} text */
  #visible(text) {
    return this.#colour
      ? text
          .split(PAINT)
          .map((part, n) => (n % 2 === 1 ? part : shown(part)))
          .join("")
      : shown(text);
  }

  #clear() {
    if (!this.#transient) return;
    this.#stream.write("\r\x1b[K");
    this.#transient = false;
  }
}

/** Milliseconds for people. @param {number} ms */
export function milliseconds(ms) {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
