/**
 * The service that a job's runtime token opens: artifacts of this run are created, listed and fetched here, their bytes
 * go to and come from a store that knows signed addresses alone. Facts of the wire: @actions/artifact 6.2 (Twirp with
 * JSON, service `github.actions.results.api.v1.ArtifactService`) and Azure's Put Block and Put Block List. What an
 * artifact is for is its callers' business.
 */

import { createHash } from "node:crypto";
import { Failure } from "../failure.js";
import { parseUrl } from "../url.js";
import { GitHub } from "./client.js";
import { GitHubFailure } from "./errors.js";

/** @import { GitHubOptions } from "./client.js" */

const SERVICE = "/twirp/github.actions.results.api.v1.ArtifactService/";
/** The version of the service's requests. */
const VERSION = 7;
/** Bytes of a block; the store takes much larger ones, and a small one is soon sent again. */
const BLOCK = 8 * 1024 * 1024;
/** A version of the store's interface that every installation knows. */
const STORE_VERSION = "2021-12-02";
const DAY = 86_400_000;

/**
 * @typedef {object} RunArtifact an artifact of this run that is complete
 * @property {number} id the same as in the REST interface
 * @property {string} name
 * @property {string | null} digest `sha256:` and the hash of the archive
 */

/**
 * What became of a name: `taken` by another job of this run, complete or not.
 *
 * @typedef {{status: "stored", id: number} | {status: "taken"}} Upload
 */

/**
 * The host of a GitHub Enterprise Server that the run is on. What GitHub hosts itself, at github.com or below ghe.com, is
 * none.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | null}
 */
export function enterpriseServer({ GITHUB_SERVER_URL: url = "" }) {
  const { host, hostname } = parseUrl(url) ?? { host: "", hostname: "" };
  return hostname === "" || /^(github\.com|.+\.ghe\.com)$/i.test(hostname) ? null : host;
}

/** Where a history goes that artifacts cannot hold. */
const ELSEWHERE =
  "Keep the history in S3 (`sqlite-s3`), or in a file that the workflow keeps (`sqlite-local`).";

/** The artifacts of the run that this job belongs to, through its runtime token. */
export class ArtifactRuntime {
  #service;
  #ids;
  #retentionDays;
  #now;

