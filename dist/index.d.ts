/**
 * The npm package's types. They are shipped as `dist/index.d.ts`, to which `tools/public-types.js` adds the engine's types
 * that are imported here.
 */

export type {
  Build,
  BuildContext,
  BuildFilter as SeriesFilter,
  Diagnostic,
  FailureType,
  MetricConfig,
  MetricType,
  RecordedMetric,
  Repository,
  Unit,
};

/** Trouble with a stable code. Branch on `code` and `type`, never on the words. */
export class Failure extends Error {
  constructor(
    message: string,
    parts?: { type?: FailureType; code?: string; hint?: string; retryable?: boolean; cause?: unknown },
  );
  readonly type: FailureType;
  readonly code: string;
  /** The remedy as a sentence, or empty. */
  readonly hint: string;
  readonly retryable: boolean;
  readonly diagnostics?: readonly Diagnostic[];
  /** What was found beside it and is no failure by itself. */
  readonly warnings: readonly Diagnostic[];
}

/** What checking a configuration found. */
export interface CheckedConfig {
  /** Null when there are errors. */
  config: { metrics: MetricConfig[]; sources: string[] } | null;
  errors: Diagnostic[];
  warnings: Diagnostic[];
}

/** Checks the text of a configuration; `file` is its name in diagnostics. */
export function checkConfig(text: string, file: string): CheckedConfig;

/** A value as people read it: `1,234`, `12.5%`, `1.5 KB`, `1m 0s`. */
export function formatValue(value: number, unit: Unit | null | undefined): string;

/** The engine's version. */
export function version(): string;

/** Where a history is kept. This version keeps histories in local files, artifacts and S3-compatible stores. */
export interface StorageProviderConfig {
  // storage options: generated from js/options.js by `npm run generate`
  /** Where the history is kept. This version keeps no histories in `postgres`. */
  type: "sqlite-local" | "sqlite-artifact" | "sqlite-s3" | "postgres";
  /**
   * The file of `sqlite-local`, which needs one, and of `sqlite-artifact` where the workflow moves the
   * artifact.
   */
  path?: string;
  /**
   * The address of the S3 server. Falls back to `AWS_ENDPOINT_URL_S3`, then `AWS_ENDPOINT_URL`. Default: that
   * of AWS.
   */
  s3Endpoint?: string;
  /** The bucket of the history. */
  s3Bucket?: string;
  /** The history's key in the bucket. */
  s3Key?: string;
  /** The history's name in the artifact. Default: `unentropy-metrics.db`. */
  artifactEntry?: string;
  /**
   * The bucket's region. Falls back to `AWS_REGION`, then `AWS_DEFAULT_REGION`. Default: derived from the
   * endpoint.
   */
  s3Region?: string;
  /** The access key's id. Falls back to `AWS_ACCESS_KEY_ID`. */
  s3AccessKeyId?: string;
  /** The access key's secret. Falls back to `AWS_SECRET_ACCESS_KEY`. */
  s3SecretAccessKey?: string;
  /**
   * The token of temporary credentials. Falls back to `AWS_SESSION_TOKEN` where the access key is that of
   * `AWS_ACCESS_KEY_ID`, or is temporary and that variable is not set.
   */
  s3SessionToken?: string;
  /**
   * Whether the bucket is in the path of the address or in the host name. Default: `auto`, which chooses by
   * the endpoint.
   */
  s3Addressing?: "auto" | "path" | "virtual";
  /** Allow unencrypted connections to other machines, in a network that you trust. Default: `false`. */
  s3AllowHttp?: boolean;
  /** Encryption by the server. Default: that of the bucket. */
  s3Sse?: "AES256" | "aws:kms";
  /** The key of `aws:kms`. Default: that of the bucket. */
  s3SseKmsKeyId?: string;
  /**
   * Seconds that a request to S3 may go without any progress (from 1 to 3600). The answer to an upload may
   * take 5 seconds longer for each MiB that was sent. Default: 30.
   */
  s3Timeout?: number;
  /**
   * How often each request to the storage is tried at most, the first time included (from 1 to 20). Default:
   * 3, and the S3 requests of a run share 4 further tries.
   */
  retryAttempts?: number;
  /**
   * How to handle a damaged history: `fail` changes nothing, `restore` takes the newest good copy, `recreate`
   * starts a new one. The damaged one is kept. Default: `fail`.
   */
  onCorrupt?: "fail" | "restore" | "recreate";
  /**
   * How to handle a history that is gone and left copies or other signs: `fail` changes nothing, `restore`
   * takes the newest good copy, `begin` starts a new one. The copies are kept. Default: `fail`.
   */
  onMissing?: "fail" | "restore" | "begin";
  /** The history's artifact. Default: `unentropy-metrics`. */
  artifactName?: string;
  /**
   * The branch whose runs' artifacts are read, `*` for every branch. Default: the default branch and the
   * run's own.
   */
  artifactBranchFilter?: string;
  /**
   * `manual` leaves the artifact to the workflow, which brings and keeps the history's file. Default: `auto`.
   */
  artifactTransfer?: "auto" | "manual";
  /** The artifacts' repository, `OWNER/NAME`. Falls back to `GITHUB_REPOSITORY`. */
  repository?: string;
  /** The token that reads artifacts. Falls back to `GITHUB_TOKEN`. */
  githubToken?: string;
  // end of storage options
  /** Nothing is created, changed or locked. */
  readonly?: boolean;
  /** Report on standard error what is loaded and stored. */
  verbose?: boolean;
}

