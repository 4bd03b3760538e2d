//! JUnit XML: suites in suites with test cases in them, as no standard says it. A test case counts by what is in it: `failure`,
//! `error` or `skipped`. Surefire and nextest keep earlier tries of one as `rerunFailure` and `flakyFailure`, which are
//! not its outcome.

use super::super::coverage::xml::{Document, Element, Step};
use super::super::coverage::{AT_A_TIME, apart, refuse};
use super::seconds::{Comma, seconds};
use super::tally::{Case, OpenSuite, Outcome, TestRun};
use crate::error::Result;

/// Suites in each other: no tool nests tests deeper.
const DEEPEST: usize = 1000;

/// Reads a whole file.
pub(super) fn read(text: &[u8], name: &str) -> Result<TestRun> {
    let mut document = Document::new(text, name);
    let mut report = Report { text, ..Report::default() };
    let plain_cases = apart::<PlainCases>(plain_cases);
    loop {
        if matches!(report.path.last(), Some(Tag::Suite)) {
            while plain_cases(&mut report, &mut document) {}
        }
        if !report.path.is_empty() {
            document.skip_text();
        }
        match document.step()? {
            Step::Open(element) => report.open(&document, &element)?,
            Step::Close => report.close(),
            Step::Text(_) => {}
            Step::End => return report.finish(name),
        }
    }
}

type PlainCases = for<'r, 'd, 'a> fn(&'r mut Report<'a>, &'d mut Document<'a>) -> bool;

/// Takes test cases with nothing in them, as far as they go but not forever; whether there may be more.
#[inline(never)]
fn plain_cases<'a>(report: &mut Report<'a>, document: &mut Document<'a>) -> bool {
    for _ in 0..AT_A_TIME {
        let mut case = RawCase::default();
        if !document.leaf_element(b"testcase", |key, value| case.note(key, value)) {
            return false;
        }
        report.case(&case, case.outcome());
    }
    true
}

/// The elements whose position matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tag {
    /// Holds suites or test cases.
    Suite,
    Case,
    Other,
}

/// The attributes of a test case as they are in the file.
#[derive(Default, Clone, Copy)]
struct RawCase<'a> {
    class: &'a [u8],
    name: &'a [u8],
    time: Option<&'a [u8]>,
    status: &'a [u8],
    result: &'a [u8],
}

impl<'a> RawCase<'a> {
    #[inline(always)]
    fn note(&mut self, key: &[u8], value: &'a [u8]) {
        match key {
            b"name" => self.name = value,
            b"classname" => self.class = value,
            b"time" => self.time = Some(value),
            b"status" => self.status = value,
            b"result" => self.result = value,
            _ => {}
        }
    }

    /// What its attributes say, where nothing in it does.
    #[inline]
    fn outcome(&self) -> Outcome {
        if self.status.is_empty() && self.result.is_empty() {
            return Outcome::Passed;
        }
        let says = |words: &[&[u8]]| {
            words
                .iter()
                .any(|word| self.status.eq_ignore_ascii_case(word) || self.result.eq_ignore_ascii_case(word))
        };
        if says(&[b"failed", b"fail", b"failure"]) {
            Outcome::Failure
        } else if says(&[b"error"]) {
            Outcome::Error
        } else if says(&[b"notrun", b"skipped", b"disabled", b"ignored", b"suppressed", b"pending"]) {
            Outcome::Skipped
        } else {
            Outcome::Passed
        }
    }
}

/// A count that a suite states.
fn count(text: &[u8]) -> Option<u64> {
    str::from_utf8(text).ok()?.trim().parse().ok()
}

/// The test case that is being read.
#[derive(Default)]
struct OpenCase {
    class: Vec<u8>,
    name: Vec<u8>,
    time: Option<Vec<u8>>,
    status: Vec<u8>,
    stated: Option<Outcome>,
    found: Option<Outcome>,
    /// Whether it was known to fail.
    is_known_to_fail: bool,
}

