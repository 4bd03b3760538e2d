// Answers that a proxy compresses although nobody asked for it, before real servers: what checksums prove is used, what
// nothing proves is refused, and nothing unpacks without bound.

import assert from "node:assert/strict";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";
import zlib from "node:zlib";
import { S3Client } from "../../../js/s3/client.js";
import { decodedBody, encodingsOf } from "../../../js/s3/encoding.js";
import { startFaultProxy } from "../../servers/fault-proxy.js";
import { startRewritingProxy, USUAL_REWRITES } from "../../servers/rewriting-proxy.js";
import { startMoto, startS3sFs } from "../../servers/s3.js";
import { record } from "../conformance/builds.js";
import { failed } from "./failed.js";
import { Place, stopAll } from "./place.js";

const ENCODINGS = /** @type {const} */ (["gzip", "br", "deflate"]);
const sha256 = (/** @type {Uint8Array} */ bytes) => createHash("sha256").update(bytes).digest("hex");

/** @type {import("../../servers/s3.js").S3Server} */
let moto;
/** @type {Awaited<ReturnType<typeof startS3sFs>>} */
let s3s;
/** @type {Awaited<ReturnType<typeof startRewritingProxy>>} */
let proxy;
/** @type {Awaited<ReturnType<typeof startRewritingProxy>>} */
let other;
/** @type {Awaited<ReturnType<typeof startFaultProxy>>} */
let faults;
before(async () => {
  [moto, s3s] = await Promise.all([startMoto(), startS3sFs()]);
  proxy = await startRewritingProxy(moto);
  other = await startRewritingProxy(s3s);
  faults = await startFaultProxy(moto);
});
beforeEach(() => {
  proxy.become(USUAL_REWRITES);
  faults.script([]);
});
after(() => stopAll([proxy, other, faults, moto, s3s]));

/** @param {import("./place.js").Server} server @param {Partial<import("../../../js/s3/client.js").S3Parameters>} [more] */
const connect = (server, more = {}) =>
  new S3Client(
    { endpoint: server.endpoint, bucket: "bucket", credentials: server.credentials, ...more },
    { sleep: async () => {} },
  );

for (const compress of ENCODINGS) {
  describe(`a proxy that answers with ${compress}`, () => {
    for (const etags of /** @type {const} */ ([undefined, "weaken", "suffix"])) {
      test(`is no trouble for a history${etags ? `, its ETags changed (${etags})` : ""}`, async () => {
        proxy.become(USUAL_REWRITES, { compress, etags, lengths: "drop" });
        const place = new Place(proxy, { direct: moto });
        for (const n of [1, 2, 3]) {
          const storage = await place.open({}, { sleep: async () => {}, random: () => 0 });
          record(storage.getRepository(), n);
          await storage.close();
          assert.deepEqual(storage.warnings, []);
        }
        assert.deepEqual(await place.runs(), ["w/1", "w/2", "w/3"]);
        assert.deepEqual(await place.names(), ["", ".bak"]);
        place.remove();
      });
    }

    test("is understood in lists, lookups and errors", async () => {
      const [client, direct] = [connect(proxy), connect(moto)];
      const key = `encoded/${randomUUID()}`;
      await direct.put(key, Buffer.alloc(1000, "x"), { metadata: { noted: "yes" } });
      proxy.become(USUAL_REWRITES, { compress });
      assert.deepEqual(
        (await client.list(key)).objects.map(({ size }) => size),
        [1000],
      );
      const head = await client.head(key);
      assert.deepEqual([head?.metadata.noted, head?.size], ["yes", null]);
      assert.equal(await client.get(`${key}-none`), null);
      assert.equal(await client.head(`${key}-none`), null);
      const wrong = connect(proxy, {
        credentials: { ...moto.credentials, secretAccessKey: "not-the-secret" },
      });
      assert.equal((await failed(wrong.get(key))).code, "S3_AUTH_FAILED");
      for (const each of [client, direct, wrong]) each.close();
    });

    test("gives an object that a checksum proves: the server's, or that in its metadata", async () => {
      const bytes = randomBytes(200_000);
      for (const [server, front] of /** @type {const} */ ([
        [moto, proxy],
        [s3s, other],
      ])) {
        front.become(USUAL_REWRITES);
        const [client, direct] = [connect(front, { proofMetadata: "proof" }), connect(server)];
        const key = `encoded/${randomUUID()}`;
        await direct.put(key, bytes, { metadata: { proof: sha256(bytes) } });
        front.become(USUAL_REWRITES, { compress });
        const read = await client.get(key);
        assert.equal(read && Buffer.compare(read.bytes, bytes), 0);
        const strict = await client.get(key, { sha256Metadata: "proof" });
        assert.equal(strict && Buffer.compare(strict.bytes, bytes), 0);
        for (const each of [client, direct]) each.close();
      }
    });

    test("gives an object that unpacks to more than the limit: S3_TOO_LARGE", async () => {
      const [client, direct] = [connect(proxy, { proofMetadata: "proof" }), connect(moto)];
      const key = `encoded/${randomUUID()}`;
      const bytes = Buffer.alloc(3_000_000);
      await direct.put(key, bytes, { metadata: { proof: sha256(bytes) } });
      proxy.become(USUAL_REWRITES, { compress });
      assert.equal((await failed(client.get(key, { limit: 2_999_999 }))).code, "S3_TOO_LARGE");
      assert.equal((await client.get(key, { limit: 3_000_000 }))?.bytes.length, 3_000_000);
      for (const each of [client, direct]) each.close();
    });
  });
}

describe("an encoded answer", () => {
  test("of an object that nothing proves is refused, and named", async () => {
    const client = connect(faults);
    const headers = { "content-encoding": "gzip" };
    faults.script([{ fault: { kind: "answer", status: 200, body: "x", headers } }]);
    const failure = await failed(client.get("k"));
    assert.equal(failure.code, "S3_UNEXPECTED");
    assert.match(failure.message, /encoded as `gzip`.*no checksum shows/);
    client.close();
  });

  test("that is not what it says, or in a way that is not known, is no answer", async () => {
    const client = connect(faults);
    for (const [encoding, message] of /** @type {const} */ ([
      ["gzip", /says that its encoding is `gzip`, and it is not/],
      ["zstd", /encoded as `zstd`, which is not known/],
    ])) {
      const headers = { "content-encoding": encoding };
      faults.script([{ fault: { kind: "answer", status: 200, body: "<ListBucketResult/>", headers } }]);
      const failure = await failed(client.list(""));
      assert.equal(failure.code, "S3_UNEXPECTED");
      assert.match(failure.message, message);
    }
    client.close();
  });

  test("may have several encodings, and names that are none", async () => {
    const body = zlib.brotliCompressSync(zlib.gzipSync("text"));
    const headers = { "content-encoding": "identity, X-GZIP , br,aws-chunked" };
    assert.deepEqual(encodingsOf({ headers }), ["x-gzip", "br"]);
    assert.equal(String(await decodedBody({ status: 200, headers, body }, 100)), "text");
  });

  test("of deflate may lack the header that the standard wants", async () => {
    const headers = { "content-encoding": "deflate" };
    const body = zlib.deflateRawSync("some text, some text");
    assert.equal(String(await decodedBody({ status: 200, headers, body }, 100)), "some text, some text");
  });
});
