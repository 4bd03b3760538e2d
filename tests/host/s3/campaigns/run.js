/**
 * `npm run test:stress`: the campaigns in their long forms, one after the other, with the tables of what was found.
 * With `--write` the tables take their place in docs/campaigns.md. Ends with exit code 1 when anything was lost.
 *
 *   npm run test:stress                     every campaign
 *   npm run test:stress -- overlap healing  some of them
 */

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { FRONTS } from "../../../servers/fronts.js";
import { startMoto } from "../../../servers/s3.js";
import { ROOT } from "../../support/project.js";
import { stopAll } from "../place.js";
import { lanes } from "./cli-runs.js";
import { healing } from "./heal.js";
import { killedInFiles, killedInS3 } from "./kill.js";
import { overlapping } from "./overlap.js";
import { faultOnRead, READ_FAULTS } from "./read-faults.js";
import { replaceBetweenMarks, table } from "./table.js";

/** @import { S3Server } from "../../../servers/s3.js" */

const DOCUMENT = path.join(ROOT, "docs/campaigns.md");

/** Beside each other, where a campaign waits more than it works. */
const LANES = 8;

/** @type {string[]} */
const lost = [];

/** @param {string} what @param {unknown} thrown */
function failed(what, thrown) {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  lost.push(`${what}: ${message}`);
  console.error(`stress: FAILED: ${what}: ${message.slice(0, 2000)}`);
}

/** @param {string} text */
const say = (text) => console.error(`stress: ${text}`);

/** @param {number} part @param {number} whole */
const percent = (part, whole) => `${((100 * part) / whole).toFixed(1)} %`;

const CAMPAIGNS = { overlap, kills, healing: heals, reading, fronts, schedules };

/** @param {S3Server} moto */
async function overlap(moto) {
  /** @type {(string | number)[][]} */
  const rows = [];
  const sizes = /** @type {const} */ ([
    [false, 20],
    [true, 2],
  ]);
  for (const [processes, repetitions] of sizes) {
    for (const server of /** @type {const} */ (["honours", "ignores"])) {
      for (const day of /** @type {const} */ (["good", "bad"])) {
        const runs = 50;
        let whole = 0;
        let requests = 0;
        let faults = 0;
        for (let seed = 1; seed <= repetitions; seed++) {
          try {
            const found = await overlapping(moto, { server, day, processes, runs, seed });
            whole += 1;
            requests += found.requests;
            faults += found.faults;
          } catch (thrown) {
            failed(
              `${runs} overlapping runs, server ${server} preconditions, ${day} day, seed ${seed}`,
              thrown,
            );
          }
        }
        const who = processes ? "a process of the command line" : "a provider in one process";
        const share = requests === 0 ? "" : percent(faults, requests);
        const seeds = `1 to ${repetitions}`;
        rows.push([server, day, who, repetitions, repetitions * runs, requests, share, whole, seeds]);
        say(`overlap: ${rows.at(-1)?.join(", ")}`);
      }
    }
  }
  return table(
    [
      "preconditions",
      "day",
      "each run is",
      "repetitions",
      "runs",
      "requests",
      "failed",
      "without a loss",
      "seeds",
    ],
    rows,
  );
}

/** @param {S3Server} moto */
async function kills(moto) {
  const options = { kills: 200, seed: 2026, atATime: 2 };
  const places = /** @type {[string, () => ReturnType<typeof killedInFiles>][]} */ ([
    ["S3, preconditions honoured (moto)", () => killedInS3(moto, options)],
    ["S3, preconditions ignored (moto)", () => killedInS3(moto, { ...options, server: "ignores" })],
    ["a file", () => killedInFiles(options)],
  ]);
  /** @type {(string | number)[][]} */
  const rows = [];
  for (const [where, kill] of places) {
    try {
      const { kills: count, stored, early } = await kill();
      rows.push([where, count, early, stored, 0, options.seed.toString()]);
    } catch (thrown) {
      failed(`runs killed, history in ${where}`, thrown);
      rows.push([where, options.kills, "", "", "some", options.seed.toString()]);
    }
    say(`kills: ${rows.at(-1)?.join(", ")}`);
  }
  return table(
    [
      "the history is in",
      "runs killed",
      "ended before, run again",
      "build stored when killed",
      "unreadable or shorter",
      "seed",
    ],
    rows,
  );
}

/** @param {S3Server} moto */
async function heals(moto) {
  /** @type {(string | number)[][]} */
  const rows = [];
  const runs = 100;
  const least = 95;
  const share = 0.3;
  const seed = 30;
  for (const server of /** @type {const} */ (["honours", "ignores"])) {
    for (const first of [false, true]) {
      const which = first ? "the first of a history" : "a later one";
      try {
        const options = { server, first, runs, share, seed, atATime: LANES };
        const { healed, requests, faults, codes } = await healing(moto, options);
        if (healed < least)
          failed(`healing, ${server}, ${which}`, `${healed} of ${runs}: ${codes.join(", ")}`);
        rows.push([server, which, runs, requests, percent(faults, requests), healed, seed.toString()]);
      } catch (thrown) {
        failed(`healing, server ${server} preconditions, ${which}`, thrown);
      }
      say(`healing: ${rows.at(-1)?.join(", ")}`);
    }
  }
  return table(
    ["preconditions", "each run is", "runs", "requests", "failed", "runs that healed", "seed"],
    rows,
  );
}

