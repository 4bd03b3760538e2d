// What `npm test -- WORDS` runs.

import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { planOf } from "../../tools/test-plan.js";
import { ROOT } from "./support/project.js";

/** @param {...string} words */
const plan = (...words) => planOf(words, ROOT);

test("everything runs unless something is named", () => {
  const all = plan();
  assert.deepEqual(all.engine, []);
  assert.ok(all.host.includes("tests/host/s3/client.test.js"));
  assert.ok(all.page.length > 0 && all.page.every((file) => /^tests\/page\/.*\.test\.js$/.test(file)));
  assert.deepEqual(plan("engine", "host", "page"), all);
});

test("a part, a file, a folder, or tests of the engine by name run alone", () => {
  const { host, page } = plan();
  assert.deepEqual(plan("page"), { engine: null, host: [], page, options: [] });
  const file = "tests/host/loc.test.js";
  assert.deepEqual(plan(file), { engine: null, host: [file], page: [], options: [] });
  assert.deepEqual(plan(file, "tests/host", "host").host, [file, ...host.filter((each) => each !== file)]);
  const folder = plan("tests/host/s3/").host;
  assert.deepEqual(
    folder,
    host.filter((each) => each.startsWith("tests/host/s3/")),
  );
  assert.deepEqual(plan("gate_words", "merge"), {
    ...{ engine: ["gate_words", "merge"], host: [], page: [], options: [] },
  });
  assert.deepEqual(plan("gate_words", "engine").engine, []);
});

test("paths are relative to where the command was given, and options go to Node", () => {
  const found = planOf(
    ["client.test.js", "--test-name-pattern=region"],
    ROOT,
    path.join(ROOT, "tests/host/s3"),
  );
  assert.deepEqual(found.host, ["tests/host/s3/client.test.js"]);
  assert.deepEqual(found.options, ["--test-name-pattern=region"]);
  assert.deepEqual(plan("--test-only").host, plan().host);
});

test("a path without tests is an error, not a run of nothing", () => {
  for (const word of [
    "tests/host/none.test.js",
    "tests/host/support",
    "tests/engine/gate.rs",
    "js/index.js",
  ]) {
    assert.throws(() => plan(word), {
      message: `\`${word}\` is no file or folder with tests of tests/host or tests/page`,
    });
  }
});
