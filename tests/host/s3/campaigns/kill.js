/**
 * Runs of the shipped command line that are ended by SIGKILL at random moments: what they leave reads, and holds
 * every build that was there before.
 */

import assert from "node:assert/strict";
import fs from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Storage } from "../../../../js/storage/storage.js";
import { randomFrom, startFaultProxy } from "../../../servers/fault-proxy.js";
import { frontOf } from "../../../servers/fronts.js";
import { runsIn } from "../../conformance/builds.js";
import { Place, stopAll } from "../place.js";
import { lanes, Workplace } from "./cli-runs.js";
import { CHARACTERS } from "./overlap.js";

/** @import { FrontName } from "../../../servers/fronts.js" */
/** @import { S3Server } from "../../../servers/s3.js" */

/** Runs that are timed before the killing begins. */
const TIMED = 3;

/**
 * @typedef {object} Kills
 * @property {number} kills
 * @property {number} seed of the moments
 * @property {number} [atATime] histories that this goes on with side by side; 2
 * @property {keyof typeof CHARACTERS} [server] straight to the server or its front unless given
 * @property {FrontName} [front] what stands before the server
 *
 * @typedef {{kills: number, stored: number, early: number}} Killed `stored`: of the killed runs, those whose build was
 *   in the history afterwards; `early`: runs that had ended by themselves before their moment came, each followed by another
 */

/**
 * On histories in S3.
 *
 * @param {S3Server} target
 * @param {Kills} options
 * @returns {Promise<Killed>}
 */
export async function killedInS3(target, { server, front: name, ...options }) {
  const front = await frontOf(target, name);
  const proxy = server ? await startFaultProxy(front, { character: CHARACTERS[server] }) : null;
  /** @type {Place[]} */
  const places = [];
  const killed = await killing(options, () => {
    const place = new Place(proxy ?? front, { direct: target });
    places.push(place);
    return { where: place, runs: () => place.runs() };
  });
  for (const place of places) place.remove();
  await stopAll(proxy ? [proxy, front] : [front]);
  return killed;
}

/**
 * On histories in files.
 *
 * @param {Kills} options
 * @returns {Promise<Killed>}
 */
export function killedInFiles(options) {
  return killing(options, (workplace, lane) => {
    const file = workplace.project.path(`history-${lane}.db`);
    const runs = async () => {
      const storage = new Storage({ type: "sqlite-local", path: file, readonly: true });
      await storage.ready();
      try {
        assert.ok(fs.existsSync(file));
        return runsIn(storage.getRepository());
      } finally {
        storage.cleanup();
      }
    };
    return { where: file, runs };
  });
}

/**
 * @param {Kills} options
 * @param {(workplace: Workplace, lane: number) => {where: Place | string, runs: () => Promise<string[]>}} open
 * @returns {Promise<Killed>}
 */
async function killing({ kills, seed, atATime = 2 }, open) {
  const random = randomFrom(seed);
  // Drawn at once, so that the moments do not depend on which run ends first.
  const moments = Array.from({ length: kills }, random);
  const workplace = new Workplace();
  /** @type {Promise<{place: ReturnType<typeof open>, longest: number, known: string[]}>[]} */
  const histories = Array.from({ length: atATime }, async (_, lane) => {
    const place = open(workplace, lane);
    /** @type {string[]} */
    const known = [];
    let longest = 0;
    for (let n = 0; n < TIMED; n++) {
      const started = performance.now();
      const { code, stderr } = await workplace.run(place.where, `whole-${lane}-${n}`);
      assert.equal(code, 0, stderr);
      longest = Math.max(longest, performance.now() - started);
      known.push(`whole-${lane}-${n}`);
    }
    return { place, longest, known };
  });
  let stored = 0;
  let early = 0;
  try {
    await lanes(kills, atATime, async (n, lane) => {
      const history = await histories[lane];
      for (let attempt = 1; ; attempt++) {
        const runId = `killed-${n}-${attempt}`;
        const started = performance.now();
        const { child, ended } = workplace.start(history.place.where, runId);
        await Promise.race([sleep(moments[n] * history.longest), ended]);
        child.kill("SIGKILL");
        const { signal } = await ended;
        const runs = await history.place.runs();
        const lost = history.known.filter((run) => !runs.includes(run));
        assert.deepEqual(lost, [], `seed ${seed}, kill ${n} at ${moments[n]} of the run`);
        history.known = runs;
        if (signal === "SIGKILL") {
          if (runs.includes(runId)) stored += 1;
          break;
        }
        // The machine has become quicker since it was timed.
        early += 1;
        history.longest = performance.now() - started;
      }
    });
    // Whoever comes afterwards is not held up by what the dead left behind.
    for (const [lane, pending] of histories.entries()) {
      const { place } = await pending;
      const { code, stderr } = await workplace.run(place.where, `after-${lane}`);
      assert.equal(code, 0, stderr);
      assert.ok((await place.runs()).includes(`after-${lane}`));
    }
    return { kills, stored, early };
  } finally {
    await Promise.allSettled(histories);
    workplace.remove();
  }
}
