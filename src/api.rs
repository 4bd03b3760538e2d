//! The boundary in plain Rust types: what spans several rooms of the engine and is called from
//! outside. [`crate::wasm`] exports it, tests call it.

use crate::collect::{self, CollectPlan};
use crate::config::{self, CheckedConfig, Config, GroupListing, MemberCommand, MetricConfig};
use crate::error::{Code, Error, Result};
use crate::gate::{Change, ChangeFacts};
use crate::history::{BuildFilter, Columns, History, Values, is_pull_request_event, is_time};
use crate::metric::Direction;
use crate::report::{self, Assets, BadgeWish, ReportFacts, ReportInput, ThresholdLine};
use crate::text::{closest, format_value, quote};
use serde::Serialize;

/// A checked configuration with what its metrics' commands are.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PlannedConfig {
    /// What [`config::check`] gives.
    #[serde(flatten)]
    pub checked: CheckedConfig,
    /// Aligned with the configuration's metrics; empty where there is no configuration.
    pub plans: Vec<Planned>,
}

/// What a metric's command is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Planned {
    /// A command for the shell.
    Shell,
    /// A collector of the engine's.
    Collector {
        /// What it measures in which files.
        plan: CollectPlan,
    },
    /// Nothing of its own: the command of its group gives the value.
    Shared,
    /// A collector that does not take its arguments: the metric fails when it is its turn.
    Refused {
        /// Why.
        error: Error,
    },
}

/// Checks the text of a configuration as [`config::check`] does, and understands its commands.
#[must_use]
pub fn check(text: &str, file: &str) -> PlannedConfig {
    let checked = config::check(text, file);
    let metrics = checked.config.as_ref().map_or(&[][..], |config| &config.metrics);
    let plans = metrics.iter().map(|metric| planned(&metric.command)).collect();
    PlannedConfig { checked, plans }
}

/// A configuration with the metrics of its groups, and what their commands are.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PlannedGroups {
    /// The metrics of the groups, which come behind the configuration's own.
    pub metrics: Vec<MetricConfig>,
    /// Aligned with them.
    pub plans: Vec<Planned>,
    /// What must change before anything is measured.
    pub errors: Vec<config::Diagnostic>,
    /// What is probably not meant.
    pub warnings: Vec<config::Diagnostic>,
}

/// Makes the metrics of the groups that were listed, and understands their commands. `file` is the configuration's name.
///
/// # Errors
/// `CONFIG_INVALID` where the text is no configuration.
pub fn expand_groups(config_text: &str, file: &str, listings: &[GroupListing]) -> Result<PlannedGroups> {
    let config = checked(config_text)?;
    let own = config.metrics.len();
    let (expanded, CheckedConfig { errors, warnings, .. }) =
        config::expand(&config, config_text, file, listings);
    let refused = |error| Planned::Refused { error };
    let plan = |(metric, command): (&MetricConfig, MemberCommand)| match command {
        MemberCommand::Shell => planned(&metric.command),
        MemberCommand::Words(words) => {
            collect::parse_words(&words).map_or_else(refused, |plan| Planned::Collector { plan })
        }
        MemberCommand::Shared => Planned::Shared,
        MemberCommand::Refused(error) => refused(error),
    };
    let metrics: Vec<MetricConfig> = expanded.config.metrics.into_iter().skip(own).collect();
    let plans = metrics.iter().zip(expanded.commands).map(plan).collect();
    Ok(PlannedGroups { metrics, plans, errors, warnings })
}

/// The configuration with the metrics of its groups: those that were listed, and those that the group last had on the
/// branch that is shown, which a report of a history without a run knows no other way.
fn with_groups(
    config: Config,
    listings: &[GroupListing],
    columns: Option<&Columns>,
    branch: Option<&str>,
) -> Config {
    if config.groups.is_empty() {
        return config;
    }
    let mut config = config.expanded(listings).config;
    for group in columns.iter().flat_map(|columns| recorded(&config, columns, branch)).collect::<Vec<_>>() {
        config.metrics.push(group);
    }
    let ends = |metric: &MetricConfig| {
        let place = |id: &String| config.groups.iter().position(|group| group.id == *id);
        metric
            .group
            .as_ref()
            .and_then(place)
            .map_or((0, String::new()), |place| (place + 1, metric.id.clone()))
    };
    let mut metrics = config.metrics.clone();
    metrics.sort_by_cached_key(ends);
    config.metrics = metrics;
    // A chart of what a group does not have is none.
    let metrics = &config.metrics;
    let groups = &config.groups;
    let is_there = |reference: &String| {
        metrics.iter().any(|metric| config::groups::selects(reference, metric))
            || !groups.iter().any(|group| group.is_named_by(reference))
    };
    for section in &mut config.report.sections {
        for chart in &mut section.charts {
            chart.metrics.retain(is_there);
        }
        section.charts.retain(|chart| !chart.metrics.is_empty());
    }
    config.report.sections.retain(|section| !section.charts.is_empty());
    config
}

