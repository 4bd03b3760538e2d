//! How long the large things take: 50,000 builds of ten metrics. Run by hand, in release, with
//! `cargo test --release --test engine history::speed -- --ignored --nocapture`.

use super::sample::{BASE, connect, database, new, number, open, run};
use std::hint::black_box;
use unentropy::history::{BaselineQuery, BuildFilter};

const FILL: &str = "
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9)
INSERT INTO metric_definitions SELECT 'metric-' || i, iif(i = 9, 'label', 'numeric'), NULL, NULL FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
INSERT INTO build_contexts (commit_sha, branch, run_id, run_number, event_name, timestamp)
SELECT printf('%040x', i * 7919), iif(i % 3, 'main', 'b' || i % 100), 1000000 + i, i, iif(i % 5, 'push', 'pull_request'),
  strftime('%Y-%m-%dT%H:%M:%fZ', 1577836800 + i * 3600, 'unixepoch') FROM n;
INSERT INTO metric_values (metric_id, build_id, value_numeric, value_label)
SELECT d.id, b.id, iif(d.type = 'numeric', b.id * 0.37, NULL), iif(d.type = 'label', 'w' || b.id % 9, NULL)
FROM build_contexts AS b, metric_definitions AS d;
";

#[expect(clippy::disallowed_methods, reason = "a stopwatch needs a clock")]
fn timed<T>(what: &str, mut run: impl FnMut() -> T) -> T {
    let mut best = std::time::Duration::MAX;
    let mut last = None;
    for _ in 0..3 {
        let start = std::time::Instant::now();
        last = Some(black_box(run()));
        best = best.min(start.elapsed());
    }
    println!("{what}: {:.1} ms", best.as_secs_f64() * 1000.0);
    last.unwrap()
}

#[test]
#[ignore = "a measurement, not a check"]
fn fifty_thousand_builds_of_ten_metrics() {
    let image = database(&["PRAGMA page_size = 4096", BASE, FILL]);
    println!("image: {} bytes", image.len());
    let conn = connect(&image);
    let step = |sql: &str| {
        let mut statement = conn.prepare(sql).unwrap();
        let mut rows = statement.query([]).unwrap();
        let mut sum = 0.0;
        while let Some(row) = rows.next().unwrap() {
            sum += row.get_ref(0).unwrap().as_i64().unwrap_or(1) as f64;
        }
        sum
    };
    timed("step over builds", || step("SELECT id, commit_sha, run_id, run_number FROM build_contexts"));
    timed("step over values", || {
        step("SELECT build_id, metric_id, value_numeric, value_label FROM metric_values")
    });
    for pragma in ["PRAGMA quick_check(1)", "PRAGMA integrity_check(1)", "PRAGMA foreign_key_check"] {
        timed(pragma, || step(pragma));
    }
    timed("open", || open(&image));
    let mut history = open(&image);
    let columns = timed("columns", || history.columns(&BuildFilter::default()).unwrap());
    assert_eq!(columns.builds.id.len(), 50_000);
    timed("series", || history.series("metric-3", &BuildFilter::default()).unwrap().values.len());
    let query = BaselineQuery {
        branch: "main".into(),
        max_age_days: 9000,
        now: "2026-01-01T00:00:00Z".into(),
        before: None,
        commit_sha: None,
    };
    timed("baseline", || history.baseline("metric-3", &query).unwrap().unwrap());
    let mut i = 0;
    timed("record", || {
        i += 1;
        history.record(&run(&format!("n{i}"), "r", "00:00:00"), &[number("metric-3", 1.0)]).unwrap()
    });
    timed("save", || history.save().unwrap().len());
    timed("merge the same", || history.merge(&open(&image)).unwrap());
    timed("merge into new", || new().merge(&history).unwrap());
}
