//! What can be counted in a coverage report, and pairs of counters. Knows nothing of reports.

use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal;)+) => {
        /// What is being counted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(test, derive(ts_rs::TS))]
        #[serde(rename_all = "lowercase")]
        pub enum CoverageKind {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl CoverageKind {
            /// Every kind.
            pub const ALL: [CoverageKind; KINDS] = [$(CoverageKind::$variant,)+];

            /// The name users write, as in `--type line`.
            pub fn name(self) -> &'static str {
                match self { $(CoverageKind::$variant => $name,)+ }
            }
        }
    };
}

/// How many kinds there are.
pub(super) const KINDS: usize = 10;

kinds! {
    /// Lines that hold code.
    Line = "line";
    /// The ways a condition can go.
    Branch = "branch";
    /// Functions and methods.
    Function = "function";
    /// Statements, of which a line may hold several.
    Statement = "statement";
    /// Instructions of a virtual machine.
    Instruction = "instruction";
    /// Methods, where a tool has a counter of that name.
    Method = "method";
    /// Classes of which something ran.
    Class = "class";
    /// Paths that are needed to run everything, as JaCoCo counts them.
    Complexity = "complexity";
    /// Pieces of source text between two points.
    Region = "region";
    /// Lines and branches together, as coverage.py's total has them.
    Combined = "combined";
}

impl CoverageKind {
    /// The kind of that name, exactly as [`CoverageKind::name`] spells it.
    pub fn from_name(name: &str) -> Option<CoverageKind> {
        CoverageKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A pair of counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    pub covered: u64,
    pub total: u64,
}

impl Tally {
    /// The counters as far as they make sense: `None` when they count nothing at all.
    pub(super) fn new(covered: u64, total: u64) -> Option<Self> {
        (total > 0).then(|| Self { covered: covered.min(total), total })
    }

    /// The least that both can be true of: the larger of each.
    pub(super) fn either(self, other: Self) -> Self {
        Self { covered: self.covered.max(other.covered), total: self.total.max(other.total) }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            covered: self.covered.saturating_add(other.covered),
            total: self.total.saturating_add(other.total),
        }
    }
}

/// What a report states of a source or of all of them: a pair of counters for some kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Summary([Option<Tally>; KINDS]);

impl Summary {
    /// With the counters of a kind, where both are there and count something.
    #[must_use]
    pub(super) fn with(mut self, kind: CoverageKind, covered: Option<u64>, total: Option<u64>) -> Self {
        if let (Some(covered), Some(total)) = (covered, total) {
            self.0[kind as usize] = Tally::new(covered, total);
        }
        self
    }

    /// Holds these counters of a kind.
    pub(super) fn hold(&mut self, kind: CoverageKind, tally: Option<Tally>) {
        self.0[kind as usize] = tally;
    }

    pub(super) fn get(&self, kind: CoverageKind) -> Option<Tally> {
        self.0[kind as usize]
    }

    /// The sum of both, for the parts of one source.
    pub(super) fn add(&mut self, other: &Summary) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine = match (*mine, theirs) {
                (Some(a), Some(b)) => Some(a.plus(b)),
                (a, b) => a.or(b),
            };
        }
    }
}
