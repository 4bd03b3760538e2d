/**
 * All that a history owes on one real server, whichever it is: the contracts of blob stores and of storages, large
 * histories in parts, absence, and many runs at once. The server runs already and is named by the environment; see
 * `tools/providers.js`.
 */

import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { S3Client } from "../../../js/s3/client.js";
import { probePreconditions } from "../../../js/storage/s3/preconditions.js";
import { conformance } from "../conformance/blob-store.js";
import { record } from "../conformance/builds.js";
import { storageConformance } from "../conformance/storage.js";
import { Place } from "./place.js";

/** @type {import("./place.js").Server & {name: string}} */
const server = JSON.parse(process.env.S3_SERVER ?? "null");
if (!server) throw new Error("S3_SERVER is not set: `npm run test:providers` runs this");

/** Whether its own writes are not whole, so that readers are told of damage while another writes. */
const TORN = server.name === "s3s-fs";

/** @param {Partial<import("../../../js/s3/client.js").S3Parameters>} [more] */
const connect = (more = {}) =>
  new S3Client({
    endpoint: server.endpoint,
    bucket: "bucket",
    region: server.region ?? "us-east-1",
    credentials: server.credentials,
    ...more,
  });
const client = connect();
after(() => client.close());
const verdict = await probePreconditions(client, `probe-${randomUUID()}`, {
  sleep,
  warn: (failure) => {
    throw failure;
  },
  history: { key: "asked", location: "s3://bucket/asked" },
});

/** The code of a failure, empty for a success. @param {Promise<unknown>} pending @returns {Promise<string>} */
const outcome = (pending) =>
  pending.then(
    () => "",
    (error) => String(error.code ?? error),
  );

