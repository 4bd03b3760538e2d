//! Small reports with what real tools write now and then: the figure of each, which is what its own tool prints or
//! was counted by hand, or the words of the refusal.

#![expect(clippy::disallowed_methods, reason = "fixtures are files that are read as they stand")]

use std::path::PathBuf;
use unentropy::collect::coverage::CoverageKind;
use unentropy::collect::measurement::Measurement;
use unentropy::error::{Code, Error};

fn bytes(name: &str) -> Vec<u8> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/coverage/cases").join(name);
    std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The figure over files of the folder, with its warnings.
fn figure(names: &str, of: CoverageKind, fallback: Option<f64>) -> Result<(f64, Vec<Error>), Error> {
    let names: Vec<String> = names.split(' ').map(str::to_owned).collect();
    let mut session = Measurement::new("/tmp/project/cases/lcov");
    for name in &names {
        session.add_coverage(name, None, &bytes(name));
    }
    session.coverage(&names, Some(of), None, fallback, None)
}

#[test]
fn small_reports_have_their_right_figures() {
    use CoverageKind::{Branch, Function, Line, Statement};
    let cases = [
        ("lcov/cat-nonl.info", Line, 50.0, "a report glued to one without a line feed at its end"),
        ("lcov/cargo-llvm-cov-cat.info", Line, 43.75, "the same, as cargo-llvm-cov writes them"),
        ("lcov/cargo-llvm-cov-cat.info", Function, 80.0, "the same"),
        ("lcov/clc1.info lcov/clc2.info", Line, 43.75, "the same two, one after the other"),
        ("lcov/vitest-nan.info", Line, 50.0, "a count that is no number"),
        ("lcov/vitest-nan.info", Branch, 50.0, "the same"),
        ("lcov/fn-neg.info", Line, 50.0, "a function on the line -1"),
        ("lcov/fn-neg.info", Function, 50.0, "the same"),
        ("lcov/istanbul-noline.info", Line, 100.0, "functions and branches without a line"),
        ("lcov/istanbul-noline.info", Function, 50.0, "the same"),
        ("lcov/istanbul-noline.info", Branch, 50.0, "the same"),
        ("lcov/lcov2.info", Line, 200.0 / 3.0, "lcov 2: functions with aliases, exceptions, MC/DC"),
        ("lcov/lcov2.info", Branch, 50.0, "the same"),
        ("lcov/lcov2.info", Function, 50.0, "the same"),
        ("lcov/tmpl.info", Function, 50.0, "two instances of a template that the totals count as one"),
        ("lcov/namesakes.info", Function, 40.0, "five functions of one name"),
        ("lcov/names.info", Function, 100.0, "commas in names"),
        ("lcov/dupsf.info", Line, 75.0, "one source under three names"),
        ("lcov/huge.info", Line, 100.0 / 3.0, "counts beyond 64 bits and below zero"),
        ("lcov/sci.info", Line, 200.0 / 3.0, "powers"),
        ("lcov/line0.info", Line, 200.0 / 3.0, "a line 0"),
        ("lcov/lf-only.info", Line, 0.0, "nothing but totals"),
        ("lcov/bom-crlf.info", Line, 50.0, "a byte order mark and CRLF"),
        ("lcov/u16bom.info", Line, 50.0, "UTF-16"),
        ("clover/ist-hidden-branch.xml", Branch, 75.0, "istanbul's branches on lines without a statement"),
        ("clover/ist1of2.xml clover/ist2of2.xml", Branch, 100.0, "two runs"),
        ("clover/unknown-type.xml", Line, 50.0, "a line of a type that is not known"),
        ("clover/unknown-type.xml", Statement, 50.0, "the same"),
        ("cobertura/same-line-branches.xml", Branch, 75.0, "two classes with a branch on one line"),
        ("cobertura/two-sources-same-name.xml", Line, 50.0, "two files of one name below two sources"),
        ("cobertura/empty-filename.xml", Line, 50.0, "a class without a file"),
        ("cobertura/no-filename.xml", Line, 50.0, "the same"),
        ("cobertura/swift-noclasses.xml", Line, 50.0, "classes without `classes` around them"),
        ("cobertura/swift-noclasses.xml", Branch, 100.0, "branches that only the root counts"),
        ("cobertura/cond-comma.xml", Branch, 100.0 / 3.0, "a decimal comma"),
        ("cobertura/mixed-sep.xml", Line, 100.0, "one file with two separators"),
        ("cobertura/rate-only.xml", Line, 85.0, "nothing but a rate"),
        ("cobertura/jest-method-only.xml", Line, 200.0 / 7.0, "lines that only methods have"),
        ("cobertura/overload.xml", Function, 100.0 / 3.0, "a method without lines"),
        ("cobertura/hits-odd.xml", Line, 50.0, "odd counts"),
        ("cobertura/entities.xml", Line, 50.0, "character references and comments"),
        ("cobertura/ns.xml", Line, 50.0, "name spaces"),
        ("cobertura/leading-newline.xml", Line, 50.0, "a line feed before the declaration"),
        ("cobertura/latin1.xml", Line, 100.0, "another encoding, and totals that its packages contradict"),
        ("cobertura/utf16.xml", Line, 50.0, "UTF-16"),
        ("multi/h1.xml", Branch, 50.0, "one of two branches"),
        ("multi/h1.xml multi/h2.xml", Branch, 100.0, "coverage.py says which branch was missed"),
    ];
    for (names, of, expected, fact) in cases {
        let (found, _) = figure(names, of, None).unwrap_or_else(|error| panic!("{names}: {}", error.message));
        assert!(
            (found - expected).abs() < 1e-9,
            "{fact}: {} of {names} is {found}, expected {expected}",
            of.name()
        );
        // Neither the order nor a report that is there twice matters.
        let backwards = names.split(' ').rev().chain(names.split(' ')).collect::<Vec<_>>().join(" ");
        let (again, _) = figure(&backwards, of, None).expect("the same reports");
        assert!((again - expected).abs() < 1e-9, "{fact}: {} of {backwards} is {again}", of.name());
    }
}

