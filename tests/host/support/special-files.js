// Files that are no regular ones, for tests of what is written and read: made in temporary folders, never in /dev.

import { execFileSync } from "node:child_process";
import net from "node:net";

/** Whether this system has such files. */
export const HAS_PIPES = process.platform !== "win32";
/** Why devices cannot be made here; false where they can. */
export const NO_DEVICES =
  process.platform === "linux" && process.getuid?.() === 0 ? false : "only Linux's root makes devices";

/** @param {string} path */
export const makePipe = (path) => void execFileSync("mkfifo", [path]);

/** One that takes everything, as /dev/null does. @param {string} path */
export const makeNullDevice = (path) => void execFileSync("mknod", [path, "c", "1", "3"]);

/** One that is always full, as /dev/full is. @param {string} path */
export const makeFullDevice = (path) => void execFileSync("mknod", [path, "c", "1", "7"]);

/** One of a number that belongs to no disk. @param {string} path */
export const makeBlockDevice = (path) => void execFileSync("mknod", [path, "b", "240", "4000"]);

/**
 * @param {import("node:test").TestContext} t
 * @param {string} path
 */
export async function makeSocket(t, path) {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(path, () => resolve(undefined)));
  t.after(() => server.close());
}
