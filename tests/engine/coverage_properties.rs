//! What holds for every coverage report, on generated and on damaged ones.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write;
use unentropy::collect::coverage::{Coverage, CoverageFormat, CoverageKind, detect, parse};

/// Sources with the hits of their lines.
type Model = BTreeMap<String, BTreeMap<u32, u32>>;

const FIXTURES: &[(CoverageFormat, &[u8])] = &[
    (CoverageFormat::Lcov, include_bytes!("../fixtures/coverage/gcov.info")),
    (CoverageFormat::Lcov, include_bytes!("../fixtures/coverage/lcov2.info")),
    (CoverageFormat::Lcov, include_bytes!("../fixtures/coverage/vitest.info")),
    (CoverageFormat::Cobertura, include_bytes!("../fixtures/coverage/coverlet.xml")),
    (CoverageFormat::Cobertura, include_bytes!("../fixtures/coverage/coveragepy.xml")),
    (CoverageFormat::Clover, include_bytes!("../fixtures/coverage/phpunit.xml")),
    (CoverageFormat::Clover, include_bytes!("../fixtures/coverage/istanbul-clover.xml")),
    (CoverageFormat::Jacoco, include_bytes!("../fixtures/tools/jacoco/web.xml")),
    (CoverageFormat::Jacoco, include_bytes!("../fixtures/tools/jacoco/kt.xml")),
    (CoverageFormat::Gocover, include_bytes!("../fixtures/tools/go/count.out")),
    (CoverageFormat::Opencover, include_bytes!("../fixtures/coverage/opencover.handmade.xml")),
    (CoverageFormat::Istanbul, include_bytes!("../fixtures/tools/istanbul-nyc/coverage-final.json")),
    (CoverageFormat::Istanbul, include_bytes!("../fixtures/tools/istanbul-jest/coverage-summary.json")),
    (CoverageFormat::CoveragePy, include_bytes!("../fixtures/tools/coveragepy-branch/coverage.json")),
    (CoverageFormat::SimpleCov, include_bytes!("../fixtures/tools/simplecov-branch/.resultset.json")),
    (CoverageFormat::SimpleCov, include_bytes!("../fixtures/tools/simplecov-branch/.last_run.json")),
    (CoverageFormat::Llvm, include_bytes!("../fixtures/tools/llvm-cov-cpp/export.json")),
    (CoverageFormat::Gcovr, include_bytes!("../fixtures/tools/gcovr-instances/coverage.json")),
    (CoverageFormat::Gcovr, include_bytes!("../fixtures/tools/gcovr/summary.json")),
    (CoverageFormat::Xccov, include_bytes!("../fixtures/coverage/xccov.json")),
];

/// The formats that list every line with its hits, whatever they are.
const WRITTEN: &[CoverageFormat] = &[
    CoverageFormat::Lcov,
    CoverageFormat::Cobertura,
    CoverageFormat::Clover,
    CoverageFormat::Istanbul,
    CoverageFormat::Llvm,
    CoverageFormat::Gcovr,
    CoverageFormat::Jacoco,
    CoverageFormat::Gocover,
    CoverageFormat::Opencover,
];

fn models() -> impl Strategy<Value = Model> {
    let hits = prop_oneof![Just(0u32), 1..20u32, any::<u32>()];
    btree_map("[a-c]/[a-d]\\.rs", btree_map(prop_oneof![1..30u32, any::<u32>()], hits, 0..12), 1..5)
}

