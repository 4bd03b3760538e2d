//! The history: the SQLite database of builds, held in memory between the bytes that the host
//! read and the bytes it will store. Opening checks and migrates, recording is one transaction,
//! and every question about builds is answered here; where the bytes live is the host's business.

mod build;
mod columns;
mod failure;
mod future;
mod image;
mod instant;
mod merge;
mod prune;
mod query;
mod record;
mod repository;
mod schema;
mod timeline;

pub use build::{BuildContext, MetricDefinition, RecordedMetric};
pub use columns::{BuildTable, Columns, MetricColumn, Values};
pub use future::FutureBuilds;
pub use merge::Merged;
pub use prune::{PruneRequest, Pruned};
pub use query::{Baseline, BaselineQuery, Build, BuildFilter, RecentQuery, Series, StoredValue};
pub use record::{Circumstances, RecordedBuild, TypeChange};
pub use repository::Repository;
pub use schema::Check;

use crate::error::Result;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use std::io::Read;
use timeline::Timeline;

pub use timeline::is_pull_request_event;

/// Whether a text is an RFC 3339 time.
#[must_use]
pub fn is_time(text: &str) -> bool {
    instant::parse_rfc3339(text).is_some()
}

/// A history in memory. Nothing reaches the host's storage before [`History::save`] and a write
/// of the bytes it returns.
#[derive(Debug)]
pub struct History {
    conn: Connection,
    timeline: Timeline,
    limits: Limits,
}

/// Bounds on what is opened and saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Limits {
    /// The largest image in bytes; 256 MiB by default.
    pub max_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_bytes: 256 * 1024 * 1024 }
    }
}

impl History {
    /// Opens the image of a history, or starts a new one where the host knows that there is none.
    ///
    /// `None` is the only way to a new history: an empty image, or a sound database without the
    /// history's tables, is an error, so that a failed download can never look like a beginning.
    /// An older file is migrated in memory; `image` itself is only read.
    ///
    /// # Errors
    /// `HISTORY_TOO_LARGE`, `HISTORY_NOT_SQLITE`, `HISTORY_CORRUPT`, `HISTORY_FOREIGN`,
    /// `HISTORY_NEWER`; `HISTORY_FAILED` where SQLite fails for a reason of its own.
    pub fn open(image: Option<&[u8]>, limits: Limits) -> Result<Self> {
        match image {
            Some(image) => Self::read(image, image.len(), Check::Whole, limits),
            None => {
                let mut conn = image::create()?;
                schema::create(&mut conn)?;
                Self::over(conn, limits)
            }
        }
    }

    /// Opens an image of `length` bytes that is read once, so that it is held once.
    ///
    /// # Errors
    /// As [`History::open`].
    pub fn read(image: impl Read, length: usize, check: Check, limits: Limits) -> Result<Self> {
        let conn = image::open(image, length, limits)?;
        schema::check(&conn, check)?;
        Self::over(conn, limits)
    }

    fn over(mut conn: Connection, limits: Limits) -> Result<Self> {
        schema::migrate(&mut conn)?;
        let timeline = Timeline::load(&conn)?;
        Ok(Self { conn, timeline, limits })
    }

    /// The history as an SQLite file in rollback-journal format.
    ///
    /// # Errors
    /// `HISTORY_TOO_LARGE` where the file would pass the limit that opening it is held to: saving
    /// it would lock its owner out.
    pub fn save(&mut self) -> Result<Vec<u8>> {
        self.save_with(<[u8]>::to_vec)
    }

    /// Lends out the image, so that the caller copies it to where it is wanted.
    ///
    /// # Errors
    /// As [`History::save`].
    pub fn save_with<T>(&mut self, take: impl FnOnce(&[u8]) -> T) -> Result<T> {
        image::save(&mut self.conn, self.limits, take)
    }
}
