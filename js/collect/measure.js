// Runs `@collect` plans: finds the files, brings their bytes to the engine once a run, however many
// metrics use them. What the bytes mean is the engine's to say.

import fs from "node:fs";
import path from "node:path";
import zlib from "node:zlib";
import { pauses } from "../cancel.js";
import { engineFailure } from "../engine/door.js";
import { benchFiles, codeLines, openLineCounter, parsersModule } from "../engine/parsers.js";
import { Failure } from "../failure.js";
import { expand, nothingMatched, unmatchedOf } from "../files/globs.js";
import { native } from "../files/names.js";
import { OwnFiles } from "../files/own.js";
import { readBytes } from "../files/read.js";
import { shownName } from "../shown.js";
import { crashed } from "./crashed.js";
import { countLines } from "./lines.js";
import { Reports } from "./reports.js";

/** Why a file with a language's name counts no lines and is no trouble: it is not source text. */
const NOT_CODE = new Set(["binary", "notebook"]);

/**
 * What a plan came to.
 * @typedef {object} Collected
 * @property {number | string} value a text where a file holds one
 * @property {Failure[]} warnings what makes the value doubtful
 * @property {import("../engine/types.js").TestNames} [tests] what a run's page names of test results
 */

/** One run's measurements. Free it in `finally`. */
export class Measurements {
  #directory;
  #sources;
  #reports;
  #own;
  #warn;
  /** Messages of warnings that were given. @type {Set<string>} */
  #told = new Set();
  /** Those patterns, by whether what git ignores counts as a match. @type {Map<boolean, string[]>} */
  #unmatched = new Map();
  /** Benchmark reports among files, by these. @type {Map<string, string[]>} */
  #benchmarks = new Map();
  /** @type {Map<string, Promise<Map<string, number>>>} code lines by language, by the files asked for */
  #lines = new Map();

  /**
   * @param {object} where
   * @param {string} where.directory the configuration's, which relative paths resolve against
   * @param {string[]} [where.sources] the configuration's
   * @param {import("../files/own.js").Written} [where.own] what this tool writes, which is never measured
   * @param {(warning: Failure) => void} [where.warn] hears once of each pattern of `sources` that matches nothing and of each
   *   list of rules that does not count
   */
  constructor({ directory, sources = [], own, warn }) {
    this.#directory = directory;
    this.#own = new OwnFiles(own);
    this.#warn = warn;
    this.#reports = new Reports({ directory, sources });
    this.#sources = sources;
  }

  /**
   * The value that a plan asks for. What makes it doubtful is a warning.
   * @param {import("../engine/types.js").CollectPlan} plan
   * @param {AbortSignal} [signal] ends it
   * @returns {Promise<number | string>}
   * @throws {Failure} of type collection; the signal's reason
   */
  async measure(plan, signal) {
    const { collected } = await this.begin(plan, signal);
    this.settle();
    const { value, warnings } = await collected;
    for (const warning of warnings) this.#warnOnce(warning);
    return value;
  }

  /**
   * Reads the files of a plan. What takes the engine no time is computed with the same of other plans, by {@link settle}.
   * @param {import("../engine/types.js").CollectPlan} plan
   * @param {AbortSignal} [signal] ends it
   * @returns {Promise<{collected: Promise<Collected>}>} `collected` rejects with a Failure of type collection
   * @throws {Failure} of type collection; the signal's reason
   */
  async begin(plan, signal) {
    switch (plan.measure.kind) {
      case "lines":
        return ready(await this.#measureLines(plan, plan.measure.languages, signal));
      case "bytes":
        return ready(await this.#measureBytes(plan, plan.measure.compression ?? undefined, signal));
      default:
        return this.#measureReports(plan, plan.measure, signal);
    }
  }

  /** Computes what {@link begin} promised. */
  settle() {
    this.#reports.settle();
  }

  free() {
    this.#reports.free();
  }

  /**
   * @param {import("../engine/types.js").CollectPlan} plan
   * @param {string[]} languages those whose lines count; none: all
   * @param {AbortSignal | undefined} signal
   */
  async #measureLines(plan, languages, signal) {
    // A limit must not be kept by leaving everything out.
    const files = this.#find(plan, {
      ignoreFiles: true,
      mayBeEmpty: languages.length > 0 && plan.exclude.length === 0,
    });
    const key = files.join("\0");
    let counting = this.#lines.get(key);
    if (!counting) {
      counting = this.#countLines(files, signal);
      this.#lines.set(key, counting);
      // What was stopped has to begin again for the next metric.
      counting.catch(() => this.#lines.delete(key));
    }
    const byLanguage = await counting;
    if (languages.length === 0 && byLanguage.size === 0) {
      throw nothing(plan, `none of ${files.length} files is in a known language`);
    }
    // A language that is gone has 0 lines: that is what a migration goes for.
    const wanted = languages.length > 0 ? languages : [...byLanguage.keys()];
    return wanted.reduce((sum, language) => sum + (byLanguage.get(language) ?? 0), 0);
  }

