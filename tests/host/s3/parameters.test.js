// The check of a store's parameters: all problems at once, in the words of inputs and variables, nothing sent.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../../../js/failure.js";
import { clientProblems, s3Parameters } from "../../../js/s3/parameters.js";

const GOOD = Object.freeze({
  bucket: "my-bucket",
  key: "unentropy-metrics.db",
  accessKeyId: "AKIAEXAMPLE",
  secretAccessKey: "abc/def+ghi",
});

/** @param {any} given @param {any} [env] @returns {Failure} */
function refused(given, env) {
  try {
    s3Parameters(given, env);
  } catch (error) {
    assert(error instanceof Failure);
    return error;
  }
  assert.fail("nothing was refused");
}

test("inputs are enough, and defaults are few", () => {
  assert.deepEqual(s3Parameters(GOOD), {
    key: "unentropy-metrics.db",
    parameters: {
      bucket: "my-bucket",
      credentials: { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "abc/def+ghi" },
      addressing: "auto",
      allowHttp: false,
      retryAttempts: 3,
    },
  });
});

test("the standard variables stand behind empty inputs", () => {
  const { parameters } = s3Parameters(
    { ...GOOD, accessKeyId: "", secretAccessKey: " " },
    {
      AWS_ACCESS_KEY_ID: "AKIAENV",
      AWS_SECRET_ACCESS_KEY: "fromenv\n",
      AWS_SESSION_TOKEN: "token",
      AWS_DEFAULT_REGION: "eu-west-1",
      AWS_ENDPOINT_URL: "http://localhost:9000",
    },
  );
  assert.deepEqual(parameters.credentials, {
    accessKeyId: "AKIAENV",
    secretAccessKey: "fromenv",
    sessionToken: "token",
  });
  assert.equal(parameters.region, "eu-west-1");
  assert.equal(parameters.endpoint, "http://localhost:9000");
});

test("a key pair is never put together from inputs and variables", () => {
  const env = { AWS_ACCESS_KEY_ID: "AKIAENV", AWS_SECRET_ACCESS_KEY: "fromenv", AWS_SESSION_TOKEN: "token" };
  assert.equal(s3Parameters(GOOD, env).parameters.credentials.sessionToken, undefined);
  assert.match(refused({ ...GOOD, secretAccessKey: "" }, env).message, /`s3-secret-access-key` is missing/);
});

const TEMPORARY = "ASIAIOSFODNN7EXAMPLE";
const PAIR = Object.freeze({ AWS_ACCESS_KEY_ID: TEMPORARY, AWS_SECRET_ACCESS_KEY: "s" });

/** [what, inputs, variables, the token that is sent or why it is refused] */
const TOKENS =
  /** @type {[string, Record<string, string>, Record<string, string>, string | RegExp | undefined][]} */ ([
    [
      "a pair as inputs, its token and its id as variables",
      { accessKeyId: TEMPORARY, secretAccessKey: "s" },
      { ...PAIR, AWS_SESSION_TOKEN: "token" },
      "token",
    ],
    [
      "a temporary pair as inputs, a token and no id as variables",
      { accessKeyId: TEMPORARY, secretAccessKey: "s" },
      { AWS_SESSION_TOKEN: "token" },
      "token",
    ],
    [
      "a pair as inputs, the token of another pair as variables",
      { accessKeyId: TEMPORARY, secretAccessKey: "s" },
      { ...PAIR, AWS_ACCESS_KEY_ID: "ASIAANOTHERANOTHER00", AWS_SESSION_TOKEN: "token" },
      /`s3-session-token` is missing: the access key id is of a temporary key \(`ASIA…`\)/,
    ],
    [
      "a permanent pair as inputs, a token and no id as variables",
      { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "s" },
      { AWS_SESSION_TOKEN: "token" },
      undefined,
    ],
    [
      "a permanent pair as inputs, a temporary pair as variables",
      { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "s" },
      { ...PAIR, AWS_SESSION_TOKEN: "token" },
      undefined,
    ],
    ["a token as an input, its pair as variables", { sessionToken: "given" }, PAIR, "given"],
    [
      "a token as an input, its pair and an older token as variables",
      { sessionToken: "given" },
      { ...PAIR, AWS_SESSION_TOKEN: "older" },
      "given",
    ],
    [
      "everything as inputs, another pair as variables",
      { accessKeyId: TEMPORARY, secretAccessKey: "s", sessionToken: "given" },
      { AWS_ACCESS_KEY_ID: "AKIAENV", AWS_SECRET_ACCESS_KEY: "e" },
      "given",
    ],
    [
      "an id as an input, the pair and its token as variables",
      { accessKeyId: TEMPORARY },
      { ...PAIR, AWS_SESSION_TOKEN: "token" },
      "token",
    ],
    [
      "a secret as an input, the pair and its token as variables",
      { secretAccessKey: "s" },
      { ...PAIR, AWS_SESSION_TOKEN: "token" },
      "token",
    ],
    [
      "a secret as an input, another pair as variables",
      { secretAccessKey: "x" },
      { ...PAIR, AWS_SESSION_TOKEN: "token" },
      /`s3-access-key-id` is missing/,
    ],
    ["a temporary pair as variables without a token", {}, PAIR, /`s3-session-token` is missing/],
    [
      "a temporary pair as inputs without a token",
      { accessKeyId: TEMPORARY, secretAccessKey: "s" },
      {},
      /`s3-session-token` is missing/,
    ],
    [
      "an empty token",
      { accessKeyId: TEMPORARY, secretAccessKey: "s", sessionToken: " " },
      {},
      /`s3-session-token` is missing/,
    ],
    ["an id that only begins so", { accessKeyId: "ASIA-minio", secretAccessKey: "s" }, {}, undefined],
  ]);

