// The one comment that a gate keeps on a pull request: finds it among all comments, and creates, edits or leaves it.
// What it says is the engine's; what it is posted for is the caller's. Trouble here never fails a run.

import { Failure } from "../failure.js";

/** @import { GitHub } from "./client.js" */

/**
 * @typedef {object} Comment
 * @property {number} id
 * @property {string} html_url
 * @property {string} body
 * @property {string} author the login, with `[bot]` for an app's
 */

/**
 * @typedef {object} Published
 * @property {"created" | "updated" | "unchanged" | "superseded" | "failed"} status `superseded`: the pull request has a
 *   newer commit, whose run will say more
 * @property {string | null} url of the comment, where there is one that says this
 * @property {Failure[]} warnings
 */

/** Whose comments a workflow's own token writes, where the server does not say whose token it is. */
const WORKFLOW_TOKEN = "github-actions[bot]";
/** How often a comment is created or edited again after it was deleted, or after the server's answer was lost. */
const TRIES = 3;

/**
 * Makes the comment say what it should.
 *
 * It is found by its first line, the marker, and only among the comments of this token's account: anyone who may comment
 * could write the marker too, and edit afterwards what the gate seems to say. When two runs at once have created one
 * each, the oldest is kept and the others are deleted.
 *
 * @param {{
 *   github: Pick<GitHub, "request" | "pages">,
 *   repository: string,
 *   number: number,
 *   marker: string,
 *   body: string,
 *   headSha?: string,
 * }} input `repository` is `owner/name`; `marker` is the first line of `body`; `headSha` is the commit that the body
 *   is about
 * @returns {Promise<Published>} never rejects, but where the run was cancelled
 */
export async function publishComment({ github, repository, number, marker, body, headSha }) {
  /** @type {Failure[]} */
  const warnings = [];
  try {
    const thread = new Thread(github, repository, number);
    if (headSha !== undefined && (await thread.hasMovedOn(headSha))) {
      return { status: "superseded", url: null, warnings };
    }
    return { ...(await upsert(thread, marker, body, warnings)), warnings };
  } catch (thrown) {
    const failure = Failure.from(thrown);
    if (failure.type === "internal") throw failure;
    warnings.push(untold(failure));
    return { status: "failed", url: null, warnings };
  }
}

/**
 * @param {Thread} thread
 * @param {string} marker
 * @param {string} body
 * @param {Failure[]} warnings
 * @returns {Promise<Omit<Published, "warnings">>}
 */
async function upsert(thread, marker, body, warnings) {
  for (let attempt = 1; ; attempt++) {
    const [kept, ...others] = await thread.own(marker);
    for (const other of others) {
      await thread.remove(other).catch((thrown) => {
        const { message, hint } = Failure.from(thrown);
        warnings.push(new Failure(message, { type: "gate", code: "COMMENT_DUPLICATE", hint, cause: thrown }));
      });
    }
    if (kept && sameText(kept.body, body)) return { status: "unchanged", url: kept.html_url };
    try {
      if (kept) return { status: "updated", url: await thread.edit(kept, body) };
      return await alone(thread, marker, body, await thread.create(body));
    } catch (thrown) {
      const status = statusOf(thrown);
      // Deleted since it was listed, or a new one whose creation may have arrived although the answer did not.
      const again = kept ? status === 404 || status === 410 : status === 0 || status >= 500;
      if (!again || attempt >= TRIES) throw thrown;
    }
  }
}

/**
 * Gives way to a comment that another run has created while this one was created. Where that fails the next run tidies up.
 * @param {Thread} thread
 * @param {string} marker
 * @param {string} body
 * @param {{id: number, url: string | null}} created
 * @returns {Promise<Omit<Published, "warnings">>}
 */
async function alone(thread, marker, body, { id, url }) {
  try {
    const [oldest] = await thread.own(marker);
    if (oldest && oldest.id < id) {
      const kept = await thread.edit(oldest, body);
      await thread.remove({ id }).catch(() => {});
      return { status: "updated", url: kept };
    }
  } catch (thrown) {
    if (Failure.from(thrown).type === "internal") throw thrown;
  }
  return { status: "created", url };
}

/** A pull request's comments as this token sees them. */
class Thread {
  #github;
  #repository;
  #number;
  /** @type {Promise<string> | undefined} */
  #account;

  /**
   * @param {Pick<GitHub, "request" | "pages">} github
   * @param {string} repository
   * @param {number} number
   */
  constructor(github, repository, number) {
    this.#github = github;
    this.#repository = repository;
    this.#number = number;
  }

