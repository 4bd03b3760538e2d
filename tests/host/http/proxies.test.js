// Proxies as the environment names them: a real one that connects and passes on, in front of a real S3 server and of GitHub
// on this machine. The names that are asked for lead nowhere without it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { ArtifactRuntime } from "../../../js/github/artifact-service.js";
import { GitHub } from "../../../js/github/client.js";
import { isExcepted, proxyFor } from "../../../js/http/proxies.js";
import { S3Client } from "../../../js/s3/client.js";
import { certificateFor } from "../../servers/certificate.js";
import { startForwardProxy, startTlsFront } from "../../servers/forward-proxy.js";
import { startGitHub } from "../../servers/github.js";
import { startS3sFs } from "../../servers/s3.js";
import { until } from "../support/processes.js";
import { Project } from "../support/project.js";

const [USER, PASSWORD] = ["robot", "pa ss/w%rd"];
const CREDENTIALS = `${USER}:${encodeURIComponent(PASSWORD)}`;
/** What must appear nowhere. */
const SECRETS = [
  PASSWORD,
  encodeURIComponent(PASSWORD),
  Buffer.from(`${USER}:${PASSWORD}`).toString("base64"),
];

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-proxy-"));
/** @type {Awaited<ReturnType<typeof startS3sFs>>} */
let s3;
/** @type {Awaited<ReturnType<typeof startGitHub>>} */
let github;
/** @type {Awaited<ReturnType<typeof startForwardProxy>>} */
let proxy;
/** Its name is this machine's, which is no name of a server. @type {Awaited<ReturnType<typeof startForwardProxy>>} */
let secureProxy;
/** @type {{stop: () => Promise<unknown>}[]} */
let started = [];
const authority = path.join(folder, "authorities.pem");

before(async () => {
  s3 = await startS3sFs();
  github = await startGitHub();
  const certificates = ["DNS:store.test", "DNS:github.test", "IP:127.0.0.1"].map((name) =>
    certificateFor(folder, name),
  );
  fs.writeFileSync(authority, certificates.map(({ cert }) => cert).join(""));
  const s3Port = Number(new URL(s3.endpoint).port);
  const fronts = await Promise.all([
    startTlsFront(s3Port, certificates[0]),
    startTlsFront(Number(new URL(github.apiUrl).port), certificates[1]),
  ]);
  const names = {
    "store.test:9000": s3Port,
    "store.test:443": fronts[0].port,
    "github.test:443": fronts[1].port,
  };
  proxy = await startForwardProxy({ names, user: `${USER}:${PASSWORD}` });
  secureProxy = await startForwardProxy({ names, certificate: certificates[2] });
  started = [proxy, secureProxy, ...fronts, github, s3];
});
beforeEach(() => {
  proxy.become({});
  secureProxy.become({});
});
after(async () => {
  await Promise.all(started.map((each) => each.stop()));
  fs.rmSync(folder, { recursive: true, force: true });
});

