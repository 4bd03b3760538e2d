/**
 * Replaces a file in one step: a reader sees the old content or the new, also after a crash.
 * Does not lock; two writers at once both succeed, and the later one stays.
 */

import { createHash } from "node:crypto";
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
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
 * Replaces the content of `target` with `bytes`, or creates it. The mode of an existing file is kept, and its owner as
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
  const temporary = temporaryBeside(target);
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
  const start = temporaryStart(target);
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(start) || !LEFTOVER.test(name.slice(start.length))) continue;
    try {
      unlinkSync(join(folder, name));
    } catch {
      // It costs space and nothing else.
    }
  }
}

/**
 * A name for what is to replace `target`, which {@link removeLeftovers} knows.
 *
 * @param {string} target
 */
export function temporaryBeside(target) {
  const own = `${process.pid}-${Math.trunc(performance.now() * 1e6).toString(36)}${serial++}`;
  return join(dirname(target), `${temporaryStart(target)}${own}.tmp`);
}

/**
 * How the names of a file's temporary ones start. File systems allow names of 255 bytes.
 *
 * @param {string} target
 */
function temporaryStart(target) {
  const name = basename(target);
  if (Buffer.byteLength(name) <= LONGEST_START) return `${name}.`;
  return `.unentropy-${createHash("sha256").update(name).digest("hex").slice(0, 16)}.`;
}

/** Bytes of a name that leave room for what follows it. */
const LONGEST_START = 200;

/** What follows the target's name in the name of a temporary file. */
const LEFTOVER = /^\d+-[0-9a-z]+\.tmp$/;

let serial = 0;

/**
 * @param {number} file
 * @param {import("node:fs").Stats} before
 */
function keepOwnerAndMode(file, before) {
  const kept = changedOwner(file, before.uid, before.gid);
  // Who may not give files away may still give them to a group of their own.
  if (!kept) changedOwner(file, -1, before.gid);
  // After the owner, because changing that clears bits of the mode. Those that run a program as its owner mean that one.
  fchmodSync(file, before.mode & (kept ? 0o7777 : 0o1777));
}

/**
 * @param {number} file
 * @param {number} user -1 for the one that it has
 * @param {number} group
 * @returns {boolean} false where this user may not do so
 */
function changedOwner(file, user, group) {
  try {
    fchownSync(file, user < 0 ? fstatSync(file).uid : user, group);
    return true;
  } catch (thrown) {
    if (errnoOf(thrown) !== "EPERM") throw thrown;
    return false;
  }
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
    // Some network file systems cannot; the rename is done in any case.
    if (!["EINVAL", "ENOTSUP", "EPERM", "EBADF"].includes(errnoOf(thrown) ?? "")) throw thrown;
  } finally {
    closeSync(handle);
  }
}
