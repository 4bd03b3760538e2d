//! Where the sources of reports are found, over whole reports: figures before and after.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use std::collections::BTreeSet;
use std::fmt::Write;
use unentropy::collect::Measure;
use unentropy::collect::coverage::CoverageKind;
use unentropy::collect::coverage::locate::{FileList, name_of};
use unentropy::collect::measurement::{Measurement, Reader, ReportAnswer, ReportFile, ReportQuestion};
use unentropy::error::Code;
use unentropy::metric::Value;

const ROOT: &str = "/work/repo";

/// A run's session over reports, given as path and content, in a repository of these files.
fn session(reports: &[(&str, String)], files: &[&str], maps: &[&str]) -> Measurement {
    let mut session = Measurement::new(ROOT);
    let files_of = |(name, text): &(&str, String)| ReportFile {
        name: (*name).to_owned(),
        reader: Reader::Coverage,
        format: None,
        maps: maps.iter().map(|&map| map.to_owned()).collect(),
        pointer: None,
        count: false,
        length: text.len(),
    };
    let bytes: String = reports.iter().map(|(_, text)| text.as_str()).collect();
    session.open(bytes.as_bytes(), &reports.iter().map(files_of).collect::<Vec<_>>());
    let files = files.iter().map(|&file| file.to_owned()).collect();
    session.place(FileList { root: ROOT.into(), home: String::new(), files });
    session
}

fn ask(
    session: &mut Measurement,
    names: &[&str],
    maps: &[&str],
    of: Option<CoverageKind>,
    keep: Option<&[&str]>,
) -> ReportAnswer {
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<String>>();
    let question = ReportQuestion {
        names: texts(names),
        measure: Measure::Coverage { of, format: None, fallback: None, maps: texts(maps) },
        sources: of.is_none(),
        all: false,
        keep: keep.map(texts),
    };
    session.answer(&[], &[], &[question]).remove(0)
}

fn figure(reports: &[(&str, String)], files: &[&str], maps: &[&str]) -> f64 {
    let names: Vec<&str> = reports.iter().map(|(name, _)| *name).collect();
    match ask(&mut session(reports, files, maps), &names, maps, Some(CoverageKind::Line), None) {
        ReportAnswer::Value { value: Value::Numeric(value), .. } => value,
        other => panic!("no value: {other:?}"),
    }
}

fn sources(reports: &[(&str, String)], files: &[&str]) -> Vec<String> {
    let names: Vec<&str> = reports.iter().map(|(name, _)| *name).collect();
    match ask(&mut session(reports, files, &[]), &names, &[], None, None) {
        ReportAnswer::Sources { sources } => sources,
        other => panic!("no sources: {other:?}"),
    }
}

/// A trace file of one source with these hits of its lines.
fn lcov(source: &str, hits: &[u32]) -> String {
    let mut text = format!("SF:{source}\n");
    for (hits, line) in hits.iter().zip(1..) {
        writeln!(text, "DA:{line},{hits}").expect("a string takes everything");
    }
    text + "end_of_record\n"
}

#[test]
fn two_packages_that_call_a_file_the_same_have_two_files() {
    let both = [
        ("a/coverage/lcov.info", lcov("src/i.js", &[1, 1])),
        ("b/coverage/lcov.info", lcov("src/i.js", &[0, 0])),
    ];
    // With the files at hand, and for a job that has only the reports.
    for files in [&["a/src/i.js", "b/src/i.js"][..], &["a/src/i.js", "b/src/i.js", "src/i.js"], &[]] {
        assert_eq!(figure(&both, files, &[]), 50.0, "{files:?}");
        let reversed = [both[1].clone(), both[0].clone()];
        assert_eq!(figure(&reversed, files, &[]), 50.0, "{files:?}");
    }
    assert_eq!(sources(&both, &["a/src/i.js", "b/src/i.js"]), ["a/src/i.js", "b/src/i.js"]);
    assert_eq!(sources(&both, &[]), ["src/i.js"], "the name stays what it is");
    // Two shards of one package are one file.
    let shards = [
        ("shard-1/coverage/lcov.info", lcov("src/i.js", &[1, 0])),
        ("shard-2/coverage/lcov.info", lcov("src/i.js", &[0, 1])),
    ];
    for files in [&["src/i.js"][..], &[]] {
        assert_eq!(figure(&shards, files, &[]), 100.0, "{files:?}");
    }
}

