/**
 * Runs of the storage provider, and the requests that each of them sends, counted at a proxy before a real server.
 */

import * as engine from "../../../js/engine/engine.js";
import { S3Client } from "../../../js/s3/client.js";
import { SqliteStorageProvider } from "../../../js/storage/read-record-write.js";
import { record } from "../conformance/builds.js";
import { Place } from "./place.js";

const DAY = 24 * 60 * 60 * 1000;

/**
 * Runs on days that are given, each with one build.
 *
 * @param {object} options
 * @param {Awaited<ReturnType<typeof import("../../servers/fault-proxy.js").startFaultProxy>>} options.proxy
 * @param {import("./place.js").Server} options.direct the server behind it
 * @param {boolean} [options.large] whether the history counts as one that is sent in parts
 * @param {number[]} options.days
 * @returns {Promise<{requests: string[][], verdict: string, builds: number}>} each run's requests: their methods, and what they are about
 */
export async function countedRuns({ proxy, direct, large = false, days }) {
  const place = new Place(proxy, { direct });
  const start = Date.now();
  const requests = [];
  for (const [n, day] of days.entries()) {
    const now = () => start + day * DAY;
    const { endpoint, credentials } = proxy;
    // Its clock is the real one: a server refuses what is signed for another week, and it is asked once more.
    const client = new S3Client({
      endpoint,
      credentials,
      bucket: "bucket",
      ...(large ? { multipartThreshold: 1, partSize: 5 << 20 } : {}),
    });
    const sleep = async () => {};
    const provider = new SqliteStorageProvider(place.store({ client, now, sleep }), { engine, sleep });
    proxy.script([]);
    const repository = await provider.initialize();
    record(repository, n);
    await provider.persist();
    provider.cleanup();
    requests.push(
      proxy.seen
        .map(({ method, url }) => `${method} ${what(url, place.key)}`)
        .filter((name) => !name.endsWith(" part")),
    );
  }
  const head = await place.client.head(place.key);
  const builds = (await place.runs()).length;
  place.remove();
  return { requests, verdict: head?.metadata["unentropy-preconditions"].split(" ")[0] ?? "", builds };
}

/** @param {string} url @param {string} key */
function what(url, key) {
  const [path, query = ""] = url.split("?");
  if (query.includes("partNumber=")) return "part";
  if (query.includes("uploads")) return "upload";
  if (query.includes("uploadId=")) return "completion";
  if (query.includes("list-type")) return "list";
  const name = decodeURIComponent(path).slice(`/bucket/${key}`.length);
  return name.replace(/^\.(probe|pending)\b.*/, ".$1") || "history";
}
