// What an S3 server does, found out by asking it: each fact is the outcome of requests that are made here and signed
// by the library, without the product's client, so that what the client corrects or hides shows too. Only the last
// fact is asked of the product: which way of storing it chooses.

import { createHash, randomUUID } from "node:crypto";
import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { AwsV4Signer } from "aws4fetch";
import { S3Client } from "../../js/s3/client.js";
import { probePreconditions } from "../../js/storage/s3/preconditions.js";

/** @import { S3Server } from "./s3.js" */

/** How many writers race at once, and how often. */
const RACERS = 8;
const ROUNDS = 12;
const WAITING_MS = 60_000;
/** The least that a part other than the last may have. */
const PART = 5 * 1024 * 1024;
const NOBODYS = `"${"0".repeat(32)}"`;

/**
 * What is asked, by table, in the order of the columns; the values of a fact are short words for people, refusals
 * are the status and the server's code.
 *
 * @type {Readonly<Record<string, Readonly<Record<string, string>>>>} titles of tables: names of facts: their titles
 */
export const FACTS = Object.freeze({
  "Conditional writes": {
    create: "`If-None-Match: *` over an object",
    replaceStale: "`If-Match`, another ETag",
    replaceMissing: "`If-Match`, no object",
    replaceQuoted: "`If-Match`, its ETag in quotes",
    replaceBare: "`If-Match`, its ETag without",
    raceCreate: "winners among simultaneous creations",
    raceReplace: "winners among simultaneous replacements",
    chosen: "how builds are stored there",
  },
  "Uploads in parts and copies": {
    parts: "in parts",
    completeCreate: "completion with `If-None-Match: *` over an object",
    completeStale: "completion with `If-Match`, another ETag",
    copy: "copy with metadata",
    copyStale: "copy with a condition on another ETag",
    versions: "older versions",
  },
  Checks: {
    wrongSecret: "wrong secret",
    unknownKey: "unknown key id",
    wrongPayload: "body that was not signed",
    wrongChecksum: "wrong `x-amz-checksum-sha256`",
    wrongPartChecksum: "the same on a part",
    checksumTold: "checksum told by `HEAD`",
  },
  "Absence and addresses": {
    missingKey: "`GET`, no such key",
    missingKeyHead: "`HEAD`, no such key",
    missingBucket: "`GET`, no such bucket",
    missingBucketHead: "`HEAD`, no such bucket",
    path: "path addressing",
    virtual: "virtual hosts",
  },
  Encryption: {
    sse: "`AES256`",
    sseParts: "`AES256`, in parts",
    kms: "`aws:kms` with a key",
    kmsParts: "`aws:kms` with a key, in parts",
  },
});

/**
 * @param {S3Server} server with the bucket `bucket`
 * @returns {Promise<Record<string, string>>} every one of {@link FACTS}
 */
export async function observe(server) {
  const asker = new Asker(server);
  /** @type {Record<string, string>} */
  const facts = {};
  for (const [name, ask] of Object.entries(QUESTIONS)) {
    try {
      facts[name] = await ask(asker);
    } catch (error) {
      facts[name] =
        error instanceof Refused ? error.message : `no answer (${/** @type {Error} */ (error).message})`;
    }
  }
  return facts;
}

