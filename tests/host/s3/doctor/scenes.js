/**
 * What `unentropy doctor` prints in each trouble, from real runs of the shipped command line against a real server:
 * the scenes, and the Markdown made of them. docs/doctor.md holds it; a test compares.
 *
 *   node tests/host/s3/doctor/scenes.js --write    renews the document
 */

import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { startFaultProxy } from "../../../servers/fault-proxy.js";
import { startMoto } from "../../../servers/s3.js";
import { record } from "../../conformance/builds.js";
import { Project, ROOT } from "../../support/project.js";
import { placeOf } from "../campaigns/cli-runs.js";
import { replaceBetweenMarks } from "../campaigns/table.js";
import { Place, stopAll } from "../place.js";

/** @import { Character, Rule } from "../../../servers/fault-proxy.js" */

export const DOCUMENT = path.join(ROOT, "docs/doctor.md");

const denied = /** @type {const} */ ({ kind: "answer", status: 403, code: "AccessDenied" });

/**
 * @typedef {object} Scene
 * @property {string} what
 * @property {Character} [character]
 * @property {Rule[]} [rules]
 * @property {Record<string, string>} [flags] others than those of a place that is in order
 * @property {NodeJS.ProcessEnv} [env]
 * @property {number} code the exit code
 */

/** @type {readonly Scene[]} */
export const SCENES = Object.freeze(
  /** @type {Scene[]} */ ([
    { what: "Everything is in order", code: 0 },
    {
      what: "The secret access key is wrong",
      env: { AWS_SECRET_ACCESS_KEY: "not/the+secret0123456789abcdefghijklmnop" },
      code: 3,
    },
    { what: "The access key id is unknown", env: { AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE" }, code: 3 },
    { what: "There are no credentials", env: { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" }, code: 3 },
    {
      what: "The session token is none of this key's",
      env: { AWS_SESSION_TOKEN: "a-token-of-another-session" },
      rules: [{ fault: { kind: "answer", status: 400, code: "InvalidToken" } }],
      code: 3,
    },
    {
      what: "The temporary credentials have expired",
      rules: [{ fault: { kind: "answer", status: 400, code: "ExpiredToken" } }],
      code: 3,
    },
    {
      what: "The region is wrong, and the server tells the right one",
      character: { region: { name: "eu-central-1", told: "301" } },
      code: 0,
    },
    {
      what: "The region is wrong, and the server does not tell",
      character: { region: { name: "eu-central-1", told: "silent" } },
      code: 3,
    },
    { what: "The bucket is missing", flags: { "s3-bucket": "my-metrcs" }, code: 3 },
    { what: "The key may not write", rules: [{ fault: denied, method: "PUT" }], code: 3 },
    { what: "The key may not read", rules: [{ fault: denied, method: "GET", url: /\.db$/ }], code: 3 },
    {
      what: "The key may not list the bucket",
      rules: [
        { fault: denied, method: "GET", url: /list-type=2/ },
        { fault: denied, method: "HEAD", url: /^\/bucket\/?$/ },
      ],
      code: 3,
    },
    { what: "The key may not delete", rules: [{ fault: denied, method: "DELETE" }], code: 3 },
    { what: "This machine's clock is an hour off", character: { skewMs: 3_600_000 }, code: 0 },
    {
      what: "The clock is refused whatever time is signed",
      rules: [
        {
          fault: {
            kind: "answer",
            status: 403,
            code: "RequestTimeTooSkewed",
            headers: { date: "Fri, 01 Jan 2021 00:00:00 GMT" },
          },
        },
      ],
      code: 3,
    },
    { what: "The server ignores preconditions", character: { ignoresPreconditions: true }, code: 0 },
    { what: "The server refuses preconditions", character: { refusesPreconditions: true }, code: 0 },
    {
      what: "The stored history is damaged",
      rules: [{ fault: { kind: "garble", at: 200 }, method: "GET", url: /\.db$/ }],
      code: 3,
    },
    { what: "Nothing listens at the endpoint", flags: { "s3-endpoint": "http://127.0.0.1:9" }, code: 3 },
    {
      what: "The endpoint is a web page",
      rules: [{ fault: { kind: "answer", status: 200, body: "<html>welcome</html>" } }],
      code: 3,
    },
    { what: "The connection breaks", rules: [{ fault: { kind: "reset" } }], code: 3 },
    {
      what: "The server fails",
      rules: [{ fault: { kind: "answer", status: 500, code: "InternalError" } }],
      code: 3,
    },
    {
      what: "The server asks for fewer requests",
      rules: [{ fault: { kind: "answer", status: 503, code: "SlowDown" } }],
      code: 3,
    },
    {
      what: "The answers end too early",
      rules: [{ fault: { kind: "truncate", after: 100 }, method: "GET", url: /\.db$/ }],
      code: 3,
    },
  ]),
);

/**
 * @param {import("../../../servers/s3.js").S3Server} moto
 * @param {Scene} scene
 * @returns {Promise<{code: number | null, text: string}>} the text without what differs from run to run
 */
export async function play(moto, { character = {}, rules = [], flags = {}, env = {} }) {
  const proxy = await startFaultProxy(moto, {});
  const place = new Place(proxy, { direct: moto });
  place.key = "unentropy-metrics.db";
  place.config.s3Key = place.key;
  /** @type {(() => void)[]} */
  const undo = [];
  const t = { after: (/** @type {() => void} */ work) => undo.push(work) };
  const project = new Project(/** @type {any} */ (t), {}, { git: false });
  try {
    const named = placeOf(place);
    const storage = await place.open();
    for (const n of [1, 2]) record(storage.getRepository(), n);
    await storage.close();
    proxy.become(character);
    proxy.script(rules);
    const words = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
    const args = ["doctor", ...named.flags, ...words, "--retry-attempts", "1"];
    const { code, stderr } = await project.run(args, { env: { ...named.env, ...env } });
    proxy.script([]);
    proxy.become({});
    for (const { key } of (await place.client.list("")).objects) await place.client.delete(key);
    return { code, text: normal(stderr, new URL(proxy.endpoint).host) };
  } finally {
    for (const work of undo) work();
    place.remove();
    await stopAll([proxy]);
  }
}

/** @param {string} text @param {string} host */
function normal(text, host) {
  return text
    .replaceAll(host, "s3.example.org")
    .replaceAll("`bucket`", "`my-metrics`")
    .replaceAll("s3://bucket/", "s3://my-metrics/")
    .replace(/\.probe-[0-9a-z]+(-p)?/g, ".probe-…$1")
    .replace(/\b\d+ bytes/g, "… bytes")
    .replace(/\b\d+ s from/g, "0 s from")
    .replace(/\b(59|60|61) minutes apart/g, "60 minutes apart")
    .replace(/are \d+ hours apart/g, "are … hours apart")
    .replace(/`[0-9a-f]{64}`/g, "`…`")
    .replace(/[ \t]+$/gm, "")
    .trimEnd();
}

/** @param {Scene} scene @param {{code: number | null, text: string}} outcome */
export const section = ({ what }, { code, text }) =>
  `## ${what}\n\nExit code ${code}.\n\n\`\`\`text\n${text}\n\`\`\``;

/** @param {import("../../../servers/s3.js").S3Server} moto @returns {Promise<string>} */
async function whole(moto) {
  /** @type {string[]} */
  const sections = [];
  for (const scene of SCENES) sections.push(section(scene, await play(moto, scene)));
  return `\n${sections.join("\n\n")}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const moto = await startMoto();
  const text = await whole(moto);
  if (process.argv.includes("--write")) replaceBetweenMarks(DOCUMENT, "scenes", text);
  else fs.writeSync(1, text);
  await stopAll([moto]);
}
