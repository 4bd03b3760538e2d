//! Recording builds: what stands after a build was recorded once, again, late, or wrongly.

use super::sample::{STORED, attempt, dump, label, new, number, open, rows, run};
use unentropy::error::Code;
use unentropy::history::{
    BuildContext, BuildFilter, Circumstances, History, MetricDefinition, RecordedBuild, RecordedMetric,
};
use unentropy::metric::Value;

fn values(history: &History, build: i64) -> Vec<(String, Value)> {
    let values = history.metric_values_by_build_id(build).unwrap();
    values.into_iter().map(|v| (v.metric.id, v.value)).collect()
}

fn numeric(id: &str, value: f64) -> (String, Value) {
    (id.to_string(), Value::Numeric(value))
}

#[test]
fn the_same_run_again_replaces_what_it_brings_and_keeps_the_rest() {
    let mut history = new();
    let context = run("c", "r", "10:00:00");
    let first = history.record(&context, &[number("a", 1.0), number("b", 2.0), label("l", "x")]).unwrap();
    let again = history.record(&context, &[number("a", 9.0), number("c", 3.0), label("l", "x")]).unwrap();
    assert_eq!(
        again,
        RecordedBuild {
            build_id: first.build_id,
            created: false,
            added: 1,
            replaced: 1,
            unchanged: 1,
            outdated: 0,
            changed: true,
            attempt: 1,
            measured_at: first.measured_at + 1,
            outdated_by: None
        }
    );
    let stand = values(&history, first.build_id);
    assert_eq!(
        stand,
        [numeric("a", 9.0), numeric("b", 2.0), numeric("c", 3.0), ("l".into(), Value::Label("x".into()))]
    );
    assert_eq!(history.build_count(), 1);
}

#[test]
fn a_re_run_keeps_the_builds_place_and_an_earlier_attempt_cannot_undo_a_later_one() {
    let early = attempt(1, run("c", "r", "10:00:00"));
    let late = attempt(2, BuildContext { branch: "other".into(), ..run("c", "r", "12:00:00") });
    let orders = [[&early, &late], [&late, &early]];
    let mut dumps = Vec::new();
    for order in orders {
        let mut history = new();
        for context in order {
            let value = if context == &early { 1.0 } else { 2.0 };
            let mut metrics = vec![number("both", value)];
            metrics.push(number(if context == &early { "only-early" } else { "only-late" }, value));
            history.record(context, &metrics).unwrap();
        }
        let build = history.find_build("c", "r").unwrap().unwrap();
        assert_eq!((build.timestamp.as_str(), build.branch.as_str()), ("2026-01-01T10:00:00.000Z", "main"));
        assert_eq!(
            values(&history, build.id),
            [numeric("both", 2.0), numeric("only-early", 1.0), numeric("only-late", 2.0)]
        );
        let reopened = open(&history.save().unwrap());
        assert_eq!(reopened.builds(&BuildFilter::default(), None).unwrap(), [build]);
        dumps.push(dump(&mut history));
    }
    assert_eq!(dumps[0], dumps[1]);
}

#[test]
fn three_attempts_agree_in_every_order() {
    let attempts = [("10:00:00", 1.0), ("11:00:00", 2.0), ("12:00:00", 1.0)];
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let dumps = orders.map(|order| {
        let mut history = new();
        for at in order {
            let (time, value) = attempts[at];
            let context = attempt(at as i64 + 1, run("c", "r", time));
            history.record(&context, &[number("a", value)]).unwrap();
        }
        dump(&mut history)
    });
    assert!(dumps.iter().all(|dump| dump == &dumps[0]), "{dumps:#?}");
}

