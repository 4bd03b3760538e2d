// Signatures against the worked examples of "Authenticating Requests: Using the Authorization Header" in the
// Amazon S3 API reference, and retries' waits against their definition.

import assert from "node:assert/strict";
import { test } from "node:test";
import { retryAfter, waitBefore } from "../../../js/http/retry.js";
import { EMPTY_SHA256, Signer, sha256 } from "../../../js/s3/signing.js";

const signer = new Signer({
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
});

/** [what, method, path, headers, payload, signature] */
const PUBLISHED = /** @type {const} */ ([
  [
    "a range of an object",
    "GET",
    "/test.txt",
    { range: "bytes=0-9" },
    "",
    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  ],
  [
    "an upload with a dollar in its key",
    "PUT",
    "/test%24file.text",
    { date: "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY" },
    "Welcome to Amazon S3.",
    "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
  ],
  [
    "a parameter without a value",
    "GET",
    "/?lifecycle",
    {},
    "",
    "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
  ],
  [
    "a listing with a prefix",
    "GET",
    "/?max-keys=2&prefix=J",
    {},
    "",
    "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
  ],
]);

for (const [what, method, path, headers, payload, signature] of PUBLISHED) {
  test(`the published signature of ${what}`, async () => {
    const signed = await signer.sign({
      method,
      url: new URL(`https://examplebucket.s3.amazonaws.com${path}`),
      headers: { ...headers },
      payloadSha256: payload === "" ? EMPTY_SHA256 : sha256(Buffer.from(payload)),
      region: "us-east-1",
      time: Date.UTC(2013, 4, 24),
      signs: () => true,
    });
    assert.equal(/Signature=([0-9a-f]+)/.exec(signed.authorization)?.[1], signature);
    assert.match(
      signed.authorization,
      /Credential=AKIAIOSFODNN7EXAMPLE\/20130524\/us-east-1\/s3\/aws4_request/,
    );
  });
}

test("a session token is sent and signed", async () => {
  const signed = await new Signer({ accessKeyId: "ID", secretAccessKey: "S", sessionToken: "T==" }).sign({
    method: "GET",
    url: new URL("https://host/x"),
    headers: {},
    payloadSha256: EMPTY_SHA256,
    region: "auto",
    time: 0,
  });
  assert.equal(signed["x-amz-security-token"], "T==");
  assert.match(signed.authorization, /SignedHeaders=[^,]*x-amz-security-token/);
});

test("what a hop may replace is sent and not signed", async () => {
  const headers = {
    "content-type": "text/plain",
    "content-md5": "1B2M2Y8AsgTpgAmY7PhCfg==",
    "x-amz-meta-noted": "yes",
    "if-match": '"etag"',
    "if-none-match": "*",
    range: "bytes=0-0",
    "accept-encoding": "identity",
  };
  const signed = await signer.sign({
    method: "PUT",
    url: new URL("https://host/x"),
    headers,
    payloadSha256: EMPTY_SHA256,
    region: "auto",
    time: 0,
  });
  for (const [name, value] of Object.entries(headers)) assert.equal(signed[name], value);
  assert.deepEqual(/SignedHeaders=([^,]+)/.exec(signed.authorization)?.[1].split(";"), [
    "content-md5",
    "content-type",
    "host",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-meta-noted",
  ]);
});

test("waits are anything up to a bound that doubles, and never shorter than the server asks", () => {
  const longest = (/** @type {number} */ attempt) =>
    waitBefore({ attempt, retryAfterMs: null, random: () => 0.999999 });
  assert.deepEqual([1, 2, 3, 9, 500].map(longest), [499, 999, 1999, 19_999, 19_999]);
  assert.equal(waitBefore({ attempt: 5, retryAfterMs: null, random: () => 0 }), 0);
  assert.equal(waitBefore({ attempt: 1, retryAfterMs: 7000, random: () => 0.5 }), 7250);
});

for (const [header, expected] of /** @type {const} */ ([
  ["3", 3000],
  ["0", 0],
  ["Thu, 01 Jan 1970 00:00:10 GMT", 9000],
  ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
  ["soon", null],
  ["-1", null],
  ["", null],
  [undefined, null],
])) {
  test(`Retry-After \`${header}\` is ${expected} ms`, () => assert.equal(retryAfter(header, 1000), expected));
}