for (const [what, inputs, env, expected] of TOKENS) {
  test(`${what}: ${expected instanceof RegExp ? "refused" : (expected ?? "no token")}`, () => {
    const given = { bucket: GOOD.bucket, key: GOOD.key, ...inputs };
    if (!(expected instanceof RegExp)) {
      const { credentials } = s3Parameters(given, env).parameters;
      assert.equal(credentials.sessionToken, expected);
      assert(credentials.accessKeyId && credentials.secretAccessKey);
      return;
    }
    const failure = refused(given, env);
    assert.equal(failure.code, "S3_PARAMETERS_INVALID");
    assert.match(failure.message, expected);
    assert.doesNotMatch(
      JSON.stringify([failure, failure.message, failure.hint, failure.diagnostics]),
      /ASIAI/,
    );
  });
}

test("a client made by a program is held to it too", () => {
  const credentials = { accessKeyId: TEMPORARY, secretAccessKey: "s" };
  assert.match(
    clientProblems({ bucket: "bucket", credentials })?.message ?? "",
    /`s3-session-token` is missing/,
  );
  assert.equal(
    clientProblems({ bucket: "bucket", credentials: { ...credentials, sessionToken: "t" } }),
    null,
  );
});

test("a secret that was put into another parameter too is not quoted there", () => {
  const secretAccessKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
  for (const given of [
    { bucket: secretAccessKey },
    { region: secretAccessKey },
    { sse: secretAccessKey },
    { addressing: secretAccessKey },
    { timeout: secretAccessKey },
    { bucket: "\ud800", secretAccessKey: "\ud800" },
  ]) {
    const failure = refused({ ...GOOD, secretAccessKey, ...given });
    assert.doesNotMatch(JSON.stringify([failure, failure.message, failure.hint]), /wJalrXUtnFEMI/);
  }
  const credentials = { accessKeyId: "AKIAEXAMPLE", secretAccessKey };
  assert.match(
    clientProblems({ bucket: secretAccessKey, credentials })?.message ?? "",
    /`s3-bucket` is `\*\*\*`/,
  );
});

test("an endpoint without a scheme is https", () => {
  const { parameters } = s3Parameters({ ...GOOD, endpoint: "nyc3.digitaloceanspaces.com" });
  assert.equal(parameters.endpoint, "https://nyc3.digitaloceanspaces.com");
});

test("every problem is told at once, with the input and the variable that mend it", () => {
  const failure = refused({ endpoint: "ftp://x", addressing: "host", sse: "rot13", retryAttempts: "none" });
  assert.equal(failure.code, "S3_PARAMETERS_INVALID");
  assert.equal(failure.type, "validation");
  assert.equal(failure.retryable, false);
  assert.deepEqual(failure.diagnostics?.map(({ parameter }) => parameter).sort(), [
    "database-key",
    "retry-attempts",
    "s3-access-key-id",
    "s3-addressing",
    "s3-bucket",
    "s3-endpoint",
    "s3-secret-access-key",
    "s3-sse",
  ]);
  assert.match(failure.hint, /`s3-access-key-id`, or the variable `AWS_ACCESS_KEY_ID`/);
});

