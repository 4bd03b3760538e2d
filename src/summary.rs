//! The job summary: what one run did, as Markdown for the page of a CI run. It shows facts that
//! others established (values, earlier values, phases, trouble, the gate's verdict) and decides
//! nothing but their wording. Everything that a user, a command or a server named is escaped, and
//! every part is bounded, so that the whole stays far below what a runner accepts.

mod sparkline;

pub use sparkline::sparkline;

use crate::collect::junit::TestNames;
use crate::metric::Value;
use crate::metric::{Direction, Unit};
use crate::text::{difference, format_change, format_value, markdown, plural};
use serde::Deserialize;

/// How many bytes a runner accepts of one step.
pub const LIMIT: usize = 1024 * 1024;

/// The most rows of a table of metrics.
const ROWS: usize = 60;
/// The most rows of all these tables.
const ALL_ROWS: usize = 200;
/// The most characters of a message or a remedy.
const MESSAGE: usize = 300;
/// The most characters of a path, which is of no use when it is cut, and of the message that ended
/// the run, which has the path of what could not be stored at its end.
const PATH: usize = 4096;
/// The most characters of a warning, for the paths in it.
const WARNING: usize = 800;
/// The most characters of a code.
const CODE: usize = 64;
/// The most phases.
const PHASES: usize = 12;
/// The most characters of a name or a label.
const NAME: usize = 256;
/// The most problems of a configuration, and the most warnings.
const LINES: usize = 40;
/// The most lists of test cases, the most failed and slow ones of a list, and the most characters of a name.
const RUNS: usize = 2;
const FAILED: usize = 20;
const SLOWEST: usize = 10;
const TEST: usize = 150;
/// The most bytes of the gate's verdict.
const VERDICT: usize = 192 * 1024;

/// What a summary shows.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(rename_all = "camelCase", default)]
pub struct JobSummary {
    /// Such as `main`.
    pub branch: Option<String>,
    /// The commit's id; its first twelve characters are shown.
    pub commit_sha: Option<String>,
    /// What ended the run early.
    pub problem: Option<Trouble>,
    /// Whether that problem was to be no failure of the run.
    #[cfg_attr(test, ts(as = "Option<bool>", optional))]
    pub tolerated: bool,
    /// Whether the trouble kept the history from being stored.
    #[cfg_attr(test, ts(as = "Option<bool>", optional))]
    pub not_stored: bool,
    /// In the order of the configuration.
    #[cfg_attr(test, ts(as = "Option<Vec<MetricRow>>", optional))]
    pub metrics: Vec<MetricRow>,
    /// Test cases that failed or were slow, of each metric that is a figure of test results; the same of several metrics
    /// are shown once.
    #[cfg_attr(test, ts(as = "Option<Vec<TestNames>>", optional))]
    pub tests: Vec<TestNames>,
    /// Trouble that made no result wrong.
    #[cfg_attr(test, ts(as = "Option<Vec<Trouble>>", optional))]
    pub warnings: Vec<Trouble>,
    /// In their order.
    #[cfg_attr(test, ts(as = "Option<Vec<PhaseRow>>", optional))]
    pub phases: Vec<PhaseRow>,
    /// Where the history is; `None` where it was never reached.
    pub history: Option<HistoryLine>,
    /// The report's file.
    pub report: Option<String>,
    /// Markdown of the quality gate, which is inserted as it is.
    pub verdict: Option<String>,
}

/// A failure or a warning.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(rename_all = "camelCase", default)]
pub struct Trouble {
    /// The stable code.
    #[cfg_attr(test, ts(as = "Option<String>", optional))]
    pub code: String,
    /// Cause and place.
    #[cfg_attr(test, ts(as = "Option<String>", optional))]
    pub message: String,
    /// The remedy, or empty.
    #[cfg_attr(test, ts(as = "Option<String>", optional))]
    pub hint: String,
    /// The single problems that it sums up, one line each.
    #[cfg_attr(test, ts(as = "Option<Vec<String>>", optional))]
    pub details: Vec<String>,
}