fn write(format: CoverageFormat, model: &Model, quirk: bool) -> String {
    let mut text = String::new();
    let mut put = |piece: std::fmt::Arguments<'_>| text.write_fmt(piece).expect("a string takes everything");
    match format {
        CoverageFormat::Lcov => {
            let end = if quirk { "\r\n" } else { "\n" };
            for (path, lines) in model {
                put(format_args!("SF:{path}{end}"));
                for (line, hits) in lines {
                    put(format_args!("DA:{line},{hits}{}{end}", if quirk { ",sum" } else { "" }));
                }
                put(format_args!("end_of_record{end}"));
            }
        }
        CoverageFormat::Cobertura => {
            put(format_args!("<coverage line-rate=\"1\"><packages>"));
            for (path, lines) in model {
                put(format_args!("<class filename=\"{path}\"><lines>"));
                for (line, hits) in lines {
                    match quirk {
                        true => put(format_args!("<!-- --><line hits='{hits}' number='{line}'></line>")),
                        false => put(format_args!("\n  <line number=\"{line}\" hits=\"{hits}\"/>")),
                    }
                }
                put(format_args!("</lines></class>"));
            }
            put(format_args!("</packages></coverage>"));
        }
        CoverageFormat::Clover => {
            put(format_args!("<coverage><project>"));
            for (path, lines) in model {
                put(format_args!("<file name=\"{path}\">"));
                for (line, hits) in lines {
                    match quirk {
                        true => put(format_args!("<line count='{hits}' type='stmt' num='{line}'></line>")),
                        false => {
                            put(format_args!("\n  <line num=\"{line}\" type=\"stmt\" count=\"{hits}\"/>"))
                        }
                    }
                }
                put(format_args!("</file>"));
            }
            put(format_args!("</project></coverage>"));
        }
        CoverageFormat::Jacoco => {
            put(format_args!("<report name=\"generated\">"));
            for (path, lines) in model {
                let (package, file) = path.split_once('/').expect("a path of two parts");
                put(format_args!("<package name=\"{package}\"><sourcefile name=\"{file}\">"));
                for (line, hits) in lines {
                    match quirk {
                        true => put(format_args!("\n<line ci='{hits}' mi='3' nr='{line}'></line>")),
                        false => put(format_args!(
                            "<line nr=\"{line}\" mi=\"3\" ci=\"{hits}\" mb=\"0\" cb=\"0\"/>"
                        )),
                    }
                }
                put(format_args!("</sourcefile></package>"));
            }
            put(format_args!("</report>"));
        }
        CoverageFormat::Gocover => {
            let end = if quirk { " \r\n" } else { "\n" };
            put(format_args!("mode: count{end}"));
            for (path, lines) in model {
                for (line, hits) in lines {
                    put(format_args!("{path}:{line}.7,{line}.12 2 {hits}{end}"));
                }
            }
        }
        CoverageFormat::Opencover => {
            put(format_args!("<CoverageSession><Modules><Module><Files>"));
            for (number, path) in model.keys().enumerate() {
                put(format_args!("<File uid=\"{number}\" fullPath=\"{path}\" />"));
            }
            put(format_args!("</Files><Classes>"));
            for (number, lines) in model.values().enumerate() {
                put(format_args!("<Class><FullName>C{number}</FullName><Methods><Method><Name>m</Name>"));
                put(format_args!("<FileRef uid=\"{number}\" /><SequencePoints>"));
                for (line, hits) in lines {
                    match quirk {
                        true => {
                            put(format_args!("<SequencePoint sl='{line}' fileid='{number}' vc='{hits}' />"))
                        }
                        false => put(format_args!("\n  <SequencePoint vc=\"{hits}\" sl=\"{line}\" />")),
                    }
                }
                put(format_args!("</SequencePoints></Method></Methods></Class>"));
            }
            put(format_args!("</Classes></Module></Modules></CoverageSession>"));
        }
        CoverageFormat::Istanbul => {
            put(format_args!("{{"));
            for (n, (path, lines)) in model.iter().enumerate() {
                let comma = if n > 0 { "," } else { "" };
                put(format_args!("{comma}\"{path}\":{{\"path\":\"{path}\",\"statementMap\":{{"));
                for (n, (line, _)) in lines.iter().enumerate() {
                    let (comma, key) = (if n > 0 { "," } else { "" }, if quirk { "s" } else { "" });
                    put(format_args!(
                        "{comma}\"{key}{n}\":{{\"start\":{{\"line\": {line},\"column\":1}},\"end\":{{\"line\":{line},\"column\":null}}}}"
                    ));
                }
                put(format_args!("}},\"s\":{{"));
                for (n, (_, hits)) in lines.iter().enumerate() {
                    let (comma, key) = (if n > 0 { "," } else { "" }, if quirk { "s" } else { "" });
                    put(format_args!("{comma}\"{key}{n}\":{hits}"));
                }
                put(format_args!("}}}}"));
            }
            put(format_args!("}}"));
        }
        CoverageFormat::Llvm => {
            put(format_args!("{{\"data\":[{{\"files\":["));
            let (yes, no) = if quirk { ("1", "0") } else { ("true", "false") };
            for (n, (path, lines)) in model.iter().enumerate() {
                let comma = if n > 0 { ",\n" } else { "" };
                put(format_args!("{comma}{{\"filename\":\"{path}\",\"segments\":["));
                for (n, (line, hits)) in lines.iter().enumerate() {
                    let comma = if n > 0 { "," } else { "" };
                    put(format_args!("{comma}[{line},1,{hits},{yes},{yes}],[{line},9,0,{no},{no}]"));
                }
                put(format_args!("]}}"));
            }
            put(format_args!("]}}]}}"));
        }
        CoverageFormat::Gcovr => {
            put(format_args!("{{\"gcovr/format_version\":\"0.11\",\"files\":["));
            for (n, (path, lines)) in model.iter().enumerate() {
                let comma = if n > 0 { ", " } else { "" };
                let file = format!("\"file\":\"{path}\"");
                put(format_args!(
                    "{comma}{{{}\"lines\":[",
                    if quirk { String::new() } else { format!("{file},") }
                ));
                for (n, (line, hits)) in lines.iter().enumerate() {
                    let comma = if n > 0 { "," } else { "" };
                    put(format_args!("{comma}{{\"line_number\":{line},\"count\":{hits},\"branches\":[]}}"));
                }
                put(format_args!("]{}}}", if quirk { format!(",{file}") } else { String::new() }));
            }
            put(format_args!("]}}"));
        }
        other => unreachable!("{} reports do not say how often a line ran", other.name()),
    }
    text
}

