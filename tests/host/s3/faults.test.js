// What the client makes of bad days: each fault between it and a real server, with the code it is reported by,
// the number of attempts, and what is stored afterwards.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, afterEach, before, beforeEach, describe, mock, test } from "node:test";
import { S3Client } from "../../../js/s3/client.js";
import { startFaultProxy } from "../../servers/fault-proxy.js";
import { freePort } from "../../servers/process.js";
import { startMoto, startS3sFs } from "../../servers/s3.js";
import { failed } from "./failed.js";
import { outwait } from "./outwait.js";

/** @import { Rule } from "../../servers/fault-proxy.js" */

const MIB = 1024 * 1024;
const CONTENT = Buffer.alloc(300_000, "history ");
const SHA256 = createHash("sha256").update(CONTENT).digest("hex");
/** The limit of those clients that meet stalls, in mocked time. */
const STALL_MS = 400;
/** How much of an answer comes before a stall in its midst. */
const BEFORE_STALL = 1000;

/** @type {Awaited<ReturnType<typeof startS3sFs>>} */
let server;
/** @type {Awaited<ReturnType<typeof startFaultProxy>>} */
let proxy;
/** @type {S3Client} Straight to the server, to put things there and look. */
let direct;
/** @type {number[]} What was slept, in milliseconds. */
let slept = [];
/** @type {string[]} */
let logged = [];
/** @type {S3Client[]} */
const clients = [];

/**
 * @param {Partial<import("../../../js/s3/client.js").S3Parameters>} [parameters]
 * @param {import("../../../js/s3/client.js").Surroundings} [surroundings]
 */
function through(parameters = {}, surroundings = {}) {
  const client = new S3Client(
    {
      endpoint: proxy.endpoint,
      bucket: "bucket",
      credentials: proxy.credentials,
      multipartThreshold: 6 * MIB,
      partSize: 5 * MIB,
      ...parameters,
    },
    {
      sleep: async (ms) => {
        slept.push(ms);
      },
      random: () => 0.5,
      log: (message) => logged.push(message),
      ...surroundings,
    },
  );
  clients.push(client);
  return client;
}

before(async () => {
  server = await startS3sFs();
  proxy = await startFaultProxy(server);
  direct = new S3Client({ endpoint: server.endpoint, bucket: "bucket", credentials: server.credentials });
});

beforeEach(async () => {
  slept = [];
  logged = [];
  proxy.script([]);
  proxy.become({});
  await direct.put("history.db", CONTENT, { metadata: { sha256: SHA256 } });
});

afterEach(() => mock.timers.reset());

after(async () => {
  for (const client of [direct, ...clients]) client?.close();
  await proxy?.stop();
  await server?.stop();
});

/** Requests that have reached the proxy and stall. */
const stalled = () => proxy.seen.filter(({ fault }) => fault === "stall").length;

/** Faults that pass, with what is logged and what is reported when they do not. */
const PASSING = /** @type {[string, import("../../servers/fault-proxy.js").Fault, string][]} */ ([
  ["a reset before an answer", { kind: "reset" }, "S3_UNREACHABLE"],
  ["a reset within the answer", { kind: "reset", after: 1000 }, "S3_TRUNCATED"],
  ["a truncated answer", { kind: "truncate", after: 1000 }, "S3_TRUNCATED"],
  ["silence", { kind: "stall" }, "S3_TIMEOUT"],
  ["silence within the answer", { kind: "stall", after: BEFORE_STALL }, "S3_TIMEOUT"],
  ["a changed byte", { kind: "garble", at: 4321 }, "S3_CHECKSUM_MISMATCH"],
  ["another protocol", { kind: "nonsense" }, "S3_UNEXPECTED"],
  ["500", { kind: "answer", status: 500, code: "InternalError" }, "S3_SERVER_ERROR"],
  ["500 without a body", { kind: "answer", status: 500 }, "S3_SERVER_ERROR"],
  ["502 from a proxy", { kind: "answer", status: 502, body: "<html>bad gateway</html>" }, "S3_SERVER_ERROR"],
  ["503", { kind: "answer", status: 503, code: "ServiceUnavailable" }, "S3_SERVER_ERROR"],
  ["503 SlowDown", { kind: "answer", status: 503, code: "SlowDown" }, "S3_THROTTLED"],
  ["429", { kind: "answer", status: 429 }, "S3_THROTTLED"],
  ["400 RequestTimeout", { kind: "answer", status: 400, code: "RequestTimeout" }, "S3_TIMEOUT"],
]);

