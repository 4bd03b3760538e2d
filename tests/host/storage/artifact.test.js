// Histories in artifacts on bad days: what overlapping runs leave, what has expired, what is no history, what GitHub
// refuses. In every case nothing is lost and nothing is begun anew.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { AS_PROPERTIES } from "../../../js/spelling.js";
import { pack } from "../../../js/storage/artifact/zip.js";
import { record, runsIn } from "../conformance/builds.js";
import { ArtifactPlace, ENTRY, historyOf, NAME } from "./artifact-place.js";

/** @import { Fault } from "../../servers/faults.js" */

const DAY = 86_400_000;
const HOUR = 3_600_000;

/** @type {ArtifactPlace} */
let place;
beforeEach(async () => {
  place = await ArtifactPlace.start();
});
afterEach(() => place.stop());

/** @param {number[]} builds */
const names = (...builds) => builds.map((n) => `w/${n}`);

/** Nothing was uploaded by what the body does. @param {() => Promise<void>} body */
async function withoutUpload(body) {
  const before = place.github.artifacts.map(({ id }) => id);
  await body();
  assert.deepEqual(
    place.github.artifacts.map(({ id }) => id),
    before,
  );
}

describe("overlapping runs", () => {
  test("a run after another finds its history, and location and size tell which", async () => {
    await place.track(1);
    const second = await place.track(2);
    assert.deepEqual(await place.runs(), names(1, 2));
    assert.equal(second.location, `artifact://${NAME}#${place.complete().at(-1)?.id}`);
  });

  test("of two that load the same history and upload one after the other the later one takes the earlier one in", async () => {
    await place.track(0);
    const [one, two] = [await place.open(), await place.open()];
    record(one.getRepository(), 1);
    record(two.getRepository(), 2);
    await one.close();
    await two.close();
    const last = place.complete().at(-1);
    assert.equal((await place.opened(last?.id ?? 0)).lineage?.builds, 3);
    assert.deepEqual(await place.runs(), names(0, 1, 2));
  });

  test("of two that upload at the very same moment both are kept and merged by whoever loads next", async () => {
    await place.track(0);
    const [one, two] = [await place.open(), await place.open()];
    record(one.getRepository(), 1);
    record(two.getRepository(), 2);
    // Both have looked before either has uploaded.
    place.github.script([{ url: /CreateArtifact/, fault: { kind: "late", ms: 300 } }]);
    await Promise.all([one.close(), two.close()]);
    place.github.script([]);
    assert.equal(place.complete().length, 3);
    assert.deepEqual(await place.runs(), names(0, 1, 2));
    await place.track(3);
    place.github.seen = [];
    assert.deepEqual(await place.runs(), names(0, 1, 2, 3));
    assert.equal(place.github.seen.filter(({ url }) => url.endsWith("/zip")).length, 1, "merged for good");
  });

  test("a run whose upload comes to light late is merged although newer ones were built meanwhile", async () => {
    await place.track(0);
    const slow = await place.open();
    record(slow.getRepository(), 1);
    place.github.script([{ url: /comp=blocklist/, times: 1, fault: { kind: "late", ms: 400 } }]);
    const closing = slow.close();
    await new Promise((resolve) => setTimeout(resolve, 150));
    await place.track(2);
    await closing;
    const [, second, third] = place.complete();
    assert.ok(second.id < third.id);
    assert.deepEqual(await place.runs(), names(0, 1, 2));
    await place.track(3);
    assert.deepEqual(await place.runs(), names(0, 1, 2, 3));
  });

  test("jobs of one run each add to what the earlier ones have, under names of their own", async () => {
    const run = place.github.addRun();
    const [one, two, three] = [
      await place.open({ run }),
      await place.open({ run }),
      await place.open({ run }),
    ];
    for (const [n, storage] of [one, two, three].entries()) record(storage.getRepository(), n);
    await Promise.all([one.close(), two.close(), three.close()]);
    assert.deepEqual(
      place.complete().map(({ name }) => name),
      [NAME, `${NAME}.2`, `${NAME}.3`],
    );
    assert.deepEqual(
      new Set([one, two, three].map(({ location }) => location)),
      new Set(place.complete().map(({ name, id }) => `artifact://${name}#${id}`)),
    );
    assert.deepEqual(await place.runs(), names(0, 1, 2));
    await place.track(3);
    assert.deepEqual(await place.runs(), names(0, 1, 2, 3));
  });

  test("a run that is run again has its name anew and loses nothing", async () => {
    const run = place.github.addRun();
    await place.track(1, { run });
    await place.track(2, { run: place.github.rerun(run) });
    assert.deepEqual(
      place.complete().map(({ name }) => name),
      [NAME, NAME],
    );
    assert.deepEqual(await place.runs(), names(1, 2));
  });

  test("a run that is run again where names of earlier attempts stay taken has the next one at once", async () => {
    place.github.keepsNames = true;
    let run = place.github.addRun();
    for (let n = 1; n <= 4; n++) {
      await place.track(n, { run });
      run = place.github.rerun(run);
      for (const artifact of place.github.artifacts) artifact.createdAt -= 10 * HOUR;
    }
    assert.deepEqual(
      place.complete().map(({ name }) => name),
      [NAME, `${NAME}.2`, `${NAME}.3`, `${NAME}.4`],
    );
    assert.deepEqual(await place.runs(), names(1, 2, 3, 4));
    assert.equal(place.later, 0, "nobody waited");
  });

  test("a name that a job took before it was killed stands in nobody's way", async () => {
    const run = place.github.addRun();
    const dead = place.store({}, run);
    await dead.read();
    place.github.script([
      { url: /FinalizeArtifact|DeleteArtifact/, times: 6, fault: { kind: "answer", status: 500 } },
    ]);
    await assert.rejects(dead.write(historyOf([9]), null));
    place.github.script([]);
    await place.track(1, { run });
    assert.deepEqual(
      place.complete().map(({ name }) => name),
      [`${NAME}.2`],
    );
    assert.deepEqual(await place.runs(), names(1));
  });

  test("a later job of a run which others overtook for hours is found", async () => {
    const run = place.github.addRun();
    await place.track(1, { run });
    await place.track(2, { run });
    const slow = await place.open({ run });
    record(slow.getRepository(), 3);
    for (const artifact of place.github.artifacts) artifact.createdAt -= 30 * HOUR;
    await place.track(4);
    place.github.script([{ url: /CreateArtifact/, fault: { kind: "late", ms: 300 } }]);
    const closing = slow.close();
    const fifth = place.track(5);
    await Promise.all([closing, fifth]);
    place.github.script([]);
    assert.deepEqual(await place.runs(), names(1, 2, 3, 4, 5));
  });

  test("what a history holds is one number but for the last hours, and no list is read further than that", async () => {
    for (let n = 1; n <= 6; n++) {
      await place.track(n);
      for (const artifact of place.github.artifacts) artifact.createdAt -= HOUR;
    }
    const all = place.complete();
    const { lineage } = await place.opened(all[5].id);
    assert.equal(lineage?.floor, all[2].id);
    assert.deepEqual(lineage?.ids, [all[3].id, all[4].id]);
    const many = await place.addHistory({ builds: [7] });
    for (let n = 0; n < 250; n++) place.github.artifacts.unshift({ ...many, id: n + 1, createdAt: 0 });
    place.github.seen = [];
    await place.runs();
    assert.ok(place.github.seen.filter(({ url }) => url.includes(`name=${NAME}`)).length <= 3);
  });

  test("a history that was uploaded by hand is taken over, with others of the same hours", async () => {
    const createdAt = Date.now() - 40 * DAY;
    await place.addHistory({ builds: [1], createdAt: createdAt - 30 * DAY });
    await place.addHistory({ builds: [1, 2], createdAt: createdAt - HOUR });
    await place.addHistory({ builds: [1, 3], createdAt });
    assert.deepEqual(await place.runs(), names(1, 2, 3));
  });

  test("a list that is not in order is read to its end", async () => {
    await place.track(1);
    await place.track(2);
    place.github.artifacts.reverse();
    assert.deepEqual(await place.runs(), names(1, 2));
  });
});