  /** @param {string[]} files @param {AbortSignal | undefined} signal @returns {Promise<Map<string, number>>} */
  async #countLines(files, signal) {
    const absolute = files.map((file) => path.resolve(this.#directory, file));
    const { numbers, skipped } = await countLines(absolute, {
      ...{ open: openLineCounter, module: parsersModule, signal },
    }).catch((thrown) => {
      // The module of this thread, or that of another one, came to its end.
      const { type, code } = thrown === signal?.reason ? {} : Failure.from(thrown);
      if (type !== "internal" || code === "ENGINE_MISSING") throw thrown;
      throw linesCrashed(files, thrown);
    });
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

  /**
   * @param {import("../engine/types.js").CollectPlan} plan
   * @param {string | undefined} compression
   * @param {AbortSignal | undefined} signal
   */
  async #measureBytes(plan, compression, signal) {
    let total = 0;
    const pause = pauses(signal);
    for (const name of this.#find(plan, { ignoreFiles: false })) {
      const file = path.resolve(this.#directory, name);
      await pause();
      if (compression === undefined) total += this.#io(name, () => fs.statSync(native(file)).size);
      else total += await compressed(readBytes(file, { shown: name }), compression, signal);
    }
    return total;
  }

  /**
   * @param {import("../engine/types.js").CollectPlan} plan
   * @param {import("./reports.js").ReportMeasure} measure
   * @param {AbortSignal | undefined} signal
   */
  async #measureReports(plan, measure, signal) {
    const found = this.#find(plan, { ignoreFiles: false });
    const names = measure.kind === "bench" && found.length > 1 ? this.#benchFiles(found) : found;
    const missing = measure.kind === "coverage" ? this.#unmatchedSources(false) : [];
    const { answer } = await this.#reports.begin({ names, measure, missing }, signal);
    const collected = answer.then(({ value, warnings, tests, missing }) => {
      this.#tellUnmatched(missing);
      const failures = warnings.map((warning) => engineFailure(warning, "collection"));
      return { value, warnings: failures, tests: tests ?? undefined };
    });
    collected.catch(() => {});
    return { collected };
  }

  /**
   * The files of a plan that are benchmark reports. Many metrics ask for the same directory: it is looked through once.
   * @param {string[]} files
   */
  #benchFiles(files) {
    const key = files.join("\0");
    const known = this.#benchmarks.get(key) ?? benchFiles(files);
    this.#benchmarks.set(key, known);
    return known;
  }