  /**
   * @param {NodeJS.ProcessEnv} env
   * @param {Omit<GitHubOptions, "apiUrl" | "env" | "token"> & {retentionDays?: number}} [options] `retentionDays`: that of the
   *   repository unless given
   * @throws {Failure} `ARTIFACT_UPLOAD_UNAVAILABLE` outside a runner's action, or where its token is not understood
   */
  constructor(env, { retentionDays, now = Date.now, ...options } = {}) {
    const { ACTIONS_RUNTIME_TOKEN: token = "", ACTIONS_RESULTS_URL: url = "" } = env;
    if (!token) throw unavailable("there is no runtime token");
    if (!url) throw withoutService(env);
    this.#ids = backendIds(token);
    this.#service = new GitHub({
      ...options,
      env,
      apiUrl: parseUrl(url)?.origin ?? url,
      named: "ACTIONS_RESULTS_URL",
      token,
      now,
    });
    this.#retentionDays = retentionDays;
    this.#now = now;
  }

  close() {
    this.#service.close();
  }

  /**
   * The complete artifacts of this attempt of the run.
   *
   * @param {{name?: string}} [filter]
   * @returns {Promise<RunArtifact[]>}
   */
  async list({ name } = {}) {
    const { artifacts = [] } = await this.#call("ListArtifacts", "could not list the artifacts of this run", {
      ...(name === undefined ? {} : { name_filter: name }),
    });
    if (!Array.isArray(artifacts)) throw strange("the list of this run's artifacts is not understood");
    return artifacts.map((artifact) => ({
      id: idOf(artifact),
      name: String(artifact.name ?? ""),
      digest: artifact.digest ?? null,
    }));
  }

  /**
   * An artifact's archive.
   *
   * @param {string} name
   * @param {number} limit
   */
  async download(name, limit) {
    const doing = `could not download the artifact \`${name}\` of this run`;
    const answer = await this.#call("GetSignedArtifactURL", doing, { name });
    const { body } = await this.#service.signed({
      method: "GET",
      url: String(answer.signed_url ?? answer.signedUrl ?? ""),
      limit,
      doing,
    });
    return body;
  }

  /**
   * Uploads an archive under a name that is free in this run. No one sees it before it is complete.
   *
   * @param {string} name
   * @param {Uint8Array} archive
   * @returns {Promise<Upload>}
   * @throws {Failure} with nothing that others could see left behind
   */
  async upload(name, archive) {
    const doing = `could not upload the artifact \`${name}\``;
    const digest = `sha256:${createHash("sha256").update(archive).digest("hex")}`;
    const created = await this.#create(name, doing);
    if (created === null) return { status: "taken" };
    if (created?.ok !== true) throw strange(`${doing}: the service did not create it`);
    try {
      await this.#send(String(created.signed_upload_url ?? created.signedUploadUrl ?? ""), archive, doing);
    } catch (thrown) {
      // Its name would stay taken for the rest of the run; nothing of it was ever to be seen.
      await this.delete(name).catch(() => {});
      throw thrown;
    }
    return { status: "stored", id: await this.#finalize(name, archive.byteLength, digest, doing) };
  }

  /**
   * @param {string} name
   * @param {string} doing
   * @returns {Promise<any>} null when the name is taken, be it by an earlier try whose answer was lost
   */
  async #create(name, doing) {
    const expires = this.#retentionDays && new Date(this.#now() + this.#retentionDays * DAY).toISOString();
    const input = {
      name,
      version: VERSION,
      mime_type: "application/zip",
      ...(expires && { expires_at: expires }),
    };
    try {
      // Asked for twice, a name is there once; the second answer then says that it is taken.
      return await this.#call("CreateArtifact", doing, input);
    } catch (thrown) {
      if (thrown instanceof GitHubFailure && thrown.status === 409) return null;
      throw thrown;
    }
  }

  /**
   * @param {string} name
   * @param {number} size
   * @param {string} digest
   * @param {string} doing
   * @returns {Promise<number>} its id
   */
  async #finalize(name, size, digest, doing) {
    /** @type {unknown} */
    let trouble;
    try {
      const input = { name, size: String(size), hash: digest };
      const answer = await this.#call("FinalizeArtifact", doing, input, { repeatable: false });
      if (answer?.ok === true) return idOf(answer);
      trouble = strange(`${doing}: the service did not complete it`);
    } catch (thrown) {
      trouble = thrown;
    }
    // The answer may have been lost behind the deed.
    const found = (await this.list({ name })).find((artifact) => artifact.name === name);
    if (found?.digest === digest) return found.id;
    if (!found) await this.delete(name).catch(() => {});
    throw trouble;
  }

  /** Removes an artifact of this run. @param {string} name */
  async delete(name) {
    await this.#call("DeleteArtifact", `could not delete the artifact \`${name}\``, { name });
  }

  /**
   * @param {string} url
   * @param {Uint8Array} archive
   * @param {string} doing
   */
  async #send(url, archive, doing) {
    /** @type {string[]} */
    const ids = [];
    for (let from = 0; from === 0 || from < archive.byteLength; from += BLOCK) {
      const id = Buffer.from(String(ids.length).padStart(16, "0")).toString("base64");
      ids.push(id);
      await this.#service.signed({
        method: "PUT",
        // The address is signed as it is written, so that nothing may rewrite it.
        url: `${url}&comp=block&blockid=${encodeURIComponent(id)}`,
        headers: { "x-ms-version": STORE_VERSION, "content-type": "application/octet-stream" },
        body: archive.subarray(from, from + BLOCK),
        doing,
      });
    }
    const list = `<?xml version="1.0" encoding="utf-8"?><BlockList>${ids.map((id) => `<Latest>${id}</Latest>`).join("")}</BlockList>`;
    await this.#service.signed({
      method: "PUT",
      url: `${url}&comp=blocklist`,
      headers: {
        "x-ms-version": STORE_VERSION,
        "content-type": "application/xml",
        "x-ms-blob-content-type": "application/zip",
      },
      body: Buffer.from(list),
      doing,
    });
  }

  /**
   * @param {string} method
   * @param {string} doing
   * @param {Record<string, unknown>} input
   * @param {{repeatable?: boolean}} [options]
   * @returns {Promise<any>}
   */
  async #call(method, doing, input, { repeatable = true } = {}) {
    try {
      const { data } = await this.#service.request({
        method: "POST",
        path: SERVICE + method,
        accept: "application/json",
        body: { ...this.#ids, ...input },
        doing,
        repeatable,
      });
      return data ?? {};
    } catch (thrown) {
      throw explained(thrown);
    }
  }
}

