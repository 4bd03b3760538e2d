// GitHub at the level of HTTP, on this machine: the REST interface as far as the product and its tests ask for it,
// with tokens, permissions and pages. The service that jobs upload artifacts to, and the store of their bytes, are
// hosts of their own beside it (github-artifacts.js), so that it shows when a token goes to the wrong one.
//
//   const github = await startGitHub();
//   const run = github.addRun({ branch: "main" });
//   new GitHub({ apiUrl: github.apiUrl, token: github.token() })
//   github.jobEnvironment(run)          what the runner gives an action in that run
//   github.script([{ url: /artifacts/, fault: { kind: "answer", status: 503 } }])
//   await github.stop()

import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import http from "node:http";
import { Faults, serve } from "./faults.js";
import { ArtifactHosts, refusal } from "./github-artifacts.js";

/** @import { Reply, Rule } from "./faults.js" */
/** @import { StoredArtifact } from "./github-artifacts.js" */

/**
 * @typedef {object} Run
 * @property {number} id
 * @property {number} number
 * @property {number} attempt
 * @property {string} branch
 * @property {string} sha
 * @property {string} event
 * @property {number} headRepositoryId another one for a fork
 * @property {string} backendId of this attempt
 *
 * @typedef {{id: number, issue: number, body: string, login: string, created: number, updated: number}} Comment
 * @typedef {object} Pull
 * @property {number} number
 * @property {"open" | "closed"} state
 * @property {string} title
 * @property {{ref: string, sha: string, repositoryId: number}} head
 * @property {{ref: string, sha: string}} base
 * @property {{sha: string, into: string}} [merge] the commit that GitHub has made of it and its base
 *
 * @typedef {object} Seen
 * @property {"api" | "results" | "blobs"} host
 * @property {string} method
 * @property {string} url
 * @property {http.IncomingHttpHeaders} headers
 * @property {string | null} fault its kind
 */

/** The longest comment; GitHub counts characters. */
const LONGEST_COMMENT = 65_536;

/**
 * @param {{repository?: string, defaultBranch?: string, private?: boolean, now?: () => number}} [options]
 */
export async function startGitHub(options) {
  const server = new GitHubServer(options);
  await server.listen();
  return server;
}

export class GitHubServer {
  /** Everything that was asked, of any of the hosts. @type {Seen[]} */
  seen = [];
  /** @type {Run[]} */
  runs = [];
  /** @type {Pull[]} */
  pulls = [];
  /** @type {Comment[]} */
  comments = [];
  /** Files by `ref:path`. @type {Map<string, string>} */
  files = new Map();
  /** Links and submodules by `ref:path`: what is found at the path itself; below them is nothing. @type {Map<string, "symlink" | "submodule">} */
  entries = new Map();
  /** The merge base of two commits or branches, by `base...head`. @type {Map<string, string>} */
  mergeBases = new Map();
  /** The commits before a commit or branch, itself first. @type {Map<string, string[]>} */
  histories = new Map();
  /** When commits were made, as RFC 3339. @type {Map<string, string>} */
  times = new Map();
  /** The folder of a repository whose commits are listed folder by folder; none are where it is null. @type {string | null} */
  repositoryFolder = null;
  /** Whether a name that an attempt of a run has given is taken for later attempts too. */
  keepsNames = false;
  /** How many requests each token has left; no limit unless set. */
  remaining = Number.POSITIVE_INFINITY;

  #faults = new Faults();
  /** @type {Map<string, {permissions: Record<string, string>, login: string}>} */
  #tokens = new Map();
  #lastId = 1000;
  #server;
  #hosts;
  /** @type {Set<import("node:net").Socket>} */
  #sockets = new Set();

  /** @param {{repository?: string, defaultBranch?: string, private?: boolean, now?: () => number}} [options] */
  constructor({
    repository = "octo/widgets",
    defaultBranch = "main",
    private: isPrivate = true,
    now = Date.now,
  } = {}) {
    this.repository = repository;
    this.repositoryId = 4_200_001;
    this.forkId = 4_200_777;
    this.forkOwner = "contributor";
    this.defaultBranch = defaultBranch;
    this.private = isPrivate;
    this.now = now;
    /** How far its clock is ahead, by the header `Date`, in milliseconds. */
    this.aheadMs = 0;
    this.#hosts = new ArtifactHosts(this);
    this.#server = this.serverOf("api", (request, body) => this.#act(request, body));
  }

