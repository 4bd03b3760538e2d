// What GitHub and strangers write into files: the event's payload, and measurements that a fork's run claims.

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { harmless } from "../../../../js/action/commands.js";
import { readEvent } from "../../../../js/ci/event.js";
import { nextPage } from "../../../../js/github/client.js";
import { readReported } from "../../../../js/run/reported-measurements.js";
import { altered, damaged } from "../random.js";
import { attempt } from "../rules.js";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-fuzz-"));
process.on("exit", () => fs.rmSync(folder, { recursive: true, force: true }));

const SHA = "0123456789abcdef0123456789abcdef01234567";
const repository = { id: 1, full_name: "o/r", default_branch: "main" };
const PAYLOADS = [
  {
    repository,
    pull_request: {
      number: 7,
      head: { sha: SHA, ref: "f", repo: { id: 2 } },
      base: { sha: SHA, ref: "main", repo: { id: 1 } },
    },
  },
  { repository, merge_group: { base_ref: "refs/heads/main", base_sha: SHA } },
  {
    repository,
    workflow_run: {
      event: "pull_request",
      head_sha: SHA,
      head_branch: "f",
      head_repository: { id: 2, owner: { login: "x" } },
    },
  },
];
const METRICS = /** @type {import("../../../../js/engine/types.js").MetricConfig[]} */ ([
  { id: "m", name: "m", type: "numeric", unit: null },
  { id: "l", name: "l", type: "label", unit: null },
]);
const CLAIMS = {
  measurements: [
    { metric: "m", status: "ok", value: 1.5 },
    { metric: "l", status: "ok", value: "a" },
    { metric: "n", status: "failed" },
  ],
};

/** Either the document's own structure or its text is damaged. @param {import("../random.js").Random} random @param {unknown} sound */
function document(random, sound) {
  const text = Buffer.from(JSON.stringify(altered(random, sound, ["m", "l", "ok", "failed", SHA])));
  return random.rarely(3) ? damaged(random, text) : text;
}

/** @type {Record<string, import("../targets.js").Target>} */
export const githubTargets = {
  claims: {
    what: "results files of a fork's run",
    generate: (random) => document(random, CLAIMS),
    run(input) {
      const file = path.join(folder, "claims.json");
      fs.writeFileSync(file, input);
      const read = attempt(["CLAIMS_INVALID"], () => readReported(file, folder, METRICS));
      for (const { id, status, value } of read?.outcomes ?? []) {
        assert.ok(id === "m" || id === "l");
        if (status === "failed") assert.equal(value, null);
        else if (id === "m") assert.ok(Number.isFinite(value));
        else assert.match(/** @type {string} */ (value), /^\P{C}{1,256}$/u);
      }
    },
  },

  event: {
    what: "payloads of events, and the `Link` header",
    generate: (random) => document(random, random.one(PAYLOADS)),
    run(input) {
      const file = path.join(folder, "event.json");
      fs.writeFileSync(file, input);
      for (const name of ["pull_request", "pull_request_target", "merge_group", "workflow_run", "push"]) {
        const event = readEvent({ GITHUB_EVENT_NAME: name, GITHUB_EVENT_PATH: file });
        const { pullRequest, base, triggeringRun } = event;
        for (const sha of [pullRequest?.headSha, base?.sha, triggeringRun?.headSha]) {
          assert.ok(sha == null || /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(sha), `${sha}`);
        }
        assert.ok(
          pullRequest === null || (Number.isSafeInteger(pullRequest.number) && pullRequest.number > 0),
        );
        // Whatever is not surely the repository's own is a fork's.
        if (name === "pull_request" && pullRequest === null) assert.ok(event.secretsWithheld);
      }
      const text = input.toString();
      nextPage(text);
      assert.doesNotMatch(harmless(text), /^\s*::|##\[/m, "a workflow command of somebody else's");
    },
  },
};
