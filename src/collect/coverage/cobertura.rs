//! Cobertura XML (coverage-04.dtd and its many imitations): packages of classes of lines. Only
//! reads; what a measurement means is decided in `measure`.
//!
//! A class lists its lines itself and again inside its methods. The class's own list is complete,
//! so that the methods' lists count only where it is missing. Methods are the functions. Branches
//! come as `condition-coverage="50% (1/2)"`, which does not say which of them were taken. The root's
//! counters are used when the report holds no line at all.

use super::kind::{CoverageKind, Summary};
use super::measure::{Coverage, Fraction, Function, Line};
use super::number::{counter, hits, rate, whole};
use super::probe::Probe;
use super::xml::{Document, Element, Step};
use super::{AT_A_TIME, CoverageFormat, apart, excerpt, path};
use crate::error::Result;
use std::collections::HashMap;

/// Whether the document is a Cobertura report and not a Clover one: both have the root `coverage`.
pub(super) fn recognises(probe: &Probe<'_>) -> bool {
    probe.xml.as_ref().is_some_and(|xml| {
        xml.root == "coverage"
            && match xml.child.as_deref() {
                Some("sources" | "packages" | "package" | "classes" | "class") => true,
                None => xml.has("line-rate") || xml.has("lines-valid"),
                Some(_) => xml.has("line-rate"),
            }
    })
}

/// Reads a whole report.
pub(super) fn read(text: &[u8], name: &str) -> Result<Coverage> {
    let mut document = Document::new(text, name);
    let mut report = Report::default();
    let plain_lines = apart::<PlainLines>(plain_lines);
    loop {
        if matches!(report.path.last(), Some(Tag::Lines)) {
            while plain_lines(&mut report, &mut document)? {}
        }
        match document.step()? {
            Step::Open(element) => report.open(&document, &element)?,
            Step::Close => report.close(),
            Step::Text(text) => {
                if matches!(report.path.last(), Some(Tag::Source)) {
                    report.text.push_str(&text);
                }
            }
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
        left -= report.repeated(document, left);
        let (mut line, before) = (RawLine::default(), document.position());
        if !document.plain_element(b"line", |key, value| line.note(key, value)) {
            return Ok(false);
        }
        report.line(document, &line, document.position())?;
        if let RawLine { number: Some(number), hits: Some(hits), conditions: None, .. } = line {
            document.learn(before, number, hits);
        }
        left = left.saturating_sub(1);
    }
    Ok(true)
}

/// The elements whose position matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tag {
    Source,
    Package,
    Class,
    Method,
    Lines,
    Line,
    Other,
}

/// The attributes of a line as they are in the file.
#[derive(Default, Clone, Copy)]
struct RawLine<'a> {
    number: Option<&'a [u8]>,
    hits: Option<&'a [u8]>,
    conditions: Option<&'a [u8]>,
    missed: Option<&'a [u8]>,
}

impl<'a> RawLine<'a> {
    #[inline(always)]
    fn note(&mut self, key: &[u8], value: &'a [u8]) {
        match key {
            b"number" => self.number = Some(value),
            b"hits" => self.hits = Some(value),
            b"condition-coverage" => self.conditions = Some(value),
            b"missing-branches" => self.missed = Some(value),
            _ => {}
        }
    }
}

/// Lines with their branches.
#[derive(Default)]
struct Listing {
    lines: Vec<Line>,
    fractions: Vec<Fraction>,
}

struct Method {
    name: String,
    rate: f64,
    first: Option<u32>,
    hits: u32,
}

#[derive(Default)]
struct Class {
    name: String,
    package: String,
    source: String,
    own: Listing,
    methods: Listing,
    functions: Vec<Function>,
}

/// The report as far as it has been read.
#[derive(Default)]
struct Report {
    path: Vec<Tag>,
    text: String,
    roots: Roots,
    package: String,
    /// The classes being read, the innermost last.
    classes: Vec<Class>,
    method: Option<Method>,
    coverage: Coverage,
    any_class: bool,
    any_line: bool,
    totals: Totals,
    /// The package that a class of a file was first found in, by file and class.
    packages: HashMap<(String, String), String>,
}

