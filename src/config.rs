//! What a configuration means: the checked types that the rest of the engine trusts, and
//! [`check`], the only way to get them from text. The grammar stands once, in `grammar`; the walk
//! that reports what breaks it is `validate`, the JSON Schema made from it is `schema`, and
//! `checked` turns a sound file into the types below. Reading the file belongs to the host.

mod checked;
pub mod defaults;
mod diagnostic;
mod grammar;
pub mod groups;
mod schema;
mod secrets;
mod source;
mod templates;
mod validate;

pub use diagnostic::Diagnostic;
pub use groups::{Expanded, GroupListing, Listed, MemberCommand};
pub use schema::schema;
pub use templates::{TEMPLATES, Template};

use crate::metric::{Direction, MetricType, Unit};
use crate::vocabulary::words;
use serde::Serialize;

/// The outcome of [`check`]: a configuration exactly when there are no errors.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct CheckedConfig {
    /// What the file means, with every default filled in; `None` when there are errors.
    pub config: Option<Config>,
    /// Everything that must change, in the order of the file.
    pub errors: Vec<Diagnostic>,
    /// What was understood otherwise than it was written, in the order of the file.
    pub warnings: Vec<Diagnostic>,
}

/// Checks the text of a configuration; `file` is the name that diagnostics give it.
///
/// The text is strict JSON (RFC 8259) of at most 1 MiB; a byte order mark is tolerated, a key that
/// stands twice is an error. All problems are reported at once, up to 200 of them, except that text
/// which is not JSON has exactly one. No diagnostic repeats a secret. Never panics.
pub fn check(text: &str, file: &str) -> CheckedConfig {
    let mut problems = diagnostic::Problems::default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let config = match source::parse(text) {
        Ok(root) => {
            validate::root(&root, &mut problems);
            checked::config(&root, &mut problems)
        }
        Err(problem) => {
            problems.push(problem);
            None
        }
    };
    let (errors, warnings) = problems.locate(text, file);
    CheckedConfig { config: config.filter(|_| errors.is_empty()), errors, warnings }
}

/// A checked configuration with the metrics of the groups that were listed, and the problems of these with their places;
/// `file` is the name that diagnostics give the text.
#[must_use]
pub fn expand(
    config: &Config,
    text: &str,
    file: &str,
    listings: &[GroupListing],
) -> (Expanded, CheckedConfig) {
    let expanded = config.expanded(listings);
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut problems = diagnostic::Problems::default();
    if let Ok(root) = source::parse(text) {
        let warnings = expanded.warnings.iter().map(|flaw| checked::placed(&root, flaw).warning());
        for problem in expanded.errors.iter().map(|flaw| checked::placed(&root, flaw)).chain(warnings) {
            problems.push(problem);
        }
    }
    let (errors, warnings) = problems.locate(text, file);
    (expanded, CheckedConfig { config: None, errors, warnings })
}

/// Strict JSON of at most 8 MiB, nested no deeper than a configuration, for other files that strangers may write; `None`
/// where the text is none.
pub(crate) fn json(text: &str) -> Option<jsonc_parser::ast::Value<'_>> {
    source::parse_up_to(text, 8 << 20).ok()
}

/// A whole configuration with its defaults filled in.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// The metrics in the order of the file, at most 50; behind them those of the groups, once they are known.
    pub metrics: Vec<MetricConfig>,
    /// The groups in the order of the file.
    pub groups: Vec<GroupConfig>,
    /// Where the history lives, as far as the file says.
    pub storage: StorageConfig,
    /// How pull requests are judged. The host reads whether and how a verdict is shown; judging is
    /// the engine's.
    pub quality_gate: GateConfig,
    /// How the report is laid out and coloured. The engine's own business: the host is not told.
    #[serde(skip)]
    pub report: Report,
    /// Glob patterns in order, `!` excludes, the last match wins; empty when the file gives none.
    pub sources: Vec<String>,
}

/// A metric with its template applied and its defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct MetricConfig {
    /// The key in the configuration and in the history.
    pub id: String,
    /// What people read; the id where none was given.
    pub name: String,
    /// Numeric or label.
    #[serde(rename = "type")]
    pub kind: MetricType,
    /// A sentence on what it measures.
    pub description: Option<String>,
    /// A shell command or an `@collect` line.
    pub command: String,
    /// How numbers are shown; `None` for labels and plain numbers.
    pub unit: Option<Unit>,
    /// Milliseconds after which a shell command is killed, 1-300000.
    pub timeout: u32,
    /// Which way it gets better; `None` for labels.
    pub direction: Direction,
    /// The key of the group that it is of.
    pub group: Option<String>,
}

