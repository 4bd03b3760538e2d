/**
 * Whose artifacts are a source of the history: those of the repository's own runs, for the branches that were chosen, and
 * not those of pull requests, whose code no one has accepted yet. Asks GitHub for the event of a run where that is not
 * known; knows nothing of what is in an artifact.
 */

import { readEvent } from "../../ci/event.js";
import { isPullRequestEvent } from "../../engine/engine.js";
import { Failure } from "../../failure.js";
import { GitHubFailure } from "../../github/errors.js";
import { AS_INPUTS } from "../../spelling.js";

/** @import { Spelling } from "../../spelling.js" */

/** @import { Artifact, Artifacts } from "../../github/artifacts.js" */

/** The branch filter that lets everything through. No branch can have this name. */
export const EVERY_BRANCH = "*";
/** More runs are not asked for by one job: the token's requests are limited, and each needs one. */
const MOST_ASKED = 300;
/** How many runs are asked for when only other branches have histories, until one is found that would count. */
const MOST_ELSEWHERE = 10;

/** Decides which artifacts count, and asks GitHub about a run once. */
export class ArtifactSources {
  #artifacts;
  #repository;
  #filter;
  #env;
  #spelling;
  /** @type {readonly string[] | null | undefined} */
  #branches;
  /** The event of each run that was asked for; null for a run that is gone. @type {Map<number, string | null>} */
  #events = new Map();

  /**
   * @param {object} options
   * @param {Pick<Artifacts, "runEvent" | "defaultBranch">} options.artifacts
   * @param {string} options.repository `owner/name`
   * @param {string} [options.filter] the branch that was asked for, or `*`
   * @param {NodeJS.ProcessEnv} options.env
   * @param {Spelling} [options.spelling] how the caller calls options; as inputs unless given
   */
  constructor({ artifacts, repository, filter, env, spelling = AS_INPUTS }) {
    this.#spelling = spelling;
    this.#artifacts = artifacts;
    this.#repository = repository;
    this.#filter = filter;
    this.#env = env;
    const run = Number(env.GITHUB_RUN_ID);
    if (this.#isHere && env.GITHUB_EVENT_NAME && run > 0) this.#events.set(run, env.GITHUB_EVENT_NAME);
  }

  /** Whether this is a run of the repository whose artifacts are wanted. */
  get #isHere() {
    return this.#env.GITHUB_REPOSITORY?.toLowerCase() === this.#repository.toLowerCase();
  }

  /** Whether the branches follow from the run and were not named. */
  get isDefault() {
    return this.#filter === undefined;
  }

  /**
   * The branches whose runs count, found out at the first call. Those of a run: the default branch and its own; a run
   * that judges a change has none of its own, but the branch that the change goes to.
   *
   * @returns {Promise<readonly string[] | null>} null: every branch
   */
  async branches() {
    if (this.#branches !== undefined) return this.#branches;
    if (this.#filter === EVERY_BRANCH) this.#branches = null;
    else if (this.#filter !== undefined) this.#branches = [this.#filter];
    else {
      const event = this.#isHere ? readEvent(this.#env) : null;
      const own = event && (event.base?.ref ?? this.#env.GITHUB_REF_NAME);
      const main = event?.defaultBranch ?? (await this.#artifacts.defaultBranch());
      this.#branches = own && own !== main ? [main, own] : [main];
    }
    return this.#branches;
  }

  /**
   * Whether it is of the repository's own code and for a branch that counts. Its run may still be a pull request's.
   *
   * @param {Artifact} artifact
   * @param {readonly string[] | null} branches
   */
  isNamed({ own, branch }, branches) {
    return own === true && (branches === null || (branch !== null && branches.includes(branch)));
  }

  /**
   * @param {Artifact} artifact
   * @param {{gone?: boolean}} [options] what a run counts as that GitHub no longer has; an error unless given
   * @returns {Promise<boolean>} whether its run was none of a pull request
   */
  async isTrusted({ runId, name, id }, { gone } = {}) {
    if (runId === null) return false;
    let event = this.#events.get(runId);
    if (event === undefined) {
      if (this.#events.size >= MOST_ASKED) {
        throw new Failure(
          `more than ${MOST_ASKED} runs have uploaded artifacts like \`${name}\` (${id}) since the last build was stored`,
          {
            type: "storage",
            code: "ARTIFACT_TOO_MANY",
            hint: `Nothing was uploaded. Let \`${this.#spelling.name("artifact-branch-filter")}\` name one branch, or choose an \`${this.#spelling.name("artifact-name")}\` that no other workflow uploads.`,
          },
        );
      }
      try {
        event = await this.#artifacts.runEvent(runId);
      } catch (thrown) {
        const isGone = thrown instanceof GitHubFailure && thrown.status === 404;
        if (!isGone || gone === undefined) throw thrown;
        return gone;
      }
      this.#events.set(runId, event);
    }
    return event != null && !isPullRequestEvent(event);
  }

  /**
   * The newest artifact that would be a history if its branch counted. Where too many have to be asked for until one is
   * found, the next one may be it.
   *
   * @param {Artifact[]} listed newest first
   * @returns {Promise<{artifact: Artifact, asked: boolean} | null>} `asked`: whether it is known that its run was none of
   *   a pull request
   */
  async elsewhere(listed) {
    const runs = new Set();
    for (const artifact of listed) {
      if (artifact.own !== true || runs.has(artifact.runId)) continue;
      if (runs.size >= MOST_ELSEWHERE) return { artifact, asked: false };
      runs.add(artifact.runId);
      if (await this.isTrusted(artifact, { gone: true })) return { artifact, asked: true };
    }
    return null;
  }

  /**
   * Why later runs will not find what this run uploads; null where they will.
   *
   * @param {string | null} branch of this run
   * @returns {Failure | null} a warning, `ARTIFACT_UNSEEN`
   */
  unseen(branch) {
    const { GITHUB_EVENT_NAME: event = "", GITHUB_REF_TYPE: kind } = this.#env;
    const filter = `\`${this.#spelling.name("artifact-branch-filter")}\``;
    const unseen = (/** @type {string} */ message, /** @type {string} */ hint) =>
      new Failure(message, { type: "storage", code: "ARTIFACT_UNSEEN", hint });
    if (isPullRequestEvent(event)) {
      return unseen(
        `the history was uploaded by a run of \`${event}\`, and artifacts of pull requests are never read`,
        "Later runs do not find this build. Record builds on `push`, and gate pull requests.",
      );
    }
    if (this.#filter === EVERY_BRANCH || branch === null) return null;
    if (this.#filter !== undefined && branch !== this.#filter) {
      return unseen(
        `the history was uploaded by a run for \`${branch}\`, and histories are looked for in runs for \`${this.#filter}\` alone`,
        `Later runs do not find this build. Record on that branch alone, or leave ${filter} out.`,
      );
    }
    if (this.#filter === undefined && (kind === "tag" || event === "merge_group")) {
      return unseen(
        `the history was uploaded by a run for the ${kind === "tag" ? "tag" : "merge queue's"} \`${branch}\`, and runs for other refs do not read it`,
        `Set ${filter} to \`*\` in every workflow that keeps this history, which then has one for all branches and tags.`,
      );
    }
    return null;
  }
}
