// Rendering the report, from an opened history to HTML, against native SQLite merely reading the same rows.

import fs from "node:fs";
import { openHistory, version } from "../../../js/engine/engine.js";
import { history, METRICS } from "../samples.js";
import { interleave, median, megabytes, milliseconds, slower } from "../timing.js";

const ROUNDS = 9;

export async function measure() {
  const { DatabaseSync } = await import("node:sqlite");
  const rows = [];
  for (const builds of [10_000, 50_000]) {
    const file = await history(builds);
    const opened = openHistory(fs.readFileSync(file));
    const database = new DatabaseSync(":memory:");
    database.deserialize(fs.readFileSync(file));
    const facts = {
      title: "bench",
      repositoryUrl: "https://github.com/owner/repo",
      generatedAt: "2025-01-01T00:00:00.000Z",
      version: version(),
      defaultBranch: "main",
    };
    let html = "";
    const { ours, theirs } = await interleave(ROUNDS, {
      ours() {
        global.gc?.();
        const started = performance.now();
        html = opened.report(null, facts);
        return performance.now() - started;
      },
      theirs() {
        global.gc?.();
        const started = performance.now();
        let read = 0;
        for (const table of ["build_contexts", "metric_values"]) {
          const statement = database.prepare(`SELECT * FROM ${table}`);
          statement.setReturnArrays(true);
          read += statement.all().length;
        }
        const took = performance.now() - started;
        if (read !== builds * (METRICS.length + 1)) throw new Error(`read ${read} rows`);
        return took;
      },
    });
    const name = builds.toLocaleString("en");
    const row = slower(
      `${name} builds: ${megabytes(html.length)} of HTML`,
      ours,
      "node:sqlite reads all rows",
      theirs,
      3,
    );
    rows.push(row);
    if (median(ours) > 1e4) console.error(milliseconds(median(ours)));
    opened.free();
    database.close();
  }
  return {
    method: `A report of ${METRICS.length} metrics from an opened history to the HTML as a string, against \`node:sqlite\` \
reading every build and value into arrays (Node 24). ${ROUNDS} rounds.`,
    rows,
  };
}
