/**
 * Where a path leads: which file is replaced, or what else is written to, when a person names it. Links are followed one
 * by one, because the file at their end is to be replaced in its own folder, and need not exist.
 */

import { fstatSync, lstatSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { errnoOf } from "../failure.js";

/** As many links as Linux follows. */
const MOST_LINKS = 40;

/**
 * @typedef {object} Target
 * @property {string} path absolute; its folder holds no links where it exists
 * @property {number | null} descriptor of this process, where the path names one, such as `/dev/stdout`
 * @property {import("node:fs").Stats | null} stats null where nothing is there
 * @property {boolean} system whether it is in a folder whose entries the kernel makes up
 */

/**
 * Follows a path to what is written: the file at the end of its links, or something that is no file.
 *
 * @param {string} path absolute
 * @returns {Target}
 * @throws {NodeJS.ErrnoException} what the system said; `ELOOP` for links that lead in a circle
 */
export function targetOf(path) {
  let at = path;
  for (let links = 0; links <= MOST_LINKS; links++) {
    const folder = realFolder(dirname(at));
    // Names such as `NUL` are in no folder.
    const here = folder === null || isDevicePath(at) ? at : join(folder, basename(at));
    const descriptor = ownDescriptor(here);
    if (descriptor !== null) {
      return { path: here, descriptor, stats: fstatSync(descriptor), system: true };
    }
    const stats = lstatSync(here, { throwIfNoEntry: false }) ?? null;
    const system = process.platform === "linux" && /^\/(proc|sys)(\/|$)/.test(dirname(here));
    if (!stats?.isSymbolicLink()) return { path: here, descriptor, stats, system };
    // A link of the kernel's own leads to what is open, which its text need not name.
    if (system) {
      return { path: here, descriptor, stats: statSync(here, { throwIfNoEntry: false }) ?? null, system };
    }
    at = resolve(dirname(here), readlinkSync(here));
  }
  throw Object.assign(new Error("links"), { code: "ELOOP" });
}

/**
 * @param {string} folder
 * @returns {string | null} without links; null where it does not exist
 */
function realFolder(folder) {
  try {
    return realpathSync(folder);
  } catch (thrown) {
    if (["ENOENT", "ENOTDIR"].includes(errnoOf(thrown) ?? "")) return null;
    throw thrown;
  }
}

/** @param {string} path */
const isDevicePath = (path) => process.platform === "win32" && path.startsWith("\\\\.\\");

/**
 * @param {string} path
 * @returns {number | null}
 */
function ownDescriptor(path) {
  if (process.platform === "win32") return null;
  if (path === "/dev/stdout") return 1;
  if (path === "/dev/stderr") return 2;
  const found = /^\/(?:dev|proc\/(?:self|thread-self|(\d+)(?:\/task\/\d+)?))\/fd\/(\d{1,9})$/.exec(path);
  if (!found || (found[1] !== undefined && Number(found[1]) !== process.pid)) return null;
  return Number(found[2]);
}
