//! The quality gate: judges one run's values by the thresholds of the configuration and the builds
//! of the reference branch. Pure: the same configuration, history, measurements and facts give the
//! same verdict. Measuring, finding the merge base and showing the verdict belong to the host.
//!
//! `docs/gate.md` is the description for users; `tests/fixtures/gate` holds the verdicts as data.

mod baseline;
mod change;
mod comment;
mod configuration;
mod failure;
mod groups;
mod judge;
mod reported;
pub mod statistics;
mod terminal;
mod verdict;
mod words;

pub use change::{Change, ChangeFacts, ChangeTerms};
pub use comment::{CommentFacts, DEFAULT_MARKER, comment, marker_line, summary};
pub use judge::{ANOMALY_BUILDS, Deviation, deviation};
pub use reported::{ReportedMeasurement, ReportedMeasurements, reported};
pub use terminal::{Style, StyledLine, StyledText, lines};
pub use verdict::{
    Annotation, AnnotationLevel, BaselineBuild, BaselineChoice, BaselineInfo, ChangeEffect,
    ConfigurationChange, GateOutcome, GateStatus, GateSummary, GateVerdict, JudgedBy, MetricText,
    MetricVerdict, ThresholdVerdict,
};

use crate::config::{GateMode, GroupListing, MetricConfig, OnMissing, Rule, Severity, Threshold};
use crate::error::Result;
use crate::history::{Build, History};
use crate::metric::Value;
use crate::metric::{MetricType, Unit};
use crate::text::{Digits, denoted, difference, format_value, plural, quote};
use baseline::Reference;
use configuration::Terms;
use groups::Standing;
use judge::{Judgement, Numbers, judge};
use serde::{Deserialize, Serialize};

/// What became of one metric in this run. A metric that is not in the list was not measured.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(rename_all = "camelCase")]
pub struct GateMeasurement {
    /// The metric's id.
    pub id: String,
    /// Whether there is a value.
    pub status: MeasurementStatus,
    /// The value where there is one.
    #[serde(default)]
    pub value: Option<Value>,
    /// Why there is none.
    #[serde(default)]
    pub error: Option<Reason>,
}

/// Whether a metric has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum MeasurementStatus {
    /// It has.
    Ok,
    /// Collecting it failed.
    Failed,
}

/// Why collecting a metric failed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Reason {
    /// The cause in words.
    pub message: String,
}

/// The facts of the run that is judged, as the host knows them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(rename_all = "camelCase")]
pub struct GateFacts {
    /// RFC 3339 time of the comparison.
    pub now: String,
    /// The reference branch that was asked for; before the configuration's.
    #[serde(default)]
    pub reference_branch: Option<String>,
    /// The branch that is compared with where neither an input nor the configuration names one:
    /// the pull request's target, or the repository's default branch.
    #[serde(default)]
    pub default_reference_branch: Option<String>,
    /// Where the change left the reference branch, as far as it is known.
    #[serde(default)]
    pub merge_base: Option<MergeBase>,
    /// Commits before the merge base, newest first, as far as they are known.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(test, ts(as = "Option<_>"))]
    pub ancestors: Vec<String>,
    /// The commit that is judged. Its own builds are no baseline, unless `uncommitted` is set.
    #[serde(default)]
    pub commit_sha: Option<String>,
    /// Whether what is judged is that commit with changes on top. A build of the commit itself is then
    /// what they are compared with, where the commit is on the reference branch.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<bool>", optional))]
    pub uncommitted: bool,
    /// Why the history could not be read, where it could not: then there are no baselines.
    #[serde(default)]
    pub history_problem: Option<String>,
    /// Whether the history was refused because the change itself brings it: then passing shows
    /// nothing, and `history_problem` says why.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<bool>", optional))]
    pub history_refused: bool,
    /// What the change's groups were found to have.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<Vec<GroupListing>>", optional))]
    pub listings: Vec<GroupListing>,
    /// What the base branch's groups were found to have, in what is checked out.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<Vec<GroupListing>>", optional))]
    pub base_listings: Vec<GroupListing>,
}