#[test]
fn names_of_one_file_in_one_report_are_one_file() {
    let files = ["src/a.js"];
    let docker = [("d2.info", lcov("src/a.js", &[0, 1]) + &lcov("/usr/src/app/src/a.js", &[1, 0]))];
    assert_eq!(figure(&docker, &files, &[]), 100.0);
    let urls = [(
        "url.info",
        lcov("webpack:///./src/a.js", &[1, 0]) + "SF:file:///home/ci/x/src/a.js\nDA:2,1\nend_of_record\n",
    )];
    assert_eq!(figure(&urls, &files, &[]), 100.0);
    for name in
        ["/app/src/a.js", "C:\\a\\repo\\repo\\src\\a.js", "/home/ci/x/SRC/a.js", "webpack:///./src/a.js"]
    {
        assert_eq!(sources(&[("lcov.info", lcov(name, &[1]))], &files), files, "{name}");
    }
}

#[test]
fn a_mapping_decides_between_namesakes() {
    let reports = [("x.info", lcov("/app/i.js", &[1, 0])), ("y.info", lcov("b/i.js", &[0, 1]))];
    let files = ["a/i.js", "b/i.js"];
    assert_eq!(figure(&reports, &files, &[]), 50.0);
    assert_eq!(figure(&reports, &files, &["/app=b"]), 100.0);
}

#[test]
fn what_sources_leave_out_is_counted_where_it_is_everything() {
    let report = [("lcov.info", lcov("/app/x.js", &[1]) + &lcov("lib/y.js", &[1]))];
    let mut session = session(&report, &["src/a.js"], &[]);
    let ReportAnswer::Failed { error } =
        ask(&mut session, &["lcov.info"], &[], Some(CoverageKind::Line), Some(&[]))
    else {
        panic!("a value of no file");
    };
    assert_eq!(error.code, Code::CollectorNothing);
    assert_eq!(error.message, "`sources` leaves out all 2 source files of `lcov.info`: such as `/app/x.js`");
    assert!(error.hint.contains("--path-map FROM=TO"), "{}", error.hint);
    let ReportAnswer::Failed { error } =
        ask(&mut session, &["lcov.info"], &[], Some(CoverageKind::Branch), None)
    else {
        panic!("a value of no branch");
    };
    assert_eq!(error.message, "`lcov.info` has no branch data to measure");
}

/// Files with other last parts, some of them below packages.
const FILES: &[&str] = &[
    "a/src/index.js",
    "a/src/one.js",
    "b/src/index.js",
    "b/src/two.js",
    "src/main.rs",
    "src/deep/er/mod.rs",
    "top.py",
    "c/top.py",
];

/// How a report elsewhere would call a file.
fn spelled(file: &str, style: usize) -> String {
    match style {
        0 => file.to_owned(),
        1 => format!("{ROOT}/{file}"),
        2 => format!("/builds/group/project/{file}"),
        3 => format!("D:\\a\\project\\{}", file.replace('/', "\\")),
        4 => format!("file:///builds/x/{file}"),
        _ => format!("webpack://project/./{file}"),
    }
}

