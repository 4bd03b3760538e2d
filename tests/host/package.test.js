// What is published: everything that runs, with the notices of everything inside, and nothing else.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { publicTypes } from "../../tools/public-types.js";
import { ROOT } from "./support/project.js";

const read = (/** @type {string} */ name) => fs.readFileSync(path.join(ROOT, name), "utf8");
const NOTICES = read("dist/THIRD-PARTY-NOTICES.txt");
/** Lines that name a work: name, version and license. */
const named = [...NOTICES.matchAll(/^((?:@[\w.-]+\/)?[\w.-]+) (\d[\w.+-]*) \((.+)\)$/gm)].map(
  ([, name, version]) => `${name} ${version}`,
);

test("the package holds dist/, the action and the documents of the package, and nothing else", () => {
  const { status, stdout, stderr } = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: ROOT,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  assert.equal(status, 0, stderr);
  const described = JSON.parse(stdout);
  const { files } = Array.isArray(described) ? described[0] : Object.values(described)[0];
  const expected = [
    ...fs.readdirSync(path.join(ROOT, "dist")).map((name) => `dist/${name}`),
    ...["CHANGELOG.md", "LICENSE", "README.md", "action.yml", "package.json"],
  ];
  assert.deepEqual(files.map((/** @type {{path: string}} */ file) => file.path).sort(), expected.sort());
  // What runs is marked as a program.
  assert.match(read("dist/cli.js"), /^#!\/usr\/bin\/env node\n/);
});

test("the package's types stand by themselves in another project", (t) => {
  assert.equal(read("dist/index.d.ts"), publicTypes(ROOT));
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-types-"));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const installed = path.join(folder, "node_modules/unentropy");
  fs.mkdirSync(path.join(installed, "dist"), { recursive: true });
  fs.writeFileSync(path.join(folder, "package.json"), '{"type": "module"}');
  for (const name of ["package.json", "dist/index.d.ts"]) {
    fs.copyFileSync(path.join(ROOT, name), path.join(installed, name));
  }
  const compiled = (/** @type {string} */ program) => {
    fs.writeFileSync(path.join(folder, "use.ts"), program);
    const tsc = path.join(ROOT, "node_modules/typescript/bin/tsc");
    const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2023", "--types", ""];
    return spawnSync(process.execPath, [tsc, ...options, "use.ts"], { cwd: folder, encoding: "utf8" });
  };
  const program = `import { Storage, type BuildContext, type RecordedMetric, type SeriesFilter, type Unit } from "unentropy";
    const context: BuildContext = { commitSha: "a", branch: "m", runId: "1", runNumber: 1, timestamp: "2026-01-01T00:00:00Z" };
    const metrics: RecordedMetric[] = [{ metric: { id: "size", type: "numeric", unit: "bytes" satisfies Unit }, value: 1 }];
    const filter: SeriesFilter = { branch: "m", excludePullRequests: true };
    const repository = new Storage({ type: "sqlite-local", path: "m.db" }).getRepository();
    const id: number = repository.recordBuild(context, metrics, { now: context.timestamp });
    const values: (number | string)[] = repository.getMetricTimeSeries("size", filter).map(({ value }) => value);`;
  const good = compiled(program);
  assert.equal(good.status, 0, good.stdout);
  assert.match(compiled(program.replace('"bytes"', '"octets"')).stdout, /"octets"/);
});

test("every npm package that is bundled has its notice, and those that it needs have theirs", () => {
  const { packages } = JSON.parse(read("package-lock.json"));
  const bundled = ["aws4fetch", "fast-xml-parser", "yauzl", "yazl", "uplot"];
  const wanted = new Set(bundled);
  for (const name of wanted) {
    for (const needed of Object.keys(packages[`node_modules/${name}`].dependencies ?? {})) wanted.add(needed);
  }
  for (const name of wanted) {
    const one = `${name} ${packages[`node_modules/${name}`].version}`;
    assert.ok(named.includes(one), one);
  }
  assert.equal(
    named.some((one) => /^(esbuild|typescript|playwright-core) /.test(one)),
    false,
  );
});

test("every crate of the engine has its notice, in the version of the lockfile", () => {
  const versions = new Map(
    [...read("Cargo.lock").matchAll(/^name = "(.+)"\nversion = "(.+)"$/gm)].map(([, name, version]) => [
      name,
      version,
    ]),
  );
  const tables = [
    ...read("Cargo.toml").matchAll(/^\[(?:target\..*\.)?dependencies\]\n([\s\S]*?)\n(?=\n|\[)/gm),
  ];
  const direct = tables.flatMap(([, table]) => [...table.matchAll(/^([\w-]+) =/gm)].map(([, name]) => name));
  assert.ok(direct.length > 12, direct.join());
  for (const name of [...direct, "libsqlite3-sys", "bumpalo", "itoa"]) {
    assert.ok(named.includes(`${name} ${versions.get(name)}`), name);
  }
  assert.equal(
    named.some((one) => one.startsWith("proptest ")),
    false,
  );
});

test("what no lockfile names has its notice too, and no notice is without words", () => {
  assert.match(NOTICES, /^SQLite [\d.]+ \(public domain\)\n\n[\s\S]{0,40}The author disclaims copyright/m);
  for (const work of ["printf", "musl", "Rust's standard library"]) {
    assert.match(NOTICES, new RegExp(`^${work} \\(.*MIT.*\\)$`, "m"));
  }
  const texts = NOTICES.split(/^-{80}\n/m).slice(1);
  assert.ok(texts.length > 30);
  for (const text of texts) {
    const words = text.slice(text.indexOf("\n\n"));
    assert.match(words, /permission|copyright|redistribution/i, text.slice(0, 80));
  }
});
