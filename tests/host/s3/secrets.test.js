// No part of a credential comes out anywhere: not in messages, hints, causes, stacks, logs or the client itself,
// also when a server repeats what it was sent.

import assert from "node:assert/strict";
import { after, before, mock, test } from "node:test";
import { inspect } from "node:util";
import { Failure } from "../../../js/failure.js";
import { S3Client } from "../../../js/s3/client.js";
import { startFaultProxy } from "../../servers/fault-proxy.js";
import { freePort } from "../../servers/process.js";
import { startS3sFs } from "../../servers/s3.js";
import { moment } from "./outwait.js";

/** @type {Awaited<ReturnType<typeof startS3sFs>>} */
let server;
/** @type {Awaited<ReturnType<typeof startFaultProxy>>} */
let proxy;

before(async () => {
  server = await startS3sFs();
  proxy = await startFaultProxy(server);
});
after(async () => {
  await proxy?.stop();
  await server?.stop();
});

/** The limit of a client that meets silence, in mocked time. */
const STALL_MS = 200;
const TOKEN = "FwoGZXIvYXdzEXAMPLE+TOKEN/with=signs";

/** All there is to see of a value: texts, stacks, hidden and nested properties. @param {unknown} value */
function everything(value) {
  const failure =
    value instanceof Failure ? [value.message, value.hint, value.stack, JSON.stringify(value)] : [];
  return [
    inspect(value, { depth: 20, showHidden: true, getters: true, maxStringLength: null }),
    ...failure,
  ].join("\n");
}

/** @param {import("../../servers/fault-proxy.js").Fault} fault */
const scripted = (fault) => () => {
  proxy.script([{ fault }]);
  return proxy.endpoint;
};

/** A server that repeats everything it was told. @param {string} code */
const talkative = (code) => () => {
  const { accessKeyId, secretAccessKey } = server.credentials;
  const message =
    `key ${accessKeyId} secret ${secretAccessKey} token ${TOKEN} ${encodeURIComponent(secretAccessKey)} ` +
    `Credential=${accessKeyId}/20260101/us-east-1/s3/aws4_request, Signature=${"0123456789abcdef".repeat(4)}`;
  const extra = `<AWSAccessKeyId>${accessKeyId}</AWSAccessKeyId><SignatureProvided>${"ab".repeat(32)}</SignatureProvided>`;
  proxy.script([{ fault: { kind: "answer", status: 403, code, message, extra } }]);
  return proxy.endpoint;
};

/** @type {[string, () => string | Promise<string>][]} */
const TROUBLES = [
  ["a reset", scripted({ kind: "reset" })],
  ["silence", scripted({ kind: "stall" })],
  ["a truncated answer", scripted({ kind: "truncate", after: 1 })],
  ["another protocol", scripted({ kind: "nonsense" })],
  ["a server's error", scripted({ kind: "answer", status: 500, code: "InternalError" })],
  [
    "a redirect",
    scripted({ kind: "answer", status: 307, headers: { location: "https://elsewhere.example/x" } }),
  ],
  ["a region", scripted({ kind: "answer", status: 301, headers: { "x-amz-bucket-region": "mars-1" } })],
  ["an unknown key that is repeated", talkative("InvalidAccessKeyId")],
  ["a wrong signature that is repeated", talkative("SignatureDoesNotMatch")],
  ["a denial that repeats the request", talkative("AccessDenied")],
  ["an unknown code", talkative("Whatever")],
  ["nobody there", async () => `http://127.0.0.1:${await freePort()}`],
  ["no https there", () => proxy.endpoint.replace("http:", "https:")],
];

/**
 * The outcome of requests that nothing answers, in mocked time.
 * @param {Promise<unknown>} outcome
 */
async function outwaited(outcome) {
  mock.timers.enable({ apis: ["setTimeout"] });
  let ended = false;
  const before = proxy.seen.length;
  const done = outcome.finally(() => {
    ended = true;
  });
  while (!ended) {
    // Each has reached the proxy at least once; its last bytes may be on their way still, so time passes again and again.
    if (proxy.seen.length > before) mock.timers.tick(STALL_MS);
    await moment();
  }
  mock.timers.reset();
  return done;
}

for (const [what, prepare] of TROUBLES) {
  test(`${what} tells no secret`, async () => {
    /** @type {string[]} */
    const logged = [];
    const { accessKeyId, secretAccessKey } = server.credentials;
    const client = new S3Client(
      {
        endpoint: await prepare(),
        bucket: "bucket",
        credentials: { accessKeyId, secretAccessKey, sessionToken: TOKEN },
        ...(what === "silence" && { stallTimeoutMs: STALL_MS }),
        multipartThreshold: 1024,
        partSize: 1024,
      },
      { sleep: async () => {}, log: (message) => logged.push(message) },
    );
    const operations = {
      get: () => client.get("k"),
      head: () => client.head("k"),
      put: () => client.put("k", Buffer.from("v"), { ifMatch: '"0"' }),
      parts: () => client.put("k", Buffer.alloc(3000)),
      copy: () => client.copy("k", "l"),
      list: () => client.list(""),
      versions: () => client.listVersions("k"),
      delete: () => client.delete("k"),
      headBucket: () => client.headBucket(),
    };
    /** @type {unknown[]} */
    const seen = [client, logged];
    for (const operation of Object.values(operations)) {
      const outcome = operation().catch((error) => error);
      seen.push(await (what === "silence" ? outwaited(outcome) : outcome));
    }
    // Answers without a body cannot be cut short.
    assert(seen.filter((outcome) => outcome instanceof Failure).length >= 6, inspect(seen));
    client.close();
    const text = seen.map(everything).join("\n");
    assert(text.length > 1000);
    for (const secret of [accessKeyId, secretAccessKey, TOKEN]) {
      for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64")]) {
        assert(
          !text.includes(form),
          `found in:\n${text.slice(Math.max(0, text.indexOf(form) - 300), text.indexOf(form) + 100)}`,
        );
      }
    }
    assert.doesNotMatch(text, /AWS4-HMAC-SHA256|aws4_request|[0-9a-f]{64}/i);
  });
}

test("credentials that cannot be sent are not quoted", () => {
  for (const [accessKeyId, secretAccessKey, sessionToken] of [
    ["AKIA\nMARKED", "good", ""],
    ["AKIAGOOD", "MARKED \u0000", ""],
    ["AKIAGOOD", "good", "to\r\nken: MARKED"],
    ["AKIA/MARKED", "good", ""],
  ]) {
    const credentials = { accessKeyId, secretAccessKey, sessionToken };
    assert.throws(
      () => new S3Client({ bucket: "bucket", credentials }),
      (error) =>
        error instanceof Failure &&
        error.code === "S3_PARAMETERS_INVALID" &&
        !everything(error).includes("MARKED"),
    );
  }
});
