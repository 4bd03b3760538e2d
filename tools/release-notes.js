// `node tools/release-notes.js VERSION`: the version's section of CHANGELOG.md, as the text of its release on GitHub. The
// release workflow asks for it before anything is published, so that no release is without notes.
//
//   node tools/release-notes.js v1.2.0
//   node tools/release-notes.js unreleased

import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The notes of a version.
 *
 * @param {string} changelog in the form of Keep a Changelog
 * @param {string} version with or without its `v`; `unreleased` for what no version has yet
 * @param {string} repository its address, for links: a release page does not resolve relative ones
 * @returns {string} Markdown, without the section's heading
 * @throws {Error} where the changelog has no such section, or an empty one
 */
export function releaseNotes(changelog, version, repository) {
  const wanted = version.replace(/^v(?=\d)/, "").toLowerCase();
  const sections = changelog.split(/^## /m).slice(1);
  const versions = sections.map((section) => /^\[?([^\]\s]+)/.exec(section)?.[1] ?? "");
  const at = versions.findIndex((name) => name.toLowerCase() === wanted);
  if (at === -1) {
    throw new Error(`CHANGELOG.md has no section for \`${version}\`: there are ${versions.join(", ")}`);
  }
  // Definitions of links close the last section, and are about headings.
  const lines = sections[at].split("\n").slice(1);
  const text = lines.filter((line) => !/^\[[^\]]+\]: /.test(line)).join("\n");
  if (!/^[-*] /m.test(text)) throw new Error(`the section for \`${version}\` of CHANGELOG.md lists nothing`);
  const tag = wanted === "unreleased" ? "main" : `v${wanted}`;
  const linked = text.replace(/\]\((?![a-z]+:|#)([^)\s]+)\)/g, `](${repository}/blob/${tag}/$1)`);
  return `${linked.trim()}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
  const read = (/** @type {string} */ file) => fs.readFileSync(path.join(root, file), "utf8");
  const [version] = process.argv.slice(2);
  try {
    if (version === undefined) throw new Error("no version given: expected one such as `v1.2.0`");
    const { url } = JSON.parse(read("package.json")).repository;
    process.stdout.write(releaseNotes(read("CHANGELOG.md"), version, url.replace(/^git\+|\.git$/g, "")));
  } catch (error) {
    console.error(`release-notes: ${/** @type {Error} */ (error).message}`);
    process.exit(1);
  }
}
