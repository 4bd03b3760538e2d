// What servers answer: bodies, headers, listings, whole conversations, and what users write to name a server.

import assert from "node:assert/strict";
import net from "node:net";
import { Failure } from "../../../../js/failure.js";
import { retryAfter } from "../../../../js/http/retry.js";
import { Address } from "../../../../js/s3/address.js";
import { bare, etagOf, isConflict, parsed, problemIn, timeOf } from "../../../../js/s3/answers.js";
import { S3Client } from "../../../../js/s3/client.js";
import { ServerClock } from "../../../../js/s3/clock.js";
import { failureOfAnswer } from "../../../../js/s3/errors.js";
import { objectFacts, sizeOf, wholeChecksum } from "../../../../js/s3/facts.js";
import * as listings from "../../../../js/s3/listings.js";
import { s3Parameters } from "../../../../js/s3/parameters.js";
import { AS_INPUTS } from "../../../../js/spelling.js";
import { decoded } from "../../../../js/storage/s3/pending.js";
import { altered, damaged } from "../random.js";
import { attempt, attempted, sound } from "../rules.js";

const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const KEY_ID = "AKIAIOSFODNN7EXAMPLE";
/** What any answer may end as. */
const TROUBLES = [
  "S3_ACCESS_DENIED", "S3_AUTH_EXPIRED", "S3_AUTH_FAILED", "S3_BUCKET_MISSING", "S3_CHECKSUM_MISMATCH", "S3_CLOCK_SKEWED",
  "S3_ENCRYPTION_REFUSED", "S3_ETAG_MISSING", "S3_OBJECT_ARCHIVED", "S3_OBJECT_MISSING", "S3_PARAMETERS_INVALID",
  "S3_PRECONDITION_UNSUPPORTED", "S3_QUOTA_EXCEEDED", "S3_REDIRECTED", "S3_REGION_WRONG", "S3_SERVER_ERROR", "S3_THROTTLED",
  "S3_TIMEOUT", "S3_TOO_LARGE", "S3_TRUNCATED", "S3_UNEXPECTED", "S3_UNREACHABLE", "S3_UNSUPPORTED", "S3_VERIFY_FAILED",
]; // biome-ignore format: a table

const BODIES = [
  `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>The key does not exist.</Message><Key>a&amp;b</Key><RequestId>1</RequestId></Error>`,
  `<Error xmlns="urn:a"><Code>AuthorizationHeaderMalformed</Code><Message>expecting 'eu-west-1'</Message><Region>eu-west-1</Region></Error>`,
  `<Error><Code>SignatureDoesNotMatch</Code><Message>${SECRET} ${KEY_ID}</Message></Error>`,
  `<Error><Code>SlowDown</Code></Error>`,
  `<Error><Code>RequestTimeTooSkewed</Code></Error>`,
  `<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t1</NextContinuationToken><Contents><Key>h.pending/1.json</Key><Size>12</Size><ETag>&quot;e&quot;</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents><Contents><Key>k</Key></Contents></ListBucketResult>`,
  `<ListVersionsResult><IsTruncated>false</IsTruncated><Version><Key>k</Key><VersionId>v</VersionId><IsLatest>true</IsLatest><Size>3</Size><LastModified>2026-01-01T00:00:00Z</LastModified></Version><DeleteMarker><Key>k</Key><VersionId>d</VersionId></DeleteMarker></ListVersionsResult>`,
  `<ListMultipartUploadsResult><IsTruncated>false</IsTruncated><Upload><Key>k</Key><UploadId>u</UploadId><Initiated>2026-01-01T00:00:00Z</Initiated></Upload></ListMultipartUploadsResult>`,
].map((text) => Buffer.from(text));
const XML_WORDS = [
  "<Error>",
  "</Error>",
  "<Code>",
  "</Code>",
  "<Message/>",
  "<Contents>",
  "</Contents>",
  "<Key>",
  "&#65;",
  "&#x0;",
  "&amp;",
  "&a;",
  "<!DOCTYPE a [<!ENTITY a 'a'>]>",
  "<![CDATA[a]]>",
  "<!-- -->",
  "<?a?>",
  "true",
  "<IsTruncated>true</IsTruncated>",
  "<__proto__>",
  "</__proto__>",
  "<constructor>1</constructor>",
];

