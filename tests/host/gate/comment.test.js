// The gate's one comment on a pull request, against a server that speaks GitHub's interface: whatever the server, other
// runs and other people do, there is one comment of ours, and trouble never fails a run.

import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { test } from "node:test";
import { GitHub } from "../../../js/github/client.js";
import { publishComment } from "../../../js/github/comment.js";
import { gitHubServer } from "../support/github-server.js";

const MARKER = "<!-- unentropy-gate -->";
const HEAD = "c0ffee".padEnd(40, "0");
const PULL = 7;

const server = gitHubServer((server) =>
  server.addPull({ number: PULL, head: { ref: "topic", sha: HEAD, repositoryId: server.repositoryId } }),
);

/**
 * @param {string} text
 * @param {{token?: string, marker?: string, github?: Pick<GitHub, "request" | "pages">, headSha?: string}} [how]
 */
async function publish(text, { token = server.token(), marker = MARKER, github, headSha = HEAD } = {}) {
  const client = github ?? clientOf(token);
  const published = await publishComment({
    github: client,
    repository: server.repository,
    number: PULL,
    marker,
    body: bodyOf(text, marker),
    headSha,
  });
  for (const { message, hint } of published.warnings) assert.ok(!`${message}${hint}`.includes(token));
  return { ...published, codes: published.warnings.map(({ code }) => code) };
}

/** A client that waits for nothing. @param {string} token */
const clientOf = (token) =>
  new GitHub({ apiUrl: server.apiUrl, token, sleep: async () => {}, random: () => 0, patienceMs: 1000 });

const bodyOf = (/** @type {string} */ text, marker = MARKER) => `${marker}\n${text}`;
const texts = () => server.comments.map(({ body }) => body);
const writes = () => server.seen.filter(({ method, url }) => method !== "GET" && url !== "/graphql");

test("the first run creates the comment, the next edits it, a third with the same text leaves it", async () => {
  const created = await publish("one");
  assert.equal(created.status, "created");
  assert.equal(created.url, `https://github.com/octo/widgets/pull/7#issuecomment-${server.comments[0].id}`);
  const updated = await publish("two");
  assert.deepEqual([updated.status, updated.url, texts()], ["updated", created.url, [bodyOf("two")]]);
  server.script([]);
  const unchanged = await publish("two");
  assert.deepEqual([unchanged.status, unchanged.url, writes()], ["unchanged", created.url, []]);
});

test("line ends and white space that the server changes are no change of the text", async () => {
  await publish("one\ntwo");
  server.comments[0].body = `${bodyOf("one\ntwo").replaceAll("\n", "\r\n")}\r\n`;
  server.script([]);
  assert.deepEqual([(await publish("one\ntwo")).status, writes()], ["unchanged", []]);
});

test("it is found among 350 comments, over all pages", async () => {
  for (let n = 0; n < 350; n++) server.addComment(PULL, n === 320 ? bodyOf("old") : `comment ${n}`);
  assert.equal((await publish("new")).status, "updated");
  assert.equal(server.comments.length, 350);
  assert.equal(server.comments[320].body, bodyOf("new"));
  const pages = server.seen.filter(({ method, url }) => method === "GET" && url.includes("/comments"));
  assert.equal(pages.length, 4);
});

test("a comment of somebody else with the same marker is not touched", async () => {
  const others = ["mallory", "other-app[bot]", "github-actions"];
  for (const login of others) server.addComment(PULL, bodyOf(`by ${login}`), login);
  assert.equal((await publish("ours")).status, "created");
  assert.deepEqual(texts(), [...others.map((login) => bodyOf(`by ${login}`)), bodyOf("ours")]);
  assert.equal((await publish("ours, newer")).status, "updated");
  assert.deepEqual(
    texts().slice(0, 3),
    others.map((login) => bodyOf(`by ${login}`)),
  );
});

test("a person's token, an app's and a job's each find their own comment", async () => {
  for (const login of ["Octocat", "metrics-app[bot]", "github-actions[bot]"]) {
    server.comments.length = 0;
    server.addComment(PULL, bodyOf("foreign"), "mallory");
    const token = server.token(undefined, login);
    await publish("one", { token });
    assert.equal((await publish("two", { token })).status, "updated", login);
    assert.deepEqual(texts(), [bodyOf("foreign"), bodyOf("two")]);
  }
});