describe("a read", () => {
  for (const [what, fault, code] of PASSING) {
    test(`survives ${what} twice, and reports ${code} after the third time`, async () => {
      const client = through(fault.kind === "stall" ? { stallTimeoutMs: STALL_MS } : {});
      if (fault.kind === "stall") mock.timers.enable({ apis: ["setTimeout"] });
      /** Reads in mocked time: each stall passes when everything has come that comes. */
      const reading = () => {
        let cut = 0;
        const onProgress = (/** @type {number} */ done) => {
          if (done === BEFORE_STALL) cut += 1;
        };
        const outcome = client.get("history.db", { sha256Metadata: "sha256", onProgress });
        if (fault.kind !== "stall") return outcome;
        return outwait(outcome, () => (fault.after ? cut : stalled()), STALL_MS);
      };
      proxy.script([{ fault, times: 2 }]);
      const read = await reading();
      assert(read && CONTENT.equals(read.bytes));
      assert.equal(proxy.seen.length, 3);
      // Half of bounds that double: random is always one half here.
      assert.deepEqual(slept, [250, 500]);
      assert.equal(logged.length, 2);

      proxy.script([{ fault }]);
      const failure = await failed(reading());
      assert.equal(failure.code, code);
      assert.equal(failure.type, "storage");
      assert.equal(failure.retryable, true);
      assert.match(
        failure.message,
        /^could not read `history\.db` in bucket `bucket` at `127\.0\.0\.1:\d+`: .*\(3 attempts\)$/,
      );
      assert(failure.hint.endsWith("."));
      assert.equal(proxy.seen.length, 3);
    });
  }

  test("tries as often as it was told", async () => {
    for (const retryAttempts of [1, 5]) {
      proxy.script([{ fault: { kind: "answer", status: 500 } }]);
      await failed(through({ retryAttempts }).get("history.db"));
      assert.equal(proxy.seen.length, retryAttempts);
    }
  });

  test("has the tries of a reserve beyond its own, until all requests together have used them up", async () => {
    const client = through({ spareAttempts: 4 });
    for (const tries of [7, 3]) {
      proxy.script([{ fault: { kind: "answer", status: 500 } }]);
      assert.match((await failed(client.get("history.db"))).message, new RegExp(`\\(${tries} attempts\\)$`));
      assert.equal(proxy.seen.length, tries);
    }
    const lucky = through({ spareAttempts: 4 });
    proxy.script([{ fault: { kind: "reset" }, times: 5 }]);
    assert(CONTENT.equals((await lucky.get("history.db"))?.bytes ?? Buffer.alloc(0)));
  });

  test("is refused for haste where that was said once, whatever else goes wrong in the tries after it", async () => {
    proxy.script([
      { fault: { kind: "answer", status: 503, code: "SlowDown" }, times: 1 },
      { fault: { kind: "reset" } },
    ]);
    const failure = await failed(through({ retryAttempts: 3 }).put("history.db", CONTENT));
    assert.equal(failure.code, "S3_THROTTLED");
    proxy.script([{ fault: { kind: "reset" } }]);
    assert.equal((await failed(through({}).put("history.db", CONTENT))).code, "S3_UNREACHABLE");
  });

  test("gets a try of the reserve back for every four requests that are answered, and never more than it had", async () => {
    const client = through({ spareAttempts: 2 });
    const failing = async () => {
      proxy.script([{ fault: { kind: "answer", status: 500 } }]);
      await failed(client.get("history.db"));
      return proxy.seen.length;
    };
    const answered = async (/** @type {number} */ count) => {
      proxy.script([]);
      for (let n = 0; n < count; n++) await client.get("history.db");
    };
    await answered(20);
    assert.equal(await failing(), 5);
    await answered(3);
    assert.equal(await failing(), 3);
    await answered(1);
    assert.equal(await failing(), 4);
    await answered(8);
    assert.equal(await failing(), 5);
  });

  test("leaves the reserve alone where another try would take as long again, or nobody is there", async () => {
    proxy.script([{ fault: { kind: "stall" } }]);
    const impatient = through({ spareAttempts: 4, stallTimeoutMs: STALL_MS });
    mock.timers.enable({ apis: ["setTimeout"] });
    const late = await failed(outwait(impatient.get("history.db"), stalled, STALL_MS));
    assert.equal(late.code, "S3_TIMEOUT");
    assert.equal(proxy.seen.length, 3);
    mock.timers.reset();
    const nobody = through({ spareAttempts: 4, endpoint: `http://127.0.0.1:${await freePort()}` });
    assert.match((await failed(nobody.get("k"))).message, /\(3 attempts\)/);
  });

  test("waits as long as Retry-After says, and not at all where that is too long", async () => {
    const fault = (/** @type {string} */ seconds) =>
      /** @type {const} */ ({
        kind: "answer",
        status: 503,
        code: "SlowDown",
        headers: { "retry-after": seconds },
      });
    proxy.script([{ fault: fault("7"), times: 1 }]);
    assert(await through().get("history.db"));
    assert.deepEqual(slept, [7250]);
    proxy.script([{ fault: fault("3600") }]);
    const failure = await failed(through().get("history.db"));
    assert.equal(failure.code, "S3_THROTTLED");
    assert.match(failure.message, /asks to wait for 3600 s/);
    assert.equal(proxy.seen.length, 1);
  });

  test("is patient with a slow link that moves", async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    proxy.script([{ fault: { kind: "slow", bytesPerSecond: 200_000 } }]);
    // Ten pieces a second: each leaves when the one before it has come.
    const piece = 20_000;
    let received = 0;
    const reading = through({ stallTimeoutMs: STALL_MS }).get("history.db", {
      onProgress: (done) => {
        received = done;
      },
    });
    const read = await outwait(reading, () => Math.floor(received / piece), 100);
    assert(read && CONTENT.equals(read.bytes));
    assert(100 * (CONTENT.length / piece - 1) > STALL_MS * 2, "it took longer than a stall may");
    assert.equal(proxy.seen.length, 1);
  });

  test("is stopped while it waits for the next attempt", async () => {
    const abort = new AbortController();
    proxy.script([{ fault: { kind: "answer", status: 500 } }]);
    const client = through(
      {},
      {
        signal: abort.signal,
        sleep: () => {
          abort.abort();
          return new Promise(() => {});
        },
      },
    );
    assert.equal((await failed(client.get("history.db"))).code, "ABORTED");
    assert.equal(proxy.seen.length, 1);
  });
});

