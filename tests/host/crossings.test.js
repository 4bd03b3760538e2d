// How often a run calls into the wasm: as often for many metrics and files as for few. Every call is counted, at the
// modules' own exports; those by which the glue between the languages moves texts (`__…`) are its own affair.

import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { runFacts } from "../../js/ci/build.js";
import { loadConfig } from "../../js/run/config.js";
import { track } from "../../js/run/track.js";
import { PLAIN_ENV, Project } from "./support/project.js";

/** Calls of a whole run, the first of this process that loads the modules. */
const MOST = 27;

/** @type {string[]} */
const calls = [];
const { Instance } = WebAssembly;
WebAssembly.Instance = /** @type {typeof WebAssembly.Instance} */ (
  /** @type {unknown} */ (
    new Proxy(Instance, {
      construct(target, given) {
        const { exports } = new target(.../** @type {[WebAssembly.Module]} */ (given));
        const counted = Object.entries(exports).map(([name, item]) => {
          if (typeof item !== "function" || name.startsWith("__")) return [name, item];
          const call = (/** @type {unknown[]} */ ...values) => {
            calls.push(name);
            return item(...values);
          };
          return [name, call];
        });
        const instance = Object.create(Instance.prototype);
        return Object.defineProperty(instance, "exports", { value: Object.fromEntries(counted) });
      },
    })
  )
);

/**
 * A run's calls, and its result.
 * @param {import("node:test").TestContext} t
 * @param {{commands: number, labels: number, reports: number, sources: number}} size
 */
async function run(t, { commands, labels, reports, sources }) {
  /** @type {Record<string, object>} */
  const metrics = {};
  /** @type {Record<string, string>} */
  const files = {};
  const add = (/** @type {string} */ id, /** @type {object} */ metric) => {
    metrics[id] = metric;
  };
  for (let n = 0; n < commands; n++)
    add(`command-${n}`, { type: "numeric", command: `echo ${n}.5`, unit: "percent" });
  for (let n = 0; n < labels; n++) add(`label-${n}`, { type: "label", command: `echo word-${n}` });
  for (let n = 0; n < reports; n++) {
    files[`reports/${n}.info`] = `SF:a${n}.js\nDA:1,1\nDA:2,${n % 2}\nend_of_record\n`;
    add(`coverage-${n}`, { type: "numeric", command: `@collect coverage reports/${n}.info` });
  }
  for (let n = 0; n < sources; n++) files[`src/a${n}.js`] = `let a = ${n};\n\n`;
  add("lines", { type: "numeric", command: "@collect loc src" });
  const project = new Project(t, { ...files, "unentropy.json": JSON.stringify({ metrics }) });
  const cwd = project.path(".");
  const env = PLAIN_ENV;
  const now = new Date();
  calls.length = 0;
  const loaded = loadConfig(undefined, cwd);
  const facts = await runFacts({ cwd, now, env });
  /** @type {string[]} */
  const told = [];
  const result = await track({
    ...{ loaded, facts, cwd, env, now },
    storage: { type: "sqlite-local", path: path.join(cwd, "unentropy.db") },
    reportDirectory: path.join(cwd, "report"),
    pauseMs: Number.POSITIVE_INFINITY,
    listener: { metricEnd: ({ id }, text) => told.push(`${id} ${text}`) },
  });
  assert.equal(result.error, undefined);
  assert.equal(result.metricsCollected, commands + labels + reports + 1);
  return { calls: [...calls], told };
}

test("a run calls into the wasm as often for 50 metrics and 40 files as for 7 metrics and 4", async (t) => {
  const many = await run(t, { commands: 24, labels: 5, reports: 20, sources: 20 });
  assert.ok(many.calls.length <= MOST, `${many.calls.length} calls: ${many.calls.join(" ")}`);
  assert.equal(many.told.length, 50);
  assert.deepEqual(
    ["command-3 3.5%", "label-2 word-2", "coverage-2 50", "coverage-3 100", "lines 20"].filter(
      (line) => !many.told.includes(line),
    ),
    [],
  );
  const few = await run(t, { commands: 2, labels: 2, reports: 2, sources: 2 });
  // What counts as a pull request's event is asked once a process.
  const ofRun = (/** @type {string[]} */ calls) =>
    calls.filter((name) => name !== "isPullRequestEvent").sort();
  assert.deepEqual(ofRun(few.calls), ofRun(many.calls));
});
