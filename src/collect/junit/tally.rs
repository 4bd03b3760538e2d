//! What a file of test results comes to: counts by suite, the names of what failed and of what was slow. Memory grows with
//! the suites of a file and not with its test cases, and with neither beyond a bound.

use super::super::coverage::shown;
use crate::error::{Code, Error};
use crate::text;
use quick_xml::escape::unescape;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;

/// Suites that are counted apart, so that another file's copy of one is known; those behind them are as one.
const SUITES: usize = 65_536;
/// Test cases of a file that are told from those of other files one by one; others only with their suites.
const IDENTIFIED: usize = 100_000;
/// Names that are kept of test cases that failed.
const FAILED: usize = 100;
/// Slow test cases that are named.
const SLOWEST: usize = 10;

/// What became of a test case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    Passed,
    Skipped,
    Error,
    Failure,
}

/// Counts of test cases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub tests: u64,
    pub passed: u64,
    pub failures: u64,
    pub errors: u64,
    pub skipped: u64,
    pub nanoseconds: u128,
    /// Whether any test case, or the suite itself, says how long it took.
    pub timed: bool,
}

impl Tally {
    fn add(&mut self, other: &Tally) {
        self.tests += other.tests;
        self.passed += other.passed;
        self.failures += other.failures;
        self.errors += other.errors;
        self.skipped += other.skipped;
        self.nanoseconds += other.nanoseconds;
        self.timed |= other.timed;
    }

    fn of(&mut self, outcome: Outcome) -> &mut u64 {
        match outcome {
            Outcome::Passed => &mut self.passed,
            Outcome::Failure => &mut self.failures,
            Outcome::Error => &mut self.errors,
            Outcome::Skipped => &mut self.skipped,
        }
    }

    fn is_empty(&self) -> bool {
        self.tests == 0 && self.errors == 0
    }
}

/// A test case and how long it took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct NamedTime {
    /// The test's name with its class or suite.
    pub name: String,
    /// Seconds.
    pub seconds: f64,
}

/// Names of test cases that a run's page shows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TestNames {
    /// How many failed or ended with an error.
    pub failed: u64,
    /// The first of those, in the order of the files; at most 100.
    pub failures: Vec<String>,
    /// The slowest ten, the slowest first.
    pub slowest: Vec<NamedTime>,
}

/// The test results of one file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TestRun {
    suites: Vec<Suite>,
    failures: Vec<(usize, Box<str>)>,
    slowest: Vec<Slow>,
    /// A time that is none, and how many there are.
    odd_times: Option<(Box<str>, u64)>,
    identified: Vec<Identified>,
}

/// A test case that another file may have as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identified {
    identity: Fingerprint,
    suite: usize,
    outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Suite {
    fingerprint: u64,
    tally: Tally,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Slow {
    nanoseconds: u64,
    suite: usize,
    name: Box<str>,
}

/// A suite that is being read.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenSuite {
    index: usize,
    tally: Tally,
    fingerprint: Fingerprint,
    /// Whether a test case of the same class and name in another file is the same test, as Surefire's are: a class that is run
    /// again has them in another file than at first.
    pub is_identified: bool,
}

/// A test case, as it is in the file.
pub(super) struct Case<'a> {
    pub class: &'a [u8],
    pub name: &'a [u8],
    pub outcome: Outcome,
    /// Nanoseconds, where it has a time.
    pub time: Option<u64>,
}

impl TestRun {
    /// Begins a suite; `words` are those that tell it from others.
    pub(super) fn open(&mut self, words: &[&[u8]]) -> OpenSuite {
        let mut fingerprint = Fingerprint(0);
        words.iter().for_each(|word| fingerprint.text(word));
        if self.suites.len() <= SUITES {
            self.suites.push(Suite { fingerprint: 0, tally: Tally::default() });
        }
        OpenSuite { index: self.suites.len() - 1, tally: Tally::default(), fingerprint, is_identified: false }
    }

