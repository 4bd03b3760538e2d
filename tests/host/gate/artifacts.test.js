// The gate over a history that is kept as an artifact, through the shipped command line: what a fork's token can read
// is read, nothing is uploaded, and what cannot be read is told.

import assert from "node:assert/strict";
import { test } from "node:test";
import { gitHubServer } from "../support/github-server.js";
import { Change } from "../support/pull-request.js";

const server = gitHubServer();

const HERE = ["--storage", "sqlite-artifact"];

/**
 * A change of a `main` whose build an earlier run has uploaded.
 * @param {import("node:test").TestContext} t
 * @param {{name?: string}} [options] of the artifact
 */
async function uploaded(t, { name = `history-${t.name.length}` } = {}) {
  const change = await Change.start(t, { record: false });
  const run = server.addRun({ branch: "main", sha: change.base });
  const env = { ...server.jobEnvironment(run), GITHUB_TOKEN: server.token() };
  const recorded = await change.run(["track", ...HERE, "--artifact-name", name], { env });
  assert.equal(recorded.code, 0, recorded.stderr);
  change.commit({ value: "80" });
  /** @param {Record<string, "read" | "write">} rights @param {Parameters<Change["pullRequest"]>[0]} [pull] */
  const judge = (rights, pull) =>
    change.gate([...HERE, "--artifact-name", name], {
      env: { ...change.pullRequest(pull), GITHUB_API_URL: server.apiUrl, GITHUB_TOKEN: server.token(rights) },
    });
  return { change, judge };
}

test("a fork's token that can only read is enough for the baseline, and nothing is uploaded", async (t) => {
  const { change, judge } = await uploaded(t);
  server.script([]);
  const { code, error, verdict, warnings } = await judge(
    { actions: "read", contents: "read" },
    { fork: true },
  );
  assert.deepEqual([code, error, warnings], [5, "GATE_FAILED", []]);
  assert.deepEqual(
    [verdict?.metrics[0].baseline, verdict?.baselineInfo.commitSha, verdict?.baselineInfo.choice],
    [100, change.base, "merge-base"],
  );
  assert.ok(server.seen.length > 0);
  assert.deepEqual(
    server.seen.filter(({ method }) => method !== "GET"),
    [],
  );
});

test("without the right to read artifacts a fork's run has no baseline, the repository's own fails", async (t) => {
  const { judge } = await uploaded(t);
  const fork = await judge({ contents: "read" }, { fork: true });
  assert.deepEqual([fork.code, fork.verdict?.status, fork.warnings], [0, "unknown", ["HISTORY_WITHHELD"]]);
  const own = await judge({ contents: "read" });
  assert.deepEqual([own.code, own.verdict?.status, own.error], [3, "unknown", "GITHUB_FORBIDDEN"]);
});

test("artifacts that cannot be listed are no empty history", async (t) => {
  const { judge } = await uploaded(t);
  server.script([{ url: /artifacts/, fault: { kind: "answer", status: 410 } }]);
  for (const fork of [false, true]) {
    const { code, verdict, error } = await judge({ actions: "read", contents: "read" }, { fork });
    assert.deepEqual([code, verdict?.status, error], [3, "unknown", "GITHUB_GONE"]);
  }
});
