// `@collect json` through the shipped program: values of both types, counts, warnings, and files that are none.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Project, told } from "./support/project.js";

const STATS = { total: 4096, share: "87.5", name: "web", files: [{ size: 1 }, { size: 2 }], big: 0 };

test("numbers, texts and counts of a JSON file are values of metrics", async (t) => {
  const text = JSON.stringify(STATS).replace('"big":0', '"big":9007199254740993');
  const project = new Project(t, { "stats.json": text, "other/a.json": "1", "other/b.json": "2" });
  const numeric = (/** @type {string} */ command) => ({
    type: "numeric",
    command: `@collect json ${command}`,
  });
  project.config({
    metrics: {
      total: numeric("stats.json /total"),
      share: numeric("stats.json /share"),
      second: numeric("stats.json /files/1/size"),
      files: numeric("stats.json /files --count"),
      keys: numeric("stats.json '' --count"),
      big: numeric("stats.json /big"),
      name: { type: "label", command: "@collect json stats.json /name" },
      digits: { type: "label", command: "@collect json stats.json /big" },
      none: numeric("stats.json /totl"),
      word: numeric("stats.json /name"),
      two: numeric("'other/*.json' ''"),
      gone: numeric("missing.json /a"),
    },
  });
  const outcome = await project.run(["test", "--json"]);
  /** @type {{metrics: import("../../js/collect/types.js").MetricOutcome[]}} */
  const { metrics } = JSON.parse(outcome.stdout);
  const found = Object.fromEntries(metrics.map(({ id, value, error }) => [id, error?.code ?? value]));
  assert.deepEqual(found, {
    total: 4096,
    share: 87.5,
    second: 2,
    files: 2,
    keys: 5,
    big: 9007199254740992,
    name: "web",
    digits: "9007199254740993",
    none: "COLLECTOR_NOTHING",
    word: "OUTPUT_INVALID",
    two: "COLLECTOR_USAGE",
    gone: "COLLECTOR_MISSING",
  });
  assert.match(
    told(outcome),
    /`big`: `stats\.json`: `\/big` is 9007199254740993, which is kept as 9007199254740992/,
  );
  assert.match(told(outcome), /no key `totl` in the object: it has `total`/);
});

test("the command prints the bare value, and what is wrong with its arguments", async (t) => {
  const project = new Project(t, {
    "s.json": '{"a": {"b": 1.50}, "c": "x"}',
    "broken.json": '{"a": 1,\n"b": }',
  });
  assert.equal((await project.run(["collect", "json", "s.json", "/a/b"])).stdout, "1.50\n");
  const asJson = await project.run(["collect", "json", "s.json", "/a/b", "--json"]);
  assert.deepEqual(JSON.parse(asJson.stdout), { collector: "json", value: 1.5 });
  const text = await project.run(["collect", "json", "s.json", "/c", "--json"]);
  assert.deepEqual(JSON.parse(text.stdout), { collector: "json", value: "x" });
  for (const [args, code, message] of /** @type {const} */ ([
    [["s.json"], 2, /`json` needs a file and a JSON pointer, found 1 argument/],
    [["s.json", "a.b"], 2, /a JSON pointer begins with `\/`, found `a\.b`/],
    [["broken.json", "/a"], 4, /`broken\.json`:2:6: expected a value, found `}`/],
    [["s.json", "/a"], 4, /`\/a` is an object with `b`/],
  ])) {
    const outcome = await project.run(["collect", "json", ...args]);
    assert.equal(outcome.code, code, told(outcome));
    assert.match(told(outcome), message);
  }
});
