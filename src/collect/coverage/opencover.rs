//! OpenCover XML as OpenCover, coverlet and AltCover write it: modules with a table of their files, and classes of methods of
//! sequence points and branch points. Only reads; what a measurement means is decided in `measure`.
//!
//! What these tools print as lines are sequence points: a line of C# may hold several, and a lambda or the two accessors of a
//! property have points of their own on a line that other code has too. So the points of a line are counted each by
//! itself. OpenCover counts the entry of a method as one more branch, which shows in the method's summary only. Modules, classes and
//! methods that were skipped hold no points.

use super::kind::{CoverageKind, Summary};
use super::measure::{Coverage, Function, Line};
use super::number::{counter, hits, whole};
use super::probe::Probe;
use super::share::{Share, identity};
use super::xml::{Document, Element, Step};
use super::{AT_A_TIME, CoverageFormat, apart, excerpt, path};
use crate::error::Result;
use std::collections::{BTreeMap, HashMap};

/// Whether the document's root is OpenCover's.
pub(super) fn recognises(probe: &Probe<'_>) -> bool {
    probe.xml.as_ref().is_some_and(|xml| xml.root == "CoverageSession")
}

/// Reads a whole report.
pub(super) fn read(text: &[u8], name: &str) -> Result<Coverage> {
    let mut document = Document::new(text, name);
    let mut report = Report::default();
    let plain_points = apart::<PlainPoints>(plain_points);
    loop {
        if matches!(report.path.last(), Some(Tag::SequencePoints)) {
            while plain_points(&mut report, &mut document)? {}
        }
        match document.step()? {
            Step::Open(element) => report.open(&document, &element)?,
            Step::Close => report.close(),
            Step::Text(text) => {
                if matches!(report.path.last(), Some(Tag::Name)) {
                    report.text.push_str(&text);
                }
            }
            Step::End => return Ok(report.finish(name)),
        }
    }
}

type PlainPoints = for<'r, 'd, 'a> fn(&'r mut Report, &'d mut Document<'a>) -> Result<bool>;

/// Takes sequence points without anything unusual about them, as far as they go but not forever; whether there may
/// be more.
#[inline(never)]
fn plain_points(report: &mut Report, document: &mut Document<'_>) -> Result<bool> {
    for _ in 0..AT_A_TIME {
        let mut point = RawPoint::default();
        if !document.plain_element(b"SequencePoint", |key, value| point.note(key, value)) {
            return Ok(false);
        }
        report.sequence_point(document, &point, document.position())?;
    }
    Ok(true)
}

/// The elements whose position matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tag {
    Session,
    Modules,
    Module,
    Class,
    Method,
    SequencePoints,
    BranchPoints,
    /// One whose text is a name, which its parent is called by.
    Name,
    Other,
}

/// The attributes of a point as they are in the file.
#[derive(Default, Clone, Copy)]
struct RawPoint<'a> {
    visits: Option<&'a [u8]>,
    line: Option<&'a [u8]>,
    file: Option<&'a [u8]>,
    path: Option<&'a [u8]>,
}

impl<'a> RawPoint<'a> {
    #[inline(always)]
    fn note(&mut self, key: &[u8], value: &'a [u8]) {
        match key {
            b"vc" => self.visits = Some(value),
            b"sl" => self.line = Some(value),
            b"fileid" => self.file = Some(value),
            b"path" => self.path = Some(value),
            _ => {}
        }
    }
}

/// The counters of a `Summary`, covered and total.
#[derive(Default, Clone, Copy)]
struct Counters {
    points: [Option<u64>; 2],
    branches: [Option<u64>; 2],
    methods: [Option<u64>; 2],
    classes: [Option<u64>; 2],
}

impl Counters {
    fn note(&mut self, key: &[u8], value: &[u8]) {
        let place = match key {
            b"visitedSequencePoints" => &mut self.points[0],
            b"numSequencePoints" => &mut self.points[1],
            b"visitedBranchPoints" => &mut self.branches[0],
            b"numBranchPoints" => &mut self.branches[1],
            b"visitedMethods" => &mut self.methods[0],
            b"numMethods" => &mut self.methods[1],
            b"visitedClasses" => &mut self.classes[0],
            b"numClasses" => &mut self.classes[1],
            _ => return,
        };
        *place = counter(value);
    }

    fn summary(&self) -> Summary {
        [
            (CoverageKind::Line, self.points),
            (CoverageKind::Branch, self.branches),
            (CoverageKind::Function, self.methods),
        ]
        .into_iter()
        .fold(Summary::default(), |summary, (kind, [covered, total])| summary.with(kind, covered, total))
    }
}

/// A file by the module that lists it and its number there.
type FileId = (usize, u32);

/// The method that is being read.
#[derive(Default)]
struct Method {
    name: String,
    file: Option<u32>,
    visited: bool,
    counters: Counters,
    /// File, line and visits of each sequence point; those without a file are in the method's.
    points: Vec<(Option<u32>, Line)>,
    /// File, line, path and visits of each branch point; those without a line are on that of the method.
    branches: Vec<(Option<u32>, Option<u32>, u32, bool)>,
}

