// Credentials that a metric's command, or a file that it leaves, gives out.

import assert from "node:assert/strict";
import fs from "node:fs";
import { startGitHub } from "../../../servers/github.js";
import { Project, told } from "../../support/project.js";
import { Change } from "../../support/pull-request.js";
import { act } from "../../support/runner.js";

/** @import { Attack } from "../attacks.js" */
/** @import { Acted } from "../../support/runner.js" */

const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const ENCODED = encodeURIComponent(SECRET);
const MULTILINE =
  "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n-----END KEY-----";
const WORD = Buffer.from(`u:${SECRET}`).toString("base64");
const INNER = WORD.slice(4, -4);
const PARTS = [SECRET.slice(5, 25), SECRET.slice(24, 38), ENCODED.slice(5, 25), INNER, "AQEFAASCBKcw"];
const skip = process.platform === "win32" ? "its commands are those of a POSIX shell" : false;

/**
 * Everything that a step leaves behind, without the lines that tell the runner what to mask.
 * @param {Project} project
 * @param {Acted} outcome
 */
function traces(project, outcome) {
  const log = told(outcome)
    .split("\n")
    .filter((line) => !line.startsWith("::add-mask::"));
  const files = ["unentropy.db", "unentropy-report/index.html", "unentropy-gate.json"];
  const written = files
    .filter((name) => project.exists(name))
    .map((name) => project.read(name).toString("latin1"));
  return [...log, outcome.summary, JSON.stringify(outcome.outputs), ...written].join("\n");
}

/**
 * A metric gives the credential out; another one is measured all the same.
 * @param {{who?: string, what: string, code: string, metric: object, files?: Record<string, string>, says?: RegExp,
 *   env?: Record<string, string>}} attack
 * @returns {Attack}
 */
const given = ({ who = "a metric's command", what, code, metric, files = {}, says = /./, env = {} }) => ({
  ...{ who, what, skip },
  outcome: "that metric fails, the others are recorded; no part of it is in the history or in any text",
  code: `\`${code}\``,
  async run(t) {
    const project = new Project(t, { secret: SECRET, key: MULTILINE, ...files }).config({
      metrics: { leak: metric, kept: { type: "numeric", command: "echo 5" } },
    });
    const outcome = await act(
      project,
      { mode: "track", "storage-type": "sqlite-local", verbose: "true" },
      { AWS_SECRET_ACCESS_KEY: SECRET, AWS_SESSION_TOKEN: MULTILINE, ...env },
    );
    assert.equal(outcome.code, 0, told(outcome));
    assert.deepEqual([outcome.outputs["metrics-collected"], outcome.outputs["metrics-failed"]], ["1", "1"]);
    const all = traces(project, outcome);
    const summary = outcome.summary.replaceAll("\\", "");
    assert.match(summary, says);
    assert.match(summary, new RegExp(code), "its code");
    for (const part of [...PARTS, ...Object.values(env)])
      assert.equal(all.includes(part), false, `${part}\n${all}`);
  },
});

