//! The JSON of `llvm-cov export`, of clang, Swift and Rust (cargo-llvm-cov): files with segments and branches, and functions
//! with regions. Only reads; what a measurement means is decided in `measure`.
//!
//! What the tool prints are its counters (`summary`): it counts lines, regions and branches function by function, so that a
//! line of two functions is two, and takes the instance of a template that was covered most. They are all that there is with
//! `-summary-only`.

use super::json::{Json, Kind, Step};
use super::kind::{CoverageKind, Summary};
use super::measure::{Coverage, Edge, Function, Line, Unit};
use super::probe::Probe;
use super::{CoverageFormat, path};
use crate::error::Result;

/// Whether the document has the tool's `data`.
pub(super) fn recognises(probe: &Probe<'_>) -> bool {
    probe.json.as_ref().is_some_and(|json| {
        json.has(1, "data")
            && ["files", "functions", "totals"].iter().any(|key| json.has(2, key))
            && !json.has(3, "statementMap")
    })
}

/// Reads a whole report.
pub(super) fn read(text: &[u8], name: &str) -> Result<Coverage> {
    let mut coverage = Coverage::default();
    let mut totals = Summary::default();
    let mut file = File { room: text.len().saturating_add(LEAST_ROOM), ..File::default() };
    Json::new(text, name).whole(|json| {
        json.object(|json, key| match key {
            b"data" => json.list(|json| {
                json.object(|json, key| match key {
                    b"files" => json.list(|json| {
                        file.read(json)?;
                        file.hand_over(&mut coverage);
                        Ok(())
                    }),
                    b"functions" => json.list(|json| function(json, &mut coverage)),
                    b"totals" => {
                        totals.add(&counters(json)?);
                        Ok(())
                    }
                    _ => json.skip(),
                })
            }),
            _ => json.skip(),
        })
    })?;
    for kind in [CoverageKind::Line, CoverageKind::Region, CoverageKind::Function, CoverageKind::Branch] {
        coverage.explain(kind);
    }
    Ok(coverage.finish(name, &totals))
}

/// How many lines the smallest report may have: a report has few bytes for each of its lines only where two far apart are
/// the ends of one region, which a broken one can repeat.
const LEAST_ROOM: usize = 1_000_000;

/// Where the code of a line changes: `[line, column, count, has a count, begins a region, is a gap]`.
#[derive(Clone, Copy, Default)]
struct Segment {
    line: u32,
    count: u32,
    counted: bool,
    entry: bool,
    gap: bool,
}

/// The file being read. Its vectors are reused from file to file.
#[derive(Default)]
struct File {
    path: String,
    segments: Vec<Segment>,
    branches: Vec<[u32; 4]>,
    summary: Summary,
    lines: Vec<Line>,
    /// Lines that may still come.
    room: usize,
}

impl File {
    fn read(&mut self, json: &mut Json<'_>) -> Step<()> {
        let at = json.place();
        json.object(|json, key| match key {
            b"filename" => {
                self.path = path::normalise(&String::from_utf8_lossy(&json.text()?));
                Ok(())
            }
            b"segments" => json.list(|json| {
                self.segments.push(segment(json)?);
                Ok(())
            }),
            b"branches" => json.list(|json| {
                let [line, column, _, _, yes, no, ..] = numbers::<9>(json)?;
                self.branches.push([line, column, yes, no]);
                Ok(())
            }),
            b"summary" => {
                self.summary = counters(json)?;
                Ok(())
            }
            _ => json.skip(),
        })?;
        if self.path.is_empty() {
            return json.refuse(at, "expected a file with a `filename`");
        }
        if !self.count_lines() {
            return json
                .refuse(at, "the segments of this file have more lines than a report of this size can have");
        }
        Ok(())
    }

    /// The lines, as LLVM itself makes them out of segments; whether there was room for them.
    ///
    /// A line counts if a region begins on it or goes on over it; its count is the largest of both.
    fn count_lines(&mut self) -> bool {
        self.lines.clear();
        self.segments.sort_by_key(|segment| segment.line);
        let mut wrapped: Option<Segment> = None;
        for own in self.segments.chunk_by(|a, b| a.line == b.line) {
            let number = own[0].line;
            if let Some(before) = wrapped.filter(|before| before.counted) {
                let between = number - before.line - 1;
                if between as usize > self.room {
                    return false;
                }
                self.room -= between as usize;
                let line = |number| Line { number, hits: before.count };
                self.lines.extend((before.line + 1..number).map(line));
            }
            let begins = |it: &&Segment| it.counted && it.entry && !it.gap;
            let left_out = !own[0].counted && own[0].entry;
            let around = wrapped.filter(|before| before.counted);
            let any_entry = own.iter().any(|it| it.entry && it.counted);
            if any_entry || (!left_out && around.is_some()) {
                let largest = own.iter().filter(begins).map(|it| it.count).max();
                let hits = largest.unwrap_or(0).max(wrapped.map_or(0, |before| before.count));
                self.lines.push(Line { number, hits });
            }
            wrapped = own.last().copied();
        }
        true
    }

