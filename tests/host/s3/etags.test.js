// Behind a proxy that drops ETags no write can be made to depend on what was read: histories are read there, and every
// write is refused in words before anything is lost.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, beforeEach, test } from "node:test";
import { S3Client } from "../../../js/s3/client.js";
import { startRewritingProxy, USUAL_REWRITES } from "../../servers/rewriting-proxy.js";
import { startMoto } from "../../servers/s3.js";
import { record, runsIn } from "../conformance/builds.js";
import { Place, stopAll } from "./place.js";

/** @type {import("../../servers/s3.js").S3Server} */
let moto;
/** @type {Awaited<ReturnType<typeof startRewritingProxy>>} */
let proxy;
before(async () => {
  moto = await startMoto();
  proxy = await startRewritingProxy(moto);
});
beforeEach(() => proxy.become(USUAL_REWRITES, { etags: "drop" }));
after(() => stopAll([proxy, moto]));

const QUICK = { sleep: async () => {}, random: () => 0 };
const MISSING = /** @type {const} */ ({ code: "S3_ETAG_MISSING", type: "storage", retryable: false });

/** A place with one build. */
async function stored() {
  const place = new Place(proxy, { direct: moto });
  const direct = new Place(moto);
  Object.assign(direct, { key: place.key, config: { ...direct.config, s3Key: place.key } });
  const storage = await direct.open({}, QUICK);
  record(storage.getRepository(), 1);
  await storage.close();
  return { place, direct };
}

test("a history is read, and not opened for writing; it stays byte for byte", async () => {
  const { place, direct } = await stored();
  const before = await direct.content();
  const reader = await place.open({ readonly: true }, QUICK);
  assert.deepEqual(runsIn(reader.getRepository()), ["w/1"]);
  reader.cleanup();
  await assert.rejects(place.open({}, QUICK), (/** @type {any} */ failure) => {
    assert.equal(failure.code, "S3_ETAG_MISSING");
    assert.match(failure.message, /the answers have no `ETag`/);
    assert.match(failure.hint, /`s3-endpoint` to the store itself/);
    return true;
  });
  const writes = proxy.seen.filter(({ method }) => method === "PUT");
  assert.deepEqual(writes, [], "nothing was tried");
  assert.deepEqual(await direct.content(), before);
  place.remove();
  direct.remove();
});

test("none is begun either", async () => {
  const place = new Place(proxy, { direct: moto });
  const run = async () => {
    const storage = await place.open({}, QUICK);
    record(storage.getRepository(), 1);
    await storage.close();
  };
  await assert.rejects(run, MISSING);
  assert.deepEqual(await place.names(), []);
  place.remove();
});

test("the client makes no write, part or copy under a condition that it does not know", async () => {
  const client = new S3Client({
    ...{ endpoint: proxy.endpoint, bucket: "bucket", credentials: moto.credentials },
    ...{ multipartThreshold: 6 << 20, partSize: 5 << 20 },
  });
  const key = `etags/${randomUUID()}`;
  await assert.rejects(client.put(key, Buffer.alloc(7 << 20)), MISSING);
  assert.deepEqual(await client.listUploads(key), []);
  proxy.seen.length = 0;
  for (const etag of ["", '""']) {
    await assert.rejects(client.put(key, Buffer.from("x"), { ifMatch: etag }), MISSING);
    await assert.rejects(client.copy(key, `${key}.bak`, { ifMatch: etag }), MISSING);
  }
  assert.deepEqual(proxy.seen, []);
  client.close();
});
