/**
 * What the S3 provider does about absence, denial, damage and doubt, against a real server, with a proxy for what
 * the server would not do by itself. After every failure the stored object is byte for byte what it was.
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startFaultProxy } from "../../servers/fault-proxy.js";
import { startRewritingProxy } from "../../servers/rewriting-proxy.js";
import { startMoto } from "../../servers/s3.js";
import { runsIn } from "../conformance/builds.js";
import { add, atPlace, Place, QUICK, stopAll } from "./place.js";

/** @import { Rule } from "../../servers/fault-proxy.js" */

/** @type {import("../../servers/s3.js").S3Server} */
let moto;
/** @type {Awaited<ReturnType<typeof startRewritingProxy>>} Every request passes it: what it rewrites must not matter. */
let front;
/** @type {Awaited<ReturnType<typeof startFaultProxy>>} */
let proxy;
before(async () => {
  moto = await startMoto({ buckets: ["bucket", "versioned"], versioned: ["versioned"] });
  front = await startRewritingProxy(moto);
  proxy = await startFaultProxy(front);
});
after(() => stopAll([proxy, front, moto]));

/** @param {Parameters<typeof atPlace>[1]} body @param {Parameters<typeof atPlace>[2]} [options] */
const at = (body, options) => () => atPlace({ proxy, direct: moto }, body, options);

/** @param {number} n @param {{method: string}[]} seen */
const requests = (n, seen) => assert.equal(seen.length, n, seen.map(({ method }) => method).join(" "));

describe("the cost of a run", () => {
  test(
    "once the server is known a run sends four requests, a reading one",
    at(async (place) => {
      await add(place, [1]);
      proxy.script([]);
      await add(place, [2]);
      assert.deepEqual(
        proxy.seen.map(({ method }) => method),
        ["GET", "PUT", "PUT", "HEAD"],
      );
      proxy.script([]);
      (await place.open({ readonly: true })).cleanup();
      requests(1, proxy.seen);
    }),
  );

  test(
    "what is known of a server does not go along when the object is copied to another place",
    at(async (place) => {
      await add(place, [1]);
      const other = new Place(moto, { bucket: "versioned" });
      const stored = await place.client.get(place.key);
      assert.match(
        stored?.metadata["unentropy-preconditions"] ?? "",
        /^honoured [0-9a-f]{16} \d{4}-\d\d-\d\d$/,
      );
      await other.put(/** @type {Uint8Array} */ (stored?.bytes), stored?.metadata);
      await add(other, [2]);
      const mark = (/** @type {any} */ object) => object.metadata["unentropy-preconditions"].split(" ")[1];
      assert.notEqual(mark(await other.client.get(other.key)), mark(stored));
      assert.deepEqual(await other.runs(), ["w/1", "w/2"]);
      other.remove();
    }),
  );

  for (const [character, verdict] of /** @type {const} */ ([
    [{}, "honoured"],
    [{ bareEtags: true }, "honoured"],
    [{ ignoresPreconditions: true }, "ignored"],
    [{ refusesPreconditions: true }, "refused"],
  ])) {
    test(
      `a server of character ${JSON.stringify(character)} is found out: ${verdict}`,
      at(async (place) => {
        proxy.become(character);
        await add(place, [1]);
        const stored = await place.client.get(place.key);
        assert.equal(stored?.metadata["unentropy-preconditions"].split(" ")[0], verdict);
        assert.deepEqual(
          (await place.names()).filter((name) => name.startsWith(".probe")),
          [],
        );
      }),
    );
  }
});