/// A group: metrics that are alike, one for each directory or for each value of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct GroupConfig {
    /// The key in the configuration, which the ids of its metrics begin with.
    pub id: String,
    /// What people read of each metric, with placeholders: `{name}`, `{dir}`, `{basename}`.
    pub name: String,
    /// Numeric or label.
    #[serde(rename = "type")]
    pub kind: MetricType,
    /// A sentence on what the metrics measure.
    pub description: Option<String>,
    /// A shell command or an `@collect` line, with placeholders where `for_each` is given.
    pub command: String,
    /// How numbers are shown; `None` for labels, and where the values say it.
    pub unit: Option<Unit>,
    /// Milliseconds after which a command is killed, 1-300000.
    pub timeout: u32,
    /// Which way the metrics get better; `None` where the values or their unit say it.
    pub direction: Option<Direction>,
    /// Patterns of directories, each of which is a metric; empty where the values of one command are.
    pub for_each: Vec<String>,
    /// Patterns of the directories or values that count; empty for all.
    pub include: Vec<String>,
    /// Patterns of those that do not.
    pub exclude: Vec<String>,
}

words! {
    /// Where the history lives.
    StorageType {
        /// A GitHub Actions artifact.
        SqliteArtifact = "sqlite-artifact",
        /// An object in an S3-compatible store.
        SqliteS3 = "sqlite-s3",
        /// A file.
        SqliteLocal = "sqlite-local",
        /// A Postgres database; no configuration that was accepted names it, as long as this version cannot keep a
        /// history there.
        Postgres = "postgres",
    }
}

/// Where the history lives, as far as the file says; inputs override every field, and what stays
/// unset gets its default from the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct StorageConfig {
    /// `sqlite-artifact` where the file names none, or one that is not known.
    #[serde(rename = "type")]
    pub kind: StorageType,
    /// Whether the file names a type at all, known or not.
    pub type_given: bool,
    /// The file of `sqlite-local`, relative to the configuration's directory.
    pub path: Option<String>,
    /// Defaults for `sqlite-artifact`.
    pub artifact: ArtifactDefaults,
    /// Defaults for `sqlite-s3`.
    pub s3: S3Defaults,
}

/// What the file says about the artifact.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ArtifactDefaults {
    /// The artifact's name.
    pub name: Option<String>,
    /// The branch whose artifacts count.
    pub branch_filter: Option<String>,
}

/// What the file says about the S3 object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct S3Defaults {
    /// The server's address.
    pub endpoint: Option<String>,
    /// The bucket's name.
    pub bucket: Option<String>,
    /// The region's name.
    pub region: Option<String>,
    /// The object's key.
    pub key: Option<String>,
}

words! {
    /// What a failed threshold does to a run.
    GateMode {
        /// Nothing is evaluated.
        Off = "off",
        /// Verdicts are shown and never fail a run.
        Soft = "soft",
        /// A failed blocker fails the run.
        Hard = "hard",
    }
}

/// How pull requests are judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct GateConfig {
    /// What a failed threshold does; default soft.
    pub mode: GateMode,
    /// What a pull request is compared with.
    pub baseline: BaselineConfig,
    /// Whether a comment is written; default true.
    pub enable_pull_request_comment: bool,
    /// Rows in the comment, 1-100; default 30.
    pub max_comment_metrics: u32,
    /// Characters in the comment, 1-20000; default 20000.
    pub max_comment_characters: u32,
    /// In the order of the file; several may name the same metric.
    pub thresholds: Vec<Threshold>,
}

/// What a pull request is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct BaselineConfig {
    /// The branch, where the file names one.
    pub reference_branch: Option<String>,
    /// Days after which a build is too old to compare with, at least 1; default 90.
    pub max_age_days: u32,
}

/// One condition on one numeric metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Threshold {
    /// The id of a configured numeric metric, or a pattern `group/…` of those of a group.
    pub metric: String,
    /// What is compared with what.
    #[serde(flatten)]
    pub rule: Rule,
    /// What a failure means; default blocker.
    pub severity: Severity,
    /// What a missing value means; default fail for blockers, warn for warnings.
    pub on_missing: OnMissing,
    /// Whether the file says what a missing value means.
    #[serde(skip)]
    pub is_on_missing_given: bool,
}

