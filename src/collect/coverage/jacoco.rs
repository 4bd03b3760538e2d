//! JaCoCo XML (report.dtd 1.0 and 1.1): packages of classes with their methods, and of source files with their lines; in a report
//! about several modules below a group for each. Only reads; what a measurement means is decided in `measure`.
//!
//! A line says how many of its instructions and branches ran. Classes of one file share its lines, so that lines, branches and
//! instructions come from the source files; code without line numbers is only in their counters. Methods, complexity and
//! classes come from the classes. A class without a source file is a source by its own name, of which only counters
//! are known.

use super::kind::{CoverageKind, Summary};
use super::measure::{Coverage, Function, Line};
use super::number::{counter, digits, hits, whole};
use super::probe::Probe;
use super::share::{Share, identity};
use super::xml::{Document, Element, Step, behind};
use super::{AT_A_TIME, CoverageFormat, apart, excerpt, path};
use crate::error::Result;
use memchr::memchr;
use std::collections::HashMap;

/// Whether the document is a JaCoCo report. Other tools have a root `report` too.
pub(super) fn recognises(probe: &Probe<'_>) -> bool {
    probe.xml.as_ref().is_some_and(|xml| {
        xml.root == "report"
            && match xml.child.as_deref() {
                Some("sessioninfo" | "group" | "package" | "counter") => true,
                None => xml.has("name"),
                Some(_) => false,
            }
    })
}

/// Reads a whole report.
pub(super) fn read(text: &[u8], name: &str) -> Result<Coverage> {
    let mut document = Document::new(text, name);
    let mut report = Report::default();
    let (plain_lines, plain_methods) = (apart::<Plain>(plain_lines), apart::<Plain>(plain_methods));
    loop {
        let inside = report.path.last().copied();
        match inside {
            Some(Tag::SourceFile) => while plain_lines(&mut report, &mut document) {},
            Some(Tag::Class) => while plain_methods(&mut report, &mut document) {},
            _ => {}
        }
        if let Some(inside) = inside {
            plain_counters(&mut report, &mut document, inside);
        }
        match document.step()? {
            Step::Open(element) => report.open(&document, &element)?,
            Step::Close => report.close(),
            Step::Text(_) => {}
            Step::End => return Ok(report.finish(name)),
        }
    }
}

type Plain = for<'r, 'd, 'a> fn(&'r mut Report, &'d mut Document<'a>) -> bool;

/// Takes lines written as JaCoCo writes them, as far as they go but not forever; whether there may be more.
#[inline(never)]
fn plain_lines(report: &mut Report, document: &mut Document<'_>) -> bool {
    let file = &mut report.file;
    let mut left = AT_A_TIME;
    document.take(|text| {
        let mut at = 0;
        while left > 0
            && let Some((number, counts, next)) = plain_line(text, at)
        {
            file.line(number, counts);
            at = next;
            left -= 1;
        }
        at
    });
    left == 0
}

/// `<line nr="8" mi="0" ci="7" mb="0" cb="0"/>` at an offset: its number, its counts and the offset behind it.
#[inline(always)]
fn plain_line(text: &[u8], at: usize) -> Option<(u32, [u32; 4], usize)> {
    let (number, at) = digits(text, behind(text, at, b"<line nr=\"")?)?;
    let (missed, at) = digits(text, behind(text, at, b"\" mi=\"")?)?;
    let (covered, at) = digits(text, behind(text, at, b"\" ci=\"")?)?;
    let (missed_branches, at) = digits(text, behind(text, at, b"\" mb=\"")?)?;
    let (covered_branches, at) = digits(text, behind(text, at, b"\" cb=\"")?)?;
    let at = behind(text, at, b"\"/>")?;
    Some((number, [missed, covered, missed_branches, covered_branches], at))
}

