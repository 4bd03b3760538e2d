//! vitest bench, tinybench, mitata, benchmark.js.

use super::json::Node;
use super::number::{BYTES, MILLISECONDS, NANOSECONDS, PERCENT, Quantity, SECONDS, per_second, written};
use super::{BENCHMARKJS, Benchmark, Content, Known, MITATA, TINYBENCH, VITEST};

/// Figures of tinybench's, which vitest is built on, by their keys: all in one unit.
const TINY: [(&str, &str); 10] = [
    ("mean", "mean"),
    ("median", "p50"),
    ("min", "min"),
    ("max", "max"),
    ("stddev", "sd"),
    ("p75", "p75"),
    ("p99", "p99"),
    ("p995", "p995"),
    ("p999", "p999"),
    ("mad", "mad"),
];

fn tiny(benchmark: &mut Benchmark, node: &Node, quantity: &Quantity) {
    for (stat, key) in TINY {
        benchmark.take(node, &[(stat, key, quantity)]);
    }
    if benchmark.stat("median").is_none() {
        benchmark.take(node, &[("median", "median", quantity)]);
    }
    benchmark.take(node, &[("rme", "rme", &PERCENT)]);
    benchmark.set_spread(node.get("sd").and_then(Node::number), quantity);
}

/// `vitest bench --outputJson`: files, groups and their benchmarks, in milliseconds. Names are `file > group > name`.
pub(super) fn vitest(node: &Node) -> Known {
    let files = node.get("files")?.list();
    if !files.iter().all(|file| file.has("filepath") && file.has("groups")) {
        return None;
    }
    let mut benchmarks = Vec::new();
    for group in files.iter().filter_map(|file| file.get("groups")).flat_map(Node::list) {
        let path = group.text_at("fullName").unwrap_or_default();
        for row in group.get("benchmarks").map(Node::list).unwrap_or_default() {
            let name = row.text_at("name").unwrap_or_default();
            let mut benchmark = Benchmark::new(format!("{path} > {name}"));
            benchmark.samples = row.get("sampleCount").and_then(Node::count);
            if benchmark.samples == Some(0) || row.get("hz").and_then(Node::number).is_none_or(|hz| hz == 0.0)
            {
                benchmark.problem = Some("it has no samples".to_owned());
            } else {
                benchmark.take(row, &[("hz", "hz", &per_second("ops/s"))]);
                tiny(&mut benchmark, row, &MILLISECONDS);
            }
            benchmarks.push(benchmark);
        }
    }
    Some(Ok(Content::Report { tool: VITEST, benchmarks }))
}

/// Lists that people write of tasks: the document itself, or under one of the usual keys.
fn tasks(node: &Node) -> Option<Vec<&Node>> {
    let list = match node {
        Node::List(rows) => rows.iter().collect(),
        Node::Object(entries) => {
            let named = ["results", "tasks", "benchmarks"].iter().find_map(|key| node.get(key));
            match named {
                Some(rows) => rows.list().iter().collect(),
                // A suite of benchmark.js as it is: `{"0": .., "1": .., "length": 2}`.
                None => entries
                    .iter()
                    .filter(|(key, _)| key.bytes().all(|byte| byte.is_ascii_digit()))
                    .map(|it| &it.1)
                    .collect(),
            }
        }
        _ => Vec::new(),
    };
    (!list.is_empty() && list.iter().all(|row| row.text_at("name").is_some())).then_some(list)
}

/// Tasks with their results: `latency` and `throughput` since 3, before that figures in milliseconds without.
pub(super) fn tinybench(node: &Node) -> Known {
    let rows = tasks(node)?;
    let of = |row: &'_ Node| -> Option<bool> {
        let result = row.get("result").unwrap_or(row);
        if result.get("latency").is_some_and(|it| it.has("mean")) {
            return Some(true);
        }
        if result.has("error") || matches!(result.text_at("state"), Some("errored" | "aborted")) {
            return Some(false);
        }
        // The older shape, told from benchmark.js's seconds by what it says twice.
        let product = result.get("hz")?.number()? * result.get("mean")?.number()?;
        (result.has("totalTime") && (product / 1000.0 - 1.0).abs() < 0.05).then_some(true)
    };
    if !rows.iter().all(|row| of(row).is_some()) || !rows.iter().any(|row| of(row) == Some(true)) {
        return None;
    }
    let benchmarks = rows.iter().map(|row| {
        let result = row.get("result").unwrap_or(row);
        let name = row.text_at("name").unwrap_or_default();
        if of(row) == Some(false) {
            let error = result.get("error");
            let message = error.and_then(|it| it.text_at("message").or(it.text())).unwrap_or("it failed");
            return Benchmark::failed(name, message);
        }
        let mut benchmark = Benchmark::new(name);
        let latency = result.get("latency").unwrap_or(result);
        tiny(&mut benchmark, latency, &MILLISECONDS);
        let throughput = per_second("ops/s");
        match result.get("throughput") {
            Some(figures) => {
                benchmark.take(figures, &[("throughput", "mean", &throughput)]);
                benchmark.take(figures, &[("throughput median", "p50", &throughput)]);
            }
            None => benchmark.take(result, &[("throughput", "hz", &throughput)]),
        }
        let count = |key| latency.get(key).and_then(Node::count);
        benchmark.samples = count("samples_original_count").or(count("samplesCount")).or_else(|| {
            // Samples may be left out of the file, or be some of them; the degrees of freedom are one less than all.
            count("df").map(|freedom| freedom + 1)
        });
        benchmark
    });
    Some(Ok(Content::Report { tool: TINYBENCH, benchmarks: benchmarks.collect() }))
}

