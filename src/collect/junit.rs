//! Test results: JUnit XML and its many imitations, TRX, xUnit v2. Every figure is counted over test cases; what suites
//! say of their own totals is never added up, because suites lie in suites. The formats live in one file each and give a
//! [`TestRun`], which this file unites with others and counts.

mod cases;
mod markup;
mod seconds;
mod tally;
mod trx;
mod xunit;

use super::coverage::{encoding::decode, refuse};
use crate::error::{Code, Error, Result};
use crate::text;
use serde::{Deserialize, Serialize};

pub use tally::{NamedTime, TestNames, TestRun};
use tally::{Tally, Union};

macro_rules! stats {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal;)+) => {
        /// A figure of test results.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(test, derive(ts_rs::TS))]
        pub enum TestStat {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $variant,)+
        }

        impl TestStat {
            /// Every figure, the one that is meant where none is named first.
            pub const ALL: &'static [TestStat] = &[$(TestStat::$variant,)+];

            /// The name users write, as in `--stat failures`.
            pub fn name(self) -> &'static str {
                match self { $(TestStat::$variant => $name,)+ }
            }
        }
    };
}

stats! {
    /// Test cases, those that were skipped among them.
    Tests = "tests";
    /// Those that ran and neither failed nor ended with an error.
    Passed = "passed";
    /// Those with a failed assertion.
    Failures = "failures";
    /// Those that ended otherwise than by an assertion, and errors that a suite reports of itself.
    Errors = "errors";
    /// Those that did not run.
    Skipped = "skipped";
    /// Seconds of all test cases together.
    Time = "time";
    /// Seconds of the slowest test case.
    Slowest = "slowest";
    /// Percent of the test cases that ran which passed.
    PassRate = "pass-rate";
}

/// A figure over some files, and what people may want to know beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct TestFigure {
    /// The figure.
    pub value: f64,
    /// What makes it doubtful.
    pub warnings: Vec<Error>,
    /// Names of what failed and of what was slow.
    pub names: TestNames,
}

/// Reads a file of test results, whatever format it is in. `name` is the file's name in messages.
///
/// # Errors
/// `COLLECTOR_FORMAT` with the line where the content is no whole file of test results, saying what was found instead.
pub fn parse(bytes: &[u8], name: &str) -> Result<TestRun> {
    let text = decode(bytes).map_err(|cause| refuse(name, &cause))?;
    // Tools put what a test printed into their reports as it is. Nothing that counts is in it.
    match read(&text, name) {
        Err(_) if str::from_utf8(&text).is_err() => read(String::from_utf8_lossy(&text).as_bytes(), name),
        result => result,
    }
}

fn read(text: &[u8], name: &str) -> Result<TestRun> {
    let root = markup::root(text);
    match root.as_deref() {
        Some("testsuites" | "testsuite" | "testrun") => cases::read(text, name),
        Some("TestRun") => trx::read(text, name),
        Some("assemblies" | "assembly") => xunit::read(text, name),
        _ => Err(markup::stranger(text, root.as_deref(), name)),
    }
}

/// A figure over files of test results. A suite that another of the files holds in the same words (name, time, and every test
/// case with its result and time) is a copy and counts once; everything else is added up, so that no failure is hidden by
/// another run of the same test.
///
/// # Errors
/// `COLLECTOR_NOTHING` for `slowest` where no test case has a time, for `time` where there is none though there are test
/// cases, and for `pass-rate` where none ran.
pub fn figure(files: &[(&str, &TestRun)], stat: TestStat) -> Result<TestFigure> {
    let union = Union::of(files.iter().map(|(_, run)| *run));
    let Tally { tests, passed, failures, errors, skipped, nanoseconds, timed, .. } = union.tally;
    let seconds = |nanoseconds: u128| nanoseconds as f64 / 1e9;
    let value = match stat {
        TestStat::Tests => Some(tests as f64),
        TestStat::Passed => Some(passed as f64),
        TestStat::Failures => Some(failures as f64),
        TestStat::Errors => Some(errors as f64),
        TestStat::Skipped => Some(skipped as f64),
        TestStat::Time => (timed || tests == 0).then(|| seconds(nanoseconds)),
        TestStat::Slowest => union.names.slowest.first().map(|slowest| slowest.seconds),
        TestStat::PassRate => {
            let ran = passed + failures + errors;
            (ran > 0).then(|| passed as f64 * 100.0 / ran as f64)
        }
    };
    let Some(value) = value else {
        let missing = if stat == TestStat::PassRate { "test case that ran" } else { "test case with a time" };
        let reports = text::list(&files.iter().map(|(name, _)| text::quote(name)).collect::<Vec<_>>());
        return Err(Error::new(Code::CollectorNothing, format!("{reports} has no {missing}")).hint(
            "Check that the tests ran and that the reports are theirs; `--stat tests` says how many there are.",
        ));
    };
    let mut warnings: Vec<Error> = files.iter().flat_map(|(name, run)| run.warnings(name)).collect();
    if tests == 0 && errors == 0 {
        let reports = text::list(&files.iter().map(|(name, _)| text::quote(name)).collect::<Vec<_>>());
        warnings.push(
            Error::new(Code::CollectorNothing, format!("{reports} has no test case"))
                .hint("If there should be some, check the step that runs the tests."),
        );
    }
    Ok(TestFigure { value, warnings, names: union.names })
}
