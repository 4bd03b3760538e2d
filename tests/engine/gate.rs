//! The quality gate's verdicts as data: every vector of `tests/fixtures/gate` is played natively
//! here and through the shipped wasm by `tests/host/gate-vectors.test.js`.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use unentropy::api;
use unentropy::gate::{self, ChangeFacts, CommentFacts, GateFacts, GateMeasurement, GateOutcome, GateStatus};
use unentropy::history::{BuildContext, History, Limits, RecordedMetric};

const FILES: [(&str, &str); 8] = [
    ("bounds", include_str!("../fixtures/gate/bounds.json")),
    ("no-regression", include_str!("../fixtures/gate/no-regression.json")),
    ("delta", include_str!("../fixtures/gate/delta.json")),
    ("anomaly", include_str!("../fixtures/gate/anomaly.json")),
    ("missing", include_str!("../fixtures/gate/missing.json")),
    ("overall", include_str!("../fixtures/gate/overall.json")),
    ("baseline", include_str!("../fixtures/gate/baseline.json")),
    ("configuration", include_str!("../fixtures/gate/configuration.json")),
];

/// Every metric is a number that some command prints, unless the vector says otherwise.
fn config_text(config: &Value) -> String {
    if let Some(text) = config.as_str() {
        return text.to_owned();
    }
    let mut config = config.clone();
    for metric in config["metrics"].as_object_mut().expect("metrics").values_mut() {
        let metric = metric.as_object_mut().expect("a metric");
        metric.entry("type").or_insert(json!("numeric"));
        metric.entry("command").or_insert(json!("true"));
    }
    config.to_string()
}

fn measurement((id, measured): (&String, &Value)) -> GateMeasurement {
    let measured = match measured.get("failed") {
        None => json!({ "id": id, "status": "ok", "value": measured }),
        Some(Value::Null) => json!({ "id": id, "status": "failed", "value": null, "error": null }),
        Some(cause) => json!({ "id": id, "status": "failed", "error": { "message": cause } }),
    };
    serde_json::from_value(measured).expect("a measurement")
}

fn record(history: &mut History, number: usize, build: &Value) {
    let text = |key: &str, default: &str| build[key].as_str().unwrap_or(default).to_owned();
    let context = BuildContext {
        commit_sha: text("commit", ""),
        branch: text("branch", "main"),
        run_id: number.to_string(),
        run_number: number as i64,
        event_name: Some(text("event", "push")),
        timestamp: text("time", ""),
        ..BuildContext::default()
    };
    let metric = |(id, value)| json!({ "metric": { "id": id, "type": "numeric" }, "value": value });
    let values = build["values"].as_object().expect("values").iter().map(metric);
    let values: Vec<RecordedMetric> = serde_json::from_value(values.collect()).expect("values");
    history.record(&context, &values).expect("a build");
}

/// The history of a vector; a series is a build a minute.
fn history(vector: &Value) -> History {
    let mut history = History::open(None, Limits::default()).expect("a new history");
    let none = Map::new();
    let mut builds = vector["builds"].as_array().cloned().unwrap_or_default();
    for (id, values) in vector["series"].as_object().unwrap_or(&none) {
        for (minute, value) in values.as_array().expect("a series").iter().enumerate() {
            let time = format!("2026-01-20T00:{minute:02}:00Z");
            builds.push(json!({ "commit": format!("s{minute}"), "time": time, "values": { id: value } }));
        }
    }
    for (number, build) in builds.iter().enumerate() {
        record(&mut history, number, build);
    }
    history
}

fn outcome(vector: &Value) -> GateOutcome {
    let mut facts = json!({ "now": "2026-01-31T00:00:00Z", "defaultReferenceBranch": "main" });
    for (key, value) in vector["facts"].as_object().into_iter().flatten() {
        facts[key] = value.clone();
    }
    let mut binding: ChangeFacts = serde_json::from_value(facts.clone()).expect("what binds the change");
    binding.base_config_text = vector.get("base").map(config_text);
    let facts: GateFacts = serde_json::from_value(facts).expect("facts");
    let measured: Vec<GateMeasurement> =
        vector["measured"].as_object().expect("measured").iter().map(measurement).collect();
    api::change(&config_text(&vector["config"]), &binding)
        .and_then(|change| gate::evaluate(Some(&history(vector)), &change, &measured, &facts))
        .unwrap_or_else(|error| panic!("{}: {error}", vector["name"]))
}

