// `unentropy preview` and the branch that `report` shows first, as the shipped command line does them.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { Project, told } from "./support/project.js";

const CONFIG = { metrics: { size: { type: "numeric", unit: "bytes", command: "echo 1" } } };

test("a preview shows sample data, says so, and leaves history and report alone", async (t) => {
  const project = new Project(t).config(CONFIG);
  const { code, stdout } = await project.run(["preview", "--no-open", "--json"]);
  assert.equal(code, 0);
  const reportPath = "unentropy-preview/index.html";
  assert.deepEqual(JSON.parse(stdout), { success: true, reportPath, sample: true, opened: false });
  const html = project.read(reportPath).toString();
  assert.match(html, /<title>Sample data · /);
  assert.match(html, /<strong>Sample data\.<\/strong> Every figure on this page is made up/);
  assert.match(html, /data-id="size"/);
  assert.equal(project.exists("unentropy.db") || project.exists("unentropy-report"), false);
});

test("a preview of a history shows that history and no sample", async (t) => {
  const project = new Project(t).config(CONFIG);
  assert.equal((await project.run(["track"])).code, 0);
  const { code } = await project.run(["preview", "--db", "unentropy.db", "--no-open"]);
  assert.equal(code, 0);
  const html = project.read("unentropy-preview/index.html").toString();
  assert.doesNotMatch(html, /Sample data/);
  assert.match(html, /1 build</);
});

test("the same history and configuration, rendered at the same --now, give the same bytes", async (t) => {
  const project = new Project(t).config(CONFIG);
  assert.equal((await project.run(["track"])).code, 0);
  const at = (/** @type {string[]} */ ...args) => ["--db", "unentropy.db", ...args];
  /** @type {[string, string[], string][]} */
  const cases = [
    ["report", at("-o", "out"), "out/index.html"],
    ["preview", ["--no-open", "-o", "sample"], "sample/index.html"],
    ["preview", at("--no-open", "-o", "shown"), "shown/index.html"],
    ["badge", at("size", "--trend", "-o", "trend.svg"), "trend.svg"],
  ];
  for (const [command, args, file] of cases) {
    const render = async (/** @type {string} */ now) => {
      const outcome = await project.run([command, ...args, "--now", now], {
        env: { TZ: "Asia/Tokyo", LANG: "de_DE" },
      });
      assert.equal(outcome.code, 0, told(outcome));
      return project.read(file).toString();
    };
    const page = await render("2097-03-04T05:06:07Z");
    assert.equal(await render("2097-03-04t06:06:07.000+01:00"), page, `${command} at the same moment`);
    if (command !== "badge") assert.match(page, /2097/, command);
  }
  const early = await project.run(["badge", "size", "--now", "2001-01-01T00:00:00Z"]);
  assert.match(early.stdout, /no value|unknown|none|no data/i, "the build is later than that");
  assert.match((await project.run(["badge", "size", "--now", "2097-01-01T00:00:00Z"])).stdout, /1 B/);
});

test("a --now that is no time is refused", async (t) => {
  const project = new Project(t).config(CONFIG);
  for (const now of [
    "now",
    "2026-11-28",
    "2026-11-28T12:00:00",
    "2026-02-30T00:00:00Z",
    "2026-11-28T25:00:00Z",
    "1764331200",
  ]) {
    for (const args of [["report"], ["preview", "--no-open"], ["badge", "size"]]) {
      const outcome = await project.run([...args, "--now", now]);
      assert.equal(outcome.code, 2, told(outcome));
      assert.match(
        outcome.stderr,
        /error\[USAGE_INVALID\]: `--now` is `.*`, expected a time as RFC 3339 writes it/,
      );
    }
  }
  assert.deepEqual(project.names(), ["unentropy.json"]);
});

