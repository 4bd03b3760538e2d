// A real HTTP proxy that does to headers what front ends, CDNs and gateways do: it replaces, adds and drops those that
// belong to a hop, and may change an answer's encoding and ETag. Bodies are passed on as they come.

import http from "node:http";
import https from "node:https";
import zlib from "node:zlib";

/**
 * What is done to a request's headers. `Host` is kept, because the client signed for the proxy's.
 *
 * @type {Readonly<Record<string, (headers: http.IncomingHttpHeaders, request: http.IncomingMessage) => void>>}
 */
const REWRITES = Object.freeze({
  acceptEncoding: (headers) => {
    headers["accept-encoding"] = "gzip";
  },
  acceptEncodingBr: (headers) => {
    headers["accept-encoding"] = "br, gzip";
  },
  connection: (headers) => {
    headers.connection = "keep-alive";
    headers["keep-alive"] = "timeout=60";
  },
  via: (headers) => {
    headers.via = "1.1 rewriting-proxy";
  },
  forwardedFor: (headers, { socket }) => {
    headers["x-forwarded-for"] = [headers["x-forwarded-for"], socket.remoteAddress]
      .filter(Boolean)
      .join(", ");
    headers["x-forwarded-proto"] = "https";
    headers["x-forwarded-host"] = headers.host;
    headers["x-real-ip"] = socket.remoteAddress;
  },
  forwarded: (headers) => {
    headers.forwarded = "for=192.0.2.43;proto=https";
  },
  userAgent: (headers) => {
    headers["user-agent"] = "rewriting-proxy/1.0";
  },
  expect: (headers) => {
    delete headers.expect;
  },
  accept: (headers) => {
    headers.accept = "*/*";
  },
  trace: (headers) => {
    headers["x-amzn-trace-id"] = "Root=1-67891233-abcdef012345678912345678";
    headers["cf-ray"] = "230b030023ae2822-SJC";
    headers["cdn-loop"] = "rewriting-proxy";
  },
  range: (headers) => {
    // Caches that keep whole objects ask for them whole.
    if (headers["if-match"] === undefined) delete headers.range;
  },
  chunked: (headers, { method }) => {
    if (headers["content-length"] === undefined || method === "GET" || method === "HEAD") return;
    delete headers["content-length"];
    headers["transfer-encoding"] = "chunked";
  },
});

/** Each rewrite by its name. @typedef {keyof typeof REWRITES} Rewrite */

/** All that every server stands: many refuse uploads without a length, and no hop has to drop ranges. */
export const USUAL_REWRITES = Object.freeze(
  Object.keys(REWRITES).filter((name) => !["chunked", "range", "acceptEncodingBr"].includes(name)),
);

/**
 * What is done to answers:
 *
 * - `compress`: bodies come under this encoding, whatever the client accepts
 * - `etags`: `drop` leaves them out, `weaken` puts `W/` before them, `suffix` puts the encoding behind them
 * - `lengths`: `drop` leaves `Content-Length` out, of HEAD too
 * - `date`: false leaves `Date` out, a number sets it so many milliseconds ahead
 *
 * @typedef {object} AnswerRewrites
 * @property {"gzip" | "br" | "deflate"} [compress]
 * @property {"drop" | "weaken" | "suffix"} [etags]
 * @property {"drop"} [lengths]
 * @property {false | number} [date]
 *
 * @typedef {{method: string, url: string, headers: http.IncomingHttpHeaders, status: number}} Passed
 *   `headers` as the client sent them; `status` is 0 until the server has answered
 */

/**
 * @param {import("./s3.js").S3Server} target
 * @param {{rewrites?: readonly string[], answers?: AnswerRewrites, tls?: {key: string, cert: string}}} [options]
 *   `rewrites`: {@link USUAL_REWRITES} unless given; `tls`: https with this certificate
 * @returns {Promise<import("./s3.js").S3Server & {seen: Passed[], become: (rewrites: readonly string[],
 *   answers?: AnswerRewrites) => void}>}
 */
export async function startRewritingProxy(target, { rewrites = USUAL_REWRITES, answers = {}, tls } = {}) {
  let kinds = rewrites;
  let changes = answers;
  const { hostname, port } = new URL(target.endpoint);
  const agent = new http.Agent({ keepAlive: true });
  /** @type {Passed[]} */
  const seen = [];
  /** @type {http.RequestListener} */
  const serve = (request, response) => {
    const { method = "", url = "" } = request;
    const passed = { method, url, headers: { ...request.headers }, status: 0 };
    seen.push(passed);
    const headers = { ...request.headers };
    for (const kind of kinds) REWRITES[kind](headers, request);
    const onward = http.request({ hostname, port, method, path: url, headers, setHost: false, agent });
    onward.on("response", (answer) => {
      passed.status = answer.statusCode ?? 0;
      sendOn(answer, response, changes);
    });
    onward.on("error", () => response.destroy());
    request.on("error", () => onward.destroy());
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  };
  const server = tls ? https.createServer(tls, serve) : http.createServer(serve);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    ...target,
    name: `${target.name} behind a front end`,
    endpoint: `${tls ? "https" : "http"}://127.0.0.1:${address.port}`,
    seen,
    become: (others, otherAnswers = {}) => {
      kinds = others;
      changes = otherAnswers;
      seen.length = 0;
    },
    stop: () => {
      agent.destroy();
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve(undefined)));
    },
  };
}

/**
 * @param {http.IncomingMessage} answer
 * @param {http.ServerResponse} response
 * @param {AnswerRewrites} changes
 */
function sendOn(answer, response, { compress, etags, lengths, date }) {
  const status = answer.statusCode ?? 502;
  const headers = { ...answer.headers };
  delete headers.connection;
  delete headers["keep-alive"];
  delete headers["transfer-encoding"];
  headers.via = "1.1 rewriting-proxy";
  if (date !== undefined) {
    response.sendDate = false;
    delete headers.date;
    if (date !== false) headers.date = new Date(Date.now() + date).toUTCString();
  }
  const etag = headers.etag;
  if (etag !== undefined && etags === "drop") delete headers.etag;
  if (etag !== undefined && etags === "weaken") headers.etag = `W/${etag}`;
  if (etag !== undefined && etags === "suffix") headers.etag = etag.replace(/"$/, `-${compress}"`);
  const empty = response.req.method === "HEAD" || status === 204 || status === 304;
  if (lengths === "drop" || (compress && headers["content-length"] !== "0")) delete headers["content-length"];
  // Of a HEAD the headers are those that a GET would have.
  if (compress && headers["content-length"] === undefined) headers["content-encoding"] = compress;
  response.writeHead(status, headers);
  if (empty) {
    answer.resume();
    response.end();
    return;
  }
  answer.on("error", () => response.destroy());
  answer.on("aborted", () => response.destroy());
  if (headers["content-encoding"] !== compress || !compress) return void answer.pipe(response);
  const encoder = { gzip: zlib.createGzip, br: zlib.createBrotliCompress, deflate: zlib.createDeflate }[
    compress
  ]();
  answer.pipe(encoder).pipe(response);
}