describe("only a confirmed absence begins a history", () => {
  /** @type {[string, Fault, string][]} */
  const refusals = [
    ["a server error", { kind: "answer", status: 502 }, "GITHUB_SERVER_ERROR"],
    [
      "a list that is missing",
      { kind: "answer", status: 200, body: { total_count: 0 } },
      "GITHUB_UNEXPECTED",
    ],
    [
      "a list of something else",
      { kind: "answer", status: 200, body: { artifacts: [{ id: 1 }] } },
      "GITHUB_UNEXPECTED",
    ],
    ["a page of a proxy", { kind: "answer", status: 200, body: "<html>log in" }, "GITHUB_UNEXPECTED"],
    ["an empty answer", { kind: "answer", status: 200, body: "" }, "GITHUB_UNEXPECTED"],
    [
      "a missing repository",
      { kind: "answer", status: 404, body: { message: "Not Found" } },
      "GITHUB_NOT_FOUND",
    ],
    ["a token that is not valid", { kind: "answer", status: 401 }, "GITHUB_AUTH_FAILED"],
    ["a right that is missing", { kind: "answer", status: 403 }, "GITHUB_FORBIDDEN"],
    ["a limit", { kind: "answer", status: 429, headers: { "retry-after": "4000" } }, "GITHUB_RATE_LIMITED"],
    ["a broken connection", { kind: "reset" }, "GITHUB_UNREACHABLE"],
    ["a list that is cut off", { kind: "truncate", after: 30 }, "GITHUB_UNREACHABLE"],
  ];
  for (const [name, fault, code] of refusals) {
    test(`${name} is none`, async () => {
      place.github.script([{ url: /\/artifacts\?/, fault }]);
      await withoutUpload(() => assert.rejects(place.open(), { code, type: "storage" }));
    });
  }

  test("a failure of the second page, or of the second name, is none", async () => {
    for (let n = 0; n < 120; n++)
      await place.addHistory({ builds: [], run: place.github.addRun({ fork: true }) });
    for (const url of [/[?&]page=2/, /\.2(&|$)/]) {
      place.github.script([{ url, fault: { kind: "answer", status: 500 } }]);
      await assert.rejects(place.open(), { code: "GITHUB_SERVER_ERROR" });
    }
    place.github.script([]);
    assert.equal((await place.open()).existed, false);
  });

  test("a token without the right to read artifacts is told the line that is missing", async () => {
    const githubToken = place.github.token({ contents: "read" });
    await assert.rejects(place.open({ config: { githubToken } }), {
      code: "GITHUB_FORBIDDEN",
      message: /lacks `actions: read`/,
      hint: /`actions: read` below `permissions:`/,
    });
  });

  test("a history that has expired is none, and what to do is said", async () => {
    await place.addHistory({ builds: [1], expired: true, expiresAt: Date.parse("2026-08-01") });
    await withoutUpload(() =>
      assert.rejects(place.open(), {
        code: "ARTIFACT_EXPIRED",
        message: /has expired on 2026-08-01/,
        hint: /`on-missing` set to `begin`/,
      }),
    );
  });

  test("an older one that is left is not taken for the newest, which has expired", async () => {
    await place.addHistory({ builds: [1] });
    await place.addHistory({ builds: [1, 2], expired: true });
    await assert.rejects(place.open(), { code: "ARTIFACT_EXPIRED" });
  });

  test("one that expired after it was taken in is missed by nobody, and one that was not is told", async () => {
    await place.track(1);
    const [one, two] = [await place.open(), await place.open()];
    record(one.getRepository(), 2);
    record(two.getRepository(), 3);
    place.github.script([{ url: /CreateArtifact/, fault: { kind: "late", ms: 300 } }]);
    await Promise.all([one.close(), two.close()]);
    place.github.script([]);
    const [first, second] = place.github.artifacts;
    first.expired = true;
    const quiet = await place.open();
    assert.deepEqual(quiet.warnings, []);
    second.expired = true;
    const told = await place.open();
    assert.deepEqual(
      told.warnings.map(({ code }) => code),
      ["ARTIFACT_EXPIRED"],
    );
  });

  test("one that is gone between the list and the download is looked for again", async () => {
    await place.track(1);
    place.github.script([{ url: /\/zip$/, times: 1, fault: { kind: "answer", status: 410 } }]);
    assert.deepEqual(await place.runs(), names(1));
    place.github.script([{ url: /\/zip$/, fault: { kind: "answer", status: 410 } }]);
    await assert.rejects(place.open(), { code: "GITHUB_GONE" });
  });
});

