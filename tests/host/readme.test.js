// The README's promises: every fenced example is run or parsed, every name and link exists.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "yaml";
import { checkConfig } from "../../dist/index.js";
import { COMMANDS } from "../../js/cli/options.js";
import { PLAIN_ENV, Project, ROOT } from "./support/project.js";

const readme = fs.readFileSync(path.join(ROOT, "README.md"), "utf8");
const stores = fs.readFileSync(path.join(ROOT, "docs/s3.md"), "utf8");
const fenced = (/** @type {string} */ document) =>
  [...document.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({ language, text }));
const blocks = fenced(readme);
const of = (/** @type {string} */ language) =>
  blocks.filter((block) => block.language === language).map(({ text }) => text);

test("every fenced example is of a kind that is checked here", () => {
  assert.deepEqual([...new Set(blocks.map(({ language }) => language))].sort(), ["js", "json", "sh", "yaml"]);
});

test("every configuration is accepted, by the engine and by the JSON Schema", () => {
  const schema = JSON.parse(fs.readFileSync(path.join(ROOT, "unentropy.schema.json"), "utf8"));
  const validate = new Ajv2020({ strict: true }).compile(schema);
  const configurations = [...blocks, ...fenced(stores)].filter(
    ({ language, text }) => language === "json" && !("Statement" in JSON.parse(text)),
  );
  assert.ok(configurations.length >= 8);
  for (const { text } of configurations) {
    const checked = checkConfig(text, "README.md");
    assert.deepEqual([checked.errors, checked.warnings], [[], []]);
    assert.ok(validate(JSON.parse(text)), JSON.stringify(validate.errors));
  }
});

test("every command line does what the text says", async (t) => {
  const project = new Project(t, {
    "unentropy.json": of("json")[0],
    "src/main.js": "// TODO: more\nconsole.log(1);\n",
    "dist/main.js": "console.log(1);\n",
  });
  const scripts = JSON.parse(fs.readFileSync(path.join(ROOT, "package.json"), "utf8")).scripts;
  for (const line of of("sh").flatMap((text) => text.trim().split("\n"))) {
    const [program, ...args] = line.split(" ");
    if (program === "npm") assert.ok(scripts[args[0]], line);
    else {
      assert.equal(program, "unentropy", line);
      const outcome = await project.run(args);
      assert.equal(outcome.code, 0, `${line}: ${outcome.stderr}`);
    }
  }
  assert.ok(project.exists("unentropy.db"));
  assert.ok(project.exists("unentropy-report/index.html"));
});

test("the package's example runs", (t) => {
  const project = new Project(t, {}, { git: false });
  const entry = JSON.stringify(pathToFileURL(path.join(ROOT, "dist/index.js")).href);
  for (const text of of("js")) {
    project.write("example.mjs", text.replace('"unentropy"', entry));
    const printed = execFileSync(process.execPath, ["example.mjs"], {
      cwd: project.directory,
      env: PLAIN_ENV,
    });
    assert.equal(printed.toString(), "1\n");
  }
});

test("every workflow parses and gives the action inputs that it has", () => {
  const action = parse(fs.readFileSync(path.join(ROOT, "action.yml"), "utf8"));
  for (const text of of("yaml")) {
    const workflow = parse(text);
    for (const job of Object.values(workflow.jobs)) {
      for (const step of job.steps.filter((/** @type {any} */ { uses }) => uses?.startsWith("unentropy/"))) {
        for (const input of Object.keys(step.with ?? {})) assert.ok(input in action.inputs, input);
      }
    }
  }
});

test("the table of commands is the command line's own", () => {
  const listed = [...readme.matchAll(/^\| `unentropy (\w+)/gm)].map(([, name]) => name);
  assert.deepEqual(listed.sort(), Object.keys(COMMANDS).sort());
});

test("every template that is named exists", () => {
  const named = /There are ([\s\S]*?)\.\n/.exec(readme)?.[1] ?? "";
  const templates = [...named.matchAll(/`([\w-]+)`/g)].map(([, name]) => name);
  assert.ok(templates.length >= 10);
  const metrics = Object.fromEntries(templates.map((name) => [name, { $ref: name, command: "echo 1" }]));
  assert.deepEqual(checkConfig(JSON.stringify({ metrics }), "templates").errors, []);
});

test("every relative link of the documents leads somewhere", () => {
  for (const document of [
    ...["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"],
    ...["docs/errors.md", "docs/s3.md", "docs/doctor.md", "docs/campaigns.md"],
  ]) {
    const text = fs.readFileSync(path.join(ROOT, document), "utf8");
    for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#]+)\)/g)) {
      assert.ok(fs.existsSync(path.resolve(ROOT, path.dirname(document), target)), `${document}: ${target}`);
    }
  }
});
