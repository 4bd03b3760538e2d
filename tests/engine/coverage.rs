//! Coverage reports as their tools write them, merged, and refused when they are broken.

use unentropy::collect::coverage::{Coverage, CoverageFormat, CoverageKind, detect, parse, parse_detected};
use unentropy::error::Code;

/// Covered and total of lines, branches and functions.
type Counts = [(u64, u64); 3];

fn counts(coverage: &Coverage) -> Counts {
    [CoverageKind::Line, CoverageKind::Branch, CoverageKind::Function].map(|kind| {
        let counted = coverage.count(kind, &|_| true);
        (counted.covered, counted.total)
    })
}

fn read(text: impl AsRef<[u8]>) -> Coverage {
    parse_detected(text.as_ref(), "report").expect("a valid report")
}

fn message(text: impl AsRef<[u8]>) -> String {
    let error = parse_detected(text.as_ref(), "report").expect_err("a broken report");
    assert_eq!(error.code, Code::CollectorFormat);
    error.message
}

fn lines(coverage: &Coverage, source: &str) -> Vec<(u32, u32)> {
    let lines = coverage.lines(source).unwrap_or_else(|| panic!("no source `{source}` in the report"));
    lines.iter().map(|line| (line.number, line.hits)).collect()
}

fn cobertura(classes: &str) -> String {
    format!(
        "<coverage line-rate=\"0\"><packages><package name=\"p\"><classes>{classes}</classes></package></packages></coverage>"
    )
}

fn clover(files: &str) -> String {
    format!("<coverage generated=\"1\"><project>{files}</project></coverage>")
}

#[test]
fn reports_of_real_tools_are_recognised_and_counted() {
    let cases: [(&[u8], CoverageFormat, Counts, &[&str]); 20] = [
        (
            include_bytes!("../fixtures/coverage/gcov.info"),
            CoverageFormat::Lcov,
            [(4, 7), (2, 4), (1, 2)],
            &["/work/src/queue.c"],
        ),
        (
            include_bytes!("../fixtures/coverage/lcov2.info"),
            CoverageFormat::Lcov,
            [(2, 3), (2, 4), (1, 2)],
            &["src/stack.cpp"],
        ),
        (
            include_bytes!("../fixtures/coverage/vitest.info"),
            CoverageFormat::Lcov,
            [(2, 3), (1, 2), (2, 3)],
            &["src/app.ts"],
        ),
        (
            include_bytes!("../fixtures/coverage/cargo-llvm-cov.info"),
            CoverageFormat::Lcov,
            [(3, 5), (0, 0), (1, 2)],
            &["/work/src/lib.rs"],
        ),
        (
            include_bytes!("../fixtures/coverage/coveragepy.xml"),
            CoverageFormat::Cobertura,
            [(4, 5), (1, 2), (0, 0)],
            &["/work/src/shop/cart.py"],
        ),
        (
            include_bytes!("../fixtures/coverage/coverlet.xml"),
            CoverageFormat::Cobertura,
            [(3, 4), (1, 2), (2, 3)],
            &["C:/work/Shop/Cart.cs"],
        ),
        (
            include_bytes!("../fixtures/coverage/gocover-cobertura.xml"),
            CoverageFormat::Cobertura,
            [(2, 4), (0, 0), (1, 2)],
            &["cart/cart.go"],
        ),
        (
            include_bytes!("../fixtures/coverage/phpunit.xml"),
            CoverageFormat::Clover,
            [(3, 4), (0, 0), (1, 2)],
            &["/work/src/Cart.php", "/work/src/Model/Item.php"],
        ),
        (
            include_bytes!("../fixtures/coverage/istanbul-clover.xml"),
            CoverageFormat::Clover,
            [(3, 4), (2, 3), (1, 2)],
            &["/work/src/cart.js"],
        ),
        (
            include_bytes!("../fixtures/coverage/openclover.xml"),
            CoverageFormat::Clover,
            [(2, 3), (1, 2), (1, 2)],
            &["/work/src/com/shop/Cart.java"],
        ),
        (
            include_bytes!("../fixtures/tools/jacoco/kt.xml"),
            CoverageFormat::Jacoco,
            [(13, 15), (4, 10), (12, 15)],
            &["com/example/kt/Prices.kt"],
        ),
        (
            include_bytes!("../fixtures/tools/go/coverpkg.out"),
            CoverageFormat::Gocover,
            [(36, 58), (0, 0), (0, 0)],
            &[
                "example.com/shop/cart/cart.go",
                "example.com/shop/idle/idle.go",
                "example.com/shop/price/cart.go",
                "example.com/shop/price/price.go",
            ],
        ),
        (
            include_bytes!("../fixtures/coverage/opencover.handmade.xml"),
            CoverageFormat::Opencover,
            [(7, 11), (3, 5), (2, 3)],
            &["C:/work/Shop/Cart.cs", "C:/work/Shop/Item.cs"],
        ),
        (
            include_bytes!("../fixtures/coverage/opencover-coverlet.handmade.xml"),
            CoverageFormat::Opencover,
            [(9, 14), (1, 4), (5, 7)],
            &["/work/Shop/Cart.cs", "/work/Shop/Item.cs", "/work/Shop/Web/Item.cs"],
        ),
        (
            include_bytes!("../fixtures/tools/istanbul-nyc/coverage-final.json"),
            CoverageFormat::Istanbul,
            [(23, 32), (13, 29), (11, 14)],
            &[
                "/tmp/project-istanbul/src/cart.js",
                "/tmp/project-istanbul/src/shop/index.js",
                "/tmp/project-istanbul/src/store/index.js",
                "/tmp/project-istanbul/src/unused.js",
            ],
        ),
        (
            include_bytes!("../fixtures/tools/coveragepy-branch/coverage.json"),
            CoverageFormat::CoveragePy,
            [(42, 55), (9, 18), (0, 0)],
            &["shop/__init__.py", "shop/cart.py", "shop/stock.py", "shop/unused.py"],
        ),
        (
            include_bytes!("../fixtures/tools/simplecov-branch/.resultset.json"),
            CoverageFormat::SimpleCov,
            [(24, 39), (6, 12), (0, 0)],
            &[
                "/tmp/project-simplecov/lib/cart.rb",
                "/tmp/project-simplecov/lib/stock.rb",
                "/tmp/project-simplecov/lib/unused.rb",
            ],
        ),
        (
            include_bytes!("../fixtures/tools/llvm-cov-cpp/export.json"),
            CoverageFormat::Llvm,
            [(47, 56), (19, 28), (7, 8)],
            &["/tmp/project-llvm-cov/shop.cpp"],
        ),
        (
            include_bytes!("../fixtures/tools/gcovr/coverage.json"),
            CoverageFormat::Gcovr,
            [(39, 49), (26, 46), (10, 12)],
            &["shop.cpp", "stock.c"],
        ),
        (
            include_bytes!("../fixtures/coverage/xccov.json"),
            CoverageFormat::Xccov,
            [(13, 20), (0, 0), (3, 4)],
            &["/work/Shop/Cart.swift", "/work/Shop/Stock.swift", "/work/ShopTests/CartTests.swift"],
        ),
    ];
    for (bytes, format, expected, sources) in cases {
        assert_eq!(detect(bytes), Some(format), "{sources:?}");
        let coverage = parse(format, bytes, "report").expect("a valid report");
        assert_eq!(counts(&coverage), expected, "{sources:?}");
        assert_eq!(coverage.sources().collect::<Vec<_>>(), sources);
    }
}

