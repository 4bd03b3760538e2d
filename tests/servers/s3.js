// Real S3 servers for tests: s3s-fs, which checks signatures and checksums, and moto, which also has versions,
// upload listings and regions. Each start is a new, empty server with the buckets asked for.

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { AwsClient } from "aws4fetch";
import { motoPython, s3sFs } from "./install.js";
import { startProcess } from "./process.js";

const here = path.dirname(fileURLToPath(import.meta.url));

/**
 * @typedef {object} S3Server
 * @property {string} name
 * @property {string} endpoint
 * @property {{accessKeyId: string, secretAccessKey: string}} credentials
 * @property {string} [region] that requests are signed for; `us-east-1` unless given
 * @property {string} [versioned] a second bucket, which keeps versions
 * @property {{accessKeyId: string, secretAccessKey: string, sessionToken?: string}} [guest] who may do everything with
 *   objects, and list nothing
 * @property {() => Promise<void>} stop may be called again
 */

/**
 * @param {{buckets?: string[], optimised?: boolean}} [options] `optimised`: for measurements
 * @returns {Promise<S3Server & {root: string}>} `root`: a folder for each bucket, a file for each object
 */
export async function startS3sFs({ buckets = ["bucket"], optimised = false } = {}) {
  const program = s3sFs({ optimised });
  const root = fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-s3s-"));
  for (const bucket of buckets) fs.mkdirSync(path.join(root, bucket));
  // Characters that want encoding somewhere, so that a leak in another form shows too.
  const credentials = {
    accessKeyId: "AKIAS3SFSTESTKEY0001",
    secretAccessKey: "s3s/Secret+Key=0123456789abcdefghij",
  };
  const server = await startProcess(program, (port) => [
    ...["--host", "127.0.0.1", "--port", String(port), "--access-key", credentials.accessKeyId],
    ...["--secret-key", credentials.secretAccessKey, root],
  ]);
  const stop = async () => {
    await server.stop();
    fs.rmSync(root, { recursive: true, force: true });
  };
  return { name: "s3s-fs", endpoint: `http://127.0.0.1:${server.port}`, credentials, root, stop };
}

/**
 * @param {{buckets?: string[], versioned?: string[], policies?: unknown[]}} [options] `versioned`: those of the buckets
 *   that keep versions; `policies`: of further users, who may do no more than they say
 * @returns {Promise<S3Server & {users: S3Server["credentials"][]}>} `users`: one for each policy
 */
export async function startMoto({ buckets = ["bucket"], versioned = [], policies = [] } = {}) {
  const server = await startProcess(
    motoPython(),
    (port) => [path.join(here, "serve_moto.py"), String(port)],
    // Three calls make a user with a policy and a key.
    { INITIAL_NO_AUTH_ACTION_COUNT: String(3 * (1 + policies.length)) },
  );
  const endpoint = `http://127.0.0.1:${server.port}`;
  try {
    const credentials = await motoUser(endpoint, "tester", EVERYTHING);
    /** @type {S3Server["credentials"][]} */
    const users = [];
    for (const policy of policies) users.push(await motoUser(endpoint, `user-${users.length}`, policy));
    const s3 = new AwsClient({ ...credentials, service: "s3", region: "us-east-1", retries: 0 });
    for (const bucket of buckets) await accepted(s3.fetch(`${endpoint}/${bucket}`, { method: "PUT" }));
    for (const bucket of versioned) {
      const body = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
      await accepted(s3.fetch(`${endpoint}/${bucket}?versioning`, { method: "PUT", body }));
    }
    return { name: "moto", endpoint, credentials, users, stop: server.stop };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

const EVERYTHING = Object.freeze({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
});

/**
 * A user with keys.
 *
 * @param {string} endpoint
 * @param {string} name
 * @param {unknown} policy what the user may do
 */
async function motoUser(endpoint, name, policy) {
  // Not signed with any key yet; the scope only tells the server which of its services is meant.
  const authorization =
    "AWS4-HMAC-SHA256 Credential=none/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=none";
  const call = async (/** @type {Record<string, string>} */ parameters) => {
    const body = new URLSearchParams({ ...parameters, UserName: name, Version: "2010-05-08" });
    const answer = await accepted(
      fetch(`${endpoint}/`, { method: "POST", body, headers: { authorization } }),
    );
    return answer.text();
  };
  await call({ Action: "CreateUser" });
  await call({ Action: "PutUserPolicy", PolicyName: "given", PolicyDocument: JSON.stringify(policy) });
  return keysIn(await call({ Action: "CreateAccessKey" }));
}

/** @param {string} answer of `CreateAccessKey` */
function keysIn(answer) {
  const element = (/** @type {string} */ name) =>
    new RegExp(`<${name}>([^<]+)</${name}>`).exec(answer)?.[1] ?? "";
  return { accessKeyId: element("AccessKeyId"), secretAccessKey: element("SecretAccessKey") };
}

/** @param {Promise<Response>} pending */
async function accepted(pending) {
  const answer = await pending;
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status} ${await answer.text()}`);
  return answer;
}