/** The codes of the warnings. @param {{warnings: readonly {code: string}[]}} storage */
const codes = ({ warnings }) => warnings.map(({ code }) => code);

describe("on-missing", () => {
  /** @param {"fail" | "restore" | "begin"} onMissing @param {boolean} [readonly] */
  const choosing = (onMissing, readonly = false) => place.open({ config: { onMissing, readonly } });

  test("`restore` goes on with the newest artifact that has not expired, says so, and settles it", async () => {
    await place.addHistory({ builds: [1] });
    const { id } = await place.addHistory({ builds: [1, 2], createdAt: Date.now() - HOUR });
    await place.addHistory({ builds: [1, 2, 3], expired: true });
    await withoutUpload(async () => {
      await assert.rejects(choosing("fail"), { code: "ARTIFACT_EXPIRED", hint: /`restore`.*`begin`/s });
      const shown = await choosing("restore", true);
      assert.deepEqual([runsIn(shown.getRepository()), codes(shown)], [names(1, 2), ["HISTORY_REPAIRED"]]);
    });
    const storage = await choosing("restore");
    assert.match(storage.warnings[0].message, new RegExp(`has expired.*; restored from .*\\(${id}\\)$`));
    record(storage.getRepository(), 4);
    await storage.close();
    const next = await choosing("fail");
    assert.deepEqual([runsIn(next.getRepository()), codes(next)], [names(1, 2, 4), []]);
  });

  test("`restore` does not begin where nothing is left", async () => {
    await place.addHistory({ builds: [1], expired: true });
    await withoutUpload(() =>
      assert.rejects(choosing("restore"), { code: "ARTIFACT_EXPIRED", hint: /no earlier artifact is left/ }),
    );
  });

  for (const left of [[], [1]]) {
    test(`\`begin\` starts a new history${left.length > 0 ? " also where an earlier one could be read" : ""}, and settles it`, async () => {
      if (left.length > 0) await place.addHistory({ builds: left });
      await place.addHistory({ builds: [1, 2], expired: true });
      await withoutUpload(() => assert.rejects(choosing("begin", true), { code: "ARTIFACT_EXPIRED" }));
      const storage = await choosing("begin");
      assert.deepEqual([storage.existed, codes(storage)], [false, ["HISTORY_REPAIRED"]]);
      record(storage.getRepository(), 3);
      await storage.persist();
      record(storage.getRepository(), 4);
      await storage.close();
      for (let n = 0; n < 2; n++) {
        const next = await choosing("fail");
        assert.deepEqual([runsIn(next.getRepository()), codes(next)], [names(3, 4), []]);
        for (const artifact of place.github.artifacts) artifact.createdAt -= 5 * HOUR;
        await place.track(4);
      }
    });
  }

  test("`begin` takes in what an overlapping run has stored meanwhile", async () => {
    await place.addHistory({ builds: [1], expired: true });
    const [one, two] = [await choosing("begin"), await choosing("begin")];
    record(one.getRepository(), 2);
    record(two.getRepository(), 3);
    await Promise.all([one.close(), two.close()]);
    assert.deepEqual(await place.runs(), names(2, 3));
  });

  test("`begin` starts a history of its own where only another branch has one", async () => {
    await place.track(1, { run: place.github.addRun({ branch: "topic" }) });
    await withoutUpload(() => assert.rejects(choosing("restore"), { code: "ARTIFACT_ELSEWHERE" }));
    const storage = await choosing("begin");
    assert.deepEqual([storage.existed, codes(storage)], [false, ["HISTORY_REPAIRED"]]);
    record(storage.getRepository(), 2);
    await storage.close();
    assert.deepEqual(await place.runs(), names(2));
  });
});

