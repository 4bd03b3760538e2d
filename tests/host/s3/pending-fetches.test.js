/**
 * Which pending objects are fetched: those whose builds the history does not hold with these values, and no others.
 * On a real server behind a proxy that ignores preconditions and counts.
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { marked, readMarks } from "../../../js/storage/marks.js";
import { PendingObjects } from "../../../js/storage/s3/pending.js";
import { startFaultProxy } from "../../servers/fault-proxy.js";
import { startMoto } from "../../servers/s3.js";
import { buildOf } from "../conformance/builds.js";
import { Place, stopAll } from "./place.js";

/** @import { RecordChange } from "../../../js/storage/change.js" */

/** @type {import("../../servers/s3.js").S3Server} */
let moto;
/** @type {Awaited<ReturnType<typeof startFaultProxy>>} */
let proxy;
before(async () => {
  moto = await startMoto();
  proxy = await startFaultProxy(moto, { character: { ignoresPreconditions: true } });
});
after(() => stopAll([proxy, moto]));

const QUICK = { sleep: async () => {}, random: () => 0 };

/**
 * A build as a run announces it.
 *
 * @param {number} n of the commit and the run
 * @param {Record<string, number | string>} values by metric
 * @param {number} [minute] when they were measured
 * @returns {RecordChange}
 */
function change(n, values, minute = 0) {
  const [context] = buildOf(n);
  const timestamp = new Date(Date.UTC(2026, 0, 1, 12) + minute * 60_000).toISOString();
  const metrics = Object.entries(values).map(([id, value]) => ({
    metric: /** @type {const} */ ({ id, type: typeof value === "number" ? "numeric" : "label" }),
    value,
  }));
  return { kind: "record", context: { ...context, timestamp }, metrics };
}

/** @param {Place} place @param {RecordChange[][]} objects each one announced by itself */
async function announce(place, objects) {
  const warn = (/** @type {Error} */ failure) => assert.fail(failure.message);
  const journal = new PendingObjects(place.client, place.key, { now: Date.now, random: Math.random, warn });
  for (const changes of objects) await journal.announce(changes);
}

/** A run with a build of its own. @param {Place} place @param {RecordChange} own */
async function run(place, own) {
  proxy.script([]);
  const storage = await place.open({}, QUICK);
  storage.getRepository().recordBuild(own.context, own.metrics);
  await storage.close();
  assert.deepEqual(storage.warnings, []);
  return fetched();
}

/** How many pending objects were fetched since they were last counted. */
function fetched() {
  const { length } = proxy.seen.filter(({ method, url }) => method === "GET" && url.includes(".pending/"));
  proxy.script([]);
  return length;
}

/** The values of a build, with how many objects were fetched for it. @param {Place} place @param {number} n */
async function read(place, n) {
  proxy.script([]);
  const storage = await place.open({ readonly: true }, QUICK);
  const count = fetched();
  const repository = storage.getRepository();
  const { runId } = change(n, {}).context;
  const build = repository.listBuilds().find((/** @type {any} */ each) => each.runId === runId);
  const found = build ? repository.queries.getMetricValuesByBuildId(build.id) : [];
  storage.cleanup();
  return {
    count,
    values: Object.fromEntries(found.map((/** @type {any} */ { metric, value }) => [metric.id, value])),
  };
}

/** @param {(place: Place) => Promise<void>} body */
const at = (body) => async () => {
  const place = new Place(proxy, { direct: moto });
  proxy.script([]);
  try {
    await body(place);
  } finally {
    place.remove();
  }
};

describe("pending objects that the history holds", () => {
  test(
    "are not fetched, neither by runs that read nor by those that record",
    at(async (place) => {
      await run(place, change(0, { loc: 1 }));
      await announce(
        place,
        Array.from({ length: 40 }, (_, n) => [change(n + 1, { loc: n, kind: `label ${n}`, ratio: n / 7 })]),
      );
      assert.equal(await run(place, change(41, { loc: 2 })), 40, "each of them once");
      assert.deepEqual(await read(place, 40), {
        count: 0,
        values: { loc: 39, kind: "label 39", ratio: 39 / 7 },
      });
      assert.equal(await run(place, change(42, { loc: 3 })), 0);
      assert.equal((await place.runs()).length, 43);
      // Old enough, they go without having been fetched.
      const store = place.store({ keepMs: -5_000 });
      await store.read();
      const journal = await store.journal("write");
      const listing = await journal?.list();
      assert.ok(journal && listing);
      await journal.discardHeld(listing, listing.entries);
      assert.equal(fetched(), 0);
      assert.deepEqual(
        (await place.names()).filter((name) => name.startsWith(".pending/")),
        [],
      );
    }),
  );

  test(
    "are told by all of their values together where there are many",
    at(async (place) => {
      const many = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`m${n}`, n]));
      place.key = "many.db";
      place.config.s3Key = place.key;
      await run(place, change(1, many));
      assert.equal((await read(place, 1)).count, 0);
      await announce(place, [[change(1, { ...many, m7: 8 }, 5)]]);
      assert.equal((await read(place, 1)).values.m7, 8);
    }),
  );

  test(
    "of several jobs of one run are told by the values that each brings",
    at(async (place) => {
      await run(place, change(1, { loc: 1 }));
      await announce(place, [[change(1, { size: 2 })], [change(1, { time: 3 })]]);
      assert.equal(
        await run(place, change(2, { loc: 1 })),
        3,
        "with the one of the run that was there first",
      );
      assert.deepEqual(await read(place, 1), { count: 0, values: { loc: 1, size: 2, time: 3 } });
    }),
  );
});

