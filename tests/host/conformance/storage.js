/**
 * What every kind of storage owes its callers, with the real engine, run against each of them. A place is made anew
 * for every case.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Storage } from "../../../js/storage/storage.js";
import { buildOf, record, runsIn, valuesIn } from "./builds.js";

/** @import { StorageProviderConfig } from "../../../js/storage/contract.js" */

/**
 * @typedef {object} StoragePlace
 * @property {StorageProviderConfig} config
 * @property {() => Promise<Uint8Array | null> | Uint8Array | null} content what is stored there now
 * @property {(bytes: Uint8Array) => Promise<void> | void} put stores bytes behind everybody's back
 * @property {() => import("../../../js/storage/factory.js").Surroundings} [surroundings] of each storage that is opened
 * @property {() => Promise<void> | void} [remove]
 */

/**
 * @param {string} name
 * @param {() => Promise<StoragePlace> | StoragePlace} makePlace empty
 * @param {{torn?: boolean}} [server] whether the server itself mixes the bytes of one writer with the metadata of
 *   another who writes at the same moment: then such writers are told of damage, and storing at once is not tested
 */
export function storageConformance(name, makePlace, { torn = false } = {}) {
  const together = torn ? { skip: "the server's own writes are not whole" } : {};
  /** @param {(place: StoragePlace & {open: (more?: object) => Promise<Storage>}) => Promise<void>} body */
  const at = (body) => async () => {
    const place = await makePlace();
    const open = async (more = {}) => {
      const storage = new Storage({ ...place.config, ...more }, place.surroundings?.());
      await storage.ready();
      return storage;
    };
    try {
      await body({ ...place, open });
    } finally {
      await place.remove?.();
    }
  };

  describe(`${name} as storage`, () => {
    test(
      "an empty place is an empty history, and closing it stores nothing",
      at(async ({ open, content }) => {
        const storage = await open();
        assert.equal(storage.existed, false);
        assert.equal(storage.size, null);
        assert.match(String(storage.location), /\S/);
        assert.equal(storage.getRepository().countBuilds(), 0);
        await storage.close();
        assert.equal(await content(), null);
      }),
    );

    test(
      "a recorded build is there when the history is opened again",
      at(async ({ open }) => {
        const first = await open();
        const id = record(first.getRepository(), 1);
        await first.close();
        const again = await open({ readonly: true });
        assert.equal(again.existed, true);
        assert.deepEqual(runsIn(again.getRepository()), ["w/1"]);
        assert.deepEqual(valuesIn(again.getRepository()), [1]);
        assert.equal(again.getRepository().queries.getMetricValuesByBuildId(id).length, 1);
        await again.close();
      }),
    );

    test(
      "recording a build twice equals recording it once",
      at(async ({ open }) => {
        const storage = await open();
        assert.equal(record(storage.getRepository(), 1), record(storage.getRepository(), 1));
        await storage.close();
        const again = await open();
        record(again.getRepository(), 1);
        await again.close();
        const reader = await open({ readonly: true });
        assert.deepEqual(valuesIn(reader.getRepository()), [1]);
        reader.cleanup();
      }),
    );

    test(
      "what was stored stays open, and more can be recorded and stored",
      at(async ({ open, content }) => {
        const storage = await open();
        record(storage.getRepository(), 1);
        await storage.persist();
        const stored = await content();
        assert.equal(storage.size, stored?.length);
        await storage.persist();
        assert.deepEqual(await content(), stored, "nothing new, nothing stored");
        record(storage.getRepository(), 2);
        await storage.close();
        const reader = await open({ readonly: true });
        assert.deepEqual(valuesIn(reader.getRepository()), [1, 2]);
        reader.cleanup();
      }),
    );

    test(
      "builds recorded at the same time from the same start are all kept",
      together,
      at(async ({ open }) => {
        const seed = await open();
        record(seed.getRepository(), 0);
        await seed.close();
        const [one, two, three] = await Promise.all([open(), open(), open()]);
        record(one.getRepository(), 1);
        record(two.getRepository(), 2);
        record(three.getRepository(), 3);
        record(three.getRepository(), 4);
        await one.close();
        await Promise.all([two.close(), three.close()]);
        const reader = await open({ readonly: true });
        assert.deepEqual(valuesIn(reader.getRepository()), [0, 1, 2, 3, 4]);
        reader.cleanup();
      }),
    );

    test(
      "first builds recorded at the same time are all kept",
      together,
      at(async ({ open }) => {
        const storages = await Promise.all(Array.from({ length: 6 }, () => open()));
        storages.forEach((storage, n) => {
          record(storage.getRepository(), n);
        });
        await Promise.all(storages.map((storage) => storage.close()));
        const reader = await open({ readonly: true });
        assert.deepEqual(valuesIn(reader.getRepository()), [0, 1, 2, 3, 4, 5]);
        reader.cleanup();
      }),
    );

    test(
      "what the caller changes after recording changes nothing",
      at(async ({ open }) => {
        const [one, two] = [await open(), await open()];
        const [context, metrics] = buildOf(1);
        one.getRepository().recordBuild(context, metrics);
        context.runId = "changed";
        metrics.length = 0;
        record(two.getRepository(), 2);
        await two.close();
        await one.close();
        const reader = await open({ readonly: true });
        assert.deepEqual(runsIn(reader.getRepository()), ["w/1", "w/2"]);
        assert.deepEqual(valuesIn(reader.getRepository()), [1, 2]);
        reader.cleanup();
      }),
    );

    test(
      "a read-only history takes no builds and is not touched",
      at(async ({ open, content }) => {
        const empty = await open({ readonly: true });
        assert.throws(() => record(empty.getRepository(), 1), { code: "STORAGE_READ_ONLY", type: "storage" });
        await empty.close();
        assert.equal(await content(), null);
      }),
    );

    test(
      "a build that the engine refuses is not stored and does not spoil the others",
      at(async ({ open }) => {
        const storage = await open();
        const [context] = buildOf(1);
        assert.throws(() => storage.getRepository().recordBuild({ ...context, timestamp: "yesterday" }, []), {
          code: "BUILD_INVALID",
        });
        record(storage.getRepository(), 2);
        await storage.close();
        const reader = await open({ readonly: true });
        assert.deepEqual(runsIn(reader.getRepository()), ["w/2"]);
        reader.cleanup();
      }),
    );

    test(
      "a damaged history is an error, is not taken for an absent one and stays as it is",
      at(async ({ open, put, content }) => {
        for (const damaged of [Buffer.from("this is no database ".repeat(300)), Buffer.from("short")]) {
          await put(damaged);
          await assert.rejects(open(), { type: "storage", code: "HISTORY_NOT_SQLITE" });
          assert.equal(Buffer.compare(/** @type {Uint8Array} */ (await content()), damaged), 0);
        }
      }),
    );

    test(
      "a history that is damaged while a build is recorded is not overwritten",
      at(async ({ open, put, content }) => {
        const storage = await open();
        record(storage.getRepository(), 1);
        const damaged = Buffer.from("this is no database ".repeat(300));
        await put(damaged);
        await assert.rejects(storage.close(), { code: "HISTORY_NOT_SQLITE" });
        assert.equal(Buffer.compare(/** @type {Uint8Array} */ (await content()), damaged), 0);
        assert.ok(storage.snapshot().length > 0, "the build can still be rescued");
        storage.cleanup();
      }),
    );

    test(
      "a snapshot is a history that another one can take in",
      at(async ({ open }) => {
        const one = await open();
        record(one.getRepository(), 1);
        const snapshot = one.snapshot();
        one.cleanup();
        const two = await open();
        record(two.getRepository(), 2);
        two.getRepository().merge(snapshot);
        await two.close();
        const reader = await open({ readonly: true });
        assert.deepEqual(valuesIn(reader.getRepository()), [1, 2]);
        reader.cleanup();
      }),
    );

    test(
      "letting go stores nothing and may be repeated; the history can be opened anew",
      at(async ({ open, content, config }) => {
        const storage = await open();
        record(storage.getRepository(), 1);
        storage.cleanup();
        storage.cleanup();
        await storage.close();
        assert.equal(await content(), null);
        for (const use of [() => storage.getRepository(), () => storage.snapshot()]) {
          assert.throws(use, { code: "STORAGE_NOT_READY" });
        }
        await assert.rejects(storage.persist(), { code: "STORAGE_NOT_READY" });
        assert.throws(() => new Storage(config).getRepository(), { code: "STORAGE_NOT_READY" });
        await storage.ready();
        assert.equal(storage.getRepository().countBuilds(), 0);
        await storage.ready();
        storage.cleanup();
      }),
    );
  });
}