describe("on-corrupt", () => {
  /** @param {"fail" | "restore" | "recreate"} onCorrupt @param {boolean} [readonly] */
  const choosing = (onCorrupt, readonly = false) => place.open({ config: { onCorrupt, readonly } });
  /** @param {Uint8Array} zip */
  const upload = (zip) => place.github.addArtifact({ name: NAME, run: place.github.addRun(), zip });
  const spoiled = Buffer.from(historyOf([9]));
  spoiled.fill(0xff, 4096, 8192);

  /** Artifacts that cannot be read, and with what code. @type {[string, () => Promise<Uint8Array>, string][]} */
  const bad = [
    ["no archive", async () => Buffer.from("this is no archive"), "ARTIFACT_DAMAGED"],
    ["another file", () => pack({ "x.html": Buffer.from("<html>") }, 0), "ARTIFACT_FOREIGN"],
    ["no SQLite file", () => pack({ [ENTRY]: Buffer.from("poison ".repeat(500)) }, 0), "HISTORY_NOT_SQLITE"],
    ["a damaged history", () => pack({ [ENTRY]: spoiled }, 0), "HISTORY_CORRUPT"],
    [
      "a lineage that claims the future",
      () => pack({ [ENTRY]: historyOf([9]), "unentropy-lineage.json": Buffer.from("[]") }, 0),
      "ARTIFACT_DAMAGED",
    ],
  ];
  for (const [name, content, code] of bad) {
    for (const overlaps of [false, true]) {
      test(`${name}${overlaps ? " beside good ones" : ""}: \`fail\` names the choices, \`restore\` leaves it out for good`, async () => {
        await place.track(1);
        const good = place.complete()[0];
        if (!overlaps) good.createdAt -= 5 * HOUR;
        const damaged = upload(await content());
        const left = overlaps ? (await place.addHistory({ builds: [2] })).id : good.id;
        const builds = overlaps ? names(1, 2) : names(1);
        await withoutUpload(async () => {
          await assert.rejects(choosing("fail"), {
            code,
            hint: /`on-corrupt` set to `restore`.*`recreate`/s,
          });
          await assert.rejects(choosing("recreate", true), { code });
          const shown = await choosing("restore", true);
          assert.deepEqual([runsIn(shown.getRepository()), codes(shown)], [builds, ["HISTORY_REPAIRED"]]);
        });
        const storage = await choosing("restore");
        const [{ message }] = storage.warnings;
        assert.ok(message.includes(String(damaged.id)), message);
        assert.ok(message.endsWith(`restored from the artifact \`${NAME}\` (${left})`), message);
        record(storage.getRepository(), 3);
        await storage.close();
        const next = await choosing("fail");
        assert.deepEqual([runsIn(next.getRepository()), codes(next)], [[...builds, ...names(3)], []]);
      });
    }

    test(`${name}: \`recreate\` starts a new history, once`, async () => {
      await place.track(1);
      upload(await content());
      const storage = await choosing("recreate");
      assert.deepEqual([storage.existed, codes(storage)], [false, ["HISTORY_REPAIRED"]]);
      record(storage.getRepository(), 3);
      await storage.close();
      assert.deepEqual(await place.runs(), names(3));
      await place.track(4);
      assert.deepEqual(await place.runs(), names(3, 4));
    });
  }

  test("a history whose metrics are of another type is left out too, and never the recorded one", async () => {
    const context = {
      commitSha: "a".repeat(40),
      branch: "main",
      runNumber: 1,
      eventName: "push",
      timestamp: "2026-01-01T00:00:00Z",
    };
    const metric = { id: "size", unit: null, description: null };
    const own = await place.open();
    own
      .getRepository()
      .recordBuild({ ...context, runId: "own" }, [{ metric: { ...metric, type: "numeric" }, value: 1 }]);
    await own.close();
    const other = await place.open({ config: { artifactName: "other" } });
    other
      .getRepository()
      .recordBuild({ ...context, runId: "other" }, [{ metric: { ...metric, type: "label" }, value: "big" }]);
    const { id } = await place.addHistory({ bytes: other.snapshot() });
    await assert.rejects(choosing("fail"), { code: "BUILD_INVALID", message: new RegExp(`\\(${id}\\)`) });
    const storage = await choosing("restore");
    assert.deepEqual([runsIn(storage.getRepository()), codes(storage)], [["own"], ["HISTORY_REPAIRED"]]);
  });

  test("where nothing is left `restore` begins nothing", async () => {
    upload(Buffer.from("x"));
    upload(Buffer.from("y"));
    await withoutUpload(() =>
      assert.rejects(choosing("restore"), { code: "HISTORY_NOT_RESTORED", hint: /`recreate`/ }),
    );
  });

  test("what GitHub does not give is no damage, whatever was chosen", async () => {
    await place.track(1);
    for (const choice of /** @type {const} */ (["restore", "recreate"])) {
      place.github.script([{ url: /\/zip$/, fault: { kind: "answer", status: 500 } }]);
      await withoutUpload(() => assert.rejects(choosing(choice), { code: "GITHUB_SERVER_ERROR" }));
    }
  });
});

