//! Questions: filters, series, baselines and columns over times in both spellings.

use super::sample::{BASE, STORED, database, label, new, number, open, run};
use unentropy::history::{BaselineQuery, Build, BuildContext, BuildFilter, History, Values};
use unentropy::metric::Value;

/// A metric's values with their builds, oldest first.
fn points(history: &History, metric: &str, filter: &BuildFilter) -> Vec<(Build, Value)> {
    let builds = history.builds(&BuildFilter::default(), None).unwrap();
    let series = history.series(metric, filter).unwrap();
    series.places.iter().map(|&place| builds[place as usize].clone()).zip(series.values).collect()
}

fn commits(builds: &[Build]) -> Vec<&str> {
    builds.iter().map(|build| build.commit_sha.as_str()).collect()
}

/// Builds on one day whose times sort otherwise as text, branches and events mixed.
fn mixed() -> History {
    open(&database(&[
        BASE,
        "INSERT INTO metric_definitions VALUES ('x', 'numeric', NULL, NULL), ('l', 'label', NULL, NULL);
         INSERT INTO build_contexts (id, commit_sha, branch, run_id, run_number, event_name, timestamp) VALUES
           (1, 'e', 'main', 'r', 5, 'push', '2026-01-01 20:00:00'),
           (2, 'a', 'main', 'r', 1, 'push', '2026-01-01T01:00:00.000Z'),
           (3, 'pr', 'main', 'r', 6, 'pull_request', '2026-01-01T21:00:00Z'),
           (4, 'prt', 'main', 'r', 7, 'pull_request_target', '2026-01-01T22:00:00Z'),
           (5, 'c', 'main', 'r', 3, NULL, '2026-01-01T10:00:00+02:00'),
           (6, 'b', 'side', 'r', 2, 'push', '2026-01-01 07:59:59.999'),
           (7, 'd', 'main', 'r', 4, 'schedule', '2026-01-01T08:00:00Z');
         INSERT INTO metric_values (metric_id, build_id, value_numeric, value_label) VALUES
           ('x', 1, 50, NULL), ('x', 2, 10, NULL), ('x', 3, 60, NULL), ('x', 4, 70, NULL), ('x', 5, 30, NULL),
           ('x', 6, 20, NULL), ('l', 7, NULL, 'second'), ('l', 2, NULL, 'first'), ('l', 1, NULL, 'second');",
    ]))
}

#[test]
fn filters_choose_builds_by_time_and_not_by_text() {
    let history = mixed();
    let all = BuildFilter::default();
    let text = |t: &str| Some(t.to_string());
    let cases = [
        (all.clone(), "a b c d e pr prt"),
        (BuildFilter { branch: text("main"), exclude_pull_requests: true, ..all.clone() }, "a c d e"),
        (BuildFilter { branch: text("side"), ..all.clone() }, "b"),
        (BuildFilter { branch: text("absent"), ..all.clone() }, ""),
        (BuildFilter { events: Some(vec!["push".into()]), ..all.clone() }, "a b e"),
        (BuildFilter { events: Some(vec![String::new(), "schedule".into()]), ..all.clone() }, "c d"),
        (BuildFilter { events: Some(vec![]), ..all.clone() }, ""),
        (BuildFilter { since: text("2026-01-01T08:00:00Z"), ..all.clone() }, "c d e pr prt"),
        (BuildFilter { until: text("2026-01-01T09:00:00+01:00"), ..all.clone() }, "a b c d"),
        (BuildFilter { since: text("2026-01-01T12:00:00Z"), until: text("2026-01-01T11:00:00Z"), ..all }, ""),
    ];
    for (filter, expected) in cases {
        let builds = history.builds(&filter, None).unwrap();
        assert_eq!(commits(&builds).join(" "), expected, "{filter:?}");
        let columns = history.columns(&filter).unwrap();
        assert_eq!(columns.builds.commit, commits(&builds), "{filter:?}");
        let with_value: Vec<_> = commits(&builds).into_iter().filter(|c| *c != "d").collect();
        let points = points(&history, "x", &filter);
        assert_eq!(
            points.iter().map(|(build, _)| &build.commit_sha).collect::<Vec<_>>(),
            with_value,
            "{filter:?}"
        );
    }
    assert_eq!(commits(&history.builds(&BuildFilter::default(), Some(2)).unwrap()), ["pr", "prt"]);
    let wrong = BuildFilter { since: text("yesterday"), ..BuildFilter::default() };
    assert!(history.builds(&wrong, None).unwrap_err().message.contains("`since` is `yesterday`"));
}

