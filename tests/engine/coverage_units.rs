//! Reports that count more than lines, branches and functions: JaCoCo, Go's cover profiles, OpenCover.

use unentropy::collect::coverage::{Coverage, CoverageKind, parse_detected};
use unentropy::error::Code;

use CoverageKind::{Branch, Class, Complexity, Function, Instruction, Line, Method, Statement};

fn read(text: impl AsRef<[u8]>) -> Coverage {
    parse_detected(text.as_ref(), "report").expect("a valid report")
}

fn message(text: &str) -> String {
    let error = parse_detected(text.as_bytes(), "report").expect_err(text);
    assert_eq!(error.code, Code::CollectorFormat);
    error.message
}

/// Covered and total of a kind.
fn count(coverage: &Coverage, kind: CoverageKind) -> (u64, u64) {
    let counted = coverage.count(kind, &|_| true);
    (counted.covered, counted.total)
}

fn merged(reports: &[&str]) -> Coverage {
    let mut all = Coverage::default();
    reports.iter().for_each(|report| all.merge(&read(report)));
    all
}

fn sources(coverage: &Coverage) -> Vec<&str> {
    coverage.sources().collect()
}

/// A package with one class of one file.
fn package(lines: &str, counters: &str) -> String {
    format!(
        "<package name=\"a/b\"><class name=\"a/b/C\" sourcefilename=\"C.java\">\
         <method name=\"run\" desc=\"()V\" line=\"3\">{counters}</method>{counters}<counter type=\"CLASS\" missed=\"0\" covered=\"1\"/></class>\
         <sourcefile name=\"C.java\">{lines}</sourcefile></package>"
    )
}

const COUNTERS: &str = "<counter type=\"INSTRUCTION\" missed=\"3\" covered=\"5\"/><counter type=\"BRANCH\" missed=\"1\" covered=\"1\"/>\
    <counter type=\"LINE\" missed=\"1\" covered=\"1\"/><counter type=\"COMPLEXITY\" missed=\"1\" covered=\"1\"/>\
    <counter type=\"METHOD\" missed=\"0\" covered=\"1\"/>";

#[test]
fn jacoco_says_how_much_of_a_line_ran() {
    let lines = "<line nr=\"3\" mi=\"0\" ci=\"5\" mb=\"1\" cb=\"1\"/><line nr=\"4\" mi=\"3\" ci=\"0\" mb=\"0\" cb=\"0\"/>";
    let report = read(format!("<report name=\"r\">{}</report>", package(lines, COUNTERS)));
    assert_eq!(sources(&report), ["a/b/C.java"]);
    let expected = [
        (Line, (1, 2)),
        (Branch, (1, 2)),
        (Instruction, (5, 8)),
        (Method, (1, 1)),
        (Function, (1, 1)),
        (Class, (1, 1)),
        (Complexity, (1, 2)),
    ];
    for (kind, counts) in expected {
        assert_eq!(count(&report, kind), counts, "{}", kind.name());
    }
}

#[test]
fn jacoco_written_otherwise_is_the_same() {
    let plain = "<line nr=\"3\" mi=\"0\" ci=\"5\" mb=\"1\" cb=\"1\"/><line nr=\"4\" mi=\"3\" ci=\"0\" mb=\"0\" cb=\"0\"/>";
    let other = "\n  <line cb='1' nr='3' ci='5' mi='0' mb='1' /><!-- --> <line nr='4' mi='3' ci='0'></line>";
    let spread = COUNTERS.replace("/>", "></counter>\n").replace('"', "'");
    let report = |lines, counters| read(format!("<report name=\"r\">{}</report>", package(lines, counters)));
    assert_eq!(report(plain, COUNTERS), report(other, &spread));
}

#[test]
fn a_file_of_two_modules_is_two_and_any_other_has_its_plain_name() {
    let line = |nr: u32, ci: u32| format!("<line nr=\"{nr}\" mi=\"1\" ci=\"{ci}\" mb=\"0\" cb=\"0\"/>");
    let file = |name: &str, lines: String| {
        format!("<package name=\"a\"><sourcefile name=\"{name}\">{lines}</sourcefile></package>")
    };
    let aggregate = format!(
        "<report name=\"all\"><group name=\"core\">{}{}</group><group name=\"web\"><group name=\"ui\">{}</group></group></report>",
        file("Same.java", line(1, 1)),
        file("Core.java", line(1, 1)),
        file("Same.java", line(1, 0)),
    );
    let report = read(&aggregate);
    assert_eq!(sources(&report), ["a/Core.java", "core/a/Same.java", "web/ui/a/Same.java"]);
    assert_eq!(count(&report, Line), (2, 3));
    // The module's own report is about the same file.
    let own = format!("<report name=\"core\">{}</report>", file("Core.java", line(2, 0)));
    let both = merged(&[&aggregate, &own]);
    assert_eq!(both.lines("a/Core.java").expect("one file").len(), 2);
}