/// The metrics of groups that the newest build with any of the group's has, and the configuration does not know.
fn recorded(config: &Config, columns: &Columns, branch: Option<&str>) -> Vec<MetricConfig> {
    let builds = &columns.builds;
    let is_of = |id: &str| config.group_of(id).map(|group| group.id.clone());
    let known = |id: &str| config.metrics.iter().any(|metric| metric.id == id);
    let has = |column: &crate::history::MetricColumn, build: usize| match &column.values {
        Values::Numeric(values) => values[build].is_some(),
        Values::Label(values, _) => values[build].is_some(),
    };
    let is_shown = |build: usize| !is_pull_request_event(&builds.events[builds.event[build] as usize]);
    let on_branch =
        |build: usize| branch.is_none_or(|name| builds.branches[builds.branch[build] as usize] == name);
    let mut found = Vec::new();
    for group in &config.groups {
        let of_group: Vec<_> =
            columns.metrics.iter().filter(|column| is_of(&column.id).as_ref() == Some(&group.id)).collect();
        let last = |on: &dyn Fn(usize) -> bool| {
            (0..builds.id.len()).rev().find(|&build| {
                is_shown(build) && on(build) && of_group.iter().any(|column| has(column, build))
            })
        };
        let Some(build) = last(&on_branch).or_else(|| last(&|_| true)) else { continue };
        let there = of_group.iter().filter(|column| has(column, build) && !known(&column.id));
        found.extend(there.map(|column| group.recorded(&column.id, column.kind, column.unit)));
    }
    found
}

/// What a command is.
#[must_use]
pub fn planned(command: &str) -> Planned {
    if !collect::is_collect(command) {
        return Planned::Shell;
    }
    match collect::parse(command) {
        Ok(plan) => Planned::Collector { plan },
        Err(error) => Planned::Refused { error },
    }
}

