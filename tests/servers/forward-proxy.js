// A real forward proxy, as companies have between their machines and everything else: it connects (CONNECT) and passes
// requests with whole addresses on. It alone knows where the names of tests lead, so that it shows who looked them up.

import http from "node:http";
import https from "node:https";
import net from "node:net";
import tls from "node:tls";

/**
 * What is wrong with it:
 *
 * - `refuse`: every connection and request is answered with this status
 * - `silent`: nothing is ever answered
 * - `hangUp`: connections are closed without an answer
 *
 * @typedef {{refuse?: number, silent?: boolean, hangUp?: boolean}} Trouble
 *
 * @typedef {object} Passed
 * @property {string} method
 * @property {string} url the target of a CONNECT, or the whole address
 * @property {http.IncomingHttpHeaders} headers
 */

/**
 * @param {object} options
 * @param {Record<string, number>} options.names where `host:port` leads on this machine
 * @param {string} [options.user] `NAME:PASSWORD` that it asks for
 * @param {{key: string, cert: string}} [options.certificate] https to the proxy itself
 */
export async function startForwardProxy({ names, user, certificate }) {
  /** @type {Passed[]} */
  const seen = [];
  /** @type {Trouble} */
  let trouble = {};
  /** @type {Set<import("node:stream").Duplex>} */
  const sockets = new Set();

  /** @param {http.IncomingMessage} request @returns {number} 0: welcome */
  const refusalOf = ({ headers }) => {
    if (trouble.refuse) return trouble.refuse;
    const wanted = user && `Basic ${Buffer.from(user).toString("base64")}`;
    return wanted && headers["proxy-authorization"] !== wanted ? 407 : 0;
  };
  /** @param {http.IncomingMessage} request */
  const note = ({ method = "", url = "", headers }) => seen.push({ method, url, headers: { ...headers } });

  /** @type {http.RequestListener} */
  const passOn = (request, response) => {
    note(request);
    if (trouble.silent) return;
    if (trouble.hangUp) return void request.socket.destroy();
    const status = refusalOf(request);
    const url = URL.canParse(request.url ?? "") ? new URL(request.url ?? "") : null;
    const port = names[`${url?.hostname}:${url?.port || 80}`];
    if (status || !url || port === undefined) {
      response.writeHead(status || 502, { "proxy-authenticate": 'Basic realm="test"' });
      return void response.end("<html>from the proxy</html>");
    }
    const headers = { ...request.headers };
    for (const name of ["proxy-authorization", "proxy-connection", "connection"]) delete headers[name];
    const { method } = request;
    const path = url.pathname + url.search;
    const onward = http.request({ port, host: "127.0.0.1", method, path, headers, setHost: false });
    onward.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  };
  const server = certificate ? https.createServer(certificate, passOn) : http.createServer(passOn);
  server.on("connect", (request, socket, head) => {
    note(request);
    socket.on("error", () => {});
    if (trouble.silent) return void socket.on("end", () => socket.destroy()).resume();
    if (trouble.hangUp) return void socket.destroy();
    const port = names[request.url ?? ""];
    const status = refusalOf(request) || (port === undefined ? 502 : 0);
    if (status) {
      return void socket.end(
        `HTTP/1.1 ${status} No\r\nproxy-authenticate: Basic realm="test"\r\ncontent-length: 23\r\n\r\n<html>from proxy</html>`,
      );
    }
    const onward = net.connect(port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\nvia: 1.1 test\r\n\r\n");
      onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    onward.on("error", () => socket.destroy());
    socket.on("close", () => onward.destroy());
  });
  server.on(certificate ? "secureConnection" : "connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  const port = await listening(server);
  return {
    seen,
    /** Its address, with a user and a password where given. @param {string} [credentials] */
    url: (credentials = "") =>
      `${certificate ? "https" : "http"}://${credentials && `${credentials}@`}127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    /** How many are open. */
    connections: () => sockets.size,
    /** @param {Trouble} next */
    become: (next) => {
      trouble = next;
      seen.length = 0;
    },
    stop: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve(undefined)));
    },
  };
}

/**
 * TLS in front of a server that has none.
 *
 * @param {number} behind its port
 * @param {{key: string, cert: string}} certificate
 * @returns {Promise<{port: number, stop: () => Promise<unknown>}>}
 */
export async function startTlsFront(behind, certificate) {
  /** @type {Set<tls.TLSSocket>} */
  const sockets = new Set();
  const server = tls.createServer(certificate, (socket) => {
    sockets.add(socket);
    const onward = net.connect(behind, "127.0.0.1");
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ]) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
    socket.on("close", () => sockets.delete(socket));
    socket.pipe(onward).pipe(socket);
  });
  server.on("tlsClientError", () => {});
  return {
    port: await listening(server),
    stop: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve(undefined)));
    },
  };
}

/** @param {net.Server} server @returns {Promise<number>} its port on this machine */
async function listening(server) {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  return /** @type {net.AddressInfo} */ (server.address()).port;
}
