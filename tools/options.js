// Writes what repeats the table of options (js/options.js) and of outputs: action.yml, the npm package's storage types, the
// tables of the documents. What is generated stands between marker comments. And compares the table with the configuration's
// schema, which the engine writes.
//
//   npm run generate                  writes them
//   node tools/options.js --check     compares; changes nothing; exit 1 with a line for each file that is stale

import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { OUTPUTS } from "../js/action/outputs.js";
import { ROWS } from "../js/options.js";

/** @import { Option } from "../js/options.js" */

const COMMAND = "npm run generate";
const SCHEMA = "unentropy.schema.json";

/** What is generated: the file, the name in its markers, the text. @type {[string, string, () => string][]} */
const STRETCHES = [
  ["action.yml", "inputs", yamlInputs],
  ["action.yml", "outputs", yamlOutputs],
  ["js/public.d.ts", "storage options", properties],
  ["docs/action.md", "inputs", inputsTable],
  ["docs/action.md", "outputs", outputsTable],
  ["docs/options.md", "storage options", storageTable],
  ["docs/options.md", "flags", flagsTable],
];

/** The first letter as a capital. @param {string} text */
const capital = (text) => text.replace(/^[a-z]/, (letter) => letter.toUpperCase());

/** @param {string} word */
const quoted = (word) => `\`${word}\``;

/** `a`, `b` or `c`. @param {readonly string[]} words */
const either = (words) => [words.slice(0, -1).join(", "), ...words.slice(-1)].join(" or ");

/**
 * What a value may be, unless the text says so: in parentheses, with a space before.
 * @param {Option} row @param {string} text
 */
function range({ kind, choices = [], later = [], least, most }, text) {
  if (kind === "whole") return ` (from ${least} to ${most})`;
  const words = kind === "flag" ? ["true", "false"] : choices.filter((choice) => !later.includes(choice));
  if (words.every((word) => text.includes(quoted(word)))) return "";
  return ` (${either(words.map(quoted))})`;
}

/**
 * Sentences without the last period.
 * @param {readonly (string | undefined)[]} sentences
 */
const joined = (sentences) => sentences.filter(Boolean).join(". ");

/**
 * The variables behind an option, unless the text says when they hold.
 * @param {Option} row @param {string} text
 */
const fallsBack = ({ variables = [] }, text) =>
  variables.length === 0 || variables.some((name) => text.includes(quoted(name)))
    ? ""
    : `Falls back to ${variables.map(quoted).join(", then ")}`;

/** @param {string | undefined} words */
const byDefault = (words) => (words ? `Default: ${words}` : "");

/** What an input means, for action.yml and its document. @param {Option} row */
export function inputHelp(row) {
  const { help = row.help, more = row.more, otherwise = row.otherwise, default: value } = row.input ?? {};
  const overrides = row.key ? `Overrides \`${row.key.path}\`` : "";
  return joined([
    `${capital(help)}${range(row, `${help} ${more}`)}`,
    more,
    overrides,
    fallsBack(row, more ?? ""),
    value === undefined ? byDefault(otherwise) : "",
  ]);
}

/** What of an input's default stands in action.yml. @param {Option} row */
const inputDefault = ({ input }) => input?.given ?? String(input?.default ?? "");

function yamlInputs() {
  return ROWS.filter(({ input }) => input)
    .map(
      (row) =>
        `  ${row.input?.name}:\n    description: ${JSON.stringify(inputHelp(row))}\n    default: ${JSON.stringify(inputDefault(row))}\n`,
    )
    .join("");
}

function yamlOutputs() {
  return OUTPUTS.map(({ name, help }) => `  ${name}:\n    description: ${JSON.stringify(help)}\n`).join("");
}

/** @param {readonly string[]} head @param {readonly (readonly string[])[]} rows */
function table(head, rows) {
  const line = (/** @type {readonly string[]} */ cells) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
  return `${line(head)}|${head.map(() => "---|").join("")}\n${rows.map(line).join("")}`;
}

function inputsTable() {
  const rows = ROWS.filter(({ input }) => input).map((row) => [
    quoted(row.input?.name ?? ""),
    inputHelp(row),
    inputDefault(row) && quoted(inputDefault(row)),
  ]);
  return table(["input", "meaning", "default"], rows);
}

