// Exported items of js/ without a sentence that says what they are; types and tags alone are none.
// `node tools/exported.js` prints them, `tests/host/exported.test.js` allows none.

import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const EXPORTED = /^export (?:async )?(?:function\*?|class|const|let) (\w+)/;

/**
 * The exported items of a module that have no sentence, each with its line.
 *
 * @param {string} text
 * @returns {{line: number, name: string}[]}
 */
export function withoutSentence(text) {
  const lines = text.split("\n");
  return lines.flatMap((line, at) => {
    const name = EXPORTED.exec(line)?.[1];
    return name === undefined || sentenceAbove(lines, at) ? [] : [{ line: at + 1, name }];
  });
}

/**
 * Whether the comment that ends just above a line has words before its first tag.
 *
 * @param {string[]} lines
 * @param {number} at from 0
 */
function sentenceAbove(lines, at) {
  let end = at - 1;
  // Between a comment and its item only a lint may be switched off.
  while (end >= 0 && /^\/\/ biome-ignore/.test(lines[end])) end -= 1;
  if (end < 0 || !lines[end].endsWith("*/")) return false;
  let start = end;
  while (start > 0 && !lines[start].startsWith("/**")) start -= 1;
  const comment = lines
    .slice(start, end + 1)
    .map((line) => line.replace(/^\s*\/?\*+\/?|\*\/$/g, ""))
    .join(" ");
  const words = comment.split(/(?:^|\s)@\w+/)[0].trim();
  return /\w+\W+\w+/.test(words);
}

/**
 * The same for every module of a folder, as lines to print.
 *
 * @param {string} root
 * @param {string} folder below it
 * @returns {string[]}
 */
export function missingSentences(root, folder) {
  return fs
    .readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
    .map((file) => path.posix.join(folder, file.replaceAll(path.sep, "/")))
    .filter((file) => file.endsWith(".js") && !file.includes("/wasm/"))
    .sort()
    .flatMap((file) =>
      withoutSentence(fs.readFileSync(path.join(root, file), "utf8")).map(
        ({ line, name }) => `${file}:${line}: nothing says what \`${name}\` is`,
      ),
    );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
  const missing = missingSentences(root, "js");
  for (const line of missing) console.error(line);
  process.exit(missing.length > 0 ? 1 : 0);
}