/// What the vector speaks of: lists in full, objects by the keys that are named.
fn spoken_of(actual: &Value, expected: &Value) -> Value {
    match (actual, expected) {
        (Value::Array(actual), Value::Array(expected)) => actual
            .iter()
            .enumerate()
            .map(|(index, item)| {
                expected.get(index).map_or(item.clone(), |expected| spoken_of(item, expected))
            })
            .collect(),
        (Value::Object(actual), Value::Object(expected)) => expected
            .iter()
            .map(|(key, value)| (key.clone(), actual.get(key).map_or(Value::Null, |a| spoken_of(a, value))))
            .collect(),
        // 5 and 5.0 are the same number, of which serde_json makes two.
        (Value::Number(actual), Value::Number(expected)) if actual.as_f64() == expected.as_f64() => {
            Value::Number(expected.clone())
        }
        _ => actual.clone(),
    }
}

#[test]
fn every_verdict_holds() {
    let mut count = 0;
    let mut broken = Vec::new();
    for (file, text) in FILES {
        let vectors: Vec<Value> = serde_json::from_str(text).expect("vectors are JSON");
        for vector in &vectors {
            count += 1;
            let actual = serde_json::to_value(outcome(vector)).expect("an outcome is JSON");
            let expected = &vector["expect"];
            let spoken = spoken_of(&actual, expected);
            if spoken != *expected {
                broken
                    .push(format!("{file}: {}\n  found    {spoken}\n  expected {expected}", vector["name"]));
            }
        }
    }
    assert!(broken.is_empty(), "{} verdicts\n{}", broken.len(), broken.join("\n"));
    assert!(count >= 60, "{count} vectors");
}

/// The stored comments and summaries; `tests/host/gate-comment.test.js` compares all of them, and writes them.
const COMMENTS: [(&str, &str, &str); 4] = [
    (
        "mixed",
        include_str!("../fixtures/gate/comments/mixed.md"),
        include_str!("../fixtures/gate/comments/mixed.summary.md"),
    ),
    (
        "fifty",
        include_str!("../fixtures/gate/comments/fifty.md"),
        include_str!("../fixtures/gate/comments/fifty.summary.md"),
    ),
    (
        "none",
        include_str!("../fixtures/gate/comments/none.md"),
        include_str!("../fixtures/gate/comments/none.summary.md"),
    ),
    (
        "hostile",
        include_str!("../fixtures/gate/comments/hostile.md"),
        include_str!("../fixtures/gate/comments/hostile.summary.md"),
    ),
];

#[test]
fn comments_read_as_they_are_stored() {
    let cases: Vec<Value> =
        serde_json::from_str(include_str!("../fixtures/gate/comments/cases.json")).expect("cases are JSON");
    for (name, comment, summary) in COMMENTS {
        let case = cases.iter().find(|case| case["name"] == name).expect("a case");
        let facts: CommentFacts = serde_json::from_value(case["facts"].clone()).expect("facts");
        let verdict = outcome(&case["vector"]).quality_gate;
        assert_eq!(gate::comment(&verdict, &facts), comment, "{name}");
        assert_eq!(gate::summary(&verdict, &facts), summary, "{name}");
    }
}

#[test]
fn a_comment_says_that_the_base_branchs_demands_are_not_known() {
    let case = |mode: &str| {
        let verdict = outcome(&json!({
            "config": {
                "metrics": { "m": {} },
                "qualityGate": { "mode": mode, "thresholds": [{ "metric": "m", "mode": "min", "target": 1 }] },
            },
            "measured": { "m": 5 },
            "facts": { "baseConfigProblem": "the server is down" },
        }));
        gate::comment(&verdict.quality_gate, &CommentFacts::default())
    };
    for mode in ["off", "soft", "hard"] {
        let text = case(mode);
        assert!(text.contains("Quality gate: what the base branch demands is not known"), "{mode}: {text}");
        assert!(text.contains("Judged by this change's own configuration: the server is down."), "{text}");
        assert_eq!(text.contains("this run fails"), mode == "hard", "{mode}: {text}");
    }
}

#[test]
fn a_comment_says_that_the_change_brings_its_own_history() {
    let case = |mode: &str| {
        let config = json!({
            "metrics": { "m": {} },
            "qualityGate": { "mode": mode, "thresholds": [{ "metric": "m", "mode": "min", "target": 1 }] },
        });
        let verdict = outcome(&json!({
            "config": config,
            "base": config,
            "measured": { "m": 5 },
            "facts": { "historyProblem": "`h.db` is a file of it", "historyRefused": true },
        }));
        gate::comment(&verdict.quality_gate, &CommentFacts::default())
    };
    for mode in ["soft", "hard"] {
        let text = case(mode);
        assert!(text.contains("Quality gate: this change brings the history"), "{mode}: {text}");
        assert!(text.contains("the history was not used"), "{text}");
        assert_eq!(text.contains("this run fails"), mode == "hard", "{mode}: {text}");
    }
}

