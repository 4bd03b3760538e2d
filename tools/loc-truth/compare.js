// Compares the line counter of `dist/` with what a lexer counted: `node tools/loc-truth/compare.js TRUTH` reads a path and a
// number of code lines a line, as the programs beside this one print them, and names the files that differ.

import fs from "node:fs";
import { countLines } from "../../js/collect/lines.js";
import { openLineCounter, parsersModule } from "../../js/engine/parsers.js";

const [truth] = process.argv.slice(2);
if (truth === undefined) {
  console.error("usage: node tools/loc-truth/compare.js TRUTH");
  process.exit(2);
}
const rows = fs
  .readFileSync(truth, "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => line.split("\t"));
let [differ, expected, counted] = [0, 0, 0];
for (const [file, lines] of rows) {
  const { numbers } = await countLines([file], { open: openLineCounter, module: parsersModule, threads: 1 });
  let code = 0;
  for (let at = 0; at < numbers.length; at += 5) code += numbers[at + 2] ?? 0;
  expected += Number(lines);
  counted += code;
  if (code === Number(lines)) continue;
  differ += 1;
  console.log(`${file}: ${lines} by the lexer, ${code} here`);
}
const share = (100 * (counted - expected)) / Math.max(expected, 1);
console.log(
  `${rows.length} files, ${differ} differ; ${expected} lines, ${counted} here (${share.toFixed(4)} %)`,
);