/// Takes methods written as JaCoCo writes them, as far as they go but not forever; whether there may be more.
#[inline(never)]
fn plain_methods(report: &mut Report, document: &mut Document<'_>) -> bool {
    let class = &mut report.class;
    let mut left = AT_A_TIME;
    document.take(|text| {
        let mut at = 0;
        while left > 0
            && let Some((method, next)) = plain_method(text, at)
        {
            class.method(&method);
            at = next;
            left -= 1;
        }
        at
    });
    left == 0
}

/// A method with its counters at an offset, and the offset behind it.
#[inline(always)]
fn plain_method(text: &[u8], at: usize) -> Option<(Method<'_>, usize)> {
    let mut method = Method::default();
    let start = behind(text, at, b"<method name=\"")?;
    let end = start + memchr(b'"', &text[start..])?;
    method.name = &text[start..end];
    let start = behind(text, end, b"\" desc=\"")?;
    let end = start + memchr(b'"', &text[start..])?;
    method.descriptor = &text[start..end];
    let mut at = end;
    if let Some(line) = behind(text, end, b"\" line=\"") {
        (method.line, at) = digits(text, line)?;
    }
    at = behind(text, at, b"\">")?;
    while let Some((kind, counts, next)) = plain_counter(text, at) {
        method.counters.0[kind as usize] = Some(counts);
        at = next;
    }
    Some((method, behind(text, at, b"</method>")?))
}

/// Takes counters written as JaCoCo writes them.
fn plain_counters(report: &mut Report, document: &mut Document<'_>, inside: Tag) {
    let mut found = Counters::default();
    document.take(|text| {
        let mut at = 0;
        while let Some((kind, counts, next)) = plain_counter(text, at) {
            found.0[kind as usize] = Some(counts);
            at = next;
        }
        at
    });
    if let Some(counters) = report.counters(inside) {
        for (place, counts) in counters.0.iter_mut().zip(found.0) {
            *place = counts.or(*place);
        }
    }
}

/// A counter at an offset, with what it missed and covered, and the offset behind it.
#[inline(always)]
fn plain_counter(text: &[u8], at: usize) -> Option<(Counter, (u64, u64), usize)> {
    let counter = behind(text, at, b"<counter type=\"")?;
    let kind = Counter::of(*text.get(counter)?, *text.get(counter + 1)?)?;
    let (missed, at) = digits(text, behind(text, behind(text, counter, kind.name())?, b"\" missed=\"")?)?;
    let (covered, at) = digits(text, behind(text, at, b"\" covered=\"")?)?;
    Some((kind, (missed.into(), covered.into()), behind(text, at, b"\"/>")?))
}

/// What a counter counts.
#[derive(Clone, Copy)]
enum Counter {
    Instruction,
    Branch,
    Line,
    Complexity,
    Method,
    Class,
}

impl Counter {
    const ALL: [Counter; 6] = [
        Counter::Instruction,
        Counter::Branch,
        Counter::Line,
        Counter::Complexity,
        Counter::Method,
        Counter::Class,
    ];

    fn name(self) -> &'static [u8] {
        match self {
            Counter::Instruction => b"INSTRUCTION",
            Counter::Branch => b"BRANCH",
            Counter::Line => b"LINE",
            Counter::Complexity => b"COMPLEXITY",
            Counter::Method => b"METHOD",
            Counter::Class => b"CLASS",
        }
    }

    /// The only one whose name can begin so.
    #[inline(always)]
    fn of(first: u8, second: u8) -> Option<Counter> {
        Some(match (first, second) {
            (b'I', _) => Counter::Instruction,
            (b'B', _) => Counter::Branch,
            (b'L', _) => Counter::Line,
            (b'C', b'O') => Counter::Complexity,
            (b'M', _) => Counter::Method,
            (b'C', _) => Counter::Class,
            _ => return None,
        })
    }

    fn kind(self) -> CoverageKind {
        match self {
            Counter::Instruction => CoverageKind::Instruction,
            Counter::Branch => CoverageKind::Branch,
            Counter::Line => CoverageKind::Line,
            Counter::Complexity => CoverageKind::Complexity,
            Counter::Method => CoverageKind::Method,
            Counter::Class => CoverageKind::Class,
        }
    }
}

