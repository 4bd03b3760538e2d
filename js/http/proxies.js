/**
 * The way through a proxy: which one the environment names for an address, and how a connection is made through it. Loaded
 * only where a proxy is set. CONNECT and requests with whole addresses are written by Node's own HTTP; here is the
 * choice, and what a refusal means in words, with the proxy's host and never with what else its address has.
 */

import http from "node:http";
import https from "node:https";
import net from "node:net";
import { parseUrl } from "../url.js";
import { ExchangeError } from "./transport.js";

/** @import { Duplex } from "node:stream" */

/**
 * A proxy and the variable that names it.
 *
 * @typedef {object} Proxy
 * @property {URL} url
 * @property {string} variable such as `HTTPS_PROXY`
 * @property {string} authorization value of `Proxy-Authorization`; empty where the address has no user
 */

/**
 * How requests to one address go out.
 *
 * @typedef {object} Route
 * @property {http.Agent} agent
 * @property {boolean} secure whether the first hop is https
 * @property {http.RequestOptions} options of the request, besides its method, headers and agent
 * @property {Record<string, string>} headers further ones
 * @property {string} via the proxy's host and port
 * @property {(status: number) => ExchangeError | null} refusal where the answer is the proxy's and not the server's
 * @property {(error: Error & {code?: string}) => ExchangeError | null} broken where it is the way to the proxy that broke
 */

/** Why a proxy did not let a request through; nothing of it has reached the server. */
export class ProxyError extends ExchangeError {
  /**
   * @param {string} message with the proxy's host at most
   * @param {{hint: string, retryable?: boolean, code?: string, cause?: unknown}} more
   */
  constructor(message, { hint, retryable = false, code, cause }) {
    super("proxy", message, { code, cause });
    this.hint = hint;
    this.retryable = retryable;
  }
}

/**
 * The proxy that the environment names for an address: `HTTPS_PROXY` or `HTTP_PROXY` by its scheme, the lower-case name
 * first, unless `NO_PROXY` excepts the host. This machine is never asked for through a proxy.
 *
 * @param {URL} url
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {Proxy | null}
 * @throws {ProxyError} where the variable's value is not a proxy's address
 */
export function proxyFor(url, env) {
  const upper = url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const variable = [upper.toLowerCase(), upper].find((name) => env[name]?.trim());
  if (variable === undefined || isThisMachine(url)) return null;
  if (isExcepted(url, env.no_proxy?.trim() || env.NO_PROXY || "")) return null;
  return parsedProxy(env[variable]?.trim() ?? "", variable);
}

/** @param {string} value @param {string} variable @returns {Proxy} */
function parsedProxy(value, variable) {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  const url = parseUrl(address);
  if (url && !/^https?:$/.test(url.protocol)) {
    throw new ProxyError(`\`${variable}\` names a proxy of the kind \`${url.protocol.slice(0, -1)}\``, {
      hint: `Set \`${variable}\` to an \`http://\` or \`https://\` proxy, or unset it.`,
    });
  }
  try {
    if (!url?.hostname) throw new TypeError("no host");
    const user = [url.username, url.password].map(decodeURIComponent).join(":");
    const authorization = user === ":" ? "" : `Basic ${Buffer.from(user).toString("base64")}`;
    return { url, variable, authorization };
  } catch {
    throw new ProxyError(`\`${variable}\` is not the address of a proxy`, {
      hint: `Set \`${variable}\` to one such as \`http://proxy.example.com:3128\`, with \`%\` and the character's code for special characters in a user or a password.`,
    });
  }
}

/** A proxy is elsewhere, and would ask itself. @param {URL} url */
function isThisMachine(url) {
  const host = hostOf(url);
  return (
    host === "localhost" || host.endsWith(".localhost") || host === "::1" || /^127(\.\d+){3}$/.test(host)
  );
}

/**
 * Whether `NO_PROXY` excepts an address, by curl's rules: names separated by commas or spaces, each for the host itself and
 * everything below it, with or without a dot in front; IP addresses, and networks as `10.0.0.0/8`; `*` for all. With
 * a port, as `host:8080`, an entry is for that port alone.
 *
 * @param {URL} url
 * @param {string} list
 */
