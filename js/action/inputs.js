// The action's inputs: one table of everything that can be given, and the reading of what was given. Each problem is
// found and none is thrown, so that all of them are told together. An empty input is an unset one.

import { closest } from "../engine/engine.js";
import { STORAGE_TYPES } from "../storage/factory.js";

/**
 * Every input of action.yml, in its order. `fallback` holds where neither the input nor, for what it can say too, the
 * configuration says anything; action.yml repeats it only for what no configuration can say, because the runner passes
 * the defaults of action.yml as if they were given. `given` is the exception that the runner computes. `secret` values
 * are masked and never quoted.
 */
export const INPUTS = /** @type {const} */ ([
  {
    name: "mode",
    kind: "choice",
    choices: ["auto", "track", "gate"],
    fallback: "auto",
    help: "`track` records a build, `gate` judges a change and stores nothing; `auto` gates pull requests and merge queues, tracks branches, and leaves tags and other events alone",
  },
  {
    name: "config-file",
    kind: "text",
    fallback: "unentropy.json",
    help: "The configuration, relative to the workspace",
  },
  {
    name: "storage-type",
    kind: "choice",
    choices: STORAGE_TYPES,
    help: "Where the history is kept. Overrides `storage.type`; `sqlite-artifact` where neither is given",
  },
  {
    name: "s3-endpoint",
    kind: "text",
    help: "The S3 server's address. Overrides `storage.s3.endpoint`; then `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, then AWS itself",
  },
  { name: "s3-bucket", kind: "text", help: "The bucket. Overrides `storage.s3.bucket`" },
  {
    name: "s3-region",
    kind: "text",
    help: "The bucket's region. Overrides `storage.s3.region`; then `AWS_REGION`, `AWS_DEFAULT_REGION`, then what the endpoint tells",
  },
  {
    name: "s3-access-key-id",
    kind: "text",
    secret: true,
    help: "The access key's id, from a secret; `AWS_ACCESS_KEY_ID` where it is not given",
  },
  {
    name: "s3-secret-access-key",
    kind: "text",
    secret: true,
    help: "The access key's secret, from a secret; `AWS_SECRET_ACCESS_KEY` where it is not given",
  },
  {
    name: "s3-session-token",
    kind: "text",
    secret: true,
    help: "The token of temporary credentials; `AWS_SESSION_TOKEN` where it is not given and the access key is that of `AWS_ACCESS_KEY_ID`, or temporary with no other named there",
  },
  {
    name: "s3-addressing",
    kind: "choice",
    choices: ["auto", "path", "virtual"],
    help: "Whether the bucket stands in the path or in the host name; `auto` chooses by the endpoint",
  },
  {
    name: "s3-sse",
    kind: "choice",
    choices: ["AES256", "aws:kms"],
    help: "Encryption on the server, `AES256` or `aws:kms`; what the bucket does where it is not given",
  },
  { name: "s3-sse-kms-key-id", kind: "text", help: "The key of `aws:kms`" },
  {
    name: "s3-allow-http",
    kind: "flag",
    help: "Allows an endpoint without encryption, in a network that you trust (`true` or `false`)",
  },
  {
    name: "s3-timeout",
    kind: "whole",
    least: 1,
    most: 3600,
    help: "Seconds that a request to S3 may go without any progress, from 1 to 3600; 30 where it is not given. The answer to an upload may take 5 seconds longer for each MiB that was sent",
  },
  {
    name: "database-key",
    kind: "text",
    help: "The history's key in the bucket, and its name inside the artifact; for `sqlite-local` and `artifact-transfer: manual` its file, where no path is given. Overrides `storage.s3.key`; `unentropy-metrics.db` where neither is given",
  },
  {
    name: "database-path",
    kind: "text",
    help: "The history's file for `sqlite-local` and for `artifact-transfer: manual`. Overrides `storage.path`, then `database-key`; defaults to `unentropy.db`, or to `unentropy-metrics.db` where only that one exists",
  },
  {
    name: "artifact-name",
    kind: "text",
    help: "The history's artifact. Overrides `storage.artifact.name`; `unentropy-metrics` where neither is given",
  },
  {
    name: "artifact-branch-filter",
    kind: "text",
    help: "The branch whose runs' artifacts are read, `*` for every branch. Overrides `storage.artifact.branchFilter`; the default branch and the run's own where neither is given",
  },
  {
    name: "artifact-transfer",
    kind: "choice",
    choices: ["auto", "manual"],
    fallback: "auto",
    help: "`manual` leaves the artifact to the workflow, which brings and keeps the file at `database-path`",
  },
  {
    name: "seed-from",
    kind: "text",
    help: "Another place, whose history becomes the beginning of one that does not exist yet: a path, `s3://BUCKET/KEY` or `artifact://NAME`",
  },
  {
    name: "adopt-history",
    kind: "flag",
    help: "Makes this repository the owner of a history that belongs to another one, for a repository that was renamed, moved or created again (`true` or `false`)",
  },
  {
    name: "on-corrupt",
    kind: "choice",
    choices: ["fail", "restore", "recreate"],
    fallback: "fail",
    help: "What to do about a damaged history: `fail` changes nothing, `restore` takes the newest good copy, `recreate` starts a new one; the damaged one is kept",
  },
  {
    name: "on-missing",
    kind: "choice",
    choices: ["fail", "restore", "begin"],
    fallback: "fail",
    help: "What to do where a history is gone that left copies or other signs: `fail` changes nothing, `restore` takes the newest good copy, `begin` starts a new one and keeps the copies",
  },
  {
    name: "on-storage-error",
    kind: "choice",
    choices: ["fail", "warn"],
    fallback: "fail",
    help: "Whether a history that could not be read or stored fails the step, or only logs an error and lets the step pass",
  },
  {
    name: "report-dir",
    kind: "text",
    fallback: "unentropy-report",
    help: "The directory that the report is written to",
  },
  { name: "report-name", kind: "file", fallback: "index.html", help: "The report's file name" },
  {
    name: "timeout",
    kind: "whole",
    least: 1,
    most: 86_400,
    fallback: 300,
    help: "Seconds that the whole run may take; commands and transfers are ended then",
  },
  {
    name: "retry-attempts",
    kind: "whole",
    least: 1,
    most: 20,
    help: "How often a request to the storage is tried at most, the first time included. Where it is not given 3 times, and the S3 requests of a run share 4 further tries",
  },
  {
    name: "quality-gate-mode",
    kind: "choice",
    choices: ["off", "soft", "hard"],
    help: "Whether failed blockers fail the step (`hard`), are only told (`soft`), or are not looked for. Overrides `qualityGate.mode`; `soft` where neither is given",
  },
  {
    name: "reference-branch",
    kind: "text",
    help: "The branch that a pull request is compared with. Overrides `qualityGate.baseline.referenceBranch`; then the pull request's base, then the default branch",
  },
  {
    name: "enable-pr-comment",
    kind: "flag",
    help: "Whether the gate comments on the pull request (`true` or `false`). Overrides `qualityGate.enablePullRequestComment`; `true` where neither is given",
  },
  {
    name: "pr-comment-marker",
    kind: "text",
    help: "Tells the comments of several gates on one pull request apart; any short text",
  },
  {
    name: "max-pr-comment-metrics",
    kind: "whole",
    least: 1,
    most: 100,
    help: "The most metrics in the comment. Overrides `qualityGate.maxCommentMetrics`",
  },
  {
    name: "output-file",
    kind: "text",
    fallback: "unentropy-gate.json",
    help: "The file that the gate's results are written to, as JSON",
  },
  {
    name: "measurements-file",
    kind: "text",
    help: "A results file of another run, whose values are judged; then no command is run. `mode: auto` gates where it is given",
  },
  {
    name: "github-token",
    kind: "text",
    secret: true,
    given: `\${{ github.token }}`,
    help: "Reads artifacts and writes the comment",
  },
  {
    name: "verbose",
    kind: "flag",
    fallback: false,
    help: "More detail in the log (`true` or `false`)",
  },
]);

