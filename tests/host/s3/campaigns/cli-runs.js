/**
 * Whole runs of the shipped command line against a history in S3 or in a file, started and awaited. What they are
 * put through and what is expected of them is the campaigns' business.
 */

import { Project } from "../../support/project.js";

/** @import { Outcome } from "../../support/project.js" */
/** @import { Place } from "../place.js" */

const CONFIG = { metrics: { answer: { type: "numeric", unit: "integer", command: "echo 42" } } };

/** A folder to run in, for as long as a campaign lasts. */
export class Workplace {
  /** @type {(() => void)[]} */
  #undo = [];

  constructor() {
    const t = { after: (/** @type {() => void} */ undo) => this.#undo.push(undo) };
    this.project = new Project(
      /** @type {import("node:test").TestContext} */ (/** @type {unknown} */ (t)),
      { "unentropy.json": JSON.stringify(CONFIG) },
      { git: false },
    );
  }

  remove() {
    for (const undo of this.#undo.splice(0)) undo();
  }

  /**
   * Starts a run; unless another command is named, one that records a build.
   *
   * @param {Place | string} where a place in S3, or a file
   * @param {string} runId
   * @param {string[]} [more] flags
   * @param {"track" | "report"} [command]
   * @param {boolean} [json] whether it prints a document
   */
  start(where, runId, more = [], command = "track", json = true) {
    const commit = Buffer.from(runId).toString("hex").padEnd(40, "0").slice(-40);
    const facts = ["--commit", commit, "--branch", "main", "--run-id", runId, "--run-number", "1"];
    const { flags, env } = placeOf(where);
    const args = [command, ...(json ? ["--json"] : []), "-o", `report-${runId}`, ...flags, ...more];
    if (command === "track") args.push("--event", "push", ...facts);
    return this.project.start(args, { env });
  }

  /**
   * @param {Parameters<Workplace["start"]>} run
   * @returns {Promise<Outcome>}
   */
  run(...run) {
    return this.start(...run).ended;
  }

  /** @param {Place | string} where @param {string} runId @returns {Promise<Outcome>} */
  runForPeople(where, runId) {
    return this.start(where, runId, [], "track", false).ended;
  }
}

/**
 * The flags and the environment that name a place.
 *
 * @param {Place | string} where
 * @returns {{flags: string[], env: NodeJS.ProcessEnv}}
 */
export function placeOf(where) {
  if (typeof where === "string") return { flags: ["--storage", "sqlite-local", "--db", where], env: {} };
  const { s3Endpoint, s3Bucket, s3Key, s3Region } = where.config;
  const { accessKeyId, secretAccessKey, sessionToken } = where.server.credentials;
  const values = { endpoint: s3Endpoint, bucket: s3Bucket, key: s3Key, region: s3Region };
  return {
    flags: [
      ...["--storage", "sqlite-s3"],
      ...Object.entries(values).flatMap(([name, value]) => [`--s3-${name}`, String(value)]),
    ],
    env: {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      ...(sessionToken ? { AWS_SESSION_TOKEN: sessionToken } : {}),
    },
  };
}

/**
 * Does something for each number below `count`, so many at a time, each begun as another ends.
 *
 * @param {number} count
 * @param {number} atATime
 * @param {(n: number, lane: number) => Promise<void>} work
 */
export async function lanes(count, atATime, work) {
  let next = 0;
  const lane = async (/** @type {unknown} */ _, /** @type {number} */ index) => {
    while (next < count) await work(next++, index);
  };
  await Promise.all(Array.from({ length: atATime }, lane));
}
