/**
 * Somebody deletes the stored history: what the next runs of the shipped command line say, what becomes of the copies,
 * and what the two remedies do. On one kind of bucket of one real server; what is expected is the suites' business.
 */

import { createHash } from "node:crypto";
import { Workplace } from "./campaigns/cli-runs.js";
import { Place } from "./place.js";

/** @import { Outcome } from "../support/project.js" */
/** @import { S3Server } from "../../servers/s3.js" */

/** How many builds there are before somebody deletes them. */
export const BUILDS = 5;

/**
 * @typedef {object} Kind of a bucket
 * @property {string} name
 * @property {string} bucket
 * @property {boolean} versioned
 * @property {boolean} lists whether the runs may list it
 *
 * @typedef {object} Run
 * @property {number | null} exit
 * @property {Record<string, any>} document that it printed
 * @property {string} code of the error, empty where there is none
 * @property {string} message
 * @property {string} hint
 * @property {string} stderr
 * @property {string} told all of it, for whoever has to find out
 *
 * @typedef {object} Deletion
 * @property {Run} plain the first run in a location of its own, which prints for people
 * @property {Run} first
 * @property {boolean} creatable whether the store creates an object where one was deleted
 * @property {Run[]} next runs after the deletion that nobody prepared
 * @property {string[]} copies the names of what stood beside the history when it was deleted
 * @property {string[]} touched those of them that the next runs changed or removed
 * @property {Run} restore
 * @property {string[]} restored the runs that the history knows then
 * @property {Run} begin after another deletion
 * @property {string[]} begun the runs that the history knows then
 * @property {string[]} lost the names of copies whose bytes are nowhere any more
 */

/** @param {S3Server} server @returns {Kind[]} those that it can be asked about */
export function kindsOf({ versioned, guest }) {
  const buckets = [
    { bucket: "bucket", versioned: false },
    ...(versioned ? [{ bucket: versioned, versioned: true }] : []),
  ];
  return buckets.flatMap((each) =>
    [true, ...(guest ? [false] : [])].map((lists) => ({
      ...each,
      lists,
      name: `${each.versioned ? "keeps versions" : "no versions"}, ${lists ? "may list" : "may not list"}`,
    })),
  );
}

/**
 * The whole story, once.
 *
 * @param {S3Server} server
 * @param {Kind} kind
 * @returns {Promise<Deletion>}
 */
export async function deletion(server, { bucket, lists }) {
  const credentials = lists ? server.credentials : server.guest;
  if (!credentials) throw new Error(`${server.name} has no guest`);
  const place = new Place({ ...server, credentials }, { direct: server, bucket });
  const other = new Place({ ...server, credentials }, { direct: server, bucket });
  const workplace = new Workplace();
  /** @param {string} runId @param {string[]} [flags] */
  const run = async (runId, flags = []) => seen(await workplace.run(place, runId, flags), place.key);
  try {
    const creatable = await createsAgain(other);
    const plain = seen(await workplace.runForPeople(other, "plain"), other.key);
    const first = await run("run-1");
    for (let n = 2; n <= BUILDS; n++) {
      const { exit, told } = await run(`run-${n}`);
      if (exit !== 0) throw new Error(`run ${n} of ${BUILDS}: ${told}`);
    }
    const copies = await besides(place);
    await place.client.delete(place.key);
    const next = [await run("next-1"), await run("next-2")];
    const untouched = await besides(place);
    const touched = [...copies].filter(([name, bytes]) => untouched.get(name) !== bytes);

    const restore = await run("restored", ["--on-missing", "restore"]);
    const restored = restore.exit === 0 ? await place.runs() : [];

    const again = await besides(place);
    await place.client.delete(place.key);
    const begin = await run("begun", ["--on-missing", "begin"]);
    const begun = begin.exit === 0 ? await place.runs() : [];
    const kept = new Set((await besides(place)).values());
    // Builds on their way are no copies: they go when the history holds them.
    const lost = [...again].filter(([name, bytes]) => !name.startsWith(".pending/") && !kept.has(bytes));
    return {
      plain,
      first,
      creatable,
      next,
      copies: [...copies.keys()],
      touched: touched.map(([name]) => name),
      restore,
      restored,
      begin,
      begun,
      lost: lost.map(([name]) => name),
    };
  } finally {
    workplace.remove();
    for (const each of [place, other]) each.remove();
  }
}

/**
 * Whether `If-None-Match: *` lets an object be created whose key has only a delete marker. Some servers compare it with
 * the version below.
 *
 * @param {Place} place
 */
async function createsAgain({ client, key }) {
  // No name that begins with the history's, which would be a sign that there was one.
  const gone = `creatable/${key}`;
  await client.put(gone, Buffer.from("deleted"));
  await client.delete(gone);
  const outcome = await client.put(gone, Buffer.from("again"), { ifNoneMatch: true });
  if (outcome.status === "stored") await client.delete(gone);
  return outcome.status === "stored";
}

/**
 * What stands beside the history: names and digests of their bytes.
 *
 * @param {Place} place
 * @returns {Promise<Map<string, string>>}
 */
async function besides(place) {
  /** @type {Map<string, string>} */
  const found = new Map();
  for (const name of await place.names()) {
    if (name === "") continue;
    const object = await place.client.get(place.key + name);
    found.set(
      name,
      createHash("sha256")
        .update(object?.bytes ?? "")
        .digest("hex"),
    );
  }
  return found;
}

/**
 * @param {Outcome} outcome
 * @param {string} key that of the history, which is another one each time
 * @returns {Run}
 */
function seen({ code: exit, ...printed }, key) {
  const [stdout, stderr] = [printed.stdout, printed.stderr].map((text) => text.replaceAll(key, "history.db"));
  /** @type {Record<string, any>} */
  let document = {};
  try {
    document = JSON.parse(stdout);
  } catch {
    // Then it printed none, which shows.
  }
  const { code = "", message = "", hint = "" } = document.error ?? {};
  return { exit, document, code, message, hint, stderr, told: `exit code ${exit}\n${stdout}\n${stderr}` };
}
