//! What the page's markup shows, worked out into texts, classes and shapes: cards, panels with
//! their drawings, tables. The template (`templates/report.html`) only places and escapes them.

use super::selection::Selection;
use super::shape::{self, Area, Bar, Span};
use super::shown::{isolated, shown};
use super::stats::{self, Trend};
use super::{Drawn, ReportInput, Turn, moment, theme};
use crate::config::ColourMode;
use crate::config::groups::selects;
use crate::error::{Code, Error, Result};
use crate::history::{BuildTable, Values};
use crate::metric::Unit;
use crate::text::{format_short, format_value};
use std::borrow::Cow;

/// The whole document.
#[derive(askama::Template)]
#[template(path = "report.html")]
pub(super) struct Document<'a> {
    /// What it shows.
    pub(super) page: Page<'a>,
    /// The content security policy.
    pub(super) policy: String,
    /// The style sheet.
    pub(super) style: &'a str,
    /// The script.
    pub(super) script: &'a str,
    /// The script's data, already safe inside a `script` element.
    pub(super) data: &'a str,
}

/// A titled group of charts with its metrics resolved.
pub(super) struct Section<'a> {
    name: &'a str,
    description: Option<&'a str>,
    /// None where a table shows the metrics, or a group has none with a chart.
    pub(super) charts: Vec<Chart>,
    /// The metrics of the group that the section is of, as indexes among the configured ones.
    members: Vec<usize>,
}

/// A chart's heading and the indexes of its metrics among the configured ones.
pub(super) struct Chart {
    /// The configured title, or the metrics' names.
    pub(super) title: String,
    /// At least one.
    pub(super) metrics: Vec<usize>,
}

/// The configured sections, or one with a chart for every metric, and behind them one for each group.
pub(super) fn sections<'a>(input: &ReportInput<'a>, drawn: &[Drawn<'a>]) -> Result<Vec<Section<'a>>> {
    let chart = |metrics: Vec<usize>, title: Option<&String>| {
        let names = || match metrics[..] {
            [metric] => drawn[metric].metric.name.clone(),
            _ => metrics.iter().map(|&m| isolated(&drawn[m].metric.name)).collect::<Vec<_>>().join(", "),
        };
        Chart { title: title.cloned().unwrap_or_else(names), metrics }
    };
    let mut names: Vec<&'a str> = Vec::new();
    for group in drawn.iter().filter_map(|d| d.metric.group.as_deref()) {
        if !names.contains(&group) {
            names.push(group);
        }
    }
    let is_laid_out = !input.layout.sections.is_empty();
    let groups = names.into_iter().map(|name| {
        let members: Vec<usize> =
            (0..drawn.len()).filter(|&metric| drawn[metric].metric.group.as_deref() == Some(name)).collect();
        let charts = match is_laid_out {
            true => Vec::new(),
            false => group_charts(&members, drawn).into_iter().map(|metrics| chart(metrics, None)).collect(),
        };
        Section { name, description: None, charts, members }
    });
    if !is_laid_out {
        let alone = (0..drawn.len()).filter(|&metric| drawn[metric].metric.group.is_none());
        let charts: Vec<Chart> = alone.map(|metric| chart(vec![metric], None)).collect();
        let all = Section { name: "All metrics", description: None, charts, members: Vec::new() };
        return Ok(std::iter::once(all)
            .filter(|all| !all.charts.is_empty() || drawn.is_empty())
            .chain(groups)
            .collect());
    }
    let place = |reference: &String| {
        let places: Vec<usize> =
            (0..drawn.len()).filter(|&metric| selects(reference, drawn[metric].metric)).collect();
        if places.is_empty() { Err(not_configured(reference)) } else { Ok(places) }
    };
    let section = |section: &'a crate::config::Section| {
        let mut charts = Vec::new();
        for named in &section.charts {
            let places: Vec<Vec<usize>> = named.metrics.iter().map(place).collect::<Result<_>>()?;
            charts.push(chart(places.concat(), named.title.as_ref()));
        }
        let (name, description) = (section.name.as_str(), section.description.as_deref());
        Ok(Section { name, description, charts, members: Vec::new() })
    };
    let laid_out: Vec<Section<'a>> = input.layout.sections.iter().map(section).collect::<Result<_>>()?;
    Ok(laid_out.into_iter().chain(groups).collect())
}

fn not_configured(id: &str) -> Error {
    Error::new(Code::ReportFailed, format!("a chart names metric `{id}`, which is not configured"))
        .hint("Add the metric to `metrics` or take it out of `report.sections`.")
}