#[test]
fn nothing_covered_is_the_fallback_and_nothing_else() {
    for name in [
        "nyc-empty/lcov.info",
        "nyc-empty/clover.xml",
        "nyc-empty/cobertura-coverage.xml",
        "lcov/tn-only.info",
    ] {
        assert_eq!(figure(name, CoverageKind::Line, Some(0.0)).expect("the fallback").0, 0.0, "{name}");
        let error = figure(name, CoverageKind::Line, None).expect_err("nothing to measure");
        assert!(matches!(error.code, Code::CollectorFormat | Code::CollectorNothing), "{name}");
    }
    let both = figure("nyc-empty/lcov.info lcov/cat-nonl.info", CoverageKind::Line, Some(7.0));
    assert_eq!(both.expect("the other report").0, 50.0);
    for name in ["multi/html.xml", "multi/err.json", "multi/hash.info", "multi/cut.xml"] {
        let error = figure(name, CoverageKind::Line, Some(0.0)).expect_err("no report");
        assert_eq!(error.code, Code::CollectorFormat, "{name}");
    }
}

#[test]
fn a_broken_line_costs_the_report_and_any_other_record_what_it_says() {
    for name in ["lcov/eq.info", "lcov/linem1.info", "cobertura/line-neg.xml", "cobertura/hits-missing.xml"] {
        let error = figure(name, CoverageKind::Line, Some(0.0)).expect_err("a broken line");
        assert_eq!(error.code, Code::CollectorFormat, "{name}");
    }
    let read = |text: &str, of| {
        let mut session = Measurement::new("/work");
        session.add_coverage("a.info", None, text.as_bytes());
        session.coverage(&["a.info".to_owned()], Some(of), None, None, None)
    };
    let text = "SF:a\nFN:x,f\nFNDA:f\nBRDA:1,0,1\nDA:1,1\nDA:2,0\nLF:many\nend_of_record\n";
    let (value, warnings) = read(text, CoverageKind::Line).expect("the lines");
    assert_eq!(value, 50.0);
    let [warning] = &warnings[..] else { panic!("expected one warning, found {warnings:?}") };
    assert_eq!(warning.code, Code::CoverageRecord);
    assert_eq!(
        warning.message,
        "`a.info` line 2: expected `FN:line,name`, found `FN:x,f`, left out, and 3 more like it"
    );
    assert_eq!(
        read(text, CoverageKind::Function).expect_err("no function is left").code,
        Code::CollectorNothing
    );
}

