//! Small pictures of one metric for a README: a badge, the same as data for shields.io, and an
//! image of its course. Which builds they speak of follows the report's rules: one branch, none of
//! pull requests.

use super::selection;
use super::shape::{self, Area, Bar, Span};
use super::stats::{self, Trend};
use super::{ThresholdLine, moment};
use crate::config::MetricConfig;
use crate::error::{Code, Error, Result};
use crate::history::{Columns, Values};
use crate::text::format_value;
use askama::Template as _;
use serde::Deserialize;

/// What is wanted of a badge.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(default, rename_all = "camelCase")]
pub struct BadgeWish {
    /// `svg`, `json` (the endpoint schema of shields.io) or `trend` (an SVG image of the course).
    #[cfg_attr(test, ts(as = "Option<BadgeForm>", optional))]
    pub form: BadgeForm,
    /// What stands on the left; the metric's name unless given.
    pub label: Option<String>,
    /// This branch alone. Without it `default_branch`, or the branch with the most builds.
    pub branch: Option<String>,
    /// The branch to prefer where none is asked for.
    pub default_branch: Option<String>,
    /// RFC 3339 time of rendering: builds from the future, seen from here, do not count.
    pub now: Option<String>,
}

/// The forms of a badge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum BadgeForm {
    /// A picture of a name and a value.
    #[default]
    Svg,
    /// JSON for shields.io's endpoint badge.
    Json,
    /// A picture of the metric's course.
    Trend,
}

/// White text keeps 4.5:1 on each.
const GOOD: &str = "1a6b3c";
const BAD: &str = "b3261e";
const PLAIN: &str = "2459c9";
const NONE: &str = "59636e";

/// The builds whose change colours a badge without thresholds: the newest so many.
const RECENT: usize = 30;

/// Characters of a name or value that are shown.
const LONGEST: usize = 60;

const COURSE: Area = Area { width: 336.0, height: 46.0, margin: 3.0 };

#[derive(askama::Template)]
#[template(path = "badge.svg")]
struct Badge<'a> {
    label: &'a str,
    message: &'a str,
    colour: &'static str,
    width: usize,
    split: usize,
    rest: usize,
    label_middle: usize,
    label_width: usize,
    message_middle: usize,
    message_width: usize,
}

#[derive(askama::Template)]
#[template(path = "trend.svg")]
struct Course {
    label: String,
    latest: String,
    summary: String,
    period: String,
    trend: Option<Trend>,
    path: String,
    bars: Vec<Bar>,
}

/// Renders what is wished for of `metric`. Its colour: red where the latest value breaks a
/// threshold, green where it keeps them all; without thresholds by the direction of its change over
/// the newest 30 builds, blue where no direction is better. A metric without a value says so.
///
/// # Errors
/// [`Code::ReportFailed`] where a template cannot be filled.
pub fn badge(
    columns: &Columns,
    metric: &MetricConfig,
    thresholds: &[ThresholdLine],
    wish: &BadgeWish,
) -> Result<String> {
    let preferred = wish.branch.as_deref().or(wish.default_branch.as_deref());
    let selection = selection::select(&columns.builds, preferred);
    let chosen = selection.branches.first().map(|branch| branch.name.as_str());
    let unknown = wish.branch.is_some() && chosen != wish.branch.as_deref();
    let builds = if unknown { &[] } else { selection.shown() };
    let label = shown(wish.label.as_deref().unwrap_or(&metric.name));
    let column = columns.metrics.iter().find(|c| c.id == metric.id).map(|c| &c.values);
    let known = Known::new(builds, column, metric);
    match wish.form {
        BadgeForm::Trend => known.course(columns, builds, metric, label),
        BadgeForm::Svg => {
            let message = known.message(metric);
            let (label_width, message_width) = (width(&label), width(&message));
            let (split, rest) = (label_width + 12, message_width + 12);
            let badge = Badge {
                colour: known.colour(metric, thresholds),
                width: split + rest,
                split,
                rest,
                label_middle: split / 2,
                label_width,
                message_middle: split + rest / 2,
                message_width,
                label: &label,
                message: &message,
            };
            badge.render().map_err(failed)
        }
        BadgeForm::Json => {
            let quoted = |text: &str| serde_json::to_string(text).map_err(failed);
            Ok(format!(
                "{{\"schemaVersion\":1,\"label\":{},\"message\":{},\"color\":\"{}\"}}\n",
                quoted(&label)?,
                quoted(&known.message(metric))?,
                known.colour(metric, thresholds)
            ))
        }
    }
}

fn failed(cause: impl std::fmt::Display) -> Error {
    Error::new(Code::ReportFailed, format!("the badge could not be rendered: {cause}"))
}

/// The values of the builds shown, oldest first.
enum Known<'a> {
    Numbers(Vec<f64>, &'a [Option<f64>]),
    Label(&'a str, &'a [Option<u32>]),
    Nothing,
}

