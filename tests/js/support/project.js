// A throw-away repository to run the shipped command line in: real files, real git, real processes.

import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The repository under test. */
export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** The shipped command line. */
export const CLI = path.join(ROOT, "dist/cli.js");

/** The environment of a run without CI, without colours, without anything of this machine's own. */
export const PLAIN_ENV = Object.freeze({
  PATH: process.env.PATH,
  HOME: os.tmpdir(),
  SystemRoot: process.env.SystemRoot,
  GIT_CONFIG_GLOBAL: os.devNull,
  GIT_CONFIG_NOSYSTEM: "1",
});

/**
 * @typedef {{code: number | null, signal: NodeJS.Signals | null, stdout: string, stderr: string}} Outcome
 */

export class Project {
  /**
   * A new folder, removed when the test ends.
   * @param {import("node:test").TestContext} t
   * @param {Record<string, string | Uint8Array>} [files]
   * @param {{git?: boolean}} [options] with one commit on `main` unless told otherwise
   */
  constructor(t, files = {}, { git = true } = {}) {
    this.directory = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-test-")));
    t.after(() => fs.rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 }));
    for (const [name, content] of Object.entries(files)) this.write(name, content);
    if (git) {
      this.git("init", "-q", "-b", "main");
      this.git("add", "-A");
      this.git(
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.invalid",
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "first",
      );
    }
  }

  /** @param {string} name */
  path(name) {
    return path.join(this.directory, name);
  }

  /** @param {string} name @param {string | Uint8Array} content */
  write(name, content) {
    fs.mkdirSync(path.dirname(this.path(name)), { recursive: true });
    fs.writeFileSync(this.path(name), content);
    return this;
  }

  /** @param {string} name */
  read(name) {
    return fs.readFileSync(this.path(name));
  }

  /** @param {string} name */
  exists(name) {
    return fs.existsSync(this.path(name));
  }

  /** @param {...string} args */
  git(...args) {
    return execFileSync("git", args, { cwd: this.directory, encoding: "utf8", env: PLAIN_ENV }).trim();
  }

  /** Writes a configuration. @param {object} config */
  config(config) {
    return this.write("unentropy.json", JSON.stringify(config, null, 2));
  }

  /**
   * Starts the command line; resolves when it has ended and its output is complete.
   * @param {string[]} args
   * @param {{env?: NodeJS.ProcessEnv, cwd?: string, timeoutMs?: number}} [options]
   * @returns {Promise<Outcome>}
   */
  run(args, { env = {}, cwd = this.directory, timeoutMs = 60_000 } = {}) {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [CLI, ...args], { cwd, env: { ...PLAIN_ENV, ...env } });
      let stdout = "";
      let stderr = "";
      child.stdout.setEncoding("utf8").on("data", (text) => {
        stdout += text;
      });
      child.stderr.setEncoding("utf8").on("data", (text) => {
        stderr += text;
      });
      const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
      child.on("error", reject);
      child.on("close", (code, signal) => {
        clearTimeout(timer);
        resolve({ code, signal, stdout, stderr });
      });
    });
  }

  /** Runs `track --json` and gives its document. @param {...string} args */
  async track(...args) {
    const outcome = await this.run(["track", "--json", ...args]);
    return { ...outcome, document: JSON.parse(outcome.stdout) };
  }
}
