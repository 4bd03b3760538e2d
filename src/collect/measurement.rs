//! One run's coverage files, each parsed once however many metrics ask for it. The host brings the
//! bytes; a file that failed to parse fails every metric that uses it, with the same words.

use super::coverage::{self, Coverage, CoverageFormat, CoverageKind};
use crate::error::{Code, Error, Result};
use crate::text;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// A coverage file among others whose bytes lie one behind the other.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(rename_all = "camelCase")]
pub struct CoverageFile {
    /// Its name in messages and questions.
    pub name: String,
    /// The format; found by looking at the content where none is named.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<CoverageFormat>"))]
    pub format: Option<String>,
    /// Bytes.
    pub length: usize,
}

/// What is asked of files that were parsed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(rename_all = "camelCase")]
pub struct CoverageQuestion {
    /// The files' names.
    pub names: Vec<String>,
    /// The format that they were parsed with.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<CoverageFormat>"))]
    pub format: Option<String>,
    /// What is counted; without it, which source files the reports speak of.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<CoverageKind>"))]
    pub of: Option<String>,
    /// The value where the reports hold nothing of that kind.
    #[serde(default)]
    pub fallback: Option<f64>,
    /// The source files that count; all of them unless given.
    #[serde(default)]
    pub keep: Option<Vec<String>>,
}

/// The answer to a [`CoverageQuestion`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum CoverageAnswer {
    /// A percentage.
    Value {
        /// From 0 to 100.
        value: f64,
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

    /// Parses files whose bytes lie one behind the other and answers questions, which may be about earlier files too.
    pub fn answer(
        &mut self,
        bytes: &[u8],
        files: &[CoverageFile],
        questions: Vec<CoverageQuestion>,
    ) -> Vec<CoverageAnswer> {
        let mut rest = bytes;
        for CoverageFile { name, format, length } in files {
            let (own, others) = rest.split_at((*length).min(rest.len()));
            self.add_coverage(name, format_of(format.as_deref()), own);
            rest = others;
        }
        let answer = |CoverageQuestion { names, format, of, fallback, keep }| {
            let format = format_of(format.as_deref());
            let found = match of {
                None => {
                    self.coverage_sources(&names, format).map(|sources| CoverageAnswer::Sources { sources })
                }
                Some(of) => {
                    let named = |kind: &CoverageKind| kind.name() == of;
                    let of = CoverageKind::ALL.into_iter().find(named).unwrap_or(CoverageKind::Line);
                    self.coverage(&names, of, format, fallback, keep)
                        .map(|value| CoverageAnswer::Value { value })
                }
            };
            found.unwrap_or_else(|error| CoverageAnswer::Failed { error })
        };
        questions.into_iter().map(answer).collect()
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

/// Formats cross as the names that the engine itself gave out.
fn format_of(name: Option<&str>) -> Option<CoverageFormat> {
    name.and_then(CoverageFormat::from_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_one_behind_the_other_are_told_apart_and_asked_about_later_too() {
        let reports = ["SF:a\nDA:1,1\nDA:2,0\nend_of_record\n", "nonsense", "SF:b\nDA:1,1\nend_of_record\n"];
        let files: Vec<CoverageFile> = ["one", "two", "three"]
            .into_iter()
            .zip(reports)
            .map(|(name, text)| CoverageFile { name: name.into(), format: None, length: text.len() })
            .collect();
        let ask = |names: &[&str], of: Option<&str>, keep: Option<&str>| CoverageQuestion {
            names: names.iter().map(|&name| name.to_owned()).collect(),
            format: None,
            of: of.map(str::to_owned),
            fallback: None,
            keep: keep.map(|one| vec![one.to_owned()]),
        };
        let value = |value| CoverageAnswer::Value { value };
        let mut session = Measurement::new("/work");
        let answers = session.answer(
            reports.concat().as_bytes(),
            &files,
            vec![
                ask(&["one"], Some("line"), None),
                ask(&["one", "three"], None, None),
                ask(&["two"], None, None),
            ],
        );
        assert_eq!(
            answers[..2],
            [value(50.0), CoverageAnswer::Sources { sources: vec!["a".into(), "b".into()] }]
        );
        assert!(
            matches!(&answers[2], CoverageAnswer::Failed { error } if error.code == Code::CollectorFormat)
        );
        let later =
            vec![ask(&["one", "three"], Some("line"), Some("b")), ask(&["one"], Some("branch"), None)];
        let answers = session.answer(b"", &[], later);
        assert_eq!(answers[0], value(100.0));
        assert!(
            matches!(&answers[1], CoverageAnswer::Failed { error } if error.code == Code::CollectorNothing)
        );
    }
}
