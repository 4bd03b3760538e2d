// Whose uploads count: whatever the runs of pull requests, of forks, of other branches and of other programs upload under
// the history's name, the next run on the main branch keeps every build that trusted runs recorded.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { pack } from "../../../js/storage/artifact/zip.js";
import { ArtifactPlace, ENTRY, historyOf, NAME } from "./artifact-place.js";

/** @import { Run } from "../../servers/github.js" */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** @type {ArtifactPlace} */
let place;
beforeEach(async () => {
  place = await ArtifactPlace.start();
});
afterEach(() => place.stop());

/** @param {number[]} builds */
const names = (...builds) => builds.map((n) => `w/${n}`);

/** @param {number} ms */
const age = (ms) => {
  for (const artifact of place.github.artifacts) artifact.createdAt -= ms;
};

/**
 * An upload with a lineage that says what the test wants.
 *
 * @param {Run} run
 * @param {object} lineage fields instead of those of an honest one
 * @param {number[]} [builds]
 */
async function claim(run, lineage, builds = [66]) {
  const bytes = historyOf(builds);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const scope = `octo/widgets ${NAME}`;
  const claims = { format: 1, scope, branches: null, floor: 0, ids: [], sha256, builds: 1, ...lineage };
  const zip = await pack(
    { [ENTRY]: bytes, "unentropy-lineage.json": Buffer.from(JSON.stringify(claims)) },
    0,
  );
  return place.github.addArtifact({ name: NAME, run, zip });
}

/** What an attacker would claim. @type {[string, object | null][]} */
const CLAIMS = [
  ["no lineage", null],
  ["a lineage that holds everything", { floor: 10_000 }],
  ["a lineage that holds every id there is", { floor: Number.MAX_SAFE_INTEGER }],
  [
    "a lineage of the form before branches were named",
    { scope: `octo/widgets ${NAME} *`, branches: undefined, floor: 10_000 },
  ],
];

describe("runs of pull requests", () => {
  for (const event of ["pull_request", "pull_request_target", "pull_request_review"]) {
    for (const [title, lineage] of CLAIMS) {
      test(`${title} of ${event} hides no build, whatever branch it is for`, async () => {
        await place.track(1);
        age(5 * HOUR);
        await place.track(2);
        for (const branch of ["topic", "main"]) {
          const run = place.github.addRun({ branch, event });
          if (lineage) await claim(run, lineage);
          else await place.addHistory({ builds: [66], run });
          assert.deepEqual(await place.runs(), names(1, 2));
          assert.deepEqual(await place.runs({ artifactBranchFilter: "*" }), names(1, 2));
        }
        await place.track(3);
        assert.deepEqual(await place.runs(), names(1, 2, 3));
      });
    }
  }

  test("are asked for once, and by no later run", async () => {
    await place.track(1);
    for (let n = 0; n < 5; n++) {
      await place.addHistory({ builds: [66], run: place.github.addRun({ event: "pull_request" }) });
    }
    const asked = () => place.github.seen.filter(({ url }) => /\/actions\/runs\/\d+$/.test(url)).length;
    place.github.script([]);
    await place.track(2);
    assert.equal(asked(), 6);
    place.github.script([]);
    await place.track(3);
    assert.equal(asked(), 1, "a steady run asks what the newest artifact is of, and nothing else");
  });

  test("that nobody could ask for one by one end the run, and nothing is lost", async () => {
    await place.track(1);
    const run = () => place.github.addRun({ event: "pull_request" });
    const zip = await pack({ [ENTRY]: historyOf([66]) }, 0);
    for (let n = 0; n < 301; n++) place.github.addArtifact({ name: NAME, run: run(), zip });
    await assert.rejects(place.open(), { code: "ARTIFACT_TOO_MANY" });
  });

  test("whose artifacts have expired are no sign of a history", async () => {
    const run = place.github.addRun({ event: "pull_request" });
    await place.addHistory({ builds: [66], run, expired: true });
    assert.equal((await place.open()).existed, false);
  });

  test("that record are told that nobody will read it", async () => {
    const run = place.github.addRun({ branch: "topic", event: "pull_request" });
    const { warnings } = await place.track(1, { run });
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ["ARTIFACT_UNSEEN"],
    );
    assert.match(warnings[0].message, /artifacts of pull requests are never read/);
  });

  test("cannot be told from others where GitHub does not tell the event, and then nothing is taken", async () => {
    await place.track(1);
    place.github.runs.length = 0;
    const before = place.github.artifacts.length;
    await assert.rejects(place.open(), {
      code: "GITHUB_NOT_FOUND",
      message: /could not ask what started run/,
    });
    place.github.script([
      { url: /\/actions\/runs\/\d+$/, fault: { kind: "answer", status: 200, body: { id: 1 } } },
    ]);
    await assert.rejects(place.open(), { code: "GITHUB_UNEXPECTED" });
    assert.equal(place.github.artifacts.length, before);
  });
});

