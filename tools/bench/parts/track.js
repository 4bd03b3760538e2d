// The main job with next to nothing to measure: what it costs itself, and where.

import fs from "node:fs";
import path from "node:path";
import { root } from "../../setup.js";
import { directory, history } from "../samples.js";
import { alone, interleave, median, milliseconds, program, quantile } from "../timing.js";

const ROUNDS = 11;
const BUILDS = 10_000;

export async function measure() {
  const original = await history(BUILDS);
  const workplace = fs.mkdtempSync(path.join(directory, "track-"));
  const config = path.join(workplace, "unentropy.json");
  const database = path.join(workplace, "unentropy.db");
  fs.writeFileSync(
    config,
    JSON.stringify({ metrics: { loc: { type: "numeric", unit: "integer", command: "echo 1" } } }),
  );
  const facts = [
    "--commit",
    "0".repeat(40),
    "--branch",
    "main",
    "--run-id",
    "1",
    "--run-number",
    "1",
    "--event",
    "push",
  ];
  const track = [
    path.join(root, "dist/cli.js"),
    "track",
    "--json",
    "--config",
    config,
    "--db",
    database,
    ...facts,
  ];
  /** @type {Record<string, number[]>} */
  const phases = {};
  let warm = false;
  try {
    const { whole, empty } = await interleave(ROUNDS, {
      whole() {
        fs.copyFileSync(original, database);
        const started = performance.now();
        const printed = program(process.execPath, track, { cwd: workplace });
        const took = performance.now() - started;
        if (warm) {
          for (const { name, durationMs } of JSON.parse(printed).phases) {
            phases[name] ??= [];
            phases[name].push(durationMs);
          }
        }
        warm = true;
        return took;
      },
      empty: () => void program(process.execPath, ["-e", "0"]),
    });
    const less = whole.map((took, round) => took - empty[round]);
    const spread = `${milliseconds(quantile(less, 0.25))} to ${milliseconds(quantile(less, 0.75))}`;
    return {
      method: `\`unentropy track\` with one metric (\`echo 1\`) and a local history of ${BUILDS.toLocaleString("en")} builds of ten \
metrics (${(fs.statSync(original).size / 1e6).toFixed(1)} MB), whole processes less an empty \`node -e 0\`. ${ROUNDS} rounds.`,
      rows: [
        { ...alone("the whole run, less empty Node", milliseconds(median(less))), spread },
        ...Object.entries(phases).map(([name, samples]) => alone(`— ${name}`, milliseconds(median(samples)))),
      ],
    };
  } finally {
    fs.rmSync(workplace, { recursive: true, force: true });
  }
}
