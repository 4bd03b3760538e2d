// Bundles js/ into dist/: a file for each room of tools/rooms.js, under the room's name. A room is bundled by itself and
// imports the others as they lie beside it, so that the bundler neither splits nor names anything: what is in which file,
// and what a run loads, is what the table says.

import fs from "node:fs";
import path from "node:path";
import * as esbuild from "esbuild";
import { ENTRIES, ROOMS } from "./rooms.js";

/** Takes the place of Node's own `Headers`, see there. */
const HEADERS = "js/s3/headers.js";

/** Bundled CommonJS packages call `require` for Node's own modules; ESM has none. */
const REQUIRE =
  'import{createRequire as __unentropyRequire}from"node:module";const require=__unentropyRequire(import.meta.url);';

/** The namespace of modules that stand for what lies elsewhere. */
const DOOR = "door";

/**
 * @typedef {object} House
 * @property {string} directory of the tree
 * @property {string[]} entries the modules that a program or a thread starts with, each the only one of its room
 * @property {string[]} rooms
 * @property {(file: string) => string} roomOf
 *
 * @typedef {object} Traffic
 * @property {Map<string, Map<string, string>>} offers by room: the names that are taken from it, each with the module that
 *   exports it, a path below the tree with slashes
 * @property {Map<string, Map<string, Set<string>>>} takes by room: the names that it takes from each other room
 *
 * @typedef {object} Room a built file
 * @property {string} name
 * @property {string} text
 * @property {string[]} inputs what is in it
 * @property {string[]} sources what it was made of, also what nothing was taken from
 * @property {string[]} imports the rooms that are loaded with it
 */

/**
 * Writes the JavaScript of the tree below `directory` into `out`.
 *
 * @param {string} directory
 * @param {string} out
 * @param {{rooms: Record<string, string[]>, entries: string[]}} [plan] that of tools/rooms.js unless given
 * @returns {Promise<string[]>} what was bundled, packages too: paths below `directory`
 * @throws {Error} where a module has no room, a room is empty, offers two things under one name or holds what another one
 *   holds, or rooms import each other in a circle
 */
export async function bundle(directory, out, { rooms, entries } = { rooms: ROOMS, entries: ENTRIES }) {
  const house = { directory, entries, rooms: Object.keys(rooms), roomOf: finder(rooms) };
  const traffic = await readTraffic(house);
  const built = await Promise.all(house.rooms.map((name) => bundleRoom(house, name, traffic)));
  refuseTwice(built);
  refuseCircles(built);
  for (const { name, text } of built) fs.writeFileSync(path.join(out, `${name}.js`), text);
  return [...new Set(built.flatMap(({ sources }) => sources))].sort();
}

/**
 * Finds the room of a file: the one with the longest path that names it.
 * @param {Record<string, string[]>} rooms
 * @returns {(file: string) => string}
 */
function finder(rooms) {
  const paths = Object.entries(rooms)
    .flatMap(([room, all]) => all.map((one) => ({ room, one })))
    .sort((a, b) => b.one.length - a.one.length);
  return (file) => {
    const holder = paths.find(({ one }) => (one.endsWith("/") ? file.startsWith(one) : file === one));
    if (!holder) throw new Error(`${file} has no room in tools/rooms.js`);
    return holder.room;
  };
}

/** @param {string} directory */
const settings = (directory) =>
  /** @satisfies {esbuild.BuildOptions} */ ({
    absWorkingDir: directory,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    minifySyntax: true,
    minifyWhitespace: true,
    charset: "utf8",
    legalComments: "none",
    define: { UNENTROPY_BUNDLED: "true" },
    logLevel: "warning",
    // The names of modules stand in the bundle: they must not follow a link out of the tree.
    preserveSymlinks: true,
    metafile: /** @type {const} */ (true),
    write: /** @type {const} */ (false),
    outdir: "dist",
  });

/**
 * Reads what the rooms take from each other. The bundler knows it and reports no names, only imports; so each module is
 * built by itself, with an import for each name, and those that remain are the names that it needs.
 *
 * @param {House} house
 * @returns {Promise<Traffic>}
 */
async function readTraffic({ directory, entries, rooms, roomOf }) {
  const files = fs
    .readdirSync(path.join(directory, "js"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".js"))
    .map((name) => `js/${name.replaceAll(path.sep, "/")}`)
    .sort();
  const options = { ...settings(directory), entryPoints: files };
  const single = await esbuild.build({ ...options, bundle: false });
  const exported = new Map(
    Object.values(single.metafile.outputs).map((output) => [output.entryPoint ?? "", output.exports]),
  );
  const { metafile } = await esbuild.build({
    ...options,
    packages: "external",
    plugins: [
      doors(directory, {
        place: (file) => (exported.has(file) ? file : undefined),
        contents: (file) =>
          [...(exported.get(file) ?? [])]
            .map((name) => `export {${name}} from "./${name} of ${file}";`)
            .join("\n"),
        path: (file) => `./${file}`,
      }),
    ],
  });
  /** @type {Traffic} */
  const { offers, takes } = {
    offers: new Map(rooms.map((room) => [room, new Map()])),
    takes: new Map(rooms.map((room) => [room, new Map()])),
  };
  /** @param {string} file @param {string} name */
  const offer = (file, name) => {
    const room = roomOf(file);
    const other = offers.get(room)?.get(name) ?? file;
    if (other !== file)
      throw new Error(`the room \`${room}\` has a \`${name}\` in ${other} and one in ${file}`);
    offers.get(room)?.set(name, file);
  };
  /** @param {string} file */
  const offerAll = (file) => exported.get(file)?.map((name) => offer(file, name));
  for (const { entryPoint = "", imports } of Object.values(metafile.outputs)) {
    const from = roomOf(entryPoint);
    for (const { path: target, kind } of imports) {
      const [, name, file] = /^\.\/(?:(\S+) of )?(js\/.*)$/.exec(target) ?? [];
      const to = file && roomOf(file);
      if (!to || to === from) continue;
      if (kind === "dynamic-import") {
        // What is loaded when it is used is taken as a whole.
        if (!exported.get(file)?.length)
          throw new Error(`${file} is loaded by \`import()\` and exports nothing`);
        offerAll(file);
      } else {
        offer(file, name);
        takes.get(from)?.set(to, (takes.get(from)?.get(to) ?? new Set()).add(name));
      }
    }
  }
  const started = new Set(entries.map(roomOf));
  const idle = rooms.find((room) => !started.has(room) && offers.get(room)?.size === 0);
  if (idle) throw new Error(`nothing is taken from the room \`${idle}\``);
  return { offers, takes };
}