    fn hand_over(&mut self, coverage: &mut Coverage) {
        let source = coverage.source(std::mem::take(&mut self.path));
        source.add_lines(&self.lines);
        // Instances of a template have branches at one place.
        self.branches.sort_unstable();
        let edges: Vec<Edge> = self
            .branches
            .iter()
            .flat_map(|&[line, block, yes, no]| {
                [Edge { line, block, branch: 0, taken: yes }, Edge { line, block, branch: 1, taken: no }]
            })
            .collect();
        source.add_edges(CoverageFormat::Llvm, &edges);
        source.state(&self.summary);
        self.segments.clear();
        self.branches.clear();
        self.summary = Summary::default();
    }
}

/// A list of numbers and truths; those that are not there are 0.
fn numbers<const N: usize>(json: &mut Json<'_>) -> Step<[u32; N]> {
    let mut read = [0; N];
    let mut count = 0;
    json.list(|json| {
        let value = match json.kind()? {
            Kind::Truth => json.truth()?.into(),
            _ => json.hits()?,
        };
        if let Some(place) = read.get_mut(count) {
            *place = value;
        }
        count += 1;
        Ok(())
    })?;
    Ok(read)
}

/// Older versions write 0 and 1 for truths, and no sixth of them.
fn segment(json: &mut Json<'_>) -> Step<Segment> {
    let at = json.place();
    let [line, _, count, counted, entry, gap] = numbers::<6>(json)?;
    if line == 0 {
        return json.refuse(at, "expected a segment that begins with its line");
    }
    Ok(Segment { line, count, counted: counted > 0, entry: entry > 0, gap: gap > 0 })
}

/// A function or an instance of one, with its regions: `[line, column, end line, end column, count, file, .., kind]`.
fn function(json: &mut Json<'_>, coverage: &mut Coverage) -> Step<()> {
    const CODE: u32 = 0;
    let (mut hits, mut files, mut regions) = (0, Vec::new(), Vec::new());
    json.object(|json, key| {
        match key {
            b"count" => hits = json.hits()?,
            b"filenames" => json.list(|json| {
                files.push(path::normalise(&String::from_utf8_lossy(&json.text()?)));
                Ok(())
            })?,
            b"regions" => json.list(|json| {
                regions.push(numbers::<8>(json)?);
                Ok(())
            })?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    let Some(main) = files.first() else { return Ok(()) };
    // The instances of a template begin at one place, and are one function.
    let (line, column) =
        regions.iter().find(|region| region[5] == 0).map_or((0, 0), |region| (region[0], region[1]));
    let name = column.to_string().into_boxed_str();
    let source = coverage.source(main.clone());
    source.add_functions(CoverageFormat::Llvm, &mut vec![Function { name, line, hits }]);
    // Regions of other files are those of macros, which count where they are expanded.
    let code = regions.iter().filter(|region| region[7] == CODE && region[5] == 0);
    let mut units: Vec<Unit> = code
        .map(|&[line, column, end, end_column, hits, ..]| Unit {
            kind: CoverageKind::Region,
            start: (line, column),
            end: (end, end_column),
            weight: 1,
            hits,
        })
        .collect();
    source.add_units(CoverageFormat::Llvm, &mut units);
    Ok(())
}

/// `{"lines": {"count": 4, "covered": 3, ..}, ..}`
fn counters(json: &mut Json<'_>) -> Step<Summary> {
    let mut summary = Summary::default();
    json.object(|json, key| {
        let kind = match key {
            b"lines" => CoverageKind::Line,
            b"regions" => CoverageKind::Region,
            b"functions" => CoverageKind::Function,
            b"branches" => CoverageKind::Branch,
            _ => return json.skip(),
        };
        let (mut covered, mut total) = (None, None);
        json.object(|json, key| {
            match key {
                b"covered" => covered = Some(json.total()?),
                b"count" => total = Some(json.total()?),
                _ => json.skip()?,
            }
            Ok(())
        })?;
        summary = summary.with(kind, covered, total);
        Ok(())
    })?;
    Ok(summary)
}
