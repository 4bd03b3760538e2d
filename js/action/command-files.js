// The files through which a step hands outputs, a summary and variables to the runner. A metric's command does not get
// their paths, but can find them; what it writes there could replace or swallow what the step says. So each is
// remembered at the start, put back where it has changed, and written last.

import fs from "node:fs";
import { Failure } from "../failure.js";
import { appendOutput, STALL_PATIENCE_MS } from "../files/output.js";

/** Those of which a change would reach later steps. */
const NAMES = /** @type {const} */ ([
  "GITHUB_OUTPUT",
  "GITHUB_STEP_SUMMARY",
  "GITHUB_ENV",
  "GITHUB_PATH",
  "GITHUB_STATE",
]);

/** @typedef {(typeof NAMES)[number]} CommandFile */

/** Bytes. A file that has more at the start is not the runner's, and is left as it is. */
const MOST = 16 * 1024 * 1024;

/**
 * @typedef {object} Remembered
 * @property {string} path
 * @property {Buffer} bytes
 * @property {number} mode
 * @property {bigint} device
 * @property {bigint} inode
 */

/** The runner's files of one step: remembered at its start, restored where a command changed them, written last. */
export class CommandFiles {
  #env;
  /** @type {Map<CommandFile, Remembered>} */
  #remembered = new Map();

  /** @param {NodeJS.ProcessEnv} env before any command has run */
  constructor(env) {
    this.#env = env;
    for (const name of NAMES) {
      const remembered = remember(env[name]);
      if (remembered) this.#remembered.set(name, remembered);
    }
  }

  /**
   * Puts back every file that is not as it was.
   * @returns {Failure[]} a warning, `COMMAND_FILES_CHANGED`, where there was one; what could not be put back
   */
  restore() {
    /** @type {CommandFile[]} */
    const changed = [];
    /** @type {Failure[]} */
    const failures = [];
    for (const [name, remembered] of this.#remembered) {
      if (isUnchanged(remembered)) continue;
      changed.push(name);
      try {
        replace(remembered);
      } catch (thrown) {
        failures.push(this.#unwritable(name, thrown));
      }
    }
    if (changed.length === 0) return [];
    const listed = changed.map((name) => `\`${name}\``).join(", ");
    const warning = new Failure(
      `while the metrics were collected something changed the runner's files ${listed}; they were put back as they were`,
      {
        type: "collection",
        code: "COMMAND_FILES_CHANGED",
        hint: "Only a metric's command can have done that: look at what it runs. Measure code that you do not trust in a job of its own, without secrets.",
      },
    );
    return [warning, ...failures];
  }

  /**
   * Adds to what the file held at the start. Nothing else is written to it afterwards.
   * @param {"GITHUB_OUTPUT" | "GITHUB_STEP_SUMMARY"} name
   * @param {string} text
   * @throws {Failure} OUTPUTS_UNWRITABLE, SUMMARY_UNWRITABLE
   */
  async append(name, text) {
    const path = this.#env[name];
    if (!path) return;
    const remembered = this.#remembered.get(name);
    try {
      if (remembered && !isUnchanged(remembered)) replace(remembered);
    } catch (thrown) {
      throw this.#unwritable(name, thrown);
    }
    // A line without an end would swallow the first of ours.
    const isOpen =
      remembered !== undefined && remembered.bytes.length > 0 && remembered.bytes.at(-1) !== 0x0a;
    const bytes = Buffer.from(isOpen ? `\n${text}` : text);
    await appendOutput({ ...this.#place(name), bytes, stallPatienceMs: STALL_PATIENCE_MS });
  }

  /** @param {CommandFile} name @param {unknown} thrown */
  #unwritable(name, thrown) {
    return Failure.fromSystem(thrown, this.#place(name));
  }

  /** What failures say of a file. @param {CommandFile} name */
  #place(name) {
    const isSummary = name === "GITHUB_STEP_SUMMARY";
    return {
      path: this.#env[name] ?? "",
      type: /** @type {const} */ ("internal"),
      code: isSummary ? "SUMMARY_UNWRITABLE" : "OUTPUTS_UNWRITABLE",
      doing: isSummary ? "could not write the job summary to" : "could not write the step's outputs to",
    };
  }
}

/** @param {string | undefined} path @returns {Remembered | null} null where it is none of the runner's plain files */
function remember(path) {
  if (!path) return null;
  try {
    const found = fs.lstatSync(path, { bigint: true });
    if (!found.isFile() || found.size > MOST) return null;
    const { dev: device, ino: inode, mode } = found;
    return { path, bytes: fs.readFileSync(path), mode: Number(mode) & 0o777, device, inode };
  } catch {
    // What is wrong with it shows when it is written.
    return null;
  }
}

/** @param {Remembered} remembered */
function isUnchanged({ path, bytes, device, inode }) {
  try {
    const found = fs.lstatSync(path, { bigint: true });
    return (
      found.isFile() &&
      found.dev === device &&
      found.ino === inode &&
      found.size === BigInt(bytes.length) &&
      fs.readFileSync(path).equals(bytes)
    );
  } catch {
    return false;
  }
}

/**
 * Replaces it with a new file: what is there may be a link, a pipe, or held open by another process.
 * @param {Remembered} remembered
 */
function replace(remembered) {
  const { path, bytes, mode } = remembered;
  fs.rmSync(path, { recursive: true, force: true });
  fs.writeFileSync(path, bytes, { flag: "wx", mode });
  const { dev, ino } = fs.lstatSync(path, { bigint: true });
  Object.assign(remembered, { device: dev, inode: ino });
}