function outputsTable() {
  return table(
    ["output", "meaning"],
    OUTPUTS.map(({ name, help }) => [quoted(name), help]),
  );
}

/** @param {string} text @param {string} indent @returns {string} a comment of lines that the formatter leaves alone */
function comment(text, indent) {
  const one = `${indent}/** ${text} */\n`;
  if (one.length <= 111) return one;
  /** @type {string[]} */
  const lines = [];
  for (const word of text.split(" ")) {
    const last = lines[lines.length - 1];
    if (last !== undefined && `${indent} * ${last} ${word}`.length <= 110)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}\n`).join("")}${indent} */\n`;
}

/** @param {Option} row */
function typeOf({ kind, choices }) {
  if (choices) return choices.map((choice) => JSON.stringify(choice)).join(" | ");
  return { flag: "boolean", whole: "number" }[/** @type {"flag" | "whole"} */ (kind)] ?? "string";
}

function properties() {
  return ROWS.filter(({ property }) => property)
    .map((row) => {
      const {
        name = "",
        required,
        help = row.help,
        more = row.more,
        otherwise = row.otherwise,
      } = row.property ?? {};
      const bounds = row.kind === "whole" ? range(row, help) : "";
      const text = joined([
        `${capital(help)}${bounds}`,
        more,
        fallsBack(row, more ?? ""),
        byDefault(otherwise),
      ]);
      return `${comment(`${text}.`, "  ")}  ${name}${required ? "" : "?"}: ${typeOf(row)};\n`;
    })
    .join("");
}

function storageTable() {
  const rows = ROWS.filter(({ providers }) => providers).map((row) => {
    const { providers = [], flag, input, key, property, variables = [], secret, calledLike } = row;
    const called = ROWS.find(({ name }) => name === calledLike)?.input?.name;
    const types = providers.filter((type) => type !== "postgres");
    return [
      `${capital(row.help)}${range(row, row.help)}${secret ? " (secret)" : ""}`,
      flag ? quoted(`--${flag.name}`) : "",
      input || called ? quoted(input?.name ?? called ?? "") : "",
      key ? quoted(key.path) : "",
      property ? quoted(property.name) : "",
      variables.map(quoted).join(", "),
      input?.given ? quoted(input.given) : (row.otherwise ?? defaults(flag, input)),
      types.length === 3 ? "every" : types.map((type) => quoted(type.replace("sqlite-", ""))).join(", "),
    ];
  });
  const head = ["option", "flag", "input", "configuration", "npm", "variable", "default", "storage"];
  return table(head, rows);
}

/**
 * Defaults of an option that has others for each caller.
 * @param {import("../js/options.js").FlagFace | undefined} flag
 * @param {import("../js/options.js").InputFace | undefined} input
 */
function defaults(flag, input) {
  const parts = [
    flag?.otherwise && `${flag.otherwise} (flag)`,
    input?.otherwise && `${input.otherwise} (input)`,
  ];
  return parts.filter(Boolean).join(", ");
}

function flagsTable() {
  const rows = ROWS.filter(({ flag, providers }) => flag && !providers).map((row) => {
    const {
      name = "",
      short,
      value,
      help = row.help,
      otherwise = row.otherwise,
      commands = [],
    } = row.flag ?? {};
    return [
      quoted(`${short ? `-${short}, ` : ""}--${name}${value ? ` ${value}` : ""}`),
      `${capital(help)}${row.kind === "choice" ? range(row, help) : ""}`,
      otherwise ?? "",
      commands === "every" ? "every command" : commands.map(quoted).join(", ") || "none",
    ];
  });
  return table(["flag", "meaning", "default", "commands"], rows);
}

/**
 * A file with its stretches renewed.
 * @param {string} root @param {string} file
 * @returns {string}
 * @throws {Error} where a marker is missing
 */
function renewed(root, file) {
  let text = fs.readFileSync(path.join(root, file), "utf8");
  for (const [, name, write] of STRETCHES.filter(([of]) => of === file)) {
    const [open, close] = markers(file, name);
    const [start, end] = [text.indexOf(open), text.indexOf(close)];
    if (start < 0 || end < start) throw new Error(`${file} has no ${open.trim()} … ${close.trim()}`);
    text = text.slice(0, start + open.length) + write() + text.slice(end);
  }
  return text;
}

