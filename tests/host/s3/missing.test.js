/**
 * A history in S3 that is deleted, in buckets with versioning and without, with the right to list and without: no new
 * history starts where there was one, copies keep their bytes, and each remedy does what its message says. Against a
 * real server; the proxy takes rights away and shows habits that this server does not have.
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startFaultProxy } from "../../servers/fault-proxy.js";
import { startMoto } from "../../servers/s3.js";
import { record } from "../conformance/builds.js";
import { add, atPlace, Place, QUICK, stopAll } from "./place.js";

/** @import { Rule } from "../../servers/fault-proxy.js" */

/** @type {import("../../servers/s3.js").S3Server} */
let moto;
/** @type {Awaited<ReturnType<typeof startFaultProxy>>} */
let proxy;
before(async () => {
  moto = await startMoto({ buckets: ["bucket", "versioned"], versioned: ["versioned"] });
  proxy = await startFaultProxy(moto);
});
after(() => stopAll([proxy, moto]));

const HOUR = 3_600_000;

/** @param {Parameters<typeof atPlace>[1]} body @param {Parameters<typeof atPlace>[2]} [options] */
const at = (body, options) => () => atPlace({ proxy, direct: moto }, body, options);

/** The bytes of everything beside the history. @param {Place} place */
async function copies(place) {
  const names = (await place.names()).filter((name) => name !== "");
  const bytes = await Promise.all(
    names.map(async (name) => (await place.client.get(`${place.key}${name}`))?.bytes),
  );
  return Object.fromEntries(names.map((name, at) => [name, bytes[at]]));
}

/** @param {Omit<Rule, "fault">} rule @returns {Rule} */
const denied = (rule) => ({ fault: { kind: "answer", status: 403, code: "AccessDenied" }, ...rule });
const NO_LISTING = [denied({ method: "GET", url: /list-type=2|\?versions/ })];

/** @type {[string, string, Rule[], RegExp][]} */
const places = [
  ["a bucket without versioning", "bucket", [], /`[^`]*\.bak` of [\d-]+T[\d:]+Z shows that there was/],
  [
    "a bucket with versioning",
    "versioned",
    [],
    /\.bak` of .*, a delete marker of .*, an older version of .* show that/,
  ],
  ["a bucket without the right to list", "bucket", NO_LISTING, /\.bak` of .* shows that there was/],
  [
    "a versioned bucket without the right to list",
    "versioned",
    NO_LISTING,
    /\.bak` of .* shows that there was/,
  ],
];

for (const [name, bucket, rules, message] of places) {
  describe(`after the history was deleted in ${name}`, () => {
    test(
      "the next run ends with nothing changed and the remedies named, and so does a reader",
      at(
        async (place) => {
          await add(place, [1, 2, 3, 4, 5]);
          await place.client.delete(place.key);
          const before = await copies(place);
          proxy.script(rules);
          for (const readonly of [false, true]) {
            await assert.rejects(place.open({ readonly }, QUICK), (/** @type {any} */ failure) => {
              assert.equal(failure.code, "HISTORY_GONE", failure.message);
              assert.match(failure.message, message);
              assert.match(failure.hint, /Nothing was changed.*`on-missing`.*`restore`.*`begin`/);
              return true;
            });
          }
          proxy.script([]);
          assert.equal(await place.content(), null);
          assert.deepEqual(await copies(place), before);
        },
        { bucket },
      ),
    );

    test(
      "`restore` goes on from the newest good copy",
      at(
        async (place) => {
          await add(place, [1, 2, 3, 4, 5]);
          await place.client.delete(place.key);
          proxy.script(rules);
          const warnings = await add(place, [6], { onMissing: "restore" });
          proxy.script([]);
          assert.deepEqual(
            warnings.map(({ code }) => code),
            ["HISTORY_REPAIRED"],
          );
          const versioned = bucket === "versioned" && rules.length === 0;
          const runs = [1, 2, 3, 4, ...(versioned ? [5] : []), 6].map((n) => `w/${n}`);
          assert.deepEqual(await place.runs(), runs);
        },
        { bucket },
      ),
    );

    test(
      "`begin` starts a new history and keeps the backup under another name",
      at(
        async (place) => {
          await add(place, [1, 2, 3, 4, 5]);
          const backup = (await copies(place))[".bak"];
          await place.client.delete(place.key);
          proxy.script(rules);
          const warnings = await add(place, [6], { onMissing: "begin" });
          await add(place, [7, 8]);
          proxy.script([]);
          assert.match(
            warnings[0].message,
            /a new history starts, the backup is kept as `.*\.gone-\d{8}T\d{6}Z`/,
          );
          assert.deepEqual(await place.runs(), ["w/6", "w/7", "w/8"]);
          const kept = Object.entries(await copies(place)).filter(([each]) => each.startsWith(".gone-"));
          assert.equal(kept.length, 1);
          assert.deepEqual(kept[0][1], backup);
        },
        { bucket },
      ),
    );
  });
}