#[test]
fn a_run_replaces_what_stands_whatever_the_clocks_say() {
    // The attempts and times of two records of one run, and which value stands in the end.
    let cases = [
        (None, "10:00:10", None, "10:00:00", 2.0),
        (None, "23:00:00", None, "00:00:00", 2.0),
        (Some(1), "10:00:10", Some(1), "10:00:00", 2.0),
        (Some(1), "10:00:10", Some(2), "10:00:00", 2.0),
        (Some(2), "10:00:00", Some(1), "10:00:10", 1.0),
        (Some(2), "10:00:10", None, "10:00:00", 2.0),
        (None, "10:00:10", Some(2), "10:00:00", 2.0),
    ];
    for (first, first_time, second, second_time, stands) in cases {
        let mut history = new();
        let context = |attempt, time| BuildContext { attempt, ..run("c", "r", time) };
        history.record(&context(first, first_time), &[number("a", 1.0)]).unwrap();
        let before = open(&history.save().unwrap());
        let again = [number("a", 2.0)];
        let outcome = history.record(&context(second, second_time), &again).unwrap();
        let said = format!("{first:?} at {first_time}, then {second:?} at {second_time}");
        assert_eq!(values(&history, 1), [numeric("a", stands)], "{said}");
        let outdated = usize::from(stands == 1.0);
        assert_eq!((outcome.replaced, outcome.outdated), (1 - outdated, outdated), "{said}");
        assert_eq!(outcome.outdated_by, (outdated > 0).then_some(2), "{said}");

        // The history that it was recorded into takes it in, and nothing turns it round again.
        let recorded = dump(&mut history);
        let (mut merged, mut folded) = (open(&history.save().unwrap()), before);
        merged.merge(&folded).unwrap();
        assert_eq!(dump(&mut merged), recorded, "{said}");
        let told = BuildContext { attempt: Some(outcome.attempt), ..context(second, second_time) };
        for changed in [outcome.changed, false] {
            let fold = folded.fold(&told, &again, Some(outcome.measured_at)).unwrap();
            assert_eq!((fold.changed, dump(&mut folded)), (changed, recorded.clone()), "{said}");
        }
        let repeated = history.record(&context(second, second_time), &again).unwrap();
        assert_eq!((repeated.changed, dump(&mut history)), (false, recorded), "{said}");
    }
}

#[test]
fn a_build_that_was_recorded_elsewhere_is_taken_as_if_its_history_were_merged() {
    let mut history = new();
    let late = run("c", "r", "12:00:00");
    history.record(&late, &[number("a", 1.0), number("b", 1.0)]).unwrap();
    let described = |text: &str| {
        let mut metric = number("a", 2.0);
        metric.metric.description = Some(text.into());
        metric
    };
    let early = run("c", "r", "10:00:00");
    let outcome = history.fold(&early, &[described("one")], None).unwrap();
    assert_eq!((outcome.outdated, outcome.changed), (1, true));
    let build = history.find_build("c", "r").unwrap().unwrap();
    assert_eq!(build.timestamp, "2026-01-01T10:00:00.000Z");
    assert_eq!(values(&history, build.id), [numeric("a", 1.0), numeric("b", 1.0)]);
    // A definition is completed and not changed to and fro by what waits to be added.
    assert!(!history.fold(&early, &[described("another")], None).unwrap().changed);
    assert_eq!(history.metrics().unwrap()[0].description.as_deref(), Some("one"));
}

#[test]
fn times_are_stored_in_utc_to_the_millisecond() {
    for (given, stored) in [
        ("2025-11-15T10:20:30Z", "2025-11-15T10:20:30.000Z"),
        ("2025-11-15T10:20:30.123456Z", "2025-11-15T10:20:30.123Z"),
        ("2025-11-15T12:20:30.5+02:00", "2025-11-15T10:20:30.500Z"),
    ] {
        let mut history = new();
        let context = BuildContext { timestamp: given.into(), ..run("c", "r", "00:00:00") };
        history.record(&context, &[number("a", 1.0)]).unwrap();
        let image = history.save().unwrap();
        let found = rows(&image, "SELECT timestamp FROM build_contexts");
        assert_eq!(found, [format!("Text({:?})", stored.as_bytes())]);
    }
}

