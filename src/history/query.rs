//! Questions about builds and values: lists, series, baselines. Which builds a question is about
//! is decided on the timeline; the database is asked only for what those builds hold.

use super::build::{MetricDefinition, check_time};
use super::columns::{BuildTable, Places};
use super::failure::{Doing, corrupt, excerpt};
use super::future::FutureBuilds;
use super::timeline::Entry;
use super::{History, future, instant};
use crate::error::Result;
use crate::metric::{MetricType, Unit, Value};
use rusqlite::{Connection, OptionalExtension, Row, Statement};
use serde::{Deserialize, Serialize};

/// Which builds a question is about; the default is all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(default, rename_all = "camelCase")]
pub struct BuildFilter {
    /// Only builds of this branch.
    pub branch: Option<String>,
    /// Only builds started by one of these events; an empty string stands for no event.
    pub events: Option<Vec<String>>,
    /// No builds of pull requests: reports and baselines leave them out.
    #[cfg_attr(test, ts(as = "Option<bool>", optional))]
    pub exclude_pull_requests: bool,
    /// Only builds at or after this RFC 3339 time.
    pub since: Option<String>,
    /// Only builds at or before this RFC 3339 time.
    pub until: Option<String>,
    /// No builds from the future, seen from this RFC 3339 time: those dated more than a day after
    /// it, which a clock that was ahead has left.
    pub now: Option<String>,
}

/// One recorded build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Build {
    /// The row id; not the same in another copy of the history.
    pub id: i64,
    /// The commit's id.
    pub commit_sha: String,
    /// The branch's name.
    pub branch: String,
    /// The CI run's id.
    pub run_id: String,
    /// The CI run's number.
    pub run_number: i64,
    /// The event that started the run.
    pub event_name: Option<String>,
    /// `YYYY-MM-DDTHH:MM:SS.mmmZ`, whichever way the file spells it.
    pub timestamp: String,
}

/// One metric's values, each with the place of its build among all builds, oldest first. The builds are not
/// repeated, for callers that ask for many metrics.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Series {
    /// Indexes into [`History::builds`] of the default filter, ascending.
    pub places: Vec<u32>,
    /// The values, aligned with the places.
    pub values: Vec<Value>,
}

/// One metric with its value in a build.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct StoredValue {
    /// The metric.
    pub metric: MetricDefinition,
    /// Its value.
    pub value: Value,
}

/// Which builds may be a baseline: those of a branch, not of pull requests, young enough and not
/// from the future.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(rename_all = "camelCase")]
pub struct BaselineQuery {
    /// The reference branch.
    pub branch: String,
    /// Builds older than this many days before `now` do not count.
    pub max_age_days: u32,
    /// RFC 3339 time of the comparison.
    pub now: String,
    /// Builds after this RFC 3339 time do not count; one at it does.
    #[serde(default)]
    pub before: Option<String>,
    /// The commit to compare with where one of its builds counts and has the metric: the merge
    /// base of a pull request.
    #[serde(default)]
    pub commit_sha: Option<String>,
}

/// What a value is compared with.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Baseline {
    /// The metric's value in the build.
    pub value: Value,
    /// The build.
    pub build: Build,
    /// Whether the build is one of the commit asked for.
    pub of_commit: bool,
}

/// Which builds a run is shown with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(rename_all = "camelCase")]
pub struct RecentQuery {
    /// Only builds of this branch.
    pub branch: String,
    /// Only builds at or before this RFC 3339 time.
    pub until: String,
    /// The run itself, which is not one of its own earlier builds.
    pub commit_sha: String,
    /// The same run's id.
    pub run_id: String,
    /// Whether builds of pull requests count: only for a run that is one of them.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<bool>", optional))]
    pub pull_requests: bool,
    /// The most values of a metric.
    pub count: usize,
}

/// Builds without a metric are passed over, but not endlessly.
const RECENT_BUILDS: usize = 200;

impl History {
    /// How many builds are recorded.
    #[must_use]
    pub fn build_count(&self) -> usize {
        self.timeline.entries().len()
    }

    /// How many builds pass the filter.
    ///
    /// # Errors
    /// `BUILD_INVALID` where a time of the filter is none.
    pub fn selected_count(&self, filter: &BuildFilter) -> Result<usize> {
        Ok(self.select_places(filter)?.len())
    }

