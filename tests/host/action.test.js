// The action as a runner starts it: what it reads, records, tells and sets, and how it ends.

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { OUTPUTS } from "../../js/action/outputs.js";
import { Project, told } from "./support/project.js";
import { act } from "./support/runner.js";

const CONFIG = {
  metrics: {
    a: { type: "numeric", command: "touch ran; echo 4" },
    b: { type: "numeric", command: "exit 1" },
  },
  storage: { type: "sqlite-local", path: "data/m.db" },
};

test("every output is set and true", async (t) => {
  const project = new Project(t);
  project.config(CONFIG);
  const { code, stdout, outputs } = await act(project);
  assert.equal(code, 0, stdout);
  assert.deepEqual(
    Object.keys(outputs),
    OUTPUTS.map(({ name }) => name),
  );
  const { duration, ...all } = outputs;
  const rest = Object.fromEntries(
    Object.entries(all).filter(([name]) => !/^(quality-gate|baseline)-|^source-run-id$/.test(name)),
  );
  assert.match(duration, /^\d+$/);
  assert.deepEqual(rest, {
    success: "true",
    "storage-type": "sqlite-local",
    "database-location": project.path("data/m.db"),
    "database-path": project.path("data/m.db"),
    "database-size": String(fs.statSync(project.path("data/m.db")).size),
    history: "new",
    "metrics-collected": "1",
    "metrics-failed": "1",
    "total-builds": "1",
    "report-path": path.join("unentropy-report", "index.html"),
    "error-code": "",
    "error-message": "",
  });
  assert.ok(project.exists("unentropy-report/index.html"));
  for (const phase of ["download", "collect", "upload", "report"]) {
    const group = new RegExp(
      `^::group::${phase}\\nstarted [\\d:.]{12} UTC\\n[^]*?^${phase} completed in \\d+ ms(?:, [\\d.]+ KB)?, ended [\\d:.]{12} UTC\\n::endgroup::$`,
      "m",
    );
    assert.match(stdout, group);
  }
  assert.match(stdout, /^recorded c0ffee.* of main in .*m\.db \(1 build, /m);
  assert.equal(stdout.match(/^::group::/gm)?.length, stdout.match(/^::endgroup::$/gm)?.length);
  assert.match(stdout, /^::warning title=metric b failed::the command ended with exit code 1%0ARun it/m);
  assert.match(stdout, /^::notice title=Unentropy::a new history starts at .*m\.db, where none was found$/m);
  const second = await act(project);
  assert.equal(second.outputs.history, "existing");
  assert.doesNotMatch(second.stdout, /^::notice/m);
});

test("inputs override the configuration, empty ones are unset", async (t) => {
  const project = new Project(t, { "ci/u.json": JSON.stringify(CONFIG) });
  const { code, stdout, outputs } = await act(project, {
    "config-file": "ci/u.json",
    "storage-type": "",
    "database-path": " other.db ",
    "report-dir": path.join(os.tmpdir(), path.basename(project.directory), "out"),
    "report-name": "r.html",
    verbose: "TRUE",
  });
  assert.equal(code, 0, stdout);
  assert.equal(outputs["database-path"], project.path("other.db"));
  assert.equal(outputs["report-path"], path.join("out", "r.html"));
});

test("wrong inputs are reported together, before anything runs", async (t) => {
  const project = new Project(t);
  project.config(CONFIG);
  const { code, stdout, outputs } = await act(project, {
    verbose: "yes",
    "report-name": "../up.html",
    "storage-type": "sqlite-loca",
  });
  assert.equal(code, 2);
  assert.match(stdout, /^::error title=INPUTS_INVALID::/m);
  for (const words of [
    "`verbose` is `yes`, expected `true` or `false`",
    "`report-name` is `../up.html`, expected a file name",
    "`storage-type` is `sqlite-loca`, expected one of `sqlite-local`, ",
    "perhaps `sqlite-local`",
  ]) {
    assert.ok(outputs["error-message"].includes(words), outputs["error-message"]);
    assert.ok(stdout.includes(words));
  }
  assert.deepEqual(
    [outputs.success, outputs["error-code"], outputs["total-builds"]],
    ["false", "INPUTS_INVALID", ""],
  );
  assert.equal(project.exists("ran"), false);
});

test("a wrong configuration annotates every problem", async (t) => {
  const project = new Project(t);
  project.config({
    metrics: { a: { type: "sum", command: "touch ran" }, B: { type: "label", command: "x" } },
  });
  const { code, stdout, outputs } = await act(project);
  assert.equal(code, 2);
  assert.equal(outputs["error-code"], "CONFIG_INVALID");
  assert.match(stdout, /^::error title=CONFIG_INVALID::.*metrics\.a\.type: .*metrics\.B/m);
});

test("the default storage without a token is refused clearly, before anything runs", async (t) => {
  const project = new Project(t);
  project.config({ metrics: CONFIG.metrics });
  const { code, stdout, outputs } = await act(project);
  assert.equal(code, 2, stdout);
  assert.equal(outputs["error-code"], "STORAGE_CONFIG_INVALID");
  assert.match(stdout, /^::error title=STORAGE_CONFIG_INVALID::`sqlite-artifact` has no/m);
  assert.equal(project.exists("ran"), false);
});

test("what commands write is never a command to the runner", async (t) => {
  const project = new Project(t);
  const shout = "printf '::error::one\\n  ::add-mask::two\\n##[error]three\\n' >&2; exit 1";
  project.config({
    ...CONFIG,
    metrics: {
      ok: { type: "numeric", command: "echo 1" },
      loud: { type: "numeric", command: shout },
      label: { type: "label", command: "echo '::stop-commands::x'" },
    },
  });
  const { code, stdout } = await act(project);
  assert.equal(code, 0);
  const commands = stdout.split("\n").filter((line) => /^\s*::/.test(line) || line.includes("##["));
  assert.deepEqual(
    commands.filter(
      (line) =>
        !/^::(?:group::\w+|endgroup::|warning title=metric loud failed::.*|notice title=Unentropy::a new history starts at .*)$/.test(
          line,
        ),
    ),
    [],
  );
  // The annotation is one line, in which the older form is data too.
  assert.equal(commands.filter((line) => line.startsWith("::warning")).length, 1);
});

test("the builds of a pull request belong to its head", async (t) => {
  const project = new Project(t);
  const seen = { type: "label", command: 'echo "$UNENTROPY_COMMIT_SHA $UNENTROPY_BRANCH"' };
  project.config({ ...CONFIG, metrics: { seen } });
  const head = "d".repeat(40);
  project.write("event.json", JSON.stringify({ pull_request: { head: { sha: head, ref: "topic" } } }));
  const { stdout } = await act(
    project,
    { mode: "track" },
    {
      GITHUB_EVENT_NAME: "pull_request",
      GITHUB_EVENT_PATH: project.path("event.json"),
      GITHUB_REF_NAME: "12/merge",
    },
  );
  assert.match(stdout, new RegExp(`✓ seen {2}${head} topic`));
});

test("outputs that cannot be written fail the step, with the reason", async (t) => {
  const project = new Project(t);
  project.config(CONFIG);
  const { code, stdout } = await act(project, {}, { GITHUB_OUTPUT: project.directory });
  assert.equal(code, 1);
  assert.match(
    stdout,
    /^::error title=OUTPUTS_UNWRITABLE::could not write the step's outputs to .*: it is a directory/m,
  );
});

test("a failed history fails the step with its code", async (t) => {
  const project = new Project(t, { "data/m.db": "no history" });
  project.config(CONFIG);
  const { code, stdout, outputs } = await act(project);
  assert.equal(code, 3);
  assert.equal(outputs["error-code"], "HISTORY_NOT_SQLITE");
  assert.match(
    stdout,
    /^::error title=HISTORY_NOT_SQLITE::could not open `.*m\.db`.*%0ANothing was overwritten/m,
  );
  assert.equal(project.read("data/m.db").toString(), "no history");
});

test("a command cannot set an output or a variable of the job", async (t) => {
  const project = new Project(t);
  const names = ["OUTPUT", "ENV", "PATH", "STATE", "STEP_SUMMARY"];
  const write = names.map((name) => `printf 'injected=1\\n' >> "\${GITHUB_${name}:-/dev/null}"`).join("; ");
  project.config({
    metrics: { a: { type: "numeric", command: `${write}; echo 1` } },
    storage: { type: "sqlite-local", path: "data/m.db" },
  });
  const files = Object.fromEntries(
    ["ENV", "PATH", "STATE"].map((name) => [`GITHUB_${name}`, project.path(`.git/${name.toLowerCase()}`)]),
  );
  for (const file of Object.values(files)) fs.writeFileSync(file, "");
  const outcome = await act(project, {}, files);
  assert.equal(outcome.code, 0, told(outcome));
  assert.equal(outcome.outputs.injected, undefined);
  assert.doesNotMatch(outcome.summary, /injected/);
  for (const [name, file] of Object.entries(files)) assert.equal(fs.readFileSync(file, "utf8"), "", name);
});
