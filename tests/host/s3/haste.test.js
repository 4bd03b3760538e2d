/**
 * Histories in stores that limit how quickly one key may be written, such as Cloudflare R2: every run succeeds and
 * every build is there, whichever way the limit works. In time that nobody waits for.
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Storage } from "../../../js/storage/storage.js";
import { startMoto } from "../../servers/s3.js";
import { ModelClock, startThrottled, THROTTLES } from "../../servers/throttle-models.js";
import { record } from "../conformance/builds.js";
import { Place, stopAll } from "./place.js";
import { seeded } from "./simulated-store.js";

/** @import { Throttle } from "../../servers/throttle-models.js" */

const WEEK = 8 * 24 * 60 * 60 * 1000;

/** @type {import("../../servers/s3.js").S3Server} */
let moto;
before(async () => {
  moto = await startMoto();
});
after(() => stopAll([moto]));

const models = /** @type {Throttle[]} */ (Object.keys(THROTTLES));

/** A place behind a limit, with everything that its runs and its clock have in common. */
class LimitedPlace {
  clock = new ModelClock();
  random = seeded(1);

  /** @param {Awaited<ReturnType<typeof startThrottled>>} proxy */
  constructor(proxy, clock = new ModelClock()) {
    this.proxy = proxy;
    this.clock = clock;
    this.there = new Place(proxy, { direct: moto });
  }

  /** @param {Throttle} model @param {import("../../servers/fault-proxy.js").Character} [character] */
  static async open(model, character) {
    const clock = new ModelClock();
    return new LimitedPlace(await startThrottled(moto, model, clock, character), clock);
  }

  /**
   * A whole run.
   *
   * @param {number} n
   * @param {object} [more] of the configuration
   * @returns {Promise<readonly import("../../../js/failure.js").Failure[]>} its warnings
   */
  async run(n, more = {}) {
    const { now, sleep } = this.clock;
    const storage = new Storage({ ...this.there.config, ...more }, { now, sleep, random: this.random });
    await storage.ready();
    record(storage.getRepository(), n);
    await storage.close();
    return storage.warnings;
  }

  async verdict() {
    const head = await this.there.client.head(this.there.key);
    return head?.metadata["unentropy-preconditions"]?.split(" ")[0];
  }

  async stop() {
    this.there.remove();
    await this.proxy.stop();
  }
}

/** @param {number} builds */
const upTo = (builds) => Array.from({ length: builds }, (_, n) => `w/${n + 1}`).sort();
/** @param {readonly {code: string}[]} warnings */
const codes = (warnings) => warnings.map(({ code }) => code);

for (const model of models) {
  describe(`a store that limits writes: ${model}`, () => {
    test("a first run, the next, one a week later, and two that overlap succeed", async () => {
      const place = await LimitedPlace.open(model);
      assert.deepEqual(codes(await place.run(1)), []);
      assert.equal(await place.verdict(), "honoured");
      // Two more than elsewhere: what a refusal for haste leaves open is asked by itself.
      assert.ok(place.proxy.seen.length <= 22, `${place.proxy.seen.length} requests`);
      assert.deepEqual(codes(await place.run(2)), []);
      place.clock.pass(WEEK);
      assert.deepEqual(codes(await place.run(3)), []);
      assert.equal(await place.verdict(), "honoured");
      assert.deepEqual((await Promise.all([place.run(4), place.run(5)])).flatMap(codes), []);
      assert.deepEqual(await place.there.runs(), upTo(5));
      assert.deepEqual(await place.there.names(), ["", ".bak"]);
      await place.stop();
    });

    test("two first runs that overlap, and six runs, succeed", async () => {
      const place = await LimitedPlace.open(model);
      await Promise.all([place.run(1), place.run(2)]);
      await Promise.all([3, 4, 5, 6, 7, 8].map((n) => place.run(n)));
      assert.deepEqual(await place.there.runs(), upTo(8));
      await place.stop();
    });

    test("a server that ignores or refuses conditions is found out all the same", async () => {
      for (const [character, expected] of /** @type {const} */ ([
        [{ ignoresPreconditions: true }, "ignored"],
        [{ refusesPreconditions: true }, "refused"],
      ])) {
        const place = await LimitedPlace.open(model, character);
        await place.run(1);
        assert.equal(await place.verdict(), expected);
        await Promise.all([place.run(2), place.run(3)]);
        assert.deepEqual(await place.there.runs(), upTo(3));
        await place.stop();
      }
    });

    test("a merge and a restored history are stored", async () => {
      const place = await LimitedPlace.open(model);
      const other = await LimitedPlace.open(model);
      await other.run(5);
      const image = /** @type {Uint8Array} */ (await other.there.content());
      await other.stop();
      await place.run(1);
      const { now, sleep } = place.clock;
      const storage = new Storage(place.there.config, { now, sleep, random: place.random });
      await storage.ready();
      storage.getRepository().merge(image);
      await storage.persist();
      record(storage.getRepository(), 2);
      await storage.close();
      assert.deepEqual(await place.there.runs(), ["w/1", "w/2", "w/5"]);

      const stored = await place.there.client.get(place.there.key);
      assert.ok(stored);
      const bytes = stored.bytes.slice();
      bytes.fill(0x2a, 4096, 9000);
      await place.there.put(bytes, stored.metadata);
      assert.deepEqual(codes(await place.run(3, { onCorrupt: "restore" })), ["HISTORY_REPAIRED"]);
      assert.deepEqual(await place.there.runs(), ["w/1", "w/3", "w/5"]);
      await place.stop();
    });
  });
}

