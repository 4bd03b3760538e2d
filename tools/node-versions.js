// Other versions of Node than the present one, for tests and measurements that need them. They are kept below
// target/, not among the development dependencies: there their `node` would stand before the user's own in every
// script of npm.

import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const KEPT = fileURLToPath(new URL("../target/node/", import.meta.url));
const PRESENT = Number(process.versions.node.split(".")[0]);
const windows = process.platform === "win32";

/**
 * The program of a major version of Node, fetched once from npm.
 * @param {number} major
 * @returns {string}
 * @throws {Error} where it is not here and cannot be fetched
 */
export function nodeOf(major) {
  if (major === PRESENT) return process.execPath;
  const folder = path.join(KEPT, String(major));
  const program = path.join(folder, "node_modules/node/bin", windows ? "node.exe" : "node");
  if (!fs.existsSync(program)) {
    fs.mkdirSync(folder, { recursive: true });
    const words = ["install", "--prefix", folder, "--no-save", "--no-audit", "--no-fund", `node@${major}`];
    execFileSync(windows ? "npm.cmd" : "npm", words, {
      cwd: folder,
      stdio: "pipe",
      timeout: 180_000,
      shell: windows,
    });
  }
  return program;
}