/** The builds of a history. */
export interface MetricsRepository {
  /**
   * Records a build and gives its id; the same commit and run again replaces the values it brings, whatever the clocks
   * say. A build that is dated more than a day after `now`, the present unless given, is refused. So is one of another
   * repository than the history's, as far as both are known, unless it is to `adopt` the history.
   */
  recordBuild(context: BuildContext, metrics: RecordedMetric[], circumstances?: Circumstances): number;
  getMetricTimeSeries(metric: string, filter?: BuildFilter): { build: Build; value: Value }[];
  getBaselineMetricValue(
    metric: string,
    query: Omit<BaselineQuery, "now"> & { now?: string },
  ): Baseline | null;
  /** Adds the builds and values of another history; of another repository's only with `adopt`. */
  merge(
    image: Uint8Array,
    options?: { adopt?: boolean },
  ): Pick<Merged, "addedBuilds" | "addedValues" | "conflicts">;
  countBuilds(): number;
  listBuilds(): Build[];
  listMetrics(): MetricDefinition[];
  readonly queries: { getMetricValuesByBuildId(id: number): RecordedMetric[] };
}

/** The lifecycle of a history: `initialize`, use, `persist`, `cleanup`. */
export interface StorageProvider {
  initialize(): Promise<MetricsRepository>;
  persist(): Promise<void>;
  /** May be called at any time and again; stores nothing. */
  cleanup(): void;
  readonly isInitialized: boolean;
  /** The history as an SQLite file. */
  snapshot(): Uint8Array;
  readonly location: string;
  /** What went wrong without making a result wrong. */
  readonly warnings: readonly Failure[];
}

/** Makes a provider; nothing is read or created by this call. */
export function createStorageProvider(config: StorageProviderConfig): Promise<StorageProvider>;

/** A history from its configuration to its last byte stored. */
export class Storage {
  constructor(config: StorageProviderConfig);
  /** Loads the history. */
  ready(): Promise<void>;
  getRepository(): MetricsRepository;
  /** Stores what was recorded; the history stays open. */
  persist(): Promise<void>;
  /** Stores what was recorded and lets go. */
  close(): Promise<void>;
  /** Lets go without storing. */
  cleanup(): void;
  /** What went wrong without making a result wrong. */
  readonly warnings: readonly Failure[];
}

