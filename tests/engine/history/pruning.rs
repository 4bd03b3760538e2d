//! Pruning removes what was asked for and nothing else.

use super::sample::{STORED, STORED_WAL, dump, open, rows};
use unentropy::error::Code;
use unentropy::history::{BuildFilter, PruneRequest};

#[test]
fn each_criterion_removes_its_builds_only() {
    let all = PruneRequest::default();
    // Of 300 builds every third is on `feature`, every seventh of a pull request.
    let cases = [
        (PruneRequest { older_than: Some("2025-02-01T00:00:00Z".into()), ..all.clone() }, 123),
        (PruneRequest { keep_last: Some(20), ..all.clone() }, 260),
        (PruneRequest { branches: Some(vec!["feature".into()]), ..all.clone() }, 100),
        (PruneRequest { branches: Some(vec!["absent".into()]), ..all.clone() }, 0),
        (PruneRequest { keep_last: Some(0), except_branches: vec!["main".into()], ..all.clone() }, 100),
        (PruneRequest { pull_requests_only: true, ..all.clone() }, 42),
        (PruneRequest { pull_requests_only: true, keep_last: Some(5), ..all.clone() }, 32),
        (PruneRequest { older_than: Some("2025-02-01T00:00:00Z".into()), keep_last: Some(190), ..all }, 10),
    ];
    for (request, builds) in cases {
        let mut history = open(STORED);
        let before = dump(&mut history);
        let planned = history.prune(&PruneRequest { dry_run: true, ..request.clone() }).unwrap();
        assert_eq!(dump(&mut history), before);
        let pruned = history.prune(&request).unwrap();
        assert_eq!((pruned.builds, pruned.kept), (builds, 300 - builds), "{request:?}");
        assert_eq!(planned, pruned);
        assert_eq!(history.build_count(), 300 - builds);
        let saved = history.save().unwrap();
        let again = open(&saved);
        assert_eq!(again.build_count(), 300 - builds);
        assert_eq!(again.metrics().unwrap().len(), 3);
        let values = rows(&saved, "SELECT 1 FROM metric_values").len();
        assert_eq!(values, 660 - pruned.values, "{request:?}");
    }
}

#[test]
fn pruning_gives_the_space_back() {
    for image in [STORED, STORED_WAL] {
        let mut history = open(image);
        history.prune(&PruneRequest { keep_last: Some(3), ..PruneRequest::default() }).unwrap();
        let saved = history.save().unwrap();
        assert!(saved.len() < image.len() / 2, "{}", saved.len());
        let numbers: Vec<i64> = open(&saved)
            .builds(&BuildFilter::default(), None)
            .unwrap()
            .iter()
            .map(|b| b.run_number)
            .collect();
        assert_eq!(numbers, [294, 296, 297, 298, 299, 300]);
    }
}

#[test]
fn a_request_that_names_nothing_is_refused() {
    let mut history = open(STORED);
    let error = history.prune(&PruneRequest::default()).unwrap_err();
    assert_eq!(error.code, Code::UsageInvalid);
    assert_eq!(history.build_count(), 300);
}