/// Missed and covered, of each [`Counter`].
#[derive(Default, Clone, Copy)]
struct Counters([Option<(u64, u64)>; 6]);

impl Counters {
    fn get(&self, counter: Counter) -> Option<(u64, u64)> {
        self.0[counter as usize]
    }

    fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for counter in Counter::ALL {
            if let Some((missed, covered)) = self.get(counter) {
                summary = summary.with(counter.kind(), Some(covered), Some(missed.saturating_add(covered)));
            }
        }
        // What is a method for JaCoCo is a function for all others.
        if let Some((missed, covered)) = self.get(Counter::Method) {
            summary =
                summary.with(CoverageKind::Function, Some(covered), Some(missed.saturating_add(covered)));
        }
        summary
    }
}

#[derive(Default)]
struct Method<'a> {
    name: &'a [u8],
    descriptor: &'a [u8],
    line: u32,
    counters: Counters,
}

/// The class that is being read.
#[derive(Default)]
struct Class {
    name: String,
    /// Its file within its package; `None` where the class does not say.
    file: Option<String>,
    methods: Vec<Function>,
    complexity: Vec<Share>,
    /// The method that is being read step by step.
    method: Option<(Box<str>, u32, Counters)>,
    counters: Counters,
}

impl Class {
    #[inline(always)]
    fn method(&mut self, method: &Method<'_>) {
        self.count(self.name_of(method), method.line, &method.counters);
    }

    fn name_of(&self, method: &Method<'_>) -> Box<str> {
        let text = |bytes| str::from_utf8(bytes).unwrap_or_default();
        [self.name.as_str(), ".", text(method.name), text(method.descriptor)].concat().into_boxed_str()
    }

    #[inline(always)]
    fn count(&mut self, name: Box<str>, line: u32, counters: &Counters) {
        if let Some((missed, covered)) = counters.get(Counter::Complexity) {
            let total = narrow(missed.saturating_add(covered));
            self.complexity.push(Share { line, key: identity(&name), covered: narrow(covered), total });
        }
        if let Some((missed, covered)) = counters.get(Counter::Method)
            && (missed, covered) != (0, 0)
        {
            self.methods.push(Function { name, line, hits: u32::from(covered > 0) });
        }
    }
}

/// The source file that is being read.
#[derive(Default)]
struct File {
    name: String,
    lines: Vec<Line>,
    instructions: Vec<Share>,
    branches: Vec<Share>,
    counters: Counters,
}

impl File {
    #[inline(always)]
    fn line(&mut self, number: u32, [missed, covered, missed_branches, covered_branches]: [u32; 4]) {
        self.lines.push(Line { number, hits: u32::from(covered > 0) });
        let share = |missed: u32, covered: u32| Share {
            line: number,
            key: 0,
            covered,
            total: covered.saturating_add(missed),
        };
        self.instructions.push(share(missed, covered));
        if missed_branches | covered_branches != 0 {
            self.branches.push(share(missed_branches, covered_branches));
        }
    }
}

