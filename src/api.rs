//! The boundary in plain Rust types: what spans several rooms of the engine and is called from
//! outside. [`crate::wasm`] exports it, tests call it.

use crate::config::{self, Config, Direction, Metric};
use crate::error::{Code, Error, Result};
use crate::history::{BuildFilter, Columns, History};
use crate::report::{self, Assets, Facts, ReportInput};

/// Renders the report of a history.
///
/// With a configuration, its metrics and layout; without one, every metric of the history. Builds
/// of pull requests are left out: they measure what is not (yet) part of a branch.
///
/// # Errors
/// `CONFIG_INVALID` where the text is no configuration; what reading the history and rendering
/// give.
pub fn report(
    history: &History,
    config_text: Option<&str>,
    facts: &Facts,
    assets: Assets<'_>,
) -> Result<String> {
    let columns = history.columns(&BuildFilter { exclude_pull_requests: true, ..BuildFilter::default() })?;
    let config = config_text.map(checked).transpose()?;
    let (metrics, layout) = match config {
        Some(config) => (config.metrics, config.report),
        None => (metrics_of(&columns), config::Report::default()),
    };
    report::render(&ReportInput { metrics: &metrics, layout: &layout, columns: &columns, facts, assets })
}

fn checked(text: &str) -> Result<Config> {
    let checked = config::check(text, "the configuration");
    checked.config.ok_or_else(|| {
        Error::new(Code::ConfigInvalid, format!("the configuration has {} problems", checked.errors.len()))
    })
}

/// Metrics as the history knows them, for a report without a configuration.
fn metrics_of(columns: &Columns) -> Vec<Metric> {
    let metric = |column: &crate::history::MetricColumn| Metric {
        id: column.id.clone(),
        name: column.id.clone(),
        kind: column.kind,
        description: column.description.clone(),
        command: String::new(),
        unit: column.unit,
        timeout: 0,
        direction: Direction::of_unit(column.unit),
    };
    columns.metrics.iter().map(metric).collect()
}
