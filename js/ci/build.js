// The facts of the run that the engine cannot know: commit, branch, run, event, actor, repository.
// Flags come first, then GitHub's variables, then git.

import { Failure } from "../failure.js";
import { readEvent } from "./event.js";
import { branchTip, commitOf, git, remoteDefaultBranch } from "./git.js";

/** @import { BuildContext, Repository } from "../engine/types.js" */
/** @import { GitHubEvent } from "./event.js" */

/**
 * The facts of this run.
 *
 * @typedef {BuildContext & {actor: string, repository?: Repository, repositoryUrl?: string}} RunFacts `repository`: which
 *   one it is of, where that is known; `repositoryUrl`: its web page
 */

/**
 * The facts of the run that is going on: from flags, then GitHub's variables, then git.
 *
 * @param {{
 *   cwd: string,
 *   now: Date,
 *   env: NodeJS.ProcessEnv,
 *   given?: {commit?: string, branch?: string, runId?: string, runNumber?: number, event?: string},
 *   recorded?: boolean,
 * }} input without `recorded` nothing is kept of the run, so that its branch may be unknown: then it is empty
 * @returns {Promise<RunFacts>}
 * @throws {Failure} CONTEXT_MISSING, CONTEXT_INVALID
 */
export async function runFacts({ cwd, now, env, given = {}, recorded = true }) {
  const event = readEvent(env);
  const measured = await measuredBy(event, cwd);
  const url = await repositoryOf(cwd, env);
  return {
    commitSha: await commitFrom({ given: given.commit, measured: measured?.sha, env, cwd }),
    branch: await branchFrom({ given: given.branch, measured: measured?.ref, event, cwd, recorded }),
    attempt: attemptOf(env, given.runId),
    repository: repositoryIdentity(url, env),
    runId: given.runId ?? (env.GITHUB_RUN_ID || `local-${now.toISOString().replace(/[-:]/g, "")}`),
    runNumber: runNumberOf(given.runNumber, env),
    eventName: given.event ?? measured?.event ?? (env.GITHUB_EVENT_NAME || "local"),
    actor: env.GITHUB_ACTOR ?? "",
    timestamp: now.toISOString(),
    repositoryUrl: url,
  };
}

/**
 * What is measured where that is not what GitHub's variables name. A pull request runs on GitHub's merge of it, and its
 * builds belong to its head. A run that another one has started is one of the default branch, whatever it has checked
 * out: where that is what the other run was for, the build belongs there, and is a pull request's if that run was.
 *
 * @param {GitHubEvent} event
 * @param {string} cwd
 * @returns {Promise<{sha: string | null, ref: string | null, event?: string} | null>}
 */
async function measuredBy({ head, triggeringRun }, cwd) {
  if (head !== null || triggeringRun === null) return head;
  const { headSha, headBranch, event } = triggeringRun;
  if ((await commitOf(cwd, "HEAD")) !== headSha) return null;
  const isTag =
    (await commitOf(cwd, `refs/tags/${headBranch}`)) === headSha &&
    (await branchTip(cwd, headBranch)) === null;
  return { sha: headSha, ref: isTag ? `refs/tags/${headBranch}` : headBranch, event };
}

/**
 * @param {{given?: string, measured?: string | null, env: NodeJS.ProcessEnv, cwd: string}} sources in their order; after
 *   them git is asked
 * @returns {Promise<string>} in lower case
 */
async function commitFrom({ given, measured, env, cwd }) {
  const [name, id] = given
    ? ["the commit", given]
    : measured
      ? ["the head commit of the event", measured]
      : env.GITHUB_SHA
        ? ["`GITHUB_SHA`", env.GITHUB_SHA]
        : ["the commit", await git(cwd, "rev-parse", "HEAD")];
  if (!id) {
    throw new Failure(`the commit is not known: \`${cwd}\` is not in a git repository with a commit`, {
      type: "validation",
      code: "CONTEXT_MISSING",
      hint: "Run inside a repository, or give --commit and --branch.",
    });
  }
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(id)) return id.toLowerCase();
  throw new Failure(`${name} is \`${id}\`, expected a full commit id of 40 or 64 hexadecimal digits`, {
    type: "validation",
    code: "CONTEXT_INVALID",
    hint: "`git rev-parse HEAD` prints it.",
  });
}

/**
 * The branch that a build is of. A tag and the merge of a pull request are no branches: what is recorded for them has
 * their full name, so that it never counts among a branch's builds.
 *
 * @param {{given?: string, measured?: string | null, event: GitHubEvent, cwd: string, recorded: boolean}} sources in their
 *   order; after them git is asked
 * @returns {Promise<string>} empty where it is not known and nothing is recorded
 */
async function branchFrom({ given, measured, event, cwd, recorded }) {
  if (given === "HEAD") {
    throw new Failure("the branch is `HEAD`, expected its name", {
      type: "validation",
      code: "CONTEXT_INVALID",
      hint: "git calls a checkout without a branch `HEAD`. Give the branch that the commit was pushed to.",
    });
  }
  const named = given || measured || refName(event.ref) || (await checkedOutBranch(cwd));
  if (named && named !== "HEAD") return named;
  if (!recorded) return "";
  throw new Failure(
    `the branch is not known: \`${cwd}\` has no branch checked out, and no variable names one`,
    {
      type: "validation",
      code: "CONTEXT_MISSING",
      hint: "Name the branch that the commit was pushed to with --branch, in a program as `context.branch`.",
    },
  );
}

