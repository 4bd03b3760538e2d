//! Builds of any facts and values, recorded, folded and merged: what is refused changes nothing, and
//! the order of merging makes no difference.

use crate::shape::Choices;
use crate::{ASSETS, facts, is_page, is_sound, surely};
use std::collections::BTreeMap;
use unentropy::api;
use unentropy::error::Code;
use unentropy::history::{BuildContext, BuildFilter, History, Limits, RecordedMetric};

/// Bytes as builds of two histories.
pub fn recorded(data: &[u8]) {
    let mut choices = Choices::of(data);
    let (mut one, mut two) = (new(), new());
    let mut announced: Vec<(BuildContext, Vec<RecordedMetric>, i64)> = Vec::new();
    let mut count = 0;
    while !choices.is_over() && count < 16 {
        count += 1;
        let history = if choices.rarely(2) { &mut two } else { &mut one };
        let (mut context, metrics) = choices.build();
        let before = said(history);
        match history.record(&context, &metrics) {
            Ok(outcome) => {
                let stored = surely(history.metric_values_by_build_id(outcome.build_id), "a build's values");
                let own =
                    metrics.iter().filter(|own| stored.iter().any(|s| s.metric.id == own.metric.id)).count();
                assert_eq!(own, metrics.len(), "a value is not there");
                let again = surely(history.record(&context, &metrics), "the same build again");
                assert!(!again.changed, "recording again changed something");
                context.attempt = Some(outcome.attempt);
                announced.push((context, metrics, outcome.measured_at));
            }
            Err(error) => {
                is_sound(&error, &[Code::BuildInvalid]);
                assert_eq!(said(history), before, "a refused build changed something");
            }
        }
    }
    let mut reopened = open(&surely(one.save(), "an image"));
    assert_eq!(said(&reopened), said(&one), "saved and opened");
    is_page(&surely(api::report(&one, None, &facts(), ASSETS), "a report"));

    let mut other_way = open(&surely(two.save(), "an image"));
    match (reopened.merge(&two), other_way.merge(&one)) {
        (Ok(_), Ok(_)) => {
            assert_eq!(said(&reopened), said(&other_way), "merging depends on the direction");
            assert!(
                !surely(reopened.merge(&two), "merging again").changed,
                "merging again changed something"
            );
        }
        (Err(a), Err(b)) => {
            is_sound(&a, &[Code::BuildInvalid]);
            is_sound(&b, &[Code::BuildInvalid]);
            assert_eq!(said(&reopened), said(&one), "a refused merge changed something");
        }
        (a, b) => panic!("merging one way is {a:?}, the other {b:?}"),
    }
    folding_heeds_no_order(&announced);
}

fn folding_heeds_no_order(announced: &[(BuildContext, Vec<RecordedMetric>, i64)]) {
    let (mut forth, mut back) = (new(), new());
    let mut all_fit = true;
    for (history, reversed) in [(&mut forth, false), (&mut back, true)] {
        let mut fold = |(context, metrics, at): &(BuildContext, Vec<RecordedMetric>, i64)| {
            if let Err(error) = history.fold(context, metrics, Some(*at)) {
                is_sound(&error, &[Code::BuildInvalid]);
                all_fit = false;
            }
        };
        match reversed {
            false => announced.iter().for_each(&mut fold),
            true => announced.iter().rev().for_each(&mut fold),
        }
    }
    // Of two types of one metric the first stands.
    if all_fit {
        assert_eq!(said(&forth), said(&back), "folding depends on the order");
    }
}

fn new() -> History {
    surely(History::open(None, Limits::default()), "a new history")
}

fn open(image: &[u8]) -> History {
    surely(History::open(Some(image), Limits::default()), "what was saved")
}

/// What a history says, without row ids and the texts of definitions: of those, the last recorded stand.
fn said(history: &History) -> BTreeMap<(String, String), String> {
    let builds = surely(history.builds(&BuildFilter::default(), None), "all builds");
    let one = |build: unentropy::history::Build| {
        let values = surely(history.metric_values_by_build_id(build.id), "a build's values");
        let mut values: Vec<String> =
            values.iter().map(|v| format!("{}={:?}", v.metric.id, v.value)).collect();
        values.sort();
        let facts = (&build.branch, build.run_number, &build.event_name, &build.timestamp);
        let shown = format!("{facts:?} {values:?}");
        ((build.commit_sha, build.run_id), shown)
    };
    builds.into_iter().map(one).collect()
}
