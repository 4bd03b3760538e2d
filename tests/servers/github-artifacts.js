// The two hosts behind GitHub's artifacts: the service that a job's runtime token opens (Twirp, in JSON), and the
// store of the bytes, which knows signed addresses alone. As the official client speaks to them; facts of the wire
// from @actions/artifact 6.2 and Azure's Put Block, Put Block List and Put Blob.

import { createHash, randomBytes } from "node:crypto";

/** @import { IncomingMessage } from "node:http" */
/** @import { Reply } from "./faults.js" */
/** @import { GitHubServer, Run } from "./github.js" */

/**
 * @typedef {object} StoredArtifact
 * @property {number} id
 * @property {string} name
 * @property {Run} run
 * @property {Buffer | null} zip
 * @property {boolean} finalized
 * @property {boolean} expired
 * @property {number} createdAt
 * @property {number} expiresAt
 * @property {string | null} digest
 *
 * @typedef {{artifact: StoredArtifact, writes: boolean, until: number}} Signed
 */

const SERVICE = "/twirp/github.actions.results.api.v1.ArtifactService/";
const DAY = 86_400_000;
/** How long a signed address is good, in milliseconds. */
const SIGNED_FOR = 60_000;
/** The most that one Put Blob or Put Block carries is larger by far; more than this nobody here sends at once. */
const LARGEST_BLOCK = 64 * 1024 * 1024;

export class ArtifactHosts {
  /** @type {StoredArtifact[]} */
  artifacts = [];
  #github;
  /** Blocks that wait for their list, by the id of the artifact and their own. @type {Map<string, Buffer>} */
  #blocks = new Map();
  /** @type {Map<string, Signed>} */
  #signed = new Map();
  /** @type {Map<string, Run>} */
  #runtimes = new Map();

