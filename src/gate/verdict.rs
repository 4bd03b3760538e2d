//! The shapes of a verdict, as the results file and the host see them. They hold what was decided,
//! with every number also as the text that people read; nothing is decided here.

use crate::config::{GateMode, Threshold};
use crate::error::Error;
use crate::metric::Unit;
use serde::Serialize;

/// Everything that comes out of judging one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct GateOutcome {
    /// The verdict: the `qualityGate` object of the results file.
    pub quality_gate: GateVerdict,
    /// Whether the run must fail: the gate is hard and a blocker failed.
    pub blocks: bool,
    /// What to mark on the run, failures first.
    pub annotations: Vec<Annotation>,
    /// Why the run must fail; `null` also where it must because the history was refused, which has a
    /// reason of its own.
    pub failure: Option<Error>,
    /// A warning where the change says something of the storage, the files that count or the comment
    /// that is not used before it is merged.
    pub unmerged: Option<Error>,
}

/// The verdict on one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct GateVerdict {
    /// `fail` where a blocker failed, `pass` where none did and at least one value was judged,
    /// `unknown` where nothing could be judged, what the base branch demands is not known, or the
    /// history was refused.
    pub status: GateStatus,
    /// The mode that was in force.
    pub mode: GateMode,
    /// Every metric, in the order of the configuration. One without a threshold is `unknown` and has no
    /// `threshold`. Empty where the gate is off.
    pub metrics: Vec<MetricVerdict>,
    /// Those of `metrics` that fail the gate, in the same order: a blocker of theirs failed.
    pub failing_metrics: Vec<MetricVerdict>,
    /// Counts over `metrics`.
    pub summary: GateSummary,
    /// What the values were compared with.
    pub baseline_info: BaselineInfo,
    /// Whose thresholds were judged: the base branch's (with what this change tightens) or this
    /// change's own.
    pub judged_by: JudgedBy,
    /// Whether the history was refused because the change itself brings it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(test, ts(as = "Option<bool>"))]
    pub history_refused: bool,
    /// Why the base branch's configuration was not used, where one was given that cannot be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration_problem: Option<String>,
    /// How this change's configuration differs from the base branch's in what the gate judges.
    pub configuration_changes: Vec<ConfigurationChange>,
}

/// The word of a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum GateStatus {
    /// A threshold was broken, or a value that must be there is missing.
    Fail,
    /// It could not be judged.
    Unknown,
    /// It was judged and is kept.
    Pass,
}

/// Whose thresholds were judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum JudgedBy {
    /// Those of the base branch's configuration.
    Base,
    /// Those of the change's own configuration.
    Own,
}

impl GateVerdict {
    /// The metrics that something is demanded of.
    pub(super) fn gated(&self) -> impl Iterator<Item = &MetricVerdict> {
        self.metrics.iter().filter(|metric| !metric.thresholds.is_empty())
    }

    /// The metrics that are only shown.
    pub(super) fn ungated(&self) -> impl Iterator<Item = &MetricVerdict> {
        self.metrics.iter().filter(|metric| metric.thresholds.is_empty())
    }
}

/// One metric with its numbers and what they were found to be.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct MetricVerdict {
    /// The metric's id.
    pub metric: String,
    /// The key of the group that it is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The unit of all its numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// The value it is compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<f64>,
    /// This run's value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull_request_value: Option<f64>,
    /// This run's value less the baseline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absolute_delta: Option<f64>,
    /// The delta in percent of the baseline's magnitude; none where the baseline is zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relative_delta_percent: Option<f64>,
    /// The threshold that decided: the first of the worst.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Threshold>,
    /// `fail` where one of its thresholds failed, else `pass` where one passed, else `unknown`.
    pub status: GateStatus,
    /// Why, in the words of the threshold that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Whether a failed threshold of it is a blocker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_blocking: Option<bool>,
    /// Every threshold with its own verdict, in the order of the configuration.
    pub thresholds: Vec<ThresholdVerdict>,
    /// The build that the baseline comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline_build: Option<BaselineBuild>,
    /// Why there is no value of this run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The same for people.
    pub text: MetricText,
}