describe("what is no sign of an earlier history", () => {
  test(
    "neighbors whose names begin alike",
    at(async (place) => {
      for (const name of ["-old", ".json", ".probe-abc", "x.bak", ".backup"]) {
        await place.client.put(`${place.key}${name}`, Buffer.from("{}"));
      }
      await add(place, [1]);
      assert.deepEqual(await place.runs(), ["w/1"]);
    }),
  );

  test(
    "builds that other first runs announce at this moment; after an hour they are one",
    at(async (place) => {
      proxy.become({ ignoresPreconditions: true });
      await add(place, [1]);
      await place.client.delete(place.key);
      await add(place, [2]);
      assert.deepEqual(await place.runs(), ["w/1", "w/2"], "what waited is folded in");
      await place.client.delete(place.key);
      await place.client.delete(`${place.key}.bak`);
      proxy.become({ ignoresPreconditions: true, skewMs: 2 * HOUR });
      await assert.rejects(add(place, [3]), {
        code: "HISTORY_GONE",
        message: /what waits to be added, below .*\.pending\/` shows/,
      });
      await add(place, [3], { onMissing: "restore" });
      proxy.become({ ignoresPreconditions: true });
      assert.deepEqual(await place.runs(), ["w/1", "w/2", "w/3"]);
    }),
  );

  test(
    "a store that does not know versions",
    at(async (place) => {
      proxy.script([
        { fault: { kind: "answer", status: 501, code: "NotImplemented" }, method: "GET", url: /\?versions/ },
      ]);
      await add(place, [1]);
      assert.deepEqual(await place.runs(), ["w/1"]);
    }),
  );
});

test(
  "a store in trouble is not asked again whether there was a history: the run ends",
  at(async (place) => {
    proxy.script([
      {
        fault: { kind: "answer", status: 503, code: "ServiceUnavailable" },
        method: "GET",
        url: /list-type=2/,
      },
    ]);
    await assert.rejects(add(place, [1]), { code: "S3_SERVER_ERROR" });
    proxy.script([]);
    assert.equal(await place.content(), null);
  }),
);

test(
  "a history that another run stores at this moment is read, not missed",
  at(async (place) => {
    const other = new Place(moto);
    await add(other, [1, 2]);
    const image = /** @type {Uint8Array} */ (await other.content());
    other.remove();
    await place.client.put(`${place.key}.bak`, image);
    await place.put(image);
    // The answer to the first read is from before.
    proxy.script([
      { fault: { kind: "answer", status: 404, code: "NoSuchKey" }, method: "GET", url: /\.db$/, times: 1 },
    ]);
    await add(place, [3]);
    assert.deepEqual(await place.runs(), ["w/1", "w/2", "w/3"]);
  }),
);

test(
  "a store that denies what it looks up is reported after three rounds",
  at(async (place) => {
    await add(place, [1, 2]);
    proxy.script([
      { fault: { kind: "answer", status: 404, code: "NoSuchKey" }, method: "GET", url: /\.db$/ },
    ]);
    // A GET of one byte confirms what HEAD says; here HEAD says that it is there.
    for (const readonly of [false, true]) {
      await assert.rejects(place.open({ readonly }, QUICK), { code: "STORAGE_INCONSISTENT" });
    }
  }),
);

test(
  "a backup is never replaced by a history with fewer builds, and costs no request to know",
  at(async (place) => {
    await add(place, [1, 2, 3, 4]);
    const backup = (await copies(place))[".bak"];
    proxy.script([]);
    const other = new Place(moto);
    await add(other, [7]);
    await place.put(/** @type {Uint8Array} */ (await other.content()));
    other.remove();
    const warnings = await add(place, [8]);
    assert.match(
      warnings.map(({ code, message }) => `${code} ${message}`).join("\n"),
      /BACKUP_KEPT.*\.bak` was kept: it holds 3 builds, and .* held only 1/,
    );
    assert.deepEqual((await copies(place))[".bak"], backup);
    await add(place, [9, 10, 11]);
    assert.notDeepEqual((await copies(place))[".bak"], backup, "as many are enough");
    proxy.script([]);
    await add(place, [12]);
    assert.deepEqual(
      proxy.seen.map(({ method }) => method),
      ["GET", "PUT", "PUT", "HEAD"],
    );
  }),
);

describe("what happens to a history while a run has it open", () => {
  /** A run that has loaded the history and recorded build `n`. @param {Place} place @param {number} n @param {Parameters<Place["open"]>[0]} [more] */
  const opened = async (place, n, more) => {
    const storage = await place.open(more, QUICK);
    record(storage.getRepository(), n);
    return storage;
  };

  test(
    "it is deleted after others have stored: it is stored again with a warning, and no backup is replaced by it",
    at(async (place) => {
      await add(place, [1, 2]);
      const storage = await opened(place, 3);
      await add(place, [4, 5, 6, 7]);
      const backup = (await copies(place))[".bak"];
      await place.client.delete(place.key);
      await storage.close();
      assert.match(storage.warnings.map(({ message }) => message).join(), /was deleted during this run/);
      assert.deepEqual(await place.runs(), ["w/1", "w/2", "w/3"]);
      const warnings = await add(place, [8]);
      assert.match(warnings.map(({ code }) => code).join(), /BACKUP_KEPT/);
      assert.deepEqual((await copies(place))[".bak"], backup);
    }),
  );

  for (const onCorrupt of /** @type {const} */ (["restore", "recreate"])) {
    test(
      `it is spoiled: what was loaded stays, whatever \`on-corrupt: ${onCorrupt}\` finds`,
      at(
        async (place) => {
          await add(place, [1, 2, 3]);
          const storage = await opened(place, 4, { onCorrupt });
          await place.put(Buffer.from("spoiled"));
          await storage.close();
          assert.deepEqual(await place.runs(), ["w/1", "w/2", "w/3", "w/4"]);
        },
        // This server copies whatever is there to the backup, whichever version was named.
        { bucket: "versioned" },
      ),
    );
  }

  test(
    "an older version is copied over it, with its notes: the backup is looked at before it is replaced",
    at(async (place) => {
      await add(place, [1, 2]);
      const old = await place.client.get(place.key);
      assert.ok(old);
      await add(place, [3, 4, 5]);
      const backup = (await copies(place))[".bak"];
      const metadata = { ...old.metadata };
      const [builds, mark] = (metadata["unentropy-backup"] ?? "").split(" ");
      metadata["unentropy-backup"] = `${builds} ${mark} ${Math.round((Date.now() - 5 * HOUR) / 1000)}`;
      await place.put(old.bytes, metadata);
      const warnings = await add(place, [6]);
      assert.match(warnings.map(({ code }) => code).join(), /BACKUP_KEPT/);
      assert.deepEqual((await copies(place))[".bak"], backup);
    }),
  );
});

test(
  "a key that may not list the bucket, and is refused what is missing, keeps backups without a warning",
  at(async (place) => {
    const missing = [denied({ method: "HEAD", url: /\.bak$/ }), denied({ method: "GET", url: /\.bak$/ })];
    proxy.script([...NO_LISTING, ...missing]);
    await add(place, [1]);
    assert.deepEqual(await add(place, [2]), []);
    proxy.script([]);
    assert.ok((await copies(place))[".bak"]);
  }),
);

test(
  "a run that was to begin again and stored nothing leaves a copy that is found",
  at(async (place) => {
    await add(place, [1, 2, 3]);
    await place.client.delete(place.key);
    (await place.open({ onMissing: "begin" }, QUICK)).cleanup();
    const warnings = await add(place, [4], { onMissing: "restore" });
    assert.match(warnings[0].message, /restored from `.*\.gone-\d{8}T\d{6}Z` with 2 builds/);
    assert.deepEqual(await place.runs(), ["w/1", "w/2", "w/4"]);
  }),
);

test(
  "a store in trouble does not make an older copy the history",
  at(
    async (place) => {
      await add(place, [1, 2, 3]);
      await place.client.delete(place.key);
      const trouble = { kind: /** @type {const} */ ("answer"), status: 503, code: "ServiceUnavailable" };
      proxy.script([{ fault: trouble, method: "GET", url: /versionId=/ }]);
      await assert.rejects(add(place, [4], { onMissing: "restore" }), { code: "S3_SERVER_ERROR" });
      proxy.script([]);
      assert.equal(await place.content(), null);
    },
    { bucket: "versioned" },
  ),
);

describe("a store that says that there is nothing and refuses to create something", () => {
  const refuses = () =>
    proxy.script([
      { fault: { kind: "answer", status: 404, code: "NoSuchKey" }, method: "GET", url: /\.db$/ },
      { fault: { kind: "answer", status: 404 }, method: "HEAD", url: /\.db$/ },
      { fault: { kind: "answer", status: 412, code: "PreconditionFailed" }, method: "PUT", url: /\.db$/ },
    ]);

  test(
    "is reported as that after three rounds",
    at(async (place) => {
      refuses();
      await assert.rejects(add(place, [1]), {
        code: "STORAGE_CREATE_REFUSED",
        message: /the store says that there is none, and refuses to create one, 3 times in a row/,
        hint: /delete marker/,
      });
      assert.ok(proxy.seen.filter(({ method, url }) => method === "PUT" && /\.db$/.test(url)).length <= 3);
    }),
  );

  test(
    "and where it cannot be seen, `restore` ends after three rounds as well",
    at(async (place) => {
      await add(place, [1, 2, 3]);
      await place.client.delete(place.key);
      const copiesBefore = await copies(place);
      refuses();
      await assert.rejects(add(place, [4], { onMissing: "restore" }), {
        code: "STORAGE_CREATE_REFUSED",
        hint: /s3:ListBucketVersions/,
      });
      assert.ok(proxy.seen.filter(({ method, url }) => method === "PUT" && /\.db$/.test(url)).length <= 3);
      proxy.script([]);
      assert.deepEqual(await copies(place), copiesBefore);
    }),
  );
});

describe("a store that compares conditions with the version below a delete marker", () => {
  for (const [onMissing, expected] of /** @type {const} */ ([
    ["restore", ["w/1", "w/2", "w/3", "w/4"]],
    ["begin", ["w/4"]],
  ])) {
    test(
      `stores a history there again: \`${onMissing}\``,
      at(
        async (place) => {
          await add(place, [1, 2, 3]);
          await place.client.delete(place.key);
          proxy.become({ seesBelowMarkers: true });
          await assert.rejects(add(place, [4]), { code: "HISTORY_GONE" });
          await add(place, [4], { onMissing });
          assert.deepEqual(await place.runs(), expected);
          const newest = (await place.client.listVersions(place.key)).filter((each) => each.deleteMarker);
          assert.equal(newest.length, 1, "the delete marker stays where it was");
        },
        { bucket: "versioned" },
      ),
    );
  }

  test(
    "is reported where the key may not look at the versions",
    at(
      async (place) => {
        await add(place, [1, 2, 3]);
        await place.client.delete(place.key);
        proxy.become({ seesBelowMarkers: true });
        proxy.script(NO_LISTING);
        await assert.rejects(add(place, [4], { onMissing: "restore" }), { code: "STORAGE_CREATE_REFUSED" });
        assert.deepEqual(Object.keys(await copies(place)), [".bak"]);
      },
      { bucket: "versioned" },
    ),
  );
});
