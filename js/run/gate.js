// The gate on a change as four phases: read the history, collect the metrics, evaluate the thresholds, publish the
// verdict. Sequence and bookkeeping only: the engine judges, nothing is stored, and each phase's work lives in a file
// of its own.

import path from "node:path";
import { throwIfCancelled } from "../cancel.js";
import { readEvent, untrustedRun, withheldSecrets } from "../ci/event.js";
import { commitOf } from "../ci/git.js";
import { configPlace, findComparison } from "../ci/merge-base.js";
import { pullRequestOfRun } from "../ci/pull-request.js";
import { broughtByChange, checkoutAround, historyOfChange } from "../ci/tracked.js";
import { listedGroups, withGroups } from "../collect/groups.js";
import { collectMetrics, definitionOf, refusedOutcome, runsCommands } from "../collect/metrics.js";
import { addSecretsOf, knownSecrets } from "../collect/secrets.js";
import { gateComment, gateLines, gateMarker, gateSummary, openChange } from "../engine/engine.js";
import { Failure } from "../failure.js";
import { publishComment } from "../github/comment.js";
import { lacksCredentials } from "../storage/factory.js";
import { futureWarnings } from "../storage/future.js";
import { backupOf } from "../storage/local/copies.js";
import { Storage } from "../storage/storage.js";
import { authorityOf, chosenStorage, commentTerms, measuredBy, unnamed } from "./authority.js";
import { correctedTime } from "./clock.js";
import { RunFolder } from "./folder.js";
import { Phases } from "./phases.js";
import { DEFAULT_REPORT_DIRECTORY, shownPath } from "./report.js";
import { readReported } from "./reported-measurements.js";
import { gateDocument, writeResults } from "./results.js";

/** @import { RunFacts } from "../ci/build.js" */
/** @import { Change, LoadedConfig } from "../engine/engine.js" */
/** @import { GateOutcome, GroupListing } from "../engine/types.js" */
/** @import { StorageProviderConfig } from "../storage/contract.js" */
/** @import { GateInput, GateResult } from "./types.js" */
/** @import { Authority } from "./authority.js" */
/** @import { Comparison } from "../ci/merge-base.js" */
/** @import { GitHubEvent } from "../ci/event.js" */

/** What a store says to somebody without credentials. In a run from which GitHub withholds secrets it is no trouble. */
const WITHHELD = new Set([
  "STORAGE_CONFIG_INVALID",
  "S3_PARAMETERS_INVALID",
  "S3_AUTH_FAILED",
  "S3_ACCESS_DENIED",
  "GITHUB_AUTH_FAILED",
  "GITHUB_FORBIDDEN",
]);

/** What a store says where flags and inputs do not name all that it needs. */
const UNNAMED = new Set(["STORAGE_CONFIG_INVALID", "S3_PARAMETERS_INVALID"]);

/**
 * Judges the checked-out change. Trouble that ends it is in the result's `error`, not thrown, so that what was done
 * before is still reported.
 *
 * @param {GateInput} input
 * @returns {Promise<GateResult>}
 */
export async function gate(input) {
  const run = new GateRun(input);
  try {
    await run.all();
  } catch (thrown) {
    run.result.error ??= Failure.from(thrown);
  } finally {
    run.close();
  }
  run.timed();
  return run.result;
}

/** One run of the gate. */
class GateRun {
  /** @type {GateResult} */
  result;
  #started = performance.now();
  #input;
  #phases;
  #place;
  /** @type {Storage | null} */
  #storage = null;
  /** Where the history lies, where that is a file. @type {string | undefined} */
  #historyFile;
  #folder;
  #secrets;
  /** The present; by the server's clock where this machine's is found to be wrong. */
  #now;
  /** @type {GitHubEvent} */
  #event;
  /** @type {RunFacts} */
  #facts;
  /** @type {string | null} */
  #historyProblem = null;
  /** That the change itself brings the history, which is then not used. @type {Failure | null} */
  #refusal = null;
  /** The change's configuration with the base branch's. @type {Change | null} */
  #change = null;
  /** What the base branch's groups have in what is checked out. @type {GroupListing[]} */
  #baseListings = [];
  /** @type {GateOutcome | null} */
  #outcome = null;

