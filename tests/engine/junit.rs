//! Test results: what each format's elements mean, files together, and files that are none. The figures of real tools'
//! files stand in `tests/fixtures/tools`.

use unentropy::collect::junit::{TestFigure, TestStat, figure, parse};
use unentropy::error::{Code, Error};

/// Tests, passed, failures, errors, skipped.
fn counts(texts: &[&str]) -> [f64; 5] {
    use TestStat::{Errors, Failures, Passed, Skipped, Tests};
    [Tests, Passed, Failures, Errors, Skipped].map(|stat| of(texts, stat).expect("a figure").value)
}

fn of(texts: &[&str], stat: TestStat) -> Result<TestFigure, Error> {
    let names: Vec<String> = (1..=texts.len()).map(|n| format!("{n}.xml")).collect();
    let runs = names.iter().zip(texts).map(|(name, text)| parse(text.as_bytes(), name));
    let runs = runs.collect::<Result<Vec<_>, _>>()?;
    let files: Vec<_> = names.iter().map(String::as_str).zip(&runs).collect();
    figure(&files, stat)
}

fn value(texts: &[&str], stat: TestStat) -> f64 {
    of(texts, stat).expect("a figure").value
}

#[test]
fn test_cases_count_by_what_is_in_them_and_suites_totals_do_not() {
    let text = r#"<testsuites tests="99" failures="99"><testsuite name="a" tests="50">
        <testcase name="1" classname="c" time="0.5"/>
        <testcase name="2" classname="c" time="1.25"></testcase>
        <testcase name="3"><failure/><failure message="two"/></testcase>
        <testcase name="4"><error><![CDATA[</testcase><testcase>]]></error></testcase>
        <testsuite name="b" tests="50"><testcase name="5"><skipped/></testcase>
          <testcase name="6"><flakyFailure/><rerunFailure/><flakyError/></testcase>
          <testcase name="7"><skipped/><failure/></testcase>
          <testcase name="8" status="notrun"/><testcase name="9" result="suppressed"/>
          <testcase name="10" status="run" result="completed"/>
          <system-out><testcase name="not one"/></system-out>
        </testsuite></testsuite></testsuites>"#;
    assert_eq!(counts(&[text]), [10.0, 4.0, 2.0, 1.0, 3.0]);
    assert_eq!(value(&[text], TestStat::Time), 1.75);
    assert_eq!(value(&[text], TestStat::Slowest), 1.25);
    assert_eq!(value(&[text], TestStat::PassRate), 4.0 * 100.0 / 7.0);
    let names = of(&[text], TestStat::Tests).unwrap().names;
    assert_eq!(names.failed, 3);
    assert_eq!(names.failures, ["3", "4", "7"]);
    let slowest: Vec<_> = names.slowest.iter().map(|slow| (slow.name.as_str(), slow.seconds)).collect();
    assert_eq!(slowest, [("c › 2", 1.25), ("c › 1", 0.5)]);
}

#[test]
fn a_suite_that_reports_an_error_of_itself_has_an_error_and_no_test() {
    let text = "<testsuite name='a'><error>cannot set up</error><testcase name='1'/></testsuite>";
    assert_eq!(counts(&[text]), [1.0, 1.0, 0.0, 1.0, 0.0]);
}

#[test]
fn a_second_error_of_a_test_case_of_pytest_adds_no_test() {
    let cases = "<testcase classname='c' name='t'><failure/></testcase><testcase classname='c' name='t'><error/></testcase>";
    let suite = |name: &str| format!("<testsuite name='{name}'>{cases}</testsuite>");
    assert_eq!(counts(&[&suite("pytest")]), [1.0, 0.0, 1.0, 1.0, 0.0]);
    assert_eq!(counts(&[&suite("other")]), [2.0, 0.0, 1.0, 1.0, 0.0]);
}

#[test]
fn what_fails_in_a_suite_that_says_it_has_no_tests_is_an_error_and_no_test() {
    let text = "<testsuites><testsuite name='broken' tests='0'><testcase name='f' classname='c'><error/></testcase>\
        <testcase name='f' classname='c'><failure/></testcase></testsuite>\
        <testsuite name='a' tests='1'><testcase name='1'/></testsuite></testsuites>";
    assert_eq!(counts(&[text]), [1.0, 1.0, 0.0, 1.0, 0.0]);
}

#[test]
fn skipped_tests_that_are_counted_and_not_listed_count() {
    let text = |tests: u32, skipped: u32| {
        format!(
            "<testsuites tests='{tests}' skipped='{skipped}'><testsuite><testcase name='1' time='1'/></testsuite></testsuites>"
        )
    };
    assert_eq!(counts(&[&text(3, 2)]), [3.0, 1.0, 0.0, 0.0, 2.0]);
    assert_eq!(counts(&[&text(3, 2), &text(3, 2)]), [3.0, 1.0, 0.0, 0.0, 2.0]);
    // Counts that do not fit are not believed.
    assert_eq!(counts(&[&text(3, 1)]), [1.0, 1.0, 0.0, 0.0, 0.0]);
}

