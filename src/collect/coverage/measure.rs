//! What reports measured: per source its lines, branches and functions, and how measurements of
//! the same source from several reports become one. Knows nothing of how reports are written.
//!
//! Everything is kept in sorted vectors: most reports list lines in order, so that keeping them
//! costs a copy, and merging two sources is one walk along both.

use super::kind::{CoverageKind, KINDS, Summary, Tally};
use super::share::Share;
use super::{CoverageFormat, path};
use crate::error::Error;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};

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
    /// Whether some of it comes from counters that a report states, because nothing finer was in it or
    /// its records say something else. Such counts do not merge exactly.
    pub from_summary: bool,
    /// What the records alone say, where the report states other totals and both count something.
    pub records: Option<(u64, u64)>,
}

impl Counted {
    /// The covered share in percent; `None` when there was nothing to cover.
    pub fn percent(&self) -> Option<f64> {
        (self.total > 0).then(|| self.covered as f64 / self.total as f64 * 100.0)
    }
}

/// Something measured that has an identity and can be measured again.
pub(super) trait Entry: Clone {
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
/// measurements merge to the larger of each number: the least that is certain. Where the report names
/// those that were missed, what both missed is what is missed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Fraction {
    pub line: u32,
    /// What keeps two pieces of code of one line apart, such as the name of a class; may be empty.
    pub part: Box<str>,
    pub covered: u32,
    pub total: u32,
    /// Names of the missed ones, sorted; `None` when they have none.
    pub missed: Option<Vec<Box<str>>>,
}

impl Fraction {
    fn tally(&self) -> Tally {
        let missed = self.missed.as_ref().map(|names| self.total.saturating_sub(names.len() as u32));
        let covered = self.covered.max(missed.unwrap_or(0)).min(self.total);
        Tally { covered: covered.into(), total: self.total.into() }
    }
}

impl Entry for Fraction {
    fn order(&self, other: &Self) -> Ordering {
        (self.line, &self.part).cmp(&(other.line, &other.part))
    }
    fn absorb(&mut self, other: &Self) {
        self.covered = self.covered.max(other.covered);
        self.total = self.total.max(other.total);
        match (&mut self.missed, &other.missed) {
            (Some(mine), Some(theirs)) => mine.retain(|name| theirs.binary_search(name).is_ok()),
            (mine @ None, Some(theirs)) => *mine = Some(theirs.clone()),
            (_, None) => {}
        }
    }
}

/// A piece of source text that is counted by itself: a statement, a region, a block of statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unit {
    pub kind: CoverageKind,
    /// Line and column where it begins.
    pub start: (u32, u32),
    /// Line and column where it ends; zeros where the format does not say.
    pub end: (u32, u32),
    /// How many it counts for: 1 but for blocks of several.
    pub weight: u32,
    pub hits: u32,
}

