// The buckets that a server of the table starts with: `bucket`, and `versioned` where the server keeps versions. Where
// the server enforces policies a second user, the guest, may do everything with objects there and list nothing.

import { setTimeout as sleep } from "node:timers/promises";
import { AwsClient } from "aws4fetch";

/** @import { S3Server } from "./s3.js" */

/** What the guest may do with objects. */
const OBJECTS = Object.freeze([
  "s3:GetObject",
  "s3:GetObjectVersion",
  "s3:PutObject",
  "s3:DeleteObject",
  "s3:AbortMultipartUpload",
]);

/** The guest's policy, for servers that attach it to the user. */
export const WITHOUT_LIST = Object.freeze({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: OBJECTS, Resource: "arn:aws:s3:::*/*" }],
});

const VERSIONED = "versioned";

/**
 * The server with its buckets. Some listen for a while before they can do anything.
 *
 * @param {S3Server} server
 * @param {{bucketPolicies?: boolean, invite?: (server: S3Server) => Promise<S3Server["guest"]>}} [options]
 *   `bucketPolicies`: the guest needs a policy on each bucket; `invite`: makes the guest
 * @returns {Promise<S3Server>}
 */
export async function ready(server, { bucketPolicies = false, invite } = {}) {
  const { credentials, endpoint, region = "us-east-1" } = server;
  const client = new AwsClient({ ...credentials, service: "s3", region, retries: 0 });
  const until = Date.now() + 120_000;
  for (;;) {
    let said;
    try {
      const answer = await client.fetch(`${endpoint}/bucket`, { method: "PUT" });
      // It may have been there from the start.
      if (answer.ok || answer.status === 409) break;
      said = `${answer.status} ${await answer.text()}`;
    } catch (error) {
      said = String(error);
    }
    if (Date.now() > until) {
      await server.stop();
      throw new Error(`${server.name} makes no bucket: ${said}`);
    }
    await sleep(250);
  }
  try {
    const versioned = (await keepsVersions(client, endpoint)) ? VERSIONED : undefined;
    const known = server.guest ?? (await invite?.(server));
    if (known && bucketPolicies) {
      for (const bucket of ["bucket", ...(versioned ? [versioned] : [])]) {
        const statement = {
          Effect: "Allow",
          Principal: known.accessKeyId,
          Action: OBJECTS,
          Resource: `arn:aws:s3:::${bucket}/*`,
        };
        const body = JSON.stringify({ Version: WITHOUT_LIST.Version, Statement: [statement] });
        const answer = await client.fetch(`${endpoint}/${bucket}?policy`, { method: "PUT", body });
        if (!answer.ok) throw new Error(`${server.name} takes no policy: ${await answer.text()}`);
      }
    }
    if (known) {
      const guest = new AwsClient({ ...known, service: "s3", region, retries: 0 });
      const listing = await guest.fetch(`${endpoint}/bucket?list-type=2`);
      if (listing.status !== 403) {
        throw new Error(`${server.name} lets the guest list: ${listing.status} ${await listing.text()}`);
      }
    }
    return { ...server, versioned, guest: known };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/**
 * A guest of servers that lend credentials for an hour and a policy.
 *
 * @param {S3Server} server
 * @returns {Promise<NonNullable<S3Server["guest"]>>}
 */
export async function assumedGuest({ credentials, endpoint }) {
  const client = new AwsClient({ ...credentials, service: "sts", region: "us-east-1", retries: 0 });
  const form = {
    Action: "AssumeRole",
    Version: "2011-06-15",
    DurationSeconds: "3600",
    Policy: JSON.stringify(WITHOUT_LIST),
  };
  const answer = await client.fetch(`${endpoint}/`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(form).toString(),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`no guest: ${answer.status} ${text}`);
  const element = (/** @type {string} */ name) =>
    new RegExp(`<${name}>([^<]+)</${name}>`).exec(text)?.[1] ?? "";
  return {
    accessKeyId: element("AccessKeyId"),
    secretAccessKey: element("SecretAccessKey"),
    sessionToken: element("SessionToken"),
  };
}

/**
 * Makes the bucket `versioned`, and looks whether it keeps what is replaced.
 *
 * @param {AwsClient} client
 * @param {string} endpoint
 * @returns {Promise<boolean>}
 */
async function keepsVersions(client, endpoint) {
  const bucket = `${endpoint}/${VERSIONED}`;
  const key = `${bucket}/first-object`;
  /** @type {[string, RequestInit][]} */
  const steps = [
    [bucket, { method: "PUT" }],
    [
      `${bucket}?versioning=`,
      {
        method: "PUT",
        headers: { "content-type": "application/xml" },
        body: "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
      },
    ],
    [key, { method: "PUT", body: "first" }],
    [key, { method: "PUT", body: "second" }],
    [key, { method: "DELETE" }],
  ];
  /** @type {(string | null)[]} */
  const versions = [];
  for (const [url, init] of steps) {
    const answer = await client.fetch(url, init);
    await answer.arrayBuffer();
    if (!answer.ok) return false;
    versions.push(answer.headers.get("x-amz-version-id"));
  }
  const old = await client.fetch(`${key}?versionId=${encodeURIComponent(versions[2] ?? "")}`);
  return versions[2] !== null && (await old.text()) === "first";
}
