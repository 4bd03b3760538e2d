/**
 * Runs shell commands and reports what happened to them: status, output, time. Owns process groups, timeouts,
 * bounded output and the environment that a command sees. Does not know what a value is: the first line of
 * the output is handed on as it came, and the engine reads it.
 */

import { spawn, spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { win32 } from "node:path";
import { Failure } from "../failure.js";
import { atSuddenEnd, notAtSuddenEnd } from "../sudden-end.js";

/** @import { ChildProcess } from "node:child_process" */
/** @import { CommandFacts, CommandResult, RunOptions } from "./types.js" */

/** How much of the start of stdout is kept, in bytes; the rest is read and dropped. */
const STDOUT_KEPT = 64 * 1024;
/** How much of the end of stderr is kept, in bytes: the last lines say why. */
const STDERR_KEPT = 8 * 1024;
/** Milliseconds between the polite signal and the one that cannot be caught. */
const GRACE_MS = 2_000;
/** Milliseconds for what is still in the pipes once the command itself has exited. */
const DRAIN_MS = 250;
/** Milliseconds after SIGKILL until a process that the kernel cannot end is left behind. */
const GIVE_UP_MS = 2_000;

/**
 * Runs one command line in the shell of the platform: `sh -c`, on Windows bash where there is one, else cmd.
 *
 * The command reads nothing (stdin is the null device) and leads a process group of its own, which is killed
 * as a whole on timeout and abort. Once the command itself has exited, children that still hold its pipes
 * are killed after a short drain; children that let go of the pipes are left alone, for a build daemon may
 * serve the next command. Memory stays bounded whatever the command prints.
 *
 * @param {string} command
 * @param {RunOptions} [options]
 * @returns {Promise<CommandResult>} never rejects: a command that cannot be started is a failed one
 */
export function run(command, { cwd, env = process.env, timeoutMs, signal, graceMs = GRACE_MS } = {}) {
  const started = performance.now();
  const out = headOf(STDOUT_KEPT);
  const err = tailOf(STDERR_KEPT);

  /** @type {(parts: Partial<CommandResult> & Pick<CommandResult, "status">) => CommandResult} */
  const outcome = (parts) => {
    return {
      exitCode: null,
      signal: null,
      problem: null,
      stdout: out.text(),
      stderr: err.text(),
      durationMs: performance.now() - started,
      ...parts,
    };
  };

  if (signal?.aborted) return Promise.resolve(outcome({ status: "aborted" }));

  const shell = shellFor(env);
  /** @type {ChildProcess} */
  let child;
  try {
    child = spawn(shell.file, [...shell.args, shell.verbatim ? `"${command}"` : command], {
      cwd,
      env,
      // A group of its own is what lets a timeout reach grandchildren; on Windows `detached` would open a console.
      detached: !IS_WINDOWS,
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
      windowsVerbatimArguments: shell.verbatim,
    });
  } catch (thrown) {
    return Promise.resolve(outcome({ status: "failed", problem: notStarted(thrown, shell.file, cwd) }));
  }

  return new Promise((resolve) => {
    /** @type {Set<NodeJS.Timeout>} */
    const timers = new Set();
    /** @type {"timeout" | "aborted" | null} */
    let stopped = null;
    let settled = false;

    /** @type {(ms: number, act: () => void) => void} */
    const after = (ms, act) => {
      // An open pipe or a living child keeps the loop turning, so no timer of ours has to.
      timers.add(setTimeout(act, ms).unref());
    };

    /** @type {(parts: Partial<CommandResult> & Pick<CommandResult, "status">) => void} */
    const settle = (parts) => {
      if (settled) return;
      settled = true;
      for (const timer of timers) clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      forget(child);
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.unref();
      resolve(outcome(stopped ? { ...parts, status: stopped } : parts));
    };

    /** @param {"timeout" | "aborted"} why */
    const stop = (why) => {
      if (stopped || settled) return;
      stopped = why;
      killGroup(child, "SIGTERM");
      after(graceMs, () => {
        killGroup(child, "SIGKILL");
        after(GIVE_UP_MS, () => settle({ status: why }));
      });
    };
    const onAbort = () => stop("aborted");

    remember(child);
    signal?.addEventListener("abort", onAbort, { once: true });
    if (timeoutMs !== undefined) after(timeoutMs, () => stop("timeout"));

    child.stdout?.on("data", out.add);
    child.stderr?.on("data", err.add);
    child.on("error", (thrown) => {
      // The same event also reports a signal that could not be sent; only without a pid did nothing start.
      if (child.pid === undefined) {
        settle({ status: "failed", problem: notStarted(thrown, shell.file, cwd) });
      }
    });
    child.on("exit", (code, endedBy) => {
      /** @type {Pick<CommandResult, "status" | "exitCode" | "signal">} */
      const ending = { status: code === 0 ? "ok" : "failed", exitCode: code, signal: endedBy };
      // `close` comes when the last holder of the pipes has gone, which may be never.
      child.once("close", () => {
        if (stopped) killGroup(child, "SIGKILL");
        settle(ending);
      });
      after(DRAIN_MS, () => {
        killGroup(child, "SIGKILL");
        settle(ending);
      });
    });
  });
}

/**
 * Runs tasks at most `concurrency` at a time, starting them in order, and gives their results in that order.
 * When one rejects, no further task is started, the running ones are awaited, and the first rejection is
 * passed on.
 *
 * @template T
 * @param {ReadonlyArray<() => Promise<T>>} tasks
 * @param {number} concurrency at least 1
 * @returns {Promise<T[]>}
 */
export async function runAll(tasks, concurrency) {
  /** @type {T[]} */
  const results = new Array(tasks.length);
  /** @type {{thrown: unknown} | null} */
  let broken = null;
  let next = 0;
  const lane = async () => {
    while (next < tasks.length && !broken) {
      const index = next++;
      const task = tasks[index];
      if (!task) continue;
      try {
        results[index] = await task();
      } catch (thrown) {
        broken ??= { thrown };
      }
    }
  };
  const lanes = Math.max(1, Math.min(Math.floor(concurrency) || 1, tasks.length));
  await Promise.all(Array.from({ length: lanes }, lane));
  if (broken) throw /** @type {{thrown: unknown}} */ (broken).thrown;
  return results;
}

/**
 * What a command is not told: a hurdle and no wall, for a process can read the environment of its parent, of the same
 * user. `name` is exact unless it ends in `*`; a row with `storage` applies only where
 * the history is kept there, because elsewhere the variable is the project's own.
 *
 * @type {ReadonlyArray<{name: string, reason: string, storage?: string}>}
 */
export const WITHHELD = Object.freeze([
  { name: "INPUT_*", reason: "the action's inputs hold the storage credentials and the token" },
  { name: "UNENTROPY_*", reason: "our own settings; the facts of the run are set anew" },
  { name: "AWS_ACCESS_KEY_ID", reason: "may open the bucket of the history" },
  { name: "AWS_SECRET_ACCESS_KEY", reason: "may open the bucket of the history" },
  { name: "AWS_SESSION_TOKEN", reason: "may open the bucket of the history" },
  { name: "AWS_SECURITY_TOKEN", reason: "older name of the session token" },
  { name: "AWS_WEB_IDENTITY_TOKEN_FILE", reason: "exchanged for bucket credentials" },
  { name: "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", reason: "hands out bucket credentials" },
  { name: "AWS_CONTAINER_CREDENTIALS_FULL_URI", reason: "hands out bucket credentials" },
  { name: "AWS_CONTAINER_AUTHORIZATION_TOKEN", reason: "opens the credentials endpoint" },
  { name: "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", reason: "opens the credentials endpoint" },
  { name: "GITHUB_TOKEN", reason: "writes to the repository and its pull requests" },
  { name: "GH_TOKEN", reason: "the same token under the name that the gh program reads first" },
  { name: "GITHUB_ENTERPRISE_TOKEN", reason: "the same token on an enterprise server" },
  { name: "GH_ENTERPRISE_TOKEN", reason: "the same token on an enterprise server" },
  { name: "ACTIONS_RUNTIME_TOKEN", reason: "replaces artifacts and caches, the history among them" },
  { name: "ACTIONS_RUNTIME_URL", reason: "of use only with the runtime token" },
  { name: "ACTIONS_RESULTS_URL", reason: "of use only with the runtime token" },
  { name: "ACTIONS_CACHE_URL", reason: "of use only with the runtime token" },
  { name: "ACTIONS_ID_TOKEN_REQUEST_TOKEN", reason: "mints identity tokens for clouds" },
  { name: "ACTIONS_ID_TOKEN_REQUEST_URL", reason: "mints identity tokens for clouds" },
  { name: "GITHUB_OUTPUT", reason: "sets the step's outputs, which later steps take for ours" },
  { name: "GITHUB_ENV", reason: "sets the variables of all later steps, programs to run among them" },
  { name: "GITHUB_PATH", reason: "decides which programs all later steps run" },
  { name: "GITHUB_STATE", reason: "sets what the action's own end reads" },
  { name: "GITHUB_STEP_SUMMARY", reason: "writes to the summary that the verdict stands in" },
  { name: "PGPASSWORD", reason: "may open the database of the history", storage: "postgres" },
  { name: "PGPASSFILE", reason: "names the file with the password", storage: "postgres" },
  { name: "PGSERVICEFILE", reason: "may hold the password", storage: "postgres" },
  { name: "PGSSLKEY", reason: "names the client's key", storage: "postgres" },
  { name: "PGSSLPASSWORD", reason: "opens the client's key", storage: "postgres" },
  { name: "DATABASE_URL", reason: "may hold the connection string of the history", storage: "postgres" },
  { name: "POSTGRES_URL", reason: "may hold the connection string of the history", storage: "postgres" },
]);

/** The variables that a command is given, by the fact each one states. */
const GIVEN = Object.freeze({
  commitSha: "UNENTROPY_COMMIT_SHA",
  branch: "UNENTROPY_BRANCH",
  runId: "UNENTROPY_RUN_ID",
  runNumber: "UNENTROPY_RUN_NUMBER",
  actor: "UNENTROPY_ACTOR",
  historyPath: "UNENTROPY_DATABASE_PATH",
  metricKey: "UNENTROPY_METRIC_KEY",
  metricType: "UNENTROPY_METRIC_TYPE",
});

/**
 * The environment of a command: `base` without what {@link WITHHELD} names, and with the facts of the run.
 * A fact that is not known is not set.
 *
 * @param {NodeJS.ProcessEnv} base
 * @param {CommandFacts} facts
 * @param {{storageType?: string, platform?: NodeJS.Platform}} [options] without a storage type every row
 *   of {@link WITHHELD} applies
 * @returns {Record<string, string>}
 */
export function commandEnvironment(base, facts, { storageType, platform = process.platform } = {}) {
  const rows = WITHHELD.filter((row) => !row.storage || !storageType || row.storage === storageType);
  const exact = new Set(rows.map((row) => row.name));
  const prefixes = rows.filter((row) => row.name.endsWith("*")).map((row) => row.name.slice(0, -1));

  /** @type {Record<string, string>} */
  const env = {};
  for (const [name, value] of Object.entries(base)) {
    // Names have no case on Windows, so a lower-case spelling would be the same variable there.
    const key = platform === "win32" ? name.toUpperCase() : name;
    if (value === undefined || exact.has(key) || prefixes.some((prefix) => key.startsWith(prefix))) continue;
    env[name] = value;
  }
  for (const [fact, name] of Object.entries(GIVEN)) {
    const value = facts[/** @type {keyof typeof GIVEN} */ (fact)];
    if (value !== undefined && value !== null) env[name] = String(value);
  }
  return env;
}

/**
 * The shell that runs command lines on Windows: a bash that shares the file system's paths, else cmd. The
 * bash of the Windows directory and of the app aliases starts a virtual machine with paths of its own, so
 * those do not count.
 *
 * @param {NodeJS.ProcessEnv} env
 * @param {(path: string) => boolean} exists
 * @returns {{file: string, args: string[], verbatim: boolean}}
 */
export function windowsShell(env, exists) {
  /** @type {Record<string, string | undefined>} */
  const upper = {};
  for (const [name, value] of Object.entries(env)) upper[name.toUpperCase()] = value;

  const folders = (upper.PATH ?? "")
    .split(";")
    .map((folder) => folder.trim().replace(/^"|"$/g, ""))
    .filter((folder) => folder !== "" && !/\\windows\\|\\windowsapps\b/i.test(`${folder}\\`));
  const candidates = folders.map((folder) => win32.join(folder, "bash.exe"));
  // Git's installer puts `Git\cmd` on the path, which has git but no bash; bash stands beside it.
  for (const folder of folders) {
    if (/\\cmd\\?$/i.test(folder) && exists(win32.join(folder, "git.exe"))) {
      candidates.push(win32.join(folder, "..", "bin", "bash.exe"));
    }
  }
  for (const root of [upper.PROGRAMFILES, upper.LOCALAPPDATA && win32.join(upper.LOCALAPPDATA, "Programs")]) {
    if (root) candidates.push(win32.join(root, "Git", "bin", "bash.exe"));
  }
  const bash = candidates.find(exists);
  if (bash) return { file: bash, args: ["--noprofile", "--norc", "-c"], verbatim: false };
  return { file: upper.COMSPEC ?? "cmd.exe", args: ["/d", "/s", "/c"], verbatim: true };
}

const IS_WINDOWS = process.platform === "win32";

/** @type {ReturnType<typeof windowsShell> | null} */
let knownWindowsShell = null;

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {ReturnType<typeof windowsShell>}
 */
function shellFor(env) {
  if (!IS_WINDOWS) return { file: "sh", args: ["-c"], verbatim: false };
  knownWindowsShell ??= windowsShell(env, existsSync);
  return knownWindowsShell;
}

/**
 * @param {unknown} thrown
 * @param {string} file
 * @param {string | undefined} cwd
 * @returns {Failure}
 */
function notStarted(thrown, file, cwd) {
  // A missing working directory is reported as if the shell were missing.
  if (cwd !== undefined && !statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) {
    return new Failure(`could not start the command: the working directory \`${cwd}\` is not a directory`, {
      type: "collection",
      code: "COMMAND_NOT_STARTED",
      hint: "Commands run in the directory of the configuration file.",
      cause: thrown,
    });
  }
  return Failure.fromSystem(thrown, {
    type: "collection",
    code: "COMMAND_NOT_STARTED",
    doing: "could not start",
    path: file,
  });
}

/**
 * Signals everything that the command started.
 *
 * @param {ChildProcess} child
 * @param {"SIGTERM" | "SIGKILL"} signal
 */
function killGroup(child, signal) {
  if (child.pid === undefined) return;
  if (IS_WINDOWS) {
    // Windows has neither groups nor polite signals; taskkill walks the tree while the parent still lives.
    spawnSync("taskkill", ["/pid", String(child.pid), "/T", "/F"], { stdio: "ignore", windowsHide: true });
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group is empty already, or holds only processes that changed their user.
  }
}

/**
 * The commands that are running. They lead groups of their own, so neither Ctrl-C nor the end of this
 * process reaches them by itself.
 *
 * @type {Set<ChildProcess>}
 */
const living = new Set();

/** @param {ChildProcess} child */
function remember(child) {
  living.add(child);
  atSuddenEnd(killLiving);
}

/** @param {ChildProcess} child */
function forget(child) {
  if (living.delete(child) && living.size === 0) notAtSuddenEnd(killLiving);
}

function killLiving() {
  for (const child of living) killGroup(child, "SIGKILL");
}

/**
 * Keeps the first `limit` bytes.
 *
 * @param {number} limit
 */
function headOf(limit) {
  /** @type {Buffer[]} */
  const chunks = [];
  let kept = 0;
  return {
    /** @param {Buffer} chunk */
    add: (chunk) => {
      if (kept >= limit) return;
      const part = chunk.subarray(0, limit - kept);
      // A slice would keep the whole chunk's memory.
      chunks.push(part.length === chunk.length ? chunk : Buffer.from(part));
      kept += part.length;
    },
    text: () => Buffer.concat(chunks).toString("utf8"),
  };
}

/**
 * Keeps the last `limit` bytes.
 *
 * @param {number} limit
 */
function tailOf(limit) {
  let kept = Buffer.alloc(0);
  return {
    /** @param {Buffer} chunk */
    add: (chunk) => {
      kept = Buffer.concat([kept, chunk.subarray(-limit)]).subarray(-limit);
    },
    text: () => kept.toString("utf8"),
  };
}