    /// The builds that pass the filter, oldest first; with a limit, the newest so many of them.
    ///
    /// # Errors
    /// `BUILD_INVALID` where a time of the filter is none.
    pub fn builds(&self, filter: &BuildFilter, limit: Option<usize>) -> Result<Vec<Build>> {
        let chosen = self.select(filter)?;
        let skipped = chosen.len().saturating_sub(limit.unwrap_or(chosen.len()));
        self.read_builds(&chosen[skipped..])
    }

    /// The builds from the future, seen from an RFC 3339 time; at most `most` of them are named.
    ///
    /// # Errors
    /// `BUILD_INVALID` where the time is none.
    pub fn future_builds(&self, now: &str, most: usize) -> Result<FutureBuilds> {
        let horizon = future::horizon(check_time("`now`", now)?);
        let entries = self.timeline.entries();
        let from = entries.partition_point(|entry| entry.time <= horizon);
        let named = &entries[from..entries.len().min(from.saturating_add(most))];
        Ok(FutureBuilds { count: entries.len() - from, builds: self.read_builds(named)? })
    }

    /// The build of a row id.
    ///
    /// # Errors
    /// Only where SQLite fails.
    pub fn build(&self, id: i64) -> Result<Option<Build>> {
        let mut reader = BuildReader::new(self)?;
        self.timeline.entries().iter().find(|e| e.id == id).map(|entry| reader.read(entry)).transpose()
    }

    /// The build of a commit and run.
    ///
    /// # Errors
    /// Only where SQLite fails.
    pub fn find_build(&self, commit_sha: &str, run_id: &str) -> Result<Option<Build>> {
        let id: Option<i64> = self
            .conn
            .query_row(
                "SELECT id FROM build_contexts WHERE commit_sha = ?1 AND run_id = ?2",
                [commit_sha, run_id],
                |row| row.get(0),
            )
            .optional()
            .doing("find a build")?;
        id.map_or(Ok(None), |id| self.build(id))
    }

    /// Every metric that has a definition, ordered by id. A unit that this version does not know
    /// is no unit.
    ///
    /// # Errors
    /// `HISTORY_CORRUPT` where a definition's type is neither `numeric` nor `label`.
    pub fn metrics(&self) -> Result<Vec<MetricDefinition>> {
        definitions(&self.conn)
    }

    /// The values of one build, ordered by metric id; none for a row id that no build has.
    ///
    /// # Errors
    /// `HISTORY_CORRUPT` where a definition's type is neither `numeric` nor `label`.
    pub fn metric_values_by_build_id(&self, id: i64) -> Result<Vec<StoredValue>> {
        const WHAT: &str = "read a build's values";
        let mut statement = self
            .conn
            .prepare(
                "SELECT d.id, d.type, d.unit, d.description, v.value_numeric, v.value_label
                 FROM metric_values AS v JOIN metric_definitions AS d ON d.id = v.metric_id
                 WHERE v.build_id = ?1 ORDER BY d.id",
            )
            .doing(WHAT)?;
        let mut rows = statement.query([id]).doing(WHAT)?;
        let mut values = Vec::new();
        while let Some(row) = rows.next().doing(WHAT)? {
            let metric = definition(row)?;
            if let Some(value) = value(row, 4, metric.kind).doing(WHAT)? {
                values.push(StoredValue { metric, value });
            }
        }
        Ok(values)
    }

    /// One metric's values in the builds that pass the filter and have one, oldest first; none for a metric that
    /// was never recorded.
    ///
    /// # Errors
    /// `BUILD_INVALID` where a time of the filter is none.
    pub fn series(&self, metric: &str, filter: &BuildFilter) -> Result<Series> {
        let places = self.select_places(filter)?;
        let Some(mut reader) = ValueReader::new(self, metric)? else { return Ok(Series::default()) };
        let entries = self.timeline.entries();
        let chosen: Vec<Entry> = places.iter().map(|&place| entries[place as usize]).collect();
        let values = reader.read_all(&chosen)?;
        let (places, values) =
            places.into_iter().zip(values).filter_map(|(place, value)| Some((place, value?))).unzip();
        Ok(Series { places, values })
    }