/// `run({ format: "json" })`: benchmarks with a run for each set of arguments, in nanoseconds.
pub(super) fn mitata(node: &Node) -> Known {
    // What `run` returns, under a key of whoever wrote it down.
    let node = node.get("results").filter(|results| results.has("layout")).unwrap_or(node);
    let rows = node.get("benchmarks")?.list();
    if rows.is_empty() || !rows.iter().all(|row| row.has("runs") && row.has("alias")) {
        return None;
    }
    let group = |row: &Node| -> Option<String> {
        let at = row.get("group")?.count()?;
        let group = node.get("layout")?.list().get(usize::try_from(at).ok()?)?;
        Some(group.text_at("name")?.to_owned()).filter(|name| !name.is_empty())
    };
    let mut benchmarks = Vec::new();
    for row in rows {
        let group = group(row);
        for run in row.get("runs").map(Node::list).unwrap_or_default() {
            let name = run.text_at("name").or(row.text_at("alias")).unwrap_or_default();
            let name = group.as_ref().map_or_else(|| name.to_owned(), |group| format!("{group} > {name}"));
            let Some(stats) = run.get("stats").filter(|stats| stats.has("avg")) else {
                let error = run.get("error");
                let message = error.and_then(|it| it.text_at("message").or(it.text())).unwrap_or("it failed");
                benchmarks.push(Benchmark::failed(name, message));
                continue;
            };
            let mut benchmark = Benchmark::new(name);
            for (stat, key) in [
                ("avg", "avg"),
                ("median", "p50"),
                ("min", "min"),
                ("max", "max"),
                ("p25", "p25"),
                ("p75", "p75"),
                ("p99", "p99"),
                ("p999", "p999"),
            ] {
                benchmark.take(stats, &[(stat, key, &NANOSECONDS)]);
            }
            if let Some(heap) = stats.get("heap") {
                benchmark.take(heap, &[("heap", "avg", &BYTES)]);
            }
            if let Some(Node::Raw(samples)) = stats.get("samples")
                && samples.count() > 1
            {
                benchmark.samples = Some(samples.count());
                benchmark.set_spread(samples.spread(), &NANOSECONDS);
            }
            benchmarks.push(benchmark);
        }
    }
    Some(Ok(Content::Report { tool: MITATA, benchmarks }))
}

/// Benchmarks as people write them from a suite: `hz`, and the mean in seconds beside it or under `stats`.
pub(super) fn benchmarkjs(node: &Node) -> Known {
    let rows = tasks(node)?;
    let of = |row: &Node| -> Option<bool> {
        if row.get("error").is_some_and(|error| *error != Node::Null) {
            return Some(false);
        }
        let stats = row.get("stats").unwrap_or(row);
        let product = row.get("hz")?.number()? * stats.get("mean")?.number()?;
        (stats.has("rme") && (product - 1.0).abs() < 0.01).then_some(true)
    };
    if !rows.iter().all(|row| of(row).is_some()) || !rows.iter().any(|row| of(row) == Some(true)) {
        return None;
    }
    let benchmarks = rows.iter().map(|row| {
        let name = row.text_at("name").unwrap_or_default();
        if of(row) == Some(false) {
            let error = row.get("error");
            let message = error.and_then(|it| it.text_at("message").or(it.text())).unwrap_or("it failed");
            return Benchmark::failed(name, message);
        }
        let stats = row.get("stats").unwrap_or(row);
        let mut benchmark = Benchmark::new(name);
        benchmark.take(row, &[("hz", "hz", &per_second("ops/s"))]);
        benchmark.take(stats, &[("mean", "mean", &SECONDS), ("stddev", "deviation", &SECONDS)]);
        benchmark.take(stats, &[("moe", "moe", &SECONDS), ("rme", "rme", &PERCENT)]);
        benchmark.set_spread(stats.get("deviation").and_then(Node::number), &SECONDS);
        benchmark.samples = match (stats.get("sample"), row.get("samples")) {
            (Some(Node::Raw(samples)), _) => Some(samples.count()),
            (_, count) => count.and_then(Node::count),
        };
        benchmark
    });
    Some(Ok(Content::Report { tool: BENCHMARKJS, benchmarks: benchmarks.collect() }))
}

/// What `String(benchmark)` gives: `name x 1,234 ops/sec ±0.43% (93 runs sampled)`.
pub(super) fn benchmarkjs_text(text: &str) -> Known {
    let mut benchmarks = Vec::new();
    for line in text.lines() {
        let Some((before, after)) = line.split_once(" ops/sec ±") else { continue };
        let Some((name, hz)) = before.rsplit_once(" x ") else { continue };
        let Some(hz) = written(hz.trim()) else { continue };
        let mut benchmark = Benchmark::new(name.trim());
        benchmark.add("hz", hz, &per_second("ops/s"));
        if let Some((rme, rest)) = after.split_once('%') {
            if let Some(rme) = written(rme) {
                benchmark.add("rme", rme, &PERCENT);
            }
            benchmark.samples = rest
                .trim()
                .strip_prefix('(')
                .and_then(|it| it.split_once(" run"))
                .and_then(|it| it.0.parse().ok());
        }
        benchmarks.push(benchmark);
    }
    (!benchmarks.is_empty()).then_some(Ok(Content::Report { tool: BENCHMARKJS, benchmarks }))
}