/// Where a change left the reference branch.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(rename_all = "camelCase")]
pub struct MergeBase {
    /// The commit.
    pub commit_sha: String,
    /// The commit's RFC 3339 time.
    #[serde(default)]
    pub time: Option<String>,
}

fn null_as_default<'de, D, T>(deserializer: D) -> std::result::Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// Judges a run of a change. Without a history there are no baselines.
///
/// Where the base branch's configuration cannot be read the verdict says so and the change's own is
/// judged; that is `unknown` at best, and blocks in the mode `hard`. A history that was refused
/// because the change brings it has the same outcome.
///
/// # Errors
/// `BUILD_INVALID` where a time of the facts is none; what reading the history gives.
pub fn evaluate(
    history: Option<&History>,
    change: &Change,
    measurements: &[GateMeasurement],
    facts: &GateFacts,
) -> Result<GateOutcome> {
    let (own, mut terms) = change.expanded(&facts.listings, &facts.base_listings);
    let branch = given(facts.reference_branch.as_deref())
        .or(terms.reference_branch.as_deref())
        .or(given(facts.default_reference_branch.as_deref()))
        .map(str::to_owned);
    let history = history.filter(|_| terms.mode != GateMode::Off && facts.history_problem.is_none());
    let reference = match (history, &branch) {
        (Some(history), Some(branch)) => Reference::find(history, branch, terms.max_age_days, facts)?,
        _ => Reference::none(),
    };
    let shown = groups::standings(history, &reference, &own, &mut terms, measurements)?;
    let info = baseline_info(branch, &reference, &terms, facts);
    // Without a threshold there is nothing that another history could get around.
    let is_refused = facts.history_refused && !terms.thresholds.is_empty();
    let run = Run { history, measurements, reference, info, terms: &terms, is_refused };
    run.outcome(&shown)
}

/// A text that says something; an empty input is an unset one.
fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.trim().is_empty())
}

fn baseline_info(
    branch: Option<String>,
    reference: &Reference,
    terms: &Terms,
    facts: &GateFacts,
) -> BaselineInfo {
    let first = reference.first();
    let days = plural(terms.max_age_days as usize, "day", "days");
    let problem = match (&facts.history_problem, &branch, first) {
        _ if terms.mode == GateMode::Off => None,
        (Some(problem), ..) if facts.history_refused => Some(format!("the history was not used: {problem}")),
        (Some(problem), ..) => Some(format!("the history could not be read: {problem}")),
        (None, None, _) => Some("no reference branch is known".to_owned()),
        (None, Some(_), Some(_)) => None,
        (None, Some(branch), None) if reference.len() == 0 => {
            Some(format!("the branch {} has no build of the last {days}", quote(branch)))
        }
        (None, Some(branch), None) => Some(format!(
            "the branch {} has no build of the last {days} that is not later than the merge base",
            quote(branch)
        )),
    };
    BaselineInfo {
        reference_branch: branch,
        max_age_days: terms.max_age_days,
        builds_considered: reference.len(),
        commit_sha: first.map(|(build, _)| build.commit_sha.clone()),
        timestamp: first.map(|(build, _)| build.timestamp.clone()),
        choice: first.map(|(_, choice)| choice),
        uncommitted: facts.uncommitted
            && first.is_some_and(|(build, _)| Some(&build.commit_sha) == facts.commit_sha.as_ref()),
        problem,
    }
}

/// One run that is judged.
struct Run<'r> {
    history: Option<&'r History>,
    measurements: &'r [GateMeasurement],
    reference: Reference,
    info: BaselineInfo,
    terms: &'r Terms,
    /// Whether the history was refused because the change brings it.
    is_refused: bool,
}

