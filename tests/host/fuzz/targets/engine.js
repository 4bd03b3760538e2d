// The engine as it is shipped: its parsers, its histories, its verdicts, all through dist/engine.wasm and
// dist/parsers.wasm.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import {
  checkConfig,
  gateComment,
  gateSummary,
  openChange,
  openHistory,
  parseOutput,
  planOf,
  preview,
  renderSummary,
} from "../../../../js/engine/engine.js";
import { openLineCounter, openMeasurement } from "../../../../js/engine/parsers.js";
import { judged, vectorFiles } from "../../support/gate-vectors.js";
import { ROOT } from "../../support/project.js";
import { altered, damaged } from "../random.js";
import { attempt, isPage } from "../rules.js";

const FIXTURES = path.join(ROOT, "tests/fixtures");

/** @param {string} folder below the fixtures @param {RegExp} [names] */
const stored = (folder, names = /./) =>
  fs
    .readdirSync(path.join(FIXTURES, folder), { withFileTypes: true })
    .filter((entry) => entry.isFile() && names.test(entry.name))
    .map(({ name }) => ({ name, bytes: fs.readFileSync(path.join(FIXTURES, folder, name)) }));

const REPORTS = stored("coverage").map(({ bytes }) => bytes);
const SOURCES = stored("loc");
const CONFIGS = [
  ...stored("config/accept"),
  ...stored("config/reject"),
  ...stored("config/reject-semantic"),
].map(({ bytes }) => bytes);
/** A small history and those of older programs. */
const IMAGES = [
  fs.readFileSync(path.join(ROOT, "fuzz/seeds/history/small.db")),
  fs.readFileSync(path.join(FIXTURES, "history/format-1.db")),
];
const VECTORS = vectorFiles().flatMap(({ vectors }) => vectors);

/** Words of the coverage formats. */
const COVERAGE_WORDS = [
  "SF:", "TN:", "DA:1,1", "BRDA:1,0,0,1", "FN:1,f", "FNDA:1,f", "FNL:0,1", "FNA:0,1,f", "LF:", "LH:", "end_of_record\n",
  "<coverage", "<class filename='a'>", "</class>", "<line number='1' hits='1'/>", "<lines>", "<methods>", "<method name='a'>",
  "<file name='a'>", "<metrics statements='1' coveredstatements='1'/>", "<project>", "<package>", "condition-coverage='50% (1/2)'",
  "branch='true'", "type='cond'", "truecount='1'", "line-rate='0.5'", "encoding='latin1'", "<sources><source>/a</source>",
  "<report name='r'>", "<group name='g'>", "<package name='p'>", "<sourcefile name='A.java'>", "<line nr='1' mi='1' ci='1' mb='1' cb='1'/>",
  "<counter type='METHOD' missed='1' covered='1'/>", "<method name='m' desc='()V' line='1'>", "mode: set\n", "a.go:1.1,2.2 1 1\n",
  "<CoverageSession>", "<File uid='1' fullPath='a.cs'/>", "<SequencePoint vc='1' sl='1' fileid='1'/>", "<BranchPoint vc='1' path='0'/>",
  '"statementMap":{"0":', '{"start":{"line":1,"column":0}}', '"s":{"0":1}', '"b":{"0":[1,0]}', '"meta":{"branch_coverage":true}', '"files":',
  '"executed_lines":[1]', '"coverage":{', '"lines":[1,null,0]', '"segments":[[1,1,1,true,true]]', '"gcovr/format_version":1', "null", "{", "}",
]; // biome-ignore format: a table
/** Words of programming languages. */
const CODE_WORDS = [
  "/*", "*/", "//", "#", "--", "'''", '"""', "r#\"", "\"#", "<script>", "</script>", "<style lang='scss'>", "<template>",
  "</template>", "{-", "-}", "(*", "*)", "=begin", "=end", "\\\"", "`", "#!/usr/bin/env python", "REM ", "%", "\n\n", "\r",
]; // biome-ignore format: a table
/** Words of configurations. */
const CONFIG_WORDS = [
  '"metrics"', '"$ref"', '"coverage"', '"type"', '"numeric"', '"label"', '"command"', '"unit"', '"percent"', '"timeout"',
  '"qualityGate"', '"thresholds"', '"mode"', '"min"', '"target"', '"anomaly"', '"window"', '"report"', '"sections"',
  '"charts"', '"theme"', '"storage"', '"sqlite-s3"', '"sources"', "// x\n", "/* x */", "{", "}", "[", "]", ",", ":", "\\u0000",
]; // biome-ignore format: a table

const FACTS = {
  title: "fuzz",
  repositoryUrl: null,
  generatedAt: "2026-02-01T00:00:00Z",
  version: "0",
  defaultBranch: "main",
};
const RUN_FACTS = /** @type {any} */ ({ now: "2026-01-31T00:00:00Z", defaultReferenceBranch: "main" });

