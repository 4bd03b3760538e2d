/**
 * Examines an S3 store from its parameters to its rights, each step with a verdict and a remedy. Writes nothing but
 * small objects of its own beside the history, which it removes again.
 */

import { setTimeout as sleepFor } from "node:timers/promises";
import { Failure } from "../../failure.js";
import { asTooLarge } from "../../http/limits.js";
import { collectPieces, release } from "../../http/memory.js";
import { plural } from "../../shown.js";
import { AS_INPUTS } from "../../spelling.js";
import { goneFailure } from "../copies.js";
import { besideHistory, keyBeside } from "./beside.js";
import { S3Copies } from "./copies.js";
import { patiently } from "./haste.js";
import { damageOf } from "./integrity.js";
import { pendingPrefix } from "./pending.js";
import { probePreconditions } from "./preconditions.js";
import { openClient } from "./s3.js";

/** @import { Spelling } from "../../spelling.js" */
/** @import { Engine, StorageProviderConfig } from "../contract.js" */
/** @import { S3Client } from "../../s3/client.js" */
/** @import { Surroundings } from "../../s3/client.js" */

/**
 * @typedef {object} Finding
 * @property {string} check one of {@link CHECKS}
 * @property {"ok" | "warning" | "failed" | "skipped"} status
 * @property {string} message
 * @property {string} hint the remedy, or empty
 * @property {string} [code] of a failure
 */

/** The message of checks that were not made. */
export const NOT_REACHED = "an earlier check failed";

/** What is examined, in this order. */
export const CHECKS = Object.freeze([
  "parameters",
  "credentials",
  "reachability",
  "clock",
  "region",
  "bucket",
  "list",
  "read",
  "history",
  "write",
  "preconditions",
  "delete",
  "versioning",
]);

/** The check that a failure of any request belongs to. What is not here is the request's own. */
const ELSEWHERE = new Map([
  ["S3_AUTH_FAILED", "credentials"],
  ["S3_AUTH_EXPIRED", "credentials"],
  ["S3_UNREACHABLE", "reachability"],
  ["S3_TIMEOUT", "reachability"],
  ["S3_REDIRECTED", "reachability"],
  ["S3_UNEXPECTED", "reachability"],
  ["S3_SERVER_ERROR", "reachability"],
  ["S3_THROTTLED", "reachability"],
  ["S3_TRUNCATED", "reachability"],
  ["S3_CLOCK_SKEWED", "clock"],
  ["S3_REGION_WRONG", "region"],
  ["S3_BUCKET_MISSING", "bucket"],
]);
/** The other reading of a refused write. */
const demanded = (/** @type {Spelling} */ spelling) =>
  ` Where the bucket's policy demands encryption, set \`${spelling.name("s3-sse")}\` to what it names.`;

/** What a check needs that was denied. @type {Readonly<Record<string, string>>} */
const RIGHTS = Object.freeze({
  list: "`s3:ListBucket` on the bucket",
  write: "`s3:PutObject` on every key that begins with the history's",
  delete: "`s3:DeleteObject` on every key that begins with the history's",
});
/** Milliseconds that a clock may be wrong before it is worth a word. */
const CLOCK_NOTICED = 60_000;
const CREDENTIALS = new Set(["s3-access-key-id", "s3-secret-access-key", "s3-session-token"]);

/**
 * Runs every check of `unentropy doctor` for S3, each only where those before it allow it.
 *
 * @param {StorageProviderConfig} config
 * @param {object} surroundings
 * @param {NodeJS.ProcessEnv} surroundings.env
 * @param {Engine} surroundings.engine
 * @param {Surroundings & {now: () => number, random: () => number}} surroundings.client
 * @returns {Promise<{findings: Finding[], location: string | null}>} one finding for each check
 */
export async function examineS3(config, { env, engine, client: surroundings }) {
  const { spelling = AS_INPUTS } = config;
  const report = new Report(spelling);
  let opened;
  try {
    opened = openClient(config, env, surroundings);
  } catch (thrown) {
    report.parameters(Failure.from(thrown));
    return { findings: report.findings(), location: null };
  }
  const { client, key } = opened;
  report.add("parameters", "ok", `bucket \`${client.bucket}\` at \`${client.host}\`, key \`${key}\``);
  await report.attempt(() => examineBucket(client, config.s3Region, surroundings.now(), report, spelling));
  if (!report.blocked) {
    const { now, random, sleep = sleepFor } = surroundings;
    const probe = keyBeside(key, { now, random });
    await examineRights({ client, key, probe, engine, sleep, random, spelling, report });
  }
  client.close();
  return { findings: report.findings(), location: `s3://${client.bucket}/${key}` };
}

/**
 * @param {S3Client} client
 * @param {string | undefined} named the region that was given
 * @param {number} now
 * @param {Report} report
 * @param {Spelling} spelling
 */
