//! Which builds of the reference branch a change is compared with: those of its merge base, else
//! the nearest before it. The order of preference is the same for every metric; a build without
//! the metric is passed over.

use super::GateFacts;
use super::verdict::BaselineChoice;
use crate::error::Result;
use crate::history::{BaselineQuery, Build, History};
use crate::metric::Value;

/// The builds that count, and in which order they are asked for a value.
#[derive(Debug)]
pub(super) struct Reference {
    /// Oldest first.
    builds: Vec<Build>,
    /// Places in `builds`, best first, each once.
    preferred: Vec<(usize, BaselineChoice)>,
    /// How many of `builds` are not after the place where the change left the branch.
    reach: usize,
}

impl Reference {
    /// The reference of a history without a branch to look at.
    pub(super) fn none() -> Self {
        Self { builds: Vec::new(), preferred: Vec::new(), reach: 0 }
    }

    /// Finds the builds of a branch that are neither pull requests', nor too old, nor of the commit
    /// that is judged, where it is judged as it is.
    pub(super) fn find(
        history: &History,
        branch: &str,
        max_age_days: u32,
        facts: &GateFacts,
    ) -> Result<Self> {
        let base = facts.merge_base.as_ref();
        let query = BaselineQuery {
            branch: branch.to_owned(),
            max_age_days,
            now: facts.now.clone(),
            before: None,
            commit_sha: None,
        };
        let mut builds = history.baseline_builds(&query)?;
        let early = match base.and_then(|base| base.time.clone()) {
            // Both lists are ordered by time, and this one is the beginning of the other.
            Some(time) => Some(history.baseline_build_count(&BaselineQuery { before: Some(time), ..query })?),
            None => None,
        };
        let early = early.map(|count| count - own_builds(&builds[..count], facts));
        builds.retain(|build| !is_own(build, facts));
        Ok(Self::order(builds, early, facts))
    }

    fn order(builds: Vec<Build>, early: Option<usize>, facts: &GateFacts) -> Self {
        // Sorted by commit, so that each of many ancestors is found without a walk over all builds.
        let mut by_commit: Vec<(&str, usize)> =
            builds.iter().enumerate().map(|(place, build)| (build.commit_sha.as_str(), place)).collect();
        by_commit.sort_unstable();
        let places = |commit: &str| {
            let from = by_commit.partition_point(|(sha, _)| *sha < commit);
            let to = from + by_commit[from..].partition_point(|(sha, _)| *sha == commit);
            by_commit[from..to].iter().rev().map(|(_, place)| *place).collect::<Vec<_>>()
        };
        let base = facts.merge_base.as_ref().map(|base| base.commit_sha.as_str());
        let mut preferred: Vec<(usize, BaselineChoice)> = Vec::new();
        preferred.extend(base.into_iter().flat_map(places).map(|place| (place, BaselineChoice::MergeBase)));
        for commit in &facts.ancestors {
            if Some(commit.as_str()) != base {
                preferred.extend(places(commit).into_iter().map(|place| (place, BaselineChoice::Ancestor)));
            }
        }
        // A commit that is built again later stays where it was: what came after its first build is
        // not before it.
        let placed = preferred.first().map(|(place, _)| {
            let first = places(&builds[*place].commit_sha).into_iter().min();
            first.unwrap_or(*place) + 1
        });
        let (reach, rest) = match (placed, early) {
            (Some(placed), _) => (placed, BaselineChoice::Earlier),
            (None, Some(early)) => (early, BaselineChoice::Earlier),
            (None, None) => (builds.len(), BaselineChoice::Newest),
        };
        let mut seen = vec![false; builds.len()];
        preferred.extend((0..reach).rev().map(|place| (place, rest)));
        preferred.retain(|(place, _)| !std::mem::replace(&mut seen[*place], true));
        Self { builds, preferred, reach }
    }

    /// How many builds count.
    pub(super) fn len(&self) -> usize {
        self.builds.len()
    }

    /// The build that is asked first.
    pub(super) fn first(&self) -> Option<(&Build, BaselineChoice)> {
        self.preferred.first().map(|(place, choice)| (&self.builds[*place], *choice))
    }

    /// Whether a build of the commit that is preferred has a value of a metric.
    pub(super) fn has_first(&self, history: &History, metric: &str) -> Result<bool> {
        let Some((first, _)) = self.first() else { return Ok(false) };
        let builds: Vec<&Build> =
            self.builds.iter().filter(|build| build.commit_sha == first.commit_sha).collect();
        Ok(!history.first_values(metric, &builds, 1)?.is_empty())
    }

    /// A metric's baseline.
    pub(super) fn value(
        &self,
        history: &History,
        metric: &str,
    ) -> Result<Option<(f64, &Build, BaselineChoice)>> {
        let builds: Vec<&Build> = self.preferred.iter().map(|(place, _)| &self.builds[*place]).collect();
        let found = history.first_values(metric, &builds, 1)?;
        Ok(found.into_iter().find_map(|(index, value)| {
            let (place, choice) = self.preferred[index];
            number(&value).map(|number| (number, &self.builds[place], choice))
        }))
    }

    /// The last `count` values before the place where the change left the branch, oldest first.
    pub(super) fn window(&self, history: &History, metric: &str, count: usize) -> Result<Vec<f64>> {
        let builds: Vec<&Build> = self.builds[..self.reach].iter().rev().collect();
        let found = history.first_values(metric, &builds, count)?;
        Ok(found.iter().rev().filter_map(|(_, value)| number(value)).collect())
    }
}

fn own_builds(builds: &[Build], facts: &GateFacts) -> usize {
    builds.iter().filter(|build| is_own(build, facts)).count()
}

/// Whether a build is of the very state that is judged.
fn is_own(build: &Build, facts: &GateFacts) -> bool {
    !facts.uncommitted && Some(&build.commit_sha) == facts.commit_sha.as_ref()
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Numeric(number) => Some(*number),
        Value::Label(_) => None,
    }
}
