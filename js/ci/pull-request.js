// Which pull request a run that has ended belongs to. Asked of GitHub, because the run itself may have been a fork's
// and may claim anything.

import { Failure } from "../failure.js";
import { pullRequestOf } from "./event.js";

/** @import { GitHub } from "../github/client.js" */
/** @import { PullRequest, TriggeringRun } from "./event.js" */

/**
 * The open pull request whose head the run has measured.
 *
 * @param {Pick<GitHub, "pages">} github
 * @param {string} repository `owner/name`
 * @param {TriggeringRun} run
 * @param {string | null} defaultBranch preferred as base where one head is proposed to several branches
 * @returns {Promise<PullRequest>}
 * @throws {Failure} PULL_REQUEST_UNKNOWN where it was closed, or has a newer commit, which will be judged by itself
 */
export async function pullRequestOfRun(github, repository, run, defaultBranch) {
  /** @type {PullRequest[]} */
  const found = [];
  const listing = github.pages({
    path: `/repos/${repository}/pulls`,
    query: { state: "open", ...(run.headOwner !== null && { head: `${run.headOwner}:${run.headBranch}` }) },
    doing: `could not list the pull requests of \`${repository}\``,
    permission: "pull-requests: read",
    type: "gate",
  });
  for await (const described of listing) {
    const pullRequest = pullRequestOf(described);
    const isSame = run.headRepository === null || described.head?.repo?.id === run.headRepository;
    if (
      pullRequest &&
      isSame &&
      pullRequest.headSha === run.headSha &&
      pullRequest.headRef === run.headBranch
    ) {
      found.push(pullRequest);
    }
  }
  found.sort((one, other) => one.number - other.number);
  const chosen = found.find(({ baseRef }) => baseRef === defaultBranch) ?? found[0];
  if (chosen) return chosen;
  throw new Failure(
    `no open pull request of \`${repository}\` has the head \`${run.headSha.slice(0, 12)}\``,
    {
      type: "gate",
      code: "PULL_REQUEST_UNKNOWN",
      hint: "It was closed meanwhile, or has a newer commit, whose own run is judged. Nothing is commented.",
    },
  );
}