describe("a store that does not answer what it is asked", () => {
  /** Too much to do: nearly all that is written beside the history is refused. @type {import("../../servers/fault-proxy.js").Rule} */
  const busy = {
    fault: { kind: "answer", status: 503, code: "SlowDown" },
    method: "PUT",
    url: /\.probe-/,
  };

  test("gets its builds by way of the journal, and is asked again a day later", async () => {
    const place = await LimitedPlace.open("strict");
    place.proxy.script([busy]);
    assert.deepEqual(codes(await place.run(1)), []);
    assert.equal(await place.verdict(), "undecided");
    place.proxy.script([busy]);
    assert.deepEqual(codes(await place.run(2)), []);
    assert.equal(
      place.proxy.seen.filter(({ url }) => url.includes(".probe-")).length,
      0,
      "not on the same day",
    );
    place.clock.pass(WEEK / 4);
    place.proxy.script([]);
    assert.deepEqual(codes(await place.run(3)), []);
    assert.equal(await place.verdict(), "honoured");
    assert.deepEqual(await place.there.runs(), upTo(3));
    await place.stop();
  });

  for (const [name, rule] of /** @type {[string, import("../../servers/fault-proxy.js").Rule][]} */ ([
    ["breaks", { fault: { kind: "reset" }, url: /\.probe-/ }],
    ["fails", { fault: { kind: "answer", status: 500, code: "InternalError" }, url: /\.probe-/ }],
  ])) {
    test(`so it does where the connection or the server ${name} meanwhile`, async () => {
      const place = await LimitedPlace.open("underway");
      place.proxy.script([rule]);
      assert.deepEqual(
        codes(await place.run(1)).filter((code) => code !== "S3_PROBE_LEFT"),
        [],
      );
      assert.equal(await place.verdict(), "undecided");
      assert.deepEqual(await place.there.runs(), ["w/1"]);
      await place.stop();
    });
  }

  test("runs that could not ask lose nothing beside runs that could", async () => {
    const place = await LimitedPlace.open("underway");
    await place.run(1);
    // Their verdict is a week old, so that each asks; some are answered.
    place.clock.pass(WEEK);
    place.proxy.script([{ ...busy, probability: 0.5 }]);
    await Promise.all([2, 3, 4, 5, 6, 7].map((n) => place.run(n)));
    assert.deepEqual(await place.there.runs(), upTo(7));
    await place.stop();
  });

  test("a run that does not know finds out where conditions are refused", async () => {
    const place = await LimitedPlace.open("underway", { refusesPreconditions: true });
    place.proxy.script([busy]);
    await place.run(1);
    assert.equal(await place.verdict(), "refused");
    assert.deepEqual(await place.there.runs(), ["w/1"]);
    await place.stop();
  });
});
