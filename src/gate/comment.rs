//! A verdict as Markdown: the pull request's comment and the section of the job summary. The same
//! verdict gives the same text, without any time of its own, so that a comment is edited only when
//! something changed. What does not fit is left out by whole rows and counted; posting is the host's.

use super::verdict::{
    BaselineChoice, BaselineInfo, ChangeEffect, ConfigurationChange, GateStatus, GateVerdict, JudgedBy,
    MetricText, MetricVerdict,
};
use crate::config::{GateMode, defaults};
use crate::text::{denoted, markdown, plural};
use serde::Deserialize;

/// What a comment says beside the verdict, and how long it may be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(rename_all = "camelCase")]
pub struct CommentFacts {
    /// By which the comment is found again; [`DEFAULT_MARKER`] unless given.
    #[serde(default)]
    pub marker: Option<String>,
    /// The repository's web page, for links to commits.
    #[serde(default)]
    pub repository_url: Option<String>,
    /// The run's web page.
    #[serde(default)]
    pub run_url: Option<String>,
    /// The report's web page.
    #[serde(default)]
    pub report_url: Option<String>,
    /// The commit that was judged.
    #[serde(default)]
    pub commit_sha: Option<String>,
    /// Whether the values are those that the pull request's own run reports.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<bool>", optional))]
    pub reported: bool,
    /// Rows at most over all tables of metrics; 30 unless given.
    #[serde(default)]
    pub max_comment_metrics: Option<u32>,
    /// Characters at most; 20,000 unless given. What stands first, the marker and the verdict, is
    /// never cut.
    #[serde(default)]
    pub max_comment_characters: Option<u32>,
}

/// The marker of comments for which none is asked.
pub const DEFAULT_MARKER: &str = "quality-gate";

/// GitHub refuses longer comments. Counted in UTF-16 units, which is never less than characters.
const COMMENT_LIMIT: usize = 65_536;
/// GitHub cuts a job summary at 1 MiB of bytes; a UTF-16 unit is three of them at most.
const SUMMARY_LIMIT: usize = 340_000;
/// A reason can be what a command printed last.
const REASON_LIMIT: usize = 300;
/// Differences of configurations that are shown at most.
const CHANGES_SHOWN: usize = 20;
/// Metrics in the headline of a report.
const HEADLINE_METRICS: usize = 3;

/// The line by which the comment is found again. Of the name only `a-z`, `A-Z`, `0-9`, `.`, `_` and
/// `-` are kept, because `--` or `>` could end what makes the line invisible.
#[must_use]
pub fn marker_line(marker: Option<&str>) -> String {
    let mut name = String::new();
    for character in marker.unwrap_or_default().chars() {
        let kept =
            if character.is_ascii_alphanumeric() || matches!(character, '.' | '_') { character } else { '-' };
        if !(kept == '-' && (name.is_empty() || name.ends_with('-'))) && name.len() < 100 {
            name.push(kept);
        }
    }
    let name = name.trim_end_matches('-');
    format!("<!-- unentropy:{} -->", if name.is_empty() { DEFAULT_MARKER } else { name })
}

/// What is said of values that no one but the change itself has measured.
const REPORTED: &str = "> [!NOTE]
> The values are what the pull request's own run says it measured. Its code is not trusted, and nobody \
else has measured them; thresholds and baselines are those of the base branch.
";

/// The pull request's comment.
#[must_use]
pub fn comment(shown: &GateVerdict, facts: &CommentFacts) -> String {
    let characters = facts.max_comment_characters.unwrap_or(defaults::COMMENT_CHARACTERS) as usize;
    let rows = facts.max_comment_metrics.unwrap_or(defaults::COMMENT_METRICS) as usize;
    let mut head = marker_line(facts.marker.as_deref()) + "\n";
    if facts.reported {
        head += REPORTED;
        head.push('\n');
    }
    let mut page = Page::new(head, characters.min(COMMENT_LIMIT), rows);
    page.fill(shown, facts);
    page.text()
}

