//! What holds for any builds: recording and merging forget nothing, and their order and
//! repetition make no difference.

use super::sample::{dump, label, new, number, open};
use proptest::prelude::*;
use unentropy::history::{BuildContext, History, Merged, RecordedMetric};

/// Builds of few commits, runs, times and metrics, so that they meet often.
/// One build with its values.
#[derive(Debug, Clone)]
struct BuildRecord {
    context: BuildContext,
    metrics: Vec<RecordedMetric>,
}

fn builds() -> impl Strategy<Value = Vec<BuildRecord>> {
    let metrics = proptest::collection::btree_map(0..5_u8, -2..3_i8, 1..5);
    let attempt = proptest::option::of(1..4_i64);
    let build = (0..4_u8, 0..3_u8, 0..2_u8, 0..6_u8, 0..2_u8, attempt, metrics);
    proptest::collection::vec(build, 1..12).prop_map(|builds| {
        builds
            .into_iter()
            .map(|(commit, run, branch, hour, event, attempt, metrics)| BuildRecord {
                context: BuildContext {
                    commit_sha: format!("c{commit}"),
                    branch: ["main", "feature"][usize::from(branch)].into(),
                    run_id: format!("r{run}"),
                    run_number: i64::from(run),
                    event_name: (event > 0).then(|| "push".into()),
                    timestamp: format!("2026-01-01T0{hour}:00:00Z"),
                    attempt,
                },
                metrics: metrics.into_iter().map(|(id, value)| recorded(id, value)).collect(),
            })
            .collect()
    })
}

fn recorded(id: u8, value: i8) -> RecordedMetric {
    if id < 3 {
        number(&format!("n{id}"), f64::from(value))
    } else {
        label(&format!("l{id}"), &format!("w{value}"))
    }
}

fn history(builds: &[BuildRecord]) -> History {
    let mut history = new();
    record(&mut history, builds);
    history
}

fn record(history: &mut History, builds: &[BuildRecord]) {
    for build in builds {
        history.record(&build.context, &build.metrics).unwrap();
    }
}

/// Gives every build an attempt of its own, so that neither the clock nor the order of recording decides.
fn as_distinct_attempts(mut builds: Vec<BuildRecord>) -> Vec<BuildRecord> {
    for (i, build) in builds.iter_mut().enumerate() {
        build.context.attempt = Some(i as i64 + 1);
    }
    builds
}

/// In an order that the seed gives.
fn shuffled<T: Clone>(items: &[T], seed: u64) -> Vec<T> {
    let mut keyed: Vec<(u64, &T)> = items
        .iter()
        .enumerate()
        .map(|(i, item)| (seed.wrapping_mul(2 * i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15), item))
        .collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, item)| item.clone()).collect()
}

/// A build as the history that it was recorded into announces it.
type Announced = (BuildRecord, i64);

/// Records builds and gives what others are told of them.
fn announced(history: &mut History, builds: &[BuildRecord]) -> Vec<Announced> {
    let tell = |build: &BuildRecord| {
        let outcome = history.record(&build.context, &build.metrics).unwrap();
        let mut build = build.clone();
        build.context.attempt = Some(outcome.attempt);
        (build, outcome.measured_at)
    };
    builds.iter().map(tell).collect()
}

fn fold(history: &mut History, builds: &[Announced]) -> bool {
    builds.iter().fold(false, |changed, (build, at)| {
        history.fold(&build.context, &build.metrics, Some(*at)).unwrap().changed || changed
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn replaying_a_record_changes_nothing(builds in builds()) {
        let mut once = history(&builds);
        let mut twice = history(&builds);
        record(&mut twice, &builds[builds.len() - 1..]);
        prop_assert_eq!(dump(&mut once), dump(&mut twice));
    }

    #[test]
    fn saving_and_opening_between_builds_changes_nothing(builds in builds()) {
        let mut each = new();
        for build in &builds {
            each.record(&build.context, &build.metrics).unwrap();
            each = open(&each.save().unwrap());
        }
        prop_assert_eq!(dump(&mut each), dump(&mut history(&builds)));
    }

    #[test]
    fn order_makes_no_difference_to_different_attempts(builds in builds(), seed in any::<u64>()) {
        let builds = as_distinct_attempts(builds);
        prop_assert_eq!(dump(&mut history(&builds)), dump(&mut history(&shuffled(&builds, seed))));
    }

    #[test]
    fn what_is_recorded_stands_unless_a_later_attempt_does(builds in builds()) {
        let mut history = new();
        for build in &builds {
            let outcome = history.record(&build.context, &build.metrics).unwrap();
            let stored = history.metric_values_by_build_id(outcome.build_id).unwrap();
            let stands = |own: &RecordedMetric| stored.iter().any(|s| s.metric.id == own.metric.id && s.value == own.value);
            let own = build.metrics.iter().filter(|own| stands(own)).count();
            prop_assert!(own >= build.metrics.len() - outcome.outdated);
            if build.context.attempt.is_none() {
                prop_assert_eq!(outcome.outdated, 0);
            }
            let again = history.record(&build.context, &build.metrics).unwrap();
            prop_assert!(!again.changed);
        }
    }

    #[test]
    fn folding_what_was_announced_gives_the_history_that_announced_it(a in builds(), b in builds()) {
        let mut history = history(&a);
        let mut other = open(&history.save().unwrap());
        let told = announced(&mut history, &b);
        fold(&mut other, &told);
        prop_assert_eq!(dump(&mut other), dump(&mut history));
        prop_assert!(!fold(&mut other, &told));
        prop_assert!(!fold(&mut history, &told));
    }

    #[test]
    fn histories_that_fold_the_same_builds_agree(
        a in builds(), b in builds(), c in builds(), seed in any::<u64>(),
    ) {
        // Two runs begin with one history and do not know of each other.
        let start = history(&a).save().unwrap();
        let mut told = announced(&mut open(&start), &b);
        told.extend(announced(&mut open(&start), &c));
        let (mut one, mut two) = (open(&start), open(&start));
        fold(&mut one, &told);
        let mut others = shuffled(&told, seed);
        others.extend(shuffled(&told, seed ^ 0xffff));
        fold(&mut two, &others);
        prop_assert_eq!(dump(&mut one), dump(&mut two));
        prop_assert!(!fold(&mut one, &others));
        // A history that holds some of them already is merged to the same.
        let mut part = open(&start);
        fold(&mut part, &others[..told.len() / 2]);
        part.merge(&two).unwrap();
        prop_assert_eq!(dump(&mut part), dump(&mut one));
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
        let builds = as_distinct_attempts(builds);
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
