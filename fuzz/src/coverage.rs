//! The coverage parsers and detection. What any report gives is a share from 0 to 100 percent.

use crate::is_sound;
use std::fmt::Write;
use unentropy::collect::Measure;
use unentropy::collect::coverage::locate::FileList;
use unentropy::collect::coverage::{Coverage, CoverageFormat, CoverageKind, detect, parse, parse_detected};
use unentropy::collect::measurement::{Measurement, Reader, ReportAnswer, ReportFile, ReportQuestion};
use unentropy::error::Code;
use unentropy::metric::Value;

const OTHER: &[u8] = include_bytes!("../../tests/fixtures/coverage/vitest.info");

/// Bytes as a report of a format that was named.
pub fn named(format: CoverageFormat, bytes: &[u8]) {
    match parse(format, bytes, "report") {
        Ok(coverage) => {
            is_measured(&coverage);
            merging_heeds_no_order(&coverage);
            printing_keeps_lines(&coverage);
        }
        Err(error) => is_sound(&error, &[Code::CollectorFormat]),
    }
}

/// Bytes as reports of a run: whatever is found in them is what its format reads.
pub fn detected(bytes: &[u8]) {
    match (detect(bytes), parse_detected(bytes, "report")) {
        (Some(format), Ok(coverage)) => assert!(parse(format, bytes, "report").as_ref() == Ok(&coverage)),
        (None, Ok(_)) => panic!("a report of no format was read"),
        (_, Err(error)) => is_sound(&error, &[Code::CollectorFormat]),
    }
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let mut session = Measurement::new("/work/project");
    let parts = [("first", first), ("second", second), ("whole", bytes), ("a/coverage/other", OTHER)];
    let files: Vec<ReportFile> = parts
        .iter()
        .map(|(name, part)| ReportFile {
            name: (*name).to_owned(),
            reader: Reader::Coverage,
            format: None,
            maps: Vec::new(),
            pointer: None,
            count: false,
            length: part.len(),
        })
        .collect();
    let open = session.open(&parts.map(|(_, part)| part).concat(), &files);
    let list = |files| FileList { root: "/work/project".into(), home: "a".into(), files };
    session.place(list(open.into_iter().flat_map(|report| report.names).collect()));
    let ask = |names: &[&str], of: Option<CoverageKind>, keep: Option<Vec<String>>| ReportQuestion {
        names: names.iter().map(|&name| name.to_owned()).collect(),
        measure: Measure::Coverage { of, format: None, fallback: None, maps: Vec::new() },
        sources: of.is_none(),
        all: false,
        keep,
    };
    for names in [&["whole"][..], &["whole", "a/coverage/other"], &["first", "second"]] {
        let keep = match session.answer(&[], &[], &[ask(names, None, None)]).remove(0) {
            ReportAnswer::Sources { sources } => Some(sources.into_iter().take(1).collect()),
            _ => None,
        };
        let kinds = CoverageKind::ALL.into_iter();
        let questions =
            kinds.flat_map(|kind| [ask(names, Some(kind), None), ask(names, Some(kind), keep.clone())]);
        for answer in session.answer(&[], &[], &questions.collect::<Vec<_>>()) {
            match answer {
                ReportAnswer::Value { value: Value::Numeric(value), .. } => is_percent(value),
                ReportAnswer::Failed { error } => {
                    is_sound(&error, &[Code::CollectorFormat, Code::CollectorNothing, Code::CollectorUsage]);
                }
                other => panic!("no number: {other:?}"),
            }
        }
    }
}

fn is_percent(percent: f64) {
    assert!((0.0..=100.0).contains(&percent), "{percent} percent");
}

fn is_measured(coverage: &Coverage) {
    for kind in CoverageKind::ALL {
        let counted = coverage.count(kind, &|_| true);
        assert!(counted.covered <= counted.total, "{} of {} {}", counted.covered, counted.total, kind.name());
        if let Some(percent) = counted.percent() {
            is_percent(percent);
        }
        let none = coverage.count(kind, &|_| false);
        assert!(none.covered <= none.total);
    }
    for source in coverage.sources() {
        let lines = coverage.lines(source).unwrap_or_default();
        assert!(lines.is_sorted_by(|a, b| a.number < b.number), "the lines of {source:?} are not in order");
    }
}

fn merging_heeds_no_order(coverage: &Coverage) {
    let other = parse(CoverageFormat::Lcov, OTHER, "other").expect("a stored report");
    let merged = |a: &Coverage, b: &Coverage| {
        let mut both = a.clone();
        both.merge(b);
        both
    };
    let both = merged(coverage, &other);
    assert!(both == merged(&other, coverage), "merging depends on the order");
    is_measured(&both);
    is_measured(&merged(&both, coverage));
}

/// What is printed as a trace file and read again has the same lines.
fn printing_keeps_lines(coverage: &Coverage) {
    let plain = |source: &str| {
        !source.is_empty() && source.trim_ascii() == source && !source.chars().any(char::is_control)
    };
    let mut text = String::new();
    for source in coverage.sources().filter(|source| plain(source)) {
        let _ = writeln!(text, "SF:{source}");
        for line in coverage.lines(source).unwrap_or_default().iter() {
            let _ = writeln!(text, "DA:{},{}", line.number, line.hits);
        }
        text.push_str("end_of_record\n");
    }
    if text.is_empty() {
        return;
    }
    let again =
        parse(CoverageFormat::Lcov, text.as_bytes(), "again").expect("what was printed is a trace file");
    for source in coverage.sources().filter(|source| plain(source)) {
        assert_eq!(again.lines(source), coverage.lines(source), "the lines of {source:?}");
    }
}
