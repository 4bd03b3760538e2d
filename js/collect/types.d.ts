/**
 * What measuring takes and gives. Nothing here runs.
 */

import type { MetricType, TestNames, Unit, Value } from "../engine/types.js";
import type { Failure } from "../failure.js";

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
  metricType?: MetricType;
}

/** What became of one metric. */
export interface MetricOutcome {
  id: string;
  name: string;
  type: MetricType;
  status: "ok" | "failed";
  value: Value | null;
  unit: Unit | null;
  durationMs: number;
  error?: Failure;
  /** Test cases that failed or were slow, where the metric is a figure of test results. */
  tests?: TestNames;
}