/** Answers that no further attempt can change. */
const FINAL = /** @type {[number, string, string, RegExp][]} */ ([
  [403, "InvalidAccessKeyId", "S3_AUTH_FAILED", /does not know the access key id/],
  [403, "SignatureDoesNotMatch", "S3_AUTH_FAILED", /the signature does not match/],
  [403, "InvalidToken", "S3_AUTH_FAILED", /the session token/],
  [400, "InvalidToken", "S3_AUTH_FAILED", /the session token/],
  [400, "ExpiredToken", "S3_AUTH_EXPIRED", /the credentials have expired/],
  [401, "Unauthorized", "S3_AUTH_FAILED", /does not accept the credentials/],
  [403, "AccessDenied", "S3_ACCESS_DENIED", /either the credentials may not read it, or it does not exist/],
  [403, "", "S3_ACCESS_DENIED", /either the credentials may not read it, or it does not exist/],
  [404, "NoSuchBucket", "S3_BUCKET_MISSING", /the bucket `bucket` does not exist/],
  [404, "", "S3_UNEXPECTED", /404 without saying that bucket or object is missing/],
  [404, "SomethingElse", "S3_UNEXPECTED", /404 without saying/],
  [403, "InvalidObjectState", "S3_OBJECT_ARCHIVED", /archived/],
  [400, "KMS.DisabledException", "S3_ENCRYPTION_REFUSED", /encryption/],
  [507, "XMinioStorageFull", "S3_QUOTA_EXCEEDED", /full/],
  [501, "NotImplemented", "S3_UNSUPPORTED", /does not support this operation/],
  [418, "", "S3_UNEXPECTED", /not understood/],
]);

