//! What all formats of test results share: the first look at a file, and what it is if it holds no test results.

use super::super::coverage::{glimpse, refuse};
use crate::error::Error;
use quick_xml::events::Event;
use quick_xml::reader::Reader;

/// The name of the root element, without its namespace's prefix; `None` where the text is no XML.
pub(super) fn root(text: &[u8]) -> Option<String> {
    let text = text.trim_ascii_start();
    if !text.starts_with(b"<") {
        return None;
    }
    let mut reader = Reader::from_reader(text);
    loop {
        match reader.read_event() {
            Ok(Event::Start(element) | Event::Empty(element)) => {
                return Some(element.name().local_name().as_ref().to_owned());
            }
            Ok(Event::Eof | Event::End(_)) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

/// What the file is, where it holds no test results.
pub(super) fn stranger(text: &[u8], root: Option<&str>, name: &str) -> Error {
    let known = |what: &str, remedy: &str| refuse(name, &format!("this is {what}")).hint(remedy);
    let text = text.trim_ascii_start();
    match root {
        None if text.is_empty() => refuse(name, "the file is empty")
            .hint("Check that the step that runs the tests ran and wrote its report."),
        Some("coverage" | "report" | "CoverageSession") => {
            known("a coverage report and holds no test results", "Use `@collect coverage` for it.")
        }
        Some("test-run" | "test-results") => known(
            "an NUnit report",
            "Let the test runner write JUnit XML or TRX, for example with `dotnet test --logger trx`.",
        ),
        Some("testng-results") => {
            known("a TestNG report", "TestNG writes JUnit XML too, into `junitreports/`.")
        }
        Some("robot") => known("a Robot Framework output", "Let it write JUnit XML with `--xunit FILE`."),
        Some("Catch" | "Catch2TestRun") => {
            known("Catch2's own XML", "Let it write JUnit XML with `--reporter junit`.")
        }
        Some("Site") => known("CTest's own XML", "Let it write JUnit XML with `ctest --output-junit FILE`."),
        Some("checkstyle") => known("a Checkstyle report and holds no test results", HINT),
        Some(other) => {
            let cause = format!(
                "expected test results with the root element `testsuites`, `testsuite`, `TestRun` or `assemblies`, found `{other}`"
            );
            refuse(name, &cause).hint(HINT)
        }
        None => {
            refuse(name, &format!("these are no test results: it starts with `{}`", glimpse(text))).hint(HINT)
        }
    }
}

const HINT: &str = "Give JUnit XML, TRX or xUnit v2 files, as test runners write them.";
