//! The report as its callers get it: what the document holds, what it never holds, and how large
//! it grows. How the page behaves in a browser is tested in `tests/page`.

#[path = "../fixtures/report/sample.rs"]
#[allow(unreachable_pub, dead_code)]
mod sample;

use sample::Sample;
use unentropy::api;
use unentropy::config::Theme;
use unentropy::error::Code;
use unentropy::history::{BuildContext, Columns, History, Limits, MetricDefinition, RecordedMetric, Values};
use unentropy::metric::Value;
use unentropy::metric::{MetricType, Unit};
use unentropy::report::{Assets, BadgeForm, BadgeWish, ReportFacts, ReportInput, render};
use unentropy::text::{format_delta, format_value};

fn try_render(sample: &Sample) -> unentropy::error::Result<String> {
    render(&ReportInput {
        metrics: &sample.metrics,
        layout: &sample.layout,
        columns: &sample.columns,
        facts: &sample.facts,
        assets: unentropy::report::Assets::GENERATED,
    })
}

/// The text between the first `from` and the next `to`.
fn between<'a>(html: &'a str, from: &str, to: &str) -> &'a str {
    let start = html.find(from).unwrap_or_else(|| panic!("`{from}` is missing")) + from.len();
    &html[start..start + html[start..].find(to).unwrap_or_else(|| panic!("`{to}` is missing"))]
}

/// What the page's data say of themselves; the columns below are of nothing that HTML could take for its own.
fn data(html: &str) -> serde_json::Value {
    let (json, columns) =
        between(html, "id=\"data\">", "</script>").split_once('\n').expect("columns follow the JSON");
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_,.\n".contains(c);
    assert!(columns.chars().all(plain), "a column has other characters than its alphabet's");
    serde_json::from_str(json).expect("the page's data begin with a line of JSON")
}

/// The document without the script's own text.
fn markup(html: &str) -> String {
    html.replace(between(html, "<script>", "</script>"), "")
}

fn card<'a>(html: &'a str, id: &str) -> &'a str {
    between(html, &format!("data-id=\"{id}\">"), "</article>")
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for (name, builds) in [("walk", 300), ("sections", 50), ("hostile", 0)] {
        let render = || sample::named(name, builds, 10).unwrap().render();
        assert_eq!(render(), render(), "{name}");
    }
}

#[test]
fn long_histories_stay_within_their_size() {
    for (builds, limit) in [(10_000, 1_500_000), (50_000, 6_000_000)] {
        let size = sample::walk(builds, 10).render().len();
        assert!(size < limit, "{builds} builds of 10 metrics take {size} bytes, allowed are {limit}");
    }
}

#[test]
fn text_of_users_is_never_markup() {
    let html = sample::hostile().render();
    assert!(!html.contains("<script>window"));
    assert!(!html.contains("<img"));
    assert!(!html.contains("href=\"javascript"));
    assert_eq!(html.matches("<script").count(), 2, "the page's own script and its data");
    assert_eq!(html.matches("</script").count(), 2);
    assert_eq!(html.matches("<style").count(), 1);
    assert!(!html.contains('\u{2028}') || !between(&html, "id=\"data\">", "</script>").contains('\u{2028}'));
    let name = data(&html)["metrics"][0]["name"].as_str().unwrap().to_owned();
    assert!(name.starts_with("</script>") && name.ends_with("name0"), "the data keeps the text: {name}");
}

#[test]
fn the_page_refers_to_nothing_that_is_loaded() {
    let html = sample::walk(30, 10).render();
    let markup = markup(&html);
    for loader in ["src=", "@import", "url(", "srcset", "<link rel=\"stylesheet", " style=\"", " onclick"] {
        assert!(!markup.contains(loader), "`{loader}` in the markup");
    }
    assert_eq!(markup.matches("<link").count(), 1);
    assert!(markup.contains("<link rel=\"icon\" href=\"data:"));
    assert!(
        between(&html, "Content-Security-Policy\" content=\"", "\"")
            .starts_with("default-src 'none'; script-src 'sha256-")
    );
}

