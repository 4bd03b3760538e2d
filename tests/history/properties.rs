//! What holds for any builds: recording and merging forget nothing, and their order and
//! repetition make no difference.

use crate::sample::{dump, label, new, number, open};
use proptest::prelude::*;
use unentropy::history::{BuildContext, BuildRecord, History, Merged, Recorded};

/// Builds of few commits, runs, times and metrics, so that they meet often.
fn builds() -> impl Strategy<Value = Vec<BuildRecord>> {
    let metrics = proptest::collection::btree_map(0..5_u8, -2..3_i8, 1..5);
    let build = (0..4_u8, 0..3_u8, 0..2_u8, 0..6_u8, 0..2_u8, metrics);
    proptest::collection::vec(build, 1..12).prop_map(|builds| {
        builds
            .into_iter()
            .map(|(commit, run, branch, hour, event, metrics)| BuildRecord {
                context: BuildContext {
                    commit_sha: format!("c{commit}"),
                    branch: ["main", "feature"][usize::from(branch)].into(),
                    run_id: format!("r{run}"),
                    run_number: i64::from(run),
                    event_name: (event > 0).then(|| "push".into()),
                    timestamp: format!("2026-01-01T0{hour}:00:00Z"),
                },
                metrics: metrics.into_iter().map(|(id, value)| recorded(id, value)).collect(),
            })
            .collect()
    })
}

fn recorded(id: u8, value: i8) -> Recorded {
    if id < 3 {
        number(&format!("n{id}"), f64::from(value))
    } else {
        label(&format!("l{id}"), &format!("w{value}"))
    }
}

fn history(builds: &[BuildRecord]) -> History {
    let mut history = new();
    history.record_all(builds).unwrap();
    history
}

/// Gives every build a time of its own, so that "later" is never a tie.
fn at_distinct_times(mut builds: Vec<BuildRecord>) -> Vec<BuildRecord> {
    for (i, build) in builds.iter_mut().enumerate() {
        build.context.timestamp = build.context.timestamp.replace(":00:00Z", &format!(":00:{i:02}Z"));
    }
    builds
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn replaying_a_record_changes_nothing(builds in builds()) {
        let mut once = history(&builds);
        let mut twice = history(&builds);
        twice.record_all(&builds[builds.len() - 1..]).unwrap();
        prop_assert_eq!(dump(&mut once), dump(&mut twice));
    }

    #[test]
    fn one_by_one_equals_all_at_once(builds in builds()) {
        let mut each = new();
        for build in &builds {
            each.record(&build.context, &build.metrics).unwrap();
            each = open(&each.save().unwrap());
        }
        prop_assert_eq!(dump(&mut each), dump(&mut history(&builds)));
    }

    #[test]
    fn order_makes_no_difference_to_builds_of_different_times(builds in builds(), seed in any::<u64>()) {
        let builds = at_distinct_times(builds);
        let mut shuffled = builds.clone();
        shuffled.sort_by_key(|b| seed.wrapping_mul(b.context.timestamp.bytes().fold(7, |h: u64, c| h.wrapping_mul(31) ^ u64::from(c))));
        prop_assert_eq!(dump(&mut history(&builds)), dump(&mut history(&shuffled)));
    }

    #[test]
    fn merging_is_commutative_and_idempotent(a in builds(), b in builds()) {
        let (mut ab, mut ba) = (history(&a), history(&b));
        ab.merge(&history(&b)).unwrap();
        ba.merge(&history(&a)).unwrap();
        prop_assert_eq!(dump(&mut ab), dump(&mut ba));
        prop_assert_eq!(ab.merge(&ba).unwrap(), Merged::default());
        prop_assert_eq!(ab.merge(&history(&a)).unwrap().added_builds, 0);
        prop_assert_eq!(dump(&mut ab), dump(&mut ba));
    }

    #[test]
    fn merging_is_associative(a in builds(), b in builds(), c in builds()) {
        let (mut left, mut right, mut inner) = (history(&a), history(&a), history(&b));
        left.merge(&history(&b)).unwrap();
        left.merge(&history(&c)).unwrap();
        inner.merge(&history(&c)).unwrap();
        right.merge(&inner).unwrap();
        prop_assert_eq!(dump(&mut left), dump(&mut right));
    }

    #[test]
    fn merging_parts_equals_recording_all(builds in builds(), cut in 0..12_usize) {
        let builds = at_distinct_times(builds);
        let (a, b) = builds.split_at(cut.min(builds.len()));
        let mut merged = history(a);
        merged.merge(&history(b)).unwrap();
        prop_assert_eq!(dump(&mut merged), dump(&mut history(&builds)));
    }

    #[test]
    fn saving_and_opening_keeps_everything(builds in builds()) {
        let mut history = history(&builds);
        let mut reopened = open(&history.save().unwrap());
        prop_assert_eq!(dump(&mut history), dump(&mut reopened));
        prop_assert_eq!(
            history.columns(&Default::default()).unwrap(),
            reopened.columns(&Default::default()).unwrap()
        );
    }
}