describe("whose artifacts are used", () => {
  test("those of forks never are", async () => {
    const fork = place.github.addRun({ fork: true });
    await place.addHistory({ builds: [66], run: fork });
    assert.equal((await place.open()).existed, false);
    await place.track(1);
    await place.addHistory({ builds: [67], run: fork });
    assert.deepEqual(await place.runs(), names(1));
  });

  test("those whose run GitHub does not tell stop the run where there is nothing else", async () => {
    const { id, name } = await place.addHistory({ builds: [1] });
    const artifacts = [
      { id, name, expired: false, created_at: new Date().toISOString(), workflow_run: null },
    ];
    const body = { total_count: 1, artifacts };
    place.github.script([{ url: /name=unentropy-metrics$/, fault: { kind: "answer", status: 200, body } }]);
    await withoutUpload(() => assert.rejects(place.open(), { code: "ARTIFACT_ORIGIN_UNKNOWN" }));
  });

  test("those of other branches are not where a branch is named", async () => {
    await place.track(1, { run: place.github.addRun({ branch: "topic" }) });
    const config = { artifactBranchFilter: "main" };
    assert.equal((await place.open({ config })).existed, false);
    await place.track(2, { config });
    assert.deepEqual(await place.runs(config), names(2));
    assert.deepEqual(await place.runs({ artifactBranchFilter: "*" }), names(1, 2), "and both where all are");
  });

  test("a run for a branch that nobody looks at is told so", async () => {
    const run = place.github.addRun({ branch: "topic" });
    const storage = await place.track(1, { run, config: { artifactBranchFilter: "main" } });
    assert.deepEqual(
      storage.warnings.map(({ code }) => code),
      ["ARTIFACT_UNSEEN"],
    );
  });

  test("those of another name are not, even where the server lists them", async () => {
    await place.addHistory({ builds: [1], name: "other" });
    place.github.script([]);
    assert.equal((await place.open()).existed, false);
  });
});