#[test]
fn cards_say_latest_least_greatest_and_trend() {
    let mut sample = sample::walk(4, 2);
    sample.columns.builds.branch.fill(0);
    for column in &mut sample.columns.metrics {
        column.values = Values::Numeric(match column.id.as_str() {
            "coverage" => vec![Some(80.0), Some(70.0), None, Some(82.5)],
            _ => vec![Some(1024.0), Some(4096.0), Some(2048.0), None],
        });
    }
    let html = sample.render();
    let parts = |id: &str| {
        let card = card(&html, id);
        let part = |name: &str| between(card, &format!("data-part=\"{name}\">"), "</").to_owned();
        let trend = between(card, "class=\"trend ", "</p>")
            .replace("\" data-part=\"trend\"><span aria-hidden=\"true\">", " ");
        let trend =
            trend.replace("</span><", "<").replace("<span class=\"spoken\">", "").replace("</span>", "");
        format!("{} {} {} | {}", part("latest"), part("min"), part("max"), trend)
    };
    assert_eq!(parts("coverage"), "82.5% 70.0% 82.5% | good ▲ +2.5 pp better");
    assert_eq!(parts("bundle"), "2 KB 1 KB 4 KB | bad ▲ +1 KB (+100.0%) worse");
}

#[test]
fn a_sparkline_runs_from_the_first_build_to_the_last() {
    let mut sample = sample::walk(3, 1);
    sample.columns.builds.branch.fill(0);
    sample.columns.builds.timestamp = vec![0, 1000, 4000];
    sample.columns.metrics[0].values = Values::Numeric(vec![Some(1.0), Some(3.0), Some(2.0)]);
    let html = sample.render();
    assert!(card(&html, "coverage").contains("d=\"M0 33L40 3L160 18\""), "{}", card(&html, "coverage"));
}

#[test]
fn a_label_metric_is_shown_as_states() {
    let html = sample::walk(40, 5).render();
    let card = card(&html, "node");
    assert!(card.contains(">node 24</p>") && card.contains("3 states"), "{card}");
    let still = between(&html, "id=\"chart-4\"", "</figure>");
    assert!(still.matches("<rect class=\"f").count() >= 3);
    for state in ["node 20", "node 22", "node 24"] {
        assert!(still.contains(&format!("</i>{state}</li>")), "{state}");
    }
}

#[test]
fn labels_and_names_of_any_length_leave_a_page_of_bounded_size() {
    let small = sample::walk(40, 5).render().len();
    let mut sample = sample::walk(40, 5);
    let long = |n: usize| format!("{n}{}", "\u{202e}".repeat(1 << 19));
    let Values::Label(_, labels) =
        &mut sample.columns.metrics.iter_mut().find(|c| c.id == "node").unwrap().values
    else {
        panic!("no labels")
    };
    for (n, label) in labels.iter_mut().enumerate() {
        *label = long(n);
    }
    for (n, branch) in sample.columns.builds.branches.iter_mut().enumerate() {
        *branch = long(n);
    }
    for n in 0..40 {
        sample.columns.builds.commit[n] = long(n);
        sample.columns.builds.run_id[n] = long(n);
    }
    sample.facts.title = long(0);
    let html = sample.render();
    assert!(html.len() < small + 800_000, "{} bytes instead of {small}", html.len());
    assert!(!html.contains('\u{202e}'));
    assert!(card(&html, "node").contains("… (524,289 characters)"), "{}", card(&html, "node"));
}

#[test]
fn a_label_of_a_megabyte_in_a_history_file_is_cut_and_its_length_said() {
    let mut database = rusqlite::Connection::open_in_memory().unwrap();
    let image = recorded().save().unwrap();
    database.deserialize_read_exact(rusqlite::MAIN_DB, image.as_slice(), image.len(), false).unwrap();
    let label = "x".repeat(1 << 20);
    database.execute("UPDATE metric_values SET value_label = ?1 WHERE value_label = 'ok'", [&label]).unwrap();
    let image = database.serialize(rusqlite::MAIN_DB).unwrap().to_vec();
    let history = History::open(Some(&image), Limits::default()).unwrap();
    let html = api::report(&history, None, &facts("main"), Assets::GENERATED).unwrap();
    let shown = format!(">{}… (1,048,576 characters)</p>", "x".repeat(200));
    assert!(card(&html, "state").contains(&shown), "{}", card(&html, "state"));
    assert!(!html.contains(&label[..201]));
}

