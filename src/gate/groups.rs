//! Which metrics of groups are judged although this run has no value of them. Which metrics a group has is known when it
//! was measured; what the base branch's build had is the other half, so that a change removes no value unseen.

use super::baseline::Reference;
use super::configuration::Terms;
use super::verdict::{ChangeEffect, ConfigurationChange};
use super::{GateMeasurement, MeasurementStatus};
use crate::config::{Config, GroupConfig, MetricConfig, OnMissing, Threshold};
use crate::error::Result;
use crate::history::History;
use crate::metric::{Direction, MetricType};
use crate::text::plural;
use std::collections::HashSet;

/// How a metric comes to be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// The change has it.
    Kept,
    /// The change takes it out of its configuration.
    Removed,
    /// The group gave no value of it any more, while the base branch's build has one.
    Gone,
    /// Measuring its group failed, with the cause.
    Failed(String),
    /// It stands for a group of which no metric is known, with the cause.
    Whole,
}

impl Standing {
    /// Why there is no value, where that is known without looking for one.
    pub(super) fn problem(&self) -> Option<&str> {
        match self {
            Standing::Kept => None,
            Standing::Removed => Some("the change removes the metric from the configuration"),
            Standing::Gone => Some("this run gave no value of it any more, the base branch's build has one"),
            Standing::Failed(problem) => Some(problem),
            Standing::Whole => Some("no metric of the group is known"),
        }
    }

    /// A threshold as it is judged: what is gone with its source is told, and fails only where the file says so.
    pub(super) fn judged(&self, threshold: Threshold) -> Threshold {
        match self {
            Standing::Gone if !threshold.is_on_missing_given => {
                Threshold { on_missing: OnMissing::Warn, ..threshold }
            }
            _ => threshold,
        }
    }
}

/// Whether a threshold is of the group that a metric stands for.
pub(super) fn names(threshold: &Threshold, whole: &MetricConfig) -> bool {
    if whole.group.as_ref() != Some(&whole.id) {
        return false;
    }
    let Some(rest) = threshold.metric.strip_prefix(whole.id.as_str()) else { return false };
    rest.starts_with(['/', '-'])
}

/// Every metric that is judged or shown with how it comes to be. What is gone is added to the differences.
pub(super) fn standings(
    history: Option<&History>,
    reference: &Reference,
    own: &Config,
    terms: &mut Terms,
    measurements: &[GateMeasurement],
) -> Result<Vec<(MetricConfig, Standing)>> {
    let mine: HashSet<&str> = own.metrics.iter().map(|metric| metric.id.as_str()).collect();
    let kept = |metric: &MetricConfig| match mine.contains(metric.id.as_str()) {
        true => Standing::Kept,
        false => Standing::Removed,
    };
    let mut shown: Vec<(MetricConfig, Standing)> =
        terms.metrics.iter().map(|metric| (metric.clone(), kept(metric))).collect();
    let gated: Vec<&GroupConfig> = terms
        .groups
        .iter()
        .filter(|group| terms.thresholds.iter().any(|threshold| group.is_named_by(&threshold.metric)))
        .collect();
    if gated.is_empty() {
        return Ok(shown);
    }
    let known: HashSet<String> = terms.metrics.iter().map(|metric| metric.id.clone()).collect();
    let recorded = history.map(History::metrics).transpose()?.unwrap_or_default();
    let mut changes = Vec::new();
    for group in gated {
        let standing = match (failure(group, measurements), own.groups.iter().any(|own| own.id == group.id)) {
            (_, false) => Standing::Removed,
            (Some(problem), true) => Standing::Failed(problem),
            (None, true) => Standing::Gone,
        };
        let mut gone = 0;
        let is_of = |id: &str| {
            let is_nearer = |other: &GroupConfig| other.id.len() > group.id.len() && other.is_named_by(id);
            group.is_named_by(id) && !terms.groups.iter().any(is_nearer)
        };
        for stored in recorded.iter().filter(|stored| is_of(&stored.id)) {
            let metric = group.recorded(&stored.id, stored.kind, stored.unit);
            let is_judged = terms.thresholds.iter().any(|threshold| threshold.selects(&metric));
            if known.contains(&stored.id) || !is_judged {
                continue;
            }
            let Some(history) = history else { continue };
            if !reference.has_first(history, &stored.id)? {
                continue;
            }
            gone += usize::from(standing == Standing::Gone);
            shown.push((metric, standing.clone()));
        }
        if gone > 0 {
            changes.push(gone_from(group, gone));
        }
        if !shown.iter().any(|(metric, _)| metric.group.as_ref() == Some(&group.id)) {
            let whole = whole(group);
            let standing = match standing {
                Standing::Gone => Standing::Whole,
                Standing::Removed => {
                    Standing::Failed("the change removes the group from the configuration".to_owned())
                }
                other => other,
            };
            shown.push((whole, standing));
        }
    }
    terms.changes.extend(changes);
    Ok(shown)
}

/// Why measuring a group failed as a whole.
fn failure(group: &GroupConfig, measurements: &[GateMeasurement]) -> Option<String> {
    let failed =
        |measured: &&GateMeasurement| measured.id == group.id && measured.status == MeasurementStatus::Failed;
    let measured = measurements.iter().find(failed)?;
    let cause = measured.error.as_ref().map(|error| error.message.as_str()).unwrap_or_default();
    Some(if cause.is_empty() {
        "its collection failed".to_owned()
    } else {
        format!("its collection failed: {cause}")
    })
}

/// A metric that stands for a group.
fn whole(group: &GroupConfig) -> MetricConfig {
    MetricConfig {
        id: group.id.clone(),
        name: group.id.clone(),
        kind: MetricType::Numeric,
        description: group.description.clone(),
        command: group.command.clone(),
        unit: group.unit,
        timeout: group.timeout,
        direction: group.direction.unwrap_or_else(|| Direction::of_unit(group.unit)),
        group: Some(group.id.clone()),
    }
}

fn gone_from(group: &GroupConfig, count: usize) -> ConfigurationChange {
    ConfigurationChange {
        effect: ChangeEffect::Loosened,
        metric: Some(group.id.clone()),
        what: "values".to_owned(),
        before: Some(format!("{} that this run no longer has", plural(count, "metric", "metrics"))),
        after: None,
        judged: "not judged, unless `onMissing` of their threshold says so".to_owned(),
    }
}