#[test]
fn code_without_lines_counts_by_its_counters() {
    let class = format!(
        "<report name=\"r\"><package name=\"a/b\"><class name=\"a/b/C\"><method name=\"run\" desc=\"()V\">{COUNTERS}</method>{COUNTERS}\
         <counter type=\"CLASS\" missed=\"0\" covered=\"1\"/></class></package></report>"
    );
    let report = read(&class);
    assert_eq!(sources(&report), ["a/b/C"]);
    let kinds = [Instruction, Branch, Method, Class, Complexity];
    assert_eq!(kinds.map(|kind| count(&report, kind)), [(5, 8), (1, 2), (1, 1), (1, 1), (1, 2)]);
    // A file's counters may say more than its lines.
    let lines = "<line nr=\"3\" mi=\"0\" ci=\"4\" mb=\"0\" cb=\"0\"/><counter type=\"INSTRUCTION\" missed=\"2\" covered=\"9\"/>";
    let report = read(format!("<report name=\"r\">{}</report>", package(lines, COUNTERS)));
    assert_eq!(count(&report, Instruction), (9, 11));
}

#[test]
fn another_run_of_the_same_classes_never_covers_less() {
    let report = |ci: u32, cb: u32| {
        let lines = format!("<line nr=\"3\" mi=\"{}\" ci=\"{ci}\" mb=\"{}\" cb=\"{cb}\"/>", 5 - ci, 2 - cb);
        let method = u32::from(ci > 0);
        let counters = format!(
            "<counter type=\"COMPLEXITY\" missed=\"{}\" covered=\"{method}\"/><counter type=\"METHOD\" missed=\"{}\" covered=\"{method}\"/>",
            2 - method,
            1 - method
        );
        format!("<report name=\"r\">{}</report>", package(&lines, &counters))
    };
    let (some, none) = (report(3, 1), report(0, 0));
    for order in [[some.as_str(), &none], [none.as_str(), &some]] {
        let both = merged(&order);
        assert_eq!(count(&both, Line), (1, 1));
        assert_eq!(count(&both, Instruction), (3, 5));
        assert_eq!(count(&both, Branch), (1, 2));
        assert_eq!(count(&both, Method), (1, 1));
        assert_eq!(count(&both, Complexity), (1, 2));
    }
}

#[test]
fn a_cover_profile_is_read_as_go_means_it() {
    type Case = (&'static str, &'static str, (u64, u64), (u64, u64));
    let cases: &[Case] = &[
        ("a mode and no block", "mode: set\n", (0, 0), (0, 0)),
        (
            "blocks weigh as many statements as they hold",
            "mode: set\na.go:1.1,3.2 3 1\na.go:4.1,4.9 1 0\n",
            (3, 4),
            (3, 4),
        ),
        (
            "the blocks of -coverpkg are listed for each package",
            "mode: count\na.go:1.1,1.9 1 0\na.go:2.1,2.9 1 0\na.go:1.1,1.9 1 7\na.go:2.1,2.9 1 0\n",
            (1, 2),
            (1, 2),
        ),
        (
            "profiles one behind the other",
            "mode: set\na.go:1.1,1.9 1 1\nmode: atomic\nb.go:1.1,1.9 1 0\n",
            (1, 2),
            (1, 2),
        ),
        (
            "a line of two blocks ran if one did",
            "mode: set\na.go:1.1,2.5 1 1\na.go:2.5,3.2 1 0\n",
            (1, 2),
            (2, 3),
        ),
        (
            "a block without statements has no lines",
            "mode: set\na.go:1.1,1.9 0 0\na.go:2.1,2.9 1 1\n",
            (1, 1),
            (1, 1),
        ),
        ("carriage returns", "mode: set\r\na.go:1.1,1.9 1 1\r\n", (1, 1), (1, 1)),
        ("names with spaces and colons", "mode: set\nC:/my project/a.go:1.1,1.9 1 1\n", (1, 1), (1, 1)),
        ("counts beyond any number", "mode: count\na.go:1.1,1.9 1 99999999999999999999\n", (1, 1), (1, 1)),
    ];
    for (fact, text, statements, lines) in cases {
        let report = read(text);
        assert_eq!(count(&report, Statement), *statements, "{fact}");
        assert_eq!(count(&report, Line), *lines, "{fact}");
    }
    let one = "mode: set\nm/a.go:1.1,1.9 2 1\nm/a.go:2.1,2.9 2 0\n";
    let two = "mode: count\nm/a.go:2.1,2.9 2 5\nm/a.go:1.1,1.9 2 0\n";
    assert_eq!(count(&merged(&[one, two]), Statement), (4, 4));
    assert_eq!(merged(&[one, two]), merged(&[two, one]));
}

