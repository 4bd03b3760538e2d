// The engine's SQLite in wasm against the native one that Node carries, doing the same work on the same bytes.

import fs from "node:fs";
import { openHistory } from "../../../js/engine/engine.js";
import { buildFacts, history, METRICS } from "../samples.js";
import { interleave, slower } from "../timing.js";

const ROUNDS = 15;
const BUILDS = 10_000;

const SERIES = `SELECT b.id, b.commit_sha AS commitSha, b.branch, b.run_id AS runId, b.run_number AS runNumber,
  b.event_name AS eventName, b.timestamp, v.value_numeric AS value
  FROM metric_values v JOIN build_contexts b ON b.id = v.build_id
  WHERE v.metric_id = ? ORDER BY b.timestamp, b.id`;

export async function measure() {
  const { DatabaseSync } = await import("node:sqlite");
  const image = fs.readFileSync(await history(BUILDS));
  const metrics = METRICS.map((metric) => ({ metric, value: 42 }));
  let number = BUILDS;
  const facts = () => buildFacts(++number, Math.random);
  const steps = /** @type {const} */ (["open", "record", "query", "save"]);
  /** @type {Record<"wasm" | "native", Record<string, number[]>>} */
  const split = { wasm: {}, native: {} };

  /** @param {"wasm" | "native"} side */
  const watch = (side) => {
    let last = performance.now();
    return (/** @type {string} */ step) => {
      const now = performance.now();
      split[side][step] ??= [];
      split[side][step].push(now - last);
      last = now;
    };
  };

  const wasm = () => {
    const lap = watch("wasm");
    const opened = openHistory(image);
    lap("open");
    opened.record(facts(), /** @type {any} */ (metrics));
    lap("record");
    const points = METRICS.map(({ id }) => opened.timeSeries(id).length);
    lap("query");
    const saved = opened.save();
    opened.free();
    lap("save");
    check(points, saved);
  };

  const native = () => {
    const lap = watch("native");
    const database = new DatabaseSync(":memory:");
    database.deserialize(image);
    const { integrity_check: said } = /** @type {any} */ (database.prepare("PRAGMA integrity_check").get());
    if (said !== "ok") throw new Error(said);
    if (database.prepare("PRAGMA foreign_key_check").all().length > 0) throw new Error("orphans");
    lap("open");
    const build = facts();
    database.exec("BEGIN");
    const { lastInsertRowid } = database
      .prepare("INSERT INTO build_contexts VALUES (NULL, ?, ?, ?, ?, ?, ?)")
      .run(build.commitSha, build.branch, build.runId, build.runNumber, build.eventName, build.timestamp);
    const insert = database.prepare(
      "INSERT INTO metric_values (metric_id, build_id, value_numeric) VALUES (?, ?, ?)",
    );
    for (const { metric, value } of metrics) insert.run(metric.id, lastInsertRowid, value);
    database.exec("COMMIT");
    lap("record");
    const series = database.prepare(SERIES);
    const points = METRICS.map(({ id }) => series.all(id).length);
    lap("query");
    const saved = database.serialize();
    database.close();
    lap("save");
    check(points, saved);
  };

  /** @param {number[]} points @param {Uint8Array} saved */
  function check(points, saved) {
    if (points.some((count) => count !== BUILDS + 1) || saved.length < image.length) {
      throw new Error(`expected series of ${BUILDS + 1} points, found ${points}`);
    }
    global.gc?.();
  }

  const { wasm: ours, native: theirs } = await interleave(ROUNDS, { wasm, native });
  const rows = [
    slower("open, record, query and save", total(split.wasm), "node:sqlite", total(split.native), 1.5),
  ];
  for (const step of steps) {
    rows.push(slower(`— ${step}`, split.wasm[step].slice(1), "node:sqlite", split.native[step].slice(1)));
  }
  if (ours.length !== theirs.length) throw new Error("a round is missing");
  return {
    method: `A history of ${BUILDS.toLocaleString("en")} builds of ${METRICS.length} metrics \
(${(image.length / 1e6).toFixed(1)} MB) from bytes to bytes: open it with a full integrity and reference check, record one \
build of ${METRICS.length} metrics in a transaction, read the whole series of every metric with its builds into JavaScript \
objects, save. The same steps by \`node:sqlite\` in the same process (Node 24, SQLite in C compiled natively). ${ROUNDS} rounds.`,
    rows,
  };
}

/** @param {Record<string, number[]>} split */
const total = (split) =>
  Object.values(split).reduce(
    (sums, samples) => sums.map((sum, n) => sum + samples[n + 1]),
    Array(ROUNDS).fill(0),
  );
