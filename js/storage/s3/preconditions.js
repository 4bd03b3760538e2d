/**
 * Whether a server makes writes depend on what it holds: found out by asking the server, with small objects of their
 * own that are removed again. No server is known by name. What was found out is noted elsewhere.
 *
 * A store may limit how quickly one key may be written, so from the first refusal for haste on a key that was written
 * rests before it is written again, each race included. A writer that is refused for haste has not won.
 */

import { Failure } from "../../failure.js";
import { besideHistory, leftBehind } from "./beside.js";
import { BETWEEN_WRITES_MS, isHaste } from "./haste.js";

/** @import { S3Client, PutOptions, PutOutcome } from "../../s3/client.js" */
/** @import { HistoryName } from "./beside.js" */
/** @import { Verdict } from "./verdict.js" */

/** How many writers race to create an object, to replace one, and to complete uploads. Of an atomic server one wins. */
const RACERS = Object.freeze({ create: 3, replace: 2, complete: 3 });
/**
 * How often writers race to replace an object. A narrow gap is not met every time, and two meet it nearly as often as ten
 * do, so many small races find more than few large ones: that of S3Proxy is found by five races of two in 43 probes of 50,
 * and was by four races of six in 35 of 40.
 */
const RACES = 5;
/** How often any other race is run of which too little was learned. */
const ROUNDS = 2;
/** How often a request is sent that no other one races with, where the network fails. */
const TRIES = 3;
/** Bytes that a racer sends: what a server writes to its disk leaves a wider gap than what it keeps at hand. */
const RACER_SIZE = 16 * 1024;
/** An ETag that no object has. */
const NOBODYS = `"${"0".repeat(32)}"`;
/** Sent once, so that a refusal for haste is seen and not waited for. */
const ALONE = Object.freeze({ reached() {}, released: Promise.resolve() });

/**
 * @typedef {object} ProbeOptions
 * @property {(ms: number) => Promise<unknown>} sleep
 * @property {(failure: Failure) => void} warn of what was left behind
 * @property {HistoryName} history that the server is asked for
 */

/** @typedef {{ifMatch?: string, ifNoneMatch?: boolean}} Condition */

/**
 * What the racers of a race met.
 *
 * @typedef {object} Race
 * @property {number} winners
 * @property {number} conflicts
 * @property {number} hasty refused for haste
 * @property {string} etag of a winner; else empty
 * @property {boolean} conclusive whether enough was learned
 */

/**
 * Asks a server what it does with conditions on plain writes: 15 small requests where it obeys and does not limit them,
 * 200 KB.
 *
 * @param {S3Client} client
 * @param {string} key that no one else uses, of the first of two objects
 * @param {ProbeOptions} options
 * @returns {Promise<Verdict>}
 * @throws {Failure} for what trying again cannot help, named as the history's; of any storage code
 */
export async function probePreconditions(client, key, options) {
  const probe = new Probe(client, [key, `${key}-2`], options);
  return /** @type {Promise<Verdict>} */ (
    probe.answer(() => askPlainWrites(probe), ["S3_PRECONDITION_UNSUPPORTED"])
  );
}

/** @param {Probe} probe @returns {Promise<Verdict>} */
async function askPlainWrites(probe) {
  const creating = { ifNoneMatch: true };
  let [key] = probe.keys;
  const created = await probe.race(RACERS.create, async (round) => {
    key = probe.keys[round - 1];
    return { key, ...creating };
  });
  if (created.winners > 1) return probe.forgot(key, creating);
  if (!created.conclusive) return "undecided";
  let etag = created.etag || (await probe.client.head(key))?.etag;
  if (!etag) return "undecided";

  // Shows in which form the server knows an ETag again, so that the racers need not find out.
  const own = etag;
  const replaced = await probe.alone(key, () => probe.put(key, "replaced", { ifMatch: own, hold: ALONE }));
  if (replaced.status === "stored") etag = replaced.etag;
  else {
    const now = await probe.client.head(key);
    if (!now) return "ignored";
    if (now.etag === etag) return "refused";
    // It was this one, and its answer was lost.
    etag = now.etag;
  }
  if (created.conflicts === 0 && (await probe.passes(key, creating))) return "ignored";

  // Where only one of those of one moment is answered, further races show nothing more.
  const races = created.winners + created.conflicts < 2 ? 1 : RACES;
  let [conclusive, conflicts] = [0, 0];
  for (let round = 1; round <= races + 1 && conclusive < races; round++) {
    const race = await probe.raced(key, RACERS.replace, { ifMatch: etag }, `replaced in race ${round}`);
    if (race.winners > 1) return probe.forgot(key, { ifMatch: NOBODYS });
    conflicts += race.conflicts;
    if (race.conclusive) conclusive += 1;
    etag = race.etag || ((await probe.client.head(key))?.etag ?? etag);
  }
  if (conclusive < races / 2) return "undecided";
  return conflicts === 0 && (await probe.passes(key, { ifMatch: NOBODYS })) ? "ignored" : "honoured";
}

