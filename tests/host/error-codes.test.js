// What users are told exists: every code stands in docs/errors.md and nothing else does, and every command that a
// message recommends is one.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { COMMANDS } from "../../js/cli/options.js";
import { exitCode, Failure } from "../../js/failure.js";
import { ROOT } from "./support/project.js";

/** The sources below a folder, as one text each. @param {string} folder @param {string} ending */
function sources(folder, ending) {
  return fs
    .readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending) && !name.startsWith("wasm"))
    .map((name) => ({ name, text: fs.readFileSync(path.join(ROOT, folder, name), "utf8") }));
}

const DOCUMENT = fs.readFileSync(path.join(ROOT, "docs/errors.md"), "utf8");
const rows = [...DOCUMENT.matchAll(/^\| `([A-Z_0-9]+)` \| ([\w ]+) \| ([\d-]+) \| (.+) \| (.+) \|$/gm)];

/** Codes with their types where the place says it, from the sources. */
function codes() {
  /** @type {Map<string, Set<string>>} */
  const found = new Map();
  const add = (/** @type {string} */ code, /** @type {string} */ type = "") => {
    if (!found.has(code)) found.set(code, new Set());
    if (type) found.get(code)?.add(type);
  };
  const engine = fs.readFileSync(path.join(ROOT, "src/error.rs"), "utf8");
  for (const [, code, type] of engine.matchAll(/= "([A-Z_0-9]+)", ([A-Z][a-z]+);/g))
    add(code, type.toLowerCase());
  for (const { text } of sources("js", ".js")) {
    for (const [, code] of text.matchAll(/\bcode: \w+ \? "([A-Z_0-9]+)" : "[A-Z_0-9]+"/g)) add(code);
    for (const [, before, code] of text.matchAll(
      /(type: "\w+",\s*)?\bcode(?::| =| \?\?.*\?\?|: \w+ \? "\w+" :) "([A-Z_0-9]+)"/g,
    )) {
      // Without an underscore it is an errno, but for two.
      if (code.includes("_") || ["ABORTED", "INTERNAL"].includes(code))
        add(code, /"(\w+)"/.exec(before ?? "")?.[1]);
    }
  }
  return found;
}

test("every code stands in docs/errors.md once, and nothing else does", () => {
  const documented = rows.map(([, code]) => code);
  assert.equal(new Set(documented).size, documented.length, "each once");
  assert.equal(documented.length, [...DOCUMENT.matchAll(/^\| `/gm)].length, "every row is understood");
  assert.deepEqual([...documented].sort(), [...codes().keys()].sort());
  assert.ok(documented.length > 50);
});

test("the documented types and exit codes are those of the sources", () => {
  const known = codes();
  for (const [, code, type, exit] of rows) {
    const types = [...(known.get(code) ?? [])];
    if (type === "of its use") continue;
    assert.deepEqual(types.length ? types : [type], [type], code);
    const failure = new Failure("", {
      type: /** @type {import("../../js/failure.js").FailureType} */ (type),
      code,
    });
    assert.equal(String(exitCode(failure)), exit, code);
  }
});

test("every command that a message or document recommends exists", () => {
  const texts = [...sources("js", ".js"), ...sources("src", ".rs"), ...sources("docs", ".md")];
  const recommended = texts.flatMap(({ name, text }) =>
    [...text.matchAll(/`unentropy ([a-z]+)/g)].map(([, command]) => ({ name, command })),
  );
  assert.ok(recommended.length > 3);
  assert.deepEqual(
    recommended.filter(({ command }) => !(command in COMMANDS)),
    [],
  );
});