/// Renders the report of a history.
///
/// With a configuration, its metrics, layout and quality gate's bounds; without one, every metric of the history. Builds
/// of pull requests are left out: they measure what is not (yet) part of a branch. So are those from the future, seen
/// from the moment of rendering.
///
/// # Errors
/// `CONFIG_INVALID` where the text is no configuration; what reading the history and rendering
/// give.
pub fn report(
    history: &History,
    config_text: Option<&str>,
    facts: &ReportFacts,
    assets: Assets<'_>,
) -> Result<String> {
    let columns = shown(history, Some(&facts.generated_at).filter(|time| is_time(time)))?;
    let config = config_text.map(checked).transpose()?;
    let mut facts = facts.clone();
    let (metrics, layout) = match config {
        Some(config) => {
            facts.default_branch = first_branch(&config, &columns, facts.default_branch);
            let branch = facts.default_branch.as_deref();
            let config = with_groups(config, &facts.listings, Some(&columns), branch);
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

/// Reads what a change is judged by from the text of its configuration. See [`Change::new`].
///
/// # Errors
/// `CONFIG_INVALID` where the text is no configuration; what [`Change::new`] gives.
pub fn change(config_text: &str, facts: &ChangeFacts) -> Result<Change> {
    Change::new(checked(config_text)?, facts)
}

/// The branch to show first: the one that the configuration compares with where it has builds, else
/// the one that the host knows.
fn first_branch(config: &Config, columns: &Columns, given: Option<String>) -> Option<String> {
    let reference = config.quality_gate.baseline.reference_branch.as_ref();
    reference.filter(|name| columns.builds.branches.contains(name)).cloned().or(given)
}

/// Renders the report of a configuration with made-up data, and says so on the page.
///
/// # Errors
/// As [`report`].
pub fn preview(config_text: &str, facts: &ReportFacts, assets: Assets<'_>) -> Result<String> {
    let config = checked(config_text)?;
    let mut facts = facts.clone();
    let config = with_groups(config, &facts.listings, None, None);
    facts.sample = true;
    facts.thresholds.extend(threshold_lines(&config));
    let columns = report::sample(&config.metrics, &facts);
    report::render(&ReportInput {
        metrics: &config.metrics,
        layout: &config.report,
        columns: &columns,
        facts: &facts,
        assets,
    })
}

/// Renders a badge, its data or an image of the course of one metric.
///
/// # Errors
/// `USAGE_INVALID` for a metric that neither the configuration nor the history knows; `CONFIG_INVALID`; what
/// reading the history gives.
pub fn badge(history: &History, config_text: Option<&str>, metric: &str, wish: &BadgeWish) -> Result<String> {
    let columns = shown(history, wish.now.as_ref())?;
    let config = config_text.map(checked).transpose()?;
    let config = config.map(|config| with_groups(config, &[], Some(&columns), wish.branch.as_deref()));
    let lines = config.as_ref().map(threshold_lines).unwrap_or_default();
    let mut wish = wish.clone();
    if let Some(config) = &config {
        wish.default_branch = first_branch(config, &columns, wish.default_branch);
    }
    let mut known = config.map(|config| config.metrics).unwrap_or_default();
    for recorded in metrics_of(&columns) {
        if !known.iter().any(|metric| metric.id == recorded.id) {
            known.push(recorded);
        }
    }
    let Some(metric) = known.iter().find(|known| known.id == metric) else {
        let ids: Vec<&str> = known.iter().map(|metric| metric.id.as_str()).collect();
        let hint = match closest(metric, &ids) {
            Some(close) => format!("Did you mean `{close}`?"),
            None => "Name a metric of the configuration or of the history by its key.".to_owned(),
        };
        return Err(
            Error::new(Code::UsageInvalid, format!("there is no metric {}", quote(metric))).hint(hint)
        );
    };
    report::badge(&columns, metric, &lines, &wish)
}

/// What reports and badges speak of.
fn shown(history: &History, now: Option<&String>) -> Result<Columns> {
    history.columns(&filter(now))
}

fn filter(now: Option<&String>) -> BuildFilter {
    BuildFilter { exclude_pull_requests: true, now: now.cloned(), ..BuildFilter::default() }
}

/// How many builds, of all branches, a report speaks of that is rendered at `now` (RFC 3339).
///
/// # Errors
/// `BUILD_INVALID` where that is no time.
pub fn reported_builds(history: &History, now: &str) -> Result<usize> {
    history.selected_count(&filter(Some(&now.to_owned())))
}

/// The quality gate's fixed bounds as lines. What is compared with a baseline has no fixed line.
fn threshold_lines(config: &Config) -> Vec<ThresholdLine> {
    let lines = |threshold: &config::Threshold| {
        let (word, value) = match threshold.rule {
            config::Rule::Min { target } => ("min", target),
            config::Rule::Max { target } => ("max", target),
            _ => return Vec::new(),
        };
        let line = |metric: &MetricConfig| {
            let label = format!("{word} {}", format_value(value, metric.unit));
            ThresholdLine { metric: metric.id.clone(), value, label, least: word == "min" }
        };
        config.metrics.iter().filter(|metric| threshold.selects(metric)).map(line).collect()
    };
    config.quality_gate.thresholds.iter().flat_map(lines).collect()
}

fn checked(text: &str) -> Result<Config> {
    let checked = config::check(text, "the configuration");
    checked.config.ok_or_else(|| {
        Error::new(Code::ConfigInvalid, format!("the configuration has {} problems", checked.errors.len()))
    })
}

/// Metrics as the history knows them, for a report without a configuration.
fn metrics_of(columns: &Columns) -> Vec<MetricConfig> {
    let metric = |column: &crate::history::MetricColumn| MetricConfig {
        id: column.id.clone(),
        name: column.id.clone(),
        kind: column.kind,
        description: column.description.clone(),
        command: String::new(),
        unit: column.unit,
        timeout: 0,
        direction: Direction::of_unit(column.unit),
        group: None,
    };
    columns.metrics.iter().map(metric).collect()
}
