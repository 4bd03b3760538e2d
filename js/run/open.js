// Opens a file in the reader's browser, where the machine has a program for that. Whether one should
// is its caller's to decide.

import { spawn } from "node:child_process";

/** The programs that open a file as a double click would. @type {Partial<Record<NodeJS.Platform, string[]>>} */
const OPENERS = {
  darwin: ["open"],
  win32: ["explorer.exe"],
  linux: ["xdg-open"],
  freebsd: ["xdg-open"],
  openbsd: ["xdg-open"],
};

/** How long an opener may take to refuse; one that still runs then has something open. */
const PATIENCE_MS = 3000;

/**
 * Opens a file with the program that the system has for it.
 *
 * @param {string} file absolute
 * @param {NodeJS.ProcessEnv} env
 * @param {NodeJS.Platform} [platform]
 * @returns {Promise<boolean>} whether a program took it
 */
export async function openInBrowser(file, env, platform = process.platform) {
  const [program, ...args] = OPENERS[platform] ?? [];
  if (program === undefined) return false;
  return new Promise((resolve) => {
    const child = spawn(program, [...args, file], { stdio: "ignore", detached: true, env });
    const timer = setTimeout(() => resolve(true), PATIENCE_MS);
    child.on("error", () => {
      clearTimeout(timer);
      resolve(false);
    });
    // Explorer ends with 1 whatever it did.
    child.on("exit", (code) => {
      clearTimeout(timer);
      resolve(code === 0 || platform === "win32");
    });
    child.unref();
  });
}
