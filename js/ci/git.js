// Questions to the local git repository. Every one may stay without an answer: there may be no git, no repository, or
// only a part of the history. Nothing is fetched and nothing is changed.
//
// The repository may be a stranger's work. Its configuration names programs (pagers, hooks, monitors, external diffs, key
// managers, transports), and none of them is ever run: only commands that need none are called, and the settings that
// could bring one in are overridden by git's environment, which comes before every file.

import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { errnoOf, Failure } from "../failure.js";
import { realPath } from "../files/paths.js";

const execute = promisify(execFile);

/** The longest answer that is read, in bytes; a configuration of the largest size fits. */
const LONGEST_ANSWER = 8 * 1024 * 1024;

/**
 * The settings that git is given before it reads any configuration. A repository that lies inside another one's files is not used
 * unless it is named, no program is run, and no transport is allowed, so that a partial clone fetches nothing.
 */
const SETTINGS = Object.freeze({
  "safe.bareRepository": "explicit",
  "core.fsmonitor": "false",
  "core.hooksPath": os.devNull,
  "core.pager": "",
  "core.sshCommand": "",
  "core.gitProxy": "",
  "core.askPass": "",
  "core.editor": "",
  "core.alternateRefsCommand": "",
  "credential.helper": "",
  "diff.external": "",
  "log.showSignature": "false",
  "gpg.program": "",
  "protocol.allow": "never",
});

/** The environment of each git. @type {Map<string, NodeJS.ProcessEnv>} */
const environments = new Map();

/**
 * The environment of a git that runs in `cwd`. Where the files belong to another user, as in a container, git refuses to
 * read the repository; the one around `cwd` is declared safe, and no other.
 *
 * @param {string} cwd
 */
function environmentFor(cwd) {
  const known = environments.get(cwd);
  if (known) return known;
  const root = repositoryAround(cwd);
  const safe =
    root === null ? [] : [...new Set([root, realPath(root)])].map((each) => ["safe.directory", each]);
  const settings = [...Object.entries(SETTINGS), ...safe];
  const inherited = Object.entries(process.env).filter(([name]) => !isOverride(name));
  /** @type {NodeJS.ProcessEnv} */
  const environment = {
    ...Object.fromEntries(inherited),
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(
      settings.flatMap(([key, value], at) => [
        [`GIT_CONFIG_KEY_${at}`, key],
        [`GIT_CONFIG_VALUE_${at}`, value],
      ]),
    ),
    // A partial clone would otherwise ask its server, and the server for a password.
    GIT_NO_LAZY_FETCH: "1",
    GIT_ALLOW_PROTOCOL: "none",
    GIT_TERMINAL_PROMPT: "0",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_LITERAL_PATHSPECS: "1",
    GIT_PAGER: "",
    LC_ALL: "C",
  };
  environments.set(cwd, environment);
  return environment;
}

/** @param {NodeJS.ProcessEnv} environment of a git @param {[string, string][]} settings come last, so that they count */
function withSettings(environment, settings) {
  const first = Number(environment.GIT_CONFIG_COUNT);
  return {
    ...environment,
    GIT_CONFIG_COUNT: String(first + settings.length),
    ...Object.fromEntries(
      settings.flatMap(([key, value], at) => [
        [`GIT_CONFIG_KEY_${first + at}`, key],
        [`GIT_CONFIG_VALUE_${first + at}`, value],
      ]),
    ),
  };
}

/** Whether a variable would decide what git reads or runs. @param {string} name */
const isOverride = (name) =>
  /^GIT_(CONFIG(_KEY_\d+|_VALUE_\d+|_COUNT|_PARAMETERS)|DIR|WORK_TREE|INDEX_FILE|COMMON_DIR|NAMESPACE|EXEC_PATH|EXTERNAL_DIFF|SSH|SSH_COMMAND|PROXY_COMMAND|ASKPASS|EDITOR|PAGER)$/.test(
    name,
  );

/**
 * The nearest folder around this one that has a `.git`. Found without git, which may refuse to say.
 *
 * @param {string} folder absolute
 * @returns {string | null}
 */
export function repositoryAround(folder) {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    if (fs.lstatSync(path.join(at, ".git"), { throwIfNoEntry: false })) return at;
    if (path.dirname(at) === at) return null;
  }
}

/**
 * One question.
 * @param {string} cwd
 * @param {...string} args
 * @returns {Promise<string | null>} without surrounding white space; null where git has no answer
 */
export async function git(cwd, ...args) {
  return (await gitText(cwd, ...args))?.trim() ?? null;
}

/**
 * What git prints, as it is.
 * @param {string} cwd
 * @param {...string} args
 * @returns {Promise<string | null>} null where git has no answer
 * @throws {Failure} `TOO_MANY_FILES` where it cannot be started for that
 */
export async function gitText(cwd, ...args) {
  try {
    return await ask(cwd, args);
  } catch (thrown) {
    // That git could not be started is no answer of git's.
    if (thrown instanceof Failure) throw thrown;
    return null;
  }
}

