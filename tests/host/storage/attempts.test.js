/**
 * What a run records stands, whatever the clocks say: with the real engine, over a place whose writes depend on what it
 * holds and over one that keeps a journal of builds, also when runs overlap, repeat themselves and arrive late.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import * as engine from "../../../js/engine/engine.js";
import { LocalStore } from "../../../js/storage/local/local.js";
import { SqliteStorageProvider } from "../../../js/storage/read-record-write.js";
import { S3Store } from "../../../js/storage/s3/s3.js";
import { SimulatedBucket, SimulatedClient, World } from "../s3/simulated-store.js";

/** @import { MetricsRepository } from "../../../js/storage/repository.js" */

const top = mkdtempSync(join(tmpdir(), "unentropy-attempts-"));
after(() => rmSync(top, { recursive: true, force: true }));

const KEY = "history.db";
/** Milliseconds of virtual time. */
const KEEP = 60_000;

/**
 * Records values of one run of one commit.
 *
 * @param {MetricsRepository} repository
 * @param {Record<string, number>} values
 * @param {{seconds?: number, attempt?: number}} [facts] `seconds` that the clock is off
 */
const recordIn = (repository, values, { seconds = 0, attempt } = {}) =>
  repository.recordBuild(
    {
      commitSha: "c".repeat(40),
      branch: "main",
      runId: "7",
      runNumber: 7,
      timestamp: new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString(),
      attempt,
    },
    Object.entries(values).map(([id, value]) => ({ metric: { id, type: "numeric" }, value })),
  );

/** @param {MetricsRepository} repository @returns {Record<string, unknown>} */
function valuesOf(repository) {
  const [{ id }] = repository.listBuilds();
  return Object.fromEntries(
    repository.queries
      .getMetricValuesByBuildId(id)
      .map((/** @type {any} */ { metric, value }) => [metric.id, value]),
  );
}

/** A place in a file. */
function filePlace() {
  const path = join(mkdtempSync(join(top, "f-")), "history.db");
  return {
    /** @param {{readonly?: boolean}} [options] */
    open: (options) =>
      new SqliteStorageProvider(new LocalStore(path, { sleep: async () => {}, random: Math.random }), {
        engine,
        ...options,
      }),
    /** @template T @param {Promise<T>} work */
    run: (work) => work,
  };
}

/** A place on a server that ignores preconditions, in virtual time. @param {number} [seed] */
function journalPlace(seed = 1) {
  const world = new World(seed);
  const bucket = new SimulatedBucket(world);
  return {
    world,
    bucket,
    /** @param {{readonly?: boolean, travel?: () => number}} [options] */
    open: ({ travel = () => 10, ...options } = {}) => {
      const client = new SimulatedClient(world, bucket, travel);
      const now = () => world.now;
      const { random } = world;
      const store = new S3Store({
        client: /** @type {any} */ (client),
        key: KEY,
        now,
        random,
        keepMs: KEEP,
        freshMs: KEEP / 4,
      });
      const sleep = (/** @type {number} */ ms) => world.sleep(ms);
      return new SqliteStorageProvider(store, { engine, sleep, random, ...options });
    },
    /** @template T @param {Promise<T>} work @returns {Promise<T>} */
    run: async (work) => {
      await world.settle();
      return work;
    },
  };
}

/** What is stored, as a run sees it that only reads. @param {ReturnType<typeof filePlace>} place */
async function stored(place) {
  const provider = place.open({ readonly: true });
  const repository = await place.run(provider.initialize());
  try {
    return valuesOf(repository);
  } finally {
    provider.cleanup();
  }
}

/**
 * A whole run.
 *
 * @param {ReturnType<typeof filePlace>} place
 * @param {Parameters<typeof recordIn>[1]} values
 * @param {Parameters<typeof recordIn>[2]} [facts]
 */
async function recorded(place, values, facts) {
  const provider = place.open();
  const repository = await place.run(provider.initialize());
  recordIn(repository, values, facts);
  await place.run(provider.persist());
  const warnings = provider.warnings.map(({ code, message }) => ({ code, message }));
  provider.cleanup();
  return warnings;
}

