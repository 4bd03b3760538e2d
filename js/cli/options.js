// The command line's grammar: commands, their arguments and, from the table of options, the flags that each takes. Parsing
// and help both read it.

import { parseArgs } from "node:util";
import { closest } from "../engine/engine.js";
import { Failure } from "../failure.js";
import { ROWS } from "../options.js";

/** @import { FlagFace, Option as Row } from "../options.js" */

/**
 * @typedef {{type: "string" | "boolean", short?: string, value?: string, help: string}} Option
 * @typedef {object} Command
 * @property {string} summary
 * @property {string} [arguments]
 * @property {number} [most] arguments that it takes at most
 * @property {Record<string, string>} [help] of options that mean something else here than elsewhere
 * @property {boolean} [passThrough]
 */

/** The flags of the table of options. @type {Record<string, Option>} */
export const OPTIONS = Object.fromEntries(
  ROWS.flatMap((row) => (row.flag ? [[row.flag.name, asFlag(row, row.flag)]] : [])),
);

/** @param {Row} row @param {FlagFace} flag @returns {Option} */
function asFlag(row, { name: _, short, value, help: text = row.help, otherwise = row.otherwise ?? "" }) {
  const offered = (row.choices ?? []).filter((choice) => !row.later?.includes(choice));
  const choices = offered.every((choice) => text.includes(`\`${choice}\``)) ? [] : offered;
  const listed =
    choices.length > 0 ? `: ${[choices.slice(0, -1).join(", "), ...choices.slice(-1)].join(" or ")}` : "";
  return {
    type: row.kind === "flag" ? "boolean" : "string",
    short,
    value,
    help: `${text}${listed}${otherwise ? ` (default: ${otherwise})` : ""}`.replaceAll("`", ""),
  };
}

/** The commands, in the order of the help. @type {Record<string, Command>} */
export const COMMANDS = {
  track: { summary: "collect the metrics, record a build in the history, write the report" },
  verify: {
    summary: "check the configuration and say everything that is wrong with it",
    arguments: "[CONFIG]",
  },
  test: { summary: "collect the metrics and show them, without recording anything" },
  collect: {
    summary: "run one collector and print its number",
    arguments: "COLLECTOR [ARGUMENT..]",
    passThrough: true,
  },
  report: { summary: "write the report from a history" },
  gate: { summary: "judge the change by its thresholds and the history, without recording anything" },
  preview: {
    summary: "show what the report looks like, with sample data or with --db",
    help: {
      db: "the history file to show instead of sample data",
      "report-dir": "where the page is written (default: unentropy-preview)",
    },
  },
  badge: {
    summary: "make a badge or a trend image of one metric for a README",
    arguments: "METRIC",
    help: { branch: "the branch whose values are shown (default: the report's first)" },
  },
  merge: {
    summary: "add the builds of a history file to another history",
    arguments: "[INTO] FROM",
    most: 2,
  },
  migrate: {
    summary: "take a history to another kind of location: a path, s3://BUCKET/KEY or artifact://NAME",
    arguments: "FROM TO",
    most: 2,
  },
  doctor: { summary: "examine the location of the history and say what to fix" },
  sources: { summary: "list the files that the configuration's `sources` stand for" },
};

/** The flags that a command takes, in the table's order. @param {string} command */
const flagsOf = (command) =>
  ROWS.flatMap(({ flag }) =>
    flag && (flag.commands === "every" || flag.commands.includes(command)) ? [flag.name] : [],
  );

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
  if (command.passThrough) return { command: name, ...splitPassThrough(words, name) };
  const { values, positionals } = parse(words, flagsOf(name), name);
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
 * @param {string} name
 */
function splitPassThrough(words, name) {
  let own = 0;
  while (own < words.length && words[own].startsWith("-")) {
    const option = words[own].replace(/^--?/, "").split("=")[0];
    const known = Object.entries(OPTIONS).find(([long, { short }]) => option === long || option === short);
    own += known?.[1].type === "string" && !words[own].includes("=") ? 2 : 1;
  }
  const rest = words.slice(own);
  const json = rest.includes("--json");
  const help = rest.length === 1 && (rest[0] === "--help" || rest[0] === "-h");
  const { values } = parse(words.slice(0, own), flagsOf(name), name);
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
  const { summary, arguments: words, help: own } = COMMANDS[command];
  return `unentropy ${command}: ${summary}

usage: unentropy ${command} [OPTION..]${words ? ` ${words}` : ""}

options:
${options(flagsOf(command), own)}
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