/** @type {Record<string, (asker: Asker) => Promise<string>>} */
const QUESTIONS = {
  create: (asker) => conditional(asker, () => ({ "if-none-match": "*" })),
  replaceStale: (asker) => conditional(asker, () => ({ "if-match": NOBODYS })),
  replaceMissing: async (asker) => {
    const answer = await asker.put(asker.key(), "two", { "if-match": NOBODYS });
    return answer.status === 200 ? "stored" : refusal(answer);
  },
  replaceQuoted: (asker) => conditional(asker, (etag) => ({ "if-match": `"${bare(etag)}"` })),
  replaceBare: (asker) => conditional(asker, (etag) => ({ "if-match": bare(etag) })),
  raceCreate: (asker) => race(asker, async () => ({ key: asker.key(), headers: { "if-none-match": "*" } })),
  raceReplace: (asker) =>
    race(asker, async () => {
      const key = asker.key();
      const etag = await asker.stored(key, "before");
      return { key, headers: { "if-match": (await asker.takesQuotes()) ? `"${bare(etag)}"` : bare(etag) } };
    }),
  chosen: async (asker) => {
    const { endpoint, credentials, region = "us-east-1" } = asker.server;
    const client = new S3Client({ endpoint, credentials, region, bucket: "bucket" });
    const key = asker.key();
    const verdict = await probePreconditions(client, key, {
      sleep,
      warn: () => {},
      history: { key, location: `s3://bucket/${key}` },
    });
    client.close();
    const way = verdict === "honoured" ? "preconditions" : "pending objects";
    return `${way} (${verdict})`;
  },

  parts: async (asker) => {
    const [key, first, last] = [asker.key(), Buffer.alloc(PART, "a"), Buffer.from("the end")];
    must(await asker.inParts(key, [first, last]));
    const { body } = must(await asker.ask({ key }));
    return Buffer.concat([first, last]).equals(body) ? "yes" : "other bytes";
  },
  completeCreate: (asker) => conditional(asker, () => ({ "if-none-match": "*" }), true),
  completeStale: (asker) => conditional(asker, () => ({ "if-match": NOBODYS }), true),
  copy: async (asker) => {
    const [from, to] = [asker.key(), asker.key()];
    must(await asker.put(from, "original", { "x-amz-meta-noted": "with it" }));
    must(await asker.put(to, "", { "x-amz-copy-source": `/bucket/${from}` }));
    const { body, headers } = must(await asker.ask({ key: to }));
    if (body.toString() !== "original") return "other bytes";
    return headers["x-amz-meta-noted"] === "with it" ? "yes" : "without metadata";
  },
  copyStale: async (asker) => {
    const [from, to] = [asker.key(), asker.key()];
    await asker.stored(from, "original");
    const source = { "x-amz-copy-source": `/bucket/${from}`, "x-amz-copy-source-if-match": NOBODYS };
    const answer = await asker.put(to, "", source);
    return answer.status === 200 ? "ignored" : refusal(answer);
  },
  versions: async (asker) => {
    const [bucket, key] = [`versioned-${randomUUID()}`, asker.key()];
    must(await asker.ask({ method: "PUT", bucket }));
    const body = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    must(await asker.ask({ method: "PUT", bucket, query: "versioning=", body: Buffer.from(body) }));
    const first = must(await asker.ask({ method: "PUT", bucket, key, body: Buffer.from("first") }));
    must(await asker.ask({ method: "PUT", bucket, key, body: Buffer.from("second") }));
    const version = first.headers["x-amz-version-id"];
    if (typeof version !== "string") return "no";
    const query = `versionId=${encodeURIComponent(version)}`;
    return must(await asker.ask({ bucket, key, query })).body.toString() === "first" ? "yes" : "other bytes";
  },

  wrongSecret: async (asker) =>
    verdictOn(await asker.ask({ query: "list-type=2", secretAccessKey: "wrong" })),
  unknownKey: async (asker) =>
    verdictOn(await asker.ask({ query: "list-type=2", accessKeyId: "AKIAUNKNOWNUNKNOWN00" })),
  wrongPayload: async (asker) =>
    verdictOn(await asker.put(asker.key(), "sent", { "x-amz-content-sha256": hash("signed", "hex") })),
  wrongChecksum: async (asker) =>
    verdictOn(await asker.put(asker.key(), "sent", { "x-amz-checksum-sha256": hash("other", "base64") })),
  wrongPartChecksum: async (asker) => {
    const [key, headers] = [asker.key(), { "x-amz-checksum-algorithm": "SHA256" }];
    const upload = await asker.begin(key, headers);
    return verdictOn(
      await asker.ask({
        method: "PUT",
        key,
        query: `partNumber=1&uploadId=${upload}`,
        headers: { "x-amz-checksum-sha256": hash("other", "base64") },
        body: Buffer.from("sent"),
      }),
    );
  },
  checksumTold: async (asker) => {
    const [key, checksum] = [asker.key(), hash("sent", "base64")];
    must(await asker.put(key, "sent", { "x-amz-checksum-sha256": checksum }));
    const { headers } = must(
      await asker.ask({ method: "HEAD", key, headers: { "x-amz-checksum-mode": "ENABLED" } }),
    );
    return headers["x-amz-checksum-sha256"] === checksum ? "yes" : "no";
  },

  missingKey: async (asker) => verdictOn(await asker.ask({ key: asker.key() })),
  missingKeyHead: async (asker) => verdictOn(await asker.ask({ method: "HEAD", key: asker.key() })),
  missingBucket: async (asker) => verdictOn(await asker.ask({ bucket: "no-such-bucket", key: asker.key() })),
  missingBucketHead: async (asker) =>
    verdictOn(await asker.ask({ method: "HEAD", bucket: "no-such-bucket" })),
  path: async (asker) => {
    const key = asker.key();
    await asker.stored(key, "by path");
    return must(await asker.ask({ key })).body.toString() === "by path" ? "yes" : "other bytes";
  },
  virtual: async (asker) => {
    const key = asker.key();
    await asker.ask({ method: "PUT", key, body: Buffer.from("by host"), virtual: true });
    const answer = await asker.ask({ key });
    return answer.body.toString() === "by host" ? "yes" : "no";
  },

  sse: (asker) => encrypted(asker, { "x-amz-server-side-encryption": "AES256" }),
  sseParts: (asker) => encrypted(asker, { "x-amz-server-side-encryption": "AES256" }, true),
  kms: (asker) => encrypted(asker, KMS),
  kmsParts: (asker) => encrypted(asker, KMS, true),
};

