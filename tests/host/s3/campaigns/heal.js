/**
 * Runs of the shipped command line, with its defaults, while a share of all requests fails: how many of them store
 * their build, and that the others say that they did not.
 */

import assert from "node:assert/strict";
import { startFaultProxy } from "../../../servers/fault-proxy.js";
import { frontOf } from "../../../servers/fronts.js";
import { record } from "../../conformance/builds.js";
import { Place, stopAll } from "../place.js";
import { lanes, Workplace } from "./cli-runs.js";
import { CHARACTERS } from "./overlap.js";

/** @import { Fault, Rule } from "../../../servers/fault-proxy.js" */
/** @import { FrontName } from "../../../servers/fronts.js" */
/** @import { S3Server } from "../../../servers/s3.js" */

/** What passes when it is tried again; each of them strikes a request of any kind. @type {readonly Fault[]} */
const PASSING = Object.freeze([
  /** @type {Fault} */ ({ kind: "reset" }),
  { kind: "lose-answer" },
  { kind: "nonsense" },
  { kind: "answer", status: 500, code: "InternalError" },
  { kind: "answer", status: 502, body: "<html>bad gateway</html>" },
  { kind: "answer", status: 503, code: "SlowDown" },
]);

/**
 * Rules by which this share of all requests fails, each fault as often as the others.
 *
 * @param {number} share
 * @returns {Rule[]}
 */
export function failing(share) {
  const each = share / PASSING.length;
  // A rule is asked only where those before it let the request through.
  return PASSING.map((fault, before) => ({ fault, probability: each / (1 - before * each) }));
}

/**
 * @param {S3Server} target
 * @param {object} options
 * @param {keyof typeof CHARACTERS} options.server
 * @param {boolean} options.first whether each run is the first of its history, which also asks the server what it does
 *   with preconditions
 * @param {number} options.runs
 * @param {number} options.share of the requests that fails
 * @param {number} options.seed
 * @param {number} [options.atATime] 6
 * @param {string[]} [options.flags] of the runs
 * @param {FrontName} [options.front] what stands between the faults and the server
 * @returns {Promise<{healed: number, requests: number, faults: number, codes: string[]}>} `codes`: those of the runs
 *   that failed
 */
export async function healing(
  target,
  { server, first, runs, share, seed, atATime = 6, flags = [], front: name },
) {
  const front = await frontOf(target, name);
  const proxy = await startFaultProxy(front, { character: CHARACTERS[server], seed });
  const workplace = new Workplace();
  const places = Array.from({ length: runs }, () => new Place(proxy, { direct: target }));
  try {
    if (!first) {
      await lanes(runs, atATime, async (n) => {
        const storage = await places[n].open();
        record(storage.getRepository(), 0, "before");
        await storage.close();
      });
    }
    const before = first ? [] : ["before/0"];
    proxy.script(failing(share));
    /** @type {import("../../support/project.js").Outcome[]} */
    const outcomes = [];
    await lanes(runs, atATime, async (n) => {
      outcomes[n] = await workplace.run(places[n], "healed", flags);
    });
    const traffic = { requests: proxy.seen.length, faults: proxy.seen.filter(({ fault }) => fault).length };
    proxy.script([]);
    /** @type {string[]} */
    const codes = [];
    for (const [n, { code, stdout, stderr }] of outcomes.entries()) {
      const held = await places[n].runs();
      if (code === 0) assert.deepEqual(held, [...before, "healed"], stderr);
      else {
        assert.equal(code, 3, stderr);
        codes.push(JSON.parse(stdout).error.code);
        // Its last answer may have been lost: then the build is there, and the run did not learn of it.
        assert.deepEqual(
          held.filter((run) => run !== "healed"),
          before,
          stderr,
        );
      }
    }
    return { healed: runs - codes.length, ...traffic, codes };
  } finally {
    workplace.remove();
    for (const place of places) place.remove();
    await stopAll([proxy, front]);
  }
}