#[test]
fn what_a_history_calls_its_metrics_is_shown_as_it_is_written() {
    let mut sample = sample::walk(10, 1);
    let metric = &mut sample.metrics[0];
    for text in [&mut metric.id, &mut metric.name, &mut sample.columns.metrics[0].id] {
        *text = "cov\u{200b}erage".into();
    }
    let html = sample.render();
    assert!(html.contains("data-id=\"cov\\u{200b}erage\""));
    assert_eq!(data(&html)["metrics"][0]["name"], "cov\\u{200b}erage");
    assert!(!html.contains('\u{200b}') && !html.contains("no data yet"));
}

#[test]
fn noise_below_any_meaning_does_not_fill_a_still_drawing() {
    let mut sample = sample::walk(3, 2);
    sample.columns.builds.branch.fill(0);
    let bundle = sample.columns.metrics.iter_mut().find(|c| c.id == "bundle").unwrap();
    bundle.values = Values::Numeric(vec![Some(1_000_000.0), Some(1_000_010.0), Some(1_000_005.0)]);
    let html = sample.render();
    let still = between(&html, "id=\"chart-1\"", "</figure>");
    assert!(still.contains("<p class=\"bounds\"><span>981.5 KB</span><span>971.7 KB</span></p>"), "{still}");
    let heights: Vec<f64> = between(card(&html, "bundle"), " d=\"M", "\"")
        .split('L')
        .map(|point| point.split_once(' ').unwrap().1.parse().unwrap())
        .collect();
    assert!(heights.iter().all(|y| (y - 18.0).abs() < 0.2), "{heights:?}");
}

#[test]
fn an_empty_history_says_so() {
    let mut sample = sample::walk(10, 3);
    sample.columns = Columns::default();
    let html = sample.render();
    assert!(html.contains("No builds are recorded yet"));
    assert_eq!(html.matches("<p class=\"latest none\">no data yet</p>").count(), 3);
    assert_eq!(html.matches("<p class=\"nothing\">no data yet</p>").count(), 3);
    assert!(!html.contains("<select"));
    assert_eq!(data(&html)["builds"]["count"], 0);
}

#[test]
fn one_build_is_a_dot_and_a_first_value() {
    let html = sample::walk(1, 2).render();
    assert!(html.contains("<span id=\"builds\">1 build</span>"));
    assert!(card(&html, "coverage").contains("first value") && card(&html, "coverage").contains("h0\""));
}

#[test]
fn only_configured_metrics_appear_and_all_of_them() {
    let mut sample = sample::walk(20, 6);
    sample.metrics.retain(|m| m.id != "bundle");
    sample.columns.metrics.retain(|c| c.id != "coverage");
    let html = sample.render();
    assert!(!html.contains("data-id=\"bundle\"") && !html.contains("Bundle size"));
    assert!(card(&html, "coverage").contains("no data yet"));
}

#[test]
fn builds_of_pull_requests_are_left_out() {
    let mut sample = sample::walk(40, 1);
    let all = data(&sample.render())["builds"]["count"].clone();
    sample.columns.builds.events[1] = "pull_request".into();
    let scheduled = sample.columns.builds.event.iter().filter(|e| **e == 1).count() as u64;
    assert_eq!(all, 40);
    assert_eq!(data(&sample.render())["builds"]["count"], 40 - scheduled);
}

#[test]
fn commits_and_runs_are_linked_where_they_can_be_looked_up() {
    let mut sample = sample::walk(12, 1);
    let html = sample.render();
    assert!(html.contains("href=\"https://github.com/aurora/web-client/commit/"));
    assert!(html.contains("href=\"https://github.com/aurora/web-client/actions/runs/9"));
    sample.facts.repository_url = None;
    assert!(!markup(&sample.render()).contains("/commit/"));
    sample.facts.repository_url = Some("https://github.com/a/b".into());
    sample.columns.builds.commit.fill("not-a-commit".into());
    sample.columns.builds.run_id.fill("local-1".into());
    let html = markup(&sample.render());
    assert!(!html.contains("/commit/not") && !html.contains("/runs/local"));
}

#[test]
fn values_at_the_edges_are_shown() {
    let html = markup(&sample::extreme().render());
    assert!(card(&html, "coverage").contains("9.0072e15"));
    assert!(!html.contains("NaN") && !between(&html, "id=\"data\">", "</script>").contains("null,null"));
}

