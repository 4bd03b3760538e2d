/**
 * What a run of the shipped command line makes of each fault that its reading meets, when trying again does not
 * help: the exit code, the error's code, and whether the stored object is still the same, byte for byte.
 */

import { startFaultProxy } from "../../../servers/fault-proxy.js";
import { frontOf } from "../../../servers/fronts.js";
import { record } from "../../conformance/builds.js";
import { Place, stopAll } from "../place.js";
import { Workplace } from "./cli-runs.js";

/** @import { Character, Fault } from "../../../servers/fault-proxy.js" */
/** @import { FrontName } from "../../../servers/fronts.js" */
/** @import { S3Server } from "../../../servers/s3.js" */

/**
 * @typedef {object} Case
 * @property {string} what
 * @property {string} code
 * @property {Fault} [fault] of every reading of the history
 * @property {Character} [character]
 * @property {string} [report] the code of `report`, which reads only; the same unless given
 * @property {boolean} [slow] it takes the half minute after which a stalled transfer is given up, or all the tries
 *   of a lost race
 */

/** @param {number} status @param {string} [code] @param {Partial<Extract<Fault, {kind: "answer"}>>} [more] @returns {Fault} */
const answer = (status, code, more = {}) => ({ kind: "answer", status, ...(code ? { code } : {}), ...more });

/** @type {readonly Case[]} */
export const READ_FAULTS = Object.freeze([
  { what: "the connection is reset before an answer", fault: { kind: "reset" }, code: "S3_UNREACHABLE" },
  {
    what: "the connection is reset in the answer",
    fault: { kind: "reset", after: 1000 },
    code: "S3_TRUNCATED",
  },
  { what: "the answer ends too early", fault: { kind: "truncate", after: 1000 }, code: "S3_TRUNCATED" },
  { what: "the answer is lost", fault: { kind: "lose-answer" }, code: "S3_UNREACHABLE" },
  { what: "no answer comes", fault: { kind: "stall" }, code: "S3_TIMEOUT", slow: true },
  { what: "the answer stops", fault: { kind: "stall", after: 1000 }, code: "S3_TIMEOUT", slow: true },
  { what: "a byte of the answer is another", fault: { kind: "garble", at: 4321 }, code: "HISTORY_CORRUPT" },
  { what: "the answer is another protocol's", fault: { kind: "nonsense" }, code: "S3_UNEXPECTED" },
  { what: "500 InternalError", fault: answer(500, "InternalError"), code: "S3_SERVER_ERROR" },
  {
    what: "502 from a proxy",
    fault: answer(502, undefined, { body: "<html>bad gateway</html>" }),
    code: "S3_SERVER_ERROR",
  },
  { what: "503 SlowDown", fault: answer(503, "SlowDown"), code: "S3_THROTTLED" },
  { what: "429", fault: answer(429), code: "S3_THROTTLED" },
  { what: "400 RequestTimeout", fault: answer(400, "RequestTimeout"), code: "S3_TIMEOUT" },
  { what: "403 AccessDenied", fault: answer(403, "AccessDenied"), code: "S3_ACCESS_DENIED" },
  { what: "403 SignatureDoesNotMatch", fault: answer(403, "SignatureDoesNotMatch"), code: "S3_AUTH_FAILED" },
  { what: "403 InvalidAccessKeyId", fault: answer(403, "InvalidAccessKeyId"), code: "S3_AUTH_FAILED" },
  { what: "400 ExpiredToken", fault: answer(400, "ExpiredToken"), code: "S3_AUTH_EXPIRED" },
  { what: "404 NoSuchBucket", fault: answer(404, "NoSuchBucket"), code: "S3_BUCKET_MISSING" },
  {
    what: "404 that is no S3 error",
    fault: answer(404, undefined, { body: "<h1>404</h1>" }),
    code: "S3_UNEXPECTED",
  },
  {
    what: "404 NoSuchKey, though the object is there",
    fault: answer(404, "NoSuchKey"),
    code: "STORAGE_INCONSISTENT",
  },
  {
    what: "200 with a page instead of the object",
    fault: answer(200, undefined, { body: "<html></html>", headers: { etag: '"page"' } }),
    code: "HISTORY_NOT_SQLITE",
  },
  {
    what: "200 with nothing",
    fault: answer(200, undefined, { body: "", headers: { etag: '"nothing"' } }),
    code: "HISTORY_NOT_SQLITE",
  },
  {
    what: "a redirect to another host",
    fault: answer(307, undefined, { headers: { location: "https://elsewhere.example/x" } }),
    code: "S3_REDIRECTED",
  },
  { what: "403 InvalidObjectState", fault: answer(403, "InvalidObjectState"), code: "S3_OBJECT_ARCHIVED" },
  {
    what: "another region that is not told",
    character: { region: { name: "mars-north-1", told: "silent" } },
    code: "S3_REGION_WRONG",
  },
]);

/**
 * @typedef {object} ReadOutcome
 * @property {number | null} exit
 * @property {string} code
 * @property {boolean} identical whether the object's bytes and ETag are those from before and nothing stands beside it
 * @property {string} told everything that was printed
 */

/**
 * @param {S3Server} target
 * @param {Case} fault
 * @param {{command?: "track" | "report", flags?: string[], front?: FrontName}} [options] one try unless the flags say
 *   otherwise; `front`: what stands between the fault and the server
 * @returns {Promise<ReadOutcome>}
 */
export async function faultOnRead(
  target,
  { fault, character = {} },
  { command = "track", flags = ["--retry-attempts", "1"], front: name } = {},
) {
  const front = await frontOf(target, name);
  const proxy = await startFaultProxy(front);
  const place = new Place(proxy, { direct: target });
  const workplace = new Workplace();
  try {
    for (const n of [1, 2]) {
      const storage = await place.open();
      record(storage.getRepository(), n, "before");
      await storage.close();
    }
    const seen = async () => {
      const object = await place.client.get(place.key);
      return { bytes: Buffer.from(object?.bytes ?? []), etag: object?.etag, names: await place.names() };
    };
    const before = await seen();
    proxy.become(character);
    proxy.script(fault ? [{ fault, method: "GET", url: /\.db$/ }] : []);
    const { code: exit, stdout, stderr } = await workplace.run(place, "new", flags, command);
    const after = await seen();
    const identical =
      before.bytes.length > 0 &&
      before.bytes.equals(after.bytes) &&
      before.etag === after.etag &&
      before.names.join() === after.names.join();
    const code = stdout ? (JSON.parse(stdout).error?.code ?? "") : "";
    return { exit, code, identical, told: `${stdout}\n${stderr}` };
  } finally {
    workplace.remove();
    place.remove();
    await stopAll([proxy, front]);
  }
}
