//! Writing builds. A build is one (commit, run); recording it again adds to it, so that re-runs,
//! several jobs of one run and replays after a conflict all end in the same history.

use super::build::{
    BuildContext, Facts, MetricDefinition, RecordedMetric, check_context, check_metrics, invalid,
};
use super::failure::Doing;
use super::repository::{self, Repository};
use super::{History, future, instant};
use crate::error::{Code, Error, Result};
use crate::metric::{MetricType, Unit, Value};
use rusqlite::{Connection, OptionalExtension, Statement};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

const WHAT: &str = "record the build";

/// What recording a build changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RecordedBuild {
    /// The build's row id.
    pub build_id: i64,
    /// Whether the (commit, run) was new.
    pub created: bool,
    /// Values of metrics that the build did not have.
    pub added: usize,
    /// Values that took the place of others.
    pub replaced: usize,
    /// Values that stood already.
    pub unchanged: usize,
    /// Values left out because the build has later ones of their metrics.
    pub outdated: usize,
    /// Whether anything at all is different now: also a time, a definition or how late a value is known to be.
    pub changed: bool,
    /// The attempt that the values count as.
    pub attempt: i64,
    /// When the values count as measured, in milliseconds since 1970 UTC: what [`History::fold`] has to be told to
    /// add the same to another history.
    pub measured_at: i64,
    /// The latest attempt that has values which these could not replace.
    pub outdated_by: Option<i64>,
}

/// A metric that the history holds with another type: it cannot be recorded or compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct TypeChange {
    /// The metric's id.
    pub id: String,
    /// `METRIC_TYPE_CHANGED`.
    pub code: Code,
    /// What the history holds and what was found.
    pub message: String,
    /// The remedy.
    pub hint: String,
}

impl TypeChange {
    fn new(id: &str, stored: MetricType, given: MetricType) -> Self {
        let [stored, given] = [stored, given].map(MetricType::as_str);
        let id = super::failure::excerpt(id);
        Self {
            message: format!("its type is {given}, but the history holds {stored} values of `{id}`"),
            hint: format!("Give the metric another id, or set its `type` to `{stored}` again."),
            id,
            code: Code::MetricTypeChanged,
        }
    }
}

/// What is known when a build is recorded, beside the build.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(default, rename_all = "camelCase")]
pub struct Circumstances {
    /// RFC 3339 time of recording; without it no build is from the future.
    pub now: Option<String>,
    /// The repository that the build is of, where it is known.
    pub repository: Option<Repository>,
    /// Whether the history of another repository becomes this one's.
    #[cfg_attr(test, ts(as = "Option<bool>", optional))]
    pub adopt: bool,
}

impl Circumstances {
    fn check(&self, time: i64) -> Result<()> {
        if let Some(repository) = &self.repository {
            repository.check()?;
        }
        self.now.as_deref().map_or(Ok(()), |now| future::check(time, now))
    }
}

impl History {
    /// Records one build in one transaction: all of it or nothing.
    ///
    /// The same (commit, run) again replaces the values of the metrics it brings and keeps the
    /// rest, whatever the clocks say: only a value of a later attempt stays. Values that take the
    /// place of others of their attempt count as measured after them, so that they stand in every
    /// history that either is merged into. Time, branch, run number and event are those of the
    /// earliest record.
    ///
    /// # Errors
    /// `BUILD_INVALID` where a fact or value breaks its rule, no metric is given, or a metric's
    /// type differs from the type it was first recorded with; nothing is changed then.
    pub fn record(&mut self, context: &BuildContext, metrics: &[RecordedMetric]) -> Result<RecordedBuild> {
        self.record_in(context, metrics, &Circumstances::default())
    }

    /// The same as [`History::record`] where it is known who records and when. The first repository that records is
    /// noted as the history's.
    ///
    /// # Errors
    /// As [`History::record`], and as [`History::check_run`] for the circumstances.
    pub fn record_in(
        &mut self,
        context: &BuildContext,
        metrics: &[RecordedMetric],
        circumstances: &Circumstances,
    ) -> Result<RecordedBuild> {
        let facts = check(context, metrics)?;
        circumstances.check(facts.time)?;
        self.record_part(Part { attempt: context.attempt, facts, metrics, fold: None }, circumstances)
    }

    /// Adds a build that was recorded into another history, by the rules of [`History::merge`]:
    /// doing it again, or in another order with others, makes no difference. `measured_at` is what
    /// recording it gave; the build's time where that is not known. Definitions are only completed.
    ///
    /// # Errors
    /// As [`History::record`].
    pub fn fold(
        &mut self,
        context: &BuildContext,
        metrics: &[RecordedMetric],
        measured_at: Option<i64>,
    ) -> Result<RecordedBuild> {
        let facts = check(context, metrics)?;
        let fold = Some(measured_at.unwrap_or(facts.time));
        let part = Part { attempt: context.attempt, facts, metrics, fold };
        self.record_part(part, &Circumstances::default())
    }

