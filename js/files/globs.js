/**
 * What a list of patterns means, once for every collector: which files it names on disk, and whether a path
 * belongs to it. Does not open files.
 *
 * The rules:
 * - The last pattern that matches a path decides; `!` in front excludes. A list of nothing but excludes starts
 *   from everything.
 * - A pattern without wildcards is a file, or a directory and everything below it. So is a pattern with
 *   wildcards that exists exactly as written (`app/[id]/page.tsx`).
 * - `*` and `?` stay within one path segment, `**` spans any number, `{a,b}`, `[a-z]` and `@(a|b)` are alternatives.
 *   A pattern with wildcards names files and directories, and a directory with everything below it, as if it were
 *   written out; with a slash at its end it names directories alone.
 * - Matching takes time that grows with the path, whatever the pattern (`glob.js`).
 * - Wildcards of including patterns do not match a leading dot, as in a shell; those of excluding ones do. A pattern
 *   that ends in `**`, or in `*` after it, says by itself what is below: hidden files stay out at every depth.
 * - Relative patterns start at `cwd`. On Windows a backslash separates like a slash, elsewhere it takes the
 *   meaning from the next character. Upper and lower case differ everywhere.
 */

import { existsSync, statSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { errnoOf, Failure } from "../failure.js";
import { globAutomaton, globMatcher } from "./glob.js";
import { IgnoreRules } from "./ignored.js";
import { native } from "./names.js";
import { slashed, startOf, toldFrom } from "./paths.js";
import { realFile, walk } from "./walk.js";

/**
 * @typedef {object} Expanded
 * @property {string[]} files relative to `cwd` where that is possible, with forward slashes, sorted by code
 *   unit, each real file once; readable as `resolve(cwd, file)`
 * @property {string[]} unmatched including patterns that matched no file, as written. Callers make that an error or a
 *   warning: a pattern that names nothing must never measure 0.
 * @property {string[]} empty those of `unmatched` that name a directory which is there
 * @property {string[]} idle excluding patterns that left nothing out, as written
 */

/**
 * The files that `patterns` name.
 *
 * @param {readonly string[]} patterns
 * @param {object} options
 * @param {string} options.cwd where relative patterns start: the directory of the configuration file
 * @param {readonly string[]} [options.sources] a second list of patterns that every file has to belong to
 * @param {readonly string[]} [options.exclude] globs to leave out whatever the patterns say. One without a slash
 *   names files and directories at any depth.
 * @param {boolean} [options.ignoreFiles] leave out what git ignores; a file or directory named without wildcards
 *   is taken even so
 * @param {boolean} [options.lenient] a path without wildcards that does not exist is a pattern without a match, not an
 *   error
 * @param {(real: string) => boolean} [options.leaveOut] files that never count, by their real paths; a pattern that
 *   matches one still has a match
 * @param {(warning: Failure) => void} [options.warn] hears of lists of rules that do not count
 * @returns {Expanded}
 * @throws {Failure} `COLLECTOR_MISSING` when a path without wildcards does not exist
 */
export function expand(
  patterns,
  { cwd, sources, exclude = [], ignoreFiles = false, lenient, leaveOut, warn },
) {
  const home = slashed(resolve(cwd));
  const { compiled, including } = compileAll(patterns, home);
  const excluded = exclude.map((glob) => compileExclude(glob, home));
  const isSource = matcher(sources ?? [], { cwd });
  // Nothing before the last including pattern can be ruled out for good.
  const final = compiled.slice(compiled.findLastIndex((pattern) => !pattern.negative) + 1).concat(excluded);

  /** @type {Map<string, string>} real path → path as reported */
  const found = new Map();
  const waiting = new Set(including);
  const idle = new Set([...compiled.filter((pattern) => pattern.negative), ...excluded]);

  /** @type {(path: string, real: string) => void} */
  const consider = (path, real) => {
    for (const pattern of waiting) if (pattern.test(path)) waiting.delete(pattern);
    for (const pattern of idle) if (pattern.test(path)) idle.delete(pattern);
    if (!decide(compiled, path, false) || excluded.some((glob) => glob.test(path)) || !isSource(path)) return;
    if (!found.has(real) && !leaveOut?.(real)) found.set(real, toldFrom(path, home));
  };

  for (const { folder, named } of rootsOf(including, { ignoreFiles, lenient }, consider)) {
    if (ignoreFiles && !named && IgnoreRules.around(resolve(folder)).rootIgnored) continue;
    const start = startOf(folder);
    const walked = walk(folder, {
      ignoreFiles,
      warn,
      enter: (below) => {
        const path = start + below;
        if (!including.some((p) => p.mayHold(path))) return false;
        const covering = final.find((p) => p.covers(path));
        if (covering === undefined) return true;
        idle.delete(covering);
        // That everything a pattern names is left out does not make it a pattern without a match.
        for (const pattern of waiting) if (pattern.covers(path)) waiting.delete(pattern);
        return false;
      },
    });
    const realStart = startOf(walked.root);
    for (const file of walked.files) consider(start + file, walked.links.get(file) ?? realStart + file);
  }

  return {
    files: [...found.values()].sort(),
    unmatched: [...waiting].map((pattern) => pattern.written),
    empty: [...waiting]
      .filter((pattern) => pattern.literal && isThere(pattern))
      .map(({ written }) => written),
    idle: [...idle].map((pattern) => pattern.written),
  };
}

/**
 * The directories that `patterns` name, and none below them. A pattern with `!` in front takes them out again. What git
 * ignores is left out, unless a pattern names it without wildcards.
 *
 * @param {readonly string[]} patterns
 * @param {{cwd: string, warn?: (warning: Failure) => void}} options where relative patterns start
 * @returns {string[]} relative to `cwd` where that is possible, with forward slashes, sorted by code unit
 */
export function directories(patterns, { cwd, warn }) {
  const home = slashed(resolve(cwd));
  const { compiled, including } = compileAll(patterns, home, { both: true });
  /** @type {Set<string>} */
  const found = new Set();
  /** @param {string} path */
  const consider = (path) => {
    const deciding = compiled.findLast((pattern) => (pattern.negative ? pattern.test : pattern.names)(path));
    if (deciding && !deciding.negative) found.add(toldFrom(path, home));
  };
  for (const { folder, named } of rootsOf(including, { ignoreFiles: true, lenient: true }, () => {})) {
    if (!named && IgnoreRules.around(resolve(folder)).rootIgnored) continue;
    if (named) consider(folder);
    const start = startOf(folder);
    walk(folder, {
      ignoreFiles: true,
      warn,
      enter: (below) => {
        const path = start + below;
        consider(path);
        return including.some((pattern) => pattern.mayName(path));
      },
    });
  }
  return [...found].sort();
}

/**
 * The including patterns that match no file. Looks no further than to the first match of each.
 *
 * @param {readonly string[]} patterns
 * @param {object} options as of {@link expand}
 * @param {string} options.cwd
 * @param {boolean} [options.ignoreFiles]
 * @returns {string[]} as written
 */
export function unmatchedOf(patterns, { cwd, ignoreFiles = false }) {
  const { including } = compileAll(patterns, slashed(resolve(cwd)));
  const waiting = new Set(including);
  /** @type {(path: string) => void} */
  const consider = (path) => {
    for (const pattern of waiting) if (pattern.test(path)) waiting.delete(pattern);
  };
  for (const { folder, named } of rootsOf(including, { ignoreFiles, lenient: true, waiting }, consider)) {
    if (waiting.size === 0) break;
    if (ignoreFiles && !named && IgnoreRules.around(resolve(folder)).rootIgnored) continue;
    const start = startOf(folder);
    const { links } = walk(folder, {
      ignoreFiles,
      seen: (below) => consider(start + below),
      enter: (below) => [...waiting].some((pattern) => pattern.mayHold(start + below)),
    });
    for (const link of links.keys()) consider(start + link);
  }
  return [...waiting].map((pattern) => pattern.written);
}

/**
 * Whether a path belongs to a list of patterns.
 *
 * @param {readonly string[]} sources an empty list holds everything
 * @param {{cwd: string}} options where relative patterns and relative paths start
 * @returns {(path: string) => boolean} for absolute paths and for relative ones
 */
export function matcher(sources, { cwd }) {
  if (sources.length === 0) return () => true;
  const home = slashed(resolve(cwd));
  const start = startOf(home);
  const compiled = sources.map((pattern) => compile(pattern, home));
  const otherwise = compiled.every((pattern) => pattern.negative);
  return (path) => {
    const given = slashed(path);
    const plain = !DOTTED.test(given);
    const absolute =
      plain && !isAbsolute(given) ? start + given : plain ? given : slashed(resolve(cwd, path));
    return decide(compiled, absolute, otherwise);
  };
}

/**
 * The failure for patterns that {@link expand} found no file for.
 *
 * @param {readonly string[]} unmatched at least one
 * @param {{ignoreFiles?: boolean}} [options] as given to {@link expand}
 * @returns {Failure}
 */
export function nothingMatched(unmatched, { ignoreFiles = false } = {}) {
  const list = unmatched.map((pattern) => `\`${pattern}\``).join(", ");
  const ignored = ignoreFiles
    ? " Files that git ignores are left out; name them without wildcards to take them."
    : "";
  return new Failure(`no file matches ${list}`, {
    type: "collection",
    code: "COLLECTOR_MISSING",
    hint: `Patterns start at the directory of the configuration file; end one with \`/**\` to name everything below a directory.${ignored}`,
  });
}

/** A path with empty, `.` or `..` segments. */
const DOTTED = /(?:^|\/)\.{1,2}(?:\/|$)|\/\/|.\/$/;

/**
 * @typedef {object} Pattern
 * @property {string} written
 * @property {boolean} negative
 * @property {string} base the directory, or for a path without wildcards the path itself; absolute
 * @property {boolean} literal without wildcards
 * @property {(path: string) => boolean} test whether it names the file
 * @property {(folder: string) => boolean} names whether it is the directory that the pattern names, and not one below
 * @property {(folder: string) => boolean} mayName whether it may name directories below the directory
 * @property {(folder: string) => boolean} mayHold whether files below the directory may match
 * @property {(folder: string) => boolean} covers whether everything below the directory is sure to match
 */

/**
 * @param {readonly Pattern[]} patterns
 * @param {string} path
 * @param {boolean} otherwise what holds when no pattern matches
 */
function decide(patterns, path, otherwise) {
  for (let at = patterns.length - 1; at >= 0; at--) {
    const pattern = patterns[at];
    if (pattern?.test(path)) return !pattern.negative;
  }
  return otherwise;
}

/**
 * Patterns ready for use; a list of nothing but excludes starts from everything.
 *
 * @param {readonly string[]} patterns
 * @param {string} home absolute, with forward slashes
 * @param {{both?: boolean}} [options] `both`: a path that exists as written does not stop its wildcards, so that a
 *   directory named `*` takes no other out
 * @returns {{compiled: Pattern[], including: Pattern[]}} all in their order, and those that do not exclude
 */
function compileAll(patterns, home, { both = false } = {}) {
  const compiled = patterns.flatMap((written) => {
    const pattern = compile(written, home);
    return both && pattern.literal && hasWildcard(written)
      ? [compile(written, home, { asWritten: false }), pattern]
      : [pattern];
  });
  const including = compiled.filter((pattern) => !pattern.negative);
  if (including.length === 0 && compiled.length > 0) {
    including.push(compile(".", home));
    compiled.unshift(...including);
  }
  return { compiled, including };
}

/**
 * The directories to walk for the including patterns. Files that are named outright are reported at once.
 *
 * @param {readonly Pattern[]} including
 * @param {{ignoreFiles: boolean, lenient?: boolean, waiting?: ReadonlySet<Pattern>}} options `waiting`: the patterns
 *   without a match so far, where only those are looked for
 * @param {(path: string, real: string) => void} report
 * @returns {{folder: string, named: boolean}[]}
 */
function rootsOf(including, { ignoreFiles, lenient = false, waiting }, report) {
  /** @type {Map<string, boolean>} directory → whether it was named without wildcards */
  const folders = new Map();
  for (const pattern of including) {
    if (waiting && !waiting.has(pattern) && !pattern.literal) continue;
    if (pattern.literal) {
      const stats = statOf(pattern, lenient);
      if (stats === null) continue;
      if (stats.isDirectory()) folders.set(pattern.base, true);
      else if (!stats.isFile()) throw notRegular(pattern);
      else report(pattern.base, realFile(pattern.base) ?? pattern.base);
    } else if (isFolder(pattern)) {
      folders.set(pattern.base, folders.get(pattern.base) ?? false);
    }
  }
  const roots = [...folders].map(([folder, named]) => ({ folder, named }));
  // What is inside another root is walked with it, unless git's rules might hide it there.
  return roots.filter(
    ({ folder, named }) =>
      (named && ignoreFiles) ||
      !roots.some((other) => other.folder !== folder && folder.startsWith(startOf(other.folder))),
  );
}

/**
 * Whether there is a directory below which the pattern can match.
 * @param {Pattern} pattern
 */
function isFolder(pattern) {
  if (pattern.base.includes("\0")) return false;
  try {
    return statSync(native(pattern.base), { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch (thrown) {
    throw Failure.fromSystem(thrown, { type: "collection", doing: "could not find", path: pattern.written });
  }
}

/** Whether a directory is there, and nothing is wrong with its path. @param {Pattern} pattern */
function isThere(pattern) {
  try {
    return isFolder(pattern);
  } catch {
    return false;
  }
}

/** @param {Pattern} pattern */
function notRegular(pattern) {
  // Reading a pipe waits for a writer, and neither it nor a device has a size.
  return new Failure(`could not read \`${pattern.written}\`: it is not a regular file`, {
    type: "collection",
    code: "FILE_NOT_REGULAR",
    hint: "Write the content to a file first and name that.",
  });
}

/**
 * @param {Pattern} pattern
 * @param {boolean} lenient null where there is nothing, instead of a failure
 */
function statOf(pattern, lenient) {
  // No file's name can hold it, and Node would speak of its own arguments.
  if (pattern.base.includes("\0")) {
    if (lenient) return null;
    throw new Failure(`could not find \`${pattern.written}\`: no file has a null character in its name`, {
      type: "collection",
      code: "COLLECTOR_MISSING",
    });
  }
  try {
    return statSync(native(pattern.base));
  } catch (thrown) {
    if (lenient && ["ENOENT", "ENOTDIR"].includes(errnoOf(thrown) ?? "")) return null;
    throw Failure.fromSystem(thrown, {
      type: "collection",
      code: errnoOf(thrown) === "ENOENT" ? "COLLECTOR_MISSING" : undefined,
      doing: "could not find",
      path: pattern.written,
    });
  }
}

/**
 * @param {string} written
 * @param {string} home absolute, with forward slashes
 * @param {{asWritten?: boolean}} [options] `asWritten`: a path that exists under this very name is meant
 * @returns {Pattern}
 */
function compile(written, home, { asWritten = true } = {}) {
  // `!(` opens an alternative, it does not exclude.
  const negative = written.startsWith("!") && !written.startsWith("!(");
  const text = slashed(negative ? written.slice(1) : written);
  const segments = text.split("/");
  let first = segments.findIndex(hasWildcard);
  if (asWritten && first !== -1 && existsAsWritten(text, home)) first = -1;

  if (first === -1) {
    const unescaped = hasWildcard(text) ? text : text.replace(/\\(.)/g, "$1");
    const base = slashed(resolve(home, unescaped));
    const below = startOf(base);
    /** @param {string} path */
    const inside = (path) => path === base || path.startsWith(below);
    return {
      written,
      negative,
      base,
      literal: true,
      test: inside,
      names: (path) => path === base,
      mayName: (folder) => below.startsWith(startOf(folder)) && folder !== base,
      mayHold: (folder) => inside(folder) || below.startsWith(startOf(folder)),
      covers: inside,
    };
  }

  const leading = segments.slice(0, first).map((segment) => segment.replace(/\\(.)/g, "$1"));
  // The root of an absolute pattern is an empty first segment.
  const base = slashed(resolve(home, leading.length === 1 && leading[0] === "" ? "/" : leading.join("/")));
  const glob = segments
    .slice(first)
    .filter((segment) => segment !== "" && segment !== ".")
    .map(withoutIdleParentheses)
    .join("/");
  return {
    written,
    negative,
    base,
    literal: false,
    ...tests(base, glob, { dot: negative, folders: text.endsWith("/") }),
  };
}

/**
 * @param {string} written
 * @param {string} home
 * @returns {Pattern}
 */
function compileExclude(written, home) {
  const text = slashed(written.replace(/^!(?!\()/, ""));
  const name = text.replace(/\/$/, "");
  // Without a name it is a directory: `/` the root, `!` alone the directory that patterns start at.
  if (name === "" || name.includes("/")) return compile(`!${text}`, home);
  const isMatch = globMatcher(withoutIdleParentheses(name), { dots: true });
  const start = startOf(home);
  /** @type {(path: string, folder: boolean) => boolean} */
  const anySegment = (path, folder) => {
    const segments = (path.startsWith(start) ? path.slice(start.length) : path).split("/");
    if (!folder && text.endsWith("/")) segments.pop();
    return segments.some((segment) => isMatch(segment));
  };
  return {
    written,
    negative: true,
    base: home,
    literal: false,
    test: (path) => anySegment(path, false),
    names: () => false,
    mayName: () => false,
    mayHold: () => true,
    covers: (folder) => anySegment(folder, true),
  };
}

/**
 * The three questions, for a glob below a directory.
 *
 * @param {string} base
 * @param {string} glob
 * @param {{dot: boolean, folders: boolean}} options `folders`: the glob names directories alone
 * @returns {Pick<Pattern, "test" | "names" | "mayName" | "mayHold" | "covers">}
 */
function tests(base, glob, { dot, folders }) {
  const options = { dots: dot };
  const automaton = globAutomaton(glob, options);
  const start = startOf(base);

  /** @type {(path: string) => string | null} */
  const below = (path) => (path.startsWith(start) ? path.slice(start.length) : null);

  // What `**` at the end reaches it names itself, with its own rule for leading dots.
  const reaches = !folders && /(?:^|\/)\*\*(?:\/\*)?$/.test(glob);
  /** What the glob names: the path itself, a directory that it is in, or neither. @type {(path: string) => "whole" | "below" | null} */
  const named = (path) => (path === "" ? null : (automaton?.within(path) ?? null));
  const isMatch = (/** @type {string} */ path) => automaton?.matches(path) ?? false;

  // Segments before the first `**` each have to match the directory at their depth. A slash within braces
  // or parentheses makes depths uncertain.
  const segments = /[{(][^})]*\//.test(glob) ? ["**"] : glob.split("/");
  const spans = segments.findIndex((segment) => segment.includes("**"));
  const fixed = (spans === -1 ? segments : segments.slice(0, spans)).map((part) =>
    globMatcher(part, options),
  );

  return {
    test: (path) => {
      const inside = below(path);
      if (inside === null) return false;
      if (reaches) return isMatch(inside);
      const how = named(inside);
      return how === "below" || (how === "whole" && !folders);
    },
    names: (folder) => {
      const inside = below(folder);
      return inside !== null && isMatch(inside);
    },
    mayName: (folder) => {
      const inside = below(folder);
      if (inside === null) return start.startsWith(startOf(folder));
      const depth = inside.split("/").length;
      return spans !== -1 || (depth < fixed.length && inside.split("/").every((part, n) => fixed[n](part)));
    },
    mayHold: (folder) => {
      const inside = below(folder);
      if (inside === null) return start.startsWith(startOf(folder));
      // A directory as deep as the glob is one that it names.
      return inside.split("/").every((part, depth) => fixed[depth]?.(part) ?? true);
    },
    covers: (folder) => {
      const inside = folder === base ? "" : below(folder);
      if (inside === null) return false;
      if (!reaches) return named(inside) !== null;
      // A final `**` takes every name once it takes one, provided that dots are no exception.
      return dot && /(?:^|\/)\*\*$/.test(glob) && isMatch(inside === "" ? "\u0001" : `${inside}/\u0001`);
    },
  };
}

/** @param {string} segment */
function hasWildcard(segment) {
  const plain = segment.replace(/\\./g, "");
  return /[*?[\]{}]/.test(plain) || /[@+!]\(|\([^)]*\|/.test(plain);
}

/**
 * Parentheses that hold no alternatives are part of a name, as in `app/(auth)`.
 *
 * @param {string} segment
 */
function withoutIdleParentheses(segment) {
  return /[@+!*?]\(|\|/.test(segment) ? segment : segment.replace(/(?<!\\)[()]/g, "\\$&");
}

/**
 * @param {string} text
 * @param {string} home
 */
function existsAsWritten(text, home) {
  try {
    return existsSync(resolve(home, text));
  } catch {
    return false;
  }
}
