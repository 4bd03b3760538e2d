// The command line's grammar as one table: commands, their options and arguments. Parsing, help and
// the documentation's check all read it.

import { parseArgs } from "node:util";
import { closest } from "../engine/engine.js";
import { Failure } from "../failure.js";

/**
 * @typedef {{type: "string" | "boolean", short?: string, value?: string, help: string}} Option
 * @typedef {object} Command
 * @property {string} summary
 * @property {string} [arguments]
 * @property {number} [most] arguments that it takes at most
 * @property {string[]} options
 * @property {Record<string, string>} [help] of options that mean something else here than elsewhere
 * @property {boolean} [passThrough]
 */

/** @type {Record<string, Option>} */
export const OPTIONS = {
  config: { type: "string", short: "c", value: "FILE", help: "the configuration (unentropy.json)" },
  db: { type: "string", value: "PATH", help: "the history file (unentropy.db)" },
  "report-dir": {
    type: "string",
    short: "o",
    value: "DIR",
    help: "where the report is written (unentropy-report)",
  },
  storage: {
    type: "string",
    value: "TYPE",
    help: "where the history is kept: sqlite-local, sqlite-artifact, sqlite-s3",
  },
  "s3-endpoint": { type: "string", value: "URL", help: "the address of the S3 server (that of AWS)" },
  "s3-bucket": { type: "string", value: "NAME", help: "the bucket of the history" },
  "s3-key": { type: "string", value: "KEY", help: "the history's key in the bucket (unentropy-metrics.db)" },
  "database-key": {
    type: "string",
    value: "KEY",
    help: "the same as --s3-key; of sqlite-local the file, without --db",
  },
  "s3-region": { type: "string", value: "NAME", help: "the bucket's region (as the endpoint tells)" },
  "s3-addressing": {
    type: "string",
    value: "HOW",
    help: "where the bucket stands in the address: auto, path, virtual",
  },
  "s3-allow-http": { type: "boolean", help: "unencrypted connections to other machines" },
  "s3-sse": { type: "string", value: "HOW", help: "encryption by the server: AES256, aws:kms" },
  "s3-sse-kms-key-id": { type: "string", value: "ID", help: "the key of aws:kms (the bucket's own)" },
  "s3-timeout": {
    type: "string",
    value: "SECONDS",
    help: "how long a request to S3 may go without progress (30); an upload's answer, 5 s longer a MiB",
  },
  "retry-attempts": {
    type: "string",
    value: "N",
    help: "how often each request is tried at most (3, and a run's S3 requests share 4 further tries)",
  },
  "on-corrupt": {
    type: "string",
    value: "WHAT",
    help: "what to do about a damaged history: fail, restore a copy, or recreate it empty (fail)",
  },
  "on-missing": {
    type: "string",
    value: "WHAT",
    help: "what to do where a history is gone that left copies: fail, restore a copy, or begin a new one (fail)",
  },
  "artifact-name": { type: "string", value: "NAME", help: "the history's artifact (unentropy-metrics)" },
  "artifact-branch-filter": {
    type: "string",
    value: "BRANCH",
    help: "only artifacts of runs for this branch, * for every branch (the default and the run's own)",
  },
  repository: { type: "string", value: "OWNER/NAME", help: "the artifacts' repository (GITHUB_REPOSITORY)" },
  "seed-from": { type: "string", value: "PLACE", help: "what an empty history begins with (see migrate)" },
  "adopt-history": { type: "boolean", help: "take over the history of another repository, or merge one" },
  now: {
    type: "string",
    value: "TIME",
    help: "the time to render at, such as 2026-11-28T12:00:00Z, so that the same input gives the same bytes (the present)",
  },
  "no-open": { type: "boolean", help: "only write the page, open no browser" },
  format: { type: "string", value: "FORMAT", help: "svg, or json for shields.io's endpoint badge (svg)" },
  trend: { type: "boolean", help: "an image of the metric's course instead of a badge" },
  label: { type: "string", value: "TEXT", help: "what stands beside the value (the metric's name)" },
  output: { type: "string", short: "o", value: "FILE", help: "where it is written (standard output)" },
  commit: { type: "string", value: "SHA", help: "the commit of the build" },
  branch: { type: "string", value: "NAME", help: "the branch of the build" },
  "run-id": { type: "string", value: "ID", help: "the id of the CI run" },
  "run-number": { type: "string", value: "N", help: "the number of the CI run" },
  event: { type: "string", value: "NAME", help: "what started the run (push, pull_request, …)" },
  concurrency: { type: "string", value: "N", help: "how many commands run side by side (1)" },
  "reference-branch": {
    type: "string",
    value: "NAME",
    help: "the branch that is compared with (as the configuration says, else what the change is to be merged into)",
  },
  mode: {
    type: "string",
    value: "MODE",
    help: "what a failed threshold does: off, soft, hard (as the configuration says)",
  },
  "output-file": { type: "string", value: "FILE", help: "where the results are written as JSON" },
  measurements: {
    type: "string",
    value: "FILE",
    help: "judge what this results file claims to have measured, and run no commands",
  },
  json: { type: "boolean", help: "one JSON document on standard output, everything else on standard error" },
  verbose: { type: "boolean", help: "more detail on standard error" },
  help: { type: "boolean", short: "h", help: "this text" },
  version: { type: "boolean", help: "the version" },
};