/**
 * Asks a server that obeys on plain writes whether it does so when an upload in parts replaces an object; some
 * do not. 13 small requests.
 *
 * @param {S3Client} client
 * @param {string} key of the object, that no one else uses
 * @param {ProbeOptions} options
 * @returns {Promise<"honoured" | "ignored" | "undecided">} `ignored` also where there are no uploads in parts
 * @throws {Failure} as {@link probePreconditions}
 */
export async function probeCompletions(client, key, options) {
  const probe = new Probe(client, [key], options);
  const verdict = await probe.answer(async () => {
    let etag = await probe.store(key, "to be replaced");
    const inParts = { multipart: true, trusting: true };
    const race = await probe.race(RACERS.complete, async (round) => {
      if (round > 1) etag = (await client.head(key))?.etag ?? etag;
      return { key, ifMatch: etag, ...inParts };
    });
    if (race.winners > 1) return "ignored";
    // Where no one got a conflict, asking for one would take an upload more; sent whole, a history is safe.
    return race.conclusive && race.conflicts > 0 ? "honoured" : "undecided";
  }, ["S3_PRECONDITION_UNSUPPORTED", "S3_UNSUPPORTED"]);
  return verdict === "honoured" || verdict === "undecided" ? verdict : "ignored";
}

/** The question cannot be answered now. */
class Undecided extends Error {}

/** The objects of one question, what is known of them, and the requests that are made with them. */
class Probe {
  client;
  keys;
  #options;
  /** Keys of objects that are there or may be. @type {Set<string>} */
  #there = new Set();
  /** Keys that were written since everything rested. @type {Set<string>} */
  #written = new Set();
  /** Whether the server refused anything for haste. */
  #hasty = false;

  /** @param {S3Client} client @param {string[]} keys @param {ProbeOptions} options */
  constructor(client, keys, options) {
    this.client = client;
    this.keys = keys;
    this.#options = options;
  }