describe("what is stored", () => {
  test(
    "it has the type, digest and number of builds, and what it replaced is the backup",
    at(async (place) => {
      await add(place, [1]);
      const first = await place.content();
      await add(place, [2]);
      const head = await place.client.head(place.key);
      assert.equal(head?.metadata["unentropy-builds"], "2");
      assert.match(head?.metadata["unentropy-sha256"] ?? "", /^[0-9a-f]{64}$/);
      const sent = proxy.seen.find(
        ({ method, headers }) => method === "PUT" && headers["content-type"]?.includes("sqlite"),
      );
      assert.equal(sent?.headers["content-type"], "application/vnd.sqlite3");
      assert.deepEqual((await place.client.get(`${place.key}.bak`))?.bytes, first);
      assert.deepEqual(await place.names(), ["", ".bak"]);
    }),
  );

  test(
    "a write whose answer is lost is recognised and not made again",
    at(async (place) => {
      await add(place, [1]);
      proxy.script([{ fault: { kind: "lose-answer" }, method: "PUT", url: /\.db$/, times: 1 }]);
      await add(place, [2]);
      assert.deepEqual(await place.runs(), ["w/1", "w/2"]);
    }),
  );

  test(
    "a backup that may not be made is a warning and no obstacle",
    at(async (place) => {
      await add(place, [1]);
      proxy.script([denied({ method: "PUT", url: /\.bak$/ })]);
      const warnings = await add(place, [2]);
      assert.deepEqual(
        warnings.map(({ code }) => code),
        ["S3_BACKUP_FAILED"],
      );
      assert.deepEqual(await place.runs(), ["w/1", "w/2"]);
    }),
  );

  test(
    "server-side encryption is asked for with everything that is written",
    at(async (place) => {
      await add(place, [1, 2], { s3Sse: "AES256" });
      const writes = proxy.seen.filter(({ method }) => method === "PUT");
      assert.ok(writes.length > 3);
      for (const { headers } of writes) assert.equal(headers["x-amz-server-side-encryption"], "AES256");
    }),
  );
});

/** @param {Omit<Rule, "fault">} rule @returns {Rule} */
const denied = (rule) => ({ fault: { kind: "answer", status: 403, code: "AccessDenied" }, ...rule });

describe("a refused reading", () => {
  test(
    "of a missing history it is settled by a creation that fails where there is one",
    at(async (place) => {
      // Without the right to list, servers answer 403 for what is missing, and 200 for what is there.
      proxy.script([denied({ method: "GET", url: /\.db$/, times: 1 })]);
      await add(place, [1]);
      proxy.script([]);
      assert.deepEqual(await place.runs(), ["w/1"]);
    }),
  );

  test(
    "of an existing history it ends the run with the object untouched",
    at(async (place) => {
      await add(place, [1]);
      const before = await place.content();
      proxy.script([denied({ method: "GET", url: /\.db$/ }), denied({ method: "HEAD", url: /\.db$/ })]);
      await assert.rejects(add(place, [2]), {
        code: "S3_ACCESS_DENIED",
        message: /there is a history, and the key may not read it/,
        hint: /`s3:GetObject`.*Nothing was overwritten/,
      });
      assert.deepEqual(await place.content(), before);
    }),
  );

  for (const [name, character, readonly] of /** @type {const} */ ([
    ["by a reader", {}, true],
    ["where preconditions are ignored", { ignoresPreconditions: true }, false],
    ["where preconditions are refused", { refusesPreconditions: true }, false],
  ])) {
    test(
      `${name} it is an error with both readings and both remedies`,
      at(async (place) => {
        proxy.become(character);
        proxy.script([denied({ method: "GET", url: /\.db$/ }), denied({ method: "HEAD", url: /\.db$/ })]);
        await assert.rejects(place.open({ readonly }, QUICK), {
          code: "S3_ACCESS_DENIED",
          message: /either .*may not read it, or it does not exist/,
          hint: /`s3:GetObject`.*`s3:ListBucket`/,
        });
        assert.equal(await place.content(), null);
      }),
    );
  }
});

