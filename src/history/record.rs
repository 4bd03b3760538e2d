//! Writing builds. A build is one (commit, run); recording it again adds to it, so that re-runs,
//! several jobs of one run and replays after a conflict all end in the same history.

use super::build::{
    BuildContext, BuildRecord, Facts, MetricDefinition, Recorded, Value, check_context, check_metrics,
    invalid, type_name, unit_name,
};
use super::failure::Doing;
use super::{History, instant};
use crate::error::{Error, Result};
use rusqlite::{Connection, OptionalExtension, Statement};
use serde::Serialize;
use std::cmp::Ordering;

const WHAT: &str = "record the build";

/// What recording a build changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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
    /// Values left out because the build has later measurements of their metrics.
    pub outdated: usize,
}

impl History {
    /// Records one build in one transaction: all of it or nothing.
    ///
    /// The same (commit, run) again replaces the values of the metrics it brings and keeps the
    /// rest; a value measured before the one that stands (by the builds' timestamps) does not
    /// replace it, so the order in which the parts of a run arrive makes no difference. Time,
    /// branch, run number and event are those of the earliest record.
    ///
    /// # Errors
    /// `BUILD_INVALID` where a fact or value breaks its rule, no metric is given, or a metric's
    /// type differs from the type it was first recorded with; nothing is changed then.
    pub fn record(&mut self, context: &BuildContext, metrics: &[Recorded]) -> Result<RecordedBuild> {
        let recorded = self.record_checked(vec![(check(context, metrics)?, metrics)])?;
        recorded
            .into_iter()
            .next()
            .ok_or_else(|| Error::new(crate::error::Code::Internal, "a recorded build has no outcome"))
    }

    /// Whether a build of these facts and metrics can be recorded here, as far as that is known
    /// before there are values: asked before commands run for minutes.
    ///
    /// # Errors
    /// `BUILD_INVALID` for facts that [`History::record`] would refuse, and for a metric whose type
    /// differs from the type it was first recorded with.
    pub fn check_run(&self, context: &BuildContext, metrics: &[MetricDefinition]) -> Result<()> {
        check_context(context)?;
        let known = self.metrics()?;
        for metric in metrics {
            let stored = known.iter().find(|stored| stored.id == metric.id);
            if let Some(stored) = stored.filter(|stored| stored.kind != metric.kind) {
                return Err(type_conflict(&metric.id, type_name(stored.kind), type_name(metric.kind)));
            }
        }
        Ok(())
    }

    /// Records builds as [`History::record`] does, in the order given, all in one transaction.
    ///
    /// # Errors
    /// As [`History::record`]; one bad build leaves the history as it was, and the message begins
    /// with its commit and run.
    pub fn record_all(&mut self, builds: &[BuildRecord]) -> Result<Vec<RecordedBuild>> {
        let checked = builds.iter().map(|build| {
            let BuildContext { commit_sha, run_id, .. } = &build.context;
            check(&build.context, &build.metrics).map(|facts| (facts, build.metrics.as_slice())).map_err(
                |error| Error {
                    message: format!(
                        "commit `{}`, run `{}`: {}",
                        super::failure::excerpt(commit_sha),
                        super::failure::excerpt(run_id),
                        error.message
                    ),
                    ..error
                },
            )
        });
        let checked = checked.collect::<Result<Vec<_>>>()?;
        self.record_checked(checked)
    }

    fn record_checked(&mut self, builds: Vec<(Facts, &[Recorded])>) -> Result<Vec<RecordedBuild>> {
        let mut outcomes = Vec::with_capacity(builds.len());
        let mut placed = Vec::with_capacity(builds.len());
        let tx = self.conn.transaction().doing(WHAT)?;
        {
            let mut writer = Writer::new(&tx)?;
            for (facts, metrics) in builds {
                let build = writer.build(facts)?;
                let mut outcome = RecordedBuild {
                    build_id: build.id,
                    created: build.before.is_none(),
                    added: 0,
                    replaced: 0,
                    unchanged: 0,
                    outdated: 0,
                };
                for Recorded { metric, value } in metrics {
                    writer.define(
                        &metric.id,
                        type_name(metric.kind),
                        metric.unit.map(unit_name),
                        metric.description.as_deref(),
                    )?;
                    match writer.value(&build, &metric.id, value, build.measured, Tie::Replace)? {
                        Written::Added => outcome.added += 1,
                        Written::Replaced => outcome.replaced += 1,
                        Written::Unchanged => outcome.unchanged += 1,
                        Written::Kept => outcome.outdated += 1,
                    }
                }
                outcomes.push(outcome);
                placed.push(build);
            }
        }
        tx.commit().doing(WHAT)?;
        for build in placed {
            let Placed { id, before, facts, .. } = build;
            self.timeline.place(
                id,
                before,
                facts.time,
                &facts.branch,
                facts.event.as_deref().unwrap_or_default(),
            );
        }
        Ok(outcomes)
    }
}