/// A threshold's verdict, and whether a value was compared for it.
struct Judged {
    verdict: ThresholdVerdict,
    is_evaluated: bool,
    /// Whether a person must see it although it is no failure.
    is_told: bool,
    /// The digits that its sentence needs, and those of shares in it.
    digits: [Digits; 2],
}

impl Run<'_> {
    fn outcome(self, shown: &[(MetricConfig, Standing)]) -> Result<GateOutcome> {
        let mut metrics = Vec::new();
        let mut annotations = Vec::new();
        let mut summary = GateSummary::default();
        let (mut is_failed, mut is_evaluated) = (false, false);
        let shown = if self.terms.mode == GateMode::Off { &[] } else { shown };
        for (metric, standing) in shown {
            let named = self
                .terms
                .thresholds
                .iter()
                .filter(|threshold| threshold.selects(metric) || groups::names(threshold, metric));
            let thresholds: Vec<Threshold> = named
                .map(|threshold| Threshold { metric: metric.id.clone(), ..threshold.clone() })
                .map(|threshold| standing.judged(threshold))
                .collect();
            let (verdict, judged) = self.metric(metric, &thresholds, standing)?;
            summary.total_metrics += 1;
            summary.evaluated_metrics += usize::from(judged.iter().any(|judged| judged.is_evaluated));
            match verdict.status {
                GateStatus::Pass => summary.passed += 1,
                GateStatus::Fail => summary.failed += 1,
                GateStatus::Unknown => summary.unknown += 1,
            }
            is_evaluated |= judged.iter().any(|judged| judged.is_evaluated);
            is_failed |= judged.iter().any(|judged| judged.verdict.is_blocking);
            annotations
                .extend(judged.iter().filter_map(|judged| self.annotation(&verdict.text.name, judged)));
            metrics.push(verdict);
        }
        let (mut annotations, warnings): (Vec<_>, Vec<_>) = annotations
            .into_iter()
            .partition(|annotation: &Annotation| annotation.level == AnnotationLevel::Error);
        annotations.extend(warnings);
        let Run { info, terms, is_refused, .. } = self;
        // What the base branch demands is not known, or a history that the change brings stood in for the real one:
        // passing what the change itself has chosen shows nothing.
        let is_unbound = terms.problem.is_some() || is_refused;
        let status = match (is_failed, is_evaluated && !is_unbound) {
            (true, _) => GateStatus::Fail,
            (false, true) => GateStatus::Pass,
            (false, false) => GateStatus::Unknown,
        };
        let quality_gate = GateVerdict {
            status,
            mode: terms.mode,
            failing_metrics: metrics.iter().filter(|m| m.is_blocking == Some(true)).cloned().collect(),
            metrics,
            summary,
            baseline_info: info,
            judged_by: terms.judged_by,
            history_refused: is_refused,
            configuration_problem: terms.problem.clone(),
            configuration_changes: terms.changes.clone(),
        };
        let blocks = terms.mode == GateMode::Hard && (is_failed || is_unbound);
        Ok(GateOutcome {
            blocks,
            annotations,
            failure: blocks.then(|| failure::blocked(&quality_gate)).flatten(),
            unmerged: failure::unmerged(&quality_gate),
            quality_gate,
        })
    }

    fn metric(
        &self,
        metric: &MetricConfig,
        thresholds: &[Threshold],
        standing: &Standing,
    ) -> Result<(MetricVerdict, Vec<Judged>)> {
        let (value, problem) = match self.value(metric, standing) {
            Ok(value) => (Some(value), None),
            Err(problem) => (None, Some(problem)),
        };
        let number = match value {
            Some(Value::Numeric(number)) => Some(*number),
            _ => None,
        };
        let found = match (metric.kind, self.history) {
            (MetricType::Numeric, Some(history)) => self.reference.value(history, &metric.id)?,
            _ => None,
        };
        let baseline = found.map(|(baseline, ..)| baseline);
        let reason = self.no_baseline();
        let mut judged = Vec::with_capacity(thresholds.len());
        for threshold in thresholds {
            judged.push(match number {
                Some(value) => {
                    let window = match (threshold.rule, self.history) {
                        (Rule::Anomaly { window, .. }, Some(history)) => {
                            self.reference.window(history, &metric.id, window as usize)?
                        }
                        _ => Vec::new(),
                    };
                    let baseline = baseline.ok_or(reason.as_str());
                    let numbers = Numbers { value, baseline, window: &window };
                    self.judged(threshold, metric, judge(&threshold.rule, metric, numbers), true)
                }
                None => {
                    let mut missing = Judgement::unknown(problem.as_deref().unwrap_or_default());
                    if threshold.on_missing == OnMissing::Fail {
                        missing.status = GateStatus::Fail;
                    }
                    self.judged(threshold, metric, missing, false)
                }
            });
        }
        let delta = number.zip(baseline).map(|(value, baseline)| value - baseline).filter(|d| d.is_finite());
        let relative = delta
            .zip(baseline)
            .filter(|(_, baseline)| *baseline != 0.0)
            .map(|(delta, baseline)| delta / baseline.abs() * 100.0)
            .filter(|relative| relative.is_finite());
        let status = judged.iter().map(|judged| judged.verdict.status);
        let status = match (status.clone().min(), status.max()) {
            (Some(GateStatus::Fail), _) => GateStatus::Fail,
            (_, Some(GateStatus::Pass)) => GateStatus::Pass,
            _ => GateStatus::Unknown,
        };
        let decided = judged
            .iter()
            .map(|judged| &judged.verdict)
            .filter(|verdict| verdict.status == status)
            .max_by_key(|verdict| (verdict.is_blocking, std::cmp::Reverse(place(&judged, verdict))));
        // A row's numbers have the digits of its sentences, and those that tell them apart.
        let most = |which: usize| judged.iter().map(|judged| judged.digits[which]).max().unwrap_or_default();
        let told = most(0);
        let digits = number.zip(baseline).map_or(told, |(value, baseline)| {
            told.or_more(|digits| tells_apart(digits, value, baseline, metric.unit))
        });
        let text = MetricText {
            name: metric.name.clone(),
            value: match value {
                Some(Value::Numeric(number)) => digits.value(*number, metric.unit),
                Some(Value::Label(label)) => label.clone(),
                None => String::new(),
            },
            baseline: baseline.map(|baseline| digits.value(baseline, metric.unit)).unwrap_or_default(),
            delta: match (number, baseline, delta) {
                (Some(value), Some(baseline), Some(_)) => {
                    delta_text(difference(baseline, value), relative, metric.unit, [digits, most(1)])
                }
                _ => String::new(),
            },
            threshold: decided.map(|verdict| verdict.text.clone()).unwrap_or_default(),
        };
        let verdict = MetricVerdict {
            metric: metric.id.clone(),
            group: metric.group.clone(),
            unit: metric.unit,
            baseline,
            pull_request_value: number,
            absolute_delta: delta,
            relative_delta_percent: relative,
            threshold: decided.map(|verdict| verdict.threshold.clone()),
            status,
            message: decided.map(|verdict| verdict.message.clone()),
            is_blocking: (!judged.is_empty()).then(|| judged.iter().any(|judged| judged.verdict.is_blocking)),
            thresholds: judged.iter().map(|judged| judged.verdict.clone()).collect(),
            baseline_build: found.map(|(_, build, choice)| baseline_build(build, choice)),
            problem,
            text,
        };
        Ok((verdict, judged))
    }

    /// This run's value of a metric, or why there is none.
    fn value(&self, metric: &MetricConfig, standing: &Standing) -> std::result::Result<&Value, String> {
        if let Some(problem) = standing.problem() {
            return Err(problem.to_owned());
        }
        let Some(measurement) = self.measurements.iter().find(|measured| measured.id == metric.id) else {
            return Err("it was not measured".to_owned());
        };
        if measurement.status == MeasurementStatus::Failed {
            let cause =
                measurement.error.as_ref().map(|error| error.message.as_str()).and_then(|m| given(Some(m)));
            return Err(match cause {
                Some(cause) => format!("its collection failed: {cause}"),
                None => "its collection failed".to_owned(),
            });
        }
        match (&measurement.value, metric.kind) {
            (Some(Value::Numeric(number)), MetricType::Numeric) if !number.is_finite() => {
                Err(format!("expected a finite number, found {number}"))
            }
            (Some(value), kind) if value.kind() == kind => Ok(value),
            (Some(Value::Numeric(number)), _) => {
                Err(format!("expected a label, found the number {}", format_value(*number, None)))
            }
            (Some(Value::Label(label)), _) => Err(format!("expected a number, found {}", quote(label))),
            (None, _) => Err("its collection gave no value".to_owned()),
        }
    }

    fn no_baseline(&self) -> String {
        match &self.info.problem {
            Some(problem) => format!("no baseline: {problem}"),
            None => {
                let branch = quote(self.info.reference_branch.as_deref().unwrap_or_default());
                format!("no baseline: no build of {branch} that counts has a value")
            }
        }
    }

    fn judged(
        &self,
        threshold: &Threshold,
        metric: &MetricConfig,
        Judgement { status, message, digits, share_digits }: Judgement,
        has_value: bool,
    ) -> Judged {
        Judged {
            digits: [digits, share_digits],
            is_evaluated: has_value && status != GateStatus::Unknown,
            is_told: !has_value && threshold.on_missing == OnMissing::Warn,
            verdict: ThresholdVerdict {
                is_blocking: status == GateStatus::Fail && threshold.severity == Severity::Blocker,
                text: words::requirement(&threshold.rule, Some(metric), digits),
                threshold: threshold.clone(),
                status,
                message,
            },
        }
    }

    fn annotation(&self, name: &str, judged: &Judged) -> Option<Annotation> {
        let verdict = &judged.verdict;
        if verdict.status != GateStatus::Fail && !judged.is_told {
            return None;
        }
        let is_error = verdict.is_blocking && self.terms.mode == GateMode::Hard;
        Some(Annotation {
            level: if is_error { AnnotationLevel::Error } else { AnnotationLevel::Warning },
            metric: verdict.threshold.metric.clone(),
            title: format!("{name}: {}", verdict.text),
            message: verdict.message.clone(),
        })
    }
}