    /// The value to compare a metric with: that of the commit asked for, else of the newest build
    /// that counts and has the metric; `None` where no such build is recorded.
    ///
    /// # Errors
    /// `BUILD_INVALID` where a time of the query is none.
    pub fn baseline(&self, metric: &str, query: &BaselineQuery) -> Result<Option<Baseline>> {
        let candidates = self.candidates(query)?;
        let Some(mut values) = ValueReader::new(self, metric)? else { return Ok(None) };
        let of_commit = self.builds_of(query.commit_sha.as_deref())?;
        let preferred = candidates.iter().filter(|entry| of_commit.contains(&entry.id)).rev();
        for (entry, of_commit) in
            preferred.map(|entry| (entry, true)).chain(candidates.iter().rev().map(|entry| (entry, false)))
        {
            if let Some(value) = values.read(entry.id)? {
                let build = BuildReader::new(self)?.read(entry)?;
                return Ok(Some(Baseline { value, build, of_commit }));
            }
        }
        Ok(None)
    }

    /// The last values of metrics in the builds of a branch before a run, oldest first; aligned
    /// with the metrics, empty for one that was never recorded. A metric that the last 200 builds
    /// do not have counts as never recorded.
    ///
    /// # Errors
    /// `BUILD_INVALID` where the time of the query is none.
    pub fn recent<S: AsRef<str>>(&self, metrics: &[S], query: &RecentQuery) -> Result<Vec<Vec<Value>>> {
        let chosen = self.select(&BuildFilter {
            branch: Some(query.branch.clone()),
            exclude_pull_requests: !query.pull_requests,
            until: Some(query.until.clone()),
            ..BuildFilter::default()
        })?;
        let own = self.find_build(&query.commit_sha, &query.run_id)?.map(|build| build.id);
        let earlier: Vec<Entry> =
            chosen.into_iter().rev().filter(|entry| Some(entry.id) != own).take(RECENT_BUILDS).collect();
        let values_of = |metric: &S| {
            let Some(mut reader) = ValueReader::new(self, metric.as_ref())? else { return Ok(Vec::new()) };
            let mut values = Vec::new();
            for entry in &earlier {
                if values.len() == query.count {
                    break;
                }
                values.extend(reader.read(entry.id)?);
            }
            values.reverse();
            Ok(values)
        };
        metrics.iter().map(values_of).collect()
    }

    /// How many builds count as a baseline.
    ///
    /// # Errors
    /// `BUILD_INVALID` where a time of the query is none.
    pub fn baseline_build_count(&self, query: &BaselineQuery) -> Result<usize> {
        Ok(self.candidates(query)?.len())
    }

    /// The builds that count as a baseline, oldest first. The query's commit plays no part.
    ///
    /// # Errors
    /// `BUILD_INVALID` where a time of the query is none.
    pub fn baseline_builds(&self, query: &BaselineQuery) -> Result<Vec<Build>> {
        self.read_builds(&self.candidates(query)?)
    }

    /// The first `count` values that a metric has in these builds of this history, in their order,
    /// each with the place of its build among them; none for a metric that was never recorded.
    ///
    /// # Errors
    /// Only where SQLite fails, or the metric's type is neither `numeric` nor `label`.
    pub fn first_values(&self, metric: &str, builds: &[&Build], count: usize) -> Result<Vec<(usize, Value)>> {
        let Some(mut values) = ValueReader::new(self, metric)? else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for (place, build) in builds.iter().enumerate() {
            if found.len() == count {
                break;
            }
            if let Some(value) = values.read(build.id)? {
                found.push((place, value));
            }
        }
        Ok(found)
    }

    /// The builds that pass the filter, oldest first.
    pub(super) fn select(&self, filter: &BuildFilter) -> Result<Vec<Entry>> {
        let entries = self.timeline.entries();
        Ok(self.select_places(filter)?.into_iter().map(|place| entries[place as usize]).collect())
    }