impl OpenCase {
    /// An element of it: the worst of them is its outcome.
    fn found(&mut self, name: &str) {
        let found = match name {
            "error" => Outcome::Error,
            "failure" => Outcome::Failure,
            "disabled" | "ignored" => Outcome::Skipped,
            _ => return,
        };
        self.found = self.found.max(Some(found));
    }

    fn skipped(&mut self, message: &[u8]) {
        // Catch2 lists what failed in such a test besides.
        self.is_known_to_fail |= message.ends_with(b"tagged with !mayfail");
        // What CTest could not run for another reason than a test's own wish has failed in its words.
        let of_ctest = self.status == b"notrun" && self.class == self.name && !message.is_empty();
        let has_failed = of_ctest && !message.starts_with(b"SKIP_") && message != b"Disabled";
        self.found = self.found.max(Some(if has_failed { Outcome::Error } else { Outcome::Skipped }));
    }

    fn outcome(&self) -> Outcome {
        if self.is_known_to_fail {
            return Outcome::Skipped;
        }
        self.found.or(self.stated).unwrap_or(Outcome::Passed)
    }
}

/// A suite that is being read.
struct Suite {
    open: OpenSuite,
    time: Option<u64>,
    /// Pytest ends a test case with a failure and adds a second one of its name for an error while cleaning up.
    is_pytest: bool,
    /// Whether it says that it has no test: what failed in it is a build (gotestsum) or the loading of a file (jest-junit).
    is_empty: bool,
}

/// The file as far as it has been read.
#[derive(Default)]
struct Report<'a> {
    text: &'a [u8],
    path: Vec<Tag>,
    suites: Vec<Suite>,
    case: OpenCase,
    /// Class and name of the test case before in the suite, if it failed.
    failed: Option<(Vec<u8>, Vec<u8>)>,
    run: TestRun,
    comma: Option<Comma>,
    /// How many test cases the suites say that there are.
    said: u64,
    /// What the root says of all its suites: test cases, and how many of them were skipped.
    root: Option<(u64, u64)>,
}

impl<'a> Report<'a> {
    fn open(&mut self, document: &Document<'a>, element: &Element<'a>) -> Result<()> {
        let tag = match (self.path.last(), element.name()) {
            (None | Some(Tag::Suite), "testsuites" | "testsuite" | "testrun") => {
                if self.suites.len() >= DEEPEST {
                    let cause = format!("expected at most {DEEPEST} suites in each other");
                    return Err(document.refuse(element.at, &cause));
                }
                self.suite(document, element)?;
                Tag::Suite
            }
            (Some(Tag::Suite), "testcase") => {
                self.begin(document, element)?;
                Tag::Case
            }
            (Some(Tag::Suite), "error" | "failure") => {
                if let Some(suite) = self.suites.last_mut() {
                    self.run.error(&mut suite.open, b"", b"outside of a test case");
                }
                Tag::Other
            }
            (Some(Tag::Case), "skipped") => {
                let mut message: &[u8] = b"";
                document.attributes(element, |key, value| {
                    if key == b"message" {
                        message = value;
                    }
                })?;
                self.case.skipped(message);
                Tag::Other
            }
            (Some(Tag::Case), name) => {
                self.case.found(name);
                Tag::Other
            }
            _ => Tag::Other,
        };
        self.path.push(tag);
        Ok(())
    }

    fn close(&mut self) {
        match self.path.pop() {
            Some(Tag::Suite) => {
                if let Some(Suite { open, time, .. }) = self.suites.pop() {
                    self.run.close(open, time);
                }
            }
            Some(Tag::Case) => self.end(),
            _ => {}
        }
    }

