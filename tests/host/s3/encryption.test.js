/**
 * Encryption by the server, on one that keeps and tells it: what was asked for arrives as the object's own, on the
 * history, its backup, the copies of damaged ones and large uploads alike.
 */

import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { AwsClient } from "aws4fetch";
import { S3Client } from "../../../js/s3/client.js";
import { startMoto } from "../../servers/s3.js";
import { record } from "../conformance/builds.js";
import { Place, stopAll } from "./place.js";

/** @import { StorageProviderConfig } from "../../../js/storage/contract.js" */

const KEY_ID = "arn:aws:kms:us-east-1:123456789012:key/0f2c5a86-6a4e-4f0e-8c5e-2f3b7d1c9e10";

/** @type {import("../../servers/s3.js").S3Server} */
let moto;
before(async () => {
  moto = await startMoto();
});
after(() => stopAll([moto]));

/**
 * What the server says of an object's encryption, asked without the product's client.
 *
 * @param {string} key
 */
async function encryptionOf(key) {
  const client = new AwsClient({ ...moto.credentials, service: "s3", region: "us-east-1", retries: 0 });
  const url = `${moto.endpoint}/bucket/${key.split("/").map(encodeURIComponent).join("/")}`;
  const answer = await client.fetch(url, { method: "HEAD" });
  assert.equal(answer.status, 200, key);
  const { headers } = answer;
  return [
    headers.get("x-amz-server-side-encryption"),
    headers.get("x-amz-server-side-encryption-aws-kms-key-id"),
  ];
}

/** @type {[string, Partial<StorageProviderConfig>, (string | null)[]][]} */
const CASES = [
  ["nothing", {}, [null, null]],
  ["AES256", { s3Sse: "AES256" }, ["AES256", null]],
  ["aws:kms with a key", { s3Sse: "aws:kms", s3SseKmsKeyId: KEY_ID }, ["aws:kms", KEY_ID]],
];

for (const [what, more, expected] of CASES) {
  describe(`asked for ${what}`, () => {
    test("the history, its backup and what is set aside are encrypted so", async () => {
      const place = new Place(moto, { more });
      for (const n of [1, 2]) {
        const storage = await place.open();
        record(storage.getRepository(), n);
        await storage.close();
      }
      assert.deepEqual(await encryptionOf(place.key), expected);
      assert.deepEqual(await encryptionOf(`${place.key}.bak`), expected);
      await place.put(Buffer.from("this is no database ".repeat(300)));
      assert.deepEqual(await encryptionOf(place.key), [null, null], "put there by somebody else");
      const restoring = await place.open({ onCorrupt: "restore" });
      record(restoring.getRepository(), 3);
      await restoring.close();
      const names = await place.names();
      assert.equal(names.filter((name) => name.startsWith(".corrupt-")).length, 1);
      for (const name of names) assert.deepEqual(await encryptionOf(place.key + name), expected, name);
      assert.deepEqual(await place.runs(), ["w/1", "w/3"]);
      place.remove();
    });

    test("an object in parts and its copy are encrypted so", async () => {
      const client = new S3Client({
        endpoint: moto.endpoint,
        bucket: "bucket",
        credentials: moto.credentials,
        sse: more.s3Sse,
        sseKmsKeyId: more.s3SseKmsKeyId,
        multipartThreshold: 1 << 20,
        partSize: 5 << 20,
      });
      const [key, bytes] = [`large/${randomUUID()}`, randomBytes(6 << 20)];
      assert.equal((await client.put(key, bytes)).status, "stored");
      await client.copy(key, `${key}.bak`);
      for (const name of [key, `${key}.bak`]) {
        assert.deepEqual(await encryptionOf(name), expected);
        assert.equal((await client.head(name))?.size, bytes.length);
      }
      // Not of the copy: this server passes on the checksum of the original's parts as if it were the copy's own.
      assert.equal(Buffer.compare((await client.get(key))?.bytes ?? Buffer.alloc(0), bytes), 0);
      assert.match((await client.head(key))?.etag ?? "", /-2"$/, "it went in parts");
      client.close();
    });
  });
}
