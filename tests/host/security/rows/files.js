// What is written where a person, or whoever can change the workspace, named something that is no file.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { until } from "../../support/processes.js";
import { Project, told } from "../../support/project.js";
import { act } from "../../support/runner.js";
import {
  HAS_PIPES,
  makeBlockDevice,
  makeNullDevice,
  makePipe,
  makeSocket,
  NO_DEVICES,
} from "../../support/special-files.js";

/** @import { Attack } from "../attacks.js" */
/** @import { TestContext } from "node:test" */

const skip = HAS_PIPES ? false : "Windows has no such files";
const ONE = { metrics: { m: { type: "numeric", command: "echo 5" } } };

/** A recorded build. @param {TestContext} t */
async function recorded(t) {
  const project = new Project(t).config(ONE);
  const outcome = await project.run(["track"]);
  assert.equal(outcome.code, 0, told(outcome));
  return project;
}

/** What a file is, with what is in it, and what is beside it. @param {string} file */
const kindOf = (file) => {
  const { mode, rdev, ino, uid, gid } = fs.lstatSync(file);
  return { mode, rdev, ino, uid, gid, beside: fs.readdirSync(path.dirname(file)).sort() };
};

/**
 * The badge is written to a file that is something else: refused, and what is there stays.
 * @param {{who?: string, what: string, code: string, message: RegExp, skip?: string | false,
 *   make: (t: TestContext, file: string) => void | Promise<void>}} attack
 * @returns {Attack}
 */
const refused = ({ who = "the machine", what, code, message, make, ...rest }) => ({
  ...{ who, what, code: `\`${code}\``, skip, ...rest },
  outcome: "the badge is refused; what is there stays, and nothing is left beside it",
  async run(t) {
    const project = await recorded(t);
    const file = project.path("out/badge.svg");
    fs.mkdirSync(project.path("out"));
    await make(t, file);
    const before = kindOf(file);
    const outcome = await project.run(["badge", "m", "-o", "out/badge.svg"]);
    assert.equal(outcome.code, 1, told(outcome));
    assert.match(outcome.stderr, new RegExp(`error\\[${code}\\]: could not write the badge \`${file}\`: `));
    assert.match(outcome.stderr, message);
    assert.deepEqual(kindOf(file), before);
  },
});

