// Every attack of docs/security.md, carried out; and the page's table, which is made from these rows.

import assert from "node:assert/strict";
import fs from "node:fs";
import { describe, test } from "node:test";
import { attacks, PAGE, withTable } from "./security/attacks.js";

const rows = await attacks();

// Each has a project of its own, and waits for processes most of its time.
describe("attacks:", { concurrency: 3 }, () => {
  for (const { who, what, run, skip = false } of rows) test(`${who}: ${what}`, { skip }, run);
});

test("docs/security.md lists exactly these attacks", () => {
  const page = fs.readFileSync(PAGE, "utf8");
  assert.equal(page, withTable(page, rows), "renew it: node tests/host/security/write.js");
});

test("no attack is listed twice, and each names its code", () => {
  const names = rows.map(({ who, what }) => `${who}: ${what}`);
  assert.deepEqual(names, [...new Set(names)]);
  for (const { what, code } of rows) assert.match(code, /^(`[A-Z0-9_]+`|exit \d|none)$/, what);
});