impl Entry for Unit {
    fn order(&self, other: &Self) -> Ordering {
        (self.kind, self.start, self.end).cmp(&(other.kind, other.start, other.end))
    }
    fn absorb(&mut self, other: &Self) {
        self.weight = self.weight.max(other.weight);
        self.hits = self.hits.saturating_add(other.hits);
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

fn tally_settled<T>(entries: &[T], hits: impl Fn(&T) -> u32) -> Option<Tally> {
    Tally::new(entries.iter().filter(|entry| hits(entry) > 0).count() as u64, entries.len() as u64)
}

/// Counts what a part of a report lists, each identity once, without keeping it.
fn tally_once<T: Entry>(entries: &[T], hits: impl Fn(&T) -> u32) -> Option<Tally> {
    if entries.is_sorted_by(|a, b| a.order(b) == Ordering::Less) {
        return tally_settled(entries, hits);
    }
    let mut entries = entries.to_vec();
    settle(&mut entries);
    tally_settled(&entries, hits)
}

/// Counts lines, each once.
pub(super) fn tally_lines(lines: &[Line]) -> Option<Tally> {
    tally_once(lines, |line| line.hits)
}

/// Counts branches, each once.
pub(super) fn tally_edges(edges: &[Edge], named: &[NamedEdge]) -> Option<Tally> {
    let (edges, named) = (tally_once(edges, |edge| edge.taken), tally_once(named, |edge| edge.taken));
    match (edges, named) {
        (Some(a), Some(b)) => Some(a.plus(b)),
        (a, b) => a.or(b),
    }
}

/// Counts functions, each once: those of a line that `grouped` has are one.
pub(super) fn tally_functions(functions: &[Function], grouped: impl Fn(u32) -> bool) -> Option<Tally> {
    let mut sum = Tally::default();
    let mut groups: BTreeMap<u32, bool> = BTreeMap::new();
    for function in functions {
        if grouped(function.line) {
            *groups.entry(function.line).or_default() |= function.hits > 0;
        } else {
            sum = sum.plus(Tally { covered: (function.hits > 0).into(), total: 1 });
        }
    }
    for covered in groups.into_values() {
        sum = sum.plus(Tally { covered: covered.into(), total: 1 });
    }
    (sum.total > 0).then_some(sum)
}

/// Puts functions in order and makes one of those of one name and line.
pub(super) fn settle_functions(functions: &mut Vec<Function>) {
    settle(functions);
}

/// What can only be told apart with the identities of one format.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Identified {
    edges: Vec<Edge>,
    named_edges: Vec<NamedEdge>,
    fractions: Vec<Fraction>,
    functions: Vec<Function>,
    /// Lines on which the functions are names of one function, sorted.
    function_groups: Vec<u32>,
    units: Vec<Unit>,
    shares: BTreeMap<CoverageKind, Vec<Share>>,
}

impl Identified {
    fn settle(&mut self) {
        settle(&mut self.edges);
        settle(&mut self.named_edges);
        settle(&mut self.fractions);
        settle(&mut self.functions);
        self.function_groups.sort_unstable();
        self.function_groups.dedup();
        settle(&mut self.units);
        self.shares.values_mut().for_each(settle);
    }

    fn merge(&mut self, other: &Identified) {
        unite(&mut self.edges, &other.edges);
        unite(&mut self.named_edges, &other.named_edges);
        unite(&mut self.fractions, &other.fractions);
        unite(&mut self.functions, &other.functions);
        if self.function_groups != other.function_groups {
            self.function_groups.extend(&other.function_groups);
            self.function_groups.sort_unstable();
            self.function_groups.dedup();
        }
        unite(&mut self.units, &other.units);
        for (kind, theirs) in &other.shares {
            unite(self.shares.entry(*kind).or_default(), theirs);
        }
    }

    fn functions(&self) -> Option<Tally> {
        tally_functions(&self.functions, |line| self.function_groups.binary_search(&line).is_ok())
    }

    /// The branches of each line.
    fn branches(&self) -> BTreeMap<u32, Tally> {
        let mut lines: BTreeMap<u32, Tally> = BTreeMap::new();
        let mut add = |line: u32, tally: Tally| {
            let sum = lines.entry(line).or_default();
            *sum = sum.plus(tally);
        };
        for edge in &self.edges {
            add(edge.line, Tally { covered: (edge.taken > 0).into(), total: 1 });
        }
        for edge in &self.named_edges {
            add(edge.line, Tally { covered: (edge.taken > 0).into(), total: 1 });
        }
        // What has no part is of any of those that a line has.
        for fraction in self.fractions.iter().filter(|it| it.total > 0 && !it.part.is_empty()) {
            add(fraction.line, fraction.tally());
        }
        for fraction in self.fractions.iter().filter(|it| it.total > 0 && it.part.is_empty()) {
            let best = lines.entry(fraction.line).or_default();
            *best = best.either(fraction.tally());
        }
        for share in self.shares.get(&CoverageKind::Branch).into_iter().flatten() {
            let sum = lines.entry(share.line).or_default();
            *sum = sum.plus(share.tally());
        }
        lines
    }

    fn has_branches(&self) -> bool {
        !(self.edges.is_empty()
            && self.named_edges.is_empty()
            && self.fractions.is_empty()
            && self.shares.get(&CoverageKind::Branch).is_none_or(Vec::is_empty))
    }

    fn units(&self, kind: CoverageKind) -> Option<Tally> {
        let mut sum = Tally::default();
        for unit in self.units.iter().filter(|unit| unit.kind == kind) {
            let weight = u64::from(unit.weight);
            sum = sum.plus(Tally { covered: if unit.hits > 0 { weight } else { 0 }, total: weight });
        }
        for share in self.shares.get(&kind).into_iter().flatten() {
            sum = sum.plus(share.tally());
        }
        (sum.total > 0).then_some(sum)
    }
}

/// What stated counters have more than the records: below zero where they have less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Excess {
    covered: i64,
    total: i64,
}