async function examineBucket(client, named, now, report, spelling) {
  /** @type {number | null} */
  let serverTime = null;
  try {
    ({ serverTime } = await client.headBucket());
    report.add("bucket", "ok", `\`${client.bucket}\` is there`);
  } catch (thrown) {
    const failure = Failure.from(thrown);
    if (failure.code !== "S3_ACCESS_DENIED") throw failure;
    report.add(
      "bucket",
      "warning",
      "the credentials may not ask whether the bucket is there",
      "Grant `s3:ListBucket` on the bucket; without it a missing history looks like one that may not be read.",
    );
  }
  report.add("reachability", "ok", `\`${client.host}\` answers`);
  report.add("credentials", "ok", "the server accepts the signature");
  if (named && named !== client.region) {
    report.add(
      "region",
      "warning",
      `\`${spelling.name("s3-region")}\` is \`${named}\`, the bucket is in \`${client.region}\``,
      `Set \`${spelling.name("s3-region")}\` to \`${client.region}\`; each run asks twice until then.`,
    );
  } else report.add("region", "ok", `\`${client.region}\``);
  if (serverTime === null) report.add("clock", "skipped", "the server does not send its time");
  else {
    const apart = Math.round(Math.abs(serverTime - now) / 1000);
    if (apart * 1000 > CLOCK_NOTICED) {
      report.add(
        "clock",
        "warning",
        `this machine's clock and the server's are ${apart < 120 ? `${apart} s` : `${Math.round(apart / 60)} minutes`} apart`,
        "Set the clock of this machine, for example by NTP; servers refuse signatures that are off by 15 minutes.",
      );
    } else report.add("clock", "ok", `${apart} s from the server's`);
  }
}

/**
 * @param {object} examined
 * @param {S3Client} examined.client
 * @param {string} examined.key
 * @param {string} examined.probe the key of an object to try
 * @param {Engine} examined.engine
 * @param {(ms: number) => Promise<unknown>} examined.sleep
 * @param {() => number} examined.random
 * @param {Spelling} examined.spelling
 * @param {Report} examined.report
 */
async function examineRights({ client, key, probe, engine, sleep, random, spelling, report }) {
  const history = { key, location: `s3://${client.bucket}/${key}` };
  /** A write of the object that is tried. @template T @param {() => Promise<T>} write @returns {Promise<T>} */
  const tried = (write) =>
    patiently(write, { sleep, random }).catch((thrown) => {
      throw besideHistory(thrown, [probe], client.bucket, history);
    });
  const listed = await report.attempt(async () => {
    const { objects } = await client.list(pendingPrefix(key));
    const waiting = objects.length === 0 ? "" : `; ${objects.length} pending objects of builds`;
    report.add("list", "ok", `the credentials may list the bucket${waiting}`);
  }, "list");
  if (report.blocked) return;

  await report.attempt(
    async () => {
      const object = await client.get(key).catch((thrown) => {
        throw asTooLarge(thrown, `could not read \`s3://${client.bucket}/${key}\``);
      });
      report.add(
        "read",
        "ok",
        object ? `${object.bytes.length} bytes` : "the server says that there is no history yet",
      );
      if (!object) {
        const copies = new S3Copies({ client, ...history, now: () => 0, warn: () => {} });
        const { found } = await copies.signs();
        if (found.length > 0) throw goneFailure(history.location, found, spelling);
        return report.add("history", "skipped", "there is none yet");
      }
      const damage = damageOf(history.location, object);
      if (damage)
        throw new Failure(damage.message, { type: "storage", code: damage.code, hint: damaged(spelling) });
      collectPieces(object.bytes.length);
      const opened = engine.openHistory(object.bytes);
      release(object.bytes);
      try {
        report.add("history", "ok", `${plural(opened.buildCount(), "build")}, every check passed`);
      } finally {
        opened.free();
      }
    },
    report.has("read") ? "history" : "read",
  );
  if (report.blocked) return;

  let versionId = /** @type {string | null} */ (null);
  const written = await report.attempt(async () => {
    const outcome = await tried(() =>
      client.put(probe, Buffer.from("written to see whether it can be"), { contentType: "text/plain" }),
    );
    if (outcome.status === "stored") versionId = outcome.versionId;
    report.add("write", "ok", "the credentials may write beside the history");
  }, "write");
  if (!written) return;

  await report.attempt(async () => {
    await tried(() => client.delete(probe)).catch((thrown) => {
      const { message, ...parts } = Failure.from(thrown);
      if (parts.type === "internal") throw thrown;
      throw new Failure(`${message}; what begins with \`${key}.probe-\` is left behind`, parts);
    });
    report.add("delete", "ok", "the credentials may delete beside the history");
  }, "delete");
  await report.attempt(async () => {
    const verdict = await probePreconditions(client, `${probe}-p`, {
      sleep,
      warn: (failure) => report.left(failure),
      history,
    });
    if (verdict === "honoured") {
      report.add("preconditions", "ok", "the server replaces an object only where it is unchanged");
      return;
    }
    if (verdict === "undecided") {
      report.add(
        "preconditions",
        "warning",
        "the server did not answer enough requests to show what it does with `If-Match` and `If-None-Match`",
        "Run it again later. Until the server answers, builds wait as objects of their own, and none is lost.",
      );
      return;
    }
    const does = {
      racy: "lets several writers of one moment through",
      ignored: "ignores `If-Match` or `If-None-Match`",
      refused: "refuses `If-Match` and `If-None-Match`",
    }[verdict];
    report.add(
      "preconditions",
      listed ? "ok" : "failed",
      `the server ${does}, so builds wait as objects of their own until the history surely holds them`,
      listed
        ? ""
        : "Grant `s3:ListBucket` on the bucket: without listing, builds of overlapping runs would be lost here.",
    );
  }, "preconditions");

  if (versionId !== null && versionId !== "null")
    report.add("versioning", "ok", "the bucket keeps older versions");
  else {
    report.add(
      "versioning",
      "ok",
      `the bucket keeps no older versions; \`${key}.bak\` is the one copy that damage could be repaired from`,
    );
  }
}