/** [what is given, what the message says] */
const WRONG = /** @type {[Record<string, string>, RegExp][]} */ ([
  [{ bucket: "My-Bucket" }, /`s3-bucket` is `My-Bucket`: expected lower-case letters/],
  [{ bucket: "ab" }, /it has 2 characters, expected 3 to 63/],
  [{ bucket: "a".repeat(64) }, /it has 64 characters/],
  [{ bucket: "-abc" }, /a letter or digit at both ends/],
  [{ bucket: "a..b" }, /two dots follow each other/],
  [{ bucket: "192.168.5.4" }, /looks like an IP address/],
  [{ bucket: "s3://my-bucket" }, /expected the bucket's name alone/],
  [{ bucket: "my-bucket/dir" }, /expected the bucket's name alone/],
  [{ region: "eu central" }, /`s3-region` is `eu central`/],
  [{ endpoint: "https://" }, /`s3-endpoint` is not a URL/],
  [{ endpoint: "https://user:pw@host" }, /holds a user name or a password/],
  [{ endpoint: "https://host?x=1" }, /expected scheme, host and at most a path/],
  [
    { endpoint: "https://my-bucket.nyc3.digitaloceanspaces.com" },
    /holds the bucket's name, expected `https:\/\/nyc3\.digitaloceanspaces\.com`/,
  ],
  [{ endpoint: "https://a.r2.cloudflarestorage.com/my-bucket" }, /holds the bucket's name/],
  [{ key: "" }, /`database-key` is missing/],
  [{ key: "/a.db" }, /expected no `\/` at either end/],
  [{ key: "a/../b.db" }, /no part that is empty, `\.` or `\.\.`/],
  [{ key: "a//b.db" }, /no part that is empty/],
  [{ key: "a\nb" }, /a control character or half of a character/],
  [{ key: "a\ud800b" }, /a control character or half of a character/],
  [{ key: "ü".repeat(481) }, /has 962 bytes, expected at most 960/],
  [{ secretAccessKey: "with space" }, /`s3-secret-access-key` holds a space/],
  [{ secretAccessKey: "two\nlines" }, /`s3-secret-access-key` holds a space, a line break/],
  [{ accessKeyId: "abc/def" }, /is it the secret\?/],
  [{ sseKmsKeyId: "key" }, /`s3-sse-kms-key-id` is set while `s3-sse` is ``, expected `aws:kms`/],
  [{ allowHttp: "yes" }, /`s3-allow-http` is `yes`, expected `true` or `false`/],
  [
    { addressing: "virtual", endpoint: "https://192.0.2.7:9000" },
    /`s3-addressing` is `virtual`, and `192\.0\.2\.7` of the endpoint is an IP address/,
  ],
  [{ addressing: "virtual", endpoint: "http://[::1]:9000" }, /`\[::1\]` of the endpoint is an IP address/],
  [{ addressing: "virtual", endpoint: "http://2130706433:9000" }, /`127\.0\.0\.1` of the endpoint is an IP/],
  [
    { addressing: "virtual", endpoint: "https://minio.example.org", bucket: "My_Bucket" },
    /the bucket's name `My_Bucket` cannot be part of a host name; expected `path` or `auto`/,
  ],
  [
    { addressing: "virtual", endpoint: "https://minio.example.org", bucket: "xn--a" },
    /the bucket's name `xn--a` cannot be part of a host name/,
  ],
  [{ timeout: "0" }, /`s3-timeout` is `0`, expected a whole number of seconds from 1 to 3600/],
  [{ timeout: "3601" }, /`s3-timeout` is `3601`/],
  [{ timeout: "1m" }, /`s3-timeout` is `1m`/],
  [{ retryAttempts: "0" }, /`retry-attempts` is `0`, expected a whole number from 1 to 20/],
]);

for (const [given, message] of WRONG) {
  test(`${JSON.stringify(given).slice(0, 60)} is refused`, () => {
    const failure = refused({ ...GOOD, ...given });
    assert.match(failure.message, message);
    assert.equal(failure.code, "S3_PARAMETERS_INVALID");
    for (const secret of [given.secretAccessKey, given.accessKeyId].filter(Boolean)) {
      assert(!JSON.stringify([failure, failure.diagnostics, failure.stack]).includes(secret));
    }
  });
}

test("a timeout is seconds without progress", () => {
  assert.equal(s3Parameters({ ...GOOD, timeout: "90" }).parameters.stallTimeoutMs, 90_000);
  assert.equal(s3Parameters({ ...GOOD, timeout: 1 }).parameters.stallTimeoutMs, 1000);
});

test("capitals and underscores are other servers' affair", () => {
  s3Parameters({ ...GOOD, bucket: "My_Bucket", endpoint: "https://minio.example.org" });
});

test("plain http goes to this machine only, unless it is allowed", () => {
  const given = { ...GOOD, endpoint: "http://minio.example.org:9000" };
  const failure = refused(given);
  assert.equal(failure.code, "S3_ENDPOINT_INSECURE");
  assert.match(failure.hint, /`s3-allow-http: true`/);
  assert.equal(s3Parameters({ ...given, allowHttp: "true" }).parameters.allowHttp, true);
  for (const host of ["localhost:9000", "127.0.0.1", "[::1]:9000"])
    s3Parameters({ ...GOOD, endpoint: `http://${host}` });
});
