// Every workflow that is shown or run is one that a linter accepts, gives this action only inputs that it has, names
// other people's actions by what cannot change under it, and says which rights it needs.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { readInputs } from "../../js/action/inputs.js";
import { OUTPUTS } from "../../js/action/outputs.js";
import { actionlint, zizmor } from "../servers/install.js";
import { ROOT } from "./support/project.js";
import { METADATA } from "./support/runner.js";

/** @param {string} folder @param {RegExp} ending */
const filesIn = (folder, ending) =>
  fs
    .readdirSync(path.join(ROOT, folder))
    .filter((name) => ending.test(name))
    .sort()
    .map((name) => path.join(folder, name));

/** Workflows by where they stand: whole files, and whole fenced examples of documents. */
const WORKFLOWS = [
  ...[".github/workflows", "docs/workflows"].flatMap((folder) =>
    filesIn(folder, /\.ya?ml$/).map((name) => ({
      name,
      text: fs.readFileSync(path.join(ROOT, name), "utf8"),
    })),
  ),
  ...["README.md", ...filesIn("docs", /\.md$/)].flatMap((name) =>
    [...fs.readFileSync(path.join(ROOT, name), "utf8").matchAll(/^```ya?ml\n([\s\S]*?)^```$/gm)]
      .map(([, text], index) => ({ name: `${name}#${index + 1}`, text }))
      .filter(({ text }) => /^jobs:/m.test(text)),
  ),
];

/** @param {any} workflow */
const steps = (workflow) =>
  Object.values(workflow.jobs).flatMap((/** @type {any} */ job) => /** @type {any[]} */ (job.steps ?? []));

test("a real linter accepts every workflow", () => {
  const program = actionlint();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-lint-"));
  try {
    const files = WORKFLOWS.map(({ name, text }) => {
      const file = path.join(folder, `${name.replaceAll(/[^\w.-]/g, "_")}.yml`);
      fs.writeFileSync(file, text);
      return file;
    });
    // The shell's own linter is not part of it: whether it is installed must not change what passes.
    const lint = (/** @type {string[]} */ names) =>
      spawnSync(program, ["-shellcheck=", "-pyflakes=", "-no-color", ...names], {
        encoding: "utf8",
        cwd: folder,
      });
    const { status, stdout, stderr } = lint(files);
    assert.equal(status, 0, `${stdout}${stderr}`);
    assert.ok(files.length >= 10);
    // A linter that accepts everything would prove nothing.
    const wrong = path.join(folder, "wrong.yml");
    fs.writeFileSync(wrong, WORKFLOWS[0].text.replace("runs-on:", "run-on:"));
    assert.equal(lint([wrong]).status, 1);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
});

test("an auditor of workflows finds nothing", {
  skip: process.platform === "win32" ? "it is installed by other ways there" : false,
}, () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-audit-"));
  try {
    const audit = (/** @type {string[]} */ names) => {
      const { GH_TOKEN, GITHUB_TOKEN, ZIZMOR_GITHUB_TOKEN, ...env } = process.env;
      const options = ["--offline", "--no-progress", "--color=never", "--config", ".github/zizmor.yml"];
      return spawnSync(zizmor(), [...options, ...names], { encoding: "utf8", cwd: ROOT, env });
    };
    const files = WORKFLOWS.filter(({ name }) => name.endsWith("yml")).map(({ name }) => name);
    const { status, stdout, stderr } = audit([...files, ".github/dependabot.yml", "action.yml"]);
    assert.equal(status, 0, `${stdout}${stderr}`);
    assert.ok(files.length >= 10);
    // An auditor that finds nothing anywhere would prove nothing.
    const wrong = path.join(folder, "wrong.yml");
    const title = "${" + "{ github.event.pull_request.title }}";
    fs.writeFileSync(
      wrong,
      `on: pull_request\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: echo ${title}\n`,
    );
    const found = audit([wrong]);
    assert.notEqual(found.status, 0);
    assert.match(found.stdout, /template-injection/);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
});

test("every step of this action gives inputs that it has, with values that it takes", () => {
  let found = 0;
  for (const { name, text } of WORKFLOWS) {
    for (const step of steps(parse(text)).filter(
      ({ uses }) => uses === "./" || uses?.startsWith("unentropy/"),
    )) {
      found++;
      for (const [input, value] of Object.entries(step.with ?? {})) {
        assert.ok(input in METADATA.inputs, `${name}: ${input}`);
        // What an expression gives is known only to the runner.
        if (String(value).includes("${{")) continue;
        assert.deepEqual(readInputs({ [`INPUT_${input.toUpperCase()}`]: String(value) }).problems, [], name);
      }
    }
  }
  assert.ok(found >= 6);
});

test("every output that a workflow asks this action for exists", () => {
  const names = OUTPUTS.map((output) => output.name);
  for (const { name, text } of WORKFLOWS) {
    const own = steps(parse(text)).filter(({ uses }) => uses === "./" || uses?.startsWith("unentropy/"));
    for (const { id } of own.filter((step) => step.id !== undefined)) {
      for (const [, output] of text.matchAll(new RegExp(`steps\\.${id}\\.outputs\\.([\\w-]+)`, "g"))) {
        assert.ok(names.includes(/** @type {any} */ (output)), `${name}: ${output}`);
      }
    }
  }
});

test("files name other people's actions by a commit, which cannot change under them", () => {
  for (const { name, text } of WORKFLOWS.filter(({ name }) => name.endsWith("yml"))) {
    for (const { uses } of steps(parse(text))) {
      if (uses === undefined || uses === "./" || uses.startsWith("unentropy/")) continue;
      assert.match(uses, /@[0-9a-f]{40}$/, name);
      assert.match(
        text,
        new RegExp(`${uses} # v\\d+\\.\\d+\\.\\d+$`, "m"),
        `${name}: which version ${uses} is`,
      );
    }
  }
});

test("every workflow says which rights it needs, and none runs a stranger's code with secrets", () => {
  for (const { name, text } of WORKFLOWS) {
    const workflow = parse(text);
    assert.ok(workflow.permissions !== undefined, `${name}: no \`permissions\``);
    assert.notEqual(workflow.permissions, "write-all", name);
    const events = [workflow.on].flat().flatMap((on) => (typeof on === "string" ? on : Object.keys(on)));
    assert.equal(events.includes("pull_request_target"), false, name);
  }
});