  /** @returns {Promise<void>} */
  async listen() {
    for (const server of [this.#server, this.#hosts.results, this.#hosts.blobs]) {
      await new Promise((resolve, reject) => {
        server.on("error", reject);
        server.listen(0, "127.0.0.1", () => resolve(undefined));
      });
    }
  }

  /** @returns {Promise<void>} may be called again */
  async stop() {
    for (const socket of this.#sockets) socket.destroy();
    for (const server of [this.#server, this.#hosts.results, this.#hosts.blobs]) {
      await new Promise((resolve) => server.close(() => resolve(undefined)));
    }
  }

  /** As new again, at the same addresses; tokens that were given stay valid, and ids go on. */
  reset() {
    for (const list of [this.runs, this.pulls, this.comments, this.artifacts]) list.length = 0;
    for (const map of [this.files, this.entries, this.mergeBases, this.histories, this.times]) map.clear();
    this.repositoryFolder = null;
    this.keepsNames = false;
    this.remaining = Number.POSITIVE_INFINITY;
    this.aheadMs = 0;
    this.script([]);
  }

  /** Other rules from now on, for all the hosts; what was seen is forgotten. @param {Rule[]} rules */
  script(rules) {
    this.#faults.script(rules);
    this.seen = [];
  }

  get apiUrl() {
    return addressOf(this.#server);
  }

  get resultsUrl() {
    return addressOf(this.#hosts.results);
  }

  get blobUrl() {
    return addressOf(this.#hosts.blobs);
  }

  /** @returns {StoredArtifact[]} oldest first; those that are not finalized too */
  get artifacts() {
    return this.#hosts.artifacts;
  }

  /** An id that nothing has yet. */
  nextId() {
    return ++this.#lastId;
  }

  /**
   * A token with these rights, named as in workflows.
   *
   * @param {Record<string, "read" | "write">} [permissions]
   * @param {string} [login] whose token it is; a job's unless given
   * @returns {string}
   */
  token(
    permissions = { actions: "read", contents: "read", "pull-requests": "write" },
    login = "github-actions[bot]",
  ) {
    const token = `ghs_${randomBytes(18).toString("hex")}`;
    this.#tokens.set(token, { permissions, login });
    return token;
  }

  /** The token is not valid any more. @param {string} token */
  revoke(token) {
    this.#tokens.delete(token);
  }

  /**
   * @param {{branch?: string, sha?: string, event?: string, fork?: boolean}} [run]
   * @returns {Run}
   */
  addRun({ branch = this.defaultBranch, sha, event = "push", fork = false } = {}) {
    const run = {
      id: this.nextId(),
      number: this.runs.length + 1,
      attempt: 1,
      branch,
      sha: sha ?? randomBytes(20).toString("hex"),
      event,
      headRepositoryId: fork ? this.forkId : this.repositoryId,
      backendId: uuid(),
    };
    this.runs.push(run);
    return run;
  }

  /** The run once more: the same id, and another one for the service that keeps artifacts. @param {Run} run */
  rerun(run) {
    const again = { ...run, attempt: run.attempt + 1, backendId: uuid() };
    this.runs.push(again);
    return again;
  }

  /**
   * An artifact that is there already.
   *
   * @param {{name: string, run: Run, zip: Uint8Array, expired?: boolean, createdAt?: number, expiresAt?: number,
   *   digest?: string | null}} artifact
   * @returns {StoredArtifact}
   */
  addArtifact(artifact) {
    return this.#hosts.add(artifact);
  }

  /** @param {Partial<Pull> & {head: Pull["head"]}} pull @returns {Pull} */
  addPull(pull) {
    /** @type {Pull} */
    const made = {
      number: this.pulls.length + 1,
      state: "open",
      title: "a change",
      base: { ref: this.defaultBranch, sha: "0".repeat(40) },
      ...pull,
    };
    this.pulls.push(made);
    return made;
  }

  /** @param {number} issue @param {string} body @param {string} [login] @returns {Comment} */
  addComment(issue, body, login = "github-actions[bot]") {
    const time = this.now();
    const comment = { id: this.nextId(), issue, body, login, created: time, updated: time };
    this.comments.push(comment);
    return comment;
  }

  /**
   * The environment that the runner gives an action in a job of this run.
   *
   * @param {Run} run
   * @param {{scopes?: string}} [options] scopes instead of those of a job
   * @returns {Record<string, string>}
   */
  jobEnvironment(run, options) {
    return {
      GITHUB_ACTIONS: "true",
      GITHUB_API_URL: this.apiUrl,
      GITHUB_SERVER_URL: "https://github.com",
      GITHUB_REPOSITORY: this.repository,
      GITHUB_REPOSITORY_ID: String(this.repositoryId),
      GITHUB_RUN_ID: String(run.id),
      GITHUB_RUN_NUMBER: String(run.number),
      GITHUB_RUN_ATTEMPT: String(run.attempt),
      GITHUB_RETENTION_DAYS: "90",
      GITHUB_SHA: run.sha,
      GITHUB_REF_NAME: run.branch,
      GITHUB_EVENT_NAME: run.event,
      ACTIONS_RESULTS_URL: `${this.resultsUrl}/`,
      ACTIONS_RUNTIME_TOKEN: this.#hosts.runtimeToken(run, options?.scopes),
    };
  }

  /**
   * A host of this server: what it is asked is noted, and the faults apply to it.
   *
   * @param {Seen["host"]} host
   * @param {(request: http.IncomingMessage, body: Buffer) => Reply} act
   * @returns {http.Server}
   */
  serverOf(host, act) {
    const server = http.createServer((request, response) => {
      const fault = this.#faults.for(request);
      const { method = "", url = "", headers } = request;
      this.seen.push({ host, method, url, headers, fault: fault?.kind ?? null });
      serve(request, response, fault, (body) => act(request, body)).catch(() => response.destroy());
    });
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => this.#sockets.delete(socket));
    });
    return server;
  }

  /** @param {http.IncomingMessage} request @param {Buffer} body @returns {Reply} */
  #act(request, body) {
    const given = /^(?:bearer|token) (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
    const account = given === undefined ? { permissions: {}, login: "" } : this.#tokens.get(given);
    if (!account) return refusal(401, "Bad credentials");
    const { permissions, login } = account;
    const limits = {
      ...this.#countRequest(),
      ...(this.aheadMs !== 0 && { date: new Date(Date.now() + this.aheadMs).toUTCString() }),
    };
    if (limits["x-ratelimit-remaining"] === "-1") {
      return {
        ...refusal(403, "API rate limit exceeded for installation."),
        headers: { ...limits, "x-ratelimit-remaining": "0" },
      };
    }
    if (!request.headers["user-agent"]) return refusal(403, "Request forbidden by administrative rules.");
    const url = new URL(request.url ?? "/", this.apiUrl);
    const asked = whoseToken(request.method, url.pathname, login);
    if (asked) return asked;
    const found = this.#route(request.method ?? "GET", url.pathname);
    if (!found) return refusal(404, "Not Found");
    const { right, parts, act } = found;
    const missing = this.#missing(right, permissions, given !== undefined);
    if (missing) return missing;
    const reply = act({ url, parts, login, input: body.length > 0 ? parsed(body) : {} });
    return { ...reply, headers: { ...limits, ...reply.headers } };
  }

  #countRequest() {
    this.remaining -= 1;
    const left = Number.isFinite(this.remaining) ? Math.max(-1, this.remaining) : 4999;
    return {
      "x-ratelimit-limit": "5000",
      "x-ratelimit-remaining": String(left),
      "x-ratelimit-reset": String(Math.ceil(this.now() / 1000) + 40),
    };
  }

  /**
   * @param {string} right such as `issues=write; pull_requests=write`, alternatives
   * @param {Record<string, string>} permissions
   * @param {boolean} known whether there was a token
   * @returns {Reply | null}
   */
  #missing(right, permissions, known) {
    if (right === "metadata=read") return this.private && !known ? refusal(404, "Not Found") : null;
    const alternatives = right.split(/;\s*/).map((pair) => pair.split("="));
    const reads = alternatives.every(([, level]) => level === "read");
    if (reads && !this.private) return null;
    if (!known) return refusal(reads ? 404 : 401, reads ? "Not Found" : "Requires authentication");
    const granted = alternatives.some(([name, level]) => {
      const has = permissions[name.replaceAll("_", "-")];
      return has === "write" || has === level;
    });
    if (granted) return null;
    return {
      ...refusal(403, "Resource not accessible by integration"),
      headers: { "x-accepted-github-permissions": right },
    };
  }

  /** @param {string} method @param {string} pathname */
  #route(method, pathname) {
    const prefix = `/repos/${this.repository}`;
    const byId = `/repositories/${this.repositoryId}`;
    const start = [prefix, byId].find((each) => pathname === each || pathname.startsWith(`${each}/`));
    if (start === undefined) return null;
    for (const [verb, pattern, right, act] of this.#routes) {
      const match = verb === method ? pattern.exec(pathname.slice(start.length)) : null;
      if (match) return { right, parts: match.slice(1).map(decodeURIComponent), act };
    }
    return null;
  }

  /**
   * @typedef {{url: URL, parts: string[], login: string, input: any}} Asked
   * @type {[string, RegExp, string, (asked: Asked) => Reply][]}
   */
  #routes = [
    ["GET", /^$/, "metadata=read", () => ok(this.#repositoryJson())],
    [
      "GET",
      /^\/actions\/artifacts$/,
      "actions=read",
      ({ url }) => this.#page(url, this.#hosts.listed(url.searchParams.get("name")), "artifacts"),
    ],
    [
      "GET",
      /^\/actions\/artifacts\/(\d+)$/,
      "actions=read",
      ({ parts }) => okOr404(this.#hosts.listed(null).find(({ id }) => id === Number(parts[0]))),
    ],
    [
      "DELETE",
      /^\/actions\/artifacts\/(\d+)$/,
      "actions=write",
      ({ parts }) => (this.#hosts.remove(Number(parts[0])) ? { status: 204 } : refusal(404, "Not Found")),
    ],
    [
      "GET",
      /^\/actions\/artifacts\/(\d+)\/zip$/,
      "actions=read",
      ({ parts }) => this.#hosts.redirect(Number(parts[0])),
    ],
    [
      "GET",
      /^\/actions\/runs$/,
      "actions=read",
      ({ url }) => {
        const branch = url.searchParams.get("branch");
        const runs = this.runs.filter((run) => branch === null || run.branch === branch);
        return this.#page(url, runs.map((run) => this.#runJson(run)).reverse(), "workflow_runs");
      },
    ],
    [
      "GET",
      /^\/actions\/runs\/(\d+)$/,
      "actions=read",
      ({ parts }) => {
        const run = this.runs.findLast(({ id }) => id === Number(parts[0]));
        return okOr404(run && this.#runJson(run));
      },
    ],
    [
      "GET",
      /^\/actions\/runs\/(\d+)\/artifacts$/,
      "actions=read",
      ({ url, parts }) => {
        const all = this.#hosts.listed(url.searchParams.get("name"));
        return this.#page(
          url,
          all.filter(({ workflow_run: run }) => run?.id === Number(parts[0])),
          "artifacts",
        );
      },
    ],
    [
      "GET",
      /^\/pulls$/,
      "pull_requests=read",
      ({ url }) => {
        const { searchParams: wanted } = url;
        const [state, head, base] = ["state", "head", "base"].map((name) => wanted.get(name));
        const owner = (/** @type {Pull} */ pull) =>
          pull.head.repositoryId === this.repositoryId ? this.repository.split("/")[0] : this.forkOwner;
        const pulls = this.pulls.filter(
          (pull) =>
            (state === "all" || pull.state === (state ?? "open")) &&
            (!head || `${owner(pull)}:${pull.head.ref}` === head) &&
            (!base || pull.base.ref === base),
        );
        return this.#page(url, pulls.map((pull) => this.#pullJson(pull)).reverse());
      },
    ],
    [
      "GET",
      /^\/pulls\/(\d+)$/,
      "pull_requests=read",
      ({ parts }) => {
        const pull = this.pulls.find(({ number }) => number === Number(parts[0]));
        return okOr404(pull && this.#pullJson(pull));
      },
    ],
    [
      "GET",
      /^\/issues\/(\d+)\/comments$/,
      "issues=read; pull_requests=read",
      ({ url, parts }) => {
        const comments = this.comments.filter(({ issue }) => issue === Number(parts[0]));
        return this.#page(
          url,
          comments.map((comment) => this.#commentJson(comment)),
        );
      },
    ],
    [
      "POST",
      /^\/issues\/(\d+)\/comments$/,
      "issues=write; pull_requests=write",
      ({ parts, input, login }) =>
        badComment(input) ?? {
          ...ok(this.#commentJson(this.addComment(Number(parts[0]), input.body, login))),
          status: 201,
        },
    ],
    [
      "GET",
      /^\/issues\/comments\/(\d+)$/,
      "issues=read; pull_requests=read",
      ({ parts }) => {
        const comment = this.comments.find(({ id }) => id === Number(parts[0]));
        return okOr404(comment && this.#commentJson(comment));
      },
    ],
    [
      "PATCH",
      /^\/issues\/comments\/(\d+)$/,
      "issues=write; pull_requests=write",
      ({ parts, input }) => {
        const comment = this.comments.find(({ id }) => id === Number(parts[0]));
        const bad = badComment(input);
        if (!comment || bad) return bad ?? refusal(404, "Not Found");
        comment.body = input.body;
        comment.updated = this.now();
        return ok(this.#commentJson(comment));
      },
    ],
    [
      "DELETE",
      /^\/issues\/comments\/(\d+)$/,
      "issues=write; pull_requests=write",
      ({ parts }) => {
        const at = this.comments.findIndex(({ id }) => id === Number(parts[0]));
        if (at === -1) return refusal(404, "Not Found");
        this.comments.splice(at, 1);
        return { status: 204 };
      },
    ],
    [
      "GET",
      /^\/contents\/(.+)$/,
      "contents=read",
      ({ url, parts }) => {
        const ref = url.searchParams.get("ref") ?? this.defaultBranch;
        const place = `${ref}:${parts[0]}`;
        const text = this.files.get(place);
        const type = this.entries.get(place);
        if (type) return ok({ type, path: parts[0], size: 0 });
        const inside = [...this.files.keys()].filter((file) => file.startsWith(`${place}/`));
        if (inside.length > 0)
          return ok(inside.map((file) => ({ type: "file", path: file.slice(ref.length + 1) })));
        if (text === undefined) return refusal(404, "Not Found");
        const content = Buffer.from(text).toString("base64");
        return ok({
          type: "file",
          path: parts[0],
          size: Buffer.byteLength(text),
          encoding: "base64",
          content,
        });
      },
    ],
    [
      "GET",
      /^\/git\/trees\/([^/]+)$/,
      "contents=read",
      ({ parts }) => {
        const tree = this.repositoryFolder && treeIn(this.repositoryFolder, parts[0]);
        return okOr404(tree && { sha: parts[0], tree, truncated: false });
      },
    ],
    [
      "GET",
      /^\/compare\/(.+)\.\.\.(.+)$/,
      "contents=read",
      ({ parts }) => {
        const sha = this.mergeBases.get(`${parts[0]}...${parts[1]}`);
        const commit = { committer: { date: this.times.get(sha ?? "") } };
        return okOr404(sha && { merge_base_commit: { sha, commit }, commits: [], files: [] });
      },
    ],
    [
      "GET",
      /^\/commits$/,
      "contents=read",
      ({ url }) => {
        const commits = this.histories.get(url.searchParams.get("sha") ?? this.defaultBranch);
        return commits
          ? this.#page(
              url,
              commits.map((sha) => ({ sha })),
            )
          : refusal(404, "Not Found");
      },
    ],
    [
      "GET",
      /^\/commits\/([^/]+)$/,
      "contents=read",
      ({ parts }) => {
        const pull = this.pulls.find(({ merge }) => merge?.sha === parts[0]);
        const parents = pull?.merge ? [{ sha: pull.merge.into }, { sha: pull.head.sha }] : [];
        const commit = { committer: { date: this.times.get(parts[0]) } };
        const sha = pull?.merge?.sha ?? this.histories.get(parts[0])?.[0];
        return okOr404(sha && { sha, parents, commit });
      },
    ],
  ];

  /**
   * @param {URL} url
   * @param {unknown[]} items
   * @param {string} [name] of the list in the answer, which is the list itself unless given
   * @returns {Reply}
   */
  #page(url, items, name) {
    const per = Math.min(100, Number(url.searchParams.get("per_page") ?? 30));
    const page = Math.max(1, Number(url.searchParams.get("page") ?? 1));
    const last = Math.max(1, Math.ceil(items.length / per));
    const shown = items.slice((page - 1) * per, page * per);
    /** @param {number} number @param {string} rel */
    const link = (number, rel) => {
      const there = new URL(
        url.href.replace(`/repos/${this.repository}`, `/repositories/${this.repositoryId}`),
      );
      there.searchParams.set("page", String(number));
      return `<${there.href}>; rel="${rel}"`;
    };
    const links = [
      ...(page > 1 ? [link(page - 1, "prev"), link(1, "first")] : []),
      ...(page < last ? [link(page + 1, "next"), link(last, "last")] : []),
    ];
    return {
      status: 200,
      headers: links.length > 0 ? { link: links.join(", ") } : {},
      body: name === undefined ? shown : { total_count: items.length, [name]: shown },
    };
  }

  #repositoryJson() {
    const [owner, name] = this.repository.split("/");
    return {
      id: this.repositoryId,
      name,
      full_name: this.repository,
      private: this.private,
      owner: { login: owner },
      html_url: `https://github.com/${this.repository}`,
      default_branch: this.defaultBranch,
    };
  }

  /** @param {Run} run */
  #runJson(run) {
    return {
      id: run.id,
      run_number: run.number,
      run_attempt: run.attempt,
      head_branch: run.branch,
      head_sha: run.sha,
      event: run.event,
      status: "completed",
      conclusion: "success",
      head_repository: { id: run.headRepositoryId },
      repository: { id: this.repositoryId },
    };
  }

  /** @param {Pull} pull */
  #pullJson({ number, state, title, head, base, merge }) {
    return {
      number,
      state,
      title,
      head: { ref: head.ref, sha: head.sha, repo: { id: head.repositoryId } },
      base: { ref: base.ref, sha: base.sha, repo: { id: this.repositoryId } },
      merge_commit_sha: merge?.sha ?? null,
      html_url: `https://github.com/${this.repository}/pull/${number}`,
    };
  }

  /** @param {Comment} comment */
  #commentJson({ id, issue, body, login, created, updated }) {
    return {
      id,
      body,
      user: { login, type: login.endsWith("[bot]") ? "Bot" : "User" },
      html_url: `https://github.com/${this.repository}/pull/${issue}#issuecomment-${id}`,
      url: `${this.apiUrl}/repos/${this.repository}/issues/comments/${id}`,
      created_at: new Date(created).toISOString(),
      updated_at: new Date(updated).toISOString(),
    };
  }
}

/**
 * Whose token it is: GraphQL tells everybody, the REST interface only people.
 *
 * @param {string | undefined} method
 * @param {string} pathname
 * @param {string} login
 * @returns {Reply | null}
 */
function whoseToken(method, pathname, login) {
  if (login === "") return null;
  if (method === "POST" && pathname === "/graphql") return ok({ data: { viewer: { login } } });
  if (method !== "GET" || pathname !== "/user") return null;
  return login.endsWith("[bot]") ? refusal(403, "Resource not accessible by integration") : ok({ login });
}

/** @param {any} input @returns {Reply | null} */
function badComment(input) {
  const body = input?.body;
  if (typeof body === "string" && body.trim() !== "" && [...body].length <= LONGEST_COMMENT) return null;
  const message =
    typeof body === "string" && body.trim() !== ""
      ? `body is too long (maximum is ${LONGEST_COMMENT} characters)`
      : "body can't be blank";
  return {
    status: 422,
    body: {
      message: "Validation Failed",
      errors: [{ resource: "IssueComment", code: "unprocessable", field: "data", message }],
    },
  };
}

/** @param {unknown} body @returns {Reply} */
const ok = (body) => ({ status: 200, body });

/** @param {unknown} body @returns {Reply} */
const okOr404 = (body) => (body ? ok(body) : refusal(404, "Not Found"));

/** @param {Buffer} body */
function parsed(body) {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return null;
  }
}

/** @param {http.Server} server */
function addressOf(server) {
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return `http://127.0.0.1:${port}`;
}

function uuid() {
  return randomBytes(16)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/**
 * What a repository has in a folder, as GitHub describes it.
 * @param {string} directory
 * @param {string} tree
 */
function treeIn(directory, tree) {
  try {
    const listed = execFileSync("git", ["ls-tree", "-z", `${tree}^{tree}`], {
      cwd: directory,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const lines = listed.split("\0").filter(Boolean);
    return lines.map((line) => {
      const [facts, path] = line.split("\t");
      const [mode, type, sha] = facts.split(" ");
      return { path, mode, type, sha };
    });
  } catch {
    return undefined;
  }
}
