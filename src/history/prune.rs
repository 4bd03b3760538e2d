//! Removing builds, only ever because a caller asked for exactly that. A history that still has
//! pruned builds brings them back when it is merged.

use super::History;
use super::build::check_time;
use super::failure::Doing;
use super::timeline::Timeline;
use crate::error::{Code, Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Which builds to remove. `branches`, `except_branches` and `pull_requests_only` choose the
/// builds in question; of those, the ones that `older_than` and `keep_last` spare stay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PruneRequest {
    /// Only builds before this RFC 3339 time.
    pub older_than: Option<String>,
    /// Never the newest so many builds of a branch, counted among the builds in question.
    pub keep_last: Option<usize>,
    /// Only builds of these branches.
    pub branches: Option<Vec<String>>,
    /// No builds of these branches.
    pub except_branches: Vec<String>,
    /// Only builds of pull requests.
    pub pull_requests_only: bool,
    /// Count, but remove nothing.
    pub dry_run: bool,
}

/// What pruning removed, or would remove.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pruned {
    /// Removed builds.
    pub builds: usize,
    /// Removed values.
    pub values: usize,
    /// Builds that stay.
    pub kept: usize,
}

impl History {
    /// Removes builds with their values in one transaction and gives their space back. Metric
    /// definitions stay.
    ///
    /// # Errors
    /// `USAGE_INVALID` where the request names no builds at all: all of a history is never
    /// removed by leaving something out. `BUILD_INVALID` where its time is none.
    pub fn prune(&mut self, request: &PruneRequest) -> Result<Pruned> {
        const WHAT: &str = "prune the history";
        let doomed = self.doomed(request)?;
        let mut pruned = Pruned { builds: doomed.len(), values: 0, kept: self.build_count() - doomed.len() };
        let tx = self.conn.transaction().doing(WHAT)?;
        {
            let mut count =
                tx.prepare("SELECT count(*) FROM metric_values WHERE build_id = ?1").doing(WHAT)?;
            let mut values = tx.prepare("DELETE FROM metric_values WHERE build_id = ?1").doing(WHAT)?;
            let mut build = tx.prepare("DELETE FROM build_contexts WHERE id = ?1").doing(WHAT)?;
            for id in &doomed {
                if request.dry_run {
                    pruned.values += count.query_row([id], |row| row.get::<_, u32>(0)).doing(WHAT)? as usize;
                } else {
                    pruned.values += values.execute([id]).doing(WHAT)?;
                    build.execute([id]).doing(WHAT)?;
                }
            }
        }
        tx.commit().doing(WHAT)?;
        if !request.dry_run && pruned.builds > 0 {
            self.conn.execute_batch("VACUUM").doing(WHAT)?;
            self.timeline = Timeline::load(&self.conn)?;
        }
        Ok(pruned)
    }

    fn doomed(&self, request: &PruneRequest) -> Result<Vec<i64>> {
        let PruneRequest { older_than, keep_last, branches, except_branches, pull_requests_only, .. } =
            request;
        if older_than.is_none() && keep_last.is_none() && branches.is_none() && !pull_requests_only {
            return Err(Error::new(Code::UsageInvalid, "pruning was asked for without saying which builds")
                .hint("Give an age, a number of builds to keep, branches, or pull requests only."));
        }
        let before = older_than
            .as_deref()
            .map(|text| check_time("`olderThan`", text))
            .transpose()?
            .unwrap_or(i64::MAX);
        let pull_requests = self.timeline.pull_request_events();
        let mut newer: HashMap<u32, usize> = HashMap::new();
        let mut doomed = Vec::new();
        for entry in self.timeline.entries().iter().rev() {
            let branch = self.timeline.branch(entry.branch);
            let listed = |list: &[String]| list.iter().any(|name| name == branch);
            if branches.as_ref().is_some_and(|list| !listed(list))
                || listed(except_branches)
                || (*pull_requests_only && !pull_requests[entry.event as usize])
            {
                continue;
            }
            let newer = newer.entry(entry.branch).or_default();
            let spared = keep_last.is_some_and(|keep| *newer < keep);
            *newer += 1;
            if !spared && entry.time < before {
                doomed.push(entry.id);
            }
        }
        Ok(doomed)
    }
}
