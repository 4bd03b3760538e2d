//! Formats that stand for other tools: github-action-benchmark's custom JSON and the Bencher Metric Format.

use super::json::Node;
use super::number::{BYTES, COSTS, NANOSECONDS, PLAIN, Quantity, SECONDS, named, per_second};
use super::{BENCHER, Benchmark, CUSTOM, Content, Known};
use crate::metric::Direction;

/// A list of `{name, unit, value}`. The file does not say which way is better: only times and sizes tell it, and what
/// happens in a second.
pub(super) fn custom(node: &Node) -> Known {
    let rows = node.list();
    let is = |row: &Node| row.text_at("name").is_some() && row.text_at("unit").is_some() && row.has("value");
    if rows.is_empty() || !rows.iter().all(is) {
        return None;
    }
    let benchmarks = rows.iter().map(|row| {
        let mut benchmark = Benchmark::new(row.text_at("name").unwrap_or_default());
        let unit = row.text_at("unit").unwrap_or_default().trim();
        let quantity = named(unit)
            .or_else(|| named(&unit.to_lowercase()).filter(|found| found.unit.is_some()))
            .unwrap_or_else(|| match unit {
                "" => PLAIN,
                "%" | "percent" | "Percent" => super::number::PERCENT,
                other => Quantity::with_suffix(other.chars().take(16).collect::<String>(), Direction::None),
            });
        let written = match row.get("value") {
            Some(Node::Number(number)) => Some(*number),
            Some(Node::Text(text)) => super::number::written(text.trim()),
            _ => None,
        };
        match written {
            Some(number) => benchmark.add("value", number, &quantity),
            None => benchmark.problem = Some("its `value` is no number".to_owned()),
        }
        benchmark
    });
    Some(Ok(Content::Report { tool: CUSTOM, benchmarks: benchmarks.collect() }))
}

/// `{benchmark: {measure: {value, lower_value, upper_value}}}`; the measures that Bencher has itself have units.
pub(super) fn bencher(node: &Node) -> Known {
    let rows = node.entries();
    let is_metric = |metric: &Node| metric.get("value").and_then(Node::number).is_some();
    let is =
        |row: &Node| !row.entries().is_empty() && row.entries().iter().all(|(_, metric)| is_metric(metric));
    if rows.is_empty() || !rows.iter().all(|(_, row)| is(row)) {
        return None;
    }
    let benchmarks = rows.iter().map(|(name, row)| {
        let mut benchmark = Benchmark::new(&**name);
        for (measure, metric) in row.entries() {
            let quantity = match &**measure {
                "latency" => NANOSECONDS,
                "throughput" => per_second("ops/s"),
                "build-time" => SECONDS,
                "file-size" => BYTES,
                "instructions" | "l1-hits" | "l2-hits" | "ram-hits" | "total-read-write"
                | "estimated-cycles" => COSTS,
                _ => PLAIN,
            };
            benchmark.take(metric, &[("value", "value", &quantity)]);
            if let Some(stat) = benchmark.stats.last_mut() {
                stat.name = measure.to_string().into();
            }
        }
        benchmark
    });
    Some(Ok(Content::Report { tool: BENCHER, benchmarks: benchmarks.collect() }))
}
