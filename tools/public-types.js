// The npm package's types in one file that stands by itself: js/public.d.ts, with the engine's types that it imports, and
// those that they are made of, instead of the import, at its end.

import fs from "node:fs";
import path from "node:path";

/**
 * The text of dist/index.d.ts for the sources below `directory`.
 * @param {string} directory
 * @returns {string}
 * @throws {Error} where a type is imported that the engine does not have, or the whole still imports something
 */
export function publicTypes(directory) {
  const read = (/** @type {string} */ name) => fs.readFileSync(path.join(directory, "js", name), "utf8");
  const own = read("public.d.ts");
  const all = declarationsOf(read("engine/types.d.ts"));
  const statement = /^import type \{([^}]*)\} from "\.\/engine\/types\.js";\n/m;
  const [whole, names] = statement.exec(own) ?? ["", ""];

  /** @type {Set<string>} */
  const needed = new Set();
  const add = (/** @type {string} */ name) => {
    if (needed.has(name)) return;
    const declaration = all.get(name);
    if (declaration === undefined)
      throw new Error(`js/public.d.ts imports \`${name}\`, which js/engine/types.d.ts lacks`);
    needed.add(name);
    for (const [word] of withoutComments(declaration).matchAll(/\b[A-Z]\w*/g)) if (all.has(word)) add(word);
  };
  for (const name of names.split(",").map((word) => word.trim())) if (name !== "") add(name);

  // Which of them are exported is said in js/public.d.ts.
  const inlined = [...needed]
    .sort()
    .map((name) => /** @type {string} */ (all.get(name)).replace(/^export /m, ""));
  const text = [own.replace(`${whole}\n`, ""), ...inlined].join("\n");
  if (/^import |\bimport\(|^export .* from /m.test(withoutComments(text))) {
    throw new Error(
      "dist/index.d.ts would not stand by itself: js/public.d.ts imports more than the engine's types",
    );
  }
  return text;
}

/**
 * The declarations of a generated file with their comments, by name. Blank lines lie between them and nowhere else.
 * @param {string} text
 * @returns {Map<string, string>}
 */
function declarationsOf(text) {
  return new Map(
    text.split("\n\n").flatMap((part) => {
      const name = /^export type (\w+)/m.exec(part)?.[1];
      return name === undefined ? [] : [/** @type {[string, string]} */ ([name, `${part.trimEnd()}\n`])];
    }),
  );
}

/** @param {string} text */
const withoutComments = (text) => text.replace(/\/\*[\s\S]*?\*\//g, "");
