/**
 * The shapes that cross between the host's files, named once. Nothing here runs.
 */

import type { Failure } from "./failure.js";
import type { Build, BuildContext, Diagnostic, MetricConfig, MetricType, Unit } from "./public.js";
import type { Terminal } from "./terminal.js";

// What the package declares is declared there alone; its file is shipped and must stand by itself.
export type {
  Build,
  BuildContext,
  Diagnostic,
  FailureType,
  MetricConfig,
  MetricType,
  RecordedMetric,
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
} from "./storage/provider.js";

/** A checked configuration; the parts that the host reads. */
export interface Config {
  metrics: MetricConfig[];
  storage: {
    type: "sqlite-local" | "sqlite-artifact" | "sqlite-s3" | "postgres";
    /** Whether the file says so itself. */
    typeGiven: boolean;
    path: string | null;
    s3: { endpoint: string | null; bucket: string | null; region: string | null; key: string | null };
  };
  /** Empty where the file has none. */
  sources: string[];
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

/** The facts of this run. */
export interface RunFacts extends BuildContext {
  actor: string;
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
  /** The build is stored, and the history can still be asked. */
  stored?: (repository: import("./storage/repository.js").MetricsRepository) => void;
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