describe("what is in an artifact", () => {
  /** @type {[string, () => Promise<Uint8Array>, string][]} */
  const archives = [
    ["no archive", async () => Buffer.from("this is no archive"), "ARTIFACT_DAMAGED"],
    [
      "an archive that is cut off",
      async () => (await pack({ [ENTRY]: historyOf([1]) }, 0)).subarray(0, 400),
      "ARTIFACT_DAMAGED",
    ],
    ["an empty archive", () => pack({}, 0), "ARTIFACT_FOREIGN"],
    ["another file", () => pack({ "report.html": Buffer.from("<html>") }, 0), "ARTIFACT_FOREIGN"],
    [
      "a file that is no history",
      () => pack({ [ENTRY]: Buffer.from("poison ".repeat(500)) }, 0),
      "HISTORY_NOT_SQLITE",
    ],
    [
      "a lineage that is damaged",
      () => pack({ [ENTRY]: historyOf([1]), "unentropy-lineage.json": Buffer.from("{") }, 0),
      "ARTIFACT_DAMAGED",
    ],
    [
      "a history that is not the lineage's",
      () =>
        pack(
          {
            [ENTRY]: historyOf([1]),
            "unentropy-lineage.json": Buffer.from(
              JSON.stringify({ format: 1, scope: "", floor: 0, ids: [], sha256: "00", builds: 1 }),
            ),
          },
          0,
        ),
      "ARTIFACT_DAMAGED",
    ],
    [
      "a name that leads out of the archive",
      async () =>
        renamed(
          await pack({ [ENTRY]: historyOf([1]), aaaaaaaa: Buffer.from("x") }, 0),
          "aaaaaaaa",
          "../../aa",
        ),
      "ARTIFACT_DAMAGED",
    ],
    [
      "two histories of one name",
      async () =>
        renamed(
          await pack({ [ENTRY]: historyOf([1]), "aaaaaaaaa-metrics.db": historyOf([2]) }, 0),
          "aaaaaaaaa-metrics.db",
          ENTRY,
        ),
      "ARTIFACT_DAMAGED",
    ],
    [
      "a history that says it is enormous",
      async () => announced(await pack({ [ENTRY]: Buffer.alloc(5000) }, 0), 0x7fffffff),
      "HISTORY_TOO_LARGE",
    ],
    [
      "a history that unpacks to more than it says",
      async () => announced(await pack({ [ENTRY]: Buffer.alloc(5_000_000) }, 0), 5000),
      "ARTIFACT_DAMAGED",
    ],
  ];
  for (const [name, make, code] of archives) {
    test(`${name} stops the run`, async () => {
      const zip = await make();
      place.github.addArtifact({ name: NAME, run: place.github.addRun(), zip });
      await withoutUpload(() => assert.rejects(place.open(), { code, type: "storage" }));
    });
  }

  test("an overlapping run's artifact that is no history stops the run and is named", async () => {
    await place.track(1);
    const bad = await place.addHistory({ bytes: Buffer.from("poison ".repeat(500)) });
    await place.addHistory({ builds: [2] });
    await withoutUpload(() =>
      assert.rejects(place.open(), { code: "HISTORY_NOT_SQLITE", message: new RegExp(`\\(${bad.id}\\)`) }),
    );
  });

  test("a lineage of a later version is no trouble: the history is taken like one without", async () => {
    const later = Buffer.from(JSON.stringify({ format: 2, anything: true }));
    const zip = await pack({ [ENTRY]: historyOf([1]), "unentropy-lineage.json": later }, 0);
    place.github.addArtifact({ name: NAME, run: place.github.addRun(), zip });
    assert.deepEqual(await place.runs(), names(1));
  });

  test("bytes that are not those which were uploaded are not used", async () => {
    await place.addHistory({ builds: [1], digest: `sha256:${"0".repeat(64)}` });
    await assert.rejects(place.open(), { code: "ARTIFACT_DAMAGED" });
    place.github.artifacts.length = 0;
    await place.addHistory({ builds: [1] });
    place.github.script([{ url: /sig=/, times: 1, fault: { kind: "garble", at: 200 } }]);
    assert.deepEqual(await place.runs(), names(1));
  });

  test("a history of another name in the archive is found by that name", async () => {
    await place.addHistory({ builds: [1], entry: "history.db" });
    await assert.rejects(place.open(), { code: "ARTIFACT_FOREIGN", message: /`history\.db`/ });
    assert.deepEqual(await place.runs({ artifactEntry: "history.db" }), names(1));
  });
});