  /** @param {GitHubServer} github */
  constructor(github) {
    this.#github = github;
    this.results = github.serverOf("results", (request, body) => this.#serve(request, body));
    this.blobs = github.serverOf("blobs", (request, body) => this.#transfer(request, body));
  }

  /**
   * @param {Run} run
   * @param {string} [scopes]
   * @returns {string} a JSON web token with the claims that clients read
   */
  runtimeToken(run, scopes) {
    const job = randomBytes(8).toString("hex");
    const claims = {
      scp: scopes ?? `Actions.GenericRead:${run.backendId} Actions.Results:${run.backendId}:${job}`,
      exp: Math.floor(this.#github.now() / 1000) + 6 * 3600,
    };
    const encoded = [{ typ: "JWT", alg: "RS256" }, claims].map((part) =>
      Buffer.from(JSON.stringify(part)).toString("base64url"),
    );
    const token = [...encoded, randomBytes(32).toString("base64url")].join(".");
    this.#runtimes.set(token, run);
    return token;
  }

  /**
   * @param {{name: string, run: Run, zip: Uint8Array, expired?: boolean, createdAt?: number, expiresAt?: number,
   *   digest?: string | null}} artifact
   */
  add({ name, run, zip, expired = false, createdAt = this.#github.now(), expiresAt, digest }) {
    /** @type {StoredArtifact} */
    const artifact = {
      id: this.#github.nextId(),
      name,
      run,
      zip: Buffer.from(zip),
      finalized: true,
      expired,
      createdAt,
      expiresAt: expiresAt ?? createdAt + 90 * DAY,
      digest: digest === undefined ? digestOf(zip) : digest,
    };
    this.artifacts.push(artifact);
    return artifact;
  }

  /** @param {number} id */
  remove(id) {
    const at = this.artifacts.findIndex((artifact) => artifact.id === id);
    if (at !== -1) this.artifacts.splice(at, 1);
    return at !== -1;
  }

  /** As the REST interface shows them: newest first. @param {string | null} name */
  listed(name) {
    const { apiUrl, repository, repositoryId } = this.#github;
    return this.artifacts
      .filter((artifact) => artifact.finalized && (name === null || artifact.name === name))
      .map((artifact) => ({
        id: artifact.id,
        name: artifact.name,
        size_in_bytes: artifact.zip?.length ?? 0,
        url: `${apiUrl}/repos/${repository}/actions/artifacts/${artifact.id}`,
        archive_download_url: `${apiUrl}/repos/${repository}/actions/artifacts/${artifact.id}/zip`,
        expired: this.#isExpired(artifact),
        created_at: new Date(artifact.createdAt).toISOString(),
        updated_at: new Date(artifact.createdAt).toISOString(),
        expires_at: new Date(artifact.expiresAt).toISOString(),
        digest: artifact.digest,
        workflow_run: {
          id: artifact.run.id,
          repository_id: repositoryId,
          head_repository_id: artifact.run.headRepositoryId,
          head_branch: artifact.run.branch,
          head_sha: artifact.run.sha,
        },
      }))
      .reverse();
  }

  /** @param {StoredArtifact} artifact */
  #isExpired({ expired, expiresAt }) {
    return expired || expiresAt <= this.#github.now();
  }

  /** Where the content of an artifact is. @param {number} id @returns {Reply} */
  redirect(id) {
    const artifact = this.artifacts.find((each) => each.id === id && each.finalized);
    if (!artifact) return refusal(404, "Not Found");
    if (this.#isExpired(artifact)) return refusal(410, "Artifact has expired");
    return { status: 302, headers: { location: this.#sign(artifact, false) } };
  }

  /** @param {StoredArtifact} artifact @param {boolean} writes */
  #sign(artifact, writes) {
    const until = this.#github.now() + SIGNED_FOR;
    const signature = randomBytes(32).toString("base64");
    this.#signed.set(signature, { artifact, writes, until });
    const url = new URL(
      `/actions-results/${artifact.run.backendId}/${artifact.id}.zip`,
      this.#github.blobUrl,
    );
    url.searchParams.set("se", new Date(until).toISOString());
    url.searchParams.set("sp", writes ? "rcw" : "r");
    url.searchParams.set("sig", signature);
    return url.href;
  }

  /** @param {IncomingMessage} request @param {Buffer} body @returns {Reply} */
  #serve({ method, url = "", headers }, body) {
    const run = this.#runtimes.get(/^bearer (.+)$/i.exec(headers.authorization ?? "")?.[1] ?? "");
    if (!run) return twirp(401, "unauthenticated", "invalid token");
    if (method !== "POST" || !url.startsWith(SERVICE)) return twirp(404, "bad_route", "no such service");
    if (!/^application\/json\b/.test(headers["content-type"] ?? "")) {
      return twirp(415, "bad_route", "unexpected content type");
    }
    /** @type {any} */
    let input;
    try {
      input = JSON.parse(body.toString("utf8"));
    } catch {
      return twirp(400, "malformed", "the json request could not be decoded");
    }
    if (input.workflow_run_backend_id !== run.backendId || !input.workflow_job_run_backend_id) {
      return twirp(403, "permission_denied", "the token is for another run");
    }
    const called = this.#methods[url.slice(SERVICE.length)];
    return called ? called(run, input) : twirp(404, "bad_route", "no such method");
  }

  /** @type {Record<string, (run: Run, input: any) => Reply>} */
  #methods = {
    CreateArtifact: (run, { name, version, mime_type: type, expires_at: expires }) => {
      if (typeof name !== "string" || name === "" || /["<>|*?:\r\n\\/]/.test(name)) {
        return twirp(400, "invalid_argument", "the artifact name is not valid");
      }
      if (!Number.isInteger(version) || version < 4) return twirp(400, "invalid_argument", "version");
      if (version >= 7 && typeof type !== "string") return twirp(400, "invalid_argument", "mime_type");
      const sameRun = (/** @type {StoredArtifact} */ artifact) =>
        this.#github.keepsNames && artifact.run.id === run.id;
      if (
        this.artifacts.some(
          (each) => each.name === name && (each.run.backendId === run.backendId || sameRun(each)),
        )
      ) {
        return twirp(409, "already_exists", "an artifact with this name already exists on the workflow run");
      }
      const createdAt = this.#github.now();
      const expiresAt = expires === undefined ? createdAt + 90 * DAY : Date.parse(expires);
      if (Number.isNaN(expiresAt)) return twirp(400, "invalid_argument", "expires_at");
      /** @type {StoredArtifact} */
      const artifact = {
        id: this.#github.nextId(),
        name,
        run,
        zip: null,
        finalized: false,
        expired: false,
        createdAt,
        expiresAt,
        digest: null,
      };
      this.artifacts.push(artifact);
      return { status: 200, body: { ok: true, signed_upload_url: this.#sign(artifact, true) } };
    },
    FinalizeArtifact: (run, { name, size, hash }) => {
      const artifact = this.#inRun(run).find((each) => each.name === name && !each.finalized);
      if (!artifact) return twirp(404, "not_found", "no artifact of this name waits for its content");
      if (!artifact.zip) return twirp(400, "failed_precondition", "nothing was uploaded");
      const wrong = Number(size) !== artifact.zip.length || (hash && hash !== digestOf(artifact.zip));
      if (wrong) return twirp(400, "invalid_argument", "size or hash are not those of what was uploaded");
      artifact.finalized = true;
      artifact.digest = digestOf(artifact.zip);
      return { status: 200, body: { ok: true, artifact_id: String(artifact.id) } };
    },
    ListArtifacts: (run, { name_filter: name, id_filter: id }) => {
      const found = this.#inRun(run).filter(
        (artifact) =>
          artifact.finalized &&
          (name === undefined || artifact.name === name) &&
          (id === undefined || artifact.id === Number(id)),
      );
      const artifacts = found.map((artifact) => ({
        workflow_run_backend_id: run.backendId,
        workflow_job_run_backend_id: "job",
        database_id: String(artifact.id),
        name: artifact.name,
        size: String(artifact.zip?.length ?? 0),
        created_at: new Date(artifact.createdAt).toISOString(),
        digest: artifact.digest,
      }));
      return { status: 200, body: { artifacts } };
    },
    GetSignedArtifactURL: (run, { name }) => {
      const artifact = this.#inRun(run).find((each) => each.name === name && each.finalized);
      if (!artifact) return twirp(404, "not_found", "no such artifact");
      return { status: 200, body: { signed_url: this.#sign(artifact, false) } };
    },
    DeleteArtifact: (run, { name }) => {
      const artifact = this.#inRun(run).find((each) => each.name === name);
      if (!artifact) return twirp(404, "not_found", "no such artifact");
      this.remove(artifact.id);
      return { status: 200, body: { ok: true, artifact_id: String(artifact.id) } };
    },
  };

  /** The artifacts of this attempt of the run. @param {Run} run */
  #inRun(run) {
    return this.artifacts.filter((artifact) => artifact.run.backendId === run.backendId);
  }

  /** @param {IncomingMessage} request @param {Buffer} body @returns {Reply} */
  #transfer(request, body) {
    const { searchParams: query } = new URL(request.url ?? "/", this.#github.blobUrl);
    if (request.headers.authorization !== undefined) {
      return azure(
        401,
        "InvalidAuthenticationInfo",
        "Authentication information is not given in the correct format.",
      );
    }
    const signed = this.#signed.get(query.get("sig") ?? "");
    const writes = request.method === "PUT";
    if (!signed || signed.writes !== writes || signed.until < this.#github.now()) {
      return azure(403, "AuthenticationFailed", "Server failed to authenticate the request.");
    }
    const { artifact } = signed;
    if (request.method === "GET") {
      if (!artifact.zip) return azure(404, "BlobNotFound", "The specified blob does not exist.");
      return { status: 200, headers: { "content-type": "application/zip" }, body: Buffer.from(artifact.zip) };
    }
    if (request.method !== "PUT") return azure(405, "UnsupportedHttpVerb", "");
    if (body.length > LARGEST_BLOCK) return azure(413, "RequestBodyTooLarge", "");
    const operation = query.get("comp");
    const blockId = query.get("blockid");
    if (operation === "block" && blockId) {
      this.#blocks.set(`${artifact.id}/${blockId}`, body);
    } else if (operation === "blocklist") {
      const ids = [...body.toString("utf8").matchAll(/<(?:Latest|Uncommitted)>([^<]+)</g)].map(
        ([, id]) => id,
      );
      const blocks = ids.map((id) => this.#blocks.get(`${artifact.id}/${id}`));
      if (blocks.includes(undefined))
        return azure(400, "InvalidBlockList", "The specified block list is invalid.");
      artifact.zip = Buffer.concat(/** @type {Buffer[]} */ (blocks));
    } else if (operation === null && request.headers["x-ms-blob-type"] === "BlockBlob") {
      artifact.zip = body;
    } else {
      return azure(400, "MissingRequiredHeader", "");
    }
    return {
      status: 201,
      headers: {
        etag: `"0x${randomBytes(8).toString("hex").toUpperCase()}"`,
        "last-modified": new Date(this.#github.now()).toUTCString(),
        "x-ms-request-id": randomBytes(8).toString("hex"),
        "x-ms-version": String(request.headers["x-ms-version"] ?? "2025-11-05"),
        "x-ms-request-server-encrypted": "true",
      },
    };
  }
}

/** The REST interface says no. @param {number} status @param {string} message @returns {Reply} */
export const refusal = (status, message) => ({
  status,
  body: { message, documentation_url: "https://docs.github.com/rest", status: String(status) },
});

/** @param {Uint8Array} bytes */
const digestOf = (bytes) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** @param {number} status @param {string} code @param {string} msg @returns {Reply} */
const twirp = (status, code, msg) => ({ status, body: { code, msg } });

/** @param {number} status @param {string} code @param {string} message @returns {Reply} */
const azure = (status, code, message) => ({
  status,
  headers: { "content-type": "application/xml", "x-ms-error-code": code },
  body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
});
