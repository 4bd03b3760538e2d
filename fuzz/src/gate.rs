//! Verdicts over any configuration, base configuration, measurements, facts and history. Whatever
//! they are, a verdict says what its own numbers say.

use crate::shape::Choices;
use crate::{is_sound, surely};
use serde_json::Value as Json;
use unentropy::api;
use unentropy::config::{GateMode, Rule};
use unentropy::error::Code;
use unentropy::gate::{
    self, ChangeFacts, CommentFacts, GateFacts, GateMeasurement, GateOutcome, GateStatus, MetricVerdict,
};
use unentropy::history::{History, Limits};

/// Bytes as all that a verdict comes from.
pub fn judged(data: &[u8]) {
    let mut choices = Choices::of(data);
    let config = choices.config().to_string();
    let base = match choices.below(6) {
        0 => None,
        1 => Some(config.clone()),
        2 => Some(choices.text()),
        _ => Some(choices.config().to_string()),
    };
    let measurements: Vec<GateMeasurement> = read(choices.measurements());
    let facts = choices.facts();
    let mut binding: ChangeFacts = read(facts.clone());
    binding.base_config_text = base;
    let facts: GateFacts = read(facts);
    let comment: CommentFacts = read(choices.comment());
    let mut history = surely(History::open(None, Limits::default()), "a new history");
    let mut builds = 0;
    while !choices.is_over() && builds < 24 {
        builds += 1;
        let (context, metrics) = choices.build();
        if let Err(error) = history.record(&context, &metrics) {
            is_sound(&error, &[Code::BuildInvalid]);
        }
    }
    let judge = || {
        let change = api::change(&config, &binding)?;
        gate::evaluate(Some(&history), &change, &measurements, &facts)
    };
    match judge() {
        Ok(outcome) => {
            is_honest(&outcome);
            is_printable(&outcome, &comment);
            assert!(judge() == Ok(outcome), "the same facts have two verdicts");
        }
        Err(error) => is_sound(&error, &[Code::ConfigInvalid, Code::UsageInvalid, Code::BuildInvalid]),
    }
}

fn read<T: serde::de::DeserializeOwned>(facts: Json) -> T {
    serde_json::from_value(facts).expect("facts in the host's shape")
}

/// A verdict follows from its parts.
pub(crate) fn is_honest(outcome: &GateOutcome) {
    let gate = &outcome.quality_gate;
    let metrics = &gate.metrics;
    let is_blocked = metrics.iter().flat_map(|m| &m.thresholds).any(|threshold| threshold.is_blocking);
    assert_eq!(gate.status == GateStatus::Fail, is_blocked, "the status is {:?}", gate.status);
    assert!(!outcome.blocks || gate.mode == GateMode::Hard, "only `hard` blocks");
    assert!(
        !(gate.mode == GateMode::Hard && is_blocked) || outcome.blocks,
        "`hard` lets a failed blocker pass"
    );
    let counted = |status| metrics.iter().filter(|metric| metric.status == status).count();
    let summary = gate.summary;
    assert_eq!(
        (summary.total_metrics, summary.passed, summary.failed, summary.unknown),
        (metrics.len(), counted(GateStatus::Pass), counted(GateStatus::Fail), counted(GateStatus::Unknown))
    );
    if gate.status == GateStatus::Pass {
        assert!(
            summary.evaluated_metrics > 0 && gate.configuration_problem.is_none(),
            "nothing was judged, and passes"
        );
    }
    let failing: Vec<&MetricVerdict> =
        metrics.iter().filter(|metric| metric.status == GateStatus::Fail).collect();
    assert!(gate.failing_metrics.iter().eq(failing), "the failing metrics are others");
    for metric in metrics {
        follows(metric);
    }
}

fn follows(metric: &MetricVerdict) {
    let numbers =
        [metric.baseline, metric.pull_request_value, metric.absolute_delta, metric.relative_delta_percent];
    assert!(numbers.iter().flatten().all(|number| number.is_finite()), "{}: {numbers:?}", metric.metric);
    for verdict in &metric.thresholds {
        let value = metric.pull_request_value;
        let expected = match (verdict.threshold.rule, value, metric.baseline) {
            (Rule::Min { target }, Some(value), _) => Some(value >= target),
            (Rule::Max { target }, Some(value), _) => Some(value <= target),
            (
                Rule::NoRegression { .. } | Rule::DeltaMaxDrop { .. } | Rule::DeltaMaxRise { .. },
                Some(_),
                None,
            ) => {
                assert_eq!(verdict.status, GateStatus::Unknown, "{}: compared with nothing", metric.metric);
                None
            }
            _ => None,
        };
        // Of two numbers that only rounding tells apart either may be the larger one.
        let is_close = |bound: f64| (value.unwrap_or(bound) - bound).abs() <= 1e-9 * bound.abs();
        let is_doubtful = match verdict.threshold.rule {
            Rule::Min { target } | Rule::Max { target } => is_close(target),
            _ => false,
        };
        if let Some(passes) = expected.filter(|_| !is_doubtful) {
            assert_eq!(
                verdict.status == GateStatus::Pass,
                passes,
                "{}: {verdict:?} of {value:?}",
                metric.metric
            );
        }
        assert!(
            value.is_some() || verdict.status != GateStatus::Pass,
            "{}: passes without a value",
            metric.metric
        );
        assert!(!verdict.is_blocking || verdict.status == GateStatus::Fail);
        assert!(!verdict.message.is_empty(), "{}: a verdict without words", metric.metric);
    }
}

fn is_printable(outcome: &GateOutcome, facts: &CommentFacts) {
    const GITHUB_LIMIT: usize = 65_536;
    let comment = gate::comment(&outcome.quality_gate, facts);
    let summary = gate::summary(&outcome.quality_gate, facts);
    assert!(comment.starts_with(&gate::marker_line(facts.marker.as_deref())), "the marker is not first");
    assert_eq!(comment.matches("<!-- unentropy").count(), 1, "a second marker");
    let length = comment.encode_utf16().count();
    assert!(length <= GITHUB_LIMIT, "{length} characters");
    assert!(summary.len() <= 1024 * 1024, "{} bytes of summary", summary.len());
    for text in [&comment, &summary] {
        assert!(!text.contains("<script") && !text.contains("<img"), "an element of somebody else's");
    }
    assert!(
        outcome.annotations.len() <= outcome.quality_gate.metrics.iter().map(|m| m.thresholds.len()).sum()
    );
    serde_json::to_string(outcome).expect("a verdict is data");
}
