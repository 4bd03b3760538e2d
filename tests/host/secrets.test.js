// Which credentials a run knows, in which forms it finds them, and what it takes for none. That they come out nowhere is
// in tests/host/security/rows/credentials.js.

import assert from "node:assert/strict";
import { test } from "node:test";
import { knownSecrets, Secrets } from "../../js/collect/secrets.js";
import { Failure } from "../../js/failure.js";
import { METADATA } from "./support/runner.js";

const SECRET = "wJalr/XUtn&FEMI+K7MDENG=\"bPx'R<fi>CYEX AMPLE\\KEY";

/** @param {string} secret */
function holding(secret) {
  const secrets = new Secrets();
  secrets.add(secret, "`NAME`");
  return secrets;
}

/** @param {Secrets} secrets @param {string} text */
const isRefused = (secrets, text) => {
  try {
    secrets.refuse(text);
    return false;
  } catch (thrown) {
    assert.equal(/** @type {Failure} */ (thrown).code, "OUTPUT_CREDENTIAL");
    return true;
  }
};

/** @type {Record<string, string>} */
const FORMS = {
  "as it is": SECRET,
  "for a URL": encodeURIComponent(SECRET),
  "for a URL, in lower case": encodeURIComponent(SECRET).replace(/%[0-9A-F]{2}/g, (one) => one.toLowerCase()),
  "for a form": new URLSearchParams({ a: SECRET }).toString().slice(2),
  "in JSON": JSON.stringify(SECRET).slice(1, -1),
  "in XML": SECRET.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
  "in HTML": SECRET.replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;"),
  "in Base64": Buffer.from(SECRET).toString("base64"),
  "in Base64, after a letter": Buffer.from(`u${SECRET}x`).toString("base64"),
  "in Base64, after two letters": Buffer.from(`u:${SECRET}xy`).toString("base64"),
  "in Base64 for URLs": Buffer.from(`user:${SECRET}\n`).toString("base64url"),
};

for (const [how, text] of Object.entries(FORMS)) {
  test(`a credential is found ${how}, and nothing of it is left`, () => {
    const secrets = holding(SECRET);
    assert.ok(isRefused(secrets, `x ${text} y`));
    const left = secrets.redact(`before ${text} after ${text}`);
    assert.match(left, /^before .{0,8}\*\*\*.{0,8} after .{0,8}\*\*\*.{0,8}$/);
  });
}

test("Base64 that a program breaks into lines is found by each whole line", () => {
  const token = "FwoGZXIvYXdzEXAMPLE".repeat(20);
  const lines =
    Buffer.from(token)
      .toString("base64")
      .match(/.{1,76}/g) ?? [];
  const secrets = holding(token);
  assert.ok(lines.length > 5);
  for (const line of lines.slice(0, -1)) assert.ok(isRefused(secrets, line), line);
});

test("each line of a credential is one, and so is the whole of it", () => {
  const key = "-----BEGIN KEY-----\r\nMIIEvQIBADANBgkq\n\nhkiG9w0BAQEFAASC\n-----END KEY-----\n";
  const secrets = holding(key);
  assert.ok(isRefused(secrets, "hkiG9w0BAQEFAASC"));
  assert.ok(isRefused(secrets, Buffer.from(key.trim()).toString("base64")));
  assert.ok(isRefused(secrets, JSON.stringify(key)));
  assert.doesNotMatch(secrets.redact(key), /MII|hki/);
});

test("colours inside a credential do not hide it", () => {
  assert.ok(isRefused(holding("ghs_0123456789"), "ghs_\x1b[31m01234\x1b[0m56789"));
});

test("short credentials are words of their own, and the shortest are none", () => {
  const short = holding("s3cr3t");
  assert.ok(isRefused(short, " s3cr3t "));
  assert.equal(isRefused(short, "s3cr3ts of 2026"), false);
  assert.equal(short.redact("key s3cr3t, not s3cr3ts or xs3cr3t"), "key ***, not s3cr3ts or xs3cr3t");
  const shortest = holding("on1");
  assert.equal(isRefused(shortest, "on1"), false);
  assert.equal(shortest.redact("on1"), "on1");
  assert.deepEqual(shortest.lines, ["on1"], "the runner masks it all the same");
});

test("a number is a credential where it is the whole of one, not for having its digits", () => {
  const secrets = holding("12345678");
  assert.ok(isRefused(secrets, "12345678\n"));
  assert.equal(isRefused(secrets, "91234567890"), false);
  assert.ok(isRefused(secrets, "pin-12345678"));
});

test("the name of a common access key is no secret", () => {
  const secrets = knownSecrets({ AWS_ACCESS_KEY_ID: "test", "INPUT_S3-ACCESS-KEY-ID": "test" });
  assert.equal(isRefused(secrets, "test"), false);
  assert.equal(secrets.redact("`unentropy test` shows them"), "`unentropy test` shows them");
});

test("inputs, variables, proxies' passwords and a caller's options are known", () => {
  const env = {
    "INPUT_GITHUB-TOKEN": "ghs_input-token",
    AWS_SESSION_TOKEN: "session-token-1",
    ACTIONS_RUNTIME_TOKEN: "runtime-token-2",
    https_proxy: "http://user:p%40ssword-3@proxy.example:3128",
    HTTP_PROXY: "no address",
    HOME: "/home/of-a-person",
    INPUT_VERBOSE: "true-and-long",
  };
  const secrets = knownSecrets(env, { type: "sqlite-s3", s3SecretAccessKey: "option-key-4" });
  const shown = secrets.redact(
    "ghs_input-token session-token-1 runtime-token-2 p%40ssword-3 p@ssword-3 option-key-4 /home/of-a-person true-and-long",
  );
  assert.equal(shown, "*** *** *** *** *** *** /home/of-a-person true-and-long");
});

test("every input of the action that takes a secret is one of them", () => {
  const secret = Object.entries(METADATA.inputs)
    .filter(([, { description }]) => /from a secret|token/i.test(description))
    .map(([name]) => name);
  assert.ok(secret.length >= 3, secret.join());
  for (const name of Object.keys(METADATA.inputs)) {
    const known = knownSecrets({ [`INPUT_${name.toUpperCase()}`]: "some-value" }).lines.length > 0;
    assert.equal(known, /^s3-(access-key-id|secret-access-key|session-token)$|token$/.test(name), name);
  }
});

test("a failure keeps its code and hint, and loses the credential from its message and stack", () => {
  const failure = new Failure("the server said ghs_0123456789", { code: "X_Y", hint: "Try again." });
  assert.equal(holding("ghs_0123456789").scrub(failure), failure);
  assert.deepEqual(
    [failure.message, failure.code, failure.hint],
    ["the server said ***", "X_Y", "Try again."],
  );
  assert.doesNotMatch(`${failure.stack}${JSON.stringify(failure)}`, /ghs_/);
});
