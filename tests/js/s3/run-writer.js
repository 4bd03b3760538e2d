/**
 * A run in a process of its own, to be killed: records one build where the environment says and stores it.
 */

import { Storage } from "../../../js/storage/storage.js";
import { record } from "../conformance/builds.js";

const storage = new Storage(JSON.parse(process.env.STORAGE ?? ""));
await storage.ready();
record(storage.getRepository(), 1, process.argv[2]);
process.stdout.write("storing\n");
await storage.close();