#[test]
fn a_block_that_is_listed_over_and_over_takes_memory_once() {
    let block = "example.com/m/a.go:1.1,30.2 4 0\n";
    let mut text = "mode: set\n".to_owned();
    text.push_str(&block.repeat(200_000));
    assert_eq!(count(&read(text), Line), (0, 30));
}

#[test]
fn open_cover_counts_the_points_of_a_line_each_by_itself() {
    let point =
        |line: u32, visits: u32| format!("<SequencePoint vc=\"{visits}\" sl=\"{line}\" fileid=\"1\" />");
    let method = |name: &str, points: &str, branches: &str| {
        format!(
            "<Method visited=\"true\"><Name>{name}</Name><FileRef uid=\"1\" /><SequencePoints>{points}</SequencePoints>\
             <BranchPoints>{branches}</BranchPoints></Method>"
        )
    };
    let class = |name: &str, methods: &str| {
        format!("<Class><FullName>{name}</FullName><Methods>{methods}</Methods></Class>")
    };
    let session = |classes: &str, files: &str| {
        format!(
            "<CoverageSession><Modules><Module skippedDueTo=\"Filter\"><ModuleName>x</ModuleName><Classes /></Module>\
             <Module><ModuleName>m</ModuleName>{files}<Classes>{classes}</Classes></Module></Modules></CoverageSession>"
        )
    };
    let files = "<Files><File uid=\"1\" fullPath=\"C:\\work\\A.cs\" /></Files>";
    let accessors = method("get_X", &point(5, 1), "") + &method("set_X", &point(5, 0), "");
    let stated = |covered: u32, total: u32, text: String| {
        let summary =
            format!("<Summary numSequencePoints=\"{total}\" visitedSequencePoints=\"{covered}\" />");
        text.replacen("<Modules>", &format!("{summary}<Modules>"), 1)
    };
    // Without totals it is not known whether they are two.
    assert_eq!(count(&read(session(&class("A", &accessors), files)), Line), (1, 1));
    let text = stated(1, 2, session(&class("A", &accessors), files));
    let report = read(&text);
    assert_eq!(sources(&report), ["C:/work/A.cs"]);
    assert_eq!(count(&report, Line), (1, 2));
    assert_eq!(count(&report, Function), (2, 2));
    assert_eq!(merged(&[&text, &text]).lines("C:/work/A.cs").expect("the file").len(), 1);
    assert_eq!(count(&merged(&[&text, &text]), Line), (1, 2));

    // Two conditions of one line have the same paths.
    let branch = |path: u32, visits: u32| {
        format!("<BranchPoint vc=\"{visits}\" sl=\"5\" path=\"{path}\" offset=\"1\" fileid=\"1\" />")
    };
    let branches = [branch(0, 1), branch(1, 0), branch(0, 1), branch(1, 1)].concat();
    let report = read(session(&class("A", &method("f", &point(5, 1), &branches)), files));
    assert_eq!(count(&report, Branch), (3, 4));

    // A lambda is a class of its own on a line of the method around it, and files may be listed last.
    let lambda =
        class("A", &method("f", &point(7, 1), "")) + &class("A/&lt;&gt;c", &method("g", &point(7, 0), ""));
    let text = session(&lambda, "").replace("</Module></Modules>", &format!("{files}</Module></Modules>"));
    let report = read(stated(1, 2, text));
    assert_eq!(sources(&report), ["C:/work/A.cs"]);
    assert_eq!(count(&report, Line), (1, 2));
    // A file that is in no table.
    assert_eq!(sources(&read(session(&lambda, ""))), ["m.dll"]);
}