describe(server.name, () => {
  conformance(
    "an object",
    () => {
      const place = new Place(server);
      return {
        open: ({ readonly } = {}) => place.store({ readonly }),
        names: () => place.leftovers(),
        remove: () => place.remove(),
      };
    },
    { exclusive: verdict === "honoured" },
  );

  storageConformance(
    "sqlite-s3",
    () => {
      const place = new Place(server);
      return {
        config: place.config,
        content: () => place.content(),
        put: (bytes) => place.put(bytes),
        remove: () => place.remove(),
      };
    },
    { torn: TORN },
  );

  describe("large objects", () => {
    test("what is sent in parts is read back byte for byte, with its metadata, and leaves no upload", async () => {
      const parts = connect({ multipartThreshold: 1 << 20, partSize: 5 << 20 });
      const [key, bytes] = [`parts/${randomUUID()}`, randomBytes((11 << 20) + 3)];
      const outcome = await parts.put(key, bytes, { metadata: { noted: "yes" } });
      assert.equal(outcome.status, "stored");
      const stored = await parts.get(key);
      assert.equal(stored && Buffer.compare(stored.bytes, bytes), 0);
      assert.equal(stored?.metadata.noted, "yes");
      assert.equal(outcome.status === "stored" && outcome.etag, stored?.etag);
      parts.close();
    });

    test("a copy of what was sent in parts is read back byte for byte", async (t) => {
      if (server.name === "moto")
        return t.skip("the server gives the copy the checksum of the original's parts");
      const parts = connect({ multipartThreshold: 1 << 20, partSize: 5 << 20 });
      const [key, bytes] = [`parts/${randomUUID()}`, randomBytes(6 << 20)];
      await parts.put(key, bytes);
      await parts.copy(key, `${key}.bak`);
      assert.equal(Buffer.compare((await parts.get(`${key}.bak`))?.bytes ?? Buffer.alloc(0), bytes), 0);
      parts.close();
    });

    test("of large histories stored at the same moment from the same start one succeeds", async (t) => {
      if (verdict !== "honoured") return t.skip("the place cannot tell simultaneous writers apart");
      const place = new Place(server);
      const parts = connect({ multipartThreshold: 1 << 20, partSize: 5 << 20 });
      const store = () => place.store({ client: parts });
      const base = await store().write(randomBytes(2 << 20), null);
      assert.ok(base.status === "stored");
      const outcomes = await Promise.all(
        Array.from({ length: 4 }, () => store().write(randomBytes(2 << 20), base.version)),
      );
      assert.equal(outcomes.filter(({ status }) => status === "stored").length, 1);
      assert.deepEqual(await place.leftovers(), [""]);
      parts.close();
      place.remove();
    });

    test("an object that changed while parts were sent is not replaced", async () => {
      const parts = connect({ multipartThreshold: 1 << 20, partSize: 5 << 20 });
      const key = `parts/${randomUUID()}`;
      const first = await parts.put(key, Buffer.from("first"));
      assert.ok(first.status === "stored");
      await parts.put(key, Buffer.from("second"));
      const outcome = await parts.put(key, randomBytes(6 << 20), { ifMatch: first.etag });
      // Where conditions have no effect, a look before the completion still finds it.
      assert.equal(outcome.status, "conflict");
      assert.equal(String((await parts.get(key))?.bytes), "second");
      parts.close();
    });
  });

  describe("what is asked of a server", () => {
    test("a missing object is absent", async () => {
      assert.equal(await client.get(`none/${randomUUID()}`), null);
      assert.equal(await client.head(`none/${randomUUID()}`), null);
    });

    test("in a missing bucket no run succeeds, and it is told so", async (t) => {
      const place = new Place(server, { bucket: "no-such-bucket" });
      // Most find out when they read, some only when they write: their server speaks of a missing key.
      const run = async () => {
        const storage = await place.open();
        record(storage.getRepository(), 1);
        await storage.persist();
      };
      if ((await outcome(run())) === "" && (await outcome(place.client.headBucket())) === "") {
        place.remove();
        return t.skip("the server makes missing buckets by itself");
      }
      await assert.rejects(run, { code: "S3_BUCKET_MISSING" });
      await assert.rejects(place.client.headBucket(), { code: "S3_BUCKET_MISSING" });
      place.remove();
    });

    test("an unknown key id is told from everything else", async (t) => {
      const { secretAccessKey } = server.credentials;
      const wrong = connect({ credentials: { accessKeyId: "AKIAUNKNOWNUNKNOWN00", secretAccessKey } });
      const asked = [await outcome(wrong.headBucket()), await outcome(wrong.get("key"))];
      wrong.close();
      if (asked.includes("")) return t.skip("the server does not look at key ids");
      assert.deepEqual(asked, ["S3_AUTH_FAILED", "S3_AUTH_FAILED"]);
    });

    test("a wrong secret is told from everything else", async (t) => {
      const { accessKeyId } = server.credentials;
      const wrong = connect({ credentials: { accessKeyId, secretAccessKey: "not-the-secret" } });
      const asked = [await outcome(wrong.headBucket()), await outcome(wrong.get("key"))];
      wrong.close();
      if (asked.includes("")) return t.skip("the server does not look at signatures");
      assert.deepEqual(asked, ["S3_AUTH_FAILED", "S3_AUTH_FAILED"]);
    });

    test("a listing has every page, and keys of any characters", async () => {
      const prefix = `list ü&<>+%25/${randomUUID()}/`;
      const keys = ["a b", "ä", "a+b", "a%20b", "a&b", "a<b>", "quote\"'"]
        .map((name) => prefix + name)
        .sort();
      for (const key of keys) await client.put(key, Buffer.from(key));
      const { objects } = await client.list(prefix);
      assert.deepEqual(objects.map(({ key }) => key).sort(), keys);
      assert.deepEqual(
        objects.map(({ size }) => size).sort(),
        keys.map((key) => Buffer.byteLength(key)).sort(),
      );
      for (const { key } of objects) assert.equal(String((await client.get(key))?.bytes), key);
      for (const key of keys) await client.delete(key);
      assert.deepEqual((await client.list(prefix)).objects, []);
      await client.delete(keys[0]);
    });

    test("a copy has the bytes and the metadata", async () => {
      const [from, to] = [`copy ü/${randomUUID()}`, `copy/${randomUUID()}`];
      const outcome = await client.put(from, Buffer.from("x"), { metadata: { noted: "y" } });
      await client.copy(from, to, { ifMatch: outcome.status === "stored" ? outcome.etag : "" });
      const copied = await client.get(to);
      assert.deepEqual([String(copied?.bytes), copied?.metadata.noted], ["x", "y"]);
    });
  });

  describe("many runs", () => {
    const limits = { timeout: 600_000, ...(TORN ? { skip: "the server's own writes are not whole" } : {}) };
    test("50 overlapping runs, 10 at a time, add exactly 50 builds", limits, async () => {
      const place = new Place(server);
      let next = 0;
      await Promise.all(
        Array.from({ length: 10 }, async () => {
          for (let n = next++; n < 50; n = next++) {
            const storage = await place.open();
            try {
              record(storage.getRepository(), n, "run");
              await storage.persist();
            } finally {
              storage.cleanup();
            }
          }
        }),
      );
      assert.deepEqual(await place.runs(), Array.from({ length: 50 }, (_, n) => `run/${n}`).sort());
      const left = (await place.leftovers()).filter((name) => name !== "" && !name.startsWith(".pending/"));
      assert.deepEqual(left, []);
      place.remove();
    });
  });
});