#[test]
fn what_a_change_loosens_is_listed_before_what_it_only_alters() {
    let metrics = |name: &str| -> Map<String, Value> {
        (0..30).map(|n| (format!("m{n}"), json!({ "name": format!("{name} {n}") }))).collect()
    };
    let config = |name: &str, target: u32| {
        let threshold =
            |n: u32, target: u32| json!({ "metric": format!("m{n}"), "mode": "min", "target": target });
        let thresholds: Vec<Value> =
            (0..30).map(|n| threshold(n, if n == 29 { target } else { 1 })).collect();
        json!({ "metrics": metrics(name), "qualityGate": { "thresholds": thresholds } })
    };
    let verdict = outcome(&json!({ "config": config("new", 1), "base": config("old", 80), "measured": {} }));
    let text = gate::comment(&verdict.quality_gate, &CommentFacts::default());
    assert!(text.contains("loosened threshold of m29: at least 80 → at least 1"), "{text}");
    assert!(text.contains("more differences"), "{text}");
}

#[test]
fn reported_values_are_said_to_be_so_before_the_verdict() {
    let config = json!({ "metrics": { "m": {} } });
    let verdict = outcome(&json!({ "config": config, "base": config, "measured": { "m": 5 } })).quality_gate;
    let facts =
        |reported, most| CommentFacts { reported, max_comment_characters: most, ..CommentFacts::default() };
    let plain = gate::comment(&verdict, &facts(false, None));
    let noted = gate::comment(&verdict, &facts(true, None));
    let (marker, rest) = plain.split_once('\n').expect("a marker's line");
    let note = "> [!NOTE]\n> The values are what the pull request's own run says it measured. Its code is not trusted, \
                and nobody else has measured them; thresholds and baselines are those of the base branch.\n";
    assert_eq!(noted, format!("{marker}\n{note}\n{rest}"));
    assert_eq!(
        gate::summary(&verdict, &facts(true, None)),
        format!("{note}\n{}", gate::summary(&verdict, &facts(false, None)))
    );
    // What the note takes is not there for the rest, and neither it nor the headline is cut.
    let cut = gate::comment(&verdict, &facts(true, Some(1)));
    let headline = rest.lines().next().expect("a headline");
    assert!(cut.starts_with(&format!("{marker}\n{note}\n{headline}\n")), "{cut}");
    assert!(cut.len() < noted.len(), "{cut}");
}