  /** Whether the pull request has another head by now. @param {string} headSha */
  async hasMovedOn(headSha) {
    try {
      const { data } = await this.#github.request({
        path: `/repos/${this.#repository}/pulls/${this.#number}`,
        doing: `could not read the pull request \`${this.#repository}#${this.#number}\``,
        permission: "pull-requests: read",
        type: "gate",
      });
      const head = data?.head?.sha;
      return typeof head === "string" && head !== headSha;
    } catch (thrown) {
      // A token that may write comments and nothing else cannot see it; then the comment is right as far as known.
      if (statusOf(thrown) === 403 || statusOf(thrown) === 404) return false;
      throw thrown;
    }
  }

  /**
   * The comments of this token's account that start with the marker, oldest first.
   * @param {string} marker
   * @returns {Promise<Comment[]>}
   */
  async own(marker) {
    /** @type {Comment[]} */
    const marked = [];
    const listing = this.#github.pages({
      path: `/repos/${this.#repository}/issues/${this.#number}/comments`,
      doing: `could not list the comments of \`${this.#repository}#${this.#number}\``,
      permission: "pull-requests: read",
      type: "gate",
    });
    for await (const { id, html_url, body, user } of listing) {
      if (typeof body !== "string" || typeof user?.login !== "string" || firstLine(body) !== marker) continue;
      const isBot = user.type === "Bot" && !user.login.endsWith("[bot]");
      marked.push({ id, html_url, body, author: isBot ? `${user.login}[bot]` : user.login });
    }
    if (marked.length === 0) return [];
    const account = await this.#whoAmI();
    return marked
      .filter(({ author }) => sameAccount(author, account))
      .sort((one, other) => one.id - other.id);
  }

  /** @param {string} body @returns {Promise<{id: number, url: string | null}>} */
  async create(body) {
    const { data } = await this.#github.request({
      method: "POST",
      path: `/repos/${this.#repository}/issues/${this.#number}/comments`,
      body: { body },
      ...this.#writing("could not write a comment on"),
    });
    return { id: data?.id ?? Number.NaN, url: data?.html_url ?? null };
  }

  /** @param {Comment} comment @param {string} body @returns {Promise<string>} its address */
  async edit({ id, html_url }, body) {
    const { data } = await this.#github.request({
      method: "PATCH",
      path: `/repos/${this.#repository}/issues/comments/${id}`,
      body: { body },
      ...this.#writing("could not edit the comment on"),
    });
    return data?.html_url ?? html_url;
  }

  /** @param {Pick<Comment, "id">} comment */
  async remove({ id }) {
    try {
      await this.#github.request({
        method: "DELETE",
        path: `/repos/${this.#repository}/issues/comments/${id}`,
        ...this.#writing("could not delete a second comment on"),
      });
    } catch (thrown) {
      if (statusOf(thrown) !== 404 && statusOf(thrown) !== 410) throw thrown;
    }
  }

  /** @param {string} what */
  #writing(what) {
    return {
      doing: `${what} \`${this.#repository}#${this.#number}\``,
      permission: "pull-requests: write",
      type: /** @type {const} */ ("gate"),
    };
  }

  #whoAmI() {
    this.#account ??= accountOf(this.#github);
    return this.#account;
  }
}

/**
 * The login of the token's account. Only GraphQL has it for every kind of token; the REST interface refuses the
 * question to a workflow's own token and other tokens of apps.
 *
 * @param {Pick<GitHub, "request">} github
 * @returns {Promise<string>}
 */
async function accountOf(github) {
  // Below `/api/v3` of a company's own server, GraphQL is beside the REST interface and not below it.
  for (const path of ["/graphql", "/../graphql"]) {
    const login = await loginIn(github, {
      method: "POST",
      path,
      body: { query: "query { viewer { login } }" },
      repeatable: true,
    });
    if (login !== null) return login;
  }
  return (await loginIn(github, { path: "/user" })) ?? WORKFLOW_TOKEN;
}

/**
 * @param {Pick<GitHub, "request">} github
 * @param {import("./client.js").GitHubRequest} request
 * @returns {Promise<string | null>} null where the server does not say
 */
async function loginIn(github, request) {
  try {
    const { data } = await github.request({
      ...request,
      doing: "could not ask whose token it is",
      type: "gate",
    });
    const login = data?.data?.viewer?.login ?? data?.login;
    return typeof login === "string" && login !== "" ? login : null;
  } catch (thrown) {
    // Refused is an answer. A failing server is none: guessing could leave a second comment.
    if (statusOf(thrown) >= 400 && statusOf(thrown) < 500) return null;
    throw thrown;
  }
}

/**
 * Logins are the same in any case.
 * @param {string} one
 * @param {string} other
 */
const sameAccount = (one, other) => one.toLowerCase() === other.toLowerCase();

/** @param {string} body */
const firstLine = (body) => body.slice(0, 1000).split(/\r?\n/, 1)[0].trim();

/** Whether the server would show the same; it may change line ends and the white space around. */
const sameText = (/** @type {string} */ one, /** @type {string} */ other) =>
  one.replaceAll("\r\n", "\n").trim() === other.replaceAll("\r\n", "\n").trim();

/** @param {unknown} thrown @returns {number} of the server's answer; 0 for none, -1 where it is about something else */
function statusOf(thrown) {
  const status = /** @type {{status?: unknown} | null} */ (thrown)?.status;
  return typeof status === "number" ? status : -1;
}

/** @param {Failure} failure */
function untold(failure) {
  if (failure.code === "GITHUB_FORBIDDEN") {
    return new Failure(failure.message, {
      type: "gate",
      code: "COMMENT_DENIED",
      hint:
        "Give the job `pull-requests: write` below `permissions:`. Pull requests from forks have a token that can only " +
        "read: docs/pull-requests.md shows how they get their comment.",
      cause: failure,
    });
  }
  return new Failure(`the comment was not written: ${failure.message}`, {
    type: "gate",
    code: "COMMENT_FAILED",
    hint: failure.hint,
    retryable: failure.retryable,
    cause: failure,
  });
}