/// The verdict's section of the job summary: the same without a marker and with every metric.
#[must_use]
pub fn summary(shown: &GateVerdict, facts: &CommentFacts) -> String {
    let head = if facts.reported { format!("{REPORTED}\n") } else { String::new() };
    let mut page = Page::new(head, SUMMARY_LIMIT, usize::MAX);
    page.fill(shown, facts);
    page.text()
}

/// A text that grows to a limit. Blocks are added in the order of their weight and stand in the
/// order of their place.
struct Page {
    head: String,
    blocks: Vec<(Place, String)>,
    room: usize,
    rows: usize,
}

/// Where a block stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// The table of so many.
    Metrics(usize),
    Failures,
    Changes,
    Thresholds,
    /// The table of so many.
    Others(usize),
    Footer,
}

/// A block of which items can be left out from the end.
struct Block<'b> {
    place: Place,
    before: &'b str,
    items: &'b [String],
    after: &'b str,
    /// What the items are: one, several.
    noun: (&'b str, &'b str),
    /// Items at most.
    most: usize,
}

impl Page {
    fn new(head: String, limit: usize, rows: usize) -> Self {
        let room = limit.saturating_sub(length(&head));
        Self { head, blocks: Vec::new(), room, rows }
    }

    fn text(mut self) -> String {
        self.blocks.sort_by_key(|(place, _)| *place);
        let mut text = self.head;
        for (_, block) in self.blocks {
            text.push('\n');
            text.push_str(&block);
        }
        text
    }

    /// Adds what is never left out.
    fn begin(&mut self, line: &str) {
        self.room = self.room.saturating_sub(length(line) + 1);
        self.head.push_str(line);
        self.head.push('\n');
    }

    /// Adds a line where there is room for it.
    fn continue_with(&mut self, line: &str) {
        if length(line) + 2 <= self.room {
            self.room -= length(line) + 2;
            self.head.push('\n');
            self.head.push_str(line);
            self.head.push('\n');
        }
    }

    /// Adds as many items as there is room for; those left out are counted. Returns how many stand.
    fn add(&mut self, block: &Block<'_>) -> usize {
        if block.items.is_empty() {
            return 0;
        }
        // One for the empty line before the block.
        let room = self.room.saturating_sub(1);
        let text = (0..=block.items.len().min(block.most)).rev().find_map(|count| {
            let text = block.text(count);
            (length(&text) <= room).then_some((count, text))
        });
        let Some((count, text)) = text else { return 0 };
        self.room -= length(&text) + 1;
        self.blocks.push((block.place, text));
        count
    }

    fn fill(&mut self, shown: &GateVerdict, facts: &CommentFacts) {
        self.begin(&headline(shown));
        self.continue_with(&counts(shown));
        let footer = footer(shown, facts);
        self.add(&Block {
            place: Place::Footer,
            before: "",
            items: &footer,
            after: "",
            noun: ("fact", "facts"),
            most: usize::MAX,
        });
        self.metrics(shown);
        self.changes(shown);
        self.failures(shown);
        self.others(shown, is_report(shown));
        self.thresholds(shown);
    }