/// A metric's numbers as people read them; empty where there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct MetricText {
    /// The metric's display name.
    pub name: String,
    /// This run's value.
    pub value: String,
    /// The baseline.
    pub baseline: String,
    /// The absolute delta, signed, with the relative one where it says more.
    pub delta: String,
    /// What the threshold that decided demands.
    pub threshold: String,
}

/// One threshold's verdict.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ThresholdVerdict {
    /// What was judged.
    pub threshold: Threshold,
    /// What it was found to be.
    pub status: GateStatus,
    /// Why; also for a pass.
    pub message: String,
    /// Whether it failed and is a blocker.
    pub is_blocking: bool,
    /// What it demands: `at least 80.0%`.
    pub text: String,
}

/// Counts over all metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct GateSummary {
    /// All of them.
    pub total_metrics: usize,
    /// Those whose value was judged by at least one threshold.
    pub evaluated_metrics: usize,
    /// Those that passed.
    pub passed: usize,
    /// Those that failed.
    pub failed: usize,
    /// Those that could not be judged, or have no threshold.
    pub unknown: usize,
}

/// What the values were compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct BaselineInfo {
    /// The branch; `null` where none is known.
    #[cfg_attr(test, ts(optional = false))]
    pub reference_branch: Option<String>,
    /// Builds older than this many days do not count.
    pub max_age_days: u32,
    /// Builds of the branch that count.
    pub builds_considered: usize,
    /// The commit of the build that is preferred; metrics without a value in it have another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit_sha: Option<String>,
    /// The time of that build, `YYYY-MM-DDTHH:MM:SS.mmmZ`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// How that build was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub choice: Option<BaselineChoice>,
    /// Whether that build is of the commit on which the uncommitted changes that are judged lie.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(test, ts(as = "Option<bool>"))]
    pub uncommitted: bool,
    /// Why there is nothing to compare with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// How a baseline's build was chosen, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum BaselineChoice {
    /// It is a build of the merge base.
    MergeBase,
    /// It is a build of the nearest recorded ancestor of the merge base.
    Ancestor,
    /// It is the newest build that is not later than the merge base.
    Earlier,
    /// The merge base has no place in the history, so it is the newest build of the branch.
    Newest,
}

/// The build that a baseline comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct BaselineBuild {
    /// Its commit.
    pub commit_sha: String,
    /// Its time, `YYYY-MM-DDTHH:MM:SS.mmmZ`.
    pub timestamp: String,
    /// How it was chosen.
    pub choice: BaselineChoice,
}

/// One difference between the base branch's configuration and this change's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct ConfigurationChange {
    /// What became of the gate.
    pub effect: ChangeEffect,
    /// The metric it is about, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// What changed: `threshold`; `group`, or of a group `forEach`, `include`, `exclude` and what a metric has; of a metric `metric`, `command`, `timeout`, `name`, `type`, `unit` or
    /// `direction`; `mode`, `referenceBranch`, `maxAgeDays`, `sources`, `enablePullRequestComment`,
    /// `maxCommentMetrics`, `maxCommentCharacters`; a key of `storage` with its path, such as
    /// `storage.s3.bucket`.
    pub what: String,
    /// What the base branch says; none where it says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What this change says; none where it says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// What was judged, in words.
    pub judged: String,
}

/// What a difference does to the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum ChangeEffect {
    /// It demands less; it holds once it is merged.
    Loosened,
    /// It demands more; it holds at once.
    Tightened,
    /// It demands more in one respect and less in another, or something else.
    Changed,
}

/// What to mark on a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Annotation {
    /// How loud.
    pub level: AnnotationLevel,
    /// The metric's id.
    pub metric: String,
    /// A few words.
    pub title: String,
    /// What was found and what was expected.
    pub message: String,
}

/// How loud an annotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum AnnotationLevel {
    /// A failed blocker of a hard gate.
    Error,
    /// Every other failure, and what is missing and must be seen.
    Warning,
}