/// A chart for each metric of a group, or for several of one unit where there would be many.
fn group_charts(members: &[usize], drawn: &[Drawn<'_>]) -> Vec<Vec<usize>> {
    if members.len() <= OWN_CHARTS {
        return members.iter().map(|&metric| vec![metric]).collect();
    }
    let mut units: Vec<(Option<Unit>, Vec<usize>)> = Vec::new();
    for &metric in members {
        let unit = drawn[metric].metric.unit;
        match units.iter_mut().find(|(known, _)| *known == unit) {
            Some((_, metrics)) => metrics.push(metric),
            None => units.push((unit, vec![metric])),
        }
    }
    units.iter().flat_map(|(_, metrics)| metrics.chunks(theme::SERIES_COUNT).map(<[usize]>::to_vec)).collect()
}

/// The template's view of the report.
pub(super) struct Page<'a> {
    title: &'a str,
    sample: bool,
    mode: &'static str,
    version: &'a str,
    generated: String,
    repository: Option<&'a str>,
    /// `1,234 builds`, of the branch shown.
    builds: String,
    /// `2026-01-02 to 2026-11-05`, empty without builds.
    period: String,
    first_day: String,
    last_day: String,
    /// The shown branch's name.
    branch: String,
    /// What can be chosen: names with their numbers of builds.
    branches: Vec<String>,
    cards: Vec<Card<'a>>,
    sections: Vec<SectionView<'a>>,
}

struct Card<'a> {
    /// Among the configured metrics.
    index: usize,
    id: &'a str,
    name: &'a str,
    description: &'a str,
    /// The first chart that shows the metric.
    chart: Option<usize>,
    face: Face,
}

enum Face {
    Missing,
    Numeric {
        latest: String,
        min: String,
        max: String,
        trend: Trend,
        line: Box<Line>,
        /// The newest likely shift of level and its day.
        shift: Option<(Trend, String)>,
    },
    Label {
        latest: String,
        since: String,
        states: String,
        bars: Vec<Bar>,
    },
}

struct SectionView<'a> {
    name: &'a str,
    description: Option<&'a str>,
    panels: Vec<Panel<'a>>,
    /// The rows of the group's table.
    members: Vec<Card<'a>>,
}

struct Panel<'a> {
    index: usize,
    title: &'a str,
    description: &'a str,
    /// Shown where the chart holds more than one metric.
    keys: Vec<Key<'a>>,
    lines: Vec<Line>,
    /// Takes a whole row: holds timelines alone, which gain by width, or would leave half a row empty.
    wide: bool,
    /// Greatest and least value, where one scale serves all lines.
    bounds: Option<(String, String)>,
    timelines: Vec<Timeline<'a>>,
    empty: bool,
    /// The likely shifts of level, newest first.
    shifts: Vec<ShiftView<'a>>,
    table: Table<'a>,
}

struct ShiftView<'a> {
    day: String,
    /// The metric's name where the chart holds several, else empty.
    name: &'a str,
    before: String,
    after: String,
    change: Trend,
    commit: Link,
}

struct Line {
    colour: usize,
    path: String,
    /// Whether all there is of it is a point.
    dot: bool,
    /// The same line across its gaps, drawn faintly below; empty where there are none.
    bridge: String,
}

struct Key<'a> {
    colour: usize,
    name: &'a str,
    latest: String,
}

struct Timeline<'a> {
    name: &'a str,
    bars: Vec<Bar>,
    states: Vec<(usize, &'a str)>,
    more: usize,
}

struct Table<'a> {
    caption: String,
    head: Vec<&'a str>,
    rows: Vec<Row>,
}

struct Row {
    time: String,
    commit: Link,
    run: Link,
    cells: Vec<String>,
}

struct Link {
    text: String,
    href: Option<String>,
}

const CARD: Area = Area { width: 160.0, height: 36.0, margin: 3.0 };
const PANEL: Area = Area { width: 600.0, height: 180.0, margin: 6.0 };

/// Metrics of a group up to which each has a chart of its own.
const OWN_CHARTS: usize = 24;

/// Characters from which a value is written smaller on its card.
const LONG: usize = 12;

/// Rows of a chart's table in the markup; the script shows more.
const ROWS: usize = 20;

/// States named below a timeline.
const STATES: usize = 12;

