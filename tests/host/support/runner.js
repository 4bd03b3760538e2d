// Starts the shipped action as a runner does: inputs in variables, with the defaults of action.yml for what a workflow
// does not give, a workspace, and files for outputs and summary.

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parse } from "yaml";
import { ROOT } from "./project.js";

const ACTION = path.join(ROOT, "dist/action.js");

export const SHA = "c0ffee".repeat(6).slice(0, 36).padEnd(40, "0");

export const METADATA = parse(fs.readFileSync(path.join(ROOT, "action.yml"), "utf8"));

/** What the runner passes where a workflow gives nothing. */
function defaults() {
  const inputs = /** @type {[string, {default?: string}][]} */ (Object.entries(METADATA.inputs));
  // Expressions are computed by the service, which is not here.
  return Object.fromEntries(
    inputs.map(([name, input]) => [name, input.default?.startsWith("${{") ? "" : (input.default ?? "")]),
  );
}

/**
 * @typedef {import("./project.js").Outcome & {outputs: Record<string, string>, summary: string}} Acted
 */

/**
 * Starts the action on a project.
 * @param {import("./project.js").Project} project
 * @param {Record<string, string>} [inputs]
 * @param {NodeJS.ProcessEnv} [env]
 * @param {{node?: string}} [options]
 * @returns {{child: import("node:child_process").ChildProcess, ended: Promise<Acted>}}
 */
export function startAction(project, inputs = {}, env = {}, { node } = {}) {
  const files = fs.mkdtempSync(path.join(project.directory, ".git", "runner-"));
  const output = path.join(files, "output");
  const summary = path.join(files, "summary");
  for (const file of [output, summary]) fs.writeFileSync(file, "");
  const given = Object.fromEntries(
    Object.entries({ ...defaults(), ...inputs }).map(([name, value]) => [
      `INPUT_${name.toUpperCase()}`,
      value,
    ]),
  );
  const { child, ended } = project.start([], {
    entry: ACTION,
    node,
    // The runner starts actions in the workspace; a caller's `working-directory` does not reach them.
    cwd: project.directory,
    env: {
      CI: "true",
      GITHUB_ACTIONS: "true",
      GITHUB_WORKSPACE: project.directory,
      GITHUB_OUTPUT: output,
      GITHUB_STEP_SUMMARY: summary,
      GITHUB_SHA: SHA,
      GITHUB_REF_NAME: "main",
      GITHUB_RUN_ID: "77",
      GITHUB_RUN_NUMBER: "7",
      GITHUB_RUN_ATTEMPT: "1",
      GITHUB_EVENT_NAME: "push",
      GITHUB_SERVER_URL: "https://github.example",
      GITHUB_REPOSITORY: "owner/name",
      ...given,
      ...env,
    },
  });
  return {
    child,
    ended: ended.then((outcome) => ({
      ...outcome,
      outputs: outputsIn(fs.readFileSync(output, "utf8")),
      summary: fs.readFileSync(summary, "utf8"),
    })),
  };
}

/**
 * Runs the action to its end.
 * @param {Parameters<typeof startAction>} args
 */
export async function act(...args) {
  const { child, ended } = startAction(...args);
  const timer = setTimeout(() => child.kill("SIGKILL"), 300_000);
  try {
    return await ended;
  } finally {
    clearTimeout(timer);
  }
}

/** The format of the runner's output file. @param {string} text @returns {Record<string, string>} */
function outputsIn(text) {
  const lines = text.split(os.EOL);
  /** @type {Record<string, string>} */
  const outputs = {};
  for (let at = 0; at < lines.length && lines[at] !== ""; at++) {
    const [, name, end] = /^([\w-]+)<<(.+)$/.exec(lines[at]) ?? [];
    assert.ok(name !== undefined, `not an output: ${lines[at]}`);
    const value = [];
    while (lines[++at] !== end) value.push(lines[at]);
    outputs[name] = value.join("\n");
  }
  return outputs;
}