const CONTEXT = ["commit", "branch", "run-id", "run-number", "event"];
const STORAGE = [
  "storage",
  "db",
  "s3-endpoint",
  "s3-bucket",
  "s3-key",
  "database-key",
  "s3-region",
  "s3-addressing",
  "s3-allow-http",
  "s3-sse",
  "s3-sse-kms-key-id",
  "s3-timeout",
  "retry-attempts",
  "on-corrupt",
  "on-missing",
  "artifact-name",
  "artifact-branch-filter",
  "repository",
];
const COMMON = ["json", "verbose", "help"];

/** @type {Record<string, Command>} */
export const COMMANDS = {
  track: {
    summary: "collect the metrics, record a build in the history, write the report",
    options: [
      "config",
      ...STORAGE,
      "seed-from",
      "adopt-history",
      "report-dir",
      ...CONTEXT,
      "concurrency",
      ...COMMON,
    ],
  },
  verify: {
    summary: "check the configuration and say everything that is wrong with it",
    arguments: "[CONFIG]",
    options: ["config", ...COMMON],
  },
  test: {
    summary: "collect the metrics and show them, without recording anything",
    options: ["config", ...CONTEXT, "concurrency", ...COMMON],
  },
  collect: {
    summary: "run one collector and print its number",
    arguments: "COLLECTOR [ARGUMENT..]",
    options: ["config", ...COMMON],
    passThrough: true,
  },
  report: {
    summary: "write the report from a history",
    options: ["config", ...STORAGE, "report-dir", "now", ...COMMON],
  },
  gate: {
    summary: "judge the change by its thresholds and the history, without recording anything",
    options: [
      "config",
      ...STORAGE,
      "reference-branch",
      "mode",
      "output-file",
      "measurements",
      ...CONTEXT,
      "concurrency",
      ...COMMON,
    ],
  },
  preview: {
    summary: "show what the report looks like, with sample data or with --db",
    options: ["config", "db", "report-dir", "now", "no-open", ...COMMON],
    help: {
      db: "the history file to show instead of sample data",
      "report-dir": "where the page is written (unentropy-preview)",
    },
  },
  badge: {
    summary: "make a badge or an image of one metric's course for a README",
    arguments: "METRIC",
    options: ["config", ...STORAGE, "branch", "format", "trend", "label", "output", "now", ...COMMON],
    help: { branch: "the branch whose values are shown (the report's first)" },
  },
  merge: {
    summary: "add the builds of a history file to another history",
    arguments: "[INTO] FROM",
    most: 2,
    options: ["config", ...STORAGE, "adopt-history", ...COMMON],
  },
  migrate: {
    summary: "take a history to another kind of place: a path, s3://BUCKET/KEY, artifact://NAME",
    arguments: "FROM TO",
    most: 2,
    options: [
      "config",
      ...STORAGE.filter((name) => name !== "storage" && name !== "db"),
      "adopt-history",
      ...COMMON,
    ],
  },
  doctor: {
    summary: "examine the place of the history and say what to fix",
    options: ["config", ...STORAGE, ...COMMON],
  },
  sources: {
    summary: "list the files that the configuration's `sources` stand for",
    options: ["config", ...COMMON],
  },
};

/**
 * Understands a command line.
 * @param {string[]} argv the arguments after the program's name
 * @returns {{command: string | undefined, values: Record<string, any>, positionals: string[]}}
 * @throws {Failure} USAGE_INVALID
 */
export function parseCommandLine(argv) {
  const at = argv.findIndex((word) => !word.startsWith("-"));
  const name = at === -1 ? undefined : argv[at];
  if (name === undefined) {
    const { values } = parse(argv, ["help", "version"], undefined);
    return { command: undefined, values, positionals: [] };
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    throw usage(
      `unknown command \`${name}\``,
      suggestion(name, Object.keys(COMMANDS)) ?? "Run `unentropy --help` for the list.",
    );
  }
  const words = argv.toSpliced ? argv.toSpliced(at, 1) : [...argv.slice(0, at), ...argv.slice(at + 1)];
  if (command.passThrough) return { command: name, ...splitPassThrough(words, command, name) };
  const { values, positionals } = parse(words, command.options, name);
  if (positionals.length > (command.most ?? (command.arguments ? 1 : 0))) {
    throw usage(
      `\`${name}\` does not take \`${positionals.at(-1)}\``,
      `Run \`unentropy ${name} --help\` for what it takes.`,
    );
  }
  return { command: name, values, positionals };
}