/** @param {S3Server} moto */
async function reading(moto) {
  const runs = READ_FAULTS.flatMap((fault) =>
    /** @type {const} */ (["track", "report"]).map((command) => ({ fault, command })),
  );
  /** @type {(string | number)[][]} */
  const rows = [];
  await lanes(runs.length, LANES, async (n) => {
    const { fault, command } = runs[n];
    const { exit, code, identical, told } = await faultOnRead(moto, fault, { command, flags: [] });
    const expected = (command === "report" && fault.report) || fault.code;
    if (exit !== 3 || code !== expected || !identical) {
      failed(`${command} where ${fault.what}`, `exit code ${exit}, ${code}, expected ${expected}: ${told}`);
    }
    rows[n] = [
      fault.what,
      `\`${command}\``,
      exit ?? "none",
      `\`${code}\``,
      identical ? "identical" : "CHANGED",
    ];
  });
  say(`reading: ${rows.length} runs`);
  return table(["every reading meets", "command", "exit code", "error", "the stored object"], rows);
}

/**
 * The same with something between the faults and the server, in smaller numbers.
 *
 * @param {S3Server} moto
 */
async function fronts(moto) {
  /** @type {(string | number)[][]} */
  const rows = [];
  const seed = 7;
  const server = /** @type {const} */ ("honours");
  for (const { name: front } of FRONTS) {
    /** @type {[string, () => Promise<(string | number)[]>][]} */
    const campaigns = [
      ...["good", "bad"].map((day) => {
        /** @type {[string, () => Promise<(string | number)[]>]} */
        const one = [
          `overlapping runs, ${day} day`,
          async () => {
            const options = { server, day, processes: true, runs: 30, seed, front };
            const { requests, faults } = await overlapping(moto, options);
            return [options.runs, requests, percent(faults, requests), "every build is there"];
          },
        ];
        return one;
      }),
      [
        "runs that are killed",
        async () => {
          const { kills: count, stored } = await killedInS3(moto, { kills: 40, seed, front });
          return [count, "", "", `nothing is lost; ${stored} had stored their build`];
        },
      ],
      ...[false, true].map((first) => {
        /** @type {[string, () => Promise<(string | number)[]>]} */
        const one = [
          `three of ten requests fail, ${first ? "first runs" : "later runs"}`,
          async () => {
            const options = { server, first, runs: 20, share: 0.3, seed, atATime: LANES, front };
            const { healed, requests, faults, codes } = await healing(moto, options);
            if (healed < options.runs - 1)
              throw new Error(`${healed} of ${options.runs}: ${codes.join(", ")}`);
            return [options.runs, requests, percent(faults, requests), `${healed} healed`];
          },
        ];
        return one;
      }),
    ];
    if (front === "rewriting") {
      // The other fronts leave readings alone.
      campaigns.push([
        "faults of reading",
        async () => {
          await lanes(READ_FAULTS.length, LANES, async (n) => {
            const { exit, code, identical, told } = await faultOnRead(moto, READ_FAULTS[n], {
              flags: [],
              front,
            });
            if (exit !== 3 || code !== READ_FAULTS[n].code || !identical) {
              throw new Error(`${READ_FAULTS[n].what}: exit code ${exit}, ${code}: ${told}`);
            }
          });
          return [READ_FAULTS.length, "", "", "each ends with its code, the object is identical"];
        },
      ]);
    }
    for (const [what, run] of campaigns) {
      try {
        rows.push([front, what, ...(await run()), seed.toString()]);
      } catch (thrown) {
        failed(`front ${front}, ${what}`, thrown);
        rows.push([front, what, "", "", "", "FAILED", seed.toString()]);
      }
      say(`fronts: ${rows.at(-1)?.join(", ")}`);
    }
  }
  return table(["front", "campaign", "runs", "requests", "failed", "found", "seed"], rows);
}

/** The model's schedules have a test file of their own, with a long form. */
async function schedules() {
  const script = path.join(ROOT, "tests/host/s3/pending-model.test.js");
  const result = spawnSync(process.execPath, ["--test", "--test-reporter=tap", script], {
    encoding: "utf8",
    env: { ...process.env, UNENTROPY_TEST_EFFORT: "stress", NODE_TEST_CONTEXT: undefined },
  });
  if (result.status !== 0) failed("schedules of the model", result.stdout.slice(-4000));
  const found = [...result.stdout.matchAll(/^ {4}((?:not )?ok) \d+ - (.*)$/gm)];
  const rows = found.map(([, ok, what]) => [what, ok === "ok" ? "yes" : "NO"]);
  say(`schedules: ${rows.length} kinds`);
  return table(["in virtual time", "holds"], rows);
}

const asked = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const write = process.argv.includes("--write");
const unknown = asked.find((name) => !(name in CAMPAIGNS));
if (unknown !== undefined) {
  console.error(`stress: no campaign \`${unknown}\`, expected ${Object.keys(CAMPAIGNS).join(", ")}`);
  process.exit(2);
}
const started = Date.now();
const moto = await startMoto();
try {
  for (const [name, campaign] of Object.entries(CAMPAIGNS)) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    const begun = Date.now();
    const text = await campaign(moto);
    const took = `${Math.round((Date.now() - begun) / 1000)} s`;
    console.log(`\n## ${name}, ${took}\n\n${text}\n`);
    if (write) {
      const day = new Date().toISOString().slice(0, 10);
      const machine = `${os.cpus().length} cores, Node ${process.versions.node.split(".")[0]}`;
      replaceBetweenMarks(DOCUMENT, name, `${text}\n\nMeasured on ${day} in ${took}; ${machine}.`);
    }
  }
} finally {
  await stopAll([moto]);
}
const minutes = ((Date.now() - started) / 60_000).toFixed(1);
console.log(lost.length === 0 ? `nothing was lost; ${minutes} minutes` : `FAILED:\n${lost.join("\n")}`);
if (write) say(`wrote ${path.relative(process.cwd(), DOCUMENT)}, ${fs.statSync(DOCUMENT).size} bytes`);
process.exitCode = lost.length === 0 ? 0 : 1;
