//! The builds of a history in the order of their times, kept beside the database: stored times
//! come in two spellings that do not sort as text, so no index of the file can give this order.
//! It holds what questions filter by, and nothing else of a build.

use super::failure::{Doing, corrupt, excerpt};
use super::instant;
use crate::error::Result;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use std::collections::HashMap;

/// Whether an event is a pull request's: its builds are recorded, but belong to no branch's history.
/// GitHub has several (`pull_request_target`, `pull_request_review`, ..), which all begin alike.
#[must_use]
pub fn is_pull_request_event(name: &str) -> bool {
    name.starts_with("pull_request")
}

/// Every build, ordered by time, then by id.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    entries: Vec<Entry>,
    branches: Names,
    events: Names,
}

/// One build in a [`Timeline`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    /// Milliseconds since 1970 UTC.
    pub(super) time: i64,
    /// The row id of the build.
    pub(super) id: i64,
    /// Numbers of [`Timeline::branch`].
    pub(super) branch: u32,
    /// Numbers of [`Timeline::event`].
    pub(super) event: u32,
}

impl Timeline {
    /// Reads every build and with that proves that all of them can be read.
    pub(super) fn load(conn: &Connection) -> Result<Self> {
        const WHAT: &str = "read the history's builds";
        let mut timeline = Timeline::default();
        let mut statement = conn
            .prepare(
                "SELECT id, timestamp, branch, event_name, commit_sha, run_id, run_number FROM build_contexts",
            )
            .doing(WHAT)?;
        let mut rows = statement.query([]).doing(WHAT)?;
        while let Some(row) = rows.next().doing(WHAT)? {
            let id: i64 = row.get(0).doing(WHAT)?;
            let stored = row.get_ref(1).doing(WHAT)?;
            let time = stored.as_str().ok().and_then(instant::parse_stored).ok_or_else(|| {
                let found = match stored {
                    ValueRef::Text(text) => format!("`{}`", excerpt(&String::from_utf8_lossy(text))),
                    other => format!("a value of type {}", other.data_type()),
                };
                corrupt(format!(
                    "the timestamp of build {id} is {found}, expected a time like `2025-11-15T10:20:30.123Z`"
                ))
            })?;
            let text = |column: usize, name: &str| {
                row.get_ref(column)
                    .doing(WHAT)?
                    .as_str_or_null()
                    .map(Option::unwrap_or_default)
                    .map_err(|_| corrupt(format!("the {name} of build {id} is not text")))
            };
            text(4, "commit")?;
            text(5, "run id")?;
            row.get_ref(6)
                .doing(WHAT)?
                .as_i64()
                .map_err(|_| corrupt(format!("the run number of build {id} is not an integer")))?;
            let branch = timeline.branches.number(text(2, "branch")?);
            let event = timeline.events.number(text(3, "event")?);
            timeline.entries.push(Entry { time, id, branch, event });
        }
        timeline.entries.sort_unstable();
        Ok(timeline)
    }

    /// All builds, oldest first.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Adds a build, or moves it where it was at `before`.
    pub(super) fn place(&mut self, id: i64, before: Option<i64>, time: i64, branch: &str, event: &str) {
        if let Some(before) = before {
            let from = self.entries.partition_point(|e| (e.time, e.id) < (before, id));
            if self.entries.get(from).is_some_and(|e| e.id == id) {
                self.entries.remove(from);
            }
        }
        let entry =
            Entry { time, id, branch: self.branches.number(branch), event: self.events.number(event) };
        let at = self.entries.partition_point(|e| (e.time, e.id) < (time, id));
        self.entries.insert(at, entry);
    }

    /// The branch's name.
    pub(super) fn branch(&self, number: u32) -> &str {
        &self.branches.list[number as usize]
    }

    /// The event's name, empty for none.
    pub(super) fn event(&self, number: u32) -> &str {
        &self.events.list[number as usize]
    }

    /// The number of a branch, where a build has it.
    pub(super) fn find_branch(&self, name: &str) -> Option<u32> {
        self.branches.numbers.get(name).copied()
    }

    /// The number of an event, where a build has it.
    pub(super) fn find_event(&self, name: &str) -> Option<u32> {
        self.events.numbers.get(name).copied()
    }

    /// Of each event, by its number, whether it is a pull request's.
    pub(super) fn pull_request_events(&self) -> Vec<bool> {
        self.events.list.iter().map(|name| is_pull_request_event(name)).collect()
    }
}

/// Distinct names, numbered in order of first appearance.
#[derive(Debug, Default)]
pub(super) struct Names {
    list: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Names {
    /// The name's number, a new one if it is new.
    pub(super) fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.list.len() as u32;
        self.list.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }

    /// The names by number.
    pub(super) fn into_list(self) -> Vec<String> {
        self.list
    }
}
