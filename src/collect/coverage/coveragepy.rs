//! The JSON report of coverage.py: per file the lines that ran and that did not, and with `--branch` the jumps between
//! lines. Only reads; what a measurement means is decided in `measure`.
//!
//! The counters of each file (`summary`) are the tool's figure: up to 7.6 the lines that ran include docstrings, which are
//! no statements.

use super::json::{Json, Step};
use super::kind::{CoverageKind, Summary};
use super::measure::{Coverage, Edge, Line};
use super::probe::Probe;
use super::{CoverageFormat, path};
use crate::error::Result;

/// Whether the document has the tool's `meta`, or its files and totals.
pub(super) fn recognises(probe: &Probe<'_>) -> bool {
    probe.json.as_ref().is_some_and(|json| {
        (json.has(1, "meta") && (json.has(2, "branch_coverage") || json.has(2, "show_contexts")))
            || (json.has(1, "files") && json.has(3, "executed_lines"))
    })
}

/// Reads a whole report.
pub(super) fn read(text: &[u8], name: &str) -> Result<Coverage> {
    let mut coverage = Coverage::default();
    let mut totals = Summary::default();
    let mut file = File::default();
    Json::new(text, name).whole(|json| {
        json.object(|json, key| match key {
            b"files" => json.object(|json, key| {
                file.read(json)?;
                file.hand_over(path::normalise(&String::from_utf8_lossy(key)), &mut coverage);
                Ok(())
            }),
            b"totals" => {
                totals = counters(json)?.0;
                Ok(())
            }
            _ => json.skip(),
        })
    })?;
    coverage.explain(CoverageKind::Line);
    Ok(coverage.finish(name, &totals))
}

/// The file being read. Its vectors are reused from file to file.
#[derive(Default)]
struct File {
    lines: Vec<Line>,
    excluded: Vec<u32>,
    edges: Vec<Edge>,
    summary: Summary,
    /// How many statements the file has, where the report says so.
    statements: Option<u64>,
}

impl File {
    fn read(&mut self, json: &mut Json<'_>) -> Step<()> {
        json.object(|json, key| match key {
            b"executed_lines" => self.lines(json, 1),
            b"missing_lines" => self.lines(json, 0),
            b"excluded_lines" => json.list(|json| {
                self.excluded.extend(json.position()?);
                Ok(())
            }),
            b"executed_branches" => self.branches(json, 1),
            b"missing_branches" => self.branches(json, 0),
            b"summary" => {
                (self.summary, self.statements) = counters(json)?;
                Ok(())
            }
            _ => json.skip(),
        })
    }

    fn lines(&mut self, json: &mut Json<'_>, hits: u32) -> Step<()> {
        json.list(|json| {
            let at = json.place();
            match json.position()? {
                Some(number) => self.lines.push(Line { number, hits }),
                None => return json.refuse(at, "expected the number of a line"),
            }
            Ok(())
        })
    }

    /// Jumps from a line to another; one that is below zero leaves the function that begins there.
    fn branches(&mut self, json: &mut Json<'_>, taken: u32) -> Step<()> {
        json.list(|json| {
            let at = json.place();
            let (mut ends, mut count) = ([0.0; 2], 0);
            json.list(|json| {
                let number = json.number()?;
                if let (Some(number), Some(end)) = (number, ends.get_mut(count)) {
                    *end = number;
                    count += 1;
                }
                Ok(())
            })?;
            if count != 2 {
                return json.refuse(at, "expected the lines between which a branch jumps");
            }
            let [from, to] = ends;
            self.edges.push(Edge {
                line: from.abs() as u32,
                block: (to < 0.0).into(),
                branch: to.abs() as u32,
                taken,
            });
            Ok(())
        })
    }

    fn hand_over(&mut self, path: String, coverage: &mut Coverage) {
        self.excluded.sort_unstable();
        let excluded = &self.excluded;
        self.lines.retain(|line| excluded.binary_search(&line.number).is_err());
        if self.statements == Some(0) {
            self.lines.clear();
        }
        let source = coverage.source(path);
        source.add_lines(&self.lines);
        source.add_edges(CoverageFormat::CoveragePy, &self.edges);
        source.state(&self.summary);
        self.lines.clear();
        self.excluded.clear();
        self.edges.clear();
        self.summary = Summary::default();
        self.statements = None;
    }
}

/// The counters of a `summary` or of the `totals`, and how many statements there are.
fn counters(json: &mut Json<'_>) -> Step<(Summary, Option<u64>)> {
    let mut read = [None; 4];
    json.object(|json, key| {
        let place = match key {
            b"covered_lines" => 0,
            b"num_statements" => 1,
            b"covered_branches" => 2,
            b"num_branches" => 3,
            _ => return json.skip(),
        };
        read[place] = Some(json.total()?);
        Ok(())
    })?;
    let [lines, statements, taken, branches] = read;
    let summary = Summary::default().with(CoverageKind::Line, lines, statements).with(
        CoverageKind::Branch,
        taken,
        branches,
    );
    Ok((summary, statements))
}
