// What is made to wait, to loop or to fill the memory: each ends by itself, costs its own metric at most, and says why.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import { CLI, PLAIN_ENV, Project, told } from "../../support/project.js";

const NUMBER = { type: "numeric", command: "echo 1" };
const LOCAL = { type: "sqlite-local" };

/**
 * A project whose configuration measures these, and one metric that always succeeds.
 * @param {import("node:test").TestContext} t
 * @param {Record<string, string>} commands
 */
const measuring = (t, commands) =>
  new Project(t).config({
    storage: LOCAL,
    metrics: {
      fine: NUMBER,
      ...Object.fromEntries(
        Object.entries(commands).map(([id, command]) => [id, { type: "numeric", command }]),
      ),
    },
  });

/** @param {Project} project @param {string} name */
const pipe = (project, name) => execFileSync("mkfifo", [project.path(name)]);

/**
 * Tracks, and asserts that the other metric was recorded.
 * @param {Project} project
 * @param {string} code of the metric `hit`
 * @param {NodeJS.ProcessEnv} [env]
 */
async function costsOneMetric(project, code, env = {}) {
  const outcome = await project.run(["track", "--json", "--db", "h.db"], { env, timeoutMs: 300_000 });
  assert.equal(outcome.code, 0, told(outcome));
  const { metrics } = JSON.parse(outcome.stdout);
  const by = Object.fromEntries(metrics.map((/** @type {any} */ metric) => [metric.id, metric]));
  assert.equal(by.hit.error?.code, code, told(outcome));
  assert.equal(by.fine.value, 1);
  return by.hit;
}

/**
 * @param {Project} project
 * @param {string[]} args
 * @param {string} code
 * @param {number} exit
 * @param {NodeJS.ProcessEnv} [env]
 */
async function fails(project, args, code, exit, env = {}) {
  const outcome = await project.run(args, { env, timeoutMs: 300_000 });
  assert.equal(outcome.code, exit, told(outcome));
  assert.match(outcome.stderr, new RegExp(`error\\[${code}\\]: .+\n +\\S`));
  assert.doesNotMatch(outcome.stderr, /^ +at /m, "no stack");
  return outcome;
}

