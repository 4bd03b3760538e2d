//! gcovr's JSON: the report, with lines, branches and functions of each file, and the summary, which has counters only.
//! Only reads; what a measurement means is decided in `measure`.
//!
//! The report states no totals; what gcovr prints is the number of its entries. From 8.5 on each instance of a template has
//! entries of its own for the same lines.

use super::json::{Json, Kind, Step};
use super::kind::{CoverageKind, Summary};
use super::measure::{Coverage, Edge, Function, Line};
use super::probe::Probe;
use super::{CoverageFormat, path};
use crate::error::Result;

/// Whether the document has a key that only gcovr uses.
pub(super) fn recognises(probe: &Probe<'_>) -> bool {
    probe.json.as_ref().is_some_and(|json| json.any(|key| key.starts_with("gcovr/")))
}

/// Reads a whole report or summary.
pub(super) fn read(text: &[u8], name: &str) -> Result<Coverage> {
    let mut coverage = Coverage::default();
    let mut file = File::default();
    let mut totals = Counters::default();
    Json::new(text, name).whole(|json| {
        json.object(|json, key| match key {
            b"files" => json.list(|json| {
                file.read(json)?;
                file.hand_over(&mut coverage);
                Ok(())
            }),
            _ => totals.read(json, key),
        })
    })?;
    for kind in [CoverageKind::Line, CoverageKind::Branch, CoverageKind::Function] {
        coverage.explain(kind);
    }
    Ok(coverage.finish(name, &totals.summary()))
}

/// Covered and total of lines, branches and functions, as a summary has them.
#[derive(Default)]
struct Counters([Option<u64>; 6]);

impl Counters {
    fn read(&mut self, json: &mut Json<'_>, key: &[u8]) -> Step<()> {
        let place = match key {
            b"line_covered" => 0,
            b"line_total" => 1,
            b"branch_covered" => 2,
            b"branch_total" => 3,
            b"function_covered" => 4,
            b"function_total" => 5,
            _ => return json.skip(),
        };
        self.0[place] = Some(json.total()?);
        Ok(())
    }

    fn summary(&self) -> Summary {
        let [lines, all_lines, branches, all_branches, functions, all_functions] = self.0;
        Summary::default()
            .with(CoverageKind::Line, lines, all_lines)
            .with(CoverageKind::Branch, branches, all_branches)
            .with(CoverageKind::Function, functions, all_functions)
    }

    fn count(&mut self, place: usize, covered: bool) {
        for (at, more) in [(place, u64::from(covered)), (place + 1, 1)] {
            self.0[at] = Some(self.0[at].unwrap_or(0) + more);
        }
    }
}

/// The file being read. Its vectors are reused from file to file.
#[derive(Default)]
struct File {
    path: String,
    lines: Vec<Line>,
    edges: Vec<Edge>,
    functions: Vec<Function>,
    counters: Counters,
}

impl File {
    fn read(&mut self, json: &mut Json<'_>) -> Step<()> {
        let at = json.place();
        json.object(|json, key| match key {
            b"file" | b"filename" => {
                self.path = path::normalise(&String::from_utf8_lossy(&json.text()?));
                Ok(())
            }
            b"lines" => json.list(|json| self.line(json)),
            b"functions" => json.list(|json| self.function(json)),
            _ => self.counters.read(json, key),
        })?;
        if self.path.is_empty() {
            json.refuse(at, "expected a `file` or `filename`, found neither")
        } else {
            Ok(())
        }
    }

    fn line(&mut self, json: &mut Json<'_>) -> Step<()> {
        let at = json.place();
        let (mut number, mut hits, mut left_out) = (None, 0, false);
        let first = self.edges.len();
        json.object(|json, key| {
            match key {
                b"line_number" => number = json.position()?,
                b"count" => hits = json.hits()?,
                b"gcovr/noncode" | b"gcovr/excluded" => left_out |= flag(json)?,
                b"branches" => json.list(|json| self.branch(json, first))?,
                _ => json.skip()?,
            }
            Ok(())
        })?;
        let Some(number) = number else { return json.refuse(at, "expected a line with a `line_number`") };
        if left_out {
            self.edges.truncate(first);
            return Ok(());
        }
        self.lines.push(Line { number, hits });
        self.counters.count(0, hits > 0);
        for edge in &mut self.edges[first..] {
            edge.line = number;
            self.counters.count(2, edge.taken > 0);
        }
        Ok(())
    }

    /// A way out of a condition. Ways of one line are told apart by their order, which is the same in every run.
    fn branch(&mut self, json: &mut Json<'_>, first: usize) -> Step<()> {
        let mut edge = Edge { line: 0, block: 0, branch: (self.edges.len() - first) as u32, taken: 0 };
        let mut left_out = false;
        json.object(|json, key| {
            match key {
                b"count" => edge.taken = json.hits()?,
                b"source_block_id" => edge.block = json.position()?.unwrap_or(0),
                b"gcovr/excluded" => left_out |= flag(json)?,
                _ => json.skip()?,
            }
            Ok(())
        })?;
        if !left_out {
            self.edges.push(edge);
        }
        Ok(())
    }

    fn function(&mut self, json: &mut Json<'_>) -> Step<()> {
        let (mut name, mut demangled, mut line, mut hits, mut left_out) =
            (Box::default(), Box::default(), 0, 0, false);
        json.object(|json, key| {
            match key {
                b"name" if json.kind()? == Kind::Text => name = boxed(&json.text()?),
                b"demangled_name" if json.kind()? == Kind::Text => demangled = boxed(&json.text()?),
                b"lineno" => line = json.position()?.unwrap_or(0),
                b"execution_count" => hits = json.hits()?,
                b"gcovr/excluded" => left_out |= flag(json)?,
                _ => json.skip()?,
            }
            Ok(())
        })?;
        if !left_out {
            self.counters.count(4, hits > 0);
            let name: Box<str> = if name.is_empty() { demangled } else { name };
            self.functions.push(Function { name, line, hits });
        }
        Ok(())
    }

    fn hand_over(&mut self, coverage: &mut Coverage) {
        let source = coverage.source(std::mem::take(&mut self.path));
        source.add_lines(&self.lines);
        source.add_edges(CoverageFormat::Gcovr, &self.edges);
        source.add_functions(CoverageFormat::Gcovr, &mut self.functions);
        source.state(&self.counters.summary());
        self.lines.clear();
        self.edges.clear();
        self.functions.clear();
        self.counters = Counters::default();
    }
}

fn boxed(text: &[u8]) -> Box<str> {
    String::from_utf8_lossy(text).into_owned().into_boxed_str()
}

/// `true`, or anything else for no.
fn flag(json: &mut Json<'_>) -> Step<bool> {
    if json.kind()? == Kind::Truth { json.truth() } else { json.skip().map(|()| false) }
}