  /**
   * Asks, and removes what is there afterwards. What may succeed when tried again is no answer and no failure: the run that goes
   * on meets it again, or does not.
   *
   * @param {() => Promise<Verdict>} ask
   * @param {readonly string[]} refusals codes that mean that requests with conditions cannot succeed
   * @returns {Promise<Verdict>}
   */
  async answer(ask, refusals) {
    try {
      return await ask();
    } catch (thrown) {
      if (thrown instanceof Undecided) return "undecided";
      const failure = Failure.from(thrown);
      if (refusals.includes(failure.code)) return "refused";
      if (failure.type === "storage" && failure.retryable) return "undecided";
      throw besideHistory(failure, this.keys, this.client.bucket, this.#options.history);
    } finally {
      await this.#removeAll();
    }
  }

  /**
   * @param {string} key
   * @param {string} words
   * @param {PutOptions} options
   * @param {number} [size] bytes that are filled with the words; as many as they have unless given
   * @returns {Promise<PutOutcome>}
   */
  async put(key, words, options, size = 0) {
    this.#written.add(key);
    try {
      const body = size > 0 ? Buffer.alloc(size, words) : Buffer.from(words);
      const whole = { multipart: false, contentType: "text/plain" };
      const outcome = await this.client.put(key, body, { ...whole, ...options });
      this.#there.add(key);
      return outcome;
    } catch (thrown) {
      const failure = Failure.from(thrown);
      // Only what was refused, also for haste, has certainly not arrived.
      if ((failure.retryable && !isHaste(failure)) || failure.type === "internal") this.#there.add(key);
      throw thrown;
    }
  }

  /**
   * A request on a key that no one else writes. Where it is refused for haste although the key has rested, the server
   * has too much to do, and what a race shows on it proves nothing.
   *
   * @template T
   * @param {string} key
   * @param {() => Promise<T>} write
   * @returns {Promise<T>}
   */
  async alone(key, write) {
    for (let attempt = 1; ; attempt++) {
      await this.#rest(key);
      const early = this.#written.has(key);
      try {
        return await write();
      } catch (thrown) {
        const haste = isHaste(thrown);
        if (haste) this.#hasty = true;
        if (haste && !early) throw new Undecided();
        if (!Failure.from(thrown).retryable || attempt === TRIES) throw thrown;
        // A key that was refused has to rest too.
        this.#written.add(key);
        if (!haste) await this.#options.sleep(BETWEEN_WRITES_MS);
      }
    }
  }

  /** @param {string} key @param {string} words @returns {Promise<string>} the ETag */
  async store(key, words) {
    const outcome = await this.alone(key, () => this.put(key, words, { hold: ALONE }));
    if (outcome.status !== "stored") throw new Undecided();
    return outcome.etag;
  }

  /**
   * Whether a write goes through whose condition is not met.
   *
   * @param {string} key
   * @param {Condition} condition
   */
  async passes(key, condition) {
    const outcome = await this.alone(key, () =>
      this.put(key, "under a condition that is not met", { ...condition, hold: ALONE }),
    );
    return outcome.status === "stored";
  }

  /**
   * Which of the two kinds a server is that let several writers of one moment through.
   *
   * @param {string} key
   * @param {Condition} condition that is not met
   * @returns {Promise<Verdict>}
   */
  async forgot(key, condition) {
    try {
      return (await this.passes(key, condition)) ? "ignored" : "racy";
    } catch (thrown) {
      if (!(thrown instanceof Undecided) && !Failure.from(thrown).retryable) throw thrown;
      // Certain is that it cannot be trusted.
      return "racy";
    }
  }

  /**
   * A race, run again where too little was learned of it.
   *
   * @param {number} racers
   * @param {(round: number) => Promise<PutOptions & {key: string}>} prepare
   * @returns {Promise<Race>}
   */
  async race(racers, prepare) {
    for (let round = 1; ; round++) {
      const { key, ...options } = await prepare(round);
      const race = await this.raced(key, racers, options, `race ${round}`);
      if (race.conclusive || race.winners > 1 || round === ROUNDS) return race;
    }
  }

  /**
   * How many of several writers under the same condition succeed whose requests end at the same moment: each holds its
   * last byte back until all have sent the rest. None is sent again, since no other one would race with it.
   *
   * @param {string} key
   * @param {number} racers
   * @param {PutOptions} options
   * @param {string} words of no other race: the same bytes would be the same version again
   * @returns {Promise<Race>}
   */
  async raced(key, racers, options, words) {
    await this.#rest(key);
    /** @type {Set<number>} */
    const toCome = new Set(Array.from({ length: racers }, (_, racer) => racer));
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
    const size = options.multipart ? 0 : RACER_SIZE;
    const outcomes = Promise.allSettled(
      Array.from({ length: racers }, (_, racer) =>
        this.put(
          key,
          `${words} by ${racer} `,
          { ...options, hold: { reached: () => there(racer), released } },
          size,
        )
          // No one waits for one that is refused before its last byte, or fails.
          .finally(() => there(racer)),
      ),
    );
    await allThere;
    signals.go();
    const race = { winners: 0, conflicts: 0, hasty: 0, etag: "", conclusive: false };
    for (const outcome of await outcomes) {
      if (outcome.status === "rejected") {
        if (isHaste(outcome.reason)) race.hasty += 1;
        else if (!Failure.from(outcome.reason).retryable) throw outcome.reason;
      } else if (outcome.value.status === "conflict") race.conflicts += 1;
      else {
        race.winners += 1;
        race.etag = outcome.value.etag;
      }
    }
    if (race.hasty > 0) this.#hasty = true;
    const { winners, conflicts, hasty } = race;
    // One may have won and its answer have been lost: those that got a conflict have still met.
    const met = winners + conflicts >= 2 || (winners === 1 && hasty > 0);
    race.conclusive = met && winners + conflicts + hasty >= racers / 2;
    return race;
  }

  /** @param {string} key */
  async #rest(key) {
    if (!this.#hasty || !this.#written.has(key)) return;
    await this.#options.sleep(BETWEEN_WRITES_MS);
    this.#written.clear();
  }

  async #removeAll() {
    /** @type {unknown} */
    let trouble;
    for (const key of [...this.#there]) {
      await this.alone(key, () => this.client.delete(key)).then(
        () => this.#there.delete(key),
        (thrown) => {
          trouble = thrown instanceof Undecided ? new Failure("the server asks for fewer requests") : thrown;
        },
      );
    }
    const { warn, history } = this.#options;
    if (this.#there.size > 0) warn(leftBehind([...this.#there], trouble, this.client.bucket, history));
  }
}
