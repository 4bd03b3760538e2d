//! The history: the SQLite database of builds, held in memory between the bytes that the host
//! read and the bytes it will store. Opening checks and migrates, recording is one transaction,
//! and every question about builds is answered here; where the bytes live is the host's business.

mod build;
mod columns;
mod failure;
mod image;
mod instant;
mod merge;
mod prune;
mod query;
mod record;
mod schema;
mod timeline;

pub use build::{BuildContext, BuildRecord, MetricDefinition, Recorded, Value};
pub use columns::{BuildTable, Columns, MetricColumn, Values};
pub use merge::Merged;
pub use prune::{PruneRequest, Pruned};
pub use query::{Baseline, BaselineQuery, Build, BuildFilter, Point, RecentQuery, Series, StoredValue};
pub use record::RecordedBuild;

use crate::error::Result;
use schema::Check;
use serde::{Deserialize, Serialize};
use timeline::Timeline;

/// A history in memory. Nothing reaches the host's storage before [`History::save`] and a write
/// of the bytes it returns.
#[derive(Debug)]
pub struct History {
    conn: rusqlite::Connection,
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
    /// Opens the image of a history, or begins a new one where the host knows that there is none.
    ///
    /// `None` is the only way to a new history: an empty image, or a sound database without the
    /// history's tables, is an error, so that a failed download can never look like a beginning.
    /// An older file is migrated in memory; `image` itself is only read.
    ///
    /// # Errors
    /// `HISTORY_TOO_LARGE`, `HISTORY_NOT_SQLITE`, `HISTORY_CORRUPT`, `HISTORY_FOREIGN`,
    /// `HISTORY_NEWER`; `HISTORY_FAILED` where SQLite fails for a reason of its own.
    pub fn open(image: Option<&[u8]>, limits: Limits) -> Result<Self> {
        let Some(image) = image else {
            let mut conn = image::create()?;
            schema::create(&mut conn)?;
            return Self::ready(conn, limits);
        };
        Self::checked(image, limits, Check::Whole)
    }

    /// Opens an image that a digest, stored with it by the run that wrote it, shows to be unchanged since. What only
    /// a change on the way could have done, an index that disagrees with its table, is not looked for; all else is
    /// checked as [`History::open`] does. That halves the time of opening.
    ///
    /// # Errors
    /// Those of [`History::open`].
    pub fn open_proved(image: &[u8], limits: Limits) -> Result<Self> {
        Self::checked(image, limits, Check::Quick)
    }

    fn checked(image: &[u8], limits: Limits, check: Check) -> Result<Self> {
        let conn = image::open(image, limits)?;
        schema::check(&conn, check)?;
        Self::ready(conn, limits)
    }

    fn ready(mut conn: rusqlite::Connection, limits: Limits) -> Result<Self> {
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
        image::save(&mut self.conn, self.limits)
    }
}
