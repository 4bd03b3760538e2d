// `npm run test:providers [-- NAME..]`: every S3 server that can be had on this machine, or those named, one after
// the other: installed, started empty, held to all that a history owes, asked what it does, robbed of a history, and
// used through each front. What was found is written to `tests/servers/observed.json` and from there into
// `docs/s3-servers.md`. A NAME is a server's or a part's: of the others nothing is run, and what was found before
// stays. A server that cannot be had is named with the reason; the exit code is 1 when one that ran failed.

import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { run as runTests } from "node:test";
import { FRONTS } from "../tests/servers/fronts.js";
import { observe } from "../tests/servers/observe.js";
import { tables, withTables } from "../tests/servers/page.js";
import { SERVERS } from "../tests/servers/table.js";
import { packages, root, say } from "./setup.js";

/** @import { DeletionRow, Observed, Suite } from "../tests/servers/page.js" */
/** @import { S3Server } from "../tests/servers/s3.js" */

const SUITES = path.join(root, "tests/host/s3");
const DATA = path.join(root, "tests/servers/observed.json");
const PAGE = path.join(root, "docs/s3-servers.md");

/** The parts of an examination. */
const PARTS = ["direct", "deletion", ...FRONTS.map(({ name }) => name)];
/** How the diagnostic begins that carries a row for the page. */
const ROW = "deletion ";

const simple = (/** @type {string} */ name) => name.toLowerCase().replace(/[^a-z0-9]/g, "");
const known = [...SERVERS.map(({ name }) => name), ...PARTS];
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !known.some((one) => simple(one) === simple(name)));
if (unknown.length > 0) {
  console.error(`there is no server or part \`${unknown.join("`, `")}\`; known: ${known.join(", ")}`);
  process.exit(2);
}
/** Those that are asked for, or all. @param {readonly string[]} names */
const chosen = (names) => {
  const some = names.filter((name) => asked.some((one) => simple(one) === simple(name)));
  return new Set(some.length > 0 ? some : names);
};
const [servers, parts] = [chosen(SERVERS.map(({ name }) => name)), chosen(PARTS)];
packages();
// Servers end with this process, however it is ended.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

/** @type {Record<string, Observed>} */
const observed = fs.existsSync(DATA) ? JSON.parse(fs.readFileSync(DATA, "utf8")) : {};
/** @type {string[]} */
const lines = [];
let failures = 0;
for (const row of SERVERS) {
  if (!servers.has(row.name)) continue;
  const seen = await examined(row, observed[row.name]);
  observed[row.name] = seen;
  const suites = suitesOf(seen);
  if (suites.some(([, { failed }]) => failed.length > 0)) failures += 1;
  if (!seen.unavailable) {
    const reported = suites.map(([part, suite]) => `${part}: ${outcome(suite)}`);
    lines.push(
      `${row.name} ${row.version}: ${reported.join("; ")}; ${seen.facts?.chosen ?? "nothing observed"}`,
    );
  }
  keep();
}
say("servers");
for (const line of lines) console.log(`  ${line}`);
process.exitCode = failures > 0 ? 1 : 0;

/**
 * @param {import("../tests/servers/table.js").ServerRow} row
 * @param {Observed} [before] what was found the last time
 * @returns {Promise<Observed>}
 */
async function examined(row, before) {
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
  /** @type {Observed} */
  const seen = before?.version === row.version && !before.unavailable ? before : { version: row.version };
  try {
    if (parts.has("direct")) {
      seen.facts = await observe(server);
      for (const [name, value] of Object.entries(seen.facts)) console.log(`  ${name}: ${value}`);
      seen.suite = (await conform("direct", "server-suite.js", { name: row.name, server })).suite;
    }
    if (parts.has("deletion")) {
      seen.deletion = await conform("deletion", "deletion-suite.js", { name: row.name, server });
    }
    for (const { name, start } of FRONTS) {
      if (!parts.has(name)) continue;
      const front = await start(server);
      try {
        const options = { name: row.name, server: front, direct: server, front: name };
        const { suite } = await conform(name, "front-suite.js", options);
        seen.fronts = { ...seen.fronts, [name]: suite };
      } finally {
        await front.stop();
      }
    }
    return seen;
  } finally {
    await server.stop();
  }
}

/**
 * @param {string} part
 * @param {string} file
 * @param {{name: string, server: S3Server, direct?: S3Server, front?: string}} options
 * @returns {Promise<{suite: Suite, rows: DeletionRow[]}>}
 */
async function conform(part, file, { name, server, direct = server, front }) {
  const begun = Date.now();
  process.env.S3_SERVER = JSON.stringify({ ...server, name, front });
  process.env.S3_DIRECT = JSON.stringify(direct);
  let [passed, skipped] = [0, 0];
  /** @type {string[]} */
  const failed = [];
  /** @type {DeletionRow[]} */
  const rows = [];
  for await (const { type, data } of runTests({ files: [path.join(SUITES, file)] })) {
    if (type === "test:stderr") process.stderr.write(data.message);
    if (type === "test:diagnostic" && data.message.startsWith(ROW)) {
      rows.push(JSON.parse(data.message.slice(ROW.length)));
    }
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
  const took = `${Math.round((Date.now() - begun) / 1000)} s`;
  console.log(
    `  ${part}: ${passed} tests passed, ${failed.length} failed, ${skipped} not applicable, in ${took}`,
  );
  // Whatever kept the file from running as a whole is a failure too.
  if (passed + failed.length === 0) failed.push("the suite does not run");
  return { suite: { passed, failed, skipped }, rows };
}

/** What was run of a server now, by part. @param {Observed} seen @returns {[string, Suite][]} */
function suitesOf({ suite, deletion, fronts = {} }) {
  const all = Object.entries({ direct: suite, deletion: deletion?.suite, ...fronts });
  return all.flatMap(([part, each]) => (each && parts.has(part) ? [[part, each]] : []));
}

/** @param {Suite} suite */
function outcome({ passed, failed }) {
  return failed.length > 0 ? `FAILED: ${failed.join("; ")}` : `${passed} tests pass`;
}

/** Writes what is known so far: stopping this loses only the server under way. */
function keep() {
  const sorted = Object.fromEntries(
    SERVERS.flatMap(({ name }) => (observed[name] ? [[name, observed[name]]] : [])),
  );
  fs.writeFileSync(DATA, `${JSON.stringify(sorted, null, 2)}\n`);
  fs.writeFileSync(PAGE, withTables(fs.readFileSync(PAGE, "utf8"), tables(SERVERS, sorted)));
}
