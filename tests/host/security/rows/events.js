// Events that bring a stranger's code near the history or the secrets, refs that pretend to be the main branch, and
// commands that write to the runner's files.

import assert from "node:assert/strict";
import fs from "node:fs";
import { Project, told } from "../../support/project.js";
import { act, SHA } from "../../support/runner.js";
import { storedBuilds } from "../../support/stored.js";

/** @import { TestContext } from "node:test" */
/** @import { Attack } from "../attacks.js" */

const skip = process.platform === "win32" && "POSIX shells and links";
const OWN = 4_200_001;
const FORK = 4_200_777;
const MAIN = "refs/heads/main";

/** @param {string} command */
const config = (command) => ({
  metrics: { m: { type: "numeric", command } },
  storage: { type: "sqlite-local", path: "m.db" },
  qualityGate: { mode: "hard", thresholds: [{ metric: "m", mode: "min", target: 90 }] },
});

/**
 * A step in an event, on a project whose only command leaves a mark and fails the threshold.
 * @param {TestContext} t
 * @param {{event: string, ref?: string, mode?: string, payload?: (head: string) => object, env?: NodeJS.ProcessEnv}} of
 *   the payload of what is checked out
 */
async function step(t, { event, ref = MAIN, mode = "auto", payload, env }) {
  const project = new Project(t).config(config("touch ran; echo 80"));
  const file = project.path(".git/event.json");
  const repository = { id: OWN, full_name: "owner/name", default_branch: "main" };
  const described = payload?.(project.git("rev-parse", "HEAD"));
  fs.writeFileSync(file, JSON.stringify({ repository, ...described }));
  const outcome = await act(
    project,
    { mode },
    { GITHUB_EVENT_NAME: event, GITHUB_EVENT_PATH: file, GITHUB_REF: ref, ...env },
  );
  return { ...outcome, project, ran: project.exists("ran"), builds: await storedBuilds(project, "m.db") };
}

/** A run that has ended. @param {string} event @param {string} branch @param {string} [sha] @param {number} [id] */
const ended =
  (event, branch, sha, id = OWN) =>
  (/** @type {string} */ head) => ({
    workflow_run: {
      event,
      head_branch: branch,
      head_sha: sha ?? head,
      head_repository: { id, owner: { login: "someone" } },
    },
  });

/**
 * A command that finds a file of the runner and changes it.
 * @param {string} what
 * @param {string} shell with `$output` and the like for the files
 * @param {(outcome: Awaited<ReturnType<typeof act>>, project: Project) => void} [check]
 * @returns {Attack}
 */
const tampering = (what, shell, check = () => {}) => ({
  who: "a metric's command",
  what,
  outcome: "it is undone, and the step's own outputs and summary stand",
  code: "`COMMAND_FILES_CHANGED`",
  skip,
  async run(t) {
    const find = "for name in output summary; do eval $name=$(echo .git/runner-*/$name); done";
    const project = new Project(t).config(config(`${find}; env=.git/env; path=.git/path; ${shell}; echo 80`));
    const files = { GITHUB_ENV: project.path(".git/env"), GITHUB_PATH: project.path(".git/path") };
    for (const file of Object.values(files)) fs.writeFileSync(file, "");
    const outcome = await act(project, { mode: "gate" }, files);
    assert.equal(outcome.code, 5, told(outcome));
    assert.match(
      outcome.stdout,
      /^::warning title=COMMAND_FILES_CHANGED::while the metrics were collected /m,
    );
    const { success, injected, "quality-gate-status": status, "error-code": code } = outcome.outputs;
    assert.deepEqual([success, injected, status, code], ["false", undefined, "fail", "GATE_FAILED"]);
    assert.doesNotMatch(outcome.summary, /injected/);
    assert.match(outcome.summary, /quality gate/i);
    for (const file of Object.values(files)) assert.equal(fs.readFileSync(file, "utf8"), "");
    check(outcome, project);
  },
});