/**
 * @param {House} house
 * @param {string} name
 * @param {Traffic} traffic
 * @param {{banner?: string}} [options]
 * @returns {Promise<Room>}
 */
async function bundleRoom(house, name, traffic, { banner = "" } = {}) {
  const { directory, entries, roomOf } = house;
  const entry = entries.find((file) => roomOf(file) === name);
  const own = [...(traffic.offers.get(name) ?? [])].sort();
  const contents = own.map(([one, file]) => `export {${one}} from "./${file}";`).join("\n");
  const headers = path.join(directory, HEADERS);
  const { metafile, outputFiles } = await esbuild.build({
    ...settings(directory),
    ...(entry ? { entryPoints: [entry] } : { stdin: { contents, resolveDir: directory } }),
    banner: { js: banner },
    inject: fs.existsSync(headers) && roomOf(HEADERS) === name ? [headers] : [],
    plugins: [
      doors(directory, {
        place: (file) => (file.startsWith("js/") && roomOf(file) !== name ? roomOf(file) : undefined),
        contents: (room) =>
          `export {${[...(traffic.takes.get(name)?.get(room) ?? [])].sort()}} from "./${room}.js";`,
        path: (room) => `./${room}.js`,
      }),
    ],
  });
  const [output] = Object.values(metafile.outputs);
  const named = (/** @type {object} */ inputs) =>
    Object.keys(inputs).filter((file) => file !== "<stdin>" && !file.startsWith(`${DOOR}:`));
  if (!banner && output.imports.some(({ kind }) => kind === "require-call"))
    return bundleRoom(house, name, traffic, { banner: REQUIRE });
  return {
    name,
    text: outputFiles[0].text,
    inputs: named(output.inputs),
    sources: named(metafile.inputs),
    imports: output.imports
      .filter(({ kind, path: target }) => kind === "import-statement" && target.startsWith("./"))
      .map(({ path: target }) => target.replace(/^\.\/|\.js$/g, "")),
  };
}

/**
 * Leaves out what lies elsewhere. In its place stands a module for each place, which all its importers share, so that
 * nothing is imported twice.
 *
 * @param {string} directory
 * @param {object} where
 * @param {(file: string) => string | undefined} where.place where a module lies; undefined for those that stay
 * @param {(place: string) => string} where.contents of the module that stands for a place
 * @param {(place: string) => string} where.path what is imported when it is used
 * @returns {esbuild.Plugin}
 */
function doors(directory, { place, contents, path: elsewhere }) {
  return {
    name: "doors",
    setup(build) {
      build.onResolve({ filter: /^\./ }, ({ path: target, kind, importer, resolveDir, namespace }) => {
        if (kind === "entry-point") return undefined;
        if (namespace === DOOR) return { path: target, external: true, sideEffects: false };
        const at = place(
          path.relative(directory, path.resolve(resolveDir, target)).replaceAll(path.sep, "/"),
        );
        if (at === undefined) return undefined;
        if (kind === "dynamic-import") return { path: elsewhere(at), external: true };
        if (kind === "import-statement") return { path: at, namespace: DOOR, sideEffects: false };
        throw new Error(`${importer}: \`${target}\` cannot be reached by ${kind}`);
      });
      build.onLoad({ filter: /./, namespace: DOOR }, ({ path: at }) => ({ contents: contents(at) }));
    },
  };
}

/** @param {readonly Room[]} rooms */
function refuseTwice(rooms) {
  /** @type {Map<string, string>} */
  const holders = new Map();
  for (const { name, inputs } of rooms) {
    for (const file of inputs) {
      const other = holders.get(file);
      if (other) throw new Error(`dist/${other}.js and dist/${name}.js would both hold ${file}`);
      holders.set(file, name);
    }
  }
}

/** Rooms that import each other can be loaded in no order. @param {readonly Room[]} rooms */
function refuseCircles(rooms) {
  const imports = new Map(rooms.map((room) => [room.name, room.imports]));
  /** @type {Set<string>} */
  const done = new Set();
  /** @param {string[]} way */
  const follow = (way) => {
    const room = way[way.length - 1];
    if (done.has(room)) return;
    for (const next of imports.get(room) ?? []) {
      const at = way.indexOf(next);
      if (at !== -1)
        throw new Error(`rooms of dist/ import each other: ${[...way.slice(at), next].join(" -> ")}`);
      follow([...way, next]);
    }
    done.add(room);
  };
  for (const room of imports.keys()) follow([room]);
}