    /// Where the builds that pass the filter stand on the timeline, oldest first.
    fn select_places(&self, filter: &BuildFilter) -> Result<Vec<u32>> {
        let time =
            |what, text: &Option<String>| text.as_deref().map(|text| check_time(what, text)).transpose();
        let since = time("`since`", &filter.since)?.unwrap_or(i64::MIN);
        let horizon = time("`now`", &filter.now)?.map_or(i64::MAX, future::horizon);
        let until = time("`until`", &filter.until)?.unwrap_or(i64::MAX).min(horizon);
        let branch = match &filter.branch {
            None => None,
            Some(name) => match self.timeline.find_branch(name) {
                None => return Ok(Vec::new()),
                found => found,
            },
        };
        let events: Option<Vec<u32>> = filter
            .events
            .as_ref()
            .map(|names| names.iter().filter_map(|name| self.timeline.find_event(name)).collect());
        let pull_requests = self.timeline.pull_request_events();
        let passes = |entry: &Entry| {
            branch.is_none_or(|branch| branch == entry.branch)
                && events.as_ref().is_none_or(|events| events.contains(&entry.event))
                && !(filter.exclude_pull_requests && pull_requests[entry.event as usize])
        };
        let entries = self.timeline.entries();
        let from = entries.partition_point(|entry| entry.time < since);
        let to = entries.partition_point(|entry| entry.time <= until).max(from);
        Ok((from..to).filter(|&place| passes(&entries[place])).map(|place| place as u32).collect())
    }

    fn candidates(&self, query: &BaselineQuery) -> Result<Vec<Entry>> {
        const DAY: i64 = 24 * 60 * 60 * 1000;
        let now = check_time("`now`", &query.now)?;
        let chosen = self.select(&BuildFilter {
            branch: Some(query.branch.clone()),
            exclude_pull_requests: true,
            until: query.before.clone(),
            now: Some(query.now.clone()),
            ..BuildFilter::default()
        })?;
        let oldest = now - i64::from(query.max_age_days) * DAY;
        let from = chosen.partition_point(|entry| entry.time < oldest);
        Ok(chosen[from..].to_vec())
    }

    /// Whether so many builds are read sooner by stepping over all rows than by finding each.
    fn is_scan_quicker(&self, builds: usize) -> bool {
        builds > self.timeline.entries().len() / 8
    }

    fn read_builds(&self, chosen: &[Entry]) -> Result<Vec<Build>> {
        if !self.is_scan_quicker(chosen.len()) {
            let mut reader = BuildReader::new(self)?;
            return chosen.iter().map(|entry| reader.read(entry)).collect();
        }
        let BuildTable { commit, run_id, run_number, .. } = self.build_table(chosen, &Places::new(chosen))?;
        let stored = commit.into_iter().zip(run_id).zip(run_number);
        let build =
            |(entry, ((commit, run_id), run_number))| self.build_of(entry, commit, run_id, run_number);
        Ok(chosen.iter().zip(stored).map(build).collect())
    }

    fn build_of(&self, entry: &Entry, commit_sha: String, run_id: String, run_number: i64) -> Build {
        let event = self.timeline.event(entry.event);
        Build {
            id: entry.id,
            commit_sha,
            branch: self.timeline.branch(entry.branch).to_owned(),
            run_id,
            run_number,
            event_name: (!event.is_empty()).then(|| event.to_owned()),
            timestamp: instant::format(entry.time),
        }
    }

    fn builds_of(&self, commit: Option<&str>) -> Result<Vec<i64>> {
        const WHAT: &str = "find a commit's builds";
        let Some(commit) = commit else { return Ok(Vec::new()) };
        let mut statement =
            self.conn.prepare("SELECT id FROM build_contexts WHERE commit_sha = ?1").doing(WHAT)?;
        let rows = statement.query_map([commit], |row| row.get(0)).doing(WHAT)?;
        rows.collect::<rusqlite::Result<_>>().doing(WHAT)
    }
}

/// Reads builds of the timeline from their rows.
struct BuildReader<'h> {
    history: &'h History,
    statement: Statement<'h>,
}

impl<'h> BuildReader<'h> {
    fn new(history: &'h History) -> Result<Self> {
        let statement = history
            .conn
            .prepare("SELECT commit_sha, run_id, run_number FROM build_contexts WHERE id = ?1")
            .doing("read a build")?;
        Ok(Self { history, statement })
    }