describe("uploads", () => {
  /** @type {[string, RegExp, Fault][]} */
  const healed = [
    ["a creation whose answer is lost", /CreateArtifact/, { kind: "lose-answer" }],
    ["a creation that fails once", /CreateArtifact/, { kind: "answer", status: 502 }],
    ["a block that breaks off", /comp=block&/, { kind: "reset-upload", after: 10 }],
    ["a block whose answer is lost", /comp=block&/, { kind: "lose-answer" }],
    ["a list of blocks whose answer is lost", /comp=blocklist/, { kind: "lose-answer" }],
    ["a completion whose answer is lost", /FinalizeArtifact/, { kind: "lose-answer" }],
  ];
  for (const [name, url, fault] of healed) {
    test(`${name} loses no build`, async () => {
      await place.track(1);
      place.github.script([{ url, fault, times: 1 }]);
      await place.track(2);
      assert.ok(place.github.seen.some((seen) => seen.fault === fault.kind));
      assert.deepEqual(await place.runs(), names(1, 2));
    });
  }

  /** @type {[string, RegExp, Fault, string][]} */
  const failed = [
    ["a store that is down", /comp=block/, { kind: "answer", status: 503 }, "GITHUB_SERVER_ERROR"],
    ["a signed address that is refused", /comp=block/, { kind: "answer", status: 403 }, "GITHUB_FORBIDDEN"],
    [
      "a completion that is refused",
      /FinalizeArtifact/,
      { kind: "answer", status: 400, body: { msg: "no" } },
      "GITHUB_UNEXPECTED",
    ],
    [
      "storage that is used up",
      /CreateArtifact/,
      {
        kind: "answer",
        status: 403,
        body: { code: "resource_exhausted", msg: "insufficient usage to create artifact" },
      },
      "ARTIFACT_QUOTA_EXCEEDED",
    ],
    [
      "a runtime token that is no longer valid",
      /twirp/,
      { kind: "answer", status: 401 },
      "GITHUB_AUTH_FAILED",
    ],
    ["a server without the service", /twirp/, { kind: "answer", status: 404 }, "ARTIFACT_UPLOAD_UNAVAILABLE"],
  ];
  for (const [name, url, fault, code] of failed) {
    test(`${name} ends the run with the stored history as it was and the build still here`, async () => {
      await place.track(1);
      const storage = await place.open();
      record(storage.getRepository(), 2);
      place.github.script([{ url, fault }]);
      await assert.rejects(storage.close(), { code, type: "storage" });
      assert.deepEqual(runsIn(storage.getRepository()), names(1, 2));
      place.github.script([]);
      assert.deepEqual(await place.runs(), names(1));
      await storage.close();
      assert.deepEqual(await place.runs(), names(1, 2), "and it can be tried again");
    });
  }

  test("outside a runner's action histories can be read, and whoever would store is told so at once", async () => {
    await place.track(1);
    const env = { ACTIONS_RUNTIME_TOKEN: "", ACTIONS_RESULTS_URL: "" };
    const storage = await place.open({ env, config: { readonly: true } });
    assert.deepEqual(runsIn(storage.getRepository()), names(1));
    place.github.script([]);
    await assert.rejects(place.open({ env }), {
      code: "ARTIFACT_UPLOAD_UNAVAILABLE",
      hint: /let the action record builds/,
    });
    assert.equal(place.github.seen.length, 0);
  });

  /** @type {[string, NodeJS.ProcessEnv, RegExp, RegExp][]} */
  const serviceless = [
    [
      "an Enterprise Server whose runner names no service",
      { GITHUB_SERVER_URL: "https://git.example.com", ACTIONS_RESULTS_URL: "" },
      /the GitHub Enterprise Server `git\.example\.com` does not have the artifact service/,
      /^Keep the history in S3/,
    ],
    [
      "a runner of github.com that names no service",
      { ACTIONS_RESULTS_URL: "" },
      /the runner does not set `ACTIONS_RESULTS_URL`/,
      /^Update the runner/,
    ],
    [
      "a server of GitHub's own under another name whose runner names no service",
      { GITHUB_SERVER_URL: "https://octo.ghe.com", ACTIONS_RESULTS_URL: "" },
      /the runner does not set `ACTIONS_RESULTS_URL`/,
      /^Update the runner/,
    ],
  ];
  for (const [name, env, message, hint] of serviceless) {
    test(`${name} is told before anything is measured, and the workflow is not blamed`, async () => {
      place.github.script([]);
      await assert.rejects(place.open({ env }), { code: "ARTIFACT_UPLOAD_UNAVAILABLE", message, hint });
      assert.equal(place.github.seen.length, 0);
    });
  }

  test("an Enterprise Server whose named service is not there is told before anything is measured", async () => {
    place.github.script([{ url: /twirp/, fault: { kind: "answer", status: 404 } }]);
    const env = { GITHUB_SERVER_URL: "https://git.example.com" };
    await assert.rejects(place.open({ env }), {
      code: "ARTIFACT_UPLOAD_UNAVAILABLE",
      message: /does not have the artifact service/,
      hint: /^Keep the history in S3/,
    });
  });

  test("an Enterprise Server with the service keeps histories", async () => {
    for (const n of [1, 2]) await place.track(n, { env: { GITHUB_SERVER_URL: "https://git.example.com" } });
    assert.deepEqual(await place.runs(), names(1, 2));
  });

  test("a large history goes in several blocks and comes back whole", async () => {
    const bytes = Buffer.alloc(
      20_000_000,
      Buffer.from(Array.from({ length: 9973 }, (_, i) => (i * i * 31) % 256)),
    );
    for (let at = 0; at < bytes.length; at += 97) bytes[at] = (at * 2654435761) >>> 11;
    const store = place.store();
    await store.write(bytes, null);
    assert.ok(place.github.seen.some(({ url }) => url.includes("comp=blocklist")));
    assert.equal(Buffer.compare((await place.content()) ?? Buffer.alloc(0), bytes), 0);
  });
});

