//! A verdict as lines of a terminal: one for each metric, why below those that did not pass, and
//! what it comes to. Pieces of a line that stand out carry a style; which colors those are, and
//! whether there are any, is the host's.

use super::verdict::{
    BaselineChoice, BaselineInfo, ConfigurationChange, GateStatus, GateVerdict, MetricVerdict,
};
use crate::config::GateMode;
use crate::text::plural;
use serde::Serialize;

/// What a piece of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// What passed.
    Good,
    /// What failed.
    Bad,
    /// What a person should look at.
    Warn,
    /// What matters less than the rest.
    Dim,
}

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct StyledText {
    /// As it is shown.
    pub text: String,
    /// `null` for plain text.
    pub style: Option<Style>,
}

/// One line, in pieces; an empty one separates.
pub type StyledLine = Vec<StyledText>;

/// The lines that show a verdict.
///
/// `is_problem_shown`: whether the host has already warned of why the base branch's configuration was
/// not used, in the very words of the verdict.
#[must_use]
pub fn lines(shown: &GateVerdict, is_problem_shown: bool) -> Vec<StyledLine> {
    if shown.mode == GateMode::Off {
        return vec![vec![plain("the quality gate is off: nothing was measured or judged")]];
    }
    let gated: Vec<&MetricVerdict> = shown.gated().collect();
    let mut lines = vec![Vec::new()];
    // Those of a group stand together.
    let order = |metric: &&MetricVerdict| {
        let first = |group: &String| shown.metrics.iter().position(|m| m.group.as_ref() == Some(group));
        metric.group.as_ref().map(first)
    };
    let mut all: Vec<&MetricVerdict> = gated.iter().copied().chain(shown.ungated()).collect();
    all.sort_by_cached_key(order);
    lines.extend(table(all.into_iter()));
    lines.push(Vec::new());
    if let Some(problem) = shown.configuration_problem.as_ref().filter(|_| !is_problem_shown) {
        lines.push(vec![styled(Style::Warn, "warning:"), plain(format!(" {problem}"))]);
    }
    lines.extend(shown.configuration_changes.iter().map(change));
    if gated.is_empty() && shown.configuration_problem.is_none() {
        lines.push(vec![plain(
            "no metric has a threshold: add one to `qualityGate.thresholds` to judge changes",
        )]);
    } else {
        let (mark, style, word) = look(shown.status);
        let count = |of| gated.iter().filter(|metric| metric.status == of).count();
        let [passed, failed, unknown] = [GateStatus::Pass, GateStatus::Fail, GateStatus::Unknown].map(count);
        lines.push(vec![
            styled(style, format!("{mark} gate {word}")),
            plain(format!(" ({}): {passed} passed, {failed} failed, {unknown} unknown", shown.mode.as_str())),
        ]);
    }
    lines.push(vec![styled(Style::Dim, compared_with(&shown.baseline_info))]);
    lines
}

fn plain(text: impl Into<String>) -> StyledText {
    StyledText { text: text.into(), style: None }
}

fn styled(style: Style, text: impl Into<String>) -> StyledText {
    StyledText { text: text.into(), style: Some(style) }
}

/// A status as a mark, its style and a word.
fn look(status: GateStatus) -> (&'static str, Style, &'static str) {
    match status {
        GateStatus::Pass => ("✓", Style::Good, "passed"),
        GateStatus::Fail => ("✗", Style::Bad, "failed"),
        GateStatus::Unknown => ("?", Style::Warn, "unknown"),
    }
}

const HEADING: [&str; 5] = ["metric", "value", "baseline", "change", "demanded"];

fn table<'v>(metrics: impl Iterator<Item = &'v MetricVerdict>) -> Vec<StyledLine> {
    let rows: Vec<_> = metrics.map(|metric| (metric, cells(metric))).collect();
    let widths: [usize; HEADING.len()] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|(_, cells)| cells[column].chars().count());
        cells.chain([HEADING[column].len()]).max().unwrap_or_default()
    });
    let mut lines = vec![vec![plain("  "), styled(Style::Dim, aligned(&HEADING, &widths))]];
    let mut heading = None;
    for (metric, cells) in &rows {
        if metric.group.is_some() && metric.group != heading {
            let group = metric.group.as_deref().unwrap_or_default();
            let count = rows.iter().filter(|(other, _)| other.group == metric.group).count();
            let count = plural(count, "metric", "metrics");
            lines.push(vec![plain("  "), styled(Style::Dim, format!("{group}: {count}"))]);
        }
        heading.clone_from(&metric.group);
        let (mark, style, _) = look(metric.status);
        let mark = if metric.thresholds.is_empty() { plain(" ") } else { styled(style, mark) };
        lines.push(vec![mark, plain(format!(" {}", aligned(cells, &widths)))]);
        for judged in metric.thresholds.iter().filter(|judged| judged.status != GateStatus::Pass) {
            let (_, style, _) = look(judged.status);
            let mut line = vec![plain("    "), styled(style, judged.message.clone())];
            if judged.status == GateStatus::Fail && !judged.is_blocking {
                line.push(plain(" (no blocker)"));
            }
            lines.push(line);
        }
    }
    lines
}

fn cells(metric: &MetricVerdict) -> [String; HEADING.len()] {
    let demanded: Vec<&str> = metric.thresholds.iter().map(|judged| judged.text.as_str()).collect();
    let text = &metric.text;
    [&metric.metric, &text.value, &text.baseline, &text.delta, &demanded.join("; ")]
        .map(|cell| if cell.is_empty() { "—".to_owned() } else { cell.clone() })
}

/// The cells of a row, each but the last as wide as its column.
fn aligned<S: AsRef<str>>(cells: &[S; HEADING.len()], widths: &[usize; HEADING.len()]) -> String {
    let mut text = String::new();
    for (column, cell) in cells.iter().enumerate() {
        let cell = cell.as_ref();
        text.push_str(cell);
        if column + 1 < HEADING.len() {
            text.extend(std::iter::repeat_n(' ', widths[column] - cell.chars().count() + 2));
        }
    }
    text
}

fn change(change: &ConfigurationChange) -> StyledLine {
    let ConfigurationChange { metric, what, before, after, judged, .. } = change;
    let of = metric.as_ref().map(|metric| format!(" of {metric}")).unwrap_or_default();
    let [before, after] = [before, after].map(|side| side.as_deref().unwrap_or("none"));
    vec![plain(format!("changed {what}{of}: {before} → {after}; {judged}"))]
}

fn compared_with(info: &BaselineInfo) -> String {
    let Some(commit) = info.commit_sha.as_deref().filter(|_| info.problem.is_none()) else {
        return format!("no baseline: {}", info.problem.as_deref().unwrap_or("no build counts"));
    };
    let how = match info.choice {
        _ if info.uncommitted => "without the uncommitted changes",
        Some(BaselineChoice::MergeBase) => "where it left the branch",
        Some(BaselineChoice::Ancestor) => "ancestor",
        Some(BaselineChoice::Earlier) => "earlier",
        Some(BaselineChoice::Newest) | None => "newest",
    };
    let commit: String = commit.chars().take(12).collect();
    let branch = info.reference_branch.as_deref().unwrap_or_default();
    let builds = plural(info.builds_considered, "build", "builds");
    format!("compared with {branch} at {commit} ({how}; of {builds})")
}
