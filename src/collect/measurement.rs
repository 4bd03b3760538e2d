//! One run's report files, each parsed once a reader however many metrics ask for it. The host brings the
//! bytes; a file that failed to parse fails every metric that uses it, with the same words.

use super::Measure;
use super::bench::{BenchFailure, BenchValue, Benchmarks};
use super::coverage::locate::{FileList, OpenReport, PathMap, Tree, name_of};
use super::coverage::{self, Coverage, CoverageFormat, CoverageKind};
use super::json::{self, Found, Pointer};
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
    /// One value of any JSON file.
    Json,
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
    /// Parts of the paths of its sources and what they stand for, each as `FROM=TO`.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<Vec<String>>"))]
    pub maps: Vec<String>,
    /// The JSON pointer of the one value that is wanted of the file: nothing else of it is kept.
    #[serde(default)]
    pub pointer: Option<String>,
    /// Whether the number of elements or keys is wanted there.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<bool>", optional))]
    pub count: bool,
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

/// What a parsed coverage file is known by: its name, and how it was read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    name: String,
    format: Option<CoverageFormat>,
    maps: Vec<String>,
}

/// A parsed coverage file.
struct File {
    parsed: Result<Coverage>,
    /// Whether its sources have their places in the repository.
    placed: bool,
}

/// The parsed files of one run.
#[derive(Default)]
pub struct Measurement {
    tree: Tree,
    files: HashMap<Key, File>,
    benchmarks: Benchmarks,
    /// Files without a record in them, which tools write when nothing ran.
    blank: HashSet<String>,
    tests: HashMap<String, Result<TestRun>>,
    /// Values of JSON files, by file, pointer and whether they are counted.
    json: HashMap<(String, String, bool), Result<Found>>,
}

impl Measurement {
    /// A session without files. `root` is the configuration's directory, absolute: sources below it are named relative to
    /// it, so that reports with absolute and with relative paths meet.
    pub fn new(root: &str) -> Self {
        let list = FileList { root: root.to_owned(), ..FileList::default() };
        Self { tree: Tree::new(list), ..Self::default() }
    }

    /// Parses files whose bytes lie one behind the other; what must be known to [place](Measurement::place) the sources of
    /// those that have some.
    pub fn open(&mut self, bytes: &[u8], files: &[ReportFile]) -> Vec<OpenReport> {
        let mut rest = bytes;
        let mut open = Vec::new();
        for ReportFile { name, reader, format, maps, pointer, count, length } in files {
            let (own, others) = rest.split_at((*length).min(rest.len()));
            match reader {
                Reader::Coverage => open.extend(self.open_coverage(name, *format, maps, own)),
                Reader::Bench => self.benchmarks.add(name, own),
                Reader::Junit => {
                    self.tests.insert(name.clone(), junit::parse(own, name));
                }
                Reader::Json => self.add_json(name, pointer.as_deref().unwrap_or_default(), *count, own),
            }
            rest = others;
        }
        open
    }

    /// Finds the sources of reports that were opened since the last call; `list` has at least those of the repository's
    /// files that decide where they are.
    pub fn place(&mut self, list: FileList) {
        self.tree = Tree::new(list);
        self.place_all();
    }

    /// Parses files whose bytes lie one behind the other and answers questions, which may be about earlier files too. Sources
    /// that were not placed are found without knowing the repository's files.
    pub fn answer(
        &mut self,
        bytes: &[u8],
        files: &[ReportFile],
        questions: &[ReportQuestion],
    ) -> Vec<ReportAnswer> {
        self.open(bytes, files);
        self.place_all();
        let answer =
            |question| self.answer_to(question).unwrap_or_else(|error| ReportAnswer::Failed { error });
        questions.iter().map(answer).collect()
    }

