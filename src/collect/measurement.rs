//! One run's report files, each parsed once a reader however many metrics ask for it. The host brings the
//! bytes; a file that failed to parse fails every metric that uses it, with the same words.

use super::Measure;
use super::bench::{BenchFailure, BenchValue, Benchmarks};
use super::coverage::{self, Coverage, CoverageFormat, CoverageKind};
use super::junit::{self, TestNames, TestRun};
use crate::error::{Code, Error, Result};
use crate::metric::Value;
use crate::text;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// Who reads a file: the kind of the [`Measure`] that asks for it. A file of two readers is read twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum Reader {
    /// Coverage reports of every format.
    Coverage,
    /// What benchmark tools write.
    Bench,
    /// Test results of every format.
    Junit,
}

/// A report among others whose bytes lie one behind the other.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(rename_all = "camelCase")]
pub struct ReportFile {
    /// Its name in messages and questions.
    pub name: String,
    /// Who reads it.
    pub reader: Reader,
    /// The format; found by looking at the content where none is named.
    #[serde(default)]
    pub format: Option<CoverageFormat>,
    /// Bytes.
    pub length: usize,
}

/// What is asked of files that were parsed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(rename_all = "camelCase")]
pub struct ReportQuestion {
    /// The files' names.
    pub names: Vec<String>,
    /// What is measured, as the plan says it.
    pub measure: Measure,
    /// Whether to answer which source files coverage reports speak of, instead of the value.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<bool>", optional))]
    pub sources: bool,
    /// Whether to answer with the figures of all benchmarks, whatever name is measured.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<bool>", optional))]
    pub all: bool,
    /// The source files of coverage reports that count; all of them unless given.
    #[serde(default)]
    pub keep: Option<Vec<String>>,
}

/// The answer to a [`ReportQuestion`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum ReportAnswer {
    /// What was asked for.
    Value {
        /// A number, or a text where a file holds one.
        value: Value,
        /// What makes the value doubtful and is no failure.
        warnings: Vec<Error>,
        /// Test cases that a run's page names; of test results only.
        tests: Option<TestNames>,
    },
    /// One figure of a benchmark.
    Bench {
        /// The figure, with what the file says of it.
        figure: BenchValue,
    },
    /// The figures of all benchmarks, in the order of the files.
    Benchmarks {
        /// Those that there are.
        figures: Vec<BenchValue>,
        /// Benchmarks that have none.
        failed: Vec<BenchFailure>,
    },
    /// Source files.
    Sources {
        /// Each once, sorted.
        sources: Vec<String>,
    },
    /// No answer.
    Failed {
        /// Why.
        error: Error,
    },
}

impl ReportAnswer {
    /// A value with what makes it doubtful.
    fn of(value: Value, warnings: Vec<Error>) -> Self {
        Self::Value { value, warnings, tests: None }
    }
}

/// The parsed files of one run.
#[derive(Default)]
pub struct Measurement {
    root: String,
    files: HashMap<(String, Option<CoverageFormat>), Result<Coverage>>,
    benchmarks: Benchmarks,
    /// Files without a record in them, which tools write when nothing ran.
    blank: HashSet<String>,
    tests: HashMap<String, Result<TestRun>>,
}

impl Measurement {
    /// A session without files. Source paths below `root`, an absolute directory, are made relative
    /// to it, so that reports with absolute and with relative paths meet.
    pub fn new(root: &str) -> Self {
        Self { root: root.to_owned(), ..Self::default() }
    }

    /// Parses files whose bytes lie one behind the other and answers questions, which may be about earlier files too.
    pub fn answer(
        &mut self,
        bytes: &[u8],
        files: &[ReportFile],
        questions: &[ReportQuestion],
    ) -> Vec<ReportAnswer> {
        let mut rest = bytes;
        for ReportFile { name, reader, format, length } in files {
            let (own, others) = rest.split_at((*length).min(rest.len()));
            match reader {
                Reader::Coverage => self.add_coverage(name, *format, own),
                Reader::Bench => self.benchmarks.add(name, own),
                Reader::Junit => {
                    self.tests.insert(name.clone(), junit::parse(own, name));
                }
            }
            rest = others;
        }
        let answer =
            |question| self.answer_to(question).unwrap_or_else(|error| ReportAnswer::Failed { error });
        questions.iter().map(answer).collect()
    }

