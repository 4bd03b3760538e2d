//! The whole history, or the part that a filter leaves, laid out by column in one pass: what
//! reports and exports read. Rows are stepped over in storage order, which is the quickest, and
//! put in their order by index; no string is made per value.

use super::History;
use super::failure::{Doing, corrupt};
use super::query::BuildFilter;
use super::timeline::{Entry, Names};
use crate::error::{Code, Error, Result};
use crate::metric::{MetricType, Unit};
use rusqlite::types::ValueRef;
use serde::Serialize;
use std::collections::HashMap;

/// The most cells (builds times metrics) that are laid out: 20 million take 320 MB.
const MOST_CELLS: usize = 20_000_000;

/// The values of a history laid out by column, for reports and exports.
///
/// Each build is there once, ordered by time then id; each metric's column is aligned with them, so
/// `metrics[m].values[b]` belongs to `builds.*[b]`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Columns {
    /// One entry per build in every vector.
    pub builds: BuildTable,
    /// One entry per metric that has a definition, ordered by id.
    pub metrics: Vec<MetricColumn>,
}

/// The builds of a [`Columns`], one vector per attribute, all of the same length.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct BuildTable {
    /// Row ids of the database.
    pub id: Vec<i64>,
    /// Commit ids as recorded (40 hex digits, or whatever an import brought).
    pub commit: Vec<String>,
    /// Indexes into `branches`.
    pub branch: Vec<u32>,
    /// Distinct branch names in order of first appearance.
    pub branches: Vec<String>,
    /// CI run ids.
    pub run_id: Vec<String>,
    /// CI run numbers.
    pub run_number: Vec<i64>,
    /// Indexes into `events`.
    pub event: Vec<u32>,
    /// Distinct event names in order of first appearance; empty string for none.
    pub events: Vec<String>,
    /// Milliseconds since 1970-01-01 UTC.
    pub timestamp: Vec<i64>,
}

/// One metric's values in a [`Columns`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricColumn {
    /// The metric's key.
    pub id: String,
    /// Numeric or label.
    pub kind: MetricType,
    /// As recorded with the metric's definition.
    pub unit: Option<Unit>,
    /// As recorded with the metric's definition.
    pub description: Option<String>,
    /// The values, aligned with the builds.
    pub values: Values,
}

/// A column's values, `None` where a build has none for the metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum Values {
    /// Finite numbers.
    Numeric(Vec<Option<f64>>),
    /// Indexes into the distinct labels, which are in order of first appearance.
    Label(Vec<Option<u32>>, Vec<String>),
}

impl History {
    /// Lays out the builds that pass the filter with every metric, defined or valued in them or
    /// not. A number that is not finite, or a value that does not fit its metric's type, is none.
    ///
    /// # Errors
    /// `BUILD_INVALID` where a time of the filter is none; `HISTORY_TOO_LARGE` where builds times
    /// metrics pass twenty million.
    pub fn columns(&self, filter: &BuildFilter) -> Result<Columns> {
        let chosen = self.select(filter)?;
        let metrics = self.metrics()?;
        let cells = chosen.len().saturating_mul(metrics.len());
        if cells > MOST_CELLS {
            return Err(Error::new(
                Code::HistoryTooLarge,
                format!(
                    "the history is too large to lay out: found {} builds of {} metrics, \
                     the limit is {MOST_CELLS} values",
                    chosen.len(),
                    metrics.len()
                ),
            )
            .hint("Choose a shorter period or one branch."));
        }
        let places = Places::new(&chosen);
        let builds = self.build_table(&chosen, &places)?;
        let mut fills: Vec<Fill> =
            metrics.iter().map(|metric| Fill::new(metric.kind, chosen.len())).collect();
        let ids: Vec<&[u8]> = metrics.iter().map(|metric| metric.id.as_bytes()).collect();
        self.fill(&ids, &places, &mut fills)?;
        let metrics = metrics
            .into_iter()
            .zip(fills)
            .map(|(metric, fill)| MetricColumn {
                id: metric.id,
                kind: metric.kind,
                unit: metric.unit,
                description: metric.description,
                values: fill.finish(),
            })
            .collect();
        Ok(Columns { builds, metrics })
    }

    pub(super) fn build_table(&self, chosen: &[Entry], places: &Places) -> Result<BuildTable> {
        const WHAT: &str = "read the history's builds";
        let count = chosen.len();
        let (mut branches, mut events) = (Names::default(), Names::default());
        let mut table = BuildTable {
            id: chosen.iter().map(|entry| entry.id).collect(),
            commit: vec![String::new(); count],
            branch: chosen.iter().map(|e| branches.number(self.timeline.branch(e.branch))).collect(),
            run_id: vec![String::new(); count],
            run_number: vec![0; count],
            event: chosen.iter().map(|e| events.number(self.timeline.event(e.event))).collect(),
            timestamp: chosen.iter().map(|entry| entry.time).collect(),
            branches: branches.into_list(),
            events: events.into_list(),
        };
        let mut statement =
            self.conn.prepare("SELECT id, commit_sha, run_id, run_number FROM build_contexts").doing(WHAT)?;
        let mut rows = statement.query([]).doing(WHAT)?;
        while let Some(row) = rows.next().doing(WHAT)? {
            let Some(place) = places.of(row.get(0).doing(WHAT)?) else { continue };
            table.commit[place] = row.get(1).doing(WHAT)?;
            table.run_id[place] = row.get(2).doing(WHAT)?;
            table.run_number[place] = row.get(3).doing(WHAT)?;
        }
        Ok(table)
    }

