//! Folding one history into another: the union of their builds by (commit, run) and of their
//! values by (build, metric). Merging a history twice changes nothing, and the order in which two
//! histories are merged makes no difference to builds and values.

use super::History;
use super::build::Facts;
use super::failure::{Doing, corrupt};
use super::record::{Age, FIRST_ATTEMPT, Writer, Written, type_conflict};
use super::timeline::{Entry, Timeline};
use crate::error::Result;
use crate::metric::Value;
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use std::collections::BTreeMap;

const WHAT: &str = "merge the histories";

/// What merging changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Merged {
    /// Builds that only the other history had.
    pub added_builds: usize,
    /// Values that only the other history had, those of added builds included.
    pub added_values: usize,
    /// Values of both histories that differed.
    pub conflicts: usize,
    /// Conflicts in which the other history's value now counts.
    pub replaced_values: usize,
    /// Metrics that only the other history had.
    pub added_metrics: usize,
    /// Whether anything at all is different now: also a time, a definition or how late a value is known to be.
    pub changed: bool,
}

impl History {
    /// Adds what `other` has, in one transaction. Row ids of added builds are new.
    ///
    /// Where both have a value for one build and metric and the values differ, that of the later
    /// attempt of the run counts; of one attempt, the later measured; of two measured at one time,
    /// the greater (numbers by size, labels by code point), which is arbitrary but the same from
    /// either side. A build's time, branch, run number and
    /// event are those of its earliest record. The history stays that of its repository; one that
    /// knows none becomes that of the other's. Of two units or descriptions of a metric, those of
    /// the history with the newer build count.
    ///
    /// # Errors
    /// `BUILD_INVALID` where a metric is numeric in one and a label in the other; nothing is
    /// changed then.
    pub fn merge(&mut self, other: &History) -> Result<Merged> {
        let ours = definitions(&self.conn)?;
        let theirs = definitions(&other.conn)?;
        for (id, their) in &theirs {
            if let Some(our) = ours.get(id).filter(|our| our.kind != their.kind) {
                return Err(type_conflict(id, &our.kind, &their.kind));
            }
        }
        let newest = |history: &History| history.timeline.entries().last().map(|entry| entry.time);
        let prefer_theirs = match newest(other).cmp(&newest(self)) {
            std::cmp::Ordering::Equal => None,
            order => Some(order.is_gt()),
        };
        let mut merged = Merged::default();
        let tx = self.conn.transaction().doing(WHAT)?;
        let before = tx.total_changes();
        {
            super::repository::inherit(&tx, other)?;
            for (id, their) in &theirs {
                let our = ours.get(id);
                merged.added_metrics += usize::from(our.is_none());
                define(&tx, id, our, their, prefer_theirs)?;
            }
            let mut writer = Writer::new(&tx)?;
            let mut reader = Reader::new(other)?;
            for entry in other.timeline.entries() {
                let build = writer.build(reader.facts(entry)?)?;
                merged.added_builds += usize::from(build.before.is_none());
                reader.values(entry, |metric, value, age| {
                    let stored = writer.stored(&build, metric)?;
                    merged.count(writer.value(&build, metric, value, age, stored.as_ref())?);
                    Ok(())
                })?;
            }
        }
        merged.changed = tx.total_changes() != before;
        tx.commit().doing(WHAT)?;
        self.timeline = Timeline::load(&self.conn)?;
        Ok(merged)
    }
}

impl Merged {
    fn count(&mut self, written: Written) {
        match written {
            Written::Added => self.added_values += 1,
            Written::Replaced => {
                self.conflicts += 1;
                self.replaced_values += 1;
            }
            Written::Kept => self.conflicts += 1,
            Written::Unchanged => {}
        }
    }
}

struct Definition {
    kind: String,
    unit: Option<String>,
    description: Option<String>,
}