/// What a format can say of a model.
fn said(format: CoverageFormat, mut model: Model) -> Model {
    match format {
        // Whether a line ran, not how often.
        CoverageFormat::Jacoco => {
            model.values_mut().flat_map(BTreeMap::values_mut).for_each(|hits| *hits = (*hits).min(1));
        }
        // No source without code.
        CoverageFormat::Gocover | CoverageFormat::Opencover => model.retain(|_, lines| !lines.is_empty()),
        _ => {}
    }
    model
}

fn read(format: CoverageFormat, text: &str) -> Coverage {
    parse(format, text.as_bytes(), "generated").expect("a valid report")
}

fn model_of(coverage: &Coverage) -> Model {
    let lines =
        |path: &str| coverage.lines(path).unwrap_or_default().iter().map(|l| (l.number, l.hits)).collect();
    coverage.sources().map(|path| (path.to_owned(), lines(path))).collect()
}

fn formats() -> impl Strategy<Value = CoverageFormat> {
    proptest::sample::select(WRITTEN)
}

fn reports() -> impl Strategy<Value = Coverage> {
    let generated =
        (formats(), models()).prop_map(|(format, model)| read(format, &write(format, &model, false)));
    let stored = proptest::sample::select(FIXTURES)
        .prop_map(|(format, bytes)| parse(format, bytes, "stored").expect("a valid report"));
    prop_oneof![generated, stored]
}

fn merged(a: &Coverage, b: &Coverage) -> Coverage {
    let mut both = a.clone();
    both.merge(b);
    both
}

fn counts(coverage: &Coverage) -> Vec<(u64, u64)> {
    CoverageKind::ALL.map(|kind| coverage.count(kind, &|_| true)).map(|it| (it.covered, it.total)).to_vec()
}

/// Reports of real runs, each a source a block.
const RUNS: &[&str] = &[
    include_str!("../fixtures/tools/lcov/lcov.info"),
    include_str!("../fixtures/tools/lcov-2/lcov.info"),
    include_str!("../fixtures/tools/gcovr-xml/gcovr.info"),
    include_str!("../fixtures/coverage/cases/lcov/cargo-llvm-cov-cat.info"),
    include_str!("../fixtures/coverage/cases/lcov/lcov2.info"),
];

