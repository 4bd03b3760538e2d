/** The models of stores that limit the writes of one key do what they say, in time that nobody waits for. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { S3Client } from "../../../js/s3/client.js";
import { startMoto } from "../../servers/s3.js";
import { ModelClock, startThrottled } from "../../servers/throttle-models.js";
import { stopAll } from "./place.js";

/** @type {import("../../servers/s3.js").S3Server} */
let moto;
before(async () => {
  moto = await startMoto();
});
after(() => stopAll([moto]));

/**
 * What becomes of writes of one key, each after so many milliseconds: whether it was taken.
 *
 * @param {import("../../servers/throttle-models.js").Throttle} model
 * @param {number[]} pauses
 */
async function taken(model, pauses) {
  const clock = new ModelClock();
  const proxy = await startThrottled(moto, model, clock);
  const { endpoint, credentials } = proxy;
  const client = new S3Client(
    { endpoint, credentials, bucket: "bucket", retryAttempts: 1 },
    { now: clock.now, sleep: clock.sleep },
  );
  const outcomes = [];
  for (const pause of pauses) {
    await clock.sleep(pause);
    const outcome = client.put(`limited-${model}`, Buffer.from("x")).then(
      () => true,
      (failure) => failure.code,
    );
    outcomes.push(await outcome);
  }
  client.close();
  await proxy.stop();
  return outcomes;
}

describe("a limited store", () => {
  const late = "S3_THROTTLED";

  test("takes one write of a key each second", async () => {
    for (const model of /** @type {const} */ (["strict", "slow-down"])) {
      assert.deepEqual(await taken(model, [0, 0, 999, 1, 1000, 500]), [true, late, late, true, true, late]);
    }
  });

  test("takes a burst and then one each second", async () => {
    const outcomes = await taken("burst", [0, 0, 0, 0, 0, 0, 1000, 0, 2000, 0, 0]);
    assert.deepEqual(outcomes, [true, true, true, true, true, late, true, late, true, true, late]);
  });

  test("takes one write of a key after the other, and no two at once", async () => {
    assert.deepEqual(await taken("underway", [0, 0, 0]), [true, true, true]);
    const proxy = await startThrottled(moto, "underway", new ModelClock());
    const { endpoint, credentials } = proxy;
    const client = new S3Client({ endpoint, credentials, bucket: "bucket", retryAttempts: 1 });
    /** @type {() => void} */
    let go = () => {};
    const released = new Promise((resolve) => {
      go = () => resolve(undefined);
    });
    const held = client.put("one", Buffer.alloc(1000), { hold: { reached() {}, released } });
    while (proxy.seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await assert.rejects(client.put("one", Buffer.from("x")), { code: late });
    await client.put("another", Buffer.from("x"));
    go();
    assert.equal((await held).status, "stored");
    await client.put("one", Buffer.from("x"));
    client.close();
    await proxy.stop();
  });
});
