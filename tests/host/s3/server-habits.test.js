/**
 * Habits in which real servers differ, each seen on one of those in `docs/s3-servers.md`, and what the client and the
 * store make of them: on real servers behind a proxy that has the habit, or on one that has it itself.
 */

import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import net from "node:net";
import { after, before, describe, test } from "node:test";
import { S3Client } from "../../../js/s3/client.js";
import { probeCompletions, probePreconditions } from "../../../js/storage/s3/preconditions.js";
import { startFaultProxy } from "../../servers/fault-proxy.js";
import { startMoto, startS3sFs } from "../../servers/s3.js";
import { Place, stopAll } from "./place.js";

/** @type {import("../../servers/s3.js").S3Server} */
let moto;
/** @type {Awaited<ReturnType<typeof startS3sFs>>} */
let s3s;
/** @type {Awaited<ReturnType<typeof startFaultProxy>>} */
let proxy;
before(async () => {
  [moto, s3s] = await Promise.all([startMoto(), startS3sFs()]);
  proxy = await startFaultProxy(moto);
});
after(() => stopAll([proxy, moto, s3s]));

/** @param {import("./place.js").Server} server @param {Partial<import("../../../js/s3/client.js").S3Parameters>} [more] */
const connect = (server, more = {}) =>
  new S3Client(
    { endpoint: server.endpoint, bucket: "bucket", credentials: server.credentials, ...more },
    { sleep: async () => {} },
  );
const ASKING = {
  sleep: async () => {},
  warn: (/** @type {Error} */ failure) => assert.fail(failure.message),
  history: { key: "asked", location: "s3://bucket/asked" },
};
/** Everything above this goes in parts. */
const SMALL_PARTS = { multipartThreshold: 1 << 20, partSize: 5 << 20 };

describe("a server that answers before it has read the request, and closes the connection", () => {
  test("is understood: its conflict is a conflict and no broken connection", async () => {
    const server = net.createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => {
        // The rest stays unread, so that closing resets the connection.
        socket.pause();
        const body = "<Error><Code>PreconditionFailed</Code></Error>";
        const head = `HTTP/1.1 412 Precondition Failed\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`;
        socket.end(head + body, () => setTimeout(() => socket.destroy(), 5));
      });
    });
    server.unref();
    await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
    const { port } = /** @type {net.AddressInfo} */ (server.address());
    const client = connect({ endpoint: `http://127.0.0.1:${port}`, credentials: moto.credentials });
    for (let n = 0; n < 20; n++) {
      const outcome = await client.put("k", Buffer.alloc(4 << 20), { ifNoneMatch: true, multipart: false });
      assert.deepEqual(outcome, { status: "conflict" });
    }
    client.close();
    server.close();
  });
});

describe("a server whose conditions hold only while nobody else writes", () => {
  test("is found out every time", async () => {
    for (let n = 0; n < 12; n++) {
      const client = connect(s3s);
      const verdict = await probePreconditions(client, `probe-${n}`, ASKING);
      client.close();
      assert.equal(verdict, "racy");
    }
  });

  test("and one whose conditions always hold is never taken for it", async () => {
    for (let n = 0; n < 6; n++) {
      const client = connect(moto);
      const verdict = await probePreconditions(client, `probe-${n}`, ASKING);
      assert.deepEqual((await client.list(`probe-${n}`)).objects, []);
      client.close();
      assert.equal(verdict, "honoured");
    }
  });
});

describe("a server that forgets conditions when an upload in parts is completed", () => {
  for (const [what, character] of /** @type {const} */ ([
    ["those on the ETag", {}],
    ["all of them", { ignoresOnCompletion: true }],
  ])) {
    test(`is found out (${what})`, async () => {
      proxy.become(character);
      const client = connect(proxy);
      assert.equal(await probeCompletions(client, "completions", ASKING), "ignored");
      assert.deepEqual((await client.list("completions")).objects, []);
      client.close();
    });
  }

  test("gets large histories whole, and of those stored at the same moment one succeeds", async () => {
    proxy.become({ ignoresOnCompletion: true });
    const place = new Place(proxy, { direct: moto });
    const parts = connect(proxy, SMALL_PARTS);
    const store = () => place.store({ client: parts });
    const first = await Promise.all(
      Array.from({ length: 4 }, () => store().write(randomBytes(1_500_000), null)),
    );
    assert.equal(first.filter(({ status }) => status === "stored").length, 1);
    const version = (await store().read())?.version ?? "";
    proxy.script([]);
    const outcomes = await Promise.all(
      Array.from({ length: 4 }, () => store().write(randomBytes(1_500_000), version)),
    );
    assert.equal(outcomes.filter(({ status }) => status === "stored").length, 1);
    const key = encodeURIComponent(place.key.split("/")[1]);
    const large = proxy.seen.filter(({ bodySize }) => bodySize > 1_000_000);
    assert.ok(large.length > 0 && large.every(({ url }) => url.endsWith(key)), "none of them in parts");
    parts.close();
    place.remove();
  });
});