describe("an answer that cannot heal", () => {
  for (const [status, code, expected, message] of FINAL) {
    test(`${status} ${code || "without a code"} is ${expected} at once`, async () => {
      const client = through();
      proxy.script([{ fault: { kind: "answer", status, code } }]);
      const failure = await failed(client.get("history.db"));
      assert.equal(failure.code, expected);
      assert.match(failure.message, message);
      assert.equal(failure.type, "storage");
      assert.equal(failure.retryable, false);
      assert(failure.hint.length > 0);
      assert.deepEqual(slept, []);
      // Nothing but the server's own word is absence, looked up no more than read.
      assert.equal((await failed(client.head("history.db"))).code, expected);
    });
  }

  test("a 404 page of something that is not S3 is not an absent object", async () => {
    proxy.script([{ fault: { kind: "answer", status: 404, body: "<html><h1>NoSuchKey</h1></html>" } }]);
    assert.equal((await failed(through().get("history.db"))).code, "S3_UNEXPECTED");
    assert.equal((await failed(through().head("history.db"))).code, "S3_UNEXPECTED");
  });

  test("an error document with a document type is not believed", async () => {
    const body = '<!DOCTYPE Error [<!ENTITY c "NoSuchKey">]><Error><Code>&c;</Code></Error>';
    proxy.script([{ fault: { kind: "answer", status: 404, body } }]);
    assert.equal((await failed(through().get("history.db"))).code, "S3_UNEXPECTED");
  });

  test("a listing that is none, or cannot go on, is not an empty one", async () => {
    for (const body of [
      "",
      "<html></html>",
      "<ListBucketResult><Contents>",
      "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
    ]) {
      proxy.script([{ fault: { kind: "answer", status: 200, body } }]);
      assert.equal((await failed(through().list(""))).code, "S3_UNEXPECTED", body);
    }
  });

  test("an answer without end is cut off", async () => {
    proxy.script([{ fault: { kind: "answer", status: 200, body: "x".repeat(9 * MIB) } }]);
    assert.equal((await failed(through().list(""))).code, "S3_TOO_LARGE");
  });

  test("an error behind a good status is an error", async () => {
    const body = "<Error><Code>InternalError</Code></Error>";
    proxy.script([{ method: "PUT", fault: { kind: "answer", status: 200, body } }]);
    assert.equal((await failed(through().copy("history.db", "copy"))).code, "S3_SERVER_ERROR");
    assert.equal(proxy.seen.length, 3);
  });

  test("an object that a proxy has compressed is not taken for the object", async () => {
    proxy.script([
      { fault: { kind: "answer", status: 200, body: "x", headers: { "content-encoding": "gzip" } } },
    ]);
    assert.equal((await failed(through().get("history.db"))).code, "S3_UNEXPECTED");
  });
});

