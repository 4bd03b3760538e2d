// What GitHub says of the event that started the run: the ref, the pull request, the repository, and whether secrets are
// withheld. Read from the variables and the event's payload, which GitHub writes, in this file and nowhere else. And what
// `mode: auto` makes of it. Asks no one.

import { isPullRequestEvent } from "../engine/engine.js";
import { Failure } from "../failure.js";
import { readText } from "../files/read.js";

/** Bytes of the longest payload that is read: GitHub's own are at most 25 MB. */
const LONGEST = 32 * 1024 * 1024;

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
 * @property {boolean} foreign whether that is, or may be, another repository than the one whose run this is
 */

/**
 * What a run is for. A tag is not a branch, whatever it is called.
 *
 * @typedef {object} Ref
 * @property {"branch" | "tag" | "other"} kind `other`: the merge of a pull request, say
 * @property {string} name of a branch or tag without `refs/heads/` or `refs/tags/`; of another ref the whole
 */

/**
 * @typedef {object} GitHubEvent
 * @property {string} name empty outside GitHub's runners
 * @property {string | null} repository `owner/name`
 * @property {string | null} defaultBranch the repository's
 * @property {boolean} isFork whether that repository is a fork of another one
 * @property {Ref | null} ref what the run is for; null where the variables do not say
 * @property {boolean} deleted whether a push has deleted the ref
 * @property {PullRequest | null} pullRequest
 * @property {{sha: string | null, ref: string | null} | null} head of a pull request's run: the author's commit and
 *   branch, as far as they are said
 * @property {{ref: string, sha: string | null} | null} base what the change is to be merged into: the pull request's
 *   base, or the merge queue's
 * @property {TriggeringRun | null} triggeringRun of `workflow_run`
 * @property {boolean} secretsWithheld whether GitHub gives this run no secrets by design: a fork's pull request, or
 *   what Dependabot started
 */

/** The events in which GitHub treats Dependabot as it treats a fork: a token that only reads, and no Actions secrets. */
const DEPENDABOT =
  /^(push|create|deployment|deployment_status|pull_request|pull_request_review|pull_request_review_comment)$/;

/**
 * The event of this run. What the payload does not say, or not as expected, is null.
 * @param {NodeJS.ProcessEnv} env
 * @returns {GitHubEvent}
 */
export function readEvent(env) {
  const name = env.GITHUB_EVENT_NAME ?? "";
  const payload = payloadOf(env);
  const isPullRequest = isPullRequestEvent(name);
  const pullRequest = isPullRequest ? pullRequestIn(payload) : null;
  const queue = name === "merge_group" ? payload.merge_group : undefined;
  const isForeign =
    isPullRequest && name !== "pull_request_target" && (pullRequest === null || pullRequest.fork);
  const baseRef = pullRequest?.baseRef ?? branchOf(queue?.base_ref) ?? text(env.GITHUB_BASE_REF);
  return {
    name,
    repository: text(env.GITHUB_REPOSITORY) ?? text(payload.repository?.full_name),
    defaultBranch: text(payload.repository?.default_branch),
    isFork: payload.repository?.fork === true,
    ref: refOf(env),
    deleted: name === "push" && payload.deleted === true,
    pullRequest,
    head: isPullRequest ? headIn(payload, env) : null,
    base: baseRef === null ? null : { ref: baseRef, sha: pullRequest?.baseSha ?? sha(queue?.base_sha) },
    triggeringRun: name === "workflow_run" ? triggeringRunIn(payload) : null,
    secretsWithheld: isForeign || (DEPENDABOT.test(name) && env.GITHUB_ACTOR === "dependabot[bot]"),
  };
}

/** @param {NodeJS.ProcessEnv} env @returns {Ref | null} */
function refOf({ GITHUB_REF: ref, GITHUB_REF_NAME: name, GITHUB_REF_TYPE: type }) {
  const [, kind, rest] = /^refs\/(heads|tags)\/(.+)$/s.exec(ref ?? "") ?? [];
  if (rest !== undefined) return { kind: kind === "tags" ? "tag" : "branch", name: rest };
  // Not every runner gives the full name.
  if (ref && (ref.startsWith("refs/") || !name)) return { kind: kindOf(ref, type), name: ref };
  return name ? { kind: kindOf(name, type), name } : null;
}

