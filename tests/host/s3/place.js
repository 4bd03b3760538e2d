/**
 * Places for histories on the test servers: each one a key of its own, with a client that looks at it behind
 * everybody's back.
 */

import { randomUUID } from "node:crypto";
import { S3Client } from "../../../js/s3/client.js";
import { S3Store } from "../../../js/storage/s3/s3.js";
import { Storage } from "../../../js/storage/storage.js";
import { record, runsIn } from "../conformance/builds.js";

/** @import { StorageProviderConfig } from "../../../js/storage/contract.js" */

/**
 * @typedef {object} Server what the test servers and the proxy have in common
 * @property {string} endpoint
 * @property {{accessKeyId: string, secretAccessKey: string, sessionToken?: string}} credentials
 * @property {string} [region]
 */

/** Backups stand beside every history that was replaced, and are no left-overs. */
const BACKUP = /\.bak$/;

export class Place {
  /**
   * @param {Server} server
   * @param {{bucket?: string, direct?: Server, more?: Partial<StorageProviderConfig>}} [options] `direct`: the server
   *   behind a proxy
   */
  constructor(server, { bucket = "bucket", direct = server, more = {} } = {}) {
    this.server = server;
    this.key = `folder with space/${randomUUID()}.db`;
    /** @type {StorageProviderConfig} */
    this.config = {
      type: "sqlite-s3",
      s3Endpoint: server.endpoint,
      s3Bucket: bucket,
      s3Key: this.key,
      s3Region: server.region ?? "us-east-1",
      s3AccessKeyId: server.credentials.accessKeyId,
      s3SecretAccessKey: server.credentials.secretAccessKey,
      s3SessionToken: server.credentials.sessionToken,
      ...more,
    };
    this.client = this.connect(direct);
    /** What stores are opened with: the servers have no room for many idle connections. */
    this.own = this.connect();
  }

  remove() {
    this.client.close();
    this.own.close();
  }

  /** @param {Server} [server] */
  connect(server = this.server) {
    return new S3Client({
      endpoint: server.endpoint,
      bucket: /** @type {string} */ (this.config.s3Bucket),
      region: server.region ?? "us-east-1",
      credentials: server.credentials,
    });
  }

  /** @param {Partial<ConstructorParameters<typeof S3Store>[0]>} [more] */
  store(more = {}) {
    return new S3Store({
      client: this.own,
      key: this.key,
      now: Date.now,
      random: Math.random,
      ...more,
    });
  }

  /** @param {Partial<StorageProviderConfig>} [more] @param {import("../../../js/storage/factory.js").Surroundings} [surroundings] */
  async open(more = {}, surroundings = {}) {
    const storage = new Storage({ ...this.config, ...more }, surroundings);
    await storage.ready();
    return storage;
  }

  /** @returns {Promise<Uint8Array | null>} */
  async content() {
    return (await this.client.get(this.key))?.bytes ?? null;
  }

  /** @param {Uint8Array} bytes @param {Record<string, string>} [metadata] */
  async put(bytes, metadata = {}) {
    await this.client.put(this.key, bytes, { metadata });
  }

  /** Everything whose key begins with the history's, without it. */
  async names() {
    const { objects } = await this.client.list(this.key);
    return objects.map(({ key }) => key.slice(this.key.length)).sort();
  }

  /** What would be left behind if anything were. */
  async leftovers() {
    return (await this.names()).filter((name) => !BACKUP.test(name));
  }

  /** The runs that the stored history knows. */
  async runs() {
    const storage = await this.open({ readonly: true });
    try {
      return runsIn(storage.getRepository());
    } finally {
      storage.cleanup();
    }
  }
}

/** No waiting; the client's own waits are the client's tests'. */
export const QUICK = { sleep: async () => {}, random: () => 0 };

/**
 * Runs a test at a new place behind a proxy that does nothing by itself, and leaves the proxy so.
 *
 * @param {{proxy: Awaited<ReturnType<typeof import("../../servers/fault-proxy.js").startFaultProxy>>, direct: Server}} servers
 * @param {(place: Place) => Promise<void>} body
 * @param {{bucket?: string}} [options]
 */
export async function atPlace({ proxy, direct }, body, options) {
  proxy.become({});
  proxy.script([]);
  const place = new Place(proxy, { direct, ...options });
  try {
    await body(place);
  } finally {
    proxy.script([]);
    place.remove();
  }
}

/**
 * Records builds, each stored by itself.
 *
 * @param {Place} place
 * @param {number[]} numbers
 * @param {Parameters<Place["open"]>[0]} [more]
 * @returns {Promise<readonly import("../../../js/failure.js").Failure[]>} the warnings of the last one
 */
export async function add(place, numbers, more) {
  /** @type {readonly import("../../../js/failure.js").Failure[]} */
  let warnings = [];
  for (const n of numbers) {
    const storage = await place.open(more, QUICK);
    try {
      record(storage.getRepository(), n);
      await storage.persist();
      warnings = storage.warnings;
    } finally {
      storage.cleanup();
    }
  }
  return warnings;
}

/**
 * Stops servers, those before the ones that they pass requests on to.
 *
 * @param {{stop: () => Promise<void>}[]} servers
 */
export async function stopAll(servers) {
  for (const server of servers) await server.stop();
}
