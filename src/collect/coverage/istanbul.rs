//! Istanbul's JSON as nyc, c8, jest, vitest and Cypress write it: `coverage-final.json`, the raw files of a single process,
//! and `coverage-summary.json`, which has counters only. Only reads; what a measurement means is decided in `measure`.
//!
//! Each file maps numbers to places of statements, functions and branches, and the same numbers to counts. A line is one on
//! which a statement begins, and ran as often as the one of them that ran most.

use super::json::{Json, Kind, Step};
use super::kind::{CoverageKind, Summary};
use super::measure::{Coverage, Edge, Function, Line, Unit};
use super::number::whole;
use super::probe::Probe;
use super::{CoverageFormat, path, refuse};
use crate::error::Result;
use std::collections::HashMap;

/// Whether the first file of the document has a map of statements, or there is a summary.
pub(super) fn recognises(probe: &Probe<'_>) -> bool {
    probe.json.as_ref().is_some_and(|json| {
        json.has(2, "statementMap")
            || (json.has(2, "data") && json.has(3, "statementMap"))
            || (json.has(1, "total") && json.has(3, "pct"))
    })
}

/// Reads a whole report.
pub(super) fn read(text: &[u8], name: &str) -> Result<Coverage> {
    let mut coverage = Coverage::default();
    let mut totals = Summary::default();
    let mut file = File::default();
    let mut any = false;
    Json::new(text, name).whole(|json| {
        json.object(|json, key| {
            any = true;
            file.read(json, true)?;
            if key == b"total" && file.summary.is_some() {
                totals = file.summary.take().unwrap_or_default();
                file.clear();
            } else {
                let named = if file.path.is_empty() {
                    String::from_utf8_lossy(key).into_owned()
                } else {
                    std::mem::take(&mut file.path)
                };
                file.hand_over(path::normalise(&named), &mut coverage);
            }
            Ok(())
        })
    })?;
    if !any {
        return Err(refuse(name, "expected at least one file, found none")
            .hint("Check that the tests ran with coverage switched on and that the sources were found."));
    }
    for kind in [CoverageKind::Line, CoverageKind::Statement, CoverageKind::Branch, CoverageKind::Function] {
        coverage.explain(kind);
    }
    Ok(coverage.finish(name, &totals))
}

/// Line and column where a piece of text begins and where it ends; zeros where the file does not say.
type Place = [(u32, u32); 2];

/// The file being read. Its vectors are reused from file to file.
#[derive(Default)]
struct File {
    path: String,
    statements: Vec<(u32, Place)>,
    statement_hits: Vec<(u32, u32)>,
    functions: Vec<(u32, (Box<str>, u32))>,
    function_hits: Vec<(u32, u32)>,
    branches: Vec<(u32, u32)>,
    branch_hits: Vec<(u32, Vec<u32>)>,
    summary: Option<Summary>,
    numbers: Numbers,
}

impl File {
    /// Reads the file's object. Some tools put a `data` in between.
    fn read(&mut self, json: &mut Json<'_>, outer: bool) -> Step<()> {
        json.object(|json, key| match key {
            b"path" => {
                self.path = String::from_utf8_lossy(&json.text()?).into_owned();
                Ok(())
            }
            b"statementMap" => {
                let Self { statements, numbers, .. } = self;
                json.object(|json, key| {
                    statements.push((numbers.of(key), place(json)?));
                    Ok(())
                })
            }
            b"fnMap" => {
                let Self { functions, numbers, .. } = self;
                json.object(|json, key| {
                    functions.push((numbers.of(key), function(json)?));
                    Ok(())
                })
            }
            b"branchMap" => {
                let Self { branches, numbers, .. } = self;
                json.object(|json, key| {
                    branches.push((numbers.of(key), branch_line(json)?));
                    Ok(())
                })
            }
            b"s" => {
                let Self { statement_hits, numbers, .. } = self;
                counts(json, numbers, statement_hits)
            }
            b"f" => {
                let Self { function_hits, numbers, .. } = self;
                counts(json, numbers, function_hits)
            }
            b"b" => {
                let Self { branch_hits, numbers, .. } = self;
                json.object(|json, key| {
                    let mut ways = Vec::new();
                    json.list(|json| {
                        ways.push(json.hits()?);
                        Ok(())
                    })?;
                    branch_hits.push((numbers.of(key), ways));
                    Ok(())
                })
            }
            b"data" if outer => self.read(json, false),
            b"lines" => self.counters(json, CoverageKind::Line),
            b"statements" => self.counters(json, CoverageKind::Statement),
            b"branches" => self.counters(json, CoverageKind::Branch),
            b"functions" => self.counters(json, CoverageKind::Function),
            _ => json.skip(),
        })
    }

