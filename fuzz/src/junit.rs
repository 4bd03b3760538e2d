//! Test results: what any bytes give are counts that fit each other, times that are finite, and names of bounded length.

use crate::is_sound;
use unentropy::collect::junit::{TestStat, figure, parse};
use unentropy::error::Code;

/// Bytes as a file of test results, alone and beside a copy of itself.
pub fn results(bytes: &[u8]) {
    let run = match parse(bytes, "report") {
        Ok(run) => run,
        Err(error) => return is_sound(&error, &[Code::CollectorFormat]),
    };
    let alone = [("report", &run)];
    let twice = [("report", &run), ("copy", &run)];
    let of = |stat| figure(&alone, stat).map(|figure| figure.value);
    for stat in TestStat::ALL {
        match figure(&alone, *stat) {
            Ok(found) => {
                assert!(found.value.is_finite() && found.value >= 0.0, "{} {}", found.value, stat.name());
                assert_eq!(
                    figure(&twice, *stat).map(|figure| figure.value),
                    Ok(found.value),
                    "a copy counts"
                );
                let names = found.names;
                assert!(names.failures.len() <= 100 && names.slowest.len() <= 10);
                assert!(names.failures.iter().all(|name| name.chars().count() <= 201));
                assert!(names.slowest.is_sorted_by(|a, b| a.seconds >= b.seconds));
            }
            Err(error) => is_sound(&error, &[Code::CollectorNothing]),
        }
    }
    let [tests, passed, failures, errors, skipped] =
        [TestStat::Tests, TestStat::Passed, TestStat::Failures, TestStat::Errors, TestStat::Skipped]
            .map(|stat| of(stat).expect("a count"));
    assert!(passed + failures + skipped <= tests && tests <= passed + failures + errors + skipped);
    assert!(of(TestStat::PassRate).is_ok_and(|rate| rate <= 100.0) || passed + failures + errors == 0.0);
}
