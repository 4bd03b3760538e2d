//! The job summary as a page shows it: whole documents, hostile text, and the bound on their size.

use unentropy::collect::junit::{NamedTime, TestNames};
use unentropy::history::{BuildContext, History, Limits, MetricDefinition, RecentQuery, RecordedMetric};
use unentropy::metric::Value::{self, Label, Numeric};
use unentropy::summary::{HistoryLine, JobSummary, LIMIT, MetricRow, PhaseRow, Trouble, render};

fn numeric(name: &str, unit: &str, direction: &str, value: f64, earlier: &[f64]) -> MetricRow {
    MetricRow {
        name: name.into(),
        group: None,
        value: Some(Numeric(value)),
        unit: Some(unit.into()),
        direction: Some(direction.into()),
        error: None,
        earlier: Some(earlier.iter().copied().map(Numeric).collect()),
    }
}

fn label(name: &str, value: &str, earlier: &[&str]) -> MetricRow {
    MetricRow {
        name: name.into(),
        group: None,
        value: Some(Label(value.into())),
        unit: None,
        direction: Some("none".into()),
        error: None,
        earlier: Some(earlier.iter().map(|text| Label((*text).into())).collect()),
    }
}

fn failed(name: &str, message: &str, hint: &str) -> MetricRow {
    MetricRow { value: None, error: Some(trouble("COMMAND_FAILED", message, hint)), ..label(name, "", &[]) }
}

fn trouble(code: &str, message: &str, hint: &str) -> Trouble {
    Trouble { code: code.into(), message: message.into(), hint: hint.into(), details: Vec::new() }
}

fn phase(name: &str, status: &str, duration_ms: f64, bytes: Option<f64>) -> PhaseRow {
    PhaseRow { name: name.into(), status: status.into(), duration_ms, bytes }
}

fn tracked() -> JobSummary {
    JobSummary {
        branch: Some("main".into()),
        commit_sha: Some("c0ffee0123456789".into()),
        metrics: vec![
            numeric("Coverage", "percent", "higher-is-better", 85.3, &[80.0, 84.0, 84.9]),
            numeric("Bundle", "bytes", "lower-is-better", 2048.0, &[1024.0]),
            numeric("Lines", "integer", "none", 1200.0, &[1000.0, 1100.0]),
            numeric("Still", "percent", "higher-is-better", 50.01, &[50.0]),
            numeric("New", "integer", "none", 7.0, &[]),
            label("Compiler", "rustc 1.90", &["rustc 1.89"]),
            failed("Broken", "the command ended with exit code 1", "Run it by hand."),
        ],
        phases: vec![
            phase("download", "completed", 120.0, Some(10_485_760.0)),
            phase("collect", "completed", 61_400.0, None),
            phase("upload", "completed", 340.0, Some(10_485_860.0)),
            phase("report", "failed", 4.0, None),
        ],
        warnings: vec![trouble("REPORT_FAILED", "could not write the report `out`: it is a directory", "")],
        history: Some(HistoryLine {
            location: "s3://bucket/unentropy.db".into(),
            builds: Some(1021),
            bytes: Some(10_485_860.0),
        }),
        report: Some("unentropy-report/index.html".into()),
        ..JobSummary::default()
    }
}

#[test]
fn whole_documents_are_as_they_were() {
    let not_stored = |tolerated| JobSummary {
        problem: Some(trouble("S3_ACCESS_DENIED", "could not write `s3://b/k`: access denied", "Grant it.")),
        tolerated,
        not_stored: true,
        phases: vec![
            phase("download", "completed", 12.0, Some(8192.0)),
            phase("report", "pending", 0.0, None),
        ],
        history: None,
        report: None,
        ..tracked()
    };
    let refused = JobSummary {
        problem: Some(Trouble {
            details: vec!["unentropy.json:3:5: metrics.a.type: `sum` is unknown".into()],
            ..trouble("CONFIG_INVALID", "the configuration `unentropy.json` has a problem", "")
        }),
        ..JobSummary::default()
    };
    let gated = JobSummary {
        verdict: Some("### Quality gate: passed\n\n| metric |\n|---|\n| a |\n".into()),
        metrics: Vec::new(),
        ..tracked()
    };
    for (name, summary, expected) in [
        ("tracked", tracked(), include_str!("../fixtures/summary/tracked.md")),
        ("not-stored", not_stored(false), include_str!("../fixtures/summary/not-stored.md")),
        ("tolerated", not_stored(true), include_str!("../fixtures/summary/tolerated.md")),
        ("refused", refused, include_str!("../fixtures/summary/refused.md")),
        ("gated", gated, include_str!("../fixtures/summary/gated.md")),
        ("hostile", hostile(), include_str!("../fixtures/summary/hostile.md")),
    ] {
        assert_eq!(render(&summary), expected, "{name}:\n{}", render(&summary));
    }
}

