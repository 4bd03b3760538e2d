// A run that is cancelled, or takes too long, ends soon and cleanly in every phase: its commands are dead, nothing half
// stored stays behind, the history is as it was, and the step still says what happened. Real processes, real servers.

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { Storage } from "../../../js/storage/storage.js";
import { startFaultProxy } from "../../servers/fault-proxy.js";
import { startMoto } from "../../servers/s3.js";
import { stopAll } from "../s3/place.js";
import { withLimit } from "../support/limits.js";
import { runs, until } from "../support/processes.js";
import { told } from "../support/project.js";
import { Step } from "./place.js";

/** Less than anything that a run could wait for here: the transfers' limit of half a minute, and the commands' minutes. */
const SOON_MS = 28_000;

/** @type {import("../../servers/s3.js").S3Server} */
let moto;
/** @type {Awaited<ReturnType<typeof startFaultProxy>>} */
let proxy;
/** An image that is sent in parts. @type {Uint8Array} */
let large;
before(async () => {
  moto = await startMoto();
  proxy = await startFaultProxy(moto);
  large = await largeHistory();
});
after(() => stopAll([proxy, moto]));

/** More than the 16 MiB from which on objects are sent in parts. */
async function largeHistory() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-large-"));
  const storage = new Storage({ type: "sqlite-local", path: `${folder}/large.db` });
  try {
    await storage.ready();
    const repository = storage.getRepository();
    const metrics = Array.from({ length: 50 }, (_, n) => ({
      metric: { id: `m${n}`, type: /** @type {const} */ ("label") },
      value: "x".repeat(256),
    }));
    for (let build = 0; build < 1250; build++) {
      const timestamp = new Date(Date.UTC(2026, 0, 1) + build * 60_000).toISOString();
      repository.recordBuild(
        {
          commitSha: String(build).padStart(40, "0"),
          branch: "main",
          runId: `old-${build}`,
          runNumber: build,
          timestamp,
        },
        metrics,
      );
    }
    return storage.snapshot();
  } finally {
    storage.cleanup();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} key */
const historyOf = (key) => new RegExp(`${key.split("/")[1]}(?:\\?|$)`);

const ENDURING = {
  // Neither it nor its child leaves when it is asked to.
  stubborn: {
    type: "numeric",
    command:
      "trap '' TERM INT; sh -c \"trap '' TERM INT; echo \\$\\$ > child; sleep 600\" & echo $$ > parent; sleep 600",
  },
};

/**
 * Where a run can be when it is cancelled: how it gets stuck there, and how that shows from outside.
 * @type {Record<string, {metrics?: object, character?: {ignoresPreconditions: boolean}, stored?: () => Uint8Array, stuck: (key: string) => import("../../servers/fault-proxy.js").Rule[],
 *   there: (step: Step, seen: {method: string, url: string, fault: string | null}[], log: () => string) => boolean}>}
 */
const PHASES = {
  "download that is slow": {
    stored: () => large,
    stuck: (key) => [
      { method: "GET", url: historyOf(key), fault: { kind: "slow", bytesPerSecond: 400_000 } },
    ],
    // By then it has told how far it is.
    there: (_, __, log) => / of 1\d(?:\.\d)? MB \(\d+%\)\n/.test(log()),
  },
  collect: {
    metrics: ENDURING,
    stuck: () => [],
    there: ({ project }) =>
      ["parent", "child"].every((name) => project.exists(name) && project.read(name).length > 1),
  },
  upload: {
    stuck: (key) => [{ method: "PUT", url: historyOf(key), fault: { kind: "stall" } }],
    there: (_, seen) => seen.some(({ fault }) => fault === "stall"),
  },
  "upload in parts": {
    // This server forgets conditions when an upload is completed: parts are for those where nothing depends on them.
    character: { ignoresPreconditions: true },
    stored: () => large,
    stuck: () => [{ method: "PUT", url: /partNumber=2/, fault: { kind: "stall" } }],
    there: (_, seen) => seen.some(({ fault }) => fault === "stall"),
  },
};