fn place(judged: &[Judged], verdict: &ThresholdVerdict) -> usize {
    judged.iter().position(|judged| std::ptr::eq(&judged.verdict, verdict)).unwrap_or(usize::MAX)
}

fn baseline_build(build: &Build, choice: BaselineChoice) -> BaselineBuild {
    BaselineBuild { commit_sha: build.commit_sha.clone(), timestamp: build.timestamp.clone(), choice }
}

/// Whether two numbers and their difference read as what they are, with these digits.
fn tells_apart(digits: Digits, value: f64, baseline: f64, unit: Option<Unit>) -> bool {
    let delta = difference(baseline, value);
    let is_different = delta != 0.0;
    let texts = [value, baseline].map(|number| digits.value(number, unit));
    (texts[0] != texts[1]) == is_different && (denoted(&digits.delta(delta, unit)) != 0.0) == is_different
}

/// A delta with its share of the baseline, which for percentages would only confuse, and which says
/// nothing where it reads as zero.
fn delta_text(delta: f64, relative: Option<f64>, unit: Option<Unit>, digits: [Digits; 2]) -> String {
    let text = digits[0].delta(delta, unit);
    let is_shown = |relative: &f64| {
        unit != Some(Unit::Percent)
            && relative.abs() < 9_999.95
            && denoted(&digits[1].relative(*relative)) != 0.0
    };
    match relative.filter(is_shown) {
        Some(relative) if delta != 0.0 => format!("{text} ({})", digits[1].relative(relative)),
        _ => text,
    }
}
