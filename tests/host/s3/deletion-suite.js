/**
 * "History is never lost or silently restarted", on one real server and each kind of bucket that it has: after five
 * runs the stored history is deleted. The server runs already and is named by the environment; see
 * `tools/providers.js`, which takes the rows for its page from the diagnostics.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BUILDS, deletion, kindsOf } from "./deletion.js";

/** @type {import("../../servers/s3.js").S3Server} */
const server = JSON.parse(process.env.S3_SERVER ?? "null");
if (!server) throw new Error("S3_SERVER is not set: `npm run test:providers` runs this");

const limits = { timeout: 300_000 };
/** Every build that a copy may hold: `.bak` has all but the last, an older version has that too. */
const COPIED = Array.from({ length: BUILDS - 1 }, (_, n) => `run-${n + 1}`);

for (const kind of kindsOf(server)) {
  describe(`${server.name}, ${kind.name}`, () => {
    /** @type {ReturnType<typeof deletion> | undefined} */
    let pending;
    const story = () => {
      pending ??= deletion(server, kind);
      return pending;
    };

    test(`${kind.name}: the first run says in one line that a new history starts`, limits, async (t) => {
      const seen = await story();
      t.diagnostic(`deletion ${JSON.stringify(rowOf(kind, seen))}`);
      const { exit, stderr, told } = seen.plain;
      assert.equal(exit, 0, told);
      assert.equal(stderr.split("\n").filter((line) => /\bnew history\b/.test(line)).length, 1, told);
      assert.deepEqual(stderr.match(/^(warning|error).*$/gm) ?? [], [], told);
      assert.equal(seen.first.document.history, "new", seen.first.told);
    });

    test(
      "the runs after the deletion stop, name the remedies and leave every copy as it was",
      limits,
      async () => {
        const { next, touched, copies } = await story();
        for (const { exit, code, hint, told } of next) {
          assert.deepEqual({ exit, code }, { exit: 3, code: "HISTORY_GONE" }, told);
          assert.match(hint, /on-missing.*restore/, told);
          assert.match(hint, /begin/, told);
        }
        assert.ok(copies.includes(".bak"), copies.join());
        assert.deepEqual(touched, []);
      },
    );

    test(`${kind.name}: \`restore\` records on top of the newest good copy`, limits, async () => {
      const { restore, restored, creatable } = await story();
      if (!creatable && !kind.lists) return refused(restore);
      assert.equal(restore.exit, 0, restore.told);
      const expected = [...COPIED, "restored"];
      // An older version has the last build too; so have builds that wait to be added.
      if (restored.includes(`run-${BUILDS}`)) expected.push(`run-${BUILDS}`);
      else assert.ok(!kind.versioned || !kind.lists, `run ${BUILDS} is in an older version`);
      assert.deepEqual(restored, expected.sort(), restore.told);
    });

    test(
      `${kind.name}: \`begin\` starts a new history and keeps the bytes of every copy`,
      limits,
      async () => {
        const { begin, begun, lost, creatable } = await story();
        assert.deepEqual(lost, []);
        if (!creatable && !kind.lists) return refused(begin);
        assert.equal(begin.exit, 0, begin.told);
        assert.ok(begun.includes("begun"), begin.told);
      },
    );
  });
}

/**
 * Where the store refuses a creation over a delete marker, and the run may not look at the versions below.
 *
 * @param {import("./deletion.js").Run} run
 */
function refused({ exit, code, told }) {
  assert.deepEqual({ exit, code }, { exit: 3, code: "STORAGE_CREATE_REFUSED" }, told);
}

/**
 * @param {import("./deletion.js").Kind} kind
 * @param {import("./deletion.js").Deletion} seen
 * @returns {import("../../servers/page.js").DeletionRow}
 */
function rowOf({ name }, { next: [{ exit, code, message }], touched, restore, restored, begin, lost }) {
  const builds = restored.filter((run) => run.startsWith("run-")).length;
  return {
    bucket: name,
    next: `exit code ${exit}${code ? `, \`${code}\`` : ""}`,
    // Times change with every run.
    message: message.replace(/ of \d{4}-\d\d-\d\dT[\d:]+Z/g, ""),
    copies: touched.length === 0 ? "untouched" : `CHANGED: ${touched.join(", ")}`,
    restore: restore.exit === 0 ? `${builds} of ${BUILDS} builds` : outcome(restore),
    begin:
      begin.exit === 0 ? (lost.length === 0 ? "copies kept" : `LOST: ${lost.join(", ")}`) : outcome(begin),
  };
}

/** @param {import("./deletion.js").Run} run */
const outcome = ({ exit, code }) => `exit code ${exit}${code ? `, \`${code}\`` : ""}`;