describe("no server", () => {
  test("a port where nobody listens", async () => {
    const client = through({ endpoint: `http://127.0.0.1:${await freePort()}` });
    const failure = await failed(client.get("k"));
    assert.equal(failure.code, "S3_UNREACHABLE");
    assert.match(failure.message, /connection refused \(ECONNREFUSED\) \(3 attempts\)/);
    assert.equal(failure.retryable, true);
  });

  test("a name that does not exist", async () => {
    const failure = await failed(through({ endpoint: "https://no-such-host.invalid" }).get("k"));
    assert.equal(failure.code, "S3_UNREACHABLE");
    assert.match(failure.message, /`no-such-host\.invalid`: the name of the host cannot be resolved/);
  });

  test("https where the server speaks http is not tried again", async () => {
    const failure = await failed(through({ endpoint: proxy.endpoint.replace("http:", "https:") }).get("k"));
    assert.equal(failure.code, "S3_UNREACHABLE");
    assert.match(failure.message, /the server speaks plain HTTP on this port/);
    assert.equal(failure.retryable, false);
    assert.deepEqual(slept, []);
  });
});

describe("a write", () => {
  const bytes = Buffer.from("new");

  test("survives a connection that breaks while it is sent", async () => {
    const large = Buffer.alloc(3 * MIB, "y");
    proxy.script([{ fault: { kind: "reset-upload", after: 200_000 }, times: 2 }]);
    assert.equal((await through().put("upload", large)).status, "stored");
    assert(large.equals((await direct.get("upload"))?.bytes ?? Buffer.alloc(0)));
  });

  test("that arrives damaged is refused by the server and sent again", async () => {
    proxy.script([{ fault: { kind: "garble-upload" }, times: 1 }]);
    assert.equal((await through().put("upload-2", bytes)).status, "stored");
    assert.equal(proxy.seen.length, 2);
    assert(bytes.equals((await direct.get("upload-2"))?.bytes ?? Buffer.alloc(0)));
  });

  test("whose answer is lost finds its own object, and says conflict", async () => {
    proxy.script([{ method: "PUT", fault: { kind: "lose-answer" }, times: 1 }]);
    assert.deepEqual(await through().put("lost-1", bytes, { ifNoneMatch: true }), { status: "conflict" });
    assert(bytes.equals((await direct.get("lost-1"))?.bytes ?? Buffer.alloc(0)));

    const before = await direct.head("history.db");
    proxy.script([{ method: "PUT", fault: { kind: "lose-answer" }, times: 1 }]);
    const outcome = await through().put("history.db", bytes, { ifMatch: before?.etag });
    assert.deepEqual(outcome, { status: "conflict" });
    assert(bytes.equals((await direct.get("history.db"))?.bytes ?? Buffer.alloc(0)));
  });

  test("that is denied says so without speaking of absence", async () => {
    proxy.script([{ fault: { kind: "answer", status: 403, code: "AccessDenied" } }]);
    const failure = await failed(through().put("k", bytes));
    assert.equal(failure.code, "S3_ACCESS_DENIED");
    assert.doesNotMatch(failure.message, /does not exist/);
    assert.match(failure.hint, /s3:PutObject/);
  });

  test("in conflict with one that is not finished is a conflict", async () => {
    proxy.script([{ fault: { kind: "answer", status: 409, code: "ConditionalRequestConflict" } }]);
    assert.deepEqual(await through().put("k", bytes, { ifNoneMatch: true }), { status: "conflict" });
    proxy.script([{ fault: { kind: "answer", status: 409, code: "OperationAborted" }, times: 1 }]);
    assert.equal((await through().put("k-2", bytes, { ifNoneMatch: true })).status, "stored");
  });

  test("without a precondition takes no 412 for an answer", async () => {
    proxy.script([{ fault: { kind: "answer", status: 412, code: "PreconditionFailed" } }]);
    assert.equal((await failed(through().put("k", bytes))).code, "S3_UNEXPECTED");
  });
});