/** @param {import("./event.js").Ref | null} ref */
const refName = (ref) => (ref?.kind === "tag" ? `refs/tags/${ref.name}` : ref?.name);

/**
 * The branch that is checked out. In its full form git never confuses it with a tag of the same name.
 * @param {string} cwd
 */
async function checkedOutBranch(cwd) {
  const ref = await git(cwd, "symbolic-ref", "-q", "HEAD");
  return ref?.startsWith("refs/heads/") ? ref.slice("refs/heads/".length) : undefined;
}

/**
 * @param {number | undefined} given
 * @param {NodeJS.ProcessEnv} env
 * @returns {number} 0 where nothing names one
 * @throws {Failure} CONTEXT_INVALID: read as 0, it would order builds wrongly without a word
 */
function runNumberOf(given, { GITHUB_RUN_NUMBER }) {
  const [name, value] =
    given === undefined
      ? ["GITHUB_RUN_NUMBER", GITHUB_RUN_NUMBER?.trim() || "0"]
      : ["runNumber", String(given)];
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw new Failure(`\`${name}\` is \`${value}\`, expected a whole number`, {
    type: "validation",
    code: "CONTEXT_INVALID",
    hint: "Set it to the number of the CI run, or leave it out.",
  });
}

/**
 * Which attempt of its run this is, where GitHub numbers them and the run is GitHub's.
 * @param {NodeJS.ProcessEnv} env
 * @param {string | undefined} given the run's id
 */
function attemptOf(env, given) {
  if (given !== undefined && given !== env.GITHUB_RUN_ID) return undefined;
  return /^[1-9]\d{0,8}$/.test(env.GITHUB_RUN_ATTEMPT ?? "") ? Number(env.GITHUB_RUN_ATTEMPT) : undefined;
}

/** Hosts that have another name for ssh through a port that firewalls let pass. */
const SSH_HOSTS = new Map([
  ["ssh.github.com", "github.com"],
  ["www.github.com", "github.com"],
  ["altssh.gitlab.com", "gitlab.com"],
  ["altssh.bitbucket.org", "bitbucket.org"],
]);

/**
 * Which repository a web page is of, by a name that is the same for https and ssh.
 * @param {string | undefined} url as {@link repositoryOf} gives it
 * @param {NodeJS.ProcessEnv} env
 * @returns {import("../engine/types.js").Repository | undefined}
 */
export function repositoryIdentity(url, env) {
  if (url === undefined) return undefined;
  const [authority, ...path] = url
    .replace(/^https?:\/\//, "")
    .replace(/\/+$/, "")
    .split("/");
  const host = authority.replace(/:\d+$/, "").toLowerCase();
  if (host === "" || path.length === 0) return undefined;
  const name = `${SSH_HOSTS.get(host) ?? host}/${path.join("/")}`;
  const azure = /^ssh\.dev\.azure\.com\/v3\/([^/]+\/[^/]+)\/([^/]+)$/.exec(name);
  if (azure) return { name: `dev.azure.com/${azure[1]}/_git/${azure[2]}` };
  // The id is that of the variables' repository.
  const isGiven = url === repositoryUrl(env, "");
  return { name, ...(isGiven && env.GITHUB_REPOSITORY_ID && { githubId: env.GITHUB_REPOSITORY_ID }) };
}

/**
 * The address of the web page of the repository around `cwd`, where it has one.
 * @param {string} cwd
 * @param {NodeJS.ProcessEnv} env
 */
export const repositoryOf = async (cwd, env) =>
  repositoryUrl(env, "") ?? repositoryUrl(env, (await git(cwd, "remote", "get-url", "origin")) ?? "");

/**
 * The branch that reports are about first, where the configuration names none: the one that the repository's origin
 * has for its own, else the one that is checked out.
 * @param {string} cwd
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string | undefined>}
 */
export async function defaultBranchOf(cwd, env) {
  return (await remoteDefaultBranch(cwd)) ?? readEvent(env).defaultBranch ?? (await checkedOutBranch(cwd));
}

/**
 * The address of the repository's web page, for links in the report; never with credentials.
 * @param {NodeJS.ProcessEnv} env
 * @param {string} remote
 * @returns {string | undefined}
 */
export function repositoryUrl(env, remote) {
  if (env.GITHUB_SERVER_URL && env.GITHUB_REPOSITORY)
    return `${env.GITHUB_SERVER_URL}/${env.GITHUB_REPOSITORY}`;
  const match =
    /^(?:https?:\/\/(?:[^@/]*@)?|ssh:\/\/(?:[^@/]*@)?|[^@/:]+@)([\w.-]+(?::\d+)?)[/:]([\w./~-]+?)(?:\.git)?\/?$/.exec(
      remote,
    );
  return match ? `https://${match[1].replace(/:\d+$/, "")}/${match[2]}` : undefined;
}
