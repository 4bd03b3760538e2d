// Every option of a run and of where its history is kept, one row each. Data alone: flags and `--help`, the action's inputs,
// action.yml, the npm package's storage types and the tables of the documents come from these rows (js/cli/options.js,
// js/action/inputs.js, tools/options.js), and so do the names in messages (js/spelling.js). `npm run generate` writes the
// files that repeat them; `npm run check` refuses stale ones and compares the keys with the configuration's schema.

/** The history's file where nothing else is said. */
export const DEFAULT_DATABASE = "unentropy.db";
/** The history's key in a bucket and its name in an artifact where nothing else is said, and the TypeScript tool's file. */
export const DEFAULT_KEY = "unentropy-metrics.db";
/** The history's artifact where nothing else is said. */
export const DEFAULT_ARTIFACT = "unentropy-metrics";

/** The commands that read or write a history whose location flags name. */
const LOCATED = /** @type {const} */ (["track", "report", "gate", "badge", "merge", "doctor"]);
/** The commands that take the settings of a storage; `migrate` is given the locations themselves. */
const STORED = /** @type {const} */ ([...LOCATED, "migrate"]);
/** The commands that know the facts of a build. */
const BUILDING = /** @type {const} */ (["track", "test", "gate"]);

/**
 * What an option is called and does in each world: a row has those faces that it can be given by.
 *
 * @typedef {object} Option
 * @property {string} name what the code calls it: the flag's name, unless another option has that
 * @property {"text" | "file" | "choice" | "flag" | "whole"} kind `file`: a name without a directory
 * @property {readonly string[]} [choices] of a `choice`
 * @property {readonly string[]} [later] those of the choices that are known and not supported yet
 * @property {number} [least] of a `whole`, with `most`
 * @property {number} [most]
 * @property {string} [unit] of a `whole`
 * @property {readonly string[]} [providers] the storage types that it belongs to; absent: an option of the run
 * @property {boolean} [secret] masked, never quoted and no flag: every user of a machine can read its command lines
 * @property {readonly string[]} [variables] what holds it where it is not given, in their order
 * @property {string} help what it is, a phrase without a final period
 * @property {string} [more] what else documents say, sentences without the last period
 * @property {string} [otherwise] what holds where nothing is given, in words
 * @property {string} [calledLike] the option that names it for callers that have no face of it
 * @property {FlagFace} [flag]
 * @property {InputFace} [input]
 * @property {PropertyFace} [property]
 * @property {KeyFace} [key] of the configuration
 *
 * @typedef {object} FlagFace
 * @property {string} name
 * @property {string} [short] one letter
 * @property {string} [value] what stands for the value in the help; absent: it takes none
 * @property {readonly string[] | "every"} commands that take it; none: the program itself
 * @property {string} [help] instead of the row's, as is `otherwise`
 * @property {string} [otherwise]
 *
 * @typedef {object} InputFace
 * @property {string} name
 * @property {string | number | boolean} [default] what holds where it is not given. The runner passes the defaults of
 *   action.yml as if they were given, so what a configuration can say too has none
 * @property {string} [given] the default that the runner computes
 * @property {string} [help] instead of the row's, as are `more` and `otherwise`
 * @property {string} [more]
 * @property {string} [otherwise]
 *
 * @typedef {object} PropertyFace of the npm package's `StorageProviderConfig`
 * @property {string} name
 * @property {boolean} [required]
 * @property {readonly string[]} [providers] instead of the row's
 * @property {string} [help] instead of the row's, as are `more` and `otherwise`
 * @property {string} [more]
 * @property {string} [otherwise]
 *
 * @typedef {object} KeyFace
 * @property {string} path such as `storage.s3.region`
 * @property {string} [help] the schema's description
 * @property {string} [default] the schema's
 */