describe("which proxy an address has", () => {
  const both = { HTTP_PROXY: "http://plain:3128", HTTPS_PROXY: "http://secure:3128" };
  /** @type {[what: string, url: string, env: Record<string, string>, expected: string | null][]} */
  const CASES = [
    ["http: HTTP_PROXY", "http://a.example", both, "http://plain:3128/ HTTP_PROXY"],
    ["https: HTTPS_PROXY", "https://a.example", both, "http://secure:3128/ HTTPS_PROXY"],
    ["none for the scheme", "https://a.example", { HTTP_PROXY: "http://plain:3128" }, null],
    [
      "the lower-case name before the other",
      "https://a.example",
      { ...both, https_proxy: "http://lower:1" },
      "http://lower:1/ https_proxy",
    ],
    ["an empty one is none", "https://a.example", { https_proxy: " ", HTTPS_PROXY: "" }, null],
    [
      "a proxy without a scheme",
      "https://a.example",
      { HTTPS_PROXY: "p:3128" },
      "http://p:3128/ HTTPS_PROXY",
    ],
    ["no_proxy in lower case", "https://a.example", { ...both, no_proxy: "example" }, null],
    ["NO_PROXY", "https://a.example", { ...both, NO_PROXY: "a.example" }, null],
    ["this machine by name", "http://localhost:9000", both, null],
    ["this machine by address", "https://127.0.0.53", both, null],
    ["this machine by IPv6", "http://[::1]:9000", both, null],
  ];
  for (const [what, url, env, expected] of CASES) {
    test(what, () => {
      const found = proxyFor(new URL(url), env);
      assert.equal(found && `${found.url.href} ${found.variable}`, expected);
    });
  }

  /** @type {[list: string, url: string, excepted: boolean][]} */
  const LISTS = [
    ["", "https://a.example", false],
    ["*", "https://a.example", true],
    ["a.example", "https://a.example", true],
    ["A.Example", "https://a.EXAMPLE", true],
    ["example", "https://a.example", true],
    [".example", "https://a.example", true],
    [".a.example", "https://a.example", true],
    ["*.example", "https://a.example", true],
    ["a.example.", "https://a.example", true],
    ["a.example", "https://a.example./", true],
    ["a.example", "https://aa.example", false],
    ["a.example", "https://b.a.example", true],
    ["b.a.example", "https://a.example", false],
    ["x, y  a.example", "https://a.example", true],
    ["a.example:443", "https://a.example", true],
    ["a.example:443", "http://a.example", false],
    ["a.example:8443", "https://a.example:8443", true],
    ["example:8443", "https://a.example", false],
    ["10.1.2.3", "https://10.1.2.3", true],
    ["10.1.2.3:9000", "http://10.1.2.3:9000", true],
    ["10.1.2.3:9000", "http://10.1.2.3:9001", false],
    ["2.3", "https://10.1.2.3", false],
    ["10.0.0.0/8", "https://10.1.2.3", true],
    ["10.0.0.0/8", "https://11.1.2.3", false],
    ["10.0.0.0/33", "https://10.1.2.3", false],
    ["10.0.0.0/", "https://10.1.2.3", false],
    ["fd00::/8", "https://[fd00::5]", true],
    ["[fd00::5]:443", "https://[fd00::5]", true],
    ["[fd00::5]:444", "https://[fd00::5]", false],
    ["fd00::6", "https://[fd00::5]", false],
    ["10.1.2.3", "https://[fd00::5]", false],
  ];
  for (const [list, url, excepted] of LISTS) {
    test(`NO_PROXY=${JSON.stringify(list)} ${excepted ? "excepts" : "leaves"} ${url}`, () => {
      assert.equal(isExcepted(new URL(url), list), excepted);
    });
  }
});

/** @param {Record<string, string>} env @param {string} [endpoint] */
function storeClient(env, endpoint = "http://store.test:9000") {
  const parameters = { endpoint, bucket: "bucket", allowHttp: true, credentials: s3.credentials };
  /** @type {string[]} */
  const logged = [];
  const surroundings = {
    env,
    sleep: async () => {},
    log: (/** @type {string} */ line) => void logged.push(line),
  };
  const client = new S3Client(parameters, surroundings);
  return { client, logged };
}

test("plain requests are passed on by the proxy, with its credentials and nobody else's", async () => {
  const { client } = storeClient({ HTTP_PROXY: proxy.url(CREDENTIALS) });
  const bytes = Buffer.alloc(3 << 20, 7);
  const key = "folder with space/ü.db";
  const stored = await client.put(key, bytes, { ifNoneMatch: true, metadata: { a: "b" } });
  assert.equal(stored.status, "stored");
  assert.ok(bytes.equals(/** @type {any} */ (await client.get(key)).bytes));
  assert.equal((await client.head(key))?.size, bytes.length);
  client.close();
  const url = "http://store.test:9000/bucket/folder%20with%20space/%C3%BC.db";
  assert.deepEqual(
    proxy.seen.map((each) => [each.method, each.url, each.headers.host]),
    [
      ["PUT", url, "store.test:9000"],
      ["GET", url, "store.test:9000"],
      ["HEAD", url, "store.test:9000"],
    ],
  );
});

/**
 * A program with the certificates of the test's servers, which are read when a process starts.
 *
 * @param {string} program
 * @param {Record<string, string>} env
 */