#[test]
fn a_definition_is_completed_and_never_emptied() {
    let mut history = new();
    let with = |unit: Option<unentropy::metric::Unit>, description: Option<&str>| {
        let mut metric = number("a", 1.0);
        metric.metric.unit = unit;
        metric.metric.description = description.map(str::to_owned);
        metric
    };
    use unentropy::metric::Unit::{Bytes, Percent};
    let steps = [
        (with(None, None), (None, None)),
        (with(Some(Percent), Some("first")), (Some(Percent), Some("first"))),
        (with(None, None), (Some(Percent), Some("first"))),
        (with(Some(Bytes), Some("second")), (Some(Bytes), Some("second"))),
    ];
    for (i, (metric, (unit, description))) in steps.into_iter().enumerate() {
        history.record(&run(&format!("c{i}"), "r", "00:00:00"), &[metric]).unwrap();
        let stands = history.metrics().unwrap().remove(0);
        assert_eq!((stands.unit, stands.description.as_deref()), (unit, description), "step {i}");
    }
}

#[test]
fn what_recording_would_refuse_can_be_asked_before_there_are_values() {
    let mut history = new();
    let good = run("c", "r", "00:00:00");
    history.record(&good, &[number("typed", 1.0)]).unwrap();
    let before = dump(&mut history);
    let (numeric, word) = (number("typed", 0.0).metric, label("typed", "x").metric);
    let nameless = BuildContext { run_id: String::new(), ..good.clone() };
    let asked = |context, metrics: &[MetricDefinition]| {
        history.check_run(context, metrics, &Circumstances::default())
    };
    assert_eq!(asked(&nameless, std::slice::from_ref(&numeric)).unwrap_err().message, "the run id is empty");
    assert_eq!(asked(&good, &[numeric]).unwrap(), []);
    // A metric that changed its type keeps no other from being recorded.
    let other = number("other", 1.0).metric;
    let changed = asked(&good, &[word, other]).unwrap();
    let told: Vec<_> = changed
        .iter()
        .map(|change| (&*change.id, change.code.as_str(), &*change.message, &*change.hint))
        .collect();
    let message = "its type is label, but the history holds numeric values of `typed`";
    let hint = "Give the metric another id, or set its `type` to `numeric` again.";
    assert_eq!(told, [("typed", "METRIC_TYPE_CHANGED", message, hint)]);
    assert_eq!(dump(&mut history), before);
}

#[test]
fn a_description_of_several_lines_is_kept() {
    let mut history = new();
    let mut metric = number("a", 1.0);
    metric.metric.description = Some("first\n\tsecond".into());
    history.record(&run("c", "r", "00:00:00"), &[metric]).unwrap();
    assert_eq!(history.metrics().unwrap()[0].description.as_deref(), Some("first\n\tsecond"));
}