/** @param {string} name @param {string | undefined} type @returns {Ref["kind"]} */
const kindOf = (name, type) => (name.startsWith("refs/") ? "other" : type === "tag" ? "tag" : "branch");

/** @param {any} payload @param {NodeJS.ProcessEnv} env */
function headIn(payload, env) {
  const head = payload.pull_request?.head;
  return { sha: text(head?.sha), ref: text(head?.ref) ?? text(env.GITHUB_HEAD_REF) };
}

/** The events of code that the repository has taken in: their builds belong to its history. */
const OWN_CODE = new Set([
  // Outside GitHub's runners.
  "",
  "push",
  "schedule",
  "workflow_dispatch",
  "repository_dispatch",
  "release",
]);

/** The branches on which GitHub builds what waits in a merge queue. They are gone when it has been merged. */
const QUEUE_BRANCH = /^gh-readonly-queue\//;

/**
 * What `mode: auto` does in an event: `nothing` has its reason. Whatever is not known to be the repository's own code is
 * not recorded.
 *
 * @param {GitHubEvent} event
 * @param {{measured?: boolean}} [options] whether the values are those of another run, so that no command is run
 * @returns {{mode: "track" | "gate"} | {mode: "nothing", why: string}}
 * @throws {Failure} EVENT_UNSAFE, GATE_UNTRUSTED where code of a stranger may meet the repository's secrets
 */
export function automatic(event, { measured = false } = {}) {
  if (measured) return { mode: "gate" };
  const { name, ref, triggeringRun } = event;
  if (name === "pull_request_target") {
    throw new Failure(
      "`mode` is `auto` and the event is `pull_request_target`, which runs with the repository's secrets",
      {
        type: "validation",
        code: "EVENT_UNSAFE",
        hint: "Run on `pull_request`, which is safe for forks. Only where the step cannot run a stranger's code (what is checked out, and what the metrics' commands run, is yours), name the `mode`.",
      },
    );
  }
  const untrusted = untrustedRun(event);
  if (untrusted) throw untrusted;
  if (name === "pull_request" || name === "merge_group") return { mode: "gate" };
  const isAfter = name === "workflow_run" && triggeringRun !== null;
  if (!OWN_CODE.has(name) && !isAfter) {
    return nothing(`the event \`${name}\` is not about the code of a branch`, "records what is checked out");
  }
  if (ref?.kind === "tag") {
    return nothing(
      `\`${ref.name}\` is a tag, and a build belongs to a branch`,
      `records it under \`refs/tags/${ref.name}\``,
    );
  }
  if (event.deleted) return nothing("the push has deleted its branch");
  if (ref !== null && QUEUE_BRANCH.test(ref.name)) {
    return nothing(`\`${ref.name}\` is a branch of the merge queue, whose event \`merge_group\` is gated`);
  }
  if (isAfter && (!OWN_CODE.has(triggeringRun.event) || triggeringRun.headBranch !== ref?.name)) {
    return nothing(
      `the run that ended was one of \`${triggeringRun.event}\` for \`${triggeringRun.headBranch}\`, and this one is for ` +
        `\`${ref?.name ?? "no branch"}\``,
      "records what is checked out",
    );
  }
  return { mode: "track" };
}