impl<'a> Known<'a> {
    fn new(builds: &[usize], values: Option<&'a Values>, metric: &MetricConfig) -> Self {
        match values {
            Some(Values::Numeric(values)) if metric.kind == crate::metric::MetricType::Numeric => {
                let numbers: Vec<f64> = builds.iter().filter_map(|&b| values[b]).collect();
                if numbers.is_empty() { Known::Nothing } else { Known::Numbers(numbers, values) }
            }
            Some(Values::Label(values, labels)) if metric.kind == crate::metric::MetricType::Label => {
                let latest = builds.iter().rev().find_map(|&b| values[b]);
                latest.map_or(Known::Nothing, |label| Known::Label(&labels[label as usize], values))
            }
            _ => Known::Nothing,
        }
    }

    fn message(&self, metric: &MetricConfig) -> String {
        match self {
            Known::Numbers(numbers, _) => format_value(numbers[numbers.len() - 1], metric.unit),
            Known::Label(label, _) => shown(label),
            Known::Nothing => "no data".to_owned(),
        }
    }

    fn colour(&self, metric: &MetricConfig, thresholds: &[ThresholdLine]) -> &'static str {
        let numbers = match self {
            Known::Numbers(numbers, _) => numbers,
            Known::Label(..) => return PLAIN,
            Known::Nothing => return NONE,
        };
        let latest = numbers[numbers.len() - 1];
        let own = || thresholds.iter().filter(|t| t.metric == metric.id);
        let keeps = |t: &ThresholdLine| if t.least { latest >= t.value } else { latest <= t.value };
        if own().next().is_some() {
            return if own().all(keeps) { GOOD } else { BAD };
        }
        let first = numbers[numbers.len().saturating_sub(RECENT)];
        match stats::change(first, latest, metric.unit, metric.direction).verdict {
            "good" => GOOD,
            "bad" => BAD,
            _ => PLAIN,
        }
    }

    fn course(
        &self,
        columns: &Columns,
        builds: &[usize],
        metric: &MetricConfig,
        label: String,
    ) -> Result<String> {
        let time = |build: usize| columns.builds.timestamp[build];
        let (first, last) = (builds.first(), builds.last());
        let span = Span { from: first.map_or(0, |&b| time(b)), to: last.map_or(0, |&b| time(b)) };
        let latest = self.message(metric);
        let period = match (first, last) {
            (Some(&first), Some(&last)) => {
                let (from, to) = (moment::day(time(first)), moment::day(time(last)));
                if from == to { from } else { format!("{from} to {to}") }
            }
            _ => String::new(),
        };
        let (mut path, mut bars, mut trend) = (String::new(), Vec::new(), None);
        match self {
            Known::Numbers(numbers, values) => {
                let summary = stats::summarise(numbers.iter().copied(), metric.unit, metric.direction);
                if let Some(summary) = summary {
                    let points: Vec<_> = builds.iter().map(|&b| (time(b), values[b])).collect();
                    let points = shape::with_rhythm(&points);
                    path = shape::line(&points, span, (summary.min, summary.max), COURSE);
                    trend = Some(summary.trend);
                }
            }
            Known::Label(_, values) => {
                let points: Vec<_> = builds.iter().map(|&b| (time(b), values[b])).collect();
                bars = shape::bars(&points, span, COURSE.width);
            }
            Known::Nothing => {}
        }
        let change = trend.as_ref().map_or(String::new(), |t| format!(", {} {}", t.text, t.meaning));
        let summary = format!("{label}: {latest}{}", change.trim_end());
        Course { label, latest, summary, period, trend, path, bars }.render().map_err(failed)
    }
}

/// Text as a picture can carry it: without what XML cannot hold, cut where it is long.
fn shown(text: &str) -> String {
    let plain = |c: char| if c.is_control() || "\u{fffe}\u{ffff}".contains(c) { '\u{fffd}' } else { c };
    let mut out: String = text.chars().take(LONGEST).map(plain).collect();
    if text.chars().nth(LONGEST).is_some() {
        out.pop();
        out.push('…');
    }
    out
}

