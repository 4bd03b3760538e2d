// Each operation of the client against each real server.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { Failure } from "../../../js/failure.js";
import { S3Client } from "../../../js/s3/client.js";
import { startRewritingProxy, USUAL_REWRITES } from "../../servers/rewriting-proxy.js";
import { startMoto, startS3sFs } from "../../servers/s3.js";
import { effort } from "../support/effort.js";

/** @import { S3Server } from "../../servers/s3.js" */

const MIB = 1024 * 1024;
const bytesOf = (/** @type {string} */ text) => new TextEncoder().encode(text);
const sha256 = (/** @type {Uint8Array} */ bytes) => createHash("sha256").update(bytes).digest("hex");

/** Bytes that no two parts share. @param {number} size */
function pattern(size) {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 1) bytes[at] = (at * 31 + (at >>> 13) * 17) & 0xff;
  return bytes;
}

/** Keys that every step between here and the disk might encode, decode or cut. */
const KEYS = [
  "plain.db",
  "in/a folder/of its own.db",
  "a+b=c&d%41%2F.db",
  "quotes'(and)*more!~.db",
  "naïve-日本-😀.db",
  'x <y> & "z".db',
];

const s3s = () => startS3sFs({ buckets: ["bucket", "dotted.bucket"] });
const moto = () => startMoto({ buckets: ["bucket", "dotted.bucket", "kept"], versioned: ["kept"] });

/**
 * A server that is reached through a proxy.
 *
 * @param {() => Promise<S3Server>} start
 * @param {Parameters<typeof startRewritingProxy>[1]} options
 */
const fronted = (start, options) => async () => {
  const server = await start();
  const proxy = await startRewritingProxy(server, options);
  const stop = async () => {
    await proxy.stop();
    await server.stop();
  };
  return { ...proxy, stop };
};

const SERVERS = /** @type {const} */ ([
  { name: "s3s-fs", start: s3s, versions: false },
  { name: "moto", start: moto, versions: true },
  { name: "s3s-fs behind a front end that rewrites headers", start: fronted(s3s, {}), versions: false },
  {
    name: "moto behind a front end that rewrites headers and lengths",
    start: fronted(moto, { rewrites: [...USUAL_REWRITES, "acceptEncodingBr", "chunked"] }),
    versions: true,
  },
]);

