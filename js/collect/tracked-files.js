// The files that git tracks, read from its index: the list of a large repository costs one read and no process.

import fs from "node:fs";
import path from "node:path";
import { decoded, native } from "../files/names.js";

/** Bytes of an entry before its name, without the digest of its content. */
const FIXED = 42;
/** The lengths of digests, by the names of the formats. */
const DIGESTS = { sha1: 20, sha256: 32 };
/** Modes of entries that are no files: other repositories, and directories that a sparse checkout leaves out. */
const [TYPE, GITLINK, DIRECTORY] = [0o170000, 0o160000, 0o040000];

/**
 * The tracked files of the repository at `root`, relative to it.
 *
 * @param {string} root absolute
 * @returns {string[] | undefined} where there is no index, or one that cannot be read in this way
 */
export function trackedFiles(root) {
  try {
    const folder = gitFolder(root);
    const index = fs.readFileSync(path.join(folder, "index"));
    for (const digest of [DIGESTS.sha1, DIGESTS.sha256]) {
      const names = namesOf(index, digest);
      if (names) return names;
    }
  } catch {
    // The caller has another way.
  }
  return undefined;
}

/** Where git keeps what belongs to this checkout. @param {string} root */
function gitFolder(root) {
  const own = path.join(root, ".git");
  if (fs.statSync(native(own)).isDirectory()) return own;
  const [, leads] = /^gitdir: (.+?)\r?\n?$/.exec(fs.readFileSync(native(own), "utf8")) ?? [];
  return path.resolve(root, leads);
}

/**
 * The names in an index, of version 2, 3 or 4.
 * @param {Buffer} index
 * @param {number} digest bytes of an object's name
 * @returns {string[] | undefined} where it is none with such digests
 */
function namesOf(index, digest) {
  const version = index.readUInt32BE(4);
  if (index.toString("latin1", 0, 4) !== "DIRC" || version < 2 || version > 4) return undefined;
  const end = index.length - digest;
  /** @type {string[]} */
  const names = [];
  let at = 12;
  /** @type {Buffer} */
  let name = Buffer.alloc(0);
  for (let left = index.readUInt32BE(8); left > 0; left--) {
    if (at + FIXED + digest > end) return undefined;
    const kind = index.readUInt32BE(at + 24) & TYPE;
    const flags = index.readUInt16BE(at + FIXED - 2 + digest);
    let from = at + FIXED + digest + (flags & 0x4000 ? 2 : 0);
    let kept = 0;
    if (version === 4) {
      const { value, next } = offsetAt(index, from);
      from = next;
      kept = name.length - value;
      if (kept < 0) return undefined;
    }
    const to = index.indexOf(0, from);
    if (to === -1 || to > end) return undefined;
    const rest = index.subarray(from, to);
    name = kept > 0 ? Buffer.concat([name.subarray(0, kept), rest]) : rest;
    // A name's length is in its flags too, so far as it fits.
    if (name.length === 0 || (flags & 0xfff) !== Math.min(name.length, 0xfff)) return undefined;
    at = version === 4 ? to + 1 : at + ((FIXED + digest + (flags & 0x4000 ? 2 : 0) + name.length + 8) & ~7);
    if (kind !== GITLINK && kind !== DIRECTORY) names.push(textOf(name));
  }
  // Of a split index most names are in another file.
  if (index.toString("latin1", at, at + 4) === "link") return undefined;
  return names.filter((each, n) => each !== names[n - 1]);
}

/** @param {Buffer} name */
function textOf(name) {
  const text = name.toString("utf8");
  return text.includes("\ufffd") ? decoded(name) : text;
}

/** A number of git's packs. @param {Buffer} bytes @param {number} at */
function offsetAt(bytes, at) {
  let byte = bytes[at++];
  let value = byte & 127;
  while (byte & 128) {
    byte = bytes[at++];
    value = (value + 1) * 128 + (byte & 127);
  }
  return { value, next: at };
}
