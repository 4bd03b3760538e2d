// The data that cross the engine's edge. Written from the Rust types by
//   UNENTROPY_WRITE_SNAPSHOTS=1 cargo test --lib types_of_the_edge

/** What to mark on a run. */
export type Annotation = {
  /** How loud. */
  level: AnnotationLevel;
  /** The metric's id. */
  metric: string;
  /** A few words. */
  title: string;
  /** What was found and what was expected. */
  message: string;
};

/** How loud an annotation is. */
export type AnnotationLevel = "error" | "warning";

/** What the file says about the artifact. */
export type ArtifactDefaults = {
  /** The artifact's name. */
  name: string | null;
  /** The branch whose artifacts count. */
  branchFilter: string | null;
};

/** The forms of a badge. */
export type BadgeForm = "svg" | "json" | "trend";

/** What is wanted of a badge. */
export type BadgeWish = {
  /** `svg`, `json` (the endpoint schema of shields.io) or `trend` (an SVG image of the course). */
  form?: BadgeForm;
  /** What stands on the left; the metric's name unless given. */
  label?: string | null;
  /** This branch alone. Without it `defaultBranch`, or the branch with the most builds. */
  branch?: string | null;
  /** The branch to prefer where none is asked for. */
  defaultBranch?: string | null;
  /** RFC 3339 time of rendering: builds from the future, seen from here, do not count. */
  now?: string | null;
};

/** What a value is compared with. */
export type Baseline = {
  /** The metric's value in the build. */
  value: Value;
  /** The build. */
  build: Build;
  /** Whether the build is one of the commit asked for. */
  ofCommit: boolean;
};

/** The build that a baseline comes from. */
export type BaselineBuild = {
  /** Its commit. */
  commitSha: string;
  /** Its time, `YYYY-MM-DDTHH:MM:SS.mmmZ`. */
  timestamp: string;
  /** How it was chosen. */
  choice: BaselineChoice;
};

/** How a baseline's build was chosen, best first. */
export type BaselineChoice = "merge-base" | "ancestor" | "earlier" | "newest";

/** What a pull request is compared with. */
export type BaselineConfig = {
  /** The branch, where the file names one. */
  referenceBranch: string | null;
  /** Days after which a build is too old to compare with, at least 1; default 90. */
  maxAgeDays: number;
};

/** What the values were compared with. */
export type BaselineInfo = {
  /** The branch; `null` where none is known. */
  referenceBranch: string | null;
  /** Builds older than this many days do not count. */
  maxAgeDays: number;
  /** Builds of the branch that count. */
  buildsConsidered: number;
  /** The commit of the build that is preferred; metrics without a value in it have another. */
  commitSha?: string;
  /** The time of that build, `YYYY-MM-DDTHH:MM:SS.mmmZ`. */
  timestamp?: string;
  /** How that build was chosen. */
  choice?: BaselineChoice;
  /** Whether that build is of the commit on which the uncommitted changes that are judged lie. */
  uncommitted?: boolean;
  /** Why there is nothing to compare with. */
  problem?: string;
};

/**
 * Which builds may be a baseline: those of a branch, not of pull requests, young enough and not
 * from the future.
 */