test("where GraphQL is not there a person's token is known by the REST interface, any other is a job's", async () => {
  for (const login of ["octocat", "github-actions[bot]"]) {
    server.comments.length = 0;
    const token = server.token(undefined, login);
    await publish("one", { token });
    server.script([{ url: /graphql/, fault: { kind: "answer", status: 404 } }]);
    assert.equal((await publish("two", { token })).status, "updated", login);
    server.script([]);
  }
});

test("on a company's own server GraphQL is asked beside the REST interface", async (t) => {
  /** @type {string[]} */
  const asked = [];
  const comment = {
    id: 1,
    body: bodyOf("one"),
    user: { login: "app[bot]", type: "Bot" },
    html_url: "https://ghe/1",
  };
  const own = http
    .createServer((request, response) => {
      const { method, url = "" } = request;
      asked.push(`${method} ${url.split("?")[0]}`);
      const answer = url.startsWith("/api/v3/repos/")
        ? [comment]
        : url === "/api/graphql" && { data: { viewer: { login: "app[bot]" } } };
      response.statusCode = answer ? 200 : 404;
      request.resume().on("end", () => response.end(JSON.stringify(answer || { message: "Not Found" })));
    })
    .listen(0, "127.0.0.1");
  t.after(() => own.closeAllConnections());
  t.after(() => own.close());
  await once(own, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (own.address());
  const client = new GitHub({ apiUrl: `http://127.0.0.1:${port}/api/v3`, token: "ghs_one" });
  const outcome = await publish("one", { github: client, headSha: undefined });
  client.close();
  assert.deepEqual([outcome.status, outcome.codes], ["unchanged", []]);
  assert.deepEqual(
    asked.filter((line) => line.startsWith("POST")),
    ["POST /api/v3/graphql", "POST /api/graphql"],
  );
});

test("while nobody can say whose token it is, no second comment is made", async () => {
  await publish("one");
  server.script([{ url: /graphql/, fault: { kind: "answer", status: 502 } }]);
  const outcome = await publish("two");
  assert.deepEqual([outcome.status, outcome.codes, texts()], ["failed", ["COMMENT_FAILED"], [bodyOf("one")]]);
});

test("a quoted marker is no marker", async () => {
  server.addComment(PULL, `> ${MARKER}\nsee above`);
  server.addComment(PULL, `hello\n${MARKER}`);
  assert.equal((await publish("ours")).status, "created");
});

test("a comment that is deleted while it is edited is created anew", async () => {
  await publish("one");
  const client = clientOf(server.token());
  let deleted = false;
  /** @type {Pick<GitHub, "request" | "pages">} */
  const github = {
    pages: (request) => client.pages(request),
    request: (request) => {
      if (request.method === "PATCH" && !deleted) {
        deleted = true;
        server.comments.length = 0;
      }
      return client.request(request);
    },
  };
  assert.equal((await publish("two", { github })).status, "created");
  assert.deepEqual([deleted, texts()], [true, [bodyOf("two")]]);
});

/** A client whose creations wait for each other. @param {number} count */
function atOnce(count) {
  /** @type {(value?: unknown) => void} */
  let go = () => {};
  const all = new Promise((resolve) => {
    go = resolve;
  });
  let waiting = 0;
  return () => {
    const client = clientOf(server.token());
    /** @type {Pick<GitHub, "request" | "pages">} */
    const github = {
      pages: (request) => client.pages(request),
      request: async (request) => {
        if (request.method === "POST" && request.path.endsWith("/comments")) {
          waiting += 1;
          if (waiting === count) go();
          await all;
        }
        return client.request(request);
      },
    };
    return github;
  };
}

test("runs at once that have found no comment leave one", async () => {
  for (let round = 0; round < 5; round++) {
    server.comments.length = 0;
    const next = atOnce(4);
    const letters = ["a", "b", "c", "d"];
    const outcomes = await Promise.all(letters.map((text) => publish(text, { github: next() })));
    assert.ok(outcomes.some(({ status }) => status === "created"));
    assert.ok(outcomes.every(({ codes }) => codes.length === 0));
    assert.equal(server.comments.length, 1);
    assert.ok(letters.map((text) => bodyOf(text)).includes(server.comments[0].body));
  }
});

test("a comment that another run has left beside ours is deleted, and the oldest kept", async () => {
  const oldest = server.addComment(PULL, bodyOf("a"));
  server.addComment(PULL, bodyOf("of another"), "mallory");
  server.addComment(PULL, bodyOf("b"));
  assert.equal((await publish("c")).status, "updated");
  assert.deepEqual(
    server.comments.map(({ id, body }) => [id === oldest.id, body]),
    [
      [true, bodyOf("c")],
      [false, bodyOf("of another")],
    ],
  );
});

test("a comment is created once, also where looking again for others fails", async () => {
  server.script([{ url: /graphql/, fault: { kind: "answer", status: 502 } }]);
  assert.deepEqual([(await publish("one")).status, texts()], ["created", [bodyOf("one")]]);
});

test("a second comment that cannot be deleted is a warning", async () => {
  await publish("one");
  server.addComment(PULL, bodyOf("double"));
  server.script([{ method: "DELETE", fault: { kind: "answer", status: 422 } }]);
  const outcome = await publish("two");
  assert.deepEqual([outcome.status, outcome.codes], ["updated", ["COMMENT_DUPLICATE"]]);
});

test("jobs with different markers do not disturb each other", async () => {
  const other = "<!-- unentropy-gate: backend -->";
  await publish("one");
  await publish("one", { marker: other });
  await publish("two", { marker: other });
  assert.deepEqual(texts(), [bodyOf("one"), bodyOf("two", other)]);
});

test("a run of an older commit leaves the newer one's comment", async () => {
  await publish("newer");
  server.script([]);
  const outcome = await publish("older", { headSha: "0ld".padEnd(40, "0") });
  assert.deepEqual([outcome.status, outcome.url, writes()], ["superseded", null, []]);
});

/** What the server or the token does, what is said, and how many comments there are afterwards. */
/** @type {[string, {token?: () => string, rules?: import("../../servers/faults.js").Rule[], remaining?: number}, string, string[], number][]} */
const TROUBLE = [
  [
    "a token that can only read",
    { token: () => server.token({ "pull-requests": "read" }) },
    "failed",
    ["COMMENT_DENIED"],
    0,
  ],
  [
    "a token without rights on pull requests",
    { token: () => server.token({}) },
    "failed",
    ["COMMENT_DENIED"],
    0,
  ],
  ["a token that is no longer valid", { token: () => "ghs_expired" }, "failed", ["COMMENT_FAILED"], 0],
  [
    "a comment that the server does not accept",
    { rules: [{ method: "POST", url: /comments/, fault: { kind: "answer", status: 422 } }] },
    "failed",
    ["COMMENT_FAILED"],
    0,
  ],
  [
    "a conversation that is locked",
    {
      rules: [
        {
          method: "POST",
          url: /comments/,
          fault: {
            kind: "answer",
            status: 403,
            body: { message: "Unable to create comment because issue is locked." },
          },
        },
      ],
    },
    "failed",
    ["COMMENT_DENIED"],
    0,
  ],
  ["a limit that is used up", { remaining: 0 }, "failed", ["COMMENT_FAILED"], 0],
  [
    "a server that is down",
    { rules: [{ fault: { kind: "answer", status: 503 } }] },
    "failed",
    ["COMMENT_FAILED"],
    0,
  ],
  [
    "a list that fails twice",
    { rules: [{ method: "GET", url: /comments/, times: 2, fault: { kind: "answer", status: 502 } }] },
    "created",
    [],
    1,
  ],
  [
    "a creation that fails",
    { rules: [{ method: "POST", url: /comments/, times: 1, fault: { kind: "answer", status: 502 } }] },
    "created",
    [],
    1,
  ],
  [
    "a creation whose answer is lost",
    { rules: [{ method: "POST", url: /comments/, times: 1, fault: { kind: "lose-answer" } }] },
    "unchanged",
    [],
    1,
  ],
];
for (const [name, { token, rules = [], remaining }, status, codes, count] of TROUBLE) {
  test(`${name}: ${status}${codes.length ? `, ${codes}` : ""}`, async () => {
    server.script(rules);
    if (remaining !== undefined) server.remaining = remaining;
    const outcome = await publish("one", token ? { token: token() } : {});
    assert.deepEqual([outcome.status, outcome.codes, texts().length], [status, codes, count]);
    for (const warning of outcome.warnings) assert.equal(warning.type, "gate");
  });
}

test("a token that may only write comments still writes them", async () => {
  const outcome = await publish("one", { token: server.token({ issues: "write" }) });
  assert.equal(outcome.status, "created");
});

test("who lacks the right is told which", async () => {
  const [warning] = (await publish("one", { token: server.token({}) })).warnings;
  assert.match(warning.hint, /`pull-requests: write`/);
});