    /// Whether a build of these facts and metrics can be recorded here, as far as that is known
    /// before there are values: asked before commands run for minutes. Gives the metrics that
    /// [`History::record`] would refuse because their type differs from the one they were first
    /// recorded with; the others can be recorded.
    ///
    /// # Errors
    /// `BUILD_INVALID` for facts that [`History::record`] would refuse. `BUILD_FROM_THE_FUTURE` for a build that is
    /// dated more than a day after now, `HISTORY_OTHER_REPOSITORY` where the history is another
    /// repository's and not to be adopted.
    pub fn check_run(
        &self,
        context: &BuildContext,
        metrics: &[MetricDefinition],
        circumstances: &Circumstances,
    ) -> Result<Vec<TypeChange>> {
        circumstances.check(check_context(context)?.time)?;
        if let Some(repository) = circumstances.repository.as_ref().filter(|_| !circumstances.adopt) {
            self.check_repository(repository)?;
        }
        self.type_changes(metrics)
    }

    /// The metrics whose type differs from the one they were first recorded with.
    ///
    /// # Errors
    /// What reading the history gives.
    pub fn type_changes(&self, metrics: &[MetricDefinition]) -> Result<Vec<TypeChange>> {
        let known = self.metrics()?;
        let change = |metric: &MetricDefinition| {
            let stored = known.iter().find(|stored| stored.id == metric.id)?;
            (stored.kind != metric.kind).then(|| TypeChange::new(&metric.id, stored.kind, metric.kind))
        };
        Ok(metrics.iter().filter_map(change).collect())
    }

    fn record_part(&mut self, part: Part<'_>, circumstances: &Circumstances) -> Result<RecordedBuild> {
        let tx = self.conn.transaction().doing(WHAT)?;
        let before = tx.total_changes();
        if let Some(repository) = &circumstances.repository {
            repository::claim(&tx, repository, circumstances.adopt)?;
        }
        let (placed, mut outcome) = Writer::new(&tx)?.part(part)?;
        outcome.changed = tx.total_changes() != before;
        tx.commit().doing(WHAT)?;
        let Placed { id, before, facts } = placed;
        self.timeline.place(
            id,
            before,
            facts.time,
            &facts.branch,
            facts.event.as_deref().unwrap_or_default(),
        );
        Ok(outcome)
    }
}

/// A checked build on its way into a history.
struct Part<'r> {
    facts: Facts,
    attempt: Option<i64>,
    metrics: &'r [RecordedMetric],
    /// When the values count as measured, where they were recorded elsewhere; `None` for values
    /// that are recorded here and now.
    fold: Option<i64>,
}

fn check(context: &BuildContext, metrics: &[RecordedMetric]) -> Result<Facts> {
    let facts = check_context(context)?;
    check_metrics(metrics)?;
    Ok(facts)
}

/// A build's row while it is written.
pub(super) struct Placed {
    pub(super) id: i64,
    /// The time it had, `None` where it is new.
    pub(super) before: Option<i64>,
    /// The facts that stand now.
    pub(super) facts: Facts,
}

/// How late a value is: the greatest stands. Two values of one age are told apart by size, an
/// arbitrary rule but the same from both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Age {
    /// The attempt of the run, from 1.
    pub(super) attempt: i64,
    /// Milliseconds since 1970 UTC.
    pub(super) measured_at: i64,
}

/// The attempt of values that say none.
pub(super) const FIRST_ATTEMPT: i64 = 1;

/// Times beyond this are not counted on from: a host's numbers are exact up to here.
const LAST_TIME: i64 = (1 << 53) - 1;

/// A value's row as it stands.
pub(super) struct Stored {
    row: i64,
    number: Option<f64>,
    label: Option<String>,
    age: Age,
}

impl Stored {
    fn compare(&self, value: &Value) -> Ordering {
        let (number, label) = columns(value);
        match (number, self.number) {
            (Some(new), Some(old)) => new.total_cmp(&old),
            (None, None) => label.cmp(&self.label.as_deref()),
            (new, old) => new.is_some().cmp(&old.is_some()),
        }
    }
}

/// What a value is in its two columns.
fn columns(value: &Value) -> (Option<f64>, Option<&str>) {
    match value {
        // SQLite stores a negative zero as zero.
        Value::Numeric(number) => (Some(if *number == 0.0 { 0.0 } else { *number }), None),
        Value::Label(label) => (None, Some(label.as_str())),
    }
}

/// What became of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    Added,
    Replaced,
    Unchanged,
    Kept,
}

