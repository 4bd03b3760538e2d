/**
 * One spelling of paths for matching and for results: forward slashes on every platform.
 */

import { isAbsolute, relative } from "node:path";

const IS_WINDOWS = process.platform === "win32";

/**
 * The path with forward slashes. On other platforms a backslash is an ordinary character of a name.
 *
 * @param {string} path
 * @returns {string}
 */
export function slashed(path) {
  return IS_WINDOWS ? path.replaceAll("\\", "/") : path;
}

/**
 * A directory's path as the start of the paths below it.
 *
 * @param {string} folder with forward slashes
 * @returns {string} ends in exactly one slash
 */
export function startOf(folder) {
  return folder.endsWith("/") ? folder : `${folder}/`;
}

/**
 * An absolute path as it is told from `cwd`: relative, unless it lies on another drive.
 *
 * @param {string} path absolute, with forward slashes
 * @param {string} cwd absolute, with forward slashes
 * @returns {string} with forward slashes
 */
export function toldFrom(path, cwd) {
  const start = startOf(cwd);
  if (path.startsWith(start)) return path.slice(start.length);
  const told = relative(cwd, path);
  return isAbsolute(told) ? path : slashed(told) || ".";
}
