//! SimpleCov's own files: `.resultset.json` with the results of several commands, and `.last_run.json`, which holds nothing
//! but percentages. Only reads; what a measurement means is decided in `measure`.
//!
//! The commands of a result set are united as the tool does it: a line counts where it ran, or where each command has a
//! number for it. What `:nocov:` excludes is only in the sources.

use super::json::{Json, Kind, Step};
use super::kind::{CoverageKind, Summary};
use super::measure::{Coverage, Line, NamedEdge};
use super::probe::Probe;
use super::{CoverageFormat, path, refuse};
use crate::error::Result;
use std::collections::HashMap;

/// Whether the document has the coverage of a command, or the percentages of the last run.
pub(super) fn recognises(probe: &Probe<'_>) -> bool {
    probe.json.as_ref().is_some_and(|json| {
        json.first(2) == Some("coverage")
            || (json.first(1) == Some("result")
                && ["line", "branch", "covered_percent"].iter().any(|key| json.has(2, key)))
    })
}

/// Reads a whole file.
pub(super) fn read(text: &[u8], name: &str) -> Result<Coverage> {
    let mut report = Report::default();
    Json::new(text, name).whole(|json| {
        json.object(|json, key| {
            let command = key;
            json.object(|json, key| match key {
                b"coverage" => report.command(json),
                b"line" | b"covered_percent" if command == b"result" => report.rate(json, CoverageKind::Line),
                b"branch" if command == b"result" => report.rate(json, CoverageKind::Branch),
                _ => json.skip(),
            })
        })
    })?;
    if report.files.is_empty() && !report.rated {
        return Err(refuse(name, "expected at least one file, found none")
            .hint("Check that the tests ran with coverage switched on and that the sources were found."));
    }
    Ok(report.finish(name))
}

#[derive(Default)]
struct Report {
    files: HashMap<String, File>,
    stated: Summary,
    rated: bool,
}

/// A file, over all commands.
#[derive(Default)]
struct File {
    /// By line from 1 on: how often it ran, and whether a command has no number for it.
    lines: Vec<(u32, bool)>,
    edges: Vec<NamedEdge>,
    commands: u32,
}

impl Report {
    /// The coverage of one command: files with a list of lines, by itself or among others.
    fn command(&mut self, json: &mut Json<'_>) -> Step<()> {
        json.object(|json, key| {
            let file = self.files.entry(path::normalise(&String::from_utf8_lossy(key))).or_default();
            if json.kind()? == Kind::List {
                return file.lines(json);
            }
            json.object(|json, key| match key {
                b"lines" if json.kind()? == Kind::List => file.lines(json),
                b"branches" => file.branches(json),
                _ => json.skip(),
            })
        })
    }

    /// A percentage without counts weighs as many lines when it is averaged with other reports.
    fn rate(&mut self, json: &mut Json<'_>, kind: CoverageKind) -> Step<()> {
        const WEIGHT: f64 = 1_000_000.0;
        let at = json.place();
        match json.number()? {
            Some(percent) if (0.0..=100.0).contains(&percent) => {
                let covered = (percent / 100.0 * WEIGHT).round() as u64;
                self.stated = self.stated.with(kind, Some(covered), Some(WEIGHT as u64));
                self.rated = true;
                Ok(())
            }
            _ => json.refuse(at, "expected a percentage from 0 to 100"),
        }
    }

    fn finish(self, name: &str) -> Coverage {
        let mut coverage = Coverage::default();
        for (path, mut file) in self.files {
            let source = coverage.source(path);
            let counts = |(number, (hits, lacking)): (u32, (u32, bool))| {
                (hits > 0 || !lacking).then_some(Line { number, hits })
            };
            let lines: Vec<Line> = (1u32..).zip(file.lines).filter_map(counts).collect();
            source.add_lines(&lines);
            source.add_named_edges(CoverageFormat::SimpleCov, &mut file.edges);
        }
        coverage.finish(name, &self.stated)
    }
}

impl File {
    fn lines(&mut self, json: &mut Json<'_>) -> Step<()> {
        let earlier = self.commands > 0;
        self.commands += 1;
        let mut at = 0;
        json.list(|json| {
            let (hits, lacking) = match json.kind()? {
                // `ignored` is what older versions write for lines that do not count.
                Kind::Null | Kind::Text => json.skip().map(|()| (0, true))?,
                _ => (json.hits()?, false),
            };
            match self.lines.get_mut(at) {
                Some(line) => *line = (line.0.saturating_add(hits), line.1 || lacking),
                None => self.lines.push((hits, lacking || earlier)),
            }
            at += 1;
            Ok(())
        })?;
        for line in self.lines.iter_mut().skip(at) {
            line.1 = true;
        }
        Ok(())
    }

    /// `{"[:if, 0, 3, 4, 5, 6]": {"[:then, 1, 4, 6, 4, 9]": 1, ..}}`: conditions, with how often each way was taken.
    fn branches(&mut self, json: &mut Json<'_>) -> Step<()> {
        json.object(|json, key| {
            let condition = String::from_utf8_lossy(key).into_owned();
            let line = condition.split(',').nth(2).and_then(|number| number.trim().parse().ok()).unwrap_or(0);
            json.object(|json, key| {
                let name = format!("{condition} {}", String::from_utf8_lossy(key)).into_boxed_str();
                self.edges.push(NamedEdge { line, name, taken: json.hits()? });
                Ok(())
            })
        })
    }
}
