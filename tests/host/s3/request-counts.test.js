/**
 * How many requests runs send, counted at a proxy before real servers: at most five once a server is known that keeps
 * preconditions, whatever the history's size, and at most twenty in the first run and in one that asks again. The parts
 * of an upload are no more than its size asks for and are left out; its beginning and completion count.
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startFaultProxy } from "../../servers/fault-proxy.js";
import { startMoto, startS3sFs } from "../../servers/s3.js";
import { countedRuns } from "./counted-runs.js";
import { stopAll } from "./place.js";

/** The most requests of a run that knows the server, and of one that has to ask it. */
const [STEADY, ASKING] = [5, 20];

/** @type {import("../../servers/s3.js").S3Server} */
let moto;
/** @type {import("../../servers/s3.js").S3Server} */
let s3s;
/** @type {Awaited<ReturnType<typeof startFaultProxy>>[]} */
let proxies;
before(async () => {
  [moto, s3s] = await Promise.all([startMoto(), startS3sFs()]);
  proxies = await Promise.all([startFaultProxy(moto), startFaultProxy(s3s)]);
});
after(() => stopAll([...proxies, moto, s3s]));

/**
 * @param {object} options
 * @param {number} [options.on] the proxy
 * @param {import("../../servers/fault-proxy.js").Character} [options.character]
 * @param {boolean} [options.large]
 * @param {number[]} options.days
 */
function runs({ on = 0, character = {}, ...options }) {
  proxies[on].become(character);
  return countedRuns({ proxy: proxies[on], direct: on === 0 ? moto : s3s, ...options });
}

/** @param {string[][]} requests */
const counts = (requests) => requests.map(({ length }) => length);

describe("a server that keeps preconditions", () => {
  test("gets four requests from a run that knows it, and at most twenty from one that asks", async () => {
    const { requests, verdict, builds } = await runs({ days: [0, 1, 8, 8] });
    assert.deepEqual([verdict, builds], ["honoured", 4]);
    const known = ["GET history", "PUT .bak", "PUT history", "HEAD history"];
    assert.deepEqual([requests[1], requests[3]], [known, known]);
    assert.ok(requests[0].length <= ASKING && requests[2].length <= ASKING, String(counts(requests)));
    assert.equal(requests[0].filter((name) => name.endsWith(".probe")).length, 15, requests[0].join(", "));
  });

  test("gets no more of them for a large history where it forgets conditions on completions", async () => {
    const { requests, builds } = await runs({ large: true, days: [0, 0, 0, 6, 8, 8, 8] });
    assert.equal(builds, 7);
    assert.ok(
      requests.every(({ length }) => length <= ASKING),
      String(counts(requests)),
    );
    // Asked for plain writes, then once for completions; a week later only for plain writes.
    assert.deepEqual(
      counts(requests).map((count) => count > STEADY),
      [true, true, false, false, true, false, false],
      String(counts(requests)),
    );
  });

  test("gets at most five besides the parts for one that is sent in parts", async () => {
    const { requests, builds } = await runs({
      character: { keepsOnCompletion: true },
      large: true,
      days: [0, 0, 0, 6, 8, 8, 8],
    });
    assert.equal(builds, 7);
    assert.deepEqual(requests[2], [
      "GET history",
      "PUT .bak",
      "POST upload",
      "POST completion",
      "HEAD history",
    ]);
    assert.ok(
      requests.every(({ length }) => length <= ASKING),
      String(counts(requests)),
    );
    assert.deepEqual(
      counts(requests).map((count) => count > STEADY),
      [true, true, false, false, true, true, false],
      String(counts(requests)),
    );
  });
});

for (const [name, options, expected] of /** @type {const} */ ([
  ["ignores preconditions", { character: { ignoresPreconditions: true } }, "ignored"],
  ["refuses preconditions", { character: { refusesPreconditions: true } }, "refused"],
  ["lets several writers of one moment through", { on: 1 }, "racy"],
])) {
  test(`a server that ${name} gets at most twenty from the first run, and is not asked again`, async (t) => {
    const { requests, verdict, builds } = await runs({ ...options, days: [0, 0, 30] });
    t.diagnostic(String(counts(requests)));
    assert.deepEqual([verdict, builds], [expected, 3]);
    assert.ok(requests[0].length <= ASKING, requests[0].join(", "));
    for (const [n, later] of requests.slice(1).entries()) {
      assert.ok(!later.some((one) => one.endsWith(".probe")), later.join(", "));
      // The second run asks whether there is a backup; it notes the answer for the later ones.
      assert.ok(later.length <= (n === 0 ? 11 : 9), later.join(", "));
    }
  });
}
