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
    (env.GITHUB_REF_NAME || (await git(cwd, "symbolic-ref", "--short", "-q", "HEAD")));
  if (!commit) {
    throw new Failure(`the commit is not known: \`${cwd}\` is not in a git repository with a commit`, {
      type: "validation",
      code: "CONTEXT_MISSING",
      hint: "Run inside a repository, or give --commit and --branch.",
    });
  }
  return {
    commitSha: commit,
    branch: branch || "HEAD",
    runId: given.runId ?? (env.GITHUB_RUN_ID || `local-${now.toISOString().replace(/[-:]/g, "")}`),
    runNumber: given.runNumber ?? (Number(env.GITHUB_RUN_NUMBER) || 0),
    eventName: given.event ?? (env.GITHUB_EVENT_NAME || "local"),
    actor: env.GITHUB_ACTOR ?? "",
    timestamp: now.toISOString(),
    repositoryUrl: await repositoryOf(cwd, env),
  };
}

/**
 * A pull request runs on a merge commit and a merge ref; its builds belong to its head.
 * @param {NodeJS.ProcessEnv} env
 */
function pullRequestOf(env) {
  if (!/^pull_request/.test(env.GITHUB_EVENT_NAME ?? "") || !env.GITHUB_EVENT_PATH) return undefined;
  try {
    const head = JSON.parse(fs.readFileSync(env.GITHUB_EVENT_PATH, "utf8")).pull_request?.head;
    return head ? { commit: head.sha, branch: head.ref } : undefined;
  } catch {
    // Without a readable event the variables still name a commit and a branch.
    return env.GITHUB_HEAD_REF ? { commit: undefined, branch: env.GITHUB_HEAD_REF } : undefined;
  }
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