/** The service's answers have reasons of their own. @param {unknown} thrown */
function explained(thrown) {
  if (!(thrown instanceof GitHubFailure)) return thrown;
  const { status, message, type, cause } = thrown;
  if (/insufficient usage|quota/i.test(message)) {
    return new GitHubFailure(
      `${message}: the storage for artifacts is used up`,
      {
        type,
        code: "ARTIFACT_QUOTA_EXCEEDED",
        hint: "Delete artifacts that no one needs, shorten their retention, or raise the account's spending limit.",
        cause,
      },
      status,
    );
  }
  if (status === 401 || status === 403) {
    return new GitHubFailure(
      message,
      {
        type,
        code: "GITHUB_AUTH_FAILED",
        hint: "The runtime token is good for as long as the job runs; run the job again.",
        cause,
      },
      status,
    );
  }
  if (status === 404) {
    return new GitHubFailure(
      `${message}: this server does not have the artifact service`,
      { type, code: "ARTIFACT_UPLOAD_UNAVAILABLE", hint: ELSEWHERE, cause },
      status,
    );
  }
  return thrown;
}

/**
 * The ids that requests have to name, from the token's scope `Actions.Results:<run>:<job>`. The token is not verified:
 * the service does that.
 *
 * @param {string} token
 */
function backendIds(token) {
  /** @type {unknown} */
  let scopes;
  try {
    scopes = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")).scp;
  } catch {
    throw unavailable("the runtime token is not understood");
  }
  for (const scope of typeof scopes === "string" ? scopes.split(" ") : []) {
    const [name, run, job, ...rest] = scope.split(":");
    if (name === "Actions.Results" && run && job && rest.length === 0) {
      return { workflow_run_backend_id: run, workflow_job_run_backend_id: job };
    }
  }
  throw unavailable("the runtime token does not allow artifacts");
}

/** @param {any} answer @returns {number} */
function idOf(answer) {
  const id = Number(answer.database_id ?? answer.databaseId ?? answer.artifact_id ?? answer.artifactId);
  if (Number.isSafeInteger(id) && id > 0) return id;
  throw strange("an artifact of this run has no id");
}

/**
 * @param {string} why
 * @param {string} [hint]
 */
function unavailable(
  why,
  hint = "The runner gives what it takes to JavaScript actions alone: let the action record builds. The command line can " +
    "read artifacts, and keeps histories in files and in S3.",
) {
  const code = "ARTIFACT_UPLOAD_UNAVAILABLE";
  return new Failure(`artifacts cannot be uploaded from here: ${why}`, { type: "storage", code, hint });
}

/** The runner gives a token and no address to use it at: no workflow can change that. @param {NodeJS.ProcessEnv} env */
function withoutService(env) {
  const server = enterpriseServer(env);
  if (server === null) {
    return unavailable(
      "the runner does not set `ACTIONS_RESULTS_URL`, the address of the artifact service",
      `Update the runner. ${ELSEWHERE}`,
    );
  }
  return unavailable(
    `the GitHub Enterprise Server \`${server}\` does not have the artifact service (its runner does not set \`ACTIONS_RESULTS_URL\`)`,
    ELSEWHERE,
  );
}

/** @param {string} message */
function strange(message) {
  return new Failure(message, {
    type: "storage",
    code: "GITHUB_UNEXPECTED",
    hint: "Try again; report it when it stays so.",
    retryable: true,
  });
}
