//! The HTML report: one self-contained page that shows every configured metric over the builds of
//! a history. [`render`] is a function of its input alone, so the same input gives the same bytes.
//! What was not configured is not shown, however much of it the history holds; what was configured
//! and never recorded is shown as having no data.
//!
//! The page reads without scripts: cards, line drawings and tables are in the markup. The script
//! (`page/report.js`, bundled into `page/generated/report.js`) puts interactive charts
//! over the drawings. Its content security policy admits that script and the one style sheet by
//! their hashes, and nothing else.

mod badge;
mod data;
mod moment;
mod pack;
mod page;
mod sample;
mod selection;
mod shape;
mod shift;
mod shown;
mod stats;
mod theme;

use crate::config;
use crate::error::{Code, Error, Result};
use crate::history::{Columns, Values};
use askama::Template as _;
use base64::Engine as _;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;

pub use badge::{BadgeForm, BadgeWish, badge};

/// What a report is made of.
#[derive(Debug, Clone, Copy)]
pub struct ReportInput<'a> {
    /// The configured metrics in their order; these and no others appear.
    pub metrics: &'a [config::MetricConfig],
    /// Sections, colours and mode.
    pub layout: &'a config::Report,
    /// The recorded builds and values.
    pub columns: &'a Columns,
    /// What the host knows about the project.
    pub facts: &'a ReportFacts,
    /// The page's style sheet and script.
    pub assets: Assets<'a>,
}

/// The page's style sheet and script, as `tools/build-report.js` makes them. The host hands them
/// over, so that runs which render nothing do not load them with the engine.
#[derive(Debug, Clone, Copy)]
pub struct Assets<'a> {
    /// CSS.
    pub style: &'a str,
    /// JavaScript.
    pub script: &'a str,
}

#[cfg(not(target_family = "wasm"))]
impl Assets<'static> {
    /// Those of this source tree, for tests and examples.
    pub const GENERATED: Self = Self {
        style: include_str!("../page/generated/report.css"),
        script: include_str!("../page/generated/report.js"),
    };
}

/// What the host knows about the project and the moment.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(default, rename_all = "camelCase")]
pub struct ReportFacts {
    /// The repository's or the directory's name.
    pub title: String,
    /// Where commits and runs can be looked up, such as `https://github.com/owner/repo`. Anything
    /// but an http(s) address is ignored.
    pub repository_url: Option<String>,
    /// RFC 3339 time of rendering.
    pub generated_at: String,
    /// The program's own version.
    pub version: String,
    /// The branch to show first; without it, or without builds on it, the one with the most builds.
    pub default_branch: Option<String>,
    /// Lines to draw across the charts of numeric metrics.
    #[cfg_attr(test, ts(as = "Option<Vec<ThresholdLine>>", optional))]
    pub thresholds: Vec<ThresholdLine>,
    /// Whether the data is made up and the page has to say so.
    #[cfg_attr(test, ts(as = "Option<bool>", optional))]
    pub sample: bool,
    /// What the configuration's groups are known to have.
    #[cfg_attr(test, ts(as = "Option<Vec<config::GroupListing>>", optional))]
    pub listings: Vec<config::GroupListing>,
}

/// A horizontal line across a metric's charts.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ThresholdLine {
    /// The metric's id; a line for a metric that is not configured is left out.
    pub metric: String,
    /// Where the line is, in the metric's unit.
    pub value: f64,
    /// What is written beside it, such as `min`.
    pub label: String,
    /// Whether values are to lie above it, not below.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<bool>", optional))]
    pub least: bool,
}

/// A made-up history of the metrics, for [`render`] with `facts.sample`; its newest build is of the moment of
/// rendering, or of the end of 2026 where that is none.
pub fn sample(metrics: &[config::MetricConfig], facts: &ReportFacts) -> Columns {
    sample::columns(metrics, moment::milliseconds(&facts.generated_at).unwrap_or(1_798_718_400_000))
}

/// A configured metric and its recorded values, if there are any of its type.
#[derive(Clone, Copy)]
struct Drawn<'a> {
    /// Its texts as they are shown.
    metric: &'a config::MetricConfig,
    values: Option<&'a Values>,
    /// The words of a label metric as they are shown; none of a numeric one.
    labels: &'a [Cow<'a, str>],
}

/// A likely shift of a metric's level on one branch.
#[derive(Clone, Copy)]
struct Turn {
    /// The first build on the new level, an index into the selection's kept builds.
    build: usize,
    before: f64,
    after: f64,
}

/// The likely shifts of each metric, branch after branch, each by build. What is no change is left out.
fn turns(selection: &selection::Selection, drawn: &[Drawn<'_>]) -> Vec<Vec<Turn>> {
    let of_metric = |d: &Drawn<'_>| {
        let Some(Values::Numeric(values)) = d.values else { return Vec::new() };
        let mut found = Vec::new();
        for stretch in selection.stretches() {
            let value = |place: usize| values[selection.kept[place]].map(|value| (place, value));
            let (places, course): (Vec<usize>, Vec<f64>) = stretch.filter_map(value).unzip();
            found.extend(
                shift::shifts(&course)
                    .into_iter()
                    .filter(|s| !stats::same(s.before, s.after))
                    .map(|s| Turn { build: places[s.at], before: s.before, after: s.after }),
            );
        }
        found
    };
    drawn.iter().map(of_metric).collect()
}

