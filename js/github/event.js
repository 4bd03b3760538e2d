// What GitHub says of the event that started the run: the pull request, the repository, and whether secrets are
// withheld. Read from the variables and the event's payload, which GitHub writes; asks nobody and decides nothing.

import fs from "node:fs";

/**
 * @typedef {object} PullRequest
 * @property {number} number
 * @property {string} headSha
 * @property {string} headRef
 * @property {string | null} baseSha the tip of its base branch when the event happened
 * @property {string} baseRef the branch that it is to be merged into
 * @property {boolean} fork whether it comes from another repository
 */

/**
 * A workflow run that has ended and started this one.
 *
 * @typedef {object} TriggeringRun
 * @property {string} event what had started it, such as `pull_request`
 * @property {string} headSha
 * @property {string} headBranch
 * @property {string | null} headOwner the account whose repository holds the branch
 * @property {number | null} headRepository the id of that repository
 */

/**
 * @typedef {object} GitHubEvent
 * @property {string} name empty outside GitHub's runners
 * @property {string | null} repository `owner/name`
 * @property {string | null} defaultBranch the repository's
 * @property {PullRequest | null} pullRequest
 * @property {{ref: string, sha: string | null} | null} base what the change is to be merged into: the pull request's
 *   base, or the merge queue's
 * @property {TriggeringRun | null} triggeringRun of `workflow_run`
 * @property {boolean} secretsWithheld whether GitHub gives this run no secrets by design: a fork's pull request, or
 *   Dependabot's
 */

/**
 * The event of this run. What the payload does not say, or not as expected, is null.
 * @param {NodeJS.ProcessEnv} env
 * @returns {GitHubEvent}
 */
export function readEvent(env) {
  const name = env.GITHUB_EVENT_NAME ?? "";
  const payload = payloadOf(env);
  const pullRequest = /^pull_request/.test(name) ? pullRequestIn(payload) : null;
  const queue = payload.merge_group;
  const baseRef = pullRequest?.baseRef ?? branchOf(queue?.base_ref) ?? text(env.GITHUB_BASE_REF);
  return {
    name,
    repository: text(env.GITHUB_REPOSITORY) ?? text(payload.repository?.full_name),
    defaultBranch: text(payload.repository?.default_branch),
    pullRequest,
    base: baseRef === null ? null : { ref: baseRef, sha: pullRequest?.baseSha ?? sha(queue?.base_sha) },
    triggeringRun: name === "workflow_run" ? triggeringRunIn(payload.workflow_run) : null,
    secretsWithheld:
      /^pull_request(?!_target)/.test(name) &&
      (pullRequest === null || pullRequest.fork || env.GITHUB_ACTOR === "dependabot[bot]"),
  };
}

/**
 * A pull request as GitHub's interface describes it, in payloads and answers alike.
 * @param {any} described
 * @param {unknown} [repository] the id of the repository that it is a pull request of
 * @returns {PullRequest | null}
 */
export function pullRequestOf(described, repository = described?.base?.repo?.id) {
  const number = described?.number;
  const headSha = sha(described?.head?.sha);
  const baseRef = text(described?.base?.ref);
  if (!Number.isSafeInteger(number) || number < 1 || headSha === null || baseRef === null) return null;
  const headRepository = described.head.repo?.id;
  return {
    number,
    headSha,
    headRef: text(described.head.ref) ?? "HEAD",
    baseSha: sha(described.base.sha),
    baseRef,
    // The repository of a deleted fork is null.
    fork: headRepository == null || headRepository !== repository,
  };
}

/** @param {any} payload */
function pullRequestIn(payload) {
  return pullRequestOf(payload.pull_request, payload.repository?.id ?? payload.pull_request?.base?.repo?.id);
}

/** @param {any} run @returns {TriggeringRun | null} */
function triggeringRunIn(run) {
  const event = text(run?.event);
  const headSha = sha(run?.head_sha);
  const headBranch = text(run?.head_branch);
  if (event === null || headSha === null || headBranch === null) return null;
  const id = run.head_repository?.id;
  return {
    event,
    headSha,
    headBranch,
    headOwner: text(run.head_repository?.owner?.login),
    headRepository: Number.isSafeInteger(id) ? id : null,
  };
}

/** @param {NodeJS.ProcessEnv} env @returns {any} */
function payloadOf(env) {
  if (!env.GITHUB_EVENT_PATH) return {};
  try {
    return JSON.parse(fs.readFileSync(env.GITHUB_EVENT_PATH, "utf8")) ?? {};
  } catch {
    // The variables still name the repository and the branches.
    return {};
  }
}

/** @param {unknown} value */
const text = (value) => (typeof value === "string" && value !== "" ? value : null);

/** @param {unknown} value */
const sha = (value) =>
  typeof value === "string" && /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(value) ? value : null;

/** @param {unknown} ref */
const branchOf = (ref) => text(ref)?.replace(/^refs\/heads\//, "") ?? null;
