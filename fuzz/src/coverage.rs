//! The coverage parsers and detection. What any report gives is a share from 0 to 100 percent.

use crate::is_sound;
use std::fmt::Write;
use unentropy::collect::coverage::{Coverage, CoverageFormat, CoverageKind, detect, parse, parse_detected};
use unentropy::collect::measurement::Measurement;
use unentropy::error::Code;

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
    for (path, part) in [("first", first), ("second", second), ("whole", bytes), ("other", OTHER)] {
        session.add_coverage(path, None, part);
    }
    let whole = ["whole".to_owned()];
    let both = ["whole".to_owned(), "other".to_owned()];
    for paths in [&whole[..], &both[..], &["first".to_owned(), "second".to_owned()][..]] {
        let sources = session.coverage_sources(paths, None);
        for kind in CoverageKind::ALL {
            for keep in [None, sources.as_ref().ok().map(|sources| sources.iter().take(1).cloned().collect())]
            {
                match session.coverage(paths, Some(kind), None, None, keep) {
                    Ok((percent, _)) => is_percent(percent),
                    Err(error) => is_sound(&error, &[Code::CollectorFormat, Code::CollectorNothing, Code::CollectorUsage]),
                }
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
        for line in coverage.lines(source).unwrap_or_default() {
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
