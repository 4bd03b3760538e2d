/**
 * One spelling of paths for matching and for results: forward slashes on every platform.
 */

import { realpathSync } from "node:fs";
import { isAbsolute, relative, sep } from "node:path";

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
 * An absolute path as it is reported from `cwd`: relative, unless it is on another drive.
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

/**
 * A path as it is named from a folder that contains it.
 *
 * @param {string} folder absolute
 * @param {string} path absolute
 * @returns {string | null} with forward slashes; null where it is outside, or is the folder itself
 */
export function below(folder, path) {
  const inside = relative(folder, path);
  if (inside === "" || inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside)) return null;
  return slashed(inside);
}

/**
 * Where a path leads, or itself where that cannot be found out.
 *
 * @param {string} path
 */
export function realPath(path) {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