/** The table. */
export const OPTIONS = /** @satisfies {readonly Option[]} */ (
  /** @type {const} */ ([
    {
      name: "mode",
      kind: "choice",
      choices: ["auto", "track", "gate"],
      help: "`track` records a build, `gate` judges a change and stores nothing; `auto` gates pull requests and merge queues, tracks branches, and leaves tags and other events alone",
      input: { name: "mode", default: "auto" },
    },
    {
      name: "config",
      kind: "text",
      help: "the configuration",
      otherwise: "`unentropy.json`",
      flag: { name: "config", short: "c", value: "FILE", commands: "every" },
      input: {
        name: "config-file",
        default: "unentropy.json",
        help: "The configuration, relative to the workspace",
      },
    },

    // Where the history is kept.
    {
      name: "storage",
      kind: "choice",
      choices: ["sqlite-local", "sqlite-artifact", "sqlite-s3", "postgres"],
      later: ["postgres"],
      providers: ["sqlite-local", "sqlite-artifact", "sqlite-s3", "postgres"],
      help: "where the history is kept",
      flag: {
        name: "storage",
        value: "TYPE",
        commands: LOCATED,
        otherwise: "`sqlite-local`",
      },
      input: { name: "storage-type", otherwise: "`sqlite-artifact`" },
      property: { name: "type", required: true, more: "This version keeps no histories in `postgres`" },
      key: { path: "storage.type", help: "The kind of storage.", default: "sqlite-artifact" },
    },
    {
      name: "db",
      kind: "text",
      providers: ["sqlite-local", "sqlite-artifact"],
      help: "the history file",
      otherwise: "`unentropy.db`, or `unentropy-metrics.db` where only that one exists",
      flag: { name: "db", value: "PATH", commands: [...LOCATED, "preview"] },
      input: {
        name: "database-path",
        help: "The history's file for `sqlite-local` and for `artifact-transfer: manual`",
        more: "Comes before `database-key`",
      },
      property: {
        name: "path",
        providers: ["sqlite-local"],
        help: "The file of `sqlite-local`, which needs one, and of `sqlite-artifact` where the workflow moves the artifact",
        otherwise: "",
      },
      key: { path: "storage.path", help: "The file of `sqlite-local`, relative to this file." },
    },
    {
      name: "s3-endpoint",
      kind: "text",
      providers: ["sqlite-s3"],
      variables: ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"],
      help: "the address of the S3 server",
      otherwise: "that of AWS",
      flag: { name: "s3-endpoint", value: "URL", commands: STORED },
      input: { name: "s3-endpoint" },
      property: { name: "s3Endpoint" },
      key: { path: "storage.s3.endpoint", help: "The server's address." },
    },
    {
      name: "s3-bucket",
      kind: "text",
      providers: ["sqlite-s3"],
      help: "the bucket of the history",
      flag: { name: "s3-bucket", value: "NAME", commands: STORED },
      input: { name: "s3-bucket" },
      property: { name: "s3Bucket" },
      key: { path: "storage.s3.bucket", help: "The bucket's name." },
    },
    {
      name: "s3-key",
      kind: "text",
      providers: ["sqlite-s3"],
      help: "the history's key in the bucket",
      otherwise: "`unentropy-metrics.db`",
      calledLike: "database-key",
      flag: { name: "s3-key", value: "KEY", commands: STORED },
      property: { name: "s3Key", otherwise: "" },
      key: { path: "storage.s3.key", help: "The history's key in the bucket." },
    },
    {
      name: "database-key",
      kind: "text",
      providers: ["sqlite-local", "sqlite-artifact", "sqlite-s3"],
      help: "the history's key in the bucket, and its name in the artifact",
      otherwise: "`unentropy-metrics.db`",
      flag: {
        name: "database-key",
        value: "KEY",
        commands: STORED,
        help: "the same as --s3-key; for sqlite-local the file, unless --db names it",
        otherwise: "",
      },
      input: {
        name: "database-key",
        more: "For `sqlite-local` and `artifact-transfer: manual` its file, where no path is given. Overrides `storage.s3.key`",
      },
      property: {
        name: "artifactEntry",
        providers: ["sqlite-artifact"],
        help: "the history's name in the artifact",
      },
    },
    {
      name: "s3-region",
      kind: "text",
      providers: ["sqlite-s3"],
      variables: ["AWS_REGION", "AWS_DEFAULT_REGION"],
      help: "the bucket's region",
      otherwise: "derived from the endpoint",
      flag: { name: "s3-region", value: "NAME", commands: STORED },
      input: { name: "s3-region" },
      property: { name: "s3Region" },
      key: { path: "storage.s3.region", help: "The region's name." },
    },
    {
      name: "s3-access-key-id",
      kind: "text",
      providers: ["sqlite-s3"],
      secret: true,
      variables: ["AWS_ACCESS_KEY_ID"],
      help: "the access key's id",
      input: { name: "s3-access-key-id", more: "Pass it from a secret" },
      property: { name: "s3AccessKeyId" },
    },
    {
      name: "s3-secret-access-key",
      kind: "text",
      providers: ["sqlite-s3"],
      secret: true,
      variables: ["AWS_SECRET_ACCESS_KEY"],
      help: "the access key's secret",
      input: { name: "s3-secret-access-key", more: "Pass it from a secret" },
      property: { name: "s3SecretAccessKey" },
    },
    {
      name: "s3-session-token",
      kind: "text",
      providers: ["sqlite-s3"],
      secret: true,
      variables: ["AWS_SESSION_TOKEN"],
      help: "the token of temporary credentials",
      more: "Falls back to `AWS_SESSION_TOKEN` where the access key is that of `AWS_ACCESS_KEY_ID`, or is temporary and that variable is not set",
      input: { name: "s3-session-token" },
      property: { name: "s3SessionToken" },
    },
    {
      name: "s3-addressing",
      kind: "choice",
      choices: ["auto", "path", "virtual"],
      providers: ["sqlite-s3"],
      help: "whether the bucket is in the path of the address or in the host name",
      otherwise: "`auto`, which chooses by the endpoint",
      flag: { name: "s3-addressing", value: "HOW", commands: STORED },
      input: { name: "s3-addressing" },
      property: { name: "s3Addressing" },
    },
    {
      name: "s3-allow-http",
      kind: "flag",
      providers: ["sqlite-s3"],
      help: "allow unencrypted connections to other machines, in a network that you trust",
      otherwise: "`false`",
      flag: { name: "s3-allow-http", commands: STORED, otherwise: "" },
      input: { name: "s3-allow-http" },
      property: { name: "s3AllowHttp" },
    },
    {
      name: "s3-sse",
      kind: "choice",
      choices: ["AES256", "aws:kms"],
      providers: ["sqlite-s3"],
      help: "encryption by the server",
      otherwise: "that of the bucket",
      flag: { name: "s3-sse", value: "HOW", commands: STORED },
      input: { name: "s3-sse" },
      property: { name: "s3Sse" },
    },
    {
      name: "s3-sse-kms-key-id",
      kind: "text",
      providers: ["sqlite-s3"],
      help: "the key of `aws:kms`",
      otherwise: "that of the bucket",
      flag: { name: "s3-sse-kms-key-id", value: "ID", commands: STORED },
      input: { name: "s3-sse-kms-key-id" },
      property: { name: "s3SseKmsKeyId" },
    },
    {
      name: "s3-timeout",
      kind: "whole",
      least: 1,
      most: 3600,
      unit: "seconds",
      providers: ["sqlite-s3"],
      help: "seconds that a request to S3 may go without any progress",
      more: "The answer to an upload may take 5 seconds longer for each MiB that was sent",
      otherwise: "30",
      flag: {
        name: "s3-timeout",
        value: "SECONDS",
        commands: STORED,
        otherwise: "30; the answer to an upload may take 5 seconds longer for each MiB",
      },
      input: { name: "s3-timeout" },
      property: { name: "s3Timeout" },
    },
    {
      name: "retry-attempts",
      kind: "whole",
      least: 1,
      most: 20,
      providers: ["sqlite-artifact", "sqlite-s3"],
      help: "how often each request to the storage is tried at most, the first time included",
      otherwise: "3, and the S3 requests of a run share 4 further tries",
      flag: { name: "retry-attempts", value: "N", commands: STORED },
      input: { name: "retry-attempts" },
      property: { name: "retryAttempts" },
    },
    {
      name: "on-corrupt",
      kind: "choice",
      choices: ["fail", "restore", "recreate"],
      providers: ["sqlite-local", "sqlite-artifact", "sqlite-s3"],
      help: "how to handle a damaged history: `fail` changes nothing, `restore` takes the newest good copy, `recreate` starts a new one",
      more: "The damaged one is kept",
      otherwise: "`fail`",
      flag: { name: "on-corrupt", value: "WHAT", commands: STORED },
      input: { name: "on-corrupt", default: "fail" },
      property: { name: "onCorrupt" },
    },
    {
      name: "on-missing",
      kind: "choice",
      choices: ["fail", "restore", "begin"],
      providers: ["sqlite-local", "sqlite-artifact", "sqlite-s3"],
      help: "how to handle a history that is gone and left copies or other signs: `fail` changes nothing, `restore` takes the newest good copy, `begin` starts a new one",
      more: "The copies are kept",
      otherwise: "`fail`",
      flag: { name: "on-missing", value: "WHAT", commands: STORED },
      input: { name: "on-missing", default: "fail" },
      property: { name: "onMissing" },
    },
    {
      name: "artifact-name",
      kind: "text",
      providers: ["sqlite-artifact"],
      help: "the history's artifact",
      otherwise: "`unentropy-metrics`",
      flag: { name: "artifact-name", value: "NAME", commands: STORED },
      input: { name: "artifact-name" },
      property: { name: "artifactName" },
      key: { path: "storage.artifact.name", help: "The artifact's name." },
    },
    {
      name: "artifact-branch-filter",
      kind: "text",
      providers: ["sqlite-artifact"],
      help: "the branch whose runs' artifacts are read, `*` for every branch",
      otherwise: "the default branch and the run's own",
      flag: { name: "artifact-branch-filter", value: "BRANCH", commands: STORED },
      input: { name: "artifact-branch-filter" },
      property: { name: "artifactBranchFilter" },
      key: { path: "storage.artifact.branchFilter", help: "The branch whose artifacts hold the history." },
    },
    {
      name: "artifact-transfer",
      kind: "choice",
      choices: ["auto", "manual"],
      providers: ["sqlite-artifact"],
      help: "`manual` leaves the artifact to the workflow, which brings and keeps the history's file",
      otherwise: "`auto`",
      input: { name: "artifact-transfer", default: "auto" },
      property: { name: "artifactTransfer" },
    },
    {
      name: "repository",
      kind: "text",
      providers: ["sqlite-artifact"],
      variables: ["GITHUB_REPOSITORY"],
      help: "the artifacts' repository, `OWNER/NAME`",
      flag: { name: "repository", value: "OWNER/NAME", commands: STORED },
      property: { name: "repository" },
    },
    {
      name: "github-token",
      kind: "text",
      providers: ["sqlite-artifact"],
      secret: true,
      variables: ["GITHUB_TOKEN"],
      help: "the token that reads artifacts and writes the comment",
      input: { name: "github-token", given: `\${{ github.token }}` },
      property: { name: "githubToken", help: "the token that reads artifacts" },
    },
    {
      name: "seed-from",
      kind: "text",
      help: "another location, whose history becomes the beginning of one that does not exist yet: a path, `s3://BUCKET/KEY` or `artifact://NAME`",
      flag: { name: "seed-from", value: "LOCATION", commands: ["track"] },
      input: { name: "seed-from" },
    },
    {
      name: "adopt-history",
      kind: "flag",
      help: "make this repository the owner of a history that belongs to another one, for a repository that was renamed, moved or created again",
      flag: {
        name: "adopt-history",
        commands: ["track", "merge", "migrate"],
        help: "take over the history of another repository, or merge one",
      },
      input: { name: "adopt-history" },
    },
    {
      name: "on-storage-error",
      kind: "choice",
      choices: ["fail", "warn"],
      help: "whether a history that could not be read or stored fails the step (`fail`), or only logs an error and lets the step pass (`warn`)",
      input: { name: "on-storage-error", default: "fail" },
    },

    // What a run writes.
    {
      name: "report-dir",
      kind: "text",
      help: "the directory that the report is written to",
      otherwise: "`unentropy-report`",
      flag: { name: "report-dir", short: "o", value: "DIR", commands: ["track", "report", "preview"] },
      input: { name: "report-dir", default: "unentropy-report" },
    },
    {
      name: "report-name",
      kind: "file",
      help: "the report's file name",
      input: { name: "report-name", default: "index.html" },
    },
    {
      name: "no-open",
      kind: "flag",
      help: "only write the page, open no browser",
      flag: { name: "no-open", commands: ["preview"] },
    },
    {
      name: "format",
      kind: "choice",
      choices: ["svg", "json"],
      help: "`svg`, or `json` for shields.io's endpoint badge",
      otherwise: "`svg`",
      flag: { name: "format", value: "FORMAT", commands: ["badge"] },
    },
    {
      name: "trend",
      kind: "flag",
      help: "a trend image instead of a badge",
      flag: { name: "trend", commands: ["badge"] },
    },
    {
      name: "label",
      kind: "text",
      help: "the text beside the value",
      otherwise: "the metric's name",
      flag: { name: "label", value: "TEXT", commands: ["badge"] },
    },
    {
      name: "output",
      kind: "text",
      help: "the file that the badge is written to",
      otherwise: "standard output",
      flag: { name: "output", short: "o", value: "FILE", commands: ["badge"] },
    },
    {
      name: "timeout",
      kind: "whole",
      least: 1,
      most: 86_400,
      unit: "seconds",
      help: "seconds that the whole run may take",
      more: "Commands and transfers are ended then",
      input: { name: "timeout", default: 300 },
    },

    // How a change is judged.
    {
      name: "quality-gate-mode",
      kind: "choice",
      choices: ["off", "soft", "hard"],
      help: "whether failed blockers fail the step (`hard`), are only reported (`soft`), or are not looked for (`off`)",
      otherwise: "`soft`",
      flag: {
        name: "mode",
        value: "MODE",
        commands: ["gate"],
        help: "what a failed threshold does: `off`, `soft` or `hard`",
        otherwise: "as the configuration says",
      },
      input: { name: "quality-gate-mode" },
      key: { path: "qualityGate.mode", default: "soft" },
    },
    {
      name: "reference-branch",
      kind: "text",
      help: "the branch that a pull request is compared with",
      otherwise: "the pull request's base, then the default branch",
      flag: {
        name: "reference-branch",
        value: "NAME",
        commands: ["gate"],
        otherwise: "as the configuration says, else what the change is to be merged into",
      },
      input: { name: "reference-branch" },
      key: { path: "qualityGate.baseline.referenceBranch" },
    },
    {
      name: "enable-pr-comment",
      kind: "flag",
      help: "whether the gate comments on the pull request",
      otherwise: "`true`",
      input: { name: "enable-pr-comment" },
      key: { path: "qualityGate.enablePullRequestComment", default: "true" },
    },
    {
      name: "pr-comment-marker",
      kind: "text",
      help: "tells the comments of several gates on one pull request apart; any short text",
      input: { name: "pr-comment-marker" },
    },
    {
      name: "max-pr-comment-metrics",
      kind: "whole",
      least: 1,
      most: 100,
      help: "the most metrics in the comment",
      otherwise: "30",
      input: { name: "max-pr-comment-metrics" },
      key: { path: "qualityGate.maxCommentMetrics", default: "30" },
    },
    {
      name: "output-file",
      kind: "text",
      help: "the file that the gate's results are written to, as JSON",
      flag: { name: "output-file", value: "FILE", commands: ["gate"] },
      input: { name: "output-file", default: "unentropy-gate.json" },
    },
    {
      name: "measurements",
      kind: "text",
      help: "a results file of another run, whose values are judged; then no command is run",
      flag: { name: "measurements", value: "FILE", commands: ["gate"] },
      input: { name: "measurements-file", more: "`mode: auto` gates where it is given" },
    },

    // Facts of the run, found out unless given.
    {
      name: "commit",
      kind: "text",
      help: "the commit of the build",
      flag: { name: "commit", value: "SHA", commands: BUILDING },
    },
    {
      name: "branch",
      kind: "text",
      help: "the branch of the build",
      flag: { name: "branch", value: "NAME", commands: [...BUILDING, "badge"] },
    },
    {
      name: "run-id",
      kind: "text",
      help: "the id of the CI run",
      flag: { name: "run-id", value: "ID", commands: BUILDING },
    },
    {
      name: "run-number",
      kind: "text",
      help: "the number of the CI run",
      flag: { name: "run-number", value: "N", commands: BUILDING },
    },
    {
      name: "event",
      kind: "text",
      help: "what started the run (push, pull_request, …)",
      flag: { name: "event", value: "NAME", commands: BUILDING },
    },
    {
      name: "concurrency",
      kind: "text",
      help: "how many commands run side by side",
      otherwise: "1",
      flag: { name: "concurrency", value: "N", commands: BUILDING },
    },
    {
      name: "now",
      kind: "text",
      help: "the time to render at, such as 2026-11-28T12:00:00Z, so that the same input gives the same bytes",
      otherwise: "the present",
      flag: { name: "now", value: "TIME", commands: ["report", "preview", "badge"] },
    },

    // What every command takes.
    {
      name: "json",
      kind: "flag",
      help: "one JSON document on standard output, everything else on standard error",
      flag: { name: "json", commands: "every" },
    },
    {
      name: "verbose",
      kind: "flag",
      help: "more detail in the log",
      flag: { name: "verbose", commands: "every", help: "more detail on standard error" },
      input: { name: "verbose", default: false },
    },
    {
      name: "help",
      kind: "flag",
      help: "this text",
      flag: { name: "help", short: "h", commands: "every" },
    },
    { name: "version", kind: "flag", help: "the version", flag: { name: "version", commands: [] } },
  ])
);

/** @typedef {(typeof OPTIONS)[number]} Row */
/** @typedef {Row["name"]} OptionName */

/**
 * One of a `choice`'s values.
 * @template {OptionName} N
 * @typedef {Extract<Row, {name: N, choices: readonly string[]}>["choices"][number]} ChoiceOf
 */

/** The same rows, for callers that do not ask for one by its name. @type {readonly Option[]} */
export const ROWS = OPTIONS;
