/**
 * Whether a server understands the other scheme than the one it was asked by. Opens one connection and sends nothing of
 * ours over it: neither a key nor a signature.
 */

import net from "node:net";
import tls from "node:tls";

/**
 * Whether the server answers by `http` where it was asked by `https`, or the reverse.
 *
 * @param {URL} url as it was asked
 * @param {number} timeoutMs
 * @returns {Promise<boolean>} false also where nothing can be found out
 */
export function speaksOtherScheme(url, timeoutMs) {
  const secure = url.protocol === "https:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port || (secure ? 443 : 80));
  return new Promise((resolve) => {
    const timer = setTimeout(() => end(false), timeoutMs);
    // Whose certificate it is does not matter: the question is whether there is one.
    const socket = secure
      ? net.connect(port, host)
      : tls.connect({
          host,
          port,
          rejectUnauthorized: false,
          ...(net.isIP(host) === 0 ? { servername: host } : {}),
        });
    const end = (/** @type {boolean} */ speaks) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(speaks);
    };
    socket.on("error", () => end(false));
    socket.on("close", () => end(false));
    if (!secure) {
      socket.on("secureConnect", () => end(true));
      return;
    }
    socket.on("connect", () =>
      socket.write(`OPTIONS * HTTP/1.1\r\nHost: ${url.host}\r\nConnection: close\r\n\r\n`),
    );
    socket.on("data", (piece) => end(/^HTTP\/\d/.test(String(piece.subarray(0, 8)))));
  });
}
