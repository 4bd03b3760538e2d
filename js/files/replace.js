/**
 * Replaces a file in one step: a reader sees the old content or the new, and so does whoever looks after a crash.
 * Does not lock; two writers at once both succeed, and the later one stays.
 */

import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { errnoOf } from "../failure.js";

/** Milliseconds for which Windows is asked again while another program holds the file open. */
const RENAME_PATIENCE_MS = 2_000;

/**
 * Puts `bytes` in the place of `target`, or creates it. The mode of an existing file is kept, and its owner as
 * far as the user may give files away. The bytes are on the device when this returns.
 *
 * @param {string} target not a symbolic link: a link would be replaced itself
 * @param {Uint8Array} bytes
 * @param {{confirm?: () => boolean}} [options] asked when all is written; the target stays as it is unless true
 * @returns {boolean} whether the target was replaced
 * @throws {Error} what the operating system said; the target is as it was and nothing is left behind
 */
export function writeAtomically(target, bytes, { confirm } = {}) {
  const before = statSync(target, { throwIfNoEntry: false });
  const temporary = `${target}.${process.pid}-${Math.trunc(performance.now() * 1e6).toString(36)}${serial++}.tmp`;
  const file = openSync(temporary, "wx", before ? before.mode & 0o777 : 0o666);
  let open = true;
  try {
    writeFileSync(file, bytes);
    if (before && process.platform !== "win32") keepOwnerAndMode(file, before);
    fsyncSync(file);
    closeSync(file);
    open = false;
    if (confirm && !confirm()) {
      unlinkSync(temporary);
      return false;
    }
    renameOver(temporary, target);
  } catch (thrown) {
    try {
      if (open) closeSync(file);
      unlinkSync(temporary);
    } catch {
      // What went wrong first is what counts.
    }
    throw thrown;
  }
  syncFolder(dirname(target));
  return true;
}

/**
 * Removes what interrupted replacements of `target` left behind. Only for who knows that none is under way.
 *
 * @param {string} target
 */
export function removeLeftovers(target) {
  const folder = dirname(target);
  const start = `${basename(target)}.`;
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(start) || !LEFTOVER.test(name.slice(start.length))) continue;
    try {
      unlinkSync(join(folder, name));
    } catch {
      // It costs space and nothing else.
    }
  }
}

/** What follows the target's name in the name of a temporary file. */
const LEFTOVER = /^\d+-[0-9a-z]+\.tmp$/;

let serial = 0;

/**
 * @param {number} file
 * @param {import("node:fs").Stats} before
 */
function keepOwnerAndMode(file, before) {
  try {
    fchownSync(file, before.uid, before.gid);
  } catch (thrown) {
    if (errnoOf(thrown) !== "EPERM") throw thrown;
  }
  // After the owner, because changing that clears bits of the mode.
  fchmodSync(file, before.mode & 0o7777);
}

/**
 * @param {string} from
 * @param {string} to
 */
function renameOver(from, to) {
  for (const started = performance.now(); ; ) {
    try {
      renameSync(from, to);
      return;
    } catch (thrown) {
      const held = ["EPERM", "EACCES", "EBUSY"].includes(errnoOf(thrown) ?? "");
      if (process.platform !== "win32" || !held || performance.now() - started > RENAME_PATIENCE_MS)
        throw thrown;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

/** @param {string} folder */
function syncFolder(folder) {
  // Windows has no such call and makes renames durable by itself.
  if (process.platform === "win32") return;
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } catch (thrown) {
    // Some network file systems cannot; the rename has taken place all the same.
    if (!["EINVAL", "ENOTSUP", "EPERM", "EBADF"].includes(errnoOf(thrown) ?? "")) throw thrown;
  } finally {
    closeSync(handle);
  }
}
