// `npm run check`: which rooms of js/ and src/ may import which. An arrow that is not in the lists below is refused with its
// line, an entry without an arrow too, so that the lists are the drawing of the house; and no list may hold a circle. Types
// that a comment imports are arrows as well: who names a type depends on its room.

import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The floors of a tree, highest first, and what each room imports. Rooms of one floor may import each other as the lists
 * say; a room never imports one of a higher floor.
 * @typedef {object} House
 * @property {string} folder
 * @property {string[][]} floors
 * @property {Record<string, string[]>} arrows from a room
 * @property {(file: string, text: string) => Import[]} imports of a file, below the folder
 * @typedef {{line: number, to: string}} Import `to`: the room
 */

/** The shim. A file at the top is a room of its own. @type {House} */
export const SHIM = {
  folder: "js",
  floors: [
    ["index"],
    ["action", "cli"],
    ["run"],
    ["collect", "ci", "storage"],
    ["github", "s3"],
    ["http", "files", "console"],
    ["public"],
    ["engine", "start"],
    ["spelling", "options"],
    ["failure", "cancel", "shown", "sudden-end", "url", "globals"],
  ],
  arrows: {
    index: ["run", "ci", "storage", "engine", "failure", "spelling", "public"],
    public: ["engine"],
    action: [
      ...["run", "ci", "collect", "storage", "github", "files", "console", "engine", "start"],
      ...["failure", "cancel", "shown", "options", "spelling"],
    ],
    cli: [
      ...["run", "ci", "collect", "storage", "github", "files", "console", "engine", "start"],
      ...["failure", "cancel", "shown", "options", "spelling"],
    ],
    run: [
      ...["ci", "collect", "storage", "github", "files", "console", "engine"],
      ...["failure", "cancel", "shown", "sudden-end"],
    ],
    collect: ["storage", "files", "engine", "failure", "cancel", "shown", "sudden-end", "options", "url"],
    ci: ["github", "files", "engine", "failure"],
    // Whose artifacts count depends on what started the runs that uploaded them.
    storage: [
      ...["ci", "github", "s3", "http", "files", "engine"],
      ...["failure", "shown", "options", "spelling", "public"],
    ],
    github: ["http", "failure", "url"],
    s3: ["http", "failure", "shown", "options", "spelling", "url"],
    http: ["failure", "url"],
    files: ["failure", "cancel"],
    console: ["failure", "shown"],
    engine: ["failure"],
    cancel: ["failure"],
    failure: ["shown"],
    spelling: ["options"],
  },
  imports: importsOfJavaScript,
};

/** The engine. @type {House} */
export const ENGINE = {
  folder: "src",
  floors: [
    ["lib"],
    ["wasm"],
    ["api"],
    ["gate", "report", "summary"],
    ["history", "config"],
    // Checking a configuration reads its `@collect` lines.
    ["collect"],
    ["text"],
    ["metric"],
    ["error", "vocabulary"],
  ],
  arrows: {
    wasm: ["api", "gate", "report", "summary", "history", "config", "collect", "text", "metric", "error"],
    api: ["gate", "report", "history", "config", "collect", "text", "metric", "error"],
    gate: ["history", "config", "collect", "text", "metric", "error"],
    report: ["history", "config", "text", "metric", "error"],
    summary: ["collect", "text", "metric"],
    history: ["metric", "error"],
    config: ["collect", "text", "metric", "error", "vocabulary"],
    collect: ["text", "metric", "error"],
    text: ["metric"],
    metric: ["vocabulary"],
  },
  imports: importsOfRust,
};

/**
 * What is wrong with the arrows of a tree, a line each; nothing where they are as listed.
 *
 * @param {string} root
 * @param {House} house
 * @returns {string[]}
 */
