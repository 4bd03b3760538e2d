//! The report as its callers get it: what the document holds, what it never holds, and how large
//! it grows. How the page behaves in a browser is tested in `tests/browser`.

#[path = "fixtures/report/sample.rs"]
#[allow(unreachable_pub, dead_code)]
mod sample;

use sample::Sample;
use unentropy::config::{Theme, Unit};
use unentropy::error::Code;
use unentropy::history::{Columns, Values};
use unentropy::report::{ReportInput, render};

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

fn data(html: &str) -> serde_json::Value {
    serde_json::from_str(between(html, "id=\"data\">", "</script>")).expect("the page's data is JSON")
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
    assert_eq!(parts("coverage"), "82.5% 70.0% 82.5% | good ▲ +2.5% better");
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
    assert!(card(&html, "coverage").contains("9,007,199,254,740,99"));
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