describe("a server that completes an upload in parts without telling its ETag", () => {
  test("is asked for it", async () => {
    proxy.become({ silentCompletions: true });
    const client = connect(proxy, SMALL_PARTS);
    const [key, bytes] = [`silent/${randomUUID()}`, randomBytes(6 << 20)];
    const outcome = await client.put(key, bytes, { metadata: { noted: "mine" } });
    const stored = await client.get(key);
    assert.equal(stored && Buffer.compare(stored.bytes, bytes), 0);
    assert.ok(outcome.status === "stored" && outcome.etag === stored?.etag);
    assert.deepEqual(await client.listUploads(key), []);
    client.close();
  });

  test("where somebody else's object is there by then, it is a conflict", async () => {
    const key = `silent/${randomUUID()}`;
    proxy.become({ silentCompletions: true });
    const [client, other] = [connect(proxy, SMALL_PARTS), connect(moto)];
    // Nobody can tell when the other one writes: the look at the object is delayed until it has.
    proxy.script([{ method: "HEAD", fault: { kind: "reset" }, times: 1 }]);
    const sleeping = new S3Client(
      { endpoint: proxy.endpoint, bucket: "bucket", credentials: moto.credentials, ...SMALL_PARTS },
      { sleep: () => other.put(key, Buffer.from("another"), { metadata: { noted: "theirs" } }) },
    );
    const outcome = await sleeping.put(key, randomBytes(2 << 20), { metadata: { noted: "mine" } });
    assert.deepEqual(outcome, { status: "conflict" });
    assert.equal(String((await client.get(key))?.bytes), "another");
    for (const each of [client, other, sleeping]) each.close();
  });
});

describe("a server that says in its own way that the credentials are wrong", () => {
  for (const [status, code, message, expected] of /** @type {const} */ ([
    [403, "AccessDenied", "Forbidden: Invalid signature", "the signature does not match"],
    [403, "AccessDenied", "Forbidden: No such key: GK0", "does not know the access key id"],
    [404, "XAdminUserNotFound", "No user exists", "does not know the access key id"],
  ])) {
    test(`${status} ${code}: ${message}`, async () => {
      const client = connect(proxy);
      proxy.become({});
      for (const ask of [() => client.get("k"), () => client.head("k"), () => client.headBucket()]) {
        proxy.script([{ fault: { kind: "answer", status, code, message } }]);
        await assert.rejects(ask, (/** @type {any} */ error) => {
          assert.equal(error.code, "S3_AUTH_FAILED");
          assert.ok(error.message.includes(expected), error.message);
          return true;
        });
      }
      proxy.script([]);
      client.close();
    });
  }
});

describe("a server that has another name for its listing of versions", () => {
  /** @param {string} name @param {string} content @returns {import("../../servers/fault-proxy.js").Rule} */
  const listing = (name, content) => ({
    fault: {
      kind: "answer",
      status: 200,
      body: `<${name}><IsTruncated>false</IsTruncated>${content}</${name}>`,
    },
  });
  const version =
    "<Version><ETag>&quot;e&quot;</ETag><IsLatest>false</IsLatest><Key>k</Key><LastModified>2026-11-28T12:00:00.000Z</LastModified><Size>3</Size><VersionId>v1</VersionId></Version>";
  const marker =
    "<DeleteMarker><IsLatest>true</IsLatest><Key>k</Key><LastModified>2026-11-28T12:00:01.000Z</LastModified><VersionId>v2</VersionId></DeleteMarker>";

  for (const name of ["ListBucketResult", "ListBucketVersionsResult"]) {
    test(`is understood: \`${name}\``, async () => {
      proxy.become({});
      const client = connect(proxy);
      proxy.script([listing(name, version + marker)]);
      const found = await client.listVersions("k");
      assert.deepEqual(
        found.map(({ versionId, deleteMarker, isLatest }) => ({ versionId, deleteMarker, isLatest })),
        [
          { versionId: "v2", deleteMarker: true, isLatest: true },
          { versionId: "v1", deleteMarker: false, isLatest: false },
        ],
      );
      client.close();
    });
  }

  test("is not believed to have no versions where it lists objects", async () => {
    const client = connect(proxy);
    proxy.script([listing("ListBucketResult", "<Contents><Key>k</Key><Size>3</Size></Contents>")]);
    await assert.rejects(() => client.listVersions("k"), { code: "S3_UNEXPECTED" });
    proxy.script([]);
    client.close();
  });
});
