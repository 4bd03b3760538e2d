// Uploads of artifacts in the one loop of tries: how long a creation waits and how often it is tried is decided where every
// other request's is.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ArtifactRuntime } from "../../../js/github/artifact-service.js";
import { startGitHub } from "../../servers/github.js";

/** @type {Awaited<ReturnType<typeof startGitHub>>} */
let github;
before(async () => {
  github = await startGitHub();
});
after(() => github.stop());

/** @param {number} [attempts] */
function uploads(attempts) {
  /** @type {number[]} */
  const waits = [];
  const runtime = new ArtifactRuntime(github.jobEnvironment(github.addRun({ branch: "main" })), {
    attempts,
    sleep: async (ms) => void waits.push(ms),
    random: () => 0.5,
  });
  return { runtime, waits };
}

/** @param {number} times @param {Record<string, string>} [headers] */
const failing = (times, headers = {}) =>
  github.script([
    { url: /CreateArtifact/, times, fault: { kind: "answer", status: 503, headers, body: { msg: "busy" } } },
  ]);

test("a creation that fails waits as long as the service asks", async () => {
  failing(2, { "retry-after": "9" });
  const { runtime, waits } = uploads();
  assert.equal((await runtime.upload("history", Buffer.from("archive"))).status, "stored");
  assert.deepEqual(waits, [9_250, 9_500]);
});

test("a creation is tried as often as was asked for, and says how often that was", async () => {
  failing(9);
  const { runtime, waits } = uploads(2);
  await assert.rejects(runtime.upload("history", Buffer.from("archive")), (/** @type {any} */ error) => {
    assert.match(
      error.message,
      /^could not upload the artifact `history` at `[\d.:]+`: the server failed \(503 busy\) \(2 attempts\)$/,
    );
    assert.equal(error.code, "GITHUB_SERVER_ERROR");
    return true;
  });
  assert.deepEqual(waits, [250]);
});

test("a name whose creation was done and not answered counts as taken", async () => {
  github.script([{ url: /CreateArtifact/, times: 1, fault: { kind: "lose-answer" } }]);
  const { runtime } = uploads();
  assert.deepEqual(await runtime.upload("history", Buffer.from("archive")), { status: "taken" });
});