/**
 * @param {import("../../../../js/engine/engine.js").History} history
 * @param {string} text
 * @param {string | null} baseConfigText
 * @param {any[]} measurements
 */
function gated(history, text, baseConfigText, measurements) {
  const change = openChange(text, { baseConfigText });
  try {
    return history.gate(change, measurements, RUN_FACTS);
  } finally {
    change.free();
  }
}

const REFUSALS = [
  "HISTORY_NOT_SQLITE",
  "HISTORY_CORRUPT",
  "HISTORY_FOREIGN",
  "HISTORY_NEWER",
  "HISTORY_TOO_LARGE",
  "HISTORY_FAILED",
];

/** @type {Record<string, import("../targets.js").Target>} */
export const engineTargets = {
  coverage: {
    what: "coverage reports of every format, named and detected",
    generate: (random) => damaged(random, random.one(REPORTS), { words: COVERAGE_WORDS, others: REPORTS }),
    run(input) {
      for (const format of /** @type {const} */ ([
        null,
        "lcov",
        "cobertura",
        "clover",
        "jacoco",
        "gocover",
        "opencover",
        "istanbul",
        "llvm",
        "simplecov",
        "coveragepy",
        "gcovr",
        "xccov",
      ])) {
        const session = openMeasurement("/work");
        try {
          session.reserve(input.length);
          session.room(0, input.length).set(input);
          const reader = /** @type {const} */ ("coverage");
          const file = { name: "report", reader, format, length: input.length };
          const kinds = /** @type {const} */ (["line", "branch", "function"]);
          const questions = kinds.map((of) => {
            const measure = { kind: reader, of, format, fallback: null };
            return { names: ["report"], measure };
          });
          for (const answer of session.answer(input.length, [file], questions)) {
            if (answer.status === "failed") {
              assert.ok(
                // Not every format has every type.
                ["COLLECTOR_FORMAT", "COLLECTOR_NOTHING", "COLLECTOR_USAGE"].includes(answer.error.code),
                answer.error.code,
              );
            } else {
              const value = answer.status === "value" ? answer.value : undefined;
              assert.ok(typeof value === "number" && value >= 0 && value <= 100, `${value} percent`);
            }
          }
        } finally {
          session.free();
        }
      }
    },
  },

  loc: {
    what: "files of every language for the line counter, behind their path",
    generate(random) {
      const { name, bytes } = random.one(SOURCES);
      const others = SOURCES.map((source) => source.bytes);
      const shown = random.rarely(4) ? random.text(CODE_WORDS).replaceAll("\0", "") : name;
      return Buffer.concat([
        Buffer.from(`${shown}\0`),
        damaged(random, bytes, { words: CODE_WORDS, others }),
      ]);
    },
    run(input) {
      const end = input.indexOf(0);
      const [name, code] = [input.subarray(0, end).toString(), input.subarray(end + 1)];
      const { counter, memory, free } = openLineCounter();
      try {
        const at = counter.reserve(code.length);
        new Uint8Array(memory.buffer, at >>> 0, code.length).set(code);
        const [detected = 0xffff] = counter.detect(`${name}\0`);
        const lengths = Uint32Array.of(code.length);
        const [language = 0xffff] =
          detected >= 0xff00 ? counter.detectContents(Uint16Array.of(detected), lengths) : [detected];
        if (language >= 0xff00) return;
        assert.ok([0, 1, 2].includes(counter.addAll(Uint16Array.of(language), lengths)[0]));
        const [, files = 0, lines = 0, comments = 0, blanks = 0] = counter.take();
        const feeds = code.filter((byte) => byte === 10).length;
        assert.ok(files <= 1 && lines + comments + blanks >= 0);
        if (!/\.ipynb$/.test(name) && code[0] < 0xfe) assert.ok(lines + comments + blanks <= feeds + 1);
      } finally {
        free();
      }
    },
  },

  output: {
    what: "what commands print, and `@collect` lines",
    generate: (random) =>
      damaged(
        random,
        Buffer.from(
          random.one([
            "42\n",
            "-3.5e2",
            "85%",
            "ok\n",
            "@collect loc . -l Rust -e 'a b'",
            "@collect coverage a.xml --type branch --fallback 0",
          ]),
        ),
        {
          words: [
            "@collect ",
            "loc",
            "size",
            "coverage-lcov",
            "--exclude",
            "--",
            "-l",
            "--gzip",
            "=",
            "'",
            '"',
            "\\",
          ],
        },
      ),
    run(input) {
      const text = input.toString();
      const value = attempt(["OUTPUT_INVALID"], () => parseOutput(text, "numeric"));
      // JavaScript prints -0 as 0, which is the same number.
      if (value !== undefined) assert.equal(parseOutput(String(value), "numeric"), value === 0 ? 0 : value);
      const label = attempt(["OUTPUT_INVALID"], () => parseOutput(text, "label"));
      if (label !== undefined) assert.equal(parseOutput(/** @type {string} */ (label), "label"), label);
      attempt(["COLLECTOR_USAGE"], () => planOf({ command: text }));
    },
  },

  config: {
    what: "texts of configurations; those accepted are judged by and rendered",
    generate: (random) => damaged(random, random.one(CONFIGS), { words: CONFIG_WORDS, others: CONFIGS }),
    run(input) {
      const text = input.toString();
      const { config, errors, warnings } = checkConfig(text, "unentropy.json");
      assert.equal(config === null, errors.length > 0, "accepted with errors, or refused without");
      for (const { line, column, message } of [...errors, ...warnings]) {
        assert.ok(line >= 1 && column >= 1 && message !== "");
      }
      if (!config) return;
      isPage(preview(text, FACTS));
      const history = openHistory(null);
      try {
        const { qualityGate } = gated(history, text, text, []);
        assert.deepEqual(qualityGate.configurationChanges, [], "a configuration differs from itself");
      } finally {
        history.free();
      }
    },
  },

  history: {
    what: "images of histories; those that open are reported, judged and saved",
    generate: (random) => damaged(random, random.one(IMAGES), { others: IMAGES }),
    run(input) {
      for (const proved of [false, true]) {
        const history = attempt(REFUSALS, () => openHistory(input, { proved }));
        if (!history) continue;
        try {
          const use = () => {
            isPage(history.report(null, FACTS));
            const saved = history.save();
            const again = openHistory(saved);
            try {
              assert.deepEqual(again.builds(), history.builds());
              assert.deepEqual(again.metricDefinitions(), history.metricDefinitions());
            } finally {
              again.free();
            }
            const text = JSON.stringify({ metrics: { coverage: { $ref: "coverage", command: "true" } } });
            gated(history, text, null, [{ id: "coverage", status: "ok", value: 1 }]);
          };
          // What is believed because a digest fits it may turn out to be damaged later.
          if (proved) attempt([...REFUSALS, "BUILD_INVALID", "REPORT_FAILED"], use);
          else use();
        } finally {
          history.free();
        }
      }
    },
  },

  gate: {
    what: "the stored verdicts' configurations, measurements, facts and builds",
    generate: (random) =>
      Buffer.from(
        JSON.stringify(
          altered(random, random.one(VECTORS), ["hard", "soft", "off", "min", "max", "main", "m"]),
        ),
      ),
    run(input) {
      const vector = JSON.parse(input.toString());
      let outcome;
      try {
        outcome = judged(vector);
      } catch (thrown) {
        // A vector that is none any more does not come as far as the engine.
        if (thrown instanceof TypeError) return;
        attempt(["CONFIG_INVALID", "USAGE_INVALID", "BUILD_INVALID"], () => {
          throw thrown;
        });
        return;
      }
      const { qualityGate, blocks } = outcome;
      const isBlocked = qualityGate.metrics.some((/** @type {any} */ metric) => metric.isBlocking);
      assert.equal(qualityGate.status === "fail", isBlocked);
      assert.ok(!blocks || qualityGate.mode === "hard");
      for (const text of [gateComment(outcome, {}), gateSummary(outcome, {})]) {
        assert.doesNotMatch(text, /<(?:script|img|iframe)\b/i);
      }
      assert.ok(gateComment(outcome, {}).length <= 65_536);
    },
  },

  summary: {
    what: "the facts of a job summary",
    generate: (random) =>
      Buffer.from(
        JSON.stringify(
          altered(random, {
            branch: "main",
            commitSha: "c0ffee0123456789",
            problem: { code: "X", message: "m", hint: "h", details: ["d"] },
            tolerated: false,
            notStored: true,
            metrics: [
              {
                name: "Coverage",
                value: 85.3,
                unit: "percent",
                direction: "higher-is-better",
                error: null,
                earlier: [80, 84],
              },
              { name: "Label", value: "a", unit: null, direction: null, error: null, earlier: ["a", "b"] },
            ],
            warnings: [],
            phases: [{ name: "collect", status: "completed", durationMs: 61_400, bytes: 10 }],
            history: { location: "h.db", builds: 3, bytes: 4096 },
            report: "r.html",
            verdict: null,
          }),
        ),
      ),
    run(input) {
      const facts = JSON.parse(input.toString());
      // The verdict is the engine's own Markdown, which stands as it is.
      if (facts !== null && typeof facts === "object") facts.verdict = null;
      const text = attempt(["USAGE_INVALID"], () => renderSummary(facts));
      if (text !== undefined) assert.doesNotMatch(text, /<(?:script|img|iframe)\b/i);
    },
  },
};
