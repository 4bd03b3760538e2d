// The JSON Schema that editors read says what the engine says: over every configuration of the fixtures, with an
// independent validator. What a schema cannot say (unknown metrics, keys that stand twice) the engine says alone.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { checkConfig } from "../../dist/index.js";
import { ROOT } from "./support/project.js";

const FIXTURES = path.join(ROOT, "tests/fixtures/config");
const schema = JSON.parse(fs.readFileSync(path.join(ROOT, "dist/unentropy.schema.json"), "utf8"));
const fits = new Ajv2020({ allErrors: true, strict: true, strictRequired: false }).compile(schema);

/** @param {string} text */
function verdicts(text) {
  const { config, errors } = checkConfig(text, "unentropy.json");
  assert.equal(config === null, errors.length > 0, "a configuration exactly where there are no errors");
  // Some fixtures are no JSON, which no schema is asked about.
  let document;
  try {
    document = JSON.parse(text.replace(/^\ufeff/, ""));
  } catch {
    return { engine: errors.length === 0, schema: false };
  }
  return { engine: errors.length === 0, schema: fits(document) };
}

for (const [folder, expected] of Object.entries({
  accept: { engine: true, schema: true },
  reject: { engine: false, schema: false },
  "reject-semantic": { engine: false, schema: true },
})) {
  const names = fs.readdirSync(path.join(FIXTURES, folder)).filter((name) => name.endsWith(".json"));
  test(`engine and schema agree on all ${names.length} of ${folder}`, () => {
    assert.ok(names.length > 10);
    for (const name of names) {
      const text = fs.readFileSync(path.join(FIXTURES, folder, name), "utf8");
      assert.deepEqual(verdicts(text), expected, `${folder}/${name}: ${JSON.stringify(fits.errors)}`);
    }
  });
}

test("the project's own configuration passes both", () => {
  const text = fs.readFileSync(path.join(ROOT, "unentropy.json"), "utf8");
  assert.deepEqual(verdicts(text), { engine: true, schema: true }, JSON.stringify(fits.errors));
});

test("every JSON example of a document that is a configuration passes both", () => {
  const documents = fs.readdirSync(ROOT).filter((name) => name.endsWith(".md"));
  for (const name of documents) {
    const text = fs.readFileSync(path.join(ROOT, name), "utf8");
    for (const [, example] of text.matchAll(/^```json[^\n]*\n([\s\S]*?)^```/gm)) {
      if (!/"metrics"\s*:\s*\{/.test(example)) continue;
      assert.deepEqual(verdicts(example), { engine: true, schema: true }, `${name}: ${example}`);
    }
  }
});

test("an editor's help: every key of the schema says what it is for", () => {
  /** @type {string[]} */
  const bare = [];
  /** @type {(node: any, where: string) => void} */
  const visit = (node, where) => {
    if (typeof node !== "object" || node === null) return;
    for (const [key, value] of Object.entries(node)) {
      if (key === "properties") {
        for (const [name, property] of Object.entries(value)) {
          if (!property.description && !property.$ref) bare.push(`${where}/${name}`);
        }
      }
      // Conditions speak of keys that are described where they belong.
      if (key !== "allOf") visit(value, `${where}/${key}`);
    }
  };
  visit(schema, "");
  assert.deepEqual(bare, []);
});