fn names(failures: &[&str], slowest: &[(&str, f64)]) -> TestNames {
    TestNames {
        failed: failures.len() as u64,
        failures: failures.iter().map(|&name| name.to_owned()).collect(),
        slowest: slowest.iter().map(|&(name, seconds)| NamedTime { name: name.into(), seconds }).collect(),
    }
}

#[test]
fn tests_that_failed_and_slow_ones_are_named_once_for_all_metrics_of_their_reports() {
    let many: Vec<String> = (0..60).map(|n| format!("t{n}")).collect();
    let many =
        names(&many.iter().map(String::as_str).collect::<Vec<_>>(), &[("Cart › total", 1.25), ("b", 0.002)]);
    let fine = names(&[], &[("other", 0.5)]);
    let text = render(&JobSummary { tests: vec![many.clone(), fine.clone(), many, fine], ..tracked() });
    assert_eq!(text.matches("### 60 tests failed\n\n- t0\n").count(), 1, "{text}");
    assert!(text.contains("- t19\n- and 40 more\n") && !text.contains("t20"), "{text}");
    assert!(text.contains("| test | time |\n|---|---:|\n| Cart › total | "), "{text}");
    assert_eq!(text.matches("The slowest tests").count(), 2, "{text}");
}

const HOSTILE: &str =
    "a|b\n\n# big\r\n<script>x</script> @octocat #1 ![i](https://x.y/z) `c` **b** <!-- | \u{7}";

fn hostile() -> JobSummary {
    let bad = trouble("X", HOSTILE, HOSTILE);
    JobSummary {
        branch: Some(HOSTILE.into()),
        commit_sha: Some("|\n# ".into()),
        problem: Some(Trouble { details: vec![HOSTILE.into()], ..bad.clone() }),
        metrics: vec![label(HOSTILE, HOSTILE, &[HOSTILE, "before"]), failed(HOSTILE, HOSTILE, HOSTILE)],
        tests: vec![names(&[HOSTILE], &[(HOSTILE, 1.5)])],
        warnings: vec![bad],
        phases: vec![phase(HOSTILE, HOSTILE, 1.0, None)],
        history: Some(HistoryLine { location: HOSTILE.into(), builds: Some(1), bytes: None }),
        report: Some(HOSTILE.into()),
        ..JobSummary::default()
    }
}

#[test]
fn hostile_text_breaks_no_table_and_does_nothing() {
    let text = render(&hostile());
    for never in
        ["<script", "<!--", "@octocat", "#1", "https://", "\n# ", "**b**", "`c`", "![", "\u{7}", "\r"]
    {
        assert!(!text.contains(never), "{never}:\n{text}");
    }
    let columns = |line: &str| line.replace("\\|", "").matches('|').count();
    for rows in text.split("\n\n").filter(|block| block.starts_with('|')) {
        let counts: Vec<usize> = rows.lines().map(columns).collect();
        assert!(counts.iter().all(|count| *count == counts[0]), "{rows}");
    }
}

#[test]
fn the_largest_summary_stays_below_the_limit() {
    let long = "&".repeat(5000);
    let bad = Trouble { details: vec![long.clone(); 300], ..trouble(&long, &long, &long) };
    let metric = |n: usize| MetricRow {
        earlier: Some(vec![Label(long.clone()); 2]),
        ..if n.is_multiple_of(2) { label(&long, &long, &[]) } else { failed(&long, &long, &long) }
    };
    let summary = JobSummary {
        branch: Some(long.clone()),
        problem: Some(bad.clone()),
        metrics: (0..200).map(metric).collect(),
        tests: (0..200)
            .map(|n| names(&vec![long.as_str(); 100], &vec![(long.as_str(), f64::from(n)); 20]))
            .collect(),
        warnings: vec![bad; 200],
        phases: vec![phase(&long, &long, f64::MAX, Some(f64::MAX)); 200],
        history: Some(HistoryLine { location: long.clone(), builds: None, bytes: None }),
        report: Some(long),
        verdict: Some("| row |\n".repeat(1_000_000)),
        ..JobSummary::default()
    };
    let text = render(&summary);
    assert!(text.len() < LIMIT, "{}", text.len());
    assert!(text.contains("and 140 more metrics"), "the reader learns that rows are missing");
    assert!(text.contains("_The rest is too long for this page._"));
}

