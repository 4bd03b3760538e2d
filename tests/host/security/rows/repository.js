// Repositories that are a stranger's work, and changes that hide what they are judged by.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { Project, told } from "../../support/project.js";
import { Change } from "../../support/pull-request.js";
import { arm, marker } from "../../support/traps.js";

/** @import { TestContext } from "node:test" */

const skip = process.platform === "win32" && "POSIX shells and links";

/** A configuration that demands something of a metric that is always 50. @param {number} target */
const demanding = (target) =>
  JSON.stringify({
    metrics: { a: { type: "numeric", command: "echo 50" } },
    qualityGate: { mode: "hard", thresholds: [{ metric: "a", mode: "min", target }] },
  });

/**
 * A change of a `main` whose configuration, in a folder, demands 80.
 * @param {TestContext} t
 * @param {(change: Change) => void} hide what the change does to that folder
 */
async function hidden(t, hide) {
  const change = new Change(t, { "ci/unentropy.json": demanding(80), "other/unentropy.json": demanding(10) });
  change.git("checkout", "-q", "-b", "topic");
  hide(change);
  return change.gate(["--reference-branch", "main", "-c", "ci/unentropy.json"]);
}

/** @param {Awaited<ReturnType<typeof hidden>>} outcome */
function judgedByBase(outcome) {
  assert.deepEqual([outcome.code, outcome.error], [5, "GATE_FAILED"], told(outcome));
  assert.equal(outcome.verdict?.judgedBy, "base");
}

/** @type {import("../attacks.js").Attack[]} */
export const attacks = [
  {
    who: "a repository",
    what: "names programs in 35 keys of its git configuration and in hooks",
    outcome: "no command of ours runs any of them",
    code: "none",
    skip,
    async run(t) {
      const project = new Project(t, {
        "unentropy.json": demanding(10),
        ".gitattributes": "* filter=text diff=text\n",
      });
      const { program, ran } = marker(t);
      arm(project.path(".git"), program);
      for (const command of [["track"], ["report"], ["gate", "--reference-branch", "main"], ["sources"]]) {
        const outcome = await project.run(command);
        assert.deepEqual([outcome.code, ran()], [0, ""], `${command}: ${told(outcome)}`);
      }
    },
  },
  {
    who: "a pull request",
    what: "makes the configuration's folder a bare repository that names programs",
    outcome: "no program runs; the base branch's thresholds decide",
    code: "`GATE_FAILED`",
    skip,
    async run(t) {
      const { program, ran } = marker(t);
      const outcome = await hidden(t, (change) => {
        for (const name of ["objects/info/kept", "refs/heads/kept"]) change.write(`ci/${name}`, "");
        change.write("ci/HEAD", "ref: refs/heads/main\n");
        change.write("ci/config", "[core]\n\trepositoryformatversion = 0\n\tbare = true\n");
        arm(change.path("ci"), program);
        change.commit({ "ci/unentropy.json": demanding(10) });
      });
      judgedByBase(outcome);
      assert.equal(ran(), "");
    },
  },
  {
    who: "a pull request",
    what: "turns the configuration's folder into a link",
    outcome: "the base branch's thresholds decide",
    code: "`GATE_FAILED`",
    skip,
    async run(t) {
      const outcome = await hidden(t, (change) => {
        fs.rmSync(change.path("ci"), { recursive: true });
        fs.symlinkSync("other", change.path("ci"));
        change.commit({});
      });
      judgedByBase(outcome);
    },
  },
  {
    who: "a pull request",
    what: "turns the configuration's folder into a submodule",
    outcome: "the base branch's thresholds decide",
    code: "`GATE_FAILED`",
    skip,
    async run(t) {
      const outcome = await hidden(t, (change) => {
        change.write("ci/unentropy.json", demanding(10));
        execFileSync("git", ["init", "-q", change.path("ci")]);
      });
      judgedByBase(outcome);
    },
  },
  {
    who: "a pull request",
    what: "lowers a threshold",
    outcome: "the base branch's threshold decides",
    code: "`GATE_FAILED`",
    skip,
    async run(t) {
      const outcome = await hidden(t, (change) => void change.commit({ "ci/unentropy.json": demanding(10) }));
      judgedByBase(outcome);
    },
  },
  {
    who: "a pull request",
    what: "changes the base branch's configuration path into a link that leads out of the repository",
    outcome: "what binds the change is not known, and `hard` blocks",
    code: "`BASE_CONFIG_UNKNOWN`",
    skip,
    async run(t) {
      const change = new Change(t, { kept: "" });
      fs.mkdirSync(change.path("ci"));
      fs.symlinkSync("/etc/unentropy.json", change.path("ci/unentropy.json"));
      change.commit({});
      change.git("checkout", "-q", "-b", "topic");
      fs.rmSync(change.path("ci/unentropy.json"));
      change.commit({ "ci/unentropy.json": demanding(10) });
      const outcome = await change.gate(["--reference-branch", "main", "-c", "ci/unentropy.json"]);
      assert.deepEqual([outcome.code, outcome.error], [5, "BASE_CONFIG_UNKNOWN"], told(outcome));
    },
  },
];
