/**
 * A relay that takes a whole upload at once and passes it on slowly: how long the client waits for the answer, and how
 * it finds out whether a write arrived that got none. The client's clock is the test's.
 */

import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { after, afterEach, before, beforeEach, describe, mock, test } from "node:test";
import { S3Client } from "../../../js/s3/client.js";
import { startBufferingRelay } from "../../servers/buffering-relay.js";
import { startMoto } from "../../servers/s3.js";
import { failed } from "./failed.js";
import { stopAll } from "./place.js";

/** @import { RelayOptions } from "../../servers/buffering-relay.js" */

const MIB = 1 << 20;
/** The defaults: 30 seconds, and 5 for each MiB. */
const limitMs = (/** @type {number} */ size) => 30_000 + Math.ceil((5000 * size) / MIB);

/** @type {import("../../servers/s3.js").S3Server} */
let moto;
/** @type {Awaited<ReturnType<typeof startBufferingRelay>>} */
let relay;
/** @type {S3Client} */
let client;
/** @type {S3Client} */
let direct;

before(async () => {
  moto = await startMoto();
  relay = await startBufferingRelay(moto);
  const shared = { bucket: "bucket", credentials: moto.credentials };
  direct = new S3Client({ ...shared, endpoint: moto.endpoint });
  client = new S3Client(
    { ...shared, endpoint: relay.endpoint, multipartThreshold: 6 * MIB, partSize: 5 * MIB },
    { sleep: async () => {} },
  );
});
beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => {
  mock.timers.reset();
  relay.release();
});
after(async () => {
  client?.close();
  direct?.close();
  await stopAll([relay, moto]);
});

/** Lets everything happen that does not wait for time. @param {() => boolean} met */
async function until(met) {
  while (!met()) await new Promise((resolve) => setImmediate(resolve));
}

/**
 * A write of which the relay holds requests.
 *
 * @param {Uint8Array} bytes
 * @param {RelayOptions} habits
 * @param {import("../../../js/s3/client.js").PutOptions} [options]
 */
function held(bytes, habits, options = {}) {
  const key = `held/${randomUUID()}`;
  relay.become(habits);
  let sent = 0;
  const outcome = client.put(key, bytes, {
    metadata: { noted: "mine" },
    ...options,
    onProgress: (done) => {
      sent = done;
    },
  });
  outcome.catch(() => {});
  return {
    key,
    outcome,
    /** Resolves when the relay holds its nth request, all of which has left. @param {number} nth @param {number} [upTo] */
    waits: (nth, upTo = bytes.length) => until(() => relay.held.length === nth && sent >= upTo),
  };
}

describe("an answer that comes late", () => {
  for (const holding of /** @type {const} */ (["late", "slow"])) {
    test(`is waited for, the longer the more was sent (${holding})`, async () => {
      const bytes = randomBytes(4 * MIB);
      const write = held(bytes, { holding });
      await write.waits(1);
      mock.timers.tick(limitMs(bytes.length) - 1);
      relay.release();
      assert.equal((await write.outcome).status, "stored");
      assert.equal(relay.held.length, 1);
    });
  }

  test("is waited for in parts too, for each part by its size and for the completion by the whole", async () => {
    const bytes = randomBytes(11 * MIB);
    const write = held(bytes, { holding: "slow" });
    for (const part of [1, 2, 3]) {
      const size = Math.min(5 * MIB, bytes.length - (part - 1) * 5 * MIB);
      await write.waits(part, Math.min(part * 5 * MIB, bytes.length));
      mock.timers.tick(limitMs(size) - 1);
      relay.release();
    }
    await until(() => relay.held.length === 4);
    // Until the completion's own few bytes have left too.
    await relay.settled();
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    mock.timers.tick(limitMs(bytes.length) - 1);
    relay.release();
    assert.equal((await write.outcome).status, "stored");
    assert.equal((await direct.head(write.key))?.size, bytes.length);
  });
});

describe("an answer that never comes", () => {
  /** @param {ReturnType<typeof held>} write @param {number} size @param {number} from */
  const outwait = async (write, size, from = 0) => {
    for (const attempt of [1, 2, 3]) {
      await write.waits(from + attempt, size);
      await relay.settled();
      mock.timers.tick(limitMs(size));
    }
  };

  for (const condition of [{ ifNoneMatch: true }, {}]) {
    test(`of a write that arrived: one look finds it (${JSON.stringify(condition)})`, async () => {
      const bytes = randomBytes(MIB);
      const write = held(bytes, { holding: "unanswered" }, condition);
      await outwait(write, bytes.length);
      const outcome = await write.outcome;
      assert(outcome.status === "stored");
      assert.equal(outcome.etag, (await direct.head(write.key))?.etag);
      assert.equal(relay.held.length, 3);
    });
  }

  test("of a write over another that arrived", async () => {
    const key = `held/${randomUUID()}`;
    const first = await direct.put(key, Buffer.from("old"), { metadata: { noted: "old" } });
    assert(first.status === "stored");
    relay.become({ holding: "unanswered" });
    let sent = 0;
    const bytes = randomBytes(MIB);
    const outcome = client.put(key, bytes, {
      ifMatch: first.etag,
      metadata: { noted: "mine" },
      onProgress: (done) => {
        sent = done;
      },
    });
    for (const attempt of [1, 2, 3]) {
      await until(() => relay.held.length === attempt && sent === bytes.length);
      await relay.settled();
      mock.timers.tick(limitMs(bytes.length));
    }
    assert.equal((await outcome).status, "stored");
  });

  test("of a write that did not arrive: S3_TIMEOUT, which names the limit and the option", async () => {
    const bytes = randomBytes(2 * MIB);
    const write = held(bytes, { holding: "lost" });
    await outwait(write, bytes.length);
    const failure = await failed(write.outcome);
    assert.equal(failure.code, "S3_TIMEOUT");
    assert.match(failure.message, /nothing moved for 40 s after all 2097152 bytes were sent \(3 attempts\)$/);
    assert.match(failure.hint, /raise `s3-timeout`/);
    assert.equal(await direct.head(write.key), null);
  });

  test("is no success where the object is somebody else's", async () => {
    const bytes = randomBytes(MIB);
    const write = held(bytes, { holding: "lost" });
    await direct.put(write.key, bytes, { metadata: { noted: "theirs" } });
    await outwait(write, bytes.length);
    assert.equal((await failed(write.outcome)).code, "S3_TIMEOUT");
  });

  test("of a part that arrived: one look finds it", async () => {
    const bytes = randomBytes(7 * MIB);
    const write = held(bytes, { holding: "unanswered", holds: ({ url }) => url.includes("partNumber=1") });
    await outwait(write, 5 * MIB);
    assert.equal((await write.outcome).status, "stored");
    assert.equal(Buffer.compare((await direct.get(write.key))?.bytes ?? Buffer.alloc(0), bytes), 0);
  });

  test("of a part that did not arrive: S3_TIMEOUT, and the upload is aborted", async () => {
    const bytes = randomBytes(7 * MIB);
    const write = held(bytes, { holding: "lost", holds: ({ url }) => url.includes("partNumber=1") });
    await outwait(write, 5 * MIB);
    assert.equal((await failed(write.outcome)).code, "S3_TIMEOUT");
    assert.deepEqual(await direct.listUploads(write.key), []);
  });
});