    fn suite(&mut self, document: &Document<'a>, element: &Element<'a>) -> Result<()> {
        let mut words: [&[u8]; 3] = [b""; 3];
        let (mut tests, mut skipped, mut time) = (None, None, None);
        let mut is_surefire = false;
        document.attributes(element, |key, value| match key {
            b"name" => words[0] = value,
            b"timestamp" => words[1] = value,
            b"hostname" => words[2] = value,
            b"tests" => tests = count(value),
            b"skipped" => skipped = count(value),
            b"time" => time = Some(value),
            b"xsi:noNamespaceSchemaLocation" => {
                is_surefire = memchr::memmem::find(value, b"surefire").is_some();
            }
            _ => {}
        })?;
        self.said = self.said.max(tests.unwrap_or(0));
        if element.name() == "testsuites" && self.path.is_empty() {
            self.root = tests.zip(skipped);
        }
        // What a suite says of its time is asked only where its test cases say nothing.
        let time = time.and_then(|time| seconds(time, || self.comma()));
        let mut open = self.run.open(&words);
        open.is_identified = is_surefire;
        self.suites.push(Suite { open, time, is_pytest: words[0] == b"pytest", is_empty: tests == Some(0) });
        self.failed = None;
        Ok(())
    }

    fn begin(&mut self, document: &Document<'a>, element: &Element<'a>) -> Result<()> {
        let mut raw = RawCase::default();
        document.attributes(element, |key, value| raw.note(key, value))?;
        let mut case = std::mem::take(&mut self.case);
        let replace = |text: &mut Vec<u8>, value: &[u8]| {
            text.clear();
            text.extend_from_slice(value);
        };
        replace(&mut case.class, raw.class);
        replace(&mut case.name, raw.name);
        case.time = raw.time.map(<[u8]>::to_vec);
        replace(&mut case.status, raw.status);
        case.stated = Some(raw.outcome());
        case.found = None;
        case.is_known_to_fail = false;
        self.case = case;
        Ok(())
    }

    fn end(&mut self) {
        let case = std::mem::take(&mut self.case);
        let raw = RawCase {
            class: &case.class,
            name: &case.name,
            time: case.time.as_deref(),
            ..RawCase::default()
        };
        self.case(&raw, case.outcome());
        self.case = case;
    }

    #[inline]
    fn case(&mut self, raw: &RawCase<'_>, outcome: Outcome) {
        let time = match raw.time {
            Some(text) => {
                let time = seconds(text, || self.comma());
                if time.is_none() && !text.trim_ascii().is_empty() {
                    self.run.odd_time(text);
                }
                time
            }
            None => None,
        };
        let Some(Suite { open, is_pytest, is_empty, .. }) = self.suites.last_mut() else { return };
        if *is_pytest || *is_empty {
            let has_failed = matches!(outcome, Outcome::Failure | Outcome::Error);
            let is_same =
                self.failed.as_ref().is_some_and(|(class, name)| class == raw.class && name == raw.name);
            self.failed = has_failed.then(|| (raw.class.to_vec(), raw.name.to_vec()));
            if *is_empty && has_failed {
                // Some tools list it once more.
                if !is_same {
                    self.run.error(open, raw.class, raw.name);
                }
                return;
            }
            if is_same && outcome == Outcome::Error {
                self.run.error(open, raw.class, raw.name);
                return;
            }
        }
        self.run.case(open, &Case { class: raw.class, name: raw.name, outcome, time });
    }

    fn comma(&mut self) -> Comma {
        *self.comma.get_or_insert_with(|| Comma::of(self.text))
    }

    fn finish(mut self, name: &str) -> Result<TestRun> {
        // mocha-junit-reporter counts pending tests and leaves them out, and the root's counts fit with them and not without.
        if let Some((tests, skipped)) = self.root {
            let (listed, listed_skipped) = self.run.tests_and_skipped();
            let left_out = tests.saturating_sub(listed);
            if left_out > 0 && !self.run.is_empty() && skipped.checked_sub(listed_skipped) == Some(left_out) {
                self.run.skipped(left_out);
            }
        }
        if self.run.is_empty() && self.said > 0 {
            let cause = format!("its suites speak of {} test cases and hold none", self.said);
            return Err(refuse(name, &cause)
                .hint("Let the test runner write its test cases, and not only their counts."));
        }
        Ok(self.run)
    }
}
