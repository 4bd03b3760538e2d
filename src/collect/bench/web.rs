//! Lighthouse, size-limit, bundle-stats: figures of pages and bundles.

use super::json::Node;
use super::number::{BYTES, COSTS, MILLISECONDS, PERCENT, PLAIN, SCORE, SECONDS, moved};
use super::{BUNDLE_STATS, Benchmark, Content, Known, LIGHTHOUSE, SIZE_LIMIT};
use crate::metric::Direction;

/// Audits that have a number unless they fail; of other failed ones no one can tell.
const TIMED: [&str; 8] = [
    "first-contentful-paint",
    "largest-contentful-paint",
    "speed-index",
    "total-blocking-time",
    "cumulative-layout-shift",
    "interactive",
    "server-response-time",
    "total-byte-weight",
];

/// `--output=json`: the categories' scores from 0 to 100 as the report shows them, and every audit with a number.
pub(super) fn lighthouse(node: &Node) -> Known {
    if !node.has("lighthouseVersion") {
        return None;
    }
    let mut benchmarks = Vec::new();
    for (id, category) in node.get("categories").map(Node::entries).unwrap_or_default() {
        match category.get("score").and_then(Node::number) {
            Some(score) => {
                let mut benchmark = Benchmark::new(&**id);
                benchmark.add("score", moved(score, 2), &SCORE);
                benchmarks.push(benchmark);
            }
            None => benchmarks.push(Benchmark::failed(&**id, "it has no score")),
        }
    }
    for (id, audit) in node.get("audits").map(Node::entries).unwrap_or_default() {
        let Some(number) = audit.get("numericValue").and_then(Node::number) else {
            if let Some(problem) = audit.text_at("errorMessage").filter(|_| TIMED.contains(&&**id)) {
                benchmarks.push(Benchmark::failed(&**id, problem));
            }
            continue;
        };
        let mut benchmark = Benchmark::new(&**id);
        let quantity = match audit.text_at("numericUnit") {
            Some("millisecond") => MILLISECONDS,
            Some("byte") => BYTES,
            Some("element") => COSTS,
            _ if &**id == "cumulative-layout-shift" => COSTS,
            _ => PLAIN,
        };
        benchmark.add("value", number, &quantity);
        if let Some(score) = audit.get("score").and_then(Node::number) {
            benchmark.add("audit-score", moved(score, 2), &SCORE);
        }
        benchmarks.push(benchmark);
    }
    Some(Ok(Content::Report { tool: LIGHTHOUSE, benchmarks }))
}

/// `size-limit --json`: a list of checks, in bytes and seconds.
pub(super) fn size_limit(node: &Node) -> Known {
    let rows = node.list();
    let is = |row: &Node| row.has("name") && row.has("size") && !row.has("unit");
    if rows.is_empty() || !rows.iter().all(is) {
        return None;
    }
    let benchmarks = rows.iter().map(|row| {
        let mut benchmark = Benchmark::new(row.text_at("name").unwrap_or_default());
        benchmark.take(row, &[("size", "size", &BYTES)]);
        for key in ["running", "loading", "total", "time"] {
            benchmark.take(row, &[(key, key, &SECONDS)]);
        }
        benchmark.take(row, &[("limit", "sizeLimit", &BYTES)]);
        benchmark
    });
    Some(Ok(Content::Report { tool: SIZE_LIMIT, benchmarks: benchmarks.collect() }))
}

/// `bundle-stats --json`: rows of metrics, each with a run for every build that is compared; the first is the current.
/// What they count is in how they are shown.
pub(super) fn bundle_stats(node: &Node) -> Known {
    let rows = || ["stats", "sizes"].into_iter().filter_map(|key| node.get(key)).flat_map(Node::list);
    let current = |row: &Node| row.get("runs").and_then(|runs| runs.list().first()).is_some();
    if rows().next().is_none() || !rows().all(|row| row.text_at("key").is_some() && current(row)) {
        return None;
    }
    let mut benchmarks = Vec::new();
    for row in rows() {
        let (Some(key), Some([run, ..])) = (row.text_at("key"), row.get("runs").map(Node::list)) else {
            continue;
        };
        let name = key.strip_prefix("webpack.").unwrap_or(key);
        let Some(number) = run.get("value").and_then(Node::number) else {
            benchmarks.push(Benchmark::failed(name, "it has no value"));
            continue;
        };
        let shown = run.text_at("displayValue").unwrap_or_default();
        let quantity = if shown.ends_with('B') {
            BYTES
        } else if shown.ends_with('%') {
            PERCENT
        } else {
            PLAIN
        };
        let direction = match row.get("biggerIsBetter") {
            Some(Node::Bool(true)) => Direction::HigherIsBetter,
            Some(Node::Bool(false)) => Direction::LowerIsBetter,
            _ => Direction::None,
        };
        let mut benchmark = Benchmark::new(name);
        benchmark.add("value", number, &quantity.toward(direction));
        benchmarks.push(benchmark);
    }
    Some(Ok(Content::Report { tool: BUNDLE_STATS, benchmarks }))
}