/** @type {Attack[]} */
export const attacks = [
  given({
    what: "prints a credential of the run as a label",
    code: "OUTPUT_CREDENTIAL",
    metric: { type: "label", command: "cat secret" },
    says: /holds a credential that this run knows \(`AWS_SECRET_ACCESS_KEY`\)/,
  }),
  given({
    what: "prints a label with a credential in Base64 inside",
    code: "OUTPUT_CREDENTIAL",
    metric: { type: "label", command: `echo Basic ${WORD}` },
  }),
  given({
    what: "prints a URL with a credential in it",
    code: "OUTPUT_CREDENTIAL",
    metric: { type: "label", command: `echo 'https://host/?key=${ENCODED}'` },
  }),
  given({
    what: "prints one line of a credential of several lines",
    code: "OUTPUT_CREDENTIAL",
    metric: { type: "label", command: "sed -n 3p key" },
  }),
  given({
    what: "prints a credential where a number is expected",
    code: "OUTPUT_CREDENTIAL",
    metric: { type: "numeric", command: 'echo "5 $(cat secret)"' },
  }),
  given({
    what: "prints a credential that is a number as the metric's number",
    code: "OUTPUT_CREDENTIAL",
    metric: { type: "numeric", command: "echo 8675309042" },
    env: { ACTIONS_RUNTIME_TOKEN: "8675309042" },
  }),
  given({
    what: "writes a credential to standard error and fails",
    code: "COMMAND_FAILED",
    metric: { type: "numeric", command: 'echo "key $(cat secret)!" >&2; exit 3' },
    says: /key \*\*\*!/,
  }),
  given({
    what: "writes a credential to standard error where the quoted end begins",
    code: "COMMAND_FAILED",
    metric: {
      type: "numeric",
      command: 'printf "%s%0580d" "$(cat secret)" 0 >&2; exit 3',
    },
  }),
  given({
    what: "writes a credential with a color inside it to standard error",
    code: "COMMAND_FAILED",
    metric: {
      type: "numeric",
      command: String.raw`s=$(cat secret); printf "%.20s\033[31m%s" "$s" "$(echo "$s" | cut -c21-)" >&2; exit 3`,
    },
    says: /exit code 3: \*\*\*/,
  }),
  given({
    who: "a report file",
    what: "has a credential for its name and cannot be read",
    code: "COLLECTOR_FORMAT",
    files: { [`cov/${SECRET.replace("/", "%2F").replace("+", "%2B")}.xml`]: "<no coverage/>" },
    metric: { type: "numeric", command: "@collect coverage cov/*.xml" },
    says: /\*\*\*/,
  }),
  {
    ...given({
      what: "reads a credential from the environment of its parent",
      code: "OUTPUT_CREDENTIAL",
      metric: {
        type: "label",
        command: "tr '\\0' '\\n' < /proc/$PPID/environ | grep ^AWS_SECRET",
      },
    }),
    skip: process.platform === "linux" ? false : "only Linux has /proc",
  },
  {
    who: "a pull request",
    what: "makes a command print the token and another one write it to standard error",
    outcome: "comment, results, summary, outputs and log show `***`",
    code: "`OUTPUT_CREDENTIAL`",
    skip,
    async run(t) {
      const server = await startGitHub();
      t.after(() => server.stop());
      const token = server.token();
      const metrics = {
        m: { type: "numeric", command: "cat value" },
        label: { type: "label", command: "cat token" },
        words: { type: "numeric", command: "cat token >&2; exit 1" },
      };
      const thresholds = ["m", "words"].map((metric) => ({ metric, mode: "min", target: 1 }));
      const change = await Change.start(t, {
        config: { metrics, qualityGate: { mode: "soft", thresholds } },
        record: false,
      });
      const head = change.commit({ value: "100" });
      change.write("token", token);
      server.addPull({ number: 7, head: { ref: "topic", sha: head, repositoryId: server.repositoryId } });
      const outcome = await act(
        change,
        { "storage-type": "sqlite-local", "github-token": token },
        { ...change.pullRequest({}), GITHUB_API_URL: server.apiUrl },
      );
      assert.equal(outcome.code, 0, told(outcome));
      const results = JSON.parse(fs.readFileSync(change.path("unentropy-gate.json"), "utf8"));
      const of = (/** @type {string} */ id) =>
        results.qualityGate.metrics.find((/** @type {any} */ { metric }) => metric === id);
      assert.match(of("words").message, /\*\*\*/);
      assert.equal(server.comments.length, 1);
      const all = `${traces(change, outcome)}${JSON.stringify(server.comments)}`;
      assert.match(outcome.summary, /credential that this run knows/);
      assert.equal(all.includes(token), false, all);
    },
  },
  {
    who: "a workflow",
    what: "has a credential of three characters, as words of every text are",
    outcome: "nothing is taken for it, and the values are recorded",
    code: "none",
    async run(t) {
      const project = new Project(t).config({
        metrics: { m: { type: "label", command: "echo on1" }, n: { type: "numeric", command: "echo 123" } },
      });
      const outcome = await act(
        project,
        { mode: "track", "storage-type": "sqlite-local" },
        { AWS_SECRET_ACCESS_KEY: "on1", AWS_SESSION_TOKEN: "123" },
      );
      assert.equal(outcome.code, 0, told(outcome));
      assert.equal(outcome.outputs["metrics-collected"], "2");
      assert.match(outcome.summary, /on1/);
    },
  },
];