    fn read(&mut self, entry: &Entry) -> Result<Build> {
        let (commit, run_id, run_number) = self
            .statement
            .query_row([entry.id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .doing("read a build")?;
        Ok(self.history.build_of(entry, commit, run_id, run_number))
    }
}

/// Reads one metric's values.
struct ValueReader<'h> {
    history: &'h History,
    metric: String,
    kind: MetricType,
    statement: Statement<'h>,
}

impl<'h> ValueReader<'h> {
    /// `None` where the metric has no definition, and so no values.
    fn new(history: &'h History, metric: &str) -> Result<Option<Self>> {
        const WHAT: &str = "read a metric";
        let kind: Option<String> = history
            .conn
            .query_row("SELECT type FROM metric_definitions WHERE id = ?1", [metric], |row| row.get(0))
            .optional()
            .doing(WHAT)?;
        let Some(kind) = kind else { return Ok(None) };
        let statement = history
            .conn
            .prepare(
                "SELECT value_numeric, value_label FROM metric_values WHERE metric_id = ?1 AND build_id = ?2",
            )
            .doing(WHAT)?;
        Ok(Some(Self { history, metric: metric.to_owned(), kind: stored_type(metric, &kind)?, statement }))
    }

    fn read(&mut self, build: i64) -> Result<Option<Value>> {
        let found = self
            .statement
            .query_row((&self.metric, build), |row| value(row, 0, self.kind))
            .optional()
            .doing("read a metric's values")?;
        Ok(found.flatten())
    }

    /// The values of many builds, aligned with them.
    fn read_all(&mut self, chosen: &[Entry]) -> Result<Vec<Option<Value>>> {
        const WHAT: &str = "read a metric's values";
        if !self.history.is_scan_quicker(chosen.len()) {
            return chosen.iter().map(|entry| self.read(entry.id)).collect();
        }
        let places = Places::new(chosen);
        let mut values = vec![None; chosen.len()];
        let mut statement = self
            .history
            .conn
            .prepare("SELECT build_id, value_numeric, value_label FROM metric_values WHERE metric_id = ?1")
            .doing(WHAT)?;
        let mut rows = statement.query([&self.metric]).doing(WHAT)?;
        while let Some(row) = rows.next().doing(WHAT)? {
            if let Some(place) = places.of(row.get(0).doing(WHAT)?) {
                values[place] = value(row, 1, self.kind).doing(WHAT)?;
            }
        }
        Ok(values)
    }
}

/// The value in two neighbouring columns. What does not fit the metric's type, and a number that
/// is not finite (the TypeScript tool could store one), is no value.
fn value(row: &Row<'_>, column: usize, kind: MetricType) -> rusqlite::Result<Option<Value>> {
    Ok(match kind {
        MetricType::Numeric => {
            row.get::<_, Option<f64>>(column)?.filter(|number| number.is_finite()).map(Value::Numeric)
        }
        MetricType::Label => row.get::<_, Option<String>>(column + 1)?.map(Value::Label),
    })
}

/// Every metric that has a definition, ordered by id.
pub(super) fn definitions(conn: &Connection) -> Result<Vec<MetricDefinition>> {
    const WHAT: &str = "read the history's metrics";
    let mut statement =
        conn.prepare("SELECT id, type, unit, description FROM metric_definitions ORDER BY id").doing(WHAT)?;
    let mut rows = statement.query([]).doing(WHAT)?;
    let mut metrics = Vec::new();
    while let Some(row) = rows.next().doing(WHAT)? {
        metrics.push(definition(row)?);
    }
    Ok(metrics)
}

/// The definition in the first four columns.
fn definition(row: &Row<'_>) -> Result<MetricDefinition> {
    const WHAT: &str = "read the history's metrics";
    let id: String = row.get(0).doing(WHAT)?;
    let kind = stored_type(&id, &row.get::<_, String>(1).doing(WHAT)?)?;
    let unit = row.get::<_, Option<String>>(2).doing(WHAT)?.and_then(|name| Unit::parse(&name));
    Ok(MetricDefinition { kind, unit, description: row.get(3).doing(WHAT)?, id })
}

fn stored_type(metric: &str, name: &str) -> Result<MetricType> {
    MetricType::parse(name).ok_or_else(|| {
        corrupt(format!(
            "the metric `{}` has the type `{}`, expected `numeric` or `label`",
            excerpt(metric),
            excerpt(name)
        ))
    })
}