describe("what another program uploads on the main branch", () => {
  test("is merged, and hides nothing that was there hours before it", async () => {
    await place.track(1);
    age(30 * DAY);
    await place.track(2);
    age(5 * HOUR);
    await place.addHistory({ builds: [66] });
    assert.deepEqual(await place.runs(), names(1, 2, 66));
    await place.track(3);
    place.github.script([]);
    assert.deepEqual(await place.runs(), names(1, 2, 3, 66));
    assert.equal(place.github.seen.filter(({ url }) => url.endsWith("/zip")).length, 1, "merged for good");
  });

  test("is merged also where there is more than one run takes: the rest by the next ones", async () => {
    for (let n = 1; n <= 120; n++)
      await place.addHistory({ builds: [n], createdAt: Date.now() - (121 - n) * 12 * HOUR });
    assert.ok(!(await place.runs()).includes("w/1"));
    for (const n of [200, 201, 202]) await place.track(n);
    assert.equal((await place.runs()).length, 123);
    place.github.script([]);
    await place.runs();
    assert.equal(place.github.seen.filter(({ url }) => url.endsWith("/zip")).length, 1);
  });

  test("is not believed where it claims what had not surely come to light when it was made", async () => {
    await place.track(1);
    age(5 * HOUR);
    const { id } = await place.addHistory({ builds: [2] });
    await claim(place.github.addRun(), { floor: id });
    assert.deepEqual(await place.runs(), names(1, 2, 66));
    await place.track(3);
    assert.deepEqual(await place.runs(), names(1, 2, 3, 66));
  });

  for (const [title, lineage] of /** @type {[string, object][]} */ ([
    ["a floor that no id can reach", { floor: Number.MAX_SAFE_INTEGER }],
    ["a floor below nothing", { floor: -1 }],
    ["an id that no artifact has", { ids: [Number.MAX_SAFE_INTEGER] }],
    ["a floor that is no number", { floor: "12" }],
    ["branches that are none", { branches: [1] }],
  ])) {
    test(`is damaged where its lineage has ${title}`, async () => {
      await place.track(1);
      const { id } = await claim(place.github.addRun(), lineage);
      await assert.rejects(place.open(), { code: "ARTIFACT_DAMAGED", message: new RegExp(`\\(${id}\\)`) });
    });
  }

  test("does not change values of recorded builds unnoticed", async () => {
    const storage = await place.open();
    const context = {
      commitSha: "a".repeat(40),
      branch: "main",
      runId: "1",
      runNumber: 1,
      eventName: "push",
    };
    const metric = { id: "size", type: "numeric", unit: null, description: null };
    const build = (/** @type {any} */ to, /** @type {string} */ timestamp, /** @type {number} */ value) =>
      to.recordBuild({ ...context, timestamp }, [{ metric, value }]);
    build(storage.getRepository(), "2026-01-01T00:00:00Z", 1);
    await storage.close();
    const other = await place.open({ config: { artifactName: "other" } });
    build(other.getRepository(), "2026-02-01T00:00:00Z", 2);
    await place.addHistory({ bytes: other.snapshot() });
    const { warnings } = await place.open();
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ["ARTIFACT_REPLACED_VALUES"],
    );
    assert.match(warnings[0].message, /replaced 1 value of recorded builds/);
  });
});

