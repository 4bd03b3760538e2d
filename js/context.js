// The facts of the run that the engine cannot know: commit, branch, run, event, actor, repository.
// Flags come first, then GitHub's variables, then git.

import fs from "node:fs";
import { Failure } from "./failure.js";
import { git } from "./git.js";

/**
 * @param {{
 *   cwd: string,
 *   now: Date,
 *   env: NodeJS.ProcessEnv,
 *   given?: {commit?: string, branch?: string, runId?: string, runNumber?: number, event?: string},
 * }} input
 * @returns {Promise<import("./types.js").RunFacts>}
 */
export async function runFacts({ cwd, now, env, given = {} }) {
  const github = env.GITHUB_ACTIONS === "true" || Boolean(env.GITHUB_SHA);
  const pullRequest = github ? pullRequestOf(env) : undefined;
  const commit =
    given.commit ?? pullRequest?.commit ?? (env.GITHUB_SHA || (await git(cwd, "rev-parse", "HEAD")));
  const branch =
    given.branch ??
    pullRequest?.branch ??
    (branchOf(env) || (await git(cwd, "symbolic-ref", "--short", "-q", "HEAD")));
  if (!commit) {
    throw new Failure(`the commit is not known: \`${cwd}\` is not in a git repository with a commit`, {
      type: "validation",
      code: "CONTEXT_MISSING",
      hint: "Run inside a repository, or give --commit and --branch.",
    });
  }
  const url = await repositoryOf(cwd, env);
  return {
    commitSha: commit,
    branch: branch || "HEAD",
    attempt: attemptOf(env, given.runId),
    repository: repositoryIdentity(url, env),
    runId: given.runId ?? (env.GITHUB_RUN_ID || `local-${now.toISOString().replace(/[-:]/g, "")}`),
    runNumber: runNumberOf(given.runNumber, env),
    eventName: given.event ?? (env.GITHUB_EVENT_NAME || "local"),
    actor: env.GITHUB_ACTOR ?? "",
    timestamp: now.toISOString(),
    repositoryUrl: url,
  };
}

/**
 * The branch that GitHub's variables name. A tag and the merge of a pull request are no branches: what is recorded for
 * them has their full name, so that it never stands among a branch's builds.
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined}
 */
function branchOf({ GITHUB_REF: ref, GITHUB_REF_NAME: name, GITHUB_REF_TYPE: type }) {
  if (ref) return ref.replace(/^refs\/heads\//, "");
  return name && type === "tag" ? `refs/tags/${name}` : name;
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
 * @returns {import("./types.js").Repository | undefined}
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
 * A pull request runs on a merge commit and a merge ref; its builds belong to its head.
 * @param {NodeJS.ProcessEnv} env
 */
function pullRequestOf(env) {
  if (!/^pull_request/.test(env.GITHUB_EVENT_NAME ?? "")) return undefined;
  try {
    const head = JSON.parse(fs.readFileSync(env.GITHUB_EVENT_PATH ?? "", "utf8")).pull_request?.head;
    if (head) return { commit: head.sha, branch: head.ref };
  } catch {
    // Without a readable event the variables still name a commit and a branch.
  }
  return env.GITHUB_HEAD_REF ? { commit: undefined, branch: env.GITHUB_HEAD_REF } : undefined;
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
  const head = await git(cwd, "symbolic-ref", "--short", "-q", "refs/remotes/origin/HEAD");
  if (head) return head.replace(/^origin\//, "");
  return eventBranch(env) ?? ((await git(cwd, "symbolic-ref", "--short", "-q", "HEAD")) || undefined);
}

/** The default branch as GitHub's event tells it. @param {NodeJS.ProcessEnv} env */
function eventBranch(env) {
  if (!env.GITHUB_EVENT_PATH) return undefined;
  try {
    const { repository } = JSON.parse(fs.readFileSync(env.GITHUB_EVENT_PATH, "utf8"));
    return typeof repository?.default_branch === "string" ? repository.default_branch : undefined;
  } catch {
    return undefined;
  }
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