    fn answer_to(&self, question: &ReportQuestion) -> Result<ReportAnswer> {
        let ReportQuestion { names, measure, sources, all, keep } = question;
        match measure {
            Measure::Coverage { format, .. } if *sources => {
                let sources = self.coverage_sources(names, *format)?;
                Ok(ReportAnswer::Sources { sources })
            }
            Measure::Coverage { of, format, fallback } => {
                let (percent, warnings) = self.coverage(names, *of, *format, *fallback, keep.clone())?;
                Ok(ReportAnswer::of(Value::Numeric(percent), warnings))
            }
            Measure::Bench { stat, .. } if *all => {
                let (figures, failed) = self.benchmarks.all(names, stat.as_deref())?;
                Ok(ReportAnswer::Benchmarks { figures, failed })
            }
            Measure::Bench { name, stat } => {
                let figure = self.benchmarks.value(names, name.as_deref(), stat.as_deref())?;
                Ok(ReportAnswer::Bench { figure })
            }
            Measure::Junit { stat } => {
                let runs = names.iter().map(|name| Ok((name.as_str(), self.test_run(name)?)));
                let figure = junit::figure(&runs.collect::<Result<Vec<_>>>()?, *stat)?;
                let junit::TestFigure { value, warnings, names } = figure;
                Ok(ReportAnswer::Value { value: Value::Numeric(value), warnings, tests: Some(names) })
            }
            Measure::Lines { .. } | Measure::Bytes { .. } => {
                Err(Error::new(Code::Internal, "lines and bytes are not read from reports"))
            }
        }
    }

    /// Parses a coverage file and keeps the result, or the failure, under its path.
    pub fn add_coverage(&mut self, path: &str, format: Option<CoverageFormat>, bytes: &[u8]) {
        let mut parsed = match format {
            Some(format) => coverage::parse(format, bytes, path),
            None => coverage::parse_detected(bytes, path),
        };
        if bytes.split(|&byte| byte == b'\n').all(|line| matches!(line.trim_ascii(), b"" | b"TN:")) {
            self.blank.insert(path.to_owned());
        }
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
            if !self.blank.contains(path) {
                sources.extend(self.file(path, format)?.sources().map(str::to_owned));
            }
        }
        sources.sort_unstable();
        sources.dedup();
        Ok(sources)
    }

    /// The percentage over the reports, merged by source line, and what was wrong with them. `of` is what
    /// their formats count first unless given, `keep` names the source files that count, `None` counts all.
    ///
    /// # Errors
    /// The failure of the first file that could not be parsed; `COLLECTOR_NOTHING` where the
    /// reports hold nothing of the kind and there is no fallback; `COLLECTOR_USAGE` where their format does not
    /// have the kind.
    pub fn coverage(
        &self,
        paths: &[String],
        of: Option<CoverageKind>,
        format: Option<CoverageFormat>,
        fallback: Option<f64>,
        keep: Option<Vec<String>>,
    ) -> Result<(f64, Vec<Error>)> {
        let keep: Option<HashSet<String>> = keep.map(|sources| sources.into_iter().collect());
        let keep = |source: &str| keep.as_ref().is_none_or(|kept| kept.contains(source));
        let given = paths;
        let filled: Vec<String>;
        let paths = match fallback {
            // Without a fallback a file that should have been written is missed.
            Some(_) => {
                filled = paths.iter().filter(|path| !self.blank.contains(*path)).cloned().collect();
                &filled[..]
            }
            None => paths,
        };
        let mut merged = Coverage::default();
        let coverage = match paths {
            [one] => self.file(one, format)?,
            _ => {
                for path in paths {
                    merged.merge(self.file(path, format)?);
                }
                &merged
            }
        };
        let of = self.kind(paths, format, of)?;
        let counted = coverage.count(of, &keep);
        let reports = || text::list(&given.iter().map(|path| text::quote(path)).collect::<Vec<_>>());
        let mut warnings = coverage.warnings().to_vec();
        if let Some((covered, total)) = counted.records {
            let message = format!(
                "the totals in {} are {} of {} for the type {}, its records say {covered} of {total}: the totals are taken",
                reports(),
                counted.covered,
                counted.total,
                text::quote(of.name()),
            );
            warnings.push(
                Error::new(Code::CoverageTotals, message)
                    .hint("Compare both with what the tool prints, and check that nothing changed the report after it was written."),
            );
        }
        counted.percent().or(fallback).map(|value| (value, warnings)).ok_or_else(|| {
            let reports = reports();
            Error::new(Code::CollectorNothing, format!("{reports} has no {} data to measure", of.name()))
                .hint("Let the coverage tool record it, measure another `--type`, or give `--fallback`.")
        })
    }

    /// What is counted in reports: what was asked for, where one of them can have it, else what all of their
    /// formats count first, or lines where they differ.
    fn kind(
        &self,
        paths: &[String],
        format: Option<CoverageFormat>,
        of: Option<CoverageKind>,
    ) -> Result<CoverageKind> {
        let mut first = None;
        let mut lacking = None;
        for path in paths {
            for &format in self.file(path, format)?.formats() {
                let own = format.kinds().first().copied().unwrap_or(CoverageKind::Line);
                first = Some(first.map_or(own, |first| if first == own { own } else { CoverageKind::Line }));
                match of {
                    Some(kind) if format.kinds().contains(&kind) => return Ok(kind),
                    _ => lacking = lacking.or(Some((path, format))),
                }
            }
        }
        match (of, lacking) {
            (Some(kind), Some((path, format))) => Err(Error::new(
                Code::CollectorUsage,
                format!(
                    "`--type` is {}, which {} does not have: it is a report in the format {}",
                    text::quote(kind.name()),
                    text::quote(path),
                    text::quote(format.name())
                ),
            )
            .hint(coverage::kinds_hint(format))),
            (Some(kind), None) => Ok(kind),
            (None, _) => Ok(first.unwrap_or(CoverageKind::Line)),
        }
    }

    fn test_run(&self, path: &str) -> Result<&TestRun> {
        match self.tests.get(path) {
            Some(run) => run.as_ref().map_err(Clone::clone),
            None => Err(not_read(path)),
        }
    }

    fn file(&self, path: &str, format: Option<CoverageFormat>) -> Result<&Coverage> {
        match self.files.get(&(path.to_owned(), format)) {
            Some(Ok(coverage)) => Ok(coverage),
            Some(Err(error)) => Err(error.clone()),
            None => Err(not_read(path)),
        }
    }
}