impl Excess {
    fn of(stated: Tally, listed: Tally) -> Self {
        let more = |a: u64, b: u64| (i128::from(a) - i128::from(b)).clamp(-MOST, MOST) as i64;
        Self { covered: more(stated.covered, listed.covered), total: more(stated.total, listed.total) }
    }

    /// Absent where one report says nothing of the kind at all.
    fn either(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        match (a, b) {
            (Some(a), Some(b)) => {
                Some(Self { covered: a.covered.max(b.covered), total: a.total.max(b.total) })
            }
            (a, b) => a.or(b),
        }
    }

    fn on(self, listed: Tally) -> Tally {
        let sum = |count: u64, more: i64| (i128::from(count) + i128::from(more)).clamp(0, MOST) as u64;
        let total = sum(listed.total, self.total);
        Tally { covered: sum(listed.covered, self.covered).min(total), total }
    }
}

/// The largest count; a larger one is as good as this.
const MOST: i128 = i64::MAX as i128;

/// The measurements of one source file.
///
/// While a report is read its parts are appended as they come; [`Coverage::finish`] settles them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Source {
    /// The lines by what keeps two pieces of code of one line apart, such as the name of a class; most
    /// formats have nothing of the kind, and one list under the empty name.
    lines: BTreeMap<Box<str>, Vec<Line>>,
    identified: BTreeMap<CoverageFormat, Identified>,
    /// Whether each line is one statement, so that no unit is kept for it.
    statements_are_lines: bool,
    /// What the report states, until [`Coverage::finish`].
    stated: Summary,
    /// What was stated beyond the records; there for each kind that was listed or stated.
    excess: [Option<Excess>; KINDS],
    /// What reports state that list nothing of the kind.
    unlisted: Summary,
}

impl Source {
    pub(super) fn add_lines(&mut self, lines: &[Line]) {
        self.add_lines_of("", lines);
    }

    /// Adds the lines of a part of the source whose code is another than that of other parts, even on a
    /// line that both have.
    pub(super) fn add_lines_of(&mut self, part: &str, lines: &[Line]) {
        if lines.is_empty() {
            return;
        }
        match self.lines.get_mut(part) {
            Some(mine) => mine.extend_from_slice(lines),
            None => {
                self.lines.insert(part.into(), lines.to_vec());
            }
        }
    }