describe("a write in parts", () => {
  const large = Buffer.alloc(11 * MIB, "z");
  const metadata = { sha256: "of-this-write" };
  /** Uploads that the server still has. */
  const begun = () =>
    proxy.seen.filter(({ method, url }) => method === "POST" && /[?&]uploads/.test(url)).length;
  const aborted = () =>
    proxy.seen.filter(({ method, url }) => method === "DELETE" && /uploadId=/.test(url)).length;

  test("survives faults of parts", async () => {
    proxy.script([
      { method: "PUT", url: /partNumber=2/, fault: { kind: "reset" }, times: 1 },
      {
        method: "PUT",
        url: /partNumber=3/,
        fault: { kind: "answer", status: 503, code: "SlowDown" },
        times: 2,
      },
    ]);
    assert.equal((await through().put("parts", large)).status, "stored");
    assert(large.equals((await direct.get("parts"))?.bytes ?? Buffer.alloc(0)));
    assert.deepEqual([begun(), aborted()], [1, 0]);
  });

  test("that fails is aborted, and the old object stands", async () => {
    proxy.script([
      { method: "PUT", url: /partNumber=2/, fault: { kind: "answer", status: 403, code: "AccessDenied" } },
    ]);
    assert.equal((await failed(through().put("history.db", large))).code, "S3_ACCESS_DENIED");
    assert.deepEqual([begun(), aborted()], [1, 1]);
    assert(CONTENT.equals((await direct.get("history.db"))?.bytes ?? Buffer.alloc(0)));
  });

  test("that cannot even be aborted reports why it failed, not that", async () => {
    proxy.script([
      { method: "PUT", fault: { kind: "answer", status: 403, code: "AccessDenied" } },
      { method: "DELETE", fault: { kind: "answer", status: 500 } },
    ]);
    assert.equal((await failed(through().put("history.db", large))).code, "S3_ACCESS_DENIED");
    assert.match(logged.at(-1) ?? "", /could not abort the upload/);
  });

  test("whose completion is answered 200 with an error is completed again", async () => {
    const body = "\n \n<Error><Code>InternalError</Code></Error>";
    proxy.script([
      { method: "POST", url: /uploadId=/, fault: { kind: "answer", status: 200, body }, times: 1 },
    ]);
    assert.equal((await through().put("late-error", large)).status, "stored");
  });

  for (const times of [1, 3]) {
    test(`whose completion's answer is lost ${times} times is recognised by its metadata`, async () => {
      proxy.script([{ method: "POST", url: /uploadId=/, fault: { kind: "lose-answer" }, times }]);
      const key = `lost-parts-${times}`;
      const outcome = await through().put(key, large, { ifNoneMatch: true, metadata });
      const stored = await direct.head(key);
      assert(outcome.status === "stored" && outcome.etag === stored?.etag);
    });
  }

  test("whose completion fails is not taken for the object that was there", async () => {
    await direct.put("old-parts", large, { metadata: { sha256: "of-another-write" } });
    proxy.script([{ method: "POST", url: /uploadId=/, fault: { kind: "answer", status: 500 } }]);
    assert.equal((await failed(through().put("old-parts", large, { metadata }))).code, "S3_SERVER_ERROR");
    assert.equal(aborted(), 1);
  });
});