export interface TrackOptions {
  /** The configuration's file; `unentropy.json` unless given. */
  config?: string;
  /** Where relative paths start. */
  cwd?: string;
  storage?: StorageProviderConfig;
  /** Whether the history of another repository becomes this one's. */
  adoptHistory?: boolean;
  reportDirectory?: string;
  /** Facts of the run; unset ones come from GitHub's variables, then from git. */
  context?: { commit?: string; branch?: string; runId?: string; runNumber?: number; event?: string };
  env?: Record<string, string | undefined>;
  now?: Date;
  /** How many shell commands run side by side; 1 unless given. */
  concurrency?: number;
  signal?: AbortSignal;
}

export interface TrackResult {
  success: boolean;
  storageType: string;
  databaseLocation: string | null;
  databasePath: string | null;
  databaseSize: number | null;
  /** `new` where this run started the history; null where there was none and no build was stored, or neither is known. */
  history: "new" | "existing" | null;
  /** The CI run that stored the history which was loaded, where the location knows. */
  sourceRun: number | null;
  metrics: {
    id: string;
    name: string;
    type: MetricType;
    status: "ok" | "failed";
    value: Value | null;
    unit: Unit | null;
    durationMs: number;
    error?: Failure;
  }[];
  metricsCollected: number;
  metricsFailed: number;
  totalBuilds: number | null;
  reportPath: string | null;
  durationMs: number;
  phases: {
    name: string;
    status: "pending" | "running" | "completed" | "failed";
    durationMs: number;
    bytes?: number;
    /** RFC 3339; absent as long as the phase has not started. */
    startedAt?: string;
    /** RFC 3339; absent as long as the phase has not ended. */
    endedAt?: string;
  }[];
  warnings: Failure[];
  error?: Failure;
}

/** Does what `unentropy track` does. */
export function track(options?: TrackOptions): Promise<TrackResult>;

/** What a value is compared with. */
type Baseline = {
  /** The metric's value in the build. */
  value: Value;
  /** The build. */
  build: Build;
  /** Whether the build is one of the commit asked for. */
  ofCommit: boolean;
};

/**
 * Which builds may be a baseline: those of a branch, not of pull requests, young enough and not
 * from the future.
 */
type BaselineQuery = {
  /** The reference branch. */
  branch: string;
  /** Builds older than this many days before `now` do not count. */
  maxAgeDays: number;
  /** RFC 3339 time of the comparison. */
  now: string;
  /** Builds after this RFC 3339 time do not count; one at it does. */
  before?: string | null;
  /**
   * The commit to compare with where one of its builds counts and has the metric: the merge
   * base of a pull request.
   */
  commitSha?: string | null;
};

/** One recorded build. */
type Build = {
  /** The row id; not the same in another copy of the history. */
  id: number;
  /** The commit's id. */
  commitSha: string;
  /** The branch's name. */
  branch: string;
  /** The CI run's id. */
  runId: string;
  /** The CI run's number. */
  runNumber: number;
  /** The event that started the run. */
  eventName: string | null;
  /** `YYYY-MM-DDTHH:MM:SS.mmmZ`, whichever way the file spells it. */
  timestamp: string;
};

/** The facts of one run, as the host knows them. */
type BuildContext = {
  /** The commit's id; 1-128 characters. */
  commitSha: string;
  /** The branch's name; 1-1024 characters. */
  branch: string;
  /** The CI run's id; 1-128 characters. */
  runId: string;
  /** The CI run's number, not negative. */
  runNumber: number;
  /** The event that started the run, where there was one. */
  eventName?: string | null;
  /** RFC 3339 time of the build; stored in UTC to the millisecond. */
  timestamp: string;
  /**
   * Which attempt of the run this is, from 1; `null` where the CI does not number them. Then it counts as the
   * attempt whose values count.
   */
  attempt?: number | null;
};