test("the page is handed to the machine's opener, and without one its place is told", {
  skip: process.platform !== "linux" && "the opener is Linux's",
}, async (t) => {
  const project = new Project(t).config(CONFIG);
  const file = project.path("unentropy-preview/index.html");
  const node = path.dirname(process.execPath);
  const bare = await project.run(["preview"], { env: { PATH: project.path("none") } });
  assert.equal(bare.code, 0);
  assert.ok(
    told(bare).includes(`no program to open it with was found; open this file in a browser:\n${file}\n`),
  );
  project.write("bin/xdg-open", `#!/bin/sh\nprintf %s "$1" > "${project.path("opened")}"\n`);
  fs.chmodSync(project.path("bin/xdg-open"), 0o755);
  const env = { PATH: `${project.path("bin")}:${node}:/usr/bin:/bin` };
  const opened = await project.run(["preview", "--json"], { env });
  assert.equal(JSON.parse(opened.stdout).opened, true);
  assert.equal(project.read("opened").toString(), file);
  project.write("opened", "");
  await project.run(["preview", "--no-open"], { env });
  assert.equal(project.read("opened").toString(), "");
  project.write("bin/xdg-open", "#!/bin/sh\nexit 3\n");
  assert.equal(JSON.parse((await project.run(["preview", "--json"], { env })).stdout).opened, false);
});

test("help names the directory that a preview is written into, and what the branch of a badge is", async (t) => {
  const project = new Project(t);
  const help = async (/** @type {string} */ command) => (await project.run([command, "--help"])).stdout;
  const preview = await help("preview");
  assert.match(preview, /--report-dir DIR .*\(default: unentropy-preview\)/);
  assert.doesNotMatch(preview, /unentropy-report|unentropy\.db/);
  assert.match(await help("report"), /--report-dir DIR .*\(default: unentropy-report\)/);
  assert.match(await help("badge"), /--branch NAME +the branch whose values are shown/);
  assert.match(await help("track"), /--branch NAME +the branch of the build/);
});

test("a report is said to be of the builds that it shows", async (t) => {
  const project = new Project(t).config(CONFIG);
  const recorded = ["push", "pull_request", "schedule", "pull_request_target", "push"];
  for (const [n, event] of recorded.entries()) {
    const args = ["track", "--branch", n === 4 ? "dev" : "main", "--run-id", String(n), "--event", event];
    assert.equal((await project.run(args)).code, 0);
  }
  const outcome = await project.run(["report"]);
  assert.ok(
    told(outcome).includes(
      "report of 3 builds (2 of pull requests or from the future left out): unentropy-report",
    ),
    told(outcome),
  );
  const { stdout } = await project.run(["report", "--json"]);
  const { builds, totalBuilds } = JSON.parse(stdout);
  assert.deepEqual([builds, totalBuilds], [3, 5]);
  const html = project.read("unentropy-report/index.html").toString();
  const shown = [...html.matchAll(/<option value="\d">\w+ \((\d+) build/g)].map(([, count]) => Number(count));
  assert.deepEqual(shown, [2, 1]);
});

test("the report begins with the repository's default branch, or the one that the gate compares with", async (t) => {
  const project = new Project(t).config(CONFIG);
  for (const [n, branch] of ["main", "next", "next", "old", "old", "old"].entries()) {
    const args = ["track", "--branch", branch, "--run-id", String(n), "--event", "push"];
    assert.equal((await project.run(args)).code, 0);
  }
  const first = async () => {
    assert.equal((await project.run(["report"])).code, 0);
    return /<option value="0">(\w+) /.exec(project.read("unentropy-report/index.html").toString())?.[1];
  };
  assert.equal(await first(), "main", "what is checked out");
  project.git("update-ref", "refs/remotes/origin/next", "HEAD");
  project.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/next");
  assert.equal(await first(), "next", "what the origin calls its own");
  project.config({ ...CONFIG, qualityGate: { baseline: { referenceBranch: "old" } } });
  assert.equal(await first(), "old", "what the configuration names");
  project.config({ ...CONFIG, qualityGate: { baseline: { referenceBranch: "gone" } } });
  assert.equal(await first(), "next", "what the configuration names has no builds");
});

test("the machine's time zone and language do not show in a report", async (t) => {
  const project = new Project(t).config(CONFIG);
  assert.equal((await project.run(["track"])).code, 0);
  const made = [];
  for (const env of [
    { TZ: "UTC", LANG: "C" },
    { TZ: "Pacific/Auckland", LANG: "de_DE.UTF-8" },
    { TZ: "America/St_Johns", LC_ALL: "ar_EG.UTF-8" },
  ]) {
    assert.equal((await project.run(["report"], { env })).code, 0);
    const html = project.read("unentropy-report/index.html").toString();
    made.push(html.replace(/Generated \d{4}-\d\d-\d\d \d\d:\d\d UTC/, "Generated"));
  }
  assert.deepEqual([made[1] === made[0], made[2] === made[0]], [true, true]);
});
