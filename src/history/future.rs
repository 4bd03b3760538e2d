//! Builds that are dated later than it is: a clock that was ahead has left them. They are kept, and
//! count as the newest of nothing until their time has come.

use super::build::check_time;
use super::instant;
use super::query::Build;
use crate::error::{Code, Error, Result};
use serde::Serialize;

/// How far ahead of now, in milliseconds, a build may be dated: time zones are easily confused.
const TOLERANCE: i64 = 24 * 60 * 60 * 1000;

/// The builds of a history that are from the future.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct FutureBuilds {
    /// How many there are.
    pub count: usize,
    /// The first of them, oldest first.
    pub builds: Vec<Build>,
}

/// The last time that is not from the future; both in milliseconds since 1970 UTC.
pub(super) fn horizon(now: i64) -> i64 {
    now.saturating_add(TOLERANCE)
}

/// Refuses a build from the future.
pub(super) fn check(time: i64, now: &str) -> Result<()> {
    let now = check_time("`now`", now)?;
    if time <= horizon(now) {
        return Ok(());
    }
    let message = format!(
        "the build is dated `{}`, more than a day after now, `{}`",
        instant::format(time),
        instant::format(now)
    );
    Err(Error::new(Code::BuildFromTheFuture, message).hint(
        "Nothing was recorded. Set the clock that dated it, or give the build the time that it was made at.",
    ))
}
