// A pull request for the shipped command line: a repository with a recorded `main`, a branch that has left it, and what
// GitHub's runner tells a job about it.

import fs from "node:fs";
import { CLI, Project } from "./project.js";

/** @typedef {import("../../../js/engine/types.js").GateVerdict} GateVerdict */

const REPOSITORY_ID = 4_200_001;
export const FORK_ID = 4_200_777;

/** A configuration with one gated metric, read from the file `value`. */
export const gated = (/** @type {object[]} */ thresholds, gate = {}, extra = {}) => ({
  metrics: { m: { type: "numeric", command: "cat value", ...extra } },
  qualityGate: { mode: "hard", ...gate, thresholds: thresholds.map((one) => ({ metric: "m", ...one })) },
});

export const NO_DROP = Object.freeze({ mode: "delta-max-drop", maxDropPercent: 5 });

export class Change extends Project {
  /** The commit of `main` that the branch leaves, which is recorded. */
  base = "";

  /**
   * `main` with one recorded build, and then a branch `topic` that is checked out.
   * @param {import("node:test").TestContext} t
   * @param {{config?: object, value?: string, record?: boolean}} [options] of `main`
   */
  static async start(t, { config = gated([NO_DROP]), value = "100", record = true } = {}) {
    const change = new Change(t, { value, "unentropy.json": JSON.stringify(config, null, 2) });
    change.write(".git/info/exclude", "unentropy.db*\nunentropy-report\n*.out\n");
    change.base = change.git("rev-parse", "HEAD");
    if (record) await change.record("main");
    change.git("checkout", "-q", "-b", "topic");
    return change;
  }

  /** Records what is checked out. @param {string} branch @param {...string} args */
  async record(branch, ...args) {
    const outcome = await this.run(["track", "--branch", branch, "--event", "push", ...args]);
    if (outcome.code !== 0) throw new Error(outcome.stderr);
  }

  /** A commit with these files. @param {Record<string, string>} files @returns {string} its id */
  commit(files, message = "change") {
    for (const [name, content] of Object.entries(files)) this.write(name, content);
    this.git("add", "-A");
    this.git(
      "-c",
      "user.name=t",
      "-c",
      "user.email=t@example.invalid",
      "commit",
      "-q",
      "--allow-empty",
      "-m",
      message,
    );
    return this.git("rev-parse", "HEAD");
  }

  /**
   * What a runner's job of this pull request has in its environment.
   * @param {{head?: string, headRef?: string, base?: string, baseRef?: string, fork?: boolean, number?: number,
   *   event?: string, actor?: string, payload?: object}} [pull]
   * @returns {Record<string, string>}
   */
  pullRequest({
    head = this.git("rev-parse", "HEAD"),
    headRef = "topic",
    base = this.git("rev-parse", "main"),
    baseRef = "main",
    fork = false,
    number = 7,
    event = "pull_request",
    actor = "octocat",
    payload = {},
  } = {}) {
    const file = this.path(".git/event.json");
    const described = {
      number,
      head: { sha: head, ref: headRef, repo: { id: fork ? FORK_ID : REPOSITORY_ID } },
      base: { sha: base, ref: baseRef, repo: { id: REPOSITORY_ID } },
    };
    const repository = { id: REPOSITORY_ID, full_name: "octo/widgets", default_branch: "main" };
    fs.writeFileSync(file, JSON.stringify({ pull_request: described, repository, ...payload }));
    return {
      CI: "true",
      GITHUB_ACTIONS: "true",
      GITHUB_ACTOR: actor,
      GITHUB_REPOSITORY: "octo/widgets",
      GITHUB_SERVER_URL: "https://github.com",
      GITHUB_EVENT_NAME: event,
      GITHUB_EVENT_PATH: file,
      GITHUB_BASE_REF: baseRef,
      GITHUB_HEAD_REF: headRef,
      GITHUB_REF_NAME: `${number}/merge`,
      GITHUB_SHA: head,
      GITHUB_RUN_ID: "99",
    };
  }

  /**
   * What a job has in its environment that GitHub starts after a fork's pull request run, in `workflow_run`.
   * @param {string} head the fork's commit
   * @param {string} login of the fork's owner
   */
  afterForksRun(head, login) {
    return this.pullRequest({
      event: "workflow_run",
      payload: {
        pull_request: undefined,
        workflow_run: {
          id: 5,
          event: "pull_request",
          head_sha: head,
          head_branch: "topic",
          head_repository: { id: FORK_ID, owner: { login } },
          // Of a fork's run it is empty.
          pull_requests: [],
        },
      },
    });
  }

  /**
   * Runs `gate --json`.
   * @param {string[]} [args]
   * @param {import("./project.js").RunOptions} [options]
   */
  async gate(args = [], options = {}) {
    const outcome = await this.run(["gate", "--json", ...args], { entry: CLI, ...options });
    const document = outcome.stdout === "" ? {} : JSON.parse(outcome.stdout);
    /** @type {GateVerdict | undefined} */
    const verdict = document.qualityGate ?? undefined;
    return {
      ...outcome,
      document,
      verdict,
      /** @type {string[]} */
      warnings: (document.warnings ?? []).map((/** @type {{code: string}} */ { code }) => code),
      /** @type {string | undefined} */
      error: document.error?.code,
    };
  }
}