    /// A part of a summary: `{"total": 4, "covered": 3, "skipped": 0, "pct": 75}`.
    fn counters(&mut self, json: &mut Json<'_>, kind: CoverageKind) -> Step<()> {
        let (mut covered, mut total) = (None, None);
        json.object(|json, key| {
            match key {
                b"total" => total = Some(json.total()?),
                b"covered" => covered = Some(json.total()?),
                _ => json.skip()?,
            }
            Ok(())
        })?;
        let summary = self.summary.take().unwrap_or_default();
        self.summary = Some(summary.with(kind, covered, total));
        Ok(())
    }

    fn hand_over(&mut self, path: String, coverage: &mut Coverage) {
        let source = coverage.source(path);
        if let Some(summary) = self.summary.take() {
            source.state(&summary);
        }
        let mut stated = Summary::default();
        let mut state = |kind, covered: usize, total: usize| {
            stated = stated.with(kind, Some(covered as u64), Some(total as u64));
        };
        settle(&mut self.statement_hits);
        settle(&mut self.function_hits);
        settle(&mut self.branch_hits);
        let ran = |hits: &[(u32, u32)]| hits.iter().filter(|(_, hits)| *hits > 0).count();
        state(CoverageKind::Statement, ran(&self.statement_hits), self.statement_hits.len());
        state(CoverageKind::Function, ran(&self.function_hits), self.function_hits.len());
        let ways = || self.branch_hits.iter().flat_map(|(_, ways)| ways);
        state(CoverageKind::Branch, ways().filter(|hits| **hits > 0).count(), ways().count());

        let mut lines = Vec::with_capacity(self.statements.len());
        let mut units = Vec::with_capacity(self.statements.len());
        joined(&mut self.statements, &self.statement_hits, |[start, end], &hits| {
            lines.push(Line { number: start.0, hits });
            units.push(Unit { kind: CoverageKind::Statement, start: *start, end: *end, weight: 1, hits });
        });
        if !lines.is_sorted_by_key(|line| line.number) {
            lines.sort_unstable_by_key(|line| line.number);
        }
        lines.dedup_by(|later, kept| {
            let same = later.number == kept.number;
            if same {
                kept.hits = kept.hits.max(later.hits);
            }
            same
        });
        state(CoverageKind::Line, lines.iter().filter(|line| line.hits > 0).count(), lines.len());
        source.add_lines(&lines);
        source.add_units(CoverageFormat::Istanbul, &mut units);

        let mut functions = Vec::with_capacity(self.functions.len());
        joined(&mut self.functions, &self.function_hits, |(name, line), &hits| {
            functions.push(Function { name: std::mem::take(name), line: *line, hits });
        });
        source.add_functions(CoverageFormat::Istanbul, &mut functions);

        let mut edges = Vec::new();
        let mut block = 0;
        joined(&mut self.branches, &self.branch_hits, |line, ways| {
            for (branch, &taken) in (0u32..).zip(ways) {
                edges.push(Edge { line: *line, block, branch, taken });
            }
            block += 1;
        });
        source.add_edges(CoverageFormat::Istanbul, &edges);
        source.state(&stated);
        self.clear();
    }

    fn clear(&mut self) {
        self.path.clear();
        self.statements.clear();
        self.statement_hits.clear();
        self.functions.clear();
        self.function_hits.clear();
        self.branches.clear();
        self.branch_hits.clear();
        self.summary = None;
        self.numbers.others.clear();
    }
}