describe("one correction each", () => {
  for (const skewMs of [3_600_000, -3_600_000]) {
    test(`of a clock ${skewMs / 60_000} minutes off, which then stays corrected`, async () => {
      proxy.become({ skewMs });
      const client = through();
      assert(await client.get("history.db"));
      assert.equal(proxy.seen.length, 2);
      assert.equal((await client.put("skewed", CONTENT)).status, "stored");
      assert.equal(proxy.seen.length, 3);
      assert.deepEqual(slept, []);
    });
  }

  test("of a clock that is still refused afterwards: S3_CLOCK_SKEWED", async () => {
    const headers = { date: new Date(Date.now() + 7_200_000).toUTCString() };
    proxy.script([{ fault: { kind: "answer", status: 403, code: "RequestTimeTooSkewed", headers } }]);
    const failure = await failed(through().get("history.db"));
    assert.equal(failure.code, "S3_CLOCK_SKEWED");
    assert.match(failure.message, /are 2 hours apart|are 120 minutes apart|are 119 minutes apart/);
    assert.equal(proxy.seen.length, 2);
  });

  for (const told of /** @type {const} */ (["301", "400"])) {
    test(`of a region that a ${told} tells`, async () => {
      proxy.become({ region: { name: "mars-north-1", told } });
      const client = through();
      assert(await client.get("history.db"));
      assert.equal(proxy.seen.length, 2);
      assert.equal(client.region, "mars-north-1");
      assert(await client.get("history.db"));
      assert.equal(proxy.seen.length, 3);
      // A HEAD's 400 has no body to tell the region: the GET behind it learns it.
      const other = through();
      assert(await other.head("history.db"));
      assert.equal((await through().headBucket()).region, "mars-north-1");
    });
  }

  test("of a region that nobody tells: S3_REGION_WRONG", async () => {
    proxy.become({ region: { name: "mars-north-1", told: "silent" } });
    const failure = await failed(through().get("history.db"));
    assert.equal(failure.code, "S3_REGION_WRONG");
    assert.match(failure.message, /not in region `us-east-1`/);
    assert.match(failure.hint, /`s3-region`/);
  });

  test("of a region that then is another: S3_REGION_WRONG", async () => {
    proxy.script([
      { fault: { kind: "answer", status: 301, headers: { "x-amz-bucket-region": "venus-1" } }, times: 1 },
      { fault: { kind: "answer", status: 301, headers: { "x-amz-bucket-region": "venus-2" } } },
    ]);
    const failure = await failed(through().get("history.db"));
    assert.equal(failure.code, "S3_REGION_WRONG");
    assert.match(failure.message, /for region `venus-1`, the bucket is in `venus-2`/);
    assert.equal(proxy.seen.length, 2);
  });

  test("of the form of ETags, where a server wants them bare", async () => {
    proxy.become({ bareEtags: true });
    const client = through();
    const first = await client.put("bare", CONTENT, { ifNoneMatch: true });
    assert(first.status === "stored");
    const second = await client.put("bare", Buffer.from("2"), { ifMatch: first.etag });
    assert(second.status === "stored");
    assert.deepEqual(await client.put("bare", Buffer.from("3"), { ifMatch: first.etag }), {
      status: "conflict",
    });
    const before = proxy.seen.length;
    assert.equal((await client.put("bare", Buffer.from("4"), { ifMatch: second.etag })).status, "stored");
    assert.equal(proxy.seen.length, before + 1, "the form is remembered");
    assert.equal(Buffer.from((await direct.get("bare"))?.bytes ?? []).toString(), "4");
  });

  for (const status of /** @type {const} */ ([400, 501])) {
    test(`of checksum headers that a ${status} refuses, in one piece and in parts`, async () => {
      proxy.become({ refusesChecksums: status });
      const client = through();
      assert.equal((await client.put(`bare-sum-${status}`, CONTENT, { ifNoneMatch: true })).status, "stored");
      assert.equal((await client.put("bare-parts", Buffer.alloc(7 * MIB))).status, "stored");
      assert.equal((await through().put("bare-parts", Buffer.alloc(7 * MIB))).status, "stored");
    });
  }
});

describe("redirects", () => {
  test("inside the same place are followed and signed anew", async () => {
    await direct.put("elsewhere.db", Buffer.from("there"));
    const headers = { location: `${proxy.endpoint}/bucket/elsewhere.db` };
    proxy.script([{ fault: { kind: "answer", status: 307, headers }, times: 1 }]);
    assert.equal(Buffer.from((await through().get("history.db"))?.bytes ?? []).toString(), "there");
  });

  test("in a circle end", async () => {
    const headers = { location: `${proxy.endpoint}/bucket/elsewhere.db` };
    proxy.script([{ fault: { kind: "answer", status: 307, headers } }]);
    assert.equal((await failed(through().get("history.db"))).code, "S3_UNEXPECTED");
    assert.equal(proxy.seen.length, 3);
  });

  test("to another host never get the credentials", async () => {
    const other = await startFaultProxy(server);
    try {
      for (const status of [301, 302, 307, 308]) {
        const headers = { location: `${other.endpoint}/bucket/history.db` };
        proxy.script([{ fault: { kind: "answer", status, headers } }]);
        const failure = await failed(through().get("history.db"));
        assert.equal(failure.code, "S3_REDIRECTED");
        assert.match(failure.message, new RegExp(new URL(other.endpoint).host));
        assert.equal(failure.retryable, false);
      }
      assert.deepEqual(other.seen, []);
    } finally {
      await other.stop();
    }
  });
});

