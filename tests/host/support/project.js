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
 * What this Node runs programs under test with: they live for a moment, and optimizing the wasm for longer would cost more
 * than half of their time. What they compute is the same.
 */
const FOR_SHORT_RUNS = Object.freeze(["--liftoff-only"]);

/** The user without rights of its own. */
const NOBODY = 65534;

/** Everything that a program told, in one text. @param {Outcome} outcome */
export const told = ({ stdout, stderr }) => `${stdout}\n${stderr}`;

/**
 * @typedef {object} RunOptions
 * @property {NodeJS.ProcessEnv} [env] beside {@link PLAIN_ENV}
 * @property {string} [cwd]
 * @property {string} [entry] the program; the command line unless given
 * @property {string} [node] the Node that runs it, exactly as it is; this one unless given
 * @property {number} [user]
 */

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
   * Starts the command line.
   * @param {string[]} args
   * @param {RunOptions} [options]
   * @returns {{child: import("node:child_process").ChildProcess, ended: Promise<Outcome>}} `ended` resolves when it
   *   has ended and its output is complete
   */
  start(args, { env = {}, cwd = this.directory, entry = CLI, node, user } = {}) {
    const program = node === undefined ? [process.execPath, ...FOR_SHORT_RUNS, entry] : [node, entry];
    const child = spawn(program[0], [...program.slice(1), ...args], {
      cwd,
      env: { ...PLAIN_ENV, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      ...(user !== undefined && { uid: user, gid: user }),
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    /** @type {Promise<Outcome>} */
    const ended = new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
    });
    return { child, ended };
  }

  /**
   * Runs the command line to its end.
   * @param {string[]} args
   * @param {RunOptions & {timeoutMs?: number}} [options]
   * @returns {Promise<Outcome>}
   */
  async run(args, { timeoutMs = 300_000, ...options } = {}) {
    const { child, ended } = this.start(args, options);
    const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
    try {
      return await ended;
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Gives everything to a user whose rights count, because root may do anything.
   * @returns {number | undefined} the user to run as; undefined where this process is nobody special itself
   */
  giveAway() {
    if (process.getuid?.() !== 0) return undefined;
    fs.chownSync(this.directory, NOBODY, NOBODY);
    for (const name of fs.readdirSync(this.directory, { recursive: true, encoding: "utf8" })) {
      fs.lchownSync(this.path(name), NOBODY, NOBODY);
    }
    return NOBODY;
  }

  /** The names in a folder, sorted; without git's. @param {string} [folder] */
  names(folder = ".") {
    return fs
      .readdirSync(this.path(folder))
      .filter((name) => name !== ".git")
      .sort();
  }

  /** Runs `track --json` and gives its document. @param {...string} args */
  async track(...args) {
    const outcome = await this.run(["track", "--json", ...args]);
    return { ...outcome, document: JSON.parse(outcome.stdout) };
  }
}
