/**
 * A process that records builds into a local history, each with a load and a store of its own.
 */

import { Storage } from "../../../js/storage/storage.js";
import { record } from "../conformance/builds.js";

const [path = "", name = "", count = "1"] = process.argv.slice(2);
for (let n = 0; n < Number(count); n++) {
  const storage = new Storage({ type: "sqlite-local", path });
  await storage.ready();
  record(storage.getRepository(), n, name);
  await storage.close();
}