describe("servers without preconditions", () => {
  test("that refuse them: S3_PRECONDITION_UNSUPPORTED, and nothing is written", async () => {
    proxy.become({ refusesPreconditions: true });
    const client = through();
    const failure = await failed(client.put("unsupported", CONTENT, { ifNoneMatch: true }));
    assert.equal(failure.code, "S3_PRECONDITION_UNSUPPORTED");
    assert.equal(failure.retryable, false);
    assert.equal(await direct.get("unsupported"), null);
    assert.equal((await client.put("unsupported", CONTENT)).status, "stored");
  });

  test("that ignore them store, which only a probe can find out", async () => {
    proxy.become({ ignoresPreconditions: true });
    const client = through();
    assert.equal((await client.put("ignored", Buffer.from("1"), { ifNoneMatch: true })).status, "stored");
    assert.equal((await client.put("ignored", Buffer.from("2"), { ifNoneMatch: true })).status, "stored");
    const etag = '"00000000000000000000000000000000"';
    assert.equal((await client.put("ignored", Buffer.from("3"), { ifMatch: etag })).status, "stored");
  });

  test("on completions only: an object that changed before is not overwritten", async () => {
    const moto = await startMoto();
    const client = new S3Client({
      endpoint: moto.endpoint,
      bucket: "bucket",
      credentials: moto.credentials,
      multipartThreshold: 6 * MIB,
      partSize: 5 * MIB,
    });
    try {
      const first = await client.put("h", Buffer.from("1"));
      assert(first.status === "stored");
      await client.put("h", Buffer.from("2"));
      const outcome = await client.put("h", Buffer.alloc(7 * MIB), { ifMatch: first.etag });
      assert.deepEqual(outcome, { status: "conflict" });
    } finally {
      client.close();
      await moto.stop();
    }
  });
});

test("under random faults every answer is true: what is read is what was stored", async () => {
  /** @type {Rule[]} */
  const rules = [
    { fault: { kind: "reset" }, probability: 0.08 },
    { fault: { kind: "lose-answer" }, probability: 0.08 },
    { fault: { kind: "truncate", after: 10 }, probability: 0.08 },
    { fault: { kind: "garble" }, method: "GET", probability: 0.08 },
    { fault: { kind: "garble-upload" }, method: "PUT", probability: 0.08 },
    { fault: { kind: "answer", status: 503, code: "SlowDown" }, probability: 0.1 },
  ];
  for (const seed of [1, 2, 3]) {
    const stormy = await startFaultProxy(server, { seed, rules });
    const client = through({ endpoint: stormy.endpoint, retryAttempts: 15 });
    try {
      for (let round = 0; round < 25; round += 1) {
        const bytes = Buffer.from(`seed ${seed} round ${round} `.repeat(50));
        const sha256 = createHash("sha256").update(bytes).digest("hex");
        const current = await client.head("storm");
        const outcome = await client.put("storm", bytes, {
          metadata: { sha256 },
          ...(current ? { ifMatch: current.etag } : { ifNoneMatch: true }),
        });
        const read = await client.get("storm", { sha256Metadata: "sha256" });
        // The only writer's conflict is with itself: its write did arrive.
        assert(read && bytes.equals(read.bytes), `seed ${seed}, round ${round}: ${outcome.status}`);
      }
    } finally {
      await stormy.stop();
    }
  }
});
