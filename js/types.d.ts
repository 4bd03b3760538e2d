/**
 * The shapes that cross between the host's files, named once. Nothing here runs.
 */

import type { Terminal } from "./console/terminal.js";
import type { Failure } from "./failure.js";
import type { GitHub } from "./github/client.js";
import type { Published } from "./github/comment.js";
import type {
  Build,
  BuildContext,
  Diagnostic,
  MetricConfig,
  MetricType,
  Repository,
  Unit,
} from "./public.js";

// What the package declares is declared there alone; its file is shipped and must stand by itself.
export type {
  Build,
  BuildContext,
  Diagnostic,
  FailureType,
  MetricConfig,
  MetricType,
  RecordedMetric,
  Repository,
  SeriesFilter,
  Unit,
} from "./public.js";

/** How a command is run. */
export interface RunOptions {
  /** The working directory; the directory of the configuration file for metrics. */
  cwd?: string;
  /** The whole environment, as `commandEnvironment` builds it; the process's own unless given. */
  env?: NodeJS.ProcessEnv;
  /** Milliseconds until the process group is killed; no limit unless given. */
  timeoutMs?: number;
  /** Kills the process group when aborted. */
  signal?: AbortSignal;
  /** Milliseconds between SIGTERM and SIGKILL. */
  graceMs?: number;
}

/** What became of a command. */
export interface CommandResult {
  /** `ok` is exit code 0; `timeout` and `aborted` win over whatever the command did when it was stopped. */
  status: "ok" | "failed" | "timeout" | "aborted";
  /** Null when a signal ended it or it never started. */
  exitCode: number | null;
  /** The signal that ended it. */
  signal: NodeJS.Signals | null;
  /** Why it could not be started. */
  problem: Failure | null;
  /** The first 64 KiB of standard output. */
  stdout: string;
  /** The first line of `stdout` that is not blank, as printed; empty when there is none. */
  stdoutFirstLine: string;
  /** Whether more was printed than `stdout` holds. */
  stdoutTruncated: boolean;
  /** The last 8 KiB of standard error. */
  stderr: string;
  /** Milliseconds from the start to the result. */
  durationMs: number;
}

/** What a command learns about the run it is part of. */
export interface CommandFacts {
  commitSha?: string;
  branch?: string;
  runId?: string;
  runNumber?: number | string;
  actor?: string;
  /** The copy of the history that the command may read. */
  historyPath?: string;
  metricKey?: string;
  metricType?: "numeric" | "label";
}

export type {
  BlobStore,
  ChangeJournal,
  Engine,
  EngineHistory,
  StorageProvider,
  StorageProviderConfig,
  StoredBlob,
  WriteOutcome,
} from "./storage/contract.js";

/** A checked configuration; the parts that the host reads. */
export interface Config {
  metrics: MetricConfig[];
  storage: {
    type: "sqlite-local" | "sqlite-artifact" | "sqlite-s3" | "postgres";
    /** Whether the file says so itself. */
    typeGiven: boolean;
    path: string | null;
    artifact: { name: string | null; branchFilter: string | null };
    s3: { endpoint: string | null; bucket: string | null; region: string | null; key: string | null };
  };
  qualityGate: GateConfig;
  /** Empty where the file has none. */
  sources: string[];
}

/** How pull requests are judged, with every default filled in. */
export interface GateConfig {
  mode: GateMode;
  baseline: { referenceBranch: string | null; maxAgeDays: number };
  enablePullRequestComment: boolean;
  /** Rows in the comment. */
  maxCommentMetrics: number;
  maxCommentCharacters: number;
  thresholds: GateThreshold[];
}

/** What a failed threshold does: nothing is judged, it is shown, it fails the run. */
export type GateMode = "off" | "soft" | "hard";

/** One condition on one metric; which numbers it has depends on its mode. */
export interface GateThreshold {
  metric: string;
  mode: "no-regression" | "min" | "max" | "delta-max-drop" | "delta-max-rise" | "anomaly";
  target?: number;
  tolerance?: number;
  maxDropPercent?: number;
  maxRisePercent?: number;
  window?: number;
  sensitivity?: number;
  severity: "blocker" | "warning";
  onMissing: "fail" | "warn" | "ignore";
}

/** What became of one metric; a {@link MetricOutcome} is one. */
export interface GateMeasurement {
  id: string;
  status: "ok" | "failed";
  value?: number | string | null;
  error?: { message: string } | null;
}