/** @type {import("../attacks.js").Attack[]} */
export const attacks = [
  {
    who: "a report file",
    what: "is a named pipe that no one writes to",
    outcome: "that metric fails, the others are recorded",
    code: "`FILE_NOT_REGULAR`",
    async run(t) {
      const project = measuring(t, { hit: "@collect coverage c.info" });
      pipe(project, "c.info");
      await costsOneMetric(project, "FILE_NOT_REGULAR");
    },
  },
  {
    who: "a report file",
    what: "is a link to `/dev/zero`",
    outcome: "that metric fails, the others are recorded",
    code: "`FILE_NOT_REGULAR`",
    async run(t) {
      const project = measuring(t, { hit: "@collect size --gzip c.info" });
      fs.symlinkSync("/dev/zero", project.path("c.info"));
      await costsOneMetric(project, "FILE_NOT_REGULAR");
    },
  },
  {
    who: "a configuration",
    what: "is a named pipe",
    outcome: "nothing is run",
    code: "`CONFIG_UNREADABLE`",
    async run(t) {
      const project = new Project(t);
      pipe(project, "unentropy.json");
      await fails(project, ["track", "--db", "h.db"], "CONFIG_UNREADABLE", 2);
    },
  },
  {
    who: "the machine",
    what: "has a named pipe where the event's payload should be",
    outcome: "nothing is run",
    code: "`FILE_NOT_REGULAR`",
    async run(t) {
      const project = measuring(t, {});
      pipe(project, "event.json");
      await fails(project, ["track", "--db", "h.db"], "FILE_NOT_REGULAR", 2, {
        GITHUB_ACTIONS: "true",
        GITHUB_EVENT_NAME: "pull_request",
        GITHUB_EVENT_PATH: project.path("event.json"),
      });
      assert.ok(!project.exists("h.db"));
    },
  },
  {
    who: "a pull request",
    what: "leaves a named pipe as the history's lock",
    outcome: "the run ends at once, the history as it was",
    code: "`STORAGE_LOCK_INVALID`",
    async run(t) {
      const project = measuring(t, {});
      assert.equal((await project.run(["track", "--db", "h.db"])).code, 0);
      const before = project.read("h.db");
      pipe(project, "h.db.lock");
      await fails(project, ["track", "--db", "h.db", "--run-id", "2"], "STORAGE_LOCK_INVALID", 3);
      assert.deepEqual(project.read("h.db"), before);
    },
  },
  {
    who: "a pull request",
    what: "leaves a link to `/dev/zero` as the history's lock",
    outcome: "the run ends at once, the history as it was",
    code: "`STORAGE_LOCK_INVALID`",
    async run(t) {
      const project = measuring(t, {});
      assert.equal((await project.run(["track", "--db", "h.db"])).code, 0);
      fs.symlinkSync("/dev/zero", project.path("h.db.lock"));
      await fails(project, ["track", "--db", "h.db", "--run-id", "2"], "STORAGE_LOCK_INVALID", 3);
    },
  },
  {
    who: "a pull request",
    what: "leaves a named pipe as the history's backup",
    outcome: "the build is recorded without a backup, which a warning says",
    code: "`BACKUP_FAILED`",
    async run(t) {
      const project = measuring(t, {});
      assert.equal((await project.run(["track", "--db", "h.db"])).code, 0);
      pipe(project, "h.db.bak");
      const outcome = await project.run(["track", "--db", "h.db", "--run-id", "2"]);
      assert.equal(outcome.code, 0, told(outcome));
      assert.match(outcome.stderr, /no backup of .* was made: .*is not a regular file/);
      assert.match(outcome.stderr, /\(2 builds/);
    },
  },
  {
    who: "a pull request",
    what: "has the gate's results written below `/proc`",
    outcome: "the run fails after the verdict",
    code: "`RESULTS_UNWRITABLE`",
    async run(t) {
      if (process.platform !== "linux") return t.skip("needs /proc");
      const project = measuring(t, {});
      assert.equal((await project.run(["track", "--db", "h.db"])).code, 0);
      await fails(
        project,
        ["gate", "--db", "h.db", "--output-file", "/proc/x/y.json"],
        "RESULTS_UNWRITABLE",
        1,
      );
    },
  },
  {
    who: "the machine",
    what: "has the badge written below `/proc`",
    outcome: "nothing is written",
    code: "`OUTPUT_KIND`",
    async run(t) {
      if (process.platform !== "linux") return t.skip("needs /proc");
      const project = measuring(t, {});
      assert.equal((await project.run(["track", "--db", "h.db"])).code, 0);
      const outcome = await project.run(["badge", "fine", "--db", "h.db", "-o", "/proc/x/y.svg"]);
      assert.ok(outcome.code === 1, told(outcome));
      assert.match(outcome.stderr, /error\[OUTPUT_KIND\]/);
    },
  },
  {
    who: "a configuration",
    what: "nests globs so that naive matching takes exponential time",
    outcome: "that metric fails, the others are recorded",
    code: "`COLLECTOR_MISSING`",
    async run(t) {
      const project = measuring(t, {
        hit: "@collect size 'long/+(+(+(+(a|b)|*)|*a)|b)c' 'long/*a*a*a*a*a*a*a*a*a*a*ac'",
      });
      project.write(`long/${"a".repeat(200)}b.js`, "x");
      await costsOneMetric(project, "COLLECTOR_MISSING");
    },
  },
  {
    who: "a configuration",
    what: "excludes more alternatives than can be kept track of",
    outcome: "that metric fails, the others are recorded",
    code: "`PATTERN_TOO_COMPLEX`",
    async run(t) {
      const wild = `!(*a${"?".repeat(40)})`;
      const project = measuring(t, { hit: `@collect size '${wild}/${wild}'` });
      let bits = 1;
      for (let n = 0; n < 40; n++) {
        const name = Array.from({ length: 250 }, () => {
          bits = (bits * 1103515245 + 12345) & 0x7fffffff;
          return bits & 0x10000 ? "a" : "b";
        });
        project.write(`${name.join("")}/x`, "x");
      }
      await costsOneMetric(project, "PATTERN_TOO_COMPLEX");
    },
  },
  {
    who: "a pull request",
    what: "has rules that make naive matching of names take exponential time in `.gitignore`",
    outcome: "they mean what they mean to git, in no time",
    code: "none",
    async run(t) {
      const project = measuring(t, { lines: "@collect loc ." });
      project.write(".gitignore", `${"*a".repeat(14)}c.js\n**/${"*a/".repeat(20)}x\n*.gen.js\n`);
      project.write(`${"a".repeat(200)}b.js`, "let a = 1;\n").write("a.gen.js", "let b = 2;\n");
      const { document, code } = await project.track("--db", "h.db");
      assert.equal(code, 0);
      // The configuration's own lines count too.
      const json = project.read("unentropy.json").toString().split("\n").length;
      assert.equal(document.metrics.find((/** @type {any} */ { id }) => id === "lines").value, 1 + json);
    },
  },
  {
    who: "the machine",
    what: "has a named pipe as `.gitignore` above the configuration",
    outcome: "its rules do not count, which a warning says",
    code: "`GITIGNORE_SKIPPED`",
    async run(t) {
      const project = new Project(t, { "sub/a.js": "let a = 1;\n" });
      pipe(project, ".gitignore");
      const outcome = await project.run(["collect", "loc", "."], { cwd: project.path("sub") });
      assert.equal(outcome.code, 0, told(outcome));
      assert.equal(outcome.stdout, "1\n");
      assert.match(
        outcome.stderr,
        /warning: the rules in `.*\.gitignore` do not count: .* not a regular file\n +\S/,
      );
    },
  },
  {
    who: "a pull request",
    what: "puts a named pipe called `.gitignore` into a directory whose bytes are measured",
    outcome: "it is no file of that directory, and the others count",
    code: "none",
    async run(t) {
      const project = new Project(t, { "sub/a.txt": "12345" });
      pipe(project, "sub/.gitignore");
      const outcome = await project.run(["collect", "size", "sub"]);
      assert.equal(outcome.stdout, "5\n", told(outcome));
    },
  },
  {
    who: "the machine",
    what: "has a link to `/dev/zero` as `.gitignore` above the configuration",
    outcome: "its rules do not count, which a warning says",
    code: "`GITIGNORE_SKIPPED`",
    async run(t) {
      const project = new Project(t, { "sub/a.js": "let a = 1;\n" });
      fs.symlinkSync("/dev/zero", project.path(".gitignore"));
      const outcome = await project.run(["collect", "loc", "."], { cwd: project.path("sub") });
      assert.equal(outcome.code, 0, told(outcome));
      assert.match(outcome.stderr, /do not count: it is a link/);
    },
  },
  {
    who: "a file name",
    what: "is no text",
    outcome: "the file is measured like any other, and its name written with `\\xff`",
    code: "none",
    async run(t) {
      if (process.platform !== "linux") return t.skip("names are text here");
      const project = new Project(t, { "a.js": "let a = 1;\n" });
      const bytes = (/** @type {string} */ name) =>
        Buffer.concat([Buffer.from(`${project.directory}/`), Buffer.from(name, "latin1")]);
      fs.writeFileSync(bytes("b\xff.js"), "let b = 1;\nlet c = 2;\n");
      fs.mkdirSync(bytes("d\xfe"));
      fs.writeFileSync(bytes("d\xfe/e.js"), "let d = 1;\n");
      for (const name of ["r\xff.info", "r\xfe.info"]) {
        const hits = name === "r\xff.info" ? 1 : 0;
        fs.writeFileSync(bytes(name), `TN:\nSF:${hits}.js\nDA:1,${hits}\nend_of_record\n`);
      }
      for (const [args, expected] of /** @type {[string[], string][]} */ ([
        [["collect", "loc", "."], "4\n"],
        [["collect", "size", "*.js", "d*/*"], "44\n"],
        [["collect", "coverage", "*.info"], "50\n"],
        [["collect", "loc", ".", "--exclude", "b*"], "2\n"],
      ])) {
        const outcome = await project.run(args);
        assert.equal(outcome.stdout, expected, told(outcome));
      }
      project.config({ storage: LOCAL, metrics: { n: NUMBER } });
      const outcome = await project.run(["sources"]);
      assert.match(outcome.stdout, /^b\\xff\.js$/m);
      assert.match(outcome.stdout, /^d\\xfe\/e\.js$/m);
    },
  },
  {
    who: "a file name",
    what: "holds escape sequences, line ends, direction and zero-width characters",
    outcome: "each is written as `\\u{..}` wherever the name is printed",
    code: "`COLLECTOR_FORMAT`",
    async run(t) {
      if (process.platform === "win32") return t.skip("no such names there");
      const project = measuring(t, { hit: "@collect coverage r*" });
      const name = "r\x1b[31m\u202egnp\u200b\n\u2713.info";
      project.write(name, "no report");
      for (const env of [{}, { FORCE_COLOR: "1" }]) {
        const outcome = await project.run(["track", "--db", "h.db"], { env });
        const shownAs = "r\\u{1b}[31m\\u{202e}gnp\\u{200b}\\n\u2713.info";
        assert.ok(outcome.stderr.includes(`cannot read \`${shownAs}\``), told(outcome));
      }
      const outcome = await project.run(["sources"]);
      for (const hidden of ["\u202e", "\u200b", "\x1b"]) assert.ok(!told(outcome).includes(hidden));
      assert.match(outcome.stdout, /^r\\u\{1b\}\[31m.*\\n\u2713\.info$/m);
    },
  },
  {
    who: "the machine",
    what: "lets a process have hardly any files open",
    outcome: "the run says so and ends, wherever it gets to",
    code: "`TOO_MANY_FILES`",
    async run(t) {
      if (process.platform === "win32") return t.skip("no such limit there");
      const project = measuring(t, {}).write("empty.mjs", "import './other.mjs';").write("other.mjs", "");
      const limited = (/** @type {number} */ files, /** @type {string[]} */ ...args) =>
        spawnSync("sh", ["-c", `ulimit -n ${files}; exec "$@"`, "sh", process.execPath, ...args], {
          cwd: project.directory,
          encoding: "utf8",
          env: { ...PLAIN_ENV },
        });
      let least = 12;
      while (least < 60 && limited(least, "empty.mjs").status !== 0) least += 1;
      let told = 0;
      for (let files = least + 1; files < least + 14; files += 3) {
        const { status, stderr } = limited(files, CLI, "track", "--db", "h.db");
        assert.doesNotMatch(stderr, /^ +at /m, `${files} files`);
        if (status === 0) continue;
        assert.match(stderr, /error\[TOO_MANY_FILES\]: .+\n +Raise the limit/, `${files} files`);
        told += 1;
      }
      assert.ok(told > 0);
    },
  },
  {
    who: "a report file",
    what: "is a sparse file of 2 GB",
    outcome: "that metric fails before a byte is read, the others are recorded",
    code: "`FILE_TOO_LARGE`",
    async run(t) {
      const project = measuring(t, { hit: "@collect coverage c.info" }).write("c.info", "TN:\n");
      fs.truncateSync(project.path("c.info"), 2 * 1024 ** 3);
      await costsOneMetric(project, "FILE_TOO_LARGE");
    },
  },
  {
    who: "a report file",
    what: "takes longer to read than the metric's `timeout`",
    outcome: "reading is stopped, the other metrics are recorded",
    code: "`COLLECTOR_TIMEOUT`",
    async run(t) {
      const project = new Project(t).config({
        storage: LOCAL,
        metrics: { fine: NUMBER, hit: { type: "numeric", command: "@collect coverage c.info", timeout: 1 } },
      });
      const lines = Array.from({ length: 100_000 }, (_, n) => `DA:${n + 1},1\n`).join("");
      project.write("c.info", `TN:\n${`SF:a.js\n${lines}end_of_record\n`.repeat(16)}`);
      await costsOneMetric(project, "COLLECTOR_TIMEOUT");
    },
  },
  {
    who: "a report file",
    what: "defines entities of entities, which would fill the memory",
    outcome: "none is expanded; that metric fails",
    code: "`COLLECTOR_FORMAT`",
    async run(t) {
      const project = measuring(t, { hit: "@collect coverage c.xml" });
      const entities = Array.from({ length: 9 }, (_, n) => `<!ENTITY e${n + 1} "${`&e${n};`.repeat(10)}">`);
      project.write(
        "c.xml",
        `<!DOCTYPE coverage [<!ENTITY e0 "laugh">${entities.join("")}]><coverage line-rate="0"><sources><source>&e9;</source></sources></coverage>`,
      );
      await costsOneMetric(project, "COLLECTOR_FORMAT");
    },
  },
  {
    who: "a report file",
    what: "nests a million elements and ends among them",
    outcome: "that metric fails, the others are recorded",
    code: "`COLLECTOR_FORMAT`",
    async run(t) {
      const project = measuring(t, { hit: "@collect coverage c.xml" });
      project.write("c.xml", `<coverage line-rate="0"><packages>${"<package>".repeat(1_000_000)}`);
      await costsOneMetric(project, "COLLECTOR_FORMAT");
    },
  },
  {
    who: "a configuration",
    what: "nests lists a million deep",
    outcome: "nothing is run",
    code: "`CONFIG_INVALID`",
    async run(t) {
      const project = new Project(t).write("unentropy.json", `{"metrics":${"[".repeat(1_000_000)}`);
      const outcome = await project.run(["track", "--db", "h.db"]);
      assert.equal(outcome.code, 2, told(outcome));
      assert.match(outcome.stderr, /nested deeper than 64 levels\n +\S[\s\S]*error\[CONFIG_INVALID\]/);
    },
  },
  {
    who: "a pull request",
    what: "nests directories deeper than a path can be",
    outcome: "that metric fails, the others are recorded",
    code: "`FILE_NAME_TOO_LONG`",
    async run(t) {
      if (process.platform !== "linux") return t.skip("other limits there");
      const project = measuring(t, { hit: "@collect loc deep" });
      const deep = `mkdir deep && cd deep && for n in $(seq 30); do mkdir -p ${"d".repeat(200)} && cd -P ${"d".repeat(200)}; done`;
      execFileSync("sh", ["-c", deep], { cwd: project.directory });
      try {
        await costsOneMetric(project, "FILE_NAME_TOO_LONG");
      } finally {
        // Node removes by whole paths, too.
        execFileSync("rm", ["-rf", "deep"], { cwd: project.directory });
      }
    },
  },
  {
    who: "a pull request",
    what: "has links that lead in circles, to their own directory and to nothing",
    outcome: "each real file counts once",
    code: "none",
    async run(t) {
      if (process.platform === "win32") return t.skip("needs links");
      const project = new Project(t, { "a/x.js": "let a = 1;\n" });
      for (const [to, name] of [
        ["..", "a/up"],
        [".", "a/here"],
        ["circle", "circle"],
        ["a/x.js", "again.js"],
        ["nowhere", "nothing.js"],
      ])
        fs.symlinkSync(to, project.path(name));
      const outcome = await project.run(["collect", "loc", "."]);
      assert.equal(outcome.stdout, "1\n", told(outcome));
    },
  },
];