describe("a failure of any kind leaves the stored object as it is", () => {
  /** @type {[string, Rule["fault"], string][]} */
  const faults = [
    ["a reset connection", { kind: "reset" }, "S3_UNREACHABLE"],
    ["a cut answer", { kind: "truncate", after: 1000 }, "S3_TRUNCATED"],
    ["another protocol", { kind: "nonsense" }, "S3_UNEXPECTED"],
    ["an outage", { kind: "answer", status: 503, code: "ServiceUnavailable" }, "S3_SERVER_ERROR"],
    ["throttling", { kind: "answer", status: 503, code: "SlowDown" }, "S3_THROTTLED"],
    ["an unknown key id", { kind: "answer", status: 403, code: "InvalidAccessKeyId" }, "S3_AUTH_FAILED"],
    ["a wrong secret", { kind: "answer", status: 403, code: "SignatureDoesNotMatch" }, "S3_AUTH_FAILED"],
    ["expired credentials", { kind: "answer", status: 400, code: "ExpiredToken" }, "S3_AUTH_EXPIRED"],
    ["a missing bucket", { kind: "answer", status: 404, code: "NoSuchBucket" }, "S3_BUCKET_MISSING"],
    ["a 404 that says nothing", { kind: "answer", status: 404 }, "S3_UNEXPECTED"],
    ["a web page", { kind: "answer", status: 404, body: "<html>not here</html>" }, "S3_UNEXPECTED"],
    ["a byte that is another", { kind: "garble", at: 5000 }, "HISTORY_CORRUPT"],
  ];
  for (const [name, fault, code] of faults) {
    test(
      `reading meets ${name}: ${code}`,
      at(async (place) => {
        await add(place, [1]);
        const before = await place.content();
        proxy.script([{ fault, method: "GET", url: /\.db$/ }]);
        await assert.rejects(add(place, [2]), (/** @type {any} */ failure) => {
          assert.equal(failure.code, code);
          assert.equal(failure.type, "storage");
          assert.match(failure.hint, /\S/);
          const told = JSON.stringify([failure, failure.stack, failure.cause]);
          for (const secret of Object.values(moto.credentials)) assert.equal(told.includes(secret), false);
          return true;
        });
        proxy.script([]);
        assert.deepEqual(await place.content(), before);
        assert.deepEqual(await place.runs(), ["w/1"]);
      }),
    );
    // An accepted write's answer has no body that could be spoiled.
    if (fault.kind === "garble" || fault.kind === "truncate") continue;
    test(
      `writing meets ${name}`,
      at(async (place) => {
        await add(place, [1]);
        const before = await place.content();
        proxy.script([{ fault, method: "PUT", url: /\.db$/ }]);
        await assert.rejects(add(place, [2]), (/** @type {any} */ failure) => {
          assert.match(failure.code, /^S3_/);
          return true;
        });
        proxy.script([]);
        assert.deepEqual(await place.content(), before);
      }),
    );
  }
});

