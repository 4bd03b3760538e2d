/**
 * The policies that the documents recommend are enough for every command, and no more than that: tried by a user who
 * has nothing else, on a server that enforces them.
 */

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { startMoto } from "../../servers/s3.js";
import { Project, ROOT } from "../support/project.js";
import { stopAll } from "./place.js";

/** @typedef {{Version: string, Statement: {Effect: string, Action: string | string[], Resource: string | string[]}[]}} Policy */

const policies = ["README.md", "docs/s3.md"].flatMap((document) => {
  const text = fs.readFileSync(path.join(ROOT, document), "utf8");
  return [...text.matchAll(/^```json\n([\s\S]*?)^```$/gm)]
    .map(([, json], n) => ({
      name: `${document}, example ${n + 1}`,
      policy: /** @type {Policy} */ (JSON.parse(json)),
    }))
    .filter(({ policy }) => "Statement" in policy);
});

/** @type {Awaited<ReturnType<typeof startMoto>>} */
let moto;
before(async () => {
  moto = await startMoto({
    buckets: ["my-metrics", "others"],
    policies: policies.map(({ policy }) => policy),
  });
});
after(() => stopAll([moto]));

test("there is a policy in the README and one for each store that takes one", () => {
  assert.equal(policies.length, 3);
});

for (const [n, { name, policy }] of policies.entries()) {
  test(`${name} is enough, and grants nothing else`, { timeout: 600_000 }, async (t) => {
    const credentials = moto.users[n];
    const config = { metrics: { answer: { type: "numeric", command: "echo 42" } } };
    const project = new Project(t, { "unentropy.json": JSON.stringify(config) });
    const env = {
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    };
    const named = policy.Statement.flatMap(({ Resource }) => Resource).find((arn) => arn.includes("/")) ?? "";
    const key = named.slice(named.indexOf("/") + 1).replace(/\*$/, "");
    const run = (/** @type {string} */ bucket, /** @type {string} */ name, /** @type {string[]} */ ...args) =>
      project.run(
        [
          ...args,
          "--json",
          ...[
            "--storage",
            "sqlite-s3",
            "--s3-endpoint",
            moto.endpoint,
            "--s3-bucket",
            bucket,
            "--s3-key",
            name,
          ],
        ],
        { env },
      );
    for (const id of ["first", "second"]) {
      const { code, stdout, stderr } = await run("my-metrics", key, "track", "--run-id", id);
      assert.equal(code, 0, stdout + stderr);
      assert.deepEqual(stderr.match(/^warning.*$/gm) ?? [], [], stderr);
    }
    const { code, stdout } = await run("my-metrics", key, "doctor");
    assert.equal(code, 0, stdout);
    const found = JSON.parse(stdout).checks.filter((/** @type {any} */ { status }) => status !== "ok");
    assert.deepEqual(found, []);

    const elsewhere = await run("my-metrics", "another.db", "track");
    assert.equal(JSON.parse(elsewhere.stdout).error.code, "S3_ACCESS_DENIED", elsewhere.stdout);
    const others = await run("others", key, "track");
    assert.equal(JSON.parse(others.stdout).error.code, "S3_ACCESS_DENIED", others.stdout);
  });
}