/** @typedef {(typeof INPUTS)[number]} Row */
/** @typedef {Row["name"]} InputName */
/** @typedef {{name: InputName, kind: "text" | "file" | "choice" | "flag" | "whole", choices?: readonly string[],
 *   least?: number, most?: number, fallback?: string | number | boolean, given?: string, secret?: boolean,
 *   help: string}} Input */
/**
 * @template {Row} R
 * @typedef {R["kind"] extends "flag" ? boolean : R["kind"] extends "whole" ? number
 *   : R extends {choices: readonly (infer C)[]} ? C : string} Kind
 */
/** @typedef {{[R in Row as R["name"]]: Kind<R> | (R extends {fallback: any} ? never : undefined)}} Inputs */

/** The same rows, for whoever does not ask for one by its name. @type {readonly Input[]} */
const ROWS = INPUTS;

/** @param {NodeJS.ProcessEnv} env @param {string} name */
const given = (env, name) => env[`INPUT_${name.toUpperCase()}`]?.trim() ?? "";

/**
 * What was given, checked.
 * @param {NodeJS.ProcessEnv} env
 * @returns {{inputs: Inputs, problems: string[], unknown: string[]}} where there are problems, what they are about has
 *   its fallback; `unknown` tells inputs that there are not
 */
export function readInputs(env) {
  /** @type {string[]} */
  const problems = [];
  const values = ROWS.map((row) => {
    const text = given(env, row.name);
    const read = text === "" ? { value: row.fallback } : check(row, text);
    if (read.problem !== undefined) problems.push(`\`${row.name}\` ${read.problem}`);
    return [row.name, read.problem === undefined ? read.value : row.fallback];
  });
  const names = ROWS.map(({ name }) => name);
  const unknown = Object.keys(env)
    .filter((key) => key.startsWith("INPUT_"))
    .map((key) => key.slice("INPUT_".length).toLowerCase())
    .filter((name) => !names.includes(/** @type {InputName} */ (name)))
    .map((name) => `there is no input \`${name}\`${meant(name, names)}`);
  return { inputs: /** @type {Inputs} */ (Object.fromEntries(values)), problems, unknown };
}

/**
 * @param {Input} row
 * @param {string} text not empty
 * @returns {{value?: string | number | boolean, problem?: string}}
 */
function check({ kind, choices = [], least = 0, most = 0, secret }, text) {
  const is = secret ? "is" : `is \`${text}\`,`;
  if (kind === "choice" && !choices.includes(text)) {
    const listed = choices.map((choice) => `\`${choice}\``).join(", ");
    return { problem: `${is} expected one of ${listed}${meant(text, choices)}` };
  }
  if (kind === "flag") {
    const value = { true: true, false: false }[text.toLowerCase()];
    return value === undefined ? { problem: `${is} expected \`true\` or \`false\`` } : { value };
  }
  if (kind === "whole") {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    return value >= least && value <= most
      ? { value }
      : { problem: `${is} expected a whole number from ${least} to ${most}` };
  }
  if (kind === "file" && /[\\/]|^\.\.?$/.test(text)) {
    return { problem: `${is} expected a file name without a directory` };
  }
  return { value: text };
}

/** @param {string} word @param {readonly string[]} choices */
function meant(word, choices) {
  const close = closest(word, [...choices]);
  return close ? `, perhaps \`${close}\`` : "";
}