impl<'a> Page<'a> {
    /// Works out everything that the markup shows.
    pub(super) fn new(
        input: &ReportInput<'a>,
        selection: &Selection,
        drawn: &[Drawn<'a>],
        turns: &[Vec<Turn>],
        sections: &'a [Section<'a>],
        repository: Option<&'a str>,
    ) -> Self {
        let view = View {
            table: &input.columns.builds,
            selection,
            shown: selection.shown(),
            drawn,
            turns,
            repository,
        };
        let span = view.span();
        let days = if selection.shown().is_empty() {
            (String::new(), String::new())
        } else {
            (moment::day(span.from), moment::day(span.to))
        };
        let chart_of =
            |metric: usize| sections.iter().flat_map(|s| &s.charts).position(|c| c.metrics.contains(&metric));
        let mut index = 0;
        Page {
            title: &input.facts.title,
            sample: input.facts.sample,
            mode: match input.layout.mode {
                ColourMode::Auto => "auto",
                ColourMode::Light => "light",
                ColourMode::Dark => "dark",
            },
            version: &input.facts.version,
            generated: moment::minute_of(&input.facts.generated_at),
            repository,
            builds: count(selection.shown().len(), "build"),
            period: if days.0 == days.1 { days.0.clone() } else { format!("{} to {}", days.0, days.1) },
            first_day: days.0,
            last_day: days.1,
            branch: selection.branches.first().map_or_else(String::new, |b| b.name.clone()),
            branches: selection
                .branches
                .iter()
                .map(|b| format!("{} ({})", isolated(&b.name), count(b.builds, "build")))
                .collect(),
            cards: (0..drawn.len())
                .filter(|&metric| drawn[metric].metric.group.is_none())
                .map(|metric| view.card(metric, chart_of(metric)))
                .collect(),
            sections: sections
                .iter()
                .map(|section| SectionView {
                    name: section.name,
                    description: section.description,
                    members: section.members.iter().map(|&m| view.card(m, chart_of(m))).collect(),
                    panels: filled(
                        section
                            .charts
                            .iter()
                            .map(|chart| {
                                index += 1;
                                view.panel(index - 1, chart)
                            })
                            .collect(),
                    ),
                })
                .collect(),
        }
    }
}

/// Widens panels that would be alone in a row of two.
fn filled(mut panels: Vec<Panel<'_>>) -> Vec<Panel<'_>> {
    let mut alone = None;
    for place in 0..panels.len() {
        if !panels[place].wide {
            alone = if alone.is_some() { None } else { Some(place) };
        } else if let Some(before) = alone.take() {
            panels[before].wide = true;
        }
    }
    if let Some(last) = alone {
        panels[last].wide = true;
    }
    panels
}

/// The builds of the branch shown, and the metrics over them.
struct View<'v, 'a> {
    table: &'v BuildTable,
    selection: &'v Selection,
    shown: &'v [usize],
    drawn: &'v [Drawn<'a>],
    turns: &'v [Vec<Turn>],
    repository: Option<&'a str>,
}