/// What a threshold compares, with the numbers it needs. Serialised as the file spells it:
/// `{"mode": "min", "target": 80}`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "mode", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Rule {
    /// At least `target`, in the metric's own unit.
    Min {
        /// Any finite number.
        target: f64,
    },
    /// At most `target`, in the metric's own unit.
    Max {
        /// Any finite number.
        target: f64,
    },
    /// Not worse than the baseline by more than `tolerance`, in the metric's own unit.
    NoRegression {
        /// At least 0; default 0.5.
        tolerance: f64,
    },
    /// Not below the baseline by more than this share of it.
    DeltaMaxDrop {
        /// Percent, above 0.
        max_drop_percent: f64,
    },
    /// Not above the baseline by more than this share of it.
    DeltaMaxRise {
        /// Percent, above 0.
        max_rise_percent: f64,
    },
    /// Not farther from the median of the last builds than their spread explains.
    Anomaly {
        /// Builds of the reference branch that are looked at, 8-1000; default 30.
        window: u32,
        /// Scaled deviations that are allowed, above 0; default 6.
        sensitivity: f64,
    },
}

impl Rule {
    /// The word for it in the file.
    pub fn mode(&self) -> ThresholdMode {
        match self {
            Rule::Min { .. } => ThresholdMode::Min,
            Rule::Max { .. } => ThresholdMode::Max,
            Rule::NoRegression { .. } => ThresholdMode::NoRegression,
            Rule::DeltaMaxDrop { .. } => ThresholdMode::DeltaMaxDrop,
            Rule::DeltaMaxRise { .. } => ThresholdMode::DeltaMaxRise,
            Rule::Anomaly { .. } => ThresholdMode::Anomaly,
        }
    }
}

words! {
    /// The kinds of [`Rule`].
    ThresholdMode {
        /// [`Rule::NoRegression`].
        NoRegression = "no-regression",
        /// [`Rule::Min`].
        Min = "min",
        /// [`Rule::Max`].
        Max = "max",
        /// [`Rule::DeltaMaxDrop`].
        DeltaMaxDrop = "delta-max-drop",
        /// [`Rule::DeltaMaxRise`].
        DeltaMaxRise = "delta-max-rise",
        /// [`Rule::Anomaly`].
        Anomaly = "anomaly",
    }
}

words! {
    /// What a failed threshold means.
    Severity {
        /// It can fail the run (where the gate is hard).
        Blocker = "blocker",
        /// It is only shown.
        Warning = "warning",
    }
}

words! {
    /// What it means that a threshold's metric has no value.
    OnMissing {
        /// The threshold has failed.
        Fail = "fail",
        /// It is shown and fails nothing.
        Warn = "warn",
        /// Nothing.
        Ignore = "ignore",
    }
}

/// How the report is laid out and coloured.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Sections in order; empty means one section with a chart for every metric.
    pub sections: Vec<Section>,
    /// Colours.
    pub theme: Theme,
    /// Light, dark or what the reader's system says.
    pub mode: ColourMode,
}

/// A titled group of charts.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Section {
    /// Heading.
    pub name: String,
    /// A line below the heading.
    pub description: Option<String>,
    /// At least one.
    pub charts: Vec<Chart>,
}

/// One chart over one or more metrics.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Chart {
    /// Ids of configured metrics, or patterns `group/…` of those of a group.
    pub metrics: Vec<String>,
    /// Replaces the metrics' names above the chart.
    pub title: Option<String>,
}

words! {
    /// Light, dark, or the reader's preference.
    ColourMode {
        /// Follow the reader's system.
        Auto = "auto",
        /// Always light.
        Light = "light",
        /// Always dark.
        Dark = "dark",
    }
}

// The attribute that would derive this cannot pass through the macro to one variant.
#[allow(clippy::derivable_impls)]
impl Default for ColourMode {
    fn default() -> Self {
        defaults::COLOUR_MODE
    }
}

/// The names of the themes that come with the report; the first is the default.
pub const THEMES: &[&str] = &["lattice", "flux", "halftone", "specimen"];

/// The colour variables that a custom theme may set.
pub const THEME_VARIABLES: [&str; 12] = [
    "--bg",
    "--surface",
    "--surface-card",
    "--border",
    "--border-soft",
    "--text",
    "--text-dim",
    "--text-muted",
    "--accent",
    "--up",
    "--down",
    "--warn",
];

/// A named theme or the user's own colours.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Theme {
    /// `lattice`, `flux`, `halftone` or `specimen`.
    Named(String),
    /// `(variable, #rrggbb)` pairs for each scheme; unset variables keep the default theme's.
    Custom {
        /// For dark.
        dark: Vec<(String, String)>,
        /// For light.
        light: Vec<(String, String)>,
    },
}

impl Default for Theme {
    fn default() -> Self {
        Theme::Named(THEMES[0].into())
    }
}
