/**
 * Where a bucket is: the URL of a key, the region to sign for, and which hosts belong to the same provider. Known
 * hosts are a table; everything else works by parameters.
 */

/** @typedef {"path" | "virtual"} Addressing */

/**
 * Providers whose hosts name the region. `domain` ends every host of theirs; `region` finds the region in a host,
 * `elsewhere` is the region where it finds none. Sources: the providers' lists of endpoints.
 *
 * @type {ReadonlyArray<{domain: string, region?: RegExp, elsewhere?: string, addressing?: Addressing}>}
 */
const PROVIDERS = Object.freeze([
  {
    domain: "amazonaws.com",
    region:
      /(?:^|\.)s3(?:-fips|-website)?[.-](?:dualstack\.)?([a-z]{2}(?:-[a-z]+)+-\d)\.(?:vpce\.)?amazonaws\.com$/,
    addressing: "virtual",
  },
  {
    domain: "amazonaws.com.cn",
    region: /(?:^|\.)s3[.-](?:dualstack\.)?(cn-[a-z]+-\d)\.(?:vpce\.)?amazonaws\.com\.cn$/,
    elsewhere: "cn-north-1",
    addressing: "virtual",
  },
  { domain: "r2.cloudflarestorage.com", elsewhere: "auto" },
  { domain: "digitaloceanspaces.com", region: /(?:^|\.)([a-z]{3}\d)\.digitaloceanspaces\.com$/ },
  { domain: "backblazeb2.com", region: /(?:^|\.)s3\.([a-z0-9-]+)\.backblazeb2\.com$/ },
  { domain: "wasabisys.com", region: /(?:^|\.)s3\.([a-z0-9-]+)\.wasabisys\.com$/ },
  { domain: "scw.cloud", region: /(?:^|\.)s3\.([a-z]{2}-[a-z]{3})\.scw\.cloud$/ },
  { domain: "cloud.ovh.net", region: /(?:^|\.)s3\.([a-z0-9-]+)\.(?:io|perf)\.cloud\.ovh\.net$/ },
  { domain: "your-objectstorage.com", region: /(?:^|\.)([a-z]{3}\d)\.your-objectstorage\.com$/ },
  { domain: "linodeobjects.com", region: /(?:^|\.)([a-z]{2}-[a-z]+-\d)\.linodeobjects\.com$/ },
  { domain: "vultrobjects.com", region: /(?:^|\.)([a-z]{3}\d)\.vultrobjects\.com$/ },
  { domain: "exo.io", region: /(?:^|\.)sos-([a-z0-9-]+)\.exo\.io$/ },
  {
    domain: "cloud-object-storage.appdomain.cloud",
    region: /(?:^|\.)s3\.(?:private\.|direct\.)?([a-z0-9-]+)\.cloud-object-storage\.appdomain\.cloud$/,
  },
  { domain: "oraclecloud.com", region: /\.objectstorage\.([a-z0-9-]+)\.oraclecloud\.com$/ },
  { domain: "aliyuncs.com", region: /(?:^|\.)oss-([a-z0-9-]+)\.aliyuncs\.com$/, addressing: "virtual" },
  { domain: "myqcloud.com", region: /(?:^|\.)cos\.([a-z0-9-]+)\.myqcloud\.com$/, addressing: "virtual" },
  { domain: "storage.googleapis.com", elsewhere: "auto" },
  { domain: "storage.dev", elsewhere: "auto" },
]);

/** The region of a host that names none: what servers of one region expect or do not look at. */
export const DEFAULT_REGION = "us-east-1";

/** @param {string} host without a port */
function providerOf(host) {
  return PROVIDERS.find(({ domain }) => host === domain || host.endsWith(`.${domain}`)) ?? null;
}

/** Whether a provider in the table has this host. @param {string} host @returns {boolean} */
export function isKnownHost(host) {
  return providerOf(host) !== null;
}

/**
 * The region that an endpoint's host names.
 *
 * @param {string} host without a port
 * @returns {string | null} null when it names none
 */
export function regionOfHost(host) {
  const provider = providerOf(host);
  return provider?.region?.exec(host)?.[1] || provider?.elsewhere || null;
}

/** Whether a host is this machine. @param {string} host as in `URL.hostname` @returns {boolean} */
export function isLoopback(host) {
  return (
    host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || /^127(\.\d+){3}$/.test(host)
  );
}

