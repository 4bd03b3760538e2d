//! How much of a piece of code ran, where a report states that in two numbers and does not say what ran: the instructions and
//! branches of a line, the paths of a method.

use super::kind::Tally;
use super::measure::Entry;
use std::cmp::Ordering;
use std::hash::{DefaultHasher, Hash, Hasher};

/// How much there is of a piece of code, and how much of it ran. Two measurements merge to the larger of each number: the least
/// that is certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Share {
    /// The line that it begins on; 0 when unknown.
    pub line: u32,
    /// What it is within the line: an [`identity`], or 0 where it is all there is.
    pub key: u64,
    /// How much ran.
    pub covered: u32,
    /// How much there is.
    pub total: u32,
}

impl Share {
    /// Something that is covered as a whole or not at all.
    pub(super) fn whole(line: u32, key: u64, covered: bool) -> Self {
        Self { line, key, covered: u32::from(covered), total: 1 }
    }

    /// The two numbers.
    pub(super) fn tally(&self) -> Tally {
        Tally { covered: self.covered.min(self.total).into(), total: self.total.into() }
    }
}

impl Entry for Share {
    fn order(&self, other: &Self) -> Ordering {
        (self.line, self.key).cmp(&(other.line, other.key))
    }
    fn absorb(&mut self, other: &Self) {
        self.covered = self.covered.max(other.covered);
        self.total = self.total.max(other.total);
    }
}

/// A number for a name, the same for the same name: reports hold many long names, and all that is asked of some is whether
/// two are one.
pub(super) fn identity(name: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}
