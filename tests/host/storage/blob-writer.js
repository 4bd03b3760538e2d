/**
 * A process that appends lines to a file through the local store, each with a checksum over all before it. Tells each
 * line on stdout once it is stored; killed at any moment by the tests.
 */

import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { LocalStore } from "../../../js/storage/local/local.js";

const [path = "", name = "", count = "Infinity", padding = "0"] = process.argv.slice(2);
const store = new LocalStore(path, { sleep, random: Math.random });

for (let n = 0; n < Number(count); n++) {
  for (;;) {
    const blob = await store.read();
    const body = `${blob ? Buffer.from(blob.bytes).toString().split("#")[0] : ""}${name}.${n} ${"x".repeat(Number(padding))}\n`;
    const sum = createHash("sha256").update(body).digest("hex");
    const outcome = await store.write(Buffer.from(`${body}#${sum}`), blob?.version ?? null);
    if (outcome.status === "stored") break;
    await sleep(Math.random() * 20);
  }
  process.stdout.write(`${name}.${n}\n`);
}
