/**
 * The command line keeps, shows, merges and examines histories in S3, rescues what cannot be stored, and never
 * shows a credential, whatever goes wrong. The shipped program against a real server.
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startFaultProxy } from "../../servers/fault-proxy.js";
import { startMoto } from "../../servers/s3.js";
import { Project } from "../support/project.js";
import { Place, stopAll } from "./place.js";

/** @type {import("../../servers/s3.js").S3Server} */
let moto;
/** @type {Awaited<ReturnType<typeof startFaultProxy>>} */
let proxy;
before(async () => {
  moto = await startMoto();
  proxy = await startFaultProxy(moto);
});
after(() => stopAll([proxy, moto]));

const CONFIG = { metrics: { answer: { type: "numeric", command: "echo 42" } } };

/** @param {import("node:test").TestContext} t */
function setup(t) {
  proxy.become({});
  proxy.script([]);
  const place = new Place(proxy, { direct: moto });
  t.after(() => {
    proxy.script([]);
    place.remove();
  });
  const project = new Project(t, { "unentropy.json": JSON.stringify(CONFIG) });
  const flags = [
    "--storage",
    "sqlite-s3",
    "--s3-endpoint",
    proxy.endpoint,
    "--s3-bucket",
    "bucket",
    "--s3-key",
    place.key,
  ];
  const env = {
    AWS_ACCESS_KEY_ID: moto.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: moto.credentials.secretAccessKey,
  };
  /** @param {string[]} args @param {NodeJS.ProcessEnv} [more] */
  const run = async (args, more = {}) => {
    const outcome = await project.run(args, { env: { ...env, ...more } });
    const shown = outcome.stdout + outcome.stderr;
    for (const secret of [
      ...Object.values(moto.credentials),
      more.AWS_SECRET_ACCESS_KEY,
      more.AWS_SESSION_TOKEN,
    ]) {
      if (secret) assert.equal(shown.includes(secret), false, shown.replaceAll(secret, "SECRET"));
    }
    return { ...outcome, shown };
  };
  return { place, project, flags, run };
}