export function isExcepted(url, list) {
  const host = hostOf(url);
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      if (entry === "") return false;
      if (entry === "*") return true;
      const { name, port: wanted } = nameAndPort(entry);
      if (wanted !== undefined && wanted !== port) return false;
      if (net.isIP(host) !== 0) return isWithin(host, name);
      const domain = name.replace(/^\*?\./, "").replace(/\.$/, "");
      return domain !== "" && (host === domain || host.endsWith(`.${domain}`));
    });
}

/** @param {string} entry @returns {{name: string, port?: string}} */
function nameAndPort(entry) {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(entry);
  if (bracketed) return { name: bracketed[1], port: bracketed[2] };
  const [name, port, ...more] = entry.split(":");
  // An IPv6 address without brackets has no port.
  return more.length > 0 ? { name: entry } : { name, port };
}

/** @param {string} ip @param {string} entry an IP address or a network */
function isWithin(ip, entry) {
  const [address, bits, ...rest] = entry.split("/");
  const family = net.isIP(address);
  const length = family === 4 ? 32 : 128;
  const prefix = bits === undefined ? length : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
  if (family === 0 || net.isIP(ip) !== family || rest.length > 0 || prefix < 0 || prefix > length)
    return false;
  const network = new net.BlockList();
  const type = family === 4 ? "ipv4" : "ipv6";
  network.addSubnet(address, prefix, type);
  return network.check(ip, type);
}

/** The host in lower case, without brackets and without a dot at the end. @param {URL} url */
function hostOf({ hostname }) {
  return hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "");
}

/** Ways through the proxies of one client, with connections that are kept open. */
export class Proxies {
  #env;
  /** By the proxy's address, for requests that it passes on. @type {Map<string, http.Agent>} */
  #forwarding = new Map();
  /** By the proxy's address, for connections through it. @type {Map<string, Tunnels>} */
  #tunnels = new Map();

  /** @param {Readonly<Record<string, string | undefined>>} env */
  constructor(env) {
    this.#env = env;
  }

