//! One run's coverage files, each parsed once however many metrics ask for it. The host brings the
//! bytes; a file that failed to parse fails every metric that uses it, with the same words.

use super::coverage::{self, Coverage, CoverageFormat, CoverageKind};
use crate::error::{Code, Error, Result};
use crate::text;
use std::collections::{HashMap, HashSet};

/// The parsed files of one run.
#[derive(Default)]
pub struct Measurement {
    root: String,
    files: HashMap<(String, Option<CoverageFormat>), Result<Coverage>>,
}

impl Measurement {
    /// A session without files. Source paths below `root`, an absolute directory, are made relative
    /// to it, so that reports with absolute and with relative paths meet.
    pub fn new(root: &str) -> Self {
        Self { root: root.to_owned(), files: HashMap::new() }
    }

    /// Whether the file was given already, with the format named or to be detected.
    pub fn has_coverage(&self, path: &str, format: Option<CoverageFormat>) -> bool {
        self.files.contains_key(&(path.to_owned(), format))
    }

    /// Parses a coverage file and keeps the result, or the failure, under its path.
    pub fn add_coverage(&mut self, path: &str, format: Option<CoverageFormat>, bytes: &[u8]) {
        let mut parsed = match format {
            Some(format) => coverage::parse(format, bytes, path),
            None => coverage::parse_detected(bytes, path),
        };
        if let Ok(coverage) = &mut parsed {
            coverage.make_relative(&self.root);
        }
        self.files.insert((path.to_owned(), format), parsed);
    }

    /// The source files that the reports speak of, each once, sorted.
    ///
    /// # Errors
    /// The failure of the first file that could not be parsed.
    pub fn coverage_sources(&self, paths: &[String], format: Option<CoverageFormat>) -> Result<Vec<String>> {
        let mut sources = Vec::new();
        for path in paths {
            sources.extend(self.file(path, format)?.sources().map(str::to_owned));
        }
        sources.sort_unstable();
        sources.dedup();
        Ok(sources)
    }

    /// The percentage over the reports, merged by source line. `keep` names the source files that
    /// count, `None` counts all.
    ///
    /// # Errors
    /// The failure of the first file that could not be parsed; `COLLECTOR_NOTHING` where the
    /// reports hold nothing of the kind and there is no fallback.
    pub fn coverage(
        &self,
        paths: &[String],
        of: CoverageKind,
        format: Option<CoverageFormat>,
        fallback: Option<f64>,
        keep: Option<Vec<String>>,
    ) -> Result<f64> {
        let keep: Option<HashSet<String>> = keep.map(|sources| sources.into_iter().collect());
        let keep = |source: &str| keep.as_ref().is_none_or(|kept| kept.contains(source));
        let counted = match paths {
            [one] => self.file(one, format)?.count(of, &keep),
            _ => {
                let mut merged = Coverage::default();
                for path in paths {
                    merged.merge(self.file(path, format)?);
                }
                merged.count(of, &keep)
            }
        };
        counted.percent().or(fallback).ok_or_else(|| {
            let reports = text::list(&paths.iter().map(|path| text::quote(path)).collect::<Vec<_>>());
            Error::new(Code::CollectorNothing, format!("{reports} has no {} data to measure", of.name()))
                .hint("Let the coverage tool record it, measure another `--type`, or give `--fallback`.")
        })
    }

    fn file(&self, path: &str, format: Option<CoverageFormat>) -> Result<&Coverage> {
        match self.files.get(&(path.to_owned(), format)) {
            Some(Ok(coverage)) => Ok(coverage),
            Some(Err(error)) => Err(error.clone()),
            None => Err(Error::new(Code::Internal, format!("{} was not read", text::quote(path)))),
        }
    }
}
