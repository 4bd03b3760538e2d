//! Merging: the union of two histories, and who wins where they differ.

use super::sample::{BUILDS, DRIZZLE, STORED, database, dump, edited, label, new, number, open, run};
use unentropy::error::Code;
use unentropy::history::{BuildContext, History, Merged, RecordedMetric};

fn history(builds: &[(BuildContext, Vec<RecordedMetric>)]) -> History {
    let mut history = new();
    for (context, metrics) in builds {
        history.record(context, metrics).unwrap();
    }
    history
}

/// Merges both ways into copies, checks that they agree, and returns the first's outcome and dump.
fn both_ways(mut a: History, mut b: History) -> (Merged, Vec<String>) {
    let (image_a, image_b) = (a.save().unwrap(), b.save().unwrap());
    let (mut into_a, mut into_b) = (open(&image_a), open(&image_b));
    let merged = into_a.merge(&b).unwrap();
    into_b.merge(&a).unwrap();
    let result = dump(&mut into_a);
    assert_eq!(result, dump(&mut into_b));
    let again = into_a.merge(&b).unwrap();
    assert_eq!(Merged { conflicts: 0, ..again }, Merged::default());
    assert_eq!(into_a.merge(&into_b).unwrap(), Merged::default());
    assert_eq!(dump(&mut into_a), result);
    (merged, result)
}

#[test]
fn builds_of_both_are_kept() {
    let a = history(&[(run("c1", "r1", "10:00:00"), vec![number("x", 1.0), number("y", 1.0)])]);
    let b = history(&[
        (run("c1", "r1", "10:00:00"), vec![number("x", 1.0), label("z", "w")]),
        (run("c1", "r2", "11:00:00"), vec![number("x", 2.0)]),
        (run("c2", "r1", "12:00:00"), vec![number("x", 3.0)]),
    ]);
    let (merged, _) = both_ways(a, b);
    assert_eq!(
        merged,
        Merged {
            added_builds: 2,
            added_values: 3,
            conflicts: 0,
            replaced_values: 0,
            added_metrics: 1,
            changed: true
        }
    );
}

#[test]
fn the_later_measurement_stands_and_a_tie_goes_to_the_greater() {
    let cases = [
        (("10:00:00", 5.0), ("11:00:00", 1.0), 1, 1),
        (("11:00:00", 1.0), ("10:00:00", 5.0), 1, 0),
        (("10:00:00", 1.0), ("10:00:00", 5.0), 1, 1),
        (("10:00:00", 5.0), ("10:00:00", 1.0), 1, 0),
        (("10:00:00", 5.0), ("11:00:00", 5.0), 0, 0),
    ];
    for ((our_time, our), (their_time, their), conflicts, replaced) in cases {
        let a = history(&[(run("c", "r", our_time), vec![number("x", our)])]);
        let b = history(&[(run("c", "r", their_time), vec![number("x", their)])]);
        let (merged, _) = both_ways(a, b);
        assert_eq!((merged.conflicts, merged.replaced_values), (conflicts, replaced), "{our} {their}");
    }
}

#[test]
fn merging_equals_recording_into_one_history() {
    let parts = [
        (run("c", "r", "10:00:00"), vec![number("x", 1.0), number("y", 1.0)]),
        (run("c", "r", "12:00:00"), vec![number("x", 2.0)]),
        (run("d", "r", "09:00:00"), vec![label("l", "w")]),
    ];
    let mut one = history(&parts);
    let (_, merged) = both_ways(history(&parts[1..]), history(&parts[..1]));
    assert_eq!(dump(&mut one), merged);
}

#[test]
fn a_metric_of_two_types_stops_the_merge() {
    let mut a = history(&[(run("c", "r", "10:00:00"), vec![number("x", 1.0)])]);
    let b = history(&[(run("d", "r", "10:00:00"), vec![label("x", "w")])]);
    let before = dump(&mut a);
    let error = a.merge(&b).unwrap_err();
    assert_eq!(error.code, Code::BuildInvalid);
    assert!(error.message.contains("`x` is numeric in the history and label"), "{}", error.message);
    assert_eq!(dump(&mut a), before);
}

#[test]
fn definitions_follow_the_history_with_the_newer_build() {
    let described = |time, words: &str| {
        let mut metric = number("x", 1.0);
        metric.metric.description = Some(words.into());
        history(&[(run(time, "r", time), vec![metric])])
    };
    for (ours, theirs, stands) in [("10:00:00", "11:00:00", "theirs"), ("11:00:00", "10:00:00", "ours")] {
        let mut a = described(ours, "ours");
        a.merge(&described(theirs, "theirs")).unwrap();
        assert_eq!(a.metrics().unwrap()[0].description.as_deref(), Some(stands));
    }
    both_ways(described("10:00:00", "ours"), described("10:00:00", "theirs"));
}

#[test]
fn old_files_of_either_make_merge() {
    let mut a = open(STORED);
    let same = open(&database(&[DRIZZLE, BUILDS]));
    assert_eq!(a.merge(&same).unwrap(), Merged::default());
    let ahead = edited(
        STORED,
        "INSERT INTO build_contexts (commit_sha, branch, run_id, run_number, timestamp) VALUES ('n', 'main', 'n', 301, '2026-01-01 00:00:00');
         INSERT INTO metric_values (metric_id, build_id, value_numeric) VALUES ('size', 301, 5);
         DELETE FROM metric_values WHERE build_id = 1;",
    );
    let merged = a.merge(&open(&ahead)).unwrap();
    assert_eq!((merged.added_builds, merged.added_values, merged.conflicts), (1, 1, 0));
    assert_eq!(a.build_count(), 301);
    assert_eq!(a.find_build("n", "n").unwrap().unwrap().event_name, None);
    let mut into_new = new();
    into_new.merge(&a).unwrap();
    assert_eq!(into_new.build_count(), 301);
    assert_eq!(into_new.merge(&a).unwrap(), Merged::default());
}
