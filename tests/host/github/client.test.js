// The REST client against GitHub's interface on this machine: pages, waits, redirects, every status in words, and
// that no token gets where it does not belong.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { GitHub, nextPage } from "../../../js/github/client.js";
import { startGitHub } from "../../servers/github.js";

const REPO = "/repos/octo/widgets";
const ARTIFACTS = `${REPO}/actions/artifacts`;

/** @typedef {import("../../servers/github.js").GitHubServer} GitHubServer */

/** @type {GitHubServer} */
let github;
before(async () => {
  github = await startGitHub();
});
after(() => github.stop());

/**
 * A client that waits for nothing, and what it would have waited.
 *
 * @param {Partial<import("../../../js/github/client.js").GitHubOptions>} [options]
 */
function client(options = {}) {
  /** @type {number[]} */
  const waits = [];
  const made = new GitHub({
    apiUrl: github.apiUrl,
    token: github.token(),
    sleep: async (ms) => void waits.push(ms),
    random: () => 0.5,
    stallTimeoutMs: 60_000,
    ...options,
  });
  return { github: made, waits };
}

/** @param {AsyncIterable<any>} items */
async function all(items) {
  const found = [];
  for await (const item of items) found.push(item);
  return found;
}

describe("requests", () => {
  test("an answer's JSON, status and headers come back, and what was asked is what was sent", async () => {
    github.script([]);
    const { data, status, headers } = await client().github.request({ path: REPO });
    assert.equal(data.full_name, "octo/widgets");
    assert.equal(status, 200);
    assert.equal(headers["x-ratelimit-limit"], "5000");
    const [seen] = github.seen;
    assert.match(seen.headers["user-agent"] ?? "", /^unentropy/);
    assert.match(seen.headers.authorization ?? "", /^Bearer ghs_/);
    assert.equal(seen.headers["x-github-api-version"], "2022-11-28");
  });

  test("comments are made, changed and deleted with their bodies as they are", async () => {
    github.script([]);
    const { github: rest } = client();
    const body = "one\n\n| a | b |\n`c` ünï <!-- marker -->";
    const made = await rest.request({ method: "POST", path: `${REPO}/issues/7/comments`, body: { body } });
    assert.deepEqual([made.status, made.data.body], [201, body]);
    const path = `${REPO}/issues/comments/${made.data.id}`;
    await rest.request({ method: "PATCH", path, body: { body: "two" } });
    assert.equal((await rest.request({ path })).data.body, "two");
    const gone = await rest.request({ method: "DELETE", path });
    assert.deepEqual([gone.status, gone.data], [204, null]);
    await assert.rejects(rest.request({ path }), { code: "GITHUB_NOT_FOUND", status: 404 });
  });

  test("a server below a path is asked below that path", async () => {
    const rest = new GitHub({ apiUrl: `${github.apiUrl}/api/v3/`, token: github.token() });
    github.script([
      { url: /^\/api\/v3\/repos\/x$/, fault: { kind: "answer", status: 200, body: { id: 1 } } },
    ]);
    assert.deepEqual((await rest.request({ path: "/repos/x" })).data, { id: 1 });
  });

  test("a file's content comes as its bytes where a raw medium is accepted", async () => {
    github.script([{ url: /contents/, fault: { kind: "answer", status: 200, body: "{not json" } }]);
    const { data } = await client().github.request({
      path: `${REPO}/contents/unentropy.json`,
      accept: "application/vnd.github.raw+json",
    });
    assert.equal(data.toString(), "{not json");
  });

  test("a repository that was renamed is found by the redirect within the server", async () => {
    const location = `/repositories/${github.repositoryId}`;
    github.script([
      { url: /^\/repos\/old\/name$/, fault: { kind: "answer", status: 301, headers: { location } } },
    ]);
    const { data } = await client().github.request({ path: "/repos/old/name" });
    assert.equal(data.full_name, "octo/widgets");
  });

  test("a redirect to another server is not followed", async () => {
    const location = "https://example.com/repos/octo/widgets";
    github.script([{ fault: { kind: "answer", status: 302, headers: { location } } }]);
    await assert.rejects(client().github.request({ path: REPO }), { code: "GITHUB_UNEXPECTED" });
  });
});

