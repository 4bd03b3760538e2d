//! Clover XML as OpenClover, PHPUnit and istanbul write it: a project of files of lines, with
//! packages in between or without. Only reads; what a measurement means is decided in `measure`.
//!
//! Lines of type `stmt` and `cond` are lines of code, those of type `method` are functions. A
//! condition has two ways out, counted by `truecount` and `falsecount`. istanbul uses the same
//! attributes for the number of branches taken and not taken; which of the two a file means shows
//! in its own counters. Those counters (`metrics`) are otherwise used where no line says anything.

use super::kind::{CoverageKind, Summary};
use super::measure::{Coverage, Edge, Fraction, Function, Line, Unit};
use super::number::{counter, hits, whole};
use super::probe::Probe;
use super::xml::{Document, Element, Step};
use super::{AT_A_TIME, CoverageFormat, apart, excerpt, path};
use crate::error::Result;
use std::collections::HashSet;

/// Whether the document is a Clover report and not a Cobertura one: both have the root `coverage`.
pub(super) fn recognises(probe: &Probe<'_>) -> bool {
    probe.xml.as_ref().is_some_and(|xml| {
        xml.root == "coverage"
            && (matches!(xml.child.as_deref(), Some("project" | "testproject"))
                || (xml.child.is_none() && (xml.has("clover") || xml.has("generated"))))
    })
}

/// Reads a whole report.
pub(super) fn read(text: &[u8], name: &str) -> Result<Coverage> {
    let mut document = Document::new(text, name);
    let mut report = Report::default();
    let plain_lines = apart::<PlainLines>(plain_lines);
    loop {
        if report.file.is_some() && report.ignored == 0 {
            while plain_lines(&mut report, &mut document)? {}
        }
        match document.step()? {
            Step::Open(element) => report.open(&document, &element)?,
            Step::Close => report.close(),
            Step::Text(_) => {}
            Step::End => return Ok(report.finish(name)),
        }
    }
}

type PlainLines = for<'r, 'd, 'a> fn(&'r mut Report, &'d mut Document<'a>) -> Result<bool>;

/// Takes lines without anything unusual about them, as far as they go but not forever; whether there
/// may be more.
#[inline(never)]
fn plain_lines(report: &mut Report, document: &mut Document<'_>) -> Result<bool> {
    let mut left = AT_A_TIME;
    while left > 0 {
        if let Some(file) = &mut report.file {
            left -= document.repeated(left, |number, hits| file.lines.push(Line { number, hits }));
        }
        let (mut line, before) = (RawLine::default(), document.position());
        if !document.plain_element(b"line", |key, value| line.note(key, value)) {
            return Ok(false);
        }
        report.line(document, &line, document.position())?;
        if let RawLine { number: Some(number), count: Some(count), class: Some(b"stmt") | None, .. } = line {
            document.learn(before, number, count);
        }
        left = left.saturating_sub(1);
    }
    Ok(true)
}

/// The elements whose position matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tag {
    Project,
    File,
    Other,
}

/// The attributes of a line as they are in the file.
#[derive(Default, Clone, Copy)]
struct RawLine<'a> {
    number: Option<&'a [u8]>,
    class: Option<&'a [u8]>,
    count: Option<&'a [u8]>,
    when_true: Option<&'a [u8]>,
    when_false: Option<&'a [u8]>,
    name: Option<&'a [u8]>,
    signature: Option<&'a [u8]>,
}

impl<'a> RawLine<'a> {
    #[inline(always)]
    fn note(&mut self, key: &[u8], value: &'a [u8]) {
        match key {
            b"num" => self.number = Some(value),
            b"type" => self.class = Some(value),
            b"count" => self.count = Some(value),
            b"truecount" => self.when_true = Some(value),
            b"falsecount" => self.when_false = Some(value),
            b"name" => self.name = Some(value),
            b"signature" => self.signature = Some(value),
            _ => {}
        }
    }
}

/// A condition: its line and its two counters.
type Condition = (u32, u32, u32);

/// The file being read. Its vectors are reused from file to file.
#[derive(Default)]
struct File {
    source: String,
    lines: Vec<Line>,
    conditions: Vec<Condition>,
    /// Which of the lines are conditions.
    condition_lines: Vec<usize>,
    /// Whether conditions have a `count` beside their two counters, as istanbul writes them.
    counted: bool,
    functions: Vec<Function>,
    counters: Counters,
}

/// The report as far as it has been read.
#[derive(Default)]
struct Report {
    path: Vec<Tag>,
    /// How many of the innermost open elements are inside a `testproject`, itself included.
    ignored: usize,
    file: Option<File>,
    spare: File,
    any_unknown: bool,
    openclover: bool,
    totals: Counters,
    coverage: Coverage,
}

