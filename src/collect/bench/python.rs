//! pytest-benchmark and asv.

use super::json::Node;
use super::number::{BYTES, PLAIN, Quantity, SECONDS, per_second};
use super::{ASV, Benchmark, Content, Known, PYTEST};

/// `--benchmark-json`: `{benchmarks: [{fullname, stats: {..}}], machine_info, ..}`, in seconds.
pub(super) fn pytest(node: &Node) -> Known {
    let rows = node.get("benchmarks")?.list();
    if !node.has("machine_info") || rows.iter().any(|row| !row.has("stats")) {
        return None;
    }
    let benchmarks = rows.iter().map(|row| {
        let name = row.text_at("fullname").or(row.text_at("name")).unwrap_or_default();
        let Some(stats) = row.get("stats") else { return Benchmark::failed(name, "it has no figures") };
        let mut benchmark = Benchmark::new(name);
        for key in ["mean", "median", "min", "max", "stddev", "iqr", "q1", "q3", "total"] {
            benchmark.take(stats, &[(key, key, &SECONDS)]);
        }
        benchmark.take(stats, &[("ops", "ops", &per_second("ops/s"))]);
        benchmark.samples = stats.get("rounds").and_then(Node::count);
        benchmark.set_spread(stats.get("stddev").and_then(Node::number), &SECONDS);
        benchmark
    });
    Some(Ok(Content::Report { tool: PYTEST, benchmarks: benchmarks.collect() }))
}

/// A file of asv's results directory: columns, and for each benchmark a row of lists by parameters.
pub(super) fn asv(node: &Node) -> Known {
    let columns: Vec<&str> = node.get("result_columns")?.list().iter().filter_map(Node::text).collect();
    let results = node.get("results")?.entries();
    let column = |name: &str| columns.iter().position(|column| *column == name);
    let result = column("result")?;
    let mut benchmarks = Vec::new();
    for (name, row) in results {
        let row = row.list();
        let values = row.get(result).map(Node::list).unwrap_or_default();
        let axes: Vec<Vec<String>> = column("params")
            .and_then(|at| row.get(at))
            .map(|axes| axes.list().iter().map(|axis| axis.list().iter().map(shown).collect()).collect())
            .unwrap_or_default();
        let quantity = quantity(name);
        if values.is_empty() {
            benchmarks.push(Benchmark::failed(&**name, "it gave no result"));
        }
        for (at, value) in values.iter().enumerate() {
            let name = combination(&axes, at)
                .map_or_else(|| name.to_string(), |parameters| format!("{name}({parameters})"));
            let Some(number) = value.number() else {
                benchmarks.push(Benchmark::failed(name, "it gave no result"));
                continue;
            };
            let mut benchmark = Benchmark::new(name);
            benchmark.add("result", number, &quantity);
            let more = |key: &str| {
                let cell = column(key).and_then(|column| row.get(column))?;
                cell.list().get(at).and_then(Node::number)
            };
            if quantity == SECONDS {
                benchmark.add("median", number, &quantity);
            }
            for (stat, key) in [
                ("q25", "stats_q_25"),
                ("q75", "stats_q_75"),
                ("ci99 low", "stats_ci_99_a"),
                ("ci99 high", "stats_ci_99_b"),
            ] {
                if let Some(number) = more(key) {
                    benchmark.add(stat, number, &quantity);
                }
            }
            benchmark.samples = more("stats_repeat").filter(|count| *count > 0.0).map(|count| count as u64);
            benchmarks.push(benchmark);
        }
    }
    Some(Ok(Content::Report { tool: ASV, benchmarks }))
}

fn shown(node: &Node) -> String {
    node.shown()
}

/// The parameters of the result at a place: the last axis moves first.
fn combination(axes: &[Vec<String>], at: usize) -> Option<String> {
    if axes.is_empty() {
        return None;
    }
    let mut rest = at;
    let mut parts: Vec<&str> = Vec::new();
    for axis in axes.iter().rev() {
        parts.push(axis.get(rest.checked_rem(axis.len())?)?);
        rest /= axis.len();
    }
    parts.reverse();
    Some(parts.join(", "))
}

/// asv tells the kind of a benchmark by how its function is called.
fn quantity(name: &str) -> Quantity {
    let function = name.rsplit('.').next().unwrap_or(name);
    let is = |kinds: &[&str]| kinds.iter().any(|kind| function.to_ascii_lowercase().starts_with(kind));
    if is(&["time_", "timeraw_"]) || (function.starts_with("Time") && !function.contains('_')) {
        SECONDS
    } else if is(&["mem_", "peakmem_"]) {
        BYTES
    } else {
        PLAIN
    }
}
