/**
 * What a run takes, tells on its way and gives. Nothing here runs.
 */

import type { RunFacts } from "../ci/build.js";
import type { MetricOutcome } from "../collect/types.js";
import type { LoadedConfig } from "../engine/engine.js";
import type { GateOutcome, GateVerdict, MetricConfig, StyledText } from "../engine/types.js";
import type { Failure } from "../failure.js";
import type { GitHub } from "../github/client.js";
import type { Published } from "../github/comment.js";
import type { MetricsRepository } from "../storage/repository.js";
import type { StoragePlan, Transfer } from "../storage/types.js";

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

/** Who wants to hear of phases. */
export interface PhaseListener {
  phaseStart?: (phase: Phase) => void;
  phaseEnd?: (phase: Phase) => void;
}

/** Who wants to hear how a run goes. */
export interface TrackListener extends PhaseListener {
  /** Often; falls back when an attempt starts again. */
  transferred?: (transfer: Transfer) => void;
  /** The history can be asked: when it was read, and again when the build is stored. `facts` are those recorded. */
  known?: (repository: MetricsRepository, facts: RunFacts) => void;
  /** Before the upload; `file` tells at any time which file keeps what is not stored, null where none does. */
  keeping?: (file: () => string | null) => void;
  /** Again for one that goes on after the line of another. */
  metricStart?: (metric: MetricConfig) => void;
  /** Up to a tenth of a second after its end; `text` is the value as people read it. */
  metricEnd?: (outcome: MetricOutcome, text?: string) => void;
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

/** What a run of the gate needs. */
export interface GateInput {
  /** The change's own configuration. */
  loaded: LoadedConfig;
  facts: RunFacts;
  /** Asked once it is known which configuration decides. */
  storage: StoragePlan;
  /** The directory that shown paths are relative to. */
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
  /** Asked for what the clone does not have, and given the comment; null without a token. */
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
  /** The verdict as lines of a terminal, in pieces; empty where nothing was judged. */
  verdictLines: StyledText[][];
  /** Whether the gate is hard and a blocker failed. */
  blocks: boolean;
}
