// Counting lines of code over a large tree, whole process against whole process.

import path from "node:path";
import { root } from "../../setup.js";
import { sourceTree } from "../samples.js";
import { interleave, program, slower } from "../timing.js";

const FILES = 20_000;
const ROUNDS = 9;

export async function measure() {
  const { tree, files, name } = await sourceTree(FILES);
  const tokei = path.join(root, ".tools/bin/tokei");
  let [counted, expected] = ["", ""];
  const { ours, theirs } = await interleave(ROUNDS, {
    ours() {
      counted = program(process.execPath, ["dist/cli.js", "collect", "loc", tree], { cwd: root }).trim();
    },
    theirs() {
      expected = program(tokei, [tree]);
    },
  });
  const total = /^ Total +\d+ +\d+ +(\d+)/m.exec(expected)?.[1];
  return {
    method: `\`unentropy collect loc\` against tokei 15 over ${name}: ${files.toLocaleString("en")} files in the page cache, \
whole processes, both on all cores. They counted ${Number(counted).toLocaleString("en")} and \
${Number(total).toLocaleString("en")} lines of code. ${ROUNDS} rounds.`,
    rows: [slower("collect loc", ours, "tokei", theirs, 1)],
  };
}