    /// The metrics with a threshold: a table of those that stand alone, and one for each group. What failed comes before
    /// what did not, in whichever table it is.
    fn metrics(&mut self, shown: &GateVerdict) {
        let ranks = [
            (GateStatus::Fail, true),
            (GateStatus::Fail, false),
            (GateStatus::Unknown, false),
            (GateStatus::Pass, false),
        ];
        let rank = |metric: &MetricVerdict| {
            let own = (metric.status, metric.is_blocking == Some(true));
            ranks.iter().position(|of| *of == own).unwrap_or(ranks.len())
        };
        let tables: Vec<(Option<&str>, Vec<&MetricVerdict>)> = grouped(shown.gated())
            .into_iter()
            .map(|(group, mut metrics)| {
                metrics.sort_by_key(|metric| rank(metric));
                (group, metrics)
            })
            .collect();
        let mut order: Vec<(usize, usize)> = tables
            .iter()
            .enumerate()
            .flat_map(|(table, (_, metrics))| metrics.iter().map(move |metric| (rank(metric), table)))
            .collect();
        order.sort_by_key(|(rank, _)| *rank);
        order.truncate(self.rows);
        for (index, (group, metrics)) in tables.iter().enumerate() {
            let rows: Vec<String> = metrics.iter().map(|metric| row(metric)).collect();
            let most = order.iter().filter(|(_, table)| *table == index).count();
            let stand = self.add(&Block {
                place: Place::Metrics(index),
                before: &format!(
                    "{}| | Metric | Value | Baseline | Change | Threshold | Why |\n|---|---|---:|---:|---:|---|---|\n",
                    group.map(|group| group_heading(group, metrics)).unwrap_or_default(),
                ),
                items: &rows,
                after: "",
                noun: if group.is_some() { ("metric of the group", "metrics of the group") } else { ("metric", "metrics") },
                most,
            });
            self.rows -= stand;
        }
    }

    /// The metrics without a threshold, folded away unless there are no others.
    fn others(&mut self, shown: &GateVerdict, is_open: bool) {
        let cells = |metric: &MetricVerdict| {
            let MetricText { name, value, baseline, delta, .. } = &metric.text;
            let value = if value.is_empty() { "none" } else { value };
            format!("| {} | {} | {} | {} |\n", cell(name), cell(value), cell(baseline), cell(delta))
        };
        let table = "| Metric | Value | Baseline | Change |\n|---|---:|---:|---:|\n";
        for (index, (group, metrics)) in grouped(shown.ungated()).into_iter().enumerate() {
            let rows: Vec<String> = metrics.iter().copied().map(cells).collect();
            let summary = plural(rows.len(), "metric", "metrics");
            let of = group.map(|group| format!(" of `{group}`")).unwrap_or_default();
            let (before, after, noun) = match is_open {
                true => {
                    let heading =
                        group.map(|group| format!("**`{group}`**: {summary}\n\n")).unwrap_or_default();
                    (format!("{heading}{table}"), "", ("metric", "metrics"))
                }
                false => (
                    format!(
                        "<details>\n<summary>{summary}{} without a threshold</summary>\n\n{table}",
                        of.replace('`', "")
                    ),
                    "\n</details>\n",
                    ("metric without a threshold", "metrics without a threshold"),
                ),
            };
            let stand = self.add(&Block {
                place: Place::Others(index),
                before: &before,
                items: &rows,
                after,
                noun,
                most: self.rows,
            });
            self.rows -= stand;
        }
    }

    fn thresholds(&mut self, shown: &GateVerdict) {
        // With one threshold a metric the table above says it all.
        let several = shown.metrics.iter().filter(|metric| metric.thresholds.len() > 1);
        let rows: Vec<String> = several
            .flat_map(|metric| metric.thresholds.iter().map(|threshold| (&metric.text.name, threshold)))
            .map(|(name, threshold)| {
                let sign = sign(threshold.status, threshold.is_blocking);
                let [text, why] = [&threshold.text, &threshold.message].map(|text| cell(text));
                format!("| {sign} | {} | {text} | {why} |\n", cell(name))
            })
            .collect();
        self.add(&Block {
            place: Place::Thresholds,
            before: "<details>\n<summary>Every threshold of metrics with several</summary>\n\n\
                     | | Metric | Threshold | Why |\n|---|---|---|---|\n",
            items: &rows,
            after: "\n</details>\n",
            noun: ("threshold", "thresholds"),
            most: usize::MAX,
        });
    }

