// A history that is larger than the engine opens is refused by its announced size, before it is transferred, with one
// code wherever it is found.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { HISTORY_LIMIT } from "../../../js/http/limits.js";
import { startRewritingProxy } from "../../servers/rewriting-proxy.js";
import { startS3sFs } from "../../servers/s3.js";
import { Project, ROOT } from "../support/project.js";
import { Place, stopAll } from "./place.js";

const SIZE = HISTORY_LIMIT + 4096;

/** @type {Awaited<ReturnType<typeof startS3sFs>>} */
let server;
/** @type {Awaited<ReturnType<typeof startRewritingProxy>>} */
let proxy;
before(async () => {
  server = await startS3sFs();
  proxy = await startRewritingProxy(server);
});
after(() => stopAll([proxy, server]));

/** An object that takes no room. @param {Place} place @param {string} [suffix] */
function giant({ key }, suffix = "") {
  const file = path.join(server.root, "bucket", ...`${key}${suffix}`.split("/"));
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, "");
  fs.truncateSync(file, SIZE);
}

test("the limit is the engine's", () => {
  const source = fs.readFileSync(path.join(ROOT, "src/history.rs"), "utf8");
  const [, product] = /max_bytes: ([\d* ]+)/.exec(source) ?? [];
  assert.equal(
    product?.split("*").reduce((all, factor) => all * Number(factor), 1),
    HISTORY_LIMIT,
  );
});

test("a history above the limit is refused at the header: HISTORY_TOO_LARGE", async () => {
  const place = new Place(proxy, { direct: server });
  giant(place);
  let received = 0;
  const store = place.store({
    transferred: ({ bytes }) => {
      received += bytes;
    },
  });
  await assert.rejects(store.read(), (/** @type {any} */ failure) => {
    assert.equal(failure.code, "HISTORY_TOO_LARGE");
    assert.equal(
      failure.message,
      `could not read \`s3://bucket/${place.key}\`: it is ${SIZE} bytes long, the limit is ${HISTORY_LIMIT} bytes`,
    );
    assert.match(failure.hint, /start a new one under another name/);
    return true;
  });
  assert.equal(received, 0);
  assert.equal(proxy.seen.length, 1);
  place.remove();
});

test("so does every command, and the doctor", async (t) => {
  const place = new Place(server);
  giant(place);
  const project = new Project(t, {
    "unentropy.json": JSON.stringify({ metrics: { answer: { type: "numeric", command: "echo 42" } } }),
  });
  const env = {
    AWS_ACCESS_KEY_ID: server.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.credentials.secretAccessKey,
  };
  const flags = ["--storage", "sqlite-s3", "--s3-endpoint", server.endpoint, "--s3-bucket", "bucket"];
  for (const command of ["track", "doctor"]) {
    const outcome = await project.run([command, ...flags, "--s3-key", place.key], { env });
    assert.equal(outcome.code, 3, outcome.stdout + outcome.stderr);
    const found = `it is ${SIZE} bytes long, the limit is ${HISTORY_LIMIT} bytes`;
    assert.ok((outcome.stdout + outcome.stderr).includes(found), outcome.stdout + outcome.stderr);
  }
  place.remove();
});

test("a copy above the limit is no good copy, and is not transferred either", async () => {
  const place = new Place(proxy, { direct: server });
  await place.put(Buffer.from("damaged"));
  giant(place, ".bak");
  proxy.become([]);
  await assert.rejects(place.open({ onCorrupt: "restore" }), (/** @type {any} */ failure) => {
    assert.equal(failure.code, "HISTORY_NOT_RESTORED");
    assert.match(failure.message, new RegExp(`the answer has ${SIZE} bytes`));
    return true;
  });
  place.remove();
});