#[test]
fn without_a_history_no_value_is_called_the_first() {
    for tolerated in [false, true] {
        let summary = JobSummary {
            problem: Some(trouble("S3_SERVER_ERROR", "could not read `s3://b/k`", "")),
            tolerated,
            not_stored: true,
            metrics: tracked().metrics.into_iter().map(|row| MetricRow { earlier: None, ..row }).collect(),
            history: None,
            report: None,
            ..tracked()
        };
        let text = render(&summary);
        assert!(!text.contains("first value"), "{text}");
        assert!(text.contains("| New | 7 | not known |  |"), "{text}");
        assert!(
            text.contains("This build was not stored, and the builds before it are not known."),
            "{text}"
        );
    }
}

#[test]
fn the_path_of_what_could_not_be_stored_is_never_cut() {
    let rescue = format!("/home/runner/work/{}/unentropy-rescue.db", "deep/".repeat(150));
    let message =
        format!("{}; the history with this build is kept in `{rescue}`", "could not write: ".repeat(20));
    let summary = JobSummary {
        problem: Some(trouble("S3_SERVER_ERROR", &message, "")),
        warnings: vec![trouble("REPORT_FAILED", &format!("could not write `{rescue}`"), "")],
        history: Some(HistoryLine { location: rescue.clone(), builds: None, bytes: None }),
        report: Some(rescue.clone()),
        ..tracked()
    };
    let text = render(&summary);
    assert_eq!(text.matches(&rescue).count(), 3, "{text}");
}

#[test]
fn earlier_values_are_those_of_the_branch_without_the_run_itself() {
    let mut history = History::open(None, Limits::default()).unwrap();
    let mut record = |run: &str, branch: &str, event: &str, day: u32, values: &[(&str, Value)]| {
        let context = BuildContext {
            commit_sha: format!("{run:0>40}"),
            branch: branch.into(),
            run_id: run.into(),
            run_number: 1,
            event_name: Some(event.into()),
            timestamp: format!("2026-11-{day:02}T00:00:00Z"),
            ..BuildContext::default()
        };
        let recorded = |(id, value): &(&str, Value)| RecordedMetric {
            metric: MetricDefinition {
                id: (*id).into(),
                kind: match value {
                    Numeric(_) => unentropy::metric::MetricType::Numeric,
                    Label(_) => unentropy::metric::MetricType::Label,
                },
                unit: None,
                description: None,
            },
            value: value.clone(),
        };
        history.record(&context, &values.iter().map(recorded).collect::<Vec<_>>()).unwrap();
    };
    for day in 1..=5 {
        record(&day.to_string(), "main", "push", day, &[("a", Numeric(f64::from(day)))]);
    }
    record("6", "main", "push", 6, &[("b", Label("x".into()))]);
    record("7", "topic", "push", 7, &[("a", Numeric(70.0))]);
    record("8", "main", "pull_request", 8, &[("a", Numeric(80.0))]);
    record("9", "main", "push", 9, &[("a", Numeric(9.0)), ("b", Label("y".into()))]);
    record("10", "main", "push", 10, &[("a", Numeric(10.0))]);
    let query = |branch: &str, count, pull_requests| RecentQuery {
        branch: branch.into(),
        until: "2026-11-09T00:00:00Z".into(),
        commit_sha: format!("{:0>40}", "9"),
        run_id: "9".into(),
        pull_requests,
        count,
    };
    let numbers = |values: &[f64]| values.iter().copied().map(Numeric).collect::<Vec<_>>();
    for (branch, count, pull_requests, a, b) in [
        ("main", 20, false, numbers(&[1.0, 2.0, 3.0, 4.0, 5.0]), vec![Label("x".into())]),
        ("main", 2, false, numbers(&[4.0, 5.0]), vec![Label("x".into())]),
        ("main", 2, true, numbers(&[5.0, 80.0]), vec![Label("x".into())]),
        ("topic", 20, false, numbers(&[70.0]), vec![]),
        ("none", 20, false, vec![], vec![]),
    ] {
        let found = history.recent(&["a", "b", "unknown"], &query(branch, count, pull_requests)).unwrap();
        assert_eq!(found, [a, b, vec![]], "{branch} {count}");
    }
}