for (const [name, newPlace] of /** @type {const} */ ([
  ["a file", filePlace],
  ["a journal", journalPlace],
])) {
  describe(`runs one after the other, over ${name}`, () => {
    test("the later one stands although its clock is behind", async () => {
      const place = newPlace();
      await recorded(place, { a: 1, b: 1 });
      assert.deepEqual(await recorded(place, { a: 2 }, { seconds: -10 }), []);
      assert.deepEqual(await stored(place), { a: 2, b: 1 });
      await recorded(place, { a: 3, b: 3 }, { seconds: -20 });
      await recorded(place, { a: 4 }, { seconds: -5 });
      assert.deepEqual(await stored(place), { a: 4, b: 3 });
    });

    test("the next attempt corrects a runner whose clock was a day ahead", async () => {
      const place = newPlace();
      await recorded(place, { a: 1 }, { seconds: 80_000, attempt: 1 });
      await recorded(place, { a: 2 }, { attempt: 2 });
      assert.deepEqual(await stored(place), { a: 2 });
    });

    test("an attempt that comes too late replaces nothing and is told so", async () => {
      const place = newPlace();
      await recorded(place, { a: 2 }, { attempt: 2 });
      const warnings = await recorded(place, { a: 1, b: 1, c: 1 }, { seconds: 60, attempt: 1 });
      assert.deepEqual(
        warnings.map(({ code }) => code),
        ["ATTEMPT_OUTDATED"],
      );
      assert.match(
        warnings[0].message,
        /^1 value was not recorded: this is attempt 1 of the run `7`.* attempt 2$/,
      );
      assert.deepEqual(await stored(place), { a: 2, b: 1, c: 1 });
    });

    test("what one session records twice is what it recorded last, also after a lost race", async () => {
      const place = newPlace();
      const provider = place.open();
      const repository = await place.run(provider.initialize());
      recordIn(repository, { a: 1, b: 1 });
      recordIn(repository, { a: 2 }, { seconds: -10 });
      await recorded(place, { a: 9, b: 9 }, { seconds: 5 });
      await place.run(provider.persist());
      assert.deepEqual(valuesOf(repository), { a: 2, b: 1 });
      provider.cleanup();
      assert.deepEqual(await stored(place), { a: 2, b: 1 });
    });
  });
}

test("a later attempt that was stored meanwhile is found when the race for the file is lost", async () => {
  const place = filePlace();
  const provider = place.open();
  const repository = await provider.initialize();
  recordIn(repository, { a: 1 }, { attempt: 1 });
  await provider.persist();
  await recorded(place, { a: 2 }, { attempt: 2, seconds: -10 });
  recordIn(repository, { a: 1 }, { attempt: 1 });
  await provider.persist();
  assert.deepEqual(
    provider.warnings.map(({ code }) => code),
    ["ATTEMPT_OUTDATED"],
  );
  provider.cleanup();
  assert.deepEqual(await stored(place), { a: 2 });
});

describe("a journal", () => {
  const pending = (/** @type {SimulatedBucket} */ bucket) =>
    [...bucket.objects.keys()].filter((key) => key.startsWith(`${KEY}.pending/`));

  test("what waits in it does not undo what was recorded over it, and goes when it is held", async () => {
    const place = journalPlace();
    await recorded(place, { a: 1 }, { seconds: 30 });
    await recorded(place, { a: 2 });
    for (let run = 0; run < 2; run++) {
      place.world.after(2 * KEEP, () => {});
      await place.world.settle();
      await recorded(place, { [`other-${run}`]: 1 });
      assert.equal((await stored(place)).a, 2);
    }
    assert.equal(pending(place.bucket).length, 1, "only the last run's own is left");
  });

  test("builds of programs that told no attempt are taken in", async () => {
    const place = journalPlace();
    await recorded(place, { a: 1 });
    const context = {
      commitSha: "d",
      branch: "main",
      runId: "8",
      runNumber: 8,
      timestamp: "2026-01-01T00:00:00Z",
    };
    const build = { context, metrics: [{ metric: { id: "a", type: "numeric" }, value: 8 }] };
    const text = JSON.stringify({ format: "unentropy-pending", version: 1, builds: [build] });
    place.bucket.store(`${KEY}.pending/old.json`, Buffer.from(text), {});
    const provider = place.open({ readonly: true });
    const repository = await place.run(provider.initialize());
    assert.deepEqual(
      repository.listBuilds().map(({ runId }) => runId),
      ["7", "8"],
    );
    assert.deepEqual(provider.warnings, []);
    provider.cleanup();
  });

  test("overlapping runs of one build come to one value in 30 schedules, and it stays", async () => {
    for (let seed = 1; seed <= 30; seed++) {
      const place = journalPlace(seed);
      const { world, bucket } = place;
      const { random } = world;
      const numbered = random() < 0.5;
      /** @type {unknown[]} */
      const failed = [];
      for (let n = 1; n <= 5; n++) {
        const facts = {
          seconds: Math.floor(random() * 100) - 50,
          ...(numbered && { attempt: 1 + Math.floor(random() * 2) }),
        };
        const travel = () => 20 + random() * 2_000;
        world.after(random() * 12_000, () => {
          const run = async () => {
            const provider = place.open({ travel });
            recordIn(await provider.initialize(), { a: n, [`own-${n}`]: n }, facts);
            await provider.persist();
            provider.cleanup();
          };
          run().catch((thrown) => failed.push(thrown));
        });
      }
      await world.settle();
      assert.deepEqual(failed, [], `schedule ${seed}`);
      const seen = [];
      for (let quiet = 0; quiet < 3; quiet++) {
        seen.push((await stored(place)).a);
        world.after(2 * KEEP, () => {});
        await world.settle();
        await recorded(place, { [`quiet-${quiet}`]: 1 });
      }
      assert.deepEqual(new Set(seen).size, 1, `schedule ${seed}: ${seen}`);
      const values = await stored(place);
      for (let n = 1; n <= 5; n++) assert.equal(values[`own-${n}`], n, `schedule ${seed}`);
      assert.equal(pending(bucket).length, 1, `schedule ${seed}: only the last run's own is left`);
    }
  });
});