fn not_read(path: &str) -> Error {
    Error::new(Code::Internal, format!("{} was not read", text::quote(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_one_behind_the_other_are_told_apart_and_asked_about_later_too() {
        let reports = ["SF:a\nDA:1,1\nDA:2,0\nend_of_record\n", "nonsense", "SF:b\nDA:1,1\nend_of_record\n"];
        let files: Vec<ReportFile> = ["one", "two", "three"]
            .into_iter()
            .zip(reports)
            .map(|(name, text)| ReportFile {
                name: name.into(),
                reader: Reader::Coverage,
                format: None,
                length: text.len(),
            })
            .collect();
        let ask = |names: &[&str], of: Option<CoverageKind>, keep: Option<&str>| ReportQuestion {
            names: names.iter().map(|&name| name.to_owned()).collect(),
            measure: Measure::Coverage { of, format: None, fallback: None },
            sources: of.is_none(),
            all: false,
            keep: keep.map(|one| vec![one.to_owned()]),
        };
        let value = |value| ReportAnswer::of(Value::Numeric(value), Vec::new());
        let mut session = Measurement::new("/work");
        let answers = session.answer(
            reports.concat().as_bytes(),
            &files,
            &[
                ask(&["one"], Some(CoverageKind::Line), None),
                ask(&["one", "three"], None, None),
                ask(&["two"], None, None),
            ],
        );
        assert_eq!(
            answers[..2],
            [value(50.0), ReportAnswer::Sources { sources: vec!["a".into(), "b".into()] }]
        );
        assert!(matches!(&answers[2], ReportAnswer::Failed { error } if error.code == Code::CollectorFormat));
        let later = vec![
            ask(&["one", "three"], Some(CoverageKind::Line), Some("b")),
            ask(&["one"], Some(CoverageKind::Branch), None),
        ];
        let answers = session.answer(b"", &[], &later);
        assert_eq!(answers[0], value(100.0));
        assert!(
            matches!(&answers[1], ReportAnswer::Failed { error } if error.code == Code::CollectorNothing)
        );
    }
}