#[test]
fn names_of_formats_lead_back_to_them() {
    for &format in CoverageFormat::ALL {
        assert_eq!(CoverageFormat::from_name(format.name()), Some(format));
    }
    assert_eq!(CoverageFormat::from_name("LCOV"), None);
}

#[test]
fn reports_of_one_source_in_three_formats_merge_line_by_line() {
    let lcov = "SF:src/a.js\nDA:1,1\nDA:2,0\nDA:3,0\nend_of_record\n";
    let cobertura = cobertura(
        "<class filename=\"./src/a.js\"><lines><line number=\"2\" hits=\"4\"/><line number=\"5\" hits=\"0\"/></lines></class>",
    );
    let clover = clover(
        "<file name=\"src\\a.js\"><line num=\"3\" type=\"stmt\" count=\"0\"/><line num=\"5\" type=\"stmt\" count=\"2\"/>\
         <line num=\"1\" type=\"stmt\" count=\"1\"/></file>",
    );
    let mut merged = read(lcov);
    merged.merge(&read(cobertura));
    merged.merge(&read(clover));
    assert_eq!(lines(&merged, "src/a.js"), [(1, 2), (2, 4), (3, 0), (5, 2)]);
    assert_eq!(counts(&merged)[0], (3, 4));
}

#[test]
fn hits_add_up_and_stop_at_the_largest_number() {
    let mut merged = read("SF:a\nDA:1,4294967290\nend_of_record\n");
    merged.merge(&read("SF:a\nDA:1,10\nend_of_record\n"));
    assert_eq!(lines(&merged, "a"), [(1, u32::MAX)]);
}