describe("the command line with a history in S3", () => {
  test("it records, reports, and tells where the history is", async (t) => {
    const { place, project, flags, run } = setup(t);
    for (const builds of [1, 2]) {
      const { code, stdout, shown } = await run([
        "track",
        "--json",
        ...flags,
        "--run-id",
        `r${builds}`,
        "--verbose",
      ]);
      assert.equal(code, 0, shown);
      const document = JSON.parse(stdout);
      assert.equal(document.databaseLocation, `s3://bucket/${place.key}`);
      assert.equal(document.databasePath, null);
      assert.equal(document.storageType, "sqlite-s3");
      assert.equal(document.totalBuilds, builds);
      assert.equal(document.databaseSize, (await place.content())?.length);
    }
    assert.deepEqual(await place.runs(), ["r1", "r2"]);
    const report = await run(["report", "--json", ...flags, "-o", "out"]);
    assert.equal(JSON.parse(report.stdout).totalBuilds, 2, report.shown);
    assert.ok(project.exists("out/index.html"));
    for (const secret of Object.values(moto.credentials)) {
      assert.equal(project.read("out/index.html").includes(secret), false);
    }
  });

  test("the configuration names the place, and flags come before it", async (t) => {
    const { place, project, run } = setup(t);
    const s3 = { endpoint: proxy.endpoint, bucket: "elsewhere", key: place.key };
    project.config({ ...CONFIG, storage: { type: "sqlite-s3", s3 } });
    const { code, shown } = await run(["track", "--s3-bucket", "bucket"]);
    assert.equal(code, 0, shown);
    assert.equal((await place.runs()).length, 1);
    const missing = await run(["track"]);
    assert.match(missing.stderr, /error\[S3_BUCKET_MISSING\].*`elsewhere`/s);
    assert.equal(missing.code, 3);
  });

  test("what cannot be stored stays on this machine and can be merged later", async (t) => {
    const { place, project, flags, run } = setup(t);
    assert.equal((await run(["track", ...flags, "--run-id", "r1"])).code, 0);
    proxy.script([{ fault: { kind: "answer", status: 403, code: "AccessDenied" }, method: "PUT" }]);
    const failed = await run(["track", "--json", ...flags, "--run-id", "r2"]);
    assert.equal(failed.code, 3, failed.shown);
    const { databasePath, error, metricsCollected } = JSON.parse(failed.stdout);
    assert.equal(metricsCollected, 1);
    assert.equal(error.code, "S3_ACCESS_DENIED");
    assert.ok(error.message.includes(databasePath), error.message);
    assert.match(error.hint, /unentropy merge/);
    assert.equal(databasePath, project.path("unentropy-rescue.db"));
    // A second rescue takes no other's place.
    const again = await run(["track", "--json", ...flags, "--run-id", "r3"]);
    assert.equal(JSON.parse(again.stdout).databasePath, project.path("unentropy-rescue-2.db"));

    proxy.script([]);
    assert.deepEqual(await place.runs(), ["r1"]);
    const merged = await run(["merge", "--json", databasePath, ...flags]);
    assert.equal(merged.code, 0, merged.shown);
    const { addedBuilds, totalBuilds } = JSON.parse(merged.stdout);
    assert.deepEqual({ addedBuilds, totalBuilds }, { addedBuilds: 1, totalBuilds: 2 });
    assert.equal((await run(["merge", "unentropy-rescue-2.db", ...flags])).code, 0);
    assert.deepEqual(await place.runs(), ["r1", "r2", "r3"]);
  });

  test("a damaged history is restored by the flag and by nothing else", async (t) => {
    const { place, flags, run } = setup(t);
    for (const id of ["r1", "r2"]) assert.equal((await run(["track", ...flags, "--run-id", id])).code, 0);
    await place.put(Buffer.from("damaged"));
    const refused = await run(["track", ...flags]);
    assert.equal(refused.code, 3);
    assert.match(refused.stderr, /HISTORY_NOT_SQLITE.*`--on-corrupt`/s);
    const restored = await run(["track", ...flags, "--on-corrupt", "restore", "--run-id", "r3"]);
    assert.equal(restored.code, 0, restored.shown);
    assert.match(restored.stderr, /warning: .*restored from/);
    assert.deepEqual(await place.runs(), ["r1", "r3"]);
  });

  test("encryption and tries are flags", async (t) => {
    const { place, flags, run } = setup(t);
    const id = "arn:aws:kms:eu-central-1:123456789012:key/0123";
    proxy.script([{ fault: { kind: "answer", status: 500 }, method: "GET", url: /\.db$/, times: 2 }]);
    const kms = ["--s3-sse", "aws:kms", "--s3-sse-kms-key-id", id];
    const once = await run(["track", ...flags, ...kms, "--retry-attempts", "1"]);
    assert.equal(once.code, 3);
    const { code, shown } = await run(["track", ...flags, ...kms, "--retry-attempts", "2"]);
    assert.equal(code, 0, shown);
    const stored = proxy.seen.filter(({ method, url }) => method === "PUT" && url.endsWith(".db"));
    assert.ok(stored.length > 0);
    for (const { headers } of stored) {
      assert.equal(headers["x-amz-server-side-encryption"], "aws:kms");
      assert.equal(headers["x-amz-server-side-encryption-aws-kms-key-id"], id);
    }
    assert.equal((await place.runs()).length, 1);
  });

  test("a number of tries that is given is the number of requests", async (t) => {
    const { flags, run } = setup(t);
    for (const [given, requests] of /** @type {[string[], number][]} */ ([
      [["--retry-attempts", "1"], 1],
      [["--retry-attempts", "2"], 2],
      [["--retry-attempts", "3"], 3],
    ])) {
      proxy.script([{ fault: { kind: "answer", status: 500 }, method: "GET", url: /\.db$/ }]);
      const { code, stderr } = await run(["report", ...flags, ...given]);
      assert.equal(code, 3, stderr);
      assert.equal(proxy.seen.length, requests);
    }
    proxy.script([]);
  });

  /** @type {[string, string[], NodeJS.ProcessEnv, number, RegExp][]} */
  const refusals = [
    [
      "no credentials",
      [],
      { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" },
      2,
      /S3_PARAMETERS_INVALID.*AWS_SECRET_ACCESS_KEY/s,
    ],
    [
      "a wrong secret",
      [],
      { AWS_SECRET_ACCESS_KEY: "wrong/secret+0123456789abcdefghijk" },
      3,
      /S3_AUTH_FAILED/,
    ],
    [
      "a token that is none",
      [],
      { AWS_SESSION_TOKEN: "a-token-that-nobody-gave-0123456789" },
      3,
      /S3_AUTH_FAILED/,
    ],
    ["another repair", ["--on-corrupt", "pray"], {}, 2, /USAGE_INVALID.*`--on-corrupt` is `pray`/s],
    [
      "a credential as a flag",
      ["--s3-secret-access-key", "x"],
      {},
      2,
      /does not take `--s3-secret-access-key`/,
    ],
    [
      "another encryption",
      ["--s3-sse", "rot13"],
      {},
      2,
      /`--s3-sse` is `rot13`, expected `AES256` or `aws:kms`/,
    ],
    [
      "no try at all",
      ["--retry-attempts", "0"],
      {},
      2,
      /`--retry-attempts` is `0`, expected a whole number from 1 to 20/,
    ],
    [
      "a timeout in minutes",
      ["--s3-timeout", "2m"],
      {},
      2,
      /`--s3-timeout` is `2m`, expected a whole number/,
    ],
    ["two keys", ["--database-key", "other"], {}, 2, /named twice/],
    ["http to another machine", ["--s3-endpoint", "http://s3.example.org"], {}, 2, /S3_ENDPOINT_INSECURE/],
  ];
  for (const [name, more, env, code, message] of refusals) {
    test(`${name} ends with exit code ${code} and no credential shown`, async (t) => {
      const { flags, run } = setup(t);
      const outcome = await run(["track", "--verbose", ...flags, ...more], env);
      assert.equal(outcome.code, code, outcome.shown);
      assert.match(outcome.stderr, message);
    });
  }
});

describe("merge", () => {
  test("adds one file's builds to another's, once", async (t) => {
    const { project, run } = setup(t);
    for (const [db, id] of [
      ["a.db", "r1"],
      ["b.db", "r2"],
    ]) {
      assert.equal((await run(["track", "--db", db, "--run-id", id])).code, 0);
    }
    for (const addedBuilds of [1, 0]) {
      const { code, stdout, shown } = await run(["merge", "--json", "a.db", "b.db"]);
      assert.equal(code, 0, shown);
      const document = JSON.parse(stdout);
      assert.equal(document.addedBuilds, addedBuilds);
      assert.equal(document.totalBuilds, 2);
      assert.equal(document.databaseLocation, project.path("a.db"));
    }
    const words = await run(["merge", "a.db", "b.db"]);
    assert.match(words.stderr, /added 0 builds and 0 values to .*a\.db \(2 builds\)/);
  });

  /** @type {[string, string[], RegExp][]} */
  const cases = [
    ["nothing", [], /needs a history/],
    ["a file that is missing", ["a.db", "missing.db"], /HISTORY_MISSING.*missing\.db/s],
    ["two files and a flag", ["a.db", "b.db", "--db", "c.db"], /two destinations/],
    ["three files", ["a.db", "b.db", "c.db"], /does not take `c\.db`/],
  ];
  for (const [name, args, message] of cases) {
    test(`${name} is refused`, async (t) => {
      const { run } = setup(t);
      const { code, stderr } = await run(["merge", ...args]);
      assert.notEqual(code, 0);
      assert.match(stderr, message);
    });
  }
});

describe("doctor", () => {
  /** @param {string} stdout @returns {Record<string, {status: string, message: string, hint: string, code?: string}>} */
  const checks = (stdout) =>
    Object.fromEntries(
      JSON.parse(stdout).checks.map((/** @type {any} */ finding) => [finding.check, finding]),
    );
  const denied = { kind: /** @type {const} */ ("answer"), status: 403, code: "AccessDenied" };

  test("a place that is in order passes every check, and nothing is left there", async (t) => {
    const { place, flags, run } = setup(t);
    const empty = await run(["doctor", "--json", ...flags]);
    assert.equal(empty.code, 0, empty.shown);
    assert.equal(checks(empty.stdout).history.status, "skipped");
    assert.deepEqual(await place.names(), []);
    await run(["track", ...flags]);
    const { code, stdout, shown } = await run(["doctor", "--json", ...flags]);
    assert.equal(code, 0, shown);
    const found = checks(stdout);
    for (const [check, { status }] of Object.entries(found)) assert.equal(status, "ok", `${check}: ${shown}`);
    assert.match(found.history.message, /1 build,/);
    assert.deepEqual(await place.names(), [""]);
    const words = await run(["doctor", ...flags]);
    assert.match(words.stderr, /✓ preconditions {2}the server replaces/);
  });

  /** @type {[string, (flags: string[]) => string[], NodeJS.ProcessEnv, import("../../servers/fault-proxy.js").Rule[], import("../../servers/fault-proxy.js").Character, string, number][]} */
  const cases = [
    [
      "a wrong secret",
      (flags) => flags,
      { AWS_SECRET_ACCESS_KEY: "wrong/secret+0123456789abcdefghijk" },
      [],
      {},
      "credentials",
      3,
    ],
    [
      "no credentials",
      (flags) => flags,
      { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" },
      [],
      {},
      "credentials",
      3,
    ],
    ["a bucket's name that is none", (flags) => flags.with(5, "a/b"), {}, [], {}, "parameters", 2],
    ["a missing bucket", (flags) => flags.with(5, "missing"), {}, [], {}, "bucket", 3],
    ["no server", (flags) => flags.with(3, "http://127.0.0.1:9"), {}, [], {}, "reachability", 3],
    [
      "another region that is not told",
      (flags) => flags,
      {},
      [],
      { region: { name: "eu-1", told: "silent" } },
      "region",
      3,
    ],
    [
      "no right to read",
      (flags) => flags,
      {},
      [{ fault: denied, method: "GET", url: /\.db$/ }],
      {},
      "read",
      3,
    ],
    ["no right to write", (flags) => flags, {}, [{ fault: denied, method: "PUT" }], {}, "write", 3],
    ["no right to delete", (flags) => flags, {}, [{ fault: denied, method: "DELETE" }], {}, "delete", 3],
    [
      "no right to list",
      (flags) => flags,
      {},
      [{ fault: denied, method: "GET", url: /list-type=2/ }],
      {},
      "list",
      3,
    ],
  ];
  for (const [name, change, env, rules, character, check, code] of cases) {
    test(`${name} fails the check \`${check}\` with a remedy`, async (t) => {
      const { flags, run } = setup(t);
      proxy.become(character);
      proxy.script(rules);
      const outcome = await run(["doctor", "--json", ...change(flags)], env);
      assert.equal(outcome.code, code, outcome.shown);
      const found = checks(outcome.stdout);
      const failed = Object.values(found).filter(({ status }) => status === "failed");
      assert.deepEqual(
        failed.map((/** @type {any} */ finding) => finding.check),
        [check],
      );
      assert.match(found[check].hint, /\S/);
    });
  }

  test("a server without preconditions is told and is no failure", async (t) => {
    const { flags, run } = setup(t);
    proxy.become({ ignoresPreconditions: true });
    const { code, stdout } = await run(["doctor", "--json", ...flags]);
    assert.equal(code, 0);
    assert.match(checks(stdout).preconditions.message, /ignores .*builds wait as objects of their own/);
  });

  test("a local history is examined too", async (t) => {
    const { project, run } = setup(t);
    assert.equal((await run(["track", "--db", "a.db"])).code, 0);
    assert.match((await run(["doctor", "--db", "a.db"])).stderr, /✓ history {2}1 build in/);
    project.write("bad.db", "nonsense");
    const bad = await run(["doctor", "--json", "--db", "bad.db"]);
    assert.equal(bad.code, 3);
    assert.equal(checks(bad.stdout).history.code, "HISTORY_NOT_SQLITE");
  });
});
