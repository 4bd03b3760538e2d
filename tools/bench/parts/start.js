// How long the command line takes to say something, against Node saying nothing.

import fs from "node:fs";
import path from "node:path";
import { root } from "../../setup.js";
import { directory } from "../samples.js";
import { interleave, program, slower } from "../timing.js";

const ROUNDS = 25;

export async function measure() {
  fs.mkdirSync(directory, { recursive: true });
  const config = path.join(directory, "small.json");
  fs.writeFileSync(config, JSON.stringify({ metrics: { one: { type: "numeric", command: "echo 1" } } }));
  const node = (/** @type {string[]} */ ...args) => program(process.execPath, args, { cwd: root });
  const { empty, ...commands } = await interleave(ROUNDS, {
    empty: () => void node("-e", "0"),
    "--version": () => void node("dist/cli.js", "--version"),
    "--help": () => void node("dist/cli.js", "--help"),
    verify: () => void node("dist/cli.js", "verify", config),
  });
  return {
    method: `Whole processes, from start to exit, on Node ${process.version.slice(1)}; \`verify\` checks a configuration of \
one metric. ${ROUNDS} rounds.`,
    rows: Object.entries(commands).map(([name, samples]) => slower(name, samples, "node -e 0", empty, 3)),
  };
}
