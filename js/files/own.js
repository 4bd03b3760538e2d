/**
 * The files that this tool writes, which are never measured: a number would grow by having been measured. Known by their
 * paths where this run writes them, by their names where they have the usual ones, and else by what is in them.
 */

import { closeSync, existsSync, readSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { native } from "./names.js";
import { slashed } from "./paths.js";
import { openRegular } from "./read.js";

/**
 * @typedef {object} Written what a run writes, absolute paths; undefined ones are passed over
 * @property {(string | undefined)[]} [histories] with their copies beside them
 * @property {(string | undefined)[]} [files] reports, results and the like
 */

/** The `.gitignore` of a report's directory that this tool made: it keeps git, and tools that heed it, away from a report. */
export const IGNORE_ALL =
  "# Written by Unentropy: what is in this directory is made again by every run.\n*\n";

/** Histories by their usual names, at any depth. */
const HISTORY = /^unentropy(?:-metrics|-rescue(?:-\d+)?)?\.db$/;
/** What follows a history's name in the names of its copies, its lock and its temporary files. */
const COPY =
  /\.(?:bak|lock(?:\..+)?|(?:corrupt|gone)-\d{8}T\d{6}Z(?:-\d+)?|\d+-(?:[0-9a-z]+|backup)\.tmp|journal|wal|shm)$/;
/** The same where SQLite itself puts it. */
const BESIDE = /-(?:journal|wal|shm)$/;
/** Directories of pages by their usual names, as far as the pages are called as usual too. */
const PAGE = /(?:^|\/)unentropy-(?:report|preview)\/index\.html$/;

/** Bytes that are read of a file to know what it is. The names of a history's tables are in its first pages. */
const START = 64 * 1024;
/** SQLite's pages have at least so many bytes, and a file is made of whole pages. */
const PAGE_SIZE = 512;

/** What the start of a page, badge or results file of ours looks like, by the end of its name. */
const LOOKS = /** @type {Record<string, {bytes: number, isOurs: (start: string) => boolean}>} */ ({
  ".html": { bytes: 4096, isOurs: isPage },
  ".htm": { bytes: 4096, isOurs: isPage },
  ".svg": { bytes: 2048, isOurs: isBadge },
  ".json": { bytes: 1024, isOurs: (start) => isResults(start) || isBadgeData(start) },
});

/** Recognizes this tool's own files, by path, name or content. */
export class OwnFiles {
  /** @type {Set<string>} */
  #histories;
  /** @type {Set<string>} */
  #files;

  /** @param {Written} [written] */
  constructor({ histories = [], files = [] } = {}) {
    this.#histories = realPaths(histories);
    this.#files = realPaths(files);
  }

  /**
   * @param {string} path the real one, absolute, with forward slashes
   * @param {object} [options]
   * @param {boolean} [options.text] only what lines are counted in is of interest, so that no history need be looked for
   * @returns {boolean}
   */
  has(path, { text = false } = {}) {
    if (this.#files.has(path) || PAGE.test(path)) return true;
    const history = path.replace(COPY, "").replace(BESIDE, "");
    if (this.#histories.has(history) || HISTORY.test(basename(history))) return true;
    // What is beside it counts: otherwise a change could hide its files by adding one.
    if (basename(path) === ".gitignore")
      return startOf(path, IGNORE_ALL.length + 1).toString() === IGNORE_ALL;
    const look = LOOKS[extname(path).toLowerCase()];
    if (look) return look.isOurs(startOf(path, look.bytes).toString("latin1"));
    if (text) return false;
    return isHistory(path) || (history !== path && existsSync(native(history)) && isHistory(history));
  }
}

/** @param {(string | undefined)[]} paths @returns {Set<string>} */
function realPaths(paths) {
  return new Set(paths.flatMap((path) => (path === undefined ? [] : [realPath(resolve(path))])));
}

/**
 * The path without links, also of what does not exist yet.
 *
 * @param {string} path absolute
 * @returns {string} with forward slashes
 */
function realPath(path) {
  try {
    return slashed(realpathSync(path));
  } catch {
    const folder = dirname(path);
    return folder === path ? slashed(path) : slashed(join(realPath(folder), basename(path)));
  }
}

/**
 * The first bytes of a file; none of what cannot be read, as measuring it says why.
 *
 * @param {string} path
 * @param {number} bytes
 * @returns {Buffer}
 */
function startOf(path, bytes) {
  let opened;
  try {
    opened = openRegular(path, { limit: Number.POSITIVE_INFINITY });
    const buffer = Buffer.alloc(bytes);
    return buffer.subarray(0, readSync(opened.file, buffer, 0, bytes, 0));
  } catch {
    return Buffer.alloc(0);
  } finally {
    if (opened) closeSync(opened.file);
  }
}

/** @param {string} path */
function isHistory(path) {
  const stats = statSync(native(path), { throwIfNoEntry: false });
  // Hardly any other file is so long, so that few are opened.
  if (!stats?.isFile() || stats.size === 0 || stats.size % PAGE_SIZE !== 0) return false;
  if (startOf(path, 16).toString("latin1") !== "SQLite format 3\0") return false;
  const start = startOf(path, START);
  return ["build_contexts", "metric_values"].every((table) => start.includes(table));
}

/** @param {string} start */
function isPage(start) {
  return start.includes('<meta name="generator" content="Unentropy ');
}

/** @param {string} start */
function isBadge(start) {
  const badge =
    /^<svg [^>]* height="20" role="img" aria-label="[^"]*"><title>.*?<clipPath id="r">.*?#40474f"/s;
  const trend = /^<svg [^>]* viewBox="0 0 360 104" role="img" aria-label="[^"]*"><title>.*?<style>\.c\{/s;
  return badge.test(start) || trend.test(start);
}

/** @param {string} start */
function isBadgeData(start) {
  return /^\{"schemaVersion":1,"label":".*","message":".*","color":"(?:1a6b3c|b3261e|2459c9|59636e)"\}\n$/.test(
    start,
  );
}

/** @param {string} start */
function isResults(start) {
  return /^\{\s*"timestamp": "[^"]*",\s*"durationMs": \d+,\s*"collection": \{\s*"successful"/.test(start);
}