async function child(program, env) {
  const process_ = spawn(process.execPath, ["--input-type=module", "-e", program], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: authority, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  for (const stream of [process_.stdout, process_.stderr]) {
    stream.on("data", (piece) => {
      printed += piece;
    });
  }
  const code = await new Promise((resolve) => process_.on("close", resolve));
  return { code, printed };
}

const moduleOf = (/** @type {string} */ name) =>
  JSON.stringify(fileURLToPath(new URL(`../../../js/${name}`, import.meta.url)));

const THROUGH = () => `
  const { S3Client } = await import(${moduleOf("s3/client.js")});
  const { GitHub } = await import(${moduleOf("github/client.js")});
  const client = new S3Client({ endpoint: "https://store.test", bucket: "bucket",
    credentials: ${JSON.stringify(s3.credentials)}, multipartThreshold: 6 << 20, partSize: 5 << 20 });
  const bytes = new Uint8Array(12 << 20).fill(3);
  await client.put("k", bytes, {});
  const read = await client.get("k");
  const github = new GitHub({ apiUrl: "https://github.test", token: ${JSON.stringify(github.token())} });
  const { data } = await github.request({ path: "/repos/octo/widgets" });
  console.log(Buffer.from(read.bytes).equals(bytes), data.full_name);`;

for (const [what, proxied] of /** @type {const} */ ([
  ["a proxy", () => ({ through: proxy, url: proxy.url(CREDENTIALS) })],
  ["a proxy that speaks https itself", () => ({ through: secureProxy, url: secureProxy.url() })],
])) {
  test(`secure connections go through ${what}, end to end, are kept, and keep no process alive`, async () => {
    const { through, url } = proxied();
    const { code, printed } = await child(THROUGH(), { HTTPS_PROXY: url, NO_PROXY: "" });
    assert.deepEqual([code, printed], [0, "true octo/widgets\n"]);
    // One connection for each of the servers, whatever the number of requests.
    assert.deepEqual(
      through.seen.map((each) => `${each.method} ${each.url}`),
      ["CONNECT store.test:443", "CONNECT github.test:443"],
    );
    assert.ok(through.seen.every(({ headers }) => headers.authorization === undefined));
  });
}

test("the server behind a proxy still needs its own certificate", async () => {
  const { client } = storeClient({ HTTPS_PROXY: proxy.url(CREDENTIALS) }, "https://store.test");
  await assert.rejects(client.get("k"), (/** @type {any} */ error) => {
    assert.equal(error.code, "S3_UNREACHABLE");
    assert.match(error.message, /no secure connection: self-signed certificate/);
    assert.match(error.hint, /NODE_EXTRA_CA_CERTS/);
    return true;
  });
});

describe("a proxy that does not let through", () => {
  const wrong = `${USER}:wr%25ong-password`;
  /**
   * What is said, with `AT` for the proxy's host, `TO` for the server's, `VARIABLE` for the variable's name.
   *
   * @type {[what: string, trouble: import("../../servers/forward-proxy.js").Trouble, url: () => string, said: string,
   *   hint: RegExp, tries: number][]}
   */
  const CASES = [
    [
      "asks for credentials",
      {},
      () => proxy.url(),
      "the proxy `AT` asks for a user and a password (407)",
      /^Set `VARIABLE` to `http:\/\/USER:PASSWORD@127\.0\.0\.1:\d+`\.$/,
      1,
    ],
    [
      "does not know the credentials",
      {},
      () => proxy.url(wrong),
      "the proxy `AT` does not accept the user and the password of `VARIABLE` (407)",
      /^Check the user and the password in `VARIABLE`/,
      1,
    ],
    [
      "forbids the host",
      { refuse: 403 },
      () => proxy.url(CREDENTIALS),
      "the proxy `AT` does not let connections to `TO` through (403)",
      /^Allow them in the proxy\. .*`NO_PROXY`/,
      1,
    ],
    [
      "does not reach the host",
      { refuse: 502 },
      () => proxy.url(CREDENTIALS),
      "the proxy `AT` could not connect to `TO` (502)",
      /may connect to it, then try again\. .*`NO_PROXY`/,
      3,
    ],
    [
      "hangs up",
      { hangUp: true },
      () => proxy.url(CREDENTIALS),
      "no connection to `TO` through the proxy `AT`: the connection was reset",
      /^Check `VARIABLE`\. .*`NO_PROXY`/,
      3,
    ],
    [
      "says nothing",
      { silent: true },
      () => proxy.url(CREDENTIALS),
      "the transfer stalled: nothing moved for 300 ms before an answer came through the proxy `AT`",
      /^Try again/,
      3,
    ],
  ];
  for (const [what, trouble, url, said, hint, tries] of CASES) {
    test(`${what}: S3, GitHub and the artifact service say so, and no server is asked`, async () => {
      const expected = (/** @type {string} */ to) =>
        said.replace("AT", proxy.host).replace("TO", to).replace("VARIABLE", "HTTPS_PROXY") +
        (tries > 1 ? ` (${tries} attempts)` : "");
      const env = { HTTPS_PROXY: url() };
      const fast = { sleep: async () => {}, random: () => 0 };
      const stallTimeoutMs = trouble.silent ? 300 : 30_000;
      const store = new S3Client(
        {
          endpoint: "https://store.test",
          bucket: "bucket",
          credentials: s3.credentials,
          stallTimeoutMs,
        },
        { env, ...fast },
      );
      const rest = new GitHub({
        apiUrl: "https://github.test",
        token: github.token(),
        env,
        attempts: 3,
        stallTimeoutMs,
        ...fast,
      });
      const job = github.jobEnvironment(github.addRun({ branch: "main" }));
      const runtime = new ArtifactRuntime(
        { ...job, ACTIONS_RESULTS_URL: "https://github.test/", ...env },
        { attempts: 3, stallTimeoutMs, ...fast },
      );
      github.script([]);
      /** @type {[string, () => Promise<unknown>, string, string][]} */
      const asked = [
        [
          "S3",
          () => store.get("k"),
          "could not read `k` in bucket `bucket` at `store.test`",
          "store.test:443",
        ],
        [
          "GITHUB",
          () => rest.request({ path: "/x", doing: "could not ask" }),
          "could not ask at `github.test`",
          "github.test:443",
        ],
        [
          "GITHUB",
          () => runtime.list(),
          "could not list the artifacts of this run at `github.test`",
          "github.test:443",
        ],
      ];
      for (const [service, ask, doing, to] of asked) {
        proxy.become(trouble);
        await assert.rejects(ask(), (/** @type {any} */ error) => {
          assert.equal(error.message, `${doing}: ${expected(to)}`);
          assert.equal(error.code, trouble.silent ? `${service}_TIMEOUT` : `${service}_UNREACHABLE`);
          assert.match(error.hint.replace("HTTPS_PROXY", "VARIABLE"), hint);
          assertSilent(`${error.stack} ${error.hint} ${JSON.stringify(error)} ${error.cause?.stack}`);
          return true;
        });
        // Nothing is left waiting for a proxy that says nothing.
        await until(() => proxy.connections() === 0, "the connections to the proxy have ended");
        if (!trouble.silent) assert.equal(proxy.seen.length, tries);
      }
      assert.deepEqual(github.seen, []);
    });
  }

  test("asks for credentials when it passes plain requests on: the answer is not the server's", async () => {
    for (const [url, said] of [
      [proxy.url(), /: the proxy `[\d.:]+` asks for a user and a password \(407\)$/],
      [
        proxy.url(wrong),
        /: the proxy `[\d.:]+` does not accept the user and the password of `http_proxy` \(407\)$/,
      ],
    ]) {
      const { client } = storeClient({ http_proxy: String(url) });
      await assert.rejects(client.get("k"), (/** @type {any} */ error) => {
        assert.equal(error.code, "S3_UNREACHABLE");
        assert.match(error.message, /** @type {RegExp} */ (said));
        assertSilent(`${error.stack} ${error.hint}`);
        return true;
      });
    }
    assert.equal(proxy.seen.length, 2);
  });

  for (const [scheme, variable] of /** @type {const} */ ([
    ["http", "HTTP_PROXY"],
    ["https", "HTTPS_PROXY"],
  ])) {
    test(`is not there: ${scheme}`, async () => {
      const { client, logged } = storeClient(
        { [variable]: `http://${CREDENTIALS}@127.0.0.1:1` },
        scheme === "http" ? "http://store.test:9000" : "https://store.test:9000",
      );
      await assert.rejects(client.get("k"), (/** @type {any} */ error) => {
        assert.equal(
          error.message,
          "could not read `k` in bucket `bucket` at `store.test:9000`: no connection to `store.test:9000` through the " +
            "proxy `127.0.0.1:1`: nothing listens there: connection refused (3 attempts)",
        );
        assert.equal(
          error.hint,
          `Check \`${variable}\`. If the host can be reached without a proxy, add it to \`NO_PROXY\`.`,
        );
        assertSilent(`${error.stack} ${error.cause?.stack} ${logged.join()}`);
        return true;
      });
    });
  }

  for (const [value, said] of [
    ["socks5://robot:secret-word@proxy:1080", "`HTTPS_PROXY` names a proxy of the kind `socks5`"],
    ["http://robot:secret-word@", "`HTTPS_PROXY` is not the address of a proxy"],
    ["http://robot:secret-word%@proxy:3128", "`HTTPS_PROXY` is not the address of a proxy"],
  ]) {
    test(`cannot be one: ${value}`, async () => {
      const { client } = storeClient({ HTTPS_PROXY: value }, "https://store.test");
      await assert.rejects(client.get("k"), (/** @type {any} */ error) => {
        assert.equal(error.code, "S3_UNREACHABLE");
        assert.ok(error.message.endsWith(`: ${said}`), error.message);
        assert.ok(!`${error.stack} ${error.hint}`.includes("secret-word"));
        return true;
      });
    });
  }
});

/** @param {string} text */
function assertSilent(text) {
  for (const secret of [...SECRETS, "wr%25ong-password", "wr%ong-password"]) {
    assert.ok(!text.includes(secret), text);
  }
}

describe("a run of the command line", () => {
  /** @param {import("node:test").TestContext} t @param {Record<string, string>} env */
  async function track(t, env) {
    const project = new Project(t, {
      "unentropy.json": JSON.stringify({ metrics: { answer: { type: "numeric", command: "echo 42" } } }),
    });
    const flags = ["--storage", "sqlite-s3", "--s3-endpoint", "https://store.test", "--s3-bucket", "bucket"];
    return project.run(["track", ...flags, "--s3-key", `${t.name.length}.db`], {
      env: {
        AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
        NODE_EXTRA_CA_CERTS: authority,
        ...env,
      },
    });
  }

  test("keeps its history through the proxy", async (t) => {
    const { code, stdout, stderr } = await track(t, { https_proxy: proxy.url(CREDENTIALS) });
    assert.equal(code, 0, stdout + stderr);
    assert.ok(proxy.seen.length > 0);
    assert.ok(proxy.seen.every(({ method, url }) => `${method} ${url}` === "CONNECT store.test:443"));
  });

  test("says what the proxy refuses, without its password", async (t) => {
    const { code, stdout, stderr } = await track(t, { https_proxy: proxy.url(wrong()) });
    assert.equal(code, 3, stdout + stderr);
    assert.match(
      stderr,
      /the proxy `[\d.:]+` does not accept the user and the password of `https_proxy` \(407\)/,
    );
    assertSilent(stdout + stderr);
  });

  const wrong = () => `${USER}:wr%25ong-password`;
});

test("without a proxy none of it is loaded, and with one it is", async () => {
  const hook =
    "export async function load(url, context, next) { if (url.endsWith('/proxies.js')) process._rawDebug('loaded'); return next(url, context); }";
  const program = `
    import { register } from "node:module";
    register("data:text/javascript," + ${JSON.stringify(encodeURIComponent(hook))});
    const { S3Client } = await import(${moduleOf("s3/client.js")});
    const client = new S3Client({ endpoint: ${JSON.stringify(s3.endpoint)}, bucket: "bucket",
      credentials: ${JSON.stringify(s3.credentials)} });
    await client.put("loaded", new Uint8Array(3), {});
    console.log("stored");`;
  const none = { HTTPS_PROXY: "", https_proxy: "", HTTP_PROXY: "", http_proxy: "" };
  const without = await child(program, none);
  assert.deepEqual(without, { code: 0, printed: "stored\n" });
  const through = await child(program, { ...none, HTTP_PROXY: proxy.url() });
  assert.match(through.printed, /loaded\n/);
});
