// dist/ as a reader finds it: files named after what they hold, and of those only the ones that a run needs are loaded. Then
// how it is made: what the bundler refuses, and what an interrupted build leaves.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { bundle } from "../../tools/bundle.js";
import { replaceFolder } from "../../tools/swap.js";
import { startS3sFs } from "../servers/s3.js";
import { loadedBy } from "./support/loaded.js";
import { Project, ROOT, told } from "./support/project.js";
import { act } from "./support/runner.js";

const FILES = fs.readdirSync(path.join(ROOT, "dist")).sort();

test("no name of dist/ holds a number, but for the service that has one in its own", () => {
  assert.deepEqual(
    FILES.filter((name) => /\d/.test(name.replace(/\bs3\b/, ""))),
    [],
  );
});

test("ARCHITECTURE.md says of every file of dist/ what it holds, and of no other one", () => {
  const text = fs.readFileSync(path.join(ROOT, "ARCHITECTURE.md"), "utf8");
  const section = text.split("\n### What is in dist/\n")[1].split("\n## ")[0];
  const rows = [...section.matchAll(/^\| ((?:`[^`]+`(?:, )?)+) \| (.+) \|$/gm)];
  const named = rows.flatMap(([, names]) => [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
  assert.deepEqual(named.sort(), FILES);
  for (const [row, , holds] of rows) assert.ok(holds.length > 10, row);
});

describe("what a run loads", () => {
  const always = ["cli-main", "cli", "common", "config", "engine", "files", "globs", "options", "start"];
  const measured = ["ci", "collect", "globs", "measure", "parsers", "run", "storage"];
  const gated = ["gate", "github", "http"];
  const s3 = ["http", "storage-s3"];
  const action = [
    "action-main",
    "action",
    "common",
    "config",
    "engine",
    "files",
    "globs",
    "options",
    "start",
  ];
  /** @param {...string[]} rooms */
  const files = (...rooms) => [...new Set(rooms.flat())].map((room) => `${room}.js`).sort();
  const metrics = {
    one: { type: "numeric", command: "echo 1" },
    size: { $ref: "size", command: "@collect size a.txt" },
  };
  /** @param {import("node:test").TestContext} t */
  const setup = (t) => new Project(t, { "a.txt": "abc" }).config({ metrics });

  /** @type {[string[], string[]][]} */
  const commands = [
    [["--version"], files(always)],
    [["verify"], files(always)],
    [["collect", "size", "a.txt"], files(always, ["cli-collect", "globs", "measure", "parsers"])],
    [["test"], files(always, measured, ["cli-track", "track"])],
    [["track"], files(always, measured, ["cli-track", "track"])],
    [["preview"], files(always, ["cli-commands", "ci", "run", "storage"])],
    [["gate"], files(always, measured, gated, ["cli-gate"])],
  ];
  for (const [args, expected] of commands) {
    test(`\`unentropy ${args.join(" ")}\``, async (t) => {
      const project = setup(t);
      const { result, loaded } = await loadedBy((env) => project.run(args, { env }));
      assert.equal(result.code, 0, told(result));
      assert.deepEqual(loaded, expected);
    });
  }

  test("a thread for counting lines, no more than reading files and the engine", async (t) => {
    // Many enough that counting them is worth threads.
    const sources = Object.fromEntries(Array.from({ length: 2500 }, (_, n) => [`${n}.js`, "f();\n"]));
    const project = new Project(t, sources, { git: false });
    const { result, loaded } = await loadedBy((env) => project.run(["collect", "loc", "."], { env }));
    assert.equal(result.stdout, "2500\n", told(result));
    assert.deepEqual(loaded, files(always, ["cli-collect", "globs", "measure", "parsers", "lines-worker"]));
  });

  test("a history in S3, the client of S3", async (t) => {
    const server = await startS3sFs();
    t.after(server.stop);
    const project = setup(t);
    const { accessKeyId, secretAccessKey } = server.credentials;
    const place = ["--storage", "sqlite-s3", "--s3-endpoint", server.endpoint, "--s3-bucket", "bucket"];
    const { result, loaded } = await loadedBy((env) =>
      project.run(["track", ...place], {
        env: { ...env, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
      }),
    );
    assert.equal(result.code, 0, told(result));
    assert.deepEqual(loaded, files(always, measured, s3, ["cli-track", "track"]));
  });

  for (const [mode, more] of /** @type {const} */ ([
    ["track", []],
    ["gate", gated],
  ])) {
    test(`the action with \`mode: ${mode}\``, async (t) => {
      const project = setup(t);
      const inputs = { "storage-type": "sqlite-local", mode };
      const { result, loaded } = await loadedBy((env) => act(project, inputs, env));
      assert.equal(result.code, 0, told(result));
      assert.deepEqual(loaded, files(action, measured, ["track"], [...more]));
    });
  }
});

describe("the bundler", () => {
  /** @type {Record<string, string[]>} */
  const ROOMS = { cli: ["js/cli.js"], run: ["js/run/"], files: ["js/files/"] };
  const SOUND = {
    "js/cli.js": '#!/usr/bin/env node\nconst { go } = await import("./run/go.js");\nconsole.log(go());\n',
    "js/run/go.js":
      'import { read } from "../files/read.js";\nimport { list } from "../files/list.js";\n' +
      'import { same } from "./same.js";\nexport const go = () => [read(), list(), same()].join();\nexport const idle = 1;\n',
    "js/run/same.js": 'import { read } from "../files/read.js";\nexport const same = () => read();\n',
    "js/files/read.js": 'export const read = () => "read";\nexport const unused = () => "never taken";\n',
    "js/files/list.js": 'export const list = () => "list";\n',
  };

  /**
   * @param {import("node:test").TestContext} t
   * @param {Record<string, string>} files
   * @param {Record<string, string[]>} [rooms]
   */
  async function built(t, files, rooms = ROOMS) {
    const root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-bundle-")));
    t.after(() => fs.rmSync(root, { recursive: true, force: true }));
    for (const [name, text] of Object.entries(files)) {
      fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
      fs.writeFileSync(path.join(root, name), text);
    }
    const out = path.join(root, "dist");
    fs.mkdirSync(out);
    const inputs = await bundle(root, out, { rooms, entries: ["js/cli.js"] });
    const read = (/** @type {string} */ name) => fs.readFileSync(path.join(out, name), "utf8");
    return { inputs, out, read };
  }

  test("makes a file for each room, which imports from the others what it needs, once", async (t) => {
    const { inputs, out, read } = await built(t, SOUND);
    assert.deepEqual(fs.readdirSync(out).sort(), ["cli.js", "files.js", "run.js"]);
    assert.deepEqual(inputs, Object.keys(SOUND).sort());
    assert.match(read("cli.js"), /^#!\/usr\/bin\/env node\n[\s\S]*await import\("\.\/run\.js"\)/);
    assert.equal(read("run.js").match(/from"\.\/files\.js"/g)?.length, 1);
    assert.match(read("run.js"), /^import\{list,read\}from"\.\/files\.js";/);
    assert.doesNotMatch(read("files.js"), /never taken/);
    fs.writeFileSync(path.join(out, "package.json"), '{"type": "module"}');
    const { code, stdout } = await node([path.join(out, "cli.js")]);
    assert.deepEqual([code, stdout], [0, "read,list,read\n"]);
  });

  /** @type {[string, Record<string, string>, Record<string, string[]>, RegExp][]} */
  const refused = [
    [
      "a module without a room",
      { ...SOUND, "js/new/one.js": "export const a = 1;\n" },
      ROOMS,
      /^Error: js\/new\/one\.js has no room in tools\/rooms\.js$/,
    ],
    [
      "a room that nobody takes anything from",
      { ...SOUND, "js/new/one.js": "export const a = 1;\n" },
      { ...ROOMS, new: ["js/new/"] },
      /^Error: nothing is taken from the room `new`$/,
    ],
    [
      "two things under one name",
      {
        ...SOUND,
        "js/run/same.js": 'import { read } from "../files/list.js";\nexport const same = read;\n',
        "js/files/list.js": "export const list = () => 1;\nexport const read = () => 2;\n",
      },
      ROOMS,
      /^Error: the room `files` has a `read` in js\/files\/(?:list|read)\.js and one in js\/files\/(?:list|read)\.js$/,
    ],
    [
      "rooms that import each other",
      {
        ...SOUND,
        "js/files/list.js": 'import { idle } from "../run/go.js";\nexport const list = () => idle;\n',
      },
      ROOMS,
      /^Error: rooms of dist\/ import each other: (?:run -> files -> run|files -> run -> files)$/,
    ],
    [
      "a package that two rooms would hold",
      {
        ...SOUND,
        "node_modules/p/package.json": '{"name": "p", "type": "module", "main": "index.js"}',
        "node_modules/p/index.js": "export const p = Math.random();\n",
        "js/run/same.js": 'import { p } from "p";\nexport const same = () => p;\n',
        "js/files/list.js": 'import { p } from "p";\nexport const list = () => p;\n',
      },
      ROOMS,
      /^Error: dist\/run\.js and dist\/files\.js would both hold node_modules\/p\/index\.js$/,
    ],
    [
      "what is loaded on demand for its effects alone",
      {
        ...SOUND,
        "js/cli.js": 'await import("./run/effect.js");\n',
        "js/run/effect.js": "console.log(1);\n",
      },
      ROOMS,
      /^Error: js\/run\/effect\.js is loaded by `import\(\)` and exports nothing$/,
    ],
  ];
  for (const [what, files, rooms, message] of refused) {
    test(`refuses ${what}`, async (t) => {
      await assert.rejects(built(t, files, rooms), message);
    });
  }
});

/** @param {string[]} args @returns {Promise<{code: number | null, signal: NodeJS.Signals | null, stdout: string}>} */
function node(args) {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  return new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal, stdout })));
}