export function wrongArrows(root, house) {
  const { folder, floors, arrows } = house;
  const floorOf = new Map(floors.flatMap((rooms, floor) => rooms.map((room) => [room, floor])));
  const wrong = [];
  for (const [from, targets] of Object.entries(arrows)) {
    for (const to of targets) {
      if ((floorOf.get(to) ?? -1) < (floorOf.get(from) ?? 0)) {
        wrong.push(`tools/arrows.js allows ${from} -> ${to}, which climbs`);
      }
    }
  }
  const circle = circleIn(arrows);
  if (circle) wrong.push(`tools/arrows.js allows a circle: ${circle.join(" -> ")}`);
  /** @type {Set<string>} */
  const seen = new Set();
  for (const file of filesBelow(path.join(root, folder))) {
    const room = roomOf(file);
    const at = `${folder}/${file.replaceAll(path.sep, "/")}`;
    if (!floorOf.has(room)) {
      wrong.push(`${at}: the room \`${room}\` is on no floor of tools/arrows.js`);
      continue;
    }
    const text = fs.readFileSync(path.join(root, folder, file), "utf8");
    for (const { line, to } of house.imports(file, text)) {
      if (to === room) continue;
      seen.add(`${room} -> ${to}`);
      if (!arrows[room]?.includes(to)) {
        const why =
          (floorOf.get(to) ?? -1) < (floorOf.get(room) ?? 0) ? "climbs" : "is not in tools/arrows.js";
        wrong.push(`${at}:${line}: the arrow ${room} -> ${to} ${why}`);
      }
    }
  }
  for (const [from, targets] of Object.entries(arrows)) {
    for (const to of targets.filter((to) => !seen.has(`${from} -> ${to}`))) {
      wrong.push(`tools/arrows.js: nothing imports along ${from} -> ${to}`);
    }
  }
  return wrong;
}

/** @param {string} folder @returns {string[]} below it, in order */
function filesBelow(folder) {
  return fs
    .readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(?:js|ts|rs)$/.test(name))
    .sort();
}

/** @param {string} file */
const roomOf = (file) => file.split(/[\\/]/)[0].replace(/\.(?:d\.ts|js|rs)$/, "");

/** @param {string} file @param {string} text @returns {Import[]} */
function importsOfJavaScript(file, text) {
  return [...text.matchAll(/(?:\bfrom\s+|\bimport\(\s*|\bimport\s+)["'](\.[^"']+)["']/g)].map((found) => ({
    line: lineOf(text, found.index),
    to: roomOf(path.normalize(path.join(path.dirname(file), found[1]))),
  }));
}

/** Those of the tests beside the code are left out. @param {string} _file @param {string} text @returns {Import[]} */
function importsOfRust(_file, text) {
  const code = text.split(/^#\[cfg\(test\)\]\nmod /m)[0].replace(/^\s*\/\/.*$/gm, "");
  return [...code.matchAll(/\bcrate::(?:\{([^;]*?)\}\s*;|(\w+))/g)].flatMap((found) => {
    const line = lineOf(code, found.index);
    const names = found[2] === undefined ? outermost(found[1]) : [found[2]];
    // What starts with a capital stands in lib.rs itself.
    return names.filter((name) => /^[a-z]/.test(name)).map((to) => ({ line, to }));
  });
}

/** The first names of `a::b, c::{d, e}`. @param {string} list */
function outermost(list) {
  let depth = 0;
  let flat = "";
  for (const char of list) {
    if (char === "{") depth += 1;
    if (depth === 0) flat += char;
    if (char === "}") depth -= 1;
  }
  return flat.split(",").flatMap((part) => /\w+/.exec(part)?.[0] ?? []);
}

/** @param {string} text @param {number} at */
const lineOf = (text, at) => text.slice(0, at).split("\n").length;

/**
 * @param {Record<string, string[]>} arrows
 * @returns {string[] | undefined} the rooms of a circle, the first again at the end
 */
function circleIn(arrows) {
  /** @type {Set<string>} */
  const done = new Set();
  /** @param {string[]} way @returns {string[] | undefined} */
  const follow = (way) => {
    const room = way[way.length - 1];
    if (done.has(room)) return undefined;
    for (const to of arrows[room] ?? []) {
      const at = way.indexOf(to);
      const found = at === -1 ? follow([...way, to]) : [...way.slice(at), to];
      if (found) return found;
    }
    done.add(room);
    return undefined;
  };
  for (const room of Object.keys(arrows)) {
    const found = follow([room]);
    if (found) return found;
  }
  return undefined;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
  const wrong = [SHIM, ENGINE].flatMap((house) => wrongArrows(root, house));
  for (const line of wrong) console.error(line);
  process.exit(wrong.length > 0 ? 1 : 0);
}