#[test]
fn a_wrong_build_is_refused_with_its_reason_and_changes_nothing() {
    let good = run("c", "r", "00:00:00");
    let context = |change: fn(&mut BuildContext)| {
        let mut context = good.clone();
        change(&mut context);
        (context, vec![number("a", 1.0)])
    };
    let metrics = |metrics: Vec<RecordedMetric>| (good.clone(), metrics);
    let cases = [
        (context(|c| c.commit_sha.clear()), "the commit id is empty"),
        (context(|c| c.commit_sha = "x".repeat(129)), "the commit id has 129 characters, at most 128"),
        (context(|c| c.branch.clear()), "the branch is empty"),
        (context(|c| c.run_id.clear()), "the run id is empty"),
        (context(|c| c.run_id = "a\nb".into()), "the run id contains the control character U+000A"),
        (context(|c| c.run_number = -1), "the run number is -1"),
        (context(|c| c.attempt = Some(0)), "the run's attempt is 0, expected 1 to 1000000000"),
        (
            context(|c| c.timestamp = "today".into()),
            "the build's timestamp is `today`, expected an RFC 3339 time",
        ),
        (context(|c| c.timestamp = "2025-11-15 10:20:30".into()), "expected an RFC 3339 time"),
        (metrics(vec![]), "the build has no metrics"),
        (metrics(vec![number("A", 1.0)]), "the metric id `A` is not"),
        (metrics(vec![number("", 1.0)]), "the metric id `` is not"),
        (metrics(vec![number("a", 1.0), number("a", 1.0)]), "the metric `a` stands twice"),
        (
            metrics(vec![number("a", f64::NAN)]),
            "the value of the metric `a` is NaN, expected a finite number",
        ),
        (metrics(vec![number("a", f64::INFINITY)]), "is inf"),
        (metrics(vec![label("l", "")]), "the label of the metric `l` is empty"),
        (
            metrics(vec![label("l", &"é".repeat(257))]),
            "the label of the metric `l` has 257 characters, at most 256",
        ),
        (
            metrics(vec![RecordedMetric { value: Value::Label("x".into()), ..number("a", 1.0) }]),
            "the metric `a` is numeric, its value is label",
        ),
        (
            metrics(vec![number("good", 1.0), label("typed", "x")]),
            "the metric `typed` is numeric in the history and label in this build",
        ),
    ];
    let mut history = new();
    history.record(&run("before", "r", "00:00:00"), &[number("typed", 1.0)]).unwrap();
    let before = dump(&mut history);
    for ((context, metrics), words) in cases {
        let error = history.record(&context, &metrics).unwrap_err();
        assert_eq!(error.code, Code::BuildInvalid, "{words}");
        assert!(error.message.contains(words), "`{words}` is not in `{}`", error.message);
        assert_eq!(dump(&mut history), before, "{words}");
        assert_eq!(history.build_count(), 1);
    }
}

#[test]
fn builds_cross_the_boundary_as_camel_case_json() {
    let context = r#"{"commitSha": "c", "branch": "main", "runId": "r", "runNumber": 1, "timestamp": "2026-01-01T00:00:00Z"}"#;
    let metrics = r#"[{"metric": {"id": "a", "type": "numeric", "unit": "bytes"}, "value": 3},
                    {"metric": {"id": "l", "type": "label"}, "value": "word"}]"#;
    let context: BuildContext = serde_json::from_str(context).unwrap();
    let metrics: Vec<RecordedMetric> = serde_json::from_str(metrics).unwrap();
    let mut history = new();
    let outcome = history.record(&context, &metrics).unwrap();
    assert_eq!(
        serde_json::to_string(&outcome).unwrap(),
        r#"{"buildId":1,"created":true,"added":2,"replaced":0,"unchanged":0,"outdated":0,"changed":true,"attempt":1,"measuredAt":1767225600000,"outdatedBy":null}"#
    );
    let stored = history.metric_values_by_build_id(1).unwrap();
    assert_eq!(
        serde_json::to_string(&stored).unwrap(),
        r#"[{"metric":{"id":"a","type":"numeric","unit":"bytes","description":null},"value":3.0},{"metric":{"id":"l","type":"label","unit":null,"description":null},"value":"word"}]"#
    );
    for wrong in [r#"{"id": "a", "type": "number"}"#, r#"{"id": "a", "type": "numeric", "unit": "miles"}"#] {
        assert!(serde_json::from_str::<MetricDefinition>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_replay_leaves_the_file_as_it_was_to_the_byte() {
    let mut history = open(STORED);
    let (context, metrics) = (run("c", "r", "10:00:00"), [number("coverage", 1.0), label("l", "x")]);
    history.record(&context, &metrics).unwrap();
    let once = history.save().unwrap();
    history.record(&context, &metrics).unwrap();
    history.merge(&open(&once)).unwrap();
    assert!(history.save().unwrap() == once);
    let mut reopened = open(&once);
    reopened.record(&context, &metrics).unwrap();
    assert!(reopened.save().unwrap() == once);
}