    fn failures(&mut self, shown: &GateVerdict) {
        // Why a metric with a threshold has no value stands beside its verdict.
        let items: Vec<String> = shown
            .ungated()
            .filter_map(|metric| Some((&metric.text.name, metric.problem.as_ref()?)))
            .map(|(name, problem)| format!("- {}: {}\n", cell(name), cell(problem)))
            .collect();
        self.add(&Block {
            place: Place::Failures,
            before: if is_report(shown) {
                "**Not measured**\n\n"
            } else {
                "**Not measured, without a threshold**\n\n"
            },
            items: &items,
            after: "",
            noun: ("metric", "metrics"),
            most: usize::MAX,
        });
    }

    fn changes(&mut self, shown: &GateVerdict) {
        // What loosens is never crowded out by harmless differences.
        let rank = |change: &&ConfigurationChange| match change.effect {
            ChangeEffect::Loosened => 0,
            ChangeEffect::Changed => 1,
            ChangeEffect::Tightened => 2,
        };
        let mut ranked: Vec<&ConfigurationChange> = shown.configuration_changes.iter().collect();
        ranked.sort_by_key(rank);
        let items: Vec<String> = ranked.into_iter().map(change).collect();
        self.add(&Block {
            place: Place::Changes,
            before: "**This change alters what the gate judges**\n\n",
            items: &items,
            after: "",
            noun: ("difference", "differences"),
            most: CHANGES_SHOWN,
        });
    }
}

impl Block<'_> {
    /// The block with so many of its items.
    fn text(&self, count: usize) -> String {
        let left = self.items.len() - count;
        let more = match left {
            0 => String::new(),
            _ if count == 0 => format!("… {}\n", plural(left, self.noun.0, self.noun.1)),
            _ => {
                // A table or list goes on until an empty line.
                let noun = if left == 1 { self.noun.0 } else { self.noun.1 };
                format!("\n… and {left} more {noun}\n")
            }
        };
        if count == 0 {
            return more;
        }
        let items = self.items[..count].concat();
        format!("{}{items}{more}{}", self.before, self.after)
    }
}

/// How GitHub may count.
fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// A user's text in a cell or a list, cut where it is long.
fn cell(text: &str) -> String {
    match text.char_indices().nth(REASON_LIMIT) {
        None => markdown(text),
        Some((end, _)) => format!("{}…", markdown(&text[..end])),
    }
}

/// Whether nothing is demanded of any metric, so that there are values to report and no verdict.
fn is_report(shown: &GateVerdict) -> bool {
    shown.mode != GateMode::Off && shown.configuration_problem.is_none() && shown.gated().next().is_none()
}

/// The first metrics with what became of them, the others counted.
fn report_headline(shown: &GateVerdict) -> String {
    let measured: Vec<&MetricVerdict> =
        shown.metrics.iter().filter(|metric| !metric.text.value.is_empty()).collect();
    let mut parts: Vec<String> = measured
        .iter()
        .take(HEADLINE_METRICS)
        .map(|metric| {
            let MetricText { name, value, delta, .. } = &metric.text;
            // A share in brackets would be inside of others.
            let change = match delta.split(" (").next().unwrap_or_default() {
                "" => String::new(),
                delta if denoted(delta) == 0.0 => " (unchanged)".to_owned(),
                delta => format!(" ({})", cell(delta)),
            };
            format!("{} {}{change}", cell(name), cell(value))
        })
        .collect();
    let more = measured.len().saturating_sub(HEADLINE_METRICS);
    if more > 0 {
        parts.push(format!("{more} more"));
    }
    let failed = shown.metrics.len() - measured.len();
    if failed > 0 {
        parts.push(format!("{failed} not measured"));
    }
    if parts.is_empty() { "## No metrics".to_owned() } else { format!("## {}", parts.join(" · ")) }
}

