// What servers and networks do on bad days, by a script of rules, for the servers that answer by themselves. Which
// requests a rule is about, and what becomes of their answers.

/**
 * One thing that goes wrong.
 *
 * - `reset`: the connection breaks, before anything is done or after so many bytes of the answer
 * - `reset-upload`: the connection breaks after so many bytes of the request
 * - `stall`: nothing comes any more, from the start or after so many bytes of the answer
 * - `truncate`: the answer ends after so many bytes of those it announced
 * - `garble`: one byte of the answer's body is another
 * - `nonsense`: something that is not HTTP
 * - `answer`: this answer, and nothing is done
 * - `lose-answer`: what was asked is done, and nobody learns of it
 * - `late`: it is done, and the answer comes so many milliseconds later
 * - `slow`: the answer comes at so many bytes a second
 *
 * @typedef {{kind: "reset", after?: number} | {kind: "reset-upload", after: number}
 *   | {kind: "stall", after?: number} | {kind: "truncate", after: number} | {kind: "garble", at?: number}
 *   | {kind: "nonsense"} | {kind: "lose-answer"} | {kind: "late", ms: number}
 *   | {kind: "slow", bytesPerSecond: number}
 *   | {kind: "answer", status: number, headers?: Record<string, string>, body?: unknown}} Fault
 *
 * @typedef {object} Rule
 * @property {Fault} fault
 * @property {string} [method] every method unless given
 * @property {RegExp} [url] tried on path and query; every one unless given
 * @property {number} [skip] so many matching requests go through first
 * @property {number} [times] so many of those after it are hit; all unless given
 */

/**
 * @typedef {object} Reply
 * @property {number} status
 * @property {Record<string, string>} [headers]
 * @property {unknown} [body] bytes and texts as they are, everything else as JSON; none unless given
 */

export class Faults {
  /** @type {{rule: Rule, met: number}[]} */
  #rules = [];

  /** Other rules from now on. @param {Rule[]} rules */
  script(rules) {
    this.#rules = rules.map((rule) => ({ rule, met: 0 }));
  }

  /** @param {import("node:http").IncomingMessage} request @returns {Fault | null} */
  for(request) {
    for (const entry of this.#rules) {
      const { method, url, skip = 0, times = Number.POSITIVE_INFINITY, fault } = entry.rule;
      if (method !== undefined && method !== request.method) continue;
      if (url !== undefined && !url.test(request.url ?? "")) continue;
      entry.met += 1;
      if (entry.met > skip && entry.met <= skip + times) return fault;
    }
    return null;
  }
}

/**
 * Serves one request: the body is read, `act` does what was asked, the answer goes out; as the fault allows.
 *
 * @param {import("node:http").IncomingMessage} request
 * @param {import("node:http").ServerResponse} response
 * @param {Fault | null} fault
 * @param {(body: Buffer) => Reply | Promise<Reply>} act
 */
export async function serve(request, response, fault, act) {
  const { socket } = request;
  /** @type {Buffer[]} */
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    chunks.push(chunk);
    size += chunk.length;
    if (fault?.kind === "reset-upload" && size >= fault.after) return void socket.resetAndDestroy();
  }
  if (fault?.kind === "reset" && fault.after === undefined) return void socket.resetAndDestroy();
  if (fault?.kind === "stall" && fault.after === undefined) return;
  if (fault?.kind === "nonsense") return void socket.end("220 this is another protocol\r\n");
  const reply = fault?.kind === "answer" ? fault : await act(Buffer.concat(chunks));
  if (fault?.kind === "lose-answer") return void socket.resetAndDestroy();
  if (fault?.kind === "late") await new Promise((resolve) => setTimeout(resolve, fault.ms));
  await send(response, reply, fault);
}

/**
 * @param {import("node:http").ServerResponse} response
 * @param {Reply} reply
 * @param {Fault | null} fault
 */
async function send(response, { status, headers = {}, body }, fault) {
  const plain = body === undefined || typeof body === "string" || body instanceof Uint8Array;
  const bytes = Buffer.from(plain ? (body ?? "") : JSON.stringify(body));
  response.writeHead(status, {
    ...(plain ? {} : { "content-type": "application/json; charset=utf-8" }),
    ...(status === 204 ? {} : { "content-length": String(bytes.length) }),
    ...headers,
  });
  if (bytes.length === 0 || status === 204) return void response.end();
  if (fault?.kind === "garble") bytes[Math.min(fault.at ?? 0, bytes.length - 1)] ^= 0xff;
  if (fault?.kind === "slow") {
    const piece = Math.max(1, Math.ceil(fault.bytesPerSecond / 10));
    for (let from = 0; from < bytes.length && !response.destroyed; from += piece) {
      response.write(bytes.subarray(from, from + piece));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return void response.end();
  }
  const after = fault && "after" in fault ? fault.after : undefined;
  if (fault && after !== undefined) {
    await new Promise((resolve) => response.write(bytes.subarray(0, after), resolve));
    if (fault.kind === "truncate") response.socket?.end();
    if (fault.kind === "reset") response.socket?.resetAndDestroy();
    return;
  }
  response.end(bytes);
}
