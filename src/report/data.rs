//! The data that the page's script reads: the builds once, each metric's column beside them, the
//! charts' make-up. One line of JSON says what there is, and each line below it is a column, which the
//! JSON names by number: so what is never looked at is never read either. Its shape is private to the page and `page/data.js`; the version number
//! is there for the two to be held together by a test. Escaping for HTML happens here too.

use super::pack::{self, Packed};
use super::selection::Selection;
use super::shown::shown;
use super::{Drawn, ReportInput, Turn};
use crate::config;
use crate::history::Values;
use crate::metric::{Direction, Unit};
use serde::Serialize;
use std::borrow::Cow;

/// Everything the script gets.
#[derive(Serialize)]
struct Data<'a> {
    version: u32,
    /// Names and numbers of builds; the builds are sorted by branch.
    branches: Vec<(&'a str, usize)>,
    builds: Builds,
    metrics: Vec<Metric<'a>>,
    charts: Vec<ChartData<'a>>,
    thresholds: Vec<Threshold<'a>>,
    repository: Option<&'a str>,
}

#[derive(Serialize)]
struct Builds {
    count: usize,
    /// Times in units of `tick` milliseconds.
    time: Column,
    tick: i64,
    commit: Mixed,
    run: Mixed,
    number: Column,
}

/// The number of a column among the lines below the JSON.
type Column = usize;

/// `pack::Mixed`, its compact entries a column.
#[derive(Serialize)]
struct Mixed {
    s: Column,
    other: Vec<(usize, String)>,
}

/// `pack::Packed`, its text a column: scaled integers where `d` is there, else the numbers themselves.
#[derive(Serialize)]
struct Numeric {
    s: Column,
    #[serde(skip_serializing_if = "Option::is_none")]
    d: Option<u8>,
}

/// The columns so far.
#[derive(Default)]
struct Columns(Vec<String>);

impl Columns {
    fn add(&mut self, text: String) -> Column {
        self.0.push(text);
        self.0.len() - 1
    }

    fn mixed(&mut self, mixed: pack::Mixed) -> Mixed {
        let other = mixed.other.into_iter().map(|(build, text)| (build, shown(&text).into_owned())).collect();
        Mixed { s: self.add(mixed.s), other }
    }

    fn numeric(&mut self, packed: Packed) -> Numeric {
        match packed {
            Packed::Scaled { s, d } => Numeric { s: self.add(s), d: Some(d) },
            Packed::Plain(text) => Numeric { s: self.add(text), d: None },
        }
    }
}

#[derive(Serialize)]
struct Metric<'a> {
    id: &'a str,
    name: &'a str,
    unit: Option<Unit>,
    direction: Direction,
    /// With neither this nor `label` the metric is configured, but was never recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    numeric: Option<Numeric>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<Label<'a>>,
    /// Likely shifts of level: the build, the level before it and the one from it on, in decimal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    turns: Vec<(usize, String, String)>,
}

#[derive(Serialize)]
struct Label<'a> {
    values: Column,
    labels: &'a [Cow<'a, str>],
}

#[derive(Serialize)]
struct ChartData<'a> {
    metrics: &'a [usize],
    title: &'a str,
}

#[derive(Serialize)]
struct Threshold<'a> {
    metric: usize,
    /// In decimal, as the plain numbers of a column are.
    value: String,
    label: &'a str,
}

/// Run numbers and times beyond this are not exact in the page and are left out.
const EXACT: std::ops::Range<i64> = -(1 << 51)..(1 << 51);

/// Up to this many builds their times are exact in the page; beyond it they are whole seconds, which no chart shows a
/// part of, in three characters each instead of five.
const EXACT_TIMES: usize = 2_000;

/// The page's data as a line of JSON and columns that may be inside a `script` element: `<`, `>`, `&` and the two
/// line separators of JavaScript are written as escapes, so that no text can end the element.
pub(super) fn json(
    input: &ReportInput<'_>,
    selection: &Selection,
    drawn: &[Drawn<'_>],
    turns: &[Vec<Turn>],
    charts: &[(String, Vec<usize>)],
    repository: Option<&str>,
) -> serde_json::Result<String> {
    let table = &input.columns.builds;
    let kept = &selection.kept;
    let whole = kept.len() > EXACT_TIMES || kept.iter().all(|&b| table.timestamp[b] % 1000 == 0);
    let tick = if whole { 1000 } else { 1 };
    let exact = |number: i64| EXACT.contains(&number).then_some(number);

    let mut columns = Columns::default();

    let builds = Builds {
        count: kept.len(),
        time: columns.add(pack::integers(kept.iter().map(|&b| Some(table.timestamp[b].div_euclid(tick))))),
        tick,
        commit: columns.mixed(pack::commits(kept.iter().map(|&b| table.commit[b].as_str()))),
        run: columns.mixed(pack::run_ids(kept.iter().map(|&b| table.run_id[b].as_str()))),
        number: columns.add(pack::integers(kept.iter().map(|&b| exact(table.run_number[b])))),
    };
    let metrics = drawn
        .iter()
        .zip(turns)
        .map(|(d, turns)| {
            let (numeric, label) = match d.values {
                None => (None, None),
                Some(Values::Numeric(values)) => {
                    let own: Vec<Option<f64>> = kept.iter().map(|&b| values[b]).collect();
                    (Some(columns.numeric(pack::numbers(&own))), None)
                }
                Some(Values::Label(values, _)) => {
                    let labels = d.labels;
                    let values = pack::integers(kept.iter().map(|&b| values[b].map(i64::from)));
                    (None, Some(Label { values: columns.add(values), labels }))
                }
            };
            let config::MetricConfig { id, name, unit, direction, .. } = d.metric;
            let turns = turns.iter().map(|t| (t.build, t.before.to_string(), t.after.to_string())).collect();
            Metric { id, name, unit: *unit, direction: *direction, numeric, label, turns }
        })
        .collect();
    let thresholds = input
        .facts
        .thresholds
        .iter()
        .filter_map(|t| {
            let metric = drawn.iter().position(|d| d.metric.id == t.metric)?;
            Some(Threshold { metric, value: t.value.to_string(), label: &t.label })
        })
        .collect();
    let data = Data {
        version: 4,
        branches: selection.branches.iter().map(|b| (b.name.as_str(), b.builds)).collect(),
        builds,
        metrics,
        charts: charts.iter().map(|(title, metrics)| ChartData { metrics, title }).collect(),
        thresholds,
        repository,
    };
    let mut text = escape(&serde_json::to_string(&data)?);
    // Columns are of letters, digits and `-_,.`: nothing to escape.
    for column in &columns.0 {
        text.push('\n');
        text.push_str(column);
    }
    Ok(text)
}

/// Escapes JSON text for a `script` element; the value it denotes stays the same, because these
/// characters occur inside its strings only.
fn escape(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + 64);
    let mut rest = json;
    while let Some(at) = rest.find(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let mut characters = after.chars();
        out.push_str(match characters.next() {
            Some('<') => "\\u003c",
            Some('>') => "\\u003e",
            Some('&') => "\\u0026",
            Some('\u{2028}') => "\\u2028",
            _ => "\\u2029",
        });
        rest = characters.as_str();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn escaped_json_means_the_same_and_cannot_end_its_element() {
        let texts = ["</script><!--", "a&b\u{2028}c\u{2029}d", "<![CDATA[", "plain"];
        for text in texts {
            let json = serde_json::to_string(text).unwrap();
            let escaped = escape(&json);
            assert!(!escaped.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{escaped}");
            assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), text);
        }
    }
}