describe("a build", () => {
  /** @param {import("node:test").TestContext} t */
  function place(t) {
    const root = fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-swap-"));
    t.after(() => fs.rmSync(root, { recursive: true, force: true }));
    const dist = path.join(root, "dist");
    fs.mkdirSync(dist);
    fs.writeFileSync(path.join(dist, "old.js"), "old");
    const left = () => fs.readdirSync(root, { recursive: true, encoding: "utf8" }).sort();
    /** @param {string} next */
    const fill = async (next) => fs.writeFileSync(path.join(next, "new.js"), "new");
    return { dist, left, fill };
  }
  const at = (/** @type {string[]} */ ...names) => names.map((name) => path.normalize(name));

  test("takes the place of the one before it, with the names that it has and no others", async (t) => {
    const { dist, left, fill } = place(t);
    await replaceFolder(dist, async (next) => {
      assert.deepEqual(left(), at("dist", "dist.new", "dist/old.js"));
      await fill(next);
    });
    assert.deepEqual(left(), at("dist", "dist/new.js"));
  });

  test("that fails leaves the one before it", async (t) => {
    const { dist, left, fill } = place(t);
    await assert.rejects(
      replaceFolder(dist, async (next) => {
        await fill(next);
        throw new Error("no room");
      }),
      /^Error: no room$/,
    );
    assert.deepEqual(left(), at("dist", "dist/old.js"));
  });

  test("that is killed leaves the one before it, and the next one cleans up", async (t) => {
    const { dist, left, fill } = place(t);
    const swap = pathToFileURL(path.join(ROOT, "tools/swap.js")).href;
    const script = `
      import fs from "node:fs";
      import { replaceFolder } from ${JSON.stringify(swap)};
      await replaceFolder(${JSON.stringify(dist)}, async (next) => {
        fs.writeFileSync(next + "/half.js", "half");
        process.kill(process.pid, "SIGKILL");
        await new Promise((resolve) => setTimeout(resolve, 60_000));
      });`;
    const { code } = await node(["--input-type=module", "-e", script]);
    assert.notEqual(code, 0);
    assert.deepEqual(left(), at("dist", "dist.new", "dist.new/half.js", "dist/old.js"));
    await replaceFolder(dist, fill);
    assert.deepEqual(left(), at("dist", "dist/new.js"));
  });

  test("that ended between the two renames is put back by the next one, before it fills", async (t) => {
    const { dist, left, fill } = place(t);
    fs.renameSync(dist, `${dist}.old`);
    fs.mkdirSync(`${dist}.new`);
    await replaceFolder(dist, async (next) => {
      assert.equal(fs.readFileSync(path.join(dist, "old.js"), "utf8"), "old");
      await fill(next);
    });
    assert.deepEqual(left(), at("dist", "dist/new.js"));
  });

  test("that ended before the old one was removed has it removed by the next one", async (t) => {
    const { dist, left, fill } = place(t);
    fs.mkdirSync(`${dist}.old`);
    fs.writeFileSync(path.join(`${dist}.old`, "older.js"), "older");
    await replaceFolder(dist, fill);
    assert.deepEqual(left(), at("dist", "dist/new.js"));
  });
});
