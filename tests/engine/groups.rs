//! Groups: which metrics they are, what is said where they cannot be, how a change that takes values away is judged, and how
//! comment, terminal, job summary and report show them.

use serde_json::{Value, json};
use unentropy::api::{self, Planned};
use unentropy::config::{CheckedConfig, Config, GroupListing, check, expand};
use unentropy::gate::{self, ChangeFacts, CommentFacts, GateFacts, GateMeasurement, GateOutcome, GateStatus};
use unentropy::history::{BuildContext, History, Limits, RecordedMetric};
use unentropy::report::{Assets, ReportFacts};

fn group(pattern: &str, command: &str) -> Value {
    json!({ "groups": { "pkg": { "forEach": pattern, "command": command, "name": "{basename}!" } } })
}

fn listing(group: &str, names: &[&str]) -> GroupListing {
    serde_json::from_value(json!({
        "group": group,
        "names": names.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>(),
    }))
    .expect("a listing")
}

fn expanded(config: &Value, listings: &[GroupListing]) -> (Config, CheckedConfig) {
    let text = serde_json::to_string_pretty(config).expect("JSON");
    let checked = check(&text, "u.json");
    let config = checked.config.unwrap_or_else(|| panic!("{:?}", checked.errors));
    let (expanded, problems) = expand(&config, &text, "u.json", listings);
    (expanded.config, problems)
}

fn ids(config: &Config) -> Vec<&str> {
    config.metrics.iter().map(|metric| metric.id.as_str()).collect()
}

#[test]
fn a_group_is_a_metric_for_each_directory() {
    let config = group("packages/*", "@collect coverage {dir}/c.info");
    let names = ["packages/web", "packages/core", "packages/ui-kit"];
    let (config, problems) = expanded(&config, &[listing("pkg", &names)]);
    assert_eq!(ids(&config), ["pkg-core", "pkg-ui-kit", "pkg-web"]);
    assert_eq!(config.metrics[0].name, "core!");
    assert_eq!(config.metrics[0].command, "@collect coverage packages/core/c.info");
    assert_eq!(config.metrics[0].group.as_deref(), Some("pkg"));
    assert!(problems.errors.is_empty() && problems.warnings.is_empty());
    // A group that was not listed has no metrics yet.
    assert!(expanded(&group("packages/*", "echo {dir}"), &[]).0.metrics.is_empty());
}

#[test]
fn include_and_exclude_choose() {
    let mut config = group("packages/*", "echo {dir}");
    config["groups"]["pkg"]["include"] = json!(["packages/a*", "packages/b*"]);
    config["groups"]["pkg"]["exclude"] = json!("*-internal");
    let names = ["packages/a", "packages/a-internal", "packages/b", "packages/c"];
    assert_eq!(ids(&expanded(&config, &[listing("pkg", &names)]).0), ["pkg-a", "pkg-b"]);
}

#[test]
fn commands_of_directories_are_planned() {
    let text = group("*", "@collect loc {dir}").to_string();
    let listings = [listing("pkg", &["a b", "c"])];
    let planned = api::expand_groups(&text, "u.json", &listings).expect("planned");
    let Planned::Collector { plan } = &planned.plans[0] else { panic!("{:?}", planned.plans) };
    assert_eq!(plan.patterns, ["a b"]);
    let text = group("*", "wc -l {dir}").to_string();
    let planned = api::expand_groups(&text, "u.json", &listings).expect("planned");
    let Planned::Refused { error } = &planned.plans[0] else { panic!("{:?}", planned.plans) };
    assert_eq!(error.message, "the directory `a b` cannot be part of a shell command");
    assert_eq!(planned.plans[1], Planned::Shell);
}