impl Report {
    fn open(&mut self, document: &Document<'_>, element: &Element<'_>) -> Result<()> {
        if self.path.is_empty() {
            self.root(document, element)?;
            self.path.push(Tag::Other);
            return Ok(());
        }
        let tag = match element.name() {
            "line" => {
                if matches!(self.path.last(), Some(Tag::Lines)) {
                    let mut line = RawLine::default();
                    document.attributes(element, |key, value| line.note(key, value))?;
                    self.line(document, &line, element.at)?;
                }
                Tag::Line
            }
            "lines" if !self.classes.is_empty() => Tag::Lines,
            "package" => {
                self.package = document.attribute(element, "name")?.unwrap_or_default().into_owned();
                self.totals.enter(
                    document.attribute(element, "line-rate")?.as_deref(),
                    document.attribute(element, "branch-rate")?.as_deref(),
                );
                Tag::Package
            }
            "class" => {
                // Tools write one for code that has no file, such as what a compiler adds.
                let file = document.attribute(element, "filename")?.unwrap_or_default();
                let name = document.attribute(element, "name")?.unwrap_or_default().into_owned();
                let package = self.package.clone();
                self.classes.push(Class {
                    name,
                    package,
                    source: path::normalise(&file),
                    ..Class::default()
                });
                self.any_class = true;
                Tag::Class
            }
            "method" if !self.classes.is_empty() && self.method.is_none() => {
                self.method = Some(Method::of(document, element)?);
                Tag::Method
            }
            "source" => Tag::Source,
            _ => Tag::Other,
        };
        self.path.push(tag);
        Ok(())
    }

    fn close(&mut self) {
        match self.path.pop() {
            Some(Tag::Source) => {
                self.roots.note(path::normalise(&std::mem::take(&mut self.text)));
            }
            Some(Tag::Method) => {
                if let (Some(method), Some(class)) = (self.method.take(), self.classes.last_mut()) {
                    class.functions.push(method.function(&class.name));
                }
            }
            Some(Tag::Class) => {
                if let Some(class) = self.classes.pop() {
                    self.class(class);
                }
            }
            _ => {}
        }
    }

    #[inline]
    fn line(&mut self, document: &Document<'_>, raw: &RawLine<'_>, at: usize) -> Result<()> {
        let (Some(number), Some(count)) = (raw.number.and_then(whole), raw.hits.and_then(hits)) else {
            let shown =
                |value: Option<&[u8]>| value.map_or("nothing".to_owned(), |v| format!("`{}`", excerpt(v)));
            let cause = format!(
                "expected `line` with the numbers `number` and `hits`, found {} and {}",
                shown(raw.number),
                shown(raw.hits)
            );
            return Err(document.refuse(at, &cause));
        };
        let Some(class) = self.classes.last_mut() else { return Ok(()) };
        self.any_line = true;
        let listing = match &mut self.method {
            Some(method) => {
                method.first = Some(method.first.map_or(number, |first| first.min(number)));
                method.hits = method.hits.max(count);
                &mut class.methods
            }
            None => &mut class.own,
        };
        listing.lines.push(Line { number, hits: count });
        if let Some((covered, total)) = raw.conditions.and_then(fraction) {
            let missed = missed(raw.missed, total - covered);
            listing.fractions.push(Fraction { line: number, covered, total, missed, ..Fraction::default() });
        }
        Ok(())
    }

    /// Takes lines that are written like the one before them; how many.
    #[inline(always)]
    fn repeated(&mut self, document: &mut Document<'_>, most: usize) -> usize {
        let Some(class) = self.classes.last_mut() else { return 0 };
        let lines = if self.method.is_some() { &mut class.methods.lines } else { &mut class.own.lines };
        let known = lines.len();
        let count = document.repeated(most, |number, hits| lines.push(Line { number, hits }));
        self.any_line |= count > 0;
        if let Some(method) = &mut self.method {
            for &Line { number, hits } in &lines[known..] {
                method.first = Some(method.first.map_or(number, |first| first.min(number)));
                method.hits = method.hits.max(hits);
            }
        }
        count
    }

