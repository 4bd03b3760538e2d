/**
 * No credential leaves a whole run of the command line, whatever goes wrong: not in what it prints, plainly, as JSON or
 * with every detail, not in a file that it writes, not in what it stores, not in the environment of a metric's command.
 * Credentials are temporary ones, and the server repeats them where it can.
 */

import assert from "node:assert/strict";
import fs from "node:fs";
import { after, before, describe, test } from "node:test";
import { startFaultProxy } from "../../servers/fault-proxy.js";
import { startMoto } from "../../servers/s3.js";
import { effort } from "../support/effort.js";
import { Project } from "../support/project.js";
import { placeOf } from "./campaigns/cli-runs.js";
import { Place, stopAll } from "./place.js";

/** @import { Fault, Rule } from "../../servers/fault-proxy.js" */

const TOKEN = "FwoGZXIvYXdzEMARKED+TOKEN/with=signs==";
const CONFIG = {
  metrics: {
    answer: { type: "numeric", command: "env > environment.txt; echo 42" },
  },
};

/** @type {import("../../servers/s3.js").S3Server} */
let moto;
before(async () => {
  moto = await startMoto();
});
after(() => stopAll([moto]));

/** Everything that may not be seen, in the forms that it is sent or kept in. */
function secretForms() {
  const { accessKeyId, secretAccessKey } = moto.credentials;
  return [accessKeyId, secretAccessKey, TOKEN].flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString("base64").replace(/=+$/, ""),
    Buffer.from(secret).toString("hex"),
    JSON.stringify(secret).slice(1, -1),
  ]);
}

/** A server that repeats everything that it was sent. @param {number} status @param {string} code @returns {Fault} */
function talkative(status, code) {
  const { accessKeyId, secretAccessKey } = moto.credentials;
  const message =
    `key ${accessKeyId} secret ${secretAccessKey} token ${TOKEN} ${encodeURIComponent(TOKEN)} ` +
    `Credential=${accessKeyId}/20260101/us-east-1/s3/aws4_request, Signature=${"0123456789abcdef".repeat(4)}`;
  const extra = `<AWSAccessKeyId>${accessKeyId}</AWSAccessKeyId><StringToSign>${TOKEN}</StringToSign>`;
  return { kind: "answer", status, code, message, extra };
}

/** How a command prints. @type {string[][]} */
const FORMS = [[], ["--json"]];
/** @typedef {"track" | "report" | "doctor" | "merge"} Command */
/** @type {Command[]} */
const EVERY = ["track", "report", "doctor", "merge"];

/** @type {[string, () => Rule[], Command[]][]} */
const TROUBLES = [
  ["nothing at all", () => [], EVERY],
  ["resets", () => [{ fault: { kind: "reset" } }], EVERY],
  ["another protocol", () => [{ fault: { kind: "nonsense" } }], ["track"]],
  ["answers cut short", () => [{ fault: { kind: "truncate", after: 20 }, method: "GET" }], ["track"]],
  [
    "a changed byte",
    () => [{ fault: { kind: "garble", at: 300 }, method: "GET", url: /\.db$/ }],
    ["track", "doctor"],
  ],
  ["lost answers", () => [{ fault: { kind: "lose-answer" }, method: "PUT" }], ["track"]],
  [
    "a redirect that carries the token",
    () => [
      {
        fault: {
          kind: "answer",
          status: 307,
          headers: {
            location: `https://elsewhere.example/?X-Amz-Security-Token=${encodeURIComponent(TOKEN)}`,
          },
        },
      },
    ],
    ["track", "doctor"],
  ],
  ...["SignatureDoesNotMatch", "InvalidAccessKeyId", "InvalidToken", "AccessDenied", "Whatever"].map(
    (code) =>
      /** @type {[string, () => Rule[], Command[]]} */ ([
        `${code}, with everything repeated`,
        () => [{ fault: talkative(403, code) }],
        effort({ quick: code === "AccessDenied" ? EVERY : ["track", "doctor"], full: EVERY }),
      ]),
  ),
  ["a 500 that repeats everything", () => [{ fault: talkative(500, "InternalError") }], ["track", "doctor"]],
  [
    "a refused upload, which leaves a rescue file",
    () => [{ fault: talkative(403, "AccessDenied"), method: "PUT", url: /\.db$/ }],
    ["track", "merge"],
  ],
  [
    "refused copies and removals, which are warnings",
    () => [
      { fault: talkative(403, "AccessDenied"), method: "PUT", url: /\.bak$/ },
      { fault: talkative(403, "AccessDenied"), method: "DELETE" },
    ],
    ["track", "doctor"],
  ],
];