    pub(super) fn add_fractions(&mut self, format: CoverageFormat, fractions: &mut Vec<Fraction>) {
        if !fractions.is_empty() {
            self.identified.entry(format).or_default().fractions.append(fractions);
        }
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

    pub(super) fn add_units(&mut self, format: CoverageFormat, units: &mut Vec<Unit>) {
        if !units.is_empty() {
            self.identified.entry(format).or_default().units.append(units);
        }
    }

    /// Has each line be one statement.
    pub(super) fn lines_are_statements(&mut self) {
        self.statements_are_lines = true;
    }

    /// Adds numbers of how much of something ran, and leaves the vector empty.
    pub(super) fn add_shares(&mut self, format: CoverageFormat, kind: CoverageKind, shares: &mut Vec<Share>) {
        if !shares.is_empty() {
            self.identified.entry(format).or_default().shares.entry(kind).or_default().append(shares);
        }
    }

    /// Adds counters that the report states of this source, or of a part of it.
    pub(super) fn state(&mut self, summary: &Summary) {
        self.stated.add(summary);
    }

    /// Says of a part of this source that a report states `stated` where its records say `listed`. Of several
    /// parts, such as the blocks of two runs in one file, the larger numbers stand.
    pub(super) fn state_part(&mut self, kind: CoverageKind, stated: Option<Tally>, listed: Option<Tally>) {
        if stated.is_some() || listed.is_some() {
            let listed = listed.unwrap_or_default();
            let excess = Excess::of(stated.unwrap_or(listed), listed);
            let known = &mut self.excess[kind as usize];
            *known = Excess::either(*known, Some(excess));
        }
    }

    /// Makes one function of those on each of these lines, which are its names.
    pub(super) fn group_functions(&mut self, format: CoverageFormat, lines: &[u32]) {
        if !lines.is_empty() {
            self.identified.entry(format).or_default().function_groups.extend(lines);
        }
    }

    fn finish(&mut self) {
        self.lines.values_mut().for_each(settle);
        self.identified.values_mut().for_each(Identified::settle);
        for kind in CoverageKind::ALL {
            // Counted part by part already: large reports are counted once less.
            if self.excess[kind as usize].is_some() {
                continue;
            }
            let listed = self.listed(kind);
            let stated = self.stated.get(kind);
            match listed {
                Some(listed) => {
                    self.excess[kind as usize] = Some(Excess::of(stated.unwrap_or(listed), listed));
                }
                None => self.unlisted.hold(kind, stated),
            }
        }
        self.stated = Summary::default();
    }

    fn merge(&mut self, other: &Source) {
        for (part, lines) in &other.lines {
            match self.lines.get_mut(part) {
                Some(mine) => unite(mine, lines),
                None => {
                    self.lines.insert(part.clone(), lines.clone());
                }
            }
        }
        self.statements_are_lines |= other.statements_are_lines;
        for (format, theirs) in &other.identified {
            self.identified.entry(*format).or_default().merge(theirs);
        }
        for kind in CoverageKind::ALL {
            let mine = self.unlisted.get(kind).unwrap_or_default();
            self.unlisted.hold(
                kind,
                other.unlisted.get(kind).map(|theirs| theirs.either(mine)).or(self.unlisted.get(kind)),
            );
        }
        for (mine, theirs) in self.excess.iter_mut().zip(other.excess) {
            *mine = Excess::either(*mine, theirs);
        }
    }

    /// Every line once, whatever parts have it.
    fn united(&self) -> Cow<'_, [Line]> {
        let mut parts = self.lines.values();
        match (parts.next(), parts.next()) {
            (None, _) => Cow::Borrowed(&[]),
            (Some(only), None) => Cow::Borrowed(only),
            _ => {
                let mut all: Vec<Line> = self.lines.values().flatten().copied().collect();
                settle(&mut all);
                Cow::Owned(all)
            }
        }
    }

    /// What the records say of a kind; `None` when there are none.
    fn listed(&self, kind: CoverageKind) -> Option<Tally> {
        match kind {
            CoverageKind::Line => self.count_lines(),
            CoverageKind::Branch => self.count_branches(),
            // The functions of a tool whose counter has the other name.
            CoverageKind::Function | CoverageKind::Method => self.count_functions(),
            CoverageKind::Combined => None,
            CoverageKind::Statement if self.statements_are_lines => self.count_lines(),
            _ => self.identified.values().filter_map(|it| it.units(kind)).reduce(Tally::either),
        }
    }

    /// The count of a kind by the records, and with what the report states; `None` when nothing was
    /// measured.
    fn count(&self, kind: CoverageKind) -> Option<(Tally, Tally)> {
        let own = self.excess[kind as usize].map(|excess| {
            let listed = self.listed(kind).unwrap_or_default();
            (listed, excess.on(listed))
        });
        let own = match (own, self.unlisted.get(kind)) {
            (Some((listed, counted)), Some(unlisted)) => Some((listed, counted.either(unlisted))),
            (None, Some(unlisted)) => Some((Tally::default(), unlisted)),
            (own, None) => own,
        };
        if kind != CoverageKind::Combined || own.is_some() {
            return own;
        }
        let (lines, branches) = (self.count(CoverageKind::Line), self.count(CoverageKind::Branch));
        match (lines, branches) {
            (Some(a), Some(b)) => Some((a.0.plus(b.0), a.1.plus(b.1))),
            (a, b) => a.or(b),
        }
    }

    /// Lines are counted once for each part that has them. What has no part is of any of them.
    fn count_lines(&self) -> Option<Tally> {
        if self.lines.len() == 1 {
            return self.lines.values().next().and_then(|lines| tally_settled(lines, |line| line.hits));
        }
        let mut by_line: HashMap<u32, Tally> = HashMap::new();
        for line in self.lines.iter().filter(|(part, _)| !part.is_empty()).flat_map(|(_, lines)| lines) {
            let sum = by_line.entry(line.number).or_default();
            *sum = sum.plus(Tally { covered: (line.hits > 0).into(), total: 1 });
        }
        for line in self.lines.get("").into_iter().flatten() {
            let best = by_line.entry(line.number).or_default();
            *best = best.either(Tally { covered: (line.hits > 0).into(), total: 1 });
        }
        by_line.into_values().reduce(Tally::plus)
    }