#[test]
fn lcov_is_read_as_its_writers_mean_it() {
    let cases: &[(&str, &str, Counts)] = &[
        (
            "several blocks of one source",
            "SF:a\nDA:2,1\nend_of_record\nSF:a\nDA:1,0\nDA:2,0\nend_of_record\n",
            [(1, 2), (0, 0), (0, 0)],
        ),
        (
            "white space, comments and unknown records",
            "# made by hand\n\n  SF: a \nXYZ:1\nDA:1,1\nnoise\nend_of_record",
            [(1, 1), (0, 0), (0, 0)],
        ),
        ("negative counts are not hits", "SF:a\nDA:1,-3\nDA:2,1\nend_of_record\n", [(1, 2), (0, 0), (0, 0)]),
        (
            "fractions and powers",
            "SF:a\nDA:1,1.2e+06\nDA:2,0.5\nDA:3,0e0\nend_of_record\n",
            [(2, 3), (0, 0), (0, 0)],
        ),
        (
            "lines out of order and twice",
            "SF:a\nDA:9,0\nDA:3,1\nDA:9,1\nend_of_record\n",
            [(2, 2), (0, 0), (0, 0)],
        ),
        (
            "totals that no reading of the records agrees with",
            "SF:a\nDA:1,1\nLF:50\nLH:20\nBRF:6\nBRH:4\nFNF:3\nFNH:3\nend_of_record\n",
            [(20, 50), (4, 6), (3, 3)],
        ),
        (
            "counters that contradict themselves",
            "SF:a\nLF:5\nLH:9\nend_of_record\n",
            [(5, 5), (0, 0), (0, 0)],
        ),
        ("a counter without its partner", "SF:a\nLF:5\nend_of_record\n", [(0, 0), (0, 0), (0, 0)]),
        (
            "functions with commas and end lines",
            "SF:a\nFN:1,4,f(int, long)\nFNDA:2,f(int, long)\nFN:5,g\nend_of_record\n",
            [(0, 0), (0, 0), (1, 2)],
        ),
        (
            "calls of what was not declared",
            "SF:a\nFNDA:1,f\nFNDA:0,g\nFNDA:0,f\nend_of_record\n",
            [(0, 0), (0, 0), (1, 2)],
        ),
        (
            "calls counted twice for one declaration",
            "SF:a\nFN:1,f\nFNDA:0,f\nFNDA:2,f\nend_of_record\n",
            [(0, 0), (0, 0), (1, 1)],
        ),
        (
            "branches never reached",
            "SF:a\nBRDA:1,0,0,-\nBRDA:1,0,1,1\nend_of_record\n",
            [(0, 0), (1, 2), (0, 0)],
        ),
        ("a source without code", "SF:a\nend_of_record\n", [(0, 0), (0, 0), (0, 0)]),
    ];
    for (fact, text, expected) in cases {
        assert_eq!(counts(&read(text)), *expected, "{fact}");
    }
}

#[test]
fn branches_and_functions_merge_by_identity() {
    let one = "SF:a\nFN:1,f\nFN:9,g\nFNDA:1,f\nBRDA:3,0,0,1\nBRDA:3,0,1,0\nBRDA:4,0,x,-\nend_of_record\n";
    let two = "SF:a\nFN:1,f\nFN:9,g\nFNDA:1,g\nBRDA:3,0,0,0\nBRDA:3,0,1,2\nBRDA:4,0,x,1\nend_of_record\n";
    let mut merged = read(one);
    assert_eq!(counts(&merged), [(0, 0), (1, 3), (1, 2)]);
    merged.merge(&read(two));
    assert_eq!(counts(&merged), [(0, 0), (3, 3), (2, 2)]);

    let condition = |yes: u32, no: u32| {
        read(clover(&format!(
            "<file name=\"a\"><line num=\"1\" type=\"cond\" truecount=\"{yes}\" falsecount=\"{no}\"/></file>"
        )))
    };
    let mut merged = condition(1, 0);
    merged.merge(&condition(0, 1));
    assert_eq!(counts(&merged)[1], (2, 2));
}

#[test]
fn branches_without_identity_merge_to_what_is_certain() {
    let half = |covered: u32| {
        read(cobertura(&format!(
            "<class filename=\"a\"><lines><line number=\"1\" hits=\"1\" branch=\"true\" condition-coverage=\"x% ({covered}/4)\"/></lines></class>"
        )))
    };
    let mut merged = half(1);
    merged.merge(&half(3));
    assert_eq!(counts(&merged)[1], (3, 4));
    merged.merge(&read("SF:a\nBRDA:1,0,0,1\nBRDA:1,0,1,1\nBRDA:7,0,0,0\nend_of_record\n"));
    assert_eq!(counts(&merged)[1], (3, 5), "another format measured the same condition");
}