/** @type {Attack[]} */
export const attacks = [
  {
    who: "the machine",
    what: "has a device where the badge is to be written",
    outcome: "the badge is sent to the device, which stays one",
    code: "none",
    skip: NO_DEVICES,
    async run(t) {
      const project = await recorded(t);
      makeNullDevice(project.path("null"));
      const before = kindOf(project.path("null"));
      const outcome = await project.run(["badge", "m", "-o", "null"]);
      assert.equal(outcome.code, 0, told(outcome));
      assert.deepEqual(kindOf(project.path("null")), before);
    },
  },
  {
    who: "the machine",
    what: "has a link to `/dev/stdout` where the gate's results are to be written",
    outcome: "standard output gets them; the link stays",
    code: "none",
    skip,
    async run(t) {
      const project = await recorded(t);
      // Through a link, so that a tool which replaces what is named hits the link.
      fs.symlinkSync("/dev/stdout", project.path("results.json"));
      const outcome = await project.run(["gate", "--output-file", "results.json"]);
      assert.equal(outcome.code, 0, told(outcome));
      assert.equal(JSON.parse(outcome.stdout).qualityGate.status, "unknown");
      assert.equal(fs.readlinkSync(project.path("results.json")), "/dev/stdout");
    },
  },
  {
    who: "the machine",
    what: "has a pipe that a program reads from where the report is to be written",
    outcome: "the program gets the whole report; the pipe stays",
    code: "none",
    skip,
    async run(t) {
      const project = await recorded(t);
      fs.mkdirSync(project.path("r"));
      makePipe(project.path("r/index.html"));
      const reading = fs.promises.readFile(project.path("r/index.html"), "utf8");
      const outcome = await project.run(["report", "-o", "r"]);
      assert.equal(outcome.code, 0, told(outcome));
      assert.match(await reading, /^<!doctype html>[\s\S]*<\/html>\s*$/i);
      assert.ok(fs.lstatSync(project.path("r/index.html")).isFIFO());
    },
  },
  refused({
    what: "has a pipe that no program reads from where the badge is to be written",
    code: "PIPE_UNREAD",
    message: /it is a pipe that no program reads from\n.*Start the program that reads from it first\./,
    make: (_, file) => makePipe(file),
  }),
  refused({
    what: "has a block device where the badge is to be written",
    code: "OUTPUT_KIND",
    message: /it is a block device\n.*Name a file, a pipe or a character device\./,
    skip: NO_DEVICES,
    make: (_, file) => makeBlockDevice(file),
  }),
  refused({
    what: "has a socket where the badge is to be written",
    code: "OUTPUT_KIND",
    message: /it is a socket\n/,
    make: makeSocket,
  }),
  refused({
    what: "has a directory where the badge is to be written",
    code: "OUTPUT_KIND",
    message: /it is a directory\n/,
    make: (_, file) => fs.mkdirSync(file),
  }),
  refused({
    who: "a pull request",
    what: "has links that lead in a circle where the badge is to be written",
    code: "FILE_LOOP",
    message: /its symbolic links lead in a circle\n/,
    make: (_, file) => {
      fs.symlinkSync("b", file);
      fs.symlinkSync("badge.svg", path.join(path.dirname(file), "b"));
    },
  }),
  {
    who: "a pull request",
    what: "has a link that leads out of the workspace where the results are to be written",
    outcome: "the file at its end has the results, its old mode and its old owner; the link stays",
    code: "none",
    skip,
    async run(t) {
      const project = await recorded(t);
      const outside = new Project(t, { "kept.json": "old" }, { git: false });
      const file = outside.path("kept.json");
      fs.chmodSync(file, 0o640);
      if (project.giveAway() !== undefined) fs.chownSync(file, 65534, 65534);
      const { ino, ...before } = kindOf(file);
      fs.symlinkSync(file, project.path("results.json"));
      const outcome = await project.run(["gate", "--output-file", "results.json"]);
      assert.equal(outcome.code, 0, told(outcome));
      assert.equal(JSON.parse(fs.readFileSync(file, "utf8")).qualityGate.status, "unknown");
      const { ino: _, ...after } = kindOf(file);
      assert.deepEqual(after, before);
      assert.equal(fs.readlinkSync(project.path("results.json")), file);
    },
  },
  {
    who: "a workflow",
    what: "names a path below `/proc` for the gate's results",
    outcome: "the verdict is reported; the results are refused at once",
    code: "`RESULTS_UNWRITABLE`",
    skip: process.platform === "linux" ? false : "only Linux has /proc",
    async run(t) {
      const project = await recorded(t);
      const outcome = await project.run(["gate", "--json", "--output-file", "/proc/none/results.json"]);
      const { error, qualityGate } = JSON.parse(outcome.stdout);
      assert.deepEqual([outcome.code, error.code, qualityGate.status], [1, "RESULTS_UNWRITABLE", "unknown"]);
      assert.match(error.message, /it is in a folder of the system's own$/);
    },
  },
  {
    who: "a workflow",
    what: "names a file with a name of 300 bytes for the gate's results",
    outcome: "the verdict is reported; the results are refused, and nothing is left",
    code: "`RESULTS_UNWRITABLE`",
    async run(t) {
      const project = await recorded(t);
      const before = project.names();
      const outcome = await project.run(["gate", "--json", "--output-file", "n".repeat(300)]);
      const { error } = JSON.parse(outcome.stdout);
      assert.deepEqual([outcome.code, error.code], [1, "RESULTS_UNWRITABLE"]);
      assert.match(error.message, /the name is too long for the file system$/);
      assert.deepEqual(project.names(), before);
    },
  },
  {
    who: "a metric's command",
    what: "puts a pipe in the place of the step's output file",
    outcome: "the file is put back, with a warning; the outputs are what the step says",
    code: "`COMMAND_FILES_CHANGED`",
    skip,
    async run(t) {
      const project = new Project(t).config({
        metrics: { m: { type: "numeric", command: "rm output; mkfifo output; echo 5" } },
      });
      project.write("output", "");
      const outcome = await act(
        project,
        { mode: "track", "storage-type": "sqlite-local" },
        { GITHUB_OUTPUT: project.path("output") },
      );
      assert.equal(outcome.code, 0, told(outcome));
      assert.match(outcome.stdout, /^::warning title=COMMAND_FILES_CHANGED::/m);
      assert.match(project.read("output").toString(), /^success<<.*\ntrue\n/);
    },
  },
  {
    who: "the machine",
    what: "has a pipe that no program reads from for the step's output file",
    outcome: "the build is recorded; the step fails and does not wait for ever",
    code: "`OUTPUTS_UNWRITABLE`",
    skip,
    async run(t) {
      const project = new Project(t).config(ONE);
      makePipe(project.path("output"));
      const outcome = await act(
        project,
        { mode: "track", "storage-type": "sqlite-local" },
        { GITHUB_OUTPUT: project.path("output") },
      );
      assert.equal(outcome.code, 1, told(outcome));
      assert.match(outcome.stdout, /^::error title=OUTPUTS_UNWRITABLE::.*a pipe that no program reads from/m);
      assert.match(outcome.stdout, /recorded c0ffee/);
    },
  },
  {
    who: "a metric's command",
    what: "puts a pipe in the place of the gate's results file and reads nothing from it",
    outcome: "the step ends when it is cancelled",
    code: "`ABORTED`",
    skip,
    async run(t) {
      const project = await recorded(t);
      makePipe(project.path("results.json"));
      // Both ends are open here, and nothing is read.
      const held = fs.openSync(project.path("results.json"), fs.constants.O_RDWR | fs.constants.O_NONBLOCK);
      t.after(() => fs.closeSync(held));
      fill(held);
      const { child, ended } = project.start(["gate", "--json", "--output-file", "results.json"]);
      let said = "";
      child.stderr?.on("data", (text) => {
        said += text;
      });
      await until(() => /✓ m/.test(said), "the metric is collected");
      child.kill("SIGTERM");
      const outcome = await ended;
      assert.deepEqual([outcome.code, JSON.parse(outcome.stdout).error.code], [1, "ABORTED"], told(outcome));
    },
  },
  {
    who: "the machine",
    what: "has a pipe where the history's backup is to be written",
    outcome: "the build is recorded without a backup, with a warning; the pipe stays",
    code: "`BACKUP_FAILED`",
    skip,
    async run(t) {
      const project = await recorded(t);
      fs.rmSync(project.path("unentropy.db.bak"), { force: true });
      makePipe(project.path("unentropy.db.bak"));
      const outcome = await project.track("--run-id", "2");
      assert.equal(outcome.document.totalBuilds, 2, told(outcome));
      assert.match(outcome.stderr, /warning: no backup of .* was made: .* it is not a regular file\n/);
      assert.ok(fs.lstatSync(project.path("unentropy.db.bak")).isFIFO());
    },
  },
  {
    who: "a metric's command",
    what: "puts a pipe in the place of the history's lock",
    outcome: "the run ends at once and names the pipe; the history is as it was",
    code: "`STORAGE_LOCK_INVALID`",
    skip,
    async run(t) {
      const project = new Project(t).config({
        metrics: { m: { type: "numeric", command: "mkfifo unentropy.db.lock; echo 5" } },
      });
      const { document, ...outcome } = await project.track();
      assert.deepEqual([outcome.code, document.error.code], [3, "STORAGE_LOCK_INVALID"], told(outcome));
      assert.match(document.error.hint, /Remove `.*unentropy\.db\.lock`/);
      assert.equal(project.exists("unentropy.db"), false);
    },
  },
];

/** Fills a pipe. @param {number} pipe that is not waited for */
function fill(pipe) {
  try {
    for (;;) fs.writeSync(pipe, Buffer.alloc(4096));
  } catch (error) {
    assert.equal(/** @type {NodeJS.ErrnoException} */ (error).code, "EAGAIN");
  }
}