    fn root(&mut self, document: &Document<'_>, element: &Element<'_>) -> Result<()> {
        if element.name() != "coverage" {
            let cause = format!("expected the root element `coverage`, found `{}`", element.name());
            return Err(document.refuse(element.at, &cause));
        }
        document.attributes(element, |key, value| self.totals.note(key, value))
    }

    fn class(&mut self, mut class: Class) {
        if class.source.is_empty() {
            return;
        }
        let mut source = class.source;
        if let Some(root) = self.roots.of_package(&class.package)
            && !path::is_absolute(&source)
        {
            source = path::normalise(&format!("{root}/{source}"));
        }
        // A class is one piece of code however often it is listed, but not in two packages.
        let known = self.packages.entry((source.clone(), class.name.clone()));
        let part = match known.or_insert_with(|| class.package.clone()) {
            package if *package == class.package => class.name,
            _ => format!("{} {}", class.package, class.name),
        };
        let mut listing = if class.own.lines.is_empty() { class.methods } else { class.own };
        let source = self.coverage.source(source);
        for fraction in &mut listing.fractions {
            fraction.part = part.as_str().into();
        }
        source.add_lines_of(&part, &listing.lines);
        source.add_fractions(CoverageFormat::Cobertura, &mut listing.fractions);
        source.add_functions(CoverageFormat::Cobertura, &mut class.functions);
    }

    /// Puts the sources under the root they are relative to, where the report names exactly one:
    /// of several it is not known which.
    fn finish(self, name: &str) -> Coverage {
        let mut coverage = self.coverage.finish(name, &self.totals.stated(self.any_class && !self.any_line));
        if let Roots::One(root) = &self.roots {
            coverage.rename(|path| {
                (!path::is_absolute(path)).then(|| path::normalise(&format!("{root}/{path}")))
            });
        }
        coverage
    }
}

/// What the root states of lines and of branches, and whether it can be believed.
#[derive(Default)]
struct Totals {
    counts: [(Option<u64>, Option<u64>); 2],
    rates: [Option<f64>; 2],
    /// The smallest and the largest rate of a package; `None` once a package has none.
    packages: [Option<(f64, f64)>; 2],
    any_package: bool,
}

impl Totals {
    fn note(&mut self, key: &[u8], value: &[u8]) {
        match key {
            b"lines-covered" => self.counts[0].0 = counter(value),
            b"lines-valid" => self.counts[0].1 = counter(value),
            b"branches-covered" => self.counts[1].0 = counter(value),
            b"branches-valid" => self.counts[1].1 = counter(value),
            b"line-rate" => self.rates[0] = str::from_utf8(value).ok().and_then(rate),
            b"branch-rate" => self.rates[1] = str::from_utf8(value).ok().and_then(rate),
            _ => {}
        }
    }

    fn enter(&mut self, lines: Option<&str>, branches: Option<&str>) {
        for (range, given) in self.packages.iter_mut().zip([lines, branches]) {
            let given = given.and_then(rate);
            *range = match (given, *range) {
                (Some(rate), None) if !self.any_package => Some((rate, rate)),
                (Some(rate), Some((least, most))) => Some((least.min(rate), most.max(rate))),
                _ => None,
            };
        }
        self.any_package = true;
    }

