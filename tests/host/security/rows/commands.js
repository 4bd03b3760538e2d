// Metrics' commands that print, leave behind or change what they should not.

import assert from "node:assert/strict";
import { withLimit } from "../../support/limits.js";
import { runs, until } from "../../support/processes.js";
import { Project, told } from "../../support/project.js";
import { act } from "../../support/runner.js";

/** @import { TestContext } from "node:test" */
/** @import { Attack } from "../attacks.js" */

const skip = process.platform === "win32" && "POSIX commands";
const who = "a metric's command";
const good = { type: "numeric", command: "echo 7" };

/** A project with one hostile metric and a good one. @param {TestContext} t @param {object} metric */
const beside = (t, metric) =>
  new Project(t).config({ metrics: { bad: { type: "numeric", ...metric }, good } });

/**
 * A command whose own metric fails, while the other one is recorded.
 * @param {string} what
 * @param {string} code
 * @param {object} metric
 * @returns {Attack}
 */
const fails = (what, code, metric) => ({
  who,
  what,
  outcome: "its metric fails; the others are recorded",
  code: `\`${code}\``,
  skip,
  async run(t) {
    const { document, ...outcome } = await beside(t, metric).track();
    assert.equal(outcome.code, 0, told(outcome));
    const [bad, other] = document.metrics;
    assert.deepEqual([bad.status, bad.error.code, other.value], ["failed", code, 7]);
  },
});

/** @type {Attack[]} */
export const attacks = [
  fails("prints a number that no number can be", "OUTPUT_INVALID", { command: "echo 1e999" }),
  fails("prints a hundred million bytes without a line end", "OUTPUT_INVALID", {
    command: "head -c 100000000 /dev/zero",
  }),
  fails("ignores the signal that ends it", "COMMAND_TIMEOUT", {
    command: "trap '' TERM; sleep 300; sleep 300",
    timeout: 300,
  }),
  {
    who,
    what: "leaves programs running after its time is up",
    outcome: "they are ended with it",
    code: "`COMMAND_TIMEOUT`",
    skip,
    async run(t) {
      const command = "sleep 600 & echo $! >pid; wait";
      const { outcome } = await withLimit(
        300,
        async (timeout) => {
          const project = beside(t, { command, timeout });
          return { project, ...(await project.track()) };
        },
        ({ project }) => project.exists("pid") && project.read("pid").length > 0,
      );
      const { project, document } = outcome;
      assert.equal(document.metrics[0].error.code, "COMMAND_TIMEOUT");
      const pid = Number(project.read("pid"));
      await until(() => !runs(pid), `${pid} still runs`);
    },
  },
  {
    who,
    what: "prints commands of the runner (`::set-output`, `::add-mask::`, `##[error]`)",
    outcome: "the runner takes none of them",
    code: "none",
    skip,
    async run(t) {
      const print = "printf '::error::x\\n  ::stop-commands::x\\n##[error]x\\n' >&2; exit 1";
      const project = new Project(t).config({
        metrics: {
          bad: { type: "numeric", command: print },
          label: { type: "label", command: "echo ::add-mask::x" },
        },
      });
      const outcome = await act(project, { "storage-type": "sqlite-local" });
      assert.equal(outcome.code, 0, told(outcome));
      const lines = told(outcome).split("\n");
      const taken = lines.filter((line) => /^\s*::(error::x|stop-commands|add-mask::x)|##\[/.test(line));
      assert.deepEqual(taken, []);
    },
  },
  {
    who,
    what: "prints HTML and a script as a label",
    outcome: "the report shows it as text",
    code: "none",
    skip,
    async run(t) {
      const project = beside(t, { type: "label", command: "echo '</script><img src=x onerror=alert(1)>'" });
      const { document } = await project.track();
      assert.equal(document.metrics[0].status, "ok");
      assert.doesNotMatch(project.read("unentropy-report/index.html").toString(), /<img src=x/);
    },
  },
  {
    who,
    what: "writes into the copy of the history that it is given",
    outcome: "what is stored has none of it",
    code: "none",
    skip,
    async run(t) {
      const destroy = 'chmod u+w "$UNENTROPY_DATABASE_PATH"; echo gone >"$UNENTROPY_DATABASE_PATH"; echo 1';
      const project = beside(t, { command: destroy });
      for (let build = 1; build <= 2; build++) {
        const { document, ...outcome } = await project.track();
        assert.deepEqual([outcome.code, document.totalBuilds], [0, build], told(outcome));
      }
    },
  },
  {
    who,
    what: "replaces `unentropy.json` during the run",
    outcome: "the run goes on with what it has read",
    code: "none",
    skip,
    async run(t) {
      const project = beside(t, { command: "echo '{}' >unentropy.json; echo 1" });
      const { document, ...outcome } = await project.track();
      assert.deepEqual([outcome.code, document.metricsCollected], [0, 2], told(outcome));
    },
  },
  {
    who,
    what: "looks for the credentials and the runner's command files in its environment",
    outcome: "it finds none",
    code: "none",
    skip,
    async run(t) {
      const project = beside(t, { command: "env >seen; echo 1" });
      const secret = "S3cr3tS3cr3tS3cr3t";
      const outcome = await act(
        project,
        { "storage-type": "sqlite-local", "github-token": secret },
        { AWS_SECRET_ACCESS_KEY: secret, ACTIONS_RUNTIME_TOKEN: secret, GITHUB_TOKEN: secret },
      );
      assert.equal(outcome.code, 0, told(outcome));
      const seen = project.read("seen").toString();
      assert.ok(!seen.includes(secret), seen);
      assert.doesNotMatch(seen, /^(INPUT_|GITHUB_(OUTPUT|ENV|PATH|STATE|STEP_SUMMARY)=)/m);
    },
  },
];