/// The numbers that maps and counts share. Keys are decimal nearly always; others get numbers beyond those.
#[derive(Default)]
struct Numbers {
    others: HashMap<Box<[u8]>, u32>,
}

impl Numbers {
    #[inline]
    fn of(&mut self, key: &[u8]) -> u32 {
        const BEYOND: u32 = 1 << 31;
        match whole(key).filter(|number| *number < BEYOND) {
            Some(number) => number,
            None => {
                let next = BEYOND + self.others.len() as u32;
                *self.others.entry(key.into()).or_insert(next)
            }
        }
    }
}

/// `{"0": 1, "1": 0}`
fn counts(json: &mut Json<'_>, numbers: &mut Numbers, into: &mut Vec<(u32, u32)>) -> Step<()> {
    json.object(|json, key| {
        into.push((numbers.of(key), json.hits()?));
        Ok(())
    })
}

/// `{"start": {"line": 1, "column": 0}, "end": {..}}`; what is missing or `null` is 0.
fn place(json: &mut Json<'_>) -> Step<Place> {
    let mut place = Place::default();
    if json.kind()? == Kind::Null {
        json.skip()?;
        return Ok(place);
    }
    json.object(|json, key| match key {
        b"start" => {
            place[0] = point(json)?;
            Ok(())
        }
        b"end" => {
            place[1] = point(json)?;
            Ok(())
        }
        _ => json.skip(),
    })?;
    Ok(place)
}

fn point(json: &mut Json<'_>) -> Step<(u32, u32)> {
    let mut point = (0, 0);
    if json.kind()? == Kind::Null {
        json.skip()?;
        return Ok(point);
    }
    json.object(|json, key| match key {
        b"line" => {
            point.0 = json.position()?.unwrap_or(0);
            Ok(())
        }
        b"column" => {
            point.1 = json.position()?.unwrap_or(0);
            Ok(())
        }
        _ => json.skip(),
    })?;
    Ok(point)
}

/// A function's name and the line of its declaration.
fn function(json: &mut Json<'_>) -> Step<(Box<str>, u32)> {
    let (mut name, mut declared, mut own, mut line) = (Box::default(), 0, 0, 0);
    json.object(|json, key| {
        match key {
            b"name" if json.kind()? == Kind::Text => {
                name = String::from_utf8_lossy(&json.text()?).into_owned().into_boxed_str();
            }
            b"decl" => declared = place(json)?[0].0,
            b"loc" => own = place(json)?[0].0,
            b"line" => line = json.position()?.unwrap_or(0),
            _ => json.skip()?,
        }
        Ok(())
    })?;
    let line = [declared, line, own].into_iter().find(|&line| line > 0).unwrap_or(0);
    Ok((name, line))
}

/// The line on which a branch's condition begins.
fn branch_line(json: &mut Json<'_>) -> Step<u32> {
    let (mut own, mut line) = (0, 0);
    json.object(|json, key| {
        match key {
            b"loc" => own = place(json)?[0].0,
            b"line" => line = json.position()?.unwrap_or(0),
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(if own > 0 { own } else { line })
}

/// Puts entries in the order of their numbers; of several with one number the last counts, as in JavaScript.
fn settle<T>(entries: &mut Vec<(u32, T)>) {
    if entries.is_sorted_by(|a, b| a.0 < b.0) {
        return;
    }
    entries.reverse();
    entries.sort_by_key(|(number, _)| *number);
    entries.dedup_by_key(|(number, _)| *number);
}

/// Calls `each` with what is mapped and counted under one number.
fn joined<A, B>(map: &mut Vec<(u32, A)>, counts: &[(u32, B)], mut each: impl FnMut(&mut A, &B)) {
    settle(map);
    let mut counts = counts.iter().peekable();
    for (number, mapped) in map {
        while counts.next_if(|(counted, _)| counted < number).is_some() {}
        if let Some((_, count)) = counts.next_if(|(counted, _)| counted == number) {
            each(mapped, count);
        }
    }
}