/** Which builds a question is about; the default is all of them. */
type BuildFilter = {
  /** Only builds of this branch. */
  branch?: string | null;
  /** Only builds started by one of these events; an empty string stands for no event. */
  events?: Array<string> | null;
  /** No builds of pull requests: reports and baselines leave them out. */
  excludePullRequests?: boolean;
  /** Only builds at or after this RFC 3339 time. */
  since?: string | null;
  /** Only builds at or before this RFC 3339 time. */
  until?: string | null;
  /**
   * No builds from the future, seen from this RFC 3339 time: those dated more than a day after
   * it, which a clock that was ahead has left.
   */
  now?: string | null;
};

/** What is known when a build is recorded, beside the build. */
type Circumstances = {
  /** RFC 3339 time of recording; without it no build is from the future. */
  now?: string | null;
  /** The repository that the build is of, where it is known. */
  repository?: Repository | null;
  /** Whether the history of another repository becomes this one's. */
  adopt?: boolean;
};

/** One problem of a configuration, with its place and its remedy. */
type Diagnostic = {
  /** The file's name as the caller gave it. */
  file: string;
  /** From 1; `\n`, `\r\n` and `\r` end a line. */
  line: number;
  /** From 1, in characters (Unicode scalar values). */
  column: number;
  /**
   * Where in the document, such as `metrics.coverage.unit` or `report.sections[0].charts`;
   * empty for the document itself.
   */
  path: string;
  /** What was found and what is allowed: lower case, no final period. */
  message: string;
  /** What to do, as a sentence; empty where the message says it all. */
  hint: string;
};

/** Which way a metric gets better. */
type Direction = "higher-is-better" | "lower-is-better" | "none";

/** What part of a run a failure belongs to; the host derives the exit code from it. */
type FailureType = "validation" | "storage" | "collection" | "report" | "gate" | "internal";

/** What merging changed. */
type Merged = {
  /** Builds that only the other history had. */
  addedBuilds: number;
  /** Values that only the other history had, those of added builds included. */
  addedValues: number;
  /** Values of both histories that differed. */
  conflicts: number;
  /** Conflicts in which the other history's value now counts. */
  replacedValues: number;
  /** Metrics that only the other history had. */
  addedMetrics: number;
  /** Whether anything at all is different now: also a time, a definition or how late a value is known to be. */
  changed: boolean;
};

/** A metric with its template applied and its defaults filled in. */
type MetricConfig = {
  /** The key in the configuration and in the history. */
  id: string;
  /** What people read; the id where none was given. */
  name: string;
  /** Numeric or label. */
  type: MetricType;
  /** A sentence on what it measures. */
  description: string | null;
  /** A shell command or an `@collect` line. */
  command: string;
  /** How numbers are shown; `null` for labels and plain numbers. */
  unit: Unit | null;
  /** Milliseconds after which a shell command is killed, 1-300000. */
  timeout: number;
  /** Which way it gets better; `null` for labels. */
  direction: Direction;
  /** The key of the group that it is of. */
  group: string | null;
};

/** What a history knows about a metric. */
type MetricDefinition = {
  /** The metric's key; 1-64 of `a-z`, `0-9` and `-`. */
  id: string;
  /** Numeric or label; the first record of a metric decides it. */
  type: MetricType;
  /** How its numbers are shown. */
  unit?: Unit | null;
  /** A sentence on what it measures; at most 256 characters. */
  description?: string | null;
};

/** Whether a metric's values are numbers or words. */
type MetricType = "numeric" | "label";

/** One metric's value in a build. */
type RecordedMetric = {
  /** Whose value it is. */
  metric: MetricDefinition;
  /** Of the metric's type. */
  value: Value;
};

/** A repository, as the host knows it. */
type Repository = {
  /** `host/owner/name`, or however many parts the host's names have. */
  name: string;
  /** The id that GitHub keeps for a repository when it is renamed or moved. */
  githubId?: string | null;
};

/** The unit of a numeric metric; decides how its values are shown. */
type Unit = "percent" | "integer" | "bytes" | "duration" | "decimal";

/** A metric's value: a JSON number or string outside the engine. */
type Value = number | string;