for (const { name, start, versions } of SERVERS) {
  describe(name, () => {
    /** @type {S3Server} */
    let server;
    /** @type {S3Client} */
    let client;
    /** @param {Partial<import("../../../js/s3/client.js").S3Parameters>} [other] */
    const clientFor = (other = {}) =>
      new S3Client({
        endpoint: server.endpoint,
        bucket: "bucket",
        credentials: server.credentials,
        multipartThreshold: 6 * MIB,
        partSize: 5 * MIB,
        ...other,
      });
    before(async () => {
      server = await start();
      client = clientFor();
    });
    after(async () => {
      client?.close();
      await server?.stop();
    });

    test("an absent object is null, looked up or read", async () => {
      assert.equal(await client.get("absent"), null);
      assert.equal(await client.head("absent"), null);
    });

    for (const key of KEYS) {
      test(`\`${key}\` is written, read, looked up, listed, copied and deleted`, async () => {
        const bytes = bytesOf(`content of ${key}`);
        const stored = await client.put(key, bytes, {
          contentType: "application/vnd.sqlite3",
          metadata: { sha256: sha256(bytes), "unentropy-run": "17 of 20" },
        });
        assert(stored.status === "stored" && stored.etag.length > 0);
        const read = await client.get(key, { sha256Metadata: "sha256" });
        assert(read);
        assert.deepEqual(new Uint8Array(read.bytes), bytes);
        assert.equal(read.etag, stored.etag);
        assert.deepEqual(read.metadata, { sha256: sha256(bytes), "unentropy-run": "17 of 20" });
        assert(Math.abs((read.lastModified ?? 0) - Date.now()) < 60_000);
        assert(Math.abs((read.serverTime ?? 0) - Date.now()) < 60_000);

        const looked = await client.head(key);
        assert(looked);
        assert.equal(looked.size, bytes.length);
        assert.equal(looked.etag, stored.etag);
        assert.deepEqual(looked.metadata, read.metadata);

        const { objects, serverTime } = await client.list(key.slice(0, -3));
        assert.deepEqual(
          objects.map((object) => [object.key, object.size]),
          [[key, bytes.length]],
        );
        assert(Math.abs((serverTime ?? 0) - Date.now()) < 60_000);

        const copied = await client.copy(key, `${key}.bak`);
        assert(copied.etag);
        assert.deepEqual(new Uint8Array((await client.get(`${key}.bak`))?.bytes ?? []), bytes);
        await client.copy(key, `${key}.bak`, { metadata: { why: "kept" }, contentType: "text/plain" });
        assert.deepEqual((await client.head(`${key}.bak`))?.metadata, { why: "kept" });

        await client.delete(key);
        await client.delete(key);
        assert.equal(await client.get(key), null);
        assert(await client.head(`${key}.bak`));
      });
    }

    test("an empty object is an object", async () => {
      await client.put("empty", new Uint8Array());
      assert.equal((await client.get("empty"))?.bytes.length, 0);
      assert.equal((await client.head("empty"))?.size, 0);
    });

    test("of two first writes only one stands", async () => {
      const outcomes = [];
      for (const text of ["one", "two"]) {
        outcomes.push((await client.put("first", bytesOf(text), { ifNoneMatch: true })).status);
      }
      assert.deepEqual(outcomes, ["stored", "conflict"]);
      assert.deepEqual(Buffer.from((await client.get("first"))?.bytes ?? []).toString(), "one");
    });

    test("a write under an ETag stands only while the object has it", async () => {
      const first = await client.put("guarded", bytesOf("1"));
      assert(first.status === "stored");
      const second = await client.put("guarded", bytesOf("2"), { ifMatch: first.etag });
      assert(second.status === "stored");
      assert.deepEqual(await client.put("guarded", bytesOf("3"), { ifMatch: first.etag }), {
        status: "conflict",
      });
      await client.delete("guarded");
      assert.deepEqual(await client.put("guarded", bytesOf("4"), { ifMatch: second.etag }), {
        status: "conflict",
      });
      assert.equal(await client.get("guarded"), null);
    });

    test("a large object goes in parts and comes back whole, with progress", async () => {
      const bytes = pattern(12 * MIB + 5);
      /** @type {number[]} */
      const sent = [];
      /** @type {[number, number | null][]} */
      const received = [];
      const stored = await client.put("large", bytes, {
        metadata: { sha256: sha256(bytes) },
        onProgress: (done, total) => {
          assert.equal(total, bytes.length);
          sent.push(done);
        },
      });
      assert(stored.status === "stored");
      assert.equal(sent.at(-1), bytes.length);
      assert(sent.length > 20, "progress comes in steps");
      assert.deepEqual(
        sent,
        [...sent].sort((a, b) => a - b),
      );
      const read = await client.get("large", {
        sha256Metadata: "sha256",
        onProgress: (done, total) => received.push([done, total]),
      });
      assert(read && Buffer.from(read.bytes).equals(bytes));
      assert.equal(read.metadata.sha256, sha256(bytes));
      assert.equal(read.etag, stored.etag);
      assert.deepEqual(received.at(-1), [bytes.length, bytes.length]);
    });

    test("a large object is stored under preconditions too, and a conflict leaves no upload behind", async () => {
      const bytes = pattern(7 * MIB);
      const first = await client.put("large-guarded", bytes, { ifNoneMatch: true });
      assert(first.status === "stored");
      assert.deepEqual(await client.put("large-guarded", bytes, { ifNoneMatch: true }), {
        status: "conflict",
      });
      const second = await client.put("large-guarded", bytesOf("small"), { ifMatch: first.etag });
      assert(second.status === "stored");
      assert.deepEqual(await client.put("large-guarded", bytes, { ifMatch: first.etag }), {
        status: "conflict",
      });
      assert.equal((await client.put("large-guarded", bytes, { ifMatch: second.etag })).status, "stored");
      if (versions) assert.deepEqual(await client.listUploads(""), []);
    });

    test("the bucket is looked up", async () => {
      const { region, serverTime } = await client.headBucket();
      assert.equal(region, "us-east-1");
      assert(Math.abs((serverTime ?? 0) - Date.now()) < 60_000);
    });

    test("a bucket with a dot in its name works", async () => {
      const dotted = clientFor({ bucket: "dotted.bucket" });
      assert.equal((await dotted.put("k", bytesOf("v"))).status, "stored");
      assert.equal(Buffer.from((await dotted.get("k"))?.bytes ?? []).toString(), "v");
      dotted.close();
    });

    test("an object over the limit is refused before it is read", async () => {
      await client.put("too-large", pattern(MIB));
      await assert.rejects(client.get("too-large", { limit: MIB - 1 }), {
        code: "S3_TOO_LARGE",
        type: "storage",
        retryable: false,
      });
      assert.equal((await client.get("too-large", { limit: MIB }))?.bytes.length, MIB);
    });

    test("a copy of what does not exist is a failure", async () => {
      await assert.rejects(client.copy("never-there", "copy"), {
        code: "S3_OBJECT_MISSING",
        retryable: false,
      });
    });

    test("a listing has all pages", async () => {
      // A page has a thousand, and takes as many writes: one server does for every day, all of them for every night.
      const count = effort({ quick: name === "s3s-fs" ? 1040 : 40, full: 1040 });
      const keys = Array.from({ length: count }, (_, at) => `many/${String(at).padStart(4, "0")} +é.json`);
      for (let at = 0; at < keys.length; at += 8) {
        await Promise.all(keys.slice(at, at + 8).map((key) => client.put(key, bytesOf("{}"))));
      }
      const { objects } = await client.list("many/");
      assert.deepEqual(
        objects.map(({ key }) => key),
        keys,
      );
      assert.deepEqual((await client.list("none/")).objects, []);
    });

    test("a wrong secret, an unknown key id and a missing bucket are told apart, looked up or read", async () => {
      const secret = { ...server.credentials, secretAccessKey: "not-the-secret" };
      const id = { ...server.credentials, accessKeyId: "AKIANOBODYKNOWSTHIS0" };
      for (const [other, code] of /** @type {const} */ ([
        [{ credentials: secret }, "S3_AUTH_FAILED"],
        [{ credentials: id }, "S3_AUTH_FAILED"],
        [{ bucket: "nobodys-bucket" }, "S3_BUCKET_MISSING"],
      ])) {
        const wrong = clientFor(other);
        await assert.rejects(wrong.headBucket(), { code, type: "storage", retryable: false });
        await assert.rejects(wrong.list(""), { code });
        // s3s-fs has no buckets of its own for objects: a folder that is not there holds none.
        if (code === "S3_AUTH_FAILED" || versions) {
          await assert.rejects(wrong.get("k"), { code });
          await assert.rejects(wrong.head("k"), { code });
          await assert.rejects(wrong.put("k", bytesOf("v")), { code });
        }
        wrong.close();
      }
    });

    test("versions are listed newest first and read, where the server has them", async () => {
      if (!versions) {
        await assert.rejects(client.listVersions("k"), { code: "S3_UNSUPPORTED", type: "storage" });
        return;
      }
      const kept = clientFor({ bucket: "kept" });
      const ids = [];
      for (const text of ["old", "newer", "newest"]) {
        const stored = await kept.put("v é+.db", bytesOf(text));
        assert(stored.status === "stored");
        ids.unshift(stored.versionId);
      }
      await kept.put("v é+.db.bak", bytesOf("another key with the same beginning"));
      const listed = await kept.listVersions("v é+.db");
      assert.deepEqual(new Set(listed.map(({ versionId }) => versionId)), new Set(ids));
      assert.equal(listed[0].versionId, ids[0]);
      assert.deepEqual(
        listed.map(({ isLatest }) => isLatest),
        [true, false, false],
      );
      const old = await kept.getVersion("v é+.db", /** @type {string} */ (ids[2]));
      assert.equal(Buffer.from(old?.bytes ?? []).toString(), "old");
      await kept.delete("v é+.db");
      assert.equal(await kept.get("v é+.db"), null);
      assert.equal((await kept.listVersions("v é+.db")).find(({ isLatest }) => isLatest)?.deleteMarker, true);
      assert.equal(
        Buffer.from((await kept.getVersion("v é+.db", String(ids[1])))?.bytes ?? []).toString(),
        "newer",
      );
      kept.close();
    });

    test("an aborted run stops at once and leaves no upload behind", async () => {
      const abort = new AbortController();
      const stopping = new S3Client(
        {
          endpoint: server.endpoint,
          bucket: "bucket",
          credentials: server.credentials,
          multipartThreshold: 6 * MIB,
          partSize: 5 * MIB,
        },
        { signal: abort.signal },
      );
      const upload = stopping.put("stopped", pattern(15 * MIB), {
        onProgress: (sent) => {
          if (sent > 6 * MIB) abort.abort();
        },
      });
      await assert.rejects(upload, (error) => error instanceof Failure && error.code === "ABORTED");
      assert.equal(await client.get("stopped"), null);
      if (versions) assert.deepEqual(await client.listUploads(""), []);
      await assert.rejects(stopping.get("stopped"), { code: "ABORTED" });
      stopping.close();
    });

    test("reading holds an object once", async () => {
      const size = 24 * MIB;
      await client.put("heavy", pattern(size), { multipart: false });
      global.gc?.();
      const held = () => process.memoryUsage().arrayBuffers;
      const start = held();
      let most = 0;
      const read = await client.get("heavy", {
        onProgress: () => {
          most = Math.max(most, held() - start);
        },
      });
      assert.equal(read?.bytes.length, size);
      // The object, what the socket brings meanwhile, and what was not yet collected; never a second object.
      assert(most < 1.8 * size, `${(most / size).toFixed(2)} times the object`);
    });
  });
}

test("insecure and incomplete parameters make no client", () => {
  const credentials = { accessKeyId: "AKIAX", secretAccessKey: "secret" };
  assert.throws(() => new S3Client({ endpoint: "http://minio.example.org", bucket: "bucket", credentials }), {
    code: "S3_ENDPOINT_INSECURE",
    type: "validation",
  });
  assert.throws(() => new S3Client({ bucket: "", credentials }), { code: "S3_PARAMETERS_INVALID" });
  // @ts-expect-error: what plain JavaScript may pass
  assert.throws(() => new S3Client({ bucket: "bucket" }), { code: "S3_PARAMETERS_INVALID" });
});