/// Renders the report as one HTML document.
///
/// # Errors
/// [`Code::ReportFailed`] when the layout names a metric, a theme or a colour that does not exist;
/// a checked configuration has none of these.
pub fn render(input: &ReportInput<'_>) -> Result<String> {
    let values_of = |metric: &config::MetricConfig| {
        let column = input.columns.metrics.iter().find(|c| c.id == metric.id);
        column.map(|c| &c.values).filter(|values| match values {
            Values::Numeric(_) => metric.kind == crate::metric::MetricType::Numeric,
            Values::Label(..) => metric.kind == crate::metric::MetricType::Label,
        })
    };
    let columns: Vec<Option<&Values>> = input.metrics.iter().map(values_of).collect();
    let labels: Vec<Vec<Cow<'_, str>>> = columns
        .iter()
        .map(|values| match values {
            Some(Values::Label(_, labels)) => labels.iter().map(|label| shown::shown(label)).collect(),
            _ => Vec::new(),
        })
        .collect();
    let mut selection = selection::select(&input.columns.builds, input.facts.default_branch.as_deref());
    for branch in &mut selection.branches {
        branch.name = shown::shown(&branch.name).into_owned();
    }
    let (metrics, layout, facts) = texts(input);
    let input = &ReportInput { metrics: &metrics, layout: &layout, facts: &facts, ..*input };
    let drawn: Vec<Drawn<'_>> = metrics
        .iter()
        .zip(columns)
        .zip(&labels)
        .map(|((metric, values), labels)| Drawn { metric, values, labels })
        .collect();
    let repository = input.facts.repository_url.as_deref().and_then(repository_address);
    let sections = page::sections(input, &drawn)?;
    let charts: Vec<(String, Vec<usize>)> =
        sections.iter().flat_map(|s| &s.charts).map(|c| (c.title.clone(), c.metrics.clone())).collect();

    let style = format!("{}{}", theme::css(&input.layout.theme)?, input.assets.style);
    let turns = turns(&selection, &drawn);
    let data = data::json(input, &selection, &drawn, &turns, &charts, repository).map_err(failed)?;
    let page = page::Page::new(input, &selection, &drawn, &turns, &sections, repository);
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; base-uri 'none'; \
         form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
        hash(input.assets.script),
        hash(&style)
    );
    page::Document { page, policy, style: &style, script: input.assets.script, data: &data }
        .render()
        .map_err(failed)
}

/// What is configured and known, with every text as it is shown.
fn texts(input: &ReportInput<'_>) -> (Vec<config::MetricConfig>, config::Report, ReportFacts) {
    let change = |text: &mut String| {
        if let Cow::Owned(other) = shown::shown(text) {
            *text = other;
        }
    };
    let mut metrics = input.metrics.to_vec();
    for metric in &mut metrics {
        change(&mut metric.id);
        change(&mut metric.name);
        metric.description.iter_mut().for_each(change);
    }
    let mut layout = input.layout.clone();
    for section in &mut layout.sections {
        change(&mut section.name);
        section.description.iter_mut().for_each(change);
        section.charts.iter_mut().filter_map(|chart| chart.title.as_mut()).for_each(change);
    }
    let mut facts = input.facts.clone();
    for text in [&mut facts.title, &mut facts.version, &mut facts.generated_at] {
        change(text);
    }
    (metrics, layout, facts)
}

fn failed(cause: impl std::fmt::Display) -> Error {
    Error::new(Code::ReportFailed, format!("the report could not be rendered: {cause}"))
}

/// The SHA-256 of a text in base64, as a content security policy names an inline element.
fn hash(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text.as_bytes()))
}

/// The address without a slash at its end, if it is one that a link may lead to.
fn repository_address(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/:%@".contains(c);
    (!rest.is_empty() && rest.chars().all(plain)).then(|| url.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_become_links() {
        let cases = [
            ("https://github.com/owner/repo", Some("https://github.com/owner/repo")),
            ("https://github.com/owner/repo/", Some("https://github.com/owner/repo")),
            ("http://git.example:3000/o/r", Some("http://git.example:3000/o/r")),
            ("javascript:alert(1)", None),
            ("https://", None),
            ("https://x/\"onclick=\"alert(1)", None),
            ("//github.com/owner/repo", None),
            ("data:text/html,x", None),
        ];
        for (url, address) in cases {
            assert_eq!(repository_address(url), address, "{url}");
        }
    }

    #[test]
    fn the_generated_script_cannot_end_its_element() {
        for text in [Assets::GENERATED.script, Assets::GENERATED.style] {
            assert!(!text.contains("</") && !text.contains("<!--"));
        }
    }
}