/// One metric of this run.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(rename_all = "camelCase")]
pub struct MetricRow {
    /// What people read.
    pub name: String,
    /// The key of the group that it is of.
    #[serde(default)]
    pub group: Option<String>,
    /// `None` where it failed.
    #[serde(default)]
    pub value: Option<Value>,
    /// The unit's word.
    #[serde(default)]
    pub unit: Option<String>,
    /// The direction's word.
    #[serde(default)]
    pub direction: Option<String>,
    /// Why there is no value.
    #[serde(default)]
    pub error: Option<Trouble>,
    /// The branch's values before this run, oldest first; `None` where the history was not read, so
    /// that nobody knows them.
    #[serde(default)]
    pub earlier: Option<Vec<Value>>,
}

/// One phase of this run.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(rename_all = "camelCase")]
pub struct PhaseRow {
    /// Such as `download`.
    pub name: String,
    /// `pending`, `running`, `completed` or `failed`.
    pub status: String,
    /// Milliseconds.
    pub duration_ms: f64,
    /// What was moved or written.
    #[serde(default)]
    pub bytes: Option<f64>,
}

/// Where the history is.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(rename_all = "camelCase")]
pub struct HistoryLine {
    /// For people, such as `s3://bucket/key`.
    pub location: String,
    /// How many builds it holds.
    #[serde(default)]
    pub builds: Option<usize>,
    /// Its size.
    #[serde(default)]
    pub bytes: Option<f64>,
}

/// Renders a summary: GitHub-flavoured Markdown of at most [`LIMIT`] bytes that ends with a line
/// feed. The same summary gives the same bytes.
#[must_use]
pub fn render(summary: &JobSummary) -> String {
    let sections = [
        summary.problem.as_ref().map(|problem| opening(problem, summary)),
        Some(heading(summary)),
        summary.verdict.as_deref().and_then(verdict),
        metrics_table(summary),
        failed_metrics(&summary.metrics),
        tests(&summary.tests),
        warnings(&summary.warnings),
        phases(&summary.phases),
        footer(summary),
    ];
    sections
        .into_iter()
        .flatten()
        .map(|section| section.trim_end().to_owned() + "\n")
        .collect::<Vec<_>>()
        .join("\n")
}

/// What ended the run comes first: whoever opens the page looks for it.
fn opening(problem: &Trouble, summary: &JobSummary) -> String {
    let what = match (summary.not_stored, summary.tolerated) {
        (true, true) => "⚠️ **The history could not be stored**",
        (true, false) => "❌ **The history could not be stored**",
        (false, true) => "⚠️ **The run ended early**",
        (false, false) => "❌ **The run failed**",
    };
    let mut text = format!("{what}: {}\n", told(problem, PATH));
    let shown = problem.details.iter().take(LINES);
    for detail in shown {
        text += &format!("\n- {}", escaped(detail, MESSAGE));
    }
    if problem.details.len() > LINES {
        text += &format!("\n- and {} more", problem.details.len() - LINES);
    }
    text
}

fn heading(summary: &JobSummary) -> String {
    let of = summary.branch.as_deref().map(|branch| format!(" of {}", escaped(branch, NAME)));
    let at = summary.commit_sha.as_deref().map(|commit| format!(" at {}", markdown(first(commit, 12))));
    format!("## Metrics{}{}\n", of.unwrap_or_default(), at.unwrap_or_default())
}

fn verdict(text: &str) -> Option<String> {
    let text = text.trim();
    if text.len() <= VERDICT {
        return (!text.is_empty()).then(|| text.to_owned());
    }
    let end = (0..=VERDICT).rev().find(|&at| text.is_char_boundary(at) && text[..at].ends_with('\n'));
    Some(format!("{}\n\n_The rest is too long for this page._", text[..end.unwrap_or(0)].trim_end()))
}

