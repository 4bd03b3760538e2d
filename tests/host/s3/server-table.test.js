/**
 * The page about S3 servers is made from what was observed, and what was observed belongs to the servers of the table
 * in the versions of the table.
 */

import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { FRONTS } from "../../servers/fronts.js";
import { FACTS } from "../../servers/observe.js";
import { tables, withTables } from "../../servers/page.js";
import { SERVERS } from "../../servers/table.js";

/** @param {string} file */
const text = (file) => fs.readFileSync(new URL(`../../../${file}`, import.meta.url), "utf8");
/** @type {Record<string, import("../../servers/page.js").Observed>} */
const observed = JSON.parse(text("tests/servers/observed.json"));

test("every server of the table was observed in its version, or is named as not to be had, and no other is", () => {
  assert.deepEqual(
    Object.entries(observed).map(([name, { version }]) => [name, version]),
    SERVERS.map(({ name, version }) => [name, version]),
    "`npm run test:providers` observes them",
  );
});

test("of each server that ran every fact is known", () => {
  const asked = Object.values(FACTS).flatMap((facts) => Object.keys(facts));
  for (const [name, { unavailable, facts = {} }] of Object.entries(observed)) {
    assert.deepEqual(Object.keys(facts).sort(), unavailable ? [] : [...asked].sort(), name);
  }
});

test("a server that was used behind one front was used behind every front", () => {
  const names = FRONTS.map(({ name }) => name).sort();
  for (const [server, { fronts }] of Object.entries(observed)) {
    if (fronts) assert.deepEqual(Object.keys(fronts).sort(), names, server);
  }
});

test("docs/s3-servers.md shows what was observed", () => {
  const page = text("docs/s3-servers.md");
  assert.equal(withTables(page, tables(SERVERS, observed)), page, "`npm run test:providers` writes it");
});