    /// Counts a test case of a suite. `class` is named with it.
    #[inline]
    pub(super) fn case(&mut self, suite: &mut OpenSuite, case: &Case<'_>) {
        let tally = &mut suite.tally;
        tally.tests += 1;
        *tally.of(case.outcome) += 1;
        suite.fingerprint.text(case.class);
        suite.fingerprint.text(case.name);
        suite.fingerprint.number(case.outcome as u64);
        if let Some(time) = case.time {
            tally.nanoseconds += u128::from(time);
            tally.timed = true;
            suite.fingerprint.number(time);
            let quickest = self.slowest.last().map_or(0, |slow| slow.nanoseconds);
            if case.outcome != Outcome::Skipped && (self.slowest.len() < SLOWEST || time > quickest) {
                self.slow(suite.index, time, title(case.class, case.name));
            }
        }
        if suite.is_identified && self.identified.len() < IDENTIFIED {
            let mut identity = Fingerprint(0);
            identity.text(case.class);
            identity.text(case.name);
            self.identified.push(Identified { identity, suite: suite.index, outcome: case.outcome });
        }
        if matches!(case.outcome, Outcome::Failure | Outcome::Error) {
            self.failed(suite.index, case.class, case.name);
        }
    }

    /// Counts an error of a test case that was counted before, or one that a suite reports of itself.
    pub(super) fn error(&mut self, suite: &mut OpenSuite, class: &[u8], name: &[u8]) {
        suite.tally.errors += 1;
        suite.fingerprint.text(name);
        suite.fingerprint.number(Outcome::Error as u64);
        self.failed(suite.index, class, name);
    }

    /// Ends a suite. `time` is what it says of itself, which counts where its test cases say nothing.
    pub(super) fn close(&mut self, suite: OpenSuite, time: Option<u64>) {
        let OpenSuite { index, mut tally, fingerprint, .. } = suite;
        if tally.is_empty() {
            if index + 1 == self.suites.len() && index < SUITES {
                self.suites.pop();
            }
            return;
        }
        if let (false, Some(time)) = (tally.timed, time) {
            tally.nanoseconds = u128::from(time);
            tally.timed = true;
        }
        let closed = &mut self.suites[index];
        closed.tally.add(&tally);
        // Several share the last place.
        closed.fingerprint = closed.fingerprint.rotate_left(1) ^ fingerprint.finished();
    }

    /// Notes a time that is none.
    pub(super) fn odd_time(&mut self, text: &[u8]) {
        match &mut self.odd_times {
            Some((_, count)) => *count += 1,
            None => self.odd_times = Some((String::from_utf8_lossy(text).into(), 1)),
        }
    }

    /// How many test cases there are, and how many of them were skipped.
    pub(super) fn tests_and_skipped(&self) -> (u64, u64) {
        self.suites.iter().fold((0, 0), |(tests, skipped), Suite { tally, .. }| {
            (tests + tally.tests, skipped + tally.skipped)
        })
    }

    /// Counts test cases that were skipped and are not listed.
    pub(super) fn skipped(&mut self, count: u64) {
        let mut suite = self.open(&[b"skipped"]);
        // They are told from those of other files by what the file lists.
        for listed in &self.suites {
            suite.fingerprint.number(listed.fingerprint);
        }
        suite.tally.tests = count;
        suite.tally.skipped = count;
        self.close(suite, None);
    }

    /// Whether there is no test case and no error.
    pub(super) fn is_empty(&self) -> bool {
        self.suites.iter().all(|suite| suite.tally.is_empty())
    }

    /// What is to be said of the file.
    pub(super) fn warnings(&self, name: &str) -> Option<Error> {
        let (first, count) = self.odd_times.as_ref()?;
        let (times, are) = if *count == 1 { ("time", "is") } else { ("times", "are") };
        let found = if *count == 1 { String::new() } else { "the first: ".to_owned() };
        let message = format!(
            "{}: {count} {times} {are} not counted, {found}{}, expected seconds",
            text::quote(name),
            text::quote(first)
        );
        Some(Error::new(Code::CollectorFormat, message).hint("The test runner wrote no number there."))
    }

    fn failed(&mut self, suite: usize, class: &[u8], name: &[u8]) {
        if self.failures.len() < FAILED {
            self.failures.push((suite, title(class, name).into()));
        }
    }

    #[cold]
    fn slow(&mut self, suite: usize, nanoseconds: u64, name: String) {
        let slow = Slow { nanoseconds, suite, name: name.into() };
        let at = self.slowest.partition_point(|other| other.rank() <= slow.rank());
        self.slowest.insert(at, slow);
        self.slowest.truncate(SLOWEST);
    }
}

impl Slow {
    fn rank(&self) -> (Reverse<u64>, &str) {
        (Reverse(self.nanoseconds), &self.name)
    }
}

/// Several files' results together, copies of suites left out.
pub(super) struct Union {
    pub tally: Tally,
    pub names: TestNames,
}