#[test]
fn a_baseline_is_the_newest_value_of_the_branch_that_is_no_pull_requests() {
    let history = mixed();
    let query = |max_age_days, before: Option<&str>, commit: Option<&str>| BaselineQuery {
        branch: "main".into(),
        max_age_days,
        now: "2026-01-31T08:00:00Z".into(),
        before: before.map(str::to_owned),
        commit_sha: commit.map(str::to_owned),
    };
    let cases = [
        ("x", query(90, None, None), Some((50.0, "e", false))),
        ("x", query(90, Some("2026-01-01T20:00:00Z"), None), Some((50.0, "e", false))),
        ("x", query(90, Some("2026-01-01T19:59:59Z"), None), Some((30.0, "c", false))),
        ("x", query(90, Some("2026-01-01T07:59:59Z"), None), Some((10.0, "a", false))),
        ("x", query(90, Some("2026-01-01T00:00:00Z"), None), None),
        ("x", query(30, Some("2026-01-01T08:00:00Z"), None), Some((30.0, "c", false))),
        ("x", query(29, None, None), None),
        ("x", query(90, None, Some("a")), Some((10.0, "a", true))),
        ("x", query(90, None, Some("d")), Some((50.0, "e", false))),
        ("x", query(90, None, Some("pr")), Some((50.0, "e", false))),
        ("x", query(90, None, Some("b")), Some((50.0, "e", false))),
        ("absent", query(90, None, None), None),
    ];
    for (metric, query, expected) in cases {
        let found = history.baseline(metric, &query).unwrap();
        let found = found.as_ref().map(|b| match b.value {
            Value::Numeric(n) => (n, b.build.commit_sha.as_str(), b.of_commit),
            Value::Label(_) => panic!("a label"),
        });
        assert_eq!(found, expected, "{query:?}");
    }
    assert_eq!(history.baseline_build_count(&query(90, None, None)).unwrap(), 4);
    assert_eq!(history.baseline_build_count(&query(29, None, None)).unwrap(), 0);
}

