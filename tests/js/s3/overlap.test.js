/**
 * Overlapping runs add exactly their builds, on servers that honour preconditions and on servers that do not, on
 * good days and on bad ones. Real servers, real clients; each run is a provider of its own.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startFaultProxy } from "../../servers/fault-proxy.js";
import { startMoto } from "../../servers/s3.js";
import { record } from "../conformance/builds.js";
import { Place, stopAll } from "./place.js";

const LONG = Boolean(process.env.UNENTROPY_STRESS);
const WRITER = fileURLToPath(new URL("./run-writer.js", import.meta.url));

/**
 * What goes wrong on a bad day: every tenth request is reset, every twentieth write loses its answer.
 *
 * @type {import("../../servers/fault-proxy.js").Rule[]}
 */
const BAD_DAY = [
  { fault: { kind: "reset" }, probability: 0.1 },
  { fault: { kind: "lose-answer" }, method: "PUT", probability: 0.05 },
];

/** @type {import("../../servers/s3.js").S3Server} */
let moto;
before(async () => {
  moto = await startMoto();
});
after(() => stopAll([moto]));

/**
 * Runs that begin as others end, so many at a time.
 *
 * @param {Place} place
 * @param {number} runs
 * @param {number} atATime
 */
async function overlapping(place, runs, atATime) {
  let next = 0;
  const lane = async () => {
    while (next < runs) {
      const n = next++;
      const storage = await place.open();
      try {
        record(storage.getRepository(), n, "run");
        await storage.persist();
      } finally {
        storage.cleanup();
      }
    }
  };
  await Promise.all(Array.from({ length: atATime }, lane));
}

/** @param {number} runs */
const expected = (runs) => Array.from({ length: runs }, (_, n) => `run/${n}`).sort();

for (const [server, character] of /** @type {const} */ ([
  ["honours", {}],
  ["ignores", { ignoresPreconditions: true }],
  ["refuses", { refusesPreconditions: true }],
])) {
  describe(`on a server that ${server} preconditions`, () => {
    const many = LONG || server !== "refuses" ? 50 : 12;
    test(`${many} overlapping runs, 6 at a time, add exactly ${many} builds`, {
      timeout: 300_000,
    }, async () => {
      const proxy = await startFaultProxy(moto, { character });
      const place = new Place(proxy, { direct: moto });
      await overlapping(place, many, 6);
      assert.deepEqual(await place.runs(), expected(many));
      const left = (await place.leftovers()).filter((name) => name !== "" && !name.startsWith(".pending/"));
      assert.deepEqual(left, []);
      place.remove();
      await stopAll([proxy]);
    });

    const runs = LONG ? 200 : 20;
    test(`${runs} overlapping runs on a bad day add exactly ${runs} builds`, {
      timeout: 900_000,
    }, async (t) => {
      const proxy = await startFaultProxy(moto, { character, rules: BAD_DAY, seed: 7 });
      const place = new Place(proxy, { direct: moto, more: { retryAttempts: 10 } });
      await overlapping(place, runs, 6);
      const faults = proxy.seen.filter(({ fault }) => fault).length;
      t.diagnostic(`${faults} of ${proxy.seen.length} requests failed`);
      assert.ok(faults > proxy.seen.length / 20);
      proxy.script([]);
      assert.deepEqual(await place.runs(), expected(runs));
      place.remove();
      await stopAll([proxy]);
    });

    const kills = LONG ? 60 : 5;
    test(`${kills} runs that are killed at any moment leave a history that reads and has grown`, {
      timeout: 600_000,
    }, async () => {
      const proxy = await startFaultProxy(moto, { character });
      const place = new Place(proxy, { direct: moto });
      await overlapping(place, 3, 1);
      let before = await place.runs();
      for (let n = 0; n < kills; n++) {
        const child = spawn(process.execPath, [WRITER, `killed-${n}`], {
          env: { ...process.env, STORAGE: JSON.stringify(place.config) },
          stdio: ["ignore", "pipe", "inherit"],
        });
        const exited = new Promise((resolve) => child.on("close", resolve));
        // It says when it begins to store; from there on any moment counts.
        await Promise.race([new Promise((resolve) => child.stdout.once("data", resolve)), exited]);
        await sleep((n / kills) * 120);
        child.kill("SIGKILL");
        await exited;
        const runs = await place.runs();
        assert.deepEqual(
          before.filter((run) => !runs.includes(run)),
          [],
        );
        before = runs;
      }
      await overlapping(place, 4, 2);
      const runs = await place.runs();
      assert.deepEqual(
        [...before, "run/3"].filter((run) => !runs.includes(run)),
        [],
      );
      place.remove();
      await stopAll([proxy]);
    });
  });
}