const DATES = [
  "Sat, 28 Nov 2026 15:00:00 GMT",
  "Saturday, 28-Nov-26 15:00:00 GMT",
  "Sat Nov 28 15:00:00 2026",
  "Fri, 31 Dec 99999 23:59:59 GMT",
  "2026-11-28T15:00:00.000Z",
  "120",
  "0",
  "-1",
  "99999999999",
];
const HEADERS = {
  date: DATES[0],
  "retry-after": "3",
  etag: '"9bb58f26192e4ba00f01e2e7b136bbd8-2"',
  "content-length": "10",
  "content-encoding": "",
  "last-modified": DATES[0],
  "x-amz-version-id": "v",
  "x-amz-meta-sha256": "aa",
  "x-amz-checksum-sha256": "abc=",
  "x-amz-checksum-type": "FULL_OBJECT",
  "x-amz-bucket-region": "eu-west-1",
};

/** The pieces of a conversation, sound ones. */
const ANSWERS = [
  `HTTP/1.1 200 OK\r\nDate: ${DATES[0]}\r\nETag: "e"\r\nContent-Length: 5\r\n\r\nhello`,
  `HTTP/1.1 404 Not Found\r\nContent-Type: application/xml\r\nContent-Length: ${BODIES[0].length}\r\n\r\n${BODIES[0]}`,
  `HTTP/1.1 503 Slow Down\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n`,
  `HTTP/1.1 400 Bad Request\r\nContent-Length: ${BODIES[1].length}\r\n\r\n${BODIES[1]}`,
  `HTTP/1.1 403 Forbidden\r\nDate: ${DATES[3]}\r\nContent-Length: ${BODIES[2].length}\r\n\r\n${BODIES[2]}`,
  `HTTP/1.1 301 Moved\r\nLocation: https://elsewhere.invalid/\r\nx-amz-bucket-region: eu-west-1\r\nContent-Length: 0\r\n\r\n`,
  `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nETag: W/"e"\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nETag: "e-gzip"\r\nContent-Length: 5\r\n\r\nhello`,
  `HTTP/1.1 200 OK\r\nDate: ${DATES[0]}\r\nContent-Length: ${BODIES[5].length}\r\n\r\n${BODIES[5]}`,
  `HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n`,
  `HTTP/1.1 204 No Content\r\n\r\n`,
].map((text) => Buffer.from(text));
const HTTP_WORDS = [
  "HTTP/1.1 200 OK\r\n",
  "\r\n\r\n",
  "\r\n",
  "Content-Length: 5",
  "Transfer-Encoding: chunked",
  "Content-Encoding: br",
  'ETag: "x"',
  "x-amz-meta-a: b",
  "Date: ",
  "Retry-After: ",
  "Location: /",
  "0\r\n\r\n",
  "ffffffff\r\n",
  "100 Continue",
  "1.0",
  ...DATES,
];

/** Nothing that is said names a secret. @param {Failure} failure */
function isDiscreet({ message, hint, cause }) {
  for (const text of [message, hint, cause instanceof Error ? cause.message : ""]) {
    assert.ok(!text.includes(SECRET) && !text.includes(encodeURIComponent(SECRET)), `a secret in ${text}`);
  }
}

const AT = {
  ...{ doing: "could not read", bucket: "b", key: "k", host: "h", region: "r", secrets: [SECRET] },
  spelling: AS_INPUTS,
};