    fn fill(&self, ids: &[&[u8]], places: &Places, fills: &mut [Fill]) -> Result<()> {
        const WHAT: &str = "read the history's values";
        let mut statement = self
            .conn
            .prepare("SELECT build_id, metric_id, value_numeric, value_label FROM metric_values")
            .doing(WHAT)?;
        let mut rows = statement.query([]).doing(WHAT)?;
        let mut guess = 0;
        while let Some(row) = rows.next().doing(WHAT)? {
            let Some(place) = places.of(row.get(0).doing(WHAT)?) else { continue };
            let id = match row.get_ref(1).doing(WHAT)? {
                ValueRef::Text(id) => id,
                _ => return Err(corrupt("the metric of a value is not text")),
            };
            // Builds mostly record the same metrics in the same order.
            if ids.get(guess) != Some(&id) {
                match ids.binary_search(&id) {
                    Ok(found) => guess = found,
                    Err(_) => continue,
                }
            }
            match &mut fills[guess] {
                Fill::Numeric(values) => {
                    values[place] =
                        row.get::<_, Option<f64>>(2).doing(WHAT)?.filter(|number| number.is_finite());
                }
                Fill::Label(values, words) => {
                    values[place] =
                        match row.get_ref(3).doing(WHAT)? {
                            ValueRef::Null => None,
                            ValueRef::Text(text) => Some(words.number(
                                std::str::from_utf8(text).map_err(|_| corrupt("a label is not UTF-8"))?,
                            )),
                            _ => return Err(corrupt("a label is not text")),
                        };
                }
            }
            guess = (guess + 1) % ids.len();
        }
        Ok(())
    }
}

/// A column while it is filled; the words of labels are in storage order.
enum Fill {
    Numeric(Vec<Option<f64>>),
    Label(Vec<Option<u32>>, Names),
}

impl Fill {
    fn new(kind: MetricType, count: usize) -> Self {
        match kind {
            MetricType::Numeric => Fill::Numeric(vec![None; count]),
            MetricType::Label => Fill::Label(vec![None; count], Names::default()),
        }
    }

    /// The column, its words renumbered by the order of builds: equal histories give equal
    /// columns, however their rows came to lie.
    fn finish(self) -> Values {
        match self {
            Fill::Numeric(values) => Values::Numeric(values),
            Fill::Label(mut values, words) => {
                let mut words: Vec<Option<String>> = words.into_list().into_iter().map(Some).collect();
                let mut numbers = vec![0; words.len()];
                let mut ordered = Vec::with_capacity(words.len());
                for value in values.iter_mut().flatten() {
                    let stored = *value as usize;
                    if let Some(word) = words[stored].take() {
                        numbers[stored] = ordered.len() as u32;
                        ordered.push(word);
                    }
                    *value = numbers[stored];
                }
                Values::Label(values, ordered)
            }
        }
    }
}

/// Where each build is in the columns, by its row id.
pub(super) enum Places {
    /// Row ids without large gaps, less the first: nearly every history.
    Dense(i64, Vec<u32>),
    Sparse(HashMap<i64, u32>),
}

impl Places {
    const NOWHERE: u32 = u32::MAX;

    pub(super) fn new(chosen: &[Entry]) -> Self {
        let first = chosen.iter().map(|entry| entry.id).min().unwrap_or(0);
        let last = chosen.iter().map(|entry| entry.id).max().unwrap_or(0);
        let span = last.checked_sub(first).and_then(|span| usize::try_from(span).ok());
        let numbered = chosen.iter().enumerate().map(|(place, entry)| (entry.id, place as u32));
        match span {
            Some(span) if span <= chosen.len() * 4 + 1024 => {
                let mut places = vec![Self::NOWHERE; span + 1];
                for (id, place) in numbered {
                    places[(id - first) as usize] = place;
                }
                Places::Dense(first, places)
            }
            _ => Places::Sparse(numbered.collect()),
        }
    }

    pub(super) fn of(&self, id: i64) -> Option<usize> {
        let place = match self {
            Places::Dense(first, places) => *places.get(usize::try_from(id.checked_sub(*first)?).ok()?)?,
            Places::Sparse(places) => *places.get(&id)?,
        };
        (place != Self::NOWHERE).then_some(place as usize)
    }
}
