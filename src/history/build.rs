//! What callers hand to a history: the facts of a run, metrics with their values, and the rules
//! that both must keep. Everything is checked here, before a transaction starts.

use super::instant;
use crate::error::{Code, Error, Result};
use crate::metric::{DESCRIPTION_MAX, LABEL_MAX, MetricType, Unit, Value, is_id};
use serde::{Deserialize, Serialize};

/// The highest number of an attempt: no CI comes near it, and every host can hold it.
const MOST_ATTEMPTS: i64 = 1_000_000_000;

/// The facts of one run, as the host knows them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(rename_all = "camelCase")]
pub struct BuildContext {
    /// The commit's id; 1-128 characters.
    pub commit_sha: String,
    /// The branch's name; 1-1024 characters.
    pub branch: String,
    /// The CI run's id; 1-128 characters.
    pub run_id: String,
    /// The CI run's number, not negative.
    pub run_number: i64,
    /// The event that started the run, where there was one.
    #[serde(default)]
    pub event_name: Option<String>,
    /// RFC 3339 time of the build; stored in UTC to the millisecond.
    pub timestamp: String,
    /// Which attempt of the run this is, from 1; `None` where the CI does not number them. Then it counts as the
    /// attempt whose values count.
    #[serde(default)]
    pub attempt: Option<i64>,
}

/// One metric's value in a build.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RecordedMetric {
    /// Whose value it is.
    pub metric: MetricDefinition,
    /// Of the metric's type.
    pub value: Value,
}

/// What a history knows about a metric.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(rename_all = "camelCase")]
pub struct MetricDefinition {
    /// The metric's key; 1-64 of `a-z`, `0-9` and `-`.
    pub id: String,
    /// Numeric or label; the first record of a metric decides it.
    #[serde(rename = "type")]
    pub kind: MetricType,
    /// How its numbers are shown.
    #[serde(default)]
    pub unit: Option<Unit>,
    /// A sentence on what it measures; at most 256 characters.
    #[serde(default)]
    pub description: Option<String>,
}

/// A checked [`BuildContext`], its time a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) commit: String,
    pub(super) branch: String,
    pub(super) run_id: String,
    pub(super) run_number: i64,
    pub(super) event: Option<String>,
    pub(super) time: i64,
}

impl Facts {
    /// Whether these facts, and not the other's, count for a build recorded with both: the
    /// earlier ones, so that a re-run months later does not turn old code into the newest build.
    /// The rest of the order only makes the choice the same whichever came first.
    pub(super) fn precede(&self, other: &Facts) -> bool {
        let key = |f: &Facts| (f.time, f.event.is_none(), f.event.clone(), f.branch.clone(), f.run_number);
        key(self) < key(other)
    }
}

/// Checks the facts of a run.
pub(super) fn check_context(context: &BuildContext) -> Result<Facts> {
    let BuildContext { commit_sha, branch, run_id, run_number, event_name, timestamp, attempt } = context;
    check_text("the commit id", commit_sha, 1, 128)?;
    check_text("the branch", branch, 1, 1024)?;
    check_text("the run id", run_id, 1, 128)?;
    let event = event_name.as_deref().filter(|event| !event.is_empty());
    check_text("the event", event.unwrap_or_default(), 0, 128)?;
    if *run_number < 0 {
        return Err(invalid(format!("the run number is {run_number}, expected 0 or more")));
    }
    if let Some(attempt) = attempt.filter(|attempt| !(1..=MOST_ATTEMPTS).contains(attempt)) {
        return Err(invalid(format!("the run's attempt is {attempt}, expected 1 to {MOST_ATTEMPTS}")));
    }
    let time = check_time("the build's timestamp", timestamp)?;
    Ok(Facts {
        commit: commit_sha.clone(),
        branch: branch.clone(),
        run_id: run_id.clone(),
        run_number: *run_number,
        event: event.map(str::to_owned),
        time,
    })
}

/// Checks the metrics of one build.
pub(super) fn check_metrics(metrics: &[RecordedMetric]) -> Result<()> {
    if metrics.is_empty() {
        return Err(invalid("the build has no metrics")
            .hint("A build is recorded with at least one value; when every metric fails, record none."));
    }
    let mut seen = std::collections::HashSet::with_capacity(metrics.len());
    for RecordedMetric { metric, value } in metrics {
        let id = &metric.id;
        if !is_id(id) {
            return Err(invalid(format!(
                "the metric id `{}` is not 1-64 of the characters a-z, 0-9 and -",
                super::failure::excerpt(id)
            )));
        }
        if !seen.insert(id) {
            return Err(invalid(format!("the metric `{id}` stands twice in one build")));
        }
        if value.kind() != metric.kind {
            return Err(invalid(format!(
                "the metric `{id}` is {}, its value is {}",
                metric.kind.as_str(),
                value.kind().as_str()
            )));
        }
        match value {
            Value::Numeric(number) if !number.is_finite() => {
                return Err(invalid(format!(
                    "the value of the metric `{id}` is {number}, expected a finite number"
                )));
            }
            Value::Numeric(_) => {}
            Value::Label(label) => {
                check_text(&format!("the label of the metric `{id}`"), label, 1, LABEL_MAX)?
            }
        }
        // Configurations may hold descriptions of several lines, so only the length counts.
        let description = metric.description.as_deref().unwrap_or_default();
        check_length(&format!("the description of the metric `{id}`"), description, 0, DESCRIPTION_MAX)?;
    }
    Ok(())
}

/// Reads a time that a caller gave.
pub(super) fn check_time(what: &str, text: &str) -> Result<i64> {
    instant::parse_rfc3339(text).ok_or_else(|| {
        invalid(format!("{what} is `{}`, expected an RFC 3339 time", super::failure::excerpt(text)))
            .hint("Write it like `2025-11-15T10:20:30Z`, with `Z` or an offset.")
    })
}

/// A `BUILD_INVALID` error.
pub(super) fn invalid(message: impl Into<String>) -> Error {
    Error::new(Code::BuildInvalid, message)
}

fn check_length(what: &str, text: &str, shortest: usize, longest: usize) -> Result<()> {
    let length = text.chars().count();
    if length < shortest {
        return Err(invalid(format!("{what} is empty")));
    }
    if length > longest {
        return Err(invalid(format!("{what} has {length} characters, at most {longest} are allowed")));
    }
    Ok(())
}

pub(super) fn check_text(what: &str, text: &str, shortest: usize, longest: usize) -> Result<()> {
    check_length(what, text, shortest, longest)?;
    if let Some(c) = text.chars().find(|c| c.is_control()) {
        return Err(invalid(format!("{what} contains the control character U+{:04X}", u32::from(c))));
    }
    Ok(())
}