#[test]
fn totals_that_no_reading_agrees_with_are_taken_with_a_warning_that_names_both() {
    let mut session = Measurement::new("/work");
    session.add_coverage("a.info", None, b"SF:a\nDA:1,1\nDA:2,1\nLF:4\nLH:3\nend_of_record\n");
    session.add_coverage("b.info", None, b"SF:b\nDA:1,1\nDA:2,0\nLF:2\nLH:1\nend_of_record\n");
    session.add_coverage(
        "c.xml",
        None,
        b"<coverage line-rate=\"0.25\" lines-covered=\"1\" lines-valid=\"4\"><packages><package><classes><class \
          name=\"A\" filename=\"a\"><lines><line number=\"1\" hits=\"1\"/></lines></class></classes></package>\
          <package><classes><class name=\"B\" filename=\"b\"><lines><line number=\"1\" hits=\"0\"/></lines></class>\
          </classes></package></packages></coverage>",
    );
    let ask = |names: &[&str], keep: Option<&str>| {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let keep = keep.map(|one| vec![one.to_owned()]);
        session.coverage(&names, Some(CoverageKind::Line), None, None, keep).expect("a figure")
    };
    let (value, warnings) = ask(&["a.info"], None);
    assert_eq!((value, warnings.len(), warnings[0].code), (75.0, 1, Code::CoverageTotals));
    assert_eq!(
        warnings[0].message,
        "the totals in `a.info` are 3 of 4 for the type `line`, its records say 2 of 2: the totals are taken"
    );
    assert_eq!(ask(&["b.info"], None), (50.0, vec![]));
    // What is stated of one source holds beside another one, whatever the order.
    assert_eq!(ask(&["a.info", "b.info"], None).0, 4.0 / 6.0 * 100.0);
    assert_eq!(ask(&["b.info", "a.info"], None).0, 4.0 / 6.0 * 100.0);
    // The root's totals are those of the whole report and of it alone.
    assert_eq!(ask(&["c.xml"], None).0, 25.0);
    assert_eq!(ask(&["c.xml"], Some("a")), (100.0, vec![]));
    assert_eq!(ask(&["b.info", "c.xml"], Some("a")).0, 100.0);
}

#[test]
fn a_type_that_a_format_does_not_have_is_refused_with_those_that_it_has() {
    let error = figure("lcov/cat-nonl.info", CoverageKind::Instruction, None).expect_err("no such type");
    assert_eq!(error.code, Code::CollectorUsage);
    assert_eq!(
        error.message,
        "`--type` is `instruction`, which `lcov/cat-nonl.info` does not have: it is a report in the format `lcov`"
    );
    assert_eq!(error.hint, "They have `line`, `branch` and `function`.");
}

#[test]
fn functions_of_lcov_1_and_2_meet_by_line_and_unreachable_branches_do_not_count() {
    let read = |texts: &[&str], of| {
        let mut session = Measurement::new("/work");
        let names: Vec<String> = (0..texts.len()).map(|n| format!("{n}.info")).collect();
        for (name, text) in names.iter().zip(texts) {
            session.add_coverage(name, None, text.as_bytes());
        }
        session.coverage(&names, Some(of), None, None, None).expect("a figure").0
    };
    let one = "SF:a\nFN:1,f<int>\nFN:1,f<long>\nFN:9,g\nFNDA:1,f<int>\nFNDA:0,f<long>\nFNDA:0,g\nFNF:3\nFNH:1\nend_of_record\n";
    let two = "SF:a\nFNL:0,1,4\nFNA:0,1,f<int>\nFNA:0,0,f<long>\nFNL:1,9,12\nFNA:1,0,g\nFNF:2\nFNH:1\nend_of_record\n";
    assert_eq!(read(&[one], CoverageKind::Function), 1.0 / 3.0 * 100.0);
    assert_eq!(read(&[two], CoverageKind::Function), 50.0);
    assert_eq!(read(&[one, two], CoverageKind::Function), 50.0);
    assert_eq!(read(&[two, one], CoverageKind::Function), 50.0);
    let marked = "SF:a\nBRDA:3,0,0,1\nBRDA:3,e0,1,0\nBRDA:3,U1,0,-\nBRDA:3,eU1,1,0\nBRDA:3,f2,0,1\nBRF:3\nBRH:2\nend_of_record\n";
    assert_eq!(read(&[marked], CoverageKind::Branch), 2.0 / 3.0 * 100.0);
    assert_eq!(read(&[marked, marked], CoverageKind::Branch), 2.0 / 3.0 * 100.0);
}