type Measured = Vec<(&'static str, Vec<u32>)>;

fn measured() -> impl Strategy<Value = Measured> {
    subsequence(FILES, 1..=FILES.len()).prop_flat_map(|files| {
        let count = files.len();
        proptest::collection::vec(proptest::collection::vec(0..2u32, 1..6), count)
            .prop_map(move |hits| files.iter().copied().zip(hits).collect())
    })
}

fn written(files: &[(&str, Vec<u32>)], style: usize) -> String {
    files.iter().map(|(file, hits)| lcov(&spelled(file, style), hits)).collect()
}

proptest! {
    #[test]
    fn a_report_alone_keeps_its_figure(files in measured(), style in 0..6usize, place in select(&["lcov.info", "coverage/lcov.info", "a/coverage/lcov.info", "/tmp/lcov.info"][..])) {
        let covered: usize = files.iter().map(|(_, hits)| hits.iter().filter(|hits| **hits > 0).count()).sum();
        let total: usize = files.iter().map(|(_, hits)| hits.len()).sum();
        let own = covered as f64 / total as f64 * 100.0;
        let report = [(place, written(&files, style))];
        prop_assert_eq!(figure(&report, FILES, &[]), own);
        prop_assert_eq!(figure(&report, &[], &[]), own);
        if style > 0 {
            let expected: Vec<&str> = files.iter().map(|(file, _)| *file).collect::<BTreeSet<_>>().into_iter().collect();
            prop_assert_eq!(sources(&report, FILES), expected);
        }
    }

    #[test]
    fn order_and_split_change_nothing(first in measured(), second in measured(), styles in [1..6usize, 1..6usize], cut in any::<proptest::sample::Index>()) {
        let whole = [("x/one.info", written(&first, styles[0])), ("two.info", written(&second, styles[1]))];
        let expected = figure(&whole, FILES, &[]);
        let at = cut.index(first.len() + 1);
        let (head, tail) = first.split_at(at);
        let mut parts = vec![whole[1].clone()];
        for (name, part) in [("x/b.info", tail), ("x/a.info", head)] {
            if !part.is_empty() {
                parts.push((name, written(part, styles[0])));
            }
        }
        prop_assert_eq!(figure(&parts, FILES, &[]), expected);
        let backwards: Vec<&str> = FILES.iter().rev().copied().collect();
        parts.reverse();
        prop_assert_eq!(figure(&parts, &backwards, &[]), expected);
        prop_assert_eq!(sources(&parts, &backwards), sources(&whole, FILES));
    }
}

#[test]
fn what_keeps_names_apart_is_no_part_of_them() {
    assert_eq!(name_of("src/i.js"), "src/i.js");
    assert_eq!(name_of("src/i.js\0a"), "src/i.js");
}

#[test]
fn a_name_that_is_no_text_costs_no_other() {
    let line =
        |number| format!("<line number=\"{number}\" num=\"{number}\" hits=\"1\" count=\"1\" type=\"stmt\"/>");
    let xml = |before: &str, after: &str| [before.as_bytes(), b"caf\xe9.js", after.as_bytes()].concat();
    for (bytes, name) in [
        (xml("SF:", "\nDA:1,1\nend_of_record\nSF:b.js\nDA:1,1\nend_of_record\n"), "lcov"),
        (
            xml(
                "<coverage line-rate=\"1\"><packages><package><classes><class filename=\"",
                &format!(
                    "\"><lines>{}</lines></class><class filename=\"b.js\"><lines>{}</lines></class></classes></package></packages></coverage>",
                    line(1),
                    line(1)
                ),
            ),
            "classes",
        ),
        (
            xml(
                "<coverage><project><file name=\"",
                &format!("\">{}</file><file name=\"b.js\">{}</file></project></coverage>", line(1), line(1)),
            ),
            "files",
        ),
    ] {
        let coverage = unentropy::collect::coverage::parse_detected(&bytes, "report").expect(name);
        assert_eq!(coverage.sources().collect::<Vec<_>>(), ["b.js", "caf\u{fffd}.js"], "{name}");
        assert!(
            unentropy::collect::coverage::parse_detected(&bytes[..bytes.len() - 3], "report").is_err(),
            "{name} cut off"
        );
    }
}
