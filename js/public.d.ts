/**
 * The npm package's types. Self-contained: it is shipped as `dist/index.d.ts`.
 */

/** What part of a run a failure belongs to; the exit code follows from it. */
export type FailureType = "validation" | "storage" | "collection" | "report" | "gate" | "internal";

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

/** How a metric's numbers are shown. */
export type Unit = "percent" | "integer" | "bytes" | "duration" | "decimal";

/** Whether a metric's values are numbers or words. */
export type MetricType = "numeric" | "label";

/** A problem of a configuration. */
export interface Diagnostic {
  file: string;
  /** 1-based. */
  line: number;
  /** 1-based, in characters. */
  column: number;
  /** Such as `metrics.coverage.unit`; empty for the whole file. */
  path: string;
  message: string;
  /** The remedy as a sentence, or empty. */
  hint: string;
}

/** A metric with its template applied and its defaults filled in. */
export interface MetricConfig {
  id: string;
  name: string;
  type: MetricType;
  description: string | null;
  command: string;
  unit: Unit | null;
  /** Milliseconds. */
  timeout: number;
  direction: "higher-is-better" | "lower-is-better" | "none";
}

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
  type: "sqlite-local" | "sqlite-artifact" | "sqlite-s3" | "postgres";
  /** The file of `sqlite-local`, and of `sqlite-artifact` where the workflow moves the artifact. */
  path?: string;
  /** Nothing is created, changed or locked. */
  readonly?: boolean;
  /** Report on standard error what is loaded and stored. */
  verbose?: boolean;
  /** The server's address; that of AWS unless given. */
  s3Endpoint?: string;
  s3Bucket?: string;
  /** The history's key in the bucket. */
  s3Key?: string;
  /** Defaults to the region that the endpoint's host names. */
  s3Region?: string;
  /** Credentials come from the AWS environment variables unless given. */
  s3AccessKeyId?: string;
  s3SecretAccessKey?: string;
  s3SessionToken?: string;
  s3Addressing?: "auto" | "path" | "virtual";
  /** Unencrypted connections to other machines. */
  s3AllowHttp?: boolean;
  s3Sse?: "AES256" | "aws:kms";
  s3SseKmsKeyId?: string;
  /**
   * Seconds that a request may go without any progress, from 1 to 3600; 30 unless given. The answer to an upload may
   * take 5 seconds longer for each MiB that was sent.
   */
  s3Timeout?: number;
  /** `unentropy-metrics` unless given. */
  artifactName?: string;
  /** Only artifacts of runs for this branch, `*` for every branch; the default branch and the run's own unless given. */
  artifactBranchFilter?: string;
  /** The history's name in the artifact; `unentropy-metrics.db` unless given. */
  artifactEntry?: string;
  /** `manual`: the workflow moves the artifact from and to `path`. */
  artifactTransfer?: "auto" | "manual";
  /** `owner/name`; that of the run unless given. */
  repository?: string;
  /** `GITHUB_TOKEN` unless given. */
  githubToken?: string;
  /** What to do about a damaged history; defaults to `fail`. */
  onCorrupt?: "fail" | "restore" | "recreate";
  /** What to do where a history is gone that left copies or other signs; defaults to `fail`. */
  onMissing?: "fail" | "restore" | "begin";
  /**
   * Tries of a request at most, the first included; unless given 3, and 4 further ones that the S3 requests of a run
   * share.
   */
  retryAttempts?: number;
}

/** The facts of one build, as the history keeps them. */
export interface BuildContext {
  commitSha: string;
  branch: string;
  runId: string;
  runNumber: number;
  eventName?: string | null;
  /** RFC 3339. */
  timestamp: string;
  /** Which attempt of the run this is, from 1; unknown unless given. A later attempt's values count. */
  attempt?: number;
}

/** A repository, by which mixing the builds of two is noticed. */
export interface Repository {
  /** `host/owner/name`. */
  name: string;
  /** The id that GitHub keeps for it when it is renamed or moved. */
  githubId?: string;
}

/** A recorded build. */
export interface Build extends Omit<BuildContext, "attempt"> {
  id: number;
}

/** One metric's value in a build. */
export interface RecordedMetric {
  metric: { id: string; type: MetricType; unit?: Unit | null; description?: string | null };
  value: number | string;
}

/** Which builds a question is about. */
export interface SeriesFilter {
  branch?: string;
  /** An empty string means builds without an event. */
  events?: string[];
  excludePullRequests?: boolean;
  /** RFC 3339, included. */
  since?: string;
  /** RFC 3339, included. */
  until?: string;
}

/** The builds of a history. */
export interface MetricsRepository {
  /**
   * Records a build and gives its id; the same commit and run again replaces the values it brings, whatever the clocks
   * say. A build that is dated more than a day after `now`, the present unless given, is refused. So is one of another
   * repository than the history's, as far as both are known, unless it is to `adopt` the history.
   */
  recordBuild(
    context: BuildContext,
    metrics: RecordedMetric[],
    circumstances?: { now?: string; repository?: Repository; adopt?: boolean },
  ): number;
  getMetricTimeSeries(metric: string, filter?: SeriesFilter): { build: Build; value: number | string }[];
  getBaselineMetricValue(
    metric: string,
    query: { branch: string; maxAgeDays: number; now?: string; before?: string; commitSha?: string },
  ): { value: number | string; build: Build; ofCommit: boolean } | null;
  /** Adds the builds and values of another history; of another repository's only with `adopt`. */
  merge(
    image: Uint8Array,
    options?: { adopt?: boolean },
  ): { addedBuilds: number; addedValues: number; conflicts: number };
  countBuilds(): number;
  listBuilds(): Build[];
  listMetrics(): RecordedMetric["metric"][];
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
    value: number | string | null;
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