/// About how wide a text is in Verdana at 11 pixels; the picture holds its letters to it.
fn width(text: &str) -> usize {
    let tenths = |c: char| match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | 'I' | '!' => 38,
        ' ' | 'f' | 'r' | 't' | '(' | ')' | '-' | '/' => 45,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 105,
        'A'..='Z' => 78,
        c if c.is_ascii() => 68,
        _ => 100,
    };
    text.chars().map(tenths).sum::<usize>().div_ceil(10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{BuildTable, MetricColumn};
    use crate::metric::{Direction, MetricType, Unit};

    fn metric(unit: Unit, direction: Direction) -> MetricConfig {
        MetricConfig {
            id: "m".into(),
            name: "Line <coverage> & \"more\"".into(),
            kind: MetricType::Numeric,
            description: None,
            command: String::new(),
            unit: Some(unit),
            timeout: 0,
            direction,
            group: None,
        }
    }

    fn columns(values: &[f64]) -> Columns {
        let builds = BuildTable {
            id: (0..values.len() as i64).collect(),
            branch: vec![0; values.len()],
            branches: vec!["main".into()],
            event: vec![0; values.len()],
            events: vec!["push".into()],
            timestamp: (0..values.len() as i64).map(|n| n * 86_400_000).collect(),
            ..BuildTable::default()
        };
        let values = Values::Numeric(values.iter().copied().map(Some).collect());
        let column =
            MetricColumn { id: "m".into(), kind: MetricType::Numeric, unit: None, description: None, values };
        Columns { builds, metrics: vec![column] }
    }

    fn colour(values: &[f64], direction: Direction, bound: Option<(bool, f64)>) -> String {
        let line = |(least, value)| ThresholdLine { metric: "m".into(), value, label: String::new(), least };
        let lines: Vec<_> = bound.map(line).into_iter().collect();
        let wish = BadgeWish { form: BadgeForm::Json, ..BadgeWish::default() };
        let text = badge(&columns(values), &metric(Unit::Percent, direction), &lines, &wish).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        json["color"].as_str().unwrap().to_owned()
    }

    #[test]
    fn colours_follow_thresholds_then_the_direction() {
        use Direction::{HigherIsBetter as Up, LowerIsBetter as Down, None as Neither};
        let cases = [
            (&[80.0, 90.0][..], Up, None, GOOD),
            (&[80.0, 90.0], Down, None, BAD),
            (&[80.0, 90.0], Neither, None, PLAIN),
            (&[80.0, 80.0], Up, None, PLAIN),
            (&[], Up, None, NONE),
            (&[90.0, 85.0], Up, Some((true, 80.0)), GOOD),
            (&[90.0, 85.0], Up, Some((true, 85.0)), GOOD),
            (&[80.0, 85.0], Up, Some((true, 86.0)), BAD),
            (&[80.0, 85.0], Down, Some((false, 84.0)), BAD),
            (&[80.0, 85.0], Down, Some((false, 86.0)), GOOD),
        ];
        for (values, direction, bound, expected) in cases {
            assert_eq!(colour(values, direction, bound), expected, "{values:?} {direction:?} {bound:?}");
        }
    }

    #[test]
    fn pictures_are_xml_with_every_name_escaped() {
        for form in [BadgeForm::Svg, BadgeForm::Trend] {
            let wish = BadgeWish { form, label: Some("<b>&\u{1}\"'".into()), ..BadgeWish::default() };
            let svg =
                badge(&columns(&[1.0, 2.0]), &metric(Unit::Percent, Direction::None), &[], &wish).unwrap();
            let mut reader = quick_xml::Reader::from_str(&svg);
            let mut titles = String::new();
            let mut inside = false;
            loop {
                match reader.read_event().unwrap() {
                    quick_xml::events::Event::Start(e) => {
                        let name = e.name().as_ref().to_owned();
                        assert!(["svg", "title", "style", "clipPath", "g", "text"].contains(&name.as_str()));
                        inside = name == "title";
                    }
                    quick_xml::events::Event::Text(e) if inside => titles.push_str(&e),
                    quick_xml::events::Event::GeneralRef(e) if inside => {
                        titles.push_str(&format!("&{};", &*e));
                    }
                    quick_xml::events::Event::End(_) => inside = false,
                    quick_xml::events::Event::Eof => break,
                    _ => {}
                }
            }
            assert!(titles.starts_with("&#60;b&#62;&#38;\u{fffd}&#34;&#39;: 2.0%"), "{titles}");
        }
    }

    #[test]
    fn a_branch_that_is_asked_for_is_not_replaced_by_another() {
        let wish = |branch: &str| BadgeWish {
            form: BadgeForm::Json,
            branch: Some(branch.into()),
            ..BadgeWish::default()
        };
        let metric = metric(Unit::Percent, Direction::None);
        assert!(badge(&columns(&[1.0]), &metric, &[], &wish("main")).unwrap().contains("1.0%"));
        assert!(badge(&columns(&[1.0]), &metric, &[], &wish("dev")).unwrap().contains("no data"));
    }

    #[test]
    fn white_stands_out_from_every_colour() {
        for colour in [GOOD, BAD, PLAIN, NONE, "40474f"] {
            assert!(super::super::theme::contrast("#ffffff", &format!("#{colour}")) >= 4.5, "{colour}");
        }
    }

    #[test]
    fn long_words_are_cut_and_counted_by_characters() {
        assert_eq!(shown(&"ä".repeat(60)).chars().count(), 60);
        assert_eq!(shown(&"ä".repeat(61)).chars().count(), 60);
        assert!(width("WWW") > width("iii"));
    }
}