describe("the end of an artifact", () => {
  test("is warned of two weeks before, and no longer when the history was uploaded anew", async () => {
    await place.addHistory({ builds: [1], expiresAt: Date.now() + 13.5 * DAY });
    const storage = await place.open();
    assert.match(storage.warnings[0].message, /expires in 13 days$/);
    assert.equal(storage.warnings[0].code, "ARTIFACT_EXPIRES");
    record(storage.getRepository(), 2);
    await storage.persist();
    assert.deepEqual(storage.warnings, []);
  });

  test("is told after each upload where artifacts are kept for days only", async () => {
    const storage = await place.track(1, { env: { GITHUB_RETENTION_DAYS: "5" } });
    assert.equal(storage.warnings[0]?.code, "ARTIFACT_EXPIRES");
  });
});

describe("configuration", () => {
  /** @type {[object, RegExp][]} */
  const wrong = [
    [{ artifactName: "a/b" }, /`artifactName` is `a\/b`/],
    [{ artifactName: " " }, /`artifactName`/],
    [{ artifactEntry: "../x.db" }, /`artifactEntry`/],
    [{ githubToken: "" }, /has no `githubToken`/],
    [{ repository: "" }, /has no `repository`/],
    [{ repository: "octo" }, /expected `OWNER\/NAME`/],
    [{ repository: "octo/../x" }, /expected `OWNER\/NAME`/],
    [{ artifactTransfer: "later" }, /expected one of `auto`, `manual`/],
    [{ artifactTransfer: "manual" }, /has no `path`/],
  ];
  for (const [config, message] of wrong) {
    test(`${JSON.stringify(config)} is refused before anything is asked`, async () => {
      place.github.script([]);
      const whole = { repository: "octo/widgets", spelling: AS_PROPERTIES, ...config };
      await assert.rejects(place.open({ config: whole, env: { GITHUB_REPOSITORY: "" } }), {
        type: "validation",
        message,
      });
      assert.equal(place.github.seen.length, 0);
    });
  }
});

test("no secret stands in a message, a warning or a location, whatever fails", async () => {
  await place.track(1);
  const run = place.github.addRun();
  const { env = {} } = place.surroundings(run);
  /** @type {string[]} */
  const told = [];
  /** @type {string[]} */
  const issued = [];
  for (const fault of /** @type {Fault[]} */ ([
    { kind: "answer", status: 403, body: { message: `no ${place.token} ${env.ACTIONS_RUNTIME_TOKEN}` } },
    { kind: "answer", status: 500, body: { msg: `no ${place.token} ${env.ACTIONS_RUNTIME_TOKEN}` } },
    { kind: "reset" },
    { kind: "nonsense" },
    { kind: "garble", at: 3 },
  ])) {
    for (const url of [
      /\/artifacts\?/,
      /\/zip$/,
      /sp=r&/,
      /ListArtifacts/,
      /CreateArtifact/,
      /comp=block&/,
      /Finalize/,
    ]) {
      place.github.script([{ url, fault }]);
      const surroundings = place.surroundings(run);
      surroundings.log = (message) => told.push(message);
      surroundings.onSecret = (secret) => issued.push(secret);
      const { Storage } = await import("../../../js/storage/storage.js");
      const storage = new Storage({ ...place.config, verbose: true }, { ...surroundings, env });
      try {
        await storage.ready();
        record(storage.getRepository(), 2);
        await storage.close();
      } catch (thrown) {
        const error = /** @type {any} */ (thrown);
        told.push(error.message, error.hint, String(error.stack), JSON.stringify(error.cause ?? ""));
      }
      told.push(String(storage.location), ...storage.warnings.map(({ message }) => message));
      storage.cleanup();
    }
  }
  const all = told.join("\n");
  assert.ok(issued.length > 3);
  for (const secret of [place.token, String(env.ACTIONS_RUNTIME_TOKEN), ...issued]) {
    assert.ok(!all.includes(secret), "a secret was told");
  }
  assert.doesNotMatch(all, /sig=[^*]/);
});

/**
 * The archive with one entry's name changed to another of the same length, wherever it stands.
 *
 * @param {Buffer} archive
 * @param {string} from
 * @param {string} to
 */
function renamed(archive, from, to) {
  assert.equal(from.length, to.length);
  return Buffer.from(archive.toString("latin1").replaceAll(from, to), "latin1");
}

/**
 * The archive whose only entry says, in both of its headers, that it unpacks to so many bytes.
 *
 * @param {Buffer} archive
 * @param {number} size
 */
function announced(archive, size) {
  const changed = Buffer.from(archive);
  changed.writeUInt32LE(size, archive.indexOf("PK\u0003\u0004") + 22);
  changed.writeUInt32LE(size, archive.indexOf("PK\u0001\u0002") + 24);
  return changed;
}