describe("a damaged history", () => {
  test(
    "is looked for more closely where no digest proves the bytes",
    at(async (place) => {
      await add(place, [1]);
      assert.equal((await place.store().read())?.proved, true);
      const bytes = await place.content();
      assert.ok(bytes);
      await place.put(bytes);
      assert.equal((await place.store().read())?.proved, false);
    }),
  );

  const damage = async (/** @type {Place} */ place) => {
    const stored = await place.client.get(place.key);
    assert.ok(stored);
    const bytes = stored.bytes.slice();
    bytes.fill(0x2a, 4096, 9000);
    await place.put(bytes, stored.metadata);
    return bytes;
  };

  test(
    "ends the run by default, untouched, with the choices told",
    at(async (place) => {
      await add(place, [1, 2]);
      const bytes = await damage(place);
      await assert.rejects(add(place, [3]), {
        code: "HISTORY_CORRUPT",
        hint: /Nothing was overwritten.*`restore`.*`recreate`/,
      });
      assert.deepEqual(await place.content(), Buffer.from(bytes));
      assert.deepEqual(await place.names(), ["", ".bak"]);
    }),
  );

  for (const bucket of ["bucket", "versioned"]) {
    test(
      `is restored in bucket \`${bucket}\`, kept, and never becomes the backup`,
      at(
        async (place) => {
          await add(place, [1, 2, 3]);
          const bytes = await damage(place);
          const warnings = await add(place, [4], { onCorrupt: "restore" });
          assert.equal(warnings.length, 1);
          assert.equal(warnings[0].code, "HISTORY_REPAIRED");
          // The backup lacks the last build before the damage; a version does not.
          const runs = bucket === "versioned" ? ["w/1", "w/2", "w/3", "w/4"] : ["w/1", "w/2", "w/4"];
          assert.deepEqual(await place.runs(), runs);
          const kept = (await place.names()).filter((name) => name.startsWith(".corrupt-"));
          assert.equal(kept.length, 1);
          assert.deepEqual((await place.client.get(`${place.key}${kept[0]}`))?.bytes, Buffer.from(bytes));
          assert.notDeepEqual((await place.client.get(`${place.key}.bak`))?.bytes, Buffer.from(bytes));
        },
        { bucket },
      ),
    );
  }

  test(
    "is begun anew where that is asked for, and kept",
    at(async (place) => {
      await add(place, [1, 2]);
      const bytes = await damage(place);
      const warnings = await add(place, [3], { onCorrupt: "recreate" });
      assert.equal(warnings[0].code, "HISTORY_REPAIRED");
      assert.deepEqual(await place.runs(), ["w/3"]);
      const kept = (await place.names()).find((name) => name.startsWith(".corrupt-"));
      assert.deepEqual((await place.client.get(`${place.key}${kept}`))?.bytes, Buffer.from(bytes));
      assert.notDeepEqual((await place.client.get(`${place.key}.bak`))?.bytes, Buffer.from(bytes));
    }),
  );

  test(
    "without a good copy it is not restored, and what was looked at is told",
    at(async (place) => {
      await place.put(Buffer.from("not a database"));
      await assert.rejects(add(place, [1], { onCorrupt: "restore" }), {
        code: "HISTORY_NOT_RESTORED",
        message: /older versions: there are none; .*\.bak`: there is none/,
      });
      assert.equal(Buffer.from((await place.content()) ?? []).toString(), "not a database");
    }),
  );

  test(
    "a reader that may restore shows the good copy and stores nothing",
    at(async (place) => {
      await add(place, [1, 2]);
      const bytes = await damage(place);
      const before = await place.names();
      const storage = await place.open({ readonly: true, onCorrupt: "restore" });
      assert.deepEqual(runsIn(storage.getRepository()), ["w/1"]);
      assert.equal(storage.warnings.length, 1);
      storage.cleanup();
      assert.deepEqual(await place.content(), Buffer.from(bytes));
      assert.deepEqual(await place.names(), before);
    }),
  );

  test(
    "an object that is nobody's history is left alone by every choice but the two",
    at(async (place) => {
      for (const content of ["", "{}", "PK\u0003\u0004"]) {
        await place.put(Buffer.from(content));
        await assert.rejects(add(place, [1]), { code: "HISTORY_NOT_SQLITE" });
        assert.equal(Buffer.from((await place.content()) ?? []).toString(), content);
      }
    }),
  );
});

describe("pending objects", () => {
  /** @param {Place} place @param {string} name @param {string | Uint8Array} content */
  const pend = (place, name, content) =>
    place.client.put(`${place.key}.pending/${name}`, Buffer.from(content), {
      contentType: "application/json",
    });
  const build = (/** @type {object} */ more = {}) => ({
    context: {
      commitSha: "c".repeat(40),
      branch: "main",
      runId: "waiting",
      runNumber: 1,
      eventName: null,
      timestamp: "2026-01-01T00:00:00Z",
      ...more,
    },
    metrics: [{ metric: { id: "loc", type: "numeric" }, value: 7 }],
  });
  const whole = (/** @type {object[]} */ ...builds) =>
    JSON.stringify({ format: "unentropy-pending", version: 1, builds });

  test(
    "what others left waiting is in the history that is stored next, and in what readers see at once",
    at(async (place) => {
      proxy.become({ ignoresPreconditions: true });
      await add(place, [1]);
      await pend(place, "waiting-1.json", whole(build()));
      assert.deepEqual(await place.runs(), ["w/1", "waiting"]);
      await add(place, [2]);
      assert.deepEqual(await place.runs(), ["w/1", "w/2", "waiting"]);
      const names = (await place.names()).filter((name) => name.startsWith(".pending/"));
      assert.equal(names.length, 3, "none is old enough to go");
    }),
  );

  test(
    "they go when the history that was read held them and they are old enough",
    at(async (place) => {
      proxy.become({ ignoresPreconditions: true });
      await add(place, [1, 2]);
      const store = place.store({ keepMs: -5_000 });
      assert.ok(await store.read());
      const journal = await store.journal("write");
      assert.ok(journal);
      const listing = await journal.list();
      assert.equal(listing.entries.length, 2);
      await journal.discardHeld(listing, listing.entries.slice(0, 1));
      assert.deepEqual(
        (await journal.list()).entries.map(({ name }) => name),
        [listing.entries[1].name],
      );
    }),
  );

  /** @type {[string, string, string, RegExp][]} */
  const broken = [
    ["no JSON", "a.json", "{", /not JSON/],
    ["no UTF-8", "b.json", "\u00ff\u00fe", /does not say that its format|not JSON/],
    ["another format", "c.json", "{}", /format is `unentropy-pending`/],
    ["null", "d.json", "null", /format/],
    [
      "a later version",
      "e.json",
      '{"format":"unentropy-pending","version":2,"builds":[]}',
      /found version 2, expected 1/,
    ],
    ["no builds", "f.json", whole(), /no builds/],
    [
      "builds of nothing",
      "g.json",
      '{"format":"unentropy-pending","version":1,"builds":[null]}',
      /no list of metrics/,
    ],
    [
      "no context",
      "h.json",
      '{"format":"unentropy-pending","version":1,"builds":[{"metrics":[]}]}',
      /build's context/,
    ],
    ["a wrong fact", "i.json", whole(build({ runNumber: -1 })), /run number|runNumber/],
    ["a time that is none", "l.json", whole({ ...build(), measuredAt: "later" }), /no whole number/],
    ["an attempt that is none", "m.json", whole(build({ attempt: -1 })), /run's attempt is -1/],
    [
      "a type that another build has otherwise",
      "j.json",
      whole({ ...build(), metrics: [{ metric: { id: "loc", type: "label" }, value: "x" }] }),
      /label/,
    ],
    ["an image that is none", "k.db", "PK", /SQLite/],
  ];
  for (const [name, file, content, message] of broken) {
    test(
      `one with ${name} is told, kept, and stops no other`,
      at(async (place) => {
        proxy.become({ ignoresPreconditions: true });
        await add(place, [1]);
        await pend(place, file, content);
        await pend(place, "z.json", whole(build()));
        const warnings = await add(place, [2]);
        assert.deepEqual(
          warnings.map(({ code }) => code),
          ["PENDING_SKIPPED"],
        );
        assert.match(warnings[0].message, message);
        assert.deepEqual(await place.runs(), ["w/1", "w/2", "waiting"]);
        assert.ok((await place.names()).includes(`.pending/${file}`));
      }),
    );
  }

  test(
    "they hold what a history keeps and nothing else of a run",
    at(async (place) => {
      proxy.become({ ignoresPreconditions: true });
      const storage = await place.open({}, QUICK);
      const facts = { ...build().context, actor: "somebody", repositoryUrl: "https://u:p@example.org" };
      storage.getRepository().recordBuild(facts, /** @type {any} */ (build().metrics));
      await storage.close();
      const name = (await place.names()).find((candidate) => candidate.startsWith(".pending/waiting-"));
      const object = await place.client.get(`${place.key}${name}`);
      assert.deepEqual(JSON.parse(Buffer.from(object?.bytes ?? []).toString()), {
        format: "unentropy-pending",
        version: 1,
        // And what tells others whose value is the later one.
        builds: [
          {
            ...build(),
            context: { ...build().context, attempt: 1 },
            measuredAt: Date.parse(String(build().context.timestamp)),
          },
        ],
      });
    }),
  );

  test(
    "a merge goes the same way",
    at(async (place) => {
      proxy.become({ ignoresPreconditions: true });
      const other = new Place(moto);
      await add(other, [5, 6]);
      const image = /** @type {Uint8Array} */ (await other.content());
      other.remove();
      await add(place, [1]);
      const storage = await place.open({}, QUICK);
      storage.getRepository().merge(image);
      await storage.close();
      assert.deepEqual(await place.runs(), ["w/1", "w/5", "w/6"]);
      assert.equal((await place.names()).filter((name) => /^\.pending\/merge-.*\.db$/.test(name)).length, 1);
    }),
  );

  test(
    "without the right to list, a server that ignores preconditions gets no history",
    at(async (place) => {
      proxy.become({ ignoresPreconditions: true });
      proxy.script([denied({ method: "GET", url: /list-type=2/ })]);
      await assert.rejects(add(place, [1]), { code: "S3_ACCESS_DENIED", hint: /`s3:ListBucket`/ });
      assert.equal(await place.content(), null);
    }),
  );
});