/// The statements of one writing transaction.
pub(super) struct Writer<'c> {
    find_build: Statement<'c>,
    insert_build: Statement<'c>,
    update_build: Statement<'c>,
    pin_values: Statement<'c>,
    find_metric: Statement<'c>,
    upsert_metric: Statement<'c>,
    find_value: Statement<'c>,
    insert_value: Statement<'c>,
    update_value: Statement<'c>,
}

impl<'c> Writer<'c> {
    pub(super) fn new(conn: &'c Connection) -> Result<Self> {
        let prepare = |sql| conn.prepare(sql).doing(WHAT);
        Ok(Self {
            find_build: prepare(
                "SELECT id, branch, run_number, event_name, timestamp FROM build_contexts
                 WHERE commit_sha = ?1 AND run_id = ?2",
            )?,
            insert_build: prepare(
                "INSERT INTO build_contexts (commit_sha, run_id, branch, run_number, event_name, timestamp)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?,
            update_build: prepare(
                "UPDATE build_contexts SET branch = ?2, run_number = ?3, event_name = ?4, timestamp = ?5
                 WHERE id = ?1",
            )?,
            pin_values: prepare(
                "UPDATE metric_values SET measured_at = ?2 WHERE build_id = ?1 AND measured_at IS NULL",
            )?,
            find_metric: prepare("SELECT type, unit, description FROM metric_definitions WHERE id = ?1")?,
            upsert_metric: prepare(
                "INSERT INTO metric_definitions (id, type, unit, description) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT(id) DO UPDATE SET unit = coalesce(excluded.unit, unit),
                   description = coalesce(excluded.description, description)",
            )?,
            find_value: prepare(
                "SELECT id, value_numeric, value_label, measured_at, attempt FROM metric_values
                 WHERE metric_id = ?1 AND build_id = ?2",
            )?,
            insert_value: prepare(
                "INSERT INTO metric_values (metric_id, build_id, value_numeric, value_label, measured_at, attempt)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?,
            update_value: prepare(
                "UPDATE metric_values SET value_numeric = ?2, value_label = ?3, measured_at = ?4, attempt = ?5
                 WHERE id = ?1",
            )?,
        })
    }

    /// Finds or creates the build and settles which facts stand.
    pub(super) fn build(&mut self, facts: Facts) -> Result<Placed> {
        let found = self
            .find_build
            .query_row([&facts.commit, &facts.run_id], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get::<_, String>(4)?))
            })
            .optional()
            .doing(WHAT)?;
        let Some((id, branch, run_number, event, timestamp)) = found else {
            let id = self
                .insert_build
                .insert((
                    &facts.commit,
                    &facts.run_id,
                    &facts.branch,
                    facts.run_number,
                    &facts.event,
                    instant::format(facts.time),
                ))
                .doing(WHAT)?;
            return Ok(Placed { id, before: None, facts });
        };
        let time = instant::parse_stored(&timestamp)
            .ok_or_else(|| super::failure::corrupt(format!("the timestamp of build {id} is not a time")))?;
        let stored = Facts {
            commit: facts.commit.clone(),
            run_id: facts.run_id.clone(),
            branch,
            run_number,
            event,
            time,
        };
        if !facts.precede(&stored) {
            return Ok(Placed { id, before: Some(time), facts: stored });
        }
        if facts.time < time {
            self.pin_values.execute((id, time)).doing(WHAT)?;
        }
        self.update_build
            .execute((id, &facts.branch, facts.run_number, &facts.event, instant::format(facts.time)))
            .doing(WHAT)?;
        Ok(Placed { id, before: Some(time), facts })
    }

    fn part(&mut self, Part { facts, attempt, metrics, fold }: Part<'_>) -> Result<(Placed, RecordedBuild)> {
        let measured_at = facts.time;
        let build = self.build(facts)?;
        let stored = metrics.iter().map(|recorded| self.stored(&build, &recorded.metric.id));
        let stored = stored.collect::<Result<Vec<_>>>()?;
        let age = match fold {
            Some(measured_at) => Age { attempt: attempt.unwrap_or(FIRST_ATTEMPT), measured_at },
            None => age_of_record(attempt, measured_at, metrics, &stored),
        };
        let mut outcome = RecordedBuild {
            build_id: build.id,
            created: build.before.is_none(),
            added: 0,
            replaced: 0,
            unchanged: 0,
            outdated: 0,
            changed: false,
            attempt: age.attempt,
            measured_at: age.measured_at,
            outdated_by: None,
        };
        for (RecordedMetric { metric, value }, stored) in metrics.iter().zip(&stored) {
            self.define(metric, fold.is_some())?;
            match self.value(&build, &metric.id, value, age, stored.as_ref())? {
                Written::Added => outcome.added += 1,
                Written::Replaced => outcome.replaced += 1,
                Written::Unchanged => outcome.unchanged += 1,
                Written::Kept => {
                    outcome.outdated += 1;
                    outcome.outdated_by = outcome.outdated_by.max(stored.as_ref().map(|s| s.age.attempt));
                }
            }
        }
        Ok((build, outcome))
    }

    /// Adds a metric's definition, or brings the one that stands up to date; with `complete` only
    /// what it lacks.
    fn define(&mut self, metric: &MetricDefinition, complete: bool) -> Result<()> {
        let MetricDefinition { id, kind, unit, description } = metric;
        let (kind, mut unit, mut description) =
            (kind.as_str(), unit.map(Unit::as_str), description.as_deref());
        type Stored = (String, Option<String>, Option<String>);
        let stored: Option<Stored> = self
            .find_metric
            .query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()
            .doing(WHAT)?;
        if let Some((stored_kind, stored_unit, stored_description)) = stored {
            if stored_kind != kind {
                return Err(type_conflict(id, &stored_kind, kind));
            }
            if complete {
                unit = unit.filter(|_| stored_unit.is_none());
                description = description.filter(|_| stored_description.is_none());
            }
            // A replay writes nothing at all, so that its file is the same to the byte.
            let stands = |new: Option<&str>, old: Option<&str>| new.is_none() || new == old;
            if stands(unit, stored_unit.as_deref()) && stands(description, stored_description.as_deref()) {
                return Ok(());
            }
        }
        self.upsert_metric.execute((id, kind, unit, description)).doing(WHAT)?;
        Ok(())
    }

    /// The value of a metric as it stands in a build.
    pub(super) fn stored(&mut self, build: &Placed, metric: &str) -> Result<Option<Stored>> {
        if build.before.is_none() {
            return Ok(None);
        }
        self.find_value
            .query_row((metric, build.id), |row| {
                Ok(Stored {
                    row: row.get(0)?,
                    number: row.get(1)?,
                    label: row.get(2)?,
                    age: Age {
                        measured_at: row.get::<_, Option<i64>>(3)?.unwrap_or(build.facts.time),
                        attempt: row.get::<_, Option<i64>>(4)?.unwrap_or(FIRST_ATTEMPT),
                    },
                })
            })
            .optional()
            .doing(WHAT)
    }

    /// Writes one value, unless a later one stands.
    pub(super) fn value(
        &mut self,
        build: &Placed,
        metric: &str,
        value: &Value,
        age: Age,
        stored: Option<&Stored>,
    ) -> Result<Written> {
        let (number, label) = columns(value);
        // Both are as they nearly always are: then they take no room.
        let measured_at = (age.measured_at != build.facts.time).then_some(age.measured_at);
        let attempt = (age.attempt != FIRST_ATTEMPT).then_some(age.attempt);
        let Some(stored) = stored else {
            self.insert_value.execute((metric, build.id, number, label, measured_at, attempt)).doing(WHAT)?;
            return Ok(Written::Added);
        };
        let written = match (stored.compare(value), age.cmp(&stored.age)) {
            (Ordering::Equal, Ordering::Greater) => Written::Unchanged,
            (Ordering::Equal, _) => return Ok(Written::Unchanged),
            (_, Ordering::Less) | (Ordering::Less, Ordering::Equal) => return Ok(Written::Kept),
            _ => Written::Replaced,
        };
        self.update_value.execute((stored.row, number, label, measured_at, attempt)).doing(WHAT)?;
        Ok(written)
    }
}

