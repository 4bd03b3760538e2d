//! What reports measured: per source its lines, branches and functions, and how measurements of
//! the same source from several reports become one. Knows nothing of how reports are written.
//!
//! Everything is kept in sorted vectors: most reports list lines in order, so that keeping them
//! costs a copy, and merging two sources is one walk along both.

use super::{CoverageFormat, path};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

/// What is being counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum CoverageKind {
    /// Lines that hold code.
    Line,
    /// The ways a condition can go.
    Branch,
    /// Functions and methods.
    Function,
}

impl CoverageKind {
    /// Every kind.
    pub const ALL: [CoverageKind; 3] = [CoverageKind::Line, CoverageKind::Branch, CoverageKind::Function];

    /// The name users write, as in `--type line`.
    pub fn name(self) -> &'static str {
        match self {
            CoverageKind::Line => "line",
            CoverageKind::Branch => "branch",
            CoverageKind::Function => "function",
        }
    }
}

/// A line of code and how often it ran, up to `u32::MAX` times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// The line's number as the report gives it, usually from 1.
    pub number: u32,
    /// How often it ran; more than fits is `u32::MAX`.
    pub hits: u32,
}

/// How much of what there is was covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    /// How many ran.
    pub covered: u64,
    /// How many there are; never less than `covered`.
    pub total: u64,
    /// Whether some of it comes from summary counters because nothing finer was in the reports.
    /// Such counts do not merge exactly.
    pub from_summary: bool,
}

impl Counted {
    /// The covered share in percent; `None` when there was nothing to cover.
    pub fn percent(&self) -> Option<f64> {
        (self.total > 0).then(|| self.covered as f64 / self.total as f64 * 100.0)
    }

    fn add(&mut self, tally: Tally, from_summary: bool) {
        self.covered = self.covered.saturating_add(tally.covered);
        self.total = self.total.saturating_add(tally.total);
        self.from_summary |= from_summary;
    }
}

/// A pair of counters, `covered <= total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    covered: u64,
    total: u64,
}

impl Tally {
    /// The counters as far as they make sense: `None` when they count nothing at all.
    pub(super) fn new(covered: u64, total: u64) -> Option<Self> {
        (total > 0).then(|| Self { covered: covered.min(total), total })
    }

    /// The least that both can be true of: the larger of each.
    fn either(self, other: Self) -> Self {
        Self { covered: self.covered.max(other.covered), total: self.total.max(other.total) }
    }
}

/// Summary counters of lines, branches and functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Summary(pub [Option<Tally>; 3]);

impl Summary {
    fn merge(&mut self, other: &Summary) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine = match (*mine, theirs) {
                (Some(a), Some(b)) => Some(a.either(b)),
                (a, b) => a.or(b),
            };
        }
    }
}

/// Something measured that has an identity and can be measured again.
trait Entry: Clone {
    fn order(&self, other: &Self) -> Ordering;
    /// Takes in another measurement of the same thing.
    fn absorb(&mut self, other: &Self);
}

impl Entry for Line {
    fn order(&self, other: &Self) -> Ordering {
        self.number.cmp(&other.number)
    }
    fn absorb(&mut self, other: &Self) {
        self.hits = self.hits.saturating_add(other.hits);
    }
}

/// One way out of a condition, with the numbers its format gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edge {
    pub line: u32,
    pub block: u32,
    pub branch: u32,
    pub taken: u32,
}

impl Entry for Edge {
    fn order(&self, other: &Self) -> Ordering {
        (self.line, self.block, self.branch).cmp(&(other.line, other.block, other.branch))
    }
    fn absorb(&mut self, other: &Self) {
        self.taken = self.taken.saturating_add(other.taken);
    }
}

/// One way out of a condition, with words for its identity within the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamedEdge {
    pub line: u32,
    pub name: Box<str>,
    pub taken: u32,
}

impl Entry for NamedEdge {
    fn order(&self, other: &Self) -> Ordering {
        (self.line, &self.name).cmp(&(other.line, &other.name))
    }
    fn absorb(&mut self, other: &Self) {
        self.taken = self.taken.saturating_add(other.taken);
    }
}

/// How many of a line's branches were taken, where the report does not say which. Two such
/// measurements merge to the larger of each number: the least that is certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fraction {
    pub line: u32,
    pub covered: u32,
    pub total: u32,
}

impl Entry for Fraction {
    fn order(&self, other: &Self) -> Ordering {
        self.line.cmp(&other.line)
    }
    fn absorb(&mut self, other: &Self) {
        self.covered = self.covered.max(other.covered);
        self.total = self.total.max(other.total);
    }
}

/// A function and how often it was called. The line keeps namesakes apart; 0 when unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Function {
    pub name: Box<str>,
    pub line: u32,
    pub hits: u32,
}

impl Entry for Function {
    fn order(&self, other: &Self) -> Ordering {
        // By line first: that is how reports list them, and spares sorting by name.
        (self.line, &self.name).cmp(&(other.line, &other.name))
    }
    fn absorb(&mut self, other: &Self) {
        self.hits = self.hits.saturating_add(other.hits);
    }
}