/** Whether a host is an IP address and not a name. @param {string} host as in `URL.hostname` @returns {boolean} */
export function isIpAddress(host) {
  return host.startsWith("[") || /^\d+(\.\d+){3}$/.test(host);
}

/**
 * Whether a request for `from` may be sent to `to` with its credentials: the same host, or two hosts of one known
 * provider, and never less protected.
 *
 * @param {URL} from
 * @param {URL} to
 * @returns {boolean}
 */
export function isSameProvider(from, to) {
  if (to.protocol !== from.protocol || to.port !== from.port || to.username !== "") return false;
  if (to.hostname === from.hostname) return true;
  const provider = providerOf(from.hostname);
  return provider !== null && provider === providerOf(to.hostname);
}

/**
 * Percent-encodes everything but RFC 3986's unreserved characters, as signatures want it.
 *
 * @param {string} text
 */
function encoded(text) {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** A key as the path of a URL. @param {string} key @returns {string} the key as a path, its slashes kept */
export function encodedKey(key) {
  return encoded(key).replace(/%2F/g, "/");
}

/** Where one bucket is reached. */
export class Address {
  /** @type {URL} */
  endpoint;
  /** @type {string} */
  bucket;
  /** @type {string} the region to sign for */
  region;
  /** @type {Addressing} */
  addressing;

  /**
   * @param {object} parameters
   * @param {string} [parameters.endpoint] AWS in the region unless given
   * @param {string} [parameters.region] derived from the endpoint unless given
   * @param {string} parameters.bucket
   * @param {Addressing | "auto"} [parameters.addressing]
   */
  constructor({ endpoint = "", region = "", bucket, addressing = "auto" }) {
    this.bucket = bucket;
    this.endpoint = new URL(endpoint || awsEndpoint(region || DEFAULT_REGION));
    const host = this.endpoint.hostname;
    this.region = region || regionOfHost(host) || DEFAULT_REGION;
    // A dot in the bucket's name makes a host that the certificate's wildcard does not cover.
    const virtual = providerOf(host)?.addressing === "virtual" && !isIpAddress(host) && !bucket.includes(".");
    this.addressing = addressing === "auto" ? (virtual ? "virtual" : "path") : addressing;
  }

  /** The host that people know the store by. */
  get host() {
    return this.endpoint.host;
  }

  /**
   * The endpoint without the bucket's name, where it seems to hold it although the name is put into the path: at the end
   * of its own path, or before its host. A server may be reached under such an address, so that this is no error.
   *
   * @returns {string | null}
   */
  get withoutBucket() {
    const { protocol, host, pathname, origin } = this.endpoint;
    if (pathname.replace(/\/+$/, "").endsWith(`/${encoded(this.bucket)}`)) {
      return origin + pathname.replace(/\/+$/, "").slice(0, -encoded(this.bucket).length - 1);
    }
    const before = `${this.bucket.toLowerCase()}.`;
    return this.addressing === "path" && host.startsWith(before)
      ? `${protocol}//${host.slice(before.length)}`
      : null;
  }

  /**
   * The same bucket, signed for another region, and at that region's host where the endpoint is AWS's own.
   *
   * @param {string} region
   */
  inRegion(region) {
    const { bucket, addressing, endpoint } = this;
    const standard = /^s3[.-]?[a-z0-9-]*\.amazonaws\.com(\.cn)?$/.test(endpoint.hostname);
    return new Address({
      bucket,
      addressing,
      region,
      endpoint: standard ? awsEndpoint(region) : endpoint.href,
    });
  }

  /**
   * @param {string | null} key null for the bucket itself
   * @param {Record<string, string>} [query]
   * @returns {URL}
   */
  url(key, query = {}) {
    const { protocol, host, pathname } = this.endpoint;
    const base = pathname.replace(/\/+$/, "");
    const object = key === null ? "" : encodedKey(key);
    const address =
      this.addressing === "virtual"
        ? `${protocol}//${this.bucket}.${host}${base}/${object}`
        : `${protocol}//${host}${base}/${encoded(this.bucket)}${key === null ? "" : `/${object}`}`;
    const search = Object.entries(query).map(([name, value]) => `${encoded(name)}=${encoded(value)}`);
    return new URL(search.length > 0 ? `${address}?${search.join("&")}` : address);
  }
}

/** @param {string} region */
function awsEndpoint(region) {
  return `https://s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
}
