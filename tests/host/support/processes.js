// Whether processes are there, from outside.

import fs from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Whether a process runs. One that has ended and was not yet asked for its exit code does not.
 * @param {number} pid
 */
export function runs(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === "EPERM";
  }
  try {
    return !/^State:\s*Z/m.test(fs.readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    // No /proc: macOS, where init collects orphans at once. Gone meanwhile: it does not run.
    return process.platform !== "linux";
  }
}

/**
 * Waits until something holds.
 * @param {() => boolean} holds
 * @param {string} what for the message
 */
export async function until(holds, what) {
  for (const started = Date.now(); !holds(); await sleep(10)) {
    if (Date.now() - started > 180_000) throw new Error(`waited 180 s in vain: ${what}`);
  }
}