describe("pending objects with what the history does not hold", () => {
  test(
    "are applied where a run brings other values or further ones",
    at(async (place) => {
      await run(place, change(1, { loc: 1, size: 1 }));
      await announce(place, [[change(1, { loc: 2 }, 5)], [change(1, { loc: 2, time: 4 }, 5)]]);
      assert.deepEqual(await read(place, 1), { count: 3, values: { loc: 2, size: 1, time: 4 } });
      await run(place, change(2, { loc: 9 }));
      // What is outdated by now differs from what is held, and changes nothing; all of the build is looked at again.
      assert.deepEqual(await read(place, 1), { count: 3, values: { loc: 2, size: 1, time: 4 } });
    }),
  );

  test(
    "count in the order of their measurements, though one of them was held before another came",
    at(async (place) => {
      await run(place, change(1, { loc: 1 }, 1));
      await announce(place, [[change(1, { loc: 1 }, 3)], [change(1, { loc: 2 }, 2)]]);
      assert.equal((await read(place, 1)).values.loc, 1, "as where all are applied");
      await run(place, change(2, { loc: 9 }));
      assert.equal((await read(place, 1)).values.loc, 1);
    }),
  );

  test(
    "are fetched whatever their names are",
    at(async (place) => {
      await run(place, change(1, { loc: 1 }));
      const [context, metrics] = [change(7, {}).context, change(7, { loc: 7 }).metrics];
      const body = JSON.stringify({
        format: "unentropy-pending",
        version: 1,
        builds: [{ context: { ...context, attempt: 2 }, metrics }],
      });
      const names = ["old-lq1x0zjk0000000000.json", "w-lq1x0zjk0000000000.m1.nonsense.json", "by hand.json"];
      for (const name of names) {
        await place.client.put(`${place.key}.pending/${name}`, Buffer.from(body));
      }
      assert.deepEqual(await read(place, 7), { count: 3, values: { loc: 7 } });
    }),
  );

  test(
    "that go while they are fetched let a run begin again with the listing",
    at(async (place) => {
      await run(place, change(1, { loc: 1 }));
      await announce(place, [[change(2, { loc: 2 })]]);
      const storage = await place.open({}, QUICK);
      const { context, metrics } = change(3, { loc: 3 });
      storage.getRepository().recordBuild(context, metrics);
      await announce(place, [[change(4, { loc: 4 })]]);
      const gone = /** @type {const} */ ({ kind: "answer", status: 404, code: "NoSuchKey" });
      proxy.script([{ fault: gone, method: "GET", url: /\.pending\/.*\.json/, times: 1 }]);
      await storage.close();
      const lists = proxy.seen.filter(({ url }) => url.includes("list-type"));
      assert.equal(lists.length, 2);
      assert.equal((await place.runs()).length, 4);
    }),
  );
});

describe("marks", () => {
  test("tell builds and values, and are read as they were written", () => {
    const builds = [change(1, { loc: 1, kind: "a" }), change(2, { loc: -0 })];
    const text = marked(builds, "salt", 100);
    assert.match(text, /^[\w.-]+$/);
    const read = readMarks(text, "salt");
    assert.deepEqual(
      read?.builds.map(({ values, whole }) => [values.length, whole]),
      [
        [2, ""],
        [1, ""],
      ],
    );
    const one = (/** @type {number | string} */ value, salt = "salt") =>
      marked([change(2, { loc: value })], salt, 100);
    assert.equal(one(0), text.split(".")[1], "zero is stored for both");
    assert.notEqual(one(0, "other"), one(0));
    assert.notEqual(one("0"), one(0));
  });

  test("tell all values together where there is no room for each", () => {
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`m${n}`, n]));
    const text = marked([change(1, many)], "salt", 40);
    assert.equal(text.length, 31);
    assert.match(readMarks(text, "salt")?.builds[0].whole ?? "", /^[\w-]{11}$/);
    const backwards = Object.fromEntries(Object.entries(many).reverse());
    assert.equal(marked([change(1, backwards)], "salt", 40), text);
    assert.notEqual(marked([change(1, { ...many, m0: 1 })], "salt", 40), text);
  });

  test("are not made without room, or where the commit is none", () => {
    assert.equal(marked([change(1, { loc: 1 })], "salt", 25), "");
    const odd = change(1, { loc: 1 });
    odd.context.commitSha = "local";
    assert.equal(marked([odd], "salt", 100), "");
    for (const text of ["", ".", "short", `${"0".repeat(26)}x`]) assert.equal(readMarks(text, "salt"), null);
  });
});