impl Union {
    pub(super) fn of<'a>(runs: impl ExactSizeIterator<Item = &'a TestRun>) -> Self {
        let mut union = Union { tally: Tally::default(), names: TestNames::default() };
        let single = runs.len() == 1;
        let mut slowest: Vec<&Slow> = Vec::new();
        // How often the files before hold a suite.
        let mut known: HashMap<u64, u32> = HashMap::new();
        // Test cases that files before have, each with its worst outcome.
        let mut tried: HashMap<Fingerprint, Outcome> = HashMap::new();
        for run in runs {
            let mut own: HashMap<u64, u32> = HashMap::new();
            let mut counts = |suite: &Suite| {
                if single {
                    return true;
                }
                let nth = own.entry(suite.fingerprint).or_default();
                *nth += 1;
                *nth > known.get(&suite.fingerprint).copied().unwrap_or(0)
            };
            let counted: Vec<bool> = run.suites.iter().map(&mut counts).collect();
            for (suite, _) in run.suites.iter().zip(&counted).filter(|(_, counted)| **counted) {
                union.tally.add(&suite.tally);
            }
            for (fingerprint, count) in own {
                let most = known.entry(fingerprint).or_default();
                *most = count.max(*most);
            }
            let of_counted = |suite: usize| counted.get(suite) == Some(&true);
            if !single {
                union.again(run.identified.iter().filter(|test| of_counted(test.suite)), &mut tried);
            }
            let named = union.names.failures.clone();
            let is_new = |name: &str| run.identified.is_empty() || !named.iter().any(|known| known == name);
            let failures = run.failures.iter().filter(|(suite, name)| of_counted(*suite) && is_new(name));
            let room = FAILED - union.names.failures.len();
            union.names.failures.extend(failures.take(room).map(|(_, name)| name.to_string()));
            slowest.extend(run.slowest.iter().filter(|slow| of_counted(slow.suite)));
        }
        slowest.sort_by(|a, b| a.rank().cmp(&b.rank()));
        union.names.failed = union.tally.failures + union.tally.errors;
        union.names.slowest = slowest
            .into_iter()
            .take(SLOWEST)
            .map(|slow| NamedTime { name: slow.name.to_string(), seconds: slow.nanoseconds as f64 / 1e9 })
            .collect();
        union
    }

    /// Takes back what was counted of test cases that a file before has too. The worst outcome stays: what failed in one of
    /// two runs is not hidden by the other.
    fn again<'a>(
        &mut self,
        tests: impl Iterator<Item = &'a Identified>,
        tried: &mut HashMap<Fingerprint, Outcome>,
    ) {
        // Several of one file with the same name are several.
        let mut counts: HashMap<Fingerprint, u64> = HashMap::new();
        for test in tests {
            let nth = counts.entry(test.identity).or_default();
            *nth += 1;
            let mut identity = test.identity;
            identity.number(*nth);
            let worst = tried.entry(identity).or_insert_with(|| {
                self.tally.tests += 1;
                *self.tally.of(test.outcome) += 1;
                test.outcome
            });
            self.tally.tests -= 1;
            *self.tally.of(test.outcome.min(*worst)) -= 1;
            *worst = test.outcome.max(*worst);
        }
    }
}

/// A test's name with its class, without anything that could do more than be read; at most 200 characters.
fn title(class: &[u8], name: &[u8]) -> String {
    const LONGEST: usize = 200;
    // What is escaped wrongly shows as it is.
    let read = |raw: &[u8]| {
        let raw = String::from_utf8_lossy(raw);
        let text = unescape(&raw).map_or_else(|_| raw.clone().into_owned(), Cow::into_owned);
        shown(text.trim())
    };
    let (class, name) = (read(class), read(name));
    let mut title = match (class.is_empty(), name.is_empty()) {
        (true, true) => "(no name)".to_owned(),
        (true, false) => name,
        (false, true) => class,
        (false, false) if name.starts_with(&class) => name,
        (false, false) => format!("{class} › {name}"),
    };
    if let Some((end, _)) = title.char_indices().nth(LONGEST) {
        title.truncate(end);
        title.push('…');
    }
    title
}

/// What tells suites apart. Hostile files may make two alike and count for less; they could as well have left tests out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Fingerprint(u64);

impl Fingerprint {
    #[inline]
    fn text(&mut self, text: &[u8]) {
        let (words, rest) = text.as_chunks::<8>();
        for word in words {
            self.number(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.number(u64::from_le_bytes(last));
        self.number(text.len() as u64);
    }

    #[inline]
    fn number(&mut self, number: u64) {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        self.0 = (self.0.rotate_left(23) ^ number).wrapping_mul(ODD);
    }

    fn finished(self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }
}
