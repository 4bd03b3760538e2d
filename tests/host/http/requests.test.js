// The one loop of tries against a server on this machine: what is tried again, how long is waited, what the time and the
// tries of a whole run allow, and what a lost answer is taken for.

import assert from "node:assert/strict";
import http from "node:http";
import { after, before, describe, test } from "node:test";
import { Failure } from "../../../js/failure.js";
import { Requests } from "../../../js/http/requests.js";
import { ExchangeError } from "../../../js/http/transport.js";

/**
 * What the server does with one request: a status, or it reads all of it and closes the connection (`lost`), closes it
 * in the middle of the body (`cut`), or never answers (`silent`).
 *
 * @typedef {number | [status: number, headers: http.OutgoingHttpHeaders] | "lost" | "cut" | "silent"} Step
 */

/** @type {Step[]} */
let script = [];
let asked = 0;
const server = http.createServer((request, response) => {
  asked += 1;
  const step = script.shift() ?? 200;
  if (step === "cut") return void request.once("data", () => request.socket.destroy());
  request.resume();
  request.on("end", () => {
    if (step === "silent") return;
    if (step === "lost") return void request.socket.destroy();
    const [status, headers] = Array.isArray(step) ? step : [step, {}];
    response.writeHead(status, headers).end("answer");
  });
});
/** @type {URL} */
let url;
before(async () => {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  url = new URL(`http://127.0.0.1:${port}/`);
});
after(() => {
  server.closeAllConnections();
  server.close();
});

/**
 * Sends one request after the script, or several.
 *
 * @param {Step[]} steps
 * @param {object} [options]
 * @param {Partial<import("../../../js/http/requests.js").RequestsOptions>} [options.client]
 * @param {Partial<import("../../../js/http/requests.js").Request<number>>} [options.request]
 * @param {Uint8Array | null} [options.body]
 * @param {URL} [options.to]
 * @param {number} [options.requests]
 */
async function sent(steps, { client = {}, request = {}, body = null, to = url, requests = 1 } = {}) {
  script = [...steps];
  asked = 0;
  /** @type {number[]} */
  const waits = [];
  let doubts = 0;
  const loop = new Requests({
    sleep: async (ms) => void waits.push(ms),
    random: () => 0.5,
    stallTimeoutMs: 10_000,
    ...client,
  });
  /** @type {string[]} */
  const ends = [];
  for (let n = 0; n < requests; n++) {
    const ended = await loop
      .send({
        outgoing: () => ({ method: body ? "PUT" : "GET", url: to, headers: {}, body, limit: () => 1000 }),
        judge: ({ status }) =>
          status === 200
            ? { value: status }
            : {
                failure: new Failure(`status ${status}`, { code: `${status}`, retryable: status !== 400 }),
              },
        explain: ({ trouble }) =>
          new Failure(trouble, {
            code: trouble,
            retryable: trouble !== "too-large" && trouble !== "aborted",
          }),
        onDoubt: () => {
          doubts += 1;
        },
        ...request,
      })
      .then(String, (/** @type {Error} */ { message }) => message);
    ends.push(ended);
  }
  loop.close();
  return { end: ends.length === 1 ? ends[0] : ends, asked, waits, doubts };
}

/** So large that no system's buffers take it whole. */
const LARGE = new Uint8Array(32 << 20);

describe("one request", () => {
  /** @type {[what: string, steps: Step[], options: Parameters<typeof sent>[1], expected: Awaited<ReturnType<typeof sent>>][]} */
  const CASES = [
    ["is sent once where it is answered", [], {}, { end: "200", asked: 1, waits: [], doubts: 0 }],
    ["waits longer each time", [500, 503], {}, { end: "200", asked: 3, waits: [250, 500], doubts: 2 }],
    [
      "ends with its tries, and says how many there were",
      [500, 502, 503, 500],
      {},
      { end: "status 503 (3 attempts)", asked: 3, waits: [250, 500], doubts: 3 },
    ],
    [
      "ends at once where another try cannot help",
      [400],
      {},
      { end: "status 400", asked: 1, waits: [], doubts: 0 },
    ],
    [
      "waits as long as the server asks, with the jitter on top",
      [[429, { "retry-after": "7" }]],
      {},
      { end: "200", asked: 2, waits: [7250], doubts: 0 },
    ],
    [
      "waits until a date by the server's clock, whatever this machine's says",
      [[503, { date: "Wed, 21 Oct 2015 07:28:00 GMT", "retry-after": "Wed, 21 Oct 2015 07:28:30 GMT" }]],
      { client: { now: () => 0 } },
      { end: "200", asked: 2, waits: [30_250], doubts: 1 },
    ],
    [
      "does not wait longer than the caller allows for one wait, and says how long was asked for",
      [[503, { "retry-after": "121" }]],
      { client: { longestRetryAfterMs: 120_000 } },
      { end: "status 503; the server asks to wait for 121 s", asked: 1, waits: [], doubts: 1 },
    ],
    [
      "does not wait longer than its budget altogether",
      [
        [503, { "retry-after": "5" }],
        [503, { "retry-after": "5" }],
      ],
      { client: { budgetMs: 10_000 } },
      { end: "status 503 (2 attempts)", asked: 2, waits: [5250], doubts: 2 },
    ],
    [
      "has the caller's own limit of tries, and none of the reserve then",
      [500, 500, 500],
      { client: { reserve: 4 }, request: { attempts: 2 } },
      { end: "status 500 (2 attempts)", asked: 2, waits: [250], doubts: 2 },
    ],
    [
      "that was corrected goes out at once, and that counts for nothing",
      [400, 500, 500],
      {
        request: {
          judge: ({ status }) =>
            status === 200
              ? { value: status }
              : status === 400
                ? { again: true }
                : { failure: new Failure(`status ${status}`, { retryable: true }) },
        },
      },
      { end: "200", asked: 4, waits: [250, 500], doubts: 2 },
    ],
    [
      "ends with the failure that says more than the last one",
      [429, 500, 500],
      {
        request: {
          judge: ({ status }) => ({
            failure: new Failure(`status ${status}`, { retryable: true }),
            lasting: status === 429,
          }),
        },
      },
      { end: "status 429 (3 attempts)", asked: 3, waits: [250, 500], doubts: 2 },
    ],
    [
      "whose answer is larger than its limit by the header is refused there, and not asked for again",
      [[200, { "content-length": "1001" }]],
      { request: { explain: ({ message }) => new Failure(message) } },
      { end: "the answer has 1001 bytes, at most 1000 are accepted", asked: 1, waits: [], doubts: 0 },
    ],
  ];
  for (const [what, steps, options, expected] of CASES) {
    test(`${what}`, async () => {
      const outcome = await sent(steps, options);
      // Whether an answer that is too large left doubt is of no use to anyone.
      assert.deepEqual(what.startsWith("whose answer") ? { ...outcome, doubts: 0 } : outcome, expected);
    });
  }
});