#[test]
fn a_copy_of_a_suite_counts_once_and_another_run_of_its_tests_again() {
    let suite = |name: &str, time: &str| {
        format!(
            "<testsuite name='{name}'><testcase name='t' time='{time}'><failure/></testcase><testcase name='t' time='{time}'><failure/></testcase></testsuite>"
        )
    };
    let (a, b, again) = (suite("a", "0.1"), suite("b", "0.2"), suite("a", "0.3"));
    let both = format!("<testsuites>{b}{a}</testsuites>");
    assert_eq!(counts(&[&a])[0], 2.0);
    assert_eq!(counts(&[&a, &a])[0], 2.0);
    assert_eq!(counts(&[&a, &b, &both])[0], 4.0);
    assert_eq!(counts(&[&both, &a, &b])[0], 4.0);
    assert_eq!(counts(&[&a, &again])[0], 4.0);
    // Twice in one file is twice.
    assert_eq!(counts(&[&format!("<testsuites>{a}{a}</testsuites>"), &a])[0], 4.0);
    let orders = [[&a, &b, &again], [&again, &a, &b], [&b, &again, &a]];
    for order in orders {
        assert_eq!(value(&order.map(String::as_str), TestStat::Time), 1.2);
        assert_eq!(value(&order.map(String::as_str), TestStat::Slowest), 0.3);
    }
}

#[test]
fn a_test_that_surefire_ran_again_counts_once_with_its_worst_outcome() {
    let suite = |name: &str, cases: &str| {
        format!(
            "<testsuite xmlns:xsi='x' xsi:noNamespaceSchemaLocation='y/surefire-test-report.xsd' name='{name}'>{cases}</testsuite>"
        )
    };
    let first = suite(
        "A$B",
        "<testcase classname='A' name='x'><failure/></testcase><testcase classname='A' name='y'/><testcase classname='A' name='y'/>",
    );
    let again =
        suite("A", "<testcase classname='A' name='x'/><testcase classname='A' name='y'><error/></testcase>");
    assert_eq!(counts(&[&first]), [3.0, 2.0, 1.0, 0.0, 0.0]);
    for files in [[&first, &again, &first], [&again, &first, &again]] {
        assert_eq!(counts(&files.map(String::as_str)), [3.0, 1.0, 1.0, 1.0, 0.0]);
        assert_eq!(of(&files.map(String::as_str), TestStat::Tests).unwrap().names.failures.len(), 2);
    }
}

#[test]
fn times_with_commas_are_those_that_the_tool_means() {
    let suite = |times: &[&str]| {
        let cases: String =
            times.iter().map(|time| format!("<testcase name=\"a\" time=\"{time}\"/>")).collect();
        format!("<testsuite name='a'>{cases}</testsuite>")
    };
    assert_eq!(value(&[&suite(&["1,234.5", "0.5"])], TestStat::Time), 1235.0);
    assert_eq!(value(&[&suite(&["1,234", "0,5"])], TestStat::Time), 1.734);
    assert_eq!(value(&[&suite(&["1,234"])], TestStat::Time), 1234.0);
    // A suite's own time counts where its test cases have none.
    let own = "<testsuite time='2.5'><testcase name='a'/><testsuite time='9'><testcase time='0.25'/></testsuite></testsuite>";
    assert_eq!(value(&[own], TestStat::Time), 2.75);
    let odd = of(&[&suite(&["NaN", "1e400", "", "2"])], TestStat::Time).unwrap();
    assert_eq!(odd.value, 2.0);
    assert_eq!(odd.warnings.len(), 1);
    assert_eq!(
        odd.warnings[0].message,
        "`1.xml`: 2 times are not counted, the first: `NaN`, expected seconds"
    );
}

#[test]
fn trx_counts_the_rows_of_a_test_and_errors_of_the_run() {
    let text = r#"<?xml version="1.0" encoding="utf-8"?>
        <TestRun id="1" xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"><Results>
        <UnitTestResult testName="A.Works" duration="00:00:01.5000000" outcome="Passed"><Output><StdOut>x</StdOut></Output></UnitTestResult>
        <UnitTestResult testName="A.Fails" duration="00:00:00.2500000" outcome="Failed" />
        <UnitTestResult testName="A.Crashes" />
        <UnitTestResult testName="A.Waits" outcome="NotExecuted" />
        <UnitTestResult testName="A.Rows" outcome="Failed" resultType="DataDrivenTest"><InnerResults>
          <UnitTestResult testName="A.Rows (1)" outcome="Passed" /><UnitTestResult testName="A.Rows (2)" outcome="Failed" />
        </InnerResults></UnitTestResult></Results>
        <ResultSummary outcome="Failed"><Counters total="7"/><RunInfos><RunInfo outcome="Error"><Text>crash</Text></RunInfo></RunInfos></ResultSummary>
        </TestRun>"#;
    assert_eq!(counts(&[text]), [6.0, 2.0, 2.0, 2.0, 1.0]);
    assert_eq!(value(&[text], TestStat::Time), 1.75);
}

