// What is sent is hashed once, however often it is tried and signed: bytes are counted where Node's hash takes them.

import assert from "node:assert/strict";
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { startFaultProxy } from "../../servers/fault-proxy.js";
import { startMoto } from "../../servers/s3.js";

const MIB = 1024 * 1024;
const createHash = crypto.createHash;
/** Bytes that went into a SHA-256 in one piece of at least a quarter of a MiB. */
let hashed = 0;
crypto.createHash = (algorithm, options) => {
  const hash = createHash(algorithm, options);
  const update = hash.update.bind(hash);
  if (algorithm === "sha256") {
    hash.update = (/** @type {crypto.BinaryLike} */ data) => {
      const size = Buffer.byteLength(data);
      if (size >= MIB / 4) hashed += size;
      return update(data);
    };
  }
  return hash;
};
syncBuiltinESMExports();
const { S3Client } = await import("../../../js/s3/client.js");
const { S3Store } = await import("../../../js/storage/s3/s3.js");
const { SHA256 } = await import("../../../js/storage/s3/integrity.js");

/** @type {import("../../servers/s3.js").S3Server} */
let moto;
/** @type {Awaited<ReturnType<typeof startFaultProxy>>} */
let proxy;
/** @type {import("../../../js/s3/client.js").S3Client} */
let client;
before(async () => {
  moto = await startMoto();
  proxy = await startFaultProxy(moto);
});
beforeEach(() => {
  const { endpoint, credentials } = proxy;
  client = new S3Client(
    { endpoint, credentials, bucket: "bucket", proofMetadata: SHA256, multipartThreshold: 6 * MIB },
    { sleep: async () => {} },
  );
  hashed = 0;
});
afterEach(() => client.close());
after(async () => {
  crypto.createHash = createHash;
  syncBuiltinESMExports();
  await proxy?.stop();
  await moto?.stop();
});

/** @type {import("../../servers/fault-proxy.js").Rule[]} */
const FAILING_TWICE = [{ method: "PUT", url: /hashed/, times: 2, fault: { kind: "answer", status: 503 } }];

test("an object that is tried three times is hashed once", async () => {
  proxy.script(FAILING_TWICE);
  await client.put("hashed-1", Buffer.alloc(MIB, 1), { metadata: { other: "x" } });
  assert.equal(proxy.seen.length, 3);
  assert.equal(hashed, MIB);
});

test("so is one whose answer is lost and which is looked up by its metadata", async () => {
  proxy.script([{ method: "PUT", url: /hashed/, times: 3, fault: { kind: "lose-answer" } }]);
  const outcome = await client.put("hashed-2", Buffer.alloc(MIB, 2), { metadata: { other: "x" } });
  assert.equal(outcome.status, "stored");
  assert.equal(hashed, MIB);
});

test("each part of a large object is hashed once, and the whole of it not at all", async () => {
  proxy.script([{ method: "PUT", url: /partNumber=1/, times: 2, fault: { kind: "lose-answer" } }]);
  await client.put("hashed-3", Buffer.alloc(9 * MIB, 3), { metadata: { other: "x" } });
  assert.equal(hashed, 9 * MIB);
});

test("a history is hashed once for its digest, its checksum and its signatures together", async () => {
  proxy.script(FAILING_TWICE);
  const store = new S3Store({ client, key: "hashed-4.db", now: Date.now, random: Math.random });
  const stored = await store.write(Buffer.alloc(MIB, 4), null);
  assert.equal(stored.status, "stored");
  assert.equal(hashed, MIB);
});