fn narrow(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The elements whose position matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tag {
    Report,
    Group,
    Package,
    Class,
    Method,
    SourceFile,
    Other,
}

/// The report as far as it has been read.
#[derive(Default)]
struct Report {
    path: Vec<Tag>,
    /// Each group that was opened.
    modules: Vec<Module>,
    /// The innermost of those that are open, and how many are open.
    module: Option<usize>,
    open_groups: usize,
    package: String,
    class: Class,
    file: File,
    coverage: Coverage,
    totals: Counters,
}

/// A group: its name, and the group that it is in.
struct Module {
    name: String,
    parent: Option<usize>,
}

/// How many groups in each other, and how many characters of a group's name, are used to name a source.
const DEEPEST: usize = 8;
const LONGEST: usize = 100;

/// Stands between the number of a module and a path within it, until all modules are known.
const WITHIN: char = '\0';

impl Report {
    fn open(&mut self, document: &Document<'_>, element: &Element<'_>) -> Result<()> {
        let name = element.name();
        let Some(parent) = self.path.last().copied() else {
            if name != "report" {
                let cause = format!("expected the root element `report`, found `{name}`");
                return Err(document.refuse(element.at, &cause));
            }
            self.path.push(Tag::Report);
            return Ok(());
        };
        let text = |attribute: &str| -> Result<String> {
            Ok(document.attribute(element, attribute)?.unwrap_or_default().into_owned())
        };
        let tag = match (parent, name) {
            (Tag::Report | Tag::Group, "group") => {
                self.enter_group(&text("name")?);
                Tag::Group
            }
            (Tag::Report | Tag::Group, "package") => {
                self.package = text("name")?;
                Tag::Package
            }
            (Tag::Package, "class") => {
                self.class.name = text("name")?;
                self.class.file = document
                    .attribute(element, "sourcefilename")?
                    .filter(|file| !file.trim().is_empty())
                    .map(|file| file.into_owned());
                self.class.counters = Counters::default();
                Tag::Class
            }
            (Tag::Class, "method") => {
                let mut method = Method::default();
                document.attributes(element, |key, value| match key {
                    b"name" => method.name = value,
                    b"desc" => method.descriptor = value,
                    b"line" => method.line = whole(value).unwrap_or(0),
                    _ => {}
                })?;
                self.class.method = Some((self.class.name_of(&method), method.line, Counters::default()));
                Tag::Method
            }
            (Tag::Package, "sourcefile") => {
                self.file.name = text("name")?;
                self.file.counters = Counters::default();
                if self.file.name.trim().is_empty() {
                    return Err(
                        document.refuse(element.at, "expected `sourcefile` with a `name`, found none")
                    );
                }
                Tag::SourceFile
            }
            (Tag::SourceFile, "line") => {
                self.line(document, element)?;
                Tag::Other
            }
            (_, "counter") => {
                self.counter(document, element, parent)?;
                Tag::Other
            }
            _ => Tag::Other,
        };
        self.path.push(tag);
        Ok(())
    }

    fn close(&mut self) {
        match self.path.pop() {
            Some(Tag::Group) => self.leave_group(),
            Some(Tag::Method) => {
                if let Some((name, line, counters)) = self.class.method.take() {
                    self.class.count(name, line, &counters);
                }
            }
            Some(Tag::Class) => self.add_class(),
            Some(Tag::SourceFile) => self.add_file(),
            _ => {}
        }
    }

    fn enter_group(&mut self, name: &str) {
        self.open_groups += 1;
        if self.open_groups <= DEEPEST {
            let name = name.chars().take(LONGEST).collect();
            self.modules.push(Module { name, parent: self.module });
            self.module = Some(self.modules.len() - 1);
        }
    }

    fn leave_group(&mut self) {
        if self.open_groups <= DEEPEST {
            self.module = self.module.and_then(|module| self.modules.get(module)?.parent);
        }
        self.open_groups -= 1;
    }

    fn line(&mut self, document: &Document<'_>, element: &Element<'_>) -> Result<()> {
        let mut found: [Option<&[u8]>; 5] = [None; 5];
        document.attributes(element, |key, value| match key {
            b"nr" => found[0] = Some(value),
            b"mi" => found[1] = Some(value),
            b"ci" => found[2] = Some(value),
            b"mb" => found[3] = Some(value),
            b"cb" => found[4] = Some(value),
            _ => {}
        })?;
        let needed = |n: usize| found[n].and_then(hits);
        let optional = |n: usize| found[n].map_or(Some(0), hits);
        let number = found[0].and_then(whole);
        let counts = (|| Some((number?, [needed(1)?, needed(2)?, optional(3)?, optional(4)?])))();
        let Some((number, counts)) = counts else {
            let shown =
                |value: Option<&[u8]>| value.map_or("nothing".to_owned(), |v| format!("`{}`", excerpt(v)));
            let cause = format!(
                "expected `line` with the numbers `nr`, `mi`, `ci`, `mb` and `cb`, found {}",
                found.map(shown).join(", ")
            );
            return Err(document.refuse(element.at, &cause));
        };
        self.file.line(number, counts);
        Ok(())
    }

    /// Where the counters of an element go; those of groups and packages repeat others.
    fn counters(&mut self, inside: Tag) -> Option<&mut Counters> {
        match inside {
            Tag::Report => Some(&mut self.totals),
            Tag::Class => Some(&mut self.class.counters),
            Tag::SourceFile => Some(&mut self.file.counters),
            Tag::Method => self.class.method.as_mut().map(|(.., counters)| counters),
            _ => None,
        }
    }

    fn counter(&mut self, document: &Document<'_>, element: &Element<'_>, parent: Tag) -> Result<()> {
        let Some(counters) = self.counters(parent) else { return Ok(()) };
        let (mut kind, mut missed, mut covered) = (None, None, None);
        document.attributes(element, |key, value| match key {
            b"type" => kind = Counter::ALL.into_iter().find(|it| it.name() == value),
            b"missed" => missed = counter(value),
            b"covered" => covered = counter(value),
            _ => {}
        })?;
        if let Some(kind) = kind {
            counters.0[kind as usize] = missed.zip(covered);
        }
        Ok(())
    }

    /// The name of a source until the report ends; that of a class without a file is the class's.
    fn key(&self, file: Option<&str>) -> String {
        let path = match file {
            Some(file) => path::normalise(&format!("{}/{file}", self.package)),
            None => path::normalise(&self.class.name),
        };
        match self.module {
            Some(module) => format!("{module}{WITHIN}{path}"),
            None => path,
        }
    }

    fn add_class(&mut self) {
        const FORMAT: CoverageFormat = CoverageFormat::Jacoco;
        let key = self.key(self.class.file.as_deref());
        let Class { name, file, methods, complexity, counters, .. } = &mut self.class;
        let source = self.coverage.source(key);
        source.add_functions(FORMAT, methods);
        source.add_shares(FORMAT, CoverageKind::Complexity, complexity);
        if let Some((missed, covered)) = counters.get(Counter::Class)
            && (missed, covered) != (0, 0)
        {
            let class = Share { line: 0, key: identity(name), covered: u32::from(covered > 0), total: 1 };
            source.add_shares(FORMAT, CoverageKind::Class, &mut vec![class]);
        }
        if file.is_none() {
            source.state(&counters.summary());
        }
    }

    fn add_file(&mut self) {
        const FORMAT: CoverageFormat = CoverageFormat::Jacoco;
        let key = self.key(Some(&self.file.name));
        let File { lines, instructions, branches, counters, .. } = &mut self.file;
        let source = self.coverage.source(key);
        source.add_lines(lines);
        source.add_shares(FORMAT, CoverageKind::Instruction, instructions);
        source.add_shares(FORMAT, CoverageKind::Branch, branches);
        source.state(&counters.summary());
        lines.clear();
    }

    /// A file that two modules have by the same package and name is put under its module's name; all others are
    /// named alike in a module's own report and in one about all modules.
    fn finish(self, name: &str) -> Coverage {
        let mut coverage = self.coverage.finish(name, &self.totals.summary());
        if !self.modules.is_empty() {
            let mut modules: HashMap<String, usize> = HashMap::new();
            for source in coverage.sources() {
                if let Some((_, path)) = source.split_once(WITHIN) {
                    *modules.entry(path.to_owned()).or_default() += 1;
                }
            }
            coverage.rename(|source| {
                let (module, path) = source.split_once(WITHIN)?;
                let mut named = path.to_owned();
                let mut module = module.parse::<usize>().ok().filter(|_| modules.get(path) != Some(&1));
                while let Some(Module { name, parent }) = module.and_then(|module| self.modules.get(module)) {
                    named = format!("{name}/{named}");
                    module = *parent;
                }
                Some(path::normalise(&named))
            });
        }
        coverage
    }
}