  /**
   * The files of a plan; every pattern must match something. `sources` are taken where the plan names no path.
   * @param {import("../engine/types.js").CollectPlan} plan
   * @param {{ignoreFiles: boolean, mayBeEmpty?: boolean}} how whether .gitignore counts, and whether no file is an answer
   *   as long as each pattern names something that is there
   * @returns {string[]} relative to the configuration's directory where they are below it
   */
  #find(plan, { ignoreFiles, mayBeEmpty = false }) {
    const { kind } = plan.measure;
    const sources = this.#sources.length > 0 ? this.#sources : undefined;
    if (kind === "bytes" && plan.patterns.length === 0 && !sources) throw pathless(plan);
    const patterns = plan.patterns.length > 0 ? plan.patterns : (sources ?? ["."]);
    let own = 0;
    const found = expand(patterns, {
      cwd: this.#directory,
      ignoreFiles,
      warn: (warning) => this.#warnOnce(warning),
      exclude: plan.exclude,
      lenient: plan.patterns.length === 0,
      leaveOut: (real) => {
        const measuresFiles = kind === "lines" || kind === "bytes";
        const isOwn = measuresFiles && this.#own.has(real, { text: kind === "lines" });
        own += Number(isOwn);
        return isOwn;
      },
    });
    const { files } = found;
    const unmatched = mayBeEmpty
      ? found.unmatched.filter((pattern) => !found.empty.includes(pattern))
      : found.unmatched;
    if (plan.patterns.length > 0) {
      if (unmatched.length > 0) throw nothingMatched(unmatched, { ignoreFiles });
      if (kind === "lines") this.#tellUnmatched(this.#unmatchedSources(ignoreFiles));
    } else if (sources) {
      this.#tellUnmatched(unmatched);
    }
    const isAnswer = mayBeEmpty && unmatched.length < patterns.length;
    if (files.length === 0 && !isAnswer) {
      const also = own > 0 ? ", as what Unentropy writes itself does not count" : "";
      throw nothing(plan, `no file is left to measure${also}`);
    }
    return files;
  }

  /**
   * Patterns of `sources` without a file; none where no one hears that they are wrong.
   * @param {boolean} ignoreFiles whether files that git ignores are none
   */
  #unmatchedSources(ignoreFiles) {
    if (!this.#warn || this.#sources.length === 0) return [];
    let unmatched = this.#unmatched.get(ignoreFiles);
    if (unmatched === undefined) {
      unmatched = unmatchedOf(this.#sources, { cwd: this.#directory, ignoreFiles });
      this.#unmatched.set(ignoreFiles, unmatched);
    }
    return unmatched;
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

/** @param {string[]} files @param {unknown} cause */
function linesCrashed(files, cause) {
  const list = files.length === 1 ? `\`${shownName(files[0])}\`` : `${files.length} files`;
  const hint = "Leave generated files out with --exclude; if there are none, report this with the files.";
  return crashed(`count the lines of ${list}`, cause, hint);
}

/** @param {number} value @returns {{collected: Promise<Collected>}} */
const ready = (value) => ({ collected: Promise.resolve({ value, warnings: [] }) });

/** The warning about a pattern of `sources` that matches nothing. @param {string} pattern of `sources` */
export function sourceUnmatched(pattern) {
  return new Failure(`\`${pattern}\` of \`sources\` matches no file`, {
    type: "collection",
    code: "SOURCES_UNMATCHED",
    hint: "Patterns start at the directory of the configuration file; `loc` does not count files that git ignores. Correct the pattern or remove it.",
  });
}

/**
 * How many bytes are left of some. They are compressed on another thread, so that a signal is heard meanwhile.
 * @param {Buffer} bytes
 * @param {string} compression
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<number>}
 */
function compressed(bytes, compression, signal) {
  return new Promise((resolve, reject) => {
    const aborted = () => reject(signal?.reason);
    /** @type {(error: Error | null, result: Buffer) => void} */
    const done = (error, result) => {
      signal?.removeEventListener("abort", aborted);
      if (error) reject(error);
      else resolve(result.length);
    };
    signal?.addEventListener("abort", aborted, { once: true });
    if (compression === "gzip") zlib.gzip(bytes, { level: 9 }, done);
    else zlib.brotliCompress(bytes, done);
  });
}

/** @param {import("../engine/types.js").CollectPlan} plan */
function pathless(plan) {
  return new Failure(`\`${plan.collector}\` needs at least one file, directory or glob`, {
    type: "validation",
    code: "COLLECTOR_USAGE",
    hint: `For example \`@collect ${plan.collector} dist\`; without a path it measures the configuration's \`sources\`.`,
  });
}

/** @param {import("../engine/types.js").CollectPlan} plan @param {string} what */
function nothing(plan, what) {
  return new Failure(`\`${plan.collector}\` has nothing to measure: ${what}`, {
    type: "collection",
    code: "COLLECTOR_NOTHING",
    hint: "Check the path and that the step which makes the files ran before; paths are relative to the configuration.",
  });
}