impl Report {
    fn open(&mut self, document: &Document<'_>, element: &Element<'_>) -> Result<()> {
        let name = element.name();
        if self.path.is_empty() && name == "coverage" {
            // istanbul calls itself 3.2.0, PHPUnit nothing; neither has more than one statement on a line.
            self.openclover =
                document.attribute(element, "clover")?.is_some_and(|version| version != "3.2.0");
        }
        if self.path.is_empty() && name != "coverage" {
            let cause = format!("expected the root element `coverage`, found `{name}`");
            return Err(document.refuse(element.at, &cause));
        }
        if self.ignored > 0 || name == "testproject" {
            self.ignored += 1;
            return Ok(());
        }
        let tag = match name {
            "line" if self.file.is_some() => {
                let mut line = RawLine::default();
                document.attributes(element, |key, value| line.note(key, value))?;
                self.line(document, &line, element.at)?;
                Tag::Other
            }
            "metrics" => {
                self.metrics(document, element)?;
                Tag::Other
            }
            "file" if self.file.is_none() => {
                let mut file = std::mem::take(&mut self.spare);
                file.source = file_path(document, element)?;
                self.file = Some(file);
                Tag::File
            }
            "project" => Tag::Project,
            _ => Tag::Other,
        };
        self.path.push(tag);
        Ok(())
    }

    fn close(&mut self) {
        if self.ignored > 0 {
            self.ignored -= 1;
        } else if self.path.pop() == Some(Tag::File)
            && let Some(file) = self.file.take()
        {
            self.spare = file.hand_over(&mut self.coverage, self.openclover);
        }
    }

    #[inline]
    fn line(&mut self, document: &Document<'_>, raw: &RawLine<'_>, at: usize) -> Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        if let Some(class) = raw.class.filter(|class| !matches!(*class, b"stmt" | b"cond" | b"method")) {
            // What it would count is not known; the lines that are stay right without it.
            if !self.any_unknown {
                let cause = format!("a `line` of the type `{}` is left out", excerpt(class));
                self.coverage.warn(document.doubt(at, &cause));
            }
            self.any_unknown = true;
            return Ok(());
        }
        let understood = raw.number.and_then(whole).and_then(|number| file.line(number, raw));
        understood.ok_or_else(|| {
            let shown = |value: Option<&[u8]>| value.map_or("nothing".to_owned(), |v| format!("`{}`", excerpt(v)));
            document.refuse(
                at,
                &format!(
                    "expected `line` with the numbers `num` and `count` (or `truecount` and `falsecount`) and the \
                     type `stmt`, `cond` or `method`, found {}, {} and {}",
                    shown(raw.number),
                    shown(raw.count.or(raw.when_true)),
                    shown(raw.class)
                ),
            )
        })
    }

    /// The counters of the file or project they are in; those of packages and classes repeat them.
    fn metrics(&mut self, document: &Document<'_>, element: &Element<'_>) -> Result<()> {
        let place = self.path.last().copied();
        if place == Some(Tag::File) || place == Some(Tag::Project) {
            let mut counters = Counters::default();
            document.attributes(element, |key, value| counters.note(key, value))?;
            match &mut self.file {
                Some(file) => file.counters = counters,
                None => self.totals = counters,
            }
        }
        Ok(())
    }

    fn finish(self, name: &str) -> Coverage {
        let mut stated = self.totals.summary();
        if !self.coverage.has_sources() {
            stated = stated.with(CoverageKind::Line, self.totals.covered_statements, self.totals.statements);
        }
        self.coverage.finish(name, &stated)
    }
}

/// A file's path: `path` where it is given, because `name` may be the bare name then.
fn file_path(document: &Document<'_>, element: &Element<'_>) -> Result<String> {
    for attribute in ["path", "name"] {
        if let Some(value) = document.attribute(element, attribute)?
            && !value.trim().is_empty()
        {
            return Ok(path::normalise(&value));
        }
    }
    Err(document.refuse(element.at, "expected `file` with a `path` or `name`, found neither"))
}

impl File {
    #[inline]
    fn line(&mut self, number: u32, raw: &RawLine<'_>) -> Option<()> {
        match raw.class {
            Some(b"stmt") | None => self.lines.push(Line { number, hits: hits(raw.count?)? }),
            Some(b"cond") => {
                let (yes, no) = (hits(raw.when_true?)?, hits(raw.when_false?)?);
                let hits = match raw.count {
                    Some(count) => {
                        self.counted = true;
                        hits(count)?
                    }
                    None => yes.saturating_add(no),
                };
                self.condition_lines.push(self.lines.len());
                self.lines.push(Line { number, hits });
                self.conditions.push((number, yes, no));
            }
            Some(b"method") => {
                let name = raw.signature.or(raw.name).unwrap_or_default();
                let name = String::from_utf8_lossy(name).into_owned().into_boxed_str();
                self.functions.push(Function { name, line: number, hits: hits(raw.count?)? });
            }
            Some(_) => return None,
        }
        Some(())
    }

