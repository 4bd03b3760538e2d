// What GitHub knows of a repository that the clone does not have: the default branch, files and folders of a commit, where
// a change left a branch, and the commits before. What is not found counts as absent only where GitHub shows that it
// would have been seen.

import path from "node:path";
import { Failure } from "../failure.js";

/** @import { GitHub } from "../github/client.js" */

/** How many commits before the merge base are looked at for a recorded one; one page of GitHub's lists. */
export const MOST_ANCESTORS = 100;

/** A repository on GitHub, as far as what a change is compared with is concerned. */
export class Remote {
  #github;
  #repository;

  /**
   * @param {Pick<GitHub, "request">} github
   * @param {string} repository
   */
  constructor(github, repository) {
    this.#github = github;
    this.#repository = repository;
  }

  /** @returns {Promise<string>} @throws {Failure} BASE_CONFIG_UNKNOWN */
  async defaultBranch() {
    const doing = `could not read the repository \`${this.#repository}\``;
    try {
      const { data } = await this.#get("", {}, doing);
      if (typeof data?.default_branch === "string") return data.default_branch;
      throw configurationUnknown(`${doing}: the answer names no default branch`, "");
    } catch (thrown) {
      const failure = Failure.from(thrown);
      if (failure.type === "internal") throw failure;
      throw configurationUnknown(
        `which branch it goes to is not known: ${failure.message}`,
        `${failure.hint} Or name the branch with \`--reference-branch\`, as an action with the input \`reference-branch\`.`.trim(),
        failure,
      );
    }
  }

  /**
   * @param {string} file
   * @param {string} ref a commit's id or a branch
   * @returns {Promise<string | null>} null where the commit has no such file
   */
  async file(file, ref) {
    const doing = `could not read \`${file}\` of \`${ref}\``;
    try {
      const { data } = await this.#get(`/contents/${encodedPath(file)}`, { ref }, doing);
      if (data?.type === "file" && data.encoding === "base64" && typeof data.content === "string") {
        return Buffer.from(data.content, "base64").toString("utf8");
      }
      // A directory of that name is no configuration.
      if (Array.isArray(data)) return null;
      if (typeof data?.type === "string" && data.type !== "file") throw ledElsewhere(doing, file, data.type);
      throw configurationUnknown(
        `${doing}: the answer has no text`,
        "Check that the file is no larger than 1 MiB.",
      );
    } catch (thrown) {
      const failure = Failure.from(thrown);
      if (failure.type === "internal") throw failure;
      if (statusOf(failure) === 404 && (await this.#hasFolders(file, ref, doing)) && (await this.#sees(ref)))
        return null;
      throw configurationUnknown(failure.message, failure.hint, failure);
    }
  }

  /**
   * A folder of a commit, without what is below its own folders.
   *
   * @param {string} tree the id of a commit or of a folder in one, or a branch
   * @returns {Promise<import("./git.js").TreeEntry[] | null>} null where GitHub does not list all of it
   */
  async treeEntries(tree) {
    try {
      const { data } = await this.#get(
        `/git/trees/${encodeURIComponent(tree)}`,
        {},
        `could not list the files of \`${tree}\``,
      );
      if (!Array.isArray(data?.tree) || data.truncated === true) return null;
      return data.tree.map((/** @type {{path: string, mode: string, sha: string}} */ entry) => {
        return { name: entry.path, mode: entry.mode, object: entry.sha };
      });
    } catch (thrown) {
      const failure = Failure.from(thrown);
      if (failure.type === "internal" || failure.code === "ABORTED") throw failure;
      return null;
    }
  }

  /**
   * Looks at the folders that a file is not found in: behind a link or in another repository GitHub finds nothing, which
   * does not say that the branch has no such file.
   * @param {string} file
   * @param {string} ref
   * @param {string} doing
   * @returns {Promise<true>} where the nearest one that is there is a folder
   * @throws {Failure} BASE_CONFIG_UNKNOWN
   */
  async #hasFolders(file, ref, doing) {
    for (let at = path.posix.dirname(file); at !== "."; at = path.posix.dirname(at)) {
      try {
        const { data } = await this.#get(`/contents/${encodedPath(at)}`, { ref }, doing);
        if (Array.isArray(data)) return true;
        throw ledElsewhere(doing, at, data?.type);
      } catch (thrown) {
        const failure = Failure.from(thrown);
        if (failure.type === "internal") throw failure;
        if (statusOf(failure) === 404) continue;
        throw configurationUnknown(failure.message, failure.hint, failure);
      }
    }
    return true;
  }

