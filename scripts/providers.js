// `npm run test:providers [-- NAME..]`: every S3 server that can be had on this machine, or those named, one after
// the other: installed, started empty, held to all that a history owes, and asked what it does. What was found is
// written to `tests/servers/observed.json` and from there into `docs/s3-servers.md`. A server that cannot be had is
// named with the reason; the exit code is 1 when one that ran failed.

import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { run as runTests } from "node:test";
import { observe } from "../tests/servers/observe.js";
import { tables, withTables } from "../tests/servers/page.js";
import { SERVERS } from "../tests/servers/table.js";
import { packages, root, say } from "./setup.js";

/** @import { Observed } from "../tests/servers/page.js" */
/** @import { S3Server } from "../tests/servers/s3.js" */

const SUITE = path.join(root, "tests/js/s3/server-suite.js");
const DATA = path.join(root, "tests/servers/observed.json");
const PAGE = path.join(root, "docs/s3-servers.md");

const simple = (/** @type {string} */ name) => name.toLowerCase().replace(/[^a-z0-9]/g, "");
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !SERVERS.some((server) => simple(server.name) === simple(name)));
if (unknown.length > 0) {
  const known = SERVERS.map(({ name }) => name).join(", ");
  console.error(`there is no server \`${unknown.join("`, `")}\`; known: ${known}`);
  process.exit(2);
}
packages();
// Servers end with this process, however it is ended.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

/** @type {Record<string, Observed>} */
const observed = fs.existsSync(DATA) ? JSON.parse(fs.readFileSync(DATA, "utf8")) : {};
/** @type {string[]} */
const lines = [];
let failures = 0;
for (const row of SERVERS) {
  if (wanted.length > 0 && !wanted.some((name) => simple(name) === simple(row.name))) continue;
  const seen = await examined(row);
  observed[row.name] = seen;
  if (seen.suite?.failed.length) failures += 1;
  if (!seen.unavailable) lines.push(`${row.name} ${row.version}: ${summary(seen)}`);
  keep();
}
say("servers");
for (const line of lines) console.log(`  ${line}`);
process.exitCode = failures > 0 ? 1 : 0;

/** @param {import("../tests/servers/table.js").ServerRow} row @returns {Promise<Observed>} */
async function examined(row) {
  say(`${row.name} ${row.version}, from ${row.from}`);
  try {
    row.install();
  } catch (error) {
    const reason = /** @type {Error} */ (error).message;
    console.error(`  NOT AVAILABLE: ${reason}`);
    lines.push(`${row.name} ${row.version}: NOT AVAILABLE: ${reason}`);
    // The reason is this machine's; it does not belong into the page.
    return { version: row.version, unavailable: true };
  }
  /** @type {S3Server} */
  let server;
  try {
    server = await row.start();
  } catch (error) {
    // What is installed and does not start is no lack of the machine.
    console.error(`  does not start: ${/** @type {Error} */ (error).message}`);
    return { version: row.version, suite: { passed: 0, failed: ["it does not start"], skipped: 0 } };
  }
  try {
    const facts = await observe(server);
    for (const [name, value] of Object.entries(facts)) console.log(`  ${name}: ${value}`);
    return { version: row.version, suite: await conform(row.name, server), facts };
  } finally {
    await server.stop();
  }
}

/** @param {string} name @param {S3Server} server */
async function conform(name, { endpoint, credentials, region }) {
  process.env.S3_SERVER = JSON.stringify({ name, endpoint, credentials, region });
  let [passed, skipped] = [0, 0];
  /** @type {string[]} */
  const failed = [];
  for await (const { type, data } of runTests({ files: [SUITE] })) {
    if (type === "test:stderr") process.stderr.write(data.message);
    if (type !== "test:pass" && type !== "test:fail") continue;
    if (data.details.type === "suite" || data.name.endsWith(".js")) continue;
    if (data.skip !== undefined) skipped += 1;
    else if (type === "test:pass") passed += 1;
    else {
      failed.push(data.name);
      const error = /** @type {any} */ (data.details).error;
      console.error(
        `  FAILED: ${data.name}\n    ${String(error?.cause?.stack ?? error).replaceAll("\n", "\n    ")}`,
      );
    }
  }
  console.log(`  ${passed} tests passed, ${failed.length} failed, ${skipped} not applicable`);
  // Whatever kept the file from running as a whole is a failure too.
  if (passed + failed.length === 0) failed.push("the suite does not run");
  return { passed, failed, skipped };
}

/** @param {Observed} seen */
function summary({ suite, facts }) {
  const tests = suite?.failed.length ? `FAILED: ${suite.failed.join("; ")}` : `${suite?.passed} tests pass`;
  return `${tests}; ${facts?.chosen ?? "nothing observed"}`;
}

/** Writes what is known so far: whoever stops this loses only the server under way. */
function keep() {
  const sorted = Object.fromEntries(
    SERVERS.flatMap(({ name }) => (observed[name] ? [[name, observed[name]]] : [])),
  );
  fs.writeFileSync(DATA, `${JSON.stringify(sorted, null, 2)}\n`);
  fs.writeFileSync(PAGE, withTables(fs.readFileSync(PAGE, "utf8"), tables(SERVERS, sorted)));
}