/// Puts entries in order and makes one of those with the same identity.
fn settle<T: Entry>(entries: &mut Vec<T>) {
    if entries.is_sorted_by(|a, b| a.order(b) == Ordering::Less) {
        return;
    }
    // Entries of one identity add up in any order, so theirs need not be kept.
    entries.sort_unstable_by(T::order);
    entries.dedup_by(|later, kept| {
        let same = kept.order(later) == Ordering::Equal;
        if same {
            kept.absorb(later);
        }
        same
    });
    entries.shrink_to_fit();
}

/// The union of two settled vectors, in the first.
fn unite<T: Entry>(into: &mut Vec<T>, from: &[T]) {
    if from.is_empty() {
        return;
    }
    let mine = std::mem::replace(into, Vec::with_capacity(into.len().max(from.len())));
    let (mut mine, mut theirs) = (mine.into_iter().peekable(), from.iter().peekable());
    while let (Some(a), Some(b)) = (mine.peek_mut(), theirs.peek()) {
        match a.order(b) {
            Ordering::Less => into.extend(mine.next()),
            Ordering::Greater => into.extend(theirs.next().cloned()),
            Ordering::Equal => {
                a.absorb(b);
                theirs.next();
                into.extend(mine.next());
            }
        }
    }
    into.extend(mine);
    into.extend(theirs.cloned());
}

/// What can only be told apart with the identities of one format.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Identified {
    edges: Vec<Edge>,
    named_edges: Vec<NamedEdge>,
    functions: Vec<Function>,
}

/// The measurements of one source file.
///
/// While a report is read its parts are appended as they come; [`Coverage::finish`] settles them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Source {
    lines: Vec<Line>,
    fractions: Vec<Fraction>,
    identified: BTreeMap<CoverageFormat, Identified>,
    summary: Summary,
}

impl Source {
    pub(super) fn add_lines(&mut self, lines: &[Line]) {
        self.lines.extend_from_slice(lines);
    }

    pub(super) fn add_fractions(&mut self, fractions: &[Fraction]) {
        self.fractions.extend_from_slice(fractions);
    }

    pub(super) fn add_edges(&mut self, format: CoverageFormat, edges: &[Edge]) {
        if !edges.is_empty() {
            self.identified.entry(format).or_default().edges.extend_from_slice(edges);
        }
    }

    pub(super) fn add_named_edges(&mut self, format: CoverageFormat, edges: &mut Vec<NamedEdge>) {
        if !edges.is_empty() {
            self.identified.entry(format).or_default().named_edges.append(edges);
        }
    }

    pub(super) fn add_functions(&mut self, format: CoverageFormat, functions: &mut Vec<Function>) {
        if !functions.is_empty() {
            self.identified.entry(format).or_default().functions.append(functions);
        }
    }

    pub(super) fn add_summary(&mut self, summary: &Summary) {
        self.summary.merge(summary);
    }

    fn finish(&mut self) {
        settle(&mut self.lines);
        settle(&mut self.fractions);
        for it in self.identified.values_mut() {
            settle(&mut it.edges);
            settle(&mut it.named_edges);
            settle(&mut it.functions);
        }
    }

    fn merge(&mut self, other: &Source) {
        unite(&mut self.lines, &other.lines);
        unite(&mut self.fractions, &other.fractions);
        for (format, theirs) in &other.identified {
            let mine = self.identified.entry(*format).or_default();
            unite(&mut mine.edges, &theirs.edges);
            unite(&mut mine.named_edges, &theirs.named_edges);
            unite(&mut mine.functions, &theirs.functions);
        }
        self.summary.merge(&other.summary);
    }

    /// The count of a kind and whether it is the summary's; `None` when nothing was measured.
    fn count(&self, kind: CoverageKind) -> Option<(Tally, bool)> {
        let detail = match kind {
            CoverageKind::Line => Tally::new(
                self.lines.iter().filter(|line| line.hits > 0).count() as u64,
                self.lines.len() as u64,
            ),
            CoverageKind::Branch => self.count_branches(),
            CoverageKind::Function => self.count_functions(),
        };
        match detail {
            Some(tally) => Some((tally, false)),
            None => self.summary.0[kind as usize].map(|tally| (tally, true)),
        }
    }

    /// Branches are counted line by line. Formats do not share identities, so that where several
    /// measured a line, the larger of their numbers stand.
    fn count_branches(&self) -> Option<Tally> {
        let mut by_line: BTreeMap<u32, Tally> = BTreeMap::new();
        let mut note = |line: u32, tally: Tally| {
            by_line.entry(line).and_modify(|best| *best = best.either(tally)).or_insert(tally);
        };
        for fraction in &self.fractions {
            if let Some(tally) = Tally::new(fraction.covered.into(), fraction.total.into()) {
                note(fraction.line, tally);
            }
        }
        for it in self.identified.values() {
            let mut own: BTreeMap<u32, Tally> = BTreeMap::new();
            let numbered = it.edges.iter().map(|edge| (edge.line, edge.taken));
            let named = it.named_edges.iter().map(|edge| (edge.line, edge.taken));
            for (line, taken) in numbered.chain(named) {
                let tally = own.entry(line).or_default();
                tally.total += 1;
                tally.covered += u64::from(taken > 0);
            }
            own.into_iter().for_each(|(line, tally)| note(line, tally));
        }
        by_line
            .into_values()
            .reduce(|a, b| Tally { covered: a.covered + b.covered, total: a.total + b.total })
    }