/** The facts of the run that is judged. */
export interface GateFacts {
  /** RFC 3339 time of the comparison. */
  now: string;
  /** The reference branch that was asked for; before the configuration's. */
  referenceBranch?: string | null;
  /** The pull request's target or the repository's default branch; after the configuration's. */
  defaultReferenceBranch?: string | null;
  /** Where the change left the reference branch; `time` is the commit's, RFC 3339. */
  mergeBase?: { commitSha: string; time?: string | null } | null;
  /** Commits before the merge base, newest first, as far as they are known. */
  ancestors?: string[] | null;
  /** The commit that is judged: its own builds are no baseline, unless `uncommitted` is set. */
  commitSha?: string | null;
  /** Whether what is judged is that commit with changes on top, which its own builds are a baseline of. */
  uncommitted?: boolean;
  /** The mode that was asked for; before the configuration's. */
  mode?: string | null;
  /** Why the history could not be read, where it could not. */
  historyProblem?: string | null;
  /** Whether it was refused because the change itself brings it: then passing shows nothing. */
  historyRefused?: boolean;
  /** Why the base branch's configuration could not be read, where there is or may be one. */
  baseConfigProblem?: string | null;
}

/** `fail` is a broken threshold or a value that must be there; `unknown` could not be judged and is never a pass. */
export type GateStatus = "pass" | "fail" | "unknown";

/** Everything that comes out of judging a run. */
export interface GateOutcome {
  qualityGate: GateVerdict;
  /** Whether the run must fail: the gate is hard and a blocker failed. */
  blocks: boolean;
  /** What to mark on the run, errors first. */
  annotations: { level: "error" | "warning"; metric: string; title: string; message: string }[];
}

/** The `qualityGate` object of the results file. */
export interface GateVerdict {
  status: GateStatus;
  mode: GateMode;
  /** Every metric; one without a threshold is `unknown` and has no `threshold`. Empty where the mode is `off`. */
  metrics: GateMetric[];
  /** Those of `metrics` of which a blocker failed. */
  failingMetrics: GateMetric[];
  summary: {
    totalMetrics: number;
    evaluatedMetrics: number;
    passed: number;
    failed: number;
    unknown: number;
  };
  baselineInfo: {
    /** Null where none is known. */
    referenceBranch: string | null;
    maxAgeDays: number;
    /** Builds of the branch that count. */
    buildsConsidered: number;
    /** The build that is preferred. */
    commitSha?: string;
    timestamp?: string;
    choice?: BaselineChoice;
    /** Whether that build is of the commit on which the uncommitted changes that are judged lie. */
    uncommitted?: boolean;
    /** Why there is nothing to compare with. */
    problem?: string;
  };
  /** Whose thresholds were judged: the base branch's (and what the change tightens) or the change's own. */
  judgedBy: "base" | "own";
  /** True where the history was refused because the change itself brings it. */
  historyRefused?: boolean;
  /** Why the base branch's configuration was not used, where one was given. */
  configurationProblem?: string;
  configurationChanges: {
    effect: "loosened" | "tightened" | "changed";
    metric?: string;
    /**
     * `threshold`; of a metric `metric`, `command`, `timeout`, `name`, `type`, `unit` or `direction`; `mode`,
     * `referenceBranch`, `maxAgeDays`, `sources`, `enablePullRequestComment`, `maxCommentMetrics`,
     * `maxCommentCharacters`; a key of `storage` with its path, such as `storage.s3.bucket`.
     */
    what: string;
    before?: string;
    after?: string;
    /** What was judged, in words. */
    judged: string;
  }[];
}

/** How a baseline's build was chosen, best first. */
export type BaselineChoice = "merge-base" | "ancestor" | "earlier" | "newest";

/** One metric with its numbers and what they were found to be. */
export interface GateMetric {
  metric: string;
  unit?: Unit;
  baseline?: number;
  pullRequestValue?: number;
  absoluteDelta?: number;
  /** Of the baseline's magnitude; none where the baseline is zero. */
  relativeDeltaPercent?: number;
  /** The threshold that decided. */
  threshold?: GateThreshold;
  status: GateStatus;
  message?: string;
  /** Whether a failed threshold of it is a blocker. */
  isBlocking?: boolean;
  /** Every threshold with its own verdict; `text` is what it demands. */
  thresholds: {
    threshold: GateThreshold;
    status: GateStatus;
    message: string;
    isBlocking: boolean;
    text: string;
  }[];
  baselineBuild?: { commitSha: string; timestamp: string; choice: BaselineChoice };
  /** Why there is no value of this run. */
  problem?: string;
  /** The same for people; empty where there is none. `threshold` is what the one that decided demands. */
  text: { name: string; value: string; baseline: string; delta: string; threshold: string };
}