fn metrics_table(summary: &JobSummary) -> Option<String> {
    let metrics = &summary.metrics;
    if metrics.is_empty() {
        return None;
    }
    let mut text = String::new();
    let mut judged = false;
    let mut left = ALL_ROWS;
    for (group, metrics) in tables(metrics) {
        if !text.is_empty() {
            text.push('\n');
        }
        if let Some(group) = group {
            text += &format!("### {}\n\n", escaped(group, NAME));
        }
        let most = ROWS.min(left);
        if most > 0 {
            text += "| metric | value | change | last builds |\n|---|---:|---:|---|\n";
        }
        for metric in metrics.iter().take(most) {
            let change = change(metric);
            judged |= change.contains(BETTER) || change.contains(WORSE);
            text += &format!(
                "| {} | {} | {change} | {} |\n",
                escaped(&metric.name, NAME),
                metric.value.as_ref().map_or_else(|| "⚠️ failed".into(), |value| shown(value, metric)),
                trend(metric),
            );
        }
        left -= most.min(metrics.len());
        if metrics.len() > most {
            text += &format!("\nand {}\n", plural(metrics.len() - most, "more metric", "more metrics"));
        }
    }
    if judged {
        text += &format!("\n{BETTER} better and {WORSE} worse than the branch's build before\n");
    }
    if summary.not_stored {
        let known = metrics.iter().any(|metric| metric.earlier.is_some());
        text += if known {
            "\nThis build was not stored; it is compared with the builds that the history holds.\n"
        } else {
            "\nThis build was not stored, and the builds before it are not known.\n"
        };
    }
    Some(text)
}

/// The metrics that stand alone, where there are any, and then those of each group.
fn tables(metrics: &[MetricRow]) -> Vec<(Option<&str>, Vec<&MetricRow>)> {
    let mut tables: Vec<(Option<&str>, Vec<&MetricRow>)> = vec![(None, Vec::new())];
    for metric in metrics {
        let group = metric.group.as_deref();
        match tables.iter_mut().find(|(known, _)| *known == group) {
            Some((_, metrics)) => metrics.push(metric),
            None => tables.push((group, vec![metric])),
        }
    }
    tables.retain(|(_, metrics)| !metrics.is_empty());
    tables
}

const BETTER: &str = "🟢";
const WORSE: &str = "🔴";

fn shown(value: &Value, metric: &MetricRow) -> String {
    match value {
        Value::Numeric(number) => format_value(*number, unit(metric)),
        Value::Label(text) => escaped(text, NAME),
    }
}

fn unit(metric: &MetricRow) -> Option<Unit> {
    metric.unit.as_deref().and_then(Unit::parse)
}

/// What became of the value since the branch's build before; nothing where one of the two is missing.
fn change(metric: &MetricRow) -> String {
    let Some(now) = &metric.value else { return String::new() };
    let Some(earlier) = &metric.earlier else { return "not known".into() };
    match (now, earlier.last()) {
        (_, None) => "first value".into(),
        (Value::Numeric(now), Some(Value::Numeric(before))) => {
            let delta = format_change(*before, *now, unit(metric));
            match mark(metric, difference(*before, *now)) {
                Some(mark) => format!("{mark} {delta}"),
                None => delta,
            }
        }
        (Value::Label(now), Some(Value::Label(before))) if now != before => {
            format!("was {}", escaped(before, NAME))
        }
        _ => String::new(),
    }
}

/// What a change is worth; nothing where there is none, or a metric has no direction.
fn mark(metric: &MetricRow, delta: f64) -> Option<&'static str> {
    if delta == 0.0 {
        return None;
    }
    let better = match metric.direction.as_deref().and_then(Direction::parse)? {
        Direction::HigherIsBetter => delta > 0.0,
        Direction::LowerIsBetter => delta < 0.0,
        Direction::None => return None,
    };
    Some(if better { BETTER } else { WORSE })
}

fn trend(metric: &MetricRow) -> String {
    let values = metric.earlier.iter().flatten().chain(&metric.value);
    let numbers: Vec<f64> = values
        .filter_map(|value| match value {
            Value::Numeric(number) => Some(*number),
            Value::Label(_) => None,
        })
        .collect();
    sparkline(&numbers)
}

fn failed_metrics(metrics: &[MetricRow]) -> Option<String> {
    let failed: Vec<_> = metrics.iter().filter_map(|metric| Some((metric, metric.error.as_ref()?))).collect();
    if failed.is_empty() {
        return None;
    }
    let mut text = format!("### {} failed\n\n", plural(failed.len(), "metric", "metrics"));
    for (metric, error) in failed.into_iter().take(ROWS) {
        text += &format!("- **{}**: {}\n", escaped(&metric.name, NAME), told(error, MESSAGE));
    }
    Some(text)
}

