//! BenchmarkDotNet.

use super::json::Node;
use super::number::{BYTES, COSTS, NANOSECONDS, Quantity};
use super::{BENCHMARKDOTNET, Benchmark, Content, Known};
use std::collections::HashMap;

/// The JSON exporters, brief or full: `{HostEnvironmentInfo, Benchmarks: [{FullName, Statistics, Memory}]}`, in
/// nanoseconds.
pub(super) fn benchmarkdotnet(node: &Node) -> Known {
    let rows = node.get("Benchmarks")?.list();
    if !node.has("HostEnvironmentInfo") {
        return None;
    }
    let name =
        |row: &Node| row.text_at("FullName").or(row.text_at("DisplayInfo")).unwrap_or_default().to_owned();
    let mut names: HashMap<String, usize> = HashMap::new();
    for row in rows {
        *names.entry(name(row)).or_default() += 1;
    }
    let benchmarks = rows.iter().map(|row| {
        let mut name = name(row);
        if names.get(&name).is_some_and(|count| *count > 1)
            && let Some(job) =
                row.text_at("DisplayInfo").and_then(|info| info.split_once(": ")).map(|it| it.1)
        {
            name = format!("{name} [{}]", job.split('(').next().unwrap_or(job).trim());
        }
        let Some(statistics) = row.get("Statistics").filter(|it| !it.entries().is_empty()) else {
            return Benchmark::failed(name, "it has no result");
        };
        let mut benchmark = Benchmark::new(name);
        let time: &Quantity = &NANOSECONDS;
        let of = |stat, key| (stat, key, time);
        benchmark.take(
            statistics,
            &[
                of("mean", "Mean"),
                of("median", "Median"),
                of("min", "Min"),
                of("max", "Max"),
                of("stddev", "StandardDeviation"),
                of("error", "StandardError"),
                of("q1", "Q1"),
                of("q3", "Q3"),
            ],
        );
        for (percentile, value) in statistics.get("Percentiles").map(Node::entries).unwrap_or_default() {
            if let Some(number) = value.number().filter(|_| !matches!(&**percentile, "P0" | "P50" | "P100")) {
                benchmark.add(percentile.to_lowercase(), number, &NANOSECONDS);
            }
        }
        benchmark.samples = statistics.get("N").and_then(Node::count);
        benchmark.set_spread(statistics.get("StandardDeviation").and_then(Node::number), &NANOSECONDS);
        if let Some(memory) = row.get("Memory") {
            benchmark.take(
                memory,
                &[
                    ("allocated", "BytesAllocatedPerOperation", &BYTES),
                    ("gen0", "Gen0Collections", &COSTS),
                    ("gen1", "Gen1Collections", &COSTS),
                    ("gen2", "Gen2Collections", &COSTS),
                ],
            );
        }
        benchmark
    });
    Some(Ok(Content::Report { tool: BENCHMARKDOTNET, benchmarks: benchmarks.collect() }))
}
