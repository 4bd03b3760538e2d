/**
 * What every blob store owes, run against each of them. A place is made anew for every case.
 */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

/** @import { BlobStore } from "../../../js/storage/contract.js" */

/**
 * @typedef {object} Place
 * @property {(options?: {readonly?: boolean}) => BlobStore} open another client of the same place
 * @property {() => Promise<string[]> | string[]} names everything that is in the place, to see that nothing is left
 *   behind
 * @property {() => Promise<void> | void} [remove]
 */

/**
 * @param {string} name
 * @param {() => Promise<Place> | Place} makePlace empty
 * @param {{exclusive?: boolean}} [server] false where the place cannot make a replacement depend on the version: then
 *   writers of the same moment are the journal's business, and are not tested here
 */
export function conformance(name, makePlace, { exclusive = true } = {}) {
  const together = exclusive ? {} : { skip: "the place cannot tell simultaneous writers apart" };
  /** @param {(place: Place) => Promise<void>} body */
  const at = (body) => async () => {
    const place = await makePlace();
    try {
      await body(place);
    } finally {
      await place.remove?.();
    }
  };

  /**
   * @param {BlobStore} store
   * @param {string | Uint8Array} content
   * @param {string | null} ifVersion
   * @returns {Promise<string>}
   */
  const stored = async (store, content, ifVersion) => {
    const outcome = await store.write(Buffer.from(content), ifVersion);
    assert.equal(outcome.status, "stored");
    return outcome.status === "stored" ? outcome.version : "";
  };

  /** @param {BlobStore} store */
  const text = async (store) => {
    const blob = await store.read();
    return blob && Buffer.from(blob.bytes).toString();
  };

  describe(`${name} as a blob store`, () => {
    test(
      "an empty place is absent, and asking leaves nothing there",
      at(async ({ open, names }) => {
        assert.equal(await open().read(), null);
        assert.deepEqual(await names(), []);
      }),
    );

    test(
      "what was stored is read back byte for byte with its version, by every client",
      at(async ({ open }) => {
        for (const bytes of [Buffer.from(Array.from({ length: 256 }, (_, i) => i)), randomBytes(5_000_001)]) {
          const before = await open().read();
          const version = await stored(open(), bytes, before?.version ?? null);
          const blob = await open().read();
          assert.ok(blob);
          assert.equal(Buffer.compare(blob.bytes, bytes), 0);
          assert.equal(blob.version, version);
        }
      }),
    );

    test(
      "the version changes with the content and only with it",
      at(async ({ open }) => {
        const store = open();
        const one = await stored(store, "one", null);
        assert.equal((await store.read())?.version, one);
        assert.equal((await store.read())?.version, one);
        assert.notEqual(await stored(store, "two", one), one);
      }),
    );

    test(
      "creating where something is already is a conflict and changes nothing",
      at(async ({ open }) => {
        await stored(open(), "first", null);
        assert.deepEqual(await open().write(Buffer.from("second"), null), { status: "conflict" });
        assert.equal(await text(open()), "first");
      }),
    );

    test(
      "replacing an older version is a conflict and changes nothing",
      at(async ({ open }) => {
        const old = await stored(open(), "one", null);
        await stored(open(), "two", old);
        assert.deepEqual(await open().write(Buffer.from("three"), old), { status: "conflict" });
        assert.equal(await text(open()), "two");
      }),
    );

    test(
      "replacing a version where nothing is any more is a conflict and creates nothing",
      at(async ({ open, names }) => {
        const other = await makePlace();
        const version = await stored(other.open(), "elsewhere", null);
        await other.remove?.();
        assert.deepEqual(await open().write(Buffer.from("two"), version), { status: "conflict" });
        assert.equal(await open().read(), null);
        assert.deepEqual(await names(), []);
      }),
    );

    test(
      "of many writers that saw the same version exactly one succeeds",
      together,
      at(async ({ open }) => {
        const version = await stored(open(), "base", null);
        const outcomes = await Promise.all(
          Array.from({ length: 8 }, (_, i) => open().write(Buffer.from(`writer ${i}`), version)),
        );
        const winners = outcomes.flatMap((outcome, i) => (outcome.status === "stored" ? [i] : []));
        assert.equal(winners.length, 1);
        assert.equal(await text(open()), `writer ${winners[0]}`);
      }),
    );

    test(
      "of many writers that saw nothing exactly one succeeds",
      together,
      at(async ({ open }) => {
        const outcomes = await Promise.all(
          Array.from({ length: 8 }, (_, i) => open().write(Buffer.from(`writer ${i}`), null)),
        );
        assert.equal(outcomes.filter(({ status }) => status === "stored").length, 1);
      }),
    );

    test(
      "writers that read again after a conflict lose nothing",
      together,
      at(async ({ open }) => {
        await Promise.all(
          Array.from({ length: 6 }, async (_, writer) => {
            const store = open();
            for (let n = 0; n < 4; n++) {
              for (;;) {
                const blob = await store.read();
                const before = blob ? Buffer.from(blob.bytes).toString() : "";
                const outcome = await store.write(
                  Buffer.from(`${before}${writer}.${n};`),
                  blob?.version ?? null,
                );
                if (outcome.status === "stored") break;
                await turn();
              }
            }
          }),
        );
        const lines = (await text(open()))?.split(";").filter(Boolean) ?? [];
        assert.equal(new Set(lines).size, 24);
        assert.equal(lines.length, 24);
      }),
    );

    test(
      "a reader sees whole contents only, whenever it reads",
      at(async ({ open }) => {
        let version = await stored(open(), Buffer.alloc(100_000, "a"), null);
        let writing = true;
        const reading = (async () => {
          let readings = 0;
          while (writing) {
            const blob = await open().read();
            assert.ok(blob, "never absent in between");
            assert.ok(blob.bytes.every((byte) => byte === blob.bytes[0]));
            assert.equal(blob.bytes.length % 100_000, 0);
            readings++;
            await turn();
          }
          return readings;
        })();
        for (const [index, letter] of [..."bcdefghij"].entries()) {
          version = await stored(open(), Buffer.alloc(100_000 * (1 + (index % 3)), letter), version);
          await turn();
        }
        writing = false;
        assert.ok((await reading) > 0);
      }),
    );

    test(
      "what was read belongs to the reader",
      at(async ({ open }) => {
        const store = open();
        const content = Buffer.from("mine");
        const outcome = await store.write(content, null);
        content.fill(0);
        (await store.read())?.bytes.fill(0);
        assert.equal(await text(store), "mine");
        assert.equal(outcome.status === "stored" && outcome.version, (await store.read())?.version);
      }),
    );

    test(
      "a read-only client reads and refuses to write",
      at(async ({ open, names }) => {
        const reader = open({ readonly: true });
        await assert.rejects(async () => reader.write(Buffer.from("x"), null), {
          code: "STORAGE_READ_ONLY",
          type: "storage",
        });
        assert.equal(await reader.read(), null);
        assert.deepEqual(await names(), []);
        const version = await stored(open(), "x", null);
        const before = await names();
        assert.equal(await text(reader), "x");
        await assert.rejects(async () => reader.write(Buffer.from("y"), version), {
          code: "STORAGE_READ_ONLY",
        });
        assert.deepEqual(await names(), before);
        assert.equal(await text(open()), "x");
      }),
    );

    test(
      "nothing but the history is left behind by storing it",
      at(async ({ open, names }) => {
        const store = open();
        const version = await stored(store, "one", null);
        const after = await names();
        await stored(store, "two", version);
        await store.write(Buffer.from("three"), version);
        assert.deepEqual(await names(), after);
      }),
    );

    test(
      "the place can be told to people",
      at(async ({ open }) => {
        assert.match(open().location, /\S/);
      }),
    );
  });
}