describe("no credential is seen where there are", () => {
  for (const [what, rules, commands] of TROUBLES) {
    test(what, { timeout: 600_000 }, async (t) => {
      const proxy = await startFaultProxy(moto, { character: { skewMs: 0 } });
      const place = new Place(proxy, { direct: moto });
      t.after(async () => {
        place.remove();
        await stopAll([proxy]);
      });
      const project = new Project(t, { "unentropy.json": JSON.stringify(CONFIG) });
      const { flags, env } = placeOf(place);
      /** @type {Set<string>} */
      const signatures = new Set();
      let shown = "";
      // Trying again is told too, and takes its time: once is enough.
      const tries = what.startsWith("a 500") ? "2" : "1";
      /** @param {string[][]} forms @param {...string} args */
      const run = async (forms, ...args) => {
        for (const form of forms) {
          const outcome = await project.run([...args, ...form, "--verbose", "--retry-attempts", tries], {
            env: { ...env, AWS_SESSION_TOKEN: TOKEN },
          });
          shown += `${outcome.stdout}\n${outcome.stderr}\n`;
          assert.notEqual(outcome.code, 1, outcome.stderr);
        }
        for (const { headers } of proxy.seen) {
          const signature = /Signature=([0-9a-f]{64})/.exec(headers.authorization ?? "")?.[1];
          if (signature) signatures.add(signature);
        }
      };
      // What goes well is seen in both forms where nothing is wrong.
      const before = what === "nothing at all" ? FORMS : effort({ quick: [[]], full: FORMS });
      await run(before, "track", ...flags, "--run-id", "before");
      await run(before, "track", "--db", "other.db", "--run-id", "elsewhere");
      proxy.script(rules());
      for (const command of commands) {
        await run(FORMS, command, ...(command === "merge" ? ["other.db"] : []), ...flags);
      }
      proxy.script([]);

      assert.ok(signatures.size >= 5 && shown.length > 500);
      assert.ok(project.exists("environment.txt"));
      const written = fs
        .readdirSync(project.directory, { recursive: true, encoding: "utf8" })
        .filter((name) => fs.statSync(project.path(name)).isFile());
      if (what.includes("rescue")) assert.ok(written.some((name) => name.startsWith("unentropy-rescue")));
      /** @type {[string, string][]} */
      const places = [["what was printed", shown]];
      for (const name of written) places.push([name, project.read(name).toString("latin1")]);
      const { objects } = await place.client.list(place.key);
      assert.ok(objects.length >= 1);
      for (const { key } of objects) {
        const object = await place.client.get(key);
        const metadata = JSON.stringify(object?.metadata);
        places.push([key, `${Buffer.from(object?.bytes ?? []).toString("latin1")}${metadata}`]);
      }
      for (const [where, text] of places) {
        for (const secret of [...secretForms(), ...signatures]) {
          const at = text.indexOf(secret);
          assert.equal(
            at,
            -1,
            `${where} has ${secret.slice(0, 6)}…: ${text.slice(Math.max(0, at - 200), at)}`,
          );
        }
        assert.equal(/aws4_request|X-Amz-Signature=(?!\*)/i.test(text), false, where);
      }
    });
  }
});
