/**
 * The short forms of the campaigns: overlapping runs, runs that are killed and runs among failing requests, against
 * real servers; shorter still with less effort (support/effort.js). `npm run test:stress` runs the long ones.
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { FRONTS } from "../../servers/fronts.js";
import { startMoto } from "../../servers/s3.js";
import { effort } from "../support/effort.js";
import { healing } from "./campaigns/heal.js";
import { killedInFiles, killedInS3 } from "./campaigns/kill.js";
import { overlapping } from "./campaigns/overlap.js";
import { faultOnRead, READ_FAULTS } from "./campaigns/read-faults.js";
import { stopAll } from "./place.js";

/** @type {import("../../servers/s3.js").S3Server} */
let moto;
before(async () => {
  moto = await startMoto();
});
after(() => stopAll([moto]));

describe("overlapping runs", () => {
  /** @type {[import("./campaigns/overlap.js").Overlap["server"], string, number, boolean][]} */
  const cases = [
    ["honours", "good", effort({ quick: 20, full: 50 }), false],
    ["honours", "bad", effort({ quick: 12, full: 20 }), false],
    ["honours", "bad", effort({ quick: 6, full: 12 }), true],
    ["ignores", "good", effort({ quick: 20, full: 50 }), false],
    ["ignores", "bad", effort({ quick: 12, full: 20 }), false],
    ["ignores", "bad", effort({ quick: 6, full: 12 }), true],
    ["refuses", "good", effort({ quick: 8, full: 12 }), false],
    ["refuses", "bad", effort({ quick: 8, full: 12 }), false],
  ];
  for (const [server, day, runs, processes] of cases) {
    const who = processes ? `${runs} processes` : `${runs} runs`;
    test(`${who} on a ${day} day add exactly ${runs} builds where the server ${server} preconditions`, {
      timeout: 900_000,
    }, async (t) => {
      const { requests, faults } = await overlapping(moto, { server, day, runs, processes, seed: 7 });
      t.diagnostic(`${faults} of ${requests} requests failed`);
      assert.equal(faults > requests / 20, day === "bad");
    });
  }
});

describe("overlapping runs behind a front", () => {
  for (const { name: front } of FRONTS) {
    test(`8 runs add exactly 8 builds: ${front}`, { timeout: 900_000 }, async () => {
      await overlapping(moto, { server: "honours", day: "good", runs: 8, atATime: 4, seed: 7, front });
    });
  }
});

describe("a run that is killed at any moment", () => {
  const options = { kills: effort({ quick: 4, full: 8 }), seed: 11 };
  for (const server of /** @type {const} */ (["honours", "ignores"])) {
    test(`leaves a history that reads and is no shorter, where the server ${server} preconditions`, {
      timeout: 900_000,
    }, async () => {
      await killedInS3(moto, { ...options, server });
    });
  }
  test("leaves a file that reads and is no shorter", { timeout: 900_000 }, async () => {
    await killedInFiles(options);
  });
});

describe("runs of which every third request or so fails", () => {
  for (const server of /** @type {const} */ (["honours", "ignores"])) {
    for (const first of [false, true]) {
      const which = first ? "the first run of a history heals" : "runs heal";
      test(`${which} where the server ${server} preconditions`, { timeout: 900_000 }, async (t) => {
        const runs = effort({ quick: 6, full: 10 });
        const found = await healing(moto, { server, first, runs, share: 0.3, seed: 5, atATime: 5 });
        t.diagnostic(`${found.faults} of ${found.requests} requests failed`);
        // Of so few, one may have bad luck; the long form counts.
        assert.ok(found.healed >= runs - 1, found.codes.join(", "));
      });
    }
  }
});

describe("a fault of every reading ends a run with its code and leaves the object as it was:", () => {
  for (const fault of READ_FAULTS.filter(({ slow }) => !slow)) {
    const both = /** @type {("track" | "report")[]} */ (["track", "report"]);
    // Both read in the same way.
    for (const command of fault.report ? both : effort({ quick: both.slice(0, 1), full: both })) {
      test(`\`${command}\`, ${fault.what}`, { timeout: 600_000 }, async () => {
        const { exit, code, identical, told } = await faultOnRead(moto, fault, { command });
        const expected = (command === "report" && fault.report) || fault.code;
        assert.deepEqual({ exit, code, identical }, { exit: 3, code: expected, identical: true }, told);
      });
    }
  }
});