    /// Branches are counted line by line. Formats do not share identities, so that where several
    /// measured a line, the larger of their numbers stand.
    fn count_branches(&self) -> Option<Tally> {
        let mut formats = self.identified.values().filter(|it| it.has_branches());
        let only = match (formats.next(), formats.next()) {
            (Some(only), None) if only.fractions.is_empty() => only,
            (None, _) => return None,
            _ => return self.count_branches_of_lines(),
        };
        let taken =
            only.edges.iter().map(|edge| edge.taken).chain(only.named_edges.iter().map(|edge| edge.taken));
        let mut sum = Tally::default();
        for taken in taken {
            sum = sum.plus(Tally { covered: (taken > 0).into(), total: 1 });
        }
        only.units(CoverageKind::Branch).map_or(Some(sum), |shares| Some(sum.plus(shares)))
    }

    fn count_branches_of_lines(&self) -> Option<Tally> {
        let mut by_line: BTreeMap<u32, Tally> = BTreeMap::new();
        for (line, tally) in self.identified.values().flat_map(Identified::branches) {
            by_line.entry(line).and_modify(|best| *best = best.either(tally)).or_insert(tally);
        }
        by_line.into_values().reduce(Tally::plus)
    }

    /// Formats spell functions differently, so that where several named a source's functions, the
    /// larger of their numbers stand.
    fn count_functions(&self) -> Option<Tally> {
        self.identified.values().filter_map(Identified::functions).reduce(Tally::either)
    }

    /// Makes one of the parts that have a line or a branch.
    fn unite_parts(&mut self, kind: CoverageKind) {
        if kind == CoverageKind::Line {
            let all = self.united().into_owned();
            self.lines = BTreeMap::from([(Box::default(), all)]);
        } else {
            for it in self.identified.values_mut() {
                it.fractions.iter_mut().for_each(|fraction| fraction.part = Box::default());
                settle(&mut it.fractions);
            }
        }
    }

    fn has_parts(&self) -> bool {
        self.lines.len() > 1
    }
}

/// What a whole report states beyond its sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Beyond {
    excess: Excess,
    /// Whether any of its sources says something of the kind.
    listed: bool,
    /// Whether it has sources at all.
    sourceless: bool,
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
    /// What reports state of all their sources together, by report name.
    reports: BTreeMap<String, BTreeMap<CoverageKind, Beyond>>,
    /// Kinds whose stated totals are known to count something that the records do not have.
    explained: BTreeSet<CoverageKind>,
    formats: BTreeSet<CoverageFormat>,
    /// What was wrong with a report and cost only a part of it.
    warnings: Vec<Error>,
}

impl Coverage {
    /// Takes in another report: the union of the lines, branches and functions of each source,
    /// with hits added up (at most `u32::MAX`).
    ///
    /// Branches and functions are told apart by the identities their format gives them. Where it
    /// gives none (Cobertura's `1/2`), where two formats measured the same source, and for counters that
    /// reports state of the same source beyond their records, the larger of the numbers stands: the least
    /// that is certain. The totals of two reports without any sources add up, unless the reports have one name.
    pub fn merge(&mut self, other: &Coverage) {
        for (path, source) in &other.sources {
            match self.sources.get_mut(path) {
                Some(mine) => mine.merge(source),
                None => {
                    self.sources.insert(path.clone(), source.clone());
                }
            }
        }
        for (report, stated) in &other.reports {
            let mine = self.reports.entry(report.clone()).or_default();
            for (kind, beyond) in stated {
                mine.entry(*kind)
                    .and_modify(|it| {
                        it.excess = Excess::either(Some(it.excess), Some(beyond.excess)).unwrap_or(it.excess);
                        it.listed |= beyond.listed;
                        it.sourceless &= beyond.sourceless;
                    })
                    .or_insert(*beyond);
            }
        }
        self.explained.extend(&other.explained);
        self.formats.extend(&other.formats);
        for warning in &other.warnings {
            self.warn(warning.clone());
        }
    }

    /// The formats of the reports.
    pub fn formats(&self) -> &BTreeSet<CoverageFormat> {
        &self.formats
    }