/// The report as far as it has been read.
#[derive(Default)]
struct Report {
    path: Vec<Tag>,
    text: String,
    module: usize,
    module_name: String,
    class_name: String,
    method: Method,
    /// The lines of the class that is being read, by file.
    class_lines: HashMap<u32, Vec<Line>>,
    /// The files of each module by their numbers.
    files: HashMap<FileId, String>,
    /// The first module that lists a file.
    owners: HashMap<String, usize>,
    coverage: Coverage,
    totals: Counters,
}

impl Report {
    fn open(&mut self, document: &Document<'_>, element: &Element<'_>) -> Result<()> {
        let name = element.name();
        let Some(parent) = self.path.last().copied() else {
            if name != "CoverageSession" {
                let cause = format!("expected the root element `CoverageSession`, found `{name}`");
                return Err(document.refuse(element.at, &cause));
            }
            self.path.push(Tag::Session);
            return Ok(());
        };
        let tag = match (parent, name) {
            (Tag::Session, "Modules") => Tag::Modules,
            (Tag::Modules, "Module") => {
                self.module += 1;
                self.module_name.clear();
                Tag::Module
            }
            (Tag::Module | Tag::Other, "File") => {
                self.file(document, element)?;
                Tag::Other
            }
            (Tag::Module | Tag::Other, "Class") => {
                self.class_name.clear();
                Tag::Class
            }
            (Tag::Class | Tag::Other, "Method") => {
                self.method = Method::default();
                document.attributes(element, |key, value| {
                    self.method.visited |= key == b"visited" && value.eq_ignore_ascii_case(b"true");
                })?;
                Tag::Method
            }
            (Tag::Session | Tag::Method, "Summary") => {
                let counters =
                    if parent == Tag::Session { &mut self.totals } else { &mut self.method.counters };
                document.attributes(element, |key, value| counters.note(key, value))?;
                Tag::Other
            }
            (Tag::Module, "ModuleName") | (Tag::Class, "FullName") | (Tag::Method, "Name") => {
                self.text.clear();
                Tag::Name
            }
            (Tag::Method, "FileRef") => {
                document.attributes(element, |key, value| {
                    if key == b"uid" {
                        self.method.file = whole(value);
                    }
                })?;
                Tag::Other
            }
            (Tag::Method, "SequencePoints") => Tag::SequencePoints,
            (Tag::Method, "BranchPoints") => Tag::BranchPoints,
            (Tag::SequencePoints, "SequencePoint") => {
                let mut point = RawPoint::default();
                document.attributes(element, |key, value| point.note(key, value))?;
                self.sequence_point(document, &point, element.at)?;
                Tag::Other
            }
            (Tag::BranchPoints, "BranchPoint") => {
                let mut point = RawPoint::default();
                document.attributes(element, |key, value| point.note(key, value))?;
                self.branch_point(document, &point, element.at)?;
                Tag::Other
            }
            _ => Tag::Other,
        };
        self.path.push(tag);
        Ok(())
    }

    fn close(&mut self) {
        match self.path.pop() {
            Some(Tag::Name) => {
                let name = match self.path.last() {
                    Some(Tag::Module) => &mut self.module_name,
                    Some(Tag::Class) => &mut self.class_name,
                    Some(Tag::Method) => &mut self.method.name,
                    _ => return,
                };
                std::mem::swap(name, &mut self.text);
            }
            Some(Tag::Method) => self.add_method(),
            Some(Tag::Class) => self.add_class(),
            _ => {}
        }
    }

    fn file(&mut self, document: &Document<'_>, element: &Element<'_>) -> Result<()> {
        let mut number = None;
        document.attributes(element, |key, value| {
            if key == b"uid" {
                number = whole(value);
            }
        })?;
        let path = document.attribute(element, "fullPath")?;
        let (Some(number), Some(path)) = (number, path.filter(|path| !path.trim().is_empty())) else {
            let cause = "expected `File` with a number `uid` and a `fullPath`, found none";
            return Err(document.refuse(element.at, cause));
        };
        let path = path::normalise(&path);
        self.owners.entry(path.clone()).or_insert(self.module);
        self.files.insert((self.module, number), path);
        Ok(())
    }

    #[inline]
    fn sequence_point(&mut self, document: &Document<'_>, raw: &RawPoint<'_>, at: usize) -> Result<()> {
        let (Some(number), Some(hits)) = (raw.line.and_then(whole), raw.visits.and_then(hits)) else {
            let shown =
                |value: Option<&[u8]>| value.map_or("nothing".to_owned(), |v| format!("`{}`", excerpt(v)));
            let cause = format!(
                "expected `SequencePoint` with the numbers `sl` and `vc`, found {} and {}",
                shown(raw.line),
                shown(raw.visits)
            );
            return Err(document.refuse(at, &cause));
        };
        self.method.points.push((raw.file.and_then(whole), Line { number, hits }));
        Ok(())
    }

