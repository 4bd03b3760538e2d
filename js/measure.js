// Runs `@collect` plans: finds the files, brings their bytes to the engine once a run, however many
// metrics use them. What the bytes mean is the engine's to say.

import fs from "node:fs";
import path from "node:path";
import zlib from "node:zlib";
import { codeLines, engineModule, openLineCounter, openMeasurement } from "./engine.js";
import { Failure } from "./failure.js";
import { native } from "./files/names.js";
import { expand, matcher, nothingMatched, OwnFiles, openRegular, readBytes, unmatchedOf } from "./files.js";
import { countLines } from "./loc.js";
import { shownName } from "./shown.js";

/** The largest coverage file that is read: more does not fit the engine's memory beside its result. */
const COVERAGE_LIMIT = 1024 * 1024 * 1024;

/** Why a file with a language's name counts no lines and is no trouble: it is not source text. */
const NOT_CODE = new Set(["binary", "notebook"]);

/** One run's measurements. Free it in `finally`. */
export class Measurements {
  #directory;
  #sources;
  #engine;
  #own;
  #warn;
  /** Messages of warnings that were given. @type {Set<string>} */
  #told = new Set();
  /** Those patterns, by whether what git ignores counts as a match. @type {Map<boolean, string[]>} */
  #unmatched = new Map();
  /** @type {Map<string, Promise<Map<string, number>>>} code lines by language, by the files asked for */
  #lines = new Map();
  /** Coverage files by what the engine calls them. @type {Map<string, string>} */
  #keys = new Map();
  /** @type {Set<string>} */
  #taken = new Set();

  /**
   * @param {object} where
   * @param {string} where.directory the configuration's, which relative paths resolve against
   * @param {string[]} [where.sources] the configuration's
   * @param {import("./files/own.js").Written} [where.own] what this tool writes, which is never measured
   * @param {(warning: Failure) => void} [where.warn] hears once of each pattern of `sources` that matches nothing and of each
   *   list of rules that does not count
   */
  constructor({ directory, sources = [], own, warn }) {
    this.#directory = directory;
    this.#own = new OwnFiles(own);
    this.#warn = warn;
    this.#engine = openMeasurement(directory);
    this.#sources = sources;
  }

  /**
   * The value that a plan asks for.
   * @param {import("./types.js").CollectPlan} plan
   * @returns {Promise<number>}
   * @throws {Failure} of type collection
   */
  async measure(plan) {
    switch (plan.measure.kind) {
      case "lines":
        return this.#measureLines(plan, plan.measure.language ?? undefined);
      case "bytes":
        return this.#measureBytes(plan, plan.measure.compression ?? undefined);
      case "coverage":
        return this.#measureCoverage(plan);
    }
  }

  free() {
    this.#engine.free();
  }

