// The copy of the history that a run's commands may read: what is in it, who may open it, and that nothing of it stays.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { RunFolder } from "../../js/run/folder.js";
import { Storage } from "../../js/storage/storage.js";
import { until } from "./support/processes.js";
import { Project } from "./support/project.js";

const LOOK = {
  // Everything that a command can find out about it, and an attempt to spoil the history by it.
  look: {
    type: "numeric",
    command:
      'cp "$UNENTROPY_DATABASE_PATH" seen.db; echo "$UNENTROPY_DATABASE_PATH" > seen; echo spoilt > "$UNENTROPY_DATABASE_PATH"; echo 1',
  },
  again: { type: "numeric", command: 'touch "$UNENTROPY_DATABASE_PATH-journal"; echo 2' },
};

/** A project with a temporary folder of its own. @param {import("node:test").TestContext} t @param {object} metrics */
function setup(t, metrics = LOOK) {
  const project = new Project(t);
  project.config({ metrics });
  const temporary = project.path(".git/temporary");
  fs.mkdirSync(temporary);
  return { project, temporary, env: { RUNNER_TEMP: temporary } };
}

/** @param {string} file */
async function buildsIn(file) {
  const storage = new Storage({ type: "sqlite-local", path: file, readonly: true });
  try {
    await storage.ready();
    assert.equal(storage.existed, true);
    return storage.getRepository().countBuilds();
  } finally {
    storage.cleanup();
  }
}

test("commands read the history as it was loaded, and cannot change the real one", async (t) => {
  const { project, temporary, env } = setup(t);
  /** @type {Buffer | null} */
  let before = null;
  for (const builds of [0, 1, 2]) {
    const outcome = await project.run(["track", "--run-id", `r${builds}`], { env });
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.equal(await buildsIn(project.path("seen.db")), builds);
    if (before) assert.ok(project.read("seen.db").equals(before), "the bytes that were loaded");
    assert.equal(await buildsIn(project.path("unentropy.db")), builds + 1);
    before = project.read("unentropy.db");
    const file = project.read("seen").toString().trim();
    assert.equal(path.dirname(path.dirname(file)), fs.realpathSync(temporary));
    assert.deepEqual(fs.readdirSync(temporary), []);
  }
});

test("what a new history is seeded with is in it", async (t) => {
  const { project, env } = setup(t);
  for (const run of ["r1", "r2"]) {
    assert.equal((await project.run(["track", "--db", "old.db", "--run-id", run], { env })).code, 0);
  }
  const outcome = await project.run(["track", "--seed-from", "old.db"], { env });
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.equal(await buildsIn(project.path("seen.db")), 2);
});

test("only this user may open it", { skip: process.platform === "win32" }, async (t) => {
  const command = 'ls -ld "$UNENTROPY_DATABASE_PATH" "$(dirname "$UNENTROPY_DATABASE_PATH")" > modes; echo 1';
  const { project, env } = setup(t, { look: { type: "numeric", command } });
  assert.equal((await project.run(["track"], { env })).code, 0);
  const modes = project
    .read("modes")
    .toString()
    .match(/^[-drwx]{10}/gm);
  assert.deepEqual(modes?.sort(), ["-rw-------", "drwx------"]);
});

test("the gate's commands have it too", async (t) => {
  const { project, temporary, env } = setup(t);
  assert.equal((await project.run(["track"], { env })).code, 0);
  const before = project.read("unentropy.db");
  fs.rmSync(project.path("seen.db"));
  const outcome = await project.run(["gate"], { env });
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.ok(project.read("seen.db").equals(before));
  assert.ok(project.read("unentropy.db").equals(before));
  assert.deepEqual(fs.readdirSync(temporary), []);
});