#[test]
fn broken_reports_of_these_formats_are_refused_with_cause_and_place() {
    let cases = [
        (
            "<report name=\"r\"><package name=\"a\"><sourcefile name=\"C.java\"><line nr=\"1\" mi=\"NaN\" ci=\"0\"/>",
            "line 1 (byte 61): expected `line` with the numbers",
        ),
        (
            "<report name=\"r\"><package name=\"a\"><sourcefile name=\"C.java\"><line nr=\"99999999999\" mi=\"1\" ci=\"0\"/>",
            "found `99999999999`",
        ),
        (
            "<report name=\"r\"><package name=\"a\"><sourcefile><line nr=\"1\"/>",
            "expected `sourcefile` with a `name`",
        ),
        ("<report name=\"r\"><package name=\"a\">", "it is cut off"),
        ("<report name=\"r\"><package name=\"a\"/></report><report/>", "expected one root element"),
        (
            "<report><suite/></report>",
            "expected `sessioninfo`, `group` or `package` below the root element `report`, found `suite`",
        ),
        ("mode: none\na.go:1.1,1.2 1 1\n", "not a coverage report: it starts with `mode: none`"),
        ("mode: set\na.go:1.1,1.2 1\n", "line 2 (byte 10): expected a block as in"),
        ("mode: set\na.go:1.1,1.2 1 x\n", "line 2 (byte 10): expected a block as in"),
        ("mode: set\na.go:-1.1,1.2 1 1\n", "line 2 (byte 10): expected a block as in"),
        ("mode: set\n:1.1,1.2 1 1\n", "line 2 (byte 10): expected a block as in"),
        ("mode: set\na.go:1.1,1.2 1 1", "line 2 (byte 10): the file ends within the line"),
        ("mode: set", "line 1 (byte 0): the file ends within the line"),
        (
            "mode: set\na.go:1.1,4000000000.2 1 1\n",
            "line 2 (byte 10): expected blocks of lines of source code, found one of 4000000000 lines",
        ),
        (
            "<CoverageSession><Modules><Module><Files><File uid=\"x\" fullPath=\"a.cs\"/>",
            "expected `File` with a number `uid`",
        ),
        (
            "<CoverageSession><Modules><Module><Classes><Class><Methods><Method><SequencePoints><SequencePoint vc=\"1\"/>",
            "expected `SequencePoint` with the numbers `sl` and `vc`, found nothing and `1`",
        ),
        (
            "<CoverageSession><Modules><Module><Classes><Class><Methods><Method><BranchPoints><BranchPoint vc=\"inf\"/>",
            "expected `BranchPoint` with the number `vc`, found `inf`",
        ),
        ("<CoverageSession><Modules>", "it is cut off"),
    ];
    for (text, expected) in cases {
        let found = message(text);
        assert!(found.contains(expected), "{text}\n{found}");
    }
}

#[test]
fn a_broken_counter_costs_what_it_says() {
    let counters = COUNTERS.replace("type=\"METHOD\" missed=\"0\"", "type=\"METHOD\" missed=\"many\"");
    let lines = "<line nr=\"3\" mi=\"0\" ci=\"5\" mb=\"1\" cb=\"1\"/>";
    let report = read(format!("<report name=\"r\">{}</report>", package(lines, &counters)));
    assert_eq!(count(&report, Method), (0, 0));
    assert_eq!((count(&report, Line), count(&report, Complexity)), ((1, 1), (1, 2)));
}

#[test]
fn groups_and_modules_without_end_are_walked_without_recursion() {
    const DEEP: usize = 20_000;
    let groups = format!(
        "<report name=\"r\">{}{}{}</report>",
        "<group name=\"g\">".repeat(DEEP),
        package("<line nr=\"1\" mi=\"0\" ci=\"1\" mb=\"0\" cb=\"0\"/>", COUNTERS),
        "</group>".repeat(DEEP)
    );
    let report = read(&groups);
    assert_eq!(count(&report, Line), (1, 1));
    assert_eq!(sources(&report), ["a/b/C.java"]);
    // The same again beside it: the names of the modules are as long as a person reads.
    let twice = groups.replace("</report>", &groups["<report name=\"r\">".len()..]);
    assert!(sources(&read(twice)).iter().all(|source| source.len() < 100));
}

#[test]
fn many_points_of_one_line_are_read_in_linear_time() {
    let points = "<SequencePoint vc=\"1\" sl=\"1\" />".repeat(30_000);
    let text = format!(
        "<CoverageSession><Summary numSequencePoints=\"30000\" visitedSequencePoints=\"30000\" /><Modules><Module><Classes><Class><FullName>{}</FullName><Methods><Method><SequencePoints>{points}\
         </SequencePoints></Method></Methods></Class></Classes></Module></Modules></CoverageSession>",
        "C".repeat(10_000)
    );
    assert_eq!(count(&read(text), Line), (30_000, 30_000));
}