    fn branch_point(&mut self, document: &Document<'_>, raw: &RawPoint<'_>, at: usize) -> Result<()> {
        let Some(visits) = raw.visits.and_then(hits) else {
            let shown = raw.visits.map_or("nothing".to_owned(), |v| format!("`{}`", excerpt(v)));
            let cause = format!("expected `BranchPoint` with the number `vc`, found {shown}");
            return Err(document.refuse(at, &cause));
        };
        let number = |value: Option<&[u8]>| value.and_then(whole);
        let path = number(raw.path).unwrap_or(0);
        self.method.branches.push((number(raw.file), number(raw.line), path, visits > 0));
        Ok(())
    }

    /// The name of a source until the report ends, because the files may be listed behind the classes.
    fn key(&self, file: Option<u32>) -> String {
        format!("{}{WITHIN}{}{WITHIN}{}", self.module, file.unwrap_or(0), self.module_name)
    }

    fn add_method(&mut self) {
        const FORMAT: CoverageFormat = CoverageFormat::Opencover;
        let method = std::mem::take(&mut self.method);
        let own = method.file.or_else(|| method.points.iter().find_map(|(file, _)| *file));
        let first = method.points.first().map_or(0, |(_, line)| line.number);
        let any_point_visited = method.points.iter().any(|(_, line)| line.hits > 0);
        for (file, line) in &method.points {
            self.class_lines.entry(file.or(own).unwrap_or(0)).or_default().push(*line);
        }

        let visited = method.branches.iter().filter(|(.., visited)| *visited).count() as u64;
        let mut branches: BTreeMap<u32, Vec<Share>> = BTreeMap::new();
        // Paths of one line have one name if they are of several conditions: then they are told apart by their order.
        let mut seen: HashMap<(u32, u32, u32), u32> = HashMap::new();
        for &(file, line, path, covered) in &method.branches {
            let (file, line) = (file.or(own).unwrap_or(0), line.unwrap_or(first));
            let nth = seen.entry((file, line, path)).or_default();
            *nth += 1;
            let key = identity(&(&self.module_name, &method.name, path, *nth));
            branches.entry(file).or_default().push(Share::whole(line, key, covered));
        }
        if method.counters.branches[1] == Some(method.branches.len() as u64 + 1) {
            let covered = method.counters.branches[0].is_some_and(|covered| covered > visited);
            let key = identity(&(&self.module_name, &method.name));
            branches.entry(own.unwrap_or(0)).or_default().push(Share::whole(first, key, covered));
        }
        for (file, mut shares) in branches {
            let key = self.key(Some(file));
            self.coverage.source(key).add_shares(FORMAT, CoverageKind::Branch, &mut shares);
        }

        let counted = match method.counters.methods[1] {
            Some(count) => count > 0,
            None => method.file.is_some() && !method.points.is_empty(),
        };
        if counted {
            let covered = match method.counters.methods[0] {
                Some(count) => count > 0,
                None => method.visited || any_point_visited,
            };
            let name = method.name.into_boxed_str();
            let function = Function { name, line: first, hits: u32::from(covered) };
            let key = self.key(own);
            self.coverage.source(key).add_functions(FORMAT, &mut vec![function]);
        }
    }

    /// Adds the lines of a class: what is on a line for the second time is another piece of code, and so is a class
    /// of a file that an earlier module has too.
    fn add_class(&mut self) {
        for (file, mut lines) in std::mem::take(&mut self.class_lines) {
            let key = self.key(Some(file));
            let path = self.files.get(&(self.module, file));
            let owner = path.and_then(|path| self.owners.get(path)).copied();
            let part = match owner {
                Some(module) if module != self.module => format!("{} {}", self.module_name, self.class_name),
                _ => self.class_name.clone(),
            };
            let source = self.coverage.source(key);
            lines.sort_by_key(|line| line.number);
            let mut parts: Vec<Vec<Line>> = Vec::new();
            let (mut nth, mut before) = (0, None);
            for line in lines {
                nth = if before == Some(line.number) { nth + 1 } else { 0 };
                before = Some(line.number);
                if parts.len() == nth {
                    parts.push(Vec::new());
                }
                parts[nth].push(line);
            }
            for (nth, lines) in parts.iter().enumerate() {
                match nth {
                    0 => source.add_lines_of(&part, lines),
                    // Short, because there may be many.
                    _ => source.add_lines_of(&format!("{:x} {nth}", identity(&part)), lines),
                }
            }
        }
    }

    fn finish(self, name: &str) -> Coverage {
        let mut coverage = self.coverage.finish(name, &self.totals.summary());
        coverage.rename(|key| {
            let (module, rest) = key.split_once(WITHIN)?;
            let (file, module_name) = rest.split_once(WITHIN)?;
            let known = self.files.get(&(module.parse().ok()?, file.parse().ok()?)).cloned();
            Some(known.unwrap_or_else(|| path::normalise(&format!("{module_name}.dll"))))
        });
        coverage
    }
}

/// Stands between the parts of a source's name while the report is read.
const WITHIN: char = '\0';
