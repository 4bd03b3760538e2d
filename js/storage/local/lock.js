/**
 * A lock between processes, as a file beside the file it guards. The system calls Node has know no lock that the
 * kernel lets go of when its holder dies, so this one names its holder and can be taken over from a dead one.
 *
 * The package proper-lockfile was weighed against these lines: it judges only by age, keeps a timer running to look
 * young, and takes over without making sure that the lock is still the one it judged, so that of two waiting
 * processes one may remove the other's new lock. The section that is guarded here is synchronous and lasts
 * milliseconds: no timer is needed, a dead holder on the same machine is recognised at once, and a takeover is itself
 * exclusive.
 */

import { closeSync, lstatSync, openSync, readlinkSync, statSync, unlinkSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { errnoOf, Failure } from "../../failure.js";
import { readText } from "../../files/read.js";

/** Age in milliseconds from which a lock counts as left behind when its holder cannot be asked. */
const STALE_MS = 120_000;
/** The same for a lock without content: its holder died between creating and writing it, or is doing so now. */
const EMPTY_STALE_MS = 5_000;
/** Milliseconds to wait for the lock. */
const PATIENCE_MS = 30_000;
/** Bytes of the longest lock that is read: a holder's name is a hundred. */
const LONGEST = 4096;
/** The longest pause between two looks, in milliseconds. */
const PAUSE_MS = 40;

/**
 * @typedef {object} Waiting
 * @property {(ms: number) => Promise<unknown>} sleep
 * @property {() => number} random at least 0, below 1
 * @property {number} [patienceMs]
 */

/**
 * Runs `action` while holding the lock of `target`.
 *
 * @template T
 * @param {string} target the file that is guarded; the lock is `<target>.lock` in the same directory
 * @param {(held: () => boolean) => T} action synchronous, so that nothing of this process comes between; `held`
 *   says whether the lock is still ours, which it is not when this process was stopped for minutes
 * @param {Waiting} waiting
 * @returns {Promise<T>}
 * @throws {Failure} `STORAGE_LOCKED` when another process holds it for longer than the patience lasts;
 *   `STORAGE_LOCK_INVALID` where something that no run leaves has the lock's name
 */
export async function withLock(target, action, { sleep, random, patienceMs = PATIENCE_MS }) {
  const file = `${target}.lock`;
  const started = performance.now();
  for (;;) {
    const token = acquire(file, target);
    if (token !== null) {
      try {
        return action(() => contentOf(file) === token);
      } finally {
        release(file, token);
      }
    }
    if (performance.now() - started >= patienceMs) throw locked(file, target);
    await sleep(1 + random() * PAUSE_MS);
  }
}

/**
 * Creates the lock, taking it over first where it was left behind.
 *
 * @param {string} file
 * @param {string} target for messages
 * @returns {string | null} the content that makes it ours, or null while another process holds it
 */
function acquire(file, target) {
  const token = JSON.stringify({
    pid: process.pid,
    host: HOST,
    at: new Date().toISOString(),
    serial: ++serial,
  });
  if (create(file, token, target)) return token;

  refuseForeign(file, target);
  const judged = contentOf(file);
  if (judged === null || !isStale(file, judged)) return null;

  // Only the holder of the second lock removes another process's first one, and only after looking again: between two
  // processes that both found it stale, the slower one would else remove the new lock of the quicker one.
  const guard = `${file}.takeover`;
  if (!create(guard, token, target)) {
    refuseForeign(guard, target);
    if (isStale(guard, "")) remove(guard);
    return null;
  }
  try {
    if (contentOf(file) === judged) remove(file);
  } finally {
    remove(guard);
  }
  return create(file, token, target) ? token : null;
}

/**
 * @param {string} file
 * @param {string} token
 * @param {string} target for messages
 * @returns {boolean} false when it exists already
 */
function create(file, token, target) {
  let handle;
  try {
    handle = openSync(file, "wx", 0o666);
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === "EEXIST") return false;
    // Windows says so of a file that is just being removed.
    if (process.platform === "win32" && (errno === "EPERM" || errno === "EACCES")) return false;
    throw Failure.fromSystem(thrown, {
      type: "storage",
      doing: "could not create the lock of",
      path: target,
    });
  }
  try {
    writeSync(handle, token);
  } catch (thrown) {
    remove(file);
    throw Failure.fromSystem(thrown, { type: "storage", doing: "could not write the lock of", path: target });
  } finally {
    closeSync(handle);
  }
  return true;
}

/**
 * @param {string} file
 * @param {string} token
 */
function release(file, token) {
  if (contentOf(file) === token) remove(file);
}

/** @param {string} file */
function remove(file) {
  try {
    unlinkSync(file);
  } catch {
    // Gone already, or held open for a moment by a reader on Windows: then it goes stale and is taken over.
  }
}

/**
 * @param {string} file
 * @returns {string | null} null when there is none
 */
function contentOf(file) {
  try {
    return readText(file, { limit: LONGEST, type: "storage" });
  } catch {
    return null;
  }
}

/**
 * Fails where what has the lock's name is no lock, so that no waiting would help: a directory, a pipe, a device, or a
 * link that leads to one of them or to nothing.
 *
 * @param {string} file
 * @param {string} target for messages
 */
function refuseForeign(file, target) {
  const own = lstatSync(file, { throwIfNoEntry: false });
  if (own === undefined || own.isFile()) return;
  const what = own.isSymbolicLink() ? "a link" : own.isDirectory() ? "a directory" : "not a regular file";
  throw new Failure(`could not lock \`${target}\`: \`${file}\` is ${what}, which no run leaves there`, {
    type: "storage",
    code: "STORAGE_LOCK_INVALID",
    hint: `Remove \`${file}\`.`,
  });
}

/**
 * @param {string} file
 * @param {string} content
 */
function isStale(file, content) {
  const age = ageOf(file);
  if (age === null) return false;
  const holder = holderIn(content);
  if (holder === null) return age > EMPTY_STALE_MS;
  // A process id says something only where it was given out.
  if (holder.host === HOST && !isAlive(holder.pid)) return true;
  return age > STALE_MS;
}

/**
 * @param {string} file
 * @returns {number | null} milliseconds since it was written
 */
function ageOf(file) {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats ? Date.now() - stats.mtimeMs : null;
}

/**
 * @param {string} content
 * @returns {{pid: number, host: string} | null}
 */
function holderIn(content) {
  try {
    const { pid, host } = JSON.parse(content);
    return Number.isInteger(pid) && typeof host === "string" ? { pid, host } : null;
  } catch {
    return null;
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return errnoOf(thrown) === "EPERM";
  }
}

/** The machine, and on Linux the space its process ids live in: containers may share a host name. */
const HOST = `${hostname()}${processSpace()}`;

function processSpace() {
  try {
    return ` ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return "";
  }
}

let serial = 0;

/**
 * @param {string} file
 * @param {string} target
 */
function locked(file, target) {
  const holder = holderIn(contentOf(file) ?? "");
  const age = ageOf(file);
  const by = holder ? `process ${holder.pid} on \`${holder.host.split(" ")[0]}\`` : "another process";
  const since = age === null ? "" : ` since ${Math.max(0, Math.round(age / 1000))} s`;
  return new Failure(`could not lock \`${target}\`: ${by} holds it${since}`, {
    type: "storage",
    code: "STORAGE_LOCKED",
    hint: `Try again when the other run has finished; if none is running, delete \`${file}\`.`,
    retryable: true,
  });
}