/** The payload of an event, as a file. @param {import("node:test").TestContext} t @param {object} payload */
function payload(t, payload) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-event-"));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const file = path.join(folder, "event.json");
  fs.writeFileSync(file, JSON.stringify(payload));
  return file;
}

describe("branches", () => {
  /** @param {string} branch @param {object} [run] */
  const on = (branch, run) => place.github.addRun({ branch, ...run });

  test("the default branch's run reads its own, another branch's run reads both", async () => {
    await place.track(1);
    await place.track(2, { run: on("topic") });
    await place.track(3, { run: on("other") });
    assert.deepEqual(await place.runs(), names(1));
    const read = async (/** @type {string} */ branch) => {
      const storage = await place.open({ run: on(branch), config: { readonly: true } });
      return storage.getRepository().countBuilds();
    };
    assert.deepEqual([await read("topic"), await read("other"), await read("third")], [2, 2, 1]);
    assert.deepEqual(await place.runs({ artifactBranchFilter: "topic" }), names(1, 2));
    assert.deepEqual(await place.runs({ artifactBranchFilter: "*" }), names(1, 2, 3));
    await place.track(4);
    await place.track(5, { run: on("topic") });
    assert.deepEqual(await place.runs({ artifactBranchFilter: "topic" }), names(1, 2, 4, 5));
    assert.deepEqual(await place.runs(), names(1, 4));
  });

  test("what an earlier version stored for every branch is gone on with", async () => {
    const [run, sha] = [
      on("topic"),
      createHash("sha256")
        .update(historyOf([1]))
        .digest("hex"),
    ];
    await claim(run, { scope: `octo/widgets ${NAME} *`, branches: undefined, sha256: sha }, [1]);
    await claim(on("main"), { scope: `octo/widgets ${NAME} *`, branches: undefined }, [1, 2]);
    assert.deepEqual(await place.runs(), names(1, 2));
  });

  test("the event's payload tells the default branch, else GitHub is asked", async (t) => {
    place.github.defaultBranch = "trunk";
    await place.track(1, { run: on("trunk") });
    place.github.script([]);
    await place.runs();
    assert.equal(place.github.seen.filter(({ url }) => url === "/repos/octo/widgets").length, 1);
    const repository = { full_name: "octo/widgets", default_branch: "trunk" };
    const env = { GITHUB_EVENT_PATH: payload(t, { repository }) };
    place.github.script([]);
    const storage = await place.open({ run: on("x"), env, config: { readonly: true } });
    assert.equal(storage.getRepository().countBuilds(), 1);
    assert.equal(place.github.seen.filter(({ url }) => url === "/repos/octo/widgets").length, 0);
  });

  test("schedules, dispatches and workflows that follow others go on with the default branch's history", async () => {
    for (const [n, event] of ["schedule", "workflow_run", "workflow_dispatch", "push"].entries()) {
      await place.track(n + 1, { run: on("main", { event }) });
    }
    assert.deepEqual(await place.runs(), names(1, 2, 3, 4));
  });

  test("a run that judges a change reads the history of the branch that it goes to", async (t) => {
    await place.track(1);
    await place.track(2, { run: on("develop") });
    await place.track(3, { run: on("topic") });
    const repository = { full_name: "octo/widgets", default_branch: "main" };
    const queue = { base_ref: "refs/heads/develop", base_sha: "0".repeat(40) };
    const runs = [
      {
        run: on("7/merge", { event: "pull_request" }),
        env: { GITHUB_BASE_REF: "develop", GITHUB_HEAD_REF: "topic" },
      },
      {
        run: on("gh-readonly-queue/develop/pr-7", { event: "merge_group" }),
        env: { GITHUB_EVENT_PATH: payload(t, { repository, merge_group: queue }) },
      },
    ];
    for (const options of runs) {
      const storage = await place.open({ ...options, config: { readonly: true } });
      assert.equal(storage.getRepository().countBuilds(), 2);
    }
  });

  for (const [title, run, env] of /** @type {[string, object, NodeJS.ProcessEnv][]} */ ([
    ["a tag", {}, { GITHUB_REF_TYPE: "tag" }],
    ["a merge queue", { event: "merge_group" }, {}],
  ])) {
    test(`a run for ${title} is told that others do not read what it records`, async () => {
      await place.track(1);
      const { warnings } = await place.track(2, { run: on("v1", run), env });
      assert.deepEqual(
        warnings.map(({ code }) => code),
        ["ARTIFACT_UNSEEN"],
      );
      const config = { artifactBranchFilter: "*" };
      assert.deepEqual((await place.track(3, { run: on("v2", run), env, config })).warnings, []);
      assert.deepEqual(await place.runs(config), names(1, 2, 3));
    });
  }

  test("where only other branches have a history none begins, until somebody has decided", async () => {
    await place.addHistory({ builds: [66], run: on("x", { event: "pull_request" }) });
    await place.track(1, { run: on("v1"), env: { GITHUB_REF_TYPE: "tag" } });
    const before = place.github.artifacts.length;
    await assert.rejects(place.open(), {
      code: "ARTIFACT_ELSEWHERE",
      message: /no history of runs for `main`, but one of `v1`/,
      hint: /`artifact-branch-filter` set to `\*`/,
    });
    assert.equal(place.github.artifacts.length, before);
    const shown = await place.open({ config: { readonly: true } });
    assert.deepEqual([shown.existed, shown.warnings[0].code], [false, "ARTIFACT_ELSEWHERE"]);
    await place.track(2, { config: { artifactBranchFilter: "*" } });
    assert.deepEqual(await place.runs(), names(1, 2), "once is enough");
  });

  for (const [runs, message] of /** @type {[number, RegExp][]} */ ([
    [9, /no history of runs for `main`, but one of `v1`: /],
    [
      10,
      /no history of runs for `main`, but there may be one: .*, and the artifact `unentropy-metrics` \(\d+\) of `v1` was not examined/,
    ],
    [
      11,
      /no history of runs for `main`, but there may be one: .*, and the artifact `unentropy-metrics` \(\d+\) of `x` was not examined/,
    ],
  ])) {
    test(`${runs} runs of pull requests do not hide that another branch has the history`, async () => {
      await place.track(1, { run: on("v1"), env: { GITHUB_REF_TYPE: "tag" } });
      const zip = await pack({ [ENTRY]: historyOf([66]) }, 0);
      const before = place.github.artifacts.length + runs;
      for (let n = 0; n < runs; n++) {
        place.github.addArtifact({ name: NAME, run: on("x", { event: "pull_request" }), zip });
      }
      await assert.rejects(place.open(), {
        code: "ARTIFACT_ELSEWHERE",
        message,
        hint: /`on-missing` to `begin`/,
      });
      assert.equal(place.github.artifacts.length, before);
      const shown = await place.open({ config: { readonly: true } });
      assert.deepEqual([shown.existed, shown.warnings[0].code], [false, "ARTIFACT_ELSEWHERE"]);
      const begun = await place.open({ config: { onMissing: "begin" } });
      assert.deepEqual([begun.existed, begun.warnings[0].code], [false, "HISTORY_REPAIRED"]);
      assert.deepEqual(await place.runs({ artifactBranchFilter: "*" }), names(1));
    });
  }

  test("the branch of a run is that of its own repository only", async () => {
    await place.track(1);
    await place.track(2, { run: on("topic") });
    const env = { GITHUB_REPOSITORY: "octo/another", GITHUB_REF_NAME: "topic" };
    const storage = await place.open({ env, config: { repository: "octo/widgets", readonly: true } });
    assert.equal(storage.getRepository().countBuilds(), 1);
  });
});