#[test]
fn columns_stand_in_the_order_of_builds() {
    let columns = mixed().columns(&BuildFilter::default()).unwrap();
    let table = &columns.builds;
    assert_eq!(table.id, [2, 6, 5, 7, 1, 3, 4]);
    assert_eq!(table.branches, ["main", "side"]);
    assert_eq!(table.branch, [0, 1, 0, 0, 0, 0, 0]);
    assert_eq!(table.events, ["push", "", "schedule", "pull_request", "pull_request_target"]);
    assert_eq!(table.event, [0, 0, 1, 2, 0, 3, 4]);
    assert_eq!(table.run_number, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(table.timestamp[2], table.timestamp[1] + 1);
    let [labels, numbers] = columns.metrics.as_slice() else { panic!("two metrics") };
    assert_eq!((labels.id.as_str(), numbers.id.as_str()), ("l", "x"));
    assert_eq!(
        labels.values,
        Values::Label(
            vec![Some(0), None, None, Some(1), Some(1), None, None],
            vec!["first".into(), "second".into()]
        )
    );
    assert_eq!(
        numbers.values,
        Values::Numeric(vec![Some(10.0), Some(20.0), Some(30.0), None, Some(50.0), Some(60.0), Some(70.0)])
    );
}

#[test]
fn columns_agree_with_series_in_a_file_of_the_old_tool() {
    let history = open(STORED);
    let filter =
        BuildFilter { branch: Some("main".into()), exclude_pull_requests: true, ..BuildFilter::default() };
    let columns = history.columns(&filter).unwrap();
    for metric in &columns.metrics {
        let series = history.series(&metric.id, &filter).unwrap();
        let laid_out: Vec<Value> = match &metric.values {
            Values::Numeric(values) => values.iter().flatten().map(|v| Value::Numeric(*v)).collect(),
            Values::Label(values, words) => {
                values.iter().flatten().map(|v| Value::Label(words[*v as usize].clone())).collect()
            }
        };
        assert!(!laid_out.is_empty());
        assert_eq!(laid_out, series.values, "{}", metric.id);
    }
    assert_eq!(columns.builds.id.len(), history.builds(&filter, None).unwrap().len());
}

#[test]
fn a_few_builds_read_one_by_one_are_the_builds_of_the_whole_series() {
    let history = open(STORED);
    let all = BuildFilter::default();
    for metric in history.metrics().unwrap() {
        let whole = points(&history, &metric.id, &all);
        assert_eq!(history.builds(&all, None).unwrap().len(), history.build_count());
        let few = whole.len() / 10;
        assert!(few > 1, "{}", metric.id);
        let newest = &whole[whole.len() - few..];
        let since = Some(newest[0].0.timestamp.clone());
        assert_eq!(
            points(&history, &metric.id, &BuildFilter { since, ..all.clone() }),
            newest,
            "{}",
            metric.id
        );
    }
}

#[test]
fn row_ids_with_gaps_find_their_places() {
    let history = open(&database(&[
        BASE,
        "INSERT INTO metric_definitions VALUES ('x', 'numeric', NULL, NULL);
         INSERT INTO build_contexts (id, commit_sha, branch, run_id, run_number, timestamp) VALUES
           (-9223372036854775808, 'a', 'main', 'r', 1, '2026-01-01 00:00:01'),
           (9223372036854775807, 'b', 'main', 'r', 1, '2026-01-01 00:00:02'), (7, 'c', 'main', 'r', 1, '2026-01-01 00:00:03');
         INSERT INTO metric_values (metric_id, build_id, value_numeric) SELECT 'x', id, run_number FROM build_contexts;",
    ]));
    let columns = history.columns(&BuildFilter::default()).unwrap();
    assert_eq!(columns.builds.commit, ["a", "b", "c"]);
    assert_eq!(columns.metrics[0].values, Values::Numeric(vec![Some(1.0); 3]));
}

#[test]
fn a_new_history_answers_with_nothing() {
    let history = new();
    assert_eq!(history.build_count(), 0);
    assert_eq!(history.columns(&BuildFilter::default()).unwrap(), Default::default());
    assert_eq!(history.series("x", &BuildFilter::default()).unwrap(), Default::default());
    assert_eq!(history.metric_values_by_build_id(1).unwrap(), []);
    assert_eq!(history.build(1).unwrap(), None);
    assert_eq!(history.find_build("c", "r").unwrap(), None);
    assert_eq!(history.metrics().unwrap(), []);
}

#[test]
fn what_was_recorded_is_found_without_saving() {
    let mut history = new();
    for (commit, time) in [("c2", "02:00:00"), ("c1", "01:00:00"), ("c3", "03:00:00")] {
        history.record(&run(commit, "r", time), &[number("x", 1.0), label("l", commit)]).unwrap();
    }
    let feature = BuildContext { branch: "feature".into(), event_name: None, ..run("c0", "r", "00:00:00") };
    history.record(&feature, &[number("x", 0.0)]).unwrap();
    let live = history.columns(&BuildFilter::default()).unwrap();
    assert_eq!(live.builds.commit, ["c0", "c1", "c2", "c3"]);
    assert_eq!(live, open(&history.save().unwrap()).columns(&BuildFilter::default()).unwrap());
}
