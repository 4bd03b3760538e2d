//! The history: the SQLite database of builds, held in memory between the bytes that the host
//! read and the bytes it will store. Opening checks and migrates; recording is one transaction.

use crate::config::{MetricType, Unit};
use serde::{Deserialize, Serialize};

/// The values of a history laid out by column, for reports and exports.
///
/// Builds stand once, ordered by time then id; each metric's column is aligned with them, so
/// `metrics[m].values[b]` belongs to `builds.*[b]`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Columns {
    /// One entry per build in every vector.
    pub builds: BuildTable,
    /// One entry per metric that has a definition, ordered by id.
    pub metrics: Vec<MetricColumn>,
}

/// The builds of a [`Columns`], one vector per attribute, all of the same length.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct BuildTable {
    /// Row ids of the database.
    pub id: Vec<i64>,
    /// Commit ids as recorded (40 hex digits, or whatever an import brought).
    pub commit: Vec<String>,
    /// Indexes into `branches`.
    pub branch: Vec<u32>,
    /// Distinct branch names in order of first appearance.
    pub branches: Vec<String>,
    /// CI run ids.
    pub run_id: Vec<String>,
    /// CI run numbers.
    pub run_number: Vec<i64>,
    /// Indexes into `events`.
    pub event: Vec<u32>,
    /// Distinct event names in order of first appearance; empty string for none.
    pub events: Vec<String>,
    /// Milliseconds since 1970-01-01 UTC.
    pub timestamp: Vec<i64>,
}

/// One metric's values in a [`Columns`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricColumn {
    /// The metric's key.
    pub id: String,
    /// Numeric or label.
    pub kind: MetricType,
    /// As recorded with the metric's definition.
    pub unit: Option<Unit>,
    /// As recorded with the metric's definition.
    pub description: Option<String>,
    /// The values, aligned with the builds.
    pub values: Values,
}

/// A column's values, `None` where a build has none for the metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum Values {
    /// Finite numbers.
    Numeric(Vec<Option<f64>>),
    /// Indexes into the distinct labels, which stand in order of first appearance.
    Label(Vec<Option<u32>>, Vec<String>),
}

/// The facts of one run, as the host knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildContext {
    /// The commit's id.
    pub commit_sha: String,
    /// The branch's name.
    pub branch: String,
    /// The CI run's id.
    pub run_id: String,
    /// The CI run's number.
    pub run_number: i64,
    /// The event that started the run, where there was one.
    #[serde(default)]
    pub event_name: Option<String>,
    /// RFC 3339 time of the build.
    pub timestamp: String,
}