const KMS = {
  "x-amz-server-side-encryption": "aws:kms",
  "x-amz-server-side-encryption-aws-kms-key-id": "test-key",
};

/**
 * What becomes of a write under a condition over an object.
 *
 * @param {Asker} asker
 * @param {(etag: string) => Record<string, string>} condition
 * @param {boolean} [inParts] the condition is on the completion
 */
async function conditional(asker, condition, inParts = false) {
  const key = asker.key();
  const headers = condition(await asker.stored(key, "one"));
  const answer = inParts
    ? await asker.inParts(key, [Buffer.from("two")], {}, headers)
    : await asker.put(key, "two", headers);
  const now = must(await asker.ask({ key })).body.toString();
  if (answer.status === 200 && !answer.code) return now === "two" ? "stored" : "answered 200, not stored";
  return now === "one" ? refusal(answer) : `${refusal(answer)}, stored`;
}

/**
 * How many of several writers succeed who write under one condition at the same moment.
 *
 * @param {Asker} asker
 * @param {() => Promise<{key: string, headers: Record<string, string>}>} prepare
 */
async function race(asker, prepare) {
  const counts = new Set();
  for (let round = 0; round < ROUNDS; round++) {
    const { key, headers } = await prepare();
    const answers = await Promise.all(
      Array.from({ length: RACERS }, (_, racer) => asker.put(key, `racer ${racer}`, headers)),
    );
    const stored = answers.filter(({ status }) => status === 200).length;
    counts.add(stored === 0 ? "none" : stored === 1 ? "one" : stored === RACERS ? "all" : "several");
  }
  for (const worst of ["all", "several"]) if (counts.has(worst)) return worst;
  return [...counts].sort().join(" or ");
}

/**
 * @param {Asker} asker
 * @param {Record<string, string>} wanted
 * @param {boolean} [inParts]
 */
async function encrypted(asker, wanted, inParts = false) {
  const key = asker.key();
  must(
    inParts
      ? await asker.inParts(key, [Buffer.from("secret")], wanted)
      : await asker.put(key, "secret", wanted),
  );
  const { headers } = must(await asker.ask({ method: "HEAD", key }));
  const told = Object.entries(wanted).every(([name, value]) => String(headers[name] ?? "").endsWith(value));
  if (told) return "yes";
  const instead = headers["x-amz-server-side-encryption"];
  return instead ? `\`${instead}\` instead` : "taken, and no word of it";
}

/**
 * An answer that is a refusal where the question cannot be asked without.
 */
class Refused extends Error {}

/** @param {Reply} answer @returns {Reply} */
function must(answer) {
  if (answer.status >= 300 || answer.code) throw new Refused(refusal(answer));
  return answer;
}

/** @param {Reply} answer */
const verdictOn = (answer) => (answer.status < 300 ? "accepted" : refusal(answer));