/** @type {Attack[]} */
export const attacks = [
  tampering(
    "sets the step's outputs and one of its own in the runner's file",
    "printf 'success=true\\ninjected=1\\nquality-gate-status=pass\\n' >> $output",
  ),
  tampering(
    "leaves a value without an end in the runner's file, to swallow the outputs that follow",
    "printf 'injected<<end\\n' >> $output",
  ),
  tampering(
    "leaves a line without an end there, to become part of the first output's name",
    "printf injected >> $output",
  ),
  tampering(
    "puts a link in the place of the runner's file",
    "echo mine > linked; ln -sf ../../linked $output",
    (_, project) => assert.equal(project.read("linked").toString(), "mine\n"),
  ),
  tampering(
    "puts a pipe that no one reads in the place of the runner's file",
    "rm $output && mkfifo $output",
  ),
  tampering(
    "puts a folder in the place of the runner's file",
    "rm $output && mkdir $output && touch $output/injected",
  ),
  tampering("deletes the runner's files", "rm $output $summary"),
  tampering(
    "writes a verdict of its own into the job summary",
    "printf '# injected: quality gate passed' >> $summary",
  ),
  tampering(
    "sets variables and the path of later steps",
    "echo NODE_OPTIONS=--require=./injected.js >> $env; echo /injected >> $path",
  ),
  {
    who: "a tag",
    what: "is called like the main branch, and is recorded with `mode: track`",
    outcome: "its build is under `refs/tags/main`, not on the branch",
    code: "none",
    async run(t) {
      const env = { GITHUB_REF_NAME: "main", GITHUB_REF_TYPE: "tag" };
      const outcome = await step(t, { event: "push", ref: "refs/tags/main", mode: "track", env });
      assert.deepEqual([outcome.code, outcome.builds], [0, ["refs/tags/main push"]], told(outcome));
    },
  },
  {
    who: "a comment on an issue",
    what: "starts a workflow that uses the action",
    outcome: "no command runs and nothing is recorded",
    code: "none",
    async run(t) {
      const outcome = await step(t, { event: "issue_comment" });
      assert.deepEqual([outcome.code, outcome.ran, outcome.builds], [0, false, []], told(outcome));
    },
  },
  {
    who: "a pull request",
    what: "is followed by a `workflow_run` with secrets, whose step has no `mode`",
    outcome: "refused before any command runs",
    code: "`GATE_UNTRUSTED`",
    async run(t) {
      const outcome = await step(t, { event: "workflow_run", payload: ended("pull_request", "topic", SHA) });
      assert.deepEqual([outcome.code, outcome.outputs["error-code"]], [2, "GATE_UNTRUSTED"], told(outcome));
      assert.deepEqual([outcome.ran, outcome.builds], [false, []]);
    },
  },
  {
    who: "a pull request",
    what: "hides behind a chain of two `workflow_run`",
    outcome: "refused before any command runs",
    code: "`GATE_UNTRUSTED`",
    async run(t) {
      for (const mode of ["auto", "gate"]) {
        const outcome = await step(t, {
          event: "workflow_run",
          mode,
          payload: ended("workflow_run", "main"),
        });
        assert.deepEqual([outcome.code, outcome.outputs["error-code"]], [2, "GATE_UNTRUSTED"], told(outcome));
        assert.deepEqual([outcome.ran, outcome.builds], [false, []]);
      }
    },
  },
  {
    who: "a pull request",
    what: "of a fork has a branch `main`, which a `workflow_run` checks out and records with `mode: track`",
    outcome: "it is a pull request's build, which reports and baselines leave out",
    code: "none",
    async run(t) {
      const payload = ended("pull_request", "main", undefined, FORK);
      const outcome = await step(t, { event: "workflow_run", mode: "track", payload });
      assert.deepEqual([outcome.code, outcome.builds], [0, ["main pull_request"]], told(outcome));
    },
  },
  {
    who: "a pull request",
    what: "gets worse between its check and its place in the merge queue",
    outcome: "the queue's check judges it, and nothing of it is stored",
    code: "`GATE_FAILED`",
    async run(t) {
      const payload = (/** @type {string} */ head) => ({
        merge_group: { base_ref: MAIN, base_sha: head, head_sha: head },
      });
      const ref = "refs/heads/gh-readonly-queue/main/pr-7-0123";
      const outcome = await step(t, { event: "merge_group", ref, payload });
      assert.deepEqual([outcome.code, outcome.outputs["error-code"]], [5, "GATE_FAILED"], told(outcome));
      assert.deepEqual(outcome.builds, []);
    },
  },
  {
    who: "a branch",
    what: "has the runner's commands in its name, which is shown",
    outcome: "they are text",
    code: "none",
    async run(t) {
      const payload = ended("push", "x%0A::error::mine\n::add-mask::mine", SHA);
      const outcome = await step(t, { event: "workflow_run", payload });
      assert.equal(outcome.code, 0, told(outcome));
      assert.doesNotMatch(outcome.stdout, /^::(?!notice )/m);
    },
  },
  {
    who: "the machine",
    what: "has a commit checked out and no branch",
    outcome: "nothing is recorded as a branch called `HEAD`",
    code: "`CONTEXT_MISSING`",
    async run(t) {
      const project = new Project(t).config(config("touch ran; echo 80"));
      project.git("checkout", "-q", "--detach");
      const outcome = await project.run(["track", "--json"]);
      assert.equal(outcome.code, 2, told(outcome));
      assert.equal(JSON.parse(outcome.stdout).error.code, "CONTEXT_MISSING");
      assert.deepEqual([project.exists("ran"), project.exists("m.db")], [false, false]);
    },
  },
  {
    who: "the machine",
    what: "names a commit by something that is not its full id",
    outcome: "refused before any command runs",
    code: "`CONTEXT_INVALID`",
    async run(t) {
      const project = new Project(t).config(config("touch ran; echo 80"));
      const outcome = await project.run(["track", "--json"], { env: { GITHUB_SHA: "main" } });
      assert.equal(outcome.code, 2, told(outcome));
      assert.equal(JSON.parse(outcome.stdout).error.code, "CONTEXT_INVALID");
      assert.deepEqual([project.exists("ran"), project.exists("m.db")], [false, false]);
    },
  },
];