describe("a request that must not take effect twice", () => {
  const request = { repeatable: false };

  test("is sent again where the server refused it, or was never reached", async () => {
    const refused = await sent([[429, { "retry-after": "1" }]], { request });
    assert.deepEqual([refused.end, refused.asked, refused.doubts], ["200", 2, 0]);
    const nothing = new URL("http://127.0.0.1:1/");
    const unreached = await sent([], { request, to: nothing, body: LARGE });
    assert.deepEqual([unreached.end, unreached.doubts], ["network (3 attempts)", 0]);
    const empty = await sent([], { request, to: nothing });
    assert.deepEqual([empty.end, empty.doubts], ["network (3 attempts)", 0]);
  });

  for (const step of /** @type {const} */ ([500, "lost"])) {
    test(`is not sent again after ${step}, which leaves open what it did`, async () => {
      const outcome = await sent([step], { request, body: new Uint8Array(10) });
      assert.deepEqual([outcome.asked, outcome.waits, outcome.doubts], [1, [], 1]);
    });
  }

  test("is not sent again either where its body was cut short, though a server does nothing then", async () => {
    const outcome = await sent(["cut"], { request, body: LARGE });
    assert.deepEqual([outcome.asked, outcome.doubts], [1, 0]);
  });
});

test("a write whose body was cut short leaves no doubt, one whose answer was lost does", async () => {
  const cut = await sent(["cut"], { body: LARGE });
  assert.deepEqual([cut.end, cut.asked, cut.doubts], ["200", 2, 0]);
  const lost = await sent(["lost"], { body: new Uint8Array(10) });
  assert.deepEqual([lost.end, lost.asked, lost.doubts], ["200", 2, 1]);
});

describe("the reserve", () => {
  const client = { attempts: 2, reserve: 2, random: () => 0 };

  test("is shared by all requests, and ends", async () => {
    const { end, asked: all } = await sent(Array(20).fill(500), { client, requests: 3 });
    assert.deepEqual(end, ["status 500 (4 attempts)", "status 500 (2 attempts)", "status 500 (2 attempts)"]);
    assert.equal(all, 8);
  });

  test("gets a try back for every fourth request that is answered", async () => {
    const steps = [500, 500, 500, 500, 200, 200, 200, 200, 500, 500, 500];
    const { end } = await sent(steps, { client, requests: 6 });
    assert.deepEqual(end, ["status 500 (4 attempts)", ...Array(4).fill("200"), "status 500 (3 attempts)"]);
  });

  test("is not spent on stalls, each of which has cost the time limit already", async () => {
    const { end } = await sent(Array(9).fill("silent"), { client: { ...client, stallTimeoutMs: 20 } });
    assert.equal(end, "stalled (2 attempts)");
  });

  test("is not spent where nothing listens", async () => {
    const { end } = await sent([], { client, to: new URL("http://127.0.0.1:1/") });
    assert.equal(end, "network (2 attempts)");
  });
});

test("a wait ends when the run is stopped, in the caller's words", async () => {
  const abort = new AbortController();
  const sleep = () => {
    abort.abort();
    return new Promise(() => {});
  };
  const outcome = await sent([500], { client: { sleep, signal: abort.signal } });
  assert.deepEqual([outcome.end, outcome.asked], ["aborted", 1]);
});

test("what a judge cannot read counts as no answer; anything else that it throws ends the request", async () => {
  let judged = 0;
  /** @param {Error} error */
  const request = (error) => ({
    judge: (/** @type {{status: number}} */ { status }) => {
      judged += 1;
      if (judged === 1) throw error;
      return { value: status };
    },
  });
  const read = await sent([], { request: request(new ExchangeError("garbled", "no such encoding")) });
  assert.deepEqual([read.end, read.asked], ["200", 2]);
  judged = 0;
  const ended = await sent([], { request: request(new Error("redirected")) });
  assert.deepEqual([ended.end, ended.asked], ["redirected", 1]);
});
