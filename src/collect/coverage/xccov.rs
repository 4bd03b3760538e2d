//! Xcode's coverage as `xccov view --report --json` prints it: targets of files of functions, with counters of lines and no
//! lines. Only reads; what a measurement means is decided in `measure`.

use super::json::{Json, Kind, Step};
use super::kind::{CoverageKind, Summary};
use super::measure::{Coverage, Function};
use super::probe::Probe;
use super::{CoverageFormat, path};
use crate::error::Result;

/// Whether the document has Xcode's counters at its root or in its first target.
pub(super) fn recognises(probe: &Probe<'_>) -> bool {
    probe.json.as_ref().is_some_and(|json| {
        ["executableLines", "coveredLines", "lineCoverage", "targets"]
            .iter()
            .filter(|key| json.has(1, key))
            .count()
            >= 1
            && ["executableLines", "coveredLines", "lineCoverage"]
                .iter()
                .any(|key| json.any(|found| found == *key))
    })
}

/// Reads a whole report.
pub(super) fn read(text: &[u8], name: &str) -> Result<Coverage> {
    let mut coverage = Coverage::default();
    let mut totals = Counters::default();
    Json::new(text, name).whole(|json| {
        json.object(|json, key| match key {
            b"targets" => json.list(|json| {
                json.object(|json, key| match key {
                    b"files" => json.list(|json| file(json, &mut coverage)),
                    _ => json.skip(),
                })
            }),
            _ => totals.read(json, key),
        })
    })?;
    coverage.explain(CoverageKind::Line);
    Ok(coverage.finish(name, &totals.summary()))
}

#[derive(Default)]
struct Counters {
    covered: Option<u64>,
    executable: Option<u64>,
}

impl Counters {
    fn read(&mut self, json: &mut Json<'_>, key: &[u8]) -> Step<()> {
        match key {
            b"coveredLines" => self.covered = Some(json.total()?),
            b"executableLines" => self.executable = Some(json.total()?),
            _ => json.skip()?,
        }
        Ok(())
    }

    fn summary(&self) -> Summary {
        Summary::default().with(CoverageKind::Line, self.covered, self.executable)
    }
}

fn file(json: &mut Json<'_>, coverage: &mut Coverage) -> Step<()> {
    let at = json.place();
    let (mut named, mut functions, mut counters) = (String::new(), Vec::new(), Counters::default());
    json.object(|json, key| match key {
        b"path" => {
            named = path::normalise(&String::from_utf8_lossy(&json.text()?));
            Ok(())
        }
        b"functions" => json.list(|json| {
            functions.push(function(json)?);
            Ok(())
        }),
        _ => counters.read(json, key),
    })?;
    if named.is_empty() {
        return json.refuse(at, "expected a file with a `path`");
    }
    let source = coverage.source(named);
    source.add_functions(CoverageFormat::Xccov, &mut functions);
    source.state(&counters.summary());
    Ok(())
}

fn function(json: &mut Json<'_>) -> Step<Function> {
    let mut function = Function { name: Box::default(), line: 0, hits: 0 };
    json.object(|json, key| {
        match key {
            b"name" if json.kind()? == Kind::Text => {
                function.name = String::from_utf8_lossy(&json.text()?).into_owned().into_boxed_str();
            }
            b"lineNumber" => function.line = json.position()?.unwrap_or(0),
            b"executionCount" => function.hits = json.hits()?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(function)
}