/** @param {Reply} answer */
const refusal = ({ status, code }) => `${status}${code ? ` \`${code}\`` : ""}`;

/** @param {string} etag */
const bare = (etag) => etag.replace(/^"(.*)"$/, "$1");

/** @param {string | Buffer} content @param {"hex" | "base64"} form */
const hash = (content, form) => createHash("sha256").update(content).digest(form);

/**
 * @typedef {object} Reply
 * @property {number} status
 * @property {http.IncomingHttpHeaders} headers
 * @property {Buffer} body
 * @property {string} code the server's, of an error; also of one behind a good status
 */

/** Asks one server, one connection for each request. */
class Asker {
  /** @type {string | undefined} */
  #quotes;

  /** @param {S3Server} server */
  constructor(server) {
    this.server = server;
  }

  /** Whether the server knows an ETag again that is in quotes. */
  async takesQuotes() {
    this.#quotes ??= await conditional(this, (etag) => ({ "if-match": `"${bare(etag)}"` }));
    return this.#quotes === "stored";
  }

  /** A key that nobody has used. */
  key() {
    return `observed/${randomUUID()}`;
  }

  /** @param {string} key @param {string} content @param {Record<string, string>} headers */
  put(key, content, headers) {
    return this.ask({ method: "PUT", key, body: Buffer.from(content), headers });
  }

  /** @param {string} key @param {string} content @returns {Promise<string>} the ETag */
  async stored(key, content) {
    return String(must(await this.put(key, content, {})).headers.etag);
  }

  /** @param {string} key @param {Record<string, string>} headers @returns {Promise<string>} the upload's id, encoded */
  async begin(key, headers) {
    const { body } = must(await this.ask({ method: "POST", key, query: "uploads=", headers }));
    return encodeURIComponent(element(body, "UploadId"));
  }

  /**
   * @param {string} key
   * @param {Buffer[]} parts
   * @param {Record<string, string>} [described]
   * @param {Record<string, string>} [condition] of the completion
   */
  async inParts(key, parts, described = {}, condition = {}) {
    const upload = await this.begin(key, described);
    let list = "";
    for (const [index, body] of parts.entries()) {
      const query = `partNumber=${index + 1}&uploadId=${upload}`;
      const { headers } = must(await this.ask({ method: "PUT", key, query, body }));
      list += `<Part><PartNumber>${index + 1}</PartNumber><ETag>${headers.etag}</ETag></Part>`;
    }
    const body = Buffer.from(`<CompleteMultipartUpload>${list}</CompleteMultipartUpload>`);
    return this.ask({ method: "POST", key, query: `uploadId=${upload}`, body, headers: condition });
  }

  /**
   * @param {object} request
   * @param {string} [request.method]
   * @param {string} [request.bucket]
   * @param {string} [request.key]
   * @param {string} [request.query] encoded
   * @param {Record<string, string>} [request.headers]
   * @param {Buffer} [request.body]
   * @param {string} [request.accessKeyId]
   * @param {string} [request.secretAccessKey]
   * @param {boolean} [request.virtual] the bucket in the host
   * @returns {Promise<Reply>}
   */
  async ask({
    method = "GET",
    bucket = "bucket",
    key = "",
    query = "",
    headers = {},
    body,
    virtual,
    ...keys
  }) {
    const { endpoint, credentials, region = "us-east-1" } = this.server;
    const { port } = new URL(endpoint);
    const place = virtual ? `http://${bucket}.localhost:${port}/${key}` : `${endpoint}/${bucket}/${key}`;
    const url = new URL(query ? `${place}?${query}` : place);
    const sent = body ?? Buffer.alloc(0);
    const signed = await new AwsV4Signer({
      ...{ ...credentials, ...keys },
      ...{ method, url: url.href, service: "s3", region, allHeaders: true },
      headers: { "x-amz-content-sha256": hash(sent, "hex"), ...headers },
    }).sign();
    return new Promise((resolve, reject) => {
      const request = http.request({
        ...{ host: "127.0.0.1", port, method, path: url.pathname + url.search, agent: false },
        headers: {
          ...Object.fromEntries(signed.headers),
          host: url.host,
          ...(body || method === "PUT" || method === "POST" ? { "content-length": sent.length } : {}),
        },
      });
      request.setTimeout(WAITING_MS, () => request.destroy(new Error("timed out")));
      request.on("error", reject);
      request.on("response", (response) => {
        /** @type {Buffer[]} */
        const pieces = [];
        response.on("data", (piece) => pieces.push(piece));
        response.on("error", reject);
        response.on("end", () => {
          const whole = Buffer.concat(pieces);
          const code = whole.length < 10_000 ? element(whole, "Code") : "";
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: whole, code });
        });
      });
      request.end(sent);
    });
  }
}

/** @param {Buffer} body @param {string} name */
const element = (body, name) => new RegExp(`<${name}>([^<]+)</${name}>`).exec(body.toString())?.[1] ?? "";