proptest! {
    #[test]
    fn a_run_that_is_split_over_files_has_the_figures_of_the_whole(
        run in proptest::sample::select(RUNS),
        shares in vec(0..3usize, 8),
        twice: bool,
    ) {
        let mut files = vec![String::new(); 3];
        for (n, block) in run.split_inclusive("end_of_record").filter(|it| it.contains("SF:")).enumerate() {
            let share = shares[n % shares.len()];
            files[share].push_str(block.trim_start());
            files[share].push('\n');
            if twice {
                files[(share + 1) % 3].push_str(block.trim_start());
            }
        }
        let reports = files.iter().filter(|file| !file.is_empty()).map(|file| read(CoverageFormat::Lcov, file));
        let parts: Vec<Coverage> = reports.collect();
        let united = parts.iter().fold(Coverage::default(), |all, part| merged(&all, part));
        let backwards = parts.iter().rev().fold(Coverage::default(), |all, part| merged(&all, part));
        prop_assert_eq!(counts(&united), counts(&read(CoverageFormat::Lcov, run)));
        prop_assert_eq!(counts(&backwards), counts(&united));
    }

    #[test]
    fn what_was_written_is_what_is_read(format in formats(), model in models(), quirk: bool) {
        let text = write(format, &model, quirk);
        prop_assert_eq!(detect(text.as_bytes()), Some(format));
        prop_assert_eq!(model_of(&read(format, &text)), said(format, model));
    }

    #[test]
    fn merging_is_the_union_of_lines(a in models(), b in models(), one in formats(), two in formats()) {
        let both = merged(&read(one, &write(one, &a, false)), &read(two, &write(two, &b, false)));
        let mut expected = said(one, a);
        for (path, lines) in said(two, b) {
            let mine = expected.entry(path).or_default();
            for (line, hits) in lines {
                let sum = mine.entry(line).or_default();
                *sum = sum.saturating_add(hits);
            }
        }
        prop_assert_eq!(model_of(&both), expected);
    }

    #[test]
    fn merging_heeds_no_order(a in reports(), b in reports(), c in reports()) {
        prop_assert_eq!(merged(&a, &b), merged(&b, &a));
        prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
    }

    #[test]
    fn merging_a_report_again_covers_nothing_more(a in reports(), b in reports()) {
        prop_assert_eq!(counts(&merged(&a, &a)), counts(&a));
        let both = merged(&a, &b);
        prop_assert_eq!(counts(&merged(&both, &b)), counts(&both));
    }

    #[test]
    fn no_bytes_at_all_cause_a_panic(format in proptest::sample::select(CoverageFormat::ALL), bytes in vec(any::<u8>(), 0..400)) {
        let _ = detect(&bytes);
        let _ = parse(format, &bytes, "noise");
    }

    #[test]
    fn damage_is_an_error_or_a_whole_report(
        (format, bytes) in proptest::sample::select(FIXTURES),
        edits in vec((any::<proptest::sample::Index>(), any::<u8>(), 0..4u8), 1..6),
    ) {
        let mut bytes = bytes.to_vec();
        for (place, byte, kind) in edits {
            let at = place.index(bytes.len().max(1)).min(bytes.len().saturating_sub(1));
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 if bytes.len() > 1 => { bytes.remove(at); }
                _ => bytes.splice(at..at, *b"<\"9,").for_each(drop),
            }
        }
        if let Ok(coverage) = parse(format, &bytes, "damaged") {
            for (covered, total) in counts(&coverage) {
                prop_assert!(covered <= total);
            }
        }
    }

    #[test]
    fn a_cut_off_report_never_passes_for_a_whole_one(
        (format, bytes) in proptest::sample::select(FIXTURES),
        place in any::<proptest::sample::Index>(),
    ) {
        let whole = bytes.trim_ascii_end();
        let cut = &whole[..place.index(whole.len())];
        // A cover profile has no end: that whole lines are missing cannot be seen.
        let unseen = format == CoverageFormat::Gocover && cut.ends_with(b"\n");
        prop_assert!(unseen || parse(format, cut, "cut").is_err());
    }
}
