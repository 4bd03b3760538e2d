// What `npm test -- WORDS` is to run: parts of the tests, files of them, or tests of the engine by their name.

import fs from "node:fs";
import path from "node:path";

/** The parts of the tests, in the order in which they run, each the name of its folder below `tests/`. */
export const PARTS = /** @type {const} */ (["engine", "host", "page"]);

/** @typedef {typeof PARTS[number]} Part */

/**
 * @typedef {object} Plan
 * @property {string[] | null} engine what the names of the engine's tests must hold, one of them; all of its tests run
 *   where there is none; null where none is to run
 * @property {string[]} host files, relative to the repository
 * @property {string[]} page files, relative to the repository
 * @property {string[]} options passed on to Node's test runner
 */

/**
 * @param {string[]} words parts, files and folders of tests, or parts of names of the engine's tests; everything
 *   unless given. Options stand among them with their value behind `=`
 * @param {string} root of the repository
 * @param {string} [cwd] what paths are relative to
 * @returns {Plan}
 * @throws {Error} for a path without tests
 */
export function planOf(words, root, cwd = root) {
  const options = words.filter((word) => word.startsWith("-"));
  const names = words.filter((word) => !word.startsWith("-"));
  const asked = names.length > 0 ? names : [...PARTS];
  /** @type {Plan} */
  const plan = { engine: null, host: [], page: [], options };
  /** @type {Record<"host" | "page", Set<string>>} */
  const files = { host: new Set(), page: new Set() };
  let wholeEngine = false;
  for (const word of asked) {
    if (word === "engine") wholeEngine = true;
    else if (word === "host" || word === "page") for (const file of within(word)) files[word].add(file);
    else if (/[\\/.]/.test(word)) {
      const place = path.relative(root, path.resolve(cwd, word)).replaceAll("\\", "/");
      const found = /** @type {const} */ (["host", "page"]).flatMap((part) =>
        within(part)
          .filter((file) => file === place || file.startsWith(`${place}/`))
          .map((file) => /** @type {const} */ ([part, file])),
      );
      if (found.length === 0)
        throw new Error(`\`${word}\` is no file or folder with tests of tests/host or tests/page`);
      for (const [part, file] of found) files[part].add(file);
    } else plan.engine = [...(plan.engine ?? []), word];
  }
  if (wholeEngine) plan.engine = [];
  return { ...plan, host: [...files.host], page: [...files.page] };

  /** @param {"host" | "page"} part @returns {string[]} its test files, sorted */
  function within(part) {
    return fs
      .readdirSync(path.join(root, "tests", part), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".test.js"))
      .map((name) => `tests/${part}/${name.replaceAll("\\", "/")}`)
      .sort();
  }
}