#[test]
fn cobertura_is_read_as_its_writers_mean_it() {
    let line = |number: u32, hits: u32| format!("<line number=\"{number}\" hits=\"{hits}\"/>");
    let method = |name: &str, lines: &str| {
        format!("<method name=\"{name}\" signature=\"()\"><lines>{lines}</lines></method>")
    };
    let class = |name: &str, file: &str, methods: &str, lines: &str| {
        format!(
            "<class name=\"{name}\" filename=\"{file}\"><methods>{methods}</methods><lines>{lines}</lines></class>"
        )
    };
    let cases: &[(&str, String, Counts)] = &[
        (
            "lines of methods repeat lines of the class",
            cobertura(&class("A", "a", &method("f", &line(1, 1)), &(line(1, 1) + &line(2, 0)))),
            [(1, 2), (0, 0), (1, 1)],
        ),
        (
            "a declaration that only the method lists is no line of code",
            cobertura(&class("A", "a", &method("f", &line(1, 1)), &line(2, 1))),
            [(1, 1), (0, 0), (1, 1)],
        ),
        (
            "methods stand in for a class without lines",
            cobertura(&class("A", "a", &(method("f", &line(1, 1)) + &method("g", &line(4, 0))), "")),
            [(1, 2), (0, 0), (1, 2)],
        ),
        (
            "inner classes share the file",
            cobertura(&(class("A", "a", "", &(line(1, 0) + &line(2, 1))) + &class("A$B", "a", "", &(line(1, 3) + &line(7, 0))))),
            [(2, 3), (0, 0), (0, 0)],
        ),
        (
            "packages and classes nest",
            cobertura(&format!(
                "</classes><packages><package><classes><class filename=\"a\"><lines>{}</lines><classes>{}</classes></class></classes></package></packages><classes>",
                line(1, 1),
                class("B", "b", "", &line(1, 0))
            )),
            [(1, 2), (0, 0), (0, 0)],
        ),
        (
            "overloads are functions of their own",
            cobertura(&class("A", "a", "<method name=\"f\" signature=\"(I)V\" line-rate=\"0.5\"/><method name=\"f\" signature=\"(J)V\" line-rate=\"0.0\"/>", "")),
            [(0, 0), (0, 0), (1, 2)],
        ),
        (
            "single quotes, character references and comments",
            "<?xml version='1.0'?><!-- <x> --><coverage line-rate='1'><packages><class filename='a&#47;&amp;b'><lines><line number = '&#49;' hits='1'/>\
             <!-- --><line hits='0' number='2'></line></lines></class></packages></coverage>"
                .replace("'&#49;'", "'1'"),
            [(1, 2), (0, 0), (0, 0)],
        ),
        (
            "text between lines",
            cobertura(&class("A", "a", "", &format!("text{} &lt; {}<![CDATA[<]]>{}", line(1, 1), line(2, 1), line(3, 0)))),
            [(2, 3), (0, 0), (0, 0)],
        ),
        ("a class without anything", cobertura("<class filename=\"a\"/>"), [(0, 0), (0, 0), (0, 0)]),
    ];
    for (fact, text, expected) in cases {
        assert_eq!(counts(&read(text)), *expected, "{fact}");
    }
}