impl<'a> View<'_, 'a> {
    fn span(&self) -> Span {
        let time = |build: Option<&usize>| build.map_or(0, |&b| self.table.timestamp[b]);
        Span { from: time(self.shown.first()), to: time(self.shown.last()) }
    }

    /// The points that have a value: a line through them bridges what is between.
    fn known(&self, values: &[Option<f64>]) -> Vec<(i64, Option<f64>)> {
        self.points(values).into_iter().filter(|p| p.1.is_some()).collect()
    }

    fn points<T: Copy>(&self, values: &[Option<T>]) -> Vec<(i64, Option<T>)> {
        self.shown.iter().map(|&b| (self.table.timestamp[b], values[b])).collect()
    }

    /// A line through the values with its gaps, and what bridges them.
    fn line(&self, colour: usize, values: &[Option<f64>], range: (f64, f64), area: Area) -> Line {
        let draw = |points: &[_]| shape::line(points, self.span(), range, area);
        let points = shape::with_rhythm(&self.points(values));
        let known = points.iter().filter(|p| p.1.is_some()).count();
        let bridge = if known < points.len() { draw(&self.known(values)) } else { String::new() };
        Line { colour, path: draw(&points), dot: known == 1, bridge }
    }

    /// A metric's likely shifts on the branch shown, newest first, each with its row in the build table.
    fn turns_shown(&self, metric: usize) -> impl Iterator<Item = (usize, Turn)> {
        let of_branch = self.turns[metric].iter().rev().filter(|t| t.build < self.shown.len());
        of_branch.map(|t| (self.selection.kept[t.build], *t))
    }

    fn card(&self, metric: usize, chart: Option<usize>) -> Card<'a> {
        let index = metric;
        let turn = self.turns_shown(metric).next();
        let Drawn { metric, values, labels } = self.drawn[metric];
        let face = match values {
            Some(Values::Numeric(values)) => {
                let known = self.shown.iter().filter_map(|&b| values[b]);
                stats::summarise(known, metric.unit, metric.direction).map(|s| Face::Numeric {
                    latest: format_short(s.latest, metric.unit),
                    min: format_short(s.min, metric.unit),
                    max: format_short(s.max, metric.unit),
                    trend: s.trend,
                    line: Box::new(self.line(1, values, shape::widened((s.min, s.max), metric.unit), CARD)),
                    shift: turn.map(|(build, t)| {
                        let change = stats::change(t.before, t.after, metric.unit, metric.direction);
                        (change, moment::day(self.table.timestamp[build]))
                    }),
                })
            }
            Some(Values::Label(values, _)) => self.label_face(values, labels),
            None => None,
        };
        Card {
            index,
            id: &metric.id,
            name: &metric.name,
            description: metric.description.as_deref().unwrap_or(""),
            chart,
            face: face.unwrap_or(Face::Missing),
        }
    }

    fn label_face(&self, values: &[Option<u32>], labels: &[Cow<'_, str>]) -> Option<Face> {
        let known: Vec<(i64, u32)> =
            self.shown.iter().filter_map(|&b| values[b].map(|l| (self.table.timestamp[b], l))).collect();
        let latest = known.last()?.1;
        let since = known.iter().rev().take_while(|k| k.1 == latest).last()?.0;
        let distinct: std::collections::HashSet<u32> = known.iter().map(|k| k.1).collect();
        Some(Face::Label {
            latest: labels[latest as usize].clone().into_owned(),
            since: moment::day(since),
            states: count(distinct.len(), "state"),
            bars: shape::bars(&self.points(values), self.span(), CARD.width),
        })
    }

    fn panel(&self, index: usize, chart: &'a Chart) -> Panel<'a> {
        let (mut keys, mut lines, mut timelines) = (Vec::new(), Vec::new(), Vec::new());
        // Metrics of one unit share a scale, as they share an axis in the interactive chart.
        let mut scales: Vec<(Option<Unit>, f64, f64)> = Vec::new();
        for &metric in &chart.metrics {
            if let Drawn { metric, values: Some(Values::Numeric(values)), .. } = self.drawn[metric] {
                for value in self.shown.iter().filter_map(|&b| values[b]) {
                    match scales.iter_mut().find(|s| s.0 == metric.unit) {
                        Some(scale) => (scale.1, scale.2) = (scale.1.min(value), scale.2.max(value)),
                        None => scales.push((metric.unit, value, value)),
                    }
                }
            }
        }
        for (unit, low, high) in &mut scales {
            (*low, *high) = shape::widened((*low, *high), *unit);
        }
        let mut series = 0;
        for &metric in &chart.metrics {
            let Drawn { metric, values, labels } = self.drawn[metric];
            match values {
                Some(Values::Numeric(values)) => {
                    let colour = series % theme::SERIES_COUNT + 1;
                    series += 1;
                    let latest = self.shown.iter().rev().find_map(|&b| values[b]);
                    let latest =
                        latest.map_or_else(|| "no data".to_owned(), |v| format_value(v, metric.unit));
                    keys.push(Key { colour, name: &metric.name, latest });
                    if let Some(scale) = scales.iter().find(|s| s.0 == metric.unit) {
                        lines.push(self.line(colour, values, (scale.1, scale.2), PANEL));
                    }
                }
                Some(Values::Label(values, _)) => {
                    let bars = shape::bars(&self.points(values), self.span(), PANEL.width);
                    let mut met: Vec<u32> = Vec::new();
                    for label in self.shown.iter().filter_map(|&b| values[b]) {
                        if met.len() < labels.len() && !met.contains(&label) {
                            met.push(label);
                        }
                        if met.len() > STATES {
                            break;
                        }
                    }
                    let distinct: std::collections::HashSet<u32> =
                        self.shown.iter().filter_map(|&b| values[b]).collect();
                    met.truncate(STATES);
                    timelines.push(Timeline {
                        name: &metric.name,
                        bars,
                        more: distinct.len() - met.len(),
                        states: met.iter().map(|&l| (state_colour(l), &*labels[l as usize])).collect(),
                    });
                }
                None => {}
            }
        }
        timelines.retain(|t| !t.bars.is_empty());
        let single = match chart.metrics[..] {
            [metric] => self.drawn[metric].metric.description.as_deref(),
            _ => None,
        };
        let bounds = match scales[..] {
            [(unit, low, high)] => Some((format_short(high, unit), format_short(low, unit))),
            _ => None,
        };
        let empty = scales.is_empty() && timelines.is_empty();
        if chart.metrics.len() < 2 {
            keys.clear();
        }
        Panel {
            index,
            title: &chart.title,
            description: single.unwrap_or(""),
            keys,
            wide: lines.is_empty() && !timelines.is_empty(),
            lines,
            bounds,
            timelines,
            empty,
            shifts: self.shifts(chart),
            table: self.rows(chart),
        }
    }

    fn shifts(&self, chart: &Chart) -> Vec<ShiftView<'a>> {
        let of_chart = || {
            let shown = |&metric: &usize| self.turns_shown(metric).map(move |(build, t)| (build, metric, t));
            chart.metrics.iter().flat_map(shown)
        };
        let mut builds: Vec<usize> = of_chart().map(|(build, ..)| build).collect();
        builds.sort_unstable();
        builds.dedup();
        let all = builds.iter().rev().flat_map(|&at| of_chart().filter(move |shift| shift.0 == at));
        let view = |(build, metric, turn): (usize, usize, Turn)| {
            let Drawn { metric, .. } = self.drawn[metric];
            ShiftView {
                day: moment::day(self.table.timestamp[build]),
                name: if chart.metrics.len() > 1 { metric.name.as_str() } else { "" },
                before: format_value(turn.before, metric.unit),
                after: format_value(turn.after, metric.unit),
                change: stats::change(turn.before, turn.after, metric.unit, metric.direction),
                commit: self.commit(build),
            }
        };
        all.take(ROWS).map(view).collect()
    }

    fn rows(&self, chart: &Chart) -> Table<'a> {
        let drawn: Vec<Drawn<'a>> = chart.metrics.iter().map(|&m| self.drawn[m]).collect();
        let present = |b: usize| {
            drawn.iter().any(|d| match d.values {
                Some(Values::Numeric(values)) => values[b].is_some(),
                Some(Values::Label(values, _)) => values[b].is_some(),
                None => false,
            })
        };
        let total = self.shown.iter().filter(|&&b| present(b)).count();
        let rows: Vec<Row> = self
            .shown
            .iter()
            .rev()
            .filter(|&&b| present(b))
            .take(ROWS)
            .map(|&b| Row {
                time: moment::minute(self.table.timestamp[b]),
                commit: self.commit(b),
                run: self.run(b),
                cells: drawn.iter().map(|d| cell(d, b)).collect(),
            })
            .collect();
        let caption = if rows.len() < total {
            format!("The latest {} of {}", rows.len(), count(total, "build"))
        } else {
            count(total, "build")
        };
        Table { caption, head: drawn.iter().map(|d| d.metric.name.as_str()).collect(), rows }
    }

    fn commit(&self, build: usize) -> Link {
        let id = self.table.commit[build].as_str();
        let hash = (7..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_hexdigit());
        let href = self.repository.filter(|_| hash).map(|at| format!("{at}/commit/{id}"));
        Link { text: if hash { id[..7].to_owned() } else { shown(id).into_owned() }, href }
    }

    fn run(&self, build: usize) -> Link {
        let id = self.table.run_id[build].as_str();
        let number = (1..=20).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit());
        let href = self.repository.filter(|_| number).map(|at| format!("{at}/actions/runs/{id}"));
        Link { text: format!("#{}", self.table.run_number[build]), href }
    }
}

fn cell(drawn: &Drawn<'_>, build: usize) -> String {
    let text = match drawn.values {
        Some(Values::Numeric(values)) => values[build].map(|v| format_value(v, drawn.metric.unit)),
        Some(Values::Label(values, _)) => {
            values[build].map(|l| drawn.labels[l as usize].clone().into_owned())
        }
        None => None,
    };
    text.unwrap_or_else(|| "\u{2013}".to_owned())
}

fn state_colour(label: u32) -> usize {
    label as usize % theme::SERIES_COUNT + 1
}

/// `1 build`, `1,234 builds`.
fn count(number: usize, noun: &str) -> String {
    let figure = format_value(number as f64, Some(Unit::Integer));
    format!("{figure} {noun}{}", if number == 1 { "" } else { "s" })
}