/** What a comment or summary says beside the verdict, and how long a comment may be. */
export interface GateCommentFacts {
  /** By which the comment is found again; `quality-gate` unless given. */
  marker?: string | null;
  /** The repository's web page, for links to commits. */
  repositoryUrl?: string | null;
  runUrl?: string | null;
  reportUrl?: string | null;
  /** The commit that was judged. */
  commitSha?: string | null;
  /** Rows over all tables of metrics; 30 unless given. */
  maxCommentMetrics?: number | null;
  /** 20,000 unless given; the marker and the verdict's headline are never cut. */
  maxCommentCharacters?: number | null;
}

/** What the engine says of a configuration's text: `config` exactly when there are no errors. */
export interface CheckedConfig {
  config: Config | null;
  errors: Diagnostic[];
  warnings: Diagnostic[];
}

/** A configuration with its place. */
export interface LoadedConfig {
  config: Config;
  warnings: Diagnostic[];
  text: string;
  /** As the user named it. */
  name: string;
  /** Absolute. */
  file: string;
  /** Absolute; relative paths of the configuration start here. */
  directory: string;
}

/** What an `@collect` line asks for. */
export interface CollectPlan {
  collector: string;
  patterns: string[];
  exclude: string[];
  measure:
    | { kind: "lines"; language: string | null }
    | { kind: "bytes"; compression: "gzip" | "brotli" | null }
    | {
        kind: "coverage";
        of: "line" | "branch" | "function";
        format: string | null;
        fallback: number | null;
      };
}

/** What is known when a build is recorded, beside the build. */
export interface Circumstances {
  /** RFC 3339; a build that is dated more than a day later is refused. */
  now?: string;
  /** The repository that the build is of. */
  repository?: Repository;
  /** Whether the history of another repository becomes this one's. */
  adopt?: boolean;
}

/** What recording a build changed; the counts are values. */
export interface RecordedBuild {
  buildId: number;
  created: boolean;
  added: number;
  replaced: number;
  unchanged: number;
  /** Left out because the build has later ones. */
  outdated: number;
  /** Whether anything at all is different now. */
  changed: boolean;
  /** The attempt that the values count as. */
  attempt: number;
  /** When the values count as measured, in milliseconds since 1970. */
  measuredAt: number;
  /** The latest attempt that has values which these could not replace. */
  outdatedBy: number | null;
}

/** The facts of this run. */
export interface RunFacts extends BuildContext {
  actor: string;
  /** Which repository it is of, where that is known. */
  repository?: Repository;
  /** The repository's web page. */
  repositoryUrl?: string;
}

/** Which builds may be a baseline. */
export interface BaselineQuery {
  branch: string;
  maxAgeDays: number;
  /** RFC 3339. */
  now: string;
  /** RFC 3339; later builds do not count. */
  before?: string;
  /** Preferred where one of its builds counts. */
  commitSha?: string;
}

/** Which builds a run is shown with: those of a branch before it. */
export interface RecentQuery {
  branch: string;
  /** RFC 3339, included. */
  until: string;
  commitSha: string;
  runId: string;
  pullRequests?: boolean;
  count: number;
}

/** A build with one metric's value. */
export interface Point {
  build: Build;
  value: number | string;
}

/** What the report says of itself. */
export interface ReportFacts {
  title: string;
  repositoryUrl: string | null;
  generatedAt: string;
  version: string;
  defaultBranch: string | null;
}

/** What became of one metric. */
export interface MetricOutcome {
  id: string;
  name: string;
  type: MetricType;
  status: "ok" | "failed";
  value: number | string | null;
  unit: Unit | null;
  durationMs: number;
  error?: Failure;
}

/** A phase of a run. */
export interface Phase {
  name: string;
  status: "pending" | "running" | "completed" | "failed";
  durationMs: number;
  bytes?: number;
  /** RFC 3339; absent as long as the phase has not begun. */
  startedAt?: string;
  /** RFC 3339; absent as long as the phase has not ended. */
  endedAt?: string;
}

/** How far a history is on its way. */
export interface Transfer {
  direction: "down" | "up";
  bytes: number;
  /** Null where the other side does not tell. */
  total: number | null;
}

/** Who wants to hear of phases. */
export interface PhaseListener {
  phaseStart?: (phase: Phase) => void;
  phaseEnd?: (phase: Phase) => void;
}

/** Who wants to hear how a run goes. */
export interface TrackListener extends PhaseListener {
  /** Often; falls back when an attempt starts anew. */
  transferred?: (transfer: Transfer) => void;
  /** The history can be asked: when it was read, and again when the build is stored. `facts` are those recorded. */
  known?: (repository: import("./storage/repository.js").MetricsRepository, facts: RunFacts) => void;
  /** Before the upload; `file` tells at any time which file keeps what is not stored, null where none does. */
  keeping?: (file: () => string | null) => void;
  metricStart?: (metric: MetricConfig) => void;
  metricEnd?: (outcome: MetricOutcome) => void;
}