  close() {
    for (const agent of [...this.#forwarding.values(), ...this.#tunnels.values()]) agent.destroy();
  }

  /**
   * @param {URL} url
   * @returns {Route | null} null: straight to the server
   * @throws {ProxyError}
   */
  route(url) {
    const proxy = proxyFor(url, this.#env);
    if (!proxy) return null;
    return url.protocol === "https:" ? this.#through(proxy) : this.#passedOn(url, proxy);
  }

  /** @param {Proxy} proxy @returns {Route} */
  #through(proxy) {
    const agent = kept(this.#tunnels, proxy, () => new Tunnels(proxy));
    const via = proxy.url.host;
    return { agent, secure: true, options: {}, headers: {}, via, refusal: () => null, broken: () => null };
  }

  /** @param {URL} url @param {Proxy} proxy @returns {Route} */
  #passedOn(url, proxy) {
    const secure = proxy.url.protocol === "https:";
    const agent = kept(this.#forwarding, proxy, () => new (secure ? https : http).Agent({ keepAlive: true }));
    return {
      agent,
      secure,
      options: { ...firstHop(proxy), path: `${url.origin}${url.pathname}${url.search}` },
      headers: {
        host: url.host,
        ...(proxy.authorization ? { "proxy-authorization": proxy.authorization } : {}),
      },
      via: proxy.url.host,
      refusal: (status) => (status === 407 ? refused(proxy, status, url.host) : null),
      broken: (error) => (isUnreachable(error) ? unreachable(proxy, error, url.host) : null),
    };
  }
}

/**
 * @template {http.Agent} A
 * @param {Map<string, A>} agents
 * @param {Proxy} proxy
 * @param {() => A} make
 */
function kept(agents, { url }, make) {
  const agent = agents.get(url.href) ?? make();
  agents.set(url.href, agent);
  return agent;
}

/** @param {Proxy} proxy @returns {https.RequestOptions} the connection to the proxy itself */
function firstHop({ url }) {
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port || (url.protocol === "https:" ? 443 : 80);
  // Node would ask for the certificate of the host that the `Host` header names, which is the server's.
  const servername = net.isIP(hostname) === 0 ? hostname : "";
  return { protocol: url.protocol, hostname, port, servername };
}

/**
 * What the transport tells a connection that is being made.
 *
 * @typedef {object} Opening
 * @property {AbortSignal} abandoned no one waits for it any more
 * @property {() => void} moved to be called when something came
 */

/** TLS connections through one proxy. */
class Tunnels extends https.Agent {
  #proxy;

  /** @param {Proxy} proxy */
  constructor(proxy) {
    super({ keepAlive: true });
    this.#proxy = proxy;
  }

  /**
   * @override
   * @param {https.RequestOptions & {opening?: Opening}} options of the request that it is for
   * @param {(error: Error | null, socket: Duplex) => void} callback
   * @returns {undefined} the callback gets the connection
   */
  createConnection(options, callback) {
    const { host, port, opening } = options;
    const target = `${net.isIPv6(host ?? "") ? `[${host}]` : host}:${port}`;
    const proxy = this.#proxy;
    const hop = firstHop(proxy);
    const connect = (hop.protocol === "https:" ? https : http).request({
      ...hop,
      method: "CONNECT",
      path: target,
      headers: {
        host: target,
        ...(proxy.authorization ? { "proxy-authorization": proxy.authorization } : {}),
      },
      agent: false,
      signal: opening?.abandoned,
    });
    const fail = /** @type {(error: Error) => void} */ (callback);
    connect.on("error", (error) => fail(unreachable(proxy, error, target)));
    connect.on("connect", ({ statusCode = 0 }, socket, head) => {
      if (statusCode < 200 || statusCode > 299) {
        socket.destroy();
        fail(refused(proxy, statusCode, target));
        return;
      }
      if (head.length > 0) socket.unshift(head);
      opening?.moved();
      const secured = super.createConnection(/** @type {https.RequestOptions} */ ({ ...options, socket }));
      callback(null, /** @type {Duplex} */ (secured));
    });
    connect.end();
    return undefined;
  }
}

/**
 * @param {Proxy} proxy
 * @param {number} status of the proxy's answer
 * @param {string} target host and port that were asked for
 */
function refused({ url, variable, authorization }, status, target) {
  const at = `the proxy \`${url.host}\``;
  if (status === 407 && authorization) {
    return new ProxyError(`${at} does not accept the user and the password of \`${variable}\` (407)`, {
      hint: `Check the user and the password in \`${variable}\`; special characters are written as \`%\` and their code.`,
    });
  }
  if (status === 407) {
    return new ProxyError(`${at} asks for a user and a password (407)`, {
      hint: `Set \`${variable}\` to \`${url.protocol}//USER:PASSWORD@${url.host}\`.`,
    });
  }
  if (status >= 500) {
    return new ProxyError(`${at} could not connect to \`${target}\` (${status})`, {
      hint: `Check that the proxy may connect to it, then try again. ${WITHOUT}`,
      retryable: true,
    });
  }
  return new ProxyError(`${at} does not let connections to \`${target}\` through (${status})`, {
    hint: `Allow them in the proxy. ${WITHOUT}`,
  });
}

const WITHOUT = "If the host can be reached without a proxy, add it to `NO_PROXY`.";

/** Causes of a proxy that cannot be reached, by the system's code. */
const CAUSES = Object.freeze({
  ECONNREFUSED: "nothing listens there: connection refused",
  ENOTFOUND: "its name cannot be resolved",
  EAI_AGAIN: "its name cannot be resolved",
  ECONNRESET: "the connection was reset",
  EPIPE: "the connection was reset",
});

/**
 * @param {Proxy} proxy
 * @param {Error & {code?: string}} error
 * @param {string} target host and port that were asked for
 */
function unreachable({ url, variable }, error, target) {
  const { code = "", message } = error;
  const cause = CAUSES[/** @type {keyof typeof CAUSES} */ (code)] ?? (message || code);
  return new ProxyError(`no connection to \`${target}\` through the proxy \`${url.host}\`: ${cause}`, {
    hint: `Check \`${variable}\`. ${WITHOUT}`,
    retryable: !isCertificate(code),
    code,
    cause: error,
  });
}

/** Whether there was no connection to the proxy at all. @param {{code?: string}} error */
function isUnreachable({ code = "" }) {
  return (
    /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT)$/.test(code) ||
    isCertificate(code)
  );
}

/** @param {string} code */
function isCertificate(code) {
  return /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH|EPROTO)/.test(code);
}
