/**
 * Whether a server makes writes depend on what it holds: found out by asking the server, and noted in the history's
 * metadata so that not every run has to ask. No server is known by name.
 */

import { createHash } from "node:crypto";
import { Failure } from "../failure.js";

/** @import { S3Client } from "../s3/client.js" */

/**
 * What a server does with `If-Match` and `If-None-Match: *`:
 * - `honoured`: it obeys both, and of writers at the same moment one succeeds;
 * - `racy`: it obeys both, but lets several writers of the same moment through;
 * - `ignored`: it answers as if at least one of them were not there;
 * - `refused`: requests with them cannot succeed.
 *
 * @typedef {"honoured" | "racy" | "ignored" | "refused"} Verdict
 */

/** @type {readonly string[]} */
const VERDICTS = ["honoured", "racy", "ignored", "refused"];
/** The metadata key of the verdict. */
export const PRECONDITIONS = "unentropy-preconditions";
/** Days after which a server that obeyed is asked again: another one may have taken its place. */
const VALID_DAYS = 7;
/** How many writers race in the probe. Of an atomic server exactly one wins, however many there are. */
const RACERS = 6;
/** How often they race to replace an object and to create one: a narrow gap is not met every time. */
const RACES = Object.freeze({ replace: 4, create: 2 });
/** Bytes that each of them sends: what a server writes to its disk leaves a wider gap than what it keeps at hand. */
const RACER_SIZE = 16 * 1024;
/** An ETag that no object has. */
const NOBODYS = `"${"0".repeat(32)}"`;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * A verdict as metadata. It holds for one place only: an object copied elsewhere takes its metadata along.
 *
 * @param {Verdict} verdict
 * @param {string} place
 * @param {number} askedMs when the server was asked
 */
export function encodeVerdict(verdict, place, askedMs) {
  return `${verdict} ${placeMark(place)} ${new Date(askedMs).toISOString().slice(0, 10)}`;
}

/**
 * The verdict that metadata holds, where it is for this place and still counts. That a server does not obey stays
 * true: a run that trusts preconditions beside one that writes without them would lose builds.
 *
 * @param {string | undefined} text
 * @param {string} place
 * @param {number} nowMs
 * @returns {{verdict: Verdict, askedMs: number} | undefined}
 */
export function decodeVerdict(text, place, nowMs) {
  const [verdict, mark, day] = (text ?? "").split(" ");
  if (!VERDICTS.includes(verdict) || mark !== placeMark(place)) return undefined;
  const askedMs = Date.parse(day ?? "");
  if (Number.isNaN(askedMs)) return undefined;
  const old = nowMs - askedMs > VALID_DAYS * DAY_MS;
  return verdict === "honoured" && old ? undefined : { verdict: /** @type {Verdict} */ (verdict), askedMs };
}

/** @param {string} place */
function placeMark(place) {
  return createHash("sha256").update(place).digest("hex").slice(0, 16);
}

/**
 * Asks the server, with an object of its own that is removed again: about fifty small requests, half a megabyte.
 *
 * @param {S3Client} client
 * @param {string} key of the probe, which nobody else uses
 * @param {(failure: Failure) => void} warn
 * @returns {Promise<Verdict>}
 * @throws {Failure} when the server cannot be asked, of any storage code
 */
export async function probePreconditions(client, key, warn) {
  let left = false;
  /**
   * @param {string} body
   * @param {Condition} condition
   */
  const put = async (body, condition) => {
    left = true;
    return client.put(key, Buffer.from(body), { ...condition, contentType: "text/plain" });
  };
  /** @type {unknown[]} */
  const trouble = [];
  let met = 0;
  try {
    await put("created", { ifNoneMatch: true });
    if ((await put("created again", { ifNoneMatch: true })).status === "stored") return "ignored";
    if ((await put("replaced another", { ifMatch: NOBODYS })).status === "stored") return "ignored";
    for (let race = 1; race <= RACES.replace; race++) {
      const before = await client.head(key);
      if (!before) return "ignored";
      const { winners, answered } = await raced(
        client,
        key,
        { ifMatch: before.etag },
        `replaced ${race}`,
        trouble,
      );
      if (answered > 1) met += 1;
      if (winners > 1) return "racy";
      if (winners === 1) continue;
      // One may have won and its answer have been lost, or all have been told to try again.
      const after = await client.head(key);
      if (!after || after.etag !== before.etag) continue;
      if ((await put("replaced", { ifMatch: after.etag })).status !== "stored") return "refused";
    }
    for (let race = 1; race <= RACES.create; race++) {
      // Whoever may not delete cannot be told more; what is left behind is said below.
      if (!(await deleted(client, key))) break;
      const { winners } = await raced(client, key, { ifNoneMatch: true }, `created ${race}`, trouble);
      if (winners > 1) return "racy";
    }
    // Writers that did not meet show nothing.
    if (met < RACES.replace / 2) throw trouble[0];
    return "honoured";
  } catch (thrown) {
    if (Failure.from(thrown).code === "S3_PRECONDITION_UNSUPPORTED") return "refused";
    throw thrown;
  } finally {
    if (left) await removed(client, key, warn);
  }
}