/** @type {Record<string, import("../targets.js").Target>} */
export const s3Targets = {
  "s3-answers": {
    what: "bodies of answers",
    generate: (random) => damaged(random, random.one(BODIES), { words: XML_WORDS, others: BODIES }),
    run(input) {
      for (const root of ["Error", "ListBucketResult", "ListVersionsResult", "__proto__", "constructor"]) {
        const content = parsed(input, root);
        assert.ok(content === null || typeof content === "object");
      }
      const problem = problemIn(input);
      for (const status of [200, 301, 400, 403, 404, 409, 412, 429, 500, 503, 507]) {
        const failure = sound(failureOfAnswer(status, problem, AT), TROUBLES);
        isDiscreet(failure);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: what a log must not get
        assert.doesNotMatch(failure.message, /[\u0000-\u001f\u007f-\u009f]/);
        assert.ok(failure.message.length < 1000);
        assert.equal(typeof isConflict(status, problem, { "if-match": "x" }), "boolean");
      }
      assert.ok(/** @type {any} */ ({}).polluted === undefined && Object.keys(Object.prototype).length === 0);
    },
  },

  "s3-headers": {
    what: "headers of answers",
    generate: (random) =>
      Buffer.from(
        JSON.stringify({
          headers: altered(random, HEADERS, DATES),
          date: damaged(random, Buffer.from(random.one(DATES)))
            .toString("latin1")
            .slice(0, 4096),
        }),
      ),
    run(input) {
      const { headers, date } = JSON.parse(input.toString());
      if (headers === null || typeof headers !== "object") return;
      // Node gives texts, and lists of them.
      for (const [name, value] of Object.entries(headers)) {
        headers[name] = Array.isArray(value) ? value.map(String) : String(value);
      }
      const now = Date.UTC(2026, 10, 28);
      for (const text of [date, headers.date, headers["retry-after"]].filter(
        (text) => typeof text === "string",
      )) {
        const wait = retryAfter(text, now);
        assert.ok(wait === null || (Number.isFinite(wait) && wait >= 0), `${wait} ms`);
        const time = timeOf(text);
        assert.ok(time === null || Number.isFinite(time));
        const clock = new ServerClock();
        if (time !== null) clock.heard(time, now, now + 5);
        if (time !== null) clock.heard(now, now + 10, now + 15);
        assert.ok(clock.offsetMs === null || Number.isFinite(clock.offsetMs));
      }
      const answer = /** @type {any} */ ({ status: 200, headers, body: Buffer.alloc(0), serverTime: null });
      const facts = objectFacts(answer);
      assert.ok(facts.lastModified === null || Number.isFinite(facts.lastModified));
      const size = sizeOf(answer);
      assert.ok(size === null || size >= 0);
      wholeChecksum(answer);
      assert.equal(typeof bare(etagOf(answer)), "string");
    },
  },

  "s3-listings": {
    what: "pages of listings",
    generate(random) {
      const pages = Array.from({ length: 1 + random.below(4) }, () =>
        damaged(random, random.one(BODIES.slice(5)), { words: XML_WORDS, others: BODIES }).toString("latin1"),
      );
      return Buffer.from(JSON.stringify(pages));
    },
    async run(input) {
      const pages = JSON.parse(input.toString());
      for (const each of [listings.list, listings.listVersions, listings.listUploads]) {
        let asked = 0;
        const connection = /** @type {any} */ ({
          async request() {
            const body = Buffer.from(pages[asked] ?? "", "latin1");
            asked += 1;
            return { status: 200, headers: {}, body, serverTime: 0 };
          },
          unexpected: () => new Failure("not understood", { type: "storage", code: "S3_UNEXPECTED" }),
        });
        const listed = await attempted(
          ["S3_UNEXPECTED"],
          async () => /** @type {any} */ (await each(connection, "k")),
        );
        assert.ok(asked <= pages.length + 1, "it goes on without an end");
        const entries = /** @type {any[]} */ (Array.isArray(listed) ? listed : (listed?.objects ?? []));
        for (const entry of entries) {
          const time = entry.lastModified ?? entry.initiated ?? null;
          assert.ok(time === null || Number.isFinite(time));
          if ("key" in entry) assert.equal(typeof entry.key, "string");
        }
      }
    },
  },

  "s3-client": {
    what: "whole conversations over a socket",
    generate(random) {
      const answers = Array.from({ length: 1 + random.below(4) }, () =>
        random.rarely(3)
          ? random.one(ANSWERS).toString("latin1")
          : damaged(random, random.one(ANSWERS), {
              words: HTTP_WORDS,
              others: [...ANSWERS, ...BODIES],
            }).toString("latin1"),
      );
      return Buffer.from(JSON.stringify({ call: random.below(5), answers }));
    },
    async run(input) {
      const { call, answers } = JSON.parse(input.toString());
      const server = await scripted(answers.map((/** @type {string} */ text) => Buffer.from(text, "latin1")));
      /** @type {string[]} */
      const logged = [];
      const client = new S3Client(
        {
          endpoint: `http://127.0.0.1:${server.port}`,
          bucket: "bucket",
          credentials: { accessKeyId: KEY_ID, secretAccessKey: SECRET },
          retryAttempts: 3,
          stallTimeoutMs: 300,
        },
        {
          sleep: async () => {},
          random: () => 0,
          now: () => Date.UTC(2026, 10, 28, 15),
          log: (line) => logged.push(line),
        },
      );
      /** @type {(() => Promise<unknown>)[]} */
      const calls = [
        () => client.get("k", { limit: 65_536 }),
        () => client.head("k"),
        () => client.put("k", Buffer.from("hello"), { ifNoneMatch: true }),
        () => client.list("k"),
        () => client.delete("k"),
      ];
      try {
        const result = await calls[call]();
        if (call === 0 && result) assert.ok(/** @type {any} */ (result).bytes.length <= 65_536);
      } catch (thrown) {
        isDiscreet(sound(thrown, TROUBLES));
      } finally {
        client.close();
        await server.stop();
      }
      for (const line of logged) assert.ok(!line.includes(SECRET), line);
    },
  },

  "s3-parameters": {
    what: "what users write to name a store",
    generate: (random) =>
      Buffer.from(
        JSON.stringify(
          altered(
            random,
            {
              endpoint: random.one([
                "https://s3.eu-west-1.amazonaws.com",
                "http://127.0.0.1:9000/x",
                "https://a.b.r2.cloudflarestorage.com",
                "s3.example.com",
              ]),
              bucket: "a-bucket.b",
              key: "dir/h.db",
              region: "eu-west-1",
              accessKeyId: KEY_ID,
              secretAccessKey: SECRET,
              sessionToken: "",
              addressing: "auto",
              allowHttp: "",
              sse: "",
              sseKmsKeyId: "",
              timeout: "300",
              retryAttempts: "3",
            },
            ["https://", "http://[::1]:1", "@", ":", "?", "#", "%", "true", "path", "virtual", "aws:kms"],
          ),
        ),
      ),
    run(input) {
      const given = JSON.parse(input.toString());
      if (given === null || typeof given !== "object") return;
      const secret =
        typeof given.secretAccessKey === "string" && given.secretAccessKey.length > 12
          ? given.secretAccessKey
          : null;
      const read = attempt(["S3_PARAMETERS_INVALID", "S3_ENDPOINT_INSECURE"], () => {
        try {
          return s3Parameters(given, {});
        } catch (thrown) {
          if (thrown instanceof Failure)
            assert.ok(secret === null || !JSON.stringify(thrown).includes(secret), "a secret in a message");
          throw thrown;
        }
      });
      if (!read) return;
      const { key, parameters } = read;
      const address = new Address(parameters);
      for (const url of [address.url(key), address.url(null), address.inRegion("eu-west-2").url(key)]) {
        assert.match(url.protocol, /^https?:$/);
        assert.ok(url.username === "" && url.password === "");
      }
      assert.ok(address.withoutBucket === null || URL.canParse(address.withoutBucket));
    },
  },

  pending: {
    what: "objects with pending builds",
    generate(random) {
      const sound = {
        format: "unentropy-pending",
        version: 1,
        builds: [
          {
            context: {
              commitSha: "a",
              branch: "main",
              runId: "1",
              runNumber: 1,
              eventName: null,
              timestamp: "2026-01-01T00:00:00Z",
              attempt: 1,
            },
            metrics: [{ metric: { id: "m", type: "numeric", unit: null, description: null }, value: 1 }],
            measuredAt: 1,
          },
        ],
      };
      const text = Buffer.from(JSON.stringify(altered(random, sound)));
      return random.rarely(3) ? damaged(random, text) : text;
    },
    run(input) {
      let builds;
      try {
        builds = decoded(input);
      } catch (thrown) {
        assert.ok(
          thrown instanceof Error && !(thrown instanceof TypeError) && thrown.message !== "",
          `${thrown}`,
        );
        return;
      }
      assert.ok(builds.length > 0);
    },
  },
};

/**
 * A server that gives these answers, one for each request, and the last of them from then on.
 * @param {Buffer[]} answers
 * @returns {Promise<{port: number, stop: () => Promise<void>}>}
 */
async function scripted(answers) {
  let asked = 0;
  /** @type {Set<net.Socket>} */
  const sockets = new Set();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    let heard = "";
    socket.on("data", (/** @type {Buffer} */ piece) => {
      heard += piece.toString("latin1");
      // Asked whether it speaks TLS, it says no at once.
      if (heard.startsWith("\x16")) return socket.destroy();
      const end = heard.indexOf("\r\n\r\n");
      if (end === -1) return;
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(heard.slice(0, end))?.[1] ?? 0);
      if (heard.length < end + 4 + length) return;
      heard = "";
      // Each answer ends its connection, so that a short one is seen at once.
      socket.end(answers[Math.min(asked, answers.length - 1)]);
      asked += 1;
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  return {
    port,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