    /// The counters. A root's rate is a mean of its packages' rates; counters that make it another are
    /// those of another report, which whoever put this one together left in place.
    fn stated(&self, rates_only: bool) -> Summary {
        // Tools round to two digits, or cut the rest off.
        const ROUNDING: f64 = 0.011;
        // A rate without counts still weighs something when it is averaged with other reports: as much
        // as this many lines. A rate of 0 is what tools write for nothing measured.
        const WEIGHT: f64 = 1_000_000.0;
        let mut stated = Summary::default();
        for (n, kind) in [CoverageKind::Line, CoverageKind::Branch].into_iter().enumerate() {
            let (covered, total) = self.counts[n];
            let Some(valid) = total else {
                if let Some(rate) =
                    self.rates[n].filter(|rate| rates_only && self.counts[0].1.is_none() && *rate > 0.0)
                {
                    stated = stated.with(kind, Some((rate * WEIGHT).round() as u64), Some(WEIGHT as u64));
                }
                continue;
            };
            let share = covered.unwrap_or(0) as f64 / valid as f64;
            let believed = match self.packages[n] {
                Some((least, most)) => (least - ROUNDING..=most + ROUNDING).contains(&share),
                None => true,
            };
            if believed {
                stated = stated.with(kind, covered, total);
            }
        }
        stated
    }
}

/// What the report's paths are relative to. Of several it is not known which, unless a package is called
/// like the end of one of them.
#[derive(Default)]
enum Roots {
    #[default]
    None,
    One(String),
    /// By their last part; `None` where two have the same.
    Several(HashMap<String, Option<String>>),
}

impl Roots {
    fn note(&mut self, root: String) {
        match self {
            _ if root.is_empty() => {}
            Roots::None => *self = Roots::One(root),
            Roots::One(first) if *first == root => {}
            Roots::One(first) => {
                let first = std::mem::take(first);
                let mut all = Roots::Several(HashMap::new());
                all.note(first);
                all.note(root);
                *self = all;
            }
            Roots::Several(all) => {
                let last = root.rsplit('/').next().unwrap_or_default().to_owned();
                all.entry(last)
                    .and_modify(|known| {
                        if known.as_ref() != Some(&root) {
                            *known = None;
                        }
                    })
                    .or_insert(Some(root));
            }
        }
    }

    fn of_package(&self, package: &str) -> Option<&str> {
        match self {
            Roots::Several(all) => all.get(package)?.as_deref(),
            _ => None,
        }
    }
}

impl Method {
    fn of(document: &Document<'_>, element: &Element<'_>) -> Result<Method> {
        let name = document.attribute(element, "name")?.unwrap_or_default();
        let signature = document.attribute(element, "signature")?.unwrap_or_default();
        let rate = document.attribute(element, "line-rate")?.and_then(|text| rate(&text)).unwrap_or(0.0);
        Ok(Method { name: format!("{name}{signature}"), rate, first: None, hits: 0 })
    }

    /// The method as a function of its class; called when one of its lines ran or, without lines,
    /// when its rate says that some did.
    fn function(self, class: &str) -> Function {
        let hits = if self.first.is_none() && self.rate > 0.0 { 1 } else { self.hits };
        let name = format!("{class}.{}", self.name).into_boxed_str();
        Function { name, line: self.first.unwrap_or(0), hits }
    }
}

/// The counts in `50% (1/2)`; `None` when there are none.
fn fraction(text: &[u8]) -> Option<(u32, u32)> {
    let open = memchr::memrchr(b'(', text)?;
    let counts = text[open + 1..].trim_ascii().strip_suffix(b")")?;
    let slash = memchr::memchr(b'/', counts)?;
    let (covered, total) = (whole(&counts[..slash])?, whole(&counts[slash + 1..])?);
    Some((covered.min(total), total))
}

/// The names in `missing-branches="12,exit"`, sorted, where there are as many as were missed.
fn missed(names: Option<&[u8]>, count: u32) -> Option<Vec<Box<str>>> {
    let mut missed: Vec<Box<str>> = match names {
        Some(names) => str::from_utf8(names).ok()?.split(',').map(|name| name.trim().into()).collect(),
        None => Vec::new(),
    };
    missed.sort_unstable();
    missed.dedup();
    (missed.len() as u64 == u64::from(count)).then_some(missed)
}
