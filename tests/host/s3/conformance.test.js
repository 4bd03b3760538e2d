/**
 * Histories in S3 keep the contracts of every blob store and every storage: on a server that honours preconditions
 * atomically, on one that does not do so atomically, and behind proxies that make the first ignore or refuse them.
 */

import { after, before, describe } from "node:test";
import { startFaultProxy } from "../../servers/fault-proxy.js";
import { startRewritingProxy } from "../../servers/rewriting-proxy.js";
import { startMoto, startS3sFs } from "../../servers/s3.js";
import { conformance } from "../conformance/blob-store.js";
import { storageConformance } from "../conformance/storage.js";
import { Place, stopAll } from "./place.js";

/** @type {Record<string, import("./place.js").Server & {stop: () => Promise<void>}>} */
const servers = {};

describe("S3", () => {
  before(async () => {
    const [moto, s3s] = await Promise.all([startMoto(), startS3sFs()]);
    const [ignoring, refusing, bare, fronted] = await Promise.all([
      startFaultProxy(moto, { character: { ignoresPreconditions: true } }),
      startFaultProxy(moto, { character: { refusesPreconditions: true } }),
      startFaultProxy(moto, { character: { bareEtags: true } }),
      startRewritingProxy(moto),
    ]);
    Object.assign(servers, { moto, s3s, ignoring, refusing, bare, fronted });
  });
  after(() => stopAll(Object.values(servers).reverse()));

  for (const [name, title] of [
    ["moto", "an S3 object"],
    ["bare", "an S3 object with unquoted ETags"],
    ["fronted", "an S3 object behind a front end that rewrites headers"],
  ]) {
    conformance(title, () => {
      const place = new Place(servers[name]);
      return {
        open: ({ readonly } = {}) => place.store({ readonly }),
        names: () => place.leftovers(),
        remove: () => place.remove(),
      };
    });
  }

  for (const [name, title] of [
    ["moto", "sqlite-s3"],
    ["s3s", "sqlite-s3 where preconditions are not atomic"],
    ["ignoring", "sqlite-s3 where preconditions are ignored"],
    ["refusing", "sqlite-s3 where preconditions are refused"],
  ]) {
    storageConformance(
      title,
      () => {
        const place = new Place(servers[name], { direct: name === "s3s" ? servers.s3s : servers.moto });
        return {
          config: place.config,
          content: () => place.content(),
          put: (bytes) => place.put(bytes),
          remove: () => place.remove(),
        };
      },
      { torn: name === "s3s" },
    );
  }
});