/// Metrics that stand alone, where there are any, and then those of each group, in the order of its first one.
fn grouped<'m>(
    metrics: impl Iterator<Item = &'m MetricVerdict>,
) -> Vec<(Option<&'m str>, Vec<&'m MetricVerdict>)> {
    let mut tables: Vec<(Option<&str>, Vec<&MetricVerdict>)> = vec![(None, Vec::new())];
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

/// The line above a group's table.
fn group_heading(group: &str, metrics: &[&MetricVerdict]) -> String {
    let count = |status| metrics.iter().filter(|metric| metric.status == status).count();
    let parts =
        [(GateStatus::Fail, "failed"), (GateStatus::Unknown, "not judged"), (GateStatus::Pass, "passed")];
    let parts: Vec<String> = parts
        .into_iter()
        .map(|(status, what)| (count(status), what))
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    format!("**`{group}`**: of {} {}\n\n", plural(metrics.len(), "metric", "metrics"), parts.join(", "))
}

fn headline(shown: &GateVerdict) -> String {
    if is_report(shown) {
        return report_headline(shown);
    }
    let (sign, words) = match (shown.mode, shown.status) {
        (GateMode::Off, _) => ("⚪", "Quality gate: off"),
        (_, GateStatus::Pass) => ("✅", "Quality gate passed"),
        (_, GateStatus::Fail) => ("❌", "Quality gate failed"),
        (_, GateStatus::Unknown) if shown.configuration_problem.is_some() => {
            ("❔", "Quality gate: what the base branch demands is not known")
        }
        (_, GateStatus::Unknown) if shown.history_refused => {
            ("❔", "Quality gate: this change brings the history that it would be compared with")
        }
        (_, GateStatus::Unknown) => ("❔", "Quality gate: nothing could be judged"),
    };
    format!("## {sign} {words}")
}

fn counts(shown: &GateVerdict) -> String {
    if shown.mode == GateMode::Off {
        return "The configuration switches the gate off.".to_owned();
    }
    let count = |status| shown.gated().filter(|metric| metric.status == status).count();
    let [failed, unknown, passed] = [GateStatus::Fail, GateStatus::Unknown, GateStatus::Pass].map(count);
    let total = failed + unknown + passed;
    if total == 0 {
        return no_threshold(shown);
    }
    let mut parts = Vec::new();
    for (count, what) in [(failed, "failed"), (unknown, "not judged"), (passed, "passed")] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    let mut text = format!("Of {}: {}.", plural(total, "metric", "metrics"), parts.join(", "));
    let is_blocked = shown.metrics.iter().any(|metric| metric.is_blocking == Some(true));
    match (is_blocked, shown.mode) {
        (true, GateMode::Hard) => text.push_str(" The gate is hard: this run fails."),
        (false, GateMode::Hard) if shown.configuration_problem.is_some() || shown.history_refused => {
            text.push_str(" The gate is hard: this run fails.");
        }
        (true, _) => text.push_str(" The gate is soft: nothing is blocked."),
        (false, _) if failed > 0 => text.push_str(" What failed is only a warning."),
        _ => {}
    }
    text
}

/// How to get a verdict.
fn no_threshold(shown: &GateVerdict) -> String {
    let is_numeric =
        |metric: &&MetricVerdict| metric.pull_request_value.is_some() || metric.baseline.is_some();
    let Some(metric) = shown.metrics.iter().find(is_numeric) else {
        return "No metric has a threshold.".to_owned();
    };
    let MetricVerdict { metric, .. } = metric;
    format!(
        "No metric has a threshold. To judge changes, add one to the configuration: \
         `\"qualityGate\": {{\"thresholds\": [{{\"metric\": \"{metric}\", \"mode\": \"no-regression\"}}]}}`"
    )
}

fn sign(status: GateStatus, is_blocking: bool) -> &'static str {
    match status {
        GateStatus::Fail if is_blocking => "❌",
        GateStatus::Fail => "⚠️",
        GateStatus::Unknown => "❔",
        GateStatus::Pass => "✅",
    }
}

