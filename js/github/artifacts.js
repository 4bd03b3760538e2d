/**
 * Artifacts as GitHub's REST interface lists them: those of a name or a run over all pages, and the bytes of
 * one. Checks the shape of each answer; which artifact is the right one is its callers' business.
 */

import { createHash } from "node:crypto";
import { Failure } from "../failure.js";

/** @import { GitHub } from "./client.js" */

/**
 * @typedef {object} Artifact
 * @property {number} id ascends with the time of creation
 * @property {string} name
 * @property {boolean} expired its bytes are gone
 * @property {number} createdAt milliseconds since 1970
 * @property {number | null} expiresAt
 * @property {string | null} digest `sha256:` and the hash of the archive; older servers have none
 * @property {number | null} runId
 * @property {string | null} branch that the run was for
 * @property {boolean | null} own whether the code that ran was of this repository and not of a fork; null where the
 *   server does not say which run
 */

const PERMISSION = "actions: read";

/**
 * `owner/name` as a path of the interface.
 *
 * @param {string} repository
 * @throws {Failure} `GITHUB_CONFIG_INVALID`
 */
export function repositoryPath(repository) {
  const [owner, name, ...rest] = repository.split("/");
  if (owner && name && rest.length === 0 && /^[\w.-]+\/[\w.-]+$/.test(repository) && !/^\.+$/.test(name)) {
    return `/repos/${owner}/${name}`;
  }
  throw new Failure(`the repository is \`${repository}\`, expected \`OWNER/NAME\``, {
    type: "validation",
    code: "GITHUB_CONFIG_INVALID",
    hint: "In a workflow `GITHUB_REPOSITORY` has it.",
  });
}

/** The artifacts of one repository. */
export class Artifacts {
  #github;
  #repository;
  #path;

  /** @param {GitHub} github @param {string} repository `owner/name` */
  constructor(github, repository) {
    this.#github = github;
    this.#repository = repository;
    this.#path = repositoryPath(repository);
  }

  /** Milliseconds that GitHub's clock is ahead of this machine's; null before it has answered. */
  clockOffsetMs() {
    return this.#github.clockOffsetMs;
  }

  /**
   * Every artifact of this name, in the server's order, which is newest first.
   *
   * @param {string} name
   * @returns {AsyncGenerator<Artifact, void, void>}
   */
  async *named(name) {
    const doing = `could not list the artifacts named \`${name}\` in \`${this.#repository}\``;
    for await (const artifact of this.#listed(`${this.#path}/actions/artifacts`, { name }, doing)) {
      // The filter is the server's; what it lets through by mistake is no history.
      if (artifact.name === name) yield artifact;
    }
  }

  /**
   * Every artifact of all attempts of a run.
   *
   * @param {number} run its id
   * @returns {AsyncGenerator<Artifact, void, void>}
   */
  ofRun(run) {
    const doing = `could not list the artifacts of run ${run} in \`${this.#repository}\``;
    return this.#listed(`${this.#path}/actions/runs/${run}/artifacts`, {}, doing);
  }

  /**
   * What started a run, such as `push` or `pull_request`.
   *
   * @param {number} run its id
   * @returns {Promise<string>}
   */
  async runEvent(run) {
    const doing = `could not ask what started run ${run} in \`${this.#repository}\``;
    const path = `${this.#path}/actions/runs/${run}`;
    const { data } = await this.#github.request({ path, doing, permission: PERMISSION });
    if (typeof data?.event === "string" && data.event !== "") return data.event;
    throw notUnderstood(doing);
  }

  /** The repository's default branch. @returns {Promise<string>} */
  async defaultBranch() {
    const doing = `could not ask for the default branch of \`${this.#repository}\``;
    const { data } = await this.#github.request({ path: this.#path, doing });
    if (typeof data?.default_branch === "string" && data.default_branch !== "") return data.default_branch;
    throw notUnderstood(doing);
  }

  /**
   * @param {string} path
   * @param {Record<string, string>} query
   * @param {string} doing
   * @returns {AsyncGenerator<Artifact, void, void>}
   */
  async *#listed(path, query, doing) {
    const pick = (/** @type {any} */ data) => data?.artifacts;
    for await (const item of this.#github.pages({ path, query, doing, permission: PERMISSION, pick })) {
      const artifact = artifactOf(item);
      if (artifact === null) throw notUnderstood(doing);
      yield artifact;
    }
  }

  /**
   * An artifact's archive, verified by its digest where the server has one.
   *
   * @param {Artifact} artifact
   * @param {number} limit
   * @returns {Promise<Buffer>}
   */
  async download({ id, name, digest }, limit) {
    const doing = `could not download the artifact \`${name}\` (${id}) of \`${this.#repository}\``;
    const request = {
      path: `${this.#path}/actions/artifacts/${id}/zip`,
      limit,
      doing,
      permission: PERMISSION,
    };
    for (let attempt = 1; ; attempt++) {
      const archive = await this.#github.download(request);
      const found = `sha256:${createHash("sha256").update(archive).digest("hex")}`;
      if (digest === null || digest === found) return archive;
      if (attempt < 2) continue;
      throw new Failure(`${doing}: the bytes are not those that were uploaded`, {
        type: "storage",
        code: "ARTIFACT_DAMAGED",
        hint: "Try again; when it stays so, something between here and GitHub changes the bytes, or the artifact is damaged.",
        retryable: true,
      });
    }
  }
}

/** @param {string} doing */
function notUnderstood(doing) {
  return new Failure(`${doing}: the server's answer is not understood`, {
    type: "storage",
    code: "GITHUB_UNEXPECTED",
    hint: "Check that `GITHUB_API_URL` is the address of GitHub's REST interface.",
  });
}

/** @param {any} item @returns {Artifact | null} */
function artifactOf(item) {
  const {
    id,
    name,
    expired,
    created_at: created,
    expires_at: expires,
    digest,
    workflow_run: run,
  } = item ?? {};
  const createdAt = Date.parse(created);
  if (!Number.isSafeInteger(id) || typeof name !== "string" || typeof expired !== "boolean") return null;
  if (Number.isNaN(createdAt)) return null;
  const expiresAt = Date.parse(expires);
  return {
    id,
    name,
    expired,
    createdAt,
    expiresAt: Number.isNaN(expiresAt) ? null : expiresAt,
    digest: typeof digest === "string" && /^sha256:[0-9a-f]{64}$/.test(digest) ? digest : null,
    runId: Number.isSafeInteger(run?.id) ? run.id : null,
    branch: typeof run?.head_branch === "string" ? run.head_branch : null,
    // A fork that was deleted since has no id.
    own: Number.isSafeInteger(run?.repository_id) ? run.head_repository_id === run.repository_id : null,
  };
}