/** @param {string} file @param {string} name @returns {[string, string]} whole lines, the second without its break */
function markers(file, name) {
  const [before, after] = file.endsWith(".md")
    ? ["<!-- ", " -->"]
    : file.endsWith(".yml")
      ? ["  # ", ""]
      : ["  // ", ""];
  const note = `generated from js/options.js by \`${COMMAND}\``;
  return [`${before}${name}: ${note}${after}\n`, `${before}end of ${name}${after}`];
}

/**
 * Where the table and the schema of the configuration say different things.
 * @param {string} root
 * @returns {string[]} a line each
 */
export function schemaDifferences(root) {
  const schema = JSON.parse(fs.readFileSync(path.join(root, SCHEMA), "utf8"));
  /** @param {string} where @returns {any} */
  const at = (where) => where.split(".").reduce((node, name) => node?.properties?.[name], schema);
  /** @type {string[]} */
  const wrong = [];
  const differ = (
    /** @type {string} */ where,
    /** @type {string} */ what,
    /** @type {unknown} */ ours,
    /** @type {unknown} */ theirs,
  ) =>
    wrong.push(
      `${where}: the ${what} is ${JSON.stringify(ours)} in js/options.js and ${JSON.stringify(theirs)} in ${SCHEMA}`,
    );
  for (const { kind, choices, least, most, key } of ROWS) {
    if (!key) continue;
    const node = at(key.path);
    if (!node) {
      wrong.push(`${key.path} of js/options.js is no key of ${SCHEMA}`);
      continue;
    }
    const type = { flag: "boolean", whole: "integer" }[/** @type {"flag" | "whole"} */ (kind)] ?? "string";
    if (node.type !== type) differ(key.path, "type", type, node.type);
    const known = (
      node.enum ?? node.anyOf?.flatMap((/** @type {any} */ part) => part.enum ?? part.not?.enum ?? [])
    )?.toSorted();
    if (String(known ?? "") !== String(choices ? [...choices].sort() : ""))
      differ(key.path, "list of values", choices, known);
    if (kind === "whole" && (node.minimum !== least || node.maximum !== most)) {
      differ(key.path, "range", [least, most], [node.minimum, node.maximum]);
    }
    const value = node.default === undefined ? undefined : String(node.default);
    if (value !== key.default) differ(key.path, "default", key.default, value);
    if (key.path.startsWith("storage.") && node.description !== key.help) {
      differ(key.path, "description", key.help, node.description);
    }
  }
  const listed = new Set(ROWS.flatMap(({ key }) => (key ? [key.path] : [])));
  for (const where of leaves(at("storage"), "storage").filter((where) => !listed.has(where))) {
    wrong.push(`${where} of ${SCHEMA} has no row in js/options.js`);
  }
  return wrong;
}

/** @param {any} node @param {string} where @returns {string[]} the paths of what is no object */
function leaves(node, where) {
  if (!node?.properties) return [where];
  return Object.entries(node.properties).flatMap(([name, part]) => leaves(part, `${where}.${name}`));
}

/**
 * What is stale below a folder.
 * @param {string} root
 * @returns {string[]} a line each, nothing where everything is as the table says
 */
export function stale(root) {
  const files = [...new Set(STRETCHES.map(([file]) => file))];
  const old = files.filter((file) => fs.readFileSync(path.join(root, file), "utf8") !== renewed(root, file));
  return [
    ...old.map(
      (file) => `${file} is not what js/options.js and js/action/outputs.js say: run \`${COMMAND}\``,
    ),
    ...schemaDifferences(root),
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
  if (process.argv.includes("--check")) {
    const wrong = stale(root);
    for (const line of wrong) console.error(line);
    process.exit(wrong.length > 0 ? 1 : 0);
  }
  for (const file of new Set(STRETCHES.map(([file]) => file))) {
    fs.writeFileSync(path.join(root, file), renewed(root, file));
  }
  for (const line of schemaDifferences(root)) console.error(line);
}