export type BaselineQuery = {
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

/** A benchmark without a figure. */
export type BenchFailure = {
  /** The benchmark's name. */
  name: string;
  /** Why it has none. */
  error: EngineError;
};

/** A figure of one benchmark. */
export type BenchValue = {
  /** The benchmark's name, unique among the files. */
  name: string;
  /** The figure's name. */
  stat: string;
  /** In seconds, bytes or whatever `suffix` says; finite. */
  value: number;
  /** How it is shown, where the file says that it is a time, a size or a share. */
  unit: Unit | null;
  /** What follows the number where no unit says it, at most 16 characters. */
  suffix: string | null;
  /** Which way it gets better, as far as the file tells. */
  direction: Direction;
  /** How many samples it was made from. */
  samples: number | null;
  /** Their standard deviation, in the value's unit. */
  spread: number | null;
};

/** One recorded build. */
export type Build = {
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
export type BuildContext = {
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
export type BuildFilter = {
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

/** What a difference does to the gate. */
export type ChangeEffect = "loosened" | "tightened" | "changed";

/** What binds a change beside its own configuration, as the host knows it. */
export type ChangeFacts = {
  /** The text of the base branch's configuration. */
  baseConfigText?: string | null;
  /** Its name in messages. */
  baseConfigName?: string | null;
  /** Why it could not be read, where there is or may be one. */
  baseConfigProblem?: string | null;
  /** The mode that was asked for: `off`, `soft` or `hard`; before the configurations'. */
  mode?: string | null;
  /**
   * Whether the values are those that another run reports: they are of the base branch's metrics
   * then, and what the change's own configuration says decides nothing.
   */
  reported?: boolean;
};

/** What decides before anything is measured. */
export type ChangeTerms = {
  /** The mode that is in force. */
  mode: GateMode;
  /** The reference branch that the configuration which decides names. */
  referenceBranch: string | null;
  /** What the base branch's configuration means, where there is a text of it. */
  base: CheckedConfig | null;
};

/** The outcome of `check`: a configuration exactly when there are no errors. */
export type CheckedConfig = {
  /** What the file means, with every default filled in; `null` when there are errors. */
  config: Config | null;
  /** Everything that must change, in the order of the file. */
  errors: Array<Diagnostic>;
  /** What was understood otherwise than it was written, in the order of the file. */
  warnings: Array<Diagnostic>;
};

/** What is known when a build is recorded, beside the build. */
export type Circumstances = {
  /** RFC 3339 time of recording; without it no build is from the future. */
  now?: string | null;
  /** The repository that the build is of, where it is known. */
  repository?: Repository | null;
  /** Whether the history of another repository becomes this one's. */
  adopt?: boolean;
};

/** The stable codes. Each is spelled in upper snake case outside the engine. */
export type Code = "CONFIG_INVALID" | "GROUP_DIRECTORY" | "USAGE_INVALID" | "COLLECTOR_USAGE" | "COLLECTOR_FORMAT" | "NUMBER_INEXACT" | "COLLECTOR_NOTHING" | "COVERAGE_TOTALS" | "COVERAGE_RECORD" | "OUTPUT_INVALID" | "METRIC_TYPE_CHANGED" | "HISTORY_NOT_SQLITE" | "HISTORY_CORRUPT" | "HISTORY_FOREIGN" | "HISTORY_NEWER" | "HISTORY_TOO_LARGE" | "BUILD_INVALID" | "HISTORY_OTHER_REPOSITORY" | "BUILD_FROM_THE_FUTURE" | "HISTORY_FAILED" | "GATE_FAILED" | "BASE_CONFIG_UNKNOWN" | "CONFIG_UNMERGED" | "CLAIMS_INVALID" | "CLAIMS_UNKNOWN" | "CLAIM_FAILED" | "REPORT_FAILED" | "INTERNAL";

/** What one `@collect` line asks for, checked. */
export type CollectPlan = {
  /** The collector's name as written, for messages. */
  collector: string;
  /**
   * Files, directories and globs; empty means the configured `sources`, else everything below
   * the configuration's directory.
   */
  patterns: Array<string>;
  /** Globs of what to leave out. */
  exclude: Array<string>;
  /** What is measured. */
  measure: Measure;
};

/** What a comment says beside the verdict, and how long it may be. */
export type CommentFacts = {
  /** By which the comment is found again; `DEFAULT_MARKER` unless given. */
  marker?: string | null;
  /** The repository's web page, for links to commits. */
  repositoryUrl?: string | null;
  /** The run's web page. */
  runUrl?: string | null;
  /** The report's web page. */
  reportUrl?: string | null;
  /** The commit that was judged. */
  commitSha?: string | null;
  /** Whether the values are those that the pull request's own run reports. */
  reported?: boolean;
  /** Rows at most over all tables of metrics; 30 unless given. */
  maxCommentMetrics?: number | null;
  /**
   * Characters at most; 20,000 unless given. What stands first, the marker and the verdict, is
   * never cut.
   */
  maxCommentCharacters?: number | null;
};

/** How `size` compresses files before it measures them. */
export type Compression = "gzip" | "brotli";

/** A whole configuration with its defaults filled in. */
export type Config = {
  /** The metrics in the order of the file, at most 50; behind them those of the groups, once they are known. */
  metrics: Array<MetricConfig>;
  /** The groups in the order of the file. */
  groups: Array<GroupConfig>;
  /** Where the history lives, as far as the file says. */
  storage: StorageConfig;
  /**
   * How pull requests are judged. The host reads whether and how a verdict is shown; judging is
   * the engine's.
   */
  qualityGate: GateConfig;
  /** Glob patterns in order, `!` excludes, the last match wins; empty when the file gives none. */
  sources: Array<string>;
};

/** One difference between the base branch's configuration and this change's. */
export type ConfigurationChange = {
  /** What became of the gate. */
  effect: ChangeEffect;
  /** The metric it is about, where it is about one. */
  metric?: string;
  /**
   * What changed: `threshold`; `group`, or of a group `forEach`, `include`, `exclude` and what a metric has; of a metric `metric`, `command`, `timeout`, `name`, `type`, `unit` or
   * `direction`; `mode`, `referenceBranch`, `maxAgeDays`, `sources`, `enablePullRequestComment`,
   * `maxCommentMetrics`, `maxCommentCharacters`; a key of `storage` with its path, such as
   * `storage.s3.bucket`.
   */
  what: string;
  /** What the base branch says; none where it says nothing. */
  before?: string;
  /** What this change says; none where it says nothing. */
  after?: string;
  /** What was judged, in words. */
  judged: string;
};

/** A coverage format that can be read. */
export type CoverageFormat = "lcov" | "clover" | "cobertura" | "jacoco" | "gocover" | "opencover" | "gcovr" | "llvm" | "istanbul" | "coveragepy" | "xccov" | "simplecov";

/** What is being counted. */
export type CoverageKind = "line" | "branch" | "function" | "statement" | "instruction" | "method" | "class" | "complexity" | "region" | "combined";

/** One problem of a configuration, with its place and its remedy. */
export type Diagnostic = {
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
export type Direction = "higher-is-better" | "lower-is-better" | "none";

/**
 * A failure of the engine: what happened, why, where, and what to do about it.
 * `message` is lower case without a final period and quotes what the user wrote in backticks;
 * `hint` is a sentence that names the remedy, empty when there is none to give.
 */
export type EngineError = {
  /** The stable code, part of the public interface. */
  code: Code;
  /** Cause and location, for a person. */
  message: string;
  /** The remedy as a sentence, or empty. */
  hint: string;
};

/** What part of a run a failure belongs to; the host derives the exit code from it. */
export type FailureType = "validation" | "storage" | "collection" | "report" | "gate" | "internal";

/** The files of the repository. */
export type FileList = {
  /** The directory that contains them all, absolute: the repository's root, or the configuration's directory. */
  root: string;
  /** The configuration's directory, relative to `root`; empty where it is the same. */
  home: string;
  /** The files' paths relative to `root`, in any order. */
  files: Array<string>;
};

/** The builds of a history that are from the future. */
export type FutureBuilds = {
  /** How many there are. */
  count: number;
  /** The first of them, oldest first. */
  builds: Array<Build>;
};

/** How pull requests are judged. */
export type GateConfig = {
  /** What a failed threshold does; default soft. */
  mode: GateMode;
  /** What a pull request is compared with. */
  baseline: BaselineConfig;
  /** Whether a comment is written; default true. */
  enablePullRequestComment: boolean;
  /** Rows in the comment, 1-100; default 30. */
  maxCommentMetrics: number;
  /** Characters in the comment, 1-20000; default 20000. */
  maxCommentCharacters: number;
  /** In the order of the file; several may name the same metric. */
  thresholds: Array<Threshold>;
};

/** The facts of the run that is judged, as the host knows them. */
export type GateFacts = {
  /** RFC 3339 time of the comparison. */
  now: string;
  /** The reference branch that was asked for; before the configuration's. */
  referenceBranch?: string | null;
  /**
   * The branch that is compared with where neither an input nor the configuration names one:
   * the pull request's target, or the repository's default branch.
   */
  defaultReferenceBranch?: string | null;
  /** Where the change left the reference branch, as far as it is known. */
  mergeBase?: MergeBase | null;
  /** Commits before the merge base, newest first, as far as they are known. */
  ancestors?: Array<string> | null;
  /** The commit that is judged. Its own builds are no baseline, unless `uncommitted` is set. */
  commitSha?: string | null;
  /**
   * Whether what is judged is that commit with changes on top. A build of the commit itself is then
   * what they are compared with, where the commit is on the reference branch.
   */
  uncommitted?: boolean;
  /** Why the history could not be read, where it could not: then there are no baselines. */
  historyProblem?: string | null;
  /**
   * Whether the history was refused because the change itself brings it: then passing shows
   * nothing, and `historyProblem` says why.
   */
  historyRefused?: boolean;
  /** What the change's groups were found to have. */
  listings?: Array<GroupListing>;
  /** What the base branch's groups were found to have, in what is checked out. */
  baseListings?: Array<GroupListing>;
};

/** What became of one metric in this run. A metric that is not in the list was not measured. */
export type GateMeasurement = {
  /** The metric's id. */
  id: string;
  /** Whether there is a value. */
  status: MeasurementStatus;
  /** The value where there is one. */
  value?: Value | null;
  /** Why there is none. */
  error?: Reason | null;
};

/** What a failed threshold does to a run. */
export type GateMode = "off" | "soft" | "hard";

/** Everything that comes out of judging one run. */
export type GateOutcome = {
  /** The verdict: the `qualityGate` object of the results file. */
  qualityGate: GateVerdict;
  /** Whether the run must fail: the gate is hard and a blocker failed. */
  blocks: boolean;
  /** What to mark on the run, failures first. */
  annotations: Array<Annotation>;
  /**
   * Why the run must fail; `null` also where it must because the history was refused, which has a
   * reason of its own.
   */
  failure: EngineError | null;
  /**
   * A warning where the change says something of the storage, the files that count or the comment
   * that is not used before it is merged.
   */
  unmerged: EngineError | null;
};

/** The word of a verdict. */
export type GateStatus = "fail" | "unknown" | "pass";

/** Counts over all metrics. */
export type GateSummary = {
  /** All of them. */
  totalMetrics: number;
  /** Those whose value was judged by at least one threshold. */
  evaluatedMetrics: number;
  /** Those that passed. */
  passed: number;
  /** Those that failed. */
  failed: number;
  /** Those that could not be judged, or have no threshold. */
  unknown: number;
};

/** The verdict on one run. */
export type GateVerdict = {
  /**
   * `fail` where a blocker failed, `pass` where none did and at least one value was judged,
   * `unknown` where nothing could be judged, what the base branch demands is not known, or the
   * history was refused.
   */
  status: GateStatus;
  /** The mode that was in force. */
  mode: GateMode;
  /**
   * Every metric, in the order of the configuration. One without a threshold is `unknown` and has no
   * `threshold`. Empty where the gate is off.
   */
  metrics: Array<MetricVerdict>;
  /** Those of `metrics` that fail the gate, in the same order: a blocker of theirs failed. */
  failingMetrics: Array<MetricVerdict>;
  /** Counts over `metrics`. */
  summary: GateSummary;
  /** What the values were compared with. */
  baselineInfo: BaselineInfo;
  /**
   * Whose thresholds were judged: the base branch's (with what this change tightens) or this
   * change's own.
   */
  judgedBy: JudgedBy;
  /** Whether the history was refused because the change itself brings it. */
  historyRefused?: boolean;
  /** Why the base branch's configuration was not used, where one was given that cannot be. */
  configurationProblem?: string;
  /** How this change's configuration differs from the base branch's in what the gate judges. */
  configurationChanges: Array<ConfigurationChange>;
};

/** A group: metrics that are alike, one for each directory or for each value of a command. */
export type GroupConfig = {
  /** The key in the configuration, which the ids of its metrics begin with. */
  id: string;
  /** What people read of each metric, with placeholders: `{name}`, `{dir}`, `{basename}`. */
  name: string;
  /** Numeric or label. */
  type: MetricType;
  /** A sentence on what the metrics measure. */
  description: string | null;
  /** A shell command or an `@collect` line, with placeholders where `forEach` is given. */
  command: string;
  /** How numbers are shown; `null` for labels, and where the values say it. */
  unit: Unit | null;
  /** Milliseconds after which a command is killed, 1-300000. */
  timeout: number;
  /** Which way the metrics get better; `null` where the values or their unit say it. */
  direction: Direction | null;
  /** Patterns of directories, each of which is a metric; empty where the values of one command are. */
  forEach: Array<string>;
  /** Patterns of the directories or values that count; empty for all. */
  include: Array<string>;
  /** Patterns of those that do not. */
  exclude: Array<string>;
};

/** What a group of the configuration was found to have. */
export type GroupListing = {
  /** The group's key. */
  group: string;
  /** The directories, or the names of the values. */
  names: Array<Listed>;
};

/** Where the history is. */
export type HistoryLine = {
  /** For people, such as `s3://bucket/key`. */
  location: string;
  /** How many builds it holds. */
  builds?: number | null;
  /** Its size. */
  bytes?: number | null;
};

/** What a summary shows. */
export type JobSummary = {
  /** Such as `main`. */
  branch?: string | null;
  /** The commit's id; its first twelve characters are shown. */
  commitSha?: string | null;
  /** What ended the run early. */
  problem?: Trouble | null;
  /** Whether that problem was to be no failure of the run. */
  tolerated?: boolean;
  /** Whether the trouble kept the history from being stored. */
  notStored?: boolean;
  /** In the order of the configuration. */
  metrics?: Array<MetricRow>;
  /**
   * Test cases that failed or were slow, of each metric that is a figure of test results; the same of several metrics
   * are shown once.
   */
  tests?: Array<TestNames>;
  /** Trouble that made no result wrong. */
  warnings?: Array<Trouble>;
  /** In their order. */
  phases?: Array<PhaseRow>;
  /** Where the history is; `null` where it was never reached. */
  history?: HistoryLine | null;
  /** The report's file. */
  report?: string | null;
  /** Markdown of the quality gate, which is inserted as it is. */
  verdict?: string | null;
};

/** Whose thresholds were judged. */
export type JudgedBy = "base" | "own";

/** A directory, or the name of a value with what its file says of it. */
export type Listed = {
  /** The directory with forward slashes, relative to the configuration's directory; or the value's name. */
  name: string;
  /** The value's unit, where its file says it. */
  unit?: Unit | null;
  /** Which way the value gets better, where its file says it. */
  direction?: Direction | null;
};

/** What a `CollectPlan` measures in its files. */
export type Measure = {
  kind: "lines";
  /** The languages' names as the table spells them; none stands for all. */
  languages: Array<string>;
} | {
  kind: "bytes";
  /** Compress before measuring. */
  compression: Compression | null;
} | {
  kind: "coverage";
  /** What is counted; `null` is what the format counts first. */
  of: CoverageKind | null;
  /** The format; found by looking at the content where none is named. */
  format: CoverageFormat | null;
  /** The value where the reports hold nothing of that kind. */
  fallback: number | null;
  /** Parts of the sources' paths and what they stand for, each as `FROM=TO`. */
  maps?: Array<string>;
} | {
  kind: "bench";
  /** Its name, the end of it, or a pattern; without one the files hold a single benchmark. */
  name: string | null;
  /** Which figure; the one that the tool shows first where none is named. */
  stat: string | null;
} | {
  kind: "junit";
  /** Which one. */
  stat: TestStat;
} | {
  kind: "json";
  /** Where it is (RFC 6901). */
  pointer: string;
  /** Whether the number of elements or keys is wanted. */
  count: boolean;
};

/** What one metric's command or collector gave. */
export type Measured = {
  /** The metric's type: `numeric` or `label`. */
  type: MetricType;
  /** The metric's unit, where it has one. */
  unit?: Unit | null;
  /** What a command printed. */
  output?: string | null;
  /** What a collector counted, where no command printed anything. */
  number?: number | null;
};

/** Whether a metric has a value. */
export type MeasurementStatus = "ok" | "failed";

/** Where a change left the reference branch. */
export type MergeBase = {
  /** The commit. */
  commitSha: string;
  /** The commit's RFC 3339 time. */
  time?: string | null;
};

/** What merging changed. */
export type Merged = {
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
export type MetricConfig = {
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
export type MetricDefinition = {
  /** The metric's key; 1-64 of `a-z`, `0-9` and `-`. */
  id: string;
  /** Numeric or label; the first record of a metric decides it. */
  type: MetricType;
  /** How its numbers are shown. */
  unit?: Unit | null;
  /** A sentence on what it measures; at most 256 characters. */
  description?: string | null;
};

/** One metric of this run. */
export type MetricRow = {
  /** What people read. */
  name: string;
  /** The key of the group that it is of. */
  group?: string | null;
  /** `null` where it failed. */
  value?: Value | null;
  /** The unit's word. */
  unit?: string | null;
  /** The direction's word. */
  direction?: string | null;
  /** Why there is no value. */
  error?: Trouble | null;
  /**
   * The branch's values before this run, oldest first; `null` where the history was not read, so
   * that nobody knows them.
   */
  earlier?: Array<Value> | null;
};

/** A metric's numbers as people read them; empty where there is none. */
export type MetricText = {
  /** The metric's display name. */
  name: string;
  /** This run's value. */
  value: string;
  /** The baseline. */
  baseline: string;
  /** The absolute delta, signed, with the relative one where it says more. */
  delta: string;
  /** What the threshold that decided demands. */
  threshold: string;
};

/** Whether a metric's values are numbers or words. */
export type MetricType = "numeric" | "label";

/** One metric with its numbers and what they were found to be. */
export type MetricVerdict = {
  /** The metric's id. */
  metric: string;
  /** The key of the group that it is of. */
  group?: string;
  /** The unit of all its numbers. */
  unit?: Unit;
  /** The value it is compared with. */
  baseline?: number;
  /** This run's value. */
  pullRequestValue?: number;
  /** This run's value less the baseline. */
  absoluteDelta?: number;
  /** The delta in percent of the baseline's magnitude; none where the baseline is zero. */
  relativeDeltaPercent?: number;
  /** The threshold that decided: the first of the worst. */
  threshold?: Threshold;
  /** `fail` where one of its thresholds failed, else `pass` where one passed, else `unknown`. */
  status: GateStatus;
  /** Why, in the words of the threshold that decided. */
  message?: string;
  /** Whether a failed threshold of it is a blocker. */
  isBlocking?: boolean;
  /** Every threshold with its own verdict, in the order of the configuration. */
  thresholds: Array<ThresholdVerdict>;
  /** The build that the baseline comes from. */
  baselineBuild?: BaselineBuild;
  /** Why there is no value of this run. */
  problem?: string;
  /** The same for people. */
  text: MetricText;
};

/** A test case and how long it took. */
export type NamedTime = {
  /** The test's name with its class or suite. */
  name: string;
  /** Seconds. */
  seconds: number;
};

/** What it means that a threshold's metric has no value. */
export type OnMissing = "fail" | "warn" | "ignore";

/** What the host looks up before the names of a report can be placed. */
export type OpenReport = {
  /** The directories in which its relative names are looked for, the nearest first; relative to the configuration's. */
  directories: Array<string>;
  /** Those names. */
  names: Array<string>;
  /** Whether it has names that only a list of all files can place. */
  elsewhere: boolean;
};

/** One phase of this run. */
export type PhaseRow = {
  /** Such as `download`. */
  name: string;
  /** `pending`, `running`, `completed` or `failed`. */
  status: string;
  /** Milliseconds. */
  durationMs: number;
  /** What was moved or written. */
  bytes?: number | null;
};

/** What a metric's command is. */
export type Planned = {
  kind: "shell"
} | {
  kind: "collector";
  /** What it measures in which files. */
  plan: CollectPlan;
} | {
  kind: "shared"
} | {
  kind: "refused";
  /** Why. */
  error: EngineError;
};

/** A checked configuration with what its metrics' commands are. */
export type PlannedConfig = {
  /** Aligned with the configuration's metrics; empty where there is no configuration. */
  plans: Array<Planned>;
  /** What the file means, with every default filled in; `null` when there are errors. */
  config: Config | null;
  /** Everything that must change, in the order of the file. */
  errors: Array<Diagnostic>;
  /** What was understood otherwise than it was written, in the order of the file. */
  warnings: Array<Diagnostic>;
};

/** A configuration with the metrics of its groups, and what their commands are. */
export type PlannedGroups = {
  /** The metrics of the groups, which come behind the configuration's own. */
  metrics: Array<MetricConfig>;
  /** Aligned with them. */
  plans: Array<Planned>;
  /** What must change before anything is measured. */
  errors: Array<Diagnostic>;
  /** What is probably not meant. */
  warnings: Array<Diagnostic>;
};

/** Who reads a file: the kind of the `Measure` that asks for it. A file of two readers is read twice. */
export type Reader = "coverage" | "bench" | "junit" | "json";

/** What it was found to be. */
export type Reading = {
  status: "ok";
  /** The value. */
  value: Value;
  /** The same for people, with its unit. */
  text: string;
} | {
  status: "failed";
  /** Why. */
  error: EngineError;
};

/** Why collecting a metric failed. */
export type Reason = {
  /** The cause in words. */
  message: string;
};

/** Which builds a run is shown with. */
export type RecentQuery = {
  /** Only builds of this branch. */
  branch: string;
  /** Only builds at or before this RFC 3339 time. */
  until: string;
  /** The run itself, which is not one of its own earlier builds. */
  commitSha: string;
  /** The same run's id. */
  runId: string;
  /** Whether builds of pull requests count: only for a run that is one of them. */
  pullRequests?: boolean;
  /** The most values of a metric. */
  count: number;
};

/** What recording a build changed. */
export type RecordedBuild = {
  /** The build's row id. */
  buildId: number;
  /** Whether the (commit, run) was new. */
  created: boolean;
  /** Values of metrics that the build did not have. */
  added: number;
  /** Values that took the place of others. */
  replaced: number;
  /** Values that stood already. */
  unchanged: number;
  /** Values left out because the build has later ones of their metrics. */
  outdated: number;
  /** Whether anything at all is different now: also a time, a definition or how late a value is known to be. */
  changed: boolean;
  /** The attempt that the values count as. */
  attempt: number;
  /**
   * When the values count as measured, in milliseconds since 1970 UTC: what `History.fold` has to be told to
   * add the same to another history.
   */
  measuredAt: number;
  /** The latest attempt that has values which these could not replace. */
  outdatedBy: number | null;
};

/** One metric's value in a build. */
export type RecordedMetric = {
  /** Whose value it is. */
  metric: MetricDefinition;
  /** Of the metric's type. */
  value: Value;
};

/** The answer to a `ReportQuestion`. */
export type ReportAnswer = {
  status: "value";
  /** A number, or a text where a file holds one. */
  value: Value;
  /** What makes the value doubtful and is no failure. */
  warnings: Array<EngineError>;
  /** Test cases that a run's page names; of test results only. */
  tests: TestNames | null;
} | {
  status: "bench";
  /** The figure, with what the file says of it. */
  figure: BenchValue;
} | {
  status: "benchmarks";
  /** Those that there are. */
  figures: Array<BenchValue>;
  /** Benchmarks that have none. */
  failed: Array<BenchFailure>;
} | {
  status: "sources";
  /** Each once, sorted. */
  sources: Array<string>;
} | {
  status: "failed";
  /** Why. */
  error: EngineError;
};

/** What the host knows about the project and the moment. */
export type ReportFacts = {
  /** The repository's or the directory's name. */
  title: string;
  /**
   * Where commits and runs can be looked up, such as `https://github.com/owner/repo`. Anything
   * but an http(s) address is ignored.
   */
  repositoryUrl?: string | null;
  /** RFC 3339 time of rendering. */
  generatedAt: string;
  /** The program's own version. */
  version: string;
  /** The branch to show first; without it, or without builds on it, the one with the most builds. */
  defaultBranch?: string | null;
  /** Lines to draw across the charts of numeric metrics. */
  thresholds?: Array<ThresholdLine>;
  /** Whether the data is made up and the page has to say so. */
  sample?: boolean;
  /** What the configuration's groups are known to have. */
  listings?: Array<GroupListing>;
};

/** A report among others whose bytes lie one behind the other. */
export type ReportFile = {
  /** Its name in messages and questions. */
  name: string;
  /** Who reads it. */
  reader: Reader;
  /** The format; found by looking at the content where none is named. */
  format?: CoverageFormat | null;
  /** Parts of the paths of its sources and what they stand for, each as `FROM=TO`. */
  maps?: Array<string> | null;
  /** The JSON pointer of the one value that is wanted of the file: nothing else of it is kept. */
  pointer?: string | null;
  /** Whether the number of elements or keys is wanted there. */
  count?: boolean;
  /** Bytes. */
  length: number;
};

/** What is asked of files that were parsed. */
export type ReportQuestion = {
  /** The files' names. */
  names: Array<string>;
  /** What is measured, as the plan says it. */
  measure: Measure;
  /** Whether to answer which source files coverage reports speak of, instead of the value. */
  sources?: boolean;
  /** Whether to answer with the figures of all benchmarks, whatever name is measured. */
  all?: boolean;
  /** The source files of coverage reports that count; all of them unless given. */
  keep?: Array<string> | null;
};

/** What became of one metric in the other run. */
export type ReportedMeasurement = {
  /** The metric's id. */
  id: string;
  /** Whether there is a value. */
  status: MeasurementStatus;
  /** The value where there is one. */
  value: Value | null;
  /** Why there is none. */
  error: EngineError | null;
};

/** What a results file reports. */
export type ReportedMeasurements = {
  /** Those of known metrics, in the order of the file. */
  measurements: Array<ReportedMeasurement>;
  /** A warning where there are others. */
  unknown: EngineError | null;
};

/** A repository, as the host knows it. */
export type Repository = {
  /** `host/owner/name`, or however many parts the host's names have. */
  name: string;
  /** The id that GitHub keeps for a repository when it is renamed or moved. */
  githubId?: string | null;
};

/** What the file says about the S3 object. */
export type S3Defaults = {
  /** The server's address. */
  endpoint: string | null;
  /** The bucket's name. */
  bucket: string | null;
  /** The region's name. */
  region: string | null;
  /** The object's key. */
  key: string | null;
};

/**
 * One metric's values, each with the place of its build among all builds, oldest first. The builds are not
 * repeated, for callers that ask for many metrics.
 */
export type Series = {
  /** Indexes into `History.builds` of the default filter, ascending. */
  places: Array<number>;
  /** The values, aligned with the places. */
  values: Array<Value>;
};

/** What a failed threshold means. */
export type Severity = "blocker" | "warning";

/**
 * Where the history lives, as far as the file says; inputs override every field, and what stays
 * unset gets its default from the provider.
 */
export type StorageConfig = {
  /** `sqlite-artifact` where the file names none, or one that is not known. */
  type: StorageType;
  /** Whether the file names a type at all, known or not. */
  typeGiven: boolean;
  /** The file of `sqlite-local`, relative to the configuration's directory. */
  path: string | null;
  /** Defaults for `sqlite-artifact`. */
  artifact: ArtifactDefaults;
  /** Defaults for `sqlite-s3`. */
  s3: S3Defaults;
};

/** Where the history lives. */
export type StorageType = "sqlite-artifact" | "sqlite-s3" | "sqlite-local" | "postgres";

/** One metric with its value in a build. */
export type StoredValue = {
  /** The metric. */
  metric: MetricDefinition;
  /** Its value. */
  value: Value;
};

/** What a piece of a line is. */
export type Style = "good" | "bad" | "warn" | "dim";

/** A piece of a line. */
export type StyledText = {
  /** As it is shown. */
  text: string;
  /** `null` for plain text. */
  style: Style | null;
};

/** Names of test cases that a run's page shows. */
export type TestNames = {
  /** How many failed or ended with an error. */
  failed: number;
  /** The first of those, in the order of the files; at most 100. */
  failures: Array<string>;
  /** The slowest ten, the slowest first. */
  slowest: Array<NamedTime>;
};

/** A figure of test results. */
export type TestStat = "tests" | "passed" | "failures" | "errors" | "skipped" | "time" | "slowest" | "pass-rate";

/** One condition on one numeric metric. */
export type Threshold = {
  /** The id of a configured numeric metric, or a pattern `group/…` of those of a group. */
  metric: string;
  /** What a failure means; default blocker. */
  severity: Severity;
  /** What a missing value means; default fail for blockers, warn for warnings. */
  onMissing: OnMissing;
} & ({
  mode: "min";
  /** Any finite number. */
  target: number;
} | {
  mode: "max";
  /** Any finite number. */
  target: number;
} | {
  mode: "no-regression";
  /** At least 0; default 0.5. */
  tolerance: number;
} | {
  mode: "delta-max-drop";
  /** Percent, above 0. */
  maxDropPercent: number;
} | {
  mode: "delta-max-rise";
  /** Percent, above 0. */
  maxRisePercent: number;
} | {
  mode: "anomaly";
  /** Builds of the reference branch that are looked at, 8-1000; default 30. */
  window: number;
  /** Scaled deviations that are allowed, above 0; default 6. */
  sensitivity: number;
});

/** A horizontal line across a metric's charts. */
export type ThresholdLine = {
  /** The metric's id; a line for a metric that is not configured is left out. */
  metric: string;
  /** Where the line is, in the metric's unit. */
  value: number;
  /** What is written beside it, such as `min`. */
  label: string;
  /** Whether values are to lie above it, not below. */
  least?: boolean;
};

/** One threshold's verdict. */
export type ThresholdVerdict = {
  /** What was judged. */
  threshold: Threshold;
  /** What it was found to be. */
  status: GateStatus;
  /** Why; also for a pass. */
  message: string;
  /** Whether it failed and is a blocker. */
  isBlocking: boolean;
  /** What it demands: `at least 80.0%`. */
  text: string;
};

/** A failure or a warning. */
export type Trouble = {
  /** The stable code. */
  code?: string;
  /** Cause and place. */
  message?: string;
  /** The remedy, or empty. */
  hint?: string;
  /** The single problems that it sums up, one line each. */
  details?: Array<string>;
};

/** A metric that the history holds with another type: it cannot be recorded or compared. */
export type TypeChange = {
  /** The metric's id. */
  id: string;
  /** `METRIC_TYPE_CHANGED`. */
  code: Code;
  /** What the history holds and what was found. */
  message: string;
  /** The remedy. */
  hint: string;
};

/** The unit of a numeric metric; decides how its values are shown. */
export type Unit = "percent" | "integer" | "bytes" | "duration" | "decimal";

/** A metric's value: a JSON number or string outside the engine. */
export type Value = number | string;
