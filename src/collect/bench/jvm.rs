//! JMH.

use super::json::Node;
use super::number::{PLAIN, Quantity, named};
use super::{Benchmark, Content, JMH, Known};
use crate::metric::Direction;
use std::borrow::Cow;
use std::collections::HashMap;

/// `-rf json`: a list of results, each with its unit. Names are `package.Class.method(parameter=value)`, with the mode
/// where a method ran in several.
pub(super) fn jmh(node: &Node) -> Known {
    let rows = node.list();
    let first = rows.first()?;
    if !(first.has("benchmark") && first.has("mode") && first.has("primaryMetric")) {
        return None;
    }
    let mut names: HashMap<String, usize> = HashMap::new();
    for row in rows {
        *names.entry(name(row)).or_default() += 1;
    }
    let benchmarks = rows.iter().map(|row| {
        let mode = row.text_at("mode").unwrap_or_default();
        let mut name = name(row);
        if names.get(&name).is_some_and(|count| *count > 1) {
            name = format!("{name} [{mode}]");
        }
        let Some(primary) = row.get("primaryMetric") else {
            return Benchmark::failed(name, "it has no score");
        };
        let mut benchmark = Benchmark::new(name);
        let quantity = quantity(primary.text_at("scoreUnit").unwrap_or_default(), mode);
        benchmark.take(primary, &[("score", "score", &quantity), ("error", "scoreError", &quantity)]);
        for (percentile, value) in primary.get("scorePercentiles").map(Node::entries).unwrap_or_default() {
            let Some(number) = value.number() else { continue };
            let stat: Cow<'static, str> = match &**percentile {
                "0.0" => "min".into(),
                "50.0" => "median".into(),
                "100.0" => "max".into(),
                other => format!("p{}", other.strip_suffix(".0").unwrap_or(other)).into(),
            };
            benchmark.add(stat, number, &quantity);
        }
        benchmark.with_raw(primary.get("rawData"), &quantity);
        for (metric, value) in row.get("secondaryMetrics").map(Node::entries).unwrap_or_default() {
            if let Some(score) = value.get("score").and_then(Node::number) {
                let quantity = self::quantity(value.text_at("scoreUnit").unwrap_or_default(), "");
                benchmark.add(metric.trim_start_matches('·').to_owned(), score, &quantity);
            }
        }
        benchmark
    });
    Some(Ok(Content::Report { tool: JMH, benchmarks: benchmarks.collect() }))
}

fn name(row: &Node) -> String {
    let name = row.text_at("benchmark").unwrap_or_default();
    let parameters: Vec<String> = row
        .get("params")
        .map(Node::entries)
        .unwrap_or_default()
        .iter()
        .map(|(key, value)| format!("{key}={}", value.shown()))
        .collect();
    if parameters.is_empty() { name.to_owned() } else { format!("{name}({})", parameters.join(", ")) }
}

fn quantity(unit: &str, mode: &str) -> Quantity {
    let quantity = named(unit).unwrap_or_else(|| match unit {
        "" | "---" | "counts" => PLAIN,
        other => Quantity::with_suffix(other.chars().take(16).collect::<String>(), Direction::None),
    });
    match mode {
        "thrpt" => quantity.toward(Direction::HigherIsBetter),
        "" => quantity,
        _ => quantity.toward(Direction::LowerIsBetter),
    }
}