/** @param {S3Client} client @param {string} key @returns {Promise<boolean>} false without the right to */
async function deleted(client, key) {
  try {
    await client.delete(key);
    return true;
  } catch (thrown) {
    if (Failure.from(thrown).code !== "S3_ACCESS_DENIED") throw thrown;
    return false;
  }
}

/** @typedef {{ifMatch?: string, ifNoneMatch?: boolean}} Condition */

/**
 * How many of several writers under the same condition succeed whose requests end at the same moment: each holds its
 * last byte back until all have sent the rest and the server has had time to look at them.
 *
 * @param {S3Client} client
 * @param {string} key
 * @param {Condition} condition
 * @param {string} words of no other race: the same bytes would be the same version again
 * @param {unknown[]} trouble takes what kept writers from an answer; they are not sent again, since they would meet nobody
 * @returns {Promise<{winners: number, answered: number}>}
 */
async function raced(client, key, condition, words, trouble) {
  /** @type {Set<number>} */
  const toCome = new Set(Array.from({ length: RACERS }, (_, racer) => racer));
  /** @type {{all: () => void, go: () => void}} */
  const signals = { all: () => {}, go: () => {} };
  const allThere = new Promise((resolve) => {
    signals.all = () => resolve(undefined);
  });
  const released = new Promise((resolve) => {
    signals.go = () => resolve(undefined);
  });
  /** @param {number} racer */
  const there = (racer) => {
    toCome.delete(racer);
    if (toCome.size === 0) signals.all();
  };
  const outcomes = Promise.allSettled(
    Array.from({ length: RACERS }, (_, racer) =>
      client
        .put(key, Buffer.alloc(RACER_SIZE, `${words} by ${racer} `), {
          ...condition,
          contentType: "text/plain",
          hold: { reached: () => there(racer), released },
        })
        // Nobody waits for one that is refused before its last byte, or fails.
        .finally(() => there(racer)),
    ),
  );
  await allThere;
  // The time of an exchange. Of another key: servers lock what is being written.
  await client.head(`${key}-none`).catch(() => {});
  signals.go();
  const race = { winners: 0, answered: 0 };
  for (const outcome of await outcomes) {
    if (outcome.status === "fulfilled") {
      race.answered += 1;
      if (outcome.value.status === "stored") race.winners += 1;
    } else if (!Failure.from(outcome.reason).retryable) {
      throw outcome.reason;
    } else {
      trouble.push(outcome.reason);
    }
  }
  return race;
}

/**
 * Asks a server that honours preconditions whether it does so when an upload in parts is completed too; some do for
 * plain writes only. With an object of its own that is removed again: about twenty small requests.
 *
 * @param {S3Client} client
 * @param {string} key of the probe, which nobody else uses
 * @param {(failure: Failure) => void} warn
 * @returns {Promise<boolean>} false also where there are no uploads in parts
 * @throws {Failure} when the server cannot be asked, of any storage code
 */
export async function probeCompletions(client, key, warn) {
  /** @param {string} body @param {{ifMatch?: string, ifNoneMatch?: boolean}} condition */
  const put = async (body, condition) =>
    client.put(key, Buffer.from(body), { ...condition, multipart: true, trusting: true });
  try {
    await client.put(key, Buffer.from("created"), { contentType: "text/plain" });
    if ((await put("created again", { ifNoneMatch: true })).status === "stored") return false;
    if ((await put("replaced another", { ifMatch: NOBODYS })).status === "stored") return false;
    const before = await client.head(key);
    if (!before) return false;
    const outcomes = await Promise.all(
      Array.from({ length: RACERS }, (_, racer) => put(`replaced by ${racer}`, { ifMatch: before.etag })),
    );
    return outcomes.filter(({ status }) => status === "stored").length === 1;
  } catch (thrown) {
    if (["S3_PRECONDITION_UNSUPPORTED", "S3_UNSUPPORTED"].includes(Failure.from(thrown).code)) return false;
    throw thrown;
  } finally {
    await removed(client, key, warn);
  }
}

/**
 * @param {S3Client} client
 * @param {string} key
 * @param {(failure: Failure) => void} warn
 */
async function removed(client, key, warn) {
  try {
    await client.delete(key);
  } catch (thrown) {
    const { message, code } = Failure.from(thrown);
    warn(
      new Failure(`the small object \`${key}\` was left behind: ${message}`, {
        type: "storage",
        code: "S3_PROBE_LEFT",
        hint:
          code === "S3_ACCESS_DENIED"
            ? "Grant `s3:DeleteObject` for the history's key and everything that begins with it, and delete that object."
            : "Delete it; it holds nothing.",
      }),
    );
  }
}