    fn answer_to(&self, question: &ReportQuestion) -> Result<ReportAnswer> {
        let ReportQuestion { names, measure, sources, all, keep } = question;
        match measure {
            Measure::Coverage { format, maps, .. } if *sources => {
                let sources = self.coverage_sources(names, *format, maps)?;
                Ok(ReportAnswer::Sources { sources })
            }
            Measure::Coverage { .. } => {
                let (percent, warnings) = self.percent(names, measure, keep.as_deref())?;
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
            Measure::Json { pointer, count } => {
                let found = self.json(names, pointer, *count)?;
                let warning = found.inexact.as_ref().map(|message| {
                    Error::new(Code::NumberInexact, message.as_str()).hint(
                        "Let the program that writes the file write a larger unit, or keep it as a label.",
                    )
                });
                Ok(ReportAnswer::of(Value::Label(found.text.clone()), warning.into_iter().collect()))
            }
            Measure::Lines { .. } | Measure::Bytes { .. } => {
                Err(Error::new(Code::Internal, "lines and bytes are not read from reports"))
            }
        }
    }

    /// Reads one value of a JSON file and keeps it, or why there is none.
    fn add_json(&mut self, name: &str, pointer: &str, count: bool, bytes: &[u8]) {
        let found = Pointer::parse(pointer).and_then(|pointer| json::read(bytes, name, &pointer, count));
        self.json.insert((name.to_owned(), pointer.to_owned(), count), found);
    }

    /// The value of the one file.
    fn json(&self, names: &[String], pointer: &str, count: bool) -> Result<&Found> {
        let [name] = names else {
            let files = text::plural(names.len(), "file", "files");
            let message = format!("`json` reads one file, the pattern matches {files}");
            return Err(Error::new(Code::CollectorUsage, message).hint("Name the file."));
        };
        match self.json.get(&(name.clone(), pointer.to_owned(), count)) {
            Some(found) => found.as_ref().map_err(Clone::clone),
            None => Err(Error::new(Code::Internal, format!("{} was not read", text::quote(name)))),
        }
    }

    /// Parses a coverage file and finds its sources without knowing the repository's files.
    pub fn add_coverage(&mut self, name: &str, format: Option<CoverageFormat>, bytes: &[u8]) {
        self.open_coverage(name, format, &[], bytes);
        self.place_all();
    }

    /// The percentage over coverage files, which were read without mappings, and what was wrong with them.
    ///
    /// # Errors
    /// As a question's about them.
    pub fn coverage(
        &self,
        names: &[String],
        of: Option<CoverageKind>,
        format: Option<CoverageFormat>,
        fallback: Option<f64>,
        keep: Option<Vec<String>>,
    ) -> Result<(f64, Vec<Error>)> {
        let measure = Measure::Coverage { of, format, fallback, maps: Vec::new() };
        self.percent(names, &measure, keep.as_deref())
    }

    /// Parses a coverage file and keeps the result, or the failure.
    fn open_coverage(
        &mut self,
        name: &str,
        format: Option<CoverageFormat>,
        maps: &[String],
        bytes: &[u8],
    ) -> Option<OpenReport> {
        let parsed = match format {
            Some(format) => coverage::parse(format, bytes, name),
            None => coverage::parse_detected(bytes, name),
        };
        if bytes.split(|&byte| byte == b'\n').all(|line| matches!(line.trim_ascii(), b"" | b"TN:")) {
            self.blank.insert(name.to_owned());
        }
        let open = parsed.as_ref().ok().map(|coverage| coverage.open_names(&self.tree, name, &maps_of(maps)));
        let key = Key { name: name.to_owned(), format, maps: maps.to_vec() };
        self.files.insert(key, File { parsed, placed: false });
        open
    }

    fn place_all(&mut self) {
        for (key, file) in self.files.iter_mut().filter(|(_, file)| !file.placed) {
            if let Ok(coverage) = &mut file.parsed {
                coverage.place(&self.tree, &key.name, &maps_of(&key.maps));
            }
            file.placed = true;
        }
    }

    /// The source files that the reports speak of, each once, sorted.
    ///
    /// # Errors
    /// The failure of the first file that could not be parsed.
    fn coverage_sources(
        &self,
        names: &[String],
        format: Option<CoverageFormat>,
        maps: &[String],
    ) -> Result<Vec<String>> {
        let mut sources = Vec::new();
        let filled = self.filled(names);
        for coverage in self.coverage_files(&filled, format, maps)? {
            sources.extend(coverage.sources().map(|placed| name_of(placed).to_owned()));
        }
        sources.sort_unstable();
        sources.dedup();
        Ok(sources)
    }

    /// The percentage over the reports, merged by source line, and what was wrong with them. What is counted is what their
    /// formats count first unless given, `keep` names the source files that count, `None` counts all.
    ///
    /// # Errors
    /// The failure of the first file that could not be parsed; `COLLECTOR_NOTHING` where the
    /// reports hold nothing of the kind and there is no fallback; `COLLECTOR_USAGE` where their format does not
    /// have the kind.
    fn percent(
        &self,
        names: &[String],
        measure: &Measure,
        keep: Option<&[String]>,
    ) -> Result<(f64, Vec<Error>)> {
        let Measure::Coverage { of, format, fallback, maps } = measure else {
            return Err(Error::new(Code::Internal, "not a measure of coverage"));
        };
        // Without a fallback a file that should have been written is missed.
        let filled = if fallback.is_some() { self.filled(names) } else { names.to_vec() };
        let reports = self.coverage_files(&filled, *format, maps)?;
        let kept: Option<HashSet<&str>> = keep.map(|keep| keep.iter().map(String::as_str).collect());
        let keep = |source: &str| kept.as_ref().is_none_or(|kept| kept.contains(name_of(source)));
        let mut merged = Coverage::default();
        let coverage = match reports[..] {
            [one] => one,
            _ => {
                for report in &reports {
                    merged.merge(report);
                }
                &merged
            }
        };
        let of = kind(&filled, &reports, *of)?;
        let counted = coverage.count(of, &keep);
        let mut warnings = coverage.warnings().to_vec();
        if let Some((covered, total)) = counted.records {
            let message = format!(
                "the totals in {} are {} of {} for the type {}, its records say {covered} of {total}: the totals are taken",
                quoted(names),
                counted.covered,
                counted.total,
                text::quote(of.name()),
            );
            warnings.push(
                Error::new(Code::CoverageTotals, message)
                    .hint("Compare both with what the tool prints, and check that nothing changed the report after it was written."),
            );
        }
        match (counted.percent(), fallback, left_out(names, &reports, kept.as_ref())) {
            (Some(percent), _, _) => Ok((percent, warnings)),
            (None, Some(fallback), left_out) => {
                warnings.extend(left_out);
                Ok((*fallback, warnings))
            }
            (None, None, Some(error)) => Err(error),
            (None, None, None) => Err(no_data(names, of)),
        }
    }

    /// Those of the files that have a record in them.
    fn filled(&self, names: &[String]) -> Vec<String> {
        names.iter().filter(|name| !self.blank.contains(*name)).cloned().collect()
    }

    /// The parsed coverage files of these names, in their order.
    ///
    /// # Errors
    /// The failure of the first file that could not be parsed.
    fn coverage_files(
        &self,
        names: &[String],
        format: Option<CoverageFormat>,
        maps: &[String],
    ) -> Result<Vec<&Coverage>> {
        let file = |name: &String| {
            let key = Key { name: name.clone(), format, maps: maps.to_vec() };
            match self.files.get(&key) {
                Some(File { parsed: Ok(coverage), .. }) => Ok(coverage),
                Some(File { parsed: Err(error), .. }) => Err(error.clone()),
                None => Err(not_read(name)),
            }
        };
        names.iter().map(file).collect()
    }

    fn test_run(&self, path: &str) -> Result<&TestRun> {
        match self.tests.get(path) {
            Some(run) => run.as_ref().map_err(Clone::clone),
            None => Err(not_read(path)),
        }
    }
}

/// What is counted in reports: what was asked for, where one of them can have it, else what all of their
/// formats count first, or lines where they differ.
fn kind(names: &[String], reports: &[&Coverage], of: Option<CoverageKind>) -> Result<CoverageKind> {
    let mut first = None;
    let mut lacking = None;
    for (name, report) in names.iter().zip(reports) {
        for &format in report.formats() {
            let own = format.kinds().first().copied().unwrap_or(CoverageKind::Line);
            first = Some(first.map_or(own, |first| if first == own { own } else { CoverageKind::Line }));
            match of {
                Some(kind) if format.kinds().contains(&kind) => return Ok(kind),
                _ => lacking = lacking.or(Some((name, format))),
            }
        }
    }
    match (of, lacking) {
        (Some(kind), Some((name, format))) => Err(Error::new(
            Code::CollectorUsage,
            format!(
                "`--type` is {}, which {} does not have: it is a report in the format {}",
                text::quote(kind.name()),
                text::quote(name),
                text::quote(format.name())
            ),
        )
        .hint(coverage::kinds_hint(format))),
        (Some(kind), None) => Ok(kind),
        (None, _) => Ok(first.unwrap_or(CoverageKind::Line)),
    }
}

/// What is said where `sources` leaves out every source file of the reports.
fn left_out(names: &[String], reports: &[&Coverage], kept: Option<&HashSet<&str>>) -> Option<Error> {
    if !kept?.is_empty() {
        return None;
    }
    let mut all = reports.iter().flat_map(|report| report.sources()).map(name_of).peekable();
    let first = text::quote(all.peek()?);
    let count = all.collect::<HashSet<_>>().len();
    let files = text::plural(count, "source file", "source files");
    let such = if count == 1 { first } else { format!("such as {first}") };
    let what = format!("`sources` leaves out all {files} of {}: {such}", quoted(names));
    Some(Error::new(Code::CollectorNothing, what).hint(
        "Name their directories in `sources`, or say where they are in this repository: `--path-map FROM=TO`.",
    ))
}

fn no_data(names: &[String], of: CoverageKind) -> Error {
    Error::new(Code::CollectorNothing, format!("{} has no {} data to measure", quoted(names), of.name()))
        .hint("Let the coverage tool record it, measure another `--type`, or give `--fallback`.")
}

fn quoted(names: &[String]) -> String {
    text::list(&names.iter().map(|name| text::quote(name)).collect::<Vec<_>>())
}

/// The mappings of a plan, which were checked when it was read.
fn maps_of(maps: &[String]) -> Vec<PathMap> {
    maps.iter().filter_map(|map| PathMap::parse(map)).collect()
}

fn not_read(path: &str) -> Error {
    Error::new(Code::Internal, format!("{} was not read", text::quote(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_json_file_are_read_by_their_pointers() {
        let text = r#"{"size": 9007199254740993, "files": [1, 2], "name": "x"}"#;
        let wishes = [("/size", false), ("/files", true), ("/name", false), ("/none", false)];
        let file = |(pointer, count): (&str, bool)| ReportFile {
            name: "f.json".into(),
            reader: Reader::Json,
            format: None,
            maps: Vec::new(),
            pointer: Some(pointer.to_owned()),
            count,
            length: text.len(),
        };
        let question = |(pointer, count): (&str, bool)| ReportQuestion {
            names: vec!["f.json".into()],
            measure: Measure::Json { pointer: pointer.to_owned(), count },
            sources: false,
            all: false,
            keep: None,
        };
        let answers =
            Measurement::new("/").answer(text.repeat(4).as_bytes(), &wishes.map(file), &wishes.map(question));
        let ReportAnswer::Value { value, warnings, .. } = &answers[0] else { panic!("{answers:?}") };
        assert_eq!(
            (value, warnings[0].code),
            (&Value::Label("9007199254740993".into()), Code::NumberInexact)
        );
        assert_eq!(answers[1], ReportAnswer::of(Value::Label("2".into()), Vec::new()));
        assert_eq!(answers[2], ReportAnswer::of(Value::Label("x".into()), Vec::new()));
        assert!(
            matches!(&answers[3], ReportAnswer::Failed { error } if error.code == Code::CollectorNothing)
        );
        let mut several = question(wishes[0]);
        several.names.push("g.json".into());
        let answers = Measurement::new("/").answer(b"", &[], &[several]);
        assert!(matches!(&answers[0], ReportAnswer::Failed { error } if error.code == Code::CollectorUsage));
    }

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
                maps: Vec::new(),
                pointer: None,
                count: false,
                length: text.len(),
            })
            .collect();
        let ask = |names: &[&str], of: Option<CoverageKind>, keep: Option<&str>| ReportQuestion {
            names: names.iter().map(|&name| name.to_owned()).collect(),
            measure: Measure::Coverage { of, format: None, fallback: None, maps: Vec::new() },
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
