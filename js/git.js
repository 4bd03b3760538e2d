// Questions to the local git repository. Every one may stay without an answer: there may be no git, no repository, or
// only a part of the history. Nothing is fetched and nothing is changed.

import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** The longest answer that is read, in bytes; a configuration of the largest size fits. */
const LONGEST_ANSWER = 8 * 1024 * 1024;

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
 */
export async function gitText(cwd, ...args) {
  try {
    const { stdout } = await execute("git", args, {
      cwd,
      timeout: 10_000,
      maxBuffer: LONGEST_ANSWER,
      windowsHide: true,
      // A partial clone would otherwise ask its server, and the server for a password.
      env: {
        ...process.env,
        GIT_NO_LAZY_FETCH: "1",
        GIT_TERMINAL_PROMPT: "0",
        GIT_OPTIONAL_LOCKS: "0",
        GIT_LITERAL_PATHSPECS: "1",
      },
    });
    return stdout;
  } catch {
    return null;
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

/** The branch that the remote's clones begin with, where the clone knows it. @param {string} cwd */
export async function remoteDefaultBranch(cwd) {
  const ref = await git(cwd, "symbolic-ref", "--quiet", "refs/remotes/origin/HEAD");
  return ref?.startsWith("refs/remotes/origin/") ? ref.slice("refs/remotes/origin/".length) : null;
}

/** Whether commits are missing here because the clone was cut off. @param {string} cwd */
export const isShallow = async (cwd) => (await git(cwd, "rev-parse", "--is-shallow-repository")) === "true";

/**
 * The best common ancestor of two commits.
 * @param {string} cwd
 * @param {string} base a commit's id
 * @param {string} head a commit's id
 */
export const mergeBase = (cwd, base, head) => git(cwd, "merge-base", base, head);

/**
 * A commit's time as RFC 3339.
 * @param {string} cwd
 * @param {string} commit its id
 */
export const commitTime = (cwd, commit) => git(cwd, "show", "--no-patch", "--format=%cI", commit, "--");

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

/** As many symbolic links are followed to a file. */
const MOST_LINKS = 5;

/**
 * A file as a commit has it.
 * @param {string} cwd
 * @param {string} commit its id; has to be here
 * @param {string} file relative to the repository's root, with `/`
 * @param {number} [links] how many symbolic links led to it
 * @returns {Promise<{text: string | null} | null>} `text` is null where the commit has no such file; null where git
 *   has no answer
 */
export async function fileAt(cwd, commit, file, links = 0) {
  const entry = await gitText(cwd, "ls-tree", "-z", "--full-tree", commit, "--", file);
  if (entry === null) return null;
  const [mode, type, object] = entry.split(/[ \t]/, 3);
  if (type !== "blob") return { text: null };
  const text = await gitText(cwd, "cat-file", "blob", object);
  if (text === null) return null;
  if (mode !== "120000") return { text };
  const target = path.posix.normalize(path.posix.join(path.posix.dirname(file), text));
  if (links >= MOST_LINKS || text.startsWith("/") || target.startsWith("..")) return { text: null };
  return fileAt(cwd, commit, target, links + 1);
}

/** The root of the working tree. @param {string} cwd */
export const topLevel = (cwd) => git(cwd, "rev-parse", "--show-toplevel");