/// The age of values that are recorded here and now over what stands: after everything of their
/// attempt that they differ from, and not before what they repeat.
fn age_of_record(
    attempt: Option<i64>,
    measured_at: i64,
    metrics: &[RecordedMetric],
    stored: &[Option<Stored>],
) -> Age {
    let standing = stored.iter().flatten().map(|stored| stored.age.attempt).max();
    let attempt = attempt.or(standing).unwrap_or(FIRST_ATTEMPT);
    let earliest = metrics.iter().zip(stored).filter_map(|(recorded, stored)| {
        let stored = stored.as_ref().filter(|stored| stored.age.attempt == attempt)?;
        let after = i64::from(stored.compare(&recorded.value) != Ordering::Equal);
        Some(stored.age.measured_at.min(LAST_TIME) + after)
    });
    Age { attempt, measured_at: earliest.fold(measured_at, i64::max) }
}

/// The error for a metric that has two types.
pub(super) fn type_conflict(id: &str, stored: &str, given: &str) -> Error {
    invalid(format!(
        "the metric `{}` is {} in the history and {} in this build",
        super::failure::excerpt(id),
        super::failure::excerpt(stored),
        super::failure::excerpt(given)
    ))
    .hint("A metric keeps the type it was first recorded with: give the new one another id.")
}
