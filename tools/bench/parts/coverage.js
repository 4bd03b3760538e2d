// Reading large coverage reports: the engine against counting their lines and against npm's parsers.

import fs from "node:fs";
import { promisify } from "node:util";
import cloverJson from "@cvrg-report/clover-json";
import { XMLParser } from "fast-xml-parser";
import lcovParse from "lcov-parse";
import { openMeasurement } from "../../../js/engine/parsers.js";
import { coverageReport } from "../samples.js";
import { interleave, program, quicker, slower } from "../timing.js";

const BYTES = 50_000_000;
const ROUNDS = 11;
/** The parsers of npm take seconds and gigabytes for what is measured here: fewer rounds, a part of the file. */
const PART_BYTES = 10_000_000;
const PART_ROUNDS = 3;

/** @type {Record<string, [string, (text: string) => unknown][]>} */
const PARSERS = {
  lcov: [["lcov-parse", (text) => promisify(/** @type {any} */ (lcovParse))(text)]],
  cobertura: [["fast-xml-parser", parseXml]],
  clover: [
    ["@cvrg-report/clover-json", (text) => cloverJson.parseContent(text)],
    ["fast-xml-parser", parseXml],
  ],
  jacoco: [["fast-xml-parser", parseXml]],
};

/** @param {string} text */
function parseXml(text) {
  return new XMLParser({ ignoreAttributes: false }).parse(text);
}

/** The line coverage of a report, from the file to the number. @param {string} file @param {import("../../../js/engine/types.js").CoverageFormat} format */
function ours(file, format) {
  const session = openMeasurement("/work");
  try {
    const handle = fs.openSync(file, "r");
    const { size } = fs.fstatSync(handle);
    session.reserve(size);
    const room = session.room(0, size);
    for (let at = 0; at < size; ) at += fs.readSync(handle, room, at, size - at, at);
    fs.closeSync(handle);
    const reader = /** @type {const} */ ("coverage");
    const measure = { kind: reader, of: /** @type {const} */ ("line"), format, fallback: null };
    const [answer] = session.answer(
      size,
      [{ name: file, reader, format, length: size }],
      [{ names: [file], measure }],
    );
    const percent = answer.status === "value" ? answer.value : Number.NaN;
    if (!(typeof percent === "number" && percent > 0 && percent < 100))
      throw new Error(`expected a percentage, found ${JSON.stringify(answer)}`);
  } finally {
    session.free();
  }
}

export async function measure() {
  const [large, part, whole] = [[], [], []].map((rows) => /** @type {import("../timing.js").Row[]} */ (rows));
  for (const format of /** @type {const} */ (["lcov", "cobertura", "clover", "jacoco"])) {
    const file = await coverageReport(format, BYTES);
    const label = `${format}, ${BYTES / 1e6} MB`;
    const timed = await interleave(ROUNDS, {
      ours: () => ours(file, format),
      wc: () => void program("wc", ["-l", file]),
      cli: () => void program(process.execPath, ["dist/cli.js", "collect", `coverage-${format}`, file]),
    });
    large.push(slower(label, timed.ours, "wc -l", timed.wc, format === "jacoco" ? 8 : 5));
    whole.push(slower(`${label}, whole process`, timed.cli, "wc -l", timed.wc));
    const smaller = await coverageReport(format, PART_BYTES);
    for (const [name, parse] of PARSERS[format]) {
      const samples = await interleave(PART_ROUNDS, {
        async theirs() {
          global.gc?.();
          const started = performance.now();
          await parse(fs.readFileSync(smaller, "utf8"));
          return performance.now() - started;
        },
        ours: () => ours(smaller, format),
      });
      part.push(quicker(`${format}, ${PART_BYTES / 1e6} MB`, samples.ours, name, samples.theirs, 10));
    }
  }
  return {
    method: `Generated reports like those of real projects, read from the page cache to the percentage of covered lines, in \
a running process; \`wc -l\` is a whole process, which counts a few milliseconds against it. ${ROUNDS} rounds. npm's parsers do \
less (they neither merge nor count) and read a smaller file, because of their memory; ${PART_ROUNDS} rounds.`,
    rows: [...large, ...whole, ...part],
  };
}