#[test]
fn a_terminal_shows_what_was_found_and_demanded() {
    let threshold = |metric: &str, target: u32, severity: &str| json!({ "metric": metric, "mode": "min", "target": target, "severity": severity });
    let config = |mode: &str, target: u32| {
        json!({
            "metrics": { "free": {}, "cov": { "unit": "percent" }, "size": {}, "old": {} },
            "qualityGate": { "mode": mode, "thresholds": [
                threshold("cov", target, "blocker"), threshold("old", 2, "warning"), threshold("old", 1, "blocker"),
            ] },
        })
    };
    let case = |own: Value, base: Value| {
        let vector = json!({
            "config": own, "base": base, "measured": { "cov": 79.96, "old": 1 },
            "builds": [{ "commit": "b1b1b1b1b1b1b1b1", "time": "2026-01-20T00:00:00Z", "values": { "cov": 80 } }],
        });
        let lines = gate::lines(&outcome(&vector).quality_gate, false);
        let mark = |style: Option<gate::Style>| match style {
            None => "",
            Some(gate::Style::Good) => "+",
            Some(gate::Style::Bad) => "!",
            Some(gate::Style::Warn) => "~",
            Some(gate::Style::Dim) => ".",
        };
        let line = |line: &gate::StyledLine| {
            line.iter().map(|span| format!("{}{}", mark(span.style), span.text)).collect::<String>()
        };
        lines.iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(
        case(config("hard", 70), config("hard", 80)),
        [
            "",
            "  .metric  value   baseline  change    demanded",
            "!✗ cov     79.96%  80.00%    -0.04 pp  at least 80.00%",
            "    !79.96% is below the minimum of 80.00%",
            "!✗ old     1       —         —         at least 2; at least 1",
            "    !1 is below the minimum of 2 (no blocker)",
            "  free    —       —         —         —",
            "  size    —       —         —         —",
            "",
            "changed threshold of cov: at least 80.0% → at least 70.0%; holds once it is merged: the base branch's was judged",
            "!✗ gate failed (hard): 0 passed, 2 failed, 0 unknown",
            ".compared with main at b1b1b1b1b1b1 (newest; of 1 build)",
        ]
    );
    assert_eq!(
        case(config("off", 80), config("off", 80)),
        ["the quality gate is off: nothing was measured or judged"]
    );
    let open = json!({ "metrics": { "cov": {} } });
    let lines = case(open.clone(), open);
    assert_eq!(lines[4], "no metric has a threshold: add one to `qualityGate.thresholds` to judge changes");
    let unread = case(config("soft", 70), json!("{"));
    assert!(
        unread.iter().any(|line| line.starts_with("~warning: the base branch's configuration has 1 problem"))
    );
}

#[test]
fn a_marker_cannot_end_what_hides_it() {
    for (asked, line) in [
        (None, "<!-- unentropy:quality-gate -->"),
        (Some(""), "<!-- unentropy:quality-gate -->"),
        (Some("--"), "<!-- unentropy:quality-gate -->"),
        (Some("my.gate_2"), "<!-- unentropy:my.gate_2 -->"),
        (Some("a --> <b>"), "<!-- unentropy:a-b -->"),
        (Some("a\nb"), "<!-- unentropy:a-b -->"),
        (Some("größe"), "<!-- unentropy:gr-e -->"),
    ] {
        assert_eq!(gate::marker_line(asked), line, "{asked:?}");
    }
}

fn threshold() -> impl Strategy<Value = Value> {
    let number = -30.0..120.0_f64;
    let rule = prop_oneof![
        number.clone().prop_map(|target| json!({ "mode": "min", "target": target })),
        number.prop_map(|target| json!({ "mode": "max", "target": target })),
        (0.0..30.0_f64).prop_map(|tolerance| json!({ "mode": "no-regression", "tolerance": tolerance })),
        (0.1..90.0_f64).prop_map(|share| json!({ "mode": "delta-max-drop", "maxDropPercent": share })),
        (0.1..90.0_f64).prop_map(|share| json!({ "mode": "delta-max-rise", "maxRisePercent": share })),
    ];
    let severity = prop_oneof![Just("blocker"), Just("warning")];
    let missing = prop_oneof![Just("fail"), Just("warn"), Just("ignore")];
    (rule, severity, missing).prop_map(|(mut threshold, severity, missing)| {
        threshold["metric"] = json!("n");
        threshold["severity"] = json!(severity);
        threshold["onMissing"] = json!(missing);
        threshold
    })
}

fn status(own: &[Value], base: Option<&[Value]>, measured: &Value) -> GateStatus {
    let config =
        |thresholds: &[Value]| json!({ "metrics": { "n": {} }, "qualityGate": { "thresholds": thresholds } });
    let mut vector = json!({ "config": config(own), "measured": { "n": measured } });
    vector["builds"] = json!([{ "commit": "b", "time": "2026-01-20T00:00:00Z", "values": { "n": 50 } }]);
    if let Some(base) = base {
        vector["base"] = config(base);
    }
    outcome(&vector).quality_gate.status
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// The gate of both configurations fails exactly where one of the two would.
    #[test]
    fn a_change_is_judged_by_what_either_configuration_demands(
        own in prop::collection::vec(threshold(), 0..5),
        base in prop::collection::vec(threshold(), 0..5),
        value in prop::option::of(-50.0..150.0_f64),
    ) {
        let measured = value.map_or(json!({ "failed": "x" }), |value| json!(value));
        let either = [&own, &base].into_iter().any(|alone| status(alone, None, &measured) == GateStatus::Fail);
        prop_assert_eq!(status(&own, Some(&base), &measured) == GateStatus::Fail, either);
    }
}

#[test]
fn a_mode_that_is_none_is_told() {
    let config = config_text(&json!({ "metrics": { "n": {} } }));
    let facts = ChangeFacts { mode: Some("hrad".into()), ..ChangeFacts::default() };
    let error = api::change(&config, &facts).expect_err("no mode");
    let told = "the quality gate's mode is `hrad`, expected `off`, `soft` or `hard`";
    assert_eq!((error.code.as_str(), error.message.as_str()), ("USAGE_INVALID", told));
}
