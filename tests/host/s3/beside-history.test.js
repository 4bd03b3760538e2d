/**
 * What is tried with small objects beside a history is told in words about the history: who has no right to write it
 * hears of its location and not of a key that nobody knows, and hears that something was left only if something was.
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Failure } from "../../../js/failure.js";
import { S3Client } from "../../../js/s3/client.js";
import { probeCompletions, probePreconditions } from "../../../js/storage/s3/preconditions.js";
import { startFaultProxy } from "../../servers/fault-proxy.js";
import { startMoto } from "../../servers/s3.js";
import { record } from "../conformance/builds.js";
import { Place, stopAll } from "./place.js";

/** @import { Rule } from "../../servers/fault-proxy.js" */

/** @type {import("../../servers/s3.js").S3Server} */
let moto;
/** @type {Awaited<ReturnType<typeof startFaultProxy>>} */
let proxy;
before(async () => {
  moto = await startMoto();
  proxy = await startFaultProxy(moto);
});
after(() => stopAll([proxy, moto]));

const QUICK = { sleep: async () => {}, random: () => 0 };
/** @param {Omit<Rule, "fault">} rule @returns {Rule} */
const denied = (rule) => ({ fault: { kind: "answer", status: 403, code: "AccessDenied" }, ...rule });

/**
 * A first run under these rules.
 *
 * @param {Rule[]} rules
 * @returns {Promise<{failure: Failure | null, warnings: readonly Failure[], place: Place}>}
 */
async function firstRun(rules) {
  const place = new Place(proxy, { direct: moto });
  proxy.become({});
  proxy.script(rules);
  const storage = await place.open({}, QUICK);
  record(storage.getRepository(), 1);
  const failure = await storage.persist().then(
    () => null,
    (thrown) => Failure.from(thrown),
  );
  const { warnings } = storage;
  storage.cleanup();
  proxy.script([]);
  return { failure, warnings, place };
}

describe("a first run", () => {
  test("that may not write says so of the history, and that nothing was left", async () => {
    const { failure, warnings, place } = await firstRun([denied({ method: "PUT" })]);
    const location = `s3://bucket/${place.key}`;
    assert.equal(failure?.code, "S3_ACCESS_DENIED");
    assert.ok(
      failure.message.startsWith(`could not write a small object beside \`${location}\` at \``),
      failure.message,
    );
    assert.match(failure.message, /access denied: the credentials do not have the right to do this/);
    assert.ok(failure.hint.includes(`\`${place.key}*\` in the bucket \`bucket\``), failure.hint);
    assert.doesNotMatch(JSON.stringify(failure), /\.probe-/);
    assert.deepEqual(warnings, []);
    assert.deepEqual(await place.names(), []);
    place.remove();
  });

  test("that may write and not delete succeeds and names what it left, and the history", async () => {
    const { failure, warnings, place } = await firstRun([denied({ method: "DELETE" })]);
    assert.equal(failure, null);
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ["S3_PROBE_LEFT"],
    );
    const left = (await place.names()).filter((name) => name.startsWith(".probe-"));
    assert.equal(left.length, 1);
    for (const name of left) assert.ok(warnings[0].message.includes(`\`${place.key}${name}\``));
    assert.ok(warnings[0].message.includes(`s3://bucket/${place.key}`));
    assert.match(warnings[0].hint, /^Grant `s3:DeleteObject` on `.*\.db\*`/);
    place.remove();
  });

  test("whose writes are lost on their way leaves nothing behind, and says so of nothing", async () => {
    const { failure, warnings, place } = await firstRun([
      { fault: { kind: "lose-answer" }, method: "PUT", url: /\.probe-/, times: 4 },
    ]);
    assert.equal(failure, null);
    assert.deepEqual(warnings, []);
    assert.deepEqual(
      (await place.names()).filter((name) => name.startsWith(".probe-")),
      [],
    );
    place.remove();
  });
});

for (const [name, probe] of /** @type {const} */ ([
  ["plain writes", probePreconditions],
  ["completions", probeCompletions],
])) {
  describe(`what fails while the server is asked about ${name}`, () => {
    const history = { key: "folder/h.db", location: "s3://bucket/folder/h.db" };
    /** @type {[string, Rule, string][]} */
    const troubles = [
      ["access denied", denied({ url: /probe/ }), "S3_ACCESS_DENIED"],
      [
        "a wrong secret",
        { fault: { kind: "answer", status: 403, code: "SignatureDoesNotMatch" } },
        "S3_AUTH_FAILED",
      ],
      [
        "a full store",
        { fault: { kind: "answer", status: 507, code: "StorageFull" }, url: /probe/ },
        "S3_QUOTA_EXCEEDED",
      ],
      [
        "a missing bucket",
        { fault: { kind: "answer", status: 404, code: "NoSuchBucket" } },
        "S3_BUCKET_MISSING",
      ],
    ];
    for (const [trouble, rule, code] of troubles) {
      test(`${trouble} names the history's location, with nothing left`, async () => {
        proxy.script([rule]);
        const { endpoint, credentials } = proxy;
        const client = new S3Client({ endpoint, credentials, bucket: "bucket" }, { sleep: async () => {} });
        /** @type {Failure[]} */
        const left = [];
        const warn = (/** @type {Failure} */ failure) => void left.push(failure);
        await assert.rejects(
          probe(client, `${history.key}.probe-1`, { sleep: async () => {}, warn, history }),
          (/** @type {any} */ failure) => {
            assert.equal(failure.code, code);
            assert.ok(failure.message.includes(`beside \`${history.location}\``), failure.message);
            assert.doesNotMatch(JSON.stringify(failure), /probe-/);
            return true;
          },
        );
        assert.deepEqual(left, []);
        client.close();
        proxy.script([]);
      });
    }
  });
}
