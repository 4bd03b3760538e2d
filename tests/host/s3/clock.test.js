// How far a store's clock is ahead, from its answers: as arithmetic, and from real servers through the client and store.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { S3Client } from "../../../js/s3/client.js";
import { ServerClock } from "../../../js/s3/clock.js";
import { startRewritingProxy, USUAL_REWRITES } from "../../servers/rewriting-proxy.js";
import { startMoto } from "../../servers/s3.js";
import { Place, stopAll } from "./place.js";

describe("a server's clock", () => {
  test("is unknown before it was heard", () => assert.equal(new ServerClock().offsetMs, null));

  test("is the date half a second on, against the middle of the exchange", () => {
    const clock = new ServerClock();
    clock.heard(100_000, 40_100, 40_300);
    assert.equal(clock.offsetMs, 100_500 - 40_200);
  });

  test("is known the closer the more answers there are, whatever the seconds begin with", () => {
    // The server is exactly 5000.4 s behind; answers of 20 ms come at each tenth of a second.
    const clock = new ServerClock();
    for (let at = 9_000_000; at < 9_003_000; at += 100) {
      const date = Math.floor((at + 10 - 5_000_400) / 1000) * 1000;
      clock.heard(date, at, at + 20);
    }
    assert.ok(Math.abs((clock.offsetMs ?? 0) + 5_000_400) <= 70, String(clock.offsetMs));
  });

  test("that takes long to answer spoils nothing", () => {
    const clock = new ServerClock();
    clock.heard(10_000, 10_000, 10_100);
    const before = clock.offsetMs;
    clock.heard(40_000, 10_000, 50_000);
    assert.equal(clock.offsetMs, before);
  });

  test("that was set is believed", () => {
    const clock = new ServerClock();
    clock.heard(10_000, 10_000, 10_100);
    clock.heard(3_610_000, 10_200, 10_300);
    assert.equal(clock.offsetMs, 3_610_500 - 10_250);
  });

  test("is not heard across this machine's being set back", () => {
    const clock = new ServerClock();
    clock.heard(10_000, 10_000, 5000);
    assert.equal(clock.offsetMs, null);
  });
});

describe("a store", () => {
  /** @type {import("../../servers/s3.js").S3Server} */
  let moto;
  /** @type {Awaited<ReturnType<typeof startRewritingProxy>>} */
  let proxy;
  before(async () => {
    moto = await startMoto();
    proxy = await startRewritingProxy(moto);
  });
  after(() => stopAll([proxy, moto]));

  /** @param {number} behindMs how far this machine's clock is behind */
  const connect = (behindMs) =>
    new S3Client(
      { endpoint: proxy.endpoint, bucket: "bucket", credentials: moto.credentials },
      { now: () => Date.now() - behindMs, sleep: async () => {} },
    );

  for (const behindMs of [0, 120_000, -7_200_000]) {
    test(`tells that this machine is ${behindMs} ms behind`, async () => {
      proxy.become(USUAL_REWRITES);
      const client = connect(behindMs);
      const place = new Place(proxy, { direct: moto });
      const store = place.store({ client });
      assert.equal(store.clockOffsetMs(), null);
      await client.head("none").catch(() => {});
      assert.equal(store.clockOffsetMs(), client.clockOffsetMs);
      // A slow machine makes the bounds wider and not wrong; a second is what one answer leaves open.
      assert.ok(
        Math.abs((client.clockOffsetMs ?? Number.NaN) - behindMs) < 60_000,
        String(client.clockOffsetMs),
      );
      client.close();
      place.remove();
    });
  }

  test("tells nothing where no answer has a date", async () => {
    proxy.become(USUAL_REWRITES, { date: false });
    const client = connect(0);
    assert.equal(await client.get("none"), null);
    assert.equal(client.clockOffsetMs, null);
    client.close();
  });
});