/**
 * @param {string} cwd
 * @param {string[]} args
 * @param {[string, string][]} [settings] for this question, beside those of every one
 * @returns {Promise<string>}
 */
async function ask(cwd, args, settings = []) {
  const options = {
    cwd,
    timeout: 10_000,
    maxBuffer: LONGEST_ANSWER,
    windowsHide: true,
    env: withSettings(environmentFor(cwd), settings),
  };
  try {
    return (await execute("git", args, options)).stdout;
  } catch (thrown) {
    if (["EMFILE", "ENFILE"].includes(errnoOf(thrown) ?? "")) {
      throw Failure.fromSystem(thrown, { type: "collection", doing: "could not start", path: "git" });
    }
    throw thrown;
  }
}

/**
 * Why git answers nothing here.
 *
 * @param {string} cwd
 * @returns {Promise<{cause: string, hint: string} | null>} null where it does answer
 */
export async function gitProblem(cwd) {
  try {
    await ask(cwd, ["rev-parse", "--git-dir"]);
    return null;
  } catch (thrown) {
    const { code, stderr = "" } = /** @type {Error & {code?: unknown, stderr?: string}} */ (thrown);
    if (code === "ENOENT" && fs.existsSync(cwd)) {
      return { cause: "git is not installed", hint: "Install git in the job's image, before the checkout." };
    }
    if (/dubious ownership|unsafe repository/.test(stderr)) {
      return {
        cause: `git refuses to read \`${cwd}\`, which belongs to another user`,
        hint: `Run \`git config --global --add safe.directory '${repositoryAround(cwd) ?? cwd}'\` in a step before this one, or use git 2.38 or later.`,
      };
    }
    if (/not a git repository|cannot use bare repository/.test(stderr)) {
      return {
        cause: `\`${cwd}\` is not in a git repository`,
        hint: "Check the repository out in a step before this one.",
      };
    }
    const said = stderr.trim().split("\n").at(-1) ?? "";
    return { cause: `git fails: ${said || String(code)}`, hint: "Run `git status` there to see why." };
  }
}
/**
 * The full id of a commit that is here.
 * @param {string} cwd
 * @param {string} revision a commit's id or a full ref
 */