    /// Formats spell functions differently, so that where several named a source's functions, the
    /// larger of their numbers stand.
    fn count_functions(&self) -> Option<Tally> {
        let counts = self.identified.values().filter_map(|it| {
            let called = it.functions.iter().filter(|function| function.hits > 0).count();
            Tally::new(called as u64, it.functions.len() as u64)
        });
        counts.reduce(Tally::either)
    }
}

/// What one report, or several merged, measured.
///
/// Merging is commutative, associative, and idempotent in what is covered; hits add up. Equality
/// compares every measurement, hits included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    sources: BTreeMap<String, Source>,
    /// Those of a report that is still being read, without an order: finding one of many in a tree is a
    /// walk through memory for each. Empty from [`Coverage::finish`] on.
    unfinished: HashMap<String, Source>,
    /// The totals of reports that hold no measurements of sources at all, by report name.
    totals: BTreeMap<String, Summary>,
}

impl Coverage {
    /// Takes in another report: the union of the lines, branches and functions of each source,
    /// with hits added up (at most `u32::MAX`).
    ///
    /// Branches and functions are told apart by the identities their format gives them. Where it
    /// gives none (Cobertura's `1/2`), where two formats measured the same source, and for summary
    /// counters of the same source, the larger of the numbers stands: the least that is certain.
    /// The totals of two reports without any sources add up, unless the reports have one name.
    pub fn merge(&mut self, other: &Coverage) {
        for (path, source) in &other.sources {
            match self.sources.get_mut(path) {
                Some(mine) => mine.merge(source),
                None => {
                    self.sources.insert(path.clone(), source.clone());
                }
            }
        }
        for (report, summary) in &other.totals {
            self.totals.entry(report.clone()).or_default().merge(summary);
        }
    }

    /// The sources' paths in order: as the reports name them, with `/` as separator and without
    /// superfluous parts; below their `<source>` where a Cobertura report names exactly one.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        self.sources.keys().map(String::as_str)
    }

    /// The measured lines of a source in ascending order; `None` for a source not in the reports.
    pub fn lines(&self, source: &str) -> Option<&[Line]> {
        self.sources.get(source).map(|source| source.lines.as_slice())
    }

    /// Makes paths below `root` relative to it, so that reports with absolute and with relative
    /// paths meet. Paths that lie elsewhere stay as they are.
    pub fn make_relative(&mut self, root: &str) {
        let root = path::normalise(root);
        if root.is_empty() {
            return;
        }
        self.rename(|path| path::below(path, &root).map(str::to_owned));
    }

    /// Counts a kind over the sources that `keep` accepts by path.
    pub fn count(&self, kind: CoverageKind, keep: &dyn Fn(&str) -> bool) -> Counted {
        let mut counted = Counted::default();
        for (path, source) in &self.sources {
            if let Some((tally, from_summary)) = source.count(kind)
                && keep(path)
            {
                counted.add(tally, from_summary);
            }
        }
        for tally in self.totals.values().filter_map(|summary| summary.0[kind as usize]) {
            counted.add(tally, true);
        }
        counted
    }

    /// The source of that normalised path, to add measurements to.
    pub(super) fn source(&mut self, path: String) -> &mut Source {
        self.unfinished.entry(path).or_default()
    }

    /// Gives sources other paths, `None` meaning the one they have; those that meet are merged.
    /// Only after [`Coverage::finish`].
    pub(super) fn rename(&mut self, new: impl Fn(&str) -> Option<String>) {
        if !self.sources.keys().any(|path| new(path).is_some()) {
            return;
        }
        // Nearly always in order already, which spares looking for the place of each.
        let old = std::mem::take(&mut self.sources).into_iter();
        let mut renamed: Vec<_> = old.map(|(path, source)| (new(&path).unwrap_or(path), source)).collect();
        renamed.sort_by(|(a, _), (b, _)| a.cmp(b));
        renamed.dedup_by(|(path, source), (kept, into)| {
            let meet = path == kept;
            if meet {
                into.merge(source);
            }
            meet
        });
        self.sources = renamed.into_iter().collect();
    }

    /// Sets the totals of a report that has nothing else.
    pub(super) fn set_totals(&mut self, report: &str, summary: Summary) {
        if summary != Summary::default() {
            self.totals.insert(report.to_owned(), summary);
        }
    }

    /// Ends the reading of a report.
    pub(super) fn finish(mut self) -> Self {
        self.unfinished.values_mut().for_each(Source::finish);
        self.sources = std::mem::take(&mut self.unfinished).into_iter().collect();
        self
    }
}
