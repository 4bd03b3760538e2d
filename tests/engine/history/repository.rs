//! Whose history it is: noted once, kept through merges, and what keeps another repository's builds out.

use super::sample::{dump, new, number, open, rows, run};
use unentropy::error::{Code, Error};
use unentropy::history::{Circumstances, History, RecordedBuild, Repository};

fn of(name: &str, id: &str) -> Circumstances {
    let github_id = (!id.is_empty()).then(|| id.to_owned());
    let repository = (!name.is_empty()).then(|| Repository { name: name.into(), github_id });
    Circumstances { repository, ..Circumstances::default() }
}

fn record(
    history: &mut History,
    run_id: &str,
    circumstances: &Circumstances,
) -> Result<RecordedBuild, Error> {
    history.record_in(&run("c", run_id, "10:00:00"), &[number("a", 1.0)], circumstances)
}

fn owner(history: &History) -> String {
    let told =
        |repository: Repository| format!("{} {}", repository.name, repository.github_id.unwrap_or_default());
    history.repository().unwrap().map(told).unwrap_or_default()
}

#[test]
fn the_first_repository_is_noted_and_another_is_refused_before_and_when_it_records() {
    let mut history = new();
    record(&mut history, "r0", &of("", "")).unwrap();
    assert_eq!(owner(&history), "");
    assert!(record(&mut history, "r0", &of("github.com/o/r", "1")).unwrap().changed);
    assert_eq!(owner(&history), "github.com/o/r 1");
    let before = dump(&mut history);
    let other = of("github.com/o/s", "2");
    let asked = history.check_run(&run("c", "r1", "10:00:00"), &[], &other).unwrap_err();
    let error = record(&mut history, "r1", &other).unwrap_err();
    assert_eq!((error.code, &error), (Code::HistoryOtherRepository, &asked));
    for name in ["`github.com/o/r`", "`github.com/o/s`"] {
        assert!(error.message.contains(name), "{}", error.message);
    }
    assert!(error.hint.contains("adopt-history"), "{}", error.hint);
    assert_eq!((dump(&mut history), owner(&history)), (before, "github.com/o/r 1".into()));
    // Who does not know its repository is not asked.
    record(&mut history, "r1", &of("", "")).unwrap();
    assert_eq!(owner(&open(&history.save().unwrap())), "github.com/o/r 1");
}

#[test]
fn a_repository_that_was_renamed_is_the_same_and_one_that_took_its_name_is_not() {
    let mut history = new();
    record(&mut history, "r0", &of("github.com/o/r", "")).unwrap();
    assert!(!record(&mut history, "r0", &of("GitHub.com/O/R", "")).unwrap().changed);
    // Names are all that is known so far; then the id is noted, and a name beside it.
    for (name, id, stands) in [
        ("github.com/O/R", "1", "github.com/O/R 1"),
        ("github.com/n/renamed", "1", "github.com/n/renamed 1"),
        ("github.com/n/renamed", "", "github.com/n/renamed 1"),
    ] {
        record(&mut history, "r0", &of(name, id)).unwrap();
        assert_eq!(owner(&history), stands);
    }
    let error = record(&mut history, "r0", &of("github.com/n/renamed", "2")).unwrap_err();
    assert!(error.message.contains("`github.com/n/renamed` (id 1)"), "{}", error.message);
    assert!(error.message.contains("`github.com/n/renamed` (id 2)"), "{}", error.message);
    assert_eq!(
        record(&mut history, "r0", &of("github.com/o/r", "")).unwrap_err().code,
        Code::HistoryOtherRepository
    );
}

#[test]
fn a_history_can_be_adopted() {
    let mut history = new();
    record(&mut history, "r0", &of("gitlab.example/a/b/r", "")).unwrap();
    let adopting = Circumstances { adopt: true, ..of("github.com/o/r", "1") };
    history.check_run(&run("c", "r1", "10:00:00"), &[], &adopting).unwrap();
    record(&mut history, "r1", &adopting).unwrap();
    assert_eq!(owner(&history), "github.com/o/r 1");
    assert_eq!(history.build_count(), 2);
    assert!(record(&mut history, "r2", &of("gitlab.example/a/b/r", "")).is_err());
    record(&mut history, "r2", &of("github.com/o/r", "1")).unwrap();
}

#[test]
fn a_name_that_is_none_is_refused() {
    for name in ["r", "/", "github.com/", "github.com/o\n/r"] {
        let error = record(&mut new(), "r0", &of(name, "")).unwrap_err();
        assert_eq!(error.code, Code::BuildInvalid, "{name}");
    }
}

#[test]
fn merging_keeps_the_targets_repository_and_loses_no_build_over_a_name() {
    let history = |name: &str, run_id: &str| {
        let mut history = new();
        record(&mut history, run_id, &of(name, "")).unwrap();
        history
    };
    let cases = [
        ("github.com/o/r", "", "github.com/o/r ", true),
        ("", "github.com/o/s", "github.com/o/s ", true),
        ("github.com/o/r", "github.com/o/s", "github.com/o/r ", false),
        ("github.com/o/r", "github.com/O/R", "github.com/o/r ", true),
        ("", "", "", true),
    ];
    for (own, their, stands, same) in cases {
        let (mut into, from) = (history(own, "r0"), history(their, "r1"));
        let asked = into.check_merge(&from);
        assert_eq!(asked.is_ok(), same, "{own} {their}");
        if let Err(error) = asked {
            assert_eq!(error.code, Code::HistoryOtherRepository);
            assert!(error.message.contains(own) && error.message.contains(their), "{}", error.message);
            assert!(error.hint.contains("--adopt-history"));
        }
        assert!(into.merge(&from).unwrap().changed);
        assert_eq!((owner(&into).as_str(), into.build_count()), (stands, 2), "{own} {their}");
        assert!(!into.merge(&from).unwrap().changed);
    }
}

#[test]
fn the_note_is_one_row_of_a_table_of_its_own() {
    let mut history = new();
    assert_eq!(rows(&history.save().unwrap(), "SELECT count(*) FROM history_repository"), ["Integer(0)"]);
    record(&mut history, "r0", &of("github.com/o/r", "1")).unwrap();
    let once = history.save().unwrap();
    assert_eq!(rows(&once, "SELECT count(*) FROM history_repository"), ["Integer(1)"]);
    record(&mut history, "r0", &of("github.com/o/r", "1")).unwrap();
    assert!(history.save().unwrap() == once);
}