export const commitOf = (cwd, revision) =>
  git(cwd, "rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`);

/**
 * The tip of a branch: as the remote has it, else the local branch.
 * @param {string} cwd
 * @param {string} branch
 */
export async function branchTip(cwd, branch) {
  return (
    (await commitOf(cwd, `refs/remotes/origin/${branch}`)) ?? (await commitOf(cwd, `refs/heads/${branch}`))
  );
}

/** The branch that clones of the remote check out, where the clone knows it. @param {string} cwd */
export async function remoteDefaultBranch(cwd) {
  const ref = await git(cwd, "symbolic-ref", "--quiet", "refs/remotes/origin/HEAD");
  return ref?.startsWith("refs/remotes/origin/") ? ref.slice("refs/remotes/origin/".length) : null;
}

/** Whether commits are missing here because the clone was cut off. @param {string} cwd */
export const isShallow = async (cwd) => (await git(cwd, "rev-parse", "--is-shallow-repository")) === "true";

/**
 * Whether the working tree is the checked-out commit and nothing else. What is ignored does not count, nor do changes
 * inside of submodules, whose own configuration could name programs.
 *
 * @param {string} cwd
 * @param {(file: string) => boolean} isOwn whether a file is one that the program itself writes and no change, by its path
 *   below the repository's root with `/`
 * @returns {Promise<string | null>} the first file that was changed, staged, deleted or added; null where there is none
 *   or git has no answer
 */
export async function uncommittedFile(cwd, isOwn) {
  try {
    const args = [
      "--porcelain=v1",
      "-z",
      "--untracked-files=all",
      "--ignore-submodules=dirty",
      "--no-renames",
    ];
    const listed = await ask(cwd, ["status", ...args], await withoutFilters(cwd));
    const entries = listed.split("\0").filter((entry) => entry !== "");
    // Two letters say what became of each.
    const files = entries.map((entry) => entry.slice("XY ".length));
    return files.find((file) => !isOwn(file)) ?? null;
  } catch {
    return null;
  }
}

/**
 * Settings that keep git from running the repository's filters, which it would ask what a changed file's content is.
 * Without them a file that only a filter makes equal counts as changed.
 *
 * @param {string} cwd
 * @returns {Promise<[string, string][]>}
 * @throws where git cannot say which there are
 */
async function withoutFilters(cwd) {
  const keys = await ask(cwd, ["config", "-z", "--name-only", "--get-regexp", "^filter\\."]).catch(
    (thrown) => {
      if (thrown.code === 1) return "";
      throw thrown;
    },
  );
  const names = new Set(keys.split("\0").map((key) => key.slice("filter.".length, key.lastIndexOf("."))));
  return [...names].flatMap((name) =>
    name === ""
      ? []
      : /** @type {[string, string][]} */ ([
          [`filter.${name}.clean`, ""],
          [`filter.${name}.smudge`, ""],
          [`filter.${name}.process`, ""],
          [`filter.${name}.required`, "false"],
        ]),
  );
}

/**
 * The best common ancestor of two commits.
 * @param {string} cwd
 * @param {string} base a commit's id
 * @param {string} head a commit's id
 */
export const mergeBase = (cwd, base, head) => git(cwd, "merge-base", base, head);

/**
 * A commit's time as RFC 3339, by the object itself.
 * @param {string} cwd
 * @param {string} commit its id
 */
export async function commitTime(cwd, commit) {
  const [header] = ((await gitText(cwd, "cat-file", "commit", commit)) ?? "").split("\n\n", 1);
  const [, seconds] = /^committer .*> (\d+) [+-]\d{4}$/m.exec(header) ?? [];
  const time = new Date(Number(seconds) * 1000);
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}

/**
 * A commit and those before it, newest first.
 * @param {string} cwd
 * @param {string} commit its id
 * @param {number} most
 * @returns {Promise<string[]>}
 */
export async function history(cwd, commit, most) {
  const listed = await git(cwd, "rev-list", `--max-count=${most}`, commit, "--");
  return listed ? listed.split("\n") : [];
}

/**
 * The parents of a commit, also where the clone was cut off there.
 * @param {string} cwd
 * @param {string} commit its id
 * @returns {Promise<string[]>}
 */
export async function parents(cwd, commit) {
  const [header] = ((await gitText(cwd, "cat-file", "commit", commit)) ?? "").split("\n\n", 1);
  return [...header.matchAll(/^parent ([0-9a-f]+)$/gm)].map(([, id]) => id);
}

/**
 * A folder of a commit, without what is below its own folders.
 *
 * @param {string} cwd
 * @param {string} tree the id of a commit or of a folder in one
 * @returns {Promise<TreeEntry[] | null>} null where git has no answer
 */
export async function treeEntries(cwd, tree) {
  const listed = await gitText(cwd, "ls-tree", "-z", "--full-tree", `${tree}^{tree}`, "--");
  if (listed === null) return null;
  return listed
    .split("\0")
    .filter(Boolean)
    .map((line) => {
      const [facts, name] = line.split(/\t(.*)/s);
      const [mode, , object] = facts.split(" ");
      return { name, mode, object };
    });
}

/**
 * What a folder of a commit holds under one name.
 *
 * @typedef {object} TreeEntry
 * @property {string} name
 * @property {string} mode as git writes it: `040000` a folder, `120000` a link, `160000` another repository
 * @property {string} object the id of its content
 */

/** As many symbolic links are followed to a file. */
const MOST_LINKS = 5;

/**
 * A file as a commit has it, with the links that the commit has.
 *
 * @param {string} cwd
 * @param {string} commit its id; has to be here
 * @param {string} file relative to the repository's root, with `/`
 * @param {number} [links] how many symbolic links led to it
 * @returns {Promise<{text: string | null, elsewhere?: string, outside?: string} | null>} `text` is null where the commit
 *   has no such file; `elsewhere` names the folder of the path that is another repository in it (a submodule), `outside`
 *   the link of it that leads to nothing that the commit has; null where git has no answer
 */
export async function fileAt(cwd, commit, file, links = 0) {
  const parts = file.split("/");
  for (let depth = 1; depth <= parts.length; depth++) {
    const place = parts.slice(0, depth).join("/");
    const entry = await gitText(cwd, "ls-tree", "-z", "--full-tree", commit, "--", place);
    if (entry === null) return null;
    if (entry === "") return { text: null };
    const [mode, type, object] = entry.split(/[ \t]/, 3);
    if (type === "commit") return { text: null, elsewhere: place };
    if (mode === "120000") {
      const target = await gitText(cwd, "cat-file", "blob", object);
      if (target === null) return null;
      const rest = parts.slice(depth).join("/");
      const led = path.posix.join(path.posix.dirname(place), target, rest).replace(/\/$/, "");
      const leadsOut = target.startsWith("/") || led === ".." || led.startsWith("../");
      if (links >= MOST_LINKS || leadsOut) return { text: null, outside: place };
      const found = led === "." ? { text: null } : await fileAt(cwd, commit, led, links + 1);
      // The file's own name is there: its target is made later, or is elsewhere.
      const isDangling = rest === "" && found?.text === null && found.elsewhere === undefined;
      return isDangling ? { text: null, outside: place } : found;
    }
    if (type === "tree" && depth < parts.length) continue;
    if (type !== "blob" || depth < parts.length) return { text: null };
    const text = await gitText(cwd, "cat-file", "blob", object);
    return text === null ? null : { text };
  }
  return { text: null };
}