#[test]
fn a_layout_that_names_what_is_missing_is_refused() {
    let mut sample = sample::sections(10);
    sample.layout.sections[0].charts[0].metrics.push("nothing".into());
    let error = try_render(&sample).unwrap_err();
    assert_eq!(error.code, Code::ReportFailed);
    assert!(error.message.contains("`nothing`"), "{}", error.message);

    let mut sample = sample::walk(10, 1);
    sample.layout.theme = Theme::Named("neon".into());
    assert!(try_render(&sample).unwrap_err().message.contains("`neon`"));
}

#[test]
fn each_named_theme_renders_in_its_own_colours() {
    let mut seen = std::collections::HashSet::new();
    for theme in ["lattice", "flux", "halftone", "specimen"] {
        let mut sample = sample::walk(5, 1);
        sample.layout.theme = Theme::Named(theme.into());
        assert!(seen.insert(between(&sample.render(), "--accent:", ";").to_owned()), "{theme}");
    }
}

#[test]
fn a_metric_of_another_type_than_recorded_has_no_data() {
    let mut sample = sample::walk(10, 1);
    sample.metrics[0].unit = Some(Unit::Percent);
    sample.columns.metrics[0].values = Values::Label(vec![Some(0); 10], vec!["good".into()]);
    assert!(card(&sample.render(), "coverage").contains("no data yet"));
}