for (const [where, { metrics, character = {}, stored, stuck, there }] of Object.entries(PHASES)) {
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
    test(`${signal} during ${where} ends the run soon and leaves nothing half done`, {
      timeout: 600_000,
    }, async (t) => {
      proxy.become(character);
      proxy.script([]);
      const step = new Step(t, proxy, { direct: moto, metrics });
      const before = stored?.() ?? null;
      if (before) await step.place.put(before);
      proxy.script(stuck(step.place.key));
      const { child, ended } = step.start();
      let log = "";
      child.stdout?.on("data", (text) => {
        log += text;
      });
      try {
        await until(() => there(step, proxy.seen, () => log), where);
        const asked = performance.now();
        child.kill(signal);
        const outcome = await ended;
        const took = performance.now() - asked;
        assert.ok(took < SOON_MS, `it took ${took} ms:\n${told(outcome)}`);
        assert.deepEqual([outcome.code, outcome.signal], [1, null], told(outcome));
        assert.deepEqual([outcome.outputs.success, outcome.outputs["error-code"]], ["false", "ABORTED"]);
        assert.match(outcome.outputs["error-message"], new RegExp(`stopped by ${signal}`));
        assert.match(outcome.stdout, new RegExp(`^::error title=ABORTED::stopped by ${signal}`, "m"));
        assert.match(outcome.summary, /^❌ \*\*The run failed\*\*: stopped by /);
        assert.equal(outcome.outputs["error-message"].match(/stopped/g)?.length, where === "collect" ? 1 : 2);
        assert.equal(outcome.outputs["error-message"].match(/stopped by/g)?.length, 1);
        assert.equal(
          outcome.stdout.match(/^::group::/gm)?.length,
          outcome.stdout.match(/^::endgroup::$/gm)?.length,
        );
      } finally {
        child.kill("SIGKILL");
        proxy.script([]);
      }
      if (metrics) {
        for (const name of ["parent", "child"]) {
          assert.equal(runs(Number(step.project.read(name).toString())), false, name);
        }
      }
      assert.deepEqual(
        await step.place.content().then((bytes) => bytes && Buffer.from(bytes)),
        before && Buffer.from(before),
      );
      assert.deepEqual(await step.place.client.listUploads(step.place.key), []);
    });
  }
}

/** @type {[string, keyof typeof PHASES, number][]} */
const OVERDUE = [
  ["collection", "collect", 4],
  ["storage", "upload", 3],
];
for (const [type, where, code] of OVERDUE) {
  test(`\`timeout\` ends a run in its ${where}, as trouble of ${type}`, { timeout: 600_000 }, async (t) => {
    const { metrics, stuck } = PHASES[where];
    const { outcome: tried, limit } = await withLimit(
      3,
      async (seconds) => {
        proxy.script([]);
        const step = new Step(t, proxy, { direct: moto, metrics });
        proxy.script(stuck(step.place.key));
        const outcome = await step.run({ timeout: String(seconds) }).finally(() => proxy.script([]));
        return { step, outcome };
      },
      ({ step, outcome }) =>
        outcome.outputs["error-message"].includes(`phase \`${where}\``) &&
        (!metrics || step.project.exists("child")),
    );
    const { step, outcome } = tried;
    assert.equal(outcome.code, code, told(outcome));
    assert.equal(outcome.outputs["error-code"], "RUN_TIMEOUT");
    assert.match(
      outcome.outputs["error-message"],
      new RegExp(`longer than the ${limit} s of \`timeout\`, in the phase \`${where}\``),
    );
    if (metrics) assert.equal(runs(Number(step.project.read("child").toString())), false);
    else assert.ok(step.project.exists("unentropy-rescue.db"), "the build is kept");
    assert.equal(await step.place.content(), null);
  });
}