/** What a run did; with `error` where it ended early. */
export interface TrackResult {
  success: boolean;
  storageType: string;
  databaseLocation: string | null;
  databasePath: string | null;
  databaseSize: number | null;
  /** `new` where this run started the history; null where there was none and no build was stored, or neither is known. */
  history: "new" | "existing" | null;
  /** The CI run that stored the history which was loaded, where the place knows. */
  sourceRun: number | null;
  metrics: MetricOutcome[];
  metricsCollected: number;
  metricsFailed: number;
  totalBuilds: number | null;
  reportPath: string | null;
  durationMs: number;
  phases: Phase[];
  warnings: Failure[];
  error?: Failure;
}

/** Where the history is, as far as flags or inputs say; the rest is a configuration's to say. */
export interface StoragePlan {
  /** Whether flags or inputs name the kind of storage themselves. */
  given: boolean;
  /**
   * The storage by a configuration, or by none. Says which file was chosen where nothing names one, unless it is asked
   * to be `silent`. Throws what is wrong with the values.
   */
  from: (loaded: LoadedConfig | undefined, silent?: boolean) => StorageProviderConfig;
}

/** What a run of the gate needs. */
export interface GateInput {
  /** The change's own configuration. */
  loaded: LoadedConfig;
  facts: RunFacts;
  /** Asked once it is known which configuration decides. */
  storage: StoragePlan;
  /** Where the paths that people are told of start. */
  cwd: string;
  env: NodeJS.ProcessEnv;
  now: Date;
  /** How many shell commands run side by side; 1 unless given. */
  concurrency?: number;
  signal?: AbortSignal;
  listener?: TrackListener;
  /** Hears what servers issue and no log may show. */
  onSecret?: (secret: string) => void;
  /** The branch that was asked for; before the configuration's. */
  referenceBranch?: string;
  /** The mode that was asked for; before the configuration's. */
  mode?: string;
  /** Where the results are written as JSON, relative to `cwd`; nowhere unless given. */
  outputFile?: string;
  /** How the caller gave it, for messages, such as "`--output-file` is `x.json`". */
  outputOption?: string;
  /** A results file whose measurements are judged; then no commands are run. Relative to `cwd`. */
  claims?: string;
  /** Whether a history that cannot be read fails the run; `fail` unless given. */
  onStorageError?: "fail" | "warn";
  /** Asked for what the clone does not have, and told the comment; null without a token. */
  github?: Pick<GitHub, "request" | "pages"> | null;
  /** `owner/name`; the event's unless given. */
  repository?: string;
  /** No comment is written unless given, and none where the event has no pull request. */
  comment?: {
    /** As the configuration that decides says unless given. */
    enabled?: boolean;
    /** Tells several gates of one pull request apart. */
    marker?: string;
    /** The most rows; as the configuration that decides says unless given. */
    maxMetrics?: number;
  } | null;
}

/** What the gate found; with `error` where the run has to fail. */
export interface GateResult {
  /** RFC 3339. */
  timestamp: string;
  durationMs: number;
  collection: { successful: number; failed: number; total: number };
  /** Null where no comment says this. */
  prCommentUrl: string | null;
  /** What became of the comment; null where none was to be written. */
  commentStatus: Published["status"] | null;
  /** Null where the run ended before anything was judged. */
  qualityGate: GateVerdict | null;
  /** Null where it is not known, or was not asked for. */
  storageType: string | null;
  databaseLocation: string | null;
  /** Null where the history was not read. */
  totalBuilds: number | null;
  metrics: MetricOutcome[];
  phases: Phase[];
  warnings: Failure[];
  error?: Failure;
  /** The results file; null where none was written. */
  resultsPath: string | null;
  /** The verdict for the job's summary; null where nothing was judged. */
  summaryMarkdown: string | null;
  annotations: GateOutcome["annotations"];
  /** Whether the gate is hard and a blocker failed. */
  blocks: boolean;
}

/** A command of the command line with its surroundings. */
export interface Invocation {
  // biome-ignore lint/suspicious/noExplicitAny: what a flag holds is its table row's business
  values: Record<string, any>;
  positionals: string[];
  terminal: Terminal;
  signal: AbortSignal;
  cwd: string;
  env: NodeJS.ProcessEnv;
  now: Date;
  /** Writes to standard output. */
  print: (text: string) => void;
}