  /**
   * Whether the commit can be seen: then a file that is not found is not there. Without the right to the contents
   * GitHub says that nothing exists.
   * @param {string} ref
   */
  async #sees(ref) {
    try {
      const { data } = await this.#get(
        `/commits/${encodeURIComponent(ref)}`,
        {},
        `could not read \`${ref}\``,
      );
      return typeof data?.sha === "string";
    } catch (thrown) {
      if (Failure.from(thrown).type === "internal") throw thrown;
      return false;
    }
  }

  /**
   * @param {string} reference
   * @param {string} headSha
   */
  async whereItLeft(reference, headSha) {
    try {
      // Only the common ancestor is wanted, not the commits between.
      const { data } = await this.#get(
        `/compare/${encodeURIComponent(reference)}...${headSha}`,
        { per_page: 1 },
        `could not ask where this change left \`${reference}\``,
      );
      const commitSha = data?.merge_base_commit?.sha;
      if (typeof commitSha !== "string") throw new TypeError("the answer names no common ancestor");
      const time = data.merge_base_commit.commit?.committer?.date;
      return {
        mergeBase: { commitSha, time: typeof time === "string" ? time : null },
        ancestors: await this.ancestors(commitSha),
      };
    } catch (thrown) {
      const failure = Failure.from(thrown);
      if (failure.code === "ABORTED") throw failure;
      throw new Failure(failure.message, {
        type: "gate",
        code: "MERGE_BASE_UNKNOWN",
        hint: `${failure.hint} It is compared with the branch's newest build.`.trim(),
        cause: thrown,
      });
    }
  }

  /**
   * What GitHub merges a pull request's head into.
   * @param {import("./event.js").PullRequest} pullRequest
   * @returns {Promise<{commitSha: string, time: string | null} | null>} null where it has conflicts, or cannot be seen
   */
  async mergedInto({ number, headSha }) {
    try {
      const doing = `could not ask what \`${this.#repository}#${number}\` is merged into`;
      const { data: pull } = await this.#get(`/pulls/${number}`, {}, doing, "pull-requests: read");
      if (typeof pull?.merge_commit_sha !== "string") return null;
      const { data: merge } = await this.#get(`/commits/${pull.merge_commit_sha}`, { per_page: 1 }, doing);
      const [base, head] = (merge?.parents ?? []).map((/** @type {{sha: string}} */ { sha }) => sha);
      if (head !== headSha || typeof base !== "string") return null;
      const time = merge.commit?.committer?.date;
      return { commitSha: base, time: typeof time === "string" ? time : null };
    } catch (thrown) {
      if (Failure.from(thrown).code === "ABORTED") throw thrown;
      return null;
    }
  }

  /** @param {string} commitSha @returns {Promise<string[]>} empty where they cannot be listed: then the time decides */
  async ancestors(commitSha) {
    try {
      const { data } = await this.#get(
        "/commits",
        { sha: commitSha, per_page: MOST_ANCESTORS },
        `could not list the commits before \`${commitSha}\``,
      );
      if (!Array.isArray(data)) return [];
      return data.map(({ sha }) => sha).filter((sha) => typeof sha === "string" && sha !== commitSha);
    } catch (thrown) {
      if (Failure.from(thrown).code === "ABORTED") throw thrown;
      return [];
    }
  }

  /**
   * @param {string} where below the repository
   * @param {Record<string, string | number>} query
   * @param {string} doing
   * @param {string} [permission]
   */
  #get(where, query, doing, permission = where === "" ? "metadata: read" : "contents: read") {
    return this.#github.request({
      path: `/repos/${this.#repository}${where}`,
      query,
      doing,
      permission,
      type: "gate",
    });
  }
}

/** @param {string} file */
const encodedPath = (file) => file.split("/").map(encodeURIComponent).join("/");

/** @param {unknown} failure */
const statusOf = (failure) => /** @type {{status?: number}} */ (failure).status;

/**
 * @param {string} doing
 * @param {string} place
 * @param {unknown} type of the entry, as GitHub names it
 */
function ledElsewhere(doing, place, type) {
  const kinds = /** @type {Record<string, string>} */ ({
    symlink: "a link there that leads to no file of the repository",
    submodule: "another repository there",
    file: "a file there, or a link to one",
  });
  return configurationUnknown(
    `${doing}: \`${place}\` is ${kinds[String(type)] ?? "no folder there"}`,
    "Keep the configuration in the repository that is judged, below folders of its own.",
  );
}

/**
 * Why the base branch's configuration is not known.
 * @param {string} message
 * @param {string} hint
 * @param {unknown} [cause]
 */
export function configurationUnknown(message, hint, cause) {
  return new Failure(message, { type: "gate", code: "BASE_CONFIG_UNKNOWN", hint, cause });
}
