//! Which builds a report speaks of: all but those of pull requests, grouped by branch, with one
//! branch chosen to be seen first. Values are not looked at here.

use crate::history::{BuildTable, is_pull_request_event};
use std::ops::Range;

/// The builds of a report.
pub(super) struct Selection {
    /// Indexes into the build table: branch after branch as in `branches`, each in the table's order, so that what is
    /// shown of a branch is a stretch of every column.
    pub(super) kept: Vec<usize>,
    /// The branches that have kept builds: the chosen one first, then by falling number of
    /// builds, equals by name.
    pub(super) branches: Vec<Branch>,
}

impl Selection {
    /// Indexes into the build table of the first branch's builds.
    pub(super) fn shown(&self) -> &[usize] {
        &self.kept[..self.branches.first().map_or(0, |branch| branch.builds)]
    }

    /// Each branch's stretch of `kept`.
    pub(super) fn stretches(&self) -> impl Iterator<Item = Range<usize>> {
        self.branches.iter().scan(0, |end, branch| {
            let start = *end;
            *end += branch.builds;
            Some(start..*end)
        })
    }
}

/// A branch and the number of its kept builds.
pub(super) struct Branch {
    /// As recorded.
    pub(super) name: String,
    /// At least one.
    pub(super) builds: usize,
}

/// Selects the builds of `table`. The chosen branch is `default_branch` where it has builds, else
/// the one with the most.
pub(super) fn select(table: &BuildTable, default_branch: Option<&str>) -> Selection {
    let proposal: Vec<bool> = table.events.iter().map(|name| is_pull_request_event(name)).collect();
    let mut kept: Vec<usize> =
        (0..table.id.len()).filter(|&build| !proposal[table.event[build] as usize]).collect();

    let mut counts = vec![0usize; table.branches.len()];
    for &build in &kept {
        counts[table.branch[build] as usize] += 1;
    }
    let mut order: Vec<usize> = (0..counts.len()).filter(|&branch| counts[branch] > 0).collect();
    order.sort_unstable_by(|&a, &b| {
        let chosen = |branch: usize| Some(table.branches[branch].as_str()) != default_branch;
        chosen(a)
            .cmp(&chosen(b))
            .then(counts[b].cmp(&counts[a]))
            .then_with(|| table.branches[a].cmp(&table.branches[b]))
    });
    let mut place = vec![0u32; counts.len()];
    for (index, &branch) in order.iter().enumerate() {
        place[branch] = index as u32;
    }

    kept.sort_by_key(|&build| place[table.branch[build] as usize]);
    let branches =
        order.iter().map(|&b| Branch { name: table.branches[b].clone(), builds: counts[b] }).collect();
    Selection { kept, branches }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(builds: &[(&str, &str)]) -> BuildTable {
        let mut table = BuildTable::default();
        for (index, (branch, event)) in builds.iter().enumerate() {
            let place = |names: &mut Vec<String>, name: &str| {
                names.iter().position(|n| n == name).unwrap_or_else(|| {
                    names.push(name.to_owned());
                    names.len() - 1
                }) as u32
            };
            table.branch.push(place(&mut table.branches, branch));
            table.event.push(place(&mut table.events, event));
            table.id.push(index as i64);
        }
        table
    }

    #[test]
    fn the_default_branch_comes_first_and_proposals_are_left_out() {
        let table = table(&[
            ("dev", "push"),
            ("dev", "schedule"),
            ("main", "push"),
            ("fix", "pull_request"),
            ("old", ""),
            ("main", "pull_request_target"),
            ("main", "pull_request_review"),
        ]);
        let names = |default| {
            let selection = select(&table, default);
            selection
                .branches
                .iter()
                .map(|b| format!("{}:{}", b.name, b.builds))
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(names(Some("main")), "main:1 dev:2 old:1");
        assert_eq!(names(Some("fix")), "dev:2 main:1 old:1");
        assert_eq!(names(None), "dev:2 main:1 old:1");
        assert_eq!(select(&table, Some("main")).kept, [2, 0, 1, 4]);
        assert_eq!(select(&table, Some("main")).shown(), [2]);
        assert_eq!(select(&table, None).stretches().collect::<Vec<_>>(), [0..2, 2..3, 3..4]);
    }

    #[test]
    fn no_builds_are_no_branches() {
        let selection = select(&BuildTable::default(), Some("main"));
        assert!(selection.kept.is_empty() && selection.branches.is_empty() && selection.shown().is_empty());
    }
}