/**
 * `collect` hands everything from the collector's name on to the collector, but for --json at the end.
 * @param {string[]} words
 * @param {Command} command
 * @param {string} name
 */
function splitPassThrough(words, command, name) {
  let own = 0;
  while (own < words.length && words[own].startsWith("-")) {
    const option = words[own].replace(/^--?/, "").split("=")[0];
    const known = Object.entries(OPTIONS).find(([long, { short }]) => option === long || option === short);
    own += known?.[1].type === "string" && !words[own].includes("=") ? 2 : 1;
  }
  const rest = words.slice(own);
  const json = rest.includes("--json");
  const help = rest.length === 1 && (rest[0] === "--help" || rest[0] === "-h");
  const { values } = parse(words.slice(0, own), command.options, name);
  return {
    values: { ...values, json: values.json || json, help: values.help || help },
    positionals: rest.filter((word) => word !== "--json"),
  };
}

/**
 * @param {string[]} words
 * @param {string[]} allowed
 * @param {string | undefined} command
 * @returns {{values: Record<string, any>, positionals: string[]}}
 */
function parse(words, allowed, command) {
  const options = Object.fromEntries(
    allowed.map((name) => {
      const { type, short } = OPTIONS[name];
      return [name, short === undefined ? { type } : { type, short }];
    }),
  );
  const place = command ? `unentropy ${command}` : "unentropy";
  /** @type {{values: Record<string, any>, positionals: string[]}} */
  let parsed;
  try {
    parsed = parseArgs({ args: words, options, allowPositionals: true, strict: true });
  } catch (error) {
    const { code, message } = /** @type {Error & {code?: string}} */ (error);
    if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") {
      const given = /'([^']*)'/.exec(message)?.[1] ?? "";
      const close = suggestion(given.replace(/^--?/, ""), allowed, "--");
      throw usage(
        `\`${place}\` does not take \`${given}\``,
        close ?? `Run \`${place} --help\` for what it takes.`,
      );
    }
    const option = /'(?:-\w, )?(--[\w-]+)/.exec(message)?.[1] ?? "an option";
    const takesValue = OPTIONS[option.slice(2)]?.type === "string";
    throw usage(
      takesValue ? `\`${option}\` needs a value` : `\`${option}\` takes no value`,
      `Run \`${place} --help\` for what it takes.`,
    );
  }
  const empty = Object.keys(parsed.values).find((name) => parsed.values[name] === "");
  if (empty !== undefined) {
    throw usage(`\`--${empty}\` is empty`, "Give it a value, or leave it out to have the default.");
  }
  return parsed;
}

/**
 * A whole number given to an option.
 * @param {string | undefined} text
 * @param {string} option
 * @param {number} least
 * @returns {number | undefined}
 */
export function wholeNumber(text, option, least) {
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text) || Number(text) < least) {
    throw usage(`\`--${option}\` is \`${text}\`, expected a whole number of at least ${least}`);
  }
  return Number(text);
}

/** The help of the program or of one command. @param {string} [command] */
export function help(command) {
  const table = (/** @type {[string, string][]} */ rows) => {
    const width = Math.max(...rows.map(([left]) => left.length));
    return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
  };
  const options = (/** @type {string[]} */ names, /** @type {Record<string, string>} */ own = {}) =>
    table(
      names.map((name) => {
        const { short, value, help: text } = OPTIONS[name];
        return [`${short ? `-${short}, ` : "    "}--${name}${value ? ` ${value}` : ""}`, own[name] ?? text];
      }),
    );
  if (command === undefined) {
    const commands = table(Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary]));
    return `unentropy: code metrics with a history you own

usage: unentropy COMMAND [OPTION..]

commands:
${commands}

options:
${options(["help", "version"])}

exit codes: 0 done, 1 internal error, 2 usage or configuration, 3 storage, 4 collection, 5 gate failed
`;
  }
  const { summary, arguments: words, options: names, help: own } = COMMANDS[command];
  return `unentropy ${command}: ${summary}

usage: unentropy ${command} [OPTION..]${words ? ` ${words}` : ""}

options:
${options(names, own)}
`;
}

/**
 * @param {string} given
 * @param {string[]} choices
 * @param {string} [prefix]
 */
function suggestion(given, choices, prefix = "") {
  const close = closest(given, choices);
  return close === undefined ? undefined : `Did you mean \`${prefix}${close}\`?`;
}

/** @param {string} message @param {string} [hint] */
function usage(message, hint) {
  return new Failure(message, { type: "validation", code: "USAGE_INVALID", hint });
}