    /// What was wrong with the reports and cost only a part of them, in an order of its own.
    pub fn warnings(&self) -> &[Error] {
        &self.warnings
    }

    /// The sources' paths in order: as the reports name them, with `/` as separator and without
    /// superfluous parts; below their `<source>` where a Cobertura report names exactly one.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        self.sources.keys().map(String::as_str)
    }

    /// The measured lines of a source in ascending order, each once; `None` for a source not in the
    /// reports.
    pub fn lines(&self, source: &str) -> Option<Cow<'_, [Line]>> {
        self.sources.get(source).map(Source::united)
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
    ///
    /// A report's own totals count where nothing finer is in it, and where they differ from the sum of its
    /// sources if it is the only report and all of its sources are kept.
    pub fn count(&self, kind: CoverageKind, keep: &dyn Fn(&str) -> bool) -> Counted {
        let (mut listed, mut counted) = (Tally::default(), Tally::default());
        let (mut any, mut whole) = (false, true);
        for (path, source) in &self.sources {
            if !keep(path) {
                whole = false;
            } else if let Some((own, with_stated)) = source.count(kind) {
                any = true;
                listed = listed.plus(own);
                counted = counted.plus(with_stated);
            }
        }
        let one = self.reports.len() == 1;
        for beyond in self.reports.values().filter_map(|stated| stated.get(&kind)) {
            if beyond.sourceless || (whole && if beyond.listed { one } else { !any }) {
                counted = counted.plus(Tally::default());
                counted = beyond.excess.on(counted);
            }
        }
        let differs = counted != listed;
        Counted {
            covered: counted.covered,
            total: counted.total,
            from_summary: differs,
            records: (differs && listed.total > 0 && !self.explained.contains(&kind))
                .then_some((listed.covered, listed.total)),
        }
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

    /// Whether the report that is being read has spoken of a source.
    pub(super) fn has_sources(&self) -> bool {
        !self.unfinished.is_empty()
    }

    /// The sum of a kind over all sources.
    fn listed(&self, kind: CoverageKind) -> Option<Tally> {
        let all = self.sources.values().filter_map(|source| source.count(kind));
        all.map(|(_, counted)| counted).reduce(Tally::plus)
    }

    fn unite_parts(&mut self, kind: CoverageKind) {
        self.sources.values_mut().for_each(|source| source.unite_parts(kind));
    }

    /// Notes what was wrong with the report and costs only a part of it.
    pub(super) fn warn(&mut self, warning: Error) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
            self.warnings.sort_by(|a, b| a.message.cmp(&b.message));
        }
    }

    /// Notes that the stated totals of a kind count something that the records of this format do not have.
    pub(super) fn explain(&mut self, kind: CoverageKind) {
        self.explained.insert(kind);
    }

    pub(super) fn is_of(&mut self, format: CoverageFormat) {
        self.formats.insert(format);
    }

    /// Ends the reading of a report called `name`, which states `stated` of all its sources together.
    ///
    /// Where parts of a source have one line, it is counted once for each part if what is stated agrees with
    /// that. Else a line is counted once, and its branches for each part unless what is stated agrees with the
    /// branches of one.
    pub(super) fn finish(mut self, name: &str, stated: &Summary) -> Self {
        self.unfinished.values_mut().for_each(Source::finish);
        self.sources = std::mem::take(&mut self.unfinished).into_iter().collect();
        let parts = self.sources.values().any(Source::has_parts);
        for kind in CoverageKind::ALL {
            let total = stated.get(kind);
            if parts && self.listed(kind) != total {
                match kind {
                    CoverageKind::Line => self.unite_parts(kind),
                    CoverageKind::Branch if total.is_some() => {
                        let apart = self.clone();
                        self.unite_parts(kind);
                        if self.listed(kind) != total {
                            self = apart;
                        }
                    }
                    _ => {}
                }
            }
            let Some(total) = total else { continue };
            let listed = self.listed(kind);
            let beyond = Beyond {
                excess: Excess::of(total, listed.unwrap_or_default()),
                listed: listed.is_some(),
                sourceless: self.sources.is_empty(),
            };
            self.reports.entry(name.to_owned()).or_default().insert(kind, beyond);
        }
        self.reports.entry(name.to_owned()).or_default();
        self
    }
}