fn row(metric: &MetricVerdict) -> String {
    let sign = sign(metric.status, metric.is_blocking == Some(true));
    let MetricText { name, value, baseline, delta, threshold } = &metric.text;
    let value = if value.is_empty() { "none" } else { value };
    let [name, value, baseline, delta, threshold] = [name, value, baseline, delta, threshold].map(cell);
    let why = match metric.status {
        // What is kept needs no words beside its numbers.
        GateStatus::Pass => String::new(),
        _ => cell(metric.message.as_deref().unwrap_or_default()),
    };
    format!("| {sign} | {name} | {value} | {baseline} | {delta} | {threshold} | {why} |\n")
}

fn change(change: &ConfigurationChange) -> String {
    let ConfigurationChange { effect, metric, what, before, after, judged } = change;
    let sign = match effect {
        ChangeEffect::Loosened => "⚠️ loosened",
        ChangeEffect::Tightened => "tightened",
        ChangeEffect::Changed => "changed",
    };
    let of = metric.as_ref().map(|metric| format!(" of {}", cell(metric))).unwrap_or_default();
    let side = |text: &Option<String>| text.as_deref().map_or_else(|| "none".to_owned(), cell);
    format!("- {sign} {}{of}: {} → {}; {}\n", cell(what), side(before), side(after), cell(judged))
}

fn footer(shown: &GateVerdict, facts: &CommentFacts) -> Vec<String> {
    let repository = facts.repository_url.as_deref();
    let mut lines = Vec::new();
    if shown.mode != GateMode::Off {
        lines.push(baseline(&shown.baseline_info, repository));
        if let Some(problem) = &shown.configuration_problem {
            lines.push(match shown.judged_by {
                JudgedBy::Own => format!("Judged by this change's own configuration: {}.", cell(problem)),
                JudgedBy::Base => format!("What the base branch demands is not certain: {}.", cell(problem)),
            });
        }
    }
    let mut links = Vec::new();
    if let Some(sha) = facts.commit_sha.as_deref().filter(|sha| !sha.is_empty()) {
        links.push(format!("Commit {}", commit(sha, repository)));
    }
    for (name, url) in [("run", &facts.run_url), ("report", &facts.report_url)] {
        links.extend(url.as_deref().filter(|url| is_address(url)).map(|url| format!("[{name}]({url})")));
    }
    if !links.is_empty() {
        lines.push(links.join(" · "));
    }
    lines.iter().map(|line| format!("<sub>{line}</sub>\n\n")).collect()
}

fn baseline(info: &BaselineInfo, repository: Option<&str>) -> String {
    let Some(sha) = &info.commit_sha else {
        let problem = info.problem.as_deref().unwrap_or("no build counts");
        return format!("No baseline: {}.", cell(problem));
    };
    let branch = cell(info.reference_branch.as_deref().unwrap_or_default());
    let day = info.timestamp.as_deref().and_then(|time| time.get(..10)).unwrap_or_default();
    let why = match info.choice {
        _ if info.uncommitted => "the commit without the uncommitted changes",
        Some(BaselineChoice::MergeBase) => "the merge base",
        Some(BaselineChoice::Ancestor) => "the nearest recorded commit before the merge base",
        Some(BaselineChoice::Earlier) => "the newest build not later than the merge base",
        Some(BaselineChoice::Newest) | None => "the newest build, because the merge base is not known",
    };
    format!("Compared with {} of {branch} ({}), {why}.", commit(sha, repository), cell(day))
}

/// A commit's short id, as a link where the repository is known.
fn commit(sha: &str, repository: Option<&str>) -> String {
    if !sha.bytes().all(|byte| byte.is_ascii_hexdigit()) || sha.len() < 7 {
        return cell(sha);
    }
    let short = &sha[..7];
    match repository.filter(|url| is_address(url)) {
        Some(url) => format!("[`{short}`]({}/commit/{sha})", url.trim_end_matches('/')),
        None => format!("`{short}`"),
    }
}

/// Whether a text is a web address that can stand in a Markdown link.
fn is_address(url: &str) -> bool {
    (url.starts_with("https://") || url.starts_with("http://"))
        && url.bytes().all(|byte| byte.is_ascii_graphic() && !b"()<>[]\"'`\\|".contains(&byte))
}