/** @param {string} why @param {string} [tracking] what the mode `track` would do */
const nothing = (why, tracking) => ({
  mode: /** @type {const} */ ("nothing"),
  why: `nothing is recorded: ${why}${tracking ? `; \`mode: track\` ${tracking}` : ""}`,
});

/**
 * Why this run must not measure a change by running commands: it may have secrets, or has not checked out the change.
 *
 * @param {GitHubEvent} event
 * @returns {Failure | null} GATE_UNTRUSTED
 */
export function untrustedRun({ name, pullRequest, triggeringRun }) {
  const isForeign = name === "pull_request_target" && (pullRequest === null || pullRequest.fork);
  // A run after a run after a pull request's does not say where the chain began.
  const isAfter =
    name === "workflow_run" &&
    (triggeringRun === null ||
      triggeringRun.foreign ||
      triggeringRun.event === "workflow_run" ||
      isPullRequestEvent(triggeringRun.event));
  if (!isForeign && !isAfter) return null;
  return new Failure(
    isForeign
      ? "commands are not run in `pull_request_target` for a pull request of a fork: its code would see the secrets"
      : "commands are not run in `workflow_run` after a run that is or may be a pull request's: they would measure " +
          "the base branch, or let the change's code see the secrets",
    {
      type: "validation",
      code: "GATE_UNTRUSTED",
      hint:
        "Judge the change in a `pull_request` workflow, and pass its results file to this one as measurements; " +
        "docs/pull-requests.md shows both workflows.",
    },
  );
}

/**
 * Why a run has no secrets, where that is GitHub's doing and not a mistake in the workflow, and what can be done.
 *
 * @param {GitHubEvent} event
 * @returns {{why: string, remedy: string} | null}
 */
export function withheldSecrets({ name, pullRequest, isFork, secretsWithheld }) {
  if (secretsWithheld && isPullRequestEvent(name) && pullRequest?.fork !== false) {
    return {
      why: "GitHub withholds secrets from pull requests of forks",
      remedy: "Record builds on `push`, and let pull requests be gated.",
    };
  }
  if (secretsWithheld) {
    return {
      why: "GitHub withholds secrets from runs that Dependabot started",
      remedy:
        "To record them too, save the credentials as Dependabot secrets of the repository (Settings → Secrets and variables → Dependabot).",
    };
  }
  if (!isFork) return null;
  return {
    why: "this repository is a fork, and GitHub does not give forks the secrets of the repository they come from",
    remedy: "Give the fork a bucket and secrets of its own, or disable the workflow there.",
  };
}

/**
 * The failure of a run that records nothing because GitHub withholds the secrets from it.
 *
 * @param {{why: string, remedy: string}} withheld
 * @param {Failure} cause
 */
export function notRecorded({ why, remedy }, cause) {
  return new Failure(`no build was recorded: ${why}`, {
    type: "storage",
    code: "HISTORY_WITHHELD",
    hint: remedy,
    cause,
  });
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

/** @param {any} payload @returns {TriggeringRun | null} */
function triggeringRunIn({ workflow_run: run, repository }) {
  const event = text(run?.event);
  const headSha = sha(run?.head_sha);
  const headBranch = text(run?.head_branch);
  if (event === null || headSha === null || headBranch === null) return null;
  const id = run.head_repository?.id;
  const own = repository?.id ?? run.repository?.id;
  return {
    event,
    headSha,
    headBranch,
    headOwner: text(run.head_repository?.owner?.login),
    headRepository: Number.isSafeInteger(id) ? id : null,
    foreign: !Number.isSafeInteger(id) || id !== own,
  };
}

/**
 * The event's payload; empty where there is none or it is no JSON: the variables still name the repository and the
 * branches.
 * @param {NodeJS.ProcessEnv} env
 * @returns {any}
 * @throws {Failure} `FILE_NOT_REGULAR` and `FILE_TOO_LARGE` for what GitHub never leaves there
 */
function payloadOf(env) {
  if (!env.GITHUB_EVENT_PATH) return {};
  try {
    return JSON.parse(readText(env.GITHUB_EVENT_PATH, { limit: LONGEST, type: "validation" })) ?? {};
  } catch (thrown) {
    if (thrown instanceof Failure && ["FILE_NOT_REGULAR", "FILE_TOO_LARGE"].includes(thrown.code)) {
      thrown.hint = `${thrown.hint} \`GITHUB_EVENT_PATH\` names it.`;
      throw thrown;
    }
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