#[test]
fn xunit_counts_its_tests_and_errors_of_its_assemblies() {
    let text = r#"<assemblies><assembly name="a.dll" run-date="2026-01-01"><errors><error type="test-class-cleanup" name="A"><failure/></error></errors>
        <collection><test name="A.Works" result="Pass" time="0.25"/><test name="A.Fails" result="Fail" time="1.5"><failure/></test>
        <test name="A.Waits" result="Skip" time="0"><reason/></test></collection></assembly></assemblies>"#;
    assert_eq!(counts(&[text]), [3.0, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(value(&[text], TestStat::Slowest), 1.5);
}

#[test]
fn an_empty_suite_is_none_with_a_warning_and_totals_without_test_cases_are_refused() {
    let empty = "<testsuites><testsuite name='a' tests='0'/></testsuites>";
    assert_eq!(counts(&[empty]), [0.0; 5]);
    assert_eq!(of(&[empty], TestStat::Failures).unwrap().warnings[0].message, "`1.xml` has no test case");
    for stat in [TestStat::PassRate, TestStat::Slowest] {
        assert_eq!(of(&[empty], stat).unwrap_err().code, Code::CollectorNothing);
    }
    let skipped = "<testsuite><testcase name='a'><skipped/></testcase></testsuite>";
    assert_eq!(of(&[skipped], TestStat::PassRate).unwrap_err().message, "`1.xml` has no test case that ran");
    let totals = of(&["<testsuite tests='12' failures='3'/>"], TestStat::Failures).unwrap_err();
    assert_eq!(totals.code, Code::CollectorFormat);
    assert!(totals.message.contains("speak of 12 test cases and hold none"), "{}", totals.message);
}

#[test]
fn files_that_are_no_test_results_are_named() {
    let deep = format!("<testsuites>{}", "<testsuite>".repeat(100_000));
    let bomb = r#"<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><testsuite name="&x;">&x;"#;
    for (text, message) in [
        ("", "the file is empty"),
        (" \n", "the file is empty"),
        ("{\"tests\": 1}", "these are no test results: it starts with"),
        ("<coverage line-rate='1'/>", "a coverage report and holds no test results"),
        ("<report name='jacoco'/>", "a coverage report and holds no test results"),
        ("<test-run total='1'/>", "this is an NUnit report"),
        ("<html/>", "found `html`"),
        ("<testsuite><testcase name='a'/>", "cut off"),
        ("<testsuite><testcase name='a'><failure>abc", "line 1"),
        ("<testsuite><testcase name='a'><failure><![CDATA[abc", "line 1"),
        ("<testsuite></testsuites>", "line 1"),
        ("<testsuite/><testsuite/>", "one root element"),
        (&deep, "at most 1000 suites in each other"),
        (bomb, "malformed entity"),
    ] {
        let error = parse(text.as_bytes(), "c").unwrap_err();
        assert_eq!(error.code, Code::CollectorFormat, "{text:.60}");
        assert!(error.message.contains(message), "{text:.60}: {}", error.message);
        assert!(!error.hint.is_empty() && error.message.len() < 400, "{text:.60}");
    }
}

#[test]
fn names_show_as_they_are_and_entities_of_the_document_stay_unread() {
    let text = "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><testsuite><testcase classname='&lt;C&gt;' name='a&#10;b\u{202e}' time='1'><failure>&x;</failure></testcase><testcase name='&x;' time='2'/></testsuite>";
    let names = of(&[text], TestStat::Tests).unwrap().names;
    assert_eq!(names.failures, ["<C> › a\u{fffd}b\u{fffd}"]);
    assert_eq!(names.slowest[0].name, "&x;");
    let long =
        format!("<testsuite><testcase name='{}'><failure/></testcase></testsuite>", "n".repeat(10_000));
    assert_eq!(of(&[&long], TestStat::Tests).unwrap().names.failures[0].chars().count(), 201);
}

#[test]
fn bytes_that_a_test_printed_are_no_reason_to_refuse_its_file() {
    let bytes =
        b"<testsuite><testcase name='a'><system-out>\xff\xfe \x1b[31m</system-out></testcase></testsuite>";
    assert!(parse(bytes, "c").is_ok());
}

#[test]
fn a_million_test_cases_keep_a_hundred_names() {
    let mut text = String::from("<testsuites><testsuite name='s'>");
    for n in 0..1_000_000 {
        text += &format!("<testcase classname=\"c\" name=\"t{n}\" time=\"0.001\"><failure/></testcase>\n");
    }
    text += "</testsuite></testsuites>";
    let figure = of(&[&text], TestStat::Time).unwrap();
    assert_eq!(figure.value, 1000.0);
    assert_eq!(
        (figure.names.failed, figure.names.failures.len(), figure.names.slowest.len()),
        (1_000_000, 100, 10)
    );
}