test("a history that cannot be opened is none for the gate's commands", async (t) => {
  const command = "printenv UNENTROPY_DATABASE_PATH > seen || echo none > seen; echo 1";
  const { project, temporary, env } = setup(t, { look: { type: "numeric", command } });
  project.write("unentropy.db", "damaged");
  assert.equal((await project.run(["gate"], { env })).code, 3);
  assert.equal(project.read("seen").toString(), "none\n");
  assert.deepEqual(fs.readdirSync(temporary), []);
});

test("nothing stays of a run that fails", async (t) => {
  const { project, temporary, env } = setup(t, { broken: { type: "numeric", command: "exit 1" } });
  const outcome = await project.run(["track", "--json"], { env });
  assert.equal(outcome.code, 4);
  assert.equal(JSON.parse(outcome.stdout).history, null, "none was started");
  assert.deepEqual(fs.readdirSync(temporary), []);
});

for (const signals of /** @type {NodeJS.Signals[][]} */ ([["SIGINT"], ["SIGTERM"], ["SIGTERM", "SIGTERM"]])) {
  test(`nothing stays of a run that ${signals.join(" and ")} ends`, {
    skip: process.platform === "win32",
  }, async (t) => {
    const command = "trap '' TERM INT; touch there; sleep 60";
    const { project, temporary, env } = setup(t, { slow: { type: "numeric", command } });
    const { child, ended } = project.start(["track"], { env });
    await until(() => project.exists("there"), "the command runs");
    assert.equal(fs.readdirSync(temporary).length, 1);
    for (const signal of signals) {
      child.kill(signal);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.equal((await ended).code, 1);
    assert.deepEqual(fs.readdirSync(temporary), []);
  });
}

test("nothing stays of a run that a signal ends suddenly", {
  skip: process.platform === "win32",
}, async (t) => {
  const { project, temporary, env } = setup(t, {
    slow: { type: "numeric", command: "touch there; exec sleep 60" },
  });
  const { child, ended } = project.start(["track"], { env });
  await until(() => project.exists("there"), "the command runs");
  assert.equal(fs.readdirSync(temporary).length, 1);
  // Nobody else listens to this one.
  child.kill("SIGHUP");
  assert.equal((await ended).signal, "SIGHUP");
  assert.deepEqual(fs.readdirSync(temporary), []);
});

for (const signal of /** @type {NodeJS.Signals[]} */ (["SIGHUP", "SIGINT", "SIGTERM"])) {
  test(`${signal} of a program that uses the library leaves what is not stored, and only that`, {
    skip: process.platform === "win32",
  }, async (t) => {
    const { project, temporary, env } = setup(t);
    const source = new URL("../../js/run/folder.js", import.meta.url).href;
    project.write(
      "program.mjs",
      `import { writeFileSync } from "node:fs";
      import { RunFolder } from ${JSON.stringify(source)};
      const folders = [1, 2].map(() => new RunFolder(process.env, { readable: true }));
      for (const folder of folders) folder.loaded(Buffer.from("loaded"));
      folders[0].storing(Buffer.from("built"));
      writeFileSync("there", "");
      setInterval(() => {}, 1000);`,
    );
    const { child, ended } = project.start([], { env, entry: project.path("program.mjs") });
    t.after(() => child.kill("SIGKILL"));
    await until(() => project.exists("there"), "the files are written");
    assert.equal(fs.readdirSync(temporary).length, 3);
    child.kill(signal);
    assert.equal((await ended).signal, signal);
    const left = fs.readdirSync(temporary);
    assert.equal(left.length, 1);
    assert.deepEqual(fs.readdirSync(path.join(temporary, left[0])), ["unentropy-rescue.db"]);
  });
}

test("the system's temporary folder takes it where the runner's cannot, and a run needs neither", async (t) => {
  const command = 'echo "$UNENTROPY_DATABASE_PATH" > seen; echo 1';
  const { project, temporary } = setup(t, { look: { type: "numeric", command } });
  const missing = project.path("missing");
  const other = await project.run(["track"], { env: { RUNNER_TEMP: missing, TMPDIR: temporary } });
  assert.equal(other.code, 0, other.stderr);
  assert.doesNotMatch(other.stderr, /warning/);
  assert.ok(project.read("seen").toString().startsWith(temporary));
  const neither = await project.run(["track"], { env: { RUNNER_TEMP: missing, TMPDIR: missing } });
  assert.equal(neither.code, 0, neither.stderr);
  assert.match(
    neither.stderr,
    /the metrics' commands cannot read the history: .*`.*missing`: it does not exist/,
  );
  assert.equal(project.read("seen").toString(), "\n");
});

test("nobody else's variable is taken for it", async (t) => {
  const command = "printenv UNENTROPY_DATABASE_PATH > seen || echo none > seen; echo 1";
  const { project } = setup(t, { look: { type: "numeric", command } });
  const outcome = await project.run(["test"], { env: { UNENTROPY_DATABASE_PATH: "/elsewhere.db" } });
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.equal(project.read("seen").toString(), "none\n");
});

test("where no command would read it, nothing is written", (t) => {
  const { temporary, env } = setup(t);
  const folder = new RunFolder(env, { readable: false });
  folder.loaded(Buffer.from("x"));
  assert.equal(folder.historyPath, undefined);
  assert.deepEqual(fs.readdirSync(temporary), []);
  folder.close();
});

test("what is not stored stays when the folder is closed, and only that", (t) => {
  const { temporary, env } = setup(t);
  const folder = new RunFolder(env, { readable: true });
  folder.loaded(Buffer.from("loaded"));
  folder.storing(Buffer.from("first"));
  folder.storing(Buffer.from("second"));
  folder.close();
  const [name] = fs.readdirSync(temporary);
  assert.deepEqual(fs.readdirSync(path.join(temporary, name)), ["unentropy-rescue.db"]);
  assert.equal(fs.readFileSync(path.join(temporary, name, "unentropy-rescue.db"), "utf8"), "second");
});

test("what cannot be written leaves what an earlier try wrote", {
  skip: process.platform === "win32",
}, (t) => {
  const { project, temporary, env } = setup(t);
  const source = new URL("../../js/run/folder.js", import.meta.url).href;
  project.write(
    "program.mjs",
    `import { RunFolder } from ${JSON.stringify(source)};
    const folder = new RunFolder(process.env, { readable: true });
    folder.storing(Buffer.from("first"));
    folder.storing(Buffer.alloc(10_000_000));
    folder.close();
    console.log(JSON.stringify([folder.unstoredPath, ...folder.warnings.map(({ message }) => message)]));`,
  );
  // In a process that may write no large file.
  const { stdout, stderr } = spawnSync(
    "sh",
    ["-c", 'ulimit -f 1000; exec "$0" program.mjs', process.execPath],
    {
      cwd: project.directory,
      env: { ...process.env, ...env, TMPDIR: temporary },
      encoding: "utf8",
    },
  );
  const [file, ...warnings] = JSON.parse(stdout || stderr);
  assert.equal(fs.readFileSync(file, "utf8"), "first");
  assert.deepEqual(fs.readdirSync(path.dirname(file)), ["unentropy-rescue.db"]);
  assert.match(
    warnings.join(),
    /that of an earlier try is what a run leaves that is killed while it is stored/,
  );
});

test("a file that another program has open does not make a stored build a failed one", (t) => {
  const { temporary, env } = setup(t);
  const folder = new RunFolder(env, { readable: true });
  folder.storing(Buffer.from("built"));
  const file = /** @type {string} */ (folder.unstoredPath);
  // A folder in its place cannot be removed as a file is, on any system.
  fs.rmSync(file);
  fs.mkdirSync(file);
  folder.stored();
  assert.equal(folder.unstoredPath, null);
  folder.close();
  assert.deepEqual(fs.readdirSync(temporary), []);
});