#[test]
fn what_a_group_cannot_be_is_said_with_its_place() {
    let many: Vec<String> = (0..501).map(|n| format!("p/{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let config = group("p/*", "echo {dir}");
    assert_eq!(expanded(&config, &[listing("pkg", &many[..500])]).0.metrics.len(), 500);
    let (_, problems) = expanded(&config, &[listing("pkg", &many)]);
    assert_eq!(
        problems.errors[0].to_string(),
        "u.json:3:5: groups.pkg: the group `pkg` has 501 metrics, at most 500 are kept"
    );

    let (_, problems) = expanded(&config, &[listing("pkg", &["p/a.b", "p/a-b", "p/c"])]);
    assert_eq!(problems.errors.len(), 1);
    let message = "`p/a-b` of the group `pkg` and `p/a.b` of the group `pkg` have the same id `pkg-a-b`";
    assert_eq!(problems.errors[0].message, message);

    let mut taken = config.clone();
    taken["metrics"] = json!({ "pkg-a": { "$ref": "loc" } });
    let (_, problems) = expanded(&taken, &[listing("pkg", &["p/a"])]);
    assert!(problems.errors[0].message.starts_with("the metric `pkg-a` and `p/a` of the group `pkg`"));

    let (_, problems) = expanded(&config, &[listing("pkg", &[])]);
    assert!(problems.errors.is_empty());
    assert_eq!(
        problems.warnings[0].to_string(),
        "u.json:3:5: groups.pkg: the group `pkg` is empty: no directory matches `p/*`"
    );

    let mut several = config;
    for name in ["b", "c"] {
        several["groups"][name] = several["groups"]["pkg"].clone();
    }
    let listings = ["pkg", "b", "c"].map(|name| listing(name, &many[..334]));
    let (_, problems) = expanded(&several, &listings);
    assert!(problems.errors[0].message.contains("has 1,002 metrics with its groups, at most 1000 are kept"));
}

#[test]
fn a_threshold_that_matches_nothing_is_an_error() {
    for (metric, is_known) in [
        ("pkg/*", true),
        ("pkg/co*", true),
        ("pkg-core", true),
        ("pkg/x*", false),
        ("pkg-x", false),
        ("pkg/core*x", false),
    ] {
        let mut config = group("packages/*", "echo {dir}");
        config["qualityGate"] = json!({ "thresholds": [{ "metric": metric, "mode": "min", "target": 1 }] });
        let (_, problems) = expanded(&config, &[listing("pkg", &["packages/core", "packages/web"])]);
        assert_eq!(problems.errors.is_empty(), is_known, "{metric}: {:?}", problems.errors);
        if !is_known {
            let problem = problems.errors[0].to_string();
            assert!(problem.contains("qualityGate.thresholds[0].metric"), "{problem}");
            assert!(
                problem.ends_with("matches no metric: the group `pkg` has `core` and `web`"),
                "{problem}"
            );
        }
        // Where the group was not listed, no one knows.
        assert!(expanded(&config, &[]).1.errors.is_empty());
    }
}

/// A history of one build on `main` with these values.
fn history(values: &[(&str, f64)]) -> History {
    let mut history = History::open(None, Limits::default()).expect("a new history");
    let context = BuildContext {
        commit_sha: "b".repeat(40),
        branch: "main".into(),
        run_id: "1".into(),
        run_number: 1,
        event_name: Some("push".into()),
        timestamp: "2026-01-20T00:00:00Z".into(),
        ..BuildContext::default()
    };
    let metric = |(id, value): &(&str, f64)| json!({ "metric": { "id": id, "type": "numeric", "unit": "percent" }, "value": value });
    let metrics: Vec<RecordedMetric> =
        serde_json::from_value(values.iter().map(metric).collect()).expect("metrics");
    history.record(&context, &metrics).expect("a build");
    history
}

fn gated(pattern: &str, threshold: Value) -> Value {
    let mut config = group(pattern, "@collect coverage {dir}/c.info");
    config["groups"]["pkg"]["unit"] = json!("percent");
    config["metrics"] = json!({ "size": { "type": "numeric", "command": "echo 1" } });
    config["qualityGate"] = json!({ "mode": "hard", "thresholds": [threshold] });
    config
}

fn min(metric: &str) -> Value {
    json!({ "metric": metric, "mode": "min", "target": 50 })
}

struct Case<'c> {
    own: &'c Value,
    base: &'c Value,
    own_names: &'c [&'c str],
    base_names: &'c [&'c str],
    measured: &'c [(&'c str, f64)],
    history: Option<&'c [(&'c str, f64)]>,
}

impl Case<'_> {
    fn judged(&self) -> GateOutcome {
        let binding = ChangeFacts { base_config_text: Some(self.base.to_string()), ..ChangeFacts::default() };
        let change = api::change(&self.own.to_string(), &binding).expect("a change");
        let facts = GateFacts {
            now: "2026-01-31T00:00:00Z".into(),
            default_reference_branch: Some("main".into()),
            listings: vec![listing("pkg", self.own_names)],
            base_listings: vec![listing("pkg", self.base_names)],
            ..GateFacts::default()
        };
        let measured =
            self.measured.iter().map(|(id, value)| json!({ "id": id, "status": "ok", "value": value }));
        let measured: Vec<GateMeasurement> =
            serde_json::from_value(measured.collect()).expect("measurements");
        let history = self.history.map(history);
        gate::evaluate(history.as_ref(), &change, &measured, &facts).expect("judged")
    }
}

fn statuses(outcome: &GateOutcome) -> Vec<(&str, GateStatus)> {
    outcome.quality_gate.metrics.iter().map(|metric| (metric.metric.as_str(), metric.status)).collect()
}

#[test]
fn a_threshold_judges_every_metric_of_its_pattern() {
    let config = gated("packages/*", min("pkg/*"));
    let names = ["packages/a", "packages/b"];
    let case = Case {
        own: &config,
        base: &config,
        own_names: &names,
        base_names: &names,
        measured: &[("pkg-a", 40.0), ("pkg-b", 60.0), ("size", 1.0)],
        history: Some(&[("pkg-a", 90.0), ("pkg-b", 50.0)]),
    };
    let outcome = case.judged();
    let found = [("size", GateStatus::Unknown), ("pkg-a", GateStatus::Fail), ("pkg-b", GateStatus::Pass)];
    assert_eq!(statuses(&outcome), found);
    assert!(outcome.blocks);
    assert_eq!(outcome.annotations[0].metric, "pkg-a");
    assert_eq!(outcome.failure.expect("why").message, "the quality gate failed: `pkg-a`");
    assert!(outcome.quality_gate.configuration_changes.is_empty());
}

#[test]
fn what_only_the_base_branchs_group_takes_counts_as_missing() {
    let base = gated("packages/*", min("pkg/*"));
    let mut narrower = base.clone();
    narrower["groups"]["pkg"]["exclude"] = json!("packages/b");
    let case = Case {
        own: &narrower,
        base: &base,
        own_names: &["packages/a", "packages/b"],
        base_names: &["packages/a", "packages/b"],
        measured: &[("pkg-a", 60.0)],
        history: None,
    };
    let outcome = case.judged();
    assert_eq!(statuses(&outcome)[1..], [("pkg-a", GateStatus::Pass), ("pkg-b", GateStatus::Fail)]);
    assert!(outcome.blocks);
    let told: Vec<&str> =
        outcome.quality_gate.configuration_changes.iter().map(|change| change.what.as_str()).collect();
    assert_eq!(told, ["exclude", "metric"]);
}

#[test]
fn a_group_that_a_change_removes_fails_as_its_metrics_would() {
    let base = gated("packages/*", min("pkg/*"));
    let own = json!({ "metrics": base["metrics"] });
    for history in [None, Some(&[("pkg-a", 90.0), ("pkg-old", 90.0)][..])] {
        for base_names in [&["packages/a"][..], &[]] {
            let case = Case {
                own: &own,
                base: &base,
                own_names: &[],
                base_names,
                measured: &[("size", 1.0)],
                history,
            };
            let outcome = case.judged();
            assert!(outcome.blocks, "{:?}", statuses(&outcome));
            let told: Vec<(&str, Option<&str>)> = outcome
                .quality_gate
                .configuration_changes
                .iter()
                .map(|change| (change.what.as_str(), change.metric.as_deref()))
                .collect();
            assert!(told.contains(&("group", Some("pkg"))), "{told:?}");
            assert!(told.len() <= 3, "{told:?}");
        }
    }
}

#[test]
fn a_directory_that_a_change_deletes_is_told_and_fails_only_where_the_file_says_so() {
    let names = ["packages/a"];
    let judged = |threshold: Value| {
        let config = gated("packages/*", threshold);
        let case = Case {
            own: &config,
            base: &config,
            own_names: &names,
            base_names: &names,
            measured: &[("pkg-a", 60.0), ("size", 1.0)],
            history: Some(&[("pkg-a", 90.0), ("pkg-gone", 90.0), ("pkg", 1.0), ("pkgx-y", 1.0)]),
        };
        case.judged()
    };
    let outcome = judged(min("pkg/*"));
    assert_eq!(statuses(&outcome)[1..], [("pkg-a", GateStatus::Pass), ("pkg-gone", GateStatus::Unknown)]);
    assert!(!outcome.blocks);
    let comment = gate::comment(&outcome.quality_gate, &CommentFacts::default());
    assert!(comment.contains("loosened values of pkg: 1 metric that this run no longer has"), "{comment}");
    assert!(comment.contains("this run gave no value of it any more"), "{comment}");
    let mut strict = min("pkg/*");
    strict["onMissing"] = json!("fail");
    assert!(judged(strict).blocks);
}

#[test]
fn a_loosened_pattern_is_judged_by_the_base_branchs() {
    let base = gated("packages/*", min("pkg/*"));
    let names = ["packages/a", "packages/b"];
    for threshold in [json!({ "metric": "pkg/*", "mode": "min", "target": 1 }), min("pkg/b*"), min("size")] {
        let own = gated("packages/*", threshold);
        let case = Case {
            own: &own,
            base: &base,
            own_names: &names,
            base_names: &names,
            measured: &[("pkg-a", 40.0), ("pkg-b", 60.0), ("size", 60.0)],
            history: None,
        };
        let outcome = case.judged();
        assert!(outcome.blocks && outcome.quality_gate.failing_metrics[0].metric == "pkg-a");
        let changes = &outcome.quality_gate.configuration_changes;
        assert!(changes.iter().any(|change| change.what == "threshold"), "{changes:?}");
    }
}

#[test]
fn comment_and_terminal_have_a_table_for_each_group_and_failures_come_first() {
    let mut config = gated("packages/*", min("pkg/*"));
    let names: Vec<String> = (10..70).map(|n| format!("packages/p{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    config["metrics"] = (0..40)
        .map(|n| (format!("m{n}"), json!({ "type": "numeric", "command": "echo 1" })))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let thresholds: Vec<Value> = (0..40).map(|n| min(&format!("m{n}"))).chain([min("pkg/*")]).collect();
    config["qualityGate"]["thresholds"] = json!(thresholds);
    let measured: Vec<(String, f64)> = (0..40)
        .map(|n| (format!("m{n}"), 60.0))
        .chain((10..70).map(|n| (format!("pkg-p{n}"), if n == 69 { 1.0 } else { 60.0 })))
        .collect();
    let measured: Vec<(&str, f64)> = measured.iter().map(|(id, value)| (id.as_str(), *value)).collect();
    let case = Case {
        own: &config,
        base: &config,
        own_names: &names,
        base_names: &names,
        measured: &measured,
        history: None,
    };
    let verdict = case.judged().quality_gate;
    let comment = gate::comment(&verdict, &CommentFacts::default());
    assert!(comment.contains("**`pkg`**: of 60 metrics 1 failed, 59 passed\n\n| | Metric"), "{comment}");
    assert!(comment.contains("| ❌ | p69\\! |"), "{comment}");
    assert_eq!(
        comment.lines().filter(|line| line.starts_with("| ❌") || line.starts_with("| ✅")).count(),
        30
    );
    let all = gate::summary(&verdict, &CommentFacts::default());
    assert_eq!(all.lines().filter(|line| line.starts_with("| ❌") || line.starts_with("| ✅")).count(), 100);
    let lines: Vec<String> = gate::lines(&verdict, false)
        .iter()
        .map(|line| line.iter().map(|piece| piece.text.as_str()).collect())
        .collect();
    let heading = lines.iter().position(|line| line.trim() == "pkg: 60 metrics").expect("a heading");
    assert!(lines[heading + 1].contains("pkg-p10") && lines[heading - 1].contains("m9"), "{lines:#?}");
}

#[test]
fn the_job_summary_has_a_table_for_each_group() {
    let row =
        |name: &str, group: Option<&str>| json!({ "name": name, "group": group, "value": 1, "earlier": [] });
    let rows: Vec<Value> =
        (0..70).map(|n| row(&format!("p{n}"), Some("pkg"))).chain([row("size", None)]).collect();
    let summary = serde_json::from_value(json!({ "metrics": rows })).expect("a summary");
    let text = unentropy::summary::render(&summary);
    let [alone, group] = ["| size |", "### pkg\n\n| metric"].map(|part| text.find(part).expect(part));
    assert!(alone < group, "{text}");
    assert!(text.contains("and 10 more metrics"), "{text}");
}

#[test]
fn a_report_has_a_section_for_each_group_with_what_it_last_had() {
    let config = gated("packages/*", min("pkg/*")).to_string();
    let history = history(&[("pkg-a", 90.0), ("pkg-b", 50.0), ("size", 3.0), ("other-x", 1.0)]);
    let facts = |names: Option<&[&str]>| ReportFacts {
        title: "t".into(),
        generated_at: "2026-01-31T00:00:00Z".into(),
        default_branch: Some("main".into()),
        listings: names.map(|names| vec![listing("pkg", names)]).unwrap_or_default(),
        ..ReportFacts::default()
    };
    let assets = Assets { style: "", script: "" };
    for names in
        [None, Some(&["packages/a", "packages/b"][..]), Some(&["packages/a"]), Some(&["packages/new"])]
    {
        let page = api::report(&history, Some(&config), &facts(names), assets).expect("a page");
        let members: Vec<&str> = page
            .split("<tr class=\"member\"")
            .skip(1)
            .map(|row| row.split("data-id=\"").nth(1).unwrap().split('"').next().unwrap())
            .collect();
        let new = names == Some(&["packages/new"]);
        assert_eq!(
            members,
            if new { vec!["pkg-a", "pkg-b", "pkg-new"] } else { vec!["pkg-a", "pkg-b"] },
            "{names:?}"
        );
        assert!(page.contains("<h2 id=\"section-1\">pkg</h2>"), "{page}");
        assert_eq!(page.matches("class=\"card\"").count(), 1);
        assert_eq!(page.matches("<figure").count(), 1 + members.len());
        assert!(!page.contains("other-x"));
    }
    let laid_out = |charts: Value| {
        let mut config = gated("packages/*", min("pkg/*"));
        config["report"] = json!({ "sections": [{ "name": "S", "charts": charts }] });
        api::report(&history, Some(&config.to_string()), &facts(None), assets).expect("a page")
    };
    let page = laid_out(
        json!([{ "metrics": "pkg/*" }, { "metrics": ["size", "pkg-b"] }, { "metrics": "pkg/none" }]),
    );
    assert_eq!(page.matches("<figure").count(), 2);
    assert!(page.contains("a!, b!"));
    let page = laid_out(json!([{ "metrics": "pkg/none" }]));
    assert_eq!(page.matches("class=\"member\"").count(), 2);
}

#[test]
fn many_metrics_of_a_group_share_charts() {
    let names: Vec<String> = (0..60).map(|n| format!("packages/p{n}")).collect();
    let values: Vec<(String, f64)> = (0..60).map(|n| (format!("pkg-p{n}"), f64::from(n))).collect();
    let values: Vec<(&str, f64)> = values.iter().map(|(id, value)| (id.as_str(), *value)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let facts = ReportFacts {
        generated_at: "2026-01-31T00:00:00Z".into(),
        listings: vec![listing("pkg", &names)],
        ..ReportFacts::default()
    };
    let config = gated("packages/*", min("pkg/*")).to_string();
    let page = api::report(&history(&values), Some(&config), &facts, Assets { style: "", script: "" })
        .expect("a page");
    assert_eq!(page.matches("class=\"member\"").count(), 60);
    assert_eq!(page.matches("<figure").count(), 1 + 60_usize.div_ceil(8));
}