    /// Adds the file to the report and returns it empty.
    fn hand_over(mut self, coverage: &mut Coverage, openclover: bool) -> File {
        let source = coverage.source(std::mem::take(&mut self.source));
        let statements = self.statements(openclover);
        let mut stated = self.counters.summary();
        match statements {
            None => {
                source.lines_are_statements();
                stated = stated.with(
                    CoverageKind::Line,
                    self.counters.covered_statements,
                    self.counters.statements,
                );
            }
            Some(mut units) => source.add_units(CoverageFormat::Clover, &mut units),
        }
        source.add_lines(&self.lines);
        let methods = self.functions.len() as u64;
        source.add_functions(CoverageFormat::Clover, &mut self.functions);
        source.state(&stated);
        self.conditions.sort_by_key(|(line, ..)| *line);
        let counts_branches = self.counts_branches();
        if counts_branches {
            let fraction = |&(line, taken, missed): &Condition| Fraction {
                line,
                covered: taken,
                total: taken.saturating_add(missed),
                ..Fraction::default()
            };
            let mut fractions: Vec<_> = self.conditions.iter().map(fraction).collect();
            source.add_fractions(CoverageFormat::Clover, &mut fractions);
        } else {
            source.add_edges(CoverageFormat::Clover, &self.edges());
        }
        // istanbul has branches on lines without a statement, which it lists nowhere; PHPUnit counts the
        // methods of which every line ran.
        if counts_branches {
            coverage.explain(CoverageKind::Branch);
        }
        if openclover {
            coverage.explain(CoverageKind::Statement);
        }
        if self.counters.methods == Some(methods) {
            coverage.explain(CoverageKind::Function);
        }
        self.lines.clear();
        self.conditions.clear();
        self.condition_lines.clear();
        self.counted = false;
        self.counters = Counters::default();
        self
    }

    /// Whether `truecount` and `falsecount` are istanbul's numbers of branches taken and missed:
    /// the file's counters agree with that reading and not with the other.
    fn counts_branches(&self) -> bool {
        let (Some(total), Some(covered)) = (self.counters.conditionals, self.counters.covered_conditionals)
        else {
            return false;
        };
        let (mut ways, mut numbers) = ((0u64, 0u64), (0u64, 0u64));
        for &(_, yes, no) in &self.conditions {
            ways.0 += u64::from(yes > 0) + u64::from(no > 0);
            ways.1 += 2;
            numbers.0 += u64::from(yes);
            numbers.1 += u64::from(yes) + u64::from(no);
        }
        match (numbers == (covered, total), ways == (covered, total)) {
            (true, false) => true,
            (false, false) => self.counted,
            (_, true) => false,
        }
    }

    /// The statements, where lines are another thing; `None` where each line is one. OpenClover does not
    /// count conditions as statements, and counts several of a line that it lists once.
    fn statements(&self, openclover: bool) -> Option<Vec<Unit>> {
        let uncounted = !self.conditions.is_empty() && !self.counted;
        if !openclover && !uncounted {
            return None;
        }
        let conditions: HashSet<usize> = self.condition_lines.iter().copied().collect();
        let listed = self.lines.iter().enumerate().filter(|(n, _)| !conditions.contains(n));
        let mut lines: Vec<Line> = listed.map(|(_, line)| *line).collect();
        lines.sort_by_key(|line| line.number);
        let (mut nth, mut last) = (0, None);
        let unit = |line: &Line| {
            nth = if last == Some(line.number) { nth + 1 } else { 0 };
            last = Some(line.number);
            let start = (line.number, nth);
            Unit { kind: CoverageKind::Statement, start, end: (0, 0), weight: 1, hits: line.hits }
        };
        Some(lines.iter().map(unit).collect())
    }

    /// The two ways out of each condition; conditions of one line are numbered in their order.
    fn edges(&self) -> Vec<Edge> {
        let mut edges: Vec<Edge> = Vec::with_capacity(self.conditions.len() * 2);
        for &(line, yes, no) in &self.conditions {
            let block = edges.last().filter(|last| last.line == line).map_or(0, |last| last.block + 1);
            edges.push(Edge { line, block, branch: 0, taken: yes });
            edges.push(Edge { line, block, branch: 1, taken: no });
        }
        edges
    }
}

/// The counters of a `metrics` element.
#[derive(Default)]
struct Counters {
    statements: Option<u64>,
    covered_statements: Option<u64>,
    conditionals: Option<u64>,
    covered_conditionals: Option<u64>,
    methods: Option<u64>,
    covered_methods: Option<u64>,
}

impl Counters {
    fn note(&mut self, key: &[u8], value: &[u8]) {
        let place = match key {
            b"statements" => &mut self.statements,
            b"coveredstatements" => &mut self.covered_statements,
            b"conditionals" => &mut self.conditionals,
            b"coveredconditionals" => &mut self.covered_conditionals,
            b"methods" => &mut self.methods,
            b"coveredmethods" => &mut self.covered_methods,
            _ => return,
        };
        *place = counter(value);
    }

    fn summary(&self) -> Summary {
        Summary::default()
            .with(CoverageKind::Statement, self.covered_statements, self.statements)
            .with(CoverageKind::Branch, self.covered_conditionals, self.conditionals)
            .with(CoverageKind::Function, self.covered_methods, self.methods)
    }
}
