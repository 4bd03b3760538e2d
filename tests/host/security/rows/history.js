// Histories that someone has damaged, exchanged, deleted or forged.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { pack } from "../../../../js/storage/artifact/zip.js";
import { ArtifactPlace, ENTRY, historyOf, NAME } from "../../storage/artifact-place.js";
import { Project, ROOT, told } from "../../support/project.js";
import { act } from "../../support/runner.js";

/** @import { TestContext } from "node:test" */
/** @import { Attack } from "../attacks.js" */

const GOOD = fs.readFileSync(path.join(ROOT, "tests/fixtures/history/schema-2.0.0.db"));

/** A project whose one command leaves a mark. @param {TestContext} t @param {Record<string, string | Uint8Array>} [files] */
const marked = (t, files = {}) =>
  new Project(t, files).config({ metrics: { a: { type: "numeric", command: "touch ran; echo 1" } } });

/**
 * A local history that is refused before any command runs, and keeps its bytes.
 * @param {string} what
 * @param {string} code
 * @param {Uint8Array | ((project: Project) => void)} forged the file, or what is done to a good one
 * @param {{env?: NodeJS.ProcessEnv}} [options]
 * @returns {Attack}
 */
const refused = (what, code, forged, options) => ({
  who: "a history file",
  what,
  outcome: "refused before any command runs; not one byte of it changes",
  code: `\`${code}\``,
  async run(t) {
    const project = marked(t, { "m.db": forged instanceof Uint8Array ? forged : GOOD });
    if (!(forged instanceof Uint8Array)) forged(project);
    const before = project.read("m.db");
    const outcome = await project.run(["track", "--json", "--db", "m.db"], options);
    assert.equal(outcome.code, 3, told(outcome));
    assert.equal(JSON.parse(outcome.stdout).error.code, code);
    assert.deepEqual(project.read("m.db"), before);
    assert.equal(project.exists("ran"), false);
  },
});

/** @param {number} at @param {number[]} bytes */
function patched(at, ...bytes) {
  const copy = Buffer.from(GOOD);
  copy.set(bytes, at);
  return copy;
}

/** @param {string} statements */
const sql = (statements) => (/** @type {Project} */ project) =>
  void execFileSync("sqlite3", [project.path("m.db"), statements]);

/**
 * An upload under the history's name, after which the next run on the main branch still has the builds before it.
 * @param {string} who
 * @param {string} what
 * @param {string} code
 * @param {(place: ArtifactPlace) => Promise<unknown>} upload
 * @returns {Attack}
 */
const uploaded = (who, what, code, upload) => ({
  who,
  what,
  outcome: "the next run on the main branch keeps every build",
  code,
  async run(t) {
    const place = await ArtifactPlace.start();
    t.after(() => place.stop());
    for (const build of [1, 2]) await place.track(build);
    for (const artifact of place.github.artifacts) artifact.createdAt -= 3_600_000;
    await upload(place);
    const project = marked(t);
    const outcome = await act(
      project,
      { "github-token": place.github.token({ actions: "read" }) },
      place.github.jobEnvironment(place.github.addRun()),
    );
    assert.equal(outcome.code, 0, told(outcome));
    assert.equal(outcome.outputs["total-builds"], "3", told(outcome));
    if (code !== "none") assert.ok(told(outcome).includes(code.replaceAll("`", "")), told(outcome));
  },
});

/** @param {ArtifactPlace} place @param {object} run @param {object} claims */
async function claim(place, run, claims) {
  const bytes = historyOf([66]);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const scope = `octo/widgets ${NAME}`;
  const lineage = { format: 1, scope, branches: null, floor: 0, ids: [], sha256, builds: 1, ...claims };
  const files = { [ENTRY]: bytes, "unentropy-lineage.json": Buffer.from(JSON.stringify(lineage)) };
  await place.github.addArtifact({ name: NAME, run: place.github.addRun(run), zip: await pack(files, 0) });
}

/** @type {Attack[]} */
export const attacks = [
  refused("is words", "HISTORY_NOT_SQLITE", Buffer.from("no database ".repeat(900))),
  refused("was cut in half", "HISTORY_CORRUPT", GOOD.subarray(0, GOOD.length >> 1)),
  refused("has a ruined first table", "HISTORY_CORRUPT", patched(100, ...Array(60).fill(0xff))),
  refused("is of a newer program", "HISTORY_NEWER", patched(60, 0, 0, 0, 99)),
  refused("is another program's database", "HISTORY_FOREIGN", (project) => {
    fs.rmSync(project.path("m.db"));
    sql("CREATE TABLE users(id); INSERT INTO users VALUES (1)")(project);
  }),
  refused(
    "has a trigger that deletes builds",
    "HISTORY_FOREIGN",
    sql("CREATE TRIGGER t AFTER INSERT ON metric_values BEGIN DELETE FROM build_contexts WHERE id < 9; END"),
  ),
  refused(
    "has a view in a table's place",
    "HISTORY_FOREIGN",
    sql("ALTER TABLE metric_values RENAME TO v; CREATE VIEW metric_values AS SELECT * FROM v"),
  ),
  refused("has committed builds in a write-ahead log beside it", "HISTORY_HOT_JOURNAL", (project) => {
    project.write("m.db-wal", "x".repeat(100));
  }),
  {
    who: "the machine",
    what: "deletes a history that has a backup",
    outcome: "nothing is started again; the backup keeps its builds",
    code: "`HISTORY_GONE`",
    async run(t) {
      const project = marked(t);
      for (let build = 0; build < 2; build++) await project.track("--db", "m.db");
      const backup = project.read("m.db.bak");
      fs.rmSync(project.path("m.db"));
      const { code, document } = await project.track("--db", "m.db");
      assert.deepEqual([code, document.error.code], [3, "HISTORY_GONE"]);
      assert.deepEqual([project.exists("m.db"), project.read("m.db.bak").equals(backup)], [false, true]);
    },
  },
  {
    who: "another repository",
    what: "records into this one's history by mistake",
    outcome: "refused before any command runs",
    code: "`HISTORY_OTHER_REPOSITORY`",
    async run(t) {
      const project = marked(t);
      const from = (/** @type {string} */ repository, /** @type {string} */ id) =>
        project.run(["track", "--json"], {
          env: {
            GITHUB_SERVER_URL: "https://github.com",
            GITHUB_REPOSITORY: repository,
            GITHUB_REPOSITORY_ID: id,
          },
        });
      assert.equal((await from("octo/one", "1")).code, 0);
      fs.rmSync(project.path("ran"));
      const other = await from("octo/two", "2");
      assert.deepEqual([other.code, JSON.parse(other.stdout).error.code], [3, "HISTORY_OTHER_REPOSITORY"]);
      assert.equal(project.exists("ran"), false);
    },
  },
  uploaded("a pull request's run", "uploads a history under the artifact's name", "none", (place) =>
    place.addHistory({ builds: [66], run: place.github.addRun({ event: "pull_request", branch: "main" }) }),
  ),
  uploaded("a pull request's run", "claims in its lineage to hold every artifact there is", "none", (place) =>
    claim(place, { event: "pull_request", branch: "main" }, { floor: Number.MAX_SAFE_INTEGER }),
  ),
  uploaded("a fork's run", "uploads a history under the artifact's name", "none", (place) =>
    place.addHistory({ builds: [66], run: place.github.addRun({ fork: true }) }),
  ),
  uploaded("a run of another branch", "uploads a history under the artifact's name", "none", (place) =>
    place.addHistory({ builds: [66], run: place.github.addRun({ branch: "topic" }) }),
  ),
];
