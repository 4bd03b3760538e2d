//! The boundary in plain Rust types: what spans several rooms of the engine and is called from
//! outside. [`crate::wasm`] exports it, tests call it.

use crate::config::{self, Config, Direction, Metric};
use crate::error::{Code, Error, Result};
use crate::gate::{self, Measurement, Outcome};
use crate::history::{BuildFilter, Columns, History};
use crate::report::{self, Assets, Facts, ReportInput, ThresholdLine};
use crate::text::format_value;

/// Renders the report of a history.
///
/// With a configuration, its metrics, layout and quality gate's bounds; without one, every metric of the history. Builds
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
    let mut facts = facts.clone();
    let (metrics, layout) = match config {
        Some(config) => {
            facts.thresholds.extend(threshold_lines(&config));
            (config.metrics, config.report)
        }
        None => (metrics_of(&columns), config::Report::default()),
    };
    report::render(&ReportInput {
        metrics: &metrics,
        layout: &layout,
        columns: &columns,
        facts: &facts,
        assets,
    })
}

/// Judges a run by the texts of the configuration and, where it is known, of the base branch's. See
/// [`gate::evaluate`].
///
/// # Errors
/// `CONFIG_INVALID` where `config_text` is no configuration; what [`gate::evaluate`] gives.
pub fn gate(
    history: &History,
    config_text: &str,
    base_config_text: Option<&str>,
    measurements: &[Measurement],
    facts: &gate::Facts,
) -> Result<Outcome> {
    gate::evaluate(history, &checked(config_text)?, base_config_text, measurements, facts)
}

/// The quality gate's fixed bounds as lines. What is compared with a baseline has no fixed place.
fn threshold_lines(config: &Config) -> Vec<ThresholdLine> {
    let line = |threshold: &config::Threshold| {
        let (word, value) = match threshold.rule {
            config::Rule::Min { target } => ("min", target),
            config::Rule::Max { target } => ("max", target),
            _ => return None,
        };
        let metric = config.metrics.iter().find(|metric| metric.id == threshold.metric)?;
        let label = format!("{word} {}", format_value(value, metric.unit));
        Some(ThresholdLine { metric: metric.id.clone(), value, label })
    };
    config.quality_gate.thresholds.iter().filter_map(line).collect()
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