fn check(context: &BuildContext, metrics: &[Recorded]) -> Result<Facts> {
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
    /// The time of the record that is being written.
    pub(super) measured: i64,
}

/// Which of two values measured at one time stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tie {
    /// The one being written.
    Replace,
    /// The greater: an arbitrary rule, but the same from both sides.
    Greater,
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
                "SELECT id, value_numeric, value_label, measured_at FROM metric_values
                 WHERE metric_id = ?1 AND build_id = ?2",
            )?,
            insert_value: prepare(
                "INSERT INTO metric_values (metric_id, build_id, value_numeric, value_label, measured_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?,
            update_value: prepare(
                "UPDATE metric_values SET value_numeric = ?2, value_label = ?3, measured_at = ?4 WHERE id = ?1",
            )?,
        })
    }

    /// Finds or creates the build and settles which facts stand.
    pub(super) fn build(&mut self, facts: Facts) -> Result<Placed> {
        let measured = facts.time;
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
            return Ok(Placed { id, before: None, facts, measured });
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
            return Ok(Placed { id, before: Some(time), facts: stored, measured });
        }
        if facts.time < time {
            self.pin_values.execute((id, time)).doing(WHAT)?;
        }
        self.update_build
            .execute((id, &facts.branch, facts.run_number, &facts.event, instant::format(facts.time)))
            .doing(WHAT)?;
        Ok(Placed { id, before: Some(time), facts, measured })
    }

    /// Adds a metric's definition, or completes the one that stands.
    pub(super) fn define(
        &mut self,
        id: &str,
        kind: &str,
        unit: Option<&str>,
        description: Option<&str>,
    ) -> Result<()> {
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
            // A replay writes nothing at all, so that its file is the same to the byte.
            let stands = |new: Option<&str>, old: Option<&str>| new.is_none() || new == old;
            if stands(unit, stored_unit.as_deref()) && stands(description, stored_description.as_deref()) {
                return Ok(());
            }
        }
        self.upsert_metric.execute((id, kind, unit, description)).doing(WHAT)?;
        Ok(())
    }

    /// Writes one value, measured at `at`, unless a later measurement stands.
    pub(super) fn value(
        &mut self,
        build: &Placed,
        metric: &str,
        value: &Value,
        at: i64,
        tie: Tie,
    ) -> Result<Written> {
        let (number, label) = match value {
            // SQLite stores a negative zero as zero.
            Value::Numeric(number) => (Some(if *number == 0.0 { 0.0 } else { *number }), None),
            Value::Label(label) => (None, Some(label.as_str())),
        };
        let pinned = |at: i64| (at != build.facts.time).then_some(at);
        let stored = self
            .find_value
            .query_row((metric, build.id), |row| {
                let number: Option<f64> = row.get(1)?;
                let label: Option<String> = row.get(2)?;
                Ok((row.get::<_, i64>(0)?, number, label, row.get::<_, Option<i64>>(3)?))
            })
            .optional()
            .doing(WHAT)?;
        let Some((row, old_number, old_label, old_at)) = stored else {
            self.insert_value.execute((metric, build.id, number, label, pinned(at))).doing(WHAT)?;
            return Ok(Written::Added);
        };
        let old_at = old_at.unwrap_or(build.facts.time);
        let order = compare((number, label), (old_number, old_label.as_deref()));
        let written = match (order, at.cmp(&old_at)) {
            (Ordering::Equal, Ordering::Greater) => Written::Unchanged,
            (Ordering::Equal, _) => return Ok(Written::Unchanged),
            (_, Ordering::Less) => return Ok(Written::Kept),
            (Ordering::Less, Ordering::Equal) if tie == Tie::Greater => return Ok(Written::Kept),
            _ => Written::Replaced,
        };
        self.update_value.execute((row, number, label, pinned(at))).doing(WHAT)?;
        Ok(written)
    }
}

fn compare(new: (Option<f64>, Option<&str>), old: (Option<f64>, Option<&str>)) -> Ordering {
    match (new.0, old.0) {
        (Some(new), Some(old)) => new.total_cmp(&old),
        (None, None) => new.1.cmp(&old.1),
        (new, old) => new.is_some().cmp(&old.is_some()),
    }
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