fn definitions(conn: &Connection) -> Result<BTreeMap<String, Definition>> {
    let mut statement =
        conn.prepare("SELECT id, type, unit, description FROM metric_definitions").doing(WHAT)?;
    let rows = statement
        .query_map([], |row| {
            Ok((row.get(0)?, Definition { kind: row.get(1)?, unit: row.get(2)?, description: row.get(3)? }))
        })
        .doing(WHAT)?;
    rows.collect::<rusqlite::Result<_>>().doing(WHAT)
}

/// Writes the definition that is valid after the merge. `prefer_theirs` is `None` where both
/// histories end at one time; then the greater text counts.
fn define(
    conn: &Connection,
    id: &str,
    our: Option<&Definition>,
    their: &Definition,
    prefer_theirs: Option<bool>,
) -> Result<()> {
    let choose = |our: Option<&String>, their: Option<&String>| match (our, their, prefer_theirs) {
        (Some(our), Some(_), Some(false)) => Some(our.clone()),
        (Some(_), Some(their), Some(true)) => Some(their.clone()),
        (our, their, _) => our.max(their).cloned(),
    };
    let unit = choose(our.and_then(|d| d.unit.as_ref()), their.unit.as_ref());
    let description = choose(our.and_then(|d| d.description.as_ref()), their.description.as_ref());
    if our.is_some_and(|our| our.unit == unit && our.description == description) {
        return Ok(());
    }
    conn.execute(
        "INSERT INTO metric_definitions (id, type, unit, description) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT(id) DO UPDATE SET unit = excluded.unit, description = excluded.description",
        (id, &their.kind, unit, description),
    )
    .doing(WHAT)?;
    Ok(())
}

/// Reads the other history's builds one after another.
struct Reader<'h> {
    history: &'h History,
    build: rusqlite::Statement<'h>,
    values: rusqlite::Statement<'h>,
}

impl<'h> Reader<'h> {
    fn new(history: &'h History) -> Result<Self> {
        let build = history
            .conn
            .prepare("SELECT commit_sha, run_id, run_number, event_name FROM build_contexts WHERE id = ?1")
            .doing(WHAT)?;
        let values = history
            .conn
            .prepare(
                "SELECT metric_id, value_numeric, value_label, measured_at, attempt FROM metric_values
                 WHERE build_id = ?1 ORDER BY id",
            )
            .doing(WHAT)?;
        Ok(Self { history, build, values })
    }

    fn facts(&mut self, entry: &Entry) -> Result<Facts> {
        let branch = self.history.timeline.branch(entry.branch).to_owned();
        let facts = self
            .build
            .query_row([entry.id], |row| {
                Ok(Facts {
                    commit: row.get(0)?,
                    run_id: row.get(1)?,
                    run_number: row.get(2)?,
                    event: row.get(3)?,
                    branch,
                    time: entry.time,
                })
            })
            .optional()
            .doing(WHAT)?;
        facts.ok_or_else(|| corrupt(format!("build {} has vanished", entry.id)))
    }

    fn values(&mut self, entry: &Entry, mut each: impl FnMut(&str, &Value, Age) -> Result<()>) -> Result<()> {
        let mut rows = self.values.query([entry.id]).doing(WHAT)?;
        while let Some(row) = rows.next().doing(WHAT)? {
            let metric: String = row.get(0).doing(WHAT)?;
            let (number, label): (Option<f64>, Option<String>) =
                (row.get(1).doing(WHAT)?, row.get(2).doing(WHAT)?);
            let value = match (number, label) {
                (Some(number), _) => Value::Numeric(number),
                (None, Some(label)) => Value::Label(label),
                (None, None) => continue,
            };
            let (at, attempt): (Option<i64>, Option<i64>) =
                (row.get(3).doing(WHAT)?, row.get(4).doing(WHAT)?);
            let age =
                Age { attempt: attempt.unwrap_or(FIRST_ATTEMPT), measured_at: at.unwrap_or(entry.time) };
            each(&metric, &value, age)?;
        }
        Ok(())
    }
}
