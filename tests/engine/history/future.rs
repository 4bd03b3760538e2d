//! Builds that a clock which was ahead has dated: refused when they are recorded, and the newest of nothing where a
//! history holds them already.

use super::sample::{new, number, run};
use unentropy::error::Code;
use unentropy::history::{BaselineQuery, BuildContext, BuildFilter, Circumstances, History};
use unentropy::metric::Value;

const NOW: &str = "2026-01-02T00:00:00Z";

fn dated(commit: &str, timestamp: &str) -> BuildContext {
    BuildContext { timestamp: timestamp.into(), ..run(commit, commit, "00:00:00") }
}

/// Builds up to a year ahead, among them one that is dated exactly a day after now.
fn history() -> History {
    let mut history = new();
    for (commit, time, value) in [
        ("old", "2026-01-01T00:00:00Z", 1.0),
        ("day", "2026-01-03T00:00:00Z", 2.0),
        ("later", "2026-01-03T00:00:00.001Z", 3.0),
        ("year", "2027-01-01T00:00:00Z", 4.0),
    ] {
        history.record(&dated(commit, time), &[number("a", value)]).unwrap();
    }
    history
}

#[test]
fn a_build_from_the_future_is_refused_before_and_when_it_is_recorded() {
    let mut history = new();
    let at = |now: &str| Circumstances { now: Some(now.into()), ..Circumstances::default() };
    for (time, recorded) in [
        ("2026-01-01T00:00:00Z", true),
        ("2026-01-03T00:00:00Z", true),
        ("2026-01-03T00:00:00.001Z", false),
        ("2027-01-01T00:00:00Z", false),
    ] {
        let context = dated(time, time);
        let asked = history.check_run(&context, &[], &at(NOW));
        let outcome = history.record_in(&context, &[number("a", 1.0)], &at(NOW));
        assert_eq!((asked.is_ok(), outcome.is_ok()), (recorded, recorded), "{time}");
        for error in asked.err().into_iter().chain(outcome.err()) {
            assert_eq!(error.code, Code::BuildFromTheFuture);
            assert!(error.message.contains("`2026-01-02T00:00:00.000Z`"), "{}", error.message);
        }
    }
    assert_eq!(history.build_count(), 2);
    let error = history.check_run(&dated("c", NOW), &[], &at("now")).unwrap_err();
    assert_eq!(error.code, Code::BuildInvalid);
}

#[test]
fn a_clock_that_was_ahead_is_corrected_by_the_next_attempt() {
    let mut history = history();
    let again = BuildContext { attempt: Some(2), ..dated("year", "2026-01-01T12:00:00Z") };
    assert_eq!(history.record(&again, &[number("a", 5.0)]).unwrap().replaced, 1);
    let build = history.find_build("year", "year").unwrap().unwrap();
    assert_eq!(build.timestamp, "2026-01-01T12:00:00.000Z");
    assert_eq!(history.future_builds(NOW, 3).unwrap().count, 1);
}

#[test]
fn a_build_from_the_future_is_the_newest_of_nothing_until_its_time_has_come() {
    let history = history();
    for (now, newest, baseline, future) in [
        (NOW, "day", 2.0, "later year"),
        ("2026-01-02T00:00:00.001Z", "later", 3.0, "year"),
        ("2026-12-31T00:00:00Z", "year", 4.0, ""),
    ] {
        let query = BaselineQuery {
            branch: "main".into(),
            max_age_days: 400,
            now: now.into(),
            before: Some("2027-06-01T00:00:00Z".into()),
            commit_sha: None,
        };
        assert_eq!(history.baseline("a", &query).unwrap().unwrap().value, Value::Numeric(baseline), "{now}");
        assert_eq!(history.baseline_builds(&query).unwrap().last().unwrap().commit_sha, newest, "{now}");
        let filter = BuildFilter { now: Some(now.into()), ..BuildFilter::default() };
        assert_eq!(history.columns(&filter).unwrap().builds.commit.last().unwrap(), newest, "{now}");
        let found = history.future_builds(now, 9).unwrap();
        let commits: Vec<&str> = found.builds.iter().map(|build| build.commit_sha.as_str()).collect();
        assert_eq!((found.count, commits.join(" ").as_str()), (commits.len(), future), "{now}");
    }
    let found = history.future_builds(NOW, 1).unwrap();
    assert_eq!((found.count, found.builds.len()), (2, 1));
    assert_eq!(history.build_count(), 4);
    assert_eq!(history.columns(&BuildFilter::default()).unwrap().builds.commit.len(), 4);
}
