/**
 * Overlapping runs: however many store at the same time, on good days and bad ones, the history holds exactly their
 * builds.
 */

import assert from "node:assert/strict";
import { startFaultProxy } from "../../../servers/fault-proxy.js";
import { frontOf } from "../../../servers/fronts.js";
import { record } from "../../conformance/builds.js";
import { Place, stopAll } from "../place.js";
import { lanes, Workplace } from "./cli-runs.js";

/** @import { Character, Rule } from "../../../servers/fault-proxy.js" */
/** @import { FrontName } from "../../../servers/fronts.js" */
/** @import { S3Server } from "../../../servers/s3.js" */

/** What the servers are like. @type {Readonly<Record<string, Character>>} */
export const CHARACTERS = Object.freeze({
  honours: {},
  ignores: { ignoresPreconditions: true },
  refuses: { refusesPreconditions: true },
});

/**
 * What goes wrong: on a bad day every tenth request is reset and every twentieth write loses its answer.
 *
 * @type {Readonly<Record<string, Rule[]>>}
 */
export const DAYS = Object.freeze({
  good: [],
  bad: [
    { fault: { kind: "reset" }, probability: 0.1 },
    { fault: { kind: "lose-answer" }, method: "PUT", probability: 0.05 },
  ],
});

/**
 * @typedef {object} Overlap
 * @property {keyof typeof CHARACTERS} server
 * @property {keyof typeof DAYS} day
 * @property {boolean} [processes] whether each run is a process of the shipped command line
 * @property {number} runs
 * @property {number} [atATime] 6
 * @property {number} seed of the faults
 * @property {FrontName} [front] what stands between the faults and the server
 *
 * @typedef {{requests: number, faults: number}} Traffic
 */

/**
 * One repetition. Every run ends well and leaves its build; the tries are those that are shipped.
 *
 * @param {S3Server} target
 * @param {Overlap} overlap
 * @returns {Promise<Traffic>}
 */
export async function overlapping(
  target,
  { server, day, processes = false, runs, atATime = 6, seed, front: name },
) {
  const front = await frontOf(target, name);
  const proxy = await startFaultProxy(front, { character: CHARACTERS[server], rules: DAYS[day], seed });
  const place = new Place(proxy, { direct: target });
  const workplace = processes ? new Workplace() : null;
  try {
    await lanes(runs, atATime, async (n) => {
      if (workplace) {
        const { code, stdout, stderr } = await workplace.run(place, `run/${n}`);
        assert.equal(code, 0, `seed ${seed}, run ${n}: ${stdout}\n${stderr}`);
        return;
      }
      const storage = await place.open();
      try {
        record(storage.getRepository(), n, "run");
        await storage.persist();
      } finally {
        storage.cleanup();
      }
    });
    const traffic = { requests: proxy.seen.length, faults: proxy.seen.filter(({ fault }) => fault).length };
    proxy.script([]);
    const expected = Array.from({ length: runs }, (_, n) => `run/${n}`).sort();
    assert.deepEqual(await place.runs(), expected, `seed ${seed}`);
    const left = (await place.leftovers()).filter((name) => name !== "" && !name.startsWith(".pending/"));
    // A probe may stay behind where its removal met a fault; on a good day nothing does.
    assert.deepEqual(day === "good" ? left : left.filter((name) => !name.startsWith(".probe-")), []);
    return traffic;
  } finally {
    workplace?.remove();
    place.remove();
    await stopAll([proxy, front]);
  }
}