describe("pages", () => {
  test("every item of every page comes once and in order", async () => {
    for (let n = 0; n < 7; n++) github.addComment(99, `comment ${n}`);
    github.script([]);
    const path = `${REPO}/issues/99/comments`;
    const comments = await all(client().github.pages({ path, query: { per_page: 3 } }));
    assert.deepEqual(
      comments.map(({ body }) => body),
      Array.from({ length: 7 }, (_, n) => `comment ${n}`),
    );
    assert.equal(github.seen.length, 3);
    assert.match(github.seen[1].url, /^\/repositories\//);
  });

  test("no page is asked for that nobody wants", async () => {
    for (let n = 0; n < 5; n++) github.addComment(98, `comment ${n}`);
    github.script([]);
    for await (const _ of client().github.pages({
      path: `${REPO}/issues/98/comments`,
      query: { per_page: 2 },
    })) {
      break;
    }
    assert.equal(github.seen.length, 1);
  });

  test("an answer without the list is an error and no empty list", async () => {
    for (const body of [{ message: "hello" }, null, 3]) {
      github.script([{ fault: { kind: "answer", status: 200, body } }]);
      await assert.rejects(all(client().github.pages({ path: ARTIFACTS, pick: (data) => data?.artifacts })), {
        code: "GITHUB_UNEXPECTED",
        type: "storage",
      });
    }
  });

  test("a next page at another server, or the same page again, is an error", async () => {
    for (const next of ["https://example.com/?page=2", `${github.apiUrl}${ARTIFACTS}?per_page=100`]) {
      const headers = { link: `<${next}>; rel="next"` };
      github.script([{ fault: { kind: "answer", status: 200, headers, body: [] } }]);
      await assert.rejects(all(client().github.pages({ path: ARTIFACTS })), { code: "GITHUB_UNEXPECTED" });
    }
  });

  test("a failure on a later page is a failure and not the end of the list", async () => {
    for (let n = 0; n < 5; n++) github.addComment(97, `comment ${n}`);
    github.script([{ url: /page=2/, fault: { kind: "answer", status: 502 } }]);
    const path = `${REPO}/issues/97/comments`;
    await assert.rejects(all(client().github.pages({ path, query: { per_page: 2 } })), {
      code: "GITHUB_SERVER_ERROR",
    });
  });

  test("the next page is found in a link header however it is written", () => {
    for (const [header, next] of /** @type {[string | undefined, string | null][]} */ ([
      [undefined, null],
      ["", null],
      ['<https://a/?page=1>; rel="prev", <https://a/?page=3>; rel="next"', "https://a/?page=3"],
      ["<https://a/?page=3>; rel=next", "https://a/?page=3"],
      ['<https://a/?q=a,b&page=3>; title="x"; rel="last next"', "https://a/?q=a,b&page=3"],
      ['<https://a/?page=9>; rel="last"', null],
      ['<https://a/?page=9>; rel="nextish"', null],
    ])) {
      assert.equal(nextPage(header), next, header);
    }
  });
});

describe("statuses in words", () => {
  /** @type {[string, number, Record<string, string>, unknown, {code: string, message?: RegExp, hint?: RegExp, retryable?: boolean}][]} */
  const cases = [
    [
      "401",
      401,
      {},
      { message: "Bad credentials" },
      { code: "GITHUB_AUTH_FAILED", message: /Bad credentials/ },
    ],
    [
      "403 with what the token would need",
      403,
      { "x-accepted-github-permissions": "pull_requests=write, issues=read; issues=write" },
      { message: "Resource not accessible by integration" },
      { code: "GITHUB_FORBIDDEN", hint: /`pull-requests: write, issues: read` below `permissions:`/ },
    ],
    ["404", 404, {}, { message: "Not Found" }, { code: "GITHUB_NOT_FOUND", message: /may not see it/ }],
    ["409", 409, {}, {}, { code: "GITHUB_CONFLICT", retryable: true }],
    ["410", 410, {}, { message: "gone" }, { code: "GITHUB_GONE" }],
    [
      "422",
      422,
      {},
      { message: "Validation Failed", errors: [{ field: "body", code: "invalid" }, "other"] },
      { code: "GITHUB_REJECTED", message: /Validation Failed; body invalid; other/ },
    ],
    ["500", 500, {}, "<html>no</html>", { code: "GITHUB_SERVER_ERROR", retryable: true }],
    ["418", 418, {}, "", { code: "GITHUB_UNEXPECTED" }],
    ["a page instead of JSON", 200, {}, "<html>", { code: "GITHUB_UNEXPECTED", message: /not JSON/ }],
  ];
  for (const [name, status, headers, body, expected] of cases) {
    test(name, async () => {
      github.script([{ fault: { kind: "answer", status, headers, body } }]);
      const { retryable = false, ...rest } = expected;
      await assert.rejects(
        client().github.request({ path: REPO, doing: "could not read `octo/widgets`" }),
        (/** @type {any} */ error) => {
          assert.equal(error.status, status);
          assert.equal(error.retryable, retryable);
          assert.match(error.message, /^could not read `octo\/widgets` at `127\.0\.0\.1:\d+`: /);
          assert.equal(error.code, rest.code);
          assert.match(error.message, rest.message ?? /./);
          assert.match(error.hint, rest.hint ?? /\.$/);
          return true;
        },
      );
    });
  }

  test("a right that is missing is named by the server's answer and by the caller", async () => {
    github.script([]);
    const { github: rest } = client({ token: github.token({ contents: "read" }) });
    await assert.rejects(rest.request({ path: ARTIFACTS }), {
      code: "GITHUB_FORBIDDEN",
      hint: /`actions: read`/,
    });
    const given = { path: ARTIFACTS, permission: "actions: write" };
    await assert.rejects(rest.request(given), { message: /lacks `actions: write`/ });
  });

  test("a control character of the server's never reaches a terminal", async () => {
    const body = { message: "a\n::error::b\u001b[31m\u202e" };
    github.script([{ fault: { kind: "answer", status: 422, body } }]);
    await assert.rejects(client().github.request({ path: REPO }), (/** @type {Error} */ { message }) => {
      assert.doesNotMatch(message, /[\p{Cc}\p{Cf}]/u);
      return true;
    });
  });
});

describe("trying again", () => {
  const trouble = /** @type {import("../../servers/faults.js").Fault[]} */ ([
    { kind: "answer", status: 500 },
    { kind: "answer", status: 503, headers: { "retry-after": "3" } },
    { kind: "answer", status: 429, headers: { "retry-after": "3" } },
    { kind: "answer", status: 403, body: { message: "You have exceeded a secondary rate limit." } },
    { kind: "reset" },
    { kind: "reset", after: 20 },
    { kind: "truncate", after: 20 },
  ]);
  for (const fault of trouble) {
    test(`${JSON.stringify(fault)} twice is waited for`, async () => {
      github.script([{ fault, times: 2 }]);
      const { github: rest, waits } = client({ patienceMs: 300_000 });
      assert.equal((await rest.request({ path: REPO })).status, 200);
      assert.equal(waits.length, 2);
      const asked = "headers" in fault ? 3_000 : fault.kind === "answer" && fault.status === 403 ? 60_000 : 0;
      assert.ok(
        waits.every((ms) => ms >= asked && ms < asked + 20_000),
        String(waits),
      );
    });
  }

  test("a limit that is renewed soon is waited for, one that takes long is told with its time", async () => {
    const { github: rest, waits } = client();
    const reset = (/** @type {number} */ seconds) => ({
      kind: /** @type {const} */ ("answer"),
      status: 403,
      headers: {
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": String(Math.ceil(Date.now() / 1000) + seconds),
      },
      body: { message: "API rate limit exceeded" },
    });
    github.script([{ fault: reset(30), times: 1 }]);
    await rest.request({ path: REPO });
    assert.ok(waits[0] > 25_000 && waits[0] < 35_000, String(waits));
    github.script([{ fault: reset(3000) }]);
    await assert.rejects(rest.request({ path: REPO }), {
      code: "GITHUB_RATE_LIMITED",
      message: /renewed at \d{4}-/,
      retryable: true,
    });
    assert.equal(github.seen.length, 1);
    assert.equal(waits.length, 1);
  });

  test("it ends after its attempts and says how many there were", async () => {
    github.script([{ fault: { kind: "answer", status: 502 } }]);
    await assert.rejects(client().github.request({ path: REPO }), { message: /\(4 attempts\)$/ });
    assert.equal(github.seen.length, 4);
  });

  test("what cannot heal is asked once", async () => {
    for (const status of [400, 401, 404, 409, 410, 422]) {
      github.script([{ fault: { kind: "answer", status } }]);
      await assert.rejects(client().github.request({ path: REPO }));
      assert.equal(github.seen.length, 1, String(status));
    }
  });

  test("a comment is never made twice: a lost answer to a POST is not asked for again", async () => {
    github.comments = [];
    const request = { method: "POST", path: `${REPO}/issues/5/comments`, body: { body: "once" } };
    for (const fault of /** @type {import("../../servers/faults.js").Fault[]} */ ([
      { kind: "lose-answer" },
      { kind: "answer", status: 502 },
    ])) {
      github.script([{ fault, times: 1 }]);
      await assert.rejects(client().github.request(request), { retryable: true });
    }
    assert.equal(github.comments.length, 1);
    github.script([{ fault: { kind: "answer", status: 429, headers: { "retry-after": "1" } }, times: 1 }]);
    await client().github.request(request);
    assert.equal(github.comments.length, 2);
  });

  test("a server that stalls is given up by lack of progress", async () => {
    github.script([{ fault: { kind: "stall" } }]);
    await assert.rejects(client({ attempts: 1, stallTimeoutMs: 100 }).github.request({ path: REPO }), {
      code: "GITHUB_TIMEOUT",
    });
  });

  test("the signal ends a request and a wait", async () => {
    github.script([{ fault: { kind: "answer", status: 503 } }]);
    const abort = new AbortController();
    const waiting = client({ signal: abort.signal, sleep: () => new Promise(() => {}) }).github;
    setTimeout(() => abort.abort(), 50);
    await assert.rejects(waiting.request({ path: REPO }), { code: "ABORTED", type: "internal" });
  });

  test("a connection that is refused is told as such", async () => {
    const { github: rest } = client({ apiUrl: "http://127.0.0.1:1" });
    await assert.rejects(rest.request({ path: REPO }), { code: "GITHUB_UNREACHABLE", status: 0 });
  });
});

describe("downloads", () => {
  const content = Buffer.from("PK the content");
  /** @param {number} [limit] */
  const wanted = (limit = 1000) => {
    const artifact = github.addArtifact({ name: "a", run: github.addRun(), zip: content });
    return { path: `${ARTIFACTS}/${artifact.id}/zip`, limit, doing: "could not download" };
  };

  test("the content comes from the other host, and the token does not go there", async () => {
    const request = wanted();
    github.script([]);
    const { github: rest } = client();
    assert.deepEqual(await rest.download(request), content);
    assert.deepEqual(
      github.seen.map(({ host, headers }) => [host, "authorization" in headers]),
      [
        ["api", true],
        ["blobs", false],
      ],
    );
  });

  test("an address that is no longer good is asked for again", async () => {
    const request = wanted();
    github.script([{ url: /sig=/, times: 1, fault: { kind: "answer", status: 403, body: "<Error/>" } }]);
    assert.deepEqual(await client().github.download(request), content);
  });

  test("an address that is never good is no matter of the token's rights", async () => {
    const request = wanted();
    github.script([{ url: /sig=/, fault: { kind: "answer", status: 403, body: "<Error/>" } }]);
    await assert.rejects(client().github.download(request), {
      code: "GITHUB_FORBIDDEN",
      message: /does not accept the address that GitHub signed/,
    });
  });

  test("a transfer that breaks is tried again", async () => {
    const request = wanted();
    github.script([{ url: /sig=/, times: 2, fault: { kind: "truncate", after: 5 } }]);
    assert.deepEqual(await client().github.download(request), content);
  });

  test("more than the limit is not read", async () => {
    await assert.rejects(client().github.download(wanted(5)), { code: "GITHUB_TOO_LARGE" });
  });

  test("what has expired is gone", async () => {
    const run = github.addRun();
    const { id } = github.addArtifact({ name: "a", run, zip: content, expired: true });
    const request = { path: `${ARTIFACTS}/${id}/zip`, limit: 1000 };
    await assert.rejects(client().github.download(request), { code: "GITHUB_GONE", status: 410 });
  });

  test("an address without encryption at another machine is not used", async () => {
    const headers = { location: "http://blobs.example.com/x?sig=0123456789abcdef0123" };
    github.script([{ fault: { kind: "answer", status: 302, headers } }]);
    await assert.rejects(client().github.download(wanted()), { code: "GITHUB_UNEXPECTED" });
  });
});

describe("secrets", () => {
  test("neither the token nor a signed address stands in a message, whatever fails", async () => {
    const token = github.token();
    /** @type {string[]} */
    const registered = [];
    /** @type {string[]} */
    const logged = [];
    const { github: rest } = client({
      token,
      onSecret: (secret) => registered.push(secret),
      log: (message) => logged.push(message),
    });
    const run = github.addRun();
    const { id } = github.addArtifact({ name: "a", run, zip: Buffer.from("zip") });
    /** @type {any[]} */
    const failures = [];
    const echo = { message: `token ${token} is bad` };
    for (const rule of /** @type {import("../../servers/faults.js").Rule[]} */ ([
      { fault: { kind: "answer", status: 422, body: echo } },
      { fault: { kind: "answer", status: 500, body: echo } },
      { url: /sig=/, fault: { kind: "answer", status: 404, body: { message: "no" } } },
      { url: /sig=/, fault: { kind: "reset" } },
      { url: /sig=/, fault: { kind: "nonsense" } },
    ])) {
      github.script([rule]);
      await assert.rejects(rest.download({ path: `${ARTIFACTS}/${id}/zip`, limit: 10 }), (error) => {
        failures.push(error);
        return true;
      });
    }
    const signatures = registered.filter((secret) => secret.length > 40);
    assert.ok(signatures.length >= 3);
    const told = JSON.stringify([failures.map(({ message, hint, stack }) => [message, hint, stack]), logged]);
    for (const secret of [token, ...registered]) assert.ok(!told.includes(secret));
    assert.doesNotMatch(told, /sig=[^*]/);
  });

  test("a token that is none is refused without being quoted", () => {
    assert.throws(
      () => new GitHub({ token: "ghs_abc def" }),
      (/** @type {any} */ error) => error.code === "GITHUB_CONFIG_INVALID" && !error.message.includes("abc"),
    );
  });

  test("the token goes over no unencrypted connection to another machine", () => {
    for (const apiUrl of ["http://github.example.com", "ftp://x", "github.com", "https://u:p@github.com"]) {
      assert.throws(() => new GitHub({ apiUrl, token: "t" }), { code: "GITHUB_CONFIG_INVALID" }, apiUrl);
    }
  });
});