/// Lines that are written alike are read by a short cut, which a comment before each of them prevents.
#[test]
fn the_same_is_read_of_lines_that_are_written_alike_and_of_lines_that_are_not() {
    let groups: &[&[&str]] = &[
        &[r#"<line K="1" C="1"/>"#, r#"<line K="22" C="0"/>"#, r#"<line K="333" C="1234567"/>"#],
        // Counts that are no short numbers, between such that are.
        &[r#"<line K="4" C="12345678"/>"#, r#"<line K="5" C="4294967296"/>"#, r#"<line K="6" C="-1"/>"#],
        &[r#"<line K="7" C="1e3"/>"#, r#"<line K="8" C=" 7 "/>"#, r#"<line K="00000009" C="0000000"/>"#],
        // Counts before numbers, other quotes, spaces and attributes.
        &[r#"<line C="2" K="10"/>"#, r#"<line C="3" K="11"/>"#, r#"<line K="12" C="4"/>"#],
        &["<line  K='13' C='5'/>", "<line K=\"14\"\tC=\"6\" />", "<line K=\"15\" C=\"7\"></line>"],
        &[r#"<line K="16" C="1" x="a"/>"#, r#"<line K="17" C="0" x="a"/>"#, r#"<line K="18" C="0" x="b"/>"#],
        // The last of an attribute that is there twice counts.
        &[r#"<line K="1" K="19" C="2"/>"#, r#"<line K="1" K="20" C="3"/>"#, r#"<line K="21" K="20" C="3"/>"#],
        &[r#"<line K="23" C="1" condition-coverage="50% (1/2)" type="cond" truecount="1" falsecount="0"/>"#],
        &[r#"<line K="24" C="1" type="stmt"/>"#, r#"<line K="25" C="1" type="method" name="m"/>"#],
        &[r#"<line K="26" C="0" type="stmt"/>"#, r#"<line K="27" C="0" type="stmt"/>"#],
    ];
    let joints = ["", "\n", "\n\t\t", "  "];
    for (number, joint) in (0..groups.len().pow(2)).flat_map(|number| joints.map(|joint| (number, joint))) {
        let all = [groups[number / groups.len()], groups[number % groups.len()]].concat();
        for (names, report) in [
            (
                ["number", "hits"],
                (|lines: &str| {
                    cobertura(&format!(
                        r#"<class filename="a"><methods><method name="m"><lines>{lines}</lines></method></methods><lines>{lines}</lines></class>"#
                    ))
                }) as fn(&str) -> String,
            ),
            (["num", "count"], |lines: &str| clover(&format!(r#"<file name="a">{lines}</file>"#))),
        ] {
            let written = |before: &str| {
                let lines: String = all.iter().map(|line| format!("{joint}{before}{line}")).collect();
                read(report(
                    &lines.replace("K=", &format!("{}=", names[0])).replace("C=", &format!("{}=", names[1])),
                ))
            };
            assert_eq!(written(""), written("<!-- -->"), "{all:?}");
        }
    }
}

#[test]
fn totals_count_only_where_a_report_has_no_lines() {
    let totals = "<coverage lines-covered=\"3\" lines-valid=\"4\" line-rate=\"0.75\" branches-covered=\"1\" branches-valid=\"2\"><packages/></coverage>";
    let coverage = read(totals);
    assert_eq!(counts(&coverage), [(3, 4), (1, 2), (0, 0)]);
    let counted = coverage.count(CoverageKind::Line, &|_| true);
    assert!(counted.from_summary);
    assert_eq!(counted.percent(), Some(75.0));

    let rate_only = "<coverage line-rate=\"0.75\"><packages><class filename=\"a\"/></packages></coverage>";
    assert_eq!(read(rate_only).count(CoverageKind::Line, &|_| true).percent(), Some(75.0));

    let unknown = rate_only.replace("0.75", "0");
    assert_eq!(
        read(unknown).count(CoverageKind::Line, &|_| true).percent(),
        None,
        "0 may stand for nothing measured"
    );

    let empty = "<coverage line-rate=\"1\" lines-covered=\"0\" lines-valid=\"0\"><packages/></coverage>";
    assert_eq!(read(empty).count(CoverageKind::Line, &|_| true).percent(), None);

    let project = "<metrics statements=\"8\" coveredstatements=\"2\" methods=\"2\" coveredmethods=\"1\"/>";
    assert_eq!(counts(&read(clover(project))), [(2, 8), (0, 0), (1, 2)]);
    let file =
        format!("<file name=\"a\">{project}</file><metrics statements=\"99\" coveredstatements=\"9\"/>");
    assert_eq!(counts(&read(clover(&file))), [(2, 8), (0, 0), (1, 2)]);

    let detailed = read(include_bytes!("../fixtures/coverage/coveragepy.xml"));
    assert!(!detailed.count(CoverageKind::Line, &|_| true).from_summary);
}

#[test]
fn totals_of_the_same_report_are_not_counted_twice() {
    let totals = |name: &str| {
        let text =
            b"<coverage line-rate=\"0.5\" lines-covered=\"1\" lines-valid=\"2\"><packages/></coverage>";
        parse(CoverageFormat::Cobertura, text, name).expect("a valid report")
    };
    let mut merged = totals("a.xml");
    merged.merge(&totals("a.xml"));
    assert_eq!(counts(&merged)[0], (1, 2));
    merged.merge(&totals("b.xml"));
    assert_eq!(counts(&merged)[0], (2, 4));
}

#[test]
fn only_kept_sources_are_counted() {
    let coverage = read("SF:src/a\nDA:1,1\nend_of_record\nSF:test/b\nDA:1,0\nend_of_record\n");
    let counted = coverage.count(CoverageKind::Line, &|path| path.starts_with("src/"));
    assert_eq!((counted.covered, counted.total), (1, 1));
    let nothing = coverage.count(CoverageKind::Line, &|_| false);
    assert_eq!((nothing.total, nothing.percent()), (0, None));
}

#[test]
fn absolute_and_relative_paths_meet_below_the_root() {
    let mut coverage = read(
        "SF:/work/src/a\nDA:1,0\nend_of_record\nSF:src/a\nDA:1,1\nDA:2,0\nend_of_record\nSF:/usr/b\nDA:1,1\nend_of_record\n",
    );
    coverage.make_relative("/work/");
    assert_eq!(coverage.sources().collect::<Vec<_>>(), ["/usr/b", "src/a"]);
    assert_eq!(lines(&coverage, "src/a"), [(1, 1), (2, 0)]);
}

#[test]
fn encodings_other_than_utf8_are_read_or_refused_by_name() {
    let text = "SF:src/a\nDA:1,1\nend_of_record\n";
    let mut wide = vec![0xff, 0xfe];
    wide.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    assert_eq!(read(&wide), read(text));
    assert_eq!(read([b"\xef\xbb\xbf", text.as_bytes()].concat()), read(text));
    wide.pop();
    assert!(message(&wide).ends_with("the UTF-16 text ends in the middle of a character"));

    let xml = |encoding: &str| {
        let class =
            cobertura("<class filename=\"caf\u{e9}\"><lines><line number=\"1\" hits=\"1\"/></lines></class>");
        let text = format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?>{class}");
        text.chars().map(|c| c as u8).collect::<Vec<u8>>()
    };
    assert_eq!(read(xml("ISO-8859-1")).sources().next(), Some("caf\u{e9}"));
    assert!(message(xml("Shift_JIS")).contains("found the encoding `Shift_JIS`"));
    // What it says it is and is not: a name that is no text costs no other one.
    assert_eq!(read(xml("UTF-8")).sources().next(), Some("caf\u{fffd}"));
}

#[test]
fn broken_reports_are_refused_with_cause_and_place() {
    let unclosed = cobertura("").replace("</coverage>", "");
    let cases: &[(&str, &str)] = &[
        ("", "cannot read `report`: the file is empty"),
        (" \n\t", "cannot read `report`: the file is empty"),
        ("hello world", "not a coverage report: it starts with `hello world`"),
        ("AWS_SECRET_ACCESS_KEY=x", "not a coverage report: it starts with `AWS_SECRET_A…`"),
        ("PK\u{3}\u{4}\u{0}", "it starts with `PK\u{fffd}\u{fffd}\u{fffd}`"),
        ("TN:\n", "expected at least one `SF` record, found none"),
        ("SF:a\nDA:1,1\n", "line 1 (byte 0): the file ends before the `end_of_record` of `a`: it is cut off"),
        ("TN:\nSF:a\nDA:1,1\nend_of_rec", "line 2 (byte 4): the file ends before the `end_of_record` of `a`"),
        (
            "SF:a\nDA:1,1\nSF:b\nend_of_record\n",
            "line 3 (byte 12): expected the `end_of_record` of `a`, found the next `SF` record",
        ),
        ("SF:a\nDA:x,1\nend_of_record\n", "line 2 (byte 5): expected `DA:line,hits`, found `DA:x,1`"),
        ("SF:a\nDA:1\nend_of_record\n", "expected `DA:line,hits`, found `DA:1`"),
        ("SF:a\nDA:4294967296,1\nend_of_record\n", "expected `DA:line,hits`, found `DA:4294967296,1`"),
        ("SF:a\nDA:1,=====\nend_of_record\n", "expected `DA:line,hits`"),
        ("SF:\nend_of_record\n", "line 1 (byte 0): `SF` without a path"),
        ("TN:\nDA:1,1\n", "line 2 (byte 4): `DA` without an `SF` record before it"),
        ("TN:\nend_of_record\n", "`end_of_record` without an `SF` record before it"),
        ("<report id=\"x\"/>", "below the root element `report`, found nothing"),
        (
            "<coverage version=\"1\"><file path=\"a\"/></coverage>",
            "expected `sources`, `packages` or `project` below the root element `coverage`, found `file`",
        ),
        (
            "<html><body>404</body></html>",
            "expected the root element `coverage`, `report` or `CoverageSession`, found `html`",
        ),
        (&unclosed, "the file ends inside 1 unclosed elements: it is cut off"),
        ("<coverage line-rate=\"1\"><packages><class", "tag not closed"),
        (
            "<coverage line-rate=\"1\"><packages></coverage>",
            "expected `</packages>`, but `</coverage>` was found",
        ),
        (
            "<coverage line-rate=\"1\"/><coverage/>",
            "expected one root element, found `coverage` as a second one",
        ),
        ("<coverage line-rate=\"1\"/>\ntrailing", "expected nothing outside the root element, found"),
        (
            "<coverage line-rate=\"1\"><packages><class filename=\"a\"><lines>\n<line number=\"x\" hits=\"1\"/></lines></class></packages></coverage>",
            "expected `line` with the numbers `number` and `hits`, found `x` and `1`",
        ),
        (
            "<coverage line-rate=\"1\"><packages><class filename=\"a\"><lines><line number=\"1\"/></lines></class></packages></coverage>",
            "found `1` and nothing",
        ),
        (
            "<coverage line-rate=\"1\"><packages><class filename=\"a\"><lines><line number=1 hits=\"1\"/></lines></class></packages></coverage>",
            "attribute value must be enclosed",
        ),
        (
            "<coverage><project><file><line num=\"1\"/></file></project></coverage>",
            "expected `file` with a `path` or `name`, found neither",
        ),
        (
            "<coverage><project><file name=\"a\"><line num=\"1\" type=\"cond\" count=\"1\"/></file></project></coverage>",
            "(or `truecount` and `falsecount`)",
        ),
    ];
    for (text, expected) in cases {
        let message = message(text);
        assert!(message.contains(expected), "{text}\n{message}\n{expected}");
    }
}

#[test]
fn what_a_report_is_refused_for_stays_one_short_line() {
    let long = "x".repeat(100_000);
    let cases = [
        "<c\u{7f}overage>".to_owned(),
        "<a\u{1b}[31m>".to_owned(),
        "<coverage><packages>\n</meth\n::error::od>".to_owned(),
        "<coverage><project></pro\u{202e}ject>".to_owned(),
        format!("<{long}>"),
        format!("<coverage><{long}>"),
        format!("<coverage><packages></{long}>"),
        format!("<coverage><packages/></coverage><{long}>"),
    ];
    for text in cases {
        for format in [None, Some(CoverageFormat::Cobertura), Some(CoverageFormat::Clover)] {
            let read = match format {
                None => parse_detected(text.as_bytes(), "re\nport"),
                Some(format) => parse(format, text.as_bytes(), "re\nport"),
            };
            let message = read.expect_err("no report").message;
            let strange = |c: char| c.is_control() || c == '\u{202e}';
            assert!(!message.chars().any(strange), "{message:?}");
            assert!(message.chars().count() < 400, "{} characters", message.chars().count());
        }
    }
}

#[test]
fn a_named_format_is_held_against_the_content() {
    let lcov = "SF:a\nend_of_record\n";
    let error = parse(CoverageFormat::Cobertura, lcov.as_bytes(), "x").expect_err("another format");
    assert_eq!(error.message, "cannot read `x`: expected cobertura, found lcov");
    assert_eq!(error.hint, "Name the format `lcov`, or leave it out to have it detected.");
    let error = parse(CoverageFormat::Clover, cobertura("").as_bytes(), "x").expect_err("another format");
    assert_eq!(error.message, "cannot read `x`: expected clover, found cobertura");
    assert!(parse(CoverageFormat::Lcov, b"<report/>", "x").is_err());
}

#[test]
fn entities_a_document_declares_are_never_expanded() {
    let bomb = "<?xml version=\"1.0\"?><!DOCTYPE coverage [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;\">\
                <!ENTITY c SYSTEM \"file:///etc/passwd\">]><coverage line-rate=\"1\"><packages><class filename=\"NAME\"/>TEXT</packages></coverage>";
    for (name, text) in [("&b;", ""), ("&c;", ""), ("ok", "&b;")] {
        let message = message(bomb.replace("NAME", name).replace("TEXT", text));
        assert!(message.contains("unknown or malformed entity in `&"), "{message}");
    }
    assert_eq!(read(bomb.replace("NAME", "ok").replace("TEXT", "")).sources().next(), Some("ok"));
}

#[test]
fn any_depth_of_nesting_is_walked_without_recursion() {
    const DEPTH: usize = 1_000_000;
    let inner = "<class filename=\"a\"><lines><line number=\"1\" hits=\"1\"/></lines></class>";
    let deep = |open: &str, close: &str| {
        format!(
            "<coverage line-rate=\"1\"><packages>{}{inner}{}</packages></coverage>",
            open.repeat(DEPTH),
            close.repeat(DEPTH)
        )
    };
    assert_eq!(counts(&read(deep("<package>", "</package>")))[0], (1, 1));
    assert!(message(deep("<package>", "")).contains("expected `</package>`, but `</packages>` was found"));
    let nested_classes = deep("<class filename=\"b\">", "</class>");
    assert_eq!(counts(&read(nested_classes))[0], (1, 1));
    assert_eq!(
        counts(&read(clover(&format!("{}{}", "<package>".repeat(DEPTH), "</package>".repeat(DEPTH)))))[0],
        (0, 0)
    );
}

#[test]
fn sources_of_a_report_without_end_cost_no_more_than_their_text() {
    let report = |roots: &str| {
        read(format!(
            "<coverage line-rate=\"0\"><sources>{roots}</sources><packages><package><classes>\
             <class name=\"c\" filename=\"a.c\"><lines><line number=\"1\" hits=\"1\"/></lines></class>\
             </classes></package></packages></coverage>"
        ))
    };
    let named = |coverage: &Coverage| coverage.sources().map(str::to_owned).collect::<Vec<_>>();
    let roots: String = (0..100_000).map(|n| format!("<source>/work/{n}</source>")).collect();
    assert_eq!(named(&report(&roots)), ["a.c"]);
    assert_eq!(named(&report(&"<source>/work</source>".repeat(1_000))), ["/work/a.c"]);
    assert_eq!(named(&report("<source/><source>/work</source><source></source>")), ["/work/a.c"]);
    assert_eq!(named(&report("<source>/a</source><source>/b</source><source>/a</source>")), ["a.c"]);
}

fn many_classes(number: u32) {
    let class = |n: u32, file: &str| {
        format!(
            "<class name=\"C{n}\" filename=\"{file}\"><lines><line number=\"{n}\" hits=\"{}\"/></lines></class>",
            n % 2
        )
    };
    let apart: String = (0..number).map(|n| class(n, &format!("src/{n}.java"))).collect();
    assert_eq!(counts(&read(cobertura(&apart)))[0], (u64::from(number) / 2, u64::from(number)));
    let together: String = (0..number).rev().map(|n| class(n, "src/One.java")).collect();
    assert_eq!(counts(&read(cobertura(&together)))[0], (u64::from(number) / 2, u64::from(number)));
    let blocks: String =
        (0..number).rev().map(|n| format!("SF:a\nDA:{n},{}\nend_of_record\n", n % 2)).collect();
    assert_eq!(counts(&read(blocks))[0], (u64::from(number) / 2, u64::from(number)));
}

#[test]
fn many_small_parts_are_read_in_linear_time() {
    many_classes(50_000);
}

#[test]
#[ignore = "takes seconds without optimisation"]
fn a_million_small_parts_are_read_in_linear_time() {
    many_classes(1_000_000);
}

#[test]
fn json_that_is_no_whole_report_is_refused_with_its_place() {
    let deep = format!("{{\"a.js\":{{\"statementMap\":{{}},\"x\":{}", "[".repeat(200_000));
    for (text, cause) in [
        ("{\"a.js\":{\"statementMap\":{\"0\":{\"start\":{\"line\":1", "the file ends within a text"),
        ("{\"a.js\":{\"statementMap\":{\"0\":1}}}", "expected an object, found `1}}}`"),
        ("{\"a.js\":{\"statementMap\":{},\n\"s\":{\"0\":\"x\"}}}", "line 2 (byte 37): expected a count"),
        (deep.as_str(), "more than 128 deep"),
        (
            "{\"meta\":{\"branch_coverage\":true},\"files\":{\"a.py\":{\"executed_lines\":[1.5]}}}",
            "expected the number of a line",
        ),
        (
            "{\"meta\":{\"branch_coverage\":true},\"totals\":{\"covered_lines\":1e300}}",
            "expected a whole number from 0 on",
        ),
        (
            "{\"data\":[{\"files\":[{\"filename\":\"a\",\"segments\":[[1,1,1,true,true],[4294967295,1,0,false,false]]}]}]}",
            "more lines than a report of this size",
        ),
        ("{\"data\":[{\"files\":[{\"segments\":[]}]}]}", "expected a file with a `filename`"),
        (
            "{\"gcovr/format_version\":\"1\",\"files\":[{\"file\":\"a\",\"lines\":[{\"count\":1}]}]}",
            "a line with a `line_number`",
        ),
        ("{\"result\":{\"line\":101}}", "a percentage from 0 to 100"),
        ("{\"result\":{\"line\":NaN}}", "a percentage from 0 to 100"),
        ("{\"dependencies\":{}}", "not a coverage report: it starts with"),
        ("[1, 2]", "not a coverage report"),
    ] {
        let found = message(text);
        let cause = cause.replace("the file ends within a text", "the end of the file");
        assert!(found.contains(&cause), "{}: {found}", &text[..text.len().min(60)]);
    }
}

#[test]
fn suites_of_a_result_set_are_united_as_simplecov_does_it() {
    let coverage = read(
        "{\"a\":{\"coverage\":{\"x.rb\":{\"lines\":[1,0,null,0,0]}}},\"b\":{\"coverage\":{\"x.rb\":[0,0,0,null,3]}}}",
    );
    assert_eq!(lines(&coverage, "x.rb"), [(1, 1), (2, 0), (5, 3)]);
}