/// Branch, event, share, size, state.
type Accident = (&'static str, &'static str, Option<f64>, Option<f64>, Option<&'static str>);

/// A history of a few builds with accidents: two branches, a pull request, gaps, equal times.
fn recorded() -> History {
    let mut history = History::open(None, Limits::default()).unwrap();
    let builds: [Accident; 9] = [
        ("main", "push", Some(70.5), Some(2048.0), Some("ok")),
        ("dev", "push", Some(12.25), Some(9.0e9), Some("broken")),
        ("main", "schedule", None, Some(512.0), None),
        ("main", "pull_request", Some(1.0), Some(1.0), Some("proposed")),
        ("main", "push", Some(91.0), None, Some("failed")),
        ("dev", "", Some(99.0), Some(3.0), None),
        ("main", "pull_request_target", Some(100.0), Some(7.0e12), Some("proposed")),
        ("main", "push", Some(88.75), Some(4096.0), Some("ok")),
        ("dev", "push", None, Some(5.0), Some("ok")),
    ];
    for (index, (branch, event, share, size, state)) in builds.into_iter().enumerate() {
        let metric = |id: &str, kind, unit, value| RecordedMetric {
            metric: MetricDefinition { id: id.into(), kind, unit, description: None },
            value,
        };
        let context = BuildContext {
            commit_sha: format!("{index:040x}"),
            branch: branch.into(),
            run_id: index.to_string(),
            run_number: index as i64,
            event_name: (!event.is_empty()).then(|| event.to_owned()),
            timestamp: format!("2026-03-0{}T10:00:00Z", index / 2 + 1),
            ..BuildContext::default()
        };
        let share =
            share.map(|v| metric("share", MetricType::Numeric, Some(Unit::Percent), Value::Numeric(v)));
        let size = size.map(|v| metric("size", MetricType::Numeric, Some(Unit::Bytes), Value::Numeric(v)));
        let state = state.map(|v| metric("state", MetricType::Label, None, Value::Label(v.into())));
        let metrics: Vec<RecordedMetric> = [share, size, state].into_iter().flatten().collect();
        history.record(&context, &metrics).unwrap();
    }
    history
}

fn facts(branch: &str) -> ReportFacts {
    ReportFacts { title: "t".into(), default_branch: Some(branch.into()), ..ReportFacts::default() }
}

#[test]
fn cards_agree_with_queries_written_by_hand() {
    let mut history = recorded();
    let mut database = rusqlite::Connection::open_in_memory().unwrap();
    let image = history.save().unwrap();
    database.deserialize_read_exact(rusqlite::MAIN_DB, image.as_slice(), image.len(), false).unwrap();
    for branch in ["main", "dev"] {
        let html = api::report(&history, None, &facts(branch), Assets::GENERATED).unwrap();
        let count: i64 = database
            .query_row(
                "SELECT count(*) FROM build_contexts WHERE branch = ?1
                 AND coalesce(event_name, '') NOT LIKE 'pull_request%'",
                [branch],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(between(&html, "id=\"builds\">", "<"), format!("{count} builds"));
        for (metric, unit) in [("share", Unit::Percent), ("size", Unit::Bytes)] {
            let rows = "FROM metric_values v JOIN build_contexts b ON b.id = v.build_id
                 WHERE v.metric_id = ?1 AND b.branch = ?2
                 AND coalesce(b.event_name, '') NOT LIKE 'pull_request%'";
            let ask = |what: &str, order: &str| -> f64 {
                let sql = format!("SELECT {what} {rows} {order} LIMIT 1");
                database.query_row(&sql, [metric, branch], |row| row.get(0)).unwrap()
            };
            let latest = ask("v.value_numeric", "ORDER BY b.timestamp DESC, b.id DESC");
            let first = ask("v.value_numeric", "ORDER BY b.timestamp, b.id");
            let card = card(&html, metric);
            let part = |name: &str| between(card, &format!("data-part=\"{name}\">"), "</").to_owned();
            assert_eq!(part("latest"), format_value(latest, Some(unit)), "{metric} on {branch}");
            assert_eq!(part("min"), format_value(ask("min(v.value_numeric)", ""), Some(unit)));
            assert_eq!(part("max"), format_value(ask("max(v.value_numeric)", ""), Some(unit)));
            assert!(card.contains(&format_delta(latest - first, Some(unit))), "{metric} on {branch}: {card}");
        }
        assert!(!html.contains("proposed"), "a pull request's state is no state of {branch}");
    }
}

#[test]
fn builds_from_the_future_are_not_shown_until_their_time_has_come() {
    let history = recorded();
    for (now, builds, latest) in
        [("2026-03-01T12:00:00Z", 2, 70.5), ("2026-03-04T12:00:00Z", 4, 88.75), ("", 4, 88.75)]
    {
        let latest = format_value(latest, Some(Unit::Percent));
        let facts = ReportFacts { generated_at: now.into(), ..facts("main") };
        let html = api::report(&history, None, &facts, Assets::GENERATED).unwrap();
        assert_eq!(between(&html, "id=\"builds\">", "<"), format!("{builds} builds"), "{now}");
        assert_eq!(between(card(&html, "share"), "data-part=\"latest\">", "</"), latest, "{now}");
        let now = Some(now.to_owned()).filter(|now| !now.is_empty());
        let wish =
            BadgeWish { branch: Some("main".into()), form: BadgeForm::Json, now, ..BadgeWish::default() };
        let badge = api::badge(&history, None, "share", &wish).unwrap();
        assert!(badge.contains(&format!("\"message\":\"{latest}\"")), "{badge}");
    }
}

#[test]
fn without_a_configuration_every_metric_of_the_history_is_shown() {
    let html = api::report(&recorded(), None, &facts("main"), Assets::GENERATED).unwrap();
    let ids: Vec<_> = data(&html)["metrics"].as_array().unwrap().iter().map(|m| m["id"].clone()).collect();
    assert_eq!(ids, ["share", "size", "state"]);
    assert_eq!(html.matches("<figure").count(), 3);
    assert!(!html.contains("no data yet"));
}

#[test]
fn a_configuration_decides_what_is_shown_and_where_its_bounds_lie() {
    let config = r#"{
        "metrics": {
            "share": {"type": "numeric", "command": "true", "unit": "percent", "name": "Share"},
            "state": {"type": "numeric", "command": "true"},
            "never": {"type": "label", "command": "true"}
        },
        "qualityGate": {"thresholds": [
            {"metric": "share", "mode": "min", "target": 80},
            {"metric": "share", "mode": "no-regression"},
            {"metric": "state", "mode": "max", "target": 3.5}
        ]}
    }"#;
    let html = api::report(&recorded(), Some(config), &facts("main"), Assets::GENERATED).unwrap();
    assert!(card(&html, "share").contains("88.8%"));
    assert!(card(&html, "state").contains("no data yet"), "recorded as a label, configured as a number");
    assert!(card(&html, "never").contains("no data yet"));
    assert!(!html.contains("data-id=\"size\""));
    let lines = data(&html)["thresholds"].clone();
    assert_eq!(
        lines,
        serde_json::json!([
            {"metric": 0, "value": "80", "label": "min 80.0%"},
            {"metric": 1, "value": "3.5", "label": "max 3.5"}
        ])
    );
}