fn tests(all: &[TestNames]) -> Option<String> {
    let mut text = String::new();
    let distinct = all.iter().enumerate().filter(|(n, names)| !all[..*n].contains(names));
    for (_, names) in distinct.take(RUNS) {
        let failures = &names.failures[..names.failures.len().min(FAILED)];
        if names.failed > 0 {
            let failed = usize::try_from(names.failed).unwrap_or(usize::MAX);
            text += &format!("### {} failed\n\n", plural(failed, "test", "tests"));
            for name in failures {
                text += &format!("- {}\n", escaped(name, TEST));
            }
            if failed > failures.len() {
                text += &format!("- and {} more\n", failed - failures.len());
            }
            text.push('\n');
        }
        if !names.slowest.is_empty() {
            text += "<details><summary>The slowest tests</summary>\n\n| test | time |\n|---|---:|\n";
            for slow in names.slowest.iter().take(SLOWEST) {
                let time = format_value(slow.seconds, Some(Unit::Duration));
                text += &format!("| {} | {time} |\n", escaped(&slow.name, TEST));
            }
            text += "\n</details>\n\n";
        }
    }
    (!text.is_empty()).then_some(text)
}

fn warnings(warnings: &[Trouble]) -> Option<String> {
    if warnings.is_empty() {
        return None;
    }
    let mut text = format!("### {}\n\n", plural(warnings.len(), "warning", "warnings"));
    for warning in warnings.iter().take(LINES) {
        text += &format!("- {}\n", told(warning, WARNING));
    }
    if warnings.len() > LINES {
        text += &format!("- and {} more\n", warnings.len() - LINES);
    }
    Some(text)
}

fn phases(phases: &[PhaseRow]) -> Option<String> {
    if phases.is_empty() {
        return None;
    }
    let mut text = String::from("| phase | state | time | bytes |\n|---|---|---:|---:|\n");
    for phase in phases.iter().take(PHASES) {
        let begun = phase.status != "pending";
        text += &format!(
            "| {} | {} | {} | {} |\n",
            escaped(&phase.name, NAME),
            escaped(&phase.status, NAME),
            if begun {
                format_value(phase.duration_ms / 1000.0, Some(Unit::Duration))
            } else {
                String::new()
            },
            phase.bytes.map_or_else(String::new, |bytes| format_value(bytes, Some(Unit::Bytes))),
        );
    }
    Some(text)
}

fn footer(summary: &JobSummary) -> Option<String> {
    let history = summary.history.as_ref().map(|history| {
        let builds = history.builds.map(|count| {
            let number = format_value(count as f64, Some(Unit::Integer));
            format!("{number} {}", if count == 1 { "build" } else { "builds" })
        });
        let bytes = history.bytes.map(|bytes| format_value(bytes, Some(Unit::Bytes)));
        let facts: Vec<String> = builds.into_iter().chain(bytes).collect();
        let facts = if facts.is_empty() { String::new() } else { format!(" ({})", facts.join(", ")) };
        format!("History: {}{facts}", escaped(&history.location, PATH))
    });
    let report = summary.report.as_deref().map(|path| format!("Report: {}", escaped(path, PATH)));
    let lines: Vec<String> = history.into_iter().chain(report).collect();
    // Two spaces at its end break a line without beginning a paragraph.
    (!lines.is_empty()).then(|| lines.join("  \n"))
}

/// A trouble in one line: message, code, remedy.
fn told(trouble: &Trouble, most: usize) -> String {
    let code =
        if trouble.code.is_empty() { String::new() } else { format!(" ({})", escaped(&trouble.code, CODE)) };
    let hint = escaped(&trouble.hint, MESSAGE);
    let end = if hint.is_empty() { "" } else { ". " };
    format!("{}{code}{end}{hint}", escaped(&trouble.message, most))
}

/// Text that shows as itself, at most so many characters of it.
fn escaped(text: &str, most: usize) -> String {
    let cut = first(text, most);
    let more = if cut.len() < text.len() { "…" } else { "" };
    format!("{}{more}", markdown(cut))
}

/// The first characters of a text.
fn first(text: &str, count: usize) -> &str {
    text.char_indices().nth(count).map_or(text, |(end, _)| &text[..end])
}