const damaged = (/** @type {Spelling} */ spelling) =>
  `Set \`${spelling.name("on-corrupt")}\` to \`restore\` for one run, and find out what damaged it: another program that writes this key, or the store itself.`;

/** Findings as they come in. */
class Report {
  /** @type {Map<string, Finding>} */
  #findings = new Map();
  #spelling;
  /** Whether something is wrong with every request. */
  blocked = false;

  /** @param {Spelling} spelling */
  constructor(spelling) {
    this.#spelling = spelling;
  }

  /** @param {string} check */
  has(check) {
    return this.#findings.has(check);
  }

  /**
   * @param {string} check
   * @param {Finding["status"]} status
   * @param {string} message
   * @param {string} [hint]
   * @param {string} [code]
   */
  add(check, status, message, hint = "", code) {
    this.#findings.set(check, { check, status, message, hint, ...(code ? { code } : {}) });
  }

  /**
   * Does a step; what it throws becomes the finding of the check that it belongs to.
   *
   * @param {() => Promise<unknown>} step
   * @param {string} [check] for failures of the step's own
   * @returns {Promise<boolean>} whether it succeeded
   */
  async attempt(step, check = "bucket") {
    try {
      await step();
      return true;
    } catch (thrown) {
      const failure = Failure.from(thrown);
      if (failure.type === "internal") throw failure;
      const place = ELSEWHERE.get(failure.code);
      if (place) this.blocked = true;
      // A history that can be fetched and not opened does not mean that the right to read is missing.
      const own = check === "read" && this.has("read") ? "history" : check;
      const right = failure.code === "S3_ACCESS_DENIED" ? RIGHTS[own] : undefined;
      const hint = right
        ? `Grant ${right}; where keys have levels instead, take one that may read and write.${own === "write" ? demanded(this.#spelling) : ""}`
        : failure.hint;
      // What does not speak S3 has said nothing about credentials and buckets, whatever its status was.
      if (failure.code === "S3_UNEXPECTED") {
        for (const doubted of ["credentials", "region", "bucket"]) this.#findings.delete(doubted);
      }
      this.add(place ?? own, "failed", failure.message, hint, failure.code);
      return false;
    }
  }

  /** @param {Failure} failure */
  parameters(failure) {
    const problems = failure.diagnostics ?? [];
    for (const [check, belongs] of /** @type {const} */ ([
      ["parameters", false],
      ["credentials", true],
    ])) {
      const own = problems.filter(({ parameter }) => CREDENTIALS.has(parameter) === belongs);
      if (own.length === 0) continue;
      const text = (/** @type {"message" | "hint"} */ part) =>
        [...new Set(own.map((problem) => problem[part]).filter(Boolean))].join(part === "hint" ? " " : "; ");
      this.add(check, "failed", text("message"), text("hint"), failure.code);
    }
    if (problems.length === 0) this.add("parameters", "failed", failure.message, failure.hint, failure.code);
    else if (!this.has("parameters")) this.add("parameters", "ok", "complete but for the credentials");
    this.blocked = true;
  }

  /** @param {Failure} failure what could not be removed, and why */
  left({ message, hint }) {
    if (this.#findings.get("delete")?.status === "failed") return;
    this.add("delete", "warning", message, hint);
  }

  findings() {
    return CHECKS.map(
      (check) =>
        this.#findings.get(check) ??
        /** @type {Finding} */ ({ check, status: "skipped", message: NOT_REACHED, hint: "" }),
    );
  }
}