  /** @param {GateInput} input */
  constructor(input) {
    const { facts, env, listener = {}, now } = input;
    this.#input = input;
    this.#facts = facts;
    this.#now = now;
    this.#folder = new RunFolder(env, {
      readable: input.claims === undefined && runsCommands(input.loaded.config),
    });
    this.#place = configPlace(input.loaded, input.cwd);
    this.#event = readEvent(env);
    this.#secrets = knownSecrets(env);
    this.#phases = new Phases(["download", "collect", "evaluate", "publish"], listener);
    this.result = {
      timestamp: now.toISOString(),
      durationMs: 0,
      collection: { successful: 0, failed: 0, total: 0 },
      prCommentUrl: null,
      commentStatus: null,
      qualityGate: null,
      storageType: null,
      databaseLocation: null,
      totalBuilds: null,
      metrics: [],
      phases: this.#phases.list,
      warnings: [],
      resultsPath: null,
      summaryMarkdown: null,
      annotations: [],
      verdictLines: [],
      blocks: false,
    };
  }

  async all() {
    this.#refuseUntrusted();
    const judged = await this.#prepare();
    if (this.result.qualityGate?.mode !== "off") {
      await this.#phases
        .run("download", () => this.#download(judged))
        .catch((thrown) => this.#withoutHistory(Failure.from(thrown)));
      await this.#phases.run("collect", () => this.#collect(judged));
      await this.#phases.run("evaluate", async () => this.#evaluate(judged));
    }
    await this.#phases.run("publish", () => this.#publish(judged));
  }

  close() {
    this.result.warnings.unshift(...(this.#storage?.warnings ?? []), ...this.#folder.warnings);
    this.#scrub();
    this.#folder.close();
    this.#storage?.cleanup();
    this.#change?.free();
  }

  /** Removes credentials from warnings and the error. */
  #scrub() {
    for (const failure of this.result.warnings) this.#secrets.scrub(failure);
    if (this.result.error) this.#secrets.scrub(this.result.error);
  }

  /** Notes how long the run has taken. */
  timed() {
    this.result.durationMs = Math.round(performance.now() - this.#started);
  }

  /** A run that has secrets, or that has not checked out the change, must not measure by running commands. */
  #refuseUntrusted() {
    const untrusted = untrustedRun(this.#event);
    if (untrusted && this.#input.claims === undefined) throw untrusted;
  }

  /**
   * Finds out what the change is compared with, before commands run for minutes.
   * @returns {Promise<Judged>}
   */
  async #prepare() {
    const { loaded, claims, github = null, referenceBranch, mode, now } = this.#input;
    const repository = this.#input.repository ?? this.#event.repository;
    if (claims !== undefined) await this.#findPullRequest(repository);
    /** @type {Comparison} */
    const comparison = await findComparison({
      loaded,
      place: this.#place,
      headSha: await this.#measured(),
      event: this.#event,
      repository,
      github,
      referenceBranch,
      ownFiles: this.#isLocal() ? this.#ownFiles() : undefined,
      claimed: claims !== undefined,
      readChange: (base) => {
        this.#change = openChange(loaded.text, { ...base, mode, reported: claims !== undefined });
        return this.#change;
      },
    });
    this.result.warnings.push(...comparison.warnings);
    const authority = authorityOf(comparison, loaded);
    const baseGroups = comparison.change.base?.config?.groups ?? [];
    this.#baseListings = listedGroups(baseGroups, loaded.directory);
    if (comparison.change.terms.mode === "off") {
      this.#judged(comparison.change.judge([], { now: now.toISOString() }));
    }
    return {
      ...comparison,
      authority,
      // A change's own configuration is not even read for values that another run claims.
      loaded:
        claims !== undefined && authority.by === "base"
          ? withGroups(measuredBy(authority, loaded, true)).loaded
          : measuredBy(authority, loaded, claims !== undefined),
    };
  }

  /** Notes a verdict and how a terminal shows it. @param {GateOutcome} outcome */
  #judged(outcome) {
    const { qualityGate } = outcome;
    const { configurationProblem: problem } = qualityGate;
    this.result.qualityGate = qualityGate;
    this.result.verdictLines = gateLines(outcome, {
      isProblemShown: this.result.warnings.some(({ message }) => message === problem),
    });
  }

  /** Whether a person runs it, and no CI system, whose builds leave files in the working tree. */
  #isLocal() {
    const { claims, env } = this.#input;
    return claims === undefined && this.#facts.eventName === "local" && !env.CI;
  }

  /** What this program writes: the history with what stands beside it, reports, the results. */
  #ownFiles() {
    const { storage, loaded, cwd, outputFile } = this.#input;
    // Which configuration decides is not known yet.
    const { path: history } = storage.from(loaded, true);
    const files = [history, outputFile, DEFAULT_REPORT_DIRECTORY].filter((file) => file !== undefined);
    const folders = [cwd, loaded.directory];
    return folders.flatMap((folder) => files.map((file) => path.resolve(folder, file)));
  }

  /** The commit that is checked out; a pull request's is GitHub's merge of it unless the workflow says otherwise. */
  async #measured() {
    const { claims } = this.#input;
    const { commitSha } = this.#facts;
    if (claims !== undefined || this.#event.pullRequest === null) return commitSha;
    return (await commitOf(this.#place.root, "HEAD")) ?? commitSha;
  }

  /** @param {string | null} repository */
  async #findPullRequest(repository) {
    const { github } = this.#input;
    const { triggeringRun, defaultBranch } = this.#event;
    if (triggeringRun === null) return;
    const { headSha, headBranch } = triggeringRun;
    this.#facts = { ...this.#facts, commitSha: headSha, branch: headBranch, eventName: triggeringRun.event };
    if (!github || repository === null) return;
    try {
      const pullRequest = await pullRequestOfRun(github, repository, triggeringRun, defaultBranch);
      this.#event = {
        ...this.#event,
        pullRequest,
        base: { ref: pullRequest.baseRef, sha: pullRequest.baseSha },
      };
    } catch (thrown) {
      this.#warn(thrown);
    }
  }

  /** @param {Judged} judged */
  async #download(judged) {
    const { loaded } = this.#input;
    const chosen = chosenStorage(judged.authority, loaded, this.#input.storage);
    if ("problem" in chosen) {
      this.#withoutLocation(judged.authority, chosen.problem);
      return {};
    }
    const { env, signal, listener = {} } = this.#input;
    const onSecret = (/** @type {string} */ secret) => {
      this.#secrets.add(secret);
      this.#input.onSecret?.(secret);
    };
    addSecretsOf(chosen.storage, this.#secrets);
    this.result.storageType = chosen.storage.type;
    this.#historyFile = chosen.storage.path;
    await this.#refuseOwn(judged, chosen.storage);
    // The code that judges a change may be the change's own: it never writes, not even to fix what is damaged.
    const storage = new Storage(
      { ...chosen.storage, readonly: true, onCorrupt: "fail" },
      { env, signal, onSecret, transferred: listener.transferred, copies: this.#folder },
    );
    this.#storage = storage;
    try {
      await storage.ready();
    } catch (thrown) {
      const failure = Failure.from(thrown);
      const isOpen = judged.authority.by === "absent" || judged.authority.by === "unread";
      if (!isOpen || !UNNAMED.has(failure.code)) throw failure;
      this.#withoutLocation(judged.authority, `${unnamed(judged.authority)}: ${failure.message}`);
      return {};
    }
    if (storage.existed === false && this.#folder.wantsHistory) this.#folder.loaded(storage.snapshot());
    const { now, warning } = correctedTime(this.#now, storage);
    this.#now = now;
    if (warning) this.result.warnings.push(warning);
    this.result.databaseLocation = storage.location;
    const repository = storage.getRepository();
    this.result.totalBuilds = repository.countBuilds();
    this.result.warnings.push(...futureWarnings(repository, this.#now));
    return { bytes: storage.size };
  }

  /**
   * Nothing that may be believed says where the history is, so none is asked for.
   * @param {Authority} authority
   * @param {string} problem
   */
  #withoutLocation({ by }, problem) {
    this.#historyProblem = problem;
    // Why the base branch's configuration is not known is a warning of its own.
    if (by !== "absent") return;
    this.#warn(
      new Failure(`no history was read: ${problem}`, {
        type: "gate",
        code: "CONFIG_UNMERGED",
        hint: "Fixed bounds are judged. To compare before it is merged, let the workflow name the whole storage by flags or inputs.",
      }),
    );
  }

  /**
   * Refuses a history whose file the change itself brings.
   * @param {Judged} judged
   * @param {StorageProviderConfig} storage
   */
  async #refuseOwn({ authority, baseCommits, remote }, { path: file, onMissing }) {
    // Where no branch is known that the change goes to, nothing is known to be the change's either.
    if (file === undefined || authority.by === "own") return;
    const { commitSha } = this.#facts;
    const heads = [commitSha, this.#event.pullRequest?.headSha, this.#input.env.GITHUB_SHA];
    const checkout = await checkoutAround(file, this.#place.root, heads);
    const commits = { head: commitSha, ...checkout, trusted: await baseCommits(), remote };
    for (const place of onMissing === "restore" ? [file, backupOf(file)] : [file]) {
      const brought = await broughtByChange(place, commits);
      if (brought === null) continue;
      const { problem, failure } = historyOfChange(shownPath(place, this.#input.cwd), brought);
      this.#historyProblem = problem;
      this.#refusal = failure;
      throw failure;
    }
  }

  /**
   * The history cannot be read. What needs none is judged all the same, and the run fails with this failure, unless
   * it has no secrets by design or trouble with the store is to be a warning.
   * @param {Failure} failure
   */
  #withoutHistory(failure) {
    if (failure === this.#refusal) {
      this.result.warnings.push(failure);
      return;
    }
    const withheld = withheldSecrets(this.#event);
    const isExpected = this.#event.secretsWithheld ? WITHHELD.has(failure.code) : lacksCredentials(failure);
    if (withheld && isExpected) {
      this.#historyProblem = withheld.why;
      this.result.warnings.push(
        new Failure(`the history was not read: ${this.#historyProblem}`, {
          type: "storage",
          code: "HISTORY_WITHHELD",
          hint:
            "Fixed bounds are judged; what needs a baseline is unknown. docs/pull-requests.md shows how such a pull " +
            "request is compared with the history.",
          cause: failure,
        }),
      );
      return;
    }
    if (failure.type !== "storage") throw failure;
    this.#historyProblem = this.#secrets.scrub(failure).message;
    if (this.#input.onStorageError === "warn") this.result.warnings.push(failure);
    else this.result.error = failure;
  }

  /** @param {Judged} judged */
  async #collect({ loaded }) {
    const { claims, cwd, env, concurrency, signal, outputFile, listener = {} } = this.#input;
    throwIfCancelled(signal);
    // What could not be recorded once it is merged cannot be compared either.
    const definitions = loaded.config.metrics.map(definitionOf);
    const refused =
      this.#historyProblem === null && this.#storage
        ? this.#storage.getRepository().typeChanges(definitions)
        : new Map();
    if (claims === undefined) {
      this.result.metrics = await collectMetrics({
        loaded,
        facts: this.#facts,
        env,
        // Where it is not known, every store's credentials are withheld.
        storageType: this.result.storageType ?? undefined,
        // What could not be opened is no history that commands could read.
        historyPath: this.#historyProblem === null ? this.#folder.historyPath : undefined,
        secrets: this.#secrets,
        own: { histories: [this.#historyFile], files: [outputFile && path.resolve(cwd, outputFile)] },
        onWarning: (warning) => this.result.warnings.push(warning),
        concurrency,
        signal,
        refused,
        onStart: listener.metricStart,
        onEnd: listener.metricEnd,
      });
    } else {
      const { outcomes: reported, unknown } = readReported(claims, cwd, loaded.config.metrics);
      const outcomes = reported.map((outcome) => refusedOutcome(this.#secrets.checked(outcome), refused));
      this.result.metrics = outcomes;
      for (const outcome of outcomes) listener.metricEnd?.(outcome);
      if (unknown) this.#warn(unknown);
    }
    const { metrics } = this.result;
    const failed = metrics.filter(({ status }) => status === "failed").length;
    this.result.collection = { successful: metrics.length - failed, failed, total: metrics.length };
    if (failed === metrics.length) {
      // It is judged all the same: what is missing may fail the gate.
      this.result.error ??= new Failure("every metric failed, so there is nothing to judge", {
        type: "collection",
        code: "ALL_METRICS_FAILED",
        hint: "Fix the metrics' commands; `unentropy test` shows them.",
      });
    }
  }

  /** @param {Judged} judged */
  #evaluate({ authority, change, ...compared }) {
    const { mergeBase, ancestors, defaultReferenceBranch, uncommitted } = compared;
    const { referenceBranch } = this.#input;
    const measurements = this.result.metrics.map(({ id, status, value, error }) => ({
      id,
      status,
      value,
      ...(error && { error: { message: error.message } }),
    }));
    const facts = {
      now: this.#now.toISOString(),
      referenceBranch,
      defaultReferenceBranch,
      mergeBase,
      ancestors,
      commitSha: this.#facts.commitSha,
      uncommitted: uncommitted !== null,
      historyProblem: this.#historyProblem,
      // A base branch without a configuration demands nothing that another history could get around.
      historyRefused: this.#refusal !== null && authority.by !== "absent",
      listings: compared.loaded.listings ?? [],
      baseListings: this.#baseListings,
    };
    const outcome =
      this.#historyProblem === null && this.#storage
        ? this.#storage.getRepository().gate(change, measurements, facts)
        : change.judge(measurements, facts);
    this.#outcome = outcome;
    this.result.summaryMarkdown = gateSummary(outcome, this.#shownFacts());
    this.#judged(outcome);
    this.result.annotations = outcome.annotations;
    this.result.blocks = outcome.blocks;
    const { blocks, failure, unmerged } = outcome;
    if (unmerged) this.result.warnings.push(new Failure(unmerged.message, { type: "gate", ...unmerged }));
    const ended = failure ? new Failure(failure.message, { type: "gate", ...failure }) : this.#refusal;
    if (blocks && ended) this.result.error ??= ended;
  }

  /** @param {Judged} judged */
  async #publish(judged) {
    const { outputFile, outputOption, cwd, signal } = this.#input;
    throwIfCancelled(signal);
    await this.#comment(judged);
    if (outputFile === undefined) return {};
    const file = path.resolve(cwd, outputFile);
    this.#scrub();
    this.timed();
    const bytes = await writeResults(file, gateDocument(this.result), { option: outputOption, signal });
    this.result.resultsPath = shownPath(file, cwd);
    return { bytes };
  }

  /** @param {Judged} judged */
  async #comment({ authority }) {
    const { comment, github, loaded } = this.#input;
    const { pullRequest } = this.#event;
    const repository = this.#input.repository ?? this.#event.repository;
    const terms = commentTerms(authority, loaded);
    if (!comment || !(comment.enabled ?? terms.enablePullRequestComment)) return;
    if (!github || !pullRequest || repository === null || this.#outcome === null) return;
    const { status, url, warnings } = await publishComment({
      github,
      repository,
      number: pullRequest.number,
      marker: gateMarker(comment.marker),
      body: gateComment(this.#outcome, {
        ...this.#shownFacts(),
        marker: comment.marker,
        maxCommentMetrics: comment.maxMetrics ?? terms.maxCommentMetrics,
        maxCommentCharacters: terms.maxCommentCharacters,
      }),
      headSha: this.#facts.commitSha,
    });
    this.result.commentStatus = status;
    this.result.prCommentUrl = url;
    this.result.warnings.push(...warnings);
  }

  #shownFacts() {
    const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = this.#input.env;
    return {
      repositoryUrl: this.#facts.repositoryUrl,
      runUrl: server && repository && run ? `${server}/${repository}/actions/runs/${run}` : null,
      commitSha: this.#facts.commitSha,
      reported: this.#input.claims !== undefined,
    };
  }

  /** @param {unknown} thrown */
  #warn(thrown) {
    const failure = Failure.from(thrown);
    if (failure.type === "internal") throw failure;
    this.result.warnings.push(failure);
  }
}

/**
 * @typedef {Comparison & {loaded: LoadedConfig, authority: Authority}} Judged `loaded` is what is measured by
 */