  /** @param {import("./types.js").CollectPlan} plan @param {string | undefined} language */
  async #measureLines(plan, language) {
    const files = this.#find(plan, { ignoreFiles: true, filter: true });
    const key = files.join("\0");
    let counting = this.#lines.get(key);
    if (!counting) {
      counting = this.#countLines(files);
      this.#lines.set(key, counting);
    }
    const byLanguage = await counting;
    if (language !== undefined) {
      const lines = byLanguage.get(language);
      if (lines === undefined) throw nothing(plan, `none of ${files.length} files is in \`${language}\``);
      return lines;
    }
    if (byLanguage.size === 0) throw nothing(plan, `none of ${files.length} files is in a known language`);
    return [...byLanguage.values()].reduce((sum, lines) => sum + lines, 0);
  }

  /** @param {string[]} files @returns {Promise<Map<string, number>>} */
  async #countLines(files) {
    const absolute = files.map((file) => path.resolve(this.#directory, file));
    const { numbers, skipped } = await countLines(absolute, { open: openLineCounter, module: engineModule });
    const unread = skipped.find(({ reason }) => !NOT_CODE.has(reason));
    if (unread) {
      throw new Failure(
        `could not read \`${shownName(path.relative(this.#directory, unread.path))}\`: ${unread.reason}`,
        {
          type: "collection",
          code: "FILE_UNREADABLE",
          hint: "Fix its rights, or leave it out with --exclude; a number without it would be wrong.",
        },
      );
    }
    return codeLines(numbers);
  }

  /** @param {import("./types.js").CollectPlan} plan @param {string | undefined} compression */
  #measureBytes(plan, compression) {
    let total = 0;
    for (const name of this.#find(plan, { ignoreFiles: false, filter: false })) {
      const file = path.resolve(this.#directory, name);
      if (compression === undefined) total += this.#io(name, () => fs.statSync(native(file)).size);
      else {
        const bytes = this.#io(name, () => readBytes(file, { shown: name }));
        total +=
          compression === "gzip"
            ? zlib.gzipSync(bytes, { level: 9 }).length
            : zlib.brotliCompressSync(bytes).length;
      }
    }
    return total;
  }

  /** @param {import("./types.js").CollectPlan} plan */
  #measureCoverage(plan) {
    if (plan.measure.kind !== "coverage") throw new TypeError("not a coverage plan");
    const format = plan.measure.format ?? undefined;
    const names = this.#find(plan, { ignoreFiles: false, filter: false }).map((name) => {
      const key = this.#keyOf(name);
      if (!this.#engine.hasCoverage(key, format)) this.#readCoverage(name, key, format);
      return key;
    });
    let keep;
    if (this.#sources.length > 0) {
      const wanted = matcher(this.#sources, { cwd: this.#directory });
      const measured = this.#engine.coverageSources(names, format);
      keep = measured.filter(wanted);
      this.#checkSources({ ignoreFiles: false, measured });
    }
    return this.#engine.coverage(names, plan.measure, keep);
  }

  /**
   * What the engine calls a file: its name as it is shown, and a number where two names are shown alike.
   * @param {string} name
   */
  #keyOf(name) {
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    let key = shownName(name);
    for (let n = 2; this.#taken.has(key); n++) key = `${shownName(name)} (${n})`;
    this.#taken.add(key);
    this.#keys.set(name, key);
    return key;
  }

  /** @param {string} name @param {string} key @param {string | undefined} format */
  #readCoverage(name, key, format) {
    const file = path.resolve(this.#directory, name);
    const { file: descriptor, size } = openRegular(file, { shown: key, limit: COVERAGE_LIMIT });
    try {
      const room = this.#engine.reserve(size);
      let read = 0;
      while (read < size) {
        const count = this.#io(name, () => fs.readSync(descriptor, room, read, size - read, read));
        if (count === 0) break;
        read += count;
      }
      this.#engine.addCoverage(key, format, read);
    } finally {
      fs.closeSync(descriptor);
    }
  }

  /**
   * The files of a plan; every pattern must match something.
   * @param {import("./types.js").CollectPlan} plan
   * @param {{ignoreFiles: boolean, filter: boolean}} how whether .gitignore counts, and whether
   *   `sources` narrows named paths too
   * @returns {string[]} relative to the configuration's directory where they are below it
   */
  #find(plan, { ignoreFiles, filter }) {
    const sources = this.#sources.length > 0 ? this.#sources : undefined;
    const patterns = plan.patterns.length > 0 ? plan.patterns : (sources ?? ["."]);
    let own = 0;
    const { files, unmatched } = expand(patterns, {
      cwd: this.#directory,
      ignoreFiles,
      warn: (warning) => this.#warnOnce(warning),
      exclude: plan.exclude,
      sources: filter ? sources : undefined,
      lenient: plan.patterns.length === 0,
      leaveOut: (real) => {
        const isOwn =
          plan.measure.kind !== "coverage" && this.#own.has(real, { text: plan.measure.kind === "lines" });
        own += Number(isOwn);
        return isOwn;
      },
    });
    if (plan.patterns.length > 0) {
      if (unmatched.length > 0) throw nothingMatched(unmatched, { ignoreFiles });
      if (filter) this.#checkSources({ ignoreFiles });
    } else if (sources) {
      this.#tellUnmatched(unmatched);
    }
    if (files.length === 0) {
      const also = own > 0 ? ", as what Unentropy writes itself does not count" : "";
      throw nothing(plan, `no file is left to measure${also}`);
    }
    return files;
  }

  /**
   * Looks for patterns of `sources` that match no file; there nothing else shows that they are wrong.
   * @param {object} how
   * @param {boolean} how.ignoreFiles whether files that git ignores are none
   * @param {string[]} [how.measured] source files that count as files, such as those of a coverage report
   */
  #checkSources({ ignoreFiles, measured = [] }) {
    if (!this.#warn || this.#sources.length === 0) return;
    let unmatched = this.#unmatched.get(ignoreFiles);
    if (unmatched === undefined) {
      unmatched = unmatchedOf(this.#sources, { cwd: this.#directory, ignoreFiles });
      this.#unmatched.set(ignoreFiles, unmatched);
    }
    this.#tellUnmatched(
      unmatched.filter((pattern) => !measured.some(matcher([pattern], { cwd: this.#directory }))),
    );
  }

  /** @param {string[]} patterns */
  #tellUnmatched(patterns) {
    for (const pattern of patterns) this.#warnOnce(sourceUnmatched(pattern));
  }

  /** @param {Failure} warning */
  #warnOnce(warning) {
    if (this.#told.has(warning.message)) return;
    this.#told.add(warning.message);
    this.#warn?.(warning);
  }

  /**
   * @template T
   * @param {string} name
   * @param {() => T} call
   * @returns {T}
   */
  #io(name, call) {
    try {
      return call();
    } catch (error) {
      throw Failure.fromSystem(error, { type: "collection", doing: "could not read", path: name });
    }
  }
}

/** @param {string} pattern of `sources` */
export function sourceUnmatched(pattern) {
  return new Failure(`\`${pattern}\` of \`sources\` matches no file`, {
    type: "collection",
    code: "SOURCES_UNMATCHED",
    hint: "Patterns start at the directory of the configuration file; `loc` does not count files that git ignores. Correct the pattern or remove it.",
  });
}

/** @param {import("./types.js").CollectPlan} plan @param {string} what */
function nothing(plan, what) {
  return new Failure(`\`${plan.collector}\` has nothing to measure: ${what}`, {
    type: "collection",
    code: "COLLECTOR_NOTHING",
    hint: "Check the path and that the step which makes the files ran before; paths are relative to the configuration.",
  });
}
